/* SPDX-License-Identifier: MIT */
/* Normalisations and softmax.
 *
 * Batch normalisation: y = (x - mean) * scale + beta with scale = gamma / sqrt(variance + epsilon), computed in double
 * precision and rounded once. Layer and instance normalisation, softmax: sums in double precision in order of elements.
 * */
#include <math.h>
#include <string.h>

#include "infer/math.h"
#include "infer/plan.h"

/* --- batch normalisation --- */

static int32_t
run_batch_norm(const rrn_infer_step *step, const rrn_infer_task *task, rramnas_error *err)
{
  const rrn_infer_norm *n = step->more;
  const float *x = rrn_infer_in(step, task, 0);
  float *y = rrn_infer_out(step, task, 0);
  const size_t inner = n->inner * RRN_LANES;
  size_t c;

  (void)err;
  for (c = 0; c < n->channels; c++, x += inner, y += inner)
    task->plan->kernels->norm(x, y, inner, n->mean[c], n->scale[c], n->beta ? n->beta[c] : 0);
  return RRAMNAS_OK;
}

/* Parameters among the inputs, as ONNX has them, else those that were given by node; 0 mean and unit variance else. */
static int32_t
find_parameters(const rrn_infer_builder *b, const rrn_node *node, size_t channels, rrn_norm *ret)
{
  int32_t i;

  *ret = b->plan->values->norms[node - b->plan->net->nodes];
  if (node->n_inputs >= 5) {
    for (i = 1; i < 5; i++)
      if (!rrn_infer_tensor(b->plan, node, i) || rrn_infer_elements(rrn_infer_tensor(b->plan, node, i)) != channels)
        return rrn_infer_fail(b, node, RRAMNAS_ERR_SHAPE, "a parameter does not have one entry per channel");
    RRN_TRY(rrn_infer_constant(b, node, 1, &ret->gamma));
    RRN_TRY(rrn_infer_constant(b, node, 2, &ret->beta));
    RRN_TRY(rrn_infer_constant(b, node, 3, &ret->mean));
    return rrn_infer_constant(b, node, 4, &ret->variance);
  }
  if (!ret->mean || !ret->variance)
    return rrn_infer_fail(b, node, RRAMNAS_ERR_NOT_FOUND, "its mean and variance have no values");
  return RRAMNAS_OK;
}

int32_t
rrn_infer_batch_norm(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step)
{
  rrn_infer_norm *n = rrn_arena_alloc(&b->plan->arena, 1, sizeof(*n));
  const rrn_tensor *x = rrn_infer_tensor(b->plan, node, 0);
  rrn_norm given;
  size_t c;

  if (!n)
    return rrn_fail_memory(b->err);
  if (b->attrs->training)
    return rrn_infer_fail(b, node, RRAMNAS_ERR_UNSUPPORTED, "statistics of the batch are not computed");
  RRN_TRY(rrn_infer_operand(b, node, 0));
  n->channels = x->rank >= 2 ? (size_t)x->dims[1] : 1;
  RRN_TRY(find_parameters(b, node, n->channels, &given));
  n->inner = rrn_infer_elements(x) / n->channels;
  n->epsilon = b->attrs->number[0];
  n->gamma = given.gamma;
  n->beta = given.beta;
  n->mean = rrn_arena_alloc_raw(&b->plan->arena, n->channels, 2 * sizeof(*n->mean));
  if (!n->mean)
    return rrn_fail_memory(b->err);
  n->scale = n->mean + n->channels;
  if (x->rank >= 2 && x->dims[0] != 1)
    return rrn_infer_fail(b, node, RRAMNAS_ERR_UNSUPPORTED, "the input is not one image");
  for (c = 0; c < n->channels; c++) {
    n->mean[c] = given.mean[c];
    n->scale[c] = (float)((given.gamma ? (double)given.gamma[c] : 1) / sqrt((double)given.variance[c] + n->epsilon));
  }
  step->run = run_batch_norm;
  step->more = n;
  step->sharing = RRN_INFER_IN_PLACE;
  return RRAMNAS_OK;
}

/* --- layer and instance normalisation --- */

/* `outer` times, `inner` elements that lie together are brought to mean 0 and variance 1. */
typedef struct layer_norm {
  size_t outer, inner;
  double epsilon;
  int32_t gamma, beta;       /* inputs, -1 = none */
  int by_outer;              /* gamma and beta by outer index (channels), else by inner */
  const int32_t *gamma_map, *beta_map; /* by inner: element of the parameter */
} layer_norm;

static void
moments(const float *x, size_t n, double epsilon, double mean[RRN_LANES], double scale[RRN_LANES])
{
  size_t k, lane;

  memset(mean, 0, RRN_LANES * sizeof(*mean));
  memset(scale, 0, RRN_LANES * sizeof(*scale));
  for (k = 0; k < n; k++)
    for (lane = 0; lane < RRN_LANES; lane++)
      mean[lane] += (double)x[k * RRN_LANES + lane];
  for (lane = 0; lane < RRN_LANES; lane++)
    mean[lane] /= (double)n;
  for (k = 0; k < n; k++)
    for (lane = 0; lane < RRN_LANES; lane++) {
      const double distance = (double)x[k * RRN_LANES + lane] - mean[lane];

      scale[lane] += distance * distance;
    }
  for (lane = 0; lane < RRN_LANES; lane++)
    scale[lane] = 1 / sqrt(scale[lane] / (double)n + epsilon);
}

static const float *
parameter(const float *values, const int32_t *map, size_t i)
{
  return values + (map ? (size_t)map[i] : i) * RRN_LANES;
}

static int32_t
run_layer_norm(const rrn_infer_step *step, const rrn_infer_task *task, rramnas_error *err)
{
  const layer_norm *n = step->more;
  const float *x = rrn_infer_in(step, task, 0);
  const float *gamma = n->gamma < 0 ? NULL : rrn_infer_in(step, task, n->gamma);
  const float *beta = n->beta < 0 ? NULL : rrn_infer_in(step, task, n->beta);
  float *y = rrn_infer_out(step, task, 0);
  double mean[RRN_LANES], scale[RRN_LANES];
  size_t o, k, lane;

  (void)err;
  for (o = 0; o < n->outer; o++) {
    moments(x, n->inner, n->epsilon, mean, scale);
    for (k = 0; k < n->inner; k++, x += RRN_LANES, y += RRN_LANES) {
      const float *g = gamma ? parameter(gamma, n->gamma_map, n->by_outer ? o : k) : NULL;
      const float *h = beta ? parameter(beta, n->beta_map, n->by_outer ? o : k) : NULL;

      for (lane = 0; lane < RRN_LANES; lane++)
        y[lane] = (float)(((double)x[lane] - mean[lane]) * scale[lane]) * (g ? g[lane] : 1) + (h ? h[lane] : 0);
    }
  }
  return RRAMNAS_OK;
}

/* A parameter of the normalised dimensions; instance normalisation's has one entry per channel. */
static int32_t
take_parameter(const rrn_infer_builder *b, const rrn_node *node, int32_t input, const layer_norm *n, int32_t *ret_input,
               const int32_t **ret_map)
{
  const rrn_tensor *t = rrn_infer_tensor(b->plan, node, input), *x = rrn_infer_tensor(b->plan, node, 0);
  rrn_tensor normalised = { .rank = n->by_outer ? 1 : x->rank - b->attrs->axis };
  int32_t d;

  *ret_input = -1;
  if (!t)
    return RRAMNAS_OK;
  for (d = 0; d < normalised.rank; d++)
    normalised.dims[d] = n->by_outer ? (int64_t)n->outer : x->dims[b->attrs->axis + d];
  if (t->rank > normalised.rank || normalised.rank < 1)
    return rrn_infer_fail(b, node, RRAMNAS_ERR_SHAPE, "a parameter has more dimensions than are normalised");
  for (d = 1; d <= t->rank; d++)
    if (t->dims[t->rank - d] != 1 && t->dims[t->rank - d] != normalised.dims[normalised.rank - d])
      return rrn_infer_fail(b, node, RRAMNAS_ERR_SHAPE, "a parameter does not have the shape of what is normalised");
  *ret_input = input;
  RRN_TRY(rrn_infer_operand(b, node, input));
  return rrn_infer_broadcast(b, &normalised, t, ret_map);
}

int32_t
rrn_infer_layer_norm(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step)
{
  layer_norm *n = rrn_arena_alloc(&b->plan->arena, 1, sizeof(*n));
  const rrn_tensor *x = rrn_infer_tensor(b->plan, node, 0);
  int32_t d;

  if (!n)
    return rrn_fail_memory(b->err);
  n->by_outer = strcmp(node->source_op, "InstanceNormalization") == 0;
  if (!n->by_outer && strcmp(node->source_op, "LayerNormalization") != 0)
    return rrn_infer_fail(b, node, RRAMNAS_ERR_UNSUPPORTED, "the normalisation is not computed");
  if (n->by_outer && (!x || x->rank < 2 || x->dims[0] != 1))
    return rrn_infer_fail(b, node, RRAMNAS_ERR_UNSUPPORTED, "the input is not one image");
  n->outer = 1;
  for (d = 0; d < (n->by_outer ? 2 : b->attrs->axis); d++)
    n->outer *= (size_t)x->dims[d];
  n->inner = rrn_infer_elements(x) / n->outer;
  n->epsilon = b->attrs->number[0];
  RRN_TRY(rrn_infer_operand(b, node, 0));
  RRN_TRY(take_parameter(b, node, 1, n, &n->gamma, &n->gamma_map));
  RRN_TRY(take_parameter(b, node, 2, n, &n->beta, &n->beta_map));
  step->run = run_layer_norm;
  step->more = n;
  return RRAMNAS_OK;
}

/* --- softmax --- */

typedef struct softmax {
  size_t outer, n, inner; /* elements: [outer][n][inner] */
  int logarithm;
} softmax;

static void
softmax_lane(const softmax *s, const float *x, float *y)
{
  const size_t step = s->inner * RRN_LANES;
  float most = x[0];
  double sum = 0;
  size_t k;

  for (k = 1; k < s->n; k++)
    most = x[k * step] > most ? x[k * step] : most;
  for (k = 0; k < s->n; k++) {
    y[k * step] = rrn_infer_exp(x[k * step] - most);
    sum += (double)y[k * step];
  }
  for (k = 0; k < s->n; k++)
    y[k * step] = s->logarithm ? x[k * step] - most - rrn_infer_log((float)sum) : (float)((double)y[k * step] / sum);
}

static int32_t
run_softmax(const rrn_infer_step *step, const rrn_infer_task *task, rramnas_error *err)
{
  const softmax *s = step->more;
  const float *x = rrn_infer_in(step, task, 0);
  float *y = rrn_infer_out(step, task, 0);
  size_t o, i;

  (void)err;
  for (o = 0; o < s->outer; o++)
    for (i = 0; i < s->inner * RRN_LANES; i++)
      softmax_lane(s, x + o * s->n * s->inner * RRN_LANES + i, y + o * s->n * s->inner * RRN_LANES + i);
  return RRAMNAS_OK;
}

int32_t
rrn_infer_softmax(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step)
{
  softmax *s = rrn_arena_alloc(&b->plan->arena, 1, sizeof(*s));
  const rrn_tensor *x = rrn_infer_tensor(b->plan, node, 0);
  const int32_t axis = b->attrs->axis, behind = b->attrs->n_dims > 0 ? x->rank : axis + 1;
  int32_t d;

  if (!s)
    return rrn_fail_memory(b->err);
  s->logarithm = strcmp(node->source_op, "LogSoftmax") == 0;
  if (!s->logarithm && strcmp(node->source_op, "Softmax") != 0)
    return rrn_infer_fail(b, node, RRAMNAS_ERR_UNSUPPORTED, "the function is not computed");
  RRN_TRY(rrn_infer_operand(b, node, 0));
  s->outer = s->n = s->inner = 1;
  for (d = 0; d < x->rank; d++)
    *(d < axis ? &s->outer : d < behind ? &s->n : &s->inner) *= (size_t)x->dims[d];
  step->run = run_softmax;
  step->more = s;
  return RRAMNAS_OK;
}
