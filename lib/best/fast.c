/* SPDX-License-Identifier: MIT */
/* Plans of one group for a search loop: two builds rather than hundreds.
 *
 * In:  menus on some crossbars.
 * Out: one or two plans that fit, or none.
 *
 * Idea: what makes a build bad is that layers which come late find no room and get few copies; the cells that the
 * allocation meant for them stay empty. So grouped layers, which go into many crossbars at once, come after the boxes
 * that leave them no room and are dealt to what these leave. And the next build places first the layers that lost most
 * in the one before, when all lost more than a tenth. Recipes were chosen on the four mobile networks of doc/best.md,
 * on 0.75 to 2 times the crossbars of one tile each: the first is within 4 % of the best of 24 on average. Crossbars
 * are left as they are where a layer's next point would be another tiling: that is worth 0.3 %, and half of the time.
 *
 * A plan that is to take longer (climb.c says why) is slowed down: layers lose copies, those first whose loss comes closest
 * to the time that is missing.
 *
 * Not handled: layers that lose again. Complexity: at most two builds of the first recipe that fits; some evaluations for
 * a plan slowed down. Deterministic. */
#include "best/fast.h"

#include <string.h>

enum { ROUNDS = 2, N_RECIPES = 3 };

/* Losses that are worth a second build: of all layers, of one relative to what it was meant to take and to all. */
static const double most_loss = 1.1, most_of_layer = 1.3, most_of_all = 0.005;

static const rrn_recipe recipes[2][N_RECIPES] = {
  { { 0.94, 0, 0, 0 }, { 0.87, 0, 0, 0 }, { 0.8, 0, 0, 0 } },       /* dense layers only */
  { { 0.82, 2, 0, 60 }, { 0.76, 4, 0, 60 }, { 0.87, 0, 0, 80 } },
};

static int
some_layer_is_grouped(const rrn_plan *p)
{
  int32_t i;

  for (i = 0; i < p->n_layers && p->m->matrices[i].groups == 1; i++)
    ;
  return i < p->n_layers;
}

int
rrn_fast_moves_pay(const rrn_plan *p)
{
  return p->eval.samples > 1 && !some_layer_is_grouped(p);
}

void
rrn_fast_begin(rrn_fast *f, rrn_plan *p)
{
  *f = (rrn_fast){ .plan = p, .grouped = some_layer_is_grouped(p) };
  memset(p->urgent, 0, (size_t)p->n_layers);
}

/* Layers that lost are urgent from now on; returns whether some are. */
static int
note_losses(const rrn_plan *p)
{
  double wanted = 0, sum = 0, ns;
  int32_t i, n = 0;

  for (i = 0; i < p->n_layers; i++) {
    wanted += p->wanted_ns[i];
    sum += p->eval.ns[i];
  }
  for (i = 0; i < p->n_layers && sum > most_loss * wanted; i++) {
    ns = p->eval.ns[i];
    if (ns <= most_of_layer * p->wanted_ns[i] || ns - p->wanted_ns[i] <= most_of_all * wanted)
      continue;
    n += !p->urgent[i];
    p->urgent[i] = 1;
  }
  return n > 0;
}

int32_t
rrn_fast_build(rrn_fast *f, int32_t *ret_fits)
{
  rrn_plan *p = f->plan;

  rrn_plan_one_group(p);
  RRN_TRY(rrn_plan_build(p, &recipes[f->grouped][f->recipe], NULL, ret_fits));
  f->round++;
  if (*ret_fits)
    f->over = !note_losses(p) || f->round == ROUNDS;
  else
    f->over = f->round > 1 || ++f->recipe == N_RECIPES;
  if (!*ret_fits)
    f->round = 0;
  return RRAMNAS_OK;
}

/* --- plans that are too soon --- */

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
rrn_fast_slow_down(rrn_plan *p, double ns)
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
