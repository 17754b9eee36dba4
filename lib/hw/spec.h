/* SPDX-License-Identifier: MIT */
/* The hardware spec as all modules see it: one plain struct, filled from one table of fields (spec_fields.c),
 * immutable after creation. */
#ifndef RRN_HW_SPEC_H
#define RRN_HW_SPEC_H

#include <stdatomic.h>

#include "util/arena.h"
#include "util/writer.h"

/* Values of choice fields are positions in the field's list of choices. */
enum rrn_hw_kind { RRN_KIND_RRAM, RRN_KIND_FEFET, RRN_KIND_STT_MRAM, RRN_KIND_PCM, RRN_KIND_SRAM };
enum rrn_hw_cell { RRN_CELL_1T1R, RRN_CELL_0T1R };
enum rrn_hw_slicing {
  RRN_SLICING_PARALLEL, /* slices of a weight (and its negative half) in parallel crossbars driven alike: one column per weight (RNC) */
  RRN_SLICING_COLUMNS,  /* in neighbouring columns of one crossbar */
};
enum { RRN_WEIGHT_BITS = 32 }; /* at most */
enum rrn_hw_signed {
  RRN_SIGNED_DIFFERENTIAL, RRN_SIGNED_OFFSET,
  RRN_SIGNED_UNIT_COLUMN, /* as offset, which is read from columns of each crossbar that hold the weight 0 */
};
enum rrn_hw_subtraction { RRN_SUBTRACT_ANALOG, RRN_SUBTRACT_DIGITAL }; /* of differential pairs, before or after the ADC */
enum rrn_hw_wire_delay { RRN_WIRES_IGNORED, RRN_WIRES_ELMORE };
enum rrn_hw_below_resolution { RRN_BELOW_RESOLUTION_ACCEPT, RRN_BELOW_RESOLUTION_WARN };
enum rrn_hw_adc_model { RRN_ADC_TABLE, RRN_ADC_PARAMETRIC };
enum rrn_hw_adc_kind {
  RRN_ADC_SAR,   /* (bits + 2) / rate */
  RRN_ADC_FLASH, /* 1 / rate */
  RRN_ADC_RAMP,  /* 2^bits / rate */
};
/* Spread of a cell's conductance g after it was written, with on = the largest conductance:
 * sigma is write_sigma * g, write_sigma * on, the sigma of ln g, or a polynomial of g / on. */
enum rrn_hw_write_model {
  RRN_WRITE_NONE, RRN_WRITE_RELATIVE, RRN_WRITE_ABSOLUTE, RRN_WRITE_LOGNORMAL, RRN_WRITE_POLYNOMIAL,
  RRN_WRITE_LEVELS, /* a table by level */
};
enum rrn_hw_read_model { RRN_READ_NONE, RRN_READ_RELATIVE, RRN_READ_ABSOLUTE };

enum rrn_hw_adc_mux {
  RRN_ADC_MUX_ANY,   /* any ADC reads any column */
  RRN_ADC_MUX_BLOCK, /* an ADC reads its block of neighbouring columns */
};
enum rrn_hw_capacitors { RRN_CAPACITORS_BINARY, RRN_CAPACITORS_SPLIT };
/* What wire resistance does to products. */
enum rrn_hw_ir_drop { RRN_IR_DROP_IGNORED, RRN_IR_DROP_ATTENUATED, RRN_IR_DROP_EXACT };
/* Digital factors that make up for drift. */
enum rrn_hw_compensation { RRN_COMPENSATE_NONE, RRN_COMPENSATE_LAYER, RRN_COMPENSATE_COLUMN };
/* What only the cost model mnsim asks for. */
enum rrn_hw_area_method { RRN_AREA_BY_CELL, RRN_AREA_BY_FEATURE };
enum rrn_hw_pim { RRN_PIM_ANALOG, RRN_PIM_DIGITAL };
enum rrn_hw_logic { RRN_LOGIC_NONE, RRN_LOGIC_AND, RRN_LOGIC_OR, RRN_LOGIC_XOR };
enum rrn_hw_tile_order { RRN_TILES_SHELL, RRN_TILES_ROW, RRN_TILES_SNAKE, RRN_TILES_ZIGZAG };
enum rrn_hw_simulation { RRN_SIMULATE_BEHAVIOR, RRN_SIMULATE_ESTIMATION };

/* A digital block of the cost model mnsim; area and power 0 = from its table. */
typedef struct rrn_hw_block {
  double node_nm, area_um2, power_uw;
} rrn_hw_block;

/* Numbers of a field that is a list. */
enum { RRN_HW_MAX_LIST = 256 };
typedef struct rrn_hw_list {
  int32_t n;
  double v[RRN_HW_MAX_LIST];
} rrn_hw_list;

/* Every field of the YAML, section by section. Names and units as in doc/hardware.md. */
typedef struct rrn_hw_values {
  struct {
    int32_t kind, bits_per_cell, write_pulses;
    double node_nm, cell_area_um2, cell_area_f2; /* cell_area_f2 0 = cell_area_um2 */
    double read_latency_ns, read_voltage_v, read_voltage_low_v, read_energy_fj;
    double write_latency_ns, write_voltage_v, write_voltage_low_v, write_energy_fj;
    double on_resistance_ohm, off_resistance_ohm, leakage_pw;
  } device;
  struct {
    int32_t rows, cols, subarray_rows, cell; /* subarray_rows 0 = rows */
    int32_t wire_delay, ir_drop;
    double transistor_node_nm, driver_area_um2, driver_leakage_nw, wire_resistance_ohm, wire_capacitance_ff;
    double row_wire_ohm, col_wire_ohm; /* 0 = wire_resistance_ohm */
  } crossbar;
  struct { int32_t bits, slicing, sign, subtraction; double on_share; } weight;
  struct { int32_t bits; double activity; } input;
  struct { int32_t bits, per_subarray; double rate_gsps, area_um2, power_uw, leakage_uw; } dac;
  struct {
    int32_t bits, per_subarray, kind, mux, model, below_resolution, capacitors;
    double rate_gsps, area_um2, power_uw, leakage_uw, node_nm, step_energy_fj, step_area_um2;
    double unit_sigma, offset_sigma;
  } adc;
  struct { int32_t groups; } pe;
  struct {
    int32_t macs_per_tile;
    double frequency_mhz, node_nm, add_energy_fj, add_area_um2, multiply_energy_fj, multiply_area_um2;
    double register_energy_fj, register_area_um2, mux_energy_fj, mux_area_um2, leakage_nw_per_um2;
  } digital;
  struct { int32_t per_tile; double energy_fj, area_um2, node_nm; } activation;
  struct { double node_nm, input_kb, output_kb; int32_t bus_bits; } buffer; /* sizes 0 = what the network needs */
  struct { int32_t pe_rows, pe_cols; double bandwidth_gbps; } tile;
  struct { int32_t units, rows, cols; double node_nm, area_um2, power_uw, latency_ns; } pool;
  struct {
    int32_t crossbars, tile_rows, tile_cols, write_crossbars;
    double bandwidth_gbps, router_energy_fj, router_area_um2, router_node_nm, wire_energy_fj_per_mm, temperature_c;
  } chip; /* crossbars 0 = as many as needed */
  struct {
    int32_t write_model, read_model, compensation;
    rrn_hw_list level_mean_us, level_sigma_us;
    double fit_min_us, fit_max_us; /* 0 = not known */
    double write_sigma, write_c0_us, write_c1_us, write_c2_us, write_c3_us, write_c4_us, write_time_s;
    double read_sigma, drift_exponent, drift_exponent_sigma, drift_reference_s, retention_s;
    double drift_exponent_log, drift_exponent_min, drift_exponent_max;
    double drift_sigma_log, drift_sigma_min, drift_sigma_max;
    double relaxation_us, relaxation_sigma_us, relaxation_sigma_log_us;
    double stuck_off_fraction, stuck_on_fraction;
  } noise;
  struct {
    int32_t area_method, pim, logic, tile_order, simulation;
    double load_resistance_ohm; /* 0 = geometric mean of on and off */
    rrn_hw_block adder, multiplier, shift_register, reg, joint;
  } mnsim;
} rrn_hw_values;

struct rramnas_hw {
  atomic_int references;
  rrn_rt rt;
  rrn_arena arena;
  rrn_hw_values v;
  const char *name;        /* free text of the spec, "" when none */
  const char **warnings;   /* [n_warnings], "file:line: text" */
  size_t n_warnings, cap_warnings;
  uint8_t fingerprint[16];
};

/* --- what other modules use --- */

/* Columns of cells that one weight takes within a crossbar: 1 when sliced in parallel, else its slices, twice as many
 * for differential pairs. */
int32_t rrn_hw_columns_per_weight(const rramnas_hw *hw);
/* The same of a weight of fewer bits. */
int32_t rrn_hw_columns_of(const rramnas_hw *hw, int32_t weight_bits);
/* Columns of a crossbar that hold the weight 0 of so many bits and are read together with weights of as many; 0 where
 * weights are not signed so. */
int32_t rrn_hw_unit_columns_of(const rramnas_hw *hw, int32_t weight_bits);

/* Wordlines of a subarray: the field, or all rows when it is 0. */
int32_t rrn_hw_subarray_rows(const rramnas_hw *hw);

/* Slices of a weight: cells that hold its bits, but the sign's where pairs hold it; at least one. The one count of
 * mapping, cost and products. */
int32_t rrn_slices(int32_t weight_bits, int32_t bits_per_cell, int pairs);
int32_t rrn_hw_slices(const rramnas_hw *hw, int32_t weight_bits);

/* Bits that an ADC needs to tell all sums of a column apart: those of rows driven at once * greatest cell * greatest
 * input slice. Source: ISAAC (Shafiee et al., ISCA 2016), section on ADC resolution. */
int32_t rrn_hw_adc_bits_needed(const rramnas_hw *hw);

/* Time that a conversion takes. */
double rrn_hw_adc_ns(const rramnas_hw *hw);
double rrn_hw_dac_ns(const rramnas_hw *hw);

/* Elmore delay of a wordline and a bitline in series: each a chain of n segments, R C n (n + 1) / 2. */
double rrn_hw_wire_delay_ns(const rramnas_hw *hw);

/* Latency of one activation; see rramnas_hw_mvm_latency(). rows, cols >= 1 (cells), input_bits >= 1.
 * ret_parts may be NULL. Pure; the order of the sums is part of its contract (bit equality with the
 * reference). */
double rrn_hw_mvm_latency_ns(const rramnas_hw *hw, int64_t rows, int64_t cols, int32_t input_bits,
                             rramnas_mvm_latency *ret_parts);

/* Passes in which the ADCs read `cols` neighbouring columns, at their worst place. */
double rrn_hw_column_passes(const rramnas_hw *hw, int64_t cols);

/* Time to add n_sums partial sums of each of `cols` read columns: levels of the adder tree, a clock for every pass of
 * the ADCs. 0 for one sum. */
double rrn_hw_sum_latency_ns(const rramnas_hw *hw, int64_t cols, int32_t n_sums);

/* --- life of a handle (spec.c) --- */

enum { RRN_HW_MAX_BYTES = 1 << 20 };

int32_t rrn_hw_create_default(const rrn_rt *rt, rramnas_hw **ret_hw, rramnas_error *err);
int32_t rrn_hw_load(const char *data, size_t size, const char *name, int32_t format, const rrn_rt *rt,
                    rramnas_hw **ret_hw, rramnas_error *err);
int32_t rrn_hw_create_preset(const char *name, const rrn_rt *rt, rramnas_hw **ret_hw, rramnas_error *err);
int32_t rrn_hw_with_value(const rramnas_hw *old, const char *field, const char *value, rramnas_hw **ret_hw,
                          rramnas_error *err);
/* The same with several fields at once, in this order; only the result must be valid. The field RRN_HW_DEVICE_PRESET
 * names cells; the chip keeps its name. */
#define RRN_HW_DEVICE_PRESET "device.preset"
typedef struct rrn_hw_change {
  const char *field, *value;
} rrn_hw_change;
int32_t rrn_hw_with_values(const rramnas_hw *old, const rrn_hw_change *changes, size_t n, rramnas_hw **ret_hw,
                           rramnas_error *err);
void rrn_hw_free(rramnas_hw *hw);

/* --- readers: fill `hw`, which holds the defaults, and the place of each field they set --- */

/* Also holds what both readers need while they work. places: [rrn_hw_n_fields]. */
typedef struct rrn_hw_reading {
  rramnas_hw *hw;
  rrn_place *places;
  rrn_arena *scratch;
  const char *file;
  rramnas_error *err;
  int as_published; /* the text is a preset: what its chip lacks is no slip of its writer */
} rrn_hw_reading;

int32_t rrn_hw_read_yaml(rrn_hw_reading *r, const char *data, size_t size);
int32_t rrn_hw_read_ini(rrn_hw_reading *r, const char *data, size_t size);
struct rrn_preset;
/* Sets the values of a preset, but no places. */
int32_t rrn_hw_read_preset(rrn_hw_reading *r, const struct rrn_preset *preset);

/* Appends "file:line: text" (line 0 = no line) to the handle's warnings and logs it. */
int32_t rrn_hw_warn(rrn_hw_reading *r, int32_t line, const char *format, ...) RRN_PRINTF(3, 4);
/* The same with line and column. */
int32_t rrn_hw_warn_at(rrn_hw_reading *r, rrn_place where, const char *format, ...) RRN_PRINTF(3, 4);

/* --- canonical YAML (spec_yaml.c) --- */

/* with_name 0 leaves out the name, which does not change what the chip does: that is what is hashed. */
void rrn_hw_write(const rramnas_hw *hw, int with_name, rrn_writer *w);

#endif
