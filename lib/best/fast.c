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
 * Not handled: layers that lose again. Complexity: at most two builds of the first recipe that fits. Deterministic. */
#include "best/fast.h"

#include <string.h>

enum { ROUNDS = 2, N_RECIPES = 3 };

/* Losses that are worth a second build: of all layers, of one relative to what it was meant to take and to all. */
static const double most_loss = 1.1, most_of_layer = 1.3, most_of_all = 0.005;

static const rrn_recipe recipes[2][N_RECIPES] = {
  { { 0.94, 0, 0, 0 }, { 0.87, 0, 0, 0 }, { 0.8, 0, 0, 0 } },       /* dense layers only */
  { { 0.82, 2, 0, 60 }, { 0.76, 4, 0, 60 }, { 0.87, 0, 0, 80 } },
};

int
rrn_fast_moves_pay(const rrn_plan *p)
{
  return p->eval.samples > 1 && !rrn_shape_some_grouped(p->m);
}

void
rrn_fast_begin(rrn_fast *f, rrn_plan *p)
{
  *f = (rrn_fast){ .plan = p, .grouped = rrn_shape_some_grouped(p->m) };
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
