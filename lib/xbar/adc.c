/* SPDX-License-Identifier: MIT */
/* Ranges of converters: what a column can give at most, one digit per step, or what a sample gives.
 *
 * In:  a programmed layer, the bits of its converters; for calibration inputs of a sample.
 * Out: lowest and highest current of each slice's converter.
 *
 * Idea: where pairs are subtracted before the converter currents have both signs, and an odd number of levels puts one
 * at zero. Calibration counts for each slice the currents in the octaves [2^-k-1, 2^-k) of the greatest one, from a
 * histogram of exponents: no current has to be kept. Where digits tell the octaves they are found without currents
 * (octaves.c).
 *
 * Complexity: calibration is one reference product of the sample. Source: the ranges that CrossSim 3.2 calls max,
 * granular and calibrated. Deviations: max is exactly the rows that are driven at once; granular is exactly one digit. */
#include "xbar/adc.h"

#include <math.h>
#include <string.h>

/* A current in the last octave is none: no cell makes so little of it, only sums whose parts cancel. */
enum { OCTAVES = RRN_XBAR_OCTAVES };

typedef struct histogram {
  double greatest;
  int64_t n[RRN_XBAR_MAX_SLICES], within[RRN_XBAR_MAX_SLICES][OCTAVES];
} histogram;

static int
is_signed(const rrn_xbar_layer *l)
{
  return l->n_sides == 2 && !l->spec.subtract_digitally;
}

static double
greatest_current(const rrn_xbar_layer *l)
{
  return (double)rrn_xbar_driven(l);
}

static int32_t
set_codes(rrn_xbar_layer *l, int32_t bits, rramnas_error *err)
{
  RRN_FAIL_IF(bits < 1 + is_signed(l) || bits > 16, err, RRAMNAS_ERR_ARGUMENT,
              "a converter has %d bits, expected %d..16", bits, 1 + is_signed(l));
  l->adc.codes = (1 << bits) - is_signed(l);
  return RRAMNAS_OK;
}

static void
set_range(rrn_xbar_layer *l, int32_t slice, double hi)
{
  l->adc.lo[slice] = is_signed(l) ? -hi : 0;
  l->adc.hi[slice] = hi;
}

/* Current of one digit at one step. */
static double
current_of_digit(const rrn_xbar_layer *l)
{
  return (1 - l->spec.g_off) / ((double)rrn_xbar_max_digit(l) * rrn_xbar_max_step(l));
}

/* Pairs that are subtracted before the converter leave whole digits. Where a column is read alone, what cells that are
 * off add to them is rounded away: without a trace where all of it is less than half a digit and what it is compared with
 * (a pair's other side, a unit column) loses as much, but an offset is subtracted as a number. */
int
rrn_xbar_adc_keeps_digits(const rrn_xbar_layer *l)
{
  return is_signed(l) || l->spec.g_off == 0 ||
         (l->spec.sign != RRN_XBAR_OFFSET && greatest_current(l) * l->spec.g_off < 0.5 * current_of_digit(l));
}

int32_t
rrn_xbar_adc_set(rrn_xbar_layer *l, int32_t bits, int32_t range, rramnas_error *err)
{
  const double digit = current_of_digit(l);
  int32_t slice, above_zero;

  RRN_TRY(set_codes(l, bits, err));
  above_zero = is_signed(l) ? (l->adc.codes - 1) / 2 : l->adc.codes - 1;
  for (slice = 0; slice < l->n_slices; slice++)
    set_range(l, slice, range == RRN_XBAR_RANGE_MAX ? greatest_current(l) : digit * above_zero);
  return RRAMNAS_OK;
}

/* Octaves below the greatest current, the last one for all that is smaller. Of positive numbers the order of the bits is
 * that of the numbers, and 2^52 bits apart is a factor of two. */
static int
octave_of(double greatest, double current)
{
  uint64_t top, bits;

  memcpy(&top, &greatest, sizeof(top));
  memcpy(&bits, &current, sizeof(bits));
  bits &= UINT64_MAX >> 1;
  return bits >= top ? 0 : top - bits >= (uint64_t)OCTAVES << 52 ? OCTAVES - 1 : (int)((top - bits) >> 52);
}

static void
count(void *user, int32_t slice, const double *currents, size_t n)
{
  histogram *h = user;
  size_t i;

  for (i = 0; i < n; i++)
    h->within[slice][octave_of(h->greatest, currents[i])]++;
  h->n[slice] += (int64_t)n;
}

/* The least range beyond which at most (1 - fraction) of the currents lie; of those that are some, where the others
 * alone make up the fraction. */
static int32_t
range_of(const histogram *h, int32_t slice, double fraction)
{
  const int64_t some = h->n[slice] - h->within[slice][OCTAVES - 1];
  double allowed = (1 - fraction) * (double)h->n[slice];
  int64_t beyond = 0;
  int32_t octave;

  if ((double)some <= allowed)
    allowed = (1 - fraction) * (double)some;
  for (octave = 0; octave < OCTAVES - 1; octave++) {
    beyond += h->within[slice][octave];
    if ((double)beyond > allowed)
      return octave;
  }
  return 0; /* no current at all */
}

int32_t
rrn_xbar_octaves_of_currents(rrn_arena *scratch, const rrn_xbar_layer *l, const int32_t *x, size_t batch,
                             double fraction, int32_t *ret_octaves, rramnas_error *err)
{
  const rrn_xbar_adc none = { 0 };
  rrn_xbar_layer probe = *l;
  histogram h;
  int32_t slice;

  memset(&h, 0, sizeof(h));
  h.greatest = greatest_current(l);
  probe.adc = none;
  RRN_TRY(rrn_xbar_visit_currents(scratch, &probe, x, batch, count, &h, err));
  for (slice = 0; slice < l->n_slices; slice++)
    ret_octaves[slice] = range_of(&h, slice, fraction);
  return RRAMNAS_OK;
}

static int32_t
find_octaves(rrn_arena *scratch, const rrn_xbar_layer *l, const int32_t *x, size_t batch, double fraction,
             int32_t *ret_octaves, rramnas_error *err)
{
  int known = 0;

  RRN_TRY(rrn_xbar_octaves_of_digits(scratch, l, x, batch, fraction, ret_octaves, &known, err));
  return known ? RRAMNAS_OK : rrn_xbar_octaves_of_currents(scratch, l, x, batch, fraction, ret_octaves, err);
}

int32_t
rrn_xbar_adc_calibrate(rrn_arena *scratch, rrn_xbar_layer *l, int32_t bits, const int32_t *x, size_t batch,
                       double fraction, rramnas_error *err)
{
  int32_t slice, octaves[RRN_XBAR_MAX_SLICES] = { 0 };
  rrn_xbar_layer probe = *l;

  RRN_FAIL_IF(!(fraction > 0 && fraction <= 1), err, RRAMNAS_ERR_ARGUMENT,
              "the fraction of currents within the range is not in 0..1");
  RRN_TRY(set_codes(&probe, bits, err));
  RRN_TRY(find_octaves(scratch, l, x, batch, fraction, octaves, err));
  RRN_TRY(set_codes(l, bits, err));
  for (slice = 0; slice < l->n_slices; slice++)
    set_range(l, slice, ldexp(greatest_current(l), -octaves[slice]));
  return RRAMNAS_OK;
}
