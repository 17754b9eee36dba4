/* SPDX-License-Identifier: MIT */
/* Column currents of a resistive array whose wires have resistance. */
#ifndef RRN_XBAR_IRDROP_H
#define RRN_XBAR_IRDROP_H

#include "util/runtime.h"

typedef struct rrn_xbar_wires {
  size_t rows, cols;
  double row_segment_ohm, col_segment_ohm; /* > 0: one segment between neighbouring cells and at the terminal */
} rrn_xbar_wires;

/* g_s[rows][cols] >= 0, v_row[rows] -> ret_i_col_a[cols], written only on success. */
int32_t rrn_xbar_irdrop_exact(const rrn_rt *rt, const rrn_xbar_wires *wires, const double *g_s, const double *v_row,
                              double *ret_i_col_a, rramnas_error *err);

#endif
