/* SPDX-License-Identifier: MIT */
/* Products on short arrays with AVX-512: the loops of mvm_short.c.
 *
 * In:  one column's tables, the patterns of all blocks.
 * Out: the same sums.
 *
 * Idea: a register of patterns is 8 vectors and two steps, because a permutation of 32-bit numbers looks at the lowest five
 * bits of each: four shifts of the transposed bytes give all eight steps. Two planes share their conversions: a register
 * of 32 upper halves. What is rare, doubts and clips, is only noticed; a block with either is looked through again.
 *
 * Complexity: as mvm_short.c. */
#include "xbar/mvm_short.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi,gfni")))

enum { REGISTERS = 4 };

int
rrn_xbar_short_has_avx512(void)
{
  return rrn_xbar_cpu_best() >= RRN_XBAR_CPU_AVX512 && __builtin_cpu_supports("gfni");
}

/* --- patterns --- */

/* Sixteen vectors of one row; nothing beyond the last. */
TARGET static inline __m128i
row_of(const uint8_t *x, size_t x_row, size_t row, size_t n_in)
{
  return row < n_in ? _mm_loadu_si128((const void *)(x + row * x_row)) : _mm_setzero_si128();
}

/* Bytes of five rows to bits of eight steps: byte s of each vector's eight. */
TARGET static inline __m512i
transpose(__m256i low, __m256i high)
{
  const __m512i rows = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);

  /* The affine product takes the bits of its first operand as a vector's, so the rows are the matrix. */
  return _mm512_gf2p8affine_epi64_epi8(_mm512_set1_epi64((int64_t)UINT64_C(0x8040201008040201)), rows, 0);
}

TARGET static inline void
store_patterns(__m512i bytes, uint32_t *ret_patterns)
{
  _mm512_store_si512(ret_patterns, bytes);
  _mm512_store_si512(ret_patterns + 16, _mm512_srli_epi32(bytes, 8));
  _mm512_store_si512(ret_patterns + 32, _mm512_srli_epi32(bytes, 16));
  _mm512_store_si512(ret_patterns + 48, _mm512_srli_epi32(bytes, 24));
}

TARGET void
rrn_xbar_short_patterns_avx512(const uint8_t *x, size_t x_row, size_t n_in, size_t n_blocks, uint32_t *ret_patterns)
{
  const size_t n_fives = (n_in + RRN_XBAR_FIVE - 1) / RRN_XBAR_FIVE;
  const __m128i zero = _mm_setzero_si128();
  size_t block, five;

  for (block = 0; block < n_blocks; block += 2, x += 2 * RRN_XBAR_SHORT_VECTORS)
    for (five = 0; five < n_fives; five++) {
      const size_t row = five * RRN_XBAR_FIVE;
      /* The rows of a vector from the last to the first: the lowest bit comes from the matrix' last row. */
      const __m128i r0 = row_of(x, x_row, row, n_in), r1 = row_of(x, x_row, row + 1, n_in),
                    r2 = row_of(x, x_row, row + 2, n_in), r3 = row_of(x, x_row, row + 3, n_in),
                    r4 = row_of(x, x_row, row + 4, n_in);
      const __m128i a0 = _mm_unpacklo_epi8(zero, r4), a1 = _mm_unpackhi_epi8(zero, r4);
      const __m128i b0 = _mm_unpacklo_epi8(r3, r2), b1 = _mm_unpackhi_epi8(r3, r2);
      const __m128i c0 = _mm_unpacklo_epi8(r1, r0), c1 = _mm_unpackhi_epi8(r1, r0);
      const __m128i d0 = _mm_unpacklo_epi16(b0, c0), d1 = _mm_unpackhi_epi16(b0, c0);
      const __m128i e0 = _mm_unpacklo_epi16(b1, c1), e1 = _mm_unpackhi_epi16(b1, c1);
      const __m128i f0 = _mm_unpacklo_epi16(zero, a0), f1 = _mm_unpackhi_epi16(zero, a0);
      const __m128i g0 = _mm_unpacklo_epi16(zero, a1), g1 = _mm_unpackhi_epi16(zero, a1);
      uint32_t *to = ret_patterns + (block * n_fives + five) * 64;

      store_patterns(transpose(_mm256_set_m128i(_mm_unpackhi_epi32(f0, d0), _mm_unpacklo_epi32(f0, d0)),
                               _mm256_set_m128i(_mm_unpackhi_epi32(f1, d1), _mm_unpacklo_epi32(f1, d1))), to);
      store_patterns(transpose(_mm256_set_m128i(_mm_unpackhi_epi32(g0, e0), _mm_unpacklo_epi32(g0, e0)),
                               _mm256_set_m128i(_mm_unpackhi_epi32(g1, e1), _mm_unpacklo_epi32(g1, e1))),
                     to + n_fives * 64);
    }
}

/* --- tables --- */

TARGET void
rrn_xbar_short_table_avx512(const int32_t cells[RRN_XBAR_FIVE], int32_t shift, int32_t base, int32_t *ret_table)
{
  const __m128i right = _mm_cvtsi32_si128(shift);
  const __m512i all = _mm512_set1_epi32(base);
  __m512i low = _mm512_set1_epi32(shift > 0 ? 1 << (shift - 1) : 0), high;

  low = _mm512_mask_add_epi32(low, 0xaaaa, low, _mm512_set1_epi32(cells[0]));
  low = _mm512_mask_add_epi32(low, 0xcccc, low, _mm512_set1_epi32(cells[1]));
  low = _mm512_mask_add_epi32(low, 0xf0f0, low, _mm512_set1_epi32(cells[2]));
  low = _mm512_mask_add_epi32(low, 0xff00, low, _mm512_set1_epi32(cells[3]));
  high = _mm512_add_epi32(low, _mm512_set1_epi32(cells[4]));
  _mm512_store_si512(ret_table, _mm512_add_epi32(_mm512_sra_epi32(low, right), all));
  _mm512_store_si512(ret_table + 16, _mm512_add_epi32(_mm512_sra_epi32(high, right), all));
}

/* --- conversions --- */

/* Compiled for each number of fives that is given as a constant. */
#define INLINE TARGET static inline __attribute__((always_inline))

/* Sums of a plane for the four registers of a block. */
INLINE void
look_up(const int32_t *table, const uint32_t *patterns, size_t n_fives, __m512i sums[REGISTERS])
{
  size_t five, r;

  {
    const __m512i low = _mm512_load_si512(table), high = _mm512_load_si512(table + 16);

#pragma GCC unroll 4
    for (r = 0; r < REGISTERS; r++)
      sums[r] = _mm512_permutex2var_epi32(low, _mm512_load_si512(patterns + 16 * r), high);
  }
#pragma GCC unroll 5
  for (five = 1; five < n_fives; five++) {
    const __m512i low = _mm512_load_si512(table + 32 * five), high = _mm512_load_si512(table + 32 * five + 16);

#pragma GCC unroll 4
    for (r = 0; r < REGISTERS; r++)
      sums[r] = _mm512_add_epi32(
        sums[r], _mm512_permutex2var_epi32(low, _mm512_load_si512(patterns + 64 * five + 16 * r), high));
  }
}

/* Steps r and r + 4 of one word of a plane's keys, for all vectors. */
INLINE __m512i
key_of(const rrn_xbar_draws *keys, size_t r, size_t word)
{
  return _mm512_set1_epi64((int64_t)((uint64_t)keys[r + 4].word[word] << 32 | keys[r].word[word]));
}

/* One word of the names of eight vectors, twice each. */
INLINE __m512i
name_of(const rrn_xbar_draws *names, size_t word)
{
  const __m256i places = _mm256_set_epi32(21, 18, 15, 12, 9, 6, 3, 0);
  const __m512i wide = _mm512_cvtepu32_epi64(_mm256_i32gather_epi32((const int *)(const void *)&names->word[word], places, 4));

  return _mm512_or_si512(wide, _mm512_slli_epi64(wide, 32));
}

/* Adds read noise to the sums of a plane: rrn_xbar_short_noise(). */
INLINE void
add_noise(const rrn_xbar_short_column *c, size_t plane, size_t block, size_t n_fives, __m512i sums[REGISTERS])
{
  const rrn_xbar_draws *keys = c->keys + plane * 8, *names = c->names + block * RRN_XBAR_SHORT_VECTORS;
  const __m512i n0 = name_of(names, 0), n1 = name_of(names, 1), n2 = name_of(names, 2);
  const __m512i deviates = _mm512_loadu_si512(rrn_xbar_deviates);
  const __m512i weights = _mm512_set1_epi32(61 | 59 << 8 | 53 << 16 | 47 << 24);
  const __m512 noise = _mm512_set1_ps(c->noise[plane]);
  __m512i spreads[REGISTERS];
  size_t r;

  look_up(c->spreads + plane * n_fives * 32, c->patterns + block * n_fives * 64, n_fives, spreads);
#pragma GCC unroll 4
  for (r = 0; r < REGISTERS; r++) {
    const __m512i product = _mm512_madd_epi16(_mm512_add_epi16(key_of(keys, r, 0), n0),
                                              _mm512_add_epi16(key_of(keys, r, 1), n1));
    const __m512i pick = _mm512_ternarylogic_epi32(product, key_of(keys, r, 2), n2, 0x96);
    const __m512i sum = _mm512_dpbusd_epi32(_mm512_set1_epi32(-RRN_XBAR_DEVIATES_ZERO),
                                            _mm512_permutexvar_epi8(pick, deviates), weights);
    const __m512 deviation = _mm512_mul_ps(_mm512_sqrt_ps(_mm512_cvtepi32_ps(spreads[r])), noise);

    sums[r] = _mm512_add_epi32(sums[r], _mm512_cvttps_epi32(_mm512_mul_ps(deviation, _mm512_cvtepi32_ps(sum))));
  }
}

/* Upper and lower halves of two sums. */
TARGET static inline __m512i
upper(__m512i a, __m512i b)
{
  return _mm512_mask_blend_epi16(0xaaaaaaaa, _mm512_srli_epi32(a, 16), b);
}

TARGET static inline __m512i
lower(__m512i a, __m512i b)
{
  return _mm512_mask_blend_epi16(0xaaaaaaaa, a, _mm512_slli_epi32(b, 16));
}

/* Lanes of a register whose steps an input has. */
static inline uint32_t
steps_of(const rrn_xbar_short_column *c, size_t r)
{
  return ((int32_t)r < c->n_steps ? 0x5555u : 0) | ((int32_t)r + 4 < c->n_steps ? 0xaaaau : 0);
}

/* Steps from registers and halves: places 1, 2, 4, 8, and 16 times these. */
TARGET static inline __m256i
weigh_steps(const rrn_xbar_short_column *c, const __m512i s[REGISTERS])
{
  __m512i sum = _mm512_setzero_si512();
  size_t r;

#pragma GCC unroll 4
  for (r = REGISTERS; r-- > 0;) {
    sum = _mm512_add_epi32(sum, sum);
    sum = _mm512_mask_add_epi32(sum, (__mmask16)steps_of(c, r), sum, s[r]);
  }
  return _mm512_cvtepi64_epi32(_mm512_add_epi32(sum, _mm512_slli_epi32(_mm512_srli_epi64(sum, 32), 4)));
}

/* Looks for doubts and clips among the conversions of one plane and register. */
TARGET static void
look_through(const rrn_xbar_short_column *c, size_t block, int32_t plane, size_t r, __m512i t)
{
  const __m512i fraction = _mm512_and_si512(t, _mm512_set1_epi32(0xffff)), code = _mm512_srai_epi32(t, 16);
  const __m512i zero = _mm512_setzero_si512(), last = _mm512_set1_epi32(c->last);
  const uint32_t steps = steps_of(c, r);
  const size_t first = block * RRN_XBAR_SHORT_VECTORS % RRN_XBAR_SHORT_LANES;
  const size_t lanes = c->n_lanes <= first ? 0 : c->n_lanes - first < 8 ? c->n_lanes - first : 8;
  const uint32_t valid = (1u << 2 * lanes) - 1;
  uint32_t doubts = _mm512_cmple_epu32_mask(fraction, _mm512_set1_epi32((int32_t)c->doubt)) & steps;
  const uint32_t sure = steps & valid & ~doubts;
  _Alignas(64) int32_t codes[16];

  c->stats->clipped_low += __builtin_popcount(_mm512_cmplt_epi32_mask(code, zero) & sure);
  c->stats->clipped_high += __builtin_popcount(_mm512_cmpgt_epi32_mask(code, last) & sure);
  _mm512_store_si512(codes, _mm512_min_epi32(_mm512_max_epi32(code, zero), last));
  for (; doubts != 0; doubts &= doubts - 1) {
    const size_t lane = (size_t)__builtin_ctz(doubts), vector = block * RRN_XBAR_SHORT_VECTORS + lane / 2;
    const int32_t step = (int32_t)(r + 4 * (lane % 2)), right = c->settle(c->user, plane, vector, step);

    c->sums[vector] += c->places[plane] * (right - codes[lane]) * (1 << step);
  }
}

TARGET static __attribute__((noinline)) void
look_through_block(const rrn_xbar_short_column *c, size_t block)
{
  const uint32_t *patterns = c->patterns + block * c->n_fives * 64;
  size_t plane, r;

  for (plane = 0; plane < c->n_planes; plane++) {
    __m512i sums[REGISTERS];

    look_up(c->table + plane * c->n_fives * 32, patterns, c->n_fives, sums);
    if (c->spreads)
      add_noise(c, plane, block, c->n_fives, sums);
    for (r = 0; r < REGISTERS; r++)
      look_through(c, block, (int32_t)plane, r, sums[r]);
  }
}

/* Sums of a block; 1 when it has doubts or clips. */
INLINE int
convert_block(const rrn_xbar_short_column *c, size_t block, size_t n_fives, int noisy)
{
  const uint32_t *patterns = c->patterns + block * n_fives * 64;
  const __m512i zero = _mm512_setzero_si512(), last = _mm512_set1_epi16((int16_t)c->last);
  __m512i sums[REGISTERS] = { zero, zero, zero, zero }, least = _mm512_set1_epi16(-1), clipped = zero;
  size_t plane, r;

  for (plane = 0; plane < c->n_planes; plane += 2) {
    const __m512i places = _mm512_set1_epi32((c->places[plane] & 0xffff) | c->places[plane + 1] * 65536);
    __m512i a[REGISTERS], b[REGISTERS];

    look_up(c->table + plane * n_fives * 32, patterns, n_fives, a);
    look_up(c->table + (plane + 1) * n_fives * 32, patterns, n_fives, b);
    if (noisy) {
      add_noise(c, plane, block, n_fives, a);
      add_noise(c, plane + 1, block, n_fives, b);
    }
#pragma GCC unroll 4
    for (r = 0; r < REGISTERS; r++) {
      const __m512i codes = upper(a[r], b[r]);
      const __m512i held = _mm512_min_epi16(_mm512_max_epi16(codes, zero), last);

      least = _mm512_min_epu16(least, lower(a[r], b[r]));
      clipped = _mm512_ternarylogic_epi32(clipped, codes, held, 0xf6);
      sums[r] = _mm512_dpwssd_epi32(sums[r], held, places);
    }
  }
  _mm256_storeu_si256((void *)(c->sums + block * RRN_XBAR_SHORT_VECTORS), weigh_steps(c, sums));
  return (_mm512_cmple_epu16_mask(least, _mm512_set1_epi16((int16_t)c->doubt)) |
          _mm512_test_epi16_mask(clipped, clipped)) != 0;
}

INLINE void
convert(const rrn_xbar_short_column *c, size_t n_fives, int noisy)
{
  size_t block;

  for (block = 0; block < c->n_blocks; block++)
    if (convert_block(c, block, n_fives, noisy))
      look_through_block(c, block);
}

TARGET void
rrn_xbar_short_column_avx512(const rrn_xbar_short_column *c)
{
  if (c->spreads)
    convert(c, c->n_fives, 1);
  else if (c->n_fives == 2)
    convert(c, 2, 0);
  else if (c->n_fives == 4)
    convert(c, 4, 0);
  else if (c->n_fives == 5)
    convert(c, 5, 0);
  else
    convert(c, c->n_fives, 0);
}
#else
int
rrn_xbar_short_has_avx512(void)
{
  return 0;
}

void
rrn_xbar_short_patterns_avx512(const uint8_t *x, size_t x_row, size_t n_in, size_t n_blocks, uint32_t *ret_patterns)
{
  rrn_xbar_short_patterns_plain(x, x_row, n_in, n_blocks, ret_patterns);
}

void
rrn_xbar_short_table_avx512(const int32_t cells[RRN_XBAR_FIVE], int32_t shift, int32_t base, int32_t *ret_table)
{
  rrn_xbar_short_table_plain(cells, shift, base, ret_table);
}

void
rrn_xbar_short_column_avx512(const rrn_xbar_short_column *c)
{
  rrn_xbar_short_column_plain(c);
}
#endif
