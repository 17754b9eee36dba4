/* SPDX-License-Identifier: MIT */
/* Archive of non-dominated points.
 *
 * In:  points one by one.
 * Out: those that no other dominates.
 *
 * Idea: the points lie in the order of the first objective. With two objectives the second descends, so whether a
 * point is dominated is one comparison with its left neighbour and what it dominates is a run to its right, both
 * found by binary search. With more, only points to the left can dominate and only points to the right be dominated;
 * these are compared one by one, nearest first. When the archive is bounded and full, the point whose neighbours in
 * the first objective lie closest together (sum over the objectives, by range) goes; the ends stay.
 *
 * Complexity: 2-D O(log n) and moving what lies behind; otherwise O(n m) per point. Memory O(n). */
#include "search/archive.h"

#include <math.h>
#include <string.h>

void
rrn_archive_init(rrn_archive *a, const rrn_rt *rt, size_t m, size_t width, size_t capacity)
{
  *a = (rrn_archive){ rt, m, width, 0, 0, capacity, NULL, NULL, NULL, NULL, 0 };
}

void
rrn_archive_release(rrn_archive *a)
{
  if (a->rt) {
    rrn_free(a->rt, a->f);
    rrn_free(a->rt, a->row);
    rrn_free(a->rt, a->rows);
    rrn_free(a->rt, a->spare);
  }
  *a = (rrn_archive){ 0 };
}

const double *
rrn_archive_payload(const rrn_archive *a, size_t i)
{
  return a->rows + a->row[i] * a->width;
}

/* Number of points whose first objective is no larger. */
static size_t
up_to(const rrn_archive *a, double x)
{
  size_t low = 0, n = a->n;

  while (n > 0) {
    const size_t half = n / 2;

    if (a->f[(low + half) * a->m] <= x) {
      low += half + 1;
      n -= half + 1;
    } else {
      n = half;
    }
  }
  return low;
}

static int
covers(const double *a, const double *b, size_t m)
{
  size_t j;

  for (j = 0; j < m; j++)
    if (a[j] > b[j])
      return 0;
  return 1;
}

static int
covered(const rrn_archive *a, size_t at, const double *f)
{
  if (a->m == 2)
    return at > 0 && a->f[2 * at - 1] <= f[1];
  while (at > 0)
    if (covers(a->f + --at * a->m, f, a->m))
      return 1;
  return 0;
}

static void
move(rrn_archive *a, size_t to, size_t from, size_t n)
{
  memmove(a->f + to * a->m, a->f + from * a->m, n * a->m * sizeof(*a->f));
  memmove(a->row + to, a->row + from, n * sizeof(*a->row));
}

/* Two objectives: what f dominates is a run from position `at` on, of which one place is left for f. */
static size_t
replace_run(rrn_archive *a, size_t at, const double *f)
{
  size_t end = at;

  for (; end < a->n && f[1] <= a->f[2 * end + 1]; end++)
    a->spare[a->n_spare++] = a->row[end];
  if (end != at + 1)
    move(a, at + 1, end, a->n - end);
  a->n = a->n + at + 1 - end;
  return at;
}

/* More: drops what f dominates from position `at` on and makes a place for f, which it returns. */
static size_t
replace_scattered(rrn_archive *a, size_t at, const double *f)
{
  size_t i, to = at;

  for (i = at; i < a->n; i++)
    if (covers(f, a->f + i * a->m, a->m)) {
      a->spare[a->n_spare++] = a->row[i];
    } else {
      if (to != i)
        move(a, to, i, 1);
      to++;
    }
  a->n = to;
  at = up_to(a, f[0]);
  move(a, at + 1, at, a->n++ - at);
  return at;
}

static int32_t
grow_one(const rrn_rt *rt, void *array, size_t n, size_t size, rramnas_error *err)
{
  void **place = array, *grown = rrn_realloc(rt, *place, n, size);

  if (!grown)
    return rrn_fail_memory(err);
  *place = grown;
  return RRAMNAS_OK;
}

static int32_t
grow(rrn_archive *a, rramnas_error *err)
{
  const size_t cap = a->cap ? 2 * a->cap : 64;
  size_t i;

  if (a->n < a->cap)
    return RRAMNAS_OK;
  RRN_TRY(grow_one(a->rt, &a->f, cap, a->m * sizeof(*a->f), err));
  RRN_TRY(grow_one(a->rt, &a->row, cap, sizeof(*a->row), err));
  RRN_TRY(grow_one(a->rt, &a->rows, cap, (a->width > 0 ? a->width : 1) * sizeof(*a->rows), err));
  RRN_TRY(grow_one(a->rt, &a->spare, cap, sizeof(*a->spare), err));
  for (i = cap; i > a->cap; i--)
    a->spare[a->n_spare++] = (uint32_t)(i - 1);
  a->cap = cap;
  return RRAMNAS_OK;
}

/* Inner point with the closest neighbours. */
static size_t
most_crowded(const rrn_archive *a)
{
  double least = INFINITY;
  size_t i, j, best = 1;

  for (i = 1; i + 1 < a->n; i++) {
    double sum = 0;

    for (j = 0; j < a->m; j++) {
      const double range = fabs(a->f[(a->n - 1) * a->m + j] - a->f[j]);

      if (range > 0)
        sum += fabs(a->f[(i + 1) * a->m + j] - a->f[(i - 1) * a->m + j]) / range;
    }
    if (sum < least) {
      least = sum;
      best = i;
    }
  }
  return best;
}

int32_t
rrn_archive_add(rrn_archive *a, const double *f, const double *payload, rramnas_error *err)
{
  size_t at, i;

  for (i = 0; i < a->m; i++)
    if (!isfinite(f[i]))
      return 0;
  at = up_to(a, f[0]);
  if (covered(a, at, f))
    return 0;
  RRN_TRY(grow(a, err));
  while (at > 0 && a->f[(at - 1) * a->m] == f[0])
    at--;
  at = a->m == 2 ? replace_run(a, at, f) : replace_scattered(a, at, f);
  memcpy(a->f + at * a->m, f, a->m * sizeof(*f));
  a->row[at] = a->spare[--a->n_spare];
  if (a->width > 0)
    memcpy(a->rows + a->row[at] * a->width, payload, a->width * sizeof(*payload));
  if (a->capacity > 2 && a->n > a->capacity) {
    i = most_crowded(a);
    a->spare[a->n_spare++] = a->row[i];
    move(a, i, i + 1, --a->n - i);
  }
  return 1;
}
