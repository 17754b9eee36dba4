/* SPDX-License-Identifier: MIT */
/* The builder, the layers and the dependencies between them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "net/build.h"
#include "net/import.h"
#include "oom.h"

static const int64_t image[4] = { 1, 16, 8, 8 };

/* A net under construction whose steps must succeed. */
typedef struct maker {
  rramnas_net *net;
  rramnas_error err;
} maker;

static maker
start(void)
{
  maker m = { NULL, RRAMNAS_ERROR_INIT };

  assert_int_equal(rramnas_net_create("made", NULL, &m.net, &m.err), RRAMNAS_OK);
  return m;
}

static int32_t
input(maker *m, const int64_t *shape, int32_t rank)
{
  int32_t x = -1;

  assert_int_equal(rramnas_net_add_input(m->net, "x", shape, rank, &x, &m->err), RRAMNAS_OK);
  return x;
}

static int32_t
constant(maker *m, const int64_t *shape, int32_t rank)
{
  int32_t x = -1;

  assert_int_equal(rrn_net_add_tensor(m->net, RRN_TENSOR_CONSTANT, "w", shape, rank, &x, &m->err), RRAMNAS_OK);
  return x;
}

static int32_t
node(maker *m, rramnas_node n, int32_t a, int32_t b)
{
  const int32_t inputs[2] = { a, b };
  int32_t y = -1;

  n.inputs = inputs;
  n.n_inputs = b < 0 ? 1 : 2;
  if (rramnas_net_add_node(m->net, &n, &y, &m->err) < 0)
    fail_msg("%s", m->err.message);
  return y;
}

static int32_t
op(maker *m, int32_t which, int32_t a, int32_t b)
{
  rramnas_node n = RRAMNAS_NODE_INIT;

  n.op = which;
  return node(m, n, a, b);
}

static int32_t
conv(maker *m, int32_t x, int64_t out)
{
  rramnas_node n = RRAMNAS_NODE_INIT;

  n.op = RRAMNAS_OP_CONV;
  n.out_channels = out;
  return node(m, n, x, -1);
}

static void
finish(maker *m)
{
  if (rramnas_net_finish(m->net, &m->err) < 0)
    fail_msg("%s", m->err.message);
}

static void
expect_deps(const rramnas_net *net, size_t layer, const char *expected)
{
  char text[256] = "";
  size_t used = 0;
  int32_t i;

  for (i = 0; i < net->deps[layer].n; i++)
    used += (size_t)snprintf(text + used, sizeof(text) - used, "%s%d", i ? " " : "", (int)net->deps[layer].layers[i]);
  if (strcmp(text, expected) != 0)
    fail_msg("layer %zu depends on \"%s\", expected \"%s\"", layer, text, expected);
}

static void
convolution_layer(void **state)
{
  maker m = start();
  rramnas_node n = RRAMNAS_NODE_INIT;
  rramnas_layer l = RRAMNAS_LAYER_INIT;
  const int64_t shape[4] = { 2, 8, 9, 7 };

  (void)state;
  n.op = RRAMNAS_OP_CONV;
  n.name = "c";
  n.out_channels = 12;
  n.groups = 4;
  n.kernel[0] = 3;
  n.kernel[1] = 5;
  n.stride[0] = 2;
  n.dilation[1] = 1;
  n.pad[0] = 1;
  n.pad[3] = 2;
  node(&m, n, input(&m, shape, 4), -1);
  finish(&m);
  assert_int_equal(rramnas_net_layer_count(m.net), 1);
  assert_int_equal(rramnas_net_layer(m.net, 0, &l), RRAMNAS_OK);
  assert_string_equal(l.name, "c");
  assert_int_equal(l.mapped, 1);
  assert_int_equal(l.has_bias, 1);
  assert_int_equal(l.in_rank, 4);
  assert_int_equal(l.in_shape[3], 7);
  assert_int_equal(l.out_shape[1], 12);
  assert_int_equal(l.out_shape[2], 4); /* (9 + 1 - 3) / 2 + 1 */
  assert_int_equal(l.out_shape[3], 5); /* 7 + 2 - 5 + 1 */
  assert_int_equal(l.n_spatial, 2);
  assert_int_equal(l.pad[0], 1);
  assert_int_equal(l.pad[3], 2);
  assert_int_equal(l.groups, 4);
  assert_int_equal(l.matrix_rows, 8 / 4 * 15);
  assert_int_equal(l.matrix_cols, 12);
  assert_int_equal(l.positions, 2 * 4 * 5);
  assert_int_equal(l.weights, 30 * 12);
  assert_int_equal(l.macs, 30 * 12 * 40);
  assert_int_equal(rramnas_net_layer(m.net, 1, &l), RRAMNAS_ERR_ARGUMENT);
  rramnas_net_unref(m.net);
}

/* a times b as one layer of its own net. */
static rramnas_layer
product(const int64_t *a, int32_t a_rank, int a_constant, const int64_t *b, int32_t b_rank, int b_constant)
{
  maker m = start();
  rramnas_layer l = RRAMNAS_LAYER_INIT;
  const int32_t x = a_constant ? constant(&m, a, a_rank) : input(&m, a, a_rank);
  const int32_t y = b_constant ? constant(&m, b, b_rank) : input(&m, b, b_rank);

  op(&m, RRAMNAS_OP_MATMUL, x, y);
  finish(&m);
  assert_int_equal(rramnas_net_layer(m.net, 0, &l), RRAMNAS_OK);
  assert_int_equal(l.has_bias, 0);
  rramnas_net_unref(m.net);
  l.name = NULL;
  return l;
}

static void
expect_matrix(const rramnas_layer *l, int mapped, int64_t rows, int64_t cols, int64_t positions, int32_t groups)
{
  assert_int_equal(l->mapped, mapped);
  assert_int_equal(l->matrix_rows, rows);
  assert_int_equal(l->matrix_cols, cols);
  assert_int_equal(l->positions, positions);
  assert_int_equal(l->groups, groups);
  assert_int_equal(l->weights, mapped ? rows * cols : 0);
  assert_int_equal(l->macs, rows * cols * positions);
}

static void
matmul_layers(void **state)
{
  const int64_t tokens[3] = { 2, 197, 768 }, dense[2] = { 768, 3072 }, left[2] = { 50, 197 };
  const int64_t heads[4] = { 2, 12, 197, 64 }, keys[4] = { 2, 12, 64, 197 };
  const int64_t per_head[3] = { 12, 64, 32 }, shared[3] = { 1, 64, 32 }, vector[1] = { 768 };
  rramnas_layer l;

  (void)state;
  l = product(tokens, 3, 0, dense, 2, 1);
  expect_matrix(&l, 1, 768, 3072, 2 * 197, 1);
  l = product(left, 2, 1, tokens, 3, 0); /* y' = x' a' */
  expect_matrix(&l, 1, 197, 50, 2 * 768, 1);
  assert_int_equal(l.in_shape[2], 768);
  l = product(heads, 4, 0, keys, 4, 0); /* attention */
  expect_matrix(&l, 0, 64, 197, 2 * 12 * 197, 1);
  l = product(heads, 4, 0, per_head, 3, 1); /* one matrix for each head */
  expect_matrix(&l, 1, 64, 12 * 32, 2 * 197, 12);
  l = product(tokens, 3, 0, vector, 1, 1);
  expect_matrix(&l, 1, 768, 1, 2 * 197, 1);
  {
    const int64_t one[3] = { 1, 197, 64 };

    l = product(heads, 4, 0, shared, 3, 1); /* the same for all */
    expect_matrix(&l, 1, 64, 32, 2 * 12 * 197, 1);
    l = product(one, 3, 0, per_head, 3, 1); /* one input meets twelve matrices: nothing to lay out side by side */
    expect_matrix(&l, 0, 64, 32, 12 * 197, 1);
  }
}

static void
gemm_layers(void **state)
{
  maker m = start();
  const int64_t x_shape[2] = { 3, 20 }, w_shape[2] = { 20, 7 };
  rramnas_node n = RRAMNAS_NODE_INIT;
  rrn_build b;
  const int32_t x = input(&m, x_shape, 2), w = constant(&m, w_shape, 2), v = input(&m, w_shape, 2);
  int32_t wires[2] = { x, w }, y;

  (void)state;
  rrn_build_init(&b, RRAMNAS_OP_GEMM);
  b.name = "stored";
  b.attrs.trans_b = 0;
  b.inputs = wires;
  b.n_inputs = 2;
  assert_int_equal(rrn_net_build(m.net, &b, &y, &m.err), RRAMNAS_OK);
  wires[1] = v;
  b.inputs = wires;
  assert_int_equal(rrn_net_build(m.net, &b, &y, &m.err), RRAMNAS_OK);
  n.op = RRAMNAS_OP_GEMM;
  n.out_channels = 9;
  n.no_bias = 1;
  node(&m, n, x, -1);
  finish(&m);
  expect_matrix(&m.net->layers[0], 1, 20, 7, 3, 1);
  expect_matrix(&m.net->layers[1], 0, 20, 7, 3, 1);
  expect_matrix(&m.net->layers[2], 1, 20, 9, 3, 1);
  assert_int_equal(m.net->layers[2].has_bias, 0);
  assert_int_equal(m.net->n_mapped, 2);
  assert_string_equal(m.net->layers[2].name, "Gemm_2");
  rramnas_net_unref(m.net);
}

static void
dependencies_of_branches(void **state)
{
  maker m = start();
  int32_t x = input(&m, image, 4), a, b, c, d, sum;

  (void)state;
  a = op(&m, RRAMNAS_OP_RELU, conv(&m, x, 16), -1);                 /* 0 */
  b = op(&m, RRAMNAS_OP_BATCH_NORM, conv(&m, a, 16), -1);           /* 1 */
  sum = op(&m, RRAMNAS_OP_ADD, a, b);                               /* 0 + 1 */
  c = conv(&m, sum, 16);                                            /* 2 */
  d = op(&m, RRAMNAS_OP_SIGMOID, conv(&m, op(&m, RRAMNAS_OP_GLOBAL_AVERAGE_POOL, c, -1), 16), -1); /* 3 */
  c = op(&m, RRAMNAS_OP_MUL, c, d);
  conv(&m, op(&m, RRAMNAS_OP_ADD, c, sum), 16);                     /* 4 */
  conv(&m, x, 4);                                                   /* 5: of the input alone */
  conv(&m, op(&m, RRAMNAS_OP_ADD, c, c), 4);                        /* 6 */
  finish(&m);
  expect_deps(m.net, 0, "");
  expect_deps(m.net, 1, "0");
  expect_deps(m.net, 2, "0 1");
  expect_deps(m.net, 3, "2");
  expect_deps(m.net, 4, "0 1 2 3");
  expect_deps(m.net, 5, "");
  expect_deps(m.net, 6, "2 3");
  rramnas_net_unref(m.net);
}

/* A product of two activations is a layer, but others look through it. */
static void
digital_products_are_looked_through(void **state)
{
  maker m = start();
  const int64_t tokens[2] = { 10, 32 };
  rramnas_node dense = RRAMNAS_NODE_INIT, turn = RRAMNAS_NODE_INIT;
  int32_t x = input(&m, tokens, 2), q, k, v, scores;

  (void)state;
  dense.op = RRAMNAS_OP_MATMUL;
  dense.out_channels = 32;
  turn.op = RRAMNAS_OP_TRANSPOSE;
  q = node(&m, dense, x, -1);
  k = node(&m, dense, x, -1);
  v = node(&m, dense, x, -1);
  scores = op(&m, RRAMNAS_OP_MATMUL, q, node(&m, turn, k, -1));
  node(&m, dense, op(&m, RRAMNAS_OP_MATMUL, op(&m, RRAMNAS_OP_SOFTMAX, scores, -1), v), -1);
  finish(&m);
  assert_int_equal(m.net->n_layers, 6);
  assert_int_equal(m.net->n_mapped, 4);
  expect_deps(m.net, 3, "0 1");
  expect_deps(m.net, 4, "0 1 2");
  expect_deps(m.net, 5, "0 1 2");
  rramnas_net_unref(m.net);
}

/* A residual stream of `blocks` blocks joins all earlier ones: the number of dependencies is about half the square. */
static int32_t
residual(int32_t blocks, rramnas_error *err)
{
  maker m = start();
  int32_t x = input(&m, image, 4), i, status;

  for (i = 0; i < blocks; i++)
    x = op(&m, RRAMNAS_OP_ADD, x, conv(&m, x, 16));
  status = rramnas_net_finish(m.net, err);
  if (status == RRAMNAS_OK)
    assert_int_equal(m.net->deps[blocks - 1].n, blocks - 1);
  rramnas_net_unref(m.net);
  return status;
}

static void
large_graphs(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  const clock_t begin = clock();
  maker m = start();
  int32_t x = input(&m, image, 4), i;

  (void)state;
  for (i = 0; i < 150000; i++)
    x = i % 3 == 0 ? conv(&m, x, 16) : op(&m, RRAMNAS_OP_RELU, x, -1);
  finish(&m);
  expect_deps(m.net, 49999, "49998");
  rramnas_net_unref(m.net);
  assert_int_equal(residual(2000, &err), RRAMNAS_OK);
  assert_int_equal(residual(20000, &err), RRAMNAS_ERR_LIMIT);
  assert_true((double)(clock() - begin) / CLOCKS_PER_SEC < 60);
}

static void
too_large_to_count(void **state)
{
  maker m = start();
  const int64_t a[2] = { 1 << 30, 1 << 18 }, b[2] = { 1 << 18, 1 << 18 };
  int32_t x = input(&m, a, 2);

  (void)state;
  op(&m, RRAMNAS_OP_MATMUL, x, constant(&m, b, 2));
  assert_int_equal(rramnas_net_finish(m.net, &m.err), RRAMNAS_ERR_RANGE);
  assert_string_equal(m.err.message, "node \"MatMul_0\" (MatMul): too many operations to count in 64 bits");
  rramnas_net_unref(m.net);
}

/* Each layer has 2^62 operations, which can be counted; two of them cannot. */
static void
too_many_operations_in_sum(void **state)
{
  const int64_t shape[4] = { 1, 1 << 16, 1 << 15, 1 << 15 };
  maker m = start();
  int32_t x = input(&m, shape, 4), i;

  (void)state;
  for (i = 0; i < 2; i++)
    x = conv(&m, x, 1 << 16);
  assert_int_equal(rramnas_net_finish(m.net, &m.err), RRAMNAS_ERR_RANGE);
  assert_string_equal(m.err.message, "node \"Conv_1\" (Conv): too many operations to count in 64 bits");
  rramnas_net_unref(m.net);
}

static void
tensor_limits(void **state)
{
  maker m = start();
  const int64_t zero[2] = { 0, 3 }, wide[1] = { INT64_C(1) << 31 }, many[2] = { 1 << 30, 1 << 30 };
  const int64_t nine[9] = { 1, 1, 1, 1, 1, 1, 1, 1, 1 };
  int32_t x = 77;

  (void)state;
  assert_int_equal(rramnas_net_add_input(m.net, "x", zero, 2, &x, &m.err), RRAMNAS_ERR_RANGE);
  assert_string_equal(m.err.message, "dimension 0 of tensor \"x\" is 0, expected 1..2147483647");
  assert_int_equal(rramnas_net_add_input(m.net, "x", wide, 1, &x, &m.err), RRAMNAS_ERR_RANGE);
  assert_int_equal(rramnas_net_add_input(m.net, "x", many, 2, &x, &m.err), RRAMNAS_ERR_RANGE);
  assert_int_equal(rramnas_net_add_input(m.net, "x", nine, 9, &x, &m.err), RRAMNAS_ERR_LIMIT);
  assert_int_equal(rramnas_net_add_input(m.net, "", image, 4, &x, &m.err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_net_add_input(m.net, "\xff", image, 4, &x, &m.err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_net_add_input(NULL, "x", image, 4, &x, &m.err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(x, 77);
  assert_int_equal(m.net->n_tensors, 0);
  assert_int_equal(rramnas_net_finish(m.net, &m.err), RRAMNAS_ERR_SHAPE);
  assert_string_equal(m.err.message, "the network has no nodes");
  rramnas_net_unref(m.net);
}

static void
refuse(maker *m, rramnas_node n, const int32_t *inputs, int32_t n_inputs, int32_t status, const char *message)
{
  const size_t n_tensors = m->net->n_tensors, n_nodes = m->net->n_nodes;
  int32_t y = 77;

  n.inputs = inputs;
  n.n_inputs = n_inputs;
  assert_int_equal(rramnas_net_add_node(m->net, &n, &y, &m->err), status);
  assert_string_equal(m->err.message, message);
  assert_int_equal(y, 77);
  assert_int_equal(m->net->n_tensors, n_tensors);
  assert_int_equal(m->net->n_nodes, n_nodes);
}

static void
misuse(void **state)
{
  maker m = start();
  const int32_t x = input(&m, image, 4), both[3] = { x, x, x }, wrong[1] = { 5 };
  rramnas_node n = RRAMNAS_NODE_INIT;

  (void)state;
  refuse(&m, n, both, 1, RRAMNAS_ERR_ARGUMENT, "op is 0, expected enum rramnas_op");
  n.op = RRAMNAS_OP_RESIZE;
  refuse(&m, n, both, 1, RRAMNAS_ERR_UNSUPPORTED, "Resize cannot be built node by node, only read from a file");
  n.op = RRAMNAS_OP_CONV;
  refuse(&m, n, wrong, 1, RRAMNAS_ERR_ARGUMENT, "rramnas_node: input 0 is tensor 5, the network has 1");
  refuse(&m, n, NULL, 1, RRAMNAS_ERR_ARGUMENT, "rramnas_node: n_inputs is 1, inputs is NULL");
  refuse(&m, n, both, 1, RRAMNAS_ERR_ARGUMENT,
         "Conv has 1 input, expected at least 2, or out_channels for a constant weight");
  n.out_channels = 8;
  refuse(&m, n, both, 2, RRAMNAS_ERR_ARGUMENT, "Conv with out_channels has 2 inputs, expected 1");
  n.groups = 3;
  refuse(&m, n, both, 1, RRAMNAS_ERR_SHAPE, "16 input channels in 3 groups, expected a multiple");
  n.groups = 16;
  refuse(&m, n, both, 1, RRAMNAS_ERR_SHAPE, "8 output channels in 16 groups, expected a multiple");
  n.groups = 0;
  n.out_channels = -1;
  refuse(&m, n, both, 1, RRAMNAS_ERR_RANGE, "out_channels is -1, expected 1 or more");
  n.op = RRAMNAS_OP_GEMM;
  n.out_channels = 8;
  refuse(&m, n, both, 1, RRAMNAS_ERR_SHAPE,
         "Gemm takes an input of 2 dimensions, it has 4 (Flatten first, or MatMul)");
  n.op = RRAMNAS_OP_RELU;
  refuse(&m, n, both, 1, RRAMNAS_ERR_ARGUMENT, "Relu has no out_channels");
  n.out_channels = 0;
  refuse(&m, n, both, 2, RRAMNAS_ERR_ARGUMENT, "Relu has 2 inputs, expected at most 1");
  n.op = RRAMNAS_OP_ADD;
  refuse(&m, n, both, 1, RRAMNAS_ERR_ARGUMENT, "Add has 1 input, expected at least 2");
  n.op = RRAMNAS_OP_MAX_POOL;
  refuse(&m, n, both, 1, RRAMNAS_ERR_RANGE, "kernel 0 is 0, expected 1..2147483647");
  n.n_dims = 9;
  refuse(&m, n, both, 1, RRAMNAS_ERR_ARGUMENT, "rramnas_node: n_dims is 9, expected 0..8");
  rramnas_net_unref(m.net);
}

static void
finished_nets_stay(void **state)
{
  maker m = start();
  rramnas_node n = RRAMNAS_NODE_INIT;
  int64_t shape[RRAMNAS_MAX_RANK];
  int32_t x = input(&m, image, 4), y = conv(&m, x, 4), rank = 0;

  (void)state;
  assert_int_equal(rramnas_net_layer_count(m.net), 0);
  assert_int_equal(rramnas_net_tensor_shape(m.net, y, shape, &rank), RRAMNAS_OK);
  assert_int_equal(rank, 4);
  assert_int_equal(shape[1], 4);
  assert_int_equal(rramnas_net_tensor_shape(m.net, 99, shape, &rank), RRAMNAS_ERR_ARGUMENT);
  finish(&m);
  n.op = RRAMNAS_OP_RELU;
  refuse(&m, n, &x, 1, RRAMNAS_ERR_ARGUMENT, "the network is finished, nothing can be added");
  n.op = RRAMNAS_OP_CONV;
  n.out_channels = 3;
  refuse(&m, n, &x, 1, RRAMNAS_ERR_ARGUMENT, "the network is finished, nothing can be added");
  assert_int_equal(rramnas_net_add_input(m.net, "z", image, 4, &x, &m.err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_net_finish(m.net, &m.err), RRAMNAS_ERR_ARGUMENT);
  assert_string_equal(rramnas_net_name(m.net), "made");
  rramnas_net_unref(m.net);
}

static void
references(void **state)
{
  maker m;
  oom o;
  rramnas_runtime runtime;

  (void)state;
  memset(&o, 0, sizeof(o));
  runtime = oom_runtime(&o);
  m = (maker){ NULL, RRAMNAS_ERROR_INIT };
  assert_int_equal(rramnas_net_create(NULL, &runtime, &m.net, NULL), RRAMNAS_OK);
  assert_string_equal(rramnas_net_name(m.net), "network");
  assert_ptr_equal(rramnas_net_ref(m.net), m.net);
  rramnas_net_unref(m.net);
  assert_true(o.n_live > 0);
  rramnas_net_unref(m.net);
  assert_int_equal(o.n_live, 0);
  rramnas_net_unref(NULL);
  assert_null(rramnas_net_name(NULL));
  assert_int_equal(rramnas_net_layer_count(NULL), 0);
}

/* Older and newer callers. */
static void
struct_sizes(void **state)
{
  struct {
    rramnas_node node;
    int64_t newer;
  } longer = { RRAMNAS_NODE_INIT, 0 };
  maker m = start();
  rramnas_layer l = RRAMNAS_LAYER_INIT;
  int32_t x = input(&m, image, 4), y = 77;

  (void)state;
  longer.node.size = sizeof(longer);
  longer.node.op = RRAMNAS_OP_CONV;
  longer.node.inputs = &x;
  longer.node.n_inputs = 1;
  longer.node.out_channels = 4;
  assert_int_equal(rramnas_net_add_node(m.net, &longer.node, &y, &m.err), RRAMNAS_OK);
  longer.newer = 1;
  assert_int_equal(rramnas_net_add_node(m.net, &longer.node, &y, &m.err), RRAMNAS_ERR_ARGUMENT);
  finish(&m);
  l.size = offsetof(rramnas_layer, matrix_rows);
  l.matrix_rows = 77;
  assert_int_equal(rramnas_net_layer(m.net, 0, &l), RRAMNAS_OK);
  assert_int_equal(l.weights, 64);
  assert_int_equal(l.matrix_rows, 77);
  rramnas_net_unref(m.net);
}

static void
all_operators_have_names(void **state)
{
  int32_t i, named = 0;

  (void)state;
  for (i = -1; i < 200; i++)
    named += strcmp(rramnas_op_name(i), "unknown") != 0;
  assert_int_equal(named, 40);
  assert_string_equal(rramnas_op_name(RRAMNAS_OP_DATA_MOVE), "DataMove");
}

static int32_t
ofa(const int32_t d[4], int32_t k, int32_t e, rramnas_net **ret_net, rramnas_error *err)
{
  int32_t ks[16], es[16];
  int i;

  for (i = 0; i < 16; i++) {
    ks[i] = i % 4 < d[i / 4] ? k : -5; /* what no block uses may be anything */
    es[i] = i % 4 < d[i / 4] ? e : 99;
  }
  return rramnas_net_create_ofa_mobilenet_v3_small(ks, es, d, NULL, ret_net, err);
}

static void
ofa_dependencies(void **state)
{
  static const int32_t d[4] = { 2, 2, 2, 2 };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;
  rramnas_layer l = RRAMNAS_LAYER_INIT;

  (void)state;
  assert_int_equal(ofa(d, 3, 4, &net, &err), RRAMNAS_OK);
  expect_deps(net, 1, "0");
  expect_deps(net, 3, "0 2"); /* blocks.1 reads the shortcut of blocks.0 */
  expect_deps(net, 4, "3");
  expect_deps(net, 6, "5");
  expect_deps(net, 9, "5 8"); /* blocks.3 after the shortcut of blocks.2 */
  assert_int_equal(rramnas_net_layer(net, 11, &l), RRAMNAS_OK);
  assert_string_equal(l.name, "blocks.3.conv.depth_conv.se.fc.reduce");
  expect_deps(net, 11, "10");
  expect_deps(net, 12, "11");
  expect_deps(net, 13, "10 12"); /* channels, weighed */
  rramnas_net_unref(net);
}

static void
ofa_refusals(void **state)
{
  static const int32_t good[4] = { 2, 3, 4, 2 }, deep[4] = { 2, 5, 2, 2 };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;

  (void)state;
  assert_int_equal(ofa(deep, 3, 3, &net, &err), RRAMNAS_ERR_ARGUMENT);
  assert_string_equal(err.message, "depths[1] is 5, expected 2, 3 or 4");
  assert_int_equal(ofa(good, 4, 3, &net, &err), RRAMNAS_ERR_ARGUMENT);
  assert_string_equal(err.message, "kernel_sizes[0] is 4, expected 3, 5 or 7");
  assert_int_equal(ofa(good, 5, 5, &net, &err), RRAMNAS_ERR_ARGUMENT);
  assert_string_equal(err.message, "expansions[0] is 5, expected 3, 4 or 6");
  assert_null(net);
  assert_int_equal(rramnas_net_create_ofa_mobilenet_v3_small(NULL, good, good, NULL, &net, &err), RRAMNAS_ERR_ARGUMENT);
}

static void
genome(const char *text, int32_t status, const char *message)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;

  assert_int_equal(rramnas_net_create_ofa_from_genome(text, strlen(text), "g.json", NULL, &net, &err), status);
  if (status < 0)
    assert_string_equal(err.message, message);
  rramnas_net_unref(net);
}

#define THREES "[3,3,3,3, 3,3,3,3, 3,3,3,3, 3,3,3,3]"

static void
genome_files(void **state)
{
  (void)state;
  genome("{\"ks\": " THREES ", \"e\": " THREES ", \"d\": [2,2,2,2]}", RRAMNAS_OK, NULL);
  genome("genome: {ks: [3,3,x,3, 3,3,3,3, 3,3,3,3, 3,3,3,3, 0,0,0,0], e: " THREES ", d: [2,2,2,2]}\nscore: 1\n",
         RRAMNAS_OK, NULL);
  genome("{\"ks\": " THREES ",\n \"e\": " THREES ",\n \"d\": [2,2,2,1]}", RRAMNAS_ERR_RANGE,
         "g.json:3:14: d[3] is \"1\", expected 2, 3 or 4");
  genome("{\"ks\": [3,9,3,3, 3,3,3,3, 3,3,3,3, 3,3,3,3], \"e\": " THREES ", \"d\": [2,2,2,2]}", RRAMNAS_ERR_RANGE,
         "g.json:1:11: ks[1] is \"9\", expected 3, 5 or 7");
  genome("{ks: [3], e: " THREES ", d: [2,2,2,2]}", RRAMNAS_ERR_RANGE,
         "g.json:1:6: ks has 1 entries, expected 16 or 20");
  genome("{ks: " THREES ", d: [2,2,2,2]}", RRAMNAS_ERR_PARSE, "g.json:1:1: the genome has no \"e\"");
  genome("{ks: " THREES ", e: " THREES ", d: [2,2,2,2], r: 224}", RRAMNAS_ERR_PARSE,
         "g.json:1:99: unknown key \"r\" in a genome, expected ks, e, d");
  genome("[]", RRAMNAS_ERR_PARSE, "g.json:1:1: the genome is a sequence, expected a mapping with ks, e and d");
  genome("", RRAMNAS_ERR_PARSE, "g.json:1:1: the genome has no \"d\"");
}

static int32_t
ofa_job(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  static const char text[] = "{ks: " THREES ", e: " THREES ", d: [4,4,4,4]}";
  rramnas_net *net = NULL;
  int32_t status;

  (void)user;
  status = rramnas_net_create_ofa_from_genome(text, strlen(text), "g", runtime, &net, err);
  rramnas_net_unref(net);
  return status;
}

/* A failing step leaves a net that can be built further. */
static void
memory_runs_out_while_building(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  size_t fail_at;
  oom o;

  (void)state;
  memset(&o, 0, sizeof(o));
  assert_true(oom_until_success(ofa_job, NULL, 1, 0) > 3);
  for (fail_at = 1; fail_at < 40; fail_at++) {
    const rramnas_runtime runtime = oom_runtime(&o);
    maker m = { NULL, RRAMNAS_ERROR_INIT };
    rramnas_node n = RRAMNAS_NODE_INIT;
    int32_t x = 0, i, failures = 0;

    oom_arm(&o, 0, 0);
    assert_int_equal(rramnas_net_create("n", &runtime, &m.net, &err), RRAMNAS_OK);
    assert_int_equal(rramnas_net_add_input(m.net, "x", image, 4, &x, &err), RRAMNAS_OK);
    oom_arm(&o, fail_at, 0);
    n.op = RRAMNAS_OP_CONV;
    n.out_channels = 16;
    n.inputs = &x;
    n.n_inputs = 1;
    for (i = 0; i < 200; i++)
      while (rramnas_net_add_node(m.net, &n, &x, &err) < 0) {
        assert_int_equal(err.code, RRAMNAS_ERR_MEMORY);
        failures++;
      }
    assert_true(failures <= 1);
    if (rramnas_net_finish(m.net, &err) < 0)
      assert_int_equal(err.code, RRAMNAS_ERR_MEMORY);
    else
      assert_int_equal(rramnas_net_layer_count(m.net), 200);
    rramnas_net_unref(m.net);
    assert_int_equal(o.n_live, 0);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(convolution_layer),
    cmocka_unit_test(matmul_layers),
    cmocka_unit_test(gemm_layers),
    cmocka_unit_test(dependencies_of_branches),
    cmocka_unit_test(digital_products_are_looked_through),
    cmocka_unit_test(large_graphs),
    cmocka_unit_test(too_large_to_count),
    cmocka_unit_test(too_many_operations_in_sum),
    cmocka_unit_test(tensor_limits),
    cmocka_unit_test(misuse),
    cmocka_unit_test(finished_nets_stay),
    cmocka_unit_test(references),
    cmocka_unit_test(struct_sizes),
    cmocka_unit_test(all_operators_have_names),
    cmocka_unit_test(ofa_dependencies),
    cmocka_unit_test(ofa_refusals),
    cmocka_unit_test(genome_files),
    cmocka_unit_test(memory_runs_out_while_building),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
