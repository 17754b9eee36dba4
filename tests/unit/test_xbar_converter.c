/* SPDX-License-Identifier: MIT */
/* Converters with errors: borders of codes as defined and distributed, who shares them, the same codes in every
 * kernel. */
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
#include "util/random.h"
#include "xbar/adc.h"
#include "xbar/converter.h"
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

/* `outputs` columns of zeros with converters of `bits`. */
static rrn_xbar_layer
make(fixture *f, size_t outputs, int32_t bits, uint64_t seed)
{
  const rrn_xbar_spec spec = { .sign = RRN_XBAR_OFFSET, .weight_bits = 2, .cell_bits = 2, .input_bits = 1,
    .dac_bits = 1, .rows = 4, .g_off = 0 };
  int32_t *weights = rrn_arena_alloc(&f->arena, outputs * 4, sizeof(*weights));
  rrn_xbar_layer l;

  assert_int_equal(rrn_xbar_layer_create(&spec, weights, outputs, 4, (rrn_xbar_id){ seed, 2, 3 }, &l, NULL),
                   RRAMNAS_OK);
  assert_int_equal(rrn_xbar_adc_set(&l, bits, RRN_XBAR_RANGE_MAX, NULL), RRAMNAS_OK);
  return l;
}

static const rrn_xbar_converters *
draw(fixture *f, rrn_xbar_layer *l, rrn_xbar_converter_spec s)
{
  assert_int_equal(rrn_xbar_converters_draw(&f->arena, l, &s, NULL), RRAMNAS_OK);
  return l->converters;
}

static int32_t
code_of(const rrn_xbar_converters *c, size_t q, double current)
{
  double distance;
  int32_t code;

  rrn_xbar_converter_codes(c, q, &current, 1, &code, &distance);
  return code;
}

/* Lowest current of a code, by halving. */
static double
border_of(const rrn_xbar_converters *c, size_t q, int32_t code)
{
  double low = -2 * c->codes, high = 3 * c->codes;
  int k;

  for (k = 0; k < 60; k++) {
    const double middle = 0.5 * (low + high);

    if (code_of(c, q, middle) >= code)
      high = middle;
    else
      low = middle;
  }
  return high;
}

static rrn_xbar_converter_spec
spec_of(int32_t kind, int32_t split, double unit_sigma, double offset_sigma)
{
  return (rrn_xbar_converter_spec){ .kind = kind, .split = split, .unit_sigma = unit_sigma,
                                    .offset_sigma = offset_sigma, .per_crossbar = 64, .layout = { 64, 0 } };
}

/* Hardly any error: codes are the nearest. */
static void
test_nominal(void **state)
{
  int32_t kind, split, bits;
  fixture f;

  (void)state;
  begin(&f);
  for (kind = RRN_ADC_SAR; kind <= RRN_ADC_RAMP; kind++)
    for (split = 0; split < 2; split++)
      for (bits = 1; bits <= 9; bits++) {
        rrn_xbar_layer l = make(&f, 3, bits, 1);
        const rrn_xbar_converters *c = draw(&f, &l, spec_of(kind, split, 1e-12, 1e-13));
        double u;

        for (u = -1.3; u < l.adc.codes + 1; u += 0.3701) {
          const int32_t want = u < 0 ? 0 : u > c->codes - 1 ? c->codes - 1 : (int32_t)(u + 0.5);

          assert_int_equal(code_of(c, 1, u), want);
        }
      }
  rrn_arena_release(&f.arena);
}

/* A border of many converters, in standard deviations. */
static void
check_border(int32_t kind, int32_t split, double unit_sigma, double offset_sigma, int32_t code, double sigma,
             const char *what)
{
  enum { OUTPUTS = 6400 };
  fixture f;
  double *z = malloc(OUTPUTS * sizeof(*z));
  const rrn_xbar_converters *c;
  rrn_xbar_layer l;
  size_t i;

  begin(&f);
  l = make(&f, OUTPUTS, 8, 17);
  c = draw(&f, &l, spec_of(kind, split, unit_sigma, offset_sigma));
  for (i = 0; i < OUTPUTS; i++)
    z[i] = (border_of(c, rrn_xbar_converter_of(c, 0, 0, i), code) - (code - 0.5)) / sigma;
  assert_standard_normal(z, OUTPUTS, what);
  free(z);
  rrn_arena_release(&f.arena);
}

/* Standard deviations by hand, to first order in the spread. The highest bit of a sar has half of 256 units: the
 * error of its share is half the difference of both halves' errors. Of a split one both have 8 of 16 units of 16
 * codes each, one of these through the capacitor between (16 / 15 units, of which it adds (15 / 16)^2) and the lower
 * half. A level of a ramp between two fixed ends is a bridge. */
static void
test_distributions(void **state)
{
  const double between = 16.0 / 15 * pow(15.0 / 16, 4), low = 16 * pow(1.0 / 16, 2);

  (void)state;
  check_border(RRN_ADC_SAR, 0, 0.02, 0, 128, 0.02 * sqrt(256) / 2, "highest bit of a sar");
  check_border(RRN_ADC_SAR, 0, 0, 0.004, 77, 0.004 * 255, "comparator of a sar");
  check_border(RRN_ADC_SAR, 1, 0.004, 0, 128, 0.004 * 16 * sqrt(15 + between + low) / 2,
               "highest bit of a split sar");
  check_border(RRN_ADC_RAMP, 0, 0, 0.004, 77, 0.004 * 255, "comparator of a ramp");
  check_border(RRN_ADC_FLASH, 0, 0.02, 0, 100, 0.02 * sqrt(100 * 155.0 / 255), "ladder of a flash");
  check_border(RRN_ADC_FLASH, 0, 0, 0.0005, 100, 0.0005 * 255, "comparator of a flash");
}

/* One ramp for all columns of a crossbar, another for the next. */
static void
test_ramp(void **state)
{
  enum { CROSSBARS = 3000 };
  double *z = malloc(CROSSBARS * sizeof(*z));
  const rrn_xbar_converters *c;
  rrn_xbar_layer l;
  fixture f;
  size_t i;

  (void)state;
  begin(&f);
  l = make(&f, 2 * CROSSBARS, 6, 5);
  c = draw(&f, &l, (rrn_xbar_converter_spec){ .kind = RRN_ADC_RAMP, .unit_sigma = 0.03, .per_crossbar = 2,
                                              .layout = { 2, 0 } });
  for (i = 0; i < CROSSBARS; i++) {
    z[i] = border_of(c, rrn_xbar_converter_of(c, 0, 0, 2 * i), 20);
    assert_true(z[i] == border_of(c, rrn_xbar_converter_of(c, 0, 0, 2 * i + 1), 20));
    z[i] = (z[i] - 19.5) / (0.03 * sqrt(20 * 43.0 / 63));
  }
  assert_standard_normal(z, CROSSBARS, "level of a ramp");
  free(z);
  rrn_arena_release(&f.arena);
}

/* However wrong its units are, a code grows with the current, up to the highest. */
static void
test_monotone(void **state)
{
  int32_t kind, split;
  fixture f;
  size_t q;

  (void)state;
  begin(&f);
  for (kind = RRN_ADC_SAR; kind <= RRN_ADC_RAMP; kind++)
    for (split = 0; split < 2; split++) {
      rrn_xbar_layer l = make(&f, 20, 6, 9);
      const rrn_xbar_converters *c = draw(&f, &l, spec_of(kind, split, 0.3, 0.02));

      for (q = 0; q < 20; q++) {
        int32_t last = 0;
        double u;

        for (u = -20; u < 90; u += 0.0625) {
          const int32_t now = code_of(c, q, u);

          assert_true(now >= last);
          last = now;
        }
        assert_int_equal(last, c->codes - 1);
      }
    }
  rrn_arena_release(&f.arena);
}

/* Many currents at once give what each gives; none within the distance gives another code. */
static void
test_distance(void **state)
{
  enum { N = 77 };
  double current[N], distance[N];
  int32_t kind, code[N];
  fixture f;
  size_t k;

  (void)state;
  begin(&f);
  for (kind = RRN_ADC_SAR; kind <= RRN_ADC_RAMP; kind++) {
    rrn_xbar_layer l = make(&f, 20, 6, 9);
    const rrn_xbar_converters *c = draw(&f, &l, spec_of(kind, 0, 0.1, 0.02));

    for (k = 0; k < N; k++)
      current[k] = -3 + 0.893 * (double)k;
    rrn_xbar_converter_codes(c, 7, current, N, code, distance);
    for (k = 0; k < N; k++) {
      assert_int_equal(code[k], code_of(c, 7, current[k]));
      assert_int_equal(code[k], code_of(c, 7, current[k] + 0.999 * distance[k]));
      assert_int_equal(code[k], code_of(c, 7, current[k] - 0.999 * distance[k]));
    }
  }
  rrn_arena_release(&f.arena);
}

/* A code's border is where codes reach it, also where errors are so large that codes are missing. */
static void
test_borders(void **state)
{
  enum { BITS = 6, LAST = (1 << BITS) - 1 };
  double borders[1 << BITS];
  int32_t kind, code, missing = 0;
  fixture f;

  (void)state;
  begin(&f);
  for (kind = RRN_ADC_SAR; kind <= RRN_ADC_FLASH; kind++) {
    rrn_xbar_layer l = make(&f, 20, BITS, 9);
    const rrn_xbar_converters *c = draw(&f, &l, spec_of(kind, kind == RRN_ADC_SAR, 0.4, 0.02));

    rrn_xbar_converter_borders(c, 7, borders);
    for (code = 1; code <= LAST; code++) {
      assert_true(code_of(c, 7, borders[code - 1] + 1e-9) >= code);
      assert_true(code_of(c, 7, borders[code - 1] - 1e-9) < code);
      missing += code > 1 && borders[code - 1] == borders[code - 2];
    }
  }
  assert_true(missing > 0);
  rrn_arena_release(&f.arena);
}

/* Correlation of two converters' borders over many chips. */
static double
correlation(fixture *f, size_t tile_a, int32_t plane_a, size_t col_a, size_t tile_b, int32_t plane_b, size_t col_b,
            rrn_xbar_converter_spec s)
{
  const rrn_xbar_spec spec = { .sign = RRN_XBAR_DIFFERENTIAL, .weight_bits = 5, .cell_bits = 2, .input_bits = 1,
    .dac_bits = 1, .rows = 2, .g_off = 0 };
  int32_t weights[12 * 4] = { 0 };
  double aa = 0, bb = 0, ab = 0;
  uint64_t seed;

  for (seed = 0; seed < 400; seed++) {
    rrn_xbar_layer l;
    double a, b;

    assert_int_equal(rrn_xbar_layer_create(&spec, weights, 12, 4, (rrn_xbar_id){ seed, 2, 3 }, &l, NULL),
                     RRAMNAS_OK);
    assert_int_equal(rrn_xbar_adc_set(&l, 5, RRN_XBAR_RANGE_MAX, NULL), RRAMNAS_OK);
    draw(f, &l, s);
    a = border_of(l.converters, rrn_xbar_converter_of(l.converters, tile_a, plane_a, col_a), 16) - 15.5;
    b = border_of(l.converters, rrn_xbar_converter_of(l.converters, tile_b, plane_b, col_b), 16) - 15.5;
    aa += a * a;
    bb += b * b;
    ab += a * b;
  }
  return ab / sqrt(aa * bb);
}

/* Columns of one converter have its errors; converters differ in everything, by column, slice, array and crossbar. */
static void
test_sharing(void **state)
{
  rrn_xbar_converter_spec s = { .kind = RRN_ADC_SAR, .unit_sigma = 0.05, .offset_sigma = 0.01, .per_crossbar = 2,
                                .layout = { 6, 0 } };
  const double limit = 4 / sqrt(400);
  fixture f;

  (void)state;
  begin(&f);
  assert_true(correlation(&f, 0, 0, 0, 0, 0, 2, s) > 0.999); /* every second column */
  assert_true(fabs(correlation(&f, 0, 0, 0, 0, 0, 1, s)) < limit);
  assert_true(fabs(correlation(&f, 0, 0, 0, 0, 1, 0, s)) < limit); /* the other slice: a crossbar of its own */
  assert_true(fabs(correlation(&f, 0, 0, 0, 1, 0, 0, s)) < limit);
  assert_true(fabs(correlation(&f, 0, 0, 0, 0, 0, 6, s)) < limit); /* the next crossbar */
  s.block = 1;
  assert_true(correlation(&f, 0, 0, 0, 0, 0, 2, s) > 0.999); /* columns 0..2 and 3..5 */
  assert_true(fabs(correlation(&f, 0, 0, 0, 0, 0, 3, s)) < limit);
  /* Two slices of pairs beside each other: crossbars of 8 columns have two outputs, 4 conversions. */
  s.layout = (rrn_xbar_layout){ 8, 1 };
  assert_true(correlation(&f, 0, 0, 0, 0, 1, 0, s) > 0.999);
  assert_true(fabs(correlation(&f, 0, 0, 0, 0, 0, 1, s)) < limit);
  assert_true(fabs(correlation(&f, 0, 0, 0, 0, 0, 2, s)) < limit);
  rrn_arena_release(&f.arena);
}

enum { IN = 75, OUT = 37, VECTORS = 70, FEW = 3 };

static void
check_kernels(fixture *f, const rrn_xbar_layer *l, const int32_t *x, int *moved)
{
  double *want = rrn_arena_alloc(&f->arena, OUT * VECTORS, sizeof(*want));
  double *got = rrn_arena_alloc(&f->arena, OUT * VECTORS, sizeof(*got));
  double *first = rrn_arena_alloc(&f->arena, OUT * VECTORS, sizeof(*first));
  rrn_xbar_stats reference = { 0 };
  rrn_xbar_layer ideal = *l;
  int cpu;
  size_t k;

  assert_int_equal(rrn_xbar_mvm_reference(&f->arena, l, x, VECTORS, 0, want, &reference, NULL), RRAMNAS_OK);
  for (cpu = RRN_XBAR_CPU_PLAIN; cpu <= (int)rrn_xbar_cpu_best(); cpu++) {
    rrn_xbar_stats stats = { 0 };
    rrn_xbar_kernel kernel;

    assert_int_equal(rrn_xbar_kernel_create(&f->arena, l, cpu, &kernel, NULL), RRAMNAS_OK);
    assert_int_equal(rrn_xbar_mvm(&f->arena, &kernel, x, VECTORS, 0, got, &stats, NULL), RRAMNAS_OK);
    for (k = 0; k < OUT * VECTORS; k++)
      assert_true(fabs(got[k] - want[k]) <= 1e-9 * (1 + fabs(want[k])));
    if (cpu == RRN_XBAR_CPU_PLAIN)
      memcpy(first, got, OUT * VECTORS * sizeof(*got));
    assert_memory_equal(got, first, OUT * VECTORS * sizeof(*got));
    assert_memory_equal(&stats, &reference, sizeof(stats));
    assert_int_equal(rrn_xbar_mvm(&f->arena, &kernel, x, FEW, 0, got, NULL, NULL), RRAMNAS_OK);
    assert_memory_equal(got, first, OUT * FEW * sizeof(*got));
  }
  ideal.converters = NULL;
  assert_int_equal(rrn_xbar_mvm_reference(&f->arena, &ideal, x, VECTORS, 0, got, NULL, NULL), RRAMNAS_OK);
  for (k = 0; k < OUT * VECTORS; k++)
    *moved += fabs(got[k] - want[k]) > 1e-6;
}

static rrn_xbar_layer
random_layer(fixture *f, rrn_random *r, int32_t *x)
{
  const rrn_xbar_spec spec = { .sign = (int32_t)(rrn_random_u32(r) % 3), .weight_bits = 5, .cell_bits = 2,
    .input_bits = 4, .dac_bits = 1 + (int32_t)(rrn_random_u32(r) % 2), .rows = 32,
    .subtract_digitally = (int32_t)(rrn_random_u32(r) % 2), .g_off = 0.05, .unit_outputs = OUT / 2 };
  int32_t *weights = rrn_arena_alloc(&f->arena, IN * OUT, sizeof(*weights));
  rrn_xbar_layer l;
  size_t k;

  for (k = 0; k < IN * OUT; k++)
    weights[k] = (int32_t)(rrn_random_u32(r) % 31) - 15;
  for (k = 0; k < IN * VECTORS; k++)
    x[k] = (int32_t)(rrn_random_u32(r) % 16);
  assert_int_equal(rrn_xbar_layer_create(&spec, weights, OUT, IN, (rrn_xbar_id){ rrn_random_u64(r), 2, 3 },
                                         &l, NULL), RRAMNAS_OK);
  return l;
}

/* Small errors, which leave most conversions to tables, errors of whole codes, and more codes than tables have. */
static void
test_kernels(void **state)
{
  static int32_t x[IN * VECTORS];
  rrn_random r = rrn_random_start(8, 0, 0, 0);
  int k, moved = 0;

  (void)state;
  for (k = 0; k < 24; k++) {
    const double scale = k % 3 == 0 ? 0.05 : k % 3 == 1 ? 0.3 : 3;
    fixture f;
    rrn_xbar_layer l;

    begin(&f);
    l = random_layer(&f, &r, x);
    assert_int_equal(rrn_xbar_adc_set(&l, k % 8 == 5 ? 11 : 4 + k % 5,
                                      k % 2 ? RRN_XBAR_RANGE_MAX : RRN_XBAR_RANGE_GRANULAR, NULL), RRAMNAS_OK);
    if (k % 4 != 0)
      rrn_xbar_program(&l, &(rrn_xbar_noise){ .write_model = RRN_WRITE_RELATIVE, .write_sigma = 0.05 });
    draw(&f, &l, (rrn_xbar_converter_spec){ .kind = k / 2 % 3, .split = k % 5 == 0, .unit_sigma = 0.02 * scale,
                                            .offset_sigma = 0.005 * scale, .per_crossbar = 5, .block = k % 2,
                                            .layout = { 16, k / 3 % 2 } });
    check_kernels(&f, &l, x, &moved);
    rrn_arena_release(&f.arena);
  }
  assert_true(moved > 1000);
}

/* With read noise by column too every kernel gives the same bytes, and nine in ten results of the reference. */
static void
test_read_noise(void **state)
{
  static int32_t x[IN * VECTORS];
  rrn_random r = rrn_random_start(9, 0, 0, 0);
  double *want, *got, *first;
  size_t k, same = 0;
  rrn_xbar_layer l;
  fixture f;
  int cpu;

  (void)state;
  begin(&f);
  l = random_layer(&f, &r, x);
  want = rrn_arena_alloc(&f.arena, OUT * VECTORS, 3 * sizeof(*want));
  got = want + OUT * VECTORS;
  first = got + OUT * VECTORS;
  assert_int_equal(rrn_xbar_adc_set(&l, 5, RRN_XBAR_RANGE_MAX, NULL), RRAMNAS_OK);
  rrn_xbar_program(&l, &(rrn_xbar_noise){ .read_model = RRN_READ_RELATIVE, .read_sigma = 0.03 });
  l.read_by_column = 1;
  draw(&f, &l, spec_of(RRN_ADC_SAR, 0, 0.05, 0.01));
  assert_int_equal(rrn_xbar_mvm_reference(&f.arena, &l, x, VECTORS, 3, want, NULL, NULL), RRAMNAS_OK);
  for (cpu = RRN_XBAR_CPU_PLAIN; cpu <= (int)rrn_xbar_cpu_best(); cpu++) {
    rrn_xbar_kernel kernel;

    assert_int_equal(rrn_xbar_kernel_create(&f.arena, &l, cpu, &kernel, NULL), RRAMNAS_OK);
    assert_int_equal(rrn_xbar_mvm(&f.arena, &kernel, x, VECTORS, 3, got, NULL, NULL), RRAMNAS_OK);
    if (cpu == RRN_XBAR_CPU_PLAIN)
      memcpy(first, got, OUT * VECTORS * sizeof(*got));
    assert_memory_equal(got, first, OUT * VECTORS * sizeof(*got));
  }
  for (k = 0; k < OUT * VECTORS; k++)
    same += fabs(got[k] - want[k]) < 1e-6;
  assert_true((double)same > 0.9 * OUT * VECTORS);
  rrn_arena_release(&f.arena);
}

/* Without errors there are none; the fields of a chip reach the model. */
static void
test_chip(void **state)
{
  static const char text[] = "adc: {kind: ramp, unit_sigma: 0.02, offset_sigma: 0.001, per_subarray: 16, mux: block}\n";
  rrn_xbar_converter_spec s;
  rramnas_hw *hw = NULL;
  rrn_xbar_layer l;
  fixture f;

  (void)state;
  begin(&f);
  assert_int_equal(rrn_hw_load(text, strlen(text), "hw.yaml", RRAMNAS_HW_FORMAT_YAML, &f.rt, &hw, NULL), RRAMNAS_OK);
  s = rrn_xbar_converter_spec_of(hw);
  assert_true(s.kind == RRN_ADC_RAMP && s.block && !s.split && s.per_crossbar == 16 && s.layout.cols == 128);
  assert_true(s.unit_sigma == 0.02 && s.offset_sigma == 0.001);
  rramnas_hw_unref(hw);
  l = make(&f, 5, 8, 1);
  assert_non_null(draw(&f, &l, s));
  s.unit_sigma = s.offset_sigma = 0;
  assert_null(draw(&f, &l, s));
  s.unit_sigma = 1;
  l.adc.codes = 0;
  assert_null(draw(&f, &l, s));
  rrn_arena_release(&f.arena);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_nominal), cmocka_unit_test(test_distributions), cmocka_unit_test(test_ramp),
    cmocka_unit_test(test_monotone), cmocka_unit_test(test_sharing), cmocka_unit_test(test_distance),
    cmocka_unit_test(test_borders),
    cmocka_unit_test(test_kernels), cmocka_unit_test(test_read_noise),
    cmocka_unit_test(test_chip),
  };

  allow_tiles();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
