/* SPDX-License-Identifier: MIT */
/* What a network is worth on imperfect crossbars: layers as integers, chips with their errors, accuracy over many chips. */
#ifndef RRN_ACCURACY_ACCURACY_H
#define RRN_ACCURACY_ACCURACY_H

#include "accuracy/stop.h"
#include "hw/spec.h"
#include "infer/infer.h"
#include "xbar/adc.h"
#include "xbar/mvm.h"
#include "xbar/noise.h"

/* --- layers as integers, quantise.c --- */

/* The groups of a piece on a crossbar take turns: which is this one's. */
typedef struct rrn_turn {
  uint32_t turn, n_turns;
} rrn_turn;

/* In which turn of its piece on a crossbar each of n_groups groups, of n_out outputs, of a mapped layer is read:
 * ret[n_groups]. measure.c */
int32_t rrn_turns_of(rrn_arena *arena, const rramnas_mapping *mapping, int32_t layer, size_t n_groups, size_t n_out,
                     rrn_turn **ret, rramnas_error *err);

/* w = w_unit[out] * weights[out][in]; x = x_unit * (q - x_zero), q in 0 .. 2^input_bits - 1. */
typedef struct rrn_quantised_layer {
  rrn_infer_layer shape;  /* n_groups 0: not on crossbars, it stays in floats */
  int32_t weight_bits, input_bits, x_zero;
  float x_unit;
  int32_t *weights;       /* [n_groups][n_out][n_in] */
  float *unit;            /* [n_groups][n_out]: of a product, w_unit * x_unit */
  int64_t *sums;          /* [n_groups][n_out]: of the weights */
  int32_t *sample;        /* [n_groups][n_sample][n_in]: inputs of the calibration images */
  size_t n_sample;
  size_t n_copies;        /* with errors of their own; 0, which it is at first, as 1 */
  size_t unit_outputs;    /* outputs of the first box, which a unit column serves; 0, which it is at first: all */
  const rrn_turn *turns;  /* [n_groups]; NULL, which it is at first: no group waits for another */
} rrn_quantised_layer;

typedef struct rrn_quantised {
  rrn_arena arena;
  const rrn_infer_plan *plan;
  rrn_quantised_layer *layers; /* [n] */
  size_t n;
} rrn_quantised;

/* Bits of one layer; 0 = it stays in floats. */
typedef struct rrn_layer_bits {
  int32_t weight, input;
} rrn_layer_bits;

/* Post-training quantisation of the plan's `n_layers` layers by what flows through them for images[n][...]: symmetric
 * weights per output channel, inputs by their least and greatest value, 0 always among them. `bits` [n_layers]. */
int32_t rrn_quantise(const rrn_rt *rt, const rrn_infer_plan *plan, const rrn_layer_bits *bits, size_t n_layers,
                     const float *images, size_t n, rrn_quantised *ret, rramnas_error *err);
void rrn_quantised_release(rrn_quantised *q);
/* x[n] as the layer's integers. */
void rrn_quantise_inputs(const rrn_quantised_layer *layer, const float *x, size_t n, int32_t *ret_q);

/* --- a chip, chip.c --- */

/* How the converters' ranges are chosen. Values are public. */
enum rrn_adc_range { RRN_ADC_AUTO = 0, RRN_ADC_MAXIMUM = 1, RRN_ADC_GRANULAR = 2, RRN_ADC_CALIBRATED = 3 };

typedef struct rrn_chip rrn_chip;

/* How a layer's converters are used on error-free cells, use.c. All 0 before the first note. */
typedef struct rrn_adc_use {
  int32_t codes, n_met; /* levels; how many of them the sample meets */
  double range;         /* greatest current that is no clip, of the first slice, per row with an input */
  uint8_t *met;
} rrn_adc_use;

/* Adds what a group's sample [n_sample][n_in] meets. `arena` lives as long as `use`. */
int32_t rrn_adc_use_note(rrn_arena *arena, rrn_arena *scratch, const rrn_xbar_layer *layer, const int32_t *sample,
                         size_t n_sample, rrn_adc_use *use, rramnas_error *err);

typedef struct rrn_chip_options {
  uint64_t seed;
  uint32_t trial;      /* number of the chip; each has errors of its own */
  double time_s;       /* since it was written */
  int32_t adc_range;
  double adc_fraction; /* of the calibrated range; 0 = 0.9999 */
  int32_t is_ideal;    /* no errors, no converters: the integers themselves */
  const rrn_chip *like; /* a chip of the same layers and spec, whose converters are taken; NULL = they are chosen */
  int32_t n_threads;   /* that choose converters, a layer at a time; 0 = one */
  rrn_adc_use *use;    /* [layers]: filled when converters are chosen, valid as long as the chip; NULL = not wanted */
} rrn_chip_options;

int32_t rrn_chip_program(const rrn_rt *rt, const rrn_quantised *q, const rramnas_hw *hw, const rrn_chip_options *options,
                         rrn_chip **ret_chip, rramnas_error *err);
/* Whether two chips of that spec can differ, or two copies of a layer. */
int rrn_chip_has_errors(const rramnas_hw *hw, const rrn_chip_options *options);
/* NULL is allowed. */
void rrn_chip_free(rrn_chip *chip);
/* Multiplies on the chip; safe on several threads. Lives as long as the chip. */
const rrn_infer_backend *rrn_chip_backend(const rrn_chip *chip);
/* What the converters of a layer did so far. */
rrn_xbar_stats rrn_chip_stats(const rrn_chip *chip, size_t layer);

/* Memory that chips multiply in one after the other: fresh memory costs a page fault for every 4 KiB. All 0 at first. */
typedef struct rrn_chip_room {
  rrn_infer_room workspaces;
  rrn_arena arena, inner;
} rrn_chip_room;

/* Lends it to a chip that runs on one thread, until it is taken back. */
void rrn_chip_lend(rrn_chip *chip, rrn_chip_room *room);
void rrn_chip_take_back(rrn_chip *chip, rrn_chip_room *room);
/* `rt`: as that of the chips. */
void rrn_chip_room_release(const rrn_rt *rt, rrn_chip_room *room);

/* --- many chips, trials.c --- */

typedef struct rrn_trials {
  const rrn_infer_plan *plan;
  const rrn_quantised *q;
  const rramnas_hw *hw;
  rrn_chip_options chip;   /* `trial` is the first one's */
  const float *images;     /* [n_images][...] */
  const int32_t *labels;
  size_t n_images;
  int32_t n_threads;       /* 0 = all processors */
  rrn_stop_rule stop;      /* all 0 = all chips */
  rrn_xbar_stats *layers;  /* [q->n]: gets what the converters of each layer did on all chips; NULL = not wanted */
} rrn_trials;

typedef struct rrn_trials_result {
  size_t n;             /* chips that were tried, the first of all */
  int32_t stopped;      /* enum rramnas_trials_stop */
  rrn_xbar_stats stats; /* of these chips */
} rrn_trials_result;

/* Right answers of each of at most n chips, of n_images, in ret_right [n]; the same at any number of threads. */
int32_t rrn_trials_run(const rrn_rt *rt, const rrn_trials *t, size_t n, int32_t *ret_right, rrn_trials_result *ret,
                       rramnas_error *err);
/* Right answers in floats. */
int32_t rrn_trials_digital(const rrn_trials *t, int32_t *ret_right, rramnas_error *err);

#endif
