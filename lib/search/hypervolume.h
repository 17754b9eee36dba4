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

/* --- parts, for hypervolume_wfg.c --- */

/* Four and more objectives, points inside the reference box; `keys` holds 2 n. */
int32_t rrn_hv_corners(rrn_arena *arena, const double *p, size_t n, size_t m, const double *reference, rrn_key *keys,
                       double *ret_volume, rramnas_error *err);

typedef struct rrn_corner {
  double x, y;
} rrn_corner;

/* The corners of a region in the plane: x ascending, y descending, all below (limit_x, limit_y). */
typedef struct rrn_corners {
  rrn_corner *at;
  size_t n;
  double limit_x, limit_y;
} rrn_corners;

/* Number of corners with x no larger. */
static inline size_t
rrn_corners_up_to(const rrn_corners *c, double x)
{
  const rrn_corner *low = c->at;
  size_t n = c->n, half;

  if (n == 0)
    return 0;
  for (; n > 1; n -= half) {
    half = n / 2;
    low += low[half - 1].x <= x ? half : 0;
  }
  return (size_t)(low - c->at) + (low->x <= x);
}

/* Adds the region above and right of (x, y); returns the area gained. */
static inline double
rrn_corners_add(rrn_corners *c, double x, double y)
{
  size_t at = rrn_corners_up_to(c, x), end, i;
  double top = c->limit_y, left = x, gain = 0;

  if (at > 0) {
    if (c->at[at - 1].y <= y)
      return 0;
    at -= c->at[at - 1].x == x;
    top = at > 0 ? c->at[at - 1].y : top;
  }
  for (end = at; end < c->n && c->at[end].y >= y; end++) {
    gain += (c->at[end].x - left) * (top - y);
    left = c->at[end].x;
    top = c->at[end].y;
  }
  gain += ((end < c->n ? c->at[end].x : c->limit_x) - left) * (top - y);
  if (end == at)
    for (i = c->n++; i > at; i--)
      c->at[i] = c->at[i - 1];
  else if (end > at + 1) {
    for (i = end; i < c->n; i++)
      c->at[at + 1 + i - end] = c->at[i];
    c->n -= end - at - 1;
  }
  c->at[at] = (rrn_corner){ x, y };
  return gain;
}

#endif
