/* SPDX-License-Identifier: MIT */
/* Orders in which boxes are worth packing. */
#ifndef RRN_COMPILE_PACK_ORDERS_H
#define RRN_COMPILE_PACK_ORDERS_H

#include "compile/pack.h"

typedef enum rrn_pack_order {
  RRN_PACK_GIVEN,
  RRN_PACK_AREA,
  RRN_PACK_ROWS,
  RRN_PACK_COLS,
  RRN_PACK_LONG_SIDE,
  RRN_PACK_PERIMETER,
  RRN_PACK_BY_LAYER_AREA, /* largest of each layer, second largest of each layer, ... */
  RRN_PACK_BY_LAYER_ROWS,
  RRN_PACK_BY_LAYER_COLS,
  RRN_PACK_ORDERS
} rrn_pack_order;

/* Fills order[0..n-1] with the numbers of the boxes. */
int32_t rrn_pack_order_make(rrn_pack_order kind, const rrn_pack_box *boxes, size_t n, rrn_arena *arena, int32_t *order,
                            rramnas_error *err);

/* Key of a box: large first when sorted ascending. */
int64_t rrn_pack_order_key(rrn_pack_order kind, const rrn_pack_box *box);

typedef struct rrn_pack_keyed {
  int64_t major, key;
  int32_t box;
  int32_t before; /* left out before the step; no part of the key */
} rrn_pack_keyed;

/* Ascending by major, key, box: a total order. */
void rrn_pack_order_sort(rrn_pack_keyed *keyed, size_t n);

#endif
