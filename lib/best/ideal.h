/* SPDX-License-Identifier: MIT */
/* How soon a chip could be done if copies came in any share and boxes in any shape. */
#ifndef RRN_BEST_IDEAL_H
#define RRN_BEST_IDEAL_H

#include "compile/mapping.h"

/* A layer as the relaxation has it. */
typedef struct rrn_ideal_layer {
  double work_ns;        /* of one copy, one activation at a time, in one box */
  double cells;          /* of one copy, one group at a time */
  double boxes;          /* of one copy: fewest */
  double most_copies;
  double groups;
  int32_t first, last;   /* groups at once, when groups > 1 */
} rrn_ideal_layer;

typedef struct rrn_ideal {
  int32_t n_layers, samples;
  double cells_of_bar;
  double dearest;          /* a price of cells at which no layer has a second copy */
  rrn_ideal_layer *layers; /* [n_layers] */
} rrn_ideal;

int32_t rrn_ideal_init(rrn_ideal *s, const rramnas_mapping *m, int32_t depthwise, int32_t samples, rrn_arena *arena,
                       rramnas_error *err);
/* Time of one inference. Never rises with the crossbars, as none of these. */
double rrn_ideal_ns(const rrn_ideal *s, int32_t crossbars);
/* What no plan completes all samples in less than: one after another at the pace of the slowest layer, or all work on all
 * crossbars. Never rises either. */
double rrn_ideal_least_ns(const rrn_ideal *s, int32_t crossbars);

#endif
