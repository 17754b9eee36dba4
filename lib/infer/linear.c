/* SPDX-License-Identifier: MIT */
/* Matrix products: Gemm and MatMul.
 *
 * In:  two operands of two or more dimensions, or vectors; a bias. Out: alpha a b + beta bias.
 * A constant right operand is a layer's weight and goes through the kernel (or the backend), its activations' rows
 * being positions; so does a constant left operand of two dimensions. What is left, products of two activations as in
 * attention, is summed vector by vector.
 *
 * A sum runs over the common dimension in order (product.c says how it is cut into blocks); products of activations
 * have one running sum. */
#include <math.h>
#include <string.h>

#include "infer/product.h"

typedef struct linear {
  rrn_infer_product *product; /* NULL: two activations */
  size_t m, n, k;             /* y[batch][m][n] */
  size_t n_batches;
  size_t a_row, a_in, b_in, b_col; /* elements between neighbours */
  const int32_t *a_batch, *b_batch; /* [n_batches]: first element, in matrices; NULL = their number */
  int weight_left;
  float alpha, beta;
  int32_t bias;               /* input, -1 = none */
  const int32_t *bias_map;
} linear;

/* --- running --- */

static void
multiply_lanes(const linear *l, const float *a, const float *b, float *restrict y)
{
  size_t k, lane;

  memset(y, 0, RRN_LANES * sizeof(*y));
  for (k = 0; k < l->k; k++) {
    const float *u = a + k * l->a_in * RRN_LANES, *v = b + k * l->b_in * RRN_LANES;

    for (lane = 0; lane < RRN_LANES; lane++)
      y[lane] += u[lane] * v[lane];
  }
}

static void
multiply_activations(const linear *l, const float *a, const float *b, float *y)
{
  size_t batch, i, j;

  for (batch = 0; batch < l->n_batches; batch++) {
    const float *left = a + (l->a_batch ? (size_t)l->a_batch[batch] : batch) * l->m * l->k * RRN_LANES;
    const float *right = b + (l->b_batch ? (size_t)l->b_batch[batch] : batch) * l->k * l->n * RRN_LANES;

    for (i = 0; i < l->m; i++)
      for (j = 0; j < l->n; j++, y += RRN_LANES)
        multiply_lanes(l, left + i * l->a_row * RRN_LANES, right + j * l->b_col * RRN_LANES, y);
  }
}

/* Constant b[k][n]: each row of a is an input vector. Constant a[m][k]: each column of b is. */
static int32_t
multiply_weights(const linear *l, const rrn_infer_task *task, const float *x, float *y, rramnas_error *err)
{
  const size_t positions = l->weight_left ? l->n : l->n_batches * l->m;
  const size_t batches = l->weight_left ? l->n_batches : 1;
  rrn_infer_block block = { .n_positions = positions, .x = x, .y = y };
  size_t batch;

  block.x_row = (l->weight_left ? l->n : 1) * RRN_LANES;
  block.x_position = (l->weight_left ? 1 : l->k) * RRN_LANES;
  block.y_row = (l->weight_left ? l->n : 1) * RRN_LANES;
  block.y_position = (l->weight_left ? 1 : l->n) * RRN_LANES;
  for (batch = 0; batch < batches; batch++) {
    rrn_infer_whole whole = { .n_channels = l->k, .n_taps = 1, .n_elements = positions,
                              .first_position = batch * positions, .n_positions = positions, .x = block.x, .y = block.y,
                              .low = -HUGE_VALF, .high = HUGE_VALF, .reader = -1 };
    int32_t status = RRN_INFER_BY_BLOCKS;

    /* Vectors of several rows have their elements beside each other. */
    if (l->weight_left || positions == 1)
      status = rrn_infer_multiply_whole(l->product, task, &whole, err);
    block.first_position = whole.first_position;
    if (status == RRN_INFER_BY_BLOCKS)
      status = rrn_infer_multiply(l->product, task, &block, err);
    RRN_TRY(status);
    block.x += l->k * l->n * RRN_LANES;
    block.y += l->m * l->n * RRN_LANES;
  }
  return RRAMNAS_OK;
}

static void
finish(const linear *l, const float *bias, float *y)
{
  const size_t elements = l->n_batches * l->m * l->n;
  size_t e, lane;

  for (e = 0; e < elements && (bias || l->alpha != 1); e++, y += RRN_LANES) {
    const float *c = bias ? bias + (l->bias_map ? (size_t)l->bias_map[e] : e) * RRN_LANES : NULL;

    for (lane = 0; lane < RRN_LANES; lane++) {
      const float scaled = l->alpha == 1 ? y[lane] : l->alpha * y[lane];

      y[lane] = c ? scaled + (l->beta == 1 ? c[lane] : l->beta * c[lane]) : scaled;
    }
  }
}

static int32_t
run_linear(const rrn_infer_step *step, const rrn_infer_task *task, rramnas_error *err)
{
  const linear *l = step->more;
  float *y = rrn_infer_out(step, task, 0);

  if (l->product)
    RRN_TRY(multiply_weights(l, task, rrn_infer_in(step, task, l->weight_left), y, err));
  else
    multiply_activations(l, rrn_infer_in(step, task, 0), rrn_infer_in(step, task, 1), y);
  finish(l, l->bias >= 0 ? rrn_infer_in(step, task, l->bias) : NULL, y);
  return RRAMNAS_OK;
}

/* --- preparing --- */

static rrn_tensor
batch_shape(const rrn_tensor *t)
{
  rrn_tensor batch = *t;

  batch.rank = t->rank < 2 ? 0 : t->rank - 2;
  return batch;
}

/* Which matrix of each operand a matrix of the result is made of. */
static int32_t
match_batches(const rrn_infer_builder *b, const rrn_node *node, linear *l)
{
  const rrn_tensor *a_given = rrn_infer_tensor(b->plan, node, 0), *b_given = rrn_infer_tensor(b->plan, node, 1);
  const rrn_tensor left = batch_shape(a_given), right = batch_shape(b_given);
  rrn_tensor all = *rrn_infer_result(b->plan, node);

  all.rank -= (a_given->rank > 1) + (b_given->rank > 1);
  l->n_batches = rrn_infer_elements(&all);
  RRN_TRY(rrn_infer_broadcast(b, &all, &left, &l->a_batch));
  return rrn_infer_broadcast(b, &all, &right, &l->b_batch);
}

static void
measure(const rrn_infer_builder *b, const rrn_node *node, linear *l)
{
  const rrn_tensor *x = rrn_infer_tensor(b->plan, node, 0), *w = rrn_infer_tensor(b->plan, node, 1);
  const int gemm = node->op == RRAMNAS_OP_GEMM, trans_a = gemm && node->attrs.trans_a;
  const int trans_b = gemm && node->attrs.trans_b;

  l->m = x->rank < 2 ? 1 : (size_t)x->dims[x->rank - (trans_a ? 1 : 2)];
  l->k = (size_t)x->dims[x->rank - (trans_a ? 2 : 1)];
  l->n = w->rank < 2 ? 1 : (size_t)w->dims[w->rank - (trans_b ? 2 : 1)];
  l->a_row = trans_a ? 1 : l->k;
  l->a_in = trans_a ? l->m : 1;
  l->b_in = trans_b ? 1 : l->n;
  l->b_col = trans_b ? l->k : 1;
}

/* 1 when one operand is a matrix of weights that the kernel takes. */
static int
find_weight(const rrn_infer_builder *b, const rrn_node *node, linear *l)
{
  const rrn_tensor *x = rrn_infer_tensor(b->plan, node, 0), *w = rrn_infer_tensor(b->plan, node, 1);

  l->weight_left = x->kind == RRN_TENSOR_CONSTANT;
  if (l->weight_left)
    return x->rank == 2 && w->rank >= 2 && w->kind == RRN_TENSOR_ACTIVATION && l->a_in == 1 && l->b_col == 1;
  return w->kind == RRN_TENSOR_CONSTANT && w->rank <= 2 && l->a_in == 1;
}

static int32_t
make_product(const rrn_infer_builder *b, const rrn_node *node, linear *l)
{
  rrn_infer_weights w = { .n_groups = 1, .n_in = l->k };

  RRN_TRY(rrn_infer_constant(b, node, !l->weight_left, &w.weights));
  w.n_out = l->weight_left ? l->m : l->n;
  w.out_stride = l->weight_left ? l->a_row : l->b_col;
  w.in_stride = l->weight_left ? l->a_in : l->b_in;
  return rrn_infer_product_new(b, node->layer, &w, l->n_batches * (l->weight_left ? l->n : l->m), 1, &l->product);
}

static int32_t
make_bias(const rrn_infer_builder *b, const rrn_node *node, linear *l)
{
  l->bias = -1;
  if (!rrn_infer_tensor(b->plan, node, 2))
    return RRAMNAS_OK;
  l->bias = 2;
  RRN_TRY(rrn_infer_operand(b, node, 2));
  return rrn_infer_broadcast(b, rrn_infer_result(b->plan, node), rrn_infer_tensor(b->plan, node, 2), &l->bias_map);
}

int32_t
rrn_infer_linear(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step)
{
  linear *l = rrn_arena_alloc(&b->plan->arena, 1, sizeof(*l));

  if (!l)
    return rrn_fail_memory(b->err);
  if (strcmp(node->source_op, rramnas_op_name(node->op)) != 0)
    return rrn_infer_fail(b, node, RRAMNAS_ERR_UNSUPPORTED, "quantised products are not computed");
  measure(b, node, l);
  RRN_TRY(match_batches(b, node, l));
  l->alpha = node->op == RRAMNAS_OP_GEMM ? (float)node->attrs.number[0] : 1;
  l->beta = node->op == RRAMNAS_OP_GEMM ? (float)node->attrs.number[1] : 1;
  RRN_TRY(make_bias(b, node, l));
  if (find_weight(b, node, l)) {
    RRN_TRY(make_product(b, node, l));
  } else {
    RRN_TRY(rrn_infer_operand(b, node, 0));
    RRN_TRY(rrn_infer_operand(b, node, 1));
  }
  step->run = run_linear;
  step->more = l;
  return RRAMNAS_OK;
}
