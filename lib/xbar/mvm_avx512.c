/* SPDX-License-Identifier: MIT */
/* Bit-serial sums by lookup within registers, for AVX-512 with VNNI: mvm_lookup.c with vectors in the lanes.
 *
 * In:  as mvm_lookup.c, the inputs' bits of 16 vectors and 16 rows as places in four tables.
 * Out: the same codes, and where they are in doubt.
 *
 * Idea: the 16 sums of four rows each, of 16 rows, fill a register with their lower bytes and one with their upper bytes.
 * A permutation looks up four for 16 vectors, a dot product with ones adds them to sums of 32 bits: four instructions for
 * 256 binary multiply-adds. (Permutations of words are two operations on this hardware, those of bytes one.) Two columns
 * and four bits at a time keep 16 sums in registers. Tables begin at the least sum, as 0; what that leaves out is where
 * sums start. Sixteen bits of a cell leave a bound by which a sum may be wrong. A current nearer than that to the border of
 * two codes is a doubt, for mvm_settle_avx512.c with all 24 bits.
 * Read noise: spreads are looked up as the words are; those of steps of several bits are multiplied by squares, as bytes.
 *
 * Complexity: rows / 8 permutations and dot products per bit, column and 16 vectors, six operations per 16
 * conversions, one in some 150 in doubt. Source: Arlazarov et al., 1970, as mvm_lookup.c. Not handled: fewer than 16
 * vectors leave lanes idle. */
#include "xbar/mvm_wide.h"

#if defined(__x86_64__)

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")))
#define INLINE __attribute__((always_inline)) TARGET static inline
enum { COLUMNS = 2 };

/* Sums of the 16 subsets of four words of `cells` each, even and odd, on top of `base`. */
INLINE __m512i
subsets(const int16_t *cells, __m512i base)
{
  const int32_t *two = (const int32_t *)(const void *)cells;
  __m512i t = base;

  t = _mm512_mask_add_epi16(t, 0xcccccccc, t, _mm512_set1_epi32(two[0]));
  t = _mm512_mask_add_epi16(t, 0xf0f0f0f0, t, _mm512_set1_epi32(two[1]));
  t = _mm512_mask_add_epi16(t, 0xff00ff00, t, _mm512_set1_epi32(two[2]));
  return _mm512_mask_add_epi16(t, 0xffff0000, t, _mm512_set1_epi32(two[3]));
}

/* What the tables of 32 rows begin with, so that no sum is below 0: less the negative cells of each group. */
INLINE __m512i
bases(const int16_t *cells)
{
  __m512i m = _mm512_min_epi16(_mm512_loadu_si512(cells), _mm512_setzero_si512());

  m = _mm512_add_epi16(m, _mm512_shuffle_epi32(m, 0x4e));
  m = _mm512_add_epi16(m, _mm512_shuffle_epi32(m, 0xb1));
  return _mm512_sub_epi16(_mm512_setzero_si512(), m);
}

/* Which of `most` rows from one on there are. */
static inline uint32_t
rows_from(const rrn_xbar_block *b, size_t row, size_t most)
{
  return b->rows - row >= most ? UINT32_MAX >> (32 - most) : (1u << (b->rows - row)) - 1;
}

/* The upper two bytes of a column's cells, as rrn_xbar_word_of(), and the sum of those below 0: the least sum of each group of
 * four is the 0 of its table. */
TARGET static void
join(const rrn_xbar_block *b, size_t column)
{
  const int8_t *top = b->top + column * b->rows;
  const uint8_t *middle = b->middle + column * b->rows;
  const int8_t *low = b->low + column * b->rows;
  const __m512i one = _mm512_set1_epi16(b->left_out > 0), half = _mm512_set1_epi16((int16_t)((1 << b->left_out) >> 1));
  const __m128i places = _mm_cvtsi32_si128(b->left_out);
  __m512i sum = _mm512_setzero_si512();
  size_t row;

  for (row = 0; row < b->stride; row += 32) {
    const __mmask32 there = (__mmask32)rows_from(b, row, 32);
    const __m512i t = _mm512_cvtepi8_epi16(_mm256_maskz_loadu_epi8(there, top + row));
    const __m512i m = _mm512_cvtepu8_epi16(_mm256_maskz_loadu_epi8(there, middle + row));
    const __mmask32 below = _mm256_movepi8_mask(_mm256_maskz_loadu_epi8(there, low + row));
    const __m512i rounded = _mm512_add_epi16(_mm512_or_si512(_mm512_slli_epi16(t, 8), m), half);
    const __m512i words = _mm512_sra_epi16(_mm512_mask_sub_epi16(rounded, below, rounded, one), places);

    _mm512_store_si512(b->words + row, words);
    sum = _mm512_add_epi32(sum, _mm512_madd_epi16(_mm512_min_epi16(words, _mm512_setzero_si512()),
                                                  _mm512_set1_epi16(1)));
  }
  b->base[column] = _mm512_reduce_add_epi32(sum);
}

/* Two tables of 32 words as one of 64 bytes, of the words' lower and upper bytes. Bits 1, 2, 4 and 5 of a byte's place
 * are its subset, bit 0 says whether of odd rows, bit 3 whether of the second eight. */
INLINE void
store_bytes(uint8_t *to, __m512i first, __m512i second)
{
  const __m512i low = _mm512_set_epi64(0x7e7c7a7876747270, 0x3e3c3a3836343230, 0x6e6c6a6866646260, 0x2e2c2a2826242220,
                                       0x5e5c5a5856545250, 0x1e1c1a1816141210, 0x4e4c4a4846444240, 0x0e0c0a0806040200);

  _mm512_store_si512(to, _mm512_permutex2var_epi8(first, low, second));
  _mm512_store_si512(to + 64, _mm512_permutex2var_epi8(first, _mm512_or_si512(low, _mm512_set1_epi8(1)), second));
}

/* [stride / 16][COLUMNS][2][64]: even and odd rows of eight, then of the next eight. */
TARGET static void
build(const rrn_xbar_block *b, size_t column)
{
  const size_t n = b->columns - column < COLUMNS ? b->columns - column : COLUMNS;
  size_t c, row;

  for (c = 0; c < n; c++) {
    const int16_t *cells = b->words;
    uint8_t *t = (uint8_t *)b->table + c * 128;

    join(b, column + c);
    for (row = 0; row < b->stride; row += 32, t += 2 * COLUMNS * 128) {
      const __m512i base = bases(cells + row);

      store_bytes(t, subsets(cells + row, _mm512_shuffle_i32x4(base, base, 0x00)),
                  subsets(cells + row + 8, _mm512_shuffle_i32x4(base, base, 0x55)));
      if (b->stride - row <= 16)
        break;
      store_bytes(t + COLUMNS * 128, subsets(cells + row + 16, _mm512_shuffle_i32x4(base, base, 0xaa)),
                  subsets(cells + row + 24, _mm512_shuffle_i32x4(base, base, 0xff)));
    }
  }
}

/* Adds the lookups of one column for one bit. */
#define LOOK_UP(bit, c, rows)                                                                           \
  do {                                                                                                  \
    low[bit][c] = _mm512_dpbusd_epi32(low[bit][c], _mm512_permutexvar_epi8(rows, t[c][0]), ones);       \
    high[bit][c] = _mm512_dpbusd_epi32(high[bit][c], _mm512_permutexvar_epi8(rows, t[c][1]), ones);     \
  } while (0)

/* Sums of four bits and COLUMNS columns with 16 bits behind the point: ret_sums[4][COLUMNS][16]. */
INLINE void
sum(const uint8_t *table, const uint32_t *sixteens, size_t n, const int32_t *base, int32_t up, int32_t *ret_sums)
{
  const __m512i ones = _mm512_set1_epi8(1), z = _mm512_setzero_si512(), b0 = _mm512_set1_epi32(base[0]),
                b1 = _mm512_set1_epi32(base[1]);
  const __m512i places = _mm512_set1_epi32(up);
  __m512i low[4][COLUMNS] = { { b0, b1 }, { b0, b1 }, { b0, b1 }, { b0, b1 } };
  __m512i high[4][COLUMNS] = { { z, z }, { z, z }, { z, z }, { z, z } };
  size_t sixteen, k;

  for (sixteen = 0; sixteen < n; sixteen++, table += COLUMNS * 128, sixteens += 16) {
    const __m512i i0 = _mm512_load_si512(sixteens), i1 = _mm512_load_si512(sixteens + n * 16),
                  i2 = _mm512_load_si512(sixteens + 2 * n * 16), i3 = _mm512_load_si512(sixteens + 3 * n * 16);
    const __m512i t[COLUMNS][2] = { { _mm512_load_si512(table), _mm512_load_si512(table + 64) },
                                    { _mm512_load_si512(table + 128), _mm512_load_si512(table + 192) } };

    LOOK_UP(0, 0, i0);
    LOOK_UP(0, 1, i0);
    LOOK_UP(1, 0, i1);
    LOOK_UP(1, 1, i1);
    LOOK_UP(2, 0, i2);
    LOOK_UP(2, 1, i2);
    LOOK_UP(3, 0, i3);
    LOOK_UP(3, 1, i3);
#pragma GCC unroll 8
    for (k = 0; k < 4 * COLUMNS; k++) /* as wholes, or gcc copies some in every round */
      __asm__("" : "+v"(low[k / COLUMNS][k % COLUMNS]), "+v"(high[k / COLUMNS][k % COLUMNS]));
  }
#pragma GCC unroll 8
  for (k = 0; k < 4 * COLUMNS; k++) {
    const __m512i words =
      _mm512_add_epi32(low[k / COLUMNS][k % COLUMNS], _mm512_slli_epi32(high[k / COLUMNS][k % COLUMNS], 8));

    _mm512_store_si512(ret_sums + 16 * k, _mm512_sllv_epi32(words, places));
  }
}

/* As sum(), of one bit. */
INLINE void
sum_one(const uint8_t *table, const uint32_t *sixteens, size_t n, const int32_t *base, int32_t up, int32_t *ret_sums)
{
  const __m512i ones = _mm512_set1_epi8(1), z = _mm512_setzero_si512();
  __m512i low[COLUMNS] = { _mm512_set1_epi32(base[0]), _mm512_set1_epi32(base[1]) }, high[COLUMNS] = { z, z };
  size_t sixteen, c;

  for (sixteen = 0; sixteen < n; sixteen++, table += COLUMNS * 128, sixteens += 16)
#pragma GCC unroll 2
    for (c = 0; c < COLUMNS; c++) {
      const __m512i rows = _mm512_load_si512(sixteens), t = _mm512_load_si512(table + c * 128);

      low[c] = _mm512_dpbusd_epi32(low[c], _mm512_permutexvar_epi8(rows, t), ones);
      high[c] = _mm512_dpbusd_epi32(
        high[c], _mm512_permutexvar_epi8(rows, _mm512_load_si512(table + c * 128 + 64)), ones);
    }
  for (c = 0; c < COLUMNS; c++)
    _mm512_store_si512(ret_sums + 16 * c, _mm512_sll_epi32(_mm512_add_epi32(low[c], _mm512_slli_epi32(high[c], 8)),
                                                           _mm_cvtsi32_si128(up)));
}

/* Sums of the subsets of four spreads each, of 16 rows, which both halves hold: first of the lower two of a group and of its
 * upper two, by the lowest four bits of a place. 128 is no row. */
INLINE __m512i
subsets_of_spreads(__m256i rows)
{
  const __m256i one = _mm256_set_epi64x(0x0d0c80800d0c8080, 0x0504808005048080, 0x0908808009088080, 0x0100808001008080);
  const __m256i two = _mm256_set_epi64x(0x0f0e0f0e80808080, 0x0706070680808080, 0x0b0a0b0a80808080, 0x0302030280808080);
  const __m512i lower = _mm512_set4_epi32(0x0f0e0d0c, 0x0b0a0908, 0x07060504, 0x03020100);
  const __m512i upper = _mm512_set_epi64(0x1f1e1f1e1f1e1f1e, 0x1716171617161716, 0x1d1c1d1c1d1c1d1c, 0x1514151415141514,
                                         0x1b1a1b1a1b1a1b1a, 0x1312131213121312, 0x1918191819181918, 0x1110111011101110);
  const __m512i pairs =
    _mm512_castsi256_si512(_mm256_add_epi8(_mm256_shuffle_epi8(rows, one), _mm256_shuffle_epi8(rows, two)));

  return _mm512_add_epi8(_mm512_permutexvar_epi8(lower, pairs), _mm512_permutexvar_epi8(upper, pairs));
}

/* The same of columns: [stride / 16][COLUMNS][64] after the tables of the cells. */
TARGET static void
build_spreads(const rrn_xbar_block *b, size_t column)
{
  const size_t n = b->columns - column < COLUMNS ? b->columns - column : COLUMNS;
  size_t c, row;

  for (c = 0; c < n; c++) {
    const uint8_t *spread = b->spread + (column + c) * b->rows;
    uint8_t *to = b->spreads + c * 64;

    for (row = 0; row < b->rows; row += 16, to += COLUMNS * 64) {
      const __m128i rows = b->rows - row >= 16
                             ? _mm_loadu_si128((const void *)(spread + row))
                             : _mm_maskz_loadu_epi8((__mmask16)rows_from(b, row, 16), spread + row);

      _mm512_store_si512(to, subsets_of_spreads(_mm256_broadcastsi128_si256(rows)));
    }
  }
}

/* Sums of the spreads of COLUMNS columns in some bits, at most four: ret_sums[bits][COLUMNS][16]. */
INLINE void
sum_spreads(const uint8_t *table, const uint32_t *sixteens, size_t n, size_t bits, int32_t *ret_sums)
{
  const __m512i ones = _mm512_set1_epi8(1);
  __m512i s[4 * COLUMNS];
  size_t sixteen, k;

#pragma GCC unroll 8
  for (k = 0; k < bits * COLUMNS; k++)
    s[k] = _mm512_setzero_si512();
  for (sixteen = 0; sixteen < n; sixteen++, table += COLUMNS * 64, sixteens += 16) {
    const __m512i t[COLUMNS] = { _mm512_load_si512(table), _mm512_load_si512(table + 64) };

#pragma GCC unroll 4
    for (k = 0; k < bits; k++) {
      const __m512i rows = _mm512_load_si512(sixteens + k * n * 16);

      s[k * COLUMNS] = _mm512_dpbusd_epi32(s[k * COLUMNS], _mm512_permutexvar_epi8(rows, t[0]), ones);
      s[k * COLUMNS + 1] = _mm512_dpbusd_epi32(s[k * COLUMNS + 1], _mm512_permutexvar_epi8(rows, t[1]), ones);
    }
  }
#pragma GCC unroll 8
  for (k = 0; k < bits * COLUMNS; k++)
    _mm512_store_si512(ret_sums + 16 * k, s[k]);
}

/* The spreads themselves, [COLUMNS][stride]. */
static void
copy_spreads(const rrn_xbar_block *b, size_t column)
{
  size_t c;

  memset(b->spreads, 0, COLUMNS * b->stride);
  for (c = 0; c < COLUMNS && column + c < b->columns; c++)
    memcpy(b->spreads + c * b->stride, b->spread + (column + c) * b->rows, b->rows);
}

/* The same where steps have several bits: spreads times the squares of all steps, where their highest bits' sums are. */
INLINE void
sum_squares(const rrn_xbar_block *b, size_t vector, int32_t dac_bits, int32_t *ret_sums)
{
  const size_t n = b->stride / 4, per_step = (b->stride + 63) / 64 * 1024;
  const uint8_t *squares = b->squares + vector / 16 * (size_t)b->steps * per_step;
  size_t four, c;
  int32_t step;

  for (c = 0; c < COLUMNS; c++) {
    const int32_t *spread = (const int32_t *)(const void *)(b->spreads + c * b->stride);

    for (step = 0; step < b->steps; step++) {
      const uint8_t *from = squares + (size_t)step * per_step;
      __m512i even = _mm512_setzero_si512(), odd = even;

      for (four = 0; four < n; four += 2) {
        even = _mm512_dpbusd_epi32(even, _mm512_load_si512(from + four * 64), _mm512_set1_epi32(spread[four]));
        odd = _mm512_dpbusd_epi32(odd, _mm512_load_si512(from + four * 64 + 64), _mm512_set1_epi32(spread[four + 1]));
      }
      _mm512_store_si512(ret_sums + ((size_t)(step * dac_bits + dac_bits - 1) * COLUMNS + c) * 16,
                         _mm512_add_epi32(even, odd));
    }
  }
}

/* Sums of some columns and 16 vectors, and what of the read-out they are. */
typedef struct readout {
  const int32_t *sums, *spreads; /* [bits][COLUMNS][16] of one column */
  size_t column, vector;
  int32_t dac_bits;
  rrn_wide_noise noise;
  rrn_wide_names names;
} readout;

/* A step's sum of its bits' sums, with what the converter starts from and read noise. */
INLINE __m512i
total_of(const rrn_xbar_block *b, const readout *r, int32_t step, __m512i deviates)
{
  const size_t place = (size_t)step * RRN_XBAR_TABLE_VECTORS + r->vector;
  const size_t high = (size_t)(step * r->dac_bits + r->dac_bits - 1) * COLUMNS * 16;
  const rrn_wide_mix mix = rrn_wide_mix_of(step);
  __m512i total = _mm512_load_si512(r->sums + high);
  int32_t bit;

  for (bit = 1; bit < r->dac_bits; bit++)
    total = _mm512_add_epi32(_mm512_add_epi32(total, total), _mm512_load_si512(r->sums + high - bit * COLUMNS * 16));
  total = _mm512_add_epi32(total, _mm512_load_si512(b->offset + place));
  if (r->noise == RRN_WIDE_SAME)
    total = _mm512_add_epi32(total, rrn_wide_noise_of(&mix, deviates, _mm512_load_ps(b->deviation + place)));
  if (r->noise == RRN_WIDE_SUMMED)
    total = _mm512_add_epi32(total, rrn_wide_summed_noise_of(&mix, deviates, _mm512_set1_ps(b->noise[r->column]),
                                                             _mm512_load_si512(r->spreads + high)));
  if (r->noise == RRN_WIDE_SMALL) /* offsets are without the bits that it has too much */
    total = _mm512_add_epi32(total, rrn_wide_small_noise_of(&mix, deviates, _mm512_set1_ps(b->noise[r->column]),
                                                            _mm512_load_si512(r->spreads + high)));
  return total;
}

/* Adds the codes of one column and 16 vectors. */
INLINE void
convert(rrn_xbar_block *b, const rrn_wide_converter *v, const rrn_wide_weights *weights, const readout *r)
{
  const uint32_t valid = rrn_wide_valid(b, r->vector);
  uint32_t *doubts = b->doubts + r->column * (size_t)b->steps * RRN_XBAR_DOUBTS + r->vector / 16;
  uint32_t *to = b->codes + r->column * RRN_XBAR_TABLE_VECTORS + r->vector;
  __m512i deviates = _mm512_setzero_si512(), codes = _mm512_load_si512(to);
  int32_t step;

  for (step = 0; step < b->steps; step += 2, doubts += 2 * RRN_XBAR_DOUBTS) {
    if (r->noise != RRN_WIDE_QUIET && step % RRN_XBAR_DRAW_STEPS == 0)
      deviates = rrn_wide_deviates_of(b, &r->names, rrn_xbar_key(b, step, r->column));
    codes = rrn_wide_add_codes(codes, &weights[step / 2],
                               step + 1 < b->steps
                                 ? rrn_wide_two_codes(b, v, total_of(b, r, step, deviates),
                                                      total_of(b, r, step + 1, deviates), valid, doubts)
                                 : rrn_wide_one_code(b, v, total_of(b, r, step, deviates), valid, doubts));
  }
  _mm512_store_si512(to, codes);
}

/* The same for converters with errors. */
INLINE void
convert_by_levels(rrn_xbar_block *b, const readout *r)
{
  const uint32_t valid = rrn_wide_valid(b, r->vector);
  uint32_t *doubts = b->doubts + r->column * (size_t)b->steps * RRN_XBAR_DOUBTS + r->vector / 16;
  uint32_t *to = b->codes + r->column * RRN_XBAR_TABLE_VECTORS + r->vector;
  __m512i deviates = _mm512_setzero_si512(), codes = _mm512_load_si512(to);
  int32_t step;

  for (step = 0; step < b->steps; step++, doubts += RRN_XBAR_DOUBTS) {
    if (r->noise != RRN_WIDE_QUIET && step % RRN_XBAR_DRAW_STEPS == 0)
      deviates = rrn_wide_deviates_of(b, &r->names, rrn_xbar_key(b, step, r->column));
    codes = _mm512_add_epi32(codes, rrn_wide_codes_by_levels(b, b->levels[r->column], total_of(b, r, step, deviates),
                                                             step, valid, doubts));
  }
  _mm512_store_si512(to, codes);
}

/* Of all bits. */
INLINE void
sum_all_spreads(const rrn_xbar_block *b, const uint32_t *sixteens, int32_t *ret_sums)
{
  const size_t n = b->stride / 16;
  size_t bit;

  for (bit = 0; bit + 4 <= (size_t)b->bits; bit += 4)
    sum_spreads(b->spreads, sixteens + bit * n * 16, n, 4, ret_sums + bit * COLUMNS * 16);
  for (; bit < (size_t)b->bits; bit++)
    sum_spreads(b->spreads, sixteens + bit * n * 16, n, 1, ret_sums + bit * COLUMNS * 16);
}

/* COLUMNS columns, 16 vectors. */
INLINE void
read_out(rrn_xbar_block *b, const rrn_wide_converter *v, const rrn_wide_weights *weights, size_t column, size_t vector,
         int32_t dac_bits, rrn_wide_noise noise)
{
  const size_t n = b->stride / 16;
  const uint32_t *sixteens = b->sixteens + vector * (size_t)b->bits * n;
  _Alignas(64) int32_t sums[RRN_XBAR_MAX_BITS * COLUMNS * 16], spreads[RRN_XBAR_MAX_BITS * COLUMNS * 16];
  int32_t base[COLUMNS] = { 0 };
  size_t bit, c;

  for (c = 0; c < COLUMNS && column + c < b->columns; c++)
    base[c] = b->base[column + c];
  for (bit = 0; bit + 4 <= (size_t)b->bits; bit += 4)
    sum(b->table, sixteens + bit * n * 16, n, base, 16 - b->high, sums + bit * COLUMNS * 16);
  for (; bit < (size_t)b->bits; bit++)
    sum_one(b->table, sixteens + bit * n * 16, n, base, 16 - b->high, sums + bit * COLUMNS * 16);
  if (noise >= RRN_WIDE_SUMMED && dac_bits > 1)
    sum_squares(b, vector, dac_bits, spreads);
  else if (noise >= RRN_WIDE_SUMMED)
    sum_all_spreads(b, sixteens, spreads);
  for (c = 0; c < COLUMNS && column + c < b->columns; c++) {
    const readout r = { sums + 16 * c, spreads + 16 * c, column + c, vector, dac_bits, noise,
                        rrn_wide_names_of(b, vector, noise) };

    if (b->levels)
      convert_by_levels(b, &r);
    else
      convert(b, v, weights, &r);
  }
}

INLINE void
look_up(rrn_xbar_block *block, int32_t dac_bits, rrn_wide_noise noise)
{
  rrn_xbar_block here = *block, *const b = &here; /* which no store changes */
  const rrn_wide_converter v = rrn_wide_converter_of(b);
  rrn_wide_weights weights[8];
  size_t column, vector;
  int32_t step;

  for (step = 0; step < b->steps; step += 2)
    weights[step / 2] = rrn_wide_weights_of(b, step, b->steps - step < 2 ? 1 : 2);
  for (column = 0; column < b->columns; column += COLUMNS) {
    build(b, column);
    if (noise >= RRN_WIDE_SUMMED && dac_bits == 1)
      build_spreads(b, column);
    else if (noise >= RRN_WIDE_SUMMED)
      copy_spreads(b, column);
    for (vector = 0; vector < b->vectors; vector += 16)
      read_out(b, &v, weights, column, vector, dac_bits, noise);
  }
  block->clipped_low = here.clipped_low;
  block->clipped_high = here.clipped_high;
}

TARGET void
rrn_xbar_lookup_avx512(rrn_xbar_block *b)
{
  if (b->spread && b->small && b->dac_bits == 1)
    look_up(b, 1, RRN_WIDE_SMALL);
  else if (b->spread && b->dac_bits == 1)
    look_up(b, 1, RRN_WIDE_SUMMED);
  else if (b->spread && b->small)
    look_up(b, b->dac_bits, RRN_WIDE_SMALL);
  else if (b->spread)
    look_up(b, b->dac_bits, RRN_WIDE_SUMMED);
  else if (b->deviation)
    look_up(b, b->dac_bits, RRN_WIDE_SAME);
  else if (b->dac_bits == 1)
    look_up(b, 1, RRN_WIDE_QUIET);
  else
    look_up(b, b->dac_bits, RRN_WIDE_QUIET);
}

TARGET void
rrn_xbar_squares_avx512(const int32_t *x, size_t x_row, size_t rows, size_t vectors, const rrn_xbar_block *b,
                        uint8_t *ret_squares)
{
  const size_t per_step = (b->stride + 63) / 64 * 1024;
  const __m512i mask = _mm512_set1_epi32((1 << b->dac_bits) - 1);
  size_t row, vector;
  int32_t step;

  for (vector = 0; vector < vectors; vector++, x += x_row)
    for (row = 0; row < rows; row += 16) {
      const __mmask16 here = (__mmask16)(rows - row >= 16 ? 0xffff : (1u << (rows - row)) - 1);
      const __m512i all = _mm512_maskz_loadu_epi32(here, x + row);

      for (step = 0; step < b->steps; step++) {
        const __m512i v = _mm512_and_si512(_mm512_srl_epi32(all, _mm_cvtsi32_si128(step * b->dac_bits)), mask);
        uint8_t bytes[16];
        size_t k;

        _mm_storeu_si128((void *)bytes, _mm512_cvtepi32_epi8(_mm512_mullo_epi32(v, v)));
        for (k = 0; k < 4; k++)
          memcpy(ret_squares + (size_t)step * per_step + ((row / 4 + k) * 16 + vector) * 4, bytes + 4 * k, 4);
      }
    }
}

/* The bytes of up to 64 rows, `down` bits further down. */
INLINE __m512i
bytes_of(const int32_t *x, size_t rows, int32_t down)
{
  __m128i part[4];
  size_t k;

#pragma GCC unroll 4
  for (k = 0; k < 4; k++) {
    const size_t left = rows > 16 * k ? rows - 16 * k : 0;
    const __mmask16 here = (__mmask16)(left >= 16 ? 0xffff : (1u << left) - 1);

    part[k] =
      _mm512_cvtepi32_epi8(_mm512_srl_epi32(_mm512_maskz_loadu_epi32(here, x + 16 * k), _mm_cvtsi32_si128(down)));
  }
  return _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_set_m128i(part[1], part[0])),
                            _mm256_set_m128i(part[3], part[2]), 1);
}

TARGET void
rrn_xbar_bits_avx512(const int32_t *x, size_t rows, int32_t bits, size_t words, uint64_t *ret_bits)
{
  size_t row;
  int32_t first, bit;

  for (row = 0; row < rows; row += 64)
    for (first = 0; first < bits; first += 8) {
      const __m512i bytes = bytes_of(x + row, rows - row, first);

      for (bit = first; bit < bits && bit < first + 8; bit++)
        ret_bits[(size_t)bit * words + row / 64] =
          _mm512_test_epi8_mask(bytes, _mm512_set1_epi8((char)(1 << (bit - first))));
    }
}

__attribute__((target("avx512f,avx512bw,avx512dq"))) int32_t
rrn_xbar_dot_avx512(const int16_t *a, const int16_t *b, size_t n)
{
  __m512i sum = _mm512_setzero_si512();
  size_t k;

  for (k = 0; k < n; k += 32)
    sum = _mm512_add_epi32(sum, _mm512_madd_epi16(_mm512_loadu_si512(a + k), _mm512_loadu_si512(b + k)));
  return _mm512_reduce_add_epi32(sum);
}
#else
void
rrn_xbar_lookup_avx512(rrn_xbar_block *b)
{
  rrn_xbar_lookup_plain(b);
}

void
rrn_xbar_squares_avx512(const int32_t *x, size_t x_row, size_t rows, size_t vectors, const rrn_xbar_block *b,
                        uint8_t *ret_squares)
{
  (void)x, (void)x_row, (void)rows, (void)vectors, (void)b, (void)ret_squares;
}

void
rrn_xbar_bits_avx512(const int32_t *x, size_t rows, int32_t bits, size_t words, uint64_t *ret_bits)
{
  (void)x, (void)rows, (void)bits, (void)words, (void)ret_bits;
}

int32_t
rrn_xbar_dot_avx512(const int16_t *a, const int16_t *b, size_t n)
{
  return rrn_xbar_dot_plain(a, b, n);
}
#endif
