/* SPDX-License-Identifier: MIT */
/* The network graph as all modules see it: tensors, nodes in topological order, and the layers (nodes with
 * weights) derived from them. Everything lives in the net's arena. */
#ifndef RRN_NET_GRAPH_H
#define RRN_NET_GRAPH_H

#include <stdatomic.h>

#include "util/arena.h"

/* Limits on graphs from files: far above any real network, low enough that no input exhausts memory. */
enum { RRN_NET_MAX_NODES = 1 << 20, RRN_NET_MAX_TENSORS = 1 << 21 };

typedef enum rrn_tensor_kind {
  RRN_TENSOR_ACTIVATION, /* network input or output of a node */
  RRN_TENSOR_CONSTANT,   /* weight or parameter */
} rrn_tensor_kind;

typedef struct rrn_tensor {
  const char *name;   /* UTF-8 */
  int32_t kind;       /* rrn_tensor_kind */
  int32_t producer;   /* node, -1 for inputs and constants */
  int32_t rank;
  int64_t dims[RRAMNAS_MAX_RANK];
} rrn_tensor;

/* Attributes of all operators; what an operator does not use is 0. For CONV and pools entries beyond
 * n_spatial are 1 (kernel, stride, dilation) or 0 (pad). */
typedef struct rrn_attrs {
  int32_t n_spatial;
  int64_t kernel[RRAMNAS_MAX_SPATIAL];
  int64_t stride[RRAMNAS_MAX_SPATIAL];
  int64_t dilation[RRAMNAS_MAX_SPATIAL];
  int64_t pad[2 * RRAMNAS_MAX_SPATIAL]; /* begins, then ends */
  int64_t groups;
  int32_t ceil_mode;
  int32_t count_include_pad; /* AVERAGE_POOL */
  int32_t axis;              /* normalised to [0, rank) */
  int32_t keep_dims;
  int32_t trans_a, trans_b;  /* GEMM */
  int32_t approximate;       /* GELU: by tanh */
  int32_t training;          /* BATCH_NORM: by statistics of the batch */
  int64_t dims[RRAMNAS_MAX_RANK]; /* RESHAPE/EXPAND target, TRANSPOSE permutation, axes of REDUCE, ... */
  int32_t n_dims;
  double number[4]; /* CLIP min, max; HARD_SIGMOID alpha, beta; BATCH_NORM/LAYER_NORM epsilon; GEMM alpha, beta */
} rrn_attrs;

typedef struct rrn_node {
  int32_t op;             /* enum rramnas_op */
  const char *name;       /* UTF-8, never empty */
  const char *source_op;  /* as the file spells it ("LeakyRelu"); rramnas_op_name(op) when built */
  int32_t n_inputs, n_outputs;
  const int32_t *inputs;  /* tensors; -1 = optional input left out */
  const int32_t *outputs; /* tensors */
  rrn_attrs attrs;
  int32_t layer;          /* index in layers, -1 for nodes without weights */
} rrn_node;

/* Layers whose results a layer waits for: its nearest ancestors among the layers of the same kind. */
typedef struct rrn_layer_deps {
  int32_t n;
  const int32_t *layers; /* ascending */
} rrn_layer_deps;

struct rramnas_net {
  atomic_int references;
  rrn_rt rt;
  rrn_arena arena;
  const char *name;
  int32_t finished;
  int32_t output;    /* tensor that the file names as its only output; -1 = not said: the one that no node reads */
  rrn_tensor *tensors;
  size_t n_tensors, cap_tensors;
  rrn_node *nodes; /* topological order: a node comes after the producers of its inputs */
  size_t n_nodes, cap_nodes;
  /* Derived by rrn_net_finish(): */
  rramnas_layer *layers;  /* [n_layers], in node order */
  size_t n_layers;
  size_t n_mapped;        /* layers with mapped = 1 */
  rrn_layer_deps *deps;   /* [n_layers]: ancestors that are mapped; digital nodes between are looked through */
  const struct rrn_ofa_genome *ofa; /* what it was made from; NULL = it is no member of a once-for-all family */
  int32_t ofa_family;
};

/* --- building: importers, generators and the public builder all go through these --- */

int32_t rrn_net_new(const char *name, const rramnas_runtime *runtime, rramnas_net **ret_net, rramnas_error *err);

/* Room for that many nodes and tensors in one piece; only of use before the first of each is added. */
int32_t rrn_net_reserve(rramnas_net *net, size_t n_nodes, size_t n_tensors, rramnas_error *err);

/* Copies name and dims. ERR_RANGE for dims outside 1..2^31-1 or an element count over 2^48 (constants may
 * have dims of 0), ERR_LIMIT for too many tensors. */
int32_t rrn_net_add_tensor(rramnas_net *net, rrn_tensor_kind kind, const char *name, const int64_t *dims, int32_t rank,
                           int32_t *ret_tensor, rramnas_error *err);

/* A constant whose name is made of two parts, e.g. of its node's name and ".weight". */
int32_t rrn_net_add_constant(rramnas_net *net, const char *name, const char *suffix, const int64_t *dims, int32_t rank,
                             int32_t *ret_tensor, rramnas_error *err);

/* A node whose output shapes the caller knows: `out_dims` is [n_outputs][RRAMNAS_MAX_RANK], `out_ranks`
 * [n_outputs]; inputs must exist. Copies everything. Output tensors get `out_names` (entries may be NULL). */
typedef struct rrn_node_desc {
  int32_t op;
  const char *name, *source_op;
  int32_t n_inputs, n_outputs;
  const int32_t *inputs;
  const char *const *out_names;
  const rrn_attrs *attrs;
  const int64_t (*out_dims)[RRAMNAS_MAX_RANK];
  const int32_t *out_ranks;
} rrn_node_desc;

int32_t rrn_net_add_node_raw(rramnas_net *net, const rrn_node_desc *desc, int32_t *ret_outputs, rramnas_error *err);

/* Derives layers and their dependencies and makes the net immutable. Conv, Gemm and MatMul must have their
 * weight or second operand as input 1 (a builder adds it as a constant tensor). ERR_SHAPE, ERR_RANGE,
 * ERR_LIMIT (dependencies), ERR_MEMORY. */
int32_t rrn_net_finish(rramnas_net *net, rramnas_error *err);

/* How many first results of nodes no node reads, and the last of them, -1 where there is none. */
int32_t rrn_net_unread(const rramnas_net *net, rrn_arena *scratch, int32_t *ret_n, int32_t *ret_tensor,
                       rramnas_error *err);

/* Elements of a tensor; at most 2^48 by construction. */
int64_t rrn_tensor_elements(const rrn_tensor *tensor);

#endif
