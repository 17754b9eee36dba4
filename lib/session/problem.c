/* SPDX-License-Identifier: MIT */
/* The handle and its problem: space, figures, how they are judged, start.
 *
 * In:  calls of the public API, in any order, then start or resume.
 * Out: a session whose course is decided: equal problems, options and seeds have equal courses.
 *
 * Figures are the objectives in their order, then those that only constraints name. After start the problem is fixed;
 * genes and rules are refused from then on. */
#include <math.h>
#include <string.h>

#include "hw/spec.h"
#include "session/session.h"
#include "util/file.h"
#include "util/options.h"
#include "util/text.h"

enum { MOST_FIGURES = 256, MOST_CONSTRAINTS = 256, MOST_SPACE_BYTES = 1 << 20 };

/* --- the handle --- */

static int32_t
session_new(const rramnas_runtime *runtime, rramnas_search **ret_search, rramnas_error *err)
{
  rramnas_search *s;
  rrn_rt rt;

  RRN_FAIL_IF(!ret_search, err, RRAMNAS_ERR_ARGUMENT, "ret_search is NULL");
  RRN_TRY(rrn_rt_init(&rt, runtime, err));
  s = rrn_calloc(&rt, 1, sizeof(*s));
  if (!s)
    return rrn_fail_memory(err);
  s->rt = rt;
  atomic_init(&s->references, 1);
  atomic_init(&s->stop, 0);
  s->seconds_left = -1;
  rrn_arena_init(&s->arena, &s->rt);
  rrn_space_init(&s->space, &s->rt);
  rrn_evaluation_init(&s->evaluator, &s->rt, &s->space);
  *ret_search = s;
  return RRAMNAS_OK;
}

static void
session_free(rramnas_search *s)
{
  const rrn_rt rt = s->rt;

  rrn_history_close(s->history);
  rrn_cache_close(s->cache);
  rrn_strategy_release(&s->strategy);
  rrn_archive_release(&s->front);
  rrn_free(&rt, s->state);
  rrn_free(&rt, s->broke);
  rrn_free(&rt, s->values);
  rrn_free(&rt, s->shortfall);
  rrn_free(&rt, s->f);
  rrn_free(&rt, s->cv);
  rrn_evaluation_release(&s->evaluator);
  rrn_space_release(&s->space);
  rrn_arena_release(&s->arena);
  rrn_free(&rt, s);
}

rramnas_search *
rramnas_search_ref(rramnas_search *s)
{
  if (s)
    atomic_fetch_add_explicit(&s->references, 1, memory_order_relaxed);
  return s;
}

void
rramnas_search_unref(rramnas_search *s)
{
  if (s && atomic_fetch_sub_explicit(&s->references, 1, memory_order_acq_rel) == 1)
    session_free(s);
}

int32_t
rramnas_search_create(const rramnas_runtime *runtime, rramnas_search **ret_search, rramnas_error *reterr)
{
  return session_new(runtime, ret_search, reterr);
}

/* Hands the session over or releases it. */
static int32_t
conclude(rramnas_search *s, int32_t status, rramnas_search **ret_search)
{
  if (status < 0)
    rramnas_search_unref(s);
  else
    *ret_search = s;
  return status;
}

int32_t
rramnas_search_create_ready(const char *name, const rramnas_runtime *runtime, rramnas_search **ret_search,
                            rramnas_error *reterr)
{
  rramnas_search *s = NULL;

  RRN_FAIL_IF(!name || !ret_search, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_search_create_ready: name or ret_search is NULL");
  RRN_TRY(session_new(runtime, &s, reterr));
  return conclude(s, rrn_space_ready(&s->space, name, reterr), ret_search);
}

int32_t
rramnas_search_load_buffer(const char *data, size_t size, const char *name, const rramnas_runtime *runtime,
                           rramnas_search **ret_search, rramnas_error *reterr)
{
  rramnas_search *s = NULL;

  RRN_FAIL_IF((!data && size) || !ret_search, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_search_load_buffer: data or ret_search is NULL");
  RRN_TRY(session_new(runtime, &s, reterr));
  return conclude(s, rrn_space_read(&s->space, data ? data : "", size, name ? name : "space", reterr), ret_search);
}

int32_t
rramnas_search_load_file(const char *path, const rramnas_runtime *runtime, rramnas_search **ret_search,
                         rramnas_error *reterr)
{
  rrn_file file;
  int32_t status;

  RRN_FAIL_IF(!path || !ret_search, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_load_file: path or ret_search is NULL");
  RRN_TRY(rrn_file_open(&file, path, MOST_SPACE_BYTES, reterr));
  status = rramnas_search_load_buffer(file.data, file.size, path, runtime, ret_search, reterr);
  rrn_file_close(&file);
  return status;
}

/* --- the space --- */

#define NOT_STARTED(s, who)                                                                          \
  do {                                                                                               \
    RRN_FAIL_IF(!(s), reterr, RRAMNAS_ERR_ARGUMENT, "%s: search is NULL", (who));                    \
    RRN_FAIL_IF((s)->started, reterr, RRAMNAS_ERR_ARGUMENT, "%s: the search has begun already", (who)); \
  } while (0)

int32_t
rramnas_search_add_gene(rramnas_search *s, const rramnas_gene *gene, rramnas_error *reterr)
{
  rramnas_gene g;

  NOT_STARTED(s, "rramnas_search_add_gene");
  RRN_FAIL_IF(!gene, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_add_gene: gene is NULL");
  RRN_TRY(rrn_options_read(&g, sizeof(g), gene, "rramnas_gene", reterr));
  RRN_FAIL_IF(g.role == RRAMNAS_GENE_NETWORK, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_search_add_gene: genes of a network come with ready spaces");
  return rrn_space_add_gene(&s->space, &g, reterr);
}

int32_t
rramnas_search_add_rule(rramnas_search *s, const char *rule, rramnas_error *reterr)
{
  NOT_STARTED(s, "rramnas_search_add_rule");
  RRN_FAIL_IF(!rule, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_add_rule: rule is NULL");
  return rrn_space_add_rule(&s->space, rule, reterr);
}

size_t
rramnas_search_gene_count(const rramnas_search *s)
{
  return s ? s->space.n : 0;
}

int32_t
rramnas_search_gene(const rramnas_search *s, size_t index, rramnas_gene *ret_gene)
{
  rramnas_gene g = RRAMNAS_GENE_INIT;
  const rrn_gene *core;

  if (!s || !ret_gene || index >= s->space.n)
    return RRAMNAS_ERR_ARGUMENT;
  core = &s->space.core[index];
  g.name = s->space.genes[index].name;
  g.labels = s->space.genes[index].labels;
  g.n_labels = s->space.genes[index].n_labels;
  g.low = core->low;
  g.high = core->high;
  g.parent = core->parent >= 0 ? s->space.genes[core->parent].name : NULL;
  g.above = core->above;
  g.kind = core->kind;
  g.role = s->space.genes[index].role;
  return rrn_result_write(ret_gene, &g, sizeof(g), "rramnas_gene", NULL);
}

int32_t
rramnas_search_count(const rramnas_search *s, char *ret_text, size_t capacity, rramnas_error *reterr)
{
  RRN_FAIL_IF(!s || !ret_text, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_count: search or ret_text is NULL");
  return rrn_space_count(&s->space, ret_text, capacity, reterr);
}

int32_t
rramnas_search_write_space(const rramnas_search *s, rramnas_write_fn write, void *user, rramnas_error *reterr)
{
  RRN_FAIL_IF(!s || !write, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_write_space: search or write is NULL");
  return rrn_space_write_yaml(&s->space, write, user, reterr);
}

/* --- what is wanted --- */

static int
is_name(const char *text, size_t length)
{
  size_t i;

  for (i = 0; i < length; i++)
    if (!((text[i] >= 'a' && text[i] <= 'z') || (text[i] >= 'A' && text[i] <= 'Z') || text[i] == '_' ||
          (i > 0 && ((text[i] >= '0' && text[i] <= '9') || text[i] == '.'))))
      return 0;
  return length > 0 && length < 64;
}

static size_t
find_figure(const rramnas_search *s, const char *name, size_t length)
{
  size_t i;

  for (i = 0; i < s->n_figures; i++)
    if (strlen(s->figures[i]) == length && memcmp(s->figures[i], name, length) == 0)
      return i;
  return SIZE_MAX;
}

static int32_t
add_figure(rramnas_search *s, const char *name, size_t length, size_t *ret_figure, rramnas_error *err)
{
  const char **figures;
  const char *copy;

  RRN_FAIL_IF(!is_name(name, length), err, RRAMNAS_ERR_ARGUMENT,
              "\"%.60s\" is no name of a figure: letters, digits, '_' and '.', at most 63", name);
  RRN_FAIL_IF(s->n_figures >= MOST_FIGURES, err, RRAMNAS_ERR_LIMIT, "more than %d figures", (int)MOST_FIGURES);
  figures = rrn_arena_grow(&s->arena, (void *)s->figures, s->n_figures, &s->cap_figures, sizeof(*figures));
  copy = figures ? rrn_arena_strndup(&s->arena, name, length) : NULL;
  if (!copy)
    return rrn_fail_memory(err);
  s->figures = figures;
  *ret_figure = s->n_figures;
  figures[s->n_figures++] = copy;
  return RRAMNAS_OK;
}

/* Objectives stand before the other figures: constraints that name one of these follow it. */
static void
move_to_front(rramnas_search *s, size_t figure)
{
  const char *name = s->figures[figure];
  size_t i;

  memmove((void *)(s->figures + s->n_objectives + 1), (const void *)(s->figures + s->n_objectives),
          (figure - s->n_objectives) * sizeof(*s->figures));
  s->figures[s->n_objectives] = name;
  for (i = 0; i < s->n_constraints; i++)
    if (s->constraints[i].figure == figure)
      s->constraints[i].figure = s->n_objectives;
    else if (s->constraints[i].figure >= s->n_objectives && s->constraints[i].figure < figure)
      s->constraints[i].figure++;
}

int32_t
rramnas_search_add_objective(rramnas_search *s, const char *metric, int32_t direction, rramnas_error *reterr)
{
  size_t figure;

  NOT_STARTED(s, "rramnas_search_add_objective");
  RRN_FAIL_IF(!metric, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_add_objective: metric is NULL");
  RRN_FAIL_IF(direction < RRAMNAS_DIRECTION_NATURAL || direction > RRAMNAS_MAXIMIZE, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_search_add_objective: there is no direction %d", (int)direction);
  RRN_FAIL_IF(s->n_objectives >= RRN_MOST_OBJECTIVES, reterr, RRAMNAS_ERR_ARGUMENT, "more than %d objectives",
              (int)RRN_MOST_OBJECTIVES);
  if (!s->maximize)
    s->maximize = rrn_arena_alloc(&s->arena, RRN_MOST_OBJECTIVES, sizeof(*s->maximize));
  if (!s->maximize)
    return rrn_fail_memory(reterr);
  figure = find_figure(s, metric, strlen(metric));
  RRN_FAIL_IF(figure != SIZE_MAX && figure < s->n_objectives, reterr, RRAMNAS_ERR_ARGUMENT,
              "objective \"%.60s\" is given twice", metric);
  if (figure == SIZE_MAX)
    RRN_TRY(add_figure(s, metric, strlen(metric), &figure, reterr));
  move_to_front(s, figure);
  direction = direction ? direction : rrn_metric_direction(metric);
  s->maximize[s->n_objectives++] = direction == RRAMNAS_MAXIMIZE;
  return RRAMNAS_OK;
}

static int32_t
fail_constraint(const char *text, size_t at, const char *expected, rramnas_error *err)
{
  const rrn_place where = { "constraint", 1, (int32_t)at + 1, -1 };

  return rrn_fail_at(err, RRAMNAS_ERR_PARSE, where, "\"%.200s\": expected %s", text, expected);
}

static int32_t
parse_constraint(const char *text, size_t *ret_start, size_t *ret_length, rrn_constraint *c, rramnas_error *err)
{
  size_t start = strspn(text, " \t"), length, at, end;

  for (length = 0; text[start + length] && !strchr("<> \t=", text[start + length]); length++)
    ;
  if (!is_name(text + start, length))
    return fail_constraint(text, start, "a figure's name", err);
  at = start + length + strspn(text + start + length, " \t");
  if (text[at] != '<' && text[at] != '>')
    return fail_constraint(text, at, "<, <=, > or >=", err);
  c->at_least = text[at++] == '>';
  at += text[at] == '=';
  at += strspn(text + at, " \t");
  for (end = strlen(text); end > at && strchr(" \t", text[end - 1]); end--)
    ;
  if (!rrn_double_parse(text + at, end - at, &c->bound))
    return fail_constraint(text, at, "a number", err);
  *ret_start = start;
  *ret_length = length;
  return RRAMNAS_OK;
}

int32_t
rramnas_search_add_constraint(rramnas_search *s, const char *constraint, rramnas_error *reterr)
{
  rrn_constraint c = { 0, 0, 0 }, *grown;
  size_t start = 0, length = 0;

  NOT_STARTED(s, "rramnas_search_add_constraint");
  RRN_FAIL_IF(!constraint, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_add_constraint: constraint is NULL");
  RRN_FAIL_IF(s->n_constraints >= MOST_CONSTRAINTS, reterr, RRAMNAS_ERR_LIMIT, "more than %d constraints",
              (int)MOST_CONSTRAINTS);
  RRN_TRY(parse_constraint(constraint, &start, &length, &c, reterr));
  c.figure = find_figure(s, constraint + start, length);
  if (c.figure == SIZE_MAX)
    RRN_TRY(add_figure(s, constraint + start, length, &c.figure, reterr));
  grown = rrn_arena_grow(&s->arena, s->constraints, s->n_constraints, &s->cap_constraints, sizeof(*grown));
  if (!grown)
    return rrn_fail_memory(reterr);
  s->constraints = grown;
  s->constraints[s->n_constraints++] = c;
  return RRAMNAS_OK;
}

size_t
rramnas_search_metric_count(const rramnas_search *s)
{
  return s ? s->n_figures : 0;
}

const char *
rramnas_search_metric(const rramnas_search *s, size_t index)
{
  return s && index < s->n_figures ? s->figures[index] : NULL;
}

/* --- how a candidate is judged --- */

int32_t
rramnas_search_set_hardware(rramnas_search *s, rramnas_hw *hw, rramnas_error *reterr)
{
  NOT_STARTED(s, "rramnas_search_set_hardware");
  RRN_FAIL_IF(!hw, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_set_hardware: hw is NULL");
  return rrn_evaluation_set_hardware(&s->evaluator, hw, reterr);
}

int32_t
rramnas_search_set_net(rramnas_search *s, rramnas_net *net, rramnas_error *reterr)
{
  NOT_STARTED(s, "rramnas_search_set_net");
  RRN_FAIL_IF(!net, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_set_net: net is NULL");
  return rrn_evaluation_set_net(&s->evaluator, net, reterr);
}

int32_t
rramnas_search_set_compile(rramnas_search *s, const rramnas_compile_options *compile, const rramnas_cost_options *cost,
                           rramnas_error *reterr)
{
  rramnas_compile_options o;
  rramnas_cost_options k;

  NOT_STARTED(s, "rramnas_search_set_compile");
  RRN_TRY(rrn_options_read(&o, sizeof(o), compile, "rramnas_compile_options", reterr));
  RRN_TRY(rrn_options_read(&k, sizeof(k), cost, "rramnas_cost_options", reterr));
  return rrn_evaluation_set_compile(&s->evaluator, &o, &k, reterr);
}

/* What tells figures of few chips from those of all. */
static const char *const of_chips[RRN_N_OF_CHIPS] = { "accuracy_chips", "accuracy_to_beat" };

static int32_t
say_chips(rramnas_search *s, rramnas_error *err)
{
  size_t i, figure;

  for (i = 0; i < RRN_N_OF_CHIPS; i++)
    if (find_figure(s, of_chips[i], strlen(of_chips[i])) == SIZE_MAX) {
      RRN_TRY(add_figure(s, of_chips[i], strlen(of_chips[i]), &figure, err));
      s->ours[i] = 1;
    }
  return RRAMNAS_OK;
}

/* Objectives and what constraints name are wanted. */
static int
is_wanted(const rramnas_search *s, size_t figure)
{
  size_t i;

  for (i = 0; i < s->n_constraints; i++)
    if (s->constraints[i].figure == figure)
      return 1;
  return figure < s->n_objectives;
}

static void
remove_figure(rramnas_search *s, size_t figure)
{
  size_t i;

  s->n_figures--;
  memmove((void *)(s->figures + figure), (const void *)(s->figures + figure + 1),
          (s->n_figures - figure) * sizeof(*s->figures));
  for (i = 0; i < s->n_constraints; i++)
    s->constraints[i].figure -= s->constraints[i].figure > figure;
}

/* What say_chips() added and nobody asked for since. */
static void
unsay_chips(rramnas_search *s)
{
  size_t i;

  for (i = 0; i < RRN_N_OF_CHIPS; i++) {
    const size_t figure = s->ours[i] ? find_figure(s, of_chips[i], strlen(of_chips[i])) : SIZE_MAX;

    if (figure != SIZE_MAX && !is_wanted(s, figure))
      remove_figure(s, figure);
    s->ours[i] = 0;
  }
}

int32_t
rramnas_search_set_accuracy(rramnas_search *s, const rramnas_accuracy_options *options, rramnas_error *reterr)
{
  rramnas_accuracy_options o;

  NOT_STARTED(s, "rramnas_search_set_accuracy");
  RRN_TRY(rrn_options_read(&o, sizeof(o), options, "rramnas_accuracy_options", reterr));
  RRN_FAIL_IF(o.part == RRAMNAS_DATA_TEST, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_search_set_accuracy: test images are for reports; a search judges on others (part)");
  RRN_TRY(rrn_evaluation_set_accuracy(&s->evaluator, &o, reterr));
  if (o.stop_dominated)
    return say_chips(s, reterr);
  unsay_chips(s);
  return RRAMNAS_OK;
}

int32_t
rramnas_search_add_table_file(rramnas_search *s, const char *path, const rramnas_table_options *options,
                              rramnas_error *reterr)
{
  rramnas_table_options o;

  NOT_STARTED(s, "rramnas_search_add_table_file");
  RRN_FAIL_IF(!path, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_add_table_file: path is NULL");
  RRN_TRY(rrn_options_read(&o, sizeof(o), options, "rramnas_table_options", reterr));
  return rrn_evaluation_add_table(&s->evaluator, path, &o, reterr);
}

int32_t
rramnas_search_add_predictor_file(rramnas_search *s, const char *path, const char *figure,
                                  const rramnas_table_options *options, rramnas_predictor_quality *ret_quality,
                                  rramnas_error *reterr)
{
  rramnas_predictor_quality quality = RRAMNAS_PREDICTOR_QUALITY_INIT;
  rramnas_table_options o;

  NOT_STARTED(s, "rramnas_search_add_predictor_file");
  RRN_FAIL_IF(!path || !figure, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_search_add_predictor_file: path or figure is NULL");
  RRN_TRY(rrn_options_read(&o, sizeof(o), options, "rramnas_table_options", reterr));
  RRN_TRY(rrn_evaluation_add_predictor(&s->evaluator, path, figure, &o, &quality, reterr));
  return ret_quality ? rrn_result_write(ret_quality, &quality, sizeof(quality), "rramnas_predictor_quality", reterr)
                     : RRAMNAS_OK;
}

int32_t
rramnas_search_set_evaluate(rramnas_search *s, rramnas_evaluate_fn evaluate, void *user, rramnas_error *reterr)
{
  RRN_FAIL_IF(!s, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_set_evaluate: search is NULL");
  s->evaluate = evaluate;
  s->evaluate_user = user;
  return RRAMNAS_OK;
}

int32_t
rramnas_search_set_cache_file(rramnas_search *s, const char *path, rramnas_error *reterr)
{
  NOT_STARTED(s, "rramnas_search_set_cache_file");
  RRN_FAIL_IF(!path, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_set_cache_file: path is NULL");
  rrn_cache_close(s->cache);
  s->cache = NULL;
  return rrn_cache_open(&s->cache, &s->rt, path, reterr);
}

int32_t
rramnas_search_set_history_file(rramnas_search *s, const char *path, rramnas_error *reterr)
{
  NOT_STARTED(s, "rramnas_search_set_history_file");
  RRN_FAIL_IF(!path, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_set_history_file: path is NULL");
  s->history_path = rrn_arena_strndup(&s->arena, path, strlen(path));
  return s->history_path ? RRAMNAS_OK : rrn_fail_memory(reterr);
}

/* --- start --- */

static int32_t
check_options(const rramnas_search *s, const rramnas_search_options *o, rramnas_error *err)
{
  size_t i;

  RRN_FAIL_IF(s->space.n == 0, err, RRAMNAS_ERR_ARGUMENT, "a search needs at least one gene");
  RRN_FAIL_IF(s->n_objectives == 0, err, RRAMNAS_ERR_ARGUMENT, "a search needs at least one objective");
  RRN_FAIL_IF(o->strategy < RRAMNAS_STRATEGY_NSGA2 || o->strategy > RRAMNAS_STRATEGY_ENUMERATE, err,
              RRAMNAS_ERR_ARGUMENT, "search options: there is no strategy %d", (int)o->strategy);
  RRN_FAIL_IF(o->population < 0 || o->offspring < 0 || o->archive_capacity < 0 || o->population > 1 << 24 ||
                o->offspring > 1 << 24,
              err, RRAMNAS_ERR_RANGE, "search options: population %d, offspring %d, archive_capacity %d",
              (int)o->population, (int)o->offspring, (int)o->archive_capacity);
  RRN_FAIL_IF(o->n_initial && !o->initial, err, RRAMNAS_ERR_ARGUMENT, "search options: initial is NULL");
  for (i = 0; o->reference && i < s->n_objectives; i++)
    RRN_FAIL_IF(!isfinite(o->reference[i]), err, RRAMNAS_ERR_RANGE, "search options: reference[%zu] is not finite", i);
  return RRAMNAS_OK;
}

static int32_t
keep_reference(rramnas_search *s, const double *reference, rramnas_error *err)
{
  size_t i;

  s->reference = rrn_arena_alloc(&s->arena, s->n_objectives, sizeof(*s->reference));
  if (!s->reference)
    return rrn_fail_memory(err);
  s->reference_given = reference != NULL;
  for (i = 0; i < s->n_objectives; i++)
    s->reference[i] = !reference ? NAN : s->maximize[i] ? -reference[i] : reference[i];
  return RRAMNAS_OK;
}

static double
broken_rules(const void *space, const double *x)
{
  return rrn_space_violation(space, x);
}

int32_t
rrn_session_prepare(rramnas_search *s, const rramnas_search_options *o, rramnas_error *err)
{
  RRN_TRY(check_options(s, o, err));
  s->options = (rrn_strategy_options){ .seed = o->seed, .kind = o->strategy, .n_objectives = s->n_objectives,
                                       .population = (size_t)o->population, .offspring = (size_t)o->offspring,
                                       .archive_capacity = (size_t)o->archive_capacity };
  RRN_TRY(rrn_evaluation_prepare(&s->evaluator, s->figures, s->n_figures, err));
  RRN_TRY(rrn_rivals_prepare(&s->evaluator, s->figures, s->maximize, s->n_objectives, err));
  RRN_TRY(rrn_evaluation_fingerprint(&s->evaluator, &s->settings, err));
  if (s->cache)
    RRN_TRY(rrn_cache_prepare(s->cache, s->settings, s->figures, s->n_figures, err));
  s->genes = rrn_space_genes(&s->space);
  RRN_TRY(keep_reference(s, o->reference, err));
  RRN_TRY(rrn_strategy_create(&s->strategy, &s->rt, &s->genes, &s->options, err));
  if (s->space.n_rules > 0)
    rrn_strategy_set_rules(&s->strategy, broken_rules, &s->space);
  s->options = s->strategy.options;
  rrn_archive_init(&s->front, &s->rt, s->n_objectives, s->space.n + s->n_figures, (size_t)o->archive_capacity);
  return RRAMNAS_OK;
}

static int32_t
plant(rramnas_search *s, const rramnas_search_options *o, rramnas_error *err)
{
  size_t i;

  for (i = 0; i < o->n_initial; i++) {
    double *x = NULL;
    int32_t status;

    RRN_TRY(rrn_session_genome(s, o->initial + i * s->space.n, &x, err));
    status = rrn_strategy_plant(&s->strategy, x, 1, err);
    rrn_free(&s->rt, x);
    RRN_TRY(status);
  }
  return RRAMNAS_OK;
}

/* A session that could not begin is as before. */
static int32_t
begin(rramnas_search *s, int32_t status)
{
  if (status < 0) {
    rrn_strategy_release(&s->strategy);
    rrn_archive_release(&s->front);
    s->n_out = s->n_settled = s->n_next = 0;
    s->first_id = s->evaluations = s->failed = s->infeasible = s->cached = s->stagnant = 0;
    s->hypervolume = 0;
    s->exhausted = s->idle = s->lost = 0;
    memset(s->first, 0, sizeof(s->first));
    return status;
  }
  s->started = 1;
  return RRAMNAS_OK;
}

int32_t
rramnas_search_start(rramnas_search *s, const rramnas_search_options *options, rramnas_error *reterr)
{
  rramnas_search_options o;
  int32_t status;

  NOT_STARTED(s, "rramnas_search_start");
  RRN_TRY(rrn_options_read(&o, sizeof(o), options, "rramnas_search_options", reterr));
  status = rrn_session_prepare(s, &o, reterr);
  if (status >= 0)
    status = plant(s, &o, reterr);
  if (status >= 0 && s->history_path)
    status = rrn_history_open(&s->history, s, 0, reterr);
  return begin(s, status);
}

int32_t
rramnas_search_resume_file(rramnas_search *s, const char *path, rramnas_error *reterr)
{
  NOT_STARTED(s, "rramnas_search_resume_file");
  RRN_FAIL_IF(!path, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_resume_file: path is NULL");
  return begin(s, rrn_checkpoint_load(s, path, reterr));
}

void
rramnas_search_stop(rramnas_search *s)
{
  if (s)
    atomic_store_explicit(&s->stop, 1, memory_order_relaxed);
}
