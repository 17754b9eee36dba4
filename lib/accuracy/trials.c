/* SPDX-License-Identifier: MIT */
/* Accuracy over many chips, each programmed with errors of its own (Monte Carlo).
 *
 * In:  integer layers, a chip, images with labels.
 * Out: right answers of each chip.
 *
 * Chips are pieces of work: with several, a thread takes a chip at a time; one alone is spread by its images. Results lie by
 * the chip's number. Converters are chosen once, for all chips. Where a run may end early, as many chips as there are
 * threads are tried at a time and then looked at in order; those behind the one that ends the run are forgotten. Chips
 * without errors of their own are all alike: one is tried and counts for all. Chips of a thread multiply in the same
 * memory, one after the other. */
#include <stdatomic.h>
#include <string.h>

#include "accuracy/accuracy.h"
#include "infer/accuracy.h"
#include "util/pool.h"

/* Chips of a thread between two looks, when a run does not end early. */
enum { AT_A_TIME = 64 };

/* What a chip that is tried takes hold of. */
typedef struct place {
  atomic_flag busy;
  rrn_chip_room room;
} place;

typedef struct trials {
  const rrn_rt *rt;
  const rrn_trials *t;
  int32_t threads_within;
  rrn_chip *first;        /* the first chip, whose converters all have */
  size_t begun;           /* chips before those that are tried now */
  int32_t *right;
  rrn_xbar_stats *stats;  /* [at a time][layers] */
  place *places;          /* [n_places]: one for each thread */
  size_t n_places;
  atomic_int has_failed;
  int32_t status;         /* of the first to fail; its text in err */
  rramnas_error err;
} trials;

static int32_t
count_right(const rrn_trials *t, const rrn_infer_backend *backend, int32_t n_threads, int32_t *ret_right,
            rramnas_error *err)
{
  size_t right = 0;

  RRN_TRY(rrn_infer_count_right_of(t->plan, backend, t->images, t->labels, t->n_images, n_threads, &right, err));
  *ret_right = (int32_t)right;
  return RRAMNAS_OK;
}

static place *
take_place(const trials *m)
{
  size_t i;

  for (i = 0;; i = (i + 1) % m->n_places)
    if (!atomic_flag_test_and_set_explicit(&m->places[i].busy, memory_order_acquire))
      return &m->places[i];
}

static int32_t
try_chip(const trials *m, size_t k, place *at, rramnas_error *err)
{
  rrn_chip_options o = m->t->chip;
  rrn_chip *chip = m->first;
  int32_t status;
  size_t i;

  o.trial += (uint32_t)k;
  o.like = m->first;
  if (k > 0)
    RRN_TRY(rrn_chip_program(m->rt, m->t->q, m->t->hw, &o, &chip, err));
  rrn_chip_lend(chip, &at->room);
  status = count_right(m->t, rrn_chip_backend(chip), m->threads_within, &m->right[k], err);
  rrn_chip_take_back(chip, &at->room);
  for (i = 0; i < m->t->q->n; i++)
    m->stats[(k - m->begun) * m->t->q->n + i] = rrn_chip_stats(chip, i);
  if (k > 0)
    rrn_chip_free(chip);
  return status;
}

static int
do_chip(void *user, size_t k)
{
  trials *m = user;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  place *at = take_place(m);
  const int32_t status = try_chip(m, m->begun + k, at, &err);

  atomic_flag_clear_explicit(&at->busy, memory_order_release);
  if (status < 0 && !atomic_exchange(&m->has_failed, 1)) {
    m->status = status;
    m->err = err;
  }
  return status < 0;
}

static void
add(const rrn_xbar_stats *stats, rrn_xbar_stats *sum)
{
  sum->conversions += stats->conversions;
  sum->clipped_low += stats->clipped_low;
  sum->clipped_high += stats->clipped_high;
}

/* One chip's, by layer, to those of all before. */
static void
add_chip(const trials *m, const rrn_xbar_stats *stats, rrn_trials_result *ret)
{
  size_t i;

  for (i = 0; i < m->t->q->n; i++) {
    add(&stats[i], &ret->stats);
    if (m->t->layers)
      add(&stats[i], &m->t->layers[i]);
  }
}

static int
may_stop(const rrn_stop_rule *rule)
{
  return rule->stop_below > 0 || rule->worst_below > 0 || rule->confidence_wanted > 0;
}

/* Looks at the next chip; `by_layer` [layers] is what its converters did. */
static void
look_at(const trials *m, rrn_stop *rule, const rrn_xbar_stats *by_layer, rrn_trials_result *ret)
{
  add_chip(m, by_layer, ret);
  ret->stopped = rrn_stop_add(rule, m->right[ret->n]);
  ret->n++;
}

/* The first chip, for all. */
static void
repeat_chip(trials *m, size_t n, rrn_stop *rule, rrn_trials_result *ret)
{
  do_chip(m, 0);
  while (m->status >= 0 && ret->n < n && !ret->stopped) {
    m->right[ret->n] = m->right[0];
    look_at(m, rule, m->stats, ret);
  }
}

/* The first chips of all, a few at a time, until the rule or a failure ends it. */
static void
try_chips(trials *m, size_t n, size_t at_a_time, int32_t threads, rrn_stop *rule, rrn_trials_result *ret)
{
  for (; m->begun < n && !ret->stopped && m->status >= 0; m->begun += at_a_time) {
    const size_t some = n - m->begun < at_a_time ? n - m->begun : at_a_time;

    rrn_pool_run(some, n > 1 ? threads : 1, do_chip, m);
    while (m->status >= 0 && ret->n < m->begun + some && !ret->stopped)
      look_at(m, rule, m->stats + (ret->n - m->begun) * m->t->q->n, ret);
  }
}

static void
free_trials(trials *m)
{
  size_t i;

  for (i = 0; m->places && i < m->n_places; i++)
    rrn_chip_room_release(m->rt, &m->places[i].room);
  rrn_free(m->rt, m->places);
  rrn_free(m->rt, m->stats);
  rrn_chip_free(m->first);
}

/* 0 without memory. */
static int
make_places(trials *m, size_t n)
{
  size_t i;

  m->n_places = n;
  m->places = rrn_calloc(m->rt, n, sizeof(*m->places));
  for (i = 0; m->places && i < n; i++) {
    atomic_flag_clear(&m->places[i].busy);
    rrn_arena_init(&m->places[i].room.arena, m->rt);
    rrn_arena_init(&m->places[i].room.inner, m->rt);
  }
  return m->places != NULL;
}

int32_t
rrn_trials_run(const rrn_rt *rt, const rrn_trials *t, size_t n, int32_t *ret_right, rrn_trials_result *ret,
               rramnas_error *err)
{
  const int32_t threads = t->n_threads > 0 ? t->n_threads : rrn_pool_processors();
  const size_t many = (size_t)threads * (may_stop(&t->stop) ? 1 : AT_A_TIME), at_a_time = n < many ? n : many;
  const int alike = !rrn_chip_has_errors(t->hw, &t->chip);
  trials m = { .rt = rt, .t = t, .threads_within = n > 1 && !alike ? 1 : threads, .right = ret_right,
               .err = RRAMNAS_ERROR_INIT };
  rrn_chip_options first = t->chip;
  rrn_stop rule;

  first.n_threads = threads;
  RRN_TRY(rrn_chip_program(rt, t->q, t->hw, &first, &m.first, err));
  m.stats = rrn_calloc(rt, at_a_time * t->q->n, sizeof(*m.stats));
  if (!m.stats || !make_places(&m, (size_t)threads)) {
    free_trials(&m);
    return rrn_fail_memory(err);
  }
  atomic_init(&m.has_failed, 0);
  rrn_stop_init(&rule, &t->stop, n, t->n_images);
  *ret = (rrn_trials_result){ .stopped = RRAMNAS_TRIALS_ALL };
  if (alike)
    repeat_chip(&m, n, &rule, ret);
  else
    try_chips(&m, n, at_a_time, threads, &rule, ret);
  free_trials(&m);
  return m.status < 0 ? rrn_fail(err, m.status, "%s", m.err.message) : RRAMNAS_OK;
}

int32_t
rrn_trials_digital(const rrn_trials *t, int32_t *ret_right, rramnas_error *err)
{
  return count_right(t, NULL, t->n_threads, ret_right, err);
}
