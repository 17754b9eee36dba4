/* SPDX-License-Identifier: MIT */
/* Packers, the packing search and the crossbar bound against an oracle that tries every placement of a few boxes on tiny crossbars:
 * bound <= optimum <= packed, and every packing keeps the rules. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "compile/bound.h"
#include "compile/pack_search.h"
#include "compile/passes.h"
#include "random.h"

enum { MOST_BOXES = 6, MOST_SIDE = 5 };

typedef struct problem {
  rrn_pack_rules rules;
  rrn_pack_box boxes[64];
  size_t n;
} problem;

static void
make_problem(test_random *r, problem *p, size_t most, int32_t most_side)
{
  size_t i;

  memset(p, 0, sizeof(*p));
  p->rules.rows = 1 + (int32_t)test_below(r, (uint64_t)most_side);
  p->rules.cols = 1 + (int32_t)test_below(r, (uint64_t)most_side);
  p->rules.crossbars = 1;
  p->rules.grow = 1;
  p->rules.layer_threshold = (int32_t)test_below(r, 3) - 1;
  p->rules.max_load = test_below(r, 2) ? 1 + (int32_t)test_below(r, 4) : INT32_MAX;
  p->n = 1 + test_below(r, most);
  for (i = 0; i < p->n; i++) {
    p->boxes[i].layer = (int32_t)test_below(r, 4);
    p->boxes[i].rows = 1 + (int32_t)test_below(r, (uint64_t)p->rules.rows);
    p->boxes[i].cols = 1 + (int32_t)test_below(r, (uint64_t)p->rules.cols);
  }
}

static int
may_join(const problem *p, const rrn_pack_spot *spots, size_t a, size_t b)
{
  const int32_t distance = p->boxes[a].layer - p->boxes[b].layer, t = p->rules.layer_threshold;

  if (spots[a].crossbar != spots[b].crossbar)
    return 1;
  if (t >= 0 && distance <= t && distance >= -t)
    return 0;
  return spots[a].row >= spots[b].row + p->boxes[b].rows || spots[b].row >= spots[a].row + p->boxes[a].rows ||
         spots[a].col >= spots[b].col + p->boxes[b].cols || spots[b].col >= spots[a].col + p->boxes[a].cols;
}

/* 1 when box i can stand with the boxes before it. */
static int
stands(const problem *p, const rrn_pack_spot *spots, size_t i)
{
  int32_t load = 1;
  size_t k;

  for (k = 0; k < i; k++) {
    if (!may_join(p, spots, i, k))
      return 0;
    load += spots[k].crossbar == spots[i].crossbar;
  }
  return load <= p->rules.max_load;
}

/* Tries every crossbar and position for box i on; 1 when all fit `bins` crossbars. */
static int
search(const problem *p, rrn_pack_spot *spots, size_t i, int32_t bins, int32_t used)
{
  rrn_pack_spot *s = &spots[i];
  int32_t bin, row, col;

  if (i == p->n)
    return 1;
  for (bin = 0; bin < bins && bin <= used; bin++)
    for (row = 0; row + p->boxes[i].rows <= p->rules.rows; row++)
      for (col = 0; col + p->boxes[i].cols <= p->rules.cols; col++) {
        *s = (rrn_pack_spot){ bin, row, col };
        if (stands(p, spots, i) && search(p, spots, i + 1, bins, bin == used ? used + 1 : used))
          return 1;
      }
  return 0;
}

static int32_t
optimum(const problem *p)
{
  rrn_pack_spot spots[64];
  int32_t bins = 1;

  while (!search(p, spots, 0, bins, 0))
    bins++;
  return bins;
}

static int32_t
bound(const problem *p)
{
  rrn_piece pieces[64];
  rramnas_hw hw;
  rramnas_mapping m;
  rrn_arena arena;
  int32_t copies[4] = { 1, 1, 1, 1 }, first[5] = { 0 }, layer;
  rrn_bound ret = { 0 };
  size_t i, n = 0;

  memset(&hw, 0, sizeof(hw));
  memset(&m, 0, sizeof(m));
  assert_int_equal(rrn_rt_init(&m.rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&arena, &m.rt);
  hw.v.crossbar.rows = p->rules.rows;
  hw.v.crossbar.cols = p->rules.cols;
  for (layer = 0; layer < 4; layer++) {
    for (i = 0; i < p->n; i++)
      if (p->boxes[i].layer == layer)
        pieces[n++] = (rrn_piece){ .layer = layer, .rows = p->boxes[i].rows, .cols = p->boxes[i].cols };
    first[layer + 1] = (int32_t)n;
  }
  m.hw = &hw;
  m.n_layers = 4;
  m.pieces = pieces;
  m.n_pieces = n;
  m.first_piece = first;
  m.copies = copies;
  m.sharing.layer_threshold = p->rules.layer_threshold;
  m.sharing.max_load = p->rules.max_load;
  assert_int_equal(rrn_bound_mapping(&m, &arena, &ret, NULL), RRAMNAS_OK);
  rrn_arena_release(&arena);
  assert_true(ret.area <= ret.best && ret.dual <= ret.best && ret.clique <= ret.best && ret.cardinality <= ret.best &&
              ret.strip <= ret.best);
  return (int32_t)ret.best;
}

static void
check_valid(const problem *p, const rrn_pack_result *packed)
{
  size_t i;

  assert_true(packed->fits);
  for (i = 0; i < p->n; i++) {
    const rrn_pack_spot *s = &packed->spots[i];

    assert_in_range(s->crossbar, 0, packed->opened - 1);
    assert_in_range(s->row, 0, p->rules.rows - p->boxes[i].rows);
    assert_in_range(s->col, 0, p->rules.cols - p->boxes[i].cols);
    assert_true(stands(p, packed->spots, i));
  }
}

static int32_t
pack(const problem *p, const int32_t *order)
{
  rrn_pack_result packed = { 0 };
  rrn_arena arena;
  rrn_rt rt;

  assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&arena, &rt);
  assert_int_equal(rrn_pack_ems(&p->rules, p->boxes, order, p->n, &arena, &packed, NULL), RRAMNAS_OK);
  check_valid(p, &packed);
  rrn_arena_release(&arena);
  return packed.opened;
}

static void
shuffle(test_random *r, int32_t *order, size_t n)
{
  size_t i;

  for (i = 0; i < n; i++) {
    const size_t k = test_below(r, i + 1);

    order[i] = order[k];
    order[k] = (int32_t)i;
  }
}

static void
bound_optimum_packed(void **state)
{
  test_random r = { 3 };
  int round, tight = 0, above_area = 0;

  (void)state;
  for (round = 0; round < 1500; round++) {
    int32_t order[MOST_BOXES], low, best, packed;
    int64_t area = 0;
    problem p;
    size_t i;

    make_problem(&r, &p, MOST_BOXES, MOST_SIDE);
    shuffle(&r, order, p.n);
    low = bound(&p);
    best = optimum(&p);
    packed = pack(&p, order);
    if (low > best || packed < best)
      fail_msg("round %d: bound %d, optimum %d, packed %d", round, (int)low, (int)best, (int)packed);
    for (i = 0; i < p.n; i++)
      area += (int64_t)p.boxes[i].rows * p.boxes[i].cols;
    tight += low == best;
    above_area += low > (area + p.rules.rows * p.rules.cols - 1) / (p.rules.rows * p.rules.cols);
  }
  /* The bound is of use: often tight, and often better than area alone. */
  assert_in_range(tight, 1000, 1500);
  assert_in_range(above_area, 300, 1500);
}

static void
large_random_packings_are_valid(void **state)
{
  test_random r = { 4 };
  int round;

  (void)state;
  for (round = 0; round < 400; round++) {
    int32_t order[64];
    problem p;

    make_problem(&r, &p, 64, round % 2 ? 300 : 40);
    shuffle(&r, order, p.n);
    assert_true(pack(&p, order) >= bound(&p));
  }
}

/* Pairs of layers that may not share, at random, besides the threshold. */
static void
make_conflicts(test_random *r, uint64_t bits[4], rrn_pack_conflicts *ret)
{
  int i, j;

  memset(bits, 0, 4 * sizeof(*bits));
  for (i = 0; i < 4; i++)
    for (j = 0; j <= i; j++)
      if (test_below(r, 3) == 0) {
        bits[i] |= UINT64_C(1) << j;
        bits[j] |= UINT64_C(1) << i;
      }
  *ret = (rrn_pack_conflicts){ bits, 4, 1 };
}

static void
check_conflicts(const problem *p, const rrn_pack_conflicts *c, const rrn_pack_result *packed)
{
  size_t i, j;

  for (i = 0; c && i < p->n; i++)
    for (j = 0; j < i; j++)
      if (packed->spots[i].crossbar == packed->spots[j].crossbar)
        assert_int_equal(c->bits[p->boxes[i].layer] >> p->boxes[j].layer & 1, 0);
}

/* Strips and full tiles are as frequent as in networks. */
static void
stretch_boxes(test_random *r, problem *p)
{
  size_t i;

  for (i = 0; i < p->n; i++) {
    const uint64_t kind = test_below(r, 6);

    p->boxes[i].rows = kind < 2 ? p->rules.rows : p->boxes[i].rows;
    p->boxes[i].cols = kind == 1 || kind == 2 ? p->rules.cols : p->boxes[i].cols;
  }
}

static void
searches_keep_the_rules(void **state)
{
  test_random r = { 5 };
  int round;

  (void)state;
  for (round = 0; round < 600; round++) {
    rrn_pack_search_options o = { .seed = (uint64_t)round, .evaluations = 2000 };
    rrn_pack_result once = { 0 }, again = { 0 }, more = { 0 }, warm = { 0 }, fits = { 0 };
    rrn_pack_conflicts conflicts;
    uint64_t bits[4];
    int32_t order[64], i, first;
    rrn_bound bound;
    rrn_arena arena;
    problem p;
    rrn_rt rt;

    make_problem(&r, &p, 64, round % 2 ? 100 : 12);
    stretch_boxes(&r, &p);
    make_conflicts(&r, bits, &conflicts);
    o.conflicts = round % 3 == 0 ? &conflicts : NULL;
    assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
    rrn_arena_init(&arena, &rt);
    assert_int_equal(rrn_pack_search(&p.rules, p.boxes, p.n, &o, &arena, &once, NULL), RRAMNAS_OK);
    check_valid(&p, &once);
    check_conflicts(&p, o.conflicts, &once);
    assert_int_equal(rrn_pack_search(&p.rules, p.boxes, p.n, &o, &arena, &again, NULL), RRAMNAS_OK);
    assert_memory_equal(once.spots, again.spots, p.n * sizeof(*once.spots));
    assert_int_equal(rrn_bound_boxes(&p.rules, p.boxes, p.n, &arena, &bound, NULL), RRAMNAS_OK);
    if (bound.best > once.opened)
      fail_msg("round %d: bound %d, packed %d", round, (int)bound.best, (int)once.opened);
    o.evaluations = 6000;
    assert_int_equal(rrn_pack_search(&p.rules, p.boxes, p.n, &o, &arena, &more, NULL), RRAMNAS_OK);
    assert_true(more.opened <= once.opened);
    assert_int_equal(rrn_pack_improve(&p.rules, p.boxes, p.n, &o, &once, &arena, &warm, NULL), RRAMNAS_OK);
    check_valid(&p, &warm);
    check_conflicts(&p, o.conflicts, &warm);
    assert_true(warm.opened <= once.opened);
    /* First fit in the order given is among the orders that the search tries. */
    for (i = 0; i < (int32_t)p.n; i++)
      order[i] = i;
    first = pack(&p, order);
    assert_true(o.conflicts || once.opened <= first);
    p.rules.crossbars = more.opened;
    assert_int_equal(rrn_pack_fits(&p.rules, p.boxes, p.n, &o, &arena, &fits, NULL), RRAMNAS_OK);
    assert_true(fits.fits);
    p.rules.crossbars = (int32_t)bound.best - 1;
    assert_int_equal(rrn_pack_fits(&p.rules, p.boxes, p.n, &o, &arena, &fits, NULL), RRAMNAS_OK);
    assert_false(fits.fits);
    rrn_arena_release(&arena);
  }
}

/* Searches meet the optimum of few boxes, strips included. */
static void
searches_find_the_optimum(void **state)
{
  test_random r = { 6 };
  int round, missed = 0;

  (void)state;
  for (round = 0; round < 600; round++) {
    rrn_pack_search_options o = { .seed = 1, .evaluations = 3000 };
    rrn_pack_result packed = { 0 };
    rrn_bound bound;
    rrn_arena arena;
    problem p;
    rrn_rt rt;
    int32_t best;

    make_problem(&r, &p, MOST_BOXES, MOST_SIDE);
    stretch_boxes(&r, &p);
    best = optimum(&p);
    assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
    rrn_arena_init(&arena, &rt);
    assert_int_equal(rrn_bound_boxes(&p.rules, p.boxes, p.n, &arena, &bound, NULL), RRAMNAS_OK);
    assert_int_equal(rrn_pack_search(&p.rules, p.boxes, p.n, &o, &arena, &packed, NULL), RRAMNAS_OK);
    if (bound.best > best || packed.opened < best)
      fail_msg("round %d: bound %d, optimum %d, packed %d", round, (int)bound.best, (int)best, (int)packed.opened);
    missed += packed.opened > best;
    rrn_arena_release(&arena);
  }
  assert_int_equal(missed, 0);
}

static void
blocks_keep_the_rules(void **state)
{
  enum { N = RRN_PACK_BLOCK + 900 };
  static rrn_pack_box boxes[N];
  const rrn_pack_rules rules = { 32, 48, 1, 1, 1, 5 };
  const rrn_pack_search_options o = { .seed = 3, .evaluations = 1 };
  rrn_pack_result packed = { 0 };
  test_random r = { 7 };
  int32_t *load, i;
  uint64_t *rows;
  rrn_bound bound;
  rrn_arena arena;
  rrn_rt rt;

  (void)state;
  for (i = 0; i < N; i++)
    boxes[i] = (rrn_pack_box){ .layer = (int32_t)test_below(&r, 20),
                               .rows = 1 + (int32_t)test_below(&r, 32),
                               .cols = 1 + (int32_t)test_below(&r, 48) };
  assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&arena, &rt);
  assert_int_equal(rrn_pack_search(&rules, boxes, N, &o, &arena, &packed, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_bound_boxes(&rules, boxes, N, &arena, &bound, NULL), RRAMNAS_OK);
  assert_in_range(packed.opened, bound.best, bound.best + bound.best / 20);
  load = rrn_arena_alloc(&arena, (size_t)packed.opened, sizeof(*load));
  rows = rrn_arena_alloc(&arena, (size_t)packed.opened * 32, sizeof(*rows));
  assert_non_null(load);
  assert_non_null(rows);
  for (i = 0; i < N; i++) {
    const rrn_pack_spot *s = &packed.spots[i];
    const uint64_t cols = ((UINT64_C(1) << boxes[i].cols) - 1) << s->col;
    int32_t row;

    assert_in_range(s->crossbar, 0, packed.opened - 1);
    assert_true(s->row + boxes[i].rows <= 32 && s->col + boxes[i].cols <= 48);
    assert_true(++load[s->crossbar] <= 5);
    for (row = s->row; row < s->row + boxes[i].rows; row++) {
      assert_true((rows[(size_t)s->crossbar * 32 + (size_t)row] & cols) == 0);
      rows[(size_t)s->crossbar * 32 + (size_t)row] |= cols;
    }
  }
  rrn_arena_release(&arena);
}

static void
too_large_boxes_do_not_fit(void **state)
{
  const rrn_pack_box boxes[2] = { { 0, 2, 2, 0 }, { 5, 2, 3, 0 } };
  const rrn_pack_rules rules = { 4, 2, 9, 0, 0, INT32_MAX };
  const rrn_pack_search_options o = { .seed = 1 };
  rrn_pack_result packed = { .fits = 1 };
  rrn_arena arena;
  rrn_rt rt;

  (void)state;
  assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&arena, &rt);
  assert_int_equal(rrn_pack_search(&rules, boxes, 2, &o, &arena, &packed, NULL), RRAMNAS_OK);
  assert_false(packed.fits);
  assert_int_equal(rrn_pack_search(&rules, boxes, 0, &o, &arena, &packed, NULL), RRAMNAS_OK);
  assert_true(packed.fits);
  assert_int_equal(packed.opened, 0);
  rrn_arena_release(&arena);
}

/* Gives equal boxes of a layer the number of their kind. */
static void
number_kinds(problem *p)
{
  size_t i, k;

  for (i = 0; i < p->n; i++) {
    rrn_pack_box *b = &p->boxes[i];

    for (k = 0; p->boxes[k].layer != b->layer || p->boxes[k].rows != b->rows || p->boxes[k].cols != b->cols; k++)
      ;
    b->kind = (int32_t)k + 1;
  }
}

/* Kinds save scans over crossbars and must change nothing else. Few sizes, so that kinds have many boxes. */
static void
kinds_change_nothing(void **state)
{
  test_random r = { 5 };
  int round, published;

  (void)state;
  for (round = 0; round < 2000; round++)
    for (published = 0; published < 2; published++) {
      rrn_pack_result plain = { 0 }, kinds = { 0 };
      int32_t order[64];
      rrn_arena arena;
      rrn_rt rt;
      problem p;

      make_problem(&r, &p, 64, 8);
      if (published)
        p.rules.cols = p.rules.rows = p.rules.cols > p.rules.rows ? p.rules.cols : p.rules.rows;
      shuffle(&r, order, p.n);
      assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
      rrn_arena_init(&arena, &rt);
      assert_int_equal((published ? rrn_pack_published : rrn_pack_ems)(&p.rules, p.boxes, order, p.n, &arena, &plain, NULL),
                       RRAMNAS_OK);
      number_kinds(&p);
      assert_int_equal((published ? rrn_pack_published : rrn_pack_ems)(&p.rules, p.boxes, order, p.n, &arena, &kinds, NULL),
                       RRAMNAS_OK);
      assert_int_equal(plain.opened, kinds.opened);
      assert_memory_equal(plain.spots, kinds.spots, p.n * sizeof(*plain.spots));
      rrn_arena_release(&arena);
    }
}

static void
a_full_chip_is_refused(void **state)
{
  const rrn_pack_box boxes[3] = { { 0, 2, 2, 0 }, { 5, 2, 2, 0 }, { 9, 1, 2, 0 } };
  const rrn_pack_rules rules = { 4, 2, 1, 0, 0, INT32_MAX };
  const int32_t order[3] = { 0, 1, 2 };
  rrn_pack_result packed = { 0 };
  rrn_arena arena;
  rrn_rt rt;

  (void)state;
  assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&arena, &rt);
  assert_int_equal(rrn_pack_ems(&rules, boxes, order, 3, &arena, &packed, NULL), RRAMNAS_OK);
  assert_false(packed.fits);
  assert_int_equal(rrn_pack_ems(&rules, boxes, order, 2, &arena, &packed, NULL), RRAMNAS_OK);
  assert_true(packed.fits);
  assert_int_equal(packed.opened, 1);
  rrn_arena_release(&arena);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(bound_optimum_packed),
    cmocka_unit_test(large_random_packings_are_valid),
    cmocka_unit_test(kinds_change_nothing),
    cmocka_unit_test(a_full_chip_is_refused),
    cmocka_unit_test(searches_keep_the_rules),
    cmocka_unit_test(searches_find_the_optimum),
    cmocka_unit_test(blocks_keep_the_rules),
    cmocka_unit_test(too_large_boxes_do_not_fit),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
