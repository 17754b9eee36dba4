/* SPDX-License-Identifier: MIT */
/* Non-dominated sorting and hypervolume of generated points.
 *
 *   bench-search_front                       both tables
 *   bench-search_front sort KIND N M         once, for instruction counts (uniform, sphere, simplex)
 *   bench-search_front volume KIND N M */
#include <math.h>
#include <string.h>

#include "bench.h"
#include "random.h"
#include "search/hypervolume.h"
#include "search/sort.h"

typedef struct job {
  rrn_arena arena;
  size_t n, m;
  double *f, reference[16], volume;
  uint32_t *ranks, n_fronts;
} job;

static void
generate(job *j, const char *kind)
{
  test_random r = { 12345 };
  size_t i, k;

  for (i = 0; i < j->n; i++) {
    double sum = 0;

    for (k = 0; k < j->m; k++) {
      double *x = &j->f[i * j->m + k];

      *x = (double)(test_next(&r) >> 11) * 0x1p-53;
      sum += strcmp(kind, "sphere") == 0 ? *x * *x : *x;
    }
    sum = strcmp(kind, "sphere") == 0 ? sqrt(sum) : strcmp(kind, "simplex") == 0 ? sum : 1;
    for (k = 0; k < j->m; k++)
      j->f[i * j->m + k] /= sum;
  }
}

static void
sort(void *user)
{
  job *j = user;

  rrn_arena_reset(&j->arena);
  rrn_sort_fronts(&j->arena, j->f, NULL, j->n, j->m, 0, j->ranks, &j->n_fronts, NULL);
}

static void
volume(void *user)
{
  job *j = user;

  rrn_arena_reset(&j->arena);
  rrn_hypervolume(&j->arena, j->f, j->n, j->m, j->reference, &j->volume, NULL);
}

static void
run(const char *what, const char *kind, size_t n, size_t m, int once)
{
  void (*work)(void *) = strcmp(what, "sort") == 0 ? sort : volume;
  job j = { .n = n, .m = m, .f = malloc(n * m * sizeof(double)), .ranks = malloc(n * sizeof(uint32_t)) };
  char name[64];
  rrn_rt rt;
  size_t i;

  if (!j.f || !j.ranks || rrn_rt_init(&rt, NULL, NULL) < 0)
    exit(1);
  for (i = 0; i < 16; i++)
    j.reference[i] = 1.1;
  rrn_arena_init(&j.arena, &rt);
  generate(&j, kind);
  snprintf(name, sizeof(name), "%s %s N=%zu M=%zu", what, kind, n, m);
  if (once)
    work(&j);
  else
    bench_run(name, work, &j, (double)n);
  rrn_arena_release(&j.arena);
  free(j.f);
  free(j.ranks);
}

int
main(int argc, char **argv)
{
  static const size_t ms[] = { 2, 3, 5, 10 }, volumes[][2] = { { 100, 2 }, { 1000, 2 }, { 10000, 2 }, { 100, 3 },
    { 1000, 3 }, { 10000, 3 }, { 100, 4 }, { 1000, 4 }, { 10000, 4 }, { 100, 5 }, { 1000, 5 }, { 100, 6 }, { 200, 6 },
    { 100, 8 } };
  static const char *fronts[] = { "sphere", "simplex" };
  size_t n, i, k;

  if (argc == 5) {
    run(argv[1], argv[2], (size_t)atol(argv[3]), (size_t)atol(argv[4]), 1);
    return 0;
  }
  for (n = 200; n <= 100000; n = n == 200 ? 1000 : 10 * n)
    for (i = 0; i < 4; i++)
      run("sort", "uniform", n, ms[i], 0);
  for (i = 0; i < sizeof(volumes) / sizeof(volumes[0]); i++)
    for (k = 0; k < 2; k++)
      run("volume", fronts[k], volumes[i][0], volumes[i][1], 0);
  return 0;
}
