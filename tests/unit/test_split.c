/* SPDX-License-Identifier: MIT */
/* Boxes cut to fit, on networks whose answers can be worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>

#include "capture.h"
#include "compile/mapping.h"
#include "rows_of_layers.h"

static rramnas_mapping *
compile(rramnas_hw *hw, rramnas_net *net, const rramnas_compile_options *o)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = NULL;

  if (rramnas_compile(hw, net, o, NULL, &m, &err) < 0 || rramnas_mapping_check(m, &err) < 0)
    fail_msg("%s", err.message);
  return m;
}

static rramnas_compile_options
fewest(int32_t split_to_fit)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;

  o.policy = RRAMNAS_POLICY_RNC; /* policy best may then find a sooner plan on as many crossbars */
  o.layer_threshold = o.max_load = RRAMNAS_UNLIMITED;
  o.crossbars = RRAMNAS_CROSSBARS_AUTO;
  o.policy = RRAMNAS_POLICY_RNC;
  o.layer_threshold = o.max_load = RRAMNAS_UNLIMITED;
  o.effort = RRAMNAS_EFFORT_FAST;
  o.split_to_fit = split_to_fit;
  return o;
}

static rramnas_mapping_info
info_of(const rramnas_mapping *m)
{
  rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;

  assert_int_equal(rramnas_mapping_get_info(m, &info), RRAMNAS_OK);
  return info;
}

static double
latency_ns(const rramnas_mapping *m, int32_t model)
{
  rramnas_timing_options how = RRAMNAS_TIMING_OPTIONS_INIT;
  rramnas_timing t = RRAMNAS_TIMING_INIT;

  how.model = model;
  how.no_baseline = 1;
  assert_int_equal(rramnas_mapping_simulate(m, &how, &t, NULL), RRAMNAS_OK);
  return t.latency_ns;
}

static double
mvm_ns(const rramnas_hw *hw, int64_t rows, int64_t cols)
{
  rramnas_mvm_latency t = RRAMNAS_MVM_LATENCY_INIT;

  assert_int_equal(rramnas_hw_mvm_latency(hw, rows, cols, 0, &t, NULL), RRAMNAS_OK);
  return t.total_ns;
}

/* Compiles without and with cuts. */
static rramnas_mapping *
cut_saves_one(rramnas_hw *hw, rramnas_net *net, int32_t without)
{
  rramnas_compile_options o = fewest(0);
  rramnas_mapping *m = compile(hw, net, &o);

  assert_int_equal(info_of(m).crossbars_used, without);
  assert_int_equal(info_of(m).boxes_cut, 0);
  assert_int_equal(info_of(m).extra_conversions, 0);
  rramnas_mapping_unref(m);
  o = fewest(1);
  m = compile(hw, net, &o);
  assert_int_equal(info_of(m).crossbars_used, without - 1);
  assert_int_equal(info_of(m).boxes_cut, 1);
  assert_true(info_of(m).utilization == info_of(m).occupied);
  return m;
}

/* 10 x 16, 10 x 16 and 12 x 12 on 16 x 16: the third is cut into two parts of 6 rows, below the others. Each of its
 * 12 columns is converted twice for each of 4 positions, and one level of adders joins the two: one clock of 2 ns. The
 * layers begin together; the parts wait for the boxes above them. In model rnc the layers are a chain. */
static void
rows(void **state)
{
  static const side_layer layers[] = { { 10, 16, 1, 1 }, { 10, 16, 1, 1 }, { 12, 12, 1, 1 } };
  rramnas_hw *hw = layers_chip("crossbar: {rows: 16, cols: 16}");
  rramnas_net *net = layers_net(layers, 3, 2);
  rramnas_mapping *m = cut_saves_one(hw, net, 3);
  const double mvm = mvm_ns(hw, 6, 12);

  (void)state;
  assert_int_equal(info_of(m).n_pieces, 4);
  assert_int_equal(info_of(m).extra_conversions, 12 * 4);
  near(info_of(m).utilization, (320 + 144) / 512.0);
  assert_int_equal(m->pieces[1].row_parts, 1);
  assert_int_equal(m->pieces[2].row_parts, 2);
  assert_int_equal(m->pieces[2].rows, 6);
  assert_int_equal(m->pieces[3].row0, 6);
  near(m->pieces[2].latency_ns, mvm + 2);
  near(latency_ns(m, RRAMNAS_TIMING_GRAPH), 4 * mvm + 4 * (mvm + 2));
  near(latency_ns(m, RRAMNAS_TIMING_RNC), 4 * mvm + 4 * mvm + 4 * (mvm + 2));
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
}

/* On a chip of half the clock the cost model adds partial sums in twice the time. */
static void
sums_on_another_chip(void **state)
{
  static const side_layer layers[] = { { 10, 16, 1, 1 }, { 10, 16, 1, 1 }, { 12, 12, 1, 1 } };
  rramnas_hw *hw = layers_chip("crossbar: {rows: 16, cols: 16}");
  rramnas_hw *slow = layers_chip("crossbar: {rows: 16, cols: 16}\ndigital: {frequency_mhz: 250}");
  rramnas_net *net = layers_net(layers, 3, 2);
  rramnas_mapping *m = cut_saves_one(hw, net, 3);
  rramnas_cost_options how = RRAMNAS_COST_OPTIONS_INIT;
  rramnas_cost cost = RRAMNAS_COST_INIT;

  (void)state;
  how.hw = slow;
  assert_int_equal(rramnas_mapping_get_cost(m, &how, &cost, NULL), RRAMNAS_OK);
  near(cost.latency_ns, 4 * mvm_ns(slow, 6, 12) + 4 * (mvm_ns(slow, 6, 12) + 4));
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
  rramnas_hw_unref(slow);
  rramnas_hw_unref(hw);
}

/* Three parts of 4 rows need two levels of adders; with 8 ADCs the 16 columns take two passes, and so do the sums. */
static void
three_partial_sums(void **state)
{
  static const side_layer layers[] = { { 12, 16, 1, 1 }, { 12, 16, 1, 1 }, { 12, 16, 1, 1 }, { 12, 16, 1, 1 } };
  rramnas_hw *hw = layers_chip("crossbar: {rows: 16, cols: 16}\nadc: {per_subarray: 8}");
  rramnas_net *net = layers_net(layers, 4, 2);
  rramnas_mapping *m = cut_saves_one(hw, net, 4);
  int32_t cut = 0;
  size_t i;

  (void)state;
  assert_int_equal(info_of(m).n_pieces, 6);
  assert_int_equal(info_of(m).extra_conversions, 2 * 16 * 4);
  for (i = 0; i < m->n_pieces; i++)
    if (m->pieces[i].row_parts == 3) {
      near(m->pieces[i].latency_ns, mvm_ns(hw, 4, 16) + 2 * 2 * 2);
      cut++;
    }
  assert_int_equal(cut, 3);
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
}

/* 16 x 10, 16 x 10 and 12 x 12: cut between columns, which no sum notices. */
static void
columns(void **state)
{
  static const side_layer layers[] = { { 16, 10, 1, 1 }, { 16, 10, 1, 1 }, { 12, 12, 1, 1 } };
  rramnas_hw *hw = layers_chip("crossbar: {rows: 16, cols: 16}");
  rramnas_net *net = layers_net(layers, 3, 2);
  rramnas_mapping *m = cut_saves_one(hw, net, 3);

  (void)state;
  assert_int_equal(info_of(m).extra_conversions, 0);
  assert_int_equal(m->pieces[2].row_parts, 1);
  assert_int_equal(m->pieces[2].cols, 6);
  assert_int_equal(m->pieces[3].col0, 6);
  near(latency_ns(m, RRAMNAS_TIMING_GRAPH), 8 * mvm_ns(hw, 16, 16));
  near(latency_ns(m, RRAMNAS_TIMING_RNC), 12 * mvm_ns(hw, 16, 16));
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
}

/* The groups of a depthwise layer take turns: 12 channels in two parts of 6, 6 x 4 activations each instead of 12 x 4. */
static void
groups_are_shared_out(void **state)
{
  static const side_layer layers[] = { { 16, 10, 1, 1 }, { 16, 10, 1, 1 }, { 12, 12, 12, 3 } };
  rramnas_hw *hw = layers_chip("crossbar: {rows: 16, cols: 16}");
  rramnas_net *net = layers_net(layers, 3, 2);
  rramnas_mapping *m = cut_saves_one(hw, net, 3);

  (void)state;
  assert_int_equal(info_of(m).extra_conversions, 0);
  assert_int_equal(m->pieces[2].rows, 9);
  assert_int_equal(m->pieces[2].cols, 6);
  assert_int_equal(m->pieces[2].read_cols, 1);
  assert_int_equal(m->pieces[2].activations, 24);
  near(latency_ns(m, RRAMNAS_TIMING_GRAPH), 4 * mvm_ns(hw, 16, 10) + 24 * mvm_ns(hw, 9, 1));
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
}

/* Weights of 4 columns are not cut through: 4 + 8 columns into holes of 6, so a third hole is needed. */
static void
weights_stay_whole(void **state)
{
  static const side_layer layers[] = { { 16, 2, 1, 1 }, { 16, 2, 1, 1 }, { 16, 3, 1, 1 } };
  rramnas_hw *hw = layers_chip("crossbar: {rows: 16, cols: 14}\nweight: {bits: 4, slicing: columns, sign: offset}\n"
                               "device: {bits_per_cell: 1}");
  rramnas_net *net = layers_net(layers, 3, 2);
  const rramnas_compile_options o = fewest(1);
  rramnas_mapping *m = compile(hw, net, &o);

  (void)state;
  assert_int_equal(info_of(m).crossbars_used, 3);
  assert_int_equal(info_of(m).boxes_cut, 0);
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
}

/* The pieces of all copies are the same, so layers with several are not cut. */
static void
copies_stay_whole(void **state)
{
  static const side_layer layers[] = { { 10, 16, 1, 1 }, { 10, 16, 1, 1 }, { 12, 16, 1, 1 } };
  static const int32_t copies[3] = { 1, 1, 2 };
  rramnas_hw *hw = layers_chip("crossbar: {rows: 16, cols: 16}");
  rramnas_net *net = layers_net(layers, 3, 2);
  rramnas_compile_options o = fewest(1);
  rramnas_mapping *m;

  (void)state;
  o.copies = copies;
  o.n_copies = 3;
  m = compile(hw, net, &o);
  assert_int_equal(info_of(m).crossbars_used, 3); /* 10 x 16 was cut into the holes of the copies of 12 x 16 */
  assert_int_equal(info_of(m).boxes_cut, 1);
  assert_int_equal(rrn_mapping_pieces_of(m, 2), 1);
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
}

static double
time_bound_ns(const rramnas_mapping *m)
{
  rramnas_timing_options how = RRAMNAS_TIMING_OPTIONS_INIT;
  rramnas_timing t = RRAMNAS_TIMING_INIT;

  how.model = RRAMNAS_TIMING_RNC;
  how.with_bound = 1;
  assert_int_equal(rramnas_mapping_simulate(m, &how, &t, NULL), RRAMNAS_OK);
  return t.bound_ns;
}

/* Two crossbars are enough only with a cut; one never is, and the message counts cells, not boxes. */
static void
chips_that_are_too_small_otherwise(void **state)
{
  static const side_layer layers[] = { { 10, 16, 1, 1 }, { 10, 16, 1, 1 }, { 12, 16, 1, 1 } };
  static const int32_t policies[] = { RRAMNAS_POLICY_RNC, RRAMNAS_POLICY_BEST };
  rramnas_hw *hw = layers_chip("crossbar: {rows: 16, cols: 16}");
  rramnas_net *net = layers_net(layers, 3, 2);
  size_t i;

  (void)state;
  for (i = 0; i < 2; i++) {
    rramnas_error err = RRAMNAS_ERROR_INIT;
    rramnas_compile_options o = fewest(0);
    rramnas_mapping *m = NULL;

    o.policy = policies[i];
    o.crossbars = 2;
    assert_int_equal(rramnas_compile(hw, net, &o, NULL, &m, &err), RRAMNAS_ERR_DOES_NOT_FIT);
    assert_non_null(strstr(err.message, "at least 3 crossbars"));
    o.split_to_fit = 1;
    m = compile(hw, net, &o);
    assert_int_equal(info_of(m).crossbars_used, 2);
    assert_true(time_bound_ns(m) == 0 || info_of(m).boxes_cut == 0);
    rramnas_mapping_unref(m);
    m = NULL;
    o.crossbars = 1;
    assert_int_equal(rramnas_compile(hw, net, &o, NULL, &m, &err), RRAMNAS_ERR_DOES_NOT_FIT);
    assert_non_null(strstr(err.message, "at least 2 crossbars"));
    assert_null(m);
    o.policy = RRAMNAS_POLICY_ISAAC;
    assert_int_equal(rramnas_compile(hw, net, &o, NULL, &m, &err), RRAMNAS_ERR_ARGUMENT);
    assert_non_null(strstr(err.message, "split_to_fit is for policies rnc and best, not for isaac"));
  }
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
}

/* The report has the parts, and how many sums they make. */
static void
report(void **state)
{
  static const side_layer layers[] = { { 10, 16, 1, 1 }, { 10, 16, 1, 1 }, { 12, 12, 1, 1 } };
  rramnas_hw *hw = layers_chip("crossbar: {rows: 16, cols: 16}");
  rramnas_net *net = layers_net(layers, 3, 2);
  const rramnas_compile_options o = fewest(1);
  rramnas_mapping *m = compile(hw, net, &o);
  capture json = { 0 };

  (void)state;
  assert_int_equal(rramnas_mapping_write(m, RRAMNAS_REPORT_JSON, NULL, capture_write, &json, NULL), RRAMNAS_OK);
  assert_non_null(strstr(json.text, "{\"layer\": 2, \"piece\": 1, \"rows\": 6, \"cols\": 12, \"activations\": 4, "
                                    "\"groups_at_once\": 1, \"row_parts\": 2, \"row0\": 6, \"col0\": 0"));
  assert_non_null(strstr(json.text, "\"occupied\": 0.90625, \"boxes_cut\": 1, \"cut_parts\": 2, \"extra_conversions\": 48"));
  capture_free(&json);
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(rows),
    cmocka_unit_test(sums_on_another_chip),
    cmocka_unit_test(three_partial_sums),
    cmocka_unit_test(columns),
    cmocka_unit_test(groups_are_shared_out),
    cmocka_unit_test(weights_stay_whole),
    cmocka_unit_test(copies_stay_whole),
    cmocka_unit_test(chips_that_are_too_small_otherwise),
    cmocka_unit_test(report),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
