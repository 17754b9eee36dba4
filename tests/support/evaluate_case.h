/* SPDX-License-Identifier: MIT */
/* Figures of a space's candidates, and a table in a file that is gone afterwards. After cmocka.h. */
#ifndef RRAMNAS_TESTS_EVALUATE_CASE_H
#define RRAMNAS_TESTS_EVALUATE_CASE_H

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evaluate/evaluate.h"

static rrn_rt test_runtime;

typedef struct fixture {
  rrn_space space;
  rrn_evaluation e;
  rramnas_error err;
  char path[64];
} fixture;

static inline int
runtime_set_up(void **state)
{
  (void)state;
  return rrn_rt_init(&test_runtime, NULL, NULL);
}

static inline void
set_up(fixture *f, const char *ready)
{
  *f = (fixture){ .err = RRAMNAS_ERROR_INIT };
  rrn_space_init(&f->space, &test_runtime);
  assert_int_equal(rrn_space_ready(&f->space, ready, &f->err), RRAMNAS_OK);
  rrn_evaluation_init(&f->e, &test_runtime, &f->space);
}

static inline void
set_up_yaml(fixture *f, const char *yaml)
{
  *f = (fixture){ .err = RRAMNAS_ERROR_INIT };
  rrn_space_init(&f->space, &test_runtime);
  if (rrn_space_read(&f->space, yaml, strlen(yaml), "space.yaml", &f->err) < 0)
    fail_msg("%s", f->err.message);
  rrn_evaluation_init(&f->e, &test_runtime, &f->space);
}

static inline void
tear_down(fixture *f)
{
  rrn_evaluation_release(&f->e);
  rrn_space_release(&f->space);
  if (*f->path)
    unlink(f->path);
}

/* Writes a file into the folder of the test; the fixture removes it. */
static inline void
write_file(char path[64], const char *text, size_t size)
{
  int fd;

  strcpy(path, "evaluate-XXXXXX");
  fd = mkstemp(path);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, text, size), size);
  close(fd);
}

static inline int32_t
add_table(fixture *f, const char *text, const char *key, const char *columns)
{
  rramnas_table_options o = RRAMNAS_TABLE_OPTIONS_INIT;
  int32_t status;

  o.key = key;
  o.columns = columns;
  if (*f->path)
    unlink(f->path);
  write_file(f->path, text, strlen(text));
  status = rrn_evaluation_add_table(&f->e, f->path, &o, &f->err);
  return status;
}

static inline void
prepare(fixture *f, const char *const *names, size_t n)
{
  if (rrn_evaluation_prepare(&f->e, names, n, &f->err) < 0)
    fail_msg("%s", f->err.message);
}

#endif
