/* SPDX-License-Identifier: MIT */
/* Figures of candidates: built in against the public API, the cache and what its keys tell apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "evaluate/metrics.h"
#include "evaluate_case.h"

/* --- built-in figures --- */

static void
metrics_are_described(void **state)
{
  rramnas_metric m = RRAMNAS_METRIC_INIT;
  char last[64] = "";
  size_t i;

  (void)state;
  for (i = 0; i < rramnas_metric_count(); i++) {
    assert_int_equal(rramnas_metric_info(i, &m), RRAMNAS_OK);
    assert_true(strcmp(last, m.name) < 0);
    assert_true(m.direction == RRAMNAS_MINIMIZE || m.direction == RRAMNAS_MAXIMIZE);
    assert_true(*m.unit && *m.doc);
    assert_int_equal(rrn_metric_find(m.name), i);
    assert_int_equal(rrn_metric_direction(m.name), m.direction);
    strcpy(last, m.name);
  }
  assert_int_equal(rramnas_metric_info(i, &m), RRAMNAS_ERR_ARGUMENT);
  assert_true(rrn_metric_find("accuracy_month") == SIZE_MAX);
  assert_int_equal(rrn_metric_direction("accuracy_drift"), RRAMNAS_MAXIMIZE);
  assert_int_equal(rrn_metric_direction("loss"), RRAMNAS_MINIMIZE);
}

static void
figures_are_those_of_the_api(void **state)
{
  static const char *const names[] = { "latency_ns", "energy_pj", "area_um2", "throughput", "speedup_vs_isaac", "edp",
                                       "crossbars", "utilization", "mine" };
  enum { N = sizeof(names) / sizeof(names[0]) };
  double x[64] = { 0 }, values[N], shortfall = -1;
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_timing_options how = RRAMNAS_TIMING_OPTIONS_INIT;
  rramnas_cost_options k = RRAMNAS_COST_OPTIONS_INIT;
  rramnas_timing t = RRAMNAS_TIMING_INIT;
  rramnas_cost cost = RRAMNAS_COST_INIT;
  rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;
  rramnas_mapping *m = NULL;
  rramnas_net *net = NULL;
  rramnas_hw *hw = NULL;
  fixture f;
  size_t i;

  (void)state;
  set_up(&f, "ofa-mobilenet-v3-small");
  for (i = 0; i < f.space.n; i++)
    x[i] = f.space.core[i].low;
  prepare(&f, names, N);
  assert_int_equal(rrn_evaluation_run(&f.e, x, values, &shortfall, &f.err), RRAMNAS_OK);

  o.effort = RRAMNAS_EFFORT_FAST;
  how.model = k.timing_model = RRAMNAS_TIMING_RNC;
  how.samples = k.samples = 8;
  assert_int_equal(rramnas_hw_create_default(NULL, &hw, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_space_build_net(&f.space, x, NULL, &net, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_compile(hw, net, &o, NULL, &m, &f.err), RRAMNAS_OK);
  assert_int_equal(rramnas_mapping_simulate(m, &how, &t, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_mapping_get_cost(m, &k, &cost, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_mapping_get_info(m, &info), RRAMNAS_OK);
  assert_true(shortfall == 0);
  assert_true(values[0] == t.latency_ns && t.latency_ns > 0);
  assert_true(values[1] == cost.energy_per_inference_pj && values[2] == cost.area_um2);
  assert_true(fabs(values[3] / cost.inferences_per_s - 1) < 1e-12);
  assert_true(values[4] == t.speedup && values[5] == cost.edp_pj_ns);
  assert_true(values[6] == info.crossbars_used && values[7] == info.utilization);
  assert_true(isnan(values[8]));
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
  tear_down(&f);
}

/* The fewer crossbars there are, the further a candidate is from fitting; what needs no mapping is known. */
static void
network_that_does_not_fit_falls_short(void **state)
{
  static const char *const names[] = { "latency_ns", "weights" };
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_cost_options k = RRAMNAS_COST_OPTIONS_INIT;
  double x[64] = { 0 }, values[2], shortfall, before = INFINITY;
  fixture f;
  size_t i;

  (void)state;
  for (o.crossbars = 2; o.crossbars <= 8; o.crossbars *= 2) {
    set_up(&f, "ofa-mobilenet-v3-small");
    for (i = 0; i < f.space.n; i++)
      x[i] = f.space.core[i].high;
    assert_int_equal(rrn_evaluation_set_compile(&f.e, &o, &k, &f.err), RRAMNAS_OK);
    prepare(&f, names, 2);
    assert_int_equal(rrn_evaluation_run(&f.e, x, values, &shortfall, &f.err), RRAMNAS_OK);
    assert_true(isnan(values[0]) && values[1] > 1e5);
    assert_true(shortfall > 0 && shortfall < before);
    before = shortfall;
    tear_down(&f);
  }
}

/* MNSIM's costs are of one inference: eight have none. A figure must not depend on which others are asked for. */
static void
a_figure_is_known_without_those_that_fail(void **state)
{
  static const char *const names[] = { "latency_ns", "crossbars", "energy_pj" };
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_cost_options k = RRAMNAS_COST_OPTIONS_INIT;
  const double x[6] = { 1, 2, 3, 2, 1, 4 };
  double alone[2], values[3], shortfall;
  fixture f;
  size_t n;

  (void)state;
  k.model = RRAMNAS_COST_MNSIM;
  for (n = 2; n <= 3; n++) {
    set_up(&f, "nas-bench-201");
    assert_int_equal(rrn_evaluation_set_compile(&f.e, &o, &k, &f.err), RRAMNAS_OK);
    prepare(&f, names, n);
    assert_int_equal(rrn_evaluation_run(&f.e, x, n == 2 ? alone : values, &shortfall, &f.err), RRAMNAS_OK);
    tear_down(&f);
  }
  assert_true(isnan(values[2]) && shortfall == 0);
  assert_true(alone[0] > 0 && values[0] == alone[0] && values[1] == alone[1]);
}

/* --- the cache --- */

static void
cache_keeps_figures(void **state)
{
  static const char *const names[] = { "latency_ns", "accuracy" }, *const more[] = { "accuracy", "energy_pj" };
  const double x[6] = { 0, 1, 2, 3, 4, 0 }, y[2] = { 0.1, NAN };
  const rrn_fingerprint setting = { 1, 2 }, other = { 1, 3 }, candidate = rrn_fingerprint_of(x, 6);
  double got[2], shortfall = 0.5;
  rrn_cache *cache = NULL;
  fixture f;
  int32_t status;

  (void)state;
  set_up(&f, "nas-bench-201");
  write_file(f.path, "", 0);
  status = rrn_cache_open(&cache, &test_runtime, f.path, &f.err);
  if (status != RRAMNAS_ERR_UNSUPPORTED) {
    assert_int_equal(status, RRAMNAS_OK);
    assert_int_equal(rrn_cache_prepare(cache, setting, names, 2, &f.err), RRAMNAS_OK);
    assert_int_equal(rrn_cache_get(cache, candidate, got, &shortfall, &f.err), 0);
    assert_int_equal(rrn_cache_put(cache, &f.space, x, y, &shortfall, 1, &f.err), RRAMNAS_OK);
    rrn_cache_close(cache);
    assert_int_equal(rrn_cache_open(&cache, &test_runtime, f.path, &f.err), RRAMNAS_OK);
    assert_int_equal(rrn_cache_prepare(cache, setting, names, 2, &f.err), RRAMNAS_OK);
    shortfall = 0;
    assert_int_equal(rrn_cache_get(cache, candidate, got, &shortfall, &f.err), 1);
    assert_true(got[0] == 0.1 && isnan(got[1]) && shortfall == 0.5);
    assert_int_equal(rrn_cache_prepare(cache, other, names, 2, &f.err), RRAMNAS_OK);
    assert_int_equal(rrn_cache_get(cache, candidate, got, &shortfall, &f.err), 0);
    assert_int_equal(rrn_cache_prepare(cache, setting, more, 2, &f.err), RRAMNAS_OK);
    assert_int_equal(rrn_cache_get(cache, candidate, got, &shortfall, &f.err), 0); /* one is missing */
    rrn_cache_close(cache);
  }
  tear_down(&f);
}

static void
foreign_files_are_refused(void **state)
{
  char text[4096];
  rrn_cache *cache = NULL;
  fixture f;
  int32_t status;

  (void)state;
  memset(text, 'x', sizeof(text));
  set_up(&f, "nas-bench-201");
  write_file(f.path, text, sizeof(text));
  status = rrn_cache_open(&cache, &test_runtime, f.path, &f.err);
  assert_true(status == RRAMNAS_ERR_IO || status == RRAMNAS_ERR_UNSUPPORTED);
  assert_null(cache);
  tear_down(&f);
}

/* Other figures of the same problem do not change its digest; other options do. */
static void
fingerprint_is_of_settings(void **state)
{
  static const char *const one[] = { "latency_ns" }, *const two[] = { "latency_ns", "energy_pj" };
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_cost_options k = RRAMNAS_COST_OPTIONS_INIT;
  rrn_fingerprint prints[3];
  fixture f;
  int i;

  (void)state;
  for (i = 0; i < 3; i++) {
    set_up(&f, "nas-bench-201");
    o.crossbars = 900 + i / 2;
    assert_int_equal(rrn_evaluation_set_compile(&f.e, &o, &k, &f.err), RRAMNAS_OK);
    prepare(&f, i ? two : one, i ? 2 : 1);
    assert_int_equal(rrn_evaluation_fingerprint(&f.e, &prints[i], &f.err), RRAMNAS_OK);
    tear_down(&f);
  }
  assert_memory_equal(&prints[0], &prints[1], sizeof(prints[0]));
  assert_memory_not_equal(&prints[1], &prints[2], sizeof(prints[0]));
}

static rrn_fingerprint
fingerprint_of(fixture *f, const char *figure)
{
  const char *const names[] = { figure };
  rrn_fingerprint print;

  prepare(f, names, 1);
  if (rrn_evaluation_fingerprint(&f->e, &print, &f->err) < 0)
    fail_msg("%s", f->err.message);
  tear_down(f);
  return print;
}

static rrn_fingerprint
fingerprint_with_table(const char *text, int learned)
{
  rramnas_table_options o = RRAMNAS_TABLE_OPTIONS_INIT;
  rramnas_predictor_quality q = RRAMNAS_PREDICTOR_QUALITY_INIT;
  fixture f;
  int32_t status;

  set_up_yaml(&f, "schema: rramnas.space/1\nname: t\ngenes:\n  - {name: a, integer: [0, 9]}\n"
                  "  - {name: b, integer: [0, 9]}\n");
  write_file(f.path, text, strlen(text));
  status = learned ? rrn_evaluation_add_predictor(&f.e, f.path, "score", &o, &q, &f.err)
                   : rrn_evaluation_add_table(&f.e, f.path, &o, &f.err);
  if (status < 0)
    fail_msg("%s", f.err.message);
  return fingerprint_of(&f, "score");
}

/* Which gene is the key, and which row is whose. */
static void
fingerprint_is_of_what_tables_say(void **state)
{
  static const char *const texts[] = { "a,score\n1,5\n2,6\n", "b,score\n1,5\n2,6\n", "a,score\n2,5\n1,6\n",
                                       "a,score\n1,5\n2,7\n", "a,score\n1,5\n" };
  enum { N = sizeof(texts) / sizeof(texts[0]) };
  rrn_fingerprint prints[N];
  int i, k;

  (void)state;
  for (i = 0; i < N; i++) {
    prints[i] = fingerprint_with_table(texts[i], 0);
    for (k = 0; k < i; k++)
      assert_memory_not_equal(&prints[i], &prints[k], sizeof(prints[0]));
  }
}

static void
fingerprint_is_of_what_predictors_learned_from(void **state)
{
  char text[2][1024];
  rrn_fingerprint prints[2];
  int i, k;

  (void)state;
  for (k = 0; k < 2; k++) {
    int used = sprintf(text[k], "%s,score\n", k ? "b" : "a");

    for (i = 0; i < 40; i++)
      used += sprintf(text[k] + used, "%d,%d\n", i % 10, i * 7 % 11);
    prints[k] = fingerprint_with_table(text[k], 1);
  }
  assert_memory_not_equal(&prints[0], &prints[1], sizeof(prints[0]));
}

/* Each of these changes figures. */
static void
change_setting(int which, rramnas_compile_options *o, rramnas_cost_options *k)
{
  static const double margin = 0.5;
  static const int32_t few = 2;
  int32_t *const numbers[] = { &o->policy, &o->crossbars, &o->seed_mode, &o->depth_split, &o->layer_threshold, &o->max_load,
                               &o->no_duplication, &o->find_solution, &o->effort, &o->objective, &o->samples, &o->depthwise,
                               &o->split_to_fit, &k->model, &k->timing_model, &k->samples, &k->floor_remainder,
                               &k->sharing };
  static const int32_t values[] = { RRAMNAS_POLICY_RNC, 900, 1, 2, 3, 4, 1, 1, RRAMNAS_EFFORT_BALANCED,
                                    RRAMNAS_OBJECTIVE_LATENCY, 3, RRAMNAS_DEPTHWISE_RNC, 1, RRAMNAS_COST_MNSIM,
                                    RRAMNAS_TIMING_GRAPH, 5, 1, 2 };
  enum { NUMBERS = sizeof(values) / sizeof(values[0]) };

  *o = (rramnas_compile_options)RRAMNAS_COMPILE_OPTIONS_INIT;
  *k = (rramnas_cost_options)RRAMNAS_COST_OPTIONS_INIT;
  if (which < NUMBERS) {
    *numbers[which] = values[which];
    return;
  }
  o->seed = which == NUMBERS;
  o->margins = &margin;
  o->n_margins = which == NUMBERS + 1;
  o->copies = &few;
  o->n_copies = which == NUMBERS + 2;
  o->weight_bits = which == NUMBERS + 3 ? &few : NULL;
  o->input_bits = which == NUMBERS + 4 ? &few : NULL;
  o->n_bits = which == NUMBERS + 3 || which == NUMBERS + 4;
}

static void
fingerprint_is_of_every_setting(void **state)
{
  enum { SETTINGS = 18 + 5 };
  rrn_fingerprint prints[SETTINGS + 3];
  int i, n;

  (void)state;
  for (n = 0; n < SETTINGS + 3; n++) {
    rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
    rramnas_cost_options k = RRAMNAS_COST_OPTIONS_INIT;
    rramnas_hw *hw = NULL;
    fixture f;

    set_up(&f, n == SETTINGS ? "ofa-resnet50" : "nas-bench-201");
    if (n < SETTINGS)
      change_setting(n, &o, &k);
    if (rrn_evaluation_set_compile(&f.e, &o, &k, &f.err) < 0)
      fail_msg("setting %d: %s", n, f.err.message);
    if (n == SETTINGS + 1) {
      assert_int_equal(rramnas_hw_create_preset("isaac_isca_2016", NULL, &hw, NULL), RRAMNAS_OK);
      assert_int_equal(rrn_evaluation_set_hardware(&f.e, hw, &f.err), RRAMNAS_OK);
      rramnas_hw_unref(hw);
    }
    prints[n] = fingerprint_of(&f, "latency_ns");
    for (i = 0; i < n; i++)
      if (memcmp(&prints[i], &prints[n], sizeof(prints[0])) == 0)
        fail_msg("settings %d and %d have one fingerprint", i, n);
  }
}

/* Whether a network fits is known where something is mapped: of one that does not, its size alone is a figure. */
static void
fingerprint_is_of_whether_it_must_fit(void **state)
{
  rrn_fingerprint size, time, energy;
  fixture f;

  (void)state;
  set_up(&f, "nas-bench-201");
  size = fingerprint_of(&f, "weights");
  set_up(&f, "nas-bench-201");
  time = fingerprint_of(&f, "latency_ns");
  set_up(&f, "nas-bench-201");
  energy = fingerprint_of(&f, "energy_pj");
  assert_memory_not_equal(&size, &time, sizeof(size));
  assert_memory_equal(&time, &energy, sizeof(time));
}

/* What a table does not know fails before anything is worked out: so a problem that asks the table is another one. */
static void
fingerprint_is_of_the_tables_that_are_asked(void **state)
{
  static const char *const names[3][2] = { { "weights", "accuracy" }, { "weights", "mine" }, { "accuracy", "mine" } };
  rrn_fingerprint prints[3];
  int i;

  (void)state;
  for (i = 0; i < 3; i++) {
    fixture f;

    set_up(&f, "nas-bench-201");
    assert_int_equal(add_table(&f, "genome,accuracy\nnone none none none none none,1\n", NULL, NULL),
                     RRAMNAS_OK);
    prepare(&f, names[i], 2);
    assert_int_equal(rrn_evaluation_fingerprint(&f.e, &prints[i], &f.err), RRAMNAS_OK);
    tear_down(&f);
  }
  assert_memory_not_equal(&prints[0], &prints[1], sizeof(prints[0]));
  assert_memory_equal(&prints[1], &prints[2], sizeof(prints[0])); /* the caller is asked in any case */
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(metrics_are_described),
    cmocka_unit_test(figures_are_those_of_the_api),
    cmocka_unit_test(network_that_does_not_fit_falls_short),
    cmocka_unit_test(a_figure_is_known_without_those_that_fail),
    cmocka_unit_test(cache_keeps_figures),
    cmocka_unit_test(foreign_files_are_refused),
    cmocka_unit_test(fingerprint_is_of_settings),
    cmocka_unit_test(fingerprint_is_of_what_tables_say),
    cmocka_unit_test(fingerprint_is_of_what_predictors_learned_from),
    cmocka_unit_test(fingerprint_is_of_every_setting),
    cmocka_unit_test(fingerprint_is_of_whether_it_must_fit),
    cmocka_unit_test(fingerprint_is_of_the_tables_that_are_asked),
  };

  return cmocka_run_group_tests(tests, runtime_set_up, NULL);
}
