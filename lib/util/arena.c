/* SPDX-License-Identifier: MIT */
#include "util/arena.h"

#include <stdalign.h>
#include <string.h>

#include "util/ckd.h"

#if defined(__SANITIZE_ADDRESS__)
#define RRN_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define RRN_ASAN 1
#endif
#endif

#ifdef RRN_ASAN
#include <sanitizer/asan_interface.h>
#define POISON(p, n) ASAN_POISON_MEMORY_REGION((p), (n))
#define UNPOISON(p, n) ASAN_UNPOISON_MEMORY_REGION((p), (n))
enum { GAP = 16 };
#else
#define POISON(p, n) ((void)(p), (void)(n))
#define UNPOISON(p, n) ((void)(p), (void)(n))
enum { GAP = 0 };
#endif

enum { ALIGN = alignof(max_align_t), FIRST_CHUNK = 8192 };

struct rrn_arena_chunk {
  struct rrn_arena_chunk *next;
  size_t size; /* bytes behind this header */
  size_t used;
  max_align_t data[];
};

static struct rrn_arena_chunk *
chunk_new(rrn_arena *arena, size_t need)
{
  size_t size = arena->chunks ? arena->chunks->size * 2 : FIRST_CHUNK, bytes;
  struct rrn_arena_chunk *chunk;

  if (size < need)
    size = need;
  if (ckd_add(&bytes, size, sizeof(*chunk)))
    return NULL;
  chunk = rrn_alloc(arena->rt, 1, bytes);
  if (!chunk)
    return NULL;
  chunk->next = arena->chunks;
  chunk->size = size;
  chunk->used = 0;
  POISON(chunk->data, size);
  arena->chunks = chunk;
  return chunk;
}

void
rrn_arena_init(rrn_arena *arena, const rrn_rt *rt)
{
  arena->rt = rt;
  arena->chunks = NULL;
  arena->used = 0;
}

static void
chunks_free(rrn_arena *arena, struct rrn_arena_chunk *chunk)
{
  while (chunk) {
    struct rrn_arena_chunk *next = chunk->next;

    UNPOISON(chunk->data, chunk->size);
    rrn_free(arena->rt, chunk);
    chunk = next;
  }
}

void
rrn_arena_release(rrn_arena *arena)
{
  chunks_free(arena, arena->chunks);
  arena->chunks = NULL;
  arena->used = 0;
}

void
rrn_arena_reset(rrn_arena *arena)
{
  if (arena->chunks) {
    /* Chunks double, so the newest is the largest. */
    chunks_free(arena, arena->chunks->next);
    arena->chunks->next = NULL;
    arena->chunks->used = 0;
    POISON(arena->chunks->data, arena->chunks->size);
  }
  arena->used = 0;
}

void *
rrn_arena_alloc_raw(rrn_arena *arena, size_t n, size_t size)
{
  struct rrn_arena_chunk *chunk = arena->chunks;
  size_t bytes, step;
  void *p;

  if (ckd_mul(&bytes, n, size) || ckd_add(&step, bytes, (size_t)(ALIGN + GAP)))
    return NULL;
  step = (bytes + GAP + ALIGN - 1) / ALIGN * ALIGN;
  if (step == 0)
    step = ALIGN;
  if (!chunk || chunk->size - chunk->used < step) {
    chunk = chunk_new(arena, step);
    if (!chunk)
      return NULL;
  }
  p = (char *)chunk->data + chunk->used;
  chunk->used += step;
  arena->used += step;
  UNPOISON(p, bytes);
  return p;
}

void *
rrn_arena_alloc(rrn_arena *arena, size_t n, size_t size)
{
  void *p = rrn_arena_alloc_raw(arena, n, size);

  return p ? memset(p, 0, n * size) : NULL;
}

char *
rrn_arena_strndup(rrn_arena *arena, const char *text, size_t length)
{
  size_t bytes;
  char *p;

  if (ckd_add(&bytes, length, (size_t)1) || !(p = rrn_arena_alloc_raw(arena, bytes, 1)))
    return NULL;
  if (length)
    memcpy(p, text, length);
  p[length] = '\0';
  return p;
}

void *
rrn_arena_grow(rrn_arena *arena, void *array, size_t n, size_t *cap, size_t size)
{
  size_t wanted;
  void *bigger;

  if (n < *cap)
    return array;
  if (ckd_mul(&wanted, n < 8 ? (size_t)8 : n, (size_t)2) || !(bigger = rrn_arena_alloc_raw(arena, wanted, size)))
    return NULL;
  if (*cap)
    memcpy(bigger, array, *cap * size);
  *cap = wanted;
  return bigger;
}
