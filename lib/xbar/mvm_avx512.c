/* SPDX-License-Identifier: MIT */
/* Bit-serial sums by lookup within registers, for AVX-512: mvm_lookup.c with vectors in the lanes.
 *
 * In:  as mvm_lookup.c, the inputs' bits of 16 vectors and eight bits in words.
 * Out: the same bytes.
 *
 * Idea: the 16 sums of four rows fill one register, and a permutation looks up 16 vectors at once: no load for a
 * lookup. Four columns and four bits at a time keep 16 sums in registers, for one load per four permutations.
 *
 * Complexity: rows / 4 permutations and additions per bit, column and 16 vectors. Not handled: fewer than 16 vectors
 * leave lanes idle. */
#include "xbar/mvm.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq")))
enum { COLUMNS = 4 };

/* What a block keeps at hand while it converts. */
typedef struct converter {
  __m512 slope, zero, top, below, above;
  __m512i low, high;
} converter;

/* [groups][COLUMNS][16] */
TARGET static void
build(const rrn_xbar_block *b, size_t column)
{
  size_t group, c;

  for (group = 0; group < b->groups; group++)
    for (c = 0; c < COLUMNS; c++) {
      const int32_t *cells = b->cells + group * 4 * RRN_XBAR_LANES + column + c;
      const __m512i low = _mm512_add_epi32(_mm512_maskz_set1_epi32(0xaaaa, cells[0]),
                                           _mm512_maskz_set1_epi32(0xcccc, cells[RRN_XBAR_LANES]));
      const __m512i high = _mm512_add_epi32(_mm512_maskz_set1_epi32(0xf0f0, cells[2 * RRN_XBAR_LANES]),
                                            _mm512_maskz_set1_epi32(0xff00, cells[3 * RRN_XBAR_LANES]));

      _mm512_storeu_si512(b->table + (group * COLUMNS + c) * 16, _mm512_add_epi32(low, high));
    }
}

/* Adds the lookups of one column for four bits. */
#define LOOK_UP(c)                                                                           \
  do {                                                                                       \
    const __m512i t = _mm512_loadu_si512(table + (group * COLUMNS + (c)) * 16);              \
    s[0][c] = _mm512_add_epi32(s[0][c], _mm512_permutexvar_epi32(i0, t));                    \
    s[1][c] = _mm512_add_epi32(s[1][c], _mm512_permutexvar_epi32(i1, t));                    \
    s[2][c] = _mm512_add_epi32(s[2][c], _mm512_permutexvar_epi32(i2, t));                    \
    s[3][c] = _mm512_add_epi32(s[3][c], _mm512_permutexvar_epi32(i3, t));                    \
  } while (0)

/* Sums of four bits, those from `shift` on in the words, and COLUMNS columns: ret_sums[4][COLUMNS][16]. */
TARGET static void
sum(const int32_t *table, const uint32_t *words, size_t groups, uint32_t shift, int32_t *ret_sums)
{
  const __m512i zero = _mm512_setzero_si512();
  __m512i s[4][COLUMNS] = { { zero, zero, zero, zero }, { zero, zero, zero, zero }, { zero, zero, zero, zero },
                            { zero, zero, zero, zero } };
  const __m128i first = _mm_cvtsi32_si128((int)shift);
  size_t group, k;

  for (group = 0; group < groups; group++) {
    /* A permutation heeds the lowest four bits of its index. */
    const __m512i i0 = _mm512_srl_epi32(_mm512_loadu_si512(words + group * 16), first);
    const __m512i i1 = _mm512_srli_epi32(i0, 4), i2 = _mm512_srli_epi32(i0, 8), i3 = _mm512_srli_epi32(i0, 12);

    LOOK_UP(0);
    LOOK_UP(1);
    LOOK_UP(2);
    LOOK_UP(3);
  }
#pragma GCC unroll 16
  for (k = 0; k < 4 * COLUMNS; k++)
    _mm512_storeu_si512(ret_sums + 16 * k, s[k / COLUMNS][k % COLUMNS]);
}

/* Codes of one column and 16 vectors: the same operations as in mvm_lookup.inc. */
TARGET static inline __m512i
convert(const rrn_xbar_block *b, converter *v, const int32_t *sums, size_t vector, __mmask16 valid, int32_t dac_bits)
{
  const __m512i one = _mm512_set1_epi32(1), magic = _mm512_set1_epi32(0x4b400000);
  const __m128i places = _mm_cvtsi32_si128(dac_bits);
  __m512i codes = _mm512_setzero_si512();
  int32_t step, bit;

  for (step = b->steps; step-- > 0;) {
    __m512i total = _mm512_setzero_si512();
    __m512 t;

    for (bit = dac_bits; bit-- > 0;)
      total = _mm512_add_epi32(_mm512_add_epi32(total, total),
                               _mm512_loadu_si512(sums + (size_t)(step * dac_bits + bit) * COLUMNS * 16));
    t = _mm512_mul_ps(_mm512_cvtepi32_ps(total), v->slope);
    t = _mm512_add_ps(t, _mm512_loadu_ps(b->offset + (size_t)step * RRN_XBAR_TABLE_VECTORS + vector));
    v->low = _mm512_mask_sub_epi32(v->low, _mm512_mask_cmp_ps_mask(valid, t, v->below, _CMP_LT_OQ), v->low, one);
    v->high = _mm512_mask_sub_epi32(v->high, _mm512_mask_cmp_ps_mask(valid, t, v->above, _CMP_GT_OQ), v->high, one);
    t = _mm512_add_ps(_mm512_min_ps(_mm512_max_ps(t, v->zero), v->top), _mm512_set1_ps(0x1.8p23f));
    codes = _mm512_add_epi32(_mm512_sll_epi32(codes, places), _mm512_sub_epi32(_mm512_castps_si512(t), magic));
  }
  return codes;
}

/* COLUMNS columns, 16 vectors. */
TARGET static void
read_out(rrn_xbar_block *b, converter *v, size_t column, size_t vector)
{
  const size_t words = ((size_t)b->bits + 7) / 8, left = b->vectors - vector;
  const uint32_t *fours = b->fours + vector * words * b->groups;
  const __mmask16 valid = (__mmask16)(left >= 16 ? 0xffff : (1u << left) - 1);
  int32_t sums[RRN_XBAR_MAX_BITS * COLUMNS * 16];
  size_t bit, c;

  for (bit = 0; bit < (size_t)b->bits; bit += 4)
    sum(b->table, fours + bit / 8 * b->groups * 16, b->groups, bit % 8 * 4, sums + bit * COLUMNS * 16);
  for (c = 0; c < COLUMNS; c++) {
    const __mmask16 here = column + c < b->columns ? valid : 0;
    const __m512i codes = b->dac_bits == 1 ? convert(b, v, sums + 16 * c, vector, here, 1)
                                           : convert(b, v, sums + 16 * c, vector, here, b->dac_bits);

    _mm512_storeu_si512(b->codes + (column + c) * RRN_XBAR_TABLE_VECTORS + vector, codes);
  }
}

TARGET void
rrn_xbar_lookup_avx512(rrn_xbar_block *b)
{
  const __m512i none = _mm512_setzero_si512();
  converter v = { _mm512_set1_ps(b->slope), _mm512_setzero_ps(), _mm512_set1_ps(b->top), _mm512_set1_ps(-0.5f),
                  _mm512_set1_ps(b->top + 0.5f), none, none };
  size_t column, vector;

  for (column = 0; column < b->columns; column += COLUMNS) {
    build(b, column);
    for (vector = 0; vector < b->vectors; vector += 16)
      read_out(b, &v, column, vector);
  }
  b->low[0] += _mm512_reduce_add_epi32(v.low);
  b->high[0] += _mm512_reduce_add_epi32(v.high);
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

int32_t
rrn_xbar_dot_avx512(const int16_t *a, const int16_t *b, size_t n)
{
  return rrn_xbar_dot_plain(a, b, n);
}
#endif
