/* SPDX-License-Identifier: MIT */
/* What the constants of an imported network hold. */
#ifndef RRN_NET_ONNX_VALUES_H
#define RRN_NET_ONNX_VALUES_H

#include "net/onnx/model.h"
#include "net/values.h"

/* `model` after its import into `net`. See rrn_net_import_onnx_values(). */
int32_t rrn_onnx_values(const rrn_onnx_model *model, rramnas_net *net, const char *folder,
                        const rramnas_runtime *runtime, rrn_values **ret_values, rramnas_error *err);

#endif
