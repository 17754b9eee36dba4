/* SPDX-License-Identifier: MIT */
/* The recorded answers of tests/data/search through the public API: ranks, crowding and volumes of fronts, and searches
 * on the test problems, whose front is that of the strategy alone and whose volume is not behind other programs'. */
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
#include "search/strategy.h"

enum { POPULATION = 100, SAME_EVALUATIONS = 2000, PEERS_EVALUATIONS = 25000 };

/* --- fronts --- */

static void
check_crowding(const points *p, int32_t rank)
{
  double f[MOST * MOST_M] = { 0 }, expected[MOST], distances[MOST];
  size_t n = 0, i;
  int k;

  for (k = 0; k < p->n; k++)
    if ((int32_t)p->ranks[k] == rank) {
      memcpy(f + n * (size_t)p->m, p->f + k * p->m, (size_t)p->m * sizeof(*f));
      expected[n++] = p->crowding[k];
    }
  assert_int_equal(rramnas_front_crowding(f, n, (size_t)p->m, distances, NULL), RRAMNAS_OK);
  for (i = 0; i < n; i++)
    if (expected[i] >= 0 && distances[i] != expected[i] && !(fabs(distances[i] - expected[i]) <= 1e-12 * expected[i]))
      fail_msg("%s: crowding %.17g, not %.17g", p->name, distances[i], expected[i]);
}

static void
fronts_are_those_recorded(void **state)
{
  static points p;
  FILE *file = test_data_open("search/points.txt");
  int n_cases = 0, i;

  (void)state;
  assert_non_null(file);
  for (; read_points(file, &p); n_cases++) {
    int32_t ranks[MOST], last = 0;
    double volume = -1;

    assert_int_equal(rramnas_front_ranks(p.f, p.has_cv ? p.cv : NULL, (size_t)p.n, (size_t)p.m, ranks, NULL), RRAMNAS_OK);
    for (i = 0; i < p.n; i++) {
      if (ranks[i] != (int32_t)p.ranks[i])
        fail_msg("%s: rank of %d is %d, not %d", p.name, i, (int)ranks[i], (int)p.ranks[i]);
      last = ranks[i] > last ? ranks[i] : last;
    }
    for (i = 0; i <= last; i++)
      check_crowding(&p, i);
    assert_int_equal(rramnas_front_hypervolume(p.f, (size_t)p.n, (size_t)p.m, p.reference, &volume, NULL), RRAMNAS_OK);
    if (p.hv >= 0 && !(fabs(volume - p.hv) <= 1e-12 * p.hv))
      fail_msg("%s: hypervolume is %.17g, not %.17g", p.name, volume, p.hv);
  }
  assert_true(n_cases > 40);
  fclose(file);
}

static double
unit(test_random *r)
{
  return (double)(test_next(r) >> 11) * 0x1p-53;
}

/* By its definition: mean over the reference of the distance to the nearest point, only what is worse counts. */
static double
igd_plus(const double *f, size_t n, const double *reference, size_t n_reference, size_t m)
{
  double sum = 0;
  size_t i, k, j;

  for (i = 0; i < n_reference; i++) {
    double nearest = INFINITY;

    for (k = 0; k < n; k++) {
      double square = 0;

      for (j = 0; j < m; j++)
        square += pow(fmax(f[k * m + j] - reference[i * m + j], 0), 2);
      nearest = fmin(nearest, sqrt(square));
    }
    sum += nearest;
  }
  return sum / (double)n_reference;
}

/* Sum of normalised values: the smaller, the farther ahead of the plane through the worst ones. */
static double
height(const double *f, size_t n, size_t m, size_t point)
{
  double sum = 0;
  size_t i, j;

  for (j = 0; j < m; j++) {
    double low = INFINITY, high = -INFINITY;

    for (i = 0; i < n; i++) {
      low = fmin(low, f[i * m + j]);
      high = fmax(high, f[i * m + j]);
    }
    sum += high > low ? (f[point * m + j] - low) / (high - low) : 0;
  }
  return sum;
}

static void
distances_and_knees_are_those_defined(void **state)
{
  test_random r = { 4 };
  int round;

  (void)state;
  for (round = 0; round < 300; round++) {
    const size_t m = 1 + test_below(&r, 5), n = 1 + test_below(&r, 40), n_reference = 1 + test_below(&r, 40);
    double f[40 * 5], reference[40 * 5], distance = -1, expected;
    size_t i, knee = SIZE_MAX;

    for (i = 0; i < n * m; i++)
      f[i] = unit(&r) * 3 - 1;
    for (i = 0; i < n_reference * m; i++)
      reference[i] = unit(&r) * 2 - 1;
    expected = igd_plus(f, n, reference, n_reference, m);
    assert_int_equal(rramnas_front_igd_plus(f, n, m, reference, n_reference, &distance, NULL), RRAMNAS_OK);
    assert_true(fabs(distance - expected) <= 1e-12 * expected);
    assert_int_equal(rramnas_front_igd_plus(f, n, m, f, n, &distance, NULL), RRAMNAS_OK);
    assert_true(distance == 0);
    assert_int_equal(rramnas_front_knee(f, n, m, &knee, NULL), RRAMNAS_OK);
    assert_true(knee < n);
    for (i = 0; i < n; i++)
      assert_true(height(f, n, m, knee) <= height(f, n, m, i) + 1e-12);
  }
}

/* --- searches --- */

static int32_t
evaluate(void *user, const rramnas_batch *batch)
{
  const problem *p = user;
  const size_t width = (size_t)p->m + 1;
  size_t i;

  for (i = 0; i < batch->n; i++)
    batch->values[i * width + (size_t)p->m] =
      problem_evaluate(p, batch->genomes + i * (size_t)p->n, batch->values + i * width);
  return 0;
}

static int32_t
add_genes(rramnas_search *s, const problem *p, rramnas_error *err)
{
  static const char *const labels[] = { "0", "1", "2" };
  rrn_gene genes[PROBLEM_GENES];
  int i;

  p->genes(genes);
  for (i = 0; i < p->n; i++) {
    rramnas_gene g = RRAMNAS_GENE_INIT;
    char name[16];

    snprintf(name, sizeof(name), "x%d", i);
    g.name = name;
    g.low = genes[i].low;
    g.high = genes[i].high;
    g.kind = genes[i].kind == RRN_GENE_REAL ? RRAMNAS_GENE_REAL : RRAMNAS_GENE_CATEGORY;
    if (g.kind == RRAMNAS_GENE_CATEGORY) {
      g.labels = labels;
      g.n_labels = 3;
    }
    if (rramnas_search_add_gene(s, &g, err) < 0)
      return err->code;
  }
  return RRAMNAS_OK;
}

static rramnas_search *
search_run(const problem *p, uint64_t seed, int64_t evaluations)
{
  static const char *const names[] = { "f0", "f1", "f2" };
  rramnas_search_options o = RRAMNAS_SEARCH_OPTIONS_INIT;
  rramnas_run_options run = RRAMNAS_RUN_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = NULL;
  int i;

  o.seed = seed;
  o.population = POPULATION;
  o.reference = p->reference;
  run.evaluations = evaluations;
  if (rramnas_search_create(NULL, &s, &err) < 0 || add_genes(s, p, &err) < 0)
    fail_msg("%s: %s", p->name, err.message);
  for (i = 0; i < p->m; i++)
    if (rramnas_search_add_objective(s, names[i], RRAMNAS_MINIMIZE, &err) < 0)
      fail_msg("%s: %s", p->name, err.message);
  if (rramnas_search_add_constraint(s, "violation <= 0", &err) < 0 ||
      rramnas_search_set_evaluate(s, evaluate, (void *)(uintptr_t)p, &err) < 0 ||
      rramnas_search_start(s, &o, &err) < 0 || rramnas_search_run(s, &run, &err) < 0)
    fail_msg("%s: %s", p->name, err.message);
  return s;
}

/* The strategy by itself, without a session around it. */
static void
strategy_run(const problem *p, uint64_t seed, int64_t evaluations, const rrn_rt *rt, rrn_strategy *s)
{
  static double f[POPULATION * PROBLEM_OBJECTIVES], cv[POPULATION];
  static rrn_gene genes[PROBLEM_GENES];
  const rrn_strategy_options o = { .seed = seed, .n_objectives = (size_t)p->m, .population = POPULATION };
  const double *x;
  size_t n, i;

  p->genes(genes);
  assert_int_equal(rrn_strategy_create(s, rt, &(rrn_genes){ genes, (size_t)p->n, 0 }, &o, NULL), RRAMNAS_OK);
  for (; evaluations > 0; evaluations -= (int64_t)n) {
    assert_int_equal(rrn_strategy_ask(s, &x, &n, NULL), RRAMNAS_OK);
    for (i = 0; i < n; i++)
      cv[i] = problem_evaluate(p, x + i * (size_t)p->n, f + i * (size_t)p->m);
    assert_int_equal(rrn_strategy_tell(s, f, cv, NULL), RRAMNAS_OK);
  }
}

static void
sessions_add_nothing_to_the_strategy(void **state)
{
  rrn_rt rt;
  int k;

  (void)state;
  assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
  for (k = 0; problems[k].genes != ofa45_genes; k++) {
    const problem *p = &problems[k];
    rramnas_search *s = search_run(p, 3, SAME_EVALUATIONS);
    double x[PROBLEM_GENES], values[PROBLEM_OBJECTIVES + 1];
    rrn_strategy alone;
    size_t i;

    strategy_run(p, 3, SAME_EVALUATIONS, &rt, &alone);
    assert_int_equal(rramnas_search_front_count(s), alone.archive.n);
    for (i = 0; i < alone.archive.n; i++) {
      assert_int_equal(rramnas_search_front(s, i, x, values), RRAMNAS_OK);
      assert_memory_equal(values, alone.archive.f + i * (size_t)p->m, (size_t)p->m * sizeof(*values));
      assert_memory_equal(x, rrn_archive_payload(&alone.archive, i), (size_t)p->n * sizeof(*x));
    }
    rrn_strategy_release(&alone);
    rramnas_search_unref(s);
  }
}

/* The front of all evaluated holds what the peers' populations have at least; doc/search.md has medians of 31 seeds. */
static void
searches_are_not_behind_other_programs(void **state)
{
  int k;

  (void)state;
  for (k = 0; problems[k].genes != ofa45_genes; k++) {
    const problem *p = &problems[k];
    rramnas_search *s = search_run(p, 1, PEERS_EVALUATIONS);
    rramnas_progress now = RRAMNAS_PROGRESS_INIT;
    const size_t n = rramnas_search_front_count(s), m = (size_t)p->m;
    double *f = calloc(n, m * sizeof(*f)), values[PROBLEM_OBJECTIVES + 1], volume = 0;
    size_t i;

    assert_non_null(f);
    for (i = 0; i < n; i++) {
      assert_int_equal(rramnas_search_front(s, i, NULL, values), RRAMNAS_OK);
      memcpy(f + i * m, values, m * sizeof(*f));
    }
    assert_int_equal(rramnas_front_hypervolume(f, n, m, p->reference, &volume, NULL), RRAMNAS_OK);
    assert_int_equal(rramnas_search_progress(s, &now), RRAMNAS_OK);
    assert_int_equal(now.evaluations, PEERS_EVALUATIONS);
    /* A front of all evaluated never loses volume. */
    assert_true(fabs(now.hypervolume - volume) <= 1e-12 * volume);
    if (!(volume >= (strcmp(p->name, "osy") == 0 ? 0.985 : 1) * p->best_peer)) /* osy has a second front */
      fail_msg("%s: volume %.17g, best peer %.17g", p->name, volume, p->best_peer);
    free(f);
    rramnas_search_unref(s);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(fronts_are_those_recorded),
    cmocka_unit_test(distances_and_knees_are_those_defined),
    cmocka_unit_test(sessions_add_nothing_to_the_strategy),
    cmocka_unit_test(searches_are_not_behind_other_programs),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
