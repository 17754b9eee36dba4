/* SPDX-License-Identifier: MIT */
/* Non-dominated sorting: which front a point belongs to.
 *
 * In:  n points with m objectives, violations of constraints.
 * Out: ranks, 0 = not dominated by any; the rank of a dominated point is one more than the highest rank of those that
 *      dominate it. Equal points share a rank; -0.0 equals 0.0; NaN is worse than +inf and equal to NaN.
 *
 * Idea: in lexicographic order a point can only be dominated by earlier ones, and a point that front k dominates is
 * dominated by every front before k, so the front is found by binary search.
 *   2 objectives: the last point of a front has its smallest second objective; one comparison per step of the search.
 *   3 objectives: each front keeps the staircase of its points in the last two objectives, sorted in an array; a
 *   step of
 *     the search is a binary search in one staircase.
 *   1 objective and infeasible points (by violation): order and number the distinct values.
 *   4 and more: sort_many.c.
 * With constraints (Deb 2002, definition 1) infeasible points form fronts of their own behind the feasible ones.
 *
 * Every sweep ranks all points in one go, so a limit on the number of ranked points saves no work here; it only marks
 * what lies beyond.
 *
 * Complexity: 2-D O(n log k) after an O(n) radix sort; 3-D O(n log k log s) and moving at most s entries per point,
 * for k fronts and staircases of s points; O(n m) extra memory. Paper: Zhang, Tian, Cheng, Jin, IEEE Trans. Evol.
 * Comput. 19(2), 2015 (ENS-BS: sequential insertion with binary search); deviations: staircases instead of comparing
 * with the members of a front, and integer keys instead of doubles. */
#include "search/sort.h"

typedef struct stair {
  uint64_t y, z;
} stair;

typedef struct stairs {
  stair *at; /* y ascending, z descending */
  size_t n, cap;
} stairs;

int
rrn_dominates(const double *a, const double *b, size_t m)
{
  int better = 0;
  size_t i;

  for (i = 0; i < m; i++) {
    const uint64_t x = rrn_key_of(a[i]), y = rrn_key_of(b[i]);

    if (x > y)
      return 0;
    better |= x < y;
  }
  return better;
}

int
rrn_dominates_constrained(const double *a, double cv_a, const double *b, double cv_b, size_t m)
{
  const int feasible_a = cv_a <= 0, feasible_b = cv_b <= 0;

  if (feasible_a && feasible_b)
    return rrn_dominates(a, b, m);
  if (feasible_a || feasible_b)
    return feasible_a;
  return rrn_key_of(cv_a) < rrn_key_of(cv_b);
}

/* Numbers the distinct keys of an ordered array from `first`; returns the next free number. */
static uint32_t
number_distinct(const rrn_key *keys, size_t n, uint32_t first, uint32_t *ret_ranks)
{
  size_t i;

  for (i = 0; i < n; i++) {
    first += i > 0 && keys[i].key != keys[i - 1].key;
    ret_ranks[keys[i].index] = first;
  }
  return first + (n > 0);
}

/* Runs of equal first keys in the order of another objective. */
static void
order_ties(rrn_key *keys, rrn_key *scratch, size_t n, const double *f, size_t m, size_t objective)
{
  size_t i, k, end;

  for (i = 0; i + 1 < n; i = end) {
    const uint64_t tie = keys[i].key;

    for (end = i + 1; end < n && keys[end].key == tie; end++)
      ;
    if (end - i == 1)
      continue;
    for (k = i; k < end; k++)
      keys[k].key = rrn_key_of(f[keys[k].index * m + objective]);
    rrn_order(keys + i, scratch, end - i);
    if (objective + 1 < m)
      order_ties(keys + i, scratch, end - i, f, m, objective + 1);
    for (k = i; k < end; k++)
      keys[k].key = tie;
  }
}

/* First front whose tail lies above y: tails ascend. */
static size_t
front_below(const uint64_t *tails, size_t n_fronts, uint64_t y)
{
  const uint64_t *low = tails;
  size_t half;

  if (n_fronts == 0)
    return 0;
  for (; n_fronts > 1; n_fronts -= half) {
    half = n_fronts / 2;
    low += low[half - 1] <= y ? half : 0;
  }
  return (size_t)(low - tails) + (*low <= y);
}

static int32_t
sort_2d(rrn_arena *arena, const rrn_key *keys, size_t n, const double *f, uint32_t *ret_ranks, rramnas_error *err)
{
  uint64_t *tails = rrn_arena_alloc_raw(arena, n, sizeof(*tails));
  uint64_t last_x = 0, last_y = 0;
  size_t i, k = 0, n_fronts = 0;

  if (!tails)
    return rrn_fail_memory(err);
  for (i = 0; i < n; i++) {
    const uint64_t y = rrn_key_of(f[keys[i].index * 2 + 1]);

    if (i == 0 || keys[i].key != last_x || y != last_y) {
      k = front_below(tails, n_fronts, y);
      n_fronts += k == n_fronts;
      tails[k] = y;
    }
    ret_ranks[keys[i].index] = (uint32_t)k;
    last_x = keys[i].key;
    last_y = y;
  }
  return RRAMNAS_OK;
}

/* Number of steps with y no larger. */
static size_t
steps_up_to(const stairs *s, uint64_t y)
{
  const stair *low = s->at;
  size_t n = s->n, half;

  if (n == 0)
    return 0;
  for (; n > 1; n -= half) {
    half = n / 2;
    low += low[half - 1].y <= y ? half : 0;
  }
  return (size_t)(low - s->at) + (low->y <= y);
}

static int
stairs_dominate(const stairs *s, uint64_t y, uint64_t z)
{
  const size_t n = steps_up_to(s, y);

  return n > 0 && s->at[n - 1].z <= z;
}

/* (y, z) is not dominated; steps that it dominates go. */
static int32_t
stairs_add(rrn_arena *arena, stairs *s, uint64_t y, uint64_t z, rramnas_error *err)
{
  size_t at = steps_up_to(s, y), end = at;

  at -= at > 0 && s->at[at - 1].y == y;
  while (end < s->n && s->at[end].z >= z)
    end++;
  if (at == end) {
    stair *grown = s->n < s->cap ? s->at : rrn_arena_grow(arena, s->at, s->n, &s->cap, sizeof(stair));

    if (!grown)
      return rrn_fail_memory(err);
    s->at = grown;
    end = at;
  }
  if (end != at + 1)
    memmove(s->at + at + 1, s->at + end, (s->n - end) * sizeof(stair));
  s->n = s->n + at + 1 - end;
  s->at[at] = (stair){ y, z };
  return RRAMNAS_OK;
}

static int32_t
sort_3d(rrn_arena *arena, const rrn_key *keys, size_t n, const double *f, uint32_t *ret_ranks, rramnas_error *err)
{
  stairs *fronts = NULL;
  size_t i, n_fronts = 0, cap = 0, last = 0;

  for (i = 0; i < n; i++) {
    const double *p = f + keys[i].index * 3;
    const uint64_t y = rrn_key_of(p[1]), z = rrn_key_of(p[2]);
    size_t low = 0, high = n_fronts;

    if (i > 0 && keys[i].key == keys[i - 1].key && y == rrn_key_of(f[keys[i - 1].index * 3 + 1]) &&
        z == rrn_key_of(f[keys[i - 1].index * 3 + 2])) {
      ret_ranks[keys[i].index] = (uint32_t)last;
      continue;
    }
    while (low < high) {
      const size_t middle = (low + high) / 2;

      if (stairs_dominate(&fronts[middle], y, z))
        low = middle + 1;
      else
        high = middle;
    }
    if (low == n_fronts) {
      stairs *grown = low < cap ? fronts : rrn_arena_grow(arena, fronts, low, &cap, sizeof(*fronts));

      if (!grown)
        return rrn_fail_memory(err);
      fronts = grown;
      fronts[n_fronts++] = (stairs){ NULL, 0, 0 };
    }
    RRN_TRY(stairs_add(arena, &fronts[low], y, z, err));
    ret_ranks[keys[i].index] = (uint32_t)(last = low);
  }
  return RRAMNAS_OK;
}

/* Feasible points and, from the back, infeasible ones. */
static size_t
split(const double *cv, size_t n, uint32_t *ids)
{
  size_t i, n_feasible = 0, n_rest = 0;

  for (i = 0; i < n; i++)
    if (!cv || cv[i] <= 0)
      ids[n_feasible++] = (uint32_t)i;
    else
      ids[n - ++n_rest] = (uint32_t)i;
  return n_feasible;
}

static int32_t
sort_feasible(rrn_arena *arena, const double *f, const uint32_t *ids, size_t n, size_t m, rrn_key *keys,
              rrn_key *scratch, uint32_t *ret_ranks, rramnas_error *err)
{
  size_t i;

  if (m > 3)
    return rrn_sort_many(arena, f, ids, n, m, ret_ranks, err);
  for (i = 0; i < n; i++)
    keys[i] = (rrn_key){ m ? rrn_key_of(f[ids[i] * m]) : 0, ids[i] };
  rrn_order(keys, scratch, n);
  if (m > 1)
    order_ties(keys, scratch, n, f, m, 1);
  if (m == 2)
    return sort_2d(arena, keys, n, f, ret_ranks, err);
  if (m == 3)
    return sort_3d(arena, keys, n, f, ret_ranks, err);
  number_distinct(keys, n, 0, ret_ranks);
  return RRAMNAS_OK;
}

static uint32_t
fronts_of(const uint32_t *ids, size_t n, const uint32_t *ranks)
{
  uint32_t n_fronts = 0;
  size_t i;

  for (i = 0; i < n; i++)
    if (ranks[ids[i]] >= n_fronts)
      n_fronts = ranks[ids[i]] + 1;
  return n_fronts;
}

static void
sort_infeasible(const double *cv, const uint32_t *ids, size_t n, uint32_t first, rrn_key *keys, rrn_key *scratch,
                uint32_t *ret_ranks)
{
  size_t i;

  for (i = 0; i < n; i++)
    keys[i] = (rrn_key){ rrn_key_of(cv[ids[i]]), ids[i] };
  rrn_order(keys, scratch, n);
  number_distinct(keys, n, first, ret_ranks);
}

/* Fronts needed for `enough` points; what lies behind loses its rank. */
static int32_t
cut(rrn_arena *arena, size_t n, size_t enough, uint32_t *ranks, uint32_t *n_fronts, rramnas_error *err)
{
  size_t *sizes = rrn_arena_alloc(arena, *n_fronts, sizeof(*sizes));
  size_t i, sum = 0;
  uint32_t k = 0;

  if (!sizes)
    return rrn_fail_memory(err);
  for (i = 0; i < n; i++)
    sizes[ranks[i]]++;
  while (k < *n_fronts && sum < enough)
    sum += sizes[k++];
  for (i = 0; i < n; i++)
    if (ranks[i] >= k)
      ranks[i] = RRN_RANK_NONE;
  *n_fronts = k;
  return RRAMNAS_OK;
}

int32_t
rrn_sort_fronts(rrn_arena *arena, const double *f, const double *cv, size_t n, size_t m, size_t enough,
                uint32_t *ret_ranks, uint32_t *ret_n_fronts, rramnas_error *err)
{
  uint32_t *ids = rrn_arena_alloc_raw(arena, n, sizeof(*ids));
  rrn_key *keys = rrn_arena_alloc_raw(arena, n, 2 * sizeof(*keys));
  uint32_t n_fronts;
  size_t n_feasible;

  RRN_FAIL_IF(n > INT32_MAX, err, RRAMNAS_ERR_LIMIT, "%zu points to sort, expected at most 2147483647", n);
  if (!ids || !keys)
    return rrn_fail_memory(err);
  n_feasible = split(cv, n, ids);
  RRN_TRY(sort_feasible(arena, f, ids, n_feasible, m, keys, keys + n, ret_ranks, err));
  n_fronts = fronts_of(ids, n_feasible, ret_ranks);
  if (n_feasible < n) {
    sort_infeasible(cv, ids + n_feasible, n - n_feasible, n_fronts, keys, keys + n, ret_ranks);
    n_fronts += fronts_of(ids + n_feasible, n - n_feasible, ret_ranks) - n_fronts;
  }
  if (enough > 0 && enough < n)
    RRN_TRY(cut(arena, n, enough, ret_ranks, &n_fronts, err));
  *ret_n_fronts = n_fronts;
  return RRAMNAS_OK;
}
