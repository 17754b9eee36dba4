/* SPDX-License-Identifier: MIT */
/* Converters with errors: mismatch of their units, offset of their comparators.
 *
 * In:  kind and spreads of a chip's converters, where a layer's columns lie, the layer's name.
 * Out: for each converter what its units are; its code for any current, and how far the next border is.
 *
 * Idea: all is in codes, so that the border below code c should be at c - 1/2. A converter is drawn once per chip.
 *   sar    bit i is a capacitor of 2^i units, which has unit_sigma / sqrt(2^i) of its size; the bits' shares of all
 *          capacitors (with one unit more that ends the array) are what they add. From the highest bit down a bit is
 *          kept when its share does not exceed what is left of the current plus half a code plus the offset. The code
 *          grows with the current also where shares are so wrong that codes are missing.
 *          split: the lower half of the bits sits behind a capacitor of 2^n / (2^n - 1) units, so no capacitor is
 *          greater than 2^(bits / 2 - 1) units: less area, more mismatch. With C_H, C_L the sums of both halves and r
 *          = C_b / (C_L + C_b), a capacitor of the upper half adds C / (C_H + r C_L) and one of the lower r times that.
 *   ramp   the array has one ramp whose steps have unit_sigma; both ends are right. The code is the number of levels
 *          that it passed below the current plus the offset of the column's comparator.
 *   flash  the levels of such a ladder, each with a comparator of its own; the code is how many of them are below.
 * A converter reads the columns that adc.per_subarray and adc.mux give it, and has the same errors in all of them.
 *
 * Complexity: bits numbers for a sar, 2^bits for a ramp or flash; a conversion takes bits comparisons. Source: the
 * models of CrossSim 3.2 (SarADC, RampADC; Spear et al., 2023). Deviations: a SAR core there has the same
 * mismatch in all its converters; here each has its own. Its ramp is made by capacitors, ours of equal steps; gain
 * errors of an amplifier are not modelled. Not handled: noise of the comparator, codes that depend on the last. */
#include "xbar/converter.h"

#include <stdlib.h>

#include "util/ckd.h"
#include "xbar/noise.h"

/* Streams of the circuit, besides the faults of cells: `step` of their name. */
enum { OF_UNITS = 1, OF_COMPARATORS = 2 };

/* What is drawn of a layer. */
typedef struct drawing {
  const rrn_xbar_converter_spec *spec;
  const rrn_xbar_id *id;
  rrn_xbar_converters *c;
  double *units, *offset;
} drawing;

/* A capacitor of `size` units, or a step of one; never nothing. */
static double
unit(const drawing *d, size_t owner, size_t number, double size)
{
  const double xi = rrn_xbar_normal(d->id, RRN_XBAR_FAULT, (uint32_t)owner, (uint32_t)number, OF_UNITS);
  const double value = size + d->spec->unit_sigma * __builtin_sqrt(size) * xi;

  return value > 0.01 * size ? value : 0.01 * size;
}

static double
comparator(const drawing *d, size_t owner, size_t number)
{
  return d->spec->offset_sigma * (d->c->codes - 1) *
         rrn_xbar_normal(d->id, RRN_XBAR_FAULT, (uint32_t)owner, (uint32_t)number, OF_COMPARATORS);
}

/* Capacitors of the bits [first, end), and their sum. */
static double
draw_capacitors(const drawing *d, size_t q, int32_t first, int32_t end, double *ret_units)
{
  double sum = 0;
  int32_t i;

  for (i = first; i < end; i++) {
    ret_units[i] = unit(d, q, (size_t)i, (double)(1 << (i - first)));
    sum += ret_units[i];
  }
  return sum;
}

static void
draw_sar(drawing *d, size_t q)
{
  const int32_t bits = d->c->bits, low = d->spec->split ? bits / 2 : 0;
  double *shares = d->units + q * (size_t)bits;
  const double in_low = draw_capacitors(d, q, 0, low, shares), in_high = draw_capacitors(d, q, low, bits, shares);
  const double end = unit(d, q, (size_t)bits, 1);
  const double size = (double)(1 << low) / ((double)(1 << low) - 1);
  const double bridge = low > 0 ? unit(d, q, (size_t)bits + 1, size) : 0;
  const double through = low > 0 ? bridge / (in_low + end + bridge) : 1;
  const double all = in_high + through * (in_low + end);
  int32_t i;

  for (i = 0; i < bits; i++)
    shares[i] *= (i < low ? through : 1) * (double)(1 << bits) / all;
  d->offset[q] = comparator(d, q, 0);
}

/* Borders below codes 1, 2 ... of equal steps that spread. */
static void
draw_levels(const drawing *d, size_t owner, double *ret_borders)
{
  const int32_t last = d->c->codes - 1;
  double sum = 0;
  int32_t k;

  for (k = 0; k < last; k++) {
    sum += unit(d, owner, (size_t)k, 1);
    ret_borders[k] = sum;
  }
  for (k = 0; k < last; k++)
    ret_borders[k] = ret_borders[k] / sum * last - 0.5;
}

static size_t
ladder_of(const rrn_xbar_converters *c, size_t q)
{
  return c->spec.kind == RRN_ADC_FLASH ? q : q / c->per_crossbar;
}

/* All converters of a crossbar have its ramp. */
static void
draw_ramp(drawing *d, size_t q)
{
  const size_t borders = (size_t)d->c->codes - 1, crossbar = ladder_of(d->c, q);

  if (q % d->c->per_crossbar == 0)
    draw_levels(d, crossbar, d->units + crossbar * borders);
  d->offset[q] = comparator(d, q, 0);
}

static int
by_value(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

/* How many comparators fire does not depend on their order. */
static void
draw_flash(drawing *d, size_t q)
{
  const size_t n = (size_t)d->c->codes - 1;
  double *borders = d->units + q * n;
  size_t k;

  draw_levels(d, q, borders);
  for (k = 0; k < n; k++)
    borders[k] -= comparator(d, q, k);
  qsort(borders, n, sizeof(*borders), by_value);
}

static int32_t
make_room(rrn_arena *arena, drawing *d, size_t n, rramnas_error *err)
{
  const size_t each = d->spec->kind == RRN_ADC_SAR ? (size_t)d->c->bits : (size_t)d->c->codes - 1;
  const size_t owners = d->spec->kind == RRN_ADC_RAMP ? n / d->c->per_crossbar : n;
  size_t units;

  if (ckd_mul(&units, owners, each))
    return rrn_fail_memory(err);
  d->c->units = d->units = rrn_arena_alloc(arena, units, sizeof(*d->units));
  d->c->offset = d->offset = rrn_arena_alloc(arena, n, sizeof(*d->offset));
  return d->units && d->offset ? RRAMNAS_OK : rrn_fail_memory(err);
}

static size_t
smaller(size_t a, size_t b)
{
  return a < b ? a : b;
}

static int32_t
bits_of(int32_t codes)
{
  int32_t bits = 0;

  for (; (codes - 1) >> bits; bits++)
    ;
  return bits;
}

/* Conversions of a crossbar in a step. */
static size_t
conversions_of(const rrn_xbar_converters *c)
{
  return c->spec.layout.side_by_side ? c->weights * c->n_planes : c->weights;
}

/* Everything but what is drawn. */
static rrn_xbar_converters
shape_of(const rrn_xbar_layer *l, const rrn_xbar_converter_spec *s)
{
  const int pairs_are_one = l->n_sides == 2 && !l->spec.subtract_digitally;
  rrn_xbar_converters c = { .spec = *s, .codes = l->adc.codes, .bits = bits_of(l->adc.codes),
    .n_planes = (size_t)(l->n_slices * (pairs_are_one ? 1 : l->n_sides)),
    .n_out = l->n_out, .outputs = rrn_xbar_outputs_of_crossbar(&s->layout, l),
    .weights = rrn_xbar_weights_of_crossbar(&s->layout, l) };
  const size_t least = c.outputs + (l->spec.sign == RRN_XBAR_UNIT_COLUMN); /* published cuts are wider than a crossbar */

  c.weights = c.weights < least ? least : c.weights;
  c.crossbars = (l->n_out + c.outputs - 1) / c.outputs * (s->layout.side_by_side ? 1 : c.n_planes);
  c.per_crossbar = smaller((size_t)s->per_crossbar, conversions_of(&c));
  return c;
}

int32_t
rrn_xbar_converters_draw(rrn_arena *arena, rrn_xbar_layer *l, const rrn_xbar_converter_spec *s, rramnas_error *err)
{
  const size_t rows = (size_t)l->spec.rows, tiles = (l->n_in + rows - 1) / rows;
  rrn_xbar_converters *c;
  drawing d = { .spec = s, .id = &l->id };
  size_t n, q;

  l->converters = NULL;
  if (l->adc.codes == 0 || (s->unit_sigma == 0 && s->offset_sigma == 0))
    return RRAMNAS_OK;
  c = rrn_arena_alloc(arena, 1, sizeof(*c));
  if (!c)
    return rrn_fail_memory(err);
  *c = shape_of(l, s);
  d.c = c;
  RRN_FAIL_IF(ckd_mul(&n, tiles, c->crossbars) || ckd_mul(&n, n, c->per_crossbar) || n > UINT32_MAX, err,
              RRAMNAS_ERR_LIMIT, "a layer has more than 2^32 converters");
  RRN_TRY(make_room(arena, &d, n, err));
  for (q = 0; q < n; q++)
    if (s->kind == RRN_ADC_SAR)
      draw_sar(&d, q);
    else if (s->kind == RRN_ADC_RAMP)
      draw_ramp(&d, q);
    else
      draw_flash(&d, q);
  l->converters = c;
  return RRAMNAS_OK;
}

size_t
rrn_xbar_converter_of(const rrn_xbar_converters *c, size_t tile, int32_t plane, size_t col)
{
  const size_t block = (conversions_of(c) + c->per_crossbar - 1) / c->per_crossbar;
  const int is_unit = col >= c->n_out;
  size_t crossbar = is_unit ? col - c->n_out : col / c->outputs, k = is_unit ? c->weights - 1 : col % c->outputs;

  if (c->spec.layout.side_by_side)
    k = k * c->n_planes + (size_t)plane;
  else
    crossbar = crossbar * c->n_planes + (size_t)plane;
  return (tile * c->crossbars + crossbar) * c->per_crossbar + (c->spec.block ? k / block : k % c->per_crossbar);
}

/* Currents beside each other: several vectors that every processor has, so that one waits for the other's result. */
enum { WIDTH = 2, VECTORS = 4, LANES = WIDTH * VECTORS };
typedef double reals __attribute__((vector_size(WIDTH * 8)));
typedef int64_t masks __attribute__((vector_size(WIDTH * 8)));

/* What decides on a bit is how far the current is from what is kept with its share: `rest`. */
static void
codes_of_sar(const double *shares, int32_t bits, reals left[VECTORS], masks ret_code[VECTORS],
             reals ret_distance[VECTORS])
{
  const masks magnitude_bits = (masks){ 0 } + INT64_MAX;
  int32_t i, k;

  for (k = 0; k < VECTORS; k++) {
    ret_code[k] = (masks){ 0 };
    ret_distance[k] = (reals){ 0 } + 1e300;
  }
  for (i = bits; i-- > 0;) {
    const reals share = (reals){ 0 } + shares[i];
    const masks bit = (masks){ 0 } + (INT64_C(1) << i);

#pragma GCC unroll 4
    for (k = 0; k < VECTORS; k++) {
      const reals rest = left[k] - share, distance = (reals)((masks)rest & magnitude_bits);
      const masks is_kept = rest >= (reals){ 0 }, is_nearer = distance < ret_distance[k];

      ret_distance[k] = (reals)(((masks)distance & is_nearer) | ((masks)ret_distance[k] & ~is_nearer));
      ret_code[k] |= is_kept & bit;
      left[k] = (reals)(((masks)rest & is_kept) | ((masks)left[k] & ~is_kept));
    }
  }
}

/* Borders that do not exceed the current: from the nearest code, which is hardly ever far. */
static int32_t
code_of_levels(const double *borders, int32_t n, double current, double *ret_distance)
{
  int32_t code = current < 0 ? 0 : current > n ? n : (int32_t)(current + 0.5);
  double above, below;

  for (; code < n && borders[code] <= current; code++)
    ;
  for (; code > 0 && borders[code - 1] > current; code--)
    ;
  above = code < n ? borders[code] - current : 1e300;
  below = code > 0 ? current - borders[code - 1] : 1e300;
  *ret_distance = above < below ? above : below;
  return code;
}

static void
codes_by_sar(const rrn_xbar_converters *c, size_t q, const double *current, size_t n, int32_t *ret_code,
             double *ret_distance)
{
  size_t first, k;

  for (first = 0; first < n; first += LANES) {
    const size_t count = smaller(n - first, LANES);
    reals in[VECTORS] = { { 0 } }, distance[VECTORS];
    masks code[VECTORS];

    for (k = 0; k < count; k++)
      in[k / WIDTH][k % WIDTH] = current[first + k] + (c->offset[q] + 0.5);
    codes_of_sar(c->units + q * (size_t)c->bits, c->bits, in, code, distance);
    for (k = 0; k < count; k++) {
      const int32_t found = (int32_t)code[k / WIDTH][k % WIDTH];

      ret_code[first + k] = found < c->codes ? found : c->codes - 1;
      ret_distance[first + k] = distance[k / WIDTH][k % WIDTH];
    }
  }
}

void
rrn_xbar_converter_codes(const rrn_xbar_converters *c, size_t q, const double *current, size_t n, int32_t *ret_code,
                         double *ret_distance)
{
  const double *borders = c->units + ladder_of(c, q) * ((size_t)c->codes - 1);
  size_t k;

  if (c->spec.kind == RRN_ADC_SAR)
    codes_by_sar(c, q, current, n, ret_code, ret_distance);
  else
    for (k = 0; k < n; k++)
      ret_code[k] = code_of_levels(borders, c->codes - 1, current[k] + c->offset[q], &ret_distance[k]);
}

/* Bits that are kept add up to no more than the current, and are the greatest such code: so a code is reached by the
 * least sum of its own bits and those of all above. */
static void
borders_of_sar(const rrn_xbar_converters *c, size_t q, double *ret_borders)
{
  const double *shares = c->units + q * (size_t)c->bits;
  const int32_t n = 1 << c->bits;
  int32_t code, i;

  for (i = 0; i < c->bits; i++) {
    ret_borders[(1 << i) - 1] = shares[i];
    for (code = 1; code < 1 << i; code++)
      ret_borders[(1 << i) + code - 1] = shares[i] + ret_borders[code - 1];
  }
  for (code = n - 2; code-- > 0;)
    ret_borders[code] = ret_borders[code] < ret_borders[code + 1] ? ret_borders[code] : ret_borders[code + 1];
  for (code = 0; code < n - 1; code++)
    ret_borders[code] -= c->offset[q] + 0.5;
}

void
rrn_xbar_converter_borders(const rrn_xbar_converters *c, size_t q, double *ret_borders)
{
  const double *levels = c->units + ladder_of(c, q) * ((size_t)c->codes - 1);
  int32_t code;

  if (c->spec.kind == RRN_ADC_SAR)
    borders_of_sar(c, q, ret_borders);
  for (code = 0; c->spec.kind != RRN_ADC_SAR && code < c->codes - 1; code++)
    ret_borders[code] = levels[code] - c->offset[q];
}

rrn_xbar_converter_spec
rrn_xbar_converter_spec_of(const rramnas_hw *hw)
{
  return (rrn_xbar_converter_spec){ .kind = hw->v.adc.kind, .split = hw->v.adc.capacitors == RRN_CAPACITORS_SPLIT,
    .unit_sigma = hw->v.adc.unit_sigma, .offset_sigma = hw->v.adc.offset_sigma,
    .per_crossbar = hw->v.adc.per_subarray, .block = hw->v.adc.mux == RRN_ADC_MUX_BLOCK,
    .layout = rrn_xbar_layout_of(hw) };
}
