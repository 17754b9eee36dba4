/* SPDX-License-Identifier: MIT */
/* exp2, log2 and pow from + - * / only.
 *
 * In:  doubles.
 * Out: powers within 2 units in the last place of the exact value (tests compare with libm), logarithms likewise.
 *
 * Idea: libm may differ between machines in the last bit, and a search would then go another way. Here the order of all
 * operations is fixed and each is rounded once. x = 2^k m with m in [sqrt(1/2), sqrt(2)); log m = 2 atanh(s), s = (m
 * - 1) / (m + 1), by its series, with s and the result kept as a sum of two doubles, because pow multiplies the
 * error of the logarithm by y. 2^t for |t| <= 1/2 is the series of exp.
 *
 * Complexity: about 100 operations for a power. Source: Dekker, Numerische Mathematik 18, 1971 (products and sums of
 * two doubles). */
#include "util/power.h"

#include <stdint.h>
#include <string.h>

typedef struct pair {
  double hi, lo; /* value = hi + lo */
} pair;

static pair
quick_sum(double a, double b)
{
  const double s = a + b;
  const pair r = { s, b - (s - a) };

  return r;
}

/* Exact: upper and lower half of each factor. */
static pair
product(double a, double b)
{
  const double p = a * b, ca = 134217729.0 * a, cb = 134217729.0 * b;
  const double ah = ca - (ca - a), al = a - ah, bh = cb - (cb - b), bl = b - bh;
  const pair r = { p, ((ah * bh - p) + ah * bl + al * bh) + al * bl };

  return r;
}

static double
scale(double x, int k)
{
  uint64_t bits;
  double factor;

  if (k < -1022)
    return scale(x, k + 1000) * 0x1p-1000;
  if (k > 1023)
    return x * 0x1p1023 * 2.0;
  bits = (uint64_t)(k + 1023) << 52;
  memcpy(&factor, &bits, sizeof(factor));
  return x * factor;
}

/* x = ret_m * 2^result */
static int
split(double x, double *ret_m)
{
  uint64_t bits;
  int k = 0;

  if (x < 0x1p-1022) {
    x *= 0x1p54;
    k = -54;
  }
  memcpy(&bits, &x, sizeof(bits));
  k += (int)(bits >> 52) - 1023;
  bits = (bits & UINT64_C(0xfffffffffffff)) | UINT64_C(1023) << 52;
  memcpy(ret_m, &bits, sizeof(bits));
  if (*ret_m > 1.4142135623730951) {
    *ret_m *= 0.5;
    k++;
  }
  return k;
}

/* x finite, > 0 */
static pair
log2_pair(double x)
{
  static const double series[] = { 1.0 / 25, 1.0 / 23, 1.0 / 21, 1.0 / 19, 1.0 / 17, 1.0 / 15,
                                   1.0 / 13, 1.0 / 11, 1.0 / 9,  1.0 / 7,  1.0 / 5,  1.0 / 3 };
  const double inverse_hi = 2.8853900817779268, inverse_lo = 4.0710547481862066e-17; /* 2 / ln 2 */
  double m, f, d, d_lo, s, s_lo, s2, tail = 0;
  pair p, r;
  unsigned i;
  const int k = split(x, &m);

  f = m - 1.0;
  d = 2.0 + f;
  d_lo = f - (d - 2.0);
  s = f / d;
  p = product(s, d);
  s_lo = (((f - p.hi) - p.lo) - s * d_lo) / d;
  s2 = s * s;
  for (i = 0; i < sizeof(series) / sizeof(series[0]); i++)
    tail = tail * s2 + series[i];
  p = product(s, inverse_hi);
  p.lo += s * inverse_lo + (s_lo + tail * s2 * s) * inverse_hi;
  r = quick_sum(k != 0 ? (double)k : p.hi, k != 0 ? p.hi : 0.0);
  r.lo += p.lo;
  return quick_sum(r.hi, r.lo);
}

/* 2^(x + lo), lo small */
static double
exp2_pair(double x, double lo)
{
  double t, sum = 1.0 / 6227020800.0, factor = 1.0 / 479001600.0;
  int k, i;

  if (x != x)
    return x;
  if (x >= 1024.0)
    return 0x1p1023 * 2.0;
  if (x < -1075.0)
    return 0;
  k = (int)(x < 0 ? x - 0.5 : x + 0.5);
  t = ((x - (double)k) + lo) * 0.69314718055994531;
  for (i = 12; i >= 0; i--) {
    sum = sum * t + factor;
    factor *= (double)(i > 0 ? i : 1);
  }
  return scale(sum, k);
}

double
rrn_power_exp2(double x)
{
  return exp2_pair(x, 0);
}

double
rrn_power_log2(double x)
{
  pair r;

  if (!(x > 0) || x > 0x1.fffffffffffffp1023)
    return x > 0 ? x : x == 0 ? -0x1p1023 * 2.0 : (x - x) / (x - x);
  r = log2_pair(x);
  return r.hi + r.lo;
}

double
rrn_power(double x, double y)
{
  pair log_x, p;

  if (y == 0 || x == 1)
    return 1;
  if (x == 0)
    return y > 0 ? 0 : 0x1p1023 * 2.0;
  if (!(x > 0) || x > 0x1.fffffffffffffp1023)
    return x > 0 ? (y > 0 ? x : 0) : (x - x) / (x - x);
  log_x = log2_pair(x);
  if (y * log_x.hi >= 1024.0 || y * log_x.hi < -1076.0)
    return y * log_x.hi > 0 ? 0x1p1023 * 2.0 : 0;
  p = product(y, log_x.hi);
  return exp2_pair(p.hi, p.lo + y * log_x.lo);
}

double
rrn_power_int(double x, unsigned n)
{
  double r = 1;

  for (; n > 0; n >>= 1, x *= x)
    if (n & 1)
      r *= x;
  return r;
}
