/* SPDX-License-Identifier: MIT */
/* An allocator that fails on demand and keeps accounts: failing allocation number 1, 2, 3 ... until a job
 * succeeds finds every missed cleanup. Given to the library through rramnas_runtime:
 *
 *   oom o = { 0 };
 *   rramnas_runtime runtime = oom_runtime(&o);
 *   oom_arm(&o, 3, 0);                     the third allocation fails
 *   ... calls with &runtime ...
 *   oom_check(&o);                         nothing lives any more
 *
 * or in one piece with oom_until_success(). Faults of the library end the process with a message. */
#ifndef RRAMNAS_TESTS_OOM_H
#define RRAMNAS_TESTS_OOM_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "rramnas/rramnas.h"

typedef struct oom_block {
  struct oom_block *next, *prev;
  size_t size;
  uint64_t mark; /* OOM_LIVE or OOM_DEAD */
} oom_block;

typedef struct oom {
  oom_block *live;    /* list of blocks that were not freed */
  size_t n_live;
  size_t n_bytes;     /* in live blocks */
  size_t peak_bytes;
  size_t n_calls;     /* of alloc and realloc since oom_arm() */
  size_t fail_at;     /* number of the call that fails, from 1; 0 = none */
  int sticky;         /* 1: every call from there on fails */
  size_t n_failed;
} oom;

#define OOM_LIVE UINT64_C(0x6c6976656c697665)
#define OOM_DEAD UINT64_C(0x6465616464656164)
/* Keeps the caller's bytes aligned for any type. */
#define OOM_HEAD ((sizeof(oom_block) + sizeof(max_align_t) - 1) / sizeof(max_align_t) * sizeof(max_align_t))

static inline void
oom_die(const char *what, const void *pointer)
{
  fprintf(stderr, "oom: %s (%p)\n", what, pointer);
  abort();
}

static inline int
oom_fails(oom *o)
{
  o->n_calls++;
  if (o->fail_at == 0 || o->n_calls < o->fail_at || (o->n_calls > o->fail_at && !o->sticky))
    return 0;
  o->n_failed++;
  return 1;
}

static inline void *
oom_alloc(void *user, size_t size)
{
  oom *o = user;
  oom_block *block;

  if (oom_fails(o) || size > SIZE_MAX - OOM_HEAD || !(block = malloc(OOM_HEAD + size)))
    return NULL;
  block->size = size;
  block->mark = OOM_LIVE;
  block->prev = NULL;
  block->next = o->live;
  if (o->live)
    o->live->prev = block;
  o->live = block;
  o->n_live++;
  o->n_bytes += size;
  if (o->n_bytes > o->peak_bytes)
    o->peak_bytes = o->n_bytes;
  /* Whoever reads memory before writing it reads nonsense. */
  return memset((char *)block + OOM_HEAD, 0xa5, size);
}

static inline void
oom_free(void *user, void *pointer)
{
  oom *o = user;
  oom_block *block;

  if (!pointer)
    return;
  block = (oom_block *)((char *)pointer - OOM_HEAD);
  if (block->mark == OOM_DEAD)
    oom_die("freed twice", pointer);
  if (block->mark != OOM_LIVE || o->n_live == 0)
    oom_die("freed, but never allocated here, or overwritten", pointer);
  block->mark = OOM_DEAD;
  if (block->prev)
    block->prev->next = block->next;
  else
    o->live = block->next;
  if (block->next)
    block->next->prev = block->prev;
  o->n_live--;
  o->n_bytes -= block->size;
  memset(pointer, 0xdd, block->size);
  free(block);
}

/* Always moves: whoever keeps the old pointer is found out. */
static inline void *
oom_realloc(void *user, void *pointer, size_t size)
{
  void *moved = oom_alloc(user, size);

  if (moved && pointer) {
    size_t old = ((oom_block *)((char *)pointer - OOM_HEAD))->size;

    memcpy(moved, pointer, old < size ? old : size);
    oom_free(user, pointer);
  }
  return moved;
}

static inline rramnas_runtime
oom_runtime(oom *o)
{
  rramnas_runtime runtime = RRAMNAS_RUNTIME_INIT;

  runtime.alloc = oom_alloc;
  runtime.realloc = oom_realloc;
  runtime.free = oom_free;
  runtime.alloc_user = o;
  runtime.n_threads = 1;
  return runtime;
}

/* Call number `fail_at` from now fails (0 = none), with `sticky` every later one as well. */
static inline void
oom_arm(oom *o, size_t fail_at, int sticky)
{
  o->n_calls = 0;
  o->n_failed = 0;
  o->fail_at = fail_at;
  o->sticky = sticky;
}

/* Ends the process when something is still alive. */
static inline void
oom_check(const oom *o)
{
  if (o->n_live == 0)
    return;
  fprintf(stderr, "oom: failing allocation %zu leaks %zu blocks (%zu bytes), the last of %zu bytes\n", o->fail_at,
          o->n_live, o->n_bytes, o->live->size);
  abort();
}

/* A whole job: creates what it needs with `runtime`, releases everything, returns the first failure. */
typedef int32_t (*oom_job)(void *user, const rramnas_runtime *runtime, rramnas_error *err);

/* Runs `job` with allocation 1, 1 + step, 1 + 2 step ... failing, until it meets no failure. Every failing
 * run must report ERR_MEMORY with a message and leave nothing behind. Returns the number of allocations. */
static inline size_t
oom_until_success(oom_job job, void *user, size_t step, int sticky)
{
  oom o = { 0 };
  rramnas_runtime runtime = oom_runtime(&o);
  size_t n;

  for (n = 1;; n += step) {
    rramnas_error err = RRAMNAS_ERROR_INIT;
    int32_t status;

    oom_arm(&o, n, sticky);
    status = job(user, &runtime, &err);
    oom_check(&o);
    if (o.n_failed == 0) {
      if (status < 0) {
        fprintf(stderr, "oom: the job fails with enough memory: %d %s\n", (int)status, err.message);
        abort();
      }
      return o.n_calls;
    }
    if (status != RRAMNAS_ERR_MEMORY || err.code != RRAMNAS_ERR_MEMORY || err.message[0] == '\0') {
      fprintf(stderr, "oom: failing allocation %zu gives status %d, error %d \"%s\"\n", n, (int)status,
              (int)err.code, err.message);
      abort();
    }
  }
}

#endif
