/* SPDX-License-Identifier: MIT */
/* Random small networks through the public builder: chains with branches, grouped and depthwise convolutions,
 * squeeze-excite, concatenation, a classifier. Deterministic in the state of the stream. */
#ifndef RRAMNAS_TESTS_RANDOM_NET_H
#define RRAMNAS_TESTS_RANDOM_NET_H

#include "random.h"
#include "rramnas/rramnas.h"

typedef struct random_net {
  rramnas_net *net;
  test_random *random;
  int32_t x;         /* the tensor at which the network stands */
  int64_t channels;
  int32_t failed;
} random_net;

static inline int32_t
random_net_node(random_net *b, int32_t op, const int32_t *inputs, int32_t n, int64_t out, int64_t kernel, int64_t groups,
                int64_t stride)
{
  rramnas_node node = RRAMNAS_NODE_INIT;
  int32_t y = b->x;

  node.op = op;
  node.inputs = inputs;
  node.n_inputs = n;
  node.out_channels = out;
  node.groups = groups;
  node.axis = 1;
  if (kernel) {
    node.kernel[0] = node.kernel[1] = kernel;
    node.stride[0] = node.stride[1] = stride;
    node.pad[0] = node.pad[1] = node.pad[2] = node.pad[3] = kernel / 2;
  }
  if (rramnas_net_add_node(b->net, &node, &y, NULL) < 0)
    b->failed = 1;
  return y;
}

static inline int32_t
random_net_conv(random_net *b, int32_t x, int64_t out, int64_t groups, int64_t stride)
{
  return random_net_node(b, RRAMNAS_OP_CONV, &x, 1, out, 1 + 2 * (int64_t)test_below(b->random, 3), groups, stride);
}

/* Squeeze-excite: the input times two small layers of its mean. */
static inline void
random_net_gate(random_net *b)
{
  int32_t pair[2], y = random_net_node(b, RRAMNAS_OP_GLOBAL_AVERAGE_POOL, &b->x, 1, 0, 0, 0, 0);

  y = random_net_node(b, RRAMNAS_OP_CONV, &y, 1, 1 + b->channels / 4, 1, 1, 1);
  y = random_net_node(b, RRAMNAS_OP_CONV, &y, 1, b->channels, 1, 1, 1);
  pair[0] = b->x;
  pair[1] = random_net_node(b, RRAMNAS_OP_SIGMOID, &y, 1, 0, 0, 0, 0);
  b->x = random_net_node(b, RRAMNAS_OP_MUL, pair, 2, 0, 0, 0, 0);
}

static inline void
random_net_step(random_net *b)
{
  int64_t out = 8 * (1 + (int64_t)test_below(b->random, 24));
  int32_t pair[2];

  switch (test_below(b->random, 6)) {
  case 0: /* depthwise */
    b->x = random_net_conv(b, b->x, b->channels, b->channels, 1 + (int64_t)test_below(b->random, 2));
    return;
  case 1: /* grouped */
    b->x = random_net_conv(b, b->x, out, 4, 1);
    break;
  case 2: /* branches joined */
    pair[0] = random_net_conv(b, b->x, out, 1, 1);
    pair[1] = random_net_conv(b, b->x, out, 1, 1);
    b->x = random_net_node(b, RRAMNAS_OP_CONCAT, pair, 2, 0, 0, 0, 0);
    out *= 2;
    break;
  case 3: /* residual */
    pair[0] = b->x;
    pair[1] = random_net_conv(b, b->x, b->channels, 1, 1);
    b->x = random_net_node(b, RRAMNAS_OP_ADD, pair, 2, 0, 0, 0, 0);
    return;
  case 4:
    random_net_gate(b);
    return;
  default:
    b->x = random_net_conv(b, b->x, out, 1, 1 + (int64_t)test_below(b->random, 2));
  }
  b->channels = out;
  b->x = random_net_node(b, RRAMNAS_OP_RELU, &b->x, 1, 0, 0, 0, 0);
}

/* NULL when a node was refused, which is a fault. */
static inline rramnas_net *
random_net_create(test_random *r)
{
  const int64_t side = 4 + (int64_t)test_below(r, 12);
  int64_t shape[4] = { 1, 8, side, side };
  random_net b = { .random = r, .channels = 8 };
  uint64_t steps = 1 + test_below(r, 10);

  if (rramnas_net_create("random", NULL, &b.net, NULL) < 0 ||
      rramnas_net_add_input(b.net, "image", shape, 4, &b.x, NULL) < 0)
    return NULL;
  b.x = random_net_conv(&b, b.x, b.channels, 1, 1);
  while (steps--)
    random_net_step(&b);
  b.x = random_net_node(&b, RRAMNAS_OP_GLOBAL_AVERAGE_POOL, &b.x, 1, 0, 0, 0, 0);
  b.x = random_net_node(&b, RRAMNAS_OP_FLATTEN, &b.x, 1, 0, 0, 0, 0);
  b.x = random_net_node(&b, RRAMNAS_OP_GEMM, &b.x, 1, 10, 0, 0, 0);
  if (b.failed || rramnas_net_finish(b.net, NULL) < 0) {
    rramnas_net_unref(b.net);
    return NULL;
  }
  return b.net;
}

#endif
