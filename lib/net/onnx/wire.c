/* SPDX-License-Identifier: MIT */
/* Protobuf wire format, bounded.
 *
 * In: a span of the file that holds one message. Out: its fields in file order.
 * Why it is right: every read compares with the end of the enclosing message before it looks, and every
 * payload handed out lies inside that message, so a nested message can never reach beyond its parent. A
 * reader only moves forward and each step takes at least one byte, so reading is linear in the span.
 * Payloads are not looked at: the weights of a mapped file are never paged in.
 * Groups (wire types 3 and 4), which the format has deprecated, are refused: skipping them needs nesting. */
#include "net/onnx/wire.h"

#include <string.h>

rrn_place
rrn_onnx_place(const rrn_onnx_file *file, const char *at)
{
  rrn_place where = { file->name, 0, 0, at - file->bytes.data };

  return where;
}

rrn_onnx_reader
rrn_onnx_read(const rrn_onnx_file *file, rrn_onnx_span message)
{
  rrn_onnx_reader reader = { file, message.data, message.data + message.length };

  return reader;
}

static int32_t
read_varint(rrn_onnx_reader *r, uint64_t *ret_value, rramnas_error *err)
{
  const char *start = r->at;
  uint64_t value = 0;
  int shift;

  for (shift = 0; shift < 70; shift += 7) {
    unsigned byte;

    if (r->at == r->end)
      return rrn_fail_at(err, RRAMNAS_ERR_PARSE, rrn_onnx_place(r->file, start),
                         "the message ends inside of a number (varint)");
    byte = (unsigned char)*r->at++;
    if (shift == 63 && byte > 1)
      break;
    value |= (uint64_t)(byte & 0x7f) << shift;
    if (byte < 0x80) {
      *ret_value = value;
      return RRAMNAS_OK;
    }
  }
  return rrn_fail_at(err, RRAMNAS_ERR_PARSE, rrn_onnx_place(r->file, start), "number (varint) of more than 64 bits");
}

static int32_t
read_fixed(rrn_onnx_reader *r, size_t width, uint64_t *ret_value, rramnas_error *err)
{
  uint64_t value = 0;
  size_t i;

  if ((size_t)(r->end - r->at) < width)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, rrn_onnx_place(r->file, r->at),
                       "the message ends inside of a number of %zu bytes", width);
  for (i = 0; i < width; i++)
    value |= (uint64_t)(unsigned char)r->at[i] << (8 * i);
  r->at += width;
  *ret_value = value;
  return RRAMNAS_OK;
}

static int32_t
read_bytes(rrn_onnx_reader *r, rrn_onnx_span *ret_bytes, rramnas_error *err)
{
  const char *start = r->at;
  uint64_t length;

  RRN_TRY(read_varint(r, &length, err));
  if (length > (uint64_t)(r->end - r->at))
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, rrn_onnx_place(r->file, start),
                       "field of %llu bytes in a message with %llu bytes left", (unsigned long long)length,
                       (unsigned long long)(r->end - r->at));
  ret_bytes->data = r->at;
  ret_bytes->length = (size_t)length;
  r->at += length;
  return RRAMNAS_OK;
}

static int32_t
read_payload(rrn_onnx_reader *r, rrn_onnx_field *field, rramnas_error *err)
{
  switch (field->wire) {
  case RRN_ONNX_VARINT:
    return read_varint(r, &field->value, err);
  case RRN_ONNX_FIXED64:
    return read_fixed(r, 8, &field->value, err);
  case RRN_ONNX_BYTES:
    return read_bytes(r, &field->bytes, err);
  case RRN_ONNX_FIXED32:
    return read_fixed(r, 4, &field->value, err);
  default:
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, rrn_onnx_place(r->file, field->at),
                       "wire type %u, expected 0, 1, 2 or 5: not an ONNX file or damaged", field->wire);
  }
}

int32_t
rrn_onnx_next(rrn_onnx_reader *r, rrn_onnx_field *ret_field, rramnas_error *err)
{
  rrn_onnx_field field = { 0, 0, 0, { r->at, 0 }, r->at };
  uint64_t tag;

  if (r->at == r->end)
    return 0;
  RRN_TRY(read_varint(r, &tag, err));
  if (tag > UINT32_MAX || tag >> 3 == 0)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, rrn_onnx_place(r->file, field.at),
                       "field number %llu is not allowed: not an ONNX file or damaged", (unsigned long long)(tag >> 3));
  field.number = (uint32_t)(tag >> 3);
  field.wire = (uint32_t)(tag & 7);
  RRN_TRY(read_payload(r, &field, err));
  *ret_field = field;
  return 1;
}

int32_t
rrn_onnx_expect(const rrn_onnx_reader *r, const rrn_onnx_field *field, rrn_onnx_wire wire, const char *what,
                rramnas_error *err)
{
  if (field->wire == (uint32_t)wire)
    return RRAMNAS_OK;
  return rrn_fail_at(err, RRAMNAS_ERR_PARSE, rrn_onnx_place(r->file, field->at), "%s has wire type %u, expected %d",
                     what, field->wire, (int)wire);
}

int32_t
rrn_onnx_next_packed(rrn_onnx_reader *r, rrn_onnx_wire wire, uint64_t *ret_value, rramnas_error *err)
{
  if (r->at == r->end)
    return 0;
  if (wire == RRN_ONNX_VARINT)
    RRN_TRY(read_varint(r, ret_value, err));
  else
    RRN_TRY(read_fixed(r, wire == RRN_ONNX_FIXED64 ? 8 : 4, ret_value, err));
  return 1;
}

int
rrn_onnx_is(rrn_onnx_span span, const char *text)
{
  return span.length == strlen(text) && memcmp(span.data, text, span.length) == 0;
}

rrn_onnx_text
rrn_onnx_quote(rrn_onnx_span span)
{
  const size_t room = sizeof(((rrn_onnx_text *)0)->text) - 4;
  rrn_onnx_text quote;
  size_t n = span.length <= room ? span.length : room;

  /* A cut must not leave half a character behind. */
  if (n < span.length)
    while (n > 0 && ((unsigned char)span.data[n] & 0xc0) == 0x80)
      n--;
  if (n)
    memcpy(quote.text, span.data, n);
  memcpy(quote.text + n, n < span.length ? "..." : "", n < span.length ? 4 : 1);
  return quote;
}
