/* SPDX-License-Identifier: MIT */
/* Steps that do what their neighbours would.
 *
 * In:  the steps of a plan, whose tensors have their places.
 * Out: convolutions that hold their results between two bounds, and know which convolution alone reads them.
 *
 * Idea: between two products activations are written and read several times, each time through all caches: as products,
 * with the bias, within bounds, as integers. A convolution that knows what comes next does all of it while a result is in a
 * register. The operations and their order stay the same, and with them every bit.
 *
 * A step that holds values between bounds is joined to the convolution before it when it took over that one's place: then
 * nobody else reads it. Two convolutions are joined when no step that does anything is between them and nobody else reads
 * what is, so that the bytes of two tensors are all that is kept at a time.
 *
 * Complexity: nodes. Not handled: other functions, sums with a shortcut. */
#include "infer/plan.h"

/* How many nodes read each tensor; the output counts as read. */
static int32_t *
count_readers(const rrn_infer_plan *p, rrn_arena *scratch)
{
  int32_t *n = rrn_arena_alloc(scratch, p->net->n_tensors, sizeof(*n)), k;
  size_t i;

  for (i = 0; n && i < p->net->n_nodes; i++)
    for (k = 0; k < p->net->nodes[i].n_inputs; k++)
      if (p->net->nodes[i].inputs[k] >= 0)
        n[p->net->nodes[i].inputs[k]]++;
  if (n)
    n[p->output]++;
  return n;
}

/* Whether step i reads a tensor as its first input. */
static int
reads(const rrn_infer_plan *p, size_t i, int32_t tensor)
{
  return i < p->net->n_nodes && p->net->nodes[i].n_inputs > 0 && p->net->nodes[i].inputs[0] == tensor;
}

/* The tensor that a joint step leaves at last, and how many steps it makes. */
static int32_t
join_bounds(rrn_infer_plan *p, size_t i, size_t *ret_steps)
{
  const int32_t y = p->net->nodes[i].outputs[0];
  rrn_infer_step *next = &p->steps[i + 1];

  *ret_steps = 1;
  if (!reads(p, i + 1, y) || !next->bounds || p->at[next->node->outputs[0]] != p->at[y])
    return y;
  p->steps[i].joint->low = next->bounds[0];
  p->steps[i].joint->high = next->bounds[1];
  next->run = NULL;
  *ret_steps = 2;
  return next->node->outputs[0];
}

static void
join_layers(rrn_infer_plan *p, int32_t tensor, rrn_infer_joint *first, rrn_infer_joint *second)
{
  const size_t n = rrn_infer_elements(&p->net->tensors[tensor]);

  first->reader = second->layer;
  second->writer = first->layer;
  first->to = second->from = !first->from;
  p->n_handed = n > p->n_handed ? n : p->n_handed;
}

int32_t
rrn_infer_join(rrn_infer_plan *p, rrn_arena *scratch, rramnas_error *err)
{
  const int32_t *n_readers = count_readers(p, scratch);
  size_t i, n_steps;

  if (!n_readers)
    return rrn_fail_memory(err);
  for (i = 0; i < p->net->n_nodes; i += n_steps) {
    rrn_infer_joint *joint = p->steps[i].joint;
    int32_t tensor;

    n_steps = 1;
    if (!joint)
      continue;
    tensor = join_bounds(p, i, &n_steps);
    if (reads(p, i + n_steps, tensor) && n_readers[tensor] == 1 && p->steps[i + n_steps].joint && joint->layer >= 0 &&
        p->steps[i + n_steps].joint->layer >= 0)
      join_layers(p, tensor, joint, p->steps[i + n_steps].joint);
  }
  return RRAMNAS_OK;
}
