/* SPDX-License-Identifier: MIT */
/* Ruin and recreate: finds room for the boxes that a packing leaves out. */
#ifndef RRN_COMPILE_PACK_RUIN_H
#define RRN_COMPILE_PACK_RUIN_H

#include "compile/pack_orders.h"
#include "compile/pack_state.h"

typedef struct rrn_pack_ruin {
  rrn_pack_state *state;
  rrn_pack_keyed *keyed; /* scratch [boxes] */
  uint8_t *keep;         /* scratch [boxes] */
  uint64_t random;
  int64_t step;
} rrn_pack_ruin;

int32_t rrn_pack_ruin_init(rrn_pack_ruin *r, rrn_pack_state *state, uint64_t seed, rramnas_error *err);

/* Works until no box is left out or state->work reaches `budget`. */
int32_t rrn_pack_ruin_run(rrn_pack_ruin *r, int64_t budget, rramnas_error *err);

#endif
