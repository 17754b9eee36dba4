/* SPDX-License-Identifier: MIT */
/* Products on short arrays by tiles of bytes, for processors with AMX.
 *
 * In:  a group's cells of 24 bits, inputs of many vectors.
 * Out: the same sums as mvm_short.c has.
 *
 * Idea: a tile instruction multiplies 16 columns with 16 vectors of one step, 64 bytes of rows at a time. A cell is
 * rounded to 2^-16 codes and has three digits, 16384 a + 128 b + c; a driven row is the bytes 128 and 1, so one product
 * sums 128 b + c and another one a. A dot product puts both together as a code above its fraction, which is weighed where
 * it lies as in mvm_short_avx512.c. Products of a step are made beside the conversions of the one before. Doubts and clips
 * are noticed by 256 conversions and corrected one by one.
 *
 * Complexity: 2 rows / 32 tile products and 64 operations for 256 conversions. Source: Intel 64 and IA-32 Architectures
 * Software Developer's Manual, volume 1, chapter 18. Not handled: read noise; cells beyond 31 codes. */
#include "xbar/mvm_short.h"

#if defined(__x86_64__) && defined(__linux__)
#include <immintrin.h>
#include <string.h>

#define TARGET __attribute__((target("amx-tile,amx-int8,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")))
#define INLINE __attribute__((always_inline)) TARGET static inline

enum { SIDE = RRN_XBAR_SHORT_SIDE, PRODUCT = SIDE * SIDE, TILE = 1024, ROWS = 32, DIGIT = 127 * 16384 };

/* --- cells --- */

/* What the roundings of a plane's cells add up to. */
typedef struct rounding {
  __m512i up, down, greatest;
} rounding;

/* Sixteen cells of three bytes, in units of 2^-16 codes. `n` of them are there. */
INLINE __m512i
round_cells(const uint8_t *cells, size_t n, int32_t shift, rounding *sum)
{
  /* The bytes of a cell above an empty one. */
  const __m512i dwords = _mm512_set_epi32(45, 42, 39, 36, 33, 30, 27, 24, 21, 18, 15, 12, 9, 6, 3, 0);
  const __m512i places = _mm512_add_epi32(_mm512_mullo_epi32(dwords, _mm512_set1_epi32(0x01010100)),
                                          _mm512_set1_epi32(0x02010000));
  const __m512i bytes = _mm512_maskz_loadu_epi8((1ull << 3 * n) - 1, cells);
  const __m512i exact = _mm512_srai_epi32(_mm512_maskz_permutexvar_epi8(0xeeeeeeeeeeeeeeee, places, bytes), 8);
  const __m128i by = _mm_cvtsi32_si128(shift - 16);
  __m512i cell, error;

  cell = _mm512_sra_epi32(_mm512_add_epi32(exact, _mm512_set1_epi32(shift > 16 ? 1 << (shift - 17) : 0)), by);
  error = _mm512_sub_epi32(exact, _mm512_sll_epi32(cell, by));
  sum->up = _mm512_add_epi32(sum->up, _mm512_max_epi32(error, _mm512_setzero_si512()));
  sum->down = _mm512_sub_epi32(sum->down, _mm512_min_epi32(error, _mm512_setzero_si512()));
  sum->greatest = _mm512_max_epi32(sum->greatest, _mm512_abs_epi32(cell));
  return cell;
}

/* The digit of 7 bits with sign, and what is left. */
INLINE __m512i
digit_of(__m512i *cell)
{
  const __m512i half = _mm512_set1_epi32(64), moved = _mm512_add_epi32(*cell, half);
  const __m512i digit = _mm512_sub_epi32(_mm512_and_si512(moved, _mm512_set1_epi32(127)), half);

  *cell = _mm512_srai_epi32(moved, 7);
  return _mm512_and_si512(digit, _mm512_set1_epi32(255));
}

TARGET int
rrn_xbar_short_digits_amx(const uint8_t *cells, size_t n_in, int32_t shift, int8_t *ret_digits, uint32_t *ret_rounding)
{
  rounding sum = { _mm512_setzero_si512(), _mm512_setzero_si512(), _mm512_setzero_si512() };
  uint32_t up, down;
  size_t row;

  for (row = 0; row < n_in; row += SIDE) {
    int8_t *to = ret_digits + row / ROWS * 2 * TILE + row % ROWS * 2;
    __m512i cell = round_cells(cells + 3 * row, n_in - row < SIDE ? n_in - row : SIDE, shift, &sum);
    const __m512i last = digit_of(&cell), middle = digit_of(&cell);

    _mm256_storeu_si256((void *)to, _mm512_cvtepi32_epi16(_mm512_slli_epi32(cell, 8)));
    _mm256_storeu_si256((void *)(to + TILE),
                        _mm512_cvtepi32_epi16(_mm512_or_si512(middle, _mm512_slli_epi32(last, 8))));
  }
  up = (uint32_t)_mm512_reduce_add_epi32(sum.up);
  down = (uint32_t)_mm512_reduce_add_epi32(sum.down);
  *ret_rounding = ((up > down ? up : down) >> (shift - 16)) + 1;
  return _mm512_reduce_max_epi32(sum.greatest) < DIGIT;
}

/* --- inputs --- */

/* Bits of 16 vectors: ret_bits[step][32 rows][16 pairs of rows][16 vectors][2 rows][2], 128 and 1. */
INLINE void
spread_bits(const rrn_xbar_short_tiles *t, const uint8_t *x)
{
  const __m512i driven = _mm512_set1_epi16(0x0180);
  size_t row;
  int32_t step;

  for (row = 0; row < t->n_in; row += 2) {
    uint8_t *to = t->bits + row / ROWS * TILE + row % ROWS / 2 * 64;
    const __m128i even = _mm_loadu_si128((const void *)(x + row * t->x_row));
    const __m128i odd = row + 1 < t->n_in ? _mm_loadu_si128((const void *)(x + (row + 1) * t->x_row))
                                          : _mm_setzero_si128();
    const __m512i both = _mm512_cvtepu8_epi16(
      _mm256_set_m128i(_mm_unpackhi_epi8(even, odd), _mm_unpacklo_epi8(even, odd)));

    for (step = 0; step < t->n_steps; step++, to += t->n_chunks * TILE)
      _mm512_store_si512(to, _mm512_maskz_mov_epi16(_mm512_test_epi16_mask(both, _mm512_set1_epi16((int16_t)(1 << step))),
                                                    driven));
  }
}

/* --- conversions --- */

/* The palette as the processor reads it. */
typedef struct shape {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} shape;

/* Tiles 0 and 1 have sums, 2 the inputs, the others cells, which have no more rows than there are. */
TARGET static void
configure(const rrn_xbar_short_tiles *t)
{
  const size_t pairs = t->n_chunks > 1 ? ROWS / 2 : (t->n_in + 1) / 2;
  shape all;
  size_t k;

  memset(&all, 0, sizeof(all));
  all.palette = 1;
  for (k = 0; k < 8; k++) {
    all.row_bytes[k] = (uint16_t)(k < 3 ? 64 : 4 * pairs);
    all.rows[k] = (uint8_t)(k == 2 ? pairs : SIDE);
  }
  _tile_loadconfig(&all);
}

INLINE void
hold(const int8_t *digits, size_t n_chunks)
{
  _tile_loadd(3, digits, 64);
  _tile_loadd(4, digits + TILE, 64);
  if (n_chunks == 2) {
    _tile_loadd(5, digits + 2 * TILE, 64);
    _tile_loadd(6, digits + 3 * TILE, 64);
  }
}

/* Sums of one step: ret_sums[upper digit, others][16 columns][16 vectors]. */
INLINE void
multiply(const int8_t *digits, const uint8_t *bits, const int32_t *base, size_t n_chunks, int32_t *ret_sums)
{
  size_t chunk;

  _tile_zero(0);
  _tile_loadd(1, base, 0);
  for (chunk = 0; chunk < n_chunks; chunk++) {
    _tile_loadd(2, bits + chunk * TILE, 64);
    if (n_chunks > 2) {
      _tile_loadd(3, digits + chunk * 2 * TILE, 64);
      _tile_loadd(4, digits + chunk * 2 * TILE + TILE, 64);
    }
    if (chunk == 1 && n_chunks == 2) {
      _tile_dpbsud(0, 5, 2);
      _tile_dpbsud(1, 6, 2);
    } else {
      _tile_dpbsud(0, 3, 2);
      _tile_dpbsud(1, 4, 2);
    }
  }
  _tile_stored(0, ret_sums, 64);
  _tile_stored(1, ret_sums + PRODUCT, 64);
}

/* A code above its fraction. */
INLINE __m512i
join(const int32_t *sums, size_t col)
{
  return _mm512_dpwssd_epi32(_mm512_load_si512(sums + PRODUCT + col * SIDE), _mm512_load_si512(sums + col * SIDE),
                             _mm512_set1_epi32(16384));
}

/* Puts right what was added for doubts and clips of one step of a plane. */
TARGET static __attribute__((noinline)) void
correct(const rrn_xbar_short_tiles *t, const rrn_xbar_short_part *part, size_t vector, int32_t plane, int32_t step, const int32_t *sums,
        uint32_t fixes[SIDE][SIDE])
{
  const __m512i zero = _mm512_setzero_si512(), last = _mm512_set1_epi32(t->last);
  const uint32_t valid = (1u << t->lanes[vector / SIDE]) - 1, worth = (uint32_t)t->places[plane] << step;
  size_t col;

  for (col = 0; col < part->n_cols; col++) {
    const __m512i sum = join(sums, col), code = _mm512_srai_epi32(sum, 16);
    const uint32_t low = _mm512_cmplt_epi32_mask(code, zero), high = _mm512_cmpgt_epi32_mask(code, last);
    const uint32_t doubts = _mm512_cmple_epu32_mask(_mm512_and_si512(sum, _mm512_set1_epi32(0xffff)),
                                                    _mm512_set1_epi32((int32_t)part->doubt));
    uint32_t wrong = low | high | doubts;
    _Alignas(64) int32_t codes[SIDE];

    _mm512_store_si512(codes, code);
    t->stats->clipped_low += __builtin_popcount(low & valid & ~doubts);
    t->stats->clipped_high += __builtin_popcount(high & valid & ~doubts);
    for (; wrong != 0; wrong &= wrong - 1) {
      const int lane = __builtin_ctz(wrong);
      const int32_t right = doubts >> lane & 1 ? t->settle(part->users[col], plane, vector + (size_t)lane, step)
                                               : codes[lane] < 0 ? 0 : t->last;

      fixes[col][lane] += ((uint32_t)right - (uint32_t)codes[lane]) * worth;
    }
  }
}

/* Adds the codes of a step of a plane to the sums of columns. */
INLINE void
convert(const rrn_xbar_short_tiles *t, const rrn_xbar_short_part *part, size_t vector, int32_t plane, int32_t step, const int32_t *sums,
        __m512i all[SIDE], uint32_t fixes[SIDE][SIDE])
{
  const __m512i worth = _mm512_set1_epi32((int32_t)((uint32_t)t->places[plane] << (step + 16)));
  __m512i least = _mm512_set1_epi16(-1), greatest = _mm512_setzero_si512();
  size_t col;

#pragma GCC unroll 16
  for (col = 0; col < SIDE; col++) {
    const __m512i sum = join(sums, col);

    least = _mm512_min_epu16(least, sum);
    greatest = _mm512_max_epu16(greatest, sum);
    all[col] = _mm512_dpwssd_epi32(all[col], sum, worth);
  }
  if ((_mm512_cmple_epu16_mask(least, _mm512_set1_epi16((int16_t)part->doubt)) & 0x55555555) |
      (_mm512_cmpgt_epu16_mask(greatest, _mm512_set1_epi16((int16_t)t->last)) & 0xaaaaaaaa))
    correct(t, part, vector, plane, step, sums, fixes);
}

/* All planes and steps of 16 columns and 16 vectors. */
INLINE void
read_out(const rrn_xbar_short_tiles *t, const rrn_xbar_short_part *part, size_t vector, size_t n_chunks)
{
  const int32_t n_steps = t->n_steps, n = t->n_planes * n_steps;
  _Alignas(64) uint32_t fixes[SIDE][SIDE] = { { 0 } };
  _Alignas(64) int32_t sums[2][2 * PRODUCT];
  int32_t k, plane = 0, step = 0, plane_before = 0, step_before = 0;
  __m512i all[SIDE];
  size_t col;

#pragma GCC unroll 16
  for (col = 0; col < SIDE; col++)
    all[col] = _mm512_setzero_si512();
  for (k = 0; k <= n; k++) {
    if (k < n) {
      const int8_t *digits = part->digits + (size_t)plane * n_chunks * 2 * TILE;

      if (step == 0 && n_chunks <= 2)
        hold(digits, n_chunks);
      multiply(digits, t->bits + (size_t)step * n_chunks * TILE, part->base + plane * SIDE, n_chunks, sums[k % 2]);
    }
    if (k > 0)
      convert(t, part, vector, plane_before, step_before, sums[(k + 1) % 2], all, fixes);
    plane_before = plane;
    step_before = step;
    if (++step == n_steps) {
      step = 0;
      plane++;
    }
  }
#pragma GCC unroll 16
  for (col = 0; col < SIDE; col++)
    if (col < part->n_cols)
      _mm512_storeu_si512(part->sums + col * t->n_vectors + vector,
                          _mm512_add_epi32(all[col], _mm512_load_si512(fixes[col])));
}

TARGET void
rrn_xbar_short_tiles_amx(const rrn_xbar_short_tiles *t, const rrn_xbar_short_part *parts, size_t n_parts)
{
  size_t vector, k;

  configure(t);
  for (vector = 0; vector < t->n_vectors; vector += SIDE) {
    spread_bits(t, t->x + vector);
    for (k = 0; k < n_parts; k++)
      if (t->n_chunks == 1)
        read_out(t, &parts[k], vector, 1);
      else if (t->n_chunks == 2)
        read_out(t, &parts[k], vector, 2);
      else
        read_out(t, &parts[k], vector, t->n_chunks);
  }
  _tile_release();
}
#else
int
rrn_xbar_short_digits_amx(const uint8_t *cells, size_t n_in, int32_t shift, int8_t *ret_digits, uint32_t *ret_rounding)
{
  (void)cells, (void)n_in, (void)shift, (void)ret_digits, (void)ret_rounding;
  return 0;
}

void
rrn_xbar_short_tiles_amx(const rrn_xbar_short_tiles *t, const rrn_xbar_short_part *parts, size_t n_parts)
{
  (void)t, (void)parts, (void)n_parts;
}
#endif
