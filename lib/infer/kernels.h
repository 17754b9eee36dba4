/* SPDX-License-Identifier: MIT */
/* The loops in which inference spends its time, for several instruction sets. Each gives the same bytes in all of them.
 * n: floats, a multiple of RRN_INFER_LANES. x may be y. */
#ifndef RRN_INFER_KERNELS_H
#define RRN_INFER_KERNELS_H

#include "infer/infer.h"

enum { RRN_INFER_ROWS = 8, RRN_INFER_DEPTH = 256 };

/* Weights of one group as the kernel reads them: [n_out / 8, rounded up][n_in][8]. */
typedef struct rrn_infer_matrix {
  size_t n_in, n_out;
  const float *packed;
} rrn_infer_matrix;

/* One tap of a filter of single channels: weight number and element of the channel. */
typedef struct rrn_infer_tap {
  int32_t weight, element;
} rrn_infer_tap;

/* y[channel][position] = sum over the position's taps of w[channel][weight] x[channel][element]; taps in order. */
typedef struct rrn_infer_filter {
  size_t channels, n_weights, n_positions, n_elements; /* of x per channel */
  const float *weights;       /* [channels][n_weights] */
  const size_t *first;        /* [n_positions + 1] */
  const rrn_infer_tap *taps;
  size_t per_input;           /* output channels of an input channel */
} rrn_infer_filter;

/* From the whole numbers of an output to its results: unit (scale x + more + base) in double precision, then in single
 * precision + bias, held between low and high. A bias of -0 and bounds of infinity leave everything as it is. */
typedef struct rrn_infer_finish {
  double base, scale, unit;
  float bias, low, high;
} rrn_infer_finish;

/* From a result to a byte: x / unit + zero, held between 0 and top, at most 255, to the nearest whole number. */
typedef struct rrn_infer_byte {
  float unit, zero, top;
} rrn_infer_byte;

typedef struct rrn_infer_kernels {
  /* Block's y = matrix x. */
  void (*multiply)(const rrn_infer_matrix *m, const rrn_infer_block *block);
  void (*filter)(const rrn_infer_filter *f, const float *x, float *y);
  /* x held between a and b. */
  void (*clip)(const float *x, float *y, size_t n, float a, float b);
  /* a x + b held between 0 and 1. */
  void (*hard_sigmoid)(const float *x, float *y, size_t n, float a, float b);
  /* x times that. */
  void (*hard_swish)(const float *x, float *y, size_t n, float a, float b);
  /* a x below 0. */
  void (*leaky_relu)(const float *x, float *y, size_t n, float a, float b);
  /* (x - mean) scale + beta */
  void (*norm)(const float *x, float *y, size_t n, float mean, float scale, float beta);
  void (*bias)(const float *x, float *y, size_t n, float bias);
  /* y = x op z, where z has the step z_step: RRN_INFER_LANES, or 0 to take the same vector each time. */
  void (*add)(const float *x, const float *z, float *y, size_t n, size_t z_step);
  void (*times)(const float *x, const float *z, float *y, size_t n, size_t z_step);
  /* Bytes have the step byte_step, from register to register of RRN_INFER_LANES, y the step y_step. more[n] may be NULL. */
  void (*to_bytes)(const rrn_infer_byte *b, const float *x, size_t n, uint8_t *ret_bytes, size_t byte_step);
  void (*of_integers)(const rrn_infer_finish *f, const int32_t *x, size_t n, const double *more, float *y, size_t y_step);
  /* Both, without the floats between. */
  void (*bytes_of_integers)(const rrn_infer_finish *f, const rrn_infer_byte *b, const int32_t *x, size_t n,
                            const double *more, uint8_t *ret_bytes);
  /* By lane: sum of x. */
  void (*sum)(const float *x, size_t n, double *ret_sums);
  /* By lane: sum of x - shift, sum of (x - shift)^2. */
  void (*moments)(const float *x, size_t n, double shift, double *ret_sums, double *ret_squares);
} rrn_infer_kernels;

enum rrn_infer_cpu { RRN_INFER_CPU_PLAIN = 0, RRN_INFER_CPU_AVX = 1, RRN_INFER_CPU_AVX512 = 2 };

/* bytes_of_integers without `more`; 0 = not done. near.c */
int rrn_infer_bytes_near_avx512(const rrn_infer_finish *f, const rrn_infer_byte *b, const int32_t *x, size_t n,
                                uint8_t *ret_bytes);

/* NULL when the machine does not have it. */
const rrn_infer_kernels *rrn_infer_kernels_of(enum rrn_infer_cpu cpu);
/* The best that it has. */
const rrn_infer_kernels *rrn_infer_kernels_best(void);

#endif
