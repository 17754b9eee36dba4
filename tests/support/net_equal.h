/* SPDX-License-Identifier: MIT */
/* Whether two networks are equal in all that anybody computes from: nodes with their operators, attributes, shapes,
 * wires and output, layers, dependencies. Names of constants do not count. */
#ifndef RRAMNAS_TESTS_NET_EQUAL_H
#define RRAMNAS_TESTS_NET_EQUAL_H

#include <stdio.h>
#include <string.h>

#include "net/keys.h"

/* Which activation of the net a tensor is, counting inputs and outputs of nodes; -1 for constants and none. */
static inline int64_t
net_activation(const rramnas_net *net, int32_t tensor)
{
  const rrn_tensor *t = tensor < 0 ? NULL : &net->tensors[tensor];
  int64_t number = 0;
  int32_t i;

  if (!t || t->kind == RRN_TENSOR_CONSTANT)
    return -1;
  if (t->producer < 0) {
    for (i = 0; i < tensor; i++)
      number += net->tensors[i].kind == RRN_TENSOR_ACTIVATION && net->tensors[i].producer < 0;
    return number;
  }
  for (i = 0; i < net->nodes[t->producer].n_outputs; i++)
    if (net->nodes[t->producer].outputs[i] == tensor)
      return ((int64_t)t->producer + 1) * (1 << 20) + i;
  return -2;
}

static inline const char *
net_node_differs(const rramnas_net *a, const rramnas_net *b, size_t index)
{
  const rrn_node *x = &a->nodes[index], *y = &b->nodes[index];
  const rrn_key *const *key;
  int32_t i, n = x->n_inputs < y->n_inputs ? x->n_inputs : y->n_inputs;

  if (x->op != y->op || strcmp(x->name, y->name) != 0 || strcmp(x->source_op, y->source_op) != 0)
    return "operator or name";
  if (x->n_outputs != y->n_outputs || x->layer != y->layer)
    return "outputs";
  for (i = 0; i < x->n_outputs; i++) {
    const rrn_tensor *s = &a->tensors[x->outputs[i]], *t = &b->tensors[y->outputs[i]];

    if (s->rank != t->rank || memcmp(s->dims, t->dims, sizeof(s->dims)) != 0)
      return "shape";
  }
  for (i = 0; i < x->n_inputs || i < y->n_inputs; i++)
    if (i < n ? net_activation(a, x->inputs[i]) != net_activation(b, y->inputs[i])
              : net_activation(i < x->n_inputs ? a : b, i < x->n_inputs ? x->inputs[i] : y->inputs[i]) >= 0)
      return "inputs";
  for (key = rrn_keys_of(x->op); *key; key++) {
    /* The fields of rrn_build outside of attrs are about implied weights, which layers show. */
    const size_t in_attrs = (*key)->offset - offsetof(rrn_build, attrs);
    const size_t length = (*key)->type == RRN_KEY_DIMS || (*key)->type == RRN_KEY_PAD ? 6 * sizeof(int64_t)
                        : (*key)->type == RRN_KEY_WINDOW ? 3 * sizeof(int64_t)
                        : (*key)->type == RRN_KEY_BOOL || (*key)->type == RRN_KEY_AXIS ? sizeof(int32_t)
                                                                                       : sizeof(int64_t);

    if ((*key)->offset >= offsetof(rrn_build, attrs) &&
        memcmp((const char *)&x->attrs + in_attrs, (const char *)&y->attrs + in_attrs, length) != 0)
      return (*key)->name;
  }
  return x->attrs.n_dims != y->attrs.n_dims && rrn_keys_of(x->op)[0] ? "n_dims" : NULL;
}

static inline const char *
net_layer_differs(const rramnas_net *a, const rramnas_net *b, size_t index)
{
  rramnas_layer x = a->layers[index], y = b->layers[index];

  if (strcmp(x.name, y.name) != 0)
    return "layer name";
  x.name = y.name = NULL;
  if (memcmp(&x, &y, sizeof(x)) != 0)
    return "layer";
  if (a->deps[index].n != b->deps[index].n ||
      (a->deps[index].n &&
       memcmp(a->deps[index].layers, b->deps[index].layers, (size_t)a->deps[index].n * sizeof(int32_t)) != 0))
    return "dependencies";
  return NULL;
}

/* The output, said or found; -2 where neither. */
static inline int64_t
net_output(const rramnas_net *net)
{
  int32_t n = 0, unread = -1;
  rrn_arena scratch;

  rrn_arena_init(&scratch, &net->rt);
  if (net->output < 0 && rrn_net_unread(net, &scratch, &n, &unread, NULL) < 0)
    n = 0;
  rrn_arena_release(&scratch);
  return net->output >= 0 ? net_activation(net, net->output) : n == 1 ? net_activation(net, unread) : -2;
}

/* 1 when equal; else says on stderr where they are not. */
static inline int
net_equal(const rramnas_net *a, const rramnas_net *b)
{
  const char *what = NULL;
  size_t i = 0;

  if (a->n_nodes != b->n_nodes || a->n_layers != b->n_layers || a->n_mapped != b->n_mapped ||
      strcmp(a->name, b->name) != 0)
    what = "counts or name";
  else if (net_output(a) != net_output(b))
    what = "output";
  for (i = 0; !what && i < a->n_nodes; i++)
    what = net_node_differs(a, b, i);
  for (i = what ? i : 0; !what && i < a->n_layers; i++)
    what = net_layer_differs(a, b, i);
  if (what)
    fprintf(stderr, "networks \"%s\" and \"%s\" differ at %zu: %s\n", a->name, b->name, i ? i - 1 : 0, what);
  return !what;
}

#endif
