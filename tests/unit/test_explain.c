/* SPDX-License-Identifier: MIT */
/* Why candidates are not in the front: rules, chips that are too small, tables without a row, constraints. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "folder.h"
#include "oom.h"
#include "session_run.h"
#include "tiny.h"

static const char space[] = "schema: rramnas.space/1\nname: chips\ngenes:\n"
                            "- {name: chip.crossbars, values: [1, 40, 80]}\n- {name: adc.bits, values: [6, 8]}\n"
                            "- {name: mine, values: [1, 2]}\nrules: [mine + adc.bits <= 9]\n";
static const char table[] = "chip.crossbars,loss\n1,3\n40,2\n";
static char table_path[FOLDER_PATH];

static int
set_up(void **state)
{
  FILE *f;

  if (folder_make(state) < 0)
    return -1;
  folder_path("table.csv", table_path);
  f = fopen(table_path, "w");
  if (!f || fputs(table, f) < 0)
    return -1;
  return fclose(f);
}

static int32_t
set_network(rramnas_search *s, const rramnas_runtime *runtime, rramnas_error *err)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_net *net = NULL;
  int32_t status = tiny_create(runtime, &net, err);

  if (status >= 0)
    status = rramnas_search_set_net(s, net, err);
  rramnas_net_unref(net);
  o.policy = RRAMNAS_POLICY_RNC;
  return status < 0 ? status : rramnas_search_set_compile(s, &o, NULL, err);
}

static int32_t
create(const rramnas_runtime *runtime, rramnas_search **ret_search, rramnas_error *err)
{
  rramnas_search_options o = RRAMNAS_SEARCH_OPTIONS_INIT;
  int32_t status = rramnas_search_load_buffer(space, sizeof(space) - 1, "space.yaml", runtime, ret_search, err);

  o.strategy = RRAMNAS_STRATEGY_ENUMERATE;
  if (status < 0 || (status = set_network(*ret_search, runtime, err)) < 0 ||
      (status = rramnas_search_add_table_file(*ret_search, table_path, NULL, err)) < 0 ||
      (status = rramnas_search_add_objective(*ret_search, "crossbars", 0, err)) < 0 ||
      (status = rramnas_search_add_objective(*ret_search, "loss", 0, err)) < 0 ||
      (status = rramnas_search_add_constraint(*ret_search, "crossbars <= 12.5", err)) < 0)
    return status;
  return rramnas_search_start(*ret_search, &o, err);
}

static void
expect(const rramnas_search *s, double chip, double bits, double mine, int32_t status, const char *part)
{
  const double x[3] = { chip, bits, mine };
  rramnas_error err = RRAMNAS_ERROR_INIT;

  assert_int_equal(rramnas_search_explain(s, x, &err), status);
  if (status < 0 && (err.code != status || !strstr(err.message, part)))
    fail_msg("no \"%s\" in %s", part, err.message);
}

static void
reasons_are_those_met_first(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = NULL;

  (void)state;
  if (create(NULL, &s, &err) < 0)
    fail_msg("%s", err.message);
  expect(s, 1, 0, 0, RRAMNAS_ERR_RANGE, ", and has to be <= 12.5");
  expect(s, 0, 0, 0, RRAMNAS_ERR_DOES_NOT_FIT, "the chip has 1");
  expect(s, 2, 0, 0, RRAMNAS_ERR_NOT_FOUND, "the table has no \"loss\"");
  expect(s, 1, 1, 1, RRAMNAS_ERR_RANGE, "breaks a rule");
  expect(s, 9, 0, 0, RRAMNAS_ERR_ARGUMENT, "chip.crossbars");
  rramnas_search_unref(s);
}

static void
the_first_of_each_fate_is_known(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = NULL;
  double x[3] = { -1, -1, -1 };

  (void)state;
  if (create(NULL, &s, &err) < 0)
    fail_msg("%s", err.message);
  assert_int_equal(rramnas_search_first(s, RRAMNAS_FATE_FAILED, x), RRAMNAS_ERR_NOT_FOUND);
  run(s, 0, 1000, 2);
  assert_true(progress_of(s).failed == 3 && progress_of(s).infeasible == 6);
  assert_int_equal(rramnas_search_first(s, RRAMNAS_FATE_FAILED, x), RRAMNAS_OK);
  assert_true(x[0] == 2 && x[1] == 0 && x[2] == 0);
  assert_int_equal(rramnas_search_first(s, RRAMNAS_FATE_INFEASIBLE, x), RRAMNAS_OK);
  assert_true(x[0] == 0 && x[1] == 0 && x[2] == 0);
  assert_int_equal(rramnas_search_first(s, RRAMNAS_FATE_FEASIBLE, x), RRAMNAS_ERR_NOT_FOUND);
  assert_int_equal(rramnas_search_first(s, 3, x), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_search_first(s, -1, x), RRAMNAS_ERR_ARGUMENT);
  rramnas_search_unref(s);
}

static void
nothing_is_wrong_with_the_others(void **state)
{
  const double x[3] = { 0, 0, 0 };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = NULL;

  (void)state;
  assert_int_equal(rramnas_search_load_buffer(space, sizeof(space) - 1, "space.yaml", NULL, &s, &err), RRAMNAS_OK);
  assert_int_equal(rramnas_search_add_objective(s, "beauty", 0, &err), RRAMNAS_OK);
  assert_int_equal(rramnas_search_add_constraint(s, "beauty >= 5", &err), RRAMNAS_OK);
  assert_int_equal(rramnas_search_explain(s, x, &err), RRAMNAS_ERR_ARGUMENT); /* not begun */
  assert_int_equal(rramnas_search_start(s, NULL, &err), RRAMNAS_OK);
  expect(s, 0, 0, 0, RRAMNAS_OK, NULL); /* the caller's figure is not asked for */
  assert_int_equal(rramnas_search_explain(s, NULL, &err), RRAMNAS_ERR_ARGUMENT);
  rramnas_search_unref(s);
}

static int32_t
explain_once(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  const double x[3] = { 0, 0, 0 };
  rramnas_search *s = NULL;
  int32_t status = create(runtime, &s, err);

  (void)user;
  if (status >= 0 && rramnas_search_explain(s, x, err) == RRAMNAS_ERR_MEMORY)
    status = RRAMNAS_ERR_MEMORY;
  rramnas_search_unref(s);
  return status;
}

static void
memory_may_run_out_anywhere(void **state)
{
  (void)state;
  assert_true(oom_until_success(explain_once, NULL, 1, 1) > 10);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(reasons_are_those_met_first),
    cmocka_unit_test(the_first_of_each_fate_is_known),
    cmocka_unit_test(nothing_is_wrong_with_the_others),
    cmocka_unit_test(memory_may_run_out_anywhere),
  };

  return cmocka_run_group_tests(tests, set_up, folder_remove);
}
