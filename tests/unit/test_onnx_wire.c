/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <string.h>

#include "net/onnx/ops.h"

#define BYTES(text) { (text), sizeof(text) - 1 }

/* Reads all fields: their number, or the error. */
static int32_t
count_fields(rrn_onnx_span bytes, rrn_onnx_field *ret_last, rramnas_error *err)
{
  rrn_onnx_file file = { "wire", bytes };
  rrn_onnx_reader r = rrn_onnx_read(&file, bytes);
  int32_t more, n = 0;

  while ((more = rrn_onnx_next(&r, ret_last, err)) > 0)
    n++;
  return more < 0 ? more : n;
}

static void
fields(void **state)
{
  const rrn_onnx_span bytes = BYTES("\x08\x96\x01" "\x11\x01\x02\x03\x04\x05\x06\x07\x08" "\x1d\x01\x02\x03\x04" "\x22\x03" "abc");
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_onnx_file file = { "wire", bytes };
  rrn_onnx_reader r = rrn_onnx_read(&file, bytes);
  rrn_onnx_field field;

  (void)state;
  assert_int_equal(rrn_onnx_next(&r, &field, &err), 1);
  assert_int_equal(field.number, 1);
  assert_int_equal(field.value, 150);
  assert_int_equal(rrn_onnx_next(&r, &field, &err), 1);
  assert_true(field.value == UINT64_C(0x0807060504030201));
  assert_int_equal(rrn_onnx_next(&r, &field, &err), 1);
  assert_int_equal(field.value, 0x04030201);
  assert_int_equal(rrn_onnx_next(&r, &field, &err), 1);
  assert_true(rrn_onnx_is(field.bytes, "abc"));
  assert_int_equal(rrn_onnx_expect(&r, &field, RRN_ONNX_BYTES, "x", &err), RRAMNAS_OK);
  assert_int_equal(rrn_onnx_expect(&r, &field, RRN_ONNX_VARINT, "x", &err), RRAMNAS_ERR_PARSE);
  assert_string_equal(err.message, "wire: byte 17: x has wire type 2, expected 0");
  assert_int_equal(rrn_onnx_next(&r, &field, &err), 0);
}

static void
malformed(void **state)
{
  static const struct { rrn_onnx_span bytes; const char *message; } cases[] = {
    { BYTES("\x08"), "wire: byte 1: the message ends inside of a number (varint)" },
    { BYTES("\x08\x80\x80"), "wire: byte 1: the message ends inside of a number (varint)" },
    { BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02"), "wire: byte 1: number (varint) of more than 64 bits" },
    { BYTES("\x08\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00"), "wire: byte 1: number (varint) of more than 64 bits" },
    { BYTES("\x09\x01\x02"), "wire: byte 1: the message ends inside of a number of 8 bytes" },
    { BYTES("\x0d\x01\x02\x03"), "wire: byte 1: the message ends inside of a number of 4 bytes" },
    { BYTES("\x0a\x04" "abc"), "wire: byte 1: field of 4 bytes in a message with 3 bytes left" },
    { BYTES("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01" "abc"),
      "wire: byte 1: field of 18446744073709551615 bytes in a message with 3 bytes left" },
    { BYTES("\x0b\x0c"), "wire: byte 0: wire type 3, expected 0, 1, 2 or 5: not an ONNX file or damaged" },
    { BYTES("\x08\x01\x0f"), "wire: byte 2: wire type 7, expected 0, 1, 2 or 5: not an ONNX file or damaged" },
    { BYTES("\x00\x01"), "wire: byte 0: field number 0 is not allowed: not an ONNX file or damaged" },
  };
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    rramnas_error err = RRAMNAS_ERROR_INIT;
    rrn_onnx_field field;

    assert_int_equal(count_fields(cases[i].bytes, &field, &err), RRAMNAS_ERR_PARSE);
    assert_string_equal(err.message, cases[i].message);
  }
}

static void
largest_varint(void **state)
{
  const rrn_onnx_span bytes = BYTES("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01");
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_onnx_field field;

  (void)state;
  assert_int_equal(count_fields(bytes, &field, &err), 1);
  assert_true(field.value == UINT64_MAX);
}

static void
quotes(void **state)
{
  char long_text[121];
  rrn_onnx_span span = { long_text, 120 };

  (void)state;
  memset(long_text, 'a', sizeof(long_text));
  memcpy(long_text + 79, "\xc3\xa4", 2); /* would be cut in half at byte 80 */
  assert_int_equal(strlen(rrn_onnx_quote(span).text), 82);
  assert_string_equal(rrn_onnx_quote(span).text + 79, "...");
  span.length = 5;
  assert_string_equal(rrn_onnx_quote(span).text, "aaaaa");
}

/* The table is searched by bisection: a row out of order would not be found. */
static void
operators(void **state)
{
  static const char *const names[] = {
    "Abs", "Add", "ArgMax", "BatchNormalization", "Cast", "Clip", "Concat", "Constant", "ConstantOfShape", "Conv",
    "DequantizeLinear", "Gather", "Gelu", "Gemm", "GlobalAveragePool", "GlobalMaxPool", "HardSigmoid", "HardSwish",
    "Hardmax", "Identity", "IsInf", "IsNaN", "LRN", "LayerNormalization", "LeakyRelu", "MatMul", "MaxPool", "PRelu", "Pad",
    "Pow", "QLinearConv", "ReduceL1", "ReduceMean", "Relu", "Reshape", "Resize", "ScatterND", "Softmax", "Split", "Tanh",
    "Transpose", "Unsqueeze", "Upsample", "Where", "Xor",
  };
  const rrn_onnx_span no[] = { BYTES(""), BYTES("A"), BYTES("Zzz"), BYTES("Con"), BYTES("Convv"), BYTES("relu") };
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    rrn_onnx_span name = { names[i], strlen(names[i]) };
    const rrn_onnx_op *op = rrn_onnx_op_find(name);

    assert_non_null(op);
    assert_string_equal(op->name, names[i]);
  }
  for (i = 0; i < sizeof(no) / sizeof(no[0]); i++)
    assert_null(rrn_onnx_op_find(no[i]));
}

static void
half_precision(void **state)
{
  static const struct { int32_t type; double value, rounded; } cases[] = {
    { RRN_ONNX_FLOAT, 0.1, (double)0.1f },       { RRN_ONNX_FLOAT16, 0.1, 0.0999755859375 },
    { RRN_ONNX_FLOAT16, 65519, 65504 },          { RRN_ONNX_FLOAT16, 1e-7, 0x1p-23 },
    { RRN_ONNX_BFLOAT16, 0.1, 0.10009765625 },   { RRN_ONNX_DOUBLE, 0.1, 0.1 },
    { RRN_ONNX_FLOAT, 1e-40, (double)1e-40f },
  };
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    double value;
    rrn_onnx_data data = { cases[i].type, 1, 1, NULL, &value };

    rrn_onnx_set_real(&data, 0, cases[i].value);
    assert_true(value == cases[i].rounded);
  }
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(fields),    cmocka_unit_test(malformed), cmocka_unit_test(largest_varint),
    cmocka_unit_test(quotes),    cmocka_unit_test(operators), cmocka_unit_test(half_precision),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
