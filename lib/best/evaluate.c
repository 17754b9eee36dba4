/* SPDX-License-Identifier: MIT */
/* The event simulation of timing/sim_rnc.c, layer by layer instead of box by box.
 *
 * In:  time and copies of each layer; which layers share a crossbar.
 * Out: completion time of `samples` pipelined inferences.
 *
 * Why it is right: a plan's jobs use all copies of a layer, so a layer has at most one job that holds or awaits
 * crossbars. Crossbars are served first come, first served, and a job asks for all of its crossbars at one instant;
 * so it starts when every job that asked before and shares one of them has ended. Those are the layers active at
 * that instant that share a crossbar with it: a set of bits. Which and how many crossbars they share does not matter.
 *
 * Agreement: steps are those of sim_rnc.c, and so is their order at equal times but for two that depend on boxes:
 * jobs that one release starts are in the order of layers here; and a job that asks between another's end and its
 * release does not hand the freed crossbars to those who wait. Both need events at equal times, but may change who
 * goes first from there on. Tests compare the two on random plans; the driver lets sim_rnc.c decide in the end.
 *
 * Complexity: O(samples * layers * (1 + layers / 64)), copies and crossbars do not matter. */
#include "best/evaluate.h"

#include <string.h>

/* In rough nanoseconds: of one sample in one layer; of a crossbar that is looked at. */
enum { WORK_JOB = 55, WORK_BAR = 4 };

/* Sums in another order than the simulation's differ by less. */
static const double ROUNDING = 1e-9;

enum step {
  COPIES_GRANTED, COPIES_READY, BARS_GRANTED, BARS_READY, COMPUTED, ROUND_OVER, BARS_RELEASED, COPY_RETURNED,
  INNER_END, JOB_END,
};

struct rrn_eval_pool {
  int32_t free;
  int32_t first_waiting, last_waiting;
};

struct rrn_eval_job {
  int32_t layer, granted, held, next_waiting;
};

struct rrn_eval_end {
  double time_ns;
  int64_t serial;
  int32_t sample;
};

int32_t
rrn_evaluator_init(rrn_evaluator *e, rrn_arena *arena, int32_t n_layers, int32_t samples, rramnas_error *err)
{
  const size_t n = (size_t)n_layers, words = n * (size_t)(n_layers / 64 + 1);
  uint32_t ring = 64;

  *e = (rrn_evaluator){ .n_layers = n_layers, .n_words = n_layers / 64 + 1, .samples = samples };
  /* Every sample has at most one event due, and so has every layer that starts. */
  while (ring < 2 * ((uint32_t)samples + (uint32_t)n_layers))
    ring *= 2;
  e->queue_mask = ring - 1;
  e->ns = rrn_arena_alloc(arena, n, sizeof(*e->ns));
  e->copies = rrn_arena_alloc(arena, n, sizeof(*e->copies));
  e->conflicts = rrn_arena_alloc(arena, words, sizeof(*e->conflicts));
  e->waiters = rrn_arena_alloc(arena, words, sizeof(*e->waiters));
  e->active = rrn_arena_alloc(arena, (size_t)e->n_words, sizeof(*e->active));
  e->holder = rrn_arena_alloc(arena, n, sizeof(*e->holder));
  e->left = rrn_arena_alloc(arena, n, sizeof(*e->left));
  e->pools = rrn_arena_alloc(arena, n, sizeof(*e->pools));
  e->jobs = rrn_arena_alloc(arena, (size_t)samples, sizeof(*e->jobs));
  e->queue = rrn_arena_alloc(arena, 2 * (size_t)ring, sizeof(*e->queue));
  e->heap = rrn_arena_alloc(arena, (size_t)samples + 1, sizeof(*e->heap));
  e->before = rrn_arena_alloc(arena, n, sizeof(*e->before));
  if (!e->ns || !e->copies || !e->conflicts || !e->waiters || !e->active || !e->holder || !e->left ||
      !e->pools || !e->jobs || !e->queue || !e->heap || !e->before)
    return rrn_fail_memory(err);
  return RRAMNAS_OK;
}

static uint64_t *
row(const rrn_evaluator *e, uint64_t *bits, int32_t layer)
{
  return bits + (size_t)layer * (size_t)e->n_words;
}

static void
set_bit(uint64_t *bits, int32_t i, int value)
{
  const uint64_t bit = UINT64_C(1) << (i & 63);

  bits[i >> 6] = value ? bits[i >> 6] | bit : bits[i >> 6] & ~bit;
}

void
rrn_evaluator_share(rrn_evaluator *e, const rrn_floor *f)
{
  int32_t k, i, j, layer;
  uint64_t word;

  memset(e->conflicts, 0, (size_t)e->n_layers * (size_t)e->n_words * sizeof(*e->conflicts));
  for (k = 0; k < f->n_bars; k++) {
    const uint64_t *held = f->held + (size_t)k * (size_t)f->layer_words;

    for (j = 0; j < e->n_words; j++)
      for (word = held[j]; word; word &= word - 1) {
        uint64_t *conflicts = row(e, e->conflicts, 64 * j + __builtin_ctzll(word));

        for (i = 0; i < e->n_words; i++)
          conflicts[i] |= held[i];
      }
  }
  for (layer = 0; layer < e->n_layers; layer++)
    set_bit(row(e, e->conflicts, layer), layer, 0);
}

/* --- events --- */

static void
now(rrn_evaluator *e, enum step step, int32_t sample)
{
  int32_t *event = e->queue + 2 * ((e->queue_head + e->queue_n++) & e->queue_mask);

  event[0] = (int32_t)step;
  event[1] = sample;
}

static int
sooner(const struct rrn_eval_end *a, const struct rrn_eval_end *b)
{
  return a->time_ns < b->time_ns || (a->time_ns <= b->time_ns && a->serial < b->serial);
}

static void
push_end(rrn_evaluator *e, struct rrn_eval_end end)
{
  int32_t i = e->heap_n++, up;

  for (; i > 0; i = up) {
    up = (i - 1) / 2;
    if (!sooner(&end, &e->heap[up]))
      break;
    e->heap[i] = e->heap[up];
  }
  e->heap[i] = end;
}

static struct rrn_eval_end
pop_end(rrn_evaluator *e)
{
  const struct rrn_eval_end first = e->heap[0], last = e->heap[--e->heap_n];
  int32_t i = 0, child;

  for (; (child = 2 * i + 1) < e->heap_n; i = child) {
    child += child + 1 < e->heap_n && sooner(&e->heap[child + 1], &e->heap[child]);
    if (!sooner(&e->heap[child], &last))
      break;
    e->heap[i] = e->heap[child];
  }
  e->heap[i] = last;
  return first;
}

/* --- pools of copies --- */

/* Up to `most` of the free copies go to the job that waits first. */
static void
serve_pool(rrn_evaluator *e, int32_t layer, int32_t most)
{
  struct rrn_eval_pool *p = &e->pools[layer];
  const int32_t sample = p->first_waiting;
  struct rrn_eval_job *j;
  int32_t n;

  if (p->free == 0 || sample < 0)
    return;
  j = &e->jobs[sample];
  n = e->copies[layer] - j->granted < p->free ? e->copies[layer] - j->granted : p->free;
  n = n < most ? n : most;
  p->free -= n;
  j->granted += n;
  if (j->granted < e->copies[layer])
    return;
  p->first_waiting = j->next_waiting;
  if (p->first_waiting < 0)
    p->last_waiting = -1;
  now(e, COPIES_GRANTED, sample);
}

static void
serve_whole_pool(rrn_evaluator *e, int32_t layer)
{
  while (e->pools[layer].free > 0 && e->pools[layer].first_waiting >= 0)
    serve_pool(e, layer, INT32_MAX);
}

static void
begin_job(rrn_evaluator *e, int32_t sample, int32_t layer)
{
  struct rrn_eval_job *j = &e->jobs[sample];
  struct rrn_eval_pool *p = &e->pools[layer];

  e->work += WORK_JOB;
  *j = (struct rrn_eval_job){ layer, 0, e->copies[layer], -1 };
  if (p->last_waiting < 0)
    p->first_waiting = sample;
  else
    e->jobs[p->last_waiting].next_waiting = sample;
  p->last_waiting = sample;
  if (p->first_waiting == sample && p->free == e->copies[layer]) {
    p->free = 0;
    p->first_waiting = p->last_waiting = -1;
    j->granted = e->copies[layer];
    now(e, COPIES_GRANTED, sample);
    return;
  }
  serve_whole_pool(e, layer);
}

/* Gives back a copy, or all when nobody can come between. Returns what follows. */
static enum step
return_copies(rrn_evaluator *e, int32_t sample)
{
  struct rrn_eval_job *j = &e->jobs[sample];
  struct rrn_eval_pool *p = &e->pools[j->layer];

  if (j->held == 0)
    return INNER_END;
  if (e->queue_n > 0) {
    j->held--;
    p->free++;
    return COPY_RETURNED;
  }
  p->free += j->held;
  j->held = 0;
  serve_whole_pool(e, j->layer);
  return INNER_END;
}

/* --- crossbars --- */

/* Returns 1 when they are granted at once. */
static int
ask_for_bars(rrn_evaluator *e, int32_t sample)
{
  const int32_t layer = e->jobs[sample].layer;
  const uint64_t *conflicts = row(e, e->conflicts, layer);
  uint64_t word;
  int32_t j, n = 0;

  for (j = 0; j < e->n_words; j++)
    for (word = e->active[j] & conflicts[j]; word; word &= word - 1, n++)
      set_bit(row(e, e->waiters, 64 * j + __builtin_ctzll(word)), layer, 1);
  set_bit(e->active, layer, 1);
  e->holder[layer] = sample;
  e->left[layer] = n;
  return n == 0;
}

static void
serve_waiters(rrn_evaluator *e, int32_t layer)
{
  uint64_t *waiters = row(e, e->waiters, layer), word;
  int32_t j, next;

  for (j = 0; j < e->n_words; j++) {
    for (word = waiters[j]; word; word &= word - 1) {
      next = 64 * j + __builtin_ctzll(word);
      if (--e->left[next] == 0)
        now(e, BARS_GRANTED, e->holder[next]);
    }
    waiters[j] = 0;
  }
}

/* Returns 1 when it is over at once. */
static int
begin_compute(rrn_evaluator *e, int32_t sample)
{
  const double end_ns = e->now_ns + e->ns[e->jobs[sample].layer];

  if (end_ns <= e->now_ns)
    return 1;
  push_end(e, (struct rrn_eval_end){ end_ns, e->serial++, sample });
  return 0;
}

static void
end_job(rrn_evaluator *e, int32_t sample)
{
  const int32_t layer = e->jobs[sample].layer;

  if (layer + 1 < e->n_layers)
    begin_job(e, sample, layer + 1);
  if (layer == 0 && sample + 1 < e->samples)
    begin_job(e, sample + 1, 0);
}

/* Takes a step; 0 when nothing follows. */
static int
take(rrn_evaluator *e, enum step step, int32_t sample, enum step *ret_next)
{
  const int32_t layer = e->jobs[sample].layer;

  *ret_next = step + 1;
  switch (step) {
  case COPIES_GRANTED: return 1;
  case COPIES_READY: return ask_for_bars(e, sample);
  case BARS_GRANTED: return 1;
  case BARS_READY: return begin_compute(e, sample);
  case COMPUTED: return 1;
  case ROUND_OVER: set_bit(e->active, layer, 0); return 1;
  case BARS_RELEASED:
    serve_waiters(e, layer);
    *ret_next = return_copies(e, sample);
    return 1;
  case COPY_RETURNED:
    serve_pool(e, layer, 1);
    *ret_next = return_copies(e, sample);
    return 1;
  case INNER_END: return 1;
  case JOB_END: end_job(e, sample); return 0;
  }
  return 0;
}

/* Steps that follow each other wait in the queue only when others are there. */
static void
handle(rrn_evaluator *e, enum step step, int32_t sample)
{
  while (take(e, step, sample, &step))
    if (e->queue_n > 0) {
      now(e, step, sample);
      return;
    }
}

static void
reset(rrn_evaluator *e)
{
  int32_t i;

  memset(e->active, 0, (size_t)e->n_words * sizeof(*e->active));
  memset(e->waiters, 0, (size_t)e->n_layers * (size_t)e->n_words * sizeof(*e->waiters));
  for (i = 0; i < e->n_layers; i++)
    e->pools[i] = (struct rrn_eval_pool){ e->copies[i], -1, -1 };
  e->queue_head = e->queue_n = 0;
  e->heap_n = 0;
  e->serial = 0;
  e->now_ns = 0;
}

static double
alone(rrn_evaluator *e)
{
  double t = 0;
  int32_t i;

  for (i = 0; i < e->n_layers; i++)
    t += e->ns[i];
  return t;
}

/* Layers that share a crossbar take turns: before the first of them comes what is before it in the chain, and after the
 * last what is behind it. */
static double
bar_bound(const rrn_evaluator *e, const uint64_t *layers, double chain_ns)
{
  int32_t j, layer, first = -1, last = 0;
  double ns = 0;
  uint64_t word;

  for (j = 0; j < e->n_words; j++)
    for (word = layers[j]; word; word &= word - 1) {
      layer = 64 * j + __builtin_ctzll(word);
      ns += e->ns[layer];
      first = first < 0 ? layer : first;
      last = layer;
    }
  if (first < 0)
    return 0;
  return e->samples * ns + e->before[first] + chain_ns - e->before[last] - e->ns[last];
}

double
rrn_evaluator_bound(rrn_evaluator *e, const rrn_floor *f)
{
  double chain_ns = 0, most = 0, ns;
  int32_t i;

  for (i = 0; i < e->n_layers; i++) {
    e->before[i] = chain_ns;
    chain_ns += e->ns[i];
  }
  for (i = 0; i < f->n_bars; i++) {
    ns = bar_bound(e, f->held + (size_t)i * (size_t)f->layer_words, chain_ns);
    most = ns > most ? ns : most;
  }
  e->work += WORK_BAR * f->n_bars;
  return most * (1 - ROUNDING);
}

double
rrn_evaluate(rrn_evaluator *e, double limit_ns)
{
  if (e->samples == 1)
    return alone(e);
  reset(e);
  begin_job(e, 0, 0);
  for (;;) {
    while (e->queue_n > 0) {
      const int32_t *event = e->queue + 2 * e->queue_head;
      const enum step step = (enum step)event[0];
      const int32_t sample = event[1];

      e->queue_head = (e->queue_head + 1) & e->queue_mask;
      e->queue_n--;
      handle(e, step, sample);
    }
    if (e->heap_n == 0 || e->now_ns >= limit_ns)
      return e->now_ns;
    e->now_ns = e->heap[0].time_ns;
    while (e->heap_n > 0 && e->heap[0].time_ns <= e->now_ns)
      now(e, COMPUTED, pop_end(e).sample);
  }
}
