/* SPDX-License-Identifier: MIT */
/* Wire resistance in products. */
#ifndef RRN_XBAR_WIRES_H
#define RRN_XBAR_WIRES_H

#include "xbar/layout.h"

typedef struct rrn_xbar_wiring {
  int32_t ir_drop;        /* enum rrn_hw_ir_drop */
  double row_ohm, col_ohm; /* of a segment, in units of the on resistance */
  rrn_xbar_layout layout;
} rrn_xbar_wiring;

rrn_xbar_wiring rrn_xbar_wiring_of(const rramnas_hw *hw);

/* Gives a programmed layer conductances of its own, in the arena: what a column's current shows of them through the
 * wires. */
int32_t rrn_xbar_wires_apply(rrn_arena *arena, rrn_xbar_layer *layer, const rrn_xbar_wiring *wiring,
                             rramnas_error *err);

#endif
