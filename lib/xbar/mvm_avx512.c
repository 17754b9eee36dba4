/* SPDX-License-Identifier: MIT */
/* Bit-serial sums by lookup within registers, for AVX-512 with VNNI: mvm_lookup.c with vectors in the lanes.
 *
 * In:  as mvm_lookup.c, the inputs' bits of 16 vectors and eight rows as places in two tables.
 * Out: the same codes, and where they are in doubt.
 *
 * Idea: the 16 sums of four even rows and of four odd rows, 16 bits each, fill one register. A permutation looks up
 * both for 16 vectors, a dot product with ones adds the two to sums of 32 bits: two instructions for 128 binary
 * multiply-adds. Four columns and four bits at a time keep 16 sums in registers, for one load per two of these pairs.
 * Tables begin at the least sum, as which 16 bits start at their lowest number; what that leaves out is where sums
 * start. Sixteen bits of a cell leave a bound by which a sum may be wrong. A current nearer than that to the border of
 * two codes is a doubt, for others to settle with all 24 bits.
 *
 * Complexity: rows / 8 permutations and dot products per bit, column and 16 vectors, nine operations per 16
 * conversions, one in some 100 in doubt. Source: Arlazarov et al., 1970, as mvm_lookup.c. Not handled: fewer than 16
 * vectors leave lanes idle. */
#include "xbar/mvm.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")))
enum { COLUMNS = 4, FRACTION = 12 };

/* What a block keeps at hand while it converts: codes have FRACTION bits behind the point, and half a code and the
 * margin are added, so that doubts are the lowest fractions. */
typedef struct converter {
  __m512 slope, one, half;
  __m512i top, fraction, doubtful;
} converter;

/* Sums of the 16 subsets of four words of `cells` each, even and odd, on top of `base`. */
TARGET static inline __m512i
subsets(const int16_t *cells, __m512i base)
{
  const int32_t *two = (const int32_t *)(const void *)cells;
  __m512i t = base;

  t = _mm512_mask_add_epi16(t, 0xcccccccc, t, _mm512_set1_epi32(two[0]));
  t = _mm512_mask_add_epi16(t, 0xf0f0f0f0, t, _mm512_set1_epi32(two[1]));
  t = _mm512_mask_add_epi16(t, 0xff00ff00, t, _mm512_set1_epi32(two[2]));
  return _mm512_mask_add_epi16(t, 0xffff0000, t, _mm512_set1_epi32(two[3]));
}

/* What the tables of 32 rows begin with: the lowest number less the negative cells of each group. */
TARGET static inline __m512i
bases(const int16_t *cells)
{
  __m512i m = _mm512_min_epi16(_mm512_loadu_si512(cells), _mm512_setzero_si512());

  m = _mm512_add_epi16(m, _mm512_shuffle_epi32(m, 0x4e));
  m = _mm512_add_epi16(m, _mm512_shuffle_epi32(m, 0xb1));
  return _mm512_sub_epi16(_mm512_set1_epi16(-32768), m);
}

/* The upper two bytes of a column's cells. */
TARGET static void
join(const rrn_xbar_block *b, size_t column)
{
  const int8_t *top = b->top + column * b->stride;
  const uint8_t *middle = b->middle + column * b->stride;
  size_t row;

  for (row = 0; row < b->stride; row += 32) {
    const __m512i t = _mm512_cvtepi8_epi16(_mm256_loadu_si256((const void *)(top + row)));
    const __m512i m = _mm512_cvtepu8_epi16(_mm256_loadu_si256((const void *)(middle + row)));

    _mm512_store_si512(b->words + row, _mm512_or_si512(_mm512_slli_epi16(t, 8), m));
  }
}

/* [stride / 8][COLUMNS][32] */
TARGET static void
build(const rrn_xbar_block *b, size_t column)
{
  const size_t n = b->columns - column < COLUMNS ? b->columns - column : COLUMNS;
  size_t c, row;

  for (c = 0; c < n; c++) {
    const int16_t *cells = b->words;
    int16_t *table = (int16_t *)b->table + c * 32;

    join(b, column + c);
    for (row = 0; row < b->stride; row += 32) {
      const __m512i base = bases(cells + row);
      const size_t left = b->stride - row;
      int16_t *t = table + row / 8 * COLUMNS * 32;

      _mm512_store_si512(t, subsets(cells + row, _mm512_shuffle_i32x4(base, base, 0x00)));
      _mm512_store_si512(t + COLUMNS * 32, subsets(cells + row + 8, _mm512_shuffle_i32x4(base, base, 0x55)));
      if (left <= 16)
        break;
      _mm512_store_si512(t + 2 * COLUMNS * 32, subsets(cells + row + 16, _mm512_shuffle_i32x4(base, base, 0xaa)));
      _mm512_store_si512(t + 3 * COLUMNS * 32, subsets(cells + row + 24, _mm512_shuffle_i32x4(base, base, 0xff)));
    }
  }
}

/* Adds the lookups of one column for four bits. */
#define LOOK_UP(c)                                                                           \
  do {                                                                                       \
    const __m512i t = _mm512_load_si512(table + (c) * 32);                                   \
    s[0][c] = _mm512_dpwssd_epi32(s[0][c], _mm512_permutexvar_epi16(i0, t), ones);           \
    s[1][c] = _mm512_dpwssd_epi32(s[1][c], _mm512_permutexvar_epi16(i1, t), ones);           \
    s[2][c] = _mm512_dpwssd_epi32(s[2][c], _mm512_permutexvar_epi16(i2, t), ones);           \
    s[3][c] = _mm512_dpwssd_epi32(s[3][c], _mm512_permutexvar_epi16(i3, t), ones);           \
  } while (0)

/* Sums of four bits and COLUMNS columns: ret_sums[4][COLUMNS][16]. */
TARGET static inline void
sum(const int16_t *table, const uint32_t *pairs, size_t n, const int32_t *base, int32_t *ret_sums)
{
  const __m512i ones = _mm512_set1_epi16(1), b0 = _mm512_set1_epi32(base[0]), b1 = _mm512_set1_epi32(base[1]),
                b2 = _mm512_set1_epi32(base[2]), b3 = _mm512_set1_epi32(base[3]);
  __m512i s[4][COLUMNS] = { { b0, b1, b2, b3 }, { b0, b1, b2, b3 }, { b0, b1, b2, b3 }, { b0, b1, b2, b3 } };
  size_t pair, k;

  for (pair = 0; pair < n; pair++, table += COLUMNS * 32, pairs += 16) {
    const __m512i i0 = _mm512_load_si512(pairs), i1 = _mm512_load_si512(pairs + n * 16),
                  i2 = _mm512_load_si512(pairs + 2 * n * 16), i3 = _mm512_load_si512(pairs + 3 * n * 16);

    LOOK_UP(0);
    LOOK_UP(1);
    LOOK_UP(2);
    LOOK_UP(3);
  }
#pragma GCC unroll 16
  for (k = 0; k < 4 * COLUMNS; k++)
    _mm512_store_si512(ret_sums + 16 * k, s[k / COLUMNS][k % COLUMNS]);
}

/* Codes of one column and 16 vectors, highest step first. */
TARGET static inline __m512i
convert(rrn_xbar_block *b, const converter *v, const int32_t *sums, size_t column, size_t vector, __mmask16 valid,
        int32_t dac_bits, int counted)
{
  const __m128i places = _mm_cvtsi32_si128(dac_bits);
  uint16_t *doubts = (uint16_t *)(void *)(b->doubts + column * (size_t)b->steps) + vector / 16;
  __m512i codes = _mm512_setzero_si512();
  int32_t step, bit;

  for (step = b->steps; step-- > 0;) {
    __m512i total = _mm512_load_si512(sums + (size_t)(step * dac_bits + dac_bits - 1) * COLUMNS * 16), code;
    __mmask16 sure;

    for (bit = dac_bits - 1; bit-- > 0;)
      total = _mm512_add_epi32(_mm512_add_epi32(total, total),
                               _mm512_load_si512(sums + (size_t)(step * dac_bits + bit) * COLUMNS * 16));
    code = _mm512_cvttps_epi32(
      _mm512_fmadd_ps(_mm512_cvtepi32_ps(total), v->slope,
                      _mm512_fmadd_ps(_mm512_loadu_ps(b->offset + (size_t)step * RRN_XBAR_TABLE_VECTORS + vector),
                                      v->one, v->half)));
    sure = _mm512_cmpgt_epi32_mask(_mm512_and_si512(code, v->fraction), v->doubtful);
    doubts[4 * step] = (uint16_t)(~sure & valid);
    if (counted) {
      b->clipped_low += __builtin_popcount(_mm512_movepi32_mask(code) & sure & valid);
      b->clipped_high += __builtin_popcount(_mm512_mask_cmpgt_epi32_mask(sure & valid, code, v->top));
    }
    code = _mm512_min_epi32(_mm512_max_epi32(code, _mm512_setzero_si512()), v->top);
    codes = _mm512_sll_epi32(codes, places);
    codes = _mm512_mask_add_epi32(codes, sure, codes, _mm512_srli_epi32(code, FRACTION));
  }
  return codes;
}

/* COLUMNS columns, 16 vectors. */
TARGET static inline void
read_out(rrn_xbar_block *b, const converter *v, size_t column, size_t vector)
{
  const size_t n = b->stride / 8, left = b->vectors - vector;
  const uint32_t *pairs = b->pairs + vector * (size_t)b->bits * n;
  const __mmask16 valid = (__mmask16)(left >= 16 ? 0xffff : (1u << left) - 1);
  _Alignas(64) int32_t sums[RRN_XBAR_MAX_BITS * COLUMNS * 16];
  int32_t base[COLUMNS] = { 0 };
  size_t bit, c;

  for (c = 0; c < COLUMNS && column + c < b->columns; c++)
    base[c] = b->base[column + c];
  for (bit = 0; bit < (size_t)b->bits; bit += 4)
    sum(b->table, pairs + bit * n * 16, n, base, sums + bit * COLUMNS * 16);
  for (c = 0; c < COLUMNS && column + c < b->columns; c++) {
    const int32_t *s = sums + 16 * c;
    const __m512i codes = b->dac_bits == 1 && !b->counted
                            ? convert(b, v, s, column + c, vector, valid, 1, 0)
                            : convert(b, v, s, column + c, vector, valid, b->dac_bits, b->counted);

    uint32_t *to = b->codes + (column + c) * RRN_XBAR_TABLE_VECTORS + vector;

    _mm512_store_si512(to, _mm512_add_epi32(_mm512_load_si512(to), codes));
  }
}

TARGET void
rrn_xbar_lookup_avx512(rrn_xbar_block *b)
{
  const int32_t one = 1 << FRACTION, width = (int32_t)(2 * b->margin * (float)one) + 3;
  const converter v = { _mm512_set1_ps(b->slope * (float)one), _mm512_set1_ps((float)one),
                        _mm512_set1_ps(0.5f * (float)(one + width)),
                        _mm512_set1_epi32((int32_t)b->last * one + one - 1), _mm512_set1_epi32(one - 1),
                        _mm512_set1_epi32(width < one ? width : one) };
  size_t column, vector;

  for (column = 0; column < b->columns; column += COLUMNS) {
    build(b, column);
    for (vector = 0; vector < b->vectors; vector += 16)
      read_out(b, &v, column, vector);
  }
}

TARGET int64_t
rrn_xbar_sum_avx512(const rrn_xbar_cells *c, size_t column, const uint64_t *rows)
{
  const size_t first = column * c->stride;
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

TARGET void
rrn_xbar_bits_avx512(const int32_t *x, size_t rows, int32_t bits, size_t words, uint64_t *ret_bits)
{
  uint16_t *to = (uint16_t *)(void *)ret_bits;
  size_t row;
  int32_t bit;

  for (row = 0; row < rows; row += 16) {
    const __mmask16 here = (__mmask16)(rows - row >= 16 ? 0xffff : (1u << (rows - row)) - 1);
    const __m512i v = _mm512_maskz_loadu_epi32(here, x + row);

    for (bit = 0; bit < bits; bit++)
      to[(size_t)bit * words * 4 + row / 16] = _mm512_test_epi32_mask(v, _mm512_set1_epi32(1 << bit));
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

int64_t
rrn_xbar_sum_avx512(const rrn_xbar_cells *c, size_t column, const uint64_t *rows)
{
  return rrn_xbar_sum_plain(c, column, rows);
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
