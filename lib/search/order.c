/* SPDX-License-Identifier: MIT */
/* Stable radix sort of 64-bit keys.
 *
 * In:  n keys with what travels along, room for n more.
 * Out: the keys ascending; equal keys keep their order.
 *
 * Idea: keys that share their leading bits differ first at one bit, found by a single pass. Two counting passes over a
 * window of bits from there on (6 + 6, 8 + 8 or 11 + 11, by length) leave keys out of place only among those that
 * agree in the whole window; insertion sort mends these. Should it have to move too much (clustered keys), counting
 * passes over all bits that differ finish the work, so no input is slow.
 *
 * Complexity: O(n) time, n entries of scratch. Source: Knuth, The Art of Computer Programming 3, 5.2.5 (radix list
 * sort) and its use with a final insertion pass, after MacLaren, J. ACM 13(3), 1966. */
#include "search/order.h"

enum {
  TINY = 24,
  TINY_BITS = 6,
  SHORT_FROM = 256,
  SHORT_BITS = 8,
  LONG_FROM = 3000,
  LONG_BITS = 11,
  MOVES_PER_KEY = 12
};

/* 0 when more than `budget` moves would have been needed; the array is then partly sorted, still stable. */
static int
insertion(rrn_key *keys, size_t n, size_t budget)
{
  size_t i, j;

  for (i = 1; i < n; i++) {
    const rrn_key x = keys[i];

    if (keys[i - 1].key <= x.key)
      continue;
    for (j = i; j > 0 && keys[j - 1].key > x.key; j--)
      keys[j] = keys[j - 1];
    keys[j] = x;
    if (i - j > budget)
      return 0;
    budget -= i - j;
  }
  return 1;
}

/* Numbers of keys per bucket become the places where the buckets begin. */
static void
begin(uint32_t *count, size_t n)
{
  uint32_t sum = 0;
  size_t i;

#pragma GCC unroll 8
  for (i = 0; i < n; i++) {
    const uint32_t own = count[i];

    count[i] = sum;
    sum += own;
  }
}

static void
spread(const rrn_key *from, rrn_key *to, size_t n, int shift, uint64_t mask, uint32_t *start)
{
  size_t i;

  for (i = 0; i < n; i++)
    to[start[from[i].key >> shift & mask]++] = from[i];
}

/* One stable counting pass on `bits` bits from `shift`. */
static void
pass(const rrn_key *from, rrn_key *to, size_t n, int shift, int bits)
{
  const uint64_t mask = (UINT64_C(1) << bits) - 1;
  uint32_t start[1 << LONG_BITS];
  size_t i;

  memset(start, 0, sizeof(start[0]) << bits);
  for (i = 0; i < n; i++)
    start[from[i].key >> shift & mask]++;
  begin(start, (size_t)1 << bits);
  spread(from, to, n, shift, mask, start);
}

/* Two passes, on 2 * `bits` bits from `shift`, counted at once. */
static void
two_passes(rrn_key *keys, rrn_key *scratch, size_t n, int shift, int bits)
{
  const uint64_t mask = (UINT64_C(1) << bits) - 1;
  uint32_t low[1 << LONG_BITS], high[1 << LONG_BITS];
  size_t i;

  memset(low, 0, sizeof(low[0]) << bits);
  memset(high, 0, sizeof(high[0]) << bits);
  for (i = 0; i < n; i++) {
    const uint64_t key = keys[i].key >> shift;

    low[key & mask]++;
    high[key >> bits & mask]++;
  }
  begin(low, (size_t)1 << bits);
  begin(high, (size_t)1 << bits);
  spread(keys, scratch, n, shift, mask, low);
  spread(scratch, keys, n, shift + bits, mask, high);
}

static void
all_passes(rrn_key *keys, rrn_key *scratch, size_t n, uint64_t differ, int bits)
{
  rrn_key *from = keys, *to = scratch, *swap;
  int shift;

  for (shift = 0; shift < 64; shift += bits) {
    const int width = shift + bits > 64 ? 64 - shift : bits;

    if ((differ >> shift & ((UINT64_C(1) << width) - 1)) == 0)
      continue;
    pass(from, to, n, shift, width);
    swap = from;
    from = to;
    to = swap;
  }
  if (from != keys)
    memcpy(keys, from, n * sizeof(*keys));
}

void
rrn_order(rrn_key *keys, rrn_key *scratch, size_t n)
{
  const int bits = n < SHORT_FROM ? TINY_BITS : n < LONG_FROM ? SHORT_BITS : LONG_BITS;
  uint64_t differ = 0;
  int top;
  size_t i;

  if (n <= TINY) {
    insertion(keys, n, SIZE_MAX);
    return;
  }
#pragma GCC unroll 4
  for (i = 1; i < n; i++)
    differ |= keys[i].key ^ keys[0].key;
  if (differ == 0)
    return;
  top = 64 - __builtin_clzll(differ);
  if (top < 2 * bits)
    top = 2 * bits;
  two_passes(keys, scratch, n, top - 2 * bits, bits);
  if (!insertion(keys, n, MOVES_PER_KEY * n))
    all_passes(keys, scratch, n, differ, bits);
}
