/* SPDX-License-Identifier: MIT */
/* What a product on a batch needs besides the kernel: between mvm.c and mvm_settle.c. */
#ifndef RRN_XBAR_MVM_WORK_H
#define RRN_XBAR_MVM_WORK_H

#include "xbar/mvm.h"

typedef struct rrn_xbar_work {
  rrn_xbar_block block;
  const int32_t *x;
  size_t tile, array, first, rows; /* the tile at hand: whose rows it has, its first input and their number */
  size_t words, width; /* words of a row of bits; columns of a block */
  uint64_t *bits;    /* [table vectors][bits][words]: rows whose bit is set */
  uint8_t *inputs, *step_squares; /* as block.inputs and block.squares */
  uint32_t *square_pairs;         /* as in the block */
  uint32_t *sixteens, *eight_of; /* eight_of[256]: eight bits as places in two tables, as block.sixteens wants them */
  uint16_t *index;
  int32_t *cells;
  uint16_t *spread_cells;
  double *pedestals; /* [steps][table vectors]: current of the off conductances */
  int64_t *placed;   /* [table vectors]: sums of inputs whose off currents are to be subtracted, all steps */
  int32_t *offset, *start;
  double *y;        /* [columns][table vectors] */
  uint32_t *codes;  /* [planes][columns][table vectors]: sums over tiles */
  uint32_t *doubts; /* places in block.doubts that are not empty */
  uint32_t *left;   /* numbers of conversions that are still in doubt: (lane steps + step) table vectors + vector */
  size_t fold;       /* steps that are vectors of their own; 1 if they are not */
  int32_t *steps_apart;
  size_t held, room; /* tiles in these sums, and how many may be */
  /* Of the plane at hand: codes per unit of the sums and at none; how far a sum of all bits may be off, in codes. */
  double slope, *offsets, unsure;
  double rounding; /* how far doubles may be off */
  double noise;      /* standard deviation in codes of a spread of 1 at the lowest step, or of an on conductance's */
  double noise_scale; /* what makes it block.noise */
  double *column_noise; /* [columns of a block]: the same of a column */
  float *scaled_noise;  /* as block.noise */
  double most_noise; /* the greatest that is drawn, in codes */
  int near_roots;    /* 1: spreads have roots by rrn_wide_near_root_of() */
  double *squares;  /* [steps][table vectors]: sums of squares of steps; NULL with spreads */
  float *deviation; /* as block.deviation */
  uint64_t *mixes;  /* as block.mixes */
  uint32_t *names, *keys; /* as in the block: names[3][table vectors], keys[3][draws][width] */
  int32_t *level_tables; /* of the converters of a plane, each once */
  size_t *level_owners, n_levels; /* whose they are, and how many */
  const int32_t **levels; /* as block.levels */
  int32_t *level_places;  /* as block.level_places */
  rrn_xbar_stats stats;
} rrn_xbar_work;

/* Room that begins with a line of the cache, or NULL. */
void *rrn_xbar_room(rrn_arena *scratch, size_t n, size_t size);

/* --- mvm_inputs.c --- */

/* Eight rows, those of even number in one table of mvm_avx512.c and those of odd number in another. */
void rrn_xbar_fill_eight_of(uint32_t *eight_of);
void rrn_xbar_fill_inputs(const rrn_xbar_kernel *k, rrn_xbar_work *w);
/* Sum of a step's inputs of a vector. */
int64_t rrn_xbar_sum_of_step(const rrn_xbar_work *w, size_t vector, int32_t step);

/* --- mvm_noise.c --- */

int rrn_xbar_make_noise_room(rrn_arena *scratch, const rrn_xbar_kernel *k, rrn_xbar_work *w);
/* Words of the vectors of a batch. */
void rrn_xbar_fill_names(const rrn_xbar_stream *stream, rrn_xbar_work *w);
/* Words of the columns of a block; `cell` is the first one's first. */
void rrn_xbar_fill_keys(const rrn_xbar_kernel *k, uint32_t cell, rrn_xbar_work *w);
/* Sums of squares of steps. */
void rrn_xbar_fill_squares(const rrn_xbar_kernel *k, rrn_xbar_work *w);
/* Read noise of a plane in codes: that of a spread of 1, and the greatest of all; 0 without noise. */
void rrn_xbar_set_noise(const rrn_xbar_kernel *k, int32_t plane, rrn_xbar_work *w);
/* That of the columns of the block from column `first` on of a plane, whose noise is set and scaled. */
void rrn_xbar_fill_column_noise(const rrn_xbar_kernel *k, int32_t plane, size_t first, rrn_xbar_work *w);
/* The same as sums have it, `one` to a code; gives what it can be wrong by, in codes. */
double rrn_xbar_scale_noise(const rrn_xbar_kernel *k, double one, rrn_xbar_work *w);

/* --- mvm_levels.c --- */

int rrn_xbar_make_levels_room(rrn_arena *scratch, const rrn_xbar_kernel *k, rrn_xbar_work *w);
/* Tables of the converters of a block, from column `first` on of a plane. */
void rrn_xbar_fill_levels(const rrn_xbar_kernel *k, int32_t plane, size_t first, rrn_xbar_work *w);

/* --- mvm_settle.c --- */

/* The number of a column's first cell in the streams. */
uint32_t rrn_xbar_cell_of(const rrn_xbar_kernel *k, const rrn_xbar_work *w, int32_t plane, size_t col);

/* Read noise of a conversion, the spreads of whose cells add up to `spread`. */
static inline double
rrn_xbar_noise_in_codes(const rrn_xbar_work *w, size_t lane, int32_t step, size_t vector, double spread)
{
  const rrn_xbar_block *b = &w->block;
  const size_t key = rrn_xbar_key(b, step, lane);
  const rrn_xbar_draws column = { { b->keys[0][key], b->keys[1][key], b->keys[2][key] } };
  const rrn_xbar_draws name = { { b->names[0][vector], b->names[1][vector], b->names[2][vector] } };

  return w->column_noise[lane] * __builtin_sqrt(spread) * rrn_xbar_draw(&column, &name, step);
}

/* Sets right the codes of the block from column `first` on that are in doubt, or all of them if the block is slow. */
void rrn_xbar_settle(const rrn_xbar_kernel *k, int32_t plane, size_t first, rrn_xbar_work *w);

/* The same for kernels of AVX-512 that are not slow: leaves what it cannot settle in w.left and gives their number. */
size_t rrn_xbar_settle_avx512(const rrn_xbar_kernel *k, int32_t plane, size_t first, rrn_xbar_work *w);

#endif
