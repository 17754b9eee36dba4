/* SPDX-License-Identifier: MIT */
/* How often a mapping's network is right on crossbars with errors.
 *
 * In:  a mapping; files with weights and images.
 * Out: shares of right answers: in floats, in integers, on each of many chips; what these amount to.
 *
 *   weights file -> plan of the network -> integer layers (calibration images) -> chips -> right answers
 *
 * The network of the weights file must have the mapping's layers: names may differ, matrices may not. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include <xxhash.h>

#include "accuracy/accuracy.h"
#include "compile/mapping.h"
#include "data/data.h"
#include "util/file.h"
#include "util/options.h"
#include "weights/weights.h"

enum { CALIBRATION_IMAGES = 64, TRIALS = 10, TRIALS_TO_CONFIDENCE = 1000, MOST_TRIALS = 1 << 20 };

typedef struct measuring {
  const rramnas_mapping *m;
  const rrn_rt *rt;
  const rramnas_runtime *runtime;
  rramnas_accuracy_options o;
  rrn_arena arena;
  rrn_values *values;
  rrn_infer_plan *plan;
  rrn_data *data;
  size_t n_calibrating;   /* images */
  rrn_quantised q;
  rrn_trials trials;
  int32_t *right;         /* [trials] */
  rramnas_accuracy *ret;
  rramnas_error *err;
} measuring;

/* --- the network with its weights --- */

static int32_t
load_onnx(measuring *a)
{
  const char *path = a->o.weights, *base = rrn_path_base(path);
  rramnas_net *net = NULL;
  char *folder = rrn_arena_strndup(&a->arena, path, (size_t)(base - path));
  rrn_file file;
  int32_t status;

  if (!folder)
    return rrn_fail_memory(a->err);
  RRN_TRY(rrn_file_open(&file, path, UINT64_MAX, a->err));
  status = rrn_net_import_onnx_values(file.data, file.size, path, *folder ? folder : ".", NULL, 0, a->runtime, &net,
                                      &a->values, a->err);
  rrn_file_close(&file);
  rramnas_net_unref(net); /* the values hold it */
  return status;
}

static int32_t
load_safetensors(measuring *a)
{
  rrn_safetensors *file = NULL;
  int32_t status;

  RRN_TRY(rrn_safetensors_open(a->o.weights, a->runtime, &file, a->err));
  status = rrn_weights_of_file(file, a->m->net, a->runtime, &a->values, a->err);
  rrn_safetensors_free(file);
  return status;
}

/* By shape: a renamed network is the same network. */
static int32_t
check_network(const measuring *a)
{
  const rramnas_net *ours = a->m->net, *theirs = a->values->net;
  size_t i;

  RRN_FAIL_IF(ours->n_layers != theirs->n_layers, a->err, RRAMNAS_ERR_ARGUMENT,
              "%s: has %zu layers, the mapping's network %zu", a->o.weights, (size_t)theirs->n_layers,
              (size_t)ours->n_layers);
  for (i = 0; i < ours->n_layers; i++)
    RRN_FAIL_IF(ours->layers[i].matrix_rows != theirs->layers[i].matrix_rows ||
                  ours->layers[i].matrix_cols != theirs->layers[i].matrix_cols,
                a->err,
                RRAMNAS_ERR_ARGUMENT, "%s: layer \"%.200s\" is not as in the mapping's network", a->o.weights,
                theirs->layers[i].name);
  return RRAMNAS_OK;
}

static int32_t
load_network(measuring *a)
{
  const char *extension = rrn_path_extension(a->o.weights);

  RRN_TRY(strcmp(extension, ".safetensors") == 0 ? load_safetensors(a) : load_onnx(a));
  RRN_TRY(check_network(a));
  return rrn_infer_plan_new(a->values, a->runtime, &a->plan, a->err);
}

/* --- images --- */

static int32_t
read_images(measuring *a, rrn_data_part part, size_t n, float **ret_images, int32_t **ret_labels)
{
  float *images = rrn_arena_alloc_raw(&a->arena, n, rrn_infer_n_in(a->plan) * sizeof(*images));
  int32_t *labels = rrn_arena_alloc_raw(&a->arena, n, sizeof(*labels));

  if (!images || !labels)
    return rrn_fail_memory(a->err);
  RRN_TRY(rrn_data_read(a->data, part, 0, n, images, labels, a->err));
  *ret_images = images;
  *ret_labels = labels;
  return RRAMNAS_OK;
}

static int32_t
check_images(const measuring *a)
{
  int64_t shape[3];

  rrn_data_shape(a->data, shape);
  RRN_FAIL_IF((size_t)(shape[0] * shape[1] * shape[2]) != rrn_infer_n_in(a->plan), a->err, RRAMNAS_ERR_SHAPE,
              "%s: images have %lld x %lld x %lld values, the network takes %zu", a->o.data, (long long)shape[0],
              (long long)shape[1], (long long)shape[2], rrn_infer_n_in(a->plan));
  RRN_FAIL_IF((size_t)rrn_data_classes(a->data) > rrn_infer_n_out(a->plan), a->err, RRAMNAS_ERR_SHAPE,
              "%s: there are %d classes, the network has %zu outputs", a->o.data, (int)rrn_data_classes(a->data),
              rrn_infer_n_out(a->plan));
  return RRAMNAS_OK;
}

static rrn_data_part
part_of(const rramnas_accuracy_options *o)
{
  static const rrn_data_part parts[] = { RRN_DATA_TEST, RRN_DATA_HELD_OUT, RRN_DATA_TRAIN };

  return parts[o->part];
}

/* Images that are judged, and that calibrate. */
static int32_t
count_images(const rramnas_accuracy_options *o, const rrn_data *data, size_t *ret_n, size_t *ret_calibrating,
             rramnas_error *err)
{
  const size_t n = rrn_data_count(data, part_of(o)), n_train = rrn_data_count(data, RRN_DATA_TRAIN);
  const size_t wanted = o->calibration_images > 0 ? (size_t)o->calibration_images : CALIBRATION_IMAGES;

  RRN_FAIL_IF(n == 0, err, RRAMNAS_ERR_ARGUMENT, "%s: that part has no images", o->data);
  RRN_FAIL_IF(n_train == 0, err, RRAMNAS_ERR_ARGUMENT, "%s: there are no training images to calibrate with", o->data);
  *ret_n = o->images > 0 && (size_t)o->images < n ? (size_t)o->images : n;
  *ret_calibrating = wanted < n_train ? wanted : n_train;
  return RRAMNAS_OK;
}

static int32_t
load_images(measuring *a)
{
  float *images = NULL;
  int32_t *labels = NULL;
  size_t n = 0;

  RRN_TRY(rrn_data_load(a->o.data, a->runtime, &a->data, a->err));
  RRN_TRY(check_images(a));
  RRN_TRY(count_images(&a->o, a->data, &n, &a->n_calibrating, a->err));
  RRN_TRY(read_images(a, part_of(&a->o), n, &images, &labels));
  a->trials.images = images;
  a->trials.labels = labels;
  a->trials.n_images = n;
  return RRAMNAS_OK;
}

/* --- integers --- */

/* Layers that the mapping has are on crossbars with their bits; of those that it leaves out the bits do not matter. */
static int32_t
quantise(measuring *a)
{
  const rramnas_mapping *m = a->m;
  const size_t n_layers = m->net->n_layers;
  rrn_layer_bits *bits = rrn_arena_alloc(&a->arena, n_layers + 1, sizeof(*bits));
  int32_t *labels;
  float *images = NULL;
  size_t i;
  int32_t k;

  if (!bits)
    return rrn_fail_memory(a->err);
  for (i = 0; i < n_layers; i++)
    bits[i] = (rrn_layer_bits){ 0, 0 };
  for (k = 0; k < m->n_layers; k++)
    bits[m->layer_of[k]] = (rrn_layer_bits){ rrn_matrix_weight_bits(m->hw, &m->matrices[k]),
                                            rrn_matrix_input_bits(m->hw, &m->matrices[k]) };
  RRN_TRY(read_images(a, RRN_DATA_TRAIN, a->n_calibrating, &images, &labels));
  RRN_TRY(rrn_quantise(a->rt, a->plan, bits, n_layers, images, a->n_calibrating, &a->q, a->err));
  for (i = 0; i < n_layers; i++)
    a->ret->layers_on_crossbars += a->q.layers[i].shape.n_groups > 0;
  return RRAMNAS_OK;
}

/* --- what the chips amount to --- */

static int
compare(const void *a, const void *b)
{
  const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

  return (x > y) - (x < y);
}

static double
quantile(const int32_t *sorted, int32_t n, double p, double images)
{
  const double at = p * (n - 1);
  const int32_t i = (int32_t)at, next = i + 1 < n ? i + 1 : i;

  return (sorted[i] + (at - i) * (sorted[next] - sorted[i])) / images;
}

static void
summarise(rramnas_accuracy *r, int32_t *right)
{
  const double images = (double)r->images, n = r->trials;
  double squares = 0;
  int64_t sum = 0;
  int32_t k;

  for (k = 0; k < r->trials; k++)
    sum += right[k];
  r->mean = (double)sum / (images * n);
  for (k = 0; k < r->trials; k++) {
    const double off = right[k] / images - r->mean;

    squares += off * off;
  }
  r->deviation = r->trials > 1 ? sqrt(squares / (n - 1)) : 0;
  r->confidence = rrn_mean_confidence(r->deviation, n);
  qsort(right, (size_t)r->trials, sizeof(*right), compare);
  r->worst = right[0] / images;
  r->low = quantile(right, r->trials, 0.05, images);
  r->median = quantile(right, r->trials, 0.5, images);
  r->best = right[r->trials - 1] / images;
}

static rrn_trials
trials_of(const measuring *a)
{
  rrn_trials t = a->trials;

  t.plan = a->plan;
  t.q = &a->q;
  t.hw = a->o.hw ? a->o.hw : a->m->hw;
  t.n_threads = a->o.n_threads > 0 ? a->o.n_threads : a->rt->n_threads;
  t.chip = (rrn_chip_options){ .seed = a->o.seed, .time_s = a->o.time_s, .adc_range = a->o.adc_range,
                               .adc_fraction = a->o.adc_fraction };
  t.stop = (rrn_stop_rule){ .stop_below = a->o.stop_below, .confidence_wanted = a->o.confidence_wanted,
                            .least = a->o.trials_min };
  return t;
}

static int32_t
try_chips(measuring *a, const rrn_trials *t, double *ret_trials)
{
  rrn_trials_result r;
  size_t k;

  RRN_TRY(rrn_trials_run(a->rt, t, (size_t)a->ret->trials, a->right, &r, a->err));
  for (k = 0; ret_trials && k < r.n; k++)
    ret_trials[k] = a->right[k] / (double)a->ret->images;
  a->ret->trials = (int32_t)r.n;
  a->ret->stopped = r.stopped;
  a->ret->conversions = r.stats.conversions;
  a->ret->clipped =
    r.stats.conversions ? (double)(r.stats.clipped_low + r.stats.clipped_high) / (double)r.stats.conversions : 0;
  summarise(a->ret, a->right);
  return RRAMNAS_OK;
}

static int32_t
judge(measuring *a, double *ret_trials)
{
  const rrn_trials chips = trials_of(a);
  rrn_trials ideal = chips;
  rrn_trials_result r;
  int32_t right;

  ideal.chip.is_ideal = 1;
  RRN_TRY(rrn_trials_digital(a->rt, &chips, &right, a->err));
  a->ret->digital = right / (double)a->ret->images;
  RRN_TRY(rrn_trials_run(a->rt, &ideal, 1, &right, &r, a->err));
  a->ret->quantized = right / (double)a->ret->images;
  return try_chips(a, &chips, ret_trials);
}

/* --- the whole --- */

static int32_t
check_options(const rramnas_accuracy_options *o, rramnas_error *err)
{
  RRN_FAIL_IF(!o->weights || !o->data, err, RRAMNAS_ERR_ARGUMENT, "accuracy options: weights or data is NULL");
  RRN_FAIL_IF(o->part < RRAMNAS_DATA_TEST || o->part > RRAMNAS_DATA_TRAIN || o->adc_range < RRAMNAS_ADC_RANGE_AUTO ||
                o->adc_range > RRAMNAS_ADC_RANGE_CALIBRATED,
              err, RRAMNAS_ERR_ARGUMENT, "accuracy options: part %d, adc_range %d", (int)o->part, (int)o->adc_range);
  RRN_FAIL_IF(o->images < 0 || o->calibration_images < 0 || o->trials < 0 || o->trials > MOST_TRIALS || o->n_threads < 0 ||
                !(o->time_s >= 0) || !isfinite(o->time_s) || !(o->adc_fraction >= 0 && o->adc_fraction <= 1),
              err, RRAMNAS_ERR_RANGE,
              "accuracy options: images %d, calibration_images %d, trials %d, time_s %g, adc_fraction %g", (int)o->images,
              (int)o->calibration_images, (int)o->trials, o->time_s, o->adc_fraction);
  RRN_FAIL_IF(!(o->stop_below >= 0 && o->stop_below <= 1) || !(o->confidence_wanted >= 0 && o->confidence_wanted <= 1) ||
                o->trials_min < 0,
              err, RRAMNAS_ERR_RANGE,
              "accuracy options: stop_below %g, confidence_wanted %g, expected 0..1, trials_min %d, expected 0 or more",
              o->stop_below, o->confidence_wanted, (int)o->trials_min);
  return RRAMNAS_OK;
}

static int32_t
most_trials(const rramnas_accuracy_options *o)
{
  return o->trials > 0 ? o->trials : o->confidence_wanted > 0 ? TRIALS_TO_CONFIDENCE : TRIALS;
}

static int32_t
measure(measuring *a, double *ret_trials)
{
  RRN_TRY(check_options(&a->o, a->err));
  RRN_TRY(load_network(a));
  RRN_TRY(load_images(a));
  a->ret->images = (int64_t)a->trials.n_images;
  a->ret->trials = most_trials(&a->o);
  a->right = rrn_arena_alloc(&a->arena, (size_t)a->ret->trials, sizeof(*a->right));
  if (!a->right)
    return rrn_fail_memory(a->err);
  RRN_TRY(quantise(a));
  return judge(a, ret_trials);
}

int32_t
rramnas_mapping_get_accuracy(const rramnas_mapping *mapping, const rramnas_accuracy_options *options,
                             rramnas_accuracy *ret_accuracy, double *ret_trials, rramnas_error *reterr)
{
  rramnas_accuracy ours = RRAMNAS_ACCURACY_INIT;
  measuring a = { .m = mapping, .ret = &ours, .err = reterr };
  rramnas_runtime runtime;
  int32_t status;

  RRN_FAIL_IF(!mapping || !options || !ret_accuracy, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_mapping_get_accuracy: mapping, options or ret_accuracy is NULL");
  RRN_TRY(rrn_options_read(&a.o, sizeof(a.o), options, "rramnas_accuracy_options", reterr));
  a.rt = &mapping->rt;
  runtime = rrn_rt_runtime(a.rt);
  a.runtime = &runtime;
  rrn_arena_init(&a.arena, a.rt);
  status = measure(&a, ret_trials);
  rrn_quantised_release(&a.q);
  rrn_infer_plan_free(a.plan);
  rrn_values_free(a.values);
  rrn_data_free(a.data);
  rrn_arena_release(&a.arena);
  RRN_TRY(status);
  return rrn_result_write(ret_accuracy, &ours, sizeof(ours), "rramnas_accuracy", reterr);
}

/* --- what the files hold --- */

enum { HASHED_AT_A_TIME = 256 };

/* A chain: each piece is hashed with the digest of those before. */
static void
hash(const void *data, size_t size, uint64_t *low, uint64_t *high)
{
  const XXH128_hash_t h = XXH3_128bits_withSeed(data, size, *low ^ (*high << 1));

  *low = h.low64;
  *high = h.high64;
}

static int32_t
hash_images(const rrn_rt *rt, const rrn_data *data, rrn_data_part part, size_t n, uint64_t *low, uint64_t *high,
            rramnas_error *err)
{
  int32_t labels[HASHED_AT_A_TIME], status = RRAMNAS_OK;
  int64_t shape[3];
  size_t each, first;
  float *images = NULL;

  rrn_data_shape(data, shape);
  each = (size_t)(shape[0] * shape[1] * shape[2]);
  images = rrn_alloc(rt, HASHED_AT_A_TIME, each * sizeof(*images));
  if (!images)
    return rrn_fail_memory(err);
  for (first = 0; first < n && status >= 0; first += HASHED_AT_A_TIME) {
    const size_t some = n - first < HASHED_AT_A_TIME ? n - first : HASHED_AT_A_TIME;

    status = rrn_data_read(data, part, first, some, images, labels, err);
    if (status >= 0) {
      hash(images, some * each * sizeof(*images), low, high);
      hash(labels, some * sizeof(*labels), low, high);
    }
  }
  rrn_free(rt, images);
  return status;
}

static int32_t
hash_data(const rrn_rt *rt, const rramnas_accuracy_options *o, const rramnas_runtime *runtime, uint64_t *low,
          uint64_t *high, rramnas_error *err)
{
  size_t n = 0, n_calibrating = 0;
  rrn_data *data = NULL;
  int32_t status;

  RRN_TRY(rrn_data_load(o->data, runtime, &data, err));
  status = count_images(o, data, &n, &n_calibrating, err);
  if (status >= 0)
    status = hash_images(rt, data, part_of(o), n, low, high, err);
  if (status >= 0)
    status = hash_images(rt, data, RRN_DATA_TRAIN, n_calibrating, low, high, err);
  rrn_data_free(data);
  return status;
}

int32_t
rrn_accuracy_digest(const rramnas_accuracy_options *options, const rramnas_runtime *runtime, uint64_t *ret_low,
                    uint64_t *ret_high, rramnas_error *err)
{
  rrn_file file;
  rrn_rt rt;

  RRN_TRY(check_options(options, err));
  RRN_TRY(rrn_rt_init(&rt, runtime, err));
  RRN_TRY(rrn_file_open(&file, options->weights, UINT64_MAX, err));
  *ret_low = *ret_high = 0;
  hash(file.data, file.size, ret_low, ret_high);
  rrn_file_close(&file);
  return hash_data(&rt, options, runtime, ret_low, ret_high, err);
}
