/* SPDX-License-Identifier: MIT */
/* What the revision of figures stands for: every built-in figure of a few cases, pinned in tests/data/figures. Figures
 * that move without RRN_FIGURES_REVISION fail here; RRAMNAS_UPDATE_GOLDEN=1 pins them only after it was raised. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>

#include "evaluate/metrics.h"
#include "evaluate_case.h"
#include "golden.h"
#include "nets.h"

#define PINNED "figures/pinned.txt"

enum { MOST_METRICS = 64, MOST_TEXT = 1 << 16 };

typedef struct figures_case {
  const char *name, *net, *hw; /* hw: the spec's lines behind its schema */
  int32_t policy, effort, crossbars, model, timing;
  int32_t chips;               /* 0 = accuracy is not asked for */
} figures_case;

static const figures_case cases[] = {
  { "rnc", "mbv3_small", "", RRAMNAS_POLICY_RNC, 0, RRAMNAS_CROSSBARS_AUTO, 0, RRAMNAS_TIMING_RNC, 0 },
  { "isaac", "squeezenet", "", RRAMNAS_POLICY_ISAAC, 0, 200, 0, RRAMNAS_TIMING_GRAPH, 0 },
  { "mnsim", "resnet18", "", RRAMNAS_POLICY_RNC, 0, RRAMNAS_CROSSBARS_AUTO, RRAMNAS_COST_MNSIM, RRAMNAS_TIMING_RNC, 0 },
  { "best_fast", "mbv3_small", "", RRAMNAS_POLICY_BEST, RRAMNAS_EFFORT_FAST, 200, 0, RRAMNAS_TIMING_GRAPH, 0 },
  { "best_balanced", "squeezenet", "", RRAMNAS_POLICY_BEST, RRAMNAS_EFFORT_BALANCED, 60, 0, RRAMNAS_TIMING_GRAPH, 0 },
  { "write", "digits",
    "device: {bits_per_cell: 1}\nnoise: {write_model: relative, write_sigma: 0.1, stuck_off_fraction: 0.01}\n",
    RRAMNAS_POLICY_RNC, 0, 80, 0, RRAMNAS_TIMING_RNC, 3 },
  { "read", "digits", "noise: {read_sigma: 0.05}\nadc: {bits: 6, unit_sigma: 0.02}\nweight: {sign: offset}\n",
    RRAMNAS_POLICY_BEST, RRAMNAS_EFFORT_FAST, 80, 0, RRAMNAS_TIMING_GRAPH, 2 },
  { "device", "digits", "device: {preset: wan_nature_2022}\ncrossbar: {ir_drop: attenuated}\n", RRAMNAS_POLICY_RNC, 0,
    RRAMNAS_CROSSBARS_AUTO, 0, RRAMNAS_TIMING_RNC, 2 },
  { "passes", "digits", "dac: {per_subarray: 12}\nadc: {bits: 4}\nnoise: {write_model: relative, write_sigma: 0.1}\n",
    RRAMNAS_POLICY_RNC, 0, RRAMNAS_CROSSBARS_AUTO, 0, RRAMNAS_TIMING_RNC, 2 },
};

/* --- a case --- */

static void
check(const fixture *f, int32_t status)
{
  if (status < 0)
    fail_msg("%s", f->err.message);
}

static void
set_hardware(fixture *f, const figures_case *c)
{
  char text[1024];
  rramnas_hw *hw = NULL;

  snprintf(text, sizeof(text), "schema: rramnas.hardware/1\n%s", c->hw);
  check(f, rramnas_hw_load_buffer(text, strlen(text), "hw.yaml", RRAMNAS_HW_FORMAT_YAML, NULL, &hw, &f->err));
  check(f, rrn_evaluation_set_hardware(&f->e, hw, &f->err));
  rramnas_hw_unref(hw);
}

static void
set_network(fixture *f, const figures_case *c)
{
  rramnas_net *net = NULL;
  char path[4096];

  snprintf(path, sizeof(path), "%s/onnx/digits_cnn.onnx", getenv("RRAMNAS_TEST_DATA"));
  if (c->chips > 0)
    check(f, rramnas_net_load_file(path, NULL, NULL, &net, &f->err));
  else
    assert_non_null(net = test_net(c->net));
  check(f, rrn_evaluation_set_net(&f->e, net, &f->err));
  rramnas_net_unref(net);
}

static void
set_options(fixture *f, const figures_case *c)
{
  rramnas_compile_options compile = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_cost_options cost = RRAMNAS_COST_OPTIONS_INIT;

  compile.policy = c->policy;
  compile.effort = c->effort;
  compile.crossbars = c->crossbars;
  cost.model = c->model;
  cost.samples = c->model == RRAMNAS_COST_MNSIM; /* it knows one inference only */
  cost.timing_model = c->timing;
  check(f, rrn_evaluation_set_compile(&f->e, &compile, &cost, &f->err));
}

static void
set_accuracy(fixture *f, const figures_case *c)
{
  rramnas_accuracy_options o = RRAMNAS_ACCURACY_OPTIONS_INIT;
  char weights[4096], data[4096];

  snprintf(weights, sizeof(weights), "%s/onnx/digits_cnn.onnx", getenv("RRAMNAS_TEST_DATA"));
  snprintf(data, sizeof(data), "%s/digits/digits_8x8.yaml", getenv("RRAMNAS_TEST_DATA"));
  o.weights = weights;
  o.data = data;
  o.images = 12;
  o.calibration_images = 8;
  o.trials = c->chips;
  check(f, rrn_evaluation_set_accuracy(&f->e, &o, &f->err));
}

static void
write_figures(const figures_case *c, char *text, size_t size)
{
  const double x[1] = { 0 };
  const char *names[MOST_METRICS];
  double values[MOST_METRICS], shortfall;
  size_t i, n = 0;
  fixture f;

  set_up_yaml(&f, "schema: rramnas.space/1\nname: one\ngenes:\n- {name: mine, values: [1, 2]}\n");
  set_hardware(&f, c);
  set_network(&f, c);
  set_options(&f, c);
  if (c->chips > 0)
    set_accuracy(&f, c);
  assert_true(rrn_n_metrics <= MOST_METRICS);
  for (i = 0; i < rrn_n_metrics; i++)
    if (c->chips > 0 || !(rrn_metrics[i].needs & RRN_NEEDS_ACCURACY))
      names[n++] = rrn_metrics[i].name;
  prepare(&f, names, n);
  check(&f, rrn_evaluation_run(&f.e, x, values, &shortfall, &f.err));
  for (i = 0; i < n; i++) {
    const size_t used = strlen(text);

    if (isnan(values[i]))
      snprintf(text + used, size - used, "%s %s failed\n", c->name, names[i]);
    else
      snprintf(text + used, size - used, "%s %s %.17g\n", c->name, names[i], values[i]);
  }
  tear_down(&f);
}

/* --- all cases --- */

/* The revision stands in the first line; 0 = there is no such file yet. */
static int
pinned_revision(const char *path, char **ret_text)
{
  FILE *file = fopen(path, "rb");
  int revision = 0;

  *ret_text = NULL;
  if (!file)
    return 0;
  fclose(file);
  *ret_text = golden_read(path);
  assert_int_equal(sscanf(*ret_text, "revision %d\n", &revision), 1);
  return revision;
}

/* Our first line that differs, a case, a figure, its value; cut off there. */
static const char *
first_moved(char *ours, const char *pinned)
{
  char *line = ours;

  for (; *ours && *ours == *pinned; ours++, pinned++)
    if (*ours == '\n')
      line = ours + 1;
  line[strcspn(line, "\n")] = 0;
  return line;
}

/* `text` is what is pinned: the revision in its first line. */
static void
compare(char *text)
{
  char path[4096], *pinned;
  int revision;

  snprintf(path, sizeof(path), "%s/" PINNED, getenv("RRAMNAS_TEST_DATA"));
  revision = pinned_revision(path, &pinned);
  if (revision != RRN_FIGURES_REVISION && getenv("RRAMNAS_UPDATE_GOLDEN"))
    golden_write(path, text);
  else if (revision != RRN_FIGURES_REVISION)
    fail_msg("RRN_FIGURES_REVISION is %d, and figures are pinned for %d: RRAMNAS_UPDATE_GOLDEN=1 meson test -C build "
             "golden-figures pins them", (int)RRN_FIGURES_REVISION, revision);
  else if (strcmp(text, pinned) != 0)
    fail_msg("figures have moved, the first to \"%.80s\", and RRN_FIGURES_REVISION (lib/evaluate/evaluate.h) is still "
             "%d: raise it, then RRAMNAS_UPDATE_GOLDEN=1 meson test -C build golden-figures pins them; CONTRIBUTING.md",
             first_moved(text, pinned), revision);
  free(pinned);
}

static void
figures_move_with_their_revision(void **state)
{
  char *text = calloc(MOST_TEXT, 1);
  size_t i;

  (void)state;
  assert_non_null(text);
  snprintf(text, MOST_TEXT, "revision %d\n", (int)RRN_FIGURES_REVISION);
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    write_figures(&cases[i], text, MOST_TEXT);
  compare(text);
  free(text);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(figures_move_with_their_revision),
  };

  return cmocka_run_group_tests(tests, runtime_set_up, NULL);
}
