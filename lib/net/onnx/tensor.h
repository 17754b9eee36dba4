/* SPDX-License-Identifier: MIT */
/* TensorProto: its shape, and the elements of small ones. */
#ifndef RRN_NET_ONNX_TENSOR_H
#define RRN_NET_ONNX_TENSOR_H

#include "net/onnx/wire.h"
#include "net/shape.h"
#include "util/arena.h"

enum {
  RRN_ONNX_MAX_FOLD = 1024,           /* elements of a tensor whose values are looked at */
  RRN_ONNX_MAX_FOLD_TOTAL = 1 << 22,  /* the same over all tensors of a file */
};

/* TensorProto.DataType, as far as we look at it. */
typedef enum rrn_onnx_type {
  RRN_ONNX_FLOAT = 1,
  RRN_ONNX_UINT8 = 2,
  RRN_ONNX_INT8 = 3,
  RRN_ONNX_UINT16 = 4,
  RRN_ONNX_INT16 = 5,
  RRN_ONNX_INT32 = 6,
  RRN_ONNX_INT64 = 7,
  RRN_ONNX_STRING = 8,
  RRN_ONNX_BOOL = 9,
  RRN_ONNX_FLOAT16 = 10,
  RRN_ONNX_DOUBLE = 11,
  RRN_ONNX_UINT32 = 12,
  RRN_ONNX_UINT64 = 13,
  RRN_ONNX_BFLOAT16 = 16,
} rrn_onnx_type;

/* TensorProto without its data. */
typedef struct rrn_onnx_tensor {
  rrn_onnx_span body; /* the whole message */
  rrn_onnx_span name;
  rrn_shape shape;
  int32_t type; /* rrn_onnx_type or another value */
  int32_t external;
  int32_t has_raw;
  rrn_onnx_span raw;
  rrn_onnx_span location, offset, length; /* of external data, as text */
} rrn_onnx_tensor;

/* Elements of a small constant. Integers and booleans are kept as int64_t, the rest as double. */
typedef struct rrn_onnx_data {
  int32_t type; /* rrn_onnx_type */
  int32_t is_real;
  int32_t n;
  int64_t *i; /* [n], NULL when is_real */
  double *r;  /* [n], NULL unless is_real */
} rrn_onnx_data;

/* Memory for elements, and how many more may be asked for. */
typedef struct rrn_onnx_pool {
  rrn_arena *arena;
  int64_t left;
} rrn_onnx_pool;

/* Decodes a TensorProto; `body` lies inside of the file. The data is not looked at. */
int32_t rrn_onnx_decode_tensor(const rrn_onnx_file *file, rrn_onnx_span body, rrn_onnx_tensor *ret_tensor,
                               rramnas_error *err);

/* 1 when elements of this type can be held as rrn_onnx_data. */
int rrn_onnx_type_folds(int32_t type);

/* Bytes of an element in raw data, 0 for other types. */
int rrn_onnx_type_bytes(int32_t type);

/* n zero elements. ERR_LIMIT when the pool is empty. */
int32_t rrn_onnx_data_new(rrn_onnx_pool *pool, int32_t type, int64_t n, rrn_onnx_data **ret_data, rramnas_error *err);

/* Elements of a tensor; NULL when it is large, external or of a type that does not fold. */
int32_t rrn_onnx_tensor_load(const rrn_onnx_file *file, const rrn_onnx_tensor *tensor, rrn_onnx_pool *pool,
                             const rrn_onnx_data **ret_data, rramnas_error *err);

/* All elements of a tensor of any size as floats, nearest ones where a float does not hold them. `outside`: its external
 * data, already cut out. ERR_PARSE when the file does not hold them, ERR_UNSUPPORTED for other types. */
int32_t rrn_onnx_tensor_floats(const rrn_onnx_file *file, const rrn_onnx_tensor *tensor, rrn_onnx_span outside,
                               float *ret_values, rramnas_error *err);

/* Element k as a number of either kind. */
double rrn_onnx_real(const rrn_onnx_data *data, int64_t k);
int64_t rrn_onnx_int(const rrn_onnx_data *data, int64_t k);

/* Sets element k, brought into the range of the type: integers wrap, reals are rounded. */
void rrn_onnx_set_real(rrn_onnx_data *data, int64_t k, double value);
void rrn_onnx_set_int(rrn_onnx_data *data, int64_t k, int64_t value);

/* Elements of a shape; -1 for more than 2^48 or a negative dimension. */
int64_t rrn_onnx_elements(const rrn_shape *shape);

#endif
