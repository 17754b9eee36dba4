/* SPDX-License-Identifier: MIT */
/* Laws of searches over random problems: genes of all kinds with parents, rules, constraints, directions, failures, any
 * strategy and size. Portions and orders of ask and tell, threads, breaks at any moment and files of figures change no
 * byte of front and history; nothing is evaluated twice; the front is what a comparison of all with all leaves; its volume
 * is that of the front's tool. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"
#include "folder.h"
#include "random.h"
#include "rramnas/rramnas.h"
#include "session_run.h"

enum { PROBLEMS = 60, MOST_GENES = 6, MOST_FIGURES = 5, MOST_CANDIDATES = 4096, GENERATIONS = 9, PORTION = 40 };

static char checkpoint[FOLDER_PATH], history[FOLDER_PATH], expected_history[FOLDER_PATH], cache[FOLDER_PATH];

typedef struct problem {
  uint64_t seed; /* of all below */
  size_t n_genes, n_objectives, n_figures;
  rramnas_gene genes[MOST_GENES];
  char names[MOST_GENES][24], rule[64], constraint[64];
  int32_t directions[MOST_FIGURES], fails;
  int has_rule, has_constraint;
  double bound; /* of the constraint, on the last figure */
  double reference[MOST_FIGURES];
  rramnas_search_options options;
} problem;

/* All that was evaluated. */
typedef struct seen {
  const problem *p;
  double genomes[MOST_CANDIDATES][MOST_GENES], values[MOST_CANDIDATES][MOST_FIGURES];
  size_t n;
} seen;

/* --- random problems --- */

static void
make_gene(problem *p, size_t i, test_random *r)
{
  static const char *const labels[] = { "none", "one", "two", "three" };
  rramnas_gene *g = &p->genes[i];

  *g = (rramnas_gene)RRAMNAS_GENE_INIT;
  snprintf(p->names[i], sizeof(p->names[i]), "g%zu", i);
  g->name = p->names[i];
  g->kind = (int32_t)test_below(r, 8);
  g->kind = g->kind > 1 ? g->kind % 2 : RRAMNAS_GENE_REAL - g->kind % 2; /* few reals: they never run out */
  if (g->kind == RRAMNAS_GENE_CATEGORY) {
    g->labels = labels;
    g->n_labels = 1 + test_below(r, 4);
  } else {
    g->low = (double)test_below(r, 7) - 3;
    g->high = g->low + (double)test_below(r, 9);
  }
  if (i > 0 && test_below(r, 3) == 0) {
    const size_t parent = test_below(r, i);

    if (p->genes[parent].kind != RRAMNAS_GENE_REAL) {
      g->parent = p->names[parent];
      g->above = (double)test_below(r, 3) - 1;
    }
  }
}

static void
make_problem(problem *p, uint64_t seed)
{
  test_random r = { seed };
  size_t i;

  memset(p, 0, sizeof(*p));
  p->seed = seed;
  p->n_genes = 1 + test_below(&r, MOST_GENES);
  for (i = 0; i < p->n_genes; i++)
    make_gene(p, i, &r);
  p->n_objectives = 1 + test_below(&r, MOST_FIGURES - 1);
  p->has_constraint = test_below(&r, 2) == 0;
  p->n_figures = p->n_objectives + (size_t)p->has_constraint;
  p->has_rule = test_below(&r, 3) == 0;
  snprintf(p->rule, sizeof(p->rule), "2 * g0 - g%zu <= %d", test_below(&r, p->n_genes), (int)test_below(&r, 6) - 1);
  p->bound = (double)test_below(&r, 40) - 10;
  snprintf(p->constraint, sizeof(p->constraint), "limit >= %g", p->bound);
  p->fails = test_below(&r, 4) == 0 ? 2 + (int32_t)test_below(&r, 5) : 0;
  p->options = (rramnas_search_options)RRAMNAS_SEARCH_OPTIONS_INIT;
  p->options.seed = test_next(&r);
  p->options.strategy = (int32_t)test_below(&r, 3);
  p->options.population = 1 + (int32_t)test_below(&r, 24);
  p->options.offspring = test_below(&r, 2) ? 1 + (int32_t)test_below(&r, 24) : 0;
  for (i = 0; i < p->n_objectives; i++) {
    p->directions[i] = 1 + (int32_t)test_below(&r, 2);
    p->reference[i] = p->directions[i] == RRAMNAS_MAXIMIZE ? -60 : 60;
  }
  p->options.reference = p->reference;
}

/* Small whole numbers and a real part, so that points are equal in part. */
static void
figures_of(const problem *p, const double *x, double *values)
{
  size_t i, j;
  double sum = 0;

  for (j = 0; j < p->n_figures; j++) {
    values[j] = 0;
    for (i = 0; i < p->n_genes; i++)
      values[j] += (double)((p->seed >> (i + 2 * j)) % 5) * x[i] - (double)(j % 2) * x[i] * x[i];
  }
  for (i = 0; i < p->n_genes; i++)
    sum += x[i];
  if (p->fails && ((int64_t)floor(sum) % p->fails + p->fails) % p->fails == 0)
    values[0] = NAN;
}

static int32_t
evaluate(void *user, const rramnas_batch *batch)
{
  seen *s = user;
  const problem *p = s->p;
  size_t i;

  for (i = 0; i < batch->n; i++) {
    figures_of(p, batch->genomes + i * p->n_genes, batch->values + i * p->n_figures);
    assert_true(s->n < MOST_CANDIDATES);
    memcpy(s->genomes[s->n], batch->genomes + i * p->n_genes, p->n_genes * sizeof(double));
    memcpy(s->values[s->n++], batch->values + i * p->n_figures, p->n_figures * sizeof(double));
  }
  return 0;
}

static rramnas_search *
prepared(const problem *p, seen *memory, const char *history_path, const char *cache_path)
{
  static const char *const figures[] = { "f0", "f1", "f2", "f3" };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = NULL;
  int32_t status = rramnas_search_create(NULL, &s, &err);
  size_t i;

  memory->p = p;
  memory->n = 0;
  for (i = 0; i < p->n_genes && status >= 0; i++)
    status = rramnas_search_add_gene(s, &p->genes[i], &err);
  for (i = 0; i < p->n_objectives && status >= 0; i++)
    status = rramnas_search_add_objective(s, figures[i], p->directions[i], &err);
  if (status < 0 || (p->has_rule && rramnas_search_add_rule(s, p->rule, &err) < 0) ||
      (p->has_constraint && rramnas_search_add_constraint(s, p->constraint, &err) < 0) ||
      rramnas_search_set_evaluate(s, evaluate, memory, &err) < 0 ||
      rramnas_search_set_history_file(s, history_path, &err) < 0)
    fail_msg("seed %llu: %s", (unsigned long long)p->seed, err.message);
  if (cache_path) {
    status = rramnas_search_set_cache_file(s, cache_path, &err);
    assert_true(status == RRAMNAS_OK || status == RRAMNAS_ERR_UNSUPPORTED);
  }
  return s;
}

static rramnas_search *
started(const problem *p, seen *memory, const char *history_path, const char *cache_path)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = prepared(p, memory, history_path, cache_path);

  if (rramnas_search_start(s, &p->options, &err) < 0)
    fail_msg("seed %llu: %s", (unsigned long long)p->seed, err.message);
  return s;
}

/* The front as text; releases the session, so that the history is whole. */
static capture
finish(rramnas_search *s)
{
  capture text = { 0 };
  rramnas_error err = RRAMNAS_ERROR_INIT;

  if (rramnas_search_write(s, RRAMNAS_REPORT_CSV, NULL, capture_write, &text, &err) < 0)
    fail_msg("%s", err.message);
  rramnas_search_unref(s);
  return text;
}

static void
assert_same_files(const problem *p, const char *a, const char *b, const char *what)
{
  FILE *x = fopen(a, "rb"), *y = fopen(b, "rb");
  int c;

  assert_non_null(x);
  assert_non_null(y);
  do {
    c = getc(x);
    if (c != getc(y))
      fail_msg("seed %llu: another history with %s", (unsigned long long)p->seed, what);
  } while (c != EOF);
  fclose(x);
  fclose(y);
}

/* Releases the session. */
static void
assert_same_course(const problem *p, rramnas_search *s, const capture *expected, const char *what)
{
  capture text = finish(s);

  if (!capture_equal(&text, expected))
    fail_msg("seed %llu: another front with %s", (unsigned long long)p->seed, what);
  capture_free(&text);
  assert_same_files(p, history, expected_history, what);
}

/* --- other ways through the same course --- */

/* What was asked for and not told. */
typedef struct portion {
  double x[PORTION][MOST_GENES];
  int64_t ids[PORTION];
  size_t n;
} portion;

static void
ask(rramnas_search *s, const problem *p, portion *out, size_t most)
{
  double x[PORTION * MOST_GENES];
  size_t got, i;

  assert_int_equal(rramnas_search_ask(s, most, x, out->ids + out->n, &got, NULL), RRAMNAS_OK);
  for (i = 0; i < got; i++)
    memcpy(out->x[out->n++], x + i * p->n_genes, p->n_genes * sizeof(*x));
}

static void
tell(rramnas_search *s, const problem *p, portion *out, size_t i)
{
  double values[MOST_FIGURES];

  figures_of(p, out->x[i], values);
  assert_int_equal(rramnas_search_tell(s, out->ids + i, values, NULL, 1, NULL), RRAMNAS_OK);
  out->ids[i] = out->ids[--out->n];
  memcpy(out->x[i], out->x[out->n], sizeof(out->x[i]));
}

/* Saves, goes a little further, and is gone: what was out is given out again, rows are taken back. */
static rramnas_search *
broken_off(rramnas_search *s, const problem *p, seen *memory, test_random *r, portion *out)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;

  assert_int_equal(rramnas_search_save_file(s, checkpoint, NULL), RRAMNAS_OK);
  while (out->n > 0 && test_below(r, 8) > 0)
    tell(s, p, out, 0);
  rramnas_search_unref(s);
  s = prepared(p, memory, history, NULL);
  if (rramnas_search_resume_file(s, checkpoint, &err) < 0)
    fail_msg("seed %llu: %s", (unsigned long long)p->seed, err.message);
  out->n = 0;
  return s;
}

/* Asks and tells in random portions and orders. */
static rramnas_search *
wander(const problem *p, seen *memory, test_random *r, int breaks)
{
  rramnas_search *s = started(p, memory, history, NULL);
  portion out = { .n = 0 };

  while (progress_of(s).generation < GENERATIONS && !progress_of(s).exhausted) {
    ask(s, p, &out, test_below(r, PORTION - out.n));
    if (progress_of(s).generation >= GENERATIONS) /* generations of which all broke the rule */
      break;
    while (out.n > 0 && test_below(r, 4) > 0)
      tell(s, p, &out, test_below(r, out.n));
    if (breaks && test_below(r, 10) == 0)
      s = broken_off(s, p, memory, r, &out);
  }
  return s;
}

/* In runs of some evaluations each, at any number of threads, with figures from a file of an earlier search. */
static rramnas_search *
step(const problem *p, seen *memory, test_random *r, int32_t n_threads, const char *figures)
{
  rramnas_search *s = started(p, memory, history, figures);

  while (progress_of(s).generation < GENERATIONS && !progress_of(s).exhausted)
    run(s, GENERATIONS, progress_of(s).evaluations + 1 + (int64_t)test_below(r, 30), n_threads);
  return s;
}

/* --- laws of one course --- */

static int
is_feasible(const problem *p, const double *values)
{
  size_t j;

  for (j = 0; j < p->n_figures; j++)
    if (isnan(values[j]))
      return 0;
  return !p->has_constraint || values[p->n_figures - 1] >= p->bound;
}

/* 1 = a is no worse in all and better in one, or the same and earlier: of equal points the first stays. */
static int
beats(const problem *p, const double *a, const double *b, int earlier)
{
  int better = 0;
  size_t j;

  for (j = 0; j < p->n_objectives; j++) {
    const double sign = p->directions[j] == RRAMNAS_MAXIMIZE ? -1 : 1;

    if (sign * a[j] > sign * b[j])
      return 0;
    better |= sign * a[j] < sign * b[j];
  }
  return better || earlier;
}

static size_t
count_front(const seen *m, uint8_t *in_front)
{
  size_t i, k, n = 0;

  for (i = 0; i < m->n; i++) {
    in_front[i] = (uint8_t)is_feasible(m->p, m->values[i]);
    for (k = 0; k < m->n && in_front[i]; k++)
      if (k != i && is_feasible(m->p, m->values[k]) && beats(m->p, m->values[k], m->values[i], k < i))
        in_front[i] = 0;
    n += in_front[i];
  }
  return n;
}

static size_t
place_of(const seen *m, const double *x)
{
  size_t i;

  for (i = 0; i < m->n; i++)
    if (memcmp(m->genomes[i], x, m->p->n_genes * sizeof(*x)) == 0)
      return i;
  return SIZE_MAX;
}

static void
check_nothing_twice(const seen *m)
{
  size_t i;

  for (i = 0; i < m->n; i++)
    if (place_of(m, m->genomes[i]) != i)
      fail_msg("seed %llu: candidate %zu twice", (unsigned long long)m->p->seed, i);
}

static void
check_front(const rramnas_search *s, const seen *m)
{
  static uint8_t in_front[MOST_CANDIDATES];
  static double f[MOST_CANDIDATES * MOST_FIGURES];
  const problem *p = m->p;
  const size_t n = rramnas_search_front_count(s);
  double x[MOST_GENES], values[MOST_FIGURES], reference[MOST_FIGURES], volume = 0, before = -INFINITY;
  size_t i, j;

  if (count_front(m, in_front) != n)
    fail_msg("seed %llu: another number of points in the front", (unsigned long long)p->seed);
  for (i = 0; i < n; i++) {
    assert_int_equal(rramnas_search_front(s, i, x, values), RRAMNAS_OK);
    j = place_of(m, x);
    if (j == SIZE_MAX || !in_front[j] || memcmp(values, m->values[j], p->n_figures * sizeof(*values)) != 0)
      fail_msg("seed %llu: point %zu does not belong in the front", (unsigned long long)p->seed, i);
    for (j = 0; j < p->n_objectives; j++)
      f[i * p->n_objectives + j] = p->directions[j] == RRAMNAS_MAXIMIZE ? -values[j] : values[j];
    assert_true(f[i * p->n_objectives] >= before);
    before = f[i * p->n_objectives];
  }
  for (j = 0; j < p->n_objectives; j++)
    reference[j] = 60;
  assert_int_equal(rramnas_front_hypervolume(f, n, p->n_objectives, reference, &volume, NULL), RRAMNAS_OK);
  if (!(fabs(progress_of(s).hypervolume - volume) <= 1e-12 * volume))
    fail_msg("seed %llu: volume %.17g, not %.17g", (unsigned long long)p->seed, progress_of(s).hypervolume, volume);
}

static void
check_counts(const rramnas_search *s, const seen *m)
{
  const rramnas_progress now = progress_of(s);
  int64_t failed = 0, infeasible = 0;
  size_t i, j;

  for (i = 0; i < m->n; i++) {
    int missing = 0;

    for (j = 0; j < m->p->n_figures; j++)
      missing |= isnan(m->values[i][j]);
    failed += missing;
    infeasible += !missing && !is_feasible(m->p, m->values[i]);
  }
  assert_int_equal(now.evaluations, m->n);
  assert_int_equal(now.failed, failed);
  assert_int_equal(now.infeasible, infeasible);
  assert_int_equal(now.front, rramnas_search_front_count(s));
}

static void
a_course_depends_on_problem_and_seed_alone(void **state)
{
  static const int32_t threads[] = { 1, 2, 3, 8 };
  seen *memory = calloc(1, sizeof(*memory));
  int fronts = 0, exhausted = 0;
  uint64_t seed;
  problem p;

  (void)state;
  assert_non_null(memory);
  for (seed = 1; seed <= PROBLEMS; seed++) {
    const char *figures = seed % 4 ? NULL : cache; /* now and then: the disk takes its time */
    test_random r = { seed + 1000000 };
    rramnas_search *s;
    capture expected;

    make_problem(&p, seed);
    unlink(cache);
    s = started(&p, memory, expected_history, figures);
    run(s, GENERATIONS, 0, 1);
    check_nothing_twice(memory);
    check_front(s, memory);
    check_counts(s, memory);
    fronts += rramnas_search_front_count(s) > 1;
    exhausted += progress_of(s).exhausted;
    expected = finish(s);
    assert_same_course(&p, wander(&p, memory, &r, 0), &expected, "portions and orders");
    assert_same_course(&p, wander(&p, memory, &r, 1), &expected, "breaks");
    assert_same_course(&p, step(&p, memory, &r, threads[seed / 4 % 4], figures), &expected, "runs of some evaluations");
    capture_free(&expected);
  }
  assert_true(fronts > PROBLEMS / 5 && exhausted > PROBLEMS / 10 && exhausted < PROBLEMS * 2 / 3);
  free(memory);
}

/* Figures that threads work out. */
static void
threads_change_nothing(void **state)
{
  static const int32_t threads[] = { 1, 2, 3, 8 };
  capture expected = { 0 };
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(threads) / sizeof(threads[0]); i++) {
    rramnas_search_options o = RRAMNAS_SEARCH_OPTIONS_INIT;
    rramnas_error err = RRAMNAS_ERROR_INIT;
    rramnas_search *s = NULL;
    capture text;

    o.population = 12;
    if (rramnas_search_create_ready("nacim-cnn", NULL, &s, &err) < 0 ||
        rramnas_search_add_objective(s, "macs", RRAMNAS_MAXIMIZE, &err) < 0 ||
        rramnas_search_add_objective(s, "latency_ns", 0, &err) < 0 ||
        rramnas_search_add_constraint(s, "energy_pj > 0", &err) < 0 ||
        rramnas_search_set_history_file(s, i ? history : expected_history, &err) < 0 ||
        rramnas_search_start(s, &o, &err) < 0)
      fail_msg("%s", err.message);
    run(s, 3, 0, threads[i]);
    text = finish(s);
    if (i == 0) {
      expected = text;
      continue;
    }
    assert_true(capture_equal(&text, &expected));
    assert_same_files(&(problem){ 0 }, history, expected_history, "threads");
    capture_free(&text);
  }
  capture_free(&expected);
}

static int
set_up(void **state)
{
  if (folder_make(state) < 0)
    return -1;
  folder_path("checkpoint", checkpoint);
  folder_path("history.csv", history);
  folder_path("expected.csv", expected_history);
  folder_path("cache", cache);
  return 0;
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_course_depends_on_problem_and_seed_alone),
    cmocka_unit_test(threads_change_nothing),
  };

  return cmocka_run_group_tests(tests, set_up, folder_remove);
}
