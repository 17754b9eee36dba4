/* SPDX-License-Identifier: MIT */
/* Random networks on random chips with boxes cut to fit: every weight is placed once, no more crossbars than with whole
 * boxes, sums and latencies as counted from the weights, and networks without obstacles reach the bound of the area. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "compile/mapping.h"
#include "random_hw.h"
#include "random_net.h"
#include "rounds.h"

enum { ROUNDS = TEST_ROUNDS(40), AREA_ROUNDS = 40 };

typedef struct fixture {
  rramnas_net *net;
  rramnas_hw *hw;
  rramnas_compile_options o;
} fixture;

static void
make(test_random *r, fixture *x)
{
  x->net = random_net_create(r);
  x->hw = random_hw_create(r);
  assert_non_null(x->net);
  assert_non_null(x->hw);
  x->o = (rramnas_compile_options)RRAMNAS_COMPILE_OPTIONS_INIT;
  x->o.policy = RRAMNAS_POLICY_RNC;
  x->o.crossbars = RRAMNAS_CROSSBARS_AUTO;
  x->o.effort = RRAMNAS_EFFORT_FAST;
  x->o.seed = (uint32_t)test_below(r, 1000);
  x->o.depth_split = 1 + (int32_t)test_below(r, 4);
  x->o.layer_threshold = (int32_t)test_below(r, 4) - 2;
  x->o.max_load = test_below(r, 2) ? 1 + (int32_t)test_below(r, 8) : RRAMNAS_UNLIMITED;
}

static void
drop(fixture *x)
{
  rramnas_net_unref(x->net);
  rramnas_hw_unref(x->hw);
}

static rramnas_mapping *
compile(fixture *x, int32_t split_to_fit)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = NULL;

  x->o.split_to_fit = split_to_fit;
  if (rramnas_compile(x->hw, x->net, &x->o, NULL, &m, &err) < 0 || rramnas_mapping_check(m, &err) < 0)
    fail_msg("%s", err.message);
  return m;
}

static int
holds(const rramnas_mapping *m, const rrn_piece *p, int64_t row, int64_t col)
{
  return p->row0 <= row && row < p->row0 + rrn_piece_matrix_rows(p) && p->col0 <= col &&
         col < p->col0 + p->cols / m->matrices[p->layer].cells;
}

/* Conversions per sample of a layer, and how many of its boxes are in parts. */
static int64_t
count_layer(const rramnas_mapping *m, int32_t layer)
{
  int64_t n = 0;
  int32_t i;

  for (i = m->first_piece[layer]; i < m->first_piece[layer + 1]; i++)
    n += m->pieces[i].activations * (m->pieces[i].read_cols + m->matrices[layer].unit_cells);
  return n;
}

/* Parts of box `whole` that hold weights of a column, column by column; those of `part` have the most of theirs. */
static void
check_part(const rramnas_mapping *m, const rrn_piece *whole, const rrn_piece *part)
{
  const int64_t n_cols = part->cols / m->matrices[part->layer].cells;
  int32_t most = 1, here, levels, i;
  double sum_ns, mvm_ns;
  int64_t col;

  for (col = part->col0; col < part->col0 + n_cols; col++) {
    for (here = 0, i = m->first_piece[part->layer]; i < m->first_piece[part->layer + 1]; i++) {
      const rrn_piece *p = &m->pieces[i];

      here += holds(m, p, p->row0, col) && holds(m, whole, p->row0, p->col0);
    }
    most = here > most ? here : most;
  }
  assert_int_equal(part->row_parts, most);
  for (levels = 0; 1 << levels < most; levels++)
    ;
  mvm_ns = rrn_hw_mvm_latency_ns(m->hw, part->rows, part->read_cols + m->matrices[part->layer].unit_cells,
                                 m->hw->v.input.bits, NULL);
  sum_ns = (double)((part->read_cols + m->hw->v.adc.per_subarray - 1) / m->hw->v.adc.per_subarray) * levels * 1000 /
           m->hw->v.digital.frequency_mhz;
  assert_true(part->latency_ns >= (mvm_ns + sum_ns) * (1 - 1e-12) && part->latency_ns <= (mvm_ns + sum_ns) * (1 + 1e-12));
}

/* Returns boxes in parts. */
static int32_t
compare(const rramnas_mapping *whole, const rramnas_mapping *cut)
{
  int64_t extra = 0;
  int32_t layer, i, k, n, boxes = 0;

  for (layer = 0; layer < whole->n_layers; layer++) {
    extra += count_layer(cut, layer) - count_layer(whole, layer);
    for (i = whole->first_piece[layer]; i < whole->first_piece[layer + 1]; i++) {
      const rrn_piece *p = &whole->pieces[i];

      for (n = 0, k = cut->first_piece[layer]; k < cut->first_piece[layer + 1]; k++)
        if (holds(whole, p, cut->pieces[k].row0, cut->pieces[k].col0)) {
          check_part(cut, p, &cut->pieces[k]);
          n++;
        }
      assert_true(n >= 1);
      boxes += n > 1;
    }
  }
  assert_int_equal(extra, cut->extra_conversions);
  assert_int_equal(boxes, cut->boxes_cut);
  return boxes;
}

static void
cuts_only_save(void **state)
{
  test_random r = { 51 };
  int round, cut = 0, saved = 0;

  (void)state;
  for (round = 0; round < ROUNDS; round++) {
    rramnas_mapping *whole, *split;
    fixture x;

    make(&r, &x);
    x.o.policy = RRAMNAS_POLICY_RNC; /* policy best may find a plan of other boxes */
    whole = compile(&x, 0);
    split = compile(&x, 1);
    cut += compare(whole, split);
    assert_true(split->crossbars_used <= whole->crossbars_used);
    assert_true(split->boxes_cut == 0 || split->crossbars_used < whole->crossbars_used);
    saved += split->crossbars_used < whole->crossbars_used;
    rramnas_mapping_unref(split);
    rramnas_mapping_unref(whole);
    drop(&x);
  }
  assert_in_range(cut, ROUNDS, 100 * ROUNDS);
  assert_in_range(saved, ROUNDS / 4, ROUNDS);
}

/* Without rules, with a column per weight and without groups, a part can be as small as a cell. */
static void
the_area_is_reached(void **state)
{
  test_random r = { 52 };
  int round, compared = 0;

  (void)state;
  for (round = 0; round < AREA_ROUNDS; round++) {
    rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;
    rramnas_mapping *m;
    int32_t layer, groups = 1;
    fixture x;

    make(&r, &x);
    x.o.layer_threshold = x.o.max_load = RRAMNAS_UNLIMITED;
    m = compile(&x, 1);
    for (layer = 0; layer < m->n_layers; layer++)
      groups = m->matrices[layer].groups > groups ? (int32_t)m->matrices[layer].groups : groups;
    if (groups == 1 && m->matrices[0].cells == 1) {
      assert_int_equal(rramnas_mapping_get_info(m, &info), RRAMNAS_OK);
      assert_int_equal(info.crossbars_used, info.bound_area);
      assert_int_equal(info.crossbars_optimal, 1);
      compared++;
    }
    rramnas_mapping_unref(m);
    drop(&x);
  }
  assert_in_range(compared, 3, AREA_ROUNDS);
}

/* Policy best makes plans of its own for the crossbars that it finds. */
static void
best_takes_no_more(void **state)
{
  test_random r = { 54 };
  int round;

  (void)state;
  for (round = 0; round < ROUNDS / 3; round++) {
    rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;
    rramnas_mapping *whole, *split;
    fixture x;

    make(&r, &x);
    x.o.policy = RRAMNAS_POLICY_BEST;
    whole = compile(&x, 0);
    split = compile(&x, 1);
    assert_int_equal(rramnas_mapping_get_info(split, &info), RRAMNAS_OK);
    assert_in_range(split->crossbars_used, info.crossbars_bound, whole->crossbars_used);
    rramnas_mapping_unref(split);
    rramnas_mapping_unref(whole);
    drop(&x);
  }
}

/* The same again, and on a chip of just as many crossbars. */
static void
results_repeat_and_fit(void **state)
{
  test_random r = { 53 };
  int round;

  (void)state;
  for (round = 0; round < ROUNDS / 5; round++) {
    rramnas_mapping *a, *b;
    fixture x;

    make(&r, &x);
    a = compile(&x, 1);
    b = compile(&x, 1);
    assert_int_equal(a->n_placements, b->n_placements);
    assert_memory_equal(a->placements, b->placements, a->n_placements * sizeof(*a->placements));
    rramnas_mapping_unref(b);
    x.o.crossbars = a->crossbars_used;
    b = compile(&x, 1);
    assert_in_range(b->crossbars_used, 1, a->crossbars_used);
    rramnas_mapping_unref(b);
    rramnas_mapping_unref(a);
    drop(&x);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(cuts_only_save),
    cmocka_unit_test(the_area_is_reached),
    cmocka_unit_test(best_takes_no_more),
    cmocka_unit_test(results_repeat_and_fit),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
