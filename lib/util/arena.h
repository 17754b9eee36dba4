/* SPDX-License-Identifier: MIT */
/* Bump allocator: many small objects with one lifetime, released at once. Under AddressSanitizer the gaps
 * between objects are poisoned. */
#ifndef RRN_UTIL_ARENA_H
#define RRN_UTIL_ARENA_H

#include "util/runtime.h"

struct rrn_arena_chunk;

typedef struct rrn_arena {
  const rrn_rt *rt; /* outlives the arena */
  struct rrn_arena_chunk *chunks;
  size_t used; /* bytes handed out since the start, for limits and reports */
} rrn_arena;

void rrn_arena_init(rrn_arena *arena, const rrn_rt *rt);
/* Takes so many bytes for an empty arena now, as one block. 0 when out of memory. */
int rrn_arena_reserve(rrn_arena *arena, size_t size);
/* Frees everything; the arena may be used again. A zeroed arena is allowed. */
void rrn_arena_release(rrn_arena *arena);
/* Forgets everything but keeps the largest chunk for the next round. */
void rrn_arena_reset(rrn_arena *arena);

/* n objects of `size` bytes, zeroed, aligned for any type; NULL when out of memory or n * size overflows. */
void *rrn_arena_alloc(rrn_arena *arena, size_t n, size_t size);
/* The same without zeroing. */
void *rrn_arena_alloc_raw(rrn_arena *arena, size_t n, size_t size);
/* Zeroed, with memory for itself alone: no more is taken from the runtime than the object needs. */
void *rrn_arena_alloc_alone(rrn_arena *arena, size_t n, size_t size);
/* The same without zeroing. */
void *rrn_arena_alloc_alone_raw(rrn_arena *arena, size_t n, size_t size);
/* Zero-terminated copy. */
char *rrn_arena_strndup(rrn_arena *arena, const char *text, size_t length);

/* What rrn_arena_grow() does when there is no room yet. */
void *rrn_arena_enlarge(rrn_arena *arena, void *array, size_t n, size_t *cap, size_t size);

/* Makes room for element `n` of an array of *cap elements that lives in the arena (doubling; where
 * something came after it the old block is left behind, at most as many bytes again). NULL when out of memory. */
static inline void *
rrn_arena_grow(rrn_arena *arena, void *array, size_t n, size_t *cap, size_t size)
{
  return n < *cap ? array : rrn_arena_enlarge(arena, array, n, cap, size);
}

#endif
