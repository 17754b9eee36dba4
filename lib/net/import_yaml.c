/* SPDX-License-Identifier: MIT */
/* YAML networks (doc/networks.md) -> graph.
 *
 * In: text with `inputs`, `constants`, a list of `nodes`, `output`. Out: the finished network. Nodes are read in file
 * order, and a name must be defined before it is used; so the file order is the order of execution, and a cycle
 * cannot be written. Whatever is wrong is reported with its line and column and with what was expected there. */
#include "net/import_yaml.h"

#include <stdio.h>
#include <string.h>

#include "net/keys.h"
#include "net/names.h"
#include "net/op.h"

#define SCHEMA "rramnas.network/1"

/* What a node without `inputs` reads; else a tensor. */
enum { NOTHING_YET = -1, SEVERAL = -2 };

typedef struct importer {
  rramnas_net *net;
  rrn_binds *binds;
  rrn_arena arena;      /* the tree, and lists while reading */
  rrn_names names;      /* reference -> tensor */
  int32_t previous;
  rramnas_error *err;
} importer;

/* One entry of `nodes`. */
typedef struct entry {
  const rrn_yaml *yaml;
  const char *reference; /* what other nodes call it */
  rrn_build build;
  rrn_shape *shapes; /* [n_shapes], given by out_shape or out_shapes; NULL = to be inferred */
  int32_t n_shapes;
} entry;

/* --- small things --- */

/* 1 when `key` is one of the words of "a, b, c". */
static int
is_listed(const char *key, const char *words)
{
  const size_t length = strlen(key);

  while (*words) {
    const size_t word = strcspn(words, ",");

    if (word == length && memcmp(words, key, length) == 0)
      return 1;
    words += word;
    words += strspn(words, ", ");
  }
  return 0;
}

static int32_t
check_keys(const rrn_yaml *mapping, const char *what, const char *known, rramnas_error *err)
{
  const rrn_yaml *child;

  if (mapping->kind != RRN_YAML_MAPPING)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, mapping->where, "%s is %s, expected a mapping with %s", what,
                       rrn_yaml_kind_name(mapping), known);
  for (child = mapping->child; child; child = child->next)
    if (!is_listed(child->key, known))
      return rrn_fail_at(err, RRAMNAS_ERR_PARSE, child->key_where, "unknown key \"%.60s\" in %s, expected %s", child->key,
                         what, known);
  return RRAMNAS_OK;
}

/* A word that is there and not empty. */
static int32_t
read_text(const rrn_yaml *value, const char **ret_text, rramnas_error *err)
{
  if (value->kind != RRN_YAML_SCALAR || value->length == 0)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, value->where, "%s is %s, expected a word", value->key,
                       value->kind == RRN_YAML_SCALAR ? "empty" : rrn_yaml_kind_name(value));
  *ret_text = value->text;
  return RRAMNAS_OK;
}

static int32_t
get_text(const rrn_yaml *mapping, const char *key, const char **ret_text, rramnas_error *err)
{
  const rrn_yaml *value = rrn_yaml_get(mapping, key);

  return value ? read_text(value, ret_text, err) : RRAMNAS_OK;
}

/* A failure of the graph, told with the place and name of its node. */
static int32_t
fail_node(const importer *im, const entry *e, int32_t status, const rramnas_error *why)
{
  if (status == RRAMNAS_ERR_MEMORY)
    return rrn_fail_memory(im->err);
  /* Arguments come from the file here. */
  return rrn_fail_at(im->err, status == RRAMNAS_ERR_ARGUMENT ? RRAMNAS_ERR_SHAPE : status, e->yaml->where,
                     "node \"%.100s\": %s", e->build.name, why->message);
}

static int32_t
define(importer *im, const char *name, int32_t tensor, rrn_place where)
{
  if (rrn_names_get(&im->names, name) >= 0)
    return rrn_fail_at(im->err, RRAMNAS_ERR_PARSE, where,
                       "\"%.100s\" is the name of an earlier input, constant or node; expected a new one", name);
  return rrn_names_put(&im->names, name, tensor, im->err);
}

/* --- inputs and constants --- */

static int32_t
add_tensor(importer *im, const rrn_yaml *yaml, rrn_tensor_kind kind, int32_t *ret_tensor)
{
  const rrn_yaml *dims;
  const char *name = NULL;
  rrn_shape shape = { 0 };
  rramnas_error why = RRAMNAS_ERROR_INIT;
  int32_t status;

  RRN_TRY(check_keys(yaml, kind == RRN_TENSOR_CONSTANT ? "a constant" : "an input", "name, shape", im->err));
  RRN_TRY(get_text(yaml, "name", &name, im->err));
  dims = rrn_yaml_get(yaml, "shape");
  if (!name || !dims)
    return rrn_fail_at(im->err, RRAMNAS_ERR_PARSE, yaml->where, "no %s given, expected name and shape",
                       name ? "shape" : "name");
  RRN_TRY(rrn_yaml_dims(dims, "shape", kind == RRN_TENSOR_CONSTANT ? 0 : 1, im->binds, &shape, im->err));
  status = rrn_net_add_tensor(im->net, kind, name, shape.dims, shape.rank, ret_tensor, &why);
  if (status < 0)
    return status == RRAMNAS_ERR_MEMORY ? rrn_fail_memory(im->err)
                                        : rrn_fail_at(im->err, status, dims->where, "%s", why.message);
  return define(im, name, *ret_tensor, yaml->where);
}

static int32_t
check_list(const importer *im, const rrn_yaml *list, const char *what)
{
  if (list->kind != RRN_YAML_SEQUENCE)
    return rrn_fail_at(im->err, RRAMNAS_ERR_PARSE, list->where, "%s is %s, expected a list", what,
                       rrn_yaml_kind_name(list));
  return RRAMNAS_OK;
}

static int32_t
add_tensors(importer *im, const rrn_yaml *list, rrn_tensor_kind kind)
{
  const rrn_yaml *yaml;
  int32_t tensor = 0;

  RRN_TRY(check_list(im, list, list->key));
  for (yaml = list->child; yaml; yaml = yaml->next) {
    RRN_TRY(add_tensor(im, yaml, kind, &tensor));
    if (kind == RRN_TENSOR_ACTIVATION)
      im->previous = im->previous == NOTHING_YET ? tensor : SEVERAL;
  }
  return RRAMNAS_OK;
}

/* --- nodes --- */

/* An unknown input: perhaps it comes later, which deserves a better message. */
static int32_t
fail_input(const importer *im, const entry *e, const rrn_yaml *input)
{
  const rrn_yaml *later;

  for (later = e->yaml; later; later = later->next) {
    const rrn_yaml *name = rrn_yaml_get(later, "id");

    if (!name)
      name = rrn_yaml_get(later, "name");
    if (name && name->text && strcmp(name->text, input->text) == 0)
      return rrn_fail_at(im->err, RRAMNAS_ERR_SHAPE, input->where,
                         "input \"%.100s\" is defined in line %d; expected it before this node (no cycles)", input->text,
                         (int)name->where.line);
  }
  return rrn_fail_at(im->err, RRAMNAS_ERR_SHAPE, input->where,
                     "input \"%.100s\" is not defined; expected an input, a constant or an earlier node", input->text);
}

static int32_t
read_input(const importer *im, const entry *e, const rrn_yaml *input, int32_t *ret_tensor)
{
  if (input->kind != RRN_YAML_SCALAR)
    return rrn_fail_at(im->err, RRAMNAS_ERR_PARSE, input->where, "an input is %s, expected a name",
                       rrn_yaml_kind_name(input));
  /* "" leaves an optional input out. */
  *ret_tensor = input->length ? rrn_names_get(&im->names, input->text) : -1;
  return input->length && *ret_tensor < 0 ? fail_input(im, e, input) : RRAMNAS_OK;
}

static int32_t
read_inputs(importer *im, entry *e)
{
  const rrn_yaml *list = rrn_yaml_get(e->yaml, "inputs"), *input;
  const size_t n = list && list->kind == RRN_YAML_SEQUENCE ? list->n_children : 1;
  int32_t *wires = rrn_arena_alloc(&im->arena, n, sizeof(*wires));
  size_t i = 0;

  if (!wires)
    return rrn_fail_memory(im->err);
  e->build.inputs = wires;
  e->build.n_inputs = (int32_t)n;
  if (!list) {
    wires[0] = im->previous;
    if (im->previous < 0)
      return rrn_fail_at(im->err, RRAMNAS_ERR_SHAPE, e->yaml->where,
                         "node \"%.100s\" has no inputs, and what comes before it is not one tensor", e->build.name);
    return RRAMNAS_OK;
  }
  if (list->kind == RRN_YAML_SCALAR)
    return read_input(im, e, list, wires);
  RRN_TRY(check_list(im, list, "inputs"));
  for (input = list->child; input; input = input->next)
    RRN_TRY(read_input(im, e, input, &wires[i++]));
  return RRAMNAS_OK;
}

static int32_t
fail_key(const importer *im, const entry *e, const rrn_yaml *child)
{
  const rrn_key *const *key;
  char known[256] = "";
  size_t used = 0;

  for (key = rrn_keys_of(e->build.op); *key; key++)
    used += (size_t)snprintf(known + used, sizeof(known) - used, "%s, ", (*key)->name);
  return rrn_fail_at(im->err, RRAMNAS_ERR_PARSE, child->key_where,
                     "unknown key \"%.60s\" of %s, expected %sop, name, id, inputs, source_op, out_shape or out_shapes",
                     child->key, rramnas_op_name(e->build.op), known);
}

/* Dimensions of the window, as the first input has them. */
static int32_t
spatial_of(const importer *im, const entry *e)
{
  const int32_t x = e->build.n_inputs ? e->build.inputs[0] : -1;
  const int32_t n = x < 0 ? 0 : im->net->tensors[x].rank - 2;

  return n < 0 ? 0 : n > RRAMNAS_MAX_SPATIAL ? RRAMNAS_MAX_SPATIAL : n;
}

static int
is_common_key(const char *key)
{
  static const char *const common[] = { "op", "name", "id", "inputs", "source_op", "out_shape", "out_shapes" };
  size_t i;

  for (i = 0; i < sizeof(common) / sizeof(common[0]); i++)
    if (strcmp(common[i], key) == 0)
      return 1;
  return 0;
}

static int32_t
read_attributes(importer *im, entry *e)
{
  const int32_t n_spatial = spatial_of(im, e);
  const rrn_yaml *child;

  for (child = e->yaml->child; child; child = child->next) {
    int32_t status;

    if (is_common_key(child->key))
      continue;
    status = rrn_yaml_attribute(child, n_spatial, im->binds, &e->build, im->err);
    if (status == RRAMNAS_ERR_NOT_FOUND)
      return fail_key(im, e, child);
    RRN_TRY(status);
  }
  return RRAMNAS_OK;
}

static int32_t
read_shapes(importer *im, entry *e)
{
  const rrn_yaml *one = rrn_yaml_get(e->yaml, "out_shape"), *many = rrn_yaml_get(e->yaml, "out_shapes"), *list;
  int32_t i = 0;

  if (one && many)
    return rrn_fail_at(im->err, RRAMNAS_ERR_PARSE, many->key_where, "out_shape and out_shapes, expected one of them");
  if (!one && !many)
    return RRAMNAS_OK;
  if (many)
    RRN_TRY(check_list(im, many, "out_shapes"));
  e->n_shapes = many ? (int32_t)many->n_children : 1;
  if (e->n_shapes == 0)
    return rrn_fail_at(im->err, RRAMNAS_ERR_SHAPE, many->where, "out_shapes is empty, expected one shape per output");
  e->shapes = rrn_arena_alloc(&im->arena, (size_t)e->n_shapes, sizeof(*e->shapes));
  if (!e->shapes)
    return rrn_fail_memory(im->err);
  if (one)
    return rrn_yaml_dims(one, "out_shape", 1, im->binds, e->shapes, im->err);
  for (list = many->child; list; list = list->next)
    RRN_TRY(rrn_yaml_dims(list, "an entry of out_shapes", 1, im->binds, &e->shapes[i++], im->err));
  return RRAMNAS_OK;
}

/* The given shapes are the outputs; used where the shape does not follow from the attributes. */
static int32_t
add_with_shapes(importer *im, const entry *e, int32_t *ret_outputs, rramnas_error *why)
{
  const size_t n = (size_t)e->n_shapes;
  int64_t(*dims)[RRAMNAS_MAX_RANK] = rrn_arena_alloc(&im->arena, n, sizeof(*dims));
  int32_t *ranks = rrn_arena_alloc(&im->arena, n, sizeof(*ranks));
  rrn_node_desc desc = { .op = e->build.op, .name = e->build.name, .source_op = e->build.source_op,
                         .n_inputs = e->build.n_inputs, .n_outputs = e->n_shapes, .inputs = e->build.inputs,
                         .attrs = &e->build.attrs };
  size_t i;

  if (!dims || !ranks)
    return rrn_fail_memory(why);
  for (i = 0; i < n; i++) {
    memcpy(dims[i], e->shapes[i].dims, sizeof(dims[i]));
    ranks[i] = e->shapes[i].rank;
  }
  desc.out_dims = (const int64_t(*)[RRAMNAS_MAX_RANK])dims;
  desc.out_ranks = ranks;
  return rrn_net_add_node_raw(im->net, &desc, ret_outputs, why);
}

/* Operators whose cost depends on their shape must have the one that follows from their attributes. */
static int
shape_must_follow(int32_t op)
{
  return op <= RRAMNAS_OP_MATMUL || op == RRAMNAS_OP_MAX_POOL || op == RRAMNAS_OP_AVERAGE_POOL;
}

static int32_t
add_with_rule(importer *im, entry *e, int32_t *ret_tensor, rramnas_error *why)
{
  char wanted[RRN_SHAPE_TEXT], got[RRN_SHAPE_TEXT];
  rrn_shape out;

  RRN_TRY(rrn_net_build(im->net, &e->build, ret_tensor, why));
  if (!e->shapes)
    return RRAMNAS_OK;
  out = rrn_shape_of(&im->net->tensors[*ret_tensor]);
  RRN_FAIL_IF(e->n_shapes != 1 || strcmp(rrn_shape_text(e->shapes, wanted), rrn_shape_text(&out, got)) != 0, why,
              RRAMNAS_ERR_SHAPE, "out_shape is %s, the attributes give %s", rrn_shape_text(e->shapes, wanted),
              rrn_shape_text(&out, got));
  return RRAMNAS_OK;
}

/* One output is called like the node, several are name.0, name.1, ... */
static int32_t
define_outputs(importer *im, const entry *e, const int32_t *outputs, int32_t n)
{
  const size_t room = strlen(e->reference) + 16;
  int32_t i;

  if (n == 1)
    return define(im, e->reference, outputs[0], e->yaml->where);
  for (i = 0; i < n; i++) {
    char *name = rrn_arena_alloc_raw(&im->arena, room, 1);

    if (!name)
      return rrn_fail_memory(im->err);
    snprintf(name, room, "%s.%d", e->reference, (int)i);
    RRN_TRY(define(im, name, outputs[i], e->yaml->where));
  }
  return RRAMNAS_OK;
}

static int32_t
add_node(importer *im, entry *e)
{
  const int opaque = e->shapes && !shape_must_follow(e->build.op);
  const int32_t n = opaque ? e->n_shapes : 1;
  int32_t *outputs = rrn_arena_alloc(&im->arena, (size_t)n, sizeof(*outputs));
  rramnas_error why = RRAMNAS_ERROR_INIT;
  int32_t status;

  if (!outputs)
    return rrn_fail_memory(im->err);
  status = opaque ? add_with_shapes(im, e, outputs, &why) : add_with_rule(im, e, outputs, &why);
  if (status == RRAMNAS_ERR_UNSUPPORTED)
    return rrn_fail_at(im->err, RRAMNAS_ERR_SHAPE, e->yaml->where, "node \"%.100s\": %s, expected out_shape",
                       e->build.name, why.message);
  if (status < 0)
    return fail_node(im, e, status, &why);
  im->previous = n == 1 ? outputs[0] : SEVERAL;
  return define_outputs(im, e, outputs, n);
}

static int32_t
read_op(const importer *im, const rrn_yaml *yaml, int32_t *ret_op)
{
  const rrn_yaml *op;

  if (yaml->kind != RRN_YAML_MAPPING)
    return rrn_fail_at(im->err, RRAMNAS_ERR_PARSE, yaml->where, "a node is %s, expected a mapping with op",
                       rrn_yaml_kind_name(yaml));
  op = rrn_yaml_get(yaml, "op");
  if (!op)
    return rrn_fail_at(im->err, RRAMNAS_ERR_PARSE, yaml->where, "the node has no op");
  *ret_op = op->kind == RRN_YAML_SCALAR ? rrn_op_from_name(op->text) : 0;
  if (*ret_op == 0)
    return rrn_fail_at(im->err, RRAMNAS_ERR_UNSUPPORTED, op->where,
                       "op is %.60s, expected an operator of doc/networks.md (Conv, Gemm, Relu, Add, ...)",
                       op->text ? op->text : rrn_yaml_kind_name(op));
  return RRAMNAS_OK;
}

static int32_t
read_node(importer *im, const rrn_yaml *yaml)
{
  char numbered[64];
  entry e = { .yaml = yaml };
  int32_t op = 0;

  RRN_TRY(read_op(im, yaml, &op));
  rrn_build_init(&e.build, op);
  snprintf(numbered, sizeof(numbered), "%s_%zu", rramnas_op_name(op), im->net->n_nodes);
  e.build.name = rrn_arena_strndup(&im->arena, numbered, strlen(numbered));
  if (!e.build.name)
    return rrn_fail_memory(im->err);
  RRN_TRY(get_text(yaml, "name", &e.build.name, im->err));
  e.reference = e.build.name;
  RRN_TRY(get_text(yaml, "id", &e.reference, im->err));
  RRN_TRY(get_text(yaml, "source_op", &e.build.source_op, im->err));
  RRN_TRY(read_inputs(im, &e));
  RRN_TRY(read_attributes(im, &e));
  RRN_TRY(read_shapes(im, &e));
  return add_node(im, &e);
}

/* --- the document --- */

static int32_t
check_schema(const importer *im, const rrn_yaml *root)
{
  const rrn_yaml *schema;

  RRN_TRY(check_keys(root, "a network", "schema, name, inputs, constants, nodes, output", im->err));
  schema = rrn_yaml_get(root, "schema");
  if (!schema)
    return rrn_fail_at(im->err, RRAMNAS_ERR_PARSE, root->where, "no schema, expected schema: " SCHEMA);
  if (schema->kind != RRN_YAML_SCALAR || strcmp(schema->text, SCHEMA) != 0)
    return rrn_fail_at(im->err, RRAMNAS_ERR_UNSUPPORTED, schema->where, "schema is %.60s, expected " SCHEMA,
                       schema->text ? schema->text : rrn_yaml_kind_name(schema));
  return RRAMNAS_OK;
}

static int32_t
require(const importer *im, const rrn_yaml *root, const char *key, const rrn_yaml **ret_list)
{
  *ret_list = rrn_yaml_get(root, key);
  if (!*ret_list)
    return rrn_fail_at(im->err, RRAMNAS_ERR_PARSE, root->where, "the network has no %s", key);
  return check_list(im, *ret_list, key);
}

static int32_t
read_output(importer *im, const rrn_yaml *root)
{
  const char *name = NULL;

  RRN_TRY(get_text(root, "output", &name, im->err));
  if (!name)
    return RRAMNAS_OK;
  im->net->output = rrn_names_get(&im->names, name);
  if (im->net->output < 0)
    return rrn_fail_at(im->err, RRAMNAS_ERR_SHAPE, rrn_yaml_get(root, "output")->where,
                       "output \"%.100s\" is not defined; expected a node, an input or a constant", name);
  return RRAMNAS_OK;
}

static int32_t
finish(importer *im, const char *file)
{
  const rrn_place where = { file, 0, 0, -1 };
  rramnas_error why = RRAMNAS_ERROR_INIT;
  const int32_t status = rrn_net_finish(im->net, &why);

  if (status < 0)
    return status == RRAMNAS_ERR_MEMORY ? rrn_fail_memory(im->err)
                                        : rrn_fail_at(im->err, status, where, "%s", why.message);
  return RRAMNAS_OK;
}

static int32_t
read_network(importer *im, const rrn_yaml *root, const char *file, const rramnas_runtime *runtime)
{
  const rrn_yaml *inputs = NULL, *nodes = NULL, *constants, *node;
  const char *name = NULL;

  RRN_TRY(check_schema(im, root));
  RRN_TRY(get_text(root, "name", &name, im->err));
  RRN_TRY(rrn_net_new_for_file(name, file, runtime, &im->net, im->err));
  RRN_TRY(require(im, root, "inputs", &inputs));
  RRN_TRY(require(im, root, "nodes", &nodes));
  RRN_TRY(add_tensors(im, inputs, RRN_TENSOR_ACTIVATION));
  constants = rrn_yaml_get(root, "constants");
  if (constants)
    RRN_TRY(add_tensors(im, constants, RRN_TENSOR_CONSTANT));
  for (node = nodes->child; node; node = node->next)
    RRN_TRY(read_node(im, node));
  RRN_TRY(read_output(im, root));
  return finish(im, file);
}

int32_t
rrn_net_import_yaml(const char *data, size_t size, const char *name, rrn_binds *binds,
                    const rramnas_runtime *runtime, rramnas_net **ret_net, rramnas_error *err)
{
  importer im = { .binds = binds, .previous = NOTHING_YET, .err = err };
  rrn_yaml *root;
  int32_t status;
  rrn_rt rt;

  RRN_TRY(rrn_rt_init(&rt, runtime, err));
  rrn_arena_init(&im.arena, &rt);
  rrn_names_init(&im.names, &rt);
  RRN_TRY_OUT(rrn_yaml_parse(&im.arena, data, size, name, &root, err));
  RRN_TRY_OUT(read_network(&im, root, name, runtime));
  *ret_net = im.net;
  im.net = NULL;
out:
  rramnas_net_unref(im.net);
  rrn_names_release(&im.names);
  rrn_arena_release(&im.arena);
  return status;
}
