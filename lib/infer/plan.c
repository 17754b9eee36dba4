/* SPDX-License-Identifier: MIT */
/* Network and values of its constants -> plan.
 *
 * In:  a finished network for one image, values of the constants that its nodes take.
 * Out: one step per node, weights packed, a place in the workspace for each tensor.
 *
 * Idea: a tensor lives from the step that makes it to the last that reads it. Steps are walked once; a tensor takes the
 * smallest free gap that holds it, at the end when there is none, and gives it back after its last reader. A step that
 * works element by element takes over its input's place when nobody reads it later; a view has its input's place.
 *
 * Invariant: two tensors that live at the same time do not overlap, unless one is a view of the other.
 * Complexity: steps times free gaps, which are few; weights are copied once. */
#include "infer/plan.h"

#include <stdio.h>
#include <string.h>

#include "infer/product.h"
#include "net/build.h"
#include "util/ckd.h"

int32_t
rrn_infer_fail(const rrn_infer_builder *b, const rrn_node *node, int32_t code, const char *what)
{
  return rrn_fail(b->err, code, "network \"%.80s\": node \"%.100s\" (%.40s): %s", b->plan->net->name, node->name,
                  node->source_op, what);
}

int32_t
rrn_infer_constant(const rrn_infer_builder *b, const rrn_node *node, int32_t i, const float **ret_values)
{
  const rrn_tensor *t = rrn_infer_tensor(b->plan, node, i);
  char what[200];

  if (!t)
    return rrn_infer_fail(b, node, RRAMNAS_ERR_SHAPE, "an input is missing");
  if (t->kind != RRN_TENSOR_CONSTANT)
    return rrn_infer_fail(b, node, RRAMNAS_ERR_UNSUPPORTED, "an input depends on the image, expected a constant");
  *ret_values = b->plan->values->tensors[node->inputs[i]];
  if (*ret_values)
    return RRAMNAS_OK;
  snprintf(what, sizeof(what), "tensor \"%.120s\" has no values", t->name);
  return rrn_infer_fail(b, node, RRAMNAS_ERR_NOT_FOUND, what);
}

int32_t
rrn_infer_operand(const rrn_infer_builder *b, const rrn_node *node, int32_t i)
{
  const rrn_tensor *t = rrn_infer_tensor(b->plan, node, i);
  const float *values = NULL;
  size_t n, k, lane;
  float *spread;

  if (!t)
    return rrn_infer_fail(b, node, RRAMNAS_ERR_SHAPE, "an input is missing");
  if (t->kind != RRN_TENSOR_CONSTANT || b->plan->spread[node->inputs[i]])
    return RRAMNAS_OK;
  RRN_TRY(rrn_infer_constant(b, node, i, &values));
  n = rrn_infer_elements(t);
  spread = rrn_arena_alloc_raw(&b->plan->arena, n, RRN_LANES * sizeof(*spread));
  if (!spread)
    return rrn_fail_memory(b->err);
  for (k = 0; k < n; k++)
    for (lane = 0; lane < RRN_LANES; lane++)
      spread[k * RRN_LANES + lane] = values[k];
  b->plan->spread[node->inputs[i]] = spread;
  return RRAMNAS_OK;
}

static int
same_shape(const rrn_shape *a, const rrn_shape *b)
{
  int32_t d;

  for (d = 0; d < a->rank && d < b->rank; d++)
    if (a->dims[d] != b->dims[d])
      return 0;
  return a->rank == b->rank;
}

/* Strides of `in` seen from the dimensions of `out`, 0 where it is repeated. */
static void
broadcast_strides(const rrn_tensor *out, const rrn_tensor *in, int64_t strides[RRAMNAS_MAX_RANK])
{
  const int32_t missing = out->rank - in->rank;
  int64_t stride = 1;
  int32_t d;

  for (d = out->rank - 1; d >= 0; d--) {
    strides[d] = d < missing || in->dims[d - missing] == 1 ? 0 : stride;
    if (d >= missing)
      stride *= in->dims[d - missing];
  }
}

int32_t
rrn_infer_broadcast(const rrn_infer_builder *b, const rrn_tensor *out, const rrn_tensor *in, const int32_t **ret_map)
{
  int64_t strides[RRAMNAS_MAX_RANK], at[RRAMNAS_MAX_RANK] = { 0 }, from = 0;
  const rrn_shape have = rrn_shape_of(in), want = rrn_shape_of(out);
  const size_t n = rrn_infer_elements(out);
  rrn_shape both = { 0 };
  int32_t *map, d;
  size_t k;

  *ret_map = NULL;
  RRN_TRY(rrn_shape_broadcast(&want, &have, &both, b->err));
  if (!same_shape(&both, &want))
    return rrn_fail(b->err, RRAMNAS_ERR_SHAPE, "tensor \"%.100s\" does not broadcast to \"%.100s\"", in->name,
                    out->name);
  if (rrn_infer_elements(in) == n)
    return RRAMNAS_OK;
  map = rrn_arena_alloc_raw(&b->plan->arena, n, sizeof(*map));
  if (!map)
    return rrn_fail_memory(b->err);
  broadcast_strides(out, in, strides);
  for (k = 0; k < n; k++) {
    map[k] = (int32_t)from;
    for (d = out->rank - 1; d >= 0; d--) {
      from += strides[d];
      if (++at[d] < out->dims[d])
        break;
      from -= strides[d] * out->dims[d];
      at[d] = 0;
    }
  }
  *ret_map = map;
  return RRAMNAS_OK;
}

/* --- steps --- */

static int32_t
check_sizes(const rrn_infer_plan *p, rramnas_error *err)
{
  size_t i;

  for (i = 0; i < p->net->n_tensors; i++)
    RRN_FAIL_IF(rrn_tensor_elements(&p->net->tensors[i]) > RRN_INFER_MAX_ELEMENTS &&
                  p->net->tensors[i].kind == RRN_TENSOR_ACTIVATION,
                err, RRAMNAS_ERR_LIMIT, "tensor \"%.100s\" of network \"%.80s\" has more than 2^26 elements per image",
                p->net->tensors[i].name, p->net->name);
  return RRAMNAS_OK;
}


/* Operators whose shapes were checked when the node was made, or which check them themselves. */
static int
is_checked(const rrn_node *node)
{
  switch (node->op) {
  case RRAMNAS_OP_CONV:
  case RRAMNAS_OP_GEMM:
  case RRAMNAS_OP_MATMUL:
  case RRAMNAS_OP_MAX_POOL:
  case RRAMNAS_OP_AVERAGE_POOL:
  case RRAMNAS_OP_SLICE:
  case RRAMNAS_OP_GATHER:
  case RRAMNAS_OP_SPLIT:
  case RRAMNAS_OP_PAD:
    return 1;
  default:
    return strcmp(node->source_op, "Tile") == 0;
  }
}

/* A file may give any shape to most nodes: it must be the one that the operator gives. Completes the attributes. */
static int32_t
check_node(const rrn_infer_builder *b, const rrn_node *node)
{
  const rrn_shape have = rrn_shape_of(rrn_infer_result(b->plan, node));
  rrn_build again = { .op = node->op, .inputs = node->inputs, .n_inputs = node->n_inputs };
  char have_text[RRN_SHAPE_TEXT], want_text[RRN_SHAPE_TEXT], what[2 * RRN_SHAPE_TEXT + 60];
  rramnas_error inner = RRAMNAS_ERROR_INIT;
  rrn_shape want = { 0 };
  int32_t status;

  *b->attrs = node->attrs;
  if (is_checked(node))
    return RRAMNAS_OK;
  status = rrn_net_infer(b->plan->net, &again, b->attrs, &want, &inner);
  if (status < 0)
    return rrn_infer_fail(b, node, status, inner.message);
  if (same_shape(&have, &want))
    return RRAMNAS_OK;
  snprintf(what, sizeof(what), "its output has shape %s, the operator gives %s", rrn_shape_text(&have, have_text),
           rrn_shape_text(&want, want_text));
  return rrn_infer_fail(b, node, RRAMNAS_ERR_SHAPE, what);
}

/* Of nodes with several results only Split gives those behind the first. */
static int
is_computed(const rramnas_net *net, int32_t tensor)
{
  const int32_t producer = net->tensors[tensor].producer;

  return producer < 0 || net->nodes[producer].op == RRAMNAS_OP_SPLIT || net->nodes[producer].outputs[0] == tensor;
}

static int32_t
check_inputs(const rrn_infer_builder *b, const rrn_node *node)
{
  int32_t k;

  for (k = 0; k < node->n_inputs; k++)
    if (node->inputs[k] >= 0 && !is_computed(b->plan->net, node->inputs[k]))
      return rrn_infer_fail(b, node, RRAMNAS_ERR_UNSUPPORTED, "a result behind the first is not computed, and it is an input");
  return RRAMNAS_OK;
}

static int32_t
prepare_steps(const rrn_infer_builder *b)
{
  rrn_infer_plan *p = b->plan;
  size_t i;

  for (i = 0; i < p->net->n_nodes; i++) {
    const rrn_node *node = &p->net->nodes[i];
    const rrn_infer_prepare prepare = rrn_infer_prepare_of(node->op);

    if (!prepare)
      return rrn_infer_fail(b, node, RRAMNAS_ERR_UNSUPPORTED, "the operator is not computed");
    RRN_TRY(check_inputs(b, node));
    RRN_TRY(check_node(b, node));
    p->steps[i].node = node;
    RRN_TRY(prepare(b, node, &p->steps[i]));
    if (p->steps[i].n_scratch > p->n_scratch)
      p->n_scratch = p->steps[i].n_scratch;
  }
  return RRAMNAS_OK;
}

/* --- the workspace --- */

typedef struct gap {
  size_t at, n;
} gap;

typedef struct placer {
  rrn_infer_plan *plan;
  int32_t *root; /* [n_tensors]: the tensor in whose place this one lies */
  int32_t *last; /* [n_tensors]: of roots, the last step that reads the place; -1 = none */
  gap *gaps;     /* free, by place; never two that touch */
  size_t n_gaps;
} placer;

static size_t
elements_at(const placer *pl, int32_t tensor)
{
  return rrn_infer_elements(&pl->plan->net->tensors[tensor]);
}

static void
remove_gap(placer *pl, size_t i)
{
  pl->n_gaps--;
  memmove(&pl->gaps[i], &pl->gaps[i + 1], (pl->n_gaps - i) * sizeof(*pl->gaps));
}

static int32_t
take(placer *pl, int32_t tensor, rramnas_error *err)
{
  const size_t n = elements_at(pl, tensor);
  size_t i, best = pl->n_gaps;

  for (i = 0; i < pl->n_gaps; i++)
    if (pl->gaps[i].n >= n && (best == pl->n_gaps || pl->gaps[i].n < pl->gaps[best].n))
      best = i;
  if (best < pl->n_gaps) {
    pl->plan->at[tensor] = pl->gaps[best].at;
    pl->gaps[best].at += n;
    pl->gaps[best].n -= n;
    if (pl->gaps[best].n == 0)
      remove_gap(pl, best);
    return RRAMNAS_OK;
  }
  pl->plan->at[tensor] = pl->plan->n_elements;
  RRN_FAIL_IF(ckd_add(&pl->plan->n_elements, pl->plan->n_elements, n) ||
                pl->plan->n_elements > SIZE_MAX / sizeof(float) / RRN_LANES / 2,
              err, RRAMNAS_ERR_LIMIT, "the activations of network \"%.80s\" do not fit into memory",
              pl->plan->net->name);
  return RRAMNAS_OK;
}

/* There is room for one gap per tensor: each stands for at least one that was given back. */
static void
give_back(placer *pl, int32_t tensor)
{
  const gap g = { pl->plan->at[tensor], elements_at(pl, tensor) };
  size_t i = 0;

  while (i < pl->n_gaps && pl->gaps[i].at < g.at)
    i++;
  if (i > 0 && pl->gaps[i - 1].at + pl->gaps[i - 1].n == g.at) {
    pl->gaps[--i].n += g.n;
  } else {
    memmove(&pl->gaps[i + 1], &pl->gaps[i], (pl->n_gaps - i) * sizeof(*pl->gaps));
    pl->gaps[i] = g;
    pl->n_gaps++;
  }
  if (i + 1 < pl->n_gaps && pl->gaps[i].at + pl->gaps[i].n == pl->gaps[i + 1].at) {
    pl->gaps[i].n += pl->gaps[i + 1].n;
    remove_gap(pl, i + 1);
  }
}

/* Who reads each place last, with views as readers of what they show. */
static void
find_last(placer *pl)
{
  const rramnas_net *net = pl->plan->net;
  int32_t k;
  size_t i;

  for (i = 0; i < net->n_tensors; i++) {
    pl->root[i] = (int32_t)i;
    pl->last[i] = -1;
  }
  for (i = 0; i < net->n_nodes; i++) {
    const rrn_node *node = &net->nodes[i];

    if (pl->plan->steps[i].sharing == RRN_INFER_VIEW)
      pl->root[node->outputs[0]] = pl->root[node->inputs[0]];
    for (k = 0; k < node->n_inputs; k++)
      if (node->inputs[k] >= 0)
        pl->last[pl->root[node->inputs[k]]] = (int32_t)i;
  }
  pl->last[pl->root[pl->plan->output]] = (int32_t)net->n_nodes;
}

/* 1 when output 0 of step i took over the place of its first input. */
static int
take_over(placer *pl, size_t i)
{
  const rrn_node *node = pl->plan->steps[i].node;
  const int32_t x = pl->root[node->inputs[0]], y = node->outputs[0];
  int32_t k;

  if (pl->plan->steps[i].sharing != RRN_INFER_IN_PLACE || pl->plan->spread[x] || pl->last[x] != (int32_t)i ||
      pl->plan->net->tensors[x].kind == RRN_TENSOR_CONSTANT || elements_at(pl, x) != elements_at(pl, y))
    return 0;
  /* Another view of the place may be read in another order. */
  for (k = 1; k < node->n_inputs; k++)
    if (node->inputs[k] >= 0 && node->inputs[k] != node->inputs[0] && pl->root[node->inputs[k]] == x)
      return 0;
  pl->plan->at[y] = pl->plan->at[x];
  pl->last[x] = -2; /* the place is not free when x goes */
  return 1;
}

static void
release_inputs(placer *pl, size_t i)
{
  const rrn_node *node = pl->plan->steps[i].node;
  int32_t k;

  for (k = 0; k < node->n_inputs; k++) {
    const int32_t t = node->inputs[k] < 0 ? -1 : pl->root[node->inputs[k]];

    if (t >= 0 && pl->last[t] == (int32_t)i && pl->plan->net->tensors[t].kind == RRN_TENSOR_ACTIVATION) {
      pl->last[t] = -2;
      give_back(pl, t);
    }
  }
}

static int32_t
place_step(placer *pl, size_t i, rramnas_error *err)
{
  const rrn_infer_step *step = &pl->plan->steps[i];
  int32_t k;

  if (step->sharing == RRN_INFER_VIEW) {
    pl->plan->at[step->node->outputs[0]] = pl->plan->at[step->node->inputs[0]];
    pl->plan->spread[step->node->outputs[0]] = pl->plan->spread[step->node->inputs[0]];
  } else {
    for (k = take_over(pl, i); k < step->node->n_outputs; k++)
      RRN_TRY(take(pl, step->node->outputs[k], err));
  }
  release_inputs(pl, i);
  /* Outputs that nobody reads. */
  for (k = 0; k < step->node->n_outputs; k++)
    if (pl->root[step->node->outputs[k]] == step->node->outputs[k] && pl->last[step->node->outputs[k]] == -1)
      give_back(pl, step->node->outputs[k]);
  return RRAMNAS_OK;
}

static int32_t
place_tensors(rrn_infer_plan *p, rrn_arena *scratch, rramnas_error *err)
{
  const size_t n = p->net->n_tensors;
  placer pl = { .plan = p, .root = rrn_arena_alloc_raw(scratch, n, sizeof(*pl.root)),
                .last = rrn_arena_alloc_raw(scratch, n, sizeof(*pl.last)),
                .gaps = rrn_arena_alloc_raw(scratch, n + 1, sizeof(*pl.gaps)) };
  size_t i;

  if (!pl.root || !pl.last || !pl.gaps)
    return rrn_fail_memory(err);
  find_last(&pl);
  RRN_TRY(take(&pl, p->input, err));
  for (i = 0; i < p->net->n_nodes; i++)
    RRN_TRY(place_step(&pl, i, err));
  return RRAMNAS_OK;
}

/* --- input and output --- */

static int32_t
find_input(rrn_infer_plan *p, rramnas_error *err)
{
  int32_t n = 0;
  size_t i;

  for (i = 0; i < p->net->n_tensors; i++)
    if (p->net->tensors[i].kind == RRN_TENSOR_ACTIVATION && p->net->tensors[i].producer < 0) {
      p->input = (int32_t)i;
      n++;
    }
  RRN_FAIL_IF(n != 1, err, RRAMNAS_ERR_SHAPE, "network \"%.80s\" has %d inputs, expected one", p->net->name, (int)n);
  RRN_FAIL_IF(p->net->tensors[p->input].rank < 1 || p->net->tensors[p->input].dims[0] != 1, err, RRAMNAS_ERR_SHAPE,
              "input \"%.100s\" of network \"%.80s\" takes %lld images at a time, expected 1",
              p->net->tensors[p->input].name, p->net->name,
              (long long)(p->net->tensors[p->input].rank < 1 ? 0 : p->net->tensors[p->input].dims[0]));
  return RRAMNAS_OK;
}

/* The output that the network's file names. */
static int32_t
take_output(const rrn_infer_builder *b)
{
  const rramnas_net *net = b->plan->net;
  const int32_t producer = net->tensors[net->output].producer;

  RRN_FAIL_IF(producer < 0, b->err, RRAMNAS_ERR_SHAPE, "the output of network \"%.80s\" is not the result of a node", net->name);
  if (!is_computed(net, net->output))
    return rrn_infer_fail(b, &net->nodes[producer], RRAMNAS_ERR_UNSUPPORTED,
                          "a result behind the first is not computed, and it is the output");
  b->plan->output = net->output;
  return RRAMNAS_OK;
}

/* The one result that no node reads. */
static int32_t
find_output(rrn_infer_plan *p, rrn_arena *scratch, rramnas_error *err)
{
  int32_t n;

  RRN_TRY(rrn_net_unread(p->net, scratch, &n, &p->output, err));
  RRN_FAIL_IF(n != 1, err, RRAMNAS_ERR_SHAPE, "network \"%.80s\" has %d results that no node reads, expected one",
              p->net->name, (int)n);
  return RRAMNAS_OK;
}

static int32_t
build(rrn_infer_plan *p, rramnas_error *err)
{
  rrn_attrs attrs = { 0 };
  const rrn_infer_builder b = { p, &attrs, err };
  rrn_arena scratch;
  int32_t status;

  p->steps = rrn_arena_alloc(&p->arena, p->net->n_nodes, sizeof(*p->steps));
  p->products = rrn_arena_alloc(&p->arena, p->net->n_layers, sizeof(*p->products));
  p->spread = rrn_arena_alloc(&p->arena, p->net->n_tensors, sizeof(*p->spread));
  p->at = rrn_arena_alloc(&p->arena, p->net->n_tensors, sizeof(*p->at));
  if (!p->steps || !p->products || !p->spread || !p->at)
    return rrn_fail_memory(err);
  rrn_arena_init(&scratch, &p->rt);
  RRN_TRY_OUT(check_sizes(p, err));
  RRN_TRY_OUT(find_input(p, err));
  RRN_TRY_OUT(p->net->output >= 0 ? take_output(&b) : find_output(p, &scratch, err));
  RRN_TRY_OUT(prepare_steps(&b));
  RRN_TRY_OUT(place_tensors(p, &scratch, err));
  RRN_TRY_OUT(rrn_infer_join(p, &scratch, err));
out:
  rrn_arena_release(&scratch);
  return status;
}

int32_t
rrn_infer_plan_new(const rrn_values *values, const rramnas_runtime *runtime, rrn_infer_plan **ret_plan,
                   rramnas_error *err)
{
  rrn_infer_plan *p;
  int32_t status;
  rrn_rt rt;

  RRN_TRY(rrn_rt_init(&rt, runtime, err));
  p = rrn_calloc(&rt, 1, sizeof(*p));
  if (!p)
    return rrn_fail_memory(err);
  p->rt = rt;
  rrn_arena_init(&p->arena, &p->rt);
  p->values = values;
  p->net = values->net;
  p->kernels = rrn_infer_kernels_best();
  status = build(p, err);
  if (status < 0)
    rrn_infer_plan_free(p);
  else
    *ret_plan = p;
  return status;
}

void
rrn_infer_plan_free(rrn_infer_plan *plan)
{
  rrn_rt rt;

  if (!plan)
    return;
  rt = plan->rt;
  rrn_arena_release(&plan->arena);
  rrn_free(&rt, plan);
}

size_t
rrn_infer_n_in(const rrn_infer_plan *plan)
{
  return rrn_infer_elements(&plan->net->tensors[plan->input]);
}

size_t
rrn_infer_n_out(const rrn_infer_plan *plan)
{
  return rrn_infer_elements(&plan->net->tensors[plan->output]);
}

const char *
rrn_infer_layer_name(const rrn_infer_plan *plan, int32_t layer)
{
  return plan->net->layers[layer].name;
}

size_t
rrn_infer_workspace_bytes(const rrn_infer_plan *plan)
{
  return (plan->n_elements * RRN_LANES + plan->n_scratch) * sizeof(float);
}
