/* SPDX-License-Identifier: MIT */
/* The cells of a layer, all of them. */
#ifndef RRAMNAS_TESTS_XBAR_CELLS_H
#define RRAMNAS_TESTS_XBAR_CELLS_H

#include "xbar/array.h"

static inline size_t
n_cells_of(const rrn_xbar_layer *l)
{
  return (size_t)l->n_slices * (size_t)l->n_sides * l->cols * l->n_in;
}

#endif
