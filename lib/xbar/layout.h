/* SPDX-License-Identifier: MIT */
/* Where the columns of a layer lie in crossbars: what shares a wire or a converter. */
#ifndef RRN_XBAR_LAYOUT_H
#define RRN_XBAR_LAYOUT_H

#include "xbar/array.h"

typedef struct rrn_xbar_layout {
  int32_t cols;         /* of a crossbar, at least 1 */
  int32_t side_by_side; /* 1: what a weight has, slices and sides of a slice, in neighbouring columns of one crossbar;
                         * 0: each in a crossbar of its own */
} rrn_xbar_layout;

typedef struct rrn_xbar_place {
  size_t crossbar; /* below rrn_xbar_crossbars() */
  size_t column;
} rrn_xbar_place;

/* Columns of the layer in one crossbar, when each has `parts` cells (or conversions) per row. */
static inline size_t
rrn_xbar_width(const rrn_xbar_layout *layout, size_t parts)
{
  const size_t cols = (size_t)layout->cols;

  return !layout->side_by_side ? cols : cols < parts ? 1 : cols / parts;
}

/* Crossbars beside each other. */
static inline size_t
rrn_xbar_crossbars(const rrn_xbar_layout *layout, size_t cols, size_t parts)
{
  const size_t width = rrn_xbar_width(layout, parts), n = (cols + width - 1) / width;

  return layout->side_by_side ? n : n * parts;
}

/* Of part `part` of `parts` of a column. */
static inline rrn_xbar_place
rrn_xbar_place_of(const rrn_xbar_layout *layout, size_t col, size_t part, size_t parts)
{
  const size_t width = rrn_xbar_width(layout, parts), crossbar = col / width, column = col % width;

  return layout->side_by_side ? (rrn_xbar_place){ crossbar, column * parts + part }
                              : (rrn_xbar_place){ crossbar * parts + part, column };
}

#endif
