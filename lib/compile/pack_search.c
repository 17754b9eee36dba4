/* SPDX-License-Identifier: MIT */
#include "compile/pack_search.h"

#include <string.h>

#include "compile/pack_orders.h"
#include "compile/pack_state.h"

int rrn_tune[16] = { 0 };

typedef struct search {
  rrn_pack_rules rules;      /* grow set */
  const rrn_pack_search_options *options;
  rrn_pack_box *boxes;       /* [n] those that may share a crossbar */
  int32_t *origin;           /* [n] their numbers among all boxes */
  size_t n;
  int32_t *alone;            /* [n_alone] those that fill a crossbar or may not share it */
  size_t n_alone;
  rrn_pack_spot *best;       /* [n] */
  int32_t best_bins, target; /* without those alone */
  int64_t budget;            /* boxes that may still be placed */
  uint64_t random;
  rrn_arena *arena;
  rrn_pack_state state;
  rrn_pack_keyed *keyed;     /* [n] scratch */
  int tried;
  uint8_t *keep;             /* [n] scratch */
} search;

/* splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */
static uint64_t
next_random(search *s)
{
  uint64_t z = s->random += UINT64_C(0x9e3779b97f4a7c15);

  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* In [0, n), n > 0 and below 2^31. */
static int32_t
below(search *s, int32_t n)
{
  return (int32_t)((next_random(s) >> 32) * (uint64_t)n >> 32);
}

/* Boxes that share with nothing are set aside. */
static int32_t
set_alone_aside(search *s, const rrn_pack_box *boxes, size_t n, rramnas_error *err)
{
  size_t i;

  s->boxes = rrn_arena_alloc_raw(s->arena, n + 1, sizeof(*s->boxes));
  s->origin = rrn_arena_alloc_raw(s->arena, n + 1, sizeof(*s->origin));
  s->alone = rrn_arena_alloc_raw(s->arena, n + 1, sizeof(*s->alone));
  s->best = rrn_arena_alloc_raw(s->arena, n + 1, sizeof(*s->best));
  if (!s->boxes || !s->origin || !s->alone || !s->best)
    return rrn_fail_memory(err);
  for (i = 0; i < n; i++) {
    if (s->rules.max_load <= 1 || (boxes[i].rows >= s->rules.rows && boxes[i].cols >= s->rules.cols)) {
      s->alone[s->n_alone++] = (int32_t)i;
    } else {
      s->origin[s->n] = (int32_t)i;
      s->boxes[s->n++] = boxes[i];
    }
  }
  return RRAMNAS_OK;
}

static void
keep_if_better(search *s, const rrn_pack_result *packed)
{
  if (packed->opened >= s->best_bins)
    return;
  s->best_bins = packed->opened;
  memcpy(s->best, packed->spots, s->n * sizeof(*s->best));
}

static void
keep_state(search *s)
{
  const rrn_pack_state *t = &s->state;
  int32_t k;
  size_t i;

  s->best_bins = t->n_bins;
  for (k = 0; k < t->n_bins; k++)
    for (i = 0; i < t->bins[k].n_items; i++) {
      const rrn_pack_item *item = &t->bins[k].items[i];

      s->best[item->box] = (rrn_pack_spot){ k, item->row, item->col };
    }
}

/* First fit of all boxes in one order. */
static int32_t
try_order(search *s, rrn_pack_order kind, rramnas_error *err)
{
  rrn_pack_result packed = { 0 };
  rrn_arena scratch;
  int32_t *order, status;

  rrn_arena_init(&scratch, s->arena->rt);
  order = rrn_arena_alloc_raw(&scratch, s->n, sizeof(*order));
  status = order ? rrn_pack_order_make(kind, s->boxes, s->n, &scratch, order, err) : rrn_fail_memory(err);
  if (status >= 0)
    status = rrn_pack_ems(&s->rules, s->boxes, order, s->n, &scratch, &packed, err);
  if (status >= 0)
    keep_if_better(s, &packed);
  s->budget -= (int64_t)s->n;
  rrn_arena_release(&scratch);
  return status;
}

static int32_t
try_orders(search *s, rramnas_error *err)
{
  int32_t kind;

  for (kind = 0; kind < RRN_PACK_ORDERS && s->best_bins > s->target; kind++)
    RRN_TRY(try_order(s, kind, err));
  return RRAMNAS_OK;
}

static int32_t
load_best(search *s, rramnas_error *err)
{
  rrn_pack_state *t = &s->state;
  size_t i;
  int32_t k;

  RRN_TRY(rrn_pack_state_init(t, &s->rules, s->options->conflicts, s->boxes, s->n, s->best_bins, s->arena, err));
  for (k = 0; k < s->best_bins; k++)
    RRN_TRY(rrn_pack_state_open(t, err));
  for (i = 0; i < s->n; i++)
    RRN_TRY(rrn_pack_state_place(t, s->best[i].crossbar,
                                 (rrn_pack_item){ (int32_t)i, s->best[i].row, s->best[i].col }, err));
  t->n_left_out = 0;
  t->left_out_cells = 0;
  rrn_pack_state_mark(t);
  return RRAMNAS_OK;
}

static int32_t
emptiest(const rrn_pack_state *t)
{
  int32_t k, best = 0;

  for (k = 1; k < t->n_bins; k++)
    if (t->bins[k].free > t->bins[best].free)
      best = k;
  return best;
}

enum { MOST_RUINED = 6 };

/* Empties a few crossbars, or parts of them. */
static int32_t
ruin(search *s, int32_t *bins, int32_t *ret_n, rramnas_error *err)
{
  rrn_pack_state *t = &s->state;
  const int32_t wanted = 1 + below(s, rrn_tune[0]);
  int32_t n = 0, i, k;

  for (i = 0; i < wanted; i++) {
    k = below(s, t->n_bins);
    if (below(s, 8) < rrn_tune[1]) {
      const int32_t other = below(s, t->n_bins);

      k = t->bins[other].free > t->bins[k].free ? other : k;
    }
    if (t->bins[k].saved)
      continue;
    if (below(s, 8) < rrn_tune[2]) {
      size_t j;

      for (j = 0; j < t->bins[k].n_items; j++)
        s->keep[j] = below(s, 8) < rrn_tune[9];
      RRN_TRY(rrn_pack_state_take(t, k, s->keep, err));
    } else {
      RRN_TRY(rrn_pack_state_take(t, k, NULL, err));
    }
    bins[n++] = k;
  }
  *ret_n = n;
  return RRAMNAS_OK;
}

static int32_t
find_bin(search *s, const rrn_pack_box *box, const int32_t *bins, int32_t n, int mode, int32_t *ret_space)
{
  int32_t i;

  if (mode == 2) {
    for (i = 0; i < n; i++) {
      *ret_space = rrn_pack_state_space(&s->state, bins[i], box);
      if (*ret_space >= 0)
        return bins[i];
    }
    return -1;
  }
  if (mode == 1)
    return rrn_pack_state_tightest(&s->state, box, ret_space);
  (void)0;
  for (i = 0; i < n; i++) {
    *ret_space = rrn_pack_state_space(&s->state, bins[i], box);
    if (*ret_space >= 0)
      return bins[i];
  }
  return rrn_pack_state_first(&s->state, box, below(s, s->state.n_bins), ret_space);
}

static int32_t
recreate(search *s, const int32_t *bins, int32_t n_bins, rramnas_error *err)
{
  rrn_pack_state *t = &s->state;
  const size_t n = t->n_left_out;
  const int32_t r = below(s, 8);
  const rrn_pack_order kind = r < 4 ? RRN_PACK_AREA : r < 5 ? RRN_PACK_ROWS : r < 6 ? RRN_PACK_COLS : r < 7 ? RRN_PACK_LONG_SIDE : RRN_PACK_PERIMETER;
  const int mode = below(s, 8) < rrn_tune[3];
  const int64_t noise = below(s, 8) < rrn_tune[4] ? 4 : 0;
  const int pool_first = below(s, 8) < rrn_tune[8];
  size_t i, left = 0;

  t->rule = rrn_tune[10] < 0 ? below(s, RRN_PACK_RULES) : rrn_tune[10];
  for (i = 0; i < n; i++) {
    s->keyed[i].major = pool_first && i >= t->n_saved_left_out;
    s->keyed[i].box = t->left_out[i];
    s->keyed[i].key = rrn_pack_order_key(kind, &s->boxes[t->left_out[i]]);
    if (noise)
      s->keyed[i].key = s->keyed[i].key / 16 * (16 - below(s, 12));
  }
  rrn_pack_order_sort(s->keyed, n);
  for (i = 0; i < n; i++) {
    const int32_t b = s->keyed[i].box;
    const rrn_pack_box *box = &s->boxes[b];
    int32_t space = -1, k = find_bin(s, box, bins, n_bins, s->keyed[i].major == 0 && s->tried && pool_first ? 2 : mode, &space);

    if (k < 0) {
      t->left_out[left++] = b;
      continue;
    }
    t->left_out_cells -= (int64_t)box->rows * box->cols;
    RRN_TRY(rrn_pack_state_put(t, k, space, b, err));
  }
  t->n_left_out = left;
  s->tried = 1;
  t->placed++;
  return RRAMNAS_OK;
}

static int64_t
cost(const rrn_pack_state *t)
{
  return t->left_out_cells * rrn_tune[5] - t->concentration / ((int64_t)t->rules->rows * t->rules->cols);
}

/* -log2 of a random number in (0, 1], in 1/256. */
static int64_t
exponential(search *s)
{
  const uint64_t r = next_random(s) | 1;
  const int zeros = __builtin_clzll(r);
  const uint64_t mantissa = r << zeros << 1 >> 56;

  return 256 * (int64_t)zeros + 255 - (int64_t)mantissa;
}

long rrn_steps = 0;

static int32_t
improve(search *s, rramnas_error *err)
{
  rrn_pack_state *t = &s->state;
  const int64_t cells = (int64_t)t->rules->rows * t->rules->cols;
  const int64_t start = cells * rrn_tune[6] / 1000;
  int64_t current = cost(t);
  int64_t step = 0;

  while (t->n_left_out > 0 && t->placed < s->budget) {
    const int64_t heat = start * (rrn_tune[7] - step % rrn_tune[7]) / rrn_tune[7] ;
    int32_t bins[MOST_RUINED], n;
    int64_t now;

    rrn_steps++;
    rrn_pack_state_mark(t);
    RRN_TRY(ruin(s, bins, &n, err));
    RRN_TRY(recreate(s, bins, n, err));
    now = cost(t);
    if (now <= current + heat * exponential(s) / 256)
      current = now;
    else
      rrn_pack_state_undo(t);
    step++;
  }
  return RRAMNAS_OK;
}

static int32_t
lower(search *s, rramnas_error *err)
{
  rrn_pack_state *t = &s->state;
  int32_t k;

  while (s->best_bins > s->target && t->placed < s->budget) {
    k = emptiest(t);
    rrn_pack_state_mark(t);
    RRN_TRY(rrn_pack_state_take(t, k, NULL, err));
    rrn_pack_state_drop(t, k);
    s->tried = 0;
    RRN_TRY(improve(s, err));
    if (t->n_left_out == 0)
      keep_state(s);
  }
  return RRAMNAS_OK;
}

static int32_t
give_result(search *s, size_t n, rrn_pack_result *ret, rramnas_error *err)
{
  rrn_pack_spot *spots = rrn_arena_alloc_raw(s->arena, n + 1, sizeof(*spots));
  size_t i;

  if (!spots)
    return rrn_fail_memory(err);
  for (i = 0; i < s->n; i++)
    spots[s->origin[i]] = s->best[i];
  for (i = 0; i < s->n_alone; i++)
    spots[s->alone[i]] = (rrn_pack_spot){ s->best_bins + (int32_t)i, 0, 0 };
  ret->spots = spots;
  ret->n = n;
  ret->opened = s->best_bins + (int32_t)s->n_alone;
  ret->fits = 1;
  return RRAMNAS_OK;
}

int32_t
rrn_pack_search(const rrn_pack_rules *rules, const rrn_pack_box *boxes, size_t n,
                const rrn_pack_search_options *options, rrn_arena *arena, rrn_pack_result *ret_result,
                rramnas_error *err)
{
  search s = { .rules = *rules, .options = options, .arena = arena, .best_bins = INT32_MAX, .random = options->seed };

  s.rules.grow = 1;
  s.budget = options->evaluations ? options->evaluations : RRN_PACK_EVALUATIONS;
  RRN_TRY(set_alone_aside(&s, boxes, n, err));
  s.target = options->target - (int32_t)s.n_alone;
  s.keyed = rrn_arena_alloc_raw(arena, s.n + 1, sizeof(*s.keyed));
  s.keep = rrn_arena_alloc_raw(arena, s.n + 1, sizeof(*s.keep));
  RRN_TRY(try_orders(&s, err));
  RRN_TRY(load_best(&s, err));
  RRN_TRY(lower(&s, err));
  return give_result(&s, n, ret_result, err);
}
