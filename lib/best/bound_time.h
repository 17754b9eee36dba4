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

#endif
