/* SPDX-License-Identifier: MIT */
/* Plans that are too soon made to take longer. */
#ifndef RRN_BEST_SLOW_H
#define RRN_BEST_SLOW_H

#include "best/plan.h"

/* Takes copies from layers until the plan is no sooner than its least_ns: as little later as a few steps allow. Returns
 * its completion time, which stays too soon when no copies are left to take. */
double rrn_plan_slow_down(rrn_plan *p, double ns);

#endif
