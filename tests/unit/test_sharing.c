/* SPDX-License-Identifier: MIT */
/* What may be active in a crossbar at the same time, and which columns an ADC reads: worked out by hand on boxes of
 * 8 x 8 cells in a crossbar of 16 x 16. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "capture.h"
#include "compile/mapping.h"
#include "rows_of_layers.h"

static const side_layer layers[] = { { 8, 8, 1, 1 }, { 8, 8, 1, 1 }, { 8, 8, 1, 1 } };

/* The first n layers, in one crossbar at these rows and columns. */
static rramnas_mapping *
place(const char *chip, const int32_t (*at)[2], size_t n)
{
  rramnas_hw *hw = layers_chip(chip);
  rramnas_net *net = layers_net(layers, n, 2);
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = NULL;
  size_t i;

  o.crossbars = RRAMNAS_CROSSBARS_AUTO;
  o.effort = RRAMNAS_EFFORT_FAST;
  if (rramnas_compile(hw, net, &o, NULL, &m, &err) < 0)
    fail_msg("%s", err.message);
  for (i = 0; i < n; i++)
    m->placements[i] = (rrn_placement){ 0, at[i][0], at[i][1] };
  if (rramnas_mapping_check(m, &err) < 0)
    fail_msg("%s", err.message);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
  return m;
}

/* Times the 4 activations of a layer. */
static double
rounds(const rramnas_mapping *m, int32_t sharing)
{
  rramnas_timing_options how = RRAMNAS_TIMING_OPTIONS_INIT;
  rramnas_timing t = RRAMNAS_TIMING_INIT;

  how.sharing = sharing;
  how.no_baseline = 1;
  assert_int_equal(rramnas_mapping_simulate(m, &how, &t, NULL), RRAMNAS_OK);
  return t.latency_ns / (4 * m->pieces[0].latency_ns);
}

static void
expect(const char *chip, const int32_t (*at)[2], size_t n, double one_box, double disjoint)
{
  rramnas_mapping *m = place(chip, at, n);

  near(rounds(m, 0), one_box);
  near(rounds(m, RRAMNAS_SHARING_ONE_BOX), one_box);
  near(rounds(m, RRAMNAS_SHARING_DISJOINT), disjoint);
  rramnas_mapping_unref(m);
}

static const char square[] = "crossbar: {rows: 16, cols: 16}";

/* On the diagonal two boxes meet nowhere. */
static void
corner_to_corner(void **state)
{
  static const int32_t at[][2] = { { 0, 0 }, { 8, 8 } };

  (void)state;
  expect(square, at, 2, 2, 1);
}

/* Unit columns are read with every box, so two have them in common wherever they are. */
static void
unit_columns_in_common(void **state)
{
  static const int32_t at[][2] = { { 0, 0 }, { 8, 8 } };

  (void)state;
  expect("crossbar: {rows: 16, cols: 17}\nweight: {sign: offset}", at, 2, 2, 1);
  expect("crossbar: {rows: 16, cols: 17}\nweight: {sign: unit_column}", at, 2, 2, 2);
}

static void
rows_or_columns_in_common(void **state)
{
  static const int32_t rows[][2] = { { 0, 0 }, { 0, 8 } }, cols[][2] = { { 0, 0 }, { 8, 0 } };

  (void)state;
  expect(square, rows, 2, 2, 2);
  expect(square, cols, 2, 2, 2);
}

/* A third box at the crossing of the rows of one and the columns of another adds its currents: nothing works together. */
static void
weights_at_the_crossing(void **state)
{
  static const int32_t at[][2] = { { 0, 0 }, { 8, 8 }, { 0, 8 } };

  (void)state;
  expect(square, at, 3, 3, 3);
}

/* Each of two boxes reads 8 columns. 16 ADCs are enough for both, and so are 8 that read any column, but then only
 * for one at a time. 8 ADCs for blocks of two columns: 4 for each box, which take two passes, at the same time. */
static void
adcs(void **state)
{
  static const int32_t at[][2] = { { 0, 0 }, { 8, 8 } };
  double one, two;
  rramnas_mapping *m;

  (void)state;
  expect("crossbar: {rows: 16, cols: 16}\nadc: {per_subarray: 16}", at, 2, 2, 1);
  expect("crossbar: {rows: 16, cols: 16}\nadc: {per_subarray: 8}", at, 2, 2, 2);
  expect("crossbar: {rows: 16, cols: 16}\nadc: {per_subarray: 4}", at, 2, 2, 2);
  expect("crossbar: {rows: 16, cols: 16}\nadc: {per_subarray: 8, mux: block}", at, 2, 2, 1);
  m = place("crossbar: {rows: 16, cols: 16}\nadc: {per_subarray: 8}", at, 2);
  one = m->pieces[0].latency_ns;
  rramnas_mapping_unref(m);
  m = place("crossbar: {rows: 16, cols: 16}\nadc: {per_subarray: 8, mux: block}", at, 2);
  two = m->pieces[0].latency_ns;
  rramnas_mapping_unref(m);
  assert_true(two > 1.9 * one && two <= 2 * one);
}

/* The cost model waits as long as the timing model. With blocks each input is driven for two passes. */
static void
costs(void **state)
{
  static const int32_t at[][2] = { { 0, 0 }, { 8, 8 } };
  rramnas_mapping *any = place("crossbar: {rows: 16, cols: 16}\nadc: {per_subarray: 16}", at, 2);
  rramnas_mapping *block = place("crossbar: {rows: 16, cols: 16}\nadc: {per_subarray: 8, mux: block}", at, 2);
  rramnas_cost_options how = RRAMNAS_COST_OPTIONS_INIT;
  rramnas_cost alone = RRAMNAS_COST_INIT, together = RRAMNAS_COST_INIT, twice = RRAMNAS_COST_INIT;

  (void)state;
  assert_int_equal(rramnas_mapping_get_cost(any, &how, &alone, NULL), RRAMNAS_OK);
  how.sharing = RRAMNAS_SHARING_DISJOINT;
  assert_int_equal(rramnas_mapping_get_cost(any, &how, &together, NULL), RRAMNAS_OK);
  near(2 * together.latency_ns, alone.latency_ns);
  near(together.energy_dynamic_pj, alone.energy_dynamic_pj);
  assert_int_equal(rramnas_mapping_get_cost(block, &how, &twice, NULL), RRAMNAS_OK);
  assert_true(twice.energy_dynamic_pj > together.energy_dynamic_pj);
  how.timing_model = RRAMNAS_TIMING_RNC;
  assert_int_equal(rramnas_mapping_get_cost(any, &how, &alone, NULL), RRAMNAS_ERR_ARGUMENT);
  rramnas_mapping_unref(any);
  rramnas_mapping_unref(block);
}

/* Rows that take turns at 8 DACs are one box's. */
static void
dacs(void **state)
{
  static const int32_t at[][2] = { { 0, 0 }, { 8, 8 } };

  (void)state;
  expect("crossbar: {rows: 16, cols: 16}\ndac: {per_subarray: 8}", at, 2, 2, 2);
  expect("crossbar: {rows: 16, cols: 16, subarray_rows: 8}\ndac: {per_subarray: 8}", at, 2, 2, 1);
}

/* Passes of b ADCs over c columns: ceil(c / b), or with blocks of 16 / b columns as many as one block has of them. */
static void
blocks_of_columns(void **state)
{
  static const struct { int64_t cols; double any, block; } cases[] = {
    { 1, 1, 1 }, { 3, 1, 3 }, { 4, 1, 4 }, { 5, 2, 4 }, { 16, 4, 4 }, { 18, 5, 6 }, { 40, 10, 12 },
  };
  rramnas_hw *any = layers_chip("crossbar: {rows: 16, cols: 16}\nadc: {per_subarray: 4}");
  rramnas_hw *block = layers_chip("crossbar: {rows: 16, cols: 16}\nadc: {per_subarray: 4, mux: block}");
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    rramnas_mvm_latency one = RRAMNAS_MVM_LATENCY_INIT, a = one, b = one;

    assert_int_equal(rramnas_hw_mvm_latency(any, 8, 1, 0, &one, NULL), RRAMNAS_OK);
    assert_int_equal(rramnas_hw_mvm_latency(any, 8, cases[i].cols, 0, &a, NULL), RRAMNAS_OK);
    assert_int_equal(rramnas_hw_mvm_latency(block, 8, cases[i].cols, 0, &b, NULL), RRAMNAS_OK);
    near(a.adc_ns / one.adc_ns, cases[i].any);
    near(b.adc_ns / one.adc_ns, cases[i].block);
  }
  rramnas_hw_unref(any);
  rramnas_hw_unref(block);
}

/* Reports say which; the timeline has a track for each box. Model rnc and unknown numbers are refused. */
static void
reports_and_arguments(void **state)
{
  static const int32_t at[][2] = { { 0, 0 }, { 8, 8 } };
  rramnas_mapping *m = place(square, at, 2);
  rramnas_timing_options how = RRAMNAS_TIMING_OPTIONS_INIT;
  rramnas_timing t = RRAMNAS_TIMING_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  capture json = { 0 }, trace = { 0 };

  (void)state;
  how.sharing = RRAMNAS_SHARING_DISJOINT;
  assert_int_equal(rramnas_mapping_write(m, RRAMNAS_REPORT_JSON, &how, capture_write, &json, NULL), RRAMNAS_OK);
  assert_non_null(strstr(json.text, "\"sharing\": \"disjoint\""));
  assert_int_equal(rramnas_mapping_write(m, RRAMNAS_REPORT_TRACE, &how, capture_write, &trace, NULL), RRAMNAS_OK);
  assert_non_null(strstr(trace.text, "\"pid\": 0, \"tid\": 1, \"args\": {\"name\": \"crossbar 0\"}"));
  capture_free(&json);
  capture_free(&trace);
  how.model = RRAMNAS_TIMING_RNC;
  assert_int_equal(rramnas_mapping_simulate(m, &how, &t, &err), RRAMNAS_ERR_ARGUMENT);
  assert_non_null(strstr(err.message, "not sharing disjoint"));
  how.model = RRAMNAS_TIMING_GRAPH;
  how.sharing = 3;
  assert_int_equal(rramnas_mapping_simulate(m, &how, &t, &err), RRAMNAS_ERR_ARGUMENT);
  assert_non_null(strstr(err.message, "there is no sharing 3"));
  rramnas_mapping_unref(m);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(corner_to_corner), cmocka_unit_test(unit_columns_in_common),
    cmocka_unit_test(rows_or_columns_in_common),
    cmocka_unit_test(weights_at_the_crossing),
    cmocka_unit_test(adcs),
    cmocka_unit_test(costs),
    cmocka_unit_test(dacs),
    cmocka_unit_test(blocks_of_columns),
    cmocka_unit_test(reports_and_arguments),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
