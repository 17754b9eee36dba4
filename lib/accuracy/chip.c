/* SPDX-License-Identifier: MIT */
/* A programmed chip, as what multiplies in a network.
 *
 * In:  integer layers, a chip's device, cells and converters; a seed and the number of the chip.
 * Out: products of floats through crossbars: inputs become integers, these steps of the wordlines, currents codes, codes sums,
 *      sums floats again: unit[out] (y - zero sum w).
 *
 * Each group of a layer has arrays of its own, written once, and so has each copy of the layer. Positions of an image are
 * dealt to the copies as evenly as they go, the first copies taking one more; each takes a run of them, the same in every
 * group. A cell's errors are a function of (seed, trial, copy, layer, group, cell), a converter's result one of the
 * current: results depend on no batch and no thread. Chips without errors of their own have one copy. A thread works in a
 * desk of its own: memory that stays between calls. Memory: that of the cells in use, 3 bytes for each pair. */
#include <stdatomic.h>
#include <string.h>

#include <xxhash.h>

#include "accuracy/accuracy.h"
#include "infer/kernels.h"
#include "xbar/compensate.h"
#include "xbar/converter.h"
#include "xbar/mvm_short.h"
#include "xbar/wires.h"

enum { MOST_DESKS = 256 };

typedef struct array {
  rrn_xbar_layer layer;
  rrn_xbar_kernel kernel;
  rrn_xbar_compensation compensation;
} array;

/* What one copy of a layer is written into. */
typedef struct copy {
  array *arrays; /* [n_groups]; NULL = small */
  rrn_xbar_short *small;
} copy;

typedef struct desk {
  atomic_flag busy;
  rrn_arena arena, inner; /* of a call, and of one group in it */
} desk;

struct rrn_chip {
  const rrn_rt *rt;
  const rrn_quantised *q;
  rrn_arena arena, *arenas; /* [q->n]: of each layer */
  struct written {
    copy *copies; /* [n_copies]; NULL = stays in floats */
    size_t n_copies;
    int all_small;
  } *layers; /* [q->n] */
  const rrn_infer_kernels *kernels;
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

/* A group's layer as its designer has it: ideal cells, no converter. */
static int32_t
design(const rrn_chip *c, const rramnas_hw *hw, const rrn_chip_options *o, size_t i, size_t group, rrn_xbar_layer *ret,
       rramnas_error *err)
{
  const rrn_quantised_layer *l = &c->q->layers[i];
  rrn_xbar_spec spec = rrn_xbar_spec_of(hw);

  spec.weight_bits = l->weight_bits;
  spec.input_bits = l->input_bits;
  return rrn_xbar_layer_create(&spec, l->weights + group * l->shape.n_out * l->shape.n_in, l->shape.n_out, l->shape.n_in,
                               name_of(o, i, group), ret, err);
}

/* Converters are calibrated before the errors: a chip's designer does not know them. */
static int32_t
set_or_take_converter(rrn_chip *c, const rramnas_hw *hw, const rrn_chip_options *o, size_t i, size_t group,
                      rrn_xbar_layer *layer, rramnas_error *err)
{
  if (!o->like)
    return set_converter(c, hw, o, &c->q->layers[i], group, layer, err);
  layer->adc = o->like->layers[i].copies->small ? rrn_xbar_short_layer(o->like->layers[i].copies->small, group).adc
                                                : o->like->layers[i].copies->arrays[group].layer.adc;
  return RRAMNAS_OK;
}

/* What devices and wires make of the cells. */
static int32_t
write_cells(rrn_arena *arena, const rramnas_hw *hw, double time_s, rrn_xbar_layer *layer, rramnas_error *err)
{
  const rrn_xbar_noise noise = rrn_xbar_noise_of(hw, time_s);
  const rrn_xbar_wiring wiring = rrn_xbar_wiring_of(hw);

  rrn_xbar_program(layer, &noise);
  layer->read_by_column = 1;
  return rrn_xbar_wires_apply(arena, layer, &wiring, err);
}

/* Reference read-outs with the inputs that also calibrate converters. */
static int32_t
compensate(rrn_chip *c, const rramnas_hw *hw, size_t i, size_t group, const rrn_xbar_layer *blank, array *a,
           rramnas_error *err)
{
  const rrn_quantised_layer *l = &c->q->layers[i];
  const int32_t *sample = l->sample + group * l->n_sample * l->shape.n_in;
  rrn_xbar_layer fresh = *blank;
  rrn_arena scratch;
  int32_t status;

  if (hw->v.noise.compensation == RRN_COMPENSATE_NONE)
    return RRAMNAS_OK;
  rrn_arena_init(&scratch, c->rt);
  status = write_cells(&scratch, hw, 0, &fresh, err);
  if (status >= 0)
    status = rrn_xbar_compensate(&c->arenas[i], &fresh, &a->layer, hw->v.noise.compensation, sample, l->n_sample,
                                 &a->compensation, err);
  rrn_arena_release(&scratch);
  return status;
}

static int32_t
program_cells(rrn_chip *c, const rramnas_hw *hw, const rrn_chip_options *o, size_t i, size_t group, array *a,
              rramnas_error *err)
{
  const rrn_xbar_converter_spec converters = rrn_xbar_converter_spec_of(hw);
  rrn_xbar_layer blank;

  RRN_TRY(set_or_take_converter(c, hw, o, i, group, &a->layer, err));
  RRN_TRY(rrn_xbar_converters_draw(&c->arenas[i], &a->layer, &converters, err));
  blank = a->layer;
  RRN_TRY(write_cells(&c->arenas[i], hw, o->time_s, &a->layer, err));
  return compensate(c, hw, i, group, &blank, a, err);
}

static int32_t
program_array(rrn_chip *c, const rramnas_hw *hw, const rrn_chip_options *o, size_t i, size_t group, array *a,
              rramnas_error *err)
{
  RRN_TRY(design(c, hw, o, i, group, &a->layer, err));
  if (!o->is_ideal)
    RRN_TRY(program_cells(c, hw, o, i, group, a, err));
  return rrn_xbar_kernel_create(&c->arenas[i], &a->layer, rrn_xbar_cpu_best(), &a->kernel, err);
}

/* Short arrays know the errors of devices only. */
static int
is_plain(const rramnas_hw *hw)
{
  return hw->v.crossbar.ir_drop == RRN_IR_DROP_IGNORED && hw->v.noise.compensation == RRN_COMPENSATE_NONE &&
         hw->v.adc.unit_sigma == 0 && hw->v.adc.offset_sigma == 0;
}

/* Converters of all groups: those that the first chip chose, or new ones. */
static int32_t
converters_of(rrn_chip *c, const rramnas_hw *hw, const rrn_chip_options *o, size_t i, rrn_arena *scratch,
              rrn_xbar_layer *ret_first, rrn_xbar_adc **ret_adcs, rramnas_error *err)
{
  const size_t n = c->q->layers[i].shape.n_groups;
  rrn_xbar_adc *adcs = rrn_arena_alloc(scratch, n, sizeof(*adcs));
  rrn_xbar_layer layer;
  size_t g;

  if (!adcs)
    return rrn_fail_memory(err);
  for (g = 0; g < n; g++) {
    RRN_TRY(design(c, hw, o, i, g, &layer, err));
    RRN_TRY(set_converter(c, hw, o, &c->q->layers[i], g, &layer, err));
    adcs[g] = layer.adc;
    if (g == 0)
      *ret_first = layer;
  }
  *ret_adcs = adcs;
  return RRAMNAS_OK;
}

/* Leaves ret->small as it is where the layer is none. */
static int32_t
try_short(rrn_chip *c, const rramnas_hw *hw, const rrn_chip_options *o, size_t i, rrn_arena *scratch, copy *ret,
          rramnas_error *err)
{
  const size_t n = c->q->layers[i].shape.n_groups;
  const rrn_xbar_noise noise = rrn_xbar_noise_of(hw, o->time_s);
  const rrn_xbar_short *like = o->like ? o->like->layers[i].copies->small : NULL;
  rrn_xbar_adc *adcs = NULL;
  rrn_xbar_layer first;
  rrn_xbar_short *s;
  int fits;

  if (o->is_ideal || !is_plain(hw) || (o->like && !like))
    return RRAMNAS_OK;
  if (like)
    RRN_TRY(design(c, hw, o, i, 0, &first, err));
  else
    RRN_TRY(converters_of(c, hw, o, i, scratch, &first, &adcs, err));
  rrn_xbar_program(&first, &noise);
  first.read_by_column = 1;
  if (adcs && !rrn_xbar_is_short(&first, adcs, n))
    return RRAMNAS_OK;
  if (!(s = rrn_arena_alloc_alone(&c->arenas[i], 1, sizeof(*s))))
    return rrn_fail_memory(err);
  RRN_TRY(rrn_xbar_short_create(&c->arenas[i], &first, n, adcs, like, rrn_xbar_cpu_best(), s, &fits, err));
  ret->small = fits ? s : NULL;
  return RRAMNAS_OK;
}

static int32_t
program_copy(rrn_chip *c, const rramnas_hw *hw, const rrn_chip_options *o, size_t i, copy *ret, rramnas_error *err)
{
  const size_t n = c->q->layers[i].shape.n_groups;
  rrn_arena scratch;
  int32_t status;
  size_t g;

  rrn_arena_init(&scratch, c->rt);
  status = try_short(c, hw, o, i, &scratch, ret, err);
  rrn_arena_release(&scratch);
  if (status < 0 || ret->small)
    return status;
  ret->arrays = rrn_arena_alloc_alone(&c->arenas[i], n, sizeof(*ret->arrays));
  if (!ret->arrays)
    return rrn_fail_memory(err);
  for (g = 0; g < n; g++)
    RRN_TRY(program_array(c, hw, o, i, g, &ret->arrays[g], err));
  return RRAMNAS_OK;
}

/* Copies beyond the first have names of their own and the first one's converters. */
static rrn_chip_options
options_of_copy(const rrn_chip *c, const rrn_chip_options *o, size_t k)
{
  const uint64_t number = k;
  rrn_chip_options own = *o;

  if (k > 0) {
    own.seed = XXH3_64bits_withSeed(&number, sizeof(number), o->seed);
    own.like = o->like ? o->like : c;
  }
  return own;
}

int
rrn_chip_has_errors(const rramnas_hw *hw, const rrn_chip_options *o)
{
  const rrn_xbar_converter_spec converters = rrn_xbar_converter_spec_of(hw);
  const rrn_xbar_noise noise = rrn_xbar_noise_of(hw, o->time_s);

  return !o->is_ideal && (rrn_xbar_draws_cells(&noise) || (noise.read_model != RRN_READ_NONE && noise.read_sigma > 0) ||
                          converters.unit_sigma != 0 || converters.offset_sigma != 0);
}

/* Copies that differ: those that have a position to take. */
static size_t
count_copies(const rrn_quantised_layer *l, const rramnas_hw *hw, const rrn_chip_options *o)
{
  const size_t n = l->n_copies < l->shape.n_positions ? l->n_copies : l->shape.n_positions;

  return n > 1 && rrn_chip_has_errors(hw, o) ? n : 1;
}

static int32_t
program_layer(rrn_chip *c, const rramnas_hw *hw, const rrn_chip_options *o, size_t i, rramnas_error *err)
{
  const size_t n = c->q->layers[i].shape.n_groups, n_copies = count_copies(&c->q->layers[i], hw, o);
  struct written *w = &c->layers[i];
  size_t k;

  RRN_FAIL_IF(n >= 1u << 22, err, RRAMNAS_ERR_LIMIT, "layer %zu has %zu groups, expected fewer than 2^22", i, n);
  if (n == 0)
    return RRAMNAS_OK;
  w->copies = rrn_arena_alloc_alone(&c->arenas[i], n_copies, sizeof(*w->copies));
  if (!w->copies)
    return rrn_fail_memory(err);
  w->n_copies = n_copies;
  w->all_small = 1;
  for (k = 0; k < n_copies; k++) {
    const rrn_chip_options own = options_of_copy(c, o, k);

    RRN_TRY(program_copy(c, hw, &own, i, &w->copies[k], err));
    w->all_small &= w->copies[k].small != NULL;
  }
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
  rrn_arena_reset(&d->inner);
  atomic_flag_clear_explicit(&d->busy, memory_order_release);
}

/* The copy that takes a position, and the first position that it does not take. */
static const copy *
copy_at(const rrn_chip *c, int32_t layer, size_t position, size_t *ret_end)
{
  const struct written *w = &c->layers[layer];
  const size_t n = c->q->layers[layer].shape.n_positions, each = n / w->n_copies, more = n % w->n_copies;
  const size_t longer = more * (each + 1);
  const size_t k = position < longer ? position / (each + 1) : more + (position - longer) / each;

  *ret_end = (k + 1) * each + (k < more ? k + 1 : more);
  return &w->copies[k];
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
multiply_vectors(rrn_chip *c, desk *d, const array *a, const rrn_infer_block *b, const int32_t *x, double *ret_y,
                 rrn_xbar_stats *stats, rramnas_error *err)
{
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
multiply_at(rrn_chip *c, desk *d, const array *a, const rrn_infer_block *b, rramnas_error *err)
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
  RRN_TRY(multiply_vectors(c, d, a, b, q, y, &stats, err));
  rrn_xbar_compensated(&a->compensation, &a->layer, q, n, y);
  scatter(b, l, y);
  count(c, b->layer, &stats);
  return RRAMNAS_OK;
}

/* --- short arrays --- */

/* Elements of a channel become the rows of its taps: [n_taps][n_positions][lanes]. */
static void
spread_channel(const rrn_infer_whole *w, const uint8_t *x, uint8_t outside, uint8_t *ret_rows)
{
  size_t tap, p;

  for (tap = 0; tap < w->n_taps; tap++)
    for (p = 0; p < w->n_positions; p++, ret_rows += RRN_INFER_LANES) {
      const int32_t element = w->table[p * w->n_taps + tap];

      if (element < 0)
        memset(ret_rows, outside, RRN_INFER_LANES);
      else
        memcpy(ret_rows, x + (size_t)element * RRN_INFER_LANES, RRN_INFER_LANES);
    }
}

/* Vectors of positions in a row: inputs x[n_in][x_row], of which each has n; where their results go. */
typedef struct vectors {
  const uint8_t *x;
  size_t x_row, n, n_images; /* images: lanes in use */
  const uint32_t *numbers;   /* [n] in the streams of read noise; NULL without */
  float *y;
  size_t y_row, y_position;
} vectors;

/* What is added to every sum of an output, in units of the sums: NULL when it differs from vector to vector. */
typedef struct bases {
  double scale, base, input_scale;
  double *x;      /* [n_vectors]: input_scale times the sum of a vector's inputs; NULL when there is none */
  double *all;    /* [n_vectors], or [lanes] without x */
} bases;

static int32_t
make_bases(desk *d, const rrn_xbar_short *s, size_t group, const vectors *vs, bases *ret, rramnas_error *err)
{
  const size_t n_vectors = vs->n;
  size_t in, v;

  *ret = (bases){ 0 };
  rrn_xbar_short_scale(s, group, &ret->scale, &ret->base, &ret->input_scale);
  if (ret->input_scale != 0 && !(ret->x = rrn_arena_alloc(&d->inner, n_vectors, sizeof(*ret->x))))
    return rrn_fail_memory(err);
  ret->all = rrn_arena_alloc_raw(&d->inner, ret->x ? n_vectors : RRN_INFER_LANES, sizeof(*ret->all));
  if (!ret->all)
    return rrn_fail_memory(err);
  for (in = 0; ret->x && in < s->head.n_in; in++)
    for (v = 0; v < n_vectors; v++)
      ret->x[v] += ret->input_scale * vs->x[in * vs->x_row + v];
  return RRAMNAS_OK;
}

/* One group: sums, and from them y[out][position][lanes]. */
static int32_t
multiply_rows(rrn_chip *c, desk *d, const rrn_xbar_short *s, size_t group, const vectors *vs, rrn_xbar_stats *stats,
              rramnas_error *err)
{
  const rrn_quantised_layer *l = &c->q->layers[s->head.id.layer];
  const size_t n_vectors = vs->n, step = RRN_INFER_LANES, together = vs->y_position == step ? n_vectors : step;
  int32_t *sums = rrn_arena_alloc_raw(&d->inner, s->head.cols, n_vectors * sizeof(*sums));
  size_t out, v, k;
  bases b;

  if (!sums)
    return rrn_fail_memory(err);
  RRN_TRY(make_bases(d, s, group, vs, &b, err));
  RRN_TRY(rrn_xbar_short_run(&d->inner, s, group, vs->x, vs->x_row, n_vectors, vs->n_images, vs->numbers, sums, stats, err));
  for (out = 0; out < s->head.n_out; out++) {
    const size_t row = group * s->head.n_out + out;
    const double base = b.base - (double)l->x_zero * (double)l->sums[row];

    for (k = 0; k < (b.x ? n_vectors : step); k++)
      b.all[k] = base + (b.x ? b.x[k] : 0);
    for (v = 0; v < n_vectors; v += together)
      c->kernels->of_integers(sums + out * n_vectors + v, b.all + (b.x ? v : 0), together, b.x ? step : 0, b.scale,
                              (double)l->unit[row], vs->y + out * vs->y_row + v / step * vs->y_position);
  }
  rrn_arena_reset(&d->inner);
  return RRAMNAS_OK;
}

/* The same for positions that several copies share. */
static int32_t
multiply_dealt(rrn_chip *c, desk *d, const rrn_infer_whole *w, size_t group, const vectors *all, rrn_xbar_stats *stats,
               rramnas_error *err)
{
  size_t done, n;

  for (done = 0; done < w->n_positions; done += n) {
    size_t end;
    const copy *k = copy_at(c, w->layer, w->first_position + done, &end);
    vectors vs = *all;

    n = end - w->first_position < w->n_positions ? end - w->first_position - done : w->n_positions - done;
    vs.x += done * RRN_INFER_LANES;
    vs.n = n * RRN_INFER_LANES;
    vs.numbers = all->numbers ? all->numbers + done * RRN_INFER_LANES : NULL;
    vs.y += done * vs.y_position;
    RRN_TRY(multiply_rows(c, d, k->small, group, &vs, stats, err));
  }
  return RRAMNAS_OK;
}

/* Numbers of vectors in the streams of read noise: images in order and positions within them. */
static int32_t
number_vectors(rrn_chip *c, desk *d, const rrn_xbar_short *s, uint64_t first_image, size_t first_position,
               size_t n_positions, uint32_t **ret_numbers, rramnas_error *err)
{
  const uint64_t per_image = c->q->layers[s->head.id.layer].shape.n_positions;
  uint32_t *numbers;
  size_t p, lane;

  if (!s->spreads)
    return RRAMNAS_OK;
  if (!(numbers = rrn_arena_alloc_raw(&d->arena, n_positions, RRN_INFER_LANES * sizeof(*numbers))))
    return rrn_fail_memory(err);
  for (p = 0; p < n_positions; p++)
    for (lane = 0; lane < RRN_INFER_LANES; lane++)
      numbers[p * RRN_INFER_LANES + lane] = (uint32_t)((first_image + lane) * per_image + first_position + p);
  *ret_numbers = numbers;
  return RRAMNAS_OK;
}

static uint8_t
byte_of_zero(const rrn_quantised_layer *l)
{
  const float zero = 0;
  int32_t q;

  rrn_quantise_inputs(l, &zero, 1, &q);
  return (uint8_t)q;
}

static void
to_bytes(const rrn_chip *c, const rrn_quantised_layer *l, const float *x, size_t n, uint8_t *ret_bytes)
{
  c->kernels->to_bytes(x, n, l->x_unit, (float)l->x_zero, (float)((1 << l->input_bits) - 1), ret_bytes);
}

/* All inputs become bytes once; those of a group are spread to the positions that use them. */
static int32_t
multiply_whole_at(rrn_chip *c, desk *d, const rrn_infer_whole *w, rrn_xbar_stats *stats, rramnas_error *err)
{
  const rrn_quantised_layer *l = &c->q->layers[w->layer];
  const size_t per_channel = w->n_elements * RRN_INFER_LANES, n = w->n_positions * RRN_INFER_LANES;
  vectors all = { .x_row = n, .n_images = (size_t)w->n_images, .y_row = n, .y_position = RRN_INFER_LANES };
  uint8_t *bytes = rrn_arena_alloc_raw(&d->arena, w->n_groups * w->n_channels, per_channel);
  uint8_t *rows = w->table ? rrn_arena_alloc_raw(&d->arena, w->n_in, n) : NULL;
  const uint8_t outside = byte_of_zero(l);
  uint32_t *numbers = NULL;
  size_t g, k;

  if (!bytes || (w->table && !rows))
    return rrn_fail_memory(err);
  RRN_TRY(number_vectors(c, d, c->layers[w->layer].copies->small, w->first_image, w->first_position, w->n_positions, &numbers, err));
  to_bytes(c, l, w->x, w->n_groups * w->n_channels * per_channel, bytes);
  all.numbers = numbers;
  for (g = 0; g < w->n_groups; g++) {
    const uint8_t *x = bytes + g * w->n_channels * per_channel;

    for (k = 0; w->table && k < w->n_channels; k++)
      spread_channel(w, x + k * per_channel, outside, rows + k * w->n_taps * n);
    all.x = w->table ? rows : x;
    all.y = w->y + g * w->n_out * n;
    RRN_TRY(multiply_dealt(c, d, w, g, &all, stats, err));
  }
  return RRAMNAS_OK;
}

static int32_t
multiply_whole(void *user, const rrn_infer_whole *w, rramnas_error *err)
{
  rrn_chip *c = user;
  rrn_xbar_stats stats = { 0 };
  int32_t status;
  desk *d;

  if (!c->layers[w->layer].all_small)
    return RRN_INFER_BY_BLOCKS;
  d = take_desk(c);
  status = multiply_whole_at(c, d, w, &stats, err);
  leave_desk(d);
  count(c, w->layer, &stats);
  return status;
}

/* Products of another form. */
static int32_t
multiply_short_block(rrn_chip *c, desk *d, const rrn_xbar_short *s, const rrn_infer_block *b, rramnas_error *err)
{
  const rrn_quantised_layer *l = &c->q->layers[b->layer];
  const size_t n = b->n_positions * RRN_INFER_LANES;
  uint8_t *rows = rrn_arena_alloc_raw(&d->arena, b->n_in, n);
  vectors vs = { .x = rows, .x_row = n, .n = n, .n_images = (size_t)b->n_images, .y = b->y, .y_row = b->y_row,
                 .y_position = b->y_position };
  rrn_xbar_stats stats = { 0 };
  uint32_t *numbers = NULL;
  size_t in, p;

  if (!rows)
    return rrn_fail_memory(err);
  RRN_TRY(number_vectors(c, d, s, b->first_image, b->first_position, b->n_positions, &numbers, err));
  for (in = 0; in < b->n_in; in++)
    for (p = 0; p < b->n_positions; p++)
      to_bytes(c, l, b->x + in * b->x_row + p * b->x_position, RRN_INFER_LANES, rows + in * n + p * RRN_INFER_LANES);
  vs.numbers = numbers;
  RRN_TRY(multiply_rows(c, d, s, (size_t)b->group, &vs, &stats, err));
  count(c, b->layer, &stats);
  return RRAMNAS_OK;
}

static int32_t
multiply(void *user, const rrn_infer_block *b, rramnas_error *err)
{
  rrn_chip *c = user;
  int32_t status = RRAMNAS_OK;
  size_t done;

  if (!c->layers[b->layer].copies) {
    rrn_infer_multiply_floats(c->q->plan, b);
    return RRAMNAS_OK;
  }
  for (done = 0; done < b->n_positions && status >= 0;) {
    rrn_infer_block part = *b;
    desk *d = take_desk(c);
    const copy *k;
    size_t end;

    part.first_position += done;
    k = copy_at(c, b->layer, part.first_position, &end);
    part.n_positions = end - b->first_position < b->n_positions ? end - part.first_position : b->n_positions - done;
    part.x += done * b->x_position;
    part.y += done * b->y_position;
    status = k->small ? multiply_short_block(c, d, k->small, &part, err)
                      : multiply_at(c, d, &k->arrays[b->group], &part, err);
    leave_desk(d);
    done += part.n_positions;
  }
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
  c->backend = (rrn_infer_backend){ .multiply = multiply, .multiply_whole = multiply_whole, .user = c };
  c->kernels = rrn_infer_kernels_best();
  rrn_arena_init(&c->arena, rt);
  for (i = 0; i < MOST_DESKS; i++) {
    atomic_flag_clear(&c->desks[i].busy);
    rrn_arena_init(&c->desks[i].arena, rt);
    rrn_arena_init(&c->desks[i].inner, rt);
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
  c->layers = rrn_arena_alloc(&c->arena, q->n, sizeof(*c->layers));
  c->arenas = rrn_arena_alloc(&c->arena, q->n, sizeof(*c->arenas));
  for (i = 0; c->arenas && i < q->n; i++)
    rrn_arena_init(&c->arenas[i], rt);
  if (!c->layers || !c->arenas)
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
  for (i = 0; i < MOST_DESKS; i++) {
    rrn_arena_release(&c->desks[i].arena);
    rrn_arena_release(&c->desks[i].inner);
  }
  for (i = 0; c->arenas && i < c->q->n; i++)
    rrn_arena_release(&c->arenas[i]);
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
