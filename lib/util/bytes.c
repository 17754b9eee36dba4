/* SPDX-License-Identifier: MIT */
#include "util/bytes.h"

#include <string.h>

void
rrn_bytes_save(rrn_bytes *b, const rrn_rt *rt)
{
  *b = (rrn_bytes){ .rt = rt, .saving = 1 };
}

void
rrn_bytes_load(rrn_bytes *b, const void *data, size_t n)
{
  *b = (rrn_bytes){ .data = (uint8_t *)(uintptr_t)data, .n = n };
}

void
rrn_bytes_release(rrn_bytes *b)
{
  if (b->saving)
    rrn_free(b->rt, b->data);
  *b = (rrn_bytes){ 0 };
}

static uint8_t *
room_to_save(rrn_bytes *b, size_t n)
{
  uint8_t *data;

  if (!b->failed && n > b->cap - b->n) {
    size_t cap = b->cap ? b->cap : 4096;

    while (cap - b->n < n && cap <= SIZE_MAX / 2)
      cap *= 2;
    data = rrn_realloc(b->rt, b->data, cap, 1);
    b->failed = !data || cap - b->n < n;
    b->data = data ? data : b->data;
    b->cap = data ? cap : b->cap;
  }
  return b->failed ? NULL : b->data + b->n;
}

/* Where the next n bytes are or go; NULL after a failure. */
static uint8_t *
next(rrn_bytes *b, size_t n)
{
  uint8_t *at;

  if (b->saving) {
    at = room_to_save(b, n);
    b->n += at ? n : 0;
    return at;
  }
  b->failed |= n > b->n - b->at;
  if (b->failed)
    return NULL;
  at = b->data + b->at;
  b->at += n;
  return at;
}

static void
put(uint8_t *at, uint64_t value, size_t bytes)
{
  size_t i;

  for (i = 0; i < bytes; i++)
    at[i] = (uint8_t)(value >> (8 * i));
}

static uint64_t
get(const uint8_t *at, size_t bytes)
{
  uint64_t value = 0;
  size_t i;

  for (i = 0; i < bytes; i++)
    value |= (uint64_t)at[i] << (8 * i);
  return value;
}

/* NULL when there is no room, with what is to be loaded cleared. */
static uint8_t *
span(rrn_bytes *b, void *values, size_t n, size_t size)
{
  uint8_t *at = n <= SIZE_MAX / 16 ? next(b, n * size) : NULL;

  if (!at && !b->saving)
    memset(values, 0, n * size);
  return at;
}

void
rrn_bytes_u8s(rrn_bytes *b, uint8_t *values, size_t n)
{
  uint8_t *at = n ? span(b, values, n, 1) : NULL;

  if (at)
    memcpy(b->saving ? at : values, b->saving ? values : at, n);
}

void
rrn_bytes_u32s(rrn_bytes *b, uint32_t *values, size_t n)
{
  uint8_t *at = n ? span(b, values, n, 4) : NULL;
  size_t i;

  for (i = 0; at && i < n; i++)
    if (b->saving)
      put(at + 4 * i, values[i], 4);
    else
      values[i] = (uint32_t)get(at + 4 * i, 4);
}

void
rrn_bytes_u64s(rrn_bytes *b, uint64_t *values, size_t n)
{
  uint8_t *at = n ? span(b, values, n, 8) : NULL;
  size_t i;

  for (i = 0; at && i < n; i++)
    if (b->saving)
      put(at + 8 * i, values[i], 8);
    else
      values[i] = get(at + 8 * i, 8);
}

void
rrn_bytes_doubles(rrn_bytes *b, double *values, size_t n)
{
  uint8_t *at = n ? span(b, values, n, 8) : NULL;
  uint64_t bits;
  size_t i;

  for (i = 0; at && i < n; i++)
    if (b->saving) {
      memcpy(&bits, &values[i], 8);
      put(at + 8 * i, bits, 8);
    } else {
      bits = get(at + 8 * i, 8);
      memcpy(&values[i], &bits, 8);
    }
}

void
rrn_bytes_i64(rrn_bytes *b, int64_t *value)
{
  uint64_t bits = (uint64_t)*value;

  rrn_bytes_u64s(b, &bits, 1);
  *value = (int64_t)bits;
}

void
rrn_bytes_count(rrn_bytes *b, size_t *value, size_t most)
{
  uint64_t count = *value;

  rrn_bytes_u64s(b, &count, 1);
  if (!b->saving && count > most) {
    b->failed = 1;
    count = 0;
  }
  *value = (size_t)count;
}

void
rrn_bytes_flag(rrn_bytes *b, int32_t *value)
{
  size_t flag = *value != 0;

  rrn_bytes_count(b, &flag, 1);
  *value = (int32_t)flag;
}

size_t
rrn_bytes_room(const rrn_bytes *b, size_t size)
{
  return b->failed ? 0 : (b->n - b->at) / size;
}
