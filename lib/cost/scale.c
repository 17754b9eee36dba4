/* SPDX-License-Identifier: MIT */
/*
 * In: a figure of a block at one node, another node. Out: the factor to that node.
 *
 * The laws, for a block whose transistors keep their number and ratios (F node, V supply):
 *
 *   area     F^2
 *   energy   C V^2 with C proportional to F          -> F V^2
 *   leakage  width * off current * V, width ~ F,
 *            off current per width kept, as roadmaps do -> F V
 *
 * V is the nominal supply of the Predictive Technology Model (Zhao and Cao, IEEE TED 2006, and its multi-gate
 * successor) at 180, 130, 90, 65, 45, 32, 22, 14, 10 and 7 nm, linear in F between. Outside of 7..180 nm the supply
 * stays at that of the end, and results are flagged as extrapolated. Ideal scaling (V ~ F) overestimates the gain
 * below 65 nm, where supplies stopped scaling: Stillmaker and Baas (Integration 58, 2017) show differences up to 83
 * times.
 *
 * O(1).
 */
#include "cost/scale.h"

#include "util/power.h"

enum { N_NODES = 10 };
static const double nodes_nm[N_NODES] = { 7, 10, 14, 22, 32, 45, 65, 90, 130, 180 };
static const double supplies_v[N_NODES] = { 0.7, 0.75, 0.8, 0.8, 0.9, 1.0, 1.1, 1.2, 1.3, 1.8 };

double
rrn_scale_supply_v(double node_nm)
{
  int i = 1;

  if (node_nm <= nodes_nm[0])
    return supplies_v[0];
  if (node_nm >= nodes_nm[N_NODES - 1])
    return supplies_v[N_NODES - 1];
  while (node_nm > nodes_nm[i])
    i++;
  return supplies_v[i - 1] +
         (supplies_v[i] - supplies_v[i - 1]) * (node_nm - nodes_nm[i - 1]) / (nodes_nm[i] - nodes_nm[i - 1]);
}

int
rrn_scale_valid(double node_nm)
{
  return node_nm >= nodes_nm[0] && node_nm <= nodes_nm[N_NODES - 1];
}

double
rrn_scale_area(double from_nm, double to_nm)
{
  const double ratio = to_nm / from_nm;

  return ratio * ratio;
}

double
rrn_scale_leakage(double from_nm, double to_nm)
{
  return to_nm / from_nm * (rrn_scale_supply_v(to_nm) / rrn_scale_supply_v(from_nm));
}

double
rrn_scale_energy(double from_nm, double to_nm)
{
  return rrn_scale_leakage(from_nm, to_nm) * (rrn_scale_supply_v(to_nm) / rrn_scale_supply_v(from_nm));
}

double
rrn_scale_temperature(double temperature_c)
{
  return temperature_c == 25 ? 1 : rrn_power_exp2((temperature_c - 25) / 10);
}
