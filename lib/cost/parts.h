/* SPDX-License-Identifier: MIT */
/* The parts of a chip: pure functions of the hardware spec. Energies are of one use, areas and leakages of one
 * part; `unit` says of which. Each file explains its formulas and their sources. */
#ifndef RRN_COST_PARTS_H
#define RRN_COST_PARTS_H

#include "hw/spec.h"

/* What the field counts say about a crossbar as the mapping knows it, which may be several arrays. */
typedef struct rrn_layout {
  double rows, cols, subarray_rows, subarrays;
  double slices;        /* cells of one sign of a weight */
  double sets;          /* slices in crossbars of their own, each with its DACs; 1 when they are in columns */
  double arrays;        /* physical arrays: sets, times signs in arrays of their own */
  double adc_sets;      /* arrays that have ADCs of their own */
  double dacs;          /* of one array, no more than its rows */
  double adcs;          /* of one array */
  double input_slices;  /* DAC conversions of one input value */
  double accumulator_bits;
  double process_elements; /* of a crossbar */
} rrn_layout;

typedef struct rrn_part {
  double energy_pj, area_um2, leakage_uw;
} rrn_part;

rrn_layout rrn_layout_of(const rramnas_hw *hw);
/* As a layer of fewer bits uses it: not all of its arrays, slices of inputs and accumulator. */
rrn_layout rrn_layout_for(const rramnas_hw *hw, int32_t weight_bits, int32_t input_bits);

/* --- array.c --- */
typedef struct rrn_cells {
  double conductance_s;   /* mean of cells that hold weights */
  double square_v2;       /* mean square of the voltage on a wordline */
  double read_pj;         /* one cell that holds a weight, once */
  double off_read_pj;     /* one that holds none: in its off state */
  double half_read_pj;    /* 0T1R: one in a column that is not read */
  double wordline_pj;     /* charge of a wordline, once */
  double area_um2;        /* of a cell */
  double leakage_uw;
} rrn_cells;
rrn_cells rrn_cells_of(const rramnas_hw *hw);
/* Share of the voltage that the farthest cell of rows x cols cells of this conductance lacks. */
double rrn_ir_drop(double rows, double cols, double wire_ohm, double cell_s);

/* --- converter.c --- */
rrn_part rrn_dac_of(const rramnas_hw *hw);
rrn_part rrn_adc_of(const rramnas_hw *hw);

/* --- digital.c --- */
typedef struct rrn_digital {
  rrn_part add, multiply, reg; /* a bit; a bit of one factor and of the other; a bit */
  rrn_part mux;                /* of two lines */
  rrn_part selector;           /* the same at the crossbar's node: column and row multiplexers */
  rrn_part function;           /* a unit; one value */
  rrn_part pool;               /* a unit of pool.units channels; energy of one window of one channel */
} rrn_digital;
rrn_digital rrn_digital_of(const rramnas_hw *hw);

/* --- buffer.c --- */
typedef struct rrn_sram {
  double area_um2, leakage_uw, read_pj, write_pj; /* of an access of bus_bits */
  int32_t extrapolated; /* bits of enum rramnas_extrapolation */
} rrn_sram;
rrn_sram rrn_sram_of(double node_nm, double kib, double bus_bits);

/* --- program.c --- */
double rrn_write_pj(const rramnas_hw *hw);         /* one cell, all pulses */
double rrn_keep_pj(const rramnas_hw *hw);          /* one cell of the row that keeps its state meanwhile */
double rrn_write_row_ns(const rramnas_hw *hw);     /* one row, all pulses */

/* --- interconnect.c --- */
typedef struct rrn_mesh {
  double tiles, columns;   /* on a grid of that many columns */
  double crossbars_per_tile; /* may be less than 1 */
} rrn_mesh;
rrn_mesh rrn_mesh_of(const rramnas_hw *hw, double crossbars);
/* Column and row of the tile of each crossbar: ret_xy [n][2]. */
void rrn_mesh_places(const rramnas_hw *hw, const rrn_mesh *mesh, int32_t n, int32_t (*ret_xy)[2]);
rrn_part rrn_router_of(const rramnas_hw *hw);

#endif
