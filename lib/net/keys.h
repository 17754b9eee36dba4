/* SPDX-License-Identifier: MIT */
/* Attributes of the YAML format: one table that the reader and the writer share. */
#ifndef RRN_NET_KEYS_H
#define RRN_NET_KEYS_H

#include "net/build.h"

typedef enum rrn_key_type {
  RRN_KEY_BOOL,         /* int32_t */
  RRN_KEY_INVERTED,     /* int32_t that is 0 for true */
  RRN_KEY_AXIS,         /* int32_t */
  RRN_KEY_COUNT,        /* int64_t >= 1 */
  RRN_KEY_REAL,         /* double */
  RRN_KEY_WINDOW,       /* int64_t[RRAMNAS_MAX_SPATIAL], >= 1 */
  RRN_KEY_PAD,          /* rrn_attrs.pad and rrn_build.pad_mode */
  RRN_KEY_DIMS,         /* rrn_attrs.dims and n_dims */
} rrn_key_type;

typedef struct rrn_key {
  const char *name;
  rrn_key_type type;
  size_t offset; /* in rrn_build */
} rrn_key;

/* Keys of an operator, ended by NULL. */
enum { RRN_MAX_KEYS = 8 };
const rrn_key *const *rrn_keys_of(int32_t op);

#endif
