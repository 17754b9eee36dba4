/* SPDX-License-Identifier: MIT */
/* Indicators of quality and choices from a front.
 *
 * In:  a front, a reference front or weights.
 * Out: a number; the index of a point.
 *
 * Objectives in which all points are equal have no influence on a choice. Nothing is normalised in the distances.
 *
 * Complexity: O(n n_reference m) for distances, O(n m) for choices. Papers: Ishibuchi, Masuda, Tanigaki, Nojima,
 * EMO 2015 (IGD+); Van Veldhuizen, 1999 (GD); Deb, Multi-objective optimization using evolutionary algorithms, 2001
 * (pseudo-weights); Das, Struct. Optim. 18, 1999 (knee as farthest from the hyperplane; deviation: the plane through
 * the worst values instead of through the minima). */
#include "search/indicators.h"

#include <math.h>

enum { MOST_OBJECTIVES = 64 };

static double
nearest(const double *from, const double *others, size_t n, size_t m, int worse_only)
{
  double best = INFINITY;
  size_t i, j;

  for (i = 0; i < n; i++) {
    double sum = 0;

    for (j = 0; j < m; j++) {
      const double d = others[i * m + j] - from[j];

      sum += worse_only && d < 0 ? 0 : d * d;
    }
    best = sum < best ? sum : best;
  }
  return sqrt(best);
}

static double
mean_nearest(const double *from, size_t n_from, const double *to, size_t n_to, size_t m, int worse_only)
{
  double sum = 0;
  size_t i;

  for (i = 0; i < n_from; i++)
    sum += nearest(from + i * m, to, n_to, m, worse_only);
  return sum / (double)n_from;
}

double
rrn_gd(const double *f, size_t n, const double *reference, size_t n_reference, size_t m)
{
  return mean_nearest(f, n, reference, n_reference, m, 0);
}

double
rrn_igd_plus(const double *f, size_t n, const double *reference, size_t n_reference, size_t m)
{
  return mean_nearest(reference, n_reference, f, n, m, 1);
}

/* Best value and 1 / range of an objective, 0 without range. */
static void
scale_of(const double *f, size_t n, size_t m, size_t j, double *ret_low, double *ret_scale)
{
  double low = f[j], high = f[j];
  size_t i;

  for (i = 1; i < n; i++) {
    low = f[i * m + j] < low ? f[i * m + j] : low;
    high = f[i * m + j] > high ? f[i * m + j] : high;
  }
  *ret_low = low;
  *ret_scale = high > low ? 1 / (high - low) : 0;
}

/* Largest and sum of weighted shares of a point. */
static void
weigh(const double *p, size_t m, const double *low, const double *scale, const double *weights, double *ret_most,
      double *ret_sum)
{
  size_t j;

  *ret_most = *ret_sum = 0;
  for (j = 0; j < m; j++) {
    const double share = (weights ? weights[j] : 1) * (p[j] - low[j]) * scale[j];

    *ret_most = share > *ret_most ? share : *ret_most;
    *ret_sum += share;
  }
}

static size_t
choose(const double *f, size_t n, size_t m, const double *weights, int by_sum)
{
  double best_most = INFINITY, best_sum = INFINITY, most, sum, low[MOST_OBJECTIVES], scale[MOST_OBJECTIVES];
  size_t i, best = 0;

  for (i = 0; i < m; i++)
    scale_of(f, n, m, i, &low[i], &scale[i]);
  for (i = 0; i < n; i++) {
    weigh(f + i * m, m, low, scale, weights, &most, &sum);
    if (by_sum ? sum < best_sum : most < best_most || (most == best_most && sum < best_sum)) {
      best_most = most;
      best_sum = sum;
      best = i;
    }
  }
  return best;
}

size_t
rrn_choose_weighted(const double *f, size_t n, size_t m, const double *weights)
{
  return choose(f, n, m, weights, 0);
}

size_t
rrn_knee(const double *f, size_t n, size_t m)
{
  return choose(f, n, m, NULL, 1);
}

void
rrn_pseudo_weights(const double *f, size_t n, size_t m, size_t point, double *ret_weights)
{
  double sum = 0;
  size_t j;

  for (j = 0; j < m; j++) {
    double low, scale;

    scale_of(f, n, m, j, &low, &scale);
    ret_weights[j] = scale > 0 ? 1 - (f[point * m + j] - low) * scale : 0;
    sum += ret_weights[j];
  }
  for (j = 0; j < m; j++)
    ret_weights[j] = sum > 0 ? ret_weights[j] / sum : 1 / (double)m;
}
