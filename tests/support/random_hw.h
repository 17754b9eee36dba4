/* SPDX-License-Identifier: MIT */
/* Random small chips: square or not, weights in one column or several, with each kind of sign. */
#ifndef RRAMNAS_TESTS_RANDOM_HW_H
#define RRAMNAS_TESTS_RANDOM_HW_H

#include <stdio.h>
#include <string.h>

#include "random.h"
#include "rramnas/rramnas.h"

static inline rramnas_hw *
random_hw_create(test_random *r)
{
  static const int sides[] = { 16, 32, 48, 64, 128 };
  static const char *const signs[] = { "offset", "differential", "unit_column" };
  const int rows = sides[test_below(r, 5)], cols = sides[test_below(r, 5)];
  /* One draw after the other, so that all compilers draw the same. */
  const int bits_per_cell = 1 + (int)test_below(r, 4), sign = (int)test_below(r, 3);
  const int parallel = (int)test_below(r, 2), bits = 1 + (int)test_below(r, 8);
  rramnas_hw *hw = NULL;
  char text[256];

  snprintf(text, sizeof(text),
           "crossbar: {rows: %d, cols: %d, subarray_rows: %d}\nweight: {bits: %d, slicing: %s, sign: %s}\n"
           "device: {bits_per_cell: %d}\n",
           rows, cols, rows, bits, parallel ? "parallel" : "columns", signs[sign],
           bits_per_cell);
  if (rramnas_hw_load_buffer(text, strlen(text), "random", RRAMNAS_HW_FORMAT_YAML, NULL, &hw, NULL) < 0)
    return NULL;
  return hw;
}

#endif
