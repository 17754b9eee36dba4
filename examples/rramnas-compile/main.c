/* SPDX-License-Identifier: MIT */
/* rramnas-compile: from files to a mapping and its reports. Also an example of the library: it includes nothing
 * of it but rramnas.h. */
#include <limits.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "../common/hardware.h"
#include "../common/tiles.h"
#include "accuracy_curves.h"

#define BUILT_IN "ofa_mobilenet_v3_small"

/* --- progress: a line on a terminal for what takes longer than a second, erased at the end --- */

static const char *volatile phase = "";
static volatile sig_atomic_t phase_shown;

/* Only what a signal handler may call. */
static void
write_phase(int signal_number)
{
  const char *text = phase;
  ssize_t ignored = write(STDERR_FILENO, "\r\033[K", 4);

  (void)signal_number;
  ignored = write(STDERR_FILENO, text, strlen(text));
  (void)ignored;
  phase_shown = 1;
}

static void
begin_progress(const settings *s)
{
  struct sigaction action = { .sa_handler = write_phase, .sa_flags = SA_RESTART };

  if (s->quiet || !isatty(STDERR_FILENO) || sigaction(SIGALRM, &action, NULL) != 0)
    return;
  alarm(1);
}

void
show_phase(const char *text)
{
  phase = text;
  if (phase_shown)
    write_phase(0);
}

static void
end_progress(void)
{
  alarm(0);
  if (phase_shown)
    fputs("\r\033[K", stderr);
  phase_shown = 0;
}

/* --- inputs --- */

static int
load_hardware(const settings *s, rramnas_hw **ret_hw)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  const int32_t status = read_hardware(s->hardware, ret_hw, &err);
  size_t i;

  if (status < 0) {
    complain_error(&err);
    return EXIT_BAD_INPUT;
  }
  for (i = 0; i < rramnas_hw_warning_count(*ret_hw); i++)
    complain("%s", rramnas_hw_warning(*ret_hw, i));
  return EXIT_DONE;
}

static int
load_built_in(const settings *s, rramnas_net **ret_net)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  size_t size = 0;
  int32_t status;
  char *text;

  if (!s->genome) {
    complain(BUILT_IN " needs --genome FILE");
    return EXIT_BAD_INPUT;
  }
  text = read_text(s->genome, &size);
  if (!text)
    return EXIT_BAD_INPUT;
  status = s->accuracy.weights ? rramnas_net_create_ofa_from_supernet(text, size, s->genome, s->accuracy.weights,
                                                                      s->accuracy.data, NULL, ret_net, &err)
                               : rramnas_net_create_ofa_from_genome(text, size, s->genome, NULL, ret_net, &err);
  free(text);
  if (status < 0)
    complain_error(&err);
  return status < 0 ? EXIT_BAD_INPUT : EXIT_DONE;
}

static int
load_network(const settings *s, rramnas_net **ret_net)
{
  rramnas_net_options options = RRAMNAS_NET_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;

  if (strcmp(s->network, BUILT_IN) == 0)
    return load_built_in(s, ret_net);
  if (s->genome) {
    complain("--genome is for " BUILT_IN ", not for %s", s->network);
    return EXIT_BAD_INPUT;
  }
  options.binds = s->binds;
  options.n_binds = s->n_binds;
  if (rramnas_net_load_file(s->network, &options, NULL, ret_net, &err) < 0) {
    complain_error(&err);
    return EXIT_BAD_INPUT;
  }
  return EXIT_DONE;
}

/* Integers with blanks or commas between, into a new array; behind a byte order mark, which some editors write. */
static int
load_integers(const char *path, int least, int32_t **ret_numbers, size_t *ret_n)
{
  static const char gaps[] = ", \t\r\n";
  size_t size = 0, n = 0;
  char *text = read_text(path, &size), *word, *rest = NULL, *first;
  long long number;

  if (!text)
    return EXIT_BAD_INPUT;
  if (strlen(text) != size) {
    complain("%s: holds bytes of 0, expected text", path);
    free(text);
    return EXIT_BAD_INPUT;
  }
  *ret_numbers = calloc(size + 1, sizeof(**ret_numbers));
  first = text + (strncmp(text, "\xef\xbb\xbf", 3) == 0 ? 3 : 0);
  for (word = strtok_r(first, gaps, &rest); *ret_numbers && word; word = strtok_r(NULL, gaps, &rest)) {
    if (!parse_integer(word, least, INT_MAX, &number)) {
      complain("%s: entry %zu is \"%.40s\", expected %d or more", path, n + 1, word, least);
      free(text);
      return EXIT_BAD_INPUT;
    }
    (*ret_numbers)[n++] = (int32_t)number;
  }
  free(text);
  if (n == 0)
    complain("%s: holds no numbers", path);
  *ret_n = n;
  return n ? EXIT_DONE : EXIT_BAD_INPUT;
}

static int
load_copies(settings *s)
{
  int code;

  if (!s->copies_file)
    return EXIT_DONE;
  code = load_integers(s->copies_file, 1, &s->copies, &s->compile.n_copies);
  s->compile.copies = s->copies;
  return code;
}

/* Pairs: bits of the weights and of the inputs of each mapped layer. */
static int
load_bits(settings *s)
{
  size_t i, n = 0;

  if (!s->bits_file)
    return EXIT_DONE;
  if (load_integers(s->bits_file, 0, &s->bits, &n) != EXIT_DONE)
    return EXIT_BAD_INPUT;
  if (n % 2) {
    complain("%s: holds %zu numbers, expected two for each mapped layer: weight bits and input bits", s->bits_file, n);
    return EXIT_BAD_INPUT;
  }
  s->split_bits = calloc(n, sizeof(*s->split_bits));
  if (!s->split_bits)
    return EXIT_BAD_INPUT;
  for (i = 0; i < n; i++)
    s->split_bits[i % 2 * (n / 2) + i / 2] = s->bits[i];
  s->compile.weight_bits = s->split_bits;
  s->compile.input_bits = s->split_bits + n / 2;
  s->compile.n_bits = n / 2;
  return EXIT_DONE;
}

/* --- compile and write --- */

static int
compile(const settings *s, rramnas_hw *hw, rramnas_net *net, rramnas_mapping **ret_mapping)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  const int32_t status = rramnas_compile(hw, net, &s->compile, NULL, ret_mapping, &err);

  if (status < 0)
    complain_error(&err);
  if (status == RRAMNAS_ERR_DOES_NOT_FIT)
    complain("--crossbars auto takes as many crossbars as are needed");
  return status == RRAMNAS_ERR_DOES_NOT_FIT ? EXIT_DOES_NOT_FIT : status < 0 ? EXIT_BAD_INPUT : EXIT_DONE;
}

static int
check(const settings *s, const rramnas_mapping *mapping)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;

  if (!s->check || rramnas_mapping_check(mapping, &err) == RRAMNAS_OK)
    return EXIT_DONE;
  complain_error(&err);
  return EXIT_BAD_INPUT;
}

static int
is_stdout(const char *path)
{
  return path && strcmp(path, "-") == 0;
}

/* Standard output is a report's, so nothing else is printed there. */
static int
output_is_taken(const settings *s)
{
  const char *paths[N_OUTPUTS];
  int i, taken = 0;

  list_outputs(s, paths);
  for (i = 0; i < N_OUTPUTS; i++)
    taken |= is_stdout(paths[i]);
  return taken;
}

static int
prints_table(const settings *s)
{
  return !s->quiet && !output_is_taken(s);
}

static int
write_one(const settings *s, const report_source *source, const char *path)
{
  int code;

  if (!path)
    return EXIT_DONE;
  show_phase("writing ...");
  code = write_report(source, path);
  if (prints_table(s) && code == EXIT_DONE)
    printf("written   %s\n", path);
  return code;
}

/* For the table and for the JSON report. */
static int
measure(const settings *s, const rramnas_hw *hw, const rramnas_net *net, const rramnas_mapping *mapping, measured *ret)
{
  int code;

  if (!s->accuracy.data || (!prints_table(s) && !s->json))
    return EXIT_DONE;
  show_phase("accuracy ...");
  code = measure_layers(s, net, mapping, ret);
  if (code == EXIT_DONE && prints_table(s))
    print_accuracy(stdout, hw, net, ret);
  return code;
}

static int
write_all(const settings *s, const rramnas_hw *hw, const rramnas_net *net, const rramnas_mapping *mapping)
{
  measured accuracy = { .layers = NULL };
  const rramnas_cost_options cost = cost_options(s);
  const struct { int32_t report; const char *path; int of_cost; } wanted[] = {
    { RRAMNAS_REPORT_JSON, s->json, 1 },    { RRAMNAS_REPORT_SVG, s->svg, 0 },
    { RRAMNAS_REPORT_TRACE, s->trace, 0 },  { RRAMNAS_REPORT_SVG, s->cost_svg, 1 },
    { RRAMNAS_REPORT_CSV, s->cost_csv, 1 },
  };
  int i, code = EXIT_DONE;

  show_phase("simulating ...");
  if (prints_table(s))
    code = print_summary(stdout, s, hw, net, mapping);
  if (code == EXIT_DONE && s->explain)
    code = print_explanation(stdout, s, mapping);
  if (code == EXIT_DONE)
    code = measure(s, hw, net, mapping, &accuracy);
  for (i = 0; i < 5 && code == EXIT_DONE; i++) {
    const report_source source = { .mapping = mapping, .report = wanted[i].report, .timing = &s->timing,
                                   .cost = wanted[i].of_cost ? &cost : NULL,
                                   .measured = wanted[i].report == RRAMNAS_REPORT_JSON && accuracy.layers ? &accuracy : NULL };

    code = write_one(s, &source, wanted[i].path);
  }
  free(accuracy.layers);
  return code;
}

/* --- sweep --- */

static int
sweep_chip(const settings *s, rramnas_hw *hw, rramnas_net *net, rramnas_mapping *mapping)
{
  const report_source csv = { .sweep = s->sweep, .report = RRAMNAS_REPORT_CSV };
  const report_source svg = { .sweep = s->sweep, .report = RRAMNAS_REPORT_SVG };
  int code;

  if (!s->sweep)
    return EXIT_DONE;
  show_phase("sweep ...");
  code = run_sweep(s->sweep, s, hw, net, mapping);
  if (code == EXIT_DONE && prints_table(s) && !s->sweep_csv)
    print_sweep(stdout, s->sweep);
  if (code == EXIT_DONE)
    code = write_one(s, &csv, s->sweep_csv);
  return code == EXIT_DONE ? write_one(s, &svg, s->sweep_svg) : code;
}

/* --- accuracy over errors --- */

static int
write_accuracy(const settings *s, const accuracy_curves *c, const rramnas_net *net)
{
  const rramnas_curve_labels labels = { sizeof(labels), rramnas_net_name(net), c->subtitle };
  const struct { int32_t report; const char *path; } wanted[] = {
    { RRAMNAS_REPORT_SVG, s->accuracy_svg }, { RRAMNAS_REPORT_CSV, s->accuracy_csv }, { RRAMNAS_REPORT_JSON, s->accuracy_json },
  };
  int i, code = EXIT_DONE;

  for (i = 0; i < 3 && code == EXIT_DONE; i++) {
    const report_source source = { .report = wanted[i].report, .labels = &labels, .accuracy = c };

    code = write_one(s, &source, wanted[i].path);
  }
  return code;
}

/* Over the field of the sweep, which has run, or over what chips usually differ by. */
static int
compute_accuracy(const settings *s, rramnas_hw *hw, const rramnas_net *net, const rramnas_mapping *mapping)
{
  accuracy_curves curves = { .n = 0 };
  int code;

  if (!s->accuracy_svg && !s->accuracy_csv && !s->accuracy_json)
    return EXIT_DONE;
  if (s->sweep)
    code = take_sweep(&curves, s, hw, s->sweep) ? EXIT_DONE : EXIT_BAD_INPUT;
  else
    code = compute_accuracy_curves(s, hw, mapping, &curves);
  if (code == EXIT_DONE && prints_table(s) && !s->sweep)
    print_accuracy_curves(stdout, &curves);
  if (code == EXIT_DONE)
    code = write_accuracy(s, &curves, net);
  free_accuracy_curves(&curves);
  return code;
}

/* --- curve --- */

static int
wants_curve(const settings *s)
{
  return s->curves[0] != NULL;
}

static int32_t
show_point(void *user, const rramnas_curve_point *point, rramnas_mapping *mapping, int32_t done, int32_t total)
{
  static char text[2][64];

  (void)user;
  (void)point;
  (void)mapping;
  snprintf(text[done % 2], sizeof(text[0]), "curve: point %d of %d ...", (int)done, (int)total);
  show_phase(text[done % 2]);
  return 0;
}

static int
write_curves(const settings *s, const rramnas_curve_point *points, size_t n, const rramnas_curve_labels *labels)
{
  int i, code = EXIT_DONE;

  for (i = 0; i < MOST_CURVES && s->curves[i] && code == EXIT_DONE; i++) {
    const report_source source = { .report = curve_report(s->curves[i]), .points = points, .n_points = n,
                                   .labels = labels };

    code = write_one(s, &source, s->curves[i]);
  }
  return code;
}

/* Under the title of the plot. */
static void
describe(const settings *s, const rramnas_hw *hw, const rramnas_timing_options *timing, char *ret_text, size_t size)
{
  double rows = 0, cols = 0;

  rramnas_hw_get_number(hw, "crossbar.rows", &rows);
  rramnas_hw_get_number(hw, "crossbar.cols", &cols);
  snprintf(ret_text, size, "policy %s, %d sample%s, %s model, crossbars of %d \xc3\x97 %d cells",
           rramnas_policy_name(s->compile.policy), (int)timing->samples, timing->samples == 1 ? "" : "s",
           timing->model == RRAMNAS_TIMING_RNC ? "rnc" : "graph", (int)rows, (int)cols);
}

/* Without --timing the model is rnc, the one that policy best plans for. */
static int
fill_and_write(const settings *s, rramnas_hw *hw, rramnas_net *net, rramnas_curve_point *points, size_t capacity)
{
  rramnas_curve_labels labels = RRAMNAS_CURVE_LABELS_INIT;
  rramnas_curve_options options = s->curve;
  rramnas_timing_options timing = s->timing;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char subtitle[160];
  size_t n = 0;
  int32_t status;

  options.on_point = show_point;
  timing.model = timing.model ? timing.model : RRAMNAS_TIMING_RNC;
  points[0].size = sizeof(points[0]);
  status = rramnas_compile_curve(hw, net, &s->compile, &timing, &options, NULL, points, capacity, &n, &err);
  if (status < 0) {
    complain_error(&err);
    return status == RRAMNAS_ERR_DOES_NOT_FIT ? EXIT_DOES_NOT_FIT : EXIT_BAD_INPUT;
  }
  describe(s, hw, &timing, subtitle, sizeof(subtitle));
  labels.title = rramnas_net_name(net);
  labels.subtitle = subtitle;
  return write_curves(s, points, n, &labels);
}

static int
compute_curve(const settings *s, rramnas_hw *hw, rramnas_net *net)
{
  rramnas_curve_point *points;
  int code;

  if (!wants_curve(s))
    return EXIT_DONE;
  show_phase("curve ...");
  points = calloc((size_t)s->n_points, sizeof(*points));
  if (!points) {
    complain("out of memory");
    return EXIT_BAD_INPUT;
  }
  code = fill_and_write(s, hw, net, points, (size_t)s->n_points);
  free(points);
  return code;
}

static int
run(settings *s)
{
  rramnas_hw *hw = NULL;
  rramnas_net *net = NULL;
  rramnas_mapping *mapping = NULL;
  int code;

  begin_progress(s);
  show_phase("reading ...");
  if ((code = load_hardware(s, &hw)) == EXIT_DONE && (code = check_sweep(s->sweep, s, hw)) == EXIT_DONE &&
      (code = load_network(s, &net)) == EXIT_DONE && (code = load_copies(s)) == EXIT_DONE &&
      (code = load_bits(s)) == EXIT_DONE) {
    show_phase("compiling ...");
    if ((code = compile(s, hw, net, &mapping)) == EXIT_DONE && (code = check(s, mapping)) == EXIT_DONE)
      code = write_all(s, hw, net, mapping);
    if (code == EXIT_DONE)
      code = sweep_chip(s, hw, net, mapping);
    if (code == EXIT_DONE)
      code = compute_accuracy(s, hw, net, mapping);
    if (code == EXIT_DONE)
      code = compute_curve(s, hw, net);
  }
  end_progress();
  rramnas_mapping_unref(mapping);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
  return code;
}

/* A report must not replace what it was made from. */
static int
outputs_are_safe(const settings *s)
{
  const char *outputs[N_OUTPUTS];
  const char *const inputs[] = { s->network, s->hardware, s->genome, s->copies_file, s->bits_file,
                                 s->accuracy.data, s->accuracy.weights };
  size_t i, k;

  list_outputs(s, outputs);
  for (i = 0; i < N_OUTPUTS; i++)
    for (k = 0; k < sizeof(inputs) / sizeof(inputs[0]); k++)
      if (is_same_file(outputs[i], inputs[k])) {
        complain("%s: is read and would be overwritten", outputs[i]);
        return 0;
      }
  return 1;
}

int
main(int argc, char **argv)
{
  settings s = { .compile = RRAMNAS_COMPILE_OPTIONS_INIT, .timing = RRAMNAS_TIMING_OPTIONS_INIT,
                 .curve = RRAMNAS_CURVE_OPTIONS_INIT, .n_points = 24, .chip_seed = -1,
                 .accuracy = RRAMNAS_ACCURACY_OPTIONS_INIT };
  int go_on, code;

  allow_tiles();
  s.compile.policy = DEFAULT_POLICY;
  s.compile.samples = s.timing.samples = 1;
  go_on = read_options(argc, argv, &s);
  if (go_on > 0 && !outputs_are_safe(&s))
    go_on = -1;
  code = go_on > 0 ? run(&s) : go_on < 0 ? EXIT_BAD_INPUT : EXIT_DONE;
  free_options(&s);
  if ((fflush(stdout) != 0 || ferror(stdout)) && code == EXIT_DONE) { /* else the first complaint is the reason */
    complain("standard output: cannot write");
    return EXIT_BAD_INPUT;
  }
  return code;
}
