/* SPDX-License-Identifier: MIT */
/* How much memory a programmed layer takes, by a counting allocator: three times its weights as single-precision numbers, for
 * layers of any shape, and little more on the way. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "../../examples/common/tiles.h"
#include "oom.h"
#include "xbar/adc.h"
#include "xbar/mvm_short.h"

/* Of arrays; bytes of a weight, which has four cells or pairs of cells. */
enum { ROWS = 128, BYTES = 12 };

typedef enum kind {
  PAIRS = 0,        /* of cells with write errors */
  OFFSET = 1,
  IDEAL = 2,        /* cells, no converter: integers */
  NO_CONVERTER = 3, /* cells with errors: doubles */
  NOISY = 4         /* pairs whose reads have a relative error */
} kind;
enum { N_KINDS = 5 };

typedef struct shape {
  size_t n_groups, n_out, n_in;
} shape;

typedef struct kept {
  size_t bytes, peak; /* after programming, and on the way */
  int is_short;
} kept;

/* A chip of a series: converters are the first one's. */
static int
create_second(rrn_arena *arena, rrn_arena *of_first, const rrn_xbar_layer *l, size_t n_groups, const rrn_xbar_adc *adcs,
              enum rrn_xbar_cpu cpu)
{
  const rrn_xbar_groups groups = { .all = n_groups, .n = n_groups, .adcs = adcs };
  rrn_xbar_short first, second;
  rrn_xbar_kernel k;
  int fits;

  if (!rrn_xbar_is_short(l, adcs, n_groups)) {
    assert_int_equal(rrn_xbar_kernel_create(arena, l, cpu, &k, NULL), RRAMNAS_OK);
    return 0;
  }
  assert_int_equal(rrn_xbar_short_create(of_first, l, &groups, NULL, cpu, &first, &fits, NULL), RRAMNAS_OK);
  assert_true(fits);
  assert_int_equal(rrn_xbar_short_create(arena, l, &groups, &first, cpu, &second, &fits, NULL), RRAMNAS_OK);
  assert_true(fits);
  return 1;
}

/* Weights of 8 bits in cells of 2 bits. */
static void
make_layer(const shape *s, kind how, const int32_t *weights, rrn_xbar_layer *ret)
{
  const rrn_xbar_spec spec = { .sign = how == OFFSET ? RRN_XBAR_OFFSET : RRN_XBAR_DIFFERENTIAL, .weight_bits = 8, .cell_bits = 2,
                               .input_bits = 8, .dac_bits = 1, .rows = ROWS };
  const rrn_xbar_noise noise = { .write_model = RRN_WRITE_RELATIVE, .write_sigma = 0.03, .read_model = RRN_READ_RELATIVE,
                                 .read_sigma = how == NOISY ? 0.01 : 0 };

  assert_int_equal(rrn_xbar_layer_create(&spec, weights, s->n_out, s->n_in, (rrn_xbar_id){ 1, 0, 0 }, ret, NULL), RRAMNAS_OK);
  if (how == PAIRS || how == OFFSET || how == NOISY)
    assert_int_equal(rrn_xbar_adc_set(ret, 8, RRN_XBAR_RANGE_MAX, NULL), RRAMNAS_OK);
  if (how != IDEAL)
    rrn_xbar_program(ret, &noise);
  ret->read_by_column = 1;
}

static kept
program(const shape *s, kind how, enum rrn_xbar_cpu cpu)
{
  const size_t n = s->n_groups * s->n_out * s->n_in;
  int32_t *weights = calloc(n, sizeof(*weights));
  rrn_xbar_adc *adcs = calloc(s->n_groups, sizeof(*adcs));
  oom o = { 0 };
  const rramnas_runtime runtime = oom_runtime(&o);
  rrn_arena arena, of_first;
  rrn_rt rt, of_others;
  rrn_xbar_layer l;
  kept found;
  size_t i;

  assert_true(weights && adcs);
  for (i = 0; i < n; i++)
    weights[i] = (int32_t)(i * 37 % 255) - 127;
  assert_int_equal(rrn_rt_init(&rt, &runtime, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_rt_init(&of_others, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&arena, &rt);
  rrn_arena_init(&of_first, &of_others);
  make_layer(s, how, weights, &l);
  for (i = 0; i < s->n_groups; i++)
    adcs[i] = l.adc;
  found.is_short = create_second(&arena, &of_first, &l, s->n_groups, adcs, cpu);
  found.bytes = o.n_bytes;
  found.peak = o.peak_bytes;
  rrn_arena_release(&arena);
  rrn_arena_release(&of_first);
  oom_check(&o);
  free(weights);
  free(adcs);
  return found;
}

/* Read noise takes a byte per pair and a number per column of an array, of four slices. */
static size_t
bytes_of_noise(const shape *s)
{
  return s->n_groups * s->n_out * 4 * (s->n_in + (s->n_in + ROWS - 1) / ROWS * sizeof(float));
}

/* Nothing for a column, and for a layer what aligns it; what tiles of 16 columns read beyond the last one. On the way two columns
 * of short arrays are doubles, of which eight go together. */
static void
check(const shape *s, kind how, enum rrn_xbar_cpu cpu, size_t *most_beyond)
{
  const kept found = program(s, how, cpu);
  const size_t bytes = BYTES * s->n_groups * s->n_out * s->n_in + (how == NOISY ? bytes_of_noise(s) : 0);
  const size_t rows = s->n_in < ROWS ? s->n_in : ROWS;
  const size_t constant = 320 + (how == NOISY ? 64 : 0) + (cpu == RRN_XBAR_CPU_AMX && !found.is_short ? 15 * rows + 128 : 0);
  const size_t columns = found.is_short ? 2 * 4 * sizeof(double) * (s->n_in + 8) : 0;

  if (found.bytes > bytes + constant || found.peak > bytes + constant + columns)
    fail_msg("%zu x %zu x %zu, kind %d, processor %d: %zu bytes for %zu, %zu on the way", s->n_groups, s->n_out, s->n_in, how,
             cpu, found.bytes, bytes, found.peak);
  if (found.bytes > bytes && found.bytes - bytes > *most_beyond)
    *most_beyond = found.bytes - bytes;
}

static void
check_all(const shape *s, size_t most_beyond[2])
{
  const enum rrn_xbar_cpu best = rrn_xbar_cpu_best();
  int how;

  for (how = 0; how < N_KINDS; how++) {
    check(s, (kind)how, RRN_XBAR_CPU_PLAIN, &most_beyond[0]);
    if (best != RRN_XBAR_CPU_PLAIN)
      check(s, (kind)how, best, &most_beyond[1]);
  }
}

static void
a_layer_is_three_times_its_weights(void **state)
{
  static const size_t rows[] = { 63, 64, 65, 100, 127, 128, 129, 144, 300, 576, 577, 1000 }, cols[] = { 1, 10, 16, 17, 100 };
  size_t beyond[2] = { 0, 0 }, n_in, k;

  (void)state;
  for (n_in = 1; n_in <= 40; n_in++)
    for (k = 0; k < 4; k++)
      check_all(&(shape){ 1, cols[k], n_in }, beyond);
  for (n_in = 0; n_in < sizeof(rows) / sizeof(rows[0]); n_in++)
    for (k = 0; k < sizeof(cols) / sizeof(cols[0]); k++)
      if (rows[n_in] <= 144 || cols[k] <= 17)
        check_all(&(shape){ 1, cols[k], rows[n_in] }, beyond);
  print_message("beyond %d bytes per weight: %zu bytes at most in plain C, %zu with the best kernel\n", BYTES, beyond[0],
                beyond[1]);
}

/* Depthwise layers and others of several groups, short arrays: to the byte. */
static void
groups_add_nothing(void **state)
{
  static const shape shapes[] = { { 480, 1, 9 }, { 96, 1, 25 }, { 16, 8, 18 }, { 3, 7, 5 }, { 2, 100, 127 } };
  size_t beyond = 0, k;

  (void)state;
  for (k = 0; k < sizeof(shapes) / sizeof(shapes[0]); k++) {
    check(&shapes[k], PAIRS, rrn_xbar_cpu_best(), &beyond);
    check(&shapes[k], OFFSET, rrn_xbar_cpu_best(), &beyond);
  }
  print_message("several groups: %zu bytes at most beyond\n", beyond);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_layer_is_three_times_its_weights),
    cmocka_unit_test(groups_add_nothing),
  };

  allow_tiles();
  return cmocka_run_group_tests(tests, NULL, NULL);
}
