/* SPDX-License-Identifier: MIT */
/* Doubtful conversions of short arrays, one by one.
 *
 * In:  a column, a conversion that a kernel could not decide, or the sum of its cells in full.
 * Out: the code that the reference gives.
 *
 * Idea: the sum of 24-bit cells tells unless it is nearer to the border of two codes than rounding has moved it; then the currents
 * of the driven rows are added up as the reference does.
 *
 * Complexity: the column's rows; their deviates where cells cannot tell, once in a few doubts. */
#include "xbar/mvm_short_run.h"

static double
round_even(double x)
{
  const double magic = 0x1.8p52;

  return (x + magic) - magic;
}

/* The current in codes as the reference has it. */
static double
reference_codes(const rrn_xbar_short_at_hand *c, int32_t plane, size_t vector, int32_t step)
{
  const rrn_xbar_layer *l = &c->run->g->layer;
  const int32_t slice = rrn_xbar_slice_of(l, plane);
  const int one = rrn_xbar_pairs_are_one(l);
  uint8_t rows[RRN_XBAR_SHORT_ROWS];
  size_t n = 0, k;
  double current, sides[2];

  for (k = 0; k < l->n_in; k++) {
    rows[n] = (uint8_t)k;
    n += c->run->x[k * c->run->x_row + vector] >> step & 1;
  }
  if (one) {
    rrn_xbar_sums_of_pair(l, slice, c->col, rows, n, sides);
    current = sides[0] - sides[1];
  } else {
    current = rrn_xbar_sum(l, slice, plane % l->n_sides, c->col, rows, n);
  }
  return (current - l->adc.lo[slice]) * rrn_xbar_codes_per_current(l, slice);
}

/* Read noise in codes. */
static double
noise_of(const rrn_xbar_short_at_hand *c, int32_t plane, size_t vector, int32_t step)
{
  const rrn_xbar_short_column *job = &c->job;
  const size_t n_in = c->run->g->layer.n_in;
  int32_t spread = 0;
  size_t k;

  for (k = 0; k < n_in; k++)
    spread += c->run->x[k * c->run->x_row + vector] >> step & 1 ? c->spreads[(size_t)plane * n_in + k] : 0;
  return rrn_xbar_short_noise(job->noise[plane], spread, &job->keys[plane * RRN_XBAR_SHORT_DRAWS + step / RRN_XBAR_DRAW_STEPS],
                              &job->names[vector], step) /
         (double)RRN_XBAR_ONE;
}

static int32_t
clip(const rrn_xbar_short_at_hand *c, double code, int *ret_low, int *ret_high)
{
  const double top = c->run->g->layer.adc.codes - 1;

  *ret_low = code < -0.5;
  *ret_high = code > top + 0.5;
  return (int32_t)round_even(code < 0 ? 0 : code > top ? top : code);
}

/* The code of a sum of cells, with noise; 0 when these cannot tell. */
static int
tells(const rrn_xbar_short_at_hand *c, int32_t plane, int64_t sum, double noise, double *ret_code)
{
  const rrn_xbar_layer *l = &c->run->g->layer;
  const int32_t slice = rrn_xbar_slice_of(l, plane);
  const double unit = (double)(1 << c->shift);

  *ret_code = (double)sum / unit - l->adc.lo[slice] * rrn_xbar_codes_per_current(l, slice) + noise;
  return rrn_xbar_magnitude(*ret_code - round_even(*ret_code)) <= 0.5 - c->run->s->unsure / unit - 1e-9;
}

/* The clipped code of a sum of cells, without read noise; -1 when these cannot tell. */
int32_t
rrn_xbar_short_convert_sum(void *user, int32_t plane, int32_t sum, int *ret_low, int *ret_high)
{
  const rrn_xbar_short_at_hand *c = user;
  double code;

  return tells(c, plane, sum, 0, &code) ? clip(c, code, ret_low, ret_high) : -1;
}

/* The code of a conversion, clipped. */
int32_t
rrn_xbar_short_convert_one(void *user, int32_t plane, size_t vector, int32_t step, int *ret_low, int *ret_high)
{
  const rrn_xbar_short_at_hand *c = user;
  const rrn_xbar_layer *l = &c->run->g->layer;
  const uint8_t *cells = c->cells + (size_t)plane * l->n_in * 3;
  const double noise = c->spreads ? noise_of(c, plane, vector, step) : 0;
  int64_t sum = 0;
  double code;
  size_t k;

  for (k = 0; k < l->n_in; k++) /* bits are random: no branches */
    sum += rrn_xbar_short_cell(cells + 3 * k) & -(c->run->x[k * c->run->x_row + vector] >> step & 1);
  if (!tells(c, plane, sum, noise, &code))
    code = reference_codes(c, plane, vector, step) + noise;
  return clip(c, code, ret_low, ret_high);
}

/* The same, clips counted. */
int32_t
rrn_xbar_short_settle(void *user, int32_t plane, size_t vector, int32_t step)
{
  const rrn_xbar_short_at_hand *c = user;
  int low, high;
  const int32_t code = rrn_xbar_short_convert_one(user, plane, vector, step, &low, &high);

  if (rrn_xbar_short_in_use(c->run->lanes, vector)) {
    c->run->stats->clipped_low += low;
    c->run->stats->clipped_high += high;
  }
  return code;
}
