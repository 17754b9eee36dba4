/* SPDX-License-Identifier: MIT */
/* Weights that are no numbers, and those that overflow on the way: an error with the place, never an accuracy. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>
#include <math.h>

#include "accuracy/judge.h"
#include "folder.h"
#include "infer.h"
#include "infer/accuracy.h"
#include "net/import.h"

static void
check(int32_t status, const rramnas_error *err)
{
  if (status < 0)
    fail_msg("%s", err->message);
}

static void
assert_says(int32_t status, const rramnas_error *err, const char *text)
{
  if (status != RRAMNAS_ERR_RANGE || !strstr(err->message, text))
    fail_msg("%d \"%s\", expected \"%s\"", (int)status, err->message, text);
}

/* --- a state dictionary --- */

enum { BN_WEIGHT, BN_BIAS = 3, BN_MEAN = 6, BN_VARIANCE = 9, FC_WEIGHT = 12, FC_BIAS = 18, VALUES = 20 };

#define T(name, shape, from, to) \
  "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" from "," to "]}"
static const char header[] = "{" T("bn.weight", "[3]", "0", "12") "," T("bn.bias", "[3]", "12", "24") ","
                             T("bn.running_mean", "[3]", "24", "36") "," T("bn.running_var", "[3]", "36", "48") ","
                             T("fc.weight", "[2,3]", "48", "72") "," T("fc.bias", "[2]", "72", "80") "}";

typedef struct classifier {
  uint8_t bytes[1024];
  planned p;
} classifier;

/* The file's values are all 1 but for one. */
static int32_t
load(classifier *c, size_t element, float value, rramnas_error *err)
{
  static const char text[] = "{schema: rramnas.network/1, inputs: [{name: x, shape: [1, 3]}], nodes: ["
                             "{name: bn, op: BatchNormalization}, {name: fc, op: Gemm, out_channels: 2}]}";
  const size_t n = sizeof(header) - 1;
  rrn_safetensors *f = NULL;
  rrn_binds binds = { 0 };
  float values[VALUES];
  int32_t status;
  size_t i;

  memset(c, 0, sizeof(*c));
  c->bytes[0] = (uint8_t)n;
  c->bytes[1] = (uint8_t)(n >> 8);
  memcpy(c->bytes + 8, header, n);
  for (i = 0; i < VALUES; i++)
    values[i] = 1;
  values[element] = value;
  memcpy(c->bytes + 8 + n, values, sizeof(values));
  check(rrn_safetensors_parse(c->bytes, 8 + n + sizeof(values), "file", NULL, &f, err), err);
  check(rrn_net_import_yaml(text, sizeof(text) - 1, "net.yaml", &binds, NULL, &c->p.net, err), err);
  status = rrn_weights_of_file(f, c->p.net, NULL, &c->p.values, err);
  rrn_safetensors_free(f);
  return status;
}

static void
a_file_of_weights_is_finite(void **state)
{
  static const struct { size_t element; float value; const char *text; } cases[] = {
    { BN_WEIGHT + 2, NAN, "file: tensor \"bn.weight\": element 2 is no finite number" },
    { BN_BIAS, INFINITY, "file: tensor \"bn.bias\": element 0 is no finite number" },
    { BN_MEAN + 1, -INFINITY, "file: tensor \"bn.running_mean\": element 1 is no finite number" },
    { BN_VARIANCE + 1, NAN, "file: tensor \"bn.running_var\": element 1 is no finite number" },
    { BN_VARIANCE + 1, INFINITY, "file: tensor \"bn.running_var\": element 1 is no finite number" },
    { BN_VARIANCE + 2, -5, "file: tensor \"bn.running_var\": element 2 is no variance" },
    { BN_VARIANCE, -2e-5f, "file: tensor \"bn.running_var\": element 0 is no variance" },
    { FC_WEIGHT + 5, NAN, "file: tensor \"fc.weight\": element 5 is no finite number" },
    { FC_BIAS + 1, INFINITY, "file: tensor \"fc.bias\": element 1 is no finite number" },
  };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  classifier c;
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    assert_says(load(&c, cases[i].element, cases[i].value, &err), &err, cases[i].text);
    planned_free(&c.p);
  }
  /* Epsilon is 1e-5. */
  check(load(&c, BN_VARIANCE, 0, &err), &err);
  planned_free(&c.p);
  check(load(&c, BN_VARIANCE, -5e-6f, &err), &err);
  planned_free(&c.p);
}

/* --- ONNX --- */

/* The status of a file's values when one of them is another. */
static int32_t
with_value(const char *file, const char *tensor, size_t element, float value, rramnas_error *err)
{
  int32_t status;
  planned p;
  size_t i;

  check(planned_onnx(file, NULL, &p, err), err);
  for (i = 0; i < p.net->n_tensors && strcmp(p.net->tensors[i].name, tensor) != 0; i++)
    ;
  if (i == p.net->n_tensors || !p.values->tensors[i])
    fail_msg("%s has no constant \"%s\"", file, tensor);
  ((float *)(uintptr_t)p.values->tensors[i])[element] = value;
  status = rrn_values_check(p.values, "model", err);
  planned_free(&p);
  return status;
}

static void
constants_of_a_model_are_numbers(void **state)
{
  static const struct { const char *file, *tensor; size_t element; float value; const char *text; } cases[] = {
    { "infer/conv.onnx", "w", 404, NAN, "model: tensor \"w\": element 404 is no finite number" },
    { "infer/conv.onnx", "b", 8, INFINITY, "model: tensor \"b\": element 8 is no finite number" },
    { "infer/batch_norm.onnx", "g", 0, NAN, "model: tensor \"g\": element 0 is no finite number" },
    { "infer/batch_norm.onnx", "b", 4, -INFINITY, "model: tensor \"b\": element 4 is no finite number" },
    { "infer/batch_norm.onnx", "m", 3, NAN, "model: tensor \"m\": element 3 is no finite number" },
    { "infer/batch_norm.onnx", "v", 1, NAN, "model: tensor \"v\": element 1 is no finite number" },
    { "infer/batch_norm.onnx", "v", 2, -0.002f, "model: tensor \"v\": element 2 is no variance" },
    { "infer/batch_norm.onnx", "v", 2, -0.0005f, NULL },
    { "infer/layer_norm.onnx", "g", 6, INFINITY, "model: tensor \"g\": element 6 is no finite number" },
    /* A mask may be infinite. */
    { "infer/where.onnx", "w", 41, -INFINITY, NULL },
    { "infer/where.onnx", "w", 41, NAN, "model: tensor \"w\": element 41 is no number" },
    { "infer/add.onnx", "w", 0, -INFINITY, NULL },
  };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    const int32_t status = with_value(cases[i].file, cases[i].tensor, cases[i].element, cases[i].value, &err);

    if (cases[i].text)
      assert_says(status, &err, cases[i].text);
    else
      check(status, &err);
  }
}

/* --- what a judge reads --- */

static char spoiled[FOLDER_PATH];

/* A copy of the model whose tensor has another value; its values lie in the file as they are in memory. */
static void
spoil(const char *model, const float *values, size_t n, size_t element, float value)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  FILE *out = fopen(spoiled, "wb");
  char path[1024], *bytes;
  rrn_file file;
  size_t at;

  check(rrn_file_open(&file, data_path(model, path), UINT64_MAX, &err), &err);
  bytes = malloc(file.size);
  assert_true(out && bytes);
  memcpy(bytes, file.data, file.size);
  for (at = 0; memcmp(bytes + at, values, n * sizeof(*values)) != 0; at++)
    assert_true(at + n * sizeof(*values) < file.size);
  memcpy(bytes + at + element * sizeof(value), &value, sizeof(value));
  assert_int_equal(fwrite(bytes, 1, file.size, out), file.size);
  fclose(out);
  free(bytes);
  rrn_file_close(&file);
}

static void
a_judge_names_file_and_tensor(void **state)
{
  rramnas_accuracy_options o = RRAMNAS_ACCURACY_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char data[1024], text[FOLDER_PATH + 256];
  rrn_judge *j = NULL;
  planned p;
  int32_t bias;

  (void)state;
  o.weights = spoiled;
  o.data = data_path("digits/digits_8x8.yaml", data);
  check(planned_onnx("onnx/digits_cnn.onnx", NULL, &p, &err), &err);
  assert_int_equal(p.net->nodes[0].op, RRAMNAS_OP_CONV);
  bias = p.net->nodes[0].inputs[2];
  spoil("onnx/digits_cnn.onnx", p.values->tensors[bias], (size_t)p.net->tensors[bias].dims[0], 2, NAN);
  snprintf(text, sizeof(text), "%s: tensor \"%s\": element 2 is no finite number", spoiled, p.net->tensors[bias].name);
  assert_says(rrn_judge_load(&o, NULL, &j, &err), &err, text);
  planned_free(&p);
}

/* --- what overflows on the way --- */

static void
outputs_that_overflow_are_no_answers(void **state)
{
  static const int32_t labels[40];
  rramnas_error err = RRAMNAS_ERROR_INIT;
  float images[40 * 3] = { 0 };
  size_t right = 77;
  classifier c;

  (void)state;
  check(load(&c, FC_WEIGHT, 3e38f, &err), &err);
  check(rrn_infer_plan_new(c.p.values, NULL, &c.p.plan, &err), &err);
  check(rrn_infer_count_right_of(c.p.plan, NULL, images, labels, 40, 2, &right, &err), &err);
  assert_int_equal(right, 40);
  images[3 * 3] = 100;
  images[37 * 3] = 100;
  right = 77;
  assert_says(rrn_infer_count_right_of(c.p.plan, NULL, images, labels, 40, 2, &right, &err), &err,
              "image 3: outputs are no finite numbers");
  assert_int_equal(right, 77);
  planned_free(&c.p);
}

static int
set_up(void **state)
{
  if (folder_make(state) < 0)
    return -1;
  folder_path("spoiled.onnx", spoiled);
  return 0;
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(a_file_of_weights_is_finite),
    cmocka_unit_test(constants_of_a_model_are_numbers),
    cmocka_unit_test(a_judge_names_file_and_tensor),
    cmocka_unit_test(outputs_that_overflow_are_no_answers),
  };

  return cmocka_run_group_tests(tests, set_up, folder_remove);
}
