/* SPDX-License-Identifier: MIT */
/*
 * In: a chip. Out: the values that MNSIM would use after reading its SimConfig.ini, in the units of its formulas.
 *
 * A SRAM cell has 1.6e6 ohm whatever the spec says, but ADC thresholds still see the spec's resistances. Logic gates
 * add to the area of the ADC. Digital PIM has drivers of its own size. O(1). Source: MNSIM 2.0, Hardware_Model.
 */
#include <math.h>

#include "mnsim/mnsim.h"

#define SRAM_OHM 1.6e6
#define GATE_AREA_FACTOR 0.18

static rrn_mnsim_block
block_of(const rrn_hw_block *b)
{
  rrn_mnsim_block block = { b->node_nm, b->area_um2, b->power_uw * 1e-6 };

  return block;
}

static void
set_device(rrn_mnsim_config *c, const rrn_hw_values *v)
{
  c->sram = v->device.kind == RRN_KIND_SRAM;
  c->node_nm = v->device.node_nm;
  c->cell_area_um2 = v->device.cell_area_f2 > 0 ? v->device.cell_area_f2 * v->device.node_nm * v->device.node_nm * 1e-6
                                                : v->device.cell_area_um2;
  c->read_v[0] = v->device.read_voltage_low_v;
  c->read_v[1] = v->device.read_voltage_v;
  c->write_v[0] = v->device.write_voltage_low_v;
  c->write_v[1] = v->device.write_voltage_v;
  c->threshold_off_ohm = v->device.off_resistance_ohm;
  c->threshold_on_ohm = v->device.on_resistance_ohm;
  c->off_ohm = c->sram ? SRAM_OHM : v->device.off_resistance_ohm;
  c->on_ohm = c->sram ? SRAM_OHM : v->device.on_resistance_ohm;
  c->read_ns = v->device.read_latency_ns;
  c->write_ns = v->device.write_latency_ns;
  c->read_energy_j = v->device.read_energy_fj * 1e-15;
  c->write_energy_j = v->device.write_energy_fj * 1e-15;
}

static void
set_crossbar(rrn_mnsim_config *c, const rramnas_hw *hw)
{
  const rrn_hw_values *v = &hw->v;

  c->cell_0t1r = v->crossbar.cell == RRN_CELL_0T1R;
  c->rows = v->crossbar.rows;
  c->cols = v->crossbar.cols;
  c->subarray_rows = rrn_hw_subarray_rows(hw);
  c->subarrays = c->rows / c->subarray_rows;
  c->area_by_feature = v->mnsim.area_method == RRN_AREA_BY_FEATURE;
  c->digital_pim = v->mnsim.pim == RRN_PIM_DIGITAL;
  c->estimation = v->mnsim.simulation == RRN_SIMULATE_ESTIMATION;
  c->transistor_nm = v->crossbar.transistor_node_nm;
  c->driver_area_um2 = v->crossbar.driver_area_um2;
  c->load_ohm = v->mnsim.load_resistance_ohm > 0 ? v->mnsim.load_resistance_ohm
                                                 : sqrt(c->threshold_off_ohm * c->threshold_on_ohm);
}

static double
gate_area_um2(int32_t logic)
{
  return logic == RRN_LOGIC_NONE ? 0 : logic == RRN_LOGIC_XOR ? 19.2 * GATE_AREA_FACTOR : 17.28 * GATE_AREA_FACTOR;
}

static void
set_converters(rrn_mnsim_config *c, const rramnas_hw *hw)
{
  const rrn_hw_values *v = &hw->v;

  c->dac_bits = v->dac.bits;
  c->dac_area_um2 = v->dac.area_um2;
  c->dac_power_w = v->dac.power_uw * 1e-6;
  c->dac_ns = rrn_hw_dac_ns(hw);
  c->adc_bits = v->adc.bits;
  c->adc_area_um2 = v->adc.area_um2 + gate_area_um2(v->mnsim.logic);
  c->adc_power_w = v->adc.power_uw * 1e-6;
  c->adc_ns = rrn_hw_adc_ns(hw);
}

static void
set_pe(rrn_mnsim_config *c, const rrn_hw_values *v)
{
  c->polarity = v->weight.sign == RRN_SIGNED_DIFFERENTIAL ? 2 : 1;
  c->digital_subtraction = c->polarity == 2 && v->weight.subtraction == RRN_SUBTRACT_DIGITAL;
  c->groups = v->pe.groups;
  c->dacs_per_subarray = v->dac.per_subarray;
  c->adcs_per_subarray = v->adc.per_subarray;
  c->clock_mhz = v->digital.frequency_mhz;
  c->adder = block_of(&v->mnsim.adder);
  c->multiplier = block_of(&v->mnsim.multiplier);
  c->shift_register = block_of(&v->mnsim.shift_register);
  c->reg = block_of(&v->mnsim.reg);
  c->joint = block_of(&v->mnsim.joint);
}

static void
set_chip(rrn_mnsim_config *c, const rrn_hw_values *v)
{
  c->pe_per_tile = v->tile.pe_rows * v->tile.pe_cols;
  c->intra_gbps = v->tile.bandwidth_gbps;
  c->pool_units = v->pool.units;
  c->pool_window = v->pool.rows * v->pool.cols;
  c->pool_nm = v->pool.node_nm;
  c->tile_rows = v->chip.tile_rows;
  c->tile_cols = v->chip.tile_cols;
  c->inter_gbps = v->chip.bandwidth_gbps;
  c->tile_order = v->mnsim.tile_order;
  c->buffer_nm = v->buffer.node_nm;
  c->input_kb = v->buffer.input_kb;
  c->output_kb = v->buffer.output_kb;
  c->bus_bits = v->buffer.bus_bits;
}

rrn_mnsim_config
rrn_mnsim_config_from_hw(const rramnas_hw *hw)
{
  rrn_mnsim_config c = { .hw = hw };

  set_device(&c, &hw->v);
  set_crossbar(&c, hw);
  set_converters(&c, hw);
  set_pe(&c, &hw->v);
  set_chip(&c, &hw->v);
  c.weight_bits = hw->v.weight.bits;
  c.activation_bits = hw->v.input.bits;
  return c;
}
