/* SPDX-License-Identifier: MIT */
/* Shape rules against ONNX's own inference, and what that leaves open: rounding up, refusals, extreme numbers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "net/shape.h"

typedef struct window_case {
  rrn_shape x, w; /* pools: the kernel is w's */
  rrn_auto_pad mode;
  int64_t groups, stride[3], dilation[3], pad[6];
  rrn_shape out;
} window_case;

typedef struct pair_case {
  rrn_shape a, b, out;
} pair_case;

typedef struct axis_case {
  rrn_shape a, b;
  int32_t axis;
  rrn_shape out;
} axis_case;

typedef struct list_case {
  rrn_shape x;
  int32_t n;
  int64_t list[8];
  int flag;
  rrn_shape out;
} list_case;

typedef struct slice_case {
  rrn_shape x;
  int32_t n;
  int64_t starts[4], ends[4], axes[4], steps[4];
  rrn_shape out;
} slice_case;

#include "shape_cases.h"

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void
check(const char *what, size_t i, int32_t status, const rrn_shape *got, const rrn_shape *expected,
      const rramnas_error *err)
{
  char g[RRN_SHAPE_TEXT], e[RRN_SHAPE_TEXT];

  if (expected->rank < 0) {
    if (status >= 0)
      fail_msg("%s %zu: expected a refusal, got %s", what, i, rrn_shape_text(got, g));
    assert_int_equal(err->code, status);
    assert_true(err->message[0] != '\0');
    return;
  }
  if (status != RRAMNAS_OK)
    fail_msg("%s %zu: %s", what, i, err->message);
  if (strcmp(rrn_shape_text(got, g), rrn_shape_text(expected, e)) != 0)
    fail_msg("%s %zu: got %s, expected %s", what, i, g, e);
}

static rrn_attrs
attrs_of(const window_case *c)
{
  rrn_attrs a;
  int i;

  memset(&a, 0, sizeof(a));
  a.n_spatial = c->x.rank - 2;
  a.groups = c->groups;
  for (i = 0; i < 3; i++) {
    a.kernel[i] = c->w.dims[2 + i];
    a.stride[i] = c->stride[i];
    a.dilation[i] = c->dilation[i];
  }
  memcpy(a.pad, c->pad, sizeof(a.pad));
  return a;
}

static void
windows_like_onnx(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_shape out;
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(conv_cases); i++) {
    rrn_attrs a = attrs_of(&conv_cases[i]);

    memset(a.kernel, 0, sizeof(a.kernel)); /* the rule takes it from the weight */
    check("conv", i, rrn_shape_conv(&conv_cases[i].x, &conv_cases[i].w, conv_cases[i].mode, &a, &out, &err), &out,
          &conv_cases[i].out, &err);
    assert_int_equal(a.kernel[0], conv_cases[i].w.dims[2]);
    assert_int_equal(a.kernel[2], a.n_spatial == 3 ? conv_cases[i].w.dims[4] : 1);
  }
  for (i = 0; i < COUNT(pool_cases); i++) {
    rrn_attrs a = attrs_of(&pool_cases[i]);

    check("pool", i, rrn_shape_pool(&pool_cases[i].x, pool_cases[i].mode, &a, &out, &err), &out, &pool_cases[i].out,
          &err);
  }
}

/* in, kernel, stride, pads, outputs when rounding down and up: PyTorch's figures. */
static void
rounding_up(void **state)
{
  static const int64_t cases[][7] = {
    { 4, 1, 2, 0, 0, 2, 2 },   /* a window would start behind the input */
    { 5, 2, 2, 0, 0, 2, 3 },
    { 6, 3, 2, 0, 0, 2, 3 },
    { 7, 3, 2, 0, 0, 3, 3 },   /* nothing to round */
    { 6, 3, 2, 1, 1, 3, 4 },
    { 2, 1, 3, 1, 1, 2, 2 },
    { 3, 1, 3, 0, 2, 2, 2 },   /* would start in the end padding */
    { 112, 3, 2, 0, 0, 55, 56 },
  };
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(cases); i++) {
    const rrn_shape x = { 3, { 1, 8, cases[i][0] } };
    rrn_shape out;
    int up;

    for (up = 0; up < 2; up++) {
      rrn_attrs a = { .n_spatial = 1, .kernel = { cases[i][1] }, .stride = { cases[i][2] }, .dilation = { 1 },
                      .pad = { cases[i][3], cases[i][4] }, .ceil_mode = up };

      assert_int_equal(rrn_shape_pool(&x, RRN_PAD_GIVEN, &a, &out, NULL), RRAMNAS_OK);
      if (out.dims[2] != cases[i][5 + up])
        fail_msg("case %zu, up %d: %lld", i, up, (long long)out.dims[2]);
      /* VALID and SAME do not round. */
      assert_int_equal(rrn_shape_pool(&x, RRN_PAD_VALID, &a, &out, NULL), RRAMNAS_OK);
      assert_int_equal(out.dims[2], (cases[i][0] - cases[i][1]) / cases[i][2] + 1);
    }
  }
}

static void
same_padding_is_made_explicit(void **state)
{
  const rrn_shape x = { 4, { 1, 3, 224, 224 } }, w = { 4, { 32, 3, 3, 3 } };
  rrn_attrs a = { .groups = 1, .stride = { 2, 2 }, .dilation = { 1, 1 } };
  rrn_shape out;

  (void)state;
  assert_int_equal(rrn_shape_conv(&x, &w, RRN_PAD_SAME_UPPER, &a, &out, NULL), RRAMNAS_OK);
  assert_int_equal(out.dims[2], 112);
  assert_int_equal(a.pad[0], 0);
  assert_int_equal(a.pad[2], 1);
  assert_int_equal(rrn_shape_conv(&x, &w, RRN_PAD_SAME_LOWER, &a, &out, NULL), RRAMNAS_OK);
  assert_int_equal(a.pad[0], 1);
  assert_int_equal(a.pad[2], 0);
  assert_int_equal(a.pad[4], 0);
  assert_int_equal(a.stride[2], 1);
}

static void
refused_windows(void **state)
{
  const rrn_shape x = { 4, { 1, 4, 8, 8 } }, w = { 4, { 6, 4, 3, 3 } }, wide = { 4, { 6, 4, 3, 9 } };
  const rrn_shape flat = { 2, { 1, 4 } }, grouped = { 4, { 6, 2, 3, 3 } };
  const rrn_attrs good = { .groups = 1, .stride = { 1, 1 }, .dilation = { 1, 1 } };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_shape out = { .rank = 77 };
  rrn_attrs a;

  (void)state;
  a = good;
  assert_int_equal(rrn_shape_conv(&x, &wide, RRN_PAD_GIVEN, &a, &out, &err), RRAMNAS_ERR_SHAPE);
  assert_string_equal(err.message,
                      "the window reaches over 9 in spatial dimension 1, the input has 8 with its padding");
  a = good;
  assert_int_equal(rrn_shape_conv(&flat, &w, RRN_PAD_GIVEN, &a, &out, &err), RRAMNAS_ERR_SHAPE);
  a = good;
  assert_int_equal(rrn_shape_conv(&x, &grouped, RRN_PAD_GIVEN, &a, &out, &err), RRAMNAS_ERR_SHAPE);
  assert_string_equal(err.message, "the weight takes 2 channels per group, the input has 4 in 1 groups");
  a = good;
  a.groups = 4;
  assert_int_equal(rrn_shape_conv(&x, &grouped, RRN_PAD_GIVEN, &a, &out, &err), RRAMNAS_ERR_SHAPE);
  a = good;
  a.stride[1] = 0;
  assert_int_equal(rrn_shape_conv(&x, &w, RRN_PAD_GIVEN, &a, &out, &err), RRAMNAS_ERR_RANGE);
  a = good;
  a.dilation[0] = INT64_MAX;
  assert_int_equal(rrn_shape_conv(&x, &w, RRN_PAD_GIVEN, &a, &out, &err), RRAMNAS_ERR_RANGE);
  a = good;
  a.pad[3] = -1;
  assert_int_equal(rrn_shape_conv(&x, &w, RRN_PAD_GIVEN, &a, &out, &err), RRAMNAS_ERR_RANGE);
  a = good;
  a.groups = 0;
  assert_int_equal(rrn_shape_conv(&x, &w, RRN_PAD_GIVEN, &a, &out, &err), RRAMNAS_ERR_RANGE);
  assert_int_equal(out.rank, 77);
}

static void
products_and_broadcasts(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  const rrn_shape a = { 2, { 3, 4 } }, b = { 2, { 5, 4 } }, t = { 2, { 4, 3 } };
  rrn_shape out;
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(matmul_cases); i++)
    check("matmul", i, rrn_shape_matmul(&matmul_cases[i].a, &matmul_cases[i].b, &out, &err), &out, &matmul_cases[i].out,
          &err);
  for (i = 0; i < COUNT(broadcast_cases); i++)
    check("broadcast", i, rrn_shape_broadcast(&broadcast_cases[i].a, &broadcast_cases[i].b, &out, &err), &out,
          &broadcast_cases[i].out, &err);
  assert_int_equal(rrn_shape_gemm(&a, &b, 0, 1, &out, &err), RRAMNAS_OK);
  assert_int_equal(out.dims[0], 3);
  assert_int_equal(out.dims[1], 5);
  assert_int_equal(rrn_shape_gemm(&t, &b, 1, 1, &out, &err), RRAMNAS_OK);
  assert_int_equal(out.dims[0], 3);
  assert_int_equal(rrn_shape_gemm(&a, &b, 0, 0, &out, &err), RRAMNAS_ERR_SHAPE);
  assert_string_equal(err.message, "shapes [3, 4] and [5, 4] do not agree in the summed dimension");
}

static void
moves_like_onnx(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_shape out;
  size_t i;

  (void)state;
#define EACH(table, call)                             \
  for (i = 0; i < COUNT(table); i++) {                \
    const list_case *c = &table[i];                   \
    check(#table, i, call, &out, &c->out, &err);      \
  }
  EACH(reshape_cases, rrn_shape_reshape(&c->x, c->list, c->n, c->flag, &out, &err))
  EACH(transpose_cases, rrn_shape_transpose(&c->x, c->list, c->n, &out, &err))
  EACH(reduce_cases, rrn_shape_reduce(&c->x, c->list, c->n, c->flag, &out, &err))
  EACH(squeeze_cases, rrn_shape_squeeze(&c->x, c->list, c->n, &out, &err))
  EACH(unsqueeze_cases, rrn_shape_unsqueeze(&c->x, c->list, c->n, &out, &err))
  EACH(flatten_cases, rrn_shape_flatten(&c->x, (int32_t)c->list[0], &out, &err))
  EACH(pad_cases, rrn_shape_pad(&c->x, c->list, c->n, &out, &err))
#undef EACH
  for (i = 0; i < COUNT(gather_cases); i++)
    check("gather", i, rrn_shape_gather(&gather_cases[i].a, &gather_cases[i].b, gather_cases[i].axis, &out, &err), &out,
          &gather_cases[i].out, &err);
  for (i = 0; i < COUNT(concat_cases); i++) {
    const rrn_shape *const both[2] = { &concat_cases[i].a, &concat_cases[i].b };

    check("concat", i, rrn_shape_concat(both, 2, concat_cases[i].axis, &out, &err), &out, &concat_cases[i].out, &err);
  }
}

static void
slices_like_onnx(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_shape out;
  size_t i;

  (void)state;
  for (i = 0; i < COUNT(slice_cases); i++) {
    const slice_case *c = &slice_cases[i];

    check("slice", i, rrn_shape_slice(&c->x, c->starts, c->ends, c->axes, c->steps, c->n, &out, &err), &out, &c->out,
          &err);
  }
}

/* Numbers at the ends of int64_t: no overflow (the sanitizer looks), and the clamped result. */
static void
extreme_numbers(void **state)
{
  const int64_t low[1] = { INT64_MIN }, high[1] = { INT64_MAX }, last[1] = { 0 };
  const rrn_shape x = { 1, { 10 } }, empty = { 1, { 0 } };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_shape out;

  (void)state;
  assert_int_equal(rrn_shape_slice(&x, low, high, NULL, NULL, 1, &out, NULL), RRAMNAS_OK);
  assert_int_equal(out.dims[0], 10);
  assert_int_equal(rrn_shape_slice(&x, high, low, NULL, low, 1, &out, NULL), RRAMNAS_OK);
  assert_int_equal(out.dims[0], 1);
  assert_int_equal(rrn_shape_slice(&x, low, high, NULL, high, 1, &out, NULL), RRAMNAS_OK);
  assert_int_equal(out.dims[0], 1);
  assert_int_equal(rrn_shape_slice(&empty, high, low, NULL, low, 1, &out, NULL), RRAMNAS_OK);
  assert_int_equal(out.dims[0], 0);
  assert_int_equal(rrn_shape_slice(&x, low, high, NULL, last, 1, &out, &err), RRAMNAS_ERR_SHAPE);
  assert_string_equal(err.message, "step 0 is 0");
  assert_int_equal(rrn_shape_slice(&x, low, high, high, NULL, 1, &out, &err), RRAMNAS_ERR_SHAPE);
  {
    const int64_t pads[2] = { INT64_MAX, INT64_MAX }, target[2] = { INT64_MAX, INT64_MAX };
    const int64_t zero[2] = { 0, -1 };

    assert_int_equal(rrn_shape_pad(&x, pads, 2, &out, &err), RRAMNAS_ERR_SHAPE);
    assert_int_equal(rrn_shape_reshape(&x, target, 2, 0, &out, &err), RRAMNAS_ERR_RANGE);
    assert_int_equal(rrn_shape_reshape(&empty, zero, 2, 1, &out, &err), RRAMNAS_ERR_SHAPE);
    assert_int_equal(rrn_shape_reshape(&x, target, 9, 0, &out, &err), RRAMNAS_ERR_LIMIT);
  }
}

static void
axes(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  int32_t axis = 7;

  (void)state;
  assert_int_equal(rrn_shape_axis(-1, 4, &axis, &err), RRAMNAS_OK);
  assert_int_equal(axis, 3);
  assert_int_equal(rrn_shape_axis(4, 4, &axis, &err), RRAMNAS_ERR_SHAPE);
  assert_string_equal(err.message, "axis is 4, expected -4..3");
  assert_int_equal(rrn_shape_axis(INT64_MIN, 4, &axis, &err), RRAMNAS_ERR_SHAPE);
  assert_int_equal(axis, 3);
}

static void
longest_text(void **state)
{
  rrn_shape shape = { .rank = RRAMNAS_MAX_RANK };
  char text[RRN_SHAPE_TEXT];
  int i;

  (void)state;
  for (i = 0; i < RRAMNAS_MAX_RANK; i++)
    shape.dims[i] = INT64_MIN;
  assert_int_equal(strlen(rrn_shape_text(&shape, text)), 8 * 20 + 7 * 2 + 2);
  shape.rank = 0;
  assert_string_equal(rrn_shape_text(&shape, text), "[]");
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(windows_like_onnx),
    cmocka_unit_test(rounding_up),
    cmocka_unit_test(same_padding_is_made_explicit),
    cmocka_unit_test(refused_windows),
    cmocka_unit_test(products_and_broadcasts),
    cmocka_unit_test(moves_like_onnx),
    cmocka_unit_test(slices_like_onnx),
    cmocka_unit_test(extreme_numbers),
    cmocka_unit_test(axes),
    cmocka_unit_test(longest_text),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
