/* SPDX-License-Identifier: MIT */
/* Empty spaces of a crossbar against its cells: after each box that comes they are the free rectangles of which no
 * side can be moved out, no more and no less; what a box leaves when it goes is as large as said; the best space is
 * the best. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "best/floor_spaces.h"
#include "random.h"
#include "rounds.h"

enum { FILLS = TEST_ROUNDS(200), ROWS = 11, COLS = 13, MOST_BOXES = 24 };

typedef struct sheet {
  char taken[ROWS][COLS];
  rrn_floor_box boxes[MOST_BOXES];
  rrn_floor_space spaces[RRN_FLOOR_SPACES];
  int32_t n_boxes, n_spaces;
} sheet;

static const rrn_floor_space whole = { 0, 0, COLS, ROWS };

static int
is_free(const sheet *s, rrn_floor_space r)
{
  int32_t x, y;

  if (r.x1 < 0 || r.y1 < 0 || r.x2 > COLS || r.y2 > ROWS || r.x1 >= r.x2 || r.y1 >= r.y2)
    return 0;
  for (y = r.y1; y < r.y2; y++)
    for (x = r.x1; x < r.x2; x++)
      if (s->taken[y][x])
        return 0;
  return 1;
}

static int
is_largest(const sheet *s, rrn_floor_space r)
{
  return is_free(s, r) && !is_free(s, (rrn_floor_space){ r.x1 - 1, r.y1, r.x2, r.y2 }) &&
         !is_free(s, (rrn_floor_space){ r.x1, r.y1 - 1, r.x2, r.y2 }) &&
         !is_free(s, (rrn_floor_space){ r.x1, r.y1, r.x2 + 1, r.y2 }) &&
         !is_free(s, (rrn_floor_space){ r.x1, r.y1, r.x2, r.y2 + 1 });
}

static int32_t
count_largest(const sheet *s)
{
  rrn_floor_space r;
  int32_t n = 0;

  for (r.x1 = 0; r.x1 < COLS; r.x1++)
    for (r.x2 = r.x1 + 1; r.x2 <= COLS; r.x2++)
      for (r.y1 = 0; r.y1 < ROWS; r.y1++)
        for (r.y2 = r.y1 + 1; r.y2 <= ROWS; r.y2++)
          n += is_largest(s, r);
  return n;
}

static void
mark(sheet *s, const rrn_floor_box *x, char taken)
{
  int32_t y;

  for (y = x->row; y < x->row + x->rows; y++)
    memset(&s->taken[y][x->col], taken, (size_t)x->cols);
}

static void
check_spaces(const sheet *s)
{
  int32_t i, j;

  for (i = 0; i < s->n_spaces; i++) {
    assert_true(is_largest(s, s->spaces[i]));
    for (j = 0; j < i; j++)
      assert_memory_not_equal(&s->spaces[i], &s->spaces[j], sizeof(s->spaces[i]));
  }
  assert_int_equal(s->n_spaces, count_largest(s));
}

/* Of a size that may fit nowhere: the first space of the least waste, by definition. */
static void
check_best(const sheet *s, int32_t rows, int32_t cols)
{
  int32_t i, space, best = -1, less = -1, more = -1;
  const int32_t waste = rrn_floor_spaces_best(s->spaces, s->n_spaces, rows, cols, &space);

  for (i = 0; i < s->n_spaces; i++) {
    const int32_t a = s->spaces[i].x2 - s->spaces[i].x1 - cols, b = s->spaces[i].y2 - s->spaces[i].y1 - rows;
    const int32_t x = a < b ? a : b, y = a < b ? b : a;

    if (x < 0 || (best >= 0 && (x > less || (x == less && y >= more))))
      continue;
    best = i;
    less = x;
    more = y;
  }
  assert_int_equal(space, best);
  assert_int_equal(waste, less);
}

/* A box somewhere in a space: in its corner, where policy best puts it, or anywhere. */
static rrn_floor_box
draw_box(const sheet *s, test_random *r)
{
  const rrn_floor_space in = s->spaces[test_below(r, (uint64_t)s->n_spaces)];
  const int32_t cols = 1 + (int32_t)test_below(r, (uint64_t)(in.x2 - in.x1)) / (1 + (int32_t)test_below(r, 3));
  const int32_t rows = 1 + (int32_t)test_below(r, (uint64_t)(in.y2 - in.y1)) / (1 + (int32_t)test_below(r, 3));
  rrn_floor_box x = { .col = in.x1, .row = in.y1, .cols = cols, .rows = rows };

  if (test_below(r, 2)) {
    x.col += (int32_t)test_below(r, (uint64_t)(in.x2 - in.x1 - cols + 1));
    x.row += (int32_t)test_below(r, (uint64_t)(in.y2 - in.y1 - rows + 1));
  }
  return x;
}

static void
put(sheet *s, const rrn_floor_box *x)
{
  mark(s, x, 1);
  s->boxes[s->n_boxes++] = *x;
  s->n_spaces = rrn_floor_spaces_cut(s->spaces, s->n_spaces, x);
}

/* Boxes until none fits, or there are more spaces than are kept. */
static void
fill(sheet *s, test_random *r, int *max_spaces)
{
  *s = (sheet){ .spaces = { whole }, .n_spaces = 1 };
  while (s->n_boxes < MOST_BOXES && s->n_spaces > 0 && count_largest(s) == s->n_spaces) {
    const rrn_floor_box x = draw_box(s, r);

    put(s, &x);
    if (count_largest(s) > RRN_FLOOR_SPACES)
      return;
    check_spaces(s);
    check_best(s, 1 + (int32_t)test_below(r, ROWS), 1 + (int32_t)test_below(r, COLS));
    *max_spaces = s->n_spaces > *max_spaces ? s->n_spaces : *max_spaces;
  }
}

static void
spaces_are_the_largest_free_rectangles(void **state)
{
  test_random r = { 41 };
  int i, max_spaces = 0;
  sheet s;

  (void)state;
  for (i = 0; i < FILLS; i++)
    fill(&s, &r, &max_spaces);
  assert_in_range(max_spaces, 10, RRN_FLOOR_SPACES);
}

/* Sides moved out as far as cells are free: sideways first, or up and down first. */
static rrn_floor_space
widen(const sheet *s, rrn_floor_space r, int sideways_first)
{
  int turn;

  for (turn = 0; turn < 2; turn++)
    if ((turn == 0) == sideways_first) {
      for (; is_free(s, (rrn_floor_space){ r.x1 - 1, r.y1, r.x2, r.y2 }); r.x1--)
        ;
      for (; is_free(s, (rrn_floor_space){ r.x1, r.y1, r.x2 + 1, r.y2 }); r.x2++)
        ;
    } else {
      for (; is_free(s, (rrn_floor_space){ r.x1, r.y1 - 1, r.x2, r.y2 }); r.y1--)
        ;
      for (; is_free(s, (rrn_floor_space){ r.x1, r.y1, r.x2, r.y2 + 1 }); r.y2++)
        ;
    }
  return r;
}

static void
box_leaves_what_it_kept_apart(void **state)
{
  test_random r = { 42 };
  int i, k, max_spaces = 0;
  sheet s;

  (void)state;
  for (i = 0; i < FILLS; i++) {
    rrn_floor_space left[2], box, expected;
    rrn_floor_box x;
    int32_t at;

    fill(&s, &r, &max_spaces);
    at = (int32_t)test_below(&r, (uint64_t)s.n_boxes);
    x = s.boxes[at];
    s.boxes[at] = s.boxes[--s.n_boxes];
    mark(&s, &x, 0);
    box = (rrn_floor_space){ x.col, x.row, x.col + x.cols, x.row + x.rows };
    rrn_floor_spaces_left(s.boxes, s.n_boxes, &whole, &x, left);
    for (k = 0; k < 2; k++) {
      expected = widen(&s, box, k == 0);
      assert_memory_equal(&left[k], &expected, sizeof(expected));
    }
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(spaces_are_the_largest_free_rectangles),
    cmocka_unit_test(box_leaves_what_it_kept_apart),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
