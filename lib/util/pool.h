/* SPDX-License-Identifier: MIT */
/* Threads for work that comes in numbered pieces. */
#ifndef RRN_UTIL_POOL_H
#define RRN_UTIL_POOL_H

#include <stddef.h>
#include <stdint.h>

/* Does piece `index`; 0 = go on, else no further piece is begun. Runs on several threads at the same time. */
typedef int (*rrn_pool_fn)(void *user, size_t index);

/* All pieces 0 .. n - 1, on up to n_threads threads, the caller's among them. Returns when none is being done. Threads
 * that cannot be had are done without. */
void rrn_pool_run(size_t n, int32_t n_threads, rrn_pool_fn work, void *user);

/* Processors at hand, 1 when unknown. */
int32_t rrn_pool_processors(void);

#endif
