/* SPDX-License-Identifier: MIT */
/* Orders for first fit.
 *
 * In:  boxes.
 * Out: a permutation of them.
 *
 * Idea: first fit leaves few holes when large boxes come first, and what is large depends on the crossbar: area, one
 * side, the longer side, the perimeter. When neighbouring layers may not share, boxes of one layer in a row each want
 * a crossbar of their own; so the other orders deal layer by layer: the largest box of each layer, then the second
 * largest of each, and so on. On cut networks no order is best throughout and a pass is cheap: take the best of all.
 *
 * Not handled: random orders; ruin and recreate (pack_search.c) does better with the same work.
 *
 * Invariant: total order, the number of the box last: the same permutation with any qsort. O(n log n). */
#include "compile/pack_orders.h"

#include <stdlib.h>

static int
by_key(const void *a, const void *b)
{
  const rrn_pack_keyed *x = a, *y = b;

  if (x->major != y->major)
    return x->major < y->major ? -1 : 1;
  if (x->key != y->key)
    return x->key < y->key ? -1 : 1;
  return (x->box > y->box) - (x->box < y->box);
}

void
rrn_pack_order_sort(rrn_pack_keyed *keyed, size_t n)
{
  size_t i, j;

  if (n > 32) {
    qsort(keyed, n, sizeof(*keyed), by_key);
    return;
  }
  for (i = 1; i < n; i++) {
    const rrn_pack_keyed moved = keyed[i];

    for (j = i; j > 0 && by_key(&moved, &keyed[j - 1]) < 0; j--)
      keyed[j] = keyed[j - 1];
    keyed[j] = moved;
  }
}

int64_t
rrn_pack_order_key(rrn_pack_order kind, const rrn_pack_box *box)
{
  const int64_t rows = box->rows, cols = box->cols;

  switch (kind) {
  case RRN_PACK_AREA:
  case RRN_PACK_BY_LAYER_AREA:
    return -(rows * cols);
  case RRN_PACK_ROWS:
  case RRN_PACK_BY_LAYER_ROWS:
    return -(rows << 31) - cols;
  case RRN_PACK_COLS:
  case RRN_PACK_BY_LAYER_COLS:
    return -(cols << 31) - rows;
  case RRN_PACK_LONG_SIDE:
    return rows > cols ? -(rows << 31) - cols : -(cols << 31) - rows;
  case RRN_PACK_PERIMETER:
    return -rows - cols;
  default:
    return 0;
  }
}

/* Layers as major keys, sorted, become ranks within the layer. */
static void
deal_layers(rrn_pack_keyed *keyed, size_t n)
{
  int64_t layer = 0, rank = 0;
  size_t i;

  rrn_pack_order_sort(keyed, n);
  for (i = 0; i < n; i++) {
    rank = i > 0 && keyed[i].major == layer ? rank + 1 : 0;
    layer = keyed[i].major;
    keyed[i].major = rank;
    keyed[i].key = layer;
  }
}

int32_t
rrn_pack_order_make(rrn_pack_order kind, const rrn_pack_box *boxes, size_t n, rrn_arena *arena, int32_t *order,
                    rramnas_error *err)
{
  rrn_pack_keyed *keyed = rrn_arena_alloc_raw(arena, n + 1, sizeof(*keyed));
  size_t i;

  if (!keyed)
    return rrn_fail_memory(err);
  for (i = 0; i < n; i++) {
    keyed[i].major = kind >= RRN_PACK_BY_LAYER_AREA ? boxes[i].layer : 0;
    keyed[i].key = rrn_pack_order_key(kind, &boxes[i]);
    keyed[i].box = (int32_t)i;
  }
  if (kind >= RRN_PACK_BY_LAYER_AREA)
    deal_layers(keyed, n);
  rrn_pack_order_sort(keyed, n);
  for (i = 0; i < n; i++)
    order[i] = keyed[i].box;
  return RRAMNAS_OK;
}
