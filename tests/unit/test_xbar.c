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

/* Random layers: each kernel gives the same bytes, and the reference's result but for the last bits of its sums. */
typedef struct random_case {
  fixture f;
  rrn_xbar_layer layer;
  int32_t *x, *weights;
  size_t batch;
} random_case;

static void
make_case(random_case *c, uint32_t number, int ideal)
{
  rrn_random r = rrn_random_start(5, number, 0, 0);
  const size_t n_in = 1 + rrn_random_below(&r, 300), n_out = 1 + rrn_random_below(&r, 70);
  const rrn_xbar_spec spec = { .sign = (int32_t)rrn_random_below(&r, 3),
    .weight_bits = 2 + (int32_t)rrn_random_below(&r, 8), .cell_bits = 1 + (int32_t)rrn_random_below(&r, 4),
    .input_bits = 1 + (int32_t)rrn_random_below(&r, number % 16 == 7 ? 16 : 10),
    .dac_bits = 1 + (int32_t)rrn_random_below(&r, 4),
    .rows = 1 + (int32_t)rrn_random_below(&r, 200), .subtract_digitally = (int32_t)rrn_random_below(&r, 2),
    .g_off = rrn_random_below(&r, 2) ? 0.03 : 0 };
  const rrn_xbar_noise noise = { .write_model = RRN_WRITE_RELATIVE, .write_sigma = 0.05, .stuck_on_fraction = 0.01 };
  const uint32_t limit = (1u << (spec.weight_bits - 1)) - 1;
  size_t i;

  begin(&c->f);
  c->batch = 1 + rrn_random_below(&r, 150);
  c->weights = rrn_arena_alloc(&c->f.arena, n_in * n_out, sizeof(*c->weights));
  c->x = rrn_arena_alloc(&c->f.arena, n_in * c->batch, sizeof(*c->x));
  for (i = 0; i < n_in * n_out; i++)
    c->weights[i] = (int32_t)rrn_random_below(&r, 2 * limit + 1) - (int32_t)limit;
  for (i = 0; i < n_in * c->batch; i++)
    c->x[i] = (int32_t)rrn_random_below(&r, 1u << spec.input_bits);
  assert_int_equal(rrn_xbar_layer_create(&spec, c->weights, n_out, n_in, (rrn_xbar_id){ number, 0, 0 },
                                         &c->layer, NULL), RRAMNAS_OK);
  if (!ideal)
    rrn_xbar_program(&c->layer, &noise);
}

/* The first `few` vectors by themselves, whose steps share lanes, without counts. */
static void
check_split(random_case *c, const rrn_xbar_kernel *k, size_t few, const double *whole)
{
  const size_t n_in = c->layer.n_in, n_out = c->layer.n_out, first = few < c->batch ? few : c->batch;
  double *y = rrn_arena_alloc(&c->f.arena, c->batch * n_out, sizeof(*y));

  assert_int_equal(rrn_xbar_mvm(&c->f.arena, k, c->x, first, 0, y, NULL, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_xbar_mvm(&c->f.arena, k, c->x + first * n_in, c->batch - first, (uint32_t)first,
                                y + first * n_out, NULL, NULL), RRAMNAS_OK);
  assert_memory_equal(y, whole, c->batch * n_out * sizeof(*y));
}

static void
test_kernels_agree(void **state)
{
  uint32_t number;
  int cpu;

  (void)state;
  for (number = 0; number < 60; number++) {
    random_case c;
    rrn_xbar_stats slow = { 0, 0, 0 };
    double *want, *got, *plain;
    size_t n, i;

    make_case(&c, number, 0);
    assert_int_equal(rrn_xbar_adc_set(&c.layer, 5 + (int32_t)(number % 4), (int32_t)(number % 2), NULL), RRAMNAS_OK);
    n = c.batch * c.layer.n_out;
    want = rrn_arena_alloc(&c.f.arena, n, sizeof(double));
    got = rrn_arena_alloc(&c.f.arena, n, sizeof(double));
    plain = rrn_arena_alloc(&c.f.arena, n, sizeof(double));
    assert_int_equal(rrn_xbar_mvm_reference(&c.f.arena, &c.layer, c.x, c.batch, 0, want, &slow, NULL), RRAMNAS_OK);
    for (cpu = RRN_XBAR_CPU_PLAIN; cpu <= (int)rrn_xbar_cpu_best(); cpu++) {
      rrn_xbar_stats fast = { 0, 0, 0 };
      rrn_xbar_kernel k;

      assert_int_equal(rrn_xbar_kernel_create(&c.f.arena, &c.layer, cpu, &k, NULL), RRAMNAS_OK);
      assert_int_equal(rrn_xbar_mvm(&c.f.arena, &k, c.x, c.batch, 0, got, &fast, NULL), RRAMNAS_OK);
      if (cpu == RRN_XBAR_CPU_PLAIN)
        memcpy(plain, got, n * sizeof(double));
      assert_memory_equal(got, plain, n * sizeof(double));
      assert_memory_equal(&fast, &slow, sizeof(fast));
      check_split(&c, &k, 1 + number % 9, plain);
    }
    /* Another code would be off by a step at least. */
    for (i = 0; i < n; i++)
      if (!(fabs(got[i] - want[i]) <= 1e-8 * (1 + fabs(want[i]))))
        fail_msg("case %u output %zu: %.17g, expected %.17g", (unsigned)number, i, got[i], want[i]);
    rrn_arena_release(&c.f.arena);
  }
}

/* Currents at the border of two codes, but for write errors near to what 24 bits per cell tell, or far below. */
static void
check_border(double sigma, int sign)
{
  const rrn_xbar_spec spec = { .sign = sign, .weight_bits = 3, .cell_bits = 2, .input_bits = 2, .dac_bits = 1,
                               .rows = 40 };
  const rrn_xbar_noise noise = { .write_model = RRN_WRITE_ABSOLUTE, .write_sigma = sigma };
  enum { N_IN = 50, N_OUT = 20, BATCH = 33 };
  int32_t weights[N_OUT * N_IN], x[BATCH * N_IN];
  double want[BATCH * N_OUT], got[BATCH * N_OUT];
  rrn_xbar_stats slow = { 0, 0, 0 };
  rrn_random r = rrn_random_start(9, (uint32_t)sign, 0, 0);
  rrn_xbar_layer layer;
  fixture f;
  size_t i;
  int cpu;

  begin(&f);
  for (i = 0; i < N_OUT * N_IN; i++)
    weights[i] = (int32_t)rrn_random_below(&r, 7) - 3;
  for (i = 0; i < BATCH * N_IN; i++)
    x[i] = (int32_t)rrn_random_below(&r, 4);
  assert_int_equal(rrn_xbar_layer_create(&spec, weights, N_OUT, N_IN, (rrn_xbar_id){ 3, 0, 0 }, &layer, NULL),
                   RRAMNAS_OK);
  rrn_xbar_program(&layer, &noise);
  layer.adc.codes = 31; /* a digit is half a code */
  for (i = 0; i < RRN_XBAR_MAX_SLICES; i++) {
    layer.adc.lo[i] = sign == RRN_XBAR_DIFFERENTIAL ? -10 : 0;
    layer.adc.hi[i] = layer.adc.lo[i] + 20;
  }
  assert_int_equal(rrn_xbar_mvm_reference(&f.arena, &layer, x, BATCH, 0, want, &slow, NULL), RRAMNAS_OK);
  for (cpu = RRN_XBAR_CPU_PLAIN; cpu <= (int)rrn_xbar_cpu_best(); cpu++) {
    rrn_xbar_stats fast = { 0, 0, 0 };
    rrn_xbar_kernel k;

    assert_int_equal(rrn_xbar_kernel_create(&f.arena, &layer, cpu, &k, NULL), RRAMNAS_OK);
    assert_int_equal(rrn_xbar_mvm(&f.arena, &k, x, BATCH, 0, got, &fast, NULL), RRAMNAS_OK);
    assert_memory_equal(&fast, &slow, sizeof(fast));
    for (i = 0; i < BATCH * N_OUT; i++)
      assert_true(fabs(got[i] - want[i]) <= 1e-8 * (1 + fabs(want[i])));
  }
  rrn_arena_release(&f.arena);
}

static void
test_borders(void **state)
{
  static const double sigmas[] = { 1e-4, 1e-6, 1e-8, 1e-11, 1e-15 };
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(sigmas) / sizeof(sigmas[0]); i++) {
    check_border(sigmas[i], RRN_XBAR_DIFFERENTIAL);
    check_border(sigmas[i], RRN_XBAR_OFFSET);
  }
}

/* Read noise on random layers: the same bytes and clips from every kernel, however a batch is split, and most of the
 * reference's codes; or noise of more codes than kernels add without conversion. */
static void
test_noisy_kernels_agree(void **state)
{
  uint32_t number;
  int cpu;

  (void)state;
  for (number = 0; number < 24; number++) {
    random_case c;
    const int loud = number % 8 >= 6;
    rrn_xbar_stats stats, of_plain = { 0, 0, 0 };
    double *want, *got, *plain;
    size_t n, i, near = 0;

    make_case(&c, number, 0);
    c.layer.read_model = number % 2 ? RRN_READ_RELATIVE : RRN_READ_ABSOLUTE;
    c.layer.read_sigma = loud ? 8 : 0.02;
    c.layer.read_by_column = 1;
    assert_int_equal(rrn_xbar_adc_set(&c.layer, 6 + loud, RRN_XBAR_RANGE_MAX, NULL), RRAMNAS_OK);
    n = c.batch * c.layer.n_out;
    want = rrn_arena_alloc(&c.f.arena, n, sizeof(double));
    got = rrn_arena_alloc(&c.f.arena, n, sizeof(double));
    plain = rrn_arena_alloc(&c.f.arena, n, sizeof(double));
    assert_int_equal(rrn_xbar_mvm_reference(&c.f.arena, &c.layer, c.x, c.batch, 0, want, NULL, NULL), RRAMNAS_OK);
    for (cpu = RRN_XBAR_CPU_PLAIN; cpu <= (int)rrn_xbar_cpu_best(); cpu++) {
      rrn_xbar_kernel k;

      assert_int_equal(rrn_xbar_kernel_create(&c.f.arena, &c.layer, cpu, &k, NULL), RRAMNAS_OK);
      stats = (rrn_xbar_stats){ 0, 0, 0 };
      assert_int_equal(rrn_xbar_mvm(&c.f.arena, &k, c.x, c.batch, 0, got, &stats, NULL), RRAMNAS_OK);
      if (cpu == RRN_XBAR_CPU_PLAIN) {
        memcpy(plain, got, n * sizeof(double));
        of_plain = stats;
      }
      assert_memory_equal(got, plain, n * sizeof(double));
      assert_memory_equal(&stats, &of_plain, sizeof(stats));
      if (number % 4 == 1)
        check_split(&c, &k, 1 + number % 9, plain);
    }
    for (i = 0; i < n; i++)
      near += fabs(got[i] - want[i]) <= 1e-8 * (1 + fabs(want[i]));
    assert_true(loud || 10 * near >= 9 * n);
    rrn_arena_release(&c.f.arena);
  }
}

/* Noise of thousands of codes, few rows: sums with it leave the room that they have without, the greatest being far above
 * the converter's range. Every kernel has the same bytes and clips. */
static void
test_strong_noise(void **state)
{
  uint32_t number;
  int cpu;

  (void)state;
  for (number = 0; number < 96; number++) {
    rrn_random r = rrn_random_start(6, number, 0, 0);
    const rrn_xbar_spec spec = { .sign = (int32_t)number % 3, .weight_bits = 4, .cell_bits = 1 + (int32_t)number % 4,
      .input_bits = 1 + (int32_t)rrn_random_below(&r, 4), .dac_bits = number % 5 ? 1 : 4,
      .rows = 1 + (int32_t)rrn_random_below(&r, number % 2 ? 4 : 40) };
    const size_t n_in = 20 + rrn_random_below(&r, 60), n_out = 1 + rrn_random_below(&r, 30), batch = 70;
    rrn_xbar_stats of_plain = { 0, 0, 0 };
    double *plain, *got;
    rrn_xbar_layer l;
    int32_t *w, *x;
    fixture f;
    size_t i;

    begin(&f);
    w = rrn_arena_alloc(&f.arena, n_in * n_out, sizeof(*w));
    x = rrn_arena_alloc(&f.arena, n_in * batch, sizeof(*x));
    plain = rrn_arena_alloc(&f.arena, batch * n_out, sizeof(double));
    got = rrn_arena_alloc(&f.arena, batch * n_out, sizeof(double));
    for (i = 0; i < n_in * n_out; i++)
      w[i] = (int32_t)rrn_random_below(&r, 15) - 7;
    for (i = 0; i < n_in * batch; i++)
      x[i] = (int32_t)rrn_random_below(&r, 1u << spec.input_bits);
    assert_int_equal(rrn_xbar_layer_create(&spec, w, n_out, n_in, (rrn_xbar_id){ number, 0, 0 }, &l, NULL), RRAMNAS_OK);
    rrn_xbar_program(&l, &(rrn_xbar_noise){ .write_model = RRN_WRITE_ABSOLUTE, .write_sigma = 0.1 });
    l.read_model = number / 2 % 2 ? RRN_READ_RELATIVE : RRN_READ_ABSOLUTE;
    l.read_sigma = 2 + rrn_random_below(&r, 9);
    l.read_by_column = 1;
    assert_int_equal(rrn_xbar_adc_set(&l, number % 3 ? 10 : 3, RRN_XBAR_RANGE_MAX, NULL), RRAMNAS_OK);
    for (cpu = RRN_XBAR_CPU_PLAIN; cpu <= (int)rrn_xbar_cpu_best(); cpu++) {
      rrn_xbar_stats stats = { 0, 0, 0 };
      double *to = cpu == RRN_XBAR_CPU_PLAIN ? plain : got;
      rrn_xbar_kernel k;

      assert_int_equal(rrn_xbar_kernel_create(&f.arena, &l, cpu, &k, NULL), RRAMNAS_OK);
      assert_int_equal(rrn_xbar_mvm(&f.arena, &k, x, batch, 0, to, &stats, NULL), RRAMNAS_OK);
      if (cpu == RRN_XBAR_CPU_PLAIN)
        of_plain = stats;
      assert_memory_equal(to, plain, batch * n_out * sizeof(double));
      assert_memory_equal(&stats, &of_plain, sizeof(stats));
    }
    rrn_arena_release(&f.arena);
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

static int64_t
exact(const random_case *c, size_t vector, size_t out)
{
  int64_t sum = 0;
  size_t k;

  for (k = 0; k < c->layer.n_in; k++)
    sum += (int64_t)c->weights[out * c->layer.n_in + k] * c->x[vector * c->layer.n_in + k];
  return sum;
}

/* Ideal cells give the integer product bit for bit: without converter, and with one that loses nothing. */
static void
test_ideal_is_integer(void **state)
{
  uint32_t number, collapsed_with_converter = 0;
  int cpu;

  (void)state;
  for (number = 0; number < 120; number++) {
    random_case c;
    double *y;
    size_t b, j;

    make_case(&c, number, 1);
    if (number >= 60)
      assert_int_equal(rrn_xbar_adc_set(&c.layer, 16, RRN_XBAR_RANGE_GRANULAR, NULL), RRAMNAS_OK);
    y = rrn_arena_alloc(&c.f.arena, c.batch * c.layer.n_out, sizeof(*y));
    for (cpu = RRN_XBAR_CPU_PLAIN; cpu <= (int)rrn_xbar_cpu_best(); cpu++) {
      rrn_xbar_kernel k;

      assert_int_equal(rrn_xbar_kernel_create(&c.f.arena, &c.layer, cpu, &k, NULL), RRAMNAS_OK);
      if (!k.collapsed)
        continue;
      collapsed_with_converter += number >= 60;
      assert_int_equal(rrn_xbar_mvm(&c.f.arena, &k, c.x, c.batch, 0, y, NULL, NULL), RRAMNAS_OK);
      for (b = 0; b < c.batch; b++)
        for (j = 0; j < c.layer.n_out; j++)
          assert_true(y[b * c.layer.n_out + j] == (double)exact(&c, b, j));
    }
    assert_int_equal(rrn_xbar_mvm_reference(&c.f.arena, &c.layer, c.x, c.batch, 0, y, NULL, NULL), RRAMNAS_OK);
    for (b = 0; b < c.batch && number < 60; b++)
      for (j = 0; j < c.layer.n_out; j++)
        assert_true(fabs(y[b * c.layer.n_out + j] - (double)exact(&c, b, j)) < 1e-6);
    rrn_arena_release(&c.f.arena);
  }
  assert_true(collapsed_with_converter > 20);
}

/* Ranges of slices are powers of two apart, and the asked fraction of currents is within. */
typedef struct tally {
  const rrn_xbar_layer *layer;
  int64_t n[RRN_XBAR_MAX_SLICES], beyond[RRN_XBAR_MAX_SLICES], beyond_half[RRN_XBAR_MAX_SLICES];
} tally;

static void
tally_current(void *user, int32_t slice, double current)
{
  tally *t = user;

  t->n[slice]++;
  t->beyond[slice] += fabs(current) > t->layer->adc.hi[slice];
  t->beyond_half[slice] += fabs(current) > t->layer->adc.hi[slice] / 2;
}

static void
test_calibration(void **state)
{
  uint32_t number;
  int32_t slice;

  (void)state;
  for (number = 0; number < 20; number++) {
    random_case c;
    tally t = { &c.layer, { 0 }, { 0 }, { 0 } };

    make_case(&c, number, 0);
    assert_int_equal(rrn_xbar_adc_calibrate(&c.f.arena, &c.layer, 8, c.x, c.batch, 0.99, NULL), RRAMNAS_OK);
    assert_int_equal(rrn_xbar_profile(&c.f.arena, &c.layer, c.x, c.batch, 0, tally_current, &t, NULL), RRAMNAS_OK);
    for (slice = 0; slice < c.layer.n_slices; slice++) {
      int power;
      const size_t rows = c.layer.n_in < (size_t)c.layer.spec.rows ? c.layer.n_in : (size_t)c.layer.spec.rows;

      assert_true(frexp(c.layer.adc.hi[slice] / (double)rows, &power) == 0.5);
      assert_true((double)t.beyond[slice] <= 0.01 * (double)t.n[slice] + 1e-9 || power == 1);
      assert_true((double)t.beyond_half[slice] > 0.01 * (double)t.n[slice] || t.beyond_half[slice] == 0);
    }
    rrn_arena_release(&c.f.arena);
  }
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

/* Of currents in any order. */
typedef struct bag {
  uint64_t sum;
  size_t n;
} bag;

static void
put_one(void *user, int32_t slice, double current)
{
  bag *b = user;
  uint64_t bits;

  memcpy(&bits, &current, sizeof(bits));
  bits = (bits ^ (uint64_t)slice << 48) * UINT64_C(0x9e3779b97f4a7c15);
  b->sum += (bits ^ bits >> 29) * UINT64_C(0xbf58476d1ce4e5b9);
  b->n++;
}

static void
put(void *user, int32_t slice, const double *given, size_t n)
{
  size_t i;

  for (i = 0; i < n; i++)
    put_one(user, slice, given[i]);
}

/* The fast way to a layer's currents has the bits of the reference. */
static void
test_visited_currents(void **state)
{
  uint32_t number;

  (void)state;
  for (number = 0; number < 24; number++) {
    random_case c;
    bag want = { 0, 0 }, got = { 0, 0 };

    make_case(&c, number, (int)number % 2);
    c.batch = c.batch < 20 ? c.batch : 20;
    assert_int_equal(rrn_xbar_profile(&c.f.arena, &c.layer, c.x, c.batch, 0, put_one, &want, NULL), RRAMNAS_OK);
    assert_int_equal(rrn_xbar_visit_currents(&c.f.arena, &c.layer, c.x, c.batch, put, &got, NULL), RRAMNAS_OK);
    assert_true(want.n > 0 && got.n == want.n && got.sum == want.sum);
    c.x[0] = -1;
    assert_int_equal(rrn_xbar_visit_currents(&c.f.arena, &c.layer, c.x, c.batch, put, &got, NULL),
                     RRAMNAS_ERR_ARGUMENT);
    rrn_arena_release(&c.f.arena);
  }
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
    cmocka_unit_test(test_golden_reference),
    cmocka_unit_test(test_golden_currents),
    cmocka_unit_test(test_golden_kernels),
    cmocka_unit_test(test_kernels_agree),
    cmocka_unit_test(test_borders),
    cmocka_unit_test(test_ideal_is_integer),
    cmocka_unit_test(test_noisy_kernels_agree), cmocka_unit_test(test_strong_noise),
    cmocka_unit_test(test_memory),
    cmocka_unit_test(test_calibration),
    cmocka_unit_test(test_calibration_of_little),
    cmocka_unit_test(test_visited_currents),
    cmocka_unit_test(test_refused),
    cmocka_unit_test(test_no_memory),
  };

  allow_tiles();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
