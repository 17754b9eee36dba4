/* SPDX-License-Identifier: MIT */
/* Numbers and messages as text, the same in any locale. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

#include "program.h"

void
complain(const char *format, ...)
{
  va_list args;

  /* Over the line of progress, if there is one; before it what standard output has so far. */
  fflush(stdout);
  if (isatty(STDERR_FILENO))
    fputs("\r\033[K", stderr);
  fputs("rramnas-compile: ", stderr);
  va_start(args, format);
  vfprintf(stderr, format, args);
  va_end(args);
  fputc('\n', stderr);
}

void
complain_error(const rramnas_error *err)
{
  complain("%s", err->message);
}

int
parse_integer(const char *text, long long min, long long max, long long *ret_value)
{
  char *end;
  long long value;

  if (!((*text >= '0' && *text <= '9') || *text == '-'))
    return 0;
  errno = 0;
  value = strtoll(text, &end, 10);
  if (errno || *end || end == text || value < min || value > max)
    return 0;
  *ret_value = value;
  return 1;
}

/* A decimal fraction such as 0.95: digits with at most one point. strtod would ask the locale. */
int
parse_real(const char *text, size_t length, double *ret_value)
{
  double value = 0, one = 1;
  int digits = 0, point = 0;
  size_t i;

  for (i = 0; i < length; i++) {
    if (text[i] == '.' && !point) {
      point = 1;
    } else if (text[i] >= '0' && text[i] <= '9' && digits < 15) {
      value = value * 10 + (text[i] - '0');
      one *= point ? 10 : 1;
      digits++;
    } else {
      return 0;
    }
  }
  *ret_value = value / one;
  return digits > 0;
}

const char *
number_text(double value, char buffer[32])
{
  const int decimals = value < 10 ? 3 : value < 100 ? 2 : value < 1000 ? 1 : 0;
  int64_t one = 1, n;
  int i;

  for (i = 0; i < decimals; i++)
    one *= 10;
  n = value < 1e15 ? (int64_t)(value * (double)one + 0.5) : INT64_MAX;
  if (decimals)
    snprintf(buffer, 32, "%" PRId64 ".%0*" PRId64, n / one, decimals, n % one);
  else
    snprintf(buffer, 32, "%" PRId64, n);
  return buffer;
}

const char *
duration_text(double ns, char buffer[32])
{
  static const char *const units[] = { "ns", "us", "ms", "s" };
  char number[32];
  int unit = 0;

  while (unit < 3 && ns >= 1000) {
    ns /= 1000;
    unit++;
  }
  snprintf(buffer, 32, "%.20s %s", number_text(ns, number), units[unit]);
  return buffer;
}

const char *
count_text(int64_t count, char buffer[32])
{
  static const char units[] = { 'k', 'M', 'G', 'T' };
  double value = (double)count;
  char number[32];
  int unit = -1;

  if (count < 10000) {
    snprintf(buffer, 32, "%" PRId64, count);
    return buffer;
  }
  while (unit < 3 && value >= 1000) {
    value /= 1000;
    unit++;
  }
  snprintf(buffer, 32, "%.20s%c", number_text(value, number), units[unit]);
  return buffer;
}
