/* SPDX-License-Identifier: MIT */
/* The present copies of a mapping in as few crossbars as found.
 *
 * In:  a mapping with pieces, copies and sharing rules; options (seed, effort).
 * Out: placements, in no more than the crossbars at hand unless more may be opened.
 *
 * Idea: the packing search (pack_search.c) down to the crossbars at hand, or to the proven bound when any number may be
 * opened. When the bound says that the boxes do not fit, only the sorted orders are tried, so that the message can name
 * a number that is enough. With split_to_fit boxes may then be cut (split.c), down to the crossbars at hand or the area.
 *
 * The effort sets the budget; a larger one is never worse, and what fits with crossbars counted by auto fits again.
 * When to prefer it: when the crossbars are what is sought. Not handled: other cuts of
 * whole layers.
 * Complexity: pack_search.c. Source: ours. */
#include "compile/bound.h"
#include "compile/pack_search.h"
#include "compile/passes.h"

static const int64_t evaluations[] = {
  [RRAMNAS_EFFORT_FAST] = 200000,
  [RRAMNAS_EFFORT_BALANCED] = 3000000,
  [RRAMNAS_EFFORT_THOROUGH] = 30000000,
};

/* Boxes of one layer work at the same time, so a packing that keeps them apart is preferred even without that rule: the
 * search begins with it, and gives it up only for fewer crossbars. */
static int32_t
search_apart_first(rrn_pack_rules rules, const rrn_pack_box *boxes, size_t n, const rrn_pack_search_options *search,
                   rrn_arena *arena, rrn_pack_result *ret_packed, rramnas_error *err)
{
  const int32_t threshold = rules.layer_threshold;
  rrn_pack_result apart = { 0 };

  rules.layer_threshold = threshold < 0 ? 0 : threshold;
  RRN_TRY(rrn_pack_search(&rules, boxes, n, search, arena, &apart, err));
  rules.layer_threshold = threshold;
  if (threshold < 0 && apart.opened > search->target)
    return rrn_pack_improve(&rules, boxes, n, search, &apart, arena, ret_packed, err);
  *ret_packed = apart;
  return RRAMNAS_OK;
}

/* Boxes cut down to the crossbars wanted. Steps towards the area may get there when steps towards these did not: that is
 * how crossbars auto goes, and what it finds must fit again. */
static int32_t
cut_to_fit(rramnas_mapping *m, const rrn_pack_rules *rules, const rrn_pack_box *boxes, const rrn_pack_result *packed,
           rrn_pack_split_options *split, int32_t area, rrn_arena *arena, rramnas_error *err)
{
  int32_t opened = packed->opened;

  RRN_TRY(rrn_split_to_fit(m, rules, boxes, packed, split, arena, &opened, err));
  if (!rules->grow && opened > rules->crossbars && split->target > area) {
    split->target = area;
    RRN_TRY(rrn_split_to_fit(m, rules, boxes, packed, split, arena, &opened, err));
  }
  return rules->grow || opened <= rules->crossbars ? RRAMNAS_OK : rrn_fail_does_not_fit(m, area, opened, err);
}

static int32_t
least(int64_t a, int64_t b)
{
  return (int32_t)(a < b ? a : b);
}

/* The packing as it is, or cut to fit when that was asked for and it takes more crossbars than are wanted. */
static int32_t
settle(rramnas_mapping *m, const rrn_pack_rules *rules, const rrn_pack_box *boxes, const rrn_pack_result *packed,
       const rramnas_compile_options *options, const rrn_bound *bound, rrn_arena *arena, rramnas_error *err)
{
  const int32_t area = least(bound->area, INT32_MAX);
  rrn_pack_split_options split = { .seed = options->seed, .evaluations = evaluations[options->effort] / 4,
                                   .target = area > rules->crossbars ? area : rules->crossbars };

  if (options->split_to_fit && packed->opened > split.target)
    return cut_to_fit(m, rules, boxes, packed, &split, area, arena, err);
  if (packed->fits)
    return rrn_place_commit(m, packed, err);
  return rrn_fail_does_not_fit(m, options->split_to_fit ? area : bound->best, packed->opened, err);
}

static int32_t
pack(rramnas_mapping *m, const rramnas_compile_options *options, int may_grow, rrn_arena *arena, rramnas_error *err)
{
  const rrn_pack_rules rules = { .rows = m->hw->v.crossbar.rows,
                                 .cols = rrn_mapping_box_cols(m),
                                 .crossbars = m->crossbars_available,
                                 .grow = may_grow,
                                 .layer_threshold = m->sharing.layer_threshold,
                                 .max_load = m->sharing.max_load };
  rrn_pack_search_options search = { .seed = options->seed, .target = m->crossbars_available };
  rrn_pack_result packed = { 0 };
  rrn_pack_box *boxes = NULL;
  rrn_bound bound = { 0 };
  size_t n = 0;

  RRN_TRY(rrn_bound_mapping(m, arena, &bound, err));
  RRN_TRY(rrn_place_boxes(m, arena, &boxes, &n, err));
  if (bound.best > search.target)
    search.target = least(bound.best, INT32_MAX);
  search.evaluations = may_grow || bound.best <= m->crossbars_available || options->split_to_fit
                         ? evaluations[options->effort]
                         : 1;
  RRN_TRY(search_apart_first(rules, boxes, n, &search, arena, &packed, err));
  m->tries++;
  return settle(m, &rules, boxes, &packed, options, &bound, arena, err);
}

int32_t
rrn_pack_fewest(rramnas_mapping *m, const rramnas_compile_options *options, int may_grow, rramnas_error *err)
{
  rrn_arena arena;
  int32_t status;

  rrn_arena_init(&arena, &m->rt);
  status = pack(m, options, may_grow, &arena, err);
  rrn_arena_release(&arena);
  return status;
}
