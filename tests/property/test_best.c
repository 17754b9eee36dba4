/* SPDX-License-Identifier: MIT */
/* Policy best on random networks and chips: mappings keep the invariants, nothing is slower than policy rnc, the bound
 * is below the result and below all that tiny chains allow, crossbars auto are enough, more effort is never slower, results repeat; its evaluator
 * agrees with the event simulation but for ties. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "best/bound_time.h"
#include "best/plan.h"
#include "random_hw.h"
#include "random_net.h"
#include "timing/sim.h"

enum { ROUNDS = 60, AGREEMENTS = 60 };

typedef struct fixture {
  rramnas_net *net;
  rramnas_hw *hw;
  rramnas_compile_options o;
} fixture;

static int32_t
crossbars_needed(const fixture *x, int32_t policy, int32_t effort)
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
  return info.crossbars_used;
}

static void
make(test_random *r, fixture *x)
{
  x->net = random_net_create(r);
  x->hw = random_hw_create(r);
  assert_non_null(x->net);
  assert_non_null(x->hw);
  x->o = (rramnas_compile_options)RRAMNAS_COMPILE_OPTIONS_INIT;
  x->o.policy = RRAMNAS_POLICY_BEST;
  x->o.crossbars = crossbars_needed(x, RRAMNAS_POLICY_RNC, RRAMNAS_EFFORT_FAST) + (int32_t)test_below(r, 40);
  x->o.seed = (uint32_t)test_below(r, 1000);
  x->o.samples = 1 + (int32_t)test_below(r, 12);
  x->o.depthwise = 1 + (int32_t)test_below(r, 3);
  x->o.effort = RRAMNAS_EFFORT_FAST;
}

static void
drop(fixture *x)
{
  rramnas_net_unref(x->net);
  rramnas_hw_unref(x->hw);
}

static rramnas_mapping *
compile(const fixture *x)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = NULL;

  if (rramnas_compile(x->hw, x->net, &x->o, NULL, &m, &err) < 0 || rramnas_mapping_check(m, &err) < 0)
    fail_msg("seed %u: %s", (unsigned)x->o.seed, err.message);
  return m;
}

static double
completion(const rramnas_mapping *m, int32_t samples)
{
  rramnas_timing_options how = RRAMNAS_TIMING_OPTIONS_INIT;
  rramnas_timing t = RRAMNAS_TIMING_INIT;

  how.model = RRAMNAS_TIMING_RNC;
  how.samples = samples;
  how.no_baseline = 1;
  assert_int_equal(rramnas_mapping_simulate(m, &how, &t, NULL), RRAMNAS_OK);
  return t.latency_ns;
}

static double
time_of(const fixture *x)
{
  rramnas_mapping *m = compile(x);
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
  for (i = 0; i < ROUNDS; i++) {
    rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;
    rramnas_mapping *m;
    fixture x;
    double ns;

    make(&r, &x);
    m = compile(&x);
    ns = completion(m, x.o.samples);
    assert_int_equal(rramnas_mapping_get_info(m, &info), RRAMNAS_OK);
    assert_true(info.time_bound_ns <= ns * (1 + 1e-9));
    rramnas_mapping_unref(m);
    x.o.policy = RRAMNAS_POLICY_RNC;
    assert_true(ns <= time_of(&x));
    drop(&x);
  }
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
    fixture x;

    make(&r, &x);
    x.o.crossbars = RRAMNAS_CROSSBARS_AUTO;
    m = compile(&x);
    assert_int_equal(rramnas_mapping_get_info(m, &info), RRAMNAS_OK);
    assert_true(info.crossbars_bound <= info.crossbars_used && info.crossbars_used == info.crossbars_available);
    assert_int_equal(info.crossbars_optimal, info.crossbars_bound == info.crossbars_used);
    assert_true(info.time_bound_ns <= completion(m, x.o.samples) * (1 + 1e-9));
    optimal += info.crossbars_optimal;
    rramnas_mapping_unref(m);
    x.o.crossbars = info.crossbars_used;
    rramnas_mapping_unref(compile(&x));
    if (i % 10 == 0)
      assert_true(crossbars_needed(&x, RRAMNAS_POLICY_BEST, RRAMNAS_EFFORT_BALANCED) <= info.crossbars_used);
    drop(&x);
  }
  assert_true(optimal > ROUNDS / 3);
}

static void
more_effort_is_never_slower(void **state)
{
  test_random r = { 12 };
  int i;

  (void)state;
  for (i = 0; i < ROUNDS / 6; i++) {
    fixture x;
    double fast;

    make(&r, &x);
    fast = time_of(&x);
    x.o.effort = RRAMNAS_EFFORT_BALANCED;
    assert_true(time_of(&x) <= fast);
    drop(&x);
  }
}

static void
results_repeat(void **state)
{
  test_random r = { 13 };
  int i;

  (void)state;
  for (i = 0; i < ROUNDS; i++) {
    fixture x;

    make(&r, &x);
    assert_true(time_of(&x) - time_of(&x) == 0);
    drop(&x);
  }
}

/* --- the evaluator against the event simulation --- */

static void
set_up_evaluator(rrn_evaluator *e, const rramnas_mapping *m, rrn_arena *arena, int32_t samples)
{
  int32_t layer, i;
  rrn_floor f;

  assert_int_equal(rrn_evaluator_init(e, arena, m->n_layers, samples, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_floor_init(&f, arena, m->hw->v.crossbar.rows, m->hw->v.crossbar.cols, m->crossbars_available,
                                  m->n_layers, NULL),
                   RRAMNAS_OK);
  for (layer = 0; layer < m->n_layers; layer++) {
    const rrn_piece *longest = &m->pieces[m->first_piece[layer]];

    for (i = m->first_piece[layer]; i < m->first_piece[layer + 1]; i++)
      if (m->pieces[i].latency_ns * (double)m->pieces[i].activations > longest->latency_ns * (double)longest->activations)
        longest = &m->pieces[i];
    e->copies[layer] = m->copies[layer];
    e->ns[layer] = longest->latency_ns * (double)((longest->activations + m->copies[layer] - 1) / m->copies[layer]);
    for (i = (int32_t)m->first_placement[layer]; i < m->first_placement[layer + 1]; i++)
      f.holds[(size_t)layer * (size_t)f.n_words + (size_t)(m->placements[i].crossbar >> 6)] |=
        UINT64_C(1) << (m->placements[i].crossbar & 63);
  }
  for (layer = 0; layer < m->n_layers; layer++)
    rrn_evaluator_share(e, &f, layer);
}

static void
evaluator_agrees_with_simulation(void **state)
{
  test_random r = { 14 };
  int i, same = 0;

  (void)state;
  for (i = 0; i < AGREEMENTS; i++) {
    const int32_t samples = 2 + (int32_t)test_below(&r, 20);
    rrn_evaluator e;
    rramnas_mapping *m;
    rrn_arena arena;
    fixture x;
    double ours, exact;

    make(&r, &x);
    x.o.samples = samples;
    m = compile(&x);
    if (m->sharing.layer_threshold != 0) { /* policy rnc's mapping was sooner */
      rramnas_mapping_unref(m);
      drop(&x);
      same++;
      continue;
    }
    rrn_arena_init(&arena, &m->rt);
    set_up_evaluator(&e, m, &arena, samples);
    ours = rrn_evaluate(&e, 1e300);
    exact = completion(m, samples);
    if (ours - exact == 0)
      same++;
    else
      assert_true(ours < 1.25 * exact && exact < 1.25 * ours); /* a tie went the other way */
    rrn_arena_release(&arena);
    rramnas_mapping_unref(m);
    drop(&x);
  }
  assert_true(same >= AGREEMENTS * 8 / 10);
}

/* --- the bound against all numbers of copies of tiny chains --- */

enum { TINY = 3, TINY_ROUNDS = 40 };

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
      matrices[k] = (rrn_matrix){ .rows = 1 + (int64_t)test_below(&r, (uint64_t)hw->v.crossbar.rows),
                                  .cells = rrn_hw_columns_per_weight(hw), .groups = 1,
                                  .positions = 1 + (int64_t)test_below(&r, 24) };
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
    cmocka_unit_test(results_repeat),
    cmocka_unit_test(evaluator_agrees_with_simulation),
    cmocka_unit_test(bound_is_below_every_choice_of_copies),
  };

  return cmocka_run_group_tests_name("best", tests, NULL, NULL);
}
