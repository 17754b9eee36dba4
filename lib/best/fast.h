/* SPDX-License-Identifier: MIT */
/* The few builds of a fast search. */
#ifndef RRN_BEST_FAST_H
#define RRN_BEST_FAST_H

#include "best/plan.h"

typedef struct rrn_fast {
  rrn_plan *plan;
  int32_t grouped; /* 1: some layer has groups */
  int32_t recipe, round;
  int32_t over;    /* 1: no more builds */
} rrn_fast;

/* Whether moves of single layers are worth a fast search's time: dense layers of several groups. */
int rrn_fast_moves_pay(const rrn_plan *p);
/* No layer is urgent yet. */
void rrn_fast_begin(rrn_fast *f, rrn_plan *p);
/* The next build, until `over`. Each that fits is worth a look: the last need not be the best. */
int32_t rrn_fast_build(rrn_fast *f, int32_t *ret_fits);

#endif
