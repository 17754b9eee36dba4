/* SPDX-License-Identifier: MIT */
/* Curves of accuracy, checked by the public function. */
#ifndef RRN_REPORT_ACCURACY_H
#define RRN_REPORT_ACCURACY_H

#include <string.h>

#include "util/writer.h"

/* The caller's arrays; elements are of the size that the first one has. */
typedef struct rrn_accuracy_curves {
  const rramnas_accuracy_curve *first;
  size_t stride, n;
} rrn_accuracy_curves;

static inline rramnas_accuracy_curve
rrn_accuracy_curve_at(const rrn_accuracy_curves *c, size_t i)
{
  rramnas_accuracy_curve a = { 0 };

  memcpy(&a, (const char *)c->first + i * c->stride, c->stride < sizeof(a) ? c->stride : sizeof(a));
  return a;
}

static inline rramnas_accuracy
rrn_accuracy_at(const rramnas_accuracy_curve *c, size_t i)
{
  const size_t stride = c->points[0].size;
  rramnas_accuracy a = { 0 };

  memcpy(&a, (const char *)c->points + i * stride, stride < sizeof(a) ? stride : sizeof(a));
  return a;
}

/* Every number of a result, for CSV and JSON: name, value; in the order of the struct. accuracy_csv.c */
enum { RRN_ACCURACY_FIGURES = 16 };
const char *rrn_accuracy_figure(const rramnas_accuracy *a, int figure, double *ret_value);

/* What the report of a mapping says about accuracy; layers [n_layers] in the caller's size. */
typedef struct rrn_accuracy_section {
  const rramnas_accuracy *accuracy;
  const rramnas_accuracy_layer *layers;
  size_t n_layers, stride;
} rrn_accuracy_section;

void rrn_report_accuracy_section(rrn_writer *w, const rrn_accuracy_section *a);

int32_t rrn_report_accuracy_csv(const rrn_accuracy_curves *c, rramnas_write_fn write, void *user, rramnas_error *err);
int32_t rrn_report_accuracy_json(const rrn_accuracy_curves *c, const rramnas_curve_labels *labels,
                                 rramnas_write_fn write, void *user, rramnas_error *err);
int32_t rrn_report_accuracy_svg(const rrn_accuracy_curves *c, const rramnas_curve_labels *labels,
                                rramnas_write_fn write, void *user, rramnas_error *err);

#endif
