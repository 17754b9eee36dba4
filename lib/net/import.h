/* SPDX-License-Identifier: MIT */
/* One function per source of networks; each returns a finished net. */
#ifndef RRN_NET_IMPORT_H
#define RRN_NET_IMPORT_H

#include "net/graph.h"
#include "util/writer.h"

/* Values for symbolic dimensions, and which of them a file asked for. */
enum { RRN_MOST_BINDS = 64 };

typedef struct rrn_binds {
  const rramnas_bind *binds; /* [n], n <= RRN_MOST_BINDS */
  size_t n;
  uint64_t used; /* bit i: bind i was asked for */
} rrn_binds;

/* `name` is the file's path for messages; its base name without extension names the net when the file does not. */
int32_t rrn_net_import_onnx(const void *data, size_t size, const char *name, rrn_binds *binds,
                            const rramnas_runtime *runtime, rramnas_net **ret_net, rramnas_error *err);

int32_t rrn_net_import_yaml(const char *data, size_t size, const char *name, rrn_binds *binds,
                            const rramnas_runtime *runtime, rramnas_net **ret_net, rramnas_error *err);

/* The YAML that rrn_net_import_yaml() reads back as an equal network. */
int32_t rrn_net_export_yaml(const rramnas_net *net, rrn_writer *w, rramnas_error *err);

/* See rramnas_net_create_ofa_mobilenet_v3_small() and .._from_genome(). */
int32_t rrn_net_ofa(const int32_t *kernel_sizes, const int32_t *expansions, const int32_t *depths,
                    const rramnas_runtime *runtime, rramnas_net **ret_net, rramnas_error *err);
int32_t rrn_net_ofa_genome(const char *data, size_t size, const char *name, const rramnas_runtime *runtime,
                           rramnas_net **ret_net, rramnas_error *err);

/* An empty net named `given`, or for NULL after the file. */
int32_t rrn_net_new_for_file(const char *given, const char *path, const rramnas_runtime *runtime,
                             rramnas_net **ret_net, rramnas_error *err);

/* Value of a symbolic dimension: a bind of that name, else 1 for "batch", "batch_size", "N"; 0 when unbound. */
int64_t rrn_net_bound_value(rrn_binds *binds, const char *symbol, size_t length);

#endif
