/* SPDX-License-Identifier: MIT */
/* Pass 2: matrix -> pieces that fit a crossbar.
 *
 * In:  matrices.
 * Out: pieces, by layer, that tile each matrix: whole tiles first, then the corner, the bottom edge, the right
 *      edge (RNC's numbering).
 *
 * Layers may instead be given a tiling each: any tile, and for grouped layers a number k of groups that one
 * activation reads. Such a piece is block-diagonal: its i-th group (from 0) has the rows from (i mod k) * matrix
 * rows on and the columns from i * group columns on; the cells beside the blocks stay unused.
 *
 * Grouped layers are cut between groups, so that a piece holds whole groups and needs one activation per group
 * and position; `depth_split` deals the groups to that many pieces, which work at the same time. A group wider
 * than a crossbar is cut like a dense layer of its own.
 *
 * Why it is right: the grid cuts are at multiples of the tile, so pieces are disjoint and their areas sum to the
 * matrix (checked by rrn_mapping_check on every mapping in the tests).
 *
 * Complexity: linear in pieces. Source: RNC's box splitter.
 *
 * Deviations of the published form: the number of groups per piece is rounded down, so that `depth_split` pieces
 * leave a sliver; pieces of a split depthwise layer may be wider than a crossbar; depthwise rows are never cut. */
#include "compile/passes.h"
#include "util/ckd.h"

typedef struct splitter {
  rramnas_mapping *m;
  size_t cap;
  rramnas_error *err;
} splitter;

/* A part of a layer's matrix that is cut into a grid. */
typedef struct region {
  int32_t layer;
  int64_t rows, cols; /* weights */
  int64_t col0;
  int64_t tile_rows, tile_cols; /* weights */
  int64_t group_cols; /* weights of one group within this region; cols when dense */
  int64_t at_once;    /* groups read by one activation, stacked block-diagonally */
} region;

static int64_t
least(int64_t a, int64_t b)
{
  return a < b ? a : b;
}

static int32_t
add_piece(splitter *s, const region *g, int64_t row0, int64_t col0, int64_t rows, int64_t cols)
{
  rramnas_mapping *m = s->m;
  const rrn_matrix *x = &m->matrices[g->layer];
  const int64_t groups = (cols + g->group_cols - 1) / g->group_cols;
  const int64_t at_once = least(groups, g->at_once > 1 ? g->at_once : 1);
  const int64_t read = least(cols, at_once * g->group_cols);
  rrn_piece *grown, *p;

  RRN_FAIL_IF(m->n_pieces >= RRN_MAX_BOXES, s->err, RRAMNAS_ERR_LIMIT,
              "layer \"%.200s\": the network needs more than %d crossbar tiles",
              m->net->layers[m->layer_of[g->layer]].name, RRN_MAX_BOXES);
  grown = rrn_arena_grow(&m->arena, m->pieces, m->n_pieces, &s->cap, sizeof(*grown));
  if (!grown)
    return rrn_fail_memory(s->err);
  m->pieces = grown;
  p = &m->pieces[m->n_pieces++];
  p->layer = g->layer;
  p->groups_at_once = (int32_t)at_once;
  p->row_parts = 1;
  p->rows = (int32_t)(rows * at_once);
  p->cols = (int32_t)(cols * x->cells);
  p->read_cols = (int32_t)(read * x->cells);
  p->activations = (groups + at_once - 1) / at_once * x->positions;
  p->row0 = row0;
  p->col0 = g->col0 + col0;
  return RRAMNAS_OK;
}

static int32_t
split_region(splitter *s, const region *g)
{
  const int64_t nh = g->rows / g->tile_rows, nw = g->cols / g->tile_cols;
  const int64_t hr = g->rows % g->tile_rows, wr = g->cols % g->tile_cols;
  const int64_t bottom = nh * g->tile_rows, right = nw * g->tile_cols;
  int64_t i, j;

  for (i = 0; i < nh; i++)
    for (j = 0; j < nw; j++)
      RRN_TRY(add_piece(s, g, i * g->tile_rows, j * g->tile_cols, g->tile_rows, g->tile_cols));
  if (hr && wr)
    RRN_TRY(add_piece(s, g, bottom, right, hr, wr));
  for (j = 0; hr && j < nw; j++)
    RRN_TRY(add_piece(s, g, bottom, j * g->tile_cols, hr, g->tile_cols));
  for (i = 0; wr && i < nh; i++)
    RRN_TRY(add_piece(s, g, i * g->tile_rows, right, g->tile_rows, wr));
  return RRAMNAS_OK;
}

static int32_t
split_dense(splitter *s, int32_t layer, int64_t col0, int64_t cols)
{
  const rrn_matrix *x = &s->m->matrices[layer];
  region g = { .layer = layer, .rows = x->rows, .cols = cols, .col0 = col0, .group_cols = cols };

  g.tile_rows = least(x->rows, s->m->hw->v.crossbar.rows);
  g.tile_cols = least(cols, rrn_mapping_box_cols(s->m) / x->cells);
  return split_region(s, &g);
}

static int32_t
split_grouped(splitter *s, int32_t layer, int32_t depth_split)
{
  const rrn_matrix *x = &s->m->matrices[layer];
  const int64_t group_cols = x->cols / x->groups, fit = rrn_mapping_box_cols(s->m) / x->cells / group_cols;
  const int64_t share = (x->groups + depth_split - 1) / depth_split;
  region g = { .layer = layer, .rows = x->rows, .cols = x->cols, .group_cols = group_cols };
  int64_t i;

  if (fit > 0) {
    g.tile_rows = least(x->rows, s->m->hw->v.crossbar.rows);
    g.tile_cols = least(share, fit) * group_cols;
    return split_region(s, &g);
  }
  for (i = 0; i < x->groups; i++)
    RRN_TRY(split_dense(s, layer, i * group_cols, group_cols));
  return RRAMNAS_OK;
}

static int32_t
split_grouped_published(splitter *s, int32_t layer, int32_t depth_split)
{
  const rrn_matrix *x = &s->m->matrices[layer];
  region g = { .layer = layer, .rows = x->rows, .cols = x->cols, .group_cols = 1, .tile_rows = x->rows };

  g.tile_cols = least(x->cols, rrn_mapping_box_cols(s->m));
  if (depth_split > 1)
    g.tile_cols = x->cols < depth_split ? 1 : x->cols / depth_split;
  RRN_FAIL_IF(g.tile_cols > INT32_MAX / x->cells || g.tile_rows > INT32_MAX, s->err, RRAMNAS_ERR_RANGE,
              "layer \"%.200s\" is too wide for the published cut", s->m->net->layers[s->m->layer_of[layer]].name);
  return split_region(s, &g);
}

/* Boxes of one layer have few distinct sizes, so the last one is remembered. */
static void
set_latencies(rramnas_mapping *m)
{
  const rrn_piece *last = NULL;
  size_t i;

  for (i = 0; i < m->n_pieces; i++) {
    rrn_piece *p = &m->pieces[i];

    p->latency_ns = last && last->layer == p->layer && last->rows == p->rows && last->read_cols == p->read_cols
                      ? last->latency_ns
                      : rrn_matrix_latency_ns(m->hw, &m->matrices[p->layer], p->rows, p->read_cols);
    last = p;
  }
}

/* Tiles as the tiling says; a grouped layer whose groups are cut is a row of dense layers. */
static int32_t
split_tiled(splitter *s, int32_t layer, const rrn_tiling *t)
{
  const rrn_matrix *x = &s->m->matrices[layer];
  region g = { .layer = layer, .rows = x->rows, .cols = x->cols, .tile_rows = t->rows, .tile_cols = t->cols,
               .group_cols = x->cols / x->groups, .at_once = t->groups_at_once };
  int64_t i;

  if (g.tile_cols >= g.group_cols || x->groups == 1)
    return split_region(s, &g);
  g.cols = g.group_cols;
  for (i = 0; i < x->groups; i++, g.col0 += g.group_cols)
    RRN_TRY(split_region(s, &g));
  return RRAMNAS_OK;
}

static int32_t
begin(rramnas_mapping *m, rramnas_error *err)
{
  m->first_piece = rrn_arena_alloc(&m->arena, (size_t)m->n_layers + 1, sizeof(*m->first_piece));
  m->pieces = NULL;
  m->n_pieces = 0;
  m->boxes_cut = m->cut_parts = 0;
  m->extra_conversions = 0;
  return m->first_piece ? RRAMNAS_OK : rrn_fail_memory(err);
}

int32_t
rrn_partition_tiled(rramnas_mapping *m, const rrn_tiling *tilings, rramnas_error *err)
{
  splitter s = { .m = m, .err = err };
  int32_t layer;

  RRN_TRY(begin(m, err));
  for (layer = 0; layer < m->n_layers; layer++) {
    m->first_piece[layer] = (int32_t)m->n_pieces;
    RRN_TRY(split_tiled(&s, layer, &tilings[layer]));
  }
  m->first_piece[m->n_layers] = (int32_t)m->n_pieces;
  set_latencies(m);
  return RRAMNAS_OK;
}

int32_t
rrn_partition_pass(rramnas_mapping *m, const rrn_partition_options *options, rramnas_error *err)
{
  splitter s = { .m = m, .err = err };
  int32_t layer;

  RRN_TRY(begin(m, err));
  for (layer = 0; layer < m->n_layers; layer++) {
    m->first_piece[layer] = (int32_t)m->n_pieces;
    if (m->matrices[layer].groups == 1)
      RRN_TRY(split_dense(&s, layer, 0, m->matrices[layer].cols));
    else if (options->published)
      RRN_TRY(split_grouped_published(&s, layer, options->depth_split));
    else
      RRN_TRY(split_grouped(&s, layer, options->depth_split));
  }
  m->first_piece[m->n_layers] = (int32_t)m->n_pieces;
  set_latencies(m);
  return RRAMNAS_OK;
}
