/* SPDX-License-Identifier: MIT */
/* A thin layer over the graph builder. Nodes take names from their operator and number. */
#include "space/chain.h"

#include <stdio.h>

#include "net/build.h"

static int32_t
add(rrn_chain *c, rrn_build *b, const int32_t *inputs, int32_t n)
{
  int32_t tensor = 0;
  char name[48];

  if (c->status < 0)
    return 0;
  snprintf(name, sizeof(name), "%s_%d", rramnas_op_name(b->op), (int)c->n_nodes++);
  b->name = name;
  b->inputs = inputs;
  b->n_inputs = n;
  c->status = rrn_net_build(c->net, b, &tensor, c->err);
  return tensor;
}

int32_t
rrn_chain_begin(rrn_chain *c, const char *name, int64_t channels, int64_t side, const rramnas_runtime *runtime,
                rramnas_error *err)
{
  const int64_t shape[4] = { 1, channels, side, side };
  int32_t tensor = 0;

  *c = (rrn_chain){ .err = err };
  c->status = rramnas_net_create(name, runtime, &c->net, err);
  if (c->status >= 0)
    c->status = rramnas_net_add_input(c->net, "image", shape, 4, &tensor, err);
  return tensor;
}

int32_t
rrn_chain_conv(rrn_chain *c, int32_t x, int64_t out, int64_t kernel, int64_t stride)
{
  rrn_build b;
  int i;

  rrn_build_init(&b, RRAMNAS_OP_CONV);
  b.out_channels = out;
  b.no_bias = 1;
  for (i = 0; i < 2; i++) {
    b.attrs.kernel[i] = kernel;
    b.attrs.stride[i] = stride;
    b.attrs.pad[i] = b.attrs.pad[2 + i] = kernel / 2;
  }
  return add(c, &b, &x, 1);
}

int32_t
rrn_chain_unary(rrn_chain *c, int32_t x, int32_t op)
{
  rrn_build b;

  rrn_build_init(&b, op);
  return add(c, &b, &x, 1);
}

int32_t
rrn_chain_binary(rrn_chain *c, int32_t a, int32_t b, int32_t op)
{
  const int32_t inputs[2] = { a, b };
  rrn_build build;

  rrn_build_init(&build, op);
  return add(c, &build, inputs, 2);
}

int32_t
rrn_chain_pool(rrn_chain *c, int32_t x, int32_t op, int64_t kernel, int64_t stride, int64_t pad)
{
  rrn_build b;
  int i;

  rrn_build_init(&b, op);
  b.attrs.n_spatial = 2;
  for (i = 0; i < 2; i++) {
    b.attrs.kernel[i] = kernel;
    b.attrs.stride[i] = stride;
    b.attrs.pad[i] = b.attrs.pad[2 + i] = pad;
  }
  return add(c, &b, &x, 1);
}

int32_t
rrn_chain_linear(rrn_chain *c, int32_t x, int64_t out)
{
  rrn_build b;

  rrn_build_init(&b, RRAMNAS_OP_GEMM);
  b.out_channels = out;
  return add(c, &b, &x, 1);
}

int32_t
rrn_chain_end(rrn_chain *c, rramnas_net **ret_net)
{
  if (c->status >= 0)
    c->status = rramnas_net_finish(c->net, c->err);
  if (c->status < 0)
    rramnas_net_unref(c->net);
  else
    *ret_net = c->net;
  return c->status;
}
