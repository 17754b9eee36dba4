/* SPDX-License-Identifier: MIT */
/* Spaces: what is refused and with which words, sizes of the ready spaces, networks of known size, chips of genomes,
 * files that name ready OFA networks, and every allocation failing once. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "capture.h"
#include "hw/spec.h"
#include "net/graph.h"
#include "oom.h"
#include "space/ready.h"

static rrn_rt runtime;

static rrn_space
empty_space(void)
{
  rrn_space s;

  rrn_space_init(&s, &runtime);
  return s;
}

static rrn_space
ready_space(const char *name)
{
  rrn_space s = empty_space();
  rramnas_error err = RRAMNAS_ERROR_INIT;

  if (rrn_space_ready(&s, name, &err) < 0)
    fail_msg("%s", err.message);
  return s;
}

static rrn_space
read_space(const char *yaml)
{
  rrn_space s = empty_space();
  rramnas_error err = RRAMNAS_ERROR_INIT;

  if (rrn_space_read(&s, yaml, strlen(yaml), "space.yaml", &err) < 0)
    fail_msg("%s", err.message);
  return s;
}

/* --- bits of layers --- */

/* By their names, and no more than the chip's; "free" keeps a name for something else. */
static void
genes_of_bits_are_found_by_name(void **state)
{
  static const char yaml[] = "schema: rramnas.space/1\nname: bits\ngenes:\n"
                             "- {name: 'layer_weight_bits[1]', values: [4, 16]}\n"
                             "- {name: 'layer_input_bits[0]', integer: [2, 8]}\n"
                             "- {name: 'layer_weight_bits[0]', values: [3, 5], role: free}\n";
  const double x[3] = { 1, 6, 1 };
  int32_t weight_bits[2] = { -1, -1 }, input_bits[2] = { -1, -1 };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = NULL;

  (void)state;
  if (rramnas_search_load_buffer(yaml, strlen(yaml), "space.yaml", NULL, &s, &err) < 0)
    fail_msg("%s", err.message);
  assert_int_equal(rramnas_search_build_bits(s, x, 2, weight_bits, input_bits, &err), RRAMNAS_OK);
  assert_true(weight_bits[0] == 0 && weight_bits[1] == 8 && input_bits[0] == 6 && input_bits[1] == 0);
  assert_int_equal(rramnas_search_build_bits(s, x, 1, weight_bits, input_bits, &err), RRAMNAS_OK);
  assert_true(weight_bits[0] == 0 && input_bits[0] == 6);
  assert_int_equal(rramnas_search_build_bits(s, x, 1, NULL, input_bits, &err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_search_build_bits(s, (const double[3]){ 7, 6, 1 }, 1, weight_bits, input_bits, &err),
                   RRAMNAS_ERR_ARGUMENT);
  assert_null(rramnas_search_supernet(s));
  assert_null(rramnas_search_supernet(NULL));
  rramnas_search_unref(s);
}

/* --- genes --- */

static void
add_bad(rramnas_gene g, const char *expected)
{
  rrn_space s = read_space("schema: rramnas.space/1\ngenes: [{name: there, integer: [0, 3]}, "
                           "{name: real, real: [0, 1]}]\n");
  rramnas_error err = RRAMNAS_ERROR_INIT;

  assert_int_equal(rrn_space_add_gene(&s, &g, &err), RRAMNAS_ERR_ARGUMENT);
  if (!strstr(err.message, expected))
    fail_msg("\"%s\" does not say \"%s\"", err.message, expected);
  assert_int_equal(s.n, 2);
  rrn_space_release(&s);
}

#define GENE(...) ((rramnas_gene){ .size = sizeof(rramnas_gene), __VA_ARGS__ })

static void
genes_are_checked(void **state)
{
  static const char *const twice[] = { "a", "b", "a" }, *const odd[] = { "" }, *const bell[] = { "\a" };
  static const char *const rows[] = { "64", "1.5" }, *const cells[] = { "1T1R", "2T2R" }, *const devices[] = { "wan" };

  (void)state;
  add_bad(GENE(.name = NULL, .kind = RRAMNAS_GENE_INTEGER), "name of gene 2");
  add_bad(GENE(.name = "a b", .kind = RRAMNAS_GENE_INTEGER), "letters, digits");
  add_bad(GENE(.name = "there", .kind = RRAMNAS_GENE_INTEGER), "already");
  add_bad(GENE(.name = "x", .kind = 3), "no kind 3");
  add_bad(GENE(.name = "x", .kind = RRAMNAS_GENE_INTEGER, .role = -1), "no role -1");
  add_bad(GENE(.name = "x"), "0 labels");
  add_bad(GENE(.name = "x", .labels = twice, .n_labels = 3), "\"a\" is given twice");
  add_bad(GENE(.name = "x", .labels = odd, .n_labels = 1), "label 0");
  add_bad(GENE(.name = "x", .labels = bell, .n_labels = 1), "printable");
  add_bad(GENE(.name = "x", .kind = RRAMNAS_GENE_INTEGER, .low = 2, .high = 1), "range");
  add_bad(GENE(.name = "x", .kind = RRAMNAS_GENE_INTEGER, .low = 0, .high = 1.5), "whole");
  add_bad(GENE(.name = "x", .kind = RRAMNAS_GENE_REAL, .low = 0, .high = 1e200), "1e150");
  add_bad(GENE(.name = "x", .kind = RRAMNAS_GENE_INTEGER, .parent = "nobody"), "\"nobody\" is no gene before it");
  add_bad(GENE(.name = "x", .kind = RRAMNAS_GENE_INTEGER, .parent = "real"), "real number");
  add_bad(GENE(.name = "x", .kind = RRAMNAS_GENE_INTEGER, .parent = "there", .above = 1.0 / 0.0), "finite");
  add_bad(GENE(.name = "crossbar.rowz", .kind = RRAMNAS_GENE_INTEGER, .role = RRAMNAS_GENE_HARDWARE), "crossbar.rows");
  add_bad(GENE(.name = "crossbar.rows", .labels = rows, .n_labels = 2, .role = RRAMNAS_GENE_HARDWARE), "1.5");
  add_bad(GENE(.name = "crossbar.cell", .labels = cells, .n_labels = 2, .role = RRAMNAS_GENE_HARDWARE), "2T2R");
  add_bad(GENE(.name = "crossbar.cell", .kind = RRAMNAS_GENE_INTEGER, .role = RRAMNAS_GENE_HARDWARE), "a word");
  add_bad(GENE(.name = "adc.bits", .kind = RRAMNAS_GENE_REAL, .low = 4, .high = 8, .role = RRAMNAS_GENE_HARDWARE),
          "an integer");
  add_bad(GENE(.name = "adc.bits", .kind = RRAMNAS_GENE_INTEGER, .low = 4, .high = 1e6, .role = RRAMNAS_GENE_HARDWARE),
          "range of the hardware field");
  add_bad(GENE(.name = "device.preset", .labels = devices, .n_labels = 1, .role = RRAMNAS_GENE_HARDWARE), "\"wan\"");
}

static void
values_are_checked(void **state)
{
  rrn_space s = read_space("schema: rramnas.space/1\ngenes:\n  - {name: a, values: [x, y]}\n"
                           "  - {name: n, integer: [2, 5]}\n"
                           "  - {name: r, real: [0.5, 1]}\n");
  const double good[] = { 1, 2, 0.75 }, fraction[] = { 0.5, 2, 0.75 }, high[] = { 1, 6, 0.75 };
  const double nan[] = { 1, 2, 0.0 / 0.0 };
  double value = 7;

  (void)state;
  assert_int_equal(rrn_space_check(&s, good, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_space_check(&s, fraction, NULL), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rrn_space_check(&s, high, NULL), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rrn_space_check(&s, nan, NULL), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rrn_space_parse_value(&s, 0, "z", &value, NULL), RRAMNAS_ERR_RANGE);
  assert_int_equal(rrn_space_parse_value(&s, 1, "2.5", &value, NULL), RRAMNAS_ERR_RANGE);
  assert_int_equal(rrn_space_parse_value(&s, 2, "2", &value, NULL), RRAMNAS_ERR_RANGE);
  assert_int_equal(rrn_space_parse_value(&s, 2, "", &value, NULL), RRAMNAS_ERR_RANGE);
  assert_true(value == 7);
  rrn_space_release(&s);
}

/* --- rules --- */

static const char names[] = "schema: rramnas.space/1\ngenes:\n  - {name: a, integer: [0, 9]}\n"
                            "  - {name: a-b, integer: [0, 9]}\n  - {name: b, integer: [0, 9]}\n"
                            "  - {name: word, values: [\"8\", big, \"2\"]}\n";

static double
missing(const char *rule, double a, double a_b, double b, double word)
{
  const double x[] = { a, a_b, b, word };
  rrn_space s = read_space(names);
  rramnas_error err = RRAMNAS_ERROR_INIT;
  double value;

  if (rrn_space_add_rule(&s, rule, &err) < 0)
    fail_msg("%s", err.message);
  value = rrn_space_violation(&s, x);
  rrn_space_release(&s);
  return value;
}

static void
rules_mean_what_they_say(void **state)
{
  (void)state;
  assert_true(missing("a <= 3", 3, 0, 0, 0) == 0);
  assert_true(missing("a <= 3", 5, 0, 0, 0) == 2);
  assert_true(missing("a < 3", 3, 0, 0, 0) == 1);
  assert_true(missing(" 3>a ", 2, 0, 0, 0) == 0);
  assert_true(missing("a >= b", 1, 0, 4, 0) == 3);
  assert_true(missing("2*a + 1 == b", 2, 0, 5, 0) == 0);
  assert_true(missing("a != b", 4, 0, 4, 0) == 1);
  /* The longest name. */
  assert_true(missing("a-b == 7", 0, 7, 0, 0) == 0);
  assert_true(missing("a - b == 2", 6, 0, 4, 0) == 0);
  /* The number of a label, or its place. */
  assert_true(missing("word == 8", 0, 0, 0, 0) == 0);
  assert_true(missing("word == 1", 0, 0, 0, 1) == 0);
  assert_true(missing("word == 2", 0, 0, 0, 2) == 0);
  assert_true(missing("a + a - 2 * a + b == 4", 9, 0, 4, 0) == 0);
}

static void
rule_bad(const char *rule, int32_t code, int32_t column, const char *expected)
{
  rrn_space s = read_space(names);
  rramnas_error err = RRAMNAS_ERROR_INIT;

  assert_int_equal(rrn_space_add_rule(&s, rule, &err), code);
  assert_int_equal(err.column, column);
  if (!strstr(err.message, expected))
    fail_msg("\"%s\" does not say \"%s\"", err.message, expected);
  assert_int_equal(s.n_rules, 0);
  rrn_space_release(&s);
}

static void
rules_say_what_is_wrong(void **state)
{
  (void)state;
  rule_bad("", RRAMNAS_ERR_PARSE, 1, "gene or a number");
  rule_bad("a", RRAMNAS_ERR_PARSE, 2, "is expected");
  rule_bad("a <= ", RRAMNAS_ERR_PARSE, 6, "gene or a number");
  rule_bad("a = 3", RRAMNAS_ERR_PARSE, 3, "<=");
  rule_bad("a <= 3 4", RRAMNAS_ERR_PARSE, 8, "after the end");
  rule_bad("a * b <= 3", RRAMNAS_ERR_PARSE, 5, "linear");
  rule_bad("1 <= 3", RRAMNAS_ERR_PARSE, 1, "no gene");
  rule_bad("a <= 1e200", RRAMNAS_ERR_PARSE, 6, "1e150");
  rule_bad("a + words <= 1", RRAMNAS_ERR_NOT_FOUND, 5, "did you mean \"word\"");
}

/* --- ready spaces --- */

static void
ready_spaces_have_their_sizes(void **state)
{
  /* By hand: OFA (9^2 + 9^3 + 9^4)^stages; ResNet 2 3^6 (117^3) 1053; 5^6; 4 (16^3 + 16^4 + 16^5 + 16^6). */
  static const struct { const char *name, *count; } cases[] = {
    { "nacim-cnn", "71581696" },
    { "nas-bench-201", "15625" },
    { "ofa-mobilenet-v3-large", "21758655492572485851" },
    { "ofa-mobilenet-v3-small", "2951927213752881" },
    { "ofa-resnet50", "2458914796962" },
  };
  char text[32];
  size_t i;

  (void)state;
  assert_int_equal(rrn_n_ready_spaces, sizeof(cases) / sizeof(cases[0]));
  for (i = 0; i < rrn_n_ready_spaces; i++) {
    rrn_space s = ready_space(cases[i].name);

    assert_string_equal(rrn_ready_spaces[i].name, cases[i].name);
    assert_int_equal(rrn_space_count(&s, text, sizeof(text), NULL), RRAMNAS_OK);
    assert_string_equal(text, cases[i].count);
    assert_int_equal(rrn_space_count(&s, text, strlen(cases[i].count), NULL), RRAMNAS_ERR_RANGE);
    rrn_space_release(&s);
  }
}

static void
counts_have_their_limits(void **state)
{
  rrn_space s = ready_space("ofa-mobilenet-v3-large");
  char text[64];

  (void)state;
  assert_int_equal(rrn_space_add_rule(&s, "d[0] + d[1] + d[2] + d[3] + d[4] == 10", NULL), RRAMNAS_OK);
  assert_int_equal(rrn_space_count(&s, text, sizeof(text), NULL), RRAMNAS_OK);
  assert_string_equal(text, "3486784401"); /* 9^10 */
  rrn_space_release(&s);

  s = read_space("schema: rramnas.space/1\ngenes: [{name: a, integer: [1, 100000]}, {name: b, integer: [1, 100000]}]\n"
                 "rules: [a == b]\n");
  assert_int_equal(rrn_space_count(&s, text, sizeof(text), NULL), RRAMNAS_ERR_LIMIT);
  rrn_space_release(&s);

  s = read_space("schema: rramnas.space/1\ngenes: [{name: a, real: [0, 1]}]\n");
  assert_int_equal(rrn_space_count(&s, text, sizeof(text), NULL), RRAMNAS_OK);
  assert_string_equal(text, "infinite");
  rrn_space_release(&s);

  s = empty_space();
  assert_int_equal(rrn_space_count(&s, text, sizeof(text), NULL), RRAMNAS_OK);
  assert_string_equal(text, "1");
  rrn_space_release(&s);
}

static rramnas_net *
build(const rrn_space *s, const double *x)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;

  if (rrn_space_build_net(s, x, NULL, &net, &err) < 0)
    fail_msg("%s", err.message);
  return net;
}

/* What the candidate of an OFA space says is what the reader of once-for-all's genomes reads. */
static void
check_genome_file(const char *name)
{
  rrn_space s = ready_space(name);
  const rrn_genes genes = rrn_space_genes(&s);
  capture text = { 0 }, ours = { 0 }, theirs = { 0 };
  rramnas_net *net, *read = NULL;
  double x[64];
  size_t i;

  for (i = 0; i < s.n; i++)
    x[i] = s.core[i].low + (double)(i % 3);
  rrn_genome_canonical(&genes, x);
  net = build(&s, x);
  assert_int_equal(rrn_space_write_candidate(&s, x, capture_write, &text, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_net_create_ofa_from_genome(text.text, text.length, NULL, NULL, &read, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_net_write_yaml(net, capture_write, &ours, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_net_write_yaml(read, capture_write, &theirs, NULL), RRAMNAS_OK);
  assert_string_equal(ours.text, theirs.text);
  rramnas_net_unref(net);
  rramnas_net_unref(read);
  capture_free(&text);
  capture_free(&ours);
  capture_free(&theirs);
  rrn_space_release(&s);
}

static void
candidate_is_a_genome_file(void **state)
{
  (void)state;
  check_genome_file("ofa-mobilenet-v3-small");
  check_genome_file("ofa-mobilenet-v3-large");
}

static void
size_of(const rramnas_net *net, int64_t *ret_macs, int64_t *ret_parameters)
{
  int64_t macs = 0, parameters = 0;
  size_t i;

  for (i = 0; i < net->n_layers; i++) {
    macs += net->layers[i].macs;
    parameters += net->layers[i].weights + (net->layers[i].has_bias ? net->layers[i].matrix_cols : 0);
  }
  /* Factor and offset of a channel. */
  for (i = 0; i < net->n_nodes; i++)
    if (net->nodes[i].op == RRAMNAS_OP_BATCH_NORM)
      parameters += 2 * net->tensors[net->nodes[i].outputs[0]].dims[1];
  *ret_macs = macs;
  *ret_parameters = parameters;
}

static void
set(const rrn_space *s, double *x, const char *gene, const char *value)
{
  const size_t i = rrn_space_find(s, gene);

  assert_true(i != SIZE_MAX);
  assert_int_equal(rrn_space_parse_value(s, i, value, &x[i], NULL), RRAMNAS_OK);
}

static void
networks_have_published_sizes(void **state)
{
  /* The benchmark's own count of the cell of 3 x 3 convolutions: 1.531546 M parameters, 220.11968 M. */
  const double all_3x3[] = { 3, 3, 3, 3, 3, 3 };
  rrn_space s = ready_space("nas-bench-201");
  rramnas_net *net = build(&s, all_3x3);
  int64_t macs, parameters;
  double x[64] = { 0 };
  size_t i;

  (void)state;
  size_of(net, &macs, &parameters);
  assert_int_equal(macs, 220119680);
  assert_int_equal(parameters, 1531546);
  rramnas_net_unref(net);
  rrn_space_release(&s);

  /* With the depths of ResNet-50, width 1 and expansion 1/4, this is ResNet-50-D, published as 25.58 M
   * parameters; multiply-accumulates by hand. */
  s = ready_space("ofa-resnet50");
  for (i = 0; i < s.n; i++)
    x[i] = s.genes[i].name[0] == 'w' ? 2 : s.genes[i].name[0] == 'e' ? 1 : s.core[i].low;
  set(&s, x, "stem", "residual");
  set(&s, x, "d[0]", "3");
  set(&s, x, "d[1]", "4");
  set(&s, x, "d[2]", "6");
  set(&s, x, "d[3]", "3");
  net = build(&s, x);
  size_of(net, &macs, &parameters);
  assert_int_equal(parameters, 25576264);
  assert_int_equal(macs, 4328824832);
  rramnas_net_unref(net);
  rrn_space_release(&s);
}

static void
parameters_change_the_networks(void **state)
{
  size_t i;

  (void)state;
  for (i = 0; i < rrn_n_ready_spaces; i++) {
    capture text = { 0 }, again = { 0 };
    const rramnas_layer *last;
    double x[64];
    char yaml[200];
    rramnas_net *net;
    rrn_space s;
    size_t k;

    snprintf(yaml, sizeof(yaml), "schema: rramnas.space/1\nspace: %s\nparameters: {image: 96, classes: 7}\n",
             rrn_ready_spaces[i].name);
    s = read_space(yaml);
    for (k = 0; k < s.n; k++)
      x[k] = s.core[k].high;
    net = build(&s, x);
    last = &net->layers[net->n_layers - 1];
    assert_int_equal(last->matrix_cols, 7);
    assert_int_equal(net->layers[0].in_shape[2], 96);
    rramnas_net_unref(net);
    assert_int_equal(rrn_space_write_yaml(&s, capture_write, &text, NULL), RRAMNAS_OK);
    rrn_space_release(&s);
    s = read_space(text.text);
    assert_int_equal(rrn_space_write_yaml(&s, capture_write, &again, NULL), RRAMNAS_OK);
    assert_string_equal(text.text, again.text);
    assert_non_null(strstr(text.text, "image: 96"));
    rrn_space_release(&s);
    capture_free(&text);
    capture_free(&again);
  }
}

/* --- chips --- */

static void
chips_have_the_genes_values(void **state)
{
  rrn_space s = read_space("schema: rramnas.space/1\ngenes:\n  - {name: adc.bits, integer: [4, 10]}\n"
                           "  - {name: crossbar.rows, values: [64, 1024]}\n"
                           "  - {name: crossbar.subarray_rows, values: [32, 1024]}\n"
                           "  - {name: device.preset, values: [wan_nature_2022, milo_irps_2021]}\n"
                           "  - {name: mine, integer: [0, 1]}\n");
  double x[] = { 4, 0, 0, 0, 0 };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_hw *base = NULL, *hw = NULL;

  (void)state;
  assert_int_equal(rramnas_hw_load_buffer("name: mine\n", 11, "hw.yaml", RRAMNAS_HW_FORMAT_AUTO, NULL, &base, NULL), 0);
  /* Neither of the two alone is valid on the base. */
  set(&s, x, "crossbar.rows", "1024");
  set(&s, x, "crossbar.subarray_rows", "1024");
  set(&s, x, "adc.bits", "7");
  if (rrn_space_build_hw(&s, x, base, &hw, &err) < 0)
    fail_msg("%s", err.message);
  assert_int_equal(hw->v.crossbar.rows, 1024);
  assert_int_equal(hw->v.crossbar.subarray_rows, 1024);
  assert_int_equal(hw->v.adc.bits, 7);
  assert_string_equal(hw->name, "mine");
  rramnas_hw_unref(hw);
  hw = NULL;
  set(&s, x, "crossbar.rows", "64");
  assert_int_equal(rrn_space_build_hw(&s, x, base, &hw, &err), RRAMNAS_ERR_RANGE);
  assert_null(hw);
  assert_true(err.message[0] != '\0');
  rrn_space_release(&s);
  s = empty_space();
  assert_int_equal(rrn_space_build_hw(&s, x, base, &hw, NULL), RRAMNAS_OK);
  assert_ptr_equal(hw, base);
  rramnas_hw_unref(hw);
  rramnas_hw_unref(base);
  rrn_space_release(&s);
}

static void
device_comes_before_its_fields(void **state)
{
  rrn_space s = read_space("schema: rramnas.space/1\ngenes:\n  - {name: device.on_resistance_ohm, values: [12345]}\n"
                           "  - {name: device.preset, values: [wan_nature_2022]}\n");
  const double x[] = { 0, 0 };
  rramnas_hw *base = NULL, *hw = NULL, *preset = NULL;

  (void)state;
  assert_int_equal(rramnas_hw_create_default(NULL, &base, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_hw_create_preset("wan_nature_2022", NULL, &preset, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_space_build_hw(&s, x, base, &hw, NULL), RRAMNAS_OK);
  assert_true(hw->v.device.on_resistance_ohm == 12345);
  assert_true(hw->v.device.off_resistance_ohm == preset->v.device.off_resistance_ohm);
  rramnas_hw_unref(hw);
  rramnas_hw_unref(base);
  rramnas_hw_unref(preset);
  rrn_space_release(&s);
}

/* --- files --- */

static void
file_bad(const char *rest, int32_t code, int32_t line, int32_t column, const char *expected)
{
  rrn_space s = empty_space();
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char text[1024];

  snprintf(text, sizeof(text), "schema: rramnas.space/1\n%s", rest);
  assert_int_equal(rrn_space_read(&s, text, strlen(text), "f.yaml", &err), code);
  if (err.line != line || err.column != column || !strstr(err.message, expected))
    fail_msg("%d:%d \"%s\", expected %d:%d \"%s\"", (int)err.line, (int)err.column, err.message, (int)line, (int)column,
             expected);
  rrn_space_release(&s);
}

static void
files_say_what_is_wrong(void **state)
{
  (void)state;
  file_bad("gens: []\n", RRAMNAS_ERR_PARSE, 2, 1, "unknown key \"gens\"");
  file_bad("genes: 3\n", RRAMNAS_ERR_PARSE, 2, 8, "expected a sequence");
  file_bad("genes:\n  - {name: a}\n", RRAMNAS_ERR_PARSE, 3, 5, "no values");
  file_bad("genes:\n  - {name: a, values: [x], real: [0, 1]}\n", RRAMNAS_ERR_PARSE, 3, 28, "one of values");
  file_bad("genes:\n  - {name: a, values: [x, x]}\n", RRAMNAS_ERR_RANGE, 3, 5, "twice");
  file_bad("genes:\n  - {name: a, integer: [1]}\n", RRAMNAS_ERR_PARSE, 3, 24, "[lowest, highest]");
  file_bad("genes:\n  - {name: a, integer: [1, 2], role: network}\n", RRAMNAS_ERR_PARSE, 3, 38, "free or hardware");
  file_bad("genes:\n  - {name: crossbar.rows, values: [64, many]}\n", RRAMNAS_ERR_RANGE, 3, 5, "many");
  file_bad("genes:\n  - {name: layer_weight_bits, integer: [4, 8]}\n", RRAMNAS_ERR_NOT_FOUND, 3, 5,
           "expected layer_weight_bits[LAYER]");
  file_bad("genes:\n  - {name: \"layer_input_bits[99999999999]\", integer: [4, 8]}\n", RRAMNAS_ERR_NOT_FOUND, 3, 5,
           "expected layer_input_bits[LAYER]");
  file_bad("genes:\n  - {name: \"layer_weight_bits[]\", integer: [4, 8]}\n", RRAMNAS_ERR_NOT_FOUND, 3, 5, "[LAYER]");
  file_bad("genes:\n  - {name: \"layer_weight_bits[\", integer: [4, 8]}\n", RRAMNAS_ERR_NOT_FOUND, 3, 5, "[LAYER]");
  file_bad("space: ofa-small\n", RRAMNAS_ERR_NOT_FOUND, 2, 8, "ofa-resnet50");
  file_bad("space: nas-bench-201\nparameters: {image: 40}\n", RRAMNAS_ERR_RANGE, 3, 21, "multiple of 32");
  file_bad("space: nas-bench-201\nparameters: {classes: 0}\n", RRAMNAS_ERR_RANGE, 3, 23, "classes");
  file_bad("space: nas-bench-201\nparameters: {cells: 5}\n", RRAMNAS_ERR_PARSE, 3, 14, "image or classes");
  file_bad("parameters: {image: 32}\n", RRAMNAS_ERR_PARSE, 2, 1, "ready space");
  file_bad("space: nas-bench-201\nparameters: {widths: [8]}\n", RRAMNAS_ERR_PARSE, 3, 14, "image or classes");
  file_bad("space: ofa-mobilenet-v3-small\nparameters: {widths: [8, 8]}\n", RRAMNAS_ERR_RANGE, 3, 22,
           "widths has 2 entries, expected 8");
  file_bad("space: ofa-mobilenet-v3-large\nparameters: {widths: [8, 8, 8, 8, 8, 8, 0, 8, 8]}\n", RRAMNAS_ERR_RANGE, 3, 41,
           "a width");
  file_bad("supernet: a.safetensors\n", RRAMNAS_ERR_PARSE, 2, 1, "ready space");
  file_bad("space: ofa-mobilenet-v3-small\nsupernet: none.safetensors\n", RRAMNAS_ERR_IO, 3, 11, "none.safetensors");
  file_bad("space: nas-bench-201\nfix: {\"cell[6]\": none}\n", RRAMNAS_ERR_NOT_FOUND, 3, 7, "cell[6]");
  file_bad("space: nas-bench-201\nfix: {\"cell[0]\": nothing}\n", RRAMNAS_ERR_RANGE, 3, 18, "nothing");
  file_bad("genes: [{name: a, integer: [0, 1]}]\nrules:\n  - \"a <= b\"\n", RRAMNAS_ERR_NOT_FOUND, 4, 11,
           "no gene \"b\"");
}

static void
fixed_genes_stay(void **state)
{
  static const char candidate[] = "schema: rramnas.candidate/1\nspace: x\ngenome: {\"cell[0]\": none}\n";
  rrn_space s = read_space("schema: rramnas.space/1\nspace: nas-bench-201\nfix: {\"cell[0]\": skip_connect}\n");
  char text[32];
  double x[6];

  (void)state;
  assert_int_equal(rrn_space_count(&s, text, sizeof(text), NULL), RRAMNAS_OK);
  assert_string_equal(text, "3125");
  assert_int_equal(rrn_space_read_candidate(&s, candidate, strlen(candidate), "c", x, NULL), RRAMNAS_ERR_RANGE);
  rrn_space_release(&s);
}

/* The block of YAML behind `from` in doc/spaces.md; *ret_end: what follows it. */
static char *
next_example(char *from, char **ret_end)
{
  char *start = strstr(from, "```yaml\n"), *end;

  assert_non_null(start);
  start += strlen("```yaml\n");
  end = strstr(start, "```");
  assert_non_null(end);
  *end = '\0';
  *ret_end = end + 1;
  return start;
}

static void
examples_of_the_guide_are_read(void **state)
{
  static char guide[65536];
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char path[1024], *rest, *space, *candidate;
  double x[64];
  rrn_space s;
  FILE *file;

  (void)state;
  snprintf(path, sizeof(path), "%s/../../doc/spaces.md", getenv("RRAMNAS_TEST_DATA"));
  file = fopen(path, "rb");
  assert_non_null(file);
  guide[fread(guide, 1, sizeof(guide) - 1, file)] = '\0';
  fclose(file);
  space = next_example(guide, &rest);
  candidate = next_example(rest, &rest);
  s = read_space(space);
  assert_int_equal(s.n_rules, 2);
  if (rrn_space_read_candidate(&s, candidate, strlen(candidate), "spaces.md", x, &err) < 0)
    fail_msg("%s", err.message);
  assert_true(rrn_space_violation(&s, x) == 0);
  assert_true(x[rrn_space_find(&s, "strength")] == 0.5);
  rrn_space_release(&s);
  space = next_example(rest, &rest);
  s = empty_space();
  snprintf(path, sizeof(path), "%s/supernet/spaces.md", getenv("RRAMNAS_TEST_DATA"));
  if (rrn_space_read(&s, space, strlen(space), path, &err) < 0)
    fail_msg("%s", err.message);
  assert_string_equal(strrchr(s.supernet, '/'), "/digits.safetensors");
  rrn_space_release(&s);
}

/* --- memory --- */

static int32_t
everything(void *user, const rramnas_runtime *host, rramnas_error *err)
{
  static const char yaml[] = "schema: rramnas.space/1\nname: all\nspace: nacim-cnn\n"
                             "parameters: {classes: 100}\nfix: {layers: 3}\ngenes:\n"
                             "  - {name: crossbar.rows, values: [64, 128]}\n"
                             "  - {name: bonus, integer: [0, 4], parent: crossbar.rows, above: 0}\n"
                             "rules:\n  - crossbar.rows + bonus <= 130\n";
  static const char candidate[] = "schema: rramnas.candidate/1\nspace: all\ngenome: {kernel: [3, 3, 3]}\n";
  rramnas_net *net = NULL;
  rramnas_hw *base = NULL, *hw = NULL;
  double x[32];
  char text[64];
  rrn_space s;
  rrn_rt rt;
  int32_t status;

  (void)user;
  if (rrn_rt_init(&rt, host, err) < 0)
    return RRAMNAS_ERR_ARGUMENT;
  rrn_space_init(&s, &rt);
  status = rrn_space_read(&s, yaml, strlen(yaml), "space.yaml", err);
  status = status < 0 ? status : rrn_space_count(&s, text, sizeof(text), err);
  status = status < 0 ? status : rrn_space_read_candidate(&s, candidate, strlen(candidate), "c.yaml", x, err);
  status = status < 0 ? status : rrn_space_build_net(&s, x, host, &net, err);
  status = status < 0 ? status : rramnas_hw_create_default(host, &base, err);
  status = status < 0 ? status : rrn_space_build_hw(&s, x, base, &hw, err);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
  rramnas_hw_unref(base);
  rrn_space_release(&s);
  return status;
}

static void
every_allocation_fails_once(void **state)
{
  int sticky;

  (void)state;
  for (sticky = 0; sticky <= 1; sticky++)
    assert_true(oom_until_success(everything, NULL, 1, sticky) > 10);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(genes_are_checked),
    cmocka_unit_test(values_are_checked),
    cmocka_unit_test(rules_mean_what_they_say),
    cmocka_unit_test(rules_say_what_is_wrong),
    cmocka_unit_test(ready_spaces_have_their_sizes),
    cmocka_unit_test(counts_have_their_limits),
    cmocka_unit_test(candidate_is_a_genome_file),
    cmocka_unit_test(networks_have_published_sizes),
    cmocka_unit_test(parameters_change_the_networks),
    cmocka_unit_test(chips_have_the_genes_values),
    cmocka_unit_test(genes_of_bits_are_found_by_name),
    cmocka_unit_test(device_comes_before_its_fields),
    cmocka_unit_test(files_say_what_is_wrong),
    cmocka_unit_test(fixed_genes_stay),
    cmocka_unit_test(examples_of_the_guide_are_read),
    cmocka_unit_test(every_allocation_fails_once),
  };

  if (rrn_rt_init(&runtime, NULL, NULL) < 0)
    return 1;
  return cmocka_run_group_tests(tests, NULL, NULL);
}
