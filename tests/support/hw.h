/* SPDX-License-Identifier: MIT */
/* What tests of hardware specs share; include after cmocka.h. */
#ifndef RRAMNAS_TESTS_HW_H
#define RRAMNAS_TESTS_HW_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "rramnas/rramnas.h"

static inline int32_t
hw_from(const char *text, const char *name, rramnas_hw **ret_hw, rramnas_error *err)
{
  return rramnas_hw_load_buffer(text, strlen(text), name, RRAMNAS_HW_FORMAT_AUTO, NULL, ret_hw, err);
}

/* A chip that must load. */
static inline rramnas_hw *
hw_good(const char *text, const char *name)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_hw *hw = NULL;

  if (hw_from(text, name, &hw, &err) != RRAMNAS_OK)
    fail_msg("%s", err.message);
  assert_non_null(hw);
  return hw;
}

static inline double
hw_number(const rramnas_hw *hw, const char *field)
{
  double value = -1;

  assert_int_equal(rramnas_hw_get_number(hw, field, &value), RRAMNAS_OK);
  return value;
}

static inline const char *
hw_text(const rramnas_hw *hw, const char *field)
{
  const char *text = NULL;

  assert_int_equal(rramnas_hw_get_text(hw, field, &text), RRAMNAS_OK);
  return text;
}

/* Loading must fail with this status and exactly this message; the handle must stay untouched. */
static inline void
hw_bad(const char *text, const char *name, int32_t status, const char *message)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_hw *const untouched = (rramnas_hw *)(void *)&err;
  rramnas_hw *hw = untouched;

  assert_int_equal(hw_from(text, name, &hw, &err), status);
  assert_string_equal(err.message, message);
  assert_int_equal(err.code, status);
  assert_ptr_equal(hw, untouched);
}

static inline int
hw_same(const rramnas_hw *a, const rramnas_hw *b)
{
  uint8_t digest_a[16] = { 0 }, digest_b[16] = { 1 };

  rramnas_hw_fingerprint(a, digest_a);
  rramnas_hw_fingerprint(b, digest_b);
  return memcmp(digest_a, digest_b, 16) == 0;
}

static inline capture
hw_yaml(const rramnas_hw *hw)
{
  capture c = { 0 };

  assert_int_equal(rramnas_hw_write_yaml(hw, capture_write, &c, NULL), RRAMNAS_OK);
  return c;
}

/* A file of tests/data, zero-terminated; the caller frees it. */
static inline char *
hw_data(const char *name)
{
  const char *folder = getenv("RRAMNAS_TEST_DATA");
  char path[1024], *text;
  FILE *file;
  long size;

  assert_non_null(folder);
  snprintf(path, sizeof(path), "%s/%s", folder, name);
  file = fopen(path, "rb");
  if (!file)
    fail_msg("cannot open %s", path);
  fseek(file, 0, SEEK_END);
  size = ftell(file);
  rewind(file);
  text = calloc((size_t)size + 1, 1);
  assert_non_null(text);
  assert_int_equal(fread(text, 1, (size_t)size, file), size);
  fclose(file);
  return text;
}

#endif
