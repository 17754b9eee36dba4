/* SPDX-License-Identifier: MIT */
/* The best plan for at most so many crossbars: a race of searches on numbers of crossbars.
 *
 * In:  network, chip, crossbars at hand, effort.
 * Out: the best plan found on any of a list of numbers of crossbars up to those at hand.
 *
 * Idea: the list depends on the network and the chip only, and a search depends on its number of crossbars only, never
 * on those at hand. So with more crossbars the same searches are there to choose from, and a few more: the best of them
 * is never slower. A higher effort has more numbers and more stages of each search.
 *
 * Few of the searches are run. A search goes through stages, each with several times the work of the one before, and
 * a stage may not improve on the one before by more than a fixed share: sooner plans are passed over. So the bound on
 * the time of any plan, and the time after each stage, say how soon a search can be done at best. The search that
 * promises most goes on by one stage, until none promises more than the best plan found. That is the best plan of all
 * searches, as if each had been run to its end, or to where it is level with one on fewer crossbars.
 *
 * Invariant: a racer's promise never falls. Complexity: at most all stages of all racers; in practice the last stage
 * of one to four. Not handled: numbers of crossbars that are not in the list; plans on the next lower one serve them.
 * Source: lower bounds with best-first order as in A* (Hart, Nilsson, Raphael, IEEE Trans. SSC 4, 1968). Deterministic. */
#include "best/race.h"

#include "best/climb.h"
#include "best/ideal.h"
#include "best/kept.h"

#include "timing/sim.h"

enum { MOST_RACERS = 2048, STAGES = RRN_RACE_STAGES, BOUND_STEPS = 6, MANY = 2048, LARGE = 1024, NEIGHBOURS = 4 };
_Static_assert((int)STAGES < (int)RRN_KEPT_RUNG, "some stage has no place among what is kept");

/* Which stages a search has. Groups pay where several inferences are on their way and layers use what is free: not
 * where grouped layers work one group at a time, and thereby most of the time alone. There the best plan of one group
 * of each way to build is improved instead. */
enum { DENSE, GROUPED, ALONE, KINDS };

/* The fast effort has an allowance of its own (climb.c). */
static const rrn_allowance stages[KINDS][STAGES] = {
  [DENSE] = {
    { 0, 2e6, 1e6, 3e6, 1, 1, 4, 2, 1, 1, 1, 0 },
    { 3e6, 1.2e6, 9e5, 6e5, 3, 1, 3, 2, 1, 0, 2, 0 },
    { 6e6, 9e6, 3e7, 3e7, 3, 2, 6, 4, 1, 0, 3, 0 },
    { 3e7, 3e7, 1.5e8, 1e8, 3, 4, 8, 6, 1, 0, 4, 0 },
    { 1e8, 4.5e8, 3.15e9, 2.25e9, 3, 4, 12, 12, 2, 0, 5, 0 },
  },
  [GROUPED] = {
    { 0, 2e6, 1e6, 3e6, 1, 1, 4, 2, 1, 1, 1, 0 },
    { 3e6, 2e6, 1.5e6, 1e6, 3, 1, 3, 2, 1, 0, 2, 0 },
    { 6e6, 1.2e7, 2e7, 3.5e7, 3, 4, 6, 4, 1, 0, 3, 0 },
    { 3e7, 5e7, 1e8, 2e8, 3, 2, 8, 9, 3, 0, 4, 1 },
    { 1e8, 1.5e8, 7e8, 1.5e9, 3, 4, 12, 12, 4, 0, 5, 1 },
  },
  [ALONE] = {
    { 0, 2e6, 1e6, 3e6, 1, 1, 4, 2, 1, 1, 1, 0 },
    { 3e6, 0, 0, 6e6, 3, 0, 0, 2, 2, 0, 2, 1 },
    { 1e7, 0, 0, 6e7, 3, 0, 0, 4, 4, 0, 3, 1 },
    { 3e7, 0, 0, 3e8, 3, 0, 0, 6, 6, 0, 4, 1 },
    { 1e8, 0, 0, 1.5e9, 3, 0, 0, 8, 8, 0, 5, 1 },
  },
};

/* The luck of a search counts for more than its work, so there are lists of searches that differ in their random numbers
 * and in how much they spend on moves of groups. Balanced ends with one, thorough goes on as if it had not been made; the
 * other is the last stage of thorough. Both where layers are dense and inferences several. */
enum { AGAIN = STAGES, AGAIN_SEARCHES = 4, LAST_SEARCHES = 5 };
static const rrn_allowance again[AGAIN_SEARCHES] = {
  { 3e6, 1.2e7, 1.5e7, 8e7, 3, 4, 6, 4, 1, 0, 8, 0 },
  { 3e6, 3e7, 1.5e8, 8e7, 3, 2, 8, 6, 1, 0, 9, 0 },
  { 3e6, 1.2e7, 1.5e7, 8e7, 3, 4, 6, 4, 1, 0, 10, 0 },
  { 3e6, 3e7, 1.5e8, 8e7, 3, 2, 8, 6, 1, 0, 11, 0 },
};
static const rrn_allowance last_stage[LAST_SEARCHES] = {
  { 1e8, 4.5e8, 3.15e9, 2.25e9, 3, 4, 12, 12, 2, 0, 5, 0 },
  { 6e6, 6e7, 3e8, 2e8, 3, 2, 8, 6, 1, 0, 12, 0 },
  { 6e6, 6e7, 3e8, 2e8, 3, 4, 10, 12, 1, 0, 13, 0 },
  { 6e6, 6e7, 3e8, 2e8, 3, 2, 8, 6, 1, 0, 14, 0 },
  { 6e6, 6e7, 3e8, 2e8, 3, 4, 10, 12, 1, 0, 15, 0 },
};
static const double again_share = 0.07;

/* The share of the way to the bound that a stage may go, for one inference and for more; where grouped layers work one
 * group at a time the bound is closer, and stages seldom go so far. */
static const double shares[2][STAGES][2] = {
  { { 1, 1 }, { 0.6, 0.15 }, { 0.5, 0.3 }, { 0.35, 0.25 }, { 0.3, 0.25 } },
  { { 1, 1 }, { 0.6, 0.15 }, { 0.4, 0.25 }, { 0.25, 0.16 }, { 0.15, 0.12 } },
};

/* And of the time at most. Where groups may share activations the bound is far away, and tells little. */
static const double most_shares[STAGES][2] = { { 1, 1 }, { 1, 0.15 }, { 1, 0.08 }, { 0.15, 0.08 }, { 0.1, 0.06 } };

/* Both where hardly more than the cells of one copy are there: first plans are poor, and differ much. */
enum { FIRST_TIGHT = 3 };
static const double tight_share = 0.4, tight_most_share = 0.3;

/* Where the first stage makes no plan, cells are scarce: later plans are not sooner than this share of the time of one copy
 * of each layer. */
static const double scarce_share = 0.25;

/* About what searches on a few hundred crossbars need. glibc's allocator gives the system back what is free at its end,
 * and pages then cost as much again as a compilation by effort fast. It keeps twice its largest block that was freed:
 * one as large as all others together is enough. */
enum { SEARCH_BYTES = 1 << 20 };

/* --- the list --- */

/* Numbers of crossbars: close to each other where all crossbars are needed for one copy, farther apart beyond. Plans of
 * large networks take long to make, and a bound that is far leaves out few numbers: so these have fewer; those of one
 * inference are soon made. */
static int32_t
list_racers(rrn_race *r, int32_t most)
{
  const int32_t first = rrn_ideal_fewest(r->m), many = first >= MANY;
  const int32_t one = r->search.samples == 1, share = many ? 8 : r->far ? (one ? 40 : 24) : one ? 160 : 40;
  const int32_t step = 1 + (many ? first / MANY * (MANY / 256) : r->far && !one ? first / 100 : 0);
  int32_t upwards[MOST_RACERS], n = 0, at, k;

  for (at = first; at <= most && n < MOST_RACERS; at += step + (at - first) / share)
    upwards[n++] = at;
  r->racers = rrn_arena_alloc(&r->bound_arena, (size_t)n + 1, sizeof(*r->racers));
  if (!r->racers)
    return rrn_fail_memory(r->err);
  for (r->n = n, k = 0; k < n; k++)
    r->racers[n - 1 - k] = (rrn_racer){ .crossbars = upwards[k], .bound_ns = -1, .own_bound_ns = -1, .scarce_ns = -1,
                                         .ns = 1e300 };
  return RRAMNAS_OK;
}

/* --- who promises most --- */

static int
is_tight(const rrn_race *r, const rrn_racer *x)
{
  const int32_t first = r->racers[r->n - 1].crossbars;

  return x->crossbars - first <= first / 32;
}

/* Grouped layers work one group at a time. */
static int
takes_turns(const rrn_race *r)
{
  return r->grouped && !r->far;
}

/* The time that a stage may not go below. */
static double
least_after(const rrn_race *r, const rrn_racer *x, int32_t stage, double ns)
{
  const int tight = stage >= FIRST_TIGHT && is_tight(r, x);
  const double usual = shares[takes_turns(r)][stage][r->search.samples > 1];
  const double share = (tight ? tight_share : usual) * (ns - x->own_bound_ns);
  const double most = (tight ? tight_most_share : most_shares[stage][r->far]) * ns;

  return share <= 0 ? ns : ns - (share < most ? share : most);
}

/* Networks so large that plans take long. */
static int
is_large(const rrn_race *r)
{
  return r->n > 0 && r->racers[r->n - 1].crossbars >= LARGE;
}

/* Where many layers work at a time and none is grouped several searches are made, unless plans take long. */
static int
luck_counts(const rrn_race *r)
{
  return r->search.samples > 1 && !r->grouped && !is_large(r);
}

static int
goes_again(const rrn_race *r, int32_t effort)
{
  return effort == RRAMNAS_EFFORT_BALANCED && luck_counts(r);
}

/* Searching again finds no sooner plan. */
static double
least_again(const rrn_racer *x, double ns)
{
  const double least = (1 - again_share) * ns;

  return least > x->own_bound_ns ? least : x->own_bound_ns;
}

static int32_t
kind_of(const rrn_race *r)
{
  if (r->search.samples == 1 || takes_turns(r))
    return ALONE;
  return r->grouped ? GROUPED : DENSE;
}

/* No plan of the racer will be sooner, up to that stage. */
static double
promise(const rrn_race *r, const rrn_racer *x, int32_t last)
{
  double ns = x->ns;
  int32_t i;

  if (x->stage == 0)
    return x->bound_ns;
  if (x->ns >= 1e300)
    return x->scarce_ns > x->bound_ns ? x->scarce_ns : x->bound_ns;
  for (i = x->stage; i < last && !x->over; i++)
    ns = least_after(r, x, i, ns);
  return ns > x->bound_ns ? ns : x->bound_ns;
}

/* Other than the bound that is known from racers with more crossbars, it does not depend on the crossbars at hand. Where
 * it is far none is used. */
static int32_t
find_own_bound(rrn_race *r, rrn_racer *x)
{
  rramnas_mapping chip = rrn_search_bare(r->m);
  rrn_kept_on *kept = NULL;

  x->own_bound_ns = 0;
  if (r->far)
    return RRAMNAS_OK;
  RRN_TRY(rrn_kept_on_crossbars(r->m->kept, x->crossbars, &kept, r->err));
  if (kept && kept->own_bound_ns >= 0) {
    x->own_bound_ns = kept->own_bound_ns;
    return RRAMNAS_OK;
  }
  chip.crossbars_available = x->crossbars;
  rrn_arena_reset(&r->scratch);
  RRN_TRY(rrn_bound_time(&chip, r->search.depthwise, r->search.samples, BOUND_STEPS, &r->scratch, &x->own_bound_ns,
                         r->err));
  if (kept)
    kept->own_bound_ns = x->own_bound_ns;
  return RRAMNAS_OK;
}

/* What later plans are not sooner than when the first stage made none; huge when some layer does not fit. */
static int32_t
find_scarce(rrn_race *r, rrn_racer *x)
{
  const rrn_shape_limits limits = { r->search.depthwise, 1 };
  double sum = 0, longest = 0, ns;
  int32_t i;

  rrn_arena_reset(&r->scratch);
  for (i = 0; i < r->m->n_layers; i++) {
    rrn_choice choice;

    RRN_TRY(rrn_shape_choose(r->m, i, x->crossbars, limits, &r->scratch, &choice, r->err));
    ns = choice.n > 0 ? choice.menus[0].points[0].ns : 1e300;
    sum += ns;
    longest = ns > longest ? ns : longest;
  }
  x->scarce_ns = scarce_share * (sum + (r->search.samples - 1) * longest);
  return RRAMNAS_OK;
}

/* Bounds rise from racer to racer. */
static int32_t
find_bounds(rrn_race *r, rrn_racer *x, double bound_ns)
{
  double ns;

  if (x->bound_ns < 0) {
    ns = rrn_bound_time_at(r->bounds, x->crossbars, BOUND_STEPS);
    x->bound_ns = ns > bound_ns ? ns : bound_ns;
  }
  if (x->stage == 1 && x->ns >= 1e300 && x->scarce_ns < 0)
    RRN_TRY(find_scarce(r, x));
  return x->stage == 1 && x->own_bound_ns < 0 ? find_own_bound(r, x) : RRAMNAS_OK;
}

/* Stages of an effort. Networks of dense layers have one more at balanced, unless they are large. */
static int32_t
count_stages(const rrn_race *r, int32_t effort)
{
  if (effort > RRAMNAS_EFFORT_BALANCED)
    return STAGES;
  return r->grouped || is_large(r) ? 3 : 4;
}

/* The racer that promises most and is not at its end, or -1. Not all are asked for their bounds. */
static int32_t
next_racer(rrn_race *r, int32_t effort, int32_t *ret_racer)
{
  const int32_t last = count_stages(r, effort), once_more = goes_again(r, effort);
  double bound = 0, least = 1e300, ns;
  int32_t i, best = -1;

  for (i = 0; i < r->n && bound * (1 + RRN_BOUND_TIME_ROUNDING) < r->best_ns && least > bound; i++) {
    rrn_racer *x = &r->racers[i];

    RRN_TRY(find_bounds(r, x, bound));
    bound = x->bound_ns;
    ns = promise(r, x, last);
    if (once_more && ns > x->bound_ns)
      ns = least_again(x, ns) > x->bound_ns ? least_again(x, ns) : x->bound_ns;
    if ((x->stage < last || (once_more && !x->again)) && !x->over && ns < least) {
      least = ns;
      best = i;
    }
  }
  *ret_racer = least * (1 + RRN_BOUND_TIME_ROUNDING) < r->best_ns ? best : -1;
  return RRAMNAS_OK;
}

/* --- one stage --- */

int32_t
rrn_race_completion(const rramnas_mapping *m, int32_t samples, double *ret_ns, rramnas_error *err)
{
  const rrn_sim_options sim = { .model = RRAMNAS_TIMING_RNC, .samples = samples };

  return rrn_simulate(m, &sim, ret_ns, err);
}

void
rrn_race_take(rrn_race *r, double ns)
{
  const rramnas_mapping old = r->best;

  r->best = r->trial;
  r->trial = old;
  r->best_ns = ns;
  r->rnc_on = 0;
}

int32_t
rrn_race_try(rrn_race *r, const rrn_keep *keep, double *ret_ns)
{
  rrn_arena arena;

  rrn_arena_reset(&r->trial.arena);
  arena = r->trial.arena;
  r->trial = rrn_search_bare(r->m);
  r->trial.arena = arena;
  RRN_TRY(rrn_keep_show(keep, &r->search.plan, 0));
  RRN_TRY(rrn_plan_commit(&r->search.plan, &r->trial, r->err));
  return rrn_race_completion(&r->trial, r->search.samples, ret_ns, r->err);
}

/* The event simulation has the last word over the evaluator; ret_ns: the best so far. */
static int32_t
judge(rrn_race *r, const rrn_keep *keep, double least_ns, double *ret_ns, rrn_kept_stage *kept)
{
  double ns = 0;

  RRN_TRY(rrn_race_try(r, keep, &ns));
  if (ns < least_ns || ns >= *ret_ns)
    return RRAMNAS_OK;
  *ret_ns = ns;
  if (kept)
    RRN_TRY(rrn_kept_plan(r->m->kept, kept, &r->trial, ns, r->err));
  if (ns < r->best_ns)
    rrn_race_take(r, ns);
  return RRAMNAS_OK;
}

void
rrn_race_repeat(rrn_race *r, const rrn_kept_stage *kept)
{
  const rrn_arena arena = r->trial.arena;

  r->trial = rrn_search_bare(r->m);
  r->trial.arena = arena;
  rrn_kept_share_boxes(&r->trial, kept->plan);
  rrn_race_take(r, kept->ns);
}

/* A stage that another compilation has run. */
static void
repeat_stage(rrn_race *r, double *ret_ns, const rrn_kept_stage *kept)
{
  r->m->kept->repeated++;
  r->search.tries += kept->tries;
  if (kept->ns >= *ret_ns)
    return;
  *ret_ns = kept->ns;
  if (kept->ns < r->best_ns)
    rrn_race_repeat(r, kept);
}

/* The soonest plan of several searches; none that is sooner than least_ns. */
static int32_t
make_searches(rrn_race *r, const rrn_racer *x, const rrn_allowance *searches, int32_t n, double least_ns, double *ns,
              rrn_kept_stage *kept)
{
  const double enough_ns = least_ns * (1 + RRN_SEARCH_ENOUGH);
  const int32_t tries = r->search.tries;
  int32_t i, k;

  for (i = 0; i < n && *ns > enough_ns; i++) {
    const rrn_allowance a = rrn_search_allowance(&r->search, &searches[i]);

    RRN_TRY(rrn_search_plans(&r->search, x->crossbars, &a, least_ns, enough_ns));
    for (k = 0; k < r->search.n_keeps; k++)
      RRN_TRY(judge(r, &r->search.keeps[k], least_ns, ns, kept));
  }
  if (kept) {
    kept->done = 1;
    kept->tries = r->search.tries - tries;
  }
  return RRAMNAS_OK;
}

static int32_t
make_stage(rrn_race *r, rrn_racer *x, rrn_kept_stage *kept)
{
  const rrn_allowance *searches = &stages[kind_of(r)][x->stage];
  double least_ns = 0;
  int32_t n = 1;

  if (x->stage > 0)
    least_ns = x->ns < 1e300 ? least_after(r, x, x->stage, x->ns) : x->scarce_ns;
  if (x->stage == STAGES - 1 && luck_counts(r)) {
    searches = last_stage;
    n = LAST_SEARCHES;
  }
  return make_searches(r, x, searches, n, least_ns, &x->ns, kept);
}

static int32_t
run_stage(rrn_race *r, rrn_racer *x)
{
  rrn_kept_on *on = NULL;

  RRN_TRY(rrn_kept_on_crossbars(r->m->kept, x->crossbars, &on, r->err));
  if (on && on->stages[x->stage].done)
    repeat_stage(r, &x->ns, &on->stages[x->stage]);
  else
    RRN_TRY(make_stage(r, x, on ? &on->stages[x->stage] : NULL));
  x->after[x->stage++] = x->ns;
  /* Without a plan it promises none: not to find one later is part of what a search is. */
  x->over |= x->stage >= 2 && x->ns >= 1e300;
  return RRAMNAS_OK;
}

static int32_t advance(rrn_race *r, int32_t i);

/* 1: that racer is no later than x, both after as many stages as x has done. */
static int32_t
is_level(rrn_race *r, int32_t i, const rrn_racer *x, int *ret_level)
{
  rrn_racer *y = &r->racers[i];

  *ret_level = 0;
  while (y->stage < x->stage && !y->over) {
    RRN_TRY(find_bounds(r, y, x->bound_ns));
    if (promise(r, y, x->stage) > x->ns * (1 + RRN_BOUND_TIME_ROUNDING))
      return RRAMNAS_OK;
    RRN_TRY(advance(r, i));
  }
  *ret_level = (y->stage < x->stage ? y->ns : y->after[x->stage - 1]) <= x->ns;
  return RRAMNAS_OK;
}

/* One inference: many racers reach the same time, of which the one with fewest crossbars goes on. With more inferences
 * later stages change too much. */
static int32_t
find_over(rrn_race *r, int32_t i)
{
  rrn_racer *x = &r->racers[i];
  int level = 0;
  int32_t k;

  if (r->search.samples > 1 || x->stage == 0 || x->ns >= 1e300)
    return RRAMNAS_OK;
  for (k = i + 1; k <= i + NEIGHBOURS && k < r->n && !level; k++)
    RRN_TRY(is_level(r, k, x, &level));
  x->over = level;
  return RRAMNAS_OK;
}

/* By a stage, unless it is over. */
static int32_t
advance(rrn_race *r, int32_t i)
{
  RRN_TRY(find_over(r, i));
  return r->racers[i].over ? RRAMNAS_OK : run_stage(r, &r->racers[i]);
}

/* --- once more --- */

/* What it finds is no part of the racer's time, from which its later stages go on. */
static int32_t
run_again(rrn_race *r, rrn_racer *x)
{
  rrn_kept_on *on = NULL;
  double ns = x->ns;

  x->again = 1;
  RRN_TRY(rrn_kept_on_crossbars(r->m->kept, x->crossbars, &on, r->err));
  if (on && on->stages[AGAIN].done)
    repeat_stage(r, &ns, &on->stages[AGAIN]);
  else
    RRN_TRY(make_searches(r, x, again, AGAIN_SEARCHES, least_again(x, x->ns), &ns, on ? &on->stages[AGAIN] : NULL));
  return RRAMNAS_OK;
}

/* --- the whole --- */

int32_t
rrn_race_run(rrn_race *r, int32_t effort)
{
  int32_t i = -1;

  if (effort == RRAMNAS_EFFORT_FAST)
    return rrn_climb(r);
  if (!r->bounds)
    RRN_TRY(rrn_bound_time_new(r->m, r->search.depthwise, r->search.samples, &r->bound_arena, &r->bounds, r->err));
  for (;;) {
    RRN_TRY(next_racer(r, effort, &i));
    if (i < 0)
      return RRAMNAS_OK;
    RRN_TRY(r->racers[i].stage < count_stages(r, effort) ? advance(r, i) : run_again(r, &r->racers[i]));
  }
}

int32_t
rrn_race_init(rrn_race *r, const rramnas_mapping *m, const rramnas_compile_options *o, rramnas_error *err)
{
  rrn_arena_init(&r->bound_arena, &m->rt);
  rrn_arena_init(&r->search_arena, &m->rt);
  rrn_arena_init(&r->scratch, &m->rt);
  rrn_arena_init(&r->trial.arena, &m->rt);
  rrn_arena_init(&r->best.arena, &m->rt);
  r->m = m;
  r->o = o;
  r->rnc_on = 0;
  r->bounds = NULL;
  r->best_ns = 1e300;
  r->grouped = rrn_shape_some_grouped(m);
  r->far = r->grouped && o->depthwise != RRAMNAS_DEPTHWISE_RNC;
  r->err = err;
  r->search = (rrn_search){ .m = m, .samples = o->samples, .depthwise = o->depthwise, .seed = (uint32_t)o->seed,
                            .arena = &r->search_arena, .scratch = &r->scratch, .err = err };
  if (!rrn_arena_reserve(&r->search_arena, SEARCH_BYTES))
    return rrn_fail_memory(err);
  return list_racers(r, m->crossbars_available);
}

void
rrn_race_release(rrn_race *r)
{
  rrn_arena_release(&r->best.arena);
  rrn_arena_release(&r->trial.arena);
  rrn_arena_release(&r->scratch);
  rrn_arena_release(&r->search_arena);
  rrn_arena_release(&r->bound_arena);
}
