/* SPDX-License-Identifier: MIT */
/* A search goes on, and how far it is: include cmocka first. */
#ifndef RRAMNAS_TESTS_SESSION_RUN_H
#define RRAMNAS_TESTS_SESSION_RUN_H

#include "rramnas/rramnas.h"

/* With a checkpoint behind each generation; NULL = without. */
static inline void
run_saving(rramnas_search *s, int64_t generations, int64_t evaluations, int32_t n_threads, const char *checkpoint_path)
{
  rramnas_run_options o = RRAMNAS_RUN_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;

  o.generations = generations;
  o.evaluations = evaluations;
  o.n_threads = n_threads;
  o.checkpoint = checkpoint_path;
  if (rramnas_search_run(s, &o, &err) != RRAMNAS_OK)
    fail_msg("%s", err.message);
}

static inline void
run(rramnas_search *s, int64_t generations, int64_t evaluations, int32_t n_threads)
{
  run_saving(s, generations, evaluations, n_threads, NULL);
}

static inline rramnas_progress
progress_of(const rramnas_search *s)
{
  rramnas_progress p = RRAMNAS_PROGRESS_INIT;

  assert_int_equal(rramnas_search_progress(s, &p), RRAMNAS_OK);
  return p;
}

#endif
