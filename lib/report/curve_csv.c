/* SPDX-License-Identifier: MIT */
/* A curve as comma-separated values (doc/report.md).
 *
 * In:  the points of a curve.
 * Out: a header and a row per number of crossbars. Numbers are the shortest text that reads back as the same value;
 *      without a bound its field is empty. */
#include "report/report.h"

int32_t
rrn_report_curve_csv(const rrn_curve_points *c, rramnas_write_fn write, void *user, rramnas_error *err)
{
  rrn_writer w;
  size_t i;

  rrn_writer_init(&w, write, user);
  rrn_write_text(&w, "crossbars,latency_ns,lower_bound_ns,optimal,utilization,crossbars_used,made_for\n");
  for (i = 0; i < c->n; i++) {
    const rramnas_curve_point p = rrn_curve_point_at(c, i);

    rrn_write_format(&w, "%d,", (int)p.crossbars);
    rrn_write_double(&w, p.latency_ns);
    rrn_write_text(&w, ",");
    if (p.bound_ns > 0)
      rrn_write_double(&w, p.bound_ns);
    rrn_write_format(&w, ",%d,", (int)p.optimal);
    rrn_write_double(&w, p.utilization);
    rrn_write_format(&w, ",%d,%d\n", (int)p.crossbars_used, (int)p.made_for);
  }
  return rrn_writer_finish(&w, err);
}
