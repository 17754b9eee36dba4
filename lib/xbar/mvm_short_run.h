/* SPDX-License-Identifier: MIT */
/* What products on short arrays work on, and how their doubts are settled. */
#ifndef RRN_XBAR_MVM_SHORT_RUN_H
#define RRN_XBAR_MVM_SHORT_RUN_H

#include "xbar/mvm_short.h"

/* A group's products. */
typedef struct rrn_xbar_short_running {
  const rrn_xbar_short *s;
  const rrn_xbar_short_group *g;
  const uint8_t *x;
  const uint8_t *lanes;
  size_t x_row, slot;
  rrn_xbar_stats *stats;
} rrn_xbar_short_running;

/* A column at hand. */
typedef struct rrn_xbar_short_at_hand {
  const rrn_xbar_short_running *run;
  const uint8_t *cells;   /* [plane][in][3] */
  const uint8_t *spreads; /* [plane][in] */
  size_t col;
  uint32_t record;
  int32_t shift;
  rrn_xbar_short_column job;
} rrn_xbar_short_at_hand;

/* `user` is a column at hand. Clipped codes; settle() counts clips, of the others the last ones say. */

/* Of a sum of cells, without read noise; -1 when these cannot tell. */
int32_t rrn_xbar_short_convert_sum(void *user, int32_t plane, int32_t sum, int *ret_low, int *ret_high);
/* Of a conversion. */
int32_t rrn_xbar_short_convert_one(void *user, int32_t plane, size_t vector, int32_t step, int *ret_low, int *ret_high);
int32_t rrn_xbar_short_settle(void *user, int32_t plane, size_t vector, int32_t step);

#endif
