/* SPDX-License-Identifier: MIT */
/* Weights: safetensors, state dictionaries, members of a supernet, external data of ONNX. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <cmocka.h>
#include <math.h>

#include "data/data.h"
#include "infer.h"
#include "member.h"
#include "net/build.h"
#include "net/import.h"
#include "oom.h"

static void
check(int32_t status, const rramnas_error *err)
{
  if (status < 0)
    print_error("%s\n", err->message);
  assert_true(status >= 0);
}

/* Header and data as a file in memory. */
typedef struct made {
  uint8_t bytes[4096];
  size_t n;
} made;

static made
make(const char *header, const void *data, size_t n_data)
{
  const size_t n = strlen(header);
  made m = { { 0 }, 8 + n + n_data };
  size_t i;

  for (i = 0; i < 8; i++)
    m.bytes[i] = (uint8_t)((uint64_t)n >> (8 * i));
  memcpy(m.bytes + 8, header, n);
  if (n_data)
    memcpy(m.bytes + 8 + n, data, n_data);
  return m;
}

static rrn_safetensors *
parse(const made *m)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_safetensors *f = NULL;

  check(rrn_safetensors_parse(m->bytes, m->n, "file", NULL, &f, &err), &err);
  return f;
}

static void
test_types(void **state)
{
  /* 1, -2, 65504, 2^-24 as halves; 1.5, -inf as bfloat16; 0.1 as double; 3 as float; one integer. */
  static const uint8_t data[] = { 0x00, 0x3c, 0x00, 0xc0, 0xff, 0x7b, 0x01, 0x00, 0xc0, 0x3f, 0x80, 0xff,
                                  0x9a, 0x99, 0x99, 0x99, 0x99, 0x99, 0xb9, 0x3f, 0x00, 0x00, 0x40, 0x40, 0x07 };
  const made m = make("{\"h\":{\"dtype\":\"F16\",\"shape\":[2,2],\"data_offsets\":[0,8]},\n"
                      " \"b\":{\"dtype\":\"BF16\",\"shape\":[2],\"data_offsets\":[8,12]},"
                      " \"d\":{\"dtype\":\"F64\",\"shape\":[1],\"data_offsets\":[12,20]},"
                      " \"__metadata__\":{\"a\":\"b \\\" c\"},"
                      " \"\\u0066\":{\"shape\":[],\"dtype\":\"F32\",\"data_offsets\":[20,24]},"
                      " \"i\":{\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[24,25]}}  ", data, sizeof(data));
  rrn_safetensors *f = parse(&m);
  rramnas_error err = RRAMNAS_ERROR_INIT;
  float v[4];

  (void)state;
  assert_int_equal(f->n, 5);
  check(rrn_safetensors_read(f, rrn_safetensors_find(f, "h"), 0, 4, v, &err), &err);
  assert_true(v[0] == 1 && v[1] == -2 && v[2] == 65504 && v[3] == 0x1p-24f);
  check(rrn_safetensors_read(f, rrn_safetensors_find(f, "b"), 0, 2, v, &err), &err);
  assert_true(v[0] == 1.5f && v[1] == -HUGE_VALF);
  check(rrn_safetensors_read(f, rrn_safetensors_find(f, "d"), 0, 1, v, &err), &err);
  assert_true(v[0] == 0.1f);
  check(rrn_safetensors_read(f, rrn_safetensors_find(f, "f"), 0, 1, v, &err), &err);
  assert_true(v[0] == 3);
  assert_int_equal(rrn_safetensors_read(f, rrn_safetensors_find(f, "i"), 0, 1, v, &err), RRAMNAS_ERR_UNSUPPORTED);
  assert_non_null(strstr(err.message, "tensor \"i\" has dtype I8"));
  assert_null(rrn_safetensors_find(f, "g"));
  rrn_safetensors_free(f);
}

#define T(name, shape, from, to) \
  "\"" name "\":{\"dtype\":\"F32\",\"shape\":" shape ",\"data_offsets\":[" from "," to "]}"

static void
test_refused_files(void **state)
{
  static const struct { const char *header; size_t n_data; const char *part; } cases[] = {
    { "[]", 0, "file: byte 8: expected {" },
    { "{\"a\":3}", 0, "expected {" },
    { "{" T("a", "[2]", "0", "8") "}", 4, "the tensors take 8 bytes, the file has 4" },
    { "{" T("a", "[1]", "0", "4") "}", 8, "the tensors take 4 bytes, the file has 8" },
    { "{" T("a", "[3]", "0", "8") "}", 8, "do not hold what its shape needs" },
    { "{" T("a", "[1]", "0", "4") "," T("b", "[1]", "8", "12") "}", 12,
      "tensor \"b\" begins at byte 8 of the data, expected 4" },
    { "{" T("a", "[1]", "0", "4") "," T("a", "[1]", "4", "8") "}", 8, "there are two tensors \"a\"" },
    { "{" T("a", "[1,1,1,1,1,1,1,1,1]", "0", "4") "}", 4, "too many numbers" },
    { "{" T("a", "[99999999999999999999]", "0", "4") "}", 4, "more than 64 bits" },
    { "{" T("a", "[2147483647,2147483647,2147483647,2147483647]", "0", "4") "}", 4, "do not hold" },
    { "{" T("a", "[-1]", "0", "4") "}", 4, "expected a number without sign" },
    { "{" T("a", "[1]", "4", "0") "}", 4, "data_offsets are not [begin, end]" },
    { "{\"a\":{\"dtype\":\"F31\",\"shape\":[1],\"data_offsets\":[0,4]}}", 4, "unknown dtype" },
    { "{\"a\":{\"dtype\":\"F32\",\"shape\":[1]}}", 4, "each once" },
    { "{" T("a\\ud800", "[1]", "0", "4") "}", 4, "not valid UTF-8" },
    { "{" T("a", "[1]", "0", "4") "} x", 4, "nothing behind" },
  };
  static const uint8_t zeros[64];
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_safetensors *f = NULL;
  made m;
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    m = make(cases[i].header, zeros, cases[i].n_data);
    assert_true(rrn_safetensors_parse(m.bytes, m.n, "file", NULL, &f, &err) < 0);
    if (!strstr(err.message, cases[i].part))
      fail_msg("\"%s\" does not say \"%s\"", err.message, cases[i].part);
  }
  m = make("{}", NULL, 0);
  m.bytes[7] = 1;
  assert_int_equal(rrn_safetensors_parse(m.bytes, m.n, "file", NULL, &f, &err), RRAMNAS_ERR_LIMIT);
  assert_int_equal(rrn_safetensors_parse(m.bytes, 7, "file", NULL, &f, &err), RRAMNAS_ERR_PARSE);
  m = make("{}", NULL, 0);
  m.bytes[0] = 3;
  assert_int_equal(rrn_safetensors_parse(m.bytes, m.n, "file", NULL, &f, &err), RRAMNAS_ERR_PARSE);
  assert_int_equal(rrn_safetensors_open("there-is-none", NULL, &f, &err), RRAMNAS_ERR_IO);
}

/* --- a plain state dictionary --- */

static rramnas_net *
classifier(void)
{
  static const char text[] = "{schema: rramnas.network/1, inputs: [{name: x, shape: [1, 3]}], nodes: ["
                             "{name: bn, op: BatchNormalization}, {name: fc, op: Gemm, out_channels: 2}]}";
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_binds binds = { 0 };
  rramnas_net *net = NULL;

  check(rrn_net_import_yaml(text, strlen(text), "net.yaml", &binds, NULL, &net, &err), &err);
  return net;
}

static void
test_state_dictionary(void **state)
{
  const char *header = "{" T("fc.weight", "[2,3]", "0", "24") "," T("fc.bias", "[2]", "24", "32") ","
                       T("bn.weight", "[3]", "32", "44") "," T("bn.bias", "[3]", "44", "56") ","
                       T("bn.running_mean", "[3]", "56", "68") "," T("bn.running_var", "[3]", "68", "80") "}";
  const float data[] = { 1, 2, 3, 4, 5, 6, 0.5f, -0.5f, 1, 2, 1, 0, 0, 1, 1, 0, 0, 4, 1, 1 }, x[3] = { 3, 1, 1 };
  const made m = make(header, data, sizeof(data));
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = classifier();
  rrn_safetensors *f = parse(&m);
  rrn_values *values = NULL;
  rrn_infer_plan *plan = NULL;
  float y[2];

  (void)state;
  check(rrn_weights_of_file(f, net, NULL, &values, &err), &err);
  check(rrn_infer_plan_new(values, NULL, &plan, &err), &err);
  check(rrn_infer_run(plan, NULL, x, 1, 1, y, &err), &err);
  /* bn: (3 - 1) / 2, 2 * 1, 1 + 1 -> 1, 2, 2 */
  assert_true(fabsf(y[0] - 11.5f) < 1e-4f && fabsf(y[1] - 25.5f) < 1e-4f);
  rrn_infer_plan_free(plan);
  rrn_values_free(values);
  rrn_safetensors_free(f);
  rramnas_net_unref(net);
}

static void
test_refused_tensors(void **state)
{
  static const struct { const char *header; int32_t code; const char *part; } cases[] = {
    { "{" T("fc.weight", "[2,3]", "0", "24") "}", RRAMNAS_ERR_NOT_FOUND, "file: there is no tensor \"fc.bias\"" },
    { "{" T("fc.weight", "[3,2]", "0", "24") "}", RRAMNAS_ERR_SHAPE,
      "tensor \"fc.weight\" has shape [3, 2], expected [2, 3]" },
    { "{" T("fc.weight", "[6]", "0", "24") "}", RRAMNAS_ERR_SHAPE,
      "tensor \"fc.weight\" has shape [6], expected [2, 3]" },
  };
  static const float zeros[6];
  rramnas_net *net = classifier();
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    const made m = make(cases[i].header, zeros, sizeof(zeros));
    rramnas_error err = RRAMNAS_ERROR_INIT;
    rrn_safetensors *f = parse(&m);
    rrn_values *values = NULL;

    assert_int_equal(rrn_weights_of_file(f, net, NULL, &values, &err), cases[i].code);
    if (!strstr(err.message, cases[i].part))
      fail_msg("\"%s\" does not say \"%s\"", err.message, cases[i].part);
    rrn_safetensors_free(f);
  }
  rramnas_net_unref(net);
}

/* --- a supernet --- */

enum { CALIBRATION = 40, TEST = 24, PIXELS = 3 * 32 * 32, MEMBERS = 3 };

static rrn_safetensors *
open_mini(rrn_ofa_genome *ret_genome)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_safetensors *f = NULL;
  char path[1024];

  check(rrn_safetensors_open(data_path("supernet/mini.safetensors", path), NULL, &f, &err), &err);
  memset(ret_genome, 0, sizeof(*ret_genome));
  check(rrn_weights_ofa_widths(f, RRN_OFA_SMALL, &ret_genome->widths, &ret_genome->classes, &err), &err);
  ret_genome->image = 32;
  ret_genome->classes = 10;
  return f;
}

/* Members with slices of the weights, transformed kernels and fewer blocks, against numpy. */
static void
test_supernet(void **state)
{
  static float images[CALIBRATION * PIXELS], tests[TEST * PIXELS], logits[TEST * 10];
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_ofa_genome g;
  rrn_safetensors *f = open_mini(&g);
  char path[1024];
  FILE *cases = fopen(data_path("supernet/cases.txt", path), "r");
  rrn_data *d = NULL;
  size_t n, i, m;
  float *expected = read_floats("supernet/logits.f32", &n);

  (void)state;
  assert_non_null(cases);
  assert_int_equal(n, MEMBERS * TEST * 10);
  check(rrn_data_load(data_path("digits/digits.yaml", path), NULL, &d, &err), &err);
  check(rrn_data_read(d, RRN_DATA_TRAIN, 0, CALIBRATION, images, NULL, &err), &err);
  check(rrn_data_read(d, RRN_DATA_TEST, 0, TEST, tests, NULL, &err), &err);
  for (m = 0; m < MEMBERS; m++) {
    float worst = 0;

    assert_true(member_read(cases, &g));
    check(member_run(f, &g, NULL, images, CALIBRATION, tests, TEST, logits, &err), &err);
    for (i = 0; i < TEST * 10; i++)
      worst = fmaxf(worst, fabsf(logits[i] - expected[m * TEST * 10 + i]));
    print_message("member %zu: largest difference %.3g\n", m, (double)worst);
    assert_true(worst < 1e-3f);
  }
  fclose(cases);
  free(expected);
  rrn_data_free(d);
  rrn_safetensors_free(f);
}

/* The network of a genome has other widths than the file: the tensor is named. */
static void
test_wrong_supernet(void **state)
{
  static const float image[PIXELS];
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_ofa_genome g;
  rrn_safetensors *f = open_mini(&g);
  float logits[10];
  int i;

  (void)state;
  for (i = 0; i < 16; i++) {
    g.kernel_sizes[i] = 5;
    g.expansions[i] = 6;
    g.depths[i / 4] = 2;
  }
  g.widths.stages[1] = 24;
  assert_int_equal(member_run(f, &g, NULL, image, 1, image, 1, logits, &err), RRAMNAS_ERR_SHAPE);
  assert_non_null(strstr(err.message, "mini.safetensors: tensor \"blocks.5.conv.point_linear.conv.conv.weight\" has "
                                      "shape [16, 48, 1, 1], expected [24, 48, 1, 1]"));
  rrn_safetensors_free(f);
}

/* --- memory --- */

typedef struct job {
  const rrn_safetensors *file;
  const rrn_ofa_genome *genome;
} job;

static int32_t
one_member(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  static const float image[PIXELS];
  const job *j = user;
  float logits[10];

  return member_run(j->file, j->genome, runtime, image, 1, image, 1, logits, err);
}

static int32_t
one_file(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  const made *m = user;
  rrn_safetensors *f = NULL;
  const int32_t status = rrn_safetensors_parse(m->bytes, m->n, "file", runtime, &f, err);

  rrn_safetensors_free(f);
  return status;
}

static int32_t
one_onnx(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  planned p;
  const int32_t status = planned_onnx(user, runtime, &p, err);

  if (status >= 0)
    planned_free(&p);
  return status;
}

static void
test_memory(void **state)
{
  static const char *const models[] = { "onnx/digits_cnn.onnx", "infer/attention.onnx", "infer/weight_dequantised.onnx",
                                        "infer/max_pool_ceil.onnx", "infer/reduce_sum.onnx", "infer/where.onnx",
                                        "infer/gather.onnx", "infer/conv_depthwise.onnx" };
  static const float zeros[2];
  const made m = make("{" T("a", "[1]", "0", "4") "," T("b", "[1]", "4", "8") "}", zeros, sizeof(zeros));
  rrn_ofa_genome g;
  rrn_safetensors *f = open_mini(&g);
  const job j = { f, &g };
  size_t i;

  (void)state;
  for (i = 0; i < 16; i++) {
    g.kernel_sizes[i] = 3;
    g.expansions[i] = 3;
    g.depths[i / 4] = 2;
  }
  assert_true(oom_until_success(one_file, (void *)(uintptr_t)&m, 1, 0) > 1);
  assert_true(oom_until_success(one_member, (void *)(uintptr_t)&j, 1, 0) > 10);
  for (i = 0; i < sizeof(models) / sizeof(models[0]); i++)
    assert_true(oom_until_success(one_onnx, (void *)(uintptr_t)models[i], 1, 0) > 5);
  rrn_safetensors_free(f);
}

/* --- weights of ONNX in another file --- */

static void
test_external(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  planned inside, outside;
  float x[75], y[2][27];
  size_t i;

  (void)state;
  for (i = 0; i < 75; i++)
    x[i] = (float)i / 75;
  check(planned_onnx("infer/external/inside.onnx", NULL, &inside, &err), &err);
  check(planned_onnx("infer/external/outside.onnx", NULL, &outside, &err), &err);
  assert_int_equal(rrn_infer_n_in(inside.plan), 75);
  assert_int_equal(rrn_infer_n_out(inside.plan), 27);
  check(rrn_infer_run(inside.plan, NULL, x, 1, 1, y[0], &err), &err);
  check(rrn_infer_run(outside.plan, NULL, x, 1, 1, y[1], &err), &err);
  assert_memory_equal(y[0], y[1], sizeof(y[0]));
  planned_free(&inside);
  planned_free(&outside);
  assert_int_equal(planned_onnx("infer/external/beyond.onnx", NULL, &outside, &err), RRAMNAS_ERR_PARSE);
  assert_non_null(strstr(err.message, "weights.bin: tensor 'w' has 324 bytes from byte 64, the file has 336"));
  assert_int_equal(planned_onnx("infer/external/missing.onnx", NULL, &outside, &err), RRAMNAS_ERR_IO);
  assert_non_null(strstr(err.message, "none.bin: cannot open"));
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(test_types),           cmocka_unit_test(test_refused_files),
    cmocka_unit_test(test_state_dictionary), cmocka_unit_test(test_refused_tensors),
    cmocka_unit_test(test_supernet),        cmocka_unit_test(test_wrong_supernet),
    cmocka_unit_test(test_memory),          cmocka_unit_test(test_external),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
