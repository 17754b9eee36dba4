/* SPDX-License-Identifier: MIT */
/* YAML (and so JSON) as a small tree with places. libyaml does the scanning; this bounds it: no aliases or
 * tags, one document, limits on depth, nodes and keys of a mapping, no duplicate keys, valid UTF-8. */
#ifndef RRN_UTIL_YAML_H
#define RRN_UTIL_YAML_H

#include "util/arena.h"

enum { RRN_YAML_MAX_DEPTH = 32, RRN_YAML_MAX_NODES = 1 << 20, RRN_YAML_MAX_KEYS = 1024, RRN_YAML_MAX_BYTES = 1 << 24 };

typedef enum rrn_yaml_kind { RRN_YAML_SCALAR, RRN_YAML_SEQUENCE, RRN_YAML_MAPPING } rrn_yaml_kind;

typedef struct rrn_yaml {
  rrn_yaml_kind kind;
  int quoted;               /* scalar in quotes: text even where a number would read */
  const char *text;         /* scalar: zero-terminated */
  size_t length;            /* scalar: bytes */
  const char *key;          /* name under which the parent mapping holds this node, NULL otherwise */
  rrn_place where;          /* of the value */
  rrn_place key_where;      /* of the key */
  struct rrn_yaml *child;   /* first child of a sequence or mapping, in file order */
  struct rrn_yaml *next;    /* next sibling */
  size_t n_children;
} rrn_yaml;

/* Parses one document into `arena`; `name` must live as long as the tree. An empty document is a mapping
 * without children. ERR_PARSE, ERR_LIMIT, ERR_MEMORY with line and column. */
int32_t rrn_yaml_parse(rrn_arena *arena, const char *data, size_t size, const char *name, rrn_yaml **ret_root,
                       rramnas_error *err);

/* Child of a mapping by key, NULL when there is none. */
const rrn_yaml *rrn_yaml_get(const rrn_yaml *mapping, const char *key);

/* Scalar as a number in [min, max]; a failure names `what`. */
int32_t rrn_yaml_int(const rrn_yaml *node, const char *what, int64_t min, int64_t max, int64_t *ret_value,
                     rramnas_error *err);
int32_t rrn_yaml_double(const rrn_yaml *node, const char *what, double min, double max, double *ret_value,
                        rramnas_error *err);

/* ERR_PARSE when `node`, called `what`, is of another kind. */
int32_t rrn_yaml_expect(const rrn_yaml *node, rrn_yaml_kind kind, const char *what, rramnas_error *err);

/* ERR_PARSE for a key that is not in `known`, a list that ends with NULL. */
int32_t rrn_yaml_check_keys(const rrn_yaml *mapping, const char *const *known, rramnas_error *err);

/* "a scalar", "a sequence", "a mapping": for messages. */
const char *rrn_yaml_kind_name(const rrn_yaml *node);

#endif
