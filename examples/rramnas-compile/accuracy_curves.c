/* SPDX-License-Identifier: MIT */
/* How often the network is right over what chips differ by: errors of writing, time, stuck cells; or over the field of
 * a sweep.
 *
 * In:  a mapping, its chip, how accuracy is measured.
 * Out: curves for rramnas_accuracy_write(), and a table of them.
 *
 * Each curve changes one thing and leaves the others as the chip has them. The same chips, that is the same random
 * numbers, at every point: curves are smooth. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "accuracy_curves.h"
#include "sweep.h"

/* --- chips --- */

typedef struct change {
  const char *field;
  double value;
} change;

/* The chip with some fields changed. */
static int32_t
change_chip(rramnas_hw *base, const change *changes, size_t n, rramnas_hw **ret_hw, rramnas_error *err)
{
  rramnas_hw *hw = rramnas_hw_ref(base), *next = NULL;
  int32_t status = RRAMNAS_OK;
  char text[40];
  size_t i;

  for (i = 0; i < n && status >= 0; i++) {
    snprintf(text, sizeof(text), "%.17g", changes[i].value);
    status = rramnas_hw_with_value(hw, changes[i].field, text, &next, err);
    if (status >= 0) {
      rramnas_hw_unref(hw);
      hw = next;
    }
  }
  if (status >= 0)
    *ret_hw = hw;
  else
    rramnas_hw_unref(hw);
  return status;
}

static double
number_of(const rramnas_hw *hw, const char *field)
{
  double value = 0;

  rramnas_hw_get_number(hw, field, &value);
  return value;
}

/* --- curves --- */

static int
add_curve(accuracy_curves *c, const char *name, int32_t scale, int32_t unit, double mark, size_t n)
{
  accuracy_curve *a = &c->all[c->n];

  snprintf(a->name, sizeof(a->name), "%s", name);
  a->x = calloc(n, sizeof(*a->x));
  a->points = calloc(n, sizeof(*a->points));
  c->curves[c->n] = (rramnas_accuracy_curve){ .size = sizeof(rramnas_accuracy_curve), .name = a->name, .x = a->x,
                                              .points = a->points, .scale = scale, .unit = unit, .mark = mark };
  c->n++;
  return a->x && a->points;
}

static void
add_point(accuracy_curves *c, double x, const rramnas_accuracy *point)
{
  rramnas_accuracy_curve *to = &c->curves[c->n - 1];

  c->all[c->n - 1].x[to->n_points] = x;
  c->all[c->n - 1].points[to->n_points++] = *point;
}

void
free_accuracy_curves(accuracy_curves *c)
{
  size_t i;

  for (i = 0; i < c->n; i++) {
    free(c->all[i].x);
    free(c->all[i].points);
  }
}

/* --- what is varied --- */

typedef struct varying {
  const settings *s;
  rramnas_hw *hw;
  const rramnas_mapping *mapping;
  accuracy_curves *c;
  rramnas_error *err;
} varying;

static int32_t
measure_chip(const varying *v, const change *changes, size_t n, double time_s, double x)
{
  rramnas_accuracy a = RRAMNAS_ACCURACY_INIT;
  rramnas_hw *hw = NULL;
  int32_t status = change_chip(v->hw, changes, n, &hw, v->err);

  if (status >= 0)
    status = measure_accuracy(v->s, v->mapping, hw, time_s, &a, v->err);
  if (status >= 0)
    add_point(v->c, x, &a);
  rramnas_hw_unref(hw);
  return status;
}

/* What a polynomial gives is scaled as a whole. */
static int32_t
vary_polynomial(const varying *v)
{
  static const char *const fields[5] = { "noise.write_c0_us", "noise.write_c1_us", "noise.write_c2_us",
                                         "noise.write_c3_us", "noise.write_c4_us" };
  change changes[5];
  int32_t status = RRAMNAS_OK;
  int i, k;

  if (!add_curve(v->c, "write error, times the chip's", RRAMNAS_AXIS_LINEAR, RRAMNAS_AXIS_NUMBER, 1, 11))
    return RRAMNAS_ERR_MEMORY;
  for (i = 0; i <= 10 && status >= 0; i++) {
    for (k = 0; k < 5; k++)
      changes[k] = (change){ fields[k], number_of(v->hw, fields[k]) * i / 5 };
    status = measure_chip(v, changes, 5, v->s->accuracy.time_s, i / 5.0);
  }
  return status;
}

/* Of the chip's model, relative where it has none; up to 20 %, or twice what the chip has. */
static int32_t
vary_write(const varying *v, const char *model)
{
  const double own = strcmp(model, "none") == 0 ? 0 : number_of(v->hw, "noise.write_sigma");
  const double most = own > 0.1 ? 2 * own : 0.2;
  char name[64];
  int32_t status = RRAMNAS_OK;
  int i;

  snprintf(name, sizeof(name), "write error, %s sigma", strcmp(model, "none") == 0 ? "relative" : model);
  if (!add_curve(v->c, name, RRAMNAS_AXIS_LINEAR, RRAMNAS_AXIS_SHARE, own, 11))
    return RRAMNAS_ERR_MEMORY;
  for (i = 0; i <= 10 && status >= 0; i++) {
    const change sigma = { "noise.write_sigma", most * i / 10 };

    status = measure_chip(v, &sigma, 1, v->s->accuracy.time_s, sigma.value);
  }
  return status;
}

static int32_t
vary_variation(const varying *v)
{
  const char *model = "none";
  varying relative = *v;
  int32_t status;

  rramnas_hw_get_text(v->hw, "noise.write_model", &model);
  if (strcmp(model, "polynomial") == 0)
    return vary_polynomial(v);
  if (strcmp(model, "none") != 0)
    return vary_write(v, model);
  status = rramnas_hw_with_value(v->hw, "noise.write_model", "relative", &relative.hw, v->err);
  if (status < 0)
    return status;
  status = vary_write(&relative, model);
  rramnas_hw_unref(relative.hw);
  return status;
}

/* A chip without drift is the same at any time: two points say it. */
static int32_t
vary_time(const varying *v)
{
  static const double seconds[] = { 1, 2, 5, 10, 30, 60, 600, 3600, 86400, 2629800, 31557600, 315576000 };
  enum { N = sizeof(seconds) / sizeof(seconds[0]) };
  const int drifts =
    number_of(v->hw, "noise.drift_exponent") != 0 || number_of(v->hw, "noise.drift_exponent_sigma") > 0;
  int32_t status = RRAMNAS_OK;
  int i;

  if (!add_curve(v->c, drifts ? "time since writing" : "time since writing (this chip has no drift)",
                 RRAMNAS_AXIS_LOGARITHMIC, RRAMNAS_AXIS_SECONDS, v->s->accuracy.time_s, N))
    return RRAMNAS_ERR_MEMORY;
  for (i = 0; i < N && status >= 0; i += drifts ? 1 : N - 1)
    status = measure_chip(v, NULL, 0, seconds[i], seconds[i]);
  return status;
}

/* Stuck off and on in the chip's ratio, half each where it has none. */
static int32_t
vary_stuck(const varying *v)
{
  static const double shares[] = { 0, 1e-4, 2e-4, 5e-4, 1e-3, 2e-3, 5e-3, 0.01, 0.02, 0.05, 0.1 };
  enum { N = sizeof(shares) / sizeof(shares[0]) };
  const double off = number_of(v->hw, "noise.stuck_off_fraction"), on = number_of(v->hw, "noise.stuck_on_fraction");
  const double of_off = off + on > 0 ? off / (off + on) : 0.5;
  int32_t status = RRAMNAS_OK;
  char name[80];
  int i;

  snprintf(name, sizeof(name), "stuck cells, %.3g %% of them off, the others on", 100 * of_off);
  if (!add_curve(v->c, name, RRAMNAS_AXIS_LOGARITHMIC, RRAMNAS_AXIS_SHARE, off + on, N))
    return RRAMNAS_ERR_MEMORY;
  for (i = 0; i < N && status >= 0; i++) {
    const change changes[] = { { "noise.stuck_on_fraction", 0 }, { "noise.stuck_off_fraction", shares[i] * of_off },
                               { "noise.stuck_on_fraction", shares[i] * (1 - of_off) } };

    status = measure_chip(v, changes, 3, v->s->accuracy.time_s, shares[i]);
  }
  return status;
}

static void
describe(accuracy_curves *c, const settings *s, const rramnas_hw *hw)
{
  const rramnas_accuracy *a = &c->all[0].points[0];

  snprintf(c->subtitle, sizeof(c->subtitle), "%lld images, %s%d chips at each point, crossbars of %d \xc3\x97 %d cells",
           (long long)a->images, s->accuracy.stop_below > 0 || s->accuracy.confidence_wanted > 0 ? "up to " : "",
           (int)(s->accuracy.trials > 0 ? s->accuracy.trials : a->trials), (int)number_of(hw, "crossbar.rows"),
           (int)number_of(hw, "crossbar.cols"));
}

int
compute_accuracy_curves(const settings *s, rramnas_hw *hw, const rramnas_mapping *mapping, accuracy_curves *ret)
{
  int32_t (*const all[])(const varying *) = { vary_variation, vary_time, vary_stuck };
  static const char *const phases[] = { "accuracy over variation ...", "accuracy over time ...",
                                        "accuracy over stuck cells ..." };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  const varying v = { s, hw, mapping, ret, &err };
  int32_t status = RRAMNAS_OK;
  int i;

  for (i = 0; i < 3 && status >= 0; i++) {
    show_phase(phases[i]);
    status = all[i](&v);
  }
  if (status < 0) {
    if (status == RRAMNAS_ERR_MEMORY)
      complain("out of memory");
    else
      complain_error(&err);
    return EXIT_BAD_INPUT;
  }
  describe(ret, s, hw);
  return EXIT_DONE;
}

/* --- a field of a sweep --- */

static int
unit_of(const sweep_axis *field)
{
  const size_t n = strlen(field->field);

  if (field->is_time || (n > 2 && strcmp(field->field + n - 2, "_s") == 0))
    return RRAMNAS_AXIS_SECONDS;
  return strstr(field->field, "fraction") || strstr(field->field, "_sigma") ? RRAMNAS_AXIS_SHARE : RRAMNAS_AXIS_NUMBER;
}

/* The point's value, NaN where it is none or does not rise beyond `least`. */
static double
rising_value(const sweep *w, size_t point, double least)
{
  const char *text = sweep_value(w, point, 0);
  char *end;
  const double x = strtod(text, &end);

  return end != text && !*end && isfinite(x) && x > least ? x : NAN;
}

int
take_sweep(accuracy_curves *ret, const settings *s, const rramnas_hw *hw, const sweep *w)
{
  double before = -INFINITY, least = 0, most = 0;
  size_t i;

  if (!add_curve(ret, w->axes[0].field, RRAMNAS_AXIS_LINEAR, unit_of(&w->axes[0]),
                 w->axes[0].is_time ? s->accuracy.time_s : number_of(hw, w->axes[0].field), w->n_points))
    return 0;
  for (i = 0; i < w->n_points; i++) {
    const double x = rising_value(w, i, before);

    if (isnan(x)) {
      complain("--sweep %s: a plot of accuracy needs numbers that rise", w->axes[0].field);
      return 0;
    }
    if (w->points[i].accuracy.images > 0)
      add_point(ret, x, &w->points[i].accuracy);
    least = least > 0 ? least : x;
    most = before = x;
  }
  ret->curves[0].scale = least > 0 && most >= 50 * least ? RRAMNAS_AXIS_LOGARITHMIC : RRAMNAS_AXIS_LINEAR;
  describe(ret, s, hw);
  return 1;
}

/* --- a table of them --- */

/* In the largest unit that is not more than it. */
static void
age_text(double seconds, char text[48])
{
  static const struct { double seconds; const char *name; } units[] = {
    { 31557600, "year" }, { 2629800, "month" }, { 86400, "day" }, { 3600, "h" }, { 60, "min" },
  };
  char number[32];
  size_t i = 0;

  while (i < 5 && seconds < units[i].seconds)
    i++;
  if (i == 5)
    snprintf(text, 48, "%s", duration_text(seconds * 1e9, number));
  else
    snprintf(text, 48, "%.3g %s%s", seconds / units[i].seconds, units[i].name,
             i < 3 && seconds > units[i].seconds * 1.01 ? "s" : "");
}

static void
print_value(FILE *out, const rramnas_accuracy_curve *c, double x)
{
  char text[48];

  if (c->unit == RRAMNAS_AXIS_SHARE)
    snprintf(text, sizeof(text), "%.4g %%", 100 * x);
  else if (c->unit == RRAMNAS_AXIS_SECONDS)
    age_text(x, text);
  else
    snprintf(text, sizeof(text), "%.6g", x);
  fprintf(out, "  %12s", text);
}

void
print_accuracy_curves(FILE *out, const accuracy_curves *c)
{
  size_t i, k;

  for (i = 0; i < c->n; i++) {
    fprintf(out, "\naccuracy  over %s\n", c->curves[i].name);
    fprintf(out, "  %12s  %9s  %8s  %9s  %9s  %9s  %6s  %10s\n", "", "mean, %", "95 %", "worst", "median", "best",
            "chips", "clipped, %");
    for (k = 0; k < c->curves[i].n_points; k++) {
      const rramnas_accuracy *a = &c->all[i].points[k];

      print_value(out, &c->curves[i], c->all[i].x[k]);
      fprintf(out, "  %9.2f  +- %5.2f  %9.2f  %9.2f  %9.2f  %6d  %10.3f\n", 100 * a->mean, 100 * a->confidence,
              100 * a->worst, 100 * a->median, 100 * a->best, (int)a->trials, 100 * a->clipped);
    }
  }
}
