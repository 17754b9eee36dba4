/* SPDX-License-Identifier: MIT */
/* Networks on crossbars: error-free arrays give the integer product bit for bit; errors are the same at any number of
 * threads; the digits keep their accuracy on eight bits. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "accuracy/accuracy.h"
#include "data/data.h"
#include "infer.h"
#include "oom.h"
#include "util/runtime.h"

enum { N_TEST = 360, N_SAMPLE = 32, MOST_LAYERS = 64 };

typedef struct digits {
  planned p;
  rrn_rt rt;
  rrn_data *data;
  float *images, *sample; /* as the network takes them */
  int32_t labels[N_TEST];
  rrn_quantised q;
  rramnas_hw *hw;
} digits;

static void
check(int32_t status, const rramnas_error *err)
{
  if (status < 0)
    fail_msg("%s", err->message);
}

/* The network takes 8 x 8 pixels, each its sixteenth. */
static float *
read_part(const rrn_data *data, rrn_data_part part, size_t n, int32_t *labels)
{
  float *images = malloc(n * 64 * sizeof(*images));
  rramnas_error err = RRAMNAS_ERROR_INIT;

  assert_non_null(images);
  check(rrn_data_read(data, part, 0, n, images, labels, &err), &err);
  return images;
}

static const char data_yaml[] =
  "schema: rramnas.data/1\nname: digits\nformat: idx\n"
  "train: {images: train-images.idx3-ubyte, labels: train-labels.idx1-ubyte}\n"
  "test: {images: test-images.idx3-ubyte, labels: test-labels.idx1-ubyte}\nclasses: 10\nscale: 0.0625\n";

static void
quantise(digits *d, int32_t weight_bits, int32_t input_bits)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  const size_t n = rramnas_net_layer_count(d->p.net);
  rrn_layer_bits bits[MOST_LAYERS];
  size_t i;

  assert_in_range(n, 1, MOST_LAYERS);
  for (i = 0; i < n; i++)
    bits[i] = (rrn_layer_bits){ weight_bits, input_bits };
  rrn_quantised_release(&d->q);
  check(rrn_quantise(&d->rt, d->p.plan, bits, n, d->sample, N_SAMPLE, &d->q, &err), &err);
}

static int
setup(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  digits *d = calloc(1, sizeof(*d));
  char folder[1024];

  assert_non_null(d);
  check(rrn_rt_init(&d->rt, NULL, &err), &err);
  check(planned_onnx("onnx/digits_cnn.onnx", NULL, &d->p, &err), &err);
  check(rrn_data_parse(data_yaml, sizeof(data_yaml) - 1, "digits", data_path("digits", folder), NULL, &d->data, &err), &err);
  assert_int_equal(rrn_data_count(d->data, RRN_DATA_TEST), N_TEST);
  d->images = read_part(d->data, RRN_DATA_TEST, N_TEST, d->labels);
  d->sample = read_part(d->data, RRN_DATA_TRAIN, N_SAMPLE, NULL);
  check(rramnas_hw_create_default(NULL, &d->hw, &err), &err);
  quantise(d, 8, 8);
  *state = d;
  return 0;
}

static int
teardown(void **state)
{
  digits *d = *state;

  rrn_quantised_release(&d->q);
  planned_free(&d->p);
  rramnas_hw_unref(d->hw);
  rrn_data_free(d->data);
  free(d->images);
  free(d->sample);
  free(d);
  return 0;
}

/* --- the integer network, by its definition --- */

static int32_t
multiply_integers(void *user, const rrn_infer_block *b, rramnas_error *err)
{
  const rrn_quantised *q = user;
  const rrn_quantised_layer *l = &q->layers[b->layer];
  const size_t row = (size_t)b->group * b->n_out;
  size_t out, in, p;
  int32_t lane;

  (void)err;
  for (out = 0; out < b->n_out; out++)
    for (p = 0; p < b->n_positions; p++)
      for (lane = 0; lane < b->n_images; lane++) {
        int64_t sum = 0;

        for (in = 0; in < b->n_in; in++) {
          int32_t x;

          rrn_quantise_inputs(l, b->x + in * b->x_row + p * b->x_position + (size_t)lane, 1, &x);
          sum += (int64_t)l->weights[(row + out) * b->n_in + in] * (x - l->x_zero);
        }
        b->y[out * b->y_row + p * b->y_position + (size_t)lane] = (float)((double)l->unit[row + out] * (double)sum);
      }
  return RRAMNAS_OK;
}

static void
error_free_chips_are_integer_networks(void **state)
{
  enum { FEW = 100 };
  static float expected[FEW][10], found[FEW][10];
  static const int32_t bits[][2] = { { 8, 8 }, { 4, 4 }, { 3, 6 } };
  const rrn_chip_options ideal = { .is_ideal = 1 };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  digits *d = *state;
  size_t i;

  for (i = 0; i < sizeof(bits) / sizeof(bits[0]); i++) {
    const rrn_infer_backend integers = { .multiply = multiply_integers, .user = &d->q };
    rrn_chip *chip;

    quantise(d, bits[i][0], bits[i][1]);
    check(rrn_infer_run(d->p.plan, &integers, d->images, FEW, 0, expected[0], &err), &err);
    check(rrn_chip_program(&d->rt, &d->q, d->hw, &ideal, &chip, &err), &err);
    check(rrn_infer_run(d->p.plan, rrn_chip_backend(chip), d->images, FEW, 0, found[0], &err), &err);
    rrn_chip_free(chip);
    assert_memory_equal(expected, found, sizeof(expected));
  }
  quantise(d, 8, 8);
}

static rrn_trials
trials_of(const digits *d, int32_t n_threads)
{
  return (rrn_trials){ .plan = d->p.plan, .q = &d->q, .hw = d->hw, .images = d->images, .labels = d->labels,
                       .n_images = N_TEST, .n_threads = n_threads };
}

static void
eight_bits_keep_the_accuracy(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  const digits *d = *state;
  rrn_trials t = trials_of(d, 0);
  rrn_trials_result result;
  int32_t digital, ideal;

  t.chip.is_ideal = 1;
  check(rrn_trials_digital(&t, &digital, &err), &err);
  check(rrn_trials_run(&d->rt, &t, 1, &ideal, &result, &err), &err);
  print_message("floats %d, 8 bits %d of %d right\n", (int)digital, (int)ideal, N_TEST);
  assert_int_equal(digital, 353);
  assert_in_range(ideal, 350, 356);
}

/* The default chip with a write error. */
static rramnas_hw *
noisy_chip(const char *write_sigma)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_hw *hw;
  char text[256];

  snprintf(text, sizeof(text), "schema: rramnas.hardware/1\nnoise: {write_model: relative, write_sigma: %s}\n", write_sigma);
  check(rramnas_hw_load_buffer(text, strlen(text), "noisy", RRAMNAS_HW_FORMAT_YAML, NULL, &hw, &err), &err);
  return hw;
}

static double
mean_of(const int32_t *right, size_t n, size_t n_images)
{
  double sum = 0;
  size_t i;

  for (i = 0; i < n; i++)
    sum += right[i];
  return sum / (double)n / (double)n_images;
}

static void
errors_cost_accuracy_and_nothing_else_does(void **state)
{
  enum { CHIPS = 3, FEW = 16 };
  static const char *const sigmas[] = { "0.02", "0.3", "1.5" };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  digits *d = *state;
  double before = 1;
  size_t i;

  for (i = 0; i < sizeof(sigmas) / sizeof(sigmas[0]); i++) {
    int32_t one[CHIPS], three[CHIPS], last;
    rrn_trials t = trials_of(d, 1);
    rrn_trials_result stats, stats3;
    rramnas_hw *hw = noisy_chip(sigmas[i]);

    t.hw = hw;
    t.n_images = FEW;
    t.chip.seed = 7;
    check(rrn_trials_run(&d->rt, &t, CHIPS, one, &stats, &err), &err);
    t.n_threads = 3;
    check(rrn_trials_run(&d->rt, &t, CHIPS, three, &stats3, &err), &err);
    assert_memory_equal(one, three, sizeof(one));
    assert_memory_equal(&stats, &stats3, sizeof(stats));
    t.chip.trial = CHIPS - 1;
    check(rrn_trials_run(&d->rt, &t, 1, &last, &stats3, &err), &err);
    assert_int_equal(last, one[CHIPS - 1]);
    print_message("write error %s: %.4f of the images right\n", sigmas[i], mean_of(one, CHIPS, FEW));
    assert_true(mean_of(one, CHIPS, FEW) <= before + 0.1);
    before = mean_of(one, CHIPS, FEW);
    rramnas_hw_unref(hw);
  }
  assert_true(before < 0.9);
}

/* Chips that end early are the first of all, whatever the threads; so is what their converters did. */
static void
ended_runs_depend_on_no_threads(void **state)
{
  enum { CHIPS = 12, FEW = 32 };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  digits *d = *state;
  rramnas_hw *hw = noisy_chip("0.4");
  rrn_trials t = trials_of(d, 2);
  rrn_trials_result whole, some, first;
  int32_t all[CHIPS], right[CHIPS], threads;

  t.hw = hw;
  t.n_images = FEW;
  check(rrn_trials_run(&d->rt, &t, CHIPS, all, &whole, &err), &err);
  assert_true(whole.n == CHIPS && whole.stopped == RRAMNAS_TRIALS_ALL);
  t.stop = (rrn_stop_rule){ .stop_below = fmin(mean_of(all, CHIPS, FEW) + 0.2, 1) };
  for (threads = 1; threads <= 7; threads += 2) {
    t.n_threads = threads;
    check(rrn_trials_run(&d->rt, &t, CHIPS, right, &some, &err), &err);
    if (threads == 1)
      first = some;
    assert_int_equal(some.stopped, RRAMNAS_TRIALS_BELOW);
    assert_true(some.n > 0 && some.n < CHIPS);
    assert_memory_equal(right, all, some.n * sizeof(*right));
    assert_memory_equal(&some, &first, sizeof(some));
  }
  print_message("mean %.3f, wanted %.3f: %zu of %d chips\n", mean_of(all, CHIPS, FEW), t.stop.stop_below, first.n, CHIPS);
  rramnas_hw_unref(hw);
}

/* Chips without errors of their own are alike and one is tried for all: right answers and what converters did are as one by
 * one, and so they are where chips differ. */
static void
chips_together_are_as_one_by_one(void **state)
{
  enum { CHIPS = 2, FEW = 1 };
  static const struct {
    const char *hw;
    double time_s;
  } cases[] = {
    { "", 0 },
    { "noise: {drift_exponent: 0.05}\n", 1e4 },
    { "noise: {drift_exponent: 0.05, drift_exponent_sigma: 0.2}\n", 1e4 },
    { "noise: {relaxation_sigma_us: 5}\n", 1e4 },
    { "noise: {write_model: relative, write_sigma: 0.4}\n", 0 },
    { "noise: {read_model: absolute, read_sigma: 0.3}\n", 0 },
  };
  digits *d = *state;
  size_t i, k;

  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    rrn_xbar_stats sum = { 0 };
    rrn_trials_result together, one;
    int32_t right[CHIPS], alone;
    rrn_trials t = trials_of(d, 2);
    rramnas_error err = RRAMNAS_ERROR_INIT;
    rramnas_hw *hw;
    char text[256];

    snprintf(text, sizeof(text), "schema: rramnas.hardware/1\n%s", cases[i].hw);
    check(rramnas_hw_load_buffer(text, strlen(text), "chip", RRAMNAS_HW_FORMAT_YAML, NULL, &hw, &err), &err);
    t.hw = hw;
    t.n_images = FEW;
    t.chip.time_s = cases[i].time_s;
    check(rrn_trials_run(&d->rt, &t, CHIPS, right, &together, &err), &err);
    assert_int_equal(together.n, CHIPS);
    for (k = 0; k < CHIPS; k++, t.chip.trial++) {
      check(rrn_trials_run(&d->rt, &t, 1, &alone, &one, &err), &err);
      assert_int_equal(alone, right[k]);
      sum.conversions += one.stats.conversions;
      sum.clipped_low += one.stats.clipped_low;
      sum.clipped_high += one.stats.clipped_high;
    }
    assert_memory_equal(&sum, &together.stats, sizeof(sum));
    rramnas_hw_unref(hw);
  }
}

/* Reads differ from image to image, not with threads or with the images beside. */
static void
read_noise_costs_accuracy_too(void **state)
{
  enum { FEW = 8 };
  static const char *const sigmas[] = { "0.01", "3" };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  digits *d = *state;
  int32_t right[2], again;
  size_t i;

  for (i = 0; i < 2; i++) {
    rrn_trials t = trials_of(d, 1);
    rrn_trials_result stats, stats3;
    rramnas_hw *hw;
    char text[256];

    snprintf(text, sizeof(text), "schema: rramnas.hardware/1\nnoise: {read_model: relative, read_sigma: %s}\n", sigmas[i]);
    check(rramnas_hw_load_buffer(text, strlen(text), "noisy", RRAMNAS_HW_FORMAT_YAML, NULL, &hw, &err), &err);
    t.hw = hw;
    t.n_images = FEW;
    check(rrn_trials_run(&d->rt, &t, 1, &right[i], &stats, &err), &err);
    t.n_threads = 3;
    check(rrn_trials_run(&d->rt, &t, 1, &again, &stats3, &err), &err);
    assert_int_equal(again, right[i]);
    assert_memory_equal(&stats, &stats3, sizeof(stats));
    rramnas_hw_unref(hw);
  }
  assert_true(right[0] >= 7 && right[1] < right[0]);
}

/* Right images of one chip, the same on any number of threads. */
static int32_t
right_of(const digits *d, const char *fields, double time_s, rrn_xbar_stats *ret_stats)
{
  enum { FEW = 48 };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_trials t = trials_of(d, 1);
  rrn_trials_result result;
  int32_t right, again;
  rramnas_hw *hw;

  check(rramnas_hw_load_buffer(fields, strlen(fields), "hw", RRAMNAS_HW_FORMAT_YAML, NULL, &hw, &err), &err);
  t.hw = hw;
  t.n_images = FEW;
  t.chip.time_s = time_s;
  check(rrn_trials_run(&d->rt, &t, 1, &right, &result, &err), &err);
  if (ret_stats)
    *ret_stats = result.stats;
  t.n_threads = 3;
  check(rrn_trials_run(&d->rt, &t, 1, &again, &result, &err), &err);
  assert_int_equal(again, right);
  rramnas_hw_unref(hw);
  return right;
}

/* Wires and converters cost accuracy, compensation brings back what drift took; without drift it changes nothing, and
 * layers that could be short arrays give the same as ordinary ones. */
static void
errors_of_the_circuit(void **state)
{
  static const char plain[] = "name: plain\n", idle[] = "noise: {compensation: column}\n",
    wires[] = "crossbar: {ir_drop: attenuated, wire_resistance_ohm: 6}\n",
    converters[] = "adc: {unit_sigma: 0.2, offset_sigma: 0.1}\n",
    drift[] = "noise: {drift_exponent: 0.06, drift_exponent_sigma: 0.005}\n",
    compensated[] = "noise: {drift_exponent: 0.06, drift_exponent_sigma: 0.005, compensation: column}\n";
  const digits *d = *state;
  rrn_xbar_stats stats, other;
  const int32_t right = right_of(d, plain, 1e6, &stats);

  assert_int_equal(right_of(d, idle, 1e6, &other), right);
  assert_memory_equal(&other, &stats, sizeof(stats));
  assert_true(right_of(d, wires, 0, &other) < right - 5);
  assert_true(right_of(d, converters, 0, &other) < right - 5);
  assert_int_equal(other.conversions, stats.conversions);
  assert_true(right_of(d, drift, 1e6, &other) < right - 20);
  assert_true(right_of(d, compensated, 1e6, &other) > right - 6);
}

/* --- the public function --- */

/* With layers when there is room for them. */
typedef struct wanted {
  double *trials;
  rramnas_accuracy_layer *layers;
  size_t n_layers;
  int32_t depthwise; /* 0: policy rnc, no copies */
  const char *chip;  /* NULL: the default one */
} wanted;

static int32_t
measure_mapped(const rramnas_mapping *mapping, const rramnas_accuracy_options *o, rramnas_accuracy *ret, const wanted *w,
               rramnas_error *err)
{
  if (w->layers)
    return rramnas_mapping_get_accuracy_layers(mapping, o, ret, w->layers, w->n_layers, err);
  return rramnas_mapping_get_accuracy(mapping, o, ret, w->trials, err);
}

static int32_t
measure_wanted(const rramnas_runtime *runtime, const rramnas_accuracy_options *options, rramnas_accuracy *ret,
               const wanted *w, rramnas_error *err)
{
  rramnas_compile_options compile = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_accuracy_options o = *options;
  char weights[1024], data[1024];
  rramnas_mapping *mapping = NULL;
  rramnas_net *net = NULL;
  rramnas_hw *hw = NULL;
  int32_t status;

  compile.policy = w->depthwise ? RRAMNAS_POLICY_BEST : RRAMNAS_POLICY_RNC;
  compile.depthwise = w->depthwise;
  compile.crossbars = w->chip ? RRAMNAS_CROSSBARS_AUTO : 80;
  compile.no_duplication = !w->depthwise;
  o.weights = o.weights ? o.weights : data_path("onnx/digits_cnn.onnx", weights);
  o.data = o.data ? o.data : data_path("digits/digits_8x8.yaml", data);
  status = w->chip ? rramnas_hw_load_buffer(w->chip, strlen(w->chip), "chip", RRAMNAS_HW_FORMAT_YAML, runtime, &hw, err)
                   : rramnas_hw_create_default(runtime, &hw, err);
  if (status >= 0)
    status = rramnas_net_load_file(data_path("onnx/digits_cnn.onnx", weights), NULL, runtime, &net, err);
  if (status >= 0)
    status = rramnas_compile(hw, net, &compile, runtime, &mapping, err);
  if (status >= 0)
    status = measure_mapped(mapping, &o, ret, w, err);
  rramnas_mapping_unref(mapping);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
  return status;
}

static int32_t
measure_digits(const rramnas_runtime *runtime, const rramnas_accuracy_options *options, rramnas_accuracy *ret,
               double *ret_trials, rramnas_error *err)
{
  const wanted w = { .trials = ret_trials };

  return measure_wanted(runtime, options, ret, &w, err);
}

/* Boxes of 40 outputs have a unit column each, which is converted with them. */
static void
each_box_has_a_unit_column(void **state)
{
  static const char *const chips[] = { "crossbar: {cols: 40}\nweight: {sign: offset}\nnoise: {write_model: relative}",
                                       "crossbar: {cols: 41}\nweight: {sign: unit_column}\nnoise: {write_model: relative}" };
  static const struct { int layer, n_out, n_boxes; } wide[] = { { 1, 48, 2 }, { 4, 64, 2 }, { 7, 96, 3 }, { 11, 10, 1 } };
  rramnas_accuracy_layer layers[2][12] = { { { .size = sizeof(layers[0][0]) } }, { { .size = sizeof(layers[0][0]) } } };
  rramnas_accuracy_options o = RRAMNAS_ACCURACY_OPTIONS_INIT;
  rramnas_accuracy a = RRAMNAS_ACCURACY_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  size_t k;

  (void)state;
  o.images = 2;
  o.trials = 1;
  o.calibration_images = 4;
  for (k = 0; k < 2; k++)
    check(measure_wanted(NULL, &o, &a, &(wanted){ .layers = layers[k], .n_layers = 12, .chip = chips[k] }, &err), &err);
  for (k = 0; k < sizeof(wide) / sizeof(wide[0]); k++)
    assert_int_equal(layers[1][wide[k].layer].conversions * wide[k].n_out,
                     layers[0][wide[k].layer].conversions * (wide[k].n_out + wide[k].n_boxes));
}

/* Three layers are depthwise. */
static void
layers_on_a_diagonal_are_counted(void **state)
{
  static const int32_t expected[] = { [RRAMNAS_DEPTHWISE_RNC] = 0, [RRAMNAS_DEPTHWISE_BLOCK_DIAGONAL] = 3 };
  rramnas_accuracy_options o = RRAMNAS_ACCURACY_OPTIONS_INIT;
  rramnas_accuracy a = RRAMNAS_ACCURACY_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  int32_t depthwise;

  (void)state;
  o.images = 4;
  o.trials = 1;
  o.calibration_images = 4;
  for (depthwise = RRAMNAS_DEPTHWISE_RNC; depthwise <= RRAMNAS_DEPTHWISE_BLOCK_DIAGONAL; depthwise++) {
    check(measure_wanted(NULL, &o, &a, &(wanted){ .depthwise = depthwise }, &err), &err);
    assert_int_equal(a.layers_on_diagonal, expected[depthwise]);
  }
}

static void
figures_agree_with_the_trials(void **state)
{
  rramnas_accuracy_options o = RRAMNAS_ACCURACY_OPTIONS_INIT;
  rramnas_accuracy a = RRAMNAS_ACCURACY_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_hw *noisy = noisy_chip("0.1");
  double trials[5], sum = 0, least = 1, most = 0, squares = 0;
  size_t k;

  (void)state;
  o.images = 40;
  o.trials = 5;
  o.hw = noisy;
  o.calibration_images = 8;
  check(measure_digits(NULL, &o, &a, trials, &err), &err);
  for (k = 0; k < 5; k++) {
    sum += trials[k];
    least = fmin(least, trials[k]);
    most = fmax(most, trials[k]);
  }
  for (k = 0; k < 5; k++)
    squares += (trials[k] - sum / 5) * (trials[k] - sum / 5);
  assert_int_equal(a.images, 40);
  assert_int_equal(a.trials, 5);
  assert_int_equal(a.layers_on_crossbars, 12);
  assert_int_equal(a.layers_on_diagonal, 0);
  assert_true(fabs(a.mean - sum / 5) < 1e-12 && fabs(a.deviation - sqrt(squares / 4)) < 1e-12);
  assert_true(fabs(a.confidence - 2.776 * a.deviation / sqrt(5)) < 1e-12);
  assert_true(a.worst == least && a.best == most && a.low >= least && a.median <= most);
  assert_true(a.digital > 0.9 && a.quantized > 0.9 && a.conversions > 0 && a.deviation > 0);
  rramnas_hw_unref(noisy);
}

/* The automatic range is one code per digit where the chip's currents are whole digits: neither after drift nor behind wires. */
static void
ranges_of_digits_are_for_digits(void **state)
{
  static const struct { const char *text; int32_t range; } chips[] = {
    { "adc: {bits: 10}", RRAMNAS_ADC_RANGE_GRANULAR },
    { "adc: {bits: 10}\nnoise: {drift_exponent: 0.05, compensation: column}", RRAMNAS_ADC_RANGE_CALIBRATED },
    { "adc: {bits: 10}\ncrossbar: {ir_drop: attenuated}", RRAMNAS_ADC_RANGE_CALIBRATED },
  };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  size_t k, i;

  (void)state;
  for (k = 0; k < sizeof(chips) / sizeof(chips[0]); k++) {
    rramnas_accuracy_layer by_itself[12] = { RRAMNAS_ACCURACY_LAYER_INIT }, as_told[12] = { RRAMNAS_ACCURACY_LAYER_INIT };
    rramnas_accuracy_options o = RRAMNAS_ACCURACY_OPTIONS_INIT;
    rramnas_accuracy a = RRAMNAS_ACCURACY_INIT;
    rramnas_hw *hw = NULL;

    check(rramnas_hw_load_buffer(chips[k].text, strlen(chips[k].text), "chip", RRAMNAS_HW_FORMAT_YAML, NULL, &hw, &err), &err);
    o.hw = hw;
    o.images = 4;
    o.trials = 1;
    o.calibration_images = 8;
    check(measure_wanted(NULL, &o, &a, &(wanted){ .layers = by_itself, .n_layers = 12 }, &err), &err);
    o.adc_range = chips[k].range;
    check(measure_wanted(NULL, &o, &a, &(wanted){ .layers = as_told, .n_layers = 12 }, &err), &err);
    for (i = 0; i < 12; i++)
      assert_true(by_itself[i].adc_range == as_told[i].adc_range);
    rramnas_hw_unref(hw);
  }
}

/* What a column can give is the current of the rows that are driven at once. */
static void
ranges_are_of_the_driven_rows(void **state)
{
  rramnas_accuracy_options o = RRAMNAS_ACCURACY_OPTIONS_INIT;
  rramnas_accuracy_layer layers[12] = { { .size = sizeof(layers[0]) } };
  rramnas_accuracy a = RRAMNAS_ACCURACY_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  const wanted w = { .layers = layers, .n_layers = 12 };
  rramnas_hw *noisy = noisy_chip("0.1"), *hw = NULL;
  size_t i;

  (void)state;
  check(rrn_hw_with_value(noisy, "dac.per_subarray", "7", &hw, &err), &err);
  o.images = 4;
  o.trials = 1;
  o.calibration_images = 8;
  o.adc_range = RRAMNAS_ADC_RANGE_MAXIMUM;
  o.hw = hw;
  check(measure_wanted(NULL, &o, &a, &w, &err), &err);
  for (i = 0; i < 12; i++)
    assert_true(layers[i].adc_range == 1);
  rramnas_hw_unref(noisy);
  rramnas_hw_unref(hw);
}

/* Parts sum to the whole; a coarse converter is used more and clips more than a fine one. */
static void
layers_say_what_converters_do(void **state)
{
  rramnas_accuracy_options o = RRAMNAS_ACCURACY_OPTIONS_INIT;
  rramnas_accuracy_layer layers[2][12] = { 0 };
  rramnas_accuracy a = RRAMNAS_ACCURACY_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  wanted w = { .n_layers = 12 };
  int32_t threads;
  size_t i;

  (void)state;
  o.images = 16;
  o.trials = 3;
  o.calibration_images = 8;
  o.adc_fraction = 0.9;
  for (threads = 1; threads <= 2; threads++) {
    int64_t conversions = 0, clipped = 0;

    o.n_threads = threads;
    w.layers = layers[threads - 1];
    w.layers[0].size = sizeof(w.layers[0]);
    check(measure_wanted(NULL, &o, &a, &w, &err), &err);
    for (i = 0; i < 12; i++) {
      const rramnas_accuracy_layer *l = &w.layers[i];

      assert_true(l->size == sizeof(*l) && l->on_crossbars && l->weight_bits == 8 && l->input_bits == 8 && l->adc_codes == 255);
      assert_true(l->codes_used > 0 && l->codes_used <= 1 && l->adc_range > 0 && l->conversions > 0);
      conversions += l->conversions;
      clipped += l->clipped_low + l->clipped_high;
    }
    assert_int_equal(conversions, a.conversions);
    assert_true(clipped > 0 && fabs((double)clipped / (double)conversions - a.clipped) < 1e-12);
  }
  assert_memory_equal(layers[0], layers[1], sizeof(layers[0]));
  w.n_layers = 11;
  assert_int_equal(measure_wanted(NULL, &o, &a, &w, &err), RRAMNAS_ERR_ARGUMENT);
  w.n_layers = 12;
  w.layers[0].size = 3;
  assert_int_equal(measure_wanted(NULL, &o, &a, &w, &err), RRAMNAS_ERR_ARGUMENT);
}

static void
what_cannot_be_is_refused(void **state)
{
  rramnas_accuracy_options o = RRAMNAS_ACCURACY_OPTIONS_INIT;
  rramnas_accuracy a = RRAMNAS_ACCURACY_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  static const char units[] = "weight: {sign: unit_column}";
  double trial = -1;
  char other[1024];
  rramnas_hw *hw = NULL;

  (void)state;
  o.trials = -1;
  assert_int_equal(measure_digits(NULL, &o, &a, NULL, &err), RRAMNAS_ERR_RANGE);
  o.trials = 1;
  o.part = 7;
  assert_int_equal(measure_digits(NULL, &o, &a, NULL, &err), RRAMNAS_ERR_ARGUMENT);
  o.part = 0;
  o.stop_below = 1.5;
  assert_int_equal(measure_digits(NULL, &o, &a, NULL, &err), RRAMNAS_ERR_RANGE);
  o.stop_below = 0;
  o.confidence_wanted = -0.1;
  assert_int_equal(measure_digits(NULL, &o, &a, NULL, &err), RRAMNAS_ERR_RANGE);
  o.confidence_wanted = 0;
  o.stop_dominated = 1;
  assert_int_equal(measure_digits(NULL, &o, &a, NULL, &err), RRAMNAS_ERR_ARGUMENT);
  o.stop_dominated = 0;
  check(rramnas_hw_load_buffer(units, strlen(units), "units", RRAMNAS_HW_FORMAT_YAML, NULL, &hw, &err), &err);
  o.hw = hw;
  assert_int_equal(measure_digits(NULL, &o, &a, NULL, &err), RRAMNAS_ERR_ARGUMENT);
  assert_string_equal(err.message, "accuracy options: hw has unit columns, the mapping was made for a chip that has none");
  o.hw = NULL;
  rramnas_hw_unref(hw);
  a.size = 4; /* nothing is written beside it, either */
  o.images = 2;
  assert_int_equal(measure_digits(NULL, &o, &a, &trial, &err), RRAMNAS_ERR_ARGUMENT);
  assert_true(trial == -1);
  a.size = sizeof(a);
  o.data = "missing.yaml";
  assert_int_equal(measure_digits(NULL, &o, &a, NULL, &err), RRAMNAS_ERR_IO);
  o.data = data_path("digits/digits.yaml", other); /* 3 x 32 x 32 */
  assert_int_equal(measure_digits(NULL, &o, &a, NULL, &err), RRAMNAS_ERR_SHAPE);
  o.part = RRAMNAS_DATA_HELD_OUT;
  assert_int_equal(measure_digits(NULL, &o, &a, NULL, &err), RRAMNAS_ERR_ARGUMENT);
  assert_non_null(strstr(err.message, "digits/digits.yaml: no training images are held out to judge on, expected a line "
                                      "such as held_out: {images: 200, seed: 1}"));
}

/* A network of one layer with the weights of another such network. */
static void
weights_of_another_shape_are_named(void **state)
{
  rramnas_accuracy_options o = RRAMNAS_ACCURACY_OPTIONS_INIT;
  rramnas_compile_options compile = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_accuracy a = RRAMNAS_ACCURACY_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char ours[1024], theirs[1024], data[1024];
  rramnas_mapping *mapping = NULL;
  rramnas_net *net = NULL;
  rramnas_hw *hw = NULL;

  (void)state;
  compile.policy = RRAMNAS_POLICY_RNC;
  compile.crossbars = 8;
  o.weights = data_path("infer/gemm.onnx", theirs);
  o.data = data_path("digits/digits_8x8.yaml", data);
  check(rramnas_hw_create_default(NULL, &hw, &err), &err);
  check(rramnas_net_load_file(data_path("infer/conv.onnx", ours), NULL, NULL, &net, &err), &err);
  check(rramnas_compile(hw, net, &compile, NULL, &mapping, &err), &err);
  assert_int_equal(rramnas_mapping_get_accuracy(mapping, &o, &a, NULL, &err), RRAMNAS_ERR_ARGUMENT);
  assert_non_null(strstr(err.message, "infer/gemm.onnx: tensor \"w\" of layer \"y\" has 37 inputs x 11 outputs, expected 45 x 9 as "
                                      "layer \"y\" of the mapping's network has"));
  rramnas_mapping_unref(mapping);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
}

static int32_t
measure_once(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  rramnas_accuracy_options o = RRAMNAS_ACCURACY_OPTIONS_INIT;
  rramnas_accuracy_layer layers[12] = { RRAMNAS_ACCURACY_LAYER_INIT };
  const wanted w = { .layers = layers, .n_layers = 12 };
  rramnas_accuracy a = RRAMNAS_ACCURACY_INIT;

  (void)user;
  o.images = o.calibration_images = o.trials = o.n_threads = 1;
  return measure_wanted(runtime, &o, &a, &w, err);
}

static void
memory_may_run_out_anywhere(void **state)
{
  (void)state;
  assert_true(oom_until_success(measure_once, NULL, 7, 1) > 1);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(error_free_chips_are_integer_networks),
    cmocka_unit_test(eight_bits_keep_the_accuracy),
    cmocka_unit_test(errors_cost_accuracy_and_nothing_else_does),
    cmocka_unit_test(ended_runs_depend_on_no_threads),
    cmocka_unit_test(chips_together_are_as_one_by_one),
    cmocka_unit_test(read_noise_costs_accuracy_too),
    cmocka_unit_test(errors_of_the_circuit),
    cmocka_unit_test(each_box_has_a_unit_column),
    cmocka_unit_test(layers_on_a_diagonal_are_counted),
    cmocka_unit_test(figures_agree_with_the_trials),
    cmocka_unit_test(layers_say_what_converters_do),
    cmocka_unit_test(ranges_of_digits_are_for_digits),
    cmocka_unit_test(ranges_are_of_the_driven_rows),
    cmocka_unit_test(what_cannot_be_is_refused),
    cmocka_unit_test(weights_of_another_shape_are_named),
    cmocka_unit_test(memory_may_run_out_anywhere),
  };

  return cmocka_run_group_tests(tests, setup, teardown);
}
