/* SPDX-License-Identifier: MIT */
/*
 * In: the tiles of each layer. Out: how far its results travel within the layer and to the next ones.
 *
 * Tiles are numbered along a path through the grid and layers take them in that order. A layer is merged at the tile
 * that makes its farthest tile plus the farthest tile of any layer after it nearest; the first such tile row by row
 * counts. Sums and products sit at an accumulator in the middle of the first column, half a row off in a grid of odd
 * height. Distances are Manhattan hops: the farthest point of a set lies at an extreme of row + column or row -
 * column, so each layer costs O(tiles) where MNSIM compares all pairs. A best of 1000 hops or more is not found
 * (B21). The paths are walked as MNSIM walks them, Python's negative indices included: shells only fill squares.
 * O(grid). Source: MNSIM 2.0, Mapping_Model/Tile_connection_graph.
 */
#include "mnsim/mnsim.h"

enum { MAX_GRID = 1 << 24, HOPS_LIMIT = 1000 };

/* --- the path --- */

typedef struct walker {
  int32_t rows, cols, i, j;
  int state, turned;
  int32_t stride, step;
} walker;

/* Square shells: right or down once, then along two sides of a square. */
static void
step_shell(walker *w)
{
  const int down_first = w->state == 1;

  if (w->state == 0 || w->state == 2) {
    w->j += w->state == 0;
    w->i += w->state == 2;
    w->state++;
    return;
  }
  if (!w->turned) {
    w->i += down_first;
    w->j += !down_first;
  } else {
    w->j -= down_first;
    w->i -= !down_first;
  }
  if (++w->step < w->stride)
    return;
  w->step = 0;
  if (w->turned) {
    w->stride++;
    w->state = down_first ? 2 : 0;
  }
  w->turned = !w->turned;
}

/* Diagonals there and back. */
static void
step_zigzag(walker *w)
{
  const int down = w->state == 1;

  if (w->state == 0 || w->state == 2) {
    const int along = w->state == 0 ? w->j < w->cols - 1 : w->i >= w->rows - 1;

    w->j += along;
    w->i += !along;
    w->state++;
    return;
  }
  w->i += down ? 1 : -1;
  w->j += down ? -1 : 1;
  w->step++;
  if (down ? w->i == w->rows - 1 : w->j == w->cols - 1)
    w->stride--;
  else if (w->step == w->stride)
    w->stride++;
  else
    return;
  w->step = 0;
  w->state = down ? 2 : 0;
}

/* Python's index: from the end when negative; -1 outside. */
static int64_t
cell_of(const walker *w)
{
  const int32_t i = w->i < 0 ? w->i + w->rows : w->i, j = w->j < 0 ? w->j + w->cols : w->j;

  return i < 0 || i >= w->rows || j < 0 || j >= w->cols ? -1 : (int64_t)i * w->cols + j;
}

/* Number of the tile in each cell of the grid; cells that the path misses keep 0, as in MNSIM. */
static int32_t
walk(const rrn_mnsim_config *c, int32_t *order, rramnas_error *err)
{
  const int shell = c->tile_order == RRN_TILES_SHELL;
  walker w = { .rows = c->tile_rows, .cols = c->tile_cols, .stride = 1 };
  const int32_t n = w.rows * w.cols;
  int64_t cell;
  int32_t t;

  for (t = 0; t < n; t++) {
    if (t > 0) {
      if (shell)
        step_shell(&w);
      else
        step_zigzag(&w);
    }
    cell = cell_of(&w);
    RRN_FAIL_IF(cell < 0, err, RRAMNAS_ERR_UNSUPPORTED, "mnsim: MNSIM's path \"%s\" leaves a grid of %d x %d tiles",
                shell ? "shell" : "zigzag", (int)w.rows, (int)w.cols);
    order[cell] = t;
  }
  return RRAMNAS_OK;
}

static int32_t
number_tiles(const rrn_mnsim_config *c, int32_t *order, rramnas_error *err)
{
  const int32_t rows = c->tile_rows, cols = c->tile_cols;
  int32_t i, j;

  if (c->tile_order == RRN_TILES_SHELL || c->tile_order == RRN_TILES_ZIGZAG)
    return walk(c, order, err);
  for (i = 0; i < rows; i++)
    for (j = 0; j < cols; j++) {
      const int back = c->tile_order == RRN_TILES_SNAKE && i % 2;

      order[i * cols + (back ? cols - 1 - j : j)] = i * cols + j;
    }
  return RRAMNAS_OK;
}

/* --- where layers are --- */

typedef struct spot {
  int32_t row, col;
} spot;

/* The tiles of a layer, row by row, and the extremes from which distances follow. */
typedef struct area {
  spot *spots;
  size_t n;
  int32_t min_sum, max_sum, min_difference, max_difference;
} area;

static void
note_spot(area *a, int32_t row, int32_t col)
{
  const int32_t sum = row + col, difference = row - col;

  if (a->n == 0) {
    a->min_sum = a->max_sum = sum;
    a->min_difference = a->max_difference = difference;
  }
  if (sum < a->min_sum)
    a->min_sum = sum;
  if (sum > a->max_sum)
    a->max_sum = sum;
  if (difference < a->min_difference)
    a->min_difference = difference;
  if (difference > a->max_difference)
    a->max_difference = difference;
  a->spots[a->n].row = row;
  a->spots[a->n++].col = col;
}

static int32_t
larger(int32_t a, int32_t b)
{
  return a > b ? a : b;
}

/* Hops to the farthest tile of an area; 0 when it has none. */
static int32_t
farthest(const area *a, spot from)
{
  const int32_t sum = from.row + from.col, difference = from.row - from.col;

  if (a->n == 0)
    return 0;
  return larger(larger(sum - a->min_sum, a->max_sum - sum),
                larger(difference - a->min_difference, a->max_difference - difference));
}

static int32_t
is_sum(int32_t kind)
{
  return kind == RRN_MNSIM_ELEMENT_SUM || kind == RRN_MNSIM_ELEMENT_MULTIPLY;
}

/* The layer of each tile in use. */
static int32_t *
layer_of_tiles(const rrn_mnsim_map *map, size_t n, rrn_arena *arena)
{
  int32_t *layers = rrn_arena_alloc(arena, (size_t)map->tiles, sizeof(*layers));
  size_t l;
  int64_t t;

  for (l = 0; layers && l < n; l++)
    for (t = 0; t < map->layers[l].tiles; t++)
      layers[map->layers[l].first_tile + t] = (int32_t)l;
  return layers;
}

static int32_t
find_areas(const rrn_mnsim_config *c, const rrn_mnsim_map *map, size_t n, rrn_arena *arena, area *areas,
           rramnas_error *err)
{
  const int32_t rows = c->tile_rows, cols = c->tile_cols;
  int32_t *order = rrn_arena_alloc(arena, (size_t)(rows * cols), sizeof(*order));
  const int32_t *layers = layer_of_tiles(map, n, arena);
  int32_t i, j;
  size_t l;

  if (!order || !layers)
    return rrn_fail_memory(err);
  RRN_TRY(number_tiles(c, order, err));
  for (i = 0; i < rows * cols; i++)
    if (order[i] < map->tiles)
      areas[layers[order[i]]].n++;
  for (l = 0; l < n; l++) {
    areas[l].spots = rrn_arena_alloc(arena, areas[l].n + 1, sizeof(*areas[l].spots));
    if (!areas[l].spots)
      return rrn_fail_memory(err);
    areas[l].n = 0;
  }
  for (i = 0; i < rows; i++)
    for (j = 0; j < cols; j++)
      if (order[i * cols + j] < map->tiles)
        note_spot(&areas[layers[order[i * cols + j]]], i, j);
  return RRAMNAS_OK;
}

/* --- distances --- */

static double
to_accumulator(const rrn_mnsim_config *c, spot from)
{
  const double rows = from.row - c->tile_rows / 2.0;

  return (rows < 0 ? -rows : rows) + from.col;
}

/* From a tile to all the layers after. */
static double
to_next(const rrn_mnsim_config *c, const rrn_mnsim_node *nodes, size_t l, const area *areas, spot from)
{
  int32_t i, only_sums = 1, hops = 0;

  for (i = 0; i < nodes[l].n_outputs; i++)
    only_sums &= is_sum(nodes[nodes[l].outputs[i]].kind);
  if (only_sums)
    return to_accumulator(c, from);
  for (i = 0; i < nodes[l].n_outputs; i++)
    hops = larger(hops, farthest(&areas[nodes[l].outputs[i]], from));
  return hops;
}

static void
merge_best(const rrn_mnsim_config *c, const rrn_mnsim_node *nodes, size_t l, size_t n, const area *areas,
           rrn_mnsim_layer_map *layer)
{
  const area *a = &areas[l];
  double best = a->n == 1 ? 2e9 : HOPS_LIMIT; /* a single tile has no choice */
  size_t i;

  for (i = 0; i < a->n; i++) {
    const double in = farthest(a, a->spots[i]), out = l + 1 < n ? to_next(c, nodes, l, areas, a->spots[i]) : 0;

    if (in + out < best) {
      best = in + out;
      layer->in_layer_hops = in;
      layer->to_next_hops = out;
    }
  }
}

/* From the accumulator to the first tile of each layer after (row by row, not in the layer's order). */
static double
from_accumulator(const rrn_mnsim_config *c, const rrn_mnsim_node *node, const area *areas)
{
  double hops = 0;
  int32_t i;

  for (i = 0; i < node->n_outputs; i++) {
    const area *a = &areas[node->outputs[i]];
    const double to = a->n ? to_accumulator(c, a->spots[0]) : 0;

    hops = to > hops ? to : hops;
  }
  return hops;
}

int32_t
rrn_mnsim_place(const rrn_mnsim_config *c, const rrn_mnsim_node *nodes, size_t n, rrn_arena *arena, rrn_mnsim_map *map,
                rramnas_error *err)
{
  area *areas;
  size_t l;

  RRN_FAIL_IF((int64_t)c->tile_rows * c->tile_cols > MAX_GRID, err, RRAMNAS_ERR_LIMIT,
              "mnsim: a grid of %d x %d tiles, the limit is %d", (int)c->tile_rows, (int)c->tile_cols, MAX_GRID);
  areas = rrn_arena_alloc(arena, n, sizeof(*areas));
  if (!areas)
    return rrn_fail_memory(err);
  RRN_TRY(find_areas(c, map, n, arena, areas, err));
  for (l = 0; n > 1 && l < n; l++) { /* a single layer is never placed (B21) */
    if (is_sum(nodes[l].kind))
      map->layers[l].to_next_hops = l + 1 < n ? from_accumulator(c, &nodes[l], areas) : 0;
    else
      merge_best(c, nodes, l, n, areas, &map->layers[l]);
  }
  return RRAMNAS_OK;
}
