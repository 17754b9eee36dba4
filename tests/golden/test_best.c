/* SPDX-License-Identifier: MIT */
/* Effort fast of policy best against RNC's published completion times (the better of its two settings): sooner done in every
 * case, and on networks with depthwise layers three times as soon. A sample of the cases where every instruction is watched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "rnc_case.h"
#include "rounds.h"

static double
fast_us(rramnas_hw *hw, const rnc_case *r)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = NULL;
  rramnas_net *net = test_net(r->net);
  double us = 0;

  assert_non_null(net);
  if (rnc_compile(hw, net, r, RRAMNAS_EFFORT_FAST, RRAMNAS_DEPTHWISE_RNC, &m, &err) < 0 ||
      rnc_simulate(m, r, &us, &err) < 0)
    fail_msg("%s on %d crossbars: %s", r->net, r->crossbars, err.message);
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
  return us;
}

static void
fast_is_sooner_than_rnc(void **state)
{
  const int stride = TEST_ROUNDS(4) == 4 ? 1 : 5;
  FILE *f = test_data_open("best/rnc.csv");
  rramnas_hw *hw = test_hw_rnc(128);
  rnc_case r;
  int i, seen = 0;

  (void)state;
  assert_true(f && hw);
  for (i = 0; rnc_read(f, &r); i++) {
    const double wanted = strcmp(r.net, "squeezenet") == 0 || strcmp(r.net, "resnet18") == 0 ? 1 : 3;
    double us;

    if (i % stride != 0)
      continue;
    us = fast_us(hw, &r);
    if (us * wanted >= r.us)
      fail_msg("%s on %d crossbars, %d inferences: %.1f us, RNC %.1f us", r.net, r.crossbars, r.samples, us, r.us);
    seen++;
  }
  assert_true(seen >= 72 / 5);
  fclose(f);
  rramnas_hw_unref(hw);
}

int
main(void)
{
  const struct CMUnitTest tests[] = { cmocka_unit_test(fast_is_sooner_than_rnc) };

  return cmocka_run_group_tests_name("best", tests, NULL, NULL);
}
