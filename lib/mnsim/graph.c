/* SPDX-License-Identifier: MIT */
/*
 * In: a network. Out: MNSIM's list of layers: conv, fc, pooling, element_sum, element_multiply.
 *
 * Each tensor is traced to the layer that makes it. Norms, activation functions and views pass their input on, as MNSIM
 * drops them; arithmetic with a constant does, too. What MNSIM has no case for (concat, slices, products of two
 * activations, rectangular windows, uneven padding, a batch, token sequences) is an error that names the node. Grouped
 * convolutions keep their shape and are later mapped as if they were dense (B15). The first layer must be a
 * convolution of the only input (B22). Two passes, O(nodes + edges). Source: MNSIM 2.0, Interface.
 */
#include "mnsim/mnsim.h"

/* What a tensor is: the number of the layer that makes it, or one of these. */
enum { IS_INPUT = -1, IS_CONSTANT = -2 };

typedef struct builder {
  const rramnas_net *net;
  const rrn_mnsim_config *c;
  rrn_arena *arena;
  rramnas_error *err;
  int32_t *source; /* [n_tensors] */
  rrn_mnsim_node *nodes;
  size_t n;
} builder;

static int32_t
refuse(const builder *b, const rrn_node *node, const char *reason)
{
  return rrn_fail(b->err, RRAMNAS_ERR_UNSUPPORTED, "mnsim: %s (%s): %s", node->name, node->source_op, reason);
}

static const rrn_tensor *
input_of(const builder *b, const rrn_node *node)
{
  return &b->net->tensors[node->inputs[0]];
}

static const rrn_tensor *
output_of(const builder *b, const rrn_node *node)
{
  return &b->net->tensors[node->outputs[0]];
}

/* Inputs that are computed: those that do not stem from constants. */
static int32_t
count_computed(const builder *b, const rrn_node *node)
{
  int32_t i, n = 0;

  for (i = 0; i < node->n_inputs; i++)
    n += node->inputs[i] >= 0 && b->source[node->inputs[i]] != IS_CONSTANT;
  return n;
}

static void
set_sources(const builder *b, const rrn_node *node, int32_t source)
{
  int32_t i;

  for (i = 0; i < node->n_outputs; i++)
    if (node->outputs[i] >= 0)
      b->source[node->outputs[i]] = source;
}

/* Hands the first computed input on. */
static int32_t
pass_on(const builder *b, const rrn_node *node)
{
  int32_t i, source = IS_CONSTANT;

  for (i = node->n_inputs - 1; i >= 0; i--)
    if (node->inputs[i] >= 0 && b->source[node->inputs[i]] != IS_CONSTANT)
      source = b->source[node->inputs[i]];
  set_sources(b, node, source);
  return RRAMNAS_OK;
}

/* --- shapes --- */

/* [1][channels][rows][cols], or [1][features] as one pixel. */
static int32_t
set_shape(const builder *b, const rrn_node *node, const rrn_tensor *t, int64_t shape[3])
{
  if ((t->rank != 4 && t->rank != 2) || t->dims[0] != 1)
    return refuse(b, node, "MNSIM knows one picture or vector, [1][channels][rows][columns] or [1][features]");
  shape[0] = t->dims[1];
  shape[1] = t->rank == 4 ? t->dims[2] : 1;
  shape[2] = t->rank == 4 ? t->dims[3] : 1;
  return RRAMNAS_OK;
}

static int32_t
set_shapes(const builder *b, const rrn_node *node, rrn_mnsim_node *n)
{
  int64_t in[3] = { 0 }, out[3] = { 0 };

  RRN_TRY(set_shape(b, node, input_of(b, node), in));
  RRN_TRY(set_shape(b, node, output_of(b, node), out));
  n->in_channels = in[0];
  n->in_rows = in[1];
  n->in_cols = in[2];
  n->channels = out[0];
  n->rows = out[1];
  n->cols = out[2];
  return RRAMNAS_OK;
}

/* MNSIM has one number each for window, stride and padding. */
static int32_t
set_window(const builder *b, const rrn_node *node, rrn_mnsim_node *n)
{
  const rrn_attrs *a = &node->attrs;
  int i, square = a->n_spatial == 2 && a->kernel[0] == a->kernel[1] && a->stride[0] == a->stride[1];

  for (i = 1; i < 4; i++)
    square &= a->pad[i] == a->pad[0];
  if (!square)
    return refuse(b, node, "MNSIM knows square windows with one stride and one padding");
  if (a->dilation[0] != 1 || a->dilation[1] != 1)
    return refuse(b, node, "MNSIM knows no dilation");
  if (a->kernel[0] > 32768 || a->stride[0] > INT32_MAX || a->pad[0] > INT32_MAX)
    return refuse(b, node, "the window is larger than 32768");
  n->kernel = (int32_t)a->kernel[0];
  n->stride = (int32_t)a->stride[0];
  n->pad = (int32_t)a->pad[0];
  return RRAMNAS_OK;
}

/* One window over the whole picture. */
static int32_t
set_global_window(const builder *b, const rrn_node *node, rrn_mnsim_node *n)
{
  if (n->in_rows != n->in_cols || n->in_rows > 32768 || n->rows * n->cols != 1)
    return refuse(b, node, "MNSIM knows square windows");
  n->kernel = n->stride = (int32_t)n->in_rows;
  return RRAMNAS_OK;
}

/* --- layers --- */

static int32_t
add_layer(builder *b, const rrn_node *node, int32_t kind, rrn_mnsim_node **ret_node)
{
  rrn_mnsim_node *n = &b->nodes[b->n];
  int32_t *inputs = rrn_arena_alloc(b->arena, (size_t)node->n_inputs, sizeof(*inputs));
  int32_t i, source;

  if (!inputs)
    return rrn_fail_memory(b->err);
  n->name = node->name;
  n->kind = kind;
  n->in_bits = n->out_bits = b->c->activation_bits;
  n->weight_bits = b->c->weight_bits;
  n->inputs = inputs;
  for (i = 0; i < node->n_inputs; i++) {
    source = node->inputs[i] >= 0 ? b->source[node->inputs[i]] : IS_CONSTANT;
    if (source == IS_INPUT && b->n > 0)
      return refuse(b, node, "only the first layer of MNSIM takes the network's input");
    if (source >= 0)
      inputs[n->n_inputs++] = source;
  }
  n->layer = node->layer >= 0 || n->n_inputs == 0 ? node->layer : b->nodes[inputs[0]].layer;
  set_sources(b, node, (int32_t)b->n++);
  *ret_node = n;
  return RRAMNAS_OK;
}

static int32_t
add_conv(builder *b, const rrn_node *node)
{
  rrn_mnsim_node *n;

  if (node->layer < 0 || !b->net->layers[node->layer].mapped)
    return refuse(b, node, "MNSIM maps constant weights only");
  RRN_TRY(add_layer(b, node, RRN_MNSIM_CONV, &n));
  RRN_TRY(set_shapes(b, node, n));
  return set_window(b, node, n);
}

static int32_t
add_fc(builder *b, const rrn_node *node)
{
  const rramnas_layer *layer = node->layer >= 0 ? &b->net->layers[node->layer] : NULL;
  rrn_mnsim_node *n;

  if (!layer || !layer->mapped)
    return refuse(b, node, "MNSIM has no product of two activations");
  if (layer->positions != 1 || layer->groups != 1)
    return refuse(b, node, "MNSIM's fc takes one vector");
  RRN_TRY(add_layer(b, node, RRN_MNSIM_FC, &n));
  n->in_channels = layer->matrix_rows;
  n->channels = layer->matrix_cols;
  n->in_rows = n->in_cols = n->rows = n->cols = 1;
  n->kernel = n->stride = 1;
  return RRAMNAS_OK;
}

static int32_t
add_pooling(builder *b, const rrn_node *node, int global)
{
  rrn_mnsim_node *n;

  RRN_TRY(add_layer(b, node, RRN_MNSIM_POOLING, &n));
  RRN_TRY(set_shapes(b, node, n));
  return global ? set_global_window(b, node, n) : set_window(b, node, n);
}

/* The mean of rows and columns is a pool over the whole picture; other reductions are unknown. */
static int32_t
add_reduction(builder *b, const rrn_node *node)
{
  const rrn_tensor *in = input_of(b, node), *out = output_of(b, node);

  if (in->rank != 4 || rrn_tensor_elements(out) != in->dims[0] * in->dims[1])
    return refuse(b, node, "MNSIM has no reduction but pooling");
  return add_pooling(b, node, 1);
}

static int32_t
add_accumulation(builder *b, const rrn_node *node, int32_t kind)
{
  rrn_mnsim_node *n;
  int64_t shape[3] = { 0 };

  if (count_computed(b, node) < 2)
    return pass_on(b, node);
  RRN_TRY(add_layer(b, node, kind, &n));
  RRN_TRY(set_shape(b, node, output_of(b, node), shape));
  n->in_channels = n->channels = shape[0];
  n->in_rows = n->rows = shape[1];
  n->in_cols = n->cols = shape[2];
  n->kernel = n->stride = 1;
  return RRAMNAS_OK;
}

static int32_t
pass_with_constant(const builder *b, const rrn_node *node)
{
  if (count_computed(b, node) > 1)
    return refuse(b, node, "MNSIM has no such operator of two activations");
  return pass_on(b, node);
}

static int32_t
add_node(builder *b, const rrn_node *node)
{
  if (count_computed(b, node) == 0)
    return pass_on(b, node);
  switch (node->op) {
  case RRAMNAS_OP_CONV:
    return add_conv(b, node);
  case RRAMNAS_OP_GEMM:
  case RRAMNAS_OP_MATMUL:
    return add_fc(b, node);
  case RRAMNAS_OP_MAX_POOL:
  case RRAMNAS_OP_AVERAGE_POOL:
    return add_pooling(b, node, 0);
  case RRAMNAS_OP_GLOBAL_AVERAGE_POOL:
  case RRAMNAS_OP_GLOBAL_MAX_POOL:
    return add_pooling(b, node, 1);
  case RRAMNAS_OP_REDUCE:
    return add_reduction(b, node);
  case RRAMNAS_OP_ADD:
    return add_accumulation(b, node, RRN_MNSIM_ELEMENT_SUM);
  case RRAMNAS_OP_MUL:
    return add_accumulation(b, node, RRN_MNSIM_ELEMENT_MULTIPLY);
  case RRAMNAS_OP_SUB:
  case RRAMNAS_OP_DIV:
  case RRAMNAS_OP_POW:
    return pass_with_constant(b, node);
  case RRAMNAS_OP_BATCH_NORM:
  case RRAMNAS_OP_LAYER_NORM:
  case RRAMNAS_OP_RELU:
  case RRAMNAS_OP_CLIP:
  case RRAMNAS_OP_SIGMOID:
  case RRAMNAS_OP_HARD_SIGMOID:
  case RRAMNAS_OP_HARD_SWISH:
  case RRAMNAS_OP_TANH:
  case RRAMNAS_OP_GELU:
  case RRAMNAS_OP_SOFTMAX:
  case RRAMNAS_OP_ELEMENTWISE:
  case RRAMNAS_OP_FLATTEN:
  case RRAMNAS_OP_RESHAPE:
  case RRAMNAS_OP_SQUEEZE:
  case RRAMNAS_OP_UNSQUEEZE:
  case RRAMNAS_OP_IDENTITY:
    return pass_with_constant(b, node);
  default:
    return refuse(b, node, "MNSIM has no such layer");
  }
}

/* --- who reads whom --- */

/* Readers of each layer in one array, layer after layer. */
static int32_t
set_outputs(const builder *b)
{
  int32_t *readers, **next = rrn_arena_alloc(b->arena, b->n, sizeof(*next));
  size_t i, edges = 0;
  int32_t k;

  for (i = 0; i < b->n; i++)
    for (k = 0; k < b->nodes[i].n_inputs; k++, edges++)
      b->nodes[b->nodes[i].inputs[k]].n_outputs++;
  readers = rrn_arena_alloc(b->arena, edges + 1, sizeof(*readers));
  if (!readers || !next)
    return rrn_fail_memory(b->err);
  for (i = 0; i < b->n; i++) {
    b->nodes[i].outputs = next[i] = readers;
    readers += b->nodes[i].n_outputs;
  }
  for (i = 0; i < b->n; i++)
    for (k = 0; k < b->nodes[i].n_inputs; k++)
      *next[b->nodes[i].inputs[k]]++ = (int32_t)i;
  return RRAMNAS_OK;
}

static int32_t
trace(builder *b)
{
  size_t i;

  for (i = 0; i < b->net->n_tensors; i++)
    b->source[i] = b->net->tensors[i].kind == RRN_TENSOR_CONSTANT ? IS_CONSTANT : IS_INPUT;
  for (i = 0; i < b->net->n_nodes; i++)
    RRN_TRY(add_node(b, &b->net->nodes[i]));
  RRN_FAIL_IF(b->n == 0 || b->nodes[0].kind != RRN_MNSIM_CONV, b->err, RRAMNAS_ERR_UNSUPPORTED,
              "mnsim: %s: the first layer of MNSIM is a convolution", b->n ? b->nodes[0].name : b->net->name);
  return RRAMNAS_OK;
}

int32_t
rrn_mnsim_nodes(const rramnas_net *net, const rrn_mnsim_config *c, rrn_arena *arena, const rrn_mnsim_node **ret_nodes,
                size_t *ret_n, rramnas_error *err)
{
  builder b = { .net = net, .c = c, .arena = arena, .err = err };

  b.source = rrn_arena_alloc(arena, net->n_tensors + 1, sizeof(*b.source));
  b.nodes = rrn_arena_alloc(arena, net->n_nodes + 1, sizeof(*b.nodes));
  if (!b.source || !b.nodes)
    return rrn_fail_memory(err);
  RRN_TRY(trace(&b));
  RRN_TRY(set_outputs(&b));
  *ret_nodes = b.nodes;
  *ret_n = b.n;
  return RRAMNAS_OK;
}
