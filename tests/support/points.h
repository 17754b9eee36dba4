/* SPDX-License-Identifier: MIT */
/* Point sets with recorded answers, as tests/data/search has them. After cmocka.h. */
#ifndef RRAMNAS_TESTS_POINTS_H
#define RRAMNAS_TESTS_POINTS_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MOST = 100, MOST_M = 8 };

typedef struct points {
  char name[64];
  int m, n, has_cv;
  double hv, reference[MOST_M];
  double f[MOST * MOST_M], cv[MOST], crowding[MOST]; /* crowding < 0: no answer */
  uint32_t ranks[MOST];
} points;

static inline double
number(FILE *file)
{
  char text[64];

  assert_int_equal(fscanf(file, "%63s", text), 1);
  return strcmp(text, "-") == 0 ? -1 : strtod(text, NULL);
}

/* The next set of the file; 0 = there is none. */
static inline int
read_points(FILE *file, points *p)
{
  int i, j;

  if (fscanf(file, " case %63s %d %d %d", p->name, &p->m, &p->n, &p->has_cv) != 4)
    return 0;
  assert_true(p->m <= MOST_M && p->n <= MOST);
  p->hv = number(file);
  for (j = 0; j < p->m; j++)
    p->reference[j] = number(file);
  for (i = 0; i < p->n; i++) {
    for (j = 0; j < p->m; j++)
      p->f[i * p->m + j] = number(file);
    p->cv[i] = number(file);
    p->ranks[i] = (uint32_t)number(file);
    p->crowding[i] = number(file);
  }
  return 1;
}

#endif
