/* SPDX-License-Identifier: MIT */
/* Sessions: portions and orders of ask and tell, budgets, threads, checkpoints at every generation and in the middle of
 * one, refusals, memory that runs out. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "capture.h"
#include "oom.h"
#include "session_case.h"

static rramnas_search *
resumed(const char *history_path)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = prepared(history_path);

  if (rramnas_search_resume_file(s, checkpoint, &err) < 0)
    fail_msg("%s", err.message);
  return s;
}

static size_t
draw(uint64_t *state, size_t below)
{
  *state = *state * UINT64_C(6364136223846793005) + 1442695040888963407u;
  return (size_t)((*state >> 33) % below);
}

/* Asks in random portions, tells in random order and portions. */
static void
ask_and_tell(rramnas_search *s, int64_t generations, uint64_t *random)
{
  double x[64 * CASE_GENES], values[64 * CASE_FIGURES];
  int64_t ids[64];
  size_t n = 0, got, i;

  while (progress_of(s).generation < generations) {
    assert_int_equal(rramnas_search_ask(s, draw(random, 64 - n), x + n * CASE_GENES, ids + n, &got, NULL), RRAMNAS_OK);
    for (n += got; n > 0 && draw(random, 3) > 0; n--) {
      i = draw(random, n);
      case_figures(x + i * CASE_GENES, values);
      assert_int_equal(rramnas_search_tell(s, ids + i, values, NULL, 1, NULL), RRAMNAS_OK);
      ids[i] = ids[n - 1];
      memcpy(x + i * CASE_GENES, x + (n - 1) * CASE_GENES, CASE_GENES * sizeof(*x));
    }
  }
}

static void
portions_and_orders_do_not_matter(void **state)
{
  uint64_t random = 1, seed;
  int32_t strategy;

  (void)state;
  for (strategy = 0; strategy <= RRAMNAS_STRATEGY_REINFORCE; strategy++)
    for (seed = 1; seed <= 5; seed++) {
      rramnas_search *a = started(strategy, seed, NULL), *b = started(strategy, seed, NULL);
      front *expected;

      run(a, GENERATIONS, 0, 1);
      ask_and_tell(b, GENERATIONS, &random);
      expected = finish(a);
      assert_same(finish(b), expected);
      free(expected);
    }
}

static void
resuming_at_every_generation_changes_nothing(void **state)
{
  int32_t strategy;
  int64_t k;

  (void)state;
  for (strategy = 0; strategy <= RRAMNAS_STRATEGY_REINFORCE; strategy++) {
    rramnas_search *s = started(strategy, 3, other);
    front *expected;

    run(s, GENERATIONS, 0, 1);
    expected = finish(s);
    for (k = 0; k < GENERATIONS; k++) {
      s = started(strategy, 3, history);
      if (k > 0)
        run(s, k, 0, 1);
      assert_int_equal(rramnas_search_save_file(s, checkpoint, NULL), RRAMNAS_OK);
      run(s, k + 1, 0, 1); /* rows that the resumed one has to cut off */
      rramnas_search_unref(s);
      s = resumed(history);
      run(s, GENERATIONS, 0, 2);
      assert_same(finish(s), expected);
      assert_same_files(history, other);
    }
    free(expected);
  }
}

static void
budget_of_evaluations_is_exact_in_any_steps(void **state)
{
  rramnas_search *s = started(0, 5, NULL);
  front *expected;
  int64_t n;

  (void)state;
  run(s, 0, 333, 1);
  assert_int_equal(progress_of(s).evaluations, 333);
  expected = finish(s);
  s = started(0, 5, NULL);
  for (n = 7; n < 333; n += 31) {
    run(s, 0, n, 1);
    assert_int_equal(progress_of(s).evaluations, n);
    assert_int_equal(rramnas_search_save_file(s, checkpoint, NULL), RRAMNAS_OK);
    rramnas_search_unref(s);
    s = resumed(NULL);
    assert_int_equal(progress_of(s).evaluations, n);
  }
  run(s, 0, 333, 1);
  assert_same(finish(s), expected);
  free(expected);
}

/* What was told out of order waits for those before it, but it was evaluated and is part of the budget. */
static void
budget_counts_what_was_told_out_of_order(void **state)
{
  double x[4 * CASE_GENES], values[CASE_FIGURES];
  rramnas_search *s = started(0, 5, NULL);
  rramnas_error err = RRAMNAS_ERROR_INIT;
  int64_t ids[4], i;
  size_t n;

  (void)state;
  assert_int_equal(rramnas_search_ask(s, 4, x, ids, &n, NULL), RRAMNAS_OK);
  assert_int_equal(n, 4);
  for (i = 3; i > 0; i--) {
    case_figures(x + i * CASE_GENES, values);
    assert_int_equal(rramnas_search_tell(s, ids + i, values, NULL, 1, NULL), RRAMNAS_OK);
  }
  assert_int_equal(rramnas_search_tell(s, ids + 1, values, NULL, 1, &err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_search_save_file(s, checkpoint, NULL), RRAMNAS_OK);
  rramnas_search_unref(s);
  s = resumed(NULL);
  run(s, 0, 10, 1);
  assert_int_equal(progress_of(s).evaluations, 10);
  rramnas_search_unref(s);
}

/* A search with built-in figures; `compile` may be NULL. */
static rramnas_search *
started_ready(const rramnas_compile_options *compile)
{
  rramnas_search_options o = RRAMNAS_SEARCH_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = NULL;

  o.population = 8;
  if (rramnas_search_create_ready("nacim-cnn", NULL, &s, &err) < 0 ||
      (compile && rramnas_search_set_compile(s, compile, NULL, &err) < 0) ||
      rramnas_search_add_objective(s, "macs", RRAMNAS_MAXIMIZE, &err) < 0 ||
      rramnas_search_add_objective(s, "latency_ns", 0, &err) < 0 || rramnas_search_start(s, &o, &err) < 0)
    fail_msg("%s", err.message);
  return s;
}

/* A rule of threads is only seen where threads work. */
static front *
run_ready(int32_t n_threads)
{
  rramnas_search *s = started_ready(NULL);
  front *f = calloc(1, sizeof(*f));
  size_t i;

  assert_non_null(f);
  run(s, 3, 0, n_threads);
  f->n = rramnas_search_front_count(s);
  assert_in_range(f->n, 1, MOST_POINTS);
  for (i = 0; i < f->n; i++)
    assert_int_equal(rramnas_search_front(s, i, NULL, f->rows[i]), RRAMNAS_OK);
  rramnas_search_unref(s);
  return f;
}

static void
threads_do_not_matter(void **state)
{
  front *expected = run_ready(1);

  (void)state;
  assert_same(run_ready(2), expected);
  assert_same(run_ready(8), expected);
  free(expected);
}

/* A chip that many networks do not fit: `crossbars` are too few for most. */
static rramnas_search *
started_small_chip(int32_t crossbars)
{
  rramnas_compile_options compile = RRAMNAS_COMPILE_OPTIONS_INIT;

  compile.crossbars = crossbars;
  compile.policy = RRAMNAS_POLICY_RNC;
  return started_ready(&compile);
}

enum { SMALL_CHIP = 40, MOST_SMALL_GENES = 64 };

/* Figures come from a session of their own, the last candidate first; now and then the run is told to wait. */
typedef struct far_away {
  rramnas_search *worker;
  int calls;
} far_away;

static int32_t
judge_far_away(void *user, const rramnas_work *work, rramnas_error *err)
{
  far_away *f = user;
  const size_t genes = rramnas_search_gene_count(f->worker), figures = rramnas_search_metric_count(f->worker);
  size_t k, leave = ++f->calls % 3 == 0 ? work->n / 2 : 0;

  for (k = work->n; k > leave; k--)
    if (!work->done[k - 1]) {
      const int32_t status = rramnas_search_evaluate(f->worker, work->genomes + (k - 1) * genes, 1, 1,
                                                     work->values + (k - 1) * figures, work->shortfalls + k - 1, err);

      if (status < 0)
        return status;
      work->done[k - 1] = 1;
    }
  return work->wants_end(work) ? RRAMNAS_ERR_CALLBACK : RRAMNAS_OK;
}

static void
assert_same_course(rramnas_search *a, rramnas_search *b)
{
  double x[MOST_SMALL_GENES], y[MOST_SMALL_GENES], f[2], g[2];
  size_t i;

  assert_int_equal(progress_of(a).infeasible, progress_of(b).infeasible);
  assert_int_equal(progress_of(a).failed, progress_of(b).failed);
  assert_int_equal(rramnas_search_front_count(a), rramnas_search_front_count(b));
  for (i = 0; i < rramnas_search_front_count(a); i++) {
    assert_int_equal(rramnas_search_front(a, i, x, f), RRAMNAS_OK);
    assert_int_equal(rramnas_search_front(b, i, y, g), RRAMNAS_OK);
    assert_memory_equal(x, y, rramnas_search_gene_count(a) * sizeof(*x));
    assert_memory_equal(f, g, sizeof(f));
  }
}

static void
who_judges_does_not_matter(void **state)
{
  rramnas_search *here = started_small_chip(SMALL_CHIP), *there = started_small_chip(SMALL_CHIP);
  rramnas_run_options o = RRAMNAS_RUN_OPTIONS_INIT;
  far_away f = { started_small_chip(SMALL_CHIP), 0 };

  (void)state;
  run(here, 6, 0, 1);
  assert_int_not_equal(progress_of(here).infeasible, 0);
  assert_int_not_equal(progress_of(here).infeasible, progress_of(here).evaluations);
  o.generations = 6;
  o.distribute = judge_far_away;
  o.distribute_user = &f;
  assert_int_equal(rramnas_search_run(there, &o, NULL), RRAMNAS_OK);
  assert_same_course(here, there);
  rramnas_search_unref(f.worker);
  rramnas_search_unref(there);
  rramnas_search_unref(here);
}

/* What an engine in Python does: ask, have it judged, tell. */
static void
asked_evaluated_told_is_a_run(void **state)
{
  rramnas_search *a = started_small_chip(SMALL_CHIP), *b = started_small_chip(SMALL_CHIP);
  const size_t genes = rramnas_search_gene_count(b);
  double x[8 * MOST_SMALL_GENES], values[8 * 2], shortfalls[8];
  int64_t ids[8];
  size_t n;

  (void)state;
  assert_in_range(genes, 1, MOST_SMALL_GENES);
  run(a, 4, 0, 1);
  while (progress_of(b).generation < 4) {
    assert_int_equal(rramnas_search_ask(b, 8, x, ids, &n, NULL), RRAMNAS_OK);
    assert_int_equal(rramnas_search_evaluate(b, x, n, 2, values, shortfalls, NULL), RRAMNAS_OK);
    assert_int_equal(rramnas_search_tell(b, ids, values, shortfalls, n, NULL), RRAMNAS_OK);
  }
  assert_same_course(a, b);
  rramnas_search_unref(a);
  rramnas_search_unref(b);
}

static void
digests_tell_problems_apart(void **state)
{
  rramnas_search *a = started_small_chip(SMALL_CHIP), *b = started_small_chip(SMALL_CHIP),
                 *c = started_small_chip(SMALL_CHIP + 1), *d = NULL;
  uint8_t x[16], y[16], z[16];

  (void)state;
  assert_int_equal(rramnas_search_digest(a, x, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_search_digest(b, y, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_search_digest(c, z, NULL), RRAMNAS_OK);
  assert_memory_equal(x, y, sizeof(x));
  assert_memory_not_equal(x, z, sizeof(x));
  assert_int_equal(rramnas_search_create(NULL, &d, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_search_digest(d, x, NULL), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_search_evaluate(d, NULL, 0, 0, NULL, NULL, NULL), RRAMNAS_ERR_ARGUMENT);
  rramnas_search_unref(a);
  rramnas_search_unref(b);
  rramnas_search_unref(c);
  rramnas_search_unref(d);
}

static void
figures_that_cannot_be_are_refused(void **state)
{
  rramnas_search *s = started_small_chip(SMALL_CHIP);
  double x[MOST_SMALL_GENES], values[2] = { 1, 2 }, shortfall = -1;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  int64_t id;
  size_t n;

  (void)state;
  assert_int_equal(rramnas_search_ask(s, 1, x, &id, &n, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_search_tell(s, &id, values, &shortfall, 1, &err), RRAMNAS_ERR_RANGE);
  shortfall = NAN;
  assert_int_equal(rramnas_search_tell(s, &id, values, &shortfall, 1, &err), RRAMNAS_ERR_RANGE);
  x[0] = 1e9;
  assert_int_equal(rramnas_search_evaluate(s, x, 1, 1, values, &shortfall, &err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_search_evaluate(s, x, 1, -1, values, &shortfall, &err), RRAMNAS_ERR_RANGE);
  rramnas_search_unref(s);
}

/* Where ranges overflow, or numbers are too small to be divided. */
static void
pictures_of_any_numbers_end(void **state)
{
  const double numbers[] = { 0, 5e-324, 1e-310, 1, 1e17, 1e150, 1.7e308, INFINITY, NAN };
  const size_t n = sizeof(numbers) / sizeof(numbers[0]);
  rramnas_search_report_options o = RRAMNAS_SEARCH_REPORT_OPTIONS_INIT;
  rramnas_search *s = started(RRAMNAS_STRATEGY_NSGA2, 3, NULL);
  double mark[CASE_FIGURES] = { 0 }, cloud[2 * CASE_FIGURES] = { 0 };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  size_t i, k;

  (void)state;
  run(s, 1, 0, 1);
  o.mark = mark;
  o.cloud = cloud;
  o.n_cloud = 2;
  for (i = 0; i < n * n; i++) {
    capture text = { 0 };

    for (k = 0; k < CASE_FIGURES; k++) {
      mark[k] = numbers[i % n] * (k % 2 ? -1 : 1);
      cloud[k] = -mark[k];
      cloud[CASE_FIGURES + k] = numbers[i / n];
    }
    if (rramnas_search_write(s, RRAMNAS_REPORT_SVG, &o, capture_write, &text, &err) < 0)
      fail_msg("%s", err.message);
    assert_int_equal(strncmp(text.text, "<svg ", 5), 0);
    capture_free(&text);
  }
  rramnas_search_unref(s);
}

static void
broken_files_are_refused(void **state)
{
  rramnas_search *s = started(0, 1, NULL);
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char bytes[1 << 16];
  size_t n, i;
  FILE *file;

  (void)state;
  run(s, 2, 0, 1);
  assert_int_equal(rramnas_search_save_file(s, checkpoint, NULL), RRAMNAS_OK);
  rramnas_search_unref(s);
  file = fopen(checkpoint, "rb");
  assert_non_null(file);
  n = fread(bytes, 1, sizeof(bytes), file);
  fclose(file);
  assert_in_range(n, 100, sizeof(bytes) - 1);
  for (i = 0; i < n; i += 97) {
    int cut;

    for (cut = 0; cut < 2; cut++) {
      file = fopen(checkpoint, "wb");
      assert_non_null(file);
      bytes[i] ^= (char)(cut ? 0 : 0x10);
      fwrite(bytes, 1, cut ? i : n, file);
      bytes[i] ^= (char)(cut ? 0 : 0x10);
      fclose(file);
      s = prepared(NULL);
      assert_in_range(-rramnas_search_resume_file(s, checkpoint, &err), 1, 100);
      assert_true(err.message[0] != '\0');
      rramnas_search_unref(s);
    }
  }
}

static void
a_refusal_leaves_the_session_as_it_was(void **state)
{
  rramnas_search *s = started(0, 1, NULL);
  rramnas_search_options o = RRAMNAS_SEARCH_OPTIONS_INIT;
  front *expected;

  (void)state;
  run(s, 3, 7, 1);
  assert_int_equal(rramnas_search_save_file(s, checkpoint, NULL), RRAMNAS_OK);
  run(s, GENERATIONS, 0, 1);
  expected = finish(s);
  s = prepared("/nowhere/history.csv"); /* refused at the last step, or for the problem's text */
  assert_true(rramnas_search_resume_file(s, checkpoint, NULL) < 0);
  assert_int_equal(rramnas_search_set_history_file(s, other, NULL), RRAMNAS_OK);
  o.seed = 1;
  o.population = 20;
  assert_int_equal(rramnas_search_start(s, &o, NULL), RRAMNAS_OK);
  run(s, GENERATIONS, 0, 1);
  assert_same(finish(s), expected);
  free(expected);
}

static void
another_problem_is_refused_by_name(void **state)
{
  rramnas_search *s = started(0, 1, NULL);
  rramnas_error err = RRAMNAS_ERROR_INIT;

  (void)state;
  assert_int_equal(rramnas_search_save_file(s, checkpoint, NULL), RRAMNAS_OK);
  rramnas_search_unref(s);
  s = prepared(NULL);
  assert_int_equal(rramnas_search_add_constraint(s, "price < 7", NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_search_resume_file(s, checkpoint, &err), RRAMNAS_ERR_ARGUMENT);
  assert_non_null(strstr(err.message, "constraint: price <= 7"));
  rramnas_search_unref(s);
}

static int32_t
whole_search(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  rramnas_search_options o = RRAMNAS_SEARCH_OPTIONS_INIT;
  rramnas_run_options r = RRAMNAS_RUN_OPTIONS_INIT;
  rramnas_search *s = NULL;
  int32_t status;

  (void)user;
  o.population = 8;
  r.generations = 3;
  r.checkpoint = checkpoint;
  if ((status = case_create(runtime, history, NULL, &s, err)) >= 0 && (status = rramnas_search_start(s, &o, err)) >= 0)
    status = rramnas_search_run(s, &r, err);
  rramnas_search_unref(s);
  s = NULL;
  if (status >= 0 && (status = case_create(runtime, history, NULL, &s, err)) >= 0)
    status = rramnas_search_resume_file(s, checkpoint, err);
  rramnas_search_unref(s);
  return status;
}

static void
memory_may_run_out_anywhere(void **state)
{
  (void)state;
  assert_true(oom_until_success(whole_search, NULL, 1, 0) > 20);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(portions_and_orders_do_not_matter),
    cmocka_unit_test(resuming_at_every_generation_changes_nothing),
    cmocka_unit_test(budget_of_evaluations_is_exact_in_any_steps),
    cmocka_unit_test(budget_counts_what_was_told_out_of_order),
    cmocka_unit_test(threads_do_not_matter),
    cmocka_unit_test(who_judges_does_not_matter),
    cmocka_unit_test(asked_evaluated_told_is_a_run),
    cmocka_unit_test(digests_tell_problems_apart),
    cmocka_unit_test(figures_that_cannot_be_are_refused),
    cmocka_unit_test(pictures_of_any_numbers_end),
    cmocka_unit_test(broken_files_are_refused),
    cmocka_unit_test(a_refusal_leaves_the_session_as_it_was),
    cmocka_unit_test(another_problem_is_refused_by_name),
    cmocka_unit_test(memory_may_run_out_anywhere),
  };

  return cmocka_run_group_tests(tests, session_set_up, folder_remove);
}
