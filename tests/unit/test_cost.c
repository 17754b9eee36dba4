/* SPDX-License-Identifier: MIT */
/* Cost model rramnas: networks whose every count is known, options, explanations. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "../support/hw.h"
#include "../support/tiny.h"
#include "cost/cost.h"
#include "cost/model.h"
#include "cost/scale.h"
#include "mnsim/mnsim.h"
#include "near.h"
#include "util/power.h"

/* An entry of the rows is rounded to a grid that is made for their sum. */
static void
on_grid(double value, double expected, double sum)
{
  if (!(fabs(value - expected) <= 1e-12 * fabs(expected) + 1e-15 * sum))
    fail_msg("%.17g, expected %.17g", value, expected);
}

/* --- one layer, all by hand --- */

static rramnas_mapping *
compile(const char *yaml, rramnas_net *net, rramnas_compile_options *o)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_hw *hw = hw_good(yaml, "hw");
  rramnas_mapping *m = NULL;

  o->policy = o->policy ? o->policy : RRAMNAS_POLICY_RNC;
  o->effort = RRAMNAS_EFFORT_FAST;
  if (rramnas_compile(hw, net, o, NULL, &m, &err) < 0)
    fail_msg("%s", err.message);
  rramnas_hw_unref(hw);
  return m;
}

/* A dense layer of `in` inputs and `out` outputs with biases. */
static rramnas_net *
dense(int64_t in, int64_t out)
{
  const int64_t shape[2] = { 1, in };
  rramnas_node node = RRAMNAS_NODE_INIT;
  rramnas_net *net = NULL;
  int32_t x, y;

  assert_int_equal(rramnas_net_create("dense", NULL, &net, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_net_add_input(net, "x", shape, 2, &x, NULL), RRAMNAS_OK);
  node.op = RRAMNAS_OP_GEMM;
  node.inputs = &x;
  node.n_inputs = 1;
  node.out_channels = out;
  assert_int_equal(rramnas_net_add_node(net, &node, &y, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_net_finish(net, NULL), RRAMNAS_OK);
  return net;
}

enum { DYNAMIC, STATIC, AREA };

static void
one_layer(void **state)
{
  static const char yaml[] = "crossbar: {rows: 32, cols: 16}\nadc: {per_subarray: 4, bits: 6}\ndac: {per_subarray: 8}\n"
                             "weight: {bits: 4}\ninput: {bits: 3}\ntile: {pe_rows: 1, pe_cols: 2}\nchip: {crossbars: 3}\n";
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_cost_options how = RRAMNAS_COST_OPTIONS_INIT;
  rramnas_net *net = dense(20, 10);
  rramnas_mapping *m;
  rramnas_cost c = RRAMNAS_COST_INIT;
  double rows[2][RRAMNAS_COST_COMPONENTS][3];
  /* 2 slices of 2 bits, each in its own crossbar and with a negative: 4 arrays, 2 ADC sets. 3 input slices, 3 row
   * passes of 8 rows, 3 column passes of 4 columns. Accumulator: 6 + 2 + 2 + 2 (4 passes fill the crossbar) = 12 bits.
   * */
  const double conversions = 10 * 3 * 3 * 2, drives = 20 * 3 * 3 * 2;

  (void)state;
  o.no_duplication = 1;
  how.latency_ns = 1000;
  m = compile(yaml, net, &o);
  assert_int_equal(rramnas_mapping_get_cost(m, &how, &c, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_mapping_get_cost_layers(m, &how, &rows[0][0][0], 2, NULL), RRAMNAS_OK);
  assert_int_equal(c.crossbars, 3);
  assert_int_equal(c.arrays, 12);
  assert_int_equal(c.tiles, 3);
  near(c.macs, 200);
  near(c.cell_utilization, 200.0 / (3 * 512));
  on_grid(rows[0][RRAMNAS_COMPONENT_CELL][DYNAMIC], 4 * 200 * 3 * 0.00225 * (0.33e-4 + 0.67e-6) * 3160, c.energy_pj);
  on_grid(rows[0][RRAMNAS_COMPONENT_DRIVER][DYNAMIC], drives * 2 * 0.1 * 16 * 0.0225 / 1000, c.energy_pj);
  on_grid(rows[0][RRAMNAS_COMPONENT_DAC][DYNAMIC], drives * 0.0039, c.energy_pj);
  on_grid(rows[0][RRAMNAS_COMPONENT_ADC][DYNAMIC], conversions * 1.5625, c.energy_pj);
  on_grid(rows[0][RRAMNAS_COMPONENT_MUX][DYNAMIC], (conversions + drives) * 2 * 1e-3 * (130.0 / 45) * 1.3 * 1.3,
          c.energy_pj);
  on_grid(rows[0][RRAMNAS_COMPONENT_SHIFT_ADD][DYNAMIC], conversions * 12 * 3.75e-3, c.energy_pj);
  on_grid(rows[0][RRAMNAS_COMPONENT_REGISTER][DYNAMIC], (20 * 3 + conversions * 12) * 3.75e-3,
          c.energy_pj);
  on_grid(rows[0][RRAMNAS_COMPONENT_ACCUMULATION][DYNAMIC], 10 * 12 * 3.75e-3, c.energy_pj); /* biases */
  assert_true(rows[0][RRAMNAS_COMPONENT_POOL][DYNAMIC] == 0 && rows[0][RRAMNAS_COMPONENT_ARITHMETIC][DYNAMIC] == 0);
  on_grid(rows[0][RRAMNAS_COMPONENT_CELL][AREA] + rows[1][RRAMNAS_COMPONENT_CELL][AREA], 12 * 512 * 1.44, c.area_um2);
  on_grid(rows[0][RRAMNAS_COMPONENT_DRIVER][AREA] + rows[1][RRAMNAS_COMPONENT_DRIVER][AREA], 12 * 32 * 1150,
          c.area_um2);
  on_grid(rows[0][RRAMNAS_COMPONENT_DAC][AREA] + rows[1][RRAMNAS_COMPONENT_DAC][AREA], 3 * 2 * 8 * 0.166, c.area_um2);
  on_grid(rows[0][RRAMNAS_COMPONENT_ADC][AREA], 3 * 2 * 4 * 1200 * c.cell_utilization, c.area_um2);
  on_grid(rows[1][RRAMNAS_COMPONENT_ADC][STATIC], 3 * 2 * 4 * (1 - c.cell_utilization),
          c.energy_pj); /* 1 uW each for 1 us: pJ */
  near(c.write_energy_pj, 4 * 200 * 0.9);
  near(c.write_time_ns, 20 * 10);
  near(c.energy_pj, c.energy_dynamic_pj + c.energy_static_pj);
  near(c.power_mw, c.energy_pj / 1000);
  near(c.edp_pj_ns, c.energy_pj * 1000);
  near(c.tops, 2 * 200 / 1000.0 / 1000);
  near(c.inferences_per_s, 1e6);
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
}

/* --- mappings --- */

static rramnas_cost
cost_of(const rramnas_mapping *m, const rramnas_hw *hw, int32_t samples)
{
  rramnas_cost_options o = RRAMNAS_COST_OPTIONS_INIT;
  rramnas_cost c = RRAMNAS_COST_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;

  o.hw = hw;
  o.samples = samples;
  if (rramnas_mapping_get_cost(m, &o, &c, &err) < 0)
    fail_msg("%s", err.message);
  return c;
}

static rramnas_net *
tiny(void)
{
  rramnas_net *net = NULL;

  assert_int_equal(tiny_create(NULL, &net, NULL), RRAMNAS_OK);
  return net;
}

/* Blocks on the diagonal need fewer activations; every column is still read once for each position, and the cells
 * beside the blocks are read too. */
static void
block_diagonal(void **state)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_net *net = tiny();
  rramnas_mapping *m;
  rrn_activity a;
  rrn_arena arena;
  rrn_layout l;
  rrn_mesh mesh_of;
  const rrn_crossbar_activity *depthwise;

  (void)state;
  o.policy = RRAMNAS_POLICY_BEST;
  o.depthwise = RRAMNAS_DEPTHWISE_BLOCK_DIAGONAL;
  o.crossbars = 40;
  m = compile("", net, &o);
  l = rrn_layout_of(m->hw);
  mesh_of = rrn_mesh_of(m->hw, 40);
  rrn_arena_init(&arena, &m->rt);
  assert_int_equal(rrn_activity_of(m, &l, &mesh_of, &arena, &a, NULL), RRAMNAS_OK);
  depthwise = &a.layers[1].crossbar; /* 24 channels of 3 x 3 kernels on 16 x 16 */
  assert_true(depthwise->column_reads == 24 * 256);
  assert_true(depthwise->row_drives == 24 * 9 * 256);
  assert_true(depthwise->cell_reads == 24 * 9 * 256 * 8);
  assert_true(m->pieces[m->first_piece[1]].groups_at_once > 1);
  assert_true(depthwise->off_reads > 0);
  rrn_arena_release(&arena);
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
}

/* A piece of seven groups, three at once: two whole activations and one of a single group. */
static void
off_cells_by_hand(void **state)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_net *net = tiny();
  rramnas_mapping *m;
  rramnas_mapping view;
  rrn_matrix x = { .rows = 9, .cols = 7, .cells = 1, .groups = 7, .positions = 10, .activations = 70 };
  rrn_piece p = { .layer = 0, .rows = 27, .cols = 7, .read_cols = 3, .activations = 30, .groups_at_once = 3,
                  .latency_ns = 1 };
  int32_t first_piece[2] = { 0, 1 }, copies[1] = { 1 };
  int64_t first_placement[2] = { 0, 1 };
  rrn_placement spot = { 0, 0, 0 };
  rrn_activity a;
  rrn_arena arena;
  rrn_layout l;
  rrn_mesh mesh_of;

  (void)state;
  m = compile("input: {bits: 1}\n", net, &o);
  memcpy(&view, m, sizeof(view));
  view.n_layers = 1;
  view.matrices = &x;
  view.pieces = &p;
  view.n_pieces = 1;
  view.first_piece = first_piece;
  view.copies = copies;
  view.first_placement = first_placement;
  view.placements = &spot;
  l = rrn_layout_of(m->hw);
  mesh_of = rrn_mesh_of(m->hw, m->crossbars_available);
  rrn_arena_init(&arena, &m->rt);
  assert_int_equal(rrn_activity_of(&view, &l, &mesh_of, &arena, &a, NULL), RRAMNAS_OK);
  assert_true(a.kinds[0].cell_reads == 9 * 7 * 10);
  assert_true(a.kinds[0].off_reads == (2 * 9 * 3 * 2) * 10); /* three groups meet two others each, twice */
  assert_true(a.kinds[0].row_drives == 9 * 7 * 10);
  assert_true(a.kinds[0].half_reads == 9 * 7 * 10 * 128 - 9 * 7 * 10 - 9 * 12 * 10);
  rrn_arena_release(&arena);
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
}

/* Copies share the work: what crossbars do does not change, programming is per copy. */
static void
copies(void **state)
{
  static const int32_t two[] = { 2, 2, 2, 2 };
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_cost_options how = RRAMNAS_COST_OPTIONS_INIT;
  rramnas_net *net = tiny();
  double one_rows[8][RRAMNAS_COST_COMPONENTS][3], two_rows[8][RRAMNAS_COST_COMPONENTS][3];
  rramnas_mapping *m[2];
  int32_t i, k;

  (void)state;
  o.crossbars = 64;
  o.no_duplication = 1;
  how.latency_ns = 1e5;
  m[0] = compile("", net, &o);
  o.no_duplication = 0;
  o.copies = two;
  o.n_copies = 4;
  m[1] = compile("", net, &o);
  assert_int_equal(rramnas_mapping_get_cost_layers(m[0], &how, &one_rows[0][0][0], 8, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_mapping_get_cost_layers(m[1], &how, &two_rows[0][0][0], 8, NULL), RRAMNAS_OK);
  for (i = 0; i < 4; i++)
    for (k = 0; k <= RRN_COST_LAST_IN_CROSSBAR; k++) {
      assert_true(fabs(one_rows[i][k][DYNAMIC] - two_rows[i][k][DYNAMIC]) <= 1e-9 * one_rows[i][k][DYNAMIC]);
      on_grid(two_rows[i][k][AREA], 2 * one_rows[i][k][AREA], 1e9);
    }
  near(cost_of(m[1], NULL, 1).write_energy_pj, 2 * cost_of(m[0], NULL, 1).write_energy_pj);
  near(cost_of(m[1], NULL, 1).cell_utilization, 2 * cost_of(m[0], NULL, 1).cell_utilization);
  rramnas_mapping_unref(m[0]);
  rramnas_mapping_unref(m[1]);
  rramnas_net_unref(net);
}

/* A product of two activations is work in digital units. */
static void
attention_is_not_free(void **state)
{
  static const int64_t shape[2] = { 6, 8 };
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_node node = RRAMNAS_NODE_INIT;
  rramnas_net *net = NULL;
  rramnas_mapping *m;
  double rows[3][RRAMNAS_COST_COMPONENTS][3];
  int32_t x, y, t, pair[2];

  (void)state;
  assert_int_equal(rramnas_net_create("attention", NULL, &net, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_net_add_input(net, "x", shape, 2, &x, NULL), RRAMNAS_OK);
  node.op = RRAMNAS_OP_GEMM;
  node.inputs = &x;
  node.n_inputs = 1;
  node.out_channels = 8;
  assert_int_equal(rramnas_net_add_node(net, &node, &y, NULL), RRAMNAS_OK);
  node.op = RRAMNAS_OP_TRANSPOSE;
  node.inputs = &y;
  node.out_channels = 0;
  assert_int_equal(rramnas_net_add_node(net, &node, &t, NULL), RRAMNAS_OK);
  node.op = RRAMNAS_OP_MATMUL;
  pair[0] = y;
  pair[1] = t;
  node.inputs = pair;
  node.n_inputs = 2;
  assert_int_equal(rramnas_net_add_node(net, &node, &t, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_net_finish(net, NULL), RRAMNAS_OK);
  m = compile("", net, &o);
  assert_int_equal(rramnas_mapping_get_cost_layers(m, NULL, &rows[0][0][0], 3, NULL), RRAMNAS_OK);
  near(rows[1][RRAMNAS_COMPONENT_ARITHMETIC][DYNAMIC], 6 * 6 * 8 * (8 * 8 * 3.125e-3 + 2 * 8 * 3.75e-3));
  assert_true(rows[1][RRAMNAS_COMPONENT_BUFFER][DYNAMIC] > 0 && rows[1][RRAMNAS_COMPONENT_ADC][DYNAMIC] == 0);
  near(cost_of(m, NULL, 1).macs, 6 * 8 * 8 + 6 * 6 * 8);
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
}

/* The same mapping on another chip is what compiling for that chip gives, and the mapping's chip is the default. */
static void
other_hardware(void **state)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_net *net = tiny();
  rramnas_mapping *m, *direct;
  rramnas_hw *same = hw_good("", "hw"), *other = hw_good("adc: {bits: 10}\ndevice: {bits_per_cell: 4}\n", "hw");
  rramnas_cost a, b;

  (void)state;
  o.crossbars = 40;
  o.no_duplication = 1;
  m = compile("", net, &o);
  direct = compile("adc: {bits: 10}\ndevice: {bits_per_cell: 4}\n", net, &o);
  a = cost_of(m, NULL, 4);
  b = cost_of(m, same, 4);
  assert_memory_equal(&a, &b, sizeof(a));
  a = cost_of(direct, NULL, 4);
  b = cost_of(m, other, 4);
  assert_memory_equal(&a, &b, sizeof(a));
  assert_int_equal(b.arrays, 40 * 4);
  assert_int_equal(cost_of(m, NULL, 1).arrays, 40 * 8);
  rramnas_mapping_unref(m);
  rramnas_mapping_unref(direct);
  rramnas_hw_unref(same);
  rramnas_hw_unref(other);
  rramnas_net_unref(net);
}

static void
bad_options(const rramnas_mapping *m, const rramnas_cost_options *o, int32_t status, const char *message)
{
  rramnas_cost c = RRAMNAS_COST_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;

  c.energy_pj = -7;
  assert_int_equal(rramnas_mapping_get_cost(m, o, &c, &err), status);
  assert_string_equal(err.message, message);
  assert_true(c.energy_pj == -7);
}

/* Totals are MNSIM's, rows add up to them, and pooling counts to the layer before it. */
static void
model_mnsim(void **state)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_cost_options how = RRAMNAS_COST_OPTIONS_INIT;
  rramnas_net *net = tiny();
  double rows[8][RRAMNAS_COST_COMPONENTS][3], energy = 0, area = 0;
  rramnas_mapping *m;
  rramnas_cost cost = RRAMNAS_COST_INIT;
  rrn_mnsim_config c;
  rrn_mnsim_result r;
  rrn_arena arena;
  int32_t i, k;

  (void)state;
  o.crossbars = 64;
  how.model = RRAMNAS_COST_MNSIM;
  m = compile("", net, &o);
  assert_int_equal(rramnas_mapping_get_cost(m, &how, &cost, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_mapping_get_cost_layers(m, &how, &rows[0][0][0], 8, NULL), RRAMNAS_OK);
  rrn_arena_init(&arena, &m->rt);
  c = rrn_mnsim_config_from_hw(m->hw);
  assert_int_equal(rrn_mnsim_network(&c, net, RRN_MNSIM_MODE_WINDOW, &arena, &r, NULL), RRAMNAS_OK);
  near(cost.energy_pj, 1000 * r.energy_nj.total);
  near(cost.area_um2, r.area_um2.total);
  assert_true(cost.latency_ns == r.latency_ns && cost.tiles == r.map.tiles && cost.energy_static_pj == 0);
  assert_true(cost.crossbars == 4 * r.map.tiles && cost.arrays == 8 * r.map.tiles);
  assert_true(cost.busy_share > 0 && cost.busy_share <= 1 && cost.cell_utilization > 0 && cost.cell_utilization < 1);
  for (i = 0; i <= 4; i++)
    for (k = 0; k < RRAMNAS_COST_COMPONENTS; k++) {
      energy += rows[i][k][0] + rows[i][k][1];
      area += rows[i][k][2];
    }
  assert_true(energy == cost.energy_pj && area == cost.area_um2);
  assert_true(rows[2][RRAMNAS_COMPONENT_POOL][0] > 0 && rows[4][RRAMNAS_COMPONENT_CELL][2] == 0);
  rrn_arena_release(&arena);
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
}

static void
arguments(void **state)
{
  rramnas_compile_options compile_options = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_cost_options o = RRAMNAS_COST_OPTIONS_INIT;
  rramnas_net *net = tiny();
  rramnas_hw *wide = hw_good("crossbar: {cols: 256}\n", "hw"), *columns = hw_good("weight: {slicing: columns}\n", "hw");
  rramnas_mapping *m;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  double row[5];

  (void)state;
  compile_options.crossbars = 40;
  m = compile("", net, &compile_options);
  assert_int_equal(rramnas_mapping_get_cost(NULL, NULL, NULL, &err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_mapping_get_cost_layers(m, NULL, row, 4, &err), RRAMNAS_ERR_ARGUMENT);
  assert_string_equal(err.message, "rramnas_mapping_get_cost_layers: room for 4 rows, expected 5");
  assert_int_equal(rramnas_mapping_get_cost_crossbars(m, NULL, row, 40, &err), RRAMNAS_ERR_ARGUMENT);
  assert_string_equal(err.message, "rramnas_mapping_get_cost_crossbars: room for 40 rows, expected 41");
  o.model = 77;
  bad_options(m, &o, RRAMNAS_ERR_ARGUMENT, "cost options: there is no model 77");
  o.model = RRAMNAS_COST_MNSIM;
  o.samples = 2;
  bad_options(m, &o, RRAMNAS_ERR_UNSUPPORTED, "cost options: samples is 2, cost model mnsim knows one inference");
  o.samples = 0;
  o.model = RRAMNAS_COST_RRAMNAS;
  o.timing_model = 9;
  bad_options(m, &o, RRAMNAS_ERR_ARGUMENT, "timing options: there is no model 9");
  o.timing_model = RRAMNAS_TIMING_RNC;
  o.samples = 65537;
  bad_options(m, &o, RRAMNAS_ERR_RANGE, "timing options: samples is 65537, expected 1..65536");
  o.samples = 2;
  o.latency_ns = NAN;
  bad_options(m, &o, RRAMNAS_ERR_RANGE, "cost options: latency_ns is negative or not a number");
  o.latency_ns = 0;
  o.hw = wide;
  bad_options(m, &o, RRAMNAS_ERR_ARGUMENT,
              "cost options: hw has crossbars of 128 x 256, the mapping was made for 128 x 128");
  o.hw = columns;
  bad_options(m, &o, RRAMNAS_ERR_ARGUMENT,
              "cost options: hw has 8 columns per weight, the mapping was made for 1, or slices differ");
  rramnas_mapping_unref(m);
  rramnas_hw_unref(wide);
  rramnas_hw_unref(columns);
  rramnas_net_unref(net);
}

static void
names(void **state)
{
  int32_t model = -1, i;

  (void)state;
  assert_string_equal(rramnas_cost_model_name(RRAMNAS_COST_RRAMNAS), "rramnas");
  assert_null(rramnas_cost_model_name(0));
  assert_int_equal(rramnas_cost_model_from_name("rramnas", &model), RRAMNAS_OK);
  assert_int_equal(model, RRAMNAS_COST_RRAMNAS);
  assert_int_equal(rramnas_cost_model_from_name("neurosim", &model), RRAMNAS_ERR_NOT_FOUND);
  assert_int_equal(rramnas_cost_model_from_name(NULL, &model), RRAMNAS_ERR_ARGUMENT);
  for (i = 0; i < RRAMNAS_COST_COMPONENTS; i++)
    assert_non_null(rramnas_cost_component_name(i));
  assert_string_equal(rramnas_cost_component_name(RRAMNAS_COMPONENT_SHIFT_ADD), "shift_add");
  assert_null(rramnas_cost_component_name(-1));
  assert_null(rramnas_cost_component_name(RRAMNAS_COST_COMPONENTS));
  assert_int_equal(rramnas_feature_supported(RRAMNAS_FEATURE_COST), 1);
}

/* --- explanations --- */

typedef struct told {
  char names[200][64];
  double values[200];
  int n, stop_at;
} told;

static int32_t
keep(void *user, const rramnas_derived *d)
{
  told *t = user;
  int i;

  assert_true(d->size == sizeof(*d) && isfinite(d->value) && d->value >= 0);
  assert_true(d->name[0] && d->unit[0] && d->formula[0] && d->source[0] && d->inputs);
  for (i = 0; i < t->n; i++)
    assert_string_not_equal(t->names[i], d->name);
  assert_true(t->n < 200 && strlen(d->name) < 64);
  strcpy(t->names[t->n], d->name);
  t->values[t->n++] = d->value;
  return t->n == t->stop_at;
}

static double
told_value(const told *t, const char *name)
{
  int i;

  for (i = 0; i < t->n; i++)
    if (strcmp(t->names[i], name) == 0)
      return t->values[i];
  fail_msg("no quantity %s", name);
  return 0;
}

static void
explanations(void **state)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_net *net = tiny();
  rramnas_mapping *m = compile("", net, &o);
  rramnas_hw *sram = hw_good("device: {kind: sram}\nadc: {model: parametric}\n", "hw");
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_cost c = cost_of(m, NULL, 1);
  told t = { .n = 0 }, s = { .n = 0 };
  int n;

  (void)state;
  assert_int_equal(rramnas_mapping_explain(m, NULL, keep, &t, NULL), RRAMNAS_OK);
  assert_true(told_value(&t, "energy_pj") == c.energy_pj && told_value(&t, "area_um2") == c.area_um2);
  assert_true(told_value(&t, "write_energy_pj") == c.write_energy_pj && told_value(&t, "activity.macs") == c.macs);
  near(told_value(&t, "adc.sample_energy_pj"), 1.5625);
  near(told_value(&t, "chip.area_total_um2"), c.area_um2);
  near(told_value(&t, "chip.leakage_total_uw"), c.leakage_mw * 1000);
  for (n = 1; n < t.n; n++) {
    told stopped = { .stop_at = n };

    assert_int_equal(rramnas_mapping_explain(m, NULL, keep, &stopped, &err), RRAMNAS_ERR_CALLBACK);
    assert_int_equal(stopped.n, n);
  }
  assert_int_equal(rramnas_hw_explain(sram, keep, &s, NULL), RRAMNAS_OK);
  near(told_value(&s, "adc.unit_area_um2"), 1200);
  assert_int_equal(rramnas_hw_explain(NULL, keep, &s, &err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_mapping_explain(m, NULL, NULL, &s, &err), RRAMNAS_ERR_ARGUMENT);
  rramnas_mapping_unref(m);
  rramnas_hw_unref(sram);
  rramnas_net_unref(net);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(one_layer),
    cmocka_unit_test(block_diagonal),
    cmocka_unit_test(off_cells_by_hand),
    cmocka_unit_test(copies),
    cmocka_unit_test(attention_is_not_free),
    cmocka_unit_test(other_hardware),
    cmocka_unit_test(model_mnsim),
    cmocka_unit_test(arguments),
    cmocka_unit_test(names),
    cmocka_unit_test(explanations),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
