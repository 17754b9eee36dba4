/* SPDX-License-Identifier: MIT */
/* Fast products on a programmed layer. */
#ifndef RRN_XBAR_MVM_H
#define RRN_XBAR_MVM_H

#include "xbar/array.h"

enum {
  RRN_XBAR_LANES = 32,
  RRN_XBAR_TABLE_GROUPS = 16, /* a table of so many groups of four rows fills 32 KiB */
  RRN_XBAR_TABLE_VECTORS = 64, /* vectors that share a table */
  RRN_XBAR_MAX_BITS = 24 /* of all steps of an input, filled up to a multiple of four */
};

/* Instruction sets of the kernels; every one gives the same bytes. */
enum rrn_xbar_cpu { RRN_XBAR_CPU_PLAIN = 0, RRN_XBAR_CPU_AVX2 = 1, RRN_XBAR_CPU_AVX512 = 2 };

/* The best that this machine has. */
enum rrn_xbar_cpu rrn_xbar_cpu_best(void);

/* A layer made ready for its kernel; the layer must not change or go before it. */
typedef struct rrn_xbar_kernel {
  const rrn_xbar_layer *layer;
  enum rrn_xbar_cpu cpu;
  int collapsed;        /* slices and steps add up to one product: no conversion that changes anything */
  int32_t n_planes;     /* conversions of one column and step: slices, twice with pairs read apart */
  size_t blocks, tiles; /* of RRN_XBAR_LANES columns; of spec.rows inputs */
  size_t groups;        /* of 4 inputs in a tile */
  double unit;          /* of cells[]: a digit is 1 / unit */
  int32_t *cells;       /* [tile][plane][block][4 groups][RRN_XBAR_LANES] */
  int16_t *integers;    /* collapsed and exact: [n_out][n_in], padded to pairs of vectors; else NULL */
  size_t stride;        /* of integers and effective */
  double *effective;    /* collapsed with errors: [n_out][n_in] */
} rrn_xbar_kernel;

/* RRAMNAS_ERR_UNSUPPORTED with read noise, whose kernel is the reference. */
int32_t rrn_xbar_kernel_create(rrn_arena *arena, const rrn_xbar_layer *layer, enum rrn_xbar_cpu cpu,
                               rrn_xbar_kernel *ret_kernel, rramnas_error *err);

/* As rrn_xbar_mvm_reference(). */
int32_t rrn_xbar_mvm(rrn_arena *scratch, const rrn_xbar_kernel *kernel, const int32_t *x, size_t batch, double *ret_y,
                     rrn_xbar_stats *stats, rramnas_error *err);

/* --- between mvm.c and the kernels --- */

/* One array, plane and block of columns, for all vectors of a batch. */
typedef struct rrn_xbar_block {
  const int32_t *cells;  /* [4 groups][lanes] */
  int32_t *table;        /* sums of the cells of each subset of four inputs */
  int32_t *sums;         /* [vectors][bits][lanes] */
  const uint32_t *fours; /* [vectors / 16][words][groups][16]: subset of each of eight bits; only AVX-512 */
  const uint16_t *index; /* [vectors][bits][groups]: place of a subset in the table, in bytes; the others */
  const float *offset;   /* [steps][RRN_XBAR_TABLE_VECTORS] */
  uint32_t *codes;       /* [lanes][RRN_XBAR_TABLE_VECTORS]: sum of codes, weighted by steps */
  size_t groups, vectors, columns;
  int32_t bits; /* a multiple of 4 */
  int32_t dac_bits, steps;
  float slope, top;      /* code = slope sum + offset, clipped to 0..top */
  _Alignas(16) int32_t valid[RRN_XBAR_LANES]; /* -1 where the column exists */
  _Alignas(16) int32_t low[RRN_XBAR_LANES];   /* clips, counted downwards from 0 */
  _Alignas(16) int32_t high[RRN_XBAR_LANES];
} rrn_xbar_block;

void rrn_xbar_lookup_plain(rrn_xbar_block *b);
void rrn_xbar_lookup_avx2(rrn_xbar_block *b);
void rrn_xbar_lookup_avx512(rrn_xbar_block *b);

/* Sum of a[k] b[k], n a multiple of 32; no sum of a part leaves 32 bits. */
int32_t rrn_xbar_dot_plain(const int16_t *a, const int16_t *b, size_t n);
int32_t rrn_xbar_dot_avx2(const int16_t *a, const int16_t *b, size_t n);
int32_t rrn_xbar_dot_avx512(const int16_t *a, const int16_t *b, size_t n);

#endif
