/* SPDX-License-Identifier: MIT */
/* The pieces of numpy that decide a published RNC run: its legacy random stream and its unstable argsort. */
#ifndef RRN_COMPILE_NUMPY_H
#define RRN_COMPILE_NUMPY_H

#include <stddef.h>
#include <stdint.h>

/* MT19937 as numpy.random.seed(s) sets it up. */
typedef struct rrn_mt19937 {
  uint32_t state[624];
  int32_t next;
} rrn_mt19937;

void rrn_mt19937_seed(rrn_mt19937 *rng, uint32_t seed);
/* Uniform in [0, 1) with 53 bits, as numpy.random.random(). */
double rrn_mt19937_double(rrn_mt19937 *rng);

/* order[0..n-1] = numpy.argsort(key) for n uniform keys of the stream, i.e. the order that sorts n fresh random
 * numbers; equal keys (probability 2^-53 a pair) by index. `keys` and `heads` are scratch of n and n + 2. */
void rrn_random_order(rrn_mt19937 *rng, size_t n, int32_t *order, double *keys, int32_t *heads);

/* The same for keys that are at hand, spread evenly over 0 .. most (excluded); `heads` is scratch of n + 2. */
void rrn_uniform_order(const double *keys, double most, size_t n, int32_t *order, int32_t *heads);

/* order = numpy.argsort(key) with its default, unstable sort: equal keys end up as numpy leaves them. */
void rrn_numpy_argsort(const double *key, int32_t *order, size_t n);

#endif
