/* SPDX-License-Identifier: MIT */
/* Is a sample of a distribution? Include after cmocka. */
#ifndef RRAMNAS_TESTS_DISTRIBUTION_H
#define RRAMNAS_TESTS_DISTRIBUTION_H

#include <math.h>
#include <stdlib.h>

static inline double
normal_cdf(double x)
{
  return 0.5 * erfc(-x / sqrt(2));
}

static inline int
by_value(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

/* Kolmogorov-Smirnov at level 1 %: 1.628 / sqrt(n). Mean and variance at 4 standard errors. Sorts z. */
static inline void
assert_standard_normal(double *z, size_t n, const char *what)
{
  double sum = 0, squares = 0, d = 0;
  size_t i;

  for (i = 0; i < n; i++) {
    sum += z[i];
    squares += z[i] * z[i];
  }
  qsort(z, n, sizeof(*z), by_value);
  for (i = 0; i < n; i++) {
    const double f = normal_cdf(z[i]);

    d = fmax(d, fmax(f - (double)i / (double)n, (double)(i + 1) / (double)n - f));
  }
  if (fabs(sum / (double)n) > 4 / sqrt((double)n) || fabs(squares / (double)n - 1) > 4 * sqrt(2 / (double)n) ||
      d > 1.628 / sqrt((double)n))
    fail_msg("%s: mean %g, variance %g, distance %g of at most %g", what, sum / (double)n, squares / (double)n, d,
             1.628 / sqrt((double)n));
}

#endif
