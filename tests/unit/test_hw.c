/* SPDX-License-Identifier: MIT */
/* Hardware specs: the field table, YAML in and out, every class of error with its exact text. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <locale.h>
#include <math.h>

#include "hw/spec_fields.h"
#include "../support/golden.h"
#include "../support/hw.h"
#include "util/text.h"

static rramnas_hw *
default_hw(void)
{
  rramnas_hw *hw = NULL;

  assert_int_equal(rramnas_hw_create_default(NULL, &hw, NULL), RRAMNAS_OK);
  return hw;
}

static void
table_is_sound(void **state)
{
  size_t i, j, n_sections = 0;

  (void)state;
  assert_in_range(rrn_hw_n_fields, 20, 200);
  for (i = 0; i < rrn_hw_n_fields; i++) {
    const rrn_hw_field *f = &rrn_hw_fields[i];
    size_t n = rrn_hw_section_length(f->name);
    double value;

    for (j = 0; j < i; j++) {
      assert_string_not_equal(f->name, rrn_hw_fields[j].name);
      assert_true(f->offset != rrn_hw_fields[j].offset);
      /* A section is one block. */
      if (j + 1 < i && n && strncmp(rrn_hw_fields[j].name, f->name, n + 1) == 0)
        assert_true(strncmp(rrn_hw_fields[i - 1].name, f->name, n + 1) == 0);
    }
    n_sections += n && (i == 0 || strncmp(rrn_hw_fields[i - 1].name, f->name, n + 1) != 0);
    assert_true(strlen(f->name) < 40 && strlen(f->doc) > 10 && f->doc[strlen(f->doc) - 1] == '.');
    assert_string_equal(f->since, "0.1");
    if (f->type == RRAMNAS_FIELD_TEXT)
      continue;
    assert_true(strlen(f->source) > 0);
    if (f->type == RRAMNAS_FIELD_CHOICE) {
      assert_string_equal(f->default_text, f->words[0]);
      continue;
    }
    assert_true(strlen(f->unit) > 0);
    assert_true(f->min < f->max);
    if (f->type == RRAMNAS_FIELD_LIST) {
      assert_string_equal(f->default_text, "[]");
      continue;
    }
    assert_true(rrn_double_parse(f->default_text, strlen(f->default_text), &value));
    assert_true(value >= f->min && value <= f->max);
    if (f->type == RRAMNAS_FIELD_INTEGER)
      assert_true(f->min >= 0 && f->max <= INT32_MAX && floor(value) == value);
  }
  assert_in_range(n_sections, 9, 40);
  for (i = 0; i < rrn_hw_n_rules; i++)
    for (j = 0; j < 2; j++)
      assert_non_null(rrn_hw_field_find(rrn_hw_rules[i].fields[j]));
}

/* Each row of the table reaches its own member: all set to distinct values, read back through the struct. */
static void
table_fills_struct(void **state)
{
  rramnas_hw *hw = hw_good(
    "name: all\n"
    "device: {read_latency_ns: 1.5, write_latency_ns: 2.5, read_voltage_v: 3.5, write_voltage_v: 4.5,\n"
    "  on_resistance_ohm: 5.5, off_resistance_ohm: 6.5, bits_per_cell: 3}\n"
    "crossbar: {rows: 60, cols: 70, subarray_rows: 15, cell: 0T1R}\n"
    "weight: {bits: 11, slicing: columns, sign: offset}\n"
    "input: {bits: 12}\n"
    "dac: {bits: 13, rate_gsps: 7.5, per_subarray: 14}\n"
    "adc: {bits: 16, rate_gsps: 8.5, kind: ramp, per_subarray: 17}\n"
    "pe: {groups: 18}\n"
    "digital: {frequency_mhz: 9.5}\n"
    "chip: {crossbars: 19}\n", "a.yaml");
  const rrn_hw_values *v = &hw->v;

  (void)state;
  assert_string_equal(hw->name, "all");
  assert_true(v->device.read_latency_ns == 1.5 && v->device.write_latency_ns == 2.5);
  assert_true(v->device.read_voltage_v == 3.5 && v->device.write_voltage_v == 4.5);
  assert_true(v->device.on_resistance_ohm == 5.5 && v->device.off_resistance_ohm == 6.5);
  assert_true(v->device.bits_per_cell == 3);
  assert_true(v->crossbar.rows == 60 && v->crossbar.cols == 70 && v->crossbar.subarray_rows == 15);
  assert_true(v->crossbar.cell == RRN_CELL_0T1R);
  assert_true(v->weight.bits == 11 && v->weight.slicing == RRN_SLICING_COLUMNS && v->weight.sign == RRN_SIGNED_OFFSET);
  assert_true(v->input.bits == 12);
  assert_true(v->dac.bits == 13 && v->dac.rate_gsps == 7.5 && v->dac.per_subarray == 14);
  assert_true(v->adc.bits == 16 && v->adc.rate_gsps == 8.5 && v->adc.per_subarray == 17);
  assert_true(v->adc.kind == RRN_ADC_RAMP);
  assert_true(v->pe.groups == 18 && v->digital.frequency_mhz == 9.5 && v->chip.crossbars == 19);
  rramnas_hw_unref(hw);
}

static void
defaults_are_documented_chip(void **state)
{
  rramnas_hw *hw = default_hw();
  rramnas_mvm_latency t = RRAMNAS_MVM_LATENCY_INIT;

  (void)state;
  assert_true(hw_number(hw, "crossbar.rows") == 128 && hw_number(hw, "crossbar.cols") == 128);
  assert_true(hw_number(hw, "weight.bits") == 8 && hw_number(hw, "device.bits_per_cell") == 2);
  assert_true(hw_number(hw, "chip.crossbars") == 1024);
  assert_string_equal(hw_text(hw, "weight.slicing"), "parallel");
  assert_string_equal(hw_text(hw, "name"), "");
  assert_int_equal(rrn_hw_columns_per_weight(hw), 1);
  assert_int_equal(rrn_hw_subarray_rows(hw), 128);
  assert_int_equal(rramnas_hw_mvm_latency(hw, 128, 128, 0, &t, NULL), RRAMNAS_OK);
  assert_true(t.total_ns == 152.77319047999998);
  rramnas_hw_unref(hw);
}

static void
field_info(void **state)
{
  rramnas_hw_field f = RRAMNAS_HW_FIELD_INIT;
  struct { rramnas_hw_field f; char tail[8]; } newer;
  size_t i;

  (void)state;
  for (i = 0; i < rramnas_hw_field_count(); i++) {
    assert_int_equal(rramnas_hw_field_info(i, &f), RRAMNAS_OK);
    assert_string_equal(f.name, rrn_hw_fields[i].name);
    assert_true(f.size == sizeof(f) && f.type == rrn_hw_fields[i].type && f.max == rrn_hw_fields[i].max);
  }
  assert_int_equal(rramnas_hw_field_info(i, &f), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_hw_field_info(0, NULL), RRAMNAS_ERR_ARGUMENT);
  memset(&newer, 0x55, sizeof(newer));
  newer.f.size = sizeof(newer);
  assert_int_equal(rramnas_hw_field_info(1, &newer.f), RRAMNAS_OK);
  assert_true(newer.tail[0] == 0 && newer.f.size == sizeof(newer));
}

/* For each number: both bounds are taken, both neighbours outside and nonsense are refused with the place. */
static void
bounds_of_every_number(void **state)
{
  static const char *const nonsense[] = { "nan", "inf", "-1", "1e999", "abc", "0x10", "1,5", "99999999999999999999" };
  size_t i, k, n_numbers = 0;

  (void)state;
  for (i = 0; i < rrn_hw_n_fields; i++) {
    const rrn_hw_field *f = &rrn_hw_fields[i];
    const int n = (int)rrn_hw_section_length(f->name);
    char text[200], want[200], low[RRN_DOUBLE_TEXT], high[RRN_DOUBLE_TEXT];

    if (f->type != RRAMNAS_FIELD_INTEGER && f->type != RRAMNAS_FIELD_REAL)
      continue;
    n_numbers++;
    if (f->type == RRAMNAS_FIELD_INTEGER) {
      snprintf(low, sizeof(low), "%d", (int)f->min);
      snprintf(high, sizeof(high), "%d", (int)f->max);
    } else {
      rrn_double_text(f->min, low);
      rrn_double_text(f->max, high);
    }
    for (k = 0; k < sizeof(nonsense) / sizeof(nonsense[0]) + 2; k++) {
      char value[64];

      if (k == 0)
        snprintf(value, sizeof(value), "%d", (int)(f->min - 1) - (f->min < 1));
      else if (k == 1)
        snprintf(value, sizeof(value), "%.0f", f->max + 1);
      else
        snprintf(value, sizeof(value), "%s", nonsense[k - 2]);
      if (f->min < 0 && strcmp(value, "-1") == 0)
        continue;
      snprintf(text, sizeof(text), "# line 1\n%.*s:\n    %s: %s\n", n, f->name, f->name + n + 1, value);
      snprintf(want, sizeof(want), "hw.yaml:3:%d: %s is \"%s\", expected %s %s..%s", (int)strlen(f->name + n + 1) + 7,
               f->name, value, f->type == RRAMNAS_FIELD_INTEGER ? "an integer" : "a number", low, high);
      hw_bad(text, "hw.yaml", RRAMNAS_ERR_RANGE, want);
    }
  }
  assert_in_range(n_numbers, 15, 200);
}

/* Bounds as such are values; rules between fields are met by setting the partner as well. */
static void
limits_are_values(void **state)
{
  static const char *const extremes[] = {
    "crossbar: {rows: 65536, cols: 65536}\nchip: {crossbars: 1048576}\npe: {groups: 65536}\n",
    "crossbar: {rows: 1, cols: 1}\nweight: {bits: 32}\nchip: {crossbars: 0}\n",
    "device: {on_resistance_ohm: 1, off_resistance_ohm: 1e12, read_latency_ns: 1e-06, bits_per_cell: 8}\n",
    "input: {bits: 64}\ndac: {bits: 16, rate_gsps: 1e-06, per_subarray: 65536}\n",
    "adc: {bits: 16, kind: ramp, rate_gsps: 1e-06, per_subarray: 1}\ndigital: {frequency_mhz: 0.001}\n",
  };
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(extremes) / sizeof(extremes[0]); i++) {
    rramnas_hw *hw = hw_good(extremes[i], "x.yaml");
    rramnas_mvm_latency t = RRAMNAS_MVM_LATENCY_INIT;

    assert_int_equal(rramnas_hw_mvm_latency(hw, INT64_C(1) << 40, INT64_C(1) << 40, 64, &t, NULL), RRAMNAS_OK);
    assert_true(isfinite(t.total_ns) && t.total_ns > 0);
    rramnas_hw_unref(hw);
  }
}

static void
errors_in_yaml(void **state)
{
  (void)state;
  hw_bad("adc:\n  bits: 40\n", "hw.yaml", RRAMNAS_ERR_RANGE, "hw.yaml:2:9: adc.bits is \"40\", expected an integer 1..16");
  hw_bad("adc:\n  bits: \"8\"\n", "hw.yaml", RRAMNAS_ERR_RANGE, "hw.yaml:2:9: adc.bits is \"8\", expected an integer 1..16");
  hw_bad("adc:\n  bits: [8]\n", "hw.yaml", RRAMNAS_ERR_PARSE,
         "hw.yaml:2:9: adc.bits is a sequence, expected an integer 1..16");
  hw_bad("adc:\n  kind: {}\n", "hw.yaml", RRAMNAS_ERR_PARSE, "hw.yaml:2:9: adc.kind is a mapping, expected sar|flash|ramp");
  hw_bad("adc: {kind: SAR}", "hw.yaml", RRAMNAS_ERR_RANGE, "hw.yaml:1:13: adc.kind is \"SAR\", expected sar|flash|ramp");
  hw_bad("adc: {bitz: 8}", "hw.yaml", RRAMNAS_ERR_PARSE,
         "hw.yaml:1:7: unknown field \"adc.bitz\", did you mean \"adc.bits\"?");
  hw_bad("adc: {resolution: 8}", "hw.yaml", RRAMNAS_ERR_PARSE,
         "hw.yaml:1:7: unknown field \"adc.resolution\", section adc has bits, rate_gsps, "
         "area_um2, power_uw, leakage_uw, model, node_nm, step_energy_fj, step_area_um2, below_resolution, kind, per_subarray, unit_sigma, offset_sigma, capacitors, mux");
  hw_bad("\ncrosbar: {rows: 8}", "hw.yaml", RRAMNAS_ERR_PARSE,
         "hw.yaml:2:1: unknown section \"crosbar\", did you mean \"crossbar\"?");
  hw_bad("wafer: {size_mm: 300}", "hw.yaml", RRAMNAS_ERR_PARSE,
         "hw.yaml:1:1: unknown section \"wafer\", expected name, device, crossbar, weight, input, dac, adc, pe, "
         "digital, activation, buffer, tile, pool, chip, noise, mnsim");
  hw_bad("nmae: x", "hw.yaml", RRAMNAS_ERR_PARSE, "hw.yaml:1:1: unknown field \"nmae\", did you mean \"name\"?");
  hw_bad("adc: 8", "hw.yaml", RRAMNAS_ERR_PARSE, "hw.yaml:1:6: section adc is a scalar, expected a mapping");
  hw_bad("- adc", "hw.yaml", RRAMNAS_ERR_PARSE,
         "hw.yaml:1:1: a hardware spec is a sequence, expected a mapping of sections");
  hw_bad("adc: {bits: 8, bits: 8}", "hw.yaml", RRAMNAS_ERR_PARSE,
         "hw.yaml:1:16: key \"bits\" was given before in line 1");
  hw_bad("schema: rramnas.hardware/2\nnew: 1", "hw.yaml", RRAMNAS_ERR_UNSUPPORTED,
         "hw.yaml:1:9: schema is \"rramnas.hardware/2\", expected rramnas.hardware/1");
  hw_bad("schema: [1]", "hw.yaml", RRAMNAS_ERR_PARSE, "hw.yaml:1:9: schema is a sequence, expected rramnas.hardware/1");
  hw_bad("name: [1]", "hw.yaml", RRAMNAS_ERR_PARSE, "hw.yaml:1:7: name is a sequence, expected text");
  hw_bad("name: \"a\\nb\"", "hw.yaml", RRAMNAS_ERR_RANGE, "hw.yaml:1:7: name is not one line of printable UTF-8 text");
  hw_bad("name: \"a\\u2028b\"", "hw.yaml", RRAMNAS_ERR_RANGE,
         "hw.yaml:1:7: name is not one line of printable UTF-8 text");
}

/* Long values are cut, and messages are UTF-8 all the same. */
static void
messages_are_utf8(void **state)
{
  char text[400] = "adc: {kind: a";
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_hw *hw = NULL;
  size_t i;

  (void)state;
  for (i = 0; i < 40; i++)
    strcat(text, "\xc3\xa4");
  strcat(text, "}");
  assert_int_equal(hw_from(text, "hw.yaml", &hw, &err), RRAMNAS_ERR_RANGE);
  assert_true(rrn_utf8_valid(err.message, strlen(err.message)));
  assert_non_null(strstr(err.message, "\xc3\xa4?\", expected sar|flash|ramp"));
  assert_int_equal(rramnas_hw_load_buffer("", 0, "\xff.yaml", 0, NULL, &hw, &err), RRAMNAS_OK);
  rramnas_hw_unref(hw);
  hw = NULL;
  assert_int_equal(rramnas_hw_load_buffer("a", 1, "\xff.yaml", 0, NULL, &hw, &err), RRAMNAS_ERR_PARSE);
  assert_true(strncmp(err.message, "?.yaml:1:1: ", 12) == 0);
}

static void
rules_between_fields(void **state)
{
  (void)state;
  hw_bad("crossbar:\n  rows: 128\n  subarray_rows: 100\n", "hw.yaml", RRAMNAS_ERR_RANGE,
         "hw.yaml:3:18: crossbar.subarray_rows is 100 and crossbar.rows is 128. A crossbar is made of whole subarrays, "
         "so crossbar.rows must be a multiple of crossbar.subarray_rows.");
  hw_bad("crossbar: {subarray_rows: 256}\n", "hw.yaml", RRAMNAS_ERR_RANGE,
         "hw.yaml:1:27: crossbar.subarray_rows is 256 and crossbar.rows is 128. A crossbar is made of whole subarrays, "
         "so crossbar.rows must be a multiple of crossbar.subarray_rows.");
  hw_bad("device: {off_resistance_ohm: 10000}", "hw.yaml", RRAMNAS_ERR_RANGE,
         "hw.yaml:1:30: device.on_resistance_ohm is 10000 and device.off_resistance_ohm is 10000. The on state must "
         "conduct better, so device.on_resistance_ohm must be below device.off_resistance_ohm.");
  hw_bad("weight: {slicing: columns}\ncrossbar:\n  cols: 7", "hw.yaml", RRAMNAS_ERR_RANGE,
         "hw.yaml:3:9: weight.bits is 8 and crossbar.cols is 7. A weight sits in one crossbar with its "
         "unit columns, if it has any, so its cells must not outnumber crossbar.cols.");
  hw_bad("weight: {slicing: columns, sign: unit_column}\ncrossbar:\n  cols: 7", "hw.yaml", RRAMNAS_ERR_RANGE,
         "hw.yaml:3:9: weight.bits is 8 and crossbar.cols is 7. A weight sits in one crossbar with its unit columns, if it "
         "has any, so its cells must not outnumber crossbar.cols.");
}

static void
columns_per_weight(void **state)
{
  static const struct { const char *text; int columns; } cases[] = {
    { "weight: {slicing: columns}", 8 },
    { "weight: {slicing: columns, sign: offset}", 4 },
    { "weight: {slicing: columns, sign: offset, bits: 7}", 4 },
    { "weight: {slicing: columns, sign: unit_column}\ncrossbar: {cols: 8}", 4 },
    { "weight: {slicing: columns, bits: 32}\ndevice: {bits_per_cell: 1}", 62 },
    { "weight: {slicing: parallel, bits: 32}\ndevice: {bits_per_cell: 1}", 1 },
  };
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
    rramnas_hw *hw = hw_good(cases[i].text, NULL);

    assert_int_equal(rrn_hw_columns_per_weight(hw), cases[i].columns);
    rramnas_hw_unref(hw);
  }
}

static void
canonical_round_trip(void **state)
{
  static const char *const specs[] = {
    "", "{}", "schema: rramnas.hardware/1", "name: \"\\u00e4\\t\\\"\\\\ #: |\"",
    "device: {read_latency_ns: 0.1, on_resistance_ohm: 333.3333333333333, off_resistance_ohm: 1e+11}",
    "{\"crossbar\": {\"cols\": 3, \"rows\": 5}, \"chip\": {\"crossbars\": 0}}",
  };
  size_t i;

  (void)state;
  for (i = 0; i < sizeof(specs) / sizeof(specs[0]); i++) {
    rramnas_hw *hw, *again;
    capture a, b;

    if (i == 3) {
      hw_bad(specs[i], NULL, RRAMNAS_ERR_RANGE, "hardware:1:7: name is not one line of printable UTF-8 text");
      continue;
    }
    hw = hw_good(specs[i], NULL);
    a = hw_yaml(hw);
    again = hw_good(a.text, NULL);
    b = hw_yaml(again);
    assert_string_equal(a.text, b.text);
    assert_true(hw_same(hw, again));
    assert_memory_equal(&hw->v, &again->v, sizeof(hw->v));
    capture_free(&a);
    capture_free(&b);
    rramnas_hw_unref(hw);
    rramnas_hw_unref(again);
  }
}

/* A byte of the canonical text is a promise: fingerprints are stored. */
static void
add_fingerprint(capture *c, const rramnas_hw *hw)
{
  uint8_t digest[16];
  char text[3];
  int i;

  rramnas_hw_fingerprint(hw, digest);
  capture_write(c, "# ", 2);
  for (i = 0; i < 16; i++) {
    snprintf(text, sizeof(text), "%02x", (unsigned)digest[i]);
    capture_write(c, text, 2);
  }
  capture_write(c, "\n", 1);
}

/* Numbers of a list: in brackets, one below the other, as one text; too many, out of range, not as many as there must be. */
static void
lists(void **state)
{
  static const char levels[] = "device: {bits_per_cell: 1}\nnoise:\n  write_model: levels\n  level_mean_us: [2.5, 80]\n"
                               "  level_sigma_us:\n  - 0.5\n  - 3\n";
  rramnas_hw *hw = hw_good(levels, "a.yaml"), *more = NULL;
  char many[2000] = "noise: {level_mean_us: [";
  double number;
  int i;

  (void)state;
  assert_int_equal(hw->v.noise.level_mean_us.n, 2);
  assert_true(hw->v.noise.level_mean_us.v[0] == 2.5 && hw->v.noise.level_mean_us.v[1] == 80);
  assert_true(hw->v.noise.level_sigma_us.v[0] == 0.5 && hw->v.noise.level_sigma_us.v[1] == 3);
  assert_int_equal(rramnas_hw_get_number(hw, "noise.level_mean_us", &number), RRAMNAS_ERR_NOT_FOUND);
  assert_int_equal(rrn_hw_with_value(hw, "noise.level_mean_us", "[3, 70]", &more, NULL), RRAMNAS_OK);
  assert_true(more->v.noise.level_mean_us.n == 2 && more->v.noise.level_mean_us.v[1] == 70);
  rramnas_hw_unref(more);
  rramnas_hw_unref(hw);
  hw_bad("noise: {level_mean_us: [1, 2, -3]}", "hw.yaml", RRAMNAS_ERR_RANGE,
         "hw.yaml:1:31: noise.level_mean_us is \"-3\", expected a number 0..1000000");
  hw_bad("noise:\n  level_mean_us: [1, [2]]", "hw.yaml", RRAMNAS_ERR_PARSE,
         "hw.yaml:2:22: noise.level_mean_us is a sequence, expected a number 0..1000000");
  hw_bad("noise:\n  level_mean_us: {a: 1}", "hw.yaml", RRAMNAS_ERR_PARSE,
         "hw.yaml:2:18: noise.level_mean_us is a mapping, expected a sequence");
  hw_bad("noise:\n  level_mean_us: [1, 2]\n", "hw.yaml", RRAMNAS_ERR_RANGE,
         "hw.yaml:2:18: noise.level_sigma_us is 0 numbers and noise.level_mean_us is 2 numbers. Each measured level has a "
         "mean and a standard deviation, so both lists must be equally long.");
  for (i = 0; i < 257; i++)
    strcat(many, "1, ");
  strcat(many, "1]}");
  hw_bad(many, "hw.yaml", RRAMNAS_ERR_LIMIT, "hw.yaml:1:793: noise.level_mean_us has more than 256 numbers");
}

/* Cells beyond those for which a write error was fitted give a warning with the line. */
static void
beyond_the_fit(void **state)
{
  static const char fit[] = "noise: {write_model: polynomial, fit_min_us: 50, fit_max_us: 225}\n";
  char text[400];
  rramnas_hw *hw;

  (void)state;
  snprintf(text, sizeof(text), "%sdevice: {on_resistance_ohm: 5000, off_resistance_ohm: 20000}\n", fit);
  hw = hw_good(text, "a.yaml");
  assert_int_equal(rramnas_hw_warning_count(hw), 0);
  rramnas_hw_unref(hw);
  snprintf(text, sizeof(text), "%sdevice: {on_resistance_ohm: 4000, off_resistance_ohm: 50000}\n", fit);
  hw = hw_good(text, "a.yaml");
  assert_int_equal(rramnas_hw_warning_count(hw), 2);
  assert_string_equal(rramnas_hw_warning(hw, 0),
                      "a.yaml:2: device.on_resistance_ohm means 250 uS, but the write error was fitted up to noise.fit_max_us, "
                      "225 uS: beyond it the error is that at the limit");
  assert_string_equal(rramnas_hw_warning(hw, 1),
                      "a.yaml:2: device.off_resistance_ohm means 20 uS, but the write error was fitted down to "
                      "noise.fit_min_us, 50 uS: beyond it the error is that at the limit");
  rramnas_hw_unref(hw);
}

/* The default chip's text with its fingerprint on the last line is tests/data/hw/default.yaml;
 * RRAMNAS_UPDATE_GOLDEN=1 writes it anew. */
static void
canonical_text(void **state)
{
  rramnas_hw *hw = hw_good("name: 'say \"hi\" \xc3\xa4'", NULL), *plain = default_hw();
  capture c = hw_yaml(hw);

  (void)state;
  assert_true(hw_same(hw, plain));
  add_fingerprint(&c, plain);
  compare_golden("hw/default.yaml", c.text);
  capture_free(&c);
  rramnas_hw_unref(hw);
  rramnas_hw_unref(plain);
}

static void
writer_reports_failure(void **state)
{
  rramnas_hw *hw = default_hw();
  capture c = { .fail_at = 1 };
  rramnas_error err = RRAMNAS_ERROR_INIT;

  (void)state;
  assert_int_equal(rramnas_hw_write_yaml(hw, capture_write, &c, &err), RRAMNAS_ERR_CALLBACK);
  assert_int_equal(rramnas_hw_write_yaml(hw, NULL, NULL, &err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_hw_write_yaml(NULL, capture_write, &c, &err), RRAMNAS_ERR_ARGUMENT);
  capture_free(&c);
  rramnas_hw_unref(hw);
}

static void
with_value_bad(const rramnas_hw *hw, const char *field, const char *value, int32_t status, const char *message)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_hw *changed = NULL;

  assert_int_equal(rramnas_hw_with_value(hw, field, value, &changed, &err), status);
  assert_string_equal(err.message, message);
  assert_null(changed);
}

static void
with_value(void **state)
{
  rramnas_hw *hw = hw_good("name: base\n", NULL), *changed = NULL, *back = NULL;

  (void)state;
  assert_int_equal(rramnas_hw_with_value(hw, "crossbar.rows", "192", &changed, NULL), RRAMNAS_OK);
  assert_true(hw_number(changed, "crossbar.rows") == 192 && hw_number(hw, "crossbar.rows") == 128);
  assert_string_equal(hw_text(changed, "name"), "base");
  assert_false(hw_same(hw, changed));
  assert_int_equal(rramnas_hw_with_value(changed, "crossbar.rows", "128", &back, NULL), RRAMNAS_OK);
  assert_true(hw_same(hw, back));
  rramnas_hw_unref(changed);
  assert_int_equal(rramnas_hw_with_value(hw, "name", "other", &changed, NULL), RRAMNAS_OK);
  assert_string_equal(hw_text(changed, "name"), "other");
  assert_true(hw_same(hw, changed));
  rramnas_hw_unref(changed);
  assert_int_equal(rramnas_hw_with_value(hw, "adc.kind", "ramp", &changed, NULL), RRAMNAS_OK);
  assert_string_equal(hw_text(changed, "adc.kind"), "ramp");
  with_value_bad(hw, "adc.bits", "40", RRAMNAS_ERR_RANGE,
                 "rramnas_hw_with_value: adc.bits is \"40\", expected an integer 1..16");
  with_value_bad(hw, "adc.bit", "4", RRAMNAS_ERR_NOT_FOUND,
                 "rramnas_hw_with_value: no field \"adc.bit\", did you mean \"adc.bits\"?");
  with_value_bad(hw, "colour", "4", RRAMNAS_ERR_NOT_FOUND, "rramnas_hw_with_value: no field \"colour\"");
  with_value_bad(hw, "", "4", RRAMNAS_ERR_NOT_FOUND, "rramnas_hw_with_value: no field \"\"");
  with_value_bad(hw, "name", "a\xff", RRAMNAS_ERR_RANGE,
                 "rramnas_hw_with_value: name is not one line of printable UTF-8 text");
  with_value_bad(hw, "crossbar.subarray_rows", "3", RRAMNAS_ERR_RANGE,
                 "rramnas_hw_with_value: crossbar.subarray_rows is 3 and crossbar.rows is 128. A crossbar is made of "
                 "whole subarrays, so crossbar.rows must be a multiple of crossbar.subarray_rows.");
  with_value_bad(hw, "adc.bits", NULL, RRAMNAS_ERR_ARGUMENT, "rramnas_hw_with_value: value is NULL");
  rramnas_hw_unref(hw);
  rramnas_hw_unref(changed);
  rramnas_hw_unref(back);
}

static void
references(void **state)
{
  rramnas_hw *hw = default_hw();

  (void)state;
  assert_ptr_equal(rramnas_hw_ref(hw), hw);
  rramnas_hw_unref(hw);
  assert_true(hw_number(hw, "adc.bits") == 8);
  rramnas_hw_unref(hw);
  rramnas_hw_unref(NULL);
  assert_null(rramnas_hw_ref(NULL));
}

static void
arguments(void **state)
{
  rramnas_hw *hw = default_hw(), *none = NULL;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mvm_latency t = RRAMNAS_MVM_LATENCY_INIT;
  const char *text = NULL;
  double number = 7;

  (void)state;
  assert_int_equal(rramnas_hw_create_default(NULL, NULL, &err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_hw_load_file(NULL, 0, NULL, &none, &err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_hw_load_file("/nonexistent/hw.yaml", 0, NULL, &none, &err), RRAMNAS_ERR_IO);
  assert_int_equal(rramnas_hw_load_buffer(NULL, 1, NULL, 0, NULL, &none, &err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_hw_load_buffer("", 0, NULL, 3, NULL, &none, &err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_hw_load_buffer("", 0, NULL, -1, NULL, &none, &err), RRAMNAS_ERR_ARGUMENT);
  assert_null(none);
  assert_int_equal(rramnas_hw_get_number(hw, "adc.kind", &number), RRAMNAS_ERR_NOT_FOUND);
  assert_int_equal(rramnas_hw_get_number(hw, "adc", &number), RRAMNAS_ERR_NOT_FOUND);
  assert_int_equal(rramnas_hw_get_text(hw, "adc.bits", &text), RRAMNAS_ERR_NOT_FOUND);
  assert_int_equal(rramnas_hw_get_number(NULL, "adc.bits", &number), RRAMNAS_ERR_ARGUMENT);
  assert_true(number == 7 && text == NULL);
  assert_int_equal(rramnas_hw_mvm_latency(hw, 0, 1, 8, &t, &err), RRAMNAS_ERR_RANGE);
  assert_string_equal(err.message, "rramnas_hw_mvm_latency: rows is 0, expected 1..2^40");
  assert_int_equal(rramnas_hw_mvm_latency(hw, 1, INT64_MAX, 8, &t, &err), RRAMNAS_ERR_RANGE);
  assert_int_equal(rramnas_hw_mvm_latency(hw, 1, 1, 65, &t, &err), RRAMNAS_ERR_RANGE);
  assert_int_equal(rramnas_hw_mvm_latency(hw, 1, 1, -1, &t, &err), RRAMNAS_ERR_RANGE);
  assert_int_equal(rramnas_hw_mvm_latency(hw, 1, 1, 8, NULL, &err), RRAMNAS_ERR_ARGUMENT);
  assert_true(t.total_ns == 0);
  assert_int_equal(rramnas_hw_warning_count(hw), 0);
  assert_null(rramnas_hw_warning(hw, 0));
  rramnas_hw_unref(hw);
}

/* Text that is no spec at all must end in an error with a place, whatever the format. */
static void
hostile_text(void **state)
{
  enum { SIZE = 1 << 20 };
  static const char *const pieces[] = { "[", "{", "a", "\xff", "a: ", "- ", "a=\n", "[s]\n", "=", "&a ", "*a ", "\t", "%",
                                        "\"", "'", "?", "| ", "\xef\xbb\xbf" };
  char *text = malloc(SIZE + 1);
  size_t i, j;
  int32_t format;

  (void)state;
  assert_non_null(text);
  for (i = 0; i < sizeof(pieces) / sizeof(pieces[0]); i++) {
    for (j = 0; j < SIZE; j++)
      text[j] = pieces[i][j % strlen(pieces[i])];
    for (format = RRAMNAS_HW_FORMAT_YAML; format <= RRAMNAS_HW_FORMAT_MNSIM_INI; format++) {
      rramnas_error err = RRAMNAS_ERROR_INIT;
      rramnas_hw *hw = NULL;

      assert_true(rramnas_hw_load_buffer(text, SIZE, "hostile", format, NULL, &hw, &err) < 0);
      assert_null(hw);
      assert_true(strncmp(err.message, "hostile", 7) == 0 && strlen(err.message) > 10);
    }
  }
  memset(text, ' ', SIZE + 1);
  {
    rramnas_error err = RRAMNAS_ERROR_INIT;
    rramnas_hw *hw = NULL;

    assert_int_equal(rramnas_hw_load_buffer(text, SIZE + 1, "big", 1, NULL, &hw, &err), RRAMNAS_ERR_LIMIT);
    assert_string_equal(err.message, "big: has 1048577 bytes, the limit is 1048576");
  }
  free(text);
}

static void
examples_load(void **state)
{
  static const char *const names[] = { "rnc", "columns" };
  rramnas_hw *hw[2] = { NULL, NULL }, *plain = default_hw();
  size_t i;

  (void)state;
  for (i = 0; i < 2; i++) {
    rramnas_error err = RRAMNAS_ERROR_INIT;
    char path[1024];

    snprintf(path, sizeof(path), "%s/../../examples/hardware/%s.yaml", getenv("RRAMNAS_TEST_DATA"), names[i]);
    if (rramnas_hw_load_file(path, RRAMNAS_HW_FORMAT_AUTO, NULL, &hw[i], &err) != RRAMNAS_OK)
      fail_msg("%s", err.message);
  }
  assert_true(hw_same(hw[0], plain));
  assert_int_equal(rrn_hw_columns_per_weight(hw[1]), 8);
  assert_true(hw_number(hw[1], "crossbar.rows") != hw_number(hw[1], "crossbar.cols"));
  rramnas_hw_unref(hw[0]);
  rramnas_hw_unref(hw[1]);
  rramnas_hw_unref(plain);
}

static void
comma_locale(void **state)
{
  rramnas_hw *hw, *again;
  capture c;

  (void)state;
  if (!setlocale(LC_ALL, "de_DE.UTF-8"))
    skip();
  hw = hw_good("device: {read_latency_ns: 1.25}\n", NULL);
  c = hw_yaml(hw);
  assert_true(hw_number(hw, "device.read_latency_ns") == 1.25);
  assert_non_null(strstr(c.text, "read_latency_ns: 1.25\n"));
  again = hw_good(c.text, NULL);
  setlocale(LC_ALL, "C");
  assert_true(hw_same(hw, again));
  capture_free(&c);
  rramnas_hw_unref(hw);
  rramnas_hw_unref(again);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(table_is_sound),
    cmocka_unit_test(table_fills_struct),
    cmocka_unit_test(defaults_are_documented_chip),
    cmocka_unit_test(field_info),
    cmocka_unit_test(bounds_of_every_number),
    cmocka_unit_test(limits_are_values),
    cmocka_unit_test(errors_in_yaml),
    cmocka_unit_test(messages_are_utf8),
    cmocka_unit_test(rules_between_fields),
    cmocka_unit_test(columns_per_weight),
    cmocka_unit_test(lists),
    cmocka_unit_test(beyond_the_fit),
    cmocka_unit_test(canonical_round_trip),
    cmocka_unit_test(canonical_text),
    cmocka_unit_test(writer_reports_failure),
    cmocka_unit_test(with_value),
    cmocka_unit_test(references),
    cmocka_unit_test(arguments),
    cmocka_unit_test(hostile_text),
    cmocka_unit_test(examples_load),
    cmocka_unit_test(comma_locale),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
