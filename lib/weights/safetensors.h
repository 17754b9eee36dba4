/* SPDX-License-Identifier: MIT */
/* Files of named tensors in the safetensors format. */
#ifndef RRN_WEIGHTS_SAFETENSORS_H
#define RRN_WEIGHTS_SAFETENSORS_H

#include "net/shape.h"
#include "util/file.h"

enum {
  RRN_SAFETENSORS_MAX_HEADER = 16 << 20, /* bytes */
  RRN_SAFETENSORS_MAX_TENSORS = 1 << 17
};

typedef struct rrn_safetensor {
  const char *name; /* UTF-8 */
  int32_t type;     /* in the table of safetensors.c */
  rrn_shape shape;
  uint64_t begin, end; /* bytes behind the header */
} rrn_safetensor;

typedef struct rrn_safetensors {
  rrn_rt rt;
  rrn_arena arena;
  rrn_file file;         /* mapped by rrn_safetensors_open() */
  const char *path;      /* for messages */
  const uint8_t *data;   /* behind the header */
  rrn_safetensor *tensors; /* [n], by name */
  size_t n;
} rrn_safetensors;

/* Maps the file and reads its header. ERR_PARSE, ERR_LIMIT with the byte where the header is wrong. */
int32_t rrn_safetensors_open(const char *path, const rramnas_runtime *runtime, rrn_safetensors **ret_file,
                             rramnas_error *err);
/* The same on bytes that outlive it; `name` for messages. */
int32_t rrn_safetensors_parse(const void *data, size_t size, const char *name, const rramnas_runtime *runtime,
                              rrn_safetensors **ret_file, rramnas_error *err);
/* NULL is allowed. */
void rrn_safetensors_free(rrn_safetensors *file);

/* NULL when there is no such tensor. */
const rrn_safetensor *rrn_safetensors_find(const rrn_safetensors *file, const char *name);
/* ERR_NOT_FOUND names what is missing. */
int32_t rrn_safetensors_need(const rrn_safetensors *file, const char *name, const rrn_safetensor **ret_tensor,
                             rramnas_error *err);

/* n elements from number `first` on, as floats; they must be there. ERR_UNSUPPORTED for types other than F64, F32, F16,
 * BF16. */
int32_t rrn_safetensors_read(const rrn_safetensors *file, const rrn_safetensor *tensor, size_t first, size_t n,
                             float *ret_values, rramnas_error *err);

#endif
