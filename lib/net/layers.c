/* SPDX-License-Identifier: MIT */
/* Nodes with weights -> layers: what a crossbar sees of a network.
 *
 * In: the graph. Out: one rramnas_layer per Conv, Gemm and MatMul, in node order. A layer is a matrix of
 * `matrix_rows` x `matrix_cols` weights that is multiplied with `positions` vectors, so that always
 *
 *   weights = matrix_rows * matrix_cols,  macs = positions * weights.
 *
 * Convolutions are seen through im2col: one vector per output pixel, as long as the kernel times the inputs of
 * one group. With groups, each column only meets the rows of its group, which both formulas respect because
 * matrix_rows counts one group and matrix_cols all of them.
 *
 * A layer is mapped when exactly its weight is constant: a product of two activations (attention) has nothing
 * that could be written into cells beforehand and is computed digitally. Numbers are checked: shapes of files
 * reach 2^48 elements per tensor, and products of two such do not fit. */
#include <string.h>

#include "net/derive.h"
#include "util/ckd.h"

typedef struct matrix {
  int64_t rows, cols, positions;
  int64_t groups;
  int mapped;
} matrix;

static int
is_constant(const rrn_tensor *t)
{
  return t->kind == RRN_TENSOR_CONSTANT;
}

/* Input i of the node, NULL when left out. */
static const rrn_tensor *
input(const rramnas_net *net, const rrn_node *node, int32_t i)
{
  return i < node->n_inputs && node->inputs[i] >= 0 ? &net->tensors[node->inputs[i]] : NULL;
}

static int32_t
fail_shape(const rrn_node *node, rramnas_error *err)
{
  return rrn_fail(err, RRAMNAS_ERR_SHAPE, "node \"%.100s\" (%.40s): the shapes of its tensors do not agree", node->name,
                  node->source_op);
}

static int32_t
fail_range(const rrn_node *node, rramnas_error *err)
{
  return rrn_fail(err, RRAMNAS_ERR_RANGE, "node \"%.100s\" (%.40s): too many operations to count in 64 bits",
                  node->name, node->source_op);
}

/* x[n][c][spatial], w[out][c / groups][kernel], y[n][out][spatial]. */
static int32_t
conv_matrix(const rrn_node *node, const rrn_tensor *x, const rrn_tensor *w, const rrn_tensor *y, matrix *m,
            rramnas_error *err)
{
  int64_t channels = w->rank >= 2 ? w->dims[1] : 0;

  if (x->rank < 3 || x->rank > 2 + RRAMNAS_MAX_SPATIAL || w->rank != x->rank || y->rank != x->rank || channels < 1 ||
      node->attrs.n_spatial != x->rank - 2 || w->dims[0] != y->dims[1] || node->attrs.groups < 1 ||
      node->attrs.groups > INT32_MAX)
    return fail_shape(node, err);
  m->rows = rrn_tensor_elements(w) / w->dims[0];
  m->cols = y->dims[1];
  m->positions = rrn_tensor_elements(y) / y->dims[1];
  m->groups = node->attrs.groups;
  m->mapped = is_constant(w) && !is_constant(x);
  return RRAMNAS_OK;
}

/* a[m][k] b[k][n], either may be transposed. */
static int32_t
gemm_matrix(const rrn_node *node, const rrn_tensor *a, const rrn_tensor *b, const rrn_tensor *y, matrix *m,
            rramnas_error *err)
{
  if (a->rank != 2 || b->rank != 2 || y->rank != 2)
    return fail_shape(node, err);
  m->rows = a->dims[node->attrs.trans_a ? 0 : 1];
  m->cols = y->dims[1];
  m->positions = y->dims[0];
  m->groups = 1;
  m->mapped = is_constant(b) && !is_constant(a);
  return RRAMNAS_OK;
}

static int64_t
batch_of(const rrn_tensor *t)
{
  int64_t n = 1;
  int32_t i;

  for (i = 0; i + 2 < t->rank; i++)
    n *= t->dims[i];
  return n;
}

/* 1 when every batch dimension of `weight` meets an equal one of `x`: then each weight matrix has vectors of
 * its own, like a group of a convolution. */
static int
batches_match(const rrn_tensor *x, const rrn_tensor *weight)
{
  const int32_t shift = x->rank - weight->rank;
  int32_t i;

  if (shift < 0)
    return 0;
  for (i = 0; i + 2 < weight->rank; i++)
    if (weight->dims[i] != x->dims[i + shift])
      return 0;
  return 1;
}

/* y = a b over the last two dimensions. A constant `b` holds the weights as they are, a constant `a` as its
 * transpose (y' = b' a'). A vector counts as a matrix with one row (a) or one column (b). */
static int32_t
matmul_matrix(const rrn_node *node, const rrn_tensor *a, const rrn_tensor *b, const rrn_tensor *y, matrix *m,
              rramnas_error *err)
{
  const int left = is_constant(a) && !is_constant(b); /* the weights stand on the left */
  const rrn_tensor *weight = left ? a : b, *x = left ? b : a;
  int64_t per_group, batch;

  if (a->rank < 1 || b->rank < 1)
    return fail_shape(node, err);
  m->rows = a->dims[a->rank - 1];
  per_group = weight->rank < 2 ? 1 : weight->dims[weight->rank - (left ? 2 : 1)];
  batch = batch_of(weight);
  if (m->rows < 1 || per_group < 1 || batch < 1)
    return fail_shape(node, err);
  m->mapped = is_constant(weight) && !is_constant(x) && (batch == 1 || batches_match(x, weight));
  m->groups = m->mapped ? batch : 1;
  if (m->groups > INT32_MAX || ckd_mul(&m->cols, per_group, m->groups))
    return fail_range(node, err);
  m->positions = rrn_tensor_elements(y) / m->cols;
  return RRAMNAS_OK;
}

static int32_t
node_matrix(const rramnas_net *net, const rrn_node *node, matrix *ret_matrix, rramnas_error *err)
{
  const rrn_tensor *a = input(net, node, 0), *b = input(net, node, 1), *y = &net->tensors[node->outputs[0]];

  if (!a || !b)
    return rrn_fail(err, RRAMNAS_ERR_SHAPE, "node \"%.100s\" (%.40s) has %d inputs, expected 2 or 3", node->name,
                    node->source_op, (int)node->n_inputs);
  switch (node->op) {
  case RRAMNAS_OP_CONV:
    return conv_matrix(node, a, b, y, ret_matrix, err);
  case RRAMNAS_OP_GEMM:
    return gemm_matrix(node, a, b, y, ret_matrix, err);
  default:
    return matmul_matrix(node, a, b, y, ret_matrix, err);
  }
}

static void
copy_geometry(const rrn_attrs *a, rramnas_layer *layer)
{
  int32_t i;

  layer->n_spatial = a->n_spatial;
  for (i = 0; i < a->n_spatial; i++) {
    layer->kernel[i] = a->kernel[i];
    layer->stride[i] = a->stride[i];
    layer->dilation[i] = a->dilation[i];
    layer->pad[i] = a->pad[i];
    layer->pad[a->n_spatial + i] = a->pad[a->n_spatial + i];
  }
}

static void
copy_shapes(const rrn_tensor *x, const rrn_tensor *y, rramnas_layer *layer)
{
  layer->in_rank = x->rank;
  layer->out_rank = y->rank;
  memcpy(layer->in_shape, x->dims, sizeof(x->dims));
  memcpy(layer->out_shape, y->dims, sizeof(y->dims));
}

static int32_t
fill_layer(const rramnas_net *net, const rrn_node *node, int32_t index, rramnas_layer *layer, rramnas_error *err)
{
  const rrn_tensor *x;
  int64_t weights;
  matrix m = { 0 };

  RRN_TRY(node_matrix(net, node, &m, err));
  x = input(net, node, 0);
  if (node->op == RRAMNAS_OP_MATMUL && is_constant(x))
    x = input(net, node, 1);
  layer->size = sizeof(*layer);
  layer->name = node->name;
  layer->index = index;
  layer->op = node->op;
  layer->mapped = m.mapped;
  layer->has_bias = input(net, node, 2) != NULL;
  copy_shapes(x, &net->tensors[node->outputs[0]], layer);
  if (node->op == RRAMNAS_OP_CONV)
    copy_geometry(&node->attrs, layer);
  layer->groups = (int32_t)m.groups;
  layer->matrix_rows = m.rows;
  layer->matrix_cols = m.cols;
  layer->positions = m.positions;
  if (ckd_mul(&weights, m.rows, m.cols) || ckd_mul(&layer->macs, weights, m.positions))
    return fail_range(node, err);
  layer->weights = m.mapped ? weights : 0;
  return RRAMNAS_OK;
}

static int
has_weights(int32_t op)
{
  return op == RRAMNAS_OP_CONV || op == RRAMNAS_OP_GEMM || op == RRAMNAS_OP_MATMUL;
}

int32_t
rrn_net_derive_layers(rramnas_net *net, rramnas_error *err)
{
  int64_t macs = 0;
  size_t n = 0, i;

  net->n_layers = net->n_mapped = 0;
  for (i = 0; i < net->n_nodes; i++)
    n += (size_t)has_weights(net->nodes[i].op);
  net->layers = rrn_arena_alloc(&net->arena, n, sizeof(*net->layers));
  if (!net->layers)
    return rrn_fail_memory(err);
  for (i = 0; i < net->n_nodes; i++) {
    rrn_node *node = &net->nodes[i];

    if (!has_weights(node->op))
      continue;
    RRN_TRY(fill_layer(net, node, (int32_t)net->n_layers, &net->layers[net->n_layers], err));
    /* So that no sum over layers overflows; weights are never more than macs. */
    if (ckd_add(&macs, macs, net->layers[net->n_layers].macs))
      return fail_range(node, err);
    node->layer = (int32_t)net->n_layers;
    net->n_mapped += (size_t)net->layers[net->n_layers].mapped;
    net->n_layers++;
  }
  return RRAMNAS_OK;
}
