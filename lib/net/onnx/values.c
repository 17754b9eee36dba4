/* SPDX-License-Identifier: MIT */
/* Elements of the constants that a network takes.
 *
 * In: a model after its import. Out: an array of floats for each constant tensor of the net.
 * A constant is an initialiser, a Constant, a small result that the import computed, or comes from one of these through
 * nodes that copy, permute or dequantise. Other computing on constants is refused by name.
 * External data: the file beside the model is mapped while a tensor is read; offset and length must lie in it.
 * Time and memory are linear in the elements, which the files must hold, so memory stays in proportion to them. */
#include <stdio.h>
#include <string.h>

#include "net/onnx/ops.h"
#include "net/onnx/values.h"
#include "util/file.h"
#include "util/text.h"

enum { MAX_CHAIN = 64, MAX_PATH = 4096 };
#define NOT_COMPUTED "the values of constants behind this operator are not computed; fold them when exporting"

typedef struct loader {
  const rrn_onnx_model *model;
  const char *folder;
  rrn_arena *scratch;
  rramnas_error *err;
} loader;

static int32_t load(loader *l, int32_t value, float *values, int chain);

/* "node 'x' (Op): what" */
static int32_t
fail_node(const loader *l, const rrn_onnx_node *node, const char *what)
{
  return rrn_fail_at(l->err, RRAMNAS_ERR_UNSUPPORTED, rrn_onnx_place(l->model->file, node->body.data),
                     "node '%s' (%s): %s", rrn_onnx_quote(node->name).text, rrn_onnx_quote(node->op_type).text, what);
}

/* --- data in other files --- */

static int32_t
number_of(const loader *l, const rrn_onnx_tensor *t, rrn_onnx_span text, const char *what, uint64_t missing,
          uint64_t *ret_number)
{
  int64_t number = 0;

  if (text.length && (!rrn_int64_parse(text.data, text.length, &number) || number < 0))
    return rrn_fail_at(l->err, RRAMNAS_ERR_PARSE, rrn_onnx_place(l->model->file, text.data),
                       "the %s of the external data of tensor '%s' is '%s', expected a number from 0", what,
                       rrn_onnx_quote(t->name).text, rrn_onnx_quote(text).text);
  *ret_number = text.length ? (uint64_t)number : missing;
  return RRAMNAS_OK;
}

static int32_t
cut_out(const loader *l, const rrn_onnx_tensor *t, const rrn_file *file, const char *path, rrn_onnx_span *ret_bytes)
{
  const uint64_t bytes = (uint64_t)rrn_onnx_elements(&t->shape) * (uint64_t)rrn_onnx_type_bytes(t->type);
  uint64_t offset, length;

  RRN_TRY(number_of(l, t, t->offset, "offset", 0, &offset));
  RRN_TRY(number_of(l, t, t->length, "length", bytes, &length));
  if (offset > file->size || length > file->size - offset)
    return rrn_fail(l->err, RRAMNAS_ERR_PARSE, "%s: tensor '%s' has %llu bytes from byte %llu, the file has %zu", path,
                    rrn_onnx_quote(t->name).text, (unsigned long long)length, (unsigned long long)offset, file->size);
  ret_bytes->data = (const char *)file->data + offset;
  ret_bytes->length = (size_t)length;
  return RRAMNAS_OK;
}

static int32_t
load_external(loader *l, const rrn_onnx_tensor *t, float *values)
{
  rrn_onnx_span bytes = t->raw;
  rrn_file file = { 0 };
  char path[MAX_PATH];
  int32_t status;

  RRN_FAIL_IF(t->location.length == 0 || strlen(l->folder) + t->location.length + 2 > sizeof(path), l->err,
              RRAMNAS_ERR_RANGE, "tensor '%s' lies in another file whose path is missing or too long",
              rrn_onnx_quote(t->name).text);
  snprintf(path, sizeof(path), "%s/%.*s", l->folder, (int)t->location.length, t->location.data);
  RRN_TRY(rrn_file_open(&file, path, UINT64_MAX, l->err));
  status = cut_out(l, t, &file, path, &bytes);
  if (status >= 0)
    status = rrn_onnx_tensor_floats(l->model->file, t, bytes, values, l->err);
  rrn_file_close(&file);
  return status;
}

static int32_t
load_proto(loader *l, rrn_onnx_span proto, float *values)
{
  rrn_onnx_tensor t;

  RRN_TRY(rrn_onnx_decode_tensor(l->model->file, proto, &t, l->err));
  if (t.external)
    return load_external(l, &t, values);
  return rrn_onnx_tensor_floats(l->model->file, &t, t.raw, values, l->err);
}

/* --- nodes on constants --- */

static int64_t
elements_of(const loader *l, int32_t value)
{
  const rrn_shape *shape = value < 0 ? NULL : l->model->values[value].shape;

  return shape ? rrn_onnx_elements(shape) : -1;
}

static int32_t
load_input(loader *l, const rrn_onnx_node *node, int32_t input, float **ret_values, int chain)
{
  const int32_t value = input < node->n_inputs ? node->inputs[input] : -1;
  const int64_t n = elements_of(l, value);
  float *values;

  if (n < 0)
    return fail_node(l, node, "an input is missing");
  if ((uint64_t)n > SIZE_MAX / sizeof(*values) ||
      !(values = rrn_arena_alloc_raw(l->scratch, (size_t)n, sizeof(*values))))
    return rrn_fail_memory(l->err);
  *ret_values = values;
  return load(l, value, values, chain + 1);
}

static int32_t
permutation(loader *l, const rrn_onnx_node *node, int32_t rank, int64_t perm[RRAMNAS_MAX_RANK])
{
  rrn_onnx_call call = { .model = l->model, .node = node };
  int32_t n, k;

  RRN_TRY(rrn_onnx_attr_ints(&call, "perm", perm, RRAMNAS_MAX_RANK, &n, l->err));
  for (k = 0; k < rank && n <= 0; k++)
    perm[k] = rank - 1 - k;
  return RRAMNAS_OK;
}

/* The shape rule has checked that the permutation is one. */
static int32_t
load_transposed(loader *l, const rrn_onnx_node *node, float *values, int chain)
{
  const rrn_shape *x = l->model->values[node->inputs[0]].shape;
  int64_t perm[RRAMNAS_MAX_RANK] = { 0 }, stride[RRAMNAS_MAX_RANK + 1], at[RRAMNAS_MAX_RANK] = { 0 }, from = 0, k, n;
  float *input = NULL;
  int32_t d;

  RRN_TRY(load_input(l, node, 0, &input, chain));
  RRN_TRY(permutation(l, node, x->rank, perm));
  for (stride[x->rank] = 1, d = x->rank - 1; d >= 0; d--)
    stride[d] = stride[d + 1] * x->dims[d];
  n = rrn_onnx_elements(x);
  for (k = 0; k < n; k++) {
    values[k] = input[from];
    for (d = x->rank - 1; d >= 0; d--) {
      const int64_t axis = perm[d] < 0 ? perm[d] + x->rank : perm[d];

      from += stride[axis + 1];
      if (++at[d] < x->dims[axis])
        break;
      from -= stride[axis + 1] * x->dims[axis];
      at[d] = 0;
    }
  }
  return RRAMNAS_OK;
}

/* (x - zero point) scale, with one of each or one per entry of an axis. */
static int32_t
load_dequantised(loader *l, const rrn_onnx_node *node, float *values, int chain)
{
  const rrn_shape *x = l->model->values[node->inputs[0]].shape;
  rrn_onnx_call call = { .model = l->model, .node = node };
  const int64_t n = rrn_onnx_elements(x), scales = elements_of(l, node->inputs[1]);
  const int has_zero = node->n_inputs > 2 && node->inputs[2] >= 0;
  float *stored = NULL, *scale = NULL, *zero = NULL;
  int64_t axis = 1, inner = 1, k;
  int32_t at = 0, d;

  RRN_TRY(load_input(l, node, 0, &stored, chain));
  RRN_TRY(load_input(l, node, 1, &scale, chain));
  if (has_zero)
    RRN_TRY(load_input(l, node, 2, &zero, chain));
  RRN_TRY(rrn_onnx_attr_int(&call, "axis", &axis, l->err));
  if (scales != 1) {
    RRN_TRY(rrn_shape_axis(axis, x->rank, &at, l->err));
    for (d = at + 1; d < x->rank; d++)
      inner *= x->dims[d];
  }
  if ((scales != 1 && scales != x->dims[at]) || (has_zero && elements_of(l, node->inputs[2]) != scales))
    return fail_node(l, node, "scale and zero point do not have one entry, or one per entry of the axis");
  for (k = 0; k < n; k++) {
    const int64_t channel = scales == 1 ? 0 : k / inner % scales;

    values[k] = (stored[k] - (zero ? zero[channel] : 0)) * scale[channel];
  }
  return RRAMNAS_OK;
}

static int
copies(rrn_onnx_span op)
{
  static const char *const names[] = { "Identity", "Dropout", "Reshape", "Squeeze", "Unsqueeze", "Flatten" };
  size_t i;

  for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if (rrn_onnx_is(op, names[i]))
      return 1;
  return 0;
}

/* A conversion that keeps the number: to single or double precision. */
static int32_t
load_cast(loader *l, const rrn_onnx_node *node, float *values, int chain)
{
  rrn_onnx_call call = { .model = l->model, .node = node };
  int64_t to = 0;

  RRN_TRY(rrn_onnx_attr_int(&call, "to", &to, l->err));
  if (to != RRN_ONNX_FLOAT && to != RRN_ONNX_DOUBLE)
    return fail_node(l, node, NOT_COMPUTED);
  return load(l, node->inputs[0], values, chain + 1);
}

static int
is_computed(rrn_onnx_span op)
{
  return copies(op) || rrn_onnx_is(op, "Cast") || rrn_onnx_is(op, "Transpose") || rrn_onnx_is(op, "DequantizeLinear");
}

static int32_t
load_node(loader *l, const rrn_onnx_node *node, float *values, int chain)
{
  if (chain > MAX_CHAIN)
    return fail_node(l, node, "constants behind more than 64 nodes are not computed");
  if (copies(node->op_type) && node->n_inputs > 0 && node->inputs[0] >= 0)
    return load(l, node->inputs[0], values, chain + 1);
  if (rrn_onnx_is(node->op_type, "Cast"))
    return load_cast(l, node, values, chain);
  if (rrn_onnx_is(node->op_type, "Transpose"))
    return load_transposed(l, node, values, chain);
  if (rrn_onnx_is(node->op_type, "DequantizeLinear"))
    return load_dequantised(l, node, values, chain);
  return fail_node(l, node, NOT_COMPUTED);
}

/* Elements of a value that is constant. */
static int32_t
load(loader *l, int32_t value, float *values, int chain)
{
  const rrn_onnx_value *v = &l->model->values[value];
  int64_t k;

  if (v->proto.length > 0)
    return load_proto(l, v->proto, values);
  if (v->data) {
    for (k = 0; k < v->data->n; k++)
      values[k] = (float)rrn_onnx_real(v->data, k);
    return RRAMNAS_OK;
  }
  RRN_FAIL_IF(v->producer < 0, l->err, RRAMNAS_ERR_PARSE, "%s: the file does not hold the values of tensor '%s'",
              l->model->file->name, rrn_onnx_value_name(l->model, value).text);
  return load_node(l, &l->model->nodes[v->producer], values, chain);
}

/* --- all --- */

/* A shape may promise more than the files hold: room is only asked for when they can fill it. */
static int32_t
check_room(const loader *l, int32_t value)
{
  const rrn_onnx_value *v = &l->model->values[value];
  rrn_onnx_tensor t;
  int chain;

  for (chain = 0; v->proto.length == 0 && !v->data && v->producer >= 0 && chain <= MAX_CHAIN; chain++) {
    const rrn_onnx_node *node = &l->model->nodes[v->producer];

    if (!is_computed(node->op_type) || node->n_inputs < 1 || node->inputs[0] < 0)
      return fail_node(l, node, NOT_COMPUTED);
    v = &l->model->values[node->inputs[0]];
  }
  if (v->proto.length == 0)
    return RRAMNAS_OK;
  RRN_TRY(rrn_onnx_decode_tensor(l->model->file, v->proto, &t, l->err));
  RRN_FAIL_IF(t.external && !l->folder, l->err, RRAMNAS_ERR_UNSUPPORTED, "tensor '%s' lies in another file, '%s'",
              rrn_onnx_quote(t.name).text, rrn_onnx_quote(t.location).text);
  if (t.external || (uint64_t)rrn_onnx_elements(&t.shape) <= t.body.length)
    return RRAMNAS_OK;
  return rrn_fail_at(l->err, RRAMNAS_ERR_PARSE, rrn_onnx_place(l->model->file, t.body.data),
                     "the file does not hold the %lld elements of tensor '%s'", (long long)rrn_onnx_elements(&t.shape),
                     rrn_onnx_value_name(l->model, value).text);
}

static int32_t
load_all(loader *l, rrn_values *values, rramnas_error *err)
{
  int32_t v;

  for (v = 0; v < l->model->names.n; v++) {
    const rrn_onnx_value *value = &l->model->values[v];
    float *data = NULL;

    if (!value->constant || value->tensor < 0)
      continue;
    RRN_TRY(check_room(l, v));
    RRN_TRY(rrn_values_add(values, value->tensor, &data, err));
    rrn_arena_reset(l->scratch);
    RRN_TRY(load(l, v, data, 0));
  }
  return RRAMNAS_OK;
}

int32_t
rrn_onnx_values(const rrn_onnx_model *model, rramnas_net *net, const char *folder, const rramnas_runtime *runtime,
                rrn_values **ret_values, rramnas_error *err)
{
  rrn_values *values = NULL;
  rrn_arena scratch;
  loader l = { model, folder, &scratch, err };
  int32_t status;

  RRN_TRY(rrn_values_new(net, runtime, &values, err));
  rrn_arena_init(&scratch, &values->rt);
  status = load_all(&l, values, err);
  rrn_arena_release(&scratch);
  if (status < 0)
    rrn_values_free(values);
  else
    *ret_values = values;
  return status;
}
