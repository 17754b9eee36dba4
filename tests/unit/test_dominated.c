/* SPDX-License-Identifier: MIT */
/* Chips that end because the front dominates their candidate: the front is that of all chips, fewer are tried, and figures
 * depend on no thread, order, portion, break, cache or process. A network of one layer, whose rows are the mean digits,
 * on chips of all kinds. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "infer.h"
#include "data/data.h"
#include "evaluate/evaluate.h"
#include "oom.h"
#include "session_run.h"
#include "util/file.h"

enum { PIXELS = 64, CLASSES = 10, N_TRAIN = 300, CHIPS = 12, GENES = 3, MOST_FIGURES = 8, GENERATION = 8 };

static char data[1024], folder[64], weights[96], checkpoint[96], history[96], cache[96];

static void
check(int32_t status, const rramnas_error *err)
{
  if (status < 0)
    fail_msg("%s", err->message);
}

/* --- the network --- */

static void
write_weights(const float *w, const float *b)
{
  static const char head[] = "{\"fc.weight\":{\"dtype\":\"F32\",\"shape\":[10,64],\"data_offsets\":[0,2560]},"
                             "\"fc.bias\":{\"dtype\":\"F32\",\"shape\":[10],\"data_offsets\":[2560,2600]}}";
  const uint8_t length[8] = { sizeof(head) - 1 };
  FILE *file = fopen(weights, "wb");

  assert_non_null(file);
  fwrite(length, sizeof(length), 1, file);
  fwrite(head, sizeof(head) - 1, 1, file);
  fwrite(w, sizeof(*w), CLASSES * PIXELS, file);
  fwrite(b, sizeof(*b), CLASSES, file);
  assert_int_equal(fclose(file), 0);
}

/* Nearest mean: w = mean, b = - |mean|^2 / 2. */
static void
learn(const float *images, const int32_t *labels, float *w, float *b)
{
  int n[CLASSES] = { 0 }, i, k;

  for (i = 0; i < N_TRAIN; i++)
    n[labels[i]]++;
  for (i = 0; i < N_TRAIN; i++)
    for (k = 0; k < PIXELS; k++)
      w[labels[i] * PIXELS + k] += images[i * PIXELS + k] / (float)n[labels[i]];
  for (i = 0; i < CLASSES; i++)
    for (k = 0; k < PIXELS; k++)
      b[i] -= w[i * PIXELS + k] * w[i * PIXELS + k] / 2;
}

static int
set_up(void **state)
{
  static float images[N_TRAIN * PIXELS], w[CLASSES * PIXELS], b[CLASSES];
  int32_t labels[N_TRAIN];
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_data *digits = NULL;

  (void)state;
  strcpy(folder, "dominated-XXXXXX");
  if (!mkdtemp(folder))
    return -1;
  snprintf(weights, sizeof(weights), "%s/weights.safetensors", folder);
  snprintf(checkpoint, sizeof(checkpoint), "%s/checkpoint", folder);
  snprintf(history, sizeof(history), "%s/history.csv", folder);
  snprintf(cache, sizeof(cache), "%s/cache", folder);
  data_path("digits/digits_8x8.yaml", data);
  check(rrn_data_load(data, NULL, &digits, &err), &err);
  check(rrn_data_read(digits, RRN_DATA_TRAIN, 0, N_TRAIN, images, labels, &err), &err);
  rrn_data_free(digits);
  learn(images, labels, w, b);
  write_weights(w, b);
  return 0;
}

static void
remove_cache(void)
{
  static const char *const ends[] = { "", "-wal", "-shm" };
  char path[112];
  size_t i;

  for (i = 0; i < 3; i++) {
    snprintf(path, sizeof(path), "%s%s", cache, ends[i]);
    unlink(path);
  }
}

static int
tear_down(void **state)
{
  (void)state;
  unlink(weights);
  unlink(checkpoint);
  unlink(history);
  remove_cache();
  return rmdir(folder);
}

/* --- the problem --- */

typedef struct problem {
  const char *accuracy;  /* the objective on chips; NULL = accuracy */
  int32_t stop_dominated, archive_capacity, strategy;
  uint64_t seed;
  int with_cache, images;
  double stop_below;
} problem;

static const problem usual = { .stop_dominated = 1, .strategy = RRAMNAS_STRATEGY_NSGA2, .seed = 1 };

static int32_t
set_network(rramnas_search *s, const rramnas_runtime *runtime, rramnas_error *err)
{
  static const char text[] = "schema: rramnas.network/1\nname: mean\ninputs:\n- {name: image, shape: [batch, 1, 8, 8]}\n"
                             "nodes:\n- {op: Flatten}\n- {name: fc, op: Gemm, out_channels: 10}\n";
  rramnas_net_options o = RRAMNAS_NET_OPTIONS_INIT;
  rramnas_net *net = NULL;
  int32_t status;

  o.format = RRAMNAS_NET_FORMAT_YAML;
  status = rramnas_net_load_buffer(text, strlen(text), "net.yaml", &o, runtime, &net, err);
  if (status >= 0)
    status = rramnas_search_set_net(s, net, err);
  rramnas_net_unref(net);
  return status;
}

static int32_t
set_chip(rramnas_search *s, const rramnas_runtime *runtime, rramnas_error *err)
{
  static const char text[] = "schema: rramnas.hardware/1\nnoise: {write_model: relative}\n";
  rramnas_compile_options c = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_hw *hw = NULL;
  int32_t status = rramnas_hw_load_buffer(text, strlen(text), "hw.yaml", RRAMNAS_HW_FORMAT_YAML, runtime, &hw, err);

  c.policy = RRAMNAS_POLICY_RNC;
  c.crossbars = RRAMNAS_CROSSBARS_AUTO;
  if (status >= 0)
    status = rramnas_search_set_hardware(s, hw, err);
  rramnas_hw_unref(hw);
  return status < 0 ? status : rramnas_search_set_compile(s, &c, NULL, err);
}

static int32_t
set_accuracy(rramnas_search *s, const problem *p, rramnas_error *err)
{
  rramnas_accuracy_options o = RRAMNAS_ACCURACY_OPTIONS_INIT;

  o.weights = weights;
  o.data = data;
  o.part = RRAMNAS_DATA_HELD_OUT;
  o.images = p->images ? p->images : 24;
  o.calibration_images = 8;
  o.trials = CHIPS;
  o.stop_dominated = p->stop_dominated;
  o.stop_below = p->stop_below;
  return rramnas_search_set_accuracy(s, &o, err);
}

static int32_t
prepare(rramnas_search *s, const problem *p, const rramnas_runtime *runtime, rramnas_error *err)
{
  int32_t status;

  if ((status = set_network(s, runtime, err)) < 0 || (status = set_chip(s, runtime, err)) < 0 ||
      (status = set_accuracy(s, p, err)) < 0 ||
      (status = rramnas_search_add_objective(s, p->accuracy ? p->accuracy : "accuracy", 0, err)) < 0 ||
      (status = rramnas_search_add_objective(s, "area_um2", 0, err)) < 0)
    return status;
  if (!p->stop_dominated)
    status = rramnas_search_add_constraint(s, "accuracy_chips <= 1e9", err);
  return status < 0 || !p->with_cache ? status : rramnas_search_set_cache_file(s, cache, err);
}

static int32_t
create(const problem *p, const rramnas_runtime *runtime, rramnas_search **ret_search, rramnas_error *err)
{
  static const char space[] = "schema: rramnas.space/1\nname: chips\ngenes:\n"
                              "- {name: noise.write_sigma, values: [0.05, 0.15, 0.3, 0.5, 0.8, 1.2]}\n"
                              "- {name: crossbar.cols, values: [32, 128]}\n"
                              "- {name: adc.bits, values: [4, 5, 6, 8]}\n";
  int32_t status = rramnas_search_load_buffer(space, strlen(space), "space.yaml", runtime, ret_search, err);

  return status < 0 ? status : prepare(*ret_search, p, runtime, err);
}

static rramnas_search *
prepared(const problem *p)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = NULL;

  check(create(p, NULL, &s, &err), &err);
  check(rramnas_search_set_history_file(s, history, &err), &err);
  return s;
}

static int32_t
start(rramnas_search *s, const problem *p, rramnas_error *err)
{
  rramnas_search_options o = RRAMNAS_SEARCH_OPTIONS_INIT;

  o.population = GENERATION;
  o.seed = p->seed;
  o.strategy = p->strategy;
  o.archive_capacity = p->archive_capacity;
  return rramnas_search_start(s, &o, err);
}

static rramnas_search *
started(const problem *p)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = prepared(p);

  check(start(s, p, &err), &err);
  return s;
}

/* The session's history; ends the session. */
static char *
history_after(rramnas_search *s)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_file file;
  char *text;

  rramnas_search_unref(s);
  check(rrn_file_open(&file, history, 1 << 20, &err), &err);
  text = calloc(file.size + 1, 1);
  assert_non_null(text);
  memcpy(text, file.data, file.size);
  rrn_file_close(&file);
  return text;
}

/* Ends the session, whose history has to be that. */
static void
assert_history(rramnas_search *s, const char *expected)
{
  char *found = history_after(s);

  assert_string_equal(found, expected);
  free(found);
}

/* --- what it is for --- */

/* Objectives, chips, and what was to be beaten, of a row. */
typedef struct row {
  double accuracy, area, chips, to_beat;
} row;

enum { MOST_ROWS = 80 };

static size_t
read_rows(const char *text, row rows[MOST_ROWS])
{
  const char *line;
  size_t n = 0;

  for (line = strchr(text, '\n'); line && line[1]; line = strchr(line + 1, '\n')) {
    row *r = &rows[n++];

    assert_in_range(n, 1, MOST_ROWS);
    r->to_beat = 0;
    assert_true(sscanf(line + 1, "%*d,%*d,feasible,0,%lf,%lf,%lf,%lf", &r->accuracy, &r->area, &r->chips, &r->to_beat) >= 3);
  }
  return n;
}

static size_t
rows_of(const problem *p, row rows[MOST_ROWS])
{
  rramnas_search *s = started(p);
  char *text;
  size_t n;

  run_saving(s, 0, 0, 2, checkpoint);
  assert_true(progress_of(s).exhausted);
  text = history_after(s);
  n = read_rows(text, rows);
  free(text);
  return n;
}

static int
dominates(const row *a, const row *b, double sense)
{
  return a->area <= b->area && sense * a->accuracy >= sense * b->accuracy &&
         (a->area < b->area || sense * a->accuracy > sense * b->accuracy);
}

static int
is_dominated(const row *rows, size_t n, size_t i, double sense)
{
  size_t k;

  for (k = 0; k < n; k++)
    if (dominates(&rows[k], &rows[i], sense))
      return 1;
  return 0;
}

/* All chips of the space, each with all of its trials and with fewer: the same front; those of fewer trials are not on it. */
static void
the_front_is_that_of_all_chips(void **state)
{
  static const struct {
    const char *figure;
    double sense;
  } figures[] = { { "accuracy", 1 }, { "accuracy_worst", 1 }, { "accuracy_drop", -1 } };
  size_t k, i;

  (void)state;
  for (k = 0; k < 3; k++) {
    const problem fewer = { .accuracy = figures[k].figure, .stop_dominated = 1, .strategy = RRAMNAS_STRATEGY_ENUMERATE };
    const problem full = { .accuracy = figures[k].figure, .strategy = RRAMNAS_STRATEGY_ENUMERATE };
    const double sense = figures[k].sense;
    row all[MOST_ROWS], some[MOST_ROWS];
    const size_t n = rows_of(&full, all);
    size_t chips = 0, on_front = 0;

    assert_int_equal(n, 48);
    assert_int_equal(rows_of(&fewer, some), n);
    for (i = 0; i < n; i++) {
      const int is_on = !is_dominated(all, n, i, sense);

      assert_int_equal(is_on, !is_dominated(some, n, i, sense));
      assert_int_equal(all[i].chips, CHIPS);
      if (some[i].chips < CHIPS)
        assert_true(!is_on && sense * some[i].accuracy < sense * some[i].to_beat);
      else
        assert_true(some[i].accuracy == all[i].accuracy);
      chips += (size_t)some[i].chips;
      on_front += (size_t)is_on;
    }
    print_message("%s: %zu of %zu chips, %zu on the front\n", figures[k].figure, chips, n * CHIPS, on_front);
    assert_in_range(on_front, 2, n / 2);
    assert_true(chips < n * CHIPS * 3 / 4);
  }
}

/* Where the front forgets points, what was ended for one of them does not come in its place. */
static void
a_full_front_takes_nobody_who_was_ended(void **state)
{
  problem p = usual;
  rramnas_search *s;
  double values[MOST_FIGURES];
  size_t i;

  (void)state;
  p.archive_capacity = 3;
  for (p.seed = 1; p.seed <= 3; p.seed++) {
    s = started(&p);
    run_saving(s, 5, 0, 2, checkpoint);
    for (i = 0; i < rramnas_search_front_count(s); i++) {
      assert_int_equal(rramnas_search_front(s, i, NULL, values), RRAMNAS_OK);
      assert_true(values[2] == CHIPS);
    }
    rramnas_search_unref(s);
  }
}

/* --- what it does not depend on --- */

static void
the_course_is_the_same(void **state)
{
  char *expected;
  rramnas_search *s = started(&usual);
  rramnas_error err = RRAMNAS_ERROR_INIT;
  int64_t some;

  (void)state;
  run_saving(s, 4, 0, 1, checkpoint);
  expected = history_after(s);
  assert_non_null(strstr(expected, ",accuracy_chips,accuracy_to_beat,"));
  s = started(&usual);
  run_saving(s, 4, 0, 2, checkpoint);
  assert_history(s, expected);
  s = started(&usual);
  run_saving(s, 4, 0, 3, checkpoint);
  assert_history(s, expected);
  for (some = 11; some < 30; some += 8) { /* in the middle of a generation */
    s = started(&usual);
    run_saving(s, 0, some, 2, checkpoint);
    rramnas_search_unref(s);
    s = prepared(&usual);
    check(rramnas_search_resume_file(s, checkpoint, &err), &err);
    run_saving(s, 4, 0, 1, checkpoint);
    assert_history(s, expected);
  }
  free(expected);
}

/* Workers are sessions of their own that are given the front; candidates come back one by one, the last one first. */
static void
those_who_judge_are_given_the_front(void **state)
{
  rramnas_search *s = started(&usual), *worker = started(&usual);
  double x[GENERATION * GENES], values[MOST_FIGURES], shortfall, front[2 * MOST_ROWS];
  char *expected;
  int64_t ids[GENERATION];
  size_t n, k, m;

  (void)state;
  run_saving(s, 4, 0, 1, checkpoint);
  expected = history_after(s);
  s = started(&usual);
  assert_int_equal(rramnas_search_generation_front(s, NULL), 0);
  while (progress_of(s).generation < 4) {
    assert_int_equal(rramnas_search_ask(s, GENERATION, x, ids, &n, NULL), RRAMNAS_OK);
    m = rramnas_search_generation_front(s, NULL);
    assert_in_range(m, 0, 2 * MOST_ROWS);
    assert_int_equal(rramnas_search_generation_front(s, front), m);
    assert_int_equal(rramnas_search_set_generation_front(worker, front, m, NULL), RRAMNAS_OK);
    for (k = n; k-- > 0;) {
      assert_int_equal(rramnas_search_evaluate(worker, x + k * GENES, 1, 1, values, &shortfall, NULL), RRAMNAS_OK);
      assert_int_equal(rramnas_search_tell(s, &ids[k], values, &shortfall, 1, NULL), RRAMNAS_OK);
      assert_int_equal(rramnas_search_generation_front(s, NULL), k ? m : rramnas_search_generation_front(s, NULL));
    }
  }
  assert_history(s, expected);
  rramnas_search_unref(worker);
  free(expected);
}

/* --- figures on disk --- */

static char *
history_of(const problem *p, int64_t *ret_cached)
{
  rramnas_search *s = started(p);

  run_saving(s, 4, 0, 2, checkpoint);
  *ret_cached = progress_of(s).cached;
  return history_after(s);
}

static void
assert_history_of(const problem *p, const char *expected, int64_t least, int64_t most)
{
  int64_t cached;
  char *found = history_of(p, &cached);

  assert_string_equal(found, expected);
  assert_in_range(cached, least, most);
  free(found);
}

static void
the_cache_changes_nothing(void **state)
{
  problem p = usual, other = usual, full = usual;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char *expected, *without;
  int64_t cached;
  rramnas_search *s = NULL;

  (void)state;
  p.with_cache = other.with_cache = 1;
  other.seed = 2;
  full.stop_dominated = 0;
  if (create(&p, NULL, &s, &err) == RRAMNAS_ERR_UNSUPPORTED) {
    rramnas_search_unref(s);
    skip();
  }
  rramnas_search_unref(s);
  remove_cache();
  expected = history_of(&usual, &cached);
  without = history_of(&full, &cached);
  full.with_cache = 1;
  assert_history_of(&p, expected, 0, 0);
  assert_history_of(&p, expected, 4 * GENERATION, 4 * GENERATION);
  assert_history_of(&full, without, 0, 0); /* what few chips say is not taken for the figure of all */
  remove_cache();
  free(history_of(&other, &cached));
  assert_history_of(&p, expected, 1, 4 * GENERATION - 1); /* thresholds differ */
  free(expected);
  free(without);
}

/* Two points: 0.9 at area 10, 0.5 at 5. */
static void
what_may_be_reused(void **state)
{
  static const double front[] = { -0.9, 10, -0.5, 5 };
  static const int32_t maximize[] = { 1, 0 };
  static const struct {
    double area, chips, to_beat;
    int may;
  } cases[] = {
    { 12, CHIPS, 0.9, 1 }, { 12, 3, 0.9, 1 }, { 12, 3, 0.8, 0 }, { 12, CHIPS, 0.8, 0 }, { 7, CHIPS, 0.9, 1 },
    { 7, 3, 0.9, 0 },      { 7, 3, 0.5, 1 },  { 4, 3, 0.5, 0 },  { 4, CHIPS, 0.5, 1 },  { 4, CHIPS, 0, 1 },
    { 12, CHIPS, 0, 0 },   { 12, NAN, NAN, 1 },
  };
  rrn_judge judge = { .o = { .trials = CHIPS } };
  rrn_evaluation e = { .judge = &judge };
  size_t i;

  (void)state;
  e.rivals = (rrn_rivals){ .m = 2, .on_chips = 0, .test = RRN_TEST_MEAN, .chips = 2, .to_beat = 3, .maximize = maximize,
                           .f = (double *)(uintptr_t)front, .n = 2 };
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    double values[] = { 0.4, cases[i].area, cases[i].chips, cases[i].to_beat };

    if (rrn_rivals_reuse(&e, values) != cases[i].may)
      fail_msg("case %zu", i);
  }
}

/* --- figures that are known and figures that are asked for --- */

static size_t
figure_of(const rramnas_search *s, const char *name)
{
  size_t j = 0;

  while (strcmp(rramnas_search_metric(s, j), name) != 0)
    j++;
  return j;
}

/* One bit is no converter of signed currents, and no weight: the chips fail, what was measured before does not. */
static void
what_failed_takes_nothing_with_it(void **state)
{
  static const char space[] = "schema: rramnas.space/1\nname: chips\ngenes:\n"
                              "- {name: weight.bits, values: [1, 8]}\n- {name: adc.bits, values: [1, 8]}\n";
  /* in floats, in integers, on chips */
  static const int known[4][3] = { { 1, 0, 0 }, { 1, 0, 0 }, { 1, 1, 0 }, { 1, 1, 1 } };
  static const char *const figures[] = { "accuracy_digital", "accuracy_quantized", "accuracy" };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  double values[MOST_FIGURES], shortfall;
  rramnas_search *s;
  problem p = usual;
  int k, j;

  (void)state;
  for (p.stop_dominated = 0; p.stop_dominated < 2; p.stop_dominated++) {
    s = NULL;
    check(rramnas_search_load_buffer(space, strlen(space), "space.yaml", NULL, &s, &err), &err);
    check(prepare(s, &p, NULL, &err), &err);
    check(rramnas_search_add_constraint(s, "accuracy_digital >= 0", &err), &err);
    check(rramnas_search_add_constraint(s, "accuracy_quantized >= 0", &err), &err);
    check(start(s, &p, &err), &err);
    for (k = 0; k < 4; k++) {
      const double x[2] = { k / 2, k % 2 };

      check(rramnas_search_evaluate(s, x, 1, 1, values, &shortfall, &err), &err);
      for (j = 0; j < 3; j++)
        if (isfinite(values[figure_of(s, figures[j])]) != known[k][j])
          fail_msg("stop_dominated %d, candidate %d: %s is %g", (int)p.stop_dominated, k, figures[j],
                   values[figure_of(s, figures[j])]);
    }
    rramnas_search_unref(s);
  }
}

/* Those that stop_dominated brings go with it, unless somebody else wants them. */
static void
figures_of_chips_go_with_the_rule(void **state)
{
  problem p = usual;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = NULL;

  (void)state;
  check(create(&p, NULL, &s, &err), &err);
  check(rramnas_search_add_constraint(s, "latency_ns <= 1e12", &err), &err);
  assert_int_equal(rramnas_search_metric_count(s), 5);
  p.stop_dominated = 0;
  check(set_accuracy(s, &p, &err), &err);
  assert_int_equal(rramnas_search_metric_count(s), 3);
  assert_string_equal(rramnas_search_metric(s, 2), "latency_ns");
  p.stop_dominated = 1;
  check(set_accuracy(s, &p, &err), &err);
  check(rramnas_search_add_constraint(s, "accuracy_to_beat >= 0", &err), &err);
  p.stop_dominated = 0;
  check(set_accuracy(s, &p, &err), &err);
  assert_int_equal(rramnas_search_metric_count(s), 4);
  assert_string_equal(rramnas_search_metric(s, 3), "accuracy_to_beat");
  check(start(s, &p, &err), &err);
  run(s, 1, 0, 1);
  assert_int_equal(progress_of(s).infeasible, 0); /* constraints still name their figures */
  assert_true(progress_of(s).front > 0);
  rramnas_search_unref(s);
}

/* --- what is refused --- */

static void
assert_refused(const char *const *objectives, size_t n, double stop_below, const char *part)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  problem p = usual;
  rramnas_search *s = NULL;
  size_t i;

  p.accuracy = objectives[0];
  p.stop_below = stop_below;
  check(create(&p, NULL, &s, &err), &err);
  for (i = 1; i < n; i++)
    check(rramnas_search_add_objective(s, objectives[i], 0, &err), &err);
  assert_int_equal(start(s, &p, &err), RRAMNAS_ERR_ARGUMENT);
  if (!strstr(err.message, part))
    fail_msg("no \"%s\" in %s", part, err.message);
  rramnas_search_unref(s);
}

static void
others_are_refused(void **state)
{
  static const char *const low[] = { "accuracy_low" }, *const floats[] = { "accuracy_digital" },
    *const two[] = { "accuracy", "accuracy_worst" }, *const callers[] = { "accuracy", "beauty" },
    *const worst[] = { "accuracy_worst" };
  const double value = 1;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  problem p = usual;
  rramnas_search *s;

  (void)state;
  assert_refused(low, 1, 0, "accuracy_low");
  assert_refused(worst, 1, 0.5, "accuracy_worst goes without stop_below");
  assert_refused(floats, 1, 0, "no objective is measured on chips");
  assert_refused(two, 2, 0, "expected one");
  assert_refused(callers, 2, 0, "\"beauty\" is the caller's");
  s = started(&usual);
  assert_int_equal(rramnas_search_set_generation_front(s, &value, 1, &err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_search_set_generation_front(s, NULL, 2, &err), RRAMNAS_ERR_ARGUMENT);
  rramnas_search_unref(s);
  p.stop_dominated = 0;
  s = started(&p);
  assert_int_equal(rramnas_search_set_generation_front(s, &value, 0, &err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_search_generation_front(s, NULL), 0);
  rramnas_search_unref(s);
}

/* --- memory --- */

static int32_t
one_search(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  static const double front[] = { 0.9, 1 };
  const problem p = { .stop_dominated = 1, .images = 1 };
  const double x[GENES] = { 0, 0, 0 };
  double values[MOST_FIGURES], shortfall;
  rramnas_search *s = NULL;
  int32_t status = create(&p, runtime, &s, err);

  (void)user;
  if (status >= 0)
    status = start(s, &p, err);
  if (status >= 0)
    status = rramnas_search_set_generation_front(s, front, 2, err);
  if (status >= 0)
    status = rramnas_search_evaluate(s, x, 1, 1, values, &shortfall, err);
  rramnas_search_unref(s);
  return status;
}

static void
memory_may_run_out_anywhere(void **state)
{
  (void)state;
  assert_true(oom_until_success(one_search, NULL, 7, 1) > 10);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(the_front_is_that_of_all_chips),
    cmocka_unit_test(a_full_front_takes_nobody_who_was_ended),
    cmocka_unit_test(the_course_is_the_same),
    cmocka_unit_test(those_who_judge_are_given_the_front),
    cmocka_unit_test(the_cache_changes_nothing),
    cmocka_unit_test(what_may_be_reused),
    cmocka_unit_test(what_failed_takes_nothing_with_it),
    cmocka_unit_test(figures_of_chips_go_with_the_rule),
    cmocka_unit_test(others_are_refused),
    cmocka_unit_test(memory_may_run_out_anywhere),
  };

  return cmocka_run_group_tests(tests, set_up, tear_down);
}
