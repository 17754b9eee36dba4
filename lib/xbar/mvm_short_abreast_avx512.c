/* SPDX-License-Identifier: MIT */
/* Products on short arrays with columns in the lanes, with AVX-512.
 *
 * In:  cells of up to 16 columns of a group, inputs of many vectors.
 * Out: the same sums as mvm_short.c has.
 *
 * Idea: rows are taken in bundles of up to eight. What a bundle's rows can add up to is tabulated for all columns side by
 * side, a register for each pattern of bits, so the sums of 16 columns are as many loads and additions as there are
 * bundles, where lookups of five rows take a permutation for each. Two planes are looked up together, so that a pattern is
 * read once for both, and two planes of eight columns share a register. Tables stay near while all
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

enum { SIDE = RRN_XBAR_SHORT_SIDE, STEPS = RRN_XBAR_SHORT_STEPS, EIGHT = 8, FOUR = 4, ENTRY = 2 * 4 * SIDE };

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
  const __m512i words = _mm512_slli_epi16(_mm512_cvtepu8_epi16(bits), 7);

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

/* --- registers --- */

/* What lanes hold: a plane of up to 16 columns, or two planes of up to eight. */
typedef struct registers {
  const rrn_xbar_short_abreast *a;
  size_t n, n_planes;  /* registers; planes in each */
  uint32_t used;       /* lanes */
  __m512i shifts, half, bases[2 * RRN_XBAR_MAX_SLICES], places[2 * RRN_XBAR_MAX_SLICES]; /* by register */
} registers;

/* Of what a plane has: that of each lane. */
INLINE __m512i
of_planes(const registers *r, const int32_t *by_plane, size_t k)
{
  const int32_t first = by_plane[k * r->n_planes], last = by_plane[k * r->n_planes + r->n_planes - 1];

  return _mm512_inserti64x4(_mm512_set1_epi32(first), _mm256_set1_epi32(last), 1);
}

INLINE __m512i
beside(__m512i low, __m512i high)
{
  return _mm512_inserti64x4(low, _mm512_castsi512_si256(high), 1);
}

/* Puts the cells of two planes beside each other. */
TARGET static void
fold_cells(const rrn_xbar_short_abreast *a, size_t n_registers)
{
  size_t k, row;

  for (k = 0; k < n_registers; k++)
    for (row = 0; row < a->n_in; row++)
      _mm512_store_si512(a->cells + (k * a->n_in + row) * SIDE,
                         beside(_mm512_load_si512(a->cells + (2 * k * a->n_in + row) * SIDE),
                                _mm512_load_si512(a->cells + ((2 * k + 1) * a->n_in + row) * SIDE)));
}

TARGET static void
set_registers(const rrn_xbar_short_abreast *a, registers *r)
{
  const int fold = a->n_cols <= SIDE / 2 && a->n_planes % 2 == 0;
  size_t k;

  r->a = a;
  r->n_planes = fold ? 2 : 1;
  r->n = (size_t)a->n_planes / r->n_planes;
  r->used = (1u << a->n_cols) - 1;
  r->shifts = _mm512_load_si512(a->shifts);
  if (fold) {
    r->used |= r->used << SIDE / 2;
    r->shifts = beside(r->shifts, r->shifts);
    fold_cells(a, r->n);
  }
  r->half = _mm512_srli_epi32(_mm512_sllv_epi32(_mm512_set1_epi32(1), r->shifts), 1);
  for (k = 0; k < r->n; k++) {
    r->bases[k] = of_planes(r, a->base, k);
    r->places[k] = of_planes(r, a->places, k);
  }
}

/* --- tables --- */

/* Sums of the subsets of up to four rows on top of `first`. */
INLINE void
add_subsets(const int32_t *cells, size_t n, __m512i first, __m512i ret[SIDE])
{
  size_t row, k;

  ret[0] = first;
#pragma GCC unroll 4
  for (row = 0; row < FOUR; row++) {
    const __m512i cell = row < n ? _mm512_load_si512(cells + row * SIDE) : _mm512_setzero_si512();

#pragma GCC unroll 8
    for (k = 0; k < (size_t)1 << row; k++)
      ret[k + ((size_t)1 << row)] = _mm512_add_epi32(ret[k], cell);
  }
}

/* Of a bundle of `n` rows: sums of subsets in full, shifted and rounded. `together`: registers of an entry. */
INLINE void
fill_bundle(const registers *r, const int32_t *cells, size_t n, __m512i base, size_t together, int32_t *table)
{
  const size_t n_low = n < FOUR ? n : FOUR;
  __m512i low[SIDE], high[SIDE];
  size_t j, k;

  add_subsets(cells, n_low, r->half, low);
  add_subsets(cells + n_low * SIDE, n - n_low, _mm512_setzero_si512(), high);
  for (j = 0; j < (size_t)1 << (n - n_low); j++)
#pragma GCC unroll 16
    for (k = 0; k < SIDE; k++, table += together * SIDE)
      _mm512_store_si512(table, _mm512_add_epi32(_mm512_srav_epi32(_mm512_add_epi32(low[k], high[j]), r->shifts), base));
}

/* Of a register: what the range begins with on top of the first bundle's. */
INLINE void
fill_tables(const registers *r, size_t at, size_t together, int32_t *table)
{
  const rrn_xbar_short_abreast *a = r->a;
  const int32_t *cells = a->cells + at * a->n_in * SIDE;
  size_t row;

  for (row = 0; row < a->n_in; row += a->n_bundle, table += together * SIDE << a->n_bundle)
    fill_bundle(r, cells + row * SIDE, a->n_in - row < a->n_bundle ? a->n_in - row : a->n_bundle,
                row == 0 ? r->bases[at] : _mm512_setzero_si512(), together, table);
}

/* Whether a pattern's code can be beyond the converter's: the sums of all cells below 0, and of all above. */
INLINE int
can_clip(const registers *r, size_t at)
{
  const rrn_xbar_short_abreast *a = r->a;
  const int32_t *cells = a->cells + at * a->n_in * SIDE;
  const __m512i zero = _mm512_setzero_si512(), rounding = _mm512_set1_epi32((int32_t)a->n_bundles + 1);
  __m512i low = zero, high = zero;
  size_t row;

  for (row = 0; row < a->n_in; row++) {
    const __m512i cell = _mm512_load_si512(cells + row * SIDE);

    low = _mm512_add_epi32(low, _mm512_min_epi32(cell, zero));
    high = _mm512_add_epi32(high, _mm512_max_epi32(cell, zero));
  }
  low = _mm512_sub_epi32(_mm512_add_epi32(_mm512_srav_epi32(low, r->shifts), r->bases[at]), rounding);
  high = _mm512_add_epi32(_mm512_add_epi32(_mm512_srav_epi32(high, r->shifts), r->bases[at]), rounding);
  return (_mm512_cmplt_epi32_mask(low, zero) | _mm512_cmpgt_epi32_mask(_mm512_srai_epi32(high, 16), _mm512_set1_epi32(a->last))) != 0;
}

/* --- conversions --- */

/* Registers whose tables are side by side, and what is done with their sums. */
typedef struct abreast {
  const registers *r;
  size_t at, n;  /* one or two */
  int clips;
  __m512i worths[STEPS];
} abreast;

/* Whether the least and greatest halves of some conversions tell of doubts or clips. */
INLINE int
is_wrong(__m512i least, __m512i greatest, __m512i doubt, __m512i last)
{
  return ((_mm512_cmple_epu16_mask(least, doubt) & 0x55555555) | (_mm512_cmpgt_epu16_mask(greatest, last) & 0xaaaaaaaa)) != 0;
}

/* Sums of the driven rows' cells in full. */
TARGET static void
sum_cells(const rrn_xbar_short_abreast *a, size_t at, const uint16_t *patterns, int32_t *ret_sums)
{
  const int32_t *cells = a->cells + at * a->n_in * SIDE;
  __m512i sum = _mm512_setzero_si512();
  size_t k;

  for (k = 0; k < a->n_bundles; k++, cells += a->n_bundle * SIDE) {
    uint32_t rows = patterns[k * STEPS] / ENTRY;

    for (; rows != 0; rows &= rows - 1)
      sum = _mm512_add_epi32(sum, _mm512_load_si512(cells + (size_t)__builtin_ctz(rows) * SIDE));
  }
  _mm512_store_si512(ret_sums, sum);
}

/* Puts right what was added for doubtful conversions of one step. */
TARGET static void
settle(const registers *r, size_t at, size_t vector, int32_t step, uint32_t doubts, const int32_t *codes, int32_t *sums)
{
  const rrn_xbar_short_abreast *a = r->a;
  const int is_valid = rrn_xbar_short_in_use(a->lanes, vector);
  _Alignas(64) int32_t full[SIDE];

  sum_cells(a, at, a->patterns + vector * a->n_bundles * STEPS + (size_t)step, full);
  for (; doubts != 0; doubts &= doubts - 1) {
    const int lane = __builtin_ctz(doubts), second = r->n_planes == 2 && lane >= SIDE / 2;
    const int32_t plane = (int32_t)(at * r->n_planes) + second;
    void *user = a->users[second ? lane - SIDE / 2 : lane];
    int low = 0, high = 0;
    int32_t right = a->convert(user, plane, full[lane], &low, &high);

    if (right < 0)
      right = a->settle(user, plane, vector, step);
    else {
      a->stats->clipped_low += is_valid & low;
      a->stats->clipped_high += is_valid & high;
    }
    sums[lane] += (right - codes[lane]) * (a->places[plane] * (1 << step));
  }
}

/* Puts right what was added for doubts and clips of a step of a vector in a register of some. */
TARGET static __attribute__((noinline)) void
correct(const abreast *s, size_t k, size_t vector, int32_t step, __m512i sum, int32_t *sums)
{
  const registers *r = s->r;
  const rrn_xbar_short_abreast *a = r->a;
  const __m512i zero = _mm512_setzero_si512(), last = _mm512_set1_epi32(a->last), code = _mm512_srai_epi32(sum, 16);
  const uint32_t doubts = _mm512_mask_cmple_epu32_mask((__mmask16)r->used, _mm512_and_si512(sum, _mm512_set1_epi32(0xffff)),
                                                       _mm512_set1_epi32((int32_t)a->doubt));
  const uint32_t sure = r->used & ~doubts, low = _mm512_mask_cmplt_epi32_mask((__mmask16)sure, code, zero),
                 high = _mm512_mask_cmpgt_epi32_mask((__mmask16)sure, code, last);
  _Alignas(64) int32_t codes[SIDE];

  if (low | high) {
    const int is_valid = rrn_xbar_short_in_use(a->lanes, vector);
    const __m512i right = _mm512_min_epi32(_mm512_max_epi32(code, zero), last);
    const __m512i wrong = _mm512_maskz_sub_epi32((__mmask16)(low | high), right, code);
    const __m512i worth = _mm512_mullo_epi32(_mm512_slli_epi32(wrong, (unsigned)step), r->places[s->at + k]);

    a->stats->clipped_low += is_valid * __builtin_popcount(low);
    a->stats->clipped_high += is_valid * __builtin_popcount(high);
    _mm512_store_si512(sums, _mm512_add_epi32(_mm512_load_si512(sums), worth));
  }
  if (doubts) {
    _mm512_store_si512(codes, code);
    settle(r, s->at + k, vector, step, doubts, codes, sums);
  }
}

/* Sums of four steps by a bundle's table, on top of those before unless it is the first. */
INLINE void
add_bundle(const int32_t *table, const uint16_t *patterns, int is_first, size_t together, __m512i sums[2][FOUR])
{
  size_t s, k;

#pragma GCC unroll 4
  for (s = 0; s < FOUR; s++) {
    const int32_t *entry = (const void *)((const char *)table + (size_t)patterns[s] * together / 2);

#pragma GCC unroll 2
    for (k = 0; k < together; k++)
      sums[k][s] = is_first ? _mm512_load_si512(entry + k * SIDE)
                            : _mm512_add_epi32(sums[k][s], _mm512_load_si512(entry + k * SIDE));
  }
}

/* Sums of four steps. `each`: of a bundle's table; `patterns`: of the first step. */
INLINE void
sum_four(const int32_t *table, size_t each, const uint16_t *patterns, size_t together, size_t n_bundles,
         __m512i sums[2][FOUR])
{
  size_t b;

  add_bundle(table, patterns, 1, together, sums);
#pragma GCC unroll 1
  for (b = 1; b < n_bundles; b++) {
    table += each;
    patterns += STEPS;
    add_bundle(table, patterns, 0, together, sums);
  }
}

/* The steps of a vector that have doubts or clips. */
INLINE void
look_through_some(const abreast *s, size_t vector, size_t together)
{
  const rrn_xbar_short_abreast *a = s->r->a;
  const __m512i doubt = _mm512_set1_epi16((int16_t)a->doubt), last = _mm512_set1_epi16((int16_t)a->last);
  const uint16_t *patterns = a->patterns + vector * a->n_bundles * STEPS;
  size_t half, step, k;

  for (half = 0; half < (size_t)a->n_steps; half += FOUR) {
    __m512i t[2][FOUR];

    sum_four(a->table, together * SIDE << a->n_bundle, patterns + half, together, a->n_bundles, t);
    for (step = 0; step < FOUR && half + step < (size_t)a->n_steps; step++)
      for (k = 0; k < together; k++)
        if (is_wrong(t[k][step], t[k][step], doubt, last))
          correct(s, k, vector, (int32_t)(half + step), t[k][step], a->wide + vector * SIDE);
  }
}

TARGET static __attribute__((noinline)) void
look_through(const abreast *s, size_t vector)
{
  if (s->n == 2)
    look_through_some(s, vector, 2);
  else
    look_through_some(s, vector, 1);
}

/* Adds codes of some registers to the sums of vectors from `first` on, and lists vectors with doubts or clips: how many.
 * Half of the steps at a time. */
INLINE size_t
convert(const abreast *s, size_t first, size_t n, size_t together, size_t n_bundles, int clips, uint32_t *ret_wrong)
{
  const rrn_xbar_short_abreast *a = s->r->a;
  const __m512i doubt = _mm512_set1_epi16((int16_t)a->doubt), last = _mm512_set1_epi16((int16_t)a->last);
  const size_t each = together * SIDE << a->n_bundle;
  const uint16_t *patterns = a->patterns + first * n_bundles * STEPS;
  const int32_t *table = a->table;
  int32_t *sums = a->wide + first * SIDE;
  size_t v, step, k, half, n_wrong = 0;
  __m512i worths[STEPS], places[2];

  /* Else they are loaded again after each store. */
  memcpy(worths, s->worths, sizeof(worths));
  memcpy(places, &s->r->places[s->at], together * sizeof(places[0]));

  for (v = first; v < first + n; v++, sums += SIDE, patterns += n_bundles * STEPS) {
    __m512i all[2] = { _mm512_setzero_si512(), _mm512_setzero_si512() }, sum = _mm512_load_si512(sums);
    __m512i least = _mm512_set1_epi16(-1), greatest = _mm512_setzero_si512();

#pragma GCC unroll 2
    for (half = 0; half < STEPS; half += FOUR) {
      __m512i t[2][FOUR];

      sum_four(table, each, patterns + half, together, n_bundles, t);
#pragma GCC unroll 2
      for (k = 0; k < together; k++)
#pragma GCC unroll 4
        for (step = 0; step < FOUR; step++) {
          least = _mm512_min_epu16(least, t[k][step]);
          greatest = clips ? _mm512_max_epu16(greatest, t[k][step]) : greatest;
          all[k] = _mm512_dpwssd_epi32(all[k], t[k][step], worths[half + step]);
        }
    }
#pragma GCC unroll 2
    for (k = 0; k < together; k++)
      sum = _mm512_add_epi32(sum, _mm512_mullo_epi32(all[k], places[k]));
    _mm512_store_si512(sums, sum);
    ret_wrong[n_wrong] = (uint32_t)v;
    n_wrong += (size_t)is_wrong(least, greatest, doubt, last);
  }
  return n_wrong;
}

/* All vectors. */
INLINE void
convert_all(const abreast *s, size_t together, size_t n_bundles, int clips)
{
  enum { PART = 64 };
  const rrn_xbar_short_abreast *a = s->r->a;
  uint32_t wrong[PART];
  size_t v, i, n_wrong;

  for (v = 0; v < a->n_vectors; v += PART) {
    n_wrong = convert(s, v, a->n_vectors - v < PART ? a->n_vectors - v : PART, together, n_bundles, clips, wrong);
    for (i = 0; i < n_wrong; i++)
      look_through(s, wrong[i]);
  }
}

/* Two registers at a time read each pattern once. The smallest arrays are compiled for their number of bundles. */
TARGET static void
convert_two(const abreast *s)
{
  const size_t n = s->r->a->n_bundles;

  if (s->clips)
    convert_all(s, 2, n, 1);
  else if (n == 2)
    convert_all(s, 2, 2, 0);
  else
    convert_all(s, 2, n, 0);
}

TARGET static void
convert_one(const abreast *s)
{
  convert_all(s, 1, s->r->a->n_bundles, 1);
}

/* Steps that inputs have not drive no row, and are worth nothing. */
TARGET static void
convert_registers(const registers *r)
{
  const rrn_xbar_short_abreast *a = r->a;
  abreast s = { .r = r };
  size_t step, k;

  for (step = 0; step < STEPS; step++)
    s.worths[step] = _mm512_set1_epi32(step < (size_t)a->n_steps ? 1 << (step + 16) : 0);
  for (; s.at < r->n; s.at += s.n) {
    s.n = s.at + 1 < r->n ? 2 : 1;
    s.clips = 0;
    for (k = 0; k < s.n; k++) {
      s.clips |= can_clip(r, s.at + k);
      fill_tables(r, s.at + k, s.n, a->table + k * SIDE);
    }
    (s.n == 2 ? convert_two : convert_one)(&s);
  }
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
  registers r;
  size_t v;

  for (v = 0; v < a->n_vectors; v++)
    _mm512_store_si512(a->wide + v * SIDE, _mm512_setzero_si512());
  set_registers(a, &r);
  convert_registers(&r);
  for (v = 0; r.n_planes == 2 && v < a->n_vectors; v++) {
    const __m512i both = _mm512_load_si512(a->wide + v * SIDE);

    _mm512_store_si512(a->wide + v * SIDE, _mm512_add_epi32(both, _mm512_shuffle_i64x2(both, both, 0xee)));
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
