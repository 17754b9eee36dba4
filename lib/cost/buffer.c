/* SPDX-License-Identifier: MIT */
/*
 * In: node, size and bus of an SRAM buffer. Out: area, leakage, energies of an access.
 *
 * The table (facts of MNSIM 2.0's buffer model, which derived them with CACTI) has 45, 65 and 90 nm, 2 to 512 KiB, 64
 * to 512 bits. Between its points the logarithms of all figures are linear in the logarithms of size, bus and node,
 * so a figure at a point is the table's. Outside, size and bus go on with the slope of the nearest two points; nodes
 * beyond the ends follow the laws of scale.c; both are flagged. Below 2 KiB, area and leakage go with the size: such
 * memories are built of registers, whose area is of that order (2048 bits at 45 nm: 0.009 mm2 in flip-flops, 0.003 to
 * 0.012 here, by bus). The table has no 2 KiB with 512
 * bits: the slope in size goes on there.
 *
 * MNSIM takes the next larger size, bus and node class instead; that the class "below 65 nm" means 45 nm and the
 * largest size 512 KiB is our reading. Complexity: O(1), 36 logarithms.
 */
#include "cost/parts.h"
#include "cost/scale.h"
#include "util/power.h"

enum { N_NODES = 3, N_SIZES = 9, N_BUSES = 4, N_FIGURES = 4 };

static const double nodes_nm[N_NODES] = { 45, 65, 90 };

/* area mm2, leakage mW, read nJ, write nJ */
static const double table[N_NODES][N_SIZES][N_BUSES][N_FIGURES] = {
  { /* 45 nm */
    { { 0.026389593, 3.06844, 0.00366611, 0.00431575 },
      { 0.049106366, 3.22544, 0.00805114, 0.00864673 },
      { 0.099338763, 4.1977, 0.0174977, 0.0182943 },
      { 0 } }, /* 2 KiB */
    { { 0.043660718, 5.51418, 0.00545155, 0.00571403 },
      { 0.064295773, 5.85956, 0.00929243, 0.0105917 },
      { 0.119224229, 6.90244, 0.0195678, 0.0221228 },
      { 0.333979075, 9.92618, 0.0587335, 0.0603267 } }, /* 4 KiB */
    { { 0.06910098, 10.65116, 0.00717156, 0.00778673 },
      { 0.094371317, 11.06626, 0.0118251, 0.0145317 },
      { 0.177026169, 11.4876, 0.0272345, 0.0298331 },
      { 0.372578216, 14.86772, 0.0628241, 0.0679341 } }, /* 8 KiB */
    { { 0.12167763, 19.25676, 0.0113831, 0.010522 },
      { 0.154207863, 19.72618, 0.0175339, 0.0187642 },
      { 0.234897385, 21.0248, 0.0321178, 0.0375312 },
      { 0.426436442, 24.6852, 0.0709932, 0.0831368 } }, /* 16 KiB */
    { { 0.209317302, 37.9354, 0.0160867, 0.0145269 },
      { 0.251074, 38.5436, 0.0238524, 0.0264935 },
      { 0.350283787, 40.1206, 0.0416899, 0.0527328 },
      { 0.664606538, 42.1506, 0.0996046, 0.110431 } }, /* 32 KiB */
    { { 0.389828369, 69.7894, 0.0272693, 0.0199489 },
      { 0.442063443, 70.5706, 0.0380164, 0.0348969 },
      { 0.571793236, 72.5732, 0.0618288, 0.067111 },
      { 0.88844989, 77.5184, 0.118533, 0.140623 } }, /* 64 KiB */
    { { 0.707812758, 138.4138, 0.0426012, 0.0282674 },
      { 0.779322414, 139.4718, 0.0565679, 0.0506538 },
      { 0.945248378, 142.0298, 0.0868665, 0.0977918 },
      { 1.33594949, 148.0884, 0.156594, 0.201198 } }, /* 128 KiB */
    { { 1.69234808, 299.266, 0.0624646, 0.0595076 },
      { 1.75880026, 299.666, 0.097861, 0.108967 },
      { 1.68018101, 269.828, 0.138328, 0.1265 },
      { 2.19812216, 277.794, 0.231921, 0.253771 } }, /* 256 KiB */
    { { 2.97211086, 551.922, 0.0933836, 0.0789223 },
      { 3.11603625, 532.732, 0.131128, 0.102461 },
      { 3.76333981, 539.688, 0.210481, 0.198653 },
      { 3.66548495, 544.616, 0.330414, 0.374836 } }, /* 512 KiB */
  },
  { /* 65 nm */
    { { 0.069914533, 4.33154, 0.00823002, 0.00983737 },
      { 0.13213, 4.5899, 0.0183766, 0.0198855 },
      { 0.266413, 5.99122, 0.0407038, 0.0427535 },
      { 0 } }, /* 2 KiB */
    { { 0.117554, 7.75758, 0.0120839, 0.0129198 },
      { 0.172761, 8.25868, 0.0211627, 0.0243774 },
      { 0.319445, 9.76298, 0.0454619, 0.0516229 },
      { 0.885538, 14.09702, 0.137905, 0.142004 } }, /* 4 KiB */
    { { 0.185984, 14.98076, 0.0158937, 0.0177355 },
      { 0.253431, 15.5835, 0.026906, 0.0335322 },
      { 0.424684, 17.29178, 0.0551001, 0.0694838 },
      { 0.98738, 20.9042, 0.147335, 0.159657 } }, /* 8 KiB */
    { { 0.321651, 26.6168, 0.0248548, 0.0237539 },
      { 0.407856, 27.3042, 0.0394126, 0.0430962 },
      { 0.621693, 29.192, 0.0739843, 0.0872368 },
      { 1.18947, 34.5, 0.166219, 0.194986 } }, /* 16 KiB */
    { { 0.552979, 52.3788, 0.0349618, 0.0330736 },
      { 0.663547, 53.2686, 0.053362, 0.0610694 },
      { 0.92629, 55.5624, 0.0956746, 0.122573 },
      { 1.75898, 58.7496, 0.232081, 0.258586 } }, /* 32 KiB */
    { { 1.02955, 96.3408, 0.0583935, 0.0450215 },
      { 1.16829, 97.4886, 0.0838554, 0.0800791 },
      { 1.51204, 100.408, 0.140319, 0.155734 },
      { 2.35122, 107.6106, 0.274961, 0.328758 } }, /* 64 KiB */
    { { 1.86953, 191.03, 0.0905117, 0.0643685 },
      { 2.05688, 192.5814, 0.123634, 0.116708 },
      { 2.49820595, 196.3112, 0.19553, 0.22704 },
      { 3.53287983, 205.136, 0.361147, 0.469528 } }, /* 128 KiB */
    { { 4.11073239, 367.718, 0.131652, 0.0950392 },
      { 3.85390263, 367.692, 0.206955, 0.154668 },
      { 4.44056241, 372.76, 0.307099, 0.293248 },
      { 5.81286634, 384.374, 0.52924, 0.592261 } }, /* 256 KiB */
    { { 7.34500472, 730.276, 0.205608, 0.133284 },
      { 8.23206996, 735.414, 0.291566, 0.23928 },
      { 7.92474125, 737.946, 0.462242, 0.435794 },
      { 9.68755797, 752.802, 0.746234, 0.873636 } }, /* 512 KiB */
  },
  { /* 90 nm */
    { { 0.0405803, 1.006428, 0.0075695, 0.0131361 },
      { 0.0944387, 1.136656, 0.0204901, 0.0223358 },
      { 0.170796, 1.253224, 0.0374838, 0.0422325 },
      { 0 } }, /* 2 KiB */
    { { 0.0686947, 1.95684, 0.00854257, 0.0199484 },
      { 0.129533, 2.15962, 0.0227852, 0.0271014 },
      { 0.21469158, 2.28782, 0.041063, 0.0516509 },
      { 0.544121685, 2.62008, 0.12054, 0.130038 } }, /* 4 KiB */
    { { 0.156974886, 4.1222, 0.018382, 0.0211344 },
      { 0.199132286, 4.18056, 0.0275777, 0.0368348 },
      { 0.301779123, 4.3319, 0.0484019, 0.0706683 },
      { 0.629568, 4.55214, 0.127604, 0.14878 } }, /* 8 KiB */
    { { 0.616313686, 8.86342, 0.044837, 0.0437094 },
      { 0.781358547, 9.07178, 0.0706276, 0.0779207 },
      { 1.19074727, 9.65236, 0.131809, 0.155944 },
      { 2.27766413, 11.29236, 0.295237, 0.345919 } }, /* 16 KiB */
    { { 1.06000422, 17.46566, 0.0618356, 0.0601423 },
      { 1.27176357, 17.73578, 0.0943086, 0.109611 },
      { 1.77492836, 18.44038, 0.169224, 0.218248 },
      { 3.36825793, 19.29436, 0.411876, 0.460145 } }, /* 32 KiB */
    { { 1.97440487, 32.1096, 0.103042, 0.08827501 },
      { 2.2391307, 32.4554, 0.14809, 0.144703 },
      { 2.89728232, 33.348, 0.247932, 0.278356 },
      { 4.50388181, 35.5564, 0.485822, 0.583869 } }, /* 64 KiB */
    { { 3.58391889, 63.688, 0.156421, 0.116896 },
      { 3.94274084, 64.1578, 0.21497, 0.209321 },
      { 4.78794038, 65.2978, 0.342013, 0.404114 },
      { 6.78286596, 68.0018, 0.634498, 0.8321 } }, /* 128 KiB */
    { { 6.97457468, 121.8756, 0.27502, 0.162096 },
      { 7.38728621, 122.4862, 0.358447, 0.279398 },
      { 8.51049457, 126.032, 0.535426, 0.524128 },
      { 11.1379448, 127.5844, 0.927837, 1.05204 } }, /* 256 KiB */
    { { 14.2211208, 243.484, 0.356492, 0.243037 },
      { 15.7795526, 244.982, 0.508902, 0.429853 },
      { 15.1903479, 245.722, 0.795817, 0.775468 },
      { 18.5664922, 250.266, 1.29724, 1.54815 } }, /* 512 KiB */
  },
};

/* Segment of an axis whose points are first * 2^i, and the position in it: 0..1 inside. */
static int
segment(double value, double first, int n, double *ret_t)
{
  const double at = rrn_power_log2(value) - rrn_power_log2(first);
  int i = at < 0 ? 0 : (int)at;

  i = i < n - 2 ? i : n - 2;
  *ret_t = at - i;
  return i;
}

static double
log_figure(int node, int size, int bus, int figure)
{
  if (size == 0 && bus == N_BUSES - 1)
    return 2 * rrn_power_log2(table[node][1][bus][figure]) - rrn_power_log2(table[node][2][bus][figure]);
  return rrn_power_log2(table[node][size][bus][figure]);
}

static double
mix(double a, double b, double t)
{
  return t == 0 ? a : a + (b - a) * t;
}

/* One figure at a node of the table. */
static double
at_node(int node, double kib, double bus_bits, int figure)
{
  double ts, tb, low, high;
  const int s = segment(kib, 2, N_SIZES, &ts), b = segment(bus_bits, 64, N_BUSES, &tb);

  low = mix(log_figure(node, s, b, figure), log_figure(node, s + 1, b, figure), ts);
  high = tb == 0 ? low : mix(log_figure(node, s, b + 1, figure), log_figure(node, s + 1, b + 1, figure), ts);
  return mix(low, high, tb);
}

static double
figure_of(double node_nm, double kib, double bus_bits, int figure)
{
  const double inside = node_nm < nodes_nm[0] ? nodes_nm[0] : node_nm > nodes_nm[2] ? nodes_nm[2] : node_nm;
  const int n = inside >= nodes_nm[1];
  const double t = (rrn_power_log2(inside) - rrn_power_log2(nodes_nm[n])) / (rrn_power_log2(nodes_nm[n + 1]) - rrn_power_log2(nodes_nm[n]));
  const double low = t == 1 ? 0 : at_node(n, kib, bus_bits, figure);

  return rrn_power_exp2(t == 0 ? low : t == 1 ? at_node(n + 1, kib, bus_bits, figure)
                                         : mix(low, at_node(n + 1, kib, bus_bits, figure), t));
}

rrn_sram
rrn_sram_of(double node_nm, double kib, double bus_bits)
{
  const double edge = node_nm < nodes_nm[0] ? nodes_nm[0] : node_nm > nodes_nm[2] ? nodes_nm[2] : node_nm;
  const double energy = rrn_scale_energy(edge, node_nm);
  const double least_kib = 2, part = kib < least_kib ? kib / least_kib : 1, built_kib = kib / part;
  rrn_sram s;

  s.area_um2 = figure_of(node_nm, built_kib, bus_bits, 0) * 1e6 * part * rrn_scale_area(edge, node_nm);
  s.leakage_uw = figure_of(node_nm, built_kib, bus_bits, 1) * 1e3 * part * rrn_scale_leakage(edge, node_nm);
  s.read_pj = figure_of(node_nm, kib, bus_bits, 2) * 1e3 * energy;
  s.write_pj = figure_of(node_nm, kib, bus_bits, 3) * 1e3 * energy;
  s.extrapolated = (kib < 2 || kib > 512 ? RRAMNAS_EXTRAPOLATED_BUFFER_SIZE : 0) |
                   (bus_bits < 64 || bus_bits > 512 ? RRAMNAS_EXTRAPOLATED_BUFFER_BUS : 0) |
                   (edge != node_nm ? RRAMNAS_EXTRAPOLATED_BUFFER_NODE : 0);
  return s;
}
