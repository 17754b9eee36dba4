/* SPDX-License-Identifier: MIT */
/* TensorProto.
 *
 * In: the bytes of one TensorProto. Out: its shape, and on demand the elements of a small one as int64_t or
 * double (which hold every supported type exactly, uint64 beyond 2^63 apart).
 * Decoding steps over the data by its length. Raw data must have exactly the bytes that shape and type
 * promise; data in another file is never opened, but a location outside of the model's folder is refused,
 * since such a file is hostile whoever reads it. */
#include "net/onnx/tensor.h"

#include <math.h>
#include <string.h>

#include "util/ckd.h"
#include "util/text.h"

enum {
  TENSOR_DIMS = 1, TENSOR_TYPE = 2, TENSOR_FLOATS = 4, TENSOR_INT32S = 5, TENSOR_INT64S = 7, TENSOR_NAME = 8,
  TENSOR_RAW = 9, TENSOR_DOUBLES = 10, TENSOR_UINT64S = 11, TENSOR_EXTERNAL = 13, TENSOR_LOCATION = 14,
};
enum { ENTRY_KEY = 1, ENTRY_VALUE = 2 };

/* How the elements of a type are stored: bytes in raw_data, and the typed field used otherwise. */
typedef struct type_info {
  uint8_t bytes, field, is_real, is_signed;
} type_info;

static const type_info types[] = {
  [RRN_ONNX_FLOAT] = { 4, TENSOR_FLOATS, 1, 1 },   [RRN_ONNX_UINT8] = { 1, TENSOR_INT32S, 0, 0 },
  [RRN_ONNX_INT8] = { 1, TENSOR_INT32S, 0, 1 },    [RRN_ONNX_UINT16] = { 2, TENSOR_INT32S, 0, 0 },
  [RRN_ONNX_INT16] = { 2, TENSOR_INT32S, 0, 1 },   [RRN_ONNX_INT32] = { 4, TENSOR_INT32S, 0, 1 },
  [RRN_ONNX_INT64] = { 8, TENSOR_INT64S, 0, 1 },   [RRN_ONNX_BOOL] = { 1, TENSOR_INT32S, 0, 0 },
  [RRN_ONNX_FLOAT16] = { 2, TENSOR_INT32S, 1, 0 }, [RRN_ONNX_DOUBLE] = { 8, TENSOR_DOUBLES, 1, 1 },
  [RRN_ONNX_UINT32] = { 4, TENSOR_UINT64S, 0, 0 }, [RRN_ONNX_UINT64] = { 8, TENSOR_UINT64S, 0, 0 },
  [RRN_ONNX_BFLOAT16] = { 2, TENSOR_INT32S, 1, 0 },
};

int
rrn_onnx_type_folds(int32_t type)
{
  return type > 0 && (size_t)type < sizeof(types) / sizeof(types[0]) && types[type].bytes > 0;
}

int64_t
rrn_onnx_elements(const rrn_shape *shape)
{
  int64_t n = 1;
  int32_t i;

  /* A zero anywhere makes the product zero, whatever the others are. */
  for (i = 0; i < shape->rank; i++)
    if (shape->dims[i] < 0)
      return -1;
  for (i = 0; i < shape->rank; i++)
    if (shape->dims[i] == 0)
      return 0;
  for (i = 0; i < shape->rank; i++)
    if (ckd_mul(&n, n, shape->dims[i]) || n > (int64_t)1 << 48)
      return -1;
  return n;
}

static int32_t
add_dim(const rrn_onnx_reader *r, const char *at, uint64_t value, rrn_shape *shape, rramnas_error *err)
{
  if (shape->rank == RRAMNAS_MAX_RANK)
    return rrn_fail_at(err, RRAMNAS_ERR_LIMIT, rrn_onnx_place(r->file, at), "tensor of more than %d dimensions",
                       RRAMNAS_MAX_RANK);
  if (value > INT32_MAX)
    return rrn_fail_at(err, RRAMNAS_ERR_RANGE, rrn_onnx_place(r->file, at),
                       "dimension %lld of a constant tensor, expected 0 to 2147483647", (long long)value);
  shape->dims[shape->rank++] = (int64_t)value;
  return RRAMNAS_OK;
}

static int32_t
read_dims(const rrn_onnx_reader *r, const rrn_onnx_field *field, rrn_shape *shape, rramnas_error *err)
{
  rrn_onnx_reader packed = rrn_onnx_read(r->file, field->bytes);
  uint64_t value;
  int32_t more;

  if (field->wire == RRN_ONNX_VARINT)
    return add_dim(r, field->at, field->value, shape, err);
  RRN_TRY(rrn_onnx_expect(r, field, RRN_ONNX_BYTES, "the shape of a tensor", err));
  while ((more = rrn_onnx_next_packed(&packed, RRN_ONNX_VARINT, &value, err)) > 0)
    RRN_TRY(add_dim(r, field->at, value, shape, err));
  return more;
}

/* 1 when a location stays inside of the folder: relative and without "..". */
static int
location_inside(rrn_onnx_span location)
{
  size_t i, start = 0;

  if (location.length > 0 && (location.data[0] == '/' || location.data[0] == '\\'))
    return 0;
  if (location.length > 1 && location.data[1] == ':')
    return 0;
  for (i = 0; i <= location.length; i++) {
    if (i < location.length && location.data[i] != '/' && location.data[i] != '\\')
      continue;
    if (i - start == 2 && memcmp(location.data + start, "..", 2) == 0)
      return 0;
    start = i + 1;
  }
  return 1;
}

/* One key and value about data in another file. Offset and length are checked by who reads there. */
static int32_t
read_external(const rrn_onnx_reader *parent, const rrn_onnx_field *entry, rrn_onnx_tensor *t, rramnas_error *err)
{
  rrn_onnx_reader r = rrn_onnx_read(parent->file, entry->bytes);
  rrn_onnx_span key = { entry->bytes.data, 0 }, value = key;
  rrn_onnx_field field;
  int32_t more;

  RRN_TRY(rrn_onnx_expect(parent, entry, RRN_ONNX_BYTES, "external data", err));
  while ((more = rrn_onnx_next(&r, &field, err)) > 0) {
    if (field.number == ENTRY_KEY || field.number == ENTRY_VALUE)
      RRN_TRY(rrn_onnx_expect(&r, &field, RRN_ONNX_BYTES, "external data", err));
    if (field.number == ENTRY_KEY)
      key = field.bytes;
    else if (field.number == ENTRY_VALUE)
      value = field.bytes;
  }
  RRN_TRY(more);
  if (rrn_onnx_is(key, "offset"))
    t->offset = value;
  else if (rrn_onnx_is(key, "length"))
    t->length = value;
  if (!rrn_onnx_is(key, "location"))
    return RRAMNAS_OK;
  if (!rrn_utf8_valid(value.data, value.length))
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, rrn_onnx_place(r.file, entry->at),
                       "the location of external data is not valid UTF-8");
  if (!location_inside(value))
    return rrn_fail_at(err, RRAMNAS_ERR_RANGE, rrn_onnx_place(r.file, entry->at),
                       "external data at '%s', expected a path inside of the model's folder",
                       rrn_onnx_quote(value).text);
  t->location = value;
  return RRAMNAS_OK;
}

static int32_t
read_field(const rrn_onnx_reader *r, const rrn_onnx_field *field, rrn_onnx_tensor *t, rramnas_error *err)
{
  switch (field->number) {
  case TENSOR_DIMS:
    return read_dims(r, field, &t->shape, err);
  case TENSOR_TYPE:
    RRN_TRY(rrn_onnx_expect(r, field, RRN_ONNX_VARINT, "the type of a tensor", err));
    t->type = field->value > 255 ? 255 : (int32_t)field->value;
    return RRAMNAS_OK;
  case TENSOR_NAME:
    RRN_TRY(rrn_onnx_expect(r, field, RRN_ONNX_BYTES, "the name of a tensor", err));
    if (!rrn_utf8_valid(field->bytes.data, field->bytes.length))
      return rrn_fail_at(err, RRAMNAS_ERR_PARSE, rrn_onnx_place(r->file, field->at),
                         "the name of a tensor is not valid UTF-8");
    t->name = field->bytes;
    return RRAMNAS_OK;
  case TENSOR_RAW:
    RRN_TRY(rrn_onnx_expect(r, field, RRN_ONNX_BYTES, "the data of a tensor", err));
    t->has_raw = 1;
    t->raw = field->bytes;
    return RRAMNAS_OK;
  case TENSOR_EXTERNAL:
    return read_external(r, field, t, err);
  case TENSOR_LOCATION:
    RRN_TRY(rrn_onnx_expect(r, field, RRN_ONNX_VARINT, "the place of a tensor's data", err));
    t->external = field->value == 1;
    return RRAMNAS_OK;
  default:
    return RRAMNAS_OK;
  }
}

static int32_t
check_tensor(const rrn_onnx_file *file, const rrn_onnx_tensor *t, rramnas_error *err)
{
  rrn_place where = rrn_onnx_place(file, t->body.data);
  int64_t n = rrn_onnx_elements(&t->shape);
  char text[RRN_SHAPE_TEXT];

  if (n < 0)
    return rrn_fail_at(err, RRAMNAS_ERR_RANGE, where, "tensor '%s' has shape %s, expected at most 2^48 elements",
                       rrn_onnx_quote(t->name).text, rrn_shape_text(&t->shape, text));
  if (t->has_raw && !t->external && rrn_onnx_type_folds(t->type) &&
      (uint64_t)t->raw.length != (uint64_t)n * types[t->type].bytes)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, where, "tensor '%s' has %zu bytes of data, its shape %s needs %lld",
                       rrn_onnx_quote(t->name).text, t->raw.length, rrn_shape_text(&t->shape, text),
                       (long long)n * types[t->type].bytes);
  return RRAMNAS_OK;
}

int32_t
rrn_onnx_decode_tensor(const rrn_onnx_file *file, rrn_onnx_span body, rrn_onnx_tensor *ret_tensor, rramnas_error *err)
{
  rrn_onnx_reader r = rrn_onnx_read(file, body);
  rrn_onnx_tensor t;
  rrn_onnx_field field;
  int32_t more;

  memset(&t, 0, sizeof(t));
  t.body = body;
  t.name = t.raw = t.location = t.offset = t.length = (rrn_onnx_span){ body.data, 0 };
  while ((more = rrn_onnx_next(&r, &field, err)) > 0)
    RRN_TRY(read_field(&r, &field, &t, err));
  RRN_TRY(more);
  RRN_TRY(check_tensor(file, &t, err));
  *ret_tensor = t;
  return RRAMNAS_OK;
}

/* --- elements --- */

int32_t
rrn_onnx_data_new(rrn_onnx_pool *pool, int32_t type, int64_t n, rrn_onnx_data **ret_data, rramnas_error *err)
{
  rrn_onnx_data *data;

  RRN_FAIL_IF(n + 1 > pool->left, err, RRAMNAS_ERR_LIMIT, "constants to be computed have more than %d elements",
              RRN_ONNX_MAX_FOLD_TOTAL);
  pool->left -= n + 1;
  data = rrn_arena_alloc(pool->arena, 1, sizeof(*data));
  if (!data)
    return rrn_fail_memory(err);
  data->type = type;
  data->is_real = types[type].is_real;
  data->n = (int32_t)n;
  if (data->is_real)
    data->r = rrn_arena_alloc(pool->arena, (size_t)n, sizeof(double));
  else
    data->i = rrn_arena_alloc(pool->arena, (size_t)n, sizeof(int64_t));
  if (!data->i && !data->r)
    return rrn_fail_memory(err);
  *ret_data = data;
  return RRAMNAS_OK;
}

/* IEEE binary16 and bfloat16 -> double. */
static double
half_to_double(uint64_t bits)
{
  int exponent = (int)(bits >> 10 & 31), fraction = (int)(bits & 1023);
  double magnitude = exponent == 0    ? ldexp(fraction, -24)
                     : exponent == 31 ? (fraction ? NAN : INFINITY)
                                      : ldexp(1024 + fraction, exponent - 25);

  return bits >> 15 & 1 ? -magnitude : magnitude;
}

static double
float_bits(uint64_t bits)
{
  uint32_t low = (uint32_t)bits;
  float value;

  memcpy(&value, &low, sizeof(value));
  return value;
}

static double
real_from_bits(int32_t type, uint64_t bits)
{
  double value;

  switch (type) {
  case RRN_ONNX_FLOAT:
    return float_bits(bits);
  case RRN_ONNX_FLOAT16:
    return half_to_double(bits & 0xffff);
  case RRN_ONNX_BFLOAT16:
    return float_bits((bits & 0xffff) << 16);
  default:
    memcpy(&value, &bits, sizeof(value));
    return value;
  }
}

/* The low bytes of `bits` as the integer type that they are. */
static int64_t
int_from_bits(int32_t type, uint64_t bits)
{
  int unused = 64 - 8 * types[type].bytes;
  uint64_t low = bits << unused >> unused;
  uint64_t sign = (uint64_t)1 << (63 - unused);

  if (type == RRN_ONNX_UINT64)
    return low > INT64_MAX ? INT64_MAX : (int64_t)low;
  if (!types[type].is_signed || !(low & sign))
    return (int64_t)low;
  return -(int64_t)(~low << unused >> unused) - 1;
}

static void
store(rrn_onnx_data *data, int64_t k, uint64_t bits)
{
  if (data->is_real)
    data->r[k] = real_from_bits(data->type, bits);
  else
    data->i[k] = int_from_bits(data->type, bits);
}

static void
load_raw(const rrn_onnx_tensor *t, rrn_onnx_data *data)
{
  size_t width = types[t->type].bytes, i;
  int64_t k;

  for (k = 0; k < data->n; k++) {
    uint64_t bits = 0;

    for (i = 0; i < width; i++)
      bits |= (uint64_t)(unsigned char)t->raw.data[(size_t)k * width + i] << (8 * i);
    store(data, k, bits);
  }
}

static rrn_onnx_wire
typed_wire(int32_t type)
{
  return types[type].field == TENSOR_FLOATS    ? RRN_ONNX_FIXED32
         : types[type].field == TENSOR_DOUBLES ? RRN_ONNX_FIXED64
                                               : RRN_ONNX_VARINT;
}

/* The elements in one occurrence of the typed field, packed or not; *k counts all, also those too many. */
static int32_t
load_typed_field(const rrn_onnx_reader *r, const rrn_onnx_field *field, rrn_onnx_data *data, int64_t *k,
                 rramnas_error *err)
{
  rrn_onnx_wire wire = typed_wire(data->type);
  rrn_onnx_reader packed = rrn_onnx_read(r->file, field->bytes);
  uint64_t bits;
  int32_t more;

  if (field->wire != RRN_ONNX_BYTES) {
    RRN_TRY(rrn_onnx_expect(r, field, wire, "an element of a tensor", err));
    if ((*k)++ < data->n)
      store(data, *k - 1, field->value);
    return RRAMNAS_OK;
  }
  while ((more = rrn_onnx_next_packed(&packed, wire, &bits, err)) > 0)
    if ((*k)++ < data->n)
      store(data, *k - 1, bits);
  return more;
}

static int32_t
load_typed(const rrn_onnx_file *file, const rrn_onnx_tensor *t, rrn_onnx_data *data, int64_t *ret_found,
           rramnas_error *err)
{
  rrn_onnx_reader r = rrn_onnx_read(file, t->body);
  rrn_onnx_field field;
  int32_t more;

  *ret_found = 0;
  while ((more = rrn_onnx_next(&r, &field, err)) > 0)
    if (field.number == types[t->type].field)
      RRN_TRY(load_typed_field(&r, &field, data, ret_found, err));
  return more;
}

int32_t
rrn_onnx_tensor_load(const rrn_onnx_file *file, const rrn_onnx_tensor *t, rrn_onnx_pool *pool,
                     const rrn_onnx_data **ret_data, rramnas_error *err)
{
  int64_t n = rrn_onnx_elements(&t->shape), found;
  rrn_onnx_data *data;

  *ret_data = NULL;
  if (n < 0 || n > RRN_ONNX_MAX_FOLD || t->external || !rrn_onnx_type_folds(t->type))
    return RRAMNAS_OK;
  RRN_TRY(rrn_onnx_data_new(pool, t->type, n, &data, err));
  if (t->has_raw) {
    load_raw(t, data);
    *ret_data = data;
    return RRAMNAS_OK;
  }
  RRN_TRY(load_typed(file, t, data, &found, err));
  if (found == 0 && n > 0)
    return RRAMNAS_OK; /* the values were stripped from the file: only the shape is known */
  if (found != n)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, rrn_onnx_place(file, t->body.data),
                       "tensor '%s' has %lld elements, its shape needs %lld", rrn_onnx_quote(t->name).text,
                       (long long)found, (long long)n);
  *ret_data = data;
  return RRAMNAS_OK;
}

/* --- all elements as floats --- */

static float
float_from_bits(int32_t type, uint64_t bits)
{
  if (types[type].is_real)
    return (float)real_from_bits(type, bits);
  if (type == RRN_ONNX_UINT64)
    return (float)bits;
  return (float)int_from_bits(type, bits);
}

static void
floats_of_bytes(int32_t type, const char *data, int64_t n, float *values)
{
  const size_t width = types[type].bytes;
  int64_t k;
  size_t i;

  for (k = 0; k < n; k++) {
    uint64_t bits = 0;

    for (i = 0; i < width; i++)
      bits |= (uint64_t)(unsigned char)data[(size_t)k * width + i] << (8 * i);
    values[k] = float_from_bits(type, bits);
  }
}

/* As load_typed(). */
static int32_t
floats_of_fields(const rrn_onnx_file *file, const rrn_onnx_tensor *t, int64_t n, float *values, int64_t *ret_found,
                 rramnas_error *err)
{
  rrn_onnx_reader r = rrn_onnx_read(file, t->body), packed;
  const rrn_onnx_wire wire = typed_wire(t->type);
  rrn_onnx_field field;
  uint64_t bits;
  int32_t more;

  *ret_found = 0;
  while ((more = rrn_onnx_next(&r, &field, err)) > 0) {
    if (field.number != types[t->type].field)
      continue;
    if (field.wire != RRN_ONNX_BYTES) {
      RRN_TRY(rrn_onnx_expect(&r, &field, wire, "an element of a tensor", err));
      if ((*ret_found)++ < n)
        values[*ret_found - 1] = float_from_bits(t->type, field.value);
      continue;
    }
    packed = rrn_onnx_read(file, field.bytes);
    while ((more = rrn_onnx_next_packed(&packed, wire, &bits, err)) > 0)
      if ((*ret_found)++ < n)
        values[*ret_found - 1] = float_from_bits(t->type, bits);
    RRN_TRY(more);
  }
  return more;
}

int32_t
rrn_onnx_tensor_floats(const rrn_onnx_file *file, const rrn_onnx_tensor *t, rrn_onnx_span outside, float *ret_values,
                       rramnas_error *err)
{
  const rrn_place where = rrn_onnx_place(file, t->body.data);
  const int64_t n = rrn_onnx_elements(&t->shape);
  const rrn_onnx_span raw = t->external ? outside : t->raw;
  int64_t found;

  if (!rrn_onnx_type_folds(t->type))
    return rrn_fail_at(err, RRAMNAS_ERR_UNSUPPORTED, where, "tensor '%s' has element type %d, expected numbers",
                       rrn_onnx_quote(t->name).text, (int)t->type);
  if (t->external || t->has_raw) {
    found = (int64_t)(raw.length / types[t->type].bytes);
    if (found == n && raw.length % types[t->type].bytes == 0)
      floats_of_bytes(t->type, raw.data, n, ret_values);
    else
      found = found == n ? n + 1 : found;
  } else {
    RRN_TRY(floats_of_fields(file, t, n, ret_values, &found, err));
  }
  if (found != n)
    return rrn_fail_at(err, RRAMNAS_ERR_PARSE, where, "tensor '%s' has %lld elements in the file, its shape needs %lld",
                       rrn_onnx_quote(t->name).text, (long long)found, (long long)n);
  return RRAMNAS_OK;
}

int
rrn_onnx_type_bytes(int32_t type)
{
  return rrn_onnx_type_folds(type) ? types[type].bytes : 0;
}

double
rrn_onnx_real(const rrn_onnx_data *data, int64_t k)
{
  return data->is_real ? data->r[k] : (double)data->i[k];
}

int64_t
rrn_onnx_int(const rrn_onnx_data *data, int64_t k)
{
  double value;

  if (!data->is_real)
    return data->i[k];
  value = data->r[k];
  if (isnan(value))
    return 0;
  return value >= 9223372036854775807.0 ? INT64_MAX : value <= -9223372036854775808.0 ? INT64_MIN : (int64_t)value;
}

/* Nearest number with so many binary digits, ties to even; numbers below 2^least lose digits. */
static double
round_digits(double value, int digits, int least, double largest)
{
  int exponent;

  if (value == 0 || !isfinite(value))
    return value;
  frexp(value, &exponent);
  exponent = (exponent < least ? least : exponent) - digits;
  value = ldexp(rint(ldexp(value, -exponent)), exponent);
  return fabs(value) > largest ? copysign(INFINITY, value) : value;
}

void
rrn_onnx_set_real(rrn_onnx_data *data, int64_t k, double value)
{
  if (data->type == RRN_ONNX_FLOAT16)
    value = round_digits(value, 11, -13, 65504);
  else if (data->type == RRN_ONNX_BFLOAT16)
    value = round_digits(value, 8, -125, 3.3895313892515355e38);
  else if (data->type == RRN_ONNX_FLOAT)
    value = round_digits(value, 24, -125, 3.4028234663852886e38);
  data->r[k] = value;
}

void
rrn_onnx_set_int(rrn_onnx_data *data, int64_t k, int64_t value)
{
  data->i[k] = data->type == RRN_ONNX_BOOL ? value != 0 : int_from_bits(data->type, (uint64_t)value);
}
