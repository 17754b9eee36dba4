/* SPDX-License-Identifier: MIT */
/* Empty spaces of one crossbar. */
#ifndef RRN_BEST_FLOOR_SPACES_H
#define RRN_BEST_FLOOR_SPACES_H

#include <stdint.h>

enum { RRN_FLOOR_SPACES = 28 };

typedef struct rrn_floor_box {
  int32_t layer;
  int32_t col, row, cols, rows; /* in the order of a space's coordinates */
} rrn_floor_box;

typedef struct rrn_floor_space {
  int32_t x1, y1, x2, y2; /* x: columns, y: rows */
} rrn_floor_space;

/* The spaces less a box; returns how many there are then. */
int32_t rrn_floor_spaces_cut(rrn_floor_space *spaces, int32_t n, const rrn_floor_box *x);
/* The two spaces that a box leaves which is none of those given: as wide as can be and then as high, and the other way
 * round. */
void rrn_floor_spaces_left(const rrn_floor_box *boxes, int32_t n_boxes, const rrn_floor_space *all,
                           const rrn_floor_box *x, rrn_floor_space ret_left[2]);
/* Adds a free rectangle, which may be none; returns how many spaces there are then. */
int32_t rrn_floor_spaces_add(rrn_floor_space *spaces, int32_t n, rrn_floor_space s);
/* The best for a box, least waste on the shorter side, then on the longer; returns the shorter, or -1. */
int32_t rrn_floor_spaces_best(const rrn_floor_space *spaces, int32_t n, int32_t rows, int32_t cols, int32_t *ret_space);

#endif
