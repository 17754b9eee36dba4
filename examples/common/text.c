/* SPDX-License-Identifier: MIT */
/* Numbers and messages as text, the same in any locale; and names of files. */
#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "text.h"

static char held[4096];
static size_t n_held;
static int holds;

static void
hold(const char *format, va_list args)
{
  const size_t room = sizeof(held) - n_held;
  const int length = vsnprintf(held + n_held, room, format, args);

  n_held += length < 0 ? 0 : (size_t)length < room ? (size_t)length : room - 1;
  if (n_held + 1 < sizeof(held)) {
    held[n_held++] = '\n';
    held[n_held] = '\0';
  }
}

void
hold_complaints(void)
{
  holds = 1;
}

void
show_complaints(void)
{
  if (n_held > 0)
    fprintf(stderr, PROGRAM_NAME ": %s", held);
  n_held = 0;
}

void
complain(const char *format, ...)
{
  va_list args;

  if (holds) {
    va_start(args, format);
    hold(format, args);
    va_end(args);
    return;
  }
  /* Over the line of progress, if there is one; before it what standard output has so far. */
  fflush(stdout);
  if (isatty(STDERR_FILENO))
    fputs("\r\033[K", stderr);
  fputs(PROGRAM_NAME ": ", stderr);
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
is_same_file(const char *a, const char *b)
{
  struct stat x, y;

  if (!a || !b)
    return 0;
  if (strcmp(a, b) == 0)
    return 1;
  return stat(a, &x) == 0 && stat(b, &y) == 0 && x.st_dev == y.st_dev && x.st_ino == y.st_ino;
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

/* Up to 15 digits, not counting zeros before the first, with at most one point, as an integer; ret_places is how many
 * stand behind the point. */
static int
parse_decimal(const char *text, size_t length, double *ret_value, int *ret_places)
{
  int digits = 0, point = 0, found = 0;
  size_t i;

  *ret_value = *ret_places = 0;
  for (i = 0; i < length; i++) {
    if (text[i] == '.' && !point) {
      point = 1;
    } else if (text[i] >= '0' && text[i] <= '9' && digits < 15) {
      *ret_value = *ret_value * 10 + (text[i] - '0');
      *ret_places += point;
      digits += *ret_value > 0;
      found = 1;
    } else {
      return 0;
    }
  }
  return found;
}

/* 0.95, 1e-3, without a sign. strtod would ask the locale. Powers of ten are doubles up to the 22nd, so the number is
 * rounded once. */
int
parse_real(const char *text, size_t length, double *ret_value)
{
  const char *e = memchr(text, 'e', length);
  const size_t before = e ? (size_t)(e - text) : length;
  char exponent[8] = "0";
  long long power;
  double value, ten = 1;
  int places, i;

  if (length - before > sizeof(exponent) || !parse_decimal(text, before, &value, &places))
    return 0;
  if (e) {
    const size_t first = before + (length - before > 2 && e[1] == '+' && e[2] != '-' ? 2 : 1);

    memcpy(exponent, text + first, length - first);
    exponent[length - first] = '\0';
  }
  if (!parse_integer(exponent, -300, 300, &power))
    return 0;
  power -= places;
  if (power < -22 || power > 22)
    return 0;
  for (i = 0; i < (power < 0 ? -power : power); i++)
    ten *= 10;
  *ret_value = power < 0 ? value / ten : value * ten;
  return 1;
}

/* A large or small number: four digits and a power of ten. */
static const char *
power_text_of(double value, char buffer[32])
{
  int64_t digits;
  int power = 0;

  for (; value >= 9.9995; power++)
    value /= 10;
  for (; value < 1; power--)
    value *= 10;
  digits = (int64_t)(value * 1000 + 0.5);
  snprintf(buffer, 32, "%" PRId64 ".%03" PRId64 "e%d", digits / 1000, digits % 1000, power);
  return buffer;
}

const char *
number_text(double value, char buffer[32])
{
  const int decimals = value < 10 ? 3 : value < 100 ? 2 : value < 1000 ? 1 : 0;
  int64_t one = 1, n;
  int i;

  if (value < 0) {
    char rest[32];

    snprintf(buffer, 32, "-%.30s", number_text(-value, rest));
    return buffer;
  }
  if (value >= 1e12 && value < 1e300)
    return power_text_of(value, buffer);
  for (i = 0; i < decimals; i++)
    one *= 10;
  n = value < 1e15 ? (int64_t)(value * (double)one + 0.5) : INT64_MAX;
  if (decimals)
    snprintf(buffer, 32, "%" PRId64 ".%0*" PRId64, n / one, decimals, n % one);
  else
    snprintf(buffer, 32, "%" PRId64, n);
  return buffer;
}

/* In the largest of `n` units, each 1000 of the one before, in which it is 1 or more; `value` is in the first. */
static const char *
scaled_text(double value, const char *const *units, int n, char buffer[32])
{
  char number[32];
  int unit = 0;

  while (unit < n - 1 && value >= 1000) {
    value /= 1000;
    unit++;
  }
  snprintf(buffer, 32, "%.20s %s", number_text(value, number), units[unit]);
  return buffer;
}

const char *
duration_text(double ns, char buffer[32])
{
  static const char *const units[] = { "ns", "us", "ms", "s" };

  return scaled_text(ns, units, 4, buffer);
}

const char *
energy_text(double pj, char buffer[32])
{
  static const char *const units[] = { "fJ", "pJ", "nJ", "uJ", "mJ", "J" };

  return scaled_text(pj * 1000, units, 6, buffer);
}

const char *
power_text(double mw, char buffer[32])
{
  static const char *const units[] = { "nW", "uW", "mW", "W", "kW" };

  return scaled_text(mw * 1e6, units, 5, buffer);
}

const char *
edp_text(double pj_ns, char buffer[32])
{
  static const char *const units[] = { "pJ ns", "pJ us", "nJ us", "uJ us", "uJ ms", "mJ ms", "J ms", "J s" };

  return scaled_text(pj_ns, units, 8, buffer);
}

const char *
area_text(double um2, char buffer[32])
{
  char number[32];
  const int is_large = um2 >= 1e4;

  snprintf(buffer, 32, "%.20s %s", number_text(is_large ? um2 / 1e6 : um2, number), is_large ? "mm2" : "um2");
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
