/* SPDX-License-Identifier: MIT */
/* When a search ends: every budget alone and with others, stops from signals and callbacks, spaces that have no more,
 * candidates of which none is feasible, evaluations that fail. */
#include <limits.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include <cmocka.h>

#include "oom.h"
#include "random.h"
#include "search_case.h"

enum { MOST_GENERATIONS = 64 };

/* What a callback of the tests does besides working figures out. */
typedef struct how {
  int64_t asked;     /* candidates so far */
  int64_t fails_at;  /* the batch that fails, from 1; 0 = none */
  int64_t batches;
  int32_t nothing;   /* 1: all figures stay unknown */
  int32_t sleep_us;  /* per batch */
} how;

static int32_t
evaluate(void *user, const rramnas_batch *batch)
{
  how *h = user;
  const struct timespec pause = { 0, h->sleep_us * 1000L };

  if (h->sleep_us)
    nanosleep(&pause, NULL);
  if (++h->batches == h->fails_at)
    return 1;
  h->asked += (int64_t)batch->n;
  return h->nothing ? 0 : case_evaluate(NULL, batch);
}

static rramnas_search *
prepared(how *h)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = NULL;

  if (case_create(NULL, NULL, NULL, &s, &err) < 0 || rramnas_search_set_evaluate(s, evaluate, h, &err) < 0)
    fail_msg("%s", err.message);
  return s;
}

static void
start(rramnas_search *s, int32_t strategy, int32_t population)
{
  rramnas_search_options o = RRAMNAS_SEARCH_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;

  o.seed = 9;
  o.strategy = strategy;
  o.population = population;
  if (rramnas_search_start(s, &o, &err) < 0)
    fail_msg("%s", err.message);
}

static rramnas_search *
started(how *h)
{
  rramnas_search *s = prepared(h);

  start(s, 0, 10);
  return s;
}

static rramnas_progress
progress_of(const rramnas_search *s)
{
  rramnas_progress p = RRAMNAS_PROGRESS_INIT;

  assert_int_equal(rramnas_search_progress(s, &p), RRAMNAS_OK);
  return p;
}

static void
run_generations(rramnas_search *s, int64_t generations)
{
  rramnas_run_options o = RRAMNAS_RUN_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;

  o.generations = generations;
  if (rramnas_search_run(s, &o, &err) != RRAMNAS_OK)
    fail_msg("%s", err.message);
}

/* A number for the whole front. */
static double
sum_of_front(const rramnas_search *s)
{
  double genome[CASE_GENES], values[CASE_FIGURES], sum = 0;
  size_t i, j;

  for (i = 0; i < rramnas_search_front_count(s); i++) {
    assert_int_equal(rramnas_search_front(s, i, genome, values), RRAMNAS_OK);
    for (j = 0; j < CASE_GENES; j++)
      sum += genome[j] * (double)(i + 3 * j + 1);
    sum += values[0] + 2 * values[1];
  }
  return sum;
}

/* The front of the case after so many generations without a break. */
static double
expected_front(int64_t generations)
{
  how h = { 0 };
  rramnas_search *s = started(&h);
  double sum;

  run_generations(s, generations);
  sum = sum_of_front(s);
  rramnas_search_unref(s);
  return sum;
}

/* --- budgets --- */

typedef struct record {
  int64_t evaluations[MOST_GENERATIONS], stagnant[MOST_GENERATIONS]; /* after each generation */
  int64_t n;
} record;

static int32_t
keep_record(void *user, const rramnas_progress *p)
{
  record *r = user;

  assert_int_equal(p->generation, r->n + 1);
  r->evaluations[r->n] = p->evaluations;
  r->stagnant[r->n++] = p->stagnant;
  return r->n == MOST_GENERATIONS;
}

static void
record_course(record *r)
{
  rramnas_run_options o = RRAMNAS_RUN_OPTIONS_INIT;
  how h = { 0 };
  rramnas_search *s = started(&h);

  r->n = 0;
  o.progress = keep_record;
  o.user = r;
  assert_int_equal(rramnas_search_run(s, &o, NULL), RRAMNAS_STOPPED);
  rramnas_search_unref(s);
}

/* Where the course ends by the record: generations told and evaluations. */
static void
foretell(const record *r, const rramnas_run_options *o, int64_t *ret_generation, int64_t *ret_evaluations)
{
  int64_t g;

  for (g = 0; g < r->n; g++) {
    if (o->evaluations && r->evaluations[g] > o->evaluations) {
      *ret_generation = g;
      *ret_evaluations = o->evaluations;
      return;
    }
    if ((o->generations && g + 1 >= o->generations) || (o->stagnation && r->stagnant[g] >= o->stagnation) ||
        (o->evaluations && r->evaluations[g] == o->evaluations))
      break;
  }
  *ret_generation = g + 1;
  *ret_evaluations = r->evaluations[g];
}

static void
the_first_budget_that_is_spent_ends_a_run(void **state)
{
  test_random random = { 5 };
  record r;
  int n;

  (void)state;
  record_course(&r);
  for (n = 0; n < 60; n++) {
    rramnas_run_options o = RRAMNAS_RUN_OPTIONS_INIT;
    int64_t generation = 0, evaluations = 0;
    how h = { 0 };
    rramnas_search *s = started(&h);
    rramnas_progress p;

    o.generations = 1 + (int64_t)test_below(&random, MOST_GENERATIONS - 1);
    o.evaluations = test_below(&random, 3) ? 1 + (int64_t)test_below(&random, 400) : 0;
    o.stagnation = test_below(&random, 2) ? 1 + (int64_t)test_below(&random, 8) : 0;
    assert_int_equal(rramnas_search_run(s, &o, NULL), RRAMNAS_OK);
    foretell(&r, &o, &generation, &evaluations);
    p = progress_of(s);
    assert_int_equal(p.generation, generation);
    assert_int_equal(p.evaluations, evaluations);
    assert_int_equal(h.asked, evaluations);
    rramnas_search_unref(s);
  }
}

/* Time alone ends a search without other budgets; what is not done waits and the course is the same. */
static void
seconds_end_a_run_that_can_go_on(void **state)
{
  rramnas_run_options o = RRAMNAS_RUN_OPTIONS_INIT;
  how h = { 0 };
  rramnas_search *s = started(&h);
  int n;

  (void)state;
  o.seconds = 1e-9;
  assert_int_equal(rramnas_search_run(s, &o, NULL), RRAMNAS_OK);
  assert_int_equal(progress_of(s).evaluations, 0);
  o.seconds = 0.01;
  o.generations = 12;
  h.sleep_us = 2500;
  for (n = 0; n < 1000 && progress_of(s).generation < 12; n++)
    assert_int_equal(rramnas_search_run(s, &o, NULL), RRAMNAS_OK);
  assert_in_range(n, 2, 999);
  assert_true(sum_of_front(s) == expected_front(12));
  assert_true(progress_of(s).seconds >= 0.02);
  rramnas_search_unref(s);
}

static void
budgets_are_checked(void **state)
{
  how h = { 0 };
  rramnas_search *s = started(&h);
  int n;

  (void)state;
  for (n = 0; n < 6; n++) {
    rramnas_run_options o = RRAMNAS_RUN_OPTIONS_INIT;

    o.generations = n == 0 ? -1 : 3;
    o.evaluations = n == 1 ? -1 : 0;
    o.seconds = n == 2 ? -1 : n == 3 ? NAN : 0;
    o.stagnation = n == 4 ? -1 : 0;
    o.n_threads = n == 5 ? -1 : 0;
    assert_int_equal(rramnas_search_run(s, &o, NULL), RRAMNAS_ERR_RANGE);
  }
  assert_int_equal(h.asked, 0);
  rramnas_search_unref(s);
}

/* --- stops --- */

static int32_t
stop_at_three(void *user, const rramnas_progress *p)
{
  *(int64_t *)user = p->generation;
  return p->generation == 3;
}

static void
progress_may_stop(void **state)
{
  rramnas_run_options o = RRAMNAS_RUN_OPTIONS_INIT;
  how h = { 0 };
  rramnas_search *s = started(&h);
  int64_t last = 0;

  (void)state;
  o.generations = 12;
  o.progress = stop_at_three;
  o.user = &last;
  assert_int_equal(rramnas_search_run(s, &o, NULL), RRAMNAS_STOPPED);
  assert_int_equal(last, 3);
  assert_int_equal(progress_of(s).generation, 3);
  assert_int_equal(rramnas_search_run(s, &o, NULL), RRAMNAS_OK);
  assert_int_equal(last, 12);
  assert_true(sum_of_front(s) == expected_front(12));
  rramnas_search_unref(s);
}

static rramnas_search *running;

static void
stop_by_signal(int number)
{
  (void)number;
  rramnas_search_stop(running);
}

static void *
stop_by_thread(void *search)
{
  const struct timespec pause = { 0, 3000000 };

  nanosleep(&pause, NULL);
  rramnas_search_stop(search);
  return NULL;
}

/* The signal is for the thread that runs the search. Another one that has hardly begun may not take it: what watches
 * threads is not ready there. */
static void *
send_signal(void *thread)
{
  const struct timespec pause = { 0, 3000000 };

  nanosleep(&pause, NULL);
  pthread_kill(*(const pthread_t *)thread, SIGALRM);
  return NULL;
}

static int32_t
run_until_stopped(rramnas_search *s, int by_signal)
{
  rramnas_run_options o = RRAMNAS_RUN_OPTIONS_INIT;
  pthread_t thread, self = pthread_self();
  int32_t status;

  o.n_threads = 2;
  running = s;
  signal(SIGALRM, stop_by_signal);
  if (by_signal)
    assert_int_equal(pthread_create(&thread, NULL, send_signal, &self), 0);
  else
    assert_int_equal(pthread_create(&thread, NULL, stop_by_thread, s), 0);
  status = rramnas_search_run(s, &o, NULL);
  assert_int_equal(pthread_join(thread, NULL), 0);
  return status;
}

/* A search without any budget, stopped at some moment several times, goes on as if it had not been. */
static void
signals_and_threads_may_stop(void **state)
{
  int by_signal, n;

  (void)state;
  for (by_signal = 0; by_signal <= 1; by_signal++) {
    how h = { .sleep_us = 200 };
    rramnas_search *s = started(&h);
    int64_t generation = 0;

    for (n = 0; n < 5; n++) {
      assert_int_equal(run_until_stopped(s, by_signal), RRAMNAS_STOPPED);
      assert_true(progress_of(s).generation >= generation);
      generation = progress_of(s).generation;
    }
    h.sleep_us = 0;
    run_generations(s, generation + 2);
    assert_true(sum_of_front(s) == expected_front(generation + 2));
    rramnas_search_unref(s);
  }
}

/* Built-in figures are worked out by threads: a stop must not lose what they have done. */
static void
a_stop_keeps_what_threads_have_done(void **state)
{
  const double nothing[2] = { 0 };
  double stopped[2], whole[2];
  int n;

  (void)state;
  memcpy(stopped, nothing, sizeof(stopped));
  for (n = 0; n < 2; n++) {
    rramnas_error err = RRAMNAS_ERROR_INIT;
    rramnas_search *s = NULL;

    if (rramnas_search_create_ready("nacim-cnn", NULL, &s, &err) < 0 ||
        rramnas_search_add_objective(s, "macs", RRAMNAS_MAXIMIZE, &err) < 0 ||
        rramnas_search_add_objective(s, "latency_ns", 0, &err) < 0)
      fail_msg("%s", err.message);
    start(s, 0, 12);
    for (; n == 1 && progress_of(s).generation < 2;)
      run_until_stopped(s, 1);
    run_generations(s, 4);
    assert_int_equal(rramnas_search_front(s, 0, NULL, n ? stopped : whole), RRAMNAS_OK);
    rramnas_search_unref(s);
  }
  assert_memory_equal(stopped, whole, sizeof(whole));
}

/* --- candidates that fail or break something --- */

static void
what_fails_is_counted(void **state)
{
  how h = { .nothing = 1 };
  int32_t strategy;

  (void)state;
  for (strategy = 0; strategy <= RRAMNAS_STRATEGY_REINFORCE; strategy++) {
    rramnas_search *s = prepared(&h);
    rramnas_progress p;

    start(s, strategy, 10);
    run_generations(s, 6);
    p = progress_of(s);
    assert_true(p.evaluations > 0 && p.failed == p.evaluations && p.infeasible == 0 && p.front == 0);
    assert_true(p.hypervolume == 0 && p.stagnant == 0);
    h.nothing = 0; /* and it recovers */
    run_generations(s, 12);
    assert_true(progress_of(s).front > 0);
    rramnas_search_unref(s);
    h.nothing = 1;
  }
}

/* An evaluation that ends the run leaves its batch to be done: the course is as if it had not happened. */
static void
evaluations_may_end_a_run(void **state)
{
  rramnas_run_options o = RRAMNAS_RUN_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  int64_t at;

  (void)state;
  o.generations = 12;
  for (at = 1; at <= 12; at += 4) {
    how h = { .fails_at = at };
    rramnas_search *s = started(&h);

    assert_int_equal(rramnas_search_run(s, &o, &err), RRAMNAS_ERR_CALLBACK);
    assert_int_equal(progress_of(s).generation, at - 1);
    assert_int_equal(progress_of(s).evaluations, h.asked);
    run_generations(s, 12);
    assert_true(sum_of_front(s) == expected_front(12));
    rramnas_search_unref(s);
  }
}

static int32_t
evaluate_corner(void *user, const rramnas_batch *batch)
{
  size_t i;

  (void)user;
  for (i = 0; i < batch->n; i++) {
    const double *x = batch->genomes + 3 * i;

    batch->values[3 * i] = x[0] + x[2];
    batch->values[3 * i + 1] = 1 - x[0] + x[1];
    batch->values[3 * i + 2] = x[0] + x[1] + x[2];
  }
  return 0;
}

/* Three integers; `rule` and `constraint` may be NULL. */
static rramnas_search *
integers(double high, const char *rule, const char *constraint)
{
  static const char *const names[] = { "a", "b", "c" };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = NULL;
  int32_t status = rramnas_search_create(NULL, &s, &err);
  int i;

  for (i = 0; i < 3 && status >= 0; i++) {
    rramnas_gene g = RRAMNAS_GENE_INIT;

    g.name = names[i];
    g.kind = RRAMNAS_GENE_INTEGER;
    g.high = high;
    status = rramnas_search_add_gene(s, &g, &err);
  }
  if (status < 0 || (rule && rramnas_search_add_rule(s, rule, &err) < 0) ||
      rramnas_search_add_objective(s, "f", 0, &err) < 0 || rramnas_search_add_objective(s, "g", 0, &err) < 0 ||
      rramnas_search_add_constraint(s, constraint ? constraint : "sum < 1e9", &err) < 0 ||
      rramnas_search_set_evaluate(s, evaluate_corner, NULL, &err) < 0)
    fail_msg("%s", err.message);
  return s;
}

/* A millionth of the space is feasible, by a constraint and by a rule: only the violation shows the way. Rules cost no
 * figures, so the first generation keeps them. */
static void
the_way_from_nothing_feasible_is_found(void **state)
{
  int by_rule;

  (void)state;
  for (by_rule = 0; by_rule <= 1; by_rule++) {
    rramnas_search *s = integers(1000, by_rule ? "a + b + c >= 2950" : NULL, by_rule ? NULL : "sum >= 2950");
    rramnas_progress p;

    start(s, 0, 20);
    run_generations(s, 1);
    assert_int_equal(progress_of(s).evaluations, 20);
    assert_int_equal(progress_of(s).front > 0, by_rule);
    run_generations(s, 150);
    p = progress_of(s);
    assert_true(p.front > 0 && p.hypervolume >= 0);
    assert_true(by_rule ? p.infeasible == 0 : p.infeasible > 0);
    rramnas_search_unref(s);
  }
}

/* --- small and empty spaces, small populations --- */

static void
small_populations_work(void **state)
{
  static const int32_t sizes[] = { 1, 2, 3, 5, 7 };
  int32_t strategy;
  size_t k;

  (void)state;
  for (strategy = 0; strategy <= RRAMNAS_STRATEGY_REINFORCE; strategy++)
    for (k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
      rramnas_run_options o = RRAMNAS_RUN_OPTIONS_INIT;
      how h = { 0 };
      rramnas_search *s = prepared(&h);

      start(s, strategy, sizes[k]);
      o.evaluations = 97;
      assert_int_equal(rramnas_search_run(s, &o, NULL), RRAMNAS_OK);
      assert_int_equal(progress_of(s).evaluations, 97);
      assert_int_equal(h.asked, 97);
      assert_true(progress_of(s).front > 0);
      rramnas_search_unref(s);
    }
}

static void
assert_exhausted(rramnas_search *s, int64_t evaluations)
{
  rramnas_run_options o = RRAMNAS_RUN_OPTIONS_INIT;
  double x[3 * 64];
  int64_t ids[64];
  size_t n = 7;

  assert_int_equal(rramnas_search_run(s, &o, NULL), RRAMNAS_OK);
  assert_int_equal(progress_of(s).evaluations, evaluations);
  assert_int_equal(progress_of(s).exhausted, 1);
  assert_int_equal(rramnas_search_ask(s, 64, x, ids, &n, NULL), RRAMNAS_OK);
  assert_int_equal(n, 0);
  o.evaluations = 1000000;
  assert_int_equal(rramnas_search_run(s, &o, NULL), RRAMNAS_OK); /* and nothing happens */
  assert_int_equal(progress_of(s).evaluations, evaluations);
  rramnas_search_unref(s);
}

static void
spaces_are_exhausted(void **state)
{
  static const int32_t sizes[] = { 1, 2, 3, 64, 1000 };
  int32_t strategy;
  size_t k;

  (void)state;
  for (strategy = 0; strategy <= RRAMNAS_STRATEGY_ENUMERATE; strategy++)
    for (k = 0; k < sizeof(sizes) / sizeof(sizes[0]); k++) {
      rramnas_search *s;

      start(s = integers(0, NULL, NULL), strategy, sizes[k]); /* all genes are fixed */
      assert_exhausted(s, 1);
      start(s = integers(2, NULL, NULL), strategy, sizes[k]);
      assert_exhausted(s, 27);
      start(s = integers(4, "a + b + c <= 2", NULL), strategy, sizes[k]); /* candidates that break the rule do not count */
      assert_exhausted(s, 10);
      start(s = integers(3, "a > 3", NULL), strategy, sizes[k]); /* nothing keeps it */
      assert_exhausted(s, 0);
    }
}

/* Nothing keeps the rule, and the space is too large to find that out by going through it. */
static void
budgets_hold_where_nothing_keeps_the_rules(void **state)
{
  rramnas_run_options o = RRAMNAS_RUN_OPTIONS_INIT;
  rramnas_search *s = integers(1000000, "a > 1000000", NULL);

  (void)state;
  start(s, 0, 50);
  o.generations = 5;
  assert_int_equal(rramnas_search_run(s, &o, NULL), RRAMNAS_OK);
  assert_int_equal(progress_of(s).generation, 5);
  assert_int_equal(progress_of(s).exhausted, 0);
  o.generations = 0;
  o.seconds = 0.02;
  assert_int_equal(rramnas_search_run(s, &o, NULL), RRAMNAS_OK);
  assert_int_equal(progress_of(s).exhausted, 0);
  assert_in_range(progress_of(s).generation, 5, 9000);
  o.seconds = 0;
  assert_int_equal(run_until_stopped(s, 1), RRAMNAS_STOPPED);
  assert_int_equal(progress_of(s).evaluations, 0);
  rramnas_search_unref(s);
}

/* --- stagnation --- */

/* Squared distances from six corners of a cube. */
static int32_t
evaluate_many(void *user, const rramnas_batch *batch)
{
  static const double corners[6][3] = { { 0, 0, 0 }, { 1, 0, 0 }, { 0, 1, 0 }, { 0, 0, 1 }, { 1, 1, 0 }, { 1, 0, 1 } };
  size_t i, j, k;

  (void)user;
  for (i = 0; i < batch->n; i++)
    for (j = 0; j < 6; j++) {
      batch->values[6 * i + j] = 0;
      for (k = 0; k < 3; k++) {
        const double d = batch->genomes[3 * i + k] - 1000 * corners[j][k];

        batch->values[6 * i + j] += d * d;
      }
    }
  return 0;
}

/* With so many objectives that the volume of a large front is not worked out, new points of the front count. */
static void
many_objectives_do_not_stagnate_while_the_front_grows(void **state)
{
  static const char *const names[] = { "p", "q", "r", "s", "t", "u" };
  rramnas_run_options o = RRAMNAS_RUN_OPTIONS_INIT;
  rramnas_search *s = integers(1000, NULL, NULL);
  rramnas_progress p, later;
  int i;

  (void)state;
  rramnas_search_unref(s);
  s = NULL;
  assert_int_equal(rramnas_search_create(NULL, &s, NULL), RRAMNAS_OK);
  for (i = 0; i < 3; i++) {
    rramnas_gene g = RRAMNAS_GENE_INIT;

    g.name = names[i];
    g.kind = RRAMNAS_GENE_INTEGER;
    g.high = 1000;
    assert_int_equal(rramnas_search_add_gene(s, &g, NULL), RRAMNAS_OK);
  }
  for (i = 0; i < 6; i++)
    assert_int_equal(rramnas_search_add_objective(s, names[i], 0, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_search_set_evaluate(s, evaluate_many, NULL, NULL), RRAMNAS_OK);
  start(s, 0, 60);
  o.stagnation = 3;
  o.generations = 40;
  assert_int_equal(rramnas_search_run(s, &o, NULL), RRAMNAS_OK);
  p = progress_of(s);
  o.stagnation = 0;
  o.generations = p.generation + 1;
  assert_int_equal(rramnas_search_run(s, &o, NULL), RRAMNAS_OK);
  later = progress_of(s);
  assert_true(p.front > 100);
  assert_true(p.generation == 40 || later.front == p.front);
  rramnas_search_unref(s);
}

/* --- refusals --- */

static void
ids_that_are_not_out_are_refused(void **state)
{
  const int64_t ids[] = { INT64_MIN, INT64_MAX, -1, 0, 1000000, 10 };
  const double values[CASE_FIGURES] = { 0 };
  how h = { 0 };
  rramnas_search *s = started(&h);
  double x[CASE_GENES];
  int64_t id;
  size_t n;

  (void)state;
  run_generations(s, 2);
  assert_int_equal(rramnas_search_ask(s, 1, x, &id, &n, NULL), RRAMNAS_OK);
  for (n = 0; n < sizeof(ids) / sizeof(ids[0]); n++)
    assert_int_equal(rramnas_search_tell(s, &ids[n], values, NULL, 1, NULL), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_search_tell(s, &id, values, NULL, 1, NULL), RRAMNAS_OK);
  rramnas_search_unref(s);
}

/* Memory that runs out at any moment of a run: it can be gone on with, or says that it cannot; never is the course
 * another one. */
static void
a_run_that_lacked_memory_is_right_or_refused(void **state)
{
  const double expected = expected_front(6);
  int refused = 0, right = 0;
  size_t at;

  (void)state;
  for (at = 1;; at++) {
    rramnas_run_options o = RRAMNAS_RUN_OPTIONS_INIT;
    rramnas_search_options how_to_start = RRAMNAS_SEARCH_OPTIONS_INIT;
    rramnas_error err = RRAMNAS_ERROR_INIT;
    oom accounts = { 0 };
    rramnas_runtime runtime = oom_runtime(&accounts);
    rramnas_search *s = NULL;
    int32_t status;
    how h = { 0 };

    how_to_start.seed = 9;
    how_to_start.population = 10;
    assert_int_equal(case_create(&runtime, NULL, NULL, &s, NULL), RRAMNAS_OK);
    assert_int_equal(rramnas_search_set_evaluate(s, evaluate, &h, NULL), RRAMNAS_OK);
    assert_int_equal(rramnas_search_start(s, &how_to_start, NULL), RRAMNAS_OK);
    oom_arm(&accounts, at, 0);
    o.generations = 6;
    status = rramnas_search_run(s, &o, &err);
    if (accounts.n_failed > 0) {
      assert_int_equal(status, RRAMNAS_ERR_MEMORY);
      status = rramnas_search_run(s, &o, &err);
      if (status < 0) {
        assert_int_equal(status, RRAMNAS_ERR_ARGUMENT);
        assert_non_null(strstr(err.message, "memory"));
        assert_int_equal(rramnas_search_save_file(s, "never-written", NULL), RRAMNAS_ERR_ARGUMENT);
        assert_int_not_equal(access("never-written", F_OK), 0);
        refused++;
      }
    }
    if (status >= 0) {
      assert_true(sum_of_front(s) == expected);
      right++;
    }
    rramnas_search_unref(s);
    oom_check(&accounts);
    if (accounts.n_failed == 0)
      break;
  }
  assert_true(refused > 0 && right > 1);
}

/* What a session makes lives in the session's memory. */
static void
networks_and_chips_are_of_the_session(void **state)
{
  oom accounts = { 0 };
  const rramnas_runtime runtime = oom_runtime(&accounts);
  const double x[6] = { 1, 2, 3, 2, 1, 4 };
  rramnas_search *s = NULL;
  rramnas_net *net = NULL;
  rramnas_hw *hw = NULL;
  size_t before;

  (void)state;
  assert_int_equal(rramnas_search_create_ready("nas-bench-201", &runtime, &s, NULL), RRAMNAS_OK);
  before = accounts.n_live;
  assert_int_equal(rramnas_search_build_net(s, x, &net, NULL), RRAMNAS_OK);
  assert_true(accounts.n_live > before);
  before = accounts.n_live;
  assert_int_equal(rramnas_search_build_hw(s, x, &hw, NULL), RRAMNAS_OK);
  assert_true(accounts.n_live > before);
  rramnas_search_unref(s);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
  oom_check(&accounts);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_first_budget_that_is_spent_ends_a_run),
    cmocka_unit_test(seconds_end_a_run_that_can_go_on),
    cmocka_unit_test(budgets_are_checked),
    cmocka_unit_test(progress_may_stop),
    cmocka_unit_test(signals_and_threads_may_stop),
    cmocka_unit_test(a_stop_keeps_what_threads_have_done),
    cmocka_unit_test(what_fails_is_counted),
    cmocka_unit_test(evaluations_may_end_a_run),
    cmocka_unit_test(the_way_from_nothing_feasible_is_found),
    cmocka_unit_test(small_populations_work),
    cmocka_unit_test(spaces_are_exhausted),
    cmocka_unit_test(budgets_hold_where_nothing_keeps_the_rules),
    cmocka_unit_test(many_objectives_do_not_stagnate_while_the_front_grows),
    cmocka_unit_test(ids_that_are_not_out_are_refused),
    cmocka_unit_test(a_run_that_lacked_memory_is_right_or_refused),
    cmocka_unit_test(networks_and_chips_are_of_the_session),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
