/* SPDX-License-Identifier: MIT */
/*
 * In: a config, the cells in use. Out: area, time, power and energy of one crossbar.
 *
 * Behaviour level: every cell is a mean cell, V^2 / R with V^2 = 0.9 low^2 + 0.1 high^2 and R the parallel mix of 67 %
 * off and 33 % on; without access transistors the unselected columns of the same rows take a quarter of an off cell.
 * Estimation level: sum of G V^2 over the cells given. The power of a write cannot be had from MNSIM (B1). SRAM reads
 * and writes in nJ are a thousand times too small (B6). Wires have no part (B17). O(1), O(rows cols) for estimates.
 * Source: MNSIM 2.0, Hardware_Model (Device, Crossbar).
 */
#include <math.h>

#include "mnsim/mnsim.h"

double
rrn_mnsim_device_read_w(const rrn_mnsim_config *c, double ohm, double volt)
{
  if (ohm == 0)
    ohm = c->off_ohm * c->on_ohm / (c->on_ohm * 0.67 + c->off_ohm * 0.33);
  if (volt == 0)
    volt = sqrt(0.9 * (c->read_v[0] * c->read_v[0]) + 0.1 * (c->read_v[1] * c->read_v[1]));
  return volt * volt / ohm;
}

double
rrn_mnsim_device_initial_read_w(const rrn_mnsim_config *c)
{
  return c->sram ? c->read_energy_j / c->read_ns : 0;
}

double
rrn_mnsim_device_initial_write_w(const rrn_mnsim_config *c)
{
  return c->sram ? c->write_energy_j / c->write_ns : 0;
}

double
rrn_mnsim_crossbar_area_um2(const rrn_mnsim_config *c)
{
  const double rows = c->rows, cells = rows * c->cols, scale = c->transistor_nm / 65;
  const double f2_um2 = c->node_nm * c->node_nm * 1e-6;

  if (c->area_by_feature)
    return cells * (c->sram ? 5 : c->cell_0t1r ? 4 * f2_um2 : 12 * f2_um2);
  return cells * c->cell_area_um2 +
         rows * (c->digital_pim ? (7.3 * 2.7 + 9.5 * 3.8) * scale * scale : c->driver_area_um2);
}

double
rrn_mnsim_crossbar_read_ns(const rrn_mnsim_config *c)
{
  const double kb = (double)c->rows * c->cols / 8192;

  return c->read_ns + 0.001 * (0.0002 * (kb * kb) + 5e-6 * kb + 4e-14);
}

/* The power of a whole crossbar, whatever is in use of it. */
static double
estimated_mean_w(const rrn_mnsim_config *c)
{
  const double volt2 = (c->read_v[0] * c->read_v[0] + c->read_v[1] * c->read_v[1]) / 2;

  return (double)c->rows * c->cols * volt2 / sqrt(c->off_ohm * c->on_ohm);
}

double
rrn_mnsim_crossbar_read_w(const rrn_mnsim_config *c, double rows, double cols)
{
  double power = rows * cols * rrn_mnsim_device_read_w(c, 0, 0);

  if (c->cell_0t1r)
    power += 0.25 * rows * (c->cols - cols) * rrn_mnsim_device_read_w(c, c->off_ohm, 0);
  return power;
}

double
rrn_mnsim_crossbar_read_nj(const rrn_mnsim_config *c, double rows, double cols)
{
  if (c->sram)
    return rows * cols * c->read_energy_j * 1e6;
  return rrn_mnsim_crossbar_read_w(c, rows, cols) * rrn_mnsim_crossbar_read_ns(c);
}

double
rrn_mnsim_crossbar_write_ns(const rrn_mnsim_config *c, double rows)
{
  return c->write_ns * rows;
}

double
rrn_mnsim_crossbar_write_nj(const rrn_mnsim_config *c, double rows, double cols)
{
  return c->sram ? rows * cols * c->write_energy_j * 1e6 : 0;
}

/* Sum of G V^2. */
static double
joule_heat_w(const double *conductance_s, const double *volt, int32_t rows, int32_t cols)
{
  double power = 0;
  int32_t i, j;

  for (i = 0; i < rows; i++) {
    double row_s = 0;

    for (j = 0; j < cols; j++)
      row_s += conductance_s[(size_t)i * (size_t)cols + (size_t)j];
    power += row_s * volt[i] * volt[i];
  }
  return power;
}

int32_t
rrn_mnsim_estimate_read_w(const rrn_mnsim_config *c, const double *conductance_s, const double *volt, int32_t rows,
                          int32_t cols, double *ret_power_w, rramnas_error *err)
{
  const int32_t used_rows = conductance_s ? rows : c->rows, used_cols = conductance_s ? cols : c->cols;
  double power, half_selected = 0;
  int32_t i;

  RRN_FAIL_IF(c->cell_0t1r && used_rows != (used_cols < c->rows ? used_cols : c->rows), err, RRAMNAS_ERR_UNSUPPORTED,
              "mnsim: MNSIM cannot estimate %d x %d cells without transistors", (int)used_rows, (int)used_cols);
  power = conductance_s ? joule_heat_w(conductance_s, volt, rows, cols) : estimated_mean_w(c);
  for (i = 0; c->cell_0t1r && conductance_s && i < rows; i++)
    half_selected += volt[i] * volt[i] * (c->cols - cols) / c->off_ohm;
  *ret_power_w = power + 0.25 * half_selected;
  return RRAMNAS_OK;
}

double
rrn_mnsim_estimate_write_w(const rrn_mnsim_config *c, const double *conductance_s, const double *volt, int32_t rows,
                           int32_t cols)
{
  const double mean_volt2 = c->write_v[0] * c->write_v[1];

  if (conductance_s)
    return joule_heat_w(conductance_s, volt, rows, cols) / rows;
  return c->cols * mean_volt2 / sqrt(c->off_ohm * c->on_ohm);
}
