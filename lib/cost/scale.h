/* SPDX-License-Identifier: MIT */
/* Scaling of CMOS blocks from one node to another, and the functions it needs. */
#ifndef RRN_COST_SCALE_H
#define RRN_COST_SCALE_H

#include "hw/spec.h"

/* log2 of x > 0 and 2^x for |x| < 1000: the same bits on every machine, error below 1e-14 (relative for 2^x). */
double rrn_log2(double x);
double rrn_exp2(double x);

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
