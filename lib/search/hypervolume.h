/* SPDX-License-Identifier: MIT */
/* Hypervolume and exclusive contributions. All objectives are minimised. */
#ifndef RRN_SEARCH_HYPERVOLUME_H
#define RRN_SEARCH_HYPERVOLUME_H

#include "search/order.h"
#include "util/arena.h"

/* Volume that n points f[n][m] dominate below the reference point; points that are not better than it in every
 * objective (or hold a NaN) add nothing. Dominated and equal points are allowed. Scratch comes from `arena`. */
int32_t rrn_hypervolume(rrn_arena *arena, const double *f, size_t n, size_t m, const double *reference,
                        double *ret_volume, rramnas_error *err);

/* What is lost when one point goes, ret_contributions[n]; 0 for dominated points and for points with equals.
 * n hypervolumes; resets `arena`. */
int32_t rrn_hypervolume_contributions(rrn_arena *arena, const double *f, size_t n, size_t m, const double *reference,
                                      double *ret_contributions, rramnas_error *err);

/* Four and more objectives, points inside the reference box; `keys` holds 2 n. */
int32_t rrn_hv_corners(rrn_arena *arena, const double *p, size_t n, size_t m, const double *reference, rrn_key *keys,
                       double *ret_volume, rramnas_error *err);

#endif
