/* SPDX-License-Identifier: MIT */
/* Reading the ONNX models of tests/data/onnx. */
#ifndef RRAMNAS_TESTS_ONNX_H
#define RRAMNAS_TESTS_ONNX_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/import.h"
#include "util/file.h"

/* Opens tests/data/onnx/NAME; ends the test program when it is not there. */
static inline rrn_file
onnx_open(const char *name)
{
  const char *folder = getenv("RRAMNAS_TEST_DATA");
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char path[4096];
  rrn_file file;

  snprintf(path, sizeof(path), "%s/onnx/%s", folder ? folder : "tests/data", name);
  if (rrn_file_open(&file, path, UINT64_MAX, &err) < 0) {
    fprintf(stderr, "%s\n", err.message);
    exit(1);
  }
  return file;
}

/* Imports it under the name "net.onnx" with height and width bound to 16 when `bound`. */
static inline int32_t
onnx_import(const char *name, int bound, const rramnas_runtime *runtime, rramnas_net **ret_net, rramnas_error *err)
{
  const rramnas_bind binds[] = { { "height", 16 }, { "width", 16 } };
  rrn_binds bound_values = { 0 };
  rrn_file file = onnx_open(name);
  int32_t status;

  bound_values.binds = binds;
  bound_values.n = bound ? 2 : 0;
  status = rrn_net_import_onnx(file.data, file.size, "net.onnx", &bound_values, runtime, ret_net, err);
  rrn_file_close(&file);
  return status;
}

/* Tensor of the net by name, NULL when there is none. */
static inline const rrn_tensor *
onnx_tensor(const rramnas_net *net, const char *name)
{
  size_t i;

  for (i = 0; i < net->n_tensors; i++)
    if (strcmp(net->tensors[i].name, name) == 0)
      return &net->tensors[i];
  return NULL;
}

/* "1 3 16 16" */
static inline const char *
onnx_dims(const int64_t *dims, int32_t rank, char *buffer, size_t size)
{
  size_t used = 0;
  int32_t d;

  buffer[0] = '\0';
  for (d = 0; d < rank && used < size; d++)
    used += (size_t)snprintf(buffer + used, size - used, "%s%lld", d ? " " : "", (long long)dims[d]);
  return buffer;
}

#endif
