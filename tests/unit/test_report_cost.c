/* SPDX-License-Identifier: MIT */
/* Reports of costs: shape of the text, agreement with the figures, arguments, failing callbacks, many layers. What a
 * JSON or XML parser says, and that sums are exact, is checked in tests/examples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "tiny.h"

static rramnas_mapping *
compile(rramnas_net *net)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = NULL;
  rramnas_hw *hw = NULL;

  o.policy = RRAMNAS_POLICY_RNC;
  o.crossbars = 400;
  assert_int_equal(rramnas_hw_create_default(NULL, &hw, &err), RRAMNAS_OK);
  assert_int_equal(rramnas_compile(hw, net, &o, NULL, &m, &err), RRAMNAS_OK);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
  return m;
}

static rramnas_mapping *
tiny_mapping(void)
{
  rramnas_net *net = NULL;

  assert_int_equal(tiny_create(NULL, &net, NULL), RRAMNAS_OK);
  return compile(net);
}

/* A chain of `n` layers under names that no format likes. */
static rramnas_mapping *
chain_mapping(int n)
{
  static const int64_t shape[4] = { 1, 3, 4, 4 };
  rramnas_net *net = NULL;
  int32_t x = 0;
  int i;

  assert_int_equal(rramnas_net_create("a <\"net\">", NULL, &net, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_net_add_input(net, "image", shape, 4, &x, NULL), RRAMNAS_OK);
  for (i = 0; i < n; i++) {
    rramnas_node node = RRAMNAS_NODE_INIT;
    char name[64];

    snprintf(name, sizeof(name), "layer \"%d\", <b>&\n", i);
    node.name = name;
    node.op = RRAMNAS_OP_CONV;
    node.inputs = &x;
    node.n_inputs = 1;
    node.out_channels = 4 + i % 3;
    node.kernel[0] = node.kernel[1] = 1;
    assert_int_equal(rramnas_net_add_node(net, &node, &x, NULL), RRAMNAS_OK);
  }
  assert_int_equal(rramnas_net_finish(net, NULL), RRAMNAS_OK);
  return compile(net);
}

static size_t
count(const char *data, const char *word)
{
  size_t n = 0;

  for (; (data = strstr(data, word)) != NULL; data += strlen(word))
    n++;
  return n;
}

static void
write_text(const rramnas_mapping *m, int32_t report, const rramnas_cost_options *o, capture *ret_text)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;

  if (rramnas_mapping_write_cost(m, report, o, capture_write, ret_text, &err) != RRAMNAS_OK)
    fail_msg("%s", err.message);
}

static void
number_after(const char *text, const char *key, double expected)
{
  const char *at = strstr(text, key);

  assert_non_null(at);
  assert_true(strtod(at + strlen(key), NULL) == expected);
}

static void
json_has_the_figures(void **state)
{
  rramnas_mapping *m = tiny_mapping();
  rramnas_cost_options o = RRAMNAS_COST_OPTIONS_INIT;
  rramnas_cost cost = RRAMNAS_COST_INIT;
  capture t = { 0 };

  (void)state;
  o.samples = 3;
  o.timing_model = RRAMNAS_TIMING_RNC;
  assert_int_equal(rramnas_mapping_get_cost(m, &o, &cost, NULL), RRAMNAS_OK);
  write_text(m, RRAMNAS_REPORT_JSON, &o, &t);
  assert_non_null(strstr(t.text, "\"cost\": {\"model\": \"rramnas\", \"timing_model\": \"rnc\", \"samples\": 3"));
  assert_non_null(strstr(t.text, "\"timing\": {\"model\": \"rnc\", \"samples\": 3"));
  number_after(t.text, "\"energy_pj\": ", cost.energy_pj);
  number_after(t.text, "\"area_um2\": ", cost.area_um2);
  number_after(t.text, "\"power_mw\": ", cost.power_mw);
  number_after(t.text, "\"edp_pj_ns\": ", cost.edp_pj_ns);
  number_after(t.text, "\"tops_per_mm2\": ", cost.tops_per_mm2);
  number_after(t.text, "\"tiles\": ", (double)cost.tiles);
  assert_int_equal(count(t.text, "{\"component\": "), RRAMNAS_COST_COMPONENTS);
  assert_int_equal(count(t.text, "\n      ["), 400 + 1);
  assert_int_equal(count(t.text, "{\"layer\": null, "), 1);
  assert_null(strstr(t.text, "nan"));
  assert_null(strstr(t.text, ": inf"));
  capture_free(&t);
  rramnas_mapping_unref(m);
}

/* The plain report has the same costs as the one by default options with its timing. */
static void
plain_report_has_them_too(void **state)
{
  rramnas_mapping *m = tiny_mapping();
  rramnas_timing_options timing = RRAMNAS_TIMING_OPTIONS_INIT;
  rramnas_cost_options o = RRAMNAS_COST_OPTIONS_INIT;
  capture a = { 0 }, b = { 0 };

  (void)state;
  timing.samples = o.samples = 2;
  assert_int_equal(rramnas_mapping_write(m, RRAMNAS_REPORT_JSON, &timing, capture_write, &a, NULL), RRAMNAS_OK);
  write_text(m, RRAMNAS_REPORT_JSON, &o, &b);
  assert_true(capture_equal(&a, &b));
  capture_free(&a);
  capture_free(&b);
  rramnas_mapping_unref(m);
}

static void
other_chip(void **state)
{
  rramnas_mapping *m = tiny_mapping();
  rramnas_cost_options o = RRAMNAS_COST_OPTIONS_INIT;
  rramnas_hw *base = NULL, *hw = NULL;
  rramnas_cost cost = RRAMNAS_COST_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  capture t = { 0 };

  (void)state;
  assert_int_equal(rramnas_hw_create_default(NULL, &base, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_hw_with_value(base, "adc.bits", "5", &hw, NULL), RRAMNAS_OK);
  o.hw = hw;
  assert_int_equal(rramnas_mapping_get_cost(m, &o, &cost, NULL), RRAMNAS_OK);
  write_text(m, RRAMNAS_REPORT_JSON, &o, &t);
  assert_non_null(strstr(t.text, "\"adc_bits\": 5"));
  number_after(t.text, "\"energy_dynamic_pj\": ", cost.energy_dynamic_pj);
  capture_free(&t);
  rramnas_hw_unref(hw);
  assert_int_equal(rramnas_hw_with_value(base, "crossbar.rows", "64", &hw, NULL), RRAMNAS_OK);
  o.hw = hw;
  t = (capture){ 0 };
  assert_int_equal(rramnas_mapping_write_cost(m, RRAMNAS_REPORT_JSON, &o, capture_write, &t, &err),
                   RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_mapping_write_cost(m, RRAMNAS_REPORT_SVG, &o, capture_write, &t, &err),
                   RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(t.length, 0);
  rramnas_hw_unref(hw);
  rramnas_hw_unref(base);
  rramnas_mapping_unref(m);
}

static void
csv_has_a_row_per_part(void **state)
{
  rramnas_mapping *m = chain_mapping(3);
  double rows[4][RRAMNAS_COST_COMPONENTS][3];
  size_t parts = 0, i, k;
  capture t = { 0 };

  (void)state;
  assert_int_equal(rramnas_mapping_get_cost_layers(m, NULL, &rows[0][0][0], 4, NULL), RRAMNAS_OK);
  for (i = 0; i < 4; i++)
    for (k = 0; k < RRAMNAS_COST_COMPONENTS; k++)
      parts += rows[i][k][0] > 0 || rows[i][k][1] > 0 || rows[i][k][2] > 0;
  write_text(m, RRAMNAS_REPORT_CSV, NULL, &t);
  assert_int_equal(count(t.text, "\n"), parts + 1);
  assert_non_null(strstr(t.text, "\n1,\"layer \"\"1\"\", <b>& \",Conv,cell,"));
  assert_non_null(strstr(t.text, "\n,,,adc,"));
  capture_free(&t);
  rramnas_mapping_unref(m);
}

static void
picture_has_every_layer(void **state)
{
  static const int sizes[] = { 1, 3, 60, 96, 97, 200 };
  size_t i;

  (void)state;
  for (i = 0; i < 6; i++) {
    rramnas_mapping *m = chain_mapping(sizes[i]);
    capture t = { 0 };
    char others[32];

    write_text(m, RRAMNAS_REPORT_SVG, NULL, &t);
    assert_int_equal(strncmp(t.text, "<svg ", 5), 0);
    assert_non_null(strstr(t.text, "a &lt;&quot;net&quot;&gt;: energy and area"));
    assert_null(strstr(t.text, "<b>"));
    assert_null(strstr(t.text, "nan"));
    assert_int_equal(count(t.text, "<tspan class=\"small\">"), sizes[i] <= 96 ? sizes[i] : 95);
    /* A row more than layers: of no layer. */
    snprintf(others, sizeof(others), ">%d other rows<", sizes[i] + 1 - 96);
    assert_int_equal(count(t.text, others), sizes[i] > 96);
    assert_int_equal(count(t.text, " other rows"), sizes[i] > 96);
    assert_int_equal(count(t.text, "<text"), count(t.text, "</text>"));
    capture_free(&t);
    rramnas_mapping_unref(m);
  }
}

static void
reports_repeat_and_stop(void **state)
{
  static const int32_t reports[] = { RRAMNAS_REPORT_JSON, RRAMNAS_REPORT_SVG, RRAMNAS_REPORT_CSV };
  rramnas_mapping *m = tiny_mapping();
  size_t i;

  (void)state;
  for (i = 0; i < 3; i++) {
    capture a = { 0 }, b = { 0 }, c = { .fail_at = 1 };
    rramnas_error err = RRAMNAS_ERROR_INIT;

    write_text(m, reports[i], NULL, &a);
    write_text(m, reports[i], NULL, &b);
    assert_true(capture_equal(&a, &b));
    assert_int_equal(rramnas_mapping_write_cost(m, reports[i], NULL, capture_write, &c, &err), RRAMNAS_ERR_CALLBACK);
    assert_int_equal(err.code, RRAMNAS_ERR_CALLBACK);
    capture_free(&a);
    capture_free(&b);
    capture_free(&c);
  }
  rramnas_mapping_unref(m);
}

static void
arguments_are_checked(void **state)
{
  rramnas_mapping *m = tiny_mapping();
  rramnas_cost_options o = RRAMNAS_COST_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  capture t = { 0 };

  (void)state;
  assert_int_equal(rramnas_mapping_write_cost(NULL, RRAMNAS_REPORT_SVG, NULL, capture_write, &t, &err),
                   RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_mapping_write_cost(m, RRAMNAS_REPORT_SVG, NULL, NULL, &t, &err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_mapping_write_cost(m, RRAMNAS_REPORT_TRACE, NULL, capture_write, &t, &err),
                   RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_mapping_write_cost(m, 0, NULL, capture_write, &t, &err), RRAMNAS_ERR_ARGUMENT);
  o.samples = -1;
  assert_int_equal(rramnas_mapping_write_cost(m, RRAMNAS_REPORT_JSON, &o, capture_write, &t, &err), RRAMNAS_ERR_RANGE);
  assert_int_equal(rramnas_mapping_write_cost(m, RRAMNAS_REPORT_CSV, &o, capture_write, &t, &err), RRAMNAS_ERR_RANGE);
  o.samples = 1;
  o.model = 99;
  assert_int_equal(rramnas_mapping_write_cost(m, RRAMNAS_REPORT_JSON, &o, capture_write, &t, &err),
                   RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(t.length, 0);
  rramnas_mapping_unref(m);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(json_has_the_figures),
    cmocka_unit_test(plain_report_has_them_too),
    cmocka_unit_test(other_chip),
    cmocka_unit_test(csv_has_a_row_per_part),
    cmocka_unit_test(picture_has_every_layer),
    cmocka_unit_test(reports_repeat_and_stop),
    cmocka_unit_test(arguments_are_checked),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
