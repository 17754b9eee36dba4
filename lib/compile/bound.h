/* SPDX-License-Identifier: MIT */
/* Lower bounds on the crossbars that boxes need. */
#ifndef RRN_COMPILE_BOUND_H
#define RRN_COMPILE_BOUND_H

#include "compile/mapping.h"
#include "compile/pack.h"

/* `count` equal boxes of a layer. */
typedef struct rrn_bound_item {
  int32_t layer, rows, cols;
  int64_t count;
} rrn_bound_item;

/* Each is proven; full tiles are counted in each. The strip bound raises the largest of the others. */
typedef struct rrn_bound {
  int64_t area;        /* cells */
  int64_t dual;        /* dual feasible functions of the sides */
  int64_t strip;       /* tall and wide boxes share with none of each other */
  int64_t clique;      /* layers kept apart; 0 = no rule */
  int64_t cardinality; /* most boxes in a crossbar; 0 = no rule */
  int64_t best;        /* the largest */
} rrn_bound;

/* Layers of the items are below n_layers. rules->crossbars and grow do not matter. */
int32_t rrn_bound_items(const rrn_pack_rules *rules, const rrn_bound_item *items, size_t n, int32_t n_layers,
                        rrn_arena *arena, rrn_bound *ret_bound, rramnas_error *err);
/* The same for boxes one by one. */
int32_t rrn_bound_boxes(const rrn_pack_rules *rules, const rrn_pack_box *boxes, size_t n, rrn_arena *arena,
                        rrn_bound *ret_bound, rramnas_error *err);

/* The same for the pieces and copies of a mapping, under its rules. When boxes were cut to fit, only the area bounds
 * what other cuts could reach. */
int32_t rrn_bound_mapping(const rramnas_mapping *m, rrn_arena *arena, rrn_bound *ret_bound, rramnas_error *err);

/* Within the bound: distinct sizes of the boxes that are not full tiles, and functions on their sides. */
typedef struct rrn_bound_size {
  int32_t rows, cols;
  int64_t count;
  int32_t row_side, col_side; /* numbers of the sides */
} rrn_bound_size;

/* One side of the crossbar and dual feasible functions on the lengths that occur along it. Function f maps length
 * `at[i]` to value[f * n + i] and the whole side to unit[f]. Functions from n_plain on depend on how many boxes have
 * each length: they hold for sets of these boxes only. */
typedef struct rrn_bound_side {
  int32_t length;
  int32_t n;
  int32_t *at;      /* [n] ascending */
  int64_t *count;   /* [n] boxes of this length */
  int32_t n_functions, n_plain;
  int64_t *value;   /* [n_functions][n] */
  int64_t *unit;    /* [n_functions] */
} rrn_bound_side;

typedef struct rrn_bound_problem {
  rrn_bound_size *sizes; /* [n] */
  size_t n;
  rrn_bound_side rows, cols;
  int64_t full;
} rrn_bound_problem;

/* bound_dual.c */
int32_t rrn_bound_side_make(rrn_bound_side *side, int32_t length, rrn_bound_size *sizes, size_t n, int by_rows,
                            rrn_arena *arena, rramnas_error *err);
int32_t rrn_bound_dual(const rrn_bound_problem *p, rrn_arena *arena, int64_t *ret_bound, rramnas_error *err);

/* bound_strip.c: `known` is a bound that holds. */
int32_t rrn_bound_strip(const rrn_bound_problem *p, int64_t known, rrn_arena *arena, int64_t *ret_bound,
                        rramnas_error *err);

static inline int64_t
rrn_bound_divide_up(int64_t a, int64_t b)
{
  return a / b + (a % b > 0);
}

#endif
