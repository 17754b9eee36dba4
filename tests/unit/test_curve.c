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
  size_t capacity;
  rramnas_error err;
} fixture;

/* Points, and the mapping that the callback was given with each. */
typedef struct curve {
  rramnas_curve_point given[40], points[40];
  rramnas_mapping *mappings[40];
  size_t n, n_given;
  int32_t stop_at;
} curve;

static void
set_up(fixture *x)
{
  *x = (fixture){ .compile = RRAMNAS_COMPILE_OPTIONS_INIT, .options = RRAMNAS_CURVE_OPTIONS_INIT, .capacity = 24, .err = RRAMNAS_ERROR_INIT };
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

static int32_t
keep_point(void *user, const rramnas_curve_point *p, rramnas_mapping *m, int32_t done, int32_t total)
{
  curve *c = user;

  assert_true(c->n_given + 1 == (size_t)done && done <= total && total <= 40);
  c->given[c->n_given] = *p;
  c->mappings[c->n_given++] = rramnas_mapping_ref(m);
  return done == c->stop_at;
}

static void
compute(fixture *x, const rramnas_timing_options *timing, int32_t expected, int32_t stop, curve *c)
{
  int32_t status;

  *c = (curve){ .stop_at = stop };
  c->points[0].size = sizeof(c->points[0]);
  x->options.on_point = keep_point;
  x->options.user = c;
  status = rramnas_compile_curve(x->hw, x->net, &x->compile, timing, &x->options, NULL, c->points, x->capacity, &c->n, &x->err);
  if (status != expected)
    fail_msg("status %d, expected %d: %s", (int)status, (int)expected, x->err.message);
  assert_int_equal(c->n, status < 0 ? 0 : c->n_given);
  assert_memory_equal(c->points, c->given, c->n * sizeof(c->points[0]));
}

static void
release(curve *c)
{
  size_t i;

  for (i = 0; i < c->n_given; i++)
    rramnas_mapping_unref(c->mappings[i]);
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
check_point(const curve *c, size_t i)
{
  const rramnas_curve_point p = c->points[i];
  rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;
  rramnas_timing_options how = RRAMNAS_TIMING_OPTIONS_INIT;
  rramnas_timing t = RRAMNAS_TIMING_INIT;
  rramnas_mapping *m = c->mappings[i];

  how.model = RRAMNAS_TIMING_RNC;
  how.samples = 3;
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
  assert_true(p.fewest_bound > 0 && p.fewest_bound <= p.fewest && p.fewest <= p.crossbars);
}

static void
points_keep_their_promises(void **state)
{
  curve c;
  fixture x;
  size_t i, n;

  (void)state;
  set_up(&x);
  compute(&x, NULL, RRAMNAS_OK, 0, &c);
  n = c.n;
  assert_true(n > 5 && n <= 24);
  assert_int_equal(c.points[n - 1].crossbars, 4 * c.points[0].crossbars);
  for (i = 0; i < n; i++) {
    check_point(&c, i);
    if (i > 0) {
      assert_true(c.points[i].crossbars > c.points[i - 1].crossbars);
      assert_true(c.points[i].latency_ns <= c.points[i - 1].latency_ns);
      assert_true(c.points[i].bound_ns <= c.points[i - 1].bound_ns);
    }
  }
  assert_true(c.points[n - 1].latency_ns < c.points[0].latency_ns / 2);
  release(&c);
  tear_down(&x);
}

/* No point is slower than compiling for it alone. */
static void
no_slower_than_alone(void **state)
{
  rramnas_timing_options how = RRAMNAS_TIMING_OPTIONS_INIT;
  curve c;
  fixture x;
  size_t i;

  (void)state;
  set_up(&x);
  x.capacity = 6;
  how.samples = 2;
  compute(&x, &how, RRAMNAS_OK, 0, &c);
  for (i = 0; i < c.n; i++) {
    rramnas_timing t = RRAMNAS_TIMING_INIT;
    rramnas_mapping *m = NULL;

    x.compile.crossbars = c.points[i].crossbars;
    assert_int_equal(rramnas_compile(x.hw, x.net, &x.compile, NULL, &m, NULL), RRAMNAS_OK);
    assert_int_equal(rramnas_mapping_simulate(m, &how, &t, NULL), RRAMNAS_OK);
    assert_true(c.points[i].latency_ns <= t.latency_ns);
    assert_true(c.points[i].bound_ns < 0.5); /* the model is another one */
    rramnas_mapping_unref(m);
  }
  release(&c);
  tear_down(&x);
}

static void
ends_as_given(void **state)
{
  curve c;
  fixture x;
  int32_t policy;

  (void)state;
  set_up(&x);
  for (policy = RRAMNAS_POLICY_ISAAC; policy <= RRAMNAS_POLICY_BEST; policy++) {
    x.compile.policy = policy;
    x.compile.crossbars = 60;
    x.options = (rramnas_curve_options)RRAMNAS_CURVE_OPTIONS_INIT;
    x.capacity = 4;
    compute(&x, NULL, RRAMNAS_OK, 0, &c);
    assert_int_equal(c.points[c.n - 1].crossbars, 60);
    release(&c);
    x.options.first = 20;
    x.options.last = 40;
    compute(&x, NULL, RRAMNAS_OK, 0, &c);
    assert_int_equal(c.n, 4);
    assert_int_equal(c.points[0].crossbars, 20);
    assert_int_equal(c.points[3].crossbars, 40);
    release(&c);
  }
  tear_down(&x);
}

static void
stops_when_asked(void **state)
{
  int32_t last;
  fixture x;
  curve c;

  (void)state;
  set_up(&x);
  x.capacity = 5;
  for (last = 1; last <= 6; last++) {
    compute(&x, NULL, last < 5 ? RRAMNAS_STOPPED : RRAMNAS_OK, last, &c);
    assert_int_equal(c.n, last < 5 ? last : 5);
    check_point(&c, c.n - 1);
    release(&c);
  }
  tear_down(&x);
}

/* Elements of a caller whose header knows less, and of one whose header knows more. */
static void
other_sizes_of_points(void **state)
{
  const size_t sizes[] = { offsetof(rramnas_curve_point, fewest), sizeof(rramnas_curve_point) + 16 };
  size_t k, i, n = 0;
  fixture x;
  curve c;

  (void)state;
  set_up(&x);
  x.capacity = 3;
  compute(&x, NULL, RRAMNAS_OK, 0, &c);
  x.options.on_point = NULL;
  for (k = 0; k < 2; k++) {
    union { char bytes[3 * (sizeof(rramnas_curve_point) + 16)]; rramnas_curve_point first; } a;
    const size_t same = sizes[k] < sizeof(rramnas_curve_point) ? sizes[k] : sizeof(rramnas_curve_point);
    capture text = { 0 };

    memset(&a, 0x55, sizeof(a));
    memcpy(&a, &sizes[k], sizeof(sizes[k]));
    assert_int_equal(rramnas_compile_curve(x.hw, x.net, &x.compile, NULL, &x.options, NULL, &a.first, 3, &n, NULL), RRAMNAS_OK);
    assert_int_equal(n, 3);
    for (i = 0; i < n; i++) {
      assert_memory_equal(a.bytes + i * sizes[k], &sizes[k], sizeof(size_t));
      assert_memory_equal(a.bytes + i * sizes[k] + sizeof(size_t), (char *)&c.points[i] + sizeof(size_t), same - sizeof(size_t));
    }
    if (sizes[k] < sizeof(rramnas_curve_point))
      assert_int_equal(a.bytes[3 * sizes[k]], 0x55);
    assert_int_equal(rramnas_curve_write(&a.first, n, NULL, RRAMNAS_REPORT_SVG, capture_write, &text, NULL), RRAMNAS_OK);
    capture_free(&text);
  }
  release(&c);
  tear_down(&x);
}

/* Points that no curve has are refused: the axes of a plot rely on it. */
static void
points_are_checked(void **state)
{
  const rramnas_curve_point good = { sizeof(good), 4, 4, 4, 0, 100, 50, 0.5, 4, 4 };
  rramnas_curve_point p[2];
  capture text = { 0 };
  int i;

  (void)state;
  for (i = 0; i < 7; i++) {
    p[0] = p[1] = good;
    p[1].crossbars = i == 0 ? 4 : 8;
    p[1].latency_ns = i == 1 ? 0 : i == 2 ? 1e300 : 90;
    p[1].bound_ns = i == 3 ? -1 : i == 4 ? 91 : 50;
    p[1].utilization = i == 5 ? 1.5 : 0.5;
    assert_int_equal(rramnas_curve_write(p, 2, NULL, RRAMNAS_REPORT_SVG, capture_write, &text, NULL),
                     i < 6 ? RRAMNAS_ERR_RANGE : RRAMNAS_OK);
  }
  p[1].bound_ns = 0; /* some have a bound, some none */
  assert_int_equal(rramnas_curve_write(p, 2, NULL, RRAMNAS_REPORT_SVG, capture_write, &text, NULL), RRAMNAS_OK);
  capture_free(&text);
}

static void
arguments_are_checked(void **state)
{
  rramnas_curve_labels labels = RRAMNAS_CURVE_LABELS_INIT;
  capture text = { 0 }, full = { 0 };
  size_t n = 77;
  fixture x;
  curve c;

  (void)state;
  set_up(&x);
  x.options.last = 1;
  compute(&x, NULL, RRAMNAS_ERR_DOES_NOT_FIT, 0, &c);
  assert_non_null(strstr(x.err.message, "the curve ends with 1 crossbars"));
  x.options.last = 30;
  x.options.first = 40;
  compute(&x, NULL, RRAMNAS_ERR_RANGE, 0, &c);
  x.options.first = -1;
  compute(&x, NULL, RRAMNAS_ERR_RANGE, 0, &c);
  x.options = (rramnas_curve_options)RRAMNAS_CURVE_OPTIONS_INIT;
  x.capacity = 4097;
  compute(&x, NULL, RRAMNAS_ERR_RANGE, 0, &c);
  x.capacity = 0;
  compute(&x, NULL, RRAMNAS_ERR_RANGE, 0, &c);
  assert_int_equal(rramnas_compile_curve(NULL, x.net, NULL, NULL, NULL, NULL, c.points, 9, &n, NULL), RRAMNAS_ERR_ARGUMENT);
  c.points[0].size = 3;
  assert_int_equal(rramnas_compile_curve(x.hw, x.net, NULL, NULL, NULL, NULL, c.points, 9, &n, NULL), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(n, 77);
  x.capacity = 2;
  compute(&x, NULL, RRAMNAS_OK, 0, &c);
  labels.title = "a <title>";
  labels.subtitle = "a & b";
  assert_int_equal(rramnas_curve_write(c.points, c.n, &labels, RRAMNAS_REPORT_SVG, capture_write, &text, NULL), RRAMNAS_OK);
  assert_non_null(strstr(text.text, "a &lt;title"));
  assert_non_null(strstr(text.text, "a &amp; b"));
  assert_int_equal(rramnas_curve_write(c.points, 0, NULL, RRAMNAS_REPORT_CSV, capture_write, &text, NULL), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_curve_write(c.points, 2, NULL, RRAMNAS_REPORT_JSON, capture_write, &text, NULL), RRAMNAS_ERR_ARGUMENT);
  full.fail_at = 1;
  assert_int_equal(rramnas_curve_write(c.points, 2, NULL, RRAMNAS_REPORT_CSV, capture_write, &full, NULL), RRAMNAS_ERR_CALLBACK);
  release(&c);
  capture_free(&full);
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
    curve c;

    compute(&x, NULL, RRAMNAS_OK, 0, &c);
    n = c.n;
    assert_int_equal(rramnas_curve_write(c.points, c.n, NULL, RRAMNAS_REPORT_CSV, capture_write, &text[i][0], NULL), RRAMNAS_OK);
    assert_int_equal(rramnas_curve_write(c.points, c.n, NULL, RRAMNAS_REPORT_SVG, capture_write, &text[i][1], NULL), RRAMNAS_OK);
    release(&c);
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
    curve c;

    x.capacity = points;
    compute(&x, NULL, RRAMNAS_OK, 0, &c);
    assert_int_equal(rramnas_curve_write(c.points, c.n, NULL, RRAMNAS_REPORT_SVG, capture_write, &text, NULL), RRAMNAS_OK);
    assert_int_equal(count(text.text, "<circle"), points);
    assert_int_equal(count(text.text, "lower bound"), 0);
    assert_null(strstr(text.text, "-2147"));
    capture_free(&text);
    release(&c);
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
    cmocka_unit_test(points_are_checked),   cmocka_unit_test(other_sizes_of_points),
  };

  return cmocka_run_group_tests_name("curve", tests, NULL, NULL);
}
