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

/* Outputs of a layer that a crossbar has; their cells in a row lie in one or in several crossbars. Those that have a unit
 * column together are in one. */
static inline size_t
rrn_xbar_outputs_of_crossbar(const rrn_xbar_layout *layout, const rrn_xbar_layer *l)
{
  const size_t cols = (size_t)layout->cols, cells = (size_t)(l->n_slices * l->n_sides);

  if (l->spec.sign == RRN_XBAR_UNIT_COLUMN)
    return l->spec.unit_outputs;
  return !layout->side_by_side ? cols : cols < cells ? 1 : cols / cells;
}

/* Where a column of a layer lies: the crossbar of those side by side, and the place in it, unit columns behind outputs. */
typedef struct rrn_xbar_place {
  size_t crossbar, at;
} rrn_xbar_place;

static inline rrn_xbar_place
rrn_xbar_place_of(size_t n_out, size_t outputs_of_crossbar, size_t col)
{
  const size_t crossbar = col < n_out ? col / outputs_of_crossbar : col - n_out;
  const size_t here = n_out - crossbar * outputs_of_crossbar;

  if (col < n_out)
    return (rrn_xbar_place){ crossbar, col % outputs_of_crossbar };
  return (rrn_xbar_place){ crossbar, here < outputs_of_crossbar ? here : outputs_of_crossbar };
}

#endif
