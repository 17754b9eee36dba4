/* SPDX-License-Identifier: MIT */
/* Exact IR drop against reference currents, against a hand solution, and with refused input or memory. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "util/error.h"
#include "xbar/irdrop.h"

enum { MAX = 64 };

/* Current of every column for one input, from the matrix for all. */
static int32_t
currents(const rrn_rt *rt, const rrn_xbar_wires *w, const double *g, const double *v, double *ret_i)
{
  static double transfer[MAX * MAX];

  RRN_TRY(rrn_xbar_irdrop_transfer(rt, w, g, transfer, NULL));
  for (size_t j = 0; j < w->cols; j++) {
    ret_i[j] = 0;
    for (size_t i = 0; i < w->rows; i++)
      ret_i[j] += v[i] * transfer[i * w->cols + j];
  }
  return RRAMNAS_OK;
}

static void
read_numbers(FILE *file, double *values, size_t n)
{
  for (size_t k = 0; k < n; k++)
    assert_int_equal(fscanf(file, "%lf", &values[k]), 1);
}

static void
check_file(const rrn_rt *rt, const char *name)
{
  static double g[MAX * MAX];
  double head[5], v[MAX], want[MAX], got[MAX];
  char path[4096];

  snprintf(path, sizeof(path), "%s/xbar/ir_%s.txt", getenv("RRAMNAS_TEST_DATA"), name);
  FILE *file = fopen(path, "r");
  assert_non_null(file);
  read_numbers(file, head, 5);
  const rrn_xbar_wires w = { (size_t)head[0], (size_t)head[1], head[2], head[3] };
  assert_true(w.rows <= MAX && w.cols <= MAX);
  read_numbers(file, v, w.rows);
  read_numbers(file, g, w.rows * w.cols);
  read_numbers(file, want, w.cols);
  fclose(file);
  for (size_t k = 0; k < w.rows * w.cols; k++)
    g[k] /= head[4];
  assert_int_equal(currents(rt, &w, g, v, got), RRAMNAS_OK);
  for (size_t j = 0; j < w.cols; j++)
    if (!(fabs(got[j] - want[j]) <= 1e-9 * fabs(want[j])))
      fail_msg("%s column %zu: %.17g, expected %.17g", name, j, got[j], want[j]);
}

static void
test_references(void **state)
{
  static const char *names[] = { "2x2_hand", "8x8_asym", "8x8_rand", "32x32_allon", "32x32_diag", "64x64_heavy",
                                 "64x64_rand" };
  rrn_rt rt;

  (void)state;
  assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
  for (size_t k = 0; k < sizeof(names) / sizeof(names[0]); k++)
    check_file(&rt, names[k]);
}

/* One cell: three resistors in series. */
static void
test_one_cell(void **state)
{
  const rrn_xbar_wires w = { 1, 1, 2, 3 };
  const double g = 0.2, v = 1;
  double i = 0;
  rrn_rt rt;

  (void)state;
  rrn_rt_init(&rt, NULL, NULL);
  assert_int_equal(currents(&rt, &w, &g, &v, &i), RRAMNAS_OK);
  assert_true(fabs(i - 0.1) < 1e-15);
}

static void *
no_memory(void *user, size_t size)
{
  (void)user;
  (void)size;
  return NULL;
}

static void
test_refused(void **state)
{
  const rrn_xbar_wires good = { 1, 1, 2, 3 }, no_cells = { 0, 1, 2, 3 }, no_wire = { 1, 1, 0, 3 };
  const double g = 0.2, bad = -1;
  double i = 7;
  rrn_rt rt;

  (void)state;
  rrn_rt_init(&rt, NULL, NULL);
  assert_int_equal(rrn_xbar_irdrop_transfer(&rt, &no_cells, &g, &i, NULL), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rrn_xbar_irdrop_transfer(&rt, &no_wire, &g, &i, NULL), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rrn_xbar_irdrop_transfer(&rt, &good, &bad, &i, NULL), RRAMNAS_ERR_ARGUMENT);
  rt.alloc = no_memory;
  assert_int_equal(rrn_xbar_irdrop_transfer(&rt, &good, &g, &i, NULL), RRAMNAS_ERR_MEMORY);
  assert_true(i == 7);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_references),
    cmocka_unit_test(test_one_cell),
    cmocka_unit_test(test_refused),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
