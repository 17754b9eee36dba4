/* SPDX-License-Identifier: MIT */
/* Effort fast of policy best against RNC's published completion times (the better of its two settings): sooner done in every
 * case, and on networks with depthwise layers three times as soon. A sample of the cases where every instruction is watched. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "nets.h"
#include "rounds.h"

typedef struct published {
  char net[32];
  int crossbars, samples;
  double us;
} published;

static int
read_row(FILE *f, published *r)
{
  double split1_us, split5_us;
  char line[256];

  while (fgets(line, sizeof(line), f))
    if (sscanf(line, "%31[^,],%d,%d,%lf,%lf", r->net, &r->crossbars, &r->samples, &split1_us, &split5_us) == 5) {
      r->us = split5_us > 0 && split5_us < split1_us ? split5_us : split1_us;
      return 1;
    }
  return 0;
}

static double
fast_us(rramnas_hw *hw, const published *r)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_timing_options how = RRAMNAS_TIMING_OPTIONS_INIT;
  rramnas_timing t = RRAMNAS_TIMING_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = NULL;
  rramnas_net *net = test_net(r->net);

  assert_non_null(net);
  o.policy = RRAMNAS_POLICY_BEST;
  o.effort = RRAMNAS_EFFORT_FAST;
  o.depthwise = RRAMNAS_DEPTHWISE_RNC;
  o.crossbars = r->crossbars;
  o.samples = how.samples = r->samples;
  o.seed = 1;
  how.model = RRAMNAS_TIMING_RNC;
  how.no_baseline = 1;
  if (rramnas_compile(hw, net, &o, NULL, &m, &err) < 0 || rramnas_mapping_check(m, &err) < 0 ||
      rramnas_mapping_simulate(m, &how, &t, &err) < 0)
    fail_msg("%s on %d crossbars: %s", r->net, r->crossbars, err.message);
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
  return 1e-3 * t.latency_ns;
}

static void
fast_is_sooner_than_rnc(void **state)
{
  const int stride = TEST_ROUNDS(4) == 4 ? 1 : 5;
  FILE *f = test_data_open("best/rnc.csv");
  rramnas_hw *hw = test_hw_rnc(128);
  published r;
  int i, seen = 0;

  (void)state;
  assert_true(f && hw);
  for (i = 0; read_row(f, &r); i++) {
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
