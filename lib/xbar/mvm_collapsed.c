/* SPDX-License-Identifier: MIT */
/* Products whose conversions change nothing.
 *
 * In:  a layer without a converter, or with ideal cells and a converter that loses nothing.
 * Out: slices and steps added up to one matrix, and its products.
 *
 * Idea: a converter changes nothing when cells are ideal, its steps are a whole part of a digit, zero is a level and the
 * greatest sum is in range; then the sum over slices and steps is one product, of bytes or 16-bit integers where they
 * suffice, else of doubles.
 *
 * Complexity: out * in per vector. */
#include "xbar/mvm.h"

/* --- making --- */

static int32_t
nearest(double x)
{
  return (int32_t)(x < 0 ? x - 0.5 : x + 0.5);
}

/* Inputs of a column that are made at a time. */
enum { CHUNK = 128 };

/* The weights that all cells of n inputs of one output stand for. */
static void
weights_of(const rrn_xbar_layer *l, size_t col, size_t first, size_t n, double *ret_w)
{
  double digits[CHUNK];
  int32_t plane;
  size_t in;

  for (in = 0; in < n; in++)
    ret_w[in] = 0;
  for (plane = 0; plane < rrn_xbar_n_planes(l); plane++) {
    const double place = (double)(1 << (rrn_xbar_slice_of(l, plane) * l->spec.cell_bits));
    const int minus = l->n_sides == 2 && !rrn_xbar_pairs_are_one(l) && plane % 2 == 1;

    rrn_xbar_digits_of(l, plane, col, first, n, digits);
    for (in = 0; in < n; in++)
      ret_w[in] += (minus ? -place : place) * digits[in];
  }
}

/* What an offset adds to every weight of an output. */
static void
weights_of_offset(const rrn_xbar_layer *l, size_t col, size_t first, size_t n, double *ret_w)
{
  size_t in;

  if (l->spec.sign == RRN_XBAR_UNIT_COLUMN)
    weights_of(l, rrn_xbar_unit_column(l, col), first, n, ret_w);
  else
    for (in = 0; in < n; in++)
      ret_w[in] = l->spec.sign == RRN_XBAR_OFFSET ? (double)(1 << (l->spec.weight_bits - 1)) : 0;
}

static int
fits_16_bits(const rrn_xbar_layer *l)
{
  const double products =
    (double)l->n_in * (double)(1 << (l->spec.weight_bits - 1)) * (double)(1 << l->spec.input_bits);

  return l->ideal && l->spec.input_bits <= 15 && products < 0x1p31;
}

static int
fits_bytes(const rrn_xbar_layer *l)
{
  return fits_16_bits(l) && l->spec.weight_bits <= 8 && l->spec.input_bits <= 8;
}

static int32_t
make_room(rrn_arena *arena, const rrn_xbar_layer *l, rrn_xbar_kernel *k, rramnas_error *err)
{
  char *bytes = NULL;

  if (k->cpu >= RRN_XBAR_CPU_AVX512 && fits_bytes(l))
    bytes = rrn_arena_alloc_alone(arena, l->n_out * rrn_xbar_byte_rows(l->n_in) + 63, 1);
  else if (fits_16_bits(l))
    k->integers = rrn_arena_alloc_alone(arena, l->n_out * l->n_in + RRN_XBAR_DOT, sizeof(*k->integers));
  else
    k->effective = rrn_arena_alloc_alone(arena, l->n_out * l->n_in, sizeof(*k->effective));
  k->bytes = bytes ? (int8_t *)(bytes + (64 - (uintptr_t)bytes % 64) % 64) : NULL;
  return k->bytes || k->integers || k->effective ? RRAMNAS_OK : rrn_fail_memory(err);
}

static void
set_weight(rrn_xbar_kernel *k, size_t col, size_t in, double w)
{
  const size_t place = col * k->head.n_in + in;

  if (k->bytes)
    k->bytes[rrn_xbar_byte_place(k->head.n_in, k->head.n_out, col, in)] = (int8_t)nearest(w);
  else if (k->integers)
    k->integers[place] = (int16_t)nearest(w);
  else
    k->effective[place] = k->head.ideal ? (double)nearest(w) : w;
}

int32_t
rrn_xbar_collapsed_fill(rrn_arena *arena, const rrn_xbar_layer *l, rrn_xbar_kernel *k, rramnas_error *err)
{
  double weights[CHUNK], offset[CHUNK];
  size_t first, col, in;

  RRN_TRY(make_room(arena, l, k, err));
  for (first = 0; first < l->n_in; first += CHUNK) {
    const size_t n = l->n_in - first < CHUNK ? l->n_in - first : CHUNK;

    for (col = 0; col < l->n_out; col++) {
      if (col % l->spec.unit_outputs == 0)
        weights_of_offset(l, col, first, n, offset);
      weights_of(l, col, first, n, weights);
      for (in = 0; in < n; in++)
        set_weight(k, col, first + in, weights[in] - offset[in]);
    }
  }
  return RRAMNAS_OK;
}

static int
is_whole(double x)
{
  const double magic = 0x1.8p52, near = (x + magic) - magic;

  return rrn_xbar_magnitude(x - near) <= 1e-9 * (rrn_xbar_magnitude(x) + 1);
}

/* Does the converter of a slice give every sum of ideal cells as it is? */
static int
is_lossless(const rrn_xbar_layer *l, int32_t slice, double greatest)
{
  const double digit = (1 - l->spec.g_off) / ((double)rrn_xbar_max_digit(l) * rrn_xbar_max_step(l));
  const double lo = l->adc.lo[slice], hi = l->adc.hi[slice], q = (l->adc.codes - 1) / (hi - lo);
  const double most = greatest * rrn_xbar_max_step(l) * digit;
  const int has_pedestal = !rrn_xbar_pairs_are_one(l) && l->spec.g_off > 0;

  return !has_pedestal && is_whole(digit * q) && is_whole(lo * q) && digit * q > 0.5 && most <= hi * (1 + 1e-12) &&
         (rrn_xbar_pairs_are_one(l) ? -most >= lo * (1 + 1e-12) : lo <= 0);
}

/* The greatest sum of digits of a column in a pass. */
static double
greatest_sum(const rrn_xbar_layer *l)
{
  const int one = rrn_xbar_pairs_are_one(l);
  int64_t greatest = 0, sum = 0;
  int32_t plane;
  size_t col, in, end;

  for (plane = 0; plane < rrn_xbar_n_planes(l); plane++)
    for (col = 0; col < l->cols; col++)
      for (in = end = 0; in < l->n_in; in++) {
        const int32_t slice = rrn_xbar_slice_of(l, plane);

        if (in == end) {
          end = rrn_xbar_pass_end(l, in);
          sum = 0;
        }
        sum += one ? rrn_xbar_digit(l, slice, 0, col, in) + rrn_xbar_digit(l, slice, 1, col, in)
                   : rrn_xbar_digit(l, slice, plane % l->n_sides, col, in);
        greatest = sum > greatest ? sum : greatest;
      }
  return (double)greatest;
}

int
rrn_xbar_collapses(const rrn_xbar_layer *l)
{
  double greatest;
  int32_t slice;

  if (l->adc.codes == 0)
    return 1;
  if (!l->ideal || l->read_model != RRN_READ_NONE || l->converters)
    return 0;
  greatest = greatest_sum(l);
  for (slice = 0; slice < l->n_slices; slice++)
    if (!is_lossless(l, slice, greatest))
      return 0;
  return 1;
}

/* --- running --- */

static int32_t
dot(enum rrn_xbar_cpu cpu, const int16_t *a, const int16_t *b, size_t n)
{
  return cpu >= RRN_XBAR_CPU_AVX512 ? rrn_xbar_dot_avx512(a, b, n)
       : cpu == RRN_XBAR_CPU_AVX2   ? rrn_xbar_dot_avx2(a, b, n)
                                    : rrn_xbar_dot_plain(a, b, n);
}

static double
dot_effective(const double *a, const int32_t *x, size_t n)
{
  double sum = 0;
  size_t k;

  for (k = 0; k < n; k++)
    sum += a[k] * x[k];
  return sum;
}

int32_t
rrn_xbar_collapsed_run(rrn_arena *scratch, const rrn_xbar_kernel *k, const int32_t *x, size_t batch, double *ret_y,
                       rramnas_error *err)
{
  const rrn_xbar_layer *l = &k->head;
  const size_t n_dot = (l->n_in + RRN_XBAR_DOT - 1) / RRN_XBAR_DOT * RRN_XBAR_DOT;
  int16_t *row = rrn_arena_alloc(scratch, n_dot, sizeof(*row)); /* 0 where weights of the next column are read */
  uint8_t *bytes = k->bytes ? rrn_arena_alloc(scratch, batch, rrn_xbar_byte_rows(l->n_in)) : NULL;
  size_t b, col, in;

  if (!row || (k->bytes && !bytes))
    return rrn_fail_memory(err);
  if (k->bytes) {
    rrn_xbar_bytes_avx512(k, x, batch, bytes, ret_y);
    return RRAMNAS_OK;
  }
  for (b = 0; b < batch; b++) {
    for (in = 0; k->integers && in < l->n_in; in++)
      row[in] = (int16_t)x[b * l->n_in + in];
    for (col = 0; col < l->n_out; col++)
      ret_y[b * l->n_out + col] =
        k->integers ? (double)dot(k->cpu, k->integers + col * l->n_in, row, n_dot)
                    : dot_effective(k->effective + col * l->n_in, x + b * l->n_in, l->n_in);
  }
  return RRAMNAS_OK;
}
