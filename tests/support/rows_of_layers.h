/* SPDX-License-Identifier: MIT */
/* Networks of convolutions side by side, each with an input of its own, and chips from a line of YAML. */
#ifndef RRAMNAS_TESTS_ROWS_OF_LAYERS_H
#define RRAMNAS_TESTS_ROWS_OF_LAYERS_H

#include <string.h>

#include "rramnas/rramnas.h"

typedef struct side_layer {
  int64_t in, out, groups, kernel;
} side_layer;

/* Images of side x side, padded so that the side stays. */
static inline rramnas_net *
layers_net(const side_layer *layers, size_t n, int64_t side)
{
  rramnas_net *net = NULL;
  size_t i;

  assert_int_equal(rramnas_net_create("rows", NULL, &net, NULL), RRAMNAS_OK);
  for (i = 0; i < n; i++) {
    const int64_t shape[4] = { 1, layers[i].in, side, side }, k = layers[i].kernel;
    rramnas_node node = RRAMNAS_NODE_INIT;
    int32_t x, y;

    assert_int_equal(rramnas_net_add_input(net, "image", shape, 4, &x, NULL), RRAMNAS_OK);
    node.op = RRAMNAS_OP_CONV;
    node.inputs = &x;
    node.n_inputs = 1;
    node.out_channels = layers[i].out;
    node.groups = layers[i].groups;
    node.kernel[0] = node.kernel[1] = k;
    node.pad[0] = node.pad[1] = node.pad[2] = node.pad[3] = k / 2;
    assert_int_equal(rramnas_net_add_node(net, &node, &y, NULL), RRAMNAS_OK);
  }
  assert_int_equal(rramnas_net_finish(net, NULL), RRAMNAS_OK);
  return net;
}

static inline rramnas_hw *
layers_chip(const char *yaml)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_hw *hw = NULL;

  if (rramnas_hw_load_buffer(yaml, strlen(yaml), "chip", RRAMNAS_HW_FORMAT_YAML, NULL, &hw, &err) < 0)
    fail_msg("%s", err.message);
  return hw;
}

/* Equal but for the order of a few sums. */
static inline void
near(double a, double b)
{
  if (a > b * (1 + 1e-12) || b > a * (1 + 1e-12))
    fail_msg("%.17g is not %.17g", a, b);
}

#endif
