/* SPDX-License-Identifier: MIT */
/* Random streams by number: (seed, generation, index, purpose) names a stream, and streams are independent. */
#ifndef RRN_UTIL_RANDOM_H
#define RRN_UTIL_RANDOM_H

#include <stdint.h>

typedef struct rrn_random {
  uint64_t state[2];
} rrn_random;

rrn_random rrn_random_start(uint64_t seed, uint32_t generation, uint32_t index, uint32_t purpose);

/* Philox 4x32-10 as published: one block from key and counter. */
void rrn_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t ret_block[4]);

/* xoroshiro128++ */
static inline uint64_t
rrn_random_u64(rrn_random *r)
{
  const uint64_t a = r->state[0], sum = a + r->state[1], b = r->state[1] ^ a;

  r->state[0] = (a << 49 | a >> 15) ^ b ^ b << 21;
  r->state[1] = b << 28 | b >> 36;
  return (sum << 17 | sum >> 47) + a;
}

static inline uint32_t
rrn_random_u32(rrn_random *r)
{
  return (uint32_t)(rrn_random_u64(r) >> 32);
}

/* A multiple of 2^-53 in [0, 1). */
static inline double
rrn_random_unit(rrn_random *r)
{
  return (double)(rrn_random_u64(r) >> 11) * 0x1p-53;
}

/* In [0, n), every value equally likely; n > 0. */
uint32_t rrn_random_below(rrn_random *r, uint32_t n);

#endif
