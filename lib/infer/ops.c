/* SPDX-License-Identifier: MIT */
/* Which operators are computed, and by what. */
#include "infer/plan.h"

static const struct { int32_t op; rrn_infer_prepare prepare; } table[] = {
  { RRAMNAS_OP_CONV, rrn_infer_conv },
  { RRAMNAS_OP_GEMM, rrn_infer_linear },
  { RRAMNAS_OP_MATMUL, rrn_infer_linear },
  { RRAMNAS_OP_BATCH_NORM, rrn_infer_batch_norm },
  { RRAMNAS_OP_LAYER_NORM, rrn_infer_layer_norm },
  { RRAMNAS_OP_RELU, rrn_infer_unary },
  { RRAMNAS_OP_CLIP, rrn_infer_unary },
  { RRAMNAS_OP_SIGMOID, rrn_infer_unary },
  { RRAMNAS_OP_HARD_SIGMOID, rrn_infer_unary },
  { RRAMNAS_OP_HARD_SWISH, rrn_infer_unary },
  { RRAMNAS_OP_TANH, rrn_infer_unary },
  { RRAMNAS_OP_GELU, rrn_infer_unary },
  { RRAMNAS_OP_SOFTMAX, rrn_infer_softmax },
  { RRAMNAS_OP_ELEMENTWISE, rrn_infer_unary },
  { RRAMNAS_OP_ADD, rrn_infer_binary },
  { RRAMNAS_OP_SUB, rrn_infer_binary },
  { RRAMNAS_OP_MUL, rrn_infer_binary },
  { RRAMNAS_OP_DIV, rrn_infer_binary },
  { RRAMNAS_OP_POW, rrn_infer_binary },
  { RRAMNAS_OP_COMPARE, rrn_infer_binary },
  { RRAMNAS_OP_WHERE, rrn_infer_where },
  { RRAMNAS_OP_MAX_POOL, rrn_infer_window },
  { RRAMNAS_OP_AVERAGE_POOL, rrn_infer_window },
  { RRAMNAS_OP_GLOBAL_AVERAGE_POOL, rrn_infer_reduce },
  { RRAMNAS_OP_GLOBAL_MAX_POOL, rrn_infer_reduce },
  { RRAMNAS_OP_REDUCE, rrn_infer_reduce },
  { RRAMNAS_OP_CONCAT, rrn_infer_concat },
  { RRAMNAS_OP_FLATTEN, rrn_infer_view },
  { RRAMNAS_OP_RESHAPE, rrn_infer_view },
  { RRAMNAS_OP_TRANSPOSE, rrn_infer_move },
  { RRAMNAS_OP_SLICE, rrn_infer_move },
  { RRAMNAS_OP_GATHER, rrn_infer_gather },
  { RRAMNAS_OP_SPLIT, rrn_infer_split },
  { RRAMNAS_OP_PAD, rrn_infer_move },
  { RRAMNAS_OP_SQUEEZE, rrn_infer_view },
  { RRAMNAS_OP_UNSQUEEZE, rrn_infer_view },
  { RRAMNAS_OP_EXPAND, rrn_infer_move },
  { RRAMNAS_OP_IDENTITY, rrn_infer_view },
};

rrn_infer_prepare
rrn_infer_prepare_of(int32_t op)
{
  size_t i;

  for (i = 0; i < sizeof(table) / sizeof(table[0]); i++)
    if (table[i].op == op)
      return table[i].prepare;
  return NULL;
}
