/* SPDX-License-Identifier: MIT */
/* Figures from files: tables, whose every allocation fails once, and predictors that learn from them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "evaluate/table.h"
#include "evaluate_case.h"
#include "oom.h"

#define CELL_KEY "architecture:skip_connect,none,nor_conv_3x3,nor_conv_1x1,avg_pool_3x3"

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
  bad_table("genome,a,b\n0 0 0 0 0 0,1,2\n", NULL, "loss=a,loss=b", RRAMNAS_ERR_ARGUMENT, 1);
  set_up(&f, "nas-bench-201");
  assert_int_equal(rrn_evaluation_add_table(&f.e, "no-such-file.csv", &o, &f.err), RRAMNAS_ERR_IO);
  tear_down(&f);
}

static void
names_of_columns_differ(void **state)
{
  static const char row[] = "none none none none none none,1,2,3";
  char text[256];
  fixture f;

  (void)state;
  set_up(&f, "nas-bench-201");
  snprintf(text, sizeof(text), "\ngenome,loss,mine,loss\n%s\n", row);
  assert_int_equal(add_table(&f, text, NULL, NULL), RRAMNAS_ERR_PARSE);
  assert_string_equal(strrchr(f.err.message, ':'), ": columns 2 and 4 are both called \"loss\"");
  assert_int_equal(f.err.line, 2);
  snprintf(text, sizeof(text), "genome,,mine,\n%s\n", row); /* names that nobody can ask for */
  assert_int_equal(add_table(&f, text, NULL, NULL), RRAMNAS_OK);
  tear_down(&f);
}

/* Names are compared pair by pair. */
static void
names_of_columns_are_short(void **state)
{
  char text[512];
  fixture f;

  (void)state;
  set_up(&f, "nas-bench-201");
  snprintf(text, sizeof(text), "genome,%0255d\nnone none none none none none,1\n", 7);
  assert_int_equal(add_table(&f, text, NULL, NULL), RRAMNAS_OK);
  snprintf(text, sizeof(text), "\ngenome,%0256d\nnone none none none none none,1\n", 7);
  assert_int_equal(add_table(&f, text, NULL, NULL), RRAMNAS_ERR_LIMIT);
  assert_non_null(strstr(f.err.message, "the name of column 2 has 256 bytes, the limit is 255: \"000"));
  assert_int_equal(f.err.line, 2);
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
    cmocka_unit_test(table_of_cells),
    cmocka_unit_test(table_of_places_and_words),
    cmocka_unit_test(table_in_an_order_of_its_own),
    cmocka_unit_test(table_decides_before_anything_is_built),
    cmocka_unit_test(order_needs_a_column_for_the_key),
    cmocka_unit_test(table_by_gene),
    cmocka_unit_test(tables_say_what_is_wrong),
    cmocka_unit_test(names_of_columns_differ),
    cmocka_unit_test(names_of_columns_are_short),
    cmocka_unit_test(hostile_tables_cost_little),
    cmocka_unit_test(every_allocation_fails_once),
    cmocka_unit_test(predictor_finds_what_is_there),
    cmocka_unit_test(predictor_finds_nothing_in_noise),
    cmocka_unit_test(predictor_refuses),
    cmocka_unit_test(predictor_refuses_numbers_that_are_too_large),
  };

  return cmocka_run_group_tests(tests, runtime_set_up, NULL);
}
