/* SPDX-License-Identifier: MIT */
/*
 * In: nothing. Out: one row per field of a hardware spec, one row per rule between fields.
 *
 * Readers, writer, bounds, error texts, the public field list and the tables of doc/hardware.md all come
 * from here, so they cannot disagree. A new field is a member of rrn_hw_values and a row; a new section is
 * just rows with a new prefix, kept together: the order of the rows is the order of the canonical YAML.
 * Limits are wide enough for any chip we know and narrow enough that cells of a whole chip
 * (65536 * 65536 * 2^20 = 2^52) are exact in int64_t and double.
 */
#include "hw/spec_fields.h"

#include <string.h>

#define AT(member) offsetof(rramnas_hw, member)
#define INTEGER(name, unit, min, max, text, member, doc, source) \
  { name, RRAMNAS_FIELD_INTEGER, unit, min, max, text, "", { NULL }, AT(member), "0.1", doc, source }
#define REAL(name, unit, min, max, text, member, doc, source) \
  { name, RRAMNAS_FIELD_REAL, unit, min, max, text, "", { NULL }, AT(member), "0.1", doc, source }
/* The first word is the default. */
#define CHOICE2(name, a, b, member, doc, source) \
  { name, RRAMNAS_FIELD_CHOICE, "", 0, 0, a, a "|" b, { a, b }, AT(member), "0.1", doc, source }
#define CHOICE3(name, a, b, c, member, doc, source) \
  { name, RRAMNAS_FIELD_CHOICE, "", 0, 0, a, a "|" b "|" c, { a, b, c }, AT(member), "0.1", doc, source }
#define CHOICE4(name, a, b, c, d, member, doc, source) \
  { name, RRAMNAS_FIELD_CHOICE, "", 0, 0, a, a "|" b "|" c "|" d, { a, b, c, d }, AT(member), "0.1", doc, source }
#define CHOICE5(name, a, b, c, d, e, member, doc, source) \
  { name, RRAMNAS_FIELD_CHOICE, "", 0, 0, a, a "|" b "|" c "|" d "|" e, { a, b, c, d, e }, AT(member), "0.1", doc, source }
#define CHOICE6(name, a, b, c, d, e, f, member, doc, source) \
  { name, RRAMNAS_FIELD_CHOICE, "", 0, 0, a, a "|" b "|" c "|" d "|" e "|" f, { a, b, c, d, e, f }, AT(member), "0.1", doc, \
    source }
/* min, max of each of its numbers; none by default. */
#define LIST(name, unit, min, max, member, doc, source) \
  { name, RRAMNAS_FIELD_LIST, unit, min, max, "[]", "", { NULL }, AT(member), "0.1", doc, source }
#define TEXT(name, member, doc) { name, RRAMNAS_FIELD_TEXT, "", 0, 0, "", "", { NULL }, AT(member), "0.1", doc, "" }

#define RNC "SimConfig.ini shipped with RNC"
#define MNSIM "SimConfig.ini shipped with MNSIM 2.0"
/* A digital block that only the cost model mnsim has; node 0 is for MNSIM's own files. */
#define BLOCK(name, node, member, what) \
  REAL("mnsim." name "_node_nm", "nm", 0, 1000, node, member.node_nm, "Node of " what ".", MNSIM), \
  REAL("mnsim." name "_area_um2", "um2", 0, 1e9, "0", member.area_um2, "Area of " what "; 0 = MNSIM's table.", MNSIM), \
  REAL("mnsim." name "_power_uw", "uW", 0, 1e9, "0", member.power_uw, "Power of " what "; 0 = MNSIM's table.", MNSIM)
#define OURS "choice of this library"

const rrn_hw_field rrn_hw_fields[] = {
  TEXT("name", name, "Free text that says which chip this is; not part of the fingerprint."),

  CHOICE5("device.kind", "rram", "fefet", "stt-mram", "pcm", "sram", v.device.kind,
          "What a cell is; an SRAM cell is read and written at an energy per bit, the others by voltage and resistance, but "
          "that a FeFET is written at an energy.",
          MNSIM),
  REAL("device.node_nm", "nm", 1, 1000, "130", v.device.node_nm,
       "Feature size F of the cells.", MNSIM),
  REAL("device.cell_area_um2", "um2", 1e-7, 1e6, "1.44", v.device.cell_area_um2,
       "Area of a cell, unless cell_area_f2 is given.", MNSIM),
  REAL("device.cell_area_f2", "F^2", 0, 1e5, "0", v.device.cell_area_f2,
       "Area of a cell in squares of device.node_nm; 0 = cell_area_um2.", OURS),
  REAL("device.read_latency_ns", "ns", 1e-6, 1e9, "3.16", v.device.read_latency_ns,
       "Time to read the array once, without its wires.", RNC),
  REAL("device.write_latency_ns", "ns", 1e-6, 1e9, "10", v.device.write_latency_ns,
       "Time to write one row of cells.", RNC),
  REAL("device.read_voltage_v", "V", 1e-3, 100, "0.15", v.device.read_voltage_v,
       "Wordline voltage of a full-scale input.", RNC),
  REAL("device.read_voltage_low_v", "V", 0, 100, "0", v.device.read_voltage_low_v,
       "Wordline voltage of an input of zero.", MNSIM),
  REAL("device.write_voltage_v", "V", 1e-3, 100, "3", v.device.write_voltage_v,
       "Voltage that programs a cell.", RNC),
  REAL("device.write_voltage_low_v", "V", 0, 100, "0", v.device.write_voltage_low_v,
       "Voltage on a cell that keeps its state while others are programmed.", MNSIM),
  INTEGER("device.write_pulses", "1", 1, 1000000, "1", v.device.write_pulses,
          "Pulses, each with a read to verify it, until a cell holds its state.", OURS ": one pulse without verification"),
  REAL("device.read_energy_fj", "fJ", 0, 1e9, "1.12", v.device.read_energy_fj,
       "Energy to read one bit of SRAM.", MNSIM),
  REAL("device.write_energy_fj", "fJ", 0, 1e9, "1.6", v.device.write_energy_fj,
       "Energy to write one bit of SRAM or one FeFET.", MNSIM),
  REAL("device.on_resistance_ohm", "ohm", 1, 1e12, "10000", v.device.on_resistance_ohm,
       "Resistance of a cell in its best conducting state.", RNC),
  REAL("device.off_resistance_ohm", "ohm", 1, 1e12, "1000000", v.device.off_resistance_ohm,
       "Resistance of a cell in its worst conducting state.", RNC),
  REAL("device.leakage_pw", "pW", 0, 1e9, "0", v.device.leakage_pw,
       "Leakage of a cell; non-volatile cells have none, an SRAM cell some 10 pW.", OURS),
  INTEGER("device.bits_per_cell", "bit", 1, 8, "2", v.device.bits_per_cell,
          "Bits that one cell stores.", OURS ": multi-level cells of an edge chip"),

  INTEGER("crossbar.rows", "1", 1, 65536, "128", v.crossbar.rows,
          "Wordlines of a crossbar: its inputs.", RNC),
  INTEGER("crossbar.cols", "1", 1, 65536, "128", v.crossbar.cols,
          "Bitlines of a crossbar: its outputs.", RNC),
  INTEGER("crossbar.subarray_rows", "1", 0, 65536, "0", v.crossbar.subarray_rows,
          "Wordlines of a subarray, which has converters of its own; 0 = all rows.", RNC " (128 of 128 rows)"),
  CHOICE2("crossbar.cell", "1T1R", "0T1R", v.crossbar.cell,
         "A cell with or without its access transistor.", RNC),
  REAL("crossbar.transistor_node_nm", "nm", 1, 1000, "130", v.crossbar.transistor_node_nm,
       "Node of the multiplexers and drivers at the crossbar.", MNSIM),
  REAL("crossbar.driver_area_um2", "um2", 0, 1e6, "1150", v.crossbar.driver_area_um2,
       "Area of the driver of one wordline.", "MNSIM 2.0"),
  REAL("crossbar.driver_leakage_nw", "nW", 0, 1e9, "1", v.crossbar.driver_leakage_nw,
       "Leakage of the driver of one wordline.", OURS),
  REAL("crossbar.wire_resistance_ohm", "ohm", 0, 1e6, "2.82", v.crossbar.wire_resistance_ohm,
       "Resistance of a wordline or bitline from one cell to the next.", "MNSIM 2.0"),
  REAL("crossbar.wire_capacitance_ff", "fF", 0, 1e6, "1", v.crossbar.wire_capacitance_ff,
       "Capacitance of a wordline or bitline from one cell to the next.", "MNSIM 2.0"),
  REAL("crossbar.row_wire_ohm", "ohm", 0, 1e6, "0", v.crossbar.row_wire_ohm,
       "Resistance of a wordline from one cell to the next in products; 0 = wire_resistance_ohm.", OURS),
  REAL("crossbar.col_wire_ohm", "ohm", 0, 1e6, "0", v.crossbar.col_wire_ohm,
       "Resistance of a bitline from one cell to the next in products; 0 = wire_resistance_ohm.", OURS),
  CHOICE3("crossbar.ir_drop", "ignore", "attenuated", "exact", v.crossbar.ir_drop,
          "Voltage lost in wordlines and bitlines in products: not at all, as a factor for each cell from one solution of "
          "both wires with all rows driven, or as both wires have it for any inputs.", OURS),
  CHOICE2("crossbar.wire_delay", "ignore", "elmore", v.crossbar.wire_delay,
          "Whether the Elmore delay of wordline and bitline is added to each read of the array.",
          "MNSIM 2.0 and RNC, which ignore it"),

  INTEGER("weight.bits", "bit", 1, RRN_WEIGHT_BITS, "8", v.weight.bits,
          "Bits of a weight.", "RNC's evaluation (8-bit weights)"),
  CHOICE2("weight.slicing", "parallel", "columns", v.weight.slicing,
         "Where the slices of a weight sit: in parallel crossbars that are driven alike, or in neighbouring columns.",
         "RNC's mapping (one column per weight)"),
  CHOICE3("weight.sign", "differential", "offset", "unit_column", v.weight.sign,
          "How a weight is signed: as the difference of two cells, or shifted by a constant, which is subtracted as a number "
          "or as read from columns that each crossbar keeps for it.", RNC "; unit columns: ISAAC (ISCA 2016)"),
  CHOICE2("weight.subtraction", "analog", "digital", v.weight.subtraction,
          "Where differential pairs in parallel crossbars are subtracted: before their common ADC, or after an ADC each.",
          MNSIM " (Sub_Position 0)"),
  REAL("weight.on_share", "1", 0, 1, "0.33", v.weight.on_share,
       "Mean level of the cells that hold weights, from 0 (all off) to 1 (all on).", "MNSIM 2.0"),

  INTEGER("input.bits", "bit", 1, 64, "8", v.input.bits,
          "Bits of an input activation.", "RNC's evaluation (8-bit inputs)"),
  REAL("input.activity", "1", 0, 1, "0.1", v.input.activity,
       "Mean share of the wordlines that are at full scale.", "MNSIM 2.0"),

  INTEGER("dac.bits", "bit", 1, 16, "1", v.dac.bits,
          "Input bits that a DAC applies at once.", RNC " (DAC choice 1)"),
  REAL("dac.rate_gsps", "GS/s", 1e-6, 1e6, "1", v.dac.rate_gsps,
       "Sample rate of a DAC.", RNC " (DAC choice 1)"),
  REAL("dac.area_um2", "um2", 0, 1e9, "0.166", v.dac.area_um2,
       "Area of a DAC.", RNC " (DAC choice 1)"),
  REAL("dac.power_uw", "uW", 0, 1e9, "3.9", v.dac.power_uw,
       "Power of a DAC while it converts.", RNC " (DAC choice 1)"),
  REAL("dac.leakage_uw", "uW", 0, 1e9, "0", v.dac.leakage_uw,
       "Power of a DAC while it waits.", OURS),
  INTEGER("dac.per_subarray", "1", 1, 65536, "256", v.dac.per_subarray,
          "DACs of a subarray: rows that it drives at once.", RNC),

  INTEGER("adc.bits", "bit", 1, 16, "8", v.adc.bits,
          "Resolution of an ADC.", RNC " (ADC choice 2)"),
  REAL("adc.rate_gsps", "GS/s", 1e-6, 1e6, "1.28", v.adc.rate_gsps,
       "Sample rate of an ADC.", RNC " (ADC choice 2)"),
  REAL("adc.area_um2", "um2", 0, 1e9, "1200", v.adc.area_um2,
       "Area of an ADC.", RNC " (ADC choice 2)"),
  REAL("adc.power_uw", "uW", 0, 1e9, "2000", v.adc.power_uw,
       "Power of an ADC while it converts.", RNC " (ADC choice 2)"),
  REAL("adc.leakage_uw", "uW", 0, 1e9, "1", v.adc.leakage_uw,
       "Power of an ADC while it waits.", OURS),
  CHOICE2("adc.model", "table", "parametric", v.adc.model,
          "Area and power as given, or from bits, rate and node by the fields below.", OURS),
  REAL("adc.node_nm", "nm", 1, 1000, "32", v.adc.node_nm,
       "Parametric: node of the ADC.", "ISAAC (ISCA 2016)"),
  REAL("adc.step_energy_fj", "fJ", 0, 1e9, "6.103515625", v.adc.step_energy_fj,
       "Parametric: energy of a conversion at 32 nm per step of the 2^bits (Walden figure of merit).",
       "ISAAC (ISCA 2016): 2 mW at 1.28 GS/s and 8 bits"),
  REAL("adc.step_area_um2", "um2", 0, 1e9, "4.6875", v.adc.step_area_um2,
       "Parametric: area at 32 nm per step of the 2^bits.", "ISAAC (ISCA 2016): 1200 um2 at 8 bits"),
  CHOICE2("adc.below_resolution", "accept", "warn", v.adc.below_resolution,
          "Whether it is meant that the ADC cannot tell all sums of a column apart; a file that does not say accept itself "
          "gets a warning.", OURS),
  CHOICE3("adc.kind", "sar", "flash", "ramp", v.adc.kind,
         "Samples that a conversion takes: bits + 2 (sar), 1 (flash), 2^bits (ramp); 1-bit ADCs always take 1.",
         RNC " (ADC choice 2)"),
  INTEGER("adc.per_subarray", "1", 1, 65536, "128", v.adc.per_subarray,
          "ADCs of a subarray: columns that it reads at once.", RNC),
  REAL("adc.unit_sigma", "1", 0, 1, "0", v.adc.unit_sigma,
       "Mismatch of the units in an ADC, relative standard deviation: a capacitor of n units of a sar has it divided by "
       "sqrt(n), each step of a ramp and of the ladder of a flash ADC has it.", OURS),
  REAL("adc.offset_sigma", "1", 0, 1, "0", v.adc.offset_sigma,
       "Standard deviation of a comparator's offset as a share of the ADC's range: one comparator for each sar, for each "
       "column of a ramp, for each level of a flash ADC.", OURS),
  CHOICE2("adc.capacitors", "binary", "split", v.adc.capacitors,
          "Capacitors of a sar: 2^bits units, or two halves of the bits with a capacitor between, of 2^(bits / 2) units "
          "each.", OURS),
  CHOICE2("adc.mux", "any", "block", v.adc.mux,
          "Columns that an ADC can read: any, or its block of neighbouring ones, which it then reads one after the other.",
          "RNC and MNSIM 2.0, which count passes so"),

  INTEGER("pe.groups", "1", 1, 65536, "1", v.pe.groups,
          "Groups of crossbars in a processing element whose results an adder tree sums.", RNC),

  REAL("digital.frequency_mhz", "MHz", 1e-3, 1e6, "500", v.digital.frequency_mhz,
       "Clock of registers and adders.", RNC),

  REAL("digital.node_nm", "nm", 1, 1000, "45", v.digital.node_nm,
       "Node of adders, registers and the other digital blocks.", MNSIM),
  REAL("digital.add_energy_fj", "fJ", 0, 1e9, "3.75", v.digital.add_energy_fj,
       "Energy of an addition at 45 nm per bit.", "Horowitz (ISSCC 2014): 0.03 pJ for 8 bits"),
  REAL("digital.add_area_um2", "um2", 0, 1e9, "4.5", v.digital.add_area_um2,
       "Area of an adder at 45 nm per bit.", "Sze et al. (Proc. IEEE 2017): 36 um2 for 8 bits"),
  REAL("digital.multiply_energy_fj", "fJ", 0, 1e9, "3.125", v.digital.multiply_energy_fj,
       "Energy of a multiplication at 45 nm per bit of one factor and bit of the other.",
       "Horowitz (ISSCC 2014): 0.2 pJ for 8 x 8 bits"),
  REAL("digital.multiply_area_um2", "um2", 0, 1e9, "4.40625", v.digital.multiply_area_um2,
       "Area of a multiplier at 45 nm per bit of one factor and bit of the other.",
       "Sze et al. (Proc. IEEE 2017): 282 um2 for 8 x 8 bits"),
  REAL("digital.register_energy_fj", "fJ", 0, 1e9, "3.75", v.digital.register_energy_fj,
       "Energy of writing a register at 45 nm per bit.", OURS ": that of an adder's bit"),
  REAL("digital.register_area_um2", "um2", 0, 1e9, "4.522", v.digital.register_area_um2,
       "Area of a register at 45 nm per bit.", "NanGate 45 nm Open Cell Library, DFF_X1"),
  REAL("digital.mux_energy_fj", "fJ", 0, 1e9, "1", v.digital.mux_energy_fj,
       "Energy of one level of a multiplexer at 45 nm.", OURS),
  REAL("digital.mux_area_um2", "um2", 0, 1e9, "1.862", v.digital.mux_area_um2,
       "Area of a multiplexer of two lines at 45 nm.", "NanGate 45 nm Open Cell Library, MUX2_X1"),
  REAL("digital.leakage_nw_per_um2", "nW/um2", 0, 1e9, "0.5", v.digital.leakage_nw_per_um2,
       "Leakage of digital blocks at 45 nm per area.",
       OURS ": between low-power and fast libraries"),
  INTEGER("digital.macs_per_tile", "1", 0, 65536, "16", v.digital.macs_per_tile,
          "Digital multiply-accumulate units of a tile, for products of two activations and elementwise operators.", OURS),

  INTEGER("activation.per_tile", "1", 0, 65536, "2", v.activation.per_tile,
          "Units of a tile that evaluate sigmoid and the like.", "ISAAC (ISCA 2016)"),
  REAL("activation.energy_fj", "fJ", 0, 1e9, "203.125", v.activation.energy_fj,
       "Energy of one value of such a function.", "ISAAC (ISCA 2016): 0.26 mW a unit that keeps up with an ADC"),
  REAL("activation.area_um2", "um2", 0, 1e9, "300", v.activation.area_um2,
       "Area of such a unit.", "ISAAC (ISCA 2016)"),
  REAL("activation.node_nm", "nm", 1, 1000, "32", v.activation.node_nm,
       "Node at which the two hold; they are scaled to digital.node_nm.", "ISAAC (ISCA 2016)"),

  REAL("buffer.node_nm", "nm", 1, 1000, "90", v.buffer.node_nm,
       "Node of the SRAM buffers.", MNSIM),
  INTEGER("buffer.bus_bits", "bit", 1, 65536, "64", v.buffer.bus_bits,
          "Bits that a buffer reads or writes at once.", MNSIM),
  REAL("buffer.input_kb", "KiB", 0, 1048576, "0", v.buffer.input_kb,
       "Input buffer of a processing element; 0 = what the network needs.", MNSIM),
  REAL("buffer.output_kb", "KiB", 0, 1048576, "0", v.buffer.output_kb,
       "Output buffer of a tile; 0 = what the network needs.", MNSIM),

  INTEGER("tile.pe_rows", "1", 1, 1024, "2", v.tile.pe_rows,
          "Processing elements of a tile, from top to bottom.", MNSIM),
  INTEGER("tile.pe_cols", "1", 1, 1024, "2", v.tile.pe_cols,
          "Processing elements of a tile, from left to right.", MNSIM),
  REAL("tile.bandwidth_gbps", "Gbit/s", 1e-6, 1e9, "1024", v.tile.bandwidth_gbps,
       "Bandwidth between the processing elements of a tile.", MNSIM),

  INTEGER("pool.units", "1", 1, 65536, "64", v.pool.units,
          "Channels that the pooling unit of a tile handles at once.", MNSIM),
  INTEGER("pool.rows", "1", 1, 1024, "3", v.pool.rows,
          "Rows of the window of the pooling unit.", MNSIM),
  INTEGER("pool.cols", "1", 1, 1024, "3", v.pool.cols,
          "Columns of the window of the pooling unit.", MNSIM),
  REAL("pool.node_nm", "nm", 1, 1000, "65", v.pool.node_nm,
       "Node of the pooling unit.", MNSIM),
  REAL("pool.area_um2", "um2", 0, 1e9, "91917.1562", v.pool.area_um2,
       "Area of a pooling unit of 64 channels and a 3 x 3 window at 65 nm.", "MNSIM 2.0"),
  REAL("pool.power_uw", "uW", 0, 1e9, "3082", v.pool.power_uw,
       "Power of that unit while it works.", "MNSIM 2.0"),
  REAL("pool.latency_ns", "ns", 0, 1e9, "100", v.pool.latency_ns,
       "Time of that unit for one window of 64 channels.", "MNSIM 2.0"),

  INTEGER("chip.tile_rows", "1", 1, 65536, "64", v.chip.tile_rows,
          "Tiles of the chip, from top to bottom.", MNSIM),
  INTEGER("chip.tile_cols", "1", 1, 65536, "64", v.chip.tile_cols,
          "Tiles of the chip, from left to right.", MNSIM),
  REAL("chip.bandwidth_gbps", "Gbit/s", 1e-6, 1e9, "20", v.chip.bandwidth_gbps,
       "Bandwidth of a link between neighbouring tiles.", MNSIM),
  REAL("chip.router_energy_fj", "fJ", 0, 1e9, "200", v.chip.router_energy_fj,
       "Energy of a bit in the router of a tile.", OURS),
  REAL("chip.router_area_um2", "um2", 0, 1e9, "37750", v.chip.router_area_um2,
       "Area of a tile's share of a router.", "ISAAC (ISCA 2016): 0.151 mm2 for four tiles"),
  REAL("chip.router_node_nm", "nm", 1, 1000, "32", v.chip.router_node_nm,
       "Node at which the two hold; they are scaled to digital.node_nm.", "ISAAC (ISCA 2016)"),
  REAL("chip.wire_energy_fj_per_mm", "fJ/mm", 0, 1e9, "121", v.chip.wire_energy_fj_per_mm,
       "Energy of a bit on a millimetre of wire between tiles.",
       "Keckler et al. (IEEE Micro 2011): 310 pJ for 256 bits over 10 mm"),
  REAL("chip.temperature_c", "C", 0, 150, "25", v.chip.temperature_c,
       "Temperature; leakage is given at 25 C and doubles every 10 C.", OURS),
  INTEGER("chip.write_crossbars", "1", 1, 1048576, "1", v.chip.write_crossbars,
          "Crossbars whose weights are programmed at the same time, parallel slices counted as one.", OURS),
  INTEGER("chip.crossbars", "1", 0, 1048576, "1024", v.chip.crossbars,
          "Crossbars of the chip, parallel slices counted as one; 0 = as many as the network needs.", OURS),

  CHOICE6("noise.write_model", "none", "relative", "absolute", "lognormal", "polynomial", "levels", v.noise.write_model,
          "How a written conductance g spreads: by write_sigma * g, by write_sigma * on (the largest conductance), "
          "with write_sigma as the sigma of ln g, by a polynomial of g / on, or with mean and sigma of each level from a "
          "table.", OURS),
  REAL("noise.write_sigma", "1", 0, 10, "0", v.noise.write_sigma,
       "Standard deviation of the write error, as a fraction (0.01 = 1 %).", OURS),
  REAL("noise.write_c0_us", "uS", -1e6, 1e6, "0", v.noise.write_c0_us,
       "Polynomial write error: sigma is c0 + c1 r + c2 r^2 + c3 r^3 + c4 r^4, at least 0, with r = g / on.", OURS),
  REAL("noise.write_c1_us", "uS", -1e6, 1e6, "0", v.noise.write_c1_us, "Its coefficient of r.", OURS),
  REAL("noise.write_c2_us", "uS", -1e6, 1e6, "0", v.noise.write_c2_us, "Its coefficient of r^2.", OURS),
  REAL("noise.write_c3_us", "uS", -1e6, 1e6, "0", v.noise.write_c3_us, "Its coefficient of r^3.", OURS),
  REAL("noise.write_c4_us", "uS", -1e6, 1e6, "0", v.noise.write_c4_us, "Its coefficient of r^4.", OURS),
  LIST("noise.level_mean_us", "uS", 0, 1e6, v.noise.level_mean_us,
       "Mean conductance of each level as it was measured, off first; 2^device.bits_per_cell numbers.", OURS),
  LIST("noise.level_sigma_us", "uS", 0, 1e6, v.noise.level_sigma_us,
       "Standard deviation of the conductance of each level; as many numbers.", OURS),
  REAL("noise.fit_min_us", "uS", 0, 1e6, "0", v.noise.fit_min_us,
       "Least conductance for which the write error was fitted; 0 = not known. Off states below it give a warning.", OURS),
  REAL("noise.fit_max_us", "uS", 0, 1e6, "0", v.noise.fit_max_us,
       "Greatest conductance for which the write error was fitted; 0 = not known. On states above it give a warning.",
       OURS),
  REAL("noise.write_time_s", "s", 0, 1e12, "0", v.noise.write_time_s,
       "Time after writing at which the write error was measured; 0 = not known.", OURS),
  CHOICE3("noise.read_model", "none", "relative", "absolute", v.noise.read_model,
          "How a conductance g spreads from read to read: by read_sigma * g, or by read_sigma * on.", OURS),
  REAL("noise.read_sigma", "1", 0, 10, "0", v.noise.read_sigma,
       "Standard deviation of the read noise, as a fraction (0.01 = 1 %).", OURS),
  REAL("noise.drift_exponent", "1", -10, 10, "0", v.noise.drift_exponent,
       "Mean nu of the drift g (t / drift_reference_s)^-nu; 0 = no drift.", OURS),
  REAL("noise.drift_exponent_sigma", "1", -10, 10, "0", v.noise.drift_exponent_sigma,
       "Standard deviation of nu from cell to cell.", OURS),
  REAL("noise.drift_exponent_log", "1", -10, 10, "0", v.noise.drift_exponent_log,
       "What nu has besides for a cell of target conductance g: this times ln(g / on).", OURS),
  REAL("noise.drift_exponent_min", "1", -10, 10, "-10", v.noise.drift_exponent_min, "Least mean nu, where it depends on the conductance.", OURS),
  REAL("noise.drift_exponent_max", "1", -10, 10, "10", v.noise.drift_exponent_max, "Greatest mean nu, likewise.", OURS),
  REAL("noise.drift_sigma_log", "1", -10, 10, "0", v.noise.drift_sigma_log,
       "What drift_exponent_sigma has besides: this times ln(g / on).", OURS),
  REAL("noise.drift_sigma_min", "1", 0, 10, "0", v.noise.drift_sigma_min,
       "Least standard deviation of nu, where nu depends on the conductance.", OURS),
  REAL("noise.drift_sigma_max", "1", 0, 10, "10", v.noise.drift_sigma_max,
       "Greatest standard deviation of nu, likewise.", OURS),
  REAL("noise.drift_reference_s", "s", 1e-12, 1e12, "1", v.noise.drift_reference_s,
       "Time after writing from which drift counts.", OURS),
  REAL("noise.relaxation_us", "uS", -1e6, 1e6, "0", v.noise.relaxation_us,
       "Relaxation after writing: mean change of a conductance per ln(t / 1 s), from one second on.", OURS),
  REAL("noise.relaxation_sigma_us", "uS", 0, 1e6, "0", v.noise.relaxation_sigma_us,
       "Standard deviation of that change from cell to cell at one second.", OURS),
  REAL("noise.relaxation_sigma_log_us", "uS", 0, 1e6, "0", v.noise.relaxation_sigma_log_us,
       "What that standard deviation gains per ln(t / 1 s).", OURS),
  CHOICE3("noise.compensation", "none", "layer", "column", v.noise.compensation,
          "Whether results are scaled by what a reference read-out has lost since it was first made: one factor for each "
          "layer, or for each of its outputs.", OURS),
  REAL("noise.retention_s", "s", 0, 1e12, "0", v.noise.retention_s,
       "Time for which a cell is specified to hold its state; 0 = not known.", OURS),
  REAL("noise.stuck_off_fraction", "1", 0, 1, "0", v.noise.stuck_off_fraction,
       "Fraction of the cells that are stuck in the off state.", OURS),
  REAL("noise.stuck_on_fraction", "1", 0, 1, "0", v.noise.stuck_on_fraction,
       "Fraction of the cells that are stuck in the on state.", OURS),

  CHOICE2("mnsim.area_method", "cell", "feature", v.mnsim.area_method,
          "Area of a crossbar: cells of device.cell_area_um2 and drivers, or 12 F^2 (4 F^2 without transistor) per cell "
          "and no drivers.", MNSIM " (Area_Calculation 0)"),
  CHOICE2("mnsim.pim", "analog", "digital", v.mnsim.pim,
          "Whether columns are summed as currents or by digital logic at each row.", MNSIM " (PIM_Type 0)"),
  CHOICE4("mnsim.logic", "none", "and", "or", "xor", v.mnsim.logic,
          "Logic gate beside each ADC; it adds to the area of the ADC only.", MNSIM " (Logic_Op -1)"),
  REAL("mnsim.load_resistance_ohm", "ohm", 0, 1e12, "0", v.mnsim.load_resistance_ohm,
       "Load behind which the ADC's thresholds lie; 0 = geometric mean of on and off.", MNSIM " (Load_Resistance -1)"),
  CHOICE4("mnsim.tile_order", "shell", "row", "snake", "zigzag", v.mnsim.tile_order,
          "Path along which layers take tiles: square shells around a corner, rows, rows there and back, diagonals.",
          MNSIM " (Tile_Connection 2)"),
  CHOICE2("mnsim.simulation", "behavior", "estimation", v.mnsim.simulation,
          "Power of a crossbar from mean cells, or from conductances and voltages cell by cell.",
          MNSIM " (Simulation_Level 0)"),
  BLOCK("adder", "45", v.mnsim.adder, "an adder"),
  BLOCK("multiplier", "45", v.mnsim.multiplier, "a multiplier"),
  BLOCK("shift_register", "65", v.mnsim.shift_register, "a shift register"),
  BLOCK("register", "45", v.mnsim.reg, "a register"),
  BLOCK("joint", "45", v.mnsim.joint, "a joint module, which sums two processing elements"),
};
const size_t rrn_hw_n_fields = sizeof(rrn_hw_fields) / sizeof(rrn_hw_fields[0]);

static int
subarrays_fill_rows(const rramnas_hw *hw)
{
  return hw->v.crossbar.rows % rrn_hw_subarray_rows(hw) == 0;
}

static int
on_conducts_better(const rramnas_hw *hw)
{
  return hw->v.device.on_resistance_ohm < hw->v.device.off_resistance_ohm;
}

static int
stuck_cells_are_cells(const rramnas_hw *hw)
{
  return hw->v.noise.stuck_off_fraction + hw->v.noise.stuck_on_fraction <= 1;
}

static int
weight_fits_columns(const rramnas_hw *hw)
{
  return rrn_hw_columns_per_weight(hw) + rrn_hw_unit_columns_of(hw, hw->v.weight.bits) <= hw->v.crossbar.cols;
}

static int
levels_are_measured(const rramnas_hw *hw)
{
  return hw->v.noise.write_model != RRN_WRITE_LEVELS || hw->v.noise.level_mean_us.n == 1 << hw->v.device.bits_per_cell;
}

static int
levels_have_spreads(const rramnas_hw *hw)
{
  return hw->v.noise.level_mean_us.n == hw->v.noise.level_sigma_us.n;
}

static int
exponents_are_a_range(const rramnas_hw *hw)
{
  return hw->v.noise.drift_exponent_min <= hw->v.noise.drift_exponent_max;
}

static int
exponent_sigmas_are_a_range(const rramnas_hw *hw)
{
  return hw->v.noise.drift_sigma_min <= hw->v.noise.drift_sigma_max;
}

static int
exponents_spread(const rramnas_hw *hw)
{
  return hw->v.noise.drift_exponent_sigma >= 0 || hw->v.noise.drift_sigma_log != 0;
}

static int
flash_errors_fit(const rramnas_hw *hw)
{
  return hw->v.adc.kind != RRN_ADC_FLASH || hw->v.adc.bits <= 10 ||
         (hw->v.adc.offset_sigma == 0 && hw->v.adc.unit_sigma == 0);
}

const rrn_hw_rule rrn_hw_rules[] = {
  { { "crossbar.subarray_rows", "crossbar.rows" }, subarrays_fill_rows,
    "A crossbar is made of whole subarrays, so crossbar.rows must be a multiple of crossbar.subarray_rows." },
  { { "device.on_resistance_ohm", "device.off_resistance_ohm" }, on_conducts_better,
    "The on state must conduct better, so device.on_resistance_ohm must be below device.off_resistance_ohm." },
  { { "weight.bits", "crossbar.cols" }, weight_fits_columns,
    "A weight sits in one crossbar with its unit columns, if it has any, so its cells must not outnumber "
    "crossbar.cols." },
  { { "noise.stuck_off_fraction", "noise.stuck_on_fraction" }, stuck_cells_are_cells,
    "A cell is stuck in one state, so both fractions together must not exceed 1." },
  { { "noise.level_mean_us", "device.bits_per_cell" }, levels_are_measured,
    "The write model levels takes the conductance of each level from noise.level_mean_us, which must have "
    "2^device.bits_per_cell numbers." },
  { { "noise.level_sigma_us", "noise.level_mean_us" }, levels_have_spreads,
    "Each measured level has a mean and a standard deviation, so both lists must be equally long." },
  { { "noise.drift_exponent_min", "noise.drift_exponent_max" }, exponents_are_a_range,
    "The least mean exponent must not exceed the greatest." },
  { { "noise.drift_sigma_min", "noise.drift_sigma_max" }, exponent_sigmas_are_a_range,
    "The least standard deviation of the exponent must not exceed the greatest." },
  { { "noise.drift_exponent_sigma", "noise.drift_sigma_log" }, exponents_spread,
    "A standard deviation is not negative; only as part of one that depends on the conductance may "
    "noise.drift_exponent_sigma be." },
  { { "adc.kind", "adc.bits" }, flash_errors_fit,
    "Each level of a flash ADC has an error of its own, so one with adc.unit_sigma or adc.offset_sigma has at most 10 bits." },
};
const size_t rrn_hw_n_rules = sizeof(rrn_hw_rules) / sizeof(rrn_hw_rules[0]);
