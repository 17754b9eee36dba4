/* SPDX-License-Identifier: MIT */
/* Conversions in doubt, for AVX-512: mvm_settle.c, faster.
 *
 * In:  a block of a kernel: its codes and which of them are in doubt.
 * Out: the codes of the reference, but for a list of places that not even 24 bits of the cells can decide.
 *
 * Idea: a kernel takes a current in doubt to be above the border; where all bits say that it is below, its code is one
 * less. No branch depends on the numbers.
 *
 * Complexity: rows / 64 times three products per doubt. */
#include "xbar/mvm_work.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")))
#define INLINE __attribute__((always_inline)) TARGET static inline

/* Places that are not empty; those of vectors that are not there hold anything. */
TARGET static size_t
list_doubts(const rrn_xbar_block *b, uint32_t *ret_places)
{
  const size_t n = b->columns * (size_t)b->steps * RRN_XBAR_DOUBTS, parts = (b->vectors + 15) / 16;
  const __mmask16 there = (__mmask16)(0x1111 * ((1 << parts) - 1));
  const __m512i bits = _mm512_set1_epi32(0x55555555);
  __m512i places = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  size_t place, listed = 0;

  for (place = 0; place < n; place += 16) {
    const __mmask16 end = (__mmask16)(n - place >= 16 ? 0xffff : (1 << (n - place)) - 1);
    const __mmask16 full =
      _mm512_mask_test_epi32_mask(there & end, _mm512_maskz_loadu_epi32(end, b->doubts + place), bits);

    _mm512_storeu_si512(ret_places + listed, _mm512_maskz_compress_epi32(full, places));
    listed += (size_t)__builtin_popcount(full);
    places = _mm512_add_epi32(places, _mm512_set1_epi32(16));
  }
  return listed;
}

/* Sum of the cells of a column whose bits are set. */
INLINE int32_t
sum_of_cells(const rrn_xbar_cells *c, size_t first, const uint64_t *rows)
{
  const __m512i ones = _mm512_set1_epi8(1);
  __m512i top = _mm512_setzero_si512(), middle = top, low = top;
  size_t k;

  for (k = 0; k < c->stride; k += 64) {
    const __mmask64 here = rows[k / 64];

    top = _mm512_dpbusd_epi32(top, ones, _mm512_maskz_loadu_epi8(here, c->top + first + k));
    middle = _mm512_dpbusd_epi32(middle, _mm512_maskz_loadu_epi8(here, c->middle + first + k), ones);
    low = _mm512_dpbusd_epi32(low, ones, _mm512_maskz_loadu_epi8(here, c->low + first + k));
  }
  top = _mm512_add_epi32(_mm512_slli_epi32(top, 16), _mm512_slli_epi32(middle, 8));
  return _mm512_reduce_add_epi32(_mm512_add_epi32(top, low));
}

INLINE double
sum_of_spreads(const rrn_xbar_cells *c, size_t first, const uint64_t *rows)
{
  __m512i sum = _mm512_setzero_si512();
  size_t k;

  for (k = 0; k < c->stride; k += 64)
    sum = _mm512_dpbusd_epi32(sum, _mm512_maskz_loadu_epi8(rows[k / 64], c->spread + first + k), _mm512_set1_epi8(1));
  return (double)_mm512_reduce_add_epi32(sum);
}

TARGET int64_t
rrn_xbar_sum_avx512(const rrn_xbar_cells *c, size_t column, const uint64_t *rows)
{
  return sum_of_cells(c, column * c->stride, rows);
}

/* The current of a conversion in codes, from all 24 bits of the cells. */
INLINE double
codes_of(const rrn_xbar_kernel *k, const rrn_xbar_work *w, size_t first_column, size_t lane, int32_t step,
         size_t vector)
{
  const rrn_xbar_block *b = &w->block;
  const size_t cells = (first_column + lane) * k->cells.stride, place = (size_t)step * RRN_XBAR_TABLE_VECTORS + vector;
  const uint64_t *rows = w->bits + (vector * (size_t)b->bits + (size_t)(step * b->dac_bits)) * w->words;
  int64_t sum = 0;
  int32_t bit;
  double codes;

  for (bit = b->dac_bits; bit-- > 0;)
    sum = 2 * sum + sum_of_cells(&k->cells, cells, rows + (size_t)bit * w->words);
  codes = (double)sum * w->slope + w->offsets[place];
  if (k->head.read_model == RRN_READ_NONE)
    return codes;
  return codes + rrn_xbar_noise_in_codes(w, lane, step, vector,
                                         k->cells.spread ? sum_of_spreads(&k->cells, cells, rows) : w->squares[place]);
}

/* Takes one from the code if the current is below the border; 0 where that cannot be told. */
INLINE int
settle(const rrn_xbar_kernel *k, rrn_xbar_work *w, size_t first_column, size_t lane, int32_t step, size_t vector)
{
  const double magic = 0x1.8p52, codes = codes_of(k, w, first_column, lane, step, vector);
  const double above = (codes + 0.5 + magic) - magic, beyond = codes - (above - 0.5);
  const int below = (codes + magic) - magic < above, last = k->head.adc.codes - 1, code = (int)above;

  if (__builtin_expect(w->near && rrn_xbar_magnitude(beyond) < w->unsure, 0))
    return 0;
  w->block.codes[lane * RRN_XBAR_TABLE_VECTORS + vector] -=
    (uint32_t)(below & (code > 0) & (code <= last)) << (step * w->block.dac_bits);
  w->stats.clipped_low += below & (code == 0);
  w->stats.clipped_high -= below & (code == last + 1);
  return 1;
}

TARGET size_t
rrn_xbar_settle_avx512(const rrn_xbar_kernel *k, int32_t plane, size_t first, rrn_xbar_work *w)
{
  const rrn_xbar_block *b = &w->block;
  const size_t n = list_doubts(b, w->doubts), column = rrn_xbar_column(&k->cells, k->head.cols, w->tile, plane, first);
  const uint32_t steps = (uint32_t)b->steps;
  size_t i, unsettled = 0;

  w->near = k->head.g != NULL && k->head.read_model == RRN_READ_NONE;
  for (i = 0; i < n; i++) {
    const uint32_t place = w->doubts[i], row = place / RRN_XBAR_DOUBTS, lane = row / steps;
    uint32_t left = b->doubts[place] & 0x55555555, doubts = 0;

    do {
      const size_t vector = place % RRN_XBAR_DOUBTS * 16 + (size_t)__builtin_ctz(left) / 2;

      if (vector < b->vectors && !settle(k, w, column, lane, (int32_t)(row % steps), vector))
        doubts |= left & -left;
      left &= left - 1;
    } while (left != 0);
    b->doubts[place] = doubts;
    w->doubts[unsettled] = place;
    unsettled += doubts != 0;
  }
  return unsettled;
}
#else
int64_t
rrn_xbar_sum_avx512(const rrn_xbar_cells *c, size_t column, const uint64_t *rows)
{
  return rrn_xbar_sum_plain(c, column, rows);
}

size_t
rrn_xbar_settle_avx512(const rrn_xbar_kernel *k, int32_t plane, size_t first, rrn_xbar_work *w)
{
  (void)k, (void)plane, (void)first, (void)w;
  return 0;
}
#endif
