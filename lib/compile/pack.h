/* SPDX-License-Identifier: MIT */
/* Two-dimensional packing of oriented boxes into identical crossbars, under sharing rules. */
#ifndef RRN_COMPILE_PACK_H
#define RRN_COMPILE_PACK_H

#include "util/arena.h"

typedef struct rrn_pack_box {
  int32_t layer;
  int32_t rows, cols;
  int32_t kind; /* boxes of one kind (1 .. n) are alike in all the above; 0 = not said */
} rrn_pack_box;

typedef struct rrn_pack_spot {
  int32_t crossbar, row, col;
} rrn_pack_spot;

typedef struct rrn_pack_rules {
  int32_t rows, cols;      /* of a crossbar */
  int32_t crossbars;       /* at hand */
  int32_t grow;            /* 1 = open more than `crossbars` when needed (find-solution) */
  int32_t layer_threshold; /* negative = no rule */
  int32_t max_load;        /* INT32_MAX = no rule */
} rrn_pack_rules;

typedef struct rrn_pack_result {
  rrn_pack_spot *spots; /* [n], by box */
  size_t n;
  int32_t opened;       /* crossbars opened, numbered 0 .. opened - 1 */
  int32_t fits;         /* 0 = the boxes did not fit; spots are then incomplete */
} rrn_pack_result;

/* First fit over crossbars, maximal empty spaces, farthest-corner rule; boxes in the order order[0..n-1].
 * pack_ems.c: correct for any crossbar; pack_published.c: RNC's packer with its quirks. */
int32_t rrn_pack_ems(const rrn_pack_rules *rules, const rrn_pack_box *boxes, const int32_t *order, size_t n,
                     rrn_arena *arena, rrn_pack_result *ret_result, rramnas_error *err);
int32_t rrn_pack_published(const rrn_pack_rules *rules, const rrn_pack_box *boxes, const int32_t *order, size_t n,
                           rrn_arena *arena, rrn_pack_result *ret_result, rramnas_error *err);

#endif
