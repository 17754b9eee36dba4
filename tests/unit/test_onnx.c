/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/onnx.h"
#include "../support/oom.h"

static rramnas_net *
load(const char *name)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;

  if (onnx_import(name, 1, NULL, &net, &err) < 0)
    fail_msg("%s: %s", name, err.message);
  return net;
}

static void
check_dims(const rramnas_net *net, const char *tensor, const char *expected)
{
  const rrn_tensor *t = onnx_tensor(net, tensor);
  char text[256];

  assert_non_null(t);
  assert_string_equal(onnx_dims(t->dims, t->rank, text, sizeof(text)), expected);
}

/* Layers, mapped layers and the shape of the output; worked out by hand from tests/data/onnx/make_models.py. */
static void
models(void **state)
{
  static const struct { const char *file; size_t layers, mapped; const char *y; } cases[] = {
    { "tiny.onnx", 1, 1, "1 2 14 14" },
    { "weight_chains.onnx", 6, 6, "1 10" },
    { "ir3_initialisers_as_inputs.onnx", 1, 1, "1 2 14 14" },
    { "unsorted_nodes.onnx", 2, 2, "1 5 12 12" },
    { "unnamed_nodes.onnx", 3, 3, "1 4 10 10" },
    { "convolutions.onnx", 7, 7, "1 2 2 4 12" },
    { "dynamic_symbol.onnx", 1, 1, "1 2 14 14" },
    { "qdq.onnx", 2, 2, "1 5 14 14" },
    { "vgg_bn.onnx", 3, 3, "1 10" },
    { "densenet.onnx", 4, 4, "1 20 8 8" },
    { "shufflenet.onnx", 2, 2, "1 8 16 16" },
    { "efficientnet.onnx", 5, 5, "1 8 8 8" },
    { "vit.onnx", 6, 4, "1 10" },
    { "convnext.onnx", 4, 4, "1 8 8 8" },
    { "deeplab.onnx", 2, 2, "1 5 16 16" },
    { "external_inside.onnx", 1, 1, "1 2 14 14" },
  };
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    rramnas_net *net = load(cases[i].file);

    assert_int_equal(net->n_layers, cases[i].layers);
    assert_int_equal(net->n_mapped, cases[i].mapped);
    check_dims(net, "y", cases[i].y);
    assert_string_equal(net->name, "net");
    rramnas_net_unref(net);
  }
}

/* The same network in the form of every opset has the same shapes. */
static void
opsets(void **state)
{
  int opset;

  (void)state;
  for (opset = 9; opset <= 20; opset++) {
    char file[40];
    rramnas_net *net;

    snprintf(file, sizeof(file), "moved_opset%d.onnx", opset);
    net = load(file);
    check_dims(net, "b", "1 8 14 16");
    check_dims(net, "d", "1 8 18 22");
    check_dims(net, "e", "1 1 8 18 22");
    check_dims(net, "s1", "1 3 18 22");
    check_dims(net, "u", "1 5 36 33");
    check_dims(net, "cat", "1 8");
    check_dims(net, "y", "1 4");
    assert_true(net->nodes[2].op == RRAMNAS_OP_CLIP && net->nodes[2].attrs.number[1] == 6);
    assert_int_equal(net->n_layers, 2);
    rramnas_net_unref(net);
  }
}

static const rrn_node *
find_node(const rramnas_net *net, const char *name)
{
  size_t i;

  for (i = 0; i < net->n_nodes; i++)
    if (strcmp(net->nodes[i].name, name) == 0)
      return &net->nodes[i];
  fail_msg("no node '%s'", name);
  return NULL;
}

static void
order_and_names(void **state)
{
  static const char *const sorted[] = { "a", "b", "c", "y" };
  static const char *const named[] = { "Conv_0", "same", "Conv_2" };
  rramnas_net *net = load("unsorted_nodes.onnx");
  size_t i;

  (void)state;
  assert_int_equal(net->n_nodes, 4);
  for (i = 0; i < 4; i++)
    assert_string_equal(net->nodes[i].name, sorted[i]);
  rramnas_net_unref(net);
  net = load("unnamed_nodes.onnx");
  for (i = 0; i < 3; i++)
    assert_string_equal(net->layers[i].name, named[i]);
  rramnas_net_unref(net);
}

static void
attention_is_digital(void **state)
{
  rramnas_net *net = load("vit.onnx");
  size_t i, digital = 0;

  (void)state;
  for (i = 0; i < net->n_layers; i++) {
    if (net->layers[i].mapped)
      continue;
    digital++;
    assert_true(strcmp(net->layers[i].name, "qk") == 0 || strcmp(net->layers[i].name, "av") == 0);
  }
  assert_int_equal(digital, 2);
  check_dims(net, "qk", "1 2 17 17");
  check_dims(net, "ce", "1 1 8");
  rramnas_net_unref(net);
}

/* Parameters are not operands: only data reaches the graph's nodes. */
static void
operands(void **state)
{
  rramnas_net *net = load("qdq.onnx");

  (void)state;
  assert_int_equal(find_node(net, "bq")->n_inputs, 3);
  assert_int_equal(find_node(net, "bq")->op, RRAMNAS_OP_CONV);
  assert_int_equal(find_node(net, "xq")->n_inputs, 1);
  assert_int_equal(net->layers[0].has_bias, 1);
  rramnas_net_unref(net);
  net = load("weight_chains.onnx");
  assert_int_equal(net->n_nodes, 8);
  assert_int_equal(find_node(net, "y")->n_inputs, 3);
  rramnas_net_unref(net);
}

static void
binds(void **state)
{
  const rramnas_bind values[] = { { "height", 20 }, { "width", 10 }, { "batch", 4 } };
  rrn_binds bound_values = { 0 };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_file file = onnx_open("dynamic_symbol.onnx");
  rramnas_net *net = NULL;

  (void)state;
  bound_values.binds = values;
  bound_values.n = 3;
  assert_int_equal(rrn_net_import_onnx(file.data, file.size, "net.onnx", &bound_values, NULL, &net, &err), RRAMNAS_OK);
  check_dims(net, "y", "4 2 18 8");
  rramnas_net_unref(net);
  rrn_file_close(&file);
}

static void
refusals(void **state)
{
  static const struct { const char *file; int32_t code; const char *message; } cases[] = {
    { "bad_cycle.onnx", RRAMNAS_ERR_SHAPE,
      "net.onnx: byte 38: the graph has a cycle through tensor 'a'" },
    { "bad_domain.onnx", RRAMNAS_ERR_UNSUPPORTED,
      "net.onnx: byte 40: node 'f' (FusedConv, opset 13): operators of domain 'com.acme' are not supported" },
    { "bad_dynamic_reshape.onnx", RRAMNAS_ERR_UNSUPPORTED,
      "net.onnx: byte 19: node 'r' (Reshape, opset 13): shape, tensor 's', depends on the network's input; expected a constant" },
    { "bad_external_absolute.onnx", RRAMNAS_ERR_RANGE,
      "net.onnx: byte 55: external data at '/etc/passwd', expected a path inside of the model's folder" },
    { "bad_external_outside.onnx", RRAMNAS_ERR_RANGE,
      "net.onnx: byte 55: external data at '../secret.bin', expected a path inside of the model's folder" },
    { "bad_missing_tensor.onnx", RRAMNAS_ERR_SHAPE,
      "net.onnx: byte 22: nothing produces tensor 'nowhere'" },
    { "bad_operator.onnx", RRAMNAS_ERR_UNSUPPORTED,
      "net.onnx: byte 40: node 'up' (ConvTranspose, opset 13): the operator is not supported" },
    { "bad_opset.onnx", RRAMNAS_ERR_UNSUPPORTED,
      "net.onnx: byte 318: the model uses opset 8, expected 9 to 20" },
    { "bad_shape.onnx", RRAMNAS_ERR_SHAPE,
      "net.onnx: byte 20: node 'c' (Conv, opset 13): the weight takes 4 channels per group, the input has 3 in 1 groups" },
    { "bad_subgraph.onnx", RRAMNAS_ERR_UNSUPPORTED,
      "net.onnx: byte 20: node 'choose' (If, opset 13): attribute 'else_branch' is a graph; control flow is not supported" },
    { "bad_symbol.onnx", RRAMNAS_ERR_SHAPE,
      "net.onnx: byte 304: input 'x' has the symbolic dimension 'height' at axis 2: bind it to a number (binds of rramnas_net_options)" },
    { "bad_twice.onnx", RRAMNAS_ERR_SHAPE,
      "net.onnx: byte 41: tensor 'a' is defined twice" },
    { "bad_utf8.onnx", RRAMNAS_ERR_PARSE,
      "net.onnx: byte 26: the name of an output is not valid UTF-8" },
    { "bad_zero_dim.onnx", RRAMNAS_ERR_RANGE,
      "net.onnx: byte 299: input 'x' has dimension 0 at axis 2, expected 1 to 2147483647" },
  };
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    rramnas_error err = RRAMNAS_ERROR_INIT;
    rramnas_net *net = NULL;
    char place[64];

    assert_int_equal(onnx_import(cases[i].file, 0, NULL, &net, &err), cases[i].code);
    assert_string_equal(err.message, cases[i].message);
    assert_int_equal(err.code, cases[i].code);
    snprintf(place, sizeof(place), "net.onnx: byte %lld: ", (long long)err.offset);
    assert_memory_equal(err.message, place, strlen(place));
    assert_null(net);
  }
}

static int32_t
import_bytes(const void *data, size_t size, const rramnas_runtime *runtime)
{
  rrn_binds bound_values = { 0 };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;
  int32_t status = rrn_net_import_onnx(data, size, "net.onnx", &bound_values, runtime, &net, &err);

  assert_true((status < 0) == (net == NULL));
  assert_true(status >= 0 || (err.code == status && err.message[0]));
  rramnas_net_unref(net);
  return status;
}

/* Copies on the heap, so that a sanitizer sees one byte too far. The opset comes last in these files, so that
 * none of their beginnings is a model. */
static void
truncations(void **state)
{
  static const char *const files[] = { "tiny.onnx", "weight_chains.onnx", "vit.onnx" };
  size_t i, n;

  (void)state;
  for (i = 0; i < 3; i++) {
    rrn_file file = onnx_open(files[i]);

    for (n = 0; n < file.size; n++) {
      char *copy = malloc(n ? n : 1);

      memcpy(copy, file.data, n);
      assert_true(import_bytes(copy, n, NULL) < 0);
      free(copy);
    }
    rrn_file_close(&file);
  }
}

static void
flipped_bits(void **state)
{
  rrn_file file = onnx_open("shufflenet.onnx");
  char *copy = malloc(file.size);
  size_t i, refused = 0;

  (void)state;
  memcpy(copy, file.data, file.size);
  for (i = 0; i < 8 * file.size; i++) {
    copy[i / 8] = (char)(copy[i / 8] ^ 1 << i % 8);
    refused += import_bytes(copy, file.size, NULL) < 0;
    copy[i / 8] = (char)(copy[i / 8] ^ 1 << i % 8);
  }
  /* Weights and names may change; structure may not. */
  assert_true(refused > file.size && refused < 8 * file.size);
  free(copy);
  rrn_file_close(&file);
}

/* A model around a graph of `n` copies of `item`, and the most memory that importing it takes. */
static size_t
peak_of(const char *item, size_t length, size_t n)
{
  oom o = { 0 };
  rramnas_runtime runtime = oom_runtime(&o);
  size_t body = length * n, size = 0, i;
  char *data = malloc(body + 16);

  data[size++] = 0x3a;
  for (i = body; i >= 128; i /= 128)
    data[size++] = (char)(i % 128 + 128);
  data[size++] = (char)i;
  for (i = 0; i < n; i++, size += length)
    memcpy(data + size, item, length);
  memcpy(data + size, "\x42\x02\x10\x0d", 4);
  size += 4;
  assert_true(import_bytes(data, size, &runtime) < 0);
  oom_check(&o);
  free(data);
  return o.peak_bytes;
}

static void
amplification(void **state)
{
  static const struct { const char *item; size_t length; } cases[] = {
    { "\x2a\x00", 2 },                             /* empty initialisers */
    { "\x2a\x03\x42\x01" "a", 5 },                 /* initialisers of one name */
    { "\x0a\x00", 2 },                             /* empty nodes */
    { "\x0a\x08\x22\x01" "A\x12\x01" "b\x12\x00", 10 }, /* nodes of one output */
    { "\x5a\x00", 2 },                             /* empty inputs */
    { "\x0a\x04\x22\x02" "If", 6 },                /* nodes without outputs */
  };
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    size_t n = 200000, peak = peak_of(cases[i].item, cases[i].length, n);

    if (peak > 48 * n * cases[i].length)
      fail_msg("case %zu: %zu bytes of memory for %zu of file", i, peak, n * cases[i].length);
  }
}

static int32_t
import_job(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  rramnas_net *net = NULL;
  int32_t status = onnx_import(user, 1, runtime, &net, err);

  rramnas_net_unref(net);
  return status;
}

static void
out_of_memory(void **state)
{
  static char *const files[] = { "vit.onnx", "mobilenet_v3_large.onnx", "densenet.onnx" };
  size_t i;

  (void)state;
  for (i = 0; i < 3; i++)
    assert_true(oom_until_success(import_job, files[i], 1, 0) > 3);
}

static void
little_memory(void **state)
{
  oom o = { 0 };
  rramnas_runtime runtime = oom_runtime(&o);
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;

  (void)state;
  assert_int_equal(onnx_import("mobilenet_v3_large.onnx", 0, &runtime, &net, &err), RRAMNAS_OK);
  assert_true(o.peak_bytes < 2 << 20);
  rramnas_net_unref(net);
  oom_check(&o);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(models),        cmocka_unit_test(opsets),    cmocka_unit_test(order_and_names),
    cmocka_unit_test(attention_is_digital), cmocka_unit_test(operands), cmocka_unit_test(binds),
    cmocka_unit_test(refusals),      cmocka_unit_test(truncations), cmocka_unit_test(flipped_bits),
    cmocka_unit_test(amplification), cmocka_unit_test(out_of_memory), cmocka_unit_test(little_memory),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
