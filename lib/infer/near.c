/* SPDX-License-Identifier: MIT */
/* Whole numbers to bytes by a straight line, with AVX-512.
 *
 * In:  sums of codes, what makes results of them, what makes bytes of these.
 * Out: the bytes that kernels.inc makes, in a third of the time.
 *
 * Idea: from sums to bytes it is double precision, rounding, a bias, bounds, a division, rounding again: but for the rounding
 * a straight line. One multiplication and addition in single precision says where on it a sum is, but for a margin; in the
 * rare case that two bytes meet within it, the operations are done as they are defined. Bounds come after that, as bytes:
 * each operation keeps the order of its operands, and so do all of them together.
 *
 * The margin, in bytes: with u = 2^-24, B the line's value at 0 and b the bias in bytes, the definition is off its line by
 * at most u (2100 + |b|) where the result is a byte, and the single product, whose operand is at most 257 + |B| there, by
 * u (800 + 3 |B|). It is taken as u (4096 + 2 |b| + 4 |B|). Beyond the bytes both are on the same side, since errors grow
 * with u times the distance.
 *
 * Complexity: a dozen operations for 16 numbers, and one of a hundred registers or so has a number to settle. Not handled:
 * sums of inputs, numbers that are beyond single precision, margins of a quarter: the caller does these as defined. */
#include "infer/kernels.h"

#if defined(__x86_64__)
#include <immintrin.h>
#include <math.h>

/* As kernels.inc has it. */
static uint8_t
byte_of(const rrn_infer_byte *b, float x)
{
  float v = x / b->unit + b->zero;

  v = v > 0 ? v : 0;
  return (uint8_t)(int32_t)((v > b->top ? b->top : v) + 0.5f);
}

static uint8_t
settle(const rrn_infer_finish *f, const rrn_infer_byte *b, int32_t x)
{
  float v = (float)(((double)x * f->scale + f->base) * f->unit) + f->bias;

  v = v < f->low ? f->low : v;
  return byte_of(b, v > f->high ? f->high : v);
}

/* slope x + start: half a byte above the result. */
typedef struct line {
  float slope, start, margin;
} line;

/* 0 when it does not tell. */
static int
find_line(const rrn_infer_finish *f, const rrn_infer_byte *b, line *ret)
{
  const double unit = (double)b->unit, per_unit = 1 / unit, bias = (double)f->bias * per_unit;
  const double slope = f->scale * f->unit * per_unit, start = f->base * f->unit * per_unit + bias + (double)b->zero + 0.5;
  const double margin = (4096 + 2 * fabs(bias) + 4 * fabs(start)) * 0x1p-24;

  *ret = (line){ (float)slope, (float)start, (float)margin };
  return unit > 0x1p-60 && fabs(slope) < 0x1p60 && fabs(slope) > 0x1p-60 && margin < 0.25 && f->high == f->high;
}

__attribute__((target("avx512f"))) static void
follow_line(const line *l, const rrn_infer_finish *f, const rrn_infer_byte *b, const int32_t *x, size_t n, uint8_t *ret_bytes)
{
  const __m512 slope = _mm512_set1_ps(l->slope), start = _mm512_set1_ps(l->start), margin = _mm512_set1_ps(l->margin);
  const __m512 low = _mm512_set1_ps(byte_of(b, f->low) + 0.5f), high = _mm512_set1_ps(byte_of(b, f->high) + 0.5f);
  size_t i;

  for (i = 0; i < n; i += RRN_INFER_LANES) {
    const __m512 at = _mm512_fmadd_ps(_mm512_cvtepi32_ps(_mm512_loadu_si512(x + i)), slope, start);
    const __m512 held = _mm512_min_ps(_mm512_max_ps(at, low), high);
    const __m512 border = _mm512_roundscale_ps(held, _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC);
    uint32_t doubts = _mm512_cmplt_ps_mask(_mm512_abs_ps(_mm512_sub_ps(held, border)), margin);

    _mm_storeu_si128((void *)(ret_bytes + i), _mm512_cvtepi32_epi8(_mm512_cvttps_epi32(held)));
    for (; doubts != 0; doubts &= doubts - 1) {
      const size_t k = i + (size_t)__builtin_ctz(doubts);

      ret_bytes[k] = settle(f, b, x[k]);
    }
  }
}

int
rrn_infer_bytes_near_avx512(const rrn_infer_finish *f, const rrn_infer_byte *b, const int32_t *x, size_t n, uint8_t *ret_bytes)
{
  line l;

  if (!find_line(f, b, &l))
    return 0;
  follow_line(&l, f, b, x, n, ret_bytes);
  return 1;
}
#endif
