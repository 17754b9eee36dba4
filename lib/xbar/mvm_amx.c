/* SPDX-License-Identifier: MIT */
/* Bit-serial sums by tiles of bytes, for processors with AMX.
 *
 * In:  as mvm_avx512.c, the inputs as one byte per row, step and vector.
 * Out: the same codes, and where they are in doubt.
 *
 * Idea: a tile instruction multiplies 16 columns of 64 rows with 16 vectors. Cells have three bytes, so three products
 * of bytes make a sum of all 24 bits; a read-out's sums are converted beside the products of the next. A step is a byte,
 * so DACs of up to eight bits cost the same. Read noise: a fourth product gives the variance.
 *
 * Complexity: 3 rows / 64 tile products per step and 16 x 16 conversions, 15 operations per 16 conversions. Source: Intel
 * 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapter 18. Not handled: fewer than 16 vectors leave
 * lanes idle. */
#define _GNU_SOURCE /* syscall() */
#include "xbar/mvm.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <immintrin.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TARGET __attribute__((target("amx-tile,amx-int8,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")))
enum { SIDE = 16, TILE = 1024, FRACTION = 12 };

/* The palette as the processor reads it. */
typedef struct shape {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} shape;

/* Only with the host's leave: asking the system for tiles makes signal stacks larger for the whole process, which is not a
 * library's to decide. examples/common/tiles.h asks. */
int
rrn_xbar_amx_usable(void)
{
  enum { GET_PERMISSION = 0x1022, TILE_DATA = 18, HAS_TILES = 1 << 24, HAS_BYTES = 1 << 25 };
  unsigned long permitted = 0;
  unsigned a, b, c, d;

  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & HAS_TILES) == 0 || (d & HAS_BYTES) == 0)
    return 0;
  return syscall(SYS_arch_prctl, GET_PERMISSION, &permitted) == 0 && (permitted >> TILE_DATA & 1);
}

TARGET void
rrn_xbar_inputs_amx(const int32_t *x, size_t rows, const rrn_xbar_block *b, size_t vector, uint8_t *ret_inputs)
{
  const size_t per_step = (b->stride + 63) / 64 * TILE;
  const __m512i mask = _mm512_set1_epi32((1 << b->dac_bits) - 1);
  size_t row;
  int32_t step;

  for (row = 0; row < rows; row += SIDE) {
    const __mmask16 here = (__mmask16)(rows - row >= SIDE ? 0xffff : (1u << (rows - row)) - 1);
    const __m512i v = _mm512_maskz_loadu_epi32(here, x + row);
    uint32_t *to = (uint32_t *)(void *)(ret_inputs + row * SIDE) + vector;

    for (step = 0; step < b->steps; step++, to += per_step / 4) {
      const __m512i s = _mm512_and_si512(_mm512_srl_epi32(v, _mm_cvtsi32_si128(step * b->dac_bits)), mask);
      const __m128i bytes = _mm512_cvtepi32_epi8(s);

      to[0] = (uint32_t)_mm_extract_epi32(bytes, 0);
      to[SIDE] = (uint32_t)_mm_extract_epi32(bytes, 1);
      to[2 * SIDE] = (uint32_t)_mm_extract_epi32(bytes, 2);
      to[3 * SIDE] = (uint32_t)_mm_extract_epi32(bytes, 3);
    }
  }
}

/* Sums of 16 columns and 16 vectors in one step: ret_sums[byte][16][16]. */
TARGET static inline void
sum(const rrn_xbar_block *b, size_t column, const uint8_t *inputs, int32_t *ret_sums)
{
  const size_t first = column * b->stride;
  size_t row;

  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  for (row = 0; row < b->stride; row += 64, inputs += TILE) {
    _tile_loadd(3, inputs, 64);
    _tile_loadd(4, b->top + first + row, b->stride);
    _tile_loadd(5, b->middle + first + row, b->stride);
    _tile_loadd(6, b->low + first + row, b->stride);
    _tile_dpbsud(0, 4, 3);
    _tile_dpbuud(1, 5, 3);
    _tile_dpbsud(2, 6, 3);
  }
  _tile_stored(0, ret_sums, 64);
  _tile_stored(1, ret_sums + 256, 64);
  _tile_stored(2, ret_sums + 512, 64);
}

/* The cells of 16 columns of an array of at most 128 rows, for several steps. */
TARGET static inline void
hold(const rrn_xbar_block *b, size_t column)
{
  const size_t first = column * b->stride;

  _tile_loadd(2, b->top + first, b->stride);
  _tile_loadd(3, b->middle + first, b->stride);
  _tile_loadd(4, b->low + first, b->stride);
  _tile_loadd(5, b->top + first + 64, b->stride);
  _tile_loadd(6, b->middle + first + 64, b->stride);
  _tile_loadd(7, b->low + first + 64, b->stride);
}

/* As sum(), of the cells that are held. */
TARGET static inline void
sum_held(const uint8_t *inputs, int tall, int32_t *ret_sums)
{
#define SUM_HELD(product, first, second, to)  \
  do {                                        \
    _tile_zero(0);                            \
    _tile_loadd(1, inputs, 64);               \
    product(0, first, 1);                     \
    if (tall) {                               \
      _tile_loadd(1, inputs + TILE, 64);      \
      product(0, second, 1);                  \
    }                                         \
    _tile_stored(0, to, 64);                  \
  } while (0)
  SUM_HELD(_tile_dpbsud, 2, 5, ret_sums);
  SUM_HELD(_tile_dpbuud, 3, 6, ret_sums + 256);
  SUM_HELD(_tile_dpbsud, 4, 7, ret_sums + 512);
}

/* Sums of the spreads of 16 columns, after those of their cells. */
TARGET static inline void
sum_spread(const rrn_xbar_block *b, size_t column, const uint8_t *inputs, int32_t *ret_sums)
{
  const uint8_t *spread = b->spread + column * b->stride;
  size_t row;

  _tile_zero(0);
  for (row = 0; row < b->stride; row += 64, inputs += TILE) {
    _tile_loadd(1, inputs, 64);
    _tile_loadd(2, spread + row, b->stride);
    _tile_dpbuud(0, 2, 1);
  }
  _tile_stored(0, ret_sums + 768, 64);
}

/* A read-out of 16 columns: one step of 16 vectors. */
typedef struct readout {
  size_t column, vector;
  int32_t step;
} readout;

/* Read noise of 16 vectors in codes times `scale`: as rrn_xbar_draw(). */
TARGET static inline __m512
noise_of(rrn_xbar_draws d, __m512i places, __m512i spread, __m512 scale)
{
  const __m512i deviates = _mm512_loadu_si512(rrn_xbar_deviates);
  const __m512i weights = _mm512_set1_epi32(61 | 59 << 8 | 53 << 16 | 47 << 24);
  __m512i x = _mm512_add_epi32(_mm512_set1_epi32((int32_t)d.start), places), sum;

  x = _mm512_mullo_epi32(_mm512_xor_si512(x, _mm512_srli_epi32(x, 16)), _mm512_set1_epi32(RRN_XBAR_DRAW_A));
  x = _mm512_xor_si512(x, _mm512_set1_epi32((int32_t)d.twist));
  x = _mm512_mullo_epi32(_mm512_xor_si512(x, _mm512_srli_epi32(x, 15)), _mm512_set1_epi32(RRN_XBAR_DRAW_B));
  x = _mm512_xor_si512(x, _mm512_srli_epi32(x, 16));
  sum = _mm512_dpbusd_epi32(_mm512_set1_epi32(-RRN_XBAR_DEVIATES_ZERO), _mm512_permutexvar_epi8(x, deviates), weights);
  return _mm512_mul_ps(_mm512_sqrt_ps(_mm512_cvtepi32_ps(spread)),
                       _mm512_mul_ps(_mm512_cvtepi32_ps(sum), scale));
}

/* Adds the codes of a read-out; as mvm_avx512.c. */
TARGET static inline void
convert(rrn_xbar_block *b, const int32_t *sums, readout r, int counted, int noisy)
{
  const int32_t one = 1 << FRACTION, width = (int32_t)(2 * b->margin * (float)one) + 3;
  const size_t left = b->vectors - r.vector, n = b->columns - r.column < SIDE ? b->columns - r.column : SIDE;
  const __mmask16 valid = (__mmask16)(left >= SIDE ? 0xffff : (1u << left) - 1);
  const float *offsets = b->offset + (size_t)r.step * RRN_XBAR_TABLE_VECTORS + r.vector;
  const __m512 slope = _mm512_set1_ps(b->slope * (float)one),
               offset = _mm512_fmadd_ps(_mm512_loadu_ps(offsets), _mm512_set1_ps((float)one),
                                        _mm512_set1_ps(0.5f * (float)(one + width)));
  const __m512i last = _mm512_set1_epi32((int32_t)b->last * one + one - 1), fraction = _mm512_set1_epi32(one - 1),
                doubtful = _mm512_set1_epi32(width < one ? width : one);
  const __m128i place = _mm_cvtsi32_si128(r.step * b->dac_bits);
  uint16_t *doubts = (uint16_t *)(void *)(b->doubts + r.column * (size_t)b->steps + (size_t)r.step) + r.vector / SIDE;
  uint32_t *codes = b->codes + r.column * RRN_XBAR_TABLE_VECTORS + r.vector;
  const __m512 scale = _mm512_set1_ps(b->noise * (float)(RRN_XBAR_DEVIATES_SCALE * (1 << FRACTION)));
  const __m512i first = _mm512_set1_epi32((int32_t)(b->first_vector + (uint32_t)r.vector));
  const __m512i places = _mm512_mullo_epi32(
    _mm512_add_epi32(first, _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0)),
    _mm512_set1_epi32(RRN_XBAR_DRAW_STRIDE));
  size_t col;

  for (col = 0; col < n; col++, sums += SIDE, doubts += 4 * b->steps, codes += RRN_XBAR_TABLE_VECTORS) {
    const __m512i top = _mm512_slli_epi32(_mm512_load_si512(sums), 8);
    const __m512i upper = _mm512_add_epi32(top, _mm512_load_si512(sums + 256));
    const __m512i total = _mm512_add_epi32(_mm512_slli_epi32(upper, 8), _mm512_load_si512(sums + 512));
    const __m512i old = _mm512_load_si512(codes);
    const uint32_t cell = b->cell + (uint32_t)(r.column + col) * b->cell_stride;
    const __m512 shift = !noisy ? offset
                                : _mm512_add_ps(offset, noise_of(rrn_xbar_draws_of(&b->stream, cell, r.step), places,
                                                                 _mm512_load_si512(sums + 768), scale));
    __m512i code = _mm512_cvttps_epi32(_mm512_fmadd_ps(_mm512_cvtepi32_ps(total), slope, shift));
    const __mmask16 sure = _mm512_cmpgt_epi32_mask(_mm512_and_si512(code, fraction), doubtful);

    if (__builtin_expect(~sure & valid, 0))
      *doubts = (uint16_t)(~sure & valid);
    if (counted) {
      b->clipped_low += __builtin_popcount(_mm512_movepi32_mask(code) & sure & valid);
      b->clipped_high += __builtin_popcount(_mm512_mask_cmpgt_epi32_mask(sure & valid, code, last));
    }
    code = _mm512_min_epi32(_mm512_max_epi32(code, _mm512_setzero_si512()), last);
    code = _mm512_sll_epi32(_mm512_srli_epi32(code, FRACTION), place);
    _mm512_store_si512(codes, _mm512_mask_add_epi32(old, sure, old, code));
  }
}

/* Sums of a read-out beside the conversions of the one before. */
TARGET static inline void
read_out(rrn_xbar_block *b, int counted, int noisy)
{
  const size_t per_step = (b->stride + 63) / 64 * TILE, steps = (size_t)b->steps;
  const size_t parts = (b->columns + SIDE - 1) / SIDE, n = (b->vectors + SIDE - 1) / SIDE * parts * steps;
  _Alignas(64) int32_t sums[2][4 * SIDE * SIDE];
  readout before = { 0, 0, 0 };
  size_t k;

  for (k = 0; k <= n; k++) {
    const size_t step = k % steps, vectors = k / steps / parts;
    const readout r = { k / steps % parts * SIDE, vectors * SIDE, (int32_t)step };

    if (k < n && step == 0 && b->stride <= 128 && !noisy)
      hold(b, r.column);
    if (k < n && b->stride <= 128 && !noisy)
      sum_held(b->inputs + (vectors * steps + step) * per_step, b->stride > 64, sums[k % 2]);
    else if (k < n)
      sum(b, r.column, b->inputs + (vectors * steps + step) * per_step, sums[k % 2]);
    if (k < n && noisy)
      sum_spread(b, r.column, b->inputs + (vectors * steps + step) * per_step, sums[k % 2]);
    if (k > 0)
      convert(b, sums[(k - 1) % 2], before, counted, noisy);
    before = r;
  }
}

TARGET void
rrn_xbar_tiles_amx(rrn_xbar_block *b)
{
  shape all;
  size_t k;

  memset(&all, 0, sizeof(all));
  all.palette = 1;
  for (k = 0; k < 8; k++) {
    all.row_bytes[k] = 64;
    all.rows[k] = SIDE;
  }
  _tile_loadconfig(&all);
  if (b->spread)
    read_out(b, b->counted, 1);
  else if (b->counted)
    read_out(b, 1, 0);
  else
    read_out(b, 0, 0);
  _tile_release();
}
#else
int
rrn_xbar_amx_usable(void)
{
  return 0;
}

void
rrn_xbar_inputs_amx(const int32_t *x, size_t rows, const rrn_xbar_block *b, size_t vector, uint8_t *ret_inputs)
{
  (void)x, (void)rows, (void)b, (void)vector, (void)ret_inputs;
}

void
rrn_xbar_tiles_amx(rrn_xbar_block *b)
{
  rrn_xbar_lookup_plain(b);
}
#endif
