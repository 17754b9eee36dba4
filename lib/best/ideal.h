/* SPDX-License-Identifier: MIT */
/* A relaxed time of one inference: what allocation alone makes of so many crossbars. */
#ifndef RRN_BEST_IDEAL_H
#define RRN_BEST_IDEAL_H

#include "compile/passes.h"

typedef struct rrn_ideal rrn_ideal;

/* `loss`: share of all cells that packing leaves empty when there are many; fewer when there are few. The mapping and
 * the arena must live as long. */
int32_t rrn_ideal_new(const rramnas_mapping *m, int32_t depthwise, double loss, rrn_arena *arena, rrn_ideal **ret_ideal,
                      rramnas_error *err);
/* Never rises with the crossbars, to within rounding; huge when some layer needs more of them. */
double rrn_ideal_ns(rrn_ideal *d, int32_t crossbars);
/* The same with any number of crossbars, for `samples` inferences of which none waits for crossbars. */
double rrn_ideal_least_ns(rrn_ideal *d, int32_t samples);
/* Boxes of one copy of each dense layer. */
int64_t rrn_ideal_boxes(const rrn_ideal *d);
/* Crossbars that the cells of one copy of each layer fill, at least 1. */
int32_t rrn_ideal_fewest(const rramnas_mapping *m);

#endif
