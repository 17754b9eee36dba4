/* SPDX-License-Identifier: MIT */
/* The figures that the library works out, by name. */
#ifndef RRN_EVALUATE_METRICS_H
#define RRN_EVALUATE_METRICS_H

#include <stddef.h>

#include "rramnas/rramnas.h"

/* What a figure is made from, bits. */
enum { RRN_NEEDS_NET = 1, RRN_NEEDS_MAPPING = 2, RRN_NEEDS_LATENCY = 4, RRN_NEEDS_COST = 8, RRN_NEEDS_BASELINE = 16,
       RRN_NEEDS_DIGITAL = 32, RRN_NEEDS_QUANTIZED = 64, RRN_NEEDS_CHIPS = 128,
       RRN_NEEDS_ACCURACY = RRN_NEEDS_DIGITAL | RRN_NEEDS_QUANTIZED | RRN_NEEDS_CHIPS /* beside the times */ };

/* Of one candidate; only what was needed is set. */
typedef struct rrn_outcome {
  double layers, macs, weights;
  rramnas_mapping_info mapping;
  double samples, latency_ns, baseline_ns;
  rramnas_cost cost;
  rramnas_accuracy accuracy;
  double to_beat;
} rrn_outcome;

typedef struct rrn_metric {
  const char *name, *unit, *doc;
  int32_t direction; /* enum rramnas_direction */
  int32_t needs;
  double (*value)(const rrn_outcome *o);
} rrn_metric;

extern const rrn_metric rrn_metrics[];
extern const size_t rrn_n_metrics;

#endif
