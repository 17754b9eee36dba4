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

enum { LANES = 16, LOW = 4, LEAST = 4, INDEX = 7, QUARTERS = 4, MOST_ROWS = RRN_XBAR_SHORT_LISTED_ROWS,
       MOST_PLANES = RRN_XBAR_SHORT_LISTED_PLANES, PATTERNS = 1 << MOST_ROWS, VECTORS = RRN_XBAR_SHORT_VECTORS };

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

/* Sixteen vectors of four rows below the eighth; nothing beyond the last. */
INLINE __m512i
rows_of(const uint8_t *x, size_t x_row, size_t row, size_t n_in)
{
  __m128i rows[LOW];
  size_t k;

#pragma GCC unroll 4
  for (k = 0; k < LOW; k++)
    rows[k] = row + k < n_in && row + k < INDEX ? _mm_loadu_si128((const void *)(x + (row + k) * x_row))
                                                : _mm_setzero_si128();
  return _mm512_inserti64x4(_mm512_castsi256_si512(_mm256_set_m128i(rows[1], rows[0])), _mm256_set_m128i(rows[3], rows[2]), 1);
}

/* Bits of eight vectors, from `first` on, of the sixteen that are given. */
INLINE patterns
patterns_of(__m512i low, __m512i high, uint64_t first, const uint8_t *x, size_t x_row, size_t n_in)
{
  /* Byte k of vector v is row 7 - k: the lowest bit comes from a matrix' last row. */
  const __m512i vectors =
    _mm512_set_epi64(0x0707070707070707, 0x0606060606060606, 0x0505050505050505, 0x0404040404040404, 0x0303030303030303,
                     0x0202020202020202, 0x0101010101010101, 0);
  const __m512i places = _mm512_add_epi8(
    vectors, _mm512_set1_epi64((int64_t)(UINT64_C(0x0010203040506070) + first * UINT64_C(0x0101010101010101))));
  patterns p = { _mm512_gf2p8affine_epi64_epi8(_mm512_set1_epi64((int64_t)UINT64_C(0x8040201008040201)),
                                               _mm512_permutex2var_epi8(low, places, high), 0), 0, 0 };

  if (n_in > INDEX)
    memcpy(&p.eighth, x + INDEX * x_row + first, sizeof(p.eighth));
  if (n_in > INDEX + 1)
    memcpy(&p.ninth, x + (INDEX + 1) * x_row + first, sizeof(p.ninth));
  return p;
}

/* Of sixteen vectors. */
INLINE void
patterns_at(const uint8_t *x, size_t x_row, size_t n_in, patterns ret[2])
{
  const __m512i low = rows_of(x, x_row, 0, n_in), high = rows_of(x, x_row, LOW, n_in);

  ret[0] = patterns_of(low, high, 0, x, x_row, n_in);
  ret[1] = patterns_of(low, high, VECTORS, x, x_row, n_in);
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

/* Sums of the halves of eight vectors' steps, beside each other; the upper ones are worth 16 times as much. */
INLINE __m512i
halves_of(const list *low, const list *high, const patterns *p, __m512i worths)
{
  const __m512i upper = _mm512_dpbusd_epi32(_mm512_setzero_si512(), look_up(high, p), worths);

  return _mm512_dpbusd_epi32(_mm512_slli_epi32(upper, 8), look_up(low, p), worths);
}

/* Sums of all vectors. `clips` 0: no pattern does. */
INLINE void
add_up(const rrn_xbar_short_listed *l, const lists *of, size_t n_in, int clips)
{
  const list low = list_of(of->low), high = list_of(of->high);
  const __m512i worths = _mm512_set1_epi64(worths_of(l->n_steps));
  const __m512i base = _mm512_set1_epi32(l->lowest * ((1 << l->n_steps) - 1));
  const __m512i even = _mm512_set_epi32(30, 28, 26, 24, 22, 20, 18, 16, 14, 12, 10, 8, 6, 4, 2, 0),
                odd = _mm512_add_epi32(even, _mm512_set1_epi32(1));
  size_t v, k;

  for (v = 0; v < l->n_vectors; v += 2 * VECTORS) {
    __m512i first, second, sum;
    patterns p[2];

    patterns_at(l->x + v, l->x_row, n_in, p);
    first = halves_of(&low, &high, &p[0], worths);
    second = halves_of(&low, &high, &p[1], worths);
    sum = _mm512_slli_epi32(_mm512_permutex2var_epi32(first, odd, second), 4);
    sum = _mm512_add_epi32(_mm512_add_epi32(sum, base), _mm512_permutex2var_epi32(first, even, second));
    _mm512_storeu_si512(l->sums + v, sum);
    for (k = 0; clips && k < 2; k++) {
      const list clipped = list_of(of->clipped);
      const __m512i some = look_up(&clipped, &p[k]);

      if (_mm512_test_epi8_mask(some, some))
        count_clips(l, v + k * VECTORS, some);
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

/* The place of a pattern among eight vectors' steps, 64 where there is none. */
TARGET static size_t
find_among(const rrn_xbar_short_listed *l, uint32_t pattern, const patterns *p)
{
  const uint64_t steps = ((UINT64_C(1) << l->n_steps) - 1) * UINT64_C(0x0101010101010101);
  const uint64_t not_eighth = pattern >> 7 & 1 ? 0 : ~UINT64_C(0), not_ninth = pattern >> 8 & 1 ? 0 : ~UINT64_C(0);
  const uint64_t same = _mm512_cmpeq_epi8_mask(p->index, _mm512_set1_epi8((char)(pattern & 127))) & (p->eighth ^ not_eighth) &
                        (p->ninth ^ not_ninth) & steps;

  return same ? (size_t)__builtin_ctzll(same) : 64;
}

/* A vector and step that have a pattern; 0 when there is none. */
TARGET static int
find(const rrn_xbar_short_listed *l, uint32_t pattern, size_t *ret_vector, int32_t *ret_step)
{
  size_t v, k;

  for (v = 0; v < l->n_vectors; v += 2 * VECTORS) {
    patterns p[2];

    patterns_at(l->x + v, l->x_row, l->n_in, p);
    for (k = 0; k < 2; k++) {
      const size_t place = find_among(l, pattern, &p[k]);

      if (place < 64) {
        *ret_vector = v + k * VECTORS + place / 8;
        *ret_step = (int32_t)(place % 8);
        return 1;
      }
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

/* A plane at work. */
typedef struct plane_at_hand {
  __m512i first; /* sums of the first four cells by pattern, with half a unit of the least place */
  __m512i base, place;
  _Alignas(64) int32_t more[PATTERNS / LANES]; /* sums of the others */
} plane_at_hand;

/* Sums of four lanes of `cells` from `row` on, by pattern, on top of `start`. */
INLINE __m512i
add_subsets(__m512i start, __m512i cells, int32_t row)
{
  start = _mm512_mask_add_epi32(start, 0xaaaa, start, _mm512_permutexvar_epi32(_mm512_set1_epi32(row), cells));
  start = _mm512_mask_add_epi32(start, 0xcccc, start, _mm512_permutexvar_epi32(_mm512_set1_epi32(row + 1), cells));
  start = _mm512_mask_add_epi32(start, 0xf0f0, start, _mm512_permutexvar_epi32(_mm512_set1_epi32(row + 2), cells));
  return _mm512_mask_add_epi32(start, 0xff00, start, _mm512_permutexvar_epi32(_mm512_set1_epi32(row + 3), cells));
}

/* Cells of three bytes; beyond the last one they are 0. */
TARGET static void
begin_plane(const rrn_xbar_short_listed *l, int32_t plane, plane_at_hand *ret)
{
  const __m512i lanes = _mm512_set_epi32(45, 42, 39, 36, 33, 30, 27, 24, 21, 18, 15, 12, 9, 6, 3, 0);
  /* The bytes of a cell above an empty one. */
  const __m512i places = _mm512_add_epi32(_mm512_mullo_epi32(lanes, _mm512_set1_epi32(0x01010100)),
                                          _mm512_set1_epi32(0x02010000));
  const __m512i bytes = _mm512_maskz_loadu_epi8((1ull << 3 * l->n_in) - 1, l->cells + 3 * (size_t)plane * l->n_in);
  const __m512i cells = _mm512_srai_epi32(_mm512_maskz_permutexvar_epi8(0xeeeeeeeeeeeeeeee, places, bytes), 8);
  const __m512i more = add_subsets(_mm512_setzero_si512(), cells, LOW);

  ret->first = add_subsets(_mm512_set1_epi32(l->shift > 0 ? 1 << (l->shift - 1) : 0), cells, 0);
  ret->base = _mm512_set1_epi32(l->base[plane]);
  ret->place = _mm512_set1_epi32((int32_t)((uint32_t)l->places[plane] << 16));
  _mm512_store_si512(ret->more, more);
  _mm512_store_si512(ret->more + LANES, _mm512_add_epi32(more, _mm512_permutexvar_epi32(_mm512_set1_epi32(2 * LOW), cells)));
}

/* A plane's sums of the patterns of register k in codes / RRN_XBAR_ONE. */
INLINE __m512i
convert(const plane_at_hand *p, size_t k, __m128i shift)
{
  return _mm512_add_epi32(_mm512_sra_epi32(_mm512_add_epi32(p->first, _mm512_set1_epi32(p->more[k])), shift), p->base);
}

/* Puts right the codes of the patterns of register k that are in doubt or beyond the converter's range. */
TARGET static void
correct(const rrn_xbar_short_listed *l, int32_t plane, const plane_at_hand *p, size_t k, lists *of, __m512i *all)
{
  const int32_t half = l->shift > 0 ? 1 << (l->shift - 1) : 0;
  const __m512i sum = convert(p, k, _mm_cvtsi32_si128(l->shift)), code = _mm512_srai_epi32(sum, 16),
                zero = _mm512_setzero_si512(), last = _mm512_set1_epi32(l->last);
  uint32_t doubts = _mm512_cmple_epu32_mask(_mm512_and_si512(sum, _mm512_set1_epi32(0xffff)),
                                            _mm512_set1_epi32((int32_t)l->doubt));
  const uint32_t below = _mm512_cmplt_epi32_mask(code, zero) & ~doubts, above = _mm512_cmpgt_epi32_mask(code, last) & ~doubts;
  _Alignas(64) int32_t full[LANES], codes[LANES];
  __m128i clipped;

  if (!(doubts | below | above))
    return;
  clipped = _mm_load_si128((void *)(of->clipped + k * LANES));
  clipped = _mm_mask_add_epi8(clipped, (__mmask16)below, clipped, _mm_set1_epi8(1));
  clipped = _mm_mask_add_epi8(clipped, (__mmask16)above, clipped, _mm_set1_epi8(16));
  _mm_store_si128((void *)(of->clipped + k * LANES), clipped);
  of->clips |= (below | above) != 0;
  _mm512_store_si512(full, _mm512_add_epi32(p->first, _mm512_set1_epi32(p->more[k])));
  _mm512_store_si512(codes, _mm512_min_epi32(_mm512_max_epi32(code, zero), last));
  for (; doubts != 0; doubts &= doubts - 1) {
    const size_t lane = (size_t)__builtin_ctz(doubts), pattern = k * LANES + lane;
    int low = 0, high = 0;

    codes[lane] = settle(l, plane, (uint32_t)pattern, full[lane] - half, &low, &high);
    of->clipped[pattern] = (uint8_t)(of->clipped[pattern] + low + 16 * high);
    of->clips |= low || high;
  }
  *all = _mm512_add_epi32(*all, _mm512_mullo_epi32(_mm512_sub_epi32(_mm512_load_si512(codes), code),
                                                   _mm512_set1_epi32(l->places[plane])));
}

/* Codes of all planes of n registers of patterns, weighed in the upper halves where they lie, above the lowest sum; the least
 * and greatest halves tell of doubts and clips. Bits of the planes that have some. */
INLINE uint32_t
list_planes(const rrn_xbar_short_listed *l, const plane_at_hand *planes, int32_t n_planes, size_t n, __m512i *ret_all)
{
  const __m128i shift = _mm_cvtsi32_si128(l->shift);
  const __m512i doubt = _mm512_set1_epi16((int16_t)l->doubt), last = _mm512_set1_epi16((int16_t)l->last);
  __m512i least[MOST_PLANES], greatest[MOST_PLANES];
  uint32_t wrong = 0;
  int32_t plane;
  size_t k;

#pragma GCC unroll 4
  for (plane = 0; plane < n_planes; plane++) {
    least[plane] = _mm512_set1_epi16(-1);
    greatest[plane] = _mm512_setzero_si512();
  }
  for (k = 0; k < n; k++) {
    __m512i all = _mm512_set1_epi32(-l->lowest);

#pragma GCC unroll 4
    for (plane = 0; plane < n_planes; plane++) {
      const __m512i sum = convert(&planes[plane], k, shift);

      least[plane] = _mm512_min_epu16(least[plane], sum);
      greatest[plane] = _mm512_max_epu16(greatest[plane], sum);
      all = _mm512_dpwssd_epi32(all, sum, planes[plane].place);
    }
    ret_all[k] = all;
  }
#pragma GCC unroll 4
  for (plane = 0; plane < n_planes; plane++)
    if ((_mm512_cmple_epu16_mask(least[plane], doubt) & 0x55555555) != 0 ||
        (_mm512_cmpgt_epu16_mask(greatest[plane], last) & 0xaaaaaaaa) != 0)
      wrong |= 1u << plane;
  return wrong;
}

/* The two lowest bytes of n registers, a multiple of four, in their lists. */
TARGET static void
store_lists(const __m512i *all, size_t n, lists *of)
{
  const __m512i lanes = _mm512_set_epi32(60, 56, 52, 48, 44, 40, 36, 32, 28, 24, 20, 16, 12, 8, 4, 0);
  /* Lowest bytes of two registers, then their second ones. */
  const __m256i lowest = _mm256_set_m128i(_mm512_cvtepi32_epi8(_mm512_add_epi32(lanes, _mm512_set1_epi32(64))),
                                          _mm512_cvtepi32_epi8(lanes));
  const __m512i both = _mm512_inserti64x4(_mm512_castsi256_si512(lowest), _mm256_add_epi8(lowest, _mm256_set1_epi8(1)), 1);
  size_t k;

  for (k = 0; k < n; k += 4) {
    const __m512i a = _mm512_permutex2var_epi8(all[k], both, all[k + 1]),
                  b = _mm512_permutex2var_epi8(all[k + 2], both, all[k + 3]);

    _mm512_store_si512(of->low + k * LANES, _mm512_shuffle_i64x2(a, b, 0x44));
    _mm512_store_si512(of->high + k * LANES, _mm512_shuffle_i64x2(a, b, 0xee));
  }
}

TARGET static void
clear_clips(lists *of)
{
  size_t k;

  of->clips = 0;
  for (k = 0; k < PATTERNS; k += sizeof(__m512i))
    _mm512_store_si512(of->clipped + k, _mm512_setzero_si512());
}

TARGET void
rrn_xbar_short_listed_avx512(const rrn_xbar_short_listed *l)
{
  /* Of few rows patterns are listed several times. */
  const size_t n = l->n_in > LOW + 2 ? (size_t)1 << (l->n_in - LOW) : LEAST;
  plane_at_hand planes[MOST_PLANES];
  __m512i all[PATTERNS / LANES];
  uint32_t wrong;
  int32_t plane;
  lists of;
  size_t k;

  for (plane = 0; plane < l->n_planes; plane++)
    begin_plane(l, plane, &planes[plane]);
  wrong = l->n_planes == 4 ? list_planes(l, planes, 4, n, all) : list_planes(l, planes, l->n_planes, n, all);
  of.clips = 0;
  if (wrong)
    clear_clips(&of);
  for (plane = 0; wrong >> plane != 0; plane++)
    for (k = 0; wrong >> plane & 1 && k < n; k++)
      correct(l, plane, &planes[plane], k, &of, &all[k]);
  store_lists(all, n, &of);
  add_all(l, &of);
}
#else
void
rrn_xbar_short_listed_avx512(const rrn_xbar_short_listed *l)
{
  (void)l;
}
#endif
