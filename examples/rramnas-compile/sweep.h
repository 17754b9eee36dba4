/* SPDX-License-Identifier: MIT */
/* Costs of one network over values of hardware fields. */
#ifndef SWEEP_H
#define SWEEP_H

#include "program.h"

/* Values of one field. */
typedef struct sweep_axis {
  char *field;
  char **values; /* as they would stand in the YAML */
  size_t n;
  int shapes;    /* a change of the field needs another mapping */
  int is_time;   /* no field: seconds since the chip was written */
} sweep_axis;

typedef struct sweep_point {
  rramnas_cost cost; /* all 0 where it failed */
  rramnas_accuracy accuracy; /* of no images unless it is wanted */
  char *fault;       /* NULL = none */
  int front;         /* no point has less energy per inference and no more latency, or the other way round */
} sweep_point;

/* The last field runs fastest. */
struct sweep {
  sweep_axis axes[MOST_SWEEPS];
  size_t n_axes;
  sweep_point *points;
  size_t n_points;
  const char *network; /* its name */
  int has_accuracy;
};

/* Value of a field at a point. */
const char *sweep_value(const sweep *w, size_t point, size_t axis);

/* sweep_svg.c */
int32_t write_sweep_svg(const sweep *w, rramnas_write_fn write, void *user);

#endif
