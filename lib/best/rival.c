/* SPDX-License-Identifier: MIT */
/* Mappings of policy rnc as candidates of policy best.
 *
 * In:  network, chip, options, a time to beat.
 * Out: the number of crossbars, those at hand or fewer, on which policy rnc's mapping is soonest done.
 *
 * Idea: on all numbers of crossbars, as none may be left out if more crossbars are never to be slower; but few mappings
 * are made. Going down, each try of the policy (a share of the cells) has the same copies until the share holds fewer
 * cells than they take, so they are known from the number before. A try is out when the rules have no room for its
 * copies; when these are too few to be sooner done, even if no sample waits; or when the first boxes of its packing show
 * that too many layers wait for each other (crowd.c). When all tries are out, so is the number. The walk ends where all
 * cells would give too few copies, or less time than the work takes: neither gets better with fewer crossbars.
 *
 * What a first fit packing opens is the same however many more crossbars there are, so a mapping is that of all numbers
 * down to the crossbars that it uses, as long as the tries up to its own keep their copies: a try that found no room on
 * more crossbars finds none on fewer.
 *
 * When all tries of the policy fail it packs one copy of each layer by search, towards as many crossbars as there are.
 * That search ends at the first packing that is enough, so it goes one way, the further the fewer crossbars there are:
 * what it finds is what it finds on all fewer crossbars that still hold it, and where it fails it fails on all fewer.
 *
 * Not handled: that search for more boxes than one block of it; it is made on each number where it may be sooner.
 * Complexity: per number of crossbars O(tries), where copies change O(layers log copies + first boxes). Source: ours. */
#include "best/rival.h"

#include "best/bound_time.h"
#include "best/kept.h"
#include "best/race.h"
#include "compile/pack_search.h"

static const int32_t crowd_boxes[RRN_RIVAL_CROWDS] = { 384, 4096 };

/* --- bounds --- */

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

/* Time in which one crossbar would do the work of all boxes, whatever the copies. */
static double
work(const rramnas_mapping *m, int32_t samples)
{
  double sum = 0;
  size_t i;

  for (i = 0; i < m->n_pieces; i++)
    sum += m->pieces[i].latency_ns * (double)m->pieces[i].activations;
  return sum * samples;
}

/* Completion that a mapping is not below: no sample waits, or all crossbars work, as a working box keeps its crossbar. */
static double
least_ns(const rrn_rivals *r, double alone_ns, int32_t crossbars)
{
  const double all = r->work_ns / crossbars;

  return (alone_ns > all ? alone_ns : all) * (1 - RRN_BOUND_TIME_ROUNDING);
}

double
rrn_rivals_one_copy(const rrn_rivals *r)
{
  return least_ns(r, r->one_copy_ns, r->m->crossbars_available);
}

/* --- one mapping --- */

/* Policy rnc on so many crossbars, run by `run`; NULL when it does not fit. */
static int32_t
make(rrn_rivals *r, rrn_policy_fn run, int32_t crossbars, rramnas_mapping **ret_rnc)
{
  const rramnas_mapping *m = r->m;
  const rramnas_runtime runtime = { .size = sizeof(rramnas_runtime), .alloc = m->rt.alloc, .realloc = m->rt.realloc,
                                    .free = m->rt.free, .alloc_user = m->rt.alloc_user, .n_threads = m->rt.n_threads };
  rramnas_compile_options o = *r->o;
  int32_t status;

  o.policy = RRAMNAS_POLICY_RNC;
  o.split_to_fit = 0; /* boxes are cut when nothing fits whole */
  o.no_duplication = run == rrn_policy_rnc;
  o.crossbars = crossbars;
  /* Options are resolved once more. */
  o.layer_threshold = o.layer_threshold == 0  ? RRAMNAS_LAYER_THRESHOLD_SAME
                    : o.layer_threshold < 0   ? RRAMNAS_UNLIMITED
                                              : o.layer_threshold;
  o.max_load = o.max_load == INT32_MAX ? RRAMNAS_UNLIMITED : o.max_load;
  *ret_rnc = NULL;
  status = rrn_compile_by(run, m->hw, m->net, &o, &runtime, ret_rnc, r->err);
  return status == RRAMNAS_ERR_DOES_NOT_FIT ? RRAMNAS_OK : status;
}

/* How far down the mapping is the same. A margin may be listed twice, and its mapping be made by the later try. */
static void
note_made(rrn_rivals *r, const rramnas_mapping *rnc)
{
  int32_t i;

  for (i = r->n_tries - 1; i >= 0; i--)
    if (r->tries[i].share >= rnc->margin && r->tries[i].share <= rnc->margin) {
      r->same_tries = i + 1;
      r->same_from = rnc->crossbars_used;
      return;
    }
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

/* Completion, when it may be sooner than most_ns; takes the mapping. */
static int32_t
measure(rrn_rivals *r, rramnas_mapping *rnc, double most_ns, rrn_kept_on *ret_on)
{
  int32_t status;

  rrn_arena_reset(&r->scratch);
  status = least_completion(rnc, r->o->samples, &r->scratch, &ret_on->rnc_least_ns, r->err);
  ret_on->rnc_ns = -1;
  if (status >= 0 && ret_on->rnc_least_ns < most_ns)
    status = rrn_race_completion(rnc, r->o->samples, &ret_on->rnc_ns, r->err);
  rrn_mapping_unref(rnc);
  return status;
}

/* 0 when one copy of each layer on so many crossbars is not found, or known and so no sooner than what was asked then. */
static int
one_copy_is_new(const rrn_rivals *r, int32_t crossbars)
{
  return crossbars > r->one_copy_fails && crossbars < r->one_copy_from;
}

/* When no packing with copies is found. */
static int32_t
simulate_one_copy(rrn_rivals *r, int32_t crossbars, double most_ns, rrn_kept_on *ret_on)
{
  const int reused = r->one_copy_boxes <= RRN_PACK_BLOCK;
  rramnas_mapping *rnc;

  ret_on->rnc_least_ns = least_ns(r, r->one_copy_ns, crossbars);
  ret_on->rnc_ns = -1;
  if (r->copies_only || !one_copy_is_new(r, crossbars) || ret_on->rnc_least_ns >= most_ns)
    return RRAMNAS_OK;
  RRN_TRY(make(r, rrn_policy_rnc, crossbars, &rnc));
  if (rnc) {
    r->one_copy_from = reused ? rnc->crossbars_used : r->one_copy_from;
    return measure(r, rnc, most_ns, ret_on);
  }
  r->one_copy_fails = reused ? crossbars : r->one_copy_fails;
  ret_on->rnc_least_ns = ret_on->rnc_ns = 1e300;
  return RRAMNAS_OK;
}

/* Completion of policy rnc's mapping on so many crossbars; some number not below most_ns when it is not sooner done, or
 * does not fit. */
static int32_t
simulate(rrn_rivals *r, int32_t crossbars, double most_ns, rrn_kept_on *ret_on)
{
  rramnas_mapping *rnc;

  RRN_TRY(make(r, rrn_policy_rnc_copies, crossbars, &rnc));
  r->same_from = INT32_MAX;
  if (!rnc)
    return simulate_one_copy(r, crossbars, most_ns, ret_on);
  note_made(r, rnc);
  return measure(r, rnc, most_ns, ret_on);
}

/* --- copies --- */

/* The copies that so many crossbars give. */
static void
follow(rrn_rivals *r, rrn_rival_copies *x, int32_t crossbars)
{
  const rrn_hw_values *v = &r->m->hw->v;
  const double budget = (double)((int64_t)v->crossbar.rows * rrn_mapping_box_cols(r->m) * crossbars) * x->share;
  rramnas_mapping m = r->cut;
  int32_t i;

  if (x->cells > 0 && x->cells <= budget)
    return;
  x->crowd_from = -1;
  x->cells = 0;
  x->boxes = x->most_boxes = 0;
  x->solved = rrn_duplication_solve(&r->model, budget, x->copies) > 0;
  if (!x->solved)
    return;
  m.copies = x->copies;
  for (i = 0; i < m.n_layers; i++) {
    const int64_t boxes = (int64_t)x->copies[i] * rrn_mapping_pieces_of(&m, i);

    x->cells += (double)x->copies[i] * (double)r->model.area[i];
    x->most_boxes = boxes > x->most_boxes ? boxes : x->most_boxes;
  }
  x->boxes = rrn_place_count(&m);
  x->alone_ns = unhindered(&m, r->o->samples);
}

/* The copies of the tries that led to what was made last, so that it is seen when they change. */
static void
follow_tries(rrn_rivals *r, int32_t crossbars)
{
  int32_t i;

  for (i = 0; i < r->same_tries && r->same_from < INT32_MAX; i++)
    follow(r, &r->tries[i], crossbars);
}

/* What was made last is no longer known when the copies of the tries that led to it change. */
static void
follow_made(rrn_rivals *r, int32_t crossbars)
{
  double cells;
  int32_t i;

  for (i = 0; i < r->same_tries; i++) {
    cells = r->tries[i].cells;
    follow(r, &r->tries[i], crossbars);
    if (cells < r->tries[i].cells || cells > r->tries[i].cells)
      r->same_from = INT32_MAX;
  }
}

/* 1 when the rules leave room for the copies: boxes of a layer apart, no crossbar with more boxes than it may have. */
static int
rules_allow(const rrn_rivals *r, const rrn_rival_copies *x, int32_t crossbars)
{
  return (r->o->layer_threshold < 0 || x->most_boxes <= crossbars) && x->boxes <= (int64_t)crossbars * r->o->max_load;
}

/* --- one number of crossbars --- */

/* What the first boxes of its packing say of a try; more of them when few do not show that it is no sooner than ns. */
static int32_t
find_crowd(rrn_rivals *r, rrn_rival_copies *x, int64_t from, int32_t crossbars, double ns)
{
  const rrn_hw_values *v = &r->m->hw->v;
  const rrn_pack_rules rules = { .rows = v->crossbar.rows, .cols = rrn_mapping_box_cols(r->m), .crossbars = crossbars,
                                 .layer_threshold = r->o->layer_threshold, .max_load = r->o->max_load };
  rramnas_mapping m = r->cut;
  double crowd_ns;
  int32_t i;

  if (x->crowd_from != from)
    x->crowd_ns = 0;
  m.copies = x->copies;
  for (i = 0; i < RRN_RIVAL_CROWDS && x->crowd_ns < ns && (i > 0 || x->crowd_ns <= 0); i++) {
    rrn_arena_reset(&r->scratch);
    RRN_TRY(rrn_crowd_bound(&r->crowds[i], &m, &rules, (size_t)from, r->o->samples, &r->scratch, &crowd_ns, r->err));
    crowd_ns *= 1 - RRN_BOUND_TIME_ROUNDING;
    x->crowd_ns = crowd_ns > x->crowd_ns ? crowd_ns : x->crowd_ns;
  }
  x->crowd_from = from;
  return RRAMNAS_OK;
}

/* 1 in ret_may when some try may be sooner done than `ns`. Each try that is made takes as many random numbers as boxes. */
static int32_t
some_try_may(rrn_rivals *r, int32_t crossbars, double ns, int *ret_may)
{
  const double sooner_ns = ns * (1 - 2 * RRN_BOUND_TIME_ROUNDING);
  int64_t from = 0;
  int32_t i;

  *ret_may = 1;
  for (i = 0; i < r->n_tries; i++) {
    rrn_rival_copies *x = &r->tries[i];

    follow(r, x, crossbars);
    if (!x->solved)
      break;
    if (x->boxes > RRN_MAX_BOXES)
      continue;
    if (rules_allow(r, x, crossbars) && least_ns(r, x->alone_ns, crossbars) < sooner_ns) {
      RRN_TRY(find_crowd(r, x, from, crossbars, ns));
      if (x->crowd_ns < ns)
        return RRAMNAS_OK;
    }
    from += x->boxes;
  }
  *ret_may = !r->copies_only && least_ns(r, r->one_copy_ns, crossbars) < sooner_ns && one_copy_is_new(r, crossbars);
  return RRAMNAS_OK;
}

/* Completion of the mapping on so many crossbars, or some number not below `ns`. */
static int32_t
look(rrn_rivals *r, int32_t crossbars, double ns, double *ret_ns)
{
  rrn_kept_on own, *on = NULL;
  int may = 0;

  *ret_ns = 1e300;
  if (crossbars >= r->same_from)
    return RRAMNAS_OK;
  RRN_TRY(some_try_may(r, crossbars, ns, &may));
  if (!may)
    return RRAMNAS_OK;
  RRN_TRY(rrn_kept_on_crossbars(r->m->kept, crossbars, &on, r->err));
  if (!on) {
    rrn_kept_on_init(&own, crossbars);
    on = &own;
  }
  if (on->rnc_ns < 0 && on->rnc_least_ns < ns) {
    RRN_TRY(simulate(r, crossbars, ns, on));
    follow_tries(r, crossbars);
  }
  if (on->rnc_ns >= 0)
    *ret_ns = on->rnc_ns;
  return RRAMNAS_OK;
}

/* --- all numbers --- */

/* 1 when neither so many crossbars nor fewer give copies enough to be sooner done. */
static int
none_is_sooner(rrn_rivals *r, int32_t crossbars, double ns)
{
  follow(r, &r->all, crossbars);
  return !r->all.solved || least_ns(r, r->all.alone_ns, crossbars) >= ns * (1 - 2 * RRN_BOUND_TIME_ROUNDING);
}

int32_t
rrn_rivals_on(rrn_rivals *r, int32_t crossbars, double ns, double *ret_ns)
{
  *ret_ns = 1e300;
  if (none_is_sooner(r, crossbars, ns))
    return RRAMNAS_OK;
  follow_made(r, crossbars);
  return look(r, crossbars, ns, ret_ns);
}

int32_t
rrn_rivals_find(rrn_rivals *r, double *ns, int32_t *ret_crossbars)
{
  double found_ns;
  int32_t n;

  *ret_crossbars = 0;
  for (n = r->m->crossbars_available; n >= r->last && !none_is_sooner(r, n, *ns); n--) {
    RRN_TRY(rrn_rivals_on(r, n, *ns, &found_ns));
    if (found_ns < *ns) {
      *ns = found_ns;
      *ret_crossbars = n;
    }
  }
  return RRAMNAS_OK;
}

static int32_t
init_copies(rrn_rivals *r, rrn_rival_copies *x, double share)
{
  *x = (rrn_rival_copies){ .share = share, .crowd_from = -1 };
  x->copies = rrn_arena_alloc(&r->arena, (size_t)r->m->n_layers, sizeof(*x->copies));
  return x->copies ? RRAMNAS_OK : rrn_fail_memory(r->err);
}

static int32_t
init_tries(rrn_rivals *r)
{
  double built_in[RRN_RNC_MARGINS];
  const double *shares = r->o->n_margins ? r->o->margins : built_in;
  int32_t i;

  rrn_rnc_margins(built_in);
  r->n_tries = r->o->n_margins ? (int32_t)r->o->n_margins : RRN_RNC_MARGINS;
  r->tries = rrn_arena_alloc(&r->arena, (size_t)r->n_tries, sizeof(*r->tries));
  if (!r->tries)
    return rrn_fail_memory(r->err);
  RRN_TRY(init_copies(r, &r->all, 1));
  for (i = 0; i < r->n_tries; i++)
    RRN_TRY(init_copies(r, &r->tries[i], shares[i]));
  return RRAMNAS_OK;
}

/* Layers are cut as the policy cuts them. */
static int32_t
cut_layers(rrn_rivals *r)
{
  const rrn_partition_options cut = { .depth_split = r->o->depth_split };
  int32_t status, i;

  r->cut = (rramnas_mapping){ .hw = r->m->hw, .net = r->m->net, .rt = r->m->rt, .arena = r->arena,
                              .n_layers = r->m->n_layers, .layer_of = r->m->layer_of, .matrices = r->m->matrices,
                              .unit_cols = r->m->unit_cols };
  status = rrn_partition_pass(&r->cut, &cut, r->err);
  r->arena = r->cut.arena;
  RRN_TRY(status);
  RRN_TRY(rrn_duplication_model(&r->cut, 0, &r->arena, &r->model, r->err));
  RRN_TRY(init_tries(r));
  for (i = 0; i < r->m->n_layers; i++)
    r->all.copies[i] = 1;
  r->cut.copies = r->all.copies;
  r->one_copy_boxes = rrn_place_count(&r->cut);
  r->one_copy_ns = unhindered(&r->cut, r->o->samples);
  r->work_ns = work(&r->cut, r->o->samples);
  return RRAMNAS_OK;
}

int32_t
rrn_rivals_init(rrn_rivals *r, const rramnas_mapping *m, const rramnas_compile_options *o, rramnas_error *err)
{
  int32_t i;

  *r = (rrn_rivals){ .m = m, .o = o, .last = 1, .same_from = INT32_MAX, .one_copy_from = INT32_MAX, .err = err };
  rrn_arena_init(&r->arena, &m->rt);
  rrn_arena_init(&r->scratch, &m->rt);
  for (i = 0; i < RRN_RIVAL_CROWDS; i++)
    rrn_crowd_init(&r->crowds[i], o->seed, crowd_boxes[i], &r->arena);
  return cut_layers(r);
}

void
rrn_rivals_release(rrn_rivals *r)
{
  rrn_arena_release(&r->scratch);
  rrn_arena_release(&r->arena);
}
