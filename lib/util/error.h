/* SPDX-License-Identifier: MIT */
/* Failing with a message. A function that can fail returns int32_t and takes the caller's rramnas_error
 * (may be NULL) last; the message is set where the fault is seen, callers only pass the status on. */
#ifndef RRN_UTIL_ERROR_H
#define RRN_UTIL_ERROR_H

#include "rramnas/rramnas.h"

#if defined(__GNUC__)
#define RRN_PRINTF(text, first) __attribute__((__format__(__printf__, text, first)))
#else
#define RRN_PRINTF(text, first)
#endif

/* A place in a file: "name:line:column" for text, "name: byte offset" for binary (line 0, offset >= 0). */
typedef struct rrn_place {
  const char *file;
  int32_t line, column;
  int64_t offset;
} rrn_place;

/* Sets the error and returns `code`. Doubles in messages go through rrn_double_text() (locale). */
int32_t rrn_fail(rramnas_error *err, int32_t code, const char *format, ...) RRN_PRINTF(3, 4);

/* The same, with the place in front of the message and in line, column and offset. */
int32_t rrn_fail_at(rramnas_error *err, int32_t code, rrn_place where, const char *format, ...) RRN_PRINTF(4, 5);

/* The one message for a failed allocation. */
int32_t rrn_fail_memory(rramnas_error *err);

/* Return the status of a failing call. */
#define RRN_TRY(call)                       \
  do {                                      \
    int32_t rrn_status_ = (call);           \
    if (rrn_status_ < 0)                    \
      return rrn_status_;                   \
  } while (0)

/* The same in functions that clean up: sets `status` and goes to `out`. */
#define RRN_TRY_OUT(call)                   \
  do {                                      \
    status = (call);                        \
    if (status < 0)                         \
      goto out;                             \
  } while (0)

#define RRN_FAIL_IF(condition, err, code, ...)       \
  do {                                               \
    if (condition)                                   \
      return rrn_fail((err), (code), __VA_ARGS__);   \
  } while (0)

#endif
