/* SPDX-License-Identifier: MIT */
#include "net/import.h"

int32_t
rrn_net_import_onnx(const void *data, size_t size, const char *name, const rramnas_net_options *options,
                    const rramnas_runtime *runtime, rramnas_net **ret_net, rramnas_error *err)
{
  (void)data;
  (void)size;
  (void)options;
  (void)runtime;
  (void)ret_net;
  return rrn_fail(err, RRAMNAS_ERR_UNSUPPORTED, "%s: this build does not read ONNX", name);
}
