/* SPDX-License-Identifier: MIT */
/* Products on crossbars: rate in multiply-adds of the network, and the limit it is held against.
 *
 *   bench-xbar               all rows
 *   bench-xbar N [quiet|relative|absolute|ideal|sar [CPU [BATCH [DAC_BITS]]]]
 *                            N products of the first layer with read noise, of ideal cells without converter, or with
 *                            errors of converters, on the kernel of a CPU, 0 to 3, for profiles
 *
 * Limit: multiply-adds of bytes by AVX-512 VNNI, measured in registers, as with cells rounded to eight bits; ours keep at
 * least 22. A weight takes slices x input bits binary multiply-adds. */
#include "bench.h"
#include "random.h"
#include "../../examples/common/tiles.h"
#include "xbar/adc.h"
#include "xbar/converter.h"
#include "xbar/mvm.h"
#include "xbar/noise.h"

typedef struct job {
  rrn_rt rt;
  rrn_arena arena, scratch;
  rrn_xbar_layer layer;
  rrn_xbar_kernel kernel;
  rrn_xbar_noise noise;
  rrn_xbar_id id;
  rrn_xbar_spec spec;
  int32_t *weights, *x;
  double *y;
  size_t n_in, n_out, batch;
  int32_t adc_bits;
  rrn_xbar_converter_spec converters;
} job;

static void
die(void)
{
  fprintf(stderr, "bench-xbar failed\n");
  exit(1);
}

static void
program(void *user)
{
  job *j = user;

  rrn_arena_reset(&j->arena);
  if (rrn_xbar_layer_create(&j->spec, j->weights, j->n_out, j->n_in, j->id, &j->layer, NULL) < 0)
    die();
  if (j->adc_bits != 0 && rrn_xbar_adc_set(&j->layer, j->adc_bits, RRN_XBAR_RANGE_GRANULAR, NULL) < 0)
    die();
  if (rrn_xbar_converters_draw(&j->arena, &j->layer, &j->converters, NULL) < 0)
    die();
  rrn_xbar_program(&j->layer, &j->noise);
  j->layer.read_by_column = j->noise.read_model != RRN_READ_NONE;
}

static void
multiply(void *user)
{
  job *j = user;

  rrn_arena_reset(&j->scratch);
  if (rrn_xbar_mvm(&j->scratch, &j->kernel, j->x, j->batch, 0, j->y, NULL, NULL) < 0)
    die();
}

static void
multiply_reference(void *user)
{
  job *j = user;

  rrn_arena_reset(&j->scratch);
  if (rrn_xbar_mvm_reference(&j->scratch, &j->layer, j->x, j->batch, 0, j->y, NULL, NULL) < 0)
    die();
}

static void
prepare(job *j)
{
  test_random r = { 7 };
  size_t i;

  rrn_rt_init(&j->rt, NULL, NULL);
  rrn_arena_init(&j->arena, &j->rt);
  rrn_arena_init(&j->scratch, &j->rt);
  j->weights = malloc(j->n_in * j->n_out * sizeof(*j->weights));
  j->x = malloc(j->n_in * j->batch * sizeof(*j->x));
  j->y = malloc(j->n_out * j->batch * sizeof(*j->y));
  if (!j->weights || !j->x || !j->y)
    die();
  for (i = 0; i < j->n_in * j->n_out; i++)
    j->weights[i] = (int32_t)(test_next(&r) % 255) - 127;
  for (i = 0; i < j->n_in * j->batch; i++)
    j->x[i] = (int32_t)(test_next(&r) % 256);
  program(j);
}

static void
release(job *j)
{
  rrn_arena_release(&j->arena);
  rrn_arena_release(&j->scratch);
  free(j->weights);
  free(j->x);
  free(j->y);
}

static void
rate(const char *name, const bench_row *row, double limit)
{
  const double gmac = row->ops / row->min_s * 1e-9;

  if (limit > 0)
    printf("%-40s %.2f GMAC/s of the network, %.0f %% of the limit %.1f\n", name, gmac, 100 * gmac / limit, limit);
  else
    printf("%-40s %.2f GMAC/s of the network\n", name, gmac);
}

static void
run(const char *name, job *j, double limit_gmac)
{
  static const char *cpus[] = { "plain", "avx2", "avx512", "amx" };
  const double ops = (double)j->n_in * (double)j->n_out * (double)j->batch;
  int cpu;

  prepare(j);
  for (cpu = 0; cpu <= (int)rrn_xbar_cpu_best(); cpu++) {
    char full[80];
    bench_row row;

    snprintf(full, sizeof(full), "%s, %s", name, cpus[cpu]);
    if (rrn_xbar_kernel_create(&j->arena, &j->layer, cpu, &j->kernel, NULL) < 0)
      die();
    row = bench_run(full, multiply, j, ops);
    rate(full, &row, j->kernel.collapsed ? 0 : limit_gmac / (j->layer.n_slices * j->spec.input_bits));
  }
  release(j);
}

/* Dot products of bytes in registers, twelve of them independent. */
enum { ROUNDS = 10000, CHAINS = 12 };

#if defined(__x86_64__)
#include <immintrin.h>

__attribute__((target("avx512f,avx512vnni"))) static void
dot_products(void *user)
{
  const __m512i a = _mm512_set1_epi8(1), b = _mm512_set1_epi8(2);
  __m512i sums[CHAINS];
  int i, k;

#pragma GCC unroll 12
  for (k = 0; k < CHAINS; k++)
    sums[k] = a;
  for (i = 0; i < ROUNDS; i++)
#pragma GCC unroll 12
    for (k = 0; k < CHAINS; k++) {
      sums[k] = _mm512_dpbusd_epi32(sums[k], a, b);
      __asm__ volatile("" : "+v"(sums[k]));
    }
#pragma GCC unroll 12
  for (k = 1; k < CHAINS; k++)
    sums[0] = _mm512_add_epi32(sums[0], sums[k]);
  *(int *)user = _mm512_reduce_add_epi32(sums[0]);
}

/* Billion multiply-adds of bytes per second; 0 = not known. */
static double
byte_limit(void)
{
  int sum;
  bench_row row;

  if (rrn_xbar_cpu_best() < RRN_XBAR_CPU_AVX512)
    return 0;
  row = bench_run("multiply-adds of bytes, registers only", dot_products, &sum, 64.0 * ROUNDS * CHAINS);
  return row.ops / row.min_s * 1e-9;
}
#else
static double
byte_limit(void)
{
  return 0;
}
#endif

static const rrn_xbar_converter_spec sar = { .kind = RRN_ADC_SAR, .unit_sigma = 0.01, .offset_sigma = 0.002,
                                      .per_crossbar = 16, .layout = { 128, 0 } };

static void
profile(job *j, long products, int argc, char **argv)
{
  const char *noise = argc > 2 ? argv[2] : "quiet";
  const int best = (int)rrn_xbar_cpu_best(), cpu = argc > 3 ? atoi(argv[3]) : best;
  double start, best_s = 1e9;
  long i;

  j->noise.read_model = noise[0] == 'r' ? RRN_READ_RELATIVE : noise[0] == 'a' ? RRN_READ_ABSOLUTE : RRN_READ_NONE;
  j->noise.read_sigma = 0.01;
  if (noise[0] == 's')
    j->converters = sar;
  if (noise[0] == 'i') {
    j->noise.write_model = RRN_WRITE_NONE;
    j->adc_bits = 0;
  }
  j->batch = argc > 4 ? (size_t)atol(argv[4]) : j->batch;
  j->spec.dac_bits = argc > 5 ? atoi(argv[5]) : j->spec.dac_bits;
  prepare(j);
  if (rrn_xbar_kernel_create(&j->arena, &j->layer, cpu < best ? cpu : best, &j->kernel, NULL) < 0)
    die();
  for (i = 0; i < products; i++) {
    start = bench_now_s();
    multiply(j);
    start = bench_now_s() - start;
    best_s = start < best_s ? start : best_s;
  }
  printf("%.2f GMAC/s\n", (double)(j->n_in * j->n_out * j->batch) / best_s * 1e-9);
  release(j);
}

/* --- ranges of converters --- */

static void
ranges_of_currents(void *user)
{
  int32_t octaves[RRN_XBAR_MAX_SLICES];
  job *j = user;

  rrn_arena_reset(&j->scratch);
  if (rrn_xbar_octaves_of_currents(&j->scratch, &j->layer, j->x, j->batch, 0.9999, octaves, NULL) < 0)
    die();
}

static void
ranges_of_digits(void *user)
{
  int32_t octaves[RRN_XBAR_MAX_SLICES];
  int known = 0;
  job *j = user;

  rrn_arena_reset(&j->scratch);
  if (rrn_xbar_octaves_of_digits(&j->scratch, &j->layer, j->x, j->batch, 0.9999, octaves, &known, NULL) < 0 || !known)
    die();
}

/* Of a sample of as many vectors as chips have at most. */
static void
choose_ranges(const rrn_xbar_spec *spec, size_t n_in, size_t n_out)
{
  job j = { .spec = *spec, .id = { 1, 0, 0 }, .n_in = n_in, .n_out = n_out, .batch = 128 };
  char name[64];

  prepare(&j);
  snprintf(name, sizeof(name), "ranges of %zux%zu from currents", n_in, n_out);
  bench_run(name, ranges_of_currents, &j, (double)(n_in * n_out * j.batch));
  snprintf(name, sizeof(name), "ranges of %zux%zu from digits", n_in, n_out);
  bench_run(name, ranges_of_digits, &j, (double)(n_in * n_out * j.batch));
  release(&j);
}

int
main(int argc, char **argv)
{
  const rrn_xbar_spec spec = { .weight_bits = 8, .cell_bits = 2, .input_bits = 8, .dac_bits = 1, .rows = 128,
    .g_off = 0.01 };
  const job noisy = { .spec = spec, .id = { 1, 0, 0 }, .n_in = 1152, .n_out = 256, .batch = 64, .adc_bits = 8,
    .noise = { .write_model = RRN_WRITE_RELATIVE, .write_sigma = 0.03 } };
  const long products = argc > 1 ? atol(argv[1]) : 0;
  const double limit = products > 0 ? 0 : byte_limit();
  static const size_t batches[] = { 1, 64, 1024 };
  size_t i;
  job j = noisy;
  bench_row row;

  allow_tiles();
  if (products > 0) {
    profile(&j, products, argc, argv);
    return 0;
  }
  for (i = 0; i < 3; i++) {
    char name[64];

    snprintf(name, sizeof(name), "1152x256 4x2b 3%% write batch %zu", batches[i]);
    j = noisy;
    j.batch = batches[i];
    run(name, &j, limit);
  }
  j = noisy;
  j.noise.read_model = RRN_READ_RELATIVE;
  j.noise.read_sigma = 0.01;
  run("1152x256 4x2b 3% write 1% read batch 64", &j, limit);
  j.noise.read_model = RRN_READ_ABSOLUTE;
  run("1152x256 4x2b 3% write 1% absolute batch 64", &j, limit);
  j = noisy;
  j.converters = sar;
  run("1152x256 4x2b 3% write, sar errors batch 64", &j, limit);
  j = noisy;
  j.noise.write_model = RRN_WRITE_NONE;
  j.adc_bits = 0;
  run("1152x256 ideal, collapsed, batch 64", &j, 0);
  j = noisy;
  prepare(&j);
  bench_run("program 1152x256, per weight", program, &j, (double)(j.n_in * j.n_out));
  row = bench_run("reference 1152x256 batch 64", multiply_reference, &j, (double)(j.n_in * j.n_out * j.batch));
  rate("reference 1152x256 batch 64", &row, 0);
  release(&j);
  choose_ranges(&spec, 1152, 256);
  choose_ranges(&spec, 25, 1);
  for (i = 0; i < 2; i++) {
    static const char *names[] = { "reference, read noise by cell, batch 1",
                                   "reference, read noise by column, batch 1" };

    j = noisy;
    j.batch = 1;
    j.noise.read_model = RRN_READ_RELATIVE;
    j.noise.read_sigma = 0.01;
    prepare(&j);
    j.layer.read_by_column = (int)i;
    row = bench_run(names[i], multiply_reference, &j, (double)(j.n_in * j.n_out));
    release(&j);
  }
  return 0;
}
