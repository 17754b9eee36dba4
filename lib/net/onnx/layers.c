/* SPDX-License-Identifier: MIT */
/* ONNX operators with weights, pools, reductions and normalisations.
 *
 * In: a node's input shapes and attributes. Out: operator, attributes and output shapes of the graph's node.
 * Attributes are checked here for number and range; that the shapes agree is checked by the shape rules.
 * The quantised forms of Conv and MatMul do the same arithmetic on the same shapes, with scales and zero
 * points between the operands; only the operands are kept. */
#include <string.h>

#include "net/onnx/ops.h"

/* A list with one entry per spatial dimension, or `times` entries; all `missing` when it is left out. */
static int32_t
spatial_list(rrn_onnx_call *call, const char *name, int32_t n, int64_t min, int64_t missing, int64_t *values,
             rramnas_error *err)
{
  int64_t read[2 * RRAMNAS_MAX_SPATIAL];
  int32_t count, k;

  RRN_TRY(rrn_onnx_attr_ints(call, name, read, 2 * RRAMNAS_MAX_SPATIAL, &count, err));
  RRN_FAIL_IF(count >= 0 && count != n, err, RRAMNAS_ERR_SHAPE, "attribute '%s' has %d values, expected %d", name,
              count, n);
  for (k = 0; k < n; k++) {
    values[k] = count < 0 ? missing : read[k];
    RRN_FAIL_IF(values[k] < min || values[k] > INT32_MAX, err, RRAMNAS_ERR_RANGE,
                "attribute '%s' has the value %lld, expected %lld to 2147483647", name, (long long)values[k],
                (long long)min);
  }
  return RRAMNAS_OK;
}

static int32_t
auto_pad(rrn_onnx_call *call, rrn_auto_pad *ret_mode, rramnas_error *err)
{
  static const struct { const char *name; rrn_auto_pad mode; } modes[] = {
    { "", RRN_PAD_GIVEN },
    { "NOTSET", RRN_PAD_GIVEN },
    { "VALID", RRN_PAD_VALID },
    { "SAME_UPPER", RRN_PAD_SAME_UPPER },
    { "SAME_LOWER", RRN_PAD_SAME_LOWER },
  };
  rrn_onnx_span text = { "", 0 };
  size_t i;

  RRN_TRY(rrn_onnx_attr_text(call, "auto_pad", &text, err));
  for (i = 0; i < sizeof(modes) / sizeof(modes[0]); i++)
    if (rrn_onnx_is(text, modes[i].name)) {
      *ret_mode = modes[i].mode;
      return RRAMNAS_OK;
    }
  return rrn_fail(err, RRAMNAS_ERR_RANGE, "attribute 'auto_pad' is none of NOTSET, VALID, SAME_UPPER, SAME_LOWER");
}

/* What convolutions and pools share. Entries beyond the spatial dimensions get the neutral value. */
static int32_t
window(rrn_onnx_call *call, rrn_auto_pad *ret_mode, rramnas_error *err)
{
  rrn_attrs *a = &call->attrs;
  int32_t n = rrn_onnx_shape(call, 0)->rank - 2, k;

  RRN_FAIL_IF(n < 1 || n > RRAMNAS_MAX_SPATIAL, err, RRAMNAS_ERR_SHAPE,
              "the input has %d dimensions, expected 3 to %d", n + 2, RRAMNAS_MAX_SPATIAL + 2);
  for (k = 0; k < RRAMNAS_MAX_SPATIAL; k++)
    a->kernel[k] = a->stride[k] = a->dilation[k] = 1;
  a->n_spatial = n;
  RRN_TRY(spatial_list(call, "strides", n, 1, 1, a->stride, err));
  RRN_TRY(spatial_list(call, "dilations", n, 1, 1, a->dilation, err));
  RRN_TRY(spatial_list(call, "pads", 2 * n, 0, 0, a->pad, err));
  return auto_pad(call, ret_mode, err);
}

static void
use(rrn_onnx_call *call, int32_t input)
{
  call->used[call->n_used++] = input;
}

/* The bias of a convolution has one number per output channel. */
static int32_t
check_bias(const rrn_onnx_call *call, int32_t input, int64_t channels, rramnas_error *err)
{
  const rrn_shape *bias;
  char text[RRN_SHAPE_TEXT];

  if (!rrn_onnx_has(call, input))
    return RRAMNAS_OK;
  bias = rrn_onnx_shape(call, input);
  RRN_FAIL_IF(bias->rank != 1 || bias->dims[0] != channels, err, RRAMNAS_ERR_SHAPE,
              "the bias has shape %s, expected [%lld]", rrn_shape_text(bias, text), (long long)channels);
  return RRAMNAS_OK;
}

/* Conv: x, w, bias. ConvInteger: x, w, zero points. QLinearConv: x, scale, zero, w, scale, zero, scale,
 * zero, bias. */
int32_t
rrn_onnx_conv(rrn_onnx_call *call, rramnas_error *err)
{
  int quantised = rrn_onnx_is(call->node->op_type, "QLinearConv");
  int32_t w = quantised ? 3 : 1, bias = quantised ? 8 : 2;
  int64_t groups = 1, kernel[RRAMNAS_MAX_SPATIAL];
  const rrn_shape *weights = rrn_onnx_shape(call, w);
  rrn_auto_pad mode = RRN_PAD_GIVEN;
  int32_t k, n;

  RRN_TRY(window(call, &mode, err));
  RRN_TRY(rrn_onnx_attr_int(call, "group", &groups, err));
  RRN_FAIL_IF(groups < 1 || groups > INT32_MAX, err, RRAMNAS_ERR_RANGE,
              "attribute 'group' is %lld, expected 1 to 2147483647", (long long)groups);
  call->attrs.groups = groups;
  RRN_TRY(rrn_shape_conv(rrn_onnx_shape(call, 0), weights, mode, &call->attrs, &call->out[0], err));
  RRN_TRY(rrn_onnx_attr_ints(call, "kernel_shape", kernel, RRAMNAS_MAX_SPATIAL, &n, err));
  for (k = 0; k < n; k++)
    RRN_FAIL_IF(k + 2 >= weights->rank || kernel[k] != weights->dims[k + 2], err, RRAMNAS_ERR_SHAPE,
                "attribute 'kernel_shape' disagrees with the shape of the weights");
  use(call, 0);
  use(call, w);
  if (rrn_onnx_is(call->node->op_type, "ConvInteger") || !rrn_onnx_has(call, bias))
    return RRAMNAS_OK;
  use(call, bias);
  return check_bias(call, bias, weights->dims[0], err);
}

int32_t
rrn_onnx_gemm(rrn_onnx_call *call, rramnas_error *err)
{
  int64_t trans_a = 0, trans_b = 0;
  rrn_attrs *a = &call->attrs;

  a->number[0] = a->number[1] = 1;
  RRN_TRY(rrn_onnx_attr_int(call, "transA", &trans_a, err));
  RRN_TRY(rrn_onnx_attr_int(call, "transB", &trans_b, err));
  RRN_TRY(rrn_onnx_attr_real(call, "alpha", &a->number[0], err));
  RRN_TRY(rrn_onnx_attr_real(call, "beta", &a->number[1], err));
  a->trans_a = trans_a != 0;
  a->trans_b = trans_b != 0;
  RRN_TRY(rrn_shape_gemm(rrn_onnx_shape(call, 0), rrn_onnx_shape(call, 1), a->trans_a, a->trans_b, &call->out[0], err));
  if (!rrn_onnx_has(call, 2))
    return RRAMNAS_OK;
  return rrn_onnx_must_fit(&call->out[0], rrn_onnx_shape(call, 2), "the bias", err);
}

/* MatMul: a, b. MatMulInteger: a, b, zero points. QLinearMatMul: a, scale, zero, b, scale, zero, ... */
int32_t
rrn_onnx_matmul(rrn_onnx_call *call, rramnas_error *err)
{
  int32_t b = rrn_onnx_is(call->node->op_type, "QLinearMatMul") ? 3 : 1;

  use(call, 0);
  use(call, b);
  return rrn_shape_matmul(rrn_onnx_shape(call, 0), rrn_onnx_shape(call, b), &call->out[0], err);
}

int32_t
rrn_onnx_pool_op(rrn_onnx_call *call, rramnas_error *err)
{
  rrn_auto_pad mode = RRN_PAD_GIVEN;
  int64_t ceil_mode = 0, include = 0, kernel[2 * RRAMNAS_MAX_SPATIAL];
  int32_t n, k;

  RRN_TRY(window(call, &mode, err));
  RRN_TRY(rrn_onnx_attr_ints(call, "kernel_shape", kernel, 2 * RRAMNAS_MAX_SPATIAL, &n, err));
  RRN_FAIL_IF(n < 0, err, RRAMNAS_ERR_SHAPE, "attribute 'kernel_shape' is missing");
  RRN_TRY(spatial_list(call, "kernel_shape", call->attrs.n_spatial, 1, 1, call->attrs.kernel, err));
  RRN_TRY(rrn_onnx_attr_int(call, "ceil_mode", &ceil_mode, err));
  RRN_TRY(rrn_onnx_attr_int(call, "count_include_pad", &include, err));
  call->attrs.ceil_mode = ceil_mode != 0;
  call->attrs.count_include_pad = include != 0;
  call->attrs.groups = 1;
  for (k = 0; k < call->n_out; k++)
    RRN_TRY(rrn_shape_pool(rrn_onnx_shape(call, 0), mode, &call->attrs, &call->out[k], err));
  return RRAMNAS_OK;
}

int32_t
rrn_onnx_global_pool(rrn_onnx_call *call, rramnas_error *err)
{
  rrn_attrs *a = &call->attrs;
  int32_t axis;

  /* GlobalLpPool is a reduction of all axes behind the second. */
  if (call->op == RRAMNAS_OP_REDUCE) {
    for (axis = 2; axis < rrn_onnx_shape(call, 0)->rank; axis++)
      a->dims[a->n_dims++] = axis;
    a->keep_dims = 1;
  }
  return rrn_shape_global_pool(rrn_onnx_shape(call, 0), &call->out[0], err);
}

/* The axes that a reduction takes away, in attrs.dims; all of them when none is named. */
static int32_t
reduce_axes(rrn_onnx_call *call, int32_t *ret_named, rramnas_error *err)
{
  int64_t moved = rrn_onnx_is(call->node->op_type, "ReduceSum") ? 13 : 18;
  rrn_attrs *a = &call->attrs;
  int32_t rank = rrn_onnx_shape(call, 0)->rank, k, axis;

  RRN_TRY(rrn_onnx_list(call, "axes", 1, moved, a->dims, RRAMNAS_MAX_RANK, &a->n_dims, err));
  *ret_named = a->n_dims > 0;
  for (k = 0; k < a->n_dims; k++) {
    RRN_TRY(rrn_shape_axis(a->dims[k], rank, &axis, err));
    a->dims[k] = axis;
  }
  if (*ret_named)
    return RRAMNAS_OK;
  a->n_dims = rank;
  for (k = 0; k < rank; k++)
    a->dims[k] = k;
  return RRAMNAS_OK;
}

int32_t
rrn_onnx_reduce(rrn_onnx_call *call, rramnas_error *err)
{
  const rrn_shape *x = rrn_onnx_shape(call, 0);
  rrn_attrs *a = &call->attrs;
  int64_t keep = 1, noop = 0;
  int32_t named;

  RRN_TRY(rrn_onnx_attr_int(call, "keepdims", &keep, err));
  RRN_TRY(rrn_onnx_attr_int(call, "noop_with_empty_axes", &noop, err));
  RRN_TRY(reduce_axes(call, &named, err));
  a->keep_dims = keep != 0;
  if (!named && noop) {
    call->op = RRAMNAS_OP_IDENTITY;
    a->n_dims = 0;
    call->out[0] = *x;
    return RRAMNAS_OK;
  }
  if (x->rank == 0) {
    call->out[0] = *x;
    return RRAMNAS_OK;
  }
  return rrn_shape_reduce(x, a->dims, a->n_dims, a->keep_dims, &call->out[0], err);
}

int32_t
rrn_onnx_arg_reduce(rrn_onnx_call *call, rramnas_error *err)
{
  const rrn_shape *x = rrn_onnx_shape(call, 0);
  rrn_attrs *a = &call->attrs;
  int64_t axis = 0, keep = 1;

  RRN_TRY(rrn_onnx_attr_int(call, "axis", &axis, err));
  RRN_TRY(rrn_onnx_attr_int(call, "keepdims", &keep, err));
  RRN_TRY(rrn_shape_axis(axis, x->rank, &a->axis, err));
  a->dims[0] = a->axis;
  a->n_dims = 1;
  a->keep_dims = keep != 0;
  return rrn_shape_reduce(x, a->dims, 1, a->keep_dims, &call->out[0], err);
}

static int32_t
epsilon(rrn_onnx_call *call, rramnas_error *err)
{
  call->attrs.number[0] = (double)1e-5f;
  return rrn_onnx_attr_real(call, "epsilon", &call->attrs.number[0], err);
}

/* The outputs behind the first are statistics per channel, which training exports list. */
int32_t
rrn_onnx_batch_norm(rrn_onnx_call *call, rramnas_error *err)
{
  const rrn_shape *x = rrn_onnx_shape(call, 0);
  int64_t channels = x->rank >= 2 ? x->dims[1] : 1, training = call->n_out > 1;
  int32_t k;

  RRN_TRY(epsilon(call, err));
  if (call->model->opset >= 14)
    RRN_TRY(rrn_onnx_attr_int(call, "training_mode", &training, err));
  call->attrs.training = training != 0;
  for (k = 1; k < 5; k++)
    RRN_TRY(check_bias(call, k, channels, err));
  call->out[0] = *x;
  for (k = 1; k < call->n_out; k++) {
    call->out[k].rank = 1;
    call->out[k].dims[0] = channels;
  }
  return RRAMNAS_OK;
}

int32_t
rrn_onnx_layer_norm(rrn_onnx_call *call, rramnas_error *err)
{
  const rrn_shape *x = rrn_onnx_shape(call, 0);
  int64_t axis = -1;
  int32_t k, d;

  RRN_TRY(epsilon(call, err));
  RRN_TRY(rrn_onnx_attr_int(call, "axis", &axis, err));
  RRN_TRY(rrn_shape_axis(axis, x->rank, &call->attrs.axis, err));
  for (k = 0; k < call->n_out; k++) {
    call->out[k] = *x;
    for (d = call->attrs.axis; k > 0 && d < x->rank; d++)
      call->out[k].dims[d] = 1; /* mean and deviation */
  }
  return RRAMNAS_OK;
}

int32_t
rrn_onnx_channel_norm(rrn_onnx_call *call, rramnas_error *err)
{
  const rrn_shape *x = rrn_onnx_shape(call, 0);

  RRN_FAIL_IF(x->rank < 2, err, RRAMNAS_ERR_SHAPE, "the input has %d dimensions, expected at least 2", x->rank);
  call->attrs.axis = 1;
  call->out[0] = *x;
  return epsilon(call, err);
}
