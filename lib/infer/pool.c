/* SPDX-License-Identifier: MIT */
/* Pools and reductions.
 *
 * Windows: a table lists for every output position the elements of a channel that it covers, in order; those beyond the
 * edge are left out. A mean divides by the covered elements, with count_include_pad by those of the window that lie on
 * the input or its padding. Reductions go through the input's elements in order. Sums of windows, of whole images and
 * of axes are kept in double precision and rounded once. Greatest and least of what holds no number (NaN) are none, as
 * in numpy, which is ONNX's reference; ONNX itself says nothing, and ONNX Runtime's answer depends on the place. */
#include <math.h>
#include <string.h>

#include "infer/math.h"
#include "infer/plan.h"
#include "util/ckd.h"

/* --- windows --- */

typedef struct window {
  size_t channels, n_elements, n_positions;
  const size_t *first;     /* [n_positions + 1] */
  const int32_t *elements;
  const double *divisor;   /* [n_positions]; NULL = maximum */
} window;

static void
window_max(const window *w, const float *x, size_t p, float *restrict y)
{
  size_t i, lane;

  memcpy(y, x + (size_t)w->elements[w->first[p]] * RRN_LANES, RRN_LANES * sizeof(*y));
  for (i = w->first[p] + 1; i < w->first[p + 1]; i++) {
    const float *v = x + (size_t)w->elements[i] * RRN_LANES;

    for (lane = 0; lane < RRN_LANES; lane++)
      y[lane] = v[lane] > y[lane] || v[lane] != v[lane] ? v[lane] : y[lane];
  }
}

static void
window_mean(const window *w, const float *x, size_t p, float *restrict y)
{
  double sums[RRN_LANES] = { 0 };
  size_t i, lane;

  for (i = w->first[p]; i < w->first[p + 1]; i++)
    for (lane = 0; lane < RRN_LANES; lane++)
      sums[lane] += (double)x[(size_t)w->elements[i] * RRN_LANES + lane];
  for (lane = 0; lane < RRN_LANES; lane++)
    y[lane] = (float)(sums[lane] / w->divisor[p]);
}

static int32_t
run_window(const rrn_infer_step *step, const rrn_infer_task *task, rramnas_error *err)
{
  const window *w = step->more;
  const float *x = rrn_infer_in(step, task, 0);
  float *y = rrn_infer_out(step, task, 0);
  size_t c, p;

  (void)err;
  for (c = 0; c < w->channels; c++, x += w->n_elements * RRN_LANES)
    for (p = 0; p < w->n_positions; p++, y += RRN_LANES)
      if (w->divisor)
        window_mean(w, x, p, y);
      else
        window_max(w, x, p, y);
  return RRAMNAS_OK;
}

/* Adds the elements that the window at `position` covers; counts those that count. */
static size_t
cover(const rrn_attrs *a, const int64_t *in, const int64_t *position, int32_t *elements, size_t *n)
{
  int64_t tap[RRAMNAS_MAX_SPATIAL] = { 0 };
  size_t counted = 0;
  int32_t d;

  for (;;) {
    int64_t element = 0;
    int inside = 1, padded = 1;

    for (d = 0; d < a->n_spatial; d++) {
      const int64_t at = position[d] * a->stride[d] - a->pad[d] + tap[d] * a->dilation[d];

      inside &= at >= 0 && at < in[d];
      padded &= at < in[d] + a->pad[a->n_spatial + d];
      element = element * in[d] + at;
    }
    if (inside)
      elements[(*n)++] = (int32_t)element;
    counted += a->count_include_pad ? padded : inside;
    for (d = a->n_spatial - 1; d >= 0; tap[d--] = 0)
      if (++tap[d] < a->kernel[d])
        break;
    if (d < 0)
      return counted;
  }
}

static int32_t
make_windows(const rrn_infer_builder *b, const rrn_node *node, window *w)
{
  const rrn_tensor *x = rrn_infer_tensor(b->plan, node, 0), *y = rrn_infer_result(b->plan, node);
  const int mean = node->op == RRAMNAS_OP_AVERAGE_POOL;
  int64_t position[RRAMNAS_MAX_SPATIAL] = { 0 };
  size_t taps = 1, all, p, n = 0, *first;
  double *divisor;
  int32_t *elements, d;

  for (d = 0; d < b->attrs->n_spatial; d++)
    if (ckd_mul(&taps, taps, (size_t)b->attrs->kernel[d]))
      taps = SIZE_MAX;
  if (ckd_mul(&all, w->n_positions, taps) || all > RRN_INFER_MAX_TABLE)
    return rrn_infer_fail(b, node, RRAMNAS_ERR_LIMIT, "more than 2^28 pairs of output position and window element");
  first = rrn_arena_alloc_raw(&b->plan->arena, w->n_positions + 1, sizeof(*first));
  divisor = rrn_arena_alloc_raw(&b->plan->arena, w->n_positions, sizeof(*divisor));
  elements = rrn_arena_alloc_raw(&b->plan->arena, all, sizeof(*elements));
  if (!first || !divisor || !elements)
    return rrn_fail_memory(b->err);
  for (p = 0; p < w->n_positions; p++) {
    first[p] = n;
    divisor[p] = (double)cover(b->attrs, x->dims + 2, position, elements, &n);
    if (n == first[p])
      return rrn_infer_fail(b, node, RRAMNAS_ERR_UNSUPPORTED, "a window covers nothing but padding");
    for (d = b->attrs->n_spatial - 1; d >= 0; position[d--] = 0)
      if (++position[d] < y->dims[2 + d])
        break;
  }
  first[p] = n;
  w->first = first;
  w->elements = elements;
  w->divisor = mean ? divisor : NULL;
  return RRAMNAS_OK;
}

int32_t
rrn_infer_window(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step)
{
  window *w = rrn_arena_alloc(&b->plan->arena, 1, sizeof(*w));
  const rrn_tensor *x = rrn_infer_tensor(b->plan, node, 0), *y = rrn_infer_result(b->plan, node);

  if (!w)
    return rrn_fail_memory(b->err);
  if (strcmp(node->source_op, rramnas_op_name(node->op)) != 0)
    return rrn_infer_fail(b, node, RRAMNAS_ERR_UNSUPPORTED, "the pool is not computed");
  RRN_TRY(rrn_infer_operand(b, node, 0));
  w->channels = (size_t)(x->dims[0] * x->dims[1]);
  w->n_elements = rrn_infer_elements(x) / w->channels;
  w->n_positions = rrn_infer_elements(y) / w->channels;
  step->run = run_window;
  step->more = w;
  return make_windows(b, node, w);
}

/* --- reductions --- */

typedef enum reduction { SUM, MEAN, SQUARES, ABSOLUTES, NORM, GREATEST, LEAST, PRODUCT } reduction;

typedef struct reduce {
  reduction what;
  size_t n, n_out;
  const int32_t *to;  /* [n]: element of the output */
} reduce;

static void
accumulate(reduction what, const float *x, double *restrict sum)
{
  size_t i;

  for (i = 0; i < RRN_LANES; i++) {
    const double v = (double)x[i];

    switch (what) {
    case SQUARES:
    case NORM:
      sum[i] += v * v;
      break;
    case ABSOLUTES:
      sum[i] += fabs(v);
      break;
    case GREATEST:
      sum[i] = v > sum[i] || v != v ? v : sum[i];
      break;
    case LEAST:
      sum[i] = v < sum[i] || v != v ? v : sum[i];
      break;
    case PRODUCT:
      sum[i] *= v;
      break;
    default:
      sum[i] += v;
      break;
    }
  }
}

static int32_t
run_reduce(const rrn_infer_step *step, const rrn_infer_task *task, rramnas_error *err)
{
  const reduce *r = step->more;
  const float *x = rrn_infer_in(step, task, 0);
  float *y = rrn_infer_out(step, task, 0);
  double *sums = (double *)(void *)task->scratch;
  const double start = r->what == GREATEST ? -HUGE_VAL : r->what == LEAST ? HUGE_VAL : r->what == PRODUCT;
  size_t e;

  (void)err;
  for (e = 0; e < r->n_out * RRN_LANES; e++)
    sums[e] = start;
  for (e = 0; e < r->n; e++)
    accumulate(r->what, x + e * RRN_LANES, sums + (size_t)r->to[e] * RRN_LANES);
  for (e = 0; e < r->n_out * RRN_LANES; e++)
    y[e] = (float)(r->what == MEAN   ? sums[e] / ((double)r->n / (double)r->n_out)
                   : r->what == NORM ? sqrt(sums[e])
                                     : sums[e]);
  return RRAMNAS_OK;
}

/* Means and sums of elements that lie together. */
static int32_t
run_sums(const rrn_infer_step *step, const rrn_infer_task *task, rramnas_error *err)
{
  const reduce *r = step->more;
  const size_t inner = r->n / r->n_out * RRN_LANES;
  const double divisor = r->what == MEAN ? (double)(r->n / r->n_out) : 1;
  const float *x = rrn_infer_in(step, task, 0);
  float *y = rrn_infer_out(step, task, 0);
  double sums[RRN_LANES];
  size_t e, lane;

  (void)err;
  for (e = 0; e < r->n_out; e++, x += inner, y += RRN_LANES) {
    task->plan->kernels->sum(x, inner, sums);
    for (lane = 0; lane < RRN_LANES; lane++)
      y[lane] = (float)(sums[lane] / divisor);
  }
  return RRAMNAS_OK;
}

static int
lie_together(const reduce *r)
{
  size_t e;

  for (e = 0; e < r->n; e++)
    if ((size_t)r->to[e] != e / (r->n / r->n_out))
      return 0;
  return 1;
}

static int
find_reduction(const rrn_node *node, reduction *ret_what)
{
  static const struct { const char *name; reduction what; } names[] = {
    { "GlobalAveragePool", MEAN }, { "GlobalMaxPool", GREATEST }, { "ReduceMean", MEAN }, { "ReduceSum", SUM },
    { "ReduceMax", GREATEST }, { "ReduceMin", LEAST }, { "ReduceProd", PRODUCT }, { "ReduceSumSquare", SQUARES },
    { "ReduceL1", ABSOLUTES }, { "ReduceL2", NORM },
  };
  size_t i;

  for (i = 0; i < sizeof(names) / sizeof(names[0]); i++)
    if (strcmp(names[i].name, node->source_op) == 0) {
      *ret_what = names[i].what;
      return 1;
    }
  return 0;
}

/* One bit per dimension that goes. */
static unsigned
reduced_axes(const rrn_infer_builder *b, const rrn_node *node, const rrn_tensor *x)
{
  unsigned axes = 0;
  int32_t i;

  if (node->op != RRAMNAS_OP_REDUCE)
    return ~3u;
  for (i = 0; i < b->attrs->n_dims; i++)
    axes |= 1u << (b->attrs->dims[i] < 0 ? b->attrs->dims[i] + x->rank : b->attrs->dims[i]);
  return b->attrs->n_dims ? axes : ~0u;
}

static int32_t
map_to_output(const rrn_infer_builder *b, const rrn_node *node, reduce *r)
{
  const rrn_tensor *x = rrn_infer_tensor(b->plan, node, 0);
  const unsigned axes = reduced_axes(b, node, x);
  rrn_tensor kept = *x;
  int32_t d;

  for (d = 0; d < x->rank; d++)
    if (axes >> d & 1)
      kept.dims[d] = 1;
  if (rrn_infer_elements(&kept) != r->n_out)
    return rrn_infer_fail(b, node, RRAMNAS_ERR_UNSUPPORTED, "the result does not have the shape that the axes give");
  RRN_TRY(rrn_infer_broadcast(b, x, &kept, &r->to));
  if (!r->to) { /* nothing goes: each element to itself */
    int32_t *same = rrn_arena_alloc_raw(&b->plan->arena, r->n, sizeof(*same));
    size_t e;

    for (e = 0; same && e < r->n; e++)
      same[e] = (int32_t)e;
    r->to = same;
  }
  return r->to ? RRAMNAS_OK : rrn_fail_memory(b->err);
}

int32_t
rrn_infer_reduce(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step)
{
  reduce *r = rrn_arena_alloc(&b->plan->arena, 1, sizeof(*r));

  if (!r)
    return rrn_fail_memory(b->err);
  if (!find_reduction(node, &r->what))
    return rrn_infer_fail(b, node, RRAMNAS_ERR_UNSUPPORTED, "the reduction is not computed");
  RRN_TRY(rrn_infer_operand(b, node, 0));
  r->n = rrn_infer_elements(rrn_infer_tensor(b->plan, node, 0));
  r->n_out = rrn_infer_elements(rrn_infer_result(b->plan, node));
  step->run = run_reduce;
  step->more = r;
  step->n_scratch = r->n_out * RRN_LANES * 2;
  RRN_TRY(map_to_output(b, node, r));
  if ((r->what == MEAN || r->what == SUM) && lie_together(r))
    step->run = run_sums;
  return RRAMNAS_OK;
}
