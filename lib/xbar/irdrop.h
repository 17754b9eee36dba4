/* SPDX-License-Identifier: MIT */
/* Column currents of a resistive array whose wires have resistance. */
#ifndef RRN_XBAR_IRDROP_H
#define RRN_XBAR_IRDROP_H

#include "util/runtime.h"

typedef struct rrn_xbar_wires {
  size_t rows, cols;
  double row_segment_ohm, col_segment_ohm; /* > 0: one segment between neighbouring cells and at the terminal */
} rrn_xbar_wires;

/* g_s[rows][cols] >= 0 -> ret_transfer[rows][cols], the current of a column for one volt on a row and none on the
 * others, written only on success. The network is linear, so the currents of any voltages v are the sum over i of
 * v[i] ret_transfer[i][j]. */
int32_t rrn_xbar_irdrop_transfer(const rrn_rt *rt, const rrn_xbar_wires *wires, const double *g_s, double *ret_transfer,
                                 rramnas_error *err);

/* Voltage across every cell with one volt on all rows: ret_share[rows][cols]. */
int32_t rrn_xbar_irdrop_shares(const rrn_rt *rt, const rrn_xbar_wires *wires, const double *g_s, double *ret_share,
                               rramnas_error *err);

/* ERR_ARGUMENT where a size, segment or conductance is out of range. */
int32_t rrn_xbar_irdrop_check(const rrn_xbar_wires *wires, const double *g_s, rramnas_error *err);

#endif
