/* SPDX-License-Identifier: MIT */
/* Results of policy best that hold on any number of crossbars.
 *
 * In:  results as they are found.
 * Out: the same when they are asked for again.
 *
 * Idea: a stage of a search depends on its own number of crossbars, never on those at hand (race.c); so does policy
 * rnc's mapping on a number of crossbars. Compilations of one network for one chip with the same options but for the
 * crossbars ask for many of the same. A compilation that finds one here goes on as if it had just made it: in the same
 * order, to the same result.
 *
 * Not handled: leaving out plans that cannot win any more. Memory: the boxes of one mapping per stage that improved on the
 * one before. Complexity: a look-up takes constant time. */
#include "best/kept.h"

#include <string.h>

void
rrn_kept_init(rrn_kept *k, const rrn_rt *rt)
{
  *k = (rrn_kept){ .n = 0 };
  rrn_arena_init(&k->arena, rt);
}

void
rrn_kept_release(rrn_kept *k)
{
  rrn_arena_release(&k->arena);
}

/* Where the entry of a number is, or would be. */
static size_t
place_of(rrn_kept_on *const *on, size_t cap, int32_t crossbars)
{
  size_t i = ((uint32_t)crossbars * UINT32_C(0x9e3779b1)) & (cap - 1);

  while (on[i] && on[i]->crossbars != crossbars)
    i = (i + 1) & (cap - 1);
  return i;
}

/* At least half of the places stay empty. */
static int32_t
make_room(rrn_kept *k, rramnas_error *err)
{
  const size_t cap = k->cap ? 2 * k->cap : 64;
  rrn_kept_on **on;
  size_t i;

  if (2 * (k->n + 1) <= k->cap)
    return RRAMNAS_OK;
  on = rrn_arena_alloc(&k->arena, cap, sizeof(rrn_kept_on *));
  if (!on)
    return rrn_fail_memory(err);
  for (i = 0; i < k->cap; i++)
    if (k->on[i])
      on[place_of(on, cap, k->on[i]->crossbars)] = k->on[i];
  k->on = on;
  k->cap = cap;
  return RRAMNAS_OK;
}

void
rrn_kept_on_init(rrn_kept_on *on, int32_t crossbars)
{
  int32_t i;

  *on = (rrn_kept_on){ .crossbars = crossbars, .own_bound_ns = -1, .rnc_least_ns = -1, .rnc_ns = -1 };
  for (i = 0; i < RRN_KEPT_STAGES; i++)
    on->stages[i].ns = 1e300;
}

int32_t
rrn_kept_on_crossbars(rrn_kept *k, int32_t crossbars, rrn_kept_on **ret_on, rramnas_error *err)
{
  size_t i;

  *ret_on = NULL;
  if (!k)
    return RRAMNAS_OK;
  RRN_TRY(make_room(k, err));
  i = place_of(k->on, k->cap, crossbars);
  if (!k->on[i]) {
    k->on[i] = rrn_arena_alloc(&k->arena, 1, sizeof(rrn_kept_on));
    if (!k->on[i])
      return rrn_fail_memory(err);
    rrn_kept_on_init(k->on[i], crossbars);
    k->n++;
  }
  *ret_on = k->on[i];
  return RRAMNAS_OK;
}

void
rrn_kept_share_boxes(rramnas_mapping *to, const rramnas_mapping *from)
{
  to->copies = from->copies;
  to->first_piece = from->first_piece;
  to->first_placement = from->first_placement;
  to->pieces = from->pieces;
  to->n_pieces = from->n_pieces;
  to->placements = from->placements;
  to->n_placements = from->n_placements;
  to->crossbars_used = from->crossbars_used;
}

int32_t
rrn_kept_copy_boxes(rramnas_mapping *to, const rramnas_mapping *from, rramnas_error *err)
{
  const size_t layers = (size_t)from->n_layers;
  rramnas_mapping m = *from;

  m.copies = rrn_arena_alloc_raw(&to->arena, layers, sizeof(*m.copies));
  m.first_piece = rrn_arena_alloc_raw(&to->arena, layers + 1, sizeof(*m.first_piece));
  m.first_placement = rrn_arena_alloc_raw(&to->arena, layers + 1, sizeof(*m.first_placement));
  m.pieces = rrn_arena_alloc_raw(&to->arena, from->n_pieces, sizeof(*m.pieces));
  m.placements = rrn_arena_alloc_raw(&to->arena, from->n_placements, sizeof(*m.placements));
  if (!m.copies || !m.first_piece || !m.first_placement || !m.pieces || !m.placements)
    return rrn_fail_memory(err);
  memcpy(m.copies, from->copies, layers * sizeof(*m.copies));
  memcpy(m.first_piece, from->first_piece, (layers + 1) * sizeof(*m.first_piece));
  memcpy(m.first_placement, from->first_placement, (layers + 1) * sizeof(*m.first_placement));
  memcpy(m.pieces, from->pieces, from->n_pieces * sizeof(*m.pieces));
  memcpy(m.placements, from->placements, from->n_placements * sizeof(*m.placements));
  rrn_kept_share_boxes(to, &m);
  return RRAMNAS_OK;
}

int32_t
rrn_kept_plan(rrn_kept *k, rrn_kept_stage *s, const rramnas_mapping *plan, double ns, rramnas_error *err)
{
  rramnas_mapping own = { .arena = k->arena };
  const int32_t status = rrn_kept_copy_boxes(&own, plan, err);

  k->arena = own.arena;
  RRN_TRY(status);
  if (!s->plan)
    s->plan = rrn_arena_alloc(&k->arena, 1, sizeof(*s->plan));
  if (!s->plan)
    return rrn_fail_memory(err);
  rrn_kept_share_boxes(s->plan, &own);
  s->ns = ns;
  return RRAMNAS_OK;
}
