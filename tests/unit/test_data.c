/* SPDX-License-Identifier: MIT */
/* Data sets: what is read, what is held out, what is refused. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>

#include "data/data.h"
#include "folder.h"
#include "infer.h"
#include "oom.h"

static void
check(int32_t status, const rramnas_error *err)
{
  if (status < 0)
    print_error("%s\n", err->message);
  assert_true(status >= 0);
}

static rrn_data *
parse(const char *text, const char *folder)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_data *d = NULL;

  check(rrn_data_parse(text, strlen(text), "data.yaml", folder, NULL, &d, &err), &err);
  return d;
}

static const char *
digits_folder(void)
{
  static char path[1024];

  return data_path("digits", path);
}

#define DIGITS                                                                                    \
  "schema: rramnas.data/1\nformat: idx\n"                                                         \
  "train: {images: train-images.idx3-ubyte, labels: train-labels.idx1-ubyte}\n"                    \
  "test: {images: test-images.idx3-ubyte, labels: test-labels.idx1-ubyte}\n"

static void
test_plain(void **state)
{
  rrn_data *d = parse(DIGITS "scale: 0.0625\n", digits_folder());
  rramnas_error err = RRAMNAS_ERROR_INIT;
  float image[64];
  uint8_t bytes[64];
  int32_t label;
  char path[1024];
  int64_t shape[3];
  FILE *file;
  int i;

  (void)state;
  assert_int_equal(rrn_data_count(d, RRN_DATA_TRAIN), 1437);
  assert_int_equal(rrn_data_count(d, RRN_DATA_TEST), 360);
  assert_int_equal(rrn_data_count(d, RRN_DATA_HELD_OUT), 0);
  assert_int_equal(rrn_data_classes(d), 10);
  rrn_data_shape(d, shape);
  assert_true(shape[0] == 1 && shape[1] == 8 && shape[2] == 8);
  check(rrn_data_read(d, RRN_DATA_TEST, 359, 1, image, &label, &err), &err);
  file = fopen(data_path("digits/test-images.idx3-ubyte", path), "rb");
  assert_non_null(file);
  assert_int_equal(fseek(file, 16 + 359 * 64, SEEK_SET), 0);
  assert_int_equal(fread(bytes, 1, 64, file), 64);
  fclose(file);
  for (i = 0; i < 64; i++)
    assert_true(image[i] == (float)bytes[i] / 16);
  assert_int_equal(rrn_data_read(d, RRN_DATA_TEST, 359, 2, image, &label, &err), RRAMNAS_ERR_ARGUMENT);
  rrn_data_free(d);
}

/* Value of the plane at a point, by definition. */
static double
interpolate(const float *plane, int n, double y, double x)
{
  const double row = fmin(fmax(y, 0), n - 1), col = fmin(fmax(x, 0), n - 1);
  const int r = (int)row, c = (int)col, below = r + (r < n - 1), right = c + (c < n - 1);
  const double v = row - r, h = col - c;

  return (1 - v) * ((1 - h) * (double)plane[r * n + c] + h * (double)plane[r * n + right]) +
         v * ((1 - h) * (double)plane[below * n + c] + h * (double)plane[below * n + right]);
}

static void
test_resized(void **state)
{
  rrn_data *plain = parse(DIGITS "scale: 0.0625\n", digits_folder());
  rrn_data *d = parse(DIGITS "scale: 0.0625\nresize: [32, 11]\nchannels: 3\nmean: [0, 0.5, 0.1]\nstd: [1, 0.5, 3]\n",
                      digits_folder());
  static const double mean[3] = { 0, 0.5, 0.1 }, deviation[3] = { 1, 0.5, 3 };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  static float image[3 * 32 * 11], small[64];
  int c, y, x;

  (void)state;
  check(rrn_data_read(plain, RRN_DATA_TEST, 0, 1, small, NULL, &err), &err);
  check(rrn_data_read(d, RRN_DATA_TEST, 0, 1, image, NULL, &err), &err);
  for (c = 0; c < 3; c++)
    for (y = 0; y < 32; y++)
      for (x = 0; x < 11; x++) {
        const double at = interpolate(small, 8, (y + 0.5) * 8 / 32 - 0.5, (x + 0.5) * 8 / 11 - 0.5);

        assert_true(fabs((double)image[(c * 32 + y) * 11 + x] - (at - mean[c]) / deviation[c]) < 1e-6);
      }
  rrn_data_free(plain);
  rrn_data_free(d);
}

/* Every training image is in one part; the choice depends on the seed and on nothing else. */
static void
test_held_out(void **state)
{
  rrn_data *all = parse(DIGITS, digits_folder());
  rrn_data *d = parse(DIGITS "held_out: {images: 237, seed: 5}\n", digits_folder());
  rrn_data *other = parse(DIGITS "held_out: {images: 237, seed: 6}\n", digits_folder());
  rramnas_error err = RRAMNAS_ERROR_INIT;
  static float images[3][1437 * 64], third[237 * 64];
  size_t i = 0, j = 0, k;

  (void)state;
  assert_int_equal(rrn_data_count(d, RRN_DATA_TRAIN), 1200);
  assert_int_equal(rrn_data_count(d, RRN_DATA_HELD_OUT), 237);
  check(rrn_data_read(all, RRN_DATA_TRAIN, 0, 1437, images[0], NULL, &err), &err);
  check(rrn_data_read(d, RRN_DATA_TRAIN, 0, 1200, images[1], NULL, &err), &err);
  check(rrn_data_read(d, RRN_DATA_HELD_OUT, 0, 237, images[2], NULL, &err), &err);
  check(rrn_data_read(other, RRN_DATA_HELD_OUT, 0, 237, third, NULL, &err), &err);
  /* Merging both parts in order gives the whole. */
  for (k = 0; k < 1437; k++)
    if (i < 1200 && memcmp(images[0] + k * 64, images[1] + i * 64, 64 * sizeof(float)) == 0)
      i++;
    else if (j < 237 && memcmp(images[0] + k * 64, images[2] + j * 64, 64 * sizeof(float)) == 0)
      j++;
  assert_true(i == 1200 && j == 237);
  assert_memory_not_equal(images[2], third, sizeof(third));
  rrn_data_free(all);
  rrn_data_free(d);
  rrn_data_free(other);
}

/* --- files of our own --- */

static void
write_file(const char *name, const void *data, size_t n)
{
  char path[FOLDER_PATH];
  FILE *file = fopen(folder_path(name, path), "wb");

  assert_non_null(file);
  assert_int_equal(fwrite(data, 1, n, file), n);
  assert_int_equal(fclose(file), 0);
}

static void
test_cifar(void **state)
{
  static uint8_t batch[3 * 3074];
  static float images[5 * 3072];
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char path[FOLDER_PATH];
  int32_t labels[5];
  rrn_data *d = NULL;
  size_t i;
  const char *text = "schema: rramnas.data/1\nformat: cifar100\ntrain: [a.bin, b.bin]\nscale: 1\nstd: [1, 2, 4]\n";

  (void)state;
  for (i = 0; i < sizeof(batch); i++)
    batch[i] = i % 3074 == 0 ? (uint8_t)(7 + i / 3074) : i % 3074 == 1 ? (uint8_t)(90 + i / 3074) : (uint8_t)(i * 7);
  write_file("a.bin", batch, 2 * 3074);
  write_file("b.bin", batch, sizeof(batch));
  write_file("set.yaml", text, strlen(text));
  folder_path("set.yaml", path);
  check(rrn_data_load(path, NULL, &d, &err), &err);
  assert_int_equal(rrn_data_count(d, RRN_DATA_TRAIN), 5);
  assert_int_equal(rrn_data_classes(d), 100);
  check(rrn_data_read(d, RRN_DATA_TRAIN, 0, 5, images, labels, &err), &err);
  assert_true(labels[0] == 90 && labels[1] == 91 && labels[2] == 90 && labels[4] == 92);
  for (i = 0; i < 3072; i++)
    assert_true(images[4 * 3072 + i] == (float)batch[2 * 3074 + 2 + i] / (float)(1 << i / 1024));
  rrn_data_free(d);
  d = parse("schema: rramnas.data/1\nformat: cifar100\nlabels: coarse\ntest: [b.bin]\n", test_folder);
  check(rrn_data_read(d, RRN_DATA_TEST, 2, 1, NULL, labels, &err), &err);
  assert_int_equal(labels[0], 9);
  assert_int_equal(rrn_data_classes(d), 20);
  rrn_data_free(d);
}

typedef struct refusal {
  const char *images, *labels; /* as written below */
  size_t n_images, n_labels;
  const char *part;            /* of the message */
} refusal;

static void
test_refused_idx(void **state)
{
  static const refusal cases[] = {
    { "\0\0\10\3\0\0\0\1\0\0\0\2\0\0\0\2abc", "", 19, 0,
      "images: byte 4: the header promises 4 bytes of data, the file has 3" },
    { "\0\0\10\3\0\0", "", 6, 0, "images: byte 6: the file ends inside of its header, expected 16 bytes" },
    { "\0\0\10\1\0\0\0\1\0\0\0\0\0\0\0\0", "", 16, 0,
      "images: byte 0: the file begins with 00 00 08 01, expected 00 00 08 03" },
    { "\37\213\10\0", "", 4, 0, "gunzip" },
    { "\0\0\10\3\377\377\377\377\377\377\377\377\377\377\377\377", "", 16, 0, "images: byte 4: the header promises" },
    { "\0\0\10\3\0\0\0\0\0\0\0\2\0\0\0\2", "", 16, 0, "0 images of 2 x 2 pixels" },
    { "\0\0\10\3\0\0\0\1\0\0\0\1\0\0\0\1a", "\0\0\10\1\0\0\0\2ab", 17, 10,
      "labels: byte 4: 2 labels, expected one for each of the 1" },
  };
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    const char *text = "schema: rramnas.data/1\nformat: idx\ntest: {images: images, labels: labels}\n";
    rramnas_error err = RRAMNAS_ERROR_INIT;
    rrn_data *d = NULL;

    write_file("images", cases[i].images, cases[i].n_images);
    write_file("labels", cases[i].labels, cases[i].n_labels);
    assert_true(rrn_data_parse(text, strlen(text), "data.yaml", test_folder, NULL, &d, &err) < 0);
    if (!strstr(err.message, cases[i].part))
      fail_msg("\"%s\" does not say \"%s\"", err.message, cases[i].part);
  }
}

/* A label that is no class is told when it is read, with its byte. */
static void
test_wrong_label(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  int32_t labels[2];
  rrn_data *d;

  (void)state;
  write_file("images", "\0\0\10\3\0\0\0\2\0\0\0\1\0\0\0\1ab", 18);
  write_file("labels", "\0\0\10\1\0\0\0\2\3\12", 10);
  d = parse("schema: rramnas.data/1\nformat: idx\ntest: {images: images, labels: labels}\n", test_folder);
  check(rrn_data_read(d, RRN_DATA_TEST, 0, 1, NULL, labels, &err), &err);
  assert_int_equal(rrn_data_read(d, RRN_DATA_TEST, 0, 2, NULL, labels, &err), RRAMNAS_ERR_PARSE);
  assert_non_null(strstr(err.message, "labels: byte 9: image 1 has label 10, expected 0 to 9"));
  rrn_data_free(d);
}

static void
test_refused_yaml(void **state)
{
  static const struct { const char *text, *part; } cases[] = {
    { "format: idx\n", "there is no key \"schema\"" },
    { "schema: rramnas.data/2\n", "schema is \"rramnas.data/2\", expected rramnas.data/1" },
    { "schema: rramnas.data/1\nformat: png\n",
      "data.yaml:2:9: format is \"png\", expected idx or cifar10 or cifar100" },
    { "schema: rramnas.data/1\nformat: idx\nsize: 3\n", "data.yaml:3:1: unknown key \"size\"" },
    { "schema: rramnas.data/1\nformat: idx\n", "neither \"train\" nor \"test\"" },
    { "schema: rramnas.data/1\nformat: cifar10\nlabels: fine\n", "labels are only chosen" },
    { "schema: rramnas.data/1\nformat: idx\ntest: {images: none, labels: none}\n", "cannot open" },
    { DIGITS "resize: [3]\n", "resize has 1 entries, expected [height, width]" },
    { DIGITS "resize: [3, 5000]\n", "5000" },
    { DIGITS "mean: [1, 2]\n", "mean has 2 entries, expected one for each of 1 channels" },
    { DIGITS "std: 0\n", "std" },
    { DIGITS "held_out: {images: 1438}\n", "1438" },
    { DIGITS "held_out: {seed: 1}\n", "there is no key \"images\"" },
  };
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    rramnas_error err = RRAMNAS_ERROR_INIT;
    rrn_data *d = NULL;

    assert_true(rrn_data_parse(cases[i].text, strlen(cases[i].text), "data.yaml", digits_folder(), NULL, &d, &err) < 0);
    if (!strstr(err.message, cases[i].part))
      fail_msg("\"%s\" does not say \"%s\"", err.message, cases[i].part);
  }
}

static int32_t
load(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  const char *text = DIGITS "resize: [5, 5]\nheld_out: {images: 3}\n";
  rrn_data *d = NULL;
  const int32_t status = rrn_data_parse(text, strlen(text), "data.yaml", user, runtime, &d, err);

  rrn_data_free(d);
  return status;
}

static void
test_memory(void **state)
{
  (void)state;
  assert_true(oom_until_success(load, (void *)(uintptr_t)digits_folder(), 1, 0) > 3);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_plain),       cmocka_unit_test(test_resized),     cmocka_unit_test(test_held_out),
    cmocka_unit_test(test_cifar),       cmocka_unit_test(test_refused_idx), cmocka_unit_test(test_wrong_label),
    cmocka_unit_test(test_refused_yaml), cmocka_unit_test(test_memory),
  };

  return cmocka_run_group_tests(tests, folder_make, folder_remove);
}
