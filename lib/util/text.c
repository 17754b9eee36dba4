/* SPDX-License-Identifier: MIT */
#include "util/text.h"

#include <errno.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "util/ckd.h"

static int
is_digit(char c)
{
  return c >= '0' && c <= '9';
}

/* printf writes the locale's decimal point, which may be several bytes: everything that is not part of a
 * number collapses to one '.'. */
static void
normalise_point(char *text)
{
  char *out = text;
  int point = 0;

  for (; *text; text++) {
    if (is_digit(*text) || *text == '-' || *text == '+' || *text == 'e') {
      *out++ = *text;
      point = 0;
    } else if (!point) {
      *out++ = '.';
      point = 1;
    }
  }
  *out = '\0';
}

const char *
rrn_double_text(double value, char buffer[RRN_DOUBLE_TEXT])
{
  int digits;

  if (isnan(value))
    return strcpy(buffer, "nan");
  if (isinf(value))
    return strcpy(buffer, value < 0 ? "-inf" : "inf");
  for (digits = 15; digits <= 17; digits++) {
    snprintf(buffer, RRN_DOUBLE_TEXT, "%.*g", digits, value);
    if (strtod(buffer, NULL) == value)
      break;
  }
  normalise_point(buffer);
  return buffer;
}

/* The syntax of a decimal number, so that strtod's further forms are refused. */
static int
number_syntax(const char *text, size_t length)
{
  size_t i = 0, digits = 0;

  if (i < length && (text[i] == '+' || text[i] == '-'))
    i++;
  for (; i < length && is_digit(text[i]); i++)
    digits++;
  if (i < length && text[i] == '.')
    for (i++; i < length && is_digit(text[i]); i++)
      digits++;
  if (digits == 0)
    return 0;
  if (i < length && (text[i] == 'e' || text[i] == 'E')) {
    i++;
    if (i < length && (text[i] == '+' || text[i] == '-'))
      i++;
    if (i == length)
      return 0;
    while (i < length && is_digit(text[i]))
      i++;
  }
  return i == length;
}

int
rrn_double_parse(const char *text, size_t length, double *ret_value)
{
  char local[160], sample[16], point[8];
  size_t i, n = 0, point_length;
  double value;
  char *end;

  if (length > 120 || !number_syntax(text, length))
    return 0;
  /* strtod wants the locale's decimal point, which printf shows without a race. */
  snprintf(sample, sizeof(sample), "%.1f", 0.5);
  point_length = strlen(sample) - 2;
  if (point_length >= sizeof(point))
    return 0;
  memcpy(point, sample + 1, point_length);
  for (i = 0; i < length; i++) {
    if (text[i] == '.') {
      memcpy(local + n, point, point_length);
      n += point_length;
    } else {
      local[n++] = text[i];
    }
  }
  local[n] = '\0';
  value = strtod(local, &end);
  if (*end || !isfinite(value))
    return 0;
  *ret_value = value;
  return 1;
}

int
rrn_int64_parse(const char *text, size_t length, int64_t *ret_value)
{
  size_t i = 0;
  int64_t value = 0;
  int negative = 0;

  if (length && (text[0] == '-' || text[0] == '+')) {
    negative = text[0] == '-';
    i++;
  }
  if (i == length)
    return 0;
  for (; i < length; i++) {
    if (!is_digit(text[i]) || ckd_mul(&value, value, (int64_t)10) ||
        ckd_sub(&value, value, (int64_t)(text[i] - '0')))
      return 0;
  }
  if (!negative && ckd_sub(&value, (int64_t)0, value))
    return 0;
  *ret_value = value;
  return 1;
}

size_t
rrn_utf8_mark(const char *text, size_t length)
{
  return length >= 3 && memcmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0;
}

int
rrn_utf8_valid(const char *text, size_t length)
{
  const unsigned char *s = (const unsigned char *)text;
  size_t i = 0, k, extra;
  uint32_t code, least;

  while (i < length) {
    unsigned char c = s[i++];

    if (c == 0)
      return 0;
    if (c < 0x80)
      continue;
    if (c >= 0xc2 && c <= 0xdf) {
      extra = 1, code = c & 0x1f, least = 0x80;
    } else if (c >= 0xe0 && c <= 0xef) {
      extra = 2, code = c & 0x0f, least = 0x800;
    } else if (c >= 0xf0 && c <= 0xf4) {
      extra = 3, code = c & 0x07, least = 0x10000;
    } else {
      return 0;
    }
    if (length - i < extra)
      return 0;
    for (k = 0; k < extra; k++, i++) {
      if ((s[i] & 0xc0) != 0x80)
        return 0;
      code = code << 6 | (s[i] & 0x3f);
    }
    if (code < least || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff))
      return 0;
  }
  return 1;
}

static char
lower(char c)
{
  return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

int
rrn_equal_nocase(const char *a, const char *b)
{
  while (*a && lower(*a) == lower(*b))
    a++, b++;
  return lower(*a) == lower(*b);
}
