/* SPDX-License-Identifier: MIT */
/* Ranges of converters from digits: the same as from the currents, or none. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "oom.h"
#include "util/random.h"
#include "xbar/adc.h"
#include "xbar/noise.h"

/* A layer and its sample. */
typedef struct sampled {
  rrn_rt rt;
  rrn_arena arena;
  rrn_xbar_layer layer;
  int32_t *x, *weights;
  size_t batch;
} sampled;

static void
begin(sampled *s, const rrn_xbar_spec *spec, size_t n_in, size_t n_out, size_t batch)
{
  assert_int_equal(rrn_rt_init(&s->rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&s->arena, &s->rt);
  s->batch = batch;
  s->weights = rrn_arena_alloc(&s->arena, n_in * n_out, sizeof(*s->weights));
  s->x = rrn_arena_alloc(&s->arena, n_in * batch, sizeof(*s->x));
  assert_int_equal(rrn_xbar_layer_create(spec, s->weights, n_out, n_in, (rrn_xbar_id){ 1, 0, 0 }, &s->layer, NULL),
                   RRAMNAS_OK);
}

static void
end(sampled *s)
{
  rrn_arena_release(&s->arena);
}

/* The octaves by each processor's loops, which agree. Returns whether they are known. */
static int
of_digits(sampled *s, double fraction, int32_t *ret_octaves)
{
  int32_t octaves[RRN_XBAR_MAX_SLICES];
  int level, known = 0, first = 0;

  for (level = 0; level < RRN_XBAR_LOOPS_LEVELS; level++) {
    const int32_t status = rrn_xbar_octaves_of_digits_by(level, &s->arena, &s->layer, s->x, s->batch, fraction, octaves,
                                                         &known, NULL);

    if (status == RRAMNAS_ERR_UNSUPPORTED && level > 0)
      continue;
    assert_int_equal(status, RRAMNAS_OK);
    if (level == 0) {
      first = known;
      memcpy(ret_octaves, octaves, sizeof(octaves));
    }
    assert_int_equal(known, first);
    if (known)
      assert_memory_equal(octaves, ret_octaves, (size_t)s->layer.n_slices * sizeof(*octaves));
  }
  return first;
}

/* Returns whether digits told them. */
static int
check_ranges(sampled *s, double fraction)
{
  const size_t n = (size_t)s->layer.n_slices;
  int32_t want[RRN_XBAR_MAX_SLICES], got[RRN_XBAR_MAX_SLICES];
  const int known = of_digits(s, fraction, got);
  rrn_xbar_layer l = s->layer;
  size_t i;

  assert_int_equal(rrn_xbar_octaves_of_currents(&s->arena, &s->layer, s->x, s->batch, fraction, want, NULL),
                   RRAMNAS_OK);
  if (known)
    assert_memory_equal(got, want, n * sizeof(*want));
  assert_int_equal(rrn_xbar_adc_calibrate(&s->arena, &l, 8, s->x, s->batch, fraction, NULL), RRAMNAS_OK);
  for (i = 0; i < n; i++)
    assert_true(l.adc.hi[i] == ldexp((double)rrn_xbar_driven(&l), -want[i]));
  return known;
}

/* --- random layers --- */

static rrn_xbar_spec
random_spec(rrn_random *r)
{
  static const double offs[] = { 0, 0.001, 0.03, 0.4 };
  const int32_t few = 1 + (int32_t)rrn_random_below(r, 60), powers = 1 << rrn_random_below(r, 9);

  return (rrn_xbar_spec){ .sign = RRN_XBAR_DIFFERENTIAL, .weight_bits = 2 + (int32_t)rrn_random_below(r, 8),
                          .cell_bits = 1 + (int32_t)rrn_random_below(r, 5),
                          .input_bits = 1 + (int32_t)rrn_random_below(r, 10),
                          .dac_bits = 1 + (int32_t)(rrn_random_below(r, 12) / 6 * rrn_random_below(r, 3)),
                          .rows = rrn_random_below(r, 2) ? few : powers, .g_off = offs[rrn_random_below(r, 4)],
                          .driven = rrn_random_below(r, 3) ? 0 : 1 + (int32_t)rrn_random_below(r, 40) };
}

/* Weights up to a limit of the layer's, inputs of which a share is 0. */
static void
make_case(sampled *s, rrn_random *r)
{
  const rrn_xbar_spec spec = random_spec(r);
  const size_t n_in = 1 + rrn_random_below(r, 200), n_out = rrn_random_below(r, 3) ? 1 + rrn_random_below(r, 30) : 1;
  const uint32_t limit = 1 + rrn_random_below(r, (1u << (spec.weight_bits - 1)) - 1), zeros = rrn_random_below(r, 5);
  size_t i;

  begin(s, &spec, n_in, n_out, 1 + rrn_random_below(r, 100));
  for (i = 0; i < n_in * n_out; i++)
    s->weights[i] = (int32_t)rrn_random_below(r, 2 * limit + 1) - (int32_t)limit;
  for (i = 0; i < n_in * s->batch; i++)
    s->x[i] = rrn_random_below(r, 4) < zeros ? 0 : (int32_t)rrn_random_below(r, 1u << spec.input_bits);
}

static void
digits_give_the_ranges_of_currents(void **state)
{
  static const double fractions[] = { 0.9999, 0.99, 1, 0.5 };
  int number, known = 0;

  (void)state;
  for (number = 0; number < 300; number++) {
    rrn_random r = rrn_random_start(77, (uint32_t)number, 0, 0);
    sampled s;

    make_case(&s, &r);
    known += check_ranges(&s, fractions[number % 4]);
    end(&s);
  }
  print_message("known of %d: %d\n", number, known);
  assert_in_range(known, 225, 299); /* rounding decides some */
}

/* --- what decides --- */

/* Of 16 rows, all driven: the octave of the sum of these digits. */
static int32_t
octave_of(const int32_t digits[5], int *ret_known)
{
  const rrn_xbar_spec spec = { .weight_bits = 5, .cell_bits = 4, .input_bits = 1, .dac_bits = 1, .rows = 16 };
  int32_t octave;
  sampled s;
  size_t i;

  begin(&s, &spec, 16, 1, 40);
  memcpy(s.weights, digits, 5 * sizeof(*digits));
  for (i = 0; i < 40 * 16; i++)
    s.x[i] = 1;
  *ret_known = check_ranges(&s, 0.9999);
  assert_int_equal(rrn_xbar_octaves_of_currents(&s.arena, &s.layer, s.x, s.batch, 0.9999, &octave, NULL), RRAMNAS_OK);
  end(&s);
  return octave;
}

/* A sum of 15 is a current of 1, a sixteenth of the greatest: of rounded fifteenths it is, or it is more. */
static void
rounding_decides_at_a_border(void **state)
{
  static const int32_t whole[5] = { 15, 0, 0, 0, 0 }, more[5] = { 3, 2, 3, 6, 1 };
  static const int32_t below[5] = { 15, 0, 0, 0, -1 }, above[5] = { 3, 2, 3, 6, 2 };
  int known;

  (void)state;
  assert_int_equal(octave_of(whole, &known), 4);
  assert_false(known);
  assert_int_equal(octave_of(more, &known), 3);
  assert_false(known);
  assert_int_equal(octave_of(below, &known), 4);
  assert_true(known);
  assert_int_equal(octave_of(above, &known), 3);
  assert_true(known);
}

/* One vector of 200 has currents, fewer than may lie beyond a range. */
static void
hardly_any_currents(void **state)
{
  const rrn_xbar_spec spec = { .weight_bits = 9, .cell_bits = 2, .input_bits = 4, .dac_bits = 1, .rows = 24,
                               .g_off = 0.01 };
  int32_t octaves[RRN_XBAR_MAX_SLICES];
  sampled s;
  size_t i;

  (void)state;
  begin(&s, &spec, 50, 7, 200);
  for (i = 0; i < 50 * 7; i++)
    s.weights[i] = (int32_t)(i * 37 % 511) - 255;
  assert_true(check_ranges(&s, 0.99));
  assert_true(of_digits(&s, 0.99, octaves) && octaves[0] == 0);
  for (i = 0; i < 50; i++)
    s.x[170 * 50 + i] = (int32_t)i % 16;
  assert_true(check_ranges(&s, 0.99));
  assert_true(of_digits(&s, 0.99, octaves) && octaves[0] > 0);
  end(&s);
}

static void
other_layers_are_left_alone(void **state)
{
  const rrn_xbar_spec pairs = { .weight_bits = 8, .cell_bits = 4, .input_bits = 8, .dac_bits = 2, .rows = 64 };
  const rrn_xbar_noise noise = { .write_model = RRN_WRITE_RELATIVE, .write_sigma = 0.05 };
  rrn_xbar_spec specs[6] = { pairs, pairs, pairs, pairs, pairs, pairs };
  int i;

  (void)state;
  specs[1].sign = RRN_XBAR_OFFSET;
  specs[2].sign = RRN_XBAR_UNIT_COLUMN;
  specs[3].subtract_digitally = 1;
  specs[4].cell_bits = specs[4].dac_bits = 8; /* 64 x 255 x 255 */
  for (i = 0; i < 6; i++) {
    sampled s;

    begin(&s, &specs[i], 70, 3, 33);
    s.weights[5] = 100;
    s.x[5] = 200;
    if (i == 5)
      rrn_xbar_program(&s.layer, &noise);
    assert_int_equal(check_ranges(&s, 0.9), i == 0);
    end(&s);
  }
}

static void
inputs_are_checked(void **state)
{
  const rrn_xbar_spec spec = { .weight_bits = 8, .cell_bits = 4, .input_bits = 8, .dac_bits = 2, .rows = 64 };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  sampled s;

  (void)state;
  begin(&s, &spec, 9, 1, 2);
  s.x[17] = 256;
  assert_int_equal(rrn_xbar_adc_calibrate(&s.arena, &s.layer, 8, s.x, 2, 0.9, &err), RRAMNAS_ERR_ARGUMENT);
  assert_non_null(strstr(err.message, "256"));
  end(&s);
}

static int32_t
calibrate(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  rrn_xbar_layer l = *(const rrn_xbar_layer *)user;
  static const int32_t x[300 * 300];
  rrn_arena scratch;
  int32_t status;
  rrn_rt rt;

  RRN_TRY(rrn_rt_init(&rt, runtime, err));
  rrn_arena_init(&scratch, &rt);
  status = rrn_xbar_adc_calibrate(&scratch, &l, 8, x, 300, 0.9, err);
  rrn_arena_release(&scratch);
  return status;
}

static void
memory_may_run_out_anywhere(void **state)
{
  const rrn_xbar_spec spec = { .weight_bits = 8, .cell_bits = 4, .input_bits = 8, .dac_bits = 2, .rows = 300 };
  sampled s;

  (void)state;
  begin(&s, &spec, 300, 1, 1);
  assert_true(oom_until_success(calibrate, &s.layer, 1, 0) > 1);
  end(&s);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(digits_give_the_ranges_of_currents), cmocka_unit_test(rounding_decides_at_a_border),
    cmocka_unit_test(hardly_any_currents),                cmocka_unit_test(other_layers_are_left_alone),
    cmocka_unit_test(inputs_are_checked),                 cmocka_unit_test(memory_may_run_out_anywhere),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
