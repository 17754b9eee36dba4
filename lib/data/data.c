/* SPDX-License-Identifier: MIT */
/* Images as a network takes them.
 *
 * In:  a data set's description, its files. Out: batches of floats and labels.
 * A pixel p becomes v = p scale; resizing interpolates v linearly between the four pixels around the point
 * ((i + 0.5) in / out - 0.5), held inside of the image; a grey plane is repeated; (v - mean) / std by channel. All in
 * single precision, in that order: first along rows, (1 - f) a + f b, then between rows.
 *
 * Held out of the training images are those with the smallest random numbers of stream (seed, image); both parts keep
 * the order of the files. So the choice does not depend on how many images are read, nor on what else is in the file.
 *
 * Complexity: linear in the pixels read; n log n once for what is held out. Not handled: averaging when an image is
 * made smaller. */
#include "data/data.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "data/set.h"
#include "util/random.h"

enum { HELD_OUT_PURPOSE = 0x44415441 };

/* --- what is held out --- */

typedef struct draw {
  uint64_t number;
  uint32_t image;
} draw;

static int
by_number(const void *a, const void *b)
{
  const draw *x = a, *y = b;

  return x->number != y->number ? (x->number > y->number) - (x->number < y->number)
                                : (x->image > y->image) - (x->image < y->image);
}

static int
by_image(const void *a, const void *b)
{
  const uint32_t x = *(const uint32_t *)a, y = *(const uint32_t *)b;

  return (x > y) - (x < y);
}

static int32_t
hold_out(rrn_data *d, rramnas_error *err)
{
  const size_t n = d->train.n, stay = n - d->n_held_out;
  draw *draws = rrn_alloc(&d->rt, n, sizeof(*draws));
  size_t i;

  d->order = rrn_arena_alloc_raw(&d->arena, n, sizeof(*d->order));
  if (!draws || !d->order) {
    rrn_free(&d->rt, draws);
    return rrn_fail_memory(err);
  }
  for (i = 0; i < n; i++) {
    rrn_random r = rrn_random_start(d->seed, 0, (uint32_t)i, HELD_OUT_PURPOSE);

    draws[i] = (draw){ rrn_random_u64(&r), (uint32_t)i };
  }
  if (d->n_held_out)
    qsort(draws, n, sizeof(*draws), by_number);
  for (i = 0; i < n; i++)
    d->order[i < d->n_held_out ? stay + i : i - d->n_held_out] = draws[i].image;
  qsort(d->order, stay, sizeof(*d->order), by_image);
  qsort(d->order + stay, d->n_held_out, sizeof(*d->order), by_image);
  rrn_free(&d->rt, draws);
  return RRAMNAS_OK;
}

/* --- resizing --- */

static int32_t
make_axis(rrn_data *d, int64_t in, int64_t out, int32_t **ret_before, float **ret_part, rramnas_error *err)
{
  int32_t *before = rrn_arena_alloc_raw(&d->arena, (size_t)out, sizeof(*before));
  float *part = rrn_arena_alloc_raw(&d->arena, (size_t)out, sizeof(*part));
  int64_t i;

  if (!before || !part)
    return rrn_fail_memory(err);
  for (i = 0; i < out; i++) {
    double at = ((double)i + 0.5) * (double)in / (double)out - 0.5;

    at = at < 0 ? 0 : at > (double)(in - 1) ? (double)(in - 1) : at;
    before[i] = (int32_t)floor(at);
    if (before[i] > 0 && before[i] == in - 1)
      before[i]--; /* the pixel behind must exist */
    part[i] = (float)(at - (double)before[i]);
  }
  *ret_before = before;
  *ret_part = part;
  return RRAMNAS_OK;
}

static int32_t
prepare_resizing(rrn_data *d, rramnas_error *err)
{
  const rrn_data_file *f = d->train.n ? &d->train.files[0] : &d->test.files[0];

  if (f->height == d->height && f->width == d->width)
    return RRAMNAS_OK;
  RRN_TRY(make_axis(d, f->height, d->height, &d->rows, &d->row_part, err));
  return make_axis(d, f->width, d->width, &d->cols, &d->col_part, err);
}

static float
between(float a, float b, float part)
{
  return (1 - part) * a + part * b;
}

/* One plane of pixels, scaled and resized. */
static void
read_plane(const rrn_data *d, const rrn_data_file *f, const uint8_t *pixels, float *restrict plane)
{
  const int64_t down = f->height > 1 ? f->width : 0, right = f->width > 1;
  int64_t row, col;

  if (!d->rows) {
    for (col = 0; col < d->height * d->width; col++)
      plane[col] = (float)pixels[col] * d->scale;
    return;
  }
  for (row = 0; row < d->height; row++)
    for (col = 0; col < d->width; col++) {
      const uint8_t *p = pixels + d->rows[row] * f->width + d->cols[col];
      const float upper = between((float)p[0] * d->scale, (float)p[right] * d->scale, d->col_part[col]);
      const float lower = between((float)p[down] * d->scale, (float)p[down + right] * d->scale, d->col_part[col]);

      *plane++ = between(upper, lower, d->row_part[row]);
    }
}

static void
read_image(const rrn_data *d, const rrn_data_file *f, const uint8_t *pixels, float *image)
{
  const size_t n = (size_t)(d->height * d->width), own = (size_t)(f->height * f->width);
  size_t c, i;

  for (c = 0; c < (size_t)d->channels; c++)
    if (c == 0 || f->channels > 1)
      read_plane(d, f, pixels + c * own, image + c * n);
    else
      memcpy(image + c * n, image, n * sizeof(*image));
  for (c = 0; c < (size_t)d->channels; c++)
    for (i = 0; i < n; i++)
      image[c * n + i] = (image[c * n + i] - d->mean[c]) / d->deviation[c];
}

/* --- the API of the module --- */

void
rrn_data_free(rrn_data *d)
{
  size_t i;
  rrn_rt rt;

  if (!d)
    return;
  for (i = 0; i < d->train.n_files; i++)
    rrn_data_close(&d->train.files[i]);
  for (i = 0; i < d->test.n_files; i++)
    rrn_data_close(&d->test.files[i]);
  rt = d->rt;
  rrn_arena_release(&d->arena);
  rrn_free(&rt, d);
}

static int32_t
set_up(rrn_data *d, const char *text, size_t size, const char *name, const char *folder, rramnas_error *err)
{
  rrn_yaml *root = NULL;
  rrn_arena scratch;
  int32_t status;

  rrn_arena_init(&scratch, &d->rt);
  status = rrn_yaml_parse(&scratch, text, size, name, &root, err);
  if (status >= 0)
    status = rrn_data_read_yaml(d, root, folder, err);
  rrn_arena_release(&scratch);
  RRN_TRY(status);
  RRN_TRY(prepare_resizing(d, err));
  return hold_out(d, err);
}

int32_t
rrn_data_parse(const char *text, size_t size, const char *name, const char *folder, const rramnas_runtime *runtime,
               rrn_data **ret_data, rramnas_error *err)
{
  int32_t status;
  rrn_data *d;
  rrn_rt rt;

  RRN_TRY(rrn_rt_init(&rt, runtime, err));
  d = rrn_calloc(&rt, 1, sizeof(*d));
  if (!d)
    return rrn_fail_memory(err);
  d->rt = rt;
  rrn_arena_init(&d->arena, &d->rt);
  status = set_up(d, text, size, name, folder, err);
  if (status < 0)
    rrn_data_free(d);
  else
    *ret_data = d;
  return status;
}

int32_t
rrn_data_load(const char *path, const rramnas_runtime *runtime, rrn_data **ret_data, rramnas_error *err)
{
  const size_t length = (size_t)(rrn_path_base(path) - path);
  rrn_file file = { 0 };
  int32_t status;
  char *folder;
  rrn_rt rt;

  RRN_TRY(rrn_rt_init(&rt, runtime, err));
  RRN_TRY(rrn_file_open(&file, path, RRN_YAML_MAX_BYTES, err));
  folder = rrn_alloc(&rt, length + 2, 1);
  if (!folder) {
    rrn_file_close(&file);
    return rrn_fail_memory(err);
  }
  /* "/x" keeps its slash, "a/x" loses it, "x" is ".". */
  memcpy(folder, length ? path : ".", length ? length : 1);
  folder[length > 1 ? length - 1 : 1] = '\0';
  status = rrn_data_parse(file.data, file.size, path, folder, runtime, ret_data, err);
  rrn_free(&rt, folder);
  rrn_file_close(&file);
  return status;
}

size_t
rrn_data_count(const rrn_data *d, rrn_data_part part)
{
  return part == RRN_DATA_TEST ? d->test.n : part == RRN_DATA_HELD_OUT ? d->n_held_out : d->train.n - d->n_held_out;
}

int32_t
rrn_data_classes(const rrn_data *d)
{
  return d->classes;
}

void
rrn_data_shape(const rrn_data *d, int64_t ret_shape[3])
{
  ret_shape[0] = d->channels;
  ret_shape[1] = d->height;
  ret_shape[2] = d->width;
}

/* File of image *i of a split; *i becomes its number there. */
static const rrn_data_file *
find_image(const rrn_data_split *split, size_t *i)
{
  const rrn_data_file *f = split->files;

  for (; *i >= f->n; f++)
    *i -= f->n;
  return f;
}

static int32_t
read_label(const rrn_data *d, const rrn_data_file *f, size_t i, int32_t *ret_label, rramnas_error *err)
{
  const uint8_t *at = f->labels + i * f->label_step;

  if (*at >= d->classes)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE,
                       (rrn_place){ f->label_path, 0, 0, at - (const uint8_t *)(f->maps[1].data ? f->maps[1].data
                                                                                                : f->maps[0].data) },
                       "image %zu has label %d, expected 0 to %d", i, *at, (int)d->classes - 1);
  *ret_label = *at;
  return RRAMNAS_OK;
}

int32_t
rrn_data_read(const rrn_data *d, rrn_data_part part, size_t first, size_t n, float *ret_images, int32_t *ret_labels,
              rramnas_error *err)
{
  const rrn_data_split *split = part == RRN_DATA_TEST ? &d->test : &d->train;
  const size_t count = rrn_data_count(d, part), pixels = (size_t)(d->channels * d->height * d->width);
  const size_t start = part == RRN_DATA_HELD_OUT ? d->train.n - d->n_held_out : 0;
  size_t k;

  RRN_FAIL_IF(first > count || n > count - first, err, RRAMNAS_ERR_ARGUMENT,
              "images %zu to %zu are asked for, the part has %zu", first, first + n, count);
  for (k = 0; k < n; k++) {
    size_t i = part == RRN_DATA_TEST ? first + k : d->order[start + first + k];
    const rrn_data_file *f = find_image(split, &i);

    if (ret_images)
      read_image(d, f, f->pixels + i * f->pixel_step, ret_images + k * pixels);
    if (ret_labels)
      RRN_TRY(read_label(d, f, i, &ret_labels[k], err));
  }
  return RRAMNAS_OK;
}
