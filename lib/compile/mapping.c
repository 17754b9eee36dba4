/* SPDX-License-Identifier: MIT */
/* The mapping as an object: its life, its figures, and the checker of its invariants. */
#include "compile/mapping.h"

#include <stdlib.h>
#include <string.h>

#include "util/ckd.h"

void
rrn_mapping_unref(rramnas_mapping *m)
{
  rrn_rt rt;

  if (!m || atomic_fetch_sub_explicit(&m->references, 1, memory_order_acq_rel) != 1)
    return;
  rramnas_net_unref(m->net);
  rramnas_hw_unref(m->hw);
  rrn_arena_release(&m->arena);
  rt = m->rt;
  rrn_free(&rt, m);
}

/* Part of the used crossbars. */
static double
share_of_cells(const rramnas_mapping *m, double cells)
{
  const double all = (double)m->hw->v.crossbar.rows * m->hw->v.crossbar.cols * m->crossbars_used;

  return all > 0 ? cells / all : 0;
}

double
rrn_mapping_utilization(const rramnas_mapping *m)
{
  double filled = 0;
  size_t i;

  for (i = 0; i < m->n_pieces; i++) {
    const rrn_piece *p = &m->pieces[i];

    filled += (double)rrn_piece_matrix_rows(p) * p->cols * m->copies[p->layer];
  }
  return share_of_cells(m, filled);
}

double
rrn_mapping_occupied(const rramnas_mapping *m)
{
  double taken = 0;
  size_t i;

  for (i = 0; i < m->n_pieces; i++) {
    const rrn_piece *p = &m->pieces[i];

    taken += (double)p->rows * p->cols * m->copies[p->layer];
  }
  return share_of_cells(m, taken);
}

/* --- invariants --- */

static int32_t
fail(const rramnas_mapping *m, int32_t layer, const char *what, rramnas_error *err)
{
  return rrn_fail(err, RRAMNAS_ERR_SHAPE, "mapping of layer \"%.200s\": %s",
                  m->net->layers[m->layer_of[layer]].name, what);
}

static int64_t
piece_weight_cols(const rramnas_mapping *m, const rrn_piece *p)
{
  return p->cols / m->matrices[p->layer].cells;
}

static int
by_first_row(const void *a, const void *b)
{
  const rrn_piece *p = *(const rrn_piece *const *)a, *q = *(const rrn_piece *const *)b;

  if (p->row0 != q->row0)
    return p->row0 < q->row0 ? -1 : 1;
  return (p->col0 > q->col0) - (p->col0 < q->col0);
}

/* Sweeps down the rows: pieces that reach into the present row are compared by columns with the next one. */
static int
pieces_overlap(const rramnas_mapping *m, const rrn_piece **sorted, int32_t n)
{
  int32_t n_active = 0, i, k, kept;

  for (i = 0; i < n; i++) {
    const rrn_piece *p = sorted[i];

    for (k = kept = 0; k < n_active; k++) {
      const rrn_piece *q = sorted[k];

      if (q->row0 + rrn_piece_matrix_rows(q) <= p->row0)
        continue;
      if (p->col0 < q->col0 + piece_weight_cols(m, q) && q->col0 < p->col0 + piece_weight_cols(m, p))
        return 1;
      sorted[kept++] = q;
    }
    sorted[kept] = p; /* kept <= i: the sweep eats its own list */
    n_active = kept + 1;
  }
  return 0;
}

/* Pieces lie inside the matrix, do not overlap, and their areas sum to it: so they tile it. */
static int32_t
check_tiling(const rramnas_mapping *m, int32_t layer, rrn_arena *arena, rramnas_error *err)
{
  const rrn_matrix *x = &m->matrices[layer];
  const int32_t n = rrn_mapping_pieces_of(m, layer);
  const rrn_piece **sorted = rrn_arena_alloc(arena, (size_t)n, sizeof(*sorted));
  int64_t area = 0;
  int32_t i;

  if (!sorted)
    return rrn_fail_memory(err);
  for (i = 0; i < n; i++) {
    const rrn_piece *p = sorted[i] = &m->pieces[m->first_piece[layer] + i];
    const int64_t w = piece_weight_cols(m, p);
    const int32_t rows = rrn_piece_matrix_rows(p);

    if (p->layer != layer || p->rows < 1 || w < 1 || w * x->cells != p->cols)
      return fail(m, layer, "a piece is empty or cuts through a weight", err);
    if (p->groups_at_once < 1 || p->rows % p->groups_at_once != 0)
      return fail(m, layer, "a block-diagonal piece has a part of a block", err);
    if (p->row_parts < 1 || p->row_parts > n)
      return fail(m, layer, "a piece adds more partial sums than there are pieces", err);
    if (p->row0 < 0 || p->col0 < 0 || p->row0 + rows > x->rows || p->col0 + w > x->cols)
      return fail(m, layer, "a piece lies outside of the matrix", err);
    area += rows * w;
  }
  qsort(sorted, (size_t)n, sizeof(*sorted), by_first_row);
  if (pieces_overlap(m, sorted, n))
    return fail(m, layer, "two pieces hold the same weight", err);
  return area == x->rows * x->cols ? RRAMNAS_OK : fail(m, layer, "the pieces do not cover the matrix", err);
}

/* Boxes by crossbar: starts[k] .. starts[k + 1] are the indices in `boxes` of those in crossbar k. */
typedef struct by_crossbar {
  int64_t *starts;
  int64_t *boxes;
  int32_t *layers; /* of each placement */
} by_crossbar;

static int32_t
sort_by_crossbar(const rramnas_mapping *m, rrn_arena *arena, by_crossbar *ret_sorted, rramnas_error *err)
{
  const size_t n_bins = (size_t)m->crossbars_available;
  by_crossbar s;
  int32_t layer;
  int64_t i;
  size_t k;

  s.starts = rrn_arena_alloc(arena, n_bins + 2, sizeof(*s.starts));
  s.boxes = rrn_arena_alloc(arena, m->n_placements, sizeof(*s.boxes));
  s.layers = rrn_arena_alloc(arena, m->n_placements, sizeof(*s.layers));
  if (!s.starts || !s.boxes || !s.layers)
    return rrn_fail_memory(err);
  for (layer = 0; layer < m->n_layers; layer++)
    for (i = m->first_placement[layer]; i < m->first_placement[layer + 1]; i++) {
      const int32_t bin = m->placements[i].crossbar;

      s.layers[i] = layer;
      if (bin < 0 || bin >= m->crossbars_available)
        return fail(m, layer, "a box is in a crossbar that does not exist", err);
      s.starts[bin + 2]++;
    }
  for (k = 1; k < n_bins + 2; k++)
    s.starts[k] += s.starts[k - 1];
  for (i = 0; i < (int64_t)m->n_placements; i++)
    s.boxes[s.starts[m->placements[i].crossbar + 1]++] = i;
  *ret_sorted = s;
  return RRAMNAS_OK;
}

static const rrn_piece *
piece_of(const rramnas_mapping *m, int32_t layer, int64_t placement)
{
  return &m->pieces[m->first_piece[layer] + (placement - m->first_placement[layer]) % rrn_mapping_pieces_of(m, layer)];
}

static int32_t
check_pair(const rramnas_mapping *m, const by_crossbar *s, int64_t a, int64_t b, rramnas_error *err)
{
  const rrn_placement *p = &m->placements[a], *q = &m->placements[b];
  const rrn_piece *x = piece_of(m, s->layers[a], a), *y = piece_of(m, s->layers[b], b);
  const int32_t distance = s->layers[a] - s->layers[b];

  if (p->row < q->row + y->rows && q->row < p->row + x->rows && p->col < q->col + y->cols && q->col < p->col + x->cols)
    return fail(m, s->layers[a], "a box overlaps another in its crossbar", err);
  if (distance <= m->sharing.layer_threshold && distance >= -m->sharing.layer_threshold)
    return fail(m, s->layers[a], "a box shares a crossbar with a layer too close to its own", err);
  return RRAMNAS_OK;
}

static int32_t
check_crossbar(const rramnas_mapping *m, const by_crossbar *s, int32_t bin, rramnas_error *err)
{
  int64_t i, k;

  for (i = s->starts[bin]; i < s->starts[bin + 1]; i++) {
    const int64_t a = s->boxes[i];
    const rrn_placement *p = &m->placements[a];
    const rrn_piece *x = piece_of(m, s->layers[a], a);

    if (p->row < 0 || p->col < 0 || p->row + x->rows > m->hw->v.crossbar.rows ||
        p->col + x->cols > rrn_mapping_box_cols(m))
      return fail(m, s->layers[a], "a box reaches out of its crossbar", err);
    for (k = s->starts[bin]; k < i; k++)
      RRN_TRY(check_pair(m, s, a, s->boxes[k], err));
  }
  if (s->starts[bin + 1] - s->starts[bin] > m->sharing.max_load)
    return rrn_fail(err, RRAMNAS_ERR_SHAPE, "crossbar %d holds more than %d boxes", (int)bin, (int)m->sharing.max_load);
  return RRAMNAS_OK;
}

static int32_t
check_all(const rramnas_mapping *m, rrn_arena *arena, rramnas_error *err)
{
  by_crossbar sorted = { 0 };
  int32_t layer, bin;

  for (layer = 0; layer < m->n_layers; layer++) {
    const int64_t boxes = m->first_placement[layer + 1] - m->first_placement[layer];

    RRN_TRY(check_tiling(m, layer, arena, err));
    if (m->copies[layer] < 1 || boxes != (int64_t)m->copies[layer] * rrn_mapping_pieces_of(m, layer))
      return fail(m, layer, "not every piece of every copy is placed", err);
  }
  if (m->first_placement[m->n_layers] != (int64_t)m->n_placements)
    return rrn_fail(err, RRAMNAS_ERR_SHAPE, "there are placements that belong to no layer");
  RRN_TRY(sort_by_crossbar(m, arena, &sorted, err));
  for (bin = 0; bin < m->crossbars_available; bin++)
    RRN_TRY(check_crossbar(m, &sorted, bin, err));
  return RRAMNAS_OK;
}

int32_t
rrn_mapping_check(const rramnas_mapping *m, rramnas_error *err)
{
  rrn_arena scratch;
  int32_t status;

  rrn_arena_init(&scratch, &m->rt);
  status = check_all(m, &scratch, err);
  rrn_arena_release(&scratch);
  return status;
}
