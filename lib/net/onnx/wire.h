/* SPDX-License-Identifier: MIT */
/* Reader for the protobuf wire format: fields of a message one after another, as numbers and as spans of
 * the caller's buffer. Nothing is copied or allocated. */
#ifndef RRN_NET_ONNX_WIRE_H
#define RRN_NET_ONNX_WIRE_H

#include "util/error.h"

/* Bytes of the file; length 0 = absent or empty, which protobuf does not tell apart. */
typedef struct rrn_onnx_span {
  const char *data;
  size_t length;
} rrn_onnx_span;

/* The whole file, for places in messages. */
typedef struct rrn_onnx_file {
  const char *name;
  rrn_onnx_span bytes;
} rrn_onnx_file;

typedef enum rrn_onnx_wire {
  RRN_ONNX_VARINT = 0,
  RRN_ONNX_FIXED64 = 1,
  RRN_ONNX_BYTES = 2,
  RRN_ONNX_FIXED32 = 5,
} rrn_onnx_wire;

typedef struct rrn_onnx_field {
  uint32_t number;
  uint32_t wire;       /* rrn_onnx_wire */
  uint64_t value;      /* varint or fixed */
  rrn_onnx_span bytes; /* RRN_ONNX_BYTES: the payload */
  const char *at;      /* first byte of the tag */
} rrn_onnx_field;

typedef struct rrn_onnx_reader {
  const rrn_onnx_file *file;
  const char *at, *end;
} rrn_onnx_reader;

rrn_onnx_reader rrn_onnx_read(const rrn_onnx_file *file, rrn_onnx_span message);

/* 1 and the next field, 0 at the end of the message, ERR_PARSE when it is malformed. */
int32_t rrn_onnx_next(rrn_onnx_reader *reader, rrn_onnx_field *ret_field, rramnas_error *err);

/* ERR_PARSE unless the field has this wire type; `what` names it. */
int32_t rrn_onnx_expect(const rrn_onnx_reader *reader, const rrn_onnx_field *field, rrn_onnx_wire wire,
                        const char *what, rramnas_error *err);

/* Next element of a repeated scalar that may be packed (payload `reader`) of the given wire type: 1, 0 at
 * the end, ERR_PARSE. */
int32_t rrn_onnx_next_packed(rrn_onnx_reader *reader, rrn_onnx_wire wire, uint64_t *ret_value, rramnas_error *err);

/* Place of a byte of the file. */
rrn_place rrn_onnx_place(const rrn_onnx_file *file, const char *at);

int rrn_onnx_is(rrn_onnx_span span, const char *text);

/* Text for messages: zero-terminated, cut at 80 bytes. */
typedef struct rrn_onnx_text {
  char text[84];
} rrn_onnx_text;
rrn_onnx_text rrn_onnx_quote(rrn_onnx_span span);

#endif
