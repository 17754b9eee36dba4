/* SPDX-License-Identifier: MIT */
/* NAS-Bench-201's cells in their CIFAR-10 network.
 *
 * Genes: cell[0..5], the operations of the edges 1<-0, 2<-0, 2<-1, 3<-0, 3<-1, 3<-2. Node j of a cell is the sum of
 * what its edges bring; "none" brings nothing. 5^6 = 15,625 cells.
 *
 * The network: 3 x 3 convolution to 16 channels; five cells; a residual block to 32 channels at half the size; five
 * cells; the same to 64; five cells; batch norm, ReLU, mean of the image, ten classes. A convolution edge is
 * ReLU, convolution, batch norm. Source: Dong and Yang, ICLR 2020. Checked by parameters and multiply-accumulates. */
#include <stdio.h>

#include "space/chain.h"
#include "space/ready.h"

enum { EDGES = 6, NODES = 4, NONE = 0, SKIP, CONV_1, CONV_3, AVERAGE, ABSENT = -1 };

static const char *const operations[] = { "none", "skip_connect", "nor_conv_1x1", "nor_conv_3x3", "avg_pool_3x3" };

int32_t
rrn_cell_genes(rrn_space *s, rramnas_error *err)
{
  char name[32];
  int i;

  for (i = 0; i < EDGES; i++) {
    snprintf(name, sizeof(name), "cell[%d]", i);
    RRN_TRY(rrn_ready_category(s, name, operations, sizeof(operations) / sizeof(operations[0]), NULL, 0, err));
  }
  return RRAMNAS_OK;
}

static int32_t
convolve(rrn_chain *c, int32_t x, int64_t width, int64_t kernel, int64_t stride)
{
  x = rrn_chain_unary(c, x, RRAMNAS_OP_RELU);
  x = rrn_chain_conv(c, x, width, kernel, stride);
  return rrn_chain_unary(c, x, RRAMNAS_OP_BATCH_NORM);
}

static int32_t
edge(rrn_chain *c, int32_t x, int operation, int64_t width)
{
  switch (operation) {
  case CONV_1:
    return convolve(c, x, width, 1, 1);
  case CONV_3:
    return convolve(c, x, width, 3, 1);
  case AVERAGE:
    return rrn_chain_pool(c, x, RRAMNAS_OP_AVERAGE_POOL, 3, 1, 1);
  default:
    return x;
  }
}

/* Nodes that nothing reaches are zero, and so is what comes from them but for biases that batch norms add. */
static int32_t
add_cell(rrn_chain *c, int32_t x, const double *cell, int64_t width)
{
  int32_t nodes[NODES] = { x, ABSENT, ABSENT, ABSENT };
  int to, from, k = 0;

  for (to = 1; to < NODES; to++) {
    for (from = 0; from < to; from++, k++) {
      const int operation = (int)cell[k];
      int32_t brought;

      if (operation == NONE)
        continue;
      brought = edge(c, nodes[from], operation, width);
      nodes[to] = nodes[to] == ABSENT ? brought : rrn_chain_binary(c, nodes[to], brought, RRAMNAS_OP_ADD);
    }
    if (nodes[to] == ABSENT)
      nodes[to] = rrn_chain_binary(c, x, x, RRAMNAS_OP_SUB);
  }
  return nodes[NODES - 1];
}

static int32_t
add_reduction(rrn_chain *c, int32_t x, int64_t width)
{
  int32_t main = convolve(c, x, width, 3, 2), side;

  main = convolve(c, main, width, 3, 1);
  side = rrn_chain_pool(c, x, RRAMNAS_OP_AVERAGE_POOL, 2, 2, 0);
  side = rrn_chain_conv(c, side, width, 1, 1);
  return rrn_chain_binary(c, side, main, RRAMNAS_OP_ADD);
}

int32_t
rrn_cell_build(const rrn_space *s, const double *x, const rramnas_runtime *runtime, rramnas_net **ret_net,
               rramnas_error *err)
{
  const rrn_net_parameters *p = s->parameters;
  rrn_chain c;
  int32_t t = rrn_chain_begin(&c, "nas_bench_201", 3, p->image, runtime, err);
  int stage, i;

  t = rrn_chain_conv(&c, t, 16, 3, 1);
  t = rrn_chain_unary(&c, t, RRAMNAS_OP_BATCH_NORM);
  for (stage = 0; stage < 3; stage++) {
    if (stage > 0)
      t = add_reduction(&c, t, 16 << stage);
    for (i = 0; i < 5; i++)
      t = add_cell(&c, t, x, 16 << stage);
  }
  t = rrn_chain_unary(&c, t, RRAMNAS_OP_BATCH_NORM);
  t = rrn_chain_unary(&c, t, RRAMNAS_OP_RELU);
  t = rrn_chain_unary(&c, t, RRAMNAS_OP_GLOBAL_AVERAGE_POOL);
  t = rrn_chain_unary(&c, t, RRAMNAS_OP_FLATTEN);
  rrn_chain_linear(&c, t, p->classes);
  return rrn_chain_end(&c, ret_net);
}
