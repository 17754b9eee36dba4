/* SPDX-License-Identifier: MIT */
/* Chips with unit columns: where they lie, what they cost, and that each crossbar's outputs are read against its own. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "capture.h"
#include "compile/mapping.h"
#include "cost/model.h"
#include "rows_of_layers.h"
#include "util/random.h"
#include "xbar/adc.h"
#include "xbar/converter.h"
#include "xbar/mvm.h"
#include "xbar/noise.h"
#include "xbar/wires.h"

#define CHIP "crossbar: {rows: 32, cols: 32}\ninput: {bits: 4}\nweight: {bits: 8, slicing: columns, sign: unit_column}\n"

static rramnas_mapping *
compile(const char *chip, rramnas_net *net, rramnas_compile_options *o, int32_t expected, rramnas_error *err)
{
  rramnas_hw *hw = layers_chip(chip);
  rramnas_mapping *m = NULL;

  o->crossbars = RRAMNAS_CROSSBARS_AUTO;
  o->no_duplication = 1;
  if (rramnas_compile(hw, net, o, NULL, &m, err) != expected)
    fail_msg("%s", err->message);
  if (m && rramnas_mapping_check(m, err) < 0)
    fail_msg("%s", err->message);
  rramnas_hw_unref(hw);
  return m;
}

static rramnas_mapping *
compile_layer(const char *chip, side_layer layer, int64_t side)
{
  rramnas_net *net = layers_net(&layer, 1, side);
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = compile(chip, net, &o, RRAMNAS_OK, &err);

  rramnas_net_unref(net);
  return m;
}

/* --- mappings --- */

/* The least column that no box may have: boxes of 7 weights of 4 cells fill the 28 columns before it. */
static void
boxes_end_before_them(void **state)
{
  static const side_layer layers[] = { { 32, 30, 1, 1 }, { 32, 7, 1, 1 } };
  static const int32_t policies[] = { RRAMNAS_POLICY_BEST, RRAMNAS_POLICY_RNC, RRAMNAS_POLICY_ISAAC };
  rramnas_net *net = layers_net(layers, 2, 2);
  size_t k, i;

  (void)state;
  for (k = 0; k < 3; k++) {
    rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
    rramnas_error err = RRAMNAS_ERROR_INIT;
    rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;
    rramnas_mapping *m;
    int32_t most = 0;

    o.policy = policies[k];
    m = compile(CHIP, net, &o, RRAMNAS_OK, &err);
    assert_int_equal(m->unit_cols, 4);
    assert_int_equal(rramnas_mapping_get_info(m, &info), RRAMNAS_OK);
    assert_int_equal(info.unit_columns, 4);
    for (i = 0; i < m->n_placements; i++) {
      const rrn_piece *p = &m->pieces[i]; /* one copy of each */
      const int32_t end = m->placements[i].col + p->cols;

      most = end > most ? end : most;
    }
    assert_int_equal(most, 28);
    rramnas_mapping_unref(m);
  }
  rramnas_net_unref(net);
}

/* Two layers of 8 bits and one of 4 and of 3: columns for 4, 2 and 2 cells; all chips hold the widest weight beside them. */
static void
each_width_has_its_own(void **state)
{
  static const side_layer layers[] = { { 16, 2, 1, 1 }, { 16, 2, 1, 1 }, { 16, 2, 1, 1 }, { 16, 2, 1, 1 } };
  static const int32_t bits[] = { 8, 4, 8, 3 };
  rramnas_net *net = layers_net(layers, 4, 2);
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m;

  (void)state;
  o.weight_bits = bits;
  o.n_bits = 4;
  m = compile(CHIP, net, &o, RRAMNAS_OK, &err);
  assert_int_equal(m->unit_cols, 8);
  assert_int_equal(m->matrices[1].unit_cells, 2);
  rramnas_mapping_unref(m);
  m = compile("crossbar: {rows: 32, cols: 12}\nweight: {slicing: columns, sign: unit_column}", net, &o, RRAMNAS_OK, &err);
  assert_int_equal(rrn_mapping_box_cols(m), 4);
  rramnas_mapping_unref(m);
  compile("crossbar: {rows: 32, cols: 11}\nweight: {slicing: columns, sign: unit_column}", net, &o, RRAMNAS_ERR_RANGE, &err);
  assert_non_null(strstr(err.message, "take 8 of a crossbar's 11 columns, expected at most 7"));
  rramnas_net_unref(net);
}

/* In parallel crossbars each slice has one. */
static void
one_in_each_parallel_crossbar(void **state)
{
  rramnas_mapping *m = compile_layer("crossbar: {rows: 32, cols: 32}\nweight: {slicing: parallel, sign: unit_column}",
                                     (side_layer){ 32, 32, 1, 1 }, 2);

  (void)state;
  assert_int_equal(m->unit_cols, 1);
  assert_int_equal(m->n_pieces, 2);
  assert_int_equal(m->pieces[0].cols + m->pieces[1].cols, 32);
  rramnas_mapping_unref(m);
}

/* Groups take turns. */
static void
no_groups_on_a_diagonal(void **state)
{
  static const side_layer layers[] = { { 8, 8, 8, 1 } };
  rramnas_net *net = layers_net(layers, 1, 2);
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m;

  (void)state;
  m = compile(CHIP, net, &o, RRAMNAS_OK, &err);
  assert_int_equal(m->pieces[0].groups_at_once, 1);
  rramnas_mapping_unref(m);
  o.depthwise = RRAMNAS_DEPTHWISE_BLOCK_DIAGONAL;
  compile(CHIP, net, &o, RRAMNAS_ERR_UNSUPPORTED, &err);
  assert_non_null(strstr(err.message, "weight.sign is unit_column"));
  rramnas_net_unref(net);
}

/* --- time and cost --- */

/* 28 columns and the 4 behind them take as long as 32 of a chip without. */
static void
they_are_read_too(void **state)
{
  rramnas_mapping *m = compile_layer(CHIP "adc: {per_subarray: 4}", (side_layer){ 32, 7, 1, 1 }, 2);

  (void)state;
  near(m->pieces[0].latency_ns, rrn_hw_mvm_latency_ns(m->hw, 32, 32, 4, NULL));
  assert_true(m->pieces[0].latency_ns > rrn_hw_mvm_latency_ns(m->hw, 32, 28, 4, NULL));
  rramnas_mapping_unref(m);
}

/* Four positions of 28 + 4 columns in four input steps; 7 sums, as many subtractions and biases each; rows of 32 cells. */
static void
counts(void **state)
{
  rramnas_mapping *m = compile_layer(CHIP, (side_layer){ 32, 7, 1, 1 }, 2);
  rrn_activity a;
  rrn_layout l;
  rrn_mesh mesh;
  rrn_arena arena;

  (void)state;
  rrn_arena_init(&arena, &m->rt);
  l = rrn_layout_of(m->hw);
  mesh = rrn_mesh_of(m->hw, 1);
  assert_int_equal(rrn_activity_of(m, &l, &mesh, &arena, &a, NULL), RRAMNAS_OK);
  near(a.layers[0].crossbar.adc_conversions, 4 * 4 * 32);
  near(a.layers[0].crossbar.cell_reads, 4 * 4 * 32 * 32);
  near(a.layers[0].crossbar.sums, 4 * 7);
  near(a.layers[0].partial_adds, 4 * (7 + 7));
  near(a.written_cells, 32 * 32);
  near(a.kept_cells + 1, 1);
  near(a.cells[0], 28.0 / 32);
  rrn_arena_release(&arena);
  rramnas_mapping_unref(m);
}

static void
mnsim_does_not_know_them(void **state)
{
  rramnas_cost_options how = RRAMNAS_COST_OPTIONS_INIT;
  rramnas_cost cost = RRAMNAS_COST_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = compile_layer(CHIP, (side_layer){ 3, 7, 1, 3 }, 8);

  (void)state;
  how.model = RRAMNAS_COST_MNSIM;
  assert_int_equal(rramnas_mapping_get_cost(m, &how, &cost, &err), RRAMNAS_ERR_UNSUPPORTED);
  assert_non_null(strstr(err.message, "weight.sign is unit_column"));
  rramnas_mapping_unref(m);
}

/* --- products --- */

enum { IN = 40, OUT = 11, EACH = 4, BATCH = 3, MOST_CELLS = 4 * (OUT + 3) * IN };

static const rrn_xbar_spec spec = { .sign = RRN_XBAR_UNIT_COLUMN, .weight_bits = 6, .cell_bits = 2, .input_bits = 4,
                                    .dac_bits = 1, .rows = 16, .g_off = 0.05, .unit_outputs = EACH };

static rrn_xbar_layer
layer_of(const int32_t *weights, size_t n_out, uint32_t name)
{
  rrn_xbar_layer l;

  assert_int_equal(rrn_xbar_layer_create(&spec, weights, n_out, IN, (rrn_xbar_id){ 5, name, 0 }, &l, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_xbar_adc_set(&l, 6, RRN_XBAR_RANGE_MAX, NULL), RRAMNAS_OK);
  return l;
}

/* The cells of outputs [first, first + n) and of their unit column, as a layer has them that is alone. */
static void
copy_cells(const rrn_xbar_layer *from, size_t first, size_t n, const rrn_xbar_layer *to, double *g)
{
  int32_t slice;
  size_t col;

  for (slice = 0; slice < from->n_slices; slice++)
    for (col = 0; col <= n; col++)
      rrn_xbar_conductances(from, slice, 0, col < n ? first + col : rrn_xbar_unit_column(from, first), 0, IN,
                            g + rrn_xbar_cell(to, slice, 0, col, 0));
}

/* A layer in three crossbars is three layers with a unit column each, also behind wires. */
static void
a_crossbar_is_a_layer(void **state)
{
  const rrn_xbar_noise noise = { .write_model = RRN_WRITE_RELATIVE, .write_sigma = 0.1, .stuck_on_fraction = 0.02 };
  const rrn_xbar_wiring wirings[] = { { RRN_IR_DROP_IGNORED, 0, 0, { 12, 1 } }, { RRN_IR_DROP_EXACT, 2e-3, 1e-3, { 12, 1 } },
                                      { RRN_IR_DROP_EXACT, 2e-3, 1e-3, { 4, 0 } } };
  rrn_random r = rrn_random_start(3, 0, 0, 0);
  int32_t weights[OUT * IN], x[BATCH * IN];
  rrn_arena arena;
  rrn_rt rt;
  size_t w, first, i;

  (void)state;
  assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&arena, &rt);
  for (i = 0; i < OUT * IN; i++)
    weights[i] = (int32_t)rrn_random_below(&r, 63) - 31;
  for (i = 0; i < BATCH * IN; i++)
    x[i] = (int32_t)rrn_random_below(&r, 16);
  for (w = 0; w < sizeof(wirings) / sizeof(wirings[0]); w++) {
    rrn_xbar_layer whole = layer_of(weights, OUT, 1), written;
    double y[BATCH * OUT], part[BATCH * EACH];

    assert_int_equal(whole.cols, OUT + 3);
    rrn_xbar_program(&whole, &noise);
    written = whole;
    assert_int_equal(rrn_xbar_wires_apply(&arena, &whole, &wirings[w], NULL), RRAMNAS_OK);
    assert_int_equal(rrn_xbar_mvm_reference(&arena, &whole, x, BATCH, 0, y, NULL, NULL), RRAMNAS_OK);
    for (first = 0; first < OUT; first += EACH) {
      const size_t n = OUT - first < EACH ? OUT - first : EACH;
      rrn_xbar_layer one = layer_of(weights + first * IN, n, 2);
      static double g[MOST_CELLS];

      copy_cells(&written, first, n, &one, g);
      one.g = g;
      one.ideal = 0;
      assert_int_equal(rrn_xbar_wires_apply(&arena, &one, &wirings[w], NULL), RRAMNAS_OK);
      assert_int_equal(rrn_xbar_mvm_reference(&arena, &one, x, BATCH, 0, part, NULL, NULL), RRAMNAS_OK);
      for (i = 0; i < BATCH * n; i++)
        assert_true(part[i] == y[i / n * OUT + first + i % n]);
    }
  }
  rrn_arena_release(&arena);
}

/* Outputs in one crossbar are moved by its unit column alike, those in another by another. */
static void
errors_are_shared_in_a_crossbar(void **state)
{
  enum { CHIPS = 400 };
  static const int32_t weights[OUT * IN];
  const rrn_xbar_noise noise = { .write_model = RRN_WRITE_ABSOLUTE, .write_sigma = 0.05 };
  double together = 0, apart = 0, alone = 0;
  int32_t x[IN];
  rrn_arena arena;
  uint64_t chip;
  rrn_rt rt;
  size_t i;

  (void)state;
  assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&arena, &rt);
  for (i = 0; i < IN; i++)
    x[i] = 15;
  for (chip = 0; chip < CHIPS; chip++) {
    rrn_xbar_layer l;
    double y[OUT];

    assert_int_equal(rrn_xbar_layer_create(&spec, weights, OUT, IN, (rrn_xbar_id){ chip, 1, 0 }, &l, NULL), RRAMNAS_OK);
    rrn_xbar_program(&l, &noise);
    assert_int_equal(rrn_xbar_mvm_reference(&arena, &l, x, 1, 0, y, NULL, NULL), RRAMNAS_OK);
    together += y[0] * y[1];
    apart += y[0] * y[EACH];
    alone += y[0] * y[0];
    rrn_arena_reset(&arena);
  }
  /* Half of an output's variance is the unit column's; standard errors of the correlations: 0.045, 0.05. */
  assert_true(fabs(together / alone - 0.5) < 0.2);
  assert_true(fabs(apart / alone) < 0.2);
  rrn_arena_release(&arena);
}

/* A unit column has a crossbar's last converter. */
static void
converters_lie_by_crossbar(void **state)
{
  const rrn_xbar_converter_spec how = { .kind = RRN_ADC_SAR, .unit_sigma = 0.05, .per_crossbar = 64, .layout = { 15, 1 } };
  static const int32_t weights[OUT * IN];
  rrn_xbar_layer l = layer_of(weights, OUT, 1);
  rrn_arena arena;
  rrn_rt rt;
  size_t col, k, n = 0;
  size_t met[2 * OUT * 3];

  (void)state;
  assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&arena, &rt);
  assert_int_equal(rrn_xbar_converters_draw(&arena, &l, &how, NULL), RRAMNAS_OK);
  assert_int_equal(l.converters->per_crossbar, (EACH + 1) * 3);
  for (col = 0; col < l.cols; col++)
    for (k = 0; k < 3; k++) {
      const size_t q = rrn_xbar_converter_of(l.converters, 0, (int32_t)k, col), crossbar = col < OUT ? col / EACH : col - OUT;
      size_t i;

      assert_int_equal(q / l.converters->per_crossbar, crossbar);
      for (i = 0; i < n; i++)
        assert_true(met[i] != q);
      met[n++] = q;
    }
  rrn_arena_release(&arena);
}

/* Neighbouring outputs share a converter, however few they are; their unit column lies at the crossbar's end. */
static void
few_outputs_share_a_converter(void **state)
{
  const rrn_xbar_converter_spec how = { .kind = RRN_ADC_SAR, .unit_sigma = 0.05, .per_crossbar = 16, .block = 1,
                                        .layout = { 128, 0 } };
  static const int32_t weights[OUT * IN];
  rrn_xbar_spec wide = spec;
  rrn_xbar_layer l;
  rrn_arena arena;
  rrn_rt rt;
  size_t col;

  (void)state;
  assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&arena, &rt);
  wide.unit_outputs = 127;
  assert_int_equal(rrn_xbar_layer_create(&wide, weights, 5, IN, (rrn_xbar_id){ 5, 1, 0 }, &l, NULL), RRAMNAS_OK);
  assert_int_equal(l.cols, 6);
  assert_int_equal(rrn_xbar_adc_set(&l, 6, RRN_XBAR_RANGE_MAX, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_xbar_converters_draw(&arena, &l, &how, NULL), RRAMNAS_OK);
  for (col = 0; col < 5; col++)
    assert_int_equal(rrn_xbar_converter_of(l.converters, 0, 0, col), 0);
  assert_int_equal(rrn_xbar_converter_of(l.converters, 0, 0, 5), 15);
  rrn_arena_release(&arena);
}

/* Another circuit for the same mapping has its unit columns too, and no others. */
static void
other_signs_are_refused(void **state)
{
  rramnas_hw *offset = layers_chip("crossbar: {rows: 32, cols: 32}\nweight: {slicing: columns, sign: offset}\n");
  rramnas_cost_options how = RRAMNAS_COST_OPTIONS_INIT;
  rramnas_cost cost = RRAMNAS_COST_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = compile_layer(CHIP, (side_layer){ 3, 7, 1, 3 }, 8);

  (void)state;
  how.hw = offset;
  assert_int_equal(rramnas_mapping_get_cost(m, &how, &cost, &err), RRAMNAS_ERR_ARGUMENT);
  assert_string_equal(err.message, "cost options: hw has 0 unit columns, the mapping was made for 4");
  rramnas_mapping_unref(m);
  rramnas_hw_unref(offset);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(boxes_end_before_them),
    cmocka_unit_test(each_width_has_its_own),
    cmocka_unit_test(one_in_each_parallel_crossbar),
    cmocka_unit_test(no_groups_on_a_diagonal),
    cmocka_unit_test(they_are_read_too),
    cmocka_unit_test(counts),
    cmocka_unit_test(mnsim_does_not_know_them),
    cmocka_unit_test(a_crossbar_is_a_layer),
    cmocka_unit_test(errors_are_shared_in_a_crossbar),
    cmocka_unit_test(converters_lie_by_crossbar),
    cmocka_unit_test(few_outputs_share_a_converter),
    cmocka_unit_test(other_signs_are_refused),
  };

  return cmocka_run_group_tests_name("unit_columns", tests, NULL, NULL);
}
