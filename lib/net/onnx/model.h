/* SPDX-License-Identifier: MIT */
/* An ONNX file as structs that point into it: names and weights are spans, nothing is copied. */
#ifndef RRN_NET_ONNX_MODEL_H
#define RRN_NET_ONNX_MODEL_H

#include "net/import.h"
#include "net/onnx/map.h"
#include "net/onnx/tensor.h"

enum {
  RRN_ONNX_MIN_OPSET = 9,
  RRN_ONNX_MAX_OPSET = 20,
  RRN_ONNX_MAX_VALUES = RRN_NET_MAX_TENSORS, /* named values: inputs, initialisers, outputs of nodes */
  RRN_ONNX_MAX_LINKS = 1 << 23,              /* inputs of all nodes together */
};

/* NodeProto. Inputs and outputs are values, -1 = left out. */
typedef struct rrn_onnx_node {
  rrn_onnx_span body;
  rrn_onnx_span op_type, name, domain;
  int32_t n_inputs, n_outputs;
  int32_t *inputs;
  int32_t *outputs;
} rrn_onnx_node;

/* AttributeProto. */
typedef struct rrn_onnx_attr {
  rrn_onnx_span body;
  rrn_onnx_span name;
  int32_t has; /* bits 1 << field number of the fields that are there */
  float f;
  int64_t i;
  rrn_onnx_span s, t;
} rrn_onnx_attr;

/* What a name stands for. */
typedef struct rrn_onnx_value {
  int32_t producer;           /* node, -1 for inputs and initialisers */
  int32_t tensor;             /* in the net, -1 until it is needed there */
  int32_t constant;           /* 1: does not depend on the network's inputs */
  const rrn_shape *shape;     /* NULL until known */
  rrn_onnx_span proto;        /* TensorProto that holds the data, length 0 when there is none */
  int32_t tried;              /* 1: `data` is all that can be had of it as integers or doubles */
  const rrn_onnx_data *data;        /* elements, when small and known */
} rrn_onnx_value;

typedef struct rrn_onnx_model {
  const rrn_onnx_file *file;
  rrn_arena *arena;
  int64_t opset;
  rrn_onnx_span graph;
  rrn_onnx_node *nodes; /* file order */
  int32_t n_nodes;
  rrn_onnx_map names;     /* name -> value */
  rrn_onnx_value *values; /* [names.cap] */
  int32_t *inputs;        /* values, without the initialisers */
  int32_t n_inputs, n_outputs;
  int32_t output;         /* value: the last one */
} rrn_onnx_model;

/* Decodes the file. The spans of `file` outlive the model. Dimensions of inputs are bound with `binds`. */
int32_t rrn_onnx_decode(rrn_onnx_model *ret_model, const rrn_onnx_file *file, rrn_binds *binds,
                        rrn_arena *arena, rramnas_error *err);

/* Attribute of a node by name: 1, 0 when it is not there, or an error. */
int32_t rrn_onnx_attr_find(const rrn_onnx_file *file, const rrn_onnx_node *node, const char *name,
                           rrn_onnx_attr *ret_attr, rramnas_error *err);

/* Name of a value for messages. */
rrn_onnx_text rrn_onnx_value_name(const rrn_onnx_model *model, int32_t value);

#endif
