/* SPDX-License-Identifier: MIT */
/* What cost model rramnas derives before it multiplies; the explanation shows the same numbers. */
#ifndef RRN_COST_MODEL_H
#define RRN_COST_MODEL_H

#include "cost/activity.h"
#include "cost/cost.h"
#include "cost/parts.h"

typedef struct rrn_model {
  rrn_layout layout;
  rrn_cells cells;
  rrn_part dac, adc, router;
  rrn_digital digital;
  rrn_mesh mesh;
  double column_levels, row_levels;  /* of the multiplexers at columns and rows */
  double input_kib, output_kib;
  rrn_sram input, output;
  double crossbars;
  double area_um2[RRAMNAS_COST_COMPONENTS];    /* of the chip */
  double leakage_uw[RRAMNAS_COST_COMPONENTS];  /* of the chip */
  double chip_area_um2, tile_pitch_mm;
  double hop_pj, tile_pj;             /* a bit to the next tile; a bit within a tile */
  double write_pj, keep_pj, write_row_ns;
} rrn_model;

/* needed_kib: input buffer of a crossbar when the spec leaves it open. */
rrn_model rrn_model_of(const rramnas_hw *hw, double crossbars, double needed_kib);

/* Dynamic energy of one inference by component. */
void rrn_model_energy(const rramnas_hw *hw, const rrn_model *k, const rrn_layer_activity *y,
                      double ret_pj[RRAMNAS_COST_COMPONENTS]);

/* Both of them for a mapping. */
int32_t rrn_model_run(const rrn_cost_input *in, rrn_model *ret_model, rrn_activity *ret_activity, rramnas_error *err);

/* Bits of enum rramnas_extrapolation. */
int32_t rrn_model_extrapolated(const rramnas_hw *hw, const rrn_model *k);

#endif
