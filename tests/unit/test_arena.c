/* SPDX-License-Identifier: MIT */
/* Arenas: an array that grows keeps its elements, stays where it is while nothing comes after it, and leaves alone what
 * does; memory reserved is one block, from which objects are taken. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "oom.h"
#include "random.h"
#include "rounds.h"
#include "util/arena.h"

enum { STEPS = TEST_ROUNDS(4000), ARRAYS = 5, FIRST = 6000 };

typedef struct array {
  uint64_t *at;
  size_t n, cap;
} array;

static void
check(const array *a, uint64_t tag)
{
  size_t i;

  for (i = 0; i < a->n; i++)
    assert_true(a->at[i] == (tag << 32 | i));
}

static void
grow(rrn_arena *arena, array *a, uint64_t tag)
{
  a->at = rrn_arena_grow(arena, a->at, a->n, &a->cap, sizeof(*a->at));
  assert_non_null(a->at);
  assert_true(a->n < a->cap);
  a->at[a->n] = tag << 32 | a->n;
  a->n++;
}

/* Runs of elements for one array or another, so that some are the last object and some are not. */
static void
arrays_keep_their_elements(void **state)
{
  array arrays[ARRAYS] = { { NULL, 0, 0 } };
  test_random r = { 51 };
  rrn_arena arena;
  rrn_rt rt;
  int i, n;

  (void)state;
  assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&arena, &rt);
  for (i = 0; i < STEPS; i++) {
    const uint64_t k = test_below(&r, ARRAYS);

    for (n = 1 + (int)test_below(&r, 20); n > 0; n--)
      grow(&arena, &arrays[k], k);
  }
  for (i = 0; i < ARRAYS; i++)
    check(&arrays[i], (uint64_t)i);
  rrn_arena_release(&arena);
}

static void
last_array_stays(void **state)
{
  oom account = { 0 };
  const rramnas_runtime runtime = oom_runtime(&account);
  array a = { NULL, 0, 0 };
  const uint64_t *first;
  rrn_arena arena;
  rrn_rt rt;

  (void)state;
  assert_int_equal(rrn_rt_init(&rt, &runtime, NULL), RRAMNAS_OK);
  rrn_arena_init(&arena, &rt);
  assert_true(rrn_arena_reserve(&arena, 4 * FIRST * sizeof(*a.at)));
  grow(&arena, &a, 1);
  first = a.at;
  while (a.n < FIRST)
    grow(&arena, &a, 1);
  assert_ptr_equal(a.at, first);
  assert_true(arena.used >= FIRST * sizeof(*a.at) && arena.used <= 2 * FIRST * sizeof(*a.at));
  assert_true(account.peak_bytes < 5 * FIRST * sizeof(*a.at));
  assert_non_null(rrn_arena_alloc(&arena, 1, 1));
  while (a.n < 2 * FIRST)
    grow(&arena, &a, 1);
  assert_ptr_not_equal(a.at, first);
  check(&a, 1);
  rrn_arena_release(&arena);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(arrays_keep_their_elements),
    cmocka_unit_test(last_array_stays),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
