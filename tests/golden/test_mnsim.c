/* SPDX-License-Identifier: MIT */
/* Every component of MNSIM 2.0 under 92 configurations of its SimConfig.ini, and its buffers of all sizes: each number
 * within 1e-9 of what MNSIM printed. Rows of MNSIM's own failures must fail here, too, or are listed as no part. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/hw.h"
#include "../support/ini.h"
#include "../support/table.h"
#include "mnsim/mnsim.h"

#define TOLERANCE 1e-9
#define N(array) (sizeof(array) / sizeof((array)[0]))

/* One configuration; buffers of 16 KB before and 4 KB behind the processing elements, as the runs had them. */
typedef struct setup {
  rramnas_hw *hw;
  rrn_mnsim_config c;
  rrn_mnsim_buffer input, output;
  const char *name;
  int buffers; /* input and output exist */
} setup;

static size_t n_values;

static void
compare(const table_row *row, size_t first, const double *got, size_t n)
{
  table_compare(row, first, got, n, TOLERANCE);
  n_values += n;
}

static void
begin(setup *s, const table_row *row)
{
  rramnas_hw_unref(s->hw);
  s->hw = hw_changed_ini(row->field[2]);
  s->c = rrn_mnsim_config_from_hw(s->hw);
  s->name = row->field[1];
  assert_int_equal(rrn_mnsim_buffer_of(&s->c, RRN_MNSIM_INPUT_BUFFER, 16, &s->input, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_mnsim_buffer_of(&s->c, RRN_MNSIM_OUTPUT_BUFFER, 4, &s->output, NULL), RRAMNAS_OK);
}

static void
check_device(const setup *s, const table_row *row)
{
  const double got[] = { s->c.off_ohm, s->c.on_ohm, rrn_mnsim_device_initial_read_w(&s->c),
                         rrn_mnsim_device_initial_write_w(&s->c), rrn_mnsim_device_read_w(&s->c, 0, 0),
                         rrn_mnsim_device_read_w(&s->c, s->c.off_ohm, 0),
                         rrn_mnsim_device_read_w(&s->c, s->c.on_ohm, s->c.read_v[1]) };

  compare(row, 2, got, N(got));
}

static void
check_crossbar(const setup *s, const table_row *row)
{
  const double got[] = { rrn_mnsim_crossbar_area_um2(&s->c), rrn_mnsim_crossbar_read_ns(&s->c), s->c.subarrays,
                         s->c.load_ohm, hw_number(s->hw, "crossbar.wire_resistance_ohm"),
                         hw_number(s->hw, "crossbar.wire_capacitance_ff") };

  compare(row, 2, got, N(got));
}

static void
check_read(const setup *s, const table_row *row)
{
  const double rows = table_number(row, 2), cols = table_number(row, 3);
  const double got[] = { rrn_mnsim_crossbar_read_w(&s->c, rows, cols), rrn_mnsim_crossbar_read_ns(&s->c),
                         rrn_mnsim_crossbar_read_nj(&s->c, rows, cols) };

  compare(row, 5, got, N(got));
}

static void
check_write(const setup *s, const table_row *row)
{
  const double got[] = { rrn_mnsim_crossbar_write_ns(&s->c, s->c.rows),
                         rrn_mnsim_crossbar_write_nj(&s->c, s->c.rows, s->c.cols) };

  compare(row, 2, got, N(got));
}

/* 27 x 16 cells: level of cell (i, j) is (7 i + 3 j) mod 2, row i is read at voltage i mod 2 and written at the
 * highest. */
static void
check_estimate(const setup *s, const table_row *row)
{
  double conductance[27 * 16], read_v[27], write_v[27], full, part, write;
  const double ns = rrn_mnsim_crossbar_read_ns(&s->c);
  int i, j;

  for (i = 0; i < 27; i++) {
    read_v[i] = s->c.read_v[i % 2];
    write_v[i] = s->c.write_v[1];
    for (j = 0; j < 16; j++)
      conductance[16 * i + j] = 1 / ((7 * i + 3 * j) % 2 ? s->c.on_ohm : s->c.off_ohm);
  }
  assert_int_equal(rrn_mnsim_estimate_read_w(&s->c, NULL, NULL, 0, 0, &full, NULL), RRAMNAS_OK);
  assert_int_equal(rrn_mnsim_estimate_read_w(&s->c, conductance, read_v, 27, 16, &part, NULL), RRAMNAS_OK);
  write = rrn_mnsim_estimate_write_w(&s->c, conductance, write_v, 27, 16);
  {
    const double got[] = { full, full * ns, part, part * ns, rrn_mnsim_crossbar_write_ns(&s->c, 27), write,
                           write * s->c.write_ns };

    compare(row, 2, got, N(got));
  }
}

static void
check_dac(const setup *s, const table_row *row)
{
  const double got[] = { s->c.dac_area_um2, s->c.dac_bits, s->c.dac_power_w, hw_number(s->hw, "dac.rate_gsps"),
                         s->c.dac_ns, s->c.dac_ns * s->c.dac_power_w };

  compare(row, 2, got, N(got));
}

static void
check_adc(const setup *s, const table_row *row)
{
  const double got[] = { s->c.adc_area_um2, s->c.adc_bits, s->c.adc_power_w, hw_number(s->hw, "adc.rate_gsps"),
                         s->c.adc_ns, s->c.adc_ns * s->c.adc_power_w };

  compare(row, 2, got, N(got));
}

static void
check_thresholds(const setup *s, const table_row *row)
{
  const int32_t n = (1 << s->c.adc_bits) - 1;
  double *volt = calloc((size_t)n + 2, sizeof(*volt)), middle;

  assert_non_null(volt);
  rrn_mnsim_thresholds(&s->c, 256, volt);
  middle = (volt[0] + volt[n - 1]) / 2;
  {
    const double got[] = { n, volt[0], volt[1], volt[2], volt[n - 1], rrn_mnsim_sense(volt, s->c.adc_bits, 0),
                           rrn_mnsim_sense(volt, s->c.adc_bits, middle), rrn_mnsim_sense(volt, s->c.adc_bits, 1e9) };

    compare(row, 2, got, N(got));
  }
  free(volt);
}

static void
compare_block(const table_row *row, rrn_mnsim_cost cost)
{
  const double got[] = { cost.area_um2, cost.power_w, cost.latency_us, cost.energy_nj };

  compare(row, 2, got, N(got));
}

/* 1 when the row is one of a digital block: its name ends with its width. */
static int
check_block(const setup *s, const table_row *row)
{
  const char *name = row->field[0];
  const int32_t bits = (int32_t)strtol(name + strcspn(name, "0123456789"), NULL, 10);

  if (strncmp(name, "adder_", 6) == 0)
    compare_block(row, rrn_mnsim_adder(&s->c, bits));
  else if (strncmp(name, "multiplier_", 11) == 0)
    compare_block(row, rrn_mnsim_multiplier(&s->c, bits));
  else if (strncmp(name, "shiftreg_", 9) == 0)
    compare_block(row, rrn_mnsim_shift_register(&s->c));
  else if (strncmp(name, "reg_", 4) == 0)
    compare_block(row, rrn_mnsim_register(&s->c));
  else if (strncmp(name, "jointmodule_", 12) == 0)
    compare_block(row, rrn_mnsim_joint(&s->c, bits));
  else
    return 0;
  return 1;
}

static void
check_pooling(const setup *s, const table_row *row)
{
  double area, power;

  assert_int_equal(rrn_mnsim_pool(&s->c, &area, &power, NULL), RRAMNAS_OK);
  {
    const double ns = rrn_mnsim_pool_ns(&s->c, 64, 9);
    const double got[] = { area, power, ns, power * ns, rrn_mnsim_pool_ns(&s->c, 130, 10) };

    compare(row, 2, got, N(got));
  }
}

static void
check_buffer(setup *s, const table_row *row)
{
  rrn_mnsim_buffer b;

  s->c.bus_bits = (int32_t)table_number(row, 5);
  s->c.input_kb = s->c.output_kb = 0;
  assert_int_equal(rrn_mnsim_buffer_of(&s->c, RRN_MNSIM_INPUT_BUFFER, table_number(row, 3), &b, NULL), RRAMNAS_OK);
  {
    const double got[] = { b.index, b.bus_bits, b.area_um2, b.leakage_mw, b.read_dynamic_mw,
                           b.write_dynamic_mw, b.read_mw, b.write_mw, RRN_MNSIM_BUFFER_CYCLE_NS,
                           rrn_mnsim_buffer_ns(&b, 100), rrn_mnsim_buffer_ns(&b, 100),
                           rrn_mnsim_buffer_read_nj(&b, 100), rrn_mnsim_buffer_write_nj(&b, 100) };

    compare(row, 4, got, N(got));
  }
  s->c = rrn_mnsim_config_from_hw(s->hw);
}

static void
check_counts(const setup *s, const table_row *row)
{
  const rrn_mnsim_pe pe = rrn_mnsim_pe_counts(&s->c);
  const double got[] = { pe.crossbars, pe.group_adcs, pe.group_dacs, pe.adcs, pe.dacs, pe.input_demux, pe.output_mux,
                         pe.adders, s->c.groups };

  compare(row, 2, got, N(got));
}

static void
check_pe_area(const setup *s, const table_row *row)
{
  const rrn_mnsim_parts p = rrn_mnsim_pe_area(&s->c, &s->input);
  const double got[] = { p.total, p.crossbar, p.adc, p.dac, p.digital, p.adder, p.shift_register, p.input_register,
                         p.output_register, p.input_demux, p.output_mux, p.buffer };

  compare(row, 2, got, N(got));
}

static void
check_pe_power(const setup *s, const table_row *row)
{
  const rrn_mnsim_use use = { table_number(row, 2), table_number(row, 3), table_number(row, 4), 1 };
  const rrn_mnsim_parts p = rrn_mnsim_pe_power(&s->c, &use, &s->input);
  const double got[] = { p.total, p.crossbar, p.adc, p.dac, p.digital, p.adder,
                         p.shift_register, p.input_register, p.output_register, p.input_demux, p.output_mux, p.buffer,
                         p.buffer_read, p.buffer_write };

  compare(row, 5, got, N(got));
}

static void
check_efficiency(const setup *s, const table_row *row)
{
  double got[2];

  rrn_mnsim_pe_efficiency(&s->c, &s->input, &got[0], &got[1]);
  compare(row, 2, got, N(got));
}

static void
check_pe_latency(const setup *s, const table_row *row)
{
  const rrn_mnsim_use use = { table_number(row, 2), table_number(row, 3), s->c.groups, 1 };
  const rrn_mnsim_latency l = rrn_mnsim_pe_latency(&s->c, &use, (int32_t)table_number(row, 6), &s->input,
                                                   table_number(row, 4), table_number(row, 5));
  const double got[] = { l.total_ns, l.buffer_write_ns, l.buffer_read_ns, l.crossbar_ns, l.dac_ns, l.adc_ns,
                         l.computing_ns, l.input_register_ns, l.shift_register_ns, l.input_demux_ns, l.adder_ns,
                         l.output_mux_ns, l.output_register_ns, l.digital_ns, l.demux_step_ns, l.mux_step_ns,
                         l.clock_ns };

  compare(row, 7, got, N(got));
}

static void
check_tile_latency(const setup *s, const table_row *row)
{
  const rrn_mnsim_use use = { table_number(row, 2), table_number(row, 3), s->c.groups, table_number(row, 7) };
  rrn_mnsim_latency l;

  assert_int_equal(rrn_mnsim_tile_latency(&s->c, &use, (int32_t)table_number(row, 6), &s->input, &s->output,
                                          table_number(row, 4), table_number(row, 5), &l, NULL),
                   RRAMNAS_OK);
  {
    const double got[] = { l.buffer_write_ns, l.buffer_read_ns, l.crossbar_ns, l.dac_ns, l.adc_ns,
                           l.computing_ns, l.input_register_ns, l.shift_register_ns, l.input_demux_ns, l.adder_ns,
                           l.output_mux_ns, l.output_register_ns, l.digital_ns, l.demux_step_ns, l.mux_step_ns,
                           l.clock_ns, l.total_ns, l.joint_ns, l.transfer_ns, l.output_write_ns };

    compare(row, 9, got, N(got));
  }
}

static void
check_pooling_latency(const setup *s, const table_row *row)
{
  const rrn_mnsim_pooling_latency l =
    rrn_mnsim_tile_pooling(&s->c, table_number(row, 4), table_number(row, 5), RRN_MNSIM_WIDTH, &s->input, &s->output,
                           table_number(row, 2), table_number(row, 3));
  const double got[] = { l.total_ns, l.input_write_ns, l.input_read_ns, l.pooling_ns, l.output_write_ns };

  compare(row, 6, got, N(got));
}

static void
check_tile_area(const setup *s, const table_row *row)
{
  rrn_mnsim_parts p;

  assert_int_equal(rrn_mnsim_tile_area(&s->c, &s->input, &s->output, &p, NULL), RRAMNAS_OK);
  {
    const double got[] = { p.total, p.crossbar, p.adc, p.dac, p.digital, p.adder, p.shift_register, p.input_register,
                           p.output_register, p.input_demux, p.output_mux, p.joint, p.pooling, p.buffer,
                           rrn_mnsim_tile_joints(&s->c) };

    compare(row, 2, got, N(got));
  }
}

static int32_t
kind_of(const char *name)
{
  int32_t kind = 0;

  while (strcmp(rrn_mnsim_kind_name(kind), name) != 0)
    assert_true(kind++ < RRN_MNSIM_ELEMENT_MULTIPLY);
  return kind;
}

static void
check_tile_power(const setup *s, const table_row *row)
{
  const rrn_mnsim_use use = { table_number(row, 3), table_number(row, 4), table_number(row, 6), table_number(row, 5) };
  rrn_mnsim_parts p;

  assert_int_equal(rrn_mnsim_tile_power(&s->c, (enum rrn_mnsim_kind)kind_of(row->field[2]), &use, &s->input,
                                        &s->output, &p, NULL),
                   RRAMNAS_OK);
  {
    const double got[] = { p.total, p.crossbar, p.adc, p.dac, p.digital, p.adder, p.shift_register, p.input_register,
                           p.output_register, p.input_demux, p.output_mux, p.joint, p.pooling, p.buffer,
                           p.buffer_read, p.buffer_write };

    compare(row, 7, got, N(got));
  }
}

/* --- MNSIM's failures --- */

static void
check_no_buffer(const setup *s)
{
  rrn_mnsim_config c = s->c;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_mnsim_buffer b;

  c.bus_bits = 512;
  assert_int_equal(rrn_mnsim_buffer_of(&c, RRN_MNSIM_INPUT_BUFFER, 2, &b, &err), RRAMNAS_ERR_UNSUPPORTED);
  assert_string_equal(err.message,
                      "mnsim: buffer.bus_bits is 512, MNSIM has no buffer of up to 2 KiB with more than 256 bits");
}

static void
check_no_pool(const setup *s)
{
  rrn_mnsim_parts p;
  double area, power;

  assert_int_equal(rrn_mnsim_pool(&s->c, &area, &power, NULL), RRAMNAS_ERR_UNSUPPORTED);
  assert_int_equal(rrn_mnsim_tile_area(&s->c, &s->input, &s->output, &p, NULL), RRAMNAS_ERR_UNSUPPORTED);
}

static void
check_no_estimate(const setup *s)
{
  double ones[27 * 16] = { 0 }, power;

  assert_int_equal(rrn_mnsim_estimate_read_w(&s->c, ones, ones, 27, 16, &power, NULL), RRAMNAS_ERR_UNSUPPORTED);
}

static void
check_no_tile_latency(const setup *s, const char *pes)
{
  const rrn_mnsim_use use = { 1, 1, 1, (double)strtol(pes, NULL, 10) };
  rrn_mnsim_latency l;

  assert_int_equal(rrn_mnsim_tile_latency(&s->c, &use, 1, &s->input, &s->output, 0, 0, &l, NULL),
                   RRAMNAS_ERR_UNSUPPORTED);
}

static void
check_failure(const setup *s, const table_row *row)
{
  const char *where = row->field[2];

  if (strcmp(where, "device.write_power") == 0 || strcmp(where, "pe.read_power_detailed") == 0)
    return; /* no part of the model: B1, B4 */
  if (strncmp(where, "buffer:", 7) == 0)
    check_no_buffer(s);
  else if (strcmp(where, "pooling") == 0 || (strcmp(where, "tile") == 0 && strcmp(s->name, "pool32") == 0))
    check_no_pool(s);
  else if (strcmp(where, "crossbar") == 0)
    check_no_estimate(s);
  else if (strncmp(where, "tile_latency:", 13) == 0)
    check_no_tile_latency(s, where + 13);
  else
    fail_msg("%s failed in MNSIM", where);
}

typedef struct check {
  const char *record;
  void (*run)(const setup *s, const table_row *row);
} check;

static void
check_row(setup *s, const table_row *row)
{
  static const check checks[] = {
    { "device", check_device }, { "crossbar", check_crossbar }, { "read", check_read }, { "write", check_write },
    { "estimate", check_estimate }, { "dac", check_dac }, { "adc", check_adc }, { "thresholds", check_thresholds },
    { "pooling", check_pooling }, { "counts", check_counts }, { "pe_area", check_pe_area },
    { "pe_power", check_pe_power }, { "efficiency", check_efficiency }, { "pe_latency", check_pe_latency },
    { "tile_latency", check_tile_latency }, { "pooling_latency", check_pooling_latency },
    { "tile_area", check_tile_area }, { "tile_power", check_tile_power }, { "error", check_failure },
  };
  size_t i;

  if (strcmp(row->field[0], "buffer") == 0) {
    check_buffer(s, row);
    return;
  }
  if (check_block(s, row))
    return;
  for (i = 0; i < N(checks); i++)
    if (strcmp(row->field[0], checks[i].record) == 0) {
      checks[i].run(s, row);
      return;
    }
  fail_msg("unknown record %s", row->field[0]);
}

/* MNSIM ends at once when asked for no DACs (B3); our reader of its file says so. */
static int
has_no_dacs(const table_row *row)
{
  return strstr(row->field[2], "DAC_Num=0") != NULL;
}

static void
components(void **state)
{
  char *data = hw_data("mnsim/components.csv"), *rest = data;
  setup s = { 0 };
  table_row row;
  size_t configs = 0, skipped = 0;
  int skip = 0;

  (void)state;
  n_values = 0;
  while (table_next(&rest, &row)) {
    if (strcmp(row.field[0], "set") == 0) {
      configs++;
      skip = has_no_dacs(&row);
      if (!skip)
        begin(&s, &row);
    } else if (skip) {
      skipped++;
    } else {
      check_row(&s, &row);
    }
  }
  print_message("%zu values\n", n_values);
  assert_true(configs >= 92 + 3 && skipped >= 10 && n_values >= 38020);
  rramnas_hw_unref(s.hw);
  free(data);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(components),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
