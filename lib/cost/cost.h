/* SPDX-License-Identifier: MIT */
/* The seam between a mapping and the models of what it costs.
 *
 * A model fills one entry for each layer, component and kind, and the figures that are no sums; what is common to
 * models (rounding to the grid, totals, ratios, shares of crossbars) is done by the driver, cost.c. A new model is a
 * file or folder of its own and a line in the table of cost.c. */
#ifndef RRN_COST_COST_H
#define RRN_COST_COST_H

#include "compile/mapping.h"
#include "timing/sim.h"

enum { RRN_COST_DYNAMIC, RRN_COST_STATIC, RRN_COST_AREA, RRN_COST_KINDS };

typedef double rrn_cost_row[RRAMNAS_COST_COMPONENTS][RRN_COST_KINDS];

/* Components up to this one stand in crossbars, the others in tiles. */
enum { RRN_COST_LAST_IN_CROSSBAR = RRAMNAS_COMPONENT_REGISTER };

typedef struct rrn_cost_input {
  const rramnas_mapping *m; /* m->hw is the chip to cost, and latencies of pieces are its */
  int32_t samples;
  double latency_ns;        /* wall time by the timing model */
  rrn_arena *arena;         /* of the call */
} rrn_cost_input;

typedef struct rrn_cost_output {
  rrn_cost_row *rows;      /* [layers of the network + 1], zeroed; the last: of no layer. All samples; >= 0 */
  double *piece_weights;   /* [n_pieces], zeroed: dynamic energy within crossbars, any unit; all copies together. May
                              be left zero: pieces of a layer are then alike */
  double busy_ns;          /* of all crossbars together, all samples */
  rramnas_cost figures;    /* fields that are neither sums of rows nor ratios of others; latency_ns may be changed */
} rrn_cost_output;

typedef int32_t (*rrn_cost_fn)(const rrn_cost_input *in, rrn_cost_output *out, rramnas_error *err);

typedef struct rrn_cost_model {
  int32_t number; /* enum rramnas_cost_model */
  const char *name;
  rrn_cost_fn run;
} rrn_cost_model;

/* rramnas.c */
int32_t rrn_cost_rramnas(const rrn_cost_input *in, rrn_cost_output *out, rramnas_error *err);

/* model_mnsim.c */
int32_t rrn_cost_mnsim(const rrn_cost_input *in, rrn_cost_output *out, rramnas_error *err);

/* The table; NULL when there is none. */
const rrn_cost_model *rrn_cost_find(int32_t number);
const rrn_cost_model *rrn_cost_named(const char *name);

/* A costing from its options to its result; release the arena when done. */
typedef struct rrn_costing {
  rrn_arena arena;
  rramnas_cost_options o;  /* resolved */
  const rrn_cost_model *model;
  rramnas_mapping view;    /* the mapping with the chip of the options and latencies of its */
  rrn_cost_output out;     /* rounded to the grid */
  double energy_step_pj, area_step_um2;
  rramnas_cost cost;
} rrn_costing;

/* A failing call leaves nothing to release. */
int32_t rrn_cost_run(const rramnas_mapping *m, const rramnas_cost_options *options, rrn_costing *ret_costing,
                     rramnas_error *err);
/* [crossbars_available + 1][5]: see rramnas_mapping_get_cost_crossbars(). Runs the simulation. */
int32_t rrn_cost_crossbars(const rrn_costing *costing, double (*ret_rows)[5], rramnas_error *err);

/* --- quantize.c --- */

/* Power of two such that numbers up to `largest`, rounded to its multiples, are added without error in any order. */
double rrn_grid_step(double largest);

/* value >= 0, below 2^52 steps; the inverse of a power of two is exact. */
static inline double
rrn_grid_round(double value, double step)
{
  return (double)(int64_t)(value * (1 / step) + 0.5) * step;
}

#endif
