/* SPDX-License-Identifier: MIT */
/* Shapes of operators that slide a window: convolutions and pools.
 *
 * In: input shape, window, strides, dilations, padding. Out: output shape, with the padding made explicit and
 * unused dimensions of the attributes at their neutral values. Semantics are ONNX's (opset 9 to 20):
 *
 *  - given padding: floor((in + begin + end - reach) / stride) + 1, reach = dilation * (kernel - 1) + 1;
 *  - SAME: ceil(in / stride) outputs, the padding they need split in halves, the odd one at the end (UPPER) or
 *    at the begin (LOWER); VALID: no padding; rounding up does not apply to either;
 *  - rounding up (pools): one more window, but not one that would start behind the input and its begin padding.
 *
 * All attributes are checked to be below 2^31 first, so sums and products below cannot overflow. */
#include "net/shape.h"

#define MAX_ATTR INT64_C(0x7fffffff)

static int32_t
check_attr(const char *what, int32_t i, int64_t value, int64_t least, rramnas_error *err)
{
  RRN_FAIL_IF(value < least || value > MAX_ATTR, err, RRAMNAS_ERR_RANGE, "%s %d is %lld, expected %lld..2147483647",
              what, (int)i, (long long)value, (long long)least);
  return RRAMNAS_OK;
}

static int32_t
check_window(const rrn_attrs *a, rrn_auto_pad mode, rramnas_error *err)
{
  int32_t i;

  for (i = 0; i < a->n_spatial; i++) {
    RRN_TRY(check_attr("kernel", i, a->kernel[i], 1, err));
    RRN_TRY(check_attr("stride", i, a->stride[i], 1, err));
    RRN_TRY(check_attr("dilation", i, a->dilation[i], 1, err));
    if (mode == RRN_PAD_GIVEN) {
      RRN_TRY(check_attr("pad", i, a->pad[i], 0, err));
      RRN_TRY(check_attr("pad", a->n_spatial + i, a->pad[a->n_spatial + i], 0, err));
    }
  }
  return RRAMNAS_OK;
}

static void
pad_same(int64_t in, int64_t reach, int64_t stride, rrn_auto_pad mode, int64_t *begin, int64_t *end)
{
  const int64_t windows = (in + stride - 1) / stride;
  const int64_t need = (windows - 1) * stride + reach - in, total = need > 0 ? need : 0;
  const int64_t half = total / 2;

  *begin = mode == RRN_PAD_SAME_UPPER ? half : total - half;
  *end = total - *begin;
}

/* One spatial dimension; sets its two pads. */
static int32_t
slide(int64_t in, int32_t i, rrn_auto_pad mode, rrn_attrs *a, int64_t *ret_out, rramnas_error *err)
{
  const int64_t reach = a->dilation[i] * (a->kernel[i] - 1) + 1, stride = a->stride[i];
  int64_t *begin = &a->pad[i], *end = &a->pad[a->n_spatial + i], room, out;

  if (mode == RRN_PAD_SAME_UPPER || mode == RRN_PAD_SAME_LOWER)
    pad_same(in, reach, stride, mode, begin, end);
  else if (mode == RRN_PAD_VALID)
    *begin = *end = 0;
  room = in + *begin + *end - reach;
  RRN_FAIL_IF(room < 0, err, RRAMNAS_ERR_SHAPE,
              "the window reaches over %lld in spatial dimension %d, the input has %lld with its padding",
              (long long)reach, (int)i, (long long)(in + *begin + *end));
  out = room / stride + 1;
  if (mode == RRN_PAD_GIVEN && a->ceil_mode && room % stride && out * stride < in + *begin)
    out++;
  *ret_out = out;
  return RRAMNAS_OK;
}

static void
neutral_rest(rrn_attrs *a)
{
  int32_t i;

  for (i = a->n_spatial; i < RRAMNAS_MAX_SPATIAL; i++)
    a->kernel[i] = a->stride[i] = a->dilation[i] = 1;
  for (i = 2 * a->n_spatial; i < 2 * RRAMNAS_MAX_SPATIAL; i++)
    a->pad[i] = 0;
}

static int32_t
check_input(const rrn_shape *x, rramnas_error *err)
{
  char text[RRN_SHAPE_TEXT];

  RRN_FAIL_IF(x->rank < 3 || x->rank > 2 + RRAMNAS_MAX_SPATIAL, err, RRAMNAS_ERR_SHAPE,
              "the input has shape %s, expected [n, channels, 1 to %d spatial dimensions]", rrn_shape_text(x, text),
              RRAMNAS_MAX_SPATIAL);
  return RRAMNAS_OK;
}

static int32_t
slide_all(const rrn_shape *x, rrn_auto_pad mode, rrn_attrs *a, rrn_shape *ret_out, rramnas_error *err)
{
  rrn_shape out = *x;
  int32_t i;

  RRN_TRY(check_window(a, mode, err));
  for (i = 0; i < a->n_spatial; i++)
    RRN_TRY(slide(x->dims[2 + i], i, mode, a, &out.dims[2 + i], err));
  neutral_rest(a);
  *ret_out = out;
  return RRAMNAS_OK;
}

static int32_t
check_channels(const rrn_shape *x, const rrn_shape *w, int64_t groups, rramnas_error *err)
{
  RRN_FAIL_IF(groups < 1 || groups > MAX_ATTR, err, RRAMNAS_ERR_RANGE, "groups is %lld, expected 1..2147483647",
              (long long)groups);
  RRN_FAIL_IF(w->dims[0] < 1 || w->dims[0] % groups, err, RRAMNAS_ERR_SHAPE,
              "%lld output channels in %lld groups, expected a multiple", (long long)w->dims[0], (long long)groups);
  RRN_FAIL_IF(x->dims[1] % groups, err, RRAMNAS_ERR_SHAPE, "%lld input channels in %lld groups, expected a multiple",
              (long long)x->dims[1], (long long)groups);
  RRN_FAIL_IF(x->dims[1] / groups != w->dims[1], err, RRAMNAS_ERR_SHAPE,
              "the weight takes %lld channels per group, the input has %lld in %lld groups", (long long)w->dims[1],
              (long long)x->dims[1], (long long)groups);
  return RRAMNAS_OK;
}

int32_t
rrn_shape_conv(const rrn_shape *x, const rrn_shape *w, rrn_auto_pad mode, rrn_attrs *a, rrn_shape *ret_out,
               rramnas_error *err)
{
  char xt[RRN_SHAPE_TEXT], wt[RRN_SHAPE_TEXT];
  int32_t i;

  RRN_TRY(check_input(x, err));
  RRN_FAIL_IF(w->rank != x->rank, err, RRAMNAS_ERR_SHAPE, "the input has shape %s, the weight %s, expected equal ranks",
              rrn_shape_text(x, xt), rrn_shape_text(w, wt));
  RRN_TRY(check_channels(x, w, a->groups, err));
  a->n_spatial = x->rank - 2;
  a->ceil_mode = 0;
  for (i = 0; i < a->n_spatial; i++)
    a->kernel[i] = w->dims[2 + i];
  RRN_TRY(slide_all(x, mode, a, ret_out, err));
  ret_out->dims[1] = w->dims[0];
  return RRAMNAS_OK;
}

int32_t
rrn_shape_pool(const rrn_shape *x, rrn_auto_pad mode, rrn_attrs *a, rrn_shape *ret_out, rramnas_error *err)
{
  char text[RRN_SHAPE_TEXT];

  RRN_TRY(check_input(x, err));
  RRN_FAIL_IF(a->n_spatial != x->rank - 2, err, RRAMNAS_ERR_SHAPE,
              "the window has %d dimensions, the input has shape %s", (int)a->n_spatial, rrn_shape_text(x, text));
  return slide_all(x, mode, a, ret_out, err);
}

int32_t
rrn_shape_global_pool(const rrn_shape *x, rrn_shape *ret_out, rramnas_error *err)
{
  char text[RRN_SHAPE_TEXT];
  rrn_shape out = *x;
  int32_t i;

  RRN_FAIL_IF(x->rank < 2, err, RRAMNAS_ERR_SHAPE, "the input has shape %s, expected [n, channels, ...]",
              rrn_shape_text(x, text));
  for (i = 2; i < x->rank; i++)
    out.dims[i] = 1;
  *ret_out = out;
  return RRAMNAS_OK;
}
