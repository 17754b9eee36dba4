/* SPDX-License-Identifier: MIT */
/* A small network with every shape of trouble that a compiler of crossbars meets, in a few kilobytes: a
 * branch, a depthwise layer, a layer wider than a crossbar, a classifier. */
#ifndef RRAMNAS_TESTS_TINY_H
#define RRAMNAS_TESTS_TINY_H

#include "rramnas/rramnas.h"

static inline int32_t
tiny_add(rramnas_net *net, int32_t op, int32_t a, int32_t b, int64_t out_channels, int64_t kernel, int64_t groups,
         int32_t *ret_tensor, rramnas_error *err)
{
  rramnas_node node = RRAMNAS_NODE_INIT;
  int32_t inputs[2];

  inputs[0] = a;
  inputs[1] = b;
  node.op = op;
  node.inputs = inputs;
  node.n_inputs = b < 0 ? 1 : 2;
  node.out_channels = out_channels;
  node.groups = groups;
  if (kernel > 0) {
    node.kernel[0] = node.kernel[1] = kernel;
    node.pad[0] = node.pad[1] = node.pad[2] = node.pad[3] = kernel / 2;
  }
  if (op == RRAMNAS_OP_FLATTEN)
    node.axis = 1;
  return rramnas_net_add_node(net, &node, ret_tensor, err);
}

/* image -> conv -> relu -> depthwise -> add(relu) -> conv (wide) -> pool -> flatten -> gemm */
static inline int32_t
tiny_create(const rramnas_runtime *runtime, rramnas_net **ret_net, rramnas_error *err)
{
  static const int64_t shape[4] = { 1, 3, 16, 16 };
  rramnas_net *net = NULL;
  int32_t status, x = 0, y = 0;

  if ((status = rramnas_net_create("tiny", runtime, &net, err)) < 0 ||
      (status = rramnas_net_add_input(net, "image", shape, 4, &x, err)) < 0 ||
      (status = tiny_add(net, RRAMNAS_OP_CONV, x, -1, 24, 3, 0, &x, err)) < 0 ||
      (status = tiny_add(net, RRAMNAS_OP_RELU, x, -1, 0, 0, 0, &x, err)) < 0 ||
      (status = tiny_add(net, RRAMNAS_OP_CONV, x, -1, 24, 3, 24, &y, err)) < 0 ||
      (status = tiny_add(net, RRAMNAS_OP_ADD, y, x, 0, 0, 0, &x, err)) < 0 ||
      (status = tiny_add(net, RRAMNAS_OP_CONV, x, -1, 72, 3, 0, &x, err)) < 0 ||
      (status = tiny_add(net, RRAMNAS_OP_GLOBAL_AVERAGE_POOL, x, -1, 0, 0, 0, &x, err)) < 0 ||
      (status = tiny_add(net, RRAMNAS_OP_FLATTEN, x, -1, 0, 0, 0, &x, err)) < 0 ||
      (status = tiny_add(net, RRAMNAS_OP_GEMM, x, -1, 10, 0, 0, &x, err)) < 0 ||
      (status = rramnas_net_finish(net, err)) < 0)
    rramnas_net_unref(net);
  else
    *ret_net = net;
  return status;
}

#endif
