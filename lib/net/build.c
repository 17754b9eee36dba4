/* SPDX-License-Identifier: MIT */
/* Adds a node that is described by its attributes.
 *
 * In: operator, inputs, attributes. Out: the node, with its output shape inferred and, when `out_channels` is
 * given, with a constant weight and bias whose shapes follow from the input. The graph then looks as if it
 * had come from a file with weights, so nothing downstream asks where a network is from. */
#include "net/build.h"

#include <math.h>

/* {min, max}, {alpha, beta} or {epsilon}: ONNX's defaults. */
static void
default_numbers(int32_t op, double number[4])
{
  switch (op) {
  case RRAMNAS_OP_CLIP:
    number[0] = -HUGE_VAL;
    number[1] = HUGE_VAL;
    break;
  case RRAMNAS_OP_HARD_SIGMOID:
    number[0] = 0.2;
    number[1] = 0.5;
    break;
  case RRAMNAS_OP_GEMM:
    number[0] = number[1] = 1;
    break;
  case RRAMNAS_OP_BATCH_NORM:
  case RRAMNAS_OP_LAYER_NORM:
    number[0] = 1e-5;
    break;
  default:
    break;
  }
}

void
rrn_build_init(rrn_build *b, int32_t op)
{
  const int pool = op == RRAMNAS_OP_MAX_POOL || op == RRAMNAS_OP_AVERAGE_POOL;
  int i;

  *b = (rrn_build){ .op = op };
  if (pool || op == RRAMNAS_OP_CONV)
    for (i = 0; i < RRAMNAS_MAX_SPATIAL; i++) {
      b->attrs.kernel[i] = !pool;
      b->attrs.stride[i] = b->attrs.dilation[i] = 1;
    }
  b->attrs.groups = op == RRAMNAS_OP_CONV;
  b->attrs.trans_b = op == RRAMNAS_OP_GEMM;
  if (op == RRAMNAS_OP_SOFTMAX || op == RRAMNAS_OP_LAYER_NORM)
    b->attrs.axis = -1;
  else if (op == RRAMNAS_OP_FLATTEN)
    b->attrs.axis = 1;
  default_numbers(op, b->attrs.number);
}

static int32_t
conv_weight(const rrn_shape *x, const rrn_build *b, rrn_shape *w, rramnas_error *err)
{
  const int64_t groups = b->attrs.groups;
  int32_t i;

  RRN_FAIL_IF(x->rank < 3 || x->rank > 2 + RRAMNAS_MAX_SPATIAL, err, RRAMNAS_ERR_SHAPE,
              "Conv takes an input of 3 to %d dimensions, it has %d", 2 + RRAMNAS_MAX_SPATIAL, (int)x->rank);
  RRN_FAIL_IF(groups < 1 || x->dims[1] % groups, err, RRAMNAS_ERR_SHAPE,
              "%lld input channels in %lld groups, expected a multiple", (long long)x->dims[1], (long long)groups);
  w->rank = x->rank;
  w->dims[0] = b->out_channels;
  w->dims[1] = x->dims[1] / groups;
  for (i = 2; i < x->rank; i++)
    w->dims[i] = b->attrs.kernel[i - 2];
  return RRAMNAS_OK;
}

/* w[out][in] (trans_b) or w[in][out]; MatMul has the latter. */
static int32_t
matrix_weight(const rrn_shape *x, const rrn_build *b, rrn_shape *w, rramnas_error *err)
{
  const int out_first = b->op == RRAMNAS_OP_GEMM && b->attrs.trans_b;

  RRN_FAIL_IF(b->op == RRAMNAS_OP_GEMM && x->rank != 2, err, RRAMNAS_ERR_SHAPE,
              "Gemm takes an input of 2 dimensions, it has %d (Flatten first, or MatMul)", (int)x->rank);
  RRN_FAIL_IF(x->rank < 1, err, RRAMNAS_ERR_SHAPE, "MatMul takes an input of 1 dimension or more, it has none");
  w->rank = 2;
  w->dims[!out_first] = b->out_channels;
  w->dims[out_first] = x->dims[b->op == RRAMNAS_OP_GEMM && b->attrs.trans_a ? 0 : x->rank - 1];
  return RRAMNAS_OK;
}

/* wires[0] is the input; fills 1 and, with a bias, 2. */
static int32_t
add_implied(rramnas_net *net, const rrn_build *b, int32_t wires[3], int32_t *ret_n, rramnas_error *err)
{
  const rrn_shape x = rrn_shape_of(&net->tensors[wires[0]]);
  rrn_shape w = { 0 };

  if (b->op == RRAMNAS_OP_CONV)
    RRN_TRY(conv_weight(&x, b, &w, err));
  else
    RRN_TRY(matrix_weight(&x, b, &w, err));
  RRN_TRY(rrn_net_add_constant(net, b->name, ".weight", w.dims, w.rank, &wires[1], err));
  *ret_n = 2;
  if (b->no_bias)
    return RRAMNAS_OK;
  *ret_n = 3;
  return rrn_net_add_constant(net, b->name, ".bias", &b->out_channels, 1, &wires[2], err);
}

static int32_t
add_node(rramnas_net *net, rrn_build *b, int32_t *ret_tensor, rramnas_error *err)
{
  rrn_node_desc desc = { .op = b->op, .name = b->name, .source_op = b->source_op, .n_inputs = b->n_inputs,
                         .n_outputs = 1, .inputs = b->inputs, .attrs = &b->attrs };
  rrn_shape out = { 0 };

  RRN_TRY(rrn_net_infer(net, b, &b->attrs, &out, err));
  desc.out_dims = (const int64_t (*)[RRAMNAS_MAX_RANK])&out.dims;
  desc.out_ranks = &out.rank;
  return rrn_net_add_node_raw(net, &desc, ret_tensor, err);
}

static int32_t
add_with_weight(rramnas_net *net, rrn_build *b, int32_t *ret_tensor, rramnas_error *err)
{
  int32_t wires[3], status;

  RRN_FAIL_IF(b->op != RRAMNAS_OP_CONV && b->op != RRAMNAS_OP_GEMM && b->op != RRAMNAS_OP_MATMUL, err,
              RRAMNAS_ERR_ARGUMENT, "%s has no out_channels", rramnas_op_name(b->op));
  RRN_FAIL_IF(b->n_inputs != 1 || b->inputs[0] < 0, err, RRAMNAS_ERR_ARGUMENT,
              "%s with out_channels has %d inputs, expected 1", rramnas_op_name(b->op), (int)b->n_inputs);
  wires[0] = b->inputs[0];
  RRN_TRY(add_implied(net, b, wires, &b->n_inputs, err));
  b->inputs = wires;
  status = add_node(net, b, ret_tensor, err);
  b->inputs = NULL; /* wires end here */
  return status;
}

int32_t
rrn_net_build(rramnas_net *net, rrn_build *b, int32_t *ret_tensor, rramnas_error *err)
{
  const size_t n_tensors = net->n_tensors;
  int32_t status;

  RRN_FAIL_IF(net->finished, err, RRAMNAS_ERR_ARGUMENT, "the network is finished, nothing can be added");
  RRN_FAIL_IF(b->out_channels < 0, err, RRAMNAS_ERR_RANGE, "out_channels is %lld, expected 1 or more",
              (long long)b->out_channels);
  status = b->out_channels ? add_with_weight(net, b, ret_tensor, err) : add_node(net, b, ret_tensor, err);
  if (status < 0)
    net->n_tensors = n_tensors;
  return status;
}
