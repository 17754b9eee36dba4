/* SPDX-License-Identifier: MIT */
/* Cutting the chain of layers into groups that work at the same time on different samples. */
#ifndef RRN_BEST_GROUPS_H
#define RRN_BEST_GROUPS_H

#include "best/plan.h"

enum { RRN_MOST_GROUPS = 24 };

typedef struct rrn_grouping rrn_grouping;

/* The best cuts of the chain into 2, 3, ... groups; `density` is the share of the cells that is counted on;
 * completion times above most_ns are of no interest. */
int32_t rrn_grouping_new(rrn_plan *p, double density, double most_ns, rrn_arena *arena, rrn_grouping **ret_grouping);

/* Completion time that this many groups promise; 0 = there are too few crossbars. */
double rrn_grouping_ns(const rrn_grouping *g, int32_t n_groups, int32_t samples);

/* Cuts the plan's layers into that many groups and deals the crossbars to them: sets the groups of the layers, their
 * menus, and group_of_bar [n_bars]. */
int32_t rrn_grouping_apply(rrn_plan *p, const rrn_grouping *g, int32_t n_groups, int32_t *group_of_bar);

#endif
