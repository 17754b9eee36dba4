/* SPDX-License-Identifier: MIT */
/*
 * In: digital, activation, pool. Out: digital blocks, bit by bit, at their node.
 *
 * Adders and registers are linear in bits, multipliers in the product of bits; figures are given at 45 nm (functions:
 * activation.node_nm, pooling: 65 nm) and scaled by scale.c. Leakage goes with area at the node of the figure, then
 * scales. The multiplexers at the crossbar stand at crossbar.transistor_node_nm. A selector of one line costs
 * nothing.
 *
 * Pooling: MNSIM's unit has 64 channels, a 3 x 3 window, 65 nm. Area goes with channels and cells of the window; so
 * does the energy of a window of one channel, power * time / 64.
 *
 * Sources: Horowitz (ISSCC 2014) energies; Sze et al. (Proc. IEEE 2017) areas; NanGate 45 nm Open Cell Library;
 * ISAAC (ISCA 2016) functions; MNSIM 2.0 pooling. O(1).
 */
#include "cost/parts.h"
#include "cost/scale.h"

enum { GATES_NM = 45, POOL_NM = 65, POOL_CHANNELS = 64, POOL_CELLS = 9 };

static rrn_part
scaled(const rramnas_hw *hw, double energy_fj, double area_um2, double from_nm, double to_nm)
{
  const double leakage_uw = area_um2 / rrn_scale_area(GATES_NM, from_nm) * rrn_scale_leakage(GATES_NM, from_nm) *
                            hw->v.digital.leakage_nw_per_um2 / 1000;

  return (rrn_part){ energy_fj / 1000 * rrn_scale_energy(from_nm, to_nm), area_um2 * rrn_scale_area(from_nm, to_nm),
                     leakage_uw * rrn_scale_leakage(from_nm, to_nm) * rrn_scale_temperature(hw->v.chip.temperature_c) };
}

static rrn_part
pool_of(const rramnas_hw *hw)
{
  const rrn_hw_values *v = &hw->v;
  const double window = (double)v->pool.rows * v->pool.cols / POOL_CELLS;
  const double energy_fj = v->pool.power_uw * v->pool.latency_ns / POOL_CHANNELS * window;
  const double area_um2 = v->pool.area_um2 * v->pool.units / POOL_CHANNELS * window;

  return scaled(hw, energy_fj, area_um2, POOL_NM, v->pool.node_nm);
}

rrn_digital
rrn_digital_of(const rramnas_hw *hw)
{
  const rrn_hw_values *v = &hw->v;
  const double node = v->digital.node_nm;
  rrn_digital d;

  d.add = scaled(hw, v->digital.add_energy_fj, v->digital.add_area_um2, GATES_NM, node);
  d.multiply = scaled(hw, v->digital.multiply_energy_fj, v->digital.multiply_area_um2, GATES_NM, node);
  d.reg = scaled(hw, v->digital.register_energy_fj, v->digital.register_area_um2, GATES_NM, node);
  d.mux = scaled(hw, v->digital.mux_energy_fj, v->digital.mux_area_um2, GATES_NM, node);
  d.selector = scaled(hw, v->digital.mux_energy_fj, v->digital.mux_area_um2, GATES_NM, v->crossbar.transistor_node_nm);
  d.function = scaled(hw, v->activation.energy_fj, v->activation.area_um2, v->activation.node_nm, node);
  d.pool = pool_of(hw);
  return d;
}
