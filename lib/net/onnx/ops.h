/* SPDX-License-Identifier: MIT */
/* ONNX operators: one table row and one handler each. A handler turns the shapes of a node's inputs and its
 * attributes into an operator of the graph and the shapes of its outputs. */
#ifndef RRN_NET_ONNX_OPS_H
#define RRN_NET_ONNX_OPS_H

#include "net/onnx/model.h"

enum { RRN_ONNX_MAX_USED = 5 };

/* One node while it is imported. Inputs that are left out are NULL; those that are there have shapes. */
typedef struct rrn_onnx_call {
  const rrn_onnx_model *model;
  const rrn_onnx_node *node;
  rrn_onnx_pool *pool;    /* for elements of constants */
  rrn_arena *scratch;     /* for this node only */
  rrn_onnx_value **in;    /* [n_in] */
  int32_t n_in;
  /* What the handler fills: */
  int32_t op;             /* preset from the table */
  rrn_attrs attrs;        /* zeroed */
  rrn_shape *out;         /* [n_out], zeroed */
  int32_t n_out;
  int32_t constant;       /* 1: the outputs are known whatever the inputs are (Shape) */
  rrn_onnx_span proto;    /* TensorProto that holds output 0 (Constant), length 0 otherwise */
  const rrn_onnx_data *data; /* elements of output 0, when the handler knows them */
  int32_t used[RRN_ONNX_MAX_USED]; /* inputs that the graph's node takes, when n_used > 0 */
  int32_t n_used;
} rrn_onnx_call;

typedef int32_t (*rrn_onnx_handler)(rrn_onnx_call *call, rramnas_error *err);

typedef struct rrn_onnx_op {
  const char *name;
  int32_t op;      /* enum rramnas_op; 0: only on constants */
  int32_t since;   /* first opset that has the operator */
  int32_t until;   /* last one, 0 = still there */
  int32_t n_data;  /* leading inputs that hold data; constants behind them are parameters. 0 = all */
  int32_t min_in, max_in; /* inputs; max 0 = any number */
  rrn_onnx_handler handler;
} rrn_onnx_op;

/* NULL when there is no such operator. */
const rrn_onnx_op *rrn_onnx_op_find(rrn_onnx_span name);

/* --- used by the handlers --- */

int rrn_onnx_has(const rrn_onnx_call *call, int32_t input);
const rrn_shape *rrn_onnx_shape(const rrn_onnx_call *call, int32_t input);

/* Elements of an input; NULL when it is left out, not constant, or too large to be looked at. */
int32_t rrn_onnx_input_data(rrn_onnx_call *call, int32_t input, const rrn_onnx_data **ret_data, rramnas_error *err);
/* The same where the handler cannot do without; `what` names it. */
int32_t rrn_onnx_need_data(rrn_onnx_call *call, int32_t input, const char *what, const rrn_onnx_data **ret_data,
                           rramnas_error *err);

/* Attributes by name; what the file leaves out keeps the value that *ret_ has. */
int32_t rrn_onnx_attr_int(rrn_onnx_call *call, const char *name, int64_t *ret_value, rramnas_error *err);
int32_t rrn_onnx_attr_real(rrn_onnx_call *call, const char *name, double *ret_value, rramnas_error *err);
int32_t rrn_onnx_attr_text(rrn_onnx_call *call, const char *name, rrn_onnx_span *ret_text, rramnas_error *err);
/* A list: *ret_n = -1 when it is left out; ERR_LIMIT for more than `cap`. */
int32_t rrn_onnx_attr_ints(rrn_onnx_call *call, const char *name, int64_t *ret_values, int32_t cap, int32_t *ret_n,
                           rramnas_error *err);
/* A list of integers from an attribute in opsets before `moved`, from a constant input since. *ret_n = -1 when
 * it is left out. */
int32_t rrn_onnx_list(rrn_onnx_call *call, const char *name, int32_t input, int64_t moved, int64_t *ret_values,
                      int32_t cap, int32_t *ret_n, rramnas_error *err);

/* ERR_SHAPE unless `smaller` broadcasts to x without making it larger; `what` names it. */
int32_t rrn_onnx_must_fit(const rrn_shape *x, const rrn_shape *smaller, const char *what, rramnas_error *err);

/* Handlers by file; onnx/ops.c has the table. */
int32_t rrn_onnx_conv(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_gemm(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_matmul(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_pool_op(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_global_pool(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_reduce(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_arg_reduce(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_batch_norm(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_layer_norm(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_channel_norm(rrn_onnx_call *call, rramnas_error *err);

int32_t rrn_onnx_same(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_broadcast(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_sum(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_prelu(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_leaky_relu(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_gelu(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_clip(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_hard_sigmoid(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_softmax(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_dynamic_quantize(rrn_onnx_call *call, rramnas_error *err);

int32_t rrn_onnx_concat(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_flatten(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_reshape(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_transpose(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_slice(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_gather(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_gather_elements(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_gather_nd(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_split(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_pad(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_squeeze(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_unsqueeze(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_expand(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_tile(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_resize(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_depth_space(rrn_onnx_call *call, rramnas_error *err);

int32_t rrn_onnx_constant(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_constant_of_shape(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_shape_op(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_size_op(rrn_onnx_call *call, rramnas_error *err);
int32_t rrn_onnx_range(rrn_onnx_call *call, rramnas_error *err);

#endif
