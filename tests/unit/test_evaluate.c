/* SPDX-License-Identifier: MIT */
/* Figures of candidates: built in against the public API, tables from files, the cache, every allocation failing once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "evaluate/evaluate.h"
#include "evaluate/metrics.h"
#include "evaluate/table.h"
#include "oom.h"

#define CELL_KEY "architecture:skip_connect,none,nor_conv_3x3,nor_conv_1x1,avg_pool_3x3"

static rrn_rt runtime;

typedef struct fixture {
  rrn_space space;
  rrn_evaluation e;
  rramnas_error err;
  char path[64];
} fixture;

static void
set_up(fixture *f, const char *ready)
{
  *f = (fixture){ .err = RRAMNAS_ERROR_INIT };
  rrn_space_init(&f->space, &runtime);
  assert_int_equal(rrn_space_ready(&f->space, ready, &f->err), RRAMNAS_OK);
  rrn_evaluation_init(&f->e, &runtime, &f->space);
}

static void
set_up_yaml(fixture *f, const char *yaml)
{
  *f = (fixture){ .err = RRAMNAS_ERROR_INIT };
  rrn_space_init(&f->space, &runtime);
  if (rrn_space_read(&f->space, yaml, strlen(yaml), "space.yaml", &f->err) < 0)
    fail_msg("%s", f->err.message);
  rrn_evaluation_init(&f->e, &runtime, &f->space);
}

static void
tear_down(fixture *f)
{
  rrn_evaluation_release(&f->e);
  rrn_space_release(&f->space);
  if (*f->path)
    unlink(f->path);
}

/* Writes a file into the folder of the test; the fixture removes it. */
static void
write_file(char path[64], const char *text, size_t size)
{
  int fd;

  strcpy(path, "evaluate-XXXXXX");
  fd = mkstemp(path);
  assert_true(fd >= 0);
  assert_int_equal(write(fd, text, size), size);
  close(fd);
}

static int32_t
add_table(fixture *f, const char *text, const char *key, const char *columns)
{
  rramnas_table_options o = RRAMNAS_TABLE_OPTIONS_INIT;
  int32_t status;

  o.key = key;
  o.columns = columns;
  if (*f->path)
    unlink(f->path);
  write_file(f->path, text, strlen(text));
  status = rrn_evaluation_add_table(&f->e, f->path, &o, &f->err);
  return status;
}

static void
prepare(fixture *f, const char *const *names, size_t n)
{
  if (rrn_evaluation_prepare(&f->e, names, n, &f->err) < 0)
    fail_msg("%s", f->err.message);
}

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

/* --- tables --- */

static double
look_up(fixture *f, const char *figure, const double *x)
{
  const struct rrn_table *t = NULL;
  size_t column = 0;

  if (!rrn_tables_find(f->e.tables, figure, &t, &column))
    fail_msg("no figure %s", figure);
  return rrn_table_value(t, &f->space, x, column);
}

static void
table_of_cells(void **state)
{
  /* skip, none, conv3x3, conv1x1, pool, skip are places 1, 0, 3, 2, 4, 1 of the space's labels. */
  const double a[6] = { 1, 0, 3, 2, 4, 1 }, b[6] = { 3, 3, 3, 3, 3, 3 }, c[6] = { 0, 0, 0, 0, 0, 0 };
  fixture f;

  (void)state;
  set_up(&f, "nas-bench-201");
  assert_int_equal(add_table(&f,
                             "\xef\xbb\xbf" "architecture,accuracy,drift\r\n"
                             "\"(0, 1, 2, 3, 4, 0)\",91.5,88.25 \xc2\xb1 0.5\r\n"
                             "\r\n"
                             "\"[2|2|2|2|2|2]\",,x\r\n",
                             CELL_KEY, NULL),
                   RRAMNAS_OK);
  assert_true(look_up(&f, "accuracy", a) == 91.5);
  assert_true(look_up(&f, "drift", a) == 88.25);
  assert_true(look_up(&f, "drift_std", a) == 0.5);
  assert_true(isnan(look_up(&f, "accuracy", b)) && isnan(look_up(&f, "drift", b)));
  assert_true(isnan(look_up(&f, "accuracy", c)));
  tear_down(&f);
}

/* Without a list of words numbers are places; words always are words. */
static void
table_of_places_and_words(void **state)
{
  const double a[6] = { 0, 1, 2, 3, 4, 0 };
  fixture f;

  (void)state;
  set_up(&f, "nas-bench-201");
  assert_int_equal(add_table(&f, "genome,acc\nnone skip_connect nor_conv_1x1 nor_conv_3x3 avg_pool_3x3 none,7\n", NULL,
                             "accuracy=acc"),
                   RRAMNAS_OK);
  assert_true(look_up(&f, "accuracy", a) == 7);
  tear_down(&f);
}

/* What a table does not know has failed, and nothing is built for it; unless the caller could help. */
static void
table_decides_before_anything_is_built(void **state)
{
  static const char *const names[] = { "accuracy", "macs", "mine" };
  const double known[6] = { 0 }, unknown[6] = { 3, 3, 3, 3, 3, 3 };
  double values[3], shortfall;
  fixture f;

  (void)state;
  set_up(&f, "nas-bench-201");
  assert_int_equal(add_table(&f, "genome,accuracy\n0 0 0 0 0 0,10\n", "genome:none", NULL), RRAMNAS_OK);
  prepare(&f, names, 2);
  assert_int_equal(rrn_evaluation_run(&f.e, known, values, &shortfall, &f.err), RRAMNAS_OK);
  assert_true(values[0] == 10 && values[1] > 0);
  assert_int_equal(rrn_evaluation_run(&f.e, unknown, values, &shortfall, &f.err), RRAMNAS_OK);
  assert_true(isnan(values[0]) && isnan(values[1]) && shortfall == 0);
  prepare(&f, names, 3);
  assert_int_equal(rrn_evaluation_run(&f.e, unknown, values, &shortfall, &f.err), RRAMNAS_OK);
  assert_true(isnan(values[0]) && values[1] > 2e8 && isnan(values[2]));
  tear_down(&f);
}

/* AnalogNAS-Bench has the edges by their source: 1<-0, 2<-0, 3<-0, 2<-1, 3<-1, 3<-2. */
static void
table_in_an_order_of_its_own(void **state)
{
  static const char text[] = "architecture,a\n\"(0, 1, 2, 3, 4, 0)\",7\n";
  const double x[6] = { 1, 0, 2, 3, 4, 1 };
  rramnas_table_options o = RRAMNAS_TABLE_OPTIONS_INIT;
  fixture f;

  (void)state;
  set_up(&f, "nas-bench-201");
  write_file(f.path, text, strlen(text));
  o.key = CELL_KEY;
  o.order = "cell[0],cell[1],cell[3],cell[2],cell[4],cell[5]";
  assert_int_equal(rrn_evaluation_add_table(&f.e, f.path, &o, &f.err), RRAMNAS_OK);
  assert_true(look_up(&f, "a", x) == 7);
  o.order = "cell[0],cell[1],cell[2],cell[3],cell[4]";
  assert_int_equal(rrn_evaluation_add_table(&f.e, f.path, &o, &f.err), RRAMNAS_ERR_PARSE);
  o.order = "cell[0],cell[6]";
  assert_int_equal(rrn_evaluation_add_table(&f.e, f.path, &o, &f.err), RRAMNAS_ERR_NOT_FOUND);
  assert_non_null(strstr(f.err.message, "cell[6]"));
  o.order = "cell[0],cell[0]";
  assert_int_equal(rrn_evaluation_add_table(&f.e, f.path, &o, &f.err), RRAMNAS_ERR_ARGUMENT);
  o.order = "";
  assert_int_equal(rrn_evaluation_add_table(&f.e, f.path, &o, &f.err), RRAMNAS_ERR_NOT_FOUND);
  tear_down(&f);
}

static void
order_needs_a_column_for_the_key(void **state)
{
  static const char text[] = "cell[0],cell[1],a\nnone,none,7\n";
  rramnas_table_options o = RRAMNAS_TABLE_OPTIONS_INIT;
  fixture f;

  (void)state;
  set_up(&f, "nas-bench-201");
  write_file(f.path, text, strlen(text));
  o.order = "cell[1],cell[0]";
  assert_int_equal(rrn_evaluation_add_table(&f.e, f.path, &o, &f.err), RRAMNAS_ERR_ARGUMENT);
  tear_down(&f);
}

static const char gene_space[] =
  "schema: rramnas.space/1\n"
  "genes:\n"
  "  - {name: depth, integer: [1, 3]}\n"
  "  - {name: kind, values: [a, b], parent: depth, above: 1}\n"
  "  - {name: width, real: [0, 1]}\n";

static void
table_by_gene(void **state)
{
  const double shallow[3] = { 1, 0, 0.25 }, deep[3] = { 2, 1, 0.75 };
  fixture f;

  (void)state;
  set_up_yaml(&f, gene_space);
  assert_int_equal(add_table(&f, "loss,kind,depth,loss_std\n0.5,,1,9\n0.25,b,2,8\n0.125,b,2,7\n", NULL, NULL), RRAMNAS_OK);
  assert_true(look_up(&f, "loss", shallow) == 0.5);
  assert_true(look_up(&f, "loss", deep) == 0.125); /* the last row of a candidate, at any width */
  assert_true(look_up(&f, "loss_std", shallow) == 9); /* a column of its own */
  assert_int_equal(add_table(&f, "kind,loss\nb,4\n", NULL, NULL), RRAMNAS_OK); /* the parent is no part of the key */
  assert_true(look_up(&f, "loss", deep) == 4);
  tear_down(&f);
}

static void
bad_table(const char *text, const char *key, const char *columns, int32_t status, int32_t line)
{
  fixture f;

  set_up(&f, "nas-bench-201");
  assert_int_equal(add_table(&f, text, key, columns), status);
  assert_int_equal(f.err.line, line);
  assert_true(*f.err.message != '\0');
  assert_null(f.e.tables);
  tear_down(&f);
}

static void
tables_say_what_is_wrong(void **state)
{
  rramnas_table_options o = RRAMNAS_TABLE_OPTIONS_INIT;
  fixture f;

  (void)state;
  bad_table("", NULL, NULL, RRAMNAS_ERR_PARSE, 1);
  bad_table("a,b\n1,2\n", NULL, NULL, RRAMNAS_ERR_NOT_FOUND, 1);
  bad_table("genome,a\n0 0 0 0 0 0,1\n", "key", NULL, RRAMNAS_ERR_NOT_FOUND, 1);
  bad_table("genome,a\n0 0 0 0 0 0,1\n", NULL, "b=c", RRAMNAS_ERR_NOT_FOUND, 1);
  bad_table("genome,a\n0 0 0 0 0 0,1\n0 0 0 0 0,1\n", "genome:none", NULL, RRAMNAS_ERR_PARSE, 3);
  bad_table("genome,a\n0 0 0 0 0 0,1\n0 0 0 0 0 1,1\n", "genome:none", NULL, RRAMNAS_ERR_RANGE, 3);
  bad_table("genome,a\nnone,none,none\n", NULL, NULL, RRAMNAS_ERR_PARSE, 2);
  bad_table("genome,a\n\"none,1\n", NULL, NULL, RRAMNAS_ERR_PARSE, 3);
  set_up(&f, "nas-bench-201");
  assert_int_equal(rrn_evaluation_add_table(&f.e, "no-such-file.csv", &o, &f.err), RRAMNAS_ERR_IO);
  tear_down(&f);
}

/* Memory is taken for rows that may be there, not for every byte that ends a line. */
static void
hostile_tables_cost_little(void **state)
{
  enum { BYTES = 1 << 20 };
  static const char *const headers[] = { "genome,a\n", "ks[0],a\n" };
  rramnas_table_options o = RRAMNAS_TABLE_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char *text = malloc(BYTES);
  int header, filling;

  (void)state;
  assert_non_null(text);
  for (header = 0; header < 2; header++)
    for (filling = 0; filling < 3; filling++) {
      const size_t n = strlen(headers[header]);
      struct rrn_table *t = NULL;
      oom accounts = { 0 };
      rramnas_runtime how = oom_runtime(&accounts);
      rrn_evaluation e;
      rrn_space s;
      rrn_rt rt;

      memset(text, filling == 0 ? '\n' : filling == 1 ? ',' : '"', BYTES);
      memcpy(text, headers[header], n);
      assert_int_equal(rrn_rt_init(&rt, &how, NULL), RRAMNAS_OK);
      rrn_space_init(&s, &rt);
      assert_int_equal(rrn_space_ready(&s, "ofa-mobilenet-v3-small", NULL), RRAMNAS_OK);
      rrn_evaluation_init(&e, &rt, &s);
      assert_int_equal(rrn_table_parse(&e, text, BYTES, "t.csv", &o, &t, &err),
                       filling == 0 ? RRAMNAS_OK : filling == 1 ? RRAMNAS_ERR_LIMIT : RRAMNAS_ERR_PARSE);
      assert_in_range(accounts.peak_bytes, 0, 80 * (size_t)BYTES);
      rrn_evaluation_release(&e);
      rrn_space_release(&s);
      oom_check(&accounts);
    }
  free(text);
}

static int32_t
read_once(void *user, const rramnas_runtime *how, rramnas_error *err)
{
  rramnas_table_options o = RRAMNAS_TABLE_OPTIONS_INIT;
  rrn_evaluation e;
  rrn_space s;
  rrn_rt rt;
  int32_t status;

  o.key = CELL_KEY;
  o.order = "cell[5],cell[4],cell[3],cell[2],cell[1],cell[0]";
  if (rrn_rt_init(&rt, how, err) < 0)
    return RRAMNAS_ERR_ARGUMENT;
  rrn_space_init(&s, &rt);
  rrn_evaluation_init(&e, &rt, &s);
  status = rrn_space_ready(&s, "nas-bench-201", err);
  if (status >= 0)
    status = rrn_evaluation_add_table(&e, user, &o, err);
  rrn_evaluation_release(&e);
  rrn_space_release(&s);
  return status;
}

static void
every_allocation_fails_once(void **state)
{
  static const char text[] = "architecture,a\n\"0,1,2,3,4,0\",1\n\"2,1,2,3,4,0\",2\n";
  char path[64];
  int sticky;

  (void)state;
  write_file(path, text, strlen(text));
  for (sticky = 0; sticky <= 1; sticky++)
    assert_true(oom_until_success(read_once, path, 1, sticky) > 1);
  unlink(path);
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
  status = rrn_cache_open(&cache, &runtime, f.path, &f.err);
  if (status != RRAMNAS_ERR_UNSUPPORTED) {
    assert_int_equal(status, RRAMNAS_OK);
    assert_int_equal(rrn_cache_prepare(cache, setting, names, 2, &f.err), RRAMNAS_OK);
    assert_int_equal(rrn_cache_get(cache, candidate, got, &shortfall, &f.err), 0);
    assert_int_equal(rrn_cache_put(cache, &f.space, x, y, &shortfall, 1, &f.err), RRAMNAS_OK);
    rrn_cache_close(cache);
    assert_int_equal(rrn_cache_open(&cache, &runtime, f.path, &f.err), RRAMNAS_OK);
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
  status = rrn_cache_open(&cache, &runtime, f.path, &f.err);
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

/* --- predictors --- */

#define PREDICTED_SPACE                                                                                            \
  "schema: rramnas.space/1\nname: p\ngenes:\n  - {name: a, values: [u, v, w]}\n  - {name: b, integer: [1, 4]}\n"    \
  "  - {name: c, real: [0, 2]}\n  - {name: d, values: [x, y], parent: b, above: 2}\n"

/* Rows of all genes and a figure of them; `noise` 1 = of nothing. */
static double
figure_of(const double *x, int noise, uint32_t *state)
{
  static const double of_a[] = { 3, -1, 4 };

  *state = *state * 1664525u + 1013904223u;
  if (noise)
    return (double)(*state >> 16);
  return 50 + of_a[(size_t)x[0]] + 2 * x[1] + 3 * x[2] * x[2] + (x[0] > 1 && x[1] > 3 ? 6 : 0) +
         (x[1] > 2 && x[3] > 0 ? 5 : 0);
}

static char *
rows_of_figures(int n, int noise)
{
  static const char *const labels_a[] = { "u", "v", "w" }, *const labels_d[] = { "x", "y" };
  char *text = malloc((size_t)n * 64 + 64);
  size_t used = (size_t)sprintf(text, "a,b,c,d,score\n");
  uint32_t state = 7;
  int i;

  for (i = 0; i < n; i++) {
    double x[4];

    state = state * 1664525u + 1013904223u;
    x[0] = state >> 20 & 1 ? (state >> 24) % 3 : (state >> 25) % 3;
    x[1] = 1 + (state >> 12) % 4;
    x[2] = (double)(state >> 16 & 255) / 128;
    x[3] = x[1] > 2 ? state >> 28 & 1 : 0;
    used += (size_t)sprintf(text + used, "%s,%d,%.7f,%s,%.6f\n", labels_a[(int)x[0]], (int)x[1], x[2],
                            x[1] > 2 ? labels_d[(int)x[3]] : "", figure_of(x, noise, &state));
  }
  return text;
}

static rramnas_predictor_quality
learn(fixture *f, int n, int noise)
{
  rramnas_table_options o = RRAMNAS_TABLE_OPTIONS_INIT;
  rramnas_predictor_quality q = RRAMNAS_PREDICTOR_QUALITY_INIT;
  char *text = rows_of_figures(n, noise);

  set_up_yaml(f, PREDICTED_SPACE);
  write_file(f->path, text, strlen(text));
  free(text);
  if (rrn_evaluation_add_predictor(&f->e, f->path, "score", &o, &q, &f->err) < 0)
    fail_msg("%s", f->err.message);
  assert_int_equal(q.rows, n);
  return q;
}

/* A figure of single genes, a square and a product of two is found again; unseen genomes come within a hundredth. */
static void
predictor_finds_what_is_there(void **state)
{
  static const char *const figures[] = { "score" };
  static const double genomes[][4] = { { 0, 1, 0.3, 0 }, { 2, 4, 1.7, 1 }, { 2, 4, 0.9, 0 }, { 1, 3, 1.1, 1 } };
  rramnas_predictor_quality q;
  uint32_t unused = 0;
  double value, shortfall;
  fixture f;
  size_t i;

  (void)state;
  q = learn(&f, 600, 0);
  assert_true(q.rank_correlation > 0.99 && q.rank_correlation <= 1 && q.spearman > 0.999 && q.spearman <= 1);
  assert_true(q.rmse < 0.05);
  assert_int_equal(rrn_evaluation_prepare(&f.e, figures, 1, &f.err), RRAMNAS_OK);
  assert_int_equal(f.e.source[0], RRN_FIGURE_PREDICTOR);
  for (i = 0; i < 4; i++) {
    assert_int_equal(rrn_evaluation_run(&f.e, genomes[i], &value, &shortfall, &f.err), RRAMNAS_OK);
    assert_true(fabs(value - figure_of(genomes[i], 0, &unused)) < 0.05 && shortfall == 0);
  }
  tear_down(&f);
}

static void
predictor_finds_nothing_in_noise(void **state)
{
  rramnas_predictor_quality q;
  fixture f;

  (void)state;
  q = learn(&f, 400, 1);
  assert_true(fabs(q.rank_correlation) < 0.15 && fabs(q.spearman) < 0.2);
  tear_down(&f);
}

static void
predictor_refuses(void **state)
{
  rramnas_table_options o = RRAMNAS_TABLE_OPTIONS_INIT;
  rramnas_predictor_quality q = RRAMNAS_PREDICTOR_QUALITY_INIT;
  char *text = rows_of_figures(19, 0);
  fixture f;

  (void)state;
  set_up_yaml(&f, PREDICTED_SPACE);
  write_file(f.path, text, strlen(text));
  free(text);
  assert_int_equal(rrn_evaluation_add_predictor(&f.e, f.path, "score", &o, &q, &f.err), RRAMNAS_ERR_RANGE);
  assert_non_null(strstr(f.err.message, "19 rows"));
  assert_int_equal(rrn_evaluation_add_predictor(&f.e, f.path, "other", &o, &q, &f.err), RRAMNAS_ERR_NOT_FOUND);
  assert_int_equal(rrn_evaluation_add_predictor(&f.e, "none.csv", "score", &o, &q, &f.err), RRAMNAS_ERR_IO);
  tear_down(&f);
}

/* Sums of squares of such numbers are no numbers. */
static void
predictor_refuses_numbers_that_are_too_large(void **state)
{
  rramnas_table_options o = RRAMNAS_TABLE_OPTIONS_INIT;
  rramnas_predictor_quality q = RRAMNAS_PREDICTOR_QUALITY_INIT;
  char text[2048];
  fixture f;
  int i, used = sprintf(text, "b,score\n");

  (void)state;
  for (i = 0; i < 40; i++)
    used += sprintf(text + used, "%d,%s1e308\n", 1 + i % 4, i % 3 ? "-" : "");
  set_up_yaml(&f, PREDICTED_SPACE);
  write_file(f.path, text, strlen(text));
  assert_int_equal(rrn_evaluation_add_predictor(&f.e, f.path, "score", &o, &q, &f.err), RRAMNAS_ERR_RANGE);
  assert_non_null(strstr(f.err.message, "too large"));
  assert_null(f.e.predictors);
  assert_int_equal(q.rows, 0);
  tear_down(&f);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(metrics_are_described),
    cmocka_unit_test(figures_are_those_of_the_api),
    cmocka_unit_test(network_that_does_not_fit_falls_short),
    cmocka_unit_test(a_figure_is_known_without_those_that_fail),
    cmocka_unit_test(table_of_cells),
    cmocka_unit_test(table_of_places_and_words),
    cmocka_unit_test(table_in_an_order_of_its_own),
    cmocka_unit_test(table_decides_before_anything_is_built),
    cmocka_unit_test(order_needs_a_column_for_the_key),
    cmocka_unit_test(table_by_gene),
    cmocka_unit_test(tables_say_what_is_wrong),
    cmocka_unit_test(hostile_tables_cost_little),
    cmocka_unit_test(every_allocation_fails_once),
    cmocka_unit_test(cache_keeps_figures),
    cmocka_unit_test(foreign_files_are_refused),
    cmocka_unit_test(fingerprint_is_of_settings),
    cmocka_unit_test(fingerprint_is_of_what_tables_say),
    cmocka_unit_test(fingerprint_is_of_what_predictors_learned_from),
    cmocka_unit_test(fingerprint_is_of_every_setting),
    cmocka_unit_test(fingerprint_is_of_whether_it_must_fit),
    cmocka_unit_test(fingerprint_is_of_the_tables_that_are_asked),
    cmocka_unit_test(predictor_finds_what_is_there),
    cmocka_unit_test(predictor_finds_nothing_in_noise),
    cmocka_unit_test(predictor_refuses),
    cmocka_unit_test(predictor_refuses_numbers_that_are_too_large),
  };

  if (rrn_rt_init(&runtime, NULL, NULL) < 0)
    return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
