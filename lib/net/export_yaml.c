/* SPDX-License-Identifier: MIT */
/* Graph -> YAML network that rrn_net_import_yaml() reads back as an equal one.
 *
 * In: a finished net. Out: text in the form of doc/networks.md, one node per line. Whatever follows from the rest
 * is left out: inputs that are the previous node's output, attributes at their defaults, constant weights of
 * Conv, Gemm and MatMul (out_channels implies them) and parameters of norms, shapes that inference finds. A shape
 * is written when inference does not find it, so every operator can be expressed. Names that occur twice stay
 * as they are; such a node gets an `id` for others to refer to. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "net/build.h"
#include "net/import.h"
#include "net/keys.h"
#include "net/names.h"
#include "util/text.h"

typedef struct exporter {
  const rramnas_net *net;
  rrn_writer *w;
  rrn_arena arena;
  rrn_names names;
  const char **references; /* [n_tensors], NULL for what is not written */
  const char **ids;        /* [n_nodes] */
  rramnas_error *err;
} exporter;

/* --- text --- */

/* 1 for what any YAML reader takes as text without quotes. */
static int
is_plain(const char *text)
{
  static const char *const reserved[] = { "true", "false", "null", "yes", "no", "on", "off", "y", "n" };
  size_t i;

  if (!((*text >= 'a' && *text <= 'z') || (*text >= 'A' && *text <= 'Z')))
    return 0;
  for (i = 0; i < sizeof(reserved) / sizeof(reserved[0]); i++)
    if (rrn_equal_nocase(text, reserved[i]))
      return 0;
  return text[strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_./-")] == '\0';
}

/* The code point of a sequence of 2 or 3 bytes of valid UTF-8 that YAML takes for a break, a mark or nothing at
 * all unless it is escaped; 0 for all others. */
static unsigned
to_escape(const unsigned char *t, size_t *ret_length)
{
  unsigned code = 0;

  if (t[0] >= 0xc2 && t[0] < 0xe0 && t[1]) {
    *ret_length = 2;
    code = (t[0] & 0x1fu) << 6 | (t[1] & 0x3fu);
    return code < 0xa0 ? code : 0;
  }
  if (t[0] >= 0xe0 && t[0] < 0xf0 && t[1] && t[2]) {
    *ret_length = 3;
    code = (t[0] & 0x0fu) << 12 | (t[1] & 0x3fu) << 6 | (t[2] & 0x3fu);
    return code == 0x2028 || code == 0x2029 || code == 0xfeff || code >= 0xfffe ? code : 0;
  }
  return 0;
}

/* JSON's quoting, with YAML's additional characters escaped. */
static void
write_quoted(rrn_writer *w, const char *text)
{
  const unsigned char *t = (const unsigned char *)text;

  rrn_write_text(w, "\"");
  while (*t) {
    size_t length = 1;
    const unsigned code = to_escape(t, &length);

    if (code || *t < 0x20 || *t == 0x7f)
      rrn_write_format(w, "\\u%04x", code ? code : *t);
    else {
      if (*t == '"' || *t == '\\')
        rrn_write_text(w, "\\");
      rrn_write(w, (const char *)t, length);
    }
    t += length;
  }
  rrn_write_text(w, "\"");
}

static void
write_word(rrn_writer *w, const char *text)
{
  if (is_plain(text))
    rrn_write_text(w, text);
  else
    write_quoted(w, text);
}

static void
write_numbers(rrn_writer *w, const int64_t *numbers, size_t n)
{
  size_t i;

  rrn_write_text(w, "[");
  for (i = 0; i < n; i++)
    rrn_write_format(w, i ? ", %lld" : "%lld", (long long)numbers[i]);
  rrn_write_text(w, "]");
}

/* --- references --- */

static const char *
numbered(exporter *ex, const char *prefix, size_t number)
{
  const size_t room = strlen(prefix) + 24;
  char *text = rrn_arena_alloc_raw(&ex->arena, room, 1);

  if (text)
    snprintf(text, room, "%s%zu", prefix, number);
  return text;
}

/* `wanted`, or when it is taken the first free one of prefix0, prefix1, ... from `number` on. */
static int32_t
free_name(exporter *ex, const char *wanted, const char *prefix, size_t number, const char **ret_name)
{
  while (!*wanted || rrn_names_get(&ex->names, wanted) >= 0) {
    wanted = numbered(ex, prefix, number++);
    if (!wanted)
      return rrn_fail_memory(ex->err);
  }
  *ret_name = wanted;
  return RRAMNAS_OK;
}

static int32_t
name_tensor(exporter *ex, int32_t tensor)
{
  const rrn_tensor *t = &ex->net->tensors[tensor];
  const char *name = NULL;

  if (ex->references[tensor])
    return RRAMNAS_OK;
  RRN_TRY(free_name(ex, t->name, "tensor", (size_t)tensor, &name));
  ex->references[tensor] = name;
  return rrn_names_put(&ex->names, name, tensor, ex->err);
}

/* All of id.0 ... id.(n - 1) are free; `ret_names` gets them. */
static int32_t
try_outputs(exporter *ex, const rrn_node *node, const char *id, int *ret_free)
{
  char *prefix;
  int32_t i;

  *ret_free = 0;
  if (node->n_outputs == 1) {
    ex->references[node->outputs[0]] = id;
    *ret_free = rrn_names_get(&ex->names, id) < 0;
    return RRAMNAS_OK;
  }
  prefix = rrn_arena_alloc_raw(&ex->arena, strlen(id) + 2, 1);
  if (!prefix)
    return rrn_fail_memory(ex->err);
  snprintf(prefix, strlen(id) + 2, "%s.", id);
  for (i = 0; i < node->n_outputs; i++) {
    const char *name = numbered(ex, prefix, (size_t)i);

    if (!name)
      return rrn_fail_memory(ex->err);
    if (rrn_names_get(&ex->names, name) >= 0)
      return RRAMNAS_OK;
    ex->references[node->outputs[i]] = name;
  }
  *ret_free = 1;
  return RRAMNAS_OK;
}

static int32_t
name_node(exporter *ex, size_t index)
{
  const rrn_node *node = &ex->net->nodes[index];
  const char *id = node->name;
  size_t number = index;
  int is_free = 0;
  int32_t i;

  for (;;) {
    RRN_TRY(try_outputs(ex, node, id, &is_free));
    if (is_free)
      break;
    id = numbered(ex, "node", number++);
    if (!id)
      return rrn_fail_memory(ex->err);
  }
  ex->ids[index] = id;
  for (i = 0; i < node->n_outputs; i++)
    RRN_TRY(rrn_names_put(&ex->names, ex->references[node->outputs[i]], node->outputs[i], ex->err));
  return RRAMNAS_OK;
}

/* --- what is implied --- */

static const rrn_tensor *
input(const exporter *ex, const rrn_node *node, int32_t i)
{
  return i < node->n_inputs && node->inputs[i] >= 0 ? &ex->net->tensors[node->inputs[i]] : NULL;
}

/* Conv, Gemm, MatMul whose weight, and bias if any, follow from out_channels. */
static int
weight_is_implied(const exporter *ex, const rrn_node *node)
{
  const rrn_tensor *x = input(ex, node, 0), *w = input(ex, node, 1), *bias = input(ex, node, 2);

  if (node->layer < 0 || !ex->net->layers[node->layer].mapped || x->kind == RRN_TENSOR_CONSTANT || node->n_inputs > 3)
    return 0;
  if (bias && bias->kind != RRN_TENSOR_CONSTANT)
    return 0;
  return node->op != RRAMNAS_OP_MATMUL || w->rank == 2;
}

/* How many inputs are written. Parameters of norms are constants that no shape depends on. */
static int32_t
written_inputs(const exporter *ex, const rrn_node *node)
{
  int32_t n = node->n_inputs;

  if (weight_is_implied(ex, node))
    return 1;
  if (node->op == RRAMNAS_OP_BATCH_NORM || node->op == RRAMNAS_OP_LAYER_NORM)
    while (n > 1 && (!input(ex, node, n - 1) || input(ex, node, n - 1)->kind == RRN_TENSOR_CONSTANT))
      n--;
  return n;
}

static int32_t
name_everything(exporter *ex)
{
  size_t i;
  int32_t k;

  for (i = 0; i < ex->net->n_tensors; i++)
    if (ex->net->tensors[i].kind == RRN_TENSOR_ACTIVATION && ex->net->tensors[i].producer < 0)
      RRN_TRY(name_tensor(ex, (int32_t)i));
  for (i = 0; i < ex->net->n_nodes; i++) {
    const rrn_node *node = &ex->net->nodes[i];

    for (k = 0; k < written_inputs(ex, node); k++)
      if (input(ex, node, k) && input(ex, node, k)->kind == RRN_TENSOR_CONSTANT)
        RRN_TRY(name_tensor(ex, node->inputs[k]));
  }
  if (ex->net->output >= 0 && ex->net->tensors[ex->net->output].producer < 0)
    RRN_TRY(name_tensor(ex, ex->net->output));
  for (i = 0; i < ex->net->n_nodes; i++)
    RRN_TRY(name_node(ex, i));
  return RRAMNAS_OK;
}

/* --- nodes --- */

/* The node as the reader would build it. */
static rrn_build
as_build(const rrn_node *node)
{
  rrn_build b;

  rrn_build_init(&b, node->op);
  b.attrs = node->attrs;
  b.inputs = node->inputs;
  b.n_inputs = node->n_inputs;
  return b;
}

static int
shape_is_found(const exporter *ex, const rrn_node *node)
{
  const rrn_build b = as_build(node);
  rrn_attrs attrs = node->attrs;
  rrn_shape out;
  const rrn_tensor *y = &ex->net->tensors[node->outputs[0]];

  if (node->n_outputs != 1 || rrn_net_infer(ex->net, &b, &attrs, &out, NULL) < 0)
    return 0;
  return out.rank == y->rank && memcmp(out.dims, y->dims, (size_t)out.rank * sizeof(out.dims[0])) == 0;
}

/* What a node without `inputs` gets, -1 when it is not one tensor. */
static int32_t
default_input(const exporter *ex, size_t index)
{
  int32_t found = -1;
  size_t i;

  if (index > 0)
    return ex->net->nodes[index - 1].n_outputs == 1 ? ex->net->nodes[index - 1].outputs[0] : -1;
  for (i = 0; i < ex->net->n_tensors; i++)
    if (ex->net->tensors[i].kind == RRN_TENSOR_ACTIVATION && ex->net->tensors[i].producer < 0) {
      if (found >= 0)
        return -1;
      found = (int32_t)i;
    }
  return found;
}

static void
write_inputs(const exporter *ex, size_t index)
{
  const rrn_node *node = &ex->net->nodes[index];
  const int32_t n = written_inputs(ex, node);
  int32_t i;

  if (n == 1 && node->inputs[0] >= 0 && node->inputs[0] == default_input(ex, index))
    return;
  rrn_write_text(ex->w, ", inputs: [");
  for (i = 0; i < n; i++) {
    rrn_write_text(ex->w, i ? ", " : "");
    write_word(ex->w, node->inputs[i] < 0 ? "" : ex->references[node->inputs[i]]);
  }
  rrn_write_text(ex->w, "]");
}

static int
all_equal(const int64_t *numbers, size_t n, int64_t value)
{
  size_t i;

  for (i = 0; i < n; i++)
    if (numbers[i] != value)
      return 0;
  return 1;
}

static void
write_short(rrn_writer *w, const char *key, const int64_t *numbers, size_t n)
{
  rrn_write_format(w, ", %s: ", key);
  if (n && all_equal(numbers, n, numbers[0]))
    rrn_write_format(w, "%lld", (long long)numbers[0]);
  else
    write_numbers(w, numbers, n);
}

static void
write_pad(rrn_writer *w, const rrn_attrs *a)
{
  const size_t n = (size_t)a->n_spatial;

  if (all_equal(a->pad, 2 * n, 0))
    return;
  if (memcmp(a->pad, a->pad + n, n * sizeof(a->pad[0])) == 0)
    write_short(w, "pad", a->pad, n);
  else
    write_short(w, "pad", a->pad, 2 * n);
}

static void
write_key(rrn_writer *w, const rrn_key *key, const rrn_build *b, const rrn_build *usual)
{
  const void *value = (const char *)b + key->offset, *other = (const char *)usual + key->offset;
  const rrn_attrs *a = &b->attrs;

  switch (key->type) {
  case RRN_KEY_BOOL:
  case RRN_KEY_INVERTED:
    if (!*(const int32_t *)value != !*(const int32_t *)other)
      rrn_write_format(w, ", %s: %s", key->name, !*(const int32_t *)value == (key->type == RRN_KEY_BOOL) ? "false" : "true");
    break;
  case RRN_KEY_AXIS:
    if (*(const int32_t *)value != *(const int32_t *)other)
      rrn_write_format(w, ", %s: %d", key->name, (int)*(const int32_t *)value);
    break;
  case RRN_KEY_COUNT:
    if (*(const int64_t *)value != *(const int64_t *)other)
      rrn_write_format(w, ", %s: %lld", key->name, (long long)*(const int64_t *)value);
    break;
  case RRN_KEY_REAL:
    if (isfinite(*(const double *)value) && *(const double *)value != *(const double *)other) {
      rrn_write_format(w, ", %s: ", key->name);
      rrn_write_double(w, *(const double *)value);
    }
    break;
  case RRN_KEY_WINDOW:
    if (memcmp(value, other, (size_t)a->n_spatial * sizeof(int64_t)) != 0)
      write_short(w, key->name, value, (size_t)a->n_spatial);
    break;
  case RRN_KEY_PAD:
    write_pad(w, a);
    break;
  case RRN_KEY_DIMS:
    if (a->n_dims) {
      rrn_write_format(w, ", %s: ", key->name);
      write_numbers(w, a->dims, (size_t)a->n_dims);
    }
    break;
  }
}

static void
write_attributes(const exporter *ex, const rrn_node *node)
{
  rrn_build b = as_build(node), usual;
  const rrn_key *const *key;

  rrn_build_init(&usual, node->op);
  if (weight_is_implied(ex, node)) {
    b.out_channels = ex->net->layers[node->layer].matrix_cols;
    b.no_bias = !ex->net->layers[node->layer].has_bias;
  } else if (node->op == RRAMNAS_OP_CONV) {
    memcpy(b.attrs.kernel, usual.attrs.kernel, sizeof(usual.attrs.kernel)); /* the weight has it */
  }
  for (key = rrn_keys_of(node->op); *key; key++)
    write_key(ex->w, *key, &b, &usual);
}

static void
write_shape(rrn_writer *w, const rrn_tensor *t)
{
  write_numbers(w, t->dims, (size_t)t->rank);
}

static void
write_out_shapes(const exporter *ex, const rrn_node *node)
{
  int32_t i;

  if (shape_is_found(ex, node))
    return;
  if (node->n_outputs == 1) {
    rrn_write_text(ex->w, ", out_shape: ");
    write_shape(ex->w, &ex->net->tensors[node->outputs[0]]);
    return;
  }
  rrn_write_text(ex->w, ", out_shapes: [");
  for (i = 0; i < node->n_outputs; i++) {
    rrn_write_text(ex->w, i ? ", " : "");
    write_shape(ex->w, &ex->net->tensors[node->outputs[i]]);
  }
  rrn_write_text(ex->w, "]");
}

static void
write_node(const exporter *ex, size_t index)
{
  const rrn_node *node = &ex->net->nodes[index];

  rrn_write_text(ex->w, "  - {name: ");
  write_word(ex->w, node->name);
  if (strcmp(ex->ids[index], node->name) != 0) {
    rrn_write_text(ex->w, ", id: ");
    write_word(ex->w, ex->ids[index]);
  }
  rrn_write_format(ex->w, ", op: %s", rramnas_op_name(node->op));
  if (strcmp(node->source_op, rramnas_op_name(node->op)) != 0 && *node->source_op) {
    rrn_write_text(ex->w, ", source_op: ");
    write_word(ex->w, node->source_op);
  }
  write_inputs(ex, index);
  write_attributes(ex, node);
  write_out_shapes(ex, node);
  rrn_write_text(ex->w, "}\n");
}

/* --- the document --- */

static void
write_tensors(const exporter *ex, const char *title, rrn_tensor_kind kind)
{
  int written = 0;
  size_t i;

  for (i = 0; i < ex->net->n_tensors; i++) {
    const rrn_tensor *t = &ex->net->tensors[i];

    if ((rrn_tensor_kind)t->kind != kind || t->producer >= 0 || !ex->references[i])
      continue;
    if (!written++)
      rrn_write_format(ex->w, "%s:\n", title);
    rrn_write_text(ex->w, "  - {name: ");
    write_word(ex->w, ex->references[i]);
    rrn_write_text(ex->w, ", shape: ");
    write_shape(ex->w, t);
    rrn_write_text(ex->w, "}\n");
  }
  if (!written && kind == RRN_TENSOR_ACTIVATION)
    rrn_write_format(ex->w, "%s: []\n", title);
}

/* An output that is not implied: another result than the only one that no node reads. */
static int32_t
write_output(exporter *ex)
{
  int32_t n, unread;

  RRN_TRY(rrn_net_unread(ex->net, &ex->arena, &n, &unread, ex->err));
  if (ex->net->output < 0 || (n == 1 && ex->net->output == unread))
    return RRAMNAS_OK;
  rrn_write_text(ex->w, "output: ");
  write_word(ex->w, ex->references[ex->net->output]);
  rrn_write_text(ex->w, "\n");
  return RRAMNAS_OK;
}

static int32_t
write_document(exporter *ex)
{
  size_t i;

  rrn_write_text(ex->w, "schema: rramnas.network/1\n");
  if (*ex->net->name) {
    rrn_write_text(ex->w, "name: ");
    write_word(ex->w, ex->net->name);
    rrn_write_text(ex->w, "\n");
  }
  write_tensors(ex, "inputs", RRN_TENSOR_ACTIVATION);
  write_tensors(ex, "constants", RRN_TENSOR_CONSTANT);
  rrn_write_text(ex->w, "nodes:\n");
  for (i = 0; i < ex->net->n_nodes; i++)
    write_node(ex, i);
  return write_output(ex);
}

int32_t
rrn_net_export_yaml(const rramnas_net *net, rrn_writer *w, rramnas_error *err)
{
  exporter ex = { .net = net, .w = w, .err = err };
  int32_t status;

  rrn_arena_init(&ex.arena, &net->rt);
  rrn_names_init(&ex.names, &net->rt);
  ex.references = rrn_arena_alloc(&ex.arena, net->n_tensors, sizeof(*ex.references));
  ex.ids = rrn_arena_alloc(&ex.arena, net->n_nodes, sizeof(*ex.ids));
  if (!ex.references || !ex.ids) {
    status = rrn_fail_memory(err);
    goto out;
  }
  RRN_TRY_OUT(name_everything(&ex));
  status = write_document(&ex);
out:
  rrn_names_release(&ex.names);
  rrn_arena_release(&ex.arena);
  return status;
}
