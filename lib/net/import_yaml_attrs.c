/* SPDX-License-Identifier: MIT */
/* Attributes of a node in the YAML format.
 *
 * In: a value with its key, the operator. Out: the field of rrn_build that keys.c says. Short forms are written
 * out here: one number for a window is that number in every dimension; `pad` is one number, one per dimension,
 * begins and ends, or a rule. */
#include <float.h>
#include <string.h>

#include "net/import_yaml.h"
#include "net/keys.h"

#define MAX_DIM INT64_C(0x7fffffff)

static void *
field(rrn_build *b, const rrn_key *key)
{
  return (char *)b + key->offset;
}

static int32_t
read_bool(const rrn_yaml *value, int32_t *ret_bool, rramnas_error *err)
{
  const int yes = value->kind == RRN_YAML_SCALAR && strcmp(value->text, "true") == 0;
  const int no = value->kind == RRN_YAML_SCALAR && strcmp(value->text, "false") == 0;

  if (!yes && !no)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, value->where, "%s is not true or false", value->key);
  *ret_bool = yes;
  return RRAMNAS_OK;
}

/* Entries of a short list of numbers, or one number; *ret_n is 0 for the latter. */
static int32_t
read_numbers(const rrn_yaml *value, int64_t least, size_t most, int64_t *ret_numbers, size_t *ret_n, rramnas_error *err)
{
  const rrn_yaml *entry;
  size_t n = 0;

  if (value->kind == RRN_YAML_SCALAR) {
    *ret_n = 0;
    return rrn_yaml_int(value, value->key, least, MAX_DIM, ret_numbers, err);
  }
  if (value->kind != RRN_YAML_SEQUENCE || value->n_children > most || value->n_children == 0)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, value->where, "%s is %s of %zu entries, expected a number or 1 to %zu numbers",
                       value->key, rrn_yaml_kind_name(value), value->n_children, most);
  for (entry = value->child; entry; entry = entry->next)
    RRN_TRY(rrn_yaml_int(entry, value->key, least, MAX_DIM, &ret_numbers[n++], err));
  *ret_n = n;
  return RRAMNAS_OK;
}

static int32_t
read_window(const rrn_yaml *value, int32_t n_spatial, int64_t *ret_window, rramnas_error *err)
{
  int64_t numbers[RRAMNAS_MAX_SPATIAL];
  size_t n, i;

  RRN_TRY(read_numbers(value, 1, RRAMNAS_MAX_SPATIAL, numbers, &n, err));
  if (n && n != (size_t)n_spatial)
    return rrn_fail_at(err, RRAMNAS_ERR_SHAPE, value->where, "%s has %zu entries, the input has %d spatial dimensions",
                       value->key, n, (int)n_spatial);
  for (i = 0; i < (size_t)n_spatial; i++)
    ret_window[i] = numbers[n ? i : 0];
  return RRAMNAS_OK;
}

/* 1 when the value is a word that says how to pad. */
static int
read_pad_rule(const rrn_yaml *value, rrn_auto_pad *ret_mode)
{
  static const struct { const char *word; rrn_auto_pad mode; } rules[] = {
    { "same", RRN_PAD_SAME_UPPER }, { "same_lower", RRN_PAD_SAME_LOWER }, { "valid", RRN_PAD_VALID },
  };
  size_t i;

  for (i = 0; value->kind == RRN_YAML_SCALAR && i < sizeof(rules) / sizeof(rules[0]); i++)
    if (strcmp(value->text, rules[i].word) == 0) {
      *ret_mode = rules[i].mode;
      return 1;
    }
  return 0;
}

static int32_t
read_pad(const rrn_yaml *value, int32_t n_spatial, rrn_build *b, rramnas_error *err)
{
  int64_t numbers[2 * RRAMNAS_MAX_SPATIAL];
  const size_t spatial = (size_t)n_spatial;
  size_t n, i;

  if (read_pad_rule(value, &b->pad_mode))
    return RRAMNAS_OK;
  RRN_TRY(read_numbers(value, 0, 2 * RRAMNAS_MAX_SPATIAL, numbers, &n, err));
  if (n && n != spatial && n != 2 * spatial)
    return rrn_fail_at(err, RRAMNAS_ERR_SHAPE, value->where,
                       "pad has %zu entries, expected %zu (each dimension) or %zu (begins, then ends)", n, spatial,
                       2 * spatial);
  for (i = 0; i < 2 * spatial; i++)
    b->attrs.pad[i] = numbers[n == 0 ? 0 : n == spatial ? i % spatial : i];
  return RRAMNAS_OK;
}

static int32_t
read_dim(const rrn_yaml *entry, const char *what, int64_t least, rrn_binds *binds, int64_t *ret_dim,
         rramnas_error *err)
{
  int64_t value;

  /* Whatever starts like a number is judged as one. */
  if (entry->kind != RRN_YAML_SCALAR || entry->length == 0 || strchr("+-0123456789", entry->text[0]))
    return rrn_yaml_int(entry, what, least, MAX_DIM, ret_dim, err);
  value = rrn_net_bound_value(binds, entry->text, entry->length);
  if (value == 0)
    return rrn_fail_at(err, RRAMNAS_ERR_RANGE, entry->where,
                       "%s has dimension \"%.60s\", which has no value: bind it, or write a number", what, entry->text);
  *ret_dim = value;
  return RRAMNAS_OK;
}

int32_t
rrn_yaml_dims(const rrn_yaml *list, const char *what, int64_t least, rrn_binds *binds,
              rrn_shape *ret_shape, rramnas_error *err)
{
  const rrn_yaml *entry;
  rrn_shape shape = { .rank = 0 };

  if (list->kind != RRN_YAML_SEQUENCE)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, list->where, "%s is %s, expected a list of numbers", what,
                       rrn_yaml_kind_name(list));
  if (list->n_children > RRAMNAS_MAX_RANK)
    return rrn_fail_at(err, RRAMNAS_ERR_LIMIT, list->where, "%s has %zu entries, the limit is %d", what,
                       list->n_children, RRAMNAS_MAX_RANK);
  for (entry = list->child; entry; entry = entry->next)
    RRN_TRY(read_dim(entry, what, least, binds, &shape.dims[shape.rank++], err));
  *ret_shape = shape;
  return RRAMNAS_OK;
}

static int32_t
read_list(const rrn_yaml *value, rrn_binds *binds, rrn_attrs *a, rramnas_error *err)
{
  rrn_shape list = { 0 };

  RRN_TRY(rrn_yaml_dims(value, value->key, -MAX_DIM, binds, &list, err));
  memcpy(a->dims, list.dims, sizeof(a->dims));
  a->n_dims = list.rank;
  return RRAMNAS_OK;
}

static int32_t
read_value(const rrn_yaml *value, const rrn_key *key, int32_t n_spatial, rrn_binds *binds,
           rrn_build *b, rramnas_error *err)
{
  int64_t number = 0;
  int32_t flag = 0;

  switch (key->type) {
  case RRN_KEY_BOOL:
    return read_bool(value, field(b, key), err);
  case RRN_KEY_INVERTED:
    RRN_TRY(read_bool(value, &flag, err));
    *(int32_t *)field(b, key) = !flag;
    return RRAMNAS_OK;
  case RRN_KEY_AXIS:
    RRN_TRY(rrn_yaml_int(value, key->name, -RRAMNAS_MAX_RANK, RRAMNAS_MAX_RANK, &number, err));
    *(int32_t *)field(b, key) = (int32_t)number;
    return RRAMNAS_OK;
  case RRN_KEY_COUNT:
    return rrn_yaml_int(value, key->name, 1, MAX_DIM, field(b, key), err);
  case RRN_KEY_REAL:
    return rrn_yaml_double(value, key->name, -DBL_MAX, DBL_MAX, field(b, key), err);
  case RRN_KEY_WINDOW:
    return read_window(value, n_spatial, field(b, key), err);
  case RRN_KEY_PAD:
    return read_pad(value, n_spatial, b, err);
  case RRN_KEY_DIMS:
  default:
    return read_list(value, binds, &b->attrs, err);
  }
}

int32_t
rrn_yaml_attribute(const rrn_yaml *value, int32_t n_spatial, rrn_binds *binds, rrn_build *b,
                   rramnas_error *err)
{
  const rrn_key *const *key;

  for (key = rrn_keys_of(b->op); *key; key++)
    if (strcmp((*key)->name, value->key) == 0)
      return read_value(value, *key, n_spatial, binds, b, err);
  return RRAMNAS_ERR_NOT_FOUND;
}
