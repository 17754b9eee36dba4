/* SPDX-License-Identifier: MIT */
/* The YAML format: what it means, what it refuses and with which words, and that writing and reading back gives an
 * equal network. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <dirent.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "net/import.h"
#include "net_equal.h"
#include "oom.h"
#include "onnx.h"

#define HEAD "schema: rramnas.network/1\n"
#define IMAGE HEAD "inputs: [{name: x, shape: [1, 16, 8, 8]}]\n"

static int32_t
read_text(const char *text, const rramnas_bind *binds, size_t n_binds, rramnas_net **ret_net, rramnas_error *err)
{
  rramnas_net_options options = RRAMNAS_NET_OPTIONS_INIT;

  options.format = RRAMNAS_NET_FORMAT_YAML;
  options.binds = binds;
  options.n_binds = n_binds;
  return rramnas_net_load_buffer(text, strlen(text), "a/net.yaml", &options, NULL, ret_net, err);
}

static rramnas_net *
good(const char *text)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;

  if (read_text(text, NULL, 0, &net, &err) != RRAMNAS_OK)
    fail_msg("%s", err.message);
  return net;
}

static void
bad(const char *text, int32_t status, const char *message)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;

  assert_int_equal(read_text(text, NULL, 0, &net, &err), status);
  assert_string_equal(err.message, message);
  assert_null(net);
}

static void
expect_output(const rramnas_net *net, const char *node, const char *expected)
{
  char text[RRN_SHAPE_TEXT];
  size_t i;

  for (i = 0; i < net->n_nodes; i++)
    if (strcmp(net->nodes[i].name, node) == 0) {
      const rrn_shape shape = rrn_shape_of(&net->tensors[net->nodes[i].outputs[0]]);

      assert_string_equal(rrn_shape_text(&shape, text), expected);
      return;
    }
  fail_msg("no node %s", node);
}

static void
short_and_long_forms(void **state)
{
  rramnas_net *net = good(IMAGE
    "nodes:\n"
    "  - {name: a, op: Conv, out_channels: 8, kernel: [3, 5], stride: [2, 1], pad: [1, 2], bias: false}\n"
    "  - {name: b, op: Conv, out_channels: 8, kernel: 3, stride: 2, pad: same}\n"
    "  - {name: c, op: Conv, out_channels: 8, kernel: 2, pad: [1, 0, 0, 1], groups: 8}\n"
    "  - {name: d, op: MaxPool, kernel: 2, stride: 2, ceil_mode: true}\n"
    "  - op: GlobalAveragePool\n"
    "  - op: Flatten\n"
    "  - {name: e, op: Gemm, inputs: Flatten_5, out_channels: 10}\n");

  (void)state;
  assert_string_equal(net->name, "net");
  expect_output(net, "a", "[1, 8, 4, 8]");
  expect_output(net, "b", "[1, 8, 2, 4]");
  expect_output(net, "c", "[1, 8, 2, 4]");
  expect_output(net, "d", "[1, 8, 1, 2]");
  expect_output(net, "e", "[1, 10]");
  assert_int_equal(net->layers[0].has_bias, 0);
  assert_int_equal(net->layers[1].has_bias, 1);
  assert_int_equal(net->layers[1].pad[0], 0);
  assert_int_equal(net->layers[1].pad[2], 1);
  assert_int_equal(net->layers[2].pad[0], 1);
  assert_int_equal(net->layers[2].pad[3], 1);
  assert_int_equal(net->layers[3].matrix_rows, 8);
  rramnas_net_unref(net);
}

static void
symbols(void **state)
{
  static const char text[] = HEAD "name: s\ninputs: [{name: x, shape: [batch, 3, height, 8]}]\nnodes: [{op: Conv, out_channels: 4}]\n";
  const rramnas_bind binds[] = { { "height", 12 }, { "batch", 5 } }, zero[] = { { "height", 0 } };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;

  (void)state;
  assert_int_equal(read_text(text, binds, 1, &net, &err), RRAMNAS_OK);
  assert_string_equal(net->name, "s");
  assert_int_equal(net->layers[0].positions, 12 * 8);
  rramnas_net_unref(net);
  assert_int_equal(read_text(text, binds, 2, &net, &err), RRAMNAS_OK);
  assert_int_equal(net->layers[0].positions, 5 * 12 * 8);
  rramnas_net_unref(net);
  net = NULL;
  bad(text, RRAMNAS_ERR_RANGE,
      "a/net.yaml:3:38: shape has dimension \"height\", which has no value: bind it, or write a number");
  assert_int_equal(read_text(text, zero, 1, &net, &err), RRAMNAS_ERR_RANGE);
  assert_string_equal(err.message, "bind \"height\" is 0, expected 1..2147483647");
}

static void
faults_of_the_document(void **state)
{
  (void)state;
  bad("", RRAMNAS_ERR_PARSE, "a/net.yaml:1:1: no schema, expected schema: rramnas.network/1");
  bad("[1]", RRAMNAS_ERR_PARSE,
      "a/net.yaml:1:1: a network is a sequence, expected a mapping with schema, name, inputs, constants, nodes, "
      "output");
  bad("schema: rramnas.network/2\n", RRAMNAS_ERR_UNSUPPORTED,
      "a/net.yaml:1:9: schema is rramnas.network/2, expected rramnas.network/1");
  bad(HEAD "layers: []\n", RRAMNAS_ERR_PARSE,
      "a/net.yaml:2:1: unknown key \"layers\" in a network, expected schema, name, inputs, constants, nodes, output");
  bad(HEAD "nam: x\n", RRAMNAS_ERR_PARSE,
      "a/net.yaml:2:1: unknown key \"nam\" in a network, expected schema, name, inputs, constants, nodes, output");
  bad(HEAD "'': x\n", RRAMNAS_ERR_PARSE,
      "a/net.yaml:2:1: unknown key \"\" in a network, expected schema, name, inputs, constants, nodes, output");
  bad(HEAD, RRAMNAS_ERR_PARSE, "a/net.yaml:1:1: the network has no inputs");
  bad(HEAD "inputs: []\n", RRAMNAS_ERR_PARSE, "a/net.yaml:1:1: the network has no nodes");
  bad(HEAD "inputs: 3\nnodes: []\n", RRAMNAS_ERR_PARSE, "a/net.yaml:2:9: inputs is a scalar, expected a list");
  bad(IMAGE "nodes: []\n", RRAMNAS_ERR_SHAPE, "a/net.yaml: the network has no nodes");
  bad(HEAD "inputs: [{name: x}]\nnodes: []\n", RRAMNAS_ERR_PARSE,
      "a/net.yaml:2:10: no shape given, expected name and shape");
  bad(HEAD "inputs: [{name: x, shape: [1, 0]}]\nnodes: []\n", RRAMNAS_ERR_RANGE,
      "a/net.yaml:2:31: shape is \"0\", expected an integer 1..2147483647");
  bad(HEAD "inputs: [{name: x, shape: [1, 2147483647, 2147483647]}]\nnodes: []\n", RRAMNAS_ERR_RANGE,
      "a/net.yaml:2:27: tensor \"x\" has more than 2^48 elements");
  bad(HEAD "inputs: [{name: x, shape: [1,1,1,1,1,1,1,1,1]}]\nnodes: []\n", RRAMNAS_ERR_LIMIT,
      "a/net.yaml:2:27: shape has 9 entries, the limit is 8");
  bad(HEAD "inputs: [{name: x, shape: [1]}, {name: x, shape: [1]}]\nnodes: []\n", RRAMNAS_ERR_PARSE,
      "a/net.yaml:2:33: \"x\" is the name of an earlier input, constant or node; expected a new one");
  bad(HEAD "inputs: [{name: x, shape: 3}]\nnodes: []\n", RRAMNAS_ERR_PARSE,
      "a/net.yaml:2:27: shape is a scalar, expected a list of numbers");
}

/* What no part of the format reads is refused by the YAML reader. libyaml tells the byte of what is not UTF-8; a person
 * looks for the line. */
static void
faults_of_yaml(void **state)
{
  (void)state;
  bad("schema: rramnas.network/1\nname: caf\xe9\n", RRAMNAS_ERR_PARSE,
      "a/net.yaml:2:10: incomplete UTF-8 octet sequence, expected UTF-8 text");
  bad("a: 1\r\n\xff", RRAMNAS_ERR_PARSE, "a/net.yaml:2:1: invalid leading UTF-8 octet, expected UTF-8 text");
  bad("a: !!int 3\n", RRAMNAS_ERR_UNSUPPORTED, "a/net.yaml:1:4: tags (!name) are not accepted");
  bad("a: [1, !b [3]]\n", RRAMNAS_ERR_UNSUPPORTED, "a/net.yaml:1:8: tags (!name) are not accepted");
  bad("!c {a: 1}\n", RRAMNAS_ERR_UNSUPPORTED, "a/net.yaml:1:1: tags (!name) are not accepted");
  bad("!!str a: 1\n", RRAMNAS_ERR_UNSUPPORTED, "a/net.yaml:1:1: tags (!name) are not accepted");
  /* Control characters of a file do not reach the terminal. */
  bad(IMAGE "nodes: [{name: \"a\\e[2J\\x7f\\u009bz\\n\", op: Conv}]\n", RRAMNAS_ERR_SHAPE,
      "a/net.yaml:3:9: node \"a?[2J???z?\": Conv has 1 input, expected at least 2, or out_channels for a constant weight");
  bad("\x01", RRAMNAS_ERR_PARSE, "a/net.yaml:1:1: control characters are not allowed, expected UTF-8 text");
}

static void
faults_of_nodes(void **state)
{
  (void)state;
  bad(IMAGE "nodes: [3]\n", RRAMNAS_ERR_PARSE, "a/net.yaml:3:9: a node is a scalar, expected a mapping with op");
  bad(IMAGE "nodes: [{name: a}]\n", RRAMNAS_ERR_PARSE, "a/net.yaml:3:9: the node has no op");
  bad(IMAGE "nodes: [{op: Convolution}]\n", RRAMNAS_ERR_UNSUPPORTED,
      "a/net.yaml:3:14: op is Convolution, expected an operator of doc/networks.md (Conv, Gemm, Relu, Add, ...)");
  bad(IMAGE "nodes: [{op: Relu, kernel: 3}]\n", RRAMNAS_ERR_PARSE,
      "a/net.yaml:3:20: unknown key \"kernel\" of Relu, expected op, name, id, inputs, source_op, out_shape or "
      "out_shapes");
  bad(IMAGE "nodes: [{op: Conv, channels: 3}]\n", RRAMNAS_ERR_PARSE,
      "a/net.yaml:3:20: unknown key \"channels\" of Conv, expected out_channels, kernel, stride, pad, dilation, groups, "
      "bias, op, name, id, inputs, source_op, out_shape or out_shapes");
  bad(IMAGE "nodes:\n- {op: Relu, inputs: y}\n", RRAMNAS_ERR_SHAPE,
      "a/net.yaml:4:22: input \"y\" is not defined; expected an input, a constant or an earlier node");
  bad(IMAGE "nodes:\n- {name: a, op: Add, inputs: [x, b]}\n- {name: b, op: Relu}\n", RRAMNAS_ERR_SHAPE,
      "a/net.yaml:4:34: input \"b\" is defined in line 5; expected it before this node (no cycles)");
  bad(IMAGE "nodes:\n- {name: a, op: Relu, inputs: [a]}\n", RRAMNAS_ERR_SHAPE,
      "a/net.yaml:4:32: input \"a\" is defined in line 4; expected it before this node (no cycles)");
  bad(IMAGE "nodes:\n- {name: a, op: Relu}\n- {name: a, op: Relu}\n", RRAMNAS_ERR_PARSE,
      "a/net.yaml:5:3: \"a\" is the name of an earlier input, constant or node; expected a new one");
  bad(HEAD "inputs: [{name: x, shape: [1]}, {name: y, shape: [1]}]\nnodes: [{name: r, op: Relu}]\n", RRAMNAS_ERR_SHAPE,
      "a/net.yaml:3:9: node \"r\" has no inputs, and what comes before it is not one tensor");
  bad(IMAGE "nodes: [{name: c, op: Conv, out_channels: 8, kernel: 9}]\n", RRAMNAS_ERR_SHAPE,
      "a/net.yaml:3:9: node \"c\": the window reaches over 9 in spatial dimension 0, the input has 8 with its padding");
  bad(IMAGE "nodes: [{name: c, op: Conv}]\n", RRAMNAS_ERR_SHAPE,
      "a/net.yaml:3:9: node \"c\": Conv has 1 input, expected at least 2, or out_channels for a constant weight");
  bad(IMAGE "nodes: [{op: Conv, out_channels: 0}]\n", RRAMNAS_ERR_RANGE,
      "a/net.yaml:3:34: out_channels is \"0\", expected an integer 1..2147483647");
  bad(IMAGE "nodes: [{op: Conv, out_channels: 1, kernel: [3, 3, 3]}]\n", RRAMNAS_ERR_SHAPE,
      "a/net.yaml:3:45: kernel has 3 entries, the input has 2 spatial dimensions");
  bad(IMAGE "nodes: [{op: Conv, out_channels: 1, pad: [1, 1, 1]}]\n", RRAMNAS_ERR_SHAPE,
      "a/net.yaml:3:42: pad has 3 entries, expected 2 (each dimension) or 4 (begins, then ends)");
  bad(IMAGE "nodes: [{op: Conv, out_channels: 1, pad: full}]\n", RRAMNAS_ERR_RANGE,
      "a/net.yaml:3:42: pad is \"full\", expected an integer 0..2147483647");
  bad(IMAGE "nodes: [{op: Conv, out_channels: 1, bias: 0}]\n", RRAMNAS_ERR_PARSE,
      "a/net.yaml:3:43: bias is not true or false");
  bad(IMAGE "nodes: [{op: Conv, out_channels: 1, stride: []}]\n", RRAMNAS_ERR_PARSE,
      "a/net.yaml:3:45: stride is a sequence of 0 entries, expected a number or 1 to 3 numbers");
  bad(IMAGE "nodes: [{op: Clip, min: 1e999}]\n", RRAMNAS_ERR_RANGE,
      "a/net.yaml:3:25: min is \"1e999\", expected a number -1.7976931348623157e+308..1.7976931348623157e+308");
  bad(IMAGE "nodes: [{name: s, op: Slice}]\n", RRAMNAS_ERR_SHAPE,
      "a/net.yaml:3:9: node \"s\": the shape of Slice must be given, expected out_shape");
  bad(IMAGE "nodes: [{name: c, op: Conv, out_channels: 4, out_shape: [1, 4, 7, 7]}]\n", RRAMNAS_ERR_SHAPE,
      "a/net.yaml:3:9: node \"c\": out_shape is [1, 4, 7, 7], the attributes give [1, 4, 8, 8]");
  bad(IMAGE "nodes: [{op: Split, out_shapes: []}]\n", RRAMNAS_ERR_SHAPE,
      "a/net.yaml:3:33: out_shapes is empty, expected one shape per output");
  bad(IMAGE "nodes: [{op: Split, out_shape: [1], out_shapes: [[1]]}]\n", RRAMNAS_ERR_PARSE,
      "a/net.yaml:3:37: out_shape and out_shapes, expected one of them");
  bad(IMAGE "nodes: [{op: Relu, name: [a]}]\n", RRAMNAS_ERR_PARSE,
      "a/net.yaml:3:26: name is a sequence, expected a word");
  bad(IMAGE "nodes: [{op: Relu, name: ''}]\n", RRAMNAS_ERR_PARSE, "a/net.yaml:3:26: name is empty, expected a word");
}

static capture
written(const rramnas_net *net)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  capture c = { 0 };

  if (rramnas_net_write_yaml(net, capture_write, &c, &err) != RRAMNAS_OK)
    fail_msg("%s", err.message);
  return c;
}

/* Written, read, compared, written again: the same network and the same bytes. */
static void
round_trip(const rramnas_net *net)
{
  capture first = written(net), second;
  rramnas_net *back = good(first.text);

  assert_true(net_equal(net, back));
  second = written(back);
  assert_string_equal(first.text, second.text);
  rramnas_net_unref(back);
  capture_free(&first);
  capture_free(&second);
}

static void
every_operator(void **state)
{
  rramnas_net *net = good(HEAD
    "inputs:\n"
    "  - {name: x, shape: [2, 16, 8, 8]}\n"
    "  - {name: tokens, shape: [2, 5, 16]}\n"
    "constants:\n"
    "  - {name: scale, shape: [16, 1, 1]}\n"
    "  - {name: heads, shape: [2, 16, 4]}\n"
    "  - {name: left, shape: [7, 5]}\n"
    "  - {name: indices, shape: [3]}\n"
    "  - {name: none, shape: [0]}\n"
    "  - {name: kernels, shape: [16, 4, 3, 3]}\n"
    "nodes:\n"
    "  - {name: conv, op: Conv, inputs: x, out_channels: 16, kernel: 3, pad: [0, 1, 2, 1], dilation: [1, 2], groups: 2}\n"
    "  - {name: stored, op: Conv, inputs: [conv, kernels], stride: 2, pad: same_lower, groups: 4}\n"
    "  - {name: dynamic, op: Conv, inputs: [x, x]}\n"
    "  - {name: bn, op: BatchNormalization, inputs: conv, epsilon: 0.001, training: true}\n"
    "  - {name: relu, op: Relu}\n"
    "  - {name: relu6, op: Clip, min: 0, max: 6}\n"
    "  - {name: clip, op: Clip, max: 0.1}\n"
    "  - {name: sigmoid, op: Sigmoid}\n"
    "  - {name: hsigmoid, op: HardSigmoid, alpha: 0.16666667}\n"
    "  - {name: hswish, op: HardSwish}\n"
    "  - {name: tanh, op: Tanh}\n"
    "  - {name: gelu, op: Gelu}\n"
    "  - {name: softmax, op: Softmax, axis: 1}\n"
    "  - {name: leaky, op: Elementwise, source_op: LeakyRelu}\n"
    "  - {name: add, op: Add, inputs: [leaky, scale]}\n"
    "  - {name: sub, op: Sub, inputs: [add, conv]}\n"
    "  - {name: mul, op: Mul, inputs: [add, sub]}\n"
    "  - {name: div, op: Div, inputs: [add, scale]}\n"
    "  - {name: pow, op: Pow, inputs: [div, scale]}\n"
    "  - {name: less, op: Compare, inputs: [pow, add], source_op: Less}\n"
    "  - {name: where, op: Where, inputs: [less, pow, scale]}\n"
    "  - {name: maxpool, op: MaxPool, kernel: 3, stride: 2, ceil_mode: true, dilation: 1}\n"
    "  - {name: avgpool, op: AveragePool, inputs: where, kernel: [2, 1], count_include_pad: true, pad: [1, 0]}\n"
    "  - {name: gap, op: GlobalAveragePool}\n"
    "  - {name: gmp, op: GlobalMaxPool, inputs: where}\n"
    "  - {name: mean, op: Reduce, inputs: where, axes: [-1, 2], keep_dims: true, source_op: ReduceMean}\n"
    "  - {name: all, op: Reduce, inputs: where, source_op: ReduceMax}\n"
    "  - {name: concat, op: Concat, inputs: [gap, gmp, mean], axis: -3}\n"
    "  - {name: flatten, op: Flatten}\n"
    "  - {name: dense, op: Gemm, out_channels: 12, bias: false, alpha: 0.5}\n"
    "  - {name: untransposed, op: Gemm, out_channels: 16, trans_b: false, beta: 2}\n"
    "  - {name: reshape, op: Reshape, shape: [0, 4, -1]}\n"
    "  - {name: transpose, op: Transpose, perm: [0, 2, 1]}\n"
    "  - {name: reversed, op: Transpose}\n"
    "  - {name: slice, op: Slice, out_shape: [4, 2, 2]}\n"
    "  - {name: gather, op: Gather, inputs: [slice, indices], axis: 1, out_shape: [4, 3, 2]}\n"
    "  - {name: split, op: Split, axis: 1, out_shapes: [[4, 1, 2], [4, 2, 2]]}\n"
    "  - {name: pad, op: Pad, inputs: [split.1], out_shape: [4, 2, 4]}\n"
    "  - {name: unsqueeze, op: Unsqueeze, inputs: split.0, axes: [0]}\n"
    "  - {name: squeeze, op: Squeeze, axes: [0, 2]}\n"
    "  - {name: expand, op: Expand, shape: [3, 4, 2]}\n"
    "  - {name: resize, op: Resize, inputs: [expand, '', none], out_shape: [3, 4, 8]}\n"
    "  - {name: cast, op: Identity, source_op: Cast}\n"
    "  - {name: scatter, op: DataMove, source_op: ScatterND, inputs: [cast, indices, scale]}\n"
    "  - {name: ln, op: LayerNormalization, inputs: tokens}\n"
    "  - {name: q, op: MatMul, out_channels: 16}\n"
    "  - {name: per_head, op: MatMul, inputs: [ln, heads]}\n"
    "  - {name: mixed, op: MatMul, inputs: [left, ln]}\n"
    "  - {name: turned, op: Transpose, inputs: q, perm: [0, 2, 1]}\n"
    "  - {name: scores, op: MatMul, inputs: [q, turned], out_shape: [2, 5, 5]}\n");
  size_t i;
  int32_t op, seen = 0;

  (void)state;
  for (op = 0; op < 100; op++)
    for (i = 0; i < net->n_nodes; i++)
      if (net->nodes[i].op == op) {
        seen++;
        break;
      }
  assert_int_equal(seen, 40);
  assert_int_equal(net->layers[1].mapped, 1);
  assert_int_equal(net->layers[2].mapped, 0);
  expect_output(net, "reshape", "[2, 4, 4]");
  expect_output(net, "all", "[]");
  round_trip(net);
  rramnas_net_unref(net);
}

/* The named result, whatever reads it; nothing is written where it is the one that follows anyway. */
static void
named_output(void **state)
{
  static const char nodes[] = IMAGE
      "constants: [{name: k, shape: [2]}]\n"
      "nodes:\n"
      "  - {name: a, op: Relu}\n"
      "  - {name: s, op: Split, axis: 1, out_shapes: [[1, 1, 8, 8], [1, 2, 8, 8]]}\n"
      "  - {name: z, op: Relu, inputs: s.0}\n";
  static const char *const names[] = { "a", "s.1", "z", "x", "k" };
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    char text[1024], line[32];
    rramnas_net *net;
    capture c;

    snprintf(line, sizeof(line), "output: %s\n", names[i]);
    snprintf(text, sizeof(text), "%s%s", nodes, line);
    net = good(text);
    assert_true(net->output >= 0);
    round_trip(net);
    c = written(net);
    assert_int_equal(strstr(c.text, line) != NULL, strcmp(names[i], "z") != 0);
    capture_free(&c);
    rramnas_net_unref(net);
  }
  bad(IMAGE "nodes: [{op: Relu}]\noutput: y\n", RRAMNAS_ERR_SHAPE,
      "a/net.yaml:4:9: output \"y\" is not defined; expected a node, an input or a constant");
  bad(IMAGE "nodes: [{op: Relu}]\noutput: [x]\n", RRAMNAS_ERR_PARSE,
      "a/net.yaml:4:9: output is a sequence, expected a word");
}

/* Names that YAML would read as something else, that clash, or that occur twice. */
static void
awkward_names(void **state)
{
  static const char *const names[] = {
    "true", "null", "3", "-", "a: b", "[x]", "#", "\xc2\x85", "\xe2\x80\xa8", "\xef\xbb\xbf", "\xef\xbf\xbf", "\xc2\x9f",
    "tab\tline\n", "\"quoted\\", " ", "x", "x", "node17", "split.0", "~", "*a", "&a", "!t", "gr\xc3\xbc\xc3\x9f",
    "\xf0\x9f\x98\x80", "\x7f", "y", "No", "a,b", "{", "'",
  };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL, *back;
  rramnas_node n = RRAMNAS_NODE_INIT;
  const int64_t shape[2] = { 2, 3 };
  int32_t x = 0;
  size_t i;
  capture c;

  (void)state;
  assert_int_equal(rramnas_net_create("yes: no", NULL, &net, &err), RRAMNAS_OK);
  assert_int_equal(rramnas_net_add_input(net, "x", shape, 2, &x, &err), RRAMNAS_OK);
  for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
    n.op = i % 3 ? RRAMNAS_OP_ADD : RRAMNAS_OP_GEMM;
    n.out_channels = i % 3 ? 0 : 3;
    n.name = names[i];
    n.inputs = (const int32_t[2]){ x, 0 };
    n.n_inputs = i % 3 ? 2 : 1;
    assert_int_equal(rramnas_net_add_node(net, &n, &x, &err), RRAMNAS_OK);
  }
  assert_int_equal(rramnas_net_finish(net, &err), RRAMNAS_OK);
  round_trip(net);
  c = written(net);
  back = good(c.text);
  assert_string_equal(rramnas_net_name(back), "yes: no");
  assert_string_equal(back->nodes[16].name, "x");
  rramnas_net_unref(back);
  capture_free(&c);
  rramnas_net_unref(net);
}

static void
example_networks(void **state)
{
  static const char *const files[] = {
    "mobilenet_v3_small_rnc.yaml", "resnet18_cifar.yaml", "squeezenet1_1.yaml", "squeezenet1_1.onnx",
  };
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(files) / sizeof(files[0]); i++) {
    rramnas_error err = RRAMNAS_ERROR_INIT;
    rramnas_net *net = NULL;
    char path[4096];

    snprintf(path, sizeof(path), "%s/networks/%s", getenv("RRAMNAS_EXAMPLES"), files[i]);
    if (rramnas_net_load_file(path, NULL, NULL, &net, &err) < 0)
      fail_msg("%s", err.message);
    round_trip(net);
    rramnas_net_unref(net);
  }
}

/* Everything that the ONNX importer reads can be written. */
static void
onnx_networks(void **state)
{
  char path[4096];
  struct dirent *entry;
  int read = 0;
  DIR *folder;

  (void)state;
  snprintf(path, sizeof(path), "%s/onnx", getenv("RRAMNAS_TEST_DATA"));
  folder = opendir(path);
  assert_non_null(folder);
  while ((entry = readdir(folder))) {
    rramnas_error err = RRAMNAS_ERROR_INIT;
    rramnas_net *net = NULL;

    if (strcmp(rrn_path_extension(entry->d_name), ".onnx") != 0 || onnx_import(entry->d_name, 1, NULL, &net, &err) < 0)
      continue;
    round_trip(net);
    rramnas_net_unref(net);
    read++;
  }
  closedir(folder);
  assert_true(read >= 10);
}

static void
generated_networks(void **state)
{
  int32_t ks[16], e[16], d[4], i;
  uint32_t seed = 12345;
  int round;

  (void)state;
  for (round = 0; round < 20; round++) {
    rramnas_net *net = NULL;

    for (i = 0; i < 36; i++) {
      const int32_t draw = (int32_t)((seed = seed * 1664525u + 1013904223u) >> 16) % 3;

      if (i < 16)
        ks[i] = 3 + 2 * draw;
      else if (i < 32)
        e[i - 16] = draw == 2 ? 6 : 3 + draw;
      else
        d[i - 32] = 2 + draw;
    }
    assert_int_equal(rramnas_net_create_ofa_mobilenet_v3_small(ks, e, d, NULL, &net, NULL), RRAMNAS_OK);
    round_trip(net);
    rramnas_net_unref(net);
  }
}

/* The line of doc/networks.md whose first cell names the operator. */
static int
find_row(FILE *doc, const char *op, char line[1024])
{
  char quoted[64];
  int in_table = 0;

  snprintf(quoted, sizeof(quoted), "`%s`", op);
  rewind(doc);
  while (fgets(line, 1024, doc)) {
    const char *found = in_table && strncmp(line, "| `", 3) == 0 ? strstr(line, quoted) : NULL;

    in_table |= strcmp(line, "### Operators and attributes\n") == 0;
    if (found && found < strchr(line + 1, '|'))
      return 1;
  }
  return 0;
}

/* The table of operators names every operator with exactly its attributes. */
static void
documented_attributes(void **state)
{
  char path[4096], line[1024];
  int32_t op;
  FILE *doc;

  (void)state;
  snprintf(path, sizeof(path), "%s/../doc/networks.md", getenv("RRAMNAS_EXAMPLES"));
  doc = fopen(path, "r");
  assert_non_null(doc);
  for (op = 0; op < 100; op++) {
    const char *name = rramnas_op_name(op), *at;
    const rrn_key *const *key;
    int keys = 0, quoted = 0;

    if (strcmp(name, "unknown") == 0)
      continue;
    if (!find_row(doc, name, line))
      fail_msg("doc/networks.md has no row for %s", name);
    for (key = rrn_keys_of(op); *key; key++, keys++) {
      char word[64];

      snprintf(word, sizeof(word), "`%s`", (*key)->name);
      if (!strstr(line, word))
        fail_msg("doc/networks.md: %s has no %s", name, word);
    }
    for (at = strchr(line + 1, '|'); (at = strchr(at, '`')); at = strchr(at + 1, '`') + 1)
      quoted += strncmp(at, "`out_shape", 10) != 0;
    if (quoted != keys)
      fail_msg("doc/networks.md: %s has %d attributes, the table of the reader %d", name, quoted, keys);
  }
  fclose(doc);
}

static void
loading(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net_options options = RRAMNAS_NET_OPTIONS_INIT;
  rramnas_net *net = NULL;

  (void)state;
  assert_int_equal(rramnas_net_load_file("no/such.yaml", NULL, NULL, &net, &err), RRAMNAS_ERR_IO);
  assert_string_equal(err.message, "no/such.yaml: cannot open: No such file or directory");
  assert_int_equal(rramnas_net_load_buffer("", 0, "n", NULL, NULL, &net, &err), RRAMNAS_ERR_ARGUMENT);
  options.format = 9;
  assert_int_equal(rramnas_net_load_buffer("", 0, "n", &options, NULL, &net, &err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_net_load_file(NULL, NULL, NULL, &net, &err), RRAMNAS_ERR_ARGUMENT);
  options.format = RRAMNAS_NET_FORMAT_ONNX;
  assert_true(rramnas_net_load_buffer("schema", 6, "n", &options, NULL, &net, &err) < 0);
  options.n_binds = 1;
  assert_int_equal(rramnas_net_load_buffer("", 0, "n", &options, NULL, &net, &err), RRAMNAS_ERR_ARGUMENT);
  assert_null(net);
}

/* As editors of other systems write files: a byte order mark first, and their ends of lines. */
static void
mark_and_line_ends(void **state)
{
  rramnas_net *plain = good(IMAGE "nodes:\n  - {name: a, op: Relu}\n");
  rramnas_net *other = good("\xef\xbb\xbfschema: rramnas.network/1\r\ninputs: [{name: x, shape: [1, 16, 8, 8]}]\r\n"
                            "nodes:\r\n  - {name: a, op: Relu}");

  (void)state;
  assert_int_equal(plain->n_nodes, other->n_nodes);
  expect_output(other, "a", "[1, 16, 8, 8]");
  rramnas_net_unref(plain);
  rramnas_net_unref(other);
  bad("\xef\xbb\xbf" "a: 1\n\xff", RRAMNAS_ERR_PARSE, "a/net.yaml:2:1: invalid leading UTF-8 octet, expected UTF-8 text");
  bad("\xef\xbb\xbf", RRAMNAS_ERR_PARSE, "a/net.yaml:1:1: no schema, expected schema: rramnas.network/1");
}

static void
failing_writer(void **state)
{
  rramnas_net *net = good(IMAGE "nodes: [{op: Relu}]\n");
  rramnas_error err = RRAMNAS_ERROR_INIT;
  capture c = { .fail_at = 1 };

  (void)state;
  assert_int_equal(rramnas_net_write_yaml(net, capture_write, &c, &err), RRAMNAS_ERR_CALLBACK);
  capture_free(&c);
  rramnas_net_unref(net);
}

static void
any_locale(void **state)
{
  static const char text[] = IMAGE "nodes: [{op: Clip, min: 0.25, max: 6.5}]\n";
  rramnas_net *net;
  capture c;

  (void)state;
  if (!setlocale(LC_ALL, "de_DE.UTF-8"))
    skip();
  net = good(text);
  assert_true(net->nodes[0].attrs.number[0] == 0.25);
  c = written(net);
  assert_non_null(strstr(c.text, "min: 0.25, max: 6.5"));
  round_trip(net);
  setlocale(LC_ALL, "C");
  capture_free(&c);
  rramnas_net_unref(net);
}

static const char oom_text[] = HEAD
  "inputs: [{name: x, shape: [1, 4, 8, 8]}]\n"
  "constants: [{name: k, shape: [4, 4, 1, 1]}]\n"
  "nodes:\n"
  "  - {name: a, op: Conv, out_channels: 4}\n"
  "  - {name: b, op: Conv, inputs: [a, k]}\n"
  "  - {name: c, op: Add, inputs: [a, b]}\n"
  "  - {name: d, op: Split, out_shapes: [[1, 2, 8, 8], [1, 2, 8, 8]]}\n"
  "  - {name: e, op: Concat, inputs: [d.0, d.1, c], axis: 1}\n"
  "  - {op: Conv, out_channels: 3}\n";

static int32_t
keep_nothing(void *user, const char *data, size_t length)
{
  (void)user;
  (void)data;
  (void)length;
  return 0;
}

static int32_t
yaml_job(void *user, const rramnas_runtime *runtime, rramnas_error *err)
{
  rramnas_net_options options = RRAMNAS_NET_OPTIONS_INIT;
  rramnas_net *net = NULL;
  int32_t status;

  (void)user;
  options.format = RRAMNAS_NET_FORMAT_YAML;
  status = rramnas_net_load_buffer(oom_text, strlen(oom_text), "n", &options, runtime, &net, err);
  if (status >= 0)
    status = rramnas_net_write_yaml(net, keep_nothing, NULL, err);
  rramnas_net_unref(net);
  return status;
}

static void
memory_runs_out(void **state)
{
  (void)state;
  assert_true(oom_until_success(yaml_job, NULL, 1, 0) > 8);
  oom_until_success(yaml_job, NULL, 1, 1);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(short_and_long_forms),
    cmocka_unit_test(symbols),
    cmocka_unit_test(faults_of_the_document),
    cmocka_unit_test(faults_of_yaml),
    cmocka_unit_test(faults_of_nodes),
    cmocka_unit_test(named_output),      cmocka_unit_test(every_operator),
    cmocka_unit_test(awkward_names),
    cmocka_unit_test(example_networks),
    cmocka_unit_test(onnx_networks),
    cmocka_unit_test(generated_networks),
    cmocka_unit_test(documented_attributes),
    cmocka_unit_test(loading),
    cmocka_unit_test(mark_and_line_ends),
    cmocka_unit_test(failing_writer),
    cmocka_unit_test(any_locale),
    cmocka_unit_test(memory_runs_out),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
