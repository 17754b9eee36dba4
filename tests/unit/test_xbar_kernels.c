/* SPDX-License-Identifier: MIT */
/* Products of random layers: all kernels alike, as the reference has them, as integers; currents and ranges. */
#include <fenv.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "util/random.h"
#include "../../examples/common/tiles.h"
#include "xbar/adc.h"
#include "xbar/mvm_wide.h"
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

/* Random layers: each kernel gives the same bytes, and the reference's result but for the last bits of its sums. */
typedef struct random_case {
  fixture f;
  rrn_xbar_layer layer;
  int32_t *x, *weights;
  size_t batch;
} random_case;

/* Random weights and inputs, from r. */
static void
fill_case(random_case *c, rrn_random *r, const rrn_xbar_spec *spec, size_t n_in, size_t n_out, size_t batch,
          uint32_t number)
{
  const uint32_t limit = (1u << (spec->weight_bits - 1)) - 1;
  size_t i;

  begin(&c->f);
  c->batch = batch;
  c->weights = rrn_arena_alloc(&c->f.arena, n_in * n_out, sizeof(*c->weights));
  c->x = rrn_arena_alloc(&c->f.arena, n_in * batch, sizeof(*c->x));
  for (i = 0; i < n_in * n_out; i++)
    c->weights[i] = (int32_t)rrn_random_below(r, 2 * limit + 1) - (int32_t)limit;
  for (i = 0; i < n_in * batch; i++)
    c->x[i] = (int32_t)rrn_random_below(r, 1u << spec->input_bits);
  assert_int_equal(rrn_xbar_layer_create(spec, c->weights, n_out, n_in, (rrn_xbar_id){ number, 0, 0 }, &c->layer, NULL),
                   RRAMNAS_OK);
}

/* Rows that are driven at once, in every third case: at most all of the greatest array. */
static int32_t
driven_of(uint32_t number)
{
  rrn_random r = rrn_random_start(5, number, 1, 0);

  return number % 3 == 2 ? 1 + (int32_t)rrn_random_below(&r, 200) : 0;
}

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
    .g_off = rrn_random_below(&r, 2) ? 0.03 : 0, .driven = driven_of(number), .unit_outputs = number % 5 * 7 };
  const rrn_xbar_noise noise = { .write_model = RRN_WRITE_RELATIVE, .write_sigma = 0.05, .stuck_on_fraction = 0.01 };
  const size_t batch = 1 + rrn_random_below(&r, 150);

  fill_case(c, &r, &spec, n_in, n_out, batch, number);
  if (!ideal)
    rrn_xbar_program(&c->layer, &noise);
}

static void
run_kernel(random_case *c, int cpu, double *y, rrn_xbar_stats *stats)
{
  rrn_xbar_kernel k;

  assert_int_equal(rrn_xbar_kernel_create(&c->f.arena, &c->layer, cpu, &k, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_xbar_mvm(&c->f.arena, &k, c->x, c->batch, 0, y, stats, NULL), RRAMNAS_OK);
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

/* Whether AVX-512 leaves the case to the kernel of AVX2, as words of 16 bits are too short for it. */
static int
words_are_short(random_case *c)
{
  rrn_xbar_kernel k;

  assert_int_equal(rrn_xbar_kernel_create(&c->f.arena, &c->layer, RRN_XBAR_CPU_AVX512, &k, NULL), RRAMNAS_OK);
  assert_true(k.cpu == RRN_XBAR_CPU_AVX512 || (!k.collapsed && k.cpu == RRN_XBAR_CPU_AVX2));
  return k.cpu == RRN_XBAR_CPU_AVX2;
}

static void
test_kernels_agree(void **state)
{
  uint32_t number, n_short = 0, n_long = 0;
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
    *(words_are_short(&c) ? &n_short : &n_long) += 1;
    rrn_arena_release(&c.f.arena);
  }
  assert_true(n_short >= 5 && n_long >= 20);
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

/* Few rows of many kinds, with read noise of thousands of codes. */
static void
make_strong_case(random_case *c, uint32_t number)
{
  rrn_random r = rrn_random_start(6, number, 0, 0);
  const rrn_xbar_spec spec = { .sign = (int32_t)number % 3, .weight_bits = 4, .cell_bits = 1 + (int32_t)number % 4,
    .input_bits = 1 + (int32_t)rrn_random_below(&r, 4), .dac_bits = number % 5 ? 1 : 4,
    .rows = 1 + (int32_t)rrn_random_below(&r, number % 2 ? 4 : 40) };
  const size_t n_in = 20 + rrn_random_below(&r, 60), n_out = 1 + rrn_random_below(&r, 30);

  fill_case(c, &r, &spec, n_in, n_out, 70, number);
  rrn_xbar_program(&c->layer, &(rrn_xbar_noise){ .write_model = RRN_WRITE_ABSOLUTE, .write_sigma = 0.1 });
  c->layer.read_model = number / 2 % 2 ? RRN_READ_RELATIVE : RRN_READ_ABSOLUTE;
  c->layer.read_sigma = 2 + rrn_random_below(&r, 9);
  c->layer.read_by_column = 1;
  assert_int_equal(rrn_xbar_adc_set(&c->layer, number % 3 ? 10 : 3, RRN_XBAR_RANGE_MAX, NULL), RRAMNAS_OK);
}

/* Sums with strong noise leave the room that they have without, the greatest being far above the converter's range.
 * Every kernel has the same bytes and clips. */
static void
test_strong_noise(void **state)
{
  uint32_t number;
  int cpu;

  (void)state;
  for (number = 0; number < 96; number++) {
    rrn_xbar_stats of_plain = { 0, 0, 0 };
    double *plain, *got;
    random_case c;
    size_t n;

    make_strong_case(&c, number);
    n = c.batch * c.layer.n_out;
    plain = rrn_arena_alloc(&c.f.arena, n, sizeof(*plain));
    got = rrn_arena_alloc(&c.f.arena, n, sizeof(*got));
    for (cpu = RRN_XBAR_CPU_PLAIN; cpu <= (int)rrn_xbar_cpu_best(); cpu++) {
      rrn_xbar_stats stats = { 0, 0, 0 };
      double *to = cpu == RRN_XBAR_CPU_PLAIN ? plain : got;

      run_kernel(&c, cpu, to, &stats);
      if (cpu == RRN_XBAR_CPU_PLAIN)
        of_plain = stats;
      assert_memory_equal(to, plain, n * sizeof(*to));
      assert_memory_equal(&stats, &of_plain, sizeof(stats));
    }
    rrn_arena_release(&c.f.arena);
  }
}

#if defined(__x86_64__)
__attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi"))) static void
near_roots(int32_t first, float *ret_roots)
{
  int32_t spreads[16], i;

  for (i = 0; i < 16; i++)
    spreads[i] = first + i;
  _mm512_storeu_ps(ret_roots, rrn_wide_near_root_of(_mm512_loadu_si512(spreads)));
}

/* Roots of spreads are as near as the margin of doubt takes them to be, but for the rounding of the product; that of none
 * is none. */
static void
test_near_roots(void **state)
{
  float roots[16];
  int32_t first, i;

  (void)state;
  if (rrn_xbar_cpu_best() < RRN_XBAR_CPU_AVX512)
    skip();
  for (first = 0; first < 63 * 2048; first += 16) {
    near_roots(first, roots);
    for (i = 0; i < 16; i++)
      assert_true(fabs(roots[i] - sqrt(first + i)) <= 0x1.004p-14 * sqrt(first + i));
  }
}
#else
static void
test_near_roots(void **state)
{
  (void)state;
  skip();
}
#endif

/* Leaves numbers on the stack that no operation may meet. */
static __attribute__((noinline)) void
leave_signalling_numbers(void)
{
  volatile uint64_t words[8192];
  size_t i;

  for (i = 0; i < sizeof(words) / sizeof(words[0]); i++)
    words[i] = UINT64_C(0x7ff4000000000000);
}

/* Single cells, whose own errors leave the margin of doubt to the noise: roots that are only near make no other codes. */
static void
test_margin_of_roots(void **state)
{
  const rrn_xbar_noise noise = { .write_model = RRN_WRITE_ABSOLUTE, .write_sigma = 0.1 };
  uint32_t number;
  int cpu;

  (void)state;
  for (number = 0; number < 120; number++) {
    rrn_random r = rrn_random_start(77, number, 0, 0);
    const rrn_xbar_spec spec = { .sign = (int32_t)number % 3, .weight_bits = 4, .cell_bits = 1 + (int32_t)(number / 3 % 4),
      .input_bits = 4, .dac_bits = 1, .rows = 1 };
    rrn_xbar_stats stats = { 0, 0, 0 };
    double *plain, *got;
    random_case c;
    size_t n;

    fill_case(&c, &r, &spec, 4 + rrn_random_below(&r, 28), 32, 128, number);
    rrn_xbar_program(&c.layer, &noise);
    c.layer.read_model = RRN_READ_RELATIVE;
    c.layer.read_by_column = 1;
    c.layer.read_sigma = 0.3 * (1 + (double)rrn_random_below(&r, 8));
    assert_int_equal(rrn_xbar_adc_set(&c.layer, 4, RRN_XBAR_RANGE_MAX, NULL), RRAMNAS_OK);
    n = c.batch * c.layer.n_out;
    plain = rrn_arena_alloc(&c.f.arena, n, sizeof(*plain));
    got = rrn_arena_alloc(&c.f.arena, n, sizeof(*got));
    run_kernel(&c, RRN_XBAR_CPU_PLAIN, plain, &stats);
    for (cpu = RRN_XBAR_CPU_AVX2; cpu <= (int)rrn_xbar_cpu_best(); cpu++) {
      leave_signalling_numbers();
      feclearexcept(FE_INVALID);
      run_kernel(&c, cpu, got, &stats);
      assert_int_equal(fetestexcept(FE_INVALID), 0);
      assert_memory_equal(got, plain, n * sizeof(*got));
    }
    rrn_arena_release(&c.f.arena);
  }
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
      const size_t rows = rrn_xbar_driven(&c.layer);

      assert_true(frexp(c.layer.adc.hi[slice] / (double)rows, &power) == 0.5);
      assert_true((double)t.beyond[slice] <= 0.01 * (double)t.n[slice] + 1e-9 || power == 1);
      assert_true((double)t.beyond_half[slice] > 0.01 * (double)t.n[slice] || t.beyond_half[slice] == 0);
    }
    rrn_arena_release(&c.f.arena);
  }
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

/* The fast way to a layer's currents has the bits of the reference, by the loops of every processor. */
static void
check_loops(random_case *c, const bag *want)
{
  int level, tried = 0;

  for (level = 0; level < RRN_XBAR_LOOPS_LEVELS; level++) {
    bag got = { 0, 0 };
    const int32_t status =
      rrn_xbar_visit_currents_by(level, &c->f.arena, &c->layer, c->x, c->batch, put, &got, NULL);

    if (status == RRAMNAS_ERR_UNSUPPORTED && level > 0)
      continue;
    assert_int_equal(status, RRAMNAS_OK);
    assert_true(got.n == want->n && got.sum == want->sum);
    tried++;
  }
  assert_true(tried > (int)(rrn_xbar_cpu_best() < RRN_XBAR_CPU_AVX512 ? rrn_xbar_cpu_best() : RRN_XBAR_CPU_AVX512));
}

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
    check_loops(&c, &want);
    c.x[0] = -1;
    assert_int_equal(rrn_xbar_visit_currents(&c.f.arena, &c.layer, c.x, c.batch, put, &got, NULL),
                     RRAMNAS_ERR_ARGUMENT);
    rrn_arena_release(&c.f.arena);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_kernels_agree),       cmocka_unit_test(test_borders),
    cmocka_unit_test(test_noisy_kernels_agree), cmocka_unit_test(test_strong_noise),
    cmocka_unit_test(test_ideal_is_integer),    cmocka_unit_test(test_calibration),
    cmocka_unit_test(test_visited_currents),    cmocka_unit_test(test_near_roots),
    cmocka_unit_test(test_margin_of_roots),
  };

  allow_tiles();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
