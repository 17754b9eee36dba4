/* SPDX-License-Identifier: MIT */
/* Policy best on random networks and chips: mappings keep the invariants, nothing beyond effort fast is slower than policy
 * rnc, the bound is below the result and below all that tiny chains allow, crossbars auto are enough, more effort is never
 * slower, nor are more crossbars (effort fast: test_climb.c), results repeat, a curve's points are what they are alone; of
 * searches that are level the one on fewer crossbars goes on; groups keep their crossbars to themselves; the evaluator
 * agrees with the event simulation but for ties. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "best/bound_time.h"
#include "best/groups.h"
#include "best/race.h"
#include "best/regroup.h"
#include "random_case.h"
#include "rounds.h"
#include "timing/sim.h"

enum { ROUNDS = TEST_ROUNDS(60), AGREEMENTS = TEST_ROUNDS(60), RIVAL_ROUNDS = TEST_ROUNDS(4),
       MONOTONE_ROUNDS = TEST_ROUNDS(3),
       EFFORT_ROUNDS = TEST_ROUNDS(3), DEPTHWISE_ROUNDS = 80, CURVE_ROUNDS = TEST_ROUNDS(3), CURVE_POINTS = 3 };

static int32_t
crossbars_needed(const random_case *x, int32_t policy, int32_t effort)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = NULL;

  o.policy = policy;
  o.effort = effort;
  o.seed = x->o.seed;
  o.crossbars = RRAMNAS_CROSSBARS_AUTO;
  if (rramnas_compile(x->hw, x->net, &o, NULL, &m, &err) < 0)
    fail_msg("%s", err.message);
  rramnas_mapping_get_info(m, &info);
  rramnas_mapping_unref(m);
  return info.crossbars_available;
}

static void
make(test_random *r, random_case *x)
{
  random_case_begin(r, x);
  x->o.policy = RRAMNAS_POLICY_BEST;
  x->o.crossbars = crossbars_needed(x, RRAMNAS_POLICY_RNC, RRAMNAS_EFFORT_FAST) + (int32_t)test_below(r, 40);
  x->o.seed = (uint32_t)test_below(r, 1000);
  x->o.samples = 1 + (int32_t)test_below(r, 12);
  x->o.depthwise = random_case_depthwise(x, 1 + (int32_t)test_below(r, 3));
  x->o.effort = RRAMNAS_EFFORT_FAST;
}

static double
completion(const rramnas_mapping *m, int32_t samples)
{
  rramnas_timing_options how = RRAMNAS_TIMING_OPTIONS_INIT;
  rramnas_timing t = RRAMNAS_TIMING_INIT;

  how.model = RRAMNAS_TIMING_RNC;
  how.samples = samples;
  how.no_baseline = 1;
  how.with_bound = 1;
  assert_int_equal(rramnas_mapping_simulate(m, &how, &t, NULL), RRAMNAS_OK);
  assert_true(t.bound_ns <= t.latency_ns * (1 + 1e-9));
  return t.latency_ns;
}

static double
time_of(const random_case *x)
{
  rramnas_mapping *m = random_case_compile(x);
  const double ns = completion(m, x->o.samples);

  rramnas_mapping_unref(m);
  return ns;
}

static void
never_slower_than_rnc_nor_sooner_than_the_bound(void **state)
{
  test_random r = { 11 };
  int i;

  (void)state;
  for (i = 0; i < RIVAL_ROUNDS; i++) {
    rramnas_mapping *m;
    random_case x;
    double ns;

    make(&r, &x);
    x.o.effort = RRAMNAS_EFFORT_BALANCED;
    m = random_case_compile(&x);
    ns = completion(m, x.o.samples);
    rramnas_mapping_unref(m);
    x.o.policy = RRAMNAS_POLICY_RNC;
    assert_true(ns <= time_of(&x));
    random_case_end(&x);
  }
}

static void
more_effort_needs_no_more(random_case *x, int32_t crossbars)
{
  rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;
  rramnas_mapping *m;

  x->o.crossbars = RRAMNAS_CROSSBARS_AUTO;
  x->o.effort = RRAMNAS_EFFORT_BALANCED;
  m = random_case_compile(x);
  assert_int_equal(rramnas_mapping_get_info(m, &info), RRAMNAS_OK);
  assert_true(info.crossbars_available <= crossbars);
  rramnas_mapping_unref(m);
}

/* Crossbars auto: no fewer than the bound, enough when given, and all that a larger effort finds is no more. */
static void
auto_is_enough(void **state)
{
  test_random r = { 16 };
  int i, optimal = 0;

  (void)state;
  for (i = 0; i < ROUNDS; i++) {
    rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;
    rramnas_mapping *m;
    random_case x;

    make(&r, &x);
    x.o.crossbars = RRAMNAS_CROSSBARS_AUTO;
    m = random_case_compile(&x);
    assert_int_equal(rramnas_mapping_get_info(m, &info), RRAMNAS_OK);
    assert_true(info.crossbars_bound <= info.crossbars_available && info.crossbars_used <= info.crossbars_available);
    assert_int_equal(info.crossbars_optimal, info.crossbars_bound == info.crossbars_used);
    completion(m, x.o.samples);
    optimal += info.crossbars_optimal;
    rramnas_mapping_unref(m);
    x.o.crossbars = info.crossbars_available;
    rramnas_mapping_unref(random_case_compile(&x));
    if (i % 10 == 0)
      more_effort_needs_no_more(&x, info.crossbars_available);
    random_case_end(&x);
  }
  assert_true(optimal > ROUNDS / 3);
}

/* Completion of many inferences, latency of one, period; efforts from low to high. */
static void
set_objective(random_case *x, int i)
{
  static const int32_t objectives[] = { RRAMNAS_OBJECTIVE_COMPLETION, RRAMNAS_OBJECTIVE_LATENCY,
                                        RRAMNAS_OBJECTIVE_PERIOD };

  x->o.objective = objectives[i % 3];
  x->o.samples = i % 3 == 0 ? 2 + i % 11 : 0;
}

/* Of the objective on so many crossbars; huge when the network does not fit. */
static double
time_on(random_case *x, int32_t crossbars)
{
  static const int32_t samples[] = { [RRAMNAS_OBJECTIVE_LATENCY] = 1, [RRAMNAS_OBJECTIVE_PERIOD] = 64 };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = NULL;
  double ns;

  x->o.crossbars = crossbars;
  if (rramnas_compile(x->hw, x->net, &x->o, NULL, &m, &err) == RRAMNAS_ERR_DOES_NOT_FIT)
    return 1e300;
  if (!m || rramnas_mapping_check(m, &err) < 0)
    fail_msg("%s", err.message);
  ns = completion(m, x->o.objective == RRAMNAS_OBJECTIVE_COMPLETION ? x->o.samples : samples[x->o.objective]);
  rramnas_mapping_unref(m);
  return ns;
}

static void
check_not_slower(const random_case *x, const char *what, double ns, double than_ns)
{
  if (ns > than_ns * (1 + 1e-9))
    fail_msg("%s: seed %u, effort %d, objective %d, samples %d, depthwise %d, %d crossbars: %.17g ns, %.17g before", what,
             (unsigned)x->o.seed, (int)x->o.effort, (int)x->o.objective, (int)x->o.samples, (int)x->o.depthwise,
             (int)x->o.crossbars, ns, than_ns);
}

/* Not slower than the lower effort; nor with one crossbar more. */
static void
check_thorough(random_case *x, double balanced_ns)
{
  double ns;

  x->o.effort = RRAMNAS_EFFORT_THOROUGH;
  ns = time_on(x, x->o.crossbars);
  check_not_slower(x, "thorough", ns, balanced_ns);
  check_not_slower(x, "more crossbars", time_on(x, x->o.crossbars + 1), ns);
}

static void
more_effort_is_never_slower(void **state)
{
  test_random r = { 12 };
  int i;

  (void)state;
  for (i = 0; i < EFFORT_ROUNDS; i++) {
    random_case x;
    double fast, balanced;

    make(&r, &x);
    set_objective(&x, i);
    fast = time_on(&x, x.o.crossbars);
    x.o.effort = RRAMNAS_EFFORT_BALANCED;
    balanced = time_on(&x, x.o.crossbars);
    check_not_slower(&x, "balanced", balanced, fast);
    if (i == 1) /* the latency of one: soon done */
      check_thorough(&x, balanced);
    random_case_end(&x);
  }
}

/* One crossbar more, 3 % more, half as many more. */
static void
check_crossbars(random_case *x, int32_t first)
{
  const int32_t bars[4] = { first, first + 1, first + 2 + first * 3 / 100, first + 3 + first / 2 };
  double last = 1e300, ns;
  int32_t i;

  for (i = 0; i < 4; i++, last = ns) {
    ns = time_on(x, bars[i]);
    check_not_slower(x, "more crossbars", ns, last);
  }
}

static void
more_crossbars_are_never_slower(void **state)
{
  test_random r = { 17 };
  int i;

  (void)state;
  for (i = 0; i < MONOTONE_ROUNDS; i++) {
    random_case x;

    make(&r, &x);
    set_objective(&x, i);
    x.o.split_to_fit = i == 2;
    x.o.effort = RRAMNAS_EFFORT_BALANCED;
    check_crossbars(&x, i % 2 ? x.o.crossbars : crossbars_needed(&x, RRAMNAS_POLICY_BEST, RRAMNAS_EFFORT_FAST));
    random_case_end(&x);
  }
}

static void
results_repeat(void **state)
{
  test_random r = { 13 };
  int i;

  (void)state;
  for (i = 0; i < ROUNDS / 6; i++) {
    random_case x;

    make(&r, &x);
    assert_true(time_of(&x) - time_of(&x) == 0);
    random_case_end(&x);
  }
}

/* --- networks of depthwise layers --- */

/* A square kernel with one channel per group, or a dense one that gives `channels`. */
static void
add_conv(rramnas_net *net, int32_t *x, int64_t channels, int64_t side, int depthwise)
{
  rramnas_node node = RRAMNAS_NODE_INIT;
  int i;

  node.op = RRAMNAS_OP_CONV;
  node.inputs = x;
  node.n_inputs = 1;
  node.out_channels = channels;
  node.groups = depthwise ? channels : 1;
  for (i = 0; i < 2; i++)
    node.kernel[i] = side;
  for (i = 0; i < 4; i++)
    node.pad[i] = side / 2;
  assert_int_equal(rramnas_net_add_node(net, &node, x, NULL), RRAMNAS_OK);
}

static rramnas_net *
create_depthwise(test_random *r)
{
  const int64_t shape[4] = { 1, 8, 32, 32 };
  rramnas_net *net = NULL;
  int64_t channels = 8;
  int32_t x = 0;
  uint64_t i, n = 4 + test_below(r, 7);

  assert_int_equal(rramnas_net_create("depthwise", NULL, &net, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_net_add_input(net, "x", shape, 4, &x, NULL), RRAMNAS_OK);
  for (i = 0; i < n; i++) {
    const int depthwise = i > 0 && test_below(r, 3) > 0;

    channels = depthwise ? channels : 8 * (int64_t)(1 + test_below(r, 24));
    add_conv(net, &x, channels, depthwise ? 3 + 2 * (int64_t)test_below(r, 2) : 1, depthwise);
  }
  assert_int_equal(rramnas_net_finish(net, NULL), RRAMNAS_OK);
  return net;
}

/* Narrow crossbars, and hardly more of them than are needed: layers that find no room are built from what is left. */
static void
depthwise_layers_fill_gaps(void **state)
{
  test_random r = { 19 };
  int i;

  (void)state;
  for (i = 0; i < DEPTHWISE_ROUNDS; i++) {
    static const char text[] = "crossbar: {rows: 48, cols: 32, subarray_rows: 48}\ndevice: {bits_per_cell: 1}\n"
                               "weight: {bits: 6, slicing: parallel, sign: offset}\n";
    random_case x = { .net = create_depthwise(&r), .o = RRAMNAS_COMPILE_OPTIONS_INIT };

    assert_int_equal(rramnas_hw_load_buffer(text, strlen(text), "hw.yaml", RRAMNAS_HW_FORMAT_YAML, NULL, &x.hw, NULL),
                     RRAMNAS_OK);
    x.o.policy = RRAMNAS_POLICY_BEST;
    x.o.depthwise = RRAMNAS_DEPTHWISE_RNC;
    x.o.effort = RRAMNAS_EFFORT_FAST;
    x.o.crossbars = crossbars_needed(&x, RRAMNAS_POLICY_RNC, RRAMNAS_EFFORT_FAST) + (int32_t)test_below(&r, 6);
    rramnas_mapping_unref(random_case_compile(&x));
    random_case_end(&x);
  }
}

/* --- curves --- */

/* The mapping is the one that a compilation of its own gives: boxes, places, and the tries that it took. */
static void
check_same_mapping(const rramnas_mapping *m, const rramnas_mapping *alone)
{
  assert_int_equal(m->tries, alone->tries);
  assert_int_equal(m->crossbars_used, alone->crossbars_used);
  assert_int_equal(m->n_pieces, alone->n_pieces);
  assert_int_equal(m->n_placements, alone->n_placements);
  assert_memory_equal(m->copies, alone->copies, (size_t)m->n_layers * sizeof(*m->copies));
  assert_memory_equal(m->placements, alone->placements, m->n_placements * sizeof(*m->placements));
}

/* What a point has is the soonest of its own compilation and those before. */
static int32_t
check_point(void *user, const rramnas_curve_point *p, rramnas_mapping *m, int32_t done, int32_t total)
{
  random_case *x = user;
  rramnas_mapping *alone;
  double ns;

  (void)total;
  x->o.crossbars = p->crossbars;
  alone = random_case_compile(x);
  ns = completion(alone, x->o.samples);
  if (p->made_for == p->crossbars && done > 1) {
    assert_true(p->latency_ns - ns == 0);
    check_same_mapping(m, alone);
  } else {
    assert_true(p->latency_ns <= ns);
  }
  rramnas_mapping_unref(alone);
  return 0;
}

/* Points close to each other, so that they share numbers of crossbars; fast and balanced. */
static void
curve_is_what_its_points_give_alone(void **state)
{
  test_random r = { 18 };
  int i;

  (void)state;
  for (i = 0; i < CURVE_ROUNDS; i++) {
    rramnas_curve_options how = RRAMNAS_CURVE_OPTIONS_INIT;
    rramnas_curve_point points[CURVE_POINTS] = { RRAMNAS_CURVE_POINT_INIT };
    rramnas_error err = RRAMNAS_ERROR_INIT;
    size_t n = 0;
    random_case x;

    make(&r, &x);
    x.o.samples = i < 2 ? 1 : x.o.samples;
    x.o.effort = i % 2 ? RRAMNAS_EFFORT_FAST : RRAMNAS_EFFORT_BALANCED;
    how.first = crossbars_needed(&x, RRAMNAS_POLICY_BEST, RRAMNAS_EFFORT_FAST) + 1;
    how.last = how.first + 5;
    how.on_point = check_point;
    how.user = &x;
    if (rramnas_compile_curve(x.hw, x.net, &x.o, NULL, &how, NULL, points, CURVE_POINTS, &n, &err) < 0)
      fail_msg("%s", err.message);
    assert_true(n == CURVE_POINTS);
    random_case_end(&x);
  }
}

/* --- the race --- */

enum { LEVEL_ROUNDS = 6, LEVEL_NEIGHBOURS = 4 };

/* After its first stage a racer that went beyond the second is sooner than its neighbours with fewer crossbars. */
static int
count_deep(const rrn_race *race)
{
  int32_t i, k;
  int deep = 0;

  for (i = 0; i < race->n; i++) {
    const rrn_racer *x = &race->racers[i];

    if (x->stage < 2 || x->after[0] >= 1e300)
      continue;
    for (k = i + 1; k <= i + LEVEL_NEIGHBOURS && k < race->n; k++)
      assert_false(race->racers[k].stage > 0 && race->racers[k].after[0] <= x->after[0]);
    deep++;
  }
  return deep;
}

static void
of_level_searches_one_goes_on(void **state)
{
  test_random r = { 18 };
  int i, deep = 0, level = 0;

  (void)state;
  for (i = 0; i < LEVEL_ROUNDS; i++) {
    rramnas_mapping *m;
    random_case x;
    rrn_race race = { .n = 0 };
    int32_t k;

    make(&r, &x);
    x.o.samples = 1;
    m = random_case_compile(&x);
    assert_int_equal(rrn_race_init(&race, m, &x.o, NULL), RRAMNAS_OK);
    assert_int_equal(rrn_race_run(&race, RRAMNAS_EFFORT_BALANCED), RRAMNAS_OK);
    deep += count_deep(&race);
    for (k = 0; k < race.n; k++)
      level += race.racers[k].over;
    rrn_race_release(&race);
    rramnas_mapping_unref(m);
    random_case_end(&x);
  }
  assert_true(deep > 0 && level > 0);
}

/* --- groups --- */

static int
overlap(const rrn_floor_box *a, const rrn_floor_box *b)
{
  return a->row < b->row + b->rows && b->row < a->row + a->rows && a->col < b->col + b->cols &&
         b->col < a->col + a->cols;
}

/* Boxes are inside their crossbar and apart, of layers of its group, one of each layer; all of them are there. */
static void
check_floor(const rrn_plan *p)
{
  int32_t boxes[64] = { 0 }, k, i, j;

  assert_in_range(p->n_layers, 1, 64);
  for (k = 0; k < p->floor.n_bars; k++) {
    const rrn_floor_bar *b = &p->floor.bars[k];

    for (i = 0; i < b->n_boxes; i++) {
      const rrn_floor_box *x = &b->boxes[i];

      assert_int_equal(p->group[x->layer], b->group);
      assert_true(x->row >= 0 && x->col >= 0 && x->row + x->rows <= p->floor.rows && x->col + x->cols <= p->floor.cols);
      for (j = 0; j < i; j++)
        assert_false(x->layer == b->boxes[j].layer || overlap(x, &b->boxes[j]));
      boxes[x->layer]++;
    }
  }
  for (i = 0; i < p->n_layers; i++)
    assert_int_equal(boxes[i], rrn_plan_point(p, i)->boxes);
}

/* A sample passes all layers, and the slowest serves one sample at a time. */
static double
least_time(const rrn_plan *p)
{
  double sum = 0, longest = 0;
  int32_t i;

  for (i = 0; i < p->n_layers; i++) {
    const double ns = rrn_plan_point(p, i)->ns;

    sum += ns;
    longest = ns > longest ? ns : longest;
  }
  return sum + (p->eval.samples - 1) * longest;
}

static void
try_groups(rrn_plan *p, const rrn_grouping *g, int32_t n_groups, int32_t *group_of_bar, int *tried)
{
  int32_t fits = 0;
  double ns;

  assert_int_equal(rrn_grouping_apply(p, g, n_groups, group_of_bar), RRAMNAS_OK);
  assert_int_equal(rrn_plan_build_groups(p, group_of_bar, &fits), RRAMNAS_OK);
  if (!fits)
    return;
  check_floor(p);
  assert_int_equal(rrn_plan_balance(p, 200000, 0.02), RRAMNAS_OK);
  check_floor(p);
  ns = rrn_plan_time(p, 1e300);
  assert_true(ns >= least_time(p) * (1 - 1e-9));
  (*tried)++;
}

static void
groups_keep_their_crossbars(void **state)
{
  test_random r = { 16 };
  int i, tried = 0;

  (void)state;
  for (i = 0; i < ROUNDS; i++) {
    rrn_grouping *g = NULL;
    rramnas_mapping *m;
    rrn_arena arena;
    random_case x;
    rrn_plan p;
    int32_t k;

    make(&r, &x);
    m = random_case_compile(&x);
    rrn_arena_init(&arena, &m->rt);
    assert_int_equal(rrn_plan_init(&p, m, (rrn_shape_limits){ x.o.depthwise, i % 2 }, 2 + i, &arena, NULL), RRAMNAS_OK);
    for (k = 0; k < m->n_layers && p.widest[k].n > 0; k++)
      ;
    if (k == m->n_layers) {
      int32_t *group_of_bar = rrn_arena_alloc(&arena, (size_t)m->crossbars_available, sizeof(*group_of_bar));

      assert_non_null(group_of_bar);
      assert_int_equal(rrn_grouping_new(&p, 0.9, 1e300, &arena, &g), RRAMNAS_OK);
      for (k = 2; k <= RRN_MOST_GROUPS; k++)
        if (rrn_grouping_ns(g, k, 2 + i) > 0)
          try_groups(&p, g, k, group_of_bar, &tried);
    }
    rrn_arena_release(&arena);
    rramnas_mapping_unref(m);
    random_case_end(&x);
  }
  assert_true(tried > ROUNDS);
}

/* --- the evaluator against the event simulation --- */

static void
hold(rrn_floor *f, int32_t layer, int32_t crossbar)
{
  f->holds[(size_t)layer * (size_t)f->n_words + (size_t)(crossbar >> 6)] |= UINT64_C(1) << (crossbar & 63);
  f->held[(size_t)crossbar * (size_t)f->layer_words + (size_t)(layer >> 6)] |= UINT64_C(1) << (layer & 63);
}

/* The layers that share a crossbar, pair by pair. */
static void
check_conflicts(const rrn_evaluator *e, const rrn_floor *f)
{
  int32_t a, b, k, shared;

  for (a = 0; a < e->n_layers; a++)
    for (b = 0; b < e->n_layers; b++) {
      for (shared = 0, k = 0; k < f->n_bars; k++)
        shared |= a != b && rrn_floor_holds(f, a, k) && rrn_floor_holds(f, b, k);
      assert_int_equal(e->conflicts[(size_t)a * (size_t)e->n_words + (size_t)(b >> 6)] >> (b & 63) & 1, shared);
    }
}

static void
set_up_evaluator(rrn_evaluator *e, const rramnas_mapping *m, rrn_arena *arena, int32_t samples, rrn_floor *f)
{
  int32_t layer, i;

  assert_int_equal(rrn_evaluator_init(e, arena, m->n_layers, samples, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_floor_init(f, arena, m->hw->v.crossbar.rows, m->hw->v.crossbar.cols, m->crossbars_available,
                                  m->n_layers, 0, NULL),
                   RRAMNAS_OK);
  for (layer = 0; layer < m->n_layers; layer++) {
    const rrn_piece *longest = &m->pieces[m->first_piece[layer]];

    for (i = m->first_piece[layer]; i < m->first_piece[layer + 1]; i++)
      if (m->pieces[i].latency_ns * (double)m->pieces[i].activations >
          longest->latency_ns * (double)longest->activations)
        longest = &m->pieces[i];
    e->copies[layer] = m->copies[layer];
    e->ns[layer] = longest->latency_ns * (double)((longest->activations + m->copies[layer] - 1) / m->copies[layer]);
    for (i = (int32_t)m->first_placement[layer]; i < m->first_placement[layer + 1]; i++)
      hold(f, layer, m->placements[i].crossbar);
  }
  rrn_evaluator_share(e, f);
  check_conflicts(e, f);
}

static void
evaluator_agrees_with_simulation(void **state)
{
  test_random r = { 14 };
  int i, same = 0, tight = 0;

  (void)state;
  for (i = 0; i < AGREEMENTS; i++) {
    const int32_t samples = 2 + (int32_t)test_below(&r, 20);
    rrn_evaluator e;
    rrn_floor f;
    rramnas_mapping *m;
    rrn_arena arena;
    random_case x;
    double ours, exact;

    make(&r, &x);
    x.o.samples = samples;
    m = random_case_compile(&x);
    if (m->sharing.layer_threshold != 0) { /* policy rnc's mapping was sooner */
      rramnas_mapping_unref(m);
      random_case_end(&x);
      same++;
      continue;
    }
    rrn_arena_init(&arena, &m->rt);
    set_up_evaluator(&e, m, &arena, samples, &f);
    ours = rrn_evaluate(&e, 1e300);
    assert_true(rrn_evaluator_bound(&e, &f) <= ours);
    tight += rrn_evaluator_bound(&e, &f) > 0.999 * ours;
    exact = completion(m, samples);
    if (ours - exact == 0)
      same++;
    else
      assert_true(ours < 1.25 * exact && exact < 1.25 * ours); /* a tie went the other way */
    rrn_arena_release(&arena);
    rramnas_mapping_unref(m);
    random_case_end(&x);
  }
  assert_true(same >= AGREEMENTS * 8 / 10);
  assert_true(tight > AGREEMENTS / 20);
}

/* --- the bound against all numbers of copies of tiny chains --- */

enum { TINY = 3, TINY_ROUNDS = TEST_ROUNDS(40) };

/* Completion that no mapping with these copies is below; huge when the cells or crossbars do not suffice. */
static double
least_completion(const rramnas_mapping *m, const int64_t *copies, int32_t samples)
{
  const rrn_hw_values *v = &m->hw->v;
  double sum = 0, longest = 0, busy = 0, cells = 0;
  int32_t i;

  for (i = 0; i < m->n_layers; i++) {
    const rrn_matrix *x = &m->matrices[i];
    const double ns = rrn_hw_mvm_latency_ns(m->hw, 1, 1, v->input.bits, NULL) *
                      (double)((x->positions + copies[i] - 1) / copies[i]);
    const int64_t boxes = (x->rows + v->crossbar.rows - 1) / v->crossbar.rows *
                          ((x->cols * x->cells + v->crossbar.cols - 1) / v->crossbar.cols) * copies[i];

    if (boxes > m->crossbars_available)
      return 1e300;
    sum += ns;
    longest = ns > longest ? ns : longest;
    busy += ns * (double)boxes;
    cells += (double)(x->rows * x->cols * x->cells * copies[i]);
  }
  if (cells > (double)v->crossbar.rows * v->crossbar.cols * m->crossbars_available)
    return 1e300;
  sum += (samples - 1) * longest;
  busy *= (double)samples / m->crossbars_available;
  return sum > busy ? sum : busy;
}

static double
least_of_all(const rramnas_mapping *m, int32_t samples)
{
  int64_t copies[TINY];
  double best = 1e300, ns;

  for (copies[0] = 1; copies[0] <= m->matrices[0].positions; copies[0]++)
    for (copies[1] = 1; copies[1] <= m->matrices[1].positions; copies[1]++)
      for (copies[2] = 1; copies[2] <= m->matrices[2].positions; copies[2]++) {
        ns = least_completion(m, copies, samples);
        best = ns < best ? ns : best;
      }
  return best;
}

static void
bound_is_below_every_choice_of_copies(void **state)
{
  test_random r = { 15 };
  double tightest = 0;
  int i, k;

  (void)state;
  for (i = 0; i < TINY_ROUNDS; i++) {
    const int32_t samples = 1 + (int32_t)test_below(&r, 9);
    rramnas_hw *hw = random_hw_create(&r);
    rrn_matrix matrices[TINY];
    rramnas_mapping m = { .hw = hw, .n_layers = TINY, .matrices = matrices };
    rrn_arena arena;
    double bound = 0, least;

    assert_non_null(hw);
    m.crossbars_available = TINY + (int32_t)test_below(&r, 12);
    for (k = 0; k < TINY; k++) {
      const int64_t rows = 1 + (int64_t)test_below(&r, (uint64_t)hw->v.crossbar.rows);
      const int64_t positions = 1 + (int64_t)test_below(&r, 24);

      matrices[k] = (rrn_matrix){ .rows = rows, .cells = rrn_hw_columns_per_weight(hw), .groups = 1,
                                  .positions = positions };
      matrices[k].cols = 1 + (int64_t)test_below(&r, (uint64_t)(hw->v.crossbar.cols / matrices[k].cells));
      matrices[k].activations = matrices[k].positions;
    }
    rrn_arena_init(&arena, &hw->rt);
    assert_int_equal(rrn_bound_time(&m, RRAMNAS_DEPTHWISE_AUTO, samples, 30, &arena, &bound, NULL), RRAMNAS_OK);
    least = least_of_all(&m, samples);
    assert_true(bound <= least * (1 + 1e-9));
    tightest = bound / least > tightest ? bound / least : tightest;
    rrn_arena_release(&arena);
    rramnas_hw_unref(hw);
  }
  assert_true(tightest > 0.99);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(never_slower_than_rnc_nor_sooner_than_the_bound),
    cmocka_unit_test(auto_is_enough),
    cmocka_unit_test(more_effort_is_never_slower),
    cmocka_unit_test(more_crossbars_are_never_slower),
    cmocka_unit_test(results_repeat),
    cmocka_unit_test(depthwise_layers_fill_gaps),
    cmocka_unit_test(curve_is_what_its_points_give_alone),
    cmocka_unit_test(of_level_searches_one_goes_on),
    cmocka_unit_test(groups_keep_their_crossbars),
    cmocka_unit_test(evaluator_agrees_with_simulation),
    cmocka_unit_test(bound_is_below_every_choice_of_copies),
  };

  return cmocka_run_group_tests_name("best", tests, NULL, NULL);
}
