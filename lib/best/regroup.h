/* SPDX-License-Identifier: MIT */
/* Groups of layers with crossbars of their own, laid out one by one and balanced against each other. */
#ifndef RRN_BEST_REGROUP_H
#define RRN_BEST_REGROUP_H

#include "best/improve.h"

/* Lays out every group of the plan's layers on its crossbars. Returns 0 in ret_fits when some group does not fit. */
int32_t rrn_plan_build_groups(rrn_plan *p, const int32_t *group_of_bar, int32_t *ret_fits);
/* Tries changes of groups until `budget` is spent (rrn_plan_work()): crossbars and layers that go over to another
 * group, groups laid out anew. A plan slower by `threshold` (relative, falling to 0) is walked through. The plan ends
 * as the best one met. */
int32_t rrn_plan_balance(rrn_plan *p, int64_t budget, double threshold);

#endif
