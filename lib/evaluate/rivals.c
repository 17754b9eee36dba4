/* SPDX-License-Identifier: MIT */
/* What a candidate has to beat: when its chips may end because the front dominates it.
 *
 * In:  the front as it was when the generation began; a candidate's objectives but the one that is measured on chips.
 * Out: the best that a point of the front, at least as good in all of these, has in that one.
 *
 * A candidate that does not reach it is dominated whatever else is true of it, so it serves as a threshold for the
 * chips. It depends on the candidate and on the front at the beginning of the generation alone: on no order, thread or
 * portion. What stays at its mean so far is worse than the point that it was tested against, and what that front
 * dominates does not enter the front (session/rivals.c).
 *
 * Reuse of figures from the cache: chips end no later under a stricter threshold (accuracy/stop.c), so a candidate with all of its
 * chips has the same figures under any that is less strict; one that was ended early only under the same.
 *
 * Complexity: O(points objectives) per candidate. */
#include <math.h>
#include <string.h>

#include "evaluate/evaluate.h"
#include "evaluate/metrics.h"

/* Objectives of which few chips tell enough. */
static const struct {
  const char *name;
  int32_t test;
} tests[] = {
  { "accuracy", RRN_TEST_MEAN },
  { "accuracy_mean", RRN_TEST_MEAN },
  { "accuracy_drop", RRN_TEST_DROP },
  { "accuracy_worst", RRN_TEST_WORST },
};

/* --- what can be tested --- */

static int
is_on_chips(const rrn_evaluation *e, size_t j)
{
  return e->source[j] == RRN_FIGURE_BUILT_IN && (rrn_metrics[e->built_in[j]].needs & RRN_NEEDS_CHIPS);
}

static int32_t
find_test(const char *name)
{
  size_t i;

  for (i = 0; i < sizeof(tests) / sizeof(tests[0]); i++)
    if (strcmp(tests[i].name, name) == 0)
      return tests[i].test;
  return RRN_TEST_NONE;
}

/* The objective on chips; the others are known before. */
static int32_t
choose(rrn_evaluation *e, const char *const *names, const int32_t *maximize, size_t m, rramnas_error *err)
{
  size_t j, found = m;

  for (j = 0; j < m; j++) {
    RRN_FAIL_IF(e->source[j] == RRN_FIGURE_CALLER, err, RRAMNAS_ERR_ARGUMENT,
                "stop_dominated: objective \"%.60s\" is the caller's, and has to be known before the chips are", names[j]);
    if (!is_on_chips(e, j))
      continue;
    RRN_FAIL_IF(found < m, err, RRAMNAS_ERR_ARGUMENT,
                "stop_dominated: objectives \"%.60s\" and \"%.60s\" are both measured on the chips; expected one", names[found],
                names[j]);
    found = j;
  }
  RRN_FAIL_IF(found == m, err, RRAMNAS_ERR_ARGUMENT, "stop_dominated: no objective is measured on chips");
  e->rivals.test = find_test(names[found]);
  RRN_FAIL_IF(!e->rivals.test || maximize[found] != (rrn_metric_direction(names[found]) == RRAMNAS_MAXIMIZE), err,
              RRAMNAS_ERR_ARGUMENT,
              "stop_dominated: few chips do not tell of objective \"%.60s\"; expected accuracy, accuracy_mean, "
              "accuracy_worst to be maximised or accuracy_drop to be minimised", names[found]);
  RRN_FAIL_IF(e->rivals.test == RRN_TEST_WORST && (e->judge->o.stop_below > 0 || e->judge->o.confidence_wanted > 0), err,
              RRAMNAS_ERR_ARGUMENT,
              "stop_dominated: the worst of few chips is no figure; accuracy_worst goes without stop_below and "
              "confidence_wanted");
  e->rivals.on_chips = found;
  return RRAMNAS_OK;
}

static int32_t
find_figure(const rrn_evaluation *e, const char *name, const char *const *names, size_t *ret_figure, rramnas_error *err)
{
  size_t j;

  for (j = 0; j < e->n_figures; j++)
    if (strcmp(names[j], name) == 0 && e->source[j] == RRN_FIGURE_BUILT_IN)
      break;
  RRN_FAIL_IF(j == e->n_figures, err, RRAMNAS_ERR_ARGUMENT, "stop_dominated: %s has to be the library's", name);
  *ret_figure = j;
  return RRAMNAS_OK;
}

int32_t
rrn_rivals_prepare(rrn_evaluation *e, const char *const *names, const int32_t *maximize, size_t m, rramnas_error *err)
{
  rrn_rivals *r = &e->rivals;

  rrn_free(e->rt, r->f);
  *r = (rrn_rivals){ .m = 0 };
  if (!e->judge || !e->judge->o.stop_dominated)
    return RRAMNAS_OK;
  RRN_TRY(choose(e, names, maximize, m, err));
  RRN_TRY(find_figure(e, "accuracy_chips", names, &r->chips, err));
  RRN_TRY(find_figure(e, "accuracy_to_beat", names, &r->to_beat, err));
  r->maximize = maximize;
  r->m = m;
  return RRAMNAS_OK;
}

/* --- who they are --- */

int32_t
rrn_rivals_set(rrn_evaluation *e, const double *f, size_t n, rramnas_error *err)
{
  rrn_rivals *r = &e->rivals;

  if (r->m == 0)
    return RRAMNAS_OK;
  if (n > r->cap) {
    double *grown = rrn_realloc(e->rt, r->f, n, r->m * sizeof(*grown));

    if (!grown)
      return rrn_fail_memory(err);
    r->f = grown;
    r->cap = n;
  }
  if (n > 0)
    memcpy(r->f, f, n * r->m * sizeof(*f));
  r->n = n;
  return RRAMNAS_OK;
}

/* As good in every objective but one, m = none. A figure that is not known is reached by nobody. */
static int
is_as_good(const rrn_rivals *r, const double *rival, const double *values, size_t but)
{
  size_t j;

  for (j = 0; j < r->m; j++)
    if (j != but && !(rival[j] <= (r->maximize[j] ? -values[j] : values[j])))
      return 0;
  return 1;
}

double
rrn_rivals_to_beat(const rrn_rivals *r, const double *values)
{
  double best = r->maximize[r->on_chips] ? 0 : 1;
  size_t i;

  for (i = 0; i < r->n; i++)
    if (is_as_good(r, r->f + i * r->m, values, r->on_chips)) {
      const double f = r->f[i * r->m + r->on_chips];

      if (r->maximize[r->on_chips] ? -f > best : f < best)
        best = r->maximize[r->on_chips] ? -f : f;
    }
  return best;
}

int
rrn_rivals_dominate(const rrn_rivals *r, const double *values)
{
  size_t i;

  for (i = 0; i < r->n; i++)
    if (is_as_good(r, r->f + i * r->m, values, r->m))
      return 1;
  return 0;
}

/* --- what follows --- */

void
rrn_rivals_raise(const rrn_rivals *r, double to_beat, double digital, rrn_stop_rule *rule)
{
  const double mean = r->test == RRN_TEST_DROP ? digital - to_beat : to_beat;

  if (r->test == RRN_TEST_WORST)
    rule->worst_below = to_beat;
  else if (mean > rule->stop_below)
    rule->stop_below = mean;
}

int
rrn_rivals_reuse(const rrn_evaluation *e, double *values)
{
  const rrn_rivals *r = &e->rivals;
  double before, now;

  if (r->m == 0 || isnan(values[r->to_beat]))
    return 1;
  before = values[r->to_beat];
  now = rrn_rivals_to_beat(r, values);
  values[r->to_beat] = now;
  if (now == before)
    return 1;
  return values[r->chips] >= rrn_judge_trials(e->judge) && (r->maximize[r->on_chips] ? now < before : now > before);
}
