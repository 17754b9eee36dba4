/* SPDX-License-Identifier: MIT */
/* Numbers that are equal but for rounding. After cmocka.h. */
#ifndef RRAMNAS_TESTS_NEAR_H
#define RRAMNAS_TESTS_NEAR_H

#include <math.h>

static inline void
near(double value, double expected)
{
  if (!(fabs(value - expected) <= 1e-12 * fabs(expected)))
    fail_msg("%.17g, expected %.17g", value, expected);
}

#endif
