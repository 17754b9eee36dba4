/* SPDX-License-Identifier: MIT */
/* Latency over the number of crossbars. */
#ifndef RRN_BEST_CURVE_H
#define RRN_BEST_CURVE_H

#include "compile/passes.h"

struct rramnas_curve {
  atomic_int references;
  rrn_rt rt;
  rrn_arena arena;
  rramnas_hw *hw;   /* referenced */
  rramnas_net *net; /* referenced */
  int32_t policy;
  int32_t effort;
  int32_t fewest_bound;          /* proven: crossbars for one copy of each layer */
  int32_t fewest;                /* crossbars that these were packed into */
  rramnas_timing_options timing; /* resolved */
  rramnas_curve_point *points;   /* [n] */
  rramnas_mapping **mappings;    /* [n] referenced */
  size_t n;
};

/* `compile` and `options` are the caller's, at full size; `timing` is resolved, NULL = the objective's. May return
 * RRAMNAS_STOPPED. */
int32_t rrn_curve_compute(rramnas_hw *hw, rramnas_net *net, const rramnas_compile_options *compile,
                          const rramnas_timing_options *timing, const rramnas_curve_options *options,
                          const rramnas_runtime *runtime, rramnas_curve **ret_curve, rramnas_error *err);
void rrn_curve_unref(rramnas_curve *curve);

/* Numbers from first to last, about the same factor apart, each larger than the one before; returns how many, at most
 * `points`. */
int32_t rrn_curve_ladder(int32_t first, int32_t last, int32_t points, int32_t *ret_numbers);

#endif
