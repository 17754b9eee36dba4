/* SPDX-License-Identifier: MIT */
/* Axes of plots, of exactly rounded operations only: the same pixels on every machine. Any numbers may come: no loop goes on for
 * those that overflow. */
#include "report/axis.h"

#include <math.h>

#define LEAST 1e-300
#define MOST 1e307

/* Binary logarithm of x > 0, to 2^-30. */
static double
log_two(double x)
{
  double value = 0, bit = 0.5;
  int i;

  x = x < LEAST ? LEAST : x > MOST ? MOST : x;
  for (; x >= 2; x /= 2)
    value += 1;
  for (; x < 1; x *= 2)
    value -= 1;
  for (i = 0; i < 30; i++, bit /= 2) {
    x *= x;
    if (x >= 2) {
      x /= 2;
      value += bit;
    }
  }
  return value;
}

double
rrn_axis_place(const rrn_axis *a, double value)
{
  const double share = a->logarithmic ? log_two(value / a->low) / log_two(a->high / a->low)
                                      : (value - a->low) / (a->high - a->low);

  return a->from + share * (a->to - a->from);
}

double
rrn_axis_round_down(double value)
{
  double ten = 1;

  value = !(value > LEAST) ? LEAST : value > MOST ? MOST : value;
  while (ten * 10 <= value)
    ten *= 10;
  while (ten > value)
    ten /= 10;
  return ten * 5 <= value ? ten * 5 : ten * 2 <= value ? ten * 2 : ten;
}

double
rrn_axis_next_round(double value)
{
  double ten = 1;

  if (!(value >= LEAST && value < MOST))
    return value < LEAST ? LEAST : INFINITY;
  while (ten * 10 <= value * 1.001)
    ten *= 10;
  while (ten > value * 1.001)
    ten /= 10;
  return value >= ten * 4 ? ten * 10 : value >= ten * 1.5 ? ten * 5 : ten * 2;
}

double
rrn_axis_step(const rrn_axis *a, int most)
{
  double step = rrn_axis_round_down((a->high - a->low) / most);

  while ((a->high - a->low) / step > most)
    step = rrn_axis_next_round(step);
  return step;
}
