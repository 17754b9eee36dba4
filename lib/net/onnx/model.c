/* SPDX-License-Identifier: MIT */
/* ModelProto -> GraphProto -> nodes, initialisers and inputs.
 *
 * In: the bytes of the file. Out: nodes in file order whose inputs and outputs are numbers of values, and
 * values with the shapes of inputs and initialisers.
 * Fields may stand in any order, so the graph is walked three times: count (which bounds every array before
 * it is allocated), define the names, then link the inputs of nodes to them. Depth is bounded because the
 * walk has no recursion: Model, Graph, Node, Attribute and Tensor are levels of their own, and an attribute
 * that holds a graph is refused.
 * Memory is proportional to the file: the smallest node that is accepted takes 8 bytes and the smallest named
 * value 3, against about 100 and 80 bytes of structs, and the counts have limits. */
#include "net/onnx/model.h"

#include <string.h>

#include "net/import.h"
#include "util/text.h"

/* Field numbers of onnx.proto. */
enum { MODEL_GRAPH = 7, MODEL_OPSET = 8 };
enum { OPSET_DOMAIN = 1, OPSET_VERSION = 2 };
enum { GRAPH_NODE = 1, GRAPH_INITIALIZER = 5, GRAPH_INPUT = 11, GRAPH_OUTPUT = 12, GRAPH_SPARSE = 15 };
enum { NODE_INPUT = 1, NODE_OUTPUT = 2, NODE_NAME = 3, NODE_OP_TYPE = 4, NODE_ATTRIBUTE = 5, NODE_DOMAIN = 7 };
enum { ATTR_NAME = 1, ATTR_F = 2, ATTR_I = 3, ATTR_S = 4, ATTR_T = 5, ATTR_G = 6, ATTR_GRAPHS = 11 };
enum { VALUE_NAME = 1, VALUE_TYPE = 2, TYPE_TENSOR = 1, TENSOR_SHAPE = 2, SHAPE_DIM = 1 };
enum { DIM_VALUE = 1, DIM_PARAM = 2 };

/* Sizes of the arrays, from the first walk. */
typedef struct counts {
  int64_t nodes, initialisers, inputs, outputs, links;
} counts;

/* A name in the file: text that C and every report can hold. */
static int32_t
take_text(const rrn_onnx_reader *r, const rrn_onnx_field *field, const char *what, rrn_onnx_span *ret_text,
          rramnas_error *err)
{
  RRN_TRY(rrn_onnx_expect(r, field, RRN_ONNX_BYTES, what, err));
  if (!rrn_utf8_valid(field->bytes.data, field->bytes.length))
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, rrn_onnx_place(r->file, field->at), "%s is not valid UTF-8", what);
  *ret_text = field->bytes;
  return RRAMNAS_OK;
}

/* Position of a message whose payload may be empty. */
static rrn_place
place_of(const rrn_onnx_file *file, rrn_onnx_span body)
{
  return rrn_onnx_place(file, body.data);
}

/* --- model --- */

static int32_t
read_opset(rrn_onnx_model *m, rrn_onnx_span body, rramnas_error *err)
{
  rrn_onnx_reader r = rrn_onnx_read(m->file, body);
  rrn_onnx_span domain = { body.data, 0 };
  rrn_onnx_field field;
  uint64_t version = 0;
  int32_t more;

  while ((more = rrn_onnx_next(&r, &field, err)) > 0) {
    if (field.number == OPSET_DOMAIN) {
      RRN_TRY(take_text(&r, &field, "the domain of an operator set", &domain, err));
    } else if (field.number == OPSET_VERSION) {
      RRN_TRY(rrn_onnx_expect(&r, &field, RRN_ONNX_VARINT, "the version of an operator set", err));
      version = field.value;
    }
  }
  RRN_TRY(more);
  if (domain.length > 0 && !rrn_onnx_is(domain, "ai.onnx"))
    return RRAMNAS_OK; /* a set that no node may use; nodes of other domains are refused one by one */
  if (version < RRN_ONNX_MIN_OPSET || version > RRN_ONNX_MAX_OPSET)
    return rrn_fail_at(err, RRAMNAS_ERR_UNSUPPORTED, place_of(m->file, body),
                       "the model uses opset %llu, expected %d to %d", (unsigned long long)version,
                       RRN_ONNX_MIN_OPSET, RRN_ONNX_MAX_OPSET);
  m->opset = (int64_t)version;
  return RRAMNAS_OK;
}

static int32_t
read_model(rrn_onnx_model *m, rramnas_error *err)
{
  rrn_onnx_reader r = rrn_onnx_read(m->file, m->file->bytes);
  rrn_onnx_field field;
  int32_t more, graphs = 0;

  while ((more = rrn_onnx_next(&r, &field, err)) > 0) {
    if (field.number == MODEL_GRAPH) {
      RRN_TRY(rrn_onnx_expect(&r, &field, RRN_ONNX_BYTES, "the graph", err));
      if (graphs++)
        return rrn_fail_at(err, RRAMNAS_ERR_PARSE, rrn_onnx_place(m->file, field.at), "the model has a second graph");
      m->graph = field.bytes;
    } else if (field.number == MODEL_OPSET) {
      RRN_TRY(rrn_onnx_expect(&r, &field, RRN_ONNX_BYTES, "an operator set", err));
      RRN_TRY(read_opset(m, field.bytes, err));
    }
  }
  RRN_TRY(more);
  if (!graphs)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, rrn_onnx_place(m->file, m->file->bytes.data),
                       "the model has no graph: not an ONNX file?");
  if (m->opset == 0)
    return rrn_fail_at(err, RRAMNAS_ERR_UNSUPPORTED, rrn_onnx_place(m->file, m->file->bytes.data),
                       "the model names no opset, expected %d to %d", RRN_ONNX_MIN_OPSET, RRN_ONNX_MAX_OPSET);
  return RRAMNAS_OK;
}

/* --- first walk: counts --- */

/* A named message takes at least tag, length and a byte: shorter ones would let small files ask for much. */
static int32_t
check_named(const rrn_onnx_reader *r, const rrn_onnx_field *field, const char *what, rramnas_error *err)
{
  RRN_TRY(rrn_onnx_expect(r, field, RRN_ONNX_BYTES, what, err));
  if (field->bytes.length < 3)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, rrn_onnx_place(r->file, field->at), "%s has no name", what);
  return RRAMNAS_OK;
}

static int32_t
count_node(const rrn_onnx_file *file, rrn_onnx_span body, counts *c, rramnas_error *err)
{
  rrn_onnx_reader r = rrn_onnx_read(file, body);
  rrn_onnx_field field;
  int32_t more, named = 0, outputs = 0;

  while ((more = rrn_onnx_next(&r, &field, err)) > 0) {
    c->links += field.number == NODE_INPUT || field.number == NODE_OUTPUT;
    outputs += field.number == NODE_OUTPUT && field.bytes.length > 0;
    named |= field.number == NODE_OP_TYPE && field.bytes.length > 0;
  }
  RRN_TRY(more);
  if (!named)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, place_of(file, body), "node %lld has no operator",
                       (long long)c->nodes);
  if (!outputs)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, place_of(file, body), "node %lld has no output", (long long)c->nodes);
  c->outputs += outputs;
  c->nodes++;
  return RRAMNAS_OK;
}

static int32_t
check_counts(const rrn_onnx_model *m, const counts *c, rramnas_error *err)
{
  rrn_place where = place_of(m->file, m->graph);
  int64_t values = c->initialisers + c->inputs + c->outputs;

  if (c->nodes > RRN_NET_MAX_NODES)
    return rrn_fail_at(err, RRAMNAS_ERR_LIMIT, where, "the graph has %lld nodes, the limit is %d",
                       (long long)c->nodes, RRN_NET_MAX_NODES);
  if (values > RRN_ONNX_MAX_VALUES)
    return rrn_fail_at(err, RRAMNAS_ERR_LIMIT, where, "the graph has %lld named values, the limit is %d",
                       (long long)values, RRN_ONNX_MAX_VALUES);
  if (c->links > RRN_ONNX_MAX_LINKS)
    return rrn_fail_at(err, RRAMNAS_ERR_LIMIT, where, "the nodes have %lld inputs and outputs, the limit is %d",
                       (long long)c->links, RRN_ONNX_MAX_LINKS);
  if (c->nodes == 0)
    return rrn_fail_at(err, RRAMNAS_ERR_SHAPE, where, "the graph has no nodes");
  return RRAMNAS_OK;
}

static int32_t
count_graph(const rrn_onnx_model *m, counts *c, rramnas_error *err)
{
  rrn_onnx_reader r = rrn_onnx_read(m->file, m->graph);
  rrn_onnx_field field;
  int32_t more;

  while ((more = rrn_onnx_next(&r, &field, err)) > 0) {
    switch (field.number) {
    case GRAPH_NODE:
      RRN_TRY(rrn_onnx_expect(&r, &field, RRN_ONNX_BYTES, "a node", err));
      RRN_TRY(count_node(m->file, field.bytes, c, err));
      break;
    case GRAPH_INITIALIZER:
      RRN_TRY(check_named(&r, &field, "an initialiser", err));
      c->initialisers++;
      break;
    case GRAPH_INPUT:
      RRN_TRY(check_named(&r, &field, "an input", err));
      c->inputs++;
      break;
    case GRAPH_SPARSE:
      return rrn_fail_at(err, RRAMNAS_ERR_UNSUPPORTED, rrn_onnx_place(m->file, field.at),
                         "sparse initialisers are not supported");
    default:
      break;
    }
  }
  RRN_TRY(more);
  return check_counts(m, c, err);
}

/* --- second walk: names --- */

static int32_t
define(rrn_onnx_model *m, rrn_onnx_span name, const char *what, int32_t *ret_value, rramnas_error *err)
{
  int32_t value;

  if (name.length == 0)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, place_of(m->file, name), "%s has no name", what);
  value = rrn_onnx_map_add(&m->names, name);
  if (value < 0)
    return rrn_fail_at(err, RRAMNAS_ERR_SHAPE, place_of(m->file, name), "tensor '%s' is defined twice",
                       rrn_onnx_quote(name).text);
  m->values[value].producer = -1;
  m->values[value].tensor = -1;
  *ret_value = value;
  return RRAMNAS_OK;
}

static int32_t
keep_shape(rrn_onnx_model *m, int32_t value, const rrn_shape *shape, rramnas_error *err)
{
  rrn_shape *kept = rrn_arena_alloc_raw(m->arena, 1, sizeof(*kept));

  if (!kept)
    return rrn_fail_memory(err);
  *kept = *shape;
  m->values[value].shape = kept;
  return RRAMNAS_OK;
}

static int32_t
define_initialiser(rrn_onnx_model *m, rrn_onnx_span body, rramnas_error *err)
{
  rrn_onnx_tensor tensor;
  int32_t value;

  RRN_TRY(rrn_onnx_decode_tensor(m->file, body, &tensor, err));
  if (tensor.name.length == 0)
    tensor.name.data = body.data;
  RRN_TRY(define(m, tensor.name, "an initialiser", &value, err));
  m->values[value].constant = 1;
  m->values[value].proto = body;
  return keep_shape(m, value, &tensor.shape, err);
}

static int32_t
define_outputs(rrn_onnx_model *m, rrn_onnx_span body, int32_t node, rramnas_error *err)
{
  rrn_onnx_reader r = rrn_onnx_read(m->file, body);
  rrn_onnx_field field;
  rrn_onnx_span name;
  int32_t more, value;

  while ((more = rrn_onnx_next(&r, &field, err)) > 0) {
    if (field.number != NODE_OUTPUT)
      continue;
    RRN_TRY(take_text(&r, &field, "the name of an output", &name, err));
    if (name.length == 0)
      continue;
    RRN_TRY(define(m, name, "an output", &value, err));
    m->values[value].producer = node;
  }
  return more;
}

static int32_t
define_names(rrn_onnx_model *m, rramnas_error *err)
{
  rrn_onnx_reader r = rrn_onnx_read(m->file, m->graph);
  rrn_onnx_field field;
  int32_t more, node = 0;

  while ((more = rrn_onnx_next(&r, &field, err)) > 0) {
    if (field.number == GRAPH_INITIALIZER)
      RRN_TRY(define_initialiser(m, field.bytes, err));
    else if (field.number == GRAPH_NODE)
      RRN_TRY(define_outputs(m, field.bytes, node++, err));
  }
  return more;
}

/* --- inputs of the graph --- */

/* What the file says about a dimension: a positive value, a symbol, or neither. */
static int32_t
read_dim(const rrn_onnx_file *file, rrn_onnx_span body, int64_t *ret_value, rrn_onnx_span *ret_symbol, int *ret_known,
         rramnas_error *err)
{
  rrn_onnx_reader r = rrn_onnx_read(file, body);
  rrn_onnx_field field;
  int32_t more;

  *ret_known = 0;
  ret_symbol->data = body.data;
  ret_symbol->length = 0;
  while ((more = rrn_onnx_next(&r, &field, err)) > 0) {
    if (field.number == DIM_VALUE) {
      RRN_TRY(rrn_onnx_expect(&r, &field, RRN_ONNX_VARINT, "a dimension", err));
      *ret_value = (int64_t)field.value;
      *ret_known = 1;
    } else if (field.number == DIM_PARAM) {
      RRN_TRY(take_text(&r, &field, "the name of a dimension", ret_symbol, err));
    }
  }
  return more;
}

/* One dimension of an input. A first dimension that the file leaves open is the batch. */
static int32_t
bind_dim(rrn_onnx_model *m, rrn_onnx_span body, rrn_onnx_span input, rrn_binds *binds, int32_t axis,
         int64_t *ret_value, rramnas_error *err)
{
  rrn_onnx_span symbol;
  int known;

  RRN_TRY(read_dim(m->file, body, ret_value, &symbol, &known, err));
  if (!known && symbol.length > 0) {
    *ret_value = rrn_net_bound_value(binds, symbol.data, symbol.length);
    if (*ret_value == 0)
      return rrn_fail_at(err, RRAMNAS_ERR_SHAPE, place_of(m->file, body),
                         "input '%s' has the symbolic dimension '%s' at axis %d: bind it to a number (binds of "
                         "rramnas_net_options)",
                         rrn_onnx_quote(input).text, rrn_onnx_quote(symbol).text, axis);
  } else if (!known && axis == 0) {
    *ret_value = 1;
  } else if (!known) {
    return rrn_fail_at(err, RRAMNAS_ERR_SHAPE, place_of(m->file, body),
                       "input '%s' has an unknown dimension at axis %d: export it with a fixed or a named size",
                       rrn_onnx_quote(input).text, axis);
  }
  if (*ret_value < 1 || *ret_value > INT32_MAX)
    return rrn_fail_at(err, RRAMNAS_ERR_RANGE, place_of(m->file, body),
                       "input '%s' has dimension %lld at axis %d, expected 1 to 2147483647",
                       rrn_onnx_quote(input).text, (long long)*ret_value, axis);
  return RRAMNAS_OK;
}

static int32_t
bind_shape(rrn_onnx_model *m, rrn_onnx_span body, rrn_onnx_span input, rrn_binds *binds,
           rrn_shape *ret_shape, rramnas_error *err)
{
  rrn_onnx_reader r = rrn_onnx_read(m->file, body);
  rrn_onnx_field field;
  int32_t more;

  while ((more = rrn_onnx_next(&r, &field, err)) > 0) {
    if (field.number != SHAPE_DIM)
      continue;
    RRN_TRY(rrn_onnx_expect(&r, &field, RRN_ONNX_BYTES, "a dimension", err));
    if (ret_shape->rank == RRAMNAS_MAX_RANK)
      return rrn_fail_at(err, RRAMNAS_ERR_LIMIT, place_of(m->file, body), "input '%s' has more than %d dimensions",
                         rrn_onnx_quote(input).text, RRAMNAS_MAX_RANK);
    RRN_TRY(bind_dim(m, field.bytes, input, binds, ret_shape->rank, &ret_shape->dims[ret_shape->rank], err));
    ret_shape->rank++;
  }
  return more;
}

/* Field `number` of a message, the last one when it repeats: 1, 0 when it is not there, or an error. */
static int32_t
find_message(const rrn_onnx_file *file, rrn_onnx_span body, uint32_t number, const char *what,
             rrn_onnx_span *ret_message, rramnas_error *err)
{
  rrn_onnx_reader r = rrn_onnx_read(file, body);
  rrn_onnx_field field;
  int32_t more, found = 0;

  while ((more = rrn_onnx_next(&r, &field, err)) > 0) {
    if (field.number != number)
      continue;
    RRN_TRY(rrn_onnx_expect(&r, &field, RRN_ONNX_BYTES, what, err));
    *ret_message = field.bytes;
    found = 1;
  }
  return more < 0 ? more : found;
}

static int32_t
input_shape(rrn_onnx_model *m, rrn_onnx_span body, rrn_onnx_span name, rrn_binds *binds,
            rrn_shape *ret_shape, rramnas_error *err)
{
  rrn_onnx_span type = body, tensor = body, shape = body;
  int32_t found;

  memset(ret_shape, 0, sizeof(*ret_shape));
  RRN_TRY(found = find_message(m->file, body, VALUE_TYPE, "the type of an input", &type, err));
  if (found)
    RRN_TRY(found = find_message(m->file, type, TYPE_TENSOR, "a tensor type", &tensor, err));
  if (!found)
    return rrn_fail_at(err, RRAMNAS_ERR_UNSUPPORTED, place_of(m->file, body),
                       "input '%s' is not a tensor (sequences, maps and optional values are not supported)",
                       rrn_onnx_quote(name).text);
  RRN_TRY(found = find_message(m->file, tensor, TENSOR_SHAPE, "the shape of an input", &shape, err));
  if (!found)
    return rrn_fail_at(err, RRAMNAS_ERR_SHAPE, place_of(m->file, body), "input '%s' has no shape",
                       rrn_onnx_quote(name).text);
  RRN_TRY(bind_shape(m, shape, name, binds, ret_shape, err));
  if (rrn_onnx_elements(ret_shape) < 0)
    return rrn_fail_at(err, RRAMNAS_ERR_RANGE, place_of(m->file, body), "input '%s' has more than 2^48 elements",
                       rrn_onnx_quote(name).text);
  return RRAMNAS_OK;
}

static int32_t
value_info_name(const rrn_onnx_file *file, rrn_onnx_span body, rrn_onnx_span *ret_name, rramnas_error *err)
{
  rrn_onnx_reader r = rrn_onnx_read(file, body);
  rrn_onnx_field field;
  int32_t more;

  ret_name->data = body.data;
  ret_name->length = 0;
  while ((more = rrn_onnx_next(&r, &field, err)) > 0)
    if (field.number == VALUE_NAME)
      RRN_TRY(take_text(&r, &field, "the name of an input or output", ret_name, err));
  return more;
}

/* Old files list their initialisers as inputs too; newer ones may, to give an input a default. Either way
 * the value is known, so it is a constant. */
static int32_t
define_input(rrn_onnx_model *m, rrn_onnx_span body, rrn_binds *binds, rramnas_error *err)
{
  rrn_onnx_span name;
  rrn_shape shape;
  int32_t value;

  RRN_TRY(value_info_name(m->file, body, &name, err));
  value = name.length ? rrn_onnx_map_find(&m->names, name) : -1;
  if (value >= 0 && m->values[value].constant)
    return RRAMNAS_OK;
  RRN_TRY(define(m, name, "an input", &value, err));
  RRN_TRY(input_shape(m, body, name, binds, &shape, err));
  m->inputs[m->n_inputs++] = value;
  return keep_shape(m, value, &shape, err);
}

static int32_t
define_inputs(rrn_onnx_model *m, rrn_binds *binds, rramnas_error *err)
{
  rrn_onnx_reader r = rrn_onnx_read(m->file, m->graph);
  rrn_onnx_field field;
  int32_t more;

  while ((more = rrn_onnx_next(&r, &field, err)) > 0)
    if (field.number == GRAPH_INPUT)
      RRN_TRY(define_input(m, field.bytes, binds, err));
  return more;
}

/* --- third walk: nodes --- */

static int32_t
link_input(rrn_onnx_model *m, const rrn_onnx_reader *r, const rrn_onnx_field *field, int32_t *ret_value,
           rramnas_error *err)
{
  rrn_onnx_span name;

  RRN_TRY(take_text(r, field, "the name of an input", &name, err));
  *ret_value = name.length ? rrn_onnx_map_find(&m->names, name) : -1;
  if (name.length && *ret_value < 0)
    return rrn_fail_at(err, RRAMNAS_ERR_SHAPE, rrn_onnx_place(m->file, field->at), "nothing produces tensor '%s'",
                       rrn_onnx_quote(name).text);
  return RRAMNAS_OK;
}

static int32_t
decode_attr(const rrn_onnx_file *file, rrn_onnx_span body, rrn_onnx_attr *ret_attr, rramnas_error *err)
{
  static const uint8_t wires[] = { [ATTR_F] = RRN_ONNX_FIXED32, [ATTR_I] = RRN_ONNX_VARINT, [ATTR_S] = RRN_ONNX_BYTES,
                                   [ATTR_T] = RRN_ONNX_BYTES };
  rrn_onnx_reader r = rrn_onnx_read(file, body);
  rrn_onnx_field field;
  int32_t more;

  memset(ret_attr, 0, sizeof(*ret_attr));
  ret_attr->body = ret_attr->name = ret_attr->s = ret_attr->t = body;
  ret_attr->name.length = ret_attr->s.length = ret_attr->t.length = 0;
  while ((more = rrn_onnx_next(&r, &field, err)) > 0) {
    if (field.number < 31)
      ret_attr->has |= 1 << field.number;
    if (field.number >= ATTR_F && field.number <= ATTR_T)
      RRN_TRY(rrn_onnx_expect(&r, &field, (rrn_onnx_wire)wires[field.number], "an attribute", err));
    if (field.number == ATTR_NAME) {
      RRN_TRY(take_text(&r, &field, "the name of an attribute", &ret_attr->name, err));
    } else if (field.number == ATTR_F) {
      uint32_t bits = (uint32_t)field.value;

      memcpy(&ret_attr->f, &bits, sizeof(bits));
    } else if (field.number == ATTR_I) {
      ret_attr->i = (int64_t)field.value;
    } else if (field.number == ATTR_S) {
      ret_attr->s = field.bytes;
    } else if (field.number == ATTR_T) {
      ret_attr->t = field.bytes;
    }
  }
  return more;
}

static int32_t
check_attr(const rrn_onnx_model *m, const rrn_onnx_node *node, rrn_onnx_span body, rramnas_error *err)
{
  rrn_onnx_attr attr;

  RRN_TRY(decode_attr(m->file, body, &attr, err));
  if (attr.has & (1 << ATTR_G | 1 << ATTR_GRAPHS))
    return rrn_fail_at(err, RRAMNAS_ERR_UNSUPPORTED, place_of(m->file, node->body),
                       "node '%s' (%s, opset %lld): attribute '%s' is a graph; control flow is not supported",
                       rrn_onnx_quote(node->name).text, rrn_onnx_quote(node->op_type).text, (long long)m->opset,
                       rrn_onnx_quote(attr.name).text);
  return RRAMNAS_OK;
}

/* The texts and the numbers of inputs and outputs. */
static int32_t
read_node_head(const rrn_onnx_model *m, rrn_onnx_node *node, rramnas_error *err)
{
  rrn_onnx_reader r = rrn_onnx_read(m->file, node->body);
  rrn_onnx_field field;
  int32_t more;

  while ((more = rrn_onnx_next(&r, &field, err)) > 0) {
    node->n_inputs += field.number == NODE_INPUT;
    node->n_outputs += field.number == NODE_OUTPUT;
    if (field.number == NODE_NAME)
      RRN_TRY(take_text(&r, &field, "the name of a node", &node->name, err));
    else if (field.number == NODE_OP_TYPE)
      RRN_TRY(take_text(&r, &field, "the operator of a node", &node->op_type, err));
    else if (field.number == NODE_DOMAIN)
      RRN_TRY(take_text(&r, &field, "the domain of a node", &node->domain, err));
    else if (field.number == NODE_ATTRIBUTE)
      RRN_TRY(rrn_onnx_expect(&r, &field, RRN_ONNX_BYTES, "an attribute", err));
  }
  return more;
}

static int32_t
read_node(rrn_onnx_model *m, rrn_onnx_node *node, rramnas_error *err)
{
  rrn_onnx_reader r = rrn_onnx_read(m->file, node->body);
  rrn_onnx_field field;
  int32_t more, in = 0, out = 0;

  node->op_type = node->name = node->domain = (rrn_onnx_span){ node->body.data, 0 };
  RRN_TRY(read_node_head(m, node, err));
  node->inputs = rrn_arena_alloc_raw(m->arena, (size_t)node->n_inputs + (size_t)node->n_outputs, sizeof(int32_t));
  if (!node->inputs)
    return rrn_fail_memory(err);
  node->outputs = node->inputs + node->n_inputs;
  while ((more = rrn_onnx_next(&r, &field, err)) > 0) {
    if (field.number == NODE_INPUT)
      RRN_TRY(link_input(m, &r, &field, &node->inputs[in++], err));
    else if (field.number == NODE_OUTPUT)
      node->outputs[out++] = field.bytes.length ? rrn_onnx_map_find(&m->names, field.bytes) : -1;
    else if (field.number == NODE_ATTRIBUTE)
      RRN_TRY(check_attr(m, node, field.bytes, err));
  }
  return more;
}

static int32_t
read_output(rrn_onnx_model *m, rrn_onnx_span body, rramnas_error *err)
{
  rrn_onnx_span name;

  RRN_TRY(value_info_name(m->file, body, &name, err));
  m->output = name.length == 0 ? -1 : rrn_onnx_map_find(&m->names, name);
  m->n_outputs++;
  if (m->output < 0)
    return rrn_fail_at(err, RRAMNAS_ERR_SHAPE, place_of(m->file, body), "nothing produces the output '%s' of the graph",
                       rrn_onnx_quote(name).text);
  return RRAMNAS_OK;
}

static int32_t
read_nodes(rrn_onnx_model *m, rramnas_error *err)
{
  rrn_onnx_reader r = rrn_onnx_read(m->file, m->graph);
  rrn_onnx_field field;
  int32_t more, node = 0;

  while ((more = rrn_onnx_next(&r, &field, err)) > 0) {
    if (field.number == GRAPH_NODE) {
      m->nodes[node].body = field.bytes;
      RRN_TRY(read_node(m, &m->nodes[node++], err));
    } else if (field.number == GRAPH_OUTPUT) {
      RRN_TRY(rrn_onnx_expect(&r, &field, RRN_ONNX_BYTES, "an output", err));
      RRN_TRY(read_output(m, field.bytes, err));
    }
  }
  return more;
}

int32_t
rrn_onnx_decode(rrn_onnx_model *ret_model, const rrn_onnx_file *file, rrn_binds *binds,
                rrn_arena *arena, rramnas_error *err)
{
  rrn_onnx_model m = { .file = file, .arena = arena };
  counts c = { 0, 0, 0, 0, 0 };
  int32_t n_values;

  RRN_TRY(read_model(&m, err));
  RRN_TRY(count_graph(&m, &c, err));
  n_values = (int32_t)(c.initialisers + c.inputs + c.outputs);
  m.n_nodes = (int32_t)c.nodes;
  m.nodes = rrn_arena_alloc(arena, (size_t)c.nodes, sizeof(*m.nodes));
  m.values = rrn_arena_alloc(arena, (size_t)n_values, sizeof(*m.values));
  m.inputs = rrn_arena_alloc(arena, (size_t)c.inputs, sizeof(*m.inputs));
  if (!m.nodes || !m.values || !m.inputs)
    return rrn_fail_memory(err);
  RRN_TRY(rrn_onnx_map_init(&m.names, arena, n_values, err));
  RRN_TRY(define_names(&m, err));
  RRN_TRY(define_inputs(&m, binds, err));
  RRN_TRY(read_nodes(&m, err));
  *ret_model = m;
  return RRAMNAS_OK;
}

int32_t
rrn_onnx_attr_find(const rrn_onnx_file *file, const rrn_onnx_node *node, const char *name, rrn_onnx_attr *ret_attr,
                   rramnas_error *err)
{
  rrn_onnx_reader r = rrn_onnx_read(file, node->body);
  rrn_onnx_field field;
  int32_t more;

  while ((more = rrn_onnx_next(&r, &field, err)) > 0) {
    if (field.number != NODE_ATTRIBUTE)
      continue;
    RRN_TRY(decode_attr(file, field.bytes, ret_attr, err));
    if (rrn_onnx_is(ret_attr->name, name))
      return 1;
  }
  return more;
}

rrn_onnx_text
rrn_onnx_value_name(const rrn_onnx_model *model, int32_t value)
{
  return rrn_onnx_quote(model->names.keys[value]);
}
