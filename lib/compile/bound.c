/* SPDX-License-Identifier: MIT */
/* Lower bound on the crossbars that boxes need under their sharing rules.
 *
 * In:  boxes with counts, sharing rules.
 * Out: numbers that no packing can be below, and the largest of them:
 *
 *  - area: full tiles + cells of the rest;
 *  - dual: the same with sides mapped by dual feasible functions (bound_dual.c);
 *  - strip: tall and wide pieces never share (bound_strip.c);
 *  - clique: boxes of neighbouring layers that may not share, + full tiles of the other layers;
 *  - cardinality: full tiles + the rest at max_load boxes each.
 *
 * Why it is right: a box as large as the crossbar shares it with nothing, so full tiles count one each and the rest
 * may be bounded alone. Layers l .. l + threshold are apart from each other, so no two of their boxes share; a full
 * tile of another layer shares with none of them either. The proofs of the others are in their files.
 *
 * Not handled: conflicts beyond the layer threshold (the bounds hold but do not use them). Boxes wider than the
 * crossbar (published cuts) count as if they ended at its edge.
 *
 * Complexity: see the files; 0.1 to 1 ms for networks, whose boxes have few distinct sizes. Everything is in integers
 * (cells), so the ceilings are exact. */
#include "compile/bound.h"

#include <stdlib.h>


static int
by_size(const void *a, const void *b)
{
  const rrn_bound_size *x = a, *y = b;

  if (x->rows != y->rows)
    return x->rows < y->rows ? -1 : 1;
  return (x->cols > y->cols) - (x->cols < y->cols);
}

static int
is_full(const rrn_pack_rules *rules, const rrn_bound_item *item)
{
  return item->rows >= rules->rows && item->cols >= rules->cols;
}

/* Distinct sizes of the boxes that are not full; counts the full ones. */
static int32_t
classify(rrn_bound_problem *p, const rrn_pack_rules *rules, const rrn_bound_item *items, size_t n, rrn_arena *arena,
         rramnas_error *err)
{
  size_t i, kept = 0;

  p->sizes = rrn_arena_alloc_raw(arena, n + 1, sizeof(*p->sizes));
  if (!p->sizes)
    return rrn_fail_memory(err);
  for (i = 0; i < n; i++) {
    const rrn_bound_item *x = &items[i];

    if (is_full(rules, x))
      p->full += x->count;
    else
      p->sizes[p->n++] = (rrn_bound_size){ .rows = x->rows < rules->rows ? x->rows : rules->rows,
                                           .cols = x->cols < rules->cols ? x->cols : rules->cols,
                                           .count = x->count };
  }
  qsort(p->sizes, p->n, sizeof(*p->sizes), by_size);
  for (i = 0; i < p->n; i++) {
    if (kept && by_size(&p->sizes[kept - 1], &p->sizes[i]) == 0)
      p->sizes[kept - 1].count += p->sizes[i].count;
    else
      p->sizes[kept++] = p->sizes[i];
  }
  p->n = kept;
  return RRAMNAS_OK;
}

static int64_t
area_bound(const rrn_bound_problem *p, const rrn_pack_rules *rules)
{
  int64_t cells = 0;
  size_t i;

  for (i = 0; i < p->n; i++)
    cells += p->sizes[i].count * p->sizes[i].rows * p->sizes[i].cols;
  return p->full + rrn_bound_divide_up(cells, (int64_t)rules->rows * rules->cols);
}

static int64_t
cardinality_bound(const rrn_bound_problem *p, const rrn_pack_rules *rules)
{
  int64_t rest = 0;
  size_t i;

  for (i = 0; i < p->n; i++)
    rest += p->sizes[i].count;
  return rules->max_load < INT32_MAX ? p->full + rrn_bound_divide_up(rest, rules->max_load) : 0;
}

/* Most boxes, full ones aside, of any `threshold + 1` neighbouring layers: no two of them share a crossbar. */
static int32_t
clique_bound(const rrn_pack_rules *rules, const rrn_bound_item *items, size_t n, int32_t n_layers, int64_t full,
             rrn_arena *arena, int64_t *ret_bound, rramnas_error *err)
{
  int64_t *of_layer = rrn_arena_alloc(arena, (size_t)n_layers + 1, sizeof(*of_layer)), best = 0, window = 0;
  int32_t layer;
  size_t i;

  if (!of_layer)
    return rrn_fail_memory(err);
  for (i = 0; i < n; i++)
    if (!is_full(rules, &items[i]))
      of_layer[items[i].layer] += items[i].count;
  for (layer = 0; layer < n_layers; layer++) {
    const int32_t leaving = layer - rules->layer_threshold - 1;

    window += of_layer[layer];
    if (leaving >= 0)
      window -= of_layer[leaving];
    best = window > best ? window : best;
  }
  *ret_bound = full + best;
  return RRAMNAS_OK;
}

static int64_t
larger(int64_t a, int64_t b)
{
  return a > b ? a : b;
}

int32_t
rrn_bound_items(const rrn_pack_rules *rules, const rrn_bound_item *items, size_t n, int32_t n_layers, rrn_arena *arena,
                rrn_bound *ret_bound, rramnas_error *err)
{
  rrn_bound_problem p = { 0 };
  rrn_bound b = { 0 };

  RRN_TRY(classify(&p, rules, items, n, arena, err));
  RRN_TRY(rrn_bound_side_make(&p.rows, rules->rows, p.sizes, p.n, 1, arena, err));
  RRN_TRY(rrn_bound_side_make(&p.cols, rules->cols, p.sizes, p.n, 0, arena, err));
  b.area = area_bound(&p, rules);
  b.cardinality = cardinality_bound(&p, rules);
  if (rules->layer_threshold >= 0)
    RRN_TRY(clique_bound(rules, items, n, n_layers, p.full, arena, &b.clique, err));
  RRN_TRY(rrn_bound_dual(&p, arena, &b.dual, err));
  b.best = larger(larger(b.area, b.dual), larger(b.clique, b.cardinality));
  RRN_TRY(rrn_bound_strip(&p, b.best, arena, &b.strip, err));
  b.best = larger(b.best, b.strip);
  *ret_bound = b;
  return RRAMNAS_OK;
}

int32_t
rrn_bound_boxes(const rrn_pack_rules *rules, const rrn_pack_box *boxes, size_t n, rrn_arena *arena,
                rrn_bound *ret_bound, rramnas_error *err)
{
  rrn_bound_item *items = rrn_arena_alloc_raw(arena, n + 1, sizeof(*items));
  int32_t n_layers = 0;
  size_t i;

  if (!items)
    return rrn_fail_memory(err);
  for (i = 0; i < n; i++) {
    items[i] = (rrn_bound_item){ boxes[i].layer, boxes[i].rows, boxes[i].cols, 1 };
    n_layers = boxes[i].layer >= n_layers ? boxes[i].layer + 1 : n_layers;
  }
  return rrn_bound_items(rules, items, n, n_layers, arena, ret_bound, err);
}

int32_t
rrn_bound_mapping(const rramnas_mapping *m, rrn_arena *arena, rrn_bound *ret_bound, rramnas_error *err)
{
  const rrn_pack_rules rules = { .rows = m->hw->v.crossbar.rows,
                                 .cols = rrn_mapping_box_cols(m),
                                 .layer_threshold = m->sharing.layer_threshold,
                                 .max_load = m->sharing.max_load };
  rrn_bound_item *items;
  size_t i;

  if (m->fewest_bound) {
    *ret_bound = *m->fewest_bound;
    return RRAMNAS_OK;
  }
  items = rrn_arena_alloc_raw(arena, m->n_pieces + 1, sizeof(*items));
  if (!items)
    return rrn_fail_memory(err);
  for (i = 0; i < m->n_pieces; i++) {
    const rrn_piece *x = &m->pieces[i];

    items[i] = (rrn_bound_item){ x->layer, x->rows, x->cols, m->copies[x->layer] };
  }
  RRN_TRY(rrn_bound_items(&rules, items, m->n_pieces, m->n_layers, arena, ret_bound, err));
  if (m->boxes_cut) /* other cuts make other boxes: only their cells are the same */
    *ret_bound = (rrn_bound){ .area = ret_bound->area, .dual = ret_bound->area, .strip = ret_bound->area,
                              .best = ret_bound->area };
  return RRAMNAS_OK;
}
