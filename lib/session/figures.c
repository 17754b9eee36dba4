/* SPDX-License-Identifier: MIT */
/* Figures beside the course of a search: for the run, and for workers that judge what another process asks.
 *
 * In:  genomes; a session that has begun.
 * Out: their figures, as far as the library supplies them, then the caller's; how far they are from fitting the chip. */
#include <stdatomic.h>
#include <string.h>

#include <xxhash.h>

#include "session/session.h"
#include "util/pool.h"

typedef struct judging {
  const rramnas_search *s;
  const double *genomes; /* canonical */
  double *values, *shortfalls;
  atomic_int out_of_memory;
} judging;

static int
judge(void *user, size_t k)
{
  judging *j = user;
  const rramnas_search *s = j->s;

  if (rrn_evaluation_run(&s->evaluator, j->genomes + k * s->space.n, j->values + k * s->n_figures, &j->shortfalls[k],
                        NULL) < 0)
    atomic_store_explicit(&j->out_of_memory, 1, memory_order_relaxed);
  return atomic_load_explicit(&j->out_of_memory, memory_order_relaxed);
}

int32_t
rrn_session_threads(const rramnas_search *s, int32_t wanted)
{
  return wanted > 0 ? wanted : s->rt.n_threads > 0 ? s->rt.n_threads : rrn_pool_processors();
}

int32_t
rrn_session_supplied(const rramnas_search *s, rramnas_error *err)
{
  size_t j;

  for (j = 0; j < s->n_figures && !s->evaluate; j++) {
    if (s->evaluator.source[j] != RRN_FIGURE_CALLER)
      continue;
    RRN_FAIL_IF(rrn_metric_find(s->figures[j]) != SIZE_MAX && strncmp(s->figures[j], "accuracy", 8) != 0, err,
                RRAMNAS_ERR_ARGUMENT,
                "\"%s\" is worked out of a network, and the space has none: a network is missing", s->figures[j]);
    return rrn_fail(err, RRAMNAS_ERR_ARGUMENT,
                    "nobody supplies \"%s\": it is no built-in figure, in no table, and there is no evaluation callback%s",
                    s->figures[j],
                    strncmp(s->figures[j], "accuracy", 8) == 0 ? " or data set to measure it on" : "");
  }
  return RRAMNAS_OK;
}

static int
needs_caller(const rramnas_search *s)
{
  size_t j;

  for (j = 0; j < s->n_figures; j++)
    if (s->evaluator.source[j] == RRN_FIGURE_CALLER)
      return 1;
  return 0;
}

int32_t
rrn_session_ask_caller(const rramnas_search *s, const double *genomes, size_t n, double *values, rramnas_error *err)
{
  const rramnas_batch batch = { .size = sizeof(batch), .genomes = genomes, .values = values, .n = n };

  if (n == 0 || !needs_caller(s))
    return RRAMNAS_OK;
  RRN_FAIL_IF(s->evaluate(s->evaluate_user, &batch) != 0, err, RRAMNAS_ERR_CALLBACK,
              "the evaluation callback ended the run");
  return RRAMNAS_OK;
}

static int32_t
make_canonical(const rramnas_search *s, double *genomes, size_t n, rramnas_error *err)
{
  size_t k;

  for (k = 0; k < n; k++)
    RRN_TRY(rramnas_search_canonical(s, genomes + k * s->space.n, err));
  return RRAMNAS_OK;
}

static int32_t
judge_all(const rramnas_search *s, const double *genomes, size_t n, int32_t n_threads, double *values,
          double *shortfalls, rramnas_error *err)
{
  judging j = { .s = s, .genomes = genomes, .values = values, .shortfalls = shortfalls };

  atomic_init(&j.out_of_memory, 0);
  memset(shortfalls, 0, n * sizeof(*shortfalls));
  rrn_pool_run(n, rrn_session_threads(s, n_threads), judge, &j);
  if (atomic_load_explicit(&j.out_of_memory, memory_order_relaxed))
    return rrn_fail_memory(err);
  return rrn_session_ask_caller(s, genomes, n, values, err);
}

int32_t
rramnas_search_evaluate(const rramnas_search *s, const double *genomes, size_t n, int32_t n_threads, double *ret_values,
                        double *ret_shortfalls, rramnas_error *reterr)
{
  double *copy;
  int32_t status;

  RRN_FAIL_IF(!s || (n && (!genomes || !ret_values || !ret_shortfalls)), reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_search_evaluate: an argument is NULL");
  RRN_FAIL_IF(!s->started, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_evaluate: the search has not begun");
  RRN_FAIL_IF(n_threads < 0, reterr, RRAMNAS_ERR_RANGE, "rramnas_search_evaluate: %d threads", (int)n_threads);
  RRN_TRY(rrn_session_supplied(s, reterr));
  if (n == 0)
    return RRAMNAS_OK;
  copy = rrn_alloc(&s->rt, n, s->space.n * sizeof(*copy));
  if (!copy)
    return rrn_fail_memory(reterr);
  memcpy(copy, genomes, n * s->space.n * sizeof(*copy));
  status = make_canonical(s, copy, n, reterr);
  if (status >= 0)
    status = judge_all(s, copy, n, n_threads, ret_values, ret_shortfalls, reterr);
  rrn_free(&s->rt, copy);
  return status;
}

int32_t
rramnas_search_digest(const rramnas_search *s, uint8_t *ret_digest, rramnas_error *reterr)
{
  XXH128_canonical_t digest;
  XXH128_hash_t hash;
  size_t j;

  RRN_FAIL_IF(!s || !ret_digest, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_digest: an argument is NULL");
  RRN_FAIL_IF(!s->started, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_digest: the search has not begun");
  hash = (XXH128_hash_t){ .low64 = s->settings.low, .high64 = s->settings.high };
  for (j = 0; j < s->evaluator.rivals.m; j++)
    hash.low64 = XXH3_64bits_withSeed(&s->maximize[j], sizeof(s->maximize[j]), hash.low64);
  for (j = 0; j < s->n_figures; j++) {
    hash.low64 = XXH3_64bits_withSeed(s->figures[j], strlen(s->figures[j]), hash.low64);
    hash.high64 = XXH3_64bits_withSeed(s->figures[j], strlen(s->figures[j]), hash.high64 + j + 1);
  }
  XXH128_canonicalFromHash(&digest, hash);
  memcpy(ret_digest, digest.digest, sizeof(digest.digest));
  return RRAMNAS_OK;
}
