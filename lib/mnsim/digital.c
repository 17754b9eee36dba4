/* SPDX-License-Identifier: MIT */
/*
 * In: a config, a width or a number of ways. Out: area and power of adders, multipliers, shift registers, registers,
 * joint modules, multiplexers and the pooling unit.
 *
 * Tables with the nodes and widths that MNSIM knows; in between it takes the next entry or scales with the square of
 * the node. A value given in the config replaces the table's. The time of a block is one clock in us, printed by MNSIM
 * as ns (B5). Multipliers cost what adders cost, registers the same at any width (O3). O(1). Source: MNSIM 2.0,
 * Hardware_Model (Adder, Multiplier, ShiftReg, Reg, JointModule, PE, Pooling).
 */
#include <math.h>

#include "mnsim/mnsim.h"

static rrn_mnsim_cost
finish(const rrn_mnsim_config *c, const rrn_mnsim_block *given, double area_um2, double power_w)
{
  rrn_mnsim_cost cost = { area_um2, power_w, 1 / c->clock_mhz, 0 };

  if (given->area_um2 != 0)
    cost.area_um2 = given->area_um2;
  if (given->power_w != 0)
    cost.power_w = given->power_w;
  cost.energy_nj = cost.power_w * cost.latency_us;
  return cost;
}

/* Next node of the table; 65 nm is unlike the others (O3). */
static rrn_mnsim_cost
adder_like(const rrn_mnsim_config *c, const rrn_mnsim_block *block, int32_t bits)
{
  static const struct { double node_nm, area_um2, power_w; } table[] = {
    { 28, 10 * 14 * 28 * 28 / 1e6, 2.5e-9 }, { 45, 10 * 14 * 45 * 45 / 1e6, 2.5e-9 },
    { 55, 10 * 14 * 55 * 55 / 1e6, 2.5e-9 }, { 65, 1.42, 3e-7 },
    { 130, 10 * 14 * 130 * 130 / 1e6, 2.5e-9 },
  };
  size_t i = 0;

  while (i < 4 && block->node_nm > table[i].node_nm)
    i++;
  return finish(c, block, table[i].area_um2 * bits, table[i].power_w * bits);
}

rrn_mnsim_cost
rrn_mnsim_adder(const rrn_mnsim_config *c, int32_t bits)
{
  return adder_like(c, &c->adder, bits);
}

rrn_mnsim_cost
rrn_mnsim_multiplier(const rrn_mnsim_config *c, int32_t bits)
{
  return adder_like(c, &c->multiplier, bits);
}

static rrn_mnsim_cost
scaled(const rrn_mnsim_config *c, const rrn_mnsim_block *block, double area_65nm_um2, double power_65nm_w)
{
  const double node = block->node_nm > 0 ? block->node_nm : 65, scale = node / 65 * (node / 65);

  return finish(c, block, area_65nm_um2 * scale, power_65nm_w * scale);
}

rrn_mnsim_cost
rrn_mnsim_shift_register(const rrn_mnsim_config *c)
{
  return scaled(c, &c->shift_register, 1.42, 8.1e-7);
}

rrn_mnsim_cost
rrn_mnsim_register(const rrn_mnsim_config *c)
{
  return scaled(c, &c->reg, 1.4256, 18.8e-9);
}

rrn_mnsim_cost
rrn_mnsim_joint(const rrn_mnsim_config *c, int32_t bits)
{
  static const double area_um2[] = { 182.88, 353.76, 385.44, 512.16 };
  static const double power_w[] = { 1.39e-4, 2.64e-4, 3.67e-4, 4.97e-4 };
  const int i = bits <= 4 ? 0 : bits <= 8 ? 1 : bits <= 12 ? 2 : 3;

  return scaled(c, &c->joint, area_um2[i], power_w[i]);
}

/* Trees of 2:1 multiplexers of 8 transistors; a single way costs as much as two (O2). */
static double
mux_transistors(double ways)
{
  return ways <= 2 ? 8 : ways <= 4 ? 24 : ways <= 8 ? 72 : ways <= 16 ? 216 : ways <= 32 ? 648 : 1944;
}

double
rrn_mnsim_mux_area_um2(const rrn_mnsim_config *c, double ways)
{
  return mux_transistors(ways) * (10 * c->transistor_nm * c->transistor_nm / 1e6);
}

double
rrn_mnsim_mux_power_w(double ways)
{
  return mux_transistors(ways) * 1.2e-8;
}

int32_t
rrn_mnsim_pool(const rrn_mnsim_config *c, double *ret_area_um2, double *ret_power_w, rramnas_error *err)
{
  const double area_um2 = 91917.1562, power_w = 3.082e-3, scale = c->pool_nm / 65 * (c->pool_nm / 65);
  const int at_65nm = c->pool_nm == 65;

  RRN_FAIL_IF(at_65nm && c->pool_window == 9 && c->pool_units != 64, err, RRAMNAS_ERR_UNSUPPORTED,
              "mnsim: pool.units is %d at pool.node_nm 65, where MNSIM knows 64 only", (int)c->pool_units);
  if (at_65nm) {
    *ret_area_um2 = c->pool_window == 9 ? area_um2 : 0;
    *ret_power_w = c->pool_window == 9 ? power_w : 0;
    return RRAMNAS_OK;
  }
  *ret_area_um2 = area_um2 * scale * c->pool_units / 64;
  *ret_power_w = power_w * scale;
  return RRAMNAS_OK;
}

double
rrn_mnsim_pool_ns(const rrn_mnsim_config *c, double channels, double window)
{
  return 100 * ceil(channels / c->pool_units) * ceil(window / c->pool_window);
}
