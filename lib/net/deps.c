/* SPDX-License-Identifier: MIT */
/* Which layers a layer waits for.
 *
 * In: the graph with its layers. Out: for each layer the mapped layers whose results reach it through nodes
 * that are not mapped (batch norms, activations, additions, pools, digital products), ascending.
 *
 * One pass in topological order gives each tensor the set of mapped layers it was made from: a mapped layer's
 * output has the set {layer}, any other node's outputs the union over its inputs. A set never changes, so
 * tensors share it: a union that equals one of its parts is that part, and chains cost nothing. What remains
 * is proportional to the number of dependencies, which can grow with the square of the depth (a residual
 * stream without end joins every block before it). The work is therefore counted, and graphs beyond MAX_WORK
 * are refused: a thousand times what the largest published networks need. */
#include <stdlib.h>
#include <string.h>

#include "net/derive.h"

enum { MAX_WORK = 1 << 25 };

static const rrn_layer_deps empty_set;

typedef struct pass {
  rramnas_net *net;
  const rrn_layer_deps **sets; /* [n_tensors], never NULL */
  int32_t *stamp;              /* [n_layers]: node + 1 that saw the layer last */
  int32_t *found;              /* [n_layers]: the union being made */
  int64_t work;
} pass;

static int
by_number(const void *a, const void *b)
{
  const int32_t x = *(const int32_t *)a, y = *(const int32_t *)b;

  return (x > y) - (x < y);
}

static const rrn_layer_deps *
set_of_input(const pass *p, const rrn_node *node, int32_t i)
{
  return node->inputs[i] < 0 ? &empty_set : p->sets[node->inputs[i]];
}

/* The set all inputs share, NULL when they differ; empty sets do not count. */
static const rrn_layer_deps *
common_set(const pass *p, const rrn_node *node)
{
  const rrn_layer_deps *common = &empty_set;
  int32_t i;

  for (i = 0; i < node->n_inputs; i++) {
    const rrn_layer_deps *set = set_of_input(p, node, i);

    if (set->n == 0 || set == common)
      continue;
    if (common->n)
      return NULL;
    common = set;
  }
  return common;
}

static const rrn_layer_deps *
set_new(pass *p, const int32_t *layers, int32_t n)
{
  rrn_layer_deps *set = rrn_arena_alloc_raw(&p->net->arena, 1, sizeof(*set));
  int32_t *copy = rrn_arena_alloc_raw(&p->net->arena, (size_t)n, sizeof(*copy));

  if (!set || !copy)
    return NULL;
  memcpy(copy, layers, (size_t)n * sizeof(*copy));
  set->n = n;
  set->layers = copy;
  return set;
}

/* Collects the union in p->found; returns its size and the largest part. */
static int32_t
gather(pass *p, const rrn_node *node, int32_t stamp, const rrn_layer_deps **ret_largest)
{
  const rrn_layer_deps *last = NULL;
  int32_t n = 0, i, k;

  *ret_largest = &empty_set;
  for (i = 0; i < node->n_inputs; i++) {
    const rrn_layer_deps *set = set_of_input(p, node, i);

    if (set == last)
      continue;
    last = set;
    p->work += set->n;
    if (p->work > MAX_WORK)
      return -1;
    if (set->n > (*ret_largest)->n)
      *ret_largest = set;
    for (k = 0; k < set->n; k++)
      if (p->stamp[set->layers[k]] != stamp) {
        p->stamp[set->layers[k]] = stamp;
        p->found[n++] = set->layers[k];
      }
  }
  return n;
}

static int32_t
union_of_inputs(pass *p, size_t index, const rrn_layer_deps **ret_set, rramnas_error *err)
{
  const rrn_node *node = &p->net->nodes[index];
  const rrn_layer_deps *set = common_set(p, node);
  int32_t n;

  if (!set) {
    n = gather(p, node, (int32_t)index + 1, &set);
    RRN_FAIL_IF(n < 0, err, RRAMNAS_ERR_LIMIT, "the layers have more than %d dependencies (at node \"%.100s\")",
                MAX_WORK, node->name);
    if (n > set->n) {
      qsort(p->found, (size_t)n, sizeof(*p->found), by_number);
      set = set_new(p, p->found, n);
    }
  }
  if (!set)
    return rrn_fail_memory(err);
  *ret_set = set;
  return RRAMNAS_OK;
}

static int32_t
visit(pass *p, size_t index, rramnas_error *err)
{
  const rrn_node *node = &p->net->nodes[index];
  const rrn_layer_deps *set = NULL;
  int32_t i;

  RRN_TRY(union_of_inputs(p, index, &set, err));
  if (node->layer >= 0) {
    p->net->deps[node->layer] = *set;
    if (p->net->layers[node->layer].mapped) {
      set = set_new(p, &node->layer, 1);
      if (!set)
        return rrn_fail_memory(err);
    }
  }
  for (i = 0; i < node->n_outputs; i++)
    p->sets[node->outputs[i]] = set;
  return RRAMNAS_OK;
}

static int32_t
run(pass *p, rramnas_error *err)
{
  size_t i;

  for (i = 0; i < p->net->n_tensors; i++)
    p->sets[i] = &empty_set;
  for (i = 0; i < p->net->n_nodes; i++)
    RRN_TRY(visit(p, i, err));
  return RRAMNAS_OK;
}

int32_t
rrn_net_derive_deps(rramnas_net *net, rramnas_error *err)
{
  pass p = { .net = net };
  int32_t status = RRAMNAS_ERR_MEMORY;

  p.sets = rrn_alloc(&net->rt, net->n_tensors, sizeof(*p.sets));
  p.stamp = rrn_calloc(&net->rt, net->n_layers, sizeof(*p.stamp));
  p.found = rrn_alloc(&net->rt, net->n_layers, sizeof(*p.found));
  net->deps = rrn_arena_alloc(&net->arena, net->n_layers, sizeof(*net->deps));
  if (!p.sets || !p.stamp || !p.found || !net->deps) {
    rrn_fail_memory(err);
    goto out;
  }
  status = run(&p, err);
out:
  rrn_free(&net->rt, p.found);
  rrn_free(&net->rt, p.stamp);
  rrn_free(&net->rt, p.sets);
  return status;
}
