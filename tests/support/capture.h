/* SPDX-License-Identifier: MIT */
/* A rramnas_write_fn that keeps what it receives, as a zero-terminated text:
 *
 *   capture c = { 0 };
 *   rramnas_mapping_write(mapping, RRAMNAS_REPORT_JSON, NULL, capture_write, &c, &err);
 *   ... c.text, c.length ...
 *   capture_free(&c);
 */
#ifndef RRAMNAS_TESTS_CAPTURE_H
#define RRAMNAS_TESTS_CAPTURE_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct capture {
  char *text; /* NULL before the first piece */
  size_t length, capacity;
  size_t n_pieces;
  size_t fail_at; /* the piece, from 1, that is refused; 0 = none */
} capture;

static inline int32_t
capture_write(void *user, const char *data, size_t length)
{
  capture *c = user;

  if (++c->n_pieces == c->fail_at)
    return 1;
  if (length >= c->capacity - c->length) {
    size_t capacity = 2 * c->capacity + length + 4096;
    char *text = realloc(c->text, capacity);

    if (!text) {
      fprintf(stderr, "capture: no memory\n");
      abort();
    }
    c->text = text;
    c->capacity = capacity;
  }
  memcpy(c->text + c->length, data, length);
  c->length += length;
  c->text[c->length] = '\0';
  return 0;
}

static inline void
capture_free(capture *c)
{
  free(c->text);
  memset(c, 0, sizeof(*c));
}

static inline int
capture_equal(const capture *a, const capture *b)
{
  return a->length == b->length && (a->length == 0 || memcmp(a->text, b->text, a->length) == 0);
}

#endif
