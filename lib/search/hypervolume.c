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
 *   4 and more: hypervolume_corners.c.
 * The contribution of a point is its box less the volume of the others moved behind it.
 *
 * Complexity: 2-D O(n log n) (radix sort: O(n)); 3-D O(n log s) and moving at most s corners per point, s = corners
 * at one time. Memory O(n). Paper: Beume, Fonseca, Lopez-Ibanez, Paquete, Vahrenhold, IEEE Trans. Evol. Comput. 13(5),
 * 2009 (3-D). Deviation: an array instead of a tree. */
#include "search/hypervolume.h"

typedef struct corner {
  double x, y;
} corner;

/* The corners of a region in the plane: x ascending, y descending, all below (limit_x, limit_y). */
typedef struct corners {
  corner *at;
  size_t n;
  double limit_x, limit_y;
} corners;

/* Number of corners with x no larger. */
static size_t
up_to(const corners *c, double x)
{
  const corner *low = c->at;
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
static double
add_corner(corners *c, double x, double y)
{
  size_t at = up_to(c, x), end, i;
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
  c->at[at] = (corner){ x, y };
  return gain;
}

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
  corners plane = { (corner *)room, 0, reference[0], reference[1] };
  double area = 0, sum = 0, z = 0;
  size_t i;

  order_by(keys, p, n, 3, 2);
  for (i = 0; i < n; i++) {
    const double *q = p + 3 * keys[i].index;

    if (i > 0)
      sum += area * (q[2] - z);
    z = q[2];
    area += add_corner(&plane, q[0], q[1]);
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
