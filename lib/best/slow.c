/* SPDX-License-Identifier: MIT */
/* Plans that are too soon made to take longer; rungs.c says what for.
 *
 * In:  a plan, its time, the time that it may not be below.
 * Out: the plan with fewer copies of some layers, and its time.
 *
 * Idea: layers lose copies, that one first whose loss comes closest to the time that is missing, until the sum of their
 * times is longer by the share that the completion has to be; then the completion is evaluated. Each round comes closer.
 *
 * Not handled: moves of boxes; a plan whose layers have one copy each stays as it is. Complexity: at most 16 evaluations,
 * and for each change O(layers * points). Deterministic. */
#include "best/slow.h"

#include <string.h>

/* Each round comes closer; one that is still too soon after the last is passed over. */
enum { MOST_SLOW_ROUNDS = 16 };

/* Time that a layer may gain at once: with more, few layers would take all of it. */
static const double most_longer = 1.3;

/* A layer and a point with fewer copies. */
typedef struct slowing {
  int32_t layer; /* -1 = none */
  rrn_pick pick;
  double more_ns;
} slowing;

/* Of the layer's points that take longer by no more than a share, or the next if that takes longer still, the one whose
 * additional time comes closest to `wanted_ns`: from below if any does. */
static void
offer_points(const rrn_plan *p, int32_t layer, double wanted_ns, slowing *below, slowing *above)
{
  rrn_pick pick = p->picks[layer];
  const rrn_point *points = p->choices[layer].menus[pick.variant].points, *now = &points[pick.index];

  while (pick.index-- > 0) {
    const double more_ns = points[pick.index].ns - now->ns;

    if (points[pick.index].ns > most_longer * now->ns && pick.index < p->picks[layer].index - 1)
      return;
    if (more_ns > wanted_ns) {
      if (above->layer < 0 || more_ns < above->more_ns)
        *above = (slowing){ layer, pick, more_ns };
      return;
    }
    if (below->layer < 0 || more_ns > below->more_ns)
      *below = (slowing){ layer, pick, more_ns };
  }
}

/* The change that comes closest to `wanted_ns` more time of one layer. */
static slowing
next_slowing(const rrn_plan *p, const int32_t *barred, double wanted_ns)
{
  slowing below = { .layer = -1 }, above = { .layer = -1 };
  int32_t i;

  for (i = 0; i < p->n_layers; i++)
    if (!barred[i])
      offer_points(p, i, wanted_ns, &below, &above);
  return below.layer >= 0 ? below : above;
}

/* One change after the other until all layers together take `wanted_ns` more, as little more as can be; returns how many
 * were made, 0 = none is left. */
static int32_t
slow_layers(rrn_plan *p, int32_t *barred, double wanted_ns)
{
  int32_t n = 0;

  while (wanted_ns > 0 && !p->floor.failed) {
    const slowing s = next_slowing(p, barred, wanted_ns);

    if (s.layer < 0)
      break;
    if (!rrn_plan_change(p, s.layer, s.pick)) {
      barred[s.layer] = 1;
      continue;
    }
    wanted_ns -= s.more_ns;
    n++;
  }
  return n;
}

double
rrn_plan_slow_down(rrn_plan *p, double ns)
{
  int32_t *barred = p->order, i, round;
  double sum;

  memset(barred, 0, (size_t)p->n_layers * sizeof(*barred));
  for (round = 0; round < MOST_SLOW_ROUNDS && ns < p->least_ns; round++) {
    for (sum = 0, i = 0; i < p->n_layers; i++)
      sum += p->eval.ns[i];
    if (slow_layers(p, barred, (p->least_ns - ns) * sum / ns) == 0)
      break;
    rrn_plan_share_all(p);
    ns = rrn_plan_time(p, 1e300);
  }
  rrn_floor_keep(&p->floor);
  return ns;
}
