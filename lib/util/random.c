/* SPDX-License-Identifier: MIT */
/* Random streams by name.
 *
 * In:  the name of a stream: seed, generation, index, purpose.
 * Out: 32-bit words, numbers in [0, 1), integers in [0, n).
 *
 * Idea: a keyed bijection of a counter turns the name of a stream into 128 bits, so any stream can be started at
 * once and nothing has to be stored between generations: a result does not depend on which thread or in which order
 * streams are used. Within a stream a small generator goes on from these bits: its 2^128 - 1 states are one cycle,
 * on which streams of a few thousand numbers do not meet.
 * Integers: the high half of a 64-bit product, redrawn in the few cases that would favour small values.
 *
 * Complexity: ten rounds of two multiplications per stream, then eight operations per number. Papers: Salmon,
 * Moraes, Dror, Shaw, Parallel random numbers: as easy as 1, 2, 3, SC 2011 (Philox 4x32-10); Blackman, Vigna, ACM
 * Trans. Math. Softw. 47(4), 2021 (xoroshiro128++); Lemire, ACM Trans. Model. Comput. Simul. 29(1), 2019. */
#include "util/random.h"

void
rrn_philox(const uint32_t key[2], const uint32_t counter[4], uint32_t ret_block[4])
{
  uint32_t c0 = counter[0], c1 = counter[1], c2 = counter[2], c3 = counter[3], k0 = key[0], k1 = key[1];
  int round;

  for (round = 0; round < 10; round++) {
    const uint64_t p0 = (uint64_t)c0 * 0xd2511f53u, p1 = (uint64_t)c2 * 0xcd9e8d57u;

    c0 = (uint32_t)(p1 >> 32) ^ c1 ^ k0;
    c1 = (uint32_t)p1;
    c2 = (uint32_t)(p0 >> 32) ^ c3 ^ k1;
    c3 = (uint32_t)p0;
    k0 += 0x9e3779b9u;
    k1 += 0xbb67ae85u;
  }
  ret_block[0] = c0;
  ret_block[1] = c1;
  ret_block[2] = c2;
  ret_block[3] = c3;
}

rrn_random
rrn_random_start(uint64_t seed, uint32_t generation, uint32_t index, uint32_t purpose)
{
  const uint32_t key[2] = { (uint32_t)seed, (uint32_t)(seed >> 32) }, counter[4] = { 0, index, generation, purpose };
  uint32_t b[4];
  rrn_random r;

  rrn_philox(key, counter, b);
  r.state[0] = (uint64_t)b[1] << 32 | b[0];
  r.state[1] = (uint64_t)b[3] << 32 | b[2] | (b[0] == 0 && b[1] == 0 && b[2] == 0);
  return r;
}

uint32_t
rrn_random_below(rrn_random *r, uint32_t n)
{
  uint64_t product = (uint64_t)rrn_random_u32(r) * n;

  if ((uint32_t)product < n) {
    const uint32_t reject = (uint32_t)-n % n;

    while ((uint32_t)product < reject)
      product = (uint64_t)rrn_random_u32(r) * n;
  }
  return (uint32_t)(product >> 32);
}
