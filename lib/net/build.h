/* SPDX-License-Identifier: MIT */
/* Nodes from their attributes: defaults, implied weights and shapes are filled in. The public builder, the YAML
 * format and the generators all come through here. */
#ifndef RRN_NET_BUILD_H
#define RRN_NET_BUILD_H

#include "net/shape.h"

typedef struct rrn_build {
  int32_t op;
  const char *name;
  const char *source_op;  /* NULL = rramnas_op_name(op) */
  const int32_t *inputs;
  int32_t n_inputs;
  int64_t out_channels;   /* CONV, GEMM, MATMUL: > 0 adds a constant weight as input 1; 0 = it is among the inputs */
  int32_t no_bias;        /* with out_channels: 1 = no constant bias as input 2 */
  rrn_auto_pad pad_mode;
  rrn_attrs attrs;
} rrn_build;

/* What an operator does when nothing is said. */
void rrn_build_init(rrn_build *b, int32_t op);

/* Adds the node with its implied constants; the net is as before when it fails. Completes b->attrs and b->inputs,
 * which saves copies: networks are built by the thousand during a search. */
int32_t rrn_net_build(rramnas_net *net, rrn_build *b, int32_t *ret_tensor, rramnas_error *err);

/* Output shape of an operator on tensors of the net; completes `attrs` (padding, axes). ERR_ARGUMENT for a wrong
 * number of inputs, ERR_UNSUPPORTED for operators whose shape does not follow from rrn_attrs. */
int32_t rrn_net_infer(const rramnas_net *net, const rrn_build *b, rrn_attrs *attrs, rrn_shape *ret_out,
                      rramnas_error *err);

#endif
