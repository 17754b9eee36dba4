/* SPDX-License-Identifier: MIT */
/*
 * In: YAML text of schema rramnas.hardware/1, or of a preset. Out: the values in the handle, with the place of each.
 * And back: the canonical YAML, every field in the order of the table, so that equal chips give equal text.
 *
 * Presets that the text names are read first: the chip, then the device, then the text's own values. Both directions
 * walk the field table and know no field by name. Reading canonical text gives back the same values to the bit, since
 * doubles are written with as many digits as they need.
 */
#include "hw/spec_fields.h"

#include <stdio.h>
#include <string.h>

#include "hw/presets.h"

#define SCHEMA "rramnas.hardware/1"
#define PRESET_SCHEMA "rramnas.preset/1"

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
    if (strcmp(section->key, "device") != 0 || strcmp(node->key, "preset") != 0)
      RRN_TRY(read_field(r, node, section->key));
  return RRAMNAS_OK;
}

/* Says which of the two schemas a text has; without one it is a hardware spec. */
static int32_t
check_schema(rrn_hw_reading *r, const rrn_yaml *node, int *ret_is_preset)
{
  *ret_is_preset = 0;
  if (!node)
    return RRAMNAS_OK;
  if (node->kind != RRN_YAML_SCALAR)
    return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, node->where, "schema is %s, expected " SCHEMA,
                       rrn_yaml_kind_name(node));
  *ret_is_preset = strcmp(node->text, PRESET_SCHEMA) == 0;
  if (!*ret_is_preset && strcmp(node->text, SCHEMA) != 0)
    return rrn_fail_at(r->err, RRAMNAS_ERR_UNSUPPORTED, node->where, "schema is \"%.60s\", expected " SCHEMA,
                       node->text);
  return RRAMNAS_OK;
}

/* What only presets hold: where their values come from. */
static int
is_about_sources(const rrn_yaml *node)
{
  return strcmp(node->key, "source") == 0 || strcmp(node->key, "provenance") == 0;
}

static int32_t
read_values(rrn_hw_reading *r, const rrn_yaml *root, int is_preset)
{
  const rrn_yaml *node;

  for (node = root->child; node; node = node->next) {
    if (strcmp(node->key, "schema") == 0 || (is_preset ? is_about_sources(node) : strcmp(node->key, "preset") == 0))
      continue;
    RRN_TRY(is_section(node->key) ? read_section(r, node) : read_field(r, node, ""));
  }
  return RRAMNAS_OK;
}

static int32_t
fail_preset(rrn_hw_reading *r, const rrn_yaml *node, const char *key, int32_t kind)
{
  char near[240];

  rrn_preset_suggest(node->text, kind, near, sizeof(near));
  if (*near)
    return rrn_fail_at(r->err, RRAMNAS_ERR_NOT_FOUND, node->where, "%s is \"%.60s\", which is no preset; like it: %s",
                       key, node->text, near);
  return rrn_fail_at(r->err, RRAMNAS_ERR_NOT_FOUND, node->where, "%s is \"%.60s\", which is no preset", key,
                     node->text);
}

/* The preset that `node` names, of the kind that may stand there; NULL without a node. */
static int32_t
name_preset(rrn_hw_reading *r, const rrn_yaml *node, const char *key, int32_t kind, const rrn_preset **ret_preset)
{
  const rrn_preset *preset;

  *ret_preset = NULL;
  if (!node)
    return RRAMNAS_OK;
  if (node->kind != RRN_YAML_SCALAR)
    return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, node->where, "%s is %s, expected the name of a preset", key,
                       rrn_yaml_kind_name(node));
  preset = rrn_preset_find(node->text);
  if (!preset)
    return fail_preset(r, node, key, kind);
  if (preset->kind != kind)
    return rrn_fail_at(r->err, RRAMNAS_ERR_RANGE, node->where, "%s is \"%s\", a preset of a %s", key, node->text,
                       kind == RRAMNAS_PRESET_CHIP ? "device: name it as device.preset"
                                                   : "whole chip: name it as preset");
  *ret_preset = preset;
  return RRAMNAS_OK;
}

/* Chip first, device over it. Presets cannot name others, so this goes no deeper. */
static int32_t
read_presets(rrn_hw_reading *r, const rrn_yaml *root)
{
  const rrn_yaml *device = rrn_yaml_get(root, "device");
  const rrn_preset *presets[2];
  int i;

  RRN_TRY(name_preset(r, rrn_yaml_get(root, "preset"), "preset", RRAMNAS_PRESET_CHIP, &presets[0]));
  device = device && device->kind == RRN_YAML_MAPPING ? rrn_yaml_get(device, "preset") : NULL;
  RRN_TRY(name_preset(r, device, "device.preset", RRAMNAS_PRESET_DEVICE, &presets[1]));
  for (i = 0; i < 2; i++)
    if (presets[i])
      RRN_TRY(rrn_hw_read_preset(r, presets[i]));
  return RRAMNAS_OK;
}

/* A preset names no other: one that did would be read as an unknown field. */
static int32_t
check_device_alone(rrn_hw_reading *r, const rrn_yaml *root)
{
  const rrn_yaml *device = rrn_yaml_get(root, "device");
  const rrn_yaml *nested = device && device->kind == RRN_YAML_MAPPING ? rrn_yaml_get(device, "preset") : NULL;

  if (nested)
    return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, nested->key_where, "a preset cannot name another one");
  return RRAMNAS_OK;
}

int32_t
rrn_hw_read_yaml(rrn_hw_reading *r, const char *data, size_t size)
{
  rrn_yaml *root;
  int is_preset;

  RRN_TRY(rrn_yaml_parse(r->scratch, data, size, r->file, &root, r->err));
  if (root->kind != RRN_YAML_MAPPING)
    return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, root->where, "a hardware spec is %s, expected a mapping of sections",
                       rrn_yaml_kind_name(root));
  /* First, because a file of another schema may well have other fields. */
  RRN_TRY(check_schema(r, rrn_yaml_get(root, "schema"), &is_preset));
  RRN_TRY(is_preset ? check_device_alone(r, root) : read_presets(r, root));
  r->as_published = is_preset;
  return read_values(r, root, is_preset);
}

/* Its values have no place: what a rule then blames is the line that named it, or the caller's own value. */
int32_t
rrn_hw_read_preset(rrn_hw_reading *r, const rrn_preset *preset)
{
  rrn_hw_reading inner = *r;

  inner.file = preset->label;
  inner.places = rrn_arena_alloc(r->scratch, rrn_hw_n_fields, sizeof(*inner.places));
  if (!inner.places)
    return rrn_fail_memory(r->err);
  return rrn_hw_read_yaml(&inner, preset->text, preset->size);
}

static void
write_list(const rrn_hw_list *list, rrn_writer *w)
{
  int32_t i;

  rrn_write_text(w, "[");
  for (i = 0; i < list->n; i++) {
    rrn_write_text(w, i ? ", " : "");
    rrn_write_double(w, list->v[i]);
  }
  rrn_write_text(w, "]");
}

static void
write_value(const rrn_hw_field *field, const rramnas_hw *hw, rrn_writer *w)
{
  if (field->type == RRAMNAS_FIELD_INTEGER)
    rrn_write_format(w, "%d", (int)rrn_hw_field_number(field, hw));
  else if (field->type == RRAMNAS_FIELD_REAL)
    rrn_write_double(w, rrn_hw_field_number(field, hw));
  else if (field->type == RRAMNAS_FIELD_LIST)
    write_list(rrn_hw_field_list(field, hw), w);
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
