/* SPDX-License-Identifier: MIT */
/* When enough chips have been tried: chips whose mean reaches the threshold are given up no more often than the level
 * says, whatever their distribution, and hopeless ones after few; a narrow interval holds the mean about as often as it
 * says. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#include "accuracy/stop.h"
#include "random.h"

enum { IMAGES = 200, MOST_CHIPS = 64 };

static const double LEVEL = 0.05;

/* Chips that were tried. */
static size_t
run(const rrn_stop_rule *rule, const int32_t *right, size_t n, int32_t *ret_stopped)
{
  rrn_stop s;
  size_t k;

  *ret_stopped = RRAMNAS_TRIALS_ALL;
  rrn_stop_init(&s, rule, n, IMAGES);
  for (k = 0; k < n; k++) {
    *ret_stopped = rrn_stop_add(&s, right[k]);
    if (*ret_stopped)
      return k + 1;
  }
  return n;
}

static void
shuffle(test_random *r, int32_t *right, size_t n)
{
  size_t k;

  for (k = n; k > 1; k--) {
    const size_t other = test_below(r, k);
    const int32_t kept = right[k - 1];

    right[k - 1] = right[other];
    right[other] = kept;
  }
}

/* Chips alike, near each other, of two kinds, one of them broken, anything at all. */
static void
make_chips(test_random *r, int kind, int32_t *right, size_t n)
{
  const int32_t middle = (int32_t)test_below(r, IMAGES - 20) + 10;
  size_t k;

  for (k = 0; k < n; k++)
    switch (kind) {
    case 0:
      right[k] = middle;
      break;
    case 1:
      right[k] = middle - 10 + (int32_t)test_below(r, 21);
      break;
    case 2:
      right[k] = test_below(r, 2) ? IMAGES : middle;
      break;
    case 3:
      right[k] = k ? IMAGES - 2 : 0;
      break;
    default:
      right[k] = (int32_t)test_below(r, IMAGES + 1);
    }
}

static double
mean_of(const int32_t *right, size_t n)
{
  double sum = 0;
  size_t k;

  for (k = 0; k < n; k++)
    sum += right[k];
  return sum / ((double)n * IMAGES);
}

/* The threshold is the mean of all chips itself: where a wrong stop is likeliest. */
static void
good_chips_are_kept(void **state)
{
  enum { RUNS = 4000 };
  static const size_t sizes[] = { 2, 3, 5, 10, 20, 64 };
  test_random r = { 1 };
  double most = 0;
  size_t i;
  int kind;

  (void)state;
  for (kind = 0; kind < 5; kind++)
    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
      int32_t right[MOST_CHIPS], stopped;
      rrn_stop_rule rule = { 0 };
      size_t k, wrong = 0;

      make_chips(&r, kind, right, sizes[i]);
      rule.stop_below = mean_of(right, sizes[i]);
      for (k = 0; k < RUNS; k++) {
        shuffle(&r, right, sizes[i]);
        run(&rule, right, sizes[i], &stopped);
        wrong += stopped == RRAMNAS_TRIALS_BELOW;
      }
      most = fmax(most, (double)wrong / RUNS);
      if ((double)wrong > LEVEL * RUNS + 4 * sqrt(LEVEL * (1 - LEVEL) * RUNS))
        fail_msg("kind %d, %zu chips: %zu of %d stopped", kind, sizes[i], wrong, RUNS);
    }
  print_message("at most %.4f of the runs stopped wrongly\n", most);
  assert_true(most > 0); /* the rule does stop */
}

/* Every order of six chips, every threshold at which they are just good enough: exactly. */
static void
every_order_of_six(void **state)
{
  static const int32_t chips[][6] = { { 0, 200, 200, 200, 200, 200 },
                                      { 0, 0, 0, 0, 0, 200 },
                                      { 199, 199, 199, 190, 150, 100 },
                                      { 180, 181, 182, 183, 184, 185 },
                                      { 1, 2, 3, 4, 5, 6 } };
  size_t i, code;

  (void)state;
  for (i = 0; i < sizeof(chips) / sizeof(chips[0]); i++) {
    const rrn_stop_rule rule = { .stop_below = mean_of(chips[i], 6) };
    int32_t right[6], stopped;
    size_t wrong = 0, k, c;

    for (code = 0; code < 720; code++) {
      for (k = 0; k < 6; k++)
        right[k] = chips[i][k];
      for (k = 6, c = code; k > 1; c /= k, k--) {
        const int32_t kept = right[k - 1];

        right[k - 1] = right[c % k];
        right[c % k] = kept;
      }
      run(&rule, right, 6, &stopped);
      wrong += stopped == RRAMNAS_TRIALS_BELOW;
    }
    assert_true((double)wrong <= LEVEL * 720);
  }
}

static void
hopeless_chips_are_given_up_soon(void **state)
{
  static const struct { int32_t right; double threshold; size_t n, most; } cases[] = {
    { 20, 0.9, 20, 3 }, { 100, 0.9, 20, 3 }, { 160, 0.9, 20, 6 }, { 170, 0.9, 20, 8 }, { 190, 0.99, 20, 3 },
    { 199, 1, 20, 1 },  { 195, 0.9, 20, 20 }, { 180, 0.9, 20, 20 },
  };
  int32_t right[20], stopped;
  size_t i, k, n;

  (void)state;
  for (k = 0; k < sizeof(cases) / sizeof(cases[0]); k++) {
    const rrn_stop_rule rule = { .stop_below = cases[k].threshold };

    for (i = 0; i < 20; i++)
      right[i] = cases[k].right;
    n = run(&rule, right, cases[k].n, &stopped);
    print_message("%d of %d right, wanted %.2f: %zu chips\n", (int)cases[k].right, IMAGES, cases[k].threshold, n);
    assert_true(n <= cases[k].most);
    assert_int_equal(stopped, cases[k].most < 20 ? RRAMNAS_TRIALS_BELOW : RRAMNAS_TRIALS_ALL);
  }
}

static void
least_chips_are_tried(void **state)
{
  const int32_t right[12] = { 0 };
  const rrn_stop_rule below = { .stop_below = 0.9, .least = 7 }, narrow = { .confidence_wanted = 0.2, .least = 4 },
                      usual = { .confidence_wanted = 0.2 };
  int32_t stopped;

  (void)state;
  assert_int_equal(run(&below, right, 12, &stopped), 7);
  assert_int_equal(stopped, RRAMNAS_TRIALS_BELOW);
  assert_int_equal(run(&narrow, right, 12, &stopped), 4);
  assert_int_equal(stopped, RRAMNAS_TRIALS_NARROW);
  assert_int_equal(run(&usual, right, 12, &stopped), 10);
}

/* What is kept of figures relies on it: the first to go on under a stricter threshold would go on under any other. */
static void
stricter_thresholds_end_no_later(void **state)
{
  test_random r = { 7 };
  int i, kind;

  (void)state;
  for (i = 0; i < 2000; i++)
    for (kind = 0; kind < 5; kind++) {
      int32_t right[MOST_CHIPS], stopped, later;
      const size_t n = 2 + test_below(&r, MOST_CHIPS - 1);
      const double low = (double)test_below(&r, 1000) / 1000, high = low + (double)test_below(&r, 100) / 1000;
      const rrn_stop_rule mild = { .stop_below = low }, strict = { .stop_below = high };
      size_t after, tried;

      make_chips(&r, kind, right, n);
      after = run(&mild, right, n, &later);
      tried = run(&strict, right, n, &stopped);
      assert_true(tried <= after);
      if (stopped)
        assert_true(mean_of(right, tried) < high);
      if (later)
        assert_true(mean_of(right, after) < low);
    }
}

/* The worst chip only becomes worse: sure with the first that is below, and no earlier than the least number of chips. */
static void
one_chip_settles_the_worst(void **state)
{
  static const int32_t right[] = { 180, 150, 199, 120, 200 };
  static const struct {
    double worst_below;
    int32_t least;
    size_t tried;
  } cases[] = { { 0, 0, 5 }, { 0.6, 0, 5 }, { 0.61, 0, 4 }, { 0.75, 0, 4 }, { 0.76, 0, 2 }, { 0.76, 3, 3 }, { 0.95, 0, 1 } };
  int32_t stopped;
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    const rrn_stop_rule rule = { .worst_below = cases[i].worst_below, .least = cases[i].least };

    assert_int_equal(run(&rule, right, 5, &stopped), cases[i].tried);
    assert_int_equal(stopped, cases[i].tried < 5 ? RRAMNAS_TRIALS_BELOW : RRAMNAS_TRIALS_ALL);
  }
}

/* Chips of normally distributed accuracy, 0.7 +- 0.02. */
static int32_t
normal_chip(test_random *r)
{
  double sum = 0;
  int i;

  for (i = 0; i < 12; i++)
    sum += (double)test_below(r, 1 << 20) / (1 << 20) - 0.5;
  return (int32_t)(IMAGES * (0.7 + 0.02 * sum) + 0.5);
}

static void
narrow_intervals_hold_the_mean(void **state)
{
  enum { RUNS = 3000, MOST = 1000 };
  static const double wanted[] = { 0.02, 0.01, 0.005 };
  static int32_t right[MOST];
  test_random r = { 7 };
  size_t i, k, j;

  (void)state;
  for (i = 0; i < 3; i++) {
    const rrn_stop_rule rule = { .confidence_wanted = wanted[i] };
    size_t held = 0, tried = 0;
    int32_t stopped = 0;

    for (k = 0; k < RUNS; k++) {
      size_t n;

      for (j = 0; j < MOST; j++)
        right[j] = normal_chip(&r);
      n = run(&rule, right, MOST, &stopped);
      assert_int_equal(stopped, RRAMNAS_TRIALS_NARROW);
      held += fabs(mean_of(right, n) - 0.7) <= wanted[i];
      tried += n;
    }
    print_message("+- %.3f: %.1f chips, %.3f of the intervals hold the mean\n", wanted[i], (double)tried / RUNS,
                  (double)held / RUNS);
    assert_true((double)held / RUNS > 0.92);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(good_chips_are_kept),   cmocka_unit_test(every_order_of_six),
    cmocka_unit_test(hopeless_chips_are_given_up_soon), cmocka_unit_test(least_chips_are_tried),
    cmocka_unit_test(stricter_thresholds_end_no_later), cmocka_unit_test(one_chip_settles_the_worst),
    cmocka_unit_test(narrow_intervals_hold_the_mean),
  };

  return cmocka_run_group_tests_name("stop", tests, NULL, NULL);
}
