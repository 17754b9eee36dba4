/* SPDX-License-Identifier: MIT */
/* Numbers, times and names as text of a picture: from integers, so the same in any locale. */
#include "report/svg_text.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* With `decimals` digits after the point, rounded half up. value >= 0. */
void
rrn_svg_fixed(rrn_writer *w, double value, int decimals)
{
  int64_t one = 1, n;
  int i;

  for (i = 0; i < decimals; i++)
    one *= 10;
  n = value < 1e12 ? (int64_t)(value * (double)one + 0.5) : (int64_t)1e12 * one;
  rrn_write_format(w, "%" PRId64, n / one);
  if (decimals)
    rrn_write_format(w, ".%0*" PRId64, decimals, n % one);
}

void
rrn_svg_tenths(rrn_writer *w, double pixels)
{
  const int64_t n = pixels > -1e6 && pixels < 1e6 ? (int64_t)(pixels * 10 + 0.5) : 0; /* of numbers that overflowed */

  rrn_write_format(w, "%" PRId64 ".%" PRId64, n / 10, n % 10);
}

static int
is_whole(double value)
{
  const double off = value - (double)(int64_t)(value + 0.5);

  return (off < 0 ? -off : off) <= 1e-7 * value;
}

void
rrn_svg_short(rrn_writer *w, double value)
{
  const double size = value < 0 ? -value : value;
  int decimals = 0;
  double one = 1;

  if (size >= 1e7 || (size > 0 && size < 1e-4)) {
    rrn_write_double(w, value);
    return;
  }
  for (; decimals < 8 && !is_whole(size * one); decimals++)
    one *= 10;
  rrn_write_text(w, value < 0 ? "-" : "");
  rrn_svg_fixed(w, size, decimals);
}

/* Four digits. */
void
rrn_svg_four_digits(rrn_writer *w, double value)
{
  rrn_svg_fixed(w, value, value < 10 ? 3 : value < 100 ? 2 : value < 1000 ? 1 : 0);
}

/* In the largest of `n` units, each 1000 of the one before, in which it is 1 or more; `value` is in the first. */
static void
scaled(rrn_writer *w, double value, const char *const *units, int n)
{
  int unit = 0;

  while (unit < n - 1 && value >= 1000) {
    value /= 1000;
    unit++;
  }
  rrn_svg_four_digits(w, value);
  rrn_write_format(w, " %s", units[unit]);
}

void
rrn_svg_duration(rrn_writer *w, double ns)
{
  static const char *const units[] = { "ns", "\xc2\xb5s", "ms", "s" };

  scaled(w, ns, units, 4);
}

void
rrn_svg_energy(rrn_writer *w, double pj)
{
  static const char *const units[] = { "fJ", "pJ", "nJ", "\xc2\xb5J", "mJ", "J" };

  scaled(w, pj * 1000, units, 6);
}

void
rrn_svg_power(rrn_writer *w, double mw)
{
  static const char *const units[] = { "nW", "\xc2\xb5W", "mW", "W" };

  scaled(w, mw * 1e6, units, 4);
}

void
rrn_svg_area(rrn_writer *w, double um2)
{
  const int is_large = um2 >= 1e4;

  rrn_svg_four_digits(w, is_large ? um2 / 1e6 : um2);
  rrn_write_text(w, is_large ? " mm\xc2\xb2" : " \xc2\xb5m\xc2\xb2");
}

/* A name of at most `most` characters, which are no more than RRN_SVG_NAME_LENGTH: the middle gives way, since layers differ at both ends. */
void
rrn_svg_short_name(rrn_writer *w, const char *name, size_t most)
{
  const size_t n = strlen(name);
  size_t head = most / 3, tail = n - (most - head - 1);
  char text[8 * RRN_SVG_NAME_LENGTH];

  if (n <= most) {
    rrn_write_xml(w, name);
    return;
  }
  while (head > 0 && ((unsigned char)name[head] & 0xc0) == 0x80)
    head--;
  while (name[tail] && ((unsigned char)name[tail] & 0xc0) == 0x80)
    tail++;
  snprintf(text, sizeof(text), "%.*s\xe2\x80\xa6%s", (int)head, name, name + tail);
  rrn_write_xml(w, text);
}
