/* SPDX-License-Identifier: MIT */
/* Cells of short arrays are made: the loops over the inputs of a plane.
 *
 * In:  a column's weights and the deviates of its cells, or its codes.
 * Out: codes as noise.c's conductances give them, bit for bit; the nearest cells, and what these are off.
 *
 * Idea: eight inputs at a time. The same body is compiled for plain C, AVX2 and AVX-512; each operation is rounded as it is
 * in noise.c, and sums are of eight columns of numbers on every machine, so all have the same bytes.
 *
 * Complexity: some three operations per cell by registers of eight. Not handled: other models of writing, drift, faults and
 * read noise, whose conductances noise.c makes one by one. */
#include "xbar/mvm_short.h"

#if defined(__x86_64__)
#include <immintrin.h>
#endif

enum { EIGHT = RRN_XBAR_SHORT_EIGHT };

/* Where they lie in memory they are aligned as their elements. */
typedef double eight __attribute__((vector_size(8 * EIGHT)));
typedef double near_eight __attribute__((vector_size(8 * EIGHT), aligned(8), may_alias));
typedef int64_t masks __attribute__((vector_size(8 * EIGHT)));
typedef int32_t whole __attribute__((vector_size(4 * EIGHT)));
typedef int32_t near_whole __attribute__((vector_size(4 * EIGHT), aligned(4), may_alias));

#define INLINE static inline __attribute__((always_inline))
#define POSITIVE(x) ((eight)((masks)(x) & ((x) > 0)))
#define GREATER(a, b) ((eight)(((masks)(a) & ((a) > (b))) | ((masks)(b) & ~((a) > (b)))))

INLINE double
sum_of(const eight *x)
{
  return (((*x)[0] + (*x)[1]) + ((*x)[2] + (*x)[3])) + (((*x)[4] + (*x)[5]) + ((*x)[6] + (*x)[7]));
}

/* Eight conductances as written. `sign`: of the weights in these cells. */
INLINE void
write_eight(const rrn_xbar_short_writing *w, int32_t sign, const double *xi, size_t k, eight *ret_g)
{
  const eight deviates = *(const near_eight *)(xi + k);
  whole held = *(const near_whole *)(w->weights + k) * sign + w->add;
  eight target, g;

  held = (held & (held > 0)) >> w->shift & w->mask;
  target = w->g_off + w->unit * __builtin_convertvector(held, eight);
  if (w->is_relative)
    g = target * (1 + w->sigma * deviates);
  else
    g = target + w->sigma * deviates;
  *ret_g = POSITIVE(g);
}

/* `paired`: `minus` is subtracted. */
INLINE void
fill_some_codes(const rrn_xbar_short_writing *w, int paired, double *ret_codes)
{
  const masks lanes = { 0, 1, 2, 3, 4, 5, 6, 7 };
  size_t k;

  for (k = 0; k < w->n; k += EIGHT) {
    eight x, minus;

    write_eight(w, w->sign, w->plus, k, &x);
    if (paired) {
      write_eight(w, -w->sign, w->minus, k, &minus);
      x -= minus;
    }
    *(near_eight *)(ret_codes + k) = (eight)((masks)(x * w->per_current) & (lanes < (int64_t)(w->n - k)));
  }
}

INLINE void
fill_codes(const rrn_xbar_short_writing *w, double *ret_codes)
{
  if (w->minus)
    fill_some_codes(w, 1, ret_codes);
  else
    fill_some_codes(w, 0, ret_codes);
}

INLINE void
add_bounds(const double *codes, size_t n, rrn_xbar_short_bounds *ret)
{
  eight low = { 0 }, high = { 0 }, greatest = { 0 };
  size_t k;

  for (k = 0; k < n; k += EIGHT) {
    eight x = *(const near_eight *)(codes + k), above = POSITIVE(x);

    x -= above;
    high += above;
    low += x;
    above -= x;
    greatest = GREATER(above, greatest);
  }
  ret->low = sum_of(&low);
  ret->high = sum_of(&high);
  for (ret->greatest = greatest[0], k = 1; k < EIGHT; k++)
    ret->greatest = greatest[k] > ret->greatest ? greatest[k] : ret->greatest;
}

INLINE void
round_codes(const double *codes, size_t n, double unit, int32_t *ret_cells, double *ret_down, double *ret_up)
{
  const double magic = 0x1.8p52;
  eight low = { 0 }, high = { 0 };
  size_t k;

  for (k = 0; k < n; k += EIGHT) {
    eight x = *(const near_eight *)(codes + k) * unit, nearest = (x + magic) - magic, above;

    *(near_whole *)(ret_cells + k) = __builtin_convertvector(nearest, whole);
    x -= nearest;
    above = POSITIVE(x);
    high += above;
    low += above - x;
  }
  *ret_down = sum_of(&low);
  *ret_up = sum_of(&high);
}

/* The loops compiled with `target`. */
#define LOOPS(name, target) \
  target static void \
  codes_##name(const rrn_xbar_short_writing *w, double *ret_codes) \
  { \
    fill_codes(w, ret_codes); \
  } \
\
  target static void \
  bounds_##name(const double *codes, size_t n, rrn_xbar_short_bounds *ret) \
  { \
    add_bounds(codes, n, ret); \
  } \
\
  target static void \
  cells_##name(const double *codes, size_t n, double unit, int32_t *ret_cells, double *ret_down, double *ret_up) \
  { \
    round_codes(codes, n, unit, ret_cells, ret_down, ret_up); \
  }

static void
store_plain(const int32_t *cells, size_t n, uint8_t *to)
{
  size_t k;

  for (k = 0; k < n; k++, to += 3) {
    const uint32_t cell = (uint32_t)cells[k];

    to[0] = (uint8_t)cell;
    to[1] = (uint8_t)(cell >> 8);
    to[2] = (uint8_t)(cell >> 16);
  }
}

LOOPS(plain, )
static const rrn_xbar_short_loops loops_plain = { codes_plain, bounds_plain, cells_plain, store_plain };

#if defined(__x86_64__)
#define TARGET_512 __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vbmi")))

/* Sixteen cells are 48 bytes. */
TARGET_512 static void
store_avx512(const int32_t *cells, size_t n, uint8_t *to)
{
  /* Four words' lower three bytes, from each 16 bytes to 12. */
  const __m512i within = _mm512_broadcast_i32x4(_mm_setr_epi8(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, -1, -1, -1, -1));
  const __m512i together = _mm512_setr_epi32(0, 1, 2, 4, 5, 6, 8, 9, 10, 12, 13, 14, 15, 15, 15, 15);
  size_t k;

  for (k = 0; k < n; k += 16, to += 48) {
    const size_t some = n - k < 16 ? n - k : 16;
    const __m512i bytes = _mm512_shuffle_epi8(_mm512_maskz_loadu_epi32((__mmask16)((1u << some) - 1), cells + k), within);

    _mm512_mask_storeu_epi8(to, (UINT64_C(1) << 3 * some) - 1, _mm512_permutexvar_epi32(together, bytes));
  }
}

LOOPS(avx2, __attribute__((target("avx2"))))
LOOPS(avx512, TARGET_512)
static const rrn_xbar_short_loops loops_avx2 = { codes_avx2, bounds_avx2, cells_avx2, store_plain };
static const rrn_xbar_short_loops loops_avx512 = { codes_avx512, bounds_avx512, cells_avx512, store_avx512 };

const rrn_xbar_short_loops *
rrn_xbar_short_loops_of(enum rrn_xbar_cpu cpu)
{
  return cpu >= RRN_XBAR_CPU_AVX512 ? &loops_avx512 : cpu == RRN_XBAR_CPU_AVX2 ? &loops_avx2 : &loops_plain;
}
#else
const rrn_xbar_short_loops *
rrn_xbar_short_loops_of(enum rrn_xbar_cpu cpu)
{
  (void)cpu;
  return &loops_plain;
}
#endif
