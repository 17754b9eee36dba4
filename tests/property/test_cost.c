/* SPDX-License-Identifier: MIT */
/* Laws of costs on random networks, chips, policies and timing models: parts sum to the total to the bit, more never
 * costs less, work and waiting are kept apart. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "cost/cost.h"
#include "cost/model.h"
#include "random_hw.h"
#include "random_net.h"

typedef struct sample {
  rramnas_mapping *m;
  rramnas_cost_options o;
  rramnas_cost cost;
  double (*layers)[RRAMNAS_COST_COMPONENTS][RRN_COST_KINDS];
  double (*bars)[5];
  size_t n_layers;
  int32_t n_bars;
} sample;

static rramnas_mapping *
random_mapping(test_random *r, int round)
{
  static const int32_t policies[] = { RRAMNAS_POLICY_ISAAC, RRAMNAS_POLICY_RNC, RRAMNAS_POLICY_RNC_PUBLISHED,
                                      RRAMNAS_POLICY_BEST };
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_net *net = random_net_create(r);
  rramnas_hw *hw = random_hw_create(r);
  rramnas_mapping *m = NULL;

  o.policy = policies[round % 4];
  o.effort = RRAMNAS_EFFORT_FAST;
  o.crossbars = test_below(r, 2) ? RRAMNAS_CROSSBARS_AUTO : 16 + (int32_t)test_below(r, 600);
  if (rramnas_compile(hw, net, &o, NULL, &m, NULL) < 0)
    m = NULL;
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
  return m;
}

static void
must(int32_t status, const rramnas_error *err)
{
  if (status < 0)
    fail_msg("%s", err->message);
}

/* 0 when the random network does not fit the random chip. */
static int
take(test_random *r, int round, sample *s)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;

  memset(s, 0, sizeof(*s));
  s->m = random_mapping(r, round);
  if (!s->m)
    return 0;
  s->o.size = sizeof(s->o);
  s->o.timing_model = 1 + (int32_t)test_below(r, 2);
  s->o.samples = 1 + (int32_t)test_below(r, 9);
  s->cost.size = sizeof(s->cost);
  s->n_layers = s->m->net->n_layers + 1;
  s->n_bars = s->m->crossbars_available + 1;
  s->layers = calloc(s->n_layers, sizeof(*s->layers));
  s->bars = calloc((size_t)s->n_bars, sizeof(*s->bars));
  must(rramnas_mapping_get_cost(s->m, &s->o, &s->cost, &err), &err);
  must(rramnas_mapping_get_cost_layers(s->m, &s->o, &s->layers[0][0][0], s->n_layers, &err), &err);
  must(rramnas_mapping_get_cost_crossbars(s->m, &s->o, &s->bars[0][0], (size_t)s->n_bars, &err), &err);
  return 1;
}

static void
drop(sample *s)
{
  rramnas_mapping_unref(s->m);
  free(s->layers);
  free(s->bars);
}

static double
total(const rramnas_cost *c, int32_t kind)
{
  return kind == RRN_COST_DYNAMIC ? c->energy_dynamic_pj : kind == RRN_COST_STATIC ? c->energy_static_pj : c->area_um2;
}

/* By component, by layer, backwards, and in an order that is no order: all the same bits. */
static void
check_layer_sums(const sample *s, test_random *r, int32_t kind)
{
  const size_t n = s->n_layers * RRAMNAS_COST_COMPONENTS;
  double by_component = 0, by_layer = 0, shuffled = 0;
  size_t i, *order = malloc(n * sizeof(*order));
  int32_t k;

  for (k = RRAMNAS_COST_COMPONENTS - 1; k >= 0; k--) {
    double sum = 0;

    for (i = s->n_layers; i-- > 0;) {
      assert_true(s->layers[i][k][kind] >= 0);
      sum += s->layers[i][k][kind];
    }
    by_component += sum;
  }
  for (i = 0; i < s->n_layers; i++) {
    double sum = 0;

    for (k = 0; k < RRAMNAS_COST_COMPONENTS; k++)
      sum += s->layers[i][k][kind];
    by_layer += sum;
  }
  for (i = 0; i < n; i++) {
    const size_t at = (size_t)test_below(r, i + 1);

    order[i] = order[at];
    order[at] = i;
  }
  for (i = 0; i < n; i++)
    shuffled += s->layers[order[i] / RRAMNAS_COST_COMPONENTS][order[i] % RRAMNAS_COST_COMPONENTS][kind];
  assert_true(by_component == total(&s->cost, kind) && by_layer == by_component && shuffled == by_component);
  free(order);
}

static void
check_bar_sums(const sample *s, int32_t kind)
{
  double forwards = 0, backwards = 0;
  int32_t i;

  for (i = 0; i < s->n_bars; i++) {
    assert_true(s->bars[i][kind] >= 0);
    forwards += s->bars[i][kind];
    backwards += s->bars[s->n_bars - 1 - i][kind];
  }
  assert_true(forwards == total(&s->cost, kind) && backwards == forwards);
}

static void
parts_sum_to_the_total(void **state)
{
  test_random r = { 71 };
  int round, checked = 0;
  int32_t kind;
  sample s;

  (void)state;
  for (round = 0; round < 160; round++) {
    if (!take(&r, round, &s))
      continue;
    for (kind = 0; kind < RRN_COST_KINDS; kind++) {
      check_layer_sums(&s, &r, kind);
      check_bar_sums(&s, kind);
    }
    assert_true(s.cost.energy_pj == s.cost.energy_dynamic_pj + s.cost.energy_static_pj);
    checked++;
    drop(&s);
  }
  assert_in_range(checked, 60, 160);
}

/* Figures are in their ranges, and time is busy or idle. */
static void
figures(void **state)
{
  test_random r = { 72 };
  int round;
  int32_t i;
  sample s;

  (void)state;
  for (round = 0; round < 120; round++) {
    const rramnas_cost *c = &s.cost;

    if (!take(&r, round, &s))
      continue;
    assert_true(c->latency_ns > 0 && c->energy_dynamic_pj > 0 && c->area_um2 > 0 && c->write_energy_pj > 0);
    /* As published, boxes may reach out of their crossbar. */
    assert_true(s.m->policy == RRAMNAS_POLICY_RNC_PUBLISHED || (c->cell_utilization > 0 && c->cell_utilization <= 1));
    assert_true(c->busy_share > 0 && c->busy_share <= 1 + 1e-9);
    assert_true(c->ir_drop >= c->ir_drop_typical && c->ir_drop_typical > 0 && c->ir_drop < 1);
    assert_true(c->crossbars == s.n_bars - 1 && c->arrays >= c->crossbars && c->tiles > 0);
    assert_true(fabs(c->power_mw * c->latency_ns - c->energy_pj) <= 1e-12 * c->energy_pj);
    for (i = 0; i < s.n_bars - 1; i++)
      assert_true(fabs(s.bars[i][3] + s.bars[i][4] - c->latency_ns) <= 1e-9 * c->latency_ns);
    drop(&s);
  }
}

static rramnas_cost
with(const sample *s, const char *field, const char *value, double latency_ns)
{
  rramnas_cost_options o = s->o;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_cost c = RRAMNAS_COST_INIT;
  rramnas_hw *hw = NULL;

  must(rramnas_hw_with_value(s->m->hw, field, value, &hw, &err), &err);
  o.hw = hw;
  o.latency_ns = latency_ns;
  must(rramnas_mapping_get_cost(s->m, &o, &c, &err), &err);
  rramnas_hw_unref(hw);
  return c;
}

/* But for the grid, which is made for the sum. */
static int
no_less(double a, double b, double sum)
{
  return a >= b - 1e-12 * sum;
}

/* Dimension by dimension: a larger value never costs less, time aside. */
static void
more_never_costs_less(void **state)
{
  static const struct { const char *field, *less, *more; } pairs[] = {
    { "adc.bits", "4", "5" },          { "adc.bits", "8", "12" },          { "input.bits", "4", "8" },
    { "adc.per_subarray", "4", "8" },  { "digital.node_nm", "32", "45" },  { "device.read_voltage_v", "0.1", "0.2" },
    { "device.leakage_pw", "0", "5" }, { "chip.temperature_c", "25", "85" }, { "buffer.input_kb", "64", "128" },
    { "input.activity", "0.1", "0.5" }, { "weight.on_share", "0.2", "0.4" }, { "chip.router_energy_fj", "10", "20" },
  };
  test_random r = { 73 };
  size_t i;
  int round;
  sample s;

  (void)state;
  for (round = 0; round < 40; round++) {
    if (!take(&r, round, &s))
      continue;
    for (i = 0; i < sizeof(pairs) / sizeof(pairs[0]); i++) {
      const rramnas_cost less = with(&s, pairs[i].field, pairs[i].less, 1e6);
      const rramnas_cost more = with(&s, pairs[i].field, pairs[i].more, 1e6);

      /* More ADCs are fewer levels of multiplexers. */
      if (strcmp(pairs[i].field, "adc.per_subarray") != 0 && !no_less(more.energy_dynamic_pj, less.energy_dynamic_pj,
                                                                      more.energy_pj))
        fail_msg("%s %s: less energy than %s", pairs[i].field, pairs[i].more, pairs[i].less);
      if (!no_less(more.energy_static_pj, less.energy_static_pj, more.energy_pj) ||
          !no_less(more.area_um2, less.area_um2, less.area_um2))
        fail_msg("%s %s: less leakage or area than %s", pairs[i].field, pairs[i].more, pairs[i].less);
    }
    drop(&s);
  }
}

/* Bits of the converter, of every kind and model: an activation is never faster, nor energy or area less. */
static void
more_adc_bits(void **state)
{
  rramnas_hw *hw = NULL, *kind = NULL, *next = NULL;
  static const char *const models[] = { "table", "parametric" };
  static const char *const kinds[] = { "sar", "flash", "ramp" };
  int i, k, bits;

  (void)state;
  for (i = 0; i < 2; i++)
    for (k = 0; k < 3; k++) {
      double before_pj = 0, before_um2 = 0, before_ns = 0;

      assert_int_equal(rramnas_hw_create_default(NULL, &hw, NULL), RRAMNAS_OK);
      assert_int_equal(rramnas_hw_with_value(hw, "adc.model", models[i], &next, NULL), RRAMNAS_OK);
      rramnas_hw_unref(hw);
      assert_int_equal(rramnas_hw_with_value(next, "adc.kind", kinds[k], &kind, NULL), RRAMNAS_OK);
      rramnas_hw_unref(next);
      for (bits = 1; bits <= 16; bits++) {
        rrn_model model;
        double ns;
        char text[8];

        snprintf(text, sizeof(text), "%d", bits);
        assert_int_equal(rramnas_hw_with_value(kind, "adc.bits", text, &hw, NULL), RRAMNAS_OK);
        model = rrn_model_of(hw, 4, 1);
        ns = rrn_hw_mvm_latency_ns(hw, 128, 128, 8, NULL);
        assert_true(model.adc.energy_pj >= before_pj && model.chip_area_um2 >= before_um2 && ns >= before_ns);
        before_pj = model.adc.energy_pj;
        before_um2 = model.chip_area_um2;
        before_ns = ns;
        rramnas_hw_unref(hw);
      }
      rramnas_hw_unref(kind);
    }
}

/* Unused crossbars take area and leak, and do nothing else. */
static void
more_crossbars(void **state)
{
  test_random r = { 74 };
  int round;
  sample s;

  (void)state;
  for (round = 0; round < 40; round++) {
    rramnas_mapping *wide;
    rramnas_cost_options o;
    rramnas_cost c = RRAMNAS_COST_INIT;
    double (*rows)[RRAMNAS_COST_COMPONENTS][RRN_COST_KINDS];
    size_t i;
    int32_t k;

    if (!take(&r, round, &s))
      continue;
    wide = malloc(sizeof(*wide));
    memcpy(wide, s.m, sizeof(*wide));
    wide->crossbars_available *= 2;
    o = s.o;
    o.latency_ns = s.cost.latency_ns;
    rows = calloc(s.n_layers, sizeof(*rows));
    assert_int_equal(rramnas_mapping_get_cost(wide, &o, &c, NULL), RRAMNAS_OK);
    assert_int_equal(rramnas_mapping_get_cost_layers(wide, &o, &rows[0][0][0], s.n_layers, NULL), RRAMNAS_OK);
    assert_true(c.area_um2 > s.cost.area_um2); /* twice, unless the last tile had room */
    assert_true(c.energy_static_pj > s.cost.energy_static_pj);
    assert_true(s.n_bars < 10 || (c.area_um2 > 1.9 * s.cost.area_um2 &&
                                  c.energy_static_pj > 1.9 * s.cost.energy_static_pj));
    for (i = 0; i < s.n_layers; i++)
      for (k = 0; k < RRAMNAS_COST_COMPONENTS; k++)
        if (k != RRAMNAS_COMPONENT_INTERCONNECT) /* distances depend on the grid of tiles */
          assert_true(fabs(rows[i][k][RRN_COST_DYNAMIC] - s.layers[i][k][RRN_COST_DYNAMIC]) <= 1e-12 * c.energy_pj);
    free(rows);
    free(wide);
    drop(&s);
  }
}

/* Without activity there is leakage and area and nothing else; twice the inferences are twice the activity, and
 * leakage goes with time. */
static void
work_and_waiting(void **state)
{
  rrn_layer_activity none = { 0 };
  test_random r = { 75 };
  int round;
  sample s;

  (void)state;
  for (round = 0; round < 40; round++) {
    const rrn_model *k;
    rrn_model model;
    rramnas_cost one, two;
    double pj[RRAMNAS_COST_COMPONENTS], leakage = 0;
    int32_t i;

    if (!take(&r, round, &s))
      continue;
    model = rrn_model_of(s.m->hw, s.n_bars - 1, 1);
    k = &model;
    none.layout = &k->layout;
    rrn_model_energy(s.m->hw, k, &none, pj);
    for (i = 0; i < RRAMNAS_COST_COMPONENTS; i++) {
      assert_true(pj[i] == 0);
      leakage += k->leakage_uw[i];
    }
    assert_true(leakage > 0 && k->chip_area_um2 > 0);
    s.o.samples = 3;
    one = with(&s, "name", "x", 1e6);
    s.o.samples = 6;
    two = with(&s, "name", "x", 2e6);
    assert_true(fabs(two.energy_dynamic_pj - 2 * one.energy_dynamic_pj) <= 1e-12 * two.energy_dynamic_pj);
    assert_true(fabs(two.energy_static_pj - 2 * one.energy_static_pj) <= 1e-12 * two.energy_static_pj);
    assert_true(two.area_um2 == one.area_um2);
    assert_true(fabs(two.edp_pj_ns - one.edp_pj_ns) <= 1e-11 * one.edp_pj_ns);
    drop(&s);
  }
}

/* Bits per cell and signs decide how many arrays there are. */
static void
cells_change_arrays(void **state)
{
  static const struct { const char *yaml; int64_t arrays; } cases[] = {
    { "device: {bits_per_cell: 1}\n", 14 }, { "device: {bits_per_cell: 2}\n", 8 },
    { "device: {bits_per_cell: 3}\n", 6 },  { "device: {bits_per_cell: 8}\n", 2 },
    { "device: {bits_per_cell: 2}\nweight: {sign: offset}\n", 4 },
    { "device: {bits_per_cell: 2}\nweight: {slicing: columns}\n", 1 },
  };
  double before_um2 = 0;
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    rramnas_hw *hw = NULL;
    rrn_model k;

    assert_int_equal(rramnas_hw_load_buffer(cases[i].yaml, strlen(cases[i].yaml), "hw", RRAMNAS_HW_FORMAT_YAML, NULL,
                                            &hw,
                                            NULL), RRAMNAS_OK);
    k = rrn_model_of(hw, 10, 1);
    assert_int_equal((int64_t)k.layout.arrays, cases[i].arrays);
    assert_true(k.area_um2[RRAMNAS_COMPONENT_CELL] > 0.999 * 10 * (double)cases[i].arrays * 128 * 128 * 1.44);
    assert_true(i == 0 || i > 3 || k.chip_area_um2 < before_um2);
    before_um2 = k.chip_area_um2;
    rramnas_hw_unref(hw);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(parts_sum_to_the_total), cmocka_unit_test(figures),
         cmocka_unit_test(more_never_costs_less),
    cmocka_unit_test(more_adc_bits),          cmocka_unit_test(more_crossbars),   cmocka_unit_test(work_and_waiting),
    cmocka_unit_test(cells_change_arrays),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
