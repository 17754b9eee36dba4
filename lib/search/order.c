/* SPDX-License-Identifier: MIT */
/* Stable radix sort of 64-bit keys.
 *
 * In:  n keys with what travels along, room for n more.
 * Out: the keys ascending; equal keys keep their order.
 *
 * Idea: keys that share their leading bits differ first at one bit, found by a single pass. Two counting passes over a
 * window of bits from there on (7 + 7, 8 + 8, or 11 + 11 for long arrays) leave keys out of place only among those that
 * agree in the whole window; insertion sort mends these. Should it have to move too much (clustered keys), counting
 * passes over all bits that differ finish the work, so no input is slow.
 *
 * Complexity: O(n) time, n entries of scratch. Source: Knuth, The Art of Computer Programming 3, 5.2.5 (radix list
 * sort) and its use with a final insertion pass, after MacLaren, J. ACM 13(3), 1966. */
#include "search/order.h"

enum { TINY = 24, SHORT_BITS = 7, BITS = 8, LONG_BITS = 11, BITS_FROM = 400, LONG_FROM = 3000, MOVES_PER_KEY = 12 };

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

/* One stable counting pass on `bits` bits from `shift`. */
static void
pass(const rrn_key *from, rrn_key *to, size_t n, int shift, int bits)
{
  uint32_t start[1 << LONG_BITS];
  const uint64_t mask = (UINT64_C(1) << bits) - 1;
  uint32_t sum = 0, count;
  size_t i;

  memset(start, 0, sizeof(start[0]) << bits);
  for (i = 0; i < n; i++)
    start[from[i].key >> shift & mask]++;
  for (i = 0; i <= mask; i++) {
    count = start[i];
    start[i] = sum;
    sum += count;
  }
  for (i = 0; i < n; i++)
    to[start[from[i].key >> shift & mask]++] = from[i];
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
  const int bits = n < BITS_FROM ? SHORT_BITS : n < LONG_FROM ? BITS : LONG_BITS;
  uint64_t differ = 0;
  int top;
  size_t i;

  if (n <= TINY) {
    insertion(keys, n, SIZE_MAX);
    return;
  }
  for (i = 1; i < n; i++)
    differ |= keys[i].key ^ keys[0].key;
  if (differ == 0)
    return;
  top = 64 - __builtin_clzll(differ);
  if (top < 2 * bits)
    top = 2 * bits;
  pass(keys, scratch, n, top - 2 * bits, bits);
  pass(scratch, keys, n, top - bits, bits);
  if (!insertion(keys, n, MOVES_PER_KEY * n))
    all_passes(keys, scratch, n, differ, bits);
}

int
rrn_order_reversed(rrn_key *keys, size_t n)
{
  size_t i;

  for (i = 1; i < n; i++)
    if (keys[i].key >= keys[i - 1].key)
      return 0;
  for (i = 0; i < n / 2; i++) {
    const rrn_key x = keys[i];

    keys[i] = keys[n - 1 - i];
    keys[n - 1 - i] = x;
  }
  return 1;
}
