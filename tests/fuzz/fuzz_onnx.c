/* SPDX-License-Identifier: MIT */
/* Any bytes as an ONNX file: an error or a network, never a crash, and memory in proportion to the input. */
#include <stdint.h>
#include <stdlib.h>

#include "net/import.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  const rramnas_bind binds[] = { { "height", 16 }, { "width", 16 } };
  rrn_binds bound_values = { 0 };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;
  int32_t status;

  bound_values.binds = binds;
  bound_values.n = 2;
  status = rrn_net_import_onnx(data, size, "fuzz.onnx", &bound_values, NULL, &net, &err);
  /* A failure explains itself and leaves no network; a success leaves one. */
  if ((status < 0) != (net == NULL) || (status < 0 && (err.code != status || err.message[0] == '\0')))
    abort();
  rramnas_net_unref(net);
  return 0;
}
