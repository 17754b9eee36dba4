/* SPDX-License-Identifier: MIT */
/* Products of constant weights with activations, and filters of single channels. */
#ifndef RRN_INFER_PRODUCT_H
#define RRN_INFER_PRODUCT_H

#include "infer/plan.h"

enum { RRN_INFER_ROWS = 8, RRN_INFER_DEPTH = 256 };

/* Weights of one group as the kernel reads them: [n_out / 8, rounded up][n_in][8]. */
typedef struct rrn_infer_matrix {
  size_t n_in, n_out;
  const float *packed;
} rrn_infer_matrix;

/* w(group, out, in) = weights[group * group_stride + out * out_stride + in * in_stride] */
typedef struct rrn_infer_weights {
  const float *weights;
  size_t n_groups, n_out, n_in;
  size_t group_stride, out_stride, in_stride;
} rrn_infer_weights;

/* Products of a layer. */
typedef struct rrn_infer_product {
  int32_t layer;
  rrn_infer_weights weights;
  size_t n_positions;       /* per image */
  rrn_infer_matrix *groups; /* [n_groups]; NULL when only a backend multiplies with them */
} rrn_infer_product;

int32_t rrn_infer_product_new(const rrn_infer_builder *b, int32_t layer, const rrn_infer_weights *weights,
                              size_t n_positions, int packed, rrn_infer_product **ret_product);

/* The block's products through the task's backend, in floats when it has none. The block says group, positions, x and y. */
int32_t rrn_infer_multiply(const rrn_infer_product *product, const rrn_infer_task *task, rrn_infer_block *block,
                           rramnas_error *err);

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

void rrn_infer_filter_run(const rrn_infer_filter *f, const float *x, float *y);

#endif
