/* SPDX-License-Identifier: MIT */
/* Curves of accuracy as plot, CSV and JSON: every kind of axis, little to show, arguments. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "capture.h"
#include "rramnas/rramnas.h"

enum { MOST = 11 };

typedef struct fixture {
  double x[MOST];
  rramnas_accuracy points[MOST];
  rramnas_accuracy_curve curve;
} fixture;

/* From 98 % down to 20 %. */
static void
set_up(fixture *f, size_t n, double low, double high, int32_t scale, int32_t unit)
{
  size_t k;

  for (k = 0; k < n; k++) {
    const double share = n > 1 ? (double)k / (double)(n - 1) : 0;
    rramnas_accuracy a = RRAMNAS_ACCURACY_INIT;

    f->x[k] = scale == RRAMNAS_AXIS_LINEAR ? low + (high - low) * share
              : k || low > 0               ? high * pow(0.1, (double)(n - 1 - k))
                                           : 0;
    a.images = 100;
    a.trials = 10;
    a.digital = 0.99;
    a.quantized = 0.98;
    a.mean = 0.98 - 0.78 * share;
    a.confidence = 0.3 * share;
    a.worst = a.mean - 0.15 * share;
    f->points[k] = a;
  }
  f->curve = (rramnas_accuracy_curve)RRAMNAS_ACCURACY_CURVE_INIT;
  f->curve.name = "stuck <cells>, \"share\"";
  f->curve.x = f->x;
  f->curve.points = f->points;
  f->curve.n_points = n;
  f->curve.scale = scale;
  f->curve.unit = unit;
}

static size_t
count(const char *text, const char *word)
{
  size_t n = 0;

  for (; (text = strstr(text, word)) != NULL; text += strlen(word))
    n++;
  return n;
}

/* A plot of the curves, which has a dot per point and no number that is none. */
static capture
plot(const rramnas_accuracy_curve *curves, size_t n)
{
  rramnas_curve_labels labels = RRAMNAS_CURVE_LABELS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  capture text = { 0 };
  size_t i, dots = 0;

  labels.title = "a <net>";
  labels.subtitle = "a & b";
  if (rramnas_accuracy_write(curves, n, &labels, RRAMNAS_REPORT_SVG, capture_write, &text, &err) < 0)
    fail_msg("%s", err.message);
  for (i = 0; i < n; i++)
    dots += curves[i].n_points;
  assert_int_equal(count(text.text, "<circle"), dots);
  assert_int_equal(count(text.text, "nan") + count(text.text, "inf") + count(text.text, "-9223"), 0);
  assert_int_equal(count(text.text, "a &lt;net"), 2);
  assert_non_null(strstr(text.text, "stuck &lt;cells&gt;"));
  return text;
}

static void
axes_have_their_ticks(void **state)
{
  static const struct { size_t n; double low, high; int32_t scale, unit; const char *there, *not_there; } cases[] = {
    { 11, 0, 0.2, RRAMNAS_AXIS_LINEAR, RRAMNAS_AXIS_SHARE, ">20 %</text>", "logarithmic" },
    { 11, -3, 5, RRAMNAS_AXIS_LINEAR, RRAMNAS_AXIS_NUMBER, ">-2</text>", "logarithmic" },
    { 4, 0, 0.1, RRAMNAS_AXIS_LOGARITHMIC, RRAMNAS_AXIS_SHARE, ">0.1 %</text>", "year" },
    { 4, 0, 0.1, RRAMNAS_AXIS_LOGARITHMIC, RRAMNAS_AXIS_SHARE, ">0 %</text>", "year" },
    { 9, 1, 1e8, RRAMNAS_AXIS_LOGARITHMIC, RRAMNAS_AXIS_SECONDS, ">1 year</text>", "e+" },
    { 3, 1, 100, RRAMNAS_AXIS_LOGARITHMIC, RRAMNAS_AXIS_SECONDS, ">50 s</text>", "year" },
    { 5, 0, 4, RRAMNAS_AXIS_LINEAR, RRAMNAS_AXIS_SECONDS, ">2 s</text>", "year" },
    { 1, 3, 3, RRAMNAS_AXIS_LINEAR, RRAMNAS_AXIS_NUMBER, ">3</text>", "year" },
    { 1, 0, 0, RRAMNAS_AXIS_LINEAR, RRAMNAS_AXIS_SHARE, ">0 %</text>", "year" },
    { 1, 1, 0.1, RRAMNAS_AXIS_LOGARITHMIC, RRAMNAS_AXIS_SHARE, "librramnas", "year" },
    { 2, 0, 0.1, RRAMNAS_AXIS_LOGARITHMIC, RRAMNAS_AXIS_SHARE, ">0 %</text>", "year" },
  };
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    capture text;
    fixture f;

    set_up(&f, cases[i].n, cases[i].low, cases[i].high, cases[i].scale, cases[i].unit);
    text = plot(&f.curve, 1);
    if (!strstr(text.text, cases[i].there) || strstr(text.text, cases[i].not_there))
      fail_msg("case %zu: expected %s, not %s", i, cases[i].there, cases[i].not_there);
    capture_free(&text);
  }
}

/* Only a value that the axis has, whatever the axis. */
static void
marks_stand_where_they_can(void **state)
{
  static const struct { double mark; size_t shown; } cases[] = { { 0, 0 }, { 0.01, 1 }, { 5, 0 }, { -1, 0 } };
  static const double low[] = { 0, 1 };
  size_t i, k;

  (void)state;
  for (i = 0; i < 4; i++)
    for (k = 0; k < 2; k++) {
      capture text;
      fixture f;

      set_up(&f, 4, low[k], 0.1, RRAMNAS_AXIS_LOGARITHMIC, RRAMNAS_AXIS_SHARE);
      f.curve.mark = cases[i].mark;
      text = plot(&f.curve, 1);
      assert_int_equal(count(text.text, "this chip"), cases[i].shown);
      capture_free(&text);
    }
}

static void
panels_say_what_is_lost(void **state)
{
  rramnas_accuracy_curve three[3];
  capture text;
  fixture f[3];
  size_t k;

  (void)state;
  for (k = 0; k < 3; k++) {
    set_up(&f[k], 11, 0, 0.2, RRAMNAS_AXIS_LINEAR, RRAMNAS_AXIS_SHARE);
    three[k] = f[k].curve;
  }
  for (k = 0; k < 11; k++) {
    f[1].points[k].mean = 0.975;
    f[2].points[k].mean = 0.5;
  }
  text = plot(three, 3);
  /* 0.078 are lost from 0 to 2 %. */
  assert_int_equal(count(text.text, "1 point below integers at 0.256 %"), 1);
  assert_int_equal(count(text.text, "less than 1 point below integers everywhere"), 1);
  assert_int_equal(count(text.text, "more than 1 point below integers<"), 1);
  capture_free(&text);
  for (k = 0; k < 11; k++)
    f[0].points[k].mean = k < 10 ? 0.5 + 0.04 * (double)k : 0.98;
  text = plot(three, 1); /* 0.12 are lost at 18 %, nothing at 20 % */
  assert_int_equal(count(text.text, "less than 1 point below integers from 19.8 % on"), 1);
  capture_free(&text);
}

/* Numbers so close that counting ticks between them would not end. */
static void
close_numbers_get_a_plot(void **state)
{
  static const double low[] = { 1, -1, 1e14 };
  capture text;
  fixture f;
  size_t k;

  (void)state;
  for (k = 0; k < sizeof(low) / sizeof(low[0]); k++) {
    set_up(&f, 2, 0, 1, RRAMNAS_AXIS_LINEAR, RRAMNAS_AXIS_NUMBER);
    f.x[0] = low[k];
    f.x[1] = nextafter(low[k], INFINITY);
    text = plot(&f.curve, 1);
    assert_non_null(strstr(text.text, ">100 %</text>"));
    capture_free(&text);
  }
}

static void
good_chips_get_a_close_axis(void **state)
{
  capture text;
  fixture f;
  size_t k;

  (void)state;
  set_up(&f, 11, 0, 0.2, RRAMNAS_AXIS_LINEAR, RRAMNAS_AXIS_NUMBER);
  for (k = 0; k < 11; k++) {
    f.points[k].mean = f.points[k].worst = 0.97;
    f.points[k].confidence = 0.01;
  }
  text = plot(&f.curve, 1);
  assert_non_null(strstr(text.text, ">95 %</text>"));
  assert_null(strstr(text.text, ">90 %</text>"));
  capture_free(&text);
}

static void
numbers_are_written(void **state)
{
  rramnas_accuracy_curve two[2];
  capture csv = { 0 }, json = { 0 };
  fixture f[2];

  (void)state;
  set_up(&f[0], 11, 0, 0.2, RRAMNAS_AXIS_LINEAR, RRAMNAS_AXIS_SHARE);
  set_up(&f[1], 4, 0, 0.1, RRAMNAS_AXIS_LOGARITHMIC, RRAMNAS_AXIS_SHARE);
  two[0] = f[0].curve;
  two[1] = f[1].curve;
  assert_int_equal(rramnas_accuracy_write(two, 2, NULL, RRAMNAS_REPORT_CSV, capture_write, &csv, NULL), RRAMNAS_OK);
  assert_int_equal(count(csv.text, "\n"), 16);
  assert_int_equal(count(csv.text, "\"stuck <cells>, \"\"share\"\"\","), 15);
  assert_non_null(strstr(csv.text, ",0.99,0.98,0.98,"));
  assert_int_equal(rramnas_accuracy_write(two, 2, NULL, RRAMNAS_REPORT_JSON, capture_write, &json, NULL), RRAMNAS_OK);
  assert_int_equal(count(json.text, "{\"x\": "), 15);
  assert_int_equal(count(json.text, "\"quantized\": 0.98"), 15);
  capture_free(&csv);
  capture_free(&json);
}

/* Axes and figures rely on it. */
static void
what_no_curve_has_is_refused(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  capture text = { 0 }, full = { .fail_at = 1 };
  int i;

  (void)state;
  for (i = 0; i < 14; i++) {
    const int32_t expected = i < 8 ? RRAMNAS_ERR_RANGE : i < 13 ? RRAMNAS_ERR_ARGUMENT : RRAMNAS_OK;
    fixture f;

    set_up(&f, 4, 0, 0.1, RRAMNAS_AXIS_LOGARITHMIC, RRAMNAS_AXIS_SHARE);
    f.x[1] = i == 0 ? NAN : i == 1 ? 0 : i == 2 ? 1e-20 : f.x[1];
    f.x[3] = i == 3 ? INFINITY : f.x[3];
    f.x[0] = i == 4 ? -1 : f.x[0];
    f.points[2].mean = i == 5 ? 1.5 : f.points[2].mean;
    f.points[2].worst = i == 6 ? NAN : f.points[2].worst;
    f.points[2].confidence = i == 7 ? -0.1 : f.points[2].confidence;
    f.points[0].size = i == 8 ? 3 : f.points[0].size;
    f.curve.unit = i == 9 ? 3 : f.curve.unit;
    f.curve.scale = i == 10 ? -1 : f.curve.scale;
    f.curve.n_points = i == 11 ? 0 : f.curve.n_points;
    f.curve.name = i == 12 ? NULL : f.curve.name;
    if (rramnas_accuracy_write(&f.curve, 1, NULL, RRAMNAS_REPORT_SVG, capture_write, &text, &err) != expected)
      fail_msg("case %d: %s", i, err.message);
    if (i < 13)
      continue;
    assert_int_equal(rramnas_accuracy_write(&f.curve, 1, NULL, RRAMNAS_REPORT_TRACE, capture_write, &text, NULL),
                     RRAMNAS_ERR_ARGUMENT);
    assert_int_equal(rramnas_accuracy_write(&f.curve, 9, NULL, RRAMNAS_REPORT_SVG, capture_write, &text, NULL),
                     RRAMNAS_ERR_ARGUMENT);
    assert_int_equal(rramnas_accuracy_write(NULL, 1, NULL, RRAMNAS_REPORT_SVG, capture_write, &text, NULL),
                     RRAMNAS_ERR_ARGUMENT);
    assert_int_equal(rramnas_accuracy_write(&f.curve, 1, NULL, RRAMNAS_REPORT_CSV, capture_write, &full, NULL),
                     RRAMNAS_ERR_CALLBACK);
  }
  capture_free(&text);
  capture_free(&full);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(axes_have_their_ticks),   cmocka_unit_test(marks_stand_where_they_can),
    cmocka_unit_test(panels_say_what_is_lost), cmocka_unit_test(good_chips_get_a_close_axis),
    cmocka_unit_test(close_numbers_get_a_plot),
    cmocka_unit_test(numbers_are_written),     cmocka_unit_test(what_no_curve_has_is_refused),
  };

  return cmocka_run_group_tests_name("report_accuracy", tests, NULL, NULL);
}
