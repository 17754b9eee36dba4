/* SPDX-License-Identifier: MIT */
/* The duplication program against an oracle that enumerates every vector of copies. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>

#include "compile/passes.h"
#include "random.h"

enum { LAYERS = 4, MOST = 7 };

typedef struct instance {
  rrn_duplication d;
  uint64_t demand[LAYERS], supply[LAYERS];
  int64_t area[LAYERS], useful[LAYERS];
  double budget;
} instance;

static void
make_instance(test_random *r, instance *x)
{
  int32_t i;

  x->d = (rrn_duplication){ LAYERS, 0, x->demand, x->supply, x->area, x->useful };
  x->d.bottleneck = (int32_t)test_below(r, LAYERS);
  for (i = 0; i < LAYERS; i++) {
    x->demand[i] = test_below(r, 9);
    x->supply[i] = test_below(r, 8) ? 1 + test_below(r, 9) : 0;
    x->area[i] = 1 + (int64_t)test_below(r, 12);
    x->useful[i] = test_below(r, 3) ? 1 + (int64_t)test_below(r, MOST) : INT32_MAX;
  }
  x->budget = (double)test_below(r, 120) + 0.5;
}

/* x_i >= min(useful_i, x_b * demand_i / supply_i) by multiplication only. */
static int
feasible(const instance *x, const int32_t *copies)
{
  const int64_t b = copies[x->d.bottleneck];
  double cells = 0;
  int32_t i;

  for (i = 0; i < LAYERS; i++) {
    cells += (double)(copies[i] * x->area[i]);
    if (copies[i] > x->useful[i])
      return 0;
    if (i == x->d.bottleneck || (copies[i] == x->useful[i] && x->supply[i] > 0))
      continue;
    if ((uint64_t)copies[i] * x->supply[i] < (uint64_t)b * x->demand[i])
      return 0;
  }
  return cells <= x->budget;
}

/* Largest x_b over all vectors of 1..MOST copies, and the fewest cells at it. */
static int32_t
enumerate(const instance *x, double *ret_cells)
{
  int32_t copies[LAYERS], best = 0, code, i, all = 1;

  for (i = 0; i < LAYERS; i++)
    all *= MOST;
  *ret_cells = 0;
  for (code = 0; code < all; code++) {
    int32_t rest = code;
    double cells = 0;

    for (i = 0; i < LAYERS; i++, rest /= MOST) {
      copies[i] = 1 + rest % MOST;
      cells += (double)(copies[i] * x->area[i]);
    }
    if (!feasible(x, copies) || copies[x->d.bottleneck] < best)
      continue;
    if (copies[x->d.bottleneck] > best || cells < *ret_cells)
      *ret_cells = cells;
    best = copies[x->d.bottleneck];
  }
  return best;
}

static void
agrees_with_enumeration(void **state)
{
  test_random r = { 1 };
  int round, compared = 0, infeasible = 0, i;

  (void)state;
  for (round = 0; round < 3000; round++) {
    int32_t copies[LAYERS] = { 0 }, largest = 0;
    double cells = 0, best_cells;
    instance x;
    int64_t solved;
    int32_t best;

    make_instance(&r, &x);
    solved = rrn_duplication_solve(&x.d, x.budget, copies);
    for (i = 0; solved && i < LAYERS; i++) {
      largest = copies[i] > largest ? copies[i] : largest;
      cells += (double)(copies[i] * x.area[i]);
    }
    if (largest > MOST)
      continue; /* outside of what the oracle enumerates */
    best = enumerate(&x, &best_cells);
    if (best == MOST && solved >= MOST)
      continue;
    if (solved != best || (solved && (!feasible(&x, copies) || cells != best_cells)))
      fail_msg("round %d: solved %lld, enumerated %d", round, (long long)solved, (int)best);
    compared++;
    infeasible += !solved;
  }
  assert_in_range(compared, 1500, 3000);
  assert_in_range(infeasible, 100, 2000);
}

static void
more_cells_never_fewer_copies(void **state)
{
  test_random r = { 2 };
  int round;

  (void)state;
  for (round = 0; round < 500; round++) {
    int64_t before = 0, solved;
    int32_t copies[LAYERS];
    double budget;
    instance x;

    make_instance(&r, &x);
    for (budget = 1; budget < 1e6; budget *= 1.7) {
      solved = rrn_duplication_solve(&x.d, budget, copies);
      assert_true(solved >= before);
      before = solved;
    }
  }
}

static void
huge_numbers_do_not_overflow(void **state)
{
  uint64_t demand[2] = { UINT64_C(1) << 62, 1 }, supply[2] = { 1, UINT64_C(1) << 62 };
  int64_t area[2] = { INT64_C(1) << 61, INT64_C(1) << 61 }, useful[2] = { INT32_MAX, INT32_MAX };
  rrn_duplication d = { 2, 1, demand, supply, area, useful };
  int32_t copies[2];

  (void)state;
  assert_int_equal(rrn_duplication_solve(&d, 1e18, copies), 0);
  supply[0] = UINT64_C(1) << 62;
  assert_int_equal(rrn_duplication_solve(&d, 9e18, copies), 1);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(agrees_with_enumeration),
    cmocka_unit_test(more_cells_never_fewer_copies),
    cmocka_unit_test(huge_numbers_do_not_overflow),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
