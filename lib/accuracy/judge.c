/* SPDX-License-Identifier: MIT */
/* What networks are judged with: files -> memory.
 *
 * In:  paths of weights and of a data set; how many images.
 * Out: weights, images with labels, training images for what is calibrated, and a digest of all of these.
 *
 * Files are read once and may change afterwards. The digest is over what was read: the bytes of the weights' file, the
 * values of an ONNX model's constants (some lie in other files), images and labels as they are judged. Images are held
 * as floats, 4 bytes for each channel and pixel. */
#include "accuracy/judge.h"

#include <math.h>
#include <string.h>

#include <xxhash.h>

#include "util/file.h"

enum { CALIBRATION_IMAGES = 64, NORM_IMAGES = 512, MOST_TRIALS = 1 << 20 };

/* --- options --- */

static int
is_share(double x)
{
  return x >= 0 && x <= 1;
}

static int32_t
check_options(const rramnas_accuracy_options *o, rramnas_error *err)
{
  RRN_FAIL_IF(!o->weights || !o->data, err, RRAMNAS_ERR_ARGUMENT, "accuracy options: weights or data is NULL");
  RRN_FAIL_IF(o->part < RRAMNAS_DATA_TEST || o->part > RRAMNAS_DATA_TRAIN || o->adc_range < RRAMNAS_ADC_RANGE_AUTO ||
                o->adc_range > RRAMNAS_ADC_RANGE_CALIBRATED,
              err, RRAMNAS_ERR_ARGUMENT, "accuracy options: part %d, adc_range %d", (int)o->part, (int)o->adc_range);
  RRN_FAIL_IF(o->images < 0 || o->calibration_images < 0 || o->trials < 0 || o->trials > MOST_TRIALS ||
                o->n_threads < 0 || !(o->time_s >= 0) || !isfinite(o->time_s) || !is_share(o->adc_fraction),
              err, RRAMNAS_ERR_RANGE,
              "accuracy options: images %d, calibration_images %d, trials %d, time_s %g, adc_fraction %g",
              (int)o->images, (int)o->calibration_images, (int)o->trials, o->time_s, o->adc_fraction);
  RRN_FAIL_IF(!is_share(o->stop_below) || !is_share(o->confidence_wanted) || o->trials_min < 0 || o->norm_images < 0,
              err, RRAMNAS_ERR_RANGE,
              "accuracy options: stop_below %g, confidence_wanted %g, expected 0..1, trials_min %d, norm_images %d, "
              "expected 0 or more",
              o->stop_below, o->confidence_wanted, (int)o->trials_min, (int)o->norm_images);
  return RRAMNAS_OK;
}

static int32_t
keep_options(rrn_judge *j, const rramnas_accuracy_options *o, rramnas_error *err)
{
  RRN_TRY(check_options(o, err));
  j->o = *o;
  j->o.weights = rrn_arena_strndup(&j->arena, o->weights, strlen(o->weights));
  j->o.data = rrn_arena_strndup(&j->arena, o->data, strlen(o->data));
  return j->o.weights && j->o.data ? RRAMNAS_OK : rrn_fail_memory(err);
}

/* --- digest --- */

/* A chain: each piece is hashed with the digest of those before. */
static void
hash(rrn_judge *j, const void *data, size_t size)
{
  const XXH128_hash_t h = XXH3_128bits_withSeed(data, size, j->low ^ (j->high << 1));

  j->low = h.low64;
  j->high = h.high64;
}

static void
hash_values(rrn_judge *j)
{
  const rrn_values *v = j->values;
  size_t i;

  for (i = 0; i < v->net->n_tensors; i++)
    if (v->tensors[i])
      hash(j, v->tensors[i], (size_t)rrn_tensor_elements(&v->net->tensors[i]) * sizeof(float));
}

/* --- weights --- */

static int32_t
load_onnx(rrn_judge *j, const rrn_file *file, rramnas_error *err)
{
  const char *path = j->o.weights;
  const char *folder = rrn_arena_strndup(&j->arena, path, (size_t)(rrn_path_base(path) - path));
  rramnas_net *net = NULL;

  if (!folder)
    return rrn_fail_memory(err);
  RRN_TRY(rrn_net_import_onnx_values(file->data, file->size, path, *folder ? folder : ".", NULL, 0, &j->runtime, &net,
                                     &j->values, err));
  rramnas_net_unref(net); /* the values hold it */
  hash_values(j);
  return rrn_values_check(j->values, path, err);
}

static int32_t
load_safetensors(rrn_judge *j, const rrn_file *file, rramnas_error *err)
{
  void *copy = rrn_arena_alloc_raw(&j->arena, file->size, 1);

  if (!copy)
    return rrn_fail_memory(err);
  memcpy(copy, file->data, file->size);
  RRN_TRY(rrn_safetensors_parse(copy, file->size, j->o.weights, &j->runtime, &j->file, err));
  j->is_supernet = rrn_weights_is_supernet(j->file);
  return RRAMNAS_OK;
}

static int32_t
load_weights(rrn_judge *j, rramnas_error *err)
{
  const int is_named = strcmp(rrn_path_extension(j->o.weights), ".safetensors") == 0;
  rrn_file file;
  int32_t status;

  RRN_TRY(rrn_file_open(&file, j->o.weights, UINT64_MAX, err));
  hash(j, file.data, file.size);
  status = is_named ? load_safetensors(j, &file, err) : load_onnx(j, &file, err);
  rrn_file_close(&file);
  return status;
}

/* --- images --- */

static rrn_data_part
part_of(const rramnas_accuracy_options *o)
{
  static const rrn_data_part parts[] = { RRN_DATA_TEST, RRN_DATA_HELD_OUT, RRN_DATA_TRAIN };

  return parts[o->part];
}

/* At most n_most of those wanted. */
static size_t
at_most(int32_t wanted, size_t by_default, size_t n_most)
{
  const size_t n = wanted > 0 ? (size_t)wanted : by_default;

  return n < n_most ? n : n_most;
}

/* Which images are missing, and what of the data set's file names them. */
static const char *
missing(int32_t part)
{
  static const char *const texts[] = {
    "no test images, expected their files under test",
    "no training images are held out to judge on, expected a line such as held_out: {images: 200, seed: 1}",
    "no training images, expected their files under train, more than are held out",
  };

  return texts[part];
}

static int32_t
count_images(rrn_judge *j, const rrn_data *data, rramnas_error *err)
{
  const size_t n = rrn_data_count(data, part_of(&j->o)), n_train = rrn_data_count(data, RRN_DATA_TRAIN);

  RRN_FAIL_IF(n == 0, err, RRAMNAS_ERR_ARGUMENT, "%s: %s", j->o.data, missing(j->o.part));
  RRN_FAIL_IF(n_train == 0, err, RRAMNAS_ERR_ARGUMENT, "%s: there are no training images to calibrate with", j->o.data);
  j->n_images = at_most(j->o.images, n, n);
  j->n_calibrating = at_most(j->o.calibration_images, CALIBRATION_IMAGES, n_train);
  j->n_norm = j->is_supernet ? at_most(j->o.norm_images, NORM_IMAGES, n_train) : 0;
  return RRAMNAS_OK;
}

static int32_t
read_images(rrn_judge *j, const rrn_data *data, rrn_data_part part, size_t n, float **ret_images, int32_t **ret_labels,
            rramnas_error *err)
{
  const size_t each = (size_t)(j->shape[0] * j->shape[1] * j->shape[2]) * sizeof(float);
  float *images = rrn_arena_alloc_raw(&j->arena, n, each);
  int32_t *labels = rrn_arena_alloc_raw(&j->arena, n, sizeof(*labels));

  if (!images || !labels)
    return rrn_fail_memory(err);
  RRN_TRY(rrn_data_read(data, part, 0, n, images, labels, err));
  hash(j, images, n * each);
  hash(j, labels, n * sizeof(*labels));
  *ret_images = images;
  *ret_labels = labels;
  return RRAMNAS_OK;
}

static int32_t
read_data(rrn_judge *j, const rrn_data *data, rramnas_error *err)
{
  int32_t *labels;
  size_t n_training;

  rrn_data_shape(data, j->shape);
  j->classes = rrn_data_classes(data);
  RRN_TRY(count_images(j, data, err));
  n_training = j->n_norm > j->n_calibrating ? j->n_norm : j->n_calibrating;
  RRN_TRY(read_images(j, data, part_of(&j->o), j->n_images, &j->images, &j->labels, err));
  return read_images(j, data, RRN_DATA_TRAIN, n_training, &j->training, &labels, err);
}

static int32_t
load_images(rrn_judge *j, rramnas_error *err)
{
  rrn_data *data = NULL;
  int32_t status;

  RRN_TRY(rrn_data_load(j->o.data, &j->runtime, &data, err));
  status = read_data(j, data, err);
  rrn_data_free(data);
  return status;
}

/* --- the whole --- */

static int32_t
make_rooms(rrn_judge *j, rramnas_error *err)
{
  rrn_judge_room *rooms;
  size_t i;

  if (!j->is_supernet)
    return RRAMNAS_OK;
  rooms = rrn_arena_alloc(&j->arena, RRN_JUDGE_ROOMS, sizeof(*rooms));
  if (!rooms)
    return rrn_fail_memory(err);
  for (i = 0; i < RRN_JUDGE_ROOMS; i++)
    atomic_flag_clear(&rooms[i].busy);
  j->rooms = rooms;
  return RRAMNAS_OK;
}

static int32_t
load(rrn_judge *j, const rramnas_accuracy_options *o, rramnas_error *err)
{
  RRN_TRY(keep_options(j, o, err));
  RRN_TRY(load_weights(j, err));
  RRN_TRY(make_rooms(j, err));
  return load_images(j, err);
}

int32_t
rrn_judge_load(const rramnas_accuracy_options *options, const rramnas_runtime *runtime, rrn_judge **ret_judge,
               rramnas_error *err)
{
  rrn_judge *j;
  int32_t status;
  rrn_rt rt;

  RRN_TRY(rrn_rt_init(&rt, runtime, err));
  j = rrn_calloc(&rt, 1, sizeof(*j));
  if (!j)
    return rrn_fail_memory(err);
  j->rt = rt;
  j->runtime = rrn_rt_runtime(&j->rt);
  rrn_arena_init(&j->arena, &j->rt);
  status = load(j, options, err);
  if (status < 0)
    rrn_judge_free(j);
  else
    *ret_judge = j;
  return status;
}

void
rrn_judge_free(rrn_judge *j)
{
  rrn_rt rt;
  size_t i;

  if (!j)
    return;
  rt = j->rt;
  for (i = 0; j->rooms && i < RRN_JUDGE_ROOMS; i++)
    rrn_infer_room_release(&rt, &j->rooms[i].room);
  rrn_infer_plan_free(j->plan);
  rrn_values_free(j->values);
  rrn_safetensors_free(j->file);
  rrn_arena_release(&j->arena);
  rrn_free(&rt, j);
}

/* --- networks --- */

/* The tensor of a layer's weights: the first constant that its node takes. */
static const char *
weights_name(const rramnas_net *net, size_t layer)
{
  const rrn_node *node;
  int32_t i;

  for (node = net->nodes; node < net->nodes + net->n_nodes; node++)
    for (i = 0; node->layer == (int32_t)layer && i < node->n_inputs; i++)
      if (node->inputs[i] >= 0 && net->tensors[node->inputs[i]].kind == RRN_TENSOR_CONSTANT)
        return net->tensors[node->inputs[i]].name;
  return "(computed)";
}

static int32_t
check_layer(const rrn_judge *j, const rramnas_layer *ours, const rramnas_layer *theirs, rramnas_error *err)
{
  if (ours->matrix_rows == theirs->matrix_rows && ours->matrix_cols == theirs->matrix_cols)
    return RRAMNAS_OK;
  return rrn_fail(err, RRAMNAS_ERR_ARGUMENT,
                  "%s: tensor \"%.80s\" of layer \"%.80s\" has %lld inputs x %lld outputs, expected %lld x %lld as layer "
                  "\"%.80s\" of the mapping's network has", j->o.weights,
                  weights_name(j->values->net, (size_t)theirs->index), theirs->name, (long long)theirs->matrix_rows,
                  (long long)theirs->matrix_cols, (long long)ours->matrix_rows, (long long)ours->matrix_cols, ours->name);
}

/* By shape: a renamed network is the same network. */
static int32_t
check_network(const rrn_judge *j, const rramnas_net *ours, rramnas_error *err)
{
  const rramnas_net *theirs = j->values->net;
  size_t i;

  RRN_FAIL_IF(ours->n_layers != theirs->n_layers, err, RRAMNAS_ERR_ARGUMENT,
              "%s: has %zu layers, the mapping's network %zu", j->o.weights, (size_t)theirs->n_layers,
              (size_t)ours->n_layers);
  for (i = 0; i < ours->n_layers; i++)
    RRN_TRY(check_layer(j, &ours->layers[i], &theirs->layers[i], err));
  return RRAMNAS_OK;
}

static int32_t
check_images(const rrn_judge *j, const rrn_infer_plan *plan, rramnas_error *err)
{
  RRN_FAIL_IF((size_t)(j->shape[0] * j->shape[1] * j->shape[2]) != rrn_infer_n_in(plan), err, RRAMNAS_ERR_SHAPE,
              "%s: images have %lld x %lld x %lld values, the network takes %zu", j->o.data, (long long)j->shape[0],
              (long long)j->shape[1], (long long)j->shape[2], rrn_infer_n_in(plan));
  RRN_FAIL_IF((size_t)j->classes > rrn_infer_n_out(plan), err, RRAMNAS_ERR_SHAPE,
              "%s: there are %d classes, the network has %zu outputs", j->o.data, (int)j->classes,
              rrn_infer_n_out(plan));
  return RRAMNAS_OK;
}

static int32_t
plan_values(const rrn_judge *j, rrn_values *values, rrn_infer_plan **ret_plan, rramnas_error *err)
{
  rrn_infer_plan *plan = NULL;
  int32_t status;

  RRN_TRY(rrn_infer_plan_new(values, &j->runtime, &plan, err));
  status = check_images(j, plan, err);
  if (status < 0)
    rrn_infer_plan_free(plan);
  else
    *ret_plan = plan;
  return status;
}

int32_t
rrn_judge_plan_member(const rrn_judge *j, rramnas_net *net, rrn_values **ret_values, rrn_infer_plan **ret_plan,
                      rramnas_error *err)
{
  rrn_values *values = NULL;
  int32_t status;

  RRN_FAIL_IF(!net->ofa, err, RRAMNAS_ERR_ARGUMENT,
              "%s: holds a supernet, and network \"%.200s\" was not made from the genome of a member", j->o.weights,
              net->name);
  RRN_TRY(rrn_weights_of_supernet(j->file, &j->supernet, net->ofa, net, &j->runtime, &values, err));
  status = plan_values(j, values, ret_plan, err);
  if (status < 0)
    rrn_values_free(values);
  else
    *ret_values = values;
  return status;
}

int32_t
rrn_judge_check_member(rrn_judge *j, rramnas_net *net, rramnas_error *err)
{
  rrn_infer_plan *plan = NULL;
  rrn_values *values = NULL;

  if (net->ofa)
    RRN_TRY(rrn_supernet_check(j->file, (rrn_ofa_family)net->ofa_family, net->ofa, &j->runtime, &j->supernet, err));
  RRN_TRY(rrn_judge_plan_member(j, net, &values, &plan, err));
  rrn_infer_plan_free(plan);
  rrn_values_free(values);
  return RRAMNAS_OK;
}

int32_t
rrn_judge_set_net(rrn_judge *j, rramnas_net *net, rramnas_error *err)
{
  if (j->is_supernet)
    return rrn_judge_check_member(j, net, err);
  if (j->file) {
    rrn_values_free(j->values);
    j->values = NULL;
    RRN_TRY(rrn_weights_of_file(j->file, net, &j->runtime, &j->values, err));
  }
  RRN_TRY(check_network(j, net, err));
  rrn_infer_plan_free(j->plan);
  j->plan = NULL;
  return plan_values(j, j->values, &j->plan, err);
}

/* NULL when more threads than rooms are at work. */
static rrn_judge_room *
take_room(const rrn_judge *j)
{
  size_t i;

  for (i = 0; i < RRN_JUDGE_ROOMS; i++)
    if (!atomic_flag_test_and_set_explicit(&j->rooms[i].busy, memory_order_acquire))
      return &j->rooms[i];
  return NULL;
}

int32_t
rrn_judge_calibrate(const rrn_judge *j, rrn_infer_plan *plan, int32_t n_threads, rramnas_error *err)
{
  rrn_judge_room *room = take_room(j);
  const int32_t status = rrn_infer_calibrate(plan, NULL, j->training, j->n_norm, n_threads, room ? &room->room : NULL,
                                             NULL, err);

  if (room)
    atomic_flag_clear_explicit(&room->busy, memory_order_release);
  return status;
}
