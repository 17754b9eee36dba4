/* SPDX-License-Identifier: MIT */
/* Local search on plans. */
#ifndef RRN_BEST_IMPROVE_H
#define RRN_BEST_IMPROVE_H

#include "best/plan.h"

/* A plan's state kept aside. */
typedef struct rrn_keep {
  rrn_pick *picks;       /* [n_layers] */
  int32_t *group;        /* [n_layers] */
  uint64_t *allow;       /* [n_layers][words] */
  rrn_choice *choices;   /* [n_layers] */
  rrn_floor_box *boxes;  /* [n_boxes], by crossbar */
  int32_t *n_of_bar;     /* [n_bars] */
  int32_t *group_of_bar; /* [n_bars] */
  size_t n_boxes, cap;
  double ns;             /* completion time */
} rrn_keep;

int32_t rrn_keep_init(rrn_keep *k, const rrn_plan *p, rramnas_error *err);
/* Copies the plan; `ns` is its completion time. */
int32_t rrn_keep_save(rrn_keep *k, const rrn_plan *p, double ns);
/* Puts the plan back as it was saved. */
int32_t rrn_keep_load(const rrn_keep *k, rrn_plan *p);
/* Puts it back to be looked at only: without conflicts, and without empty spaces when `spaces` is 0. */
int32_t rrn_keep_show(const rrn_keep *k, rrn_plan *p, int32_t spaces);

/* A random way to lay out a layer, not far from the present one. */
rrn_pick rrn_plan_near_pick(rrn_plan *p, int32_t layer);
/* Layers may share crossbars with those of their group. */
void rrn_plan_allow_groups(rrn_plan *p);
/* Tries changes until `budget` is spent (rrn_plan_work()); a plan slower by up to `threshold` (relative, falling to 0)
 * is walked through. The plan ends as the best one met; `ns` is its completion time before and after. */
int32_t rrn_plan_improve(rrn_plan *p, int64_t budget, double threshold, double *ns);

#endif
