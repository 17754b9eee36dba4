/* SPDX-License-Identifier: MIT */
/* Products on short arrays with columns in the lanes, with AVX-512.
 *
 * In:  cells of up to 16 columns of a group, inputs of many vectors.
 * Out: the same sums as mvm_short.c has.
 *
 * Idea: rows are taken in bundles of up to eight. What a bundle's rows can add up to is tabulated for all columns side by
 * side, a register for each pattern of bits, so the sums of 16 columns are as many loads and additions as there are
 * bundles, where lookups of five rows take a permutation for each. A plane's tables stay in the nearest cache while all
 * vectors use them. Codes lie above their fractions and are weighed where they lie, doubts and clips are noticed by
 * vector, as in mvm_short_avx512.c.
 *
 * Complexity: for each plane 2^(rows / bundles) bundles entries, then bundles loads and additions and three operations for
 * 16 conversions. Source: Arlazarov et al., 1970. Not handled: read noise. */
#include "xbar/mvm_short.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi,gfni")))
#define INLINE TARGET static inline __attribute__((always_inline))

enum { SIDE = RRN_XBAR_SHORT_SIDE, STEPS = RRN_XBAR_SHORT_STEPS, EIGHT = 8 };

/* --- patterns --- */

/* Sixteen vectors of a row of a bundle. */
INLINE __m128i
row_of(const uint8_t *x, size_t x_row, size_t row, size_t n)
{
  return row < n ? _mm_loadu_si128((const void *)(x + row * x_row)) : _mm_setzero_si128();
}

/* Bits of eight steps of four times two vectors' rows, as words. */
INLINE void
store_patterns(__m128i low, __m128i high, size_t per_vector, uint16_t *to)
{
  const __m256i rows = _mm256_set_m128i(high, low);
  /* The affine product takes the bits of its first operand as a vector's, so the rows are the matrix. */
  const __m256i bits = _mm256_gf2p8affine_epi64_epi8(_mm256_set1_epi64x((int64_t)UINT64_C(0x8040201008040201)), rows, 0);
  const __m512i words = _mm512_slli_epi16(_mm512_cvtepu8_epi16(bits), 3);

  _mm_storeu_si128((void *)to, _mm512_castsi512_si128(words));
  _mm_storeu_si128((void *)(to + per_vector), _mm512_extracti32x4_epi32(words, 1));
  _mm_storeu_si128((void *)(to + 2 * per_vector), _mm512_extracti32x4_epi32(words, 2));
  _mm_storeu_si128((void *)(to + 3 * per_vector), _mm512_extracti32x4_epi32(words, 3));
}

/* Rows of a vector from the last to the first: the lowest bit comes from the matrix' last row. */
TARGET static void
spread_rows(const uint8_t *x, size_t x_row, size_t n, size_t per_vector, uint16_t *to)
{
  __m128i rows[EIGHT], a, b, c, d;
  size_t k;

#pragma GCC unroll 8
  for (k = 0; k < EIGHT; k++)
    rows[k] = row_of(x, x_row, k, n);
  a = _mm_unpacklo_epi8(rows[7], rows[6]);
  b = _mm_unpacklo_epi8(rows[5], rows[4]);
  c = _mm_unpacklo_epi8(rows[3], rows[2]);
  d = _mm_unpacklo_epi8(rows[1], rows[0]);
  for (k = 0; k < 2; k++, to += 8 * per_vector) {
    const __m128i first = _mm_unpacklo_epi16(a, b), last = _mm_unpacklo_epi16(c, d), first_high = _mm_unpackhi_epi16(a, b),
                  last_high = _mm_unpackhi_epi16(c, d);

    store_patterns(_mm_unpacklo_epi32(first, last), _mm_unpackhi_epi32(first, last), per_vector, to);
    store_patterns(_mm_unpacklo_epi32(first_high, last_high), _mm_unpackhi_epi32(first_high, last_high), per_vector,
                   to + 4 * per_vector);
    a = _mm_unpackhi_epi8(rows[7], rows[6]);
    b = _mm_unpackhi_epi8(rows[5], rows[4]);
    c = _mm_unpackhi_epi8(rows[3], rows[2]);
    d = _mm_unpackhi_epi8(rows[1], rows[0]);
  }
}

TARGET void
rrn_xbar_short_bundles_avx512(const uint8_t *x, size_t x_row, size_t n_in, size_t n_bundle, size_t n_vectors,
                              uint16_t *ret_patterns)
{
  const size_t n_bundles = (n_in + n_bundle - 1) / n_bundle, per_vector = n_bundles * STEPS;
  size_t v, k;

  for (v = 0; v < n_vectors; v += SIDE, ret_patterns += SIDE * per_vector)
    for (k = 0; k < n_bundles; k++) {
      const size_t row = k * n_bundle, left = n_in - row;

      spread_rows(x + row * x_row + v, x_row, left < n_bundle ? left : n_bundle, per_vector, ret_patterns + k * STEPS);
    }
}

/* --- sixteen by sixteen --- */

/* Four by four of four: quarter k of result j is quarter j of r[k]. */
INLINE void
turn_quarters(__m512i r[4])
{
  const __m512i a = _mm512_shuffle_i32x4(r[0], r[1], 0x88), b = _mm512_shuffle_i32x4(r[2], r[3], 0x88),
                c = _mm512_shuffle_i32x4(r[0], r[1], 0xdd), d = _mm512_shuffle_i32x4(r[2], r[3], 0xdd);

  r[0] = _mm512_shuffle_i32x4(a, b, 0x88);
  r[1] = _mm512_shuffle_i32x4(c, d, 0x88);
  r[2] = _mm512_shuffle_i32x4(a, b, 0xdd);
  r[3] = _mm512_shuffle_i32x4(c, d, 0xdd);
}

/* Within quarters: column k of quarter q of result j is column 4 q + j of r[k]. */
INLINE void
turn_within(__m512i r[4])
{
  const __m512i a = _mm512_unpacklo_epi32(r[0], r[1]), b = _mm512_unpackhi_epi32(r[0], r[1]),
                c = _mm512_unpacklo_epi32(r[2], r[3]), d = _mm512_unpackhi_epi32(r[2], r[3]);

  r[0] = _mm512_unpacklo_epi64(a, c);
  r[1] = _mm512_unpackhi_epi64(a, c);
  r[2] = _mm512_unpacklo_epi64(b, d);
  r[3] = _mm512_unpackhi_epi64(b, d);
}

/* --- cells --- */

/* Sixteen cells of a column, of which `some` are there. */
INLINE __m512i
cells_of(const uint8_t *cells, size_t some)
{
  const __m512i lanes = _mm512_set_epi32(45, 42, 39, 36, 33, 30, 27, 24, 21, 18, 15, 12, 9, 6, 3, 0);
  /* The bytes of a cell above an empty one. */
  const __m512i places = _mm512_add_epi32(_mm512_mullo_epi32(lanes, _mm512_set1_epi32(0x01010100)),
                                          _mm512_set1_epi32(0x02010000));
  const __m512i bytes = _mm512_maskz_loadu_epi8((UINT64_C(1) << 3 * some) - 1, cells);

  return _mm512_srai_epi32(_mm512_maskz_permutexvar_epi8(0xeeeeeeeeeeeeeeee, places, bytes), 8);
}

TARGET void
rrn_xbar_short_turn_cells_avx512(const uint8_t *cells, size_t n, size_t n_cols, int32_t *ret_cells)
{
  size_t first, j, k, q;

  for (first = 0; first < n; first += SIDE) {
    const size_t some = n - first < SIDE ? n - first : SIDE;
    __m512i r[4][4];

#pragma GCC unroll 4
    for (q = 0; q < 4; q++) {
#pragma GCC unroll 4
      for (k = 0; k < 4; k++)
        r[q][k] = 4 * q + k < n_cols ? cells_of(cells + 3 * ((4 * q + k) * n + first), some) : _mm512_setzero_si512();
      turn_within(r[q]);
    }
#pragma GCC unroll 4
    for (j = 0; j < 4; j++) {
      __m512i four[4] = { r[0][j], r[1][j], r[2][j], r[3][j] };

      turn_quarters(four);
#pragma GCC unroll 4
      for (k = 0; k < 4; k++)
        if (4 * k + j < some)
          _mm512_store_si512(ret_cells + (first + 4 * k + j) * SIDE, four[k]);
    }
  }
}

/* --- tables --- */

/* Of a bundle of `n` rows: sums of subsets in full, which are then shifted and rounded. */
INLINE void
fill_bundle(const int32_t *cells, size_t n, __m512i shifts, __m512i half, __m512i base, int32_t *table)
{
  size_t row, k;

  _mm512_store_si512(table, half);
  for (row = 0; row < n; row++) {
    const __m512i cell = _mm512_load_si512(cells + row * SIDE);

    for (k = 0; k < (size_t)1 << row; k++)
      _mm512_store_si512(table + ((k + ((size_t)1 << row)) * SIDE),
                         _mm512_add_epi32(_mm512_load_si512(table + k * SIDE), cell));
  }
  for (k = 0; k < (size_t)1 << n; k++)
    _mm512_store_si512(table + k * SIDE,
                       _mm512_add_epi32(_mm512_srav_epi32(_mm512_load_si512(table + k * SIDE), shifts), base));
}

/* Of a plane: what the range begins with on top of the first bundle's. */
TARGET static void
fill_tables(const rrn_xbar_short_abreast *a, size_t plane)
{
  const __m512i shifts = _mm512_load_si512(a->shifts), one = _mm512_set1_epi32(1), zero = _mm512_setzero_si512();
  const __m512i half = _mm512_srli_epi32(_mm512_sllv_epi32(one, shifts), 1);
  const size_t each = ((size_t)SIDE << a->n_bundle);
  const int32_t *cells = a->cells + plane * a->n_in * SIDE;
  size_t row, k;

  for (row = k = 0; row < a->n_in; row += a->n_bundle, k++)
    fill_bundle(cells + row * SIDE, a->n_in - row < a->n_bundle ? a->n_in - row : a->n_bundle, shifts, half,
                k == 0 ? _mm512_set1_epi32(a->base[plane]) : zero, a->table + k * each);
}

/* --- conversions --- */

/* Sums of one step of a vector. */
INLINE __m512i
sum_of(const rrn_xbar_short_abreast *a, const uint16_t *patterns, size_t n_bundles)
{
  const size_t each = (size_t)SIDE << a->n_bundle;
  __m512i sum = _mm512_load_si512((const char *)a->table + EIGHT * (size_t)patterns[0]);
  size_t k;

#pragma GCC unroll 4
  for (k = 1; k < n_bundles; k++)
    sum = _mm512_add_epi32(sum, _mm512_load_si512((const char *)(a->table + k * each) + EIGHT * (size_t)patterns[k * STEPS]));
  return sum;
}

/* Sums of the driven rows' cells in full. */
TARGET static void
sum_cells(const rrn_xbar_short_abreast *a, size_t plane, const uint16_t *patterns, int32_t *ret_sums)
{
  const int32_t *cells = a->cells + plane * a->n_in * SIDE;
  __m512i sum = _mm512_setzero_si512();
  size_t k;

  for (k = 0; k < a->n_bundles; k++, cells += a->n_bundle * SIDE) {
    uint32_t rows = patterns[k * STEPS] / EIGHT;

    for (; rows != 0; rows &= rows - 1)
      sum = _mm512_add_epi32(sum, _mm512_load_si512(cells + (size_t)__builtin_ctz(rows) * SIDE));
  }
  _mm512_store_si512(ret_sums, sum);
}

/* Puts right what was added for doubtful conversions of one step. */
TARGET static void
settle(const rrn_xbar_short_abreast *a, size_t plane, size_t vector, int32_t step, uint32_t doubts, const int32_t *codes,
       int32_t *sums)
{
  const int is_valid = vector % RRN_XBAR_SHORT_LANES < a->n_lanes;
  _Alignas(64) int32_t full[SIDE];

  sum_cells(a, plane, a->patterns + vector * a->n_bundles * STEPS + (size_t)step, full);
  for (; doubts != 0; doubts &= doubts - 1) {
    const int col = __builtin_ctz(doubts);
    int low = 0, high = 0;
    int32_t right = a->convert(a->users[col], (int32_t)plane, full[col], &low, &high);

    if (right < 0)
      right = a->settle(a->users[col], (int32_t)plane, vector, step);
    else {
      a->stats->clipped_low += is_valid & low;
      a->stats->clipped_high += is_valid & high;
    }
    sums[col] += (right - codes[col]) * (a->places[plane] * (1 << step));
  }
}

/* Puts right what was added for doubts and clips of a vector and plane. */
TARGET static __attribute__((noinline)) void
correct(const rrn_xbar_short_abreast *a, size_t plane, size_t vector, int32_t *sums)
{
  const __m512i zero = _mm512_setzero_si512(), last = _mm512_set1_epi32(a->last);
  const int is_valid = vector % RRN_XBAR_SHORT_LANES < a->n_lanes;
  int32_t step;

  for (step = 0; step < a->n_steps; step++) {
    const __m512i sum = sum_of(a, a->patterns + vector * a->n_bundles * STEPS + (size_t)step, a->n_bundles), code = _mm512_srai_epi32(sum, 16);
    const uint32_t used = (1u << a->n_cols) - 1, low = _mm512_cmplt_epi32_mask(code, zero) & used,
                   high = _mm512_cmpgt_epi32_mask(code, last) & used;
    const uint32_t doubts = used & _mm512_cmple_epu32_mask(_mm512_and_si512(sum, _mm512_set1_epi32(0xffff)),
                                                           _mm512_set1_epi32((int32_t)a->doubt));
    uint32_t clips = (low | high) & ~doubts;
    _Alignas(64) int32_t codes[SIDE];

    _mm512_store_si512(codes, code);
    a->stats->clipped_low += is_valid * __builtin_popcount(low & ~doubts);
    a->stats->clipped_high += is_valid * __builtin_popcount(high & ~doubts);
    for (; clips != 0; clips &= clips - 1) {
      const int col = __builtin_ctz(clips);

      sums[col] += ((codes[col] < 0 ? 0 : a->last) - codes[col]) * (a->places[plane] * (1 << step));
    }
    if (doubts)
      settle(a, plane, vector, step, doubts, codes, sums);
  }
}

/* Sums of each step by a bundle's table, on top of those before unless it is the first. */
INLINE void
add_bundle(const int32_t *table, const uint16_t *patterns, int is_first, __m512i sums[STEPS])
{
  const char *at = (const char *)table;
  uint64_t four[2];
  size_t s;

  memcpy(four, patterns, sizeof(four));
#pragma GCC unroll 8
  for (s = 0; s < STEPS; s++) {
    uint64_t pattern = four[s / 4] >> s % 4 * 16 & 0xffff;

    /* Else the product with eight becomes part of the shift, which then takes an operation more. */
    __asm__("" : "+r"(pattern));
    sums[s] = is_first ? _mm512_load_si512(at + EIGHT * pattern)
                       : _mm512_add_epi32(sums[s], _mm512_load_si512(at + EIGHT * pattern));
  }
}

/* Adds codes of a plane to the sums of vectors from `first` on, and lists vectors with doubts or clips: how many. */
INLINE size_t
convert(const rrn_xbar_short_abreast *a, size_t first, size_t n, const __m512i worths[STEPS], size_t n_bundles,
        uint32_t *ret_wrong)
{
  const __m512i doubt = _mm512_set1_epi16((int16_t)a->doubt), last = _mm512_set1_epi16((int16_t)a->last);
  const size_t each = (size_t)SIDE << a->n_bundle;
  const uint16_t *patterns = a->patterns + first * n_bundles * STEPS;
  int32_t *sums = a->wide + first * SIDE;
  size_t v, s, k, n_wrong = 0;

  for (v = first; v < first + n; v++, sums += SIDE) {
    __m512i all[2] = { _mm512_load_si512(sums), _mm512_setzero_si512() };
    __m512i least = _mm512_set1_epi16(-1), greatest = _mm512_setzero_si512(), t[STEPS];
    const int32_t *table = a->table;

    add_bundle(table, patterns, 1, t);
#pragma GCC unroll 1
    for (k = 1, patterns += STEPS; k < n_bundles; k++, patterns += STEPS) {
      table += each;
      __asm__("" : "+r"(table));
      add_bundle(table, patterns, 0, t);
    }
#pragma GCC unroll 8
    for (s = 0; s < STEPS; s++) {
      least = _mm512_min_epu16(least, t[s]);
      greatest = _mm512_max_epu16(greatest, t[s]);
      all[s % 2] = _mm512_dpwssd_epi32(all[s % 2], t[s], worths[s]);
    }
    _mm512_store_si512(sums, _mm512_add_epi32(all[0], all[1]));
    ret_wrong[n_wrong] = (uint32_t)v;
    n_wrong += ((_mm512_cmple_epu16_mask(least, doubt) & 0x55555555) |
                (_mm512_cmpgt_epu16_mask(greatest, last) & 0xaaaaaaaa)) != 0;
  }
  return n_wrong;
}

/* All vectors. Steps that inputs have not drive no row, and are worth nothing. */
INLINE void
convert_all(const rrn_xbar_short_abreast *a, size_t plane, size_t n_bundles)
{
  enum { SOME = 64 };
  uint32_t wrong[SOME];
  __m512i worths[STEPS];
  size_t v, s, k, n_wrong;

#pragma GCC unroll 8
  for (s = 0; s < STEPS; s++)
    worths[s] = _mm512_set1_epi32(s < (size_t)a->n_steps ? (int32_t)((uint32_t)a->places[plane] << (s + 16)) : 0);
  for (v = 0; v < a->n_vectors; v += SOME) {
    n_wrong = convert(a, v, a->n_vectors - v < SOME ? a->n_vectors - v : SOME, worths, n_bundles, wrong);
    for (k = 0; k < n_wrong; k++)
      correct(a, plane, wrong[k], a->wide + wrong[k] * SIDE);
  }
}

/* The smallest arrays are compiled for their number of bundles. */
TARGET static void
convert_plane(const rrn_xbar_short_abreast *a, size_t plane)
{
  if (a->n_bundles == 2)
    convert_all(a, plane, 2);
  else
    convert_all(a, plane, a->n_bundles);
}

/* --- results --- */

/* Sums of 16 vectors by column. */
TARGET static void
turn(const rrn_xbar_short_abreast *a, size_t vector)
{
  __m512i r[4][4];
  size_t j, k, q;

#pragma GCC unroll 4
  for (q = 0; q < 4; q++) {
#pragma GCC unroll 4
    for (k = 0; k < 4; k++)
      r[q][k] = _mm512_load_si512(a->wide + (vector + 4 * q + k) * SIDE);
    turn_within(r[q]);
  }
#pragma GCC unroll 4
  for (j = 0; j < 4; j++) {
    __m512i some[4] = { r[0][j], r[1][j], r[2][j], r[3][j] };

    turn_quarters(some);
#pragma GCC unroll 4
    for (k = 0; k < 4; k++)
      if (4 * k + j < a->n_cols)
        _mm512_storeu_si512(a->sums + (4 * k + j) * a->n_vectors + vector, some[k]);
  }
}

TARGET void
rrn_xbar_short_abreast_avx512(const rrn_xbar_short_abreast *a)
{
  size_t plane, v;

  for (v = 0; v < a->n_vectors; v++)
    _mm512_store_si512(a->wide + v * SIDE, _mm512_setzero_si512());
  for (plane = 0; plane < (size_t)a->n_planes; plane++) {
    fill_tables(a, plane);
    convert_plane(a, plane);
  }
  for (v = 0; v < a->n_vectors; v += SIDE)
    turn(a, v);
}
#else
void
rrn_xbar_short_turn_cells_avx512(const uint8_t *cells, size_t n, size_t n_cols, int32_t *ret_cells)
{
  (void)cells, (void)n, (void)n_cols, (void)ret_cells;
}

void
rrn_xbar_short_bundles_avx512(const uint8_t *x, size_t x_row, size_t n_in, size_t n_bundle, size_t n_vectors,
                              uint16_t *ret_patterns)
{
  (void)x, (void)x_row, (void)n_in, (void)n_bundle, (void)n_vectors, (void)ret_patterns;
}

void
rrn_xbar_short_abreast_avx512(const rrn_xbar_short_abreast *a)
{
  (void)a;
}
#endif
