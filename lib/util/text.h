/* SPDX-License-Identifier: MIT */
/* Numbers and strings as text, independent of the locale. */
#ifndef RRN_UTIL_TEXT_H
#define RRN_UTIL_TEXT_H

#include "util/error.h"

/* Room for any double as rrn_double_text() writes it. */
enum { RRN_DOUBLE_TEXT = 32 };

/* Text of 15 to 17 digits, as few as read back as the same double, without trailing zeros and with '.' in any locale: "0.1", "152.77319048", "1e-09",
 * "inf", "nan". Returns buffer. */
const char *rrn_double_text(double value, char buffer[RRN_DOUBLE_TEXT]);

/* Whole text -> number; 0 when it is not one (empty, trailing characters, overflow). Decimal, optional sign,
 * optional exponent; no "inf", "nan" or hexadecimal. Correctly rounded in any locale. */
int rrn_double_parse(const char *text, size_t length, double *ret_value);
/* Decimal integer with optional sign. */
int rrn_int64_parse(const char *text, size_t length, int64_t *ret_value);

/* 1 when the bytes are valid UTF-8 without NUL (no surrogates, no overlong forms). */
int rrn_utf8_valid(const char *text, size_t length);

/* Bytes of the byte order mark that the text begins with: 3 or 0. */
size_t rrn_utf8_mark(const char *text, size_t length);

/* 1 when equal, ignoring ASCII case. */
int rrn_equal_nocase(const char *a, const char *b);

#endif
