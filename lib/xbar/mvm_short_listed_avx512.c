/* SPDX-License-Identifier: MIT */
/* Products on the shortest arrays with AVX-512: what each pattern of rows gives is listed.
 *
 * In:  cells of a column of at most nine rows, inputs of many vectors.
 * Out: the same sums as mvm_short.c has.
 *
 * Idea: nine rows have 512 patterns, far fewer than vectors have steps. A pattern's codes of all planes, weighed and added
 * up, are 16 bits, so all patterns are 16 registers; two permutations of bytes look up 64 steps in 128 patterns. Seven rows
 * are the index. The bytes of the eighth and ninth row of eight vectors, one bit for a step, are the masks that choose among
 * four such quarters as they are. Doubts are settled and clips listed once for each pattern; clips are counted by looking them up.
 *
 * Complexity: patterns for each plane, then 16 permutations for eight vectors. */
#include "xbar/mvm_short.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi,gfni")))
#define INLINE TARGET static inline __attribute__((always_inline))

enum { LANES = 16, LOW = 4, INDEX = 7, QUARTERS = 4, MOST_ROWS = RRN_XBAR_SHORT_LISTED_ROWS, PATTERNS = 1 << MOST_ROWS,
       VECTORS = RRN_XBAR_SHORT_VECTORS };

/* By pattern: codes of all planes above the lowest sum, planes that clip below and, times 16, above. */
typedef struct lists {
  _Alignas(64) uint8_t low[PATTERNS];
  _Alignas(64) uint8_t high[PATTERNS];
  _Alignas(64) uint8_t clipped[PATTERNS];
  int clips; /* some pattern does */
} lists;

/* --- patterns --- */

/* Of eight vectors: bytes of eight steps, seven bits each, and the masks of two more rows. */
typedef struct patterns {
  __m512i index;
  uint64_t eighth, ninth;
} patterns;

/* Eight vectors of two rows; nothing beyond the last. */
INLINE __m128i
rows_of(const uint8_t *x, size_t x_row, size_t row, size_t n_in)
{
  const __m128i zero = _mm_setzero_si128();
  const __m128i low = row < n_in ? _mm_loadl_epi64((const void *)(x + row * x_row)) : zero;
  const __m128i high = row + 1 < n_in && row + 1 < INDEX ? _mm_loadl_epi64((const void *)(x + (row + 1) * x_row)) : zero;

  return _mm_unpacklo_epi64(low, high);
}

INLINE patterns
patterns_at(const uint8_t *x, size_t x_row, size_t n_in)
{
  /* Byte k of vector v is row 7 - k: the lowest bit comes from a matrix' last row. */
  const __m512i by_vector = _mm512_add_epi8(
    _mm512_set1_epi64(0x0008101820283038),
    _mm512_set_epi64(0x0707070707070707, 0x0606060606060606, 0x0505050505050505, 0x0404040404040404, 0x0303030303030303,
                     0x0202020202020202, 0x0101010101010101, 0));
  const __m256i low = _mm256_set_m128i(rows_of(x, x_row, 2, n_in), rows_of(x, x_row, 0, n_in)),
                high = _mm256_set_m128i(rows_of(x, x_row, 6, n_in), rows_of(x, x_row, 4, n_in));
  const __m512i bytes = _mm512_inserti64x4(_mm512_castsi256_si512(low), high, 1);
  patterns p = { _mm512_gf2p8affine_epi64_epi8(_mm512_set1_epi64((int64_t)UINT64_C(0x8040201008040201)),
                                               _mm512_permutexvar_epi8(by_vector, bytes), 0), 0, 0 };

  if (n_in > INDEX)
    memcpy(&p.eighth, x + INDEX * x_row, sizeof(p.eighth));
  if (n_in > INDEX + 1)
    memcpy(&p.ninth, x + (INDEX + 1) * x_row, sizeof(p.ninth));
  return p;
}

/* --- looking up --- */

/* A list of bytes: by quarter. */
typedef struct list {
  __m512i low[QUARTERS], high[QUARTERS];
} list;

INLINE list
list_of(const uint8_t *bytes)
{
  list l;
  size_t q;

#pragma GCC unroll 4
  for (q = 0; q < QUARTERS; q++) {
    l.low[q] = _mm512_load_si512(bytes + 128 * q);
    l.high[q] = _mm512_load_si512(bytes + 128 * q + 64);
  }
  return l;
}

INLINE __m512i
look_up(const list *l, const patterns *p)
{
  const __m512i a = _mm512_mask_mov_epi8(_mm512_permutex2var_epi8(l->low[0], p->index, l->high[0]), p->eighth,
                                         _mm512_permutex2var_epi8(l->low[1], p->index, l->high[1]));
  const __m512i b = _mm512_mask_mov_epi8(_mm512_permutex2var_epi8(l->low[2], p->index, l->high[2]), p->eighth,
                                         _mm512_permutex2var_epi8(l->low[3], p->index, l->high[3]));

  return _mm512_mask_mov_epi8(a, p->ninth, b);
}

/* What steps are worth: those of a half of a vector alike. */
static int64_t
worths_of(int32_t n_steps)
{
  uint64_t worths = 0;
  int32_t step;

  for (step = 0; step < n_steps; step++)
    worths |= UINT64_C(1) << (8 * step + step % 4);
  return (int64_t)worths;
}

/* Bits of eight vectors' steps that an input has, of vectors that are in use. */
static uint64_t
valid_at(const rrn_xbar_short_listed *l, size_t vector)
{
  const size_t first = vector % RRN_XBAR_SHORT_LANES, n = l->lanes[vector / RRN_XBAR_SHORT_LANES], left = n > first ? n - first : 0;
  const uint64_t steps = ((UINT64_C(1) << l->n_steps) - 1) * UINT64_C(0x0101010101010101);

  return steps & (left >= VECTORS ? ~UINT64_C(0) : (UINT64_C(1) << VECTORS * left) - 1);
}

/* Adds the clips of eight vectors. */
TARGET static __attribute__((noinline)) void
count_clips(const rrn_xbar_short_listed *l, size_t vector, __m512i clips)
{
  const __m512i valid = _mm512_maskz_mov_epi8(valid_at(l, vector), clips), zero = _mm512_setzero_si512();
  const __m512i half = _mm512_set1_epi8(15);

  l->stats->clipped_low += _mm512_reduce_add_epi64(_mm512_sad_epu8(_mm512_and_si512(valid, half), zero));
  l->stats->clipped_high +=
    _mm512_reduce_add_epi64(_mm512_sad_epu8(_mm512_and_si512(_mm512_srli_epi16(valid, 4), half), zero));
}

/* Sums of all vectors. `clips` 0: no pattern does. */
INLINE void
add_up(const rrn_xbar_short_listed *l, const lists *of, size_t n_in, int clips)
{
  const list low = list_of(of->low), high = list_of(of->high), clipped = list_of(of->clipped);
  const __m512i worths = _mm512_set1_epi64(worths_of(l->n_steps));
  const __m256i base = _mm256_set1_epi32(l->lowest * ((1 << l->n_steps) - 1));
  size_t v;

  for (v = 0; v < l->n_vectors; v += VECTORS) {
    const patterns p = patterns_at(l->x + v, l->x_row, n_in);
    const __m512i upper = _mm512_dpbusd_epi32(_mm512_setzero_si512(), look_up(&high, &p), worths);
    const __m512i sum = _mm512_dpbusd_epi32(_mm512_slli_epi32(upper, 8), look_up(&low, &p), worths);
    const __m512i all = _mm512_add_epi32(sum, _mm512_slli_epi32(_mm512_srli_epi64(sum, 32), 4));

    _mm256_storeu_si256((void *)(l->sums + v), _mm256_add_epi32(_mm512_cvtepi64_epi32(all), base));
    if (clips) {
      const __m512i some = look_up(&clipped, &p);

      if (_mm512_test_epi8_mask(some, some))
        count_clips(l, v, some);
    }
  }
}

TARGET static void
add_all(const rrn_xbar_short_listed *l, const lists *of)
{
  if (of->clips)
    add_up(l, of, l->n_in, 1);
  else if (l->n_in == MOST_ROWS)
    add_up(l, of, MOST_ROWS, 0);
  else
    add_up(l, of, l->n_in, 0);
}

/* --- lists --- */

/* A vector and step that have a pattern; 0 when there is none. */
TARGET static int
find(const rrn_xbar_short_listed *l, uint32_t pattern, size_t *ret_vector, int32_t *ret_step)
{
  const uint64_t steps = ((UINT64_C(1) << l->n_steps) - 1) * UINT64_C(0x0101010101010101);
  const uint64_t not_eighth = pattern >> 7 & 1 ? 0 : ~UINT64_C(0), not_ninth = pattern >> 8 & 1 ? 0 : ~UINT64_C(0);
  const __m512i index = _mm512_set1_epi8((char)(pattern & 127));
  size_t v;

  for (v = 0; v < l->n_vectors; v += VECTORS) {
    const patterns p = patterns_at(l->x + v, l->x_row, l->n_in);
    const uint64_t same = _mm512_cmpeq_epi8_mask(p.index, index) & (p.eighth ^ not_eighth) & (p.ninth ^ not_ninth) & steps;

    if (same) {
      *ret_vector = v + (size_t)__builtin_ctzll(same) / 8;
      *ret_step = __builtin_ctzll(same) % 8;
      return 1;
    }
  }
  return 0;
}

/* The code of a pattern in doubt, whose cells add up to `sum`: any where it does not occur. */
static int32_t
settle(const rrn_xbar_short_listed *l, int32_t plane, uint32_t pattern, int32_t sum, int *ret_low, int *ret_high)
{
  const int32_t code = l->convert(l->user, plane, sum, ret_low, ret_high);
  int32_t step;
  size_t vector;

  if (code >= 0)
    return code;
  *ret_low = *ret_high = 0;
  return find(l, pattern, &vector, &step) ? l->settle(l->user, plane, vector, step, ret_low, ret_high) : 0;
}

/* A plane's sums of a register's patterns in codes / RRN_XBAR_ONE. */
INLINE __m512i
convert(const rrn_xbar_short_listed *l, int32_t plane, __m512i sums)
{
  return _mm512_add_epi32(_mm512_sra_epi32(sums, _mm_cvtsi32_si128(l->shift)), _mm512_set1_epi32(l->base[plane]));
}

/* Puts right the codes of 16 patterns from `first` on that are in doubt or beyond the converter's range. `sums`: of their
 * cells, with half a unit of the least place. */
TARGET static void
correct(const rrn_xbar_short_listed *l, int32_t plane, uint32_t first, __m512i sums, lists *of, __m512i *all)
{
  const int32_t half = l->shift > 0 ? 1 << (l->shift - 1) : 0;
  const __m512i sum = convert(l, plane, sums), code = _mm512_srai_epi32(sum, 16), last = _mm512_set1_epi32(l->last);
  const uint32_t doubts = _mm512_cmple_epu32_mask(_mm512_and_si512(sum, _mm512_set1_epi32(0xffff)),
                                                  _mm512_set1_epi32((int32_t)l->doubt));
  uint32_t wrong = doubts | _mm512_cmplt_epi32_mask(code, _mm512_setzero_si512()) | _mm512_cmpgt_epi32_mask(code, last);
  _Alignas(64) int32_t full[LANES], codes[LANES];

  if (!wrong)
    return;
  _mm512_store_si512(full, sums);
  _mm512_store_si512(codes, code);
  for (; wrong != 0; wrong &= wrong - 1) {
    const uint32_t lane = (uint32_t)__builtin_ctz(wrong), pattern = first + lane;
    int low = codes[lane] < 0, high = codes[lane] > l->last;

    codes[lane] = low ? 0 : high ? l->last : codes[lane];
    if (doubts >> lane & 1)
      codes[lane] = settle(l, plane, pattern, full[lane] - half, &low, &high);
    of->clipped[pattern] = (uint8_t)(of->clipped[pattern] + low + 16 * high);
    of->clips |= low || high;
  }
  *all = _mm512_add_epi32(*all, _mm512_mullo_epi32(_mm512_sub_epi32(_mm512_load_si512(codes), code),
                                                   _mm512_set1_epi32(l->places[plane])));
}

/* Sums of all subsets of cells beyond the first four: how many. */
INLINE size_t
add_subsets(const int32_t *cells, size_t n_in, int32_t *ret_sums)
{
  size_t row, k, n = 1;

  ret_sums[0] = 0;
  for (row = LOW; row < n_in; row++, n *= 2)
    for (k = 0; k < n; k++)
      ret_sums[k + n] = ret_sums[k] + cells[row];
  return n;
}

/* Adds a plane's codes to the worth of each pattern, weighed in the upper halves where they lie; the least and greatest halves
 * tell of doubts and clips. */
TARGET static void
list_plane(const rrn_xbar_short_listed *l, int32_t plane, lists *of, __m512i *all)
{
  const __m512i place = _mm512_set1_epi32((int32_t)((uint32_t)l->places[plane] << 16));
  const int32_t *cells = l->cells + (size_t)plane * l->n_in;
  const __mmask16 has_row[LOW] = { 0xaaaa, 0xcccc, 0xf0f0, 0xff00 };
  __m512i first = _mm512_set1_epi32(l->shift > 0 ? 1 << (l->shift - 1) : 0);
  __m512i least = _mm512_set1_epi16(-1), greatest = _mm512_setzero_si512();
  int32_t sums[PATTERNS / LANES];
  const size_t n = add_subsets(cells, l->n_in, sums);
  size_t row, k;

  for (row = 0; row < LOW && row < l->n_in; row++)
    first = _mm512_mask_add_epi32(first, has_row[row], first, _mm512_set1_epi32(cells[row]));
  for (k = 0; k < n; k++) {
    const __m512i sum = convert(l, plane, _mm512_add_epi32(first, _mm512_set1_epi32(sums[k])));

    least = _mm512_min_epu16(least, sum);
    greatest = _mm512_max_epu16(greatest, sum);
    all[k] = _mm512_dpwssd_epi32(all[k], sum, place);
  }
  if ((_mm512_cmple_epu16_mask(least, _mm512_set1_epi16((int16_t)l->doubt)) & 0x55555555) != 0 ||
      (_mm512_cmpgt_epu16_mask(greatest, _mm512_set1_epi16((int16_t)l->last)) & 0xaaaaaaaa) != 0)
    for (k = 0; k < n; k++)
      correct(l, plane, (uint32_t)(k * LANES), _mm512_add_epi32(first, _mm512_set1_epi32(sums[k])), of, &all[k]);
}

TARGET void
rrn_xbar_short_listed_avx512(const rrn_xbar_short_listed *l)
{
  const size_t n = l->n_in > LOW ? (size_t)1 << (l->n_in - LOW) : 1;
  __m512i all[PATTERNS / LANES];
  int32_t plane;
  lists of;
  size_t k;

  of.clips = 0;
  for (k = 0; k < PATTERNS; k += sizeof(all[0]))
    _mm512_store_si512(of.clipped + k, _mm512_setzero_si512());
  for (k = 0; k < n; k++)
    all[k] = _mm512_set1_epi32(-l->lowest);
  for (plane = 0; plane < l->n_planes; plane++)
    list_plane(l, plane, &of, all);
  for (k = 0; k < n; k++) {
    _mm_store_si128((void *)(of.low + k * LANES), _mm512_cvtepi32_epi8(all[k]));
    _mm_store_si128((void *)(of.high + k * LANES), _mm512_cvtepi32_epi8(_mm512_srli_epi32(all[k], 8)));
  }
  add_all(l, &of);
}
#else
void
rrn_xbar_short_listed_avx512(const rrn_xbar_short_listed *l)
{
  (void)l;
}
#endif
