/* SPDX-License-Identifier: MIT */
/* Latency over the number of crossbars. */
#ifndef RRN_BEST_CURVE_H
#define RRN_BEST_CURVE_H

#include "compile/passes.h"

enum { RRN_CURVE_MOST_POINTS = 4096 };

/* `compile` and `options` are the caller's, at full size; `timing` is resolved, NULL = the objective's. Elements of
 * ret_points [capacity] are `stride` bytes. May return RRAMNAS_STOPPED. */
int32_t rrn_curve_compute(rramnas_hw *hw, rramnas_net *net, const rramnas_compile_options *compile,
                          const rramnas_timing_options *timing, const rramnas_curve_options *options,
                          const rramnas_runtime *runtime, rramnas_curve_point *ret_points, size_t stride,
                          size_t capacity, size_t *ret_n, rramnas_error *err);

/* Numbers from first to last, about the same factor apart, each larger than the one before; returns how many, at most
 * `points`. */
int32_t rrn_curve_ladder(int32_t first, int32_t last, int32_t points, int32_t *ret_numbers);

#endif
