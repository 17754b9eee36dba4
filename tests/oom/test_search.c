/* SPDX-License-Identifier: MIT */
/* Searches with allocation 1, 2, 3 ... failing: preparing one from texts and files, asking and telling, running with
 * built-in figures, reports, candidates, checkpoints. */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "capture.h"
#include "oom.h"
#include "tiny.h"

enum { GENES = 5, FIGURES = 3, PORTION = 8 };

static const char space[] = "schema: rramnas.space/1\nname: oom\ngenes:\n"
                            "  - {name: a, values: [u, v, w]}\n"
                            "  - {name: b, integer: [0, 9]}\n"
                            "  - {name: c, real: [0, 1]}\n"
                            "  - {name: adc.bits, integer: [6, 8], role: hardware}\n"
                            "rules:\n  - b + adc.bits <= 16\n";

static char table[32] = "oom-table-XXXXXX", checkpoint[32] = "oom-checkpoint-XXXXXX", history[40];

static int32_t
keep_nothing(void *user, const char *data, size_t length)
{
  (void)user;
  (void)data;
  (void)length;
  return 0;
}

static int
write_table(void)
{
  const int fd = mkstemp(table);
  FILE *file = fd < 0 ? NULL : fdopen(fd, "w");
  int i;

  if (!file)
    return 0;
  fprintf(file, "a,b,accuracy,loss\n");
  for (i = 0; i < 30; i++)
    fprintf(file, "%c,%d,%d \xc2\xb1 1,%d.5\n", "uvw"[i / 10], i % 10, 50 + i * 7 % 30, i * 11 % 17);
  return fclose(file) == 0;
}

static int32_t
prepare(const rramnas_runtime *runtime, const char *with_history, rramnas_search **ret_search, rramnas_error *err)
{
  rramnas_compile_options compile = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_gene g = RRAMNAS_GENE_INIT;
  rramnas_search *s = NULL;
  rramnas_net *net = NULL;
  int32_t status;

  g.name = "d";
  g.kind = RRAMNAS_GENE_INTEGER;
  g.high = 3;
  g.parent = "b";
  g.above = 2;
  compile.policy = RRAMNAS_POLICY_RNC;
  compile.crossbars = 24;
  if ((status = rramnas_search_load_buffer(space, sizeof(space) - 1, "space.yaml", runtime, &s, err)) < 0 ||
      (status = rramnas_search_add_gene(s, &g, err)) < 0 ||
      (status = rramnas_search_add_rule(s, "b - d <= 8", err)) < 0 || (status = tiny_create(runtime, &net, err)) < 0 ||
      (status = rramnas_search_set_net(s, net, err)) < 0 ||
      (status = rramnas_search_set_compile(s, &compile, NULL, err)) < 0 ||
      (status = rramnas_search_add_table_file(s, table, NULL, err)) < 0 ||
      (status = rramnas_search_add_predictor_file(s, table, "loss", NULL, NULL, err)) < 0 ||
      (status = rramnas_search_add_objective(s, "accuracy", 0, err)) < 0 ||
      (status = rramnas_search_add_objective(s, "energy_pj", 0, err)) < 0 ||
      (status = rramnas_search_add_constraint(s, "loss < 14", err)) < 0 ||
      (with_history && (status = rramnas_search_set_history_file(s, with_history, err)) < 0)) {
    rramnas_search_unref(s);
    s = NULL;
  }
  rramnas_net_unref(net);
  *ret_search = s;
  return status;
}

static int32_t
start(rramnas_search *s, rramnas_error *err)
{
  static const double initial[2 * GENES] = { 0, 1, 0.5, 7, 0, 2, 9, 0.25, 7, 3 };
  rramnas_search_options o = RRAMNAS_SEARCH_OPTIONS_INIT;

  o.population = 6;
  o.initial = initial;
  o.n_initial = 2;
  return rramnas_search_start(s, &o, err);
}

/* What a session says about one candidate. */
static int32_t
describe(const rramnas_search *s, const double *x, rramnas_error *err)
{
  rramnas_net *net = NULL;
  rramnas_hw *hw = NULL;
  capture text = { 0 };
  double back[GENES];
  uint8_t digest[16];
  char count[64];
  int32_t status;

  if ((status = rramnas_search_count(s, count, sizeof(count), err)) >= 0 &&
      (status = rramnas_search_fingerprint(s, x, digest, err)) >= 0 &&
      (status = rramnas_search_build_net(s, x, &net, err)) >= 0 &&
      (status = rramnas_search_build_hw(s, x, &hw, err)) >= 0 &&
      (status = rramnas_search_write_space(s, keep_nothing, NULL, err)) >= 0 &&
      (status = rramnas_search_write_candidate(s, x, capture_write, &text, err)) >= 0)
    status = rramnas_search_read_candidate(s, text.text, text.length, "candidate", back, err);
  capture_free(&text);
  rramnas_hw_unref(hw);
  rramnas_net_unref(net);
  return status;
}

static int32_t
reports(const rramnas_search *s, rramnas_error *err)
{
  static const int32_t kinds[] = { RRAMNAS_REPORT_CSV, RRAMNAS_REPORT_JSON, RRAMNAS_REPORT_SVG };
  int32_t status = RRAMNAS_OK;
  size_t i;

  for (i = 0; i < 3 && status >= 0; i++)
    status = rramnas_search_write(s, kinds[i], NULL, keep_nothing, NULL, err);
  return status;
}

static int32_t
asked_and_told(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  double x[PORTION * GENES], values[PORTION * FIGURES];
  rramnas_search *s = NULL;
  int64_t ids[PORTION];
  size_t n = 0, i;
  int32_t status, round;

  (void)user;
  if ((status = prepare(runtime, history, &s, err)) >= 0)
    status = start(s, err);
  for (round = 0; round < 4 && status >= 0; round++) {
    status = rramnas_search_ask(s, PORTION, x, ids, &n, err);
    for (i = 0; i < n * FIGURES; i++)
      values[i] = (double)((i * 7 + (size_t)round) % 13);
    if (status >= 0)
      status = rramnas_search_tell(s, ids, values, NULL, n, err);
  }
  if (status >= 0)
    status = describe(s, x, err);
  if (status >= 0)
    status = reports(s, err);
  if (status >= 0)
    status = rramnas_search_save_file(s, checkpoint, err);
  rramnas_search_unref(s);
  s = NULL;
  if (status >= 0 && (status = prepare(runtime, history, &s, err)) >= 0)
    status = rramnas_search_resume_file(s, checkpoint, err);
  rramnas_search_unref(s);
  return status;
}

static int32_t
run_with_figures(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  rramnas_run_options run = RRAMNAS_RUN_OPTIONS_INIT;
  rramnas_search *s = NULL;
  int32_t status;

  (void)user;
  run.evaluations = 8;
  run.n_threads = 1;
  if ((status = prepare(runtime, NULL, &s, err)) >= 0 && (status = start(s, err)) >= 0)
    status = rramnas_search_run(s, &run, err);
  rramnas_search_unref(s);
  return status;
}

static int
check(const char *name, oom_job job)
{
  const size_t n = oom_until_success(job, NULL, 1, 0);

  oom_until_success(job, NULL, 1, 1);
  printf("%s: %zu allocations, each failed once\n", name, n);
  return n > 100;
}

int
main(void)
{
  int fd, fine;

  if (!write_table() || (fd = mkstemp(checkpoint)) < 0)
    return 1;
  close(fd);
  snprintf(history, sizeof(history), "%s.csv", checkpoint);
  fine = check("asked and told", asked_and_told) && check("run with figures", run_with_figures);
  unlink(table);
  unlink(checkpoint);
  unlink(history);
  return !fine;
}
