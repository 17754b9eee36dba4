/* SPDX-License-Identifier: MIT */
/* When enough chips have been tried. */
#ifndef RRN_ACCURACY_STOP_H
#define RRN_ACCURACY_STOP_H

#include <stddef.h>

#include "rramnas/rramnas.h"

/* Fields of rramnas_accuracy_options, and what the worst chip must reach; all 0 = every chip is tried. */
typedef struct rrn_stop_rule {
  double stop_below;        /* share of right answers */
  double worst_below;       /* of any one chip */
  double confidence_wanted; /* half of the interval, as a share */
  int32_t least;            /* chips */
} rrn_stop_rule;

typedef struct rrn_stop {
  rrn_stop_rule rule;
  double n, images;
  double seen, wrong, squares; /* chips; wrong answers of all, and their squares */
  double least_right;          /* of any chip */
  double stake[2];
} rrn_stop;

/* Before the first of at most n chips, each judged by n_images. */
void rrn_stop_init(rrn_stop *s, const rrn_stop_rule *rule, size_t n, size_t n_images);
/* After every chip, in the order of their numbers: enum rramnas_trials_stop; ALL = go on. Once it says otherwise it is
 * not asked again. */
int32_t rrn_stop_add(rrn_stop *s, int32_t right);

/* Half of the 95 % interval of a mean of n values with this deviation (n - 1), by Student's t; 0 for one. */
double rrn_mean_confidence(double deviation, double n);

#endif
