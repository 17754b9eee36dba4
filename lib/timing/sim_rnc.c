/* SPDX-License-Identifier: MIT */
/* Timing model "rnc": RNC's event simulation, bit for bit.
 *
 * In:  a mapping, a number of samples.
 * Out: when the last sample is done; spans.
 *
 * Model: the layers form a chain; layer 0 of a sample starts after layer 0 of the sample before. To run, a layer of
 * a sample (a "job") takes n copies of its weights from the layer's pool, first come first served; then it takes
 * all crossbars of its boxes, each first come first served, holding those it has; runs for the longest box; and
 * gives all back. Boxes of a job in one crossbar run in rounds. n = min(copies, outputs of the layer).
 *
 * Why it is right: the published evaluator is a process simulation whose every step, zero-delay ones included, is an
 * event in a queue ordered by (time, urgency, serial), and results depend on that order. It is kept here, less the
 * events that change nothing: of the grants of one job only the last acts; releases are queued one behind the other
 * and so may be handled as one; an urgent start follows the event that caused it at once, so it is a call. Events
 * at the present time are a plain queue: their serial numbers only grow, and those that were due at this time
 * before it came are moved to the queue's front, in order, when it comes.
 *
 * A sample has at most one job, and a copy at most one holder: that makes all state arrays. Complexity: O(samples
 * * boxes + jobs log jobs). Compared with the reference on every golden case, contended and not.
 *
 * floor_remainder = 1 drops the remainder of activations / n as published; else it rounds up. */
#include <string.h>

#include "timing/sim.h"
#include "util/ckd.h"

/* What happens next to the job of a sample. */
enum step {
  COPIES_GRANTED, /* the last copy was granted */
  COPIES_READY,   /* the job notices */
  BARS_GRANTED,   /* the last crossbar was granted */
  BARS_READY,
  COMPUTED,       /* the time of the round is over */
  ROUND_OVER,     /* the job notices */
  ROUND_RELEASED, /* jobs that wait for the crossbars of the round before are served */
  BARS_RELEASED,  /* those of the last round */
  COPY_RETURNED,  /* one copy is back in its pool */
  INNER_END,
  JOB_END,
};

typedef struct job {
  int32_t layer;
  int32_t wanted, granted;      /* copies */
  int32_t first_copy, last_copy; /* held, in order of grant: list through next_held, -1 ends it */
  int32_t bars_wanted, bars_granted;
  int32_t round, n_rounds;
  int32_t next_waiting;         /* in the queue of a pool */
  double start_ns;
} job;

typedef struct pool {
  int32_t first_copy; /* copies of all layers are numbered through */
  int32_t size, head, n; /* ring of free copies */
  int32_t first_waiting, last_waiting; /* samples, -1 when none */
} pool;

/* A layer's figures that no event changes. */
typedef struct layer_figures {
  int32_t copies_per_job;
  int32_t first_copy, first_spot; /* of all copies and placements */
  int32_t n_pieces;
  double round_ns; /* duration when all boxes run in one round */
} layer_figures;

typedef struct bar {
  int32_t busy;
  int32_t first_waiting, last_waiting; /* placements, -1 when none */
} bar;

typedef struct sim {
  const rramnas_mapping *m;
  const rrn_sim_options *o;
  rrn_arena arena;
  job *jobs;               /* [samples] */
  pool *pools;             /* [n_layers] */
  layer_figures *figures;  /* [n_layers] */
  int32_t *free_copies;    /* [copies]: the rings */
  int32_t *next_held;      /* [copies] */
  bar *bars;               /* [crossbars_available] */
  int32_t *bar_of;         /* [n_placements] */
  int64_t n_waiting;       /* placements in the queues of all crossbars */
  int32_t *next_waiting;   /* [n_placements]: queue of a crossbar */
  int32_t *holder;         /* [n_placements]: sample that waits */
  int32_t *round_of;       /* [n_placements] or NULL when every job has one round */
  int32_t *bar_count;      /* [crossbars_available] scratch of assign_rounds */
  int32_t *queue;          /* ring of (step, sample), events at now_ns */
  size_t queue_head, queue_n, queue_cap;
  rrn_event_queue later;
  double now_ns;
  int64_t serial;
  int32_t failed;          /* out of memory */
  rramnas_error *err;
} sim;

/* --- events --- */

static void
queue_grow(sim *s)
{
  const size_t cap = s->queue_cap ? s->queue_cap * 2 : 1024;
  int32_t *queue = rrn_arena_alloc_raw(&s->arena, cap, 2 * sizeof(*queue));
  size_t i;

  if (!queue) {
    s->failed = 1;
    return;
  }
  for (i = 0; i < s->queue_n; i++)
    memcpy(queue + 2 * i, s->queue + 2 * ((s->queue_head + i) & (s->queue_cap - 1)), 2 * sizeof(*queue));
  s->queue = queue;
  s->queue_head = 0;
  s->queue_cap = cap;
}

static void
now(sim *s, enum step step, int32_t sample)
{
  int32_t *event;

  if (s->queue_n == s->queue_cap)
    queue_grow(s);
  if (s->failed)
    return;
  event = s->queue + 2 * ((s->queue_head + s->queue_n++) & (s->queue_cap - 1));
  event[0] = (int32_t)step;
  event[1] = sample;
}

static void
at(sim *s, double time_ns, int32_t sample)
{
  if (time_ns <= s->now_ns)
    now(s, COMPUTED, sample);
  else if (!rrn_event_push(&s->later, (rrn_event){ time_ns, s->serial++, sample }))
    s->failed = 1;
}

/* --- durations and rounds --- */

static double
share(const sim *s, int64_t activations, int32_t workers)
{
  return (double)(s->o->floor_remainder ? activations / workers : (activations + workers - 1) / workers);
}

/* Duration of a round whose longest box is p. */
static double
piece_ns(const sim *s, const rrn_piece *p, int32_t workers)
{
  return p->latency_ns * share(s, p->activations, workers);
}

static int
longer(const rrn_piece *p, const rrn_piece *q)
{
  return !q || p->latency_ns * (double)p->activations > q->latency_ns * (double)q->activations;
}

/* Copies that one job uses: outputs of the layer are dealt to them. */
static int32_t
copies_per_job(const rramnas_mapping *m, int32_t layer)
{
  const rramnas_layer *l = &m->net->layers[m->layer_of[layer]];
  int64_t outputs = 1;
  int32_t i;

  if (l->op == RRAMNAS_OP_CONV)
    outputs = l->positions * l->groups;
  for (i = 0; l->op != RRAMNAS_OP_CONV && i < l->out_rank && outputs < INT32_MAX; i++)
    outputs *= l->out_shape[i];
  return m->copies[layer] < outputs ? m->copies[layer] : (int32_t)outputs;
}

static void
set_figures(sim *s)
{
  const rramnas_mapping *m = s->m;
  int32_t layer, i;

  for (layer = 0; layer < m->n_layers; layer++) {
    const rrn_piece *longest = NULL;

    for (i = m->first_piece[layer]; i < m->first_piece[layer + 1]; i++)
      if (longer(&m->pieces[i], longest))
        longest = &m->pieces[i];
    s->figures[layer].copies_per_job = copies_per_job(m, layer);
    s->figures[layer].first_copy = s->pools[layer].first_copy;
    s->figures[layer].first_spot = (int32_t)m->first_placement[layer];
    s->figures[layer].n_pieces = rrn_mapping_pieces_of(m, layer);
    s->figures[layer].round_ns = piece_ns(s, longest, s->figures[layer].copies_per_job);
  }
}

/* Walks the boxes of a job: for (box of each held copy). The body sees copy (within the layer), k and spot. */
#define FOR_EACH_BOX(s, j, copy, k, spot)                                                                     \
  for (const layer_figures *f_ = &(s)->figures[(j)->layer], *end_ = f_ + 1; f_ < end_; f_++)                   \
    for (int32_t held_ = (j)->first_copy, copy = held_ - f_->first_copy; held_ >= 0;                           \
         held_ = (s)->next_held[held_], copy = held_ - f_->first_copy)                                         \
      for (int32_t k = 0, spot = f_->first_spot + copy * f_->n_pieces; k < f_->n_pieces; k++, spot++)

/* Each box goes to the first round that has no box in its crossbar yet: round = boxes seen there so far. */
static void
assign_rounds(sim *s, job *j)
{
  j->n_rounds = 1;
  j->round = 0;
  if (!s->round_of)
    return;
  FOR_EACH_BOX (s, j, copy, k, spot)
    s->bar_count[s->bar_of[spot]] = 0;
  FOR_EACH_BOX (s, j, copy, k, spot) {
    s->round_of[spot] = s->bar_count[s->bar_of[spot]]++;
    if (s->round_of[spot] >= j->n_rounds)
      j->n_rounds = s->round_of[spot] + 1;
  }
}

static int
in_round(const sim *s, const job *j, int32_t spot)
{
  return !s->round_of || s->round_of[spot] == j->round;
}

static double
round_ns(const sim *s, const job *j)
{
  const rrn_piece *longest = NULL;

  if (j->n_rounds == 1)
    return s->figures[j->layer].round_ns;
  FOR_EACH_BOX (s, j, copy, k, spot) {
    const rrn_piece *p = &s->m->pieces[s->m->first_piece[j->layer] + k];

    if (in_round(s, j, spot) && longer(p, longest))
      longest = p;
  }
  return piece_ns(s, longest, j->wanted);
}

/* --- pools of copies --- */

/* One free copy goes to the job at the head of the queue, if there are both. */
static void
serve_pool(sim *s, pool *p)
{
  const int32_t sample = p->first_waiting;
  int32_t copy;
  job *j;

  if (p->n == 0 || sample < 0)
    return;
  j = &s->jobs[sample];
  copy = s->free_copies[p->first_copy + p->head];
  p->head = p->head + 1 == p->size ? 0 : p->head + 1;
  p->n--;
  s->next_held[copy] = -1;
  if (j->last_copy < 0)
    j->first_copy = copy;
  else
    s->next_held[j->last_copy] = copy;
  j->last_copy = copy;
  if (++j->granted == j->wanted) {
    p->first_waiting = j->next_waiting;
    if (p->first_waiting < 0)
      p->last_waiting = -1;
    now(s, COPIES_GRANTED, sample);
  }
}

static void
return_copy(sim *s, pool *p, int32_t copy)
{
  int32_t slot = p->head + p->n;

  s->free_copies[p->first_copy + (slot >= p->size ? slot - p->size : slot)] = copy;
  p->n++;
}

/* A job begins: it queues for each of its copies, and each request lets the pool serve its head once. */
static void
begin_job(sim *s, int32_t sample, int32_t layer)
{
  job *j = &s->jobs[sample];
  pool *p = &s->pools[layer];
  int32_t i;

  j->layer = layer;
  j->wanted = s->figures[layer].copies_per_job;
  j->granted = 0;
  j->first_copy = j->last_copy = -1;
  j->next_waiting = -1;
  if (p->last_waiting < 0)
    p->first_waiting = sample;
  else
    s->jobs[p->last_waiting].next_waiting = sample;
  p->last_waiting = sample;
  for (i = 0; i < j->wanted; i++)
    serve_pool(s, p);
}

/* --- crossbars --- */

static void
grant_bar(sim *s, int32_t sample)
{
  job *j = &s->jobs[sample];

  if (++j->bars_granted == j->bars_wanted)
    now(s, BARS_GRANTED, sample);
}

/* A free crossbar goes to the head of its queue. */
static void
serve_bar(sim *s, bar *b)
{
  const int32_t spot = b->first_waiting;

  if (b->busy || spot < 0)
    return;
  b->first_waiting = s->next_waiting[spot];
  if (b->first_waiting < 0)
    b->last_waiting = -1;
  b->busy = 1;
  s->n_waiting--;
  grant_bar(s, s->holder[spot]);
}

/* Queues a request and lets the crossbar serve its head, which may be an older request. */
static void
queue_for_bar(sim *s, bar *b, int32_t sample, int32_t spot)
{
  s->holder[spot] = sample;
  s->next_waiting[spot] = -1;
  if (b->last_waiting < 0)
    b->first_waiting = spot;
  else
    s->next_waiting[b->last_waiting] = spot;
  b->last_waiting = spot;
  s->n_waiting++;
  serve_bar(s, b);
}

static int32_t
boxes_in_round(const sim *s, const job *j)
{
  int32_t n = 0;

  if (!s->round_of)
    return j->wanted * s->figures[j->layer].n_pieces;
  FOR_EACH_BOX (s, j, copy, k, spot)
    n += in_round(s, j, spot);
  return n;
}

static void
begin_round(sim *s, int32_t sample)
{
  job *j = &s->jobs[sample];

  j->bars_granted = 0;
  j->bars_wanted = boxes_in_round(s, j);
  FOR_EACH_BOX (s, j, copy, k, spot) {
    bar *b = &s->bars[s->bar_of[spot]];

    if (!in_round(s, j, spot))
      continue;
    if (b->busy || b->first_waiting >= 0) {
      queue_for_bar(s, b, sample, spot);
    } else {
      b->busy = 1;
      grant_bar(s, sample);
    }
  }
}

static void
begin_compute(sim *s, int32_t sample)
{
  job *j = &s->jobs[sample];

  j->start_ns = s->now_ns;
  at(s, s->now_ns + round_ns(s, j), sample);
}

static void
report_round(sim *s, int32_t sample)
{
  const job *j = &s->jobs[sample];

  if (!s->o->span)
    return;
  FOR_EACH_BOX (s, j, copy, k, spot)
    if (in_round(s, j, spot))
      s->o->span(s->o->span_user, &(rrn_span){ sample, j->layer, copy, k, s->bar_of[spot], j->start_ns, s->now_ns });
}

/* The slots are free at once; who waits for them is served when the release is handled. The next round asks for
 * its crossbars before that. */
static void
end_round(sim *s, int32_t sample)
{
  job *j = &s->jobs[sample];

  report_round(s, sample);
  if (!s->o->no_contention)
    FOR_EACH_BOX (s, j, copy, k, spot)
      if (in_round(s, j, spot))
        s->bars[s->bar_of[spot]].busy = 0;
  if (++j->round < j->n_rounds) {
    now(s, ROUND_RELEASED, sample);
    begin_round(s, sample);
  } else {
    now(s, BARS_RELEASED, sample);
  }
}

/* Serves the jobs that wait for crossbars of the round that ended last, if any wait at all. */
static void
serve_released(sim *s, int32_t sample)
{
  job *j = &s->jobs[sample];

  if (s->n_waiting == 0)
    return;
  j->round--;
  if (!s->o->no_contention)
    FOR_EACH_BOX (s, j, copy, k, spot)
      if (in_round(s, j, spot))
        serve_bar(s, &s->bars[s->bar_of[spot]]);
  j->round++;
}

/* --- steps --- */

/* Copies go back one at a time, each return an event that serves the head of the pool's queue. While no other event
 * is due, the next event is the return itself, so it is handled on the spot. */
static void
return_copies(sim *s, int32_t sample)
{
  job *j = &s->jobs[sample];
  pool *p = &s->pools[j->layer];

  while (j->first_copy >= 0) {
    const int32_t copy = j->first_copy;

    j->first_copy = s->next_held[copy];
    return_copy(s, p, copy);
    if (s->queue_n > 0) {
      now(s, COPY_RETURNED, sample);
      return;
    }
    serve_pool(s, p);
  }
  now(s, INNER_END, sample);
}

static void
end_job(sim *s, int32_t sample)
{
  const int32_t layer = s->jobs[sample].layer;

  if (layer + 1 < s->m->n_layers)
    begin_job(s, sample, layer + 1);
  if (layer == 0 && sample + 1 < s->o->samples)
    begin_job(s, sample + 1, 0);
}

static void
handle(sim *s, enum step step, int32_t sample)
{
  switch (step) {
  case COPIES_GRANTED:
    now(s, COPIES_READY, sample);
    break;
  case COPIES_READY:
    assign_rounds(s, &s->jobs[sample]);
    if (s->o->no_contention)
      begin_compute(s, sample);
    else
      begin_round(s, sample);
    break;
  case BARS_GRANTED:
    now(s, BARS_READY, sample);
    break;
  case BARS_READY:
    begin_compute(s, sample);
    break;
  case COMPUTED:
    now(s, ROUND_OVER, sample);
    break;
  case ROUND_OVER:
    end_round(s, sample);
    break;
  case ROUND_RELEASED:
    serve_released(s, sample);
    break;
  case BARS_RELEASED:
    serve_released(s, sample);
    return_copies(s, sample);
    break;
  case COPY_RETURNED:
    serve_pool(s, &s->pools[s->jobs[sample].layer]);
    return_copies(s, sample);
    break;
  case INNER_END:
    now(s, JOB_END, sample);
    break;
  case JOB_END:
    end_job(s, sample);
    break;
  }
}

/* Moves on to the next time; everything due then enters the queue in the order it was scheduled. */
static int
advance(sim *s)
{
  if (s->later.n == 0)
    return 0;
  s->now_ns = s->later.heap[0].time_ns;
  while (s->later.n > 0 && s->later.heap[0].time_ns <= s->now_ns)
    now(s, COMPUTED, rrn_event_pop(&s->later).value);
  return 1;
}

static int32_t
prepare(sim *s)
{
  const rramnas_mapping *m = s->m;
  const size_t n_bars = (size_t)m->crossbars_available;
  int64_t n_copies = 0;
  size_t spot;
  int32_t i, k;

  for (i = 0; i < m->n_layers; i++)
    n_copies += m->copies[i];
  s->jobs = rrn_arena_alloc(&s->arena, (size_t)s->o->samples, sizeof(*s->jobs));
  s->pools = rrn_arena_alloc(&s->arena, (size_t)m->n_layers, sizeof(*s->pools));
  s->figures = rrn_arena_alloc(&s->arena, (size_t)m->n_layers, sizeof(*s->figures));
  s->free_copies = rrn_arena_alloc_raw(&s->arena, (size_t)n_copies, sizeof(*s->free_copies));
  s->next_held = rrn_arena_alloc_raw(&s->arena, (size_t)n_copies, sizeof(*s->next_held));
  s->bars = rrn_arena_alloc_raw(&s->arena, n_bars, sizeof(*s->bars));
  s->bar_of = rrn_arena_alloc_raw(&s->arena, m->n_placements, sizeof(*s->bar_of));
  s->next_waiting = rrn_arena_alloc_raw(&s->arena, m->n_placements, sizeof(*s->next_waiting));
  s->holder = rrn_arena_alloc_raw(&s->arena, m->n_placements, sizeof(*s->holder));
  if (m->sharing.layer_threshold < 0 && m->sharing.max_load > 1 && !s->o->no_contention) {
    s->round_of = rrn_arena_alloc_raw(&s->arena, m->n_placements, sizeof(*s->round_of));
    s->bar_count = rrn_arena_alloc_raw(&s->arena, n_bars, sizeof(*s->bar_count));
    s->failed = !s->round_of || !s->bar_count;
  }
  if (s->failed || !s->jobs || !s->pools || !s->figures || !s->free_copies || !s->next_held || !s->bars ||
      !s->bar_of || !s->next_waiting || !s->holder)
    return rrn_fail_memory(s->err);
  for (i = 0, n_copies = 0; i < m->n_layers; i++) {
    s->pools[i] = (pool){ (int32_t)n_copies, m->copies[i], 0, m->copies[i], -1, -1 };
    for (k = 0; k < m->copies[i]; k++, n_copies++)
      s->free_copies[n_copies] = (int32_t)n_copies;
  }
  for (i = 0; i < m->crossbars_available; i++)
    s->bars[i] = (bar){ 0, -1, -1 };
  for (spot = 0; spot < m->n_placements; spot++)
    s->bar_of[spot] = m->placements[spot].crossbar;
  set_figures(s);
  return RRAMNAS_OK;
}

static int32_t
run(sim *s)
{
  RRN_TRY(prepare(s));
  begin_job(s, 0, 0);
  do {
    while (s->queue_n > 0 && !s->failed) {
      const int32_t *event = s->queue + 2 * s->queue_head;
      const enum step step = (enum step)event[0];
      const int32_t sample = event[1];

      s->queue_head = (s->queue_head + 1) & (s->queue_cap - 1);
      s->queue_n--;
      handle(s, step, sample);
    }
  } while (!s->failed && advance(s));
  return s->failed ? rrn_fail_memory(s->err) : RRAMNAS_OK;
}

int32_t
rrn_sim_rnc(const rramnas_mapping *m, const rrn_sim_options *options, double *ret_latency_ns, rramnas_error *err)
{
  sim s = { .m = m, .o = options, .err = err };
  int32_t status;

  rrn_arena_init(&s.arena, &m->rt);
  s.later.arena = &s.arena;
  status = run(&s);
  rrn_arena_release(&s.arena);
  if (status == RRAMNAS_OK)
    *ret_latency_ns = s.now_ns;
  return status;
}
