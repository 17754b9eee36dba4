/* SPDX-License-Identifier: MIT */
/* Curves on a small network: numbers of crossbars, what the points promise, stopping, arguments, CSV and plot. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "best/curve.h"
#include "capture.h"
#include "tiny.h"

typedef struct fixture {
  rramnas_hw *hw;
  rramnas_net *net;
  rramnas_compile_options compile;
  rramnas_curve_options options;
  rramnas_error err;
} fixture;

static void
set_up(fixture *x)
{
  *x = (fixture){ .compile = RRAMNAS_COMPILE_OPTIONS_INIT, .options = RRAMNAS_CURVE_OPTIONS_INIT, .err = RRAMNAS_ERROR_INIT };
  x->compile.effort = RRAMNAS_EFFORT_FAST;
  x->compile.samples = 3;
  assert_int_equal(rramnas_hw_create_default(NULL, &x->hw, NULL), RRAMNAS_OK);
  assert_int_equal(tiny_create(NULL, &x->net, NULL), RRAMNAS_OK);
}

static void
tear_down(fixture *x)
{
  rramnas_net_unref(x->net);
  rramnas_hw_unref(x->hw);
}

static rramnas_curve *
compute(fixture *x, const rramnas_timing_options *timing, int32_t expected)
{
  rramnas_curve *c = NULL;
  const int32_t status = rramnas_compile_curve(x->hw, x->net, &x->compile, timing, &x->options, NULL, &c, &x->err);

  if (status != expected)
    fail_msg("status %d, expected %d: %s", (int)status, (int)expected, x->err.message);
  return c;
}

static rramnas_curve_point
point(const rramnas_curve *c, size_t i)
{
  rramnas_curve_point p = RRAMNAS_CURVE_POINT_INIT;

  assert_int_equal(rramnas_curve_point_at(c, i, &p), RRAMNAS_OK);
  return p;
}

static void
numbers_of_crossbars(void **state)
{
  static const int32_t doubling[] = { 3, 6, 12, 24, 48 }, close[] = { 10, 11, 12 }, one[] = { 7 };
  int32_t n[100], k, i;

  (void)state;
  assert_int_equal(rrn_curve_ladder(3, 48, 5, n), 5);
  assert_memory_equal(n, doubling, sizeof(doubling));
  assert_int_equal(rrn_curve_ladder(10, 12, 50, n), 3);
  assert_memory_equal(n, close, sizeof(close));
  assert_int_equal(rrn_curve_ladder(2, 7, 1, n), 1);
  assert_memory_equal(n, one, sizeof(one));
  assert_int_equal(rrn_curve_ladder(7, 7, 9, n), 1);
  k = rrn_curve_ladder(1, 1 << 22, 100, n);
  assert_true(k > 80 && n[0] == 1 && n[k - 1] == 1 << 22);
  for (i = 1; i < k; i++)
    assert_true(n[i] > n[i - 1]);
}

/* What a point promises about itself and its mapping. */
static void
check_point(const rramnas_curve *c, size_t i)
{
  const rramnas_curve_point p = point(c, i);
  rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;
  rramnas_timing_options how = RRAMNAS_TIMING_OPTIONS_INIT;
  rramnas_timing t = RRAMNAS_TIMING_INIT;
  rramnas_mapping *m = NULL;

  how.model = RRAMNAS_TIMING_RNC;
  how.samples = 3;
  assert_int_equal(rramnas_curve_mapping_at(c, i, &m), RRAMNAS_OK);
  assert_int_equal(rramnas_mapping_check(m, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_mapping_get_info(m, &info), RRAMNAS_OK);
  assert_int_equal(rramnas_mapping_simulate(m, &how, &t, NULL), RRAMNAS_OK);
  assert_true(t.latency_ns - p.latency_ns == 0 && info.utilization - p.utilization == 0);
  assert_int_equal(info.crossbars_available, p.made_for);
  assert_int_equal(info.crossbars_used, p.crossbars_used);
  assert_true(t.bound_ns - 0 == 0 && t.gap - 0 == 0); /* not asked for */
  how.with_bound = 1;
  assert_int_equal(rramnas_mapping_simulate(m, &how, &t, NULL), RRAMNAS_OK);
  if (t.bound_ns > 0 && p.made_for == p.crossbars)
    assert_true(t.bound_ns <= p.bound_ns * (1 + 1e-9) && t.gap >= p.latency_ns / p.bound_ns - 1 - 1e-9);
  assert_true(p.made_for <= p.crossbars);
  assert_true(p.bound_ns > 0 && p.bound_ns <= p.latency_ns * (1 + 1e-9));
  assert_int_equal(p.optimal, p.latency_ns <= p.bound_ns * (1 + 1e-9));
  rramnas_mapping_unref(m);
}

static void
points_keep_their_promises(void **state)
{
  rramnas_curve *c;
  fixture x;
  size_t i, n;

  (void)state;
  set_up(&x);
  c = compute(&x, NULL, RRAMNAS_OK);
  n = rramnas_curve_point_count(c);
  assert_true(n > 5 && n <= 24);
  assert_int_equal(point(c, n - 1).crossbars, 4 * point(c, 0).crossbars);
  for (i = 0; i < n; i++) {
    check_point(c, i);
    if (i > 0) {
      assert_true(point(c, i).crossbars > point(c, i - 1).crossbars);
      assert_true(point(c, i).latency_ns <= point(c, i - 1).latency_ns);
      assert_true(point(c, i).bound_ns <= point(c, i - 1).bound_ns);
    }
  }
  assert_true(point(c, n - 1).latency_ns < point(c, 0).latency_ns / 2);
  rramnas_curve_unref(c);
  tear_down(&x);
}

/* No point is slower than compiling for it alone. */
static void
no_slower_than_alone(void **state)
{
  rramnas_timing_options how = RRAMNAS_TIMING_OPTIONS_INIT;
  rramnas_curve *c;
  fixture x;
  size_t i;

  (void)state;
  set_up(&x);
  x.options.points = 6;
  how.samples = 2;
  c = compute(&x, &how, RRAMNAS_OK);
  for (i = 0; i < rramnas_curve_point_count(c); i++) {
    rramnas_timing t = RRAMNAS_TIMING_INIT;
    rramnas_mapping *m = NULL;

    x.compile.crossbars = point(c, i).crossbars;
    assert_int_equal(rramnas_compile(x.hw, x.net, &x.compile, NULL, &m, NULL), RRAMNAS_OK);
    assert_int_equal(rramnas_mapping_simulate(m, &how, &t, NULL), RRAMNAS_OK);
    assert_true(point(c, i).latency_ns <= t.latency_ns);
    assert_true(point(c, i).bound_ns < 0.5); /* the model is another one */
    rramnas_mapping_unref(m);
  }
  rramnas_curve_unref(c);
  tear_down(&x);
}

static void
ends_as_given(void **state)
{
  rramnas_curve *c;
  fixture x;
  int32_t policy;

  (void)state;
  set_up(&x);
  for (policy = RRAMNAS_POLICY_ISAAC; policy <= RRAMNAS_POLICY_BEST; policy++) {
    x.compile.policy = policy;
    x.compile.crossbars = 60;
    x.options = (rramnas_curve_options)RRAMNAS_CURVE_OPTIONS_INIT;
    x.options.points = 4;
    c = compute(&x, NULL, RRAMNAS_OK);
    assert_int_equal(point(c, rramnas_curve_point_count(c) - 1).crossbars, 60);
    rramnas_curve_unref(c);
    x.options.first = 20;
    x.options.last = 40;
    c = compute(&x, NULL, RRAMNAS_OK);
    assert_int_equal(rramnas_curve_point_count(c), 4);
    assert_int_equal(point(c, 0).crossbars, 20);
    assert_int_equal(point(c, 3).crossbars, 40);
    rramnas_curve_unref(c);
  }
  tear_down(&x);
}

static int32_t
stop_at(void *user, const rramnas_curve_point *p, int32_t done, int32_t total)
{
  assert_true(p->crossbars > 0 && p->latency_ns > 0 && total == 5);
  return done == *(int32_t *)user;
}

static void
stops_when_asked(void **state)
{
  int32_t last;
  fixture x;

  (void)state;
  set_up(&x);
  x.options.points = 5;
  x.options.progress = stop_at;
  x.options.progress_user = &last;
  for (last = 1; last <= 6; last++) {
    rramnas_curve *c = compute(&x, NULL, last < 5 ? RRAMNAS_STOPPED : RRAMNAS_OK);

    assert_int_equal(rramnas_curve_point_count(c), last < 5 ? last : 5);
    check_point(c, 0);
    rramnas_curve_unref(c);
  }
  tear_down(&x);
}

static void
arguments_are_checked(void **state)
{
  rramnas_curve_point p = RRAMNAS_CURVE_POINT_INIT;
  rramnas_mapping *m = NULL;
  rramnas_curve *c = NULL;
  capture text = { 0 };
  fixture x;

  (void)state;
  set_up(&x);
  x.options.last = 1;
  compute(&x, NULL, RRAMNAS_ERR_DOES_NOT_FIT);
  assert_non_null(strstr(x.err.message, "the curve ends with 1 crossbars"));
  x.options.last = 30;
  x.options.first = 40;
  compute(&x, NULL, RRAMNAS_ERR_RANGE);
  x.options.first = -1;
  compute(&x, NULL, RRAMNAS_ERR_RANGE);
  x.options = (rramnas_curve_options)RRAMNAS_CURVE_OPTIONS_INIT;
  x.options.points = 4097;
  compute(&x, NULL, RRAMNAS_ERR_RANGE);
  assert_int_equal(rramnas_compile_curve(NULL, x.net, NULL, NULL, NULL, NULL, &c, NULL), RRAMNAS_ERR_ARGUMENT);
  assert_null(c);
  x.options.points = 2;
  c = compute(&x, NULL, RRAMNAS_OK);
  assert_int_equal(rramnas_curve_point_at(c, 2, &p), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_curve_mapping_at(c, 2, &m), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_curve_write(c, RRAMNAS_REPORT_JSON, capture_write, &text, NULL), RRAMNAS_ERR_ARGUMENT);
  text.fail_at = 1;
  assert_int_equal(rramnas_curve_write(c, RRAMNAS_REPORT_CSV, capture_write, &text, NULL), RRAMNAS_ERR_CALLBACK);
  assert_int_equal(rramnas_curve_point_count(NULL), 0);
  assert_ptr_equal(rramnas_curve_ref(c), c);
  rramnas_curve_unref(c);
  rramnas_curve_unref(c);
  rramnas_curve_unref(NULL);
  capture_free(&text);
  tear_down(&x);
}

static size_t
count(const char *data, const char *word)
{
  size_t n = 0;

  for (; (data = strstr(data, word)) != NULL; data += strlen(word))
    n++;
  return n;
}

static void
reports_repeat(void **state)
{
  capture text[2][2] = { 0 };
  size_t n = 0;
  fixture x;
  int i;

  (void)state;
  set_up(&x);
  for (i = 0; i < 2; i++) {
    rramnas_curve *c = compute(&x, NULL, RRAMNAS_OK);

    n = rramnas_curve_point_count(c);
    assert_int_equal(rramnas_curve_write(c, RRAMNAS_REPORT_CSV, capture_write, &text[i][0], NULL), RRAMNAS_OK);
    assert_int_equal(rramnas_curve_write(c, RRAMNAS_REPORT_SVG, capture_write, &text[i][1], NULL), RRAMNAS_OK);
    rramnas_curve_unref(c);
  }
  assert_string_equal(text[0][0].text, text[1][0].text);
  assert_string_equal(text[0][1].text, text[1][1].text);
  assert_int_equal(count(text[0][0].text, "\n"), n + 1);
  assert_int_equal(count(text[0][0].text, ","), 6 * (n + 1));
  assert_int_equal(count(text[0][1].text, "<circle"), n);
  assert_int_equal(count(text[0][1].text, "nan") + count(text[0][1].text, "inf"), 0);
  for (i = 0; i < 4; i++)
    capture_free(&text[i / 2][i % 2]);
  tear_down(&x);
}

/* Axes that have little to show: one point, a flat curve. */
static void
plots_of_little(void **state)
{
  int32_t points;
  fixture x;

  (void)state;
  set_up(&x);
  x.compile.policy = RRAMNAS_POLICY_ISAAC;
  for (points = 1; points <= 3; points++) {
    capture text = { 0 };
    rramnas_curve *c;

    x.options.points = points;
    c = compute(&x, NULL, RRAMNAS_OK);
    assert_int_equal(rramnas_curve_write(c, RRAMNAS_REPORT_SVG, capture_write, &text, NULL), RRAMNAS_OK);
    assert_int_equal(count(text.text, "<circle"), points);
    assert_int_equal(count(text.text, "lower bound"), 0);
    assert_null(strstr(text.text, "-2147"));
    capture_free(&text);
    rramnas_curve_unref(c);
  }
  tear_down(&x);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(numbers_of_crossbars), cmocka_unit_test(points_keep_their_promises),
    cmocka_unit_test(no_slower_than_alone), cmocka_unit_test(ends_as_given),
    cmocka_unit_test(stops_when_asked),     cmocka_unit_test(arguments_are_checked),
    cmocka_unit_test(reports_repeat),       cmocka_unit_test(plots_of_little),
  };

  return cmocka_run_group_tests_name("curve", tests, NULL, NULL);
}
