/* SPDX-License-Identifier: MIT */
/* Reports of a mapping, written piece by piece. Nothing here depends on the locale; equal inputs give equal
 * bytes. `timing` is resolved (rrn_timing_resolve). */
#ifndef RRN_REPORT_REPORT_H
#define RRN_REPORT_REPORT_H

#include <string.h>

#include "timing/baseline.h"
#include "util/writer.h"

struct rrn_accuracy_section; /* accuracy.h */

/* json.c: schema "rramnas.report/1". `cost` is complete; its timing is that of `timing`. accuracy NULL = not known. */
int32_t rrn_report_json(const rramnas_mapping *m, const rramnas_timing_options *timing, const rramnas_cost_options *cost,
                        const struct rrn_accuracy_section *accuracy, rramnas_write_fn write, void *user,
                        rramnas_error *err);
/* svg.c: floor plan. */
int32_t rrn_report_svg(const rramnas_mapping *m, const rramnas_timing_options *timing, rramnas_write_fn write,
                       void *user, rramnas_error *err);
/* trace.c: Chrome trace events. */
int32_t rrn_report_trace(const rramnas_mapping *m, const rramnas_timing_options *timing, rramnas_write_fn write,
                         void *user, rramnas_error *err);

/* The caller's array; elements are of the size that the first one has. */
typedef struct rrn_curve_points {
  const rramnas_curve_point *first;
  size_t stride;
  size_t n;
} rrn_curve_points;

static inline rramnas_curve_point
rrn_curve_point_at(const rrn_curve_points *c, size_t i)
{
  rramnas_curve_point p = { 0 };

  memcpy(&p, (const char *)c->first + i * c->stride, c->stride < sizeof(p) ? c->stride : sizeof(p));
  return p;
}

/* curve_csv.c, curve_svg.c. */
int32_t rrn_report_curve_csv(const rrn_curve_points *c, rramnas_write_fn write, void *user, rramnas_error *err);
int32_t rrn_report_curve_svg(const rrn_curve_points *c, const rramnas_curve_labels *labels, rramnas_write_fn write, void *user,
                             rramnas_error *err);

/* palette.c: colour of layer `index` of `n` as 0xRRGGBB. */
uint32_t rrn_report_colour(int32_t index, int32_t n);

/* Name of a timing model. */
static inline const char *
rrn_report_model_name(int32_t model)
{
  return model == RRAMNAS_TIMING_RNC ? "rnc" : "graph";
}

#endif
