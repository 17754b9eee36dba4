/* SPDX-License-Identifier: MIT */
/* What devices do to conductances, by time of draw. All numbers in units of the on conductance. */
#ifndef RRN_XBAR_NOISE_H
#define RRN_XBAR_NOISE_H

#include "hw/spec.h"
#include "xbar/array.h"

/* Each slot has streams of its own. Values are part of results. */
enum rrn_xbar_slot {
  RRN_XBAR_WRITE = 0, /* once per programming */
  RRN_XBAR_DRIFT = 1, /* once per programming; acts with time */
  RRN_XBAR_READ = 2,  /* at every read */
  RRN_XBAR_FAULT = 3  /* of the circuit: once per array, kept when it is written again */
};

/* The device of a chip, `time_s` after writing. */
rrn_xbar_noise rrn_xbar_noise_of(const rramnas_hw *hw, double time_s);

/* Weights, inputs and cells of a chip; converters are chosen apart. */
rrn_xbar_spec rrn_xbar_spec_of(const rramnas_hw *hw);

/* Standard normal number of a cell; below 2^64 draws, the same on every machine. `read` is 0 but in slot READ. */
double rrn_xbar_normal(const rrn_xbar_id *id, enum rrn_xbar_slot slot, uint32_t cell, uint32_t vector, int32_t step);

/* The numbers of slot WRITE or DRIFT of cells in a row, the same; room for n rounded up to a multiple of 8 is written. */
void rrn_xbar_normals(const rrn_xbar_id *id, enum rrn_xbar_slot slot, uint32_t cell, size_t n, double *ret_xi);

/* What it is made of: random words of a name, and a number in (0, 1) from them. */
void rrn_xbar_random(const rrn_xbar_id *id, enum rrn_xbar_slot slot, uint32_t cell, uint32_t vector, int32_t step,
                     uint32_t ret_block[4]);
double rrn_xbar_uniform(const uint32_t block[4]);

/* Inverse of the normal distribution, 0 < p < 1, relative error below 1e-15. */
double rrn_xbar_normal_quantile(double p);

/* From now on cells are as a device of this kind holds them. */
void rrn_xbar_program(rrn_xbar_layer *layer, const rrn_xbar_noise *noise);

/* Conductances are given from now on, in the arena: those that the layer has, with errors[cells] added (not below 0) and
 * masks[cells] applied: 0 none, 1 stuck off, 2 stuck on. Either may be NULL. */
int32_t rrn_xbar_disturb(rrn_arena *arena, rrn_xbar_layer *layer, const double *errors, const uint8_t *masks,
                         rramnas_error *err);

/* A conductance as one read finds it. */
double rrn_xbar_read(const rrn_xbar_layer *layer, uint32_t cell, double g, uint32_t vector, int32_t step);

/* --- read noise by column --- */

/* Names the draws of a layer, and those of one of its columns in a step. */
typedef struct rrn_xbar_stream {
  uint64_t name, step_name;
} rrn_xbar_stream;

typedef struct rrn_xbar_draws {
  uint32_t start, twist;
} rrn_xbar_draws;

enum { RRN_XBAR_DRAW_STRIDE = 0x1e3779b1, RRN_XBAR_DRAW_A = 0x7feb352d, RRN_XBAR_DRAW_B = (int)0x846ca68b };

/* Four of these, weighted, are a standard normal number but for their sum's scale: 128 + deviate. */
extern const uint8_t rrn_xbar_deviates[64];
extern const int8_t rrn_xbar_weights[4];
#define RRN_XBAR_DEVIATES_ZERO (128 * (61 + 59 + 53 + 47))
#define RRN_XBAR_DEVIATES_SCALE (1 / 4405.498269208603) /* sqrt(64 / 1242138560) */

rrn_xbar_stream rrn_xbar_stream_of(const rrn_xbar_id *id);

/* `cell` is the number of the column's first cell in the array. */
static inline rrn_xbar_draws
rrn_xbar_draws_of(const rrn_xbar_stream *s, uint32_t cell, int32_t step)
{
  uint64_t z = s->name + ((uint64_t)cell << 5 | (uint32_t)step) * UINT64_C(0x9e3779b97f4a7c15);

  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  z = (z ^ z >> 31) ^ s->step_name;
  return (rrn_xbar_draws){ (uint32_t)z, (uint32_t)(z >> 32) };
}

/* Standard normal number of a conversion, by the number of its vector. */
double rrn_xbar_draw(rrn_xbar_draws d, uint32_t vector);

#endif
