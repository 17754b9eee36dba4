/* SPDX-License-Identifier: MIT */
/* Layers as integers, after training.
 *
 * In:  a plan with its weights, images of the training set, bits per layer.
 * Out: integer weights with a unit per output channel; unit and zero of each layer's inputs; a sample of these.
 *
 * Weights are symmetric: the greatest magnitude of an output channel becomes 2^(bits - 1) - 1. The unit costs nothing on the
 * chip: it is a digital factor behind the converter, which batch normalisation has anyway. Inputs are unsigned, as wordline
 * drivers are: q = round(x / unit) + zero, with the zero an integer so that the padding's 0 is exact; behind a ReLU zero is 0.
 * The product sum w (q - zero) = sum w q - zero sum w takes one known number per column.
 * Source: Jacob et al., "Quantization and Training of Neural Networks", CVPR 2018, equations 3 to 7.
 *
 * Rounding is to nearest, ties away from zero: one addition and a truncation, the same on every machine. */
#include <math.h>
#include <string.h>

#include "accuracy/accuracy.h"

/* Enough that one current in some thousand is seen. */
enum { MOST_SAMPLES = 128, STRIDE = 7919, SOME = 4 };

typedef float some __attribute__((vector_size(4 * SOME)));
typedef int32_t whole __attribute__((vector_size(4 * SOME)));

#define CHOOSE(which, a, b) ((some)(((whole)(a) & (which)) | ((whole)(b) & ~(which))))

/* What flows into a layer. */
typedef struct seen {
  float least, greatest;
  float *sample;   /* [n_groups][n_sample][n_in] */
  size_t per_image, every; /* positions of an image that are kept: so many, at this distance */
} seen;

typedef struct observer {
  rrn_quantised *q;
  seen *layers;
} observer;

/* --- what flows --- */

/* Of each image other positions, so that edges and middles are in the sample as often as in the images. */
static void
keep(const rrn_infer_block *b, const rrn_quantised_layer *l, const seen *s, int32_t lane)
{
  const size_t image = b->first_image + (size_t)lane, n = l->shape.n_positions, shift = image * STRIDE % n;
  size_t j, in;

  for (j = 0; j < s->per_image && image * s->per_image + j < l->n_sample; j++) {
    const size_t position = (j * s->every + n - shift) % n - b->first_position;
    float *row = s->sample + ((size_t)b->group * l->n_sample + image * s->per_image + j) * l->shape.n_in;

    if (position < b->n_positions)
      for (in = 0; in < b->n_in; in++)
        row[in] = b->x[in * b->x_row + position * b->x_position + (size_t)lane];
  }
}

/* Lane by lane, which takes a vector at a time. */
static void
widen(const rrn_infer_block *b, seen *s)
{
  float least[RRN_INFER_LANES], greatest[RRN_INFER_LANES];
  size_t in, p;
  int32_t lane;

  for (lane = 0; lane < RRN_INFER_LANES; lane++) {
    least[lane] = s->least;
    greatest[lane] = s->greatest;
  }
  for (in = 0; in < b->n_in; in++)
    for (p = 0; p < b->n_positions; p++) {
      const float *x = b->x + in * b->x_row + p * b->x_position;

      for (lane = 0; lane < RRN_INFER_LANES; lane++) {
        least[lane] = x[lane] < least[lane] ? x[lane] : least[lane];
        greatest[lane] = x[lane] > greatest[lane] ? x[lane] : greatest[lane];
      }
    }
  for (lane = 0; lane < b->n_images; lane++) {
    s->least = least[lane] < s->least ? least[lane] : s->least;
    s->greatest = greatest[lane] > s->greatest ? greatest[lane] : s->greatest;
  }
}

static int32_t
observe(void *user, const rrn_infer_block *b, rramnas_error *err)
{
  const observer *o = user;
  const rrn_quantised_layer *l = &o->q->layers[b->layer];
  int32_t lane;

  (void)err;
  rrn_infer_multiply_floats(o->q->plan, b);
  if (l->shape.n_groups == 0)
    return RRAMNAS_OK;
  widen(b, &o->layers[b->layer]);
  for (lane = 0; lane < b->n_images; lane++)
    keep(b, l, &o->layers[b->layer], lane);
  return RRAMNAS_OK;
}

static int32_t
prepare(observer *o, rrn_arena *scratch, size_t n_images, rramnas_error *err)
{
  rrn_quantised *q = o->q;
  size_t i;

  o->layers = rrn_arena_alloc(scratch, q->n, sizeof(*o->layers));
  if (!o->layers)
    return rrn_fail_memory(err);
  for (i = 0; i < q->n; i++) {
    rrn_quantised_layer *l = &q->layers[i];
    const size_t kept = MOST_SAMPLES / n_images ? MOST_SAMPLES / n_images : 1;
    seen *s = &o->layers[i];

    if (l->shape.n_groups == 0)
      continue;
    s->per_image = kept < l->shape.n_positions ? kept : l->shape.n_positions;
    s->every = l->shape.n_positions / s->per_image;
    l->n_sample = s->per_image * n_images < MOST_SAMPLES ? s->per_image * n_images : MOST_SAMPLES;
    s->sample = rrn_arena_alloc(scratch, l->shape.n_groups * l->n_sample, l->shape.n_in * sizeof(*s->sample));
    if (!s->sample)
      return rrn_fail_memory(err);
  }
  return RRAMNAS_OK;
}

/* --- integers --- */

static int32_t
nearest(float x)
{
  return (int32_t)(x < 0 ? x - 0.5f : x + 0.5f);
}

/* So that `most` steps reach `range`; 1 where that is too little to be taken apart. */
static float
unit_of(float range, float most)
{
  return range / most > 0 ? range / most : 1;
}

static int
are_finite(const float *x, size_t n)
{
  size_t i;

  for (i = 0; i < n && isfinite(x[i]); i++)
    ;
  return i == n;
}

/* Weights of one output channel, finite ones; their unit. */
static float
quantise_row(const float *w, size_t n, int32_t bits, int32_t *ret_row, int64_t *ret_sum)
{
  const float top = (float)((1 << (bits - 1)) - 1);
  float greatest = 0, unit;
  size_t i;

  for (i = 0; i < n; i++)
    greatest = fabsf(w[i]) > greatest ? fabsf(w[i]) : greatest;
  unit = unit_of(greatest, top);
  *ret_sum = 0;
  for (i = 0; i < n; i++) {
    const float q = w[i] / unit;

    ret_row[i] = nearest(q > top ? top : q < -top ? -top : q);
    *ret_sum += ret_row[i];
  }
  return unit;
}

static void
choose_inputs(rrn_quantised_layer *l, const seen *s)
{
  const float steps = (float)((1 << l->input_bits) - 1), range = s->greatest - s->least;

  l->x_unit = unit_of(range, steps);
  l->x_zero = nearest(-s->least / l->x_unit);
}

static inline whole
quantise_some(const rrn_quantised_layer *l, some x)
{
  const float top = (float)((1 << l->input_bits) - 1);
  const some zero = { 0 }, q = x / (zero + l->x_unit) + (float)l->x_zero;
  const some above = CHOOSE(q > zero, q, zero); /* 0 when it is no number */

  return __builtin_convertvector(CHOOSE(above < top, above, zero + top) + 0.5f, whole);
}

void
rrn_quantise_inputs(const rrn_quantised_layer *l, const float *x, size_t n, int32_t *ret_q)
{
  const size_t last = n / SOME * SOME;
  some q = { 0 };
  whole rounded;
  size_t i;

  for (i = 0; i < last; i += SOME) {
    memcpy(&q, x + i, sizeof(q));
    rounded = quantise_some(l, q);
    memcpy(ret_q + i, &rounded, sizeof(rounded));
  }
  memcpy(&q, x + last, (n - last) * sizeof(*x));
  rounded = quantise_some(l, q);
  memcpy(ret_q + last, &rounded, (n - last) * sizeof(*ret_q));
}

static int32_t
reserve(rrn_quantised *q, rrn_quantised_layer *l, rramnas_error *err)
{
  const size_t rows = l->shape.n_groups * l->shape.n_out;

  l->weights = rrn_arena_alloc_raw(&q->arena, rows, l->shape.n_in * sizeof(*l->weights));
  l->unit = rrn_arena_alloc_raw(&q->arena, rows, sizeof(*l->unit));
  l->sums = rrn_arena_alloc_raw(&q->arena, rows, sizeof(*l->sums));
  l->sample = rrn_arena_alloc_raw(&q->arena, l->shape.n_groups * l->n_sample, l->shape.n_in * sizeof(*l->sample));
  return l->weights && l->unit && l->sums && l->sample ? RRAMNAS_OK : rrn_fail_memory(err);
}

static int32_t
quantise_layer(rrn_quantised *q, size_t i, const seen *s, rrn_arena *scratch, rramnas_error *err)
{
  rrn_quantised_layer *l = &q->layers[i];
  const size_t rows = l->shape.n_groups * l->shape.n_out, n_in = l->shape.n_in;
  float *w = rrn_arena_alloc_raw(scratch, rows, n_in * sizeof(*w));
  size_t r;

  if (!w)
    return rrn_fail_memory(err);
  RRN_TRY(rrn_infer_layer_weights(q->plan, (int32_t)i, w, err));
  RRN_FAIL_IF(!are_finite(w, rows * n_in), err, RRAMNAS_ERR_RANGE,
              "layer %zu (\"%.200s\"): a weight is no finite number", i, rrn_infer_layer_name(q->plan, (int32_t)i));
  RRN_FAIL_IF(!isfinite(s->greatest - s->least), err, RRAMNAS_ERR_RANGE,
              "layer %zu: its inputs overflow single precision on the images that it is calibrated with", i);
  RRN_TRY(reserve(q, l, err));
  choose_inputs(l, s);
  for (r = 0; r < rows; r++)
    l->unit[r] = l->x_unit * quantise_row(w + r * n_in, n_in, l->weight_bits, l->weights + r * n_in, &l->sums[r]);
  rrn_quantise_inputs(l, s->sample, l->shape.n_groups * l->n_sample * n_in, l->sample);
  return RRAMNAS_OK;
}

static int32_t
quantise_all(observer *o, rrn_arena *scratch, const float *images, size_t n, rramnas_error *err)
{
  rrn_quantised *q = o->q;
  const rrn_infer_backend watching = { .multiply = observe, .user = o };
  size_t i;

  RRN_TRY(prepare(o, scratch, n, err));
  RRN_TRY(rrn_infer_run(q->plan, &watching, images, n, 1, NULL, err));
  for (i = 0; i < q->n; i++)
    if (q->layers[i].shape.n_groups > 0)
      RRN_TRY(quantise_layer(q, i, &o->layers[i], scratch, err));
  return RRAMNAS_OK;
}

static int32_t
describe(rrn_quantised *q, const rrn_layer_bits *bits, rramnas_error *err)
{
  size_t i;

  for (i = 0; i < q->n; i++) {
    rrn_quantised_layer *l = &q->layers[i];

    if (bits[i].weight == 0 || rrn_infer_layer_of(q->plan, (int32_t)i, &l->shape, NULL) < 0) {
      l->shape.n_groups = 0;
      continue;
    }
    l->weight_bits = bits[i].weight;
    l->input_bits = bits[i].input;
    RRN_FAIL_IF(l->weight_bits < 2 || l->weight_bits > 16 || l->input_bits < 1 || l->input_bits > 16, err,
                RRAMNAS_ERR_RANGE, "layer %zu: %d bits of weights and %d of inputs, expected 2..16 and 1..16", i,
                (int)l->weight_bits, (int)l->input_bits);
  }
  return RRAMNAS_OK;
}

int32_t
rrn_quantise(const rrn_rt *rt, const rrn_infer_plan *plan, const rrn_layer_bits *bits, size_t n_layers,
             const float *images, size_t n, rrn_quantised *ret, rramnas_error *err)
{
  observer o = { .q = ret };
  rrn_arena scratch;
  int32_t status;

  RRN_FAIL_IF(n == 0, err, RRAMNAS_ERR_ARGUMENT, "no images to calibrate with");
  *ret = (rrn_quantised){ .plan = plan, .n = n_layers };
  rrn_arena_init(&ret->arena, rt);
  rrn_arena_init(&scratch, rt);
  ret->layers = rrn_arena_alloc(&ret->arena, n_layers, sizeof(*ret->layers));
  status = ret->layers ? describe(ret, bits, err) : rrn_fail_memory(err);
  if (status >= 0)
    status = quantise_all(&o, &scratch, images, n, err);
  rrn_arena_release(&scratch);
  if (status < 0)
    rrn_quantised_release(ret);
  return status;
}

void
rrn_quantised_release(rrn_quantised *q)
{
  rrn_arena_release(&q->arena);
  *q = (rrn_quantised){ .n = 0 };
}
