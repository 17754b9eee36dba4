/* SPDX-License-Identifier: MIT */
/* Read noise of relative error, drawn by column: what kernels add has the variance of all cells' reads, however small
 * the cells of a column are beside the greatest. Seeds are fixed, so a test passes always or never. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../examples/common/tiles.h"
#include "util/random.h"
#include "xbar/adc.h"
#include "xbar/mvm_short.h"

enum { VECTORS = 2000, MOST_ROWS = 96, COLUMNS = 17, ALL = VECTORS * COLUMNS };
#define SIGMA 0.1

/* Cells of all columns but one, every second of whose cells is on. */
typedef struct cells_case {
  const char *name;
  int32_t sign, cell_bits, slices, digit; /* digit < 0: the magnitudes of a Laplace distribution */
  double g_off;
  size_t rows;           /* of an array */
  size_t every;          /* of so many rows one is driven, the same in all vectors; 0: half of them at random */
  int32_t adc_bits;
} cells_case;

static int32_t
weight_of(const cells_case *c, size_t col, size_t in, rrn_random *r)
{
  const int32_t bits = c->cell_bits * c->slices, most = (1 << bits) - 1;
  const int32_t offset = c->sign == RRN_XBAR_OFFSET ? 1 << (bits - 1) : 0;
  const double u = ((double)rrn_random_below(r, 1u << 30) + 0.5) * 0x1p-30;
  const int32_t drawn = (int32_t)(-log(u) * most / 10);

  if (col == 0)
    return (in % 2 ? most : 1) - offset;
  return c->digit >= 0 ? c->digit - offset : (drawn < most ? drawn : most) * (rrn_random_below(r, 2) ? 1 : -1);
}

static void
make(const cells_case *c, int32_t *weights, int32_t *x, rrn_xbar_layer *ret)
{
  const int32_t bits = c->cell_bits * c->slices;
  const rrn_xbar_spec spec = { .sign = c->sign, .weight_bits = c->sign == RRN_XBAR_OFFSET ? bits : bits + 1,
                               .cell_bits = c->cell_bits, .input_bits = 1, .dac_bits = 1, .rows = (int32_t)c->rows,
                               .g_off = c->g_off };
  const rrn_xbar_noise noise = { .read_model = RRN_READ_RELATIVE, .read_sigma = SIGMA };
  rrn_random r = rrn_random_start(7, 1, 0, 0);
  size_t i;

  for (i = 0; i < COLUMNS * MOST_ROWS; i++)
    weights[i] = weight_of(c, i / MOST_ROWS, i % MOST_ROWS, &r);
  for (i = 0; i < VECTORS * MOST_ROWS; i++)
    x[i] = c->every == 0 ? rrn_random_below(&r, 2) == 0 : i % MOST_ROWS % c->every == 0;
  assert_int_equal(rrn_xbar_layer_create(&spec, weights, COLUMNS, MOST_ROWS, (rrn_xbar_id){ 7, 0, 0 }, ret, NULL),
                   RRAMNAS_OK);
  rrn_xbar_program(ret, &noise);
  ret->read_by_column = 1;
  assert_int_equal(rrn_xbar_adc_set(ret, c->adc_bits, RRN_XBAR_RANGE_MAX, NULL), RRAMNAS_OK);
}

/* What the reads of one input's cells add to the variance of a column's result. */
static double
variance_of(const rrn_xbar_layer *l, size_t col, size_t in)
{
  const double unit = (double)rrn_xbar_max_digit(l) / (1 - l->spec.g_off);
  double sum = 0, g;
  int32_t slice, side;

  for (slice = 0; slice < l->n_slices; slice++)
    for (side = 0; side < l->n_sides; side++) {
      const double place = unit * (double)(1 << (slice * l->spec.cell_bits));

      rrn_xbar_conductances(l, slice, side, col, in, 1, &g);
      sum += SIGMA * SIGMA * g * g * place * place;
    }
  return sum;
}

/* What codes are rounded by adds as much as it has variance. */
static double
variance_of_codes(const rrn_xbar_layer *l)
{
  const double arrays = (double)((MOST_ROWS + l->spec.rows - 1) / l->spec.rows);
  double sum = 0;
  int32_t slice;

  for (slice = 0; slice < l->n_slices; slice++) {
    const double code = (l->adc.hi[slice] - l->adc.lo[slice]) / (l->adc.codes - 1) * rrn_xbar_max_digit(l) /
                        (1 - l->spec.g_off) * (double)(1 << (slice * l->spec.cell_bits));

    sum += arrays * code * code / 12;
  }
  return sum;
}

/* Results less their means, over their deviations. */
static void
normalize(const rrn_xbar_layer *l, const int32_t *weights, const int32_t *x, double *y)
{
  static double variances[COLUMNS * MOST_ROWS];
  size_t v, col, in;

  for (col = 0; col < COLUMNS; col++)
    for (in = 0; in < MOST_ROWS; in++)
      variances[col * MOST_ROWS + in] = variance_of(l, col, in);
  for (v = 0; v < VECTORS; v++)
    for (col = 0; col < COLUMNS; col++) {
      double mean = 0, variance = variance_of_codes(l);

      for (in = 0; in < MOST_ROWS; in++)
        if (x[v * MOST_ROWS + in]) {
          mean += weights[col * MOST_ROWS + in];
          variance += variances[col * MOST_ROWS + in];
        }
      y[v * COLUMNS + col] = (y[v * COLUMNS + col] - mean) / sqrt(variance);
    }
}

/* Of some columns: 4 standard errors. */
static void
check_variance(const cells_case *c, const double *z, size_t first, size_t end)
{
  const double n = (double)(VECTORS * (end - first));
  double sum = 0, squares = 0;
  size_t k;

  for (k = 0; k < ALL; k++)
    if (k % COLUMNS >= first && k % COLUMNS < end) {
      sum += z[k];
      squares += z[k] * z[k];
    }
  if (fabs(sum / n) > 4 / sqrt(n) || fabs(squares / n - 1) > 4 * sqrt(2 / n))
    fail_msg("%s, columns %zu to %zu: mean %g, variance %g of 1 +- %.3f", c->name, first, end - 1, sum / n,
             squares / n, 4 * sqrt(2 / n));
}

static void
check_case(const cells_case *c)
{
  static int32_t weights[COLUMNS * MOST_ROWS], x[VECTORS * MOST_ROWS];
  static double y[ALL], first[ALL];
  rrn_arena arena;
  rrn_rt rt;
  rrn_xbar_layer l;
  int cpu;

  assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&arena, &rt);
  make(c, weights, x, &l);
  for (cpu = RRN_XBAR_CPU_PLAIN; cpu <= (int)rrn_xbar_cpu_best(); cpu++) {
    rrn_xbar_kernel k;

    assert_int_equal(rrn_xbar_kernel_create(&arena, &l, cpu, &k, NULL), RRAMNAS_OK);
    assert_int_equal(rrn_xbar_mvm(&arena, &k, x, VECTORS, 0, y, NULL, NULL), RRAMNAS_OK);
    if (cpu == RRN_XBAR_CPU_PLAIN)
      memcpy(first, y, sizeof(first));
    assert_memory_equal(y, first, sizeof(first));
  }
  normalize(&l, weights, x, y);
  check_variance(c, y, 0, 1);
  check_variance(c, y, 1, COLUMNS);
  rrn_arena_release(&arena);
}

static void
small_cells_have_their_variance(void **state)
{
  static const cells_case cases[] = {
    { "digit 1 of 15", RRN_XBAR_DIFFERENTIAL, 4, 1, 1, 0, 128, 1, 14 },
    { "digit 2 of 15", RRN_XBAR_DIFFERENTIAL, 4, 1, 2, 0, 128, 1, 14 },
    { "digit 2 of 15, fewer codes", RRN_XBAR_DIFFERENTIAL, 4, 1, 2, 0, 128, 1, 10 },
    { "digit 1 of 7, offset", RRN_XBAR_OFFSET, 3, 1, 1, 0, 128, 1, 14 },
    { "digit 1 of 3", RRN_XBAR_DIFFERENTIAL, 2, 1, 1, 0, 128, 1, 14 },
    { "off cells at 1/10", RRN_XBAR_DIFFERENTIAL, 2, 1, 0, 0.1, 128, 1, 14 },
    { "two arrays", RRN_XBAR_OFFSET, 4, 1, 2, 0, 50, 1, 14 },
    { "slices of Laplace weights", RRN_XBAR_DIFFERENTIAL, 2, 4, -1, 0.01, 128, 0, 14 },
    { "few rows", RRN_XBAR_DIFFERENTIAL, 4, 1, 1, 0, 128, 25, 14 },
    { "few rows, fewer codes", RRN_XBAR_DIFFERENTIAL, 4, 1, 4, 0, 128, 17, 11 },
    { "a row of each array", RRN_XBAR_DIFFERENTIAL, 4, 1, 3, 0, 50, 61, 14 },
  };
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
    check_case(&cases[i]);
}

/* Relative errors of a variance that a kernel keeps. */
typedef struct errors {
  double sum, squares, n;
} errors;

/* Those of a column's slice with the rows that each vector drives. */
static void
add_errors(const rrn_xbar_layer *l, const rrn_xbar_cells *c, int32_t plane, size_t col, const int32_t *x, errors *e)
{
  const uint8_t *spread = c->spread + rrn_xbar_column(c, 0, c->rows, plane, col);
  const double root = c->spread_roots[rrn_xbar_spread_root(c, 0, plane, col)];
  double plus[MOST_ROWS], minus[MOST_ROWS];
  size_t v, in;

  rrn_xbar_conductances(l, plane, 0, col, 0, MOST_ROWS, plus);
  rrn_xbar_conductances(l, plane, 1, col, 0, MOST_ROWS, minus);
  for (v = 0; v < VECTORS; v++) {
    double kept = 0, exact = 0, error;

    for (in = 0; in < MOST_ROWS; in++) {
      kept += x[v * MOST_ROWS + in] ? root * root * spread[in] : 0;
      exact += x[v * MOST_ROWS + in] ? plus[in] * plus[in] + minus[in] * minus[in] : 0;
    }
    error = kept / exact - 1;
    e->sum += error;
    e->squares += error * error;
    e->n++;
  }
}

/* Half of the rows, Laplace weights in pairs of cells of 2 bits: in the highest slice few cells are not off. */
static void
random_rows_have_their_variance(void **state)
{
  static const cells_case c = { "rows", RRN_XBAR_DIFFERENTIAL, 2, 4, -1, 0.01, 128, 0, 8 };
  static int32_t weights[COLUMNS * MOST_ROWS], x[VECTORS * MOST_ROWS];
  rrn_arena arena;
  rrn_rt rt;
  rrn_xbar_layer l;
  rrn_xbar_kernel k;
  int32_t plane;
  size_t col;

  (void)state;
  assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&arena, &rt);
  make(&c, weights, x, &l);
  assert_int_equal(rrn_xbar_kernel_create(&arena, &l, RRN_XBAR_CPU_PLAIN, &k, NULL), RRAMNAS_OK);
  for (plane = 0; plane < k.cells.n_planes; plane++) {
    errors e = { 0, 0, 0 };

    for (col = 1; col < COLUMNS; col++)
      add_errors(&l, &k.cells, plane, col, x, &e);
    print_message("slice %d: variances are off by %.3f %% in the mean, %.2f %% (root mean square)\n", (int)plane,
                  100 * e.sum / e.n, 100 * sqrt(e.squares / e.n));
    assert_true(fabs(e.sum / e.n) < 0.005 && sqrt(e.squares / e.n) < (plane == 3 ? 0.1 : 0.01));
  }
  rrn_arena_release(&arena);
}

/* What short arrays keep of a column's variances, in its steps. */
static double
kept_steps(const rrn_xbar_short *s, size_t place, size_t n_in)
{
  double sum = 0;
  size_t k;

  for (k = 0; k < n_in; k++)
    sum += s->spreads[place * n_in + k];
  return sum;
}

/* Short arrays have 255 steps of the greatest cell of a column: sums are right but for half a step. */
static void
short_columns_have_their_variance(void **state)
{
  static const cells_case c = { "short", RRN_XBAR_DIFFERENTIAL, 4, 1, 1, 0.01, 128, 1, 8 };
  static int32_t weights[COLUMNS * MOST_ROWS], x[VECTORS * MOST_ROWS];
  rrn_arena arena;
  rrn_rt rt;
  rrn_xbar_layer l;
  rrn_xbar_short s;
  size_t i, col, in;
  int fits;

  (void)state;
  assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&arena, &rt);
  make(&c, weights, x, &l);
  for (i = 0; i < COLUMNS; i++)
    weights[i * MOST_ROWS + i] = 15;
  assert_true(rrn_xbar_is_short(&l, &l.adc, 1));
  assert_int_equal(rrn_xbar_short_create(&arena, &l, &(rrn_xbar_groups){ .all = 1, .n = 1, .adcs = &l.adc }, NULL,
                                         RRN_XBAR_CPU_PLAIN, &s, &fits, NULL), RRAMNAS_OK);
  assert_true(fits && s.n_planes == 1);
  for (col = 1; col < COLUMNS; col++) {
    const double step = SIGMA * SIGMA * 15 / 0.99 * 15 / 0.99 * (1 + 0.01 * 0.01) / 255;
    double variance = 0;

    for (in = 0; in < MOST_ROWS; in++)
      variance += variance_of(&l, col, in);
    assert_true(fabs(kept_steps(&s, col, MOST_ROWS) - variance / step) < 0.51);
  }
  rrn_arena_release(&arena);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(small_cells_have_their_variance),
    cmocka_unit_test(random_rows_have_their_variance),
    cmocka_unit_test(short_columns_have_their_variance),
  };

  allow_tiles();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
