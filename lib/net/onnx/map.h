/* SPDX-License-Identifier: MIT */
/* Names to numbers: a hash table of spans with a size fixed at creation. */
#ifndef RRN_NET_ONNX_MAP_H
#define RRN_NET_ONNX_MAP_H

#include "net/onnx/wire.h"
#include "util/arena.h"

typedef struct rrn_onnx_map {
  int32_t *slots; /* number + 1, 0 = free */
  size_t mask;
  rrn_onnx_span *keys; /* [number] */
  int32_t n, cap;
} rrn_onnx_map;

/* Room for `cap` names. */
int32_t rrn_onnx_map_init(rrn_onnx_map *map, rrn_arena *arena, int32_t cap, rramnas_error *err);

/* Number of a name, -1 when it is not there. */
int32_t rrn_onnx_map_find(const rrn_onnx_map *map, rrn_onnx_span name);

/* Gives a new name the next number; -1 when it is there already. Never more than `cap` names. */
int32_t rrn_onnx_map_add(rrn_onnx_map *map, rrn_onnx_span name);

#endif
