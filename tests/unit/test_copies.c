/* SPDX-License-Identifier: MIT */
/* Copies of a layer with errors of their own: each position has the product of the copy that takes it, bit for bit that of
 * a chip which has this copy alone. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <xxhash.h>

#include "accuracy/accuracy.h"
#include "infer.h"
#include "oom.h"
#include "util/runtime.h"

/* More images than lanes; several full groups of them. */
enum { IMAGES = 17, MANY = 51, MOST_COPIES = 5, MOST_LAYERS = 16, MOST_GROUPS = 96, SEED = 5, TRIAL = 2 };

static void
check(int32_t status, const rramnas_error *err)
{
  if (status < 0)
    fail_msg("%s", err->message);
}

/* --- a network on chips --- */

typedef struct bench {
  planned p;
  rrn_rt rt;
  rrn_quantised q;
  rramnas_hw *hw;
  float *images;
  size_t n_out;
  rrn_turn turns[MOST_LAYERS][MOST_GROUPS];
} bench;

static void
close_bench(bench *b)
{
  rrn_quantised_release(&b->q);
  planned_free(&b->p);
  rramnas_hw_unref(b->hw);
  free(b->images);
}

/* `name` below tests/data/infer; `fields` of the chip. */
static int32_t
open_bench(const char *name, const char *fields, const rramnas_runtime *runtime, bench *b, rramnas_error *err)
{
  rrn_layer_bits bits[MOST_LAYERS];
  uint32_t random = 1;
  char text[512];
  size_t i, n;
  int32_t status;

  memset(b, 0, sizeof(*b));
  snprintf(text, sizeof(text), "infer/%s.onnx", name);
  if ((status = rrn_rt_init(&b->rt, runtime, err)) < 0 || (status = planned_onnx(text, runtime, &b->p, err)) < 0)
    return status;
  n = rrn_infer_n_in(b->p.plan) * MANY;
  b->n_out = rrn_infer_n_out(b->p.plan) * MANY;
  b->images = malloc(n * sizeof(*b->images));
  for (i = 0; b->images && i < n; i++) {
    random = random * 1664525u + 1013904223u;
    b->images[i] = (float)(random >> 8) / (float)(1 << 23) - 1;
  }
  snprintf(text, sizeof(text), "schema: rramnas.hardware/1\n%s", fields);
  for (i = 0; i < MOST_LAYERS; i++)
    bits[i] = (rrn_layer_bits){ 8, 8 };
  if ((status = rramnas_hw_load_buffer(text, strlen(text), "chip", RRAMNAS_HW_FORMAT_YAML, runtime, &b->hw, err)) < 0)
    return status;
  return rrn_quantise(&b->rt, b->p.plan, bits, rramnas_net_layer_count(b->p.net), b->images, 4, &b->q, err);
}

static void
set_copies(bench *b, size_t n_copies)
{
  size_t i;

  for (i = 0; i < b->q.n; i++)
    b->q.layers[i].n_copies = n_copies;
}

/* Groups of a piece are read in turns, up to `most` of them; not all pieces have as many. */
static void
set_turns(bench *b, uint32_t most)
{
  size_t i, g;

  for (i = 0; i < b->q.n; i++) {
    assert_true(i < MOST_LAYERS && b->q.layers[i].shape.n_groups <= MOST_GROUPS);
    for (g = 0; g < b->q.layers[i].shape.n_groups; g++)
      b->turns[i][g] = (rrn_turn){ (uint32_t)g % (g < 2 ? most : 2), g < 2 ? most : 2 };
    b->q.layers[i].turns = b->q.layers[i].shape.n_groups > 1 ? b->turns[i] : NULL;
  }
}

static const rrn_chip_options usual = { .seed = SEED, .trial = TRIAL };

static rrn_chip *
program(const bench *b, const rrn_chip_options *o)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_chip *chip = NULL;

  check(rrn_chip_program(&b->rt, &b->q, b->hw, o, &chip, &err), &err);
  return chip;
}

static float *
run(const bench *b, const rrn_infer_backend *backend, size_t first, size_t n, int32_t n_threads)
{
  float *y = malloc(b->n_out * sizeof(*y));
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_infer_backend from = *backend;

  assert_non_null(y);
  from.first_image += first;
  check(rrn_infer_run(b->p.plan, &from, b->images + first * rrn_infer_n_in(b->p.plan), n, n_threads, y, &err), &err);
  return y;
}

/* --- by definition --- */

/* Copy k is a chip of its own, whose seed is made of k. */
typedef struct dealt {
  const bench *b;
  rrn_chip *chips[MOST_COPIES];
  size_t n_copies;
} dealt;

static void
program_each(const bench *b, dealt *d, size_t n_copies)
{
  size_t k;

  *d = (dealt){ .b = b, .n_copies = n_copies };
  for (k = 0; k < n_copies; k++) {
    const uint64_t number = k;
    rrn_chip_options o = usual;

    o.seed = k ? XXH3_64bits_withSeed(&number, sizeof(number), SEED) : SEED;
    d->chips[k] = program(b, &o);
  }
}

/* Activations are dealt one after the other: the first ones take one more. */
static size_t
owner_of(size_t activation, size_t n, size_t n_copies)
{
  size_t k, end = 0;

  for (k = 0;; k++) {
    end += n / n_copies + (k < n % n_copies);
    if (activation < end)
      return k;
  }
}

static int32_t
multiply_dealt(void *user, const rrn_infer_block *b, rramnas_error *err)
{
  const dealt *d = user;
  const rrn_quantised_layer *l = &d->b->q.layers[b->layer];
  const rrn_turn turn = l->turns ? l->turns[b->group] : (rrn_turn){ 0, 1 };
  const size_t n = l->shape.n_positions * turn.n_turns;
  int32_t status = RRAMNAS_OK;
  size_t p;

  for (p = 0; p < b->n_positions && status >= 0; p++) {
    const size_t activation = (b->first_position + p) * turn.n_turns + turn.turn;
    const rrn_infer_backend *chip = rrn_chip_backend(d->chips[owner_of(activation, n, d->n_copies)]);
    rrn_infer_block one = *b;

    one.first_position += p;
    one.n_positions = 1;
    one.x += p * b->x_position;
    one.y += p * b->y_position;
    status = chip->multiply(chip->user, &one, err);
  }
  return status;
}

/* --- tests --- */

static const char *const kinds[] = { "conv", "conv_uneven", "conv_groups", "conv_depthwise", "conv_pointwise",
                                     "conv_pointwise_stride", "conv_1d", "gemm", "matmul", "matmul_left", "net_mobile" };
static const char *const chips[] = {
  "noise: {write_model: relative, write_sigma: 0.2}\nadc: {bits: 6}\n",
  "noise: {write_model: relative, write_sigma: 0.2, read_model: relative, read_sigma: 0.3}\n",
  ("noise: {write_model: relative, write_sigma: 0.2, drift_exponent: 0.05, compensation: column}\n"
   "adc: {unit_sigma: 0.1}\ncrossbar: {ir_drop: attenuated}\n"),
};
enum { N_KINDS = sizeof(kinds) / sizeof(kinds[0]), N_CHIPS = sizeof(chips) / sizeof(chips[0]) };

static int64_t
conversions_of(const bench *b, const rrn_chip *chip)
{
  int64_t n = 0;
  size_t i;

  for (i = 0; i < b->q.n; i++)
    n += rrn_chip_stats(chip, i).conversions;
  return n;
}

static void
assert_equal(const bench *b, float *found, const float *expected, size_t n, const char *what)
{
  const size_t each = rrn_infer_n_out(b->p.plan);

  if (memcmp(found, expected, n * each * sizeof(*found)) != 0)
    fail_msg("%s differ", what);
  free(found);
}

/* The same, on three threads, and in two parts. */
static void
assert_copies(bench *b, size_t n_copies, const char *kind, size_t i)
{
  const rrn_infer_backend by_definition = { .multiply = multiply_dealt };
  rrn_infer_backend expect = by_definition;
  float *expected, *found;
  rrn_chip *chip;
  char what[64];
  dealt d;

  set_copies(b, 1);
  program_each(b, &d, n_copies);
  expect.user = &d;
  expected = run(b, &expect, 0, IMAGES, 1);
  set_copies(b, n_copies);
  chip = program(b, &usual);
  snprintf(what, sizeof(what), "%s, chip %zu, %zu copies", kind, i, n_copies);
  found = run(b, rrn_chip_backend(chip), 0, IMAGES, 1);
  assert_equal(b, found, expected, IMAGES, what);
  found = run(b, rrn_chip_backend(chip), 0, IMAGES, 3);
  assert_equal(b, found, expected, IMAGES, what);
  found = run(b, rrn_chip_backend(chip), 0, 7, 1);
  assert_equal(b, found, expected, 7, what);
  found = run(b, rrn_chip_backend(chip), 7, IMAGES - 7, 1);
  assert_equal(b, found, expected + 7 * rrn_infer_n_out(b->p.plan), IMAGES - 7, what);
  free(expected);
  rrn_chip_free(chip);
  while (n_copies-- > 0)
    rrn_chip_free(d.chips[n_copies]);
}

static void
each_position_has_its_copy(void **state)
{
  static const size_t n_copies[] = { 2, MOST_COPIES };
  size_t i, k, c;

  (void)state;
  for (k = 0; k < N_KINDS; k++)
    for (i = 0; i < N_CHIPS; i++) {
      rramnas_error err = RRAMNAS_ERROR_INIT;
      bench b;

      check(open_bench(kinds[k], chips[i], NULL, &b, &err), &err);
      for (c = i > 0; c < sizeof(n_copies) / sizeof(n_copies[0]); c++)
        assert_copies(&b, n_copies[c], kinds[k], i);
      close_bench(&b);
    }
}

typedef struct counted {
  rrn_xbar_stats layers[MOST_LAYERS];
} counted;

static counted
count(const bench *b, const rrn_chip *chip)
{
  counted c = { 0 };
  size_t i;

  for (i = 0; i < b->q.n; i++)
    c.layers[i] = rrn_chip_stats(chip, i);
  return c;
}

/* Conversions and clips of the whole are those of the parts, which were added to them. */
static int64_t
assert_twice(const bench *b, const counted *once, const counted *twice)
{
  int64_t clips = 0;
  size_t i;

  for (i = 0; i < b->q.n; i++) {
    const rrn_xbar_stats *o = &once->layers[i], *t = &twice->layers[i];

    assert_int_equal(t->conversions, 2 * o->conversions);
    assert_int_equal(t->clipped_low, 2 * o->clipped_low);
    assert_int_equal(t->clipped_high, 2 * o->clipped_high);
    clips += o->clipped_low + o->clipped_high;
  }
  return clips;
}

/* Groups of images that go through a layer together, and one by one: how many do, and clips. */
static void
assert_together(const char *kind, const char *fields, int only_some, size_t *n_together, int64_t *clips)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  counted once, twice;
  rrn_chip *chip;
  size_t first;
  float *all;
  bench b;

  check(open_bench(kind, fields, NULL, &b, &err), &err);
  set_copies(&b, 3);
  for (first = 0; only_some && first < b.q.n; first += 2)
    b.q.layers[first].n_copies = 1;
  set_turns(&b, 2);
  chip = program(&b, &usual);
  *n_together += rrn_chip_backend(chip)->n_blocks > 1;
  all = run(&b, rrn_chip_backend(chip), 0, MANY, 1);
  once = count(&b, chip);
  for (first = 0; first < MANY; first += RRN_INFER_LANES) {
    const size_t n = MANY - first < RRN_INFER_LANES ? MANY - first : RRN_INFER_LANES;

    assert_equal(&b, run(&b, rrn_chip_backend(chip), first, n, 1), all + first * rrn_infer_n_out(b.p.plan), n, kind);
  }
  twice = count(&b, chip);
  *clips += assert_twice(&b, &once, &twice);
  free(all);
  rrn_chip_free(chip);
  close_bench(&b);
}

static void
images_may_be_taken_together(void **state)
{
  size_t i, k, n_together = 0;
  int64_t clips = 0;

  (void)state;
  for (k = 0; k < N_KINDS; k++)
    for (i = 0; i < (k == 0 ? N_CHIPS : 2); i++)
      assert_together(kinds[k], chips[i], 0, &n_together, &clips);
  assert_true(n_together >= 12 && clips > 1000);
}

/* Layers of one copy take fewer groups at a time than others. */
static void
layers_differ_in_how_many_are_taken(void **state)
{
  size_t i, n_together = 0;
  int64_t clips = 0;

  (void)state;
  for (i = 0; i < N_CHIPS; i++)
    assert_together("net_mobile", chips[i], 1, &n_together, &clips);
  assert_true(n_together == N_CHIPS && clips > 100);
}

typedef struct asked {
  const rrn_infer_backend *chip;
  int32_t n;
} asked;

static int32_t
multiply_block(void *user, const rrn_infer_block *block, rramnas_error *err)
{
  const asked *a = user;

  return a->chip->multiply(a->chip->user, block, err);
}

static int32_t
multiply_asked(void *user, const rrn_infer_whole *w, rramnas_error *err)
{
  asked *a = user;

  a->n += w->x_bytes && w->y_bytes;
  return a->chip->multiply_whole(a->chip->user, w, err);
}

static int
takes_bytes(void *user, int32_t layer)
{
  const asked *a = user;

  return a->chip->takes_bytes(a->chip->user, layer);
}

/* Bytes that go from layer to layer are what floats between them would have become. */
static void
layers_hand_over(void **state)
{
  size_t i, k;

  (void)state;
  for (i = 0; i < 4; i++) {
    rramnas_error err = RRAMNAS_ERROR_INIT;
    asked bytes = { NULL, 0 }, floats = { NULL, 0 };
    rrn_infer_backend backend;
    float *expected;
    rrn_chip *chip;
    bench b;

    check(open_bench("../onnx/digits_cnn", chips[i % 2], NULL, &b, &err), &err);
    set_copies(&b, 3);
    set_turns(&b, i < 2 ? 1 : 2);
    for (k = 0; i % 2 == 1 && k < b.q.n; k += 5)
      b.q.layers[k].n_copies = 1;
    chip = program(&b, &usual);
    bytes.chip = floats.chip = rrn_chip_backend(chip);
    backend = *bytes.chip;
    backend.multiply = multiply_block;
    backend.multiply_whole = multiply_asked;
    backend.takes_bytes = NULL;
    backend.user = &floats;
    expected = run(&b, &backend, 0, MANY, 1);
    backend.takes_bytes = takes_bytes;
    backend.user = &bytes;
    assert_equal(&b, run(&b, &backend, 0, MANY, 1), expected, MANY, chips[i % 2]);
    assert_int_equal(floats.n, 0);
    assert_int_equal(bytes.n, i % 2 ? 2 : 3);
    free(expected);
    rrn_chip_free(chip);
    close_bench(&b);
  }
}

/* Groups that take turns: each copy takes some of them at a position. */
static void
turns_are_dealt_too(void **state)
{
  static const char *const grouped[] = { "conv_groups", "conv_depthwise", "net_mobile" };
  size_t i, k;

  (void)state;
  for (k = 0; k < sizeof(grouped) / sizeof(grouped[0]); k++)
    for (i = 0; i < N_CHIPS; i++) {
      rramnas_error err = RRAMNAS_ERROR_INIT;
      bench b;

      check(open_bench(grouped[k], chips[i], NULL, &b, &err), &err);
      set_turns(&b, 3 + (uint32_t)i);
      assert_copies(&b, MOST_COPIES, grouped[k], i);
      close_bench(&b);
    }
}

/* All bits, and all conversions, where cells are as they should be. */
static void
copies_without_errors_change_nothing(void **state)
{
  size_t k;

  (void)state;
  for (k = 0; k < N_KINDS; k++) {
    rramnas_error err = RRAMNAS_ERROR_INIT;
    float *expected;
    rrn_chip *one, *many;
    bench b;

    check(open_bench(kinds[k], "adc: {bits: 6}\n", NULL, &b, &err), &err);
    one = program(&b, &usual);
    expected = run(&b, rrn_chip_backend(one), 0, IMAGES, 1);
    set_copies(&b, MOST_COPIES);
    many = program(&b, &usual);
    assert_equal(&b, run(&b, rrn_chip_backend(many), 0, IMAGES, 1), expected, IMAGES, kinds[k]);
    assert_true(conversions_of(&b, many) == conversions_of(&b, one));
    free(expected);
    rrn_chip_free(one);
    rrn_chip_free(many);
    close_bench(&b);
  }
}

/* More copies than positions: those beyond are not there; and copies do differ. */
static void
copies_beyond_the_positions_stay_idle(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  float *one, *all, *more;
  rrn_chip *chip;
  bench b;

  (void)state;
  check(open_bench("conv", chips[0], NULL, &b, &err), &err);
  chip = program(&b, &usual);
  one = run(&b, rrn_chip_backend(chip), 0, IMAGES, 1);
  rrn_chip_free(chip);
  set_copies(&b, b.q.layers[0].shape.n_positions);
  chip = program(&b, &usual);
  all = run(&b, rrn_chip_backend(chip), 0, IMAGES, 1);
  rrn_chip_free(chip);
  set_copies(&b, SIZE_MAX);
  chip = program(&b, &usual);
  more = run(&b, rrn_chip_backend(chip), 0, IMAGES, 1);
  rrn_chip_free(chip);
  assert_memory_not_equal(one, all, IMAGES * rrn_infer_n_out(b.p.plan) * sizeof(*one));
  assert_equal(&b, more, all, IMAGES, "copies beyond the positions");
  free(one);
  free(all);
  close_bench(&b);
}

/* --- what a mapping says --- */

enum { DIGITS_LAYERS = 12 };

static int32_t
map_digits(int32_t copies, const rramnas_runtime *runtime, rramnas_mapping **ret, rramnas_error *err)
{
  static const char text[] = "schema: rramnas.hardware/1\nnoise: {write_model: relative, write_sigma: 0.3}\n";
  int32_t each[DIGITS_LAYERS];
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_hw *hw = NULL;
  rramnas_net *net = NULL;
  char path[1024];
  int32_t status;
  size_t i;

  for (i = 0; i < DIGITS_LAYERS; i++)
    each[i] = copies;
  o.policy = RRAMNAS_POLICY_RNC;
  o.crossbars = RRAMNAS_CROSSBARS_AUTO;
  o.copies = each;
  o.n_copies = DIGITS_LAYERS;
  status = rramnas_hw_load_buffer(text, strlen(text), "chip", RRAMNAS_HW_FORMAT_YAML, runtime, &hw, err);
  if (status >= 0)
    status = rramnas_net_load_file(data_path("onnx/digits_cnn.onnx", path), NULL, runtime, &net, err);
  if (status >= 0)
    status = rramnas_compile(hw, net, &o, runtime, ret, err);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
  return status;
}

enum { TRIALS = 2 };

static void
measure(int32_t copies, int32_t alike, double trials[TRIALS])
{
  rramnas_accuracy_options o = RRAMNAS_ACCURACY_OPTIONS_INIT;
  rramnas_accuracy a = RRAMNAS_ACCURACY_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = NULL;
  char onnx[1024], data[1024];

  o.weights = data_path("onnx/digits_cnn.onnx", onnx);
  o.data = data_path("digits/digits_8x8.yaml", data);
  o.images = 16;
  o.trials = TRIALS;
  o.copies_alike = alike;
  check(map_digits(copies, NULL, &m, &err), &err);
  check(rramnas_mapping_get_accuracy(m, &o, &a, trials, &err), &err);
  rramnas_mapping_unref(m);
}

static void
a_mapping_says_how_many(void **state)
{
  double one[TRIALS], one_alike[TRIALS], four[TRIALS], four_alike[TRIALS];

  (void)state;
  measure(1, 0, one);
  measure(1, 1, one_alike);
  measure(4, 0, four);
  measure(4, 1, four_alike);
  assert_memory_equal(one, one_alike, sizeof(one));
  assert_memory_equal(one, four_alike, sizeof(one));
  assert_memory_not_equal(one, four, sizeof(one));
}

/* --- memory --- */

static int32_t
program_copies(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  rrn_chip *chip = NULL;
  float *y;
  bench b;
  int32_t status = open_bench(user, chips[1], runtime, &b, err);

  set_copies(&b, 3);
  if (status >= 0)
    status = rrn_chip_program(&b.rt, &b.q, b.hw, &usual, &chip, err);
  y = malloc((b.n_out + 1) * sizeof(*y));
  if (status >= 0)
    status = rrn_infer_run(b.p.plan, rrn_chip_backend(chip), b.images, 1, 1, y, err);
  free(y);
  rrn_chip_free(chip);
  close_bench(&b);
  return status;
}

static void
memory_may_run_out_anywhere(void **state)
{
  static char small[] = "conv_depthwise", large[] = "conv";

  (void)state;
  assert_true(oom_until_success(program_copies, small, 3, 1) > 10);
  assert_true(oom_until_success(program_copies, large, 3, 1) > 10);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_position_has_its_copy),
    cmocka_unit_test(layers_hand_over),
    cmocka_unit_test(turns_are_dealt_too),
    cmocka_unit_test(images_may_be_taken_together),
    cmocka_unit_test(layers_differ_in_how_many_are_taken),
    cmocka_unit_test(copies_without_errors_change_nothing),
    cmocka_unit_test(copies_beyond_the_positions_stay_idle),
    cmocka_unit_test(a_mapping_says_how_many),
    cmocka_unit_test(memory_may_run_out_anywhere),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
