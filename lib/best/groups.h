/* SPDX-License-Identifier: MIT */
/* Cutting the chain of layers into groups that work at the same time on different samples. */
#ifndef RRN_BEST_GROUPS_H
#define RRN_BEST_GROUPS_H

#include "best/plan.h"

enum { RRN_PRICES = 33, RRN_MOST_GROUPS = 24 };

typedef struct rrn_grouping rrn_grouping;

/* Time and cells of every layer at each of RRN_PRICES prices of a cell, with grouped layers dealt to at most
 * 1 / n_groups of the crossbars. */
int32_t rrn_grouping_new(rrn_plan *p, int32_t n_groups, rrn_arena *arena, rrn_grouping **ret_grouping);

/* Cuts the plan's layers into n_groups groups of nearly the same time and deals the crossbars to them: sets the groups
 * of the layers, their menus, and group_of_bar [n_bars]. `density` is the share of the cells that is counted on.
 * Returns 0 in ret_found when there are too few crossbars. */
int32_t rrn_grouping_apply(rrn_plan *p, const rrn_grouping *g, double density, int32_t *group_of_bar, int32_t *ret_found);

#endif
