/* SPDX-License-Identifier: MIT */
/* The hardware spec as all modules see it: one plain struct, filled from one table of fields (spec_fields.c),
 * immutable after creation. */
#ifndef RRN_HW_SPEC_H
#define RRN_HW_SPEC_H

#include <stdatomic.h>

#include "util/arena.h"
#include "util/writer.h"

/* Values of choice fields are positions in the field's list of choices. */
enum rrn_hw_cell { RRN_CELL_1T1R, RRN_CELL_0T1R };
enum rrn_hw_slicing {
  RRN_SLICING_PARALLEL, /* slices of a weight (and its negative half) in parallel crossbars driven alike: one column per weight (RNC) */
  RRN_SLICING_COLUMNS,  /* in neighbouring columns of one crossbar */
};
enum rrn_hw_signed { RRN_SIGNED_DIFFERENTIAL, RRN_SIGNED_OFFSET };

/* Every field of the YAML, section by section. Names and units as in doc/hardware.md. */
typedef struct rrn_hw_values {
  struct { double read_latency_ns, read_voltage_v, on_resistance_ohm, off_resistance_ohm, write_latency_ns, write_voltage_v; int32_t type, bits_per_cell; } device;
  struct { int32_t rows, cols, subarray_rows, cell; } crossbar;
  struct { int32_t bits, slicing, sign; } weight;
  struct { int32_t bits; } input;
  struct { int32_t bits, per_subarray; double rate_gsps; } dac;
  struct { int32_t bits, per_subarray, cycles_per_bit_model; double rate_gsps; } adc;
  struct { int32_t groups; } pe;
  struct { double frequency_mhz; } digital;
  struct { int32_t crossbars; } chip;
} rrn_hw_values;

struct rramnas_hw {
  atomic_int references;
  rrn_rt rt;
  rrn_arena arena;
  rrn_hw_values v;
  const char *name;        /* free text of the spec, "" when none */
  const char **warnings;   /* [n_warnings] */
  size_t n_warnings;
};

/* Columns of cells that one weight takes within a crossbar: 1 when sliced in parallel, else slices of
 * ceil(weight bits / bits per cell), twice as many for differential pairs. */
int32_t rrn_hw_columns_per_weight(const rramnas_hw *hw);

/* Latency of one activation; see rramnas_hw_mvm_latency(). rows, cols >= 1 (cells). ret_parts may be NULL.
 * Pure; the order of the sums is part of its contract (bit equality with the reference). */
double rrn_hw_mvm_latency_ns(const rramnas_hw *hw, int64_t rows, int64_t cols, int32_t input_bits,
                             rramnas_mvm_latency *ret_parts);

#endif
