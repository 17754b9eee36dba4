/* SPDX-License-Identifier: MIT */
/* How good a front is, and which of its points to take. All objectives are minimised; fronts are f[n][m], n > 0,
 * m at most 64. */
#ifndef RRN_SEARCH_INDICATORS_H
#define RRN_SEARCH_INDICATORS_H

#include <stddef.h>

/* Mean distance from a point of the front to the nearest reference point. */
double rrn_gd(const double *f, size_t n, const double *reference, size_t n_reference, size_t m);
/* Mean distance from a reference point to the nearest point of the front, counting only objectives in which the
 * point is worse (IGD+: weakly Pareto compliant). */
double rrn_igd_plus(const double *f, size_t n, const double *reference, size_t n_reference, size_t m);

/* The point of smallest weighted Chebyshev distance to the best value of each objective, objectives as shares of the
 * front's range, weights[m] >= 0 (a large weight: this objective matters). Ties: smaller weighted sum, then the
 * first. */
size_t rrn_choose_weighted(const double *f, size_t n, size_t m, const double *weights);
/* The weights that a point stands for: its distance from the worst value of each objective as a share of the range,
 * scaled to sum 1. */
void rrn_pseudo_weights(const double *f, size_t n, size_t m, size_t point, double *ret_weights);
/* The knee: the point farthest ahead of the plane through the worst values of the objectives, i.e. of smallest sum of
 * objectives as shares of the range. */
size_t rrn_knee(const double *f, size_t n, size_t m);

#endif
