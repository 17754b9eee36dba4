/* SPDX-License-Identifier: MIT */
/* Products on short arrays with AVX-512: the loops of mvm_short.c.
 *
 * In:  one column's tables, the patterns of all blocks.
 * Out: the same sums.
 *
 * Idea: a register of patterns is 8 vectors and two steps, because a permutation of 32-bit numbers looks at the lowest five
 * bits of each: four shifts of the transposed bytes give all eight steps, each time anew, since they are cheaper than their
 * place in the nearest cache. Codes are weighed and added where they lie, in the upper halves. What is rare, doubts and clips,
 * is only noticed, by the least and greatest halves; a block with either is looked through again. Columns none of whose
 * patterns can clip are spared the search for clips.
 *
 * Complexity: as mvm_short.c. */
#include "xbar/mvm_short.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi,gfni")))

enum { REGISTERS = 4, FOUR = 4 };

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

/* Bytes of five rows of sixteen vectors to bits of eight steps, byte s of each vector's eight: of eight vectors from `first`
 * on. */
TARGET static inline __m512i
transpose(__m512i rows, __m512i fifth, uint64_t first)
{
  const __m512i vectors =
    _mm512_set_epi64(0x0707070707070707, 0x0606060606060606, 0x0505050505050505, 0x0404040404040404, 0x0303030303030303,
                     0x0202020202020202, 0x0101010101010101, 0);
  /* The rows of a vector from the last to the first: the lowest bit comes from the matrix' last row. Above the fifth is
   * nothing. */
  const __m512i places = _mm512_add_epi8(
    vectors, _mm512_set1_epi64((int64_t)(UINT64_C(0x0010203040505050) + first * UINT64_C(0x0101010101010101))));

  /* The affine product takes the bits of its first operand as a vector's, so the rows are the matrix. */
  return _mm512_gf2p8affine_epi64_epi8(_mm512_set1_epi64((int64_t)UINT64_C(0x8040201008040201)),
                                       _mm512_permutex2var_epi8(rows, places, fifth), 0);
}

TARGET void
rrn_xbar_short_patterns_avx512(const uint8_t *x, size_t x_row, size_t n_in, size_t n_blocks, uint32_t *ret_patterns)
{
  const size_t n_fives = (n_in + RRN_XBAR_FIVE - 1) / RRN_XBAR_FIVE;
  size_t block, five;

  for (block = 0; block < n_blocks; block += 2, x += 2 * RRN_XBAR_SHORT_VECTORS)
    for (five = 0; five < n_fives; five++) {
      const size_t row = five * RRN_XBAR_FIVE;
      const __m256i low = _mm256_set_m128i(row_of(x, x_row, row + 1, n_in), row_of(x, x_row, row, n_in)),
                    high = _mm256_set_m128i(row_of(x, x_row, row + 3, n_in), row_of(x, x_row, row + 2, n_in));
      const __m512i rows = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1),
                    fifth = _mm512_zextsi128_si512(row_of(x, x_row, row + 4, n_in));
      uint32_t *to = ret_patterns + (block * n_fives + five) * 16;

      _mm512_store_si512(to, transpose(rows, fifth, 0));
      _mm512_store_si512(to + n_fives * 16, transpose(rows, fifth, RRN_XBAR_SHORT_VECTORS));
    }
}

/* --- tables --- */

/* Of a five whose cells are from lane `first` on. */
TARGET static inline void
store_table(__m512i cells, int32_t first, int32_t shift, __m512i base, int32_t *ret_table)
{
  const __m128i right = _mm_cvtsi32_si128(shift);
  __m512i low = _mm512_set1_epi32(shift > 0 ? 1 << (shift - 1) : 0), high;

  low = _mm512_mask_add_epi32(low, 0xaaaa, low, _mm512_permutexvar_epi32(_mm512_set1_epi32(first), cells));
  low = _mm512_mask_add_epi32(low, 0xcccc, low, _mm512_permutexvar_epi32(_mm512_set1_epi32(first + 1), cells));
  low = _mm512_mask_add_epi32(low, 0xf0f0, low, _mm512_permutexvar_epi32(_mm512_set1_epi32(first + 2), cells));
  low = _mm512_mask_add_epi32(low, 0xff00, low, _mm512_permutexvar_epi32(_mm512_set1_epi32(first + 3), cells));
  high = _mm512_add_epi32(low, _mm512_permutexvar_epi32(_mm512_set1_epi32(first + 4), cells));
  _mm512_store_si512(ret_table, _mm512_add_epi32(_mm512_sra_epi32(low, right), base));
  _mm512_store_si512(ret_table + 16, _mm512_add_epi32(_mm512_sra_epi32(high, right), base));
}

/* Three fives at a time: their cells fill a register. */
TARGET void
rrn_xbar_short_tables_avx512(const uint8_t *cells, size_t n_in, int32_t shift, int32_t base, int32_t *ret_tables)
{
  const __m512i lanes = _mm512_set_epi32(45, 42, 39, 36, 33, 30, 27, 24, 21, 18, 15, 12, 9, 6, 3, 0);
  /* The bytes of a cell above an empty one. */
  const __m512i places = _mm512_add_epi32(_mm512_mullo_epi32(lanes, _mm512_set1_epi32(0x01010100)),
                                          _mm512_set1_epi32(0x02010000));
  size_t row, k;

  for (row = 0; row < n_in; row += 3 * RRN_XBAR_FIVE) {
    const size_t n = n_in - row < 3 * RRN_XBAR_FIVE ? n_in - row : 3 * RRN_XBAR_FIVE;
    const __m512i bytes = _mm512_maskz_loadu_epi8((1ull << 3 * n) - 1, cells + 3 * row);
    const __m512i whole = _mm512_srai_epi32(_mm512_maskz_permutexvar_epi8(0xeeeeeeeeeeeeeeee, places, bytes), 8);

    for (k = 0; k < n; k += RRN_XBAR_FIVE, ret_tables += 32)
      store_table(whole, (int32_t)k, shift, row + k == 0 ? _mm512_set1_epi32(base) : _mm512_setzero_si512(), ret_tables);
  }
}

/* --- conversions --- */

/* Compiled for each number of fives that is given as a constant. */
#define INLINE TARGET static inline __attribute__((always_inline))

/* The patterns of a five: register r has steps r and r + 4 in its lowest bits. */
INLINE void
load_patterns(const uint32_t *patterns, __m512i ret[REGISTERS])
{
  ret[0] = _mm512_load_si512(patterns);
  ret[1] = _mm512_srli_epi32(ret[0], 8);
  ret[2] = _mm512_srli_epi32(ret[0], 16);
  ret[3] = _mm512_srli_epi32(ret[0], 24);
}

/* Sums of a five. */
INLINE void
look_up_five(const int32_t *table, const __m512i p[REGISTERS], __m512i ret[REGISTERS])
{
  const __m512i low = _mm512_load_si512(table), high = _mm512_load_si512(table + 16);
  size_t r;

#pragma GCC unroll 4
  for (r = 0; r < REGISTERS; r++)
    ret[r] = _mm512_permutex2var_epi32(low, p[r], high);
}

/* Sums of a plane for the four registers of a block. */
INLINE void
look_up(const int32_t *table, const uint32_t *patterns, size_t n_fives, __m512i sums[REGISTERS])
{
  __m512i p[REGISTERS], some[REGISTERS];
  size_t five, r;

  /* Patterns of many fives are loaded for each plane, as registers do not suffice to keep them: else they are spilled. */
  if (n_fives > 4)
    __asm__("" : "+r"(patterns));
  load_patterns(patterns, p);
  look_up_five(table, p, sums);
#pragma GCC unroll 5
  for (five = 1; five < n_fives; five++) {
    load_patterns(patterns + 16 * five, p);
    look_up_five(table + 32 * five, p, some);
#pragma GCC unroll 4
    for (r = 0; r < REGISTERS; r++)
      sums[r] = _mm512_add_epi32(sums[r], some[r]);
  }
}

/* One word of a plane's keys for steps r and r + 4, for all vectors. */
INLINE __m512i
key_of(const rrn_xbar_draws *keys, size_t word)
{
  return _mm512_set1_epi64((int64_t)((uint64_t)keys[1].word[word] << 32 | keys[0].word[word]));
}

/* One word of the names of eight vectors, twice each. */
INLINE __m512i
name_of(const rrn_xbar_draws *names, size_t word)
{
  const __m256i places = _mm256_set_epi32(21, 18, 15, 12, 9, 6, 3, 0);
  const __m512i wide = _mm512_cvtepu32_epi64(_mm256_i32gather_epi32((const int *)(const void *)&names->word[word], places, 4));

  return _mm512_or_si512(wide, _mm512_slli_epi64(wide, 32));
}

/* What makes deviates the numbers of steps r and r + 4. */
INLINE __m512i
weights_of(size_t r)
{
  int32_t weights;

  memcpy(&weights, rrn_xbar_weights[r], sizeof(weights));
  return _mm512_set1_epi32(weights);
}

/* Adds read noise to the sums of a plane: rrn_xbar_short_noise(). */
INLINE void
add_noise(const rrn_xbar_short_column *c, size_t plane, size_t block, size_t n_fives, __m512i sums[REGISTERS])
{
  const rrn_xbar_draws *keys = c->keys + plane * 2, *names = c->names + block * RRN_XBAR_SHORT_VECTORS;
  const __m512i n0 = name_of(names, 0), n1 = name_of(names, 1), n2 = name_of(names, 2);
  const __m512i product =
    _mm512_madd_epi16(_mm512_add_epi16(key_of(keys, 0), n0), _mm512_add_epi16(key_of(keys, 1), n1));
  const __m512i pick = _mm512_xor_si512(
    _mm512_ternarylogic_epi32(product, _mm512_slli_epi32(product, 8), n2, 0x96), key_of(keys, 2));
  const __m512i deviates = _mm512_permutexvar_epi8(pick, _mm512_loadu_si512(rrn_xbar_deviates));
  const __m512 noise = _mm512_set1_ps(c->noise[plane]);
  __m512i spreads[REGISTERS];
  size_t r;

  look_up(c->spreads + plane * n_fives * 32, c->patterns + block * n_fives * 16, n_fives, spreads);
#pragma GCC unroll 4
  for (r = 0; r < REGISTERS; r++) {
    const __m512i sum = _mm512_dpbusd_epi32(_mm512_set1_epi32(-rrn_xbar_zeros[r]), deviates, weights_of(r));
    const __m512 deviation = _mm512_mul_ps(_mm512_sqrt_ps(_mm512_cvtepi32_ps(spreads[r])), noise);

    sums[r] = _mm512_add_epi32(sums[r], _mm512_cvttps_epi32(_mm512_mul_ps(deviation, _mm512_cvtepi32_ps(sum))));
  }
}

/* Lanes of a register whose steps an input has. */
static inline uint32_t
steps_of(const rrn_xbar_short_column *c, size_t r)
{
  return ((int32_t)r < c->n_steps ? 0x5555u : 0) | ((int32_t)r + 4 < c->n_steps ? 0xaaaau : 0);
}

/* What codes of a register are worth: of steps r and r + 4, by turns. */
TARGET static inline __m512i
worth_of(const rrn_xbar_short_column *c, size_t plane, size_t r)
{
  const int64_t low = (int32_t)r < c->n_steps ? c->places[plane] * (1 << r) : 0,
                high = (int32_t)r + 4 < c->n_steps ? c->places[plane] * (16 << r) : 0;

  return _mm512_set1_epi64((int64_t)((uint64_t)high << 32 | (uint32_t)low));
}

/* Whether the least and greatest halves of some conversions tell of doubts or clips. */
INLINE int
is_wrong(__m512i least, __m512i greatest, __m512i doubt, __m512i last)
{
  return (_mm512_cmple_epu16_mask(least, doubt) & 0x55555555) != 0 ||
         (_mm512_cmpgt_epu16_mask(greatest, last) & 0xaaaaaaaa) != 0;
}

/* Steps r and r + 4 are beside each other. */
TARGET static inline __m256i
add_halves(__m512i sums)
{
  return _mm512_cvtepi64_epi32(_mm512_add_epi32(sums, _mm512_srli_epi64(sums, 32)));
}

/* Looks for doubts and clips among the conversions of one plane and register, whose codes have been added as they are. */
TARGET static void
look_through(const rrn_xbar_short_column *c, size_t block, int32_t plane, size_t r, __m512i t)
{
  const __m512i fraction = _mm512_and_si512(t, _mm512_set1_epi32(0xffff)),
                zero = _mm512_setzero_si512(), last = _mm512_set1_epi32(c->last);
  __m512i code = _mm512_srai_epi32(t, 16);
  const uint32_t steps = steps_of(c, r), low = _mm512_cmplt_epi32_mask(code, zero) & steps,
                 high = _mm512_cmpgt_epi32_mask(code, last) & steps;
  const size_t vector = block * RRN_XBAR_SHORT_VECTORS, first = vector % RRN_XBAR_SHORT_LANES;
  const size_t n = c->lanes[vector / RRN_XBAR_SHORT_LANES], lanes = n <= first ? 0 : n - first < 8 ? n - first : 8;
  uint32_t doubts = _mm512_cmple_epu32_mask(fraction, _mm512_set1_epi32((int32_t)c->doubt)) & steps;
  const uint32_t sure = ((1u << 2 * lanes) - 1) & ~doubts, wrong = low | high | doubts;
  void *sums = c->sums + block * RRN_XBAR_SHORT_VECTORS;
  _Alignas(64) int32_t right[16];

  if (!wrong)
    return;
  c->stats->clipped_low += __builtin_popcount(low & sure);
  c->stats->clipped_high += __builtin_popcount(high & sure);
  _mm512_store_si512(right, _mm512_min_epi32(_mm512_max_epi32(code, zero), last));
  for (; doubts != 0; doubts &= doubts - 1) {
    const size_t lane = (size_t)__builtin_ctz(doubts);

    right[lane] = c->settle(c->user, plane, block * RRN_XBAR_SHORT_VECTORS + lane / 2, (int32_t)(r + 4 * (lane % 2)));
  }
  code = _mm512_maskz_sub_epi32((__mmask16)wrong, _mm512_load_si512(right), code);
  code = _mm512_mullo_epi32(code, worth_of(c, (size_t)plane, r));
  _mm256_storeu_si256(sums, _mm256_add_epi32(_mm256_loadu_si256(sums), add_halves(code)));
}

TARGET static __attribute__((noinline)) void
look_through_block(const rrn_xbar_short_column *c, size_t block)
{
  const uint32_t *patterns = c->patterns + block * c->n_fives * 16;
  const __m512i doubt = _mm512_set1_epi16((int16_t)c->doubt), last = _mm512_set1_epi16((int16_t)c->last);
  size_t plane, r;

  for (plane = 0; plane < c->n_planes; plane++) {
    __m512i sums[REGISTERS], least = _mm512_set1_epi16(-1), greatest = _mm512_setzero_si512();

    look_up(c->table + plane * c->n_fives * 32, patterns, c->n_fives, sums);
    if (c->spreads)
      add_noise(c, plane, block, c->n_fives, sums);
    for (r = 0; r < REGISTERS; r++) {
      least = _mm512_min_epu16(least, sums[r]);
      greatest = _mm512_max_epu16(greatest, sums[r]);
    }
    if (!is_wrong(least, greatest, doubt, last))
      continue;
    for (r = 0; r < REGISTERS; r++)
      look_through(c, block, (int32_t)plane, r, sums[r]);
  }
}

/* What codes of each plane and register are worth, in the upper halves if all fit there. */
TARGET void
rrn_xbar_short_worths_avx512(const rrn_xbar_short_column *c, int32_t *ret_worths)
{
  size_t plane, r;

  for (plane = 0; plane < c->n_planes; plane++)
    for (r = 0; r < REGISTERS; r++)
      _mm512_store_si512(ret_worths + (plane * REGISTERS + r) * 16,
                         _mm512_slli_epi32(worth_of(c, plane, r), c->halves ? 16 : 0));
}

/* What a block's codes add up to, and its least and greatest halves. */
typedef struct tally {
  __m512i sum[2], least, greatest;
} tally;

/* A plane's sums of a block. `clips` 0: no code is beyond the converter's. */
INLINE void
add_plane(const __m512i t[REGISTERS], const int32_t *worths, int clips, int halves, tally *ret)
{
  size_t r;

#pragma GCC unroll 4
  for (r = 0; r < REGISTERS; r++) {
    const __m512i worth = _mm512_load_si512(worths + r * 16);

    ret->least = _mm512_min_epu16(ret->least, t[r]);
    ret->greatest = clips ? _mm512_max_epu16(ret->greatest, t[r]) : ret->greatest;
    ret->sum[r % 2] = halves ? _mm512_dpwssd_epi32(ret->sum[r % 2], t[r], worth)
                             : _mm512_add_epi32(ret->sum[r % 2], _mm512_mullo_epi32(_mm512_srai_epi32(t[r], 16), worth));
  }
}

/* All four planes of a block at a time: patterns are loaded once for all of them, which is what takes time where there are many
 * fives. */
INLINE void
add_four_planes(const int32_t *table, const uint32_t *patterns, size_t n_fives, const int32_t *worths, int clips, tally *ret)
{
  __m512i t[FOUR][REGISTERS], some[REGISTERS], p[REGISTERS];
  size_t five, plane, r;

  load_patterns(patterns, p);
#pragma GCC unroll 4
  for (plane = 0; plane < FOUR; plane++)
    look_up_five(table + plane * n_fives * 32, p, t[plane]);
#pragma GCC unroll 5
  for (five = 1; five < n_fives; five++) {
    load_patterns(patterns + 16 * five, p);
#pragma GCC unroll 4
    for (plane = 0; plane < FOUR; plane++) {
      look_up_five(table + (plane * n_fives + five) * 32, p, some);
#pragma GCC unroll 4
      for (r = 0; r < REGISTERS; r++) {
        t[plane][r] = _mm512_add_epi32(t[plane][r], some[r]);
        __asm__("" : "+v"(t[plane][r])); /* added up in this order: others need more registers than there are */
      }
    }
  }
#pragma GCC unroll 4
  for (plane = 0; plane < FOUR; plane++)
    add_plane(t[plane], worths + plane * REGISTERS * 16, clips, 1, ret);
}

/* Sums of all blocks, codes beyond the converter's as they are; blocks with such codes or doubts are looked through. A sum
 * is a code above its fraction: a dot product with 0 below the worth weighs codes where they lie, and the least and
 * greatest halves tell of doubts and of clips. `clips` 0: there are none; `four`: planes. */
INLINE void
convert(const rrn_xbar_short_column *c, size_t n_fives, int noisy, int clips, int halves, int four)
{
  const __m512i zero = _mm512_setzero_si512(), doubt = _mm512_set1_epi16((int16_t)c->doubt),
                last = _mm512_set1_epi16((int16_t)c->last);
  const size_t n_planes = c->n_planes, end = c->end_block;
  const uint32_t *patterns = c->patterns + c->first_block * n_fives * 16;
  const int32_t *table = c->table, *worths = c->worths;
  int32_t *sums = c->sums + c->first_block * RRN_XBAR_SHORT_VECTORS;
  size_t block, plane;

  for (block = c->first_block; block < end; block++, patterns += n_fives * 16, sums += RRN_XBAR_SHORT_VECTORS) {
    tally all = { { zero, zero }, _mm512_set1_epi16(-1), zero };

    if (four)
      add_four_planes(table, patterns, n_fives, worths, clips, &all);
    for (plane = 0; !four && plane < n_planes; plane++) {
      __m512i t[REGISTERS];

      look_up(table + plane * n_fives * 32, patterns, n_fives, t);
      if (noisy)
        add_noise(c, plane, block, n_fives, t);
      add_plane(t, worths + plane * REGISTERS * 16, clips, halves, &all);
    }
    _mm256_storeu_si256((void *)sums, add_halves(_mm512_add_epi32(all.sum[0], all.sum[1])));
    if (is_wrong(all.least, all.greatest, doubt, last))
      look_through_block(c, block);
  }
}

TARGET static void
convert_halves(const rrn_xbar_short_column *c)
{
  const int four = c->n_planes == FOUR;

  if (c->n_fives == 2 && !c->clips)
    convert(c, 2, 0, 0, 1, 0);
  else if (c->n_fives == 4 && !c->clips)
    convert(c, 4, 0, 0, 1, 0);
  else if (c->n_fives == 5 && four)
    convert(c, 5, 0, 1, 1, 1);
  else if (c->n_fives == 5 && !c->clips)
    convert(c, 5, 0, 0, 1, 0);
  else if (c->n_fives == 5)
    convert(c, 5, 0, 1, 1, 0);
  else
    convert(c, c->n_fives, 0, 1, 1, 0);
}

TARGET void
rrn_xbar_short_column_avx512(const rrn_xbar_short_column *c)
{
  if (!c->halves)
    convert(c, c->n_fives, c->spreads != NULL, 1, 0, 0);
  else if (c->spreads)
    convert(c, c->n_fives, 1, 1, 1, 0);
  else
    convert_halves(c);
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
rrn_xbar_short_tables_avx512(const uint8_t *cells, size_t n_in, int32_t shift, int32_t base, int32_t *ret_tables)
{
  (void)cells, (void)n_in, (void)shift, (void)base, (void)ret_tables;
}

void
rrn_xbar_short_worths_avx512(const rrn_xbar_short_column *c, int32_t *ret_worths)
{
  (void)c, (void)ret_worths;
}

void
rrn_xbar_short_column_avx512(const rrn_xbar_short_column *c)
{
  rrn_xbar_short_column_plain(c);
}
#endif
