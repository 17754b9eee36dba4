/* SPDX-License-Identifier: MIT */
/* Binary heap of events. Ties in time are broken by the serial number, so the order is total and the simulation
 * deterministic. */
#include "timing/sim.h"

static int
before(const rrn_event *a, const rrn_event *b)
{
  return a->time_ns < b->time_ns || (a->time_ns == b->time_ns && a->serial < b->serial);
}

int
rrn_event_push(rrn_event_queue *q, rrn_event event)
{
  rrn_event *heap = rrn_arena_grow(q->arena, q->heap, q->n, &q->cap, sizeof(*heap));
  size_t i = q->n;

  if (!heap)
    return 0;
  q->heap = heap;
  q->n++;
  for (; i > 0 && before(&event, &heap[(i - 1) / 2]); i = (i - 1) / 2)
    heap[i] = heap[(i - 1) / 2];
  heap[i] = event;
  return 1;
}

rrn_event
rrn_event_pop(rrn_event_queue *q)
{
  rrn_event *heap = q->heap, first = heap[0], last = heap[--q->n];
  size_t i = 0, child;

  while ((child = 2 * i + 1) < q->n) {
    if (child + 1 < q->n && before(&heap[child + 1], &heap[child]))
      child++;
    if (!before(&heap[child], &last))
      break;
    heap[i] = heap[child];
    i = child;
  }
  heap[i] = last;
  return first;
}
