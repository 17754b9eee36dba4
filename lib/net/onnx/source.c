/* SPDX-License-Identifier: MIT */
/* ONNX operators whose output is known without computing: Constant, ConstantOfShape, Shape, Size, Range.
 *
 * In: attributes, the shape of an input, or small constants. Out: the shape of the output and, when it is
 * small, its elements. They never become nodes of the graph. */
#include <math.h>
#include <string.h>

#include "net/onnx/ops.h"
#include "util/ckd.h"

/* The attributes that Constant may have instead of `value`, with their field of AttributeProto. */
typedef struct number_attr {
  const char *name;
  uint32_t field;
  rrn_onnx_wire wire;
  int32_t type, is_list;
} number_attr;

static const number_attr number_attrs[] = {
  { "value_int", 3, RRN_ONNX_VARINT, RRN_ONNX_INT64, 0 },
  { "value_ints", 8, RRN_ONNX_VARINT, RRN_ONNX_INT64, 1 },
  { "value_float", 2, RRN_ONNX_FIXED32, RRN_ONNX_FLOAT, 0 },
  { "value_floats", 7, RRN_ONNX_FIXED32, RRN_ONNX_FLOAT, 1 },
};

static void
add_number(rrn_onnx_data *data, int64_t *n, uint64_t bits)
{
  int64_t k = (*n)++;
  uint32_t low = (uint32_t)bits;
  float real;

  if (!data || k >= data->n)
    return;
  memcpy(&real, &low, sizeof(real));
  if (data->is_real)
    data->r[k] = (double)real;
  else
    data->i[k] = (int64_t)bits;
}

/* Counts the numbers of an attribute and, when `data` is given, stores them. */
static int32_t
read_numbers(rrn_onnx_call *call, rrn_onnx_span body, const number_attr *kind, rrn_onnx_data *data, int64_t *ret_n,
             rramnas_error *err)
{
  rrn_onnx_reader r = rrn_onnx_read(call->model->file, body), packed;
  rrn_onnx_field field;
  uint64_t bits;
  int32_t more;

  *ret_n = 0;
  while ((more = rrn_onnx_next(&r, &field, err)) > 0) {
    if (field.number != kind->field)
      continue;
    if (field.wire == (uint32_t)kind->wire) {
      add_number(data, ret_n, field.value);
      continue;
    }
    RRN_TRY(rrn_onnx_expect(&r, &field, RRN_ONNX_BYTES, "an attribute", err));
    packed = rrn_onnx_read(call->model->file, field.bytes);
    while ((more = rrn_onnx_next_packed(&packed, kind->wire, &bits, err)) > 0)
      add_number(data, ret_n, bits);
    RRN_TRY(more);
  }
  return more;
}

static int32_t
constant_numbers(rrn_onnx_call *call, rrn_onnx_span body, const number_attr *kind, rramnas_error *err)
{
  rrn_onnx_data *data;
  int64_t n;

  RRN_TRY(read_numbers(call, body, kind, NULL, &n, err));
  /* A single zero may have been left out by the writer. */
  if (!kind->is_list)
    n = 1;
  call->out[0].rank = kind->is_list;
  call->out[0].dims[0] = kind->is_list ? n : 0;
  if (n > RRN_ONNX_MAX_FOLD)
    return RRAMNAS_OK;
  RRN_TRY(rrn_onnx_data_new(call->pool, kind->type, n, &data, err));
  RRN_TRY(read_numbers(call, body, kind, data, &n, err));
  call->data = data;
  return RRAMNAS_OK;
}

int32_t
rrn_onnx_constant(rrn_onnx_call *call, rramnas_error *err)
{
  const rrn_onnx_file *file = call->model->file;
  rrn_onnx_tensor tensor;
  rrn_onnx_attr attr;
  int32_t found;
  size_t i;

  call->constant = 1;
  RRN_TRY(found = rrn_onnx_attr_find(file, call->node, "value", &attr, err));
  if (found) {
    RRN_TRY(rrn_onnx_decode_tensor(file, attr.t, &tensor, err));
    call->out[0] = tensor.shape;
    call->proto = attr.t;
    return RRAMNAS_OK;
  }
  for (i = 0; i < sizeof(number_attrs) / sizeof(number_attrs[0]); i++) {
    RRN_TRY(found = rrn_onnx_attr_find(file, call->node, number_attrs[i].name, &attr, err));
    if (found)
      return constant_numbers(call, attr.body, &number_attrs[i], err);
  }
  return rrn_fail(err, RRAMNAS_ERR_UNSUPPORTED,
                  "expected attribute 'value', 'value_int', 'value_ints', 'value_float' or 'value_floats'");
}

static int32_t
fill(rrn_onnx_call *call, int64_t n, rramnas_error *err)
{
  const rrn_onnx_file *file = call->model->file;
  const rrn_onnx_data *value = NULL;
  rrn_onnx_tensor tensor;
  rrn_onnx_data *data;
  rrn_onnx_attr attr;
  int32_t found;
  int64_t k;

  RRN_TRY(found = rrn_onnx_attr_find(file, call->node, "value", &attr, err));
  if (found) {
    RRN_TRY(rrn_onnx_decode_tensor(file, attr.t, &tensor, err));
    RRN_TRY(rrn_onnx_tensor_load(file, &tensor, call->pool, &value, err));
    if (!value || value->n != 1)
      return RRAMNAS_OK;
  }
  RRN_TRY(rrn_onnx_data_new(call->pool, value ? value->type : (int32_t)RRN_ONNX_FLOAT, n, &data, err));
  for (k = 0; value && k < n; k++) {
    if (data->is_real)
      data->r[k] = value->r[0];
    else
      data->i[k] = value->i[0];
  }
  call->data = data;
  return RRAMNAS_OK;
}

int32_t
rrn_onnx_constant_of_shape(rrn_onnx_call *call, rramnas_error *err)
{
  rrn_shape *out = &call->out[0];
  int64_t n;
  int32_t k;

  call->constant = 1;
  RRN_TRY(rrn_onnx_list(call, "the shape", 0, 0, out->dims, RRAMNAS_MAX_RANK, &out->rank, err));
  for (k = 0; k < out->rank; k++)
    RRN_FAIL_IF(out->dims[k] < 0 || out->dims[k] > INT32_MAX, err, RRAMNAS_ERR_RANGE,
                "dimension %lld, expected 0 to 2147483647", (long long)out->dims[k]);
  n = rrn_onnx_elements(out);
  return n < 0 || n > RRN_ONNX_MAX_FOLD ? RRAMNAS_OK : fill(call, n, err);
}

static int64_t
clamp_axis(int64_t axis, int32_t rank)
{
  if (axis < 0)
    axis += rank;
  return axis < 0 ? 0 : axis > rank ? rank : axis;
}

int32_t
rrn_onnx_shape_op(rrn_onnx_call *call, rramnas_error *err)
{
  const rrn_shape *x = rrn_onnx_shape(call, 0);
  int64_t start = 0, end = x->rank, k;
  rrn_onnx_data *data;

  call->constant = 1;
  if (call->model->opset >= 15) {
    RRN_TRY(rrn_onnx_attr_int(call, "start", &start, err));
    RRN_TRY(rrn_onnx_attr_int(call, "end", &end, err));
  }
  start = clamp_axis(start, x->rank);
  end = clamp_axis(end, x->rank);
  if (end < start)
    end = start;
  RRN_TRY(rrn_onnx_data_new(call->pool, RRN_ONNX_INT64, end - start, &data, err));
  for (k = start; k < end; k++)
    data->i[k - start] = x->dims[k];
  call->data = data;
  call->out[0].rank = 1;
  call->out[0].dims[0] = end - start;
  return RRAMNAS_OK;
}

int32_t
rrn_onnx_size_op(rrn_onnx_call *call, rramnas_error *err)
{
  rrn_onnx_data *data;

  call->constant = 1;
  RRN_TRY(rrn_onnx_data_new(call->pool, RRN_ONNX_INT64, 1, &data, err));
  data->i[0] = rrn_onnx_elements(rrn_onnx_shape(call, 0));
  call->data = data;
  return RRAMNAS_OK;
}

/* Numbers from start to limit, limit excluded; -1 when they cannot be counted. */
static int64_t
range_length(const rrn_onnx_data *start, const rrn_onnx_data *limit, const rrn_onnx_data *delta)
{
  int64_t span, step;
  double length;

  if (start->is_real) {
    length = ceil((limit->r[0] - start->r[0]) / delta->r[0]);
    return isnan(length) || length > INT32_MAX ? -1 : length < 0 ? 0 : (int64_t)length;
  }
  step = delta->i[0];
  if (step == 0 || step == INT64_MIN || ckd_sub(&span, limit->i[0], start->i[0]) || span == INT64_MIN)
    return -1;
  if ((span < 0) != (step < 0) || span == 0)
    return 0;
  span = span / step + (span % step != 0);
  return span > INT32_MAX ? -1 : span;
}

int32_t
rrn_onnx_range(rrn_onnx_call *call, rramnas_error *err)
{
  const rrn_onnx_data *in[3];
  rrn_onnx_data *data;
  int64_t n, k;
  int32_t i;

  call->constant = 1;
  for (i = 0; i < 3; i++) {
    RRN_TRY(rrn_onnx_need_data(call, i, i == 0 ? "the start" : i == 1 ? "the limit" : "the step", &in[i], err));
    RRN_FAIL_IF(in[i]->n != 1 || in[i]->is_real != in[0]->is_real, err, RRAMNAS_ERR_SHAPE,
                "expected three scalars of one type");
  }
  n = range_length(in[0], in[1], in[2]);
  RRN_FAIL_IF(n < 0, err, RRAMNAS_ERR_RANGE, "the range has no length, or more than 2147483647");
  call->out[0].rank = 1;
  call->out[0].dims[0] = n;
  if (n > RRN_ONNX_MAX_FOLD)
    return RRAMNAS_OK;
  RRN_TRY(rrn_onnx_data_new(call->pool, in[0]->type, n, &data, err));
  for (k = 0; k < n; k++) {
    if (data->is_real)
      rrn_onnx_set_real(data, k, in[0]->r[0] + (double)k * in[2]->r[0]);
    else
      rrn_onnx_set_int(data, k, in[0]->i[0] + k * in[2]->i[0]);
  }
  call->data = data;
  return RRAMNAS_OK;
}
