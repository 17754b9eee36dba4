/* SPDX-License-Identifier: MIT */
/* Digital factors that make up for drift. */
#ifndef RRN_XBAR_COMPENSATE_H
#define RRN_XBAR_COMPENSATE_H

#include "hw/spec.h"
#include "xbar/array.h"

typedef struct rrn_xbar_compensation {
  const double *gain; /* [n_out]; NULL = none */
  double known;       /* what is digitally subtracted from a result, per unit of its inputs' sum */
} rrn_xbar_compensation;

/* Factors by which results of `aged` are multiplied, in the arena, from read-outs of x[batch][n_in] when the layer was
 * fresh and now. mode: enum rrn_hw_compensation. */
int32_t rrn_xbar_compensate(rrn_arena *arena, const rrn_xbar_layer *fresh, const rrn_xbar_layer *aged, int32_t mode,
                            const int32_t *x, size_t batch, rrn_xbar_compensation *ret, rramnas_error *err);

/* y[batch][n_out], products of x, in place. */
void rrn_xbar_compensated(const rrn_xbar_compensation *c, const rrn_xbar_layer *layer, const int32_t *x, size_t batch,
                          double *y);

#endif
