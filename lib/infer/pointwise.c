/* SPDX-License-Identifier: MIT */
/* Operators that work element by element.
 *
 * In:  one, two or three operands, broadcast together. Out: a tensor. Most functions are a few operations of single
 * precision, which compilers turn into vector instructions; the rest call math.h.
 * Operators with one number for many functions (Elementwise, Compare, Reduce) are told apart by the name that the
 * source gave them, which is ONNX's. */
#include <math.h>
#include <string.h>

#include "infer/math.h"
#include "infer/plan.h"

/* --- one operand --- */

typedef struct unary {
  void (*kernel)(const float *x, float *y, size_t n, float a, float b);
  float (*function)(float x); /* when there is no kernel */
  size_t n; /* floats */
  float a, b, bounds[2];
  const int32_t *map; /* PRelu: the slope's elements */
} unary;

/* What is no number (NaN) on either side stays. */
static float
at_most(float x, float most)
{
  return x > most || most != most ? most : x;
}

static float
at_least(float x, float least)
{
  return x < least || least != least ? least : x;
}

static int32_t
run_unary(const rrn_infer_step *step, const rrn_infer_task *task, rramnas_error *err)
{
  const unary *u = step->more;
  const float *x = rrn_infer_in(step, task, 0);
  float *y = rrn_infer_out(step, task, 0);
  size_t i;

  (void)err;
  if (u->kernel)
    u->kernel(x, y, u->n, u->a, u->b);
  for (i = 0; !u->kernel && i < u->n; i++)
    y[i] = u->function(x[i]);
  return RRAMNAS_OK;
}

static float
half_erf(float x)
{
  return 0.5f * x * (1 + rrn_infer_erf(x * 0.70710678f));
}

/* GELU as many networks were trained with it: erf by tanh (Hendrycks and Gimpel, 2016). */
static float
half_tanh(float x)
{
  return 0.5f * x * (1 + rrn_infer_tanh(0.79788456f * (x + 0.044715f * x * x * x)));
}

static float
negative(float x)
{
  return -x;
}

static float
reciprocal(float x)
{
  return 1 / x;
}

static float
sign(float x)
{
  return x > 0 ? 1 : x < 0 ? -1 : x;
}

static float
not(float x)
{
  return x == 0;
}

static float
softplus(float x)
{
  return x > 20 ? x : rrn_infer_log(1 + rrn_infer_exp(x));
}

static float
softsign(float x)
{
  return x / (1 + fabsf(x));
}

static float
mish(float x)
{
  return x * rrn_infer_tanh(softplus(x));
}

static const struct { const char *name; float (*function)(float x); } functions[] = {
  { "Abs", fabsf },           { "Ceil", ceilf },         { "Erf", rrn_infer_erf },
  { "Exp", rrn_infer_exp },   { "Floor", floorf },       { "Log", rrn_infer_log },
  { "Mish", mish },           { "Neg", negative },       { "Not", not },
  { "Reciprocal", reciprocal }, { "Round", rrn_infer_round }, { "Sigmoid", rrn_infer_sigmoid },
  { "Sign", sign },           { "Softplus", softplus },  { "Softsign", softsign },
  { "Sqrt", sqrtf },          { "Tanh", rrn_infer_tanh },
};

static int32_t
run_prelu(const rrn_infer_step *step, const rrn_infer_task *task, rramnas_error *err)
{
  const unary *u = step->more;
  const float *x = rrn_infer_in(step, task, 0), *slope = rrn_infer_in(step, task, 1);
  float *y = rrn_infer_out(step, task, 0);
  size_t e, lane;

  (void)err;
  for (e = 0; e < u->n / RRN_LANES; e++, x += RRN_LANES, y += RRN_LANES) {
    const float *s = slope + (u->map ? (size_t)u->map[e] : e) * RRN_LANES;

    for (lane = 0; lane < RRN_LANES; lane++)
      y[lane] = x[lane] < 0 ? s[lane] * x[lane] : x[lane];
  }
  return RRAMNAS_OK;
}

/* Any function that the source names. */
static int32_t
named(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step, unary *u)
{
  size_t i;

  if (strcmp(node->source_op, "PRelu") == 0) {
    step->run = run_prelu;
    RRN_TRY(rrn_infer_operand(b, node, 1));
    return rrn_infer_broadcast(b, rrn_infer_result(b->plan, node), rrn_infer_tensor(b->plan, node, 1), &u->map);
  }
  if (strcmp(node->source_op, "LeakyRelu") == 0 && node->attrs.number[1] != 0) {
    u->kernel = b->plan->kernels->leaky_relu;
    return RRAMNAS_OK;
  }
  for (i = 0; i < sizeof(functions) / sizeof(functions[0]); i++)
    if (strcmp(functions[i].name, node->source_op) == 0) {
      u->function = functions[i].function;
      return RRAMNAS_OK;
    }
  return rrn_infer_fail(b, node, RRAMNAS_ERR_UNSUPPORTED, "the function is not computed");
}

/* All that the step does, which may then be done elsewhere. */
static void
hold(const rrn_infer_builder *b, unary *u, float low, float high, rrn_infer_step *step)
{
  u->kernel = b->plan->kernels->clip;
  u->a = u->bounds[0] = low;
  u->b = u->bounds[1] = high;
  step->bounds = u->bounds;
}

int32_t
rrn_infer_unary(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step)
{
  unary *u = rrn_arena_alloc(&b->plan->arena, 1, sizeof(*u));

  if (!u)
    return rrn_fail_memory(b->err);
  RRN_TRY(rrn_infer_operand(b, node, 0));
  u->n = rrn_infer_elements(rrn_infer_result(b->plan, node)) * RRN_LANES;
  u->a = (float)node->attrs.number[0];
  u->b = (float)node->attrs.number[1];
  step->run = run_unary;
  step->more = u;
  step->sharing = RRN_INFER_IN_PLACE;
  switch (node->op) {
  case RRAMNAS_OP_RELU:
    hold(b, u, 0, HUGE_VALF, step);
    return RRAMNAS_OK;
  case RRAMNAS_OP_CLIP:
    hold(b, u, u->a, u->b, step);
    /* A bound that only running the network would give stays among the inputs. */
    return node->n_inputs > 1 ? rrn_infer_fail(b, node, RRAMNAS_ERR_UNSUPPORTED, "a bound is not constant")
                              : RRAMNAS_OK;
  case RRAMNAS_OP_GELU:
    u->function = node->attrs.approximate ? half_tanh : half_erf;
    return RRAMNAS_OK;
  case RRAMNAS_OP_HARD_SIGMOID:
    u->kernel = b->plan->kernels->hard_sigmoid;
    return RRAMNAS_OK;
  case RRAMNAS_OP_HARD_SWISH:
    u->kernel = b->plan->kernels->hard_swish;
    u->a = (float)(1.0 / 6);
    u->b = 0.5f;
    return RRAMNAS_OK;
  default:
    return named(b, node, step, u);
  }
}

/* --- two operands and more --- */

typedef float (*combine)(float x, float y);

typedef struct binary {
  void (*kernel)(const float *x, const float *z, float *y, size_t n, size_t z_step); /* NULL without one */
  size_t run;              /* elements of the result over which z stays the same, or 0 when z is as large as it */
  void (*apply)(const float *x, const float *z, float *restrict y);
  combine function;
  size_t n;                /* elements */
  int32_t n_in;
  const int32_t **maps;    /* [n_in] */
  float scale;             /* of the result; Mean */
} binary;

static void
add(const float *x, const float *z, float *restrict y)
{
  size_t i;

  for (i = 0; i < RRN_LANES; i++)
    y[i] = x[i] + z[i];
}

static void
subtract(const float *x, const float *z, float *restrict y)
{
  size_t i;

  for (i = 0; i < RRN_LANES; i++)
    y[i] = x[i] - z[i];
}

static void
multiply(const float *x, const float *z, float *restrict y)
{
  size_t i;

  for (i = 0; i < RRN_LANES; i++)
    y[i] = x[i] * z[i];
}

static void
divide(const float *x, const float *z, float *restrict y)
{
  size_t i;

  for (i = 0; i < RRN_LANES; i++)
    y[i] = x[i] / z[i];
}

static float
less(float x, float y)
{
  return x < y;
}

static float
less_or_equal(float x, float y)
{
  return x <= y;
}

static float
greater(float x, float y)
{
  return x > y;
}

static float
greater_or_equal(float x, float y)
{
  return x >= y;
}

static float
equal(float x, float y)
{
  return x == y;
}

static float
both(float x, float y)
{
  return x != 0 && y != 0;
}

static float
either(float x, float y)
{
  return x != 0 || y != 0;
}

static float
one_of(float x, float y)
{
  return (x != 0) != (y != 0);
}

static const struct {
  const char *name;
  void (*apply)(const float *, const float *, float *restrict);
  combine function;
} operations[] = {
  { "Add", add, NULL },      { "Sum", add, NULL },       { "Mean", add, NULL },
  { "Sub", subtract, NULL }, { "Mul", multiply, NULL },  { "Div", divide, NULL },
  { "Pow", NULL, rrn_infer_pow },
  { "Max", NULL, at_least }, { "Min", NULL, at_most },
  { "Less", NULL, less },    { "LessOrEqual", NULL, less_or_equal },
  { "Greater", NULL, greater }, { "GreaterOrEqual", NULL, greater_or_equal },
  { "Equal", NULL, equal },  { "And", NULL, both },      { "Or", NULL, either },
  { "Xor", NULL, one_of },
};

static const float *
element(const float *x, const int32_t *map, size_t e)
{
  return x + (map ? (size_t)map[e] : e) * RRN_LANES;
}

/* y = x op input; x may be y. */
static void
combine_one(const binary *bin, const float *x, const int32_t *x_map, const float *z, const int32_t *z_map, float *y)
{
  size_t e, lane;
  float kept[RRN_LANES];

  for (e = 0; e < bin->n; e++, y += RRN_LANES) {
    const float *u = element(x, x_map, e), *v = element(z, z_map, e);

    if (bin->apply) {
      bin->apply(u, v, kept);
      memcpy(y, kept, sizeof(kept));
    } else {
      for (lane = 0; lane < RRN_LANES; lane++)
        y[lane] = bin->function(u[lane], v[lane]);
    }
  }
}

/* Two operands of one size, or z with one element for each channel. */
static void
combine_fast(const binary *bin, const float *x, const float *z, float *y)
{
  const size_t n = bin->run * RRN_LANES;
  size_t e;

  if (bin->run == 0) {
    bin->kernel(x, z, y, bin->n * RRN_LANES, RRN_LANES);
    return;
  }
  for (e = 0; e < bin->n; e += bin->run, z += RRN_LANES, x += n, y += n)
    bin->kernel(x, z, y, n, 0);
}

static int32_t
run_binary(const rrn_infer_step *step, const rrn_infer_task *task, rramnas_error *err)
{
  const binary *bin = step->more;
  float *y = rrn_infer_out(step, task, 0);
  int32_t k;
  size_t i;

  (void)err;
  if (bin->kernel)
    combine_fast(bin, rrn_infer_in(step, task, 0), rrn_infer_in(step, task, 1), y);
  else
    combine_one(bin, rrn_infer_in(step, task, 0), bin->maps[0], rrn_infer_in(step, task, 1), bin->maps[1], y);
  for (k = 2; k < bin->n_in; k++)
    combine_one(bin, y, NULL, rrn_infer_in(step, task, k), bin->maps[k], y);
  for (i = 0; bin->scale != 1 && i < bin->n * RRN_LANES; i++)
    y[i] /= bin->scale;
  return RRAMNAS_OK;
}

static int32_t
make_maps(const rrn_infer_builder *b, const rrn_node *node, const int32_t ***ret_maps)
{
  const int32_t **maps = rrn_arena_alloc(&b->plan->arena, (size_t)node->n_inputs, sizeof(*maps));
  int32_t k;

  if (!maps)
    return rrn_fail_memory(b->err);
  for (k = 0; k < node->n_inputs; k++) {
    RRN_TRY(rrn_infer_operand(b, node, k));
    RRN_TRY(rrn_infer_broadcast(b, rrn_infer_result(b->plan, node), rrn_infer_tensor(b->plan, node, k), &maps[k]));
  }
  *ret_maps = maps;
  return RRAMNAS_OK;
}

/* Whether a kernel takes the operands as they lie. */
static void
choose_kernel(const rrn_infer_builder *b, const rrn_node *node, binary *bin)
{
  const rrn_infer_kernels *k = b->plan->kernels;
  const size_t n_z = rrn_infer_elements(rrn_infer_tensor(b->plan, node, 1));
  size_t e;

  if (bin->n_in != 2 || bin->maps[0])
    return;
  bin->run = bin->maps[1] ? bin->n / n_z : 0;
  for (e = 0; bin->maps[1] && e < bin->n; e++)
    if ((size_t)bin->maps[1][e] != e / bin->run)
      return;
  bin->kernel = bin->apply == add ? k->add : bin->apply == multiply ? k->times : NULL;
}

int32_t
rrn_infer_binary(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step)
{
  binary *bin = rrn_arena_alloc(&b->plan->arena, 1, sizeof(*bin));
  size_t i = 0;

  if (!bin)
    return rrn_fail_memory(b->err);
  while (i < sizeof(operations) / sizeof(operations[0]) && strcmp(operations[i].name, node->source_op) != 0)
    i++;
  if (i == sizeof(operations) / sizeof(operations[0]))
    return rrn_infer_fail(b, node, RRAMNAS_ERR_UNSUPPORTED, "the function is not computed");
  if (node->n_inputs == 1)
    return rrn_infer_view(b, node, step);
  bin->apply = operations[i].apply;
  bin->function = operations[i].function;
  bin->n = rrn_infer_elements(rrn_infer_result(b->plan, node));
  bin->n_in = node->n_inputs;
  bin->scale = strcmp(node->source_op, "Mean") == 0 ? (float)node->n_inputs : 1;
  step->run = run_binary;
  step->more = bin;
  /* With three inputs the place is written before the last one is read. */
  step->sharing = node->n_inputs == 2 ? RRN_INFER_IN_PLACE : RRN_INFER_APART;
  RRN_TRY(make_maps(b, node, &bin->maps));
  choose_kernel(b, node, bin);
  return RRAMNAS_OK;
}

static int32_t
run_where(const rrn_infer_step *step, const rrn_infer_task *task, rramnas_error *err)
{
  const binary *w = step->more;
  const float *in[3];
  float *y = rrn_infer_out(step, task, 0);
  size_t e, lane;
  int32_t k;

  (void)err;
  for (k = 0; k < 3; k++)
    in[k] = rrn_infer_in(step, task, k);
  for (e = 0; e < w->n; e++, y += RRN_LANES) {
    const float *chosen = element(in[0], w->maps[0], e), *yes = element(in[1], w->maps[1], e);
    const float *no = element(in[2], w->maps[2], e);

    for (lane = 0; lane < RRN_LANES; lane++)
      y[lane] = chosen[lane] != 0 ? yes[lane] : no[lane];
  }
  return RRAMNAS_OK;
}

int32_t
rrn_infer_where(const rrn_infer_builder *b, const rrn_node *node, rrn_infer_step *step)
{
  binary *w = rrn_arena_alloc(&b->plan->arena, 1, sizeof(*w));

  if (!w)
    return rrn_fail_memory(b->err);
  if (node->n_inputs != 3)
    return rrn_infer_fail(b, node, RRAMNAS_ERR_SHAPE, "expected a condition and two operands");
  w->n = rrn_infer_elements(rrn_infer_result(b->plan, node));
  w->n_in = 3;
  step->run = run_where;
  step->more = w;
  return make_maps(b, node, &w->maps);
}
