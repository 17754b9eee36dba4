/* SPDX-License-Identifier: MIT */
/* The whole path from texts to reports with allocation 1, 2, 3 ... failing: every failure must be reported as
 * ERR_MEMORY, leave no block behind and no handle half made. */
#include <stdio.h>
#include <string.h>

#include "capture.h"
#include "oom.h"
#include "tiny.h"

typedef struct texts {
  capture hw, net;
} texts;

static int32_t
keep_nothing(void *user, const char *data, size_t length)
{
  (void)user;
  (void)data;
  (void)length;
  return 0;
}

/* Prepares the texts from which the job below starts. */
static int32_t
write_texts(texts *t)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_hw *hw = NULL;
  rramnas_net *net = NULL;
  int32_t status;

  if ((status = rramnas_hw_create_default(NULL, &hw, &err)) < 0 ||
      (status = rramnas_hw_write_yaml(hw, capture_write, &t->hw, &err)) < 0 ||
      (status = tiny_create(NULL, &net, &err)) < 0 ||
      (status = rramnas_net_write_yaml(net, capture_write, &t->net, &err)) < 0)
    fprintf(stderr, "%s\n", err.message);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
  return status;
}

static int32_t
build(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  rramnas_net *net = NULL;
  int32_t status;

  (void)user;
  status = tiny_create(runtime, &net, err);
  rramnas_net_unref(net);
  return status;
}

static int32_t
ofa(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  static const char genome[] = "{\"ks\": [3,3,3,3, 3,3,3,3, 3,3,3,3, 3,3,3,3], "
                               "\"e\": [3,3,3,3, 3,3,3,3, 3,3,3,3, 3,3,3,3], \"d\": [2,2,2,2]}";
  rramnas_net *net = NULL;
  int32_t status;

  (void)user;
  status = rramnas_net_create_ofa_from_genome(genome, strlen(genome), "genome", runtime, &net, err);
  rramnas_net_unref(net);
  return status;
}

static int32_t
tell_nothing(void *user, const rramnas_derived *quantity)
{
  (void)user;
  (void)quantity;
  return 0;
}

/* Costs in all forms, with the mapping's chip and with another. */
static int32_t
cost(const rramnas_mapping *mapping, const rramnas_hw *other, rramnas_error *err)
{
  rramnas_cost_options o = RRAMNAS_COST_OPTIONS_INIT;
  rramnas_cost result = RRAMNAS_COST_INIT;
  double layers[8 * RRAMNAS_COST_COMPONENTS * 3], crossbars[32 * 5];
  int32_t status = rramnas_mapping_get_cost(mapping, &o, &result, err);

  o.hw = other;
  o.samples = 2;
  if (status >= 0)
    status = rramnas_mapping_get_cost_layers(mapping, &o, layers, 8, err);
  if (status >= 0)
    status = rramnas_mapping_get_cost_crossbars(mapping, &o, crossbars, 32, err);
  if (status >= 0)
    status = rramnas_mapping_write_cost(mapping, RRAMNAS_REPORT_JSON, &o, keep_nothing, NULL, err);
  if (status >= 0)
    status = rramnas_mapping_write_cost(mapping, RRAMNAS_REPORT_SVG, &o, keep_nothing, NULL, err);
  if (status >= 0)
    status = rramnas_mapping_write_cost(mapping, RRAMNAS_REPORT_CSV, &o, keep_nothing, NULL, err);
  if (status >= 0)
    status = rramnas_mapping_explain(mapping, &o, tell_nothing, NULL, err);
  o.samples = 1;
  o.model = RRAMNAS_COST_MNSIM;
  if (status >= 0)
    status = rramnas_mapping_get_cost(mapping, &o, &result, err);
  return status;
}

static int32_t
whole_path(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  const texts *t = user;
  rramnas_net_options net_options = RRAMNAS_NET_OPTIONS_INIT;
  rramnas_compile_options options = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_timing_options how = RRAMNAS_TIMING_OPTIONS_INIT;
  rramnas_timing timing = RRAMNAS_TIMING_INIT;
  rramnas_hw *read = NULL, *hw = NULL;
  rramnas_net *net = NULL;
  rramnas_mapping *mapping = NULL;
  int32_t status, report;

  net_options.format = RRAMNAS_NET_FORMAT_YAML;
  options.policy = RRAMNAS_POLICY_RNC;
  options.crossbars = 24;
  how.samples = 3;
  status = rramnas_hw_load_buffer(t->hw.text, t->hw.length, "hw.yaml", RRAMNAS_HW_FORMAT_YAML, runtime, &read, err);
  if (status >= 0)
    status = rramnas_hw_with_value(read, "crossbar.rows", "128", &hw, err);
  if (status >= 0)
    status = rramnas_net_load_buffer(t->net.text, t->net.length, "net.yaml", &net_options, runtime, &net, err);
  if (status >= 0)
    status = rramnas_compile(hw, net, &options, runtime, &mapping, err);
  if (status >= 0)
    status = rramnas_mapping_check(mapping, err);
  for (how.model = RRAMNAS_TIMING_GRAPH; status >= 0 && how.model <= RRAMNAS_TIMING_RNC; how.model++)
    status = rramnas_mapping_simulate(mapping, &how, &timing, err);
  how.model = 0;
  for (report = RRAMNAS_REPORT_JSON; status >= 0 && report <= RRAMNAS_REPORT_TRACE; report++)
    status = rramnas_mapping_write(mapping, report, &how, keep_nothing, NULL, err);
  if (status >= 0)
    status = cost(mapping, read, err);
  rramnas_mapping_unref(mapping);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
  rramnas_hw_unref(read);
  return status;
}

/* Policy best and a curve with its reports. */
static int32_t
curve(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  rramnas_compile_options options = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_curve_point points[2] = { RRAMNAS_CURVE_POINT_INIT };
  size_t n = 0;
  rramnas_hw *hw = NULL;
  rramnas_net *net = NULL;
  int32_t status;

  (void)user;
  options.effort = RRAMNAS_EFFORT_FAST;
  status = rramnas_hw_create_default(runtime, &hw, err);
  if (status >= 0)
    status = tiny_create(runtime, &net, err);
  if (status >= 0)
    status = rramnas_compile_curve(hw, net, &options, NULL, NULL, runtime, points, 2, &n, err);
  if (status >= 0)
    status = rramnas_curve_write(points, n, NULL, RRAMNAS_REPORT_CSV, keep_nothing, NULL, err);
  if (status >= 0)
    status = rramnas_curve_write(points, n, NULL, RRAMNAS_REPORT_SVG, keep_nothing, NULL, err);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
  return status;
}

/* Of the tiny network on 32 x 32: 1 + 1 + 7 * 3 + 3. */
enum { WHOLE_PIECES = 26 };

/* Boxes cut to fit, and what is made of them. */
static int32_t
split(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  static const char chip[] = "crossbar: {rows: 32, cols: 32}";
  rramnas_compile_options options = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_timing_options how = RRAMNAS_TIMING_OPTIONS_INIT;
  rramnas_mapping *mapping = NULL;
  rramnas_hw *hw = NULL;
  rramnas_net *net = NULL;
  int64_t pieces[WHOLE_PIECES][6];
  int32_t status, report;

  (void)user;
  options.crossbars = RRAMNAS_CROSSBARS_AUTO;
  options.effort = RRAMNAS_EFFORT_FAST;
  options.split_to_fit = 1;
  how.sharing = RRAMNAS_SHARING_DISJOINT;
  status = rramnas_hw_load_buffer(chip, strlen(chip), "chip", RRAMNAS_HW_FORMAT_YAML, runtime, &hw, err);
  if (status >= 0)
    status = tiny_create(runtime, &net, err);
  if (status >= 0)
    status = rramnas_compile(hw, net, &options, runtime, &mapping, err);
  if (status >= 0)
    status = rramnas_mapping_check(mapping, err);
  for (report = RRAMNAS_REPORT_JSON; status >= 0 && report <= RRAMNAS_REPORT_TRACE; report++)
    status = rramnas_mapping_write(mapping, report, &how, keep_nothing, NULL, err);
  if (status >= 0 && rramnas_mapping_get_pieces(mapping, pieces[0], WHOLE_PIECES) != RRAMNAS_ERR_ARGUMENT)
    status = RRAMNAS_ERR_SHAPE; /* nothing was cut */
  rramnas_mapping_unref(mapping);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
  return status;
}

/* One plan after the other: where hardly one copy fits and where more crossbars are of no use; one inference and many. */
static int32_t
plans(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  static const struct {
    const char *chip;
    int32_t crossbars, samples, effort, depthwise;
  } cases[] = {
    { "crossbar: {rows: 32, cols: 32}", 24, 8, RRAMNAS_EFFORT_FAST, RRAMNAS_DEPTHWISE_AUTO },
    { "crossbar: {rows: 32, cols: 32}", 28, 1, RRAMNAS_EFFORT_FAST, RRAMNAS_DEPTHWISE_RNC },
    { "crossbar: {rows: 32, cols: 32}", 45, 64, RRAMNAS_EFFORT_FAST, RRAMNAS_DEPTHWISE_AUTO },
    { "crossbar: {rows: 32, cols: 32}", 3000, 8, RRAMNAS_EFFORT_FAST, RRAMNAS_DEPTHWISE_AUTO },
    { "crossbar: {rows: 16, cols: 48}", 37, 8, RRAMNAS_EFFORT_FAST, RRAMNAS_DEPTHWISE_BLOCK_DIAGONAL },
    { "crossbar: {rows: 64, cols: 64}", 9, 8, RRAMNAS_EFFORT_BALANCED, RRAMNAS_DEPTHWISE_RNC },
  };
  int32_t status = RRAMNAS_OK;
  size_t i;

  (void)user;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]) && status >= 0; i++) {
    rramnas_compile_options options = RRAMNAS_COMPILE_OPTIONS_INIT;
    rramnas_mapping *mapping = NULL;
    rramnas_hw *hw = NULL;
    rramnas_net *net = NULL;

    options.crossbars = cases[i].crossbars;
    options.samples = cases[i].samples;
    options.effort = cases[i].effort;
    options.depthwise = cases[i].depthwise;
    status = rramnas_hw_load_buffer(cases[i].chip, strlen(cases[i].chip), "chip", RRAMNAS_HW_FORMAT_YAML, runtime, &hw,
                                    err);
    if (status >= 0)
      status = tiny_create(runtime, &net, err);
    if (status >= 0)
      status = rramnas_compile(hw, net, &options, runtime, &mapping, err);
    rramnas_mapping_unref(mapping);
    rramnas_net_unref(net);
    rramnas_hw_unref(hw);
  }
  return status;
}

int
main(void)
{
  static const struct {
    const char *name;
    oom_job job;
  } jobs[] = {
    { "build", build }, { "ofa", ofa }, { "whole path", whole_path }, { "curve", curve }, { "split", split },
    { "plans", plans },
  };
  texts t;
  size_t i;

  memset(&t, 0, sizeof(t));
  if (write_texts(&t) < 0)
    return 1;
  for (i = 0; i < sizeof(jobs) / sizeof(jobs[0]); i++) {
    size_t n = oom_until_success(jobs[i].job, &t, 1, 0);

    if (n < 5) {
      fprintf(stderr, "%s: only %d allocations go through the hooks\n", jobs[i].name, (int)n);
      return 1;
    }
    oom_until_success(jobs[i].job, &t, 1, 1);
    printf("%s: %d allocations, each failed once\n", jobs[i].name, (int)n);
  }
  capture_free(&t.hw);
  capture_free(&t.net);
  return 0;
}
