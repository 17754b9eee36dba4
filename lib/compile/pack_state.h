/* SPDX-License-Identifier: MIT */
/* A packing under change: crossbars with their boxes and maximal empty spaces, and the boxes left out. */
#ifndef RRN_COMPILE_PACK_STATE_H
#define RRN_COMPILE_PACK_STATE_H

#include "compile/pack.h"
#include "compile/pack_search.h"

typedef struct rrn_pack_space {
  int32_t x1, y1, x2, y2; /* x: columns, y: rows */
} rrn_pack_space;

typedef struct rrn_pack_item {
  int32_t box, row, col;
} rrn_pack_item;

typedef struct rrn_pack_bin {
  rrn_pack_item *items;
  size_t n_items, cap_items;
  rrn_pack_space *spaces;
  size_t n_spaces, cap_spaces;
  int64_t free;  /* cells */
  int32_t saved; /* 1 = as it was at the last mark is kept in saved[] */
} rrn_pack_bin;

/* Which space of a crossbar a box takes. */
typedef enum rrn_pack_rule {
  RRN_PACK_FAR_CORNER, /* farthest from the opposite corner (DFTRC-2) */
  RRN_PACK_SHORT_SIDE, /* least left over along one side */
  RRN_PACK_LOW_ROW,    /* lowest row, then lowest column */
  RRN_PACK_RULES
} rrn_pack_rule;

typedef struct rrn_pack_state {
  const rrn_pack_rules *rules;
  const rrn_pack_conflicts *conflicts; /* NULL = none beyond the layer threshold */
  const rrn_pack_box *boxes;
  rrn_arena *arena;
  rrn_pack_bin *bins; /* [most_bins] */
  int32_t n_bins, most_bins;
  int32_t least_rows, least_cols; /* smallest sides of all boxes */
  int32_t *left_out;              /* [n_left_out] boxes in no crossbar */
  size_t n_left_out, n_boxes;
  int64_t left_out_cells;
  int64_t concentration; /* sum of the squares of the free cells of each crossbar */
  rrn_pack_rule rule;
  int64_t work; /* boxes put into a crossbar, and what the search adds */

  int32_t shift;              /* as in pack_ems.c: bounds are (side - 1) >> shift */
  uint64_t *widest, *highest; /* [words of eight crossbars] bounds over the spaces of each */
  uint64_t *open;             /* high bit of each crossbar that may take another box */

  rrn_pack_space *parts; /* scratch */
  size_t cap_parts;
  rrn_pack_bin *saved; /* [n_saved] crossbars as they were at the last mark */
  int32_t *saved_bin;  /* [n_saved] which */
  size_t n_saved, cap_saved, cap_saved_bin, n_buffers;
  int32_t *saved_left_out;
  size_t n_saved_left_out;
  int64_t saved_cells, saved_concentration;
} rrn_pack_state;

/* All boxes are left out at first; at most `most_bins` crossbars will be opened. */
int32_t rrn_pack_state_init(rrn_pack_state *s, const rrn_pack_rules *rules, const rrn_pack_conflicts *conflicts,
                            const rrn_pack_box *boxes, size_t n, int32_t most_bins, rrn_arena *arena,
                            rramnas_error *err);
int32_t rrn_pack_state_open(rrn_pack_state *s, rramnas_error *err);

/* 1 when the rules let crossbar k take one more box of the layer. */
int rrn_pack_state_allows(const rrn_pack_state *s, int32_t k, int32_t layer);
/* Space of crossbar k for a box, -1 when there is none or a rule forbids it. */
int32_t rrn_pack_state_space(const rrn_pack_state *s, int32_t k, const rrn_pack_box *box);
/* First crossbar from `from` on, in a ring, that takes the box; -1 when none does. */
int32_t rrn_pack_state_first(const rrn_pack_state *s, const rrn_pack_box *box, int32_t from, int32_t *ret_space);
/* Crossbar with the fewest free cells that takes the box; -1 when none does. */
int32_t rrn_pack_state_tightest(const rrn_pack_state *s, const rrn_pack_box *box, int32_t *ret_space);

/* Crossbar with the most free cells. */
int32_t rrn_pack_state_emptiest(const rrn_pack_state *s);

/* Puts a box, which the caller has taken from left_out, at the low corner of a space. */
int32_t rrn_pack_state_put(rrn_pack_state *s, int32_t k, int32_t space, int32_t box, rramnas_error *err);
/* The same at a place that is known to be free. */
int32_t rrn_pack_state_place(rrn_pack_state *s, int32_t k, rrn_pack_item item, rramnas_error *err);
/* Moves the boxes of crossbar k to left_out: all but those with keep[item] set; keep NULL = all. */
int32_t rrn_pack_state_take(rrn_pack_state *s, int32_t k, const uint8_t *keep, rramnas_error *err);
/* Removes an empty crossbar; the last one takes its number. Forgets the mark. */
void rrn_pack_state_drop(rrn_pack_state *s, int32_t k);

/* Marks the packing, so that undo can return to it. */
void rrn_pack_state_mark(rrn_pack_state *s);
void rrn_pack_state_undo(rrn_pack_state *s);

#endif
