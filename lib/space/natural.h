/* SPDX-License-Identifier: MIT */
/* Natural numbers of any size, for exact counts. */
#ifndef RRN_SPACE_NATURAL_H
#define RRN_SPACE_NATURAL_H

#include "util/arena.h"

/* Digits of base 10^9, lowest first; n = 0 is zero. The digits lie in an arena and are not changed. */
typedef struct rrn_natural {
  const uint32_t *digits;
  size_t n;
} rrn_natural;

/* 0 when out of memory. */
int rrn_natural_set(rrn_arena *arena, uint64_t value, rrn_natural *ret);
int rrn_natural_add(rrn_arena *arena, rrn_natural a, rrn_natural b, rrn_natural *ret);
int rrn_natural_multiply(rrn_arena *arena, rrn_natural a, rrn_natural b, rrn_natural *ret);
/* The same into digits [a.n + b.n] that are neither's. */
rrn_natural rrn_natural_product(rrn_natural a, rrn_natural b, uint32_t *digits);
/* And a + b into digits [max(a.n, b.n) + 1], which may be a's own. */
rrn_natural rrn_natural_sum(rrn_natural a, rrn_natural b, uint32_t *digits);

/* Bytes of the decimal text without its end; writes it when it fits into `capacity` with its end. */
size_t rrn_natural_text(rrn_natural a, char *ret_text, size_t capacity);

#endif
