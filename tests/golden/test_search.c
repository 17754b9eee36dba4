/* SPDX-License-Identifier: MIT */
/* Ranks, crowding, selection, hypervolumes and test problems against tests/data/search. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "nets.h"
#include "points.h"
#include "problems.h"
#include "random.h"
#include "search/crowding.h"
#include "search/hypervolume.h"
#include "search/select.h"
#include "search/sort.h"

static rrn_rt rt;
static rrn_arena arena;

static void
check_crowding(const points *p, uint32_t n_fronts)
{
  uint32_t front, ids[MOST];
  double distance[MOST];
  rrn_key keys[2 * MOST];
  int i;

  for (front = 0; front < n_fronts; front++) {
    size_t n = 0;

    for (i = 0; i < p->n; i++)
      if (p->ranks[i] == front)
        ids[n++] = (uint32_t)i;
    rrn_crowding(p->f, (size_t)p->m, ids, n, keys, distance);
  }
  for (i = 0; i < p->n; i++)
    if (p->crowding[i] >= 0 && !(distance[i] == p->crowding[i]) &&
        !(fabs(distance[i] - p->crowding[i]) <= 1e-12 * p->crowding[i]))
      fail_msg("%s: crowding of %d is %.17g, not %.17g", p->name, i, distance[i], p->crowding[i]);
}

static void
test_points(void **state)
{
  static points p;
  FILE *file = test_data_open("search/points.txt");
  int n_cases = 0;

  (void)state;
  assert_non_null(file);
  for (; read_points(file, &p); n_cases++) {
    uint32_t ranks[MOST], n_fronts;
    double hv;
    int i;

    rrn_arena_reset(&arena);
    assert_int_equal(rrn_sort_fronts(&arena, p.f, p.has_cv ? p.cv : NULL, (size_t)p.n, (size_t)p.m, 0, ranks, &n_fronts,
                                     NULL),
                     RRAMNAS_OK);
    for (i = 0; i < p.n; i++)
      if (ranks[i] != p.ranks[i])
        fail_msg("%s: rank of %d is %u, not %u", p.name, i, (unsigned)ranks[i], (unsigned)p.ranks[i]);
    check_crowding(&p, n_fronts);
    assert_int_equal(rrn_hypervolume(&arena, p.f, (size_t)p.n, (size_t)p.m, p.reference, &hv, NULL), RRAMNAS_OK);
    if (p.hv >= 0 && !(fabs(hv - p.hv) <= 1e-12 * p.hv))
      fail_msg("%s: hypervolume is %.17g, not %.17g", p.name, hv, p.hv);
  }
  assert_true(n_cases > 40);
  fclose(file);
}

static void
test_selection(void **state)
{
  FILE *file = test_data_open("search/selection.txt");
  char name[64];
  int m, n, wanted, n_cases = 0, i, j;

  (void)state;
  assert_non_null(file);
  for (; fscanf(file, " case %63s %d %d %d", name, &m, &n, &wanted) == 4; n_cases++) {
    double f[MOST * MOST_M], stays[MOST];
    uint32_t ranks[MOST];
    uint8_t selected[MOST];

    for (i = 0; i < n; i++) {
      for (j = 0; j < m; j++)
        f[i * m + j] = number(file);
      stays[i] = number(file);
    }
    assert_int_equal(rrn_select(&arena, f, NULL, (size_t)n, (size_t)m, (size_t)wanted, RRN_THIN_CROWDING, ranks,
                                selected, NULL),
                     RRAMNAS_OK);
    for (i = 0; i < n; i++)
      if (selected[i] != (int)stays[i])
        fail_msg("%s: point %d: %d", name, i, selected[i]);
  }
  assert_true(n_cases > 1);
  fclose(file);
}

static const problem *
problem_of(const char *name)
{
  int i;

  for (i = 0; i < N_PROBLEMS; i++)
    if (strcmp(problems[i].name, name) == 0)
      return &problems[i];
  fail_msg("no problem %s", name);
  return NULL;
}

static void
check_number(const char *name, double ours, double expected)
{
  if (!(fabs(ours - expected) <= 2e-15 * fabs(expected) + 1e-14))
    fail_msg("%s: %.17g, not %.17g", name, ours, expected);
}

static void
test_problems(void **state)
{
  FILE *file = test_data_open("search/problems.txt");
  double x[PROBLEM_GENES], f[PROBLEM_OBJECTIVES], g[PROBLEM_CONSTRAINTS] = { 0 };
  char name[32];
  int n, m, k, i, rows = 0;

  (void)state;
  assert_non_null(file);
  for (; fscanf(file, "%31s %d %d %d", name, &n, &m, &k) == 4; rows++) {
    const problem *p = problem_of(name);

    assert_int_equal(n, p->n);
    assert_int_equal(m, p->m);
    assert_int_equal(k, p->n_constraints);
    for (i = 0; i < n; i++)
      x[i] = number(file);
    p->evaluate(x, n, f, g);
    for (i = 0; i < m; i++)
      check_number(name, f[i], number(file));
    for (i = 0; i < k; i++)
      check_number(name, g[i], number(file));
  }
  assert_int_equal(rows, 103);
  fclose(file);
}

/* The complete front of ofa45: one front, and its volume is the known optimum. */
static void
test_ofa45_front(void **state)
{
  FILE *file = test_data_open("search/ofa45_front.txt");
  double f[2 * 400], gain, macs, hv;
  uint32_t ranks[400], n_fronts;
  size_t n = 0;

  (void)state;
  assert_non_null(file);
  for (; fscanf(file, "%lf %lf", &gain, &macs) == 2; n++) {
    f[2 * n] = (1600000000 - gain) / 1e7;
    f[2 * n + 1] = macs / 1e6;
  }
  fclose(file);
  assert_int_equal(n, 377);
  assert_int_equal(rrn_sort_fronts(&arena, f, NULL, n, 2, 0, ranks, &n_fronts, NULL), RRAMNAS_OK);
  assert_int_equal(n_fronts, 1);
  assert_int_equal(rrn_hypervolume(&arena, f, n, 2, problem_of("ofa45")->reference, &hv, NULL), RRAMNAS_OK);
  assert_true(fabs(hv - 31787.32577624864) < 1e-8);
}

static double
unit(test_random *r)
{
  return (double)(test_next(r) >> 11) * 0x1p-53;
}

static void
generate(double *f, int n, int m, int power)
{
  test_random r = { 12345 };
  int i, j;

  for (i = 0; i < n; i++) {
    double sum = 0;

    for (j = 0; j < m; j++) {
      f[i * m + j] = unit(&r);
      sum += power == 2 ? f[i * m + j] * f[i * m + j] : f[i * m + j];
    }
    for (j = 0; j < m && power; j++)
      f[i * m + j] /= power == 2 ? sqrt(sum) : sum;
  }
}

static void
check_ranks(const double *f, int n, int m, unsigned n_fronts, uint64_t hash)
{
  uint32_t *ranks = malloc((size_t)n * sizeof(*ranks)), fronts;
  uint64_t h = UINT64_C(1469598103934665603);
  int i;

  assert_non_null(ranks);
  assert_int_equal(rrn_sort_fronts(&arena, f, NULL, (size_t)n, (size_t)m, 0, ranks, &fronts, NULL), RRAMNAS_OK);
  for (i = 0; i < n; i++)
    h = (h ^ ranks[i]) * UINT64_C(1099511628211);
  assert_int_equal(fronts, n_fronts);
  assert_true(h == hash);
  free(ranks);
}

static void
check_volume(const double *f, int n, int m, double moocore, double pagmo)
{
  double reference[MOST_M], hv;
  int j;

  for (j = 0; j < m; j++)
    reference[j] = 1.1;
  assert_int_equal(rrn_hypervolume(&arena, f, (size_t)n, (size_t)m, reference, &hv, NULL), RRAMNAS_OK);
  if (!(fabs(hv - moocore) <= 1e-12 * hv && fabs(hv - pagmo) <= 1e-12 * hv))
    fail_msg("%d points of %d objectives: %.17g, moocore %.17g, pagmo %.17g", n, m, hv, moocore, pagmo);
}

static void
test_generated(void **state)
{
  FILE *file = test_data_open("search/generated.txt");
  double *f = malloc(100000 * 10 * sizeof(*f));
  char kind[16];
  int n, m, rows = 0;

  (void)state;
  assert_non_null(file);
  assert_non_null(f);
  for (; fscanf(file, "%15s %d %d", kind, &n, &m) == 3; rows++) {
    rrn_arena_reset(&arena);
    if (strcmp(kind, "ranks") == 0) {
      unsigned n_fronts;
      unsigned long long hash;

      assert_int_equal(fscanf(file, "%u %llx", &n_fronts, &hash), 2);
      generate(f, n, m, 0);
      check_ranks(f, n, m, n_fronts, hash);
    } else {
      const double moocore = number(file), pagmo = number(file);

      generate(f, n, m, strcmp(kind, "sphere") == 0 ? 2 : 1);
      if (m < 5 || n * m < 2000) /* the largest take a second */
        check_volume(f, n, m, moocore, pagmo);
    }
  }
  assert_int_equal(rows, 44);
  free(f);
  fclose(file);
}

static int
setup(void **state)
{
  (void)state;
  rrn_arena_init(&arena, &rt);
  return rrn_rt_init(&rt, NULL, NULL);
}

static int
teardown(void **state)
{
  (void)state;
  rrn_arena_release(&arena);
  return 0;
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_points),      cmocka_unit_test(test_selection), cmocka_unit_test(test_problems),
    cmocka_unit_test(test_ofa45_front), cmocka_unit_test(test_generated),
  };

  return cmocka_run_group_tests(tests, setup, teardown);
}
