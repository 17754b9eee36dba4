/* SPDX-License-Identifier: MIT */
/* Accuracy over what chips differ by. */
#ifndef ACCURACY_CURVES_H
#define ACCURACY_CURVES_H

#include "program.h"

enum { MOST_ACCURACY_CURVES = 3 };

typedef struct accuracy_curve {
  char name[96];
  double *x;
  rramnas_accuracy *points;
} accuracy_curve;

struct accuracy_curves {
  accuracy_curve all[MOST_ACCURACY_CURVES];
  rramnas_accuracy_curve curves[MOST_ACCURACY_CURVES];
  size_t n;
  char subtitle[160];
};

/* Over write errors, time and stuck cells. 0 or an exit code; *ret is to be freed in any case. */
int compute_accuracy_curves(const settings *s, rramnas_hw *hw, const rramnas_mapping *mapping, accuracy_curves *ret);
/* Over the one field of a sweep that has run; 0 after a message when it has no rising numbers. */
int take_sweep(accuracy_curves *ret, const settings *s, const rramnas_hw *hw, const struct sweep *w);
void free_accuracy_curves(accuracy_curves *c);
void print_accuracy_curves(FILE *out, const accuracy_curves *c);

#endif
