/* SPDX-License-Identifier: MIT */
/* Description of a data set: schema rramnas.data/1 (doc/inference.md).
 *
 * In: a YAML tree. Out: the fields of rrn_data, files opened and of one size. Unknown keys are errors. */
#include <stdio.h>
#include <string.h>

#include "data/set.h"

enum { MAX_PATH = 4096 };

/* A key that must be there. */
static int32_t
need(const rrn_yaml *mapping, const char *key, const rrn_yaml **ret_node, rramnas_error *err)
{
  *ret_node = rrn_yaml_get(mapping, key);
  if (!*ret_node)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, mapping->where, "there is no key \"%s\"", key);
  return RRAMNAS_OK;
}

/* Which of the words a scalar is. */
static int32_t
read_word(const rrn_yaml *node, const char *const *words, int32_t *ret_word, rramnas_error *err)
{
  int32_t i;

  RRN_TRY(rrn_yaml_expect(node, RRN_YAML_SCALAR, node->key, err));
  for (i = 0; words[i]; i++)
    if (strcmp(words[i], node->text) == 0) {
      *ret_word = i;
      return RRAMNAS_OK;
    }
  return rrn_fail_at(err, RRAMNAS_ERR_PARSE, node->where, "%s is \"%.60s\", expected %s%s%s%s%s", node->key, node->text,
                     words[0], words[1] ? " or " : "", words[1] ? words[1] : "", words[1] && words[2] ? " or " : "",
                     words[1] && words[2] ? words[2] : "");
}

static int32_t
file_path(rrn_data *d, const rrn_yaml *node, const char *folder, const char **ret_path, rramnas_error *err)
{
  char path[MAX_PATH];

  RRN_TRY(rrn_yaml_expect(node, RRN_YAML_SCALAR, "a file's name", err));
  if (node->length == 0 || strlen(folder) + node->length + 2 > sizeof(path))
    return rrn_fail_at(err, RRAMNAS_ERR_RANGE, node->where, "a file's name has %zu bytes, expected 1 to %zu",
                       node->length, sizeof(path) - strlen(folder) - 2);
  if (node->text[0] == '/' || !*folder)
    snprintf(path, sizeof(path), "%s", node->text);
  else
    snprintf(path, sizeof(path), "%s/%s", folder, node->text);
  *ret_path = rrn_arena_strndup(&d->arena, path, strlen(path));
  return *ret_path ? RRAMNAS_OK : rrn_fail_memory(err);
}

/* --- files --- */

static int32_t
open_idx(rrn_data *d, const rrn_yaml *node, const char *folder, rrn_data_split *split, rramnas_error *err)
{
  static const char *const known[] = { "images", "labels", NULL };
  const rrn_yaml *images, *labels;
  const char *image_path, *label_path;

  RRN_TRY(rrn_yaml_expect(node, RRN_YAML_MAPPING, node->key, err));
  RRN_TRY(rrn_yaml_check_keys(node, known, err));
  RRN_TRY(need(node, "images", &images, err));
  RRN_TRY(need(node, "labels", &labels, err));
  RRN_TRY(file_path(d, images, folder, &image_path, err));
  RRN_TRY(file_path(d, labels, folder, &label_path, err));
  split->files = rrn_arena_alloc(&d->arena, 1, sizeof(*split->files));
  if (!split->files)
    return rrn_fail_memory(err);
  split->n_files = 1;
  return rrn_data_open_idx(image_path, label_path, &split->files[0], err);
}

static int32_t
open_cifar(rrn_data *d, const rrn_yaml *node, const char *folder, rrn_data_split *split, rramnas_error *err)
{
  const rrn_yaml *child;
  rrn_data_file *file;
  const char *path;

  RRN_TRY(rrn_yaml_expect(node, RRN_YAML_SEQUENCE, node->key, err));
  if (node->n_children < 1 || node->n_children > RRN_DATA_MAX_FILES)
    return rrn_fail_at(err, RRAMNAS_ERR_LIMIT, node->where, "%s has %zu files, expected 1 to %d", node->key,
                       node->n_children, RRN_DATA_MAX_FILES);
  split->files = rrn_arena_alloc(&d->arena, node->n_children, sizeof(*split->files));
  if (!split->files)
    return rrn_fail_memory(err);
  for (child = node->child; child; child = child->next) {
    RRN_TRY(file_path(d, child, folder, &path, err));
    file = &split->files[split->n_files++];
    RRN_TRY(rrn_data_open_cifar(path, d->format == RRN_DATA_CIFAR100, d->coarse, file, err));
  }
  return RRAMNAS_OK;
}

static int32_t
open_split(rrn_data *d, const rrn_yaml *root, const char *key, const char *folder, rrn_data_split *split,
           rramnas_error *err)
{
  const rrn_yaml *node = rrn_yaml_get(root, key);
  size_t i;

  if (!node)
    return RRAMNAS_OK;
  RRN_TRY(d->format == RRN_DATA_IDX ? open_idx(d, node, folder, split, err) : open_cifar(d, node, folder, split, err));
  for (i = 0; i < split->n_files; i++)
    split->n += split->files[i].n;
  if (split->n > RRN_DATA_MAX_IMAGES)
    return rrn_fail_at(err, RRAMNAS_ERR_LIMIT, node->where, "%s has %zu images, the limit is %d", key, split->n,
                       RRN_DATA_MAX_IMAGES);
  return RRAMNAS_OK;
}

/* The size of the images in the files, which must be one. */
static int32_t
check_splits(rrn_data *d, const rrn_yaml *root, rramnas_error *err)
{
  const rrn_data_file *one = d->train.n ? &d->train.files[0] : d->test.n ? &d->test.files[0] : NULL;
  const rrn_data_file *other = d->test.n ? &d->test.files[0] : one;

  if (!one)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, root->where, "there is neither \"train\" nor \"test\"");
  RRN_FAIL_IF(one->height != other->height || one->width != other->width, err, RRAMNAS_ERR_SHAPE,
              "%s: images of %lld x %lld pixels, expected %lld x %lld as in %s", other->path, (long long)other->height,
              (long long)other->width, (long long)one->height, (long long)one->width, one->path);
  d->channels = one->channels;
  d->height = one->height;
  d->width = one->width;
  return RRAMNAS_OK;
}

/* --- what is done to pixels --- */

/* One number for all channels or one for each. */
static int32_t
read_channels(const rrn_data *d, const rrn_yaml *root, const char *key, double least, float missing, float *ret_values,
              rramnas_error *err)
{
  const rrn_yaml *node = rrn_yaml_get(root, key), *child = node;
  double value = (double)missing;
  int64_t c;

  if (node && node->kind != RRN_YAML_SCALAR) {
    RRN_TRY(rrn_yaml_expect(node, RRN_YAML_SEQUENCE, key, err));
    if (node->n_children != (size_t)d->channels)
      return rrn_fail_at(err, RRAMNAS_ERR_SHAPE, node->where,
                         "%s has %zu entries, expected one for each of %lld channels", key, node->n_children,
                         (long long)d->channels);
    child = node->child;
  }
  for (c = 0; c < d->channels; c++) {
    if (child)
      RRN_TRY(rrn_yaml_double(child, key, least, 1e6, &value, err));
    ret_values[c] = (float)value;
    if (node && node->kind == RRN_YAML_SEQUENCE)
      child = child->next;
  }
  return RRAMNAS_OK;
}

static int32_t
read_count(const rrn_yaml *root, const char *key, int64_t least, int64_t most, int64_t *value, rramnas_error *err)
{
  const rrn_yaml *node = rrn_yaml_get(root, key);

  return node ? rrn_yaml_int(node, key, least, most, value, err) : RRAMNAS_OK;
}

static int32_t
read_size(rrn_data *d, const rrn_yaml *root, rramnas_error *err)
{
  const rrn_yaml *node = rrn_yaml_get(root, "resize"), *channels = rrn_yaml_get(root, "channels");
  int64_t wanted = d->channels;

  if (node) {
    RRN_TRY(rrn_yaml_expect(node, RRN_YAML_SEQUENCE, "resize", err));
    if (node->n_children != 2)
      return rrn_fail_at(err, RRAMNAS_ERR_PARSE, node->where, "resize has %zu entries, expected [height, width]",
                         node->n_children);
    RRN_TRY(rrn_yaml_int(node->child, "height", 1, RRN_DATA_MAX_SIDE, &d->height, err));
    RRN_TRY(rrn_yaml_int(node->child->next, "width", 1, RRN_DATA_MAX_SIDE, &d->width, err));
  }
  RRN_TRY(read_count(root, "channels", 1, RRN_DATA_MAX_CHANNELS, &wanted, err));
  if (wanted != d->channels && d->channels != 1)
    return rrn_fail_at(err, RRAMNAS_ERR_SHAPE, channels->where, "channels is %lld, the images have %lld",
                       (long long)wanted, (long long)d->channels);
  d->channels = wanted;
  return RRAMNAS_OK;
}

static int32_t
read_held_out(rrn_data *d, const rrn_yaml *root, rramnas_error *err)
{
  static const char *const known[] = { "images", "seed", NULL };
  const rrn_yaml *node = rrn_yaml_get(root, "held_out"), *images;
  int64_t n = 0, seed = 0;

  if (!node)
    return RRAMNAS_OK;
  RRN_TRY(rrn_yaml_expect(node, RRN_YAML_MAPPING, "held_out", err));
  RRN_TRY(rrn_yaml_check_keys(node, known, err));
  RRN_TRY(need(node, "images", &images, err));
  RRN_TRY(rrn_yaml_int(images, "images", 0, (int64_t)d->train.n, &n, err));
  RRN_TRY(read_count(node, "seed", 0, INT64_MAX, &seed, err));
  d->n_held_out = (size_t)n;
  d->seed = (uint64_t)seed;
  return RRAMNAS_OK;
}

static int32_t
read_labels(rrn_data *d, const rrn_yaml *root, rramnas_error *err)
{
  static const char *const words[] = { "fine", "coarse", NULL };
  const rrn_yaml *node = rrn_yaml_get(root, "labels");
  int64_t classes;

  if (node && d->format != RRN_DATA_CIFAR100)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, node->key_where, "labels are only chosen of format cifar100");
  if (node)
    RRN_TRY(read_word(node, words, &d->coarse, err));
  classes = d->format != RRN_DATA_CIFAR100 ? 10 : d->coarse ? 20 : 100;
  RRN_TRY(read_count(root, "classes", 2, RRN_DATA_MAX_CLASSES, &classes, err));
  d->classes = (int32_t)classes;
  return RRAMNAS_OK;
}

int32_t
rrn_data_read_yaml(rrn_data *d, const rrn_yaml *root, const char *folder, rramnas_error *err)
{
  static const char *const known[] = { "schema", "name", "format", "train", "test", "labels", "classes", "scale",
                                       "resize", "channels", "mean", "std", "held_out", NULL };
  static const char *const formats[] = { "idx", "cifar10", "cifar100", NULL };
  static const char *const schemas[] = { "rramnas.data/1", NULL };
  const rrn_yaml *node, *schema, *scale;
  double factor = 1.0 / 255;
  int32_t format = 0;

  RRN_TRY(rrn_yaml_expect(root, RRN_YAML_MAPPING, "the file", err));
  RRN_TRY(need(root, "schema", &schema, err));
  RRN_TRY(read_word(schema, schemas, &format, err));
  RRN_TRY(rrn_yaml_check_keys(root, known, err));
  RRN_TRY(need(root, "format", &node, err));
  RRN_TRY(read_word(node, formats, &format, err));
  d->format = (rrn_data_format)format;
  RRN_TRY(read_labels(d, root, err));
  RRN_TRY(open_split(d, root, "train", folder, &d->train, err));
  RRN_TRY(open_split(d, root, "test", folder, &d->test, err));
  RRN_TRY(check_splits(d, root, err));
  RRN_TRY(read_size(d, root, err));
  scale = rrn_yaml_get(root, "scale");
  if (scale)
    RRN_TRY(rrn_yaml_double(scale, "scale", 1e-9, 1e9, &factor, err));
  d->scale = (float)factor;
  RRN_TRY(read_channels(d, root, "mean", -1e6, 0, d->mean, err));
  RRN_TRY(read_channels(d, root, "std", 1e-9, 1, d->deviation, err));
  return read_held_out(d, root, err);
}
