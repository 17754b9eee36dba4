/* SPDX-License-Identifier: MIT */
/* Arrays whose rows are driven in passes: each pass is a layer of its own, but for the array's wires and converters. */
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
#include "xbar/converter.h"
#include "xbar/mvm.h"
#include "xbar/wires.h"

enum { IN = 75, OUT = 37, VECTORS = 70, MOST_PASSES = IN };

typedef struct fixture {
  rrn_rt rt;
  rrn_arena arena;
  rrn_random random;
  int32_t weights[IN * OUT], x[IN * VECTORS];
} fixture;

static void
begin(fixture *f, uint32_t number)
{
  size_t k;

  assert_int_equal(rrn_rt_init(&f->rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&f->arena, &f->rt);
  f->random = rrn_random_start(21, number, 0, 0);
  for (k = 0; k < IN * OUT; k++)
    f->weights[k] = (int32_t)rrn_random_below(&f->random, 31) - 15;
  for (k = 0; k < IN * VECTORS; k++)
    f->x[k] = (int32_t)rrn_random_below(&f->random, 16);
}

static rrn_xbar_layer
make(fixture *f, uint32_t number, int32_t rows, int32_t driven)
{
  const rrn_xbar_spec spec = { .sign = (int32_t)(number % 3), .weight_bits = 5, .cell_bits = 2, .input_bits = 4,
    .dac_bits = 1 + (int32_t)(number / 3 % 2), .rows = rows, .driven = driven,
    .subtract_digitally = (int32_t)(number / 6 % 2), .g_off = 0.05 };
  rrn_xbar_layer l;

  assert_int_equal(rrn_xbar_layer_create(&spec, f->weights, OUT, IN, (rrn_xbar_id){ number, 2, 3 }, &l, NULL),
                   RRAMNAS_OK);
  rrn_xbar_program(&l, &(rrn_xbar_noise){ .write_model = RRN_WRITE_RELATIVE, .write_sigma = 0.05 });
  return l;
}

/* --- passes by hand --- */

typedef struct pass {
  size_t array, first, n;
} pass;

static size_t
list_passes(size_t rows, size_t driven, pass ret[MOST_PASSES])
{
  size_t array, in, n = 0;

  for (array = 0; array * rows < IN; array++)
    for (in = array * rows; in < (array + 1) * rows && in < IN; in += ret[n++].n) {
      size_t end = in + driven;

      end = end > (array + 1) * rows ? (array + 1) * rows : end;
      ret[n] = (pass){ array, in, (end > IN ? IN : end) - in };
    }
  return n;
}

/* The converters of an array as those of a layer that begins with it. */
static rrn_xbar_converters
converters_from(const rrn_xbar_layer *l, size_t array)
{
  rrn_xbar_converters c = *l->converters;
  const size_t first = array * c.crossbars * c.per_crossbar;
  const size_t each = c.spec.kind == RRN_ADC_SAR ? (size_t)c.bits : (size_t)c.codes - 1;

  c.units += (c.spec.kind == RRN_ADC_RAMP ? array * c.crossbars : first) * each;
  c.offset += first;
  return c;
}

/* Inputs of a pass as a layer that is one array of these rows, with their cells and converters. */
static rrn_xbar_layer
layer_of(fixture *f, const rrn_xbar_layer *l, const double *g, const pass *p, rrn_xbar_converters *converters)
{
  const size_t columns = (size_t)l->n_slices * (size_t)l->n_sides * l->cols;
  double *own = rrn_arena_alloc(&f->arena, columns * p->n, sizeof(*own));
  int32_t *weights = rrn_arena_alloc(&f->arena, OUT * p->n, sizeof(*weights));
  rrn_xbar_spec spec = l->spec;
  rrn_xbar_layer part;
  size_t k;

  for (k = 0; k < columns; k++)
    memcpy(own + k * p->n, g + k * IN + p->first, p->n * sizeof(*own));
  for (k = 0; k < OUT; k++)
    memcpy(weights + k * p->n, f->weights + k * IN + p->first, p->n * sizeof(*weights));
  spec.driven = 0;
  assert_int_equal(rrn_xbar_layer_create(&spec, weights, OUT, p->n, l->id, &part, NULL), RRAMNAS_OK);
  part.adc = l->adc;
  part.g = own;
  part.ideal = 0;
  if (l->converters) {
    *converters = converters_from(l, p->array);
    part.converters = converters;
  }
  return part;
}

/* Adds the pass' product. */
static void
add_product(fixture *f, const rrn_xbar_layer *part, const pass *p, double *y, rrn_xbar_stats *stats)
{
  int32_t *x = rrn_arena_alloc(&f->arena, VECTORS * p->n, sizeof(*x));
  double *own = rrn_arena_alloc(&f->arena, VECTORS * OUT, sizeof(*own));
  size_t k;

  for (k = 0; k < VECTORS; k++)
    memcpy(x + k * p->n, f->x + k * IN + p->first, p->n * sizeof(*x));
  assert_int_equal(rrn_xbar_mvm_reference(&f->arena, part, x, VECTORS, 0, own, stats, NULL), RRAMNAS_OK);
  for (k = 0; k < VECTORS * OUT; k++)
    y[k] += own[k];
}

static void
check_near(const double *got, const double *want, const char *what)
{
  size_t k;

  for (k = 0; k < VECTORS * OUT; k++)
    if (!(fabs(got[k] - want[k]) <= 1e-8 * (1 + fabs(want[k]))))
      fail_msg("%s, output %zu: %.17g, expected %.17g", what, k, got[k], want[k]);
}

/* The layer's product is the sum of those of its passes, by the reference and by each kernel. */
static void
check_sum_of_passes(fixture *f, const rrn_xbar_layer *l, size_t driven)
{
  double *want = rrn_arena_alloc(&f->arena, VECTORS * OUT, sizeof(*want));
  double *got = rrn_arena_alloc(&f->arena, VECTORS * OUT, sizeof(*got));
  const double *g = l->g ? l->g : rrn_xbar_all_conductances(&f->arena, l);
  rrn_xbar_stats stats = { 0 }, expected = { 0 };
  pass passes[MOST_PASSES];
  const size_t n = list_passes((size_t)l->spec.rows, driven, passes);
  size_t k;
  int cpu;

  for (k = 0; k < n; k++) {
    rrn_xbar_converters converters;
    const rrn_xbar_layer part = layer_of(f, l, g, &passes[k], &converters);

    add_product(f, &part, &passes[k], want, &expected);
  }
  assert_int_equal(rrn_xbar_mvm_reference(&f->arena, l, f->x, VECTORS, 0, got, &stats, NULL), RRAMNAS_OK);
  check_near(got, want, "reference");
  assert_memory_equal(&stats, &expected, sizeof(stats));
  for (cpu = RRN_XBAR_CPU_PLAIN; cpu <= (int)rrn_xbar_cpu_best(); cpu++) {
    rrn_xbar_kernel kernel;

    memset(&stats, 0, sizeof(stats));
    assert_int_equal(rrn_xbar_kernel_create(&f->arena, l, cpu, &kernel, NULL), RRAMNAS_OK);
    assert_int_equal(rrn_xbar_mvm(&f->arena, &kernel, f->x, VECTORS, 0, got, &stats, NULL), RRAMNAS_OK);
    check_near(got, want, "kernel");
    assert_memory_equal(&stats, &expected, sizeof(stats));
  }
}

/* --- tests --- */

/* Rows of an array and how many are driven: equal and unequal passes, single rows, as many as there are, more; arrays
 * that the layer does not fill. */
static const int32_t heights[][2] = { { 32, 16 }, { 32, 12 }, { 32, 31 }, { 32, 5 },  { 128, 48 }, { 128, 75 },
                                      { 75, 74 }, { 4, 1 },   { 32, 32 }, { 32, 99 }, { 1, 7 } };
enum { N_HEIGHTS = sizeof(heights) / sizeof(heights[0]) };

static void
test_sum_of_passes(void **state)
{
  static fixture f;
  uint32_t number;

  (void)state;
  for (number = 0; number < 4 * N_HEIGHTS; number++) {
    const int32_t *h = heights[number % N_HEIGHTS];
    const int converters = number % 5 > 1;
    rrn_xbar_layer l;

    begin(&f, number);
    l = make(&f, number, h[0], h[1]);
    assert_int_equal(rrn_xbar_adc_set(&l, 4 + (int32_t)(number % 4), number / 2 % 2 ? RRN_XBAR_RANGE_MAX
                                                                                     : RRN_XBAR_RANGE_GRANULAR, NULL),
                     RRAMNAS_OK);
    if (converters)
      assert_int_equal(rrn_xbar_converters_draw(&f.arena, &l, &(rrn_xbar_converter_spec){ .kind = (int32_t)(number % 3),
        .unit_sigma = 0.1, .offset_sigma = 0.02, .per_crossbar = 5, .layout = { 16, (int32_t)(number / 4 % 2) } }, NULL),
                       RRAMNAS_OK);
    assert_true(!converters == !l.converters);
    check_sum_of_passes(&f, &l, (size_t)h[1]);
    rrn_arena_release(&f.arena);
  }
}

/* A pass goes through the wires of the whole array: its other rows are there, at no voltage. */
static void
test_wires(void **state)
{
  static const rrn_xbar_wiring wirings[] = { { RRN_IR_DROP_EXACT, 2e-3, 1e-3, { 8, 0 } },
                                             { RRN_IR_DROP_ATTENUATED, 2e-3, 3e-3, { 8, 1 } } };
  static fixture f;
  uint32_t number;

  (void)state;
  for (number = 0; number < 12; number++) {
    rrn_xbar_layer l, whole;

    begin(&f, number);
    l = make(&f, number, 20, 8);
    whole = make(&f, number, 20, 0);
    assert_int_equal(rrn_xbar_wires_apply(&f.arena, &l, &wirings[number % 2], NULL), RRAMNAS_OK);
    assert_int_equal(rrn_xbar_wires_apply(&f.arena, &whole, &wirings[number % 2], NULL), RRAMNAS_OK);
    assert_memory_equal(l.g, whole.g, (size_t)l.n_slices * (size_t)l.n_sides * l.cols * IN * sizeof(*l.g));
    assert_int_equal(rrn_xbar_adc_set(&l, 5, RRN_XBAR_RANGE_MAX, NULL), RRAMNAS_OK);
    check_sum_of_passes(&f, &l, 8);
    rrn_arena_release(&f.arena);
  }
}

/* Converters are those of an array whose rows are driven at once. */
static void
test_converters(void **state)
{
  const rrn_xbar_converter_spec s = { .kind = RRN_ADC_SAR, .unit_sigma = 0.1, .offset_sigma = 0.02, .per_crossbar = 5,
                                      .layout = { 16, 0 } };
  static fixture f;
  rrn_xbar_layer l, whole;
  size_t n;

  (void)state;
  begin(&f, 0);
  l = make(&f, 0, 20, 8);
  whole = make(&f, 0, 20, 0);
  assert_int_equal(rrn_xbar_adc_set(&l, 5, RRN_XBAR_RANGE_GRANULAR, NULL), RRAMNAS_OK);
  whole.adc = l.adc;
  assert_int_equal(rrn_xbar_converters_draw(&f.arena, &l, &s, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_xbar_converters_draw(&f.arena, &whole, &s, NULL), RRAMNAS_OK);
  n = 4 * l.converters->crossbars * l.converters->per_crossbar;
  assert_memory_equal(l.converters->offset, whole.converters->offset, n * sizeof(*l.converters->offset));
  assert_memory_equal(l.converters->units, whole.converters->units,
                      n * (size_t)l.converters->bits * sizeof(*l.converters->units));
  rrn_arena_release(&f.arena);
}

/* The greatest current of error-free cells is that of the rows that are driven: with this range nothing clips. */
static void
test_greatest_current(void **state)
{
  static const int32_t most[N_HEIGHTS] = { 16, 12, 31, 5, 48, 75, 74, 1, 32, 32, 1 };
  static fixture f;
  uint32_t number;

  (void)state;
  for (number = 0; number < N_HEIGHTS; number++) {
    rrn_xbar_layer l;

    begin(&f, number);
    l = make(&f, 1, heights[number][0], heights[number][1]);
    assert_int_equal(rrn_xbar_adc_set(&l, 6, RRN_XBAR_RANGE_MAX, NULL), RRAMNAS_OK);
    assert_true(l.adc.hi[0] == most[number]);
    rrn_arena_release(&f.arena);
  }
}

/* Read noise is drawn for each conversion: where every row is driven by itself, that of the cells one by one. */
static void
test_read_noise(void **state)
{
  static fixture f;
  double *passes, *arrays;
  rrn_xbar_layer l, rows;
  size_t k;

  (void)state;
  begin(&f, 3);
  l = make(&f, 3, 20, 1);
  rows = make(&f, 3, 1, 0);
  assert_int_equal(rrn_xbar_adc_set(&l, 4, RRN_XBAR_RANGE_MAX, NULL), RRAMNAS_OK);
  l.read_model = rows.read_model = RRN_READ_RELATIVE;
  l.read_by_column = rows.read_by_column = 1;
  l.read_sigma = rows.read_sigma = 0.2;
  rows.adc = l.adc;
  passes = rrn_arena_alloc(&f.arena, VECTORS * OUT, 2 * sizeof(*passes));
  arrays = passes + VECTORS * OUT;
  assert_int_equal(rrn_xbar_mvm_reference(&f.arena, &l, f.x, VECTORS, 0, passes, NULL, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_xbar_mvm_reference(&f.arena, &rows, f.x, VECTORS, 0, arrays, NULL, NULL), RRAMNAS_OK);
  for (k = 0; k < VECTORS * OUT; k++)
    assert_true(passes[k] == arrays[k]);
  rrn_arena_release(&f.arena);
}

static void
test_spec(void **state)
{
  static const char text[] = "crossbar: {rows: 256, subarray_rows: 128}\ndac: {per_subarray: 48}\n";
  const rrn_xbar_spec bad = { .weight_bits = 4, .cell_bits = 1, .input_bits = 4, .dac_bits = 1, .rows = 4,
                              .driven = -1 };
  rramnas_hw *hw = NULL;
  rrn_xbar_spec s;
  rrn_rt rt;

  (void)state;
  assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_hw_load(text, strlen(text), "hw.yaml", RRAMNAS_HW_FORMAT_YAML, &rt, &hw, NULL), RRAMNAS_OK);
  s = rrn_xbar_spec_of(hw);
  assert_int_equal(s.rows, 128);
  assert_int_equal(s.driven, 48);
  rramnas_hw_unref(hw);
  assert_int_equal(rrn_xbar_spec_check(&bad, NULL), RRAMNAS_ERR_ARGUMENT);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_sum_of_passes),    cmocka_unit_test(test_wires),      cmocka_unit_test(test_converters),
    cmocka_unit_test(test_greatest_current), cmocka_unit_test(test_read_noise), cmocka_unit_test(test_spec),
  };

  allow_tiles();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
