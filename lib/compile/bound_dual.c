/* SPDX-License-Identifier: MIT */
/* Crossbar bound by dual feasible functions.
 *
 * In:  distinct sizes of boxes with their counts.
 * Out: a number that no packing can be below, whatever the sharing rules.
 *
 * Idea: a function f from lengths to values is dual feasible when lengths that sum to at most the side C have values
 * that sum to at most f(C). Then the boxes of one crossbar, each with f(rows) * g(cols) for its area, have areas that
 * sum to at most f(R) * g(C), so that the sum over all boxes / (f(R) * g(C)) is a bound. Why: call a set of boxes
 * feasible along a side when their lengths sum to at most it. Whether boxes fit a crossbar depends only on which
 * boxes overlap in projection, and every set that a horizontal or vertical line cuts is feasible. f and g keep
 * feasible sets feasible, so the same arrangement is one of boxes with sides f and g, and areas do not overlap
 * (conservative scales: Fekete and Schepers, Math. Programming 91 (2001)).
 *
 * The functions, by Carlier, Clautiaux and Moukrim (Computers & Operations Research 34, 2007); k from 1 to C / 2:
 *
 *   identity
 *   rounding, f0:  x > C - k -> C;  k <= x <= C - k -> x;  x < k -> 0. At most one x is > C - k, and beside it only
 *                  those below k fit.
 *   slots, f2:     with c = floor(C / k):  x > C/2 -> 2 (c - floor((C - x) / k));  x = C/2 -> c;
 *                  x < C/2 -> 2 floor(x / k);  C -> 2 c. Short lengths lose the part of a slot that they do not fill;
 *                  a long one takes all but the slots that its complement could fill, and is alone in being long.
 *   counting, f1:  J = lengths between k and C/2 with the counts that occur, M(X) = most of J that fit X:
 *                  x > C/2 -> M(C) - M(C - x);  x in J -> 1;  C -> M(C). Beside a long x at most M(C - x) of J fit.
 *                  It holds for sets of these boxes only: M counts no length more often than it occurs.
 *
 * When to prefer it: always; it includes the area bound. Not handled: sharing rules.
 *
 * Complexity: O(F (d + F s)) for d sizes, s distinct sides, F <= 96 functions of each side.
 *
 * Invariant: integers throughout, so the ceiling is exact: values are at most 2 * 65536, their products with counts
 * below 2^22 stay below 2^57.
 *
 * Deviations: k from the lengths that occur, their complements and fractions, not from all numbers; at most 96
 * functions, repeats left out. */
#include <stdlib.h>
#include <string.h>

#include "compile/bound.h"

enum { MOST_FUNCTIONS = 96, MOST_COUNTING = 24, MOST_ALL_SLOTS = 128 };

static int
by_length(const void *a, const void *b)
{
  const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

  return (x > y) - (x < y);
}

static int32_t
number_of(const rrn_bound_side *side, int32_t length)
{
  int32_t low = 0, high = side->n - 1;

  while (low < high) {
    const int32_t middle = low + (high - low) / 2;

    if (side->at[middle] < length)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Distinct lengths with their counts; numbers the sides of the sizes. */
static void
collect_lengths(rrn_bound_side *side, rrn_bound_size *sizes, size_t n, int by_rows)
{
  int32_t kept = 0;
  size_t i;

  for (i = 0; i < n; i++)
    side->at[i] = by_rows ? sizes[i].rows : sizes[i].cols;
  qsort(side->at, n, sizeof(*side->at), by_length);
  for (i = 0; i < n; i++)
    if (kept == 0 || side->at[i] != side->at[kept - 1])
      side->at[kept++] = side->at[i];
  side->n = kept;
  for (i = 0; i < n; i++) {
    const int32_t number = number_of(side, by_rows ? sizes[i].rows : sizes[i].cols);

    side->count[number] += sizes[i].count;
    if (by_rows)
      sizes[i].row_side = number;
    else
      sizes[i].col_side = number;
  }
}

static int64_t
rounding(int32_t x, int32_t k, int32_t length)
{
  return x > length - k ? length : x < k ? 0 : x;
}

static int64_t
slots(int32_t x, int32_t k, int32_t length)
{
  const int64_t all = length / k;

  if (2 * (int64_t)x > length)
    return 2 * (all - (length - x) / k);
  return 2 * (int64_t)x == length ? all : 2 * (int64_t)(x / k);
}

/* Most boxes with lengths in [k, half of the side] that fit `room`: the shortest first. */
static int64_t
most_in(const rrn_bound_side *side, int32_t k, int32_t room)
{
  int64_t most = 0, left = room;
  int32_t i;

  for (i = 0; i < side->n && 2 * (int64_t)side->at[i] <= side->length && side->at[i] <= left; i++) {
    const int64_t fit = left / side->at[i];

    if (side->at[i] < k)
      continue;
    if (fit < side->count[i])
      return most + fit;
    most += side->count[i];
    left -= side->count[i] * side->at[i];
  }
  return most;
}

/* Keeps the function just written behind the others, unless it is one of them or maps everything to 0. */
static void
keep_function(rrn_bound_side *side, int64_t unit)
{
  const size_t n = (size_t)side->n, bytes = n * sizeof(*side->value);
  const int64_t *added = side->value + (size_t)side->n_functions * n;
  int32_t f;

  if (unit <= 0)
    return;
  for (f = 0; f < side->n_functions; f++)
    if (side->unit[f] == unit && memcmp(side->value + (size_t)f * n, added, bytes) == 0)
      return;
  side->unit[side->n_functions++] = unit;
}

static void
add_rounding(rrn_bound_side *side, int32_t k)
{
  int64_t *value = side->value + (size_t)side->n_functions * (size_t)side->n;
  int32_t i;

  if (side->n_functions == MOST_FUNCTIONS || k < 0 || 2 * (int64_t)k > side->length)
    return;
  for (i = 0; i < side->n; i++)
    value[i] = rounding(side->at[i], k, side->length);
  keep_function(side, side->length);
}

static void
add_slots(rrn_bound_side *side, int32_t k)
{
  int64_t *value = side->value + (size_t)side->n_functions * (size_t)side->n;
  int32_t i;

  if (side->n_functions == MOST_FUNCTIONS || k < 1 || 2 * (int64_t)k > side->length)
    return;
  for (i = 0; i < side->n; i++)
    value[i] = slots(side->at[i], k, side->length);
  keep_function(side, 2 * (int64_t)(side->length / k));
}

static void
add_counting(rrn_bound_side *side, int32_t k)
{
  int64_t *value = side->value + (size_t)side->n_functions * (size_t)side->n;
  const int64_t all = most_in(side, k, side->length);
  int32_t i;

  if (side->n_functions == MOST_FUNCTIONS || 2 * (int64_t)k > side->length)
    return;
  for (i = 0; i < side->n; i++) {
    const int32_t x = side->at[i];

    value[i] = 2 * (int64_t)x > side->length ? all - most_in(side, k, side->length - x) : x >= k;
  }
  keep_function(side, all);
}

/* Room is left for the counting functions, which come last. */
static void
add_plain(rrn_bound_side *side)
{
  const int32_t most = MOST_FUNCTIONS - MOST_COUNTING, c = side->length;
  int32_t i, j;

  add_rounding(side, 0);
  for (i = 0; i < side->n && side->n_functions < most; i++) {
    const int32_t x = side->at[i], k = 2 * (int64_t)x <= c ? x : c - x + 1;

    add_rounding(side, k);
    for (j = 1; j <= 3 && side->n_functions < most; j++) {
      add_slots(side, x / j);
      add_slots(side, (c - x) / j + 1);
    }
  }
  for (j = 2; j <= 17 && side->n_functions < most; j++) {
    add_slots(side, c / j + 1);
    add_slots(side, c / j);
  }
  side->n_plain = side->n_functions;
}

static void
add_all_counting(rrn_bound_side *side)
{
  const int32_t step = side->n / MOST_COUNTING + 1;
  int32_t i;

  for (i = 0; i < side->n; i += step)
    add_counting(side, side->at[i]);
}

int32_t
rrn_bound_side_make(rrn_bound_side *side, int32_t length, rrn_bound_size *sizes, size_t n, int by_rows,
                    rrn_arena *arena, rramnas_error *err)
{
  *side = (rrn_bound_side){ .length = length };
  side->at = rrn_arena_alloc(arena, n + 1, sizeof(*side->at));
  side->count = rrn_arena_alloc(arena, n + 1, sizeof(*side->count));
  if (!side->at || !side->count)
    return rrn_fail_memory(err);
  collect_lengths(side, sizes, n, by_rows);
  /* One row more: the candidate. */
  side->value = rrn_arena_alloc(arena, ((size_t)side->n + 1) * (MOST_FUNCTIONS + 1), sizeof(*side->value));
  side->unit = rrn_arena_alloc(arena, MOST_FUNCTIONS, sizeof(*side->unit));
  if (!side->value || !side->unit)
    return rrn_fail_memory(err);
  add_plain(side);
  add_all_counting(side);
  return RRAMNAS_OK;
}

/* Bound for one function of the rows: sum over sizes per column length, then all functions of the columns. */
static int64_t
with_row_function(const rrn_bound_problem *p, int32_t f, int64_t *weight)
{
  const int64_t *row = p->rows.value + (size_t)f * (size_t)p->rows.n;
  int64_t best = 0;
  int32_t g, j;
  size_t i;

  memset(weight, 0, (size_t)p->cols.n * sizeof(*weight));
  for (i = 0; i < p->n; i++)
    weight[p->sizes[i].col_side] += p->sizes[i].count * row[p->sizes[i].row_side];
  for (g = 0; g < p->cols.n_functions; g++) {
    const int64_t *col = p->cols.value + (size_t)g * (size_t)p->cols.n;
    int64_t sum = 0, bound;

    for (j = 0; j < p->cols.n; j++)
      sum += weight[j] * col[j];
    bound = rrn_bound_divide_up(sum, p->rows.unit[f] * p->cols.unit[g]);
    best = bound > best ? bound : best;
  }
  return best;
}

int32_t
rrn_bound_dual(const rrn_bound_problem *p, rrn_arena *arena, int64_t *ret_bound, rramnas_error *err)
{
  int64_t *weight = rrn_arena_alloc_raw(arena, (size_t)p->cols.n + 1, sizeof(*weight)), best = 0, bound;
  int32_t f;

  if (!weight)
    return rrn_fail_memory(err);
  for (f = 0; f < p->rows.n_functions; f++) {
    bound = with_row_function(p, f, weight);
    best = bound > best ? bound : best;
  }
  *ret_bound = p->full + best;
  return RRAMNAS_OK;
}
