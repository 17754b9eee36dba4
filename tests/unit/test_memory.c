/* SPDX-License-Identifier: MIT */
/* Peak memory of the main job: under 64 MB for real networks, from file to report. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "nets.h"
#include "oom.h"

enum { LIMIT_BYTES = 64 << 20 };

static int32_t
swallow(void *user, const char *data, size_t length)
{
  (void)user;
  (void)data;
  (void)length;
  return 0;
}

static void
run(const char *file, int32_t policy, int32_t crossbars)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_timing_options how = RRAMNAS_TIMING_OPTIONS_INIT;
  oom account = { 0 };
  const rramnas_runtime runtime = oom_runtime(&account);
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = NULL;
  rramnas_net *net = NULL;
  rramnas_hw *hw = NULL;
  char path[4096];
  int32_t report;

  snprintf(path, sizeof(path), "%s/onnx/%s.onnx", getenv("RRAMNAS_TEST_DATA"), file);
  o.policy = policy;
  o.crossbars = crossbars;
  how.samples = 8;
  if (rramnas_hw_create_default(&runtime, &hw, &err) < 0 || rramnas_net_load_file(path, NULL, &runtime, &net, &err) < 0 ||
      rramnas_compile(hw, net, &o, &runtime, &m, &err) < 0)
    fail_msg("%s: %s", file, err.message);
  if (rramnas_mapping_check(m, &err) < 0)
    fail_msg("%s: %s", file, err.message);
  for (report = RRAMNAS_REPORT_JSON; report <= RRAMNAS_REPORT_TRACE; report++)
    assert_int_equal(rramnas_mapping_write(m, report, &how, swallow, NULL, &err), RRAMNAS_OK);
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
  print_message("%-20s %s: peak %.1f MB\n", file, rramnas_policy_name(policy), (double)account.peak_bytes / 1e6);
  assert_true(account.peak_bytes > 0 && account.peak_bytes < LIMIT_BYTES);
}

/* All seven networks of the test data, by each policy, with as many crossbars as they need and with twice the
 * baseline's. */
static void
real_networks_stay_small(void **state)
{
  static const struct { const char *file; int32_t crossbars; } nets[] = {
    { "mobilenet_v2", 600 },      { "mobilenet_v3_large", 900 }, { "mobilenet_v3_small", 400 }, { "resnet18", 1500 },
    { "resnet50_dynbatch", 3200 }, { "squeezenet1_1", 200 },      { "vgg11", 10000 },
  };
  static const int32_t policies[] = { RRAMNAS_POLICY_ISAAC, RRAMNAS_POLICY_RNC, RRAMNAS_POLICY_RNC_PUBLISHED };
  size_t i, k;

  (void)state;
  for (i = 0; i < sizeof(nets) / sizeof(nets[0]); i++)
    for (k = 0; k < 3; k++) {
      run(nets[i].file, policies[k], RRAMNAS_CROSSBARS_AUTO);
      if (policies[k] == RRAMNAS_POLICY_RNC)
        run(nets[i].file, policies[k], nets[i].crossbars);
    }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(real_networks_stay_small),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
