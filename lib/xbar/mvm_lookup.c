/* SPDX-License-Identifier: MIT */
/* Bit-serial sums of an array by lookup, and their conversion; and the product of two rows of integers.
 *
 * In:  32 columns of an array as integers, the inputs' bits in fours, what a converter does to a sum.
 * Out: codes of the columns, added up over input steps with their places; clips.
 *
 * Idea: an input step is one bit per row, so the sum of four rows is one of 16 numbers. These are tabulated once per
 * array and used for every bit of every vector: a vector addition stands for four times as many multiply-adds as it has
 * lanes, at any number of levels of a cell. The table of 64 rows fills 32 KiB, a first-level cache; taller arrays take
 * one after the other. Sums are integers, hence exact and the
 * same in any order. Conversions are in single precision; a current too near to the border of two codes for that is a
 * doubt, which mvm.c settles, so every instruction set gives the same codes. Where dac_bits > 1 a step's sum is
 * composed of its bits' sums.
 *
 * Complexity: rows / 4 additions per bit and column, and 4 rows per table; about 14 operations per conversion.
 * Sources: Arlazarov, Dinic, Kronrod, Faradzev, Soviet Math. Doklady 11, 1970 (tables of subsets). Not handled:
 * few vectors, where building the table costs more than its use. */
#include "xbar/mvm.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

/* Weighted deviates by byte: rrn_xbar_weights times (rrn_xbar_deviates - 128). */
static inline int32_t
rrn_xbar_deviate(uint32_t picks)
{
  const uint8_t *d = rrn_xbar_deviates;
  const int8_t *w = rrn_xbar_weights;

  return w[0] * d[picks & 63] + w[1] * d[picks >> 8 & 63] + w[2] * d[picks >> 16 & 63] + w[3] * d[picks >> 24 & 63] -
         RRN_XBAR_DEVIATES_ZERO;
}

#define WIDTH 16
#define NAME(x) x##_plain
#define TARGET
#define MIN(a, b) (((a) & ((a) < (b))) | ((b) & ~((a) < (b))))
#define MAX(a, b) (((a) & ((a) > (b))) | ((b) & ~((a) > (b))))
#if defined(__x86_64__)
#define SIGNS(x) _mm_movemask_ps((__m128)(x))
#define SQRT(x) ((reals_plain)_mm_sqrt_ps((__m128)(x)))
#else
#define SQRT(x) ((reals_plain){ __builtin_sqrtf((x)[0]), __builtin_sqrtf((x)[1]), __builtin_sqrtf((x)[2]), \
                                __builtin_sqrtf((x)[3]) })
#define SIGNS(x) (((x)[0] < 0) | ((x)[1] < 0) << 1 | ((x)[2] < 0) << 2 | ((x)[3] < 0) << 3)
#endif
#include "xbar/mvm_lookup.inc"
#undef WIDTH
#undef NAME
#undef TARGET
#undef MIN
#undef MAX
#undef SIGNS
#undef SQRT

int64_t
rrn_xbar_sum_plain(const rrn_xbar_cells *c, size_t column, const uint64_t *rows)
{
  const size_t first = column * c->stride;
  int64_t sum = 0;
  size_t k;

  for (k = 0; k < c->stride; k++)
    sum += (65536 * c->top[first + k] + 256 * c->middle[first + k] + c->low[first + k]) &
           -(int32_t)(rows[k / 64] >> k % 64 & 1);
  return sum;
}

int32_t
rrn_xbar_dot_plain(const int16_t *a, const int16_t *b, size_t n)
{
  int32_t sum = 0;
  size_t k;

  for (k = 0; k < n; k++)
    sum += a[k] * b[k];
  return sum;
}

#if defined(__x86_64__)
#define WIDTH 32
#define NAME(x) x##_avx2
#define TARGET __attribute__((target("avx2")))
#define MIN(a, b) ((ints_avx2)_mm256_min_epi32((__m256i)(a), (__m256i)(b)))
#define MAX(a, b) ((ints_avx2)_mm256_max_epi32((__m256i)(a), (__m256i)(b)))
#define SIGNS(x) _mm256_movemask_ps((__m256)(x))
#define SQRT(x) ((reals_avx2)_mm256_sqrt_ps((__m256)(x)))
#include "xbar/mvm_lookup.inc"
#undef WIDTH
#undef NAME
#undef TARGET
#undef MIN
#undef MAX
#undef SIGNS
#undef SQRT

__attribute__((target("avx2"))) int32_t
rrn_xbar_dot_avx2(const int16_t *a, const int16_t *b, size_t n)
{
  __m256i sum = _mm256_setzero_si256();
  __m128i half;
  size_t k;

  for (k = 0; k < n; k += 16)
    sum = _mm256_add_epi32(sum, _mm256_madd_epi16(_mm256_loadu_si256((const __m256i *)(a + k)),
                                                  _mm256_loadu_si256((const __m256i *)(b + k))));
  half = _mm_add_epi32(_mm256_castsi256_si128(sum), _mm256_extracti128_si256(sum, 1));
  half = _mm_add_epi32(half, _mm_shuffle_epi32(half, 0x4e));
  return _mm_cvtsi128_si32(_mm_add_epi32(half, _mm_shuffle_epi32(half, 0xb1)));
}

#else
void
rrn_xbar_lookup_avx2(rrn_xbar_block *b)
{
  rrn_xbar_lookup_plain(b);
}

int32_t
rrn_xbar_dot_avx2(const int16_t *a, const int16_t *b, size_t n)
{
  return rrn_xbar_dot_plain(a, b, n);
}
#endif
