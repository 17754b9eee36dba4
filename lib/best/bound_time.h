/* SPDX-License-Identifier: MIT */
/* Lower bound on the completion time of any plan. */
#ifndef RRN_BEST_BOUND_TIME_H
#define RRN_BEST_BOUND_TIME_H

#include "compile/passes.h"

/* No mapping of the plan's kind (bound_time.c) completes `samples` inferences sooner. `steps`: work spent on a better
 * bound, >= 1. */
enum { RRN_BOUND_TIME_STEPS = 40 }; /* good to about a thousandth */

int32_t rrn_bound_time(const rramnas_mapping *m, int32_t depthwise, int32_t samples, int32_t steps, rrn_arena *arena,
                       double *ret_ns, rramnas_error *err);

/* The same for several numbers of crossbars, at most those of the mapping, which must live as long. What a layer can
 * be is then looked up once; with fewer crossbars it can be no more, so the bound holds, but may be a little lower. */
typedef struct rrn_time_bounds rrn_time_bounds;

int32_t rrn_bound_time_new(const rramnas_mapping *m, int32_t depthwise, int32_t samples, rrn_arena *arena,
                           rrn_time_bounds **ret_bounds, rramnas_error *err);
double rrn_bound_time_at(rrn_time_bounds *b, int32_t crossbars, int32_t steps);

/* A time above the bound by no more than this share meets it: sums of thousands of terms are right to well below. */
#define RRN_BOUND_TIME_ROUNDING 1e-9

/* The bound beside a simulated time. */
typedef struct rrn_time_bound {
  double ns;  /* 0 = none is known */
  double gap; /* time / bound - 1; 0 = they meet, to within rounding */
} rrn_time_bound;

/* For a mapping of policy best under the model that it plans for, with remainders rounded up; else none. */
int32_t rrn_bound_timing(const rramnas_mapping *m, const rramnas_timing_options *how, double latency_ns,
                         rrn_arena *arena, rrn_time_bound *ret_bound, rramnas_error *err);

#endif
