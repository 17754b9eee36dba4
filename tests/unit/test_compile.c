/* SPDX-License-Identifier: MIT */
/* Compilation on small networks whose answers can be worked out by hand. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rramnas/rramnas.h"

/* One convolution from `in` to `out` channels on a side x side image, padded so that the side stays. */
static rramnas_net *
conv_net(int64_t in, int64_t out, int64_t groups, int64_t kernel, int64_t side)
{
  const int64_t shape[4] = { 1, in, side, side };
  rramnas_node node = RRAMNAS_NODE_INIT;
  rramnas_net *net = NULL;
  int32_t x, y;

  assert_int_equal(rramnas_net_create("one", NULL, &net, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_net_add_input(net, "image", shape, 4, &x, NULL), RRAMNAS_OK);
  node.name = "conv";
  node.op = RRAMNAS_OP_CONV;
  node.inputs = &x;
  node.n_inputs = 1;
  node.out_channels = out;
  node.groups = groups;
  node.kernel[0] = node.kernel[1] = kernel;
  node.pad[0] = node.pad[1] = node.pad[2] = node.pad[3] = kernel / 2;
  assert_int_equal(rramnas_net_add_node(net, &node, &y, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_net_finish(net, NULL), RRAMNAS_OK);
  return net;
}

static rramnas_hw *
chip(const char *yaml)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_hw *hw = NULL;

  if (rramnas_hw_load_buffer(yaml, strlen(yaml), "chip", RRAMNAS_HW_FORMAT_YAML, NULL, &hw, &err) < 0)
    fail_msg("%s", err.message);
  return hw;
}

/* Compiles, checks the pieces {layer, rows, cols, activations, row0, col0} and lets go of everything. */
static void
expect_pieces(rramnas_hw *hw, rramnas_net *net, int32_t policy, int32_t depth_split, const int64_t (*expected)[6], size_t n)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = NULL;
  int64_t rows[32][6];
  size_t i, k;

  o.policy = policy;
  o.crossbars = RRAMNAS_CROSSBARS_AUTO;
  o.depth_split = depth_split;
  if (rramnas_compile(hw, net, &o, NULL, &m, &err) < 0 ||
      (policy != RRAMNAS_POLICY_RNC_PUBLISHED && rramnas_mapping_check(m, &err) < 0))
    fail_msg("%s", err.message);
  assert_int_equal(rramnas_mapping_get_info(m, &info), RRAMNAS_OK);
  assert_int_equal(info.n_pieces, n);
  assert_int_equal(rramnas_mapping_get_pieces(m, rows[0], 32), RRAMNAS_OK);
  for (i = 0; i < n; i++)
    for (k = 0; k < 6; k++)
      if (rows[i][k] != expected[i][k])
        fail_msg("piece %zu, column %zu: %lld, expected %lld", i, k, (long long)rows[i][k], (long long)expected[i][k]);
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
}

/* 300 x 200 weights on 128 x 128: whole tiles, corner, bottom edge, right edge. */
static void
dense_grid(void **state)
{
  static const int64_t expected[][6] = {
    { 0, 128, 128, 64, 0, 0 },  { 0, 128, 128, 64, 128, 0 }, { 0, 44, 72, 64, 256, 128 },
    { 0, 44, 128, 64, 256, 0 }, { 0, 128, 72, 64, 0, 128 },  { 0, 128, 72, 64, 128, 128 },
  };

  (void)state;
  expect_pieces(chip(""), conv_net(300, 200, 1, 1, 8), RRAMNAS_POLICY_ISAAC, 0, expected, 6);
}

/* Not square: 256 rows, 32 columns. */
static void
rows_and_columns_are_not_swapped(void **state)
{
  static const int64_t expected[][6] = {
    { 0, 256, 32, 16, 0, 0 }, { 0, 44, 8, 16, 256, 32 }, { 0, 44, 32, 16, 256, 0 }, { 0, 256, 8, 16, 0, 32 },
  };

  (void)state;
  expect_pieces(chip("crossbar: {rows: 256, cols: 32}"), conv_net(300, 40, 1, 1, 4), RRAMNAS_POLICY_RNC, 0, expected, 4);
}

/* Depthwise 3 x 3, 10 channels, 4 x 4 pixels: 9 rows, a column and an activation per channel; three shares of four
 * channels, the last of two. As published the share is rounded down and a sliver remains. */
static void
depthwise_shares(void **state)
{
  static const int64_t mended[][6] = { { 0, 9, 4, 64, 0, 0 }, { 0, 9, 4, 64, 0, 4 }, { 0, 9, 2, 32, 0, 8 } };
  static const int64_t published[][6] = {
    { 0, 9, 3, 48, 0, 0 }, { 0, 9, 3, 48, 0, 3 }, { 0, 9, 3, 48, 0, 6 }, { 0, 9, 1, 16, 0, 9 },
  };

  (void)state;
  expect_pieces(chip(""), conv_net(10, 10, 10, 3, 4), RRAMNAS_POLICY_RNC, 3, mended, 3);
  expect_pieces(chip(""), conv_net(10, 10, 10, 3, 4), RRAMNAS_POLICY_RNC_PUBLISHED, 3, published, 4);
}

/* Four groups of 8 inputs and 16 outputs: rows of one group, an activation per group and pixel. */
static void
groups_take_turns(void **state)
{
  static const int64_t whole[][6] = { { 0, 72, 64, 4 * 25, 0, 0 } };
  static const int64_t halves[][6] = { { 0, 72, 32, 2 * 25, 0, 0 }, { 0, 72, 32, 2 * 25, 0, 32 } };

  (void)state;
  expect_pieces(chip(""), conv_net(32, 64, 4, 3, 5), RRAMNAS_POLICY_ISAAC, 1, whole, 1);
  expect_pieces(chip(""), conv_net(32, 64, 4, 3, 5), RRAMNAS_POLICY_RNC, 2, halves, 2);
}

/* Groups wider than a crossbar are cut one by one, and then need no turns. */
static void
wide_groups(void **state)
{
  static const int64_t expected[][6] = {
    { 0, 4, 16, 9, 0, 0 }, { 0, 4, 4, 9, 0, 16 }, { 0, 4, 16, 9, 0, 20 }, { 0, 4, 4, 9, 0, 36 },
  };

  (void)state;
  expect_pieces(chip("crossbar: {rows: 16, cols: 16}"), conv_net(8, 40, 2, 1, 3), RRAMNAS_POLICY_RNC, 0, expected, 4);
}

/* 8-bit weights in 2-bit cells side by side: 4 columns per weight, 8 with differential pairs. A weight is never
 * cut: of 30 columns 28 are used. */
static void
weights_of_several_columns(void **state)
{
  static const int64_t offset[][6] = { { 0, 20, 28, 4, 0, 0 }, { 0, 20, 12, 4, 0, 7 } };
  static const int64_t pairs[][6] = { { 0, 20, 24, 4, 0, 0 }, { 0, 20, 24, 4, 0, 3 }, { 0, 20, 24, 4, 0, 6 }, { 0, 20, 8, 4, 0, 9 } };
  const char *text = "crossbar: {rows: 20, cols: 30}\nweight: {bits: 8, slicing: columns, sign: %s}\ndevice: {bits_per_cell: 2}\n";
  char yaml[256];

  (void)state;
  snprintf(yaml, sizeof(yaml), text, "offset");
  expect_pieces(chip(yaml), conv_net(20, 10, 1, 1, 2), RRAMNAS_POLICY_ISAAC, 0, offset, 2);
  snprintf(yaml, sizeof(yaml), text, "differential");
  expect_pieces(chip(yaml), conv_net(20, 10, 1, 1, 2), RRAMNAS_POLICY_RNC, 0, pairs, 4);
}

/* Two layers, 64 and 16 activations, 1/4 and 1/2 of a crossbar: with room the slow one is duplicated until both
 * take the same time, and no layer gets more copies than activations. */
static void
copies_follow_the_time(void **state)
{
  const int64_t shape[4] = { 1, 64, 8, 8 };
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_hw *hw = chip("");
  rramnas_node node = RRAMNAS_NODE_INIT;
  rramnas_net *net = NULL;
  rramnas_mapping *m = NULL;
  int32_t x, y, copies[2];

  (void)state;
  rramnas_net_create("two", NULL, &net, NULL);
  rramnas_net_add_input(net, "image", shape, 4, &x, NULL);
  node.op = RRAMNAS_OP_CONV;
  node.inputs = &x;
  node.n_inputs = 1;
  node.out_channels = 64;
  node.kernel[0] = node.kernel[1] = 1;
  rramnas_net_add_node(net, &node, &y, NULL);
  node.inputs = &y;
  node.out_channels = 128;
  node.stride[0] = node.stride[1] = 2;
  rramnas_net_add_node(net, &node, &x, NULL);
  assert_int_equal(rramnas_net_finish(net, NULL), RRAMNAS_OK);
  o.policy = RRAMNAS_POLICY_RNC;
  o.layer_threshold = RRAMNAS_UNLIMITED;
  o.crossbars = 12; /* 11.4 of them at the first margin: x/4 + ceil(x/4)/2 <= 11.4 gives x = 30 */
  assert_int_equal(rramnas_compile(hw, net, &o, NULL, &m, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_mapping_get_copies(m, copies, 2), RRAMNAS_OK);
  assert_int_equal((copies[0] + 3) / 4, copies[1]);
  assert_in_range(copies[0], 20, 30);
  rramnas_mapping_unref(m);
  m = NULL;
  o.crossbars = 4096;
  assert_int_equal(rramnas_compile(hw, net, &o, NULL, &m, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_mapping_get_copies(m, copies, 2), RRAMNAS_OK);
  assert_int_equal(copies[0], 64);
  assert_int_equal(copies[1], 16);
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
}

static void
what_is_short_is_said(void **state)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = conv_net(300, 200, 1, 1, 8);
  rramnas_hw *hw = chip("");
  rramnas_mapping *m = NULL;

  (void)state;
  o.crossbars = 3;
  o.policy = RRAMNAS_POLICY_RNC;
  assert_int_equal(rramnas_compile(hw, net, &o, NULL, &m, &err), RRAMNAS_ERR_DOES_NOT_FIT);
  assert_string_equal(err.message,
                      "network \"one\" does not fit: it needs at least 6 crossbars of 128 x 128 (proven), the best packing "
                      "found takes 6, the chip has 3; most crossbars are taken by the layers \"conv\" 3.6");
  assert_int_equal(err.code, RRAMNAS_ERR_DOES_NOT_FIT);
  assert_null(m);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
}

static void
expect_refusal(rramnas_hw *hw, rramnas_net *net, const rramnas_compile_options *o, int32_t status, const char *message)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = NULL;

  assert_int_equal(rramnas_compile(hw, net, o, NULL, &m, &err), status);
  assert_null(m);
  assert_string_equal(err.message, message);
}

static void
options_are_checked(void **state)
{
  const rramnas_compile_options none = RRAMNAS_COMPILE_OPTIONS_INIT;
  static const double margin = 1.5;
  static const int32_t copies[2] = { 0, 1 };
  rramnas_net *net = conv_net(3, 4, 1, 1, 2);
  rramnas_compile_options o;
  rramnas_hw *hw = chip("");

  (void)state;
  o = none, o.policy = 77;
  expect_refusal(hw, net, &o, RRAMNAS_ERR_ARGUMENT, "compile options: there is no policy 77");
  o = none, o.crossbars = -5;
  expect_refusal(hw, net, &o, RRAMNAS_ERR_RANGE, "compile options: crossbars is -5, expected 1..4194304 or auto");
  o = none, o.depth_split = -1;
  expect_refusal(hw, net, &o, RRAMNAS_ERR_RANGE, "compile options: depth_split is -1, expected 1 or more");
  o = none, o.max_load = -1;
  expect_refusal(hw, net, &o, RRAMNAS_ERR_RANGE, "compile options: max_load is -1, expected 1 or more or unlimited");
  o = none, o.margins = &margin, o.n_margins = 1;
  expect_refusal(hw, net, &o, RRAMNAS_ERR_RANGE, "compile options: margin 0 is outside of (0, 1]");
  o = none, o.copies = copies, o.n_copies = 2;
  expect_refusal(hw, net, &o, RRAMNAS_ERR_ARGUMENT, "copies are given for 2 layers, the network has 1 mapped layers");
  o = none, o.copies = copies, o.n_copies = 1;
  expect_refusal(hw, net, &o, RRAMNAS_ERR_RANGE, "copies of mapped layer 0 are 0, expected 1 or more");
  o = none, o.size = 3;
  expect_refusal(hw, net, &o, RRAMNAS_ERR_ARGUMENT, "rramnas_compile_options: size is 3, expected sizeof(rramnas_compile_options)");
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
}

/* As published, half of the channels make a piece: 3 * 2^24 columns of weights, 93 * 2^25 of cells. */
static void
published_pieces_are_countable(void **state)
{
  rramnas_net *net = conv_net(3 << 25, 3 << 25, 3 << 25, 1, 1);
  rramnas_hw *hw = chip("weight: {bits: 32, slicing: columns}\ndevice: {bits_per_cell: 1}\n");
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;

  (void)state;
  o.policy = RRAMNAS_POLICY_RNC_PUBLISHED;
  o.depth_split = 2;
  expect_refusal(hw, net, &o, RRAMNAS_ERR_RANGE, "layer \"conv\" is too wide for the published cut");
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
}

/* Three layers in a row; the largest threshold keeps all of them apart. */
static void
largest_threshold(void **state)
{
  const int64_t shape[4] = { 1, 4, 2, 2 };
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;
  rramnas_node node = RRAMNAS_NODE_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = NULL;
  rramnas_net *net = NULL;
  rramnas_hw *hw = chip("");
  int32_t x, i;

  (void)state;
  assert_int_equal(rramnas_net_create("three", NULL, &net, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_net_add_input(net, "image", shape, 4, &x, NULL), RRAMNAS_OK);
  node.op = RRAMNAS_OP_CONV;
  node.inputs = &x;
  node.n_inputs = 1;
  node.out_channels = 4;
  for (i = 0; i < 3; i++)
    assert_int_equal(rramnas_net_add_node(net, &node, &x, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_net_finish(net, NULL), RRAMNAS_OK);
  o.policy = RRAMNAS_POLICY_RNC;
  o.crossbars = RRAMNAS_CROSSBARS_AUTO;
  o.layer_threshold = INT32_MAX;
  if (rramnas_compile(hw, net, &o, NULL, &m, &err) < 0 || rramnas_mapping_check(m, &err) < 0)
    fail_msg("%s", err.message);
  assert_int_equal(rramnas_mapping_get_info(m, &info), RRAMNAS_OK);
  assert_int_equal(info.crossbars_used, 3);
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(dense_grid),
    cmocka_unit_test(rows_and_columns_are_not_swapped),
    cmocka_unit_test(depthwise_shares),
    cmocka_unit_test(groups_take_turns),
    cmocka_unit_test(wide_groups),
    cmocka_unit_test(weights_of_several_columns),
    cmocka_unit_test(copies_follow_the_time),
    cmocka_unit_test(what_is_short_is_said),
    cmocka_unit_test(options_are_checked),
    cmocka_unit_test(published_pieces_are_countable),
    cmocka_unit_test(largest_threshold),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
