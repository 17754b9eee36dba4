/* SPDX-License-Identifier: MIT */
/* The host's services as a handle keeps them: allocator, log, threads. */
#ifndef RRN_UTIL_RUNTIME_H
#define RRN_UTIL_RUNTIME_H

#include "util/error.h"

/* A complete copy of the caller's rramnas_runtime: no NULL allocator, no missing field. */
typedef struct rrn_rt {
  void *(*alloc)(void *user, size_t size);
  void *(*realloc)(void *user, void *pointer, size_t size);
  void (*free)(void *user, void *pointer);
  void *alloc_user;
  void (*log)(void *user, int32_t level, const char *message); /* may be NULL */
  void *log_user;
  int32_t log_level;
  int32_t n_threads;
} rrn_rt;

/* NULL = defaults. ERR_ARGUMENT for a wrong size or half an allocator. */
int32_t rrn_rt_init(rrn_rt *ret_rt, const rramnas_runtime *runtime, rramnas_error *err);
/* The caller's struct again, to make another handle in the same memory. */
rramnas_runtime rrn_rt_runtime(const rrn_rt *rt);

/* The same services as a caller would name them, for handles that the library makes for itself. */
rramnas_runtime rrn_rt_runtime(const rrn_rt *rt);

/* Uninitialised memory; NULL when there is none. n * size is checked; 0 bytes give a valid pointer. */
void *rrn_alloc(const rrn_rt *rt, size_t n, size_t size);
/* Zeroed memory. */
void *rrn_calloc(const rrn_rt *rt, size_t n, size_t size);
/* NULL leaves the old block as it was. */
void *rrn_realloc(const rrn_rt *rt, void *pointer, size_t n, size_t size);
/* NULL is allowed. */
void rrn_free(const rrn_rt *rt, void *pointer);

/* Formats only when somebody listens at that level. */
void rrn_log(const rrn_rt *rt, int32_t level, const char *format, ...) RRN_PRINTF(3, 4);

#endif
