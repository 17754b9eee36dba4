/* SPDX-License-Identifier: MIT */
/* Exact hypervolume by sweeps.
 *
 * In:  points, a reference point.
 * Out: the volume of what the points dominate below the reference point; contributions of single points.
 *
 * Idea: in the order of the last objective a sweep adds slices, each as thick as the step to the next point and as wide
 * as what the points so far dominate in the objectives before.
 *   2-D: the width is one number.
 *   3-D: corners of the region in the plane, sorted in an array; adding one gives the area it gains.
 *   4-D: the points so far that matter in three objectives, sorted by the third. The volume a point p gains is swept
 *   the
 *     same way: corners are those points, cut to the octant behind p. Points below p in the third objective are first
 *     reduced to two bounds (where another point covers p in one of the two other objectives) and the few inside these.
 *   5 and more: hypervolume_wfg.c.
 * The contribution of a point is its box less the volume of the others moved behind it.
 *
 * Complexity: 2-D O(n log n) (radix sort: O(n)); 3-D O(n log s) and moving at most s corners per point, s = corners
 * at one time; 4-D O(n t) for t points that matter at one time, so O(n^2). Memory O(n). Papers: Beume, Fonseca,
 * Lopez-Ibanez, Paquete, Vahrenhold, IEEE Trans. Evol. Comput. 13(5), 2009 (3-D); Guerreiro, Fonseca, IEEE Trans.
 * Evol. Comput. 22(3), 2018 (HV4D+: one exclusive 3-D volume per point in linear time). Deviations: arrays instead
 * of trees and linked lists. */
#include "search/hypervolume.h"

#include "search/sort.h"

#include <math.h>

/* The points strictly inside the reference box, rows of m. */
static size_t
inside(const double *f, size_t n, size_t m, const double *reference, double *ret_p)
{
  size_t i, j, count = 0;

  for (i = 0; i < n; i++) {
    for (j = 0; j < m && f[i * m + j] < reference[j]; j++)
      ret_p[count * m + j] = f[i * m + j] + 0.0;
    count += j == m;
  }
  return count;
}

static void
order_by(rrn_key *keys, const double *p, size_t n, size_t m, size_t objective)
{
  size_t i;

  for (i = 0; i < n; i++)
    keys[i] = (rrn_key){ rrn_key_of(p[i * m + objective]), i };
  rrn_order(keys, keys + n, n);
}

static double
hv_1d(const double *p, size_t n, double reference)
{
  double best = reference;
  size_t i;

  for (i = 0; i < n; i++)
    best = p[i] < best ? p[i] : best;
  return reference - best;
}

static double
hv_2d(rrn_key *keys, const double *p, size_t n, const double *reference)
{
  double y = reference[1], sum = 0;
  size_t i;

  order_by(keys, p, n, 2, 0);
  for (i = 0; i < n; i++) {
    const double *q = p + 2 * keys[i].index;

    if (q[1] < y) {
      sum += (reference[0] - q[0]) * (y - q[1]);
      y = q[1];
    }
  }
  return sum;
}

static double
hv_3d(rrn_key *keys, const double *p, size_t n, const double *reference, double *room)
{
  rrn_corners corners = { (rrn_corner *)room, 0, reference[0], reference[1] };
  double area = 0, sum = 0, z = 0;
  size_t i;

  order_by(keys, p, n, 3, 2);
  for (i = 0; i < n; i++) {
    const double *q = p + 3 * keys[i].index;

    if (i > 0)
      sum += area * (q[2] - z);
    z = q[2];
    area += rrn_corners_add(&corners, q[0], q[1]);
  }
  return sum + area * (reference[2] - z);
}

int32_t
rrn_hypervolume(rrn_arena *arena, const double *f, size_t n, size_t m, const double *reference, double *ret_volume,
                rramnas_error *err)
{
  double *p = rrn_arena_alloc_raw(arena, n, m * sizeof(*p));
  rrn_key *keys = rrn_arena_alloc_raw(arena, n, 2 * sizeof(*keys));
  double *room = rrn_arena_alloc_raw(arena, n + 1, 2 * sizeof(*room));

  if (!p || !keys || !room)
    return rrn_fail_memory(err);
  n = inside(f, n, m, reference, p);
  if (n == 0 || m == 0)
    *ret_volume = 0;
  else if (m == 1)
    *ret_volume = hv_1d(p, n, reference[0]);
  else if (m == 2)
    *ret_volume = hv_2d(keys, p, n, reference);
  else if (m == 3)
    *ret_volume = hv_3d(keys, p, n, reference, room);
  else
    return rrn_hv_corners(arena, p, n, m, reference, keys, ret_volume, err);
  return RRAMNAS_OK;
}

/* Volume of p's box that the other points leave to it. */
static int32_t
contribution(rrn_arena *arena, const double *f, size_t n, size_t m, size_t own, const double *reference, double *moved,
             double *ret_volume, rramnas_error *err)
{
  double box = 1, rest;
  size_t i, j, k = 0;

  for (j = 0; j < m; j++) {
    if (!(f[own * m + j] < reference[j])) {
      *ret_volume = 0;
      return RRAMNAS_OK;
    }
    box *= reference[j] - f[own * m + j];
  }
  for (i = 0; i < n; i++) {
    if (i == own)
      continue;
    for (j = 0; j < m; j++)
      moved[k * m + j] = f[i * m + j] < f[own * m + j] ? f[own * m + j] : f[i * m + j];
    k++;
  }
  RRN_TRY(rrn_hypervolume(arena, moved, k, m, reference, &rest, err));
  *ret_volume = rest < box ? box - rest : 0;
  return RRAMNAS_OK;
}

int32_t
rrn_hypervolume_contributions(rrn_arena *arena, const double *f, size_t n, size_t m, const double *reference,
                              double *ret_contributions, rramnas_error *err)
{
  double *moved;
  size_t i;

  for (i = 0; i < n; i++) {
    rrn_arena_reset(arena);
    moved = rrn_arena_alloc_raw(arena, n, m * sizeof(*moved));
    if (!moved)
      return rrn_fail_memory(err);
    RRN_TRY(contribution(arena, f, n, m, i, reference, moved, &ret_contributions[i], err));
  }
  return RRAMNAS_OK;
}
