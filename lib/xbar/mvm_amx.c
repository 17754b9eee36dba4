/* SPDX-License-Identifier: MIT */
/* Bit-serial sums by tiles of bytes, for processors with AMX.
 *
 * In:  as mvm_avx512.c, the inputs as one byte per row, step and vector.
 * Out: the same codes, and where they are in doubt.
 *
 * Idea: a tile instruction multiplies 16 columns of 64 rows with 16 vectors. Cells have three bytes, so three products of
 * bytes make a sum of all 24 bits; the sums of 32 columns are converted while they are in the first-level cache. A step
 * is a byte, so DACs of up to eight bits cost the same.
 *
 * Complexity: 3 rows / 64 tile products per step and 16 x 16 conversions, and 15 operations per 16 conversions. Source: Intel
 * 64 and IA-32 Architectures Software Developer's Manual, vol. 1, chapter 18. Not handled: fewer than 16 vectors leave
 * lanes idle. */
#define _GNU_SOURCE /* syscall() */
#include "xbar/mvm.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <immintrin.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TARGET __attribute__((target("amx-tile,amx-int8,avx512f,avx512bw,avx512dq,avx512vl")))
enum { SIDE = 16, TILE = 1024, FRACTION = 12 };

/* The palette as the processor reads it. */
typedef struct shape {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} shape;

int
rrn_xbar_amx_usable(void)
{
  enum { REQUEST_PERMISSION = 0x1023, TILE_DATA = 18, HAS_TILES = 1 << 24, HAS_BYTES = 1 << 25 };
  unsigned a, b, c, d;

  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & HAS_TILES) == 0 || (d & HAS_BYTES) == 0)
    return 0;
  return syscall(SYS_arch_prctl, REQUEST_PERMISSION, TILE_DATA) == 0;
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

/* Sums of 32 columns and 16 vectors in one step: ret_sums[byte][32][16]. */
TARGET static inline void
sum(const rrn_xbar_block *b, const uint8_t *inputs, int32_t *ret_sums)
{
  const size_t next = SIDE * b->stride;
  size_t row;

  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  _tile_zero(3);
  _tile_zero(4);
  _tile_zero(5);
  for (row = 0; row < b->stride; row += 64, inputs += TILE) {
    _tile_loadd(6, inputs, 64);
    _tile_loadd(7, b->top + row, b->stride);
    _tile_dpbsud(0, 7, 6);
    _tile_loadd(7, b->top + next + row, b->stride);
    _tile_dpbsud(1, 7, 6);
    _tile_loadd(7, b->middle + row, b->stride);
    _tile_dpbuud(2, 7, 6);
    _tile_loadd(7, b->middle + next + row, b->stride);
    _tile_dpbuud(3, 7, 6);
    _tile_loadd(7, b->low + row, b->stride);
    _tile_dpbsud(4, 7, 6);
    _tile_loadd(7, b->low + next + row, b->stride);
    _tile_dpbsud(5, 7, 6);
  }
  _tile_stored(0, ret_sums, 64);
  _tile_stored(1, ret_sums + 256, 64);
  _tile_stored(2, ret_sums + 512, 64);
  _tile_stored(3, ret_sums + 768, 64);
  _tile_stored(4, ret_sums + 1024, 64);
  _tile_stored(5, ret_sums + 1280, 64);
}

/* Adds the codes of one step of 16 vectors; as mvm_avx512.c. */
TARGET static inline void
convert(rrn_xbar_block *b, const int32_t *sums, size_t vector, int32_t step, int counted)
{
  const int32_t one = 1 << FRACTION, width = (int32_t)(2 * b->margin * (float)one) + 3;
  const size_t left = b->vectors - vector;
  const __mmask16 valid = (__mmask16)(left >= SIDE ? 0xffff : (1u << left) - 1);
  const __m512 slope = _mm512_set1_ps(b->slope * (float)one),
               offset = _mm512_fmadd_ps(_mm512_loadu_ps(b->offset + (size_t)step * RRN_XBAR_TABLE_VECTORS + vector),
                                        _mm512_set1_ps((float)one), _mm512_set1_ps(0.5f * (float)(one + width)));
  const __m512i top = _mm512_set1_epi32((int32_t)b->last * one + one - 1), fraction = _mm512_set1_epi32(one - 1),
                doubtful = _mm512_set1_epi32(width < one ? width : one);
  const __m128i place = _mm_cvtsi32_si128(step * b->dac_bits);
  uint16_t *doubts = (uint16_t *)(void *)(b->doubts + step) + vector / SIDE;
  uint32_t *codes = b->codes + vector;
  size_t col;

  for (col = 0; col < b->columns; col++, sums += SIDE, doubts += 4 * b->steps, codes += RRN_XBAR_TABLE_VECTORS) {
    const __m512i upper = _mm512_add_epi32(_mm512_slli_epi32(_mm512_load_si512(sums), 8), _mm512_load_si512(sums + 512));
    const __m512i total = _mm512_add_epi32(_mm512_slli_epi32(upper, 8), _mm512_load_si512(sums + 1024));
    __m512i code = _mm512_cvttps_epi32(_mm512_fmadd_ps(_mm512_cvtepi32_ps(total), slope, offset));
    const __mmask16 sure = _mm512_cmpgt_epi32_mask(_mm512_and_si512(code, fraction), doubtful);

    *doubts = (uint16_t)(~sure & valid);
    if (counted) {
      b->clipped_low += __builtin_popcount(_mm512_movepi32_mask(code) & sure & valid);
      b->clipped_high += __builtin_popcount(_mm512_mask_cmpgt_epi32_mask(sure & valid, code, top));
    }
    code = _mm512_min_epi32(_mm512_max_epi32(code, _mm512_setzero_si512()), top);
    code = _mm512_sll_epi32(_mm512_srli_epi32(code, FRACTION), place);
    _mm512_store_si512(codes, _mm512_mask_add_epi32(_mm512_load_si512(codes), sure, _mm512_load_si512(codes), code));
  }
}

TARGET void
rrn_xbar_tiles_amx(rrn_xbar_block *b)
{
  const size_t per_step = (b->stride + 63) / 64 * TILE;
  const uint8_t *inputs = b->inputs;
  _Alignas(64) int32_t sums[3 * RRN_XBAR_LANES * SIDE];
  shape all;
  size_t vector, k;
  int32_t step;

  memset(&all, 0, sizeof(all));
  all.palette = 1;
  for (k = 0; k < 8; k++) {
    all.row_bytes[k] = 64;
    all.rows[k] = SIDE;
  }
  _tile_loadconfig(&all);
  for (vector = 0; vector < b->vectors; vector += SIDE)
    for (step = 0; step < b->steps; step++, inputs += per_step) {
      sum(b, inputs, sums);
      if (b->counted)
        convert(b, sums, vector, step, 1);
      else
        convert(b, sums, vector, step, 0);
    }
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
