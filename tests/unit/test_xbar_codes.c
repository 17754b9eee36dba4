/* SPDX-License-Identifier: MIT */
/* Cells of short arrays on their way: the loops of every processor give the bytes of conductances made one by one. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hw/spec.h"
#include "util/random.h"
#include "xbar/mvm_short.h"
#include "xbar/noise.h"

enum { MOST = 40, ROOM = MOST + RRN_XBAR_SHORT_EIGHT, COLS = 3, LEVELS = 3 };

/* A layer with write errors; its weights. */
typedef struct layer_case {
  rrn_xbar_layer l;
  int32_t weights[COLS * MOST];
} layer_case;

static enum rrn_xbar_cpu
cpu_of(int level)
{
  const enum rrn_xbar_cpu best = rrn_xbar_cpu_best();

  return (enum rrn_xbar_cpu)level < best ? (enum rrn_xbar_cpu)level : best;
}

static void
make_case(layer_case *c, uint32_t number, size_t n_in, const rrn_xbar_noise *noise)
{
  rrn_random r = rrn_random_start(11, number, 0, 0);
  const rrn_xbar_spec spec = { .sign = number % 3 == 2 ? RRN_XBAR_OFFSET : RRN_XBAR_DIFFERENTIAL, .weight_bits = 8,
                               .cell_bits = 1 + (int32_t)(number % 4), .input_bits = 8, .dac_bits = 1, .rows = 128,
                               .subtract_digitally = number % 3 == 1, .g_off = number % 2 ? 0.05 : 0 };
  size_t i;

  for (i = 0; i < COLS * n_in; i++)
    c->weights[i] = (int32_t)rrn_random_below(&r, 255) - 127;
  assert_int_equal(rrn_xbar_layer_create(&spec, c->weights, COLS, n_in, (rrn_xbar_id){ .seed = number, .copy = 5 }, &c->l,
                                         NULL), RRAMNAS_OK);
  rrn_xbar_program(&c->l, noise);
}

/* What the loops are told of a plane, and where deviates are. */
static rrn_xbar_short_writing
writing_of(const layer_case *c, int32_t plane, const int32_t *weights, const double *xi)
{
  const rrn_xbar_layer *l = &c->l;
  const int one = rrn_xbar_pairs_are_one(l);

  return (rrn_xbar_short_writing){ .weights = weights, .plus = xi, .minus = one ? xi + l->n_in : NULL, .n = l->n_in,
                                   .sign = !one && l->n_sides == 2 && plane % 2 ? -1 : 1,
                                   .add = l->n_sides == 2 ? 0 : 128, .shift = rrn_xbar_slice_of(l, plane) * l->spec.cell_bits,
                                   .mask = rrn_xbar_max_digit(l), .is_relative = l->noise.write_model == RRN_WRITE_RELATIVE,
                                   .g_off = l->spec.g_off, .unit = rrn_xbar_unit_of(l), .sigma = l->noise.write_sigma,
                                   .per_current = 3.7 };
}

static void
assert_plane(const layer_case *c, size_t col, int32_t plane)
{
  const rrn_xbar_layer *l = &c->l;
  const int one = rrn_xbar_pairs_are_one(l);
  const int32_t slice = rrn_xbar_slice_of(l, plane);
  double xi[4 * ROOM], plus[MOST], minus[MOST], codes[ROOM];
  int32_t weights[ROOM] = { 0 };
  size_t k;
  int level;

  memcpy(weights, l->weights + col * l->n_in, l->n_in * sizeof(*weights));
  for (k = 0; k < 4 * ROOM; k++)
    xi[k] = 1e300;
  rrn_xbar_deviates_of_slices(l, col, slice, 1, xi);
  rrn_xbar_conductances(l, slice, one ? 0 : plane % l->n_sides, col, 0, l->n_in, plus);
  if (one)
    rrn_xbar_conductances(l, slice, 1, col, 0, l->n_in, minus);
  for (level = 0; level < LEVELS; level++) {
    const rrn_xbar_short_writing w =
      writing_of(c, plane, weights, xi + (one ? 0 : (size_t)(plane % l->n_sides) * l->n_in));

    rrn_xbar_short_loops_of(cpu_of(level))->codes(&w, codes);
    for (k = 0; k < l->n_in; k++)
      assert_true(codes[k] == (one ? plus[k] - minus[k] : plus[k]) * 3.7);
    for (; k % RRN_XBAR_SHORT_EIGHT != 0; k++)
      assert_true(codes[k] == 0);
  }
}

static void
codes_are_those_of_conductances(void **state)
{
  uint32_t number;
  size_t n_in, col;
  int32_t plane;

  (void)state;
  for (n_in = 1; n_in <= MOST; n_in++)
    for (number = 0; number < 24; number++) {
      /* With the greatest error many cells would be below zero. */
      const rrn_xbar_noise noise = { .write_model = number % 5 < 3 ? RRN_WRITE_RELATIVE : RRN_WRITE_ABSOLUTE,
                                     .write_sigma = number % 2 ? 0.03 : 0.8 };
      layer_case c;

      make_case(&c, number, n_in, &noise);
      assert_true(rrn_xbar_writes_plainly(&c.l));
      for (col = 0; col < COLS; col++)
        for (plane = 0; plane < rrn_xbar_n_planes(&c.l); plane++)
          assert_plane(&c, col, plane);
    }
}

static void
other_models_are_not_plain(void **state)
{
  static const double table[16] = { 1 };
  const rrn_xbar_noise plain = { .write_model = RRN_WRITE_RELATIVE, .write_sigma = 0.1 };
  rrn_xbar_noise some[] = { plain, plain, plain, plain, plain, plain, plain };
  layer_case c;
  size_t i;

  (void)state;
  some[0].write_model = RRN_WRITE_NONE;
  some[1].write_model = RRN_WRITE_LOGNORMAL;
  some[2].write_model = RRN_WRITE_POLYNOMIAL;
  some[3].level_mean = some[3].level_sigma = table;
  some[4].stuck_off_fraction = 0.1;
  some[5].relaxation = 0.1;
  some[5].time_s = 10;
  some[6].drift_exponent = 0.1;
  some[6].drift_reference_s = 1;
  some[6].time_s = 10;
  for (i = 0; i < sizeof(some) / sizeof(some[0]); i++) {
    make_case(&c, 0, 9, &some[i]);
    assert_false(rrn_xbar_writes_plainly(&c.l));
  }
}

/* Sums in any order are near the loops' own; the loops' are the same everywhere. */
static void
assert_cells(const double *codes, size_t n, double unit)
{
  const size_t stride = (n + RRN_XBAR_SHORT_EIGHT - 1) / RRN_XBAR_SHORT_EIGHT * RRN_XBAR_SHORT_EIGHT;
  rrn_xbar_short_bounds bounds[LEVELS];
  double low = 0, high = 0, greatest = 0, down[LEVELS], up[LEVELS];
  int32_t cells[LEVELS][ROOM];
  uint8_t bytes[3 * MOST + 1];
  size_t k;
  int level;

  for (k = 0; k < n; k++) {
    low += codes[k] < 0 ? codes[k] : 0;
    high += codes[k] > 0 ? codes[k] : 0;
    greatest = rrn_xbar_magnitude(codes[k]) > greatest ? rrn_xbar_magnitude(codes[k]) : greatest;
  }
  for (level = 0; level < LEVELS; level++) {
    const rrn_xbar_short_loops *loops = rrn_xbar_short_loops_of(cpu_of(level));

    loops->bounds(codes, stride, &bounds[level]);
    loops->cells(codes, stride, unit, cells[level], &down[level], &up[level]);
    memset(bytes, 0x5a, sizeof(bytes));
    loops->store(cells[level], n, bytes);
    for (k = 0; k < n; k++) {
      assert_int_equal(rrn_xbar_short_cell(bytes + 3 * k), cells[level][k]);
      assert_true(rrn_xbar_magnitude(codes[k] * unit - cells[level][k]) <= 0.5);
    }
    assert_int_equal(bytes[3 * n], 0x5a);
    assert_true(rrn_xbar_magnitude(bounds[level].low - low) < 1e-9 && rrn_xbar_magnitude(bounds[level].high - high) < 1e-9);
    assert_true(bounds[level].greatest == greatest);
    assert_memory_equal(&bounds[level], &bounds[0], sizeof(bounds[0]));
    assert_memory_equal(cells[level], cells[0], n * sizeof(cells[0][0]));
    assert_true(down[level] == down[0] && up[level] == up[0] && down[0] >= 0 && up[0] >= 0);
  }
}

static void
cells_are_the_nearest(void **state)
{
  rrn_random r = rrn_random_start(12, 0, 0, 0);
  double codes[ROOM];
  size_t n, k;
  int round;

  (void)state;
  for (n = 1; n <= MOST; n++)
    for (round = 0; round < 20; round++) {
      memset(codes, 0, sizeof(codes));
      for (k = 0; k < n; k++)
        codes[k] = ((double)rrn_random_below(&r, 1u << 24) - 0x1p23) / 0x1p17;
      assert_cells(codes, n, (double)(1 << (12 + round % 5)));
    }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(codes_are_those_of_conductances),
    cmocka_unit_test(other_models_are_not_plain),
    cmocka_unit_test(cells_are_the_nearest),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
