/* SPDX-License-Identifier: MIT */
/* ONNX file -> network.
 *
 * In: the bytes of a model, mapped or not. Out: a finished net whose nodes are in topological order, and in
 * file order wherever the topology leaves a choice.
 * Each node of the file runs through one handler, which knows the shapes of its inputs because its
 * producers ran before. A node on constants alone becomes a constant (weights behind Identity, Transpose or
 * DequantizeLinear; arithmetic on shapes); any other becomes a node of the net. Constants enter the net when
 * a node takes them.
 * Time is linear in the file without its weights, which are never read. The net is named after the file:
 * exporters give the graph of every network the same name. */
#include "net/import.h"

#include <stdio.h>
#include <string.h>

#include "net/onnx/fold.h"
#include "net/onnx/values.h"
#include "util/file.h"

enum { MAX_PARTS = 4096 };

typedef struct importer {
  rrn_onnx_file file;
  rrn_onnx_model model;
  rrn_arena arena;       /* model and constants, until the net is finished */
  rrn_arena scratch;     /* one node */
  rrn_onnx_pool pool;
  rrn_onnx_map node_names;
  rramnas_net *net;
} importer;

/* "node 'conv1' (Conv, opset 13): what" at the node's byte. */
static int32_t
fail_node(const importer *im, const rrn_onnx_node *node, int32_t code, const char *what, rramnas_error *err)
{
  rrn_onnx_span name = node->name;

  if (code == RRAMNAS_ERR_MEMORY)
    return rrn_fail_memory(err);
  if (name.length == 0 && node->n_outputs > 0 && node->outputs[0] >= 0)
    name = im->model.names.keys[node->outputs[0]];
  return rrn_fail_at(err, code, rrn_onnx_place(&im->file, node->body.data), "node '%s' (%s, opset %lld): %s",
                     rrn_onnx_quote(name).text, rrn_onnx_quote(node->op_type).text, (long long)im->model.opset, what);
}

/* --- order --- */

typedef struct visit {
  int32_t node, next_input;
} visit;

/* Depth first from each node in file order: producers come out just before their first consumer, and a
 * sorted file stays as it is. */
static int32_t
emit(const importer *im, int32_t root, uint8_t *state, visit *stack, int32_t *order, int32_t *n, rramnas_error *err)
{
  const rrn_onnx_model *m = &im->model;
  int32_t depth = 0;

  stack[0] = (visit){ root, 0 };
  state[root] = 1;
  while (depth >= 0) {
    visit *top = &stack[depth];
    const rrn_onnx_node *node = &m->nodes[top->node];
    int32_t value, producer;

    if (top->next_input == node->n_inputs) {
      state[top->node] = 2;
      order[(*n)++] = top->node;
      depth--;
      continue;
    }
    value = node->inputs[top->next_input++];
    producer = value < 0 ? -1 : m->values[value].producer;
    if (producer < 0 || state[producer] == 2)
      continue;
    if (state[producer] == 1)
      return rrn_fail_at(err, RRAMNAS_ERR_SHAPE, rrn_onnx_place(&im->file, node->body.data),
                         "the graph has a cycle through tensor '%s'", rrn_onnx_value_name(m, value).text);
    state[producer] = 1;
    stack[++depth] = (visit){ producer, 0 };
  }
  return RRAMNAS_OK;
}

static int32_t
sort_nodes(importer *im, int32_t **ret_order, rramnas_error *err)
{
  size_t n_nodes = (size_t)im->model.n_nodes;
  int32_t *order = rrn_arena_alloc_raw(&im->arena, n_nodes, sizeof(*order));
  visit *stack = rrn_arena_alloc_raw(&im->arena, n_nodes, sizeof(*stack));
  uint8_t *state = rrn_arena_alloc(&im->arena, n_nodes, 1);
  int32_t node, n = 0;

  if (!order || !stack || !state)
    return rrn_fail_memory(err);
  for (node = 0; node < im->model.n_nodes; node++)
    if (state[node] == 0)
      RRN_TRY(emit(im, node, state, stack, order, &n, err));
  *ret_order = order;
  return RRAMNAS_OK;
}

/* --- tensors --- */

/* Gives a value its tensor in the net, once. */
static int32_t
need_tensor(importer *im, int32_t index, rrn_tensor_kind kind, int32_t *ret_tensor, rramnas_error *err)
{
  rrn_onnx_value *value = &im->model.values[index];
  rrn_onnx_span name = im->model.names.keys[index];

  if (value->tensor < 0) {
    char *text = rrn_arena_strndup(&im->scratch, name.data, name.length);

    if (!text)
      return rrn_fail_memory(err);
    RRN_TRY(rrn_net_add_tensor(im->net, kind, text, value->shape->dims, value->shape->rank, &value->tensor, err));
  }
  *ret_tensor = value->tensor;
  return RRAMNAS_OK;
}

static int32_t
add_inputs(importer *im, rramnas_error *err)
{
  int32_t k, tensor;

  RRN_FAIL_IF(im->model.n_inputs == 0, err, RRAMNAS_ERR_SHAPE, "%s: the graph has no inputs", im->file.name);
  for (k = 0; k < im->model.n_inputs; k++)
    RRN_TRY(need_tensor(im, im->model.inputs[k], RRN_TENSOR_ACTIVATION, &tensor, err));
  return RRAMNAS_OK;
}

static int32_t
keep_shape(importer *im, rrn_onnx_value *value, const rrn_shape *shape, rramnas_error *err)
{
  rrn_shape *kept = rrn_arena_alloc_raw(&im->arena, 1, sizeof(*kept));

  if (!kept)
    return rrn_fail_memory(err);
  *kept = *shape;
  value->shape = kept;
  return RRAMNAS_OK;
}

/* --- one node --- */

/* The row of the operator, after what can be said before looking at shapes. */
static int32_t
find_op(importer *im, const rrn_onnx_node *node, const rrn_onnx_op **ret_op, rramnas_error *err)
{
  const rrn_onnx_op *op = rrn_onnx_op_find(node->op_type);
  int64_t opset = im->model.opset;
  char what[160];
  int32_t k;

  if (node->domain.length > 0 && !rrn_onnx_is(node->domain, "ai.onnx")) {
    snprintf(what, sizeof(what), "operators of domain '%s' are not supported", rrn_onnx_quote(node->domain).text);
    return fail_node(im, node, RRAMNAS_ERR_UNSUPPORTED, what, err);
  }
  if (!op)
    return fail_node(im, node, RRAMNAS_ERR_UNSUPPORTED, "the operator is not supported", err);
  if (opset < op->since || (op->until && opset > op->until)) {
    snprintf(what, sizeof(what), "the operator exists %s opset %d", opset < op->since ? "since" : "up to",
             opset < op->since ? op->since : op->until);
    return fail_node(im, node, RRAMNAS_ERR_UNSUPPORTED, what, err);
  }
  if (node->n_inputs < op->min_in || (op->max_in && node->n_inputs > op->max_in)) {
    snprintf(what, sizeof(what), "the node has %d inputs, expected at %s %d", node->n_inputs,
             node->n_inputs < op->min_in ? "least" : "most", node->n_inputs < op->min_in ? op->min_in : op->max_in);
    return fail_node(im, node, RRAMNAS_ERR_SHAPE, what, err);
  }
  /* Outputs cost memory in the net: five is what the largest operators have, Split as many as parts. */
  if (node->n_outputs > (op->op == RRAMNAS_OP_SPLIT ? MAX_PARTS : 5)) {
    snprintf(what, sizeof(what), "the node has %d outputs", node->n_outputs);
    return fail_node(im, node, RRAMNAS_ERR_LIMIT, what, err);
  }
  /* Between operands a quantised node may leave a zero point out, but never one of the leading inputs. */
  for (k = 0; k < op->min_in && k < 2; k++)
    if (node->inputs[k] < 0)
      return fail_node(im, node, RRAMNAS_ERR_SHAPE, "a required input is left out", err);
  *ret_op = op;
  return RRAMNAS_OK;
}

static int32_t
prepare(importer *im, const rrn_onnx_node *node, const rrn_onnx_op *op, rrn_onnx_call *ret_call, rramnas_error *err)
{
  rrn_onnx_call call = { .model = &im->model, .node = node, .pool = &im->pool, .scratch = &im->scratch, .op = op->op,
                         .n_in = node->n_inputs, .n_out = node->n_outputs };
  int32_t k;

  call.in = rrn_arena_alloc_raw(&im->scratch, (size_t)call.n_in, sizeof(*call.in));
  call.out = rrn_arena_alloc(&im->scratch, (size_t)call.n_out, sizeof(*call.out));
  if (!call.in || !call.out)
    return rrn_fail_memory(err);
  for (k = 0; k < call.n_in; k++)
    call.in[k] = node->inputs[k] < 0 ? NULL : &im->model.values[node->inputs[k]];
  *ret_call = call;
  return RRAMNAS_OK;
}

static int
on_constants(const rrn_onnx_call *call)
{
  int32_t k;

  for (k = 0; k < call->n_in; k++)
    if (call->in[k] && !call->in[k]->constant)
      return 0;
  return 1;
}

/* Shapes as the net will accept them; a constant may be empty. */
static int32_t
check_outputs(const rrn_onnx_call *call, int constant, rramnas_error *err)
{
  char text[RRN_SHAPE_TEXT];
  int32_t k;

  for (k = 0; k < call->n_out; k++) {
    int64_t n = rrn_onnx_elements(&call->out[k]);

    RRN_FAIL_IF(n < 0 || (n == 0 && !constant), err, RRAMNAS_ERR_RANGE,
                "output %d has shape %s, expected dimensions of at least 1 and at most 2^48 elements", k,
                rrn_shape_text(&call->out[k], text));
  }
  return RRAMNAS_OK;
}

static int32_t
keep_constants(importer *im, rrn_onnx_call *call, rramnas_error *err)
{
  int32_t k;

  if (!call->data && call->proto.length == 0)
    RRN_TRY(rrn_onnx_fold(call, &call->data, err));
  for (k = 0; k < call->n_out; k++) {
    rrn_onnx_value *value;

    if (call->node->outputs[k] < 0)
      continue;
    value = &im->model.values[call->node->outputs[k]];
    value->constant = 1;
    RRN_TRY(keep_shape(im, value, &call->out[k], err));
    if (k == 0) {
      value->data = call->data;
      value->proto = call->proto;
    }
  }
  return RRAMNAS_OK;
}

/* Inputs of the net's node: the operands, and whatever else depends on the network's input. */
static int32_t
choose_inputs(importer *im, const rrn_onnx_call *call, const rrn_onnx_op *op, int32_t *ret_inputs, int32_t *ret_n,
              rramnas_error *err)
{
  int32_t n_data = op->n_data ? op->n_data : call->n_in, n = 0, k;

  for (k = 0; k < (call->n_used ? call->n_used : call->n_in); k++) {
    int32_t input = call->n_used ? call->used[k] : k;

    if (!call->in[input] && k < n_data)
      ret_inputs[n++] = -1;
    else if (call->in[input] && (call->n_used || k < n_data || !call->in[input]->constant))
      RRN_TRY(need_tensor(im, call->node->inputs[input], RRN_TENSOR_CONSTANT, &ret_inputs[n++], err));
  }
  *ret_n = n;
  return RRAMNAS_OK;
}

/* The node's name in the file; operator and number when it has none or a repeated one. */
static int32_t
choose_name(importer *im, const rrn_onnx_node *node, char **ret_name, rramnas_error *err)
{
  rrn_onnx_span name = node->name, op = node->op_type;
  char *text;

  if (name.length == 0 || rrn_onnx_map_add(&im->node_names, name) < 0) {
    size_t room = op.length + 16;

    text = rrn_arena_alloc_raw(&im->arena, room, 1);
    if (!text)
      return rrn_fail_memory(err);
    memcpy(text, op.data, op.length);
    name.data = text;
    name.length = op.length;
    name.length += (size_t)snprintf(text + op.length, 16, "_%d", (int)(node - im->model.nodes));
    if (rrn_onnx_map_add(&im->node_names, name) < 0 && node->outputs[0] >= 0)
      name = im->model.names.keys[node->outputs[0]];
  }
  *ret_name = rrn_arena_strndup(&im->scratch, name.data, name.length);
  return *ret_name ? RRAMNAS_OK : rrn_fail_memory(err);
}

/* Output tensors in the form that the net takes. */
typedef struct outputs {
  const char **names;
  int64_t (*dims)[RRAMNAS_MAX_RANK];
  int32_t *ranks, *tensors;
} outputs;

static int32_t
describe_outputs(importer *im, const rrn_onnx_call *call, outputs *ret, rramnas_error *err)
{
  size_t n = (size_t)call->n_out;
  int32_t k;

  ret->names = rrn_arena_alloc(&im->scratch, n, sizeof(*ret->names));
  ret->dims = rrn_arena_alloc(&im->scratch, n, sizeof(*ret->dims));
  ret->ranks = rrn_arena_alloc(&im->scratch, n, sizeof(*ret->ranks));
  ret->tensors = rrn_arena_alloc(&im->scratch, n, sizeof(*ret->tensors));
  if (!ret->names || !ret->dims || !ret->ranks || !ret->tensors)
    return rrn_fail_memory(err);
  for (k = 0; k < call->n_out; k++) {
    int32_t value = call->node->outputs[k];
    rrn_onnx_span name;

    memcpy(ret->dims[k], call->out[k].dims, (size_t)call->out[k].rank * sizeof(int64_t));
    ret->ranks[k] = call->out[k].rank;
    if (value < 0)
      continue;
    name = im->model.names.keys[value];
    ret->names[k] = rrn_arena_strndup(&im->scratch, name.data, name.length);
    if (!ret->names[k])
      return rrn_fail_memory(err);
  }
  return RRAMNAS_OK;
}

static int32_t
add_node(importer *im, const rrn_onnx_call *call, const rrn_onnx_op *op, rramnas_error *err)
{
  const rrn_onnx_node *node = call->node;
  rrn_node_desc desc = { .op = call->op, .n_outputs = call->n_out, .attrs = &call->attrs };
  int32_t *inputs = rrn_arena_alloc_raw(&im->scratch, (size_t)call->n_in, sizeof(*inputs)), k;
  char *name, *source_op = rrn_arena_strndup(&im->scratch, node->op_type.data, node->op_type.length);
  outputs out;

  if (!inputs || !source_op)
    return rrn_fail_memory(err);
  RRN_TRY(choose_name(im, node, &name, err));
  RRN_TRY(choose_inputs(im, call, op, inputs, &desc.n_inputs, err));
  RRN_TRY(describe_outputs(im, call, &out, err));
  desc.name = name;
  desc.source_op = source_op;
  desc.inputs = inputs;
  desc.out_names = out.names;
  desc.out_dims = (const int64_t (*)[RRAMNAS_MAX_RANK])out.dims;
  desc.out_ranks = out.ranks;
  RRN_TRY(rrn_net_add_node_raw(im->net, &desc, out.tensors, err));
  for (k = 0; k < call->n_out; k++) {
    if (node->outputs[k] < 0)
      continue;
    im->model.values[node->outputs[k]].tensor = out.tensors[k];
    RRN_TRY(keep_shape(im, &im->model.values[node->outputs[k]], &call->out[k], err));
  }
  return RRAMNAS_OK;
}

static int32_t
run_handler(importer *im, const rrn_onnx_node *node, const rrn_onnx_op *op, rramnas_error *err)
{
  rrn_onnx_call call;
  int constant;

  RRN_TRY(prepare(im, node, op, &call, err));
  RRN_TRY(op->handler(&call, err));
  constant = call.constant || on_constants(&call);
  RRN_TRY(check_outputs(&call, constant, err));
  return constant ? keep_constants(im, &call, err) : add_node(im, &call, op, err);
}

static int32_t
import_node(importer *im, const rrn_onnx_node *node, rramnas_error *err)
{
  rramnas_error inner = RRAMNAS_ERROR_INIT;
  const rrn_onnx_op *op = NULL;
  int32_t status;

  RRN_TRY(find_op(im, node, &op, err));
  rrn_arena_reset(&im->scratch);
  status = run_handler(im, node, op, &inner);
  if (status >= 0)
    return RRAMNAS_OK;
  /* Errors of the wire know their byte; those of shapes and values need the node. */
  if (inner.offset < 0)
    return fail_node(im, node, status, inner.message, err);
  rrn_fail(err, status, "%s", inner.message);
  if (err && err->size >= offsetof(rramnas_error, message))
    err->offset = inner.offset;
  return status;
}

/* --- all --- */

/* Name of the net: the file's, without folder and extension. */
static int32_t
new_net(importer *im, const rramnas_runtime *runtime, rramnas_error *err)
{
  const char *base = rrn_path_base(im->file.name), *extension = rrn_path_extension(im->file.name);
  char *name = rrn_arena_strndup(&im->arena, base, strlen(base) - strlen(extension));

  if (!name)
    return rrn_fail_memory(err);
  return rrn_net_new(name[0] ? name : "network", runtime, &im->net, err);
}

static int32_t
import_graph(importer *im, rramnas_error *err)
{
  int32_t *order = NULL, k;

  RRN_TRY(rrn_onnx_map_init(&im->node_names, &im->arena, im->model.n_nodes, err));
  RRN_TRY(sort_nodes(im, &order, err));
  RRN_TRY(rrn_net_reserve(im->net, (size_t)im->model.n_nodes, (size_t)im->model.names.n, err));
  RRN_TRY(add_inputs(im, err));
  for (k = 0; k < im->model.n_nodes; k++)
    RRN_TRY(import_node(im, &im->model.nodes[order[k]], err));
  if (im->model.n_outputs == 1)
    im->net->output = im->model.values[im->model.output].tensor;
  return RRAMNAS_OK;
}

/* The net knows no file, so its complaints get the name here. */
static int32_t
finish(importer *im, rramnas_error *err)
{
  rramnas_error inner = RRAMNAS_ERROR_INIT;
  int32_t status = rrn_net_finish(im->net, &inner);

  if (status == RRAMNAS_ERR_MEMORY)
    return rrn_fail_memory(err);
  if (status < 0)
    return rrn_fail_at(err, status, (rrn_place){ im->file.name, 0, 0, -1 }, "%s", inner.message);
  return RRAMNAS_OK;
}

/* With ret_values also what the constants hold. */
static int32_t
import_file(const void *data, size_t size, const char *name, const char *folder, rrn_binds *binds,
            const rramnas_runtime *runtime, rramnas_net **ret_net, rrn_values **ret_values, rramnas_error *err)
{
  importer im = { .file = { name, { data, size } } };
  int32_t status;
  rrn_rt rt;

  RRN_TRY(rrn_rt_init(&rt, runtime, err));
  rrn_arena_init(&im.arena, &rt);
  rrn_arena_init(&im.scratch, &rt);
  im.pool = (rrn_onnx_pool){ &im.arena, RRN_ONNX_MAX_FOLD_TOTAL };
  RRN_TRY_OUT(rrn_onnx_decode(&im.model, &im.file, binds, &im.arena, err));
  RRN_TRY_OUT(new_net(&im, runtime, err));
  RRN_TRY_OUT(import_graph(&im, err));
  RRN_TRY_OUT(finish(&im, err));
  if (ret_values)
    RRN_TRY_OUT(rrn_onnx_values(&im.model, im.net, folder, runtime, ret_values, err));
  *ret_net = im.net;
  im.net = NULL;

out:
  rramnas_net_unref(im.net);
  rrn_arena_release(&im.scratch);
  rrn_arena_release(&im.arena);
  return status;
}

int32_t
rrn_net_import_onnx(const void *data, size_t size, const char *name, rrn_binds *binds,
                    const rramnas_runtime *runtime, rramnas_net **ret_net, rramnas_error *err)
{
  return import_file(data, size, name, NULL, binds, runtime, ret_net, NULL, err);
}

int32_t
rrn_net_import_onnx_values(const void *data, size_t size, const char *name, const char *folder,
                           const rramnas_bind *binds, size_t n_binds, const rramnas_runtime *runtime,
                           rramnas_net **ret_net, rrn_values **ret_values, rramnas_error *err)
{
  rrn_binds bound = { .binds = binds, .n = n_binds };

  return import_file(data, size, name, folder, &bound, runtime, ret_net, ret_values, err);
}
