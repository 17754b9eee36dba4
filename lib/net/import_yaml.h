/* SPDX-License-Identifier: MIT */
/* The two halves of the YAML reader: the document and the attributes of a node. */
#ifndef RRN_NET_IMPORT_YAML_H
#define RRN_NET_IMPORT_YAML_H

#include "net/build.h"
#include "net/import.h"
#include "util/yaml.h"

/* A list of dimensions; each a number >= `least` or a symbol that has a value in `binds`. */
int32_t rrn_yaml_dims(const rrn_yaml *list, const char *what, int64_t least, rrn_binds *binds,
                      rrn_shape *ret_shape, rramnas_error *err);

/* Reads one attribute. ERR_NOT_FOUND, without a message, when the operator has no such key. `n_spatial` is how many
 * entries a window has. */
int32_t rrn_yaml_attribute(const rrn_yaml *value, int32_t n_spatial, rrn_binds *binds, rrn_build *b,
                           rramnas_error *err);

#endif
