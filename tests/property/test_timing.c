/* SPDX-License-Identifier: MIT */
/* The graph timing model against a simulation step by step, with explicit queues at every crossbar; and laws of
 * both models. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>

#include "random_hw.h"
#include "random_net.h"
#include "timing/sim.h"

/* --- the oracle --- */

typedef struct request {
  int32_t sample, layer, server, state; /* 0 waits, 1 runs, 2 done */
  double duration_ns, end_ns;
} request;

typedef struct oracle {
  const rramnas_mapping *m;
  int32_t samples, no_contention;
  request *requests; /* in order of arrival */
  size_t n, cap;
  int *started, *done; /* [samples * layers] */
} oracle;

static int32_t
mapped_index(const rramnas_mapping *m, int32_t net_layer)
{
  int32_t i;

  for (i = 0; m->layer_of[i] != net_layer; i++)
    ;
  return i;
}

static int
ready(const oracle *o, int32_t sample, int32_t layer)
{
  const rrn_layer_deps *deps = &o->m->net->deps[o->m->layer_of[layer]];
  int32_t i;

  for (i = 0; i < deps->n; i++)
    if (!o->done[sample * o->m->n_layers + mapped_index(o->m, deps->layers[i])])
      return 0;
  return deps->n > 0 || sample == 0 || o->done[(sample - 1) * o->m->n_layers + layer];
}

static void
arrive(oracle *o, int32_t sample, int32_t layer)
{
  const rramnas_mapping *m = o->m;
  int64_t workers = 1, share;
  int32_t copy, k;

  for (k = m->first_piece[layer]; k < m->first_piece[layer + 1]; k++)
    workers = m->pieces[k].activations > workers ? m->pieces[k].activations : workers;
  workers = workers < m->copies[layer] ? workers : m->copies[layer];
  for (copy = 0; copy < workers; copy++)
    for (k = 0; k < rrn_mapping_pieces_of(m, layer); k++) {
      const rrn_piece *p = &m->pieces[m->first_piece[layer] + k];
      const rrn_placement *spot = rrn_mapping_placement(m, layer, copy, k);

      share = p->activations / workers + (copy < p->activations % workers);
      if (share == 0)
        continue;
      assert_true(o->n < o->cap);
      o->requests[o->n++] = (request){ sample, layer, o->no_contention ? (int32_t)(spot - m->placements) : spot->crossbar,
                                       0, p->latency_ns * (double)share, 0 };
    }
}

static int
server_idle(const oracle *o, int32_t server)
{
  size_t i;

  for (i = 0; i < o->n; i++)
    if (o->requests[i].server == server && o->requests[i].state == 1)
      return 0;
  return 1;
}

static int
job_over(const oracle *o, int32_t sample, int32_t layer)
{
  size_t i;

  for (i = 0; i < o->n; i++)
    if (o->requests[i].sample == sample && o->requests[i].layer == layer && o->requests[i].state < 2)
      return 0;
  return 1;
}

/* Everything that can happen at `now` without time passing. */
static void
settle(oracle *o, double now_ns)
{
  int32_t sample, layer, changed = 1;
  size_t i;

  while (changed) {
    changed = 0;
    for (i = 0; i < o->n; i++)
      if (o->requests[i].state == 1 && o->requests[i].end_ns <= now_ns) {
        o->requests[i].state = 2;
        changed = 1;
      }
    for (sample = 0; sample < o->samples; sample++)
      for (layer = 0; layer < o->m->n_layers; layer++) {
        const int32_t job = sample * o->m->n_layers + layer;

        if (o->started[job] && !o->done[job] && job_over(o, sample, layer))
          o->done[job] = changed = 1;
      }
    for (sample = 0; sample < o->samples; sample++)
      for (layer = 0; layer < o->m->n_layers; layer++) {
        const int32_t job = sample * o->m->n_layers + layer;

        if (!o->started[job] && ready(o, sample, layer)) {
          o->started[job] = changed = 1;
          arrive(o, sample, layer);
        }
      }
    for (i = 0; i < o->n; i++)
      if (o->requests[i].state == 0 && server_idle(o, o->requests[i].server)) {
        o->requests[i].state = 1;
        o->requests[i].end_ns = now_ns + o->requests[i].duration_ns;
        changed = 1;
      }
  }
}

static double
simulate_by_steps(const rramnas_mapping *m, int32_t samples, int32_t no_contention)
{
  const size_t jobs = (size_t)(samples * m->n_layers);
  oracle o = { .m = m, .samples = samples, .no_contention = no_contention };
  double now_ns = 0, next_ns;
  size_t i;

  o.cap = m->n_placements * (size_t)samples;
  o.requests = calloc(o.cap, sizeof(*o.requests));
  o.started = calloc(jobs, sizeof(int));
  o.done = calloc(jobs, sizeof(int));
  for (;;) {
    settle(&o, now_ns);
    next_ns = INFINITY;
    for (i = 0; i < o.n; i++)
      if (o.requests[i].state == 1 && o.requests[i].end_ns < next_ns)
        next_ns = o.requests[i].end_ns;
    if (isinf(next_ns))
      break;
    now_ns = next_ns;
  }
  for (i = 0; i < jobs; i++)
    assert_true(o.done[i]);
  free(o.requests);
  free(o.started);
  free(o.done);
  return now_ns;
}

/* --- the tests --- */

static rramnas_mapping *
random_mapping_of(test_random *r, int32_t max_load)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_net *net = random_net_create(r);
  rramnas_hw *hw = random_hw_create(r);
  rramnas_mapping *m = NULL;

  o.policy = RRAMNAS_POLICY_RNC;
  o.effort = RRAMNAS_EFFORT_FAST;
  o.crossbars = test_below(r, 2) ? RRAMNAS_CROSSBARS_AUTO : 64;
  o.layer_threshold = RRAMNAS_UNLIMITED;
  o.max_load = max_load;
  if (rramnas_compile(hw, net, &o, NULL, &m, NULL) < 0)
    m = NULL;
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
  return m;
}

static rramnas_mapping *
random_mapping(test_random *r)
{
  return random_mapping_of(r, RRAMNAS_UNLIMITED);
}

static double
simulate(const rramnas_mapping *m, int32_t model, int32_t samples, int32_t no_contention)
{
  const rrn_sim_options o = { .model = model, .samples = samples, .no_contention = no_contention };
  double ns = 0;

  assert_int_equal(rrn_simulate(m, &o, &ns, NULL), RRAMNAS_OK);
  return ns;
}

static void
graph_model_agrees_with_steps(void **state)
{
  test_random r = { 21 };
  int round, compared = 0;

  (void)state;
  for (round = 0; round < 60; round++) {
    const int32_t samples = 1 + (int32_t)test_below(&r, 3), free_of = (int32_t)test_below(&r, 2);
    rramnas_mapping *m = random_mapping(&r);

    if (m && m->n_placements <= 400) {
      const double ours = simulate(m, RRAMNAS_TIMING_GRAPH, samples, free_of);
      const double steps = simulate_by_steps(m, samples, free_of);

      if (fabs(ours - steps) > 1e-9 * steps)
        fail_msg("round %d: %.17g ns, by steps %.17g", round, ours, steps);
      compared++;
    }
    rramnas_mapping_unref(m);
  }
  assert_in_range(compared, 20, 60);
}

/* One sample is never slower than in the chain of RNC; more samples never take less time; alone in their crossbars
 * boxes of one sample take the longest path. */
static void
laws(void **state)
{
  test_random r = { 22 };
  int round;

  (void)state;
  for (round = 0; round < 100; round++) {
    rramnas_mapping *m = random_mapping(&r);
    double before = 0;
    int32_t samples;

    if (!m)
      continue;
    assert_true(simulate(m, RRAMNAS_TIMING_GRAPH, 1, 1) <= simulate(m, RRAMNAS_TIMING_RNC, 1, 1) * (1 + 1e-12));
    assert_true(simulate(m, RRAMNAS_TIMING_GRAPH, 1, 1) <= simulate(m, RRAMNAS_TIMING_GRAPH, 1, 0) * (1 + 1e-12));
    for (samples = 1; samples < 40; samples *= 3) {
      const double ns = simulate(m, RRAMNAS_TIMING_GRAPH, samples, 1);

      assert_true(ns >= before);
      before = ns;
    }
    rramnas_mapping_unref(m);
  }
}

static void
count_span(void *user, const rrn_span *span)
{
  double *busy = user;

  assert_true(span->end_ns >= span->start_ns);
  assert_true(span->start_ns >= busy[span->crossbar] - 1e-9 * span->start_ns);
  busy[span->crossbar] = span->end_ns;
}

/* The spans of a crossbar never overlap, in either model. */
static void
a_crossbar_does_one_thing_at_a_time(void **state)
{
  test_random r = { 23 };
  int round;

  (void)state;
  for (round = 0; round < 100; round++) {
    rramnas_mapping *m = random_mapping(&r);
    rrn_sim_options o = { .model = round % 2 ? RRAMNAS_TIMING_RNC : RRAMNAS_TIMING_GRAPH, .samples = 4, .span = count_span };
    double ns = 0, *busy;

    if (!m)
      continue;
    busy = calloc((size_t)m->crossbars_available, sizeof(*busy));
    o.span_user = busy;
    assert_int_equal(rrn_simulate(m, &o, &ns, NULL), RRAMNAS_OK);
    free(busy);
    rramnas_mapping_unref(m);
  }
}

/* --- sharing --- */

enum { MOST_SPANS = 20000 };

typedef struct spans {
  rrn_span spans[MOST_SPANS];
  size_t n;
} spans;

static void
keep_span(void *user, const rrn_span *span)
{
  spans *s = user;

  if (s->n < MOST_SPANS)
    s->spans[s->n++] = *span;
}

static const rrn_piece *
piece_at(const rramnas_mapping *m, int32_t layer, int64_t placement)
{
  return &m->pieces[m->first_piece[layer] + (placement - m->first_placement[layer]) % rrn_mapping_pieces_of(m, layer)];
}

/* 1 when some box has the cell. */
static int
cell_taken(const rramnas_mapping *m, int32_t bar, int32_t row, int32_t col)
{
  int32_t layer;
  int64_t i;

  for (layer = 0; layer < m->n_layers; layer++)
    for (i = m->first_placement[layer]; i < m->first_placement[layer + 1]; i++) {
      const rrn_placement *at = &m->placements[i];
      const rrn_piece *p = piece_at(m, layer, i);

      if (at->crossbar == bar && row >= at->row && row < at->row + p->rows && col >= at->col && col < at->col + p->cols)
        return 1;
    }
  return 0;
}

/* Cell by cell: do inputs of one box meet weights in columns that the other reads? */
static int
currents_meet(const rramnas_mapping *m, const rrn_span *a, const rrn_span *b)
{
  const rrn_placement *at = rrn_mapping_placement(m, a->layer, a->copy, a->piece);
  const rrn_placement *bt = rrn_mapping_placement(m, b->layer, b->copy, b->piece);
  const rrn_piece *p = &m->pieces[m->first_piece[a->layer] + a->piece];
  const rrn_piece *q = &m->pieces[m->first_piece[b->layer] + b->piece];
  int32_t row, col;

  for (row = at->row; row < at->row + p->rows; row++)
    for (col = bt->col; col < bt->col + q->cols; col++)
      if (cell_taken(m, at->crossbar, row, col))
        return 1;
  return 0;
}

/* Two boxes at most are in a crossbar: moves them to opposite corners where that leaves them clear of each other. */
static void
move_to_corners(rramnas_mapping *m)
{
  int64_t *first = malloc((size_t)m->crossbars_available * sizeof(*first)), i;
  int32_t layer, bar;

  assert_non_null(first);
  for (bar = 0; bar < m->crossbars_available; bar++)
    first[bar] = -1;
  for (layer = 0; layer < m->n_layers; layer++)
    for (i = m->first_placement[layer]; i < m->first_placement[layer + 1]; i++) {
      rrn_placement *at = &m->placements[i];
      const rrn_piece *p = piece_at(m, layer, i);

      bar = at->crossbar;
      *at = first[bar] < 0 ? (rrn_placement){ bar, 0, 0 }
                           : (rrn_placement){ bar, m->hw->v.crossbar.rows - p->rows, rrn_mapping_box_cols(m) - p->cols };
      first[bar] = i;
    }
  free(first);
}

/* Boxes that are active in a crossbar at the same time never disturb each other, and some are. */
static void
disjoint_boxes_only(void **state)
{
  test_random r = { 24 };
  spans *s = malloc(sizeof(*s));
  int round;
  size_t together = 0, i, k;

  (void)state;
  assert_non_null(s);
  for (round = 0; round < 150; round++) {
    rramnas_mapping *m = random_mapping_of(&r, 2);
    rrn_sim_options o = { .model = RRAMNAS_TIMING_GRAPH, .samples = 3, .sharing = RRAMNAS_SHARING_DISJOINT,
                          .span = keep_span, .span_user = s };
    double ns = 0;

    if (!m || m->n_placements > 300) {
      rramnas_mapping_unref(m);
      continue;
    }
    move_to_corners(m);
    assert_int_equal(rrn_mapping_check(m, NULL), RRAMNAS_OK);
    s->n = 0;
    assert_int_equal(rrn_simulate(m, &o, &ns, NULL), RRAMNAS_OK);
    assert_true(ns >= simulate(m, RRAMNAS_TIMING_GRAPH, 1, 1) * (1 - 1e-12));
    for (i = 0; i < s->n; i++)
      for (k = 0; k < i; k++) {
        const rrn_span *a = &s->spans[i], *b = &s->spans[k];

        if (a->crossbar != b->crossbar || a->start_ns >= b->end_ns * (1 - 1e-12) ||
            b->start_ns >= a->end_ns * (1 - 1e-12))
          continue;
        assert_false(currents_meet(m, a, b) || currents_meet(m, b, a));
        together++;
      }
    rramnas_mapping_unref(m);
  }
  free(s);
  assert_in_range(together, 20, 1 << 30);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(graph_model_agrees_with_steps),
    cmocka_unit_test(laws),
    cmocka_unit_test(a_crossbar_does_one_thing_at_a_time),
    cmocka_unit_test(disjoint_boxes_only),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
