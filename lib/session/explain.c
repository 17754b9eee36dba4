/* SPDX-License-Identifier: MIT */
/* Why a candidate is not in the front.
 *
 * In:  a genome; a session that has begun.
 * Out: the first reason: a rule of the space, the step that failed, a figure that is missing, a constraint.
 *
 * Reasons are not kept: figures depend on the genome and the problem alone, so the candidate is judged once more,
 * whoever judged it, a cache or another process. What only the caller knows stays open. Complexity: that of one
 * candidate. */
#include <math.h>
#include <string.h>

#include "session/session.h"
#include "util/text.h"

int32_t
rrn_session_note(rramnas_search *s, int32_t fate, const double *genome, rramnas_error *err)
{
  if (s->first[fate])
    return RRAMNAS_OK;
  s->first[fate] = rrn_arena_alloc(&s->arena, s->space.n, sizeof(*genome));
  if (!s->first[fate])
    return rrn_fail_memory(err);
  memcpy(s->first[fate], genome, s->space.n * sizeof(*genome));
  return RRAMNAS_OK;
}

int32_t
rramnas_search_first(const rramnas_search *s, int32_t fate, double *ret_genome)
{
  if (!s || !ret_genome || fate < 0 || fate >= RRN_N_FATES)
    return RRAMNAS_ERR_ARGUMENT;
  if (!s->first[fate])
    return RRAMNAS_ERR_NOT_FOUND;
  memcpy(ret_genome, s->first[fate], s->space.n * sizeof(*ret_genome));
  return RRAMNAS_OK;
}

static int32_t
check_constraints(const rramnas_search *s, const double *values, rramnas_error *err)
{
  char value[RRN_DOUBLE_TEXT], bound[RRN_DOUBLE_TEXT];
  size_t i;

  for (i = 0; i < s->n_constraints; i++) {
    const rrn_constraint *c = &s->constraints[i];

    RRN_FAIL_IF(rrn_session_broken(c, values) > 0, err, RRAMNAS_ERR_RANGE, "%s is %s, and has to be %s %s",
                s->figures[c->figure], rrn_double_text(values[c->figure], value), c->at_least ? ">=" : "<=",
                rrn_double_text(c->bound, bound));
  }
  return RRAMNAS_OK;
}

static int32_t
explain(const rramnas_search *s, const double *x, double *values, rramnas_error *err)
{
  RRN_FAIL_IF(rrn_space_violation(&s->space, x) > 0, err, RRAMNAS_ERR_RANGE,
              "the candidate breaks a rule of the space");
  RRN_TRY(rrn_evaluation_explain(&s->evaluator, s->figures, x, values, err));
  return check_constraints(s, values, err);
}

int32_t
rramnas_search_explain(const rramnas_search *s, const double *genome, rramnas_error *reterr)
{
  double *x = NULL, *values;
  int32_t status;

  RRN_FAIL_IF(s && !s->started, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_explain: the search has not begun");
  RRN_TRY(rrn_session_genome(s, genome, &x, reterr));
  values = rrn_alloc(&s->rt, s->n_figures, sizeof(*values));
  status = values ? explain(s, x, values, reterr) : rrn_fail_memory(reterr);
  rrn_free(&s->rt, values);
  rrn_free(&s->rt, x);
  return status;
}
