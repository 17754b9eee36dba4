/* SPDX-License-Identifier: MIT */
/* What the passes of the compiler hand on, and the mapping they end in.
 *
 *   net layers -> matrices -> pieces -> copies -> placements
 *
 * Inside the compiler a "layer" is a position among the mapped layers (0 .. n_layers - 1, in order of
 * execution); rramnas_mapping.layer_of translates to the network's numbering. Rows and columns are cells. */
#ifndef RRN_COMPILE_MAPPING_H
#define RRN_COMPILE_MAPPING_H

#include <stdatomic.h>

#include "hw/spec.h"
#include "net/graph.h"

/* The weights of one layer as a matrix: `rows` wordlines times `cols` weights, each `cells` columns wide. A
 * grouped layer has its groups side by side; an activation drives the rows for one group only and reads that
 * group's columns, so the groups of a box take turns. */
typedef struct rrn_matrix {
  int64_t rows;
  int64_t cols;        /* weights, all groups */
  int32_t cells;       /* columns of cells per weight */
  int32_t unit_cells;  /* unit columns that are read together with them; 0 = none */
  int64_t groups;      /* groups that take turns; 1 for a dense layer */
  int64_t positions;   /* output vectors per sample */
  int64_t activations; /* crossbar activations per sample of the whole matrix: groups * positions */
  int32_t weight_bits, input_bits; /* 0 = the chip's */
} rrn_matrix;

/* A rectangle cut from a matrix, no larger than a crossbar. */
typedef struct rrn_piece {
  int32_t layer;
  int32_t rows, cols;    /* cells */
  int32_t read_cols;     /* bitlines that one activation reads: cols, or those of one group */
  int64_t activations;   /* per sample */
  int64_t row0, col0;    /* first row and first weight column in the matrix */
  double latency_ns;     /* of one activation */
  int32_t groups_at_once; /* > 1: block-diagonal, rows = matrix rows * groups_at_once; see partition.c */
  int32_t row_parts;      /* parts that the rows of the box it was cut from have here: partial sums to add; 1 = uncut */
} rrn_piece;

typedef struct rrn_placement {
  int32_t crossbar, row, col;
} rrn_placement;

/* Rules of a policy on what may share a crossbar. */
typedef struct rrn_sharing {
  int32_t layer_threshold; /* layers at this distance or closer are kept apart; negative = no rule */
  int32_t max_load;        /* most boxes in a crossbar; INT32_MAX = no rule */
} rrn_sharing;

struct rramnas_mapping {
  atomic_int references;
  rrn_rt rt;
  rrn_arena arena;
  rramnas_hw *hw;   /* referenced */
  rramnas_net *net; /* referenced */

  int32_t policy;
  uint32_t seed;
  rrn_sharing sharing;

  int32_t n_layers;
  const int32_t *layer_of;    /* [n_layers] -> layer of the network */
  const int32_t *weight_bits, *input_bits; /* [n_bits] as given; NULL = the chip's */
  size_t n_bits;              /* n_layers, or 0 */
  rrn_matrix *matrices;       /* [n_layers] */
  int32_t unit_cols;          /* last columns of each crossbar, which hold the weight 0 of each width; 0 = none */
  rrn_piece *pieces;          /* [n_pieces], by layer */
  size_t n_pieces;
  int32_t *first_piece;       /* [n_layers + 1] */
  int32_t *copies;            /* [n_layers], >= 1 */
  int64_t *first_placement;   /* [n_layers + 1] */
  rrn_placement *placements;  /* [n_placements], by layer, copy, piece */
  size_t n_placements;

  int32_t crossbars_available;
  int32_t crossbars_used;
  int32_t tries;
  double margin; /* 0 without duplication */
  int32_t objective_samples;   /* policy best: inferences whose completion it made early; 0 = another policy */
  int32_t objective_depthwise; /* how it could lay out grouped layers */
  const struct rrn_bound *fewest_bound; /* policy best, crossbars auto: of one copy of each layer; NULL = of the boxes */
  struct rrn_kept *kept;       /* policy best, while it runs: what other compilations found out; NULL = nothing */
  int32_t boxes_cut;           /* to fill holes (split.c) */
  int32_t cut_parts;           /* that these are in */
  int64_t extra_conversions;   /* sums of columns per sample that these cuts add, each of them converted and added */
};

/* Columns of a crossbar that boxes may take. */
static inline int32_t
rrn_mapping_box_cols(const rramnas_mapping *m)
{
  return m->hw->v.crossbar.cols - m->unit_cols;
}

static inline int32_t
rrn_mapping_pieces_of(const rramnas_mapping *m, int32_t layer)
{
  return m->first_piece[layer + 1] - m->first_piece[layer];
}

/* Where piece `piece` (within the layer) of copy `copy` sits. */
static inline const rrn_placement *
rrn_mapping_placement(const rramnas_mapping *m, int32_t layer, int32_t copy, int32_t piece)
{
  return &m->placements[m->first_placement[layer] + (int64_t)copy * rrn_mapping_pieces_of(m, layer) + piece];
}

/* Rows of the matrix that a piece holds; a block-diagonal piece stacks them for each group that it reads at once. */
static inline int32_t
rrn_piece_matrix_rows(const rrn_piece *p)
{
  return p->rows / p->groups_at_once;
}

/* Bits of a layer's weights and inputs on a chip. */
static inline int32_t
rrn_matrix_weight_bits(const rramnas_hw *hw, const rrn_matrix *x)
{
  return x->weight_bits ? x->weight_bits : hw->v.weight.bits;
}

static inline int32_t
rrn_matrix_input_bits(const rramnas_hw *hw, const rrn_matrix *x)
{
  return x->input_bits ? x->input_bits : hw->v.input.bits;
}

/* Time of one activation of a box of a layer, its unit columns included. */
static inline double
rrn_matrix_latency_ns(const rramnas_hw *hw, const rrn_matrix *x, int64_t rows, int64_t read_cols)
{
  return rrn_hw_mvm_latency_ns(hw, rows, read_cols + x->unit_cells, rrn_matrix_input_bits(hw, x), NULL);
}

/* The same of a piece of the layer, the sums of parts included. */
static inline double
rrn_piece_latency_ns(const rramnas_hw *hw, const rrn_matrix *x, const rrn_piece *p)
{
  return rrn_matrix_latency_ns(hw, x, p->rows, p->read_cols) + rrn_hw_sum_latency_ns(hw, p->read_cols, p->row_parts);
}

/* Cells that hold weights / cells of the used crossbars. */
double rrn_mapping_utilization(const rramnas_mapping *m);

/* Cells of the boxes / cells of the used crossbars: what lies beside the blocks of a block-diagonal box included. */
double rrn_mapping_occupied(const rramnas_mapping *m);

/* Every weight of every copy placed once, inside its crossbar, no two boxes overlapping, sharing rules kept. */
int32_t rrn_mapping_check(const rramnas_mapping *m, rramnas_error *err);

void rrn_mapping_unref(rramnas_mapping *m);

#endif
