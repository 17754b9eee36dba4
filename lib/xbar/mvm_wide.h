/* SPDX-License-Identifier: MIT */
/* Conversions of 16 vectors at a time: between mvm_avx512.c and mvm_amx.c.
 *
 * A sum has 16 bits behind the point, with half a code and the margin of doubt added. So its upper word is the code
 * before it is clipped, and its lower word says whether the code is in doubt. Two steps share a register from there on. */
#ifndef RRN_XBAR_MVM_WIDE_H
#define RRN_XBAR_MVM_WIDE_H

#include "xbar/mvm.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define RRN_WIDE __attribute__((always_inline, target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi"))) static inline

/* What a block keeps at hand while it converts. */
typedef struct rrn_wide_converter {
  __m512i width; /* in the lower words */
  __m512i last;
} rrn_wide_converter;

RRN_WIDE rrn_wide_converter
rrn_wide_converter_of(const rrn_xbar_block *b)
{
  return (rrn_wide_converter){ _mm512_set1_epi32(b->width), _mm512_set1_epi16((int16_t)b->last) };
}

/* Weights of the codes of `n` steps, one or two; shifted to the right by `down`, which lets them fit words. */
typedef struct rrn_wide_weights {
  __m512i words;
  __m128i down;
  int shifted;
} rrn_wide_weights;

RRN_WIDE rrn_wide_weights
rrn_wide_weights_of(const rrn_xbar_block *b, int32_t step, int32_t n)
{
  const int32_t place = step * b->dac_bits, beyond = place + b->dac_bits - 14, down = beyond > 0 ? beyond : 0;
  const int32_t first = 1 << (place - down), second = n == 2 ? first << b->dac_bits : 0;

  return (rrn_wide_weights){ _mm512_set1_epi32(first | second << 16), _mm_cvtsi32_si128(down), down != 0 };
}

/* Adds codes, weighted, to what there is. */
RRN_WIDE __m512i
rrn_wide_add_codes(__m512i all, const rrn_wide_weights *w, __m512i codes)
{
  if (__builtin_expect(w->shifted, 0))
    return _mm512_add_epi32(
      all, _mm512_sll_epi32(_mm512_dpwssd_epi32(_mm512_setzero_si512(), codes, w->words), w->down));
  return _mm512_dpwssd_epi32(all, codes, w->words);
}

/* Bits 2 k of the 16 vectors from `vector` on that are there. */
static inline uint32_t
rrn_wide_valid(const rrn_xbar_block *b, size_t vector)
{
  const size_t left = b->vectors - vector;

  return left >= 16 ? 0x55555555 : 0x55555555 & ((1u << (2 * left)) - 1);
}

RRN_WIDE void
rrn_wide_count(rrn_xbar_block *b, const rrn_wide_converter *v, __m512i codes, uint32_t valid)
{
  b->clipped_low += __builtin_popcount(_mm512_movepi16_mask(codes) & valid);
  b->clipped_high += __builtin_popcount(_mm512_cmpgt_epi16_mask(codes, v->last) & valid);
}

RRN_WIDE __m512i
rrn_wide_clip(rrn_xbar_block *b, const rrn_wide_converter *v, __m512i codes, uint32_t valid)
{
  const __m512i clipped = _mm512_min_epi16(_mm512_max_epi16(codes, _mm512_setzero_si512()), v->last);

  if (b->counted && __builtin_expect(_mm512_cmpneq_epi16_mask(codes, clipped) != 0, 0))
    rrn_wide_count(b, v, codes, valid);
  return clipped;
}

/* Clipped codes of two steps, in words. */
RRN_WIDE __m512i
rrn_wide_two_codes(rrn_xbar_block *b, const rrn_wide_converter *v, __m512i first, __m512i second, uint32_t valid,
                   uint32_t *doubts)
{
  const __m512i codes = _mm512_mask_blend_epi16(0xaaaaaaaa, _mm512_srli_epi32(first, 16), second);

  doubts[0] = _mm512_cmplt_epu16_mask(first, v->width);
  doubts[RRN_XBAR_DOUBTS] = _mm512_cmplt_epu16_mask(second, v->width);
  return rrn_wide_clip(b, v, codes, 3 * valid);
}

/* The same of the last of an odd number of steps. */
RRN_WIDE __m512i
rrn_wide_one_code(rrn_xbar_block *b, const rrn_wide_converter *v, __m512i step, uint32_t valid, uint32_t *doubts)
{
  doubts[0] = _mm512_cmplt_epu16_mask(step, v->width);
  return rrn_wide_clip(b, v, _mm512_srai_epi32(step, 16), valid);
}

/* Weighted codes of a column's sums by the table of its converter, 0 where they are in doubt. */
RRN_WIDE __m512i
rrn_wide_codes_by_levels(rrn_xbar_block *b, const int32_t *table, __m512i sums, int32_t step, uint32_t valid,
                         uint32_t *doubts)
{
  const __m512i half = _mm512_set1_epi32(0x7fff), halves = _mm512_srai_epi32(sums, 15);
  const __m512i at = _mm512_min_epi32(_mm512_max_epi32(halves, _mm512_set1_epi32(b->first_half)),
                                      _mm512_set1_epi32(b->last_half));
  const __m512i codes =
    _mm512_add_epi32(_mm512_i32gather_epi32(at, table - b->first_half, 4), _mm512_and_si512(sums, half));
  const __m512i whole = _mm512_srai_epi32(sums, 16);
  const uint32_t near = _mm512_cmplt_epu16_mask(codes, _mm512_set1_epi32(b->width));
  const uint32_t unknown = near | _mm512_movepi16_mask(codes) >> 1;
  const uint32_t known = ~unknown & 0x55555555 & valid;

  *doubts = unknown & valid;
  if (b->counted) {
    b->clipped_low += __builtin_popcount(_mm512_movepi16_mask(whole) & known);
    b->clipped_high += __builtin_popcount(_mm512_cmpgt_epi16_mask(whole, _mm512_set1_epi32(b->last)) & known);
  }
  return _mm512_sll_epi32(_mm512_maskz_mov_epi16(known, _mm512_srai_epi32(codes, 16)),
                          _mm_cvtsi32_si128(step * b->dac_bits));
}

/* --- read noise --- */

typedef enum rrn_wide_noise {
  RRN_WIDE_QUIET = 0, /* none */
  RRN_WIDE_SAME = 1,  /* of the same deviation in all columns */
  RRN_WIDE_SUMMED = 2, /* by the sum of the spreads of a column */
  RRN_WIDE_SMALL = 3 /* the same, at most RRN_XBAR_MOST_WHOLE codes */
} rrn_wide_noise;

/* What names the vectors from a multiple of 16 on. */
typedef struct rrn_wide_names {
  __m512i first, second, third;
} rrn_wide_names;

RRN_WIDE rrn_wide_names
rrn_wide_names_of(const rrn_xbar_block *b, size_t vector, rrn_wide_noise noise)
{
  if (noise == RRN_WIDE_QUIET)
    return (rrn_wide_names){ _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512() };
  return (rrn_wide_names){ _mm512_load_si512(b->names[0] + vector), _mm512_load_si512(b->names[1] + vector),
                           _mm512_load_si512(b->names[2] + vector) };
}

/* Four deviates of a column, for the steps from a multiple of RRN_XBAR_DRAW_STEPS on: as rrn_xbar_draw(). */
RRN_WIDE __m512i
rrn_wide_deviates_of(const rrn_xbar_block *b, const rrn_wide_names *n, size_t key)
{
  const __m512i x = _mm512_madd_epi16(_mm512_add_epi16(n->first, _mm512_set1_epi32((int32_t)b->keys[0][key])),
                                      _mm512_add_epi16(n->second, _mm512_set1_epi32((int32_t)b->keys[1][key])));
  const __m512i mixed = _mm512_ternarylogic_epi32(x, _mm512_slli_epi32(x, 8), n->third, 0x96);
  const __m512i bytes = _mm512_xor_si512(mixed, _mm512_set1_epi32((int32_t)b->keys[2][key]));

  return _mm512_permutexvar_epi8(bytes, _mm512_loadu_si512(rrn_xbar_deviates));
}

/* What makes them the number of a step, RRN_XBAR_WHOLE more. */
typedef struct rrn_wide_mix {
  __m512i start, weights;
} rrn_wide_mix;

RRN_WIDE rrn_wide_mix
rrn_wide_mix_of(int32_t step)
{
  int32_t weights;

  memcpy(&weights, rrn_xbar_weights[step % RRN_XBAR_DRAW_STEPS], sizeof(weights));
  return (rrn_wide_mix){ _mm512_set1_epi32(rrn_xbar_wholes[step % RRN_XBAR_DRAW_STEPS]),
                         _mm512_set1_epi32(weights) };
}

/* That number times a deviation of few bits, exact but for one rounding; `less` is RRN_XBAR_WHOLE times it. */
RRN_WIDE __m512
rrn_wide_number_of(const rrn_wide_mix *m, __m512i deviates, __m512 deviation, __m512 less)
{
  return _mm512_fmsub_ps(_mm512_castsi512_ps(_mm512_dpbusd_epi32(m->start, deviates, m->weights)), deviation, less);
}

/* Read noise of the same deviation in all columns. */
RRN_WIDE __m512i
rrn_wide_noise_of(const rrn_wide_mix *m, __m512i deviates, __m512 deviation)
{
  return _mm512_cvtps_epi32(
    rrn_wide_number_of(m, deviates, deviation, _mm512_mul_ps(deviation, _mm512_set1_ps(RRN_XBAR_WHOLE))));
}

/* Read noise where the squares of reads add up to `spread`. */
RRN_WIDE __m512i
rrn_wide_summed_noise_of(const rrn_wide_mix *m, __m512i deviates, __m512 noise, __m512i spread)
{
  const __m512 number = rrn_wide_number_of(m, deviates, noise, _mm512_mul_ps(noise, _mm512_set1_ps(RRN_XBAR_WHOLE)));

  return _mm512_cvtps_epi32(_mm512_mul_ps(number, _mm512_sqrt_ps(_mm512_cvtepi32_ps(spread))));
}

/* The root of a spread but for 2^-14 of it, in a tenth of the time that an exact one takes. */
RRN_WIDE __m512
rrn_wide_near_root_of(__m512i spread)
{
  const __m512 x = _mm512_cvtepi32_ps(spread), one = _mm512_set1_ps(1);
  const __m512i positive = _mm512_max_epi32(_mm512_castps_si512(x), _mm512_castps_si512(one));

  return _mm512_mul_ps(x, _mm512_rsqrt14_ps(_mm512_castsi512_ps(positive)));
}

/* The same on top of the bits of -RRN_XBAR_WHOLE, if it is at most RRN_XBAR_MOST_WHOLE codes, but for 2^-14 of it. */
RRN_WIDE __m512i
rrn_wide_small_noise_of(const rrn_wide_mix *m, __m512i deviates, __m512 noise, __m512i spread)
{
  const __m512 number = rrn_wide_number_of(m, deviates, noise, _mm512_mul_ps(noise, _mm512_set1_ps(RRN_XBAR_WHOLE)));

  return _mm512_castps_si512(
    _mm512_fnmsub_ps(number, rrn_wide_near_root_of(spread), _mm512_set1_ps(RRN_XBAR_WHOLE)));
}
#endif

#endif
