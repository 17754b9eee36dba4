/* SPDX-License-Identifier: MIT */
/* Networks with values, planned, from files of tests/data. After cmocka.h. */
#ifndef RRAMNAS_TESTS_INFER_H
#define RRAMNAS_TESTS_INFER_H

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "infer/infer.h"
#include "util/file.h"

typedef struct planned {
  rramnas_net *net;
  rrn_values *values;
  rrn_infer_plan *plan;
} planned;

static inline const char *
data_path(const char *name, char path[1024])
{
  snprintf(path, 1024, "%s/%s", getenv("RRAMNAS_TEST_DATA"), name);
  return path;
}

static inline void
planned_free(planned *p)
{
  rrn_infer_plan_free(p->plan);
  rrn_values_free(p->values);
  rramnas_net_unref(p->net);
  memset(p, 0, sizeof(*p));
}

/* `name`: an ONNX file below tests/data. */
static inline int32_t
planned_onnx(const char *name, const rramnas_runtime *runtime, planned *ret, rramnas_error *err)
{
  char path[1024], folder[1024];
  rrn_file file;
  int32_t status;

  memset(ret, 0, sizeof(*ret));
  strcpy(folder, data_path(name, path));
  *strrchr(folder, '/') = 0;
  status = rrn_file_open(&file, path, UINT64_MAX, err);
  if (status < 0)
    return status;
  status = rrn_net_import_onnx_values(file.data, file.size, path, folder, NULL, 0, runtime, &ret->net, &ret->values,
                                      err);
  rrn_file_close(&file);
  if (status >= 0)
    status = rrn_infer_plan_new(ret->values, runtime, &ret->plan, err);
  if (status < 0)
    planned_free(ret);
  return status;
}

/* Floats of a file below tests/data, little-endian. */
static inline float *
read_floats(const char *name, size_t *ret_n)
{
  char path[1024];
  FILE *file = fopen(data_path(name, path), "rb");
  size_t room = 1 << 22, n;
  float *values = malloc(room * sizeof(*values));

  assert_non_null(file);
  assert_non_null(values);
  n = fread(values, sizeof(*values), room, file);
  fclose(file);
  *ret_n = n;
  return values;
}

#endif
