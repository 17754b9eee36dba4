/* SPDX-License-Identifier: MIT */
/* Reports and the public functions of mappings, on a small network: shape of the text, agreement of the figures,
 * arguments, failing callbacks. What a JSON or XML parser says is checked in tests/examples. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "report/report.h"
#include "tiny.h"

static rramnas_mapping *
tiny_mapping(int32_t policy)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = NULL;
  rramnas_net *net = NULL;
  rramnas_hw *hw = NULL;

  o.policy = policy;
  o.crossbars = policy == RRAMNAS_POLICY_ISAAC ? RRAMNAS_CROSSBARS_AUTO : 40;
  assert_int_equal(rramnas_hw_create_default(NULL, &hw, &err), RRAMNAS_OK);
  assert_int_equal(tiny_create(NULL, &net, &err), RRAMNAS_OK);
  assert_int_equal(rramnas_compile(hw, net, &o, NULL, &m, &err), RRAMNAS_OK);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
  return m;
}

static size_t
count(const char *data, const char *word)
{
  size_t n = 0;

  for (; (data = strstr(data, word)) != NULL; data += strlen(word))
    n++;
  return n;
}

/* Brackets close what they opened, outside of strings. */
static int
is_balanced(const char *data)
{
  char open[64];
  int n = 0, quoted = 0;

  for (; *data; data++) {
    if (*data == '\\' && quoted)
      data++;
    else if (*data == '"')
      quoted = !quoted;
    else if (!quoted && (*data == '{' || *data == '[') && n < 64)
      open[n++] = *data;
    else if (!quoted && (*data == '}' || *data == ']') && (n == 0 || open[--n] != *data - 2))
      return 0;
  }
  return n == 0 && !quoted;
}

static void
json_has_all(void **state)
{
  rramnas_mapping *m = tiny_mapping(RRAMNAS_POLICY_RNC);
  rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;
  capture t = { 0 };

  (void)state;
  assert_int_equal(rramnas_mapping_get_info(m, &info), RRAMNAS_OK);
  assert_int_equal(rramnas_mapping_write(m, RRAMNAS_REPORT_JSON, NULL, capture_write, &t, NULL), RRAMNAS_OK);
  assert_true(is_balanced(t.text));
  assert_non_null(strstr(t.text, "\"schema\": \"rramnas.report/1\""));
  assert_int_equal(count(t.text, "\n    {\"layer\": "),
                   (size_t)info.n_pieces + (size_t)info.n_placements + m->net->n_mapped);
  assert_int_equal(count(t.text, "\n    {\"index\": "), m->net->n_layers);
  assert_null(strstr(t.text, "nan"));
  assert_null(strstr(t.text, ": inf"));
  capture_free(&t);
  rramnas_mapping_unref(m);
}

static void
plan_has_every_box(void **state)
{
  rramnas_mapping *m = tiny_mapping(RRAMNAS_POLICY_RNC);
  capture t = { 0 };

  (void)state;
  assert_int_equal(rramnas_mapping_write(m, RRAMNAS_REPORT_SVG, NULL, capture_write, &t, NULL), RRAMNAS_OK);
  assert_int_equal(strncmp(t.text, "<svg ", 5), 0);
  /* Shortened names may be equal, numbers of layers are not. */
  assert_non_null(strstr(t.text, "class=\"item\"><tspan class=\"small\">0</tspan> "));
  assert_int_equal(count(t.text, "</title></rect>"), m->n_placements);
  assert_int_equal(count(t.text, "<g"), count(t.text, "</g>"));
  assert_int_equal(count(t.text, "<path"), count(t.text, " d=\""));
  capture_free(&t);
  rramnas_mapping_unref(m);
}

static void
timeline_has_every_run(void **state)
{
  rramnas_mapping *m = tiny_mapping(RRAMNAS_POLICY_ISAAC);
  rramnas_timing_options how = RRAMNAS_TIMING_OPTIONS_INIT;
  capture t = { 0 };

  (void)state;
  how.samples = 3;
  assert_int_equal(rramnas_mapping_write(m, RRAMNAS_REPORT_TRACE, &how, capture_write, &t, NULL), RRAMNAS_OK);
  assert_true(is_balanced(t.text));
  assert_int_equal(count(t.text, "\"ph\": \"X\", \"pid\": 0"), 3 * m->n_placements);
  assert_int_equal(count(t.text, "\"ph\": \"X\", \"pid\": 1"), 3 * m->net->n_mapped);
  capture_free(&t);
  rramnas_mapping_unref(m);
}

static void
reports_repeat_and_stop(void **state)
{
  rramnas_mapping *m = tiny_mapping(RRAMNAS_POLICY_RNC);
  int32_t report;

  (void)state;
  for (report = RRAMNAS_REPORT_JSON; report <= RRAMNAS_REPORT_TRACE; report++) {
    capture a = { 0 }, b = { 0 }, c = { .fail_at = 1 };
    rramnas_error err = RRAMNAS_ERROR_INIT;

    assert_int_equal(rramnas_mapping_write(m, report, NULL, capture_write, &a, NULL), RRAMNAS_OK);
    assert_int_equal(rramnas_mapping_write(m, report, NULL, capture_write, &b, NULL), RRAMNAS_OK);
    assert_true(capture_equal(&a, &b));
    assert_int_equal(rramnas_mapping_write(m, report, NULL, capture_write, &c, &err), RRAMNAS_ERR_CALLBACK);
    assert_int_equal(err.code, RRAMNAS_ERR_CALLBACK);
    capture_free(&a);
    capture_free(&b);
    capture_free(&c);
  }
  rramnas_mapping_unref(m);
}

static void
isaac_is_its_own_baseline(void **state)
{
  rramnas_mapping *m = tiny_mapping(RRAMNAS_POLICY_ISAAC);
  rramnas_timing_options how = RRAMNAS_TIMING_OPTIONS_INIT;
  rramnas_timing t = RRAMNAS_TIMING_INIT;

  (void)state;
  for (how.model = RRAMNAS_TIMING_GRAPH; how.model <= RRAMNAS_TIMING_RNC; how.model++) {
    how.samples = 4;
    how.no_baseline = 0;
    assert_int_equal(rramnas_mapping_simulate(m, &how, &t, NULL), RRAMNAS_OK);
    assert_true(t.speedup == 1 && t.baseline_latency_ns == t.latency_ns && t.latency_ns > 0);
    how.no_baseline = 1;
    assert_int_equal(rramnas_mapping_simulate(m, &how, &t, NULL), RRAMNAS_OK);
    assert_true(t.speedup == 0 && t.baseline_latency_ns == 0);
  }
  rramnas_mapping_unref(m);
}

static void
arrays_agree(void **state)
{
  rramnas_mapping *m = tiny_mapping(RRAMNAS_POLICY_RNC);
  rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;
  int64_t *pieces;
  int32_t *spots, copies[64], i;

  (void)state;
  assert_int_equal(rramnas_mapping_check(m, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_mapping_get_info(m, &info), RRAMNAS_OK);
  assert_true(info.crossbars_bound >= 1 && info.crossbars_bound <= info.crossbars_used);
  assert_true(info.utilization > 0 && info.utilization <= 1);
  pieces = calloc((size_t)info.n_pieces * 6, sizeof(*pieces));
  spots = calloc((size_t)info.n_placements * 8, sizeof(*spots));
  assert_int_equal(rramnas_mapping_get_pieces(m, pieces, (size_t)info.n_pieces), RRAMNAS_OK);
  assert_int_equal(rramnas_mapping_get_placements(m, spots, (size_t)info.n_placements), RRAMNAS_OK);
  assert_int_equal(rramnas_mapping_get_copies(m, copies, 64), RRAMNAS_OK);
  for (i = 0; i < info.n_placements; i++)
    assert_true(spots[8 * i + 2] < copies[spots[8 * i]] && spots[8 * i + 3] < info.crossbars_available);
  assert_int_equal(rramnas_mapping_get_pieces(m, pieces, (size_t)info.n_pieces - 1), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_mapping_get_placements(m, spots, 0), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_mapping_get_copies(m, copies, 0), RRAMNAS_ERR_ARGUMENT);
  free(pieces);
  free(spots);
  rramnas_mapping_unref(rramnas_mapping_ref(m));
  rramnas_mapping_unref(m);
}

static void
arguments_are_checked(void **state)
{
  rramnas_mapping *m = tiny_mapping(RRAMNAS_POLICY_ISAAC), *none = NULL;
  rramnas_timing_options how = RRAMNAS_TIMING_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_timing t = { .size = 3 };
  int32_t policy = 0;
  capture out = { 0 };

  (void)state;
  assert_int_equal(rramnas_compile(NULL, NULL, NULL, NULL, &none, &err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_mapping_simulate(m, NULL, NULL, &err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_mapping_simulate(m, NULL, &t, &err), RRAMNAS_ERR_ARGUMENT);
  how.samples = 65537;
  assert_int_equal(rramnas_mapping_write(m, RRAMNAS_REPORT_JSON, &how, capture_write, &out, &err), RRAMNAS_ERR_RANGE);
  how.samples = 1;
  how.model = 9;
  assert_int_equal(rramnas_mapping_write(m, RRAMNAS_REPORT_JSON, &how, capture_write, &out, &err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_mapping_write(m, 9, NULL, capture_write, &out, &err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_mapping_write(m, RRAMNAS_REPORT_SVG, NULL, NULL, NULL, &err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(out.length, 0);
  assert_int_equal(rramnas_policy_from_name("rnc-published", &policy), RRAMNAS_OK);
  assert_string_equal(rramnas_policy_name(policy), "rnc-published");
  assert_int_equal(rramnas_policy_from_name("no", &policy), RRAMNAS_ERR_NOT_FOUND);
  assert_null(rramnas_policy_name(99));
  assert_string_equal(rramnas_status_name(RRAMNAS_ERR_DOES_NOT_FIT), "RRAMNAS_ERR_DOES_NOT_FIT");
  assert_string_equal(rramnas_status_name(-99), "unknown");
  rramnas_mapping_unref(m);
  rramnas_mapping_unref(NULL);
}

/* Relative luminance in 1/1000, without gamma: enough to see that neighbours differ in lightness. */
static int
lightness(uint32_t colour)
{
  return (int)((299 * (colour >> 16) + 587 * ((colour >> 8) & 0xff) + 114 * (colour & 0xff)) / 255);
}

static void
neighbours_differ_in_lightness(void **state)
{
  int32_t n, i;

  (void)state;
  for (n = 1; n < 300; n = n * 2 + 1)
    for (i = 0; i + 1 < n; i++)
      assert_true(n < 12 || abs(lightness(rrn_report_colour(i, n)) - lightness(rrn_report_colour(i + 1, n))) > 40);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(json_has_all),
    cmocka_unit_test(plan_has_every_box),
    cmocka_unit_test(timeline_has_every_run),
    cmocka_unit_test(reports_repeat_and_stop),
    cmocka_unit_test(isaac_is_its_own_baseline),
    cmocka_unit_test(arrays_agree),
    cmocka_unit_test(arguments_are_checked),
    cmocka_unit_test(neighbours_differ_in_lightness),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
