/* SPDX-License-Identifier: MIT */
/* A supernet as what a search judges with: whose widths a space takes, files that do not fit, digests of what was read,
 * the same bytes at any number of threads and from a checkpoint, memory that runs out. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <unistd.h>

#include <cmocka.h>

#include "capture.h"
#include "evaluate/evaluate.h"
#include "folder.h"
#include "infer.h"
#include "oom.h"
#include "space/ready.h"

enum { GENES = 36 };

static char checkpoint[FOLDER_PATH], history[FOLDER_PATH], other[FOLDER_PATH];
static char supernet[1024], data[1024];

static int
set_up(void **state)
{
  if (folder_make(state) < 0)
    return -1;
  folder_path("checkpoint", checkpoint);
  folder_path("history.csv", history);
  folder_path("other.safetensors", other);
  data_path("supernet/digits.safetensors", supernet);
  data_path("supernet/data.yaml", data);
  return 0;
}

static void
check(int32_t status, const rramnas_error *err)
{
  if (status < 0)
    fail_msg("%s", err->message);
}

/* Few images, so that a candidate takes milliseconds. */
static rramnas_accuracy_options
few(const char *weights)
{
  rramnas_accuracy_options o = RRAMNAS_ACCURACY_OPTIONS_INIT;

  o.weights = weights;
  o.data = data;
  o.part = RRAMNAS_DATA_HELD_OUT;
  o.images = 24;
  o.norm_images = 32;
  o.calibration_images = 4;
  o.trials = 1;
  return o;
}

static rramnas_search *
of_text(const char *text, const rramnas_runtime *runtime)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = NULL;

  check(rramnas_search_load_buffer(text, strlen(text), "space.yaml", runtime, &s, &err), &err);
  return s;
}

static rramnas_search *
ready(void)
{
  return of_text("schema: rramnas.space/1\nspace: ofa-mobilenet-v3-small\n", NULL);
}

/* --- whose widths --- */

/* Rows and columns of the stem, and of the last layer. */
static void
assert_members(const rramnas_search *s, int64_t stem, int64_t features, int64_t classes)
{
  const double lowest[GENES] = { 2, 2, 2, 2 };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;
  rramnas_layer layer = RRAMNAS_LAYER_INIT;

  check(rramnas_search_build_net(s, lowest, &net, &err), &err);
  assert_int_equal(rramnas_net_layer(net, 0, &layer), RRAMNAS_OK);
  assert_int_equal(layer.matrix_cols, stem);
  assert_int_equal(rramnas_net_layer(net, rramnas_net_layer_count(net) - 1, &layer), RRAMNAS_OK);
  assert_int_equal(layer.matrix_rows, features);
  assert_int_equal(layer.matrix_cols, classes);
  rramnas_net_unref(net);
}

static void
assert_written(const rramnas_search *s, const char *line)
{
  capture text = { 0 };

  assert_int_equal(rramnas_search_write_space(s, capture_write, &text, NULL), RRAMNAS_OK);
  if (!strstr(text.text, line))
    fail_msg("no \"%s\" in\n%s", line, text.text);
  capture_free(&text);
}

static const char own_widths[] = "parameters: {image: 32, classes: 10, widths: [8, 8, 16, 16, 24, 32, 96, 160]}\n";

static void
a_space_takes_the_widths_of_the_supernet(void **state)
{
  const rramnas_accuracy_options o = few(supernet);
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = ready();

  (void)state;
  assert_members(s, 16, 1280, 10);
  check(rramnas_search_set_accuracy(s, &o, &err), &err);
  assert_members(s, 8, 160, 10);
  assert_written(s, own_widths);
  rramnas_search_unref(s);
}

static void
a_space_names_its_supernet(void **state)
{
  const rramnas_accuracy_options o = few(NULL);
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = NULL;
  char path[1024];

  (void)state;
  check(rramnas_search_load_file(data_path("supernet/space.yaml", path), NULL, &s, &err), &err);
  assert_written(s, own_widths);
  check(rramnas_search_set_accuracy(s, &o, &err), &err);
  assert_written(s, own_widths);
  rramnas_search_unref(s);
  s = of_text("schema: rramnas.space/1\nspace: ofa-mobilenet-v3-small\nparameters: {widths: [8, 8, 16, 16, 24, 32, 96, 160]}\n",
              NULL);
  assert_members(s, 8, 160, 10);
  rramnas_search_unref(s);
}

static void
a_candidate_says_what_its_network_is_made_for(void **state)
{
  const rramnas_accuracy_options o = few(supernet);
  const double lowest[GENES] = { 2, 2, 2, 2 };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = ready();
  rramnas_net *net = NULL, *again = NULL;
  double back[GENES];
  capture text = { 0 };

  (void)state;
  check(rramnas_search_set_accuracy(s, &o, &err), &err);
  check(rramnas_search_write_candidate(s, lowest, capture_write, &text, &err), &err);
  assert_non_null(strstr(text.text, own_widths));
  check(rramnas_search_read_candidate(s, text.text, text.length, NULL, back, &err), &err);
  check(rramnas_net_create_ofa_from_genome(text.text, text.length, NULL, NULL, &net, &err), &err);
  check(rramnas_net_create_ofa_from_supernet(text.text, text.length, NULL, supernet, data, NULL, &again, &err), &err);
  assert_int_equal(rramnas_net_layer_count(net), rramnas_net_layer_count(again));
  rramnas_net_unref(net);
  rramnas_net_unref(again);
  capture_free(&text);
  rramnas_search_unref(s);
}

/* --- what does not fit --- */

/* The supernet with the first `from` replaced by `to`, which is as long. */
static void
spoil(const char *from, const char *to)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_file file;
  FILE *out = fopen(other, "wb");
  const size_t n = strlen(from);
  char *bytes;
  size_t i;

  assert_non_null(out);
  assert_int_equal(n, strlen(to));
  check(rrn_file_open(&file, supernet, UINT64_MAX, &err), &err);
  bytes = malloc(file.size);
  assert_non_null(bytes);
  memcpy(bytes, file.data, file.size);
  for (i = 0; i + n < file.size && memcmp(bytes + i, from, n) != 0; i++)
    ;
  assert_true(i + n < file.size);
  memcpy(bytes + i, to, n);
  assert_int_equal(fwrite(bytes, 1, file.size, out), file.size);
  fclose(out);
  free(bytes);
  rrn_file_close(&file);
}

static void
assert_refused(const char *space, const rramnas_accuracy_options *o, int32_t code, const char *part)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = of_text(space, NULL);
  capture before = { 0 }, after = { 0 };

  assert_int_equal(rramnas_search_write_space(s, capture_write, &before, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_search_set_accuracy(s, o, &err), code);
  if (!strstr(err.message, part))
    fail_msg("\"%s\" does not say \"%s\"", err.message, part);
  /* The space is as it was. */
  assert_int_equal(rramnas_search_write_space(s, capture_write, &after, NULL), RRAMNAS_OK);
  assert_true(capture_equal(&before, &after));
  capture_free(&before);
  capture_free(&after);
  rramnas_search_unref(s);
}

#define SMALL "schema: rramnas.space/1\nspace: ofa-mobilenet-v3-small\n"

static void
spoiled_files_name_the_tensor(void **state)
{
  static const struct { const char *from, *to; int32_t code; const char *part; } cases[] = {
    { "\"blocks.7.conv.depth_conv.conv.conv.weight\"", "\"blocks.7.conv.depth_conv.conv.conv.waight\"", RRAMNAS_ERR_NOT_FOUND,
      "there is no tensor \"blocks.7.conv.depth_conv.conv.weight\"" },
    { "\"blocks.1.conv.depth_conv.conv.conv.weight\":{\"dtype\":\"F32\",\"shape\":[48,1,7,7]",
      "\"blocks.1.conv.depth_conv.conv.conv.weight\":{\"dtype\":\"F32\",\"shape\":[48,7,1,7]", RRAMNAS_ERR_SHAPE,
      "tensor \"blocks.1.conv.depth_conv.conv.conv.weight\" has shape [48, 7, 1, 7], expected [48, 1, 7, 7]" },
    { "\"blocks.1.conv.point_linear.bn.bn.bias\":{\"dtype\":\"F32\"", "\"blocks.1.conv.point_linear.bn.bn.bias\":{\"dtype\":\"I32\"",
      RRAMNAS_ERR_UNSUPPORTED, "tensor \"blocks.1.conv.point_linear.bn.bn.bias\" has dtype I32" },
    { "\"classifier.linear.weight\"", "\"classifier.linexr.weight\"", RRAMNAS_ERR_NOT_FOUND, "classifier.linear.weight" },
  };
  const rramnas_accuracy_options o = few(other);
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    spoil(cases[i].from, cases[i].to);
    assert_refused(SMALL, &o, cases[i].code, cases[i].part);
  }
}

static void
what_does_not_fit_is_refused(void **state)
{
  rramnas_accuracy_options o = few(supernet);
  char path[1024];

  (void)state;
  assert_refused(SMALL "parameters: {image: 64}\n", &o, RRAMNAS_ERR_SHAPE, "images have 32 pixels a side");
  assert_refused(SMALL "parameters: {classes: 5}\n", &o, RRAMNAS_ERR_SHAPE, "the supernet has 10 classes");
  assert_refused(SMALL "parameters: {widths: [8, 8, 16, 24, 24, 32, 96, 160]}\n", &o, RRAMNAS_ERR_SHAPE, "widths[3] = 16");
  assert_refused("schema: rramnas.space/1\nspace: ofa-mobilenet-v3-large\n", &o, RRAMNAS_ERR_NOT_FOUND, "blocks.17");
  assert_refused("schema: rramnas.space/1\nspace: nas-bench-201\n", &o, RRAMNAS_ERR_UNSUPPORTED, "members of no supernet");
  o.norm_images = -1;
  assert_refused(SMALL, &o, RRAMNAS_ERR_RANGE, "norm_images");
  o = few(NULL);
  assert_refused(SMALL, &o, RRAMNAS_ERR_ARGUMENT, "weights or data is NULL");
  o = few(data_path("onnx/digits_cnn.onnx", path));
  assert_refused(SMALL, &o, RRAMNAS_ERR_UNSUPPORTED, "holds no supernet");
  o = few(supernet);
  o.data = data_path("digits/digits_8x8.yaml", path);
  assert_refused(SMALL, &o, RRAMNAS_ERR_RANGE, "multiple of 32");
}

static int32_t
make_net(const char *genome, const char *weights, rramnas_error *err)
{
  rramnas_net *net = NULL;
  const int32_t status = rramnas_net_create_ofa_from_supernet(genome, strlen(genome), NULL, weights, data, NULL, &net, err);

  rramnas_net_unref(net);
  return status;
}

static void
genomes_outside_of_the_file_are_refused(void **state)
{
  static const char small[] = "{\"ks\": [3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3], \"e\": [3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3], "
                              "\"d\": [2,2,2,2]";
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char text[512];

  (void)state;
  snprintf(text, sizeof(text), "%s}", small);
  check(make_net(text, supernet, &err), &err);
  snprintf(text, sizeof(text), "%s, \"parameters\": {\"widths\": [8, 8, 16, 16, 24, 40, 96, 160]}}", small);
  assert_int_equal(make_net(text, supernet, &err), RRAMNAS_ERR_SHAPE);
  snprintf(text, sizeof(text), "%s, \"parameters\": {\"widths\": [8, 8]}}", small);
  assert_int_equal(make_net(text, supernet, &err), RRAMNAS_ERR_RANGE);
  assert_non_null(strstr(err.message, "widths has 2 entries, expected 8"));
  snprintf(text, sizeof(text), "%s, \"parameters\": {\"image\": 64}}", small);
  assert_int_equal(make_net(text, supernet, &err), RRAMNAS_ERR_SHAPE);
  assert_int_equal(make_net("{\"ks\": [9], \"e\": [3], \"d\": [2]}", supernet, &err), RRAMNAS_ERR_RANGE);
  assert_int_equal(make_net("{\"ks\": [3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3], "
                            "\"e\": [3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3], \"d\": [2,2,2,2,2]}", supernet, &err),
                   RRAMNAS_ERR_NOT_FOUND);
  assert_non_null(strstr(err.message, "blocks.17"));
}

/* Kernels of 5 x 5 at most: the space must say so. */
static void
a_supernet_of_small_kernels_wants_rules(void **state)
{
  const rramnas_accuracy_options o = few(other);
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s;

  (void)state;
  /* 48 kernels of 7 x 7 are 49 x 48 kernels of one element. */
  spoil("\"blocks.1.conv.depth_conv.conv.conv.weight\":{\"dtype\":\"F32\",\"shape\":[48,1,7,7]",
        "\"blocks.1.conv.depth_conv.conv.conv.weight\":{\"dtype\":\"F32\",\"shape\":[3,112,7] ");
  assert_refused(SMALL, &o, RRAMNAS_ERR_SHAPE, "blocks.1.conv.depth_conv");
  /* With rules only what must be there is looked at. */
  s = of_text(SMALL "rules: [\"ks[4] <= 5\"]\n", NULL);
  assert_int_equal(rramnas_search_set_accuracy(s, &o, &err), RRAMNAS_ERR_SHAPE);
  rramnas_search_unref(s);
  spoil("\"blocks.7.conv.depth_conv.conv.conv.weight\"", "\"blocks.7.conv.depth_conv.conv.conv.waight\"");
  s = of_text(SMALL "rules: [\"d[1] <= 2\"]\n", NULL);
  check(rramnas_search_set_accuracy(s, &o, &err), &err);
  rramnas_search_unref(s);
}

/* --- digests --- */

static rrn_fingerprint
settings_of(const rramnas_accuracy_options *o)
{
  static const char *const figures[] = { "accuracy_digital" };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_fingerprint f = { 0, 0 };
  rrn_evaluation e;
  rrn_space space;
  rrn_rt rt;

  check(rrn_rt_init(&rt, NULL, &err), &err);
  rrn_space_init(&space, &rt);
  check(rrn_space_ready(&space, "ofa-mobilenet-v3-small", &err), &err);
  rrn_evaluation_init(&e, &rt, &space);
  check(rrn_evaluation_set_accuracy(&e, o, &err), &err);
  check(rrn_evaluation_prepare(&e, figures, 1, &err), &err);
  check(rrn_evaluation_fingerprint(&e, &f, &err), &err);
  rrn_evaluation_release(&e);
  rrn_space_release(&space);
  return f;
}

static int
equal(rrn_fingerprint a, rrn_fingerprint b)
{
  return a.low == b.low && a.high == b.high;
}

static void
the_problem_is_what_was_read(void **state)
{
  rramnas_accuracy_options o = few(supernet);
  const rrn_fingerprint first = settings_of(&o);

  (void)state;
  assert_true(equal(first, settings_of(&o)));
  spoil("\"format\":\"pt\"", "\"format\":\"pt\"");
  o.weights = other; /* the same bytes elsewhere */
  assert_true(equal(first, settings_of(&o)));
  spoil("\"format\":\"pt\"", "\"format\":\"tf\"");
  assert_false(equal(first, settings_of(&o)));
  o.weights = supernet;
  o.norm_images = 31;
  assert_false(equal(first, settings_of(&o)));
}

static void
copy_file(const char *from, const char *to, size_t changed)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_file file;
  FILE *out = fopen(to, "wb");
  size_t i;

  assert_non_null(out);
  check(rrn_file_open(&file, from, UINT64_MAX, &err), &err);
  for (i = 0; i < file.size; i++)
    fputc(((const uint8_t *)file.data)[i] ^ (i == changed), out);
  fclose(out);
  rrn_file_close(&file);
}

/* The low digest of a model whose weights lie in another file, of which one byte may be another. */
static uint64_t
digest_outside(size_t changed)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_accuracy_options o = few(NULL);
  char from[1024], model[FOLDER_PATH], weights[FOLDER_PATH];
  rrn_judge *j = NULL;
  uint64_t low;

  folder_path("outside.onnx", model);
  folder_path("weights.bin", weights);
  copy_file(data_path("infer/external/outside.onnx", from), model, SIZE_MAX);
  copy_file(data_path("infer/external/weights.bin", from), weights, changed);
  o.weights = model;
  check(rrn_judge_load(&o, NULL, &j, &err), &err);
  low = j->low;
  rrn_judge_free(j);
  unlink(model);
  unlink(weights);
  return low;
}

static void
weights_in_another_file_are_in_the_digest(void **state)
{
  (void)state;
  assert_true(digest_outside(SIZE_MAX) == digest_outside(SIZE_MAX));
  assert_true(digest_outside(SIZE_MAX) != digest_outside(40));
}

/* --- searches --- */

static rramnas_search *
prepared(void)
{
  rramnas_accuracy_options o = few(supernet);
  rramnas_compile_options c = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = ready();

  o.images = 2; /* chips take their time */
  o.calibration_images = 1;
  c.policy = RRAMNAS_POLICY_RNC;
  c.crossbars = RRAMNAS_CROSSBARS_AUTO;
  check(rramnas_search_set_accuracy(s, &o, &err), &err);
  check(rramnas_search_set_compile(s, &c, NULL, &err), &err);
  check(rramnas_search_add_objective(s, "accuracy_digital", 0, &err), &err);
  check(rramnas_search_add_objective(s, "accuracy", 0, &err), &err);
  check(rramnas_search_add_objective(s, "latency_ns", 0, &err), &err);
  check(rramnas_search_add_objective(s, "area_um2", 0, &err), &err);
  check(rramnas_search_set_history_file(s, history, &err), &err);
  return s;
}

static void
run(rramnas_search *s, int64_t generations, int32_t n_threads, const char *to)
{
  rramnas_run_options o = RRAMNAS_RUN_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;

  o.generations = generations;
  o.n_threads = n_threads;
  o.checkpoint = to;
  check(rramnas_search_run(s, &o, &err), &err);
}

static char *
history_after(rramnas_search *s)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_file file;
  char *text;

  rramnas_search_unref(s);
  check(rrn_file_open(&file, history, UINT64_MAX, &err), &err);
  text = calloc(1, file.size + 1);
  assert_non_null(text);
  memcpy(text, file.data, file.size);
  rrn_file_close(&file);
  return text;
}

static rramnas_search *
started(void)
{
  rramnas_search_options o = RRAMNAS_SEARCH_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = prepared();

  o.population = 4;
  o.seed = 3;
  check(rramnas_search_start(s, &o, &err), &err);
  return s;
}

static void
threads_and_checkpoints_change_nothing(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = started();
  char *expected, *found;

  (void)state;
  run(s, 2, 1, NULL);
  expected = history_after(s);
  assert_non_null(strstr(expected, "feasible"));
  s = started();
  run(s, 2, 2, NULL);
  found = history_after(s);
  assert_string_equal(expected, found);
  free(found);
  s = started();
  run(s, 1, 2, checkpoint);
  rramnas_search_unref(s);
  s = prepared();
  check(rramnas_search_resume_file(s, checkpoint, &err), &err);
  run(s, 2, 1, NULL);
  found = history_after(s);
  assert_string_equal(expected, found);
  free(found);
  free(expected);
}

/* Floats need no chip: a network that no crossbar holds is judged, too. */
static void
digital_accuracy_needs_no_chip(void **state)
{
  rramnas_accuracy_options o = few(supernet);
  rramnas_search_options start = RRAMNAS_SEARCH_OPTIONS_INIT;
  rramnas_compile_options c = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = ready();
  rramnas_progress p = RRAMNAS_PROGRESS_INIT;

  (void)state;
  c.crossbars = 1;
  o.trials = 1 << 20; /* would not end */
  check(rramnas_search_set_accuracy(s, &o, &err), &err);
  check(rramnas_search_set_compile(s, &c, NULL, &err), &err);
  check(rramnas_search_add_objective(s, "accuracy_digital", 0, &err), &err);
  start.population = 3;
  check(rramnas_search_start(s, &start, &err), &err);
  run(s, 1, 1, NULL);
  assert_int_equal(rramnas_search_progress(s, &p), RRAMNAS_OK);
  assert_int_equal(p.infeasible + p.failed, 0);
  rramnas_search_unref(s);
}

/* --- memory --- */

static int32_t
one_search(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  rramnas_accuracy_options o = few(supernet);
  const double lowest[GENES] = { 2, 2, 2, 2 };
  rramnas_search *s = NULL;
  double value, shortfall;
  int32_t status;

  (void)user;
  o.images = o.norm_images = o.calibration_images = 1;
  status = rramnas_search_create_ready("ofa-mobilenet-v3-small", runtime, &s, err);
  if (status >= 0)
    status = rramnas_search_set_accuracy(s, &o, err);
  if (status >= 0)
    status = rramnas_search_add_objective(s, "accuracy_digital", 0, err);
  if (status >= 0)
    status = rramnas_search_start(s, NULL, err);
  if (status >= 0)
    status = rramnas_search_evaluate(s, lowest, 1, 1, &value, &shortfall, err);
  rramnas_search_unref(s);
  return status;
}

static int32_t
one_member(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  static const char text[] = "{ks: [3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3], e: [3,3,3,3,3,3,3,3,3,3,3,3,3,3,3,3], d: [2,2,2,2]}";
  rramnas_net *net = NULL;
  const int32_t status = rramnas_net_create_ofa_from_supernet(text, strlen(text), NULL, supernet, data, runtime, &net, err);

  (void)user;
  rramnas_net_unref(net);
  return status;
}

static int32_t
one_space(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  char path[1024];
  rramnas_search *s = NULL;
  const int32_t status = rramnas_search_load_file(data_path("supernet/space.yaml", path), runtime, &s, err);

  (void)user;
  rramnas_search_unref(s);
  return status;
}

static void
memory_may_run_out_anywhere(void **state)
{
  (void)state;
  assert_true(oom_until_success(one_member, NULL, 1, 0) > 10);
  assert_true(oom_until_success(one_space, NULL, 1, 0) > 5);
  assert_true(oom_until_success(one_search, NULL, 7, 1) > 10);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_space_takes_the_widths_of_the_supernet),
    cmocka_unit_test(a_space_names_its_supernet),
    cmocka_unit_test(a_candidate_says_what_its_network_is_made_for),
    cmocka_unit_test(spoiled_files_name_the_tensor),
    cmocka_unit_test(what_does_not_fit_is_refused),
    cmocka_unit_test(genomes_outside_of_the_file_are_refused),
    cmocka_unit_test(a_supernet_of_small_kernels_wants_rules),
    cmocka_unit_test(the_problem_is_what_was_read),
    cmocka_unit_test(weights_in_another_file_are_in_the_digest),
    cmocka_unit_test(threads_and_checkpoints_change_nothing),
    cmocka_unit_test(digital_accuracy_needs_no_chip),
    cmocka_unit_test(memory_may_run_out_anywhere),
  };

  return cmocka_run_group_tests(tests, set_up, folder_remove);
}
