/* SPDX-License-Identifier: MIT */
/* Texts kept in tests/data: compared, or written anew when RRAMNAS_UPDATE_GOLDEN is set. After cmocka.h. */
#ifndef RRAMNAS_TESTS_GOLDEN_H
#define RRAMNAS_TESTS_GOLDEN_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static inline char *
golden_read(const char *path)
{
  FILE *file = fopen(path, "rb");
  size_t capacity = 1 << 22, n;
  char *text = malloc(capacity);

  assert_non_null(file);
  assert_non_null(text);
  n = fread(text, 1, capacity - 1, file);
  text[n] = 0;
  fclose(file);
  return text;
}

static inline void
golden_write(const char *path, const char *text)
{
  FILE *file = fopen(path, "wb");

  assert_non_null(file);
  assert_true(fwrite(text, 1, strlen(text), file) == strlen(text));
  assert_int_equal(fclose(file), 0);
}

/* `name`: path below tests/data. */
static inline void
compare_golden(const char *name, const char *text)
{
  char path[1024];
  char *expected;

  snprintf(path, sizeof(path), "%s/%s", getenv("RRAMNAS_TEST_DATA"), name);
  if (getenv("RRAMNAS_UPDATE_GOLDEN"))
    golden_write(path, text);
  expected = golden_read(path);
  assert_string_equal(text, expected);
  free(expected);
}

#endif
