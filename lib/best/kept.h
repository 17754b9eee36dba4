/* SPDX-License-Identifier: MIT */
/* What policy best found out on some number of crossbars and holds whatever number is at hand: kept between compilations
 * that differ in the crossbars only. */
#ifndef RRN_BEST_KEPT_H
#define RRN_BEST_KEPT_H

#include "compile/mapping.h"

/* The last stage is the fast effort's plan, on a rung or an anchor. */
enum { RRN_KEPT_STAGES = 8, RRN_KEPT_RUNG = RRN_KEPT_STAGES - 1, RRN_KEPT_EFFORTS = RRAMNAS_EFFORT_THOROUGH + 1 };

/* One stage of a search. */
typedef struct rrn_kept_stage {
  int32_t done;          /* 0: not yet run */
  int32_t tries;
  int32_t none;          /* 1: no plan was made */
  double ns;             /* of the plan; huge = it made no plan sooner than the stages before */
  rramnas_mapping *plan; /* boxes only; NULL = none */
} rrn_kept_stage;

/* All about one number of crossbars. */
typedef struct rrn_kept_on {
  int32_t crossbars;
  double own_bound_ns; /* of plans; negative = not yet known, as all below */
  double rnc_least_ns; /* what policy rnc's mapping is not below */
  double rnc_ns;       /* its completion */
  rrn_kept_stage stages[RRN_KEPT_STAGES];
} rrn_kept_on;

typedef struct rrn_kept {
  rrn_arena arena;
  rrn_kept_on **on; /* [cap], a power of two or 0; each at the first empty place from its number's on */
  size_t n, cap;
  double packed_ns[RRN_KEPT_EFFORTS]; /* one copy of each layer in the fewest crossbars; 0 = not yet packed */
  int32_t packed_crossbars[RRN_KEPT_EFFORTS], packed_tries[RRN_KEPT_EFFORTS];
  int32_t repeated; /* stages asked for again, for the log */
} rrn_kept;

void rrn_kept_init(rrn_kept *k, const rrn_rt *rt);
void rrn_kept_release(rrn_kept *k);

/* Nothing is known yet. */
void rrn_kept_on_init(rrn_kept_on *on, int32_t crossbars);
/* The entry of that number of crossbars, made when there is none yet; NULL when nothing is to be kept (k is NULL). */
int32_t rrn_kept_on_crossbars(rrn_kept *k, int32_t crossbars, rrn_kept_on **ret_on, rramnas_error *err);
/* Copies the boxes of a plan. */
int32_t rrn_kept_plan(rrn_kept *k, rrn_kept_stage *s, const rramnas_mapping *plan, double ns, rramnas_error *err);

/* A mapping's boxes to the memory of another. */
int32_t rrn_kept_copy_boxes(rramnas_mapping *to, const rramnas_mapping *from, rramnas_error *err);
/* The boxes of another mapping, in the memory where they are. */
void rrn_kept_share_boxes(rramnas_mapping *to, const rramnas_mapping *from);

#endif
