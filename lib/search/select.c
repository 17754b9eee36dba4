/* SPDX-License-Identifier: MIT */
/* Environmental selection of NSGA-II.
 *
 * In:  points with violations, how many may stay.
 * Out: who stays.
 *
 * Idea: whole fronts while they fit; the first that does not fit is thinned. In the paper the least crowded points
 * of that front stay, by distances computed once; then whole clusters go together and holes open. Stepwise thinning
 * removes one point at a time: with two objectives the one of least crowding distance, whose neighbours then become
 * neighbours of each other (lists linked per objective); with more, where crowding distance says little about
 * density, the one whose nearest remaining point is nearest (then its second nearest); with more than three, niches
 * (nsga3.c). The ends of every objective stay as long as there is room. Ties by index: the later goes. Points stay
 * in the order of their index.
 *
 * Complexity: sorting (sort.c) and O(n log n) for crowding, O(n^2) for stepwise thinning of n points; O(n m) memory.
 * Papers: Deb et al. 2002, section III; Kukkonen, Deb, Improved pruning of non-dominated solutions based on crowding
 * distance, CEC 2006; Kukkonen, Deb, A fast and effective method for pruning of non-dominated solutions in
 * many-objective problems, PPSN 2006 (nearest neighbours; deviation: the two nearest in turn instead of a product of
 * m distances). */
#include "search/select.h"

#include <math.h>
#include <string.h>

#include "search/crowding.h"
#include "search/sort.h"

enum { NONE = -1 };

typedef struct links {
  int32_t *before, *after; /* [m][n]: neighbours in an objective, NONE at the ends */
  double *range;           /* [m] */
} links;

typedef struct near {
  double first, second; /* squared distances; infinite for what must stay */
  int32_t first_id, second_id;
} near;

/* What is no number counts as no distance. */
static double
gap(double a, double b, double range)
{
  const double d = fabs(a - b);

  return range > 0 && d <= range ? d / range : 0;
}

/* Points in the order of an objective. Of two the second descends along a front in the order of the first, which keys
 * hold already. */
static int32_t
order_objective(rrn_arena *arena, const double *f, size_t m, const uint32_t *ids, size_t n, size_t j,
                rrn_key **ret_keys, rramnas_error *err)
{
  rrn_key *keys = *ret_keys ? *ret_keys : rrn_arena_alloc_raw(arena, n, 2 * sizeof(*keys));
  size_t i;

  if (!keys)
    return rrn_fail_memory(err);
  if (m == 2 && j == 1) {
    for (i = 0; i < n; i++)
      keys[i].key = rrn_key_of(f[ids[keys[i].index] * m + j]);
    if (rrn_order_reversed(keys, n))
      return RRAMNAS_OK;
  }
  for (i = 0; i < n; i++)
    keys[i] = (rrn_key){ rrn_key_of(f[ids[i] * m + j]), i };
  rrn_order(keys, keys + n, n);
  *ret_keys = keys;
  return RRAMNAS_OK;
}

static double
range_of(const double *f, size_t m, const uint32_t *ids, const rrn_key *keys, size_t n, size_t j)
{
  const double range = f[ids[keys[n - 1].index] * m + j] - f[ids[keys[0].index] * m + j];

  return range < INFINITY ? range : 0;
}

/* --- linked lists --- */

static int32_t
link_up(rrn_arena *arena, links *l, const double *f, size_t m, const uint32_t *ids, size_t n, rramnas_error *err)
{
  rrn_key *keys = NULL;
  size_t i, j;

  l->before = rrn_arena_alloc_raw(arena, n, m * sizeof(*l->before));
  l->after = rrn_arena_alloc_raw(arena, n, m * sizeof(*l->after));
  l->range = rrn_arena_alloc_raw(arena, m, sizeof(*l->range));
  if (!l->before || !l->after || !l->range)
    return rrn_fail_memory(err);
  for (j = 0; j < m; j++) {
    RRN_TRY(order_objective(arena, f, m, ids, n, j, &keys, err));
    l->range[j] = range_of(f, m, ids, keys, n, j);
    for (i = 0; i < n; i++) {
      l->before[j * n + keys[i].index] = i > 0 ? (int32_t)keys[i - 1].index : NONE;
      l->after[j * n + keys[i].index] = i + 1 < n ? (int32_t)keys[i + 1].index : NONE;
    }
  }
  return RRAMNAS_OK;
}

static double
distance(const links *l, const double *f, size_t m, const uint32_t *ids, size_t n, size_t i)
{
  double sum = 0;
  size_t j;

  for (j = 0; j < m; j++) {
    const int32_t b = l->before[j * n + i], a = l->after[j * n + i];

    if (b == NONE || a == NONE)
      return INFINITY;
    sum += gap(f[ids[a] * m + j], f[ids[b] * m + j], l->range[j]);
  }
  return sum;
}

static void
unlink_point(links *l, const double *f, size_t m, const uint32_t *ids, size_t n, size_t i, double *distances)
{
  size_t j;

  for (j = 0; j < m; j++) {
    const int32_t b = l->before[j * n + i], a = l->after[j * n + i];

    if (b != NONE)
      l->after[j * n + (size_t)b] = a;
    if (a != NONE)
      l->before[j * n + (size_t)a] = b;
  }
  for (j = 0; j < m; j++) {
    const int32_t b = l->before[j * n + i], a = l->after[j * n + i];

    if (j > 0 && b == l->after[i] && a == l->before[i])
      continue;
    if (b != NONE)
      distances[b] = distance(l, f, m, ids, n, (size_t)b);
    if (a != NONE)
      distances[a] = distance(l, f, m, ids, n, (size_t)a);
  }
}

/* The last of least distance; NaN = gone already. */
static size_t
most_crowded(const double *distances, size_t n)
{
  double least = INFINITY;
  size_t i, worst = 0;

  for (i = 0; i < n; i++)
    if (distances[i] <= least) {
      least = distances[i];
      worst = i;
    }
  return worst;
}

static int32_t
thin_lists(rrn_arena *arena, const double *f, size_t m, const uint32_t *ids, size_t n, size_t wanted, uint8_t *selected,
           rramnas_error *err)
{
  links l;
  double *distances = rrn_arena_alloc_raw(arena, n, sizeof(*distances));
  size_t i, count;

  if (!distances)
    return rrn_fail_memory(err);
  RRN_TRY(link_up(arena, &l, f, m, ids, n, err));
  for (i = 0; i < n; i++)
    distances[i] = distance(&l, f, m, ids, n, i);
  for (count = n; count > wanted; count--) {
    const size_t worst = most_crowded(distances, n);

    unlink_point(&l, f, m, ids, n, worst, distances);
    distances[worst] = NAN;
    selected[ids[worst]] = 0;
  }
  return RRAMNAS_OK;
}

/* --- nearest neighbours --- */

/* Objectives of the front as shares of their ranges; marks the ends. */
static int32_t
normalise(rrn_arena *arena, const double *f, size_t m, const uint32_t *ids, size_t n, double *p, uint8_t *ends,
          rramnas_error *err)
{
  rrn_key *keys = NULL;
  size_t i, j;

  for (j = 0; j < m; j++) {
    double low, range;

    RRN_TRY(order_objective(arena, f, m, ids, n, j, &keys, err));
    low = f[ids[keys[0].index] * m + j];
    range = range_of(f, m, ids, keys, n, j);
    ends[keys[0].index] = ends[keys[n - 1].index] = 1;
    for (i = 0; i < n; i++)
      p[i * m + j] = gap(f[ids[i] * m + j], low, range);
  }
  return RRAMNAS_OK;
}

static void
find_near(const double *p, size_t m, const uint32_t *left, size_t count, size_t own, near *ret)
{
  near r = { INFINITY, INFINITY, NONE, NONE };
  size_t k, j;

  for (k = 0; k < count; k++) {
    const size_t i = left[k];
    double sum = 0;

    for (j = 0; j < m; j++) {
      const double d = p[i * m + j] - p[own * m + j];

      sum += d * d;
    }
    if (sum >= r.second || i == own)
      continue;
    if (sum < r.first)
      r = (near){ sum, r.first, (int32_t)i, r.first_id };
    else {
      r.second = sum;
      r.second_id = (int32_t)i;
    }
  }
  *ret = r;
}

static int
nearer(const near *a, const near *b)
{
  return a->first < b->first || (a->first == b->first && a->second <= b->second);
}

/* The last in the list of those that lie closest to another; ends only when nothing else is left. */
static size_t
closest(const near *nears, const uint8_t *ends, const uint32_t *left, size_t count)
{
  size_t i, best = 0;

  for (i = 1; i < count; i++)
    if (ends[left[i]] == ends[left[best]] ? nearer(&nears[left[i]], &nears[left[best]]) : ends[left[best]])
      best = i;
  return best;
}

static int32_t
thin_nearest(rrn_arena *arena, const double *f, size_t m, const uint32_t *ids, size_t n, size_t wanted,
             uint8_t *selected, rramnas_error *err)
{
  double *p = rrn_arena_alloc_raw(arena, n, m * sizeof(*p));
  uint8_t *ends = rrn_arena_alloc(arena, n, 1);
  near *nears = rrn_arena_alloc_raw(arena, n, sizeof(*nears));
  uint32_t *left = rrn_arena_alloc_raw(arena, n, sizeof(*left));
  size_t i, count = n;

  if (!p || !ends || !nears || !left)
    return rrn_fail_memory(err);
  RRN_TRY(normalise(arena, f, m, ids, n, p, ends, err));
  for (i = 0; i < n; i++)
    left[i] = (uint32_t)i;
  for (i = 0; i < n; i++)
    find_near(p, m, left, n, i, &nears[i]);
  while (count > wanted) {
    const size_t at = closest(nears, ends, left, count);
    const int32_t gone = (int32_t)left[at];

    selected[ids[gone]] = 0;
    memmove(left + at, left + at + 1, (--count - at) * sizeof(*left));
    for (i = 0; i < count; i++)
      if (nears[left[i]].first_id == gone || nears[left[i]].second_id == gone)
        find_near(p, m, left, count, left[i], &nears[left[i]]);
  }
  return RRAMNAS_OK;
}

int32_t
rrn_thin_stepwise(rrn_arena *arena, const double *f, size_t m, const uint32_t *ids, size_t n, size_t wanted,
                  uint8_t *selected, rramnas_error *err)
{
  if (m <= 2)
    return thin_lists(arena, f, m, ids, n, wanted, selected, err);
  return thin_nearest(arena, f, m, ids, n, wanted, selected, err);
}

/* --- the paper's way --- */

static int32_t
thin_crowding(rrn_arena *arena, const double *f, size_t m, size_t n_all, const uint32_t *ids, size_t n, size_t wanted,
              uint8_t *selected, rramnas_error *err)
{
  double *distances = rrn_arena_alloc_raw(arena, n_all, sizeof(*distances));
  rrn_key *keys = rrn_arena_alloc_raw(arena, n, 2 * sizeof(*keys));
  size_t i;

  if (!distances || !keys)
    return rrn_fail_memory(err);
  rrn_crowding(f, m, ids, n, keys, distances);
  for (i = 0; i < n; i++)
    keys[i] = (rrn_key){ ~rrn_key_of(distances[ids[i]]), ids[i] };
  rrn_order(keys, keys + n, n);
  for (i = wanted; i < n; i++)
    selected[keys[i].index] = 0;
  return RRAMNAS_OK;
}

int32_t
rrn_select(rrn_arena *arena, const double *f, const double *cv, size_t n, size_t m, size_t wanted, int32_t thinning,
           uint32_t *ret_ranks, uint8_t *ret_selected, rramnas_error *err)
{
  uint32_t *last = rrn_arena_alloc_raw(arena, n, sizeof(*last));
  uint32_t n_fronts;
  size_t i, count = 0, n_last = 0;

  if (!last)
    return rrn_fail_memory(err);
  RRN_TRY(rrn_sort_fronts(arena, f, cv, n, m, wanted, ret_ranks, &n_fronts, err));
  for (i = 0; i < n; i++) {
    ret_selected[i] = ret_ranks[i] < n_fronts && wanted > 0;
    count += ret_selected[i];
    if (ret_ranks[i] + 1 == n_fronts)
      last[n_last++] = (uint32_t)i;
  }
  if (count <= wanted)
    return RRAMNAS_OK;
  if (thinning == RRN_THIN_CROWDING)
    return thin_crowding(arena, f, m, n, last, n_last, n_last - (count - wanted), ret_selected, err);
  if (thinning == RRN_THIN_NICHES || m > 3)
    return rrn_thin_niches(arena, f, n, m, last, n_last, n_last - (count - wanted), ret_selected, err);
  return rrn_thin_stepwise(arena, f, m, last, n_last, n_last - (count - wanted), ret_selected, err);
}
