/* SPDX-License-Identifier: MIT */
/* The floor plan of policy best: boxes stay apart, spaces stay free and none is inside another, steps back lead back,
 * the largest crossbars' cells are counted right, what is noted about crossbars that are alike is what is found by
 * looking at each, and boxes that are said to find no room even in place of others find none. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "best/floor.h"
#include "random.h"
#include "rounds.h"
#include "util/runtime.h"

enum { STEPS = TEST_ROUNDS(4000), LAYERS = 70, BARS = 9, ROWS = 40, COLS = 33, MOST_BOXES = 512 };

static void
begin(rrn_floor *f, rrn_rt *rt, rrn_arena *arena, int32_t rows, int32_t cols, int32_t bars, int32_t layers)
{
  assert_int_equal(rrn_rt_init(rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(arena, rt);
  assert_int_equal(rrn_floor_init(f, arena, rows, cols, bars, layers, 1, NULL), RRAMNAS_OK);
}

/* --- cells of the largest crossbars are more than 32 bits count --- */

static void
largest_crossbar_is_filled(void **state)
{
  enum { SIDE = 65536 };
  rrn_arena arena;
  rrn_floor f;
  rrn_rt rt;

  (void)state;
  begin(&f, &rt, &arena, SIDE, SIDE, 1, 5);
  assert_true(rrn_floor_place(&f, 0, SIDE / 2, SIDE, 1, 0));
  assert_true(rrn_floor_place(&f, 1, SIDE / 2, SIDE / 2, 1, 0));
  assert_int_equal(rrn_floor_count(&f, 2, SIDE, SIDE, 0), 0);
  assert_true(rrn_floor_place(&f, 2, SIDE / 2, SIDE / 2, 1, 0));
  assert_int_equal(rrn_floor_count(&f, 3, 1, 1, 0), 0);
  rrn_floor_remove(&f, 0, 0, 0, INT32_MAX);
  rrn_floor_remove(&f, 1, 0, 0, INT32_MAX);
  rrn_floor_remove(&f, 2, 0, 0, INT32_MAX);
  assert_true(rrn_floor_place(&f, 4, SIDE, SIDE, 1, 0));
  rrn_arena_release(&arena);
}

/* --- random steps --- */

typedef struct rect {
  int32_t x1, y1, x2, y2;
} rect;

static int
meet(rect a, rect b)
{
  return a.x1 < b.x2 && b.x1 < a.x2 && a.y1 < b.y2 && b.y1 < a.y2;
}

static rect
box_at(const rrn_floor *f, int32_t k, int32_t i)
{
  const rrn_floor_box *x = &f->bars[k].boxes[i];

  return (rect){ x->col, x->row, x->col + x->cols, x->row + x->rows };
}

static rect
space_at(const rrn_floor *f, int32_t k, int32_t i)
{
  const rrn_floor_space *s = &f->spaces[(size_t)k * RRN_FLOOR_SPACES + (size_t)i];

  return (rect){ s->x1, s->y1, s->x2, s->y2 };
}

static int
is_inside(rect a, rect b)
{
  return a.x1 >= b.x1 && a.y1 >= b.y1 && a.x2 <= b.x2 && a.y2 <= b.y2;
}

static void
check_bar(const rrn_floor *f, int32_t k)
{
  const rrn_floor_bar *b = &f->bars[k];
  int64_t room = ROWS * COLS;
  int32_t i, j;

  for (i = 0; i < b->n_boxes; i++) {
    room -= (int64_t)b->boxes[i].rows * b->boxes[i].cols;
    assert_true(rrn_floor_holds(f, b->boxes[i].layer, k));
    assert_true(is_inside(box_at(f, k, i), (rect){ 0, 0, COLS, ROWS }));
    for (j = 0; j < i; j++)
      assert_false(meet(box_at(f, k, i), box_at(f, k, j)));
    for (j = 0; j < b->n_spaces; j++)
      assert_false(meet(box_at(f, k, i), space_at(f, k, j)));
  }
  for (i = 0; i < b->n_spaces; i++)
    for (j = 0; j < b->n_spaces; j++)
      assert_true(i == j || !is_inside(space_at(f, k, i), space_at(f, k, j)));
  assert_int_equal(f->room[k], room);
}

static void
check_same(const rrn_floor *a, const rrn_floor *b)
{
  int32_t k;

  for (k = 0; k < BARS; k++) {
    assert_int_equal(a->bars[k].n_boxes, b->bars[k].n_boxes);
    assert_memory_equal(a->bars[k].boxes, b->bars[k].boxes, (size_t)a->bars[k].n_boxes * sizeof(rrn_floor_box));
  }
}

/* The same step on both floors; half of the boxes are of few sizes, which make crossbars alike. */
static void
take_step(rrn_floor *f[2], test_random *r)
{
  const int32_t layer = (int32_t)test_below(r, LAYERS), unit = test_below(r, 2) ? 6 : 1;
  const int32_t rows = unit * (1 + (int32_t)test_below(r, 12 / unit));
  const int32_t cols = unit * (1 + (int32_t)test_below(r, 12 / unit));
  const int32_t count = 1 + (int32_t)test_below(r, 6);
  const uint64_t way = test_below(r, 3);
  int i, found;

  for (i = 0; i < 2; i++)
    if (way == 0) {
      rrn_floor_remove(f[i], layer, 0, 0, count);
    } else {
      found = rrn_floor_count(f[i], layer, rows, cols, 0);
      assert_int_equal(rrn_floor_place(f[i], layer, rows, cols, count, 0), found >= count);
    }
}

static size_t
copy_boxes(const rrn_floor *f, rrn_floor_box *boxes)
{
  size_t n = 0;
  int32_t k;

  for (k = 0; k < BARS; k++) {
    assert_true(n + (size_t)f->bars[k].n_boxes <= MOST_BOXES);
    if (f->bars[k].n_boxes > 0)
      memcpy(boxes + n, f->bars[k].boxes, (size_t)f->bars[k].n_boxes * sizeof(*boxes));
    n += (size_t)f->bars[k].n_boxes;
  }
  return n;
}

static void
noted_spaces_are_those_found(void **state)
{
  static rrn_floor_box before[MOST_BOXES], after[MOST_BOXES];
  test_random r = { 31 };
  rrn_floor noting, looking, *f[2] = { &noting, &looking };
  rrn_arena arenas[2];
  rrn_rt rts[2];
  int i, k, n;

  (void)state;
  begin(&noting, &rts[0], &arenas[0], ROWS, COLS, BARS, LAYERS);
  begin(&looking, &rts[1], &arenas[1], ROWS, COLS, BARS, LAYERS);
  looking.n_known = 1; /* forgets all but the last */
  for (i = 0; i < STEPS; i++) {
    const size_t n_before = copy_boxes(f[0], before), marks[2] = { rrn_floor_mark(f[0]), rrn_floor_mark(f[1]) };
    const int back = test_below(&r, 2) == 0;

    for (n = 1 + (int)test_below(&r, 4); n > 0; n--)
      take_step(f, &r);
    for (k = 0; k < 2; k++)
      if (back)
        rrn_floor_back(f[k], marks[k]);
      else
        rrn_floor_keep(f[k]);
    for (k = 0; k < BARS; k++)
      check_bar(f[0], k);
    check_same(f[0], f[1]);
    if (back) {
      assert_int_equal(copy_boxes(f[0], after), n_before);
      assert_memory_equal(before, after, n_before * sizeof(*before));
    }
  }
  assert_true(noting.n_lists > 1);
  rrn_arena_release(&arenas[0]);
  rrn_arena_release(&arenas[1]);
}

/* --- boxes in place of others --- */

static int32_t
boxes_of(const rrn_floor *f, int32_t layer)
{
  int32_t k, n = 0;

  for (k = 0; k < BARS; k++)
    n += rrn_floor_holds(f, layer, k);
  return n;
}

/* By taking the boxes out and putting others in. */
static int
can_replace(rrn_floor *f, int32_t layer, int32_t rows, int32_t cols, int32_t count)
{
  const size_t mark = rrn_floor_mark(f);
  int done;

  rrn_floor_remove(f, layer, 0, 0, INT32_MAX);
  done = rrn_floor_place(f, layer, rows, cols, count, 0);
  rrn_floor_back(f, mark);
  return done;
}

static void
room_in_place_of_others_is_told(void **state)
{
  int i, done, n_done = 0, n_not = 0;
  test_random r = { 32 };
  rrn_arena arena;
  rrn_floor f;
  rrn_rt rt;

  (void)state;
  begin(&f, &rt, &arena, ROWS, COLS, BARS, LAYERS);
  for (i = 0; i < STEPS; i++) {
    const int32_t layer = (int32_t)test_below(&r, LAYERS), rows = 1 + (int32_t)test_below(&r, 25);
    const int32_t cols = 1 + (int32_t)test_below(&r, 25), count = 1 + (int32_t)test_below(&r, 5);

    if (boxes_of(&f, layer) > 0 && test_below(&r, 3) > 0) {
      done = can_replace(&f, layer, rows, cols, count);
      assert_int_equal(rrn_floor_may_place(&f, layer, rows, cols, count, 0), done);
      n_done += done;
      n_not += !done;
    } else if (!rrn_floor_place(&f, layer, 1 + rows / 2, 1 + cols / 2, count, 0)) {
      rrn_floor_remove(&f, (int32_t)test_below(&r, LAYERS), 0, 0, INT32_MAX);
    }
  }
  assert_true(n_done > STEPS / 20 && n_not > STEPS / 20);
  rrn_arena_release(&arena);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(largest_crossbar_is_filled),
    cmocka_unit_test(noted_spaces_are_those_found),
    cmocka_unit_test(room_in_place_of_others_is_told),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
