/* SPDX-License-Identifier: MIT */
/* Figures of one candidate.
 *
 * In:  a canonical genome; chip, network and options of the problem.
 * Out: figures in the order of the problem; how many crossbars are short.
 *
 *   genome -> network, chip -> mapping -> latency -> costs        only as far as some figure needs it
 *                                     \-> accuracy
 *
 * A run depends on the genome and on the problem alone and changes nothing that is shared, so any number of threads may
 * run at the same time and figures are the same on each. What cannot be judged (no such chip, a network that no crossbar
 * holds) is a candidate that failed, not an error. One that a table does not know has failed before anything is built,
 * unless the caller has a say. Complexity: that of the compiler. */
#include "evaluate/evaluate.h"

#include <math.h>
#include <string.h>

#include <xxhash.h>

#include "accuracy/accuracy.h"
#include "compile/passes.h"
#include "cost/cost.h"
#include "evaluate/metrics.h"
#include "evaluate/predictor.h"
#include "space/ready.h"
#include "timing/baseline.h"

enum { DEFAULT_SAMPLES = 8 };

void
rrn_evaluation_init(rrn_evaluation *e, const rrn_rt *rt, rrn_space *space)
{
  *e = (rrn_evaluation){ .rt = rt, .space = space, .compile = RRAMNAS_COMPILE_OPTIONS_INIT,
                        .cost = RRAMNAS_COST_OPTIONS_INIT };
  e->compile.effort = RRAMNAS_EFFORT_FAST;
  rrn_arena_init(&e->arena, rt);
}

void
rrn_evaluation_release(rrn_evaluation *e)
{
  if (!e->rt)
    return;
  rramnas_hw_unref(e->hw);
  rramnas_net_unref(e->net);
  rrn_judge_free(e->judge);
  rrn_free(e->rt, e->rivals.f);
  rrn_arena_release(&e->arena);
  memset(e, 0, sizeof(*e));
}

/* One thread per candidate: candidates are what runs side by side. */
static rramnas_runtime
runtime_of(const rrn_rt *rt)
{
  rramnas_runtime runtime = rrn_rt_runtime(rt);

  runtime.log = NULL;
  runtime.n_threads = 1;
  return runtime;
}

/* --- settings --- */

int32_t
rrn_evaluation_set_hardware(rrn_evaluation *e, rramnas_hw *hw, rramnas_error *err)
{
  (void)err;
  rramnas_hw_ref(hw);
  rramnas_hw_unref(e->hw);
  e->hw = hw;
  return RRAMNAS_OK;
}

int32_t
rrn_evaluation_set_net(rrn_evaluation *e, rramnas_net *net, rramnas_error *err)
{
  RRN_FAIL_IF(e->space->build, err, RRAMNAS_ERR_ARGUMENT, "space \"%.100s\" has networks of its own", e->space->name);
  RRN_FAIL_IF(!net->finished, err, RRAMNAS_ERR_ARGUMENT, "network \"%.200s\" is not finished", net->name);
  rramnas_net_ref(net);
  rramnas_net_unref(e->net);
  e->net = net;
  return RRAMNAS_OK;
}

static int32_t
keep_array(rrn_arena *arena, const void *from, size_t n, size_t size, const void **ret_copy, rramnas_error *err)
{
  void *copy;

  *ret_copy = NULL;
  if (n == 0 || !from)
    return RRAMNAS_OK;
  copy = rrn_arena_alloc(arena, n, size);
  if (!copy)
    return rrn_fail_memory(err);
  memcpy(copy, from, n * size);
  *ret_copy = copy;
  return RRAMNAS_OK;
}

int32_t
rrn_evaluation_set_compile(rrn_evaluation *e, const rramnas_compile_options *compile, const rramnas_cost_options *cost,
                          rramnas_error *err)
{
  rramnas_compile_options o = *compile, resolved;
  const void *margins, *copies, *weight_bits, *input_bits;
  rramnas_hw *hw = NULL;
  int32_t status;

  RRN_TRY(rrn_hw_create_default(e->rt, &hw, err));
  o.n_bits = 0; /* checked against each candidate's chip */
  status = rrn_compile_resolve(&o, hw, &resolved, err);
  rramnas_hw_unref(hw);
  RRN_TRY(status);
  RRN_FAIL_IF(cost->hw || cost->latency_ns > 0, err, RRAMNAS_ERR_ARGUMENT,
              "cost options: a search decides on hw and latency_ns itself");
  RRN_TRY(keep_array(&e->arena, compile->margins, compile->n_margins, sizeof(double), &margins, err));
  RRN_TRY(keep_array(&e->arena, compile->copies, compile->n_copies, sizeof(int32_t), &copies, err));
  RRN_TRY(keep_array(&e->arena, compile->weight_bits, compile->n_bits, sizeof(int32_t), &weight_bits, err));
  RRN_TRY(keep_array(&e->arena, compile->input_bits, compile->n_bits, sizeof(int32_t), &input_bits, err));
  e->compile = *compile;
  e->compile.margins = margins;
  e->compile.copies = copies;
  e->compile.weight_bits = weight_bits;
  e->compile.input_bits = input_bits;
  e->compile.effort = compile->effort ? compile->effort : RRAMNAS_EFFORT_FAST;
  e->cost = *cost;
  return RRAMNAS_OK;
}

/* The largest candidate; where rules hold, which may forbid it, the smallest. */
static int32_t
check_members(const rrn_evaluation *e, rrn_judge *judge, rramnas_error *err)
{
  const rramnas_runtime runtime = runtime_of(e->rt);
  const rrn_genes genes = rrn_space_genes(e->space);
  double *x = rrn_alloc(e->rt, e->space->n + 1, sizeof(*x));
  rramnas_net *net = NULL;
  int32_t status;
  size_t i;

  if (!x)
    return rrn_fail_memory(err);
  for (i = 0; i < e->space->n; i++)
    x[i] = e->space->n_rules ? e->space->core[i].low : e->space->core[i].high;
  rrn_genome_canonical(&genes, x);
  status = rrn_space_build_net(e->space, x, &runtime, &net, err);
  if (status >= 0)
    status = rrn_judge_check_member(judge, net, err);
  rramnas_net_unref(net);
  rrn_free(e->rt, x);
  return status;
}

/* The space stays as it was when its networks are no members of the file's supernet. */
static int32_t
use_supernet(rrn_evaluation *e, rrn_judge *judge, rramnas_error *err)
{
  const struct rrn_net_parameters *before = e->space->parameters;
  int32_t status;

  RRN_FAIL_IF(!judge->is_supernet, err, RRAMNAS_ERR_UNSUPPORTED,
              "%s: holds no supernet, and space \"%.100s\" has networks of its own", judge->o.weights, e->space->name);
  RRN_TRY(rrn_space_use_supernet(e->space, judge->file, judge->shape[1] == judge->shape[2] ? judge->shape[1] : 0, err));
  status = check_members(e, judge, err);
  if (status < 0)
    e->space->parameters = before;
  return status;
}

int32_t
rrn_evaluation_set_accuracy(rrn_evaluation *e, const rramnas_accuracy_options *options, rramnas_error *err)
{
  const rramnas_runtime runtime = runtime_of(e->rt);
  rramnas_accuracy_options o = *options;
  rrn_judge *judge = NULL;
  int32_t status;

  RRN_FAIL_IF(o.hw, err, RRAMNAS_ERR_ARGUMENT, "accuracy options: a search decides on hw itself");
  o.weights = o.weights ? o.weights : e->space->supernet;
  RRN_TRY(rrn_judge_load(&o, &runtime, &judge, err));
  status = e->space->build ? use_supernet(e, judge, err) : RRAMNAS_OK;
  if (status < 0) {
    rrn_judge_free(judge);
    return status;
  }
  rrn_judge_free(e->judge);
  e->judge = judge;
  return RRAMNAS_OK;
}

/* --- where figures come from --- */

static int32_t
find_source(rrn_evaluation *e, size_t j, const char *name)
{
  const size_t metric = rrn_metric_find(name);
  const struct rrn_table *table = NULL;
  size_t column = 0;

  if (rrn_tables_find(e->tables, name, &table, &column)) {
    e->from[j] = table;
    e->column[j] = column;
    return RRN_FIGURE_TABLE;
  }
  e->learned[j] = rrn_predictors_find(e->predictors, name);
  if (e->learned[j])
    return RRN_FIGURE_PREDICTOR;
  /* Without a network there is nothing to work them out of. */
  if (metric == SIZE_MAX || (!e->space->build && !e->net))
    return RRN_FIGURE_CALLER;
  if ((rrn_metrics[metric].needs & RRN_NEEDS_ACCURACY) && !e->judge)
    return RRN_FIGURE_CALLER;
  e->built_in[j] = (int32_t)metric;
  e->needs |= rrn_metrics[metric].needs;
  return RRN_FIGURE_BUILT_IN;
}

int32_t
rrn_evaluation_prepare(rrn_evaluation *e, const char *const *names, size_t n, rramnas_error *err)
{
  size_t j;

  e->source = rrn_arena_alloc(&e->arena, n, sizeof(*e->source));
  e->built_in = rrn_arena_alloc(&e->arena, n, sizeof(*e->built_in));
  e->from = rrn_arena_alloc(&e->arena, n, sizeof(*e->from));
  e->column = rrn_arena_alloc(&e->arena, n, sizeof(*e->column));
  e->learned = rrn_arena_alloc(&e->arena, n, sizeof(*e->learned));
  if (!e->source || !e->built_in || !e->from || !e->column || !e->learned)
    return rrn_fail_memory(err);
  e->n_figures = n;
  e->needs = 0;
  for (j = 0; j < n; j++)
    e->source[j] = find_source(e, j, names[j]);
  if (!e->hw)
    RRN_TRY(rrn_hw_create_default(e->rt, &e->hw, err));
  if (e->needs & RRN_NEEDS_ACCURACY && e->net)
    RRN_TRY(rrn_judge_set_net(e->judge, e->net, err));
  e->compile.samples = e->compile.samples ? e->compile.samples : DEFAULT_SAMPLES;
  e->cost.samples = e->cost.samples ? e->cost.samples : e->compile.samples;
  e->cost.timing_model = e->cost.timing_model ? e->cost.timing_model : RRAMNAS_TIMING_RNC;
  return RRAMNAS_OK;
}

/* --- one candidate --- */

typedef struct work {
  const rrn_evaluation *e;
  const double *x;
  rramnas_runtime runtime;
  rramnas_net *net;
  rramnas_hw *hw;
  rramnas_mapping *mapping;
  rrn_arena arena;
  rrn_outcome outcome;
  int32_t known; /* what has been made, bits of the metric table */
  double *values; /* [n_figures] before the chips, when these end by the front */
  double shortfall;
  rramnas_error *err;
} work;

static int32_t
make_net(work *w)
{
  size_t i;

  if (w->e->net)
    w->net = rramnas_net_ref(w->e->net);
  else
    RRN_TRY(rrn_space_build_net(w->e->space, w->x, &w->runtime, &w->net, w->err));
  for (i = 0; i < w->net->n_layers; i++) {
    w->outcome.macs += (double)w->net->layers[i].macs;
    w->outcome.weights += (double)w->net->layers[i].weights;
    w->outcome.layers += w->net->layers[i].mapped;
  }
  return RRAMNAS_OK;
}

static int32_t
set_bits(work *w, rramnas_compile_options *o)
{
  const size_t n = w->net->n_mapped;
  int32_t *weight_bits = rrn_arena_alloc(&w->arena, n, sizeof(*weight_bits));
  int32_t *input_bits = rrn_arena_alloc(&w->arena, n, sizeof(*input_bits));

  if (!weight_bits || !input_bits)
    return rrn_fail_memory(w->err);
  if (!rrn_space_layer_bits(w->e->space, w->x, w->hw, n, weight_bits, input_bits))
    return RRAMNAS_OK;
  o->weight_bits = weight_bits;
  o->input_bits = input_bits;
  o->n_bits = n;
  return RRAMNAS_OK;
}

/* Crossbars that the cells alone would fill, over those at hand, less 1; more than 0 in any case. */
static double
shortfall(const work *w, const rramnas_compile_options *o)
{
  const rrn_hw_values *v = &w->hw->v;
  const double cols = v->crossbar.cols - rrn_hw_unit_columns_of(w->hw, v->weight.bits);
  const double cells = w->outcome.weights * rrn_hw_columns_per_weight(w->hw) / (v->crossbar.rows * cols);
  const double at_hand = o->crossbars > 0 ? o->crossbars : v->chip.crossbars > 0 ? v->chip.crossbars : 1;
  const double missing = cells / at_hand - 1;

  return missing > 1e-3 ? missing : 1e-3;
}

static int32_t
make_mapping(work *w)
{
  rramnas_compile_options o = w->e->compile;
  rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;
  int32_t status;

  RRN_TRY(rrn_space_build_hw(w->e->space, w->x, w->e->hw, &w->hw, w->err));
  RRN_TRY(set_bits(w, &o));
  status = rrn_compile(w->hw, w->net, &o, &w->runtime, &w->mapping, w->err);
  if (status == RRAMNAS_ERR_DOES_NOT_FIT)
    w->shortfall = shortfall(w, &o);
  RRN_TRY(status);
  info.crossbars_used = w->mapping->crossbars_used;
  info.utilization = rrn_mapping_utilization(w->mapping);
  w->outcome.mapping = info;
  return RRAMNAS_OK;
}

static int32_t
make_timing(work *w)
{
  rrn_sim_options sim = { .model = w->e->cost.timing_model, .samples = w->e->cost.samples,
                          .floor_remainder = w->e->cost.floor_remainder, .sharing = w->e->cost.sharing };
  rramnas_timing_options how = RRAMNAS_TIMING_OPTIONS_INIT;
  rramnas_timing t = RRAMNAS_TIMING_INIT;

  w->outcome.samples = sim.samples;
  if (!(w->e->needs & RRN_NEEDS_BASELINE))
    return rrn_simulate(w->mapping, &sim, &w->outcome.latency_ns, w->err);
  how.model = sim.model;
  how.samples = sim.samples;
  how.floor_remainder = sim.floor_remainder;
  how.sharing = sim.sharing;
  RRN_TRY(rrn_timing_resolve(&how, &how, w->err));
  RRN_TRY(rrn_timing_all(w->mapping, &how, &t, w->err));
  w->outcome.latency_ns = t.latency_ns;
  w->outcome.baseline_ns = t.baseline_latency_ns;
  return RRAMNAS_OK;
}

static int32_t
make_cost(work *w)
{
  rramnas_cost_options o = w->e->cost;
  rrn_costing costing;

  o.latency_ns = o.model == RRAMNAS_COST_MNSIM ? 0 : w->outcome.latency_ns;
  RRN_TRY(rrn_cost_run(w->mapping, &o, &costing, w->err));
  w->outcome.cost = costing.cost;
  rrn_arena_release(&costing.arena);
  return RRAMNAS_OK;
}

static int
knows(const work *w, int32_t needs)
{
  return (w->known & needs) == needs;
}

/* Figures that are no numbers have failed; those of steps before one that failed have not, so that a figure is the same
 * whatever others are asked for. */
static void
fill_values(const work *w, double *values)
{
  const rrn_evaluation *e = w->e;
  size_t j;

  for (j = 0; j < e->n_figures; j++) {
    values[j] = NAN;
    if (e->source[j] == RRN_FIGURE_TABLE)
      values[j] = rrn_table_value(e->from[j], e->space, w->x, e->column[j]);
    else if (e->source[j] == RRN_FIGURE_PREDICTOR)
      values[j] = rrn_predictor_value(e->learned[j], w->x);
    else if (e->source[j] == RRN_FIGURE_BUILT_IN && knows(w, rrn_metrics[e->built_in[j]].needs))
      values[j] = rrn_metrics[e->built_in[j]].value(&w->outcome);
    if (!isfinite(values[j]))
      values[j] = NAN;
  }
}

/* Before the chips: everything else is known. */
static void
raise_hurdle(void *user, const rramnas_accuracy *known, rrn_stop_rule *rule)
{
  work *w = user;
  const rrn_rivals *r = &w->e->rivals;

  w->outcome.accuracy = *known;
  w->known |= w->e->needs & (RRN_NEEDS_DIGITAL | RRN_NEEDS_QUANTIZED);
  fill_values(w, w->values);
  w->outcome.to_beat = rrn_rivals_to_beat(r, w->values);
  rrn_rivals_raise(r, w->outcome.to_beat, known->digital, rule);
}

/* What is known stays so when a later part fails. */
static int32_t
make_accuracy(work *w)
{
  static const struct { int32_t needs, what; } parts[] = {
    { RRN_NEEDS_DIGITAL, RRN_JUDGE_DIGITAL }, { RRN_NEEDS_QUANTIZED, RRN_JUDGE_QUANTIZED },
    { RRN_NEEDS_CHIPS, RRN_JUDGE_CHIPS },
  };
  const rrn_judge_hurdle hurdle = { raise_hurdle, w };
  rramnas_accuracy a = RRAMNAS_ACCURACY_INIT;
  int32_t what = 0, known = 0, status;
  const rrn_judge_details details = { .known = &known };
  size_t i;

  for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
    what |= w->e->needs & parts[i].needs ? parts[i].what : 0;
  if (w->e->rivals.m > 0 && !(w->values = rrn_arena_alloc(&w->arena, w->e->n_figures, sizeof(*w->values))))
    return rrn_fail_memory(w->err);
  status = rrn_judge_run(w->e->judge, w->net, w->mapping, what, 1, w->values ? &hurdle : NULL, &a, &details, w->err);
  w->outcome.accuracy = a;
  for (i = 0; i < sizeof(parts) / sizeof(parts[0]); i++)
    w->known |= known & parts[i].what ? parts[i].needs : 0;
  return status;
}

/* One step, whose result is what these figures need. */
static int32_t
make(work *w, int32_t (*step)(work *w), int32_t what)
{
  if (!what)
    return RRAMNAS_OK;
  RRN_TRY(step(w));
  w->known |= what;
  return RRAMNAS_OK;
}

/* Only with a mapping is it known whether a network fits. */
static int
needs_mapping(const rrn_evaluation *e)
{
  return (e->needs & ~(RRN_NEEDS_NET | RRN_NEEDS_DIGITAL)) != 0;
}

static int32_t
work_out(work *w)
{
  const int32_t needs = w->e->needs, timed = RRN_NEEDS_LATENCY | RRN_NEEDS_COST | RRN_NEEDS_BASELINE;

  RRN_TRY(make(w, make_net, needs ? RRN_NEEDS_NET : 0));
  RRN_TRY(make(w, make_mapping, needs_mapping(w->e) ? RRN_NEEDS_MAPPING : 0));
  RRN_TRY(make(w, make_timing, needs & timed ? RRN_NEEDS_LATENCY | RRN_NEEDS_BASELINE : 0));
  RRN_TRY(make(w, make_cost, needs & RRN_NEEDS_COST));
  return needs & RRN_NEEDS_ACCURACY ? make_accuracy(w) : RRAMNAS_OK;
}

static int
asks_caller(const rrn_evaluation *e)
{
  size_t j;

  for (j = 0; j < e->n_figures; j++)
    if (e->source[j] == RRN_FIGURE_CALLER)
      return 1;
  return 0;
}

/* A table has no such candidate, and nobody else will be asked. */
static int32_t
check_tables(const rrn_evaluation *e, const double *x, rramnas_error *err)
{
  size_t j;

  for (j = 0; j < e->n_figures && !asks_caller(e); j++)
    RRN_FAIL_IF(e->source[j] == RRN_FIGURE_TABLE && isnan(rrn_table_value(e->from[j], e->space, x, e->column[j])), err,
                RRAMNAS_ERR_NOT_FOUND, "the table has no \"%.60s\" of this candidate", e->from[j]->names[e->column[j]]);
  return RRAMNAS_OK;
}

/* Figures as far as they can be had, then why the rest cannot. */
static int32_t
work_out_or_say(const rrn_evaluation *e, const double *x, double *ret_values, double *ret_shortfall, rramnas_error *err)
{
  work w = { .e = e, .x = x, .runtime = runtime_of(e->rt), .err = err };
  int32_t status;

  rrn_arena_init(&w.arena, e->rt);
  status = check_tables(e, x, err);
  if (status >= 0)
    status = work_out(&w);
  fill_values(&w, ret_values);
  *ret_shortfall = w.shortfall;
  rramnas_mapping_unref(w.mapping);
  rramnas_hw_unref(w.hw);
  rramnas_net_unref(w.net);
  rrn_arena_release(&w.arena);
  return status;
}

int32_t
rrn_evaluation_run(const rrn_evaluation *e, const double *x, double *ret_values, double *ret_shortfall,
                  rramnas_error *err)
{
  rramnas_error reason = RRAMNAS_ERROR_INIT;
  const int32_t status = work_out_or_say(e, x, ret_values, ret_shortfall, &reason);

  return status == RRAMNAS_ERR_MEMORY ? rrn_fail_memory(err) : RRAMNAS_OK;
}

int32_t
rrn_evaluation_explain(const rrn_evaluation *e, const char *const *names, const double *x, double *ret_values,
                       rramnas_error *err)
{
  double shortfall;
  size_t j;

  RRN_TRY(work_out_or_say(e, x, ret_values, &shortfall, err));
  for (j = 0; j < e->n_figures; j++)
    RRN_FAIL_IF(isnan(ret_values[j]) && e->source[j] != RRN_FIGURE_CALLER, err, RRAMNAS_ERR_NOT_FOUND,
                "%s gives no number for \"%.60s\" of this candidate",
                e->source[j] == RRN_FIGURE_TABLE       ? "the table"
                : e->source[j] == RRN_FIGURE_PREDICTOR ? "the predictor"
                                                       : "the cost model",
                names[j]);
  return RRAMNAS_OK;
}

/* --- what figures depend on --- */

static int32_t
hash_text(void *user, const char *data, size_t length)
{
  return XXH3_128bits_update(user, data, length) == XXH_ERROR;
}

static void
hash_numbers(XXH3_state_t *state, const void *numbers, size_t size)
{
  if (numbers && size)
    XXH3_128bits_update(state, numbers, size);
}

static void
hash_options(const rrn_evaluation *e, XXH3_state_t *state)
{
  const rramnas_compile_options *c = &e->compile;
  const rramnas_cost_options *k = &e->cost;
  const int64_t numbers[] = { c->policy, c->crossbars, c->seed, c->seed_mode, c->depth_split, c->layer_threshold, c->max_load,
                              c->no_duplication, c->find_solution, c->effort, c->objective, c->samples, c->depthwise,
                              c->split_to_fit, (int64_t)c->n_margins, (int64_t)c->n_copies, (int64_t)c->n_bits,
                              c->weight_bits != NULL, c->input_bits != NULL, k->model, k->timing_model, k->samples,
                              k->floor_remainder, k->sharing };

  hash_numbers(state, numbers, sizeof(numbers));
  hash_numbers(state, c->margins, c->n_margins * sizeof(*c->margins));
  hash_numbers(state, c->copies, c->n_copies * sizeof(*c->copies));
  hash_numbers(state, c->weight_bits, c->n_bits * sizeof(*c->weight_bits));
  hash_numbers(state, c->input_bits, c->n_bits * sizeof(*c->input_bits));
}

static void
hash_accuracy(const rrn_evaluation *e, XXH3_state_t *state)
{
  const rramnas_accuracy_options *a = e->judge ? &e->judge->o : NULL;

  if (a) {
    const int64_t numbers[] = { a->part, a->images, a->calibration_images, a->trials, (int64_t)a->seed, a->adc_range,
                                a->trials_min, a->norm_images, a->copies_alike, e->rivals.m > 0 ? e->rivals.test : RRN_TEST_NONE,
                                (int64_t)e->judge->low, (int64_t)e->judge->high };
    const double reals[] = { a->time_s, a->adc_fraction, a->stop_below, a->confidence_wanted };

    hash_numbers(state, numbers, sizeof(numbers));
    hash_numbers(state, reals, sizeof(reals));
  }
}

/* Which tables are asked: what they do not know fails as a whole. */
static void
hash_asked_tables(const rrn_evaluation *e, XXH3_state_t *state)
{
  size_t j;

  for (j = 0; j < e->n_figures && !asks_caller(e); j++)
    if (e->source[j] == RRN_FIGURE_TABLE)
      hash_text(state, e->from[j]->names[e->column[j]], strlen(e->from[j]->names[e->column[j]]) + 1);
}

int32_t
rrn_evaluation_fingerprint(const rrn_evaluation *e, rrn_fingerprint *ret_fingerprint, rramnas_error *err)
{
  const uint8_t must_fit = (uint8_t)needs_mapping(e);
  const int32_t revision = RRN_FIGURES_REVISION;
  XXH3_state_t *state = XXH3_createState();
  XXH128_hash_t hash;
  uint8_t chip[16];
  int32_t status;

  if (!state)
    return rrn_fail_memory(err);
  XXH3_128bits_reset(state);
  status = rrn_space_write_yaml(e->space, hash_text, state, err);
  if (status >= 0 && e->net)
    status = rramnas_net_write_yaml(e->net, hash_text, state, err);
  rramnas_hw_fingerprint(e->hw, chip);
  hash_numbers(state, chip, sizeof(chip));
  hash_options(e, state);
  hash_accuracy(e, state);
  hash_numbers(state, &must_fit, sizeof(must_fit));
  hash_text(state, rramnas_version(), strlen(rramnas_version()));
  hash_numbers(state, &revision, sizeof(revision));
  rrn_tables_hash(e->tables, state);
  hash_asked_tables(e, state);
  rrn_predictors_hash(e->predictors, state);
  hash = XXH3_128bits_digest(state);
  XXH3_freeState(state);
  *ret_fingerprint = (rrn_fingerprint){ hash.low64, hash.high64 };
  return status;
}
