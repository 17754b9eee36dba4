/* SPDX-License-Identifier: MIT */
/* Writes ONNX files of plain convolution chains with their weights inside, of any size: enough of protobuf for
 * ModelProto, GraphProto, NodeProto, TensorProto and ValueInfoProto. */
#ifndef RRAMNAS_TESTS_ONNX_WRITE_H
#define RRAMNAS_TESTS_ONNX_WRITE_H

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct onnx_bytes {
  unsigned char *data;
  size_t n, cap;
} onnx_bytes;

static inline void
onnx_raw(onnx_bytes *b, const void *data, size_t n)
{
  if (b->n + n > b->cap) {
    b->cap = 2 * (b->n + n);
    b->data = realloc(b->data, b->cap);
    if (!b->data)
      abort();
  }
  if (data)
    memcpy(b->data + b->n, data, n);
  else
    memset(b->data + b->n, 0x3c, n);
  b->n += n;
}

static inline void
onnx_varint(onnx_bytes *b, uint64_t value)
{
  do {
    unsigned char c = (unsigned char)(value & 0x7f);

    value >>= 7;
    if (value)
      c |= 0x80;
    onnx_raw(b, &c, 1);
  } while (value);
}

static inline void
onnx_int(onnx_bytes *b, unsigned field, uint64_t value)
{
  onnx_varint(b, field << 3);
  onnx_varint(b, value);
}

static inline void
onnx_field(onnx_bytes *b, unsigned field, const void *data, size_t n)
{
  onnx_varint(b, field << 3 | 2);
  onnx_varint(b, n);
  onnx_raw(b, data, n);
}

static inline void
onnx_text(onnx_bytes *b, unsigned field, const char *text)
{
  onnx_field(b, field, text, strlen(text));
}

static inline void
onnx_part(onnx_bytes *b, unsigned field, onnx_bytes *part)
{
  onnx_field(b, field, part->data, part->n);
  free(part->data);
  memset(part, 0, sizeof(*part));
}

/* ValueInfoProto {name 1, type 2 {tensor_type 1 {elem_type 1, shape 2 {dim 1 {dim_value 1}}}}} */
static inline void
onnx_value(onnx_bytes *graph, unsigned field, const char *name, const int64_t *dims, int rank)
{
  onnx_bytes value = { 0 }, type = { 0 }, tensor = { 0 }, shape = { 0 }, dim = { 0 };
  int i;

  for (i = 0; i < rank; i++) {
    onnx_int(&dim, 1, (uint64_t)dims[i]);
    onnx_part(&shape, 1, &dim);
  }
  onnx_int(&tensor, 1, 1);
  onnx_part(&tensor, 2, &shape);
  onnx_part(&type, 1, &tensor);
  onnx_text(&value, 1, name);
  onnx_part(&value, 2, &type);
  onnx_part(graph, field, &value);
}

/* `layers` 3 x 3 convolutions of `channels` channels, weights (0x3c bytes) in raw_data. */
static inline onnx_bytes
onnx_chain(int layers, int64_t channels)
{
  const int64_t dims[4] = { 1, channels, 64, 64 }, kernel[4] = { channels, channels, 3, 3 };
  onnx_bytes model = { 0 }, graph = { 0 }, node = { 0 }, tensor = { 0 }, opset = { 0 };
  char x[32], y[32], w[32];
  int i, k;

  for (i = 0; i < layers; i++) {
    snprintf(x, sizeof(x), "t%d", i);
    snprintf(y, sizeof(y), "t%d", i + 1);
    snprintf(w, sizeof(w), "w%d", i);
    onnx_text(&node, 1, x);
    onnx_text(&node, 1, w);
    onnx_text(&node, 2, y);
    onnx_text(&node, 4, "Conv");
    onnx_part(&graph, 1, &node);
    for (k = 0; k < 4; k++)
      onnx_int(&tensor, 1, (uint64_t)kernel[k]);
    onnx_int(&tensor, 2, 1);
    onnx_text(&tensor, 8, w);
    onnx_field(&tensor, 9, NULL, (size_t)(channels * channels * 9 * 4));
    onnx_part(&graph, 5, &tensor);
  }
  onnx_text(&graph, 2, "chain");
  onnx_value(&graph, 11, "t0", dims, 4);
  onnx_value(&graph, 12, y, dims, 2);
  onnx_int(&opset, 2, 13);
  onnx_int(&model, 1, 7);
  onnx_part(&model, 8, &opset);
  onnx_part(&model, 7, &graph);
  return model;
}

#endif
