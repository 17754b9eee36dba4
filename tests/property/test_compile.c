/* SPDX-License-Identifier: MIT */
/* Random networks on random chips by every policy: mappings keep the invariants, bounds hold, results repeat,
 * and a chip that was said to be enough is enough. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "random_case.h"
#include "rounds.h"

enum { ROUNDS = TEST_ROUNDS(300) };

static void
make(test_random *r, random_case *x)
{
  static const int32_t policies[] = { RRAMNAS_POLICY_ISAAC, RRAMNAS_POLICY_RNC, RRAMNAS_POLICY_RNC };

  random_case_begin(r, x);
  x->o.policy = policies[test_below(r, 3)];
  x->o.crossbars = RRAMNAS_CROSSBARS_AUTO;
  x->o.effort = RRAMNAS_EFFORT_FAST;
  x->o.seed = (uint32_t)test_below(r, 1000);
  x->o.depth_split = 1 + (int32_t)test_below(r, 6);
  x->o.layer_threshold = (int32_t)test_below(r, 5) - 2;
  x->o.max_load = test_below(r, 2) ? 1 + (int32_t)test_below(r, 8) : RRAMNAS_UNLIMITED;
}

static rramnas_mapping_info
info_of(const rramnas_mapping *m)
{
  rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;

  assert_int_equal(rramnas_mapping_get_info(m, &info), RRAMNAS_OK);
  return info;
}

static void
invariants_hold(void **state)
{
  test_random r = { 11 };
  int round;

  (void)state;
  for (round = 0; round < ROUNDS; round++) {
    rramnas_mapping_info info;
    rramnas_mapping *m;
    random_case x;

    make(&r, &x);
    m = random_case_compile(&x);
    info = info_of(m);
    assert_in_range(info.crossbars_bound, 1, info.crossbars_used);
    assert_in_range(info.crossbars_used, 1, info.crossbars_available);
    assert_true(info.utilization > 0 && info.utilization <= 1);
    if (x.o.policy == RRAMNAS_POLICY_ISAAC)
      assert_int_equal(info.crossbars_bound, info.crossbars_used);
    rramnas_mapping_unref(m);
    random_case_end(&x);
  }
}

enum { MOST_MAPPED = 256 };

static size_t
mapped_layers(const rramnas_net *net)
{
  rramnas_layer layer = RRAMNAS_LAYER_INIT;
  size_t i, n = 0;

  for (i = 0; i < rramnas_net_layer_count(net); i++) {
    assert_int_equal(rramnas_net_layer(net, i, &layer), RRAMNAS_OK);
    n += layer.mapped;
  }
  assert_in_range(n, 1, MOST_MAPPED);
  return n;
}

static double
cells_of(const rramnas_mapping *m)
{
  const rramnas_mapping_info info = info_of(m);

  return info.utilization * info.crossbars_used;
}

static rramnas_cost
cost_of(const rramnas_mapping *m, double *ret_latency_ns)
{
  rramnas_cost cost = RRAMNAS_COST_INIT;

  assert_int_equal(rramnas_mapping_get_cost(m, NULL, &cost, NULL), RRAMNAS_OK);
  *ret_latency_ns = cost.latency_ns;
  return cost;
}

/* Bits of layers, with one copy of each in whole tiles: the chip's own change nothing; fewer input bits never take more
 * time or energy, fewer weight bits never more cells; more than the chip's are refused. (Narrow weights may take more
 * time: more of them are read in a tile.) */
static void
fewer_bits_cost_no_more(void **state)
{
  test_random r = { 17 };
  int round, faster = 0, smaller = 0;

  (void)state;
  for (round = 0; round < ROUNDS / 3; round++) {
    int32_t weight[MOST_MAPPED + 1] = { 0 }, input[MOST_MAPPED + 1] = { 0 };
    double most_weight, most_input, ns[4];
    rramnas_mapping *m[4] = { NULL, NULL, NULL, NULL }, *refused = NULL;
    rramnas_cost cost[4];
    random_case x;
    size_t n, i;
    int k;

    random_case_begin(&r, &x);
    n = mapped_layers(x.net);
    rramnas_hw_get_number(x.hw, "weight.bits", &most_weight);
    rramnas_hw_get_number(x.hw, "input.bits", &most_input);
    x.o.policy = RRAMNAS_POLICY_ISAAC;
    x.o.crossbars = RRAMNAS_CROSSBARS_AUTO;
    m[0] = random_case_compile(&x);
    x.o.weight_bits = weight;
    x.o.input_bits = input;
    x.o.n_bits = n;
    m[1] = random_case_compile(&x);
    for (i = 0; i < n; i++)
      input[i] = (int32_t)test_below(&r, (uint32_t)most_input + 1);
    m[2] = random_case_compile(&x);
    for (i = 0; i < n; i++)
      weight[i] = (int32_t)test_below(&r, (uint32_t)most_weight + 1);
    m[3] = random_case_compile(&x);
    for (k = 0; k < 4; k++)
      cost[k] = cost_of(m[k], &ns[k]);
    assert_true(ns[0] == ns[1] && cost[0].energy_pj == cost[1].energy_pj && cells_of(m[0]) == cells_of(m[1]));
    assert_true(ns[2] <= ns[0] && cost[2].energy_dynamic_pj <= cost[0].energy_dynamic_pj * (1 + 1e-12));
    assert_true(cells_of(m[2]) == cells_of(m[0]) && cells_of(m[3]) <= cells_of(m[0]) * (1 + 1e-12));
    faster += ns[2] < ns[0];
    smaller += cells_of(m[3]) < cells_of(m[0]) || cost[3].write_energy_pj < cost[0].write_energy_pj;
    weight[n - 1] = (int32_t)most_weight + 1;
    assert_int_equal(rramnas_compile(x.hw, x.net, &x.o, NULL, &refused, NULL), RRAMNAS_ERR_RANGE);
    weight[n - 1] = 0;
    x.o.n_bits = n + 1;
    weight[n] = input[n] = 0;
    assert_int_equal(rramnas_compile(x.hw, x.net, &x.o, NULL, &refused, NULL), RRAMNAS_ERR_ARGUMENT);
    for (k = 0; k < 4; k++)
      rramnas_mapping_unref(m[k]);
    random_case_end(&x);
  }
  assert_true(faster > ROUNDS / 6 && smaller > ROUNDS / 20);
}

/* With exactly the crossbars that auto found, and with more, the network fits; below the bound it never does, and
 * the message has both numbers. */
static void
auto_is_enough_and_the_bound_is_not_beaten(void **state)
{
  test_random r = { 12 };
  int round, duplicated = 0;

  (void)state;
  for (round = 0; round < ROUNDS; round++) {
    rramnas_error err = RRAMNAS_ERROR_INIT;
    rramnas_mapping_info info;
    rramnas_mapping *m;
    char number[32];
    random_case x;

    make(&r, &x);
    m = random_case_compile(&x);
    info = info_of(m);
    rramnas_mapping_unref(m);
    x.o.crossbars = info.crossbars_available;
    rramnas_mapping_unref(random_case_compile(&x));
    x.o.crossbars = 3 * info.crossbars_available;
    m = random_case_compile(&x);
    duplicated += info_of(m).duplicated;
    rramnas_mapping_unref(m);
    m = NULL;
    x.o.crossbars = info.crossbars_bound - 1;
    if (x.o.crossbars > 0) {
      assert_int_equal(rramnas_compile(x.hw, x.net, &x.o, NULL, &m, &err), RRAMNAS_ERR_DOES_NOT_FIT);
      assert_null(m);
      snprintf(number, sizeof(number), "at least %d crossbars", (int)info.crossbars_bound);
      assert_non_null(strstr(err.message, number));
    }
    random_case_end(&x);
  }
  assert_in_range(duplicated, ROUNDS / 3, ROUNDS);
}

static void
results_repeat(void **state)
{
  test_random r = { 13 };
  int round;

  (void)state;
  for (round = 0; round < ROUNDS / 4; round++) {
    rramnas_mapping *m[2];
    int32_t *rows[2];
    size_t n;
    random_case x;
    int i;

    make(&r, &x);
    x.o.crossbars = test_below(&r, 2) ? RRAMNAS_CROSSBARS_AUTO : 1 << 16;
    for (i = 0; i < 2; i++) {
      m[i] = random_case_compile(&x);
      n = (size_t)info_of(m[i]).n_placements;
      rows[i] = calloc(n, 8 * sizeof(int32_t));
      assert_int_equal(rramnas_mapping_get_placements(m[i], rows[i], n), RRAMNAS_OK);
    }
    assert_int_equal(info_of(m[0]).n_placements, info_of(m[1]).n_placements);
    assert_memory_equal(rows[0], rows[1], n * 8 * sizeof(int32_t));
    for (i = 0; i < 2; i++) {
      rramnas_mapping_unref(m[i]);
      free(rows[i]);
    }
    random_case_end(&x);
  }
}

/* The published form on square crossbars with one column per weight, where it has a meaning. */
static void
published_keeps_the_invariants_on_its_own_ground(void **state)
{
  test_random r = { 14 };
  int round;

  (void)state;
  for (round = 0; round < ROUNDS / 3; round++) {
    rramnas_error err = RRAMNAS_ERROR_INIT;
    rramnas_mapping *m = NULL;
    random_case x;

    make(&r, &x);
    rramnas_hw_unref(x.hw);
    x.hw = NULL;
    assert_int_equal(rramnas_hw_create_default(NULL, &x.hw, NULL), RRAMNAS_OK);
    x.o.policy = RRAMNAS_POLICY_RNC_PUBLISHED;
    x.o.depth_split = 1;
    if (rramnas_compile(x.hw, x.net, &x.o, NULL, &m, &err) < 0)
      fail_msg("%s", err.message);
    assert_in_range(info_of(m).crossbars_used, 1, info_of(m).crossbars_available);
    rramnas_mapping_unref(m);
    random_case_end(&x);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(invariants_hold),
    cmocka_unit_test(fewer_bits_cost_no_more),
    cmocka_unit_test(auto_is_enough_and_the_bound_is_not_beaten),
    cmocka_unit_test(results_repeat),
    cmocka_unit_test(published_keeps_the_invariants_on_its_own_ground),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
