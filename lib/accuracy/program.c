/* SPDX-License-Identifier: MIT */
/* A chip is programmed.
 *
 * In:  integer layers, a chip's device, cells and converters; a seed and the number of the chip.
 * Out: arrays with errors, ready to be multiplied with (chip.c).
 *
 * Each group of a layer has arrays of its own, written once, and so has each copy of the layer; of a copy only the
 * groups that it takes positions of (deal.h). A cell's errors are a function of (seed, trial, copy, layer, group,
 * cell). Converters are chosen by the first chip's designer, who does not know the errors, and all chips of a run have
 * them. Layers know nothing of each other: while converters are chosen, which takes long, several threads have a layer
 * each. Chips without errors of their own have one copy. Memory: that of the cells in use, 3 bytes for each pair. */
#include <string.h>

#include <xxhash.h>

#include "accuracy/chip.h"
#include "accuracy/deal.h"
#include "util/pool.h"
#include "xbar/converter.h"
#include "xbar/wires.h"

static rrn_xbar_id
name_of(const rrn_chip_options *o, size_t layer, size_t group)
{
  /* The trial is part of the seed: what is left of an array's name are layer and group. */
  const uint64_t seed = XXH3_64bits_withSeed(&o->trial, sizeof(o->trial), o->seed);

  return (rrn_xbar_id){ .seed = seed, .layer = (uint32_t)layer, .copy = (uint32_t)group };
}

/* What takes all currents off the whole digits that cells are written for. */
static int
leaves_digits(const rramnas_hw *hw)
{
  const rrn_xbar_noise n = rrn_xbar_noise_of(hw, 0);

  return hw->v.crossbar.ir_drop != RRN_IR_DROP_IGNORED || n.drift_exponent != 0 || n.drift_by_state || n.relaxation != 0;
}

/* One code per digit where that covers all there is and loses nothing, else the range that a sample needs: it depends on
 * no bits, so that more of them only make levels finer. */
static int32_t
choose_range(const rramnas_hw *hw, const rrn_chip_options *o, const rrn_xbar_layer *layer)
{
  if (o->adc_range != RRN_ADC_AUTO)
    return o->adc_range;
  return hw->v.adc.bits >= rrn_hw_adc_bits_needed(hw) && rrn_xbar_adc_keeps_digits(layer) && !leaves_digits(hw)
           ? RRN_ADC_GRANULAR
           : RRN_ADC_CALIBRATED;
}

static int32_t
set_converter(rrn_chip *c, const rramnas_hw *hw, const rrn_chip_options *o, const rrn_quantised_layer *l, size_t group,
              rrn_xbar_layer *layer, rramnas_error *err)
{
  const int32_t range = choose_range(hw, o, layer);
  const int32_t *sample = l->sample + group * l->n_sample * l->shape.n_in;
  const double fraction = o->adc_fraction > 0 ? o->adc_fraction : 0.9999;
  rrn_arena scratch;
  int32_t status;

  rrn_arena_init(&scratch, c->rt);
  if (range == RRN_ADC_CALIBRATED)
    status = rrn_xbar_adc_calibrate(&scratch, layer, hw->v.adc.bits, sample, l->n_sample, fraction, err);
  else
    status = rrn_xbar_adc_set(layer, hw->v.adc.bits,
                              range == RRN_ADC_MAXIMUM ? RRN_XBAR_RANGE_MAX : RRN_XBAR_RANGE_GRANULAR, err);
  if (status >= 0 && o->use)
    status = rrn_adc_use_note(&c->layers[layer->id.layer].arena, &scratch, layer, sample, l->n_sample,
                              &o->use[layer->id.layer], err);
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
  spec.unit_outputs = l->unit_outputs;
  return rrn_xbar_layer_create(&spec, l->weights + group * l->shape.n_out * l->shape.n_in, l->shape.n_out,
                               l->shape.n_in, name_of(o, i, group), ret, err);
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
compensate(rrn_chip *c, const rramnas_hw *hw, size_t i, size_t group, const rrn_xbar_layer *blank, rrn_chip_array *a,
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
    status = rrn_xbar_compensate(&c->layers[i].arena, &fresh, &a->layer, hw->v.noise.compensation, sample, l->n_sample,
                                 &a->compensation, err);
  rrn_arena_release(&scratch);
  return status;
}

static int32_t
program_cells(rrn_chip *c, const rramnas_hw *hw, const rrn_chip_options *o, size_t i, size_t group, rrn_chip_array *a,
              rramnas_error *err)
{
  const rrn_xbar_converter_spec converters = rrn_xbar_converter_spec_of(hw);
  rrn_xbar_layer blank;

  RRN_TRY(rrn_xbar_converters_draw(&c->layers[i].arena, &a->layer, &converters, err));
  blank = a->layer;
  RRN_TRY(write_cells(&c->layers[i].arena, hw, o->time_s, &a->layer, err));
  return compensate(c, hw, i, group, &blank, a, err);
}

static int32_t
program_array(rrn_chip *c, const rramnas_hw *hw, const rrn_chip_options *o, size_t i, size_t group, rrn_chip_array *a,
              rramnas_error *err)
{
  RRN_TRY(design(c, hw, o, i, group, &a->layer, err));
  if (!o->is_ideal) {
    a->layer.adc = c->layers[i].adcs[group];
    RRN_TRY(program_cells(c, hw, o, i, group, a, err));
  }
  return rrn_xbar_kernel_create(&c->layers[i].arena, &a->layer, c->cpu, &a->kernel, err);
}

/* Short arrays know the errors of devices only. */
static int
is_plain(const rramnas_hw *hw)
{
  return hw->v.crossbar.ir_drop == RRN_IR_DROP_IGNORED && hw->v.noise.compensation == RRN_COMPENSATE_NONE &&
         hw->v.adc.unit_sigma == 0 && hw->v.adc.offset_sigma == 0;
}

/* The first group as short arrays have it. `like` differs in its name and its device's age, or is NULL. */
static int32_t
write_first(rrn_chip *c, const rramnas_hw *hw, const rrn_chip_options *o, size_t i, const rrn_xbar_short *like,
            rrn_xbar_layer *ret, rramnas_error *err)
{
  const rrn_xbar_noise noise = rrn_xbar_noise_of(hw, o->time_s);

  if (like) {
    *ret = like->head;
    ret->weights = c->q->layers[i].weights;
    ret->id = name_of(o, i, 0);
  } else
    RRN_TRY(design(c, hw, o, i, 0, ret, err));
  ret->adc = c->layers[i].adcs[0];
  rrn_xbar_program(ret, &noise);
  ret->read_by_column = 1;
  return RRAMNAS_OK;
}

/* Converters are calibrated before the errors: a chip's designer does not know them. */
static int32_t
choose_converters(rrn_chip *c, const rramnas_hw *hw, const rrn_chip_options *o, size_t i, rramnas_error *err)
{
  const size_t n = c->q->layers[i].shape.n_groups;
  rrn_xbar_adc *adcs = rrn_arena_alloc_alone(&c->layers[i].arena, n, sizeof(*adcs));
  rrn_xbar_layer layer;
  size_t g;

  if (!adcs)
    return rrn_fail_memory(err);
  for (g = 0; g < n; g++) {
    RRN_TRY(design(c, hw, o, i, g, &layer, err));
    RRN_TRY(set_converter(c, hw, o, &c->q->layers[i], g, &layer, err));
    adcs[g] = layer.adc;
  }
  c->layers[i].adcs = adcs;
  RRN_TRY(write_first(c, hw, o, i, NULL, &layer, err));
  c->layers[i].is_short = is_plain(hw) && rrn_xbar_is_short(&layer, adcs, n);
  return RRAMNAS_OK;
}

/* Those of all groups: the first chip's, or new ones. */
static int32_t
set_converters(rrn_chip *c, const rramnas_hw *hw, const rrn_chip_options *o, size_t i, rramnas_error *err)
{
  if (o->is_ideal)
    return RRAMNAS_OK;
  if (!o->like)
    return choose_converters(c, hw, o, i, err);
  c->layers[i].adcs = o->like->layers[i].adcs;
  c->layers[i].is_short = o->like->layers[i].is_short;
  return RRAMNAS_OK;
}

/* Leaves ret->small as it is where the copy is none. `groups` [n]. */
static int32_t
try_short(rrn_chip *c, const rramnas_hw *hw, const rrn_chip_options *o, size_t i, const uint32_t *groups, size_t n,
          rrn_chip_copy *ret, rramnas_error *err)
{
  const rrn_xbar_groups which = { .all = c->q->layers[i].shape.n_groups, .n = n, .groups = groups,
                                  .adcs = c->layers[i].adcs };
  const rrn_xbar_short *like = o->like ? o->like->layers[i].copies->small : NULL;
  rrn_xbar_layer first;
  rrn_xbar_short *s;
  int fits;

  if (!c->layers[i].is_short)
    return RRAMNAS_OK;
  RRN_TRY(write_first(c, hw, o, i, like, &first, err));
  if (!(s = rrn_arena_alloc_alone(&c->layers[i].arena, 1, sizeof(*s))))
    return rrn_fail_memory(err);
  RRN_TRY(rrn_xbar_short_create(&c->layers[i].arena, &first, &which, like, c->cpu, s, &fits, err));
  ret->small = fits ? s : NULL;
  return RRAMNAS_OK;
}

/* Groups of which a copy takes positions. */
static size_t
list_groups(const rrn_quantised_layer *l, size_t n_copies, size_t copy, uint32_t *ret_groups)
{
  size_t g, n = 0;

  for (g = 0; g < l->shape.n_groups; g++) {
    const rrn_deal d = rrn_deal_of(l, n_copies, g);

    if (rrn_deal_serves(&d, copy))
      ret_groups[n++] = (uint32_t)g;
  }
  return n;
}

/* So that the place of a group is not counted from the first one on. */
static int32_t
count_groups(rrn_arena *arena, size_t n_groups, const uint32_t *groups, size_t n, uint32_t **ret_before, rramnas_error *err)
{
  uint32_t *before = rrn_arena_alloc_alone(arena, n_groups / RRN_CHIP_FEW + 1, sizeof(*before));
  size_t few, k = 0;

  if (!before)
    return rrn_fail_memory(err);
  for (few = 0; few <= n_groups / RRN_CHIP_FEW; few++) {
    while (k < n && groups[k] < few * RRN_CHIP_FEW)
      k++;
    before[few] = (uint32_t)k;
  }
  *ret_before = before;
  return RRAMNAS_OK;
}

static int32_t
program_copy(rrn_chip *c, const rramnas_hw *hw, const rrn_chip_options *o, size_t i, size_t copy, uint32_t *groups,
             rramnas_error *err)
{
  rrn_chip_layer *l = &c->layers[i];
  rrn_chip_copy *ret = &l->copies[copy];
  const size_t n = list_groups(&c->q->layers[i], l->n_copies, copy, groups);
  size_t k;

  if (n < c->q->layers[i].shape.n_groups)
    RRN_TRY(count_groups(&l->arena, c->q->layers[i].shape.n_groups, groups, n, &ret->before, err));
  RRN_TRY(try_short(c, hw, o, i, groups, n, ret, err));
  if (ret->small)
    return RRAMNAS_OK;
  ret->arrays = rrn_arena_alloc_alone(&l->arena, n, sizeof(*ret->arrays));
  if (!ret->arrays)
    return rrn_fail_memory(err);
  for (k = 0; k < n; k++)
    RRN_TRY(program_array(c, hw, o, i, groups[k], &ret->arrays[k], err));
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

/* Copies that differ: those that have an activation to take. */
static size_t
count_copies(const rrn_quantised_layer *l, const rramnas_hw *hw, const rrn_chip_options *o)
{
  size_t turns = 1, n, g;

  for (g = 0; l->turns && g < l->shape.n_groups; g++)
    turns = l->turns[g].n_turns > turns ? l->turns[g].n_turns : turns;
  n = l->n_copies < l->shape.n_positions * turns ? l->n_copies : l->shape.n_positions * turns;
  return n > 1 && rrn_chip_has_errors(hw, o) ? n : 1;
}

static int32_t
program_layer(rrn_chip *c, const rramnas_hw *hw, const rrn_chip_options *o, size_t i, rramnas_error *err)
{
  const size_t n = c->q->layers[i].shape.n_groups;
  rrn_chip_layer *l = &c->layers[i];
  int32_t status = RRAMNAS_OK;
  uint32_t *groups;
  size_t k;

  RRN_FAIL_IF(n >= 1u << 22, err, RRAMNAS_ERR_LIMIT, "layer %zu has %zu groups, expected fewer than 2^22", i, n);
  if (n == 0)
    return RRAMNAS_OK;
  RRN_TRY(set_converters(c, hw, o, i, err));
  l->n_copies = count_copies(&c->q->layers[i], hw, o);
  l->copies = rrn_arena_alloc_alone(&l->arena, l->n_copies, sizeof(*l->copies));
  groups = rrn_alloc(c->rt, n, sizeof(*groups));
  if (!l->copies || !groups)
    status = rrn_fail_memory(err);
  l->all_small = 1;
  for (k = 0; k < l->n_copies && status >= 0; k++) {
    const rrn_chip_options own = options_of_copy(c, o, k);

    status = program_copy(c, hw, &own, i, k, groups, err);
    l->all_small &= l->copies[k].small != NULL;
  }
  rrn_free(c->rt, groups);
  return status;
}

/* Layers that are programmed, each by one thread. */
typedef struct programming {
  rrn_chip *c;
  const rramnas_hw *hw;
  const rrn_chip_options *options;
  int32_t *status;    /* [layers] */
  rramnas_error *err; /* [layers] */
} programming;

static int
program_one(void *user, size_t i)
{
  programming *p = user;

  p->err[i] = (rramnas_error)RRAMNAS_ERROR_INIT;
  p->status[i] = program_layer(p->c, p->hw, p->options, i, &p->err[i]);
  return p->status[i] < 0;
}

/* Tells the failure of the first layer that failed: all before it are done. */
int32_t
rrn_chip_program_layers(rrn_chip *c, const rramnas_hw *hw, const rrn_chip_options *o, rramnas_error *err)
{
  programming p = { .c = c, .hw = hw, .options = o };
  size_t i;

  p.status = rrn_arena_alloc(&c->arena, c->q->n, sizeof(*p.status));
  p.err = rrn_arena_alloc_raw(&c->arena, c->q->n, sizeof(*p.err));
  if (!p.status || !p.err)
    return rrn_fail_memory(err);
  rrn_pool_run(c->q->n, o->n_threads, program_one, &p);
  for (i = 0; i < c->q->n; i++)
    if (p.status[i] < 0)
      return rrn_fail(err, p.status[i], "%s", p.err[i].message);
  return RRAMNAS_OK;
}
