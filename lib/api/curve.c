/* SPDX-License-Identifier: MIT */
/* Group curve of the public API: checks arguments, calls the modules. */
#include "best/bound_time.h"
#include "best/curve.h"
#include "report/report.h"
#include "util/options.h"

int32_t
rramnas_compile_curve(rramnas_hw *hw, rramnas_net *net, const rramnas_compile_options *compile,
                      const rramnas_timing_options *timing, const rramnas_curve_options *options,
                      const rramnas_runtime *runtime, rramnas_curve_point *ret_points, size_t capacity,
                      size_t *ret_n_points, rramnas_error *reterr)
{
  rramnas_compile_options c;
  rramnas_timing_options t;
  rramnas_curve_options o;
  size_t stride;

  RRN_FAIL_IF(!hw || !net || !ret_points || !ret_n_points, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_compile_curve: hw, net, ret_points or ret_n_points is NULL");
  RRN_FAIL_IF(!net->finished, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_compile_curve: network \"%.200s\" is not finished",
              net->name);
  RRN_FAIL_IF(capacity < 1 || capacity > RRN_CURVE_MOST_POINTS, reterr, RRAMNAS_ERR_RANGE,
              "rramnas_compile_curve: capacity is %zu, expected 1..%d points", capacity, RRN_CURVE_MOST_POINTS);
  RRN_TRY(rrn_struct_size(ret_points, "rramnas_curve_point", &stride, reterr));
  RRN_TRY(rrn_options_read(&c, sizeof(c), compile, "rramnas_compile_options", reterr));
  RRN_TRY(rrn_options_read(&o, sizeof(o), options, "rramnas_curve_options", reterr));
  RRN_TRY(rrn_timing_resolve(timing, &t, reterr));
  return rrn_curve_compute(hw, net, &c, timing ? &t : NULL, &o, runtime, ret_points, stride, capacity, ret_n_points, reterr);
}

/* Axes and figures of a plot rely on it. */
static int32_t
check_points(const rrn_curve_points *c, rramnas_error *err)
{
  const double least_ns = 1e-3, most_ns = 1e18;
  int32_t before = 0;
  size_t i;

  for (i = 0; i < c->n; i++) {
    const rramnas_curve_point p = rrn_curve_point_at(c, i);

    RRN_FAIL_IF(p.crossbars <= before, err, RRAMNAS_ERR_RANGE,
                "curve point %zu: crossbars is %d, expected more than the %d before", i, (int)p.crossbars, (int)before);
    RRN_FAIL_IF(!(p.latency_ns >= least_ns && p.latency_ns <= most_ns), err, RRAMNAS_ERR_RANGE,
                "curve point %zu: latency_ns is %g, expected 0.001 to 1e18", i, p.latency_ns);
    RRN_FAIL_IF(!(p.bound_ns >= 0 && p.bound_ns <= p.latency_ns * (1 + RRN_BOUND_TIME_ROUNDING)) ||
                  (p.bound_ns > 0 && p.bound_ns < least_ns),
                err, RRAMNAS_ERR_RANGE, "curve point %zu: bound_ns is %g, expected 0 or 0.001 to the latency", i, p.bound_ns);
    RRN_FAIL_IF(!(p.utilization >= 0 && p.utilization <= 1), err, RRAMNAS_ERR_RANGE,
                "curve point %zu: utilization is %g, expected 0 to 1", i, p.utilization);
    before = p.crossbars;
  }
  return RRAMNAS_OK;
}

int32_t
rramnas_curve_write(const rramnas_curve_point *points, size_t n_points, const rramnas_curve_labels *labels,
                    int32_t report, rramnas_write_fn write, void *user, rramnas_error *reterr)
{
  rrn_curve_points c = { points, 0, n_points };
  rramnas_curve_labels l;

  RRN_FAIL_IF(!points || n_points == 0 || !write, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_curve_write: points or write is NULL, or there are no points");
  RRN_TRY(rrn_struct_size(points, "rramnas_curve_point", &c.stride, reterr));
  RRN_TRY(rrn_options_read(&l, sizeof(l), labels, "rramnas_curve_labels", reterr));
  RRN_TRY(check_points(&c, reterr));
  switch (report) {
  case RRAMNAS_REPORT_CSV:
    return rrn_report_curve_csv(&c, write, user, reterr);
  case RRAMNAS_REPORT_SVG:
    return rrn_report_curve_svg(&c, &l, write, user, reterr);
  default:
    return rrn_fail(reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_curve_write: there is no report %d of a curve", (int)report);
  }
}
