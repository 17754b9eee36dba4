/* SPDX-License-Identifier: MIT */
/* A programmed chip, as what multiplies in a network.
 *
 * In:  integer layers, a chip's device, cells and converters; a seed and the number of the chip.
 * Out: products of floats through crossbars: inputs become integers, these steps of the wordlines, currents codes, codes sums,
 *      sums floats again: unit[out] (y - zero sum w).
 *
 * Each group of a layer has arrays of its own, written once: all positions of all images meet the same errors, copies of
 * the layer too. A cell's errors are a function of (seed, trial, layer, group, cell), a converter's result one of the
 * current: results depend on no batch and no thread. A thread works in a desk of its own: memory that stays between calls. */
#include <stdatomic.h>
#include <string.h>

#include <xxhash.h>

#include "accuracy/accuracy.h"

enum { MOST_DESKS = 256 };

typedef struct array {
  rrn_xbar_layer layer;
  rrn_xbar_kernel kernel;
} array;

typedef struct desk {
  atomic_flag busy;
  rrn_arena arena;
} desk;

struct rrn_chip {
  const rrn_rt *rt;
  const rrn_quantised *q;
  rrn_arena arena;
  array **arrays; /* [q->n][n_groups]; NULL = stays in floats */
  rrn_infer_backend backend;
  struct counts {
    atomic_llong conversions, clipped_low, clipped_high;
  } *counts; /* [q->n] */
  desk desks[MOST_DESKS];
};

/* --- programming --- */

static rrn_xbar_id
name_of(const rrn_chip_options *o, size_t layer, size_t group)
{
  /* The trial is part of the seed: what is left of an array's name are layer and group. */
  const uint64_t seed = XXH3_64bits_withSeed(&o->trial, sizeof(o->trial), o->seed);

  return (rrn_xbar_id){ .seed = seed, .layer = (uint32_t)layer, .copy = (uint32_t)group };
}

/* One code per digit where that covers all there is, else the range that a sample needs. */
static int32_t
set_converter(rrn_chip *c, const rramnas_hw *hw, const rrn_chip_options *o, const rrn_quantised_layer *l, size_t group,
              rrn_xbar_layer *layer, rramnas_error *err)
{
  const int enough = hw->v.adc.bits >= rrn_hw_adc_bits_needed(hw);
  const int32_t range = o->adc_range != RRN_ADC_AUTO ? o->adc_range : enough ? RRN_ADC_GRANULAR : RRN_ADC_CALIBRATED;
  const int32_t *sample = l->sample + group * l->n_sample * l->shape.n_in;
  const double fraction = o->adc_fraction > 0 ? o->adc_fraction : 0.9999;
  rrn_arena scratch;
  int32_t status;

  rrn_arena_init(&scratch, c->rt);
  if (range == RRN_ADC_CALIBRATED)
    status = rrn_xbar_adc_calibrate(&scratch, layer, hw->v.adc.bits, sample, l->n_sample, fraction, err);
  else
    status = rrn_xbar_adc_set(layer, hw->v.adc.bits, range == RRN_ADC_MAXIMUM ? RRN_XBAR_RANGE_MAX : RRN_XBAR_RANGE_GRANULAR,
                              err);
  if (status >= 0 && o->use)
    status = rrn_adc_use_note(&c->arena, &scratch, layer, sample, l->n_sample, &o->use[layer->id.layer], err);
  rrn_arena_release(&scratch);
  return status;
}

/* Converters are calibrated before the errors: a chip's designer does not know them. */
static int32_t
program_array(rrn_chip *c, const rramnas_hw *hw, const rrn_chip_options *o, size_t i, size_t group, array *a,
              rramnas_error *err)
{
  const rrn_quantised_layer *l = &c->q->layers[i];
  const int32_t *weights = l->weights + group * l->shape.n_out * l->shape.n_in;
  const rrn_xbar_noise noise = rrn_xbar_noise_of(hw, o->time_s);
  rrn_xbar_spec spec = rrn_xbar_spec_of(hw);

  spec.weight_bits = l->weight_bits;
  spec.input_bits = l->input_bits;
  RRN_TRY(rrn_xbar_layer_create(&c->arena, &spec, weights, l->shape.n_out, l->shape.n_in, name_of(o, i, group), &a->layer,
                                err));
  if (!o->is_ideal) {
    if (o->like)
      a->layer.adc = o->like->arrays[i][group].layer.adc;
    else
      RRN_TRY(set_converter(c, hw, o, l, group, &a->layer, err));
    rrn_xbar_program(&a->layer, &noise);
    a->layer.read_by_column = 1;
  }
  return rrn_xbar_kernel_create(&c->arena, &a->layer, rrn_xbar_cpu_best(), &a->kernel, err);
}

static int32_t
program_layer(rrn_chip *c, const rramnas_hw *hw, const rrn_chip_options *o, size_t i, rramnas_error *err)
{
  const size_t n = c->q->layers[i].shape.n_groups;
  size_t g;

  RRN_FAIL_IF(n >= 1u << 22, err, RRAMNAS_ERR_LIMIT, "layer %zu has %zu groups, expected fewer than 2^22", i, n);
  if (n == 0)
    return RRAMNAS_OK;
  c->arrays[i] = rrn_arena_alloc(&c->arena, n, sizeof(*c->arrays[i]));
  if (!c->arrays[i])
    return rrn_fail_memory(err);
  for (g = 0; g < n; g++)
    RRN_TRY(program_array(c, hw, o, i, g, &c->arrays[i][g], err));
  return RRAMNAS_OK;
}

/* --- multiplying --- */

static desk *
take_desk(rrn_chip *c)
{
  size_t i;

  for (i = 0;; i = (i + 1) % MOST_DESKS)
    if (!atomic_flag_test_and_set_explicit(&c->desks[i].busy, memory_order_acquire))
      return &c->desks[i];
}

static void
leave_desk(desk *d)
{
  rrn_arena_reset(&d->arena);
  atomic_flag_clear_explicit(&d->busy, memory_order_release);
}

/* Vectors of the block, those of an image together: [n_images][n_positions][n_in]. */
static void
gather(const rrn_infer_block *b, float *ret_x)
{
  size_t p, in;
  int32_t lane;

  for (lane = 0; lane < b->n_images; lane++)
    for (p = 0; p < b->n_positions; p++)
      for (in = 0; in < b->n_in; in++)
        *ret_x++ = b->x[in * b->x_row + p * b->x_position + (size_t)lane];
}

static void
scatter(const rrn_infer_block *b, const rrn_quantised_layer *l, const double *y)
{
  const size_t row = (size_t)b->group * b->n_out;
  size_t p, out;
  int32_t lane;

  for (lane = 0; lane < b->n_images; lane++)
    for (p = 0; p < b->n_positions; p++)
      for (out = 0; out < b->n_out; out++)
        b->y[out * b->y_row + p * b->y_position + (size_t)lane] =
          (float)(l->unit[row + out] * (*y++ - (double)l->x_zero * (double)l->sums[row + out]));
}

static void
count(rrn_chip *c, int32_t layer, const rrn_xbar_stats *stats)
{
  struct counts *n = &c->counts[layer];

  atomic_fetch_add_explicit(&n->conversions, stats->conversions, memory_order_relaxed);
  atomic_fetch_add_explicit(&n->clipped_low, stats->clipped_low, memory_order_relaxed);
  atomic_fetch_add_explicit(&n->clipped_high, stats->clipped_high, memory_order_relaxed);
}

/* Read noise goes by the number of a vector, images in order and positions within them. */
static int32_t
multiply_vectors(rrn_chip *c, desk *d, const rrn_infer_block *b, const int32_t *x, double *ret_y, rrn_xbar_stats *stats,
                 rramnas_error *err)
{
  const array *a = &c->arrays[b->layer][b->group];
  const uint64_t per_image = c->q->layers[b->layer].shape.n_positions;
  const size_t n = b->n_positions;
  size_t lane;

  if (a->layer.read_model == RRN_READ_NONE)
    return rrn_xbar_mvm(&d->arena, &a->kernel, x, n * (size_t)b->n_images, 0, ret_y, stats, err);
  for (lane = 0; lane < (size_t)b->n_images; lane++)
    RRN_TRY(rrn_xbar_mvm(&d->arena, &a->kernel, x + lane * n * b->n_in, n,
                         (uint32_t)((b->first_image + lane) * per_image + b->first_position), ret_y + lane * n * b->n_out,
                         stats, err));
  return RRAMNAS_OK;
}

static int32_t
multiply_at(rrn_chip *c, desk *d, const rrn_infer_block *b, rramnas_error *err)
{
  const rrn_quantised_layer *l = &c->q->layers[b->layer];
  const size_t n = (size_t)b->n_images * b->n_positions;
  float *x = rrn_arena_alloc_raw(&d->arena, n, b->n_in * sizeof(*x));
  int32_t *q = rrn_arena_alloc_raw(&d->arena, n, b->n_in * sizeof(*q));
  double *y = rrn_arena_alloc_raw(&d->arena, n, b->n_out * sizeof(*y));
  rrn_xbar_stats stats = { 0 };

  if (!x || !q || !y)
    return rrn_fail_memory(err);
  gather(b, x);
  rrn_quantise_inputs(l, x, n * b->n_in, q);
  RRN_TRY(multiply_vectors(c, d, b, q, y, &stats, err));
  scatter(b, l, y);
  count(c, b->layer, &stats);
  return RRAMNAS_OK;
}

static int32_t
multiply(void *user, const rrn_infer_block *b, rramnas_error *err)
{
  rrn_chip *c = user;
  int32_t status;
  desk *d;

  if (!c->arrays[b->layer]) {
    rrn_infer_multiply_floats(c->q->plan, b);
    return RRAMNAS_OK;
  }
  d = take_desk(c);
  status = multiply_at(c, d, b, err);
  leave_desk(d);
  return status;
}

/* --- the whole --- */

static rrn_chip *
new_chip(const rrn_rt *rt, const rrn_quantised *q)
{
  rrn_chip *c = rrn_calloc(rt, 1, sizeof(*c));
  size_t i;

  if (!c)
    return NULL;
  c->rt = rt;
  c->q = q;
  c->backend = (rrn_infer_backend){ .multiply = multiply, .user = c };
  rrn_arena_init(&c->arena, rt);
  for (i = 0; i < MOST_DESKS; i++) {
    atomic_flag_clear(&c->desks[i].busy);
    rrn_arena_init(&c->desks[i].arena, rt);
  }
  return c;
}

int32_t
rrn_chip_program(const rrn_rt *rt, const rrn_quantised *q, const rramnas_hw *hw, const rrn_chip_options *options,
                 rrn_chip **ret_chip, rramnas_error *err)
{
  rrn_chip *c = new_chip(rt, q);
  int32_t status = RRAMNAS_OK;
  size_t i;

  if (!c)
    return rrn_fail_memory(err);
  c->counts = rrn_arena_alloc(&c->arena, q->n, sizeof(*c->counts));
  if (!c->counts)
    status = rrn_fail_memory(err);
  c->arrays = rrn_arena_alloc(&c->arena, q->n, sizeof(*c->arrays));
  if (!c->arrays)
    status = rrn_fail_memory(err);
  for (i = 0; i < q->n && status >= 0; i++)
    status = program_layer(c, hw, options, i, err);
  if (status < 0)
    rrn_chip_free(c);
  else
    *ret_chip = c;
  return status;
}

void
rrn_chip_free(rrn_chip *c)
{
  size_t i;

  if (!c)
    return;
  for (i = 0; i < MOST_DESKS; i++)
    rrn_arena_release(&c->desks[i].arena);
  rrn_arena_release(&c->arena);
  rrn_free(c->rt, c);
}

const rrn_infer_backend *
rrn_chip_backend(const rrn_chip *c)
{
  return &c->backend;
}

rrn_xbar_stats
rrn_chip_stats(const rrn_chip *c, size_t layer)
{
  const struct counts *n = &c->counts[layer];

  return (rrn_xbar_stats){ .conversions = atomic_load(&n->conversions), .clipped_low = atomic_load(&n->clipped_low),
                           .clipped_high = atomic_load(&n->clipped_high) };
}
