/* SPDX-License-Identifier: MIT */
/* Products on crossbars against references of other programs and against integers; ranges; refused input. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/random.h"
#include "xbar/adc.h"
#include "xbar/mvm.h"
#include "xbar/noise.h"

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

static void
read_disturbances(fixture *f, FILE *file, rrn_xbar_layer *l, const double *h)
{
  const size_t cells = rrn_xbar_n_cells(l);
  const double *errors = h[12] != 0 ? read_numbers(f, file, cells) : NULL;
  const double *masks = h[13] != 0 ? read_numbers(f, file, cells) : NULL;
  uint8_t *bytes = masks ? rrn_arena_alloc(&f->arena, cells, 1) : NULL;
  size_t k;

  for (k = 0; masks && k < cells; k++)
    bytes[k] = (uint8_t)masks[k];
  if (errors || masks)
    rrn_xbar_disturb(l, errors, bytes);
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
  assert_int_equal(rrn_xbar_layer_create(&f->arena, &spec, weights, n_out, n_in, (rrn_xbar_id){ 1, 2, 3 }, &g->layer,
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

/* Slice 0 of the first step comes first for each vector. */
static void
see_current(void *user, int32_t slice, double current)
{
  currents *c = user;
  const size_t per_vector = c->g->layer.n_out * (size_t)(c->g->layer.n_slices * c->g->layer.n_steps);
  const size_t col = c->seen % per_vector, vector = c->seen / per_vector;

  c->seen++;
  if (col >= c->g->layer.n_out)
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
      assert_int_equal(rrn_xbar_mvm(&f.arena, &kernel, g.x, g.batch, y, &fast, NULL), RRAMNAS_OK);
      compare(&g, y, names[k], 1e-9);
      assert_memory_equal(&fast, &slow, sizeof(fast));
      rrn_arena_release(&f.arena);
    }
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_golden_reference),
    cmocka_unit_test(test_golden_currents),
    cmocka_unit_test(test_golden_kernels),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
