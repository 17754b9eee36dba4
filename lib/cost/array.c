/* SPDX-License-Identifier: MIT */
/*
 * In: device, crossbar. Out: what reading a cell, driving a wordline and having a cell cost; the IR drop.
 *
 *   resistive cell   energy = mean square of the voltage * conductance * read time
 *     mean square    a Vread^2 + (1 - a) Vlow^2, a = input.activity
 *     conductance    s / Ron + (1 - s) / Roff, s = weight.on_share; cells without a weight are off
 *   SRAM cell        energy and leakage per bit, as given
 *   half-selected    0T1R only: cells of driven rows in other columns see half of the voltage, a quarter of the power
 *   wordline         a C V^2 of its segments
 *
 * A cell conducts only during the read of the array, not while the ADC converts: the column is sampled and held
 * (ISAAC). Cells of columns that are not read carry no current behind their transistor (1T1R).
 *
 * IR drop: a line of n segments of R ohm with a conductance G to ground at each cell is a ladder; in the continuum
 * its far end sees 1 / cosh(n sqrt(R G)) of the voltage. Wordline and bitline in series multiply. Exact to O(1 / n)
 * (unit test against the ladder). It is a figure: accuracy is not derated by it.
 *
 * Sources: mean values and half-selection MNSIM 2.0 (Zhu et al., GLSVLSI 2020); circuit laws. O(1).
 */
#include <math.h>

#include "cost/parts.h"
#include "cost/scale.h"
#include "util/power.h"

static double
cell_area_um2(const rrn_hw_values *v)
{
  const double f_um = v->device.node_nm / 1000;
  const double area = v->device.cell_area_f2 > 0 ? v->device.cell_area_f2 * (f_um * f_um) : v->device.cell_area_um2;

  return v->device.kind == RRN_KIND_SRAM ? area * v->device.bits_per_cell : area;
}

static void
set_resistive(const rrn_hw_values *v, rrn_cells *c)
{
  const double high = v->device.read_voltage_v, low = v->device.read_voltage_low_v;
  const double on_s = 1 / v->device.on_resistance_ohm, off_s = 1 / v->device.off_resistance_ohm;
  const double nj_to_pj = 1000;

  c->square_v2 = v->input.activity * (high * high) + (1 - v->input.activity) * (low * low);
  c->conductance_s = v->weight.on_share * on_s + (1 - v->weight.on_share) * off_s;
  c->read_pj = c->square_v2 * c->conductance_s * v->device.read_latency_ns * nj_to_pj;
  c->off_read_pj = c->square_v2 * off_s * v->device.read_latency_ns * nj_to_pj;
  c->half_read_pj = v->crossbar.cell == RRN_CELL_0T1R ? c->off_read_pj / 4 : 0;
}

rrn_cells
rrn_cells_of(const rramnas_hw *hw)
{
  const rrn_hw_values *v = &hw->v;
  const double high = v->device.read_voltage_v;
  rrn_cells c = { 0 };

  if (v->device.kind == RRN_KIND_SRAM)
    c.read_pj = v->device.read_energy_fj * v->device.bits_per_cell / 1000;
  else
    set_resistive(v, &c);
  c.wordline_pj = v->input.activity * v->crossbar.wire_capacitance_ff * v->crossbar.cols * (high * high) / 1000;
  c.area_um2 = cell_area_um2(v);
  c.leakage_uw = v->device.leakage_pw * 1e-6 * rrn_scale_temperature(v->chip.temperature_c);
  if (v->device.kind == RRN_KIND_SRAM)
    c.leakage_uw *= v->device.bits_per_cell;
  return c;
}

/* 1 / cosh(x), x >= 0. */
static double
far_end(double x)
{
  const double log2_e = 1.4426950408889634074;
  const double e = rrn_power_exp2(-(x < 300 ? x : 300) * log2_e);

  return 2 * e / (1 + e * e);
}

double
rrn_ir_drop(double rows, double cols, double wire_ohm, double cell_s)
{
  const double per_cell = sqrt(wire_ohm * cell_s);

  return 1 - far_end(cols * per_cell) * far_end(rows * per_cell);
}
