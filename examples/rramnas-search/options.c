/* SPDX-License-Identifier: MIT */
/* The command line: one table of options. */
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "../common/options.h"
#include "program.h"

/* --- setters: 0 = not the right value --- */

static int
add(char **list, size_t *n, const char *text, size_t length)
{
  if (*n == MOST_LIST || length == 0)
    return 0;
  list[*n] = strndup(text, length);
  return list[*n] != NULL && ++*n;
}

static int
set_objectives(settings *s, const char *value)
{
  for (;; value++) {
    const size_t length = strcspn(value, ",");

    if (!add(s->objectives, &s->n_objectives, value, length))
      return 0;
    value += length;
    if (!*value)
      return 1;
  }
}

static int
set_constraint(settings *s, const char *value)
{
  return add(s->constraints, &s->n_constraints, value, strlen(value));
}

static int
set_table(settings *s, const char *value)
{
  return add(s->tables, &s->n_tables, value, strlen(value));
}

static int
set_predictor(settings *s, const char *value)
{
  return strchr(value, '=') && *value != '=' && add(s->predictors, &s->n_predictors, value, strlen(value));
}

MAPPING_SETTERS
ACCURACY_SETTERS
VALUE(set_timing, read_timing, cost.timing_model)
TEXT(set_network, network)
TEXT(set_out, out)
TEXT(set_checkpoint, checkpoint)
TEXT(set_resume, resume)
TEXT(set_cache, cache)
TEXT(set_table_key, table_key)
TEXT(set_table_columns, table_columns)
TEXT(set_table_order, table_order)
NUMBER(set_population, set_int, 1, 1 << 24, search.population)
NUMBER(set_offspring, set_int, 1, 1 << 24, search.offspring)
NUMBER(set_generations, set_long, 1, LLONG_MAX, run.generations)
NUMBER(set_evaluations, set_long, 1, LLONG_MAX, run.evaluations)
NUMBER(set_stagnation, set_long, 1, LLONG_MAX, run.stagnation)
NUMBER(set_checkpoint_every, set_long, 1, LLONG_MAX, run.checkpoint_every)
NUMBER(set_threads, set_int, 1, 256, run.n_threads)
SWITCH(set_stop_dominated, accuracy.stop_dominated)
SWITCH(set_count, count)
SWITCH(set_overwrite, overwrite)

static int
set_seed(settings *s, const char *value)
{
  int64_t seed = 0;

  if (!set_long(value, 0, LLONG_MAX, &seed))
    return 0;
  s->search.seed = (uint64_t)seed;
  return 1;
}

static int
set_seconds(settings *s, const char *value)
{
  return parse_real(value, strlen(value), &s->run.seconds) && s->run.seconds > 0;
}

static int
set_samples(settings *s, const char *value)
{
  s->cost.samples = 0;
  return set_int(value, 1, 65536, &s->compile.samples) && set_int(value, 1, 65536, &s->cost.samples);
}

static int
set_strategy(settings *s, const char *value)
{
  static const char *const words[] = { "nsga2", "random", "reinforce", "enumerate", NULL };
  const int32_t place = place_of(value, words);

  s->search.strategy = place - 1;
  return place > 0;
}

/* --- the table --- */

static const option options[] = {
  { "objectives", "LIST", "figures to make better, e.g. accuracy,latency_ns; default latency_ns,energy_pj", set_objectives,
    "names with commas between" },
  { "constraint", "TEXT", "what a candidate must keep, e.g. 'latency_ns<5e5'; again for more", set_constraint,
    "FIGURE<NUMBER or FIGURE>NUMBER" },
  { "hardware", "FILE", "chip: YAML, SimConfig.ini or name of a preset; default the built-in chip", set_hardware, "a file" },
  { "network", "FILE", "network of a space that has none of its own", set_network, "a file" },
  { "crossbars", "N", "crossbars at hand, or auto; default the chip's", set_crossbars, "1 to 2147483647, or auto" },
  { "policy", "NAME", "how candidates are mapped: isaac, rnc, rnc-published, best; default best", set_policy,
    "isaac, rnc, rnc-published or best" },
  { "effort", "HOW", "work of mapping: fast, balanced or thorough; default fast", set_effort,
    "fast, balanced or thorough" },
  { "samples", "N", "inferences that are pipelined; default 8", set_samples, "1..65536" },
  { "timing", "MODEL", "graph or rnc; default rnc", set_timing, "graph or rnc" },
  { "table", "FILE", "figures from a CSV file; again for more", set_table, "a file" },
  { "predictor", "FIGURE=FILE", "figure learned from a CSV file; again for more", set_predictor, "FIGURE=FILE" },
  { "table-key", "COLUMN", "column that names the candidate, COLUMN:a,b,c when numbers stand for words", set_table_key,
    "a column" },
  { "table-columns", "LIST", "which columns are figures: FIGURE=COLUMN,...; default all", set_table_columns,
    "FIGURE=COLUMN with commas between" },
  { "table-order", "LIST", "genes in the order of the values in that column; default the network's in theirs",
    set_table_order, "genes with commas between" },
  { "data", "FILE", "YAML of a data set: accuracy of the network on each chip, on held-out images", set_data, "a file" },
  { "weights", "FILE", "weights of the network, ONNX or safetensors, or of a supernet; default the network's file, or "
    "the space's supernet", set_weights, "a file" },
  { "trials", "N", "chips per candidate, each with errors of its own; default 10", set_trials, "1..1048576" },
  { "stop-below", "SHARE", "no more chips of a candidate once it is clear that their mean does not reach this, e.g. 0.9",
    set_stop_below, "0 to 1" },
  { "stop-dominated", NULL, "no more chips of a candidate once it is clear that the front dominates it", set_stop_dominated,
    NULL },
  { "copies-alike", NULL, "all copies of a layer have the errors of the first; default: each its own", set_copies_alike,
    NULL },
  { "confidence", "SHARE", "no more chips once half of the mean's 95 % interval is at most this, e.g. 0.002; then --trials "
    "is the most, default 1000", set_confidence, "0 to 1" },
  { "adc-range", "NAME", "range of converters: auto, maximum, granular or calibrated; default auto", set_adc_range,
    "auto, maximum, granular or calibrated" },
  { "adc-fraction", "SHARE", "of a sample's currents that a calibrated range holds; default 0.9999", set_adc_fraction,
    "above 0, up to 1" },
  { "images", "N", "most held-out images; default all", set_images, "1 or more" },
  { "norm-images", "N", "training images that a supernet's batch normalisations are calibrated on; default 512",
    set_norm_images, "1 or more" },
  { "strategy", "NAME", "nsga2, random, reinforce, or enumerate: every candidate; default nsga2",
    set_strategy, "nsga2, random, reinforce or enumerate" },
  { "population", "N", "candidates of the first generation, and kept; default 100", set_population, "1 to 16777216" },
  { "offspring", "N", "candidates of each further generation; default as population", set_offspring, "1 to 16777216" },
  { "generations", "N", "end after so many; default 100 when there is no other end", set_generations, "1 or more" },
  { "evaluations", "N", "end after so many candidates", set_evaluations, "1 or more" },
  { "seconds", "S", "end after so many seconds", set_seconds, "a number above 0" },
  { "stagnation", "N", "end after so many generations without a larger hypervolume", set_stagnation, "1 or more" },
  { "seed", "N", "of the search; default 0", set_seed, "0 or more" },
  { "threads", "N", "threads that judge candidates; default all cores", set_threads, "1..256" },
  { "out", "DIR", "folder for front, history, plot, page and networks", set_out, "a folder" },
  { "checkpoint", "FILE", "state after each generation; default DIR/checkpoint", set_checkpoint, "a file" },
  { "checkpoint-every", "N", "generations between; default 1", set_checkpoint_every, "1 or more" },
  { "resume", "FILE", "go on from a checkpoint, with the other options as they were", set_resume, "a file" },
  { "overwrite", NULL, "begin anew although there is a checkpoint", set_overwrite, NULL },
  { "cache", "FILE", "SQLite file of figures that were worked out, shared by runs", set_cache, "a file" },
  { "count", NULL, "print how many candidates the space has", set_count, NULL },
  { "quiet", NULL, "no progress, no table", set_quiet, NULL },
};
/* --- questions --- */

static void
print_spaces(void)
{
  rramnas_ready_space space = RRAMNAS_READY_SPACE_INIT;
  size_t i;

  for (i = 0; rramnas_ready_space_info(i, &space) == RRAMNAS_OK; i++)
    printf("%-24s %s\n%24s %s\n", space.name, space.title, "", space.source);
}

static void
print_figures(void)
{
  rramnas_metric m = RRAMNAS_METRIC_INIT;
  size_t i;

  for (i = 0; rramnas_metric_info(i, &m) == RRAMNAS_OK; i++)
    printf("%-18s %-10s %s  %s\n", m.name, m.unit, m.direction == RRAMNAS_MAXIMIZE ? "max" : "min", m.doc);
}

/* --- all --- */

static int
set_space(settings *s, const char *value)
{
  if (s->space)
    complain("two spaces are given: %s and %s", s->space, value);
  else
    s->space = value;
  return s->space == value;
}

static int
finish(settings *s)
{
  if (!s->space) {
    complain("no space is given; --help says more");
    return -1;
  }
  if (!s->accuracy.data && (tells_of_accuracy(&s->accuracy) || s->adc_range_given)) {
    complain("accuracy needs --data FILE, the YAML file of a data set");
    return -1;
  }
  if (!s->n_objectives && !set_objectives(s, "latency_ns,energy_pj"))
    return -1;
  if (!s->run.generations && !s->run.evaluations && !(s->run.seconds > 0) && !s->run.stagnation &&
      s->search.strategy != RRAMNAS_STRATEGY_ENUMERATE)
    s->run.generations = 100;
  return 1;
}

int
read_options(int argc, char **argv, settings *s)
{
  static const question questions[] = {
    { "list-spaces", "spaces that are built in", print_spaces },
    { "list-figures", "figures that the library works out", print_figures },
  };
  static const command_line command = {
    .usage = "Usage: rramnas-search [options] SPACE\n"
             "Searches networks and chips for the best compromises between what they cost and what they do.\n\n"
             "SPACE is a .yaml file or the name of a space that is built in (--list-spaces).\n",
    .ending = "Exit status: 0 done, 1 no candidate is feasible, 2 bad input or usage.",
    .options = options,
    .n_options = sizeof(options) / sizeof(options[0]),
    .questions = questions,
    .n_questions = sizeof(questions) / sizeof(questions[0]),
    .set_argument = set_space,
  };
  const int go_on = read_command_line(&command, argc, argv, s);

  return go_on == 1 ? finish(s) : go_on;
}

void
free_options(settings *s)
{
  size_t i;

  for (i = 0; i < MOST_LIST; i++) {
    free(s->objectives[i]);
    free(s->constraints[i]);
    free(s->tables[i]);
    free(s->predictors[i]);
  }
}
