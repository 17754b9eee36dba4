/* SPDX-License-Identifier: MIT */
/* Policy best: copies, box shapes and places chosen together to be done soonest.
 *
 * In:  network, chip, options (crossbars, effort, objective, samples, how to lay out grouped layers).
 * Out: tilings, copies, placements. A proven lower bound on the time is bound_time.c.
 *
 * Idea: plans are built from recipes (groups of layers, allocation of cells, placement, use of what is left) and
 * judged by the event simulation; the best few are improved by local search, the better half going on after each
 * round. Efforts differ in how many plans are built and how many moves are tried; each begins with all that the lower
 * ones do, on streams of random numbers of its own, and so is never worse.
 *
 * Policy rnc's mapping is a candidate too, so the result is never slower than that; when no plan fits, it is the
 * result, or else one copy of each layer packed by search. Crossbars auto: only that search, for the fewest. Budgets are counts (plans, moves) that follow from the size of the problem, never times.
 *
 * Not handled: copies of a layer with different tilings; layers in several groups. When to prefer it: always, unless a
 * published run is to be repeated. Source: doc/best.md. Deterministic. */
#include "best/groups.h"
#include "best/improve.h"
#include "timing/sim.h"

enum { MOST_KEEPS = 6, EXTRA_RECIPES = 16 };

/* What an effort may spend, in rough nanoseconds of work; the numbers of plans and moves follow from it. */
typedef struct allowance {
  double plans, moves;
  int32_t keeps;
} allowance;

static const allowance allowances[] = {
  [RRAMNAS_EFFORT_FAST] = { 1.2e6, 0, 1 },
  [RRAMNAS_EFFORT_BALANCED] = { 1.0e8, 2.2e8, 2 },
  [RRAMNAS_EFFORT_THOROUGH] = { 1.2e9, 1.1e10, 6 },
};

typedef struct driver {
  rramnas_mapping *m;
  const rramnas_compile_options *o;
  rrn_arena arena;
  rrn_arena scratch;       /* of one grouping */
  rrn_plan plan;
  rrn_keep keeps[MOST_KEEPS]; /* fastest first, of different numbers of groups */
  int32_t groups_of[MOST_KEEPS];
  int32_t n_keeps, most_keeps;
  rrn_keep best;           /* over all efforts so far */
  int32_t *group_of_bar;   /* [crossbars] */
  double build_cost;       /* rough nanoseconds */
  rramnas_error *err;
} driver;

/* --- recipes --- */

/* Recipe number i of a sequence of which every beginning is spread over the whole. */
static rrn_recipe
recipe(int32_t i, int32_t n_groups)
{
  static const double densities[] = { 0.88, 0.80, 0.94, 0.84, 0.76, 0.91, 0.98, 0.72, 0.86, 0.82, 0.96, 0.78, 0.90, 0.93 };
  static const struct { int8_t variant, grouped_first, deal; } ways[] = {
    { 4, 1, 1 }, { 0, 0, 0 }, { 1, 1, 0 }, { 4, 1, 0 }, { 4, 1, 2 }, { 0, 0, 1 }, { 2, 1, 1 }, { 3, 1, 0 }, { 1, 0, 2 },
    { 1, 1, 1 }, { 3, 1, 1 }, { 2, 1, 0 }, { 1, 0, 0 }, { 4, 0, 1 }, { 0, 0, 2 }, { 2, 0, 0 },
  };
  const int32_t n_densities = sizeof(densities) / sizeof(densities[0]), n_ways = sizeof(ways) / sizeof(ways[0]);
  const int32_t way = i % n_ways;

  return (rrn_recipe){ densities[(i + i / n_ways) % n_densities], ways[way].variant, n_groups > 1 ? 0 : ways[way].deal,
                       ways[way].grouped_first };
}

/* --- plans that are kept --- */

/* Where a plan of that many groups and that time belongs; -1 = nowhere. The entry is empty or its predecessor. */
static int32_t
keep_index(const driver *d, int32_t n_groups, double ns)
{
  int32_t i, worst = 0;

  for (i = 0; i < d->n_keeps; i++)
    if (d->groups_of[i] == n_groups)
      return ns < d->keeps[i].ns ? i : -1;
  if (d->n_keeps < d->most_keeps)
    return d->n_keeps;
  for (i = 1; i < d->n_keeps; i++)
    worst = d->keeps[i].ns > d->keeps[worst].ns ? i : worst;
  return ns < d->keeps[worst].ns ? worst : -1;
}

static int32_t
try_recipe(driver *d, const rrn_recipe *r, int32_t n_groups)
{
  int32_t fits = 0, i;
  double ns;

  RRN_TRY(rrn_plan_build(&d->plan, r, n_groups > 1 ? d->group_of_bar : NULL, &fits));
  d->m->tries++;
  if (!fits)
    return RRAMNAS_OK;
  ns = rrn_plan_time(&d->plan, 1e300);
  i = keep_index(d, n_groups, ns);
  if (i < 0)
    return RRAMNAS_OK;
  rrn_plan_allow_groups(&d->plan);
  d->n_keeps += i == d->n_keeps;
  d->groups_of[i] = n_groups;
  return rrn_keep_save(&d->keeps[i], &d->plan, ns);
}

static void
one_group(driver *d)
{
  int32_t i;

  for (i = 0; i < d->plan.n_layers; i++) {
    d->plan.group[i] = 0;
    d->plan.choices[i] = d->plan.widest[i];
    d->plan.weight[i] = 1;
  }
}

static int32_t
try_groups(driver *d, int32_t n_groups, double density, int32_t n_recipes)
{
  rrn_grouping *grouping = NULL;
  int32_t found = 1, i;

  one_group(d);
  if (n_groups > 1) {
    rrn_arena_reset(&d->scratch);
    RRN_TRY(rrn_grouping_new(&d->plan, n_groups, &d->scratch, &grouping));
    RRN_TRY(rrn_grouping_apply(&d->plan, grouping, density, d->group_of_bar, &found));
  }
  /* Until some plan fits, more recipes than were asked for. */
  for (i = 0; found && i < n_recipes + (d->n_keeps == 0 && n_groups == 1 ? EXTRA_RECIPES : 0); i++) {
    const rrn_recipe r = recipe(i, n_groups);

    RRN_TRY(try_recipe(d, &r, n_groups));
  }
  return RRAMNAS_OK;
}

/* Numbers of groups that are tried, in this order. */
static const int32_t group_counts[2][13] = { { 1, 4, 7, 2, 10, 16, 3, 5, 12, 6, 8, 20, 24 },
                                             { 1, 16, 8, 12, 4, 10, 7, 20, 5, 24, 2, 6, 3 } };

/* A layer that needs more crossbars than there are has no way to be laid out. */
static int
some_layer_has_no_choice(const driver *d)
{
  int32_t i;

  for (i = 0; i < d->plan.n_layers; i++)
    if (d->plan.widest[i].n == 0)
      return 1;
  return 0;
}

static int32_t
build_plans(driver *d, double spend)
{
  static const double densities[] = { 0.95, 0.85, 0.75, 1.0 };
  const int32_t *counts = group_counts[d->o->samples >= 32];
  const int32_t n_counts = d->o->samples > 1 ? 13 : 1;
  double left = spend / d->build_cost;
  /* Cutting the chain costs as much as so many plans. */
  const double cut = (d->plan.limits.few ? 400.0 : 6000.0) * d->plan.n_layers * d->plan.n_layers / d->build_cost;
  int32_t i, k, n, share;

  if (some_layer_has_no_choice(d))
    return RRAMNAS_OK;
  n = left < 3 ? 3 : left > 4000 ? 4000 : (int32_t)left;
  share = n_counts == 1 ? n : n / 3 + 1;
  RRN_TRY(try_groups(d, 1, 0, share > 224 ? 224 : share));
  n -= share;
  for (k = 0; k < 4; k++)
    for (i = 1; i < n_counts && n > 0; i++) {
      if (counts[i] > d->plan.n_layers || counts[i] > d->plan.floor.n_bars)
        continue;
      share = n / (4 * n_counts) + 1;
      share = share > 24 ? 24 : share;
      RRN_TRY(try_groups(d, counts[i], densities[k], share));
      n -= share + 1 + (cut < 1000 ? (int32_t)cut : 1000);
    }
  return RRAMNAS_OK;
}

/* --- rounds of local search --- */

static void
sort_keeps(driver *d)
{
  int32_t i, k;

  for (i = 1; i < d->n_keeps; i++)
    for (k = i; k > 0 && d->keeps[k].ns < d->keeps[k - 1].ns; k--) {
      const rrn_keep keep = d->keeps[k];
      const int32_t groups = d->groups_of[k];

      d->keeps[k] = d->keeps[k - 1];
      d->groups_of[k] = d->groups_of[k - 1];
      d->keeps[k - 1] = keep;
      d->groups_of[k - 1] = groups;
    }
}

static int32_t
improve_keep(driver *d, rrn_keep *keep, int64_t moves, double threshold)
{
  double ns = keep->ns;

  RRN_TRY(rrn_keep_load(keep, &d->plan));
  RRN_TRY(rrn_plan_improve(&d->plan, moves, threshold, &ns));
  return rrn_keep_save(keep, &d->plan, ns);
}

/* Of a move, in rough nanoseconds: boxes that move, spaces looked at, events. */
static double
move_cost(const driver *d, const rrn_keep *keep)
{
  double boxes = 0, shared = 0;
  int32_t k;

  for (k = 0; k < d->plan.floor.n_bars; k++)
    if (keep->n_of_bar[k] > 1) {
      boxes += keep->n_of_bar[k];
      shared++;
    }
  return 12 * boxes * boxes / (shared + 1) + 5 * shared * d->plan.n_layers + 200.0 * d->plan.n_layers +
         (d->o->samples > 1 ? 45.0 * d->o->samples * d->plan.n_layers : 0);
}

static int32_t
improve_plans(driver *d, double spend)
{
  double threshold = d->o->samples == 1 ? 0.01 : d->o->samples < 32 ? 0.03 : 0.06;
  int32_t rounds = 1, i, n;

  for (n = d->n_keeps; n > 1; n = (n + 1) / 2)
    rounds++;
  for (;; threshold *= 0.6) {
    sort_keeps(d);
    for (i = 0; i < d->n_keeps; i++)
      RRN_TRY(improve_keep(d, &d->keeps[i], (int64_t)(spend / move_cost(d, &d->keeps[i]) / rounds / d->n_keeps), threshold));
    if (d->n_keeps == 1)
      return RRAMNAS_OK;
    d->n_keeps = (d->n_keeps + 1) / 2;
  }
}

/* --- the whole --- */

static int32_t
completion(const rramnas_mapping *m, int32_t samples, double *ret_ns, rramnas_error *err)
{
  const rrn_sim_options sim = { .model = RRAMNAS_TIMING_RNC, .samples = samples };

  return rrn_simulate(m, &sim, ret_ns, err);
}

/* Makes a plan the best one when the event simulation says so: it has the last word over the evaluator. */
static int32_t
judge(driver *d, const rrn_keep *keep)
{
  double ns = 0;

  RRN_TRY(rrn_keep_load(keep, &d->plan));
  RRN_TRY(rrn_plan_commit(&d->plan, d->m, d->err));
  RRN_TRY(completion(d->m, d->o->samples, &ns, d->err));
  return ns < d->best.ns ? rrn_keep_save(&d->best, &d->plan, ns) : RRAMNAS_OK;
}

/* The fast effort has menus of its own, so that what it finds does not depend on the effort asked for. */
static int32_t
new_plan(driver *d, int32_t few)
{
  const rrn_shape_limits limits = { d->o->depthwise, few };

  return rrn_plan_init(&d->plan, d->m, limits, d->o->samples, &d->arena, d->err);
}

static int32_t
run_effort(driver *d, int32_t effort)
{
  const allowance *a = &allowances[effort];
  int32_t i;

  if (effort == RRAMNAS_EFFORT_BALANCED)
    RRN_TRY(new_plan(d, 0));
  d->n_keeps = 0;
  d->most_keeps = d->o->samples < 32 || a->keeps < 4 ? a->keeps : 4;
  d->plan.random = (uint64_t)d->o->seed << 8 | (uint64_t)effort;
  RRN_TRY(build_plans(d, a->plans));
  if (a->moves > 0 && d->n_keeps > 0)
    RRN_TRY(improve_plans(d, a->moves));
  for (i = 0; i < d->n_keeps; i++)
    RRN_TRY(judge(d, &d->keeps[i]));
  return RRAMNAS_OK;
}

/* Crossbars that one copy of each layer fills, which later boxes never look at. */
static double
full_tiles(const rramnas_mapping *m)
{
  const rrn_hw_values *v = &m->hw->v;
  double n = 0;
  int32_t i;

  for (i = 0; i < m->n_layers; i++) {
    const rrn_matrix *x = &m->matrices[i];

    n += (double)(x->rows / v->crossbar.rows) * (double)(x->cols / x->groups * x->cells / v->crossbar.cols);
  }
  return n < 0.98 * m->crossbars_available ? n : 0.98 * m->crossbars_available;
}

static int32_t
prepare(driver *d)
{
  rramnas_mapping *m = d->m;
  int32_t i;

  m->sharing = (rrn_sharing){ .layer_threshold = 0, .max_load = INT32_MAX };
  RRN_TRY(rrn_matrix_pass(m, 0, d->err));
  RRN_TRY(new_plan(d, 1));
  RRN_TRY(rrn_keep_init(&d->best, &d->plan, d->err));
  for (i = 0; i < MOST_KEEPS; i++)
    RRN_TRY(rrn_keep_init(&d->keeps[i], &d->plan, d->err));
  d->best.ns = 1e300;
  d->build_cost = 40.0 * m->n_layers * (m->crossbars_available - full_tiles(m)) + 2.0 * m->n_layers * m->crossbars_available;
  d->group_of_bar = rrn_arena_alloc(&d->arena, (size_t)m->crossbars_available, sizeof(*d->group_of_bar));
  return d->group_of_bar ? RRAMNAS_OK : rrn_fail_memory(d->err);
}

/* --- the last word --- */

/* Completion of policy rnc's mapping under the same options; huge when it does not fit. */
static int32_t
rnc_completion(driver *d, double *ret_ns)
{
  rramnas_compile_options o = *d->o;
  const rramnas_mapping *m = d->m;
  const rramnas_runtime runtime = { .size = sizeof(rramnas_runtime), .alloc = m->rt.alloc, .realloc = m->rt.realloc,
                                    .free = m->rt.free, .alloc_user = m->rt.alloc_user, .n_threads = m->rt.n_threads };
  rramnas_mapping *rnc = NULL;
  int32_t status;

  o.policy = RRAMNAS_POLICY_RNC;
  /* Options are resolved once more. */
  o.layer_threshold = o.layer_threshold == 0  ? RRAMNAS_LAYER_THRESHOLD_SAME
                    : o.layer_threshold < 0   ? RRAMNAS_UNLIMITED
                                              : o.layer_threshold;
  o.max_load = o.max_load == INT32_MAX ? RRAMNAS_UNLIMITED : o.max_load;
  status = rrn_compile(m->hw, m->net, &o, &runtime, &rnc, d->err);
  if (status == RRAMNAS_ERR_DOES_NOT_FIT) {
    *ret_ns = 1e300;
    return RRAMNAS_OK;
  }
  RRN_TRY(status);
  status = completion(rnc, d->o->samples, ret_ns, d->err);
  rrn_mapping_unref(rnc);
  return status;
}

static int32_t
use_rnc(driver *d)
{
  d->m->objective_samples = 0; /* the bound is about plans */
  return rrn_policy_rnc(d->m, d->o, d->err);
}

/* The bound on the time is about layers that have no more boxes than there are crossbars (bound_time.c), cut in grids. */
static int
bound_holds(const driver *d)
{
  const rramnas_mapping *m = d->m;
  int32_t i;

  for (i = 0; i < m->n_layers; i++)
    if ((int64_t)m->copies[i] * rrn_mapping_pieces_of(m, i) > m->crossbars_available)
      return 0;
  return d->o->depthwise != RRAMNAS_DEPTHWISE_BLOCK_DIAGONAL && m->boxes_cut == 0;
}

/* One copy of each layer, packed for the fewest crossbars. */
static int32_t
use_fewest(driver *d)
{
  RRN_TRY(rrn_policy_fewest(d->m, d->o, d->err));
  d->m->objective_samples = bound_holds(d) ? d->o->samples : 0;
  d->m->objective_depthwise = d->o->depthwise;
  return RRAMNAS_OK;
}

/* When no plan fits. */
static int32_t
use_packing(driver *d)
{
  const int32_t status = use_rnc(d);

  return status == RRAMNAS_ERR_DOES_NOT_FIT ? use_fewest(d) : status;
}

static int32_t
settle(driver *d)
{
  double rnc = 0;

  if (d->best.ns >= 1e300)
    return use_packing(d);
  RRN_TRY(rrn_keep_load(&d->best, &d->plan));
  RRN_TRY(rrn_plan_commit(&d->plan, d->m, d->err));
  RRN_TRY(rnc_completion(d, &rnc));
  return rnc < d->best.ns ? use_rnc(d) : RRAMNAS_OK;
}

static int32_t
compile(driver *d)
{
  int32_t effort;

  if (d->o->crossbars == RRAMNAS_CROSSBARS_AUTO)
    return use_fewest(d);
  if (d->o->find_solution || d->o->no_duplication || d->o->n_copies)
    return use_rnc(d); /* there the crossbars are what is sought, or the copies are given */
  RRN_TRY(prepare(d));
  for (effort = RRAMNAS_EFFORT_FAST; effort <= d->o->effort; effort++)
    RRN_TRY(run_effort(d, effort));
  d->m->objective_samples = d->o->samples;
  d->m->objective_depthwise = d->o->depthwise;
  return settle(d);
}

int32_t
rrn_policy_best(rramnas_mapping *m, const rramnas_compile_options *options, rramnas_error *err)
{
  driver d = { .m = m, .o = options, .err = err };
  int32_t status;

  rrn_arena_init(&d.arena, &m->rt);
  rrn_arena_init(&d.scratch, &m->rt);
  status = compile(&d);
  rrn_arena_release(&d.scratch);
  rrn_arena_release(&d.arena);
  return status;
}
