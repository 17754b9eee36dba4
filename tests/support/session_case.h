/* SPDX-License-Identifier: MIT */
/* Sessions of the small search: started, run, their fronts and files compared. After cmocka.h. */
#ifndef RRAMNAS_TESTS_SESSION_CASE_H
#define RRAMNAS_TESTS_SESSION_CASE_H

#include "folder.h"
#include "search_case.h"
#include "session_run.h"

enum { MOST_POINTS = 4096, GENERATIONS = 12 };

typedef struct front {
  double rows[MOST_POINTS][CASE_GENES + CASE_FIGURES];
  size_t n;
} front;

static char checkpoint[FOLDER_PATH], history[FOLDER_PATH], other[FOLDER_PATH];

static inline int
session_set_up(void **state)
{
  if (folder_make(state) < 0)
    return -1;
  folder_path("checkpoint", checkpoint);
  folder_path("history.csv", history);
  folder_path("other.csv", other);
  return 0;
}

static inline rramnas_search *
prepared(const char *history_path)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = NULL;

  if (case_create(NULL, history_path, NULL, &s, &err) < 0)
    fail_msg("%s", err.message);
  return s;
}

static inline rramnas_search *
started(int32_t strategy, uint64_t seed, const char *history_path)
{
  rramnas_search_options o = RRAMNAS_SEARCH_OPTIONS_INIT;
  rramnas_search *s = prepared(history_path);

  o.seed = seed;
  o.strategy = strategy;
  o.population = 20;
  assert_int_equal(rramnas_search_start(s, &o, NULL), RRAMNAS_OK);
  return s;
}

/* The front; releases the session. */
static inline front *
finish(rramnas_search *s)
{
  front *f = calloc(1, sizeof(*f));
  size_t i;

  assert_non_null(f);
  f->n = rramnas_search_front_count(s);
  assert_in_range(f->n, 1, MOST_POINTS);
  for (i = 0; i < f->n; i++)
    assert_int_equal(rramnas_search_front(s, i, f->rows[i], f->rows[i] + CASE_GENES), RRAMNAS_OK);
  rramnas_search_unref(s);
  return f;
}

static inline void
assert_same(front *a, const front *b)
{
  assert_int_equal(a->n, b->n);
  assert_memory_equal(a->rows, b->rows, a->n * sizeof(a->rows[0]));
  free(a);
}

static inline void
assert_same_files(const char *a, const char *b)
{
  FILE *x = fopen(a, "rb"), *y = fopen(b, "rb");
  int c;

  assert_non_null(x);
  assert_non_null(y);
  do {
    c = getc(x);
    assert_int_equal(c, getc(y));
  } while (c != EOF);
  fclose(x);
  fclose(y);
}

#endif
