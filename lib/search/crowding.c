/* SPDX-License-Identifier: MIT */
/* Crowding distance within one front.
 *
 * In:  the points of a front.
 * Out: for each the sum over the objectives of the distance between its two neighbours, as a share of the front's
 * range;
 *      infinite at both ends of every objective.
 *
 * Equal values are ordered by index. An objective in which all are equal adds 0 to those between its ends. A front
 * of one or two points is infinite throughout. Objectives that are not finite have no distance: where a difference
 * is not a number it adds 0.
 *
 * Complexity: O(m n) with the radix sort. Paper: Deb, Pratap, Agarwal, Meyarivan, IEEE Trans. Evol. Comput. 6(2), 2002,
 * section III-B; no deviation (his program gives infinity to the smaller end alone). */
#include "search/crowding.h"

#include <math.h>

static void
add_objective(const double *f, size_t m, const rrn_key *keys, size_t n, double *distance)
{
  const double range = f[keys[n - 1].index * m] - f[keys[0].index * m];
  size_t i;

  distance[keys[0].index] = distance[keys[n - 1].index] = INFINITY;
  if (!(range > 0) || range == INFINITY)
    return;
  for (i = 1; i + 1 < n; i++)
    distance[keys[i].index] += (f[keys[i + 1].index * m] - f[keys[i - 1].index * m]) / range;
}

/* Of two objectives the second descends along a front in the order of the first. */
static void
order_by(const double *f, size_t m, size_t j, const uint32_t *ids, size_t n, rrn_key *keys)
{
  size_t i;

  if (m == 2 && j == 1) {
    for (i = 0; i < n; i++)
      keys[i].key = rrn_key_of(f[keys[i].index * m + j]);
    if (rrn_order_reversed(keys, n))
      return;
  }
  for (i = 0; i < n; i++)
    keys[i] = (rrn_key){ rrn_key_of(f[ids[i] * m + j]), ids[i] };
  rrn_order(keys, keys + n, n);
}

void
rrn_crowding(const double *f, size_t m, const uint32_t *ids, size_t n, rrn_key *keys, double *ret_distance)
{
  size_t i, j;

  for (i = 0; i < n; i++)
    ret_distance[ids[i]] = 0;
  for (j = 0; j < m && n > 0; j++) {
    order_by(f, m, j, ids, n, keys);
    add_objective(f + j, m, keys, n, ret_distance);
  }
}
