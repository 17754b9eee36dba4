/* SPDX-License-Identifier: MIT */
/* Whole numbers of at least 0. */
#ifndef RRN_UTIL_WHOLE_H
#define RRN_UTIL_WHOLE_H

#include <stdint.h>

static inline int64_t
rrn_least(int64_t a, int64_t b)
{
  return a < b ? a : b;
}

/* a / b, rounded up; b > 0. */
static inline int64_t
rrn_divide_up(int64_t a, int64_t b)
{
  return a / b + (a % b != 0);
}

#endif
