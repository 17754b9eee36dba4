/* SPDX-License-Identifier: MIT */
/* The command line: one table of options, and what they mean together. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "../common/options.h"
#include "program.h"

/* --- setters: 0 = not the right value --- */

MAPPING_SETTERS
ACCURACY_SETTERS
VALUE(set_timing, read_timing, timing.model)
TEXT(set_genome, genome)
TEXT(set_json, json)
TEXT(set_svg, svg)
TEXT(set_trace, trace)
TEXT(set_cost_svg, cost_svg)
TEXT(set_cost_csv, cost_csv)
TEXT(set_sweep_csv, sweep_csv)
TEXT(set_sweep_svg, sweep_svg)
TEXT(set_accuracy_svg, accuracy_svg)
TEXT(set_accuracy_csv, accuracy_csv)
TEXT(set_accuracy_json, accuracy_json)
TEXT(set_copies, copies_file)
TEXT(set_layer_bits, bits_file)
NUMBER(set_chip_seed, set_long, 0, LLONG_MAX, chip_seed)
NUMBER(set_curve_first, set_int, 1, INT_MAX, curve.first)
NUMBER(set_curve_last, set_int, 1, INT_MAX, curve.last)
NUMBER(set_curve_points, set_int, 1, MOST_POINTS, n_points)
SWITCH(set_no_cost, no_cost)
SWITCH(set_explain, explain)
SWITCH(set_no_duplication, compile.no_duplication)
SWITCH(set_find_solution, compile.find_solution)
SWITCH(set_split_to_fit, compile.split_to_fit)
SWITCH(set_floor_remainder, timing.floor_remainder)
SWITCH(set_check, check)

static int
set_time(settings *s, const char *value)
{
  return parse_real(value, strlen(value), &s->accuracy.time_s);
}

static int
set_part(settings *s, const char *value)
{
  static const char *const words[] = { "test", "held-out", "train", NULL };
  const int32_t place = place_of(value, words);

  s->accuracy.part = place - 1;
  s->part_given = 1;
  return place > 0;
}

static int
ends_with(const char *text, const char *end)
{
  const size_t n = strlen(text), k = strlen(end);

  return n > k && strcmp(text + n - k, end) == 0;
}

int32_t
curve_report(const char *path)
{
  return ends_with(path, ".csv") ? RRAMNAS_REPORT_CSV : ends_with(path, ".svg") ? RRAMNAS_REPORT_SVG : 0;
}

static int
set_curve(settings *s, const char *value)
{
  int i = 0;

  while (i < MOST_CURVES && s->curves[i])
    i++;
  if (i == MOST_CURVES || !curve_report(value))
    return 0;
  s->curves[i] = value;
  return 1;
}

static int
set_cost_model(settings *s, const char *value)
{
  return rramnas_cost_model_from_name(value, &s->cost_model) == RRAMNAS_OK;
}

static int
set_sweep(settings *s, const char *value)
{
  return add_sweep(&s->sweep, value);
}

static int
set_sharing(settings *s, const char *value)
{
  s->timing.sharing = strcmp(value, "one-box") == 0    ? RRAMNAS_SHARING_ONE_BOX
                      : strcmp(value, "disjoint") == 0 ? RRAMNAS_SHARING_DISJOINT
                                                       : 0;
  return s->timing.sharing != 0;
}

static int
set_samples(settings *s, const char *value)
{
  if (!set_int(value, 1, 65536, &s->timing.samples))
    return 0;
  s->compile.samples = s->timing.samples;
  return 1;
}

static int
set_objective(settings *s, const char *value)
{
  static const char *const words[] = { "completion", "latency", "period", NULL };

  s->compile.objective = place_of(value, words);
  return s->compile.objective != 0;
}

static int
set_depthwise(settings *s, const char *value)
{
  static const char *const words[] = { "auto", "rnc", "block-diagonal", NULL };

  s->compile.depthwise = place_of(value, words);
  return s->compile.depthwise != 0;
}

static int
set_seed(settings *s, const char *value)
{
  long long number;

  if (!parse_integer(value, 0, UINT32_MAX, &number))
    return 0;
  s->compile.seed = (uint32_t)number;
  return 1;
}

static int
set_seed_mode(settings *s, const char *value)
{
  s->compile.seed_mode = strcmp(value, "continue") == 0 ? RRAMNAS_SEED_CONTINUE : RRAMNAS_SEED_PER_TRY;
  return strcmp(value, "continue") == 0 || strcmp(value, "per-try") == 0;
}

static int
set_bind(settings *s, const char *value)
{
  const char *equals = strrchr(value, '=');
  long long number;
  char *name;

  if (!equals || equals == value || !parse_integer(equals + 1, 1, INT_MAX, &number) || s->n_binds == MOST_BINDS)
    return 0;
  name = strdup(value);
  if (!name)
    return 0;
  name[equals - value] = '\0';
  s->binds[s->n_binds].name = name;
  s->binds[s->n_binds++].value = number;
  return 1;
}

static int
set_depth_split(settings *s, const char *value)
{
  s->rule = "depth-split";
  return set_int(value, 1, INT_MAX, &s->compile.depth_split);
}

static int
set_layer_threshold(settings *s, const char *value)
{
  int32_t *t = &s->compile.layer_threshold;

  s->rule = "layer-threshold";
  *t = strcmp(value, "same") == 0 ? RRAMNAS_LAYER_THRESHOLD_SAME : RRAMNAS_UNLIMITED;
  return strcmp(value, "same") == 0 || strcmp(value, "none") == 0 || set_int(value, 1, INT_MAX, t);
}

static int
set_max_load(settings *s, const char *value)
{
  s->rule = "max-load";
  s->compile.max_load = RRAMNAS_UNLIMITED;
  return strcmp(value, "none") == 0 || set_int(value, 1, INT_MAX, &s->compile.max_load);
}

static int
set_margins(settings *s, const char *value)
{
  s->rule = "margins";
  s->compile.n_margins = 0;
  for (;;) {
    const size_t length = strcspn(value, ",");
    double margin;

    if (s->compile.n_margins == MOST_MARGINS || !parse_real(value, length, &margin) || !(margin > 0 && margin <= 1))
      return 0;
    s->margins[s->compile.n_margins++] = margin;
    if (!value[length])
      break;
    value += length + 1;
  }
  s->compile.margins = s->margins;
  return 1;
}

/* --- table --- */

static const option options[] = {
  { "hardware", "FILE", "hardware spec, YAML or SimConfig.ini, or preset:NAME; default: the built-in edge chip",
    set_hardware, "a file" },
  { "crossbars", "N", "crossbars at hand, or auto: the fewest that hold one copy of each layer", set_crossbars,
    "1 to 2147483647, or auto" },
  { "policy", "NAME", "isaac, rnc, rnc-published or best; default " DEFAULT_POLICY_NAME, set_policy, "isaac, rnc, rnc-published or best" },
  { "timing", "MODEL", "graph or rnc; default graph", set_timing, "graph or rnc" },
  { "sharing", "WHAT", "what is active in a crossbar at a time: one-box, or disjoint boxes (timing graph); default one-box",
    set_sharing, "one-box or disjoint" },
  { "samples", "B", "inferences started together, which policy best makes fast; default 1", set_samples, "1 to 65536" },
  { "seed", "S", "of the packing order; default 0", set_seed, "0 to 4294967295" },
  { "bind", "NAME=N", "value of a symbolic dimension; may be repeated", set_bind, "NAME=N with N 1 or more" },
  { "genome", "FILE", "genome of a built-in network, JSON or YAML", set_genome, "a file" },
  { "json", "FILE", "write the report; - is standard output, without the table", set_json, "a file" },
  { "svg", "FILE", "draw the floor plan", set_svg, "a file" },
  { "trace", "FILE", "write the timeline as Chrome trace events", set_trace, "a file" },
  { "curve", "FILE", "latency over crossbars, as .csv or as a plot, .svg; may be given twice", set_curve,
    "one or two names that end in .csv or .svg" },
  { "curve-first", "N", "fewest crossbars of the curve; default: the fewest that fit", set_curve_first,
    "1 to 2147483647" },
  { "curve-last", "N", "most crossbars of the curve; default --crossbars, or 4 times the first", set_curve_last,
    "1 to 2147483647" },
  { "curve-points", "N", "points of the curve; default 24", set_curve_points, "1 to 4096" },
  { "cost-model", "NAME", "model of energy and area; default rramnas", set_cost_model,
    "rramnas, or mnsim where a build has it" },
  { "cost-svg", "FILE", "draw where energy and area go", set_cost_svg, "a file" },
  { "cost-csv", "FILE", "write energy and area by layer and component", set_cost_csv, "a file" },
  { "no-cost", NULL, "no energy and area in the table", set_no_cost, NULL },
  { "explain", NULL, "print every quantity that costs are made of, with formula, inputs and source", set_explain,
    NULL },
  { "sweep", "FIELD=LIST", "costs for each value of a hardware field, e.g. adc.bits=4..8; may be repeated", set_sweep,
    "FIELD=V1,V2,... where a value may be FROM..TO, FROM..TO:STEP or FROM..TO*FACTOR, at most 8 fields and "
    "1000000 points" },
  { "sweep-csv", "FILE", "write all figures of the sweep", set_sweep_csv, "a file" },
  { "sweep-svg", "FILE", "plot the sweep", set_sweep_svg, "a file" },
  { "data", "FILE", "YAML of a data set: how often the network is right on the chip", set_data, "a file" },
  { "weights", "FILE", "the network's weights, ONNX or safetensors; default the network's file", set_weights, "a file" },
  { "trials", "N", "chips that are tried, each with errors of its own; default 10", set_trials, "1 to 1048576" },
  { "stop-below", "SHARE", "no more chips once it is clear that their mean does not reach this, e.g. 0.9", set_stop_below,
    "0 to 1" },
  { "confidence", "SHARE", "no more chips once half of the mean's 95 % interval is at most this, e.g. 0.002; then --trials "
    "is the most, default 1000", set_confidence, "0 to 1" },
  { "copies-alike", NULL, "all copies of a layer have the errors of the first; default: each its own", set_copies_alike,
    NULL },
  { "adc-range", "NAME", "range of converters: auto, maximum, granular or calibrated; default auto", set_adc_range,
    "auto, maximum, granular or calibrated" },
  { "adc-fraction", "SHARE", "of a sample's currents that a calibrated range holds; default 0.9999", set_adc_fraction,
    "above 0, up to 1" },
  { "part", "NAME", "images of the data set: test, held-out or train; default test", set_part,
    "test, held-out or train" },
  { "images", "N", "most images of the part; default all", set_images, "1 or more" },
  { "norm-images", "N", "training images that a supernet's batch normalisations are calibrated on; default 512",
    set_norm_images, "1 or more" },
  { "chip-seed", "S", "of the chips' errors; default that of --seed", set_chip_seed, "0 or more" },
  { "time", "SECONDS", "since the chip was written; default 0", set_time, "seconds" },
  { "accuracy-svg", "FILE", "plot accuracy over write errors, time and stuck cells, or over the field of --sweep",
    set_accuracy_svg, "a file" },
  { "accuracy-csv", "FILE", "the same as numbers", set_accuracy_csv, "a file" },
  { "accuracy-json", "FILE", "the same as JSON", set_accuracy_json, "a file" },
  { "copies", "FILE", "copies of each mapped layer instead of solving for them", set_copies, "a file" },
  { "layer-bits", "FILE", "bits of weights and inputs of each mapped layer: two integers each, 0 = the chip's",
    set_layer_bits, "a file" },
  { "no-duplication", NULL, "one copy of each layer", set_no_duplication, NULL },
  { "find-solution", NULL, "open more crossbars than given when needed", set_find_solution, NULL },
  { "split-to-fit", NULL, "cut boxes to fill holes: fewer crossbars, more conversions", set_split_to_fit, NULL },
  { "depth-split", "F", "pieces into which a depthwise layer is cut (rnc); default 1", set_depth_split,
    "1 to 2147483647" },
  { "layer-threshold", "N", "layers this close share no crossbar, or same, none (rnc); default 1", set_layer_threshold,
    "1 to 2147483647, same or none" },
  { "max-load", "N", "most boxes in a crossbar, or none (rnc); default 6", set_max_load,
    "1 to 2147483647, or none" },
  { "margins", "LIST", "shares of the cells that copies may fill (rnc), e.g. 0.95,0.9", set_margins,
    "numbers above 0, up to 1, with commas between" },
  { "effort", "HOW", "work of policy best and of packing: fast, balanced or thorough; default balanced", set_effort, "fast, balanced or thorough" },
  { "objective", "WHAT", "what best makes fast: completion of the samples, latency of one, or period; default completion", set_objective,
    "completion, latency or period" },
  { "depthwise", "HOW", "how best lays out depthwise layers: auto, rnc or block-diagonal; default auto", set_depthwise,
    "auto, rnc or block-diagonal" },
  { "seed-mode", "MODE", "per-try or continue (rnc-published); default per-try", set_seed_mode, "per-try or continue" },
  { "floor-remainder", NULL, "rnc timing drops remainders, as published", set_floor_remainder, NULL },
  { "check", NULL, "check the mapping's invariants", set_check, NULL },
  { "quiet", NULL, "no table", set_quiet, NULL },
};
/* --- questions --- */

static void
print_presets(void)
{
  rramnas_preset preset = RRAMNAS_PRESET_INIT;
  size_t i;

  for (i = 0; rramnas_preset_info(i, &preset) == RRAMNAS_OK; i++)
    printf("%-7s %-22s %s\n        %s\n", preset.kind == RRAMNAS_PRESET_CHIP ? "chip" : "device", preset.name,
           preset.title, preset.source);
}

/* --- all --- */

static int
set_network(settings *s, const char *value)
{
  if (s->network)
    complain("two networks are given: %s and %s", s->network, value);
  else
    s->network = value;
  return s->network == value;
}

void
list_outputs(const settings *s, const char **ret_paths)
{
  const char *const paths[N_OUTPUTS] = { s->json, s->svg, s->trace, s->curves[0], s->curves[1], s->cost_svg,
                                         s->cost_csv, s->sweep_csv, s->sweep_svg, s->accuracy_svg,
                                         s->accuracy_csv, s->accuracy_json };

  memcpy(ret_paths, paths, sizeof(paths));
}

/* The program has one standard output. */
static int
explains_alone(const settings *s)
{
  const char *paths[N_OUTPUTS];
  int i;

  list_outputs(s, paths);
  for (i = 0; s->explain && i < N_OUTPUTS; i++)
    if (paths[i] && strcmp(paths[i], "-") == 0) {
      complain("--explain and a report both go to standard output");
      return 0;
    }
  return 1;
}

static int
sweeps_agree(const settings *s)
{
  if (s->sweep || !(s->sweep_csv || s->sweep_svg))
    return 1;
  complain("--sweep-%s needs --sweep FIELD=VALUES", s->sweep_csv ? "csv" : "svg");
  return 0;
}

static int
accuracy_agrees(const settings *s)
{
  const int wants_curves = s->accuracy_svg || s->accuracy_csv || s->accuracy_json;

  if (!s->accuracy.data && (wants_curves || tells_of_accuracy(&s->accuracy) || s->part_given || s->adc_range_given ||
                            s->chip_seed >= 0)) {
    complain("accuracy needs --data FILE, the YAML file of a data set");
    return 0;
  }
  if (s->accuracy.data && !s->accuracy.weights && !ends_with(s->network, ".onnx")) {
    complain("%s has no weights: --weights FILE names an ONNX or safetensors file that has", s->network);
    return 0;
  }
  if (wants_curves && s->sweep && sweep_fields(s->sweep) > 1) {
    complain("a plot of accuracy is over one field, --sweep names several");
    return 0;
  }
  return 1;
}

static int
outputs_agree(const settings *s)
{
  const char *paths[N_OUTPUTS];
  int i, k;

  list_outputs(s, paths);
  for (i = 0; i < N_OUTPUTS; i++)
    for (k = 0; k < i; k++)
      if (paths[i] && paths[k] && strcmp(paths[i], paths[k]) == 0) {
        complain("two outputs go to %s", paths[i]);
        return 0;
      }
  return 1;
}

/* Policy best has no rules on sharing, and chooses cuts and copies itself. */
static int
rule_is_looked_at(const settings *s)
{
  if (s->compile.policy != RRAMNAS_POLICY_BEST || !s->rule)
    return 1;
  complain("--%s is for --policy rnc or rnc-published, not for best", s->rule);
  return 0;
}

static int
finish(const settings *s)
{
  if (!s->network) {
    complain("no network is given; --help says more");
    return -1;
  }
  return outputs_agree(s) && explains_alone(s) && sweeps_agree(s) && accuracy_agrees(s) && rule_is_looked_at(s) ? 1 : -1;
}

int
read_options(int argc, char **argv, settings *s)
{
  static const question questions[] = {
    { "list-presets", "published chips and devices that --hardware knows by name", print_presets },
  };
  static const command_line command = {
    .usage = "Usage: rramnas-compile [options] NETWORK\n"
             "Compiles a neural network onto a chip of RRAM crossbars and times it.\n\n"
             "NETWORK is an .onnx or .yaml file, or ofa_mobilenet_v3_small with --genome FILE.\n",
    .ending = "Exit status: 0 done, 1 the network does not fit, 2 bad input or usage.",
    .options = options,
    .n_options = sizeof(options) / sizeof(options[0]),
    .questions = questions,
    .n_questions = sizeof(questions) / sizeof(questions[0]),
    .set_argument = set_network,
  };
  const int go_on = read_command_line(&command, argc, argv, s);

  return go_on == 1 ? finish(s) : go_on;
}

void
free_options(settings *s)
{
  size_t i;

  for (i = 0; i < s->n_binds; i++)
    free((char *)s->binds[i].name);
  free(s->copies);
  free(s->bits);
  free(s->split_bits);
  free_sweep(s->sweep);
}
