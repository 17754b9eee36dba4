/* SPDX-License-Identifier: MIT */
/* Weights times activations.
 *
 * In:  weights of a layer; activations as [inputs][positions][lanes] with any strides.
 * Out: for each output, position and lane the sum of weight times activation.
 *
 * Idea: lanes are images, so a register holds one activation of several images and every weight is one scalar: no
 * reduction across lanes, no edges, no transposition, and the columns of a convolution are copies of whole vectors.
 * Weights are packed once in panels of eight outputs; a panel's sums stay in registers over 256 inputs.
 *
 * Arithmetic, which is the same on every machine and at any split: inputs in ascending order, in blocks of
 * RRN_INFER_DEPTH; a block's sum starts at 0 and takes one product after the other, each product and each sum rounded
 * to single precision (no fused operations); block sums are added in order. Instruction sets differ in how many lanes
 * or rows they do at a time, never in the order of a sum.
 *
 * Complexity: n_in n_out positions multiplications and additions. Not handled: a single image leaves 15 lanes idle. */
#include "infer/product.h"

static float *
pack(rrn_arena *arena, const rrn_infer_weights *w, size_t group)
{
  const size_t panels = (w->n_out + RRN_INFER_ROWS - 1) / RRN_INFER_ROWS;
  float *packed = rrn_arena_alloc(arena, panels * w->n_in, RRN_INFER_ROWS * sizeof(*packed));
  size_t out, in;

  for (out = 0; packed && out < w->n_out; out++) {
    const float *from = w->weights + group * w->group_stride + out * w->out_stride;
    float *to = packed + out / RRN_INFER_ROWS * w->n_in * RRN_INFER_ROWS + out % RRN_INFER_ROWS;

    for (in = 0; in < w->n_in; in++)
      to[in * RRN_INFER_ROWS] = from[in * w->in_stride];
  }
  return packed;
}

int32_t
rrn_infer_product_new(const rrn_infer_builder *b, int32_t layer, const rrn_infer_weights *w, size_t n_positions,
                      int packed, rrn_infer_product **ret_product)
{
  rrn_arena *arena = &b->plan->arena;
  rrn_infer_product *p = rrn_arena_alloc(arena, 1, sizeof(*p));
  size_t g;

  if (!p || (packed && !(p->groups = rrn_arena_alloc(arena, w->n_groups, sizeof(*p->groups)))))
    return rrn_fail_memory(b->err);
  p->layer = layer;
  p->weights = *w;
  p->n_positions = n_positions;
  for (g = 0; packed && g < w->n_groups; g++) {
    p->groups[g] = (rrn_infer_matrix){ w->n_in, w->n_out, pack(arena, w, g) };
    if (!p->groups[g].packed)
      return rrn_fail_memory(b->err);
  }
  if (layer >= 0)
    b->plan->products[layer] = p;
  *ret_product = p;
  return RRAMNAS_OK;
}

static const rrn_infer_product *
product_of(const rrn_infer_plan *plan, int32_t layer, rramnas_error *err)
{
  if (layer >= 0 && (size_t)layer < plan->net->n_layers && plan->products[layer])
    return plan->products[layer];
  rrn_fail(err, RRAMNAS_ERR_UNSUPPORTED, "layer %d is not a product of constant weights with activations", (int)layer);
  return NULL;
}

int32_t
rrn_infer_layer_of(const rrn_infer_plan *plan, int32_t layer, rrn_infer_layer *ret_layer, rramnas_error *err)
{
  const rrn_infer_product *p = product_of(plan, layer, err);

  if (!p)
    return RRAMNAS_ERR_UNSUPPORTED;
  *ret_layer = (rrn_infer_layer){ p->weights.n_groups, p->weights.n_out, p->weights.n_in, p->n_positions };
  return RRAMNAS_OK;
}

int32_t
rrn_infer_layer_weights(const rrn_infer_plan *plan, int32_t layer, float *ret_weights, rramnas_error *err)
{
  const rrn_infer_product *p = product_of(plan, layer, err);
  const rrn_infer_weights *w = p ? &p->weights : NULL;
  size_t g, out, in;

  if (!w)
    return RRAMNAS_ERR_UNSUPPORTED;
  for (g = 0; g < w->n_groups; g++)
    for (out = 0; out < w->n_out; out++)
      for (in = 0; in < w->n_in; in++)
        *ret_weights++ = w->weights[g * w->group_stride + out * w->out_stride + in * w->in_stride];
  return RRAMNAS_OK;
}

/* Filters of single channels have no packed weights. */
static void
multiply_single(const rrn_infer_weights *w, const rrn_infer_block *b)
{
  const float *weights = w->weights + (size_t)b->group * w->group_stride;
  size_t out, position, in, lane;

  for (out = 0; out < w->n_out; out++)
    for (position = 0; position < b->n_positions; position++) {
      float *y = b->y + out * b->y_row + position * b->y_position;

      for (lane = 0; lane < RRN_LANES; lane++)
        y[lane] = 0;
      for (in = 0; in < w->n_in; in++)
        for (lane = 0; lane < RRN_LANES; lane++)
          y[lane] += weights[out * w->out_stride + in * w->in_stride] *
                     b->x[in * b->x_row + position * b->x_position + lane];
    }
}

void
rrn_infer_multiply_floats(const rrn_infer_plan *plan, const rrn_infer_block *block)
{
  const rrn_infer_product *p = plan->products[block->layer];

  if (p->groups)
    plan->kernels->multiply(&p->groups[block->group], block);
  else
    multiply_single(&p->weights, block);
}

int32_t
rrn_infer_multiply(const rrn_infer_product *p, const rrn_infer_task *task, rrn_infer_block *block, rramnas_error *err)
{
  block->layer = p->layer;
  block->n_in = p->weights.n_in;
  block->n_out = p->weights.n_out;
  block->first_image = task->first_image;
  block->n_images = task->n_images;
  block->scratch = task->backend_scratch;
  if (task->backend)
    return task->backend->multiply(task->backend->user, block, err);
  task->plan->kernels->multiply(&p->groups[block->group], block);
  return RRAMNAS_OK;
}

int32_t
rrn_infer_multiply_whole(const rrn_infer_product *p, const rrn_infer_task *task, rrn_infer_whole *w, rramnas_error *err)
{
  if (!task->backend || !task->backend->multiply_whole)
    return RRN_INFER_BY_BLOCKS;
  w->layer = p->layer;
  w->n_groups = p->weights.n_groups;
  w->n_in = p->weights.n_in;
  w->n_out = p->weights.n_out;
  w->first_image = task->first_image;
  w->n_images = task->n_images;
  w->n_blocks = task->n_blocks;
  w->n_between = task->n_between;
  return task->backend->multiply_whole(task->backend->user, w, err);
}
