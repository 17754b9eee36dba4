/* SPDX-License-Identifier: MIT */
/* Distributions of the device models against what they are defined as: mean, variance, Kolmogorov-Smirnov. Seeds are
 * fixed, so a test passes always or never; the levels say how surprising the data would have to be. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "../../examples/common/tiles.h"
#include "distribution.h"
#include "xbar/adc.h"
#include "xbar/mvm.h"
#include "xbar_cells.h"

enum { N = 40000 };

typedef struct fixture {
  rrn_rt rt;
  rrn_arena arena;
} fixture;

/* 200 x 200 equal weights, each one cell of two bits. */
static rrn_xbar_layer
make(fixture *f, int32_t weight, uint32_t layer, uint32_t copy)
{
  const rrn_xbar_spec spec = { .sign = RRN_XBAR_OFFSET, .weight_bits = 2, .cell_bits = 2, .input_bits = 1,
    .dac_bits = 1, .rows = 200, .g_off = 0.1 };
  static int32_t weights[N];
  rrn_xbar_layer l;
  size_t i;

  assert_int_equal(rrn_rt_init(&f->rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&f->arena, &f->rt);
  for (i = 0; i < N; i++)
    weights[i] = weight;
  assert_int_equal(rrn_xbar_layer_create(&spec, weights, 200, 200, (rrn_xbar_id){ 11, layer, copy }, &l,
                                         NULL), RRAMNAS_OK);
  assert_int_equal(n_cells_of(&l), N);
  return l;
}

/* The conductances of all cells. */
static double *
cells_of(fixture *f, const rrn_xbar_layer *l)
{
  double *g = rrn_arena_alloc(&f->arena, N, sizeof(*g));
  size_t col;

  for (col = 0; col < l->cols; col++)
    rrn_xbar_conductances(l, 0, 0, col, 0, l->n_in, g + col * l->n_in);
  return g;
}

/* Weight 0 is digit 2 of 3 in an offset of 2 bits: 0.1 + 0.9 * 2 / 3. */
#define G 0.7

/* Fills z with (g - mean) / sigma, or of the logarithms. */
static void
check_model(rrn_xbar_noise n, double mean, double sigma, int logarithm, const char *what)
{
  fixture f;
  rrn_xbar_layer l = make(&f, 0, 1, 0);
  double *z = malloc(N * sizeof(*z));
  double *g = cells_of(&f, &l);
  size_t i;

  assert_true(fabs(g[0] - G) < 1e-15);
  rrn_xbar_program(&l, &n);
  g = cells_of(&f, &l);
  assert_false(l.ideal);
  for (i = 0; i < N; i++)
    z[i] = ((logarithm ? log(g[i]) : g[i]) - mean) / sigma;
  assert_standard_normal(z, N, what);
  free(z);
  rrn_arena_release(&f.arena);
}

static void
test_models(void **state)
{
  static const double mean[] = { 0.1, 0.35, 0.66, 1 }, sigma[] = { 0.01, 0.02, 0.03, 0.04 };

  (void)state;
  check_model((rrn_xbar_noise){ .write_model = RRN_WRITE_RELATIVE, .write_sigma = 0.03 }, G, 0.03 * G, 0, "relative");
  check_model((rrn_xbar_noise){ .write_model = RRN_WRITE_ABSOLUTE, .write_sigma = 0.03 }, G, 0.03, 0, "absolute");
  check_model((rrn_xbar_noise){ .write_model = RRN_WRITE_LOGNORMAL, .write_sigma = 0.2 }, log(G), 0.2, 1, "lognormal");
  check_model((rrn_xbar_noise){ .write_model = RRN_WRITE_POLYNOMIAL, .write_c = { 0.01, 0.02, 0.03, -0.04, 0.05 } }, G,
              0.01 + 0.02 * G + 0.03 * G * G - 0.04 * G * G * G + 0.05 * G * G * G * G, 0, "polynomial");
  check_model((rrn_xbar_noise){ .level_mean = mean, .level_sigma = sigma, .level_unit = 1 }, 0.66, 0.03, 0, "levels");
  check_model((rrn_xbar_noise){ .drift_exponent = 0.05, .drift_exponent_sigma = 0.01, .drift_reference_s = 20,
                                .time_s = 20000 }, log(G) - 0.05 * log(1000), 0.01 * log(1000), 1, "drift");
}

/* What grows with the age of a cell: relaxation from one second on, exponents by the target conductance. */
static void
test_age(void **state)
{
  const rrn_xbar_noise relaxing = { .relaxation = -0.001, .relaxation_sigma = 0.005, .relaxation_sigma_log = 0.0005,
                                    .time_s = 3600 };
  rrn_xbar_noise by_state = { .drift_exponent = 0.0244, .drift_exponent_sigma = -0.0059, .drift_reference_s = 20,
    .time_s = 20000, .drift_by_state = 1, .drift_exponent_log = -0.1, .drift_exponent_min = 0.03,
    .drift_exponent_max = 0.1, .drift_sigma_log = -0.05, .drift_sigma_min = 0.008, .drift_sigma_max = 0.045 };
  const double a = log(3600), b = log(1000);

  (void)state;
  check_model(relaxing, G - 0.001 * a, 0.005 + 0.0005 * a, 0, "relaxation");
  check_model(by_state, log(G) - (0.0244 - 0.1 * log(G)) * b, (-0.0059 - 0.05 * log(G)) * b, 1, "exponents by state");
  by_state.drift_exponent_max = 0.05;
  by_state.drift_sigma_min = 0.02;
  check_model(by_state, log(G) - 0.05 * b, 0.02 * b, 1, "exponents within limits");
}

/* Beyond the fit the spread is that at its end. */
static void
test_fit(void **state)
{
  rrn_xbar_noise n = { .write_model = RRN_WRITE_POLYNOMIAL, .write_c = { 0, 0.1 }, .fit_max = 0.4 };

  (void)state;
  check_model(n, G, 0.04, 0, "above the fit");
  n.fit_max = 0;
  n.fit_min = 0.9;
  check_model(n, G, 0.09, 0, "below the fit");
}

/* No model, no age: nothing happens. Polynomial below zero is no spread. */
static void
test_nothing(void **state)
{
  const rrn_xbar_noise quiet = { .drift_exponent = 0.1, .drift_reference_s = 10, .time_s = 10 };
  const rrn_xbar_noise young = { .relaxation = 0.1, .relaxation_sigma = 0.1, .time_s = 0.5 };
  const rrn_xbar_noise negative = { .write_model = RRN_WRITE_POLYNOMIAL, .write_c = { -1 } };
  fixture f;
  rrn_xbar_layer l = make(&f, 0, 1, 0);
  const double *g;
  size_t i;

  (void)state;
  rrn_xbar_program(&l, &quiet);
  assert_true(l.ideal);
  rrn_xbar_program(&l, &young);
  assert_true(l.ideal);
  rrn_xbar_program(&l, &negative);
  g = cells_of(&f, &l);
  for (i = 0; i < N; i++)
    assert_true(fabs(g[i] - G) < 1e-15);
  rrn_arena_release(&f.arena);
}

static void
test_never_negative(void **state)
{
  fixture f;
  rrn_xbar_layer l = make(&f, -1, 1, 0);
  const double *g;
  size_t i, zeros = 0;

  (void)state;
  rrn_xbar_program(&l, &(rrn_xbar_noise){ .write_model = RRN_WRITE_ABSOLUTE, .write_sigma = 1 });
  g = cells_of(&f, &l);
  for (i = 0; i < N; i++) {
    assert_true(g[i] >= 0);
    zeros += g[i] == 0;
  }
  /* Digit 1: g = 0.4, below 0 with probability Phi(-0.4). */
  assert_true(fabs((double)zeros / N - normal_cdf(-0.4)) < 4 * sqrt(0.25 / N));
  rrn_arena_release(&f.arena);
}

/* Counts at 4 standard errors; the masks win over the write error. */
static void
test_stuck(void **state)
{
  const rrn_xbar_noise n = { .write_model = RRN_WRITE_RELATIVE, .write_sigma = 0.03, .stuck_off_fraction = 0.05,
    .stuck_on_fraction = 0.02 };
  fixture f;
  rrn_xbar_layer l = make(&f, 0, 1, 0);
  const double *g;
  size_t i, off = 0, on = 0;

  (void)state;
  rrn_xbar_program(&l, &n);
  g = cells_of(&f, &l);
  for (i = 0; i < N; i++) {
    off += g[i] == 0.1;
    on += g[i] == 1;
  }
  assert_true(fabs((double)off - 0.05 * N) < 4 * sqrt(0.05 * 0.95 * N));
  assert_true(fabs((double)on - 0.02 * N) < 4 * sqrt(0.02 * 0.98 * N));
  rrn_arena_release(&f.arena);
}

/* Every read of every cell draws anew; relative and absolute. */
static void
test_read(void **state)
{
  fixture f;
  rrn_xbar_layer l = make(&f, 0, 1, 0);
  double *z = malloc(N * sizeof(*z));
  int model;
  uint32_t i;

  (void)state;
  for (model = RRN_READ_RELATIVE; model <= RRN_READ_ABSOLUTE; model++) {
    rrn_xbar_program(&l, &(rrn_xbar_noise){ .read_model = model, .read_sigma = 0.02 });
    for (i = 0; i < N; i++)
      z[i] = (rrn_xbar_read(&l, i % 100, G, i / 100 % 50, (int32_t)(i / 5000)) - G) /
             (model == RRN_READ_RELATIVE ? 0.02 * G : 0.02);
    assert_standard_normal(z, N, "read");
  }
  free(z);
  rrn_arena_release(&f.arena);
}

/* Streams differ in each part of their name and are not correlated: 4 standard errors. */
static void
test_names(void **state)
{
  const rrn_xbar_id a = { 1, 2, 3 }, others[] = { { 2, 2, 3 }, { 1, 3, 3 }, { 1, 2, 4 }, { 1, 2, 3 } };
  size_t k;
  uint32_t i;

  (void)state;
  for (k = 0; k < 4; k++) {
    double products = 0;

    for (i = 0; i < N; i++)
      products += rrn_xbar_normal(&a, RRN_XBAR_WRITE, i, 0, 0) *
                  rrn_xbar_normal(&others[k], k == 3 ? RRN_XBAR_DRIFT : RRN_XBAR_WRITE, i, 0, 0);
    assert_true(fabs(products / N) < 4 / sqrt(N));
  }
}

/* The deviates of columns and vectors: not correlated by column, by vector, nor over the corners of a rectangle, where a
 * sum of two words would be. 4 standard errors. */
static void
test_draws(void **state)
{
  enum { SIDE = 200 };
  const rrn_xbar_stream s = rrn_xbar_stream_of(&(rrn_xbar_id){ 1, 2, 3 });
  double *z = malloc(N * sizeof(*z)), column = 0, vector = 0, corners = 0;
  size_t i, j;

  (void)state;
  for (i = 0; i < SIDE; i++)
    for (j = 0; j < SIDE; j++) {
      const rrn_xbar_draws c = rrn_xbar_draws_of_column(&s, (uint32_t)i * 64, 3);
      const rrn_xbar_draws v = rrn_xbar_draws_of_vector(&s, (uint32_t)j);

      z[i * SIDE + j] = rrn_xbar_draw(&c, &v, 3);
    }
  for (i = 0; i + 1 < SIDE; i++)
    for (j = 0; j + 1 < SIDE; j++) {
      const double *at = z + i * SIDE + j;

      column += at[0] * at[1];
      vector += at[0] * at[SIDE];
      corners += at[0] * at[1] * at[SIDE] * at[SIDE + 1];
    }
  assert_true(fabs(column) < 4 * SIDE && fabs(vector) < 4 * SIDE && fabs(corners) < 4 * SIDE);
  assert_standard_normal(z, N, "draws");
  free(z);
}

/* Correlations of all pairs of columns over many vectors: with nothing but chance their squares are 1 / VECTORS on the mean, with
 * a standard error of a hundredth of it. */
static void
test_pairs_of_columns(void **state)
{
  enum { COLUMNS = 200, VECTORS = 8192 };
  const rrn_xbar_stream s = rrn_xbar_stream_of(&(rrn_xbar_id){ 1, 2, 3 });
  float *z = malloc(COLUMNS * VECTORS * sizeof(*z));
  double squares = 0, greatest = 0;
  size_t i, j, v;

  (void)state;
  for (i = 0; i < COLUMNS; i++) {
    const rrn_xbar_draws c = rrn_xbar_draws_of_column(&s, (uint32_t)i * 64, 0);

    for (v = 0; v < VECTORS; v++) {
      const rrn_xbar_draws d = rrn_xbar_draws_of_vector(&s, (uint32_t)v);

      z[i * VECTORS + v] = (float)rrn_xbar_draw(&c, &d, 0);
    }
  }
  for (i = 0; i < COLUMNS; i++)
    for (j = 0; j < i; j++) {
      double sum = 0;

      for (v = 0; v < VECTORS; v++)
        sum += (double)(z[i * VECTORS + v] * z[j * VECTORS + v]);
      squares += sum / VECTORS * (sum / VECTORS);
      greatest = fmax(greatest, fabs(sum / VECTORS));
    }
  squares /= COLUMNS * (COLUMNS - 1) / 2;
  assert_true(fabs(squares * VECTORS - 1) < 0.04);
  assert_true(greatest * sqrt(VECTORS) < 6);
  free(z);
}

/* Steps share deviates; their numbers are standard normal, and neither they nor their squares are correlated. 4 standard
 * errors. */
static void
test_draws_of_steps(void **state)
{
  enum { SIDE = 200, STEPS = 8 };
  const rrn_xbar_stream s = rrn_xbar_stream_of(&(rrn_xbar_id){ 1, 2, 3 });
  double *z = malloc(STEPS * N * sizeof(*z));
  size_t i, a, b;

  (void)state;
  for (a = 0; a < STEPS; a++)
    for (i = 0; i < N; i++) {
      const rrn_xbar_draws c = rrn_xbar_draws_of_column(&s, (uint32_t)(i / SIDE) * 64, (int32_t)a);
      const rrn_xbar_draws v = rrn_xbar_draws_of_vector(&s, (uint32_t)(i % SIDE));

      z[a * N + i] = rrn_xbar_draw(&c, &v, (int32_t)a);
    }
  for (a = 0; a < STEPS; a++)
    for (b = 0; b < a; b++) {
      double products = 0, squares = 0;

      for (i = 0; i < N; i++) {
        const double x = z[a * N + i], y = z[b * N + i];

        products += x * y;
        squares += (x * x - 1) * (y * y - 1);
      }
      assert_true(fabs(products) < 4 * sqrt(N) && fabs(squares) < 4 * 2 * sqrt(N));
    }
  for (a = 0; a < STEPS; a++)
    assert_standard_normal(z + a * N, N, "draws of a step"); /* sorts them */
  free(z);
}

/* Side by side as one by one, to the bit; nothing beyond. */
static void
assert_blocks(const rrn_xbar_id *id, uint32_t block, uint32_t n_blocks)
{
  enum { MOST = 9 };
  float xi[MOST * RRN_XBAR_NORMALS + 1];
  int level;
  uint32_t k;

  assert_true(n_blocks <= MOST);
  for (level = 0; level < RRN_XBAR_NORMALS_LEVELS; level++) {
    rrn_xbar_normals_of *kernel = rrn_xbar_normals_kernel(level);

    xi[n_blocks * RRN_XBAR_NORMALS] = 99;
    if (kernel)
      kernel(id, RRN_XBAR_DRIFT, 1, block, n_blocks, xi);
    for (k = 0; kernel && k < n_blocks * RRN_XBAR_NORMALS; k++)
      assert_true((double)xi[k] == rrn_xbar_normal(id, RRN_XBAR_DRIFT, block * RRN_XBAR_NORMALS + k, 0, 1));
    assert_true(xi[n_blocks * RRN_XBAR_NORMALS] == 99);
  }
}

/* In every kernel, runs that begin and end anywhere, lists. */
static void
test_normals(void **state)
{
  enum { ROUNDS = 1000, ROW = 600 };
  const rrn_xbar_id id = { UINT64_C(0x123456789abcdef), 3, 7 };
  float room[ROW + 2 * RRN_XBAR_NORMALS];
  uint32_t all[ROW], round, k, n;
  double row[ROW];

  (void)state;
  for (round = 0; round < ROUNDS; round++)
    assert_blocks(&id, round * 134217u, 1 + round % 9);
  for (round = 0; round < RRN_XBAR_NORMALS; round++) {
    const float *in;

    n = ROW - 18 * round;
    rrn_xbar_normals(&id, RRN_XBAR_WRITE, 0, 1000 + round, n, row);
    in = rrn_xbar_normals_in(&id, RRN_XBAR_WRITE, 0, 1000 + round, n, room);
    assert_true(in >= room && in + n <= room + ROW + 2 * RRN_XBAR_NORMALS);
    for (k = 0; k < n; k++) {
      assert_true(row[k] == rrn_xbar_normal(&id, RRN_XBAR_WRITE, 1000 + round + k, 0, 0));
      assert_true((double)in[k] == row[k]);
    }
  }
  for (k = 0; k < ROW; k++)
    all[k] = 99 + k * 5 % 593;
  rrn_xbar_normals_at(&id, RRN_XBAR_WRITE, 0, all, ROW, row);
  for (k = 0; k < ROW; k++)
    assert_true(row[k] == rrn_xbar_normal(&id, RRN_XBAR_WRITE, all[k], 0, 0));
}

/* Of 2^16 words one is far from the middle, where kernels look the octave up in another way. */
static void
test_far_words(void **state)
{
  enum { CELLS = 1 << 19 };
  const rrn_xbar_id id = { 5, 2, 1 };
  uint32_t cell, n, n_far = 0;

  (void)state;
  for (cell = 8 * RRN_XBAR_NORMALS; cell < CELLS; cell++)
    if ((rrn_xbar_word(&id, RRN_XBAR_DRIFT, cell, 0, 1) & INT32_MAX) < 1 << 15) {
      n_far++;
      for (n = 1; n <= 9; n++) {
        assert_blocks(&id, cell / RRN_XBAR_NORMALS, n);
        assert_blocks(&id, cell / RRN_XBAR_NORMALS - (n - 1), n);
      }
    }
  assert_true(n_far >= 3);
}

static double
density(double x)
{
  return exp(-x * x / 2) / sqrt(2 * 3.14159265358979323846);
}

/* Magnitudes of words: the inverse of the normal distribution within 1e-6, also at the ends; a bit for the sign. Mean
 * of squares and of fourth powers over all words. */
static void
test_quantile(void **state)
{
  enum { STEPS = 1 << 18 };
  double squares = 0, fourth = 0;
  uint32_t k, bit;

  (void)state;
  for (k = 0; k < STEPS; k++) {
    const uint32_t m = k * ((1u << 31) / STEPS) + (1u << 31) / STEPS / 2;
    const double z = (double)rrn_xbar_deviate_of(m), p = ((double)m + 0.5) * 0x1p-32;

    assert_true(fabs(normal_cdf(-z) - p) <= 1e-6 * density(z));
    assert_true((double)rrn_xbar_deviate_of(m | 1u << 31) == -z);
    squares += z * z / STEPS;
    fourth += z * z * z * z / STEPS;
  }
  for (bit = 0; bit < 31; bit++) {
    const double z = (double)rrn_xbar_deviate_of(1u << bit), p = ((double)(1u << bit) + 0.5) * 0x1p-32;

    assert_true(fabs(normal_cdf(-z) - p) <= 2e-6 * density(z));
  }
  assert_true((double)rrn_xbar_deviate_of(0) > 6.2 && (double)rrn_xbar_deviate_of(0) < 6.4);
  assert_true(fabs((double)rrn_xbar_deviate_of(INT32_MAX)) < 1e-6);
  assert_true(fabs(squares - 1) < 1e-4 && fabs(fourth - 3) < 2e-3);
}

typedef struct residuals {
  double mean, sigma, *z;
  size_t n;
} residuals;

static void
see_current(void *user, int32_t slice, double current)
{
  residuals *r = user;

  (void)slice;
  r->z[r->n++] = (current - r->mean) / r->sigma;
}

/* Column currents have the distribution of their cells' sum, drawn per cell or per column. */
static void
test_read_currents(void **state)
{
  enum { VECTORS = 50 };
  static int32_t x[VECTORS * 200];
  fixture f;
  rrn_xbar_layer l = make(&f, 0, 1, 0);
  residuals r = { 120 * G, 0, malloc(VECTORS * 200 * sizeof(double)), 0 };
  int model;
  size_t i;

  (void)state;
  for (i = 0; i < VECTORS * 200; i++)
    x[i] = i % 5 < 3;
  for (model = RRN_READ_RELATIVE; model <= RRN_READ_ABSOLUTE; model++) {
    rrn_xbar_program(&l, &(rrn_xbar_noise){ .read_model = model, .read_sigma = 0.02 });
    r.sigma = 0.02 * (model == RRN_READ_RELATIVE ? G : 1) * sqrt(120);
    for (l.read_by_column = 0; l.read_by_column < 2; l.read_by_column++) {
      r.n = 0;
      assert_int_equal(rrn_xbar_profile(&f.arena, &l, x, VECTORS, 0, see_current, &r, NULL), RRAMNAS_OK);
      assert_int_equal(r.n, VECTORS * 200);
      assert_standard_normal(r.z, r.n, l.read_by_column ? "currents by column" : "currents by cell");
    }
  }
  free(r.z);
  rrn_arena_release(&f.arena);
}

/* A fine converter shows what the kernels draw: the same distribution, the reference's numbers, the same bytes. `sum` is
 * that of a vector's inputs, sigma in units of the lowest step. */
static void
check_kernels(fixture *f, const rrn_xbar_layer *l, const int32_t *x, size_t vectors, double sum, double sigma)
{
  const size_t n = vectors * 200;
  double *want = malloc(n * sizeof(*want)), *got = malloc(n * sizeof(*got)), *first = malloc(n * sizeof(*first));
  int cpu;
  size_t i;

  assert_int_equal(rrn_xbar_mvm_reference(&f->arena, l, x, vectors, 9, want, NULL, NULL), RRAMNAS_OK);
  for (cpu = RRN_XBAR_CPU_PLAIN; cpu <= (int)rrn_xbar_cpu_best(); cpu++) {
    rrn_xbar_kernel k;

    assert_int_equal(rrn_xbar_kernel_create(&f->arena, l, cpu, &k, NULL), RRAMNAS_OK);
    assert_int_equal(rrn_xbar_mvm(&f->arena, &k, x, vectors, 9, got, NULL, NULL), RRAMNAS_OK);
    if (cpu == RRN_XBAR_CPU_PLAIN)
      memcpy(first, got, n * sizeof(*got));
    assert_memory_equal(got, first, n * sizeof(*got));
    assert_int_equal(rrn_xbar_mvm(&f->arena, &k, x, 5, 9, got, NULL, NULL), RRAMNAS_OK);
    assert_int_equal(rrn_xbar_mvm(&f->arena, &k, x + 5 * 200, vectors - 5, 14, got + 5 * 200, NULL, NULL), RRAMNAS_OK);
    assert_memory_equal(got, first, n * sizeof(*got));
  }
  for (i = 0; i < n; i++) {
    assert_true(fabs(got[i] - want[i]) <= 0.03 * (sigma / 0.3));
    got[i] = ((got[i] + 2 * sum) * 0.3 + 0.1 * sum - sum * G) / sigma;
  }
  assert_standard_normal(got, n, "currents of the kernels");
  free(want);
  free(got);
  free(first);
}

static void
test_read_kernels(void **state)
{
  enum { VECTORS = 70 };
  static int32_t x[VECTORS * 200];
  fixture f;
  rrn_xbar_layer l = make(&f, 0, 1, 0);
  rrn_xbar_kernel k;
  int model;
  size_t i;

  (void)state;
  for (i = 0; i < VECTORS * 200; i++)
    x[i] = i % 5 < 3;
  for (model = RRN_READ_RELATIVE; model <= RRN_READ_ABSOLUTE; model++) {
    rrn_xbar_program(&l, &(rrn_xbar_noise){ .read_model = model, .read_sigma = 0.02 });
    l.read_by_column = 0;
    assert_int_equal(rrn_xbar_kernel_create(&f.arena, &l, RRN_XBAR_CPU_PLAIN, &k, NULL), RRAMNAS_ERR_UNSUPPORTED);
    l.read_by_column = 1;
    assert_int_equal(rrn_xbar_adc_set(&l, 16, RRN_XBAR_RANGE_MAX, NULL), RRAMNAS_OK);
    check_kernels(&f, &l, x, VECTORS, 120, 0.02 * (model == RRN_READ_RELATIVE ? G : 1) * sqrt(120));
  }
  rrn_arena_release(&f.arena);
}

/* The same where a step has several bits: variances are those of cells times the squares of their steps. */
static void
test_read_steps(void **state)
{
  enum { VECTORS = 70 };
  static int32_t x[VECTORS * 200];
  int32_t bits;

  (void)state;
  for (bits = 2; bits <= 5; bits++) {
    fixture f;
    rrn_xbar_layer l = make(&f, 0, 1, 0);
    double sum = 0, squares = 0;
    size_t i;

    l.spec.input_bits = l.spec.dac_bits = bits;
    for (i = 0; i < VECTORS * 200; i++)
      x[i] = (int32_t)(i % 5) * ((1 << bits) - 1) / 4;
    for (i = 0; i < 200; i++) {
      sum += x[i];
      squares += x[i] * x[i];
    }
    rrn_xbar_program(&l, &(rrn_xbar_noise){ .read_model = RRN_READ_RELATIVE, .read_sigma = 0.02 });
    l.read_by_column = 1;
    assert_int_equal(rrn_xbar_adc_set(&l, 16, RRN_XBAR_RANGE_MAX, NULL), RRAMNAS_OK);
    check_kernels(&f, &l, x, VECTORS, sum, 0.02 * G * sqrt(squares));
    rrn_arena_release(&f.arena);
  }
}

/* A product does not depend on how a batch is split. */
static void
test_batches(void **state)
{
  fixture f;
  rrn_xbar_layer l = make(&f, 1, 5, 6);
  static int32_t x[4 * 200];
  double whole[4 * 200], parts[4 * 200], other[200];
  size_t i;

  (void)state;
  for (i = 0; i < 4 * 200; i++)
    x[i] = (int32_t)(i % 3 == 0);
  rrn_xbar_program(&l, &(rrn_xbar_noise){ .read_model = RRN_READ_RELATIVE, .read_sigma = 0.1 });
  assert_int_equal(rrn_xbar_mvm_reference(&f.arena, &l, x, 4, 7, whole, NULL, NULL), RRAMNAS_OK);
  for (i = 0; i < 4; i++)
    assert_int_equal(rrn_xbar_mvm_reference(&f.arena, &l, x + 200 * i, 1, (uint32_t)(7 + i), parts + 200 * i, NULL,
                                            NULL), RRAMNAS_OK);
  assert_memory_equal(whole, parts, sizeof(whole));
  assert_int_equal(rrn_xbar_mvm_reference(&f.arena, &l, x, 1, 8, other, NULL, NULL), RRAMNAS_OK);
  assert_memory_not_equal(whole, other, sizeof(other));
  rrn_arena_release(&f.arena);
}

/* Parameters of a published device reach the model in units of the on conductance. */
static void
test_chip(void **state)
{
  rrn_rt rt;
  rramnas_hw *hw = NULL;
  rrn_xbar_noise n;
  rrn_xbar_spec s;
  double us;

  (void)state;
  assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_hw_create_preset("wan_nature_2022", &rt, &hw, NULL), RRAMNAS_OK);
  n = rrn_xbar_noise_of(hw, 5);
  s = rrn_xbar_spec_of(hw);
  us = 1e6 / hw->v.device.on_resistance_ohm;
  assert_int_equal(n.write_model, hw->v.noise.write_model);
  assert_true(fabs(n.write_c[1] * us - hw->v.noise.write_c1_us) <= 1e-12 * fabs(hw->v.noise.write_c1_us));
  assert_true(n.time_s == 5);
  assert_true(fabs(s.g_off * us - 1e6 / hw->v.device.off_resistance_ohm) < 1e-9);
  assert_int_equal(rrn_xbar_spec_check(&s, NULL), RRAMNAS_OK);
  rramnas_hw_unref(hw);
}

/* So do tables, limits and what depends on age. */
static void
test_chip_tables(void **state)
{
  static const char text[] =
    "device: {on_resistance_ohm: 20000, bits_per_cell: 1}\n"
    "noise: {write_model: levels, level_mean_us: [1, 45], level_sigma_us: [0.5, 2], fit_max_us: 30, fit_min_us: 2,\n"
    "  drift_exponent_log: -0.01, drift_exponent_min: 0.02, relaxation_us: 5, relaxation_sigma_log_us: 0.5}\n";
  rramnas_hw *hw = NULL;
  rrn_xbar_noise n;
  rrn_rt rt;

  (void)state;
  assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_hw_load(text, strlen(text), "hw.yaml", RRAMNAS_HW_FORMAT_YAML, &rt, &hw, NULL), RRAMNAS_OK);
  n = rrn_xbar_noise_of(hw, 5);
  assert_true(fabs(n.level_mean[1] * n.level_unit - 0.9) < 1e-15 && fabs(n.level_sigma[0] * n.level_unit - 0.01) < 1e-15);
  assert_true(fabs(n.fit_max - 0.6) < 1e-8 && fabs(n.fit_min - 0.04) < 1e-8);
  assert_true(n.drift_by_state && n.drift_exponent_min == 0.02 && n.drift_exponent_max == 10);
  assert_true(fabs(n.relaxation - 0.1) < 1e-15 && fabs(n.relaxation_sigma_log - 0.01) < 1e-15);
  rramnas_hw_unref(hw);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_models), cmocka_unit_test(test_nothing),       cmocka_unit_test(test_never_negative),
    cmocka_unit_test(test_stuck),  cmocka_unit_test(test_read),          cmocka_unit_test(test_read_currents),
    cmocka_unit_test(test_read_kernels), cmocka_unit_test(test_read_steps),
    cmocka_unit_test(test_draws), cmocka_unit_test(test_pairs_of_columns), cmocka_unit_test(test_draws_of_steps),
    cmocka_unit_test(test_names), cmocka_unit_test(test_normals),  cmocka_unit_test(test_far_words),
    cmocka_unit_test(test_quantile),      cmocka_unit_test(test_batches),
    cmocka_unit_test(test_chip),   cmocka_unit_test(test_chip_tables),   cmocka_unit_test(test_age),
    cmocka_unit_test(test_fit),
  };

  allow_tiles();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
