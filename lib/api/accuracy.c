/* SPDX-License-Identifier: MIT */
/* Curves of accuracy in the public API: checks arguments, calls the writers. */
#include <math.h>

#include "report/accuracy.h"
#include "util/options.h"

enum { MOST_CURVES = 8, MOST_POINTS = 65536 };

static int
is_share(double value)
{
  return value >= 0 && value <= 1;
}

/* Axes and figures of a plot rely on it. */
static int32_t
check_points(const rramnas_accuracy_curve *c, rramnas_error *err)
{
  size_t k, size;

  RRN_TRY(rrn_struct_size(c->points, "rramnas_accuracy", &size, err));
  for (k = 0; k < c->n_points; k++) {
    const rramnas_accuracy a = rrn_accuracy_at(c, k);

    RRN_FAIL_IF(!(fabs(c->x[k]) <= 1e15) || (k > 0 && !(c->x[k] > c->x[k - 1])), err, RRAMNAS_ERR_RANGE,
                "curve \"%.100s\", point %zu: x is %g, expected a number above the one before, up to 1e15", c->name, k,
                c->x[k]);
    RRN_FAIL_IF(
      c->scale == RRAMNAS_AXIS_LOGARITHMIC && (c->x[k] < 0 || (c->x[k] > 0 && c->x[k] < 1e-15)), err, RRAMNAS_ERR_RANGE,
      "curve \"%.100s\", point %zu: x is %g, expected 0 or 1e-15 and more on a logarithmic axis", c->name, k, c->x[k]);
    RRN_FAIL_IF(!is_share(a.digital) || !is_share(a.quantized) || !is_share(a.mean) || !is_share(a.worst) ||
                  !(a.confidence >= 0 && a.confidence <= 100),
                err, RRAMNAS_ERR_RANGE, "curve \"%.100s\", point %zu: expected shares of 0 to 1", c->name, k);
  }
  return RRAMNAS_OK;
}

static int32_t
check_curve(const rramnas_accuracy_curve *c, size_t i, rramnas_error *err)
{
  RRN_FAIL_IF(!c->name || !c->x || !c->points || c->n_points == 0 || c->n_points > MOST_POINTS, err,
              RRAMNAS_ERR_ARGUMENT, "accuracy curve %zu: name, x or points is NULL, or n_points is not 1..%d", i,
              MOST_POINTS);
  RRN_FAIL_IF(c->scale < RRAMNAS_AXIS_LINEAR || c->scale > RRAMNAS_AXIS_LOGARITHMIC || c->unit < RRAMNAS_AXIS_NUMBER ||
                c->unit > RRAMNAS_AXIS_SECONDS,
              err, RRAMNAS_ERR_ARGUMENT, "accuracy curve %zu: scale %d, unit %d", i, (int)c->scale, (int)c->unit);
  return check_points(c, err);
}

int32_t
rramnas_accuracy_write(const rramnas_accuracy_curve *curves, size_t n_curves, const rramnas_curve_labels *labels,
                       int32_t report, rramnas_write_fn write, void *user, rramnas_error *reterr)
{
  rrn_accuracy_curves c = { curves, 0, n_curves };
  rramnas_curve_labels l;
  size_t i;

  RRN_FAIL_IF(!curves || n_curves == 0 || n_curves > MOST_CURVES || !write, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_accuracy_write: curves or write is NULL, or n_curves is not 1..%d", MOST_CURVES);
  RRN_TRY(rrn_struct_size(curves, "rramnas_accuracy_curve", &c.stride, reterr));
  RRN_TRY(rrn_options_read(&l, sizeof(l), labels, "rramnas_curve_labels", reterr));
  for (i = 0; i < n_curves; i++) {
    const rramnas_accuracy_curve one = rrn_accuracy_curve_at(&c, i);

    RRN_TRY(check_curve(&one, i, reterr));
  }
  switch (report) {
  case RRAMNAS_REPORT_CSV:
    return rrn_report_accuracy_csv(&c, write, user, reterr);
  case RRAMNAS_REPORT_JSON:
    return rrn_report_accuracy_json(&c, &l, write, user, reterr);
  case RRAMNAS_REPORT_SVG:
    return rrn_report_accuracy_svg(&c, &l, write, user, reterr);
  default:
    return rrn_fail(reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_accuracy_write: there is no report %d of accuracy",
                    (int)report);
  }
}
