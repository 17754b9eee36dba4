/* SPDX-License-Identifier: MIT */
/* The front as it was when the generation began, in a session that ends chips by it (stop_dominated).
 *
 * In:  the front, whenever a generation begins; a checkpoint; or the front of the session that asks.
 * Out: evaluate/rivals.c has it.
 *
 * It stays the same until the next generation, so that every candidate of a generation is judged by the same thresholds. A
 * session that works out figures for another one has to be given it. Complexity: a copy of the front per generation. */
#include <math.h>
#include <string.h>

#include "session/session.h"

int32_t
rrn_session_keep_front(rramnas_search *s, rramnas_error *err)
{
  return rrn_rivals_set(&s->evaluator, s->front.f, s->front.n, err);
}

int32_t
rrn_session_walk_front(rrn_bytes *b, rramnas_search *s, rramnas_error *err)
{
  rrn_rivals *r = &s->evaluator.rivals;
  size_t n = r->n;

  if (r->m == 0)
    return RRAMNAS_OK;
  rrn_bytes_count(b, &n, b->saving ? n : rrn_bytes_room(b, r->m * sizeof(*r->f)));
  if (!b->saving && n > r->cap) {
    r->f = rrn_calloc(&s->rt, n, r->m * sizeof(*r->f));
    if (!r->f)
      return rrn_fail_memory(err);
    r->cap = n;
  }
  r->n = n;
  rrn_bytes_doubles(b, r->f, n * r->m);
  return RRAMNAS_OK;
}

/* --- for those who judge for another session --- */

size_t
rramnas_search_generation_front(const rramnas_search *s, double *ret_values)
{
  const rrn_rivals *r = s ? &s->evaluator.rivals : NULL;
  size_t i;

  if (!r || !s->started || r->m == 0)
    return 0;
  for (i = 0; ret_values && i < r->n * r->m; i++)
    ret_values[i] = s->maximize[i % r->m] ? -r->f[i] : r->f[i];
  return r->n * r->m;
}

int32_t
rramnas_search_set_generation_front(rramnas_search *s, const double *values, size_t n, rramnas_error *reterr)
{
  double *f;
  int32_t status;
  size_t i;

  RRN_FAIL_IF(!s || (n && !values), reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_search_set_generation_front: an argument is NULL");
  RRN_FAIL_IF(!s->started || s->evaluator.rivals.m == 0, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_search_set_generation_front: the search has not begun, or without stop_dominated");
  RRN_FAIL_IF(n % s->n_objectives != 0, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_search_set_generation_front: %zu values of %zu objectives", n, s->n_objectives);
  f = rrn_alloc(&s->rt, n + 1, sizeof(*f));
  if (!f)
    return rrn_fail_memory(reterr);
  for (i = 0; i < n; i++)
    f[i] = s->maximize[i % s->n_objectives] ? -values[i] : values[i];
  status = rrn_rivals_set(&s->evaluator, f, n / s->n_objectives, reterr);
  rrn_free(&s->rt, f);
  return status;
}
