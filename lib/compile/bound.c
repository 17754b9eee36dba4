/* SPDX-License-Identifier: MIT */
/* Lower bound on the crossbars that the boxes of a mapping need under its sharing rules.
 *
 * In:  pieces, copies, sharing rules.
 * Out: a number that no packing can be below. It is the largest of:
 *
 *  - full tiles + area of the rest, and the same through dual feasible functions;
 *  - clique: boxes of layers that may not share are alone with respect to each other;
 *  - cardinality: full tiles + the rest at max_load boxes each.
 *
 * Why it is right: a box as large as the crossbar shares it with nothing. For the rest, let f and g map [0, 1]
 * to [0, 1] such that numbers that sum to at most 1 still do after mapping (dual feasible). Then the boxes of a
 * crossbar, with sides mapped, still have areas that sum to at most 1 (Fekete and Schepers, Math. Programming 91
 * (2001), theorem 1), so the sum over all boxes is a bound. Used here: the identity and u_k(x) = 1 for x > 1 - k,
 * x for k <= x <= 1 - k, 0 for x < k, with k from the sides that occur.
 *
 * Everything is in integers (cells), so the ceiling is exact. Boxes wider than the crossbar (published cuts) count
 * as full. O(d k^2) for d distinct sizes and at most 32 values of k per side. */
#include <stdlib.h>

#include "compile/passes.h"

enum { MOST_CUTS = 32 };

typedef struct size_class {
  int32_t rows, cols;
  int64_t count;
} size_class;

static int
by_size(const void *a, const void *b)
{
  const size_class *x = a, *y = b;

  if (x->rows != y->rows)
    return x->rows < y->rows ? -1 : 1;
  return (x->cols > y->cols) - (x->cols < y->cols);
}

/* Distinct sizes of the boxes that are not full; counts the full ones. */
static size_t
classify(const rramnas_mapping *m, int32_t rows, int32_t cols, size_class *classes, int64_t *ret_full)
{
  size_t i, n = 0, kept = 0;

  *ret_full = 0;
  for (i = 0; i < m->n_pieces; i++) {
    const rrn_piece *p = &m->pieces[i];
    const int64_t copies = m->copies[p->layer];

    if (p->rows >= rows && p->cols >= cols)
      *ret_full += copies;
    else
      classes[n++] = (size_class){ p->rows < rows ? p->rows : rows, p->cols < cols ? p->cols : cols, copies };
  }
  qsort(classes, n, sizeof(*classes), by_size);
  for (i = 0; i < n; i++) {
    if (kept && by_size(&classes[kept - 1], &classes[i]) == 0)
      classes[kept - 1].count += classes[i].count;
    else
      classes[kept++] = classes[i];
  }
  return kept;
}

/* Candidate thresholds k for one side, as cells: sides up to half of the crossbar; 0 is the identity. */
static int32_t
collect_cuts(const size_class *classes, size_t n, int by_rows, int32_t side, int32_t *cuts)
{
  int32_t n_cuts = 1, k;
  size_t i;

  cuts[0] = 0;
  for (i = 0; i < n && n_cuts < MOST_CUTS; i++) {
    /* A side x > 1/2 suggests the smallest k that rounds it up. */
    const int32_t x = by_rows ? classes[i].rows : classes[i].cols, cut = 2 * x <= side ? x : side - x + 1;

    for (k = 0; k < n_cuts && cuts[k] != cut; k++)
      ;
    if (k == n_cuts && 2 * cut <= side)
      cuts[n_cuts++] = cut;
  }
  return n_cuts;
}

static int64_t
u(int32_t x, int32_t cut, int32_t side)
{
  return x > side - cut ? side : x < cut ? 0 : x;
}

static int64_t
divide_up(int64_t a, int64_t b)
{
  return a / b + (a % b != 0);
}

static int64_t
area_bound(const size_class *classes, size_t n, int32_t rows, int32_t cols)
{
  int32_t row_cuts[MOST_CUTS], col_cuts[MOST_CUTS];
  const int32_t n_row = collect_cuts(classes, n, 1, rows, row_cuts);
  const int32_t n_col = collect_cuts(classes, n, 0, cols, col_cuts);
  int64_t best = 0, sum, bound;
  int32_t i, j;
  size_t c;

  for (i = 0; i < n_row; i++)
    for (j = 0; j < n_col; j++) {
      for (sum = 0, c = 0; c < n; c++)
        sum += classes[c].count * u(classes[c].rows, row_cuts[i], rows) * u(classes[c].cols, col_cuts[j], cols);
      bound = divide_up(sum, (int64_t)rows * cols);
      best = bound > best ? bound : best;
    }
  return best;
}

/* Most boxes of any `threshold + 1` neighbouring layers: no two of them share a crossbar. */
static int64_t
clique_bound(const rramnas_mapping *m)
{
  int64_t best = 0, window = 0;
  int32_t layer;

  for (layer = 0; layer < m->n_layers; layer++) {
    const int32_t leaving = layer - m->sharing.layer_threshold - 1;

    window += (int64_t)m->copies[layer] * rrn_mapping_pieces_of(m, layer);
    if (leaving >= 0)
      window -= (int64_t)m->copies[leaving] * rrn_mapping_pieces_of(m, leaving);
    best = window > best ? window : best;
  }
  return best;
}

int32_t
rrn_bound_crossbars(const rramnas_mapping *m, rrn_arena *arena, int32_t *ret_bound, rramnas_error *err)
{
  const int32_t rows = m->hw->v.crossbar.rows, cols = m->hw->v.crossbar.cols;
  size_class *classes = rrn_arena_alloc_raw(arena, m->n_pieces, sizeof(*classes));
  int64_t full, rest = 0, best, bound;
  size_t n, i;

  if (!classes)
    return rrn_fail_memory(err);
  n = classify(m, rows, cols, classes, &full);
  for (i = 0; i < n; i++)
    rest += classes[i].count;
  best = full + area_bound(classes, n, rows, cols);
  bound = full + divide_up(rest, m->sharing.max_load);
  best = bound > best ? bound : best;
  bound = m->sharing.layer_threshold >= 0 ? clique_bound(m) : 0;
  best = bound > best ? bound : best;
  *ret_bound = best < INT32_MAX ? (int32_t)best : INT32_MAX;
  return RRAMNAS_OK;
}
