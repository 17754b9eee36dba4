/* SPDX-License-Identifier: MIT */
/* Computing with small constants: the arithmetic on shapes that exporters leave in the graph. */
#ifndef RRN_NET_ONNX_FOLD_H
#define RRN_NET_ONNX_FOLD_H

#include "net/onnx/ops.h"

/* Elements of output 0 of a node on constants whose handler has run; NULL when they are not computed: too
 * many, of unknown inputs, or of an operator that shapes are not computed with. */
int32_t rrn_onnx_fold(rrn_onnx_call *call, const rrn_onnx_data **ret_data, rramnas_error *err);

#endif
