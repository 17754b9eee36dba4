/* SPDX-License-Identifier: MIT */
/* Where the columns of a layer lie in crossbars: what shares a wire or a converter. */
#ifndef RRN_XBAR_LAYOUT_H
#define RRN_XBAR_LAYOUT_H

#include "hw/spec.h"
#include "xbar/array.h"

typedef struct rrn_xbar_layout {
  int32_t cols;         /* of a crossbar, at least 1 */
  int32_t side_by_side; /* 1: what a weight has, slices and sides of a slice, in neighbouring columns of one crossbar;
                         * 0: each in a crossbar of its own */
} rrn_xbar_layout;

static inline rrn_xbar_layout
rrn_xbar_layout_of(const rramnas_hw *hw)
{
  return (rrn_xbar_layout){ hw->v.crossbar.cols, hw->v.weight.slicing == RRN_SLICING_COLUMNS };
}

/* Weights that lie side by side in a crossbar; their cells in a row lie in one or in several crossbars. */
static inline size_t
rrn_xbar_weights_of_crossbar(const rrn_xbar_layout *layout, const rrn_xbar_layer *l)
{
  const size_t cols = (size_t)layout->cols, cells = (size_t)(l->n_slices * l->n_sides);

  return !layout->side_by_side ? cols : cols < cells ? 1 : cols / cells;
}

/* Outputs of a layer that a crossbar has: those that have a unit column together, or as many as fit. */
static inline size_t
rrn_xbar_outputs_of_crossbar(const rrn_xbar_layout *layout, const rrn_xbar_layer *l)
{
  return l->spec.sign == RRN_XBAR_UNIT_COLUMN ? l->spec.unit_outputs : rrn_xbar_weights_of_crossbar(layout, l);
}

#endif
