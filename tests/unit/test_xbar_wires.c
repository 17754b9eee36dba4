/* SPDX-License-Identifier: MIT */
/* Wires with resistance in products: against a solution of each input, against each other, with refused input. */
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
#include "wire_nodes.h"
#include "xbar/adc.h"
#include "xbar/irdrop.h"
#include "xbar/mvm.h"
#include "xbar/noise.h"
#include "xbar_cells.h"
#include "xbar/wires.h"

enum { MOST = 64 };

typedef struct fixture {
  rrn_rt rt;
  rrn_arena arena;
  rrn_random random;
} fixture;

static void
begin(fixture *f)
{
  assert_int_equal(rrn_rt_init(&f->rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&f->arena, &f->rt);
  f->random = rrn_random_start(3, 0, 0, 0);
}

static void
fill(fixture *f, double *values, size_t n)
{
  size_t k;

  for (k = 0; k < n; k++)
    values[k] = rrn_random_unit(&f->random);
}

/* The matrix gives what a solution of any one input gives; driving all rows, so do the shares. */
static void
test_matrix(void **state)
{
  static const rrn_xbar_wires cases[] = { { 1, 1, 0.3, 0.2 }, { 1, 7, 0.1, 0.4 }, { 9, 1, 0.02, 0.1 },
    { 23, 17, 1e-3, 2e-3 }, { 17, 40, 0.1, 1e-4 }, { 40, 40, 3e-4, 3e-4 }, { 40, 40, 0.05, 0.05 } };
  static double g[MOST * MOST], m[MOST * MOST], share[MOST * MOST];
  double v[MOST], want[MOST];
  fixture f;
  size_t c, i, k;
  int all;

  (void)state;
  begin(&f);
  for (c = 0; c < sizeof(cases) / sizeof(cases[0]); c++) {
    const rrn_xbar_wires *w = &cases[c];

    fill(&f, g, w->rows * w->cols);
    assert_int_equal(rrn_xbar_irdrop_transfer(&f.rt, w, g, m, NULL), RRAMNAS_OK);
    assert_int_equal(rrn_xbar_irdrop_shares(&f.rt, w, g, share, NULL), RRAMNAS_OK);
    for (all = 0; all < 2; all++) {
      fill(&f, v, w->rows);
      for (i = 0; all && i < w->rows; i++)
        v[i] = 1;
      wire_currents(w, g, v, want, NULL);
      for (k = 0; k < w->cols; k++) {
        double sum = 0, shared = 0;

        for (i = 0; i < w->rows; i++) {
          assert_true(m[i * w->cols + k] >= 0);
          sum += v[i] * m[i * w->cols + k];
          shared += v[i] * g[i * w->cols + k] * share[i * w->cols + k];
        }
        assert_true(fabs(sum - want[k]) <= 1e-9 * want[k]);
        assert_true(!all || fabs(shared - want[k]) <= 1e-7 * want[k]);
      }
    }
  }
  rrn_arena_release(&f.arena);
}

/* From no resistance to wires of a million times the cells', both or one of them: shares are those of the nodes, and
 * the currents keep their digits where wires take all the voltage. */
static void
test_extreme_segments(void **state)
{
  static const double ohms[] = { 1e-7, 1e-3, 1, 30, 1e3, 1e6 };
  enum { N = 24, OHMS = sizeof(ohms) / sizeof(ohms[0]) };
  static double g[N * N], share[N * N], across[N * N];
  double v[N], want[N];
  fixture f;
  size_t c, i, k;

  (void)state;
  begin(&f);
  for (i = 0; i < N; i++)
    v[i] = 1;
  for (c = 0; c < OHMS * OHMS; c++) {
    const rrn_xbar_wires w = { N, N, ohms[c / OHMS], ohms[c % OHMS] };
    double most = 0;

    for (k = 0; k < N * N; k++)
      g[k] = 0.01 * (double)(c % 2) + 0.33 * (double)(rrn_random_u32(&f.random) % 4);
    assert_int_equal(rrn_xbar_irdrop_shares(&f.rt, &w, g, share, NULL), RRAMNAS_OK);
    wire_currents(&w, g, v, want, across);
    for (k = 0; k < N * N; k++)
      assert_true(fabs(share[k] - across[k]) <= 1e-7);
    for (k = 0; k < N; k++)
      most = want[k] > most ? want[k] : most;
    for (k = 0; k < N; k++) {
      double sum = 0;

      for (i = 0; i < N; i++)
        sum += g[i * N + k] * share[i * N + k];
      assert_true(fabs(sum - want[k]) <= 1e-5 * most);
    }
  }
  rrn_arena_release(&f.arena);
}

/* Where rounds do not get anywhere there is an error, no endless run: squares of currents that are no numbers. */
static void
test_no_solution(void **state)
{
  const rrn_xbar_wires w = { 2, 2, 1, 1 };
  const double g[4] = { 1e300, 1e300, 1e300, 1e300 };
  double share[4] = { 7, 7, 7, 7 };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  fixture f;

  (void)state;
  begin(&f);
  assert_int_equal(rrn_xbar_irdrop_shares(&f.rt, &w, g, share, &err), RRAMNAS_ERR_LIMIT);
  assert_non_null(strstr(err.message, "2 x 2 cells"));
  assert_true(share[0] == 7 && share[3] == 7);
  rrn_arena_release(&f.arena);
}

/* 23 outputs of 40 inputs in arrays of 16 rows: the last of each kind is not full. */
enum { IN = 40, OUT = 23, VECTORS = 2, ROWS = 16 };

static rrn_xbar_layer
make(int32_t sign, const int32_t *weights)
{
  const rrn_xbar_spec spec = { .sign = sign, .weight_bits = 4, .cell_bits = 2, .input_bits = 4, .dac_bits = 2,
    .rows = ROWS, .g_off = 0.05 };
  rrn_xbar_layer l;

  assert_int_equal(rrn_xbar_layer_create(&spec, weights, OUT, IN, (rrn_xbar_id){ 1, 2, 3 }, &l, NULL),
                   RRAMNAS_OK);
  return l;
}

/* Current of the column that holds (slice, side) of output `col`, from a solution of its array with this step's input.
 * Crossbars have 8 columns: two weights of 2 slices and 2 sides where these lie beside each other, else 8 weights. */
static double
current_of(const rrn_xbar_layer *l, const rrn_xbar_wiring *w, const int32_t *x, size_t tile, int32_t step,
           int32_t slice, int32_t side, size_t col)
{
  const size_t parts = (size_t)(l->n_slices * l->n_sides);
  const size_t width = w->layout.side_by_side ? (size_t)w->layout.cols / parts : (size_t)w->layout.cols;
  const size_t first = col / width * width, n = first + width < l->cols ? width : l->cols - first;
  const size_t rows = (tile + 1) * ROWS < IN ? ROWS : IN - tile * ROWS;
  const size_t columns = w->layout.side_by_side ? n * parts : n;
  const rrn_xbar_wires wires = { rows, columns, w->row_ohm, w->col_ohm };
  double g[ROWS * 32], v[ROWS], i_col[32];
  size_t row, c;

  for (row = 0; row < rows; row++) {
    v[row] = (x[tile * ROWS + row] >> 2 * step & 3) / 3.0;
    for (c = 0; c < columns; c++) {
      const size_t part = w->layout.side_by_side ? c % parts : (size_t)(slice * l->n_sides + side);
      const size_t out = first + (w->layout.side_by_side ? c / parts : c);

      rrn_xbar_conductances(l, (int32_t)(part / (size_t)l->n_sides), (int32_t)(part % (size_t)l->n_sides), out,
                            tile * ROWS + row, 1, &g[row * columns + c]);
    }
  }
  wire_currents(&wires, g, v, i_col, NULL);
  c = col - first;
  return i_col[w->layout.side_by_side ? c * parts + (size_t)(slice * l->n_sides + side) : c];
}

/* Product without converters from such currents: digits, places, offset. */
static double
product_of(const rrn_xbar_layer *l, const rrn_xbar_wiring *w, const int32_t *x, size_t col)
{
  double sum = 0;
  int32_t step, slice, side;
  size_t tile, k;

  for (tile = 0; tile * ROWS < IN; tile++)
    for (step = 0; step < 2; step++)
      for (slice = 0; slice < l->n_slices; slice++)
        for (side = 0; side < l->n_sides; side++)
          sum += current_of(l, w, x, tile, step, slice, side, col) * (side == 1 ? -1 : 1) * 9 / 0.95 *
                 (1 << (2 * slice + 2 * step));
  for (k = 0; k < IN && l->n_sides == 1; k++)
    sum -= x[k] * (0.05 * 3 / 0.95 * (1 + 4) + 8);
  return sum;
}

static void
random_layer(fixture *f, int32_t *weights, int32_t *x)
{
  size_t k;

  for (k = 0; k < IN * OUT; k++)
    weights[k] = (int32_t)(rrn_random_u32(&f->random) % 15) - 7;
  for (k = 0; k < IN * VECTORS; k++)
    x[k] = (int32_t)(rrn_random_u32(&f->random) % 16);
}

static void
test_products(void **state)
{
  static const rrn_xbar_wiring wirings[] = { { RRN_IR_DROP_EXACT, 2e-3, 1e-3, { 8, 0 } },
    { RRN_IR_DROP_EXACT, 1e-3, 3e-3, { 8, 1 } }, { RRN_IR_DROP_EXACT, 5e-3, 5e-3, { 64, 0 } } };
  int32_t weights[IN * OUT], x[IN * VECTORS];
  double y[OUT * VECTORS], fast[OUT * VECTORS];
  size_t c, k;
  int32_t sign;
  fixture f;

  (void)state;
  begin(&f);
  for (c = 0; c < 3; c++)
    for (sign = RRN_XBAR_DIFFERENTIAL; sign <= RRN_XBAR_OFFSET; sign++) {
      rrn_xbar_layer l, with;
      rrn_xbar_kernel kernel;

      random_layer(&f, weights, x);
      l = make(sign, weights);
      with = make(sign, weights);
      assert_int_equal(rrn_xbar_wires_apply(&f.arena, &with, &wirings[c], NULL), RRAMNAS_OK);
      assert_false(with.ideal);
      assert_int_equal(rrn_xbar_mvm_reference(&f.arena, &with, x, VECTORS, 0, y, NULL, NULL), RRAMNAS_OK);
      assert_int_equal(rrn_xbar_kernel_create(&f.arena, &with, rrn_xbar_cpu_best(), &kernel, NULL), RRAMNAS_OK);
      assert_int_equal(rrn_xbar_mvm(&f.arena, &kernel, x, VECTORS, 0, fast, NULL, NULL), RRAMNAS_OK);
      for (k = 0; k < OUT * VECTORS; k++) {
        const double want = product_of(&l, &wirings[c], x + k / OUT * IN, k % OUT);

        assert_true(fabs(y[k] - want) <= 1e-8);
        assert_true(fabs(fast[k] - want) <= 1e-8);
      }
    }
  rrn_arena_release(&f.arena);
}

/* With a converter every kernel has the reference's bytes, as the conductances are only other ones. */
static void
test_kernels(void **state)
{
  const rrn_xbar_wiring w = { RRN_IR_DROP_ATTENUATED, 2e-3, 2e-3, { 8, 0 } };
  int32_t weights[IN * OUT], x[IN * VECTORS];
  double y[OUT * VECTORS], fast[OUT * VECTORS];
  rrn_xbar_layer l;
  fixture f;
  int cpu;
  size_t k;

  (void)state;
  begin(&f);
  random_layer(&f, weights, x);
  l = make(RRN_XBAR_DIFFERENTIAL, weights);
  assert_int_equal(rrn_xbar_adc_set(&l, 7, RRN_XBAR_RANGE_MAX, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_xbar_wires_apply(&f.arena, &l, &w, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_xbar_mvm_reference(&f.arena, &l, x, VECTORS, 0, y, NULL, NULL), RRAMNAS_OK);
  for (cpu = RRN_XBAR_CPU_PLAIN; cpu <= (int)rrn_xbar_cpu_best(); cpu++) {
    rrn_xbar_kernel kernel;

    assert_int_equal(rrn_xbar_kernel_create(&f.arena, &l, cpu, &kernel, NULL), RRAMNAS_OK);
    assert_int_equal(rrn_xbar_mvm(&f.arena, &kernel, x, VECTORS, 0, fast, NULL, NULL), RRAMNAS_OK);
    for (k = 0; k < OUT * VECTORS; k++)
      assert_true(fabs(fast[k] - y[k]) <= 1e-9 * (1 + fabs(y[k])));
  }
  rrn_arena_release(&f.arena);
}

/* Bounds of doc/accuracy.md: error of attenuated columns, root mean square in percent of the mean current, on arrays of
 * 64 x 64 cells of 10 kilo-ohm with 2.82 ohm between them. */
static double
attenuation_error(fixture *f, double density)
{
  enum { PATTERNS = 16 };
  static double g[MOST * MOST], m[MOST * MOST], share[MOST * MOST];
  const rrn_xbar_wires w = { MOST, MOST, 2.82e-4, 2.82e-4 };
  double squares = 0, sum = 0;
  size_t p, i, k;

  for (k = 0; k < MOST * MOST; k++)
    g[k] = 0.01 + 0.33 * (double)(rrn_random_u32(&f->random) % 4);
  assert_int_equal(rrn_xbar_irdrop_transfer(&f->rt, &w, g, m, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_xbar_irdrop_shares(&f->rt, &w, g, share, NULL), RRAMNAS_OK);
  for (p = 0; p < PATTERNS; p++) {
    double v[MOST];

    for (i = 0; i < MOST; i++)
      v[i] = rrn_random_unit(&f->random) < density;
    for (k = 0; k < MOST; k++) {
      double exact = 0, attenuated = 0;

      for (i = 0; i < MOST; i++) {
        exact += v[i] * m[i * MOST + k];
        attenuated += v[i] * g[i * MOST + k] * share[i * MOST + k];
      }
      squares += (attenuated - exact) * (attenuated - exact);
      sum += exact;
    }
  }
  return sqrt(squares / (PATTERNS * MOST)) / (sum / (PATTERNS * MOST));
}

static void
test_attenuation(void **state)
{
  fixture f;

  (void)state;
  begin(&f);
  assert_true(attenuation_error(&f, 0.1) < 0.012);
  assert_true(attenuation_error(&f, 0.5) < 0.004);
  assert_true(attenuation_error(&f, 1) < 1e-7);
  rrn_arena_release(&f.arena);
}

/* Nothing asked for, nothing done; one wire without resistance is as good as none. */
static void
test_nothing(void **state)
{
  const rrn_xbar_wiring off = { RRN_IR_DROP_IGNORED, 1, 1, { 8, 0 } }, none = { RRN_IR_DROP_EXACT, 0, 0, { 8, 0 } };
  const rrn_xbar_wiring hardly = { RRN_IR_DROP_EXACT, 1e-9, 0, { 8, 0 } };
  int32_t weights[IN * OUT], x[IN * VECTORS];
  rrn_xbar_layer l, same;
  const double *g;
  fixture f;
  size_t k;

  (void)state;
  begin(&f);
  random_layer(&f, weights, x);
  l = make(RRN_XBAR_DIFFERENTIAL, weights);
  same = make(RRN_XBAR_DIFFERENTIAL, weights);
  assert_int_equal(rrn_xbar_wires_apply(&f.arena, &l, &off, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_xbar_wires_apply(&f.arena, &l, &none, NULL), RRAMNAS_OK);
  assert_true(l.ideal);
  assert_null(l.g);
  assert_int_equal(rrn_xbar_wires_apply(&f.arena, &l, &hardly, NULL), RRAMNAS_OK);
  g = rrn_xbar_all_conductances(&f.arena, &same);
  for (k = 0; k < n_cells_of(&l); k++)
    assert_true(fabs(l.g[k] - g[k]) < 1e-4);
  rrn_arena_release(&f.arena);
}

/* The fields of a chip reach the model. */
static void
test_chip(void **state)
{
  static const char text[] = "weight: {slicing: columns}\ncrossbar: {cols: 64, ir_drop: exact, col_wire_ohm: 5}\n"
                             "device: {on_resistance_ohm: 20000}\n";
  rrn_xbar_wiring w;
  rramnas_hw *hw = NULL;
  rrn_rt rt;

  (void)state;
  assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_hw_load(text, strlen(text), "hw.yaml", RRAMNAS_HW_FORMAT_YAML, &rt, &hw, NULL), RRAMNAS_OK);
  w = rrn_xbar_wiring_of(hw);
  assert_int_equal(w.ir_drop, RRN_IR_DROP_EXACT);
  assert_true(w.row_ohm == 2.82 / 20000 && w.col_ohm == 5.0 / 20000);
  assert_true(w.layout.cols == 64 && w.layout.side_by_side);
  rramnas_hw_unref(hw);
}

/* Each allocation may fail. */
static void *
fail_after(void *user, size_t bytes)
{
  int *left = user;

  return (*left)-- > 0 ? malloc(bytes) : NULL;
}

static void *
fail_to_grow(void *user, void *p, size_t bytes)
{
  int *left = user;

  return (*left)-- > 0 ? realloc(p, bytes) : NULL;
}

static void
give_back(void *user, void *p)
{
  (void)user;
  free(p);
}

static void
test_memory(void **state)
{
  rrn_xbar_wiring w = { RRN_IR_DROP_ATTENUATED, 1e-3, 1e-3, { 8, 0 } };
  int32_t weights[IN * OUT], x[IN * VECTORS];
  int left, n;
  rramnas_runtime hooks = RRAMNAS_RUNTIME_INIT;
  rrn_xbar_layer l;
  rrn_arena arena;
  fixture f;
  rrn_rt rt;

  (void)state;
  begin(&f);
  random_layer(&f, weights, x);
  hooks.alloc = fail_after;
  hooks.realloc = fail_to_grow;
  hooks.free = give_back;
  hooks.alloc_user = &left;
  assert_int_equal(rrn_rt_init(&rt, &hooks, NULL), RRAMNAS_OK);
  for (; w.ir_drop <= RRN_IR_DROP_EXACT; w.ir_drop++)
    for (n = 0; n < 3; n++) {
      l = make(RRN_XBAR_DIFFERENTIAL, weights);
      left = n;
      rrn_arena_init(&arena, &rt);
      assert_int_equal(rrn_xbar_wires_apply(&arena, &l, &w, NULL), RRAMNAS_ERR_MEMORY);
      assert_null(l.g);
      rrn_arena_release(&arena);
    }
  rrn_arena_release(&f.arena);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_matrix),      cmocka_unit_test(test_products), cmocka_unit_test(test_kernels),
    cmocka_unit_test(test_attenuation), cmocka_unit_test(test_nothing),  cmocka_unit_test(test_chip),
    cmocka_unit_test(test_memory),      cmocka_unit_test(test_extreme_segments),
    cmocka_unit_test(test_no_solution),
  };

  allow_tiles();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
