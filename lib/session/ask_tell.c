/* SPDX-License-Identifier: MIT */
/* Ask and tell: a generation given out in portions, taken back in any order.
 *
 * In:  the strategy's generation; figures of its candidates.
 * Out: candidates; the front, counts and history; the strategy's next generation.
 *
 * Why the course does not depend on order and portions: figures wait at their candidate's place. What is told is settled
 * (counted, written down, offered to the front) place by place from the first on, and the strategy hears of the
 * generation as a whole, when all of it is told.
 *
 * A candidate that breaks a rule, which a strategy proposes only where it found none that keeps them, is never given out:
 * the strategy hears that it is infeasible by as much, and nobody else does. A space of which nothing keeps the rules,
 * generation after generation, counts as exhausted; not so when it is enumerated, which ends by itself. */
#include <math.h>
#include <string.h>

#include "search/hypervolume.h"
#include "session/session.h"
#include "util/options.h"

/* Beyond four objectives the hypervolume of a large front takes too long to be worked out in passing. */
enum { MOST_POINTS_OF_MANY = 100 };

enum { MOST_IDLE_GENERATIONS = 1000 };

/* --- a generation --- */

static int32_t
grow(rramnas_search *s, void *array, size_t n, size_t size, rramnas_error *err)
{
  void **place = array, *grown = rrn_realloc(&s->rt, *place, n, size);

  if (!grown)
    return rrn_fail_memory(err);
  *place = grown;
  return RRAMNAS_OK;
}

int32_t
rrn_session_reserve(rramnas_search *s, rramnas_error *err)
{
  const size_t n = s->n_out;

  if (n <= s->cap_out)
    return RRAMNAS_OK;
  RRN_TRY(grow(s, &s->state, n, sizeof(*s->state), err));
  RRN_TRY(grow(s, &s->broke, n, sizeof(*s->broke), err));
  RRN_TRY(grow(s, &s->values, n, s->n_figures * sizeof(*s->values), err));
  RRN_TRY(grow(s, &s->shortfall, n, sizeof(*s->shortfall), err));
  RRN_TRY(grow(s, &s->f, n, s->n_objectives * sizeof(*s->f), err));
  RRN_TRY(grow(s, &s->cv, n, sizeof(*s->cv), err));
  s->cap_out = n;
  return RRAMNAS_OK;
}

static void
clear_place(rramnas_search *s, size_t i)
{
  size_t j;

  s->shortfall[i] = rrn_space_violation(&s->space, s->genomes + i * s->space.n);
  s->broke[i] = s->shortfall[i] > 0;
  s->state[i] = s->broke[i] ? RRN_CANDIDATE_TOLD : RRN_CANDIDATE_WAITS;
  for (j = 0; j < s->n_figures; j++)
    s->values[i * s->n_figures + j] = NAN;
}

static int32_t
next_generation(rramnas_search *s, rramnas_error *err)
{
  int32_t idle = 1;
  size_t i;

  s->first_id += (int64_t)s->n_out;
  s->n_out = s->n_settled = s->n_next = 0;
  RRN_TRY(rrn_session_keep_front(s, err));
  RRN_TRY(rrn_strategy_ask(&s->strategy, &s->genomes, &s->n_out, err));
  RRN_TRY(rrn_session_reserve(s, err));
  for (i = 0; i < s->n_out; i++) {
    clear_place(s, i);
    idle &= s->broke[i];
  }
  s->idle = idle ? s->idle + 1 : 0;
  s->exhausted = s->n_out == 0 || (s->idle > MOST_IDLE_GENERATIONS && s->options.kind != RRN_STRATEGY_ENUMERATE);
  return RRAMNAS_OK;
}

/* What failed halfway cannot be gone on with. */
static int32_t
keep_loss(rramnas_search *s, int32_t status)
{
  s->lost |= status < 0;
  return status;
}

int32_t
rrn_session_generation(rramnas_search *s, rramnas_error *err)
{
  return s->n_settled < s->n_out || s->exhausted ? RRAMNAS_OK : keep_loss(s, next_generation(s, err));
}

int32_t
rrn_session_check(const rramnas_search *s, const char *who, rramnas_error *err)
{
  RRN_FAIL_IF(!s->started, err, RRAMNAS_ERR_ARGUMENT, "%s: the search has not begun", who);
  RRN_FAIL_IF(s->lost, err, RRAMNAS_ERR_ARGUMENT,
              "%s: the search broke off for want of memory, or of room for its history; a new one can resume its last "
              "checkpoint", who);
  return RRAMNAS_OK;
}

/* --- settling --- */

double
rrn_session_broken(const rrn_constraint *c, const double *values)
{
  const double over = c->at_least ? c->bound - values[c->figure] : values[c->figure] - c->bound;

  return over > 0 ? over / (fabs(c->bound) > 1e-9 ? fabs(c->bound) : 1) : 0;
}

static double
broken(const rramnas_search *s, const double *values)
{
  double sum = 0;
  size_t i;

  for (i = 0; i < s->n_constraints; i++)
    sum += rrn_session_broken(&s->constraints[i], values);
  return sum;
}

static int
is_complete(const rramnas_search *s, const double *values)
{
  size_t j;

  for (j = 0; j < s->n_figures; j++)
    if (!isfinite(values[j]))
      return 0;
  return 1;
}

/* What the strategy is told: objectives as minimised. Infeasible without figures: all at infinity, ranked by violation. */
static int32_t
judge(rramnas_search *s, size_t i)
{
  const double *values = s->values + i * s->n_figures;
  const int complete = is_complete(s, values);
  double *f = s->f + i * s->n_objectives;
  size_t j;

  s->cv[i] = s->shortfall[i] + (complete ? broken(s, values) : 0);
  for (j = 0; j < s->n_objectives; j++)
    f[j] = complete ? (s->maximize[j] ? -values[j] : values[j]) : s->cv[i] > 0 ? INFINITY : NAN;
  return s->cv[i] > 0 ? RRAMNAS_FATE_INFEASIBLE : complete ? RRAMNAS_FATE_FEASIBLE : RRAMNAS_FATE_FAILED;
}

static int32_t
offer_to_front(rramnas_search *s, size_t i, rramnas_error *err)
{
  const size_t m = s->n_objectives, n = s->space.n;
  double *row = rrn_arena_alloc(&s->strategy.scratch, m + n + s->n_figures, sizeof(*row));
  int32_t status;

  if (!row)
    return rrn_fail_memory(err);
  memcpy(row, s->genomes + i * n, n * sizeof(*row));
  memcpy(row + n, s->values + i * s->n_figures, s->n_figures * sizeof(*row));
  status = rrn_archive_add(&s->front, s->f + i * m, row, err);
  rrn_arena_reset(&s->strategy.scratch);
  return status < 0 ? status : RRAMNAS_OK;
}

static int32_t
settle_one(rramnas_search *s, size_t i, rramnas_error *err)
{
  const int32_t fate = judge(s, i);

  if (s->broke[i])
    return RRAMNAS_OK;
  s->evaluations++;
  s->failed += fate == RRAMNAS_FATE_FAILED;
  s->infeasible += fate == RRAMNAS_FATE_INFEASIBLE;
  RRN_TRY(rrn_session_note(s, fate, s->genomes + i * s->space.n, err));
  if (fate == RRAMNAS_FATE_FEASIBLE && !rrn_rivals_dominate(&s->evaluator.rivals, s->values + i * s->n_figures))
    RRN_TRY(offer_to_front(s, i, err));
  return s->history ? rrn_history_add(s->history, s, i, fate, s->cv[i], err) : RRAMNAS_OK;
}

/* The worst feasible values of the generation. */
static void
set_reference(rramnas_search *s)
{
  const size_t m = s->n_objectives;
  size_t i, j;

  for (i = 0; i < s->n_out; i++)
    for (j = 0; s->cv[i] <= 0 && j < m; j++)
      if (isfinite(s->f[i * m + j]) && !(s->f[i * m + j] <= s->reference[j]))
        s->reference[j] = s->f[i * m + j];
}

/* 1 = a candidate of the generation is in the front. */
static int
has_new_point(const rramnas_search *s)
{
  const size_t m = s->n_objectives, n = s->space.n;
  size_t i, k;

  for (i = 0; i < s->n_out; i++)
    for (k = 0; s->cv[i] <= 0 && k < s->front.n; k++)
      if (s->front.f[k * m] == s->f[i * m] &&
          memcmp(rrn_archive_payload(&s->front, k), s->genomes + i * n, n * sizeof(*s->genomes)) == 0)
        return 1;
  return 0;
}

static int32_t
measure_front(rramnas_search *s, rramnas_error *err)
{
  double volume = 0;

  if (s->n_objectives > 4 && s->front.n > MOST_POINTS_OF_MANY) {
    s->stagnant = has_new_point(s) ? 0 : s->stagnant + 1;
    return RRAMNAS_OK;
  }
  RRN_TRY(rrn_hypervolume(&s->strategy.scratch, s->front.f, s->front.n, s->n_objectives, s->reference, &volume, err));
  rrn_arena_reset(&s->strategy.scratch);
  s->stagnant = volume > s->hypervolume ? 0 : s->stagnant + 1;
  s->hypervolume = volume > s->hypervolume ? volume : s->hypervolume;
  return RRAMNAS_OK;
}

/* Measured first: the strategy's arrays, of which the genomes are, belong to the members afterwards. */
static int32_t
end_generation(rramnas_search *s, rramnas_error *err)
{
  if (!s->reference_given && isnan(s->reference[0]))
    set_reference(s);
  if (!isnan(s->reference[0]))
    RRN_TRY(measure_front(s, err));
  return rrn_strategy_tell(&s->strategy, s->f, s->cv, err);
}

static int32_t
settle(rramnas_search *s, rramnas_error *err)
{
  const size_t before = s->n_settled;

  while (s->n_settled < s->n_out && s->state[s->n_settled] == RRN_CANDIDATE_TOLD) {
    RRN_TRY(settle_one(s, s->n_settled, err));
    s->n_settled++;
  }
  return s->n_settled == s->n_out && before < s->n_out ? end_generation(s, err) : RRAMNAS_OK;
}

int32_t
rrn_session_settle(rramnas_search *s, rramnas_error *err)
{
  return keep_loss(s, settle(s, err));
}

int64_t
rrn_session_known(const rramnas_search *s)
{
  int64_t n = s->evaluations;
  size_t i;

  for (i = s->n_settled; i < s->n_out; i++)
    n += s->state[i] == RRN_CANDIDATE_TOLD && !s->broke[i];
  return n;
}

int32_t
rrn_session_tell(rramnas_search *s, size_t place, const double *values, double shortfall, rramnas_error *err)
{
  memcpy(s->values + place * s->n_figures, values, s->n_figures * sizeof(*values));
  s->shortfall[place] = shortfall;
  s->state[place] = RRN_CANDIDATE_TOLD;
  return rrn_session_settle(s, err);
}

/* --- the public calls --- */

int32_t
rramnas_search_ask(rramnas_search *s, size_t capacity, double *ret_genomes, int64_t *ret_ids, size_t *ret_n,
                   rramnas_error *reterr)
{
  size_t n = 0;

  RRN_FAIL_IF(!s || !ret_n || (capacity && (!ret_genomes || !ret_ids)), reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_search_ask: an argument is NULL");
  RRN_TRY(rrn_session_check(s, "rramnas_search_ask", reterr));
  do {
    RRN_TRY(rrn_session_generation(s, reterr));
    RRN_TRY(rrn_session_settle(s, reterr));
  } while (s->n_settled == s->n_out && !s->exhausted);
  for (; n < capacity && s->n_next < s->n_out; s->n_next++)
    if (s->state[s->n_next] == RRN_CANDIDATE_WAITS) {
      memcpy(ret_genomes + n * s->space.n, s->genomes + s->n_next * s->space.n, s->space.n * sizeof(*ret_genomes));
      ret_ids[n++] = s->first_id + (int64_t)s->n_next;
      s->state[s->n_next] = RRN_CANDIDATE_OUT;
    }
  *ret_n = n;
  return RRAMNAS_OK;
}

int32_t
rramnas_search_tell(rramnas_search *s, const int64_t *ids, const double *values, const double *shortfalls, size_t n,
                    rramnas_error *reterr)
{
  size_t i;

  RRN_FAIL_IF(!s || (n && (!ids || !values)), reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_tell: an argument is NULL");
  RRN_TRY(rrn_session_check(s, "rramnas_search_tell", reterr));
  for (i = 0; i < n; i++) {
    const int64_t place = ids[i] >= s->first_id ? ids[i] - s->first_id : -1;

    RRN_FAIL_IF(place < 0 || place >= (int64_t)s->n_out || s->state[place] != RRN_CANDIDATE_OUT, reterr,
                RRAMNAS_ERR_ARGUMENT, "rramnas_search_tell: candidate %lld is not out", (long long)ids[i]);
    RRN_FAIL_IF(shortfalls && !(shortfalls[i] >= 0), reterr, RRAMNAS_ERR_RANGE,
                "rramnas_search_tell: the shortfall of candidate %lld is not 0 or more", (long long)ids[i]);
    RRN_TRY(rrn_session_tell(s, (size_t)place, values + i * s->n_figures, shortfalls ? shortfalls[i] : 0, reterr));
  }
  return RRAMNAS_OK;
}

int32_t
rramnas_search_progress(const rramnas_search *s, rramnas_progress *ret_progress)
{
  rramnas_progress p = RRAMNAS_PROGRESS_INIT;

  if (!s || !ret_progress)
    return RRAMNAS_ERR_ARGUMENT;
  p.generation = (int64_t)s->strategy.generation;
  p.evaluations = s->evaluations;
  p.failed = s->failed;
  p.infeasible = s->infeasible;
  p.cached = s->cached;
  p.front = (int64_t)s->front.n;
  p.hypervolume = s->hypervolume;
  p.seconds = s->seconds;
  p.evaluations_per_s = s->rate;
  p.seconds_left = s->seconds_left;
  p.stagnant = s->stagnant;
  p.exhausted = s->exhausted;
  return rrn_result_write(ret_progress, &p, sizeof(p), "rramnas_progress", NULL);
}

size_t
rramnas_search_front_count(const rramnas_search *s)
{
  return s ? s->front.n : 0;
}

int32_t
rramnas_search_front(const rramnas_search *s, size_t index, double *ret_genome, double *ret_values)
{
  const double *row;

  if (!s || index >= s->front.n)
    return RRAMNAS_ERR_ARGUMENT;
  row = rrn_archive_payload(&s->front, index);
  if (ret_genome)
    memcpy(ret_genome, row, s->space.n * sizeof(*ret_genome));
  if (ret_values)
    memcpy(ret_values, row + s->space.n, s->n_figures * sizeof(*ret_values));
  return RRAMNAS_OK;
}
