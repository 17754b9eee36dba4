/* SPDX-License-Identifier: MIT */
/* The table of ONNX operators and what all handlers share: inputs, elements of constants, attributes.
 *
 * In: the name of an operator. Out: its row. An operator that is not in the table is not supported; the
 * driver says so with node, operator and opset. The table is sorted by name and searched by bisection. */
#include "net/onnx/ops.h"

#include <string.h>

enum { ATTR_FIELD_F = 2, ATTR_FIELD_I = 3, ATTR_FIELD_S = 4, ATTR_FIELD_INTS = 8 };

#define OP(name) RRAMNAS_OP_##name

static const rrn_onnx_op table[] = {
  { "Abs", OP(ELEMENTWISE), 1, 0, 0, 1, 1, rrn_onnx_same },
  { "Acos", OP(ELEMENTWISE), 7, 0, 0, 1, 1, rrn_onnx_same },
  { "Acosh", OP(ELEMENTWISE), 9, 0, 0, 1, 1, rrn_onnx_same },
  { "Add", OP(ADD), 1, 0, 0, 2, 2, rrn_onnx_broadcast },
  { "And", OP(COMPARE), 1, 0, 0, 2, 2, rrn_onnx_broadcast },
  { "ArgMax", OP(REDUCE), 1, 0, 0, 1, 1, rrn_onnx_arg_reduce },
  { "ArgMin", OP(REDUCE), 1, 0, 0, 1, 1, rrn_onnx_arg_reduce },
  { "Asin", OP(ELEMENTWISE), 7, 0, 0, 1, 1, rrn_onnx_same },
  { "Asinh", OP(ELEMENTWISE), 9, 0, 0, 1, 1, rrn_onnx_same },
  { "Atan", OP(ELEMENTWISE), 7, 0, 0, 1, 1, rrn_onnx_same },
  { "Atanh", OP(ELEMENTWISE), 9, 0, 0, 1, 1, rrn_onnx_same },
  { "AveragePool", OP(AVERAGE_POOL), 1, 0, 0, 1, 1, rrn_onnx_pool_op },
  { "BatchNormalization", OP(BATCH_NORM), 1, 0, 0, 5, 5, rrn_onnx_batch_norm },
  { "BitShift", OP(COMPARE), 11, 0, 0, 2, 2, rrn_onnx_broadcast },
  { "BitwiseAnd", OP(COMPARE), 18, 0, 0, 2, 2, rrn_onnx_broadcast },
  { "BitwiseNot", OP(ELEMENTWISE), 18, 0, 0, 1, 1, rrn_onnx_same },
  { "BitwiseOr", OP(COMPARE), 18, 0, 0, 2, 2, rrn_onnx_broadcast },
  { "BitwiseXor", OP(COMPARE), 18, 0, 0, 2, 2, rrn_onnx_broadcast },
  { "Cast", OP(IDENTITY), 1, 0, 0, 1, 1, rrn_onnx_same },
  { "CastLike", OP(IDENTITY), 15, 0, 1, 2, 2, rrn_onnx_same },
  { "Ceil", OP(ELEMENTWISE), 1, 0, 0, 1, 1, rrn_onnx_same },
  { "Celu", OP(ELEMENTWISE), 12, 0, 0, 1, 1, rrn_onnx_same },
  { "Clip", OP(CLIP), 1, 0, 1, 1, 3, rrn_onnx_clip },
  { "Concat", OP(CONCAT), 1, 0, 0, 1, 0, rrn_onnx_concat },
  { "Constant", 0, 1, 0, 0, 0, 0, rrn_onnx_constant },
  { "ConstantOfShape", 0, 9, 0, 0, 1, 1, rrn_onnx_constant_of_shape },
  { "Conv", OP(CONV), 1, 0, 0, 2, 3, rrn_onnx_conv },
  { "ConvInteger", OP(CONV), 10, 0, 2, 2, 4, rrn_onnx_conv },
  { "Cos", OP(ELEMENTWISE), 7, 0, 0, 1, 1, rrn_onnx_same },
  { "Cosh", OP(ELEMENTWISE), 9, 0, 0, 1, 1, rrn_onnx_same },
  { "CumSum", OP(ELEMENTWISE), 11, 0, 1, 2, 2, rrn_onnx_same },
  { "DepthToSpace", OP(DATA_MOVE), 1, 0, 0, 1, 1, rrn_onnx_depth_space },
  { "DequantizeLinear", OP(IDENTITY), 10, 0, 1, 2, 3, rrn_onnx_same },
  { "Div", OP(DIV), 1, 0, 0, 2, 2, rrn_onnx_broadcast },
  { "Dropout", OP(IDENTITY), 1, 0, 1, 1, 3, rrn_onnx_same },
  { "DynamicQuantizeLinear", OP(IDENTITY), 11, 0, 0, 1, 1, rrn_onnx_dynamic_quantize },
  { "Elu", OP(ELEMENTWISE), 1, 0, 0, 1, 1, rrn_onnx_same },
  { "Equal", OP(COMPARE), 1, 0, 0, 2, 2, rrn_onnx_broadcast },
  { "Erf", OP(ELEMENTWISE), 9, 0, 0, 1, 1, rrn_onnx_same },
  { "Exp", OP(ELEMENTWISE), 1, 0, 0, 1, 1, rrn_onnx_same },
  { "Expand", OP(EXPAND), 8, 0, 1, 2, 2, rrn_onnx_expand },
  { "Flatten", OP(FLATTEN), 1, 0, 0, 1, 1, rrn_onnx_flatten },
  { "Floor", OP(ELEMENTWISE), 1, 0, 0, 1, 1, rrn_onnx_same },
  { "Gather", OP(GATHER), 1, 0, 0, 2, 2, rrn_onnx_gather },
  { "GatherElements", OP(GATHER), 11, 0, 0, 2, 2, rrn_onnx_gather_elements },
  { "GatherND", OP(GATHER), 11, 0, 0, 2, 2, rrn_onnx_gather_nd },
  { "Gelu", OP(GELU), 20, 0, 0, 1, 1, rrn_onnx_gelu },
  { "Gemm", OP(GEMM), 1, 0, 0, 2, 3, rrn_onnx_gemm },
  { "GlobalAveragePool", OP(GLOBAL_AVERAGE_POOL), 1, 0, 0, 1, 1, rrn_onnx_global_pool },
  { "GlobalLpPool", OP(REDUCE), 1, 0, 0, 1, 1, rrn_onnx_global_pool },
  { "GlobalMaxPool", OP(GLOBAL_MAX_POOL), 1, 0, 0, 1, 1, rrn_onnx_global_pool },
  { "Greater", OP(COMPARE), 1, 0, 0, 2, 2, rrn_onnx_broadcast },
  { "GreaterOrEqual", OP(COMPARE), 12, 0, 0, 2, 2, rrn_onnx_broadcast },
  { "GroupNormalization", OP(LAYER_NORM), 18, 0, 0, 3, 3, rrn_onnx_channel_norm },
  { "HardSigmoid", OP(HARD_SIGMOID), 1, 0, 0, 1, 1, rrn_onnx_hard_sigmoid },
  { "HardSwish", OP(HARD_SWISH), 14, 0, 0, 1, 1, rrn_onnx_same },
  { "Hardmax", OP(SOFTMAX), 1, 0, 0, 1, 1, rrn_onnx_softmax },
  { "Identity", OP(IDENTITY), 1, 0, 0, 1, 1, rrn_onnx_same },
  { "InstanceNormalization", OP(LAYER_NORM), 1, 0, 0, 3, 3, rrn_onnx_channel_norm },
  { "IsInf", OP(ELEMENTWISE), 10, 0, 0, 1, 1, rrn_onnx_same },
  { "IsNaN", OP(ELEMENTWISE), 9, 0, 0, 1, 1, rrn_onnx_same },
  { "LRN", OP(ELEMENTWISE), 1, 0, 0, 1, 1, rrn_onnx_same },
  { "LayerNormalization", OP(LAYER_NORM), 17, 0, 0, 2, 3, rrn_onnx_layer_norm },
  { "LeakyRelu", OP(ELEMENTWISE), 1, 0, 0, 1, 1, rrn_onnx_leaky_relu },
  { "Less", OP(COMPARE), 1, 0, 0, 2, 2, rrn_onnx_broadcast },
  { "LessOrEqual", OP(COMPARE), 12, 0, 0, 2, 2, rrn_onnx_broadcast },
  { "Log", OP(ELEMENTWISE), 1, 0, 0, 1, 1, rrn_onnx_same },
  { "LogSoftmax", OP(SOFTMAX), 1, 0, 0, 1, 1, rrn_onnx_softmax },
  { "LpNormalization", OP(ELEMENTWISE), 1, 0, 0, 1, 1, rrn_onnx_same },
  { "LpPool", OP(AVERAGE_POOL), 1, 0, 0, 1, 1, rrn_onnx_pool_op },
  { "MatMul", OP(MATMUL), 1, 0, 0, 2, 2, rrn_onnx_matmul },
  { "MatMulInteger", OP(MATMUL), 10, 0, 2, 2, 4, rrn_onnx_matmul },
  { "Max", OP(COMPARE), 1, 0, 0, 1, 0, rrn_onnx_broadcast },
  { "MaxPool", OP(MAX_POOL), 1, 0, 0, 1, 1, rrn_onnx_pool_op },
  { "Mean", OP(ADD), 1, 0, 0, 1, 0, rrn_onnx_sum },
  { "MeanVarianceNormalization", OP(LAYER_NORM), 9, 0, 0, 1, 1, rrn_onnx_same },
  { "Min", OP(COMPARE), 1, 0, 0, 1, 0, rrn_onnx_broadcast },
  { "Mish", OP(ELEMENTWISE), 18, 0, 0, 1, 1, rrn_onnx_same },
  { "Mod", OP(DIV), 10, 0, 0, 2, 2, rrn_onnx_broadcast },
  { "Mul", OP(MUL), 1, 0, 0, 2, 2, rrn_onnx_broadcast },
  { "Neg", OP(ELEMENTWISE), 1, 0, 0, 1, 1, rrn_onnx_same },
  { "Not", OP(ELEMENTWISE), 1, 0, 0, 1, 1, rrn_onnx_same },
  { "Or", OP(COMPARE), 1, 0, 0, 2, 2, rrn_onnx_broadcast },
  { "PRelu", OP(ELEMENTWISE), 1, 0, 0, 2, 2, rrn_onnx_prelu },
  { "Pad", OP(PAD), 1, 0, 1, 1, 4, rrn_onnx_pad },
  { "Pow", OP(POW), 1, 0, 0, 2, 2, rrn_onnx_broadcast },
  { "QLinearConv", OP(CONV), 10, 0, 0, 8, 9, rrn_onnx_conv },
  { "QLinearMatMul", OP(MATMUL), 10, 0, 0, 8, 8, rrn_onnx_matmul },
  { "QuantizeLinear", OP(IDENTITY), 10, 0, 1, 2, 3, rrn_onnx_same },
  { "Range", 0, 11, 0, 0, 3, 3, rrn_onnx_range },
  { "Reciprocal", OP(ELEMENTWISE), 1, 0, 0, 1, 1, rrn_onnx_same },
  { "ReduceL1", OP(REDUCE), 1, 0, 1, 1, 2, rrn_onnx_reduce },
  { "ReduceL2", OP(REDUCE), 1, 0, 1, 1, 2, rrn_onnx_reduce },
  { "ReduceLogSum", OP(REDUCE), 1, 0, 1, 1, 2, rrn_onnx_reduce },
  { "ReduceLogSumExp", OP(REDUCE), 1, 0, 1, 1, 2, rrn_onnx_reduce },
  { "ReduceMax", OP(REDUCE), 1, 0, 1, 1, 2, rrn_onnx_reduce },
  { "ReduceMean", OP(REDUCE), 1, 0, 1, 1, 2, rrn_onnx_reduce },
  { "ReduceMin", OP(REDUCE), 1, 0, 1, 1, 2, rrn_onnx_reduce },
  { "ReduceProd", OP(REDUCE), 1, 0, 1, 1, 2, rrn_onnx_reduce },
  { "ReduceSum", OP(REDUCE), 1, 0, 1, 1, 2, rrn_onnx_reduce },
  { "ReduceSumSquare", OP(REDUCE), 1, 0, 1, 1, 2, rrn_onnx_reduce },
  { "Relu", OP(RELU), 1, 0, 0, 1, 1, rrn_onnx_same },
  { "Reshape", OP(RESHAPE), 5, 0, 1, 2, 2, rrn_onnx_reshape },
  { "Resize", OP(RESIZE), 10, 0, 1, 1, 4, rrn_onnx_resize },
  { "Round", OP(ELEMENTWISE), 11, 0, 0, 1, 1, rrn_onnx_same },
  { "Scatter", OP(DATA_MOVE), 9, 0, 0, 3, 3, rrn_onnx_same },
  { "ScatterElements", OP(DATA_MOVE), 11, 0, 0, 3, 3, rrn_onnx_same },
  { "ScatterND", OP(DATA_MOVE), 11, 0, 0, 3, 3, rrn_onnx_same },
  { "Selu", OP(ELEMENTWISE), 1, 0, 0, 1, 1, rrn_onnx_same },
  { "Shape", 0, 1, 0, 0, 1, 1, rrn_onnx_shape_op },
  { "Shrink", OP(ELEMENTWISE), 9, 0, 0, 1, 1, rrn_onnx_same },
  { "Sigmoid", OP(SIGMOID), 1, 0, 0, 1, 1, rrn_onnx_same },
  { "Sign", OP(ELEMENTWISE), 9, 0, 0, 1, 1, rrn_onnx_same },
  { "Sin", OP(ELEMENTWISE), 7, 0, 0, 1, 1, rrn_onnx_same },
  { "Sinh", OP(ELEMENTWISE), 9, 0, 0, 1, 1, rrn_onnx_same },
  { "Size", 0, 1, 0, 0, 1, 1, rrn_onnx_size_op },
  { "Slice", OP(SLICE), 1, 0, 1, 1, 5, rrn_onnx_slice },
  { "Softmax", OP(SOFTMAX), 1, 0, 0, 1, 1, rrn_onnx_softmax },
  { "Softplus", OP(ELEMENTWISE), 1, 0, 0, 1, 1, rrn_onnx_same },
  { "Softsign", OP(ELEMENTWISE), 1, 0, 0, 1, 1, rrn_onnx_same },
  { "SpaceToDepth", OP(DATA_MOVE), 1, 0, 0, 1, 1, rrn_onnx_depth_space },
  { "Split", OP(SPLIT), 2, 0, 1, 1, 2, rrn_onnx_split },
  { "Sqrt", OP(ELEMENTWISE), 1, 0, 0, 1, 1, rrn_onnx_same },
  { "Squeeze", OP(SQUEEZE), 1, 0, 1, 1, 2, rrn_onnx_squeeze },
  { "Sub", OP(SUB), 1, 0, 0, 2, 2, rrn_onnx_broadcast },
  { "Sum", OP(ADD), 1, 0, 0, 1, 0, rrn_onnx_sum },
  { "Tan", OP(ELEMENTWISE), 7, 0, 0, 1, 1, rrn_onnx_same },
  { "Tanh", OP(TANH), 1, 0, 0, 1, 1, rrn_onnx_same },
  { "ThresholdedRelu", OP(ELEMENTWISE), 1, 0, 0, 1, 1, rrn_onnx_same },
  { "Tile", OP(EXPAND), 6, 0, 1, 2, 2, rrn_onnx_tile },
  { "Transpose", OP(TRANSPOSE), 1, 0, 0, 1, 1, rrn_onnx_transpose },
  { "Trilu", OP(DATA_MOVE), 14, 0, 1, 1, 2, rrn_onnx_same },
  { "Unsqueeze", OP(UNSQUEEZE), 1, 0, 1, 1, 2, rrn_onnx_unsqueeze },
  { "Upsample", OP(RESIZE), 7, 9, 1, 1, 2, rrn_onnx_resize },
  { "Where", OP(WHERE), 9, 0, 0, 3, 3, rrn_onnx_broadcast },
  { "Xor", OP(COMPARE), 1, 0, 0, 2, 2, rrn_onnx_broadcast },
};

static int
compare(rrn_onnx_span name, const char *text)
{
  size_t length = strlen(text), shorter = name.length < length ? name.length : length;
  int order = memcmp(name.data, text, shorter);

  return order ? order : name.length < length ? -1 : name.length > length;
}

const rrn_onnx_op *
rrn_onnx_op_find(rrn_onnx_span name)
{
  size_t low = 0, high = sizeof(table) / sizeof(table[0]);

  while (low < high) {
    size_t middle = (low + high) / 2;
    int order = compare(name, table[middle].name);

    if (order == 0)
      return &table[middle];
    if (order < 0)
      high = middle;
    else
      low = middle + 1;
  }
  return NULL;
}

int
rrn_onnx_has(const rrn_onnx_call *call, int32_t input)
{
  return input < call->n_in && call->in[input] != NULL;
}

const rrn_shape *
rrn_onnx_shape(const rrn_onnx_call *call, int32_t input)
{
  return call->in[input]->shape;
}

int32_t
rrn_onnx_input_data(rrn_onnx_call *call, int32_t input, const rrn_onnx_data **ret_data, rramnas_error *err)
{
  rrn_onnx_value *value;
  rrn_onnx_tensor tensor;

  *ret_data = NULL;
  if (!rrn_onnx_has(call, input))
    return RRAMNAS_OK;
  value = call->in[input];
  if (!value->data && !value->tried && value->proto.length > 0) {
    RRN_TRY(rrn_onnx_decode_tensor(call->model->file, value->proto, &tensor, err));
    RRN_TRY(rrn_onnx_tensor_load(call->model->file, &tensor, call->pool, &value->data, err));
    /* One attempt is enough, however often the value is used. */
    value->tried = 1;
  }
  *ret_data = value->data;
  return RRAMNAS_OK;
}

int32_t
rrn_onnx_need_data(rrn_onnx_call *call, int32_t input, const char *what, const rrn_onnx_data **ret_data,
                   rramnas_error *err)
{
  const rrn_onnx_node *node = call->node;

  RRN_FAIL_IF(!rrn_onnx_has(call, input), err, RRAMNAS_ERR_SHAPE, "input %d (%s) is left out", input, what);
  RRN_TRY(rrn_onnx_input_data(call, input, ret_data, err));
  if (*ret_data)
    return RRAMNAS_OK;
  return rrn_fail(err, RRAMNAS_ERR_UNSUPPORTED,
                  call->in[input]->constant ? "%s, tensor '%s', has no values in the file or more than %d"
                                            : "%s, tensor '%s', depends on the network's input; expected a constant",
                  what, rrn_onnx_value_name(call->model, node->inputs[input]).text, RRN_ONNX_MAX_FOLD);
}

/* An attribute that must have the given field: 1, 0 when it is not there, or an error. */
static int32_t
find_attr(rrn_onnx_call *call, const char *name, int field, rrn_onnx_attr *ret_attr, rramnas_error *err)
{
  const int32_t values = 1 << ATTR_FIELD_F | 1 << ATTR_FIELD_I | 1 << ATTR_FIELD_S;
  int32_t found;

  RRN_TRY(found = rrn_onnx_attr_find(call->model->file, call->node, name, ret_attr, err));
  /* A zero may have been left out by the writer: only another value is wrong. */
  if (found && !(ret_attr->has & 1 << field) && ret_attr->has & values)
    return rrn_fail(err, RRAMNAS_ERR_PARSE, "attribute '%s' has a value of the wrong type", name);
  return found;
}

int32_t
rrn_onnx_attr_int(rrn_onnx_call *call, const char *name, int64_t *ret_value, rramnas_error *err)
{
  rrn_onnx_attr attr;
  int32_t found;

  RRN_TRY(found = find_attr(call, name, ATTR_FIELD_I, &attr, err));
  if (found)
    *ret_value = attr.i;
  return RRAMNAS_OK;
}

int32_t
rrn_onnx_attr_real(rrn_onnx_call *call, const char *name, double *ret_value, rramnas_error *err)
{
  rrn_onnx_attr attr;
  int32_t found;

  RRN_TRY(found = find_attr(call, name, ATTR_FIELD_F, &attr, err));
  if (found)
    *ret_value = (double)attr.f;
  return RRAMNAS_OK;
}

int32_t
rrn_onnx_attr_text(rrn_onnx_call *call, const char *name, rrn_onnx_span *ret_text, rramnas_error *err)
{
  rrn_onnx_attr attr;
  int32_t found;

  RRN_TRY(found = find_attr(call, name, ATTR_FIELD_S, &attr, err));
  if (found)
    *ret_text = attr.s;
  return RRAMNAS_OK;
}

static int32_t
add_int(const char *name, uint64_t value, int64_t *values, int32_t cap, int32_t *n, rramnas_error *err)
{
  RRN_FAIL_IF(*n == cap, err, RRAMNAS_ERR_LIMIT, "attribute '%s' has more than %d values", name, cap);
  values[(*n)++] = (int64_t)value;
  return RRAMNAS_OK;
}

/* The integers of an attribute, packed or not. */
static int32_t
read_ints(rrn_onnx_call *call, const rrn_onnx_attr *attr, const char *name, int64_t *values, int32_t cap, int32_t *n,
          rramnas_error *err)
{
  rrn_onnx_reader r = rrn_onnx_read(call->model->file, attr->body), packed;
  rrn_onnx_field field;
  uint64_t value;
  int32_t more;

  while ((more = rrn_onnx_next(&r, &field, err)) > 0) {
    if (field.number != ATTR_FIELD_INTS)
      continue;
    if (field.wire != RRN_ONNX_BYTES) {
      RRN_TRY(rrn_onnx_expect(&r, &field, RRN_ONNX_VARINT, "an attribute", err));
      RRN_TRY(add_int(name, field.value, values, cap, n, err));
      continue;
    }
    packed = rrn_onnx_read(call->model->file, field.bytes);
    while ((more = rrn_onnx_next_packed(&packed, RRN_ONNX_VARINT, &value, err)) > 0)
      RRN_TRY(add_int(name, value, values, cap, n, err));
    RRN_TRY(more);
  }
  return more;
}

int32_t
rrn_onnx_attr_ints(rrn_onnx_call *call, const char *name, int64_t *ret_values, int32_t cap, int32_t *ret_n,
                   rramnas_error *err)
{
  rrn_onnx_attr attr;
  int32_t found;

  *ret_n = -1;
  RRN_TRY(found = rrn_onnx_attr_find(call->model->file, call->node, name, &attr, err));
  if (!found)
    return RRAMNAS_OK;
  *ret_n = 0;
  return read_ints(call, &attr, name, ret_values, cap, ret_n, err);
}

int32_t
rrn_onnx_list(rrn_onnx_call *call, const char *name, int32_t input, int64_t moved, int64_t *ret_values, int32_t cap,
              int32_t *ret_n, rramnas_error *err)
{
  const rrn_onnx_data *data;
  int32_t k;

  if (call->model->opset < moved)
    return rrn_onnx_attr_ints(call, name, ret_values, cap, ret_n, err);
  *ret_n = -1;
  if (!rrn_onnx_has(call, input))
    return RRAMNAS_OK;
  RRN_TRY(rrn_onnx_need_data(call, input, name, &data, err));
  RRN_FAIL_IF(data->n > cap, err, RRAMNAS_ERR_LIMIT, "%s has %d values, expected at most %d", name, data->n, cap);
  for (k = 0; k < data->n; k++)
    ret_values[k] = rrn_onnx_int(data, k);
  *ret_n = data->n;
  return RRAMNAS_OK;
}
