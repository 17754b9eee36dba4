/* SPDX-License-Identifier: MIT */
/* Running a search until a budget is spent.
 *
 * In:  a session that has begun; budgets; who to ask for figures that are not built in.
 * Out: the session, further on.
 *
 *   generation -> batch of those that wait -> cache -> built-in figures (threads) -> the caller's -> cache, told
 *                                                   \------ or both by whoever distributes ------/
 *
 * A batch is what waits of the generation, no more than the evaluations that are left. Figures land at their candidate's
 * place, so the course is the same at any number of threads. A batch that is cut short, by a stop or by the clock, leaves
 * the rest waiting: the generation goes on when the search does. */
#include <math.h>
#include <string.h>
#include <time.h>

#include "session/session.h"
#include "util/options.h"
#include "util/pool.h"
#include "util/text.h"

enum { WORKED_OUT = 1, FROM_CACHE = 2 };

/* Candidates of a space that is enumerated, unless the budget says otherwise. */
enum { MOST_ENUMERATED = 1000000, MOST_DIGITS = 18 };

typedef struct runner {
  rramnas_search *s;
  rramnas_run_options o;
  int32_t n_threads;
  double began_s, before_s;  /* this run's start; seconds of earlier runs */
  double last_s;             /* start of the last generation that was counted */
  int64_t last_evaluations, began_evaluations, began_generations;
  int64_t saved_generation;
  /* the batch */
  size_t *places;            /* [n] in the generation */
  double *values;            /* [n][n_figures] */
  double *shortfalls;        /* [n] */
  double *genomes;           /* [n][genes] */
  uint8_t *done;             /* [n]: 0, WORKED_OUT or FROM_CACHE */
  size_t n, cap;
  atomic_int out_of_memory;
  rramnas_error *err;
} runner;

/* --- time --- */

static double
now_s(void)
{
  struct timespec t;

  clock_gettime(CLOCK_MONOTONIC, &t);
  return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int
is_stopped(const runner *r)
{
  return atomic_load_explicit(&r->s->stop, memory_order_relaxed) != 0;
}

static int
is_late(const runner *r)
{
  return r->o.seconds > 0 && now_s() - r->began_s >= r->o.seconds;
}

static double
left_of(double all, double done, double pace)
{
  return all > 0 && pace > 0 ? (all - done) / pace : INFINITY;
}

static void
estimate(runner *r)
{
  rramnas_search *s = r->s;
  const double at = now_s(), spent = at - r->began_s, told = (double)(s->evaluations - r->began_evaluations);
  const double by_seconds = r->o.seconds > 0 ? r->o.seconds - spent : INFINITY;
  const double generations = (double)s->strategy.generation - (double)r->began_generations;
  double left = left_of((double)r->o.evaluations, (double)s->evaluations, spent > 0 ? told / spent : 0);
  const double by_generations = left_of((double)r->o.generations, (double)s->strategy.generation,
                                        spent > 0 ? generations / spent : 0);

  left = by_seconds < left ? by_seconds : left;
  left = by_generations < left ? by_generations : left;
  s->seconds = r->before_s + spent;
  s->seconds_left = isfinite(left) && left >= 0 ? left : -1;
  if (at > r->last_s)
    s->rate = (double)(s->evaluations - r->last_evaluations) / (at - r->last_s);
  r->last_s = at;
  r->last_evaluations = s->evaluations;
}

/* --- a batch --- */

static int32_t
grow(runner *r, void *array, size_t size)
{
  void **place = array, *grown = rrn_realloc(&r->s->rt, *place, r->n, size);

  if (!grown)
    return rrn_fail_memory(r->err);
  *place = grown;
  return RRAMNAS_OK;
}

static int32_t
reserve(runner *r)
{
  if (r->n <= r->cap)
    return RRAMNAS_OK;
  RRN_TRY(grow(r, &r->places, sizeof(*r->places)));
  RRN_TRY(grow(r, &r->values, r->s->n_figures * sizeof(*r->values)));
  RRN_TRY(grow(r, &r->shortfalls, sizeof(*r->shortfalls)));
  RRN_TRY(grow(r, &r->genomes, r->s->space.n * sizeof(*r->genomes)));
  RRN_TRY(grow(r, &r->done, sizeof(*r->done)));
  r->cap = r->n;
  return RRAMNAS_OK;
}

static size_t
count_waiting(const rramnas_search *s)
{
  size_t i, n = 0;

  for (i = 0; i < s->n_out; i++)
    n += s->state[i] == RRN_CANDIDATE_WAITS;
  return n;
}

/* Those that wait, from the first on, as far as evaluations are left. */
static int32_t
fill_batch(runner *r)
{
  const rramnas_search *s = r->s;
  size_t i, k = 0;

  r->n = count_waiting(s);
  if (r->o.evaluations > 0 && (int64_t)r->n > r->o.evaluations - rrn_session_known(s))
    r->n = (size_t)(r->o.evaluations - rrn_session_known(s));
  RRN_TRY(reserve(r));
  for (i = 0; i < s->n_out && k < r->n; i++)
    if (s->state[i] == RRN_CANDIDATE_WAITS) {
      memcpy(r->genomes + k * s->space.n, s->genomes + i * s->space.n, s->space.n * sizeof(*r->genomes));
      r->done[k] = 0;
      r->shortfalls[k] = 0;
      r->places[k++] = i;
    }
  return RRAMNAS_OK;
}

static int32_t
look_up(runner *r)
{
  rramnas_search *s = r->s;
  size_t k;

  for (k = 0; s->cache && k < r->n; k++) {
    const rrn_fingerprint f = rrn_fingerprint_of(r->genomes + k * s->space.n, s->space.n);
    const int32_t status = rrn_cache_get(s->cache, f, r->values + k * s->n_figures, &r->shortfalls[k], r->err);

    RRN_TRY(status);
    r->done[k] = status == 1 && rrn_rivals_reuse(&s->evaluator, r->values + k * s->n_figures) ? FROM_CACHE : 0;
  }
  return RRAMNAS_OK;
}

static int
work_out(void *user, size_t k)
{
  runner *r = user;
  const rramnas_search *s = r->s;

  if (r->done[k])
    return 0;
  if (is_stopped(r) || is_late(r))
    return 1;
  if (rrn_evaluation_run(&s->evaluator, r->genomes + k * s->space.n, r->values + k * s->n_figures, &r->shortfalls[k],
                        NULL) < 0) {
    atomic_store_explicit(&r->out_of_memory, 1, memory_order_relaxed);
    return 1;
  }
  r->done[k] = WORKED_OUT;
  return 0;
}

static void
move_row(runner *r, size_t to, size_t from)
{
  const size_t m = r->s->n_figures, n = r->s->space.n;

  if (to == from)
    return;
  memcpy(r->values + to * m, r->values + from * m, m * sizeof(*r->values));
  memcpy(r->genomes + to * n, r->genomes + from * n, n * sizeof(*r->genomes));
  r->shortfalls[to] = r->shortfalls[from];
  r->places[to] = r->places[from];
  r->done[to] = r->done[from];
}

/* Drops all but what was worked out. */
static void
keep_fresh(runner *r)
{
  size_t k, n = 0;

  for (k = 0; k < r->n; k++)
    if (r->done[k] == WORKED_OUT)
      move_row(r, n++, k);
  r->n = n;
}


static int32_t
tell(runner *r, uint8_t which)
{
  rramnas_search *s = r->s;
  size_t k;

  for (k = 0; k < r->n; k++)
    if (r->done[k] == which)
      RRN_TRY(rrn_session_tell(s, r->places[k], r->values + k * s->n_figures, r->shortfalls[k], r->err));
  return RRAMNAS_OK;
}

/* What the cache knows is told first, then what was worked out. */
static int32_t
finish_batch(runner *r)
{
  rramnas_search *s = r->s;
  size_t k;

  for (k = 0; k < r->n; k++)
    s->cached += r->done[k] == FROM_CACHE;
  RRN_TRY(tell(r, FROM_CACHE));
  keep_fresh(r);
  if (!r->o.distribute)
    RRN_TRY(rrn_session_ask_caller(s, r->genomes, r->n, r->values, r->err));
  if (s->cache && r->n > 0)
    RRN_TRY(rrn_cache_put(s->cache, &s->space, r->genomes, r->values, r->shortfalls, r->n, r->err));
  return tell(r, WORKED_OUT);
}

/* rramnas_work with what its function needs. */
typedef struct work_of_run {
  rramnas_work work; /* first */
  const runner *r;
} work_of_run;

static int32_t
wants_end(const rramnas_work *work)
{
  const runner *r = ((const work_of_run *)work)->r;

  return is_stopped(r) || is_late(r);
}

static int32_t
distribute(runner *r)
{
  const work_of_run w = { { sizeof(w.work), r->genomes, r->values, r->shortfalls, r->done, r->n, wants_end }, r };
  int32_t status;
  size_t k;

  status = r->o.distribute(r->o.distribute_user, &w.work, r->err);
  RRN_FAIL_IF(status > 0, r->err, RRAMNAS_ERR_CALLBACK, "rramnas_search_run: whoever distributes ended the run");
  for (k = 0; k < r->n; k++)
    RRN_FAIL_IF(!(r->shortfalls[k] >= 0), r->err, RRAMNAS_ERR_RANGE, "rramnas_search_run: a shortfall is not 0 or more");
  return status;
}

static int32_t
work_out_all(runner *r)
{
  rrn_pool_run(r->n, r->n_threads, work_out, r);
  return atomic_load_explicit(&r->out_of_memory, memory_order_relaxed) ? rrn_fail_memory(r->err) : RRAMNAS_OK;
}

static int32_t
do_batch(runner *r)
{
  RRN_TRY(rrn_session_settle(r->s, r->err)); /* those that break rules */
  RRN_TRY(fill_batch(r));
  RRN_TRY(look_up(r));
  RRN_TRY(r->o.distribute ? distribute(r) : work_out_all(r));
  return finish_batch(r);
}

/* --- the run --- */

static int
is_spent(const runner *r)
{
  const rramnas_search *s = r->s;

  return s->exhausted || (r->o.generations > 0 && (int64_t)s->strategy.generation >= r->o.generations) ||
         (r->o.evaluations > 0 && rrn_session_known(s) >= r->o.evaluations) ||
         (r->o.stagnation > 0 && s->stagnant >= r->o.stagnation) || is_late(r);
}

static int32_t
save(runner *r, int always)
{
  rramnas_search *s = r->s;
  const int64_t every = r->o.checkpoint_every > 0 ? r->o.checkpoint_every : 1;

  if (!r->o.checkpoint || (!always && (int64_t)s->strategy.generation - r->saved_generation < every))
    return RRAMNAS_OK;
  r->saved_generation = (int64_t)s->strategy.generation;
  return rrn_checkpoint_save(s, r->o.checkpoint, r->err);
}

/* 1 = the caller wants to stop. */
static int
report(runner *r)
{
  rramnas_progress p = RRAMNAS_PROGRESS_INIT;

  estimate(r);
  rramnas_search_progress(r->s, &p);
  return r->o.progress && r->o.progress(r->o.user, &p) != 0;
}

static int32_t
run(runner *r)
{
  rramnas_search *s = r->s;
  int stopped = 0;

  while (!stopped) {
    const uint32_t generation = s->strategy.generation;

    RRN_TRY(rrn_session_generation(s, r->err));
    if (is_spent(r) || is_stopped(r))
      break;
    RRN_TRY(do_batch(r));
    if (s->strategy.generation == generation)
      continue;
    RRN_TRY(save(r, 0));
    stopped = report(r);
  }
  estimate(r);
  RRN_TRY(save(r, 1));
  return stopped || is_stopped(r) ? RRAMNAS_STOPPED : RRAMNAS_OK;
}

/* A part of an enumeration says nothing of the rest: it is all or nothing. */
static int32_t
check_enumeration(const rramnas_search *s, const rramnas_run_options *o, rramnas_error *err)
{
  const int64_t most = o->evaluations > 0 ? o->evaluations : MOST_ENUMERATED;
  char digits[MOST_DIGITS + 1];
  int64_t n = INT64_MAX;
  int32_t status;

  if (s->options.kind != RRN_STRATEGY_ENUMERATE)
    return RRAMNAS_OK;
  status = rrn_space_count(&s->space, digits, sizeof(digits), err);
  RRN_FAIL_IF(status == RRAMNAS_ERR_RANGE, err, RRAMNAS_ERR_LIMIT,
              "the space has more than 10^%d candidates, %lld may be enumerated", MOST_DIGITS, (long long)most);
  RRN_TRY(status);
  RRN_FAIL_IF(!rrn_int64_parse(digits, strlen(digits), &n) || n > most, err, RRAMNAS_ERR_LIMIT,
              "the space has %s candidates, %lld may be enumerated: fix genes, allow more evaluations or take another "
              "strategy",
              digits, (long long)most);
  return RRAMNAS_OK;
}

static int32_t
check(const rramnas_search *s, const rramnas_run_options *o, rramnas_error *err)
{
  size_t i;

  RRN_TRY(rrn_session_check(s, "rramnas_search_run", err));
  RRN_FAIL_IF(o->generations < 0 || o->evaluations < 0 || !(o->seconds >= 0) || o->stagnation < 0 || o->n_threads < 0 ||
                o->checkpoint_every < 0,
              err, RRAMNAS_ERR_RANGE, "run options: a budget is negative");
  if (!o->distribute)
    RRN_TRY(rrn_session_supplied(s, err));
  for (i = 0; i < s->n_out; i++)
    RRN_FAIL_IF(s->state[i] == RRN_CANDIDATE_OUT, err, RRAMNAS_ERR_ARGUMENT,
                "rramnas_search_run: candidate %lld was asked for and is not told", (long long)(s->first_id + (int64_t)i));
  return check_enumeration(s, o, err);
}

int32_t
rramnas_search_run(rramnas_search *s, const rramnas_run_options *options, rramnas_error *reterr)
{
  runner r = { .s = s, .err = reterr };
  int32_t status;

  RRN_FAIL_IF(!s, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_run: search is NULL");
  RRN_TRY(rrn_options_read(&r.o, sizeof(r.o), options, "rramnas_run_options", reterr));
  RRN_TRY(check(s, &r.o, reterr));
  atomic_init(&r.out_of_memory, 0);
  r.n_threads = rrn_session_threads(s, r.o.n_threads);
  r.began_s = r.last_s = now_s();
  r.before_s = s->seconds;
  r.last_evaluations = r.began_evaluations = s->evaluations;
  r.began_generations = r.saved_generation = (int64_t)s->strategy.generation;
  status = run(&r);
  atomic_store_explicit(&s->stop, 0, memory_order_relaxed);
  rrn_free(&s->rt, r.places);
  rrn_free(&s->rt, r.values);
  rrn_free(&s->rt, r.shortfalls);
  rrn_free(&s->rt, r.genomes);
  rrn_free(&s->rt, r.done);
  return status;
}
