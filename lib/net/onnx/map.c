/* SPDX-License-Identifier: MIT */
/* Names to numbers.
 *
 * In: spans that outlive the table. Out: numbers 0, 1, 2 ... in order of arrival.
 * Open addressing with linear probing over XXH3; at least twice as many slots as names, a power of two, so
 * a probe always ends at a free slot and takes O(1) expected. The hash is seeded with an address, so that
 * the author of a file cannot choose names that collide; the numbers do not depend on the seed. */
#include "net/onnx/map.h"

#include <string.h>
#include <xxhash.h>

int32_t
rrn_onnx_map_init(rrn_onnx_map *map, rrn_arena *arena, int32_t cap, rramnas_error *err)
{
  size_t n_slots = 8;

  while (n_slots < (size_t)cap * 2)
    n_slots *= 2;
  map->slots = rrn_arena_alloc(arena, n_slots, sizeof(*map->slots));
  map->keys = rrn_arena_alloc_raw(arena, (size_t)cap, sizeof(*map->keys));
  if (!map->slots || !map->keys)
    return rrn_fail_memory(err);
  map->mask = n_slots - 1;
  map->n = 0;
  map->cap = cap;
  return RRAMNAS_OK;
}

/* The slot that holds the name, or the free one where it belongs. */
static size_t
probe(const rrn_onnx_map *map, rrn_onnx_span name)
{
  size_t slot = (size_t)XXH3_64bits_withSeed(name.data, name.length, (XXH64_hash_t)(uintptr_t)map->slots) & map->mask;

  for (; map->slots[slot]; slot = (slot + 1) & map->mask) {
    const rrn_onnx_span *key = &map->keys[map->slots[slot] - 1];

    if (key->length == name.length && memcmp(key->data, name.data, name.length) == 0)
      break;
  }
  return slot;
}

int32_t
rrn_onnx_map_find(const rrn_onnx_map *map, rrn_onnx_span name)
{
  return map->slots[probe(map, name)] - 1;
}

int32_t
rrn_onnx_map_add(rrn_onnx_map *map, rrn_onnx_span name)
{
  size_t slot = probe(map, name);

  if (map->slots[slot] || map->n == map->cap)
    return -1;
  map->keys[map->n] = name;
  map->slots[slot] = ++map->n;
  return map->n - 1;
}
