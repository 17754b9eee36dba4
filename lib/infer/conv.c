/* SPDX-License-Identifier: MIT */
/* Convolutions.
 *
 * In:  x[channels][spatial], w[out][channels / groups][kernel]. Out: y[out][spatial].
 * Idea: the input vectors of a few output positions at a time are copied together (im2col), as whole vectors of lanes,
 * and multiplied with the weights of the group; where the kernel is one element at every position, nothing is copied.
 * Filters of single channels (depthwise) are summed where they lie, unless a backend multiplies.
 *
 * A sum runs over the channels of the group, within these over the kernel's elements, last dimension fastest. Elements
 * beyond the edge count as 0. Then the bias is added, and bounds that follow are held (join.c).
 *
 * Complexity: out * channels / groups * kernel * positions multiply-adds; copies: channels * kernel * positions
 * vectors. */
#include <math.h>
#include <string.h>

#include "infer/product.h"
#include "util/ckd.h"

enum { BLOCK_BYTES = 1 << 17 };

typedef struct conv {
  rrn_infer_product *product;
  rrn_infer_filter *filter; /* single channels; NULL otherwise */
  const int32_t *table;     /* [n_positions][n_taps]: element of a channel, -1 beyond the edge; NULL = the position */
  const float *bias;        /* [out]; NULL without */
  size_t n_groups, channels, outs; /* of a group */
  size_t n_taps, n_positions, n_elements, block;
  rrn_infer_joint joint;
} conv;

/* --- running --- */

static void
gather_columns(const conv *c, const float *x, size_t first, size_t n, float *columns)
{
  size_t channel, tap, p;

  for (channel = 0; channel < c->channels; channel++, x += c->n_elements * RRN_LANES)
    for (tap = 0; tap < c->n_taps; tap++)
      for (p = first; p < first + n; p++, columns += RRN_LANES) {
        const int32_t element = c->table[p * c->n_taps + tap];

        if (element < 0)
          memset(columns, 0, RRN_LANES * sizeof(*columns));
        else
          memcpy(columns, x + (size_t)element * RRN_LANES, RRN_LANES * sizeof(*columns));
      }
}

static int32_t
run_group(const conv *c, const rrn_infer_task *task, size_t group, const float *x, float *y, rramnas_error *err)
{
  rrn_infer_block block = { .group = (int32_t)group, .y_row = c->n_positions * RRN_LANES, .y_position = RRN_LANES };
  size_t first;

  for (first = 0; first < c->n_positions; first += c->block) {
    block.first_position = first;
    block.n_positions = c->n_positions - first < c->block ? c->n_positions - first : c->block;
    block.x = c->table ? task->scratch : x + first * RRN_LANES;
    block.x_row = (c->table ? block.n_positions : c->n_elements) * RRN_LANES;
    block.x_position = RRN_LANES;
    block.y = y + first * RRN_LANES;
    if (c->table)
      gather_columns(c, x, first, block.n_positions, task->scratch);
    RRN_TRY(rrn_infer_multiply(c->product, task, &block, err));
  }
  return RRAMNAS_OK;
}

/* Of one block of images. */
static int32_t
run_groups(const conv *c, const rrn_infer_task *task, const float *x, float *y, rramnas_error *err)
{
  size_t g;

  for (g = 0; g < c->n_groups; g++)
    RRN_TRY(run_group(c, task, g, x + g * c->channels * c->n_elements * RRN_LANES,
                      y + g * c->outs * c->n_positions * RRN_LANES, err));
  return RRAMNAS_OK;
}

/* Bias and bounds. */
static void
finish(const conv *c, const rrn_infer_kernels *kernels, float *y)
{
  const size_t n = c->n_positions * RRN_LANES;
  const int held = c->joint.low > -HUGE_VALF || c->joint.high < HUGE_VALF;
  size_t out;

  for (out = 0; (c->bias || held) && out < c->n_groups * c->outs; out++, y += n) {
    if (c->bias)
      kernels->bias(y, y, n, c->bias[out]);
    if (held)
      kernels->clip(y, y, n, c->joint.low, c->joint.high);
  }
}

/* Whether bytes go from one layer to another; layers below 0 are none. */
static int
hands_over(const rrn_infer_backend *b, int32_t from, int32_t to)
{
  return from >= 0 && to >= 0 && b && b->multiply_whole && b->takes_bytes && b->takes_bytes(b->user, from) &&
         b->takes_bytes(b->user, to);
}

static uint8_t *
bytes_at(const rrn_infer_task *task, size_t which)
{
  return task->bytes + which * task->plan->n_handed * task->n_blocks * RRN_LANES;
}

/* RRN_INFER_BY_BLOCKS when the backend does not take the layer. */
static int32_t
multiply_whole(const conv *c, const rrn_infer_task *task, const float *x, float *y, rramnas_error *err)
{
  const rrn_infer_joint *j = &c->joint;
  rrn_infer_whole whole = { .n_channels = c->channels, .n_taps = c->n_taps, .n_elements = c->n_elements,
                            .n_positions = c->n_positions, .table = c->table, .x = x, .y = y, .bias = c->bias,
                            .low = j->low, .high = j->high, .reader = j->reader };

  if (hands_over(task->backend, j->writer, j->layer))
    whole.x_bytes = bytes_at(task, j->from);
  if (hands_over(task->backend, j->layer, j->reader))
    whole.y_bytes = bytes_at(task, j->to);
  return rrn_infer_multiply_whole(c->product, task, &whole, err);
}

static int32_t
run_conv(const rrn_infer_step *step, const rrn_infer_task *task, rramnas_error *err)
{
  const conv *c = step->more;
  const float *x = rrn_infer_in(step, task, 0);
  float *y = rrn_infer_out(step, task, 0);
  const int32_t status = multiply_whole(c, task, x, y, err);
  size_t k;

  if (status != RRN_INFER_BY_BLOCKS)
    return status;
  for (k = 0; k < task->n_blocks; k++, x += task->n_between, y += task->n_between) {
    const rrn_infer_task one = rrn_infer_block_of(task, k);

    if (c->filter && !task->backend)
      task->plan->kernels->filter(c->filter, x, y);
    else
      RRN_TRY(run_groups(c, &one, x, y, err));
    finish(c, task->plan->kernels, y);
  }
  return RRAMNAS_OK;
}

/* --- preparing --- */

/* Next multi-index below `dims`; 0 when it was the last. */
static int
advance(int64_t *at, const int64_t *dims, int32_t n)
{
  int32_t d;

  for (d = n - 1; d >= 0; d--) {
    if (++at[d] < dims[d])
      return 1;
    at[d] = 0;
  }
  return 0;
}

/* Element of a channel that a tap meets at a position. */
static int32_t
element_at(const rrn_attrs *a, const int64_t *in, const int64_t *position, const int64_t *tap)
{
  int64_t element = 0;
  int32_t d;

  for (d = 0; d < a->n_spatial; d++) {
    const int64_t at = position[d] * a->stride[d] - a->pad[d] + tap[d] * a->dilation[d];

    if (at < 0 || at >= in[d])
      return -1;
    element = element * in[d] + at;
  }
  return (int32_t)element;
}

static int32_t
make_table(const rrn_infer_builder *b, const rrn_node *node, conv *c)
{
  const int64_t *in = rrn_infer_tensor(b->plan, node, 0)->dims + 2, *out = rrn_infer_result(b->plan, node)->dims + 2;
  int64_t position[RRAMNAS_MAX_SPATIAL] = { 0 }, tap[RRAMNAS_MAX_SPATIAL] = { 0 };
  size_t n, k = 0;
  int32_t *table;

  if (ckd_mul(&n, c->n_positions, c->n_taps) || n > RRN_INFER_MAX_TABLE)
    return rrn_infer_fail(b, node, RRAMNAS_ERR_LIMIT, "more than 2^28 pairs of output position and kernel element");
  table = rrn_arena_alloc_raw(&b->plan->arena, n, sizeof(*table));
  if (!table)
    return rrn_fail_memory(b->err);
  do
    do
      table[k++] = element_at(&node->attrs, in, position, tap);
    while (advance(tap, node->attrs.kernel, node->attrs.n_spatial));
  while (advance(position, out, node->attrs.n_spatial));
  c->table = table;
  return RRAMNAS_OK;
}

/* 1 when each position meets the element of its own number. */
static int
is_pointwise(const rrn_attrs *a, const conv *c)
{
  int32_t d;

  for (d = 0; d < a->n_spatial; d++)
    if (a->kernel[d] != 1 || a->stride[d] != 1 || a->pad[d] || a->pad[a->n_spatial + d])
      return 0;
  return c->n_positions == c->n_elements;
}

static int32_t
make_taps(const rrn_infer_builder *b, const conv *c, rrn_infer_filter *f)
{
  size_t *first = rrn_arena_alloc_raw(&b->plan->arena, c->n_positions + 1, sizeof(*first)), p, t, n = 0;
  rrn_infer_tap *taps = rrn_arena_alloc_raw(&b->plan->arena, c->n_positions * c->n_taps, sizeof(*taps));

  if (!first || !taps)
    return rrn_fail_memory(b->err);
  for (p = 0; p < c->n_positions; p++) {
    first[p] = n;
    for (t = 0; t < c->n_taps; t++)
      if (c->table[p * c->n_taps + t] >= 0)
        taps[n++] = (rrn_infer_tap){ (int32_t)t, c->table[p * c->n_taps + t] };
  }
  first[p] = n;
  f->first = first;
  f->taps = taps;
  return RRAMNAS_OK;
}

static int32_t
make_filter(const rrn_infer_builder *b, const float *weights, conv *c)
{
  rrn_infer_filter *f = rrn_arena_alloc(&b->plan->arena, 1, sizeof(*f));

  if (!f)
    return rrn_fail_memory(b->err);
  f->channels = c->n_groups * c->outs;
  f->n_weights = c->n_taps;
  f->n_positions = c->n_positions;
  f->n_elements = c->n_elements;
  f->weights = weights;
  f->per_input = c->outs;
  c->filter = f;
  return make_taps(b, c, f);
}

static void
measure(const rrn_infer_builder *b, const rrn_node *node, conv *c)
{
  const rrn_tensor *x = rrn_infer_tensor(b->plan, node, 0), *w = rrn_infer_tensor(b->plan, node, 1);
  const rrn_tensor *y = rrn_infer_result(b->plan, node);

  c->n_groups = (size_t)node->attrs.groups;
  c->channels = (size_t)w->dims[1];
  c->outs = (size_t)w->dims[0] / c->n_groups;
  c->n_taps = rrn_infer_elements(w) / (size_t)(w->dims[0] * w->dims[1]);
  c->n_elements = rrn_infer_elements(x) / (size_t)x->dims[1];
  c->n_positions = rrn_infer_elements(y) / (size_t)y->dims[1];
  c->block = BLOCK_BYTES / sizeof(float) / RRN_LANES / (c->channels * c->n_taps < RRN_INFER_DEPTH
                                                        ? c->channels * c->n_taps : RRN_INFER_DEPTH);
  if (c->block > c->n_positions)
    c->block = c->n_positions;
}

static int32_t
check_conv(const rrn_infer_builder *b, const rrn_node *node)
{
  const rrn_tensor *x = rrn_infer_tensor(b->plan, node, 0);

  if (strcmp(node->source_op, "Conv") != 0)
    return rrn_infer_fail(b, node, RRAMNAS_ERR_UNSUPPORTED, "quantised convolutions are not computed");
  if (!x || x->dims[0] != 1 || x->kind != RRN_TENSOR_ACTIVATION)
    return rrn_infer_fail(b, node, RRAMNAS_ERR_UNSUPPORTED, "the input is not one image");
  return RRAMNAS_OK;
}

int32_t
rrn_infer_conv(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step)
{
  conv *c = rrn_arena_alloc(&b->plan->arena, 1, sizeof(*c));
  rrn_infer_weights w = { 0 };
  int pointwise, single;

  if (!c)
    return rrn_fail_memory(b->err);
  RRN_TRY(check_conv(b, node));
  RRN_TRY(rrn_infer_constant(b, node, 1, &w.weights));
  measure(b, node, c);
  if (rrn_infer_tensor(b->plan, node, 2)) {
    RRN_TRY(rrn_infer_constant(b, node, 2, &c->bias));
    if (rrn_infer_elements(rrn_infer_tensor(b->plan, node, 2)) != c->n_groups * c->outs)
      return rrn_infer_fail(b, node, RRAMNAS_ERR_SHAPE, "the bias does not have one entry per output channel");
  }
  pointwise = is_pointwise(&node->attrs, c);
  single = c->channels == 1 && c->n_groups > 1;
  if (!pointwise || single)
    RRN_TRY(make_table(b, node, c));
  if (single)
    RRN_TRY(make_filter(b, w.weights, c));
  w.n_groups = c->n_groups;
  w.n_out = c->outs;
  w.n_in = w.out_stride = c->channels * c->n_taps;
  w.group_stride = w.n_out * w.n_in;
  w.in_stride = 1;
  RRN_TRY(rrn_infer_product_new(b, node->layer, &w, c->n_positions, !single, &c->product));
  step->run = run_conv;
  step->takes_blocks = 1;
  step->more = c;
  c->joint = (rrn_infer_joint){ .low = -HUGE_VALF, .high = HUGE_VALF, .layer = node->layer, .reader = -1, .writer = -1 };
  step->joint = &c->joint;
  step->n_scratch = c->table ? c->channels * c->n_taps * c->block * RRN_LANES : 0;
  return RRAMNAS_OK;
}
