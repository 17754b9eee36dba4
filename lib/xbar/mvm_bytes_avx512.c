/* SPDX-License-Identifier: MIT */
/* Products of bytes, for AVX-512 with VNNI: mvm_collapsed.c where weights and inputs fit bytes.
 *
 * In:  weights as rrn_xbar_byte_place() puts them, inputs of some vectors.
 * Out: integer products, as doubles.
 *
 * Idea: an instruction multiplies four inputs of a vector with those of 16 columns. Eight vectors and 32 columns at a
 * time keep 16 sums in registers, for ten loads per 16 products; the weights of 32 columns stay in a first-level cache.
 *
 * Complexity: in * out / 64 products per vector. Not handled: fewer than eight vectors leave sums idle. */
#include "xbar/mvm.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni")))
#define INLINE __attribute__((always_inline)) TARGET static inline
enum { VECTORS = 8 };

/* Inputs as bytes, rows of `stride`. */
TARGET static void
pack(const int32_t *x, size_t n_in, size_t vectors, size_t stride, uint8_t *ret_bytes)
{
  size_t vector, in;

  for (vector = 0; vector < vectors; vector++)
    for (in = 0; in < n_in; in += 16) {
      const __mmask16 here = (__mmask16)(n_in - in >= 16 ? 0xffff : (1u << (n_in - in)) - 1);

      _mm512_mask_cvtepi32_storeu_epi8(ret_bytes + vector * stride + in, here,
                                       _mm512_maskz_loadu_epi32(here, x + vector * n_in + in));
    }
}

/* 16 sums of one vector, as many as `n`. */
INLINE void
store(double *y, size_t n, __m512i sums)
{
  const uint32_t mask = n >= 16 ? 0xffff : (1u << n) - 1;

  _mm512_mask_storeu_pd(y, (__mmask8)mask, _mm512_cvtepi32_pd(_mm512_castsi512_si256(sums)));
  if (mask > 0xff)
    _mm512_mask_storeu_pd(y + 8, (__mmask8)(mask >> 8), _mm512_cvtepi32_pd(_mm512_extracti64x4_epi64(sums, 1)));
}

/* A block of columns, all 32 when it is whole, of `vectors` vectors, at most VECTORS. */
INLINE void
multiply(const int8_t *w, const uint8_t *x, size_t stride, size_t vectors, size_t columns, int whole, double *y,
         size_t n_out)
{
  const __mmask16 first = (__mmask16)(columns >= 16 ? 0xffff : (1u << columns) - 1);
  const __mmask16 second = (__mmask16)(columns > 16 ? 0xffffu >> (32 - columns) : 0);
  const size_t step = 4 * columns;
  __m512i sums[VECTORS][2];
  size_t in, v;

#pragma GCC unroll 8
  for (v = 0; v < vectors; v++)
    sums[v][0] = sums[v][1] = _mm512_setzero_si512();
  for (in = 0; in < stride; in += 4, w += step) {
    const __m512i w0 = whole ? _mm512_load_si512(w) : _mm512_maskz_loadu_epi32(first, w);
    const __m512i w1 = whole ? _mm512_load_si512(w + 64) : _mm512_maskz_loadu_epi32(second, w + 64);

#pragma GCC unroll 8
    for (v = 0; v < vectors; v++) {
      const __m512i four = _mm512_set1_epi32(*(const int32_t *)(const void *)(x + v * stride + in));

      sums[v][0] = _mm512_dpbusd_epi32(sums[v][0], four, w0);
      sums[v][1] = _mm512_dpbusd_epi32(sums[v][1], four, w1);
    }
  }
#pragma GCC unroll 8
  for (v = 0; v < vectors; v++) {
    __asm__("" : "+v"(sums[v][0]), "+v"(sums[v][1])); /* as wholes, or gcc copies each in every round */
    store(y + v * n_out, columns, sums[v][0]);
    if (columns > 16)
      store(y + v * n_out + 16, columns - 16, sums[v][1]);
  }
}

TARGET void
rrn_xbar_bytes_avx512(const rrn_xbar_kernel *k, const int32_t *x, size_t vectors, uint8_t *bytes, double *ret_y)
{
  const size_t stride = rrn_xbar_byte_rows(k->head.n_in), n_out = k->head.n_out;
  size_t col, vector, v;

  pack(x, k->head.n_in, vectors, stride, bytes);
  for (col = 0; col < n_out; col += RRN_XBAR_BYTE_COLUMNS)
    for (vector = 0; vector < vectors; vector += v) {
      const int8_t *w = k->bytes + col * stride;
      const uint8_t *from = bytes + vector * stride;
      double *y = ret_y + vector * n_out + col;
      const size_t columns = n_out - col < RRN_XBAR_BYTE_COLUMNS ? n_out - col : RRN_XBAR_BYTE_COLUMNS;

      v = vectors - vector >= VECTORS ? VECTORS : 1;
      if (v == VECTORS && columns == RRN_XBAR_BYTE_COLUMNS)
        multiply(w, from, stride, VECTORS, RRN_XBAR_BYTE_COLUMNS, 1, y, n_out);
      else if (v == VECTORS)
        multiply(w, from, stride, VECTORS, columns, 0, y, n_out);
      else if (columns == RRN_XBAR_BYTE_COLUMNS)
        multiply(w, from, stride, 1, RRN_XBAR_BYTE_COLUMNS, 1, y, n_out);
      else
        multiply(w, from, stride, 1, columns, 0, y, n_out);
    }
}
#else
void
rrn_xbar_bytes_avx512(const rrn_xbar_kernel *k, const int32_t *x, size_t vectors, uint8_t *bytes, double *ret_y)
{
  (void)k, (void)x, (void)vectors, (void)bytes, (void)ret_y;
}
#endif
