/* SPDX-License-Identifier: MIT */
/* Every allocation of every way to a hardware spec fails once: ERR_MEMORY, nothing leaks. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/hw.h"
#include "../support/oom.h"

static int32_t
create(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  rramnas_hw *hw = NULL;
  int32_t status = rramnas_hw_create_default(runtime, &hw, err);

  (void)user;
  rramnas_hw_unref(hw);
  return status;
}

static int32_t
load(const char *text, const char *name, const rramnas_runtime *runtime, rramnas_error *err)
{
  rramnas_hw *hw = NULL;
  int32_t status = rramnas_hw_load_buffer(text, strlen(text), name, RRAMNAS_HW_FORMAT_AUTO, runtime, &hw, err);

  rramnas_hw_unref(hw);
  return status;
}

static int32_t
load_yaml(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  return load(user, "hw.yaml", runtime, err);
}

static int32_t
create_preset(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  rramnas_hw *hw = NULL;
  int32_t status = rramnas_hw_create_preset("isaac_isca_2016", runtime, &hw, err);

  (void)user;
  rramnas_hw_unref(hw);
  return status;
}

static int32_t
load_ini(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  return load(user, "hw.ini", runtime, err);
}

static int32_t
change(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  rramnas_hw *hw = NULL, *changed = NULL;
  int32_t status = rramnas_hw_create_default(runtime, &hw, err);

  (void)user;
  if (status >= 0)
    status = rramnas_hw_with_value(hw, "crossbar.rows", "256", &changed, err);
  rramnas_hw_unref(changed);
  rramnas_hw_unref(hw);
  return status;
}

static void
every_allocation(void **state)
{
  char named[] = "preset: isaac_isca_2016\ndevice: {preset: wan_nature_2022}\ndac: {power_uw: 499200}\n";
  char yaml[] = "name: small\ncrossbar: {rows: 8, cols: 8}\nadc: {bits: 4}\n";
  char *ini = hw_data("hw/SimConfig.ini");
  int sticky;

  (void)state;
  for (sticky = 0; sticky <= 1; sticky++) {
    assert_in_range(oom_until_success(create, NULL, 1, sticky), 3, 100);
    assert_in_range(oom_until_success(load_yaml, yaml, 1, sticky), 3, 100);
    assert_in_range(oom_until_success(load_yaml, named, 1, sticky), 6, 200);
    assert_in_range(oom_until_success(create_preset, NULL, 1, sticky), 4, 200);
    assert_in_range(oom_until_success(load_ini, ini, 1, sticky), 4, 200);
    assert_in_range(oom_until_success(change, NULL, 1, sticky), 6, 100);
  }
  free(ini);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(every_allocation),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
