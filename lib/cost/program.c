/* SPDX-License-Identifier: MIT */
/*
 * In: device. Out: energy to program one cell, time to program one row.
 *
 *   energy   pulses * V^2 / sqrt(Ron Roff) * write time        resistive (rram, pcm, stt-mram)
 *            pulses * write energy                             SRAM (per bit), FeFET (switches without a current)
 *   keeping  the same at the low write voltage, for cells of a row that are not written while it is
 *   time     pulses * write time, plus a read between pulses when there are several (write and verify)
 *
 * The geometric mean of the states stands for the resistance while it changes (MNSIM's intent, whose call fails). O(1).
 */
#include <math.h>

#include "cost/parts.h"

/* Pulses after the first are each preceded by a read. */
static double
verifies(const rrn_hw_values *v)
{
  return v->device.write_pulses > 1 ? v->device.write_pulses : 0;
}

double
rrn_write_pj(const rramnas_hw *hw)
{
  const rrn_hw_values *v = &hw->v;
  const double volt = v->device.write_voltage_v;
  double pulse_pj;

  if (v->device.kind == RRN_KIND_SRAM)
    pulse_pj = v->device.write_energy_fj * v->device.bits_per_cell / 1000;
  else if (v->device.kind == RRN_KIND_FEFET)
    pulse_pj = v->device.write_energy_fj / 1000;
  else
    pulse_pj = volt * volt / sqrt(v->device.on_resistance_ohm * v->device.off_resistance_ohm) *
               v->device.write_latency_ns * 1000;
  return v->device.write_pulses * pulse_pj + verifies(v) * rrn_cells_of(hw).read_pj;
}

double
rrn_keep_pj(const rramnas_hw *hw)
{
  const rrn_hw_values *v = &hw->v;
  const double volt = v->device.write_voltage_low_v;

  if (v->device.kind == RRN_KIND_SRAM || v->device.kind == RRN_KIND_FEFET)
    return 0;
  return v->device.write_pulses * (volt * volt / sqrt(v->device.on_resistance_ohm * v->device.off_resistance_ohm)) *
         v->device.write_latency_ns * 1000;
}

double
rrn_write_row_ns(const rramnas_hw *hw)
{
  const rrn_hw_values *v = &hw->v;

  return v->device.write_pulses * v->device.write_latency_ns + verifies(v) * v->device.read_latency_ns;
}
