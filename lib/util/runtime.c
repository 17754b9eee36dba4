/* SPDX-License-Identifier: MIT */
#include "util/runtime.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/ckd.h"
#include "util/options.h"

static void *
default_alloc(void *user, size_t size)
{
  (void)user;
  return malloc(size);
}

static void *
default_realloc(void *user, void *pointer, size_t size)
{
  (void)user;
  return realloc(pointer, size);
}

static void
default_free(void *user, void *pointer)
{
  (void)user;
  free(pointer);
}

int32_t
rrn_rt_init(rrn_rt *ret_rt, const rramnas_runtime *runtime, rramnas_error *err)
{
  rramnas_runtime r;

  RRN_TRY(rrn_options_read(&r, sizeof(r), runtime, "rramnas_runtime", err));
  RRN_FAIL_IF(!!r.alloc != !!r.realloc || !!r.alloc != !!r.free, err, RRAMNAS_ERR_ARGUMENT,
              "rramnas_runtime: alloc, realloc and free must be given together or not at all");
  RRN_FAIL_IF(r.n_threads < 0, err, RRAMNAS_ERR_ARGUMENT, "rramnas_runtime: n_threads is %d, expected 0 or more",
              (int)r.n_threads);
  ret_rt->alloc = r.alloc ? r.alloc : default_alloc;
  ret_rt->realloc = r.realloc ? r.realloc : default_realloc;
  ret_rt->free = r.free ? r.free : default_free;
  ret_rt->alloc_user = r.alloc_user;
  ret_rt->log = r.log;
  ret_rt->log_user = r.log_user;
  ret_rt->log_level = r.log_level ? r.log_level : RRAMNAS_LOG_WARNING;
  ret_rt->n_threads = r.n_threads;
  return RRAMNAS_OK;
}

rramnas_runtime
rrn_rt_runtime(const rrn_rt *rt)
{
  return (rramnas_runtime){ .size = sizeof(rramnas_runtime), .alloc = rt->alloc, .realloc = rt->realloc, .free = rt->free,
                            .alloc_user = rt->alloc_user, .log = rt->log, .log_user = rt->log_user,
                            .log_level = rt->log_level, .n_threads = rt->n_threads };
}

void *
rrn_alloc(const rrn_rt *rt, size_t n, size_t size)
{
  size_t bytes;

  if (ckd_mul(&bytes, n, size))
    return NULL;
  return rt->alloc(rt->alloc_user, bytes ? bytes : 1);
}

void *
rrn_calloc(const rrn_rt *rt, size_t n, size_t size)
{
  void *p = rrn_alloc(rt, n, size);

  return p ? memset(p, 0, n * size) : NULL;
}

void *
rrn_realloc(const rrn_rt *rt, void *pointer, size_t n, size_t size)
{
  size_t bytes;

  if (ckd_mul(&bytes, n, size))
    return NULL;
  return rt->realloc(rt->alloc_user, pointer, bytes ? bytes : 1);
}

void
rrn_free(const rrn_rt *rt, void *pointer)
{
  if (pointer)
    rt->free(rt->alloc_user, pointer);
}

void
rrn_log(const rrn_rt *rt, int32_t level, const char *format, ...)
{
  char text[1024];
  va_list args;

  if (!rt->log || level > rt->log_level)
    return;
  va_start(args, format);
  vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  rt->log(rt->log_user, level, text);
}
