/* SPDX-License-Identifier: MIT */
/* Sessions of spaces with rules, and that are enumerated: full generations, each candidate once, until none is left. */
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "oom.h"
#include "session_case.h"

/* --- rules --- */

enum { BROAD = 999 };

/* Two genes 0 .. high with a rule; figures pull against each other. */
static rramnas_search *
ruled(int32_t strategy, double high, const char *rule)
{
  rramnas_search_options o = RRAMNAS_SEARCH_OPTIONS_INIT;
  rramnas_gene g = RRAMNAS_GENE_INIT;
  rramnas_search *s = NULL;

  o.strategy = strategy;
  o.population = 20;
  g.kind = RRAMNAS_GENE_INTEGER;
  g.high = high;
  assert_int_equal(rramnas_search_create(NULL, &s, NULL), RRAMNAS_OK);
  g.name = "a";
  assert_int_equal(rramnas_search_add_gene(s, &g, NULL), RRAMNAS_OK);
  g.name = "b";
  assert_int_equal(rramnas_search_add_gene(s, &g, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_search_add_rule(s, rule, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_search_add_objective(s, "up", RRAMNAS_MAXIMIZE, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_search_add_objective(s, "down", RRAMNAS_MINIMIZE, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_search_start(s, &o, NULL), RRAMNAS_OK);
  return s;
}

/* Asks for a generation, tells it, and counts it. */
static size_t
one_generation(rramnas_search *s, uint8_t *seen, int (*keeps)(int a, int b))
{
  double x[2 * 64], values[2];
  int64_t ids[64];
  size_t n, i;

  assert_int_equal(rramnas_search_ask(s, 64, x, ids, &n, NULL), RRAMNAS_OK);
  for (i = 0; i < n; i++) {
    const int a = (int)x[2 * i], b = (int)x[2 * i + 1];

    assert_true(keeps(a, b));
    assert_int_equal(seen[a * (BROAD + 1) + b]++, 0);
    values[0] = a + 0.1 * b;
    values[1] = a * a + b;
    assert_int_equal(rramnas_search_tell(s, ids + i, values, NULL, 1, NULL), RRAMNAS_OK);
  }
  return n;
}

static int
small_sum(int a, int b)
{
  return a + b <= 9;
}

static int
equal(int a, int b)
{
  return a == b;
}

static int
low_sum(int a, int b)
{
  return a + b <= 300;
}

/* Of a large space a generation is always full, whether most candidates keep the rules, few, or one in a thousand. */
static void
generations_are_full_under_rules(void **state)
{
  int32_t strategy;
  int generation;

  (void)state;
  for (strategy = 0; strategy <= RRAMNAS_STRATEGY_REINFORCE; strategy++) {
    uint8_t *seen = calloc(2 * (BROAD + 1), BROAD + 1);
    rramnas_search *s = started(strategy, 1, NULL), *some = ruled(strategy, BROAD, "a + b <= 300");
    rramnas_search *few = ruled(strategy, BROAD, "a == b");

    assert_non_null(seen);
    run(s, GENERATIONS, 0, 1);
    assert_int_equal(progress_of(s).evaluations, 20 * GENERATIONS);
    for (generation = 0; generation < GENERATIONS; generation++) {
      assert_int_equal(one_generation(some, seen, low_sum), 20);
      assert_int_equal(one_generation(few, seen + (BROAD + 1) * (BROAD + 1), equal), 20);
    }
    rramnas_search_unref(s);
    rramnas_search_unref(some);
    rramnas_search_unref(few);
    free(seen);
  }
}

/* Of a small space every candidate that keeps the rule is met once: full generations, then the rest, then nothing. */
static void
rules_are_exhausted_exactly(void **state)
{
  int32_t strategy;

  (void)state;
  for (strategy = 0; strategy <= RRAMNAS_STRATEGY_ENUMERATE; strategy++) {
    uint8_t *seen = calloc(BROAD + 1, BROAD + 1);
    rramnas_search *s = ruled(strategy, 9, "a + b <= 9");

    assert_non_null(seen);
    assert_int_equal(one_generation(s, seen, small_sum), 20);
    assert_int_equal(one_generation(s, seen, small_sum), 20);
    assert_int_equal(one_generation(s, seen, small_sum), 15);
    assert_int_equal(one_generation(s, seen, small_sum), 0);
    assert_int_equal(progress_of(s).exhausted, 1);
    rramnas_search_unref(s);
    free(seen);
  }
}

/* --- enumeration --- */

static int32_t
price_everything(void *user, const rramnas_batch *batch)
{
  size_t i;

  (void)user;
  for (i = 0; i < batch->n; i++) {
    const double *x = batch->genomes + 3 * i;

    batch->values[2 * i] = x[0] * x[0] + x[1] + (x[2] - 1) * (x[2] - 1);
    batch->values[2 * i + 1] = x[0] + 2 * x[1] - x[2];
  }
  return 0;
}

/* `extra` counts at depths above 4; the rule leaves few of a large range, so that whole generations break it. */
static rramnas_search *
countable(const rramnas_runtime *runtime, const char *history_path, rramnas_error *err)
{
  const rramnas_gene genes[] = {
    { .size = sizeof(rramnas_gene), .name = "depth", .kind = RRAMNAS_GENE_INTEGER, .high = 9 },
    { .size = sizeof(rramnas_gene), .name = "extra", .kind = RRAMNAS_GENE_INTEGER, .high = 2, .parent = "depth", .above = 4 },
    { .size = sizeof(rramnas_gene), .name = "width", .kind = RRAMNAS_GENE_INTEGER, .high = 31000 },
  };
  rramnas_search *s = NULL;
  int32_t status = rramnas_search_create(runtime, &s, err);
  size_t i;

  for (i = 0; i < 3 && status >= 0; i++)
    status = rramnas_search_add_gene(s, &genes[i], err);
  if (status < 0 || rramnas_search_add_rule(s, "depth + width <= 11", err) < 0 ||
      rramnas_search_add_objective(s, "price", RRAMNAS_MINIMIZE, err) < 0 ||
      rramnas_search_add_objective(s, "gain", RRAMNAS_MAXIMIZE, err) < 0 ||
      (history_path && rramnas_search_set_history_file(s, history_path, err) < 0) ||
      rramnas_search_set_evaluate(s, price_everything, NULL, err) < 0) {
    rramnas_search_unref(s);
    return NULL;
  }
  return s;
}

static rramnas_search *
enumerated(const char *history_path)
{
  rramnas_search_options o = RRAMNAS_SEARCH_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = countable(NULL, history_path, &err);

  o.strategy = RRAMNAS_STRATEGY_ENUMERATE;
  o.population = 2;
  o.offspring = 3;
  if (!s || rramnas_search_start(s, &o, &err) < 0)
    fail_msg("%s", err.message);
  return s;
}

/* Depths 0..4 have 12 - depth widths, depths 5..9 three times as many. */
enum { COUNTED = 12 + 11 + 10 + 9 + 8 + 3 * (7 + 6 + 5 + 4 + 3) };

static void
enumeration_is_whole(void **state)
{
  rramnas_search *s = enumerated(NULL);
  char count[32];

  (void)state;
  assert_int_equal(rramnas_search_count(s, count, sizeof(count), NULL), RRAMNAS_OK);
  assert_int_equal(strtol(count, NULL, 10), COUNTED);
  run(s, 0, COUNTED, 2);
  assert_int_equal(progress_of(s).evaluations, COUNTED);
  assert_int_equal(progress_of(s).infeasible, 0);
  rramnas_search_unref(s);
  s = enumerated(NULL);
  run(s, 0, 0, 1);
  assert_int_equal(progress_of(s).evaluations, COUNTED);
  assert_int_equal(progress_of(s).exhausted, 1);
  rramnas_search_unref(s);
}

static void
enumeration_resumes_anywhere(void **state)
{
  rramnas_search *s = enumerated(other);
  rramnas_error err = RRAMNAS_ERROR_INIT;
  front *expected;
  int64_t k;

  (void)state;
  run(s, 0, 0, 1);
  expected = finish(s);
  for (k = 1; k < 40; k += 3) {
    s = enumerated(history);
    run(s, k, 0, 1);
    assert_int_equal(rramnas_search_save_file(s, checkpoint, NULL), RRAMNAS_OK);
    rramnas_search_unref(s);
    s = countable(NULL, history, &err);
    if (!s || rramnas_search_resume_file(s, checkpoint, &err) < 0)
      fail_msg("%s", err.message);
    run(s, 0, 0, 1);
    assert_same(finish(s), expected);
    assert_same_files(history, other);
  }
  free(expected);
}

static void
too_much_is_not_enumerated(void **state)
{
  rramnas_search_options o = RRAMNAS_SEARCH_OPTIONS_INIT;
  rramnas_run_options r = RRAMNAS_RUN_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = enumerated(NULL);

  (void)state;
  r.evaluations = COUNTED - 1;
  assert_int_equal(rramnas_search_run(s, &r, &err), RRAMNAS_ERR_LIMIT);
  assert_non_null(strstr(err.message, "125 candidates, 124 may be enumerated"));
  assert_int_equal(progress_of(s).evaluations, 0);
  rramnas_search_unref(s);

  o.strategy = RRAMNAS_STRATEGY_ENUMERATE;
  r.evaluations = 0;
  assert_int_equal(rramnas_search_create_ready("ofa-mobilenet-v3-large", NULL, &s, &err), RRAMNAS_OK);
  assert_int_equal(rramnas_search_add_objective(s, "macs", 0, &err), RRAMNAS_OK);
  assert_int_equal(rramnas_search_start(s, &o, &err), RRAMNAS_OK);
  assert_int_equal(rramnas_search_run(s, &r, &err), RRAMNAS_ERR_LIMIT);
  assert_non_null(strstr(err.message, "more than 10^18"));
  rramnas_search_unref(s);

  s = prepared(NULL);
  assert_int_equal(rramnas_search_start(s, &o, &err), RRAMNAS_ERR_ARGUMENT);
  assert_non_null(strstr(err.message, "real"));
  rramnas_search_unref(s);
}

static int32_t
whole_enumeration(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  rramnas_search_options o = RRAMNAS_SEARCH_OPTIONS_INIT;
  rramnas_run_options r = RRAMNAS_RUN_OPTIONS_INIT;
  rramnas_search *s = countable(runtime, NULL, err);
  int32_t status = s ? RRAMNAS_OK : RRAMNAS_ERR_MEMORY;

  (void)user;
  o.strategy = RRAMNAS_STRATEGY_ENUMERATE;
  r.generations = 2;
  r.checkpoint = checkpoint;
  if (status >= 0 && (status = rramnas_search_start(s, &o, err)) >= 0)
    status = rramnas_search_run(s, &r, err);
  rramnas_search_unref(s);
  return status;
}

static void
enumeration_may_run_out_of_memory(void **state)
{
  (void)state;
  assert_true(oom_until_success(whole_enumeration, NULL, 1, 0) > 20);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(generations_are_full_under_rules),
    cmocka_unit_test(rules_are_exhausted_exactly),
    cmocka_unit_test(enumeration_is_whole),
    cmocka_unit_test(enumeration_resumes_anywhere),
    cmocka_unit_test(too_much_is_not_enumerated),
    cmocka_unit_test(enumeration_may_run_out_of_memory),
  };

  return cmocka_run_group_tests(tests, session_set_up, folder_remove);
}
