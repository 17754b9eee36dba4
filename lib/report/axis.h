/* SPDX-License-Identifier: MIT */
/* Axes of plots: where a value stands, where ticks do. */
#ifndef RRN_REPORT_AXIS_H
#define RRN_REPORT_AXIS_H

#include <stdint.h>

typedef struct rrn_axis {
  double low, high; /* of the values shown */
  int logarithmic;
  int32_t from, to; /* pixels of low and high */
} rrn_axis;

/* Pixel of a value. */
double rrn_axis_place(const rrn_axis *a, double value);
/* The largest of 1, 2, 5 times a power of ten that is not above value > 0, and the next in that row; rows begin at 1e-300, and
 * behind 1e307 comes infinity. */
double rrn_axis_round_down(double value);
double rrn_axis_next_round(double value);
/* Distance of ticks of a linear axis, at most `most` of them. */
double rrn_axis_step(const rrn_axis *a, int most);

/* Toward zero; of numbers beyond, all are whole. */
static inline double
rrn_axis_whole(double value)
{
  return value > -0x1p53 && value < 0x1p53 ? (double)(int64_t)value : value;
}

/* 0 when numbers are too coarse for ticks: counting steps from there on, n + 1 may be n. */
static inline int
rrn_axis_can_count(double n)
{
  return n > -0x1p52 && n < 0x1p52;
}

#endif
