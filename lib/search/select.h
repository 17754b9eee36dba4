/* SPDX-License-Identifier: MIT */
/* Environmental selection: who stays. */
#ifndef RRN_SEARCH_SELECT_H
#define RRN_SEARCH_SELECT_H

#include "util/arena.h"

/* Thinning of the first front that does not fit as a whole. Values are part of checkpoints. */
enum rrn_thinning {
  RRN_THIN_STEPWISE = 0, /* one point at a time, distances anew after each; niches with more than three objectives */
  RRN_THIN_CROWDING = 1, /* all at once by crowding distance, as in the paper */
  RRN_THIN_NICHES = 2    /* by reference directions: nsga3.c */
};

/* Marks the `wanted` best of n points (all, when there are no more) in ret_selected[n] and ranks all of them that were
 * ranked. cv as in sort.h. */
int32_t rrn_select(rrn_arena *arena, const double *f, const double *cv, size_t n, size_t m, size_t wanted,
                   int32_t thinning, uint32_t *ret_ranks, uint8_t *ret_selected, rramnas_error *err);

/* Clears `selected` of ids[n] until `wanted` are left. */
int32_t rrn_thin_stepwise(rrn_arena *arena, const double *f, size_t m, const uint32_t *ids, size_t n, size_t wanted,
                          uint8_t *selected, rramnas_error *err);

/* Reference directions of m objectives: all multiples of 1 / divisions that sum to 1. */
size_t rrn_directions_count(size_t m, size_t divisions);
void rrn_directions(size_t m, size_t divisions, double *ret_directions);

/* Niches: adds `wanted` of last[n_last] to the points that are selected already, where directions have fewest; clears
 * `selected` of the others. n = all points. */
int32_t rrn_thin_niches(rrn_arena *arena, const double *f, size_t n, size_t m, const uint32_t *last, size_t n_last,
                        size_t wanted, uint8_t *selected, rramnas_error *err);

#endif
