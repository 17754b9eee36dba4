/* SPDX-License-Identifier: MIT */
/* Networks in single precision against other programs: the digits network against PyTorch, each operator against its
 * definition in double precision, which agrees with ONNX's own tests (tests/data/infer/README.md). */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>

#include "infer.h"
#include "infer/accuracy.h"

enum { IMAGES = 360, PIXELS = 64, CLASSES = 10 };

static void
check(int32_t status, const rramnas_error *err)
{
  if (status < 0)
    print_error("%s\n", err->message);
  assert_true(status >= 0);
}

/* Pixels / 16 and labels of the test images. */
static void
read_digits(float images[IMAGES][PIXELS], uint8_t labels[IMAGES])
{
  char path[1024];
  uint8_t bytes[16 + IMAGES * PIXELS];
  FILE *file = fopen(data_path("digits/test-images.idx3-ubyte", path), "rb");
  size_t i;

  assert_non_null(file);
  assert_int_equal(fread(bytes, 1, sizeof(bytes), file), sizeof(bytes));
  fclose(file);
  for (i = 0; i < (size_t)IMAGES * PIXELS; i++)
    images[i / PIXELS][i % PIXELS] = (float)bytes[16 + i] / 16;
  file = fopen(data_path("digits/test-labels.idx1-ubyte", path), "rb");
  assert_non_null(file);
  assert_int_equal(fread(bytes, 1, 8 + IMAGES, file), 8 + IMAGES);
  fclose(file);
  memcpy(labels, bytes + 8, IMAGES);
}

/* Published with the network: logits of PyTorch, 98.06 % right. */
static void
test_digits(void **state)
{
  static float images[IMAGES][PIXELS], logits[IMAGES][CLASSES];
  rramnas_error err = RRAMNAS_ERROR_INIT;
  uint8_t labels[IMAGES];
  planned p;
  size_t n, i, right = 0;
  float *expected = read_floats("digits/digits_cnn.test_logits.f32", &n), worst = 0;

  (void)state;
  assert_int_equal(n, IMAGES * CLASSES);
  read_digits(images, labels);
  check(planned_onnx("onnx/digits_cnn.onnx", NULL, &p, &err), &err);
  check(rrn_infer_run(p.plan, NULL, images[0], IMAGES, 0, logits[0], &err), &err);
  for (i = 0; i < n; i++) {
    const float difference = fabsf(logits[i / CLASSES][i % CLASSES] - expected[i]);

    worst = difference > worst ? difference : worst;
  }
  for (i = 0; i < IMAGES; i++)
    right += rrn_infer_argmax(logits[i], CLASSES) == labels[i];
  print_message("digits: largest difference %.3g, %zu of %d right\n", (double)worst, right, IMAGES);
  assert_true(worst <= 1e-4f);
  assert_int_equal(right, 353); /* 98.06 % */
  free(expected);
  planned_free(&p);
}

static uint64_t image_sum;

/* Adds up the numbers of the images that the last layer meets. */
static int32_t
add_images(void *user, const rrn_infer_block *b, rramnas_error *err)
{
  rrn_infer_plan *const *p = user;
  int32_t lane;

  (void)err;
  if (b->n_out == CLASSES)
    for (lane = 0; lane < b->n_images; lane++)
      image_sum += b->first_image + (uint64_t)lane;
  rrn_infer_multiply_floats(*p, b);
  return RRAMNAS_OK;
}

/* Counted by the library, in parts, on threads, and by a backend that meets each image under its number. */
static void
test_accuracy(void **state)
{
  static float images[IMAGES][PIXELS];
  rramnas_error err = RRAMNAS_ERROR_INIT;
  size_t right = 0, part = 0, i;
  uint8_t bytes[IMAGES];
  int32_t labels[IMAGES];
  planned p;

  (void)state;
  read_digits(images, bytes);
  for (i = 0; i < IMAGES; i++)
    labels[i] = bytes[i];
  check(planned_onnx("onnx/digits_cnn.onnx", NULL, &p, &err), &err);
  check(rrn_infer_count_right_of(p.plan, NULL, images[0], labels, IMAGES, 0, &right, &err), &err);
  assert_int_equal(right, 353);
  check(rrn_infer_count_right_of(p.plan, NULL, images[0], labels, 111, 1, &right, &err), &err);
  check(rrn_infer_count_right_of(p.plan, NULL, images[111], labels + 111, IMAGES - 111, 2, &part, &err), &err);
  assert_int_equal(right + part, 353);
  check(rrn_infer_count_right_of(p.plan,
                                 &(rrn_infer_backend){ .multiply = add_images, .user = &p.plan, .first_image = 7 },
                                 images[7], labels + 7, 353, 1, &part, &err), &err);
  assert_int_equal(image_sum, (7 + 359) * 353 / 2);
  planned_free(&p);
}

/* One line per case: name, images, tolerance. */
static void
test_operators(void **state)
{
  char path[1024], line[256], name[100], model[160];
  FILE *list = fopen(data_path("infer/cases.txt", path), "r");
  size_t n;
  float *all = read_floats("infer/cases.f32", &n), *data = all;
  int n_images, cases = 0;
  double tolerance;

  (void)state;
  assert_non_null(list);
  while (fgets(line, sizeof(line), list)) {
    rramnas_error err = RRAMNAS_ERROR_INIT;
    size_t n_in, n_out, i;
    float *outputs;
    planned p;

    assert_int_equal(sscanf(line, "%99s %d %lf", name, &n_images, &tolerance), 3);
    snprintf(model, sizeof(model), "infer/%s.onnx", name);
    check(planned_onnx(model, NULL, &p, &err), &err);
    n_in = rrn_infer_n_in(p.plan) * (size_t)n_images;
    n_out = rrn_infer_n_out(p.plan) * (size_t)n_images;
    assert_true((size_t)(data - all) + n_in + n_out <= n);
    outputs = malloc(n_out * sizeof(*outputs));
    assert_non_null(outputs);
    check(rrn_infer_run(p.plan, NULL, data, (size_t)n_images, 1, outputs, &err), &err);
    for (i = 0; i < n_out; i++)
      if (!(fabs((double)outputs[i] - (double)data[n_in + i]) <= tolerance * (1 + fabs((double)data[n_in + i]))))
        fail_msg("%s: output %zu is %.9g, expected %.9g", name, i, (double)outputs[i], (double)data[n_in + i]);
    data += n_in + n_out;
    free(outputs);
    planned_free(&p);
    cases++;
  }
  assert_int_equal(data - all, n);
  free(all);
  fclose(list);
  print_message("%d operators\n", cases);
  assert_true(cases > 60);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_digits),
    cmocka_unit_test(test_accuracy),
    cmocka_unit_test(test_operators),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
