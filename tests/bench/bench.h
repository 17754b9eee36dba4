/* SPDX-License-Identifier: MIT */
/* Measuring: processor time of this process, several rounds, smallest and median.
 *
 *   static void pack(void *user) { ... }
 *   bench_row ours = bench_run("pack 400 boxes", pack, &job, 400);
 *   bench_row plain = bench_run("pack 400 boxes, plain", pack_plain, &job, 400);
 *   bench_ratio("pack", &plain, &ours);
 */
#ifndef RRAMNAS_TESTS_BENCH_H
#define RRAMNAS_TESTS_BENCH_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "rramnas/rramnas.h"

enum { BENCH_ROUNDS = 11 };
/* A round repeats the work until it has taken this long. */
#define BENCH_ROUND_S 0.02

typedef struct bench_row {
  const char *name;
  double min_s, median_s; /* per call */
  double ops;             /* units of work per call */
} bench_row;

/* A benchmark has nothing to measure when a call fails. */
static inline void
bench_must(int32_t status, const rramnas_error *err)
{
  if (status < 0) {
    fprintf(stderr, "%s\n", err->message);
    exit(1);
  }
}

static inline double
bench_now_s(void)
{
  struct timespec t;

  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &t);
  return (double)t.tv_sec + 1e-9 * (double)t.tv_nsec;
}

static inline int
bench_compare(const void *a, const void *b)
{
  const double x = *(const double *)a, y = *(const double *)b;

  return (x > y) - (x < y);
}

static inline double
bench_round(void (*work)(void *user), void *user, long repeats)
{
  double start = bench_now_s();
  long i;

  for (i = 0; i < repeats; i++)
    work(user);
  return bench_now_s() - start;
}

/* `ops` is the number of units (boxes, layers, events) that one call of `work` handles. */
static inline bench_row
bench_run(const char *name, void (*work)(void *user), void *user, double ops)
{
  double times[BENCH_ROUNDS];
  bench_row row;
  long repeats = 1;
  int i;

  /* Also warms up. */
  while (repeats < 1L << 30 && bench_round(work, user, repeats) < BENCH_ROUND_S)
    repeats *= 2;
  for (i = 0; i < BENCH_ROUNDS; i++)
    times[i] = bench_round(work, user, repeats) / (double)repeats;
  qsort(times, BENCH_ROUNDS, sizeof(times[0]), bench_compare);
  row.name = name;
  row.min_s = times[0];
  row.median_s = times[BENCH_ROUNDS / 2];
  row.ops = ops;
  printf("%-40s min %10.3f us  median %10.3f us  %12.0f ops/s\n", name, 1e6 * row.min_s, 1e6 * row.median_s,
         ops / row.min_s);
  fflush(stdout);
  return row;
}

/* How many times faster `row` is than `reference`, per unit of work, at their best. */
static inline double
bench_ratio(const char *name, const bench_row *reference, const bench_row *row)
{
  double ratio = reference->min_s / reference->ops * row->ops / row->min_s;

  printf("%-40s %.2f times as fast as %s\n", name, ratio, reference->name);
  fflush(stdout);
  return ratio;
}

#endif
