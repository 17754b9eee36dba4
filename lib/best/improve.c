/* SPDX-License-Identifier: MIT */
/* Local search: ruin and recreate by layers.
 *
 * In:  a plan that fits, a number of moves.
 * Out: the best plan met.
 *
 * Idea: a move takes a few layers, gives some of them fewer copies or another tiling, lays others out anew in a random
 * order, lets all layers of the touched crossbars spend what is left, and evaluates the whole. It is kept when the
 * plan is not slower, or slower by less than a threshold that falls to zero (threshold accepting, Dueck and Scheuer,
 * J. Computational Physics 90, 1990); otherwise the floor steps back.
 *
 * Deterministic: randomness from the plan's stream, budget in moves. Complexity per move: O(layers * crossbars *
 * spaces) for the placements and one evaluation. */
#include "best/improve.h"

#include <string.h>

int32_t
rrn_keep_init(rrn_keep *k, const rrn_plan *p, rramnas_error *err)
{
  const size_t n = (size_t)p->n_layers, bars = (size_t)p->floor.n_bars;

  *k = (rrn_keep){ .n_boxes = 0 };
  k->picks = rrn_arena_alloc(p->arena, n, sizeof(*k->picks));
  k->group = rrn_arena_alloc(p->arena, n, sizeof(*k->group));
  k->allow = rrn_arena_alloc(p->arena, n * (size_t)p->floor.layer_words, sizeof(*k->allow));
  k->choices = rrn_arena_alloc(p->arena, n, sizeof(*k->choices));
  k->n_of_bar = rrn_arena_alloc(p->arena, bars, sizeof(*k->n_of_bar));
  k->group_of_bar = rrn_arena_alloc(p->arena, bars, sizeof(*k->group_of_bar));
  if (!k->picks || !k->group || !k->allow || !k->choices || !k->n_of_bar || !k->group_of_bar)
    return rrn_fail_memory(err);
  return RRAMNAS_OK;
}

int32_t
rrn_keep_save(rrn_keep *k, const rrn_plan *p, double ns)
{
  const size_t n = (size_t)p->n_layers;
  int32_t b;

  memcpy(k->picks, p->picks, n * sizeof(*k->picks));
  memcpy(k->group, p->group, n * sizeof(*k->group));
  memcpy(k->allow, p->allow, n * (size_t)p->floor.layer_words * sizeof(*k->allow));
  memcpy(k->choices, p->choices, n * sizeof(*k->choices));
  k->n_boxes = 0;
  k->ns = ns;
  for (b = 0; b < p->floor.n_bars; b++) {
    const rrn_floor_bar *bar = &p->floor.bars[b];

    if (bar->n_boxes > 0) {
      rrn_floor_box *grown =
        rrn_arena_grow(p->arena, k->boxes, k->n_boxes + (size_t)bar->n_boxes, &k->cap, sizeof(*grown));

      if (!grown)
        return rrn_fail_memory(p->err);
      k->boxes = grown;
      memcpy(grown + k->n_boxes, bar->boxes, (size_t)bar->n_boxes * sizeof(*grown));
    }
    k->n_boxes += (size_t)bar->n_boxes;
    k->n_of_bar[b] = bar->n_boxes;
    k->group_of_bar[b] = bar->group;
  }
  return RRAMNAS_OK;
}

int32_t
rrn_keep_load(const rrn_keep *k, rrn_plan *p)
{
  RRN_TRY(rrn_keep_show(k, p, 1));
  rrn_plan_share_all(p);
  return RRAMNAS_OK;
}

int32_t
rrn_keep_show(const rrn_keep *k, rrn_plan *p, int32_t spaces)
{
  const size_t n = (size_t)p->n_layers;
  const rrn_floor_box *boxes = k->boxes;
  int32_t b, i;

  memcpy(p->picks, k->picks, n * sizeof(*k->picks));
  memcpy(p->group, k->group, n * sizeof(*k->group));
  memcpy(p->allow, k->allow, n * (size_t)p->floor.layer_words * sizeof(*k->allow));
  memcpy(p->choices, k->choices, n * sizeof(*k->choices));
  rrn_floor_clear(&p->floor);
  for (b = 0; b < p->floor.n_bars; b++) {
    p->floor.bars[b].group = k->group_of_bar[b];
    rrn_floor_restore(&p->floor, b, boxes, k->n_of_bar[b], spaces);
    boxes += k->n_of_bar[b];
  }
  for (i = 0; i < p->n_layers; i++) {
    p->eval.ns[i] = rrn_plan_point(p, i)->ns;
    p->eval.copies[i] = rrn_plan_point(p, i)->copies;
  }
  return p->floor.failed ? rrn_fail_memory(p->err) : RRAMNAS_OK;
}

/* --- moves --- */

enum { MOST_TOUCHED = 6 };

typedef struct search {
  rrn_plan *p;
  rrn_keep best;
  rrn_pick *old_picks;   /* [n_layers] */
  int32_t *old_group, *groups;
  uint64_t *old_allow;
  int32_t n_groups;      /* > 1: layers and crossbars change groups */
  int selective;         /* 1: some layers may not share crossbars */
  double *old_ns;
  int32_t *old_copies;
  uint64_t *old_conflicts;
  double ns;             /* of the present plan */
  double threshold;      /* accepted slow-down, relative */
} search;

static int32_t
search_init(search *s, rrn_plan *p, double ns)
{
  const size_t n = (size_t)p->n_layers;

  *s = (search){ .p = p, .ns = ns };
  RRN_TRY(rrn_keep_init(&s->best, p, p->err));
  s->old_picks = rrn_arena_alloc(p->arena, n, sizeof(*s->old_picks));
  s->groups = rrn_arena_alloc(p->arena, n, sizeof(*s->groups));
  s->old_group = rrn_arena_alloc(p->arena, n, sizeof(*s->old_group));
  s->old_allow = rrn_arena_alloc(p->arena, n * (size_t)p->floor.layer_words, sizeof(*s->old_allow));
  s->old_ns = rrn_arena_alloc(p->arena, n, sizeof(*s->old_ns));
  s->old_copies = rrn_arena_alloc(p->arena, n, sizeof(*s->old_copies));
  s->old_conflicts = rrn_arena_alloc(p->arena, n * (size_t)p->eval.n_words, sizeof(*s->old_conflicts));
  if (!s->old_picks || !s->old_group || !s->groups || !s->old_allow || !s->old_ns || !s->old_copies ||
      !s->old_conflicts)
    return rrn_fail_memory(p->err);
  return rrn_keep_save(&s->best, p, ns);
}

static void
remember(search *s)
{
  const size_t n = (size_t)s->p->n_layers;

  memcpy(s->old_picks, s->p->picks, n * sizeof(*s->old_picks));
  memcpy(s->old_group, s->p->group, n * sizeof(*s->old_group));
  memcpy(s->old_allow, s->p->allow, n * (size_t)s->p->floor.layer_words * sizeof(*s->old_allow));
  memcpy(s->old_ns, s->p->eval.ns, n * sizeof(*s->old_ns));
  memcpy(s->old_copies, s->p->eval.copies, n * sizeof(*s->old_copies));
  memcpy(s->old_conflicts, s->p->eval.conflicts, n * (size_t)s->p->eval.n_words * sizeof(*s->old_conflicts));
}

static void
recall(search *s)
{
  const size_t n = (size_t)s->p->n_layers;

  memcpy(s->p->picks, s->old_picks, n * sizeof(*s->old_picks));
  memcpy(s->p->group, s->old_group, n * sizeof(*s->old_group));
  memcpy(s->p->allow, s->old_allow, n * (size_t)s->p->floor.layer_words * sizeof(*s->old_allow));
  memcpy(s->p->eval.ns, s->old_ns, n * sizeof(*s->old_ns));
  memcpy(s->p->eval.copies, s->old_copies, n * sizeof(*s->old_copies));
  memcpy(s->p->eval.conflicts, s->old_conflicts, n * (size_t)s->p->eval.n_words * sizeof(*s->old_conflicts));
}

/* A layer, more likely one that takes long. */
static int32_t
pick_layer(rrn_plan *p)
{
  const int32_t a = (int32_t)rrn_plan_random(p, (uint32_t)p->n_layers);
  const int32_t b = (int32_t)rrn_plan_random(p, (uint32_t)p->n_layers);

  return p->eval.ns[a] > p->eval.ns[b] ? a : b;
}

rrn_pick
rrn_plan_near_pick(rrn_plan *p, int32_t layer)
{
  const rrn_choice *c = &p->choices[layer];
  rrn_pick pick = p->picks[layer];
  const int32_t reach = 1 + c->menus[pick.variant].n / 8;

  if (c->n > 1 && rrn_plan_random(p, 3) == 0)
    pick.variant = (int32_t)rrn_plan_random(p, (uint32_t)c->n);
  if (rrn_plan_random(p, 3) > 0)
    pick.index -= 1 + (int32_t)rrn_plan_random(p, (uint32_t)reach);
  else if (rrn_plan_random(p, 2) == 0)
    pick.index += 1 + (int32_t)rrn_plan_random(p, (uint32_t)reach);
  if (pick.index >= c->menus[pick.variant].n)
    pick.index = c->menus[pick.variant].n - 1;
  if (pick.index < 0)
    pick.index = 0;
  return pick;
}

typedef struct ruin {
  int32_t layers[MOST_TOUCHED];
  rrn_pick picks[MOST_TOUCHED];
  int32_t n;
} ruin;

static void
add_layer(ruin *r, int32_t layer, rrn_pick pick)
{
  int32_t i;

  for (i = 0; i < r->n; i++)
    if (r->layers[i] == layer)
      return;
  if (r->n == MOST_TOUCHED)
    return;
  r->layers[r->n] = layer;
  r->picks[r->n++] = pick;
}

static void
set_allowed(rrn_plan *p, int32_t a, int32_t b, int value)
{
  const size_t words = (size_t)p->floor.layer_words;
  uint64_t *x = &p->allow[(size_t)a * words + (size_t)(b >> 6)], *y = &p->allow[(size_t)b * words + (size_t)(a >> 6)];

  *x = value ? *x | UINT64_C(1) << (b & 63) : *x & ~(UINT64_C(1) << (b & 63));
  *y = value ? *y | UINT64_C(1) << (a & 63) : *y & ~(UINT64_C(1) << (a & 63));
}

static int
is_allowed(const rrn_plan *p, int32_t a, int32_t b)
{
  return (int)(p->allow[(size_t)a * (size_t)p->floor.layer_words + (size_t)(b >> 6)] >> (b & 63) & 1);
}

/* Changes with whom a layer, which is about to be laid out anew, may share crossbars. */
static void
change_company(search *s, int32_t layer)
{
  rrn_plan *p = s->p;
  const int32_t other = (int32_t)rrn_plan_random(p, (uint32_t)p->n_layers);
  const uint32_t way = rrn_plan_random(p, 8);
  int32_t i;

  if (other == layer)
    return;
  if (way < 3) {
    set_allowed(p, layer, other, !is_allowed(p, layer, other));
    return;
  }
  for (i = 0; i < p->n_layers; i++)
    if (i != layer)
      set_allowed(p, layer, i, way < 7 ? i == other || (i != layer && is_allowed(p, other, i)) : 0);
}

/* Gives a crossbar to another group; its layers are laid out anew. */
static void
hand_over(search *s, ruin *r)
{
  rrn_plan *p = s->p;
  const int32_t k = (int32_t)rrn_plan_random(p, (uint32_t)p->floor.n_bars);
  const rrn_floor_bar *b = &p->floor.bars[k];
  int32_t i;

  for (i = 0; i < b->n_boxes; i++)
    add_layer(r, b->boxes[i].layer, p->picks[b->boxes[i].layer]);
  rrn_floor_regroup(&p->floor, k, (int32_t)rrn_plan_random(p, (uint32_t)s->n_groups));
}

/* The layers of a crossbar. */
static void
choose_bar(search *s, ruin *r)
{
  rrn_plan *p = s->p;
  const rrn_floor_bar *b = &p->floor.bars[rrn_plan_random(p, (uint32_t)p->floor.n_bars)];
  int32_t i;

  for (i = 0; i < b->n_boxes; i++)
    add_layer(r, b->boxes[i].layer, rrn_plan_near_pick(p, b->boxes[i].layer));
  for (i = 0; i < r->n; i++)
    if (rrn_plan_random(p, 3) == 0)
      change_company(s, r->layers[i]);
}

static void
choose_layers(search *s, ruin *r)
{
  rrn_plan *p = s->p;
  int32_t n = 1 + (int32_t)rrn_plan_random(p, 4);

  if (s->n_groups > 1 && rrn_plan_random(p, 3) == 0) {
    hand_over(s, r);
    return;
  }
  if (s->selective && rrn_plan_random(p, 3) == 0)
    choose_bar(s, r);
  while (n-- > 0) {
    const int32_t layer = pick_layer(p);

    add_layer(r, layer, rrn_plan_near_pick(p, layer));
    if (s->selective && rrn_plan_random(p, 4) == 0)
      change_company(s, layer);
    if (s->n_groups > 1 && rrn_plan_random(p, 6) == 0)
      p->group[layer] = (int32_t)rrn_plan_random(p, (uint32_t)s->n_groups);
  }
}

static int
move(search *s)
{
  rrn_plan *p = s->p;
  ruin r = { .n = 0 };
  int32_t i;

  choose_layers(s, &r);
  for (i = 0; i < r.n; i++)
    rrn_floor_remove(&p->floor, r.layers[i], 0, 0, INT32_MAX);
  p->floor.first = (int32_t)rrn_plan_random(p, (uint32_t)p->floor.n_bars);
  for (i = 0; i < r.n; i++)
    if (!rrn_plan_put(p, r.layers[i], r.picks[i]))
      return 0;
  for (i = 0; i < p->n_layers; i++)
    p->weight[i] = 0.5 + rrn_plan_random(p, 1024) / 1024.0;
  rrn_plan_fill(p);
  return 1;
}

static int32_t
step(search *s)
{
  rrn_plan *p = s->p;
  const double limit = s->ns * (1 + s->threshold);
  size_t mark;
  double ns;

  p->work += 60 * p->n_layers + 12 * p->floor.n_bars;
  remember(s);
  rrn_floor_keep(&p->floor);
  mark = rrn_floor_mark(&p->floor);
  if (move(s)) {
    rrn_plan_share_all(p);
    ns = rrn_plan_time(p, limit);
    if (ns < limit || ns <= s->ns) {
      s->ns = ns;
      return ns < s->best.ns && ns >= p->least_ns ? rrn_keep_save(&s->best, p, ns) : RRAMNAS_OK;
    }
  }
  rrn_floor_back(&p->floor, mark);
  recall(s);
  return p->floor.failed ? rrn_fail_memory(p->err) : RRAMNAS_OK;
}

void
rrn_plan_allow_groups(rrn_plan *p)
{
  int32_t a, b;

  for (a = 0; a < p->n_layers; a++)
    for (b = 0; b <= a; b++)
      set_allowed(p, a, b, p->group[a] == p->group[b]);
}

static int32_t
run_moves(search *s, int64_t budget, double threshold)
{
  const int64_t start = rrn_plan_work(s->p);
  int64_t spent;

  while ((spent = rrn_plan_work(s->p) - start) < budget && s->best.ns > s->p->enough_ns) {
    s->threshold = threshold * (1 - (double)spent / (double)budget);
    RRN_TRY(step(s));
  }
  RRN_TRY(rrn_keep_load(&s->best, s->p));
  s->ns = s->best.ns;
  return RRAMNAS_OK;
}

/* Groups may change, and who is in them. Plans of one group are left alone. */
static int32_t
improve_groups(search *s, int64_t budget, double threshold, int64_t *ret_spent)
{
  rrn_plan *p = s->p;
  int32_t i;

  for (i = 0; i < p->n_layers; i++)
    s->n_groups = p->group[i] >= s->n_groups ? p->group[i] + 1 : s->n_groups;
  if (s->n_groups <= 1)
    return RRAMNAS_OK;
  *ret_spent = budget;
  RRN_TRY(run_moves(s, budget, threshold));
  s->n_groups = 0;
  rrn_plan_allow_groups(p);
  return RRAMNAS_OK;
}

/* Any crossbar may be used, in company that is allowed, and that may change. */
static int32_t
improve_company(search *s, int64_t budget, double threshold)
{
  rrn_plan *p = s->p;
  int32_t *groups = s->groups;
  int32_t i;

  for (i = 0; i < p->n_layers; i++) {
    groups[i] = p->group[i];
    p->group[i] = -1;
  }
  RRN_TRY(rrn_keep_save(&s->best, p, s->ns));
  s->selective = p->eval.samples > 1;
  p->floor.allow = p->allow;
  RRN_TRY(run_moves(s, budget, threshold));
  p->floor.allow = NULL;
  for (i = 0; i < p->n_layers; i++)
    p->group[i] = groups[i];
  return RRAMNAS_OK;
}

int32_t
rrn_plan_improve(rrn_plan *p, int64_t budget, double threshold, double *ns)
{
  int64_t spent = 0;
  search s;

  RRN_TRY(search_init(&s, p, *ns));
  RRN_TRY(improve_groups(&s, budget / 2, threshold, &spent));
  RRN_TRY(improve_company(&s, budget - spent, threshold));
  *ns = s.best.ns;
  return RRAMNAS_OK;
}
