/* SPDX-License-Identifier: MIT */
/* Values of a network's constants, beside the graph that only knows their shapes. */
#ifndef RRN_NET_VALUES_H
#define RRN_NET_VALUES_H

#include "net/graph.h"

/* Batch normalisation of one node, each [channels]. */
typedef struct rrn_norm {
  const float *gamma, *beta, *mean, *variance;
} rrn_norm;

typedef struct rrn_values {
  rrn_rt rt;
  rrn_arena arena;
  rramnas_net *net;        /* referenced */
  const float **tensors;   /* [net->n_tensors], each in C order; NULL = not known */
  rrn_norm *norms;         /* [net->n_nodes]; mean NULL = not known, or among the node's inputs */
} rrn_values;

/* Nothing known. */
int32_t rrn_values_new(rramnas_net *net, const rramnas_runtime *runtime, rrn_values **ret_values, rramnas_error *err);
/* NULL is allowed. */
void rrn_values_free(rrn_values *values);

/* Room for a tensor's values, not initialised. */
int32_t rrn_values_add(rrn_values *values, int32_t tensor, float **ret_data, rramnas_error *err);

/* Values that can be computed with: parameters of layers and normalisations are finite, others at least numbers (a mask
 * may be infinite), variances with their epsilon above 0. ERR_RANGE names `file`, the tensor and the element. */
int32_t rrn_values_check(const rrn_values *values, const char *file, rramnas_error *err);
int32_t rrn_values_check_variance(const float *variance, size_t n, double epsilon, const char *file, const char *tensor,
                                  rramnas_error *err);

/* The network and the values of its constants, weights among them. `folder` holds the files of external data; NULL
 * refuses these. ERR_UNSUPPORTED names a constant that only computing would give, ERR_PARSE one without its data. */
int32_t rrn_net_import_onnx_values(const void *data, size_t size, const char *name, const char *folder,
                                   const rramnas_bind *binds, size_t n_binds, const rramnas_runtime *runtime,
                                   rramnas_net **ret_net, rrn_values **ret_values, rramnas_error *err);

/* IEEE binary16 and bfloat16. */
float rrn_float_of_half(uint16_t bits);
float rrn_float_of_bfloat16(uint16_t bits);

#endif
