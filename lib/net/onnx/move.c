/* SPDX-License-Identifier: MIT */
/* ONNX operators that move data without computing.
 *
 * In: a node's input shapes, attributes and the constants that say where data goes. Out: output shapes.
 * Over the opsets most of these constants moved from attributes to inputs; rrn_onnx_list() reads whichever
 * the model's opset has. */
#include <math.h>
#include <string.h>

#include "net/onnx/ops.h"
#include "util/ckd.h"

int32_t
rrn_onnx_concat(rrn_onnx_call *call, rramnas_error *err)
{
  const rrn_shape **shapes = rrn_arena_alloc_raw(call->scratch, (size_t)call->n_in, sizeof(*shapes));
  int64_t axis = INT64_MAX;
  int32_t k;

  if (!shapes)
    return rrn_fail_memory(err);
  for (k = 0; k < call->n_in; k++) {
    RRN_FAIL_IF(!rrn_onnx_has(call, k), err, RRAMNAS_ERR_SHAPE, "input %d is left out", k);
    shapes[k] = rrn_onnx_shape(call, k);
  }
  RRN_TRY(rrn_onnx_attr_int(call, "axis", &axis, err));
  RRN_FAIL_IF(axis == INT64_MAX, err, RRAMNAS_ERR_SHAPE, "attribute 'axis' is missing");
  RRN_TRY(rrn_shape_axis(axis, shapes[0]->rank, &call->attrs.axis, err));
  return rrn_shape_concat(shapes, (size_t)call->n_in, call->attrs.axis, &call->out[0], err);
}

int32_t
rrn_onnx_flatten(rrn_onnx_call *call, rramnas_error *err)
{
  const rrn_shape *x = rrn_onnx_shape(call, 0);
  int64_t axis = 1;

  RRN_TRY(rrn_onnx_attr_int(call, "axis", &axis, err));
  if (axis < 0)
    axis += x->rank;
  RRN_FAIL_IF(axis < 0 || axis > x->rank, err, RRAMNAS_ERR_SHAPE, "attribute 'axis' is outside of the %d dimensions",
              x->rank);
  call->attrs.axis = (int32_t)axis;
  return rrn_shape_flatten(x, call->attrs.axis, &call->out[0], err);
}

/* The output's own shape is stored as the target: 0 and -1 are resolved. */
static void
target_is_result(rrn_onnx_call *call)
{
  memcpy(call->attrs.dims, call->out[0].dims, sizeof(call->attrs.dims));
  call->attrs.n_dims = call->out[0].rank;
}

int32_t
rrn_onnx_reshape(rrn_onnx_call *call, rramnas_error *err)
{
  int64_t target[RRAMNAS_MAX_RANK], allow_zero = 0;
  int32_t n;

  RRN_TRY(rrn_onnx_list(call, "shape", 1, 0, target, RRAMNAS_MAX_RANK, &n, err));
  RRN_TRY(rrn_onnx_attr_int(call, "allowzero", &allow_zero, err));
  RRN_TRY(rrn_shape_reshape(rrn_onnx_shape(call, 0), target, n, allow_zero != 0, &call->out[0], err));
  target_is_result(call);
  return RRAMNAS_OK;
}

int32_t
rrn_onnx_transpose(rrn_onnx_call *call, rramnas_error *err)
{
  const rrn_shape *x = rrn_onnx_shape(call, 0);
  rrn_attrs *a = &call->attrs;
  int32_t k;

  RRN_TRY(rrn_onnx_attr_ints(call, "perm", a->dims, RRAMNAS_MAX_RANK, &a->n_dims, err));
  if (a->n_dims <= 0) {
    a->n_dims = x->rank;
    for (k = 0; k < x->rank; k++)
      a->dims[k] = x->rank - 1 - k;
  }
  return rrn_shape_transpose(x, a->dims, a->n_dims, &call->out[0], err);
}

/* attrs.dims: the first element that is taken of each dimension. Only for steps of 1; n_dims is 0 otherwise. The shape
 * rule has checked the axes. */
static void
keep_starts(rrn_onnx_call *call, const int64_t *starts, const int64_t *axes, const int64_t *steps, int32_t n)
{
  const rrn_shape *x = rrn_onnx_shape(call, 0);
  int32_t k;

  for (k = 0; k < n; k++) {
    const int64_t axis = axes[k] < 0 ? axes[k] + x->rank : axes[k], dim = x->dims[axis];
    const int64_t start = starts[k] < 0 ? starts[k] + dim : starts[k];

    if (steps[k] != 1)
      return;
    call->attrs.dims[axis] = start < 0 ? 0 : start > dim ? dim : start;
  }
  call->attrs.n_dims = x->rank;
}

int32_t
rrn_onnx_slice(rrn_onnx_call *call, rramnas_error *err)
{
  int64_t starts[RRAMNAS_MAX_RANK], ends[RRAMNAS_MAX_RANK], axes[RRAMNAS_MAX_RANK], steps[RRAMNAS_MAX_RANK];
  int32_t n_starts, n_ends, n_axes, n_steps = -1, k;

  RRN_TRY(rrn_onnx_list(call, "starts", 1, 10, starts, RRAMNAS_MAX_RANK, &n_starts, err));
  RRN_TRY(rrn_onnx_list(call, "ends", 2, 10, ends, RRAMNAS_MAX_RANK, &n_ends, err));
  RRN_TRY(rrn_onnx_list(call, "axes", 3, 10, axes, RRAMNAS_MAX_RANK, &n_axes, err));
  if (call->model->opset >= 10)
    RRN_TRY(rrn_onnx_list(call, "steps", 4, 10, steps, RRAMNAS_MAX_RANK, &n_steps, err));
  RRN_FAIL_IF(n_starts < 0 || n_ends != n_starts, err, RRAMNAS_ERR_SHAPE, "%d starts and %d ends, expected as many",
              n_starts < 0 ? 0 : n_starts, n_ends < 0 ? 0 : n_ends);
  RRN_FAIL_IF((n_axes >= 0 && n_axes != n_starts) || (n_steps >= 0 && n_steps != n_starts), err, RRAMNAS_ERR_SHAPE,
              "axes or steps are not as many as the %d starts", n_starts);
  for (k = 0; k < n_starts; k++) {
    if (n_axes < 0)
      axes[k] = k;
    if (n_steps < 0)
      steps[k] = 1;
  }
  RRN_TRY(rrn_shape_slice(rrn_onnx_shape(call, 0), starts, ends, axes, steps, n_starts, &call->out[0], err));
  keep_starts(call, starts, axes, steps, n_starts);
  return RRAMNAS_OK;
}

int32_t
rrn_onnx_gather(rrn_onnx_call *call, rramnas_error *err)
{
  const rrn_shape *x = rrn_onnx_shape(call, 0);
  int64_t axis = 0;

  RRN_TRY(rrn_onnx_attr_int(call, "axis", &axis, err));
  RRN_TRY(rrn_shape_axis(axis, x->rank, &call->attrs.axis, err));
  return rrn_shape_gather(x, rrn_onnx_shape(call, 1), call->attrs.axis, &call->out[0], err);
}

int32_t
rrn_onnx_gather_elements(rrn_onnx_call *call, rramnas_error *err)
{
  const rrn_shape *x = rrn_onnx_shape(call, 0), *indices = rrn_onnx_shape(call, 1);

  RRN_FAIL_IF(x->rank != indices->rank, err, RRAMNAS_ERR_SHAPE, "the indices have %d dimensions, the data %d",
              indices->rank, x->rank);
  call->out[0] = *indices;
  return RRAMNAS_OK;
}

/* indices[..., m] pick from the m dimensions of the data behind the batch dimensions. */
int32_t
rrn_onnx_gather_nd(rrn_onnx_call *call, rramnas_error *err)
{
  const rrn_shape *x = rrn_onnx_shape(call, 0), *indices = rrn_onnx_shape(call, 1);
  int64_t batch = 0, picked;
  int32_t k;

  RRN_TRY(rrn_onnx_attr_int(call, "batch_dims", &batch, err));
  RRN_FAIL_IF(indices->rank < 1 || batch < 0 || batch >= indices->rank || batch >= x->rank, err, RRAMNAS_ERR_SHAPE,
              "batch_dims does not agree with data and indices");
  picked = indices->dims[indices->rank - 1];
  RRN_FAIL_IF(picked < 1 || picked > x->rank - batch, err, RRAMNAS_ERR_SHAPE,
              "the indices pick from %lld dimensions, the data has %d", (long long)picked, x->rank);
  RRN_FAIL_IF(indices->rank - 1 + x->rank - batch - picked > RRAMNAS_MAX_RANK, err, RRAMNAS_ERR_LIMIT,
              "the result has more than %d dimensions", RRAMNAS_MAX_RANK);
  for (k = 0; k < indices->rank - 1; k++)
    call->out[0].dims[call->out[0].rank++] = indices->dims[k];
  for (k = (int32_t)(batch + picked); k < x->rank; k++)
    call->out[0].dims[call->out[0].rank++] = x->dims[k];
  return RRAMNAS_OK;
}

/* Sizes of the parts: equal ones, the last one smaller since opset 18. */
static int32_t
split_evenly(rrn_onnx_call *call, int64_t length, int32_t axis, rramnas_error *err)
{
  int64_t n = call->n_out, part = length / n + (length % n != 0), k;

  RRN_FAIL_IF(length % n != 0 && call->model->opset < 18, err, RRAMNAS_ERR_SHAPE,
              "%lld does not split into %lld equal parts", (long long)length, (long long)n);
  for (k = 0; k < n; k++) {
    int64_t left = length - k * part;

    call->out[k].dims[axis] = left < part ? left : part;
    RRN_FAIL_IF(left < 1, err, RRAMNAS_ERR_SHAPE, "%lld does not split into %lld parts", (long long)length,
                (long long)n);
  }
  return RRAMNAS_OK;
}

static int32_t
split_given(rrn_onnx_call *call, const int64_t *sizes, int32_t n, int64_t length, int32_t axis, rramnas_error *err)
{
  int64_t sum = 0;
  int32_t k;

  RRN_FAIL_IF(n != call->n_out, err, RRAMNAS_ERR_SHAPE, "%d sizes for %d outputs", n, call->n_out);
  for (k = 0; k < n; k++) {
    RRN_FAIL_IF(sizes[k] < 0 || sizes[k] > length || ckd_add(&sum, sum, sizes[k]), err, RRAMNAS_ERR_SHAPE,
                "part %d has size %lld, the axis has %lld", k, (long long)sizes[k], (long long)length);
    call->out[k].dims[axis] = sizes[k];
  }
  RRN_FAIL_IF(sum != length, err, RRAMNAS_ERR_SHAPE, "the parts have %lld together, the axis has %lld",
              (long long)sum, (long long)length);
  return RRAMNAS_OK;
}

int32_t
rrn_onnx_split(rrn_onnx_call *call, rramnas_error *err)
{
  const rrn_shape *x = rrn_onnx_shape(call, 0);
  int64_t axis = 0, *sizes = rrn_arena_alloc_raw(call->scratch, RRN_ONNX_MAX_FOLD, sizeof(*sizes));
  int32_t n, k;

  if (!sizes)
    return rrn_fail_memory(err);
  RRN_TRY(rrn_onnx_attr_int(call, "axis", &axis, err));
  RRN_TRY(rrn_shape_axis(axis, x->rank, &call->attrs.axis, err));
  for (k = 0; k < call->n_out; k++)
    call->out[k] = *x;
  RRN_TRY(rrn_onnx_list(call, "split", 1, 13, sizes, RRN_ONNX_MAX_FOLD, &n, err));
  if (n < 0)
    return split_evenly(call, x->dims[call->attrs.axis], call->attrs.axis, err);
  return split_given(call, sizes, n, x->dims[call->attrs.axis], call->attrs.axis, err);
}

/* attrs.dims: where the output's first element lies in the input; number[0]: what stands around it. Only for constant
 * padding whose value is known; n_dims is 0 otherwise. */
static int32_t
keep_pads(rrn_onnx_call *call, const int64_t *pads, rramnas_error *err)
{
  const rrn_onnx_data *value = NULL;
  rrn_onnx_span mode = { "constant", 8 };
  int32_t k;

  RRN_TRY(rrn_onnx_attr_text(call, "mode", &mode, err));
  if (call->model->opset < 11)
    RRN_TRY(rrn_onnx_attr_real(call, "value", &call->attrs.number[0], err));
  else
    RRN_TRY(rrn_onnx_input_data(call, 2, &value, err));
  if (!rrn_onnx_is(mode, "constant") || (rrn_onnx_has(call, 2) && (!value || value->n != 1)))
    return RRAMNAS_OK;
  if (value)
    call->attrs.number[0] = rrn_onnx_real(value, 0);
  call->attrs.n_dims = rrn_onnx_shape(call, 0)->rank;
  for (k = 0; k < call->attrs.n_dims; k++)
    call->attrs.dims[k] = -pads[k];
  return RRAMNAS_OK;
}

int32_t
rrn_onnx_pad(rrn_onnx_call *call, rramnas_error *err)
{
  const rrn_shape *x = rrn_onnx_shape(call, 0);
  int64_t read[2 * RRAMNAS_MAX_RANK], axes[RRAMNAS_MAX_RANK], pads[2 * RRAMNAS_MAX_RANK] = { 0 };
  int32_t n, n_axes = -1, k, axis;

  RRN_TRY(rrn_onnx_list(call, "pads", 1, 11, read, 2 * RRAMNAS_MAX_RANK, &n, err));
  if (call->model->opset >= 18)
    RRN_TRY(rrn_onnx_list(call, "axes", 3, 18, axes, RRAMNAS_MAX_RANK, &n_axes, err));
  if (n_axes < 0)
    for (n_axes = 0; n_axes < x->rank; n_axes++)
      axes[n_axes] = n_axes;
  RRN_FAIL_IF(n != 2 * n_axes, err, RRAMNAS_ERR_SHAPE, "%d pads, expected two for each of the %d axes", n < 0 ? 0 : n,
              n_axes);
  for (k = 0; k < n_axes; k++) {
    RRN_TRY(rrn_shape_axis(axes[k], x->rank, &axis, err));
    pads[axis] = read[k];
    pads[x->rank + axis] = read[n_axes + k];
  }
  RRN_TRY(rrn_shape_pad(x, pads, 2 * x->rank, &call->out[0], err));
  return keep_pads(call, pads, err);
}

int32_t
rrn_onnx_squeeze(rrn_onnx_call *call, rramnas_error *err)
{
  const rrn_shape *x = rrn_onnx_shape(call, 0);
  rrn_attrs *a = &call->attrs;
  int32_t k, axis;

  RRN_TRY(rrn_onnx_list(call, "axes", 1, 13, a->dims, RRAMNAS_MAX_RANK, &a->n_dims, err));
  if (a->n_dims < 0)
    a->n_dims = 0;
  for (k = 0; k < a->n_dims; k++) {
    RRN_TRY(rrn_shape_axis(a->dims[k], x->rank, &axis, err));
    a->dims[k] = axis;
  }
  return rrn_shape_squeeze(x, a->dims, a->n_dims, &call->out[0], err);
}

int32_t
rrn_onnx_unsqueeze(rrn_onnx_call *call, rramnas_error *err)
{
  rrn_attrs *a = &call->attrs;

  RRN_TRY(rrn_onnx_list(call, "axes", 1, 13, a->dims, RRAMNAS_MAX_RANK, &a->n_dims, err));
  RRN_FAIL_IF(a->n_dims < 0, err, RRAMNAS_ERR_SHAPE, "the axes are missing");
  return rrn_shape_unsqueeze(rrn_onnx_shape(call, 0), a->dims, a->n_dims, &call->out[0], err);
}

int32_t
rrn_onnx_expand(rrn_onnx_call *call, rramnas_error *err)
{
  rrn_shape target = { 0, { 0 } };

  RRN_TRY(rrn_onnx_list(call, "shape", 1, 0, target.dims, RRAMNAS_MAX_RANK, &target.rank, err));
  RRN_TRY(rrn_shape_broadcast(rrn_onnx_shape(call, 0), &target, &call->out[0], err));
  target_is_result(call);
  return RRAMNAS_OK;
}

int32_t
rrn_onnx_tile(rrn_onnx_call *call, rramnas_error *err)
{
  const rrn_shape *x = rrn_onnx_shape(call, 0);
  int64_t repeats[RRAMNAS_MAX_RANK];
  int32_t n, k;

  RRN_TRY(rrn_onnx_list(call, "repeats", 1, 0, repeats, RRAMNAS_MAX_RANK, &n, err));
  RRN_FAIL_IF(n != x->rank, err, RRAMNAS_ERR_SHAPE, "%d repeats for %d dimensions", n, x->rank);
  call->out[0].rank = x->rank;
  for (k = 0; k < n; k++)
    RRN_FAIL_IF(repeats[k] < 0 || ckd_mul(&call->out[0].dims[k], x->dims[k], repeats[k]), err, RRAMNAS_ERR_RANGE,
                "dimension %d repeats %lld times", k, (long long)repeats[k]);
  target_is_result(call);
  return RRAMNAS_OK;
}

/* Output sizes from sizes; the aspect-ratio policies use one scale for all axes. */
static int32_t
resize_by_sizes(rrn_onnx_call *call, const rrn_onnx_data *sizes, const int64_t *axes, rramnas_error *err)
{
  const rrn_shape *x = rrn_onnx_shape(call, 0);
  rrn_onnx_span policy = { "", 0 };
  int keep, smallest;
  double best = 0;
  int32_t k;

  RRN_TRY(rrn_onnx_attr_text(call, "keep_aspect_ratio_policy", &policy, err));
  smallest = rrn_onnx_is(policy, "not_larger");
  keep = smallest || rrn_onnx_is(policy, "not_smaller");
  for (k = 0; k < sizes->n; k++) {
    double scale = rrn_onnx_real(sizes, k) / (double)x->dims[axes[k]];

    if (k == 0 || (smallest ? scale < best : scale > best))
      best = scale;
  }
  for (k = 0; k < sizes->n; k++) {
    double length = keep ? floor(best * (double)x->dims[axes[k]] + 0.5) : rrn_onnx_real(sizes, k);

    RRN_FAIL_IF(!(length >= 1 && length <= INT32_MAX), err, RRAMNAS_ERR_RANGE,
                "an output size is outside of 1 to 2147483647");
    call->out[0].dims[axes[k]] = (int64_t)length;
  }
  return RRAMNAS_OK;
}

static int32_t
resize_by_scales(rrn_onnx_call *call, const rrn_onnx_data *scales, const int64_t *axes, rramnas_error *err)
{
  const rrn_shape *x = rrn_onnx_shape(call, 0);
  int32_t k;

  for (k = 0; k < scales->n; k++) {
    /* Single precision, as every runtime does: 10 * 0.7 is 7 there, and just below in double. */
    float length = floorf((float)x->dims[axes[k]] * (float)rrn_onnx_real(scales, k));

    RRN_FAIL_IF(!(length >= 1 && (double)length <= INT32_MAX), err, RRAMNAS_ERR_RANGE,
                "a scale gives a size outside of 1 to 2147483647");
    call->out[0].dims[axes[k]] = (int64_t)length;
  }
  return RRAMNAS_OK;
}

/* Inputs x, scales (Upsample, opset 10) or x, roi, scales, sizes (since 11), of which one of the last two
 * counts and the other is left out or empty. */
int32_t
rrn_onnx_resize(rrn_onnx_call *call, rramnas_error *err)
{
  const rrn_shape *x = rrn_onnx_shape(call, 0);
  int old = call->model->opset < 11;
  const rrn_onnx_data *scales = NULL, *sizes = NULL, *given;
  int64_t axes[RRAMNAS_MAX_RANK];
  int32_t n_axes, k, axis;

  RRN_TRY(rrn_onnx_attr_ints(call, "axes", axes, RRAMNAS_MAX_RANK, &n_axes, err));
  if (n_axes < 0)
    for (n_axes = 0; n_axes < x->rank; n_axes++)
      axes[n_axes] = n_axes;
  for (k = 0; k < n_axes; k++) {
    RRN_TRY(rrn_shape_axis(axes[k], x->rank, &axis, err));
    axes[k] = axis;
  }
  if (!old && rrn_onnx_has(call, 3))
    RRN_TRY(rrn_onnx_need_data(call, 3, "sizes", &sizes, err));
  if (!sizes || sizes->n == 0)
    RRN_TRY(rrn_onnx_need_data(call, old ? 1 : 2, "scales", &scales, err));
  given = scales ? scales : sizes;
  RRN_FAIL_IF(given->n != n_axes, err, RRAMNAS_ERR_SHAPE, "%d %s for %d axes", given->n, scales ? "scales" : "sizes",
              n_axes);
  call->out[0] = *x;
  return scales ? resize_by_scales(call, scales, axes, err) : resize_by_sizes(call, sizes, axes, err);
}

int32_t
rrn_onnx_depth_space(rrn_onnx_call *call, rramnas_error *err)
{
  int to_space = rrn_onnx_is(call->node->op_type, "DepthToSpace");
  const rrn_shape *x = rrn_onnx_shape(call, 0);
  rrn_shape *y = &call->out[0];
  int64_t b = 0;

  RRN_TRY(rrn_onnx_attr_int(call, "blocksize", &b, err));
  RRN_FAIL_IF(b < 1 || b > 65536, err, RRAMNAS_ERR_RANGE, "attribute 'blocksize' is %lld, expected 1 to 65536",
              (long long)b);
  RRN_FAIL_IF(x->rank != 4, err, RRAMNAS_ERR_SHAPE, "the input has %d dimensions, expected 4", x->rank);
  RRN_FAIL_IF(to_space ? x->dims[1] % (b * b) != 0 : x->dims[2] % b != 0 || x->dims[3] % b != 0, err,
              RRAMNAS_ERR_SHAPE, "the input does not divide into blocks of %lld", (long long)b);
  *y = *x;
  y->dims[1] = to_space ? x->dims[1] / (b * b) : x->dims[1] * b * b;
  y->dims[2] = to_space ? x->dims[2] * b : x->dims[2] / b;
  y->dims[3] = to_space ? x->dims[3] * b : x->dims[3] / b;
  return RRAMNAS_OK;
}
