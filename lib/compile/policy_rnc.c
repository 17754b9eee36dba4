/* SPDX-License-Identifier: MIT */
/* Policies rnc and rnc-published: duplicate layers, then pack all copies into shared crossbars.
 *
 * In:  network, chip, options. Out: copies and placements.
 *
 * Flow (RNC): cut; solve for the copies that fit a share `margin` of all cells; pack the boxes in a random order;
 * when that fails, take the next smaller margin. The share that is given away is room for the packer.
 *
 * rnc, the mended form: correct cuts and spaces (partition.c, pack_ems.c), copies by simulated time and only where
 * they help (duplicate.c); when every margin fails one copy of each layer is still packed, by search (fewest.c); only
 * then it does not fit. Crossbars auto: that search, for the fewest.
 * rnc-published: as the paper's programs run. Seeds per try are those of its search, one continued stream that of
 * its command line; an infeasible program leaves one copy of each layer; nothing else is tried.
 *
 * Deterministic: the only randomness is numpy's stream from options->seed. Source: RNC; doc/compile.md. */
#include "compile/bound.h"
#include "compile/numpy.h"
#include "compile/passes.h"

typedef int32_t (*pack_fn)(const rrn_pack_rules *rules, const rrn_pack_box *boxes, const int32_t *order, size_t n,
                           rrn_arena *arena, rrn_pack_result *ret_result, rramnas_error *err);

/* COPIES_ONLY is the mended flow up to where all margins have failed. */
typedef enum flow { MENDED, COPIES_ONLY, PUBLISHED } flow;

typedef struct run {
  rramnas_mapping *m;
  const rramnas_compile_options *options;
  rrn_pack_rules rules;
  pack_fn pack;
  int published, copies_only;
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
  int32_t *heads = rrn_arena_alloc_raw(&r->arena, n + 2, sizeof(*heads));
  double *keys = rrn_arena_alloc_raw(&r->arena, n, sizeof(*keys));

  if (!order || !heads || !keys)
    return rrn_fail_memory(r->err);
  if (r->options->seed_mode == RRAMNAS_SEED_PER_TRY && r->published)
    rrn_mt19937_seed(&r->rng, r->options->seed);
  rrn_random_order(&r->rng, n, order, keys, heads);
  *ret_order = order;
  return RRAMNAS_OK;
}

/* Packs the present copies; the result lives until the next try. */
static int32_t
try_pack(run *r, rrn_pack_result *ret_packed)
{
  rrn_pack_box *boxes = NULL;
  int32_t *order = NULL;
  size_t n = 0;

  rrn_arena_reset(&r->arena);
  RRN_TRY(rrn_place_boxes(r->m, &r->arena, &boxes, &n, r->err));
  RRN_TRY(random_order(r, n, &order));
  RRN_TRY(r->pack(&r->rules, boxes, order, n, &r->arena, ret_packed, r->err));
  ret_packed->n = n;
  r->m->tries++;
  return RRAMNAS_OK;
}

/* --- with copies --- */

enum { PUBLISHED_MARGINS = 8 };

void
rrn_rnc_margins(double *margins)
{
  double margin = 0.95;
  int32_t i;

  for (i = 0; i < RRN_RNC_MARGINS; i++, margin -= 0.05)
    margins[i] = margin;
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
  double built_in[RRN_RNC_MARGINS];
  const double *margins = o->n_margins ? o->margins : built_in;
  const size_t n = o->n_margins ? o->n_margins : r->published ? PUBLISHED_MARGINS : RRN_RNC_MARGINS;
  rrn_duplication model;
  rrn_pack_result packed = { 0 };
  size_t i;

  rrn_rnc_margins(built_in);
  RRN_TRY(rrn_duplication_model(r->m, r->published, &r->m->arena, &model, r->err));
  for (i = 0; i < n && !packed.fits; i++) {
    const int64_t solved = rrn_duplication_solve(&model, budget_cells(r, margins[i]), r->m->copies);

    if (!solved && !(r->published && i == 0))
      break;
    if (rrn_place_count(r->m) > RRN_MAX_BOXES)
      continue; /* more boxes than are packed: no better than too many cells */
    RRN_TRY(try_pack(r, &packed));
    r->m->margin = packed.fits && solved ? margins[i] : 0;
    rrn_log(&r->m->rt, RRAMNAS_LOG_DEBUG, "margin %d: %lld copies of layer \"%s\", %s", (int)i, (long long)solved,
            r->m->net->layers[r->m->layer_of[model.bottleneck]].name, packed.fits ? "packed" : "does not fit");
  }
  *ret_done = packed.fits;
  return packed.fits ? rrn_place_commit(r->m, &packed, r->err) : RRAMNAS_OK;
}

/* --- without copies --- */

static int32_t
fail_too_small(run *r)
{
  rrn_bound bound = { 0 };

  RRN_TRY(rrn_bound_mapping(r->m, &r->arena, &bound, r->err));
  return rrn_fail_does_not_fit(r->m, bound.best, 0, r->err);
}

static int32_t
pack_present_copies(run *r)
{
  rrn_pack_result packed = { 0 };

  if (!r->published)
    return rrn_pack_fewest(r->m, r->options, r->rules.grow, r->err);
  RRN_TRY(try_pack(r, &packed));
  return packed.fits ? rrn_place_commit(r->m, &packed, r->err) : fail_too_small(r);
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
  r->rules = (rrn_pack_rules){ .rows = m->hw->v.crossbar.rows, .cols = rrn_mapping_box_cols(m),
                               .crossbars = m->crossbars_available,
                               .grow = r->options->find_solution || r->options->crossbars == RRAMNAS_CROSSBARS_AUTO,
                               .layer_threshold = m->sharing.layer_threshold, .max_load = m->sharing.max_load };
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
    RRN_FAIL_IF(r->copies_only, r->err, RRAMNAS_ERR_DOES_NOT_FIT, "no packing of copies was found");
    if (r->published)
      return fail_too_small(r);
  }
  return pack_present_copies(r);
}

static int32_t
run_policy(rramnas_mapping *m, const rramnas_compile_options *options, flow how, rramnas_error *err)
{
  run r = { .m = m, .options = options, .published = how == PUBLISHED, .copies_only = how == COPIES_ONLY, .err = err };
  int32_t status;

  m->sharing.layer_threshold = options->layer_threshold;
  m->sharing.max_load = options->max_load;
  r.pack = r.published ? rrn_pack_published : rrn_pack_ems;
  rrn_arena_init(&r.arena, &m->rt);
  status = compile(&r);
  rrn_arena_release(&r.arena);
  return status;
}

int32_t
rrn_policy_rnc(rramnas_mapping *m, const rramnas_compile_options *options, rramnas_error *err)
{
  return run_policy(m, options, MENDED, err);
}

int32_t
rrn_policy_rnc_copies(rramnas_mapping *m, const rramnas_compile_options *options, rramnas_error *err)
{
  return run_policy(m, options, COPIES_ONLY, err);
}

int32_t
rrn_policy_fewest(rramnas_mapping *m, const rramnas_compile_options *options, rramnas_error *err)
{
  rramnas_compile_options o = *options;

  o.no_duplication = 1;
  o.layer_threshold = -1;
  o.max_load = INT32_MAX;
  return run_policy(m, &o, MENDED, err);
}

int32_t
rrn_policy_rnc_published(rramnas_mapping *m, const rramnas_compile_options *options, rramnas_error *err)
{
  return run_policy(m, options, PUBLISHED, err);
}
