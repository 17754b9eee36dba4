/* SPDX-License-Identifier: MIT */
/* Effort fast of policy best on random networks and chips, and on chains of like layers: more crossbars are never slower,
 * nor is a higher effort; few plans are made, and the best is not far behind; the relaxed time never rises; anchors,
 * rungs and floors do not depend on the crossbars at hand; no result is sooner than a floor of more crossbars. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "best/climb.h"
#include "best/rungs.h"
#include "random_case.h"
#include "rounds.h"

enum { ROUNDS = TEST_ROUNDS(12), FLOOR_ROUNDS = TEST_ROUNDS(8), EFFORT_ROUNDS = TEST_ROUNDS(2), STEPS = 18,
       MOBILE_FIRST = 90, MOBILE_LAST = 330, CHAIN_STEP = 8, MOST_BEHIND = 2 };

/* --- cases --- */

/* Completion of 2 to 13 or 64 inferences, latency of one, period; all ways to lay out depthwise layers. */
static void
make(test_random *r, random_case *x, int i)
{
  static const int32_t objectives[] = { RRAMNAS_OBJECTIVE_COMPLETION, RRAMNAS_OBJECTIVE_LATENCY,
                                        RRAMNAS_OBJECTIVE_PERIOD, RRAMNAS_OBJECTIVE_COMPLETION };

  random_case_begin(r, x);
  x->o.policy = RRAMNAS_POLICY_BEST;
  x->o.effort = RRAMNAS_EFFORT_FAST;
  x->o.seed = (uint32_t)test_below(r, 1000);
  x->o.depthwise = random_case_depthwise(x, 1 + i % 3);
  x->o.objective = objectives[i % 4];
  x->o.samples = i % 4 == 0 ? 2 + (int32_t)test_below(r, 12) : i % 4 == 3 ? 8 : 0;
}

static int32_t
fewest_crossbars(random_case *x)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = NULL;
  int32_t n;

  x->o.crossbars = RRAMNAS_CROSSBARS_AUTO;
  if (rramnas_compile(x->hw, x->net, &x->o, NULL, &m, &err) < 0)
    fail_msg("%s", err.message);
  n = m->crossbars_available;
  rramnas_mapping_unref(m);
  return n;
}

/* Of the objective on so many crossbars; huge when the network does not fit. */
static double
time_on(random_case *x, int32_t crossbars)
{
  rramnas_compile_options resolved;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = NULL;
  double ns = 0;

  x->o.crossbars = crossbars;
  if (rramnas_compile(x->hw, x->net, &x->o, NULL, &m, &err) == RRAMNAS_ERR_DOES_NOT_FIT)
    return 1e300;
  if (!m || rramnas_mapping_check(m, &err) < 0)
    fail_msg("seed %u: %s", (unsigned)x->o.seed, err.message);
  assert_int_equal(rrn_compile_resolve(&x->o, x->hw, &resolved, &err), RRAMNAS_OK);
  assert_int_equal(rrn_race_completion(m, resolved.samples, &ns, &err), RRAMNAS_OK);
  rramnas_mapping_unref(m);
  return ns;
}

static void
check_not_slower(const random_case *x, double ns, double than_ns)
{
  if (ns > than_ns * (1 + 1e-9))
    fail_msg("seed %u, effort %d, objective %d, samples %d, depthwise %d, %d crossbars: %.17g ns, %.17g before",
             (unsigned)x->o.seed, (int)x->o.effort, (int)x->o.objective, (int)x->o.samples, (int)x->o.depthwise,
             (int)x->o.crossbars, ns, than_ns);
}

/* --- results --- */

/* From too few crossbars, one by one and then by ever more, to far more than are of use. */
static void
more_crossbars_are_never_slower(void **state)
{
  test_random r = { 31 };
  int i, k;

  (void)state;
  for (i = 0; i < ROUNDS; i++) {
    double ns, last = 1e300;
    random_case x;
    int32_t bars;

    make(&r, &x, i);
    bars = fewest_crossbars(&x) - 2;
    for (k = 0; k < STEPS; k++, last = ns) {
      bars += k < 6 ? 1 : k < STEPS - 1 ? 1 + bars * k / 200 : 20 * bars;
      ns = bars > 0 ? time_on(&x, bars) : 1e300;
      check_not_slower(&x, ns, last);
    }
    assert_true(last < 1e300);
    random_case_end(&x);
  }
}

/* A network of the mobile space, whose floors come from known factors. */
static void
mobile_networks_are_never_slower(void **state)
{
  static const int32_t kernels[20] = { 3, 5, 7, 3, 5, 3, 3, 5, 7, 3, 3, 3, 5, 3, 3, 7, 3, 5, 3, 3 };
  static const int32_t expansions[20] = { 3, 4, 6, 3, 3, 4, 3, 6, 3, 3, 4, 3, 3, 4, 6, 3, 3, 3, 4, 3 };
  static const int32_t depths[4] = { 2, 3, 2, 2 };
  int32_t k;
  int i;

  (void)state;
  for (i = 0; i < 4; i++) {
    double ns, last = 1e300;
    random_case x = { .o = RRAMNAS_COMPILE_OPTIONS_INIT };

    assert_int_equal(rramnas_hw_create_default(NULL, &x.hw, NULL), RRAMNAS_OK);
    assert_int_equal(rramnas_net_create_ofa_mobilenet_v3_small(kernels, expansions, depths, NULL, &x.net, NULL),
                     RRAMNAS_OK);
    x.o.effort = RRAMNAS_EFFORT_FAST;
    x.o.depthwise = i % 2 ? RRAMNAS_DEPTHWISE_AUTO : RRAMNAS_DEPTHWISE_RNC;
    x.o.samples = i < 2 ? 8 : 1;
    for (k = MOBILE_FIRST; k < MOBILE_LAST; k += 1 + k / 40, last = ns) {
      ns = time_on(&x, k);
      check_not_slower(&x, ns, last);
    }
    assert_true(last < 1e300);
    random_case_end(&x);
  }
}

/* Policy rnc's mapping on 154 crossbars is the second try's, which on 152 is out; on 150 there is a sooner one. */
static void
mappings_of_rnc_are_forgotten_in_time(void **state)
{
  test_random r = { UINT64_C(9437406057138185101) };
  double ns, last = 1e300;
  random_case x;
  int32_t bars;

  (void)state;
  make(&r, &x, 4);
  for (bars = 149; bars <= 157; bars += 4, last = ns) {
    ns = time_on(&x, bars);
    check_not_slower(&x, ns, last);
  }
  assert_true(last < 1e300);
  random_case_end(&x);
}

/* --- chains of like layers --- */

/* Convolutions from `channels` to `out` and back in turn, on side x side positions. */
typedef struct chain {
  int32_t layers;
  int64_t channels, out, kernel, groups, side;
  int32_t crossbars;  /* that are a few more than needed */
  int32_t most_tries; /* plans that may be made there */
} chain;

static const chain chains[] = {
  { 30, 65, 65, 1, 1, 2, 34, 40 },    /* no two boxes fit in a crossbar uncut */
  { 12, 200, 200, 1, 1, 4, 58, 100 }, /* four boxes a copy, hardly room for all */
  { 3, 2000, 1, 1, 1, 4, 39, 20 },    /* as high as a crossbar, ... */
  { 3, 64, 3000, 1, 1, 4, 144, 60 },  /* ... as wide */
  { 4, 512, 512, 3, 512, 4, 24, 20 }, /* depthwise layers only */
  { 20, 64, 64, 3, 8, 8, 30, 240 },   /* groups of 8 channels, of which few fit on top of each other */
};
enum { CHAINS = sizeof(chains) / sizeof(chains[0]) };

static void
begin_chain(random_case *x, const chain *c, int32_t samples)
{
  const int64_t shape[4] = { 1, c->channels, c->side, c->side };
  rramnas_node node = RRAMNAS_NODE_INIT;
  int32_t at = 0, i;

  *x = (random_case){ .o = RRAMNAS_COMPILE_OPTIONS_INIT };
  assert_int_equal(rramnas_hw_create_default(NULL, &x->hw, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_net_create("chain", NULL, &x->net, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_net_add_input(x->net, "x", shape, 4, &at, NULL), RRAMNAS_OK);
  node.op = RRAMNAS_OP_CONV;
  node.inputs = &at;
  node.n_inputs = 1;
  node.groups = c->groups;
  for (i = 0; i < 2; i++)
    node.kernel[i] = c->kernel;
  for (i = 0; i < 4; i++)
    node.pad[i] = c->kernel / 2;
  for (i = 0; i < c->layers; i++) {
    node.out_channels = i % 2 ? c->channels : c->out;
    assert_int_equal(rramnas_net_add_node(x->net, &node, &at, NULL), RRAMNAS_OK);
  }
  assert_int_equal(rramnas_net_finish(x->net, NULL), RRAMNAS_OK);
  x->o.effort = RRAMNAS_EFFORT_FAST;
  x->o.samples = samples;
}

/* From too few crossbars to far more than are of use. */
static void
chains_are_never_slower(void **state)
{
  int i;

  (void)state;
  for (i = 0; i < 2 * CHAINS; i++) {
    const chain *c = &chains[i / 2];
    double ns, last = 1e300;
    random_case x;
    int32_t bars;

    begin_chain(&x, c, i % 2 ? 8 : 1);
    for (bars = 1 + c->crossbars / 4; bars < 9 * c->crossbars; bars += 1 + bars / CHAIN_STEP, last = ns) {
      ns = time_on(&x, bars);
      check_not_slower(&x, ns, last);
    }
    assert_true(last < 1e300);
    random_case_end(&x);
  }
}

static void
few_plans_are_made_and_none_is_far_behind(void **state)
{
  int i;

  (void)state;
  for (i = 0; i < CHAINS; i++) {
    const chain *c = &chains[i];
    rramnas_mapping *m;
    random_case x;
    double ns;

    begin_chain(&x, c, 8);
    x.o.crossbars = c->crossbars;
    m = random_case_compile(&x);
    if (m->tries > c->most_tries)
      fail_msg("chain %d: %d plans", i, (int)m->tries);
    rramnas_mapping_unref(m);
    ns = time_on(&x, c->crossbars);
    x.o.effort = RRAMNAS_EFFORT_BALANCED;
    if (ns > MOST_BEHIND * time_on(&x, c->crossbars))
      fail_msg("chain %d: %g ns", i, ns);
    random_case_end(&x);
  }
}

static void
balanced_is_never_slower(void **state)
{
  test_random r = { 32 };
  int i;

  (void)state;
  for (i = 0; i < EFFORT_ROUNDS; i++) {
    random_case x;
    int32_t bars;
    double ns;

    make(&r, &x, i);
    bars = fewest_crossbars(&x) + (int32_t)test_below(&r, 8);
    ns = time_on(&x, bars);
    x.o.effort = RRAMNAS_EFFORT_BALANCED;
    check_not_slower(&x, time_on(&x, bars + (int32_t)test_below(&r, 2)), ns);
    random_case_end(&x);
  }
}

/* --- relaxed times and floors --- */

/* The network's matrices, with so many crossbars at hand. */
static void
begin_race(rrn_race *race, rramnas_mapping *m, const random_case *x, rramnas_compile_options *resolved,
           int32_t crossbars)
{
  assert_int_equal(rrn_compile_resolve(&x->o, x->hw, resolved, NULL), RRAMNAS_OK);
  m->crossbars_available = crossbars;
  assert_int_equal(rrn_race_init(race, m, resolved, NULL), RRAMNAS_OK);
}

static void
check_ideal(const rramnas_mapping *m, const random_case *x, int32_t most)
{
  rrn_ideal *ideal = NULL;
  double ns, last = 1e300;
  rrn_arena arena;
  int32_t bars;

  rrn_arena_init(&arena, &m->rt);
  assert_int_equal(rrn_ideal_new(m, x->o.depthwise, 0.1, &arena, &ideal, NULL), RRAMNAS_OK);
  for (bars = 1; bars <= most; bars++, last = ns) {
    ns = rrn_ideal_ns(ideal, bars);
    assert_true(ns > 0 && ns <= last * (1 + 1e-12));
  }
  assert_true(last < 1e300 && rrn_ideal_least_ns(ideal, 1) <= last * (1 + 1e-9));
  rrn_arena_release(&arena);
}

static void
relaxed_time_never_rises(void **state)
{
  test_random r = { 33 };
  int i;

  (void)state;
  for (i = 0; i < FLOOR_ROUNDS; i++) {
    rramnas_mapping *m;
    random_case x;

    make(&r, &x, i);
    x.o.crossbars = fewest_crossbars(&x);
    m = random_case_compile(&x);
    check_ideal(m, &x, 4 * x.o.crossbars + 100);
    rramnas_mapping_unref(m);
    random_case_end(&x);
  }
}

/* Those that are of use are too. */
static void
check_use(rrn_rungs *few, rrn_rungs *many)
{
  int32_t i, k;

  few->bottom = many->bottom = 0;
  i = rrn_rungs_below(few, few->n);
  k = rrn_rungs_below(many, many->n);
  while (k >= few->n)
    k = rrn_rungs_below(many, k);
  for (; i > 0; i = rrn_rungs_below(few, i), k = rrn_rungs_below(many, k))
    assert_int_equal(i, k);
  assert_true(i == 0 && k == 0);
}

/* Those of few crossbars are the first ones of many; their times never rise. */
static void
check_anchors(const rrn_rungs *few, const rrn_rungs *many)
{
  int32_t i;

  assert_true(many->factor > 0 || many->n_anchors > 0);
  assert_true(few->n_anchors <= many->n_anchors);
  for (i = 0; i < many->n_anchors; i++) {
    const rrn_anchor *x = &many->anchors[i];

    assert_true(i == 0 || (x->crossbars > x[-1].crossbars && x->ns <= x[-1].ns && x->slope_ns < x[-1].slope_ns));
    if (i < few->n_anchors)
      assert_true(x->crossbars == few->anchors[i].crossbars && few->anchors[i].ns - x->ns == 0);
  }
}

/* Rungs of few crossbars are the first ones of many, with the same floors, which never rise. */
static void
check_floors(rrn_rungs *few, rrn_rungs *many)
{
  int32_t i;

  assert_true(few->n > 0 && few->n <= many->n);
  for (i = 0; i < many->n; i++) {
    const double ns = rrn_rungs_floor_ns(many, i);

    assert_true(ns > 0 && ns < 1e299);
    assert_true(i == 0 || (many->crossbars[i] > many->crossbars[i - 1] &&
                           ns <= rrn_rungs_floor_ns(many, i - 1) * (1 + 1e-12)));
    if (i < few->n)
      assert_true(few->crossbars[i] == many->crossbars[i] && rrn_rungs_floor_ns(few, i) - ns == 0);
  }
  check_use(few, many);
}

/* No result is sooner than a floor of as many crossbars or more. */
static void
check_result(const rrn_race *race, rrn_rungs *many)
{
  int32_t i;

  for (i = 0; i < many->n; i++)
    if (many->crossbars[i] >= race->m->crossbars_available)
      assert_true(race->best_ns >= rrn_rungs_floor_ns(many, i) * (1 - 1e-12));
}

static void
floors_hold_whatever_is_at_hand(void **state)
{
  test_random r = { 34 };
  int i;

  (void)state;
  for (i = 0; i < FLOOR_ROUNDS; i++) {
    rramnas_compile_options resolved;
    rramnas_mapping *m, many;
    rrn_rungs few_rungs, many_rungs;
    rrn_race race[2];
    random_case x;

    make(&r, &x, i);
    x.o.crossbars = fewest_crossbars(&x) + (int32_t)test_below(&r, 30);
    m = random_case_compile(&x);
    many = rrn_search_bare(m);
    begin_race(&race[0], m, &x, &resolved, x.o.crossbars);
    begin_race(&race[1], &many, &x, &resolved, 2 * x.o.crossbars);
    assert_int_equal(rrn_climb_with(&race[0], &few_rungs), RRAMNAS_OK);
    assert_int_equal(rrn_climb_with(&race[1], &many_rungs), RRAMNAS_OK);
    check_anchors(&few_rungs, &many_rungs);
    check_floors(&few_rungs, &many_rungs);
    check_result(&race[0], &many_rungs);
    assert_true(race[1].best_ns <= race[0].best_ns * (1 + 1e-9));
    rrn_race_release(&race[1]);
    rrn_race_release(&race[0]);
    rramnas_mapping_unref(m);
    random_case_end(&x);
  }
}

/* As many boxes as numbers of 32 bits are too few for: refused, on few crossbars and on the most that there may be. */
static void
more_boxes_than_numbers_are_refused(void **state)
{
  static const char text[] = "crossbar: {rows: 1, cols: 1, subarray_rows: 1}\ndevice: {bits_per_cell: 1}\n"
                             "weight: {bits: 1, slicing: parallel, sign: offset}\n";
  static const int32_t crossbars[] = { 8, 1 << 22 };
  const int64_t shape[2] = { 1, 65536 };
  random_case x = { .o = RRAMNAS_COMPILE_OPTIONS_INIT };
  rramnas_node node = RRAMNAS_NODE_INIT;
  int32_t input = 0;
  size_t i;

  (void)state;
  assert_int_equal(rramnas_net_create("huge", NULL, &x.net, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_net_add_input(x.net, "x", shape, 2, &input, NULL), RRAMNAS_OK);
  node.op = RRAMNAS_OP_GEMM;
  node.inputs = &input;
  node.n_inputs = 1;
  node.out_channels = 65536;
  assert_int_equal(rramnas_net_add_node(x.net, &node, &input, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_net_finish(x.net, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_hw_load_buffer(text, strlen(text), "hw.yaml", RRAMNAS_HW_FORMAT_YAML, NULL, &x.hw, NULL),
                   RRAMNAS_OK);
  for (i = 0; i < 4; i++) {
    rramnas_mapping *m = NULL;

    x.o.effort = i < 2 ? RRAMNAS_EFFORT_FAST : RRAMNAS_EFFORT_BALANCED;
    x.o.crossbars = crossbars[i % 2];
    assert_int_equal(rramnas_compile(x.hw, x.net, &x.o, NULL, &m, NULL), RRAMNAS_ERR_LIMIT);
  }
  random_case_end(&x);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(more_crossbars_are_never_slower),
    cmocka_unit_test(mobile_networks_are_never_slower),
    cmocka_unit_test(mappings_of_rnc_are_forgotten_in_time),
    cmocka_unit_test(chains_are_never_slower),
    cmocka_unit_test(few_plans_are_made_and_none_is_far_behind),
    cmocka_unit_test(balanced_is_never_slower),
    cmocka_unit_test(relaxed_time_never_rises),
    cmocka_unit_test(floors_hold_whatever_is_at_hand),
    cmocka_unit_test(more_boxes_than_numbers_are_refused),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
