/* SPDX-License-Identifier: MIT */
/* Policies rnc and rnc-published: duplicate layers, then pack all copies into shared crossbars.
 *
 * In:  network, chip, options. Out: copies and placements.
 *
 * Flow (RNC): cut; solve for the copies that fit a share `margin` of all cells; pack the boxes in a random order;
 * when that fails, take the next smaller margin. The share that is given away is room for the packer.
 *
 * rnc, the mended form: correct cuts and spaces (partition.c, pack_ems.c), copies by simulated time and only where
 * they help (duplicate.c); when every margin fails the network is still packed without copies, in several orders;
 * only then it does not fit.
 * rnc-published: as the paper's programs run. Seeds per try are those of its search, one continued stream that of
 * its command line; an infeasible program leaves one copy of each layer; nothing else is tried.
 *
 * Deterministic: the only randomness is numpy's stream from options->seed. Source: RNC; doc/compile.md. */
#include "compile/numpy.h"
#include "compile/passes.h"

/* Orders tried for a network without copies: random ones, then by decreasing area. */
enum { RANDOM_ORDERS = 8 };

typedef int32_t (*pack_fn)(const rrn_pack_rules *rules, const rrn_pack_box *boxes, const int32_t *order, size_t n,
                           rrn_arena *arena, rrn_pack_result *ret_result, rramnas_error *err);

typedef struct run {
  rramnas_mapping *m;
  const rramnas_compile_options *options;
  rrn_pack_rules rules;
  pack_fn pack;
  int published;
  rrn_mt19937 rng;
  rrn_arena arena; /* of one packing try */
  rramnas_error *err;
} run;

static void
no_copies(rramnas_mapping *m)
{
  int32_t i;

  for (i = 0; i < m->n_layers; i++)
    m->copies[i] = 1;
}

/* --- one packing try --- */

static int32_t
random_order(run *r, size_t n, int32_t **ret_order)
{
  int32_t *order = rrn_arena_alloc_raw(&r->arena, n, sizeof(*order));
  int32_t *heads = rrn_arena_alloc_raw(&r->arena, n + 1, sizeof(*heads));
  double *keys = rrn_arena_alloc_raw(&r->arena, n, sizeof(*keys));

  if (!order || !heads || !keys)
    return rrn_fail_memory(r->err);
  if (r->options->seed_mode == RRAMNAS_SEED_PER_TRY && r->published)
    rrn_mt19937_seed(&r->rng, r->options->seed);
  rrn_random_order(&r->rng, n, order, keys, heads);
  *ret_order = order;
  return RRAMNAS_OK;
}

/* Largest area first, ties by index, by heap sort. */
static void
sift_down(const rrn_pack_box *boxes, int32_t *heap, size_t n, size_t i)
{
  for (;;) {
    size_t child = 2 * i + 1;
    int32_t t;

    if (child >= n)
      return;
#define AREA(k) ((int64_t)boxes[heap[k]].rows * boxes[heap[k]].cols)
#define AFTER(a, b) (AREA(a) < AREA(b) || (AREA(a) == AREA(b) && heap[a] > heap[b]))
    if (child + 1 < n && AFTER(child + 1, child))
      child++;
    if (!AFTER(child, i))
      return;
#undef AFTER
#undef AREA
    t = heap[i];
    heap[i] = heap[child];
    heap[child] = t;
    i = child;
  }
}

static int32_t
decreasing_order(run *r, const rrn_pack_box *boxes, size_t n, int32_t **ret_order)
{
  int32_t *order = rrn_arena_alloc_raw(&r->arena, n, sizeof(*order)), t;
  size_t i;

  if (!order)
    return rrn_fail_memory(r->err);
  for (i = 0; i < n; i++)
    order[i] = (int32_t)i;
  for (i = n / 2; i-- > 0;)
    sift_down(boxes, order, n, i);
  for (i = n; i-- > 1;) {
    t = order[0];
    order[0] = order[i];
    order[i] = t;
    sift_down(boxes, order, i, 0);
  }
  *ret_order = order;
  return RRAMNAS_OK;
}

enum order_kind { ORDER_RANDOM, ORDER_DECREASING };

/* Packs the present copies; the result lives until the next try. */
static int32_t
try_pack(run *r, enum order_kind kind, rrn_pack_result *ret_packed)
{
  rrn_pack_box *boxes = NULL;
  int32_t *order = NULL;
  size_t n = 0;

  rrn_arena_reset(&r->arena);
  RRN_TRY(rrn_place_boxes(r->m, &r->arena, &boxes, &n, r->err));
  RRN_TRY(kind == ORDER_RANDOM ? random_order(r, n, &order) : decreasing_order(r, boxes, n, &order));
  RRN_TRY(r->pack(&r->rules, boxes, order, n, &r->arena, ret_packed, r->err));
  ret_packed->n = n;
  r->m->tries++;
  return RRAMNAS_OK;
}

static int32_t
commit(run *r, const rrn_pack_result *packed)
{
  if (packed->opened > r->m->crossbars_available)
    r->m->crossbars_available = packed->opened;
  return rrn_place_commit(r->m, packed, r->err);
}

/* --- with copies --- */

/* 0.95, 0.90, ... by repeated subtraction, as published, which stops at 0.60; the mended form goes on to 0.05. */
enum { PUBLISHED_MARGINS = 8, MOST_MARGINS = 19 };

static size_t
default_margins(const run *r, double *margins)
{
  double margin = 0.95;
  size_t i;

  for (i = 0; i < MOST_MARGINS; i++, margin -= 0.05)
    margins[i] = margin;
  return r->published ? PUBLISHED_MARGINS : MOST_MARGINS;
}

static double
budget_cells(const run *r, double margin)
{
  return (double)((int64_t)r->rules.rows * r->rules.cols * r->m->crossbars_available) * margin;
}

/* One margin after the other until a packing succeeds. The published flow packs one copy of each layer when the
 * very first program is infeasible. */
static int32_t
duplicate_and_pack(run *r, int32_t *ret_done)
{
  const rramnas_compile_options *o = r->options;
  double built_in[MOST_MARGINS];
  const double *margins = o->n_margins ? o->margins : built_in;
  const size_t n = o->n_margins ? o->n_margins : default_margins(r, built_in);
  rrn_duplication model;
  rrn_pack_result packed = { 0 };
  size_t i;

  RRN_TRY(rrn_duplication_model(r->m, r->published, &r->m->arena, &model, r->err));
  for (i = 0; i < n && !packed.fits; i++) {
    const int64_t solved = rrn_duplication_solve(&model, budget_cells(r, margins[i]), r->m->copies);

    if (!solved && !(r->published && i == 0))
      break;
    if (rrn_place_count(r->m) > RRN_MAX_BOXES)
      continue; /* more boxes than are packed: no better than too many cells */
    RRN_TRY(try_pack(r, ORDER_RANDOM, &packed));
    r->m->margin = packed.fits && solved ? margins[i] : 0;
    rrn_log(&r->m->rt, RRAMNAS_LOG_DEBUG, "margin %d: %lld copies of layer \"%s\", %s", (int)i, (long long)solved,
            r->m->net->layers[r->m->layer_of[model.bottleneck]].name, packed.fits ? "packed" : "does not fit");
  }
  *ret_done = packed.fits;
  return packed.fits ? commit(r, &packed) : RRAMNAS_OK;
}

/* --- without copies --- */

/* Fewest crossbars over several orders, or the first order that takes no more than are at hand. The best order is
 * repeated from the state of the stream that made it, so that only one result is kept. */
static int32_t
pack_fewest(run *r, rrn_pack_result *ret_packed)
{
  rrn_mt19937 best_rng = r->rng;
  enum order_kind best_kind = ORDER_RANDOM;
  int32_t best = INT32_MAX, i;

  r->rules.grow = 1;
  for (i = 0; i <= RANDOM_ORDERS && best > r->m->crossbars_available; i++) {
    const enum order_kind kind = i < RANDOM_ORDERS ? ORDER_RANDOM : ORDER_DECREASING;
    const rrn_mt19937 rng = r->rng;

    RRN_TRY(try_pack(r, kind, ret_packed));
    if (ret_packed->opened < best) {
      best = ret_packed->opened;
      best_rng = rng;
      best_kind = kind;
    }
  }
  if (best == ret_packed->opened)
    return RRAMNAS_OK;
  r->rng = best_rng;
  return try_pack(r, best_kind, ret_packed);
}

static int32_t
fail_too_small(run *r, int32_t found)
{
  int32_t bound = 0;

  RRN_TRY(rrn_bound_crossbars(r->m, &r->arena, &bound, r->err));
  return rrn_fail_does_not_fit(r->m, bound, found, r->err);
}

static int32_t
pack_present_copies(run *r)
{
  const int may_grow = r->rules.grow;
  rrn_pack_result packed = { 0 };

  if (r->published) {
    RRN_TRY(try_pack(r, ORDER_RANDOM, &packed));
    return packed.fits ? commit(r, &packed) : fail_too_small(r, 0);
  }
  /* The same orders whatever was tried before: what fits with crossbars counted by auto fits again. */
  rrn_mt19937_seed(&r->rng, r->options->seed);
  RRN_TRY(pack_fewest(r, &packed));
  return may_grow || packed.opened <= r->m->crossbars_available ? commit(r, &packed)
                                                                  : fail_too_small(r, packed.opened);
}

static int32_t
given_copies(run *r)
{
  const rramnas_compile_options *o = r->options;
  int32_t i;

  RRN_FAIL_IF(o->n_copies != (size_t)r->m->n_layers, r->err, RRAMNAS_ERR_ARGUMENT,
              "copies are given for %zu layers, the network has %d mapped layers", o->n_copies, (int)r->m->n_layers);
  for (i = 0; i < r->m->n_layers; i++) {
    RRN_FAIL_IF(o->copies[i] < 1, r->err, RRAMNAS_ERR_RANGE, "copies of mapped layer %d are %d, expected 1 or more",
                (int)i, (int)o->copies[i]);
    r->m->copies[i] = o->copies[i];
  }
  return RRAMNAS_OK;
}

static int32_t
prepare(run *r)
{
  const rrn_partition_options cut = { .depth_split = r->options->depth_split, .published = r->published };
  rramnas_mapping *m = r->m;

  RRN_TRY(rrn_matrix_pass(m, r->published, r->err));
  RRN_TRY(rrn_partition_pass(m, &cut, r->err));
  m->copies = rrn_arena_alloc(&m->arena, (size_t)m->n_layers, sizeof(*m->copies));
  if (!m->copies)
    return rrn_fail_memory(r->err);
  no_copies(m);
  rrn_mt19937_seed(&r->rng, r->options->seed);
  return RRAMNAS_OK;
}

static int32_t
compile(run *r)
{
  int32_t done = 0;

  RRN_TRY(prepare(r));
  if (r->options->n_copies) {
    RRN_TRY(given_copies(r));
    return pack_present_copies(r);
  }
  if (!r->options->no_duplication && r->options->crossbars != RRAMNAS_CROSSBARS_AUTO) {
    RRN_TRY(duplicate_and_pack(r, &done));
    if (done)
      return RRAMNAS_OK;
    no_copies(r->m);
    if (r->published)
      return fail_too_small(r, 0);
  }
  return pack_present_copies(r);
}

static int32_t
run_policy(rramnas_mapping *m, const rramnas_compile_options *options, int published, rramnas_error *err)
{
  run r = { .m = m, .options = options, .published = published, .err = err };
  int32_t status;

  m->sharing.layer_threshold = options->layer_threshold;
  m->sharing.max_load = options->max_load;
  r.pack = published ? rrn_pack_published : rrn_pack_ems;
  r.rules.rows = m->hw->v.crossbar.rows;
  r.rules.cols = m->hw->v.crossbar.cols;
  r.rules.crossbars = m->crossbars_available;
  r.rules.grow = options->find_solution || options->crossbars == RRAMNAS_CROSSBARS_AUTO;
  r.rules.layer_threshold = m->sharing.layer_threshold;
  r.rules.max_load = m->sharing.max_load;
  rrn_arena_init(&r.arena, &m->rt);
  status = compile(&r);
  rrn_arena_release(&r.arena);
  return status;
}

int32_t
rrn_policy_rnc(rramnas_mapping *m, const rramnas_compile_options *options, rramnas_error *err)
{
  return run_policy(m, options, 0, err);
}

int32_t
rrn_policy_rnc_published(rramnas_mapping *m, const rramnas_compile_options *options, rramnas_error *err)
{
  return run_policy(m, options, 1, err);
}
