/* SPDX-License-Identifier: MIT */
/* Packing into fewer crossbars than whole boxes take: boxes are cut to fill holes. */
#ifndef RRN_COMPILE_PACK_SPLIT_H
#define RRN_COMPILE_PACK_SPLIT_H

#include "compile/pack.h"

/* Where a box may be cut. */
typedef struct rrn_pack_cutting {
  int32_t col_unit;     /* columns between cuts; 0 = the box stays whole */
  int64_t conversions;  /* per inference, of each of its columns once more when rows are cut */
  int64_t drives;       /* per inference, of each of its rows once more when columns are cut */
} rrn_pack_cutting;

/* A part of box `box`, or all of it, and where it sits. */
typedef struct rrn_pack_part {
  int32_t box;
  int32_t row0, col0; /* of the part within the box */
  int32_t rows, cols;
  rrn_pack_spot spot;
} rrn_pack_part;

typedef struct rrn_pack_split_options {
  uint64_t seed;
  int64_t evaluations; /* work to close a crossbar, as in pack_search.h */
  int32_t target;      /* stop at this many crossbars */
} rrn_pack_split_options;

typedef struct rrn_pack_split_result {
  rrn_pack_part *parts; /* [n], by box, row0, col0 */
  size_t n;
  int32_t opened;
} rrn_pack_split_result;

/* Closes crossbars of `start`, a packing of all boxes, one by one. Never more crossbars than there. */
int32_t rrn_pack_split(const rrn_pack_rules *rules, const rrn_pack_box *boxes, const rrn_pack_cutting *cutting, size_t n,
                       const rrn_pack_result *start, const rrn_pack_split_options *options, rrn_arena *arena,
                       rrn_pack_split_result *ret_result, rramnas_error *err);

#endif
