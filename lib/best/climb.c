/* SPDX-License-Identifier: MIT */
/* The fast effort: the soonest of the plans on all rungs up to the crossbars at hand.
 *
 * In:  network, chip, options, crossbars at hand.
 * Out: a plan, when some rung has one.
 *
 * Idea: from the last rung down, until the best plan is no later than the floor of the next one: neither that rung nor
 * any below has a sooner one (rungs.c). What a rung's plan is depends on its number of crossbars and its floor only:
 * it is the soonest of those that its search made and that are not sooner than the floor; one that is too soon is made
 * slower. The event simulation has the last word over the evaluator, and may differ by a little; a plan that it finds
 * sooner by more than a hundredth counts as too soon, so that plans whose evaluated time is too long need not be
 * simulated. Passed over are plans that are too soon after some rounds.
 *
 * Invariant: more crossbars are never slower, as the result is the soonest of all rungs' plans up to them; to within
 * the rounding of floors. Complexity: searches on one to a few rungs. Not handled: numbers of crossbars between rungs.
 * Deterministic. */
#include "best/climb.h"

#include "best/rival.h"
#include "best/rungs.h"
#include "best/slow.h"
#include "compile/pack_search.h"

/* A plan may be simulated to be sooner than evaluated by this share, no more. */
static const double most_sooner = 0.01;

/* Each time a plan is simulated to be too soon it is made slower by what it lacks, and a little. */
enum { MOST_SLOWINGS = 3 };
static const double little = 1e-3;

typedef struct climb {
  rrn_race *race;
  rrn_rungs rungs;
  double floor_ns;     /* of the present rung */
  double enough_ns;    /* of the next lower one: a plan as soon as that ends the climb */
  rrn_kept_stage *kept; /* NULL = nothing is kept */
  rrn_rivals rivals;   /* when it has_rivals */
  int32_t has_rivals;
} climb;

/* What the simulation may not be below. */
static double
least_ns(const climb *c, const rrn_keep *keep)
{
  const double expected = keep->ns * (1 - most_sooner);

  return expected > c->floor_ns ? expected : c->floor_ns;
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
    if (keep->ns * (1 - most_sooner) >= c->race->best_ns) {
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
  c->rivals.copies_only = c->rivals.one_copy_boxes > RRN_PACK_BLOCK && crossbars >= c->rungs.fewest &&
                          crossbars < c->rivals.one_copy_boxes;
  RRN_TRY(rrn_rivals_on(&c->rivals, crossbars, r->best_ns, &ns));
  if (ns >= c->floor_ns && ns < r->best_ns) {
    r->best_ns = ns;
    r->rnc_on = crossbars;
  }
  return RRAMNAS_OK;
}

static int32_t
keep_rung(climb *c, int32_t tries, double ns)
{
  rrn_race *r = c->race;

  c->kept->done = 1;
  c->kept->tries = tries;
  c->kept->none = r->search.n_keeps == 0;
  return ns < 1e300 ? rrn_kept_plan(r->m->kept, c->kept, &r->trial, ns, r->err) : RRAMNAS_OK;
}

/* ret_none: 1 when no plan fits. */
static int32_t
make_plan(climb *c, int32_t crossbars, int32_t *ret_none)
{
  rrn_race *r = c->race;
  const rrn_allowance a = rrn_search_allowance(&r->search, &rrn_rungs_allowance);
  const int32_t tries = r->search.tries;
  int simulated = 1;
  double ns = 1e300;

  RRN_TRY(rrn_search_plans(&r->search, crossbars, &a, c->floor_ns, c->enough_ns));
  *ret_none = r->search.n_keeps == 0;
  if (!*ret_none)
    RRN_TRY(judge(c, &r->search.keeps[0], &simulated, &ns));
  if (c->kept && simulated)
    RRN_TRY(keep_rung(c, r->search.tries - tries, ns));
  if (ns < r->best_ns)
    rrn_race_take(r, ns);
  return RRAMNAS_OK;
}

static void
repeat_plan(climb *c)
{
  rrn_race *r = c->race;

  r->m->kept->repeated++;
  r->search.tries += c->kept->tries;
  if (c->kept->ns < r->best_ns)
    rrn_race_repeat(r, c->kept);
}

static int32_t
look_at_rung(climb *c, int32_t crossbars)
{
  rrn_kept_on *on = NULL;
  int32_t none;

  RRN_TRY(rrn_kept_on_crossbars(c->race->m->kept, crossbars, &on, c->race->err));
  c->kept = on ? &on->stages[RRN_KEPT_RUNG] : NULL;
  if (c->kept && c->kept->done) {
    repeat_plan(c);
    none = c->kept->none;
  } else {
    RRN_TRY(make_plan(c, crossbars, &none));
  }
  return none ? try_rnc(c, crossbars) : RRAMNAS_OK;
}

static int32_t
climb_down(climb *c)
{
  rrn_race *r = c->race;
  int32_t i, next;

  RRN_TRY(rrn_rungs_init(&c->rungs, r->m, &r->search, r->m->crossbars_available, &r->bound_arena, r->err));
  for (i = rrn_rungs_below(&c->rungs, c->rungs.n); i >= 0; i = next) {
    c->floor_ns = rrn_rungs_floor_ns(&c->rungs, i);
    if (r->best_ns <= c->floor_ns)
      return RRAMNAS_OK;
    next = rrn_rungs_below(&c->rungs, i);
    c->enough_ns = next >= 0 ? rrn_rungs_floor_ns(&c->rungs, next) : c->floor_ns;
    RRN_TRY(look_at_rung(c, c->rungs.crossbars[i]));
  }
  return RRAMNAS_OK;
}

int32_t
rrn_climb(rrn_race *r)
{
  climb c = { .race = r };
  const int32_t status = climb_down(&c);

  if (c.has_rivals)
    rrn_rivals_release(&c.rivals);
  return status;
}
