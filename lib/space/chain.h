/* SPDX-License-Identifier: MIT */
/* Networks written down node by node, for the families: each call adds a node behind a tensor and returns its output,
 * or does nothing once a call has failed. */
#ifndef RRN_SPACE_CHAIN_H
#define RRN_SPACE_CHAIN_H

#include "net/import.h"

typedef struct rrn_chain {
  rramnas_net *net;
  int32_t status; /* of the first failure */
  int32_t n_nodes;
  rramnas_error *err;
} rrn_chain;

/* An empty network of one input, [1][channels][side][side]; its tensor. */
int32_t rrn_chain_begin(rrn_chain *c, const char *name, int64_t channels, int64_t side, const rramnas_runtime *runtime,
                        rramnas_error *err);
/* Square kernel, padded to keep the size at stride 1, without bias. */
int32_t rrn_chain_conv(rrn_chain *c, int32_t x, int64_t out, int64_t kernel, int64_t stride);
int32_t rrn_chain_unary(rrn_chain *c, int32_t x, int32_t op);
int32_t rrn_chain_binary(rrn_chain *c, int32_t a, int32_t b, int32_t op);
int32_t rrn_chain_pool(rrn_chain *c, int32_t x, int32_t op, int64_t kernel, int64_t stride, int64_t pad);
int32_t rrn_chain_linear(rrn_chain *c, int32_t x, int64_t out);
/* Hands the network over, or releases it and returns the failure. */
int32_t rrn_chain_end(rrn_chain *c, rramnas_net **ret_net);

#endif
