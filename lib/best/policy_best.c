/* SPDX-License-Identifier: MIT */
/* Policy best: copies, box shapes and places chosen together to be done soonest.
 *
 * In:  network, chip, options (crossbars, effort, objective, samples, how to lay out grouped layers).
 * Out: tilings, copies, placements. A proven lower bound on the time is bound_time.c.
 *
 * Idea: candidates are plans (search.c) on the crossbars at hand or fewer, of which the fast effort makes a few
 * (climb.c) and a race finds the best (race.c); beyond the fast effort policy rnc's mappings on the crossbars at hand
 * and on all fewer that bounds do not rule out (rival.c); and one copy of each layer packed by search for the fewest
 * crossbars. The soonest is the result. None of the candidates depends on the crossbars at hand, so more of them are
 * never slower; each effort has all candidates of the lower ones, and so is never slower.
 *
 * Crossbars auto: the search for the fewest, then plans on these. Budgets are work that is counted (boxes placed,
 * crossbars looked at, jobs simulated), never times.
 *
 * Not handled: copies of a layer with different tilings; layers in several groups. When to prefer it: always, unless a
 * published run is to be repeated. Source: doc/best.md. Deterministic. */
#include "best/kept.h"
#include "best/race.h"
#include "best/rival.h"
#include "compile/bound.h"

#include <string.h>

typedef struct driver {
  rramnas_mapping *m;
  const rramnas_compile_options *o;
  rrn_race race;           /* begun */
  rramnas_mapping packed[RRN_KEPT_EFFORTS]; /* one copy of each layer in the fewest crossbars, as an effort finds them */
  double packed_ns[RRN_KEPT_EFFORTS];       /* 0 = not yet made */
  rramnas_error *err;
} driver;

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
  m->unit_cols = from->unit_cols;
  m->sharing = from->sharing;
  m->boxes_cut = m->cut_parts = 0;
  m->extra_conversions = 0;
  m->margin = 0;
  return RRAMNAS_OK;
}

/* What was made in the same memory before. */
static void
use_packed(driver *d, int32_t effort)
{
  const rrn_arena arena = d->m->arena;
  const int32_t tries = d->m->tries, available = d->m->crossbars_available;
  const int32_t references = atomic_load(&d->m->references);
  rrn_kept *kept = d->m->kept;

  memcpy(d->m, &d->packed[effort], sizeof(*d->m));
  atomic_store(&d->m->references, references);
  d->m->arena = arena;
  d->m->kept = kept;
  d->m->tries = tries;
  d->m->crossbars_available = available;
}

/* One copy of each layer in the fewest crossbars, whatever number is at hand. */
static int32_t
make_packed(driver *d, int32_t effort)
{
  const rramnas_compile_options *given = d->o;
  const int32_t available = d->m->crossbars_available, tries = d->m->tries;
  rramnas_compile_options o = *given;
  rrn_kept *k = d->m->kept;
  int32_t status;

  o.crossbars = RRAMNAS_CROSSBARS_AUTO;
  o.effort = effort;
  d->m->crossbars_available = 1;
  d->o = &o;
  status = use_fewest(d);
  d->o = given;
  RRN_TRY(status);
  RRN_TRY(rrn_race_completion(d->m, o.samples, &d->packed_ns[effort], d->err));
  memcpy(&d->packed[effort], d->m, sizeof(*d->m));
  d->m->crossbars_available = available;
  if (k) {
    k->packed_ns[effort] = d->packed_ns[effort];
    k->packed_crossbars[effort] = d->packed[effort].crossbars_used;
    k->packed_tries[effort] = d->m->tries - tries;
  }
  return RRAMNAS_OK;
}

/* The packing in the fewest crossbars that an effort finds becomes the one to use, when these are at hand and it is sooner
 * done than `ns`. */
static int32_t
try_packed(driver *d, int32_t effort, double *ns, int32_t *ret_effort)
{
  const int32_t available = d->m->crossbars_available;
  const rrn_kept *k = d->m->kept;

  if (d->packed_ns[effort] <= 0 && k && k->packed_ns[effort] > 0 &&
      (k->packed_ns[effort] >= *ns || k->packed_crossbars[effort] > available)) {
    d->m->tries += k->packed_tries[effort];
    return RRAMNAS_OK;
  }
  if (d->packed_ns[effort] <= 0)
    RRN_TRY(make_packed(d, effort));
  if (d->packed_ns[effort] < *ns && d->packed[effort].crossbars_used <= available) {
    *ns = d->packed_ns[effort];
    *ret_effort = effort;
  }
  return RRAMNAS_OK;
}

/* The same for this effort and all lower ones, whose packings may wait less; 0 = none is sooner. */
static int32_t
try_all_packed(driver *d, const rrn_rivals *rivals, double ns, int32_t *ret_effort)
{
  int32_t effort;

  *ret_effort = 0;
  for (effort = RRAMNAS_EFFORT_FAST; effort <= d->o->effort && rrn_rivals_one_copy(rivals) < ns; effort++)
    RRN_TRY(try_packed(d, effort, &ns, ret_effort));
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
  int32_t crossbars = 0, packed = 0, status;
  rrn_rivals rivals;

  status = rrn_rivals_init(&rivals, d->m, d->o, d->err);
  if (status >= 0 && d->o->effort > RRAMNAS_EFFORT_FAST)
    status = rrn_rivals_find(&rivals, &ns, &crossbars);
  if (status >= 0)
    status = try_all_packed(d, &rivals, ns, &packed);
  rrn_rivals_release(&rivals);
  RRN_TRY(status);
  if (packed > 0)
    use_packed(d, packed);
  else if (crossbars > 0 || d->race.rnc_on > 0)
    return use_rnc_on(d, crossbars > 0 ? crossbars : d->race.rnc_on);
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

static int32_t plan_on_fewest(driver *d);

/* Crossbars that the next lower effort needs, which are enough for what it found. */
static int32_t
needed_before(driver *d, int32_t *ret_crossbars)
{
  const rramnas_compile_options *given = d->o;
  rramnas_compile_options o = *given;
  int32_t status;

  *ret_crossbars = INT32_MAX;
  if (given->effort <= RRAMNAS_EFFORT_FAST)
    return RRAMNAS_OK;
  o.effort--;
  d->o = &o;
  status = plan_on_fewest(d);
  d->o = given;
  RRN_TRY(status);
  *ret_crossbars = d->m->crossbars_available;
  d->m->fewest_bound = NULL;
  return RRAMNAS_OK;
}

/* The fewest crossbars for one copy of each layer, or that a lower effort needs; on these that packing or a plan,
 * whichever is sooner done. The bound on crossbars stays that of one copy. */
static int32_t
plan_on_fewest(driver *d)
{
  rrn_bound *bound = NULL;
  int32_t fewest, before, status;

  RRN_TRY(needed_before(d, &before));
  RRN_TRY(make_packed(d, d->o->effort));
  RRN_TRY(keep_bound(d->m, &bound, d->err));
  fewest = d->packed[d->o->effort].crossbars_used;
  fewest = before < fewest ? before : fewest;
  RRN_TRY(compile_on(d, fewest));
  /* A plan that leaves crossbars empty is a new number of them, if plans are found there; with a bound of its own. */
  if (d->m->crossbars_used < fewest) {
    status = compile_on(d, d->m->crossbars_used);
    if (status == RRAMNAS_ERR_DOES_NOT_FIT)
      status = compile_on(d, fewest);
    RRN_TRY(status);
  }
  d->m->fewest_bound = d->m->crossbars_available == d->packed[d->o->effort].crossbars_used ? bound : NULL;
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

  return compile(&d);
}
