/* SPDX-License-Identifier: MIT */
/* How often a network is right, digitally and on crossbars with errors.
 *
 * In:  weights and images (judge.c); a network, its mapping.
 * Out: shares of right answers: in floats, in integers, on each of many chips; what these amount to.
 *
 *   weights -> plan of the network -> right answers
 *                  \-> integer layers (calibration images) -> chips -> right answers
 *
 * A member of a supernet gets the statistics of its batch normalisations anew, in floats, before anything else. The
 * network of a weights file must have the mapping's layers: names may differ, matrices may not. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "accuracy/accuracy.h"
#include "accuracy/judge.h"
#include "util/options.h"

enum { TRIALS = 10, TRIALS_TO_CONFIDENCE = 1000 };

typedef struct measuring {
  const rrn_judge *j;
  const rramnas_mapping *m;   /* NULL without crossbars */
  const rrn_rt *rt;
  int32_t what, n_threads;
  rrn_arena arena;
  rrn_values *values;         /* of a member, */
  rrn_infer_plan *own;        /* and its plan */
  const rrn_infer_plan *plan;
  rrn_quantised q;
  int32_t *right;             /* [trials] */
  rrn_judge_details details;
  const rrn_judge_hurdle *hurdle; /* NULL = none */
  rramnas_accuracy *ret;
  rramnas_error *err;
} measuring;

/* --- integers --- */

int32_t
rrn_turns_of(rrn_arena *arena, const rramnas_mapping *m, int32_t layer, size_t n_groups, size_t n_out, rrn_turn **ret,
             rramnas_error *err)
{
  const rrn_matrix *x = &m->matrices[layer];
  rrn_turn *turns = rrn_arena_alloc(arena, n_groups + 1, sizeof(*turns));
  const int64_t group_cols = x->cols / x->groups;
  int32_t i;
  size_t g;

  if (!turns)
    return rrn_fail_memory(err);
  for (g = 0; g < n_groups; g++)
    turns[g] = (rrn_turn){ 0, 1 };
  for (i = m->first_piece[layer]; i < m->first_piece[layer + 1]; i++) {
    const rrn_piece *p = &m->pieces[i];
    const int64_t end = p->col0 + p->cols / x->cells;

    for (g = ((size_t)p->col0 + n_out - 1) / n_out; g < n_groups && (int64_t)(g * n_out) < end; g++)
      turns[g] = (rrn_turn){ (uint32_t)(((int64_t)(g * n_out) - p->col0) / group_cols / p->groups_at_once),
                             (uint32_t)(p->activations / x->positions) };
  }
  *ret = turns;
  return RRAMNAS_OK;
}

/* Copies as the mapping has them, with errors of their own. */
static int32_t
set_copies(measuring *a)
{
  const rramnas_mapping *m = a->m;
  int32_t k;

  for (k = 0; k < m->n_layers && !a->j->o.copies_alike; k++) {
    rrn_quantised_layer *l = &a->q.layers[m->layer_of[k]];

    l->n_copies = (size_t)m->copies[k];
    if (m->matrices[k].groups > 1) {
      rrn_turn *turns;

      RRN_TRY(rrn_turns_of(&a->arena, m, k, l->shape.n_groups, l->shape.n_out, &turns, a->err));
      l->turns = turns;
    }
  }
  return RRAMNAS_OK;
}

static int
is_on_diagonal(const rramnas_mapping *m, int32_t layer)
{
  int32_t i;

  for (i = m->first_piece[layer]; i < m->first_piece[layer + 1]; i++)
    if (m->pieces[i].groups_at_once > 1)
      return 1;
  return 0;
}

/* How the layers lie. */
static void
set_crossbars(measuring *a)
{
  const rramnas_mapping *m = a->m;
  int32_t k;

  for (k = 0; k < m->n_layers; k++) {
    rrn_quantised_layer *l = &a->q.layers[m->layer_of[k]];

    l->unit_outputs = (size_t)(m->pieces[m->first_piece[k]].cols / m->matrices[k].cells);
    a->ret->layers_on_crossbars += l->shape.n_groups > 0;
    a->ret->layers_on_diagonal += l->shape.n_groups > 0 && is_on_diagonal(m, k);
  }
}

/* Another chip's unit columns are not where this mapping keeps them free. */
static int32_t
check_hw(const measuring *a)
{
  const rramnas_hw *hw = a->j->o.hw;
  const int has_units = hw && hw->v.weight.sign == RRN_SIGNED_UNIT_COLUMN;

  RRN_FAIL_IF(hw && has_units != (a->m->hw->v.weight.sign == RRN_SIGNED_UNIT_COLUMN), a->err, RRAMNAS_ERR_ARGUMENT,
              "accuracy options: hw has %s columns, the mapping was made for a chip that has %s",
              has_units ? "unit" : "no unit", has_units ? "none" : "some");
  return RRAMNAS_OK;
}

/* Layers that the mapping has are on crossbars with their bits; of those that it leaves out the bits do not matter. */
static int32_t
quantise(measuring *a)
{
  const rramnas_mapping *m = a->m;
  const size_t n_layers = m->net->n_layers;
  rrn_layer_bits *bits = rrn_arena_alloc(&a->arena, n_layers + 1, sizeof(*bits));
  size_t i;
  int32_t k;

  RRN_TRY(check_hw(a));
  if (!bits)
    return rrn_fail_memory(a->err);
  for (i = 0; i < n_layers; i++)
    bits[i] = (rrn_layer_bits){ 0, 0 };
  for (k = 0; k < m->n_layers; k++)
    bits[m->layer_of[k]] = (rrn_layer_bits){ rrn_matrix_weight_bits(m->hw, &m->matrices[k]),
                                            rrn_matrix_input_bits(m->hw, &m->matrices[k]) };
  RRN_TRY(rrn_quantise(a->rt, a->plan, bits, n_layers, a->j->training, a->j->n_calibrating, &a->q, a->err));
  RRN_TRY(set_copies(a));
  set_crossbars(a);
  return RRAMNAS_OK;
}

/* --- what the chips amount to --- */

static int
compare(const void *a, const void *b)
{
  const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

  return (x > y) - (x < y);
}

static double
quantile(const int32_t *sorted, int32_t n, double p, double images)
{
  const double at = p * (n - 1);
  const int32_t i = (int32_t)at, next = i + 1 < n ? i + 1 : i;

  return (sorted[i] + (at - i) * (sorted[next] - sorted[i])) / images;
}

static void
summarise(rramnas_accuracy *r, int32_t *right)
{
  const double images = (double)r->images, n = r->trials;
  double squares = 0;
  int64_t sum = 0;
  int32_t k;

  for (k = 0; k < r->trials; k++)
    sum += right[k];
  r->mean = (double)sum / (images * n);
  for (k = 0; k < r->trials; k++) {
    const double off = right[k] / images - r->mean;

    squares += off * off;
  }
  r->deviation = r->trials > 1 ? sqrt(squares / (n - 1)) : 0;
  r->confidence = rrn_mean_confidence(r->deviation, n);
  qsort(right, (size_t)r->trials, sizeof(*right), compare);
  r->worst = right[0] / images;
  r->low = quantile(right, r->trials, 0.05, images);
  r->median = quantile(right, r->trials, 0.5, images);
  r->best = right[r->trials - 1] / images;
}

static rrn_trials
trials_of(const measuring *a)
{
  const rramnas_accuracy_options *o = &a->j->o;
  rrn_trials t = { .plan = a->plan, .q = &a->q, .images = a->j->images, .labels = a->j->labels,
                   .n_images = a->j->n_images, .n_threads = a->n_threads };

  if (a->m)
    t.hw = o->hw ? o->hw : a->m->hw;
  t.chip = (rrn_chip_options){ .seed = o->seed, .time_s = o->time_s, .adc_range = o->adc_range,
                               .adc_fraction = o->adc_fraction };
  t.stop = (rrn_stop_rule){ .stop_below = o->stop_below, .confidence_wanted = o->confidence_wanted,
                            .least = o->trials_min };
  return t;
}

static double
share(int64_t n, int64_t of)
{
  return of > 0 ? (double)n / (double)of : 0;
}

static rramnas_accuracy_layer
layer_of(const rrn_quantised_layer *l, const rrn_adc_use *use, const rrn_xbar_stats *stats)
{
  if (l->shape.n_groups == 0)
    return (rramnas_accuracy_layer){ .size = sizeof(rramnas_accuracy_layer) };
  return (rramnas_accuracy_layer){ .size = sizeof(rramnas_accuracy_layer), .on_crossbars = 1, .weight_bits = l->weight_bits,
                                   .input_bits = l->input_bits, .adc_codes = use->codes, .adc_range = use->range,
                                   .codes_used = share(use->n_met, use->codes), .conversions = stats->conversions,
                                   .clipped_low = stats->clipped_low, .clipped_high = stats->clipped_high };
}

static int32_t
try_chips(measuring *a, rrn_trials *t)
{
  const size_t n_layers = a->q.n;
  rrn_adc_use *use = NULL;
  rrn_trials_result r;
  size_t i;

  if (a->details.layers) {
    t->chip.use = use = rrn_arena_alloc(&a->arena, n_layers, sizeof(*use));
    t->layers = rrn_arena_alloc(&a->arena, n_layers, sizeof(*t->layers));
    if (!use || !t->layers)
      return rrn_fail_memory(a->err);
  }
  RRN_TRY(rrn_trials_run(a->rt, t, (size_t)a->ret->trials, a->right, &r, a->err));
  for (i = 0; a->details.trials && i < r.n; i++)
    a->details.trials[i] = a->right[i] / (double)a->ret->images;
  for (i = 0; use && i < n_layers; i++)
    a->details.layers[i] = layer_of(&a->q.layers[i], &use[i], &t->layers[i]);
  a->ret->trials = (int32_t)r.n;
  a->ret->stopped = r.stopped;
  a->ret->conversions = r.stats.conversions;
  a->ret->clipped = share(r.stats.clipped_low + r.stats.clipped_high, r.stats.conversions);
  summarise(a->ret, a->right);
  return RRAMNAS_OK;
}

/* Error-free crossbars without converters. */
static int32_t
try_ideal(const measuring *a, const rrn_trials *chips, int32_t *ret_right)
{
  rrn_trials ideal = *chips;
  rrn_trials_result r;

  ideal.chip.is_ideal = 1;
  return rrn_trials_run(a->rt, &ideal, 1, ret_right, &r, a->err);
}

static void
note(const measuring *a, int32_t what)
{
  if (a->details.known)
    *a->details.known |= what;
}

static int32_t
judge(measuring *a)
{
  rrn_trials t = trials_of(a);
  int32_t right;

  if (a->what & RRN_JUDGE_DIGITAL) {
    RRN_TRY(rrn_trials_digital(&t, &right, a->err));
    a->ret->digital = right / (double)a->ret->images;
    note(a, RRN_JUDGE_DIGITAL);
  }
  if (a->what & (RRN_JUDGE_QUANTIZED | RRN_JUDGE_CHIPS))
    RRN_TRY(quantise(a));
  if (a->what & RRN_JUDGE_QUANTIZED) {
    RRN_TRY(try_ideal(a, &t, &right));
    a->ret->quantized = right / (double)a->ret->images;
    note(a, RRN_JUDGE_QUANTIZED);
  }
  if (a->hurdle)
    a->hurdle->raise(a->hurdle->user, a->ret, &t.stop);
  if (a->what & RRN_JUDGE_CHIPS) {
    RRN_TRY(try_chips(a, &t));
    note(a, RRN_JUDGE_CHIPS);
  }
  return RRAMNAS_OK;
}

/* --- the whole --- */

int32_t
rrn_judge_trials(const rrn_judge *j)
{
  const rramnas_accuracy_options *o = &j->o;

  return o->trials > 0 ? o->trials : o->confidence_wanted > 0 ? TRIALS_TO_CONFIDENCE : TRIALS;
}

static int32_t
make_plan(measuring *a, rramnas_net *net)
{
  a->plan = a->j->plan;
  if (a->plan)
    return RRAMNAS_OK;
  RRN_TRY(rrn_judge_plan_member(a->j, net, &a->values, &a->own, a->err));
  a->plan = a->own;
  return rrn_judge_calibrate(a->j, a->own, a->n_threads, a->err);
}

static int32_t
measure(measuring *a, rramnas_net *net)
{
  a->ret->images = (int64_t)a->j->n_images;
  a->ret->trials = a->what & RRN_JUDGE_CHIPS ? rrn_judge_trials(a->j) : 0;
  a->right = rrn_arena_alloc(&a->arena, (size_t)a->ret->trials + 1, sizeof(*a->right));
  if (!a->right)
    return rrn_fail_memory(a->err);
  RRN_TRY(make_plan(a, net));
  return judge(a);
}

int32_t
rrn_judge_run(const rrn_judge *j, rramnas_net *net, const rramnas_mapping *mapping, int32_t what, int32_t n_threads,
              const rrn_judge_hurdle *hurdle, rramnas_accuracy *ret, const rrn_judge_details *ret_details,
              rramnas_error *err)
{
  measuring a = { .j = j, .m = mapping, .rt = &j->rt, .what = what, .n_threads = n_threads, .hurdle = hurdle, .ret = ret,
                  .err = err };
  int32_t status;

  if (ret_details)
    a.details = *ret_details;
  if (a.details.known)
    *a.details.known = 0;
  rrn_arena_init(&a.arena, a.rt);
  status = measure(&a, net);
  rrn_quantised_release(&a.q);
  rrn_infer_plan_free(a.own);
  rrn_values_free(a.values);
  rrn_arena_release(&a.arena);
  return status;
}

/* The public functions: `name` is the one that was called. */
static int32_t
get_accuracy(const char *name, const rramnas_mapping *mapping, const rramnas_accuracy_options *options,
             const rrn_judge_details *details, rramnas_accuracy *ret_accuracy, rramnas_error *err)
{
  const int32_t all = RRN_JUDGE_DIGITAL | RRN_JUDGE_QUANTIZED | RRN_JUDGE_CHIPS;
  rramnas_accuracy ours = RRAMNAS_ACCURACY_INIT;
  rramnas_accuracy_options o;
  rramnas_runtime runtime;
  rrn_judge *j = NULL;
  int32_t status;
  size_t size;

  RRN_FAIL_IF(!mapping || !options || !ret_accuracy, err, RRAMNAS_ERR_ARGUMENT,
              "%s: mapping, options or ret_accuracy is NULL", name);
  RRN_TRY(rrn_struct_size(ret_accuracy, "rramnas_accuracy", &size, err));
  RRN_TRY(rrn_options_read(&o, sizeof(o), options, "rramnas_accuracy_options", err));
  RRN_FAIL_IF(o.stop_dominated, err, RRAMNAS_ERR_ARGUMENT, "%s: stop_dominated is for searches: there is no front", name);
  runtime = rrn_rt_runtime(&mapping->rt);
  RRN_TRY(rrn_judge_load(&o, &runtime, &j, err));
  status = rrn_judge_set_net(j, mapping->net, err);
  if (status >= 0)
    status = rrn_judge_run(j, mapping->net, mapping, all, o.n_threads > 0 ? o.n_threads : runtime.n_threads, NULL, &ours,
                           details, err);
  rrn_judge_free(j);
  RRN_TRY(status);
  return rrn_result_write(ret_accuracy, &ours, sizeof(ours), "rramnas_accuracy", err);
}

int32_t
rramnas_mapping_get_accuracy(const rramnas_mapping *mapping, const rramnas_accuracy_options *options,
                             rramnas_accuracy *ret_accuracy, double *ret_trials, rramnas_error *reterr)
{
  const rrn_judge_details details = { .trials = ret_trials };

  return get_accuracy("rramnas_mapping_get_accuracy", mapping, options, &details, ret_accuracy, reterr);
}

/* The caller's elements are of the size that the first one says. */
static int32_t
hand_over(const rramnas_accuracy_layer *ours, size_t n, rramnas_accuracy_layer *ret_layers, rramnas_error *err)
{
  size_t i, stride;

  RRN_TRY(rrn_struct_size(ret_layers, "rramnas_accuracy_layer", &stride, err));
  for (i = 0; i < n; i++) {
    void *to = (char *)ret_layers + i * stride;

    memcpy(to, &stride, sizeof(stride));
    RRN_TRY(rrn_result_write(to, &ours[i], sizeof(ours[i]), "rramnas_accuracy_layer", err));
  }
  return RRAMNAS_OK;
}

int32_t
rramnas_mapping_get_accuracy_layers(const rramnas_mapping *mapping, const rramnas_accuracy_options *options,
                                    rramnas_accuracy *ret_accuracy, rramnas_accuracy_layer *ret_layers, size_t n_layers,
                                    rramnas_error *reterr)
{
  rrn_judge_details details = { .trials = NULL };
  int32_t status;

  RRN_FAIL_IF(!mapping || !ret_layers || n_layers != mapping->net->n_layers, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_mapping_get_accuracy_layers: mapping or ret_layers is NULL, or n_layers is not the network's");
  RRN_TRY(rrn_struct_size(ret_layers, "rramnas_accuracy_layer", &(size_t){ 0 }, reterr));
  details.layers = rrn_calloc(&mapping->rt, n_layers, sizeof(*details.layers));
  if (!details.layers)
    return rrn_fail_memory(reterr);
  status = get_accuracy("rramnas_mapping_get_accuracy_layers", mapping, options, &details, ret_accuracy, reterr);
  if (status >= 0)
    status = hand_over(details.layers, n_layers, ret_layers, reterr);
  rrn_free(&mapping->rt, details.layers);
  return status;
}
