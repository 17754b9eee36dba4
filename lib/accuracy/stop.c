/* SPDX-License-Identifier: MIT */
/* When enough chips have been tried.
 *
 * In:  right answers of one chip after the other, in the order of their numbers; what is wanted.
 * Out: after each chip, whether to go on.
 *
 * Below a threshold: would the mean of all n chips reach it? They may be wrong on n e0 images together, so behind k
 * chips each of the rest on e_k = (n e0 - wrong so far) / (n - k) in the mean. A bet against that multiplies its stake
 * by 1 + c (wrong_k / e_k - 1) with each chip. If the n chips do reach the threshold, they come in any order with the
 * same probability, and the stake is expected not to grow: it ever reaches 1 / level with probability `level` or less
 * (Ville), at whatever number of chips one looks. No distribution is assumed, and few chips are no special case. Two
 * bets, c = 1 and 1/2, have half of the stake each. When e_k is negative no rest can help. A higher threshold makes every e_k
 * smaller and ends no later. A run is ended only where the mean so far is below, too: the figure says what the test does.
 * Source: Waudby-Smith, Ramdas: "Estimating means of bounded random variables by betting", JRSS B 86 (2024), 1-27,
 * section 5, without replacement. Deviation: c is fixed.
 *
 * Below what the worst chip must reach: that is sure with the first chip that does not.
 *
 * Narrow enough: half of the 95 % interval of the mean by Student's t. Looking after every chip costs some of the 95 %
 * (doc/accuracy.md has how much), so there is a least number of chips.
 *
 * Only + - * / and square roots of counts, in the order of chips: the same decision everywhere. Constant time. */
#include <math.h>

#include "accuracy/stop.h"

static const double LEVEL = 0.05;
static const double bets[] = { 1, 0.5 };
enum { N_BETS = sizeof(bets) / sizeof(bets[0]), LEAST_FOR_INTERVAL = 10 };

void
rrn_stop_init(rrn_stop *s, const rrn_stop_rule *rule, size_t n, size_t n_images)
{
  *s = (rrn_stop){ .rule = *rule, .n = (double)n, .images = (double)n_images, .least_right = (double)n_images };
  s->stake[0] = s->stake[1] = 1;
}

/* 1 = the mean of all n chips is below the threshold, or nobody should believe otherwise. The mean so far is worked out as
 * for the result. */
static int
is_below(rrn_stop *s, double wrong)
{
  const double permitted = s->n * s->images * (1 - s->rule.stop_below), left = s->n - (s->seen - 1);
  const double each = (permitted - (s->wrong - wrong)) / left, rounding = 1e-9;
  double sum = 0;
  int i;

  for (i = 0; i < N_BETS; i++) {
    if (each > rounding)
      s->stake[i] *= 1 + bets[i] * (wrong / each - 1);
    sum += s->stake[i];
  }
  return (s->wrong > permitted + rounding || sum / N_BETS >= 1 / LEVEL) &&
         (s->images * s->seen - s->wrong) / (s->images * s->seen) < s->rule.stop_below;
}

/* Student's t for 95 %, both sides, by degrees of freedom; Hill's expansion beyond the table. Source: NIST/SEMATECH. */
static double
student(double freedom)
{
  static const double t[] = { 0, 12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228 };
  const double z = 1.959964;

  if (freedom < (double)(sizeof(t) / sizeof(t[0])))
    return t[(int)freedom];
  return z + (z * z * z + z) / (4 * freedom) +
         (5 * z * z * z * z * z + 16 * z * z * z + 3 * z) / (96 * freedom * freedom);
}

double
rrn_mean_confidence(double deviation, double n)
{
  return n > 1 ? student(n - 1) * deviation / sqrt(n) : 0;
}

/* Chips that agree say little about how far others are off: at least one image is taken to be between them. */
static int
is_narrow(const rrn_stop *s)
{
  const double mean = s->wrong / s->seen;
  double variance = (s->squares - s->wrong * mean) / (s->seen - 1);

  variance = variance > 1.0 / s->seen ? variance : 1.0 / s->seen;
  return rrn_mean_confidence(sqrt(variance), s->seen) <= s->rule.confidence_wanted * s->images;
}

int32_t
rrn_stop_add(rrn_stop *s, int32_t right)
{
  const double wrong = s->images - right;
  const double least = s->rule.least > 0 ? s->rule.least : LEAST_FOR_INTERVAL;
  int below;

  s->seen++;
  s->wrong += wrong;
  s->squares += wrong * wrong;
  s->least_right = right < s->least_right ? right : s->least_right;
  below = (s->rule.stop_below > 0 && is_below(s, wrong)) || s->least_right / s->images < s->rule.worst_below;
  if (s->seen >= s->n || s->seen < s->rule.least)
    return RRAMNAS_TRIALS_ALL;
  if (below)
    return RRAMNAS_TRIALS_BELOW;
  if (s->rule.confidence_wanted > 0 && s->seen >= least && s->seen > 1 && is_narrow(s))
    return RRAMNAS_TRIALS_NARROW;
  return RRAMNAS_TRIALS_ALL;
}
