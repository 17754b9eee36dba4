/* SPDX-License-Identifier: MIT */
/* Compensation of drift: what it restores, from which read-outs. */
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
#include "xbar/compensate.h"
#include "xbar/converter.h"
#include "xbar/mvm.h"
#include "xbar/noise.h"

enum { IN = 200, OUT = 30, VECTORS = 40 };

typedef struct fixture {
  rrn_rt rt;
  rrn_arena arena;
  int32_t weights[IN * OUT], x[IN * VECTORS];
  double fresh[OUT * VECTORS], aged[OUT * VECTORS];
} fixture;

static fixture f;

static rrn_xbar_layer
make(int32_t sign)
{
  const rrn_xbar_spec spec = { .sign = sign, .weight_bits = 5, .cell_bits = 2, .input_bits = 4, .dac_bits = 1,
    .rows = 64, .g_off = 0.02 };
  rrn_random r = rrn_random_start(4, 0, 0, 0);
  rrn_xbar_layer l;
  size_t k;

  assert_int_equal(rrn_rt_init(&f.rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&f.arena, &f.rt);
  for (k = 0; k < IN * OUT; k++)
    f.weights[k] = (int32_t)(rrn_random_u32(&r) % 31) - 15;
  for (k = 0; k < IN * VECTORS; k++)
    f.x[k] = (int32_t)(rrn_random_u32(&r) % 16);
  assert_int_equal(rrn_xbar_layer_create(&spec, f.weights, OUT, IN, (rrn_xbar_id){ 1, 2, 3 }, &l, NULL), RRAMNAS_OK);
  return l;
}

static rrn_xbar_layer
written(const rrn_xbar_layer *blank, rrn_xbar_noise n, double time_s)
{
  rrn_xbar_layer l = *blank;

  n.time_s = time_s;
  rrn_xbar_program(&l, &n);
  return l;
}

static void
multiply(const rrn_xbar_layer *l, double *ret_y)
{
  assert_int_equal(rrn_xbar_mvm_reference(&f.arena, l, f.x, VECTORS, 0, ret_y, NULL, NULL), RRAMNAS_OK);
}

/* Root mean square of aged - fresh, over that of fresh. */
static double
deviation(void)
{
  double squares = 0, all = 0;
  size_t k;

  for (k = 0; k < OUT * VECTORS; k++) {
    squares += (f.aged[k] - f.fresh[k]) * (f.aged[k] - f.fresh[k]);
    all += f.fresh[k] * f.fresh[k];
  }
  return sqrt(squares / all);
}

/* Deviation after drift with this mode; the factor of output 0. */
static double
deviation_with(const rrn_xbar_layer *fresh, const rrn_xbar_layer *aged, int32_t mode, double *ret_gain)
{
  rrn_xbar_compensation c = { 0 };

  multiply(fresh, f.fresh);
  multiply(aged, f.aged);
  if (mode != RRN_COMPENSATE_NONE)
    assert_int_equal(rrn_xbar_compensate(&f.arena, fresh, aged, mode, f.x, VECTORS, &c, NULL), RRAMNAS_OK);
  rrn_xbar_compensated(&c, aged, f.x, VECTORS, f.aged);
  *ret_gain = c.gain ? c.gain[0] : 1;
  return deviation();
}

/* All cells lose the same: a factor restores everything, whatever is subtracted digitally. */
static void
test_alike(void **state)
{
  const rrn_xbar_noise n = { .drift_exponent = 0.06, .drift_reference_s = 20 };
  double gain;
  int32_t sign, mode;

  (void)state;
  for (sign = RRN_XBAR_DIFFERENTIAL; sign <= RRN_XBAR_UNIT_COLUMN; sign++)
    for (mode = RRN_COMPENSATE_LAYER; mode <= RRN_COMPENSATE_COLUMN; mode++) {
      const rrn_xbar_layer blank = make(sign), fresh = written(&blank, n, 0), aged = written(&blank, n, 20e6);

      assert_true(deviation_with(&fresh, &aged, RRN_COMPENSATE_NONE, &gain) > 0.2);
      assert_true(deviation_with(&fresh, &aged, mode, &gain) < 1e-9);
      assert_true(fabs(gain - pow(1e6, 0.06)) < 1e-9);
      rrn_arena_release(&f.arena);
    }
}

/* With spread, rounding and errors of converters most is restored: bounds a third above what it gives. */
static void
test_spread(void **state)
{
  const rrn_xbar_noise n = { .write_model = RRN_WRITE_RELATIVE, .write_sigma = 0.03, .drift_exponent = 0.06,
    .drift_exponent_sigma = 0.01, .drift_reference_s = 20, .read_model = RRN_READ_RELATIVE, .read_sigma = 0.01 };
  const rrn_xbar_converter_spec s = { .kind = RRN_ADC_SAR, .unit_sigma = 0.02, .offset_sigma = 0.002, .per_crossbar = 8,
                                      .layout = { 64, 0 } };
  rrn_xbar_layer blank = make(RRN_XBAR_DIFFERENTIAL), fresh, aged;
  double none, layer, column, gain;

  (void)state;
  assert_int_equal(rrn_xbar_adc_calibrate(&f.arena, &blank, 8, f.x, VECTORS, 0.9999, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_xbar_converters_draw(&f.arena, &blank, &s, NULL), RRAMNAS_OK);
  blank.read_by_column = 1;
  fresh = written(&blank, n, 0);
  aged = written(&blank, n, 20e6);
  none = deviation_with(&fresh, &aged, RRN_COMPENSATE_NONE, &gain);
  layer = deviation_with(&fresh, &aged, RRN_COMPENSATE_LAYER, &gain);
  assert_true(fabs(gain - pow(1e6, 0.06)) < 0.05 * pow(1e6, 0.06));
  column = deviation_with(&fresh, &aged, RRN_COMPENSATE_COLUMN, &gain);
  if (!(none > 0.5 && layer < 0.16 && column < 0.135))
    fail_msg("deviation %g, %g with a factor for the layer, %g for each column", none, layer, column);
  rrn_arena_release(&f.arena);
}

/* An output whose cells are all off has nothing to read: its factor is 1. */
static void
test_nothing(void **state)
{
  const rrn_xbar_noise n = { .drift_exponent = 0.06, .drift_reference_s = 20 };
  rrn_xbar_layer blank = make(RRN_XBAR_DIFFERENTIAL), fresh, aged;
  rrn_xbar_compensation c = { 0 };

  (void)state;
  memset(f.weights, 0, IN * sizeof(*f.weights));
  fresh = written(&blank, n, 0);
  aged = written(&blank, n, 20e6);
  assert_int_equal(rrn_xbar_compensate(&f.arena, &fresh, &aged, RRN_COMPENSATE_COLUMN, f.x, VECTORS, &c, NULL),
                   RRAMNAS_OK);
  assert_true(c.gain[0] == 1 && c.gain[1] > 2);
  rrn_arena_release(&f.arena);
}

static void *
fail_after(void *user, size_t bytes)
{
  int *left = user;

  return (*left)-- > 0 ? malloc(bytes) : NULL;
}

/* Every allocation may fail. */
static void
test_memory(void **state)
{
  const rrn_xbar_layer l = make(RRN_XBAR_DIFFERENTIAL);
  rramnas_runtime hooks = RRAMNAS_RUNTIME_INIT;
  rrn_xbar_compensation c = { 0 };
  int left, n, done = 0;
  rrn_arena arena;
  rrn_rt rt;

  (void)state;
  assert_int_equal(rrn_rt_init(&rt, &hooks, NULL), RRAMNAS_OK);
  rt.alloc = fail_after;
  rt.alloc_user = &left;
  for (n = 0; !done; n++) {
    left = n;
    rrn_arena_init(&arena, &rt);
    done = rrn_xbar_compensate(&arena, &l, &l, RRN_COMPENSATE_LAYER, f.x, 3, &c, NULL) == RRAMNAS_OK;
    assert_true(done == (c.gain != NULL));
    rrn_arena_release(&arena);
  }
  assert_true(n > 3);
  rrn_arena_release(&f.arena);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_alike), cmocka_unit_test(test_spread), cmocka_unit_test(test_nothing),
    cmocka_unit_test(test_memory),
  };

  allow_tiles();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
