/* SPDX-License-Identifier: MIT */
/* Sorting doubles as integers. */
#ifndef RRN_SEARCH_ORDER_H
#define RRN_SEARCH_ORDER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

typedef struct rrn_key {
  uint64_t key;
  uint64_t index; /* whatever travels with the key */
} rrn_key;

/* An integer that compares as the number does: -0.0 as 0.0, any NaN above +inf and equal to any other. */
static inline uint64_t
rrn_key_of(double x)
{
  uint64_t bits;

  x += 0.0;
  memcpy(&bits, &x, sizeof(bits));
  return x != x ? UINT64_MAX : bits ^ ((uint64_t)-(int64_t)(bits >> 63) | UINT64_C(1) << 63);
}

/* Sorts ascending, equal keys by their order on entry. `scratch` holds n entries. */
void rrn_order(rrn_key *keys, rrn_key *scratch, size_t n);

/* 1 when the keys descended strictly and are now in order, reversed; 0: nothing has changed. */
int rrn_order_reversed(rrn_key *keys, size_t n);

#endif
