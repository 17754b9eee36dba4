/* SPDX-License-Identifier: MIT */
/* The bound on the time against all there is: on tiny chips every tiling of every layer, every number of copies and
 * every way to place the boxes, grouped layers included, is simulated. The bound is at most the least of these times. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "best/bound_time.h"
#include "random.h"
#include "rounds.h"
#include "timing/sim.h"

enum { MOST_LAYERS = 3, MOST_BARS = 4, MOST_SIDE = 4, MOST_WAYS = 256, MOST_BOXES = 16, ROUNDS = TEST_ROUNDS(3000) };

/* A way to lay out one layer. */
typedef struct way {
  rrn_tiling tiling;
  int32_t copies;
} way;

typedef struct box {
  int32_t layer, rows, cols;
} box;

typedef struct instance {
  rramnas_mapping m;
  rramnas_net net; /* what the simulation asks of it */
  rramnas_layer layers[MOST_LAYERS];
  int32_t layer_of[MOST_LAYERS];
  rrn_matrix matrices[MOST_LAYERS];
  int32_t copies[MOST_LAYERS];
  int64_t first_placement[MOST_LAYERS + 1];
  rrn_placement placements[MOST_BOXES];
  box boxes[MOST_BOXES];
  rrn_tiling tilings[MOST_LAYERS];
  way ways[MOST_LAYERS][MOST_WAYS];
  int32_t n_ways[MOST_LAYERS];
  int32_t n_boxes, samples, depthwise;
  double least_ns;
  int grouped_at_once; /* of the best: some layer reads several groups at once */
  int64_t simulated;
} instance;

/* --- can boxes share a crossbar? Trying every place --- */

static int
place(const instance *x, const int32_t *boxes, int32_t n, uint32_t taken)
{
  const int32_t rows = x->m.hw->v.crossbar.rows, cols = x->m.hw->v.crossbar.cols;
  int32_t row, col, i;

  if (n == 0)
    return 1;
  for (row = 0; row + x->boxes[boxes[0]].rows <= rows; row++)
    for (col = 0; col + x->boxes[boxes[0]].cols <= cols; col++) {
      uint32_t cells = 0;

      for (i = 0; i < x->boxes[boxes[0]].rows; i++)
        cells |= ((UINT32_C(1) << x->boxes[boxes[0]].cols) - 1) << ((row + i) * cols + col);
      if (!(cells & taken) && place(x, boxes + 1, n - 1, taken | cells))
        return 1;
    }
  return 0;
}

static int
bar_holds(const instance *x, int32_t bar, int32_t n)
{
  int32_t boxes[MOST_BOXES], k = 0, i, cells = 0;

  for (i = 0; i < n; i++)
    if (x->placements[i].crossbar == bar) {
      cells += x->boxes[i].rows * x->boxes[i].cols;
      boxes[k++] = i;
    }
  return cells <= x->m.hw->v.crossbar.rows * x->m.hw->v.crossbar.cols && place(x, boxes, k, 0);
}

/* --- all placements of the boxes --- */

static void
simulate(instance *x)
{
  const rrn_sim_options sim = { .model = RRAMNAS_TIMING_RNC, .samples = x->samples };
  double ns = 0;
  int32_t i;

  assert_int_equal(rrn_simulate(&x->m, &sim, &ns, NULL), RRAMNAS_OK);
  x->simulated++;
  if (x->least_ns > 0 && ns >= x->least_ns)
    return;
  x->least_ns = ns;
  x->grouped_at_once = 0;
  for (i = 0; i < x->m.n_layers; i++)
    x->grouped_at_once |= x->tilings[i].groups_at_once > 1;
}

/* Box i on; crossbars are alike, so only the first empty one is tried. */
static void
place_boxes(instance *x, int32_t i, int32_t used)
{
  int32_t bar;

  if (i == x->n_boxes) {
    simulate(x);
    return;
  }
  for (bar = 0; bar <= used && bar < x->m.crossbars_available; bar++) {
    x->placements[i].crossbar = bar;
    if (bar_holds(x, bar, i + 1))
      place_boxes(x, i + 1, bar == used ? used + 1 : used);
  }
}

static void
cut_and_place(instance *x)
{
  int32_t layer, copy, piece;

  x->m.n_pieces = 0;
  rrn_arena_reset(&x->m.arena);
  assert_int_equal(rrn_partition_tiled(&x->m, x->tilings, NULL), RRAMNAS_OK);
  x->n_boxes = 0;
  for (layer = 0; layer < x->m.n_layers; layer++) {
    for (copy = 0; copy < x->copies[layer]; copy++)
      for (piece = x->m.first_piece[layer]; piece < x->m.first_piece[layer + 1]; piece++)
        x->boxes[x->n_boxes++] = (box){ layer, x->m.pieces[piece].rows, x->m.pieces[piece].cols };
    x->first_placement[layer + 1] = x->n_boxes;
  }
  x->m.n_placements = (size_t)x->n_boxes;
  place_boxes(x, 0, 0);
}

/* --- all ways to lay out the layers --- */

static void
choose(instance *x, int32_t layer)
{
  int32_t i;

  if (layer == x->m.n_layers || layer >= MOST_LAYERS) {
    cut_and_place(x);
    return;
  }
  for (i = 0; i < x->n_ways[layer]; i++) {
    x->tilings[layer] = x->ways[layer][i].tiling;
    x->copies[layer] = x->ways[layer][i].copies;
    choose(x, layer + 1);
  }
}

static int64_t
pieces_of(const rrn_matrix *x, const rrn_tiling *t)
{
  const int64_t group = x->cols / x->groups, down = (x->rows + t->rows - 1) / t->rows;

  return x->groups > 1 && t->cols < group ? down * ((group + t->cols - 1) / t->cols) * x->groups
                                          : down * ((x->cols + t->cols - 1) / t->cols);
}

/* All numbers of copies such that the layer has no more boxes than there are crossbars. */
static void
add_ways(instance *x, int32_t layer, rrn_tiling t)
{
  const int64_t pieces = pieces_of(&x->matrices[layer], &t);
  int32_t copies;

  for (copies = 1; copies * pieces <= x->m.crossbars_available && copies <= x->matrices[layer].activations; copies++) {
    assert_true(x->n_ways[layer] < MOST_WAYS);
    x->ways[layer][x->n_ways[layer]++] = (way){ t, copies };
  }
}

static void
list_dense(instance *x, int32_t layer)
{
  const rrn_matrix *a = &x->matrices[layer];
  const int64_t group = a->cols / a->groups;
  int32_t rows, cols;

  for (rows = 1; rows <= a->rows && rows <= x->m.hw->v.crossbar.rows; rows++)
    for (cols = 1; cols <= a->cols && cols <= x->m.hw->v.crossbar.cols; cols++)
      if (a->groups == 1 || cols < group || cols % group == 0)
        add_ways(x, layer, (rrn_tiling){ rows, cols, 1 });
}

/* Several groups at once: as many groups in a box as are read, or more. */
static void
list_diagonal(instance *x, int32_t layer)
{
  const rrn_matrix *a = &x->matrices[layer];
  const int64_t group = a->cols / a->groups;
  int32_t at_once, groups, most = (int32_t)a->groups;

  while (most > 1 && (most * a->rows > x->m.hw->v.crossbar.rows || most * group > x->m.hw->v.crossbar.cols))
    most--;
  if (x->depthwise != RRAMNAS_DEPTHWISE_BLOCK_DIAGONAL || most == 1)
    list_dense(x, layer);
  for (at_once = x->depthwise == RRAMNAS_DEPTHWISE_AUTO ? 2 : most; at_once > 1 && at_once <= most; at_once++)
    for (groups = at_once; groups <= a->groups && groups * group <= x->m.hw->v.crossbar.cols; groups++)
      add_ways(x, layer, (rrn_tiling){ a->rows, groups * group, at_once });
}

static void
list_ways(instance *x)
{
  int32_t layer;

  for (layer = 0; layer < x->m.n_layers; layer++) {
    const rrn_matrix *a = &x->matrices[layer];

    x->n_ways[layer] = 0;
    if (a->groups > 1 && x->depthwise != RRAMNAS_DEPTHWISE_RNC && a->rows <= x->m.hw->v.crossbar.rows &&
        a->cols / a->groups <= x->m.hw->v.crossbar.cols)
      list_diagonal(x, layer);
    else
      list_dense(x, layer);
  }
}

/* --- instances --- */

static rramnas_hw *
tiny_chip(test_random *r)
{
  const int rows = 2 + (int)test_below(r, MOST_SIDE - 1), cols = 2 + (int)test_below(r, MOST_SIDE - 1);
  rramnas_hw *hw = NULL;
  char text[256];

  snprintf(text, sizeof(text), "crossbar: {rows: %d, cols: %d, subarray_rows: %d}\nweight: {bits: 2, slicing: columns, sign: offset}\n"
           "device: {bits_per_cell: 2}\n", rows, cols, rows);
  assert_int_equal(rramnas_hw_load_buffer(text, strlen(text), "tiny", RRAMNAS_HW_FORMAT_YAML, NULL, &hw, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_hw_columns_per_weight(hw), 1);
  return hw;
}

static void
make_layer(test_random *r, const rramnas_hw *hw, rrn_matrix *a)
{
  const int64_t groups = test_below(r, 2) ? 1 : 2 + (int64_t)test_below(r, 4);

  *a = (rrn_matrix){ .cells = 1, .groups = groups, .positions = 1 + (int64_t)test_below(r, 6) };
  a->rows = 1 + (int64_t)test_below(r, (uint64_t)hw->v.crossbar.rows / (groups > 1 ? 2 : 1));
  a->cols = groups > 1 ? groups * (1 + (int64_t)test_below(r, 2)) : 1 + (int64_t)test_below(r, (uint64_t)hw->v.crossbar.cols);
  a->activations = a->positions * groups;
}

static void
make(test_random *r, instance *x)
{
  int32_t i;

  memset(x, 0, sizeof(*x));
  assert_int_equal(rrn_rt_init(&x->m.rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&x->m.arena, &x->m.rt);
  x->m.hw = tiny_chip(r);
  x->m.n_layers = 1 + (int32_t)test_below(r, MOST_LAYERS);
  x->m.crossbars_available = 1 + (int32_t)test_below(r, x->m.n_layers > 2 ? 3 : MOST_BARS);
  for (i = 0; i < x->m.n_layers; i++)
    make_layer(r, x->m.hw, &x->matrices[i]);
  for (i = 0; i < x->m.n_layers; i++) {
    x->layers[i] = (rramnas_layer){ .op = RRAMNAS_OP_CONV, .positions = x->matrices[i].positions,
                                    .groups = (int32_t)x->matrices[i].groups };
    x->layer_of[i] = i;
  }
  x->net.layers = x->layers;
  x->m.net = &x->net;
  x->m.layer_of = x->layer_of;
  x->m.matrices = x->matrices;
  x->m.copies = x->copies;
  x->m.first_placement = x->first_placement;
  x->m.placements = x->placements;
  x->m.sharing = (rrn_sharing){ .layer_threshold = -1, .max_load = INT32_MAX };
  x->samples = 1 + (int32_t)test_below(r, 4);
  x->depthwise = 1 + (int32_t)test_below(r, 3);
}

static double
bound_of(instance *x)
{
  rrn_arena arena;
  double ns = 0;

  rrn_arena_init(&arena, &x->m.rt);
  assert_int_equal(rrn_bound_time(&x->m, x->depthwise, x->samples, RRN_BOUND_TIME_STEPS, &arena, &ns, NULL), RRAMNAS_OK);
  rrn_arena_release(&arena);
  return ns;
}

static void
bound_is_below_everything(void **state)
{
  int round, met = 0, solved = 0, diagonal = 0;
  test_random r = { 21 };
  int64_t simulated = 0;

  (void)state;
  for (round = 0; round < ROUNDS; round++) {
    static instance x;
    double bound;

    make(&r, &x);
    list_ways(&x);
    choose(&x, 0);
    bound = bound_of(&x);
    if (x.least_ns > 0 && bound > x.least_ns * (1 + RRN_BOUND_TIME_ROUNDING))
      fail_msg("round %d: bound %.6f ns, a mapping takes %.6f ns", round, bound, x.least_ns);
    solved += x.least_ns > 0;
    met += x.least_ns > 0 && bound > x.least_ns * (1 - RRN_BOUND_TIME_ROUNDING);
    diagonal += x.grouped_at_once;
    simulated += x.simulated;
    rrn_arena_release(&x.m.arena);
    rramnas_hw_unref(x.m.hw);
  }
  print_message("%d of %d instances fit, %d bounds are met, %d with groups at once are best, %.1f million mappings\n",
                solved, ROUNDS, met, diagonal, (double)simulated / 1e6);
  assert_true(solved > ROUNDS / 2 && met > solved / 10 && diagonal > 3);
}

int
main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(bound_is_below_everything) };

  return cmocka_run_group_tests_name("bound_time", tests, NULL, NULL);
}
