/* SPDX-License-Identifier: MIT */
/* MNSIM 2.0's SimConfig.ini as it is found: dialect, rules, warnings, errors with their exact text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/hw.h"
#include "hw/ini.h"
#include "hw/spec_ini.h"

static int
warned(const rramnas_hw *hw, const char *text)
{
  size_t i;

  for (i = 0; i < rramnas_hw_warning_count(hw); i++)
    if (strcmp(rramnas_hw_warning(hw, i), text) == 0)
      return 1;
  return 0;
}

/* The shipped file with `key = value` replaced; the caller frees it. */
static char *
shipped_with(const char *key, const char *value)
{
  char *ini = hw_data("hw/SimConfig.ini"), *text = calloc(strlen(ini) + strlen(value) + 64, 1), line[64], *at;

  assert_non_null(text);
  snprintf(line, sizeof(line), "\n%s = ", key);
  at = strstr(ini, line);
  if (!at)
    fail_msg("no key %s", key);
  at += strlen(line);
  memcpy(text, ini, (size_t)(at - ini));
  strcat(text, value);
  strcat(text, strchr(at, '\n'));
  free(ini);
  return text;
}

static rramnas_hw *
hw_with(const char *key, const char *value)
{
  char *text = shipped_with(key, value);
  rramnas_hw *hw = hw_good(text, "SimConfig.ini");

  free(text);
  return hw;
}

static void
bad_with(const char *key, const char *value, int32_t status, const char *message)
{
  char *text = shipped_with(key, value);

  hw_bad(text, "SimConfig.ini", status, message);
  free(text);
}

static void
shipped_file(void **state)
{
  char *ini = hw_data("hw/SimConfig.ini");
  rramnas_hw *hw = hw_good(ini, "SimConfig.ini");
  size_t i, expected = 0;

  (void)state;
  assert_true(hw_number(hw, "crossbar.rows") == 256 && hw_number(hw, "crossbar.cols") == 256);
  assert_true(hw_number(hw, "crossbar.subarray_rows") == 256);
  assert_true(hw_number(hw, "device.on_resistance_ohm") == 1e4 && hw_number(hw, "device.off_resistance_ohm") == 1e6);
  assert_true(hw_number(hw, "device.read_voltage_v") == 0.15 && hw_number(hw, "device.write_voltage_v") == 3);
  assert_true(hw_number(hw, "device.bits_per_cell") == 1);
  assert_true(hw_number(hw, "adc.bits") == 6 && hw_number(hw, "adc.rate_gsps") == 1);
  assert_true(hw_number(hw, "dac.per_subarray") == 128 && hw_number(hw, "adc.per_subarray") == 128);
  assert_string_equal(hw_text(hw, "weight.sign"), "differential");
  for (i = 0; i < rrn_ini_n_keys; i++)
    expected += rrn_ini_keys[i].use == RRN_INI_IGNORED;
  expected++;
  assert_true(warned(hw, "SimConfig.ini:37: adc.bits is 6, but telling all sums of a column apart takes 8; "
                         "adc.below_resolution: accept says that this is meant"));
  assert_int_equal(rramnas_hw_warning_count(hw), expected);
  assert_true(warned(hw, "SimConfig.ini:82: Pooling_area has no effect in MNSIM, ignored"));
  assert_true(hw_number(hw, "crossbar.wire_resistance_ohm") == 2.82 && hw_number(hw, "crossbar.wire_capacitance_ff") == 1);
  assert_true(hw_number(hw, "adc.area_um2") == 1650 && hw_number(hw, "adc.power_uw") == 1260);
  assert_true(hw_number(hw, "device.read_energy_fj") == 1.12 && hw_number(hw, "device.write_energy_fj") == 1.6);
  assert_true(hw_number(hw, "tile.pe_rows") == 2 && hw_number(hw, "chip.tile_cols") == 64);
  assert_null(rramnas_hw_warning(hw, expected));
  rramnas_hw_unref(hw);
  free(ini);
}

/* RNC's chip from its ini is the default chip but for what the ini says or cannot say. */
static void
rnc_file(void **state)
{
  char *ini = hw_data("hw/SimConfig.ini"), *p;
  rramnas_hw *hw, *plain = NULL, *changed = NULL;

  (void)state;
  while ((p = strstr(ini, "256")))
    memcpy(p, "128", 3);
  p = strstr(ini, "ADC_Choice = 6");
  p[13] = '2';
  p = strstr(ini, "DAC_Num = 128");
  memcpy(p + 10, "256", 3);
  p = strstr(ini, "Device_Variation = 1");
  p[19] = '0';
  p = strstr(ini, "Device_SAF = 0.1,0.1");
  memcpy(p + 13, "0.0,0.0", 7);
  hw = hw_good(ini, "a/b/SimConfig.INI");
  assert_int_equal(rramnas_hw_create_default(NULL, &plain, NULL), RRAMNAS_OK);
  assert_false(hw_same(hw, plain));
  assert_int_equal(rramnas_hw_with_value(hw, "device.bits_per_cell", "2", &changed, NULL), RRAMNAS_OK);
  rramnas_hw_unref(hw);
  assert_int_equal(rramnas_hw_with_value(changed, "crossbar.subarray_rows", "0", &hw, NULL), RRAMNAS_OK);
  assert_true(hw_same(hw, plain));
  rramnas_hw_unref(hw);
  rramnas_hw_unref(changed);
  rramnas_hw_unref(plain);
  free(ini);
}

/* Percent there, fractions here. */
static void
variation(void **state)
{
  rramnas_hw *hw = hw_good("[Device level]\nDevice_Variation = 5\nDevice_SAF = 1.5,0.25\n", "a.ini");

  (void)state;
  assert_string_equal(hw_text(hw, "noise.write_model"), "relative");
  assert_true(hw_number(hw, "noise.write_sigma") == 0.05);
  assert_true(hw_number(hw, "noise.stuck_off_fraction") == 0.015 && hw_number(hw, "noise.stuck_on_fraction") == 0.0025);
  rramnas_hw_unref(hw);
  hw = hw_good("[Device level]\nDevice_Variation = 0\n", "a.ini");
  assert_string_equal(hw_text(hw, "noise.write_model"), "none");
  assert_true(hw_number(hw, "noise.write_sigma") == 0 && hw_number(hw, "noise.stuck_on_fraction") == 0);
  rramnas_hw_unref(hw);
  hw_bad("[Device level]\nDevice_Variation = 101\n", "a.ini", RRAMNAS_ERR_RANGE,
         "a.ini:2:20: Device_Variation is \"101\", expected a number 0..100");
  hw_bad("[Device level]\nDevice_SAF = 1,x\n", "a.ini", RRAMNAS_ERR_RANGE,
         "a.ini:2:16: Device_SAF is \"x\", expected a number 0..100");
  hw_bad("[Device level]\nDevice_SAF = 60,60\n", "a.ini", RRAMNAS_ERR_RANGE,
         "a.ini:2:14: noise.stuck_off_fraction is 0.6 and noise.stuck_on_fraction is 0.6. A cell is stuck in one state, "
         "so both fractions together must not exceed 1.");
}

static void
dialect_accepted(void **state)
{
  static const char text[] =
    "\xef\xbb\xbf; byte order mark, three line ends, both comment signs\r\n"
    "[Crossbar level] # ignored\r"
    "  xbar_SIZE:  64 , 32  \r\n"
    "   ; indented comment\n"
    "\n"
    "unknown key\t= a = b : c\n"
    "Subarray_Size =64\n"
    "[Other]\n"
    "Read_Latency = 1\n"
    "[Device level]\n"
    "Read_Latency\t=\t5e0\n"
    "DAC_Num = 3";
  rramnas_hw *hw = hw_good(text, "x.ini");

  (void)state;
  assert_true(hw_number(hw, "crossbar.rows") == 64 && hw_number(hw, "crossbar.cols") == 32);
  assert_true(hw_number(hw, "device.read_latency_ns") == 5 && hw_number(hw, "dac.per_subarray") == 128);
  assert_true(warned(hw, "x.ini:6: unknown key is not a key that MNSIM reads from [Crossbar level], ignored"));
  assert_true(warned(hw, "x.ini:8: [Other] is not a section of MNSIM, ignored"));
  assert_true(warned(hw, "x.ini:12: DAC_Num is ignored in [Device level], MNSIM reads it from [Process element level]"));
  assert_true(warned(hw, "x.ini: DAC_Num is missing from [Process element level], 128 is taken"));
  rramnas_hw_unref(hw);
}

static void
dialect_errors(void **state)
{
  char many[9000] = "[a]\n";
  size_t i;

  (void)state;
  hw_bad("", "x.ini", RRAMNAS_ERR_PARSE, "x.ini: no section of a MNSIM 2.0 SimConfig.ini, such as [Device level]");
  hw_bad("a = 1\n", "x.ini", RRAMNAS_ERR_PARSE, "x.ini:1:1: a key before the first [section]");
  hw_bad("[a]\nword\n", "x.ini", RRAMNAS_ERR_PARSE, "x.ini:2:1: expected key = value or [section]");
  hw_bad("[a]\n= 3\n", "x.ini", RRAMNAS_ERR_PARSE, "x.ini:2:1: expected key = value or [section]");
  hw_bad("[a\n", "x.ini", RRAMNAS_ERR_PARSE, "x.ini:1:1: expected [section]");
  hw_bad("[]\n", "x.ini", RRAMNAS_ERR_PARSE, "x.ini:1:1: expected [section]");
  hw_bad("[a]\nb = 1\n\xc3\xa4 = 1\nB : 2\n", "x.ini", RRAMNAS_ERR_PARSE, "x.ini:4:1: key \"B\" was given before in line 2");
  hw_bad("[a]\nb = 1\n[a]\n", "x.ini", RRAMNAS_ERR_PARSE, "x.ini:3:1: section [a] was given before in line 1");
  hw_bad("[Device level]\nRead_Latency = 1\n  Write_Latency = 2\n", "x.ini", RRAMNAS_ERR_PARSE,
         "x.ini:3:3: the line is indented and so continues the value above, which no key of a SimConfig.ini takes");
  hw_bad("[a]\nb = \xff\n", "x.ini", RRAMNAS_ERR_PARSE, "x.ini:2:1: the line is not UTF-8 text");
  for (i = 0; i <= RRN_INI_MAX_KEYS; i++)
    sprintf(many + strlen(many), "%zu=\n", i);
  hw_bad(many, "x.ini", RRAMNAS_ERR_LIMIT, "x.ini:1026:1: more than 1024 keys");
  memset(many + 4, 'k', 101);
  strcpy(many + 105, "=1\n");
  hw_bad(many, "x.ini", RRAMNAS_ERR_LIMIT, "x.ini:2:1: the key has 101 bytes, the limit is 100");
}

static void
value_errors(void **state)
{
  (void)state;
  bad_with("Read_Latency", "3.16 # ns", RRAMNAS_ERR_RANGE,
           "SimConfig.ini:11:16: Read_Latency (device.read_latency_ns) is \"3.16 # ns\", expected a number 1e-06..1000000000");
  bad_with("Read_Latency", "", RRAMNAS_ERR_RANGE,
           "SimConfig.ini:11:15: Read_Latency (device.read_latency_ns) is \"\", expected a number 1e-06..1000000000");
  bad_with("Xbar_Size", "256", RRAMNAS_ERR_RANGE, "SimConfig.ini:22:13: Xbar_Size is \"256\", expected rows,columns");
  bad_with("Xbar_Size", "256, x", RRAMNAS_ERR_RANGE,
           "SimConfig.ini:22:18: Xbar_Size (crossbar.cols) is \"x\", expected an integer 1..65536");
  bad_with("Xbar_Size", "384,256", RRAMNAS_ERR_RANGE,
           "SimConfig.ini:23:17: crossbar.subarray_rows is 256 and crossbar.rows is 384. A crossbar is made of whole "
           "subarrays, so crossbar.rows must be a multiple of crossbar.subarray_rows.");
  bad_with("Cell_Type", "2T2R", RRAMNAS_ERR_RANGE, "SimConfig.ini:24:13: Cell_Type (crossbar.cell) is \"2T2R\", expected 1T1R|0T1R");
  bad_with("DAC_Choice", "8", RRAMNAS_ERR_RANGE, "SimConfig.ini:32:14: DAC_Choice is \"8\", expected an integer -1..7");
  bad_with("ADC_Choice", "0", RRAMNAS_ERR_RANGE, "SimConfig.ini:37:14: ADC_Choice is \"0\", expected -1 or 1..9");
  bad_with("ADC_Choice", "-1", RRAMNAS_ERR_RANGE,
           "SimConfig.ini:39:17: ADC_Precision (adc.bits) is \"0\", expected an integer 1..16");
  bad_with("DAC_Num", "0", RRAMNAS_ERR_RANGE,
           "SimConfig.ini:50:11: DAC_Num (dac.per_subarray) is \"0\", expected an integer 1..65536");
  bad_with("Device_Resistance", "1e4,1e6", RRAMNAS_ERR_RANGE,
           "SimConfig.ini:14:25: device.on_resistance_ohm is 1000000 and device.off_resistance_ohm is 10000. The on "
           "state must conduct better, so device.on_resistance_ohm must be below device.off_resistance_ohm.");
  bad_with("Device_Level", "1", RRAMNAS_ERR_RANGE, "SimConfig.ini:13:16: Device_Level is \"1\", expected an integer 2..256");
  bad_with("Xbar_Polarity", "3", RRAMNAS_ERR_RANGE, "SimConfig.ini:47:17: Xbar_Polarity is \"3\", expected an integer 1..2");
}

static void
rules(void **state)
{
  rramnas_hw *hw;

  (void)state;
  hw = hw_with("ADC_Num", "0");
  assert_true(hw_number(hw, "adc.per_subarray") == 31);
  assert_true(warned(hw, "SimConfig.ini:51: ADC_Num is 0: 31 ADCs per subarray follow from the areas"));
  rramnas_hw_unref(hw);
  hw = hw_with("ADC_Choice", "9");
  assert_string_equal(hw_text(hw, "adc.kind"), "ramp");
  rramnas_hw_unref(hw);
  hw = hw_with("PIM_Type", "1");
  assert_true(hw_number(hw, "adc.bits") == 1);
  assert_string_equal(hw_text(hw, "adc.kind"), "flash");
  assert_true(warned(hw, "SimConfig.ini:37: ADC_Choice is ignored, PIM_Type 1 takes choice 8"));
  rramnas_hw_unref(hw);
  hw = hw_with("Xbar_Polarity", "1");
  assert_string_equal(hw_text(hw, "weight.sign"), "offset");
  rramnas_hw_unref(hw);
  hw = hw_with("Device_Level", "12");
  assert_true(hw_number(hw, "device.bits_per_cell") == 3);
  assert_true(warned(hw, "SimConfig.ini:13: Device_Level 12 is not a power of two: 3 bits per cell are used"));
  rramnas_hw_unref(hw);
  hw = hw_with("Group_Num", "0");
  assert_true(hw_number(hw, "pe.groups") == 1);
  assert_true(warned(hw, "SimConfig.ini:49: Group_Num is 0: 1 group is taken, as MNSIM does"));
  rramnas_hw_unref(hw);
  hw = hw_with("ADC_Precision", "7");
  assert_true(warned(hw, "SimConfig.ini:39: ADC_Precision counts only with ADC_Choice = -1, ignored"));
  rramnas_hw_unref(hw);
  hw = hw_with("Device_Type", "SRAM");
  assert_string_equal(hw_text(hw, "device.kind"), "sram");
  rramnas_hw_unref(hw);
  hw = hw_with("Device_Type", "PCM");
  assert_string_equal(hw_text(hw, "device.kind"), "sram");
  assert_true(warned(hw, "SimConfig.ini:5: Device_Type is neither NVM nor SRAM and is read as SRAM, as MNSIM does"));
  rramnas_hw_unref(hw);
}

static void
check_number(const char *key, const char *value, const char *field, double expected)
{
  rramnas_hw *hw = hw_with(key, value);

  if (hw_number(hw, field) != expected)
    fail_msg("%s = %s gives %s %.17g, expected %.17g", key, value, field, hw_number(hw, field), expected);
  rramnas_hw_unref(hw);
}

static void
check_word(const char *key, const char *value, const char *field, const char *expected)
{
  rramnas_hw *hw = hw_with(key, value);

  assert_string_equal(hw_text(hw, field), expected);
  rramnas_hw_unref(hw);
}

/* What energy and area need: MNSIM's tables, its substitutes for zeros, and units that are not ours. */
static void
cost_keys(void **state)
{
  (void)state;
  check_number("DAC_Choice", "6", "dac.power_uw", 499200);
  check_number("DAC_Choice", "5", "dac.area_um2", 5.312);
  check_number("ADC_Choice", "8", "adc.power_uw", 1.629);
  check_number("Read_Voltage", "0.05,0.1,0.2", "device.read_voltage_low_v", 0.05);
  check_number("Read_Energy", "2e-15", "device.read_energy_fj", 2);
  check_number("Write_Energy", "0.0000000000000016", "device.write_energy_fj", 1.6);
  check_number("Reg_Power", "3.3e-8", "mnsim.register_power_uw", 0.033);
  check_number("Reg_Tech", "0", "mnsim.register_node_nm", 65);
  check_number("Adder_Tech", "-1", "mnsim.adder_node_nm", 28);
  check_number("Adder_Tech", "55", "digital.node_nm", 55);
  check_number("PE_Num", "0,0", "tile.pe_cols", 4);
  check_number("PE_Num", "3,5", "tile.pe_cols", 5);
  check_number("Tile_Num", "0,0", "chip.tile_rows", 8);
  check_number("Pooling_shape", "2,0", "pool.rows", 3);
  check_number("Pooling_shape", "2,4", "pool.cols", 4);
  check_number("Buffer_Bitwidth", "0", "buffer.bus_bits", 256);
  check_number("Load_Resistance", "5000", "mnsim.load_resistance_ohm", 5000);
  check_number("Load_Resistance", "-1", "mnsim.load_resistance_ohm", 0);
  check_number("Wire_Resistance", "5", "crossbar.wire_resistance_ohm", 5);
  check_number("Inter_Tile_Bandwidth", "40", "chip.bandwidth_gbps", 40);
  check_word("Area_Calculation", "1", "mnsim.area_method", "feature");
  check_word("Tile_Connection", "3", "mnsim.tile_order", "zigzag");
  check_word("Tile_Connection", "0", "mnsim.tile_order", "row");
  check_word("Sub_Position", "1", "weight.subtraction", "digital");
  check_word("Logic_Op", "2", "mnsim.logic", "xor");
  check_word("PIM_Type", "1", "mnsim.pim", "digital");
  check_word("Simulation_Level", "1", "mnsim.simulation", "estimation");
}

static void
cost_key_faults(void **state)
{
  rramnas_hw *hw;

  (void)state;
  bad_with("Tile_Connection", "4", RRAMNAS_ERR_RANGE,
           "SimConfig.ini:104:19: Tile_Connection is \"4\", expected an integer 0..3");
  bad_with("PE_Num", "4", RRAMNAS_ERR_RANGE, "SimConfig.ini:78:10: PE_Num is \"4\", expected rows,columns");
  bad_with("Read_Energy", "-1", RRAMNAS_ERR_RANGE,
           "SimConfig.ini:18:15: Read_Energy is \"-1\", expected a number 0..1000000000000");
  hw = hw_with("NoC_enable", "1");
  assert_true(warned(hw, "SimConfig.ini:110: NoC_enable is ignored, there is no network on chip"));
  rramnas_hw_unref(hw);
  hw = hw_with("ADC_Interval_Thres", "1,2,3");
  assert_true(warned(hw, "SimConfig.ini:42: ADC_Interval_Thres is ignored, thresholds follow from the cells"));
  rramnas_hw_unref(hw);
}

/* Warnings also reach the log, with the handle's own text. */
static void
count_log(void *user, int32_t level, const char *message)
{
  assert_int_equal(level, RRAMNAS_LOG_WARNING);
  assert_true(strncmp(message, "x.ini", 5) == 0);
  ++*(size_t *)user;
}

static void
warnings_are_logged(void **state)
{
  rramnas_runtime runtime = RRAMNAS_RUNTIME_INIT;
  static const char text[] = "[Device level]\nNew_Key = 1\n";
  rramnas_hw *hw = NULL;
  size_t logged = 0;

  (void)state;
  runtime.log = count_log;
  runtime.log_user = &logged;
  assert_int_equal(rramnas_hw_load_buffer(text, strlen(text), "x.ini", 0, &runtime, &hw, NULL), RRAMNAS_OK);
  assert_int_equal(logged, rramnas_hw_warning_count(hw));
  assert_in_range(logged, 10, 90);
  rramnas_hw_unref(hw);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(shipped_file),
    cmocka_unit_test(rnc_file),
    cmocka_unit_test(variation),
    cmocka_unit_test(dialect_accepted),
    cmocka_unit_test(dialect_errors),
    cmocka_unit_test(value_errors),
    cmocka_unit_test(rules),
    cmocka_unit_test(cost_keys),
    cmocka_unit_test(cost_key_faults),
    cmocka_unit_test(warnings_are_logged),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
