/* SPDX-License-Identifier: MIT */
/* Products on crossbars against references of other programs; ranges, memory; refused input. */
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
#include "xbar/adc.h"
#include "xbar/mvm.h"
#include "xbar/noise.h"
#include "xbar_cells.h"

typedef struct fixture {
  rrn_rt rt;
  rrn_arena arena;
} fixture;

static void
begin(fixture *f)
{
  assert_int_equal(rrn_rt_init(&f->rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&f->arena, &f->rt);
}

static double *
read_numbers(fixture *f, FILE *file, size_t n)
{
  double *values = rrn_arena_alloc(&f->arena, n, sizeof(*values));
  size_t k;

  for (k = 0; k < n; k++)
    assert_int_equal(fscanf(file, "%lf", &values[k]), 1);
  return values;
}

typedef struct golden {
  rrn_xbar_layer layer;
  int32_t *x; /* [vectors][inputs] */
  size_t batch;
  double scale;
  const double *y, *currents; /* [outputs][vectors] */
} golden;

static int32_t *
integers(fixture *f, const double *values, size_t n)
{
  int32_t *out = rrn_arena_alloc(&f->arena, n, sizeof(*out));
  size_t k;

  for (k = 0; k < n; k++)
    out[k] = (int32_t)values[k];
  return out;
}

/* Conductances are given from now on: those that the layer has, with errors[cells] added, not below 0, and masks[cells]
 * applied: 0 none, 1 stuck off, 2 stuck on. Either may be NULL. */
static void
disturb(fixture *f, rrn_xbar_layer *l, const double *errors, const double *masks)
{
  double *g = rrn_xbar_all_conductances(&f->arena, l);
  size_t c;

  assert_non_null(g);
  for (c = 0; c < n_cells_of(l); c++) {
    if (errors)
      g[c] = g[c] + errors[c] > 0 ? g[c] + errors[c] : 0;
    if (masks && masks[c] != 0)
      g[c] = masks[c] == 1 ? l->spec.g_off : 1;
  }
  l->g = g;
  l->ideal = 0;
}

static void
read_disturbances(fixture *f, FILE *file, rrn_xbar_layer *l, const double *h)
{
  const size_t cells = n_cells_of(l);
  const double *errors = h[12] != 0 ? read_numbers(f, file, cells) : NULL;
  const double *masks = h[13] != 0 ? read_numbers(f, file, cells) : NULL;

  if (errors || masks)
    disturb(f, l, errors, masks);
}

static void
read_golden(fixture *f, const char *name, golden *g)
{
  char path[4096];
  FILE *file;
  const double *h, *x;
  size_t n_in, n_out, k;
  rrn_xbar_adc adc = { 0 };

  snprintf(path, sizeof(path), "%s/xbar/mvm_%s.txt", getenv("RRAMNAS_TEST_DATA"), name);
  assert_non_null(file = fopen(path, "r"));
  h = read_numbers(f, file, 14);
  n_in = (size_t)h[0];
  n_out = (size_t)h[1];
  g->batch = (size_t)h[2];
  g->scale = h[9] / (pow(2, h[4] - 1) - 1) * h[10] / (pow(2, h[5]) - 1);
  adc.codes = (int32_t)h[11];
  if (adc.codes != 0) {
    memcpy(adc.lo, read_numbers(f, file, (size_t)h[7]), (size_t)h[7] * sizeof(double));
    memcpy(adc.hi, read_numbers(f, file, (size_t)h[7]), (size_t)h[7] * sizeof(double));
  }
  const rrn_xbar_spec spec = { .sign = (int32_t)h[3], .weight_bits = (int32_t)h[4], .input_bits = (int32_t)h[5],
    .cell_bits = (int32_t)h[6], .dac_bits = 1, .rows = (int32_t)n_in, .g_off = h[8] };
  const int32_t *weights = integers(f, read_numbers(f, file, n_in * n_out), n_in * n_out);
  assert_int_equal(rrn_xbar_layer_create(&spec, weights, n_out, n_in, (rrn_xbar_id){ 1, 2, 3 }, &g->layer,
                                         NULL), RRAMNAS_OK);
  assert_int_equal(g->layer.n_slices, (int32_t)h[7]);
  g->layer.adc = adc;
  x = read_numbers(f, file, n_in * g->batch);
  g->x = rrn_arena_alloc(&f->arena, n_in * g->batch, sizeof(*g->x));
  for (k = 0; k < n_in * g->batch; k++)
    g->x[k % g->batch * n_in + k / g->batch] = (int32_t)x[k];
  read_disturbances(f, file, &g->layer, h);
  g->y = read_numbers(f, file, n_out * g->batch);
  g->currents = read_numbers(f, file, n_out * g->batch);
  fclose(file);
}

static const char *names[] = {
  "adc4_granular_diff_64x32", "adc4_pow2_diff_64x32", "adc6_max_diff_64x32", "adc6_max_offset_64x32",
  "adc6_pow2_diff_64x32", "adc8_asym_quantizer_diff_64x32", "adc8_granular_diff_256x128",
  "adc8_granular_diff_64x32", "adc8_granular_offset_64x32", "adc8_max_diff_64x32", "adc8_pow2_diff_64x32",
  "all_offset_128x64", "err_indep_diff_32x16", "err_prop_diff_32x16", "ideal_diff_16x8", "quant4_diff_32x16",
  "slice_diff_cb1_64x32", "slice_diff_cb2_64x32", "slice_diff_cb4_64x32", "slice_offset_cb1_64x32",
  "slice_offset_cb4_64x32", "stuck_diff_32x16",
};
enum { N_NAMES = sizeof(names) / sizeof(names[0]) };

static void
compare(const golden *g, const double *y, const char *name, double tolerance)
{
  const size_t n = g->layer.n_out;
  size_t b, j;

  for (b = 0; b < g->batch; b++)
    for (j = 0; j < n; j++)
      if (!(fabs(y[b * n + j] * g->scale - g->y[j * g->batch + b]) <= tolerance))
        fail_msg("%s output %zu vector %zu: %.17g, expected %.17g", name, j, b, y[b * n + j] * g->scale,
                 g->y[j * g->batch + b]);
}

static void
test_golden_reference(void **state)
{
  size_t k;

  (void)state;
  for (k = 0; k < N_NAMES; k++) {
    fixture f;
    golden g;
    rrn_xbar_stats stats = { 0, 0, 0 };
    double *y;

    begin(&f);
    read_golden(&f, names[k], &g);
    y = rrn_arena_alloc(&f.arena, g.batch * g.layer.n_out, sizeof(*y));
    assert_int_equal(rrn_xbar_mvm_reference(&f.arena, &g.layer, g.x, g.batch, 0, y, &stats, NULL), RRAMNAS_OK);
    compare(&g, y, names[k], 1e-9);
    assert_true(stats.conversions == (g.layer.adc.codes == 0 ? 0 : (int64_t)(g.batch * g.layer.cols) *
                                      g.layer.n_slices * g.layer.n_steps));
    rrn_arena_release(&f.arena);
  }
}

typedef struct currents {
  const golden *g;
  size_t seen, compared;
} currents;

/* Column by column, those of slice 0 first: all steps of a vector after each other. */
static void
see_current(void *user, int32_t slice, double current)
{
  currents *c = user;
  const size_t steps = (size_t)c->g->layer.n_steps, number = c->seen++;
  const size_t vector = number / steps % c->g->batch, col = number / steps / c->g->batch;

  if (number % steps != 0 || col >= c->g->layer.n_out)
    return;
  assert_int_equal(slice, 0);
  assert_true(fabs(current - c->g->currents[col * c->g->batch + vector]) <= 1e-12);
  c->compared++;
}

static void
test_golden_currents(void **state)
{
  size_t k;

  (void)state;
  for (k = 0; k < N_NAMES; k++) {
    fixture f;
    golden g;
    currents c = { &g, 0, 0 };

    begin(&f);
    read_golden(&f, names[k], &g);
    assert_int_equal(rrn_xbar_profile(&f.arena, &g.layer, g.x, g.batch, 0, see_current, &c, NULL), RRAMNAS_OK);
    assert_int_equal(c.compared, g.batch * g.layer.n_out);
    rrn_arena_release(&f.arena);
  }
}

static void
test_golden_kernels(void **state)
{
  size_t k;
  int cpu;

  (void)state;
  for (k = 0; k < N_NAMES; k++) {
    for (cpu = RRN_XBAR_CPU_PLAIN; cpu <= (int)rrn_xbar_cpu_best(); cpu++) {
      fixture f;
      golden g;
      rrn_xbar_kernel kernel;
      rrn_xbar_stats fast = { 0, 0, 0 }, slow = { 0, 0, 0 };
      double *y;

      begin(&f);
      read_golden(&f, names[k], &g);
      y = rrn_arena_alloc(&f.arena, g.batch * g.layer.n_out, sizeof(*y));
      assert_int_equal(rrn_xbar_kernel_create(&f.arena, &g.layer, cpu, &kernel, NULL), RRAMNAS_OK);
      assert_int_equal(kernel.collapsed, g.layer.adc.codes == 0);
      assert_int_equal(rrn_xbar_mvm_reference(&f.arena, &g.layer, g.x, g.batch, 0, y, &slow, NULL), RRAMNAS_OK);
      assert_int_equal(rrn_xbar_mvm(&f.arena, &kernel, g.x, g.batch, 0, y, &fast, NULL), RRAMNAS_OK);
      compare(&g, y, names[k], 1e-9);
      assert_memory_equal(&fast, &slow, sizeof(fast));
      rrn_arena_release(&f.arena);
    }
  }
}

/* A kernel keeps three bytes per pair of cells, and 4 % of that for its tables. */
static void
test_memory(void **state)
{
  enum { IN = 1152, OUT = 64, SLICES = 4 };
  const rrn_xbar_spec spec = { .weight_bits = 8, .cell_bits = 2, .input_bits = 8, .dac_bits = 1, .rows = 128 };
  static int32_t weights[IN * OUT];
  rrn_arena kept;
  rrn_xbar_layer l;
  rrn_xbar_kernel k;
  fixture f;

  (void)state;
  begin(&f);
  rrn_arena_init(&kept, &f.rt);
  assert_int_equal(rrn_xbar_layer_create(&spec, weights, OUT, IN, (rrn_xbar_id){ 1, 0, 0 }, &l, NULL),
                   RRAMNAS_OK);
  rrn_xbar_program(&l, &(rrn_xbar_noise){ .write_model = RRN_WRITE_ABSOLUTE, .write_sigma = 0.1 });
  assert_int_equal(rrn_xbar_adc_set(&l, 8, RRN_XBAR_RANGE_GRANULAR, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_xbar_kernel_create(&kept, &l, rrn_xbar_cpu_best(), &k, NULL), RRAMNAS_OK);
  assert_true(kept.used > 0 && (double)kept.used <= 3 * 1.04 * SLICES * IN * OUT);
  rrn_arena_release(&kept);
  rrn_arena_release(&f.arena);
}

/* One vector of eight drives the cells, less than a fifth: the range is that of its currents, as if it were alone. No
 * current at all leaves the whole range. */
static void
test_calibration_of_little(void **state)
{
  enum { IN = 64, VECTORS = 8 };
  const rrn_xbar_spec spec = { .sign = RRN_XBAR_OFFSET, .weight_bits = 2, .cell_bits = 2, .input_bits = 1,
    .dac_bits = 1, .rows = 128 };
  static const int32_t weights[IN] = { 1, 1, 1, -1 }; /* 1 is a cell that is on, -1 a third of it */
  int32_t x[VECTORS * IN] = { 0 };
  rrn_xbar_layer l;
  fixture f;

  (void)state;
  begin(&f);
  assert_int_equal(rrn_xbar_layer_create(&spec, weights, 1, IN, (rrn_xbar_id){ 0, 0, 0 }, &l, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_xbar_adc_calibrate(&f.arena, &l, 8, x, VECTORS, 0.8, NULL), RRAMNAS_OK);
  assert_true(l.adc.hi[0] == IN);
  x[5 * IN] = x[5 * IN + 1] = x[5 * IN + 2] = x[5 * IN + 3] = 1;
  assert_int_equal(rrn_xbar_adc_calibrate(&f.arena, &l, 8, x, VECTORS, 0.8, NULL), RRAMNAS_OK);
  assert_true(l.adc.hi[0] == 4);
  assert_int_equal(rrn_xbar_adc_calibrate(&f.arena, &l, 8, x + 5 * IN, 1, 0.8, NULL), RRAMNAS_OK);
  assert_true(l.adc.hi[0] == 4);
  rrn_arena_release(&f.arena);
}

static void
test_refused(void **state)
{
  const rrn_xbar_spec good = { .weight_bits = 4, .cell_bits = 2, .input_bits = 4, .dac_bits = 1, .rows = 2 };
  const int32_t weights[4] = { 7, -7, 0, 1 }, big[4] = { 8, 0, 0, 0 }, x[2] = { 0, 16 };
  const rrn_xbar_id id = { 0, 0, 0 };
  rrn_xbar_layer l;
  rrn_xbar_kernel k;
  rramnas_error err = { .size = sizeof(err) };
  rrn_xbar_spec bad;
  double y[2] = { 3, 3 };
  fixture f;

  (void)state;
  begin(&f);
  assert_int_equal(rrn_xbar_layer_create(&good, big, 2, 2, id, &l, &err), RRAMNAS_ERR_ARGUMENT);
  assert_string_equal(err.message, "weight 0 is 8, expected -7..7");
#define REFUSE(field, value)                                                                             \
  bad = good;                                                                                            \
  bad.field = value;                                                                                     \
  assert_int_equal(rrn_xbar_layer_create(&bad, weights, 2, 2, id, &l, &err), RRAMNAS_ERR_ARGUMENT)
  REFUSE(sign, 3);
  REFUSE(weight_bits, 17);
  REFUSE(cell_bits, 0);
  REFUSE(input_bits, 17);
  REFUSE(dac_bits, 9);
  REFUSE(rows, 0);
  REFUSE(g_off, 1);
  REFUSE(g_off, NAN);
  assert_int_equal(rrn_xbar_layer_create(&good, weights, 0, 2, id, &l, &err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rrn_xbar_layer_create(&good, weights, 2, 2, id, &l, &err), RRAMNAS_OK);
  assert_int_equal(rrn_xbar_adc_set(&l, 1, RRN_XBAR_RANGE_MAX, &err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rrn_xbar_adc_calibrate(&f.arena, &l, 8, x, 1, 0, &err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rrn_xbar_mvm_reference(&f.arena, &l, x, 1, 0, y, NULL, &err), RRAMNAS_ERR_ARGUMENT);
  assert_string_equal(err.message, "input 1 is 16, expected 0..15");
  assert_int_equal(rrn_xbar_kernel_create(&f.arena, &l, RRN_XBAR_CPU_PLAIN, &k, &err), RRAMNAS_OK);
  assert_int_equal(rrn_xbar_mvm(&f.arena, &k, x, 1, 0, y, NULL, &err), RRAMNAS_ERR_ARGUMENT);
  assert_true(y[0] == 3);
  l.read_model = RRN_READ_RELATIVE;
  assert_int_equal(rrn_xbar_kernel_create(&f.arena, &l, RRN_XBAR_CPU_PLAIN, &k, &err), RRAMNAS_ERR_UNSUPPORTED);
  rrn_arena_release(&f.arena);
}

/* Every allocation of the path fails once: a status, and outputs as they were. */
typedef struct failing {
  int left;
} failing;

static void *
failing_alloc(void *user, size_t size)
{
  failing *f = user;

  return f->left-- > 0 ? malloc(size) : NULL;
}

static void
failing_free(void *user, void *pointer)
{
  (void)user;
  free(pointer);
}

static int32_t
whole_path(const rrn_rt *rt, int32_t read_model, double *y)
{
  static int32_t weights[300 * 40], x[300 * 20];
  const rrn_xbar_spec spec = { .weight_bits = 8, .cell_bits = 2, .input_bits = 8, .dac_bits = 1, .rows = 128 };
  int32_t status = RRAMNAS_OK;
  rrn_xbar_kernel k;
  rrn_xbar_layer l;
  rrn_arena a;

  rrn_arena_init(&a, rt);
  RRN_TRY_OUT(rrn_xbar_layer_create(&spec, weights, 40, 300, (rrn_xbar_id){ 0, 0, 0 }, &l, NULL));
  rrn_xbar_program(&l, &(rrn_xbar_noise){ .write_model = RRN_WRITE_ABSOLUTE, .write_sigma = 0.1 });
  RRN_TRY_OUT(rrn_xbar_adc_calibrate(&a, &l, 8, x, 1, 1, NULL));
  if (read_model != 0) {
    RRN_TRY_OUT(rrn_xbar_mvm_reference(&a, &l, x, 20, 0, y, NULL, NULL));
    goto out;
  }
  RRN_TRY_OUT(rrn_xbar_kernel_create(&a, &l, rrn_xbar_cpu_best(), &k, NULL));
  RRN_TRY_OUT(rrn_xbar_mvm(&a, &k, x, 20, 0, y, NULL, NULL));
out:
  rrn_arena_release(&a);
  return status;
}

static void
test_no_memory(void **state)
{
  static double y[40 * 20];
  int32_t model, status;
  int n, failed = 0;

  (void)state;
  for (model = 0; model < 2; model++)
    for (n = 0, status = -1; status != RRAMNAS_OK; n++) {
      failing f = { n };
      rrn_rt rt;

      rrn_rt_init(&rt, NULL, NULL);
      rt.alloc = failing_alloc;
      rt.free = failing_free;
      rt.alloc_user = &f;
      y[0] = 77;
      status = whole_path(&rt, model, y);
      assert_true(status == RRAMNAS_OK || (status == RRAMNAS_ERR_MEMORY && y[0] == 77));
      failed += status != RRAMNAS_OK;
    }
  assert_true(failed >= 4);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_golden_reference), cmocka_unit_test(test_golden_currents),
    cmocka_unit_test(test_golden_kernels),   cmocka_unit_test(test_memory),
    cmocka_unit_test(test_calibration_of_little), cmocka_unit_test(test_refused),
    cmocka_unit_test(test_no_memory),
  };

  allow_tiles();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
