/* SPDX-License-Identifier: MIT */
/* Products of constant weights with activations, and filters of single channels. */
#ifndef RRN_INFER_PRODUCT_H
#define RRN_INFER_PRODUCT_H

#include "infer/plan.h"

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

/* The block's products through the task's backend, in floats when it has none. The block says group, positions, x and
 * y. */
int32_t rrn_infer_multiply(const rrn_infer_product *product, const rrn_infer_task *task, rrn_infer_block *block,
                           rramnas_error *err);

/* The same for a whole layer: the caller says channels, taps, elements, positions, table, x, y and what comes behind the
 * products. RRN_INFER_BY_BLOCKS when the backend does not take it. */
int32_t rrn_infer_multiply_whole(const rrn_infer_product *product, const rrn_infer_task *task, rrn_infer_whole *whole,
                                 rramnas_error *err);

#endif
