/* SPDX-License-Identifier: MIT */
/* Operator and input tensors -> output shape: picks the rule of shape.h for each operator.
 *
 * Inputs are counted first. A constant beyond the operands is allowed (files pass parameters as tensors: slopes,
 * target shapes, bounds); a surplus activation is a mistake of the caller. */
#include "net/build.h"

typedef struct arity {
  int32_t op;
  int32_t least;            /* inputs that must be there */
  int32_t most_activations; /* 0 = any number */
} arity;

static const arity arities[] = {
  { RRAMNAS_OP_CONV, 2, 3 },         { RRAMNAS_OP_GEMM, 2, 3 },         { RRAMNAS_OP_MATMUL, 2, 3 },
  { RRAMNAS_OP_ADD, 2, 0 },          { RRAMNAS_OP_SUB, 2, 2 },          { RRAMNAS_OP_MUL, 2, 0 },
  { RRAMNAS_OP_DIV, 2, 2 },          { RRAMNAS_OP_POW, 2, 2 },          { RRAMNAS_OP_COMPARE, 1, 0 },
  { RRAMNAS_OP_WHERE, 3, 3 },        { RRAMNAS_OP_CONCAT, 1, 0 },       { RRAMNAS_OP_RESHAPE, 1, 0 },
  { RRAMNAS_OP_SQUEEZE, 1, 0 },      { RRAMNAS_OP_UNSQUEEZE, 1, 0 },    { RRAMNAS_OP_EXPAND, 1, 0 },
  { RRAMNAS_OP_DATA_MOVE, 1, 0 },    { RRAMNAS_OP_ELEMENTWISE, 1, 0 },  { RRAMNAS_OP_IDENTITY, 1, 0 },
  { RRAMNAS_OP_BATCH_NORM, 1, 5 },   { RRAMNAS_OP_LAYER_NORM, 1, 3 },   { RRAMNAS_OP_CLIP, 1, 3 },
};

static const arity unary = { 0, 1, 1 };

static const arity *
arity_of(int32_t op)
{
  size_t i;

  for (i = 0; i < sizeof(arities) / sizeof(arities[0]); i++)
    if (arities[i].op == op)
      return &arities[i];
  return &unary;
}

static int32_t
check_inputs(const rramnas_net *net, const rrn_build *b, rramnas_error *err)
{
  const arity *a = arity_of(b->op);
  int32_t i, activations = 0;

  for (i = 0; i < b->n_inputs; i++)
    activations += b->inputs[i] >= 0 && net->tensors[b->inputs[i]].kind == RRN_TENSOR_ACTIVATION;
  for (i = 0; i < a->least; i++)
    RRN_FAIL_IF(i >= b->n_inputs || b->inputs[i] < 0, err, RRAMNAS_ERR_ARGUMENT, "%s has %d input%s, expected at least %d%s",
                rramnas_op_name(b->op), (int)i, i == 1 ? "" : "s", (int)a->least,
                i == 1 && a->least == 2 && b->op <= RRAMNAS_OP_MATMUL ? ", or out_channels for a constant weight" : "");
  RRN_FAIL_IF(a->most_activations && activations > a->most_activations, err, RRAMNAS_ERR_ARGUMENT,
              "%s has %d inputs, expected at most %d", rramnas_op_name(b->op), (int)activations,
              (int)a->most_activations);
  return RRAMNAS_OK;
}

static rrn_shape
input_shape(const rramnas_net *net, const rrn_build *b, int32_t i)
{
  return rrn_shape_of(&net->tensors[b->inputs[i]]);
}

static int32_t
infer_broadcast(const rramnas_net *net, const rrn_build *b, int32_t n, rrn_shape *ret_out, rramnas_error *err)
{
  rrn_shape out = input_shape(net, b, 0), next;
  int32_t i;

  for (i = 1; i < n; i++)
    if (b->inputs[i] >= 0) {
      next = input_shape(net, b, i);
      RRN_TRY(rrn_shape_broadcast(&out, &next, &out, err));
    }
  *ret_out = out;
  return RRAMNAS_OK;
}

static int32_t
infer_concat(const rramnas_net *net, const rrn_build *b, rrn_attrs *a, rrn_shape *ret_out, rramnas_error *err)
{
  rrn_shape out = input_shape(net, b, 0), next;
  const rrn_shape *pair[2] = { &out, &next };
  int32_t i;

  RRN_TRY(rrn_shape_axis(a->axis, out.rank, &a->axis, err));
  for (i = 1; i < b->n_inputs; i++)
    if (b->inputs[i] >= 0) {
      next = input_shape(net, b, i);
      RRN_TRY(rrn_shape_concat(pair, 2, a->axis, &out, err));
    }
  *ret_out = out;
  return RRAMNAS_OK;
}

/* Conv, Gemm, MatMul. */
static int32_t
infer_weighted(const rramnas_net *net, const rrn_build *b, rrn_attrs *a, rrn_shape *ret_out, rramnas_error *err)
{
  const rrn_shape x = input_shape(net, b, 0), w = input_shape(net, b, 1);

  if (b->op == RRAMNAS_OP_CONV)
    return rrn_shape_conv(&x, &w, b->pad_mode, a, ret_out, err);
  if (b->op == RRAMNAS_OP_GEMM)
    return rrn_shape_gemm(&x, &w, a->trans_a, a->trans_b, ret_out, err);
  return rrn_shape_matmul(&x, &w, ret_out, err);
}

static int32_t
infer_pool(const rramnas_net *net, const rrn_build *b, rrn_attrs *a, rrn_shape *ret_out, rramnas_error *err)
{
  const rrn_shape x = input_shape(net, b, 0);

  a->n_spatial = x.rank < 3 ? 0 : x.rank - 2;
  return rrn_shape_pool(&x, b->pad_mode, a, ret_out, err);
}

static int32_t
infer_expand(const rrn_shape *x, const rrn_attrs *a, rrn_shape *ret_out, rramnas_error *err)
{
  rrn_shape target = { .rank = a->n_dims };
  int32_t i;

  for (i = 0; i < a->n_dims; i++) {
    RRN_FAIL_IF(a->dims[i] < 1, err, RRAMNAS_ERR_SHAPE, "dimension %d of the target shape is %lld, expected 1 or more",
                (int)i, (long long)a->dims[i]);
    target.dims[i] = a->dims[i];
  }
  return rrn_shape_broadcast(x, &target, ret_out, err);
}

/* Operators with one operand that move data. */
static int32_t
infer_move(const rrn_shape *x, int32_t op, rrn_attrs *a, rrn_shape *ret_out, rramnas_error *err)
{
  switch (op) {
  case RRAMNAS_OP_REDUCE:
    return rrn_shape_reduce(x, a->dims, a->n_dims, a->keep_dims, ret_out, err);
  case RRAMNAS_OP_FLATTEN:
    RRN_TRY(rrn_shape_flatten(x, a->axis, ret_out, err));
    a->axis += a->axis < 0 ? x->rank : 0;
    return RRAMNAS_OK;
  case RRAMNAS_OP_RESHAPE:
    return rrn_shape_reshape(x, a->dims, a->n_dims, 0, ret_out, err);
  case RRAMNAS_OP_TRANSPOSE:
    return rrn_shape_transpose(x, a->dims, a->n_dims, ret_out, err);
  case RRAMNAS_OP_SQUEEZE:
    return rrn_shape_squeeze(x, a->dims, a->n_dims, ret_out, err);
  case RRAMNAS_OP_UNSQUEEZE:
    return rrn_shape_unsqueeze(x, a->dims, a->n_dims, ret_out, err);
  default:
    return infer_expand(x, a, ret_out, err);
  }
}

/* Operators whose output has the shape of their first input. */
static int32_t
infer_same(const rrn_shape *x, int32_t op, rrn_attrs *a, rrn_shape *ret_out, rramnas_error *err)
{
  if (op == RRAMNAS_OP_SOFTMAX || op == RRAMNAS_OP_LAYER_NORM)
    RRN_TRY(rrn_shape_axis(a->axis, x->rank, &a->axis, err));
  *ret_out = *x;
  return RRAMNAS_OK;
}

static int32_t
infer_operator(const rramnas_net *net, const rrn_build *b, rrn_attrs *a, rrn_shape *ret_out, rramnas_error *err)
{
  const rrn_shape x = input_shape(net, b, 0);

  switch (b->op) {
  case RRAMNAS_OP_CONV:
  case RRAMNAS_OP_GEMM:
  case RRAMNAS_OP_MATMUL:
    return infer_weighted(net, b, a, ret_out, err);
  case RRAMNAS_OP_ADD:
  case RRAMNAS_OP_SUB:
  case RRAMNAS_OP_MUL:
  case RRAMNAS_OP_DIV:
  case RRAMNAS_OP_POW:
  case RRAMNAS_OP_COMPARE:
  case RRAMNAS_OP_WHERE:
    return infer_broadcast(net, b, b->n_inputs, ret_out, err);
  case RRAMNAS_OP_MAX_POOL:
  case RRAMNAS_OP_AVERAGE_POOL:
    return infer_pool(net, b, a, ret_out, err);
  case RRAMNAS_OP_GLOBAL_AVERAGE_POOL:
  case RRAMNAS_OP_GLOBAL_MAX_POOL:
    return rrn_shape_global_pool(&x, ret_out, err);
  case RRAMNAS_OP_CONCAT:
    return infer_concat(net, b, a, ret_out, err);
  case RRAMNAS_OP_REDUCE:
  case RRAMNAS_OP_FLATTEN:
  case RRAMNAS_OP_RESHAPE:
  case RRAMNAS_OP_TRANSPOSE:
  case RRAMNAS_OP_SQUEEZE:
  case RRAMNAS_OP_UNSQUEEZE:
  case RRAMNAS_OP_EXPAND:
    return infer_move(&x, b->op, a, ret_out, err);
  case RRAMNAS_OP_SLICE:
  case RRAMNAS_OP_GATHER:
  case RRAMNAS_OP_SPLIT:
  case RRAMNAS_OP_PAD:
  case RRAMNAS_OP_RESIZE:
    return rrn_fail(err, RRAMNAS_ERR_UNSUPPORTED, "the shape of %s must be given", rramnas_op_name(b->op));
  default:
    return infer_same(&x, b->op, a, ret_out, err);
  }
}

int32_t
rrn_net_infer(const rramnas_net *net, const rrn_build *b, rrn_attrs *attrs, rrn_shape *ret_out, rramnas_error *err)
{
  RRN_TRY(check_inputs(net, b, err));
  return infer_operator(net, b, attrs, ret_out, err);
}
