/* SPDX-License-Identifier: MIT */
/* RNC's published results: boxes, latencies, duplication, packings, simulated times. Everything is compared with
 * ==, but for the copies of the bottleneck, where the published solver stops within its tolerance. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "compile/numpy.h"
#include "compile/passes.h"
#include "nets.h"
#include "timing/sim.h"

/* --- the passes on their own --- */

typedef struct bench_mapping {
  rramnas_mapping m;
  rramnas_net *net;
  rramnas_hw *hw;
} bench_mapping;

/* 0 when the data does not have the network. */
static int
setup_mapping(bench_mapping *b, const char *net, int side, int depth_split)
{
  const rrn_partition_options cut = { .depth_split = depth_split, .published = 1 };
  int32_t i;

  memset(b, 0, sizeof(*b));
  b->net = test_net(net);
  if (!b->net)
    return 0;
  b->hw = test_hw_rnc(side);
  assert_non_null(b->hw);
  assert_int_equal(rrn_rt_init(&b->m.rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&b->m.arena, &b->m.rt);
  b->m.net = b->net;
  b->m.hw = b->hw;
  assert_int_equal(rrn_matrix_pass(&b->m, 1, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_partition_pass(&b->m, &cut, NULL), RRAMNAS_OK);
  b->m.copies = rrn_arena_alloc(&b->m.arena, (size_t)b->m.n_layers, sizeof(int32_t));
  for (i = 0; i < b->m.n_layers; i++)
    b->m.copies[i] = 1;
  return 1;
}

static void
teardown_mapping(bench_mapping *b)
{
  rrn_arena_release(&b->m.arena);
  rramnas_net_unref(b->net);
  rramnas_hw_unref(b->hw);
}

static void
check_simulation(const rramnas_mapping *m, FILE *f, const char *what)
{
  rrn_sim_options o = { .model = RRAMNAS_TIMING_RNC, .floor_remainder = 1 };
  double latency, free_latency, ours = 0;

  assert_int_equal(fscanf(f, "%d %lf %lf", &o.samples, &latency, &free_latency), 3);
  assert_int_equal(rrn_simulate(m, &o, &ours, NULL), RRAMNAS_OK);
  if (ours != latency)
    fail_msg("%s, %d samples: %.17g ns, expected %.17g", what, (int)o.samples, ours, latency);
  o.no_contention = 1;
  assert_int_equal(rrn_simulate(m, &o, &ours, NULL), RRAMNAS_OK);
  if (ours != free_latency)
    fail_msg("%s, %d samples without contention: %.17g ns, expected %.17g", what, (int)o.samples, ours, free_latency);
}

/* --- cuts --- */

static void
check_split_case(FILE *f, const char *net, int side, int depth_split, size_t n, int rows)
{
  bench_mapping b;
  size_t i = 0;
  int row, k;

  assert_true(setup_mapping(&b, net, side, depth_split));
  assert_int_equal(b.m.n_pieces, n);
  for (row = 0; row < rows; row++) {
    int count, layer, h, w, grouped;
    double latency, total;
    int64_t activations;

    assert_int_equal(fscanf(f, "%d %d %d %d %ld %d %lf %lf", &count, &layer, &h, &w, &activations, &grouped, &latency, &total), 8);
    for (k = 0; k < count; k++, i++) {
      const rrn_piece *p = &b.m.pieces[i];

      if (p->layer != layer || p->rows != h || p->cols != w || p->activations != activations ||
          p->latency_ns != latency || p->latency_ns * (double)p->activations != total)
        fail_msg("%s, side %d, split %d, box %zu differs", net, side, depth_split, i);
    }
  }
  assert_int_equal(i, n);
  teardown_mapping(&b);
}

static void
boxes_and_latencies(void **state)
{
  FILE *f = test_data_open("rnc/split.txt");
  int side, subarray, depth_split, rows, cases = 0;
  char net[64];
  size_t n;

  (void)state;
  assert_non_null(f);
  while (fscanf(f, " case %63s %d %d %d %zu %d", net, &side, &subarray, &depth_split, &n, &rows) == 6) {
    check_split_case(f, net, side, depth_split, n, rows);
    cases++;
  }
  assert_int_equal(cases, 54);
  fclose(f);
}

/* --- duplication --- */

/* 1 when x copies of the bottleneck satisfy all constraints with the solver's slack of 1e-7. */
static int
within_tolerance(const rrn_duplication *d, int64_t x, double budget)
{
  const double rate_b = (double)d->demand[0] * 1e-8;
  double cells = 0;
  int32_t i;

  for (i = 0; i < d->n; i++) {
    const double need = ceil(((double)x * rate_b - 1e-7) / ((double)d->supply[i] * 1e-8));

    cells += (double)d->area[i] * (i == d->bottleneck ? (double)x : need < 1 ? 1 : need);
  }
  return cells <= budget + 1e-7;
}

static void
check_dup_tries(FILE *f, const char *net, const rrn_duplication *d, int tries, int *ret_above)
{
  int32_t *copies = calloc((size_t)d->n, sizeof(*copies));
  int i, crossbars, feasible, xb;
  double margin;

  assert_non_null(copies);
  for (i = 0; i < tries; i++) {
    int64_t solved;
    double budget;

    assert_int_equal(fscanf(f, "%d %lf %d %d", &crossbars, &margin, &feasible, &xb), 4);
    budget = (double)(128 * 128 * crossbars) * margin;
    solved = rrn_duplication_solve(d, budget, copies);
    if ((solved > 0) != feasible || solved > xb)
      fail_msg("%s, %d crossbars, margin %g: %lld copies, expected %d", net, crossbars, margin, (long long)solved, xb);
    if (solved < xb && !within_tolerance(d, xb, budget))
      fail_msg("%s, %d crossbars, margin %g: %lld copies, %d were possible", net, crossbars, margin, (long long)solved, xb);
    *ret_above += solved < xb;
  }
  free(copies);
}

static void
duplication_at_the_optimum(void **state)
{
  FILE *f = test_data_open("rnc/dup.txt");
  int bottleneck, layers, tries, nets = 0, total = 0, above = 0, i, index;
  char net[64];
  double rate;

  (void)state;
  assert_non_null(f);
  while (fscanf(f, " net %63s %d %d %d", net, &bottleneck, &layers, &tries) == 4) {
    rrn_duplication d;
    bench_mapping b;

    assert_true(setup_mapping(&b, net, 128, 1));
    assert_int_equal(b.m.n_layers, layers);
    assert_int_equal(rrn_duplication_model(&b.m, 1, &b.m.arena, &d, NULL), RRAMNAS_OK);
    assert_int_equal(d.bottleneck, bottleneck);
    for (i = 0; i < layers; i++) {
      assert_int_equal(fscanf(f, "%lf", &rate), 1);
      assert_true((double)d.supply[i] == nearbyint(rate * 1e8));
    }
    for (i = 0; i < layers; i++)
      assert_int_equal(fscanf(f, "%d", &index), 1);
    check_dup_tries(f, net, &d, tries, &above);
    teardown_mapping(&b);
    nets++;
    total += tries;
  }
  assert_int_equal(nets, 9);
  assert_int_equal(total, 792);
  /* The published solver overshoots in these, within its tolerance; in all others we agree exactly. */
  assert_int_equal(above, 12);
  fclose(f);
}

/* --- packing and simulation --- */

typedef struct pack_case {
  char net[64];
  int side, depth_split, layer_threshold, max_load, crossbars, find_solution, opened, n_sims, has_copies, has_order;
  unsigned seed;
  size_t n_boxes;
} pack_case;

static int
read_case(FILE *f, pack_case *c)
{
  return fscanf(f, " case %63s %d %d %u %d %d %d %d %d %zu %d %d %d", c->net, &c->side, &c->depth_split, &c->seed,
                &c->layer_threshold, &c->max_load, &c->crossbars, &c->find_solution, &c->opened, &c->n_boxes, &c->n_sims,
                &c->has_copies, &c->has_order) == 13;
}

static int32_t *
case_order(FILE *f, const pack_case *c, rrn_arena *arena)
{
  int32_t *order = rrn_arena_alloc(arena, c->n_boxes, sizeof(*order));
  int32_t *heads = rrn_arena_alloc(arena, c->n_boxes + 2, sizeof(*heads));
  double *keys = rrn_arena_alloc(arena, c->n_boxes, sizeof(*keys));
  rrn_mt19937 rng;
  size_t i;

  rrn_mt19937_seed(&rng, c->seed);
  rrn_random_order(&rng, c->n_boxes, order, keys, heads);
  for (i = 0; c->has_order && i < c->n_boxes; i++)
    assert_int_equal(fscanf(f, "%d", &order[i]), 1);
  return order;
}

static void
read_copies(FILE *f, const pack_case *c, rramnas_mapping *m)
{
  int32_t i;

  for (i = 0; c->has_copies && i < m->n_layers; i++)
    assert_int_equal(fscanf(f, "%d", &m->copies[i]), 1);
}

static void
check_packing(FILE *f, const pack_case *c, rramnas_mapping *m)
{
  const rrn_pack_rules rules = { c->side, c->side, c->crossbars, c->find_solution, c->layer_threshold,
                                 c->max_load ? c->max_load : INT32_MAX };
  const int32_t *order = case_order(f, c, &m->arena);
  rrn_pack_result packed = { 0 };
  rrn_pack_box *boxes;
  size_t n, i;

  assert_int_equal(rrn_place_boxes(m, &m->arena, &boxes, &n, NULL), RRAMNAS_OK);
  assert_int_equal(n, c->n_boxes);
  assert_int_equal(rrn_pack_published(&rules, boxes, order, n, &m->arena, &packed, NULL), RRAMNAS_OK);
  packed.n = n;
  assert_true(packed.fits);
  assert_int_equal(packed.opened, c->opened);
  for (i = 0; i < n; i++) {
    rrn_pack_spot s;

    assert_int_equal(fscanf(f, "%d %d %d", &s.crossbar, &s.col, &s.row), 3);
    if (memcmp(&s, &packed.spots[i], sizeof(s)) != 0)
      fail_msg("%s, side %d, seed %u: box %zu is elsewhere", c->net, c->side, c->seed, i);
  }
  m->sharing = (rrn_sharing){ rules.layer_threshold, rules.max_load };
  m->crossbars_available = packed.opened > c->crossbars ? packed.opened : c->crossbars;
  assert_int_equal(rrn_place_commit(m, &packed, NULL), RRAMNAS_OK);
}

/* The same run through the public functions alone. */
static void
check_public(const pack_case *c, const bench_mapping *b)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_timing_options how = RRAMNAS_TIMING_OPTIONS_INIT;
  rramnas_timing t = RRAMNAS_TIMING_INIT;
  rrn_sim_options direct = { .model = RRAMNAS_TIMING_RNC, .samples = 8, .floor_remainder = 1 };
  rramnas_mapping *mapping = NULL;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  double latency = 0;

  o.policy = RRAMNAS_POLICY_RNC_PUBLISHED;
  o.crossbars = c->crossbars;
  o.find_solution = c->find_solution;
  o.seed = c->seed;
  o.depth_split = c->depth_split;
  o.layer_threshold = c->layer_threshold < 0 ? RRAMNAS_UNLIMITED : c->layer_threshold;
  o.max_load = c->max_load ? c->max_load : RRAMNAS_UNLIMITED;
  o.copies = b->m.copies;
  o.n_copies = (size_t)b->m.n_layers;
  if (rramnas_compile(b->hw, b->net, &o, NULL, &mapping, &err) < 0)
    fail_msg("%s: %s", c->net, err.message);
  how.model = RRAMNAS_TIMING_RNC;
  how.samples = 8;
  how.floor_remainder = 1;
  how.no_baseline = 1;
  assert_int_equal(rramnas_mapping_simulate(mapping, &how, &t, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_simulate(&b->m, &direct, &latency, NULL), RRAMNAS_OK);
  assert_true(t.latency_ns == latency);
  rramnas_mapping_unref(mapping);
}

static void
packings_and_simulated_times(void **state)
{
  FILE *f = test_data_open("rnc/pack.txt");
  int cases = 0, sims = 0, i;
  pack_case c;

  (void)state;
  assert_non_null(f);
  while (read_case(f, &c)) {
    bench_mapping b;

    assert_true(setup_mapping(&b, c.net, c.side, c.depth_split));
    read_copies(f, &c, &b.m);
    check_packing(f, &c, &b.m);
    for (i = 0; i < c.n_sims; i++, sims++)
      check_simulation(&b.m, f, c.net);
    if (!c.has_order)
      check_public(&c, &b);
    teardown_mapping(&b);
    cases++;
  }
  assert_int_equal(cases, 102);
  assert_int_equal(sims, 497);
  fclose(f);
}

/* --- the baseline: every box alone --- */

static void
place_alone(rramnas_mapping *m)
{
  rrn_pack_result packed = { .n = m->n_pieces, .opened = (int32_t)m->n_pieces, .fits = 1 };
  size_t i;

  packed.spots = rrn_arena_alloc(&m->arena, m->n_pieces, sizeof(*packed.spots));
  for (i = 0; i < m->n_pieces; i++)
    packed.spots[i].crossbar = (int32_t)i;
  m->sharing = (rrn_sharing){ -1, 1 };
  m->crossbars_available = (int32_t)m->n_pieces;
  assert_int_equal(rrn_place_commit(m, &packed, NULL), RRAMNAS_OK);
}

static void
baseline_times(void **state)
{
  FILE *f = test_data_open("rnc/baseline.txt");
  int side, depth_split, crossbars, compared = 0;
  char net[64], rest[256];

  (void)state;
  assert_non_null(f);
  while (fscanf(f, "%63s %d %d %d", net, &side, &depth_split, &crossbars) == 4) {
    bench_mapping b;

    if (!setup_mapping(&b, net, side, depth_split)) {
      assert_non_null(fgets(rest, sizeof(rest), f));
      continue;
    }
    assert_int_equal(b.m.n_pieces, crossbars);
    place_alone(&b.m);
    check_simulation(&b.m, f, net);
    teardown_mapping(&b);
    compared++;
  }
  assert_int_equal(compared, 150);
  fclose(f);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(boxes_and_latencies),
    cmocka_unit_test(duplication_at_the_optimum),
    cmocka_unit_test(packings_and_simulated_times),
    cmocka_unit_test(baseline_times),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
