/* SPDX-License-Identifier: MIT */
/*
 * In: numbers >= 0 whose sums must be exact. Out: the same on a grid.
 *
 * Multiples of one power of two, all partial sums below 2^53 of it, are added without rounding in double, in any
 * order and grouping. The step is chosen from the sum: 2^e with sum < 2^(e + 51), so that rounding each of fewer than
 * 2^50 numbers by half a step keeps partial sums below 2^52 steps. The error of an entry is below 2^-51 of the sum.
 * O(1) each.
 */
#include <math.h>

#include "cost/cost.h"

double
rrn_grid_step(double largest)
{
  int exponent;

  if (!(largest > 0))
    return 1;
  frexp(largest, &exponent); /* largest < 2^exponent */
  return ldexp(1, exponent - 51 < -1022 ? -1022 : exponent - 51);
}
