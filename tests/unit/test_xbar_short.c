/* SPDX-License-Identifier: MIT */
/* Short arrays: the reference's codes and clips on random layers of several groups, and the same sums on every processor. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../examples/common/tiles.h"
#include "util/random.h"
#include "xbar/adc.h"
#include "xbar/mvm_short.h"

enum { VECTORS = 48, MANY = 512, MOST_GROUPS = 4, MOST_OUT = 20, N_CPUS = 4 };

/* A random layer with the converters of its groups. */
typedef struct layer_case {
  rrn_rt rt;
  rrn_arena arena;
  rrn_xbar_layer layer;
  rrn_xbar_adc adcs[MOST_GROUPS];
  size_t n_groups;
  uint8_t lanes[MANY / RRN_XBAR_SHORT_LANES]; /* vectors in use */
  int32_t *weights;
  uint8_t *x; /* [n_in][VECTORS] */
} layer_case;

static rrn_xbar_spec
random_spec(rrn_random *r, uint32_t number)
{
  static const int32_t signs[] = { RRN_XBAR_DIFFERENTIAL, RRN_XBAR_DIFFERENTIAL, RRN_XBAR_OFFSET, RRN_XBAR_UNIT_COLUMN };
  const rrn_xbar_spec spec = {
    .sign = signs[number % 3 + number % 2 * (number % 3 == 2)], .weight_bits = 2 + (int32_t)rrn_random_below(r, 7),
    .cell_bits = 1 + (int32_t)rrn_random_below(r, 4), .input_bits = 1 + (int32_t)rrn_random_below(r, 8), .dac_bits = 1,
    .rows = 128, .subtract_digitally = number % 3 == 1, .g_off = rrn_random_below(r, 2) ? 0.01 : 0,
    .unit_outputs = number % 5 };

  return spec;
}

/* Ranges of the groups are octaves apart, so that some currents are beyond them. n_in, n_out 0: random. */
static void
make_sized_case(layer_case *c, uint32_t number, size_t n_in, size_t n_out)
{
  rrn_random r = rrn_random_start(7, number, 0, 0);
  const rrn_xbar_spec spec = random_spec(&r, number);
  const size_t some_in = 1 + rrn_random_below(&r, number % 4 == 0 ? 128 : 26), some_out = 1 + rrn_random_below(&r, MOST_OUT);
  const uint32_t limit = (1u << (spec.weight_bits - 1)) - 1;
  /* Cells with write errors only are made apart. */
  const rrn_xbar_noise noise = { .write_model = number % 8 == 5 ? RRN_WRITE_ABSOLUTE : RRN_WRITE_RELATIVE, .write_sigma = 0.05,
                                 .stuck_on_fraction = number % 8 < 4 ? 0.01 : 0, .drift_exponent = 0.02,
                                 .drift_reference_s = 1, .time_s = number % 2 && number % 8 < 4 ? 100 : 0 };
  size_t i;

  n_in = n_in > 0 ? n_in : some_in;
  n_out = n_out > 0 ? n_out : some_out;
  assert_int_equal(rrn_rt_init(&c->rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&c->arena, &c->rt);
  c->n_groups = 1 + rrn_random_below(&r, MOST_GROUPS);
  for (i = 0; i < MANY / RRN_XBAR_SHORT_LANES; i++)
    c->lanes[i] = (uint8_t)(1 + rrn_random_below(&r, RRN_XBAR_SHORT_LANES));
  c->weights = rrn_arena_alloc(&c->arena, c->n_groups * n_out * n_in, sizeof(*c->weights));
  c->x = rrn_arena_alloc(&c->arena, n_in, VECTORS);
  for (i = 0; i < c->n_groups * n_out * n_in; i++)
    c->weights[i] = (int32_t)rrn_random_below(&r, 2 * limit + 1) - (int32_t)limit;
  for (i = 0; i < n_in * VECTORS; i++)
    c->x[i] = (uint8_t)rrn_random_below(&r, rrn_random_below(&r, 3) ? 1u << spec.input_bits : 2);
  assert_int_equal(rrn_xbar_layer_create(&spec, c->weights, n_out, n_in, (rrn_xbar_id){ number, 3, 0 }, &c->layer, NULL),
                   RRAMNAS_OK);
  assert_int_equal(rrn_xbar_adc_set(&c->layer, 5 + (int32_t)(number % 4), (int32_t)(number % 2), NULL), RRAMNAS_OK);
  rrn_xbar_program(&c->layer, &noise);
  for (i = 0; i < c->n_groups * (size_t)c->layer.n_slices; i++) {
    const size_t group = i / (size_t)c->layer.n_slices, slice = i % (size_t)c->layer.n_slices;
    const double factor = rrn_random_below(&r, 2) ? 0.5 : 1;

    if (slice == 0)
      c->adcs[group] = c->layer.adc;
    c->adcs[group].hi[slice] *= factor;
    c->adcs[group].lo[slice] *= factor;
  }
  c->layer.adc = c->adcs[0];
}

static void
make_case(layer_case *c, uint32_t number)
{
  make_sized_case(c, number, 0, 0);
}

/* By the reference: vectors in use, positions after each other; numbers of the streams as of numbers[]. */
static void
expect(layer_case *c, const rrn_xbar_layer *group, double *ret_y, rrn_xbar_stats *stats)
{
  int32_t *x = rrn_arena_alloc(&c->arena, VECTORS * group->n_in, sizeof(*x));
  size_t v, in;

  for (v = 0; v < VECTORS; v++)
    for (in = 0; in < group->n_in; in++)
      x[v * group->n_in + in] = c->x[in * VECTORS + v];
  for (v = 0; v < VECTORS; v++)
    assert_int_equal(rrn_xbar_mvm_reference(&c->arena, group, x + v * group->n_in, 1, (uint32_t)(3 * v), ret_y + v * group->n_out,
                                            v % RRN_XBAR_SHORT_LANES < c->lanes[v / RRN_XBAR_SHORT_LANES] ? stats : NULL, NULL),
                     RRAMNAS_OK);
}

/* Results that are not the reference's: another code would be off by a step at least. */
static size_t
compare(const layer_case *c, const rrn_xbar_short *s, size_t group, const int32_t *sums, const double *y)
{
  size_t n_far = 0;
  double scale, base, input_scale;
  size_t v, out, in;

  rrn_xbar_short_scale(s, group, &scale, &base, &input_scale);
  for (v = 0; v < VECTORS; v++)
    for (out = 0; out < c->layer.n_out; out++) {
      const double want = y[v * c->layer.n_out + out];
      double got = sums[out * VECTORS + v] * scale + base;

      for (in = 0; in < c->layer.n_in; in++)
        got += input_scale * c->x[in * VECTORS + v];
      n_far += !(fabs(got - want) <= 1e-8 * (1 + fabs(want)));
    }
  return n_far;
}

/* With what another copy began, where there is one. */
static void
run_one(layer_case *c, const rrn_xbar_short *begun, const rrn_xbar_short *s, size_t slot, size_t group, const uint8_t *x,
        size_t n, const uint32_t *numbers, int32_t *ret_sums, rrn_xbar_stats *stats)
{
  rrn_xbar_short_group g;

  rrn_xbar_short_begin(begun, group, &g);
  assert_int_equal(rrn_xbar_short_run(&c->arena, s, slot, &g, x, n, n, c->lanes, numbers, ret_sums, stats, NULL), RRAMNAS_OK);
}

/* All processors on all groups: the same sums and clips; the number of results that are not the reference's. */
static size_t
run_all(layer_case *c, const rrn_xbar_short s[N_CPUS], int exact)
{
  static int32_t sums[N_CPUS][2 * MOST_OUT * VECTORS];
  static double y[MOST_OUT * VECTORS];
  uint32_t numbers[VECTORS];
  size_t g, v, n_far = 0;
  int cpu;

  for (v = 0; v < VECTORS; v++)
    numbers[v] = (uint32_t)(3 * v);
  for (g = 0; g < c->n_groups; g++) {
    const rrn_xbar_layer group = rrn_xbar_short_layer(&s[0], g);
    rrn_xbar_stats slow = { 0, 0, 0 }, fast[N_CPUS] = { { 0, 0, 0 } };

    expect(c, &group, y, &slow);
    for (cpu = 0; cpu < N_CPUS; cpu++) {
      run_one(c, &s[cpu], &s[cpu], g, g, c->x, VECTORS, numbers, sums[cpu], &fast[cpu]);
      if (exact)
        assert_memory_equal(&fast[cpu], &slow, sizeof(slow));
      assert_memory_equal(&fast[0], &fast[cpu], sizeof(fast[0]));
      assert_memory_equal(sums[0], sums[cpu], group.n_out * VECTORS * sizeof(sums[0][0]));
    }
    n_far += compare(c, &s[0], g, sums[0], y);
  }
  return n_far;
}

static rrn_xbar_groups
groups_of(const layer_case *c)
{
  return (rrn_xbar_groups){ .all = c->n_groups, .n = c->n_groups, .adcs = c->adcs };
}

static void
create_all(layer_case *c, rrn_xbar_short ret[N_CPUS])
{
  const rrn_xbar_groups groups = groups_of(c);
  static const enum rrn_xbar_cpu cpus[N_CPUS] = { RRN_XBAR_CPU_PLAIN, RRN_XBAR_CPU_AVX2, RRN_XBAR_CPU_AVX512,
                                               RRN_XBAR_CPU_AMX };
  int cpu, fits;

  for (cpu = 0; cpu < N_CPUS; cpu++) {
    const enum rrn_xbar_cpu used = cpus[cpu] < rrn_xbar_cpu_best() ? cpus[cpu] : rrn_xbar_cpu_best();

    assert_int_equal(rrn_xbar_short_create(&c->arena, &c->layer, &groups, NULL, used, &ret[cpu], &fits, NULL),
                     RRAMNAS_OK);
    assert_true(fits);
  }
}

/* The last group written alone: in slot 0, the same cells. */
static void
assert_slot(layer_case *c, const rrn_xbar_short *all)
{
  const uint32_t last = (uint32_t)c->n_groups - 1;
  const rrn_xbar_groups one = { .all = c->n_groups, .n = 1, .groups = &last, .adcs = c->adcs };
  const size_t n = all->head.cols * all->head.n_in * 3 * (size_t)all->n_planes;
  static int32_t sums[2][2 * MOST_OUT * VECTORS];
  rrn_xbar_stats stats[2] = { { 0, 0, 0 }, { 0, 0, 0 } };
  rrn_xbar_layer group, same;
  rrn_xbar_short s;
  int fits;

  assert_int_equal(rrn_xbar_short_create(&c->arena, &c->layer, &one, all, RRN_XBAR_CPU_PLAIN, &s, &fits, NULL),
                   RRAMNAS_OK);
  group = rrn_xbar_short_layer(all, last);
  same = rrn_xbar_short_layer(&s, last);
  assert_memory_equal(&group.adc, &same.adc, sizeof(same.adc));
  assert_memory_equal(s.cells, all->cells + last * n, n);
  run_one(c, all, all, last, last, c->x, VECTORS, NULL, sums[0], &stats[0]);
  run_one(c, all, &s, 0, last, c->x, VECTORS, NULL, sums[1], &stats[1]);
  assert_memory_equal(sums[0], sums[1], group.n_out * VECTORS * sizeof(sums[0][0]));
  assert_memory_equal(&stats[0], &stats[1], sizeof(stats[0]));
}

static void
codes_are_the_references(void **state)
{
  uint32_t number, n_short = 0;

  (void)state;
  for (number = 0; number < 120; number++) {
    rrn_xbar_short s[N_CPUS];
    layer_case c;

    make_case(&c, number);
    if (rrn_xbar_is_short(&c.layer, c.adcs, c.n_groups)) {
      n_short++;
      create_all(&c, s);
      assert_int_equal(run_all(&c, s, 1), 0);
      assert_slot(&c, &s[0]);
    }
    rrn_arena_release(&c.arena);
  }
  assert_true(n_short > 80);
}

/* Variances have 255 steps, so a code may be the next one where the reference's noise differs in its last digits. */
static void
noisy_reads_are_the_references(void **state)
{
  size_t n = 0, n_far = 0;
  uint32_t number;

  (void)state;
  for (number = 0; number < 60; number++) {
    rrn_xbar_short s[N_CPUS];
    layer_case c;

    make_case(&c, number);
    c.layer.read_model = number % 2 ? RRN_READ_RELATIVE : RRN_READ_ABSOLUTE;
    c.layer.read_sigma = 0.02;
    c.layer.read_by_column = 1;
    if (rrn_xbar_is_short(&c.layer, c.adcs, c.n_groups)) {
      create_all(&c, s);
      n_far += run_all(&c, s, 0);
      n += c.n_groups * c.layer.n_out * VECTORS;
    }
    rrn_arena_release(&c.arena);
  }
  print_message("%zu of %zu results with read noise are not the reference's\n", n_far, n);
  assert_true(n > 10000 && n_far * 20 < n);
}

/* With many vectors patterns are listed, and bundles are of eight rows, with few of four: the sums and clips of plain C.
 * ret: clips. */
static int64_t
assert_number(layer_case *c, size_t n)
{
  static uint8_t x[32 * MANY];
  static int32_t sums[N_CPUS][2 * MOST_OUT * MANY];
  rrn_random r = rrn_random_start(8, c->layer.id.layer, 0, 0);
  rrn_xbar_stats stats[N_CPUS] = { { 0, 0, 0 } };
  rrn_xbar_short s[N_CPUS];
  size_t i, g;
  int cpu;

  create_all(c, s);
  for (i = 0; i < c->layer.n_in * n; i++)
    x[i] = (uint8_t)rrn_random_below(&r, 1u << c->layer.n_steps);
  for (g = 0; g < c->n_groups; g++)
    for (cpu = 0; cpu < N_CPUS; cpu++) {
      run_one(c, &s[cpu], &s[cpu], g, g, x, n, NULL, sums[cpu], &stats[cpu]);
      assert_memory_equal(sums[0], sums[cpu], c->layer.n_out * n * sizeof(sums[0][0]));
      assert_memory_equal(&stats[0], &stats[cpu], sizeof(stats[0]));
    }
  return stats[0].clipped_low + stats[0].clipped_high;
}

static void
many_vectors_are_as_few(void **state)
{
  static const size_t sizes[][2] = { { 9, 1 }, { 9, 3 }, { 8, 2 }, { 7, 7 }, { 5, 1 }, { 3, 1 }, { 1, 1 }, { 9, 16 }, { 16, 17 },
                                     { 24, 20 }, { 25, 8 }, { 2, 9 } };
  const size_t n = sizeof(sizes) / sizeof(sizes[0]);
  int64_t n_clips = 0;
  uint32_t number;

  (void)state;
  for (number = 0; number < 6 * n; number++) {
    layer_case c;

    make_sized_case(&c, 1000 + number, sizes[number % n][0], sizes[number % n][1]);
    if (rrn_xbar_is_short(&c.layer, c.adcs, c.n_groups))
      n_clips += assert_number(&c, MANY) + assert_number(&c, RRN_XBAR_SHORT_LANES);
    rrn_arena_release(&c.arena);
  }
  assert_true(n_clips > 1000);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(codes_are_the_references),
    cmocka_unit_test(many_vectors_are_as_few),
    cmocka_unit_test(noisy_reads_are_the_references),
  };

  allow_tiles();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
