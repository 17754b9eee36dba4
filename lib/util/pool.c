/* SPDX-License-Identifier: MIT */
/* Threads for one batch: each takes the next number until none is left. A thread takes some ten microseconds to start,
 * a candidate hundreds to be judged, so threads are not kept between batches. Results lie by number, so they do not
 * depend on who did what. */
#include "util/pool.h"

#include <pthread.h>
#include <stdatomic.h>
#include <unistd.h>

enum { MOST_THREADS = 256 };

typedef struct batch {
  atomic_size_t next;
  atomic_int ended;
  size_t n;
  rrn_pool_fn work;
  void *user;
} batch;

static void *
work_on(void *argument)
{
  batch *b = argument;

  while (!atomic_load_explicit(&b->ended, memory_order_relaxed)) {
    const size_t index = atomic_fetch_add_explicit(&b->next, 1, memory_order_relaxed);

    if (index >= b->n)
      break;
    if (b->work(b->user, index) != 0)
      atomic_store_explicit(&b->ended, 1, memory_order_relaxed);
  }
  return NULL;
}

void
rrn_pool_run(size_t n, int32_t n_threads, rrn_pool_fn work, void *user)
{
  pthread_t threads[MOST_THREADS];
  batch b = { .n = n, .work = work, .user = user };
  int32_t wanted = n_threads < MOST_THREADS ? n_threads : MOST_THREADS, started = 0, i;

  atomic_init(&b.next, 0);
  atomic_init(&b.ended, 0);
  wanted = (size_t)wanted < n ? wanted : (int32_t)n;
  for (; started + 1 < wanted; started++)
    if (pthread_create(&threads[started], NULL, work_on, &b) != 0)
      break;
  work_on(&b);
  for (i = 0; i < started; i++)
    pthread_join(threads[i], NULL);
}

int32_t
rrn_pool_processors(void)
{
  const long n = sysconf(_SC_NPROCESSORS_ONLN);

  return n < 1 ? 1 : n > MOST_THREADS ? MOST_THREADS : (int32_t)n;
}
