/* SPDX-License-Identifier: MIT */
/*
 * In: YAML text of schema rramnas.hardware/1. Out: the values in the handle, with the place of each.
 * And back: the canonical YAML, every field in the order of the table, so that equal chips give equal text.
 *
 * Both directions walk the field table and know no field by name. Reading canonical text gives back the same
 * values to the bit, since doubles are written with as many digits as they need.
 */
#include "hw/spec_fields.h"

#include <stdio.h>
#include <string.h>

#define SCHEMA "rramnas.hardware/1"

enum { MAX_DOTTED = 128 };

static int
is_section(const char *name)
{
  const size_t length = strlen(name);
  size_t i;

  for (i = 0; i < rrn_hw_n_fields; i++)
    if (rrn_hw_section_length(rrn_hw_fields[i].name) == length && strncmp(rrn_hw_fields[i].name, name, length) == 0)
      return length > 0;
  return 0;
}

/* Names the fields of a section, or the sections, for a reader whose word is close to none. */
static void
list_names(const char *section, char *text, size_t size)
{
  const size_t length = strlen(section);
  size_t i, used = 0;
  const char *last = "";

  text[0] = '\0';
  for (i = 0; i < rrn_hw_n_fields && used < size; i++) {
    const char *name = rrn_hw_fields[i].name;
    size_t n = rrn_hw_section_length(name);

    if (length && (n != length || strncmp(name, section, n) != 0))
      continue;
    if (!length && n && strncmp(last, name, n + 1) == 0)
      continue;
    last = name;
    if (length)
      name += n + 1, n = strlen(name);
    else if (!n)
      n = strlen(name);
    used += (size_t)snprintf(text + used, size - used, "%s%.*s", used ? ", " : "", (int)n, name);
  }
}

static int32_t
fail_unknown(rrn_hw_reading *r, const rrn_yaml *node, const char *section, const char *dotted)
{
  const char *near = rrn_hw_field_suggest(dotted);
  char names[400];

  if (near)
    return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, node->key_where, "unknown field \"%.100s\", did you mean \"%s\"?",
                       dotted, near);
  list_names(section, names, sizeof(names));
  if (*section)
    return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, node->key_where, "unknown field \"%.100s\", section %s has %s",
                       dotted, section, names);
  return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, node->key_where, "unknown section \"%.100s\", expected %s", dotted,
                     names);
}

/* A misspelt section: the fields in it, or the word alone, tell which one was meant. */
static int32_t
fail_section(rrn_hw_reading *r, const rrn_yaml *node)
{
  size_t i;

  for (i = 0; node->child && node->child->key && strlen(node->key) < 40 && i < rrn_hw_n_fields; i++) {
    char dotted[MAX_DOTTED];
    const char *near;

    snprintf(dotted, sizeof(dotted), "%.60s.%.60s", node->key, node->child->key);
    near = rrn_hw_field_suggest(dotted);
    if (near && rrn_hw_section_length(near))
      return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, node->key_where, "unknown section \"%s\", did you mean \"%.*s\"?",
                         node->key, (int)rrn_hw_section_length(near), near);
  }
  return fail_unknown(r, node, "", node->key);
}

static int32_t
read_field(rrn_hw_reading *r, const rrn_yaml *node, const char *section)
{
  char dotted[MAX_DOTTED];
  const rrn_hw_field *field;

  snprintf(dotted, sizeof(dotted), "%s%s%.100s", section, *section ? "." : "", node->key);
  field = rrn_hw_field_find(dotted);
  if (!field)
    return *section ? fail_unknown(r, node, section, dotted) : fail_section(r, node);
  RRN_TRY(rrn_hw_field_assign(field, dotted, node, r->hw, r->err));
  r->places[field - rrn_hw_fields] = node->where;
  return RRAMNAS_OK;
}

static int32_t
read_section(rrn_hw_reading *r, const rrn_yaml *section)
{
  const rrn_yaml *node;

  if (section->kind != RRN_YAML_MAPPING)
    return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, section->where, "section %s is %s, expected a mapping", section->key,
                       rrn_yaml_kind_name(section));
  for (node = section->child; node; node = node->next)
    RRN_TRY(read_field(r, node, section->key));
  return RRAMNAS_OK;
}

static int32_t
check_schema(rrn_hw_reading *r, const rrn_yaml *node)
{
  if (node->kind != RRN_YAML_SCALAR)
    return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, node->where, "schema is %s, expected " SCHEMA,
                       rrn_yaml_kind_name(node));
  if (strcmp(node->text, SCHEMA) != 0)
    return rrn_fail_at(r->err, RRAMNAS_ERR_UNSUPPORTED, node->where, "schema is \"%.60s\", expected " SCHEMA, node->text);
  return RRAMNAS_OK;
}

int32_t
rrn_hw_read_yaml(rrn_hw_reading *r, const char *data, size_t size)
{
  rrn_yaml *root;
  const rrn_yaml *node, *schema;

  RRN_TRY(rrn_yaml_parse(r->scratch, data, size, r->file, &root, r->err));
  if (root->kind != RRN_YAML_MAPPING)
    return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, root->where, "a hardware spec is %s, expected a mapping of sections",
                       rrn_yaml_kind_name(root));
  /* First, because a file of another schema may well have other fields. */
  schema = rrn_yaml_get(root, "schema");
  if (schema)
    RRN_TRY(check_schema(r, schema));
  for (node = root->child; node; node = node->next) {
    if (node == schema)
      continue;
    RRN_TRY(is_section(node->key) ? read_section(r, node) : read_field(r, node, ""));
  }
  return RRAMNAS_OK;
}

static void
write_value(const rrn_hw_field *field, const rramnas_hw *hw, rrn_writer *w)
{
  if (field->type == RRAMNAS_FIELD_INTEGER)
    rrn_write_format(w, "%d", (int)rrn_hw_field_number(field, hw));
  else if (field->type == RRAMNAS_FIELD_REAL)
    rrn_write_double(w, rrn_hw_field_number(field, hw));
  else if (field->type == RRAMNAS_FIELD_CHOICE)
    rrn_write_text(w, rrn_hw_field_text(field, hw));
  else
    rrn_write_json_string(w, rrn_hw_field_text(field, hw));
  rrn_write_text(w, "\n");
}

void
rrn_hw_write(const rramnas_hw *hw, int with_name, rrn_writer *w)
{
  const char *last = "";
  size_t i;

  rrn_write_text(w, "schema: " SCHEMA "\n");
  for (i = 0; i < rrn_hw_n_fields; i++) {
    const rrn_hw_field *field = &rrn_hw_fields[i];
    const size_t n = rrn_hw_section_length(field->name);

    if (field->type == RRAMNAS_FIELD_TEXT && !with_name)
      continue;
    if (n && strncmp(last, field->name, n + 1) != 0)
      rrn_write_format(w, "%.*s:\n", (int)n, field->name);
    last = field->name;
    rrn_write_format(w, "%s%s: ", n ? "  " : "", field->name + (n ? n + 1 : 0));
    write_value(field, hw, w);
  }
}
