/* SPDX-License-Identifier: MIT */
/* Policy best: copies, box shapes and places chosen together to be done soonest.
 *
 * In:  network, chip, options (crossbars, effort, objective, samples, how to lay out grouped layers).
 * Out: tilings, copies, placements. A proven lower bound on the time is bound_time.c.
 *
 * Idea: candidates are plans (search.c) on the crossbars at hand or fewer, of which a race finds the best (race.c); policy
 * rnc's mappings on the crossbars at hand and on all fewer that a bound does not rule out; and one copy of each layer
 * packed by search for the fewest crossbars. The soonest is the result. But for the fast effort none of the candidates
 * depends on the crossbars at hand, so more of them are never slower; each effort has all candidates of the lower ones,
 * and so is never slower.
 *
 * Crossbars auto: the search for the fewest, then plans on these. Budgets are work that is counted (boxes placed,
 * crossbars looked at, jobs simulated), never times.
 *
 * Not handled: copies of a layer with different tilings; layers in several groups. When to prefer it: always, unless a
 * published run is to be repeated. Source: doc/best.md. Deterministic. */
#include "best/kept.h"
#include "best/race.h"
#include "compile/bound.h"

#include <string.h>

typedef struct driver {
  rramnas_mapping *m;
  const rramnas_compile_options *o;
  rrn_race race;           /* begun */
  rrn_arena scratch;
  rramnas_mapping packed;  /* one copy of each layer in the fewest crossbars */
  double packed_ns;        /* 0 = not yet made */
  rramnas_error *err;
} driver;

/* --- the last word --- */

/* Time of one sample in a box. */
static double
box_ns(const rramnas_mapping *m, int32_t layer, const rrn_piece *x)
{
  return x->latency_ns * (double)((x->activations + m->copies[layer] - 1) / m->copies[layer]);
}

/* Completion time when no sample waits. */
static double
unhindered(const rramnas_mapping *m, int32_t samples)
{
  double sum = 0, longest = 0, ns, t;
  int32_t i, k;

  for (i = 0; i < m->n_layers; i++) {
    for (ns = 0, k = m->first_piece[i]; k < m->first_piece[i + 1]; k++) {
      t = box_ns(m, i, &m->pieces[k]);
      ns = t > ns ? t : ns;
    }
    sum += ns;
    longest = ns > longest ? ns : longest;
  }
  return sum + (samples - 1) * longest;
}

/* What the mapping's completion is not below: no sample waits, or the busiest crossbar always works. A job uses all copies
 * of a layer when these are no more than its activations. */
static int32_t
least_completion(const rramnas_mapping *m, int32_t samples, rrn_arena *arena, double *ret_ns, rramnas_error *err)
{
  double *work_ns = rrn_arena_alloc(arena, (size_t)m->crossbars_available, sizeof(*work_ns)), most = 0;
  int32_t i;
  int64_t k;

  if (!work_ns)
    return rrn_fail_memory(err);
  for (i = 0; i < m->n_layers; i++)
    for (k = m->first_placement[i]; k < m->first_placement[i + 1]; k++) {
      const int64_t piece = (k - m->first_placement[i]) % rrn_mapping_pieces_of(m, i);
      const rrn_piece *x = &m->pieces[m->first_piece[i] + piece];
      double *work = &work_ns[m->placements[k].crossbar];

      *work += m->copies[i] <= x->activations ? samples * box_ns(m, i, x) : 0;
      most = *work > most ? *work : most;
    }
  *ret_ns = unhindered(m, samples);
  *ret_ns = (most > *ret_ns ? most : *ret_ns) * (1 - RRN_BOUND_TIME_ROUNDING);
  return RRAMNAS_OK;
}

/* Completion of policy rnc's mapping on so many crossbars; some number not below most_ns when it is not sooner done, or
 * does not fit. */
static int32_t
simulate_rnc(driver *d, int32_t crossbars, double most_ns, rrn_kept_on *ret_on)
{
  rramnas_compile_options o = *d->o;
  const rramnas_mapping *m = d->m;
  const rramnas_runtime runtime = { .size = sizeof(rramnas_runtime), .alloc = m->rt.alloc, .realloc = m->rt.realloc,
                                    .free = m->rt.free, .alloc_user = m->rt.alloc_user, .n_threads = m->rt.n_threads };
  rramnas_mapping *rnc = NULL;
  int32_t status;

  o.policy = RRAMNAS_POLICY_RNC;
  o.split_to_fit = 0; /* boxes are cut when nothing fits whole */
  o.crossbars = crossbars;
  /* Options are resolved once more. */
  o.layer_threshold = o.layer_threshold == 0  ? RRAMNAS_LAYER_THRESHOLD_SAME
                    : o.layer_threshold < 0   ? RRAMNAS_UNLIMITED
                                              : o.layer_threshold;
  o.max_load = o.max_load == INT32_MAX ? RRAMNAS_UNLIMITED : o.max_load;
  status = rrn_compile(m->hw, m->net, &o, &runtime, &rnc, d->err);
  ret_on->rnc_least_ns = ret_on->rnc_ns = 1e300;
  if (status == RRAMNAS_ERR_DOES_NOT_FIT)
    return RRAMNAS_OK;
  RRN_TRY(status);
  rrn_arena_reset(&d->scratch);
  status = least_completion(rnc, d->o->samples, &d->scratch, &ret_on->rnc_least_ns, d->err);
  ret_on->rnc_ns = -1;
  if (status >= 0 && ret_on->rnc_least_ns < most_ns)
    status = rrn_race_completion(rnc, d->o->samples, &ret_on->rnc_ns, d->err);
  rrn_mapping_unref(rnc);
  return status;
}

/* Time in which so many crossbars do the work of all boxes, whatever the copies: a working box keeps its crossbar. */
static double
busy(const rramnas_mapping *m, int32_t samples, int32_t crossbars)
{
  double sum = 0;
  size_t i;

  for (i = 0; i < m->n_pieces; i++)
    sum += m->pieces[i].latency_ns * (double)m->pieces[i].activations;
  return sum * samples / crossbars;
}

/* 1 when the rules leave room for the copies: boxes of a layer apart, no crossbar with more boxes than it may have. */
static int
rules_allow(const driver *d, const rramnas_mapping *m, int32_t crossbars)
{
  int64_t boxes, sum = 0;
  int32_t i;

  for (i = 0; i < m->n_layers; i++) {
    boxes = (int64_t)m->copies[i] * rrn_mapping_pieces_of(m, i);
    if (d->o->layer_threshold >= 0 && boxes > crossbars)
      return 0;
    sum += boxes;
  }
  return sum <= (int64_t)crossbars * d->o->max_load && sum <= RRN_MAX_BOXES;
}

/* Copies that policy rnc's mapping has at most: those of the first share of the cells that the rules leave room for, as
 * later shares have fewer. */
static void
most_rnc_copies(const driver *d, const rrn_duplication *model, double cells, int32_t crossbars, rramnas_mapping *m)
{
  double margins[RRN_RNC_MARGINS];
  int32_t i;

  rrn_rnc_margins(margins);
  for (i = 0; i < RRN_RNC_MARGINS && rrn_duplication_solve(model, cells * margins[i], m->copies) > 0; i++)
    if (rules_allow(d, m, crossbars))
      return;
  for (i = 0; i < m->n_layers; i++)
    m->copies[i] = 1;
}

/* Completion that a mapping with these copies is not below. */
static double
least_with_copies(const driver *d, const rramnas_mapping *m, int32_t crossbars)
{
  const double alone = unhindered(m, d->o->samples), all = busy(m, d->o->samples, crossbars);

  return (alone > all ? alone : all) * (1 - RRN_BOUND_TIME_ROUNDING);
}

/* Times below which policy rnc's mapping cannot be done. The first: its copies are most when all cells can be used; 0 =
 * one copy has more cells. With more crossbars there are no fewer copies, so it never rises. The second minds the shares
 * and rules, and may rise. Crossbars 0: of one copy on those at hand. */
static int32_t
rnc_bound(const driver *d, int32_t crossbars, rrn_arena *arena, double *ret_ns, double *ret_least_ns)
{
  const rrn_hw_values *v = &d->m->hw->v;
  const double cells = (double)v->crossbar.rows * v->crossbar.cols * crossbars;
  const int32_t bars = crossbars > 0 ? crossbars : d->m->crossbars_available;
  const rrn_partition_options cut = { .depth_split = d->o->depth_split };
  rramnas_mapping m = { .hw = d->m->hw, .net = d->m->net, .rt = d->m->rt, .arena = *arena, .n_layers = d->m->n_layers,
                        .layer_of = d->m->layer_of, .matrices = d->m->matrices };
  rrn_duplication model;
  int32_t status, i;

  *ret_ns = *ret_least_ns = 0;
  status = rrn_partition_pass(&m, &cut, d->err);
  m.copies = rrn_arena_alloc(&m.arena, (size_t)m.n_layers, sizeof(*m.copies));
  *arena = m.arena;
  RRN_TRY(status);
  if (!m.copies)
    return rrn_fail_memory(d->err);
  RRN_TRY(rrn_duplication_model(&m, 0, arena, &model, d->err));
  for (i = 0; i < m.n_layers; i++)
    m.copies[i] = 1;
  if (crossbars > 0 && rrn_duplication_solve(&model, cells, m.copies) == 0)
    return RRAMNAS_OK;
  *ret_ns = *ret_least_ns = least_with_copies(d, &m, bars);
  if (crossbars == 0 || d->o->n_margins > 0)
    return RRAMNAS_OK;
  most_rnc_copies(d, &model, cells, crossbars, &m);
  *ret_least_ns = least_with_copies(d, &m, bars);
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

/* A plan becomes the mapping. */
static int32_t
take_over(rramnas_mapping *m, const rramnas_mapping *from, rramnas_error *err)
{
  RRN_TRY(rrn_kept_copy_boxes(m, from, err));
  m->n_layers = from->n_layers;
  m->layer_of = from->layer_of;
  m->matrices = from->matrices;
  m->sharing = from->sharing;
  m->boxes_cut = m->cut_parts = 0;
  m->extra_conversions = 0;
  m->margin = 0;
  return RRAMNAS_OK;
}

/* What was made in the same memory before. */
static void
use_packed(driver *d)
{
  const rrn_arena arena = d->m->arena;
  const int32_t tries = d->m->tries, available = d->m->crossbars_available;
  const int32_t references = atomic_load(&d->m->references);
  rrn_kept *kept = d->m->kept;

  memcpy(d->m, &d->packed, sizeof(d->packed));
  atomic_store(&d->m->references, references);
  d->m->arena = arena;
  d->m->kept = kept;
  d->m->tries = tries;
  d->m->crossbars_available = available;
}

/* One copy of each layer in the fewest crossbars, whatever number is at hand. */
static int32_t
make_packed(driver *d)
{
  const rramnas_compile_options *given = d->o;
  const int32_t available = d->m->crossbars_available, tries = d->m->tries;
  rramnas_compile_options o = *given;
  rrn_kept *k = d->m->kept;
  int32_t status;

  o.crossbars = RRAMNAS_CROSSBARS_AUTO;
  d->m->crossbars_available = 1;
  d->o = &o;
  status = use_fewest(d);
  d->o = given;
  RRN_TRY(status);
  RRN_TRY(rrn_race_completion(d->m, o.samples, &d->packed_ns, d->err));
  memcpy(&d->packed, d->m, sizeof(d->packed));
  d->m->crossbars_available = available;
  if (k) {
    k->packed_ns = d->packed_ns;
    k->packed_crossbars = d->packed.crossbars_used;
    k->packed_tries = d->m->tries - tries;
  }
  return RRAMNAS_OK;
}

/* What is known of policy rnc on so many crossbars: the bound, and the mapping if that leaves it a chance. */
static int32_t
look_at_rnc(driver *d, int32_t crossbars, double most_ns, rrn_kept_on *on)
{
  if (on->rnc_bound_ns < 0) {
    rrn_arena_reset(&d->scratch);
    RRN_TRY(rnc_bound(d, crossbars, &d->scratch, &on->rnc_bound_ns, &on->rnc_least_ns));
  }
  if (on->rnc_bound_ns <= 0 || on->rnc_bound_ns >= most_ns || on->rnc_ns >= 0 || on->rnc_least_ns >= most_ns)
    return RRAMNAS_OK;
  return simulate_rnc(d, crossbars, most_ns, on);
}

/* Policy rnc's mapping on the crossbars at hand or, but for the fast effort, fewer, when it is sooner done than `ns`;
 * 0 crossbars = none is. */
static int32_t
best_rnc(driver *d, double *ns, int32_t *ret_crossbars)
{
  const int32_t most = d->m->crossbars_available, last = d->o->effort > RRAMNAS_EFFORT_FAST ? 1 : most;
  double sooner_ns;
  int32_t n;

  *ret_crossbars = 0;
  for (n = most; n >= last; n--) {
    rrn_kept_on own, *on = NULL;

    RRN_TRY(rrn_kept_on_crossbars(d->m->kept, n, &on, d->err));
    if (!on) {
      rrn_kept_on_init(&own, n);
      on = &own;
    }
    sooner_ns = *ns * (1 - 2 * RRN_BOUND_TIME_ROUNDING);
    RRN_TRY(look_at_rnc(d, n, sooner_ns, on));
    if (on->rnc_bound_ns <= 0 || on->rnc_bound_ns >= sooner_ns)
      return RRAMNAS_OK;
    if (on->rnc_least_ns >= sooner_ns || on->rnc_ns < 0 || on->rnc_ns >= *ns)
      continue;
    *ns = on->rnc_ns;
    *ret_crossbars = n;
  }
  return RRAMNAS_OK;
}

/* The packing in the fewest crossbars, when these are at hand and it is sooner done than `ns`. */
static int32_t
try_packed(driver *d, double ns, int *ret_sooner)
{
  const rrn_kept *k = d->m->kept;
  double bound = 0, least;

  *ret_sooner = 0;
  rrn_arena_reset(&d->scratch);
  RRN_TRY(rnc_bound(d, 0, &d->scratch, &bound, &least));
  if (bound >= ns)
    return RRAMNAS_OK;
  if (d->packed_ns <= 0 && k && k->packed_ns > 0 &&
      (k->packed_ns >= ns || k->packed_crossbars > d->m->crossbars_available)) {
    d->m->tries += k->packed_tries;
    return RRAMNAS_OK;
  }
  if (d->packed_ns <= 0)
    RRN_TRY(make_packed(d));
  *ret_sooner = d->packed_ns < ns && d->packed.crossbars_used <= d->m->crossbars_available;
  return RRAMNAS_OK;
}

static int32_t
use_rnc_on(driver *d, int32_t crossbars)
{
  const rramnas_compile_options *given = d->o;
  const int32_t available = d->m->crossbars_available;
  rramnas_compile_options o = *given;
  int32_t status;

  o.crossbars = d->m->crossbars_available = crossbars;
  o.split_to_fit = 0;
  d->o = &o;
  status = use_rnc(d);
  d->o = given;
  d->m->crossbars_available = available;
  return status;
}

static int32_t
use_plan(driver *d)
{
  d->m->objective_samples = d->o->samples;
  d->m->objective_depthwise = d->o->depthwise;
  return take_over(d->m, &d->race.best, d->err);
}

static int32_t
settle(driver *d)
{
  double ns = d->race.best_ns;
  int32_t crossbars = 0;
  int packed = 0;

  RRN_TRY(best_rnc(d, &ns, &crossbars));
  if (d->o->effort > RRAMNAS_EFFORT_FAST || ns >= 1e300)
    RRN_TRY(try_packed(d, ns, &packed));
  if (packed)
    use_packed(d);
  else if (crossbars > 0)
    return use_rnc_on(d, crossbars);
  else if (d->race.best_ns < 1e300)
    return use_plan(d);
  else
    return use_fewest(d); /* says what would fit */
  return RRAMNAS_OK;
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

static int32_t
compile_on(driver *d, int32_t crossbars)
{
  const rramnas_compile_options *given = d->o;
  rramnas_compile_options o = *given;
  int32_t status;

  o.crossbars = d->m->crossbars_available = crossbars;
  d->o = &o;
  status = compile(d);
  d->o = given;
  return status;
}

/* The fewest crossbars for one copy of each layer; on these that packing or a plan, whichever is sooner done. The bound
 * on crossbars stays that of one copy. */
static int32_t
plan_on_fewest(driver *d)
{
  rrn_bound *bound = NULL;
  int32_t fewest, status;

  RRN_TRY(make_packed(d));
  RRN_TRY(keep_bound(d->m, &bound, d->err));
  fewest = d->packed.crossbars_used;
  RRN_TRY(compile_on(d, fewest));
  /* A plan that leaves crossbars empty is a new number of them, if plans are found there; with a bound of its own. */
  if (d->m->crossbars_used < fewest) {
    status = compile_on(d, d->m->crossbars_used);
    if (status == RRAMNAS_ERR_DOES_NOT_FIT)
      status = compile_on(d, fewest);
    RRN_TRY(status);
  }
  d->m->fewest_bound = d->m->crossbars_available == fewest ? bound : NULL;
  return RRAMNAS_OK;
}

/* What is found out on one number of crossbars is kept for the next. */
static int32_t
use_auto(driver *d)
{
  const int own = !d->m->kept;
  rrn_kept kept;
  int32_t status;

  if (d->o->find_solution || d->o->no_duplication || d->o->n_copies)
    return use_fewest(d);
  if (own) {
    rrn_kept_init(&kept, &d->m->rt);
    d->m->kept = &kept;
  }
  status = plan_on_fewest(d);
  if (own) {
    d->m->kept = NULL;
    rrn_kept_release(&kept);
  }
  return status;
}

static int32_t
run_race(driver *d)
{
  int32_t effort, status = rrn_race_init(&d->race, d->m, d->o, d->err);

  for (effort = RRAMNAS_EFFORT_FAST; status >= 0 && effort <= d->o->effort; effort++)
    status = rrn_race_run(&d->race, effort);
  d->m->tries = d->race.search.tries;
  if (status >= 0)
    status = settle(d);
  rrn_race_release(&d->race);
  return status;
}

static int32_t
compile(driver *d)
{
  if (d->o->crossbars == RRAMNAS_CROSSBARS_AUTO)
    return use_auto(d);
  if (d->o->find_solution || d->o->no_duplication || d->o->n_copies)
    return use_rnc(d); /* there the crossbars are what is sought, or the copies are given */
  d->m->sharing = (rrn_sharing){ .layer_threshold = 0, .max_load = INT32_MAX };
  RRN_TRY(rrn_matrix_pass(d->m, 0, d->err));
  return run_race(d);
}

int32_t
rrn_policy_best(rramnas_mapping *m, const rramnas_compile_options *options, rramnas_error *err)
{
  driver d = { .m = m, .o = options, .err = err };
  int32_t status;

  rrn_arena_init(&d.scratch, &m->rt);
  status = compile(&d);
  rrn_arena_release(&d.scratch);
  return status;
}
