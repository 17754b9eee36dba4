/* SPDX-License-Identifier: MIT */
/* Policy best: copies, box shapes and places chosen together to be done soonest.
 *
 * In:  network, chip, options (crossbars, effort, objective, samples, how to lay out grouped layers).
 * Out: tilings, copies, placements. A proven lower bound on the time is bound_time.c.
 *
 * Idea: plans of one group are built from recipes (allocation of cells, placement, use of what is left); plans of
 * several groups begin with cuts of the chain that promise most. The best few are balanced (moves on groups), the
 * better half going on after each round; then layers are moved (improve.c), and the event simulation has the last word.
 * Efforts differ in what they may spend; each begins with all that the lower ones do, on streams of random numbers of
 * its own, and so is never worse.
 *
 * Policy rnc's mapping is a candidate too, so the result is never slower than that; when no plan fits, it is the
 * result, or else one copy of each layer packed by search. Crossbars auto: that search for the fewest, then plans on
 * these. Budgets are work that is counted (boxes placed, crossbars looked at, jobs simulated), never times.
 *
 * Not handled: copies of a layer with different tilings; layers in several groups. When to prefer it: always, unless a
 * published run is to be repeated. Source: doc/best.md. Deterministic. */
#include "best/bound_time.h"
#include "best/groups.h"
#include "best/improve.h"
#include "best/regroup.h"
#include "compile/bound.h"
#include "timing/sim.h"

enum { MOST_KEEPS = 12, EXTRA_RECIPES = 19, MOST_RECIPES = 224 };

/* What an effort may spend, in work (rrn_plan_work()). */
typedef struct allowance {
  double plans;       /* recipes of one group */
  double starts;      /* first moves of plans of several groups */
  double balance;     /* further moves of the best of them */
  double moves;       /* of layers, on the best of all */
  int32_t densities;  /* that groups are cut for */
  int32_t counts;     /* numbers of groups that are tried with each */
  int32_t keeps;      /* plans that are balanced further */
  int32_t last;       /* plans whose layers are moved */
} allowance;

static const allowance allowances[] = {
  [RRAMNAS_EFFORT_FAST] = { 8e5, 2.5e6, 0, 0, 1, 2, 1, 1 },
  [RRAMNAS_EFFORT_BALANCED] = { 3e7, 5e7, 2.6e8, 4e7, 2, 8, 5, 1 },
  [RRAMNAS_EFFORT_THOROUGH] = { 2.7e8, 9e8, 5e9, 1.7e9, 4, 12, 12, 2 },
};

typedef struct driver {
  rramnas_mapping *m;
  const rramnas_compile_options *o;
  rrn_arena arena;
  rrn_arena scratch;       /* of one grouping */
  rrn_plan plan;
  rrn_keep keeps[MOST_KEEPS]; /* of different starts */
  int32_t start_of[MOST_KEEPS]; /* number of the start; 0 = one group */
  int32_t n_keeps, most_keeps;
  rrn_keep best;           /* over all efforts so far */
  int32_t best_is_committed; /* 1: the mapping is the best plan */
  int32_t *group_of_bar;   /* [crossbars] */
  rramnas_error *err;
} driver;

/* --- recipes --- */

/* Recipe number i of a sequence of which every beginning is spread over the whole. */
static rrn_recipe
recipe(int32_t i)
{
  static const double densities[] = { 0.88, 0.80, 0.94, 0.84, 0.76, 0.91, 0.98,
                                      0.72, 0.86, 0.82, 0.96, 0.78, 0.90, 0.93 };
  static const struct { int8_t variant, grouped_first, deal; } ways[] = {
    { 4, 1, 1 }, { 0, 0, 0 }, { 1, 1, 0 }, { 4, 1, 0 }, { 4, 1, 2 }, { 0, 0, 1 }, { 2, 1, 1 }, { 3, 1, 0 }, { 1, 0, 2 },
    { 1, 1, 1 }, { 3, 1, 1 }, { 2, 1, 0 }, { 1, 0, 0 }, { 4, 0, 1 }, { 0, 0, 2 }, { 2, 0, 0 },
  };
  const int32_t n_densities = sizeof(densities) / sizeof(densities[0]), n_ways = sizeof(ways) / sizeof(ways[0]);
  const int32_t way = i % n_ways;

  return (rrn_recipe){ densities[(i + i / n_ways) % n_densities], ways[way].variant, ways[way].deal,
                       ways[way].grouped_first };
}

/* --- plans that are kept --- */

/* Where a plan of that start and time belongs; -1 = nowhere. The entry is empty or its predecessor. */
static int32_t
keep_index(const driver *d, int32_t start, double ns)
{
  int32_t i, worst = 0;

  for (i = 0; i < d->n_keeps; i++)
    if (d->start_of[i] == start)
      return ns < d->keeps[i].ns ? i : -1;
  if (d->n_keeps < d->most_keeps)
    return d->n_keeps;
  for (i = 1; i < d->n_keeps; i++)
    worst = d->keeps[i].ns > d->keeps[worst].ns ? i : worst;
  return ns < d->keeps[worst].ns ? worst : -1;
}

static int32_t
offer(driver *d, int32_t start)
{
  const double ns = rrn_plan_time(&d->plan, 1e300);
  const int32_t i = keep_index(d, start, ns);

  if (i < 0)
    return RRAMNAS_OK;
  rrn_plan_allow_groups(&d->plan);
  if (!d->keeps[i].picks)
    RRN_TRY(rrn_keep_init(&d->keeps[i], &d->plan, d->err));
  d->n_keeps += i == d->n_keeps;
  d->start_of[i] = start;
  return rrn_keep_save(&d->keeps[i], &d->plan, ns);
}

static int32_t
try_recipe(driver *d, const rrn_recipe *r)
{
  int32_t fits = 0;

  RRN_TRY(rrn_plan_build(&d->plan, r, NULL, &fits));
  d->m->tries++;
  return fits ? offer(d, 0) : RRAMNAS_OK;
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
try_one_group(driver *d, double spend)
{
  const int64_t start = rrn_plan_work(&d->plan);
  int32_t i;

  one_group(d);
  /* Until some plan fits, more recipes than can be paid for. */
  for (i = 0; i < 3 || (i < MOST_RECIPES && (double)(rrn_plan_work(&d->plan) - start) < spend) ||
              (i < EXTRA_RECIPES && d->n_keeps == 0); i++) {
    const rrn_recipe r = recipe(i);

    RRN_TRY(try_recipe(d, &r));
  }
  return RRAMNAS_OK;
}

/* How slow a plan of local search may be, relative to the one before. */
static double
tolerance(const driver *d)
{
  return d->o->samples == 1 ? 0.002 : d->o->samples < 32 ? 0.01 : 0.015;
}

static int32_t
try_groups(driver *d, int32_t start, const rrn_grouping *grouping, int32_t n_groups, double spend)
{
  int32_t fits;

  RRN_TRY(rrn_grouping_apply(&d->plan, grouping, n_groups, d->group_of_bar));
  RRN_TRY(rrn_plan_build_groups(&d->plan, d->group_of_bar, &fits));
  if (!fits)
    return RRAMNAS_OK;
  d->m->tries++;
  RRN_TRY(rrn_plan_balance(&d->plan, (int64_t)spend, 0.01));
  return offer(d, start);
}

/* The most promising number of groups that is not yet tried, or 0. */
static int32_t
next_count(const driver *d, const rrn_grouping *g, const char *tried)
{
  int32_t k, best = 0;

  for (k = 2; k <= RRN_MOST_GROUPS; k++)
    if (!tried[k] && rrn_grouping_ns(g, k, d->o->samples) > 0 &&
        (best == 0 || rrn_grouping_ns(g, k, d->o->samples) < rrn_grouping_ns(g, best, d->o->samples)))
      best = k;
  return best;
}

/* Plans of several groups, `counts` of them. */
static int32_t
try_counts(driver *d, double density, int32_t start, int32_t counts, double spend)
{
  char tried[RRN_MOST_GROUPS + 1] = { 0 };
  const double most_ns = d->n_keeps == 0 ? 1e300 : d->keeps[0].ns * (d->plan.limits.few ? 1 : 4);
  rrn_grouping *grouping = NULL;
  int32_t i, k;

  one_group(d);
  rrn_arena_reset(&d->scratch);
  RRN_TRY(rrn_grouping_new(&d->plan, density, most_ns, &d->scratch, &grouping));
  for (i = 0; i < counts; i++) {
    k = next_count(d, grouping, tried);
    if (k == 0)
      return RRAMNAS_OK;
    tried[k] = 1;
    RRN_TRY(try_groups(d, start + i, grouping, k, spend / counts));
  }
  return RRAMNAS_OK;
}

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
build_plans(driver *d, const allowance *a)
{
  static const double densities[] = { 0.95, 0.85, 0.75, 1.0 };
  int32_t k;

  if (some_layer_has_no_choice(d))
    return RRAMNAS_OK;
  RRN_TRY(try_one_group(d, a->plans));
  for (k = 0; d->o->samples > 1 && k < a->densities; k++)
    RRN_TRY(try_counts(d, densities[k], 1 + k * RRN_MOST_GROUPS, a->counts, a->starts / a->densities));
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
      const int32_t start = d->start_of[k];

      d->keeps[k] = d->keeps[k - 1];
      d->start_of[k] = d->start_of[k - 1];
      d->keeps[k - 1] = keep;
      d->start_of[k - 1] = start;
    }
}

static int32_t
improve_keep(driver *d, rrn_keep *keep, int64_t budget, double threshold)
{
  double ns = keep->ns;

  RRN_TRY(rrn_keep_load(keep, &d->plan));
  RRN_TRY(rrn_plan_improve(&d->plan, budget, threshold, &ns));
  return rrn_keep_save(keep, &d->plan, ns);
}

static int32_t
count_rounds(int32_t n)
{
  int32_t rounds = 1;

  for (; n > 1; n = (n + 1) / 2)
    rounds++;
  return rounds;
}

static int32_t
balance_keep(driver *d, rrn_keep *keep, double spend, double threshold)
{
  double ns;
  int32_t i;

  for (i = 0; i < d->plan.n_layers && keep->group[i] == 0; i++)
    ;
  if (i == d->plan.n_layers)
    return RRAMNAS_OK;
  RRN_TRY(rrn_keep_load(keep, &d->plan));
  RRN_TRY(rrn_plan_balance(&d->plan, (int64_t)spend, threshold));
  ns = rrn_plan_time(&d->plan, keep->ns);
  return ns < keep->ns ? rrn_keep_save(keep, &d->plan, ns) : RRAMNAS_OK;
}

/* Rounds of moves on the groups; the better half goes on, as long as more than `last` are left. */
static int32_t
balance_plans(driver *d, double spend, int32_t last)
{
  const int32_t rounds = count_rounds(d->n_keeps);
  double threshold = 0.008;
  int32_t i;

  for (;; threshold *= 0.7) {
    sort_keeps(d);
    for (i = 0; i < d->n_keeps; i++)
      RRN_TRY(balance_keep(d, &d->keeps[i], spend / rounds / d->n_keeps, threshold));
    if (d->n_keeps <= last)
      return RRAMNAS_OK;
    sort_keeps(d);
    d->n_keeps = (d->n_keeps + 1) / 2;
  }
}

static int32_t
improve_plans(driver *d, double spend)
{
  const int32_t rounds = count_rounds(d->n_keeps);
  double threshold = tolerance(d);
  int32_t i;

  for (;; threshold *= 0.6) {
    sort_keeps(d);
    for (i = 0; i < d->n_keeps; i++)
      RRN_TRY(improve_keep(d, &d->keeps[i], (int64_t)(spend / rounds / d->n_keeps), threshold));
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

  RRN_TRY(rrn_keep_show(keep, &d->plan, 0));
  RRN_TRY(rrn_plan_commit(&d->plan, d->m, d->err));
  RRN_TRY(completion(d->m, d->o->samples, &ns, d->err));
  d->best_is_committed = ns < d->best.ns;
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
  /* One inference needs no groups. */
  const double moves = d->o->samples > 1 ? a->moves : a->moves + a->balance + a->starts;
  int32_t i;

  if (effort == RRAMNAS_EFFORT_BALANCED)
    RRN_TRY(new_plan(d, 0));
  d->n_keeps = 0;
  d->most_keeps = a->keeps;
  d->plan.random = (uint64_t)d->o->seed << 8 | (uint64_t)effort;
  RRN_TRY(build_plans(d, a));
  if (a->balance > 0 && d->n_keeps > 1)
    RRN_TRY(balance_plans(d, a->balance, a->last));
  if (a->balance > 0 && d->n_keeps > 0)
    RRN_TRY(improve_plans(d, moves));
  for (i = 0; i < d->n_keeps; i++)
    RRN_TRY(judge(d, &d->keeps[i]));
  return RRAMNAS_OK;
}

static int32_t
prepare(driver *d)
{
  rramnas_mapping *m = d->m;

  m->sharing = (rrn_sharing){ .layer_threshold = 0, .max_load = INT32_MAX };
  RRN_TRY(rrn_matrix_pass(m, 0, d->err));
  RRN_TRY(new_plan(d, 1));
  RRN_TRY(rrn_keep_init(&d->best, &d->plan, d->err));
  d->best.ns = 1e300;
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

/* Completion time when no sample waits. */
static double
unhindered(const rramnas_mapping *m, int32_t samples)
{
  double sum = 0, longest = 0, ns, t;
  int32_t i, k;

  for (i = 0; i < m->n_layers; i++) {
    for (ns = 0, k = m->first_piece[i]; k < m->first_piece[i + 1]; k++) {
      const rrn_piece *x = &m->pieces[k];

      t = x->latency_ns * (double)((x->activations + m->copies[i] - 1) / m->copies[i]);
      ns = t > ns ? t : ns;
    }
    sum += ns;
    longest = ns > longest ? ns : longest;
  }
  return sum + (samples - 1) * longest;
}

/* Time below which policy rnc's mapping cannot be done: its copies are most when all cells can be used. 0 = not
 * known. */
static int32_t
rnc_bound(const driver *d, rrn_arena *arena, double *ret_ns)
{
  const rrn_hw_values *v = &d->m->hw->v;
  const double cells = (double)v->crossbar.rows * v->crossbar.cols * d->m->crossbars_available;
  const rrn_partition_options cut = { .depth_split = d->o->depth_split };
  rramnas_mapping m = { .hw = d->m->hw, .net = d->m->net, .rt = d->m->rt, .arena = *arena, .n_layers = d->m->n_layers,
                        .layer_of = d->m->layer_of, .matrices = d->m->matrices };
  rrn_duplication model;
  int32_t status;

  *ret_ns = 0;
  status = rrn_partition_pass(&m, &cut, d->err);
  m.copies = rrn_arena_alloc(&m.arena, (size_t)m.n_layers, sizeof(*m.copies));
  *arena = m.arena;
  RRN_TRY(status);
  if (!m.copies)
    return rrn_fail_memory(d->err);
  RRN_TRY(rrn_duplication_model(&m, 0, arena, &model, d->err));
  if (rrn_duplication_solve(&model, cells, m.copies) == 0)
    return RRAMNAS_OK;
  *ret_ns = unhindered(&m, d->o->samples) * (1 - RRN_BOUND_TIME_ROUNDING);
  return RRAMNAS_OK;
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
  rrn_arena_reset(&d->scratch);
  RRN_TRY(rnc_bound(d, &d->scratch, &rnc));
  if (!d->best_is_committed) {
    RRN_TRY(rrn_keep_show(&d->best, &d->plan, 0));
    RRN_TRY(rrn_plan_commit(&d->plan, d->m, d->err));
  }
  if (rnc < d->best.ns)
    RRN_TRY(rnc_completion(d, &rnc));
  return rnc < d->best.ns ? use_rnc(d) : RRAMNAS_OK;
}

static int32_t compile(driver *d);

static int32_t
keep_bound(rramnas_mapping *m, rrn_bound **ret_bound, rramnas_error *err)
{
  rrn_bound *bound = rrn_arena_alloc(&m->arena, 1, sizeof(*bound));
  rrn_arena scratch;
  int32_t status;

  if (!bound)
    return rrn_fail_memory(err);
  rrn_arena_init(&scratch, &m->rt);
  status = rrn_bound_mapping(m, &scratch, bound, err);
  rrn_arena_release(&scratch);
  *ret_bound = bound;
  return status;
}

/* The fewest crossbars for one copy of each layer; on these that packing or a plan, whichever is sooner done. The bound
 * on crossbars stays that of one copy. */
static int32_t
use_auto(driver *d)
{
  const rramnas_compile_options *given = d->o;
  rramnas_compile_options o = *given;
  double packed = 0, planned = 0;
  rrn_bound *bound = NULL;
  int32_t status;

  RRN_TRY(use_fewest(d));
  if (o.find_solution || o.no_duplication || o.n_copies)
    return RRAMNAS_OK;
  RRN_TRY(keep_bound(d->m, &bound, d->err));
  RRN_TRY(completion(d->m, o.samples, &packed, d->err));
  o.crossbars = d->m->crossbars_available = d->m->crossbars_used;
  d->o = &o;
  status = compile(d);
  if (status == RRAMNAS_OK)
    status = completion(d->m, o.samples, &planned, d->err);
  d->o = given;
  if (status < 0 && status != RRAMNAS_ERR_DOES_NOT_FIT)
    return status;
  if (status < 0 || packed < planned) {
    d->m->crossbars_available = 1;
    RRN_TRY(use_fewest(d));
  }
  /* A plan that leaves crossbars empty is a new number of them, with a bound of its own. */
  d->m->fewest_bound = d->m->crossbars_used == d->m->crossbars_available ? bound : NULL;
  d->m->crossbars_available = d->m->crossbars_used;
  return RRAMNAS_OK;
}

static int32_t
compile(driver *d)
{
  int32_t effort;

  if (d->o->crossbars == RRAMNAS_CROSSBARS_AUTO)
    return use_auto(d);
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
