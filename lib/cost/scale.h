/* SPDX-License-Identifier: MIT */
/* Scaling of CMOS blocks from one node to another. */
#ifndef RRN_COST_SCALE_H
#define RRN_COST_SCALE_H

#include "hw/spec.h"

/* Nominal supply of a node, V. */
double rrn_scale_supply_v(double node_nm);

/* Factors from `from_nm` to `to_nm`; each is 1 for equal nodes, and f(a, b) f(b, c) = f(a, c) but for rounding. */
double rrn_scale_area(double from_nm, double to_nm);
double rrn_scale_energy(double from_nm, double to_nm);
double rrn_scale_leakage(double from_nm, double to_nm);

/* 1 where the supply table has the node. */
int rrn_scale_valid(double node_nm);

/* Leakage at a temperature over that at 25 C. */
double rrn_scale_temperature(double temperature_c);

#endif
