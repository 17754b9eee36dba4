/* SPDX-License-Identifier: MIT */
/* Cells of short arrays are made: the loops of mvm_short_codes.c with AVX-512.
 *
 * In:  a column's weights and the deviates of its cells, or its codes.
 * Out: the same codes, bounds and cells.
 *
 * Idea: of the two cells of a pair one holds the magnitude of the weight and the other nothing, so one look at the digits is
 * enough for both. Sums over the inputs are made for four planes side by side. A number with 1.5 * 2^52 added has the cell in
 * its lowest bytes, which a permutation puts together.
 *
 * Complexity: as there. */
#include "xbar/mvm_short.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")))
#define INLINE TARGET static inline __attribute__((always_inline))

enum { EIGHT = RRN_XBAR_SHORT_EIGHT, PLANES = RRN_XBAR_SHORT_TOGETHER };

/* Lanes of the inputs from k on. */
INLINE __mmask8
lanes_of(size_t n, size_t k)
{
  return n - k < EIGHT ? (__mmask8)((1u << (n - k)) - 1) : 0xff;
}

/* --- codes --- */

/* Numbers of a layer in all lanes. */
typedef struct constants {
  __m512d g_off, unit, sigma, one;
  __m256i mask;
  __m128i bits; /* of a cell */
} constants;

/* Eight conductances as written. */
INLINE __m512d
write_eight(const constants *c, int relative, __m512d target, const float *xi)
{
  const __m512d error = _mm512_mul_pd(c->sigma, _mm512_cvtps_pd(_mm256_loadu_ps(xi)));
  const __m512d g = relative ? _mm512_mul_pd(target, _mm512_add_pd(c->one, error)) : _mm512_add_pd(target, error);

  return _mm512_max_pd(g, _mm512_setzero_pd());
}

INLINE __m512d
target_of(const constants *c, __m256i held)
{
  return _mm512_add_pd(c->g_off, _mm512_mul_pd(c->unit, _mm512_cvtepi32_pd(_mm256_and_si256(held, c->mask))));
}

/* Eight inputs in all slices: pairs that are subtracted. */
INLINE void
fill_pairs(const rrn_xbar_short_writing *w, const constants *c, int relative, size_t k, __mmask8 lanes, double *ret_codes)
{
  const size_t n = w->n, stride = w->stride;
  const __m256i weights = _mm256_maskz_loadu_epi32(lanes, w->weights + k);
  const __mmask8 negative = _mm256_movepi32_mask(weights);
  __m256i held = _mm256_srl_epi32(_mm256_abs_epi32(weights), _mm_cvtsi32_si128(w->first * w->cell_bits));
  const float *xi = w->xi + k;
  int32_t slice, end = w->end;

  for (slice = w->first; slice < end; slice++, xi += 2 * n, ret_codes += stride) {
    const __m512d target = target_of(c, held);
    const __m512d plus = write_eight(c, relative, _mm512_mask_mov_pd(target, negative, c->g_off), xi);
    const __m512d minus = write_eight(c, relative, _mm512_mask_mov_pd(c->g_off, negative, target), xi + n);

    held = _mm256_srl_epi32(held, c->bits);
    _mm512_store_pd(ret_codes + k,
                    _mm512_maskz_mul_pd(lanes, _mm512_sub_pd(plus, minus), _mm512_set1_pd(w->per_current[slice])));
  }
}

/* Cells with a conversion each. */
INLINE void
fill_cells(const rrn_xbar_short_writing *w, const constants *c, int relative, size_t k, __mmask8 lanes, double *ret_codes)
{
  const __m256i weights = _mm256_maskz_loadu_epi32(lanes, w->weights + k), none = _mm256_setzero_si256();
  const __m128i skip = _mm_cvtsi32_si128(w->first * w->cell_bits);
  const float *xi = w->xi + k;
  int32_t slice, side;
  __m256i held[2];

  held[0] = _mm256_srl_epi32(_mm256_max_epi32(_mm256_add_epi32(weights, _mm256_set1_epi32(w->add)), none), skip);
  held[1] = _mm256_srl_epi32(_mm256_max_epi32(_mm256_sub_epi32(none, weights), none), skip);
  for (slice = w->first; slice < w->end; slice++)
    for (side = 0; side < w->n_sides; side++, xi += w->n, ret_codes += w->stride) {
      const __m512d g = write_eight(c, relative, target_of(c, held[side]), xi);

      held[side] = _mm256_srl_epi32(held[side], c->bits);
      _mm512_store_pd(ret_codes + k, _mm512_maskz_mul_pd(lanes, g, _mm512_set1_pd(w->per_current[slice])));
    }
}

INLINE void
fill_codes(const rrn_xbar_short_writing *w, int relative, double *ret_codes)
{
  const constants c = { _mm512_set1_pd(w->g_off), _mm512_set1_pd(w->unit), _mm512_set1_pd(w->sigma), _mm512_set1_pd(1),
                        _mm256_set1_epi32(w->mask), _mm_cvtsi32_si128(w->cell_bits) };
  size_t k;

  if (w->paired)
    for (k = 0; k < w->n; k += EIGHT)
      fill_pairs(w, &c, relative, k, lanes_of(w->n, k), ret_codes);
  else
    for (k = 0; k < w->n; k += EIGHT)
      fill_cells(w, &c, relative, k, lanes_of(w->n, k), ret_codes);
}

TARGET static void
codes_avx512(const rrn_xbar_short_writing *w, double *ret_codes)
{
  if (w->is_relative)
    fill_codes(w, 1, ret_codes);
  else
    fill_codes(w, 0, ret_codes);
}

/* --- sums --- */

/* Two registers' pairs of neighbouring lanes are added up, and lie side by side. */
INLINE __m512d
add_ones(__m512d a, __m512d b)
{
  return _mm512_add_pd(_mm512_unpacklo_pd(a, b), _mm512_unpackhi_pd(a, b));
}

INLINE __m512d
add_twos(__m512d a, __m512d b)
{
  const __m512i even = _mm512_setr_epi64(0, 1, 8, 9, 4, 5, 12, 13), odd = _mm512_setr_epi64(2, 3, 10, 11, 6, 7, 14, 15);

  return _mm512_add_pd(_mm512_permutex2var_pd(a, even, b), _mm512_permutex2var_pd(a, odd, b));
}

INLINE __m512d
add_fours(__m512d a, __m512d b)
{
  return _mm512_add_pd(_mm512_shuffle_f64x2(a, b, 0x44), _mm512_shuffle_f64x2(a, b, 0xee));
}

/* The sums of each four registers' lanes, in the order of mvm_short_codes.c. */
INLINE __m512d
sums_of(const __m512d a[PLANES], const __m512d b[PLANES])
{
  return add_fours(add_twos(add_ones(a[0], a[1]), add_ones(a[2], a[3])),
                   add_twos(add_ones(b[0], b[1]), add_ones(b[2], b[3])));
}

TARGET static double
bounds_avx512(const double *codes, size_t n_planes, size_t n, rrn_xbar_short_bounds *ret)
{
  __m512d greatest = _mm512_setzero_pd(), sums;
  size_t plane, k, p;

  for (plane = 0; plane < n_planes; plane += PLANES) {
    __m512d low[PLANES], high[PLANES];

#pragma GCC unroll 4
    for (p = 0; p < PLANES; p++) {
      low[p] = high[p] = _mm512_setzero_pd();
      for (k = 0; plane + p < n_planes && k < n; k += EIGHT, codes += EIGHT) {
        const __m512d x = _mm512_load_pd(codes);

        high[p] = _mm512_add_pd(high[p], _mm512_max_pd(x, _mm512_setzero_pd()));
        low[p] = _mm512_add_pd(low[p], _mm512_min_pd(x, _mm512_setzero_pd()));
        greatest = _mm512_max_pd(greatest, _mm512_abs_pd(x));
      }
    }
    sums = sums_of(low, high);
    _mm256_storeu_pd(ret->low + plane, _mm512_castpd512_pd256(sums));
    _mm256_storeu_pd(ret->high + plane, _mm512_extractf64x4_pd(sums, 1));
  }
  return _mm512_reduce_max_pd(greatest);
}

/* --- cells --- */

INLINE __m512d
magic(void)
{
  return _mm512_set1_pd(0x1.8p52);
}

/* The bits of the record in a plane's first cells. */
INLINE __m512d
bits_of(const rrn_xbar_short_rounding *r, size_t plane)
{
  const __m256i lanes = _mm256_setr_epi32(0, 1, 2, 3, 4, 5, 6, 7), one = _mm256_set1_epi32(1);
  const __m256i record = _mm256_set1_epi32((int32_t)r->record);
  __m256i bits = _mm256_setzero_si256();
  size_t at, k;

  for (at = plane * r->n, k = 0; at < RRN_XBAR_SHORT_RECORD; at += r->n * r->n_planes, k++) {
    const __m256i bit = _mm256_srlv_epi32(record, _mm256_add_epi32(_mm256_set1_epi32((int32_t)at), lanes));

    bits = _mm256_or_si256(bits, _mm256_sll_epi32(_mm256_and_si256(bit, one), _mm_cvtsi32_si128((int32_t)k)));
  }
  return _mm512_maskz_cvtepi32_pd(lanes_of(r->n, 0), bits);
}

/* The nearest cells with 1.5 * 2^52 added. Codes times a unit, a power of two, are exact, so a product and a sum in one
 * operation are rounded as in two. */
INLINE __m512d
round_eight(__m512d codes, __m512d unit)
{
  return _mm512_fmadd_pd(codes, unit, magic());
}

/* The same where the lowest bits are given. */
INLINE __m512d
round_marked(const rrn_xbar_short_rounding *r, size_t plane, __m512d codes, __m512d unit)
{
  const __m512d bits = bits_of(r, plane), step = _mm512_loadu_pd(r->marks[plane].step);
  const __m512d moved = round_eight(_mm512_fmsub_pd(codes, unit, bits), _mm512_loadu_pd(r->marks[plane].inverse));

  return _mm512_add_pd(_mm512_fmadd_pd(step, _mm512_sub_pd(moved, magic()), bits), magic());
}

/* What cells are above and below is added up by lanes. */
typedef struct offs {
  __m512d low, high;
} offs;

INLINE void
add_offs(__m512d codes, __m512d unit, __m512d moved, offs *ret)
{
  const __m512d off = _mm512_fmsub_pd(codes, unit, _mm512_sub_pd(moved, magic()));

  ret->high = _mm512_add_pd(ret->high, _mm512_max_pd(off, _mm512_setzero_pd()));
  ret->low = _mm512_sub_pd(ret->low, _mm512_min_pd(off, _mm512_setzero_pd()));
}

INLINE void
store_eight(__m512d moved, __mmask32 bytes, uint8_t *to)
{
  const __m256i lowest = _mm256_setr_epi8(0, 1, 2, 8, 9, 10, 16, 17, 18, 24, 25, 26, 32, 33, 34, 40, 41, 42, 48, 49, 50, 56,
                                          57, 58, 0, 0, 0, 0, 0, 0, 0, 0);
  const __m512i cells = _mm512_permutexvar_epi8(_mm512_castsi256_si512(lowest), _mm512_castpd_si512(moved));

  _mm256_mask_storeu_epi8(to, bytes, _mm512_castsi512_si256(cells));
}

INLINE void
round_plane(const rrn_xbar_short_rounding *r, size_t plane, size_t n, const double *codes, uint8_t *to, offs *ret)
{
  const __m512d unit = _mm512_set1_pd(r->unit);
  size_t k;

  ret->low = ret->high = _mm512_setzero_pd();
  for (k = 0; k < n; k += EIGHT, to += 3 * EIGHT) {
    const __m512d x = _mm512_load_pd(codes + k);
    const __m512d moved = k == 0 && plane < r->n_marks ? round_marked(r, plane, x, unit) : round_eight(x, unit);

    store_eight(moved, n - k < EIGHT ? (1u << 3 * (n - k)) - 1 : 0xffffff, to);
    add_offs(x, unit, moved, ret);
  }
}

TARGET static double
cells_avx512(const rrn_xbar_short_rounding *r, const double *codes, uint8_t *to)
{
  const size_t n = r->n, stride = r->stride, n_planes = r->n_planes;
  const offs none = { _mm512_setzero_pd(), _mm512_setzero_pd() };
  __m512d most = _mm512_setzero_pd();
  size_t plane;

  for (plane = 0; plane < n_planes; plane += PLANES) {
    offs o[PLANES] = { none, none, none, none };
    size_t p;

#pragma GCC unroll 4
    for (p = 0; p < PLANES; p++)
      if (plane + p < n_planes)
        round_plane(r, plane + p, n, codes + (plane + p) * stride, to + 3 * (plane + p) * n, &o[p]);
    most = _mm512_max_pd(most, sums_of((__m512d[PLANES]){ o[0].low, o[1].low, o[2].low, o[3].low },
                                       (__m512d[PLANES]){ o[0].high, o[1].high, o[2].high, o[3].high }));
  }
  return _mm512_reduce_max_pd(most);
}

const rrn_xbar_short_loops rrn_xbar_short_loops_avx512 = { codes_avx512, bounds_avx512, cells_avx512 };
#endif
