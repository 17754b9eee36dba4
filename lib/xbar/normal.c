/* SPDX-License-Identifier: MIT */
/* Standard normal numbers by name, many at a time.
 *
 * In:  the name of random numbers, numbers of cells.
 * Out: their deviates.
 *
 * Idea: a keyed bijection of a counter gives 52 bits, the inverse of the normal distribution the deviate. Eight numbers go
 * through the same operations side by side; the one in seven whose deviate is beyond 1.44 takes a way of its own. Only
 * + - * / and square roots, so every machine has the same bits.
 *
 * Complexity: about 100 operations per number. Papers: Salmon et al., SC 2011 (Philox); Wichura, Algorithm AS 241,
 * Applied Statistics 37, 1988 (inverse normal distribution). Deviation: its logarithm is our own. */
#include "xbar/noise.h"

#include "util/power.h"
#include "util/random.h"

enum { WIDE = 8 };

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

static double
quantile_of_tail(double p)
{
  static const double c[] = { 1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
    3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2,
    7.74545014278341407640e-4 }, d[] = { 1, 2.05319162663775882187e0, 1.67638483018380384940e0,
    6.89767334985100004550e-1, 1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
    1.05075007164441684324e-9 }, e[] = { 6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
    2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5,
    2.01033439929228813265e-7 }, f[] = { 1, 5.99832206555887937690e-1, 1.36929880922735805310e-1,
    1.48753612908506148525e-2, 7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
    2.04426310338993978564e-15 };
  const double r = __builtin_sqrt(-rrn_power_log2(p) * 0.69314718055994530942);

  return r <= 5 ? polynomial(c, r - 1.6) / polynomial(d, r - 1.6) : polynomial(e, r - 5) / polynomial(f, r - 5);
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

/* rrn_philox() of counters that differ in the cell alone: the first two words. */
INLINE
philox(const rrn_xbar_id *id, enum rrn_xbar_slot slot, const words *cells, words *ret_low, words *ret_high)
{
  const words mask = (words){ 0 } + 0xffffffffu;
  words c0 = *cells & mask, c1 = { 0 }, c2 = c1 + id->layer, c3 = c1 + ((uint64_t)((uint32_t)slot << 30) | id->copy);
  uint32_t k0 = (uint32_t)id->seed, k1 = (uint32_t)(id->seed >> 32);
  int round;

  for (round = 0; round < 10; round++) {
    const words p0 = c0 * 0xd2511f53u, p1 = c2 * 0xcd9e8d57u;

    c0 = p1 >> 32 ^ c1 ^ (uint64_t)k0;
    c1 = p1 & mask;
    c2 = p0 >> 32 ^ c3 ^ (uint64_t)k1;
    c3 = p0 & mask;
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  *ret_low = c0;
  *ret_high = c1;
}

INLINE
polynomials(const double *c, const reals *x, reals *ret)
{
  reals sum = (reals){ 0 } + c[7];
  int degree;

  for (degree = 6; degree >= 0; degree--)
    sum = sum * *x + c[degree];
  *ret = sum;
}

INLINE
normals(const rrn_xbar_id *id, enum rrn_xbar_slot slot, const uint32_t *numbers, double *ret_xi)
{
  words cells, low, high;
  reals p, q, r, over, under;
  int k;

  for (k = 0; k < WIDE; k++)
    cells[k] = numbers[k];
  philox(id, slot, &cells, &low, &high);
  p = __builtin_convertvector((high << 32 | low) >> 12 << 1 | 1, reals) * 0x1p-53;
  q = p - 0.5;
  r = 0.180625 - q * q;
  polynomials(a, &r, &over);
  polynomials(b, &r, &under);
  over = q * over / under;
  for (k = 0; k < WIDE; k++)
    ret_xi[k] = q[k] >= -0.425 && q[k] <= 0.425 ? over[k] : q[k] < 0 ? -quantile_of_tail(p[k]) : quantile_of_tail(1 - p[k]);
}

static void
normals_plain(const rrn_xbar_id *id, enum rrn_xbar_slot slot, const uint32_t *cells, size_t n, double *ret_xi)
{
  size_t k;

  for (k = 0; k < n; k += WIDE)
    normals(id, slot, cells + k, ret_xi + k);
}

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512dq,avx512vl"))) static void
normals_avx512(const rrn_xbar_id *id, enum rrn_xbar_slot slot, const uint32_t *cells, size_t n, double *ret_xi)
{
  size_t k;

  for (k = 0; k < n; k += WIDE)
    normals(id, slot, cells + k, ret_xi + k);
}
#endif

void
rrn_xbar_normals(const rrn_xbar_id *id, enum rrn_xbar_slot slot, const uint32_t *cells, size_t n, double *ret_xi)
{
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl")) {
    normals_avx512(id, slot, cells, n, ret_xi);
    return;
  }
#endif
  normals_plain(id, slot, cells, n, ret_xi);
}
