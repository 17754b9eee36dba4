/* SPDX-License-Identifier: MIT */
/* Non-dominated sorting. All objectives are minimised. */
#ifndef RRN_SEARCH_SORT_H
#define RRN_SEARCH_SORT_H

#include "search/order.h"
#include "util/arena.h"

/* Rank of a point that was not asked for. */
#define RRN_RANK_NONE UINT32_MAX

/* Front number of each of n points with m objectives, f[n][m]; cv[n] is the sum of constraint violations (0 or less =
 * feasible), NULL = all feasible. Ranks are final up to the first front with which at least `enough` points are ranked
 * (0 = all); points beyond it get RRN_RANK_NONE. Scratch memory comes from `arena`. ERR_LIMIT beyond 2^31 points. */
int32_t rrn_sort_fronts(rrn_arena *arena, const double *f, const double *cv, size_t n, size_t m, size_t enough,
                        uint32_t *ret_ranks, uint32_t *ret_n_fronts, rramnas_error *err);

/* 1 when a dominates b by objectives alone: no worse in any, better in one. NaN counts as worse than +inf. */
int rrn_dominates(const double *a, const double *b, size_t m);
/* The same with constraints: feasible before infeasible, infeasible by violation. */
int rrn_dominates_constrained(const double *a, double cv_a, const double *b, double cv_b, size_t m);

/* The general case, in sort_many.c: points ids[n] of f[][m], m >= 2. */
int32_t rrn_sort_many(rrn_arena *arena, const double *f, const uint32_t *ids, size_t n, size_t m, uint32_t *ret_ranks,
                      rramnas_error *err);

#endif
