/* SPDX-License-Identifier: MIT */
/* In: natural numbers in base 10^9. Out: sum, product, decimal text. School methods; O(digits) and O(digits^2). */
#include "space/natural.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

enum { BASE = 1000000000, BASE_DIGITS = 9 };

static rrn_natural
trimmed(const uint32_t *digits, size_t n)
{
  rrn_natural a = { digits, n };

  while (a.n > 0 && digits[a.n - 1] == 0)
    a.n--;
  return a;
}

int
rrn_natural_set(rrn_arena *arena, uint64_t value, rrn_natural *ret)
{
  uint32_t *digits = rrn_arena_alloc(arena, 3, sizeof(*digits));
  size_t n;

  for (n = 0; digits && n < 3; n++, value /= BASE)
    digits[n] = (uint32_t)(value % BASE);
  if (digits)
    *ret = trimmed(digits, n);
  return digits != NULL;
}

rrn_natural
rrn_natural_sum(rrn_natural a, rrn_natural b, uint32_t *digits)
{
  const size_t n = (a.n > b.n ? a.n : b.n) + 1;
  uint32_t carry = 0;
  size_t i;

  for (i = 0; i < n; i++) {
    carry += (i < a.n ? a.digits[i] : 0) + (i < b.n ? b.digits[i] : 0);
    digits[i] = carry % BASE;
    carry /= BASE;
  }
  return trimmed(digits, n);
}

int
rrn_natural_add(rrn_arena *arena, rrn_natural a, rrn_natural b, rrn_natural *ret)
{
  uint32_t *digits = rrn_arena_alloc_raw(arena, (a.n > b.n ? a.n : b.n) + 1, sizeof(*digits));

  if (digits)
    *ret = rrn_natural_sum(a, b, digits);
  return digits != NULL;
}

rrn_natural
rrn_natural_product(rrn_natural a, rrn_natural b, uint32_t *digits)
{
  size_t i, j;

  memset(digits, 0, (a.n + b.n) * sizeof(*digits));
  for (i = 0; i < a.n; i++) {
    uint64_t carry = 0;

    for (j = 0; j < b.n || carry; j++) {
      carry += digits[i + j] + (j < b.n ? (uint64_t)a.digits[i] * b.digits[j] : 0);
      digits[i + j] = (uint32_t)(carry % BASE);
      carry /= BASE;
    }
  }
  return trimmed(digits, a.n + b.n);
}

int
rrn_natural_multiply(rrn_arena *arena, rrn_natural a, rrn_natural b, rrn_natural *ret)
{
  uint32_t *digits = rrn_arena_alloc_raw(arena, a.n + b.n, sizeof(*digits));

  if (digits)
    *ret = rrn_natural_product(a, b, digits);
  return digits != NULL;
}

size_t
rrn_natural_text(rrn_natural a, char *ret_text, size_t capacity)
{
  const uint32_t top = a.n ? a.digits[a.n - 1] : 0;
  char head[16];
  const size_t used = (size_t)snprintf(head, sizeof(head), "%" PRIu32, top);
  const size_t length = used + (a.n ? (a.n - 1) * BASE_DIGITS : 0);
  size_t i;

  if (length + 1 > capacity)
    return length;
  memcpy(ret_text, head, used + 1);
  for (i = 1; i < a.n; i++)
    snprintf(ret_text + used + (i - 1) * BASE_DIGITS, BASE_DIGITS + 1, "%09" PRIu32, a.digits[a.n - 1 - i]);
  return length;
}
