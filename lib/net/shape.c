/* SPDX-License-Identifier: MIT */
/* Shapes of operators that multiply matrices, combine tensors elementwise or move data.
 *
 * In: input shapes and attributes. Out: the output shape, or ERR_SHAPE saying what does not agree. Semantics
 * are ONNX's (opset 9 to 20), which for products, broadcasting, slices and reshapes are numpy's. Windows are
 * in shape_window.c. A rule writes its result last: a failing one leaves it as it was. */
#include "net/shape.h"

#include <stdio.h>
#include <string.h>

#include "util/ckd.h"

const char *
rrn_shape_text(const rrn_shape *shape, char buffer[RRN_SHAPE_TEXT])
{
  size_t used = 0;
  int32_t i;

  buffer[used++] = '[';
  for (i = 0; i < shape->rank && i < RRAMNAS_MAX_RANK; i++)
    used += (size_t)snprintf(buffer + used, RRN_SHAPE_TEXT - used, i ? ", %lld" : "%lld", (long long)shape->dims[i]);
  buffer[used++] = ']';
  buffer[used] = '\0';
  return buffer;
}

rrn_shape
rrn_shape_of(const rrn_tensor *tensor)
{
  rrn_shape shape = { .rank = tensor->rank };
  int32_t i;

  /* One by one: tensors were often just written, and a wide load has to wait for narrow stores to land. It was a
   * third of the time of building a network. */
  for (i = 0; i < tensor->rank; i++)
    shape.dims[i] = tensor->dims[i];
  return shape;
}

int32_t
rrn_shape_axis(int64_t axis, int32_t rank, int32_t *ret_axis, rramnas_error *err)
{
  RRN_FAIL_IF(axis < -rank || axis >= rank, err, RRAMNAS_ERR_SHAPE, "axis is %lld, expected %d..%d", (long long)axis,
              -(int)rank, (int)rank - 1);
  *ret_axis = (int32_t)(axis < 0 ? axis + rank : axis);
  return RRAMNAS_OK;
}

/* axes -> one flag per dimension; each at most once. */
static int32_t
mark_axes(const int64_t *axes, int32_t n, int32_t rank, unsigned char marked[RRAMNAS_MAX_RANK], rramnas_error *err)
{
  int32_t i, axis = 0;

  memset(marked, 0, RRAMNAS_MAX_RANK);
  for (i = 0; i < n; i++) {
    RRN_TRY(rrn_shape_axis(axes[i], rank, &axis, err));
    RRN_FAIL_IF(marked[axis], err, RRAMNAS_ERR_SHAPE, "axis %d is named twice", (int)axis);
    marked[axis] = 1;
  }
  return RRAMNAS_OK;
}

static int32_t
fail_pair(const char *what, const rrn_shape *a, const rrn_shape *b, rramnas_error *err)
{
  char at[RRN_SHAPE_TEXT], bt[RRN_SHAPE_TEXT];

  return rrn_fail(err, RRAMNAS_ERR_SHAPE, "shapes %s and %s %s", rrn_shape_text(a, at), rrn_shape_text(b, bt), what);
}

int32_t
rrn_shape_gemm(const rrn_shape *a, const rrn_shape *b, int trans_a, int trans_b, rrn_shape *ret_out, rramnas_error *err)
{
  rrn_shape out = { .rank = 2 };

  if (a->rank != 2 || b->rank != 2)
    return fail_pair("cannot be multiplied by Gemm: expected two dimensions each", a, b, err);
  if (a->dims[!trans_a] != b->dims[!!trans_b])
    return fail_pair(trans_a || trans_b ? "do not agree in the summed dimension (one is transposed)"
                                        : "do not agree in the summed dimension",
                     a, b, err);
  out.dims[0] = a->dims[!!trans_a];
  out.dims[1] = b->dims[!trans_b];
  *ret_out = out;
  return RRAMNAS_OK;
}

/* Dimension i of the result of broadcasting, counted from the end; a missing dimension is 1. */
static int
broadcast_dim(int64_t a, int64_t b, int64_t *ret_dim)
{
  *ret_dim = a == 1 ? b : a;
  return a == b || a == 1 || b == 1;
}

static int64_t
dim_from_end(const rrn_shape *x, int32_t i)
{
  return i < x->rank ? x->dims[x->rank - 1 - i] : 1;
}

int32_t
rrn_shape_broadcast(const rrn_shape *a, const rrn_shape *b, rrn_shape *ret_out, rramnas_error *err)
{
  rrn_shape out = { .rank = a->rank > b->rank ? a->rank : b->rank };
  int32_t i;

  for (i = 0; i < out.rank; i++)
    if (!broadcast_dim(dim_from_end(a, i), dim_from_end(b, i), &out.dims[out.rank - 1 - i]))
      return fail_pair("cannot be broadcast", a, b, err);
  *ret_out = out;
  return RRAMNAS_OK;
}

/* A vector is a row on the left and a column on the right, and its dimension of 1 is dropped again. */
int32_t
rrn_shape_matmul(const rrn_shape *a, const rrn_shape *b, rrn_shape *ret_out, rramnas_error *err)
{
  rrn_shape batch_a = *a, batch_b = *b, out;

  if (a->rank < 1 || b->rank < 1)
    return fail_pair("cannot be multiplied: expected at least one dimension each", a, b, err);
  if (a->dims[a->rank - 1] != b->dims[b->rank < 2 ? 0 : b->rank - 2])
    return fail_pair("do not agree in the summed dimension", a, b, err);
  batch_a.rank = a->rank < 2 ? 0 : a->rank - 2;
  batch_b.rank = b->rank < 2 ? 0 : b->rank - 2;
  if (rrn_shape_broadcast(&batch_a, &batch_b, &out, NULL) < 0)
    return fail_pair("cannot be multiplied: their leading dimensions do not broadcast", a, b, err);
  if (a->rank > 1)
    out.dims[out.rank++] = a->dims[a->rank - 2];
  if (b->rank > 1)
    out.dims[out.rank++] = b->dims[b->rank - 1];
  *ret_out = out;
  return RRAMNAS_OK;
}

int32_t
rrn_shape_concat(const rrn_shape *const *x, size_t n, int32_t axis, rrn_shape *ret_out, rramnas_error *err)
{
  rrn_shape out;
  int32_t at = 0, i;
  size_t k;

  RRN_FAIL_IF(n == 0, err, RRAMNAS_ERR_SHAPE, "nothing to concatenate");
  out = *x[0];
  RRN_TRY(rrn_shape_axis(axis, out.rank, &at, err));
  for (k = 1; k < n; k++) {
    if (x[k]->rank != out.rank)
      return fail_pair("cannot be concatenated: expected equal ranks", x[0], x[k], err);
    for (i = 0; i < out.rank; i++)
      if (i != at && x[k]->dims[i] != out.dims[i])
        return fail_pair("cannot be concatenated: they differ outside of the axis", x[0], x[k], err);
    RRN_FAIL_IF(ckd_add(&out.dims[at], out.dims[at], x[k]->dims[at]), err, RRAMNAS_ERR_RANGE,
                "the concatenated dimension is too long");
  }
  *ret_out = out;
  return RRAMNAS_OK;
}

static int32_t
product(const rrn_shape *x, int32_t from, int32_t to, int64_t *ret_product, rramnas_error *err)
{
  char text[RRN_SHAPE_TEXT];
  int64_t n = 1;

  for (; from < to; from++)
    RRN_FAIL_IF(ckd_mul(&n, n, x->dims[from]), err, RRAMNAS_ERR_RANGE, "shape %s has too many elements",
                rrn_shape_text(x, text));
  *ret_product = n;
  return RRAMNAS_OK;
}

/* The axis may also be the rank: everything then comes before it. */
int32_t
rrn_shape_flatten(const rrn_shape *x, int32_t axis, rrn_shape *ret_out, rramnas_error *err)
{
  rrn_shape out = { .rank = 2 };

  RRN_FAIL_IF(axis < -x->rank || axis > x->rank, err, RRAMNAS_ERR_SHAPE, "axis is %d, expected %d..%d", (int)axis,
              -(int)x->rank, (int)x->rank);
  if (axis < 0)
    axis += x->rank;
  RRN_TRY(product(x, 0, axis, &out.dims[0], err));
  RRN_TRY(product(x, axis, x->rank, &out.dims[1], err));
  *ret_out = out;
  return RRAMNAS_OK;
}

/* Replaces 0 by the input's dimension and -1 by 1; *ret_inferred is where the -1 stood, -1 without one. */
static int32_t
reshape_known(const rrn_shape *x, const int64_t *target, int allow_zero, rrn_shape *out, int32_t *ret_inferred,
              rramnas_error *err)
{
  int32_t i;

  *ret_inferred = -1;
  for (i = 0; i < out->rank; i++) {
    out->dims[i] = target[i];
    if (target[i] == -1) {
      RRN_FAIL_IF(*ret_inferred >= 0, err, RRAMNAS_ERR_SHAPE, "the target shape has more than one -1");
      *ret_inferred = i;
      out->dims[i] = 1;
    } else if (target[i] == 0 && !allow_zero) {
      RRN_FAIL_IF(i >= x->rank, err, RRAMNAS_ERR_SHAPE, "the target copies dimension %d, the input has %d", (int)i,
                  (int)x->rank);
      out->dims[i] = x->dims[i];
    }
    RRN_FAIL_IF(out->dims[i] < 0, err, RRAMNAS_ERR_SHAPE, "the target shape has dimension %lld", (long long)target[i]);
  }
  return RRAMNAS_OK;
}

static int32_t
fail_reshape(const rrn_shape *x, const int64_t *target, int32_t n, rramnas_error *err)
{
  rrn_shape wanted = { .rank = n };

  memcpy(wanted.dims, target, (size_t)n * sizeof(*target));
  return fail_pair("(target) do not have the same number of elements", x, &wanted, err);
}

int32_t
rrn_shape_reshape(const rrn_shape *x, const int64_t *target, int32_t n, int allow_zero, rrn_shape *ret_out,
                  rramnas_error *err)
{
  rrn_shape out = { .rank = n };
  int64_t have = 0, given = 0;
  int32_t inferred = -1;

  RRN_FAIL_IF(n < 0 || n > RRAMNAS_MAX_RANK, err, RRAMNAS_ERR_LIMIT, "the target has %d dimensions, the limit is %d",
              (int)n, RRAMNAS_MAX_RANK);
  RRN_TRY(reshape_known(x, target, allow_zero, &out, &inferred, err));
  RRN_TRY(product(x, 0, x->rank, &have, err));
  RRN_TRY(product(&out, 0, n, &given, err));
  if (inferred >= 0) {
    if (given == 0 || have % given)
      return fail_reshape(x, target, n, err);
    out.dims[inferred] = have / given;
  } else if (have != given) {
    return fail_reshape(x, target, n, err);
  }
  *ret_out = out;
  return RRAMNAS_OK;
}

int32_t
rrn_shape_transpose(const rrn_shape *x, const int64_t *perm, int32_t n, rrn_shape *ret_out, rramnas_error *err)
{
  unsigned char marked[RRAMNAS_MAX_RANK];
  rrn_shape out = { .rank = x->rank };
  int32_t i;

  RRN_FAIL_IF(n != 0 && n != x->rank, err, RRAMNAS_ERR_SHAPE, "the permutation has %d entries, the input %d dimensions",
              (int)n, (int)x->rank);
  if (n)
    RRN_TRY(mark_axes(perm, n, x->rank, marked, err));
  for (i = 0; i < x->rank; i++) {
    int32_t from = x->rank - 1 - i;

    if (n)
      RRN_TRY(rrn_shape_axis(perm[i], x->rank, &from, err));
    out.dims[i] = x->dims[from];
  }
  *ret_out = out;
  return RRAMNAS_OK;
}

int32_t
rrn_shape_reduce(const rrn_shape *x, const int64_t *axes, int32_t n, int keep_dims, rrn_shape *ret_out,
                 rramnas_error *err)
{
  unsigned char marked[RRAMNAS_MAX_RANK];
  rrn_shape out = { .rank = 0 };
  int32_t i;

  RRN_TRY(mark_axes(axes, n, x->rank, marked, err));
  for (i = 0; i < x->rank; i++)
    if (n && !marked[i])
      out.dims[out.rank++] = x->dims[i];
    else if (keep_dims)
      out.dims[out.rank++] = 1;
  *ret_out = out;
  return RRAMNAS_OK;
}

int32_t
rrn_shape_squeeze(const rrn_shape *x, const int64_t *axes, int32_t n, rrn_shape *ret_out, rramnas_error *err)
{
  unsigned char marked[RRAMNAS_MAX_RANK];
  rrn_shape out = { .rank = 0 };
  int32_t i;

  RRN_TRY(mark_axes(axes, n, x->rank, marked, err));
  for (i = 0; i < x->rank; i++) {
    RRN_FAIL_IF(marked[i] && x->dims[i] != 1, err, RRAMNAS_ERR_SHAPE, "dimension %d is %lld, expected 1 to squeeze it",
                (int)i, (long long)x->dims[i]);
    if (n ? !marked[i] : x->dims[i] != 1)
      out.dims[out.rank++] = x->dims[i];
  }
  *ret_out = out;
  return RRAMNAS_OK;
}

int32_t
rrn_shape_unsqueeze(const rrn_shape *x, const int64_t *axes, int32_t n, rrn_shape *ret_out, rramnas_error *err)
{
  unsigned char marked[RRAMNAS_MAX_RANK];
  rrn_shape out = { .rank = x->rank + n };
  int32_t i, from = 0;

  RRN_FAIL_IF(n < 0 || n > RRAMNAS_MAX_RANK - x->rank, err, RRAMNAS_ERR_LIMIT,
              "%d dimensions and %d more, the limit is %d", (int)x->rank, (int)n, RRAMNAS_MAX_RANK);
  RRN_TRY(mark_axes(axes, n, out.rank, marked, err));
  for (i = 0; i < out.rank; i++)
    out.dims[i] = marked[i] ? 1 : x->dims[from++];
  *ret_out = out;
  return RRAMNAS_OK;
}

static int64_t
clamp(int64_t value, int64_t low, int64_t high)
{
  return value < low ? low : value > high ? high : value;
}

/* Elements that start, start + step, ... before end takes from a dimension. */
static int64_t
slice_length(int64_t dim, int64_t start, int64_t end, int64_t step)
{
  /* Unsigned, because -INT64_MIN does not exist. */
  const uint64_t stride = step < 0 ? 0 - (uint64_t)step : (uint64_t)step;

  if (dim == 0)
    return 0;
  if (start < 0)
    start += dim;
  if (end < 0)
    end += dim;
  if (step > 0) {
    start = clamp(start, 0, dim);
    end = clamp(end, 0, dim);
    return start >= end ? 0 : (int64_t)((uint64_t)(end - start - 1) / stride) + 1;
  }
  start = clamp(start, 0, dim - 1);
  end = clamp(end, -1, dim - 1);
  return start <= end ? 0 : (int64_t)((uint64_t)(start - end - 1) / stride) + 1;
}

int32_t
rrn_shape_slice(const rrn_shape *x, const int64_t *starts, const int64_t *ends, const int64_t *axes,
                const int64_t *steps, int32_t n, rrn_shape *ret_out, rramnas_error *err)
{
  static const int64_t in_order[RRAMNAS_MAX_RANK] = { 0, 1, 2, 3, 4, 5, 6, 7 };
  unsigned char marked[RRAMNAS_MAX_RANK];
  rrn_shape out = *x;
  int32_t i, axis = 0;

  RRN_FAIL_IF(n < 0 || n > x->rank, err, RRAMNAS_ERR_SHAPE, "%d axes are sliced, the input has %d", (int)n,
              (int)x->rank);
  if (!axes)
    axes = in_order;
  RRN_TRY(mark_axes(axes, n, x->rank, marked, err));
  for (i = 0; i < n; i++) {
    const int64_t step = steps ? steps[i] : 1;

    RRN_FAIL_IF(step == 0, err, RRAMNAS_ERR_SHAPE, "step %d is 0", (int)i);
    RRN_TRY(rrn_shape_axis(axes[i], x->rank, &axis, err));
    out.dims[axis] = slice_length(x->dims[axis], starts[i], ends[i], step);
  }
  *ret_out = out;
  return RRAMNAS_OK;
}

int32_t
rrn_shape_gather(const rrn_shape *x, const rrn_shape *indices, int32_t axis, rrn_shape *ret_out, rramnas_error *err)
{
  rrn_shape out = { .rank = 0 };
  int32_t at = 0, i;

  RRN_TRY(rrn_shape_axis(axis, x->rank, &at, err));
  if (x->rank - 1 + indices->rank > RRAMNAS_MAX_RANK)
    return rrn_fail(err, RRAMNAS_ERR_LIMIT, "the gathered tensor has %d dimensions, the limit is %d",
                    (int)(x->rank - 1 + indices->rank), RRAMNAS_MAX_RANK);
  for (i = 0; i < at; i++)
    out.dims[out.rank++] = x->dims[i];
  for (i = 0; i < indices->rank; i++)
    out.dims[out.rank++] = indices->dims[i];
  for (i = at + 1; i < x->rank; i++)
    out.dims[out.rank++] = x->dims[i];
  *ret_out = out;
  return RRAMNAS_OK;
}

int32_t
rrn_shape_pad(const rrn_shape *x, const int64_t *pads, int32_t n, rrn_shape *ret_out, rramnas_error *err)
{
  rrn_shape out = *x;
  int32_t i;

  RRN_FAIL_IF(n != 2 * x->rank, err, RRAMNAS_ERR_SHAPE, "%d pads, expected %d", (int)n, 2 * (int)x->rank);
  for (i = 0; i < x->rank; i++)
    RRN_FAIL_IF(ckd_add(&out.dims[i], out.dims[i], pads[i]) || ckd_add(&out.dims[i], out.dims[i], pads[x->rank + i]) ||
                  out.dims[i] < 0,
                err, RRAMNAS_ERR_SHAPE, "dimension %d is %lld, too short or too long for pads of %lld and %lld", (int)i,
                (long long)x->dims[i], (long long)pads[i], (long long)pads[x->rank + i]);
  *ret_out = out;
  return RRAMNAS_OK;
}
