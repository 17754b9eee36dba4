/* SPDX-License-Identifier: MIT */
/* Functions of one number, computed in double precision with operations that IEEE 754 defines to the last bit, and
 * rounded once to single precision.
 *
 * erf: W. J. Cody, "Rational Chebyshev Approximations for the Error Function", Math. Comp. 23, 1969. */
#include "infer/math.h"

#include <math.h>

#include "util/power.h"

#define LOG2_E 1.4426950408889634074
#define LN_2 0.69314718055994530942

static double
exp_of(double x)
{
  return rrn_power_exp2(x * LOG2_E);
}

float
rrn_infer_exp(float x)
{
  return (float)exp_of((double)x);
}

float
rrn_infer_log(float x)
{
  return (float)(rrn_power_log2((double)x) * LN_2);
}

float
rrn_infer_sigmoid(float x)
{
  return (float)(1 / (1 + exp_of(-(double)x)));
}

/* Below 2^-13 the next term of the series, x^3 / 3, is lost in the rounding. */
float
rrn_infer_tanh(float x)
{
  const double y = fabs((double)x), e = y > 20 ? 0 : exp_of(-2 * y);

  if (y < 0x1p-13 || isnan(x))
    return x;
  return (float)copysign((1 - e) / (1 + e), (double)x);
}

static double
erf_near(double x)
{
  static const double a[] = { 3.16112374387056560e00, 1.13864154151050156e02, 3.77485237685302021e02,
                              3.20937758913846947e03, 1.85777706184603153e-1 };
  static const double b[] = { 2.36012909523441209e01, 2.44024637934444173e02, 1.28261652607737228e03,
                              2.84423683343917062e03 };
  const double y = x * x;
  double over = a[4] * y, under = y;
  int i;

  for (i = 0; i < 3; i++) {
    over = (over + a[i]) * y;
    under = (under + b[i]) * y;
  }
  return x * (over + a[3]) / (under + b[3]);
}

/* 1 - erf(y) for 0.46875 < y <= 4. */
static double
erfc_far(double y)
{
  static const double c[] = { 5.64188496988670089e-1, 8.88314979438837594e00, 6.61191906371416295e01,
                              2.98635138197400131e02, 8.81952221241769090e02, 1.71204761263407058e03,
                              2.05107837782607147e03, 1.23033935479799725e03, 2.15311535474403846e-8 };
  static const double d[] = { 1.57449261107098347e01, 1.17693950891312499e02, 5.37181101862009858e02,
                              1.62138957456669019e03, 3.29079923573345963e03, 4.36261909014324716e03,
                              3.43936767414372164e03, 1.23033935480374942e03 };
  double over = c[8] * y, under = y;
  int i;

  for (i = 0; i < 7; i++) {
    over = (over + c[i]) * y;
    under = (under + d[i]) * y;
  }
  return (over + c[7]) / (under + d[7]) * exp_of(-y * y);
}

float
rrn_infer_erf(float x)
{
  const double y = fabs((double)x);

  if (isnan(x))
    return x;
  return (float)(y <= 0.46875 ? erf_near((double)x) : copysign(y > 4 ? 1 : 1 - erfc_far(y), (double)x));
}

float
rrn_infer_pow(float x, float y)
{
  const double magnitude = rrn_power(fabs((double)x), (double)y);

  if (!signbit(x) || isnan(x) || x == 0)
    return (float)magnitude;
  if (floorf(y) != y)
    return (float)NAN;
  return (float)(fmodf(y, 2) != 0 ? -magnitude : magnitude);
}

float
rrn_infer_round(float x)
{
  const float y = floorf(x), over = x - y;

  if (over != 0.5f)
    return over > 0.5f ? y + 1 : y;
  return fmodf(y, 2) != 0 ? y + 1 : y;
}
