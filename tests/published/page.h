/* SPDX-License-Identifier: MIT */
/* Tables between markers in a page of doc/: compared, or written anew when RRAMNAS_UPDATE_GOLDEN is set. After
 * cmocka.h. */
#ifndef RRAMNAS_TESTS_PUBLISHED_PAGE_H
#define RRAMNAS_TESTS_PUBLISHED_PAGE_H

#include <stdarg.h>

#include "../support/capture.h"
#include "../support/golden.h"

static inline void
page_add(capture *c, const char *format, ...)
{
  char text[2048];
  va_list args;
  int n;

  va_start(args, format);
  n = vsnprintf(text, sizeof(text), format, args);
  va_end(args);
  assert_in_range(n, 0, sizeof(text) - 1);
  capture_write(c, text, (size_t)n);
}

static inline char *
page_marker(char *page, const char *which, const char *section)
{
  char marker[64];
  char *at;

  snprintf(marker, sizeof(marker), "<!-- %s %s -->\n", which, section);
  at = strstr(page, marker);
  if (!at)
    fail_msg("no marker \"%s %s\"", which, section);
  return strcmp(which, "begin") == 0 ? at + strlen(marker) : at;
}

/* The section of doc/`name` is `want`, which is freed. */
static inline void
page_check(const char *name, const char *section, capture *want)
{
  char path[1024];
  char *page, *begin, *end;

  snprintf(path, sizeof(path), "%s/../../doc/%s", getenv("RRAMNAS_TEST_DATA"), name);
  page = golden_read(path);
  begin = page_marker(page, "begin", section);
  end = page_marker(begin, "end", section);
  if (getenv("RRAMNAS_UPDATE_GOLDEN")) {
    capture all = { 0 };

    capture_write(&all, page, (size_t)(begin - page));
    capture_write(&all, want->text, want->length);
    capture_write(&all, end, strlen(end));
    golden_write(path, all.text);
    capture_free(&all);
  } else if ((size_t)(end - begin) != want->length || memcmp(begin, want->text, want->length) != 0) {
    fail_msg("section \"%s\" of doc/%s is not what the library computes; RRAMNAS_UPDATE_GOLDEN=1 rewrites it:\n%s",
             section, name, want->text);
  }
  free(page);
  capture_free(want);
}

#endif
