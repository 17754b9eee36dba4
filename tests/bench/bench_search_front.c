/* SPDX-License-Identifier: MIT */
/* Non-dominated sorting and hypervolume of generated points.
 *
 *   bench-search_front                       both tables
 *   bench-search_front volumes               volumes alone
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

/* Volumes by moocore 0.4-dev (-O3) and pagmo 2.18, microseconds of processor time, medians, on an AMD EPYC of two busy
 * cores (20 % noise, more in rows of few microseconds). */
typedef struct peers {
  size_t m, n;
  double moocore_us[2], pagmo_us[2]; /* sphere, simplex */
} peers;

static const peers measured[] = {
  { 2, 100, { 5.5, 6.6 }, { 5.7, 6.1 } },
  { 2, 1000, { 87.7, 89.2 }, { 56.8, 51.8 } },
  { 2, 10000, { 1157.2, 1566.0 }, { 1322.6, 1320.4 } },
  { 3, 100, { 7.2, 7.4 }, { 13.5, 13.4 } },
  { 3, 1000, { 97.7, 81.8 }, { 164.1, 171.9 } },
  { 3, 10000, { 3527.7, 3371.6 }, { 3325.9, 3016.9 } },
  { 4, 100, { 9.8, 9.8 }, { 331.0, 354.4 } },
  { 4, 1000, { 1138.6, 1081.7 }, { 25460.5, 19441.5 } },
  { 4, 10000, { 47437.0, 49433.1 }, { 2502711.8, 2194154.0 } },
  { 5, 100, { 219.4, 173.6 }, { 1632.8, 1533.4 } },
  { 5, 1000, { 11719.0, 11559.4 }, { 60454.1, 67529.0 } },
  { 5, 10000, { 1621780.7, 1634150.4 }, { 3403192.3, 3909838.1 } },
  { 6, 100, { 3056.7, 2435.2 }, { 7561.8, 4675.4 } },
  { 6, 200, { 23283.2, 19564.9 }, { 27039.9, 16284.2 } },
  { 8, 100, { 510048.3, 451412.8 }, { 81159.1, 40482.5 } },
  { 8, 200, { 18237337.7, 13543418.8 }, { 513630.0, 250923.3 } },
};

/* Seconds per call; nothing is measured with `once`. */
static double
run(const char *what, const char *kind, size_t n, size_t m, int once)
{
  void (*work)(void *) = strcmp(what, "sort") == 0 ? sort : volume;
  job j = { .n = n, .m = m, .f = malloc(n * m * sizeof(double)), .ranks = malloc(n * sizeof(uint32_t)) };
  double median_s = 0;
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
    median_s = bench_run(name, work, &j, (double)n).median_s;
  rrn_arena_release(&j.arena);
  free(j.f);
  free(j.ranks);
  return median_s;
}

static void
volumes(void)
{
  static const char *fronts[] = { "sphere", "simplex" };
  double us[2 * sizeof(measured) / sizeof(measured[0])];
  size_t i;

  for (i = 0; i < sizeof(us) / sizeof(us[0]); i++)
    us[i] = 1e6 * run("volume", fronts[i % 2], measured[i / 2].n, measured[i / 2].m, 0);
  printf("\n%2s %6s %-8s %12s %12s %12s %8s\n", "M", "N", "front", "ours us", "moocore", "pagmo", "best/ours");
  for (i = 0; i < sizeof(us) / sizeof(us[0]); i++) {
    const peers *p = &measured[i / 2];
    const double moocore = p->moocore_us[i % 2], pagmo = p->pagmo_us[i % 2], best = moocore < pagmo ? moocore : pagmo;

    printf("%2zu %6zu %-8s %12.1f %12.1f %12.1f %8.2f%s\n", p->m, p->n, fronts[i % 2], us[i], moocore, pagmo,
           best / us[i], us[i] > best ? "  PEER" : "");
  }
}

int
main(int argc, char **argv)
{
  static const size_t ms[] = { 2, 3, 5, 10 };
  size_t n, i;

  if (argc == 5) {
    run(argv[1], argv[2], (size_t)atol(argv[3]), (size_t)atol(argv[4]), 1);
    return 0;
  }
  for (n = 200; argc == 1 && n <= 100000; n = n == 200 ? 1000 : 10 * n)
    for (i = 0; i < 4; i++)
      run("sort", "uniform", n, ms[i], 0);
  volumes();
  return 0;
}
