/* SPDX-License-Identifier: MIT */
/*
 * In: nothing. Out: every key of MNSIM 2.0's SimConfig.ini, what MNSIM does with it and what we do.
 *
 * The reader looks keys up here and the key table of doc/hardware.md is printed from here. `shipped` values
 * are those of MNSIM's own file.
 */
#include "hw/spec_ini.h"

#define DEVICE "Device level"
#define CROSSBAR "Crossbar level"
#define INTERFACE "Interface level"
#define PE "Process element level"
#define DIGITAL "Digital module"
#define TILE "Tile level"
#define ARCH "Architecture level"
#define ALGORITHM "Algorithm Configuration"

#define AREA_NOTE "only for ADC_Num = 0"
#define COST_NOTE "energy, area or accuracy"

const rrn_ini_key rrn_ini_keys[] = {
  { DEVICE, "Device_Tech", RRN_INI_RULE, "130", "adc.per_subarray", AREA_NOTE },
  { DEVICE, "Device_Type", RRN_INI_RULE, "NVM", "", "other types are read as resistive cells, with a warning" },
  { DEVICE, "Device_Area", RRN_INI_RULE, "1.44", "adc.per_subarray", AREA_NOTE },
  { DEVICE, "Read_Level", RRN_INI_NO_PART, "2", "", COST_NOTE },
  { DEVICE, "Read_Voltage", RRN_INI_RULE, "0,0.15", "device.read_voltage_v", "last of the list" },
  { DEVICE, "Write_Level", RRN_INI_NO_PART, "2", "", COST_NOTE },
  { DEVICE, "Write_Voltage", RRN_INI_RULE, "0,3", "device.write_voltage_v", "last of the list" },
  { DEVICE, "Read_Latency", RRN_INI_FIELD, "3.16", "device.read_latency_ns", "ns" },
  { DEVICE, "Write_Latency", RRN_INI_FIELD, "10", "device.write_latency_ns", "ns" },
  { DEVICE, "Device_Level", RRN_INI_RULE, "2", "device.bits_per_cell", "floor(log2(levels)), 2..256 levels" },
  { DEVICE, "Device_Resistance", RRN_INI_RULE, "1e6,1e4", "device.off_resistance_ohm, device.on_resistance_ohm",
    "first and last of the list" },
  { DEVICE, "Device_Variation", RRN_INI_RULE, "1", "noise.write_model, noise.write_sigma",
    "percent; none when missing" },
  { DEVICE, "Device_SAF", RRN_INI_RULE, "0.1,0.1", "noise.stuck_off_fraction, noise.stuck_on_fraction",
    "percent off,on; none when missing" },
  { DEVICE, "Read_Energy", RRN_INI_NO_PART, "1.12e-15", "", COST_NOTE },
  { DEVICE, "Write_Energy", RRN_INI_NO_PART, "1.6e-15", "", COST_NOTE },

  { CROSSBAR, "Xbar_Size", RRN_INI_RULE, "256,256", "crossbar.rows, crossbar.cols", "rows,columns" },
  { CROSSBAR, "Subarray_Size", RRN_INI_FIELD, "256", "crossbar.subarray_rows", "all rows when missing, as before subarrays" },
  { CROSSBAR, "Cell_Type", RRN_INI_FIELD, "1T1R", "crossbar.cell", "" },
  { CROSSBAR, "Transistor_Tech", RRN_INI_RULE, "130", "adc.per_subarray", AREA_NOTE },
  { CROSSBAR, "Wire_Resistance", RRN_INI_IGNORED, "-1", "", "" },
  { CROSSBAR, "Wire_Capacity", RRN_INI_IGNORED, "-1", "", "" },
  { CROSSBAR, "Load_Resistance", RRN_INI_NO_PART, "-1", "", "ADC thresholds" },
  { CROSSBAR, "Area_Calculation", RRN_INI_RULE, "0", "adc.per_subarray", AREA_NOTE },

  { INTERFACE, "DAC_Choice", RRN_INI_RULE, "1", "dac.bits, dac.rate_gsps", "table below; -1 takes the next keys" },
  { INTERFACE, "DAC_Area", RRN_INI_NO_PART, "0", "", COST_NOTE },
  { INTERFACE, "DAC_Precision", RRN_INI_RULE, "0", "dac.bits", "with DAC_Choice = -1" },
  { INTERFACE, "DAC_Power", RRN_INI_NO_PART, "0", "", COST_NOTE },
  { INTERFACE, "DAC_Sample_Rate", RRN_INI_RULE, "0", "dac.rate_gsps", "with DAC_Choice = -1; GS/s" },
  { INTERFACE, "ADC_Choice", RRN_INI_RULE, "6", "adc.bits, adc.rate_gsps, adc.kind",
    "table below; -1 takes the next keys and kind sar" },
  { INTERFACE, "ADC_Area", RRN_INI_RULE, "0", "adc.per_subarray", "only for ADC_Num = 0 with ADC_Choice = -1" },
  { INTERFACE, "ADC_Precision", RRN_INI_RULE, "0", "adc.bits", "with ADC_Choice = -1" },
  { INTERFACE, "ADC_Power", RRN_INI_NO_PART, "0", "", COST_NOTE },
  { INTERFACE, "ADC_Sample_Rate", RRN_INI_RULE, "0", "adc.rate_gsps", "with ADC_Choice = -1; GS/s" },
  { INTERFACE, "ADC_Interval_Thres", RRN_INI_NO_PART, "-1", "", "ADC thresholds" },
  { INTERFACE, "Logic_Op", RRN_INI_RULE, "-1", "adc.per_subarray", AREA_NOTE },

  { PE, "PIM_Type", RRN_INI_RULE, "0", "dac.bits, adc.bits, adc.kind", "1 (digital) forces DAC choice 1 and ADC choice 8" },
  { PE, "Xbar_Polarity", RRN_INI_RULE, "2", "weight.sign", "2 differential, 1 offset" },
  { PE, "Sub_Position", RRN_INI_RULE, "0", "adc.per_subarray", AREA_NOTE },
  { PE, "Group_Num", RRN_INI_RULE, "1", "pe.groups", "0 is 1" },
  { PE, "DAC_Num", RRN_INI_FIELD, "128", "dac.per_subarray", "0 is an error, MNSIM ends there" },
  { PE, "ADC_Num", RRN_INI_RULE, "128", "adc.per_subarray", "0 derives it from areas, with a warning" },
  { PE, "PE_inBuf_Size", RRN_INI_UNUSED, "0", "", "buffers" },
  { PE, "PE_inBuf_Area", RRN_INI_IGNORED, "0", "", "" },
  { PE, "Tile_outBuf_Size", RRN_INI_UNUSED, "0", "", "buffers" },
  { PE, "Tile_outBuf_Area", RRN_INI_IGNORED, "0", "", "" },
  { PE, "DFU_Buf_Size", RRN_INI_UNUSED, "0", "", "buffers" },
  { PE, "DFU_Buf_Area", RRN_INI_IGNORED, "0", "", "" },

  { DIGITAL, "Digital_Frequency", RRN_INI_FIELD, "500", "digital.frequency_mhz", "MHz" },
  { DIGITAL, "Adder_Tech", RRN_INI_NO_PART, "45", "", COST_NOTE },
  { DIGITAL, "Adder_Area", RRN_INI_NO_PART, "0", "", COST_NOTE },
  { DIGITAL, "Adder_Power", RRN_INI_NO_PART, "0", "", COST_NOTE },
  { DIGITAL, "Multiplier_Tech", RRN_INI_NO_PART, "45", "", COST_NOTE },
  { DIGITAL, "Multiplier_Area", RRN_INI_NO_PART, "0", "", COST_NOTE },
  { DIGITAL, "Multiplier_Power", RRN_INI_NO_PART, "0", "", COST_NOTE },
  { DIGITAL, "ShiftReg_Tech", RRN_INI_NO_PART, "65", "", COST_NOTE },
  { DIGITAL, "ShiftReg_Area", RRN_INI_NO_PART, "0", "", COST_NOTE },
  { DIGITAL, "ShiftReg_Power", RRN_INI_NO_PART, "0", "", COST_NOTE },
  { DIGITAL, "Reg_Tech", RRN_INI_NO_PART, "45", "", COST_NOTE },
  { DIGITAL, "Reg_Area", RRN_INI_NO_PART, "0", "", COST_NOTE },
  { DIGITAL, "Reg_Power", RRN_INI_NO_PART, "0", "", COST_NOTE },
  { DIGITAL, "JointModule_Tech", RRN_INI_NO_PART, "45", "", COST_NOTE },
  { DIGITAL, "JointModule_Area", RRN_INI_NO_PART, "0", "", COST_NOTE },
  { DIGITAL, "JointModule_Power", RRN_INI_NO_PART, "0", "", COST_NOTE },

  { TILE, "PE_Num", RRN_INI_UNUSED, "2,2", "", "tiles" },
  { TILE, "Pooling_shape", RRN_INI_UNUSED, "3,3", "", "pooling units" },
  { TILE, "Pooling_unit_num", RRN_INI_UNUSED, "64", "", "pooling units" },
  { TILE, "Pooling_Tech", RRN_INI_NO_PART, "65", "", COST_NOTE },
  { TILE, "Pooling_area", RRN_INI_IGNORED, "0", "", "" },
  { TILE, "Tile_Adder_Num", RRN_INI_IGNORED, "0", "", "" },
  { TILE, "Tile_Adder_Level", RRN_INI_IGNORED, "0", "", "" },
  { TILE, "Tile_ShiftReg_Num", RRN_INI_IGNORED, "0", "", "" },
  { TILE, "Tile_ShiftReg_Level", RRN_INI_IGNORED, "0", "", "" },
  { TILE, "Inter_Tile_Bandwidth", RRN_INI_UNUSED, "20", "", "tiles" },
  { TILE, "Intra_Tile_Bandwidth", RRN_INI_UNUSED, "1024", "", "tiles" },
  { TILE, "Tile_outBuf_Size", RRN_INI_IGNORED, "0", "", "MNSIM reads the one of the process element" },
  { TILE, "Tile_outBuf_Area", RRN_INI_IGNORED, "0", "", "" },
  { TILE, "DFU_Buf_Size", RRN_INI_IGNORED, "0", "", "MNSIM reads the one of the process element" },
  { TILE, "DFU_Buf_Area", RRN_INI_IGNORED, "0", "", "" },

  { ARCH, "Buffer_Choice", RRN_INI_IGNORED, "1", "", "" },
  { ARCH, "Buffer_Technology", RRN_INI_NO_PART, "90", "", COST_NOTE },
  { ARCH, "Buffer_ReadPower", RRN_INI_IGNORED, "0", "", "" },
  { ARCH, "Buffer_WritePower", RRN_INI_IGNORED, "0", "", "" },
  { ARCH, "Buffer_Bitwidth", RRN_INI_UNUSED, "64", "", "buffers" },
  { ARCH, "LUT_Capacity", RRN_INI_IGNORED, "1", "", "" },
  { ARCH, "LUT_Area", RRN_INI_IGNORED, "0", "", "" },
  { ARCH, "LUT_Power", RRN_INI_IGNORED, "0", "", "" },
  { ARCH, "LUT_Bandwidth", RRN_INI_IGNORED, "0", "", "" },
  { ARCH, "Tile_Connection", RRN_INI_UNUSED, "2", "", "tiles" },
  { ARCH, "Tile_Num", RRN_INI_UNUSED, "64,64", "", "tiles; the number of crossbars is chip.crossbars" },

  { ALGORITHM, "Weight_Polarity", RRN_INI_IGNORED, "1", "", "" },
  { ALGORITHM, "Simulation_Level", RRN_INI_NO_PART, "0", "", COST_NOTE },
  { ALGORITHM, "NoC_enable", RRN_INI_UNUSED, "0", "", "network on chip" },
};
const size_t rrn_ini_n_keys = sizeof(rrn_ini_keys) / sizeof(rrn_ini_keys[0]);
