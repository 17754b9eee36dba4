/* SPDX-License-Identifier: MIT */
/* ONNX operators that work element by element.
 *
 * In: a node's input shapes and attributes. Out: the output has the shape of the input, or of all inputs
 * broadcast together. */
#include "net/onnx/ops.h"

int32_t
rrn_onnx_same(rrn_onnx_call *call, rramnas_error *err)
{
  int32_t k;

  (void)err;
  for (k = 0; k < call->n_out; k++)
    call->out[k] = *rrn_onnx_shape(call, 0);
  return RRAMNAS_OK;
}

int32_t
rrn_onnx_broadcast(rrn_onnx_call *call, rramnas_error *err)
{
  rrn_shape sum;
  int32_t k;

  call->out[0] = *rrn_onnx_shape(call, 0);
  for (k = 1; k < call->n_in; k++) {
    RRN_FAIL_IF(!rrn_onnx_has(call, k), err, RRAMNAS_ERR_SHAPE, "input %d is left out", k);
    RRN_TRY(rrn_shape_broadcast(&call->out[0], rrn_onnx_shape(call, k), &sum, err));
    call->out[0] = sum;
  }
  return RRAMNAS_OK;
}

/* The sum and the mean of one tensor are that tensor. */
int32_t
rrn_onnx_sum(rrn_onnx_call *call, rramnas_error *err)
{
  if (call->n_in == 1)
    call->op = RRAMNAS_OP_IDENTITY;
  return rrn_onnx_broadcast(call, err);
}

int32_t
rrn_onnx_must_fit(const rrn_shape *x, const rrn_shape *smaller, const char *what, rramnas_error *err)
{
  char text[RRN_SHAPE_TEXT], room[RRN_SHAPE_TEXT];
  rrn_shape sum;
  int32_t d, larger;

  RRN_TRY(rrn_shape_broadcast(x, smaller, &sum, err));
  larger = sum.rank != x->rank;
  for (d = 0; d < x->rank && !larger; d++)
    larger = sum.dims[d] != x->dims[d];
  RRN_FAIL_IF(larger, err, RRAMNAS_ERR_SHAPE, "%s has shape %s, which does not fit into %s", what,
              rrn_shape_text(smaller, text), rrn_shape_text(x, room));
  return RRAMNAS_OK;
}

int32_t
rrn_onnx_prelu(rrn_onnx_call *call, rramnas_error *err)
{
  call->out[0] = *rrn_onnx_shape(call, 0);
  return rrn_onnx_must_fit(&call->out[0], rrn_onnx_shape(call, 1), "the slope", err);
}

/* One bound of Clip: an attribute before opset 11, an optional scalar since. */
static int32_t
clip_bound(rrn_onnx_call *call, const char *name, int32_t input, double *ret_value, rramnas_error *err)
{
  const rrn_onnx_data *data;

  if (call->model->opset < 11)
    return rrn_onnx_attr_real(call, name, ret_value, err);
  RRN_TRY(rrn_onnx_input_data(call, input, &data, err));
  if (data && data->n == 1)
    *ret_value = rrn_onnx_real(data, 0);
  return RRAMNAS_OK;
}

int32_t
rrn_onnx_clip(rrn_onnx_call *call, rramnas_error *err)
{
  /* The standard's defaults: the largest finite float, either sign. */
  call->attrs.number[0] = -3.4028234663852886e38;
  call->attrs.number[1] = 3.4028234663852886e38;
  RRN_TRY(clip_bound(call, "min", 1, &call->attrs.number[0], err));
  RRN_TRY(clip_bound(call, "max", 2, &call->attrs.number[1], err));
  return rrn_onnx_same(call, err);
}

/* number[1] tells that the slope in number[0] was read from a file. */
int32_t
rrn_onnx_leaky_relu(rrn_onnx_call *call, rramnas_error *err)
{
  call->attrs.number[0] = (double)0.01f;
  call->attrs.number[1] = 1;
  RRN_TRY(rrn_onnx_attr_real(call, "alpha", &call->attrs.number[0], err));
  return rrn_onnx_same(call, err);
}

int32_t
rrn_onnx_gelu(rrn_onnx_call *call, rramnas_error *err)
{
  rrn_onnx_span how = { "none", 4 };

  RRN_TRY(rrn_onnx_attr_text(call, "approximate", &how, err));
  call->attrs.approximate = rrn_onnx_is(how, "tanh");
  RRN_FAIL_IF(!call->attrs.approximate && !rrn_onnx_is(how, "none"), err, RRAMNAS_ERR_RANGE,
              "attribute 'approximate' is none of none, tanh");
  return rrn_onnx_same(call, err);
}

int32_t
rrn_onnx_hard_sigmoid(rrn_onnx_call *call, rramnas_error *err)
{
  call->attrs.number[0] = (double)0.2f;
  call->attrs.number[1] = 0.5;
  RRN_TRY(rrn_onnx_attr_real(call, "alpha", &call->attrs.number[0], err));
  RRN_TRY(rrn_onnx_attr_real(call, "beta", &call->attrs.number[1], err));
  return rrn_onnx_same(call, err);
}

int32_t
rrn_onnx_softmax(rrn_onnx_call *call, rramnas_error *err)
{
  int32_t rank = rrn_onnx_shape(call, 0)->rank;
  int64_t axis = call->model->opset < 13 ? 1 : -1;
  int32_t k;

  RRN_TRY(rrn_onnx_attr_int(call, "axis", &axis, err));
  /* Old forms flatten to two dimensions around the axis, so a vector may be cut behind its end. */
  if (call->model->opset < 13 && axis == rank && rank > 0)
    axis = rank - 1;
  if (rank > 0)
    RRN_TRY(rrn_shape_axis(axis, rank, &call->attrs.axis, err));
  /* Then all dimensions from the axis on are one: attrs.n_dims says how many, where that is more than the axis. */
  if (call->model->opset < 13)
    for (k = call->attrs.axis + 1; k < rank; k++)
      if (rrn_onnx_shape(call, 0)->dims[k] > 1)
        call->attrs.n_dims = rank - call->attrs.axis;
  return rrn_onnx_same(call, err);
}

/* y, and its scale and zero point, which are scalars. */
int32_t
rrn_onnx_dynamic_quantize(rrn_onnx_call *call, rramnas_error *err)
{
  (void)err;
  call->out[0] = *rrn_onnx_shape(call, 0);
  return RRAMNAS_OK;
}
