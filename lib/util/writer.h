/* SPDX-License-Identifier: MIT */
/* Buffered text output through the caller's rramnas_write_fn. The first failure sticks; later writes do
 * nothing, so callers check once at the end. */
#ifndef RRN_UTIL_WRITER_H
#define RRN_UTIL_WRITER_H

#include "util/error.h"

typedef struct rrn_writer {
  rramnas_write_fn write;
  void *user;
  int32_t failed;
  size_t used;
  char buffer[4096];
} rrn_writer;

void rrn_writer_init(rrn_writer *w, rramnas_write_fn write, void *user);
void rrn_write(rrn_writer *w, const char *data, size_t length);
void rrn_write_text(rrn_writer *w, const char *text);
/* At most 512 bytes of result; no %f, %g (locale): doubles go through rrn_write_double. */
void rrn_write_format(rrn_writer *w, const char *format, ...) RRN_PRINTF(2, 3);
void rrn_write_double(rrn_writer *w, double value);
/* null when it is no finite number, which JSON cannot say. */
void rrn_write_json_number(rrn_writer *w, double value);
/* A JSON string with its quotes; bytes that are not UTF-8 become U+FFFD. */
void rrn_write_json_string(rrn_writer *w, const char *text);
/* Text with &, <, > and quotes as XML entities; bytes that XML or UTF-8 forbid become U+FFFD. */
void rrn_write_xml(rrn_writer *w, const char *text);
/* Hands over what is buffered; RRAMNAS_ERR_CALLBACK when the caller's function failed at any time. */
int32_t rrn_writer_finish(rrn_writer *w, rramnas_error *err);

#endif
