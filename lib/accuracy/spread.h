/* SPDX-License-Identifier: MIT */
/* Elements of activations, spread to the positions that use them. */
#ifndef RRN_ACCURACY_SPREAD_H
#define RRN_ACCURACY_SPREAD_H

#include "infer/infer.h"
#include "util/arena.h"

/* Vectors of a layer in a row are those of a block of images, or, where copies take positions, of a position. */
typedef struct rrn_order {
  size_t n_positions, n_blocks;
  int by_position;
} rrn_order;

/* From a position on, neighbouring ones that meet neighbouring elements by a tap. */
typedef struct rrn_stretch {
  int32_t element; /* the first; -1 = all are outside */
  uint32_t n;
} rrn_stretch;

typedef struct rrn_taps {
  const rrn_stretch *stretches; /* [n_taps][n_positions]; NULL = one tap, the element of the position's number */
  uint8_t *rows;                /* [n_in][vectors]: of the positions that were spread last */
  uint8_t outside;
} rrn_taps;

/* 0 without memory. */
int rrn_taps_find(rrn_arena *arena, const rrn_infer_whole *w, uint8_t outside, rrn_taps *ret);

/* Elements x of a group, in the order of vectors, become the rows of n positions from `first` on; all of them where the order
 * is not by position. */
void rrn_spread(const rrn_infer_whole *w, const rrn_order *o, const rrn_taps *t, const uint8_t *x, size_t first, size_t n);

#endif
