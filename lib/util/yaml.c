/* SPDX-License-Identifier: MIT */
#include "util/yaml.h"

#include <string.h>
#include <yaml.h>

#include "util/text.h"

typedef struct reader {
  yaml_parser_t parser;
  rrn_arena *arena;
  const char *name, *data;
  size_t n_nodes;
  rramnas_error *err;
} reader;

static rrn_place
place(const reader *r, yaml_mark_t mark)
{
  rrn_place where = { r->name, (int32_t)(mark.line < INT32_MAX ? mark.line + 1 : INT32_MAX),
                      (int32_t)(mark.column < INT32_MAX ? mark.column + 1 : INT32_MAX), -1 };

  return where;
}

/* libyaml tells only the byte of what it cannot read; lines and columns are counted as it does. */
static rrn_place
place_of_byte(const reader *r, size_t offset)
{
  yaml_mark_t mark = { 0, 0, 0 };
  size_t i;

  for (i = 0; i < offset; i++) {
    const unsigned char c = (unsigned char)r->data[i];

    if (c == '\n' || (c == '\r' && (i + 1 == offset || r->data[i + 1] != '\n'))) {
      mark.line++;
      mark.column = 0;
    } else if (c != '\r' && (c & 0xc0) != 0x80) {
      mark.column++;
    }
  }
  return place(r, mark);
}

static int32_t
fail_parser(reader *r)
{
  const yaml_parser_t *p = &r->parser;

  if (p->error == YAML_MEMORY_ERROR)
    return rrn_fail_memory(r->err);
  if (p->error == YAML_READER_ERROR)
    return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, place_of_byte(r, p->problem_offset), "%s, expected UTF-8 text",
                       p->problem ? p->problem : "unreadable byte");
  return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, place(r, p->problem_mark), "%s%s%s", p->problem ? p->problem : "not YAML",
                     p->context ? " " : "", p->context ? p->context : "");
}

static int32_t
next_event(reader *r, yaml_event_t *event)
{
  return yaml_parser_parse(&r->parser, event) ? RRAMNAS_OK : fail_parser(r);
}

static int32_t
node_new(reader *r, rrn_yaml_kind kind, yaml_mark_t mark, rrn_yaml **ret_node)
{
  rrn_yaml *node;

  if (++r->n_nodes > RRN_YAML_MAX_NODES)
    return rrn_fail_at(r->err, RRAMNAS_ERR_LIMIT, place(r, mark), "more than %d values", RRN_YAML_MAX_NODES);
  node = rrn_arena_alloc(r->arena, 1, sizeof(*node));
  if (!node)
    return rrn_fail_memory(r->err);
  node->kind = kind;
  node->where = place(r, mark);
  *ret_node = node;
  return RRAMNAS_OK;
}

static int32_t
read_scalar(reader *r, const yaml_event_t *event, rrn_yaml **ret_node)
{
  const char *text = (const char *)event->data.scalar.value;
  size_t length = event->data.scalar.length;
  rrn_yaml *node;

  if (memchr(text, 0, length))
    return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, place(r, event->start_mark), "text holds a NUL character");
  RRN_TRY(node_new(r, RRN_YAML_SCALAR, event->start_mark, &node));
  node->text = rrn_arena_strndup(r->arena, text, length);
  if (!node->text)
    return rrn_fail_memory(r->err);
  node->length = length;
  node->quoted = event->data.scalar.style != YAML_PLAIN_SCALAR_STYLE;
  *ret_node = node;
  return RRAMNAS_OK;
}

static int32_t
check_tag(reader *r, const yaml_event_t *event)
{
  const yaml_char_t *tag = event->type == YAML_SCALAR_EVENT           ? event->data.scalar.tag
                         : event->type == YAML_SEQUENCE_START_EVENT ? event->data.sequence_start.tag
                         : event->type == YAML_MAPPING_START_EVENT  ? event->data.mapping_start.tag
                                                                    : NULL;

  if (tag)
    return rrn_fail_at(r->err, RRAMNAS_ERR_UNSUPPORTED, place(r, event->start_mark), "tags (!name) are not accepted");
  return RRAMNAS_OK;
}

static int32_t read_node(reader *r, const yaml_event_t *event, int depth, rrn_yaml **ret_node);

/* A key must be a plain word that no earlier sibling has. */
static int32_t
read_key(reader *r, const rrn_yaml *parent, const yaml_event_t *event, rrn_yaml **ret_key)
{
  const rrn_yaml *old;

  if (event->type != YAML_SCALAR_EVENT)
    return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, place(r, event->start_mark), "a key must be a word");
  RRN_TRY(check_tag(r, event));
  RRN_TRY(read_scalar(r, event, ret_key));
  if (parent->n_children >= RRN_YAML_MAX_KEYS)
    return rrn_fail_at(r->err, RRAMNAS_ERR_LIMIT, (*ret_key)->where, "more than %d keys in a mapping", RRN_YAML_MAX_KEYS);
  old = rrn_yaml_get(parent, (*ret_key)->text);
  if (old)
    return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, (*ret_key)->where, "key \"%s\" was given before in line %d",
                       (*ret_key)->text, (int)old->key_where.line);
  return RRAMNAS_OK;
}

static int32_t
read_children(reader *r, rrn_yaml *parent, int depth)
{
  const yaml_event_type_t end = parent->kind == RRN_YAML_MAPPING ? YAML_MAPPING_END_EVENT : YAML_SEQUENCE_END_EVENT;
  rrn_yaml **tail = &parent->child;

  for (;;) {
    yaml_event_t event;
    rrn_yaml *child = NULL, *key = NULL;
    int32_t status;

    RRN_TRY(next_event(r, &event));
    if (event.type == end) {
      yaml_event_delete(&event);
      return RRAMNAS_OK;
    }
    if (parent->kind == RRN_YAML_MAPPING) {
      status = read_key(r, parent, &event, &key);
      yaml_event_delete(&event);
      RRN_TRY(status);
      RRN_TRY(next_event(r, &event));
    }
    status = read_node(r, &event, depth, &child);
    yaml_event_delete(&event);
    RRN_TRY(status);
    if (key) {
      child->key = key->text;
      child->key_where = key->where;
    }
    *tail = child;
    tail = &child->next;
    parent->n_children++;
  }
}

static int32_t
read_node(reader *r, const yaml_event_t *event, int depth, rrn_yaml **ret_node)
{
  rrn_place where = place(r, event->start_mark);

  if (depth >= RRN_YAML_MAX_DEPTH)
    return rrn_fail_at(r->err, RRAMNAS_ERR_LIMIT, where, "nested deeper than %d levels", RRN_YAML_MAX_DEPTH);
  RRN_TRY(check_tag(r, event));
  switch (event->type) {
  case YAML_SCALAR_EVENT:
    return read_scalar(r, event, ret_node);
  case YAML_SEQUENCE_START_EVENT:
    RRN_TRY(node_new(r, RRN_YAML_SEQUENCE, event->start_mark, ret_node));
    return read_children(r, *ret_node, depth + 1);
  case YAML_MAPPING_START_EVENT:
    RRN_TRY(node_new(r, RRN_YAML_MAPPING, event->start_mark, ret_node));
    return read_children(r, *ret_node, depth + 1);
  case YAML_ALIAS_EVENT:
    return rrn_fail_at(r->err, RRAMNAS_ERR_UNSUPPORTED, where, "aliases (*name) are not accepted: write the value out");
  default:
    return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, where, "expected a value");
  }
}

/* STREAM-START DOCUMENT-START node DOCUMENT-END STREAM-END; an empty stream is an empty mapping. */
static int32_t
read_document(reader *r, rrn_yaml **ret_root)
{
  yaml_event_t event;
  int32_t status = RRAMNAS_OK;
  rrn_yaml *root = NULL;
  int ended = 0;

  while (!ended) {
    RRN_TRY(next_event(r, &event));
    switch (event.type) {
    case YAML_STREAM_START_EVENT:
    case YAML_DOCUMENT_END_EVENT:
      break;
    case YAML_DOCUMENT_START_EVENT:
      if (root)
        status = rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, place(r, event.start_mark), "a second document; expected one");
      break;
    case YAML_STREAM_END_EVENT:
      if (!root)
        status = node_new(r, RRN_YAML_MAPPING, event.start_mark, &root);
      ended = 1;
      break;
    default:
      status = read_node(r, &event, 0, &root);
    }
    yaml_event_delete(&event);
    RRN_TRY(status);
  }
  *ret_root = root;
  return RRAMNAS_OK;
}

int32_t
rrn_yaml_parse(rrn_arena *arena, const char *data, size_t size, const char *name, rrn_yaml **ret_root,
               rramnas_error *err)
{
  reader r = { .arena = arena, .name = name, .data = data, .err = err };
  rrn_place start = { name, 1, 1, -1 };
  const size_t mark = rrn_utf8_mark(data, size);
  int32_t status;

  if (size > RRN_YAML_MAX_BYTES)
    return rrn_fail_at(err, RRAMNAS_ERR_LIMIT, start, "%zu bytes, the limit is %d", size, RRN_YAML_MAX_BYTES);
  if (!yaml_parser_initialize(&r.parser))
    return rrn_fail_memory(err);
  /* libyaml would count the mark as a column of the first line. */
  r.data += mark;
  yaml_parser_set_encoding(&r.parser, YAML_UTF8_ENCODING);
  yaml_parser_set_input_string(&r.parser, (const unsigned char *)r.data, size - mark);
  status = read_document(&r, ret_root);
  yaml_parser_delete(&r.parser);
  return status;
}

const rrn_yaml *
rrn_yaml_get(const rrn_yaml *mapping, const char *key)
{
  const rrn_yaml *child;

  if (mapping->kind != RRN_YAML_MAPPING)
    return NULL;
  for (child = mapping->child; child; child = child->next)
    if (child->key && strcmp(child->key, key) == 0)
      return child;
  return NULL;
}

const char *
rrn_yaml_kind_name(const rrn_yaml *node)
{
  return node->kind == RRN_YAML_SCALAR ? "a scalar" : node->kind == RRN_YAML_SEQUENCE ? "a sequence" : "a mapping";
}

int32_t
rrn_yaml_int(const rrn_yaml *node, const char *what, int64_t min, int64_t max, int64_t *ret_value, rramnas_error *err)
{
  int64_t value;

  if (node->kind != RRN_YAML_SCALAR)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, node->where, "%s is %s, expected an integer %lld..%lld", what,
                       rrn_yaml_kind_name(node), (long long)min, (long long)max);
  if (node->quoted || !rrn_int64_parse(node->text, node->length, &value) || value < min || value > max)
    return rrn_fail_at(err, RRAMNAS_ERR_RANGE, node->where, "%s is \"%.60s\", expected an integer %lld..%lld", what,
                       node->text, (long long)min, (long long)max);
  *ret_value = value;
  return RRAMNAS_OK;
}

int32_t
rrn_yaml_double(const rrn_yaml *node, const char *what, double min, double max, double *ret_value, rramnas_error *err)
{
  char low[RRN_DOUBLE_TEXT], high[RRN_DOUBLE_TEXT];
  double value;

  rrn_double_text(min, low);
  rrn_double_text(max, high);
  if (node->kind != RRN_YAML_SCALAR)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, node->where, "%s is %s, expected a number %s..%s", what,
                       rrn_yaml_kind_name(node), low, high);
  if (node->quoted || !rrn_double_parse(node->text, node->length, &value) || value < min || value > max)
    return rrn_fail_at(err, RRAMNAS_ERR_RANGE, node->where, "%s is \"%.60s\", expected a number %s..%s", what,
                       node->text, low, high);
  *ret_value = value;
  return RRAMNAS_OK;
}

int32_t
rrn_yaml_expect(const rrn_yaml *node, rrn_yaml_kind kind, const char *what, rramnas_error *err)
{
  static const char *const names[] = { "a scalar", "a sequence", "a mapping" };

  if (node->kind != kind)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, node->where, "%s is %s, expected %s", what, rrn_yaml_kind_name(node),
                       names[kind]);
  return RRAMNAS_OK;
}

int32_t
rrn_yaml_check_keys(const rrn_yaml *mapping, const char *const *known, rramnas_error *err)
{
  const rrn_yaml *child;
  size_t i;

  for (child = mapping->child; child; child = child->next) {
    for (i = 0; known[i] && strcmp(known[i], child->key) != 0; i++)
      ;
    if (!known[i])
      return rrn_fail_at(err, RRAMNAS_ERR_PARSE, child->key_where, "unknown key \"%.60s\"", child->key);
  }
  return RRAMNAS_OK;
}
