/* SPDX-License-Identifier: MIT */
/* rramnas-search: from a space to a Pareto front. Also an example of the library: it includes nothing of it but
 * rramnas.h. */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "../common/hardware.h"
#include "../common/tiles.h"
#include "engine.h"
#include "program.h"

/* --- what a signal may do: ask the search to end --- */

static rramnas_search *volatile running;

static void
stop_running(int signal_number)
{
  (void)signal_number;
  rramnas_search_stop(running);
}

static void
listen_to_signals(void)
{
  struct sigaction action = { .sa_handler = stop_running, .sa_flags = SA_RESTART };

  sigaction(SIGINT, &action, NULL);
  sigaction(SIGTERM, &action, NULL);
}

/* --- setting up --- */

static int
bad_input(const rramnas_error *err)
{
  complain_error(err);
  return EXIT_BAD_INPUT;
}

static int32_t
set_chip(const settings *s, rramnas_search *search, rramnas_error *err)
{
  rramnas_hw *hw = NULL;
  int32_t status;

  if (!s->hardware)
    return RRAMNAS_OK;
  status = read_hardware(s->hardware, &hw, err);
  if (status >= 0)
    status = rramnas_search_set_hardware(search, hw, err);
  rramnas_hw_unref(hw);
  return status;
}

static int32_t
set_net(const settings *s, rramnas_search *search, rramnas_error *err)
{
  rramnas_net *net = NULL;
  int32_t status;

  if (!s->network)
    return RRAMNAS_OK;
  status = rramnas_net_load_file(s->network, NULL, NULL, &net, err);
  if (status >= 0)
    status = rramnas_search_set_net(search, net, err);
  rramnas_net_unref(net);
  return status;
}

/* FIGURE=FILE. How good it is goes to the terminal, once. */
static int32_t
add_predictor(const settings *s, const char *text, const rramnas_table_options *table, int32_t policy,
              rramnas_search *search, rramnas_error *err)
{
  rramnas_predictor_quality q = RRAMNAS_PREDICTOR_QUALITY_INIT;
  const size_t length = strcspn(text, "=");
  char figure[64], a[32], b[32], c[32];
  int32_t status;

  snprintf(figure, sizeof(figure), "%.*s", length < 63 ? (int)length : 63, text);
  status = rramnas_search_add_predictor_file(search, text + length + 1, figure, table, &q, err);
  if (status >= 0 && !policy && !s->quiet)
    printf("predictor %s: %lld rows, Kendall's tau %s, Spearman's rho %s, error %s (10-fold)\n", figure, (long long)q.rows,
           number_text(q.rank_correlation, a), number_text(q.spearman, b), number_text(q.rmse, c));
  return status;
}

static int32_t
set_figures(const settings *s, int32_t policy, rramnas_search *search, rramnas_error *err)
{
  rramnas_table_options table = RRAMNAS_TABLE_OPTIONS_INIT;
  int32_t status = RRAMNAS_OK;
  size_t i;

  table.key = s->table_key;
  table.columns = s->table_columns;
  table.order = s->table_order;
  for (i = 0; i < s->n_tables && status >= 0; i++)
    status = rramnas_search_add_table_file(search, s->tables[i], &table, err);
  for (i = 0; i < s->n_predictors && status >= 0; i++)
    status = add_predictor(s, s->predictors[i], &table, policy, search, err);
  for (i = 0; i < s->n_objectives && status >= 0; i++)
    status = rramnas_search_add_objective(search, s->objectives[i], 0, err);
  for (i = 0; i < s->n_constraints && status >= 0; i++)
    status = rramnas_search_add_constraint(search, s->constraints[i], err);
  return status;
}

static int32_t
set_compile(const settings *s, int32_t policy, rramnas_search *search, rramnas_error *err)
{
  rramnas_compile_options o = s->compile;

  if (policy) {
    o.policy = policy;
    o.crossbars = RRAMNAS_CROSSBARS_AUTO;
  }
  return rramnas_search_set_compile(search, &o, &s->cost, err);
}

/* The test images stay for the report. */
static int32_t
set_accuracy(const settings *s, rramnas_search *search, rramnas_error *err)
{
  rramnas_accuracy_options o = s->accuracy;

  if (!o.data)
    return RRAMNAS_OK;
  o.weights = o.weights ? o.weights : s->network;
  if (!o.weights && !rramnas_search_supernet(search)) {
    snprintf(err->message, sizeof(err->message), "--data needs --weights FILE: the space names no weights");
    return RRAMNAS_ERR_ARGUMENT;
  }
  o.part = RRAMNAS_DATA_HELD_OUT;
  o.seed = s->search.seed;
  return rramnas_search_set_accuracy(search, &o, err);
}

int
make_search(const settings *s, int32_t policy, rramnas_search **ret_search)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *search = NULL;
  int32_t status = is_word(s->space) ? rramnas_search_create_ready(s->space, NULL, &search, &err)
                                     : rramnas_search_load_file(s->space, NULL, &search, &err);

  if (status >= 0)
    status = set_chip(s, search, &err);
  if (status >= 0)
    status = set_net(s, search, &err);
  if (status >= 0)
    status = set_compile(s, policy, search, &err);
  if (status >= 0)
    status = set_accuracy(s, search, &err);
  if (status >= 0)
    status = set_figures(s, policy, search, &err);
  if (status < 0) {
    rramnas_search_unref(search);
    return bad_input(&err);
  }
  *ret_search = search;
  return EXIT_DONE;
}

static int
set_files(const settings *s, rramnas_search *search)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char path[MOST_PATH];

  if (s->cache && rramnas_search_set_cache_file(search, s->cache, &err) < 0)
    return bad_input(&err);
  if (s->out) {
    snprintf(path, sizeof(path), "%s/history.csv", s->out);
    if (rramnas_search_set_history_file(search, path, &err) < 0)
      return bad_input(&err);
  }
  return EXIT_DONE;
}

static int
begin(const settings *s, rramnas_search *search)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  const int32_t status = s->resume ? rramnas_search_resume_file(search, s->resume, &err)
                                   : rramnas_search_start(search, &s->search, &err);

  return status < 0 ? bad_input(&err) : EXIT_DONE;
}

/* --- progress --- */

typedef struct display {
  int is_terminal, is_quiet;
  time_t shown;
} display;

static int32_t
show(void *user, const rramnas_progress *p)
{
  display *d = user;
  char volume[32], rate[32], left[32];
  const time_t now = time(NULL);

  if (d->is_quiet || now == d->shown)
    return 0;
  d->shown = now;
  snprintf(left, sizeof(left), ", %.0f s left", p->seconds_left);
  fprintf(stderr, "%sgeneration %lld, %lld candidates, %s/s, front %lld, hypervolume %s%s%s", d->is_terminal ? "\r\033[K" : "",
          (long long)p->generation, (long long)p->evaluations, number_text(p->evaluations_per_s, rate), (long long)p->front,
          number_text(p->hypervolume, volume), p->seconds_left < 0 ? "" : left, d->is_terminal ? "" : "\n");
  return 0;
}

/* --- why there are so few --- */

static int
explain_first(const rramnas_search *search, int32_t fate, rramnas_error *ret_reason)
{
  double *genome = calloc(rramnas_search_gene_count(search), sizeof(*genome));
  const int found = genome && rramnas_search_first(search, fate, genome) == RRAMNAS_OK &&
                    rramnas_search_explain(search, genome, ret_reason) < 0;

  free(genome);
  return found;
}

const char *
first_reason(reasons *r, int32_t fate)
{
  if (!r->of[fate].asked) {
    r->of[fate].asked = 1;
    r->of[fate].reason = (rramnas_error)RRAMNAS_ERROR_INIT;
    r->of[fate].found = explain_first(r->search, fate, &r->of[fate].reason);
  }
  return r->of[fate].found ? r->of[fate].reason.message : NULL;
}

static void
print_failures(reasons *why)
{
  rramnas_progress p = RRAMNAS_PROGRESS_INIT;
  const char *reason;

  rramnas_search_progress(why->search, &p);
  reason = p.failed ? first_reason(why, RRAMNAS_FATE_FAILED) : NULL;
  if (reason)
    printf("failed    %lld candidates; the first: %s\n", (long long)p.failed, reason);
}

/* A front without points: what most candidates met. */
static void
complain_of_nothing(reasons *why)
{
  rramnas_progress p = RRAMNAS_PROGRESS_INIT;
  const char *reason;
  int32_t fate;

  rramnas_search_progress(why->search, &p);
  fate = p.failed > p.infeasible ? RRAMNAS_FATE_FAILED : RRAMNAS_FATE_INFEASIBLE;
  reason = first_reason(why, fate);
  if (!reason)
    complain("no candidate is feasible");
  else
    complain("no candidate is feasible: %lld failed, %lld do not fit or break a constraint, the first that %s: %s",
             (long long)p.failed, (long long)p.infeasible, fate == RRAMNAS_FATE_FAILED ? "failed" : "does", reason);
}

/* --- the front on a terminal --- */

static void
print_row(const rramnas_search *search, size_t i, double *values)
{
  char text[32];
  size_t j;

  rramnas_search_front(search, i, NULL, values);
  for (j = 0; j < rramnas_search_metric_count(search); j++)
    printf("%s%16s", j ? " " : "", number_text(values[j], text));
  printf("\n");
}

static void
print_names(const rramnas_search *search)
{
  size_t j;

  for (j = 0; j < rramnas_search_metric_count(search); j++)
    printf("%s%16s", j ? " " : "", rramnas_search_metric(search, j));
  printf("\n");
}

static int
print_front(const rramnas_search *search, reasons *why)
{
  enum { MOST_ROWS = 24 };
  const size_t n = rramnas_search_front_count(search), step = n / MOST_ROWS + 1;
  double *values = calloc(rramnas_search_metric_count(search), sizeof(*values));
  rramnas_progress p = RRAMNAS_PROGRESS_INIT;
  size_t i;

  if (!values)
    return EXIT_BAD_INPUT;
  rramnas_search_progress(search, &p);
  printf("front     %zu points after %lld candidates in %lld generations (%lld failed, %lld infeasible)\n", n,
         (long long)p.evaluations, (long long)p.generation, (long long)p.failed, (long long)p.infeasible);
  print_failures(why);
  if (n > 0)
    print_names(search);
  for (i = 0; i < n; i += step)
    print_row(search, i, values);
  if (step > 1)
    printf("one of %zu is shown\n", step);
  free(values);
  return EXIT_DONE;
}

/* --- the whole --- */

static int
print_count(const rramnas_search *search)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char text[65536];

  if (rramnas_search_count(search, text, sizeof(text), &err) < 0)
    return bad_input(&err);
  puts(text);
  return EXIT_DONE;
}

static int
run(const settings *s, rramnas_search *search)
{
  display d = { isatty(STDERR_FILENO), s->quiet, 0 };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_run_options o = s->run;
  char checkpoint[MOST_PATH];
  int32_t status;

  o.checkpoint = checkpoint_of(s, checkpoint);
  o.progress = show;
  o.user = &d;
  running = search;
  listen_to_signals();
  status = engine_run(search, &o, &err);
  signal(SIGINT, SIG_DFL);
  signal(SIGTERM, SIG_DFL);
  running = NULL;
  if (d.is_terminal && d.shown)
    fputs("\r\033[K", stderr);
  if (status < 0)
    return bad_input(&err);
  if (status == RRAMNAS_STOPPED)
    complain("stopped: the front so far");
  return EXIT_DONE;
}

/* Up to where the search can run. The folder, its files and the checkpoint are the leader's. */
static int
prepare(const settings *s, int leads, rramnas_search **ret_search)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  int code = make_search(s, 0, ret_search);

  if (code != EXIT_DONE || s->count)
    return code;
  if (!leads)
    return rramnas_search_start(*ret_search, &s->search, &err) < 0 ? bad_input(&err) : EXIT_DONE;
  code = s->out ? make_folder(s) : EXIT_DONE;
  if (code == EXIT_DONE)
    code = set_files(s, *ret_search);
  return code == EXIT_DONE ? begin(s, *ret_search) : code;
}

static int
search_all(const settings *s, rramnas_search *search)
{
  reasons why = { .search = search };
  int code = run(s, search);

  if (code == EXIT_DONE && !s->quiet)
    code = print_front(search, &why);
  if (code == EXIT_DONE && s->out)
    code = write_results(s, search, &why);
  if (code == EXIT_DONE && rramnas_search_front_count(search) == 0) {
    complain_of_nothing(&why);
    code = EXIT_NOTHING_FEASIBLE;
  }
  return code;
}

/* What others do for the leader; how it came out is the leader's to say. */
static int
help_out(const settings *s, rramnas_search *search)
{
  signal(SIGINT, SIG_IGN);
  signal(SIGTERM, SIG_IGN);
  return engine_run(search, &s->run, NULL) < 0 ? EXIT_BAD_INPUT : EXIT_DONE;
}

static int
search_or_count(const settings *s, int leads)
{
  rramnas_search *search = NULL;
  int code = engine_agree(prepare(s, leads, &search));

  if (code == EXIT_DONE)
    code = s->count ? print_count(search) : leads ? search_all(s, search) : help_out(s, search);
  rramnas_search_unref(search);
  return code;
}

int
main(int argc, char **argv)
{
  const int leads = engine_begin(&argc, &argv);
  settings s = { .compile = RRAMNAS_COMPILE_OPTIONS_INIT, .cost = RRAMNAS_COST_OPTIONS_INIT,
                 .search = RRAMNAS_SEARCH_OPTIONS_INIT, .accuracy = RRAMNAS_ACCURACY_OPTIONS_INIT, .run = RRAMNAS_RUN_OPTIONS_INIT };
  int go_on = read_options(argc, argv, &s), code;

  allow_tiles();
  if (go_on > 0 && leads && !s.count && !outputs_are_safe(&s))
    go_on = -1;
  code = engine_agree(go_on < 0 ? EXIT_BAD_INPUT : EXIT_DONE);
  if (code == EXIT_DONE && go_on > 0)
    code = search_or_count(&s, leads);
  free_options(&s);
  if (fflush(stdout) != 0 && code == EXIT_DONE) {
    complain("standard output: cannot write");
    code = EXIT_BAD_INPUT;
  }
  engine_end();
  return code;
}
