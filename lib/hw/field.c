/* SPDX-License-Identifier: MIT */
/*
 * In: a row of the field table and a scalar of a file. Out: the value in the handle, or a message with place,
 * what was read and what was expected. Also the way back, and the search by name.
 *
 * All readers (YAML, ini, single values) go through rrn_hw_field_assign(), so no value enters a handle
 * without its range check.
 */
#include <string.h>

#include "hw/spec_fields.h"
#include "util/text.h"

enum { MAX_NAME = 200 };

const rrn_hw_field *
rrn_hw_field_find(const char *name)
{
  size_t i;

  for (i = 0; i < rrn_hw_n_fields; i++)
    if (strcmp(rrn_hw_fields[i].name, name) == 0)
      return &rrn_hw_fields[i];
  return NULL;
}

size_t
rrn_hw_section_length(const char *name)
{
  const char *dot = strchr(name, '.');

  return dot ? (size_t)(dot - name) : 0;
}

static size_t
least(size_t a, size_t b)
{
  return a < b ? a : b;
}

size_t
rrn_hw_edit_distance(const char *a, const char *b)
{
  size_t row[RRN_HW_MAX_WORD], n = strlen(b), i, j;

  for (j = 0; j <= n; j++)
    row[j] = j;
  for (i = 0; a[i]; i++) {
    size_t diagonal = row[0];

    row[0] = i + 1;
    for (j = 0; j < n; j++) {
      size_t above = row[j + 1];

      row[j + 1] = least(diagonal + (a[i] != b[j]), least(above, row[j]) + 1);
      diagonal = above;
    }
  }
  return row[n];
}

const char *
rrn_hw_field_suggest(const char *name)
{
  const char *best = NULL;
  size_t best_distance = 4, length = strlen(name), i;

  if (length >= RRN_HW_MAX_WORD)
    return NULL;
  /* Half of a short name wrong is another name. */
  best_distance = least(best_distance, length / 2 + 1);
  for (i = 0; i < rrn_hw_n_fields; i++) {
    size_t distance = rrn_hw_edit_distance(name, rrn_hw_fields[i].name);

    if (distance < best_distance) {
      best_distance = distance;
      best = rrn_hw_fields[i].name;
    }
  }
  return best;
}

static void *
member(const rrn_hw_field *field, rramnas_hw *hw)
{
  return (char *)hw + field->offset;
}

static const void *
const_member(const rrn_hw_field *field, const rramnas_hw *hw)
{
  return (const char *)hw + field->offset;
}

/* Position of the word, -1 when it is none of them. */
static int32_t
choice_index(const char *const *words, const char *word)
{
  int32_t index;

  for (index = 0; words[index]; index++)
    if (strcmp(words[index], word) == 0)
      return index;
  return -1;
}

static int32_t
assign_choice(const rrn_hw_field *field, const char *what, const rrn_yaml *node, int32_t *ret_value, rramnas_error *err)
{
  int32_t index = choice_index(field->words, node->text);

  if (index < 0)
    return rrn_fail_at(err, RRAMNAS_ERR_RANGE, node->where, "%s is \"%.60s\", expected %s", what, node->text,
                       field->choices);
  *ret_value = index;
  return RRAMNAS_OK;
}

/* Printable text of one line. Control characters and Unicode's line and paragraph separators would not come
 * back from the YAML that we write. */
static int
is_plain_text(const char *text)
{
  const unsigned char *s = (const unsigned char *)text;

  for (; *s; s++) {
    if (*s < 0x20 || *s == 0x7f)
      return 0;
    if (s[0] == 0xc2 && s[1] < 0xa0)
      return 0; /* U+0080..U+009F */
    if (s[0] == 0xe2 && s[1] == 0x80 && (s[2] == 0xa8 || s[2] == 0xa9))
      return 0; /* U+2028, U+2029 */
    if (s[0] == 0xef && ((s[1] == 0xbb && s[2] == 0xbf) || (s[1] == 0xbf && s[2] >= 0xbe)))
      return 0; /* U+FEFF, U+FFFE, U+FFFF */
  }
  return 1;
}

static int32_t
assign_text(const char *what, const rrn_yaml *node, rramnas_hw *hw, const char **ret_text, rramnas_error *err)
{
  char *copy;

  if (node->length > MAX_NAME)
    return rrn_fail_at(err, RRAMNAS_ERR_RANGE, node->where, "%s has %zu bytes, expected at most %d", what,
                       node->length, MAX_NAME);
  if (!rrn_utf8_valid(node->text, node->length) || !is_plain_text(node->text))
    return rrn_fail_at(err, RRAMNAS_ERR_RANGE, node->where, "%s is not one line of printable UTF-8 text", what);
  copy = rrn_arena_strndup(&hw->arena, node->text, node->length);
  if (!copy)
    return rrn_fail_memory(err);
  *ret_text = copy;
  return RRAMNAS_OK;
}

static int32_t
append(const rrn_hw_field *field, const char *what, const rrn_yaml *node, rrn_hw_list *list, rramnas_error *err)
{
  if (list->n == RRN_HW_MAX_LIST)
    return rrn_fail_at(err, RRAMNAS_ERR_LIMIT, node->where, "%s has more than %d numbers", what, RRN_HW_MAX_LIST);
  RRN_TRY(rrn_yaml_double(node, what, field->min, field->max, &list->v[list->n], err));
  list->n++;
  return RRAMNAS_OK;
}

/* Numbers of one text, as a program gives them: "[1, 2]" or "1 2". */
static int32_t
append_words(const rrn_hw_field *field, const char *what, const rrn_yaml *node, rrn_hw_list *list, rramnas_error *err)
{
  static const char between[] = " ,[]";
  const char *at = node->text + strspn(node->text, between);
  char word[RRN_HW_MAX_WORD];

  for (; *at; at += strspn(at, between)) {
    const size_t length = strcspn(at, between), n = least(length, sizeof(word) - 1);
    const rrn_yaml number = { .kind = RRN_YAML_SCALAR, .text = word, .length = n, .where = node->where };

    memcpy(word, at, n);
    word[n] = '\0';
    RRN_TRY(append(field, what, &number, list, err));
    at += length;
  }
  return RRAMNAS_OK;
}

static int32_t
assign_list(const rrn_hw_field *field, const char *what, const rrn_yaml *node, rrn_hw_list *ret_list,
            rramnas_error *err)
{
  rrn_hw_list list = { 0 };
  const rrn_yaml *number;

  if (node->kind == RRN_YAML_SCALAR)
    RRN_TRY(append_words(field, what, node, &list, err));
  else
    RRN_TRY(rrn_yaml_expect(node, RRN_YAML_SEQUENCE, what, err));
  for (number = node->kind == RRN_YAML_SEQUENCE ? node->child : NULL; number; number = number->next)
    RRN_TRY(append(field, what, number, &list, err));
  *ret_list = list;
  return RRAMNAS_OK;
}

int32_t
rrn_hw_field_assign(const rrn_hw_field *field, const char *what, const rrn_yaml *node, rramnas_hw *hw,
                    rramnas_error *err)
{
  int64_t integer;

  switch (field->type) {
  case RRAMNAS_FIELD_INTEGER:
    RRN_TRY(rrn_yaml_int(node, what, (int64_t)field->min, (int64_t)field->max, &integer, err));
    *(int32_t *)member(field, hw) = (int32_t)integer;
    return RRAMNAS_OK;
  case RRAMNAS_FIELD_REAL:
    return rrn_yaml_double(node, what, field->min, field->max, member(field, hw), err);
  case RRAMNAS_FIELD_LIST:
    return assign_list(field, what, node, member(field, hw), err);
  default:
    if (node->kind != RRN_YAML_SCALAR)
      return rrn_fail_at(err, RRAMNAS_ERR_PARSE, node->where, "%s is %s, expected %s", what, rrn_yaml_kind_name(node),
                         field->type == RRAMNAS_FIELD_CHOICE ? field->choices : "text");
    return field->type == RRAMNAS_FIELD_CHOICE ? assign_choice(field, what, node, member(field, hw), err)
                                               : assign_text(what, node, hw, member(field, hw), err);
  }
}

double
rrn_hw_field_number(const rrn_hw_field *field, const rramnas_hw *hw)
{
  return field->type == RRAMNAS_FIELD_REAL ? *(const double *)const_member(field, hw)
                                           : *(const int32_t *)const_member(field, hw);
}

const rrn_hw_list *
rrn_hw_field_list(const rrn_hw_field *field, const rramnas_hw *hw)
{
  return const_member(field, hw);
}

const char *
rrn_hw_field_text(const rrn_hw_field *field, const rramnas_hw *hw)
{
  if (field->type == RRAMNAS_FIELD_TEXT)
    return *(const char *const *)const_member(field, hw);
  return field->words[*(const int32_t *)const_member(field, hw)];
}
