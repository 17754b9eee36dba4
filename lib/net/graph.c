/* SPDX-License-Identifier: MIT */
/* Building a network: in come tensors and nodes, out comes an immutable graph in topological order.
 *
 * A node may only name tensors that exist, and its outputs are made with it; so the order of addition is a
 * topological order and a cycle cannot be expressed. Everything is copied into the net's arena and released
 * with it. A failing call leaves the graph as it was (bytes of the arena may be spent). */
#include "net/graph.h"

#include <string.h>

#include "net/derive.h"
#include "util/ckd.h"

#define MAX_DIM INT64_C(0x7fffffff)
#define MAX_ELEMENTS (INT64_C(1) << 48)

int32_t
rrn_net_new(const char *name, const rramnas_runtime *runtime, rramnas_net **ret_net, rramnas_error *err)
{
  rramnas_net *net;
  rrn_rt rt;

  RRN_TRY(rrn_rt_init(&rt, runtime, err));
  net = rrn_calloc(&rt, 1, sizeof(*net));
  if (!net)
    return rrn_fail_memory(err);
  atomic_init(&net->references, 1);
  net->rt = rt;
  net->output = -1;
  rrn_arena_init(&net->arena, &net->rt);
  net->name = rrn_arena_strndup(&net->arena, name, strlen(name));
  if (!net->name) {
    rramnas_net_unref(net);
    return rrn_fail_memory(err);
  }
  *ret_net = net;
  return RRAMNAS_OK;
}

rramnas_net *
rramnas_net_ref(rramnas_net *net)
{
  atomic_fetch_add_explicit(&net->references, 1, memory_order_relaxed);
  return net;
}

void
rramnas_net_unref(rramnas_net *net)
{
  rrn_rt rt;

  if (!net || atomic_fetch_sub_explicit(&net->references, 1, memory_order_acq_rel) != 1)
    return;
  rt = net->rt;
  rrn_arena_release(&net->arena);
  rrn_free(&rt, net);
}

int32_t
rrn_net_reserve(rramnas_net *net, size_t n_nodes, size_t n_tensors, rramnas_error *err)
{
  if (net->cap_nodes == 0 && n_nodes) {
    net->nodes = rrn_arena_alloc_raw(&net->arena, n_nodes, sizeof(*net->nodes));
    net->cap_nodes = net->nodes ? n_nodes : 0;
  }
  if (net->cap_tensors == 0 && n_tensors) {
    net->tensors = rrn_arena_alloc_raw(&net->arena, n_tensors, sizeof(*net->tensors));
    net->cap_tensors = net->tensors ? n_tensors : 0;
  }
  return net->cap_nodes >= n_nodes && net->cap_tensors >= n_tensors ? RRAMNAS_OK : rrn_fail_memory(err);
}

static int32_t
check_dims(rrn_tensor_kind kind, const char *name, const int64_t *dims, int32_t rank, rramnas_error *err)
{
  const int64_t least = kind == RRN_TENSOR_CONSTANT ? 0 : 1;
  int64_t elements = 1;
  int32_t i;

  RRN_FAIL_IF(rank < 0 || rank > RRAMNAS_MAX_RANK, err, RRAMNAS_ERR_LIMIT,
              "tensor \"%.100s\" has %d dimensions, the limit is %d", name, (int)rank, RRAMNAS_MAX_RANK);
  for (i = 0; i < rank; i++) {
    RRN_FAIL_IF(dims[i] < least || dims[i] > MAX_DIM, err, RRAMNAS_ERR_RANGE,
                "dimension %d of tensor \"%.100s\" is %lld, expected %d..2147483647", (int)i, name, (long long)dims[i],
                (int)least);
    /* Once 0, elements stays 0; else each factor is below 2^31 and the product so far at most 2^48. */
    RRN_FAIL_IF(ckd_mul(&elements, elements, dims[i]) || elements > MAX_ELEMENTS, err, RRAMNAS_ERR_RANGE,
                "tensor \"%.100s\" has more than 2^48 elements", name);
  }
  return RRAMNAS_OK;
}

static rrn_tensor *
tensor_slot(rramnas_net *net)
{
  rrn_tensor *grown = rrn_arena_grow(&net->arena, net->tensors, net->n_tensors, &net->cap_tensors, sizeof(*grown));

  if (!grown)
    return NULL;
  net->tensors = grown;
  return &grown[net->n_tensors];
}

/* `name` lives in the arena already. */
static int32_t
push_tensor(rramnas_net *net, rrn_tensor_kind kind, const char *name, const int64_t *dims, int32_t rank,
            int32_t producer, int32_t *ret_tensor, rramnas_error *err)
{
  rrn_tensor *t;

  RRN_FAIL_IF(net->n_tensors >= RRN_NET_MAX_TENSORS, err, RRAMNAS_ERR_LIMIT, "more than %d tensors",
              RRN_NET_MAX_TENSORS);
  RRN_TRY(check_dims(kind, name, dims, rank, err));
  t = tensor_slot(net);
  if (!t)
    return rrn_fail_memory(err);
  memset(t, 0, sizeof(*t));
  t->name = name;
  t->kind = kind;
  t->producer = producer;
  t->rank = rank;
  if (rank)
    memcpy(t->dims, dims, (size_t)rank * sizeof(*dims));
  *ret_tensor = (int32_t)net->n_tensors++;
  return RRAMNAS_OK;
}

int32_t
rrn_net_add_tensor(rramnas_net *net, rrn_tensor_kind kind, const char *name, const int64_t *dims, int32_t rank,
                   int32_t *ret_tensor, rramnas_error *err)
{
  const char *copy;

  RRN_FAIL_IF(net->finished, err, RRAMNAS_ERR_ARGUMENT, "the network is finished, nothing can be added");
  copy = rrn_arena_strndup(&net->arena, name, strlen(name));
  if (!copy)
    return rrn_fail_memory(err);
  return push_tensor(net, kind, copy, dims, rank, -1, ret_tensor, err);
}

int32_t
rrn_net_add_constant(rramnas_net *net, const char *name, const char *suffix, const int64_t *dims, int32_t rank,
                     int32_t *ret_tensor, rramnas_error *err)
{
  const size_t head = strlen(name), tail = strlen(suffix);
  char *joined;

  RRN_FAIL_IF(net->finished, err, RRAMNAS_ERR_ARGUMENT, "the network is finished, nothing can be added");
  joined = rrn_arena_alloc_raw(&net->arena, 1, head + tail + 1);
  if (!joined)
    return rrn_fail_memory(err);
  memcpy(joined, name, head);
  memcpy(joined + head, suffix, tail + 1);
  return push_tensor(net, RRN_TENSOR_CONSTANT, joined, dims, rank, -1, ret_tensor, err);
}

static int32_t
check_inputs(const rramnas_net *net, const rrn_node_desc *desc, rramnas_error *err)
{
  int32_t i;

  RRN_FAIL_IF(desc->n_inputs < 0 || desc->n_outputs < 1, err, RRAMNAS_ERR_ARGUMENT,
              "node \"%.100s\" has %d inputs and %d outputs", desc->name, (int)desc->n_inputs, (int)desc->n_outputs);
  for (i = 0; i < desc->n_inputs; i++)
    RRN_FAIL_IF(desc->inputs[i] < -1 || (desc->inputs[i] >= 0 && (size_t)desc->inputs[i] >= net->n_tensors), err,
                RRAMNAS_ERR_ARGUMENT, "input %d of node \"%.100s\" is tensor %d, the network has %zu", (int)i,
                desc->name, (int)desc->inputs[i], net->n_tensors);
  return RRAMNAS_OK;
}

/* Outputs without a name of their own share the node's. */
static int32_t
push_outputs(rramnas_net *net, const rrn_node_desc *desc, const char *node_name, int32_t *outputs, rramnas_error *err)
{
  int32_t i;

  for (i = 0; i < desc->n_outputs; i++) {
    const char *own = desc->out_names ? desc->out_names[i] : NULL;
    const char *name = own ? rrn_arena_strndup(&net->arena, own, strlen(own)) : node_name;

    if (!name)
      return rrn_fail_memory(err);
    RRN_TRY(push_tensor(net, RRN_TENSOR_ACTIVATION, name, desc->out_dims[i], desc->out_ranks[i],
                        (int32_t)net->n_nodes, &outputs[i], err));
  }
  return RRAMNAS_OK;
}

static rrn_node *
node_slot(rramnas_net *net)
{
  rrn_node *grown = rrn_arena_grow(&net->arena, net->nodes, net->n_nodes, &net->cap_nodes, sizeof(*grown));

  if (!grown)
    return NULL;
  net->nodes = grown;
  return &grown[net->n_nodes];
}

/* Static text is kept as it is; only what a file spells differently is copied. */
static const char *
keep_source_op(rramnas_net *net, const rrn_node_desc *desc)
{
  const char *usual = rramnas_op_name(desc->op);

  if (!desc->source_op || strcmp(desc->source_op, usual) == 0)
    return usual;
  return rrn_arena_strndup(&net->arena, desc->source_op, strlen(desc->source_op));
}

/* Node, outputs and wires; *n_tensors is where to return to when it fails. */
static int32_t
push_node(rramnas_net *net, const rrn_node_desc *desc, int32_t *ret_outputs, rramnas_error *err)
{
  static const rrn_attrs no_attrs;
  rrn_node *node = node_slot(net);
  const char *name = rrn_arena_strndup(&net->arena, desc->name, strlen(desc->name));
  const char *source_op = keep_source_op(net, desc);
  int32_t *wires = rrn_arena_alloc_raw(&net->arena, (size_t)desc->n_inputs + (size_t)desc->n_outputs, sizeof(*wires));
  int32_t *outputs;

  if (!node || !name || !source_op || !wires)
    return rrn_fail_memory(err);
  if (desc->n_inputs)
    memcpy(wires, desc->inputs, (size_t)desc->n_inputs * sizeof(*wires));
  outputs = wires + desc->n_inputs;
  RRN_TRY(push_outputs(net, desc, name, outputs, err));
  node->op = desc->op;
  node->name = name;
  node->source_op = source_op;
  node->n_inputs = desc->n_inputs;
  node->n_outputs = desc->n_outputs;
  node->inputs = wires;
  node->outputs = outputs;
  node->attrs = desc->attrs ? *desc->attrs : no_attrs;
  node->layer = -1;
  memcpy(ret_outputs, outputs, (size_t)desc->n_outputs * sizeof(*outputs));
  net->n_nodes++;
  return RRAMNAS_OK;
}

int32_t
rrn_net_add_node_raw(rramnas_net *net, const rrn_node_desc *desc, int32_t *ret_outputs, rramnas_error *err)
{
  const size_t n_tensors = net->n_tensors;
  int32_t status;

  RRN_FAIL_IF(net->finished, err, RRAMNAS_ERR_ARGUMENT, "the network is finished, nothing can be added");
  RRN_FAIL_IF(net->n_nodes >= RRN_NET_MAX_NODES, err, RRAMNAS_ERR_LIMIT, "more than %d nodes", RRN_NET_MAX_NODES);
  RRN_TRY(check_inputs(net, desc, err));
  status = push_node(net, desc, ret_outputs, err);
  if (status < 0)
    net->n_tensors = n_tensors;
  return status;
}

int32_t
rrn_net_finish(rramnas_net *net, rramnas_error *err)
{
  RRN_FAIL_IF(net->finished, err, RRAMNAS_ERR_ARGUMENT, "the network is finished already");
  RRN_FAIL_IF(net->n_nodes == 0, err, RRAMNAS_ERR_SHAPE, "the network has no nodes");
  RRN_TRY(rrn_net_derive_layers(net, err));
  RRN_TRY(rrn_net_derive_deps(net, err));
  net->finished = 1;
  return RRAMNAS_OK;
}

int32_t
rrn_net_unread(const rramnas_net *net, rrn_arena *scratch, int32_t *ret_n, int32_t *ret_tensor, rramnas_error *err)
{
  uint8_t *read = rrn_arena_alloc(scratch, net->n_tensors, 1);
  int32_t k;
  size_t i;

  if (!read)
    return rrn_fail_memory(err);
  for (i = 0; i < net->n_nodes; i++)
    for (k = 0; k < net->nodes[i].n_inputs; k++)
      if (net->nodes[i].inputs[k] >= 0)
        read[net->nodes[i].inputs[k]] = 1;
  *ret_n = 0;
  *ret_tensor = -1;
  for (i = 0; i < net->n_nodes; i++)
    if (!read[net->nodes[i].outputs[0]]) {
      *ret_tensor = net->nodes[i].outputs[0];
      ++*ret_n;
    }
  return RRAMNAS_OK;
}

int64_t
rrn_tensor_elements(const rrn_tensor *tensor)
{
  int64_t elements = 1;
  int32_t i;

  for (i = 0; i < tensor->rank; i++)
    elements *= tensor->dims[i];
  return elements;
}
