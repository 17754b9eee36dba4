/* SPDX-License-Identifier: MIT */
/* Powers, operators, fingerprints, choices. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "oom.h"
#include "search/hypervolume.h"
#include "search/indicators.h"
#include "search/operators.h"
#include "util/power.h"
#include "search/seen.h"
#include "search/select.h"
#include "search/strategy.h"

static double
ulps(double x, double expected)
{
  return fabs(x - expected) / (nextafter(fabs(expected), INFINITY) - fabs(expected));
}

static void
test_power(void **state)
{
  rrn_random r = rrn_random_start(7, 0, 0, 0);
  int i;

  (void)state;
  for (i = 0; i < 200000; i++) {
    const double x = 100 * rrn_random_unit(&r) + 1e-300, y = 200 * (rrn_random_unit(&r) - 0.5), near = 1 + 1e-7 * y;

    assert_true(ulps(rrn_power_exp2(y), exp2(y)) <= 2);
    assert_true(ulps(rrn_power_log2(x), log2(x)) <= 2);
    assert_true(ulps(rrn_power_log2(near), log2(near)) <= 2);
    assert_true(ulps(rrn_power(x, y / 8), pow(x, y / 8)) <= 4);
    assert_true(ulps(rrn_power_int(near, 21), pow(near, 21)) <= 12);
  }
  assert_true(rrn_power_exp2(2000) == INFINITY && rrn_power_exp2(-2000) == 0 && rrn_power_exp2(10) == 1024);
  assert_true(rrn_power_log2(0) == -INFINITY && isnan(rrn_power_log2(-1)) && rrn_power_log2(1) == 0 &&
              rrn_power_log2(INFINITY) == INFINITY);
  assert_true(rrn_power(0, 2) == 0 && rrn_power(0, -1) == INFINITY && rrn_power(5, 0) == 1 &&
              isnan(rrn_power(-1, 0.5)));
  assert_true(rrn_power(0x1p-1070, 0.5) == 0x1p-535 && rrn_power(1e300, 3) == INFINITY && rrn_power(1e300, -3) == 0);
}

static const rrn_gene genes_of[] = {
  { RRN_GENE_CATEGORY, -1, 0, 3, 0 }, { RRN_GENE_INTEGER, -1, -2, 6, 0 }, { RRN_GENE_REAL, -1, -1, 1, 0 },
  { RRN_GENE_REAL, 0, 0, 1, 1 },      { RRN_GENE_REAL, -1, 4, 4, 0 },
};
static const rrn_genes all = { genes_of, 5, 1 };

static void
check_child(const double *x, const double *inactive)
{
  size_t i;

  for (i = 0; i < all.n; i++) {
    assert_true(x[i] >= genes_of[i].low && x[i] <= genes_of[i].high);
    assert_true(genes_of[i].kind == RRN_GENE_REAL || x[i] == floor(x[i]));
  }
  if (!rrn_gene_active(&all, x, 3))
    assert_true(x[3] == *inactive);
}

/* Children stay in range, inactive genes canonical, fixed genes fixed; all categories are reached. */
static void
test_operators(void **state)
{
  const rrn_variation v = { 0.5, 15, 20 };
  const double zero = 0;
  int seen[4] = { 0 }, k;

  (void)state;
  for (k = 0; k < 20000; k++) {
    rrn_random r = rrn_random_start(1, 0, (uint32_t)k, 0);
    double a[5], b[5], c[5], x[5];

    rrn_genome_uniform(&all, &r, a);
    rrn_genome_uniform(&all, &r, b);
    rrn_genome_uniform(&all, &r, c);
    rrn_genome_canonical(&all, a);
    rrn_genome_canonical(&all, b);
    rrn_genome_canonical(&all, c);
    if (k % 2)
      rrn_crossover(&all, &v, &r, a, b, x);
    else
      rrn_differential(&all, &v, &r, 0.5, a, b, c, x);
    rrn_mutate(&all, &v, &r, 0.3, x);
    rrn_wake(&all, &r, a, b, x);
    check_child(x, &zero);
    seen[(int)x[0]]++;
  }
  for (k = 0; k < 4; k++)
    assert_true(seen[k] > 1000);
}

/* The mean number of mutated genes is the rate; 0 none, 1 all that are free. */
static void
test_rates(void **state)
{
  static rrn_gene genes[400];
  const rrn_genes many = { genes, 400, 0 };
  const rrn_variation v = { 0.5, 15, 20 };
  rrn_random r = rrn_random_start(1, 0, 0, 0);
  double x[400] = { 0 };
  size_t i, sum = 0;

  (void)state;
  for (i = 0; i < 400; i++)
    genes[i] = (rrn_gene){ RRN_GENE_CATEGORY, -1, 0, i == 7 ? 0 : 5, 0 };
  for (i = 0; i < 1000; i++)
    sum += rrn_mutate(&many, &v, &r, 0.01, x);
  assert_true(sum > 3700 && sum < 4300);
  assert_int_equal(rrn_mutate(&many, &v, &r, 0, x), 0);
  assert_int_equal(rrn_mutate(&many, &v, &r, 1, x), 399);
}

static void
test_seen(void **state)
{
  rrn_seen seen;
  rrn_rt rt;
  double x[2] = { 0, 0 };
  int i;

  (void)state;
  assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
  rrn_seen_init(&seen, &rt);
  for (i = 0; i < 5000; i++) {
    x[0] = i;
    assert_false(rrn_seen_has(&seen, rrn_fingerprint_of(x, 2)));
    assert_int_equal(rrn_seen_add(&seen, rrn_fingerprint_of(x, 2), NULL), RRAMNAS_OK);
    assert_int_equal(rrn_seen_add(&seen, rrn_fingerprint_of(x, 2), NULL), RRAMNAS_OK);
  }
  assert_int_equal(seen.n, 5000);
  x[0] = 17;
  assert_true(rrn_seen_has(&seen, rrn_fingerprint_of(x, 2)));
  rrn_seen_release(&seen);
}

static void
test_indicators(void **state)
{
  static const double f[] = { 0, 4, 1, 1, 4, 0 }, reference[] = { 0, 0, 2, 2 };
  static const double even[2] = { 1, 1 }, second[2] = { 0.01, 1 };
  double w[2], own[3];
  rrn_arena arena;
  rrn_rt rt;

  (void)state;
  assert_true(fabs(rrn_gd(f, 3, reference, 2, 2) - (2 * sqrt(8) + sqrt(2)) / 3) < 1e-12);
  assert_true(fabs(rrn_igd_plus(f, 3, reference, 2, 2) - (sqrt(2) + 0) / 2) < 1e-12);
  assert_int_equal(rrn_knee(f, 3, 2), 1);
  assert_int_equal(rrn_choose_weighted(f, 3, 2, even), 1);
  assert_int_equal(rrn_choose_weighted(f, 3, 2, second), 2);
  rrn_pseudo_weights(f, 3, 2, 0, w);
  assert_true(w[0] == 1 && w[1] == 0);
  rrn_pseudo_weights(f, 3, 2, 1, w);
  assert_true(w[0] == 0.5 && w[1] == 0.5);
  assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&arena, &rt);
  assert_int_equal(rrn_hypervolume_contributions(&arena, f, 3, 2, (const double[]){ 5, 5 }, own, NULL), RRAMNAS_OK);
  assert_true(own[0] == 1 && own[1] == 9 && own[2] == 1);
  rrn_arena_release(&arena);
}

/* Several blocks of points, so that corners are handed on. */
static int32_t
volume_job(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  enum { N = 600 };
  static double f[N * 5];
  const size_t m = *(const size_t *)user;
  const double reference[5] = { 1.1, 1.1, 1.1, 1.1, 1.1 };
  double hv;
  int32_t status;
  rrn_arena arena;
  rrn_rt rt;
  size_t i;

  for (i = 0; i < N * m; i++)
    f[i] = (double)((i * 7919 + i / m * 104729) % 1009) / 1009;
  if ((status = rrn_rt_init(&rt, runtime, err)) < 0)
    return status;
  rrn_arena_init(&arena, &rt);
  status = rrn_hypervolume(&arena, f, N, m, reference, &hv, err);
  rrn_arena_release(&arena);
  return status;
}

static void
test_volume_without_memory(void **state)
{
  size_t m;

  (void)state;
  for (m = 4; m <= 5; m++) {
    assert_true(oom_until_success(volume_job, &m, 1, 0) > 2);
    oom_until_success(volume_job, &m, 1, 1);
  }
}

static void
test_directions(void **state)
{
  double d[3 * 15];
  size_t i, j;

  (void)state;
  assert_int_equal(rrn_directions_count(3, 4), 15);
  assert_int_equal(rrn_directions_count(5, 3), 35);
  rrn_directions(3, 4, d);
  for (i = 0; i < 15; i++) {
    assert_true(fabs(d[3 * i] + d[3 * i + 1] + d[3 * i + 2] - 1) < 1e-15);
    for (j = 0; j < i; j++)
      assert_memory_not_equal(d + 3 * i, d + 3 * j, 3 * sizeof(*d));
  }
}

static void
test_refused(void **state)
{
  const rrn_gene wrong[][2] = {
    { { RRN_GENE_REAL, -1, 1, 0, 0 }, { RRN_GENE_REAL, -1, 0, 1, 0 } },
    { { RRN_GENE_REAL, -1, 0, NAN, 0 }, { RRN_GENE_REAL, -1, 0, 1, 0 } },
    { { RRN_GENE_INTEGER, -1, 0.5, 2, 0 }, { RRN_GENE_REAL, -1, 0, 1, 0 } },
    { { RRN_GENE_REAL, 1, 0, 1, 0 }, { RRN_GENE_REAL, 0, 0, 1, 0 } },
    { { RRN_GENE_REAL, 2, 0, 1, 0 }, { RRN_GENE_REAL, -1, 0, 1, 0 } },
  };
  const rrn_strategy_options o = { .n_objectives = 2 }, none = { .n_objectives = 0 };
  rrn_strategy s;
  rrn_rt rt;
  size_t i;

  (void)state;
  assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
  for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
    assert_int_equal(rrn_strategy_create(&s, &rt, &(rrn_genes){ wrong[i], 2, 0 }, &o, NULL), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rrn_strategy_create(&s, &rt, &all, &none, NULL), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rrn_strategy_create(&s, &rt, &all, &o, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_strategy_tell(&s, NULL, NULL, NULL), RRAMNAS_ERR_ARGUMENT);
  rrn_strategy_release(&s);
}

int
main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(test_power),
    cmocka_unit_test(test_operators),  cmocka_unit_test(test_rates),   cmocka_unit_test(test_seen),
    cmocka_unit_test(test_indicators), cmocka_unit_test(test_volume_without_memory), cmocka_unit_test(test_directions), cmocka_unit_test(test_refused),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
