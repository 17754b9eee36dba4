/* SPDX-License-Identifier: MIT */
/* Crossbar bound by tall and wide boxes.
 *
 * In:  distinct sizes of boxes with their counts, a bound that holds.
 * Out: a number that no packing can be below, whatever the sharing rules.
 *
 * Idea: layers cut into tiles leave many strips: pieces as tall as the crossbar, others as wide. A tall piece beside
 * a wide one would cross it, so they never share a crossbar, and each kind alone is a problem in one dimension.
 * In general, for any a <= C/2 and b <= R/2:
 *
 *   tall  T: rows > R - b, cols >= a        block Z: in T and in U
 *   wide  U: cols > C - a, rows >= b        small S: the others with rows >= b, cols >= a
 *
 *  - Two boxes of T do not fit above each other (both are higher than R/2), so they stand side by side: T needs at
 *    least the crossbars of its widths in one dimension. The same for the heights of U.
 *  - A box of T and one of U fit neither above each other (rows > R - b and >= b) nor side by side: never together.
 *    A box of Z is, by the same sums, alone among T, U and S.
 *  - So |Z| + one-dimensional bound of T + one-dimensional bound of U is a bound (dual feasible functions again,
 *    bound_dual.c).
 *
 * The small boxes sharpen it. Suppose N crossbars were enough; without the full tiles and Z, t of them with a box
 * of T. A small box shares neither rows nor, in projection, columns of a T box of its crossbar (no room above), and
 * no rows of a U box. Count for each small box floor(cols / c) * rows, c any length. A row of a T crossbar with e
 * columns free of T holds floor(e / c) at most, so the crossbar R * floor(e / c), and the sum of floor(e / c) over the
 * t crossbars is at most the number of boxes of width c that fit them beside T in one dimension; a dual feasible
 * function bounds it from above. Elsewhere a row holds floor(C / c), and only rows free of U do. When for every t
 * that the first bound admits this is less than the sum over S, N is not enough. The same with rows and
 * columns exchanged.
 *
 * When to prefer it: with dual feasible functions, which see little of the strips; SqueezeNet on 128 x 128 needs 77,
 * which only this proves. Not handled: sharing rules.
 *
 * Complexity: O(A B (d + F s)) for A, B <= 12 values of a and b; the second part O(N' s F) for each of those whose
 * slack N' = N - first bound is small.
 *
 * Source: the first part for full strips, and the argument of the second for one case, are from notes on the
 * benchmark instances of this project; a and b are ours. */
#include "compile/bound.h"

#include <string.h>

enum { MOST_CUTS = 12, MOST_SLACK = 12 };

typedef enum kind { SMALL, TALL, WIDE, BLOCK, OUTSIDE } kind;

typedef struct strips {
  const rrn_bound_problem *p;
  const rrn_bound_side *rows, *cols; /* of p, exchanged or not */
  int exchanged;
  int32_t a, b;
  int64_t blocks, need_tall, need_wide;
  int64_t *tall;  /* [cols->n] boxes of T by width */
  int64_t *wide;  /* [rows->n] boxes of U by height */
  int64_t *small; /* [cols->n] rows of small boxes by width */
  int64_t wide_rows;
} strips;

static kind
kind_of(const strips *s, int32_t rows, int32_t cols)
{
  const int high = rows > s->rows->length - s->b && cols >= s->a, broad = cols > s->cols->length - s->a && rows >= s->b;

  if (high || broad)
    return high && broad ? BLOCK : high ? TALL : WIDE;
  return rows >= s->b && cols >= s->a ? SMALL : OUTSIDE;
}

static void
sort_boxes(strips *s)
{
  size_t i;

  memset(s->tall, 0, (size_t)s->cols->n * sizeof(*s->tall));
  memset(s->small, 0, (size_t)s->cols->n * sizeof(*s->small));
  memset(s->wide, 0, (size_t)s->rows->n * sizeof(*s->wide));
  s->blocks = s->wide_rows = 0;
  for (i = 0; i < s->p->n; i++) {
    const rrn_bound_size *b = &s->p->sizes[i];
    const int32_t row = s->exchanged ? b->col_side : b->row_side, col = s->exchanged ? b->row_side : b->col_side;
    const int32_t rows = s->rows->at[row], cols = s->cols->at[col];

    switch (kind_of(s, rows, cols)) {
    case TALL:
      s->tall[col] += b->count;
      break;
    case WIDE:
      s->wide[row] += b->count;
      s->wide_rows += b->count * rows;
      break;
    case BLOCK:
      s->blocks += b->count;
      break;
    case SMALL:
      s->small[col] += b->count * rows;
      break;
    default:
      break;
    }
  }
}

static int64_t
weigh(const rrn_bound_side *side, int32_t function, const int64_t *count)
{
  const int64_t *value = side->value + (size_t)function * (size_t)side->n;
  int64_t sum = 0;
  int32_t i;

  for (i = 0; i < side->n; i++)
    sum += value[i] * count[i];
  return sum;
}

/* Crossbars that boxes in a row need. */
static int64_t
in_a_row(const rrn_bound_side *side, const int64_t *count)
{
  int64_t best = 0, bound;
  int32_t f;

  for (f = 0; f < side->n_functions; f++) {
    bound = rrn_bound_divide_up(weigh(side, f, count), side->unit[f]);
    best = bound > best ? bound : best;
  }
  return best;
}

/* Most boxes of width number c that fit `bins` crossbars beside the tall ones, in a row. */
static int64_t
room_beside(const strips *s, int32_t c, int64_t bins)
{
  int64_t most = INT64_MAX;
  int32_t f;

  for (f = 0; f < s->cols->n_plain; f++) {
    const int64_t value = s->cols->value[(size_t)f * (size_t)s->cols->n + (size_t)c];

    if (value > 0) {
      const int64_t left = bins * s->cols->unit[f] - weigh(s->cols, f, s->tall), fit = left > 0 ? left / value : 0;

      most = fit < most ? fit : most;
    }
  }
  return most;
}

/* 1 when the small boxes, counted in widths of number c, do not fit into `bins` crossbars beside and between the
 * others. */
static int
too_many(const strips *s, int32_t c, int64_t bins)
{
  const int64_t in_row = s->cols->length / s->cols->at[c];
  int64_t wanted = 0, t;
  int32_t i;

  for (i = 0; i < s->cols->n; i++)
    wanted += s->small[i] * (s->cols->at[i] / s->cols->at[c]);
  if (wanted == 0)
    return 0;
  for (t = s->need_tall; t <= bins - s->need_wide; t++)
    if (s->rows->length * room_beside(s, c, t) + in_row * ((bins - t) * s->rows->length - s->wide_rows) >= wanted)
      return 0;
  return 1;
}

/* Raises *known while N = *known is refuted. */
static void
refute(const strips *s, int64_t *known)
{
  int64_t bins = *known - s->p->full - s->blocks;
  int32_t c = 0;

  while (c < s->cols->n && bins - s->need_tall - s->need_wide <= MOST_SLACK) {
    if (s->small[c] > 0 && too_many(s, c, bins)) {
      bins++;
      c = 0;
    } else {
      c++;
    }
  }
  if (s->p->full + s->blocks + bins > *known)
    *known = s->p->full + s->blocks + bins;
}

/* Values of a or b that make a difference: 1 and lengths up to half of the side. */
static int32_t
collect_cuts(const rrn_bound_side *side, int32_t *cuts)
{
  int32_t n = 1, half = 0, i;

  while (half < side->n && 2 * (int64_t)side->at[half] <= side->length)
    half++;
  cuts[0] = 1;
  for (i = 0; i < half; i += half / MOST_CUTS + 1)
    if (side->at[i] > 1)
      cuts[n++] = side->at[i];
  return n;
}

static void
one_pair(strips *s, int64_t *known)
{
  int64_t bound;

  sort_boxes(s);
  s->need_tall = in_a_row(s->cols, s->tall);
  s->need_wide = in_a_row(s->rows, s->wide);
  bound = s->p->full + s->blocks + s->need_tall + s->need_wide;
  *known = bound > *known ? bound : *known;
  refute(s, known);
}

static int32_t
all_pairs(strips *s, int64_t *known, rrn_arena *arena, rramnas_error *err)
{
  int32_t row_cuts[MOST_CUTS + 1], col_cuts[MOST_CUTS + 1], n_row, n_col, i, j;

  s->tall = rrn_arena_alloc_raw(arena, (size_t)s->cols->n + 1, sizeof(*s->tall));
  s->small = rrn_arena_alloc_raw(arena, (size_t)s->cols->n + 1, sizeof(*s->small));
  s->wide = rrn_arena_alloc_raw(arena, (size_t)s->rows->n + 1, sizeof(*s->wide));
  if (!s->tall || !s->small || !s->wide)
    return rrn_fail_memory(err);
  n_row = collect_cuts(s->rows, row_cuts);
  n_col = collect_cuts(s->cols, col_cuts);
  for (i = 0; i < n_row; i++)
    for (j = 0; j < n_col; j++) {
      s->b = row_cuts[i];
      s->a = col_cuts[j];
      one_pair(s, known);
    }
  return RRAMNAS_OK;
}

int32_t
rrn_bound_strip(const rrn_bound_problem *p, int64_t known, rrn_arena *arena, int64_t *ret_bound, rramnas_error *err)
{
  strips s = { .p = p, .rows = &p->rows, .cols = &p->cols };

  RRN_TRY(all_pairs(&s, &known, arena, err));
  s.rows = &p->cols;
  s.cols = &p->rows;
  s.exchanged = 1;
  RRN_TRY(all_pairs(&s, &known, arena, err));
  *ret_bound = known;
  return RRAMNAS_OK;
}
