/* SPDX-License-Identifier: MIT */
/* Powers and logarithms that are the same bits on every machine. */
#ifndef RRN_UTIL_POWER_H
#define RRN_UTIL_POWER_H

/* 2 to the x; +inf above 1024, 0 below -1075. */
double rrn_power_exp2(double x);
/* Binary logarithm of x > 0; -inf for 0, NaN for negative x. */
double rrn_power_log2(double x);
/* x to the y for x >= 0. */
double rrn_power(double x, double y);
/* x to the n by squaring. */
double rrn_power_int(double x, unsigned n);

#endif
