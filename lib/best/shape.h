/* SPDX-License-Identifier: MIT */
/* The ways to lay out one layer: tiling and number of copies, with what they cost and how long they take. */
#ifndef RRN_BEST_SHAPE_H
#define RRN_BEST_SHAPE_H

#include "compile/passes.h"

enum { RRN_MOST_CLASSES = 4, RRN_MOST_VARIANTS = 8 };

/* Boxes of one size in one copy of a layer. */
typedef struct rrn_box_class {
  int32_t rows, cols, read_cols; /* cells */
  int32_t per_copy;
  int64_t activations;
  double latency_ns;
} rrn_box_class;

/* A way to lay out a layer. */
typedef struct rrn_point {
  rrn_tiling tiling;
  int32_t copies;
  int32_t boxes;  /* of all copies */
  int64_t cells;  /* of all boxes */
  double ns;      /* of one sample */
} rrn_point;

/* Points of one variant by cells, upwards; time goes down. */
typedef struct rrn_menu {
  rrn_point *points;
  int32_t n;
} rrn_menu;

/* What a layer can be. Variant 0 is the one to begin with. */
typedef struct rrn_choice {
  rrn_menu menus[RRN_MOST_VARIANTS];
  int32_t n;
} rrn_choice;

/* 1 when some mapped layer has groups. */
int rrn_shape_some_grouped(const rramnas_mapping *m);
/* Sizes of boxes under a tiling; returns their number. */
int32_t rrn_shape_classes(const rramnas_mapping *m, int32_t layer, const rrn_tiling *tiling,
                          rrn_box_class classes[RRN_MOST_CLASSES]);
/* Time of one sample with that many copies: as the event simulation has it. */
double rrn_shape_ns(const rrn_box_class *classes, int32_t n, int32_t copies);

typedef struct rrn_shape_limits {
  int32_t depthwise; /* enum rramnas_depthwise */
  int32_t few;       /* 1: fewer points and variants of grouped layers, for the sake of speed */
} rrn_shape_limits;

/* The choices of a layer. It gets no more than `most_boxes` boxes, as they must be in different crossbars; the choice
 * is empty when it needs more. */
int32_t rrn_shape_choose(const rramnas_mapping *m, int32_t layer, int32_t most_boxes, rrn_shape_limits limits,
                         rrn_arena *arena, rrn_choice *ret_choice, rramnas_error *err);

#endif
