/* SPDX-License-Identifier: MIT */
/* Operators that move elements: concatenation, views, and whatever a table from output to input describes.
 *
 * In: tensors. Out: the same numbers elsewhere, or a constant (padding).
 * Slice and Pad say with attrs.dims where the first element of each dimension comes from (net/onnx/move.c); a network
 * that does not say it cannot be run. */
#include <string.h>

#include "infer/plan.h"

/* --- concatenation --- */

typedef struct concat {
  size_t outer;
  size_t *inner; /* [n_inputs]: elements of each input per outer index */
} concat;

static int32_t
run_concat(const rrn_infer_step *step, const rrn_infer_task *task, rramnas_error *err)
{
  const concat *c = step->more;
  float *y = rrn_infer_out(step, task, 0);
  size_t o;
  int32_t k;

  (void)err;
  for (o = 0; o < c->outer; o++)
    for (k = 0; k < step->node->n_inputs; k++) {
      const size_t n = c->inner[k] * RRN_LANES;

      memcpy(y, rrn_infer_in(step, task, k) + o * n, n * sizeof(*y));
      y += n;
    }
  return RRAMNAS_OK;
}

int32_t
rrn_infer_concat(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step)
{
  concat *c = rrn_arena_alloc(&b->plan->arena, 1, sizeof(*c));
  int32_t d, k;

  if (!c || !(c->inner = rrn_arena_alloc(&b->plan->arena, (size_t)node->n_inputs, sizeof(*c->inner))))
    return rrn_fail_memory(b->err);
  c->outer = 1;
  for (d = 0; d < b->attrs->axis; d++)
    c->outer *= (size_t)rrn_infer_result(b->plan, node)->dims[d];
  for (k = 0; k < node->n_inputs; k++) {
    RRN_TRY(rrn_infer_operand(b, node, k));
    c->inner[k] = rrn_infer_elements(rrn_infer_tensor(b->plan, node, k)) / c->outer;
  }
  step->run = run_concat;
  step->more = c;
  return RRAMNAS_OK;
}

/* --- views --- */

int32_t
rrn_infer_view(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step)
{
  static const char *const converting[] = { "Cast", "CastLike", "QuantizeLinear", "DequantizeLinear",
                                            "DynamicQuantizeLinear" };
  size_t i;

  for (i = 0; node->op == RRAMNAS_OP_IDENTITY && i < sizeof(converting) / sizeof(converting[0]); i++)
    if (strcmp(node->source_op, converting[i]) == 0)
      return rrn_infer_fail(b, node, RRAMNAS_ERR_UNSUPPORTED, "conversions of activations are not computed");
  RRN_TRY(rrn_infer_operand(b, node, 0));
  if (rrn_infer_elements(rrn_infer_tensor(b->plan, node, 0)) != rrn_infer_elements(rrn_infer_result(b->plan, node)))
    return rrn_infer_fail(b, node, RRAMNAS_ERR_SHAPE, "input and output do not have as many elements");
  step->sharing = RRN_INFER_VIEW;
  return RRAMNAS_OK;
}

/* --- tables --- */

typedef struct move {
  int32_t n_out;
  size_t *n;             /* [n_out]: elements */
  const int32_t **from;  /* [n_out]: element of input 0, -1 = fill */
  float fill;
} move;

static int32_t
run_move(const rrn_infer_step *step, const rrn_infer_task *task, rramnas_error *err)
{
  const move *m = step->more;
  const float *x = rrn_infer_in(step, task, 0);
  size_t e, lane;
  int32_t k;

  (void)err;
  for (k = 0; k < m->n_out; k++) {
    float *y = rrn_infer_out(step, task, k);

    for (e = 0; e < m->n[k]; e++, y += RRN_LANES)
      if (m->from[k][e] >= 0)
        memcpy(y, x + (size_t)m->from[k][e] * RRN_LANES, RRN_LANES * sizeof(*y));
      else
        for (lane = 0; lane < RRN_LANES; lane++)
          y[lane] = m->fill;
  }
  return RRAMNAS_OK;
}

static int32_t
move_new(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step, move **ret_move)
{
  move *m = rrn_arena_alloc(&b->plan->arena, 1, sizeof(*m));

  RRN_TRY(rrn_infer_operand(b, node, 0));
  if (!m || !(m->n = rrn_arena_alloc(&b->plan->arena, (size_t)node->n_outputs, sizeof(*m->n))) ||
      !(m->from = rrn_arena_alloc(&b->plan->arena, (size_t)node->n_outputs, sizeof(*m->from))))
    return rrn_fail_memory(b->err);
  m->n_out = node->n_outputs;
  step->run = run_move;
  step->more = m;
  *ret_move = m;
  return RRAMNAS_OK;
}

/* A walk through the input: in output dimension d the index goes from start[d] by 1 over an input dimension of size[d]
 * and stride[d]; beyond it there is nothing, or with `wrap` the beginning again. */
typedef struct walk {
  int64_t start[RRAMNAS_MAX_RANK], size[RRAMNAS_MAX_RANK], stride[RRAMNAS_MAX_RANK];
  int wrap;
} walk;

static int32_t
element_at(const walk *w, const int64_t *at, int32_t rank)
{
  int64_t element = 0;
  int32_t d;

  for (d = 0; d < rank; d++) {
    const int64_t i = w->wrap ? (w->start[d] + at[d]) % w->size[d] : w->start[d] + at[d];

    if (i < 0 || i >= w->size[d])
      return -1;
    element += i * w->stride[d];
  }
  return (int32_t)element;
}

static int32_t
follow(const rrn_infer_builder *b, const rrn_node *node, const walk *w, int32_t output, move *m)
{
  const rrn_tensor *y = &b->plan->net->tensors[node->outputs[output]];
  int64_t at[RRAMNAS_MAX_RANK] = { 0 };
  const size_t n = rrn_infer_elements(y);
  int32_t *from = rrn_arena_alloc_raw(&b->plan->arena, n, sizeof(*from)), d;
  size_t e;

  if (!from)
    return rrn_fail_memory(b->err);
  for (e = 0; e < n; e++) {
    from[e] = element_at(w, at, y->rank);
    for (d = y->rank - 1; d >= 0; at[d--] = 0)
      if (++at[d] < y->dims[d])
        break;
  }
  m->n[output] = n;
  m->from[output] = from;
  return RRAMNAS_OK;
}

/* The input's dimensions aligned with the last of `rank`; missing ones have size 1. */
static walk
whole_input(const rrn_tensor *x, int32_t rank)
{
  walk w = { { 0 }, { 0 }, { 0 }, 0 };
  int64_t stride = 1;
  int32_t d;

  for (d = rank - 1; d >= 0; d--) {
    const int32_t own = d - (rank - x->rank);

    w.size[d] = own >= 0 ? x->dims[own] : 1;
    w.stride[d] = stride;
    stride *= w.size[d];
  }
  return w;
}

static walk
permuted(const rrn_attrs *a, const walk *w, int32_t rank)
{
  walk p = *w;
  int32_t d;

  for (d = 0; d < rank; d++) {
    const int64_t from = a->n_dims == 0 ? rank - 1 - d
                         : a->dims[d] < 0 ? a->dims[d] + rank : a->dims[d];

    p.size[d] = w->size[from];
    p.stride[d] = w->stride[from];
  }
  return p;
}

/* Transpose, Slice, Pad, Expand, Tile. */
int32_t
rrn_infer_move(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step)
{
  const rrn_tensor *x = rrn_infer_tensor(b->plan, node, 0), *y = rrn_infer_result(b->plan, node);
  const int placed = node->op == RRAMNAS_OP_SLICE || node->op == RRAMNAS_OP_PAD;
  move *m = NULL;
  walk w;
  int32_t d;

  RRN_TRY(move_new(b, node, step, &m));
  if (placed && (b->attrs->n_dims != y->rank || y->rank != x->rank))
    return rrn_infer_fail(b, node, RRAMNAS_ERR_UNSUPPORTED,
                          node->op == RRAMNAS_OP_PAD ? "padding by anything but a constant is not computed"
                                                     : "slices are computed from known places with steps of 1");
  if (x->rank > y->rank)
    return rrn_infer_fail(b, node, RRAMNAS_ERR_SHAPE, "the output has fewer dimensions than the input");
  w = whole_input(x, y->rank);
  if (node->op == RRAMNAS_OP_TRANSPOSE)
    w = permuted(b->attrs, &w, y->rank);
  for (d = 0; placed && d < y->rank; d++)
    w.start[d] = b->attrs->dims[d];
  w.wrap = node->op == RRAMNAS_OP_EXPAND;
  m->fill = placed ? (float)b->attrs->number[0] : 0;
  return follow(b, node, &w, 0, m);
}

int32_t
rrn_infer_split(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step)
{
  const rrn_tensor *x = rrn_infer_tensor(b->plan, node, 0);
  int32_t axis = 0, k, d;
  move *m = NULL;
  walk w;

  RRN_TRY(move_new(b, node, step, &m));
  RRN_TRY(rrn_shape_axis(b->attrs->axis, x->rank, &axis, b->err));
  w = whole_input(x, x->rank);
  for (k = 0; k < node->n_outputs; k++) {
    const rrn_tensor *y = &b->plan->net->tensors[node->outputs[k]];

    for (d = 0; d < x->rank && d < y->rank; d++)
      if (d != axis ? y->dims[d] != x->dims[d] : w.start[d] + y->dims[d] > x->dims[d])
        return rrn_infer_fail(b, node, RRAMNAS_ERR_SHAPE, "a part reaches beyond the input");
    if (y->rank != x->rank)
      return rrn_infer_fail(b, node, RRAMNAS_ERR_SHAPE, "a part does not have the input's dimensions");
    RRN_TRY(follow(b, node, &w, k, m));
    w.start[axis] += y->dims[axis];
  }
  return RRAMNAS_OK;
}

/* Constant indices along one axis: y[outer][index][inner]. */
int32_t
rrn_infer_gather(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step)
{
  const rrn_tensor *x = rrn_infer_tensor(b->plan, node, 0), *indices = rrn_infer_tensor(b->plan, node, 1);
  const float *values = NULL;
  size_t outer = 1, inner, n, o, i, k, e = 0;
  move *m = NULL;
  int32_t *from, axis = 0, d;
  int64_t dim;

  if (strcmp(node->source_op, "Gather") != 0)
    return rrn_infer_fail(b, node, RRAMNAS_ERR_UNSUPPORTED, "the way of gathering is not computed");
  RRN_TRY(move_new(b, node, step, &m));
  RRN_TRY(rrn_infer_constant(b, node, 1, &values));
  RRN_TRY(rrn_shape_axis(b->attrs->axis, x->rank, &axis, b->err));
  dim = x->dims[axis];
  for (d = 0; d < axis; d++)
    outer *= (size_t)x->dims[d];
  inner = rrn_infer_elements(x) / outer / (size_t)dim;
  n = rrn_infer_elements(indices);
  from = rrn_arena_alloc_raw(&b->plan->arena, rrn_infer_elements(rrn_infer_result(b->plan, node)), sizeof(*from));
  if (!from)
    return rrn_fail_memory(b->err);
  if (outer * n * inner != rrn_infer_elements(rrn_infer_result(b->plan, node)))
    return rrn_infer_fail(b, node, RRAMNAS_ERR_SHAPE, "the output does not have the shape of what is gathered");
  for (o = 0; o < outer; o++)
    for (i = 0; i < n; i++) {
      int64_t at;

      if (!(values[i] >= (float)-dim && values[i] < (float)dim)) /* also not a number: a cast of it means nothing */
        return rrn_infer_fail(b, node, RRAMNAS_ERR_RANGE, "an index is outside of the axis");
      at = (int64_t)values[i] + (values[i] < 0 ? dim : 0);
      if (at < 0 || at >= dim)
        return rrn_infer_fail(b, node, RRAMNAS_ERR_RANGE, "an index is outside of the axis");
      for (k = 0; k < inner; k++)
        from[e++] = (int32_t)((o * (size_t)dim + (size_t)at) * inner + k);
    }
  m->n[0] = e;
  m->from[0] = from;
  return RRAMNAS_OK;
}
