/* SPDX-License-Identifier: MIT */
/* Cells of short arrays are made: the loops over the inputs of a column's planes.
 *
 * In:  a column's weights and the deviates of its cells, or its codes.
 * Out: codes as noise.c's conductances give them, bit for bit; the nearest cells, and what these are off.
 *
 * Idea: eight inputs at a time. The same body is compiled for plain C and AVX2; mvm_short_codes_avx512.c has another. Each
 * operation is rounded as it is in noise.c, and sums are of eight columns of numbers on every machine, so all have the same
 * bytes.
 *
 * Complexity: some three operations per cell by registers of eight. Not handled: other models of writing, drift, faults and
 * read noise, whose conductances noise.c makes one by one. */
#include <string.h>

#include "xbar/mvm_short.h"

enum { EIGHT = RRN_XBAR_SHORT_EIGHT };

/* Where they lie in memory they are aligned as their elements. */
typedef double eight __attribute__((vector_size(8 * EIGHT)));
typedef double near_eight __attribute__((vector_size(8 * EIGHT), aligned(8), may_alias));
typedef float near_floats __attribute__((vector_size(4 * EIGHT), aligned(4), may_alias));
typedef int64_t masks __attribute__((vector_size(8 * EIGHT)));
typedef int32_t whole __attribute__((vector_size(4 * EIGHT)));
typedef int32_t near_whole __attribute__((vector_size(4 * EIGHT), aligned(4), may_alias));

#define INLINE static inline __attribute__((always_inline))
#define POSITIVE(x) ((eight)((masks)(x) & ((x) > 0)))
#define GREATER(a, b) ((eight)(((masks)(a) & ((a) > (b))) | ((masks)(b) & ~((a) > (b)))))

INLINE double
sum_of(const eight *x)
{
  return (((*x)[0] + (*x)[1]) + ((*x)[2] + (*x)[3])) + (((*x)[4] + (*x)[5]) + ((*x)[6] + (*x)[7]));
}

/* Eight conductances as written. `sign`: of the weights in these cells. */
INLINE void
write_eight(const rrn_xbar_short_writing *w, int32_t slice, int32_t sign, const int32_t *weights, const float *xi,
            eight *ret_g)
{
  const eight deviates = __builtin_convertvector(*(const near_floats *)xi, eight);
  whole held = *(const near_whole *)weights * sign + w->add;
  eight target, g;

  held = (held & (held > 0)) >> (slice * w->cell_bits) & w->mask;
  target = w->g_off + w->unit * __builtin_convertvector(held, eight);
  if (w->is_relative)
    g = target * (1 + w->sigma * deviates);
  else
    g = target + w->sigma * deviates;
  *ret_g = POSITIVE(g);
}

/* A plane: a side of a slice, or where `paired` a side less the other. */
INLINE void
fill_plane(const rrn_xbar_short_writing *w, int32_t slice, int32_t side, const int32_t *weights, const float *xi,
           double *ret_codes)
{
  const masks lanes = { 0, 1, 2, 3, 4, 5, 6, 7 };
  const int32_t sign = side == 0 ? 1 : -1;
  size_t k;

  for (k = 0; k < w->n; k += EIGHT) {
    eight x, minus;

    write_eight(w, slice, sign, weights + k, xi + k, &x);
    if (w->paired) {
      write_eight(w, slice, -sign, weights + k, xi + w->n + k, &minus);
      x -= minus;
    }
    *(near_eight *)(ret_codes + k) = (eight)((masks)(x * w->per_current[slice]) & (lanes < (int64_t)(w->n - k)));
  }
}

INLINE void
fill_codes(const rrn_xbar_short_writing *w, double *ret_codes)
{
  const int32_t per_slice = w->paired ? 1 : w->n_sides;
  int32_t weights[RRN_XBAR_SHORT_ROWS + EIGHT] = { 0 }, slice, side;
  const float *xi = w->xi;

  memcpy(weights, w->weights, w->n * sizeof(*weights));
  for (slice = w->first; slice < w->end; slice++)
    for (side = 0; side < per_slice; side++, ret_codes += w->stride, xi += (w->paired ? 2 : 1) * w->n)
      fill_plane(w, slice, side, weights, xi, ret_codes);
}

INLINE double
add_bounds(const double *codes, size_t n_planes, size_t n, rrn_xbar_short_bounds *ret)
{
  eight greatest = { 0 };
  double most;
  size_t plane, k;

  for (plane = 0; plane < n_planes; plane++) {
    eight low = { 0 }, high = { 0 };

    for (k = 0; k < n; k += EIGHT, codes += EIGHT) {
      eight x = *(const near_eight *)codes, above = POSITIVE(x);

      x -= above;
      high += above;
      low += x;
      above -= x;
      greatest = GREATER(above, greatest);
    }
    ret->low[plane] = sum_of(&low);
    ret->high[plane] = sum_of(&high);
  }
  for (most = greatest[0], k = 1; k < EIGHT; k++)
    most = greatest[k] > most ? greatest[k] : most;
  return most;
}

static void
store(const eight *cells, size_t n, uint8_t *to)
{
  size_t k;

  for (k = 0; k < n; k++, to += 3) {
    const uint32_t cell = (uint32_t)(int32_t)(*cells)[k];

    to[0] = (uint8_t)cell;
    to[1] = (uint8_t)(cell >> 8);
    to[2] = (uint8_t)(cell >> 16);
  }
}

/* The bits of the record in a plane's first cells. */
static void
take_bits(const rrn_xbar_short_rounding *r, size_t plane, eight *ret_bits)
{
  size_t k, at;

  *ret_bits = (eight){ 0 };
  for (k = 0; k < EIGHT && k < r->n; k++) {
    uint32_t bits = 0, bit = 1;

    for (at = plane * r->n + k; at < RRN_XBAR_SHORT_RECORD; at += r->n * r->n_planes, bit *= 2)
      bits += (r->record >> at & 1) * bit;
    (*ret_bits)[k] = bits;
  }
}

/* A plane's cells; the greater of the sums of what they are above and below. */
INLINE double
round_plane(const rrn_xbar_short_rounding *r, size_t plane, const double *codes, uint8_t *to)
{
  const double magic = 0x1.8p52;
  eight low = { 0 }, high = { 0 };
  double down, up;
  size_t k;

  for (k = 0; k < r->n; k += EIGHT) {
    eight x = *(const near_eight *)(codes + k) * r->unit, nearest, above, bits;

    if (k == 0 && plane < r->n_marks) {
      take_bits(r, plane, &bits);
      nearest = ((x - bits) * *(const near_eight *)r->marks[plane].inverse + magic) - magic;
      nearest = bits + *(const near_eight *)r->marks[plane].step * nearest;
    } else
      nearest = (x + magic) - magic;
    store(&nearest, r->n - k < EIGHT ? r->n - k : EIGHT, to + 3 * k);
    x -= nearest;
    above = POSITIVE(x);
    high += above;
    low += above - x;
  }
  down = sum_of(&low);
  up = sum_of(&high);
  return down > up ? down : up;
}

INLINE double
round_codes(const rrn_xbar_short_rounding *r, const double *codes, uint8_t *to)
{
  double most = 0;
  size_t plane;

  for (plane = 0; plane < r->n_planes; plane++) {
    const double off = round_plane(r, plane, codes + plane * r->stride, to + 3 * plane * r->n);

    most = off > most ? off : most;
  }
  return most;
}

/* The loops compiled with `target`. */
#define LOOPS(name, target) \
  target static void \
  codes_##name(const rrn_xbar_short_writing *w, double *ret_codes) \
  { \
    fill_codes(w, ret_codes); \
  } \
\
  target static double \
  bounds_##name(const double *codes, size_t n_planes, size_t n, rrn_xbar_short_bounds *ret) \
  { \
    return add_bounds(codes, n_planes, n, ret); \
  } \
\
  target static double \
  cells_##name(const rrn_xbar_short_rounding *r, const double *codes, uint8_t *to) \
  { \
    return round_codes(r, codes, to); \
  } \
\
  static const rrn_xbar_short_loops loops_##name = { codes_##name, bounds_##name, cells_##name };

LOOPS(plain, )

#if defined(__x86_64__)
LOOPS(avx2, __attribute__((target("avx2"))))

const rrn_xbar_short_loops *
rrn_xbar_short_loops_of(enum rrn_xbar_cpu cpu)
{
  return cpu >= RRN_XBAR_CPU_AVX512 ? &rrn_xbar_short_loops_avx512
         : cpu == RRN_XBAR_CPU_AVX2 ? &loops_avx2
                                    : &loops_plain;
}
#else
const rrn_xbar_short_loops *
rrn_xbar_short_loops_of(enum rrn_xbar_cpu cpu)
{
  (void)cpu;
  return &loops_plain;
}
#endif
