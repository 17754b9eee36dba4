/* SPDX-License-Identifier: MIT */
/* Group curve of the public API: checks arguments, calls the modules. */
#include "best/curve.h"
#include "report/report.h"
#include "util/options.h"

int32_t
rramnas_compile_curve(rramnas_hw *hw, rramnas_net *net, const rramnas_compile_options *compile,
                      const rramnas_timing_options *timing, const rramnas_curve_options *options,
                      const rramnas_runtime *runtime, rramnas_curve **ret_curve, rramnas_error *reterr)
{
  rramnas_compile_options c;
  rramnas_timing_options t;
  rramnas_curve_options o;

  RRN_FAIL_IF(!hw || !net || !ret_curve, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_compile_curve: hw, net or ret_curve is NULL");
  RRN_FAIL_IF(!net->finished, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_compile_curve: network \"%.200s\" is not finished",
              net->name);
  RRN_TRY(rrn_options_read(&c, sizeof(c), compile, "rramnas_compile_options", reterr));
  RRN_TRY(rrn_options_read(&o, sizeof(o), options, "rramnas_curve_options", reterr));
  RRN_TRY(rrn_timing_resolve(timing, &t, reterr));
  return rrn_curve_compute(hw, net, &c, timing ? &t : NULL, &o, runtime, ret_curve, reterr);
}

rramnas_curve *
rramnas_curve_ref(rramnas_curve *curve)
{
  if (curve)
    atomic_fetch_add_explicit(&curve->references, 1, memory_order_relaxed);
  return curve;
}

void
rramnas_curve_unref(rramnas_curve *curve)
{
  rrn_curve_unref(curve);
}

size_t
rramnas_curve_point_count(const rramnas_curve *curve)
{
  return curve ? curve->n : 0;
}

int32_t
rramnas_curve_point_at(const rramnas_curve *curve, size_t index, rramnas_curve_point *ret_point)
{
  if (!curve || !ret_point || index >= curve->n)
    return RRAMNAS_ERR_ARGUMENT;
  return rrn_result_write(ret_point, &curve->points[index], sizeof(curve->points[index]), "rramnas_curve_point", NULL);
}

int32_t
rramnas_curve_mapping_at(const rramnas_curve *curve, size_t index, rramnas_mapping **ret_mapping)
{
  if (!curve || !ret_mapping || index >= curve->n)
    return RRAMNAS_ERR_ARGUMENT;
  *ret_mapping = rramnas_mapping_ref(curve->mappings[index]);
  return RRAMNAS_OK;
}

int32_t
rramnas_curve_write(const rramnas_curve *curve, int32_t report, rramnas_write_fn write, void *user, rramnas_error *reterr)
{
  RRN_FAIL_IF(!curve || !write, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_curve_write: curve or write is NULL");
  switch (report) {
  case RRAMNAS_REPORT_CSV:
    return rrn_report_curve_csv(curve, write, user, reterr);
  case RRAMNAS_REPORT_SVG:
    return rrn_report_curve_svg(curve, write, user, reterr);
  default:
    return rrn_fail(reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_curve_write: there is no report %d of a curve", (int)report);
  }
}
