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
 * composed of its bits' sums. Read noise: spreads of cells are looked up in the same way, in halves of words, or
 * multiplied by the squares of steps of several bits, and four steps are drawn at once; plain C looks up what a deviate
 * adds to all four.
 *
 * Complexity: rows / 4 additions per bit and column, and 4 rows per table; about 14 operations per conversion. Half as many
 * additions again with read noise of relative error.
 * Sources: Arlazarov, Dinic, Kronrod, Faradzev, Soviet Math. Doklady 11, 1970 (tables of subsets). Not handled:
 * few vectors, where building the table costs more than its use. */
#include "xbar/mvm.h"

#include <string.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

typedef uint32_t words_plain __attribute__((vector_size(16), aligned(16), may_alias));
typedef uint16_t halves_plain __attribute__((vector_size(16), aligned(16), may_alias));
typedef float reals_plain __attribute__((vector_size(16), aligned(16), may_alias));
typedef int32_t ints_plain __attribute__((vector_size(16), aligned(16), may_alias));

/* Functions that constants of their callers are to reach. */
#define INLINE static inline __attribute__((always_inline))

/* Products of the halves of words, as numbers with a sign, added. */
static inline words_plain
dot_plain(halves_plain a, halves_plain b)
{
#if defined(__x86_64__)
  return (words_plain)_mm_madd_epi16((__m128i)a, (__m128i)b);
#else
  const ints_plain low = ((ints_plain)((words_plain)a << 16) >> 16) * ((ints_plain)((words_plain)b << 16) >> 16);

  return (words_plain)low + (words_plain)(((ints_plain)a >> 16) * ((ints_plain)b >> 16));
#endif
}

/* Four lookups give the sums of four steps of a lane. Picks of 6 bits. */
static inline uint64_t
mixed(const uint64_t *mixes, uint32_t picks)
{
  return mixes[picks & 255] + mixes[64 + (picks >> 8 & 255)] + mixes[128 + (picks >> 16 & 255)] +
         mixes[192 + (picks >> 24)];
}

static inline void
mix_plain(const uint64_t *mixes, const words_plain *picks, ints_plain *ret_sums)
{
  const words_plain p = *picks & 0x3f3f3f3f;
  const uint64_t a = mixed(mixes, p[0]), b = mixed(mixes, p[1]), c = mixed(mixes, p[2]), d = mixed(mixes, p[3]);
  const words_plain first = { (uint32_t)a, (uint32_t)b, (uint32_t)c, (uint32_t)d };
  const words_plain second = { (uint32_t)(a >> 32), (uint32_t)(b >> 32), (uint32_t)(c >> 32), (uint32_t)(d >> 32) };

  ret_sums[0] = (ints_plain)(first << 16 >> 16) - rrn_xbar_mix_zero(0);
  ret_sums[1] = (ints_plain)(first >> 16) - rrn_xbar_mix_zero(1);
  ret_sums[2] = (ints_plain)(second << 16 >> 16) - rrn_xbar_mix_zero(2);
  ret_sums[3] = (ints_plain)(second >> 16) - rrn_xbar_mix_zero(3);
}

static inline ints_plain
gather_plain(const int32_t *from, ints_plain at)
{
  return (ints_plain){ from[at[0]], from[at[1]], from[at[2]], from[at[3]] };
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
rrn_xbar_sum_plain(const rrn_xbar_cells *c, size_t first, size_t n, const uint64_t *rows)
{
  int64_t sum = 0;
  size_t k;

  for (k = 0; k < n; k++)
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
#define TARGET __attribute__((target("avx2")))
typedef uint32_t words_avx2 __attribute__((vector_size(32), aligned(16), may_alias));
typedef uint16_t halves_avx2 __attribute__((vector_size(32), aligned(16), may_alias));
typedef float reals_avx2 __attribute__((vector_size(32), aligned(16), may_alias));
typedef int32_t ints_avx2 __attribute__((vector_size(32), aligned(16), may_alias));

TARGET static inline words_avx2
dot_avx2(halves_avx2 a, halves_avx2 b)
{
  return (words_avx2)_mm256_madd_epi16((__m256i)a, (__m256i)b);
}

/* The deviates that bytes pick, from four tables of 16. */
TARGET static inline __m256i
deviates_avx2(__m256i picks)
{
  const __m128i *t = (const __m128i *)(const void *)rrn_xbar_deviates;
  const __m256i low = _mm256_and_si256(picks, _mm256_set1_epi8(15));
  const __m256i odd = _mm256_slli_epi16(picks, 3), upper = _mm256_slli_epi16(picks, 2);
  __m256i d[4];
  size_t k;

  for (k = 0; k < 4; k++)
    d[k] = _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(_mm_loadu_si128(t + k)), low);
  return _mm256_blendv_epi8(_mm256_blendv_epi8(d[0], d[1], odd), _mm256_blendv_epi8(d[2], d[3], odd), upper);
}

TARGET static inline void
mix_avx2(const uint64_t *mixes, const words_avx2 *picks, ints_avx2 *ret_sums)
{
  const __m256i deviates = deviates_avx2((__m256i)*picks), ones = _mm256_set1_epi16(1);
  size_t step;

  (void)mixes;
  for (step = 0; step < RRN_XBAR_DRAW_STEPS; step++) {
    int32_t weights;

    memcpy(&weights, rrn_xbar_weights[step], sizeof(weights));
    ret_sums[step] = (ints_avx2)_mm256_sub_epi32(
      _mm256_madd_epi16(_mm256_maddubs_epi16(deviates, _mm256_set1_epi32(weights)), ones),
      _mm256_set1_epi32(rrn_xbar_zeros[step]));
  }
}

TARGET static inline ints_avx2
gather_avx2(const int32_t *from, ints_avx2 at)
{
  return (ints_avx2)_mm256_i32gather_epi32(from, (__m256i)at, 4);
}

#define WIDTH 32
#define NAME(x) x##_avx2
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
