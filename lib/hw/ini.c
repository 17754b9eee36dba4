/* SPDX-License-Identifier: MIT */
/*
 * In: the bytes of an ini file. Out: its entries, in order, with places.
 *
 * The dialect is that of Python's configparser with its default settings: [section] lines; `key = value` and
 * `key: value`, split at the first of the two signs; keys ignore case, section names do not; a line whose
 * first character is # or ; is a comment, but text after a value is part of the value; a line indented
 * deeper than the key above continues that key's value; a section or key given twice is an error. A byte
 * order mark and all three line ends are accepted. Deviation: continued values are an error, because no key
 * of a SimConfig.ini takes one and the usual cause is an indented key that would silently be lost.
 *
 * O(keys^2) by the search for duplicates, with at most RRN_INI_MAX_KEYS keys.
 */
#include "hw/ini.h"

#include <string.h>

#include "util/text.h"

typedef struct line {
  const char *start; /* of the whole line */
  const char *text;  /* without white space on both sides */
  size_t length;
  int32_t number;
} line;

typedef struct reader {
  rrn_arena *arena;
  rrn_ini ini;
  const char *name;
  size_t key_indent;
  int has_key; /* a key stands above in this section */
  rramnas_error *err;
} reader;

static int
is_space(char c)
{
  return c == ' ' || c == '\t' || c == '\v' || c == '\f';
}

static void
trim(const char **text, size_t *length)
{
  while (*length && is_space(**text))
    (*text)++, (*length)--;
  while (*length && is_space((*text)[*length - 1]))
    (*length)--;
}

/* Columns count characters, as in YAML files. */
static rrn_place
place(const reader *r, const line *l, const char *at)
{
  rrn_place where = { r->name, l->number, 1, -1 };
  const char *p;

  for (p = l->start; p < at; p++)
    where.column += ((unsigned char)*p & 0xc0) != 0x80;
  return where;
}

/* Takes the next line off [*data, *data + *size). */
static line
next_line(const char **data, size_t *size, int32_t number)
{
  line l = { *data, *data, 0, number };
  size_t used;

  while (l.length < *size && (*data)[l.length] != '\n' && (*data)[l.length] != '\r')
    l.length++;
  used = l.length;
  if (used < *size)
    used += (*data)[used] == '\r' && used + 1 < *size && (*data)[used + 1] == '\n' ? 2 : 1;
  *data += used;
  *size -= used;
  return l;
}

static int32_t
copy_name(reader *r, rrn_place where, const char *what, const char *text, size_t length, const char **ret_name)
{
  if (length > RRN_INI_MAX_NAME)
    return rrn_fail_at(r->err, RRAMNAS_ERR_LIMIT, where, "%s has %zu bytes, the limit is %d", what, length,
                       RRN_INI_MAX_NAME);
  *ret_name = rrn_arena_strndup(r->arena, text, length);
  return *ret_name ? RRAMNAS_OK : rrn_fail_memory(r->err);
}

static int32_t
read_section(reader *r, const line *l)
{
  size_t length = l->length, i;
  rrn_ini_section section = { NULL, place(r, l, l->text) }, *bigger;

  while (length && l->text[length - 1] != ']')
    length--;
  if (length < 3)
    return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, section.where, "expected [section]");
  RRN_TRY(copy_name(r, section.where, "the section name", l->text + 1, length - 2, &section.name));
  for (i = 0; i < r->ini.n_sections; i++)
    if (strcmp(r->ini.sections[i].name, section.name) == 0)
      return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, section.where, "section [%s] was given before in line %d",
                         section.name, (int)r->ini.sections[i].where.line);
  if (r->ini.n_sections >= RRN_INI_MAX_SECTIONS)
    return rrn_fail_at(r->err, RRAMNAS_ERR_LIMIT, section.where, "more than %d sections", RRN_INI_MAX_SECTIONS);
  bigger = rrn_arena_grow(r->arena, r->ini.sections, r->ini.n_sections, &r->ini.cap_sections, sizeof(*bigger));
  if (!bigger)
    return rrn_fail_memory(r->err);
  r->ini.sections = bigger;
  bigger[r->ini.n_sections++] = section;
  r->has_key = 0;
  return RRAMNAS_OK;
}

static int32_t
append(reader *r, const rrn_ini_entry *entry)
{
  rrn_ini_entry *bigger;
  size_t i;

  for (i = 0; i < r->ini.n_entries; i++) {
    const rrn_ini_entry *old = &r->ini.entries[i];

    if (old->section == entry->section && rrn_equal_nocase(old->key, entry->key))
      return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, entry->key_where, "key \"%s\" was given before in line %d",
                         entry->key, (int)old->key_where.line);
  }
  if (r->ini.n_entries >= RRN_INI_MAX_KEYS)
    return rrn_fail_at(r->err, RRAMNAS_ERR_LIMIT, entry->key_where, "more than %d keys", RRN_INI_MAX_KEYS);
  bigger = rrn_arena_grow(r->arena, r->ini.entries, r->ini.n_entries, &r->ini.cap_entries, sizeof(*bigger));
  if (!bigger)
    return rrn_fail_memory(r->err);
  r->ini.entries = bigger;
  bigger[r->ini.n_entries++] = *entry;
  return RRAMNAS_OK;
}

static int32_t
read_key(reader *r, const line *l)
{
  const rrn_place where = place(r, l, l->text);
  rrn_ini_entry entry = { .key_where = where };
  const char *key = l->text, *value;
  size_t key_length = 0, value_length;

  while (key_length < l->length && key[key_length] != '=' && key[key_length] != ':')
    key_length++;
  if (key_length == 0 || key_length == l->length)
    return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, where, "expected key = value or [section]");
  if (r->ini.n_sections == 0)
    return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, where, "a key before the first [section]");
  value = key + key_length + 1;
  value_length = l->length - key_length - 1;
  trim(&key, &key_length);
  trim(&value, &value_length);
  entry.section = r->ini.sections[r->ini.n_sections - 1].name;
  RRN_TRY(copy_name(r, where, "the key", key, key_length, &entry.key));
  entry.value.kind = RRN_YAML_SCALAR;
  entry.value.where = place(r, l, value);
  entry.value.length = value_length;
  entry.value.text = rrn_arena_strndup(r->arena, value, value_length);
  if (!entry.value.text)
    return rrn_fail_memory(r->err);
  r->has_key = 1;
  return append(r, &entry);
}

static int32_t
read_line(reader *r, line *l)
{
  size_t indent;

  if (!rrn_utf8_valid(l->start, l->length))
    return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, place(r, l, l->start), "the line is not UTF-8 text");
  trim(&l->text, &l->length);
  if (l->length == 0 || *l->text == '#' || *l->text == ';')
    return RRAMNAS_OK;
  indent = (size_t)(l->text - l->start);
  if (r->has_key && indent > r->key_indent)
    return rrn_fail_at(r->err, RRAMNAS_ERR_PARSE, place(r, l, l->text),
                       "the line is indented and so continues the value above, which no key of a SimConfig.ini takes");
  r->key_indent = indent;
  return *l->text == '[' ? read_section(r, l) : read_key(r, l);
}

int32_t
rrn_ini_parse(rrn_arena *arena, const char *data, size_t size, const char *name, rrn_ini *ret_ini, rramnas_error *err)
{
  reader r = { .arena = arena, .name = name, .err = err };
  const size_t mark = rrn_utf8_mark(data, size);
  int32_t number = 1;

  data += mark;
  size -= mark;
  for (; size > 0; number++) {
    line l = next_line(&data, &size, number);

    RRN_TRY(read_line(&r, &l));
  }
  *ret_ini = r.ini;
  return RRAMNAS_OK;
}
