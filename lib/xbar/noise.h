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

/* The device of a chip, `time_s` after writing. A table of levels stays the chip's, which must outlive it. */
rrn_xbar_noise rrn_xbar_noise_of(const rramnas_hw *hw, double time_s);

/* Weights, inputs and cells of a chip; converters are chosen apart. */
rrn_xbar_spec rrn_xbar_spec_of(const rramnas_hw *hw);

/* Standard normal number of a cell; cells below 2^32, the same on every machine. `vector` is 0 but in slot READ. */
double rrn_xbar_normal(const rrn_xbar_id *id, enum rrn_xbar_slot slot, uint32_t cell, uint32_t vector, int32_t step);

/* The same of n cells from `first` on, and of cells in any order, neighbours best together; `vector` is 0. */
void rrn_xbar_normals(const rrn_xbar_id *id, enum rrn_xbar_slot slot, int32_t step, uint32_t first, size_t n,
                      double *ret_xi);
void rrn_xbar_normals_at(const rrn_xbar_id *id, enum rrn_xbar_slot slot, int32_t step, const uint32_t *cells, size_t n,
                         double *ret_xi);

/* The same of n cells from `first` on, as they are made: where they are in room[], which has space for n numbers and two
 * blocks more. */
const float *rrn_xbar_normals_in(const rrn_xbar_id *id, enum rrn_xbar_slot slot, int32_t step, uint32_t first, size_t n,
                                 float *room);

/* The numbers of the cells of n blocks of RRN_XBAR_NORMALS: in plain C, with AVX2, with AVX-512; NULL where the machine does
 * not have it. */
enum { RRN_XBAR_NORMALS = 32, RRN_XBAR_NORMALS_LEVELS = 3 };

typedef void rrn_xbar_normals_of(const rrn_xbar_id *id, enum rrn_xbar_slot slot, int32_t step, uint32_t first, size_t n,
                                 float *ret_xi);

rrn_xbar_normals_of *rrn_xbar_normals_kernel(int level);

/* What it is made of: the random word of a cell, and the deviate of a word. */
uint32_t rrn_xbar_word(const rrn_xbar_id *id, enum rrn_xbar_slot slot, uint32_t cell, uint32_t vector, int32_t step);
float rrn_xbar_deviate_of(uint32_t word);

/* Random words of a name. */
void rrn_xbar_random(const rrn_xbar_id *id, enum rrn_xbar_slot slot, uint32_t counter, uint32_t vector, int32_t step,
                     uint32_t ret_block[4]);

/* Whether cells have errors that differ from chip to chip; also where their deviations are 0 in effect. */
int rrn_xbar_draws_cells(const rrn_xbar_noise *noise);

/* From now on cells are as a device of this kind holds them. */
void rrn_xbar_program(rrn_xbar_layer *layer, const rrn_xbar_noise *noise);

/* Every conductance, in the order of rrn_xbar_cell(); NULL without memory. */
double *rrn_xbar_all_conductances(rrn_arena *arena, const rrn_xbar_layer *layer);

/* A conductance as one read finds it. */
double rrn_xbar_read(const rrn_xbar_layer *layer, uint32_t cell, double g, uint32_t vector, int32_t step);

/* --- read noise by column --- */

/* Names the draws of a layer. */
typedef struct rrn_xbar_stream {
  uint64_t columns, vectors;
} rrn_xbar_stream;

/* Three random words each of a column in a step and of a vector, from which both together make a deviate. */
typedef struct rrn_xbar_draws {
  uint32_t word[3];
} rrn_xbar_draws;

/* Steps that share four deviates. */
enum { RRN_XBAR_DRAW_STEPS = 4 };

/* A float from 2^23 to 2^24 is a whole number, its lowest bits; this one leaves room on both sides. */
#define RRN_XBAR_WHOLE 0x1.8p23f
#define RRN_XBAR_WHOLE_BITS 0x4b400000
#define RRN_XBAR_MOST_WHOLE 63 /* codes of 2^16 that it leaves room for, one to spare */

/* Four deviates, weighted, are a standard normal number but for their sum's scale. Weights of different steps are
 * orthogonal, so these are independent as far as the deviates are normal. A deviate is stored with 128 added. */
extern const uint8_t rrn_xbar_deviates[64];
extern const int8_t rrn_xbar_weights[RRN_XBAR_DRAW_STEPS][4]; /* [step] */
extern const int32_t rrn_xbar_zeros[RRN_XBAR_DRAW_STEPS];     /* a weighted sum of 128 */
extern const int32_t rrn_xbar_wholes[RRN_XBAR_DRAW_STEPS];    /* RRN_XBAR_WHOLE_BITS less these */
#define RRN_XBAR_DEVIATES_SCALE (1 / 4405.498269208603) /* sqrt(64 / 1242138560) */
#define RRN_XBAR_GREATEST_DRAW 5.4

rrn_xbar_stream rrn_xbar_stream_of(const rrn_xbar_id *id);

static inline rrn_xbar_draws
rrn_xbar_draws_of(uint64_t name, uint64_t number)
{
  uint64_t z = name + number * UINT64_C(0x9e3779b97f4a7c15);

  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  z ^= z >> 31;
  return (rrn_xbar_draws){ { (uint32_t)z, (uint32_t)(z >> 32), (uint32_t)(z * UINT64_C(0xd1342543de82ef95) >> 32) } };
}

/* `cell` is the number of the column's first cell in the array. The same for each RRN_XBAR_DRAW_STEPS steps. */
static inline rrn_xbar_draws
rrn_xbar_draws_of_column(const rrn_xbar_stream *s, uint32_t cell, int32_t step)
{
  return rrn_xbar_draws_of(s->columns, (uint64_t)cell << 5 | (uint32_t)step / RRN_XBAR_DRAW_STEPS);
}

static inline rrn_xbar_draws
rrn_xbar_draws_of_vector(const rrn_xbar_stream *s, uint32_t vector)
{
  return rrn_xbar_draws_of(s->vectors, vector);
}

/* Four bytes, of which the lower six bits each pick a deviate. The highest byte of products is alike where columns' words are
 * near each other, so it takes the one below with it. */
static inline uint32_t
rrn_xbar_pick(const rrn_xbar_draws *column, const rrn_xbar_draws *vector)
{
  const uint32_t a = column->word[0], b = column->word[1], c = vector->word[0], d = vector->word[1];
  const int32_t low = (int16_t)(a + c), high = (int16_t)((a >> 16) + (c >> 16));
  const uint32_t x = (uint32_t)(low * (int16_t)(b + d)) + (uint32_t)(high * (int16_t)((b >> 16) + (d >> 16)));

  return x ^ x << 8 ^ column->word[2] ^ vector->word[2];
}

/* The weighted sum of the deviates in a step. */
static inline int32_t
rrn_xbar_deviate(uint32_t picks, int32_t step)
{
  const int8_t *w = rrn_xbar_weights[step % RRN_XBAR_DRAW_STEPS];
  const uint8_t *d = rrn_xbar_deviates;

  return w[0] * d[picks & 63] + w[1] * d[picks >> 8 & 63] + w[2] * d[picks >> 16 & 63] + w[3] * d[picks >> 24 & 63] -
         rrn_xbar_zeros[step % RRN_XBAR_DRAW_STEPS];
}

/* Standard normal number of a conversion. */
static inline double
rrn_xbar_draw(const rrn_xbar_draws *column, const rrn_xbar_draws *vector, int32_t step)
{
  return rrn_xbar_deviate(rrn_xbar_pick(column, vector), step) * RRN_XBAR_DEVIATES_SCALE;
}

#endif
