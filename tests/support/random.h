/* SPDX-License-Identifier: MIT */
/* A random stream for tests: splitmix64 (Steele, Lea, Flood, OOPSLA 2014). The state is the seed. */
#ifndef RRAMNAS_TESTS_RANDOM_H
#define RRAMNAS_TESTS_RANDOM_H

#include <stdint.h>

typedef struct test_random {
  uint64_t state;
} test_random;

static inline uint64_t
test_next(test_random *r)
{
  uint64_t z = r->state += UINT64_C(0x9e3779b97f4a7c15);

  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* In [0, n). */
static inline uint64_t
test_below(test_random *r, uint64_t n)
{
  return test_next(r) % n;
}

#endif
