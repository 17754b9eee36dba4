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
#define TEXT(name, member, doc) { name, RRAMNAS_FIELD_TEXT, "", 0, 0, "", "", { NULL }, AT(member), "0.1", doc, "" }

#define RNC "SimConfig.ini shipped with RNC"
#define OURS "choice of this library"

const rrn_hw_field rrn_hw_fields[] = {
  TEXT("name", name, "Free text that says which chip this is; not part of the fingerprint."),

  REAL("device.read_latency_ns", "ns", 1e-6, 1e9, "3.16", v.device.read_latency_ns,
       "Time to read the array once, without its wires.", RNC),
  REAL("device.write_latency_ns", "ns", 1e-6, 1e9, "10", v.device.write_latency_ns,
       "Time to write one row of cells.", RNC),
  REAL("device.read_voltage_v", "V", 1e-3, 100, "0.15", v.device.read_voltage_v,
       "Wordline voltage of a full-scale input.", RNC),
  REAL("device.write_voltage_v", "V", 1e-3, 100, "3", v.device.write_voltage_v,
       "Voltage that programs a cell.", RNC),
  REAL("device.on_resistance_ohm", "ohm", 1, 1e12, "10000", v.device.on_resistance_ohm,
       "Resistance of a cell in its best conducting state.", RNC),
  REAL("device.off_resistance_ohm", "ohm", 1, 1e12, "1000000", v.device.off_resistance_ohm,
       "Resistance of a cell in its worst conducting state.", RNC),
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

  INTEGER("weight.bits", "bit", 1, 32, "8", v.weight.bits,
          "Bits of a weight.", "RNC's evaluation (8-bit weights)"),
  CHOICE2("weight.slicing", "parallel", "columns", v.weight.slicing,
         "Where the slices of a weight sit: in parallel crossbars that are driven alike, or in neighbouring columns.",
         "RNC's mapping (one column per weight)"),
  CHOICE2("weight.sign", "differential", "offset", v.weight.sign,
         "How a weight is signed: as the difference of two cells, or shifted by a constant.", RNC),

  INTEGER("input.bits", "bit", 1, 64, "8", v.input.bits,
          "Bits of an input activation.", "RNC's evaluation (8-bit inputs)"),

  INTEGER("dac.bits", "bit", 1, 16, "1", v.dac.bits,
          "Input bits that a DAC applies at once.", RNC " (DAC choice 1)"),
  REAL("dac.rate_gsps", "GS/s", 1e-6, 1e6, "1", v.dac.rate_gsps,
       "Sample rate of a DAC.", RNC " (DAC choice 1)"),
  INTEGER("dac.per_subarray", "1", 1, 65536, "256", v.dac.per_subarray,
          "DACs of a subarray: rows that it drives at once.", RNC),

  INTEGER("adc.bits", "bit", 1, 16, "8", v.adc.bits,
          "Resolution of an ADC.", RNC " (ADC choice 2)"),
  REAL("adc.rate_gsps", "GS/s", 1e-6, 1e6, "1.28", v.adc.rate_gsps,
       "Sample rate of an ADC.", RNC " (ADC choice 2)"),
  CHOICE3("adc.kind", "sar", "flash", "ramp", v.adc.kind,
         "Samples that a conversion takes: bits + 2 (sar), 1 (flash), 2^bits (ramp); 1-bit ADCs always take 1.",
         RNC " (ADC choice 2)"),
  INTEGER("adc.per_subarray", "1", 1, 65536, "128", v.adc.per_subarray,
          "ADCs of a subarray: columns that it reads at once.", RNC),

  INTEGER("pe.groups", "1", 1, 65536, "1", v.pe.groups,
          "Groups of crossbars in a processing element whose results an adder tree sums.", RNC),

  REAL("digital.frequency_mhz", "MHz", 1e-3, 1e6, "500", v.digital.frequency_mhz,
       "Clock of registers and adders.", RNC),

  INTEGER("chip.crossbars", "1", 0, 1048576, "1024", v.chip.crossbars,
          "Crossbars of the chip, parallel slices counted as one; 0 = as many as the network needs.", OURS),
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
weight_fits_columns(const rramnas_hw *hw)
{
  return rrn_hw_columns_per_weight(hw) <= hw->v.crossbar.cols;
}

const rrn_hw_rule rrn_hw_rules[] = {
  { { "crossbar.subarray_rows", "crossbar.rows" }, subarrays_fill_rows,
    "A crossbar is made of whole subarrays, so crossbar.rows must be a multiple of crossbar.subarray_rows." },
  { { "device.on_resistance_ohm", "device.off_resistance_ohm" }, on_conducts_better,
    "The on state must conduct better, so device.on_resistance_ohm must be below device.off_resistance_ohm." },
  { { "weight.bits", "crossbar.cols" }, weight_fits_columns,
    "A weight sliced into columns sits in one crossbar, so its cells must not outnumber crossbar.cols." },
};
const size_t rrn_hw_n_rules = sizeof(rrn_hw_rules) / sizeof(rrn_hw_rules[0]);
