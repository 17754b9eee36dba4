/* SPDX-License-Identifier: MIT */
/* Standard normal numbers by name, many at a time.
 *
 * In:  the name of random numbers, numbers of cells in a row.
 * Out: their deviates.
 *
 * Idea: a keyed bijection of a counter gives 52 bits, the inverse of the normal distribution the deviate. Eight numbers go
 * through the same operations side by side; those whose deviate is beyond 1.44, one in seven, are gathered for theirs. Only
 * + - * / and square roots, so every machine has the same bits.
 *
 * Complexity: about 100 operations per number. Papers: Salmon et al., SC 2011 (Philox); Wichura, Algorithm AS 241,
 * Applied Statistics 37, 1988 (inverse normal distribution). Deviation: its logarithm is our own. */
#include "xbar/noise.h"

#include <string.h>
#if defined(__x86_64__)
#include <immintrin.h>
#endif

#include "util/power.h"
#include "util/random.h"

enum { WIDE = 8, CHUNK = 64 };

typedef uint64_t words __attribute__((vector_size(8 * WIDE)));
typedef double reals __attribute__((vector_size(8 * WIDE)));

void
rrn_xbar_random(const rrn_xbar_id *id, enum rrn_xbar_slot slot, uint32_t cell, uint32_t vector, int32_t step,
                uint32_t ret_block[4])
{
  const uint32_t key[2] = { (uint32_t)id->seed, (uint32_t)(id->seed >> 32) };
  const uint32_t counter[4] = { cell, vector, id->layer, (uint32_t)slot << 30 | (uint32_t)step << 22 | id->copy };

  rrn_philox(key, counter, ret_block);
}

/* An odd multiple of 2^-53 in (0, 1). */
double
rrn_xbar_uniform(const uint32_t block[4])
{
  return (double)(((uint64_t)block[1] << 32 | block[0]) >> 12 << 1 | 1) * 0x1p-53;
}

/* --- inverse of the normal distribution --- */

static const double a[] = { 3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3,
  1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4, 3.3430575583588128105e+4,
  2.5090809287301226727e+3 }, b[] = { 1, 4.2313330701600911252e+1, 6.8718700749205790830e+2,
  5.3941960214247511077e+3, 2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4,
  5.2264952788528545610e+3 };

static double
polynomial(const double *c, double x)
{
  double sum = c[7];
  int degree;

  for (degree = 6; degree >= 0; degree--)
    sum = sum * x + c[degree];
  return sum;
}

/* Up to 5 standard deviations. */
static const double near_c[] = { 1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
  3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2,
  7.74545014278341407640e-4 }, near_d[] = { 1, 2.05319162663775882187e0, 1.67638483018380384940e0,
  6.89767334985100004550e-1, 1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
  1.05075007164441684324e-9 };

static double
quantile_of_tail(double p)
{
  static const double e[] = { 6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
    2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5,
    2.01033439929228813265e-7 }, f[] = { 1, 5.99832206555887937690e-1, 1.36929880922735805310e-1,
    1.48753612908506148525e-2, 7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
    2.04426310338993978564e-15 };
  const double r = __builtin_sqrt(-rrn_power_log2(p) * 0.69314718055994530942);

  return r <= 5 ? polynomial(near_c, r - 1.6) / polynomial(near_d, r - 1.6) : polynomial(e, r - 5) / polynomial(f, r - 5);
}

double
rrn_xbar_normal_quantile(double p)
{
  const double q = p - 0.5;

  if (q >= -0.425 && q <= 0.425)
    return q * polynomial(a, 0.180625 - q * q) / polynomial(b, 0.180625 - q * q);
  return q < 0 ? -quantile_of_tail(p) : quantile_of_tail(1 - p);
}

double
rrn_xbar_normal(const rrn_xbar_id *id, enum rrn_xbar_slot slot, uint32_t cell, uint32_t vector, int32_t step)
{
  uint32_t block[4];

  rrn_xbar_random(id, slot, cell, vector, step, block);
  return rrn_xbar_normal_quantile(rrn_xbar_uniform(block));
}

/* --- eight at a time --- */

#define INLINE static inline __attribute__((always_inline)) void

/* Random numbers of 64 bits for n cells, at most CHUNK, from `cell` on; whole vectors are written. */
typedef void fill_bits(const rrn_xbar_id *id, enum rrn_xbar_slot slot, uint32_t cell, size_t n, uint64_t *ret_bits);

static void
bits_plain(const rrn_xbar_id *id, enum rrn_xbar_slot slot, uint32_t cell, size_t n, uint64_t *ret_bits)
{
  uint32_t block[4];
  size_t k;

  for (k = 0; k < n || k % WIDE != 0; k++) {
    rrn_xbar_random(id, slot, cell + (uint32_t)k, 0, 0, block);
    ret_bits[k] = (uint64_t)block[1] << 32 | block[0];
  }
}

#if defined(__x86_64__)
/* The same side by side. A product takes the lower half of each 64 bits, so what is above counts for
 * nothing. */
#define BITS(name, instructions, type, lanes, set1, add, iota, product, right, left, exor, and, store) \
  __attribute__((target(instructions))) static void \
  name(const rrn_xbar_id *id, enum rrn_xbar_slot slot, uint32_t cell, size_t n, uint64_t *ret_bits) \
  { \
    const type by0 = set1(0xd2511f53), by2 = set1(0xcd9e8d57), mask = set1(0xffffffff); \
    const type third = set1(id->layer), fourth = set1((int64_t)((uint32_t)slot << 30 | id->copy)); \
    size_t k, v; \
    int round; \
 \
    for (k = 0; k < n; k += WIDE) { \
      type c0[WIDE / lanes], c1[WIDE / lanes], c2[WIDE / lanes], c3[WIDE / lanes]; \
      uint32_t k0 = (uint32_t)id->seed, k1 = (uint32_t)(id->seed >> 32); \
 \
      for (v = 0; v < WIDE / lanes; v++) { \
        c0[v] = and(add(set1((int64_t)(cell + (uint32_t)k + (uint32_t)(v * lanes))), iota), mask); \
        c1[v] = set1(0); \
        c2[v] = third; \
        c3[v] = fourth; \
      } \
      for (round = 0; round < 10; round++, k0 += 0x9e3779b9u, k1 += 0xbb67ae85u) \
        for (v = 0; v < WIDE / lanes; v++) { \
          const type p0 = product(c0[v], by0), p1 = product(c2[v], by2); \
 \
          c0[v] = exor(exor(right(p1, 32), c1[v]), set1((int64_t)k0)); \
          c1[v] = p1; \
          c2[v] = exor(exor(right(p0, 32), c3[v]), set1((int64_t)k1)); \
          c3[v] = p0; \
        } \
      for (v = 0; v < WIDE / lanes; v++) \
        store((void *)(ret_bits + k + v * lanes), exor(left(c1[v], 32), and(c0[v], mask))); \
    } \
  }

BITS(bits_avx512, "avx512f", __m512i, 8, _mm512_set1_epi64, _mm512_add_epi64, _mm512_set_epi64(7, 6, 5, 4, 3, 2, 1, 0),
     _mm512_mul_epu32, _mm512_srli_epi64, _mm512_slli_epi64, _mm512_xor_si512, _mm512_and_si512, _mm512_storeu_si512)
BITS(bits_avx2, "avx2", __m256i, 4, _mm256_set1_epi64x, _mm256_add_epi64, _mm256_set_epi64x(3, 2, 1, 0), _mm256_mul_epu32,
     _mm256_srli_epi64, _mm256_slli_epi64, _mm256_xor_si256, _mm256_and_si256, _mm256_storeu_si256)
#endif

INLINE
polynomials(const double *c, const reals *x, reals *ret)
{
  reals sum = (reals){ 0 } + c[7];
  int degree;

  for (degree = 6; degree >= 0; degree--)
    sum = sum * *x + c[degree];
  *ret = sum;
}

/* Numbers in the order of cells, and which of them are left for the tails. */
typedef struct left {
  size_t n;
  uint8_t cell[CHUNK];
  double p[CHUNK + WIDE]; /* nearer end of (0, 1), with the sign of the deviate */
} left;

/* Deviates of eight cells of a chunk from `first` on. */
INLINE
centres(const uint64_t *random, size_t first, double *ret_xi, left *tails)
{
  reals p, q, r, over, under;
  words bits;
  int k;

  memcpy(&bits, random + first, sizeof(bits));
  p = __builtin_convertvector(bits >> 12 << 1 | 1, reals) * 0x1p-53;
  q = p - 0.5;
  r = 0.180625 - q * q;
  polynomials(a, &r, &over);
  polynomials(b, &r, &under);
  over = q * over / under;
  memcpy(ret_xi + first, &over, sizeof(over));
  for (k = 0; k < WIDE; k++) {
    tails->cell[tails->n] = (uint8_t)(first + (size_t)k);
    tails->p[tails->n] = q[k] < 0 ? -p[k] : 1 - p[k];
    tails->n += !(q[k] >= -0.425 && q[k] <= 0.425);
  }
}

/* Exact products: upper and lower half of each factor. */
INLINE
products(const reals *x, const reals *y, reals *ret_high, reals *ret_low)
{
  const reals p = *x * *y, cx = 134217729.0 * *x, cy = 134217729.0 * *y;
  const reals xh = cx - (cx - *x), xl = *x - xh, yh = cy - (cy - *y), yl = *y - yh;

  *ret_high = p;
  *ret_low = ((xh * yh - p) + xh * yl + xl * yh) + xl * yl;
}

/* rrn_power_log2() of numbers from 2^-1000 to 1/2, operation by operation. */
INLINE
logarithms(const reals *x, reals *ret)
{
  const reals inverse_hi = (reals){ 0 } + 2.8853900817779268;
  const double inverse_lo = 4.0710547481862066e-17;
  reals m, f, d, d_lo, s, s_lo, s2, tail = { 0 }, k, p_hi, p_lo, sum, lo;
  words bits, big;
  int degree;

  memcpy(&bits, x, sizeof(bits));
  m = (reals)((bits & UINT64_C(0xfffffffffffff)) | UINT64_C(1023) << 52);
  big = (words)(m > 1.4142135623730951);
  k = __builtin_convertvector(bits >> 52, reals) - 1023.0 + (reals)(big & (words)((reals){ 0 } + 1.0));
  m = (reals)((words)m - (big & UINT64_C(1) << 52)); /* half of it */
  f = m - 1.0;
  d = 2.0 + f;
  d_lo = f - (d - 2.0);
  s = f / d;
  products(&s, &d, &p_hi, &p_lo);
  s_lo = (((f - p_hi) - p_lo) - s * d_lo) / d;
  s2 = s * s;
  for (degree = 25; degree >= 3; degree -= 2)
    tail = tail * s2 + 1.0 / degree;
  products(&s, &inverse_hi, &p_hi, &p_lo);
  p_lo += s * inverse_lo + (s_lo + tail * s2 * s) * inverse_hi;
  sum = k + p_hi;
  lo = (p_hi - (sum - k)) + p_lo;
  *ret = sum + lo;
}

/* Deviates of those that are left; whole vectors are read. */
INLINE
ends(const left *tails, double *ret_xi)
{
  reals signs, p, log2, r = { 0 }, over, under;
  size_t first, k;

  for (first = 0; first < tails->n; first += WIDE) {
    memcpy(&signs, tails->p + first, sizeof(signs));
    p = (reals)((words)signs & UINT64_MAX >> 1);
    logarithms(&p, &log2);
    log2 = -log2 * 0.69314718055994530942;
    for (k = 0; k < WIDE; k++)
      r[k] = __builtin_sqrt(log2[k]);
    log2 = r - 1.6;
    polynomials(near_c, &log2, &over);
    polynomials(near_d, &log2, &under);
    over /= under;
    for (k = 0; k < WIDE && first + k < tails->n; k++) {
      const double xi = r[k] <= 5 ? over[k] : quantile_of_tail(p[k]);

      ret_xi[tails->cell[first + k]] = signs[k] < 0 ? -xi : xi;
    }
  }
}

INLINE
normals(const rrn_xbar_id *id, enum rrn_xbar_slot slot, uint32_t cell, size_t n, fill_bits *fill, double *ret_xi)
{
  uint64_t bits[CHUNK];
  size_t first, k, some;
  left tails;

  for (first = 0; first < n; first += CHUNK) {
    some = n - first < CHUNK ? n - first : CHUNK;
    fill(id, slot, cell + (uint32_t)first, some, bits);
    tails.n = 0;
    for (k = 0; k < some; k += WIDE)
      centres(bits, k, ret_xi + first, &tails);
    for (k = tails.n; k % WIDE != 0; k++)
      tails.p[k] = 0.25;
    ends(&tails, ret_xi + first);
  }
}

static void
normals_plain(const rrn_xbar_id *id, enum rrn_xbar_slot slot, uint32_t cell, size_t n, double *ret_xi)
{
  normals(id, slot, cell, n, bits_plain, ret_xi);
}

#if defined(__x86_64__)
__attribute__((target("avx2"))) static void
normals_avx2(const rrn_xbar_id *id, enum rrn_xbar_slot slot, uint32_t cell, size_t n, double *ret_xi)
{
  normals(id, slot, cell, n, bits_avx2, ret_xi);
}

__attribute__((target("avx512f,avx512dq,avx512vl"))) static void
normals_avx512(const rrn_xbar_id *id, enum rrn_xbar_slot slot, uint32_t cell, size_t n, double *ret_xi)
{
  normals(id, slot, cell, n, bits_avx512, ret_xi);
}
#endif

void
rrn_xbar_normals(const rrn_xbar_id *id, enum rrn_xbar_slot slot, uint32_t cell, size_t n, double *ret_xi)
{
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    normals_avx512(id, slot, cell, n, ret_xi);
    return;
  }
  if (__builtin_cpu_supports("avx2")) {
    normals_avx2(id, slot, cell, n, ret_xi);
    return;
  }
#endif
  normals_plain(id, slot, cell, n, ret_xi);
}
