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


const rrn_ini_key rrn_ini_keys[] = {
  { DEVICE, "Device_Tech", RRN_INI_FIELD, "130", "device.node_nm", "nm" },
  { DEVICE, "Device_Type", RRN_INI_RULE, "NVM", "device.kind", "NVM is rram, anything else is sram, as in MNSIM" },
  { DEVICE, "Device_Area", RRN_INI_FIELD, "1.44", "device.cell_area_um2", "um2" },
  { DEVICE, "Read_Level", RRN_INI_NO_PART, "2", "", "length of Read_Voltage" },
  { DEVICE, "Read_Voltage", RRN_INI_RULE, "0,0.15", "device.read_voltage_low_v, device.read_voltage_v",
    "first and last of the list" },
  { DEVICE, "Write_Level", RRN_INI_NO_PART, "2", "", "length of Write_Voltage" },
  { DEVICE, "Write_Voltage", RRN_INI_RULE, "0,3", "device.write_voltage_low_v, device.write_voltage_v",
    "first and last of the list" },
  { DEVICE, "Read_Latency", RRN_INI_FIELD, "3.16", "device.read_latency_ns", "ns" },
  { DEVICE, "Write_Latency", RRN_INI_FIELD, "10", "device.write_latency_ns", "ns" },
  { DEVICE, "Device_Level", RRN_INI_RULE, "2", "device.bits_per_cell", "floor(log2(levels)), 2..256 levels" },
  { DEVICE, "Device_Resistance", RRN_INI_RULE, "1e6,1e4", "device.off_resistance_ohm, device.on_resistance_ohm",
    "first and last of the list" },
  { DEVICE, "Device_Variation", RRN_INI_RULE, "1", "noise.write_model, noise.write_sigma",
    "percent; none when missing" },
  { DEVICE, "Device_SAF", RRN_INI_RULE, "0.1,0.1", "noise.stuck_off_fraction, noise.stuck_on_fraction",
    "percent off,on; none when missing" },
  { DEVICE, "Read_Energy", RRN_INI_RULE, "1.12e-15", "device.read_energy_fj", "J" },
  { DEVICE, "Write_Energy", RRN_INI_RULE, "1.6e-15", "device.write_energy_fj", "J" },

  { CROSSBAR, "Xbar_Size", RRN_INI_RULE, "256,256", "crossbar.rows, crossbar.cols", "rows,columns" },
  { CROSSBAR, "Subarray_Size", RRN_INI_FIELD, "256", "crossbar.subarray_rows", "all rows when missing, as before subarrays" },
  { CROSSBAR, "Cell_Type", RRN_INI_FIELD, "1T1R", "crossbar.cell", "" },
  { CROSSBAR, "Transistor_Tech", RRN_INI_FIELD, "130", "crossbar.transistor_node_nm", "nm" },
  { CROSSBAR, "Wire_Resistance", RRN_INI_RULE, "-1", "crossbar.wire_resistance_ohm",
    "negative is 2.82 ohm; no effect in MNSIM" },
  { CROSSBAR, "Wire_Capacity", RRN_INI_RULE, "-1", "crossbar.wire_capacitance_ff",
    "negative is 1 fF; no effect in MNSIM" },
  { CROSSBAR, "Load_Resistance", RRN_INI_RULE, "-1", "mnsim.load_resistance_ohm",
    "-1 is the geometric mean of on and off" },
  { CROSSBAR, "Area_Calculation", RRN_INI_RULE, "0", "mnsim.area_method", "0 cell, 1 feature" },

  { INTERFACE, "DAC_Choice", RRN_INI_RULE, "1", "dac.*", "table below; -1 takes the next keys" },
  { INTERFACE, "DAC_Area", RRN_INI_RULE, "0", "dac.area_um2", "with DAC_Choice = -1; um2" },
  { INTERFACE, "DAC_Precision", RRN_INI_RULE, "0", "dac.bits", "with DAC_Choice = -1" },
  { INTERFACE, "DAC_Power", RRN_INI_RULE, "0", "dac.power_uw", "with DAC_Choice = -1; W" },
  { INTERFACE, "DAC_Sample_Rate", RRN_INI_RULE, "0", "dac.rate_gsps", "with DAC_Choice = -1; GS/s" },
  { INTERFACE, "ADC_Choice", RRN_INI_RULE, "6", "adc.*", "table below; -1 takes the next keys and kind sar" },
  { INTERFACE, "ADC_Area", RRN_INI_RULE, "0", "adc.area_um2", "with ADC_Choice = -1; um2" },
  { INTERFACE, "ADC_Precision", RRN_INI_RULE, "0", "adc.bits", "with ADC_Choice = -1" },
  { INTERFACE, "ADC_Power", RRN_INI_RULE, "0", "adc.power_uw", "with ADC_Choice = -1; W" },
  { INTERFACE, "ADC_Sample_Rate", RRN_INI_RULE, "0", "adc.rate_gsps", "with ADC_Choice = -1; GS/s" },
  { INTERFACE, "ADC_Interval_Thres", RRN_INI_RULE, "-1", "", "thresholds of its own are not read, with a warning" },
  { INTERFACE, "Logic_Op", RRN_INI_RULE, "-1", "mnsim.logic", "-1 none, 0 and, 1 or, 2 xor" },

  { PE, "PIM_Type", RRN_INI_RULE, "0", "mnsim.pim, dac.*, adc.*", "1 (digital) forces DAC choice 1 and ADC choice 8" },
  { PE, "Xbar_Polarity", RRN_INI_RULE, "2", "weight.sign", "2 differential, 1 offset" },
  { PE, "Sub_Position", RRN_INI_RULE, "0", "weight.subtraction",
    "0 analog, 1 digital; counts with Xbar_Polarity 2 only" },
  { PE, "Group_Num", RRN_INI_RULE, "1", "pe.groups", "0 is 1" },
  { PE, "DAC_Num", RRN_INI_FIELD, "128", "dac.per_subarray", "0 is an error, MNSIM ends there" },
  { PE, "ADC_Num", RRN_INI_RULE, "128", "adc.per_subarray", "0 derives it from areas, with a warning" },
  { PE, "PE_inBuf_Size", RRN_INI_FIELD, "0", "buffer.input_kb", "KB" },
  { PE, "PE_inBuf_Area", RRN_INI_IGNORED, "0", "", "" },
  { PE, "Tile_outBuf_Size", RRN_INI_FIELD, "0", "buffer.output_kb", "KB" },
  { PE, "Tile_outBuf_Area", RRN_INI_IGNORED, "0", "", "" },
  { PE, "DFU_Buf_Size", RRN_INI_IGNORED, "0", "", "" },
  { PE, "DFU_Buf_Area", RRN_INI_IGNORED, "0", "", "" },

  { DIGITAL, "Digital_Frequency", RRN_INI_FIELD, "500", "digital.frequency_mhz", "MHz" },
  { DIGITAL, "Adder_Tech", RRN_INI_RULE, "45", "digital.node_nm, mnsim.adder_node_nm", "nm; not above 0 is 28" },
  { DIGITAL, "Adder_Area", RRN_INI_FIELD, "0", "mnsim.adder_area_um2", "um2" },
  { DIGITAL, "Adder_Power", RRN_INI_RULE, "0", "mnsim.adder_power_uw", "W" },
  { DIGITAL, "Multiplier_Tech", RRN_INI_RULE, "45", "mnsim.multiplier_node_nm", "nm; not above 0 is 28" },
  { DIGITAL, "Multiplier_Area", RRN_INI_FIELD, "0", "mnsim.multiplier_area_um2", "um2" },
  { DIGITAL, "Multiplier_Power", RRN_INI_RULE, "0", "mnsim.multiplier_power_uw", "W" },
  { DIGITAL, "ShiftReg_Tech", RRN_INI_RULE, "65", "mnsim.shift_register_node_nm", "nm; not above 0 is 65" },
  { DIGITAL, "ShiftReg_Area", RRN_INI_FIELD, "0", "mnsim.shift_register_area_um2", "um2" },
  { DIGITAL, "ShiftReg_Power", RRN_INI_RULE, "0", "mnsim.shift_register_power_uw", "W" },
  { DIGITAL, "Reg_Tech", RRN_INI_RULE, "45", "mnsim.register_node_nm", "nm; not above 0 is 65" },
  { DIGITAL, "Reg_Area", RRN_INI_FIELD, "0", "mnsim.register_area_um2", "um2" },
  { DIGITAL, "Reg_Power", RRN_INI_RULE, "0", "mnsim.register_power_uw", "W" },
  { DIGITAL, "JointModule_Tech", RRN_INI_RULE, "45", "mnsim.joint_node_nm", "nm; not above 0 is 65" },
  { DIGITAL, "JointModule_Area", RRN_INI_FIELD, "0", "mnsim.joint_area_um2", "um2" },
  { DIGITAL, "JointModule_Power", RRN_INI_RULE, "0", "mnsim.joint_power_uw", "W" },

  { TILE, "PE_Num", RRN_INI_RULE, "2,2", "tile.pe_rows, tile.pe_cols", "0 is 4,4" },
  { TILE, "Pooling_shape", RRN_INI_RULE, "3,3", "pool.rows, pool.cols", "0 is 3,3" },
  { TILE, "Pooling_unit_num", RRN_INI_RULE, "64", "pool.units", "0 is 64" },
  { TILE, "Pooling_Tech", RRN_INI_RULE, "65", "pool.node_nm", "nm; 0 is 65" },
  { TILE, "Pooling_area", RRN_INI_IGNORED, "0", "", "" },
  { TILE, "Tile_Adder_Num", RRN_INI_IGNORED, "0", "", "" },
  { TILE, "Tile_Adder_Level", RRN_INI_IGNORED, "0", "", "" },
  { TILE, "Tile_ShiftReg_Num", RRN_INI_IGNORED, "0", "", "" },
  { TILE, "Tile_ShiftReg_Level", RRN_INI_IGNORED, "0", "", "" },
  { TILE, "Inter_Tile_Bandwidth", RRN_INI_FIELD, "20", "chip.bandwidth_gbps", "Gbit/s" },
  { TILE, "Intra_Tile_Bandwidth", RRN_INI_FIELD, "1024", "tile.bandwidth_gbps", "Gbit/s" },
  { TILE, "Tile_outBuf_Size", RRN_INI_IGNORED, "0", "", "MNSIM reads the one of the process element" },
  { TILE, "Tile_outBuf_Area", RRN_INI_IGNORED, "0", "", "" },
  { TILE, "DFU_Buf_Size", RRN_INI_IGNORED, "0", "", "MNSIM reads the one of the process element" },
  { TILE, "DFU_Buf_Area", RRN_INI_IGNORED, "0", "", "" },

  { ARCH, "Buffer_Choice", RRN_INI_IGNORED, "1", "", "" },
  { ARCH, "Buffer_Technology", RRN_INI_FIELD, "90", "buffer.node_nm", "nm" },
  { ARCH, "Buffer_ReadPower", RRN_INI_IGNORED, "0", "", "" },
  { ARCH, "Buffer_WritePower", RRN_INI_IGNORED, "0", "", "" },
  { ARCH, "Buffer_Bitwidth", RRN_INI_RULE, "64", "buffer.bus_bits", "0 is 256" },
  { ARCH, "LUT_Capacity", RRN_INI_IGNORED, "1", "", "" },
  { ARCH, "LUT_Area", RRN_INI_IGNORED, "0", "", "" },
  { ARCH, "LUT_Power", RRN_INI_IGNORED, "0", "", "" },
  { ARCH, "LUT_Bandwidth", RRN_INI_IGNORED, "0", "", "" },
  { ARCH, "Tile_Connection", RRN_INI_RULE, "2", "mnsim.tile_order", "0 row, 1 snake, 2 shell, 3 zigzag" },
  { ARCH, "Tile_Num", RRN_INI_RULE, "64,64", "chip.tile_rows, chip.tile_cols",
    "0 is 8,8; the number of crossbars is chip.crossbars" },

  { ALGORITHM, "Weight_Polarity", RRN_INI_IGNORED, "1", "", "" },
  { ALGORITHM, "Simulation_Level", RRN_INI_RULE, "0", "mnsim.simulation", "0 behavior, 1 estimation" },
  { ALGORITHM, "NoC_enable", RRN_INI_RULE, "0", "", "1 gives a warning: there is no network on chip" },
};
const size_t rrn_ini_n_keys = sizeof(rrn_ini_keys) / sizeof(rrn_ini_keys[0]);
