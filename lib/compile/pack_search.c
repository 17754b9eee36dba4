/* SPDX-License-Identifier: MIT */
/* Packing into as few crossbars as a budget of work finds.
 *
 * In:  boxes, sharing rules, conflicts between layers, a seed and a budget; a packing to start from, if there is one.
 * Out: a packing. Never worse than first fit in any order of pack_orders.c (up to 4096 boxes), or than the one to
 *      start from.
 *
 * Idea:
 *
 *   1. boxes that can share with nothing (full tiles, all when max_load is 1) are set aside, a crossbar each;
 *   2. first fit in each order, the best packing is kept; done when it meets the proven bound (bound.c);
 *   3. the emptiest crossbar is closed, and ruin and recreate (pack_ruin.c) looks for room for its boxes in the others.
 *      When all have found room there is one crossbar less: again from 3.
 *
 * To decide whether boxes fit N crossbars is the same with N as the target.
 *
 * When to prefer it: when a crossbar less is worth 0.1 to 1 s. For thousands of packings per second take pack_ems.c.
 * Not handled: rotation (wordlines are not bitlines), boxes larger than a crossbar (they do not fit).
 *
 * Complexity: orders O(n * crossbars / 8) each; then the budget, whatever the number of boxes. Above RRN_PACK_BLOCK
 * boxes: pack_blocks.c.
 *
 * Invariant: the same seed gives the same packing on any machine, and a larger budget does the work of a smaller one
 * first, so it is never worse (up to RRN_PACK_BLOCK boxes). The budget counts boxes put, one for each step, and one for
 * each 256 crossbars that a box is tried in.
 *
 * Source: see pack_ruin.c; first fit with many orders instead of a genetic algorithm over them (Goncalves and Resende,
 * Int. J. Production Economics 145, 2013) is ours. */
#include "compile/pack_search.h"

#include <string.h>

#include "compile/bound.h"
#include "compile/pack_ruin.h"

/* More boxes are packed by area only. */
enum { MOST_ALL_ORDERS = 4096 };

typedef struct search {
  rrn_pack_rules rules; /* those given, with grow */
  const rrn_pack_search_options *options;
  rrn_arena *arena;     /* of the caller */
  rrn_arena scratch;    /* until the end of the search */
  rrn_pack_box *boxes;  /* [n] those that may share a crossbar */
  int32_t *origin;      /* [n] their numbers among all boxes */
  size_t n;
  int32_t *alone;       /* [n_alone] numbers of the others */
  size_t n_alone;
  rrn_pack_spot *best;  /* [n] */
  int32_t best_bins;    /* crossbars of the best packing, without those alone */
  int32_t target;       /* the same */
  int64_t work, budget;
} search;

/* 0 when a box is larger than a crossbar. */
static int
all_fit_alone(const rrn_pack_rules *rules, const rrn_pack_box *boxes, size_t n)
{
  size_t i;

  for (i = 0; i < n; i++)
    if (boxes[i].rows > rules->rows || boxes[i].cols > rules->cols)
      return 0;
  return 1;
}

static int32_t
set_alone_aside(search *s, const rrn_pack_box *boxes, size_t n, rramnas_error *err)
{
  size_t i;

  s->boxes = rrn_arena_alloc_raw(&s->scratch, n + 1, sizeof(*s->boxes));
  s->origin = rrn_arena_alloc_raw(&s->scratch, n + 1, sizeof(*s->origin));
  s->alone = rrn_arena_alloc_raw(&s->scratch, n + 1, sizeof(*s->alone));
  s->best = rrn_arena_alloc_raw(&s->scratch, n + 1, sizeof(*s->best));
  if (!s->boxes || !s->origin || !s->alone || !s->best)
    return rrn_fail_memory(err);
  for (i = 0; i < n; i++) {
    if (s->rules.max_load <= 1 || (boxes[i].rows == s->rules.rows && boxes[i].cols == s->rules.cols)) {
      s->alone[s->n_alone++] = (int32_t)i;
    } else {
      s->origin[s->n] = (int32_t)i;
      s->boxes[s->n++] = boxes[i];
    }
  }
  return RRAMNAS_OK;
}

/* Numbers equal boxes alike, which saves pack_ems.c scans. */
static int32_t
set_kinds(search *s, rramnas_error *err)
{
  rrn_pack_keyed *keyed = rrn_arena_alloc_raw(&s->scratch, s->n + 1, sizeof(*keyed));
  int32_t kind = 0;
  size_t i;

  if (!keyed)
    return rrn_fail_memory(err);
  for (i = 0; i < s->n; i++) {
    const rrn_pack_box *b = &s->boxes[i];

    keyed[i] = (rrn_pack_keyed){ b->layer, ((int64_t)b->rows << 31) + b->cols, (int32_t)i, 0 };
  }
  rrn_pack_order_sort(keyed, s->n);
  for (i = 0; i < s->n; i++) {
    kind += i == 0 || keyed[i].major != keyed[i - 1].major || keyed[i].key != keyed[i - 1].key;
    s->boxes[keyed[i].box].kind = kind;
  }
  return RRAMNAS_OK;
}

/* Where to stop: at the bound, or where the options say if that is more. */
static int32_t
set_target(search *s, const rrn_pack_box *boxes, size_t n, rramnas_error *err)
{
  rrn_bound bound = { 0 };
  rrn_arena arena;
  int32_t status;

  rrn_arena_init(&arena, s->arena->rt);
  status = rrn_bound_boxes(&s->rules, boxes, n, &arena, &bound, err);
  rrn_arena_release(&arena);
  if (status < 0)
    return status;
  s->target = (int32_t)bound.best > s->options->target ? (int32_t)bound.best : s->options->target;
  s->target -= (int32_t)s->n_alone;
  return RRAMNAS_OK;
}

static void
keep_if_better(search *s, const rrn_pack_state *t)
{
  int32_t k;
  size_t i;

  if (t->n_bins >= s->best_bins)
    return;
  s->best_bins = t->n_bins;
  for (k = 0; k < t->n_bins; k++)
    for (i = 0; i < t->bins[k].n_items; i++) {
      const rrn_pack_item *item = &t->bins[k].items[i];

      s->best[item->box] = (rrn_pack_spot){ k, item->row, item->col };
    }
}

/* First fit with conflicts, which pack_ems.c does not know. */
static int32_t
fill_with_conflicts(search *s, const int32_t *order, rrn_arena *arena, rramnas_error *err)
{
  rrn_pack_state t;
  size_t i;

  RRN_TRY(rrn_pack_state_init(&t, &s->rules, s->options->conflicts, s->boxes, s->n, (int32_t)s->n, arena, err));
  for (i = 0; i < s->n; i++) {
    int32_t space = 0, k = rrn_pack_state_first(&t, &s->boxes[order[i]], 0, &space);

    if (k < 0) {
      k = t.n_bins;
      space = 0;
      RRN_TRY(rrn_pack_state_open(&t, err));
    }
    RRN_TRY(rrn_pack_state_put(&t, k, space, order[i], err));
  }
  keep_if_better(s, &t);
  return RRAMNAS_OK;
}

static int32_t
fill(search *s, const int32_t *order, rrn_arena *arena, rramnas_error *err)
{
  rrn_pack_result packed = { 0 };

  RRN_TRY(rrn_pack_ems(&s->rules, s->boxes, order, s->n, arena, &packed, err));
  if (packed.opened < s->best_bins) {
    s->best_bins = packed.opened;
    memcpy(s->best, packed.spots, s->n * sizeof(*s->best));
  }
  return RRAMNAS_OK;
}

static int32_t
try_order(search *s, rrn_pack_order kind, rramnas_error *err)
{
  rrn_arena arena;
  int32_t *order, status;

  rrn_arena_init(&arena, s->arena->rt);
  order = rrn_arena_alloc_raw(&arena, s->n + 1, sizeof(*order));
  status = order ? rrn_pack_order_make(kind, s->boxes, s->n, &arena, order, err) : rrn_fail_memory(err);
  if (status >= 0)
    status = s->options->conflicts ? fill_with_conflicts(s, order, &arena, err) : fill(s, order, &arena, err);
  rrn_arena_release(&arena);
  s->work += (int64_t)s->n;
  return status;
}

static int32_t
try_orders(search *s, rramnas_error *err)
{
  int32_t kind;

  for (kind = 0; kind < RRN_PACK_ORDERS && s->best_bins > s->target; kind++)
    if (s->n <= MOST_ALL_ORDERS || kind == RRN_PACK_AREA || kind == RRN_PACK_BY_LAYER_AREA)
      RRN_TRY(try_order(s, (rrn_pack_order)kind, err));
  return RRAMNAS_OK;
}

/* The best packing as a state that can be changed. */
static int32_t
load_best(const search *s, rrn_pack_state *t, rrn_arena *arena, rramnas_error *err)
{
  size_t i;
  int32_t k;

  RRN_TRY(rrn_pack_state_init(t, &s->rules, s->options->conflicts, s->boxes, s->n, s->best_bins, arena, err));
  for (k = 0; k < s->best_bins; k++)
    RRN_TRY(rrn_pack_state_open(t, err));
  t->n_left_out = 0;
  t->left_out_cells = 0;
  rrn_pack_state_mark(t);
  for (i = 0; i < s->n; i++)
    RRN_TRY(rrn_pack_state_place(t, s->best[i].crossbar,
                                 (rrn_pack_item){ (int32_t)i, s->best[i].row, s->best[i].col }, err));
  rrn_pack_state_mark(t);
  return RRAMNAS_OK;
}

/* Closes one crossbar after the other. */
static int32_t
lower(search *s, rramnas_error *err)
{
  rrn_pack_state t;
  rrn_pack_ruin r;

  if (s->best_bins <= s->target || s->best_bins < 2 || s->work >= s->budget)
    return RRAMNAS_OK;
  RRN_TRY(load_best(s, &t, &s->scratch, err));
  RRN_TRY(rrn_pack_ruin_init(&r, &t, s->options->seed, err));
  t.work = s->work;
  while (s->best_bins > s->target && t.n_bins > 1 && t.work < s->budget) {
    const int32_t k = rrn_pack_state_emptiest(&t);

    RRN_TRY(rrn_pack_state_take(&t, k, NULL, err));
    rrn_pack_state_drop(&t, k);
    RRN_TRY(rrn_pack_ruin_run(&r, s->budget, err));
    if (t.n_left_out == 0)
      keep_if_better(s, &t);
  }
  return RRAMNAS_OK;
}

static int32_t
give_result(const search *s, size_t n, rrn_pack_result *ret_result, rramnas_error *err)
{
  rrn_pack_spot *spots = rrn_arena_alloc_raw(s->arena, n + 1, sizeof(*spots));
  size_t i;

  if (!spots)
    return rrn_fail_memory(err);
  for (i = 0; i < s->n; i++)
    spots[s->origin[i]] = s->best[i];
  for (i = 0; i < s->n_alone; i++)
    spots[s->alone[i]] = (rrn_pack_spot){ s->best_bins + (int32_t)i, 0, 0 };
  ret_result->spots = spots;
  ret_result->n = n;
  ret_result->opened = s->best_bins + (int32_t)s->n_alone;
  return RRAMNAS_OK;
}

/* Takes over a packing of all boxes: crossbars numbered anew, without those of the boxes alone. */
static int32_t
start_from(search *s, const rrn_pack_result *start, rramnas_error *err)
{
  int32_t *number = rrn_arena_alloc(&s->scratch, (size_t)start->opened + 1, sizeof(*number));
  size_t i;

  if (!number)
    return rrn_fail_memory(err);
  s->best_bins = 0;
  for (i = 0; i < s->n; i++) {
    const rrn_pack_spot *spot = &start->spots[s->origin[i]];

    if (number[spot->crossbar] == 0)
      number[spot->crossbar] = ++s->best_bins;
    s->best[i] = (rrn_pack_spot){ number[spot->crossbar] - 1, spot->row, spot->col };
  }
  return RRAMNAS_OK;
}

static int32_t
run(search *s, const rrn_pack_box *boxes, size_t n, const rrn_pack_result *start, rrn_pack_result *ret_result,
    rramnas_error *err)
{
  RRN_TRY(set_alone_aside(s, boxes, n, err));
  RRN_TRY(set_kinds(s, err));
  RRN_TRY(set_target(s, boxes, n, err));
  s->best_bins = s->n ? INT32_MAX : 0;
  if (start)
    RRN_TRY(start_from(s, start, err));
  else
    RRN_TRY(try_orders(s, err));
  RRN_TRY(lower(s, err));
  return give_result(s, n, ret_result, err);
}

int32_t
rrn_pack_improve(const rrn_pack_rules *rules, const rrn_pack_box *boxes, size_t n,
                 const rrn_pack_search_options *options, const rrn_pack_result *start, rrn_arena *arena,
                 rrn_pack_result *ret_result, rramnas_error *err)
{
  search s = { .rules = *rules, .options = options, .arena = arena };
  rrn_pack_result result = { .n = n };
  int32_t status;

  if (!all_fit_alone(rules, boxes, n)) {
    *ret_result = result;
    return RRAMNAS_OK;
  }
  s.rules.grow = 1;
  s.budget = options->evaluations ? options->evaluations : RRN_PACK_EVALUATIONS;
  rrn_arena_init(&s.scratch, arena->rt);
  status = run(&s, boxes, n, start, &result, err);
  rrn_arena_release(&s.scratch);
  if (status < 0)
    return status;
  result.fits = rules->grow || result.opened <= rules->crossbars;
  *ret_result = result;
  return RRAMNAS_OK;
}

int32_t
rrn_pack_search(const rrn_pack_rules *rules, const rrn_pack_box *boxes, size_t n,
                const rrn_pack_search_options *options, rrn_arena *arena, rrn_pack_result *ret_result,
                rramnas_error *err)
{
  if (n > RRN_PACK_BLOCK && all_fit_alone(rules, boxes, n))
    return rrn_pack_blocks(rules, boxes, n, options, arena, ret_result, err);
  return rrn_pack_improve(rules, boxes, n, options, NULL, arena, ret_result, err);
}

int32_t
rrn_pack_fits(const rrn_pack_rules *rules, const rrn_pack_box *boxes, size_t n, const rrn_pack_search_options *options,
              rrn_arena *arena, rrn_pack_result *ret_result, rramnas_error *err)
{
  rrn_pack_search_options o = *options;
  rrn_pack_rules strict = *rules;
  rrn_bound bound = { 0 };

  strict.grow = 0;
  o.target = rules->crossbars;
  RRN_TRY(rrn_bound_boxes(&strict, boxes, n, arena, &bound, err));
  if (bound.best > rules->crossbars) {
    *ret_result = (rrn_pack_result){ .n = n };
    return RRAMNAS_OK;
  }
  return rrn_pack_search(&strict, boxes, n, &o, arena, ret_result, err);
}
