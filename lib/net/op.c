/* SPDX-License-Identifier: MIT */
/* Operator numbers <-> names, in ONNX's spelling where ONNX has the operator. */
#include "net/op.h"

#include <string.h>

static const struct { int32_t op; const char *name; } names[] = {
  { RRAMNAS_OP_CONV, "Conv" },
  { RRAMNAS_OP_GEMM, "Gemm" },
  { RRAMNAS_OP_MATMUL, "MatMul" },
  { RRAMNAS_OP_BATCH_NORM, "BatchNormalization" },
  { RRAMNAS_OP_LAYER_NORM, "LayerNormalization" },
  { RRAMNAS_OP_RELU, "Relu" },
  { RRAMNAS_OP_CLIP, "Clip" },
  { RRAMNAS_OP_SIGMOID, "Sigmoid" },
  { RRAMNAS_OP_HARD_SIGMOID, "HardSigmoid" },
  { RRAMNAS_OP_HARD_SWISH, "HardSwish" },
  { RRAMNAS_OP_TANH, "Tanh" },
  { RRAMNAS_OP_GELU, "Gelu" },
  { RRAMNAS_OP_SOFTMAX, "Softmax" },
  { RRAMNAS_OP_ELEMENTWISE, "Elementwise" },
  { RRAMNAS_OP_ADD, "Add" },
  { RRAMNAS_OP_SUB, "Sub" },
  { RRAMNAS_OP_MUL, "Mul" },
  { RRAMNAS_OP_DIV, "Div" },
  { RRAMNAS_OP_POW, "Pow" },
  { RRAMNAS_OP_COMPARE, "Compare" },
  { RRAMNAS_OP_WHERE, "Where" },
  { RRAMNAS_OP_MAX_POOL, "MaxPool" },
  { RRAMNAS_OP_AVERAGE_POOL, "AveragePool" },
  { RRAMNAS_OP_GLOBAL_AVERAGE_POOL, "GlobalAveragePool" },
  { RRAMNAS_OP_GLOBAL_MAX_POOL, "GlobalMaxPool" },
  { RRAMNAS_OP_REDUCE, "Reduce" },
  { RRAMNAS_OP_CONCAT, "Concat" },
  { RRAMNAS_OP_FLATTEN, "Flatten" },
  { RRAMNAS_OP_RESHAPE, "Reshape" },
  { RRAMNAS_OP_TRANSPOSE, "Transpose" },
  { RRAMNAS_OP_SLICE, "Slice" },
  { RRAMNAS_OP_GATHER, "Gather" },
  { RRAMNAS_OP_SPLIT, "Split" },
  { RRAMNAS_OP_PAD, "Pad" },
  { RRAMNAS_OP_SQUEEZE, "Squeeze" },
  { RRAMNAS_OP_UNSQUEEZE, "Unsqueeze" },
  { RRAMNAS_OP_EXPAND, "Expand" },
  { RRAMNAS_OP_RESIZE, "Resize" },
  { RRAMNAS_OP_IDENTITY, "Identity" },
  { RRAMNAS_OP_DATA_MOVE, "DataMove" },
};

const char *
rramnas_op_name(int32_t op)
{
  size_t i;

  for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if (names[i].op == op)
      return names[i].name;
  return "unknown";
}

int32_t
rrn_op_from_name(const char *name)
{
  size_t i;

  for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if (strcmp(names[i].name, name) == 0)
      return names[i].op;
  return 0;
}
