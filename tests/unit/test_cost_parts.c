/* SPDX-License-Identifier: MIT */
/* Parts of cost model rramnas against values computed by hand: scaling, cells, wires, converters, digital, buffers, mesh. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/hw.h"
#include "cost/cost.h"
#include "cost/model.h"
#include "cost/parts.h"
#include "cost/scale.h"
#include "near.h"
#include "util/power.h"
#include "xbar/noise.h"

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

/* A pair holds the sign, an offset does not; columns of a weight, arrays of the layout and planes of the product
 * agree. */
static void
slices_are_counted_once(void **state)
{
  static const struct { const char *sign; int bits, cell_bits, slices; } cases[] = {
    { "differential", 8, 1, 7 }, { "differential", 8, 2, 4 }, { "differential", 8, 4, 2 }, { "differential", 9, 8, 1 },
    { "differential", 4, 3, 1 }, { "differential", 2, 1, 1 }, { "offset", 8, 1, 8 }, { "offset", 8, 2, 4 },
    { "offset", 9, 8, 2 }, { "offset", 4, 3, 2 }, { "offset", 2, 1, 2 },
  };
  const int32_t weight = 1;
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    const int sides = strcmp(cases[i].sign, "offset") == 0 ? 1 : 2, columns = sides * cases[i].slices;
    const rrn_xbar_id id = { .copy = 0 };
    rrn_xbar_spec spec;
    char text[256];
    rrn_xbar_layer l;
    rramnas_hw *hw;

    snprintf(text, sizeof(text),
             "schema: rramnas.hardware/1\ndevice: {bits_per_cell: %d}\nadc: {below_resolution: accept}\n"
             "weight: {bits: %d, sign: %s, slicing: columns}\n", cases[i].cell_bits, cases[i].bits, cases[i].sign);
    hw = hw_good(text, "hw.yaml");
    assert_int_equal(rrn_hw_columns_per_weight(hw), columns);
    assert_true(rrn_layout_of(hw).slices == cases[i].slices);
    spec = rrn_xbar_spec_of(hw);
    assert_int_equal(rrn_xbar_layer_create(&spec, &weight, 1, 1, id, &l, NULL), RRAMNAS_OK);
    assert_int_equal(l.n_slices * l.n_sides, columns);
    rramnas_hw_unref(hw);
  }
}

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

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(functions_of_our_own),
    cmocka_unit_test(scaling),
    cmocka_unit_test(cells),
    cmocka_unit_test(ir_drop),
    cmocka_unit_test(wires),
    cmocka_unit_test(converters),
    cmocka_unit_test(resolution),
    cmocka_unit_test(digital),
    cmocka_unit_test(sram_points),
    cmocka_unit_test(sram_beyond),
    cmocka_unit_test(slices_are_counted_once),
    cmocka_unit_test(programming),
    cmocka_unit_test(mesh),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
