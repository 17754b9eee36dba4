/* SPDX-License-Identifier: MIT */
/* Packing into as few crossbars as a budget of work finds. */
#ifndef RRN_COMPILE_PACK_SEARCH_H
#define RRN_COMPILE_PACK_SEARCH_H

#include "compile/pack.h"

/* Layers that may not share a crossbar, beyond the layer threshold of the rules: bit j of row i (bit j % 64 of word
 * i * n_words + j / 64). Symmetric. Layers from n_layers on are free of it. */
typedef struct rrn_pack_conflicts {
  const uint64_t *bits;
  int32_t n_layers, n_words;
} rrn_pack_conflicts;

/* More boxes than RRN_PACK_BLOCK are searched block by block: pack_blocks.c. */
enum { RRN_PACK_EVALUATIONS = 2000000, RRN_PACK_BLOCK = 16384 };

typedef struct rrn_pack_search_options {
  uint64_t seed;
  /* Boxes that may be put into crossbars, all tries together, and what looking for a place adds; 0 =
   * RRN_PACK_EVALUATIONS, a fraction of a second. The sorted orders are tried in any case. */
  int64_t evaluations;
  /* Stop at this many crossbars or fewer; 0 = only at the proven bound. */
  int32_t target;
  const rrn_pack_conflicts *conflicts; /* NULL = none */
} rrn_pack_search_options;

/* Packs the boxes into as few crossbars as found. rules->crossbars and grow decide only about ret_result->fits; spots
 * are complete even when more crossbars were needed than there are. Not so when a box is larger than a crossbar:
 * then fits is 0 and spots NULL. */
int32_t rrn_pack_search(const rrn_pack_rules *rules, const rrn_pack_box *boxes, size_t n,
                        const rrn_pack_search_options *options, rrn_arena *arena, rrn_pack_result *ret_result,
                        rramnas_error *err);

/* The same from a valid packing on, instead of the sorted orders; the result is never worse than it. NULL = search. */
int32_t rrn_pack_improve(const rrn_pack_rules *rules, const rrn_pack_box *boxes, size_t n,
                         const rrn_pack_search_options *options, const rrn_pack_result *start, rrn_arena *arena,
                         rrn_pack_result *ret_result, rramnas_error *err);

/* Do the boxes fit rules->crossbars? ret_result->fits: 1 = yes, and spots say how; 0 = not found. Without work when
 * the bound already says no. */
int32_t rrn_pack_fits(const rrn_pack_rules *rules, const rrn_pack_box *boxes, size_t n,
                      const rrn_pack_search_options *options, rrn_arena *arena, rrn_pack_result *ret_result,
                      rramnas_error *err);

/* pack_blocks.c: what rrn_pack_search does for n > RRN_PACK_BLOCK; all boxes fit a crossbar. */
int32_t rrn_pack_blocks(const rrn_pack_rules *rules, const rrn_pack_box *boxes, size_t n,
                        const rrn_pack_search_options *options, rrn_arena *arena, rrn_pack_result *ret_result,
                        rramnas_error *err);

#endif
