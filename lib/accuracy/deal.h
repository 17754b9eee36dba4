/* SPDX-License-Identifier: MIT */
/* Which copy of a layer takes what.
 *
 * A piece of a layer's matrix on a crossbar has activations: for each output position one for each turn of the groups
 * that it holds. Those of a piece are dealt to the copies as the timing models do: as evenly as they go, the first
 * copies taking one more. Each takes a run, positions in order and the turns of a position one after the other. */
#ifndef RRN_ACCURACY_DEAL_H
#define RRN_ACCURACY_DEAL_H

#include "accuracy/accuracy.h"

/* Of a group. */
typedef struct rrn_deal {
  size_t n_positions, n_copies, turn, n_turns;
} rrn_deal;

static inline rrn_deal
rrn_deal_of(const rrn_quantised_layer *l, size_t n_copies, size_t group)
{
  const rrn_turn t = l->turns ? l->turns[group] : (rrn_turn){ 0, 1 };

  return (rrn_deal){ .n_positions = l->shape.n_positions, .n_copies = n_copies, .turn = t.turn, .n_turns = t.n_turns };
}

/* The first activation of a copy. */
static inline size_t
rrn_deal_first(const rrn_deal *d, size_t copy)
{
  const size_t n = d->n_positions * d->n_turns, more = n % d->n_copies;

  return copy * (n / d->n_copies) + (copy < more ? copy : more);
}

/* The first position whose activation is not before a given one. */
static inline size_t
rrn_deal_position(const rrn_deal *d, size_t activation)
{
  return activation <= d->turn ? 0 : (activation - d->turn + d->n_turns - 1) / d->n_turns;
}

/* Whether a copy has a position of the group. */
static inline int
rrn_deal_serves(const rrn_deal *d, size_t copy)
{
  if (d->n_turns == 1)
    return copy < d->n_positions;
  return rrn_deal_position(d, rrn_deal_first(d, copy)) < rrn_deal_position(d, rrn_deal_first(d, copy + 1));
}

/* The copy that takes a position, and the first position behind it that it does not take. */
static inline size_t
rrn_deal_copy_at(const rrn_deal *d, size_t position, size_t *ret_end)
{
  const size_t n = d->n_positions * d->n_turns, each = n / d->n_copies, more = n % d->n_copies;
  const size_t activation = position * d->n_turns + d->turn, longer = more * (each + 1);
  const size_t copy = activation < longer ? activation / (each + 1) : more + (activation - longer) / each;

  *ret_end = rrn_deal_position(d, rrn_deal_first(d, copy + 1));
  return copy;
}

#endif
