/* SPDX-License-Identifier: MIT */
/* Cost model rramnas part by part against values computed by hand, and one network whose every count is known. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <math.h>

#include "../support/hw.h"
#include "../support/tiny.h"
#include "cost/cost.h"
#include "cost/model.h"
#include "cost/scale.h"
#include "mnsim/mnsim.h"
#include "util/power.h"

static void
near(double value, double expected)
{
  if (!(fabs(value - expected) <= 1e-12 * fabs(expected)))
    fail_msg("%.17g, expected %.17g", value, expected);
}

/* An entry of the rows is rounded to a grid that is made for their sum. */
static void
on_grid(double value, double expected, double sum)
{
  if (!(fabs(value - expected) <= 1e-12 * fabs(expected) + 1e-15 * sum))
    fail_msg("%.17g, expected %.17g", value, expected);
}

/* --- scaling --- */

static void
functions_of_our_own(void **state)
{
  double x;

  (void)state;
  for (x = 1e-9; x < 1e9; x *= 1.37) {
    assert_true(fabs(rrn_power_log2(x) - log2(x)) <= 1e-14 * (1 + fabs(log2(x))));
    near(rrn_power_exp2(log2(x)), x);
  }
  assert_true(rrn_power_log2(1) == 0 && rrn_power_log2(8) == 3 && rrn_power_exp2(0) == 1 && rrn_power_exp2(-3) == 0.125);
}

static void
scaling(void **state)
{
  static const double nodes[] = { 7, 9, 14, 32, 45, 65, 90, 100, 180, 250 };
  size_t i, k, l;

  (void)state;
  assert_true(rrn_scale_supply_v(45) == 1.0 && rrn_scale_supply_v(90) == 1.2 && rrn_scale_supply_v(1) == 0.7);
  near(rrn_scale_supply_v(77.5), 1.15);
  assert_true(rrn_scale_supply_v(1000) == 1.8);
  near(rrn_scale_area(90, 45), 0.25);
  near(rrn_scale_energy(90, 45), 0.5 / 1.44);
  near(rrn_scale_leakage(90, 45), 0.5 / 1.2);
  assert_true(rrn_scale_valid(7) && rrn_scale_valid(180) && !rrn_scale_valid(6.9) && !rrn_scale_valid(181));
  near(rrn_scale_temperature(25), 1);
  near(rrn_scale_temperature(45), 4);
  for (i = 0; i < 10; i++) {
    assert_true(rrn_scale_area(nodes[i], nodes[i]) == 1 && rrn_scale_energy(nodes[i], nodes[i]) == 1);
    for (k = 0; k < 10; k++)
      for (l = 0; l < 10; l++) {
        near(rrn_scale_energy(nodes[i], nodes[k]) * rrn_scale_energy(nodes[k], nodes[l]),
             rrn_scale_energy(nodes[i], nodes[l]));
        near(rrn_scale_leakage(nodes[i], nodes[k]) * rrn_scale_leakage(nodes[k], nodes[l]),
             rrn_scale_leakage(nodes[i], nodes[l]));
      }
  }
}

/* --- arrays --- */

static void
cells(void **state)
{
  rramnas_hw *hw = hw_good("device: {read_voltage_v: 0.2, read_voltage_low_v: 0.1, read_latency_ns: 5, cell_area_f2: 12,\n"
                           "         node_nm: 100, leakage_pw: 3}\nweight: {on_share: 0.5}\ninput: {activity: 0.25}\n",
                                "hw");
  rramnas_hw *open = NULL, *sram = hw_good("device: {kind: sram, leakage_pw: 10, cell_area_um2: 2}\n", "hw");
  const double v2 = 0.25 * 0.04 + 0.75 * 0.01;
  rrn_cells c = rrn_cells_of(hw);

  (void)state;
  near(c.square_v2, v2);
  near(c.conductance_s, 0.5 * 1e-4 + 0.5 * 1e-6);
  near(c.read_pj, v2 * (0.5 * 1e-4 + 0.5 * 1e-6) * 5 * 1000);
  near(c.off_read_pj, v2 * 1e-6 * 5 * 1000);
  assert_true(c.half_read_pj == 0);
  near(c.wordline_pj, 0.25 * 128 * 0.04 / 1000);
  near(c.area_um2, 12 * 0.01);
  near(c.leakage_uw, 3e-6);
  assert_int_equal(rramnas_hw_with_value(hw, "crossbar.cell", "0T1R", &open, NULL), RRAMNAS_OK);
  near(rrn_cells_of(open).half_read_pj, c.off_read_pj / 4);
  c = rrn_cells_of(sram); /* two bits are two cells */
  near(c.read_pj, 2 * 1.12e-3);
  assert_true(c.off_read_pj == 0);
  near(c.area_um2, 4);
  near(c.leakage_uw, 2e-5);
  rramnas_hw_unref(hw);
  rramnas_hw_unref(open);
  rramnas_hw_unref(sram);
}

/* The ladder itself: from the far end, each cell takes its current, each segment drops its voltage. */
static double
ladder_drop(int n, double ohm, double cell_s)
{
  double volt = 1, ampere = 0;
  int i;

  for (i = 0; i < n; i++) {
    ampere += volt * cell_s;
    volt += ampere * ohm;
  }
  return 1 - 1 / volt;
}

static void
ir_drop(void **state)
{
  const double one = ladder_drop(128, 2.82, 1e-4), two = 1 - (1 - one) * (1 - one);

  (void)state;
  assert_true(fabs(rrn_ir_drop(0, 128, 2.82, 1e-4) - one) < 0.01);
  assert_true(fabs(rrn_ir_drop(128, 128, 2.82, 1e-4) - two) < 0.01);
  assert_true(fabs(rrn_ir_drop(0, 4096, 0.01, 1e-6) - ladder_drop(4096, 0.01, 1e-6)) < 1e-3);
  assert_true(rrn_ir_drop(128, 128, 0, 1e-4) == 0);
  assert_true(rrn_ir_drop(65536, 65536, 1e6, 1) == 1);
  near(rrn_ir_drop(1, 0, 1, 1), 1 - 1 / cosh(1));
}

static void
wires(void **state)
{
  rramnas_hw *hw = NULL, *elmore = NULL;
  rramnas_mvm_latency plain = RRAMNAS_MVM_LATENCY_INIT, slow = RRAMNAS_MVM_LATENCY_INIT;
  const double ns = 2.82e-6 * 128 * 129;

  (void)state;
  assert_int_equal(rramnas_hw_create_default(NULL, &hw, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_hw_with_value(hw, "crossbar.wire_delay", "elmore", &elmore, NULL), RRAMNAS_OK);
  near(rrn_hw_wire_delay_ns(hw), ns);
  assert_int_equal(rramnas_hw_mvm_latency(hw, 128, 128, 8, &plain, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_hw_mvm_latency(elmore, 128, 128, 8, &slow, NULL), RRAMNAS_OK);
  assert_true(fabs(slow.crossbar_ns - plain.crossbar_ns - 8 * ns) < 1e-12);
  assert_true(fabs(slow.total_ns - plain.total_ns - 8 * ns) < 1e-12);
  rramnas_hw_unref(hw);
  rramnas_hw_unref(elmore);
}

/* --- converters --- */

static rrn_part
adc(const char *yaml)
{
  rramnas_hw *hw = hw_good(yaml, "hw");
  const rrn_part p = rrn_adc_of(hw);

  rramnas_hw_unref(hw);
  return p;
}

static void
converters(void **state)
{
  rramnas_hw *hw = hw_good("dac: {power_uw: 8, rate_gsps: 2, area_um2: 3, leakage_uw: 0.5}\n", "hw");

  (void)state;
  near(rrn_dac_of(hw).energy_pj, 0.004);
  near(rrn_dac_of(hw).area_um2, 3);
  near(rrn_dac_of(hw).leakage_uw, 0.5);
  rramnas_hw_unref(hw);
  near(adc("").energy_pj, 1.5625);
  near(adc("").area_um2, 1200);
  near(adc("adc: {kind: flash, power_uw: 100, rate_gsps: 2}\n").energy_pj, 0.05);
  near(adc("adc: {kind: ramp, bits: 6, power_uw: 100, rate_gsps: 2}\n").energy_pj, 3.2);
  near(adc("adc: {model: parametric}\n").energy_pj, 1.5625); /* calibrated there */
  near(adc("adc: {model: parametric}\n").area_um2, 1200);
  near(adc("adc: {model: parametric, bits: 10}\n").energy_pj, 6.25);
  near(adc("adc: {model: parametric, bits: 10, node_nm: 16}\n").area_um2, 1200);
  near(adc("adc: {model: parametric, node_nm: 65}\n").energy_pj, 1.5625 * 65 / 32 * (1.1 / 0.9) * (1.1 / 0.9));
  near(adc("chip: {temperature_c: 35}\n").leakage_uw, 2);
}

static int32_t
bits_needed(const char *yaml)
{
  rramnas_hw *hw = hw_good(yaml, "hw");
  const int32_t bits = rrn_hw_adc_bits_needed(hw);

  rramnas_hw_unref(hw);
  return bits;
}

static void
resolution(void **state)
{
  rramnas_hw *hw;

  (void)state;
  assert_int_equal(bits_needed(""), 9);                                             /* 128 * 3 = 384 */
  assert_int_equal(bits_needed("device: {bits_per_cell: 1}\n"), 8);                   /* 128 */
  assert_int_equal(bits_needed("dac: {per_subarray: 127}\ndevice: {bits_per_cell: 1}\n"), 7);
  assert_int_equal(bits_needed("dac: {bits: 4}\n"), 13);                            /* 5760 */
  assert_int_equal(bits_needed("crossbar: {subarray_rows: 32}\n"), 7);                /* 96 */
  hw = hw_good("name: x\nadc:\n  bits: 4\n", "chip.yaml");
  assert_int_equal(rramnas_hw_warning_count(hw), 1);
  assert_string_equal(rramnas_hw_warning(hw, 0),
                      "chip.yaml:3: adc.bits is 4, but telling all sums of a column apart takes 9; "
                                                 "adc.below_resolution: accept says that this is meant");
  rramnas_hw_unref(hw);
  hw = hw_good("adc: {bits: 4, below_resolution: accept}\n", "chip.yaml");
  assert_int_equal(rramnas_hw_warning_count(hw), 0);
  rramnas_hw_unref(hw);
  hw = hw_good("adc: {bits: 9}\n", "chip.yaml");
  assert_int_equal(rramnas_hw_warning_count(hw), 0);
  rramnas_hw_unref(hw);
  hw = hw_good("adc: {below_resolution: warn}\ncrossbar: {rows: 256}\n", "chip.yaml");
  assert_int_equal(rramnas_hw_warning_count(hw), 1);
  rramnas_hw_unref(hw);
}

/* --- digital --- */

static void
digital(void **state)
{
  rramnas_hw *hw = hw_good("digital: {node_nm: 90, leakage_nw_per_um2: 2}\npool: {units: 32, rows: 2, cols: 2, node_nm: 65}\n", "hw");
  const rrn_digital d = rrn_digital_of(hw);

  (void)state;
  near(d.add.energy_pj, 3.75e-3 * 2 * 1.44);
  near(d.add.area_um2, 4.5 * 4);
  near(d.add.leakage_uw, 4.5 * 2e-3 * 2 * 1.2);
  near(d.multiply.energy_pj, 3.125e-3 * 2 * 1.44);
  near(d.reg.area_um2, 4.522 * 4);
  near(d.selector.area_um2, 1.862 * (130.0 / 45) * (130.0 / 45)); /* at the crossbar's node */
  near(d.pool.energy_pj, 3082e-3 * 100 / 64 * 4 / 9);
  near(d.pool.area_um2, 91917.1562 / 2 * 4 / 9);
  near(d.function.energy_pj, 0.203125 * 90 / 32 * (1.2 / 0.9) * (1.2 / 0.9));
  rramnas_hw_unref(hw);
}

/* --- buffers --- */

static void
sram_points(void **state)
{
  rrn_sram s = rrn_sram_of(90, 16, 64);

  (void)state;
  near(s.area_um2, 0.616313686e6);
  near(s.leakage_uw, 8863.42);
  near(s.read_pj, 44.837);
  near(s.write_pj, 43.7094);
  assert_int_equal(s.extrapolated, 0);
  near(rrn_sram_of(65, 512, 512).write_pj, 873.636);
  near(rrn_sram_of(45, 2, 64).leakage_uw, 3068.44);
  near(rrn_sram_of(45, 256, 256).area_um2, 1.68018101e6);
  /* Halfway in the logarithm: the geometric mean. */
  near(rrn_sram_of(90, sqrt(16 * 32), 64).read_pj, sqrt(44.837 * 61.8356));
  near(rrn_sram_of(90, 16, 128 * sqrt(2)).read_pj, sqrt(70.6276 * 131.809));
  near(rrn_sram_of(sqrt(65 * 90.0), 16, 64).read_pj, sqrt(44.837 * 24.8548));
}

static void
sram_beyond(void **state)
{
  const rrn_sram edge = rrn_sram_of(45, 16, 64);

  (void)state;
  near(rrn_sram_of(90, 1, 64).read_pj, 7.5695 * 7.5695 / 8.54257);
  near(rrn_sram_of(90, 0.5, 64).area_um2, 0.0405803e6 / 4);
  near(rrn_sram_of(90, 0.5, 64).leakage_uw, 1006.428 / 4);
  assert_int_equal(rrn_sram_of(90, 1, 64).extrapolated, RRAMNAS_EXTRAPOLATED_BUFFER_SIZE);
  near(rrn_sram_of(90, 1024, 64).area_um2, 14.2211208e6 * 14.2211208 / 6.97457468);
  assert_int_equal(rrn_sram_of(90, 1024, 32).extrapolated,
                   RRAMNAS_EXTRAPOLATED_BUFFER_SIZE | RRAMNAS_EXTRAPOLATED_BUFFER_BUS);
  near(rrn_sram_of(90, 2, 512).read_pj, 120.54 * 120.54 / 127.604); /* missing in the table */
  near(rrn_sram_of(22.5, 16, 64).area_um2, edge.area_um2 / 4);
  near(rrn_sram_of(32, 16, 64).read_pj, edge.read_pj * 32 / 45 * 0.81);
  assert_int_equal(rrn_sram_of(32, 16, 64).extrapolated, RRAMNAS_EXTRAPOLATED_BUFFER_NODE);
  near(rrn_sram_of(180, 16, 64).area_um2, 4 * 0.616313686e6);
}

/* --- programming --- */

static void
programming(void **state)
{
  rramnas_hw *hw = hw_good("", "hw"), *verified = hw_good("device: {write_pulses: 4}\n", "hw");
  rramnas_hw *fefet = hw_good("device: {kind: fefet, write_pulses: 1}\n", "hw");
  rramnas_hw *half = hw_good("device: {write_voltage_low_v: 1.5}\n", "hw");

  (void)state;
  near(rrn_write_pj(hw), 9 / 1e5 * 10 * 1000);
  near(rrn_write_row_ns(hw), 10);
  near(rrn_write_pj(verified), 4 * 0.9 + 4 * rrn_cells_of(hw).read_pj);
  near(rrn_write_row_ns(verified), 4 * 10 + 4 * 3.16);
  near(rrn_write_pj(fefet), 1.6e-3);
  assert_true(rrn_keep_pj(hw) == 0 && rrn_keep_pj(fefet) == 0);
  near(rrn_keep_pj(half), 0.225);
  rramnas_hw_unref(hw);
  rramnas_hw_unref(verified);
  rramnas_hw_unref(fefet);
  rramnas_hw_unref(half);
}

/* --- the mesh --- */

static void
mesh(void **state)
{
  rramnas_hw *hw = hw_good("weight: {bits: 2}\ntile: {pe_rows: 1, pe_cols: 2}\nchip: {tile_rows: 4, tile_cols: 3}\n",
                           "hw");
  rrn_mesh m = rrn_mesh_of(hw, 15);
  int32_t xy[20][2];
  int i;

  (void)state;
  assert_true(m.tiles == 8 && m.columns == 3 && m.crossbars_per_tile == 2);
  rrn_mesh_places(hw, &m, 15, xy);
  assert_true(xy[0][0] == 0 && xy[1][0] == 0 && xy[2][0] == 1 && xy[5][0] == 2 && xy[5][1] == 0);
  assert_true(xy[6][0] == 2 && xy[6][1] == 1 && xy[11][0] == 0 && xy[11][1] == 1 && xy[12][1] == 2);
  for (i = 2; i < 15; i++) /* neighbours in number are neighbours in place */
    assert_true(abs(xy[i][0] - xy[i - 2][0]) + abs(xy[i][1] - xy[i - 2][1]) == 1);
  rramnas_hw_unref(hw);
  hw = hw_good("", "hw"); /* four process elements, each a tile's worth: a tile per crossbar */
  m = rrn_mesh_of(hw, 210);
  assert_true(m.tiles == 210 && m.columns == 15);
  rramnas_hw_unref(hw);
}

/* --- one layer, all by hand --- */

static rramnas_mapping *
compile(const char *yaml, rramnas_net *net, rramnas_compile_options *o)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_hw *hw = hw_good(yaml, "hw");
  rramnas_mapping *m = NULL;

  o->policy = o->policy ? o->policy : RRAMNAS_POLICY_RNC;
  o->effort = RRAMNAS_EFFORT_FAST;
  if (rramnas_compile(hw, net, o, NULL, &m, &err) < 0)
    fail_msg("%s", err.message);
  rramnas_hw_unref(hw);
  return m;
}

/* A dense layer of `in` inputs and `out` outputs with biases. */
static rramnas_net *
dense(int64_t in, int64_t out)
{
  const int64_t shape[2] = { 1, in };
  rramnas_node node = RRAMNAS_NODE_INIT;
  rramnas_net *net = NULL;
  int32_t x, y;

  assert_int_equal(rramnas_net_create("dense", NULL, &net, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_net_add_input(net, "x", shape, 2, &x, NULL), RRAMNAS_OK);
  node.op = RRAMNAS_OP_GEMM;
  node.inputs = &x;
  node.n_inputs = 1;
  node.out_channels = out;
  assert_int_equal(rramnas_net_add_node(net, &node, &y, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_net_finish(net, NULL), RRAMNAS_OK);
  return net;
}

enum { DYNAMIC, STATIC, AREA };

static void
one_layer(void **state)
{
  static const char yaml[] = "crossbar: {rows: 32, cols: 16}\nadc: {per_subarray: 4, bits: 6}\ndac: {per_subarray: 8}\n"
                             "weight: {bits: 4}\ninput: {bits: 3}\ntile: {pe_rows: 1, pe_cols: 2}\nchip: {crossbars: 3}\n";
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_cost_options how = RRAMNAS_COST_OPTIONS_INIT;
  rramnas_net *net = dense(20, 10);
  rramnas_mapping *m;
  rramnas_cost c = RRAMNAS_COST_INIT;
  double rows[2][RRAMNAS_COST_COMPONENTS][3];
  /* 2 slices of 2 bits, each in its own crossbar and with a negative: 4 arrays, 2 ADC sets. 3 input slices, 3 row
   * passes of 8 rows, 3 column passes of 4 columns. Accumulator: 6 + 2 + 2 + 2 (4 passes fill the crossbar) = 12 bits.
   * */
  const double conversions = 10 * 3 * 3 * 2, drives = 20 * 3 * 3 * 2;

  (void)state;
  o.no_duplication = 1;
  how.latency_ns = 1000;
  m = compile(yaml, net, &o);
  assert_int_equal(rramnas_mapping_get_cost(m, &how, &c, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_mapping_get_cost_layers(m, &how, &rows[0][0][0], 2, NULL), RRAMNAS_OK);
  assert_int_equal(c.crossbars, 3);
  assert_int_equal(c.arrays, 12);
  assert_int_equal(c.tiles, 3);
  near(c.macs, 200);
  near(c.cell_utilization, 200.0 / (3 * 512));
  on_grid(rows[0][RRAMNAS_COMPONENT_CELL][DYNAMIC], 4 * 200 * 3 * 0.00225 * (0.33e-4 + 0.67e-6) * 3160, c.energy_pj);
  on_grid(rows[0][RRAMNAS_COMPONENT_DRIVER][DYNAMIC], drives * 2 * 0.1 * 16 * 0.0225 / 1000, c.energy_pj);
  on_grid(rows[0][RRAMNAS_COMPONENT_DAC][DYNAMIC], drives * 0.0039, c.energy_pj);
  on_grid(rows[0][RRAMNAS_COMPONENT_ADC][DYNAMIC], conversions * 1.5625, c.energy_pj);
  on_grid(rows[0][RRAMNAS_COMPONENT_MUX][DYNAMIC], (conversions + drives) * 2 * 1e-3 * (130.0 / 45) * 1.3 * 1.3,
          c.energy_pj);
  on_grid(rows[0][RRAMNAS_COMPONENT_SHIFT_ADD][DYNAMIC], conversions * 12 * 3.75e-3, c.energy_pj);
  on_grid(rows[0][RRAMNAS_COMPONENT_REGISTER][DYNAMIC], (20 * 3 + conversions * 12) * 3.75e-3,
          c.energy_pj);
  on_grid(rows[0][RRAMNAS_COMPONENT_ACCUMULATION][DYNAMIC], 10 * 12 * 3.75e-3, c.energy_pj); /* biases */
  assert_true(rows[0][RRAMNAS_COMPONENT_POOL][DYNAMIC] == 0 && rows[0][RRAMNAS_COMPONENT_ARITHMETIC][DYNAMIC] == 0);
  on_grid(rows[0][RRAMNAS_COMPONENT_CELL][AREA] + rows[1][RRAMNAS_COMPONENT_CELL][AREA], 12 * 512 * 1.44, c.area_um2);
  on_grid(rows[0][RRAMNAS_COMPONENT_DRIVER][AREA] + rows[1][RRAMNAS_COMPONENT_DRIVER][AREA], 12 * 32 * 1150,
          c.area_um2);
  on_grid(rows[0][RRAMNAS_COMPONENT_DAC][AREA] + rows[1][RRAMNAS_COMPONENT_DAC][AREA], 3 * 2 * 8 * 0.166, c.area_um2);
  on_grid(rows[0][RRAMNAS_COMPONENT_ADC][AREA], 3 * 2 * 4 * 1200 * c.cell_utilization, c.area_um2);
  on_grid(rows[1][RRAMNAS_COMPONENT_ADC][STATIC], 3 * 2 * 4 * (1 - c.cell_utilization),
          c.energy_pj); /* 1 uW each for 1 us: pJ */
  near(c.write_energy_pj, 4 * 200 * 0.9);
  near(c.write_time_ns, 20 * 10);
  near(c.energy_pj, c.energy_dynamic_pj + c.energy_static_pj);
  near(c.power_mw, c.energy_pj / 1000);
  near(c.edp_pj_ns, c.energy_pj * 1000);
  near(c.tops, 2 * 200 / 1000.0 / 1000);
  near(c.inferences_per_s, 1e6);
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
}

/* --- mappings --- */

static rramnas_cost
cost_of(const rramnas_mapping *m, const rramnas_hw *hw, int32_t samples)
{
  rramnas_cost_options o = RRAMNAS_COST_OPTIONS_INIT;
  rramnas_cost c = RRAMNAS_COST_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;

  o.hw = hw;
  o.samples = samples;
  if (rramnas_mapping_get_cost(m, &o, &c, &err) < 0)
    fail_msg("%s", err.message);
  return c;
}

static rramnas_net *
tiny(void)
{
  rramnas_net *net = NULL;

  assert_int_equal(tiny_create(NULL, &net, NULL), RRAMNAS_OK);
  return net;
}

/* Blocks on the diagonal need fewer activations; every column is still read once for each position, and the cells
 * beside the blocks are read too. */
static void
block_diagonal(void **state)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_net *net = tiny();
  rramnas_mapping *m;
  rrn_activity a;
  rrn_arena arena;
  rrn_layout l;
  rrn_mesh mesh_of;
  const rrn_crossbar_activity *depthwise;

  (void)state;
  o.policy = RRAMNAS_POLICY_BEST;
  o.depthwise = RRAMNAS_DEPTHWISE_BLOCK_DIAGONAL;
  o.crossbars = 40;
  m = compile("", net, &o);
  l = rrn_layout_of(m->hw);
  mesh_of = rrn_mesh_of(m->hw, 40);
  rrn_arena_init(&arena, &m->rt);
  assert_int_equal(rrn_activity_of(m, &l, &mesh_of, &arena, &a, NULL), RRAMNAS_OK);
  depthwise = &a.layers[1].crossbar; /* 24 channels of 3 x 3 kernels on 16 x 16 */
  assert_true(depthwise->column_reads == 24 * 256);
  assert_true(depthwise->row_drives == 24 * 9 * 256);
  assert_true(depthwise->cell_reads == 24 * 9 * 256 * 8);
  assert_true(m->pieces[m->first_piece[1]].groups_at_once > 1);
  assert_true(depthwise->off_reads > 0);
  rrn_arena_release(&arena);
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
}

/* A piece of seven groups, three at once: two whole activations and one of a single group. */
static void
off_cells_by_hand(void **state)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_net *net = tiny();
  rramnas_mapping *m;
  rramnas_mapping view;
  rrn_matrix x = { .rows = 9, .cols = 7, .cells = 1, .groups = 7, .positions = 10, .activations = 70 };
  rrn_piece p = { .layer = 0, .rows = 27, .cols = 7, .read_cols = 3, .activations = 30, .groups_at_once = 3,
                  .latency_ns = 1 };
  int32_t first_piece[2] = { 0, 1 }, copies[1] = { 1 };
  int64_t first_placement[2] = { 0, 1 };
  rrn_placement spot = { 0, 0, 0 };
  rrn_activity a;
  rrn_arena arena;
  rrn_layout l;
  rrn_mesh mesh_of;

  (void)state;
  m = compile("input: {bits: 1}\n", net, &o);
  memcpy(&view, m, sizeof(view));
  view.n_layers = 1;
  view.matrices = &x;
  view.pieces = &p;
  view.n_pieces = 1;
  view.first_piece = first_piece;
  view.copies = copies;
  view.first_placement = first_placement;
  view.placements = &spot;
  l = rrn_layout_of(m->hw);
  mesh_of = rrn_mesh_of(m->hw, m->crossbars_available);
  rrn_arena_init(&arena, &m->rt);
  assert_int_equal(rrn_activity_of(&view, &l, &mesh_of, &arena, &a, NULL), RRAMNAS_OK);
  assert_true(a.kinds[0].cell_reads == 9 * 7 * 10);
  assert_true(a.kinds[0].off_reads == (2 * 9 * 3 * 2) * 10); /* three groups meet two others each, twice */
  assert_true(a.kinds[0].row_drives == 9 * 7 * 10);
  assert_true(a.kinds[0].half_reads == 9 * 7 * 10 * 128 - 9 * 7 * 10 - 9 * 12 * 10);
  rrn_arena_release(&arena);
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
}

/* Copies share the work: what crossbars do does not change, programming is per copy. */
static void
copies(void **state)
{
  static const int32_t two[] = { 2, 2, 2, 2 };
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_cost_options how = RRAMNAS_COST_OPTIONS_INIT;
  rramnas_net *net = tiny();
  double one_rows[8][RRAMNAS_COST_COMPONENTS][3], two_rows[8][RRAMNAS_COST_COMPONENTS][3];
  rramnas_mapping *m[2];
  int32_t i, k;

  (void)state;
  o.crossbars = 64;
  o.no_duplication = 1;
  how.latency_ns = 1e5;
  m[0] = compile("", net, &o);
  o.no_duplication = 0;
  o.copies = two;
  o.n_copies = 4;
  m[1] = compile("", net, &o);
  assert_int_equal(rramnas_mapping_get_cost_layers(m[0], &how, &one_rows[0][0][0], 8, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_mapping_get_cost_layers(m[1], &how, &two_rows[0][0][0], 8, NULL), RRAMNAS_OK);
  for (i = 0; i < 4; i++)
    for (k = 0; k <= RRN_COST_LAST_IN_CROSSBAR; k++) {
      assert_true(fabs(one_rows[i][k][DYNAMIC] - two_rows[i][k][DYNAMIC]) <= 1e-9 * one_rows[i][k][DYNAMIC]);
      on_grid(two_rows[i][k][AREA], 2 * one_rows[i][k][AREA], 1e9);
    }
  near(cost_of(m[1], NULL, 1).write_energy_pj, 2 * cost_of(m[0], NULL, 1).write_energy_pj);
  near(cost_of(m[1], NULL, 1).cell_utilization, 2 * cost_of(m[0], NULL, 1).cell_utilization);
  rramnas_mapping_unref(m[0]);
  rramnas_mapping_unref(m[1]);
  rramnas_net_unref(net);
}

/* A product of two activations is work in digital units. */
static void
attention_is_not_free(void **state)
{
  static const int64_t shape[2] = { 6, 8 };
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_node node = RRAMNAS_NODE_INIT;
  rramnas_net *net = NULL;
  rramnas_mapping *m;
  double rows[3][RRAMNAS_COST_COMPONENTS][3];
  int32_t x, y, t, pair[2];

  (void)state;
  assert_int_equal(rramnas_net_create("attention", NULL, &net, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_net_add_input(net, "x", shape, 2, &x, NULL), RRAMNAS_OK);
  node.op = RRAMNAS_OP_GEMM;
  node.inputs = &x;
  node.n_inputs = 1;
  node.out_channels = 8;
  assert_int_equal(rramnas_net_add_node(net, &node, &y, NULL), RRAMNAS_OK);
  node.op = RRAMNAS_OP_TRANSPOSE;
  node.inputs = &y;
  node.out_channels = 0;
  assert_int_equal(rramnas_net_add_node(net, &node, &t, NULL), RRAMNAS_OK);
  node.op = RRAMNAS_OP_MATMUL;
  pair[0] = y;
  pair[1] = t;
  node.inputs = pair;
  node.n_inputs = 2;
  assert_int_equal(rramnas_net_add_node(net, &node, &t, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_net_finish(net, NULL), RRAMNAS_OK);
  m = compile("", net, &o);
  assert_int_equal(rramnas_mapping_get_cost_layers(m, NULL, &rows[0][0][0], 3, NULL), RRAMNAS_OK);
  near(rows[1][RRAMNAS_COMPONENT_ARITHMETIC][DYNAMIC], 6 * 6 * 8 * (8 * 8 * 3.125e-3 + 2 * 8 * 3.75e-3));
  assert_true(rows[1][RRAMNAS_COMPONENT_BUFFER][DYNAMIC] > 0 && rows[1][RRAMNAS_COMPONENT_ADC][DYNAMIC] == 0);
  near(cost_of(m, NULL, 1).macs, 6 * 8 * 8 + 6 * 6 * 8);
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
}

/* The same mapping on another chip is what compiling for that chip gives, and the mapping's chip is the default. */
static void
other_hardware(void **state)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_net *net = tiny();
  rramnas_mapping *m, *direct;
  rramnas_hw *same = hw_good("", "hw"), *other = hw_good("adc: {bits: 10}\ndevice: {bits_per_cell: 4}\n", "hw");
  rramnas_cost a, b;

  (void)state;
  o.crossbars = 40;
  o.no_duplication = 1;
  m = compile("", net, &o);
  direct = compile("adc: {bits: 10}\ndevice: {bits_per_cell: 4}\n", net, &o);
  a = cost_of(m, NULL, 4);
  b = cost_of(m, same, 4);
  assert_memory_equal(&a, &b, sizeof(a));
  a = cost_of(direct, NULL, 4);
  b = cost_of(m, other, 4);
  assert_memory_equal(&a, &b, sizeof(a));
  assert_int_equal(b.arrays, 40 * 4);
  assert_int_equal(cost_of(m, NULL, 1).arrays, 40 * 8);
  rramnas_mapping_unref(m);
  rramnas_mapping_unref(direct);
  rramnas_hw_unref(same);
  rramnas_hw_unref(other);
  rramnas_net_unref(net);
}

static void
bad_options(const rramnas_mapping *m, const rramnas_cost_options *o, int32_t status, const char *message)
{
  rramnas_cost c = RRAMNAS_COST_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;

  c.energy_pj = -7;
  assert_int_equal(rramnas_mapping_get_cost(m, o, &c, &err), status);
  assert_string_equal(err.message, message);
  assert_true(c.energy_pj == -7);
}

/* Totals are MNSIM's, rows add up to them, and pooling counts to the layer before it. */
static void
model_mnsim(void **state)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_cost_options how = RRAMNAS_COST_OPTIONS_INIT;
  rramnas_net *net = tiny();
  double rows[8][RRAMNAS_COST_COMPONENTS][3], energy = 0, area = 0;
  rramnas_mapping *m;
  rramnas_cost cost = RRAMNAS_COST_INIT;
  rrn_mnsim_config c;
  rrn_mnsim_result r;
  rrn_arena arena;
  int32_t i, k;

  (void)state;
  o.crossbars = 64;
  how.model = RRAMNAS_COST_MNSIM;
  m = compile("", net, &o);
  assert_int_equal(rramnas_mapping_get_cost(m, &how, &cost, NULL), RRAMNAS_OK);
  assert_int_equal(rramnas_mapping_get_cost_layers(m, &how, &rows[0][0][0], 8, NULL), RRAMNAS_OK);
  rrn_arena_init(&arena, &m->rt);
  c = rrn_mnsim_config_from_hw(m->hw);
  assert_int_equal(rrn_mnsim_network(&c, net, RRN_MNSIM_MODE_WINDOW, &arena, &r, NULL), RRAMNAS_OK);
  near(cost.energy_pj, 1000 * r.energy_nj.total);
  near(cost.area_um2, r.area_um2.total);
  assert_true(cost.latency_ns == r.latency_ns && cost.tiles == r.map.tiles && cost.energy_static_pj == 0);
  assert_true(cost.crossbars == 4 * r.map.tiles && cost.arrays == 8 * r.map.tiles);
  assert_true(cost.busy_share > 0 && cost.busy_share <= 1 && cost.cell_utilization > 0 && cost.cell_utilization < 1);
  for (i = 0; i <= 4; i++)
    for (k = 0; k < RRAMNAS_COST_COMPONENTS; k++) {
      energy += rows[i][k][0] + rows[i][k][1];
      area += rows[i][k][2];
    }
  assert_true(energy == cost.energy_pj && area == cost.area_um2);
  assert_true(rows[2][RRAMNAS_COMPONENT_POOL][0] > 0 && rows[4][RRAMNAS_COMPONENT_CELL][2] == 0);
  rrn_arena_release(&arena);
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
}

static void
arguments(void **state)
{
  rramnas_compile_options compile_options = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_cost_options o = RRAMNAS_COST_OPTIONS_INIT;
  rramnas_net *net = tiny();
  rramnas_hw *wide = hw_good("crossbar: {cols: 256}\n", "hw"), *columns = hw_good("weight: {slicing: columns}\n", "hw");
  rramnas_mapping *m;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  double row[5];

  (void)state;
  compile_options.crossbars = 40;
  m = compile("", net, &compile_options);
  assert_int_equal(rramnas_mapping_get_cost(NULL, NULL, NULL, &err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_mapping_get_cost_layers(m, NULL, row, 4, &err), RRAMNAS_ERR_ARGUMENT);
  assert_string_equal(err.message, "rramnas_mapping_get_cost_layers: room for 4 rows, expected 5");
  assert_int_equal(rramnas_mapping_get_cost_crossbars(m, NULL, row, 40, &err), RRAMNAS_ERR_ARGUMENT);
  assert_string_equal(err.message, "rramnas_mapping_get_cost_crossbars: room for 40 rows, expected 41");
  o.model = 77;
  bad_options(m, &o, RRAMNAS_ERR_ARGUMENT, "cost options: there is no model 77");
  o.model = RRAMNAS_COST_MNSIM;
  o.samples = 2;
  bad_options(m, &o, RRAMNAS_ERR_UNSUPPORTED, "cost options: samples is 2, cost model mnsim knows one inference");
  o.samples = 0;
  o.model = RRAMNAS_COST_RRAMNAS;
  o.timing_model = 9;
  bad_options(m, &o, RRAMNAS_ERR_ARGUMENT, "timing options: there is no model 9");
  o.timing_model = RRAMNAS_TIMING_RNC;
  o.samples = 65537;
  bad_options(m, &o, RRAMNAS_ERR_RANGE, "timing options: samples is 65537, expected 1..65536");
  o.samples = 2;
  o.latency_ns = NAN;
  bad_options(m, &o, RRAMNAS_ERR_RANGE, "cost options: latency_ns is negative or not a number");
  o.latency_ns = 0;
  o.hw = wide;
  bad_options(m, &o, RRAMNAS_ERR_ARGUMENT,
              "cost options: hw has crossbars of 128 x 256, the mapping was made for 128 x 128");
  o.hw = columns;
  bad_options(m, &o, RRAMNAS_ERR_ARGUMENT,
              "cost options: hw has 8 columns per weight, the mapping was made for 1, or slices differ");
  rramnas_mapping_unref(m);
  rramnas_hw_unref(wide);
  rramnas_hw_unref(columns);
  rramnas_net_unref(net);
}

static void
names(void **state)
{
  int32_t model = -1, i;

  (void)state;
  assert_string_equal(rramnas_cost_model_name(RRAMNAS_COST_RRAMNAS), "rramnas");
  assert_null(rramnas_cost_model_name(0));
  assert_int_equal(rramnas_cost_model_from_name("rramnas", &model), RRAMNAS_OK);
  assert_int_equal(model, RRAMNAS_COST_RRAMNAS);
  assert_int_equal(rramnas_cost_model_from_name("neurosim", &model), RRAMNAS_ERR_NOT_FOUND);
  assert_int_equal(rramnas_cost_model_from_name(NULL, &model), RRAMNAS_ERR_ARGUMENT);
  for (i = 0; i < RRAMNAS_COST_COMPONENTS; i++)
    assert_non_null(rramnas_cost_component_name(i));
  assert_string_equal(rramnas_cost_component_name(RRAMNAS_COMPONENT_SHIFT_ADD), "shift_add");
  assert_null(rramnas_cost_component_name(-1));
  assert_null(rramnas_cost_component_name(RRAMNAS_COST_COMPONENTS));
  assert_int_equal(rramnas_feature_supported(RRAMNAS_FEATURE_COST), 1);
}

/* --- explanations --- */

typedef struct told {
  char names[200][64];
  double values[200];
  int n, stop_at;
} told;

static int32_t
keep(void *user, const rramnas_derived *d)
{
  told *t = user;
  int i;

  assert_true(d->size == sizeof(*d) && isfinite(d->value) && d->value >= 0);
  assert_true(d->name[0] && d->unit[0] && d->formula[0] && d->source[0] && d->inputs);
  for (i = 0; i < t->n; i++)
    assert_string_not_equal(t->names[i], d->name);
  assert_true(t->n < 200 && strlen(d->name) < 64);
  strcpy(t->names[t->n], d->name);
  t->values[t->n++] = d->value;
  return t->n == t->stop_at;
}

static double
told_value(const told *t, const char *name)
{
  int i;

  for (i = 0; i < t->n; i++)
    if (strcmp(t->names[i], name) == 0)
      return t->values[i];
  fail_msg("no quantity %s", name);
  return 0;
}

static void
explanations(void **state)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_net *net = tiny();
  rramnas_mapping *m = compile("", net, &o);
  rramnas_hw *sram = hw_good("device: {kind: sram}\nadc: {model: parametric}\n", "hw");
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_cost c = cost_of(m, NULL, 1);
  told t = { .n = 0 }, s = { .n = 0 };
  int n;

  (void)state;
  assert_int_equal(rramnas_mapping_explain(m, NULL, keep, &t, NULL), RRAMNAS_OK);
  assert_true(told_value(&t, "energy_pj") == c.energy_pj && told_value(&t, "area_um2") == c.area_um2);
  assert_true(told_value(&t, "write_energy_pj") == c.write_energy_pj && told_value(&t, "activity.macs") == c.macs);
  near(told_value(&t, "adc.sample_energy_pj"), 1.5625);
  near(told_value(&t, "chip.area_total_um2"), c.area_um2);
  near(told_value(&t, "chip.leakage_total_uw"), c.leakage_mw * 1000);
  for (n = 1; n < t.n; n++) {
    told stopped = { .stop_at = n };

    assert_int_equal(rramnas_mapping_explain(m, NULL, keep, &stopped, &err), RRAMNAS_ERR_CALLBACK);
    assert_int_equal(stopped.n, n);
  }
  assert_int_equal(rramnas_hw_explain(sram, keep, &s, NULL), RRAMNAS_OK);
  near(told_value(&s, "adc.unit_area_um2"), 1200);
  assert_int_equal(rramnas_hw_explain(NULL, keep, &s, &err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_mapping_explain(m, NULL, NULL, &s, &err), RRAMNAS_ERR_ARGUMENT);
  rramnas_mapping_unref(m);
  rramnas_hw_unref(sram);
  rramnas_net_unref(net);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(functions_of_our_own), cmocka_unit_test(scaling),         cmocka_unit_test(cells),
    cmocka_unit_test(ir_drop),              cmocka_unit_test(wires),           cmocka_unit_test(converters),
    cmocka_unit_test(resolution),           cmocka_unit_test(digital),         cmocka_unit_test(sram_points),
    cmocka_unit_test(sram_beyond),          cmocka_unit_test(programming),     cmocka_unit_test(mesh),
    cmocka_unit_test(one_layer),            cmocka_unit_test(block_diagonal),  cmocka_unit_test(off_cells_by_hand),
    cmocka_unit_test(copies),               cmocka_unit_test(attention_is_not_free), cmocka_unit_test(other_hardware),
    cmocka_unit_test(model_mnsim),
    cmocka_unit_test(arguments),            cmocka_unit_test(names),           cmocka_unit_test(explanations),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
