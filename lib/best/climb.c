/* SPDX-License-Identifier: MIT */
/* The fast effort: the soonest of the plans on some numbers of crossbars up to those at hand.
 *
 * In:  network, chip, options, crossbars at hand.
 * Out: a plan, when there is one.
 *
 * Idea: first plans on anchors, up to the first one that no rung is above; then on rungs, from the last one down to the
 * last anchor at hand, until the best plan is no later than the floor of the next one: neither that rung nor any below
 * has a sooner one (rungs.c). What a rung's plan is depends on its number of crossbars and its floor only: it is the
 * soonest of those that its search made and that are not sooner than the floor; one that is too soon is made slower.
 * The event simulation has the last word over the evaluator, and may differ by a little; a rung's plan that it finds
 * sooner by more than a hundredth counts as too soon, so that plans whose evaluated time is too long need not be
 * simulated. Passed over are plans that are too soon after some rounds.
 *
 * Invariant: more crossbars are never slower, as the result is the soonest of all rungs' and anchors' plans up to them;
 * to within the rounding of floors. Complexity: searches on one to a few rungs, and on an anchor for each doubling of the
 * crossbars that one copy fills; on two dozen rungs more at most, but below the first anchor. Not handled: numbers of
 * crossbars between rungs. Deterministic. */
#include "best/climb.h"

#include "best/rival.h"
#include "best/slow.h"
#include "compile/pack_search.h"

/* A plan may be simulated to be sooner than evaluated by this share, no more. */
static const double most_sooner = 0.01;

/* What a search may spend: where layers are dense only, and others, whose layers are not moved. */
static const rrn_allowance allowances[2] = {
  { 0, 2e6, 1e6, 6e6, 1, 1, 2, 2, 1, 1, 1, 0 },
  { 0, 2e6, 1e6, 3e6, 1, 1, 4, 2, 1, 1, 1, 0 },
};

/* Each time a plan is simulated to be too soon it is made slower by what it lacks, and a little. */
enum { MOST_SLOWINGS = 3 };
static const double little = 1e-3;

typedef struct climb {
  rrn_race *race;
  rrn_rungs *rungs;
  double floor_ns;     /* of the present rung */
  double enough_ns;    /* of the next lower one: a plan as soon as that ends the climb */
  rrn_rivals rivals;   /* when it has_rivals */
  int32_t has_rivals;
} climb;

/* What the simulation may not be below; without a floor anything will do. */
static double
least_ns(const climb *c, const rrn_keep *keep)
{
  const double expected = keep->ns * (1 - most_sooner);

  return c->floor_ns <= 0 ? 0 : expected > c->floor_ns ? expected : c->floor_ns;
}

/* The kept plan made slower until it is evaluated to take so long; 0 when it can't be. */
static int32_t
slow_down(climb *c, rrn_keep *keep, double wanted_ns, int *ret_done)
{
  rrn_plan *p = &c->race->search.plan;
  double ns;

  RRN_TRY(rrn_keep_load(keep, p));
  p->least_ns = wanted_ns;
  ns = rrn_plan_slow_down(p, keep->ns);
  *ret_done = ns >= wanted_ns;
  return p->floor.failed ? rrn_fail_memory(c->race->err) : rrn_keep_save(keep, p, ns);
}

/* The plan's time as simulated; huge when it is not to be used, or not sooner than the best. Passed over are plans that
 * stay too soon. */
static int32_t
judge(climb *c, rrn_keep *keep, int *ret_simulated, double *ret_ns)
{
  double ns = 0;
  int i, done = 1;

  *ret_ns = 1e300;
  *ret_simulated = 1;
  for (i = 0; i <= MOST_SLOWINGS && done; i++) {
    if (least_ns(c, keep) >= c->race->best_ns) {
      *ret_simulated = 0;
      return RRAMNAS_OK;
    }
    RRN_TRY(rrn_race_try(c->race, keep, &ns));
    if (ns >= least_ns(c, keep)) {
      *ret_ns = ns;
      return RRAMNAS_OK;
    }
    RRN_TRY(slow_down(c, keep, keep->ns * (c->floor_ns > ns ? c->floor_ns / ns : 1) * (1 + little), &done));
  }
  return RRAMNAS_OK;
}

/* Where no plan fits a mapping of policy rnc may. One copy of so many boxes that a search serves one number of crossbars
 * only is looked for where some layer has more boxes than there are crossbars, or where each box may have one: elsewhere
 * that takes too long, and the packing in the fewest is left. */
static int32_t
try_rnc(climb *c, int32_t crossbars)
{
  rrn_race *r = c->race;
  double ns;

  if (!c->has_rivals) {
    c->has_rivals = 1;
    RRN_TRY(rrn_rivals_init(&c->rivals, r->m, r->o, r->err));
  }
  c->rivals.copies_only = c->rivals.one_copy_boxes > RRN_PACK_BLOCK && crossbars >= c->rungs->fewest &&
                          crossbars < c->rivals.one_copy_boxes;
  RRN_TRY(rrn_rivals_on(&c->rivals, crossbars, r->best_ns, &ns));
  if (ns >= c->floor_ns && ns < r->best_ns) {
    r->best_ns = ns;
    r->rnc_on = crossbars;
  }
  return RRAMNAS_OK;
}

static int32_t
keep_plan(climb *c, rrn_kept_stage *kept, int32_t tries, double ns)
{
  rrn_race *r = c->race;

  kept->done = 1;
  kept->tries = tries;
  kept->none = r->search.n_keeps == 0;
  return ns < 1e300 ? rrn_kept_plan(r->m->kept, kept, &r->trial, ns, r->err) : RRAMNAS_OK;
}

static int32_t
make_plan(climb *c, int32_t crossbars, rrn_kept_stage *kept, double *ret_ns, int32_t *ret_none)
{
  rrn_race *r = c->race;
  const rrn_allowance a = rrn_search_allowance(&r->search, &allowances[r->grouped]);
  const int32_t tries = r->search.tries;
  int simulated = 1;

  *ret_ns = 1e300;
  RRN_TRY(rrn_search_plans(&r->search, crossbars, &a, c->floor_ns, c->enough_ns));
  *ret_none = r->search.n_keeps == 0;
  if (!*ret_none)
    RRN_TRY(judge(c, &r->search.keeps[0], &simulated, ret_ns));
  if (kept && simulated)
    RRN_TRY(keep_plan(c, kept, r->search.tries - tries, *ret_ns));
  if (*ret_ns < r->best_ns && crossbars <= r->m->crossbars_available)
    rrn_race_take(r, *ret_ns);
  return RRAMNAS_OK;
}

static void
repeat_plan(climb *c, int32_t crossbars, const rrn_kept_stage *kept, double *ret_ns, int32_t *ret_none)
{
  rrn_race *r = c->race;

  r->m->kept->repeated++;
  r->search.tries += kept->tries;
  *ret_ns = kept->ns;
  *ret_none = kept->none;
  if (kept->ns < r->best_ns && crossbars <= r->m->crossbars_available)
    rrn_race_repeat(r, kept);
}

/* ret_ns: of the plan, huge when it is not sooner than the best; ret_none: 1 when no plan fits. The best plan becomes the
 * result if there are so many crossbars. */
static int32_t
find_plan(climb *c, int32_t crossbars, double *ret_ns, int32_t *ret_none)
{
  rrn_kept_on *on = NULL;

  RRN_TRY(rrn_kept_on_crossbars(c->race->m->kept, crossbars, &on, c->race->err));
  if (!on || !on->stages[RRN_KEPT_RUNG].done)
    return make_plan(c, crossbars, on ? &on->stages[RRN_KEPT_RUNG] : NULL, ret_ns, ret_none);
  repeat_plan(c, crossbars, &on->stages[RRN_KEPT_RUNG], ret_ns, ret_none);
  return RRAMNAS_OK;
}

/* All plans are those of anchors so far, so what is known about them is the same whatever crossbars are at hand. */
static int32_t
make_anchors(climb *c)
{
  int32_t at, none;
  double ns;

  c->floor_ns = c->enough_ns = 0;
  while ((at = rrn_rungs_next_anchor(c->rungs)) > 0) {
    RRN_TRY(find_plan(c, at, &ns, &none));
    rrn_rungs_anchor(c->rungs, ns);
  }
  return RRAMNAS_OK;
}

static int32_t
climb_down(climb *c)
{
  rrn_race *r = c->race;
  int32_t i, next, none;
  double ns;

  RRN_TRY(make_anchors(c));
  for (i = rrn_rungs_below(c->rungs, c->rungs->n); i >= 0; i = next) {
    c->floor_ns = rrn_rungs_floor_ns(c->rungs, i);
    if (r->best_ns <= c->floor_ns)
      return RRAMNAS_OK;
    next = rrn_rungs_below(c->rungs, i);
    c->enough_ns = next >= 0 ? rrn_rungs_floor_ns(c->rungs, next) : c->floor_ns;
    RRN_TRY(find_plan(c, c->rungs->crossbars[i], &ns, &none));
    if (none)
      RRN_TRY(try_rnc(c, c->rungs->crossbars[i]));
  }
  return RRAMNAS_OK;
}

int32_t
rrn_climb_with(rrn_race *r, rrn_rungs *rungs)
{
  climb c = { .race = r, .rungs = rungs };
  int32_t status = rrn_rungs_init(rungs, r->m, r->search.samples, r->search.depthwise, r->m->crossbars_available,
                                  &r->bound_arena, r->err);

  if (status >= 0)
    status = climb_down(&c);
  if (c.has_rivals)
    rrn_rivals_release(&c.rivals);
  return status;
}

int32_t
rrn_climb(rrn_race *r)
{
  rrn_rungs rungs;

  return rrn_climb_with(r, &rungs);
}
