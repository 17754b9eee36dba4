/* SPDX-License-Identifier: MIT */
/* The counter-based generator against its published answers; streams by name. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>

#include "util/random.h"

/* Known answers of the Random123 distribution (kat_vectors, philox4x32 10). */
static void
test_philox(void **state)
{
  static const uint32_t cases[3][10] = {
    { 0, 0, 0, 0, 0, 0, 0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8 },
    { UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, UINT32_MAX, 0x408f276d, 0x41c83b0e, 0xa20bc7c6,
      0x6d5451fd },
    { 0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344, 0xa4093822, 0x299f31d0, 0xd16cfe09, 0x94fdcceb, 0x5001e420,
      0x24126ea1 },
  };
  uint32_t block[4];
  int i;

  (void)state;
  for (i = 0; i < 3; i++) {
    rrn_philox(cases[i] + 4, cases[i], block);
    assert_memory_equal(block, cases[i] + 6, sizeof(block));
  }
}

/* Streams differ in each part of their name; integers below n are even. */
static void
test_streams(void **state)
{
  rrn_random a = rrn_random_start(1, 2, 3, 4), others[5] = {
    rrn_random_start(1, 2, 3, 4), rrn_random_start(2, 2, 3, 4), rrn_random_start(1, 3, 3, 4),
    rrn_random_start(1, 2, 4, 4), rrn_random_start(1, 2, 3, 5),
  };
  const uint32_t first = rrn_random_u32(&a);
  int counts[7] = { 0 }, i;

  (void)state;
  for (i = 0; i < 5; i++)
    assert_true((rrn_random_u32(&others[i]) == first) == (i == 0));
  for (i = 0; i < 70000; i++) {
    const double u = rrn_random_unit(&a);

    counts[rrn_random_below(&a, 7)]++;
    assert_true(u >= 0 && u < 1);
  }
  for (i = 0; i < 7; i++)
    assert_true(abs(counts[i] - 10000) < 500);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_philox),
    cmocka_unit_test(test_streams),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
