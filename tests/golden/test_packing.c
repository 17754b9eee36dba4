/* SPDX-License-Identifier: MIT */
/* Networks cut into boxes: the packing search, with a budget of about a second, needs no more crossbars than the
 * best of other programs, and fewer for some; bounds are not above the fewest known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "packing.h"

static void
no_more_than_other_programs(void **state)
{
  const rrn_pack_search_options o = { .seed = PACKING_SEED, .evaluations = PACKING_EVALUATIONS };
  int i, mode, fewer = 0;

  (void)state;
  for (i = 0; i < PACKING_INSTANCES; i++)
    for (mode = 0; mode < PACKING_MODES; mode++) {
      static packing_instance p;
      rrn_pack_result packed = { 0 };
      rrn_pack_rules rules;
      rrn_bound bound;
      rrn_arena arena;
      rrn_rt rt;

      assert_true(packing_read(&p, packing_names[i]));
      rules = packing_rules(&p, mode);
      assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
      rrn_arena_init(&arena, &rt);
      assert_int_equal(rrn_bound_boxes(&rules, p.boxes, p.n, &arena, &bound, NULL), RRAMNAS_OK);
      assert_int_equal(rrn_pack_search(&rules, p.boxes, p.n, &o, &arena, &packed, NULL), RRAMNAS_OK);
      assert_true(packing_valid(&rules, NULL, p.boxes, p.n, &packed));
      if (packed.opened > p.peers[mode] || bound.best > p.best[mode])
        fail_msg("%s, %s: bound %d, packed %d, fewest known %d, of other programs %d", packing_names[i],
                 packing_modes[mode], (int)bound.best, (int)packed.opened, (int)p.best[mode], (int)p.peers[mode]);
      fewer += packed.opened < p.peers[mode];
      rrn_arena_release(&arena);
    }
  assert_in_range(fewer, 3, PACKING_INSTANCES * PACKING_MODES);
}

/* Pen and paper: 54 full tiles, 15 crossbars of full height, 7 of full width, and the 64 columns wide rest of
 * them does not fit beside. */
static void
squeezenet_needs_77(void **state)
{
  static packing_instance p;
  rrn_pack_rules rules;
  rrn_bound bound;
  rrn_arena arena;
  rrn_rt rt;

  (void)state;
  assert_true(packing_read(&p, "squeezenet1_1_x128"));
  rules = packing_rules(&p, 0);
  assert_int_equal(rrn_rt_init(&rt, NULL, NULL), RRAMNAS_OK);
  rrn_arena_init(&arena, &rt);
  assert_int_equal(rrn_bound_boxes(&rules, p.boxes, p.n, &arena, &bound, NULL), RRAMNAS_OK);
  assert_int_equal(bound.area, 76);
  assert_int_equal(bound.dual, 76);
  assert_int_equal(bound.strip, 77);
  assert_int_equal(bound.best, 77);
  rrn_arena_release(&arena);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(no_more_than_other_programs),
    cmocka_unit_test(squeezenet_needs_77),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
