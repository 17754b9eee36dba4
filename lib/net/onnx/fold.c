/* SPDX-License-Identifier: MIT */
/* Constant folding.
 *
 * In: a node whose output shape is known and whose inputs are small constants. Out: the elements of its
 * first output, or nothing: the output then stays a constant of known shape and unknown values, which is
 * all that weights need.
 * Limits: a tensor of more than 1024 elements is never computed, and a file may ask for 2^22 elements in
 * all, so that neither time nor memory grows beyond what the file itself costs.
 * Integers are computed in 64 bits; a result that overflows, or a division by zero, gives nothing. Reals are
 * computed in double and rounded to the type after each step, as a runtime would. */
#include "net/onnx/fold.h"

#include <math.h>
#include <string.h>

#include "util/ckd.h"

enum { MAX_INPUTS = 3 };

/* What a folder works on. Concat looks its inputs up by itself. */
typedef struct job {
  rrn_onnx_call *call;
  const rrn_onnx_data *in[MAX_INPUTS];
  const rrn_shape *shape[MAX_INPUTS];
  const rrn_shape *out;
  int64_t n; /* elements of the output */
} job;

/* *ret_data stays NULL when the folder gives up. */
typedef int32_t (*folder)(job *j, rrn_onnx_data **ret_data, rramnas_error *err);

/* --- positions --- */

/* Where output element k of a broadcast operator reads in an input of shape x. */
static int64_t
broadcast_at(const rrn_shape *out, const rrn_shape *x, int64_t k)
{
  int64_t at = 0, stride = 1;
  int32_t d;

  for (d = out->rank - 1; d >= out->rank - x->rank; d--) {
    int64_t length = x->dims[d - (out->rank - x->rank)], c = k % out->dims[d];

    k /= out->dims[d];
    if (length > 1)
      at += c * stride;
    stride *= length;
  }
  return at;
}

/* Elements of x behind one step along the axis. */
static int64_t
stride_of(const rrn_shape *x, int32_t axis)
{
  int64_t stride = 1;
  int32_t d;

  for (d = axis + 1; d < x->rank; d++)
    stride *= x->dims[d];
  return stride;
}

static int32_t
result(job *j, int32_t type, rrn_onnx_data **ret_data, rramnas_error *err)
{
  return rrn_onnx_data_new(j->call->pool, type, j->n, ret_data, err);
}

static void
copy_element(rrn_onnx_data *to, int64_t k, const rrn_onnx_data *from, int64_t at)
{
  if (to->is_real)
    rrn_onnx_set_real(to, k, rrn_onnx_real(from, at));
  else
    rrn_onnx_set_int(to, k, rrn_onnx_int(from, at));
}

/* --- pointwise --- */

static int32_t
fold_cast(job *j, rrn_onnx_data **ret_data, rramnas_error *err)
{
  int64_t to = 0, k;

  RRN_TRY(rrn_onnx_attr_int(j->call, "to", &to, err));
  if (to < 0 || to > 255 || !rrn_onnx_type_folds((int32_t)to))
    return RRAMNAS_OK;
  RRN_TRY(result(j, (int32_t)to, ret_data, err));
  for (k = 0; k < j->n; k++) {
    if (to == RRN_ONNX_BOOL)
      (*ret_data)->i[k] = rrn_onnx_real(j->in[0], k) != 0;
    else
      copy_element(*ret_data, k, j->in[0], k);
  }
  return RRAMNAS_OK;
}

static double
unary_real(char what, double x)
{
  switch (what) {
  case 'N':
    return -x;
  case 'A':
    return fabs(x);
  case 'F':
    return floor(x);
  case 'C':
    return ceil(x);
  case 'R':
    return rint(x);
  case 'S':
    return sqrt(x);
  default:
    return 1 / x;
  }
}

/* Not, Neg, Abs, Floor, Ceil, Round, Sqrt, Reciprocal. */
static int32_t
fold_unary(job *j, rrn_onnx_data **ret_data, rramnas_error *err)
{
  rrn_onnx_span op = j->call->node->op_type;
  const rrn_onnx_data *x = j->in[0];
  int not = rrn_onnx_is(op, "Not");
  char what = rrn_onnx_is(op, "Reciprocal") ? '/' : op.data[0];
  int64_t k;

  if (!x->is_real && !not && what != 'N' && what != 'A')
    return RRAMNAS_OK;
  RRN_TRY(result(j, x->type, ret_data, err));
  for (k = 0; k < j->n; k++) {
    if (x->is_real)
      rrn_onnx_set_real(*ret_data, k, unary_real(what, x->r[k]));
    else if (not)
      rrn_onnx_set_int(*ret_data, k, !x->i[k]);
    else /* unsigned, so that the most negative number wraps */
      rrn_onnx_set_int(*ret_data, k, what == 'A' && x->i[k] >= 0 ? x->i[k] : (int64_t)(0 - (uint64_t)x->i[k]));
  }
  return RRAMNAS_OK;
}

typedef enum binary {
  ADD, SUB, MUL, DIV, MOD, MIN, MAX, /* result of the operands' type */
  EQUAL, LESS, LESS_EQUAL, GREATER, GREATER_EQUAL, AND, OR, XOR, /* boolean */
  NONE,
} binary;

static binary
binary_of(rrn_onnx_span op)
{
  static const struct { const char *name; binary what; } names[] = {
    { "Add", ADD }, { "Sum", ADD }, { "Sub", SUB }, { "Mul", MUL }, { "Div", DIV }, { "Mod", MOD },
    { "Min", MIN }, { "Max", MAX }, { "Equal", EQUAL }, { "Less", LESS }, { "LessOrEqual", LESS_EQUAL },
    { "Greater", GREATER }, { "GreaterOrEqual", GREATER_EQUAL }, { "And", AND }, { "Or", OR }, { "Xor", XOR },
  };
  size_t i;

  for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if (rrn_onnx_is(op, names[i].name))
      return names[i].what;
  return NONE;
}

static int
compares(binary what)
{
  return what >= EQUAL && what <= XOR;
}

/* C's quotient for Div; Mod takes the sign of the divisor unless fmod is asked for. */
static int
divide(binary what, int64_t fmod_sign, int64_t a, int64_t b, int64_t *ret)
{
  if (b == 0 || (b == -1 && a == INT64_MIN))
    return 0;
  *ret = what == DIV ? a / b : a % b;
  if (what == MOD && !fmod_sign && *ret != 0 && (*ret < 0) != (b < 0))
    *ret += b;
  return 1;
}

/* 0 when there is no result. */
static int
binary_int(binary what, int64_t fmod_sign, int64_t a, int64_t b, int64_t *ret)
{
  switch (what) {
  case ADD:
    return !ckd_add(ret, a, b);
  case SUB:
    return !ckd_sub(ret, a, b);
  case MUL:
    return !ckd_mul(ret, a, b);
  case DIV:
  case MOD:
    return divide(what, fmod_sign, a, b, ret);
  case MIN:
    *ret = a < b ? a : b;
    return 1;
  case MAX:
    *ret = a > b ? a : b;
    return 1;
  case AND:
    *ret = a && b;
    return 1;
  case OR:
    *ret = a || b;
    return 1;
  case XOR:
    *ret = !a != !b;
    return 1;
  default:
    *ret = what == EQUAL        ? a == b
           : what == LESS       ? a < b
           : what == LESS_EQUAL ? a <= b
           : what == GREATER    ? a > b
                                : a >= b;
    return 1;
  }
}

static int
compare_real(binary what, double a, double b)
{
  return what == EQUAL        ? a == b
         : what == LESS       ? a < b
         : what == LESS_EQUAL ? a <= b
         : what == GREATER    ? a > b
                              : a >= b;
}

static double
binary_real(binary what, double a, double b)
{
  return what == ADD   ? a + b
         : what == SUB ? a - b
         : what == MUL ? a * b
         : what == DIV ? a / b
         : what == MOD ? fmod(a, b)
         : what == MIN ? fmin(a, b)
                       : fmax(a, b);
}

static int32_t
fold_binary(job *j, rrn_onnx_data **ret_data, rramnas_error *err)
{
  const rrn_onnx_data *a = j->in[0], *b = j->in[1];
  binary what = binary_of(j->call->node->op_type);
  int64_t k, fmod_sign = 0, value;
  rrn_onnx_data *data;

  if (j->call->n_in != 2 || a->is_real != b->is_real)
    return RRAMNAS_OK;
  if (what == MOD)
    RRN_TRY(rrn_onnx_attr_int(j->call, "fmod", &fmod_sign, err));
  RRN_TRY(result(j, compares(what) ? (int32_t)RRN_ONNX_BOOL : a->type, &data, err));
  for (k = 0; k < j->n; k++) {
    int64_t at = broadcast_at(j->out, j->shape[0], k), bt = broadcast_at(j->out, j->shape[1], k);

    if (a->is_real && compares(what)) {
      data->i[k] = compare_real(what, a->r[at], b->r[bt]);
    } else if (a->is_real) {
      rrn_onnx_set_real(data, k, binary_real(what, a->r[at], b->r[bt]));
    } else {
      if (!binary_int(what, fmod_sign, a->i[at], b->i[bt], &value))
        return RRAMNAS_OK;
      rrn_onnx_set_int(data, k, value);
    }
  }
  *ret_data = data;
  return RRAMNAS_OK;
}

static int32_t
fold_where(job *j, rrn_onnx_data **ret_data, rramnas_error *err)
{
  int64_t k;

  if (j->in[1]->type != j->in[2]->type)
    return RRAMNAS_OK;
  RRN_TRY(result(j, j->in[1]->type, ret_data, err));
  for (k = 0; k < j->n; k++) {
    int32_t from = rrn_onnx_real(j->in[0], broadcast_at(j->out, j->shape[0], k)) != 0 ? 1 : 2;

    copy_element(*ret_data, k, j->in[from], broadcast_at(j->out, j->shape[from], k));
  }
  return RRAMNAS_OK;
}

/* --- moves --- */

static int32_t
fold_expand(job *j, rrn_onnx_data **ret_data, rramnas_error *err)
{
  int64_t k;

  RRN_TRY(result(j, j->in[0]->type, ret_data, err));
  for (k = 0; k < j->n; k++)
    copy_element(*ret_data, k, j->in[0], broadcast_at(j->out, j->shape[0], k));
  return RRAMNAS_OK;
}

static int32_t
fold_transpose(job *j, rrn_onnx_data **ret_data, rramnas_error *err)
{
  int64_t k;

  RRN_TRY(result(j, j->in[0]->type, ret_data, err));
  for (k = 0; k < j->n; k++) {
    int64_t rest = k, at = 0;
    int32_t d;

    for (d = j->out->rank - 1; d >= 0; d--) {
      at += rest % j->out->dims[d] * stride_of(j->shape[0], (int32_t)j->call->attrs.dims[d]);
      rest /= j->out->dims[d];
    }
    copy_element(*ret_data, k, j->in[0], at);
  }
  return RRAMNAS_OK;
}

static int32_t
fold_gather(job *j, rrn_onnx_data **ret_data, rramnas_error *err)
{
  const rrn_shape *x = j->shape[0];
  int32_t axis = j->call->attrs.axis;
  int64_t inner = stride_of(x, axis), picks = j->in[1]->n, k;

  RRN_TRY(result(j, j->in[0]->type, ret_data, err));
  for (k = 0; k < j->n; k++) {
    int64_t pick = rrn_onnx_int(j->in[1], k / inner % picks), outer = k / inner / picks;

    if (pick < 0)
      pick += x->dims[axis];
    RRN_FAIL_IF(pick < 0 || pick >= x->dims[axis], err, RRAMNAS_ERR_SHAPE,
                "an index is outside of the %lld elements of axis %d", (long long)x->dims[axis], axis);
    copy_element(*ret_data, k, j->in[0], (outer * x->dims[axis] + pick) * inner + k % inner);
  }
  return RRAMNAS_OK;
}

/* Start and step along each axis; the handler has checked the lists. */
static int32_t
slice_starts(job *j, int64_t *start, int64_t *step, rramnas_error *err)
{
  int64_t starts[RRAMNAS_MAX_RANK], axes[RRAMNAS_MAX_RANK], steps[RRAMNAS_MAX_RANK];
  int32_t n, n_axes, n_steps = -1, k, axis;

  for (k = 0; k < j->out->rank; k++) {
    start[k] = 0;
    step[k] = 1;
  }
  RRN_TRY(rrn_onnx_list(j->call, "starts", 1, 10, starts, RRAMNAS_MAX_RANK, &n, err));
  RRN_TRY(rrn_onnx_list(j->call, "axes", 3, 10, axes, RRAMNAS_MAX_RANK, &n_axes, err));
  if (j->call->model->opset >= 10)
    RRN_TRY(rrn_onnx_list(j->call, "steps", 4, 10, steps, RRAMNAS_MAX_RANK, &n_steps, err));
  for (k = 0; k < n; k++) {
    int64_t length;

    RRN_TRY(rrn_shape_axis(n_axes < 0 ? k : axes[k], j->out->rank, &axis, err));
    length = j->shape[0]->dims[axis];
    step[axis] = n_steps < 0 ? 1 : steps[k];
    start[axis] = starts[k] < 0 ? starts[k] + length : starts[k];
    if (start[axis] < 0)
      start[axis] = 0;
    if (start[axis] >= length) /* only reached going down, or with an empty result */
      start[axis] = length - 1;
  }
  return RRAMNAS_OK;
}

static int32_t
fold_slice(job *j, rrn_onnx_data **ret_data, rramnas_error *err)
{
  int64_t start[RRAMNAS_MAX_RANK], step[RRAMNAS_MAX_RANK], k;

  RRN_TRY(slice_starts(j, start, step, err));
  RRN_TRY(result(j, j->in[0]->type, ret_data, err));
  for (k = 0; k < j->n; k++) {
    int64_t rest = k, at = 0;
    int32_t d;

    for (d = j->out->rank - 1; d >= 0; d--) {
      /* The step of an axis with one element may be anything. */
      at += (start[d] + (j->out->dims[d] > 1 ? rest % j->out->dims[d] * step[d] : 0)) * stride_of(j->shape[0], d);
      rest /= j->out->dims[d];
    }
    RRN_FAIL_IF(at < 0 || at >= j->in[0]->n, err, RRAMNAS_ERR_SHAPE, "the slice reaches outside of its input");
    copy_element(*ret_data, k, j->in[0], at);
  }
  return RRAMNAS_OK;
}

/* Copies one input of Concat to its place along the axis. */
static void
concat_part(job *j, rrn_onnx_data *data, const rrn_onnx_data *part, const rrn_shape *x, int64_t begin)
{
  int32_t axis = j->call->attrs.axis;
  int64_t run = stride_of(x, axis) * x->dims[axis], row = stride_of(j->out, axis) * j->out->dims[axis], k;

  for (k = 0; k < part->n; k++)
    copy_element(data, k / run * row + begin * stride_of(x, axis) + k % run, part, k);
}

static int32_t
fold_concat(job *j, rrn_onnx_data **ret_data, rramnas_error *err)
{
  const rrn_onnx_data *part;
  rrn_onnx_data *data;
  int64_t begin = 0;
  int32_t k;

  RRN_TRY(result(j, j->in[0]->type, &data, err));
  for (k = 0; k < j->call->n_in; k++) {
    const rrn_shape *x = rrn_onnx_shape(j->call, k);

    RRN_TRY(rrn_onnx_input_data(j->call, k, &part, err));
    if (!part || part->type != data->type)
      return RRAMNAS_OK;
    concat_part(j, data, part, x, begin);
    begin += x->dims[j->call->attrs.axis];
  }
  *ret_data = data;
  return RRAMNAS_OK;
}

/* --- reductions --- */

/* The operator behind a reduction that folds. */
static binary
reduction_of(rrn_onnx_span op)
{
  return rrn_onnx_is(op, "ReduceProd")  ? MUL
         : rrn_onnx_is(op, "ReduceSum") ? ADD
         : rrn_onnx_is(op, "ReduceMin") ? MIN
                                        : MAX;
}

/* ReduceProd, ReduceSum, ReduceMin, ReduceMax of integers over everything. */
static int32_t
fold_reduce(job *j, rrn_onnx_data **ret_data, rramnas_error *err)
{
  const rrn_onnx_data *x = j->in[0];
  binary what = reduction_of(j->call->node->op_type);
  int64_t k, value;
  rrn_onnx_data *data;

  if (x->is_real || j->n != 1 || x->n == 0 || j->call->op != RRAMNAS_OP_REDUCE)
    return RRAMNAS_OK;
  value = x->i[0];
  for (k = 1; k < x->n; k++)
    if (!binary_int(what, 0, value, x->i[k], &value))
      return RRAMNAS_OK;
  RRN_TRY(result(j, x->type, &data, err));
  rrn_onnx_set_int(data, 0, value);
  *ret_data = data;
  return RRAMNAS_OK;
}

/* --- table --- */

static const struct {
  const char *name;
  folder fold; /* NULL: the elements of input 0, unchanged */
} folders[] = {
  { "Abs", fold_unary },     { "Add", fold_binary },       { "And", fold_binary },
  { "Cast", fold_cast },     { "Ceil", fold_unary },       { "Concat", fold_concat },
  { "Div", fold_binary },    { "Equal", fold_binary },     { "Expand", fold_expand },
  { "Flatten", NULL },       { "Floor", fold_unary },      { "Gather", fold_gather },
  { "Greater", fold_binary }, { "GreaterOrEqual", fold_binary }, { "Identity", NULL },
  { "Less", fold_binary },   { "LessOrEqual", fold_binary }, { "Max", fold_binary },
  { "Min", fold_binary },    { "Mod", fold_binary },       { "Mul", fold_binary },
  { "Neg", fold_unary },     { "Not", fold_unary },        { "Or", fold_binary },
  { "Reciprocal", fold_unary }, { "ReduceMax", fold_reduce }, { "ReduceMin", fold_reduce },
  { "ReduceProd", fold_reduce }, { "ReduceSum", fold_reduce }, { "Reshape", NULL },
  { "Round", fold_unary },   { "Slice", fold_slice },      { "Sqrt", fold_unary },
  { "Squeeze", NULL },       { "Sub", fold_binary },       { "Sum", fold_binary },
  { "Transpose", fold_transpose }, { "Unsqueeze", NULL },  { "Where", fold_where },
  { "Xor", fold_binary },
};

/* The elements and shapes of the first inputs; 0 when some are not known. */
static int32_t
prepare(rrn_onnx_call *call, job *ret_job, rramnas_error *err)
{
  int32_t k;

  memset(ret_job, 0, sizeof(*ret_job));
  ret_job->call = call;
  ret_job->out = &call->out[0];
  ret_job->n = rrn_onnx_elements(&call->out[0]);
  if (ret_job->n < 0 || ret_job->n > RRN_ONNX_MAX_FOLD)
    return 0;
  for (k = 0; k < call->n_in && k < MAX_INPUTS; k++) {
    if (!rrn_onnx_has(call, k))
      continue;
    RRN_TRY(rrn_onnx_input_data(call, k, &ret_job->in[k], err));
    if (!ret_job->in[k])
      return 0;
    ret_job->shape[k] = rrn_onnx_shape(call, k);
  }
  return 1;
}

int32_t
rrn_onnx_fold(rrn_onnx_call *call, const rrn_onnx_data **ret_data, rramnas_error *err)
{
  const size_t n = sizeof(folders) / sizeof(folders[0]);
  rrn_onnx_data *data = NULL;
  int32_t ready;
  size_t i;
  job j;

  *ret_data = NULL;
  for (i = 0; i < n && !rrn_onnx_is(call->node->op_type, folders[i].name); i++)
    continue;
  if (i == n)
    return RRAMNAS_OK;
  RRN_TRY(ready = prepare(call, &j, err));
  if (!ready)
    return RRAMNAS_OK;
  if (!folders[i].fold) {
    *ret_data = j.in[0];
    return RRAMNAS_OK;
  }
  RRN_TRY(folders[i].fold(&j, &data, err));
  *ret_data = data;
  return RRAMNAS_OK;
}
