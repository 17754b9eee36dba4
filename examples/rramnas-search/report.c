/* SPDX-License-Identifier: MIT */
/* What a search leaves in its folder.
 *
 *   front.csv front.json front.svg history.csv checkpoint report.html
 *   best/NAME.yaml             a network, as rramnas-compile takes it; NAME: knee, best-FIGURE
 *   best/NAME.hardware.yaml    its chip
 *   best/NAME.candidate.yaml   its genes
 *   best/NAME.bits             bits of its layers, where the space has genes of them
 *
 * Behind the front the plot has a random search of its own, and the ISAAC-like point: the knee's network on one tile per
 * crossbar. Files are written beside their place and renamed. */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "program.h"

/* Random candidates behind the front; fewer where each is run on images. */
enum { CLOUD = 200, CLOUD_ON_IMAGES = 20, MOST_CHOSEN = 4, MOST_ROWS = 200 };

typedef struct chosen {
  char name[80];
  size_t index; /* in the front */
} chosen;

typedef struct results {
  const settings *s;
  const rramnas_search *search;
  size_t n_objectives, n_figures, n_genes, n_front;
  chosen chosen[MOST_CHOSEN];
  size_t n_chosen;
  int has_net;   /* 0: the space may be of anything; then there is nothing to compile */
  reasons *why;
  double *cloud; /* [n_cloud][n_objectives] */
  size_t n_cloud;
  double *mark;  /* [n_objectives]; NULL = none */
  double *values, *genome;
} results;

/* --- files --- */

static int
make_one(const char *path)
{
  if (mkdir(path, 0777) == 0 || errno == EEXIST)
    return EXIT_DONE;
  complain("%s: cannot make the folder: %s", path, strerror(errno));
  return EXIT_BAD_INPUT;
}

int
make_folder(const settings *s)
{
  char path[MOST_PATH];

  if (snprintf(path, sizeof(path), "%s/best", s->out) >= MOST_PATH - 100) {
    complain("--out: the path is too long");
    return EXIT_BAD_INPUT;
  }
  return make_one(s->out) == EXIT_DONE ? make_one(path) : EXIT_BAD_INPUT;
}

static int32_t
to_file(void *user, const char *data, size_t length)
{
  return fwrite(data, 1, length, user) != length;
}

typedef int32_t (*produce_fn)(const results *r, FILE *f, size_t which, rramnas_error *err);

static int
write_file(const results *r, const char *name, produce_fn produce, size_t which)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char path[MOST_PATH], beside[MOST_PATH + 8];
  int32_t status;
  FILE *f;

  snprintf(path, sizeof(path), "%s/%s", r->s->out, name);
  snprintf(beside, sizeof(beside), "%s.new", path);
  f = fopen(beside, "wb");
  if (!f) {
    complain("%s: cannot write: %s", beside, strerror(errno));
    return EXIT_BAD_INPUT;
  }
  status = produce(r, f, which, &err);
  if (status < 0 && status != RRAMNAS_ERR_CALLBACK)
    complain_error(&err);
  if (fclose(f) != 0 || status == RRAMNAS_ERR_CALLBACK || (status >= 0 && rename(beside, path) != 0)) {
    complain("%s: cannot write: %s", path, strerror(errno));
    status = RRAMNAS_ERR_IO;
  }
  if (status < 0)
    unlink(beside);
  return status < 0 ? EXIT_BAD_INPUT : EXIT_DONE;
}

/* --- what is chosen from the front --- */

static const double *
values_of(const results *r, size_t index)
{
  rramnas_search_front(r->search, index, r->genome, r->values);
  return r->values;
}

static int
is_maximized(const results *r, size_t j)
{
  rramnas_metric m = RRAMNAS_METRIC_INIT;
  const char *name = r->s->objectives[j];
  size_t i;

  for (i = 0; rramnas_metric_info(i, &m) == RRAMNAS_OK; i++)
    if (strcmp(m.name, name) == 0)
      return m.direction == RRAMNAS_MAXIMIZE;
  return strncmp(name, "accuracy", 8) == 0;
}

static void
choose(results *r, const char *prefix, const char *name, size_t index)
{
  chosen *c = &r->chosen[r->n_chosen++];

  snprintf(c->name, sizeof(c->name), "%s%s", prefix, name);
  c->index = index;
}

static int
choose_knee(results *r, rramnas_error *err)
{
  double *points = calloc(r->n_front * r->n_objectives, sizeof(*points));
  size_t i, j, knee = 0;
  int32_t status;

  if (!points)
    return 0;
  for (i = 0; i < r->n_front; i++)
    for (j = 0; j < r->n_objectives; j++)
      points[i * r->n_objectives + j] = is_maximized(r, j) ? -values_of(r, i)[j] : values_of(r, i)[j];
  status = rramnas_front_knee(points, r->n_front, r->n_objectives, &knee, err);
  free(points);
  choose(r, "knee", "", knee);
  return status >= 0;
}

static void
choose_ends(results *r)
{
  size_t i, j, best;
  double value;

  for (j = 0; j < r->n_objectives && r->n_chosen < MOST_CHOSEN; j++) {
    best = 0;
    value = values_of(r, 0)[j];
    for (i = 1; i < r->n_front; i++)
      if (is_maximized(r, j) ? values_of(r, i)[j] > value : values_of(r, i)[j] < value) {
        best = i;
        value = r->values[j];
      }
    choose(r, "best-", r->s->objectives[j], best);
  }
}

/* --- what is shown beside the front --- */

/* Figures of all that a search without constraints judges: its callback sees them because one figure is left to it. */
typedef struct collector {
  const results *r;
  double *values; /* [n][n_objectives] */
  size_t n, most;
} collector;

static int32_t
collect(void *user, const rramnas_batch *batch)
{
  collector *c = user;
  const size_t m = c->r->n_objectives;
  size_t i, j;

  for (i = 0; i < batch->n; i++) {
    double *values = batch->values + i * (m + 1);
    int complete = c->n < c->most;

    values[m] = 0;
    for (j = 0; j < m; j++)
      complete &= values[j] == values[j];
    if (complete)
      memcpy(c->values + c->n++ * m, values, m * sizeof(*values));
  }
  return 0;
}

/* Random candidates as the settings judge them, or the one given under another policy. */
static int
judge_others(const results *r, int32_t policy, const double *genome, collector *c)
{
  rramnas_search_options options = RRAMNAS_SEARCH_OPTIONS_INIT;
  rramnas_run_options run = RRAMNAS_RUN_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  settings free_of_limits = *r->s;
  rramnas_search *search = NULL;
  int32_t status;

  free_of_limits.n_constraints = 0;
  free_of_limits.accuracy.stop_dominated = 0; /* nobody is there to dominate */
  if (make_search(&free_of_limits, policy, &search) != EXIT_DONE)
    return 0;
  options.strategy = RRAMNAS_STRATEGY_RANDOM;
  options.seed = r->s->search.seed + 1;
  options.population = (int32_t)c->most;
  options.initial = genome;
  options.n_initial = genome ? 1 : 0;
  run.evaluations = (int64_t)c->most;
  run.n_threads = r->s->run.n_threads;
  status = rramnas_search_add_objective(search, "collected", 0, &err);
  if (status >= 0)
    status = rramnas_search_set_evaluate(search, collect, c, &err);
  if (status >= 0)
    status = rramnas_search_start(search, &options, &err);
  if (status >= 0)
    status = rramnas_search_run(search, &run, &err);
  rramnas_search_unref(search);
  return status >= 0;
}

static void
make_cloud(results *r)
{
  const size_t wanted = r->s->accuracy.data ? CLOUD_ON_IMAGES : CLOUD;
  collector c = { r, calloc(wanted * r->n_objectives, sizeof(double)), 0, wanted };

  if (c.values && judge_others(r, 0, NULL, &c))
    r->n_cloud = c.n;
  r->cloud = c.values;
}

static void
make_mark(results *r)
{
  collector c = { r, calloc(r->n_objectives, sizeof(double)), 0, 1 };

  values_of(r, r->chosen[0].index);
  if (c.values && judge_others(r, RRAMNAS_POLICY_ISAAC, r->genome, &c) && c.n == 1)
    r->mark = c.values;
  else
    free(c.values);
}

/* --- the files --- */

static int32_t
produce_front(const results *r, FILE *f, size_t report, rramnas_error *err)
{
  rramnas_search_report_options o = RRAMNAS_SEARCH_REPORT_OPTIONS_INIT;

  o.cloud = r->cloud;
  o.n_cloud = r->n_cloud;
  o.mark = r->mark;
  o.mark_label = "knee's network, ISAAC-like";
  return rramnas_search_write(r->search, (int32_t)report, &o, to_file, f, err);
}

static int32_t
produce_candidate(const results *r, FILE *f, size_t which, rramnas_error *err)
{
  values_of(r, r->chosen[which].index);
  return rramnas_search_write_candidate(r->search, r->genome, to_file, f, err);
}

static int32_t
produce_net(const results *r, FILE *f, size_t which, rramnas_error *err)
{
  rramnas_net *net = NULL;
  int32_t status;

  values_of(r, r->chosen[which].index);
  status = rramnas_search_build_net(r->search, r->genome, &net, err);
  if (status >= 0)
    status = rramnas_net_write_yaml(net, to_file, f, err);
  rramnas_net_unref(net);
  return status;
}

static int32_t
produce_hw(const results *r, FILE *f, size_t which, rramnas_error *err)
{
  rramnas_hw *hw = NULL;
  int32_t status;

  values_of(r, r->chosen[which].index);
  status = rramnas_search_build_hw(r->search, r->genome, &hw, err);
  if (status >= 0)
    status = rramnas_hw_write_yaml(hw, to_file, f, err);
  rramnas_hw_unref(hw);
  return status;
}

/* A row per mapped layer: weights, inputs. */
static int32_t
produce_bits(const results *r, FILE *f, size_t which, rramnas_error *err)
{
  rramnas_net *net = NULL;
  int32_t *bits = NULL, status;
  size_t i, n = 0;

  values_of(r, r->chosen[which].index);
  status = rramnas_search_build_net(r->search, r->genome, &net, err);
  if (status >= 0)
    status = read_bits(r->search, r->genome, net, &bits, &n, err);
  for (i = 0; i < n && status >= 0; i++)
    fprintf(f, "%d %d\n", (int)bits[i], (int)bits[n + i]);
  free(bits);
  rramnas_net_unref(net);
  return status;
}

static int
look_for_net(results *r)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;
  int32_t status;

  values_of(r, r->chosen[0].index);
  status = rramnas_search_build_net(r->search, r->genome, &net, &err);
  rramnas_net_unref(net);
  r->has_net = status >= 0;
  if (status >= 0 || status == RRAMNAS_ERR_UNSUPPORTED)
    return EXIT_DONE;
  complain_error(&err);
  return EXIT_BAD_INPUT;
}

static int
write_chosen(const results *r)
{
  const struct { const char *ending; produce_fn produce; int wanted; } files[] = {
    { ".candidate.yaml", produce_candidate, 1 },
    { ".hardware.yaml", produce_hw, 1 },
    { ".yaml", produce_net, r->has_net },
    { ".bits", produce_bits, r->has_net && has_bits(r->search) },
  };
  int code = EXIT_DONE;
  char name[160];
  size_t i, k;

  for (i = 0; i < r->n_chosen; i++)
    for (k = 0; k < sizeof(files) / sizeof(files[0]) && code == EXIT_DONE; k++)
      if (files[k].wanted) {
        snprintf(name, sizeof(name), "best/%s%s", r->chosen[i].name, files[k].ending);
        code = write_file(r, name, files[k].produce, i);
      }
  return code;
}

/* --- the page --- */

static void
put_xml(FILE *f, const char *text)
{
  for (; *text; text++)
    switch (*text) {
    case '&': fputs("&amp;", f); break;
    case '<': fputs("&lt;", f); break;
    case '>': fputs("&gt;", f); break;
    case '"': fputs("&quot;", f); break;
    default: fputc(*text, f);
    }
}

/* A click on a figure's name sorts by it. */
static const char sort_script[] =
  "<script>document.querySelectorAll('th').forEach((head,k)=>{let up=1;head.onclick=()=>{const body=head.closest('table')"
  ".tBodies[0];[...body.rows].sort((a,b)=>up*(a.cells[k].dataset.value-b.cells[k].dataset.value))"
  ".forEach(row=>body.append(row));up=-up}})</script>\n";

static void
put_cell(FILE *f, double value)
{
  char text[32];

  fprintf(f, "<td data-value=\"%.17g\">%s</td>", value, number_text(value, text));
}

static void
put_table(const results *r, FILE *f)
{
  size_t i, j;

  fputs("<table><thead><tr><th></th>", f);
  for (j = 0; j < r->n_figures; j++)
    fprintf(f, "<th>%s</th>", rramnas_search_metric(r->search, j));
  fputs("</tr></thead><tbody>\n", f);
  for (i = 0; i < r->n_front && i < MOST_ROWS; i++) {
    fprintf(f, "<tr><td data-value=\"%zu\">%zu</td>", i, i + 1);
    for (j = 0; j < r->n_figures; j++)
      put_cell(f, values_of(r, i)[j]);
    fputs("</tr>\n", f);
  }
  fputs("</tbody></table>\n", f);
  if (i < r->n_front)
    fprintf(f, "<p>The first %zu of %zu; front.csv has all.</p>\n", i, r->n_front);
  fputs(sort_script, f);
}

static int32_t
put_mapping(const results *r, FILE *f, rramnas_net *net, rramnas_hw *hw, rramnas_error *err)
{
  rramnas_compile_options o = r->s->compile;
  rramnas_mapping *mapping = NULL;
  int32_t *bits = NULL, status;

  o.effort = o.effort ? o.effort : RRAMNAS_EFFORT_FAST;
  o.samples = o.samples ? o.samples : DEFAULT_SAMPLES;
  status = read_bits(r->search, r->genome, net, &bits, &o.n_bits, err);
  o.weight_bits = bits;
  o.input_bits = bits ? bits + o.n_bits : NULL;
  if (status >= 0)
    status = rramnas_compile(hw, net, &o, NULL, &mapping, err);
  if (status >= 0)
    status = rramnas_mapping_write(mapping, RRAMNAS_REPORT_SVG, NULL, to_file, f, err);
  if (status >= 0)
    status = rramnas_mapping_write_cost(mapping, RRAMNAS_REPORT_SVG, &r->s->cost, to_file, f, err);
  rramnas_mapping_unref(mapping);
  free(bits);
  return status;
}

static void
put_again(const results *r, FILE *f, size_t which)
{
  char *text = NULL;
  size_t size = 0;
  FILE *memory = open_memstream(&text, &size);

  if (memory) {
    put_command(r->s, r->search, r->chosen[which].name, memory);
    fclose(memory);
    fputs("<p>Its figures again, and more: <code>", f);
    put_xml(f, text);
    fputs("</code></p>\n", f);
  }
  free(text);
}

static int32_t
put_chosen(const results *r, FILE *f, size_t which, rramnas_error *err)
{
  const double *values = values_of(r, r->chosen[which].index);
  rramnas_net *net = NULL;
  rramnas_hw *hw = NULL;
  char text[32];
  int32_t status;
  size_t j;

  fprintf(f, "<h2>%s</h2>\n<p>", r->chosen[which].name);
  for (j = 0; j < r->n_figures; j++)
    fprintf(f, "%s%s <b>%s</b>", j ? ", " : "", rramnas_search_metric(r->search, j), number_text(values[j], text));
  fputs("</p>\n<details><summary>genes</summary><pre>", f);
  status = rramnas_search_write_candidate(r->search, r->genome, to_file, f, err);
  fputs("</pre></details>\n", f);
  if (status < 0 || !r->has_net)
    return status;
  put_again(r, f, which);
  status = rramnas_search_build_net(r->search, r->genome, &net, err);
  if (status >= 0)
    status = rramnas_search_build_hw(r->search, r->genome, &hw, err);
  if (status >= 0)
    status = put_mapping(r, f, net, hw, err);
  rramnas_hw_unref(hw);
  rramnas_net_unref(net);
  return status;
}

static void
put_failures(const results *r, FILE *f)
{
  const char *reason = first_reason(r->why, RRAMNAS_FATE_FAILED);

  if (reason) {
    fputs("<p>The first that failed: ", f);
    put_xml(f, reason);
    fputs("</p>\n", f);
  }
}

static int32_t
produce_page(const results *r, FILE *f, size_t which, rramnas_error *err)
{
  rramnas_progress p = RRAMNAS_PROGRESS_INIT;
  int32_t status = RRAMNAS_OK;
  char text[32];
  size_t i;

  (void)which;
  rramnas_search_progress(r->search, &p);
  fputs("<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>Search of ", f);
  put_xml(f, r->s->space);
  fputs("</title><style>body{font-family:Inter,Helvetica,Arial,sans-serif;color:#1f2933;max-width:1000px;margin:32px auto;"
        "padding:0 16px}table{border-collapse:collapse;font-size:13px}th{cursor:pointer}td,th{padding:4px 12px;text-align:right;"
        "border-bottom:1px solid #e4e7eb}svg{max-width:100%;height:auto}pre{font-size:12px}</style></head><body>\n<h1>", f);
  put_xml(f, r->s->space);
  fprintf(f, "</h1>\n<p>%zu points of the front after %lld candidates in %lld generations (%lld failed, %lld infeasible); "
          "hypervolume %s; seed %llu; librramnas %s.</p>\n", r->n_front, (long long)p.evaluations, (long long)p.generation,
          (long long)p.failed, (long long)p.infeasible, number_text(p.hypervolume, text),
          (unsigned long long)r->s->search.seed, rramnas_version());
  put_failures(r, f);
  if (r->n_objectives > 1)
    status = produce_front(r, f, RRAMNAS_REPORT_SVG, err);
  fputs("<h2>Front</h2>\n", f);
  put_table(r, f);
  for (i = 0; i < r->n_chosen && status >= 0; i++)
    status = put_chosen(r, f, i, err);
  fputs("</body></html>\n", f);
  return status;
}

/* --- the whole --- */

static int
write_all(results *r)
{
  int code = write_file(r, "front.csv", produce_front, RRAMNAS_REPORT_CSV);

  if (code == EXIT_DONE)
    code = write_file(r, "front.json", produce_front, RRAMNAS_REPORT_JSON);
  if (code == EXIT_DONE && r->n_objectives > 1)
    code = write_file(r, "front.svg", produce_front, RRAMNAS_REPORT_SVG);
  if (code == EXIT_DONE && r->n_front)
    code = look_for_net(r);
  if (code == EXIT_DONE && r->n_front)
    code = write_chosen(r);
  if (code == EXIT_DONE && r->has_net && !r->s->quiet) {
    printf("again     ");
    put_command(r->s, r->search, r->chosen[0].name, stdout);
    printf("\n");
  }
  return code == EXIT_DONE ? write_file(r, "report.html", produce_page, 0) : code;
}

int
write_results(const settings *s, const rramnas_search *search, reasons *why)
{
  results r = { .s = s, .search = search, .why = why, .n_objectives = s->n_objectives,
                .n_figures = rramnas_search_metric_count(search), .n_genes = rramnas_search_gene_count(search),
                .n_front = rramnas_search_front_count(search) };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  int code;

  r.values = calloc(r.n_figures, sizeof(*r.values));
  r.genome = calloc(r.n_genes, sizeof(*r.genome));
  if (!r.values || !r.genome) {
    complain("out of memory");
    code = EXIT_BAD_INPUT;
  } else {
    if (r.n_front && choose_knee(&r, &err)) {
      choose_ends(&r);
      make_mark(&r);
    }
    make_cloud(&r);
    code = write_all(&r);
  }
  free(r.values);
  free(r.genome);
  free(r.cloud);
  free(r.mark);
  return code;
}
