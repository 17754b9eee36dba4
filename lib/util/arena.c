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

/* Of so many bytes, in the list before `next`. */
static struct rrn_arena_chunk *
chunk_new(rrn_arena *arena, size_t size, struct rrn_arena_chunk **next)
{
  struct rrn_arena_chunk *chunk;
  size_t bytes;

  if (ckd_add(&bytes, size, sizeof(*chunk)))
    return NULL;
  chunk = rrn_alloc(arena->rt, 1, bytes);
  if (!chunk)
    return NULL;
  chunk->next = *next;
  chunk->size = size;
  chunk->used = 0;
  POISON(chunk->data, size);
  *next = chunk;
  return chunk;
}

/* Chunks double. */
static struct rrn_arena_chunk *
chunk_next(rrn_arena *arena, size_t need)
{
  const size_t size = arena->chunks ? arena->chunks->size * 2 : FIRST_CHUNK;

  return chunk_new(arena, size < need ? need : size, &arena->chunks);
}

void
rrn_arena_init(rrn_arena *arena, const rrn_rt *rt)
{
  arena->rt = rt;
  arena->chunks = NULL;
  arena->used = 0;
}

int
rrn_arena_reserve(rrn_arena *arena, size_t size)
{
  return arena->chunks || chunk_new(arena, size, &arena->chunks);
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

/* What an object of so many bytes takes; 0 when that overflows. */
static size_t
step_of(size_t n, size_t size, size_t *ret_bytes)
{
  size_t step;

  if (ckd_mul(ret_bytes, n, size) || ckd_add(&step, *ret_bytes, (size_t)(ALIGN + GAP)))
    return 0;
  step = (*ret_bytes + GAP + ALIGN - 1) / ALIGN * ALIGN;
  return step > 0 ? step : ALIGN;
}

static void *
take(rrn_arena *arena, struct rrn_arena_chunk *chunk, size_t step, size_t bytes)
{
  void *p = (char *)chunk->data + chunk->used;

  chunk->used += step;
  arena->used += step;
  (void)bytes;
  UNPOISON(p, bytes);
  return p;
}

void *
rrn_arena_alloc_raw(rrn_arena *arena, size_t n, size_t size)
{
  struct rrn_arena_chunk *chunk = arena->chunks;
  size_t bytes, step = step_of(n, size, &bytes);

  if (step == 0)
    return NULL;
  if (!chunk || chunk->size - chunk->used < step) {
    chunk = chunk_next(arena, step);
    if (!chunk)
      return NULL;
  }
  return take(arena, chunk, step, bytes);
}

/* Behind the chunk that is being filled, which is thus still the newest of those that double. */
void *
rrn_arena_alloc_alone_raw(rrn_arena *arena, size_t n, size_t size)
{
  size_t bytes;
  const size_t step = step_of(n, size, &bytes);
  struct rrn_arena_chunk *chunk;

  if (step == 0 || !(chunk = chunk_new(arena, step, arena->chunks ? &arena->chunks->next : &arena->chunks)))
    return NULL;
  return take(arena, chunk, step, bytes);
}

void *
rrn_arena_alloc_alone(rrn_arena *arena, size_t n, size_t size)
{
  void *p = rrn_arena_alloc_alone_raw(arena, n, size);

  return p ? memset(p, 0, n * size) : NULL;
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

/* The array made larger where it is: when nothing came after it, and its chunk has room. */
static int
extend(rrn_arena *arena, const void *array, size_t n, size_t more, size_t size)
{
  struct rrn_arena_chunk *chunk = arena->chunks;
  size_t bytes, step, old_bytes;
  const size_t old_step = step_of(n, size, &old_bytes);

  if (n == 0 || chunk->used < old_step || (const char *)chunk->data + (chunk->used - old_step) != (const char *)array)
    return 0;
  step = step_of(more, size, &bytes);
  if (step == 0 || chunk->size - (chunk->used - old_step) < step)
    return 0;
  chunk->used -= old_step;
  arena->used -= old_step;
  take(arena, chunk, step, bytes);
  return 1;
}

void *
rrn_arena_enlarge(rrn_arena *arena, void *array, size_t n, size_t *cap, size_t size)
{
  size_t wanted;
  void *bigger;

  if (ckd_mul(&wanted, n < 8 ? (size_t)8 : n, (size_t)2))
    return NULL;
  if (extend(arena, array, *cap, wanted, size)) {
    *cap = wanted;
    return array;
  }
  bigger = rrn_arena_alloc_raw(arena, wanted, size);
  if (!bigger)
    return NULL;
  if (*cap)
    memcpy(bigger, array, *cap * size);
  *cap = wanted;
  return bigger;
}
