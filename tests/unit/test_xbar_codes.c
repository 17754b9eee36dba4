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

enum { MOST = 40, COLS = 3, LEVELS = 3, SLICES = 8, PLANES = 14, DEVIATES = COLS * PLANES * MOST + 2 * RRN_XBAR_NORMALS };

/* A number of inputs, up to a multiple of eight. */
static size_t
stride_of(size_t n)
{
  return (n + RRN_XBAR_SHORT_EIGHT - 1) / RRN_XBAR_SHORT_EIGHT * RRN_XBAR_SHORT_EIGHT;
}

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

/* What the loops are told of a column. */
static rrn_xbar_short_writing
writing_of(const layer_case *c, size_t col, const float *xi)
{
  const rrn_xbar_layer *l = &c->l;
  rrn_xbar_short_writing w = { .weights = l->weights + col * l->n_in, .xi = xi, .n = l->n_in, .stride = stride_of(l->n_in),
                               .end = l->n_slices, .n_sides = l->n_sides, .paired = rrn_xbar_pairs_are_one(l),
                               .cell_bits = l->spec.cell_bits, .add = l->n_sides == 2 ? 0 : 128, .mask = rrn_xbar_max_digit(l),
                               .is_relative = l->noise.write_model == RRN_WRITE_RELATIVE, .g_off = l->spec.g_off,
                               .unit = rrn_xbar_unit_of(l), .sigma = l->noise.write_sigma };
  int32_t slice;

  for (slice = 0; slice < l->n_slices; slice++)
    w.per_current[slice] = 3.7 + slice;
  return w;
}

static void
assert_plane(const layer_case *c, size_t col, int32_t plane, const double *codes)
{
  const rrn_xbar_layer *l = &c->l;
  const int one = rrn_xbar_pairs_are_one(l);
  const int32_t slice = rrn_xbar_slice_of(l, plane);
  double plus[MOST], minus[MOST] = { 0 };
  size_t k;

  rrn_xbar_conductances(l, slice, one ? 0 : plane % l->n_sides, col, 0, l->n_in, plus);
  if (one)
    rrn_xbar_conductances(l, slice, 1, col, 0, l->n_in, minus);
  for (k = 0; k < l->n_in; k++)
    assert_true(codes[k] == (one ? plus[k] - minus[k] : plus[k]) * (3.7 + slice));
  for (; k < stride_of(l->n_in); k++)
    assert_true(codes[k] == 0);
}

/* All slices at once, or up to `some` and the others. */
static void
assert_column(const layer_case *c, size_t col, const float *xi, int32_t some)
{
  static _Alignas(64) double codes[PLANES * (MOST + RRN_XBAR_SHORT_EIGHT)];
  const rrn_xbar_layer *l = &c->l;
  const size_t per_slice = (size_t)(rrn_xbar_n_planes(l) / l->n_slices);
  int32_t plane;
  int level;

  for (level = 0; level < LEVELS; level++) {
    rrn_xbar_short_writing w = writing_of(c, col, xi);

    memset(codes, 0x5a, sizeof(codes));
    w.end = some;
    rrn_xbar_short_loops_of(cpu_of(level))->codes(&w, codes);
    w.first = some;
    w.end = l->n_slices;
    w.xi = xi + (size_t)(some * l->n_sides) * l->n_in;
    rrn_xbar_short_loops_of(cpu_of(level))->codes(&w, codes + (size_t)some * per_slice * w.stride);
    for (plane = 0; plane < rrn_xbar_n_planes(l); plane++)
      assert_plane(c, col, plane, codes + (size_t)plane * w.stride);
  }
}

static void
assert_columns(const layer_case *c)
{
  const size_t n_slices = (size_t)c->l.n_slices, column = n_slices * (size_t)c->l.n_sides * c->l.n_in;
  static float room[DEVIATES];
  const float *xi;
  size_t col;

  assert_true(rrn_xbar_writes_plainly(&c->l) && n_slices <= SLICES && rrn_xbar_n_planes(&c->l) <= PLANES);
  xi = rrn_xbar_deviates_of_slices(&c->l, 0, 0, COLS * n_slices, room);
  for (col = 0; col < COLS; col++) {
    assert_column(c, col, xi + col * column, c->l.n_slices);
    assert_column(c, col, xi + col * column, (int32_t)col % c->l.n_slices);
  }
}

static void
codes_are_those_of_conductances(void **state)
{
  uint32_t number;
  size_t n_in;

  (void)state;
  for (n_in = 1; n_in <= MOST; n_in++)
    for (number = 0; number < 24; number++) {
      /* With the greatest error many cells would be below zero. */
      const rrn_xbar_noise noise = { .write_model = number % 5 < 3 ? RRN_WRITE_RELATIVE : RRN_WRITE_ABSOLUTE,
                                     .write_sigma = number % 2 ? 0.03 : 0.8 };
      layer_case c;

      make_case(&c, number, n_in, &noise);
      assert_columns(&c);
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
assert_bounds(const double *codes, size_t n, size_t n_planes)
{
  const size_t stride = stride_of(n);
  rrn_xbar_short_bounds bounds[LEVELS];
  double most[LEVELS], greatest = 0;
  size_t plane, k;
  int level;

  for (level = 0; level < LEVELS; level++)
    most[level] = rrn_xbar_short_loops_of(cpu_of(level))->bounds(codes, n_planes, stride, &bounds[level]);
  for (plane = 0; plane < n_planes; plane++, codes += stride) {
    double low = 0, high = 0;

    for (k = 0; k < n; k++) {
      low += codes[k] < 0 ? codes[k] : 0;
      high += codes[k] > 0 ? codes[k] : 0;
      greatest = rrn_xbar_magnitude(codes[k]) > greatest ? rrn_xbar_magnitude(codes[k]) : greatest;
    }
    for (level = 0; level < LEVELS; level++) {
      assert_true(rrn_xbar_magnitude(bounds[level].low[plane] - low) < 1e-9);
      assert_true(rrn_xbar_magnitude(bounds[level].high[plane] - high) < 1e-9);
      assert_true(bounds[level].low[plane] == bounds[0].low[plane] && bounds[level].high[plane] == bounds[0].high[plane]);
    }
  }
  assert_true(most[0] == greatest && most[1] == greatest && most[2] == greatest);
}

/* How many bits of the record a cell has, in cells of planes one after the other; the record's bits as cells have them. */
static uint32_t
read_record(const int32_t *cells, size_t n, uint32_t ret_bits[])
{
  uint32_t record = 0;
  size_t k;

  for (k = 0; k < n; k++)
    ret_bits[k] = 0;
  for (k = 0; k < RRN_XBAR_SHORT_RECORD; k++)
    record |= ((uint32_t)cells[k % n] >> ret_bits[k % n]++ & 1) << k;
  return record;
}

/* The nearest cells that have the record's bits: `off` is the greatest sum of what those of a plane are above or below. */
static void
assert_cells(const rrn_xbar_short_rounding *r, const double *codes, const int32_t *cells, double off)
{
  uint32_t bits[PLANES * MOST];
  double greatest = 0;
  size_t plane, k;

  assert_int_equal(read_record(cells, r->n * r->n_planes, bits), r->record);
  for (plane = 0; plane < r->n_planes; plane++) {
    double down = 0, up = 0;

    for (k = 0; k < r->n; k++) {
      const double x = codes[plane * r->stride + k] * r->unit - cells[plane * r->n + k];

      assert_true(rrn_xbar_magnitude(x) <= 0.5 * (1 << bits[plane * r->n + k]));
      up += x > 0 ? x : 0;
      down += x < 0 ? -x : 0;
    }
    greatest = up > greatest ? up : greatest;
    greatest = down > greatest ? down : greatest;
  }
  assert_true(rrn_xbar_magnitude(greatest - off) < 1e-6);
}

static void
assert_rounding(const double *codes, const rrn_xbar_short_rounding *r)
{
  const size_t n = r->n * r->n_planes;
  uint8_t bytes[LEVELS][3 * PLANES * MOST + 1];
  int32_t cells[PLANES * MOST];
  double off[LEVELS];
  size_t k;
  int level;

  for (level = 0; level < LEVELS; level++) {
    memset(bytes[level], 0x5a, sizeof(bytes[level]));
    off[level] = rrn_xbar_short_loops_of(cpu_of(level))->cells(r, codes, bytes[level]);
    assert_int_equal(bytes[level][3 * n], 0x5a);
    assert_memory_equal(bytes[level], bytes[0], 3 * n);
    assert_true(off[level] == off[0]);
  }
  for (k = 0; k < n; k++)
    cells[k] = rrn_xbar_short_cell(bytes[0] + 3 * k);
  assert_cells(r, codes, cells, off[0]);
}

static void
cells_are_the_nearest(void **state)
{
  static _Alignas(64) double codes[PLANES * (MOST + RRN_XBAR_SHORT_EIGHT)];
  rrn_random r = rrn_random_start(12, 0, 0, 0);
  size_t n, k, plane;
  uint32_t round;

  (void)state;
  for (n = 1; n <= MOST; n++)
    for (round = 0; round < 60; round++) {
      rrn_xbar_short_rounding how = { .n = n, .stride = stride_of(n), .n_planes = 1 + round % PLANES,
                                      .unit = (double)(1 << (12 + round % 5)), .record = round + 3 };

      memset(codes, 0, sizeof(codes));
      for (plane = 0; plane < how.n_planes; plane++)
        for (k = 0; k < n; k++)
          codes[plane * how.stride + k] = ((double)rrn_random_below(&r, 1u << 24) - 0x1p23) / 0x1p17;
      rrn_xbar_short_place_record(&how);
      assert_bounds(codes, n, how.n_planes);
      assert_rounding(codes, &how);
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
