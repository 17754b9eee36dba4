/* SPDX-License-Identifier: MIT */
/* Presets: each loads, says of each value where it comes from, and can be named in a spec; numbers far from all
 * of theirs give a warning. */
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "../support/hw.h"
#include "hw/presets.h"
#include "hw/spec_fields.h"

enum { MOST_FIELDS = 200 };

static rramnas_hw *
from_preset(const char *name)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_hw *hw = NULL;

  if (rramnas_hw_create_preset(name, NULL, &hw, &err) != RRAMNAS_OK)
    fail_msg("%s", err.message);
  return hw;
}

static void
each_one_loads_in_every_way(void **state)
{
  size_t i;

  (void)state;
  assert_in_range(rramnas_preset_count(), 18, 200);
  for (i = 0; i < rramnas_preset_count(); i++) {
    rramnas_preset p = RRAMNAS_PRESET_INIT;
    rramnas_hw *hw, *named, *as_file;
    char text[200];

    assert_int_equal(rramnas_preset_info(i, &p), RRAMNAS_OK);
    hw = from_preset(p.name);
    assert_string_equal(hw_text(hw, "name"), p.title);
    assert_int_equal(rramnas_hw_warning_count(hw), 0);
    snprintf(text, sizeof(text), p.kind == RRAMNAS_PRESET_CHIP ? "preset: %s\n" : "device: {preset: %s}\n", p.name);
    named = hw_good(text, "hw.yaml");
    as_file = hw_good(p.yaml, "copy.yaml");
    assert_true(hw_same(hw, named) && hw_same(hw, as_file));
    assert_int_equal(rramnas_hw_warning_count(as_file), 0);
    rramnas_hw_unref(hw);
    rramnas_hw_unref(named);
    rramnas_hw_unref(as_file);
  }
}

static void
listing(void **state)
{
  struct { rramnas_preset p; char tail[8]; } newer;
  rramnas_preset p = RRAMNAS_PRESET_INIT;
  int kinds[5] = { 0 }, last_kind = 0;
  char last[80] = "";
  size_t i;

  (void)state;
  for (i = 0; i < rramnas_preset_count(); i++) {
    rramnas_hw *hw;

    assert_int_equal(rramnas_preset_info(i, &p), RRAMNAS_OK);
    assert_true(p.kind > last_kind || (p.kind == last_kind && strcmp(p.name, last) > 0));
    assert_true(strlen(p.title) > 5 && strlen(p.source) > 20);
    last_kind = p.kind;
    snprintf(last, sizeof(last), "%s", p.name);
    hw = from_preset(p.name);
    if (p.kind == RRAMNAS_PRESET_DEVICE)
      kinds[hw->v.device.kind]++;
    rramnas_hw_unref(hw);
  }
  for (i = 0; i < 5; i++)
    assert_in_range(kinds[i], 1, 100);
  assert_true(kinds[RRN_KIND_RRAM] >= 3);
  assert_int_equal(rramnas_preset_info(rramnas_preset_count(), &p), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_preset_info(0, NULL), RRAMNAS_ERR_ARGUMENT);
  memset(&newer, 0x55, sizeof(newer));
  newer.p.size = sizeof(newer);
  assert_int_equal(rramnas_preset_info(0, &newer.p), RRAMNAS_OK);
  assert_true(newer.tail[0] == 0 && newer.p.size == sizeof(newer));
}

/* --- provenance --- */

static int
is_one_of(const char *word, const char *a, const char *b, const char *c)
{
  return strcmp(word, a) == 0 || strcmp(word, b) == 0 || strcmp(word, c) == 0;
}

/* What is set, in the order of the file. */
static size_t
fields_set(const rrn_yaml *root, char names[MOST_FIELDS][64])
{
  const rrn_yaml *section, *node;
  size_t n = 0;

  for (section = root->child; section; section = section->next)
    if (section->kind == RRN_YAML_MAPPING && strcmp(section->key, "provenance") != 0)
      for (node = section->child; node; node = node->next) {
        assert_true(n < MOST_FIELDS);
        snprintf(names[n++], 64, "%s.%s", section->key, node->key);
      }
  return n;
}

static void
check_provenance(const rrn_preset *p, const rrn_yaml *root)
{
  const rrn_yaml *provenance = rrn_yaml_get(root, "provenance"), *node;
  char names[MOST_FIELDS][64];
  size_t n = fields_set(root, names), i = 0;

  assert_non_null(provenance);
  assert_true(n > 2);
  for (node = provenance->child; node; node = node->next, i++) {
    const rrn_yaml *status, *where;

    if (i >= n || strcmp(names[i], node->key) != 0)
      fail_msg("%s: provenance has %s, the next value is %s", p->label, node->key, i < n ? names[i] : "none");
    assert_int_equal(node->kind, RRN_YAML_MAPPING);
    status = rrn_yaml_get(node, "status");
    where = rrn_yaml_get(node, "where");
    assert_true(status && is_one_of(status->text, "stated", "derived", "assumed"));
    assert_true(where && where->length > 4);
  }
  assert_int_equal(i, n);
  for (i = 0; p->kind == RRAMNAS_PRESET_DEVICE && i < n; i++)
    assert_true(strncmp(names[i], "device.", 7) == 0 || strncmp(names[i], "noise.", 6) == 0);
}

static void
every_value_has_a_source(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_arena arena;
  rrn_yaml *root;
  rrn_rt rt;
  size_t i;

  (void)state;
  assert_int_equal(rrn_rt_init(&rt, NULL, &err), RRAMNAS_OK);
  for (i = 0; i < rrn_n_presets; i++) {
    const rrn_preset *p = &rrn_presets[i];
    const rrn_yaml *source;

    rrn_arena_init(&arena, &rt);
    if (rrn_yaml_parse(&arena, p->text, p->size, p->label, &root, &err) < 0)
      fail_msg("%s", err.message);
    assert_string_equal(rrn_yaml_get(root, "schema")->text, "rramnas.preset/1");
    source = rrn_yaml_get(root, "source");
    assert_true(source && strcmp(source->text, p->source) == 0);
    check_provenance(p, root);
    rrn_arena_release(&arena);
  }
}

/* The ranges were made at build time by another reader of the same files. */
static void
ranges_are_those_of_the_files(void **state)
{
  size_t i, k;

  (void)state;
  assert_in_range(rrn_n_preset_ranges, 30, 200);
  for (k = 0; k < rrn_n_preset_ranges; k++) {
    const rrn_preset_range *range = &rrn_preset_ranges[k];
    const rrn_hw_field *field = rrn_hw_field_find(range->field);
    int low = 0, high = 0;

    assert_non_null(field);
    for (i = 0; i < rrn_n_presets; i++) {
      rramnas_hw *hw = from_preset(rrn_presets[i].name);
      const double value = rrn_hw_field_number(field, hw);

      low |= value == range->low;
      high |= value == range->high;
      rramnas_hw_unref(hw);
    }
    assert_true(low && high && range->low <= range->high);
  }
}

/* --- naming one in a spec --- */

static void
own_values_win(void **state)
{
  rramnas_hw *hw = hw_good("crossbar: {rows: 64}\n"
                           "device: {preset: wan_nature_2022, bits_per_cell: 4}\n"
                           "preset: isaac_isca_2016\n", "hw.yaml");
  capture yaml = hw_yaml(hw);
  rramnas_hw *again;

  (void)state;
  assert_true(hw_number(hw, "crossbar.rows") == 64 && hw_number(hw, "crossbar.cols") == 128);
  assert_true(hw_number(hw, "adc.rate_gsps") == 1.28 && hw_number(hw, "chip.crossbars") == 16128);
  assert_true(hw_number(hw, "device.on_resistance_ohm") == 25000);
  assert_true(hw_number(hw, "device.bits_per_cell") == 4 && hw_number(hw, "noise.write_c1_us") == 16.03);
  assert_true(hw_number(hw, "device.read_latency_ns") == 100);
  yaml.text[yaml.length - 1] = '\0';
  assert_null(strstr(yaml.text, "preset"));
  again = hw_good(yaml.text, "again.yaml");
  assert_true(hw_same(hw, again));
  rramnas_hw_unref(again);
  rramnas_hw_unref(hw);
  capture_free(&yaml);
}

static void
errors(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_hw *hw = NULL;

  (void)state;
  hw_bad("preset: isaac\n", "hw.yaml", RRAMNAS_ERR_NOT_FOUND,
         "hw.yaml:1:9: preset is \"isaac\", which is no preset; like it: isaac_isca_2016");
  hw_bad("preset: isac_isca_2016\n", "hw.yaml", RRAMNAS_ERR_NOT_FOUND,
         "hw.yaml:1:9: preset is \"isac_isca_2016\", which is no preset; like it: isaac_isca_2016");
  hw_bad("preset: nothing of the kind\n", "hw.yaml", RRAMNAS_ERR_NOT_FOUND,
         "hw.yaml:1:9: preset is \"nothing of the kind\", which is no preset");
  hw_bad("device:\n  preset: wan\n", "hw.yaml", RRAMNAS_ERR_NOT_FOUND,
         "hw.yaml:2:11: device.preset is \"wan\", which is no preset; like it: wan_nature_2022, "
         "wan_nature_2022_cubic");
  hw_bad("preset: wan_nature_2022\n", "hw.yaml", RRAMNAS_ERR_RANGE,
         "hw.yaml:1:9: preset is \"wan_nature_2022\", a preset of a device: name it as device.preset");
  hw_bad("device: {preset: isaac_isca_2016}\n", "hw.yaml", RRAMNAS_ERR_RANGE,
         "hw.yaml:1:18: device.preset is \"isaac_isca_2016\", a preset of a whole chip: name it as preset");
  hw_bad("preset: [isaac_isca_2016]\n", "hw.yaml", RRAMNAS_ERR_PARSE,
         "hw.yaml:1:9: preset is a sequence, expected the name of a preset");
  hw_bad("schema: rramnas.preset/1\ndevice: {preset: wan_nature_2022}\n", "hw.yaml", RRAMNAS_ERR_PARSE,
         "hw.yaml:2:10: a preset cannot name another one");
  hw_bad("provenance: {}\n", "hw.yaml", RRAMNAS_ERR_PARSE,
         "hw.yaml:1:1: unknown section \"provenance\", expected name, device, crossbar, weight, input, dac, adc, pe, "
         "digital, activation, buffer, tile, pool, chip, noise, mnsim");
  assert_int_equal(rramnas_hw_create_preset("puma", NULL, &hw, &err), RRAMNAS_ERR_NOT_FOUND);
  assert_string_equal(err.message, "rramnas_hw_create_preset: no preset \"puma\"; like it: puma_asplos_2019");
  assert_int_equal(rramnas_hw_create_preset(NULL, NULL, &hw, &err), RRAMNAS_ERR_ARGUMENT);
  assert_int_equal(rramnas_hw_create_preset("puma_asplos_2019", NULL, NULL, &err), RRAMNAS_ERR_ARGUMENT);
  assert_null(hw);
}

static void
preset_must_not_name_a_chip(void **state)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_hw *hw = NULL;

  (void)state;
  assert_int_equal(hw_from("schema: rramnas.preset/1\npreset: isaac_isca_2016\n", "hw.yaml", &hw, &err),
                   RRAMNAS_ERR_PARSE);
  assert_non_null(strstr(err.message, "hw.yaml:2:1: "));
}

/* The rule blames the line of the file, not the preset. */
static void
rules_see_presets(void **state)
{
  (void)state;
  hw_bad("device: {preset: wan_nature_2022}\n\n# worse\nname: x\ncrossbar: {subarray_rows: 100}\n", "hw.yaml",
         RRAMNAS_ERR_RANGE,
         "hw.yaml:5:27: crossbar.subarray_rows is 100 and crossbar.rows is 128. A crossbar is made of whole subarrays, "
         "so crossbar.rows must be a multiple of crossbar.subarray_rows.");
  hw_bad("device:\n  preset: wan_nature_2022\n  off_resistance_ohm: 20000\n", "hw.yaml", RRAMNAS_ERR_RANGE,
         "hw.yaml:3:23: device.on_resistance_ohm is 25000 and device.off_resistance_ohm is 20000. The on state must "
         "conduct better, so device.on_resistance_ohm must be below device.off_resistance_ohm.");
  hw_bad("noise: {stuck_off_fraction: 0.6, stuck_on_fraction: 0.5}\n", "hw.yaml", RRAMNAS_ERR_RANGE,
         "hw.yaml:1:29: noise.stuck_off_fraction is 0.6 and noise.stuck_on_fraction is 0.5. A cell is stuck in one "
         "state, so both fractions together must not exceed 1.");
}

/* --- units --- */

static void
check_warning(const char *text, const char *name, const char *want)
{
  rramnas_hw *hw = hw_good(text, name);

  assert_int_equal(rramnas_hw_warning_count(hw), want ? 1 : 0);
  if (want)
    assert_string_equal(rramnas_hw_warning(hw, 0), want);
  rramnas_hw_unref(hw);
}

static void
slips_of_the_unit(void **state)
{
  (void)state;
  check_warning("dac:\n  power_uw: 499200\n", "hw.yaml",
                "hw.yaml:2:13: dac.power_uw is 499200, 10000 times above any preset (3.896875 .. 37.96): is the unit "
                "uW?");
  check_warning("device: {read_voltage_v: 90}\n", "hw.yaml", NULL);
  check_warning("adc: {rate_gsps: 1280}\n", "hw.yaml",
                "hw.yaml:1:18: adc.rate_gsps is 1280, 1000 times above any preset (0.4333 .. 1.28): is the unit GS/s?");
  check_warning("adc: {power_uw: 0.002}\n", "hw.yaml",
                "hw.yaml:1:17: adc.power_uw is 0.002, 100000 times below any preset (574.9 .. 2000): is the unit uW?");
  check_warning("adc: {power_uw: 0}\n", "hw.yaml", NULL);
  check_warning("adc: {power_uw: 20000}\n", "hw.yaml", NULL);
  check_warning("noise: {write_model: relative, write_sigma: 0.00001}\n", "hw.yaml", NULL);
  check_warning("preset: yao_esserc_2024\nadc: {power_uw: 2000000}\n", "hw.yaml",
                "hw.yaml:2:17: adc.power_uw is 2000000, 1000 times above any preset (574.9 .. 2000): is the unit uW?");
}

/* Coefficients of presets give what their sources state in their own units, at the ends of the fit and between, and a chip
 * that leaves it is told so. */
static void
fits_are_as_stated(void **state)
{
  /* sigma = a[0] + a[1] x + ..., in uS, of x = g in uS or of x = g / on. */
  static const struct { const char *name; double from_us, to_us; int relative; double a[5]; const char *beyond; } fits[] = {
    { "wan_nature_2022", 0, 40, 1, { 0.348, 16.030, -43.853, 45.393, -16.815 }, "device: {on_resistance_ohm: 20000" },
    { "milo_irps_2021", 50, 225, 0, { 4.782321, -0.009107 }, "device: {off_resistance_ohm: 40000" },
    { "joshi_natcommun_2020", 0, 25, 0, { 0.28638599, 0.07585724, -0.00178767 }, "device: {on_resistance_ohm: 30000" },
    { "nandakumar_icecs_2019", 0, 25, 1, { 0.26348, 1.9650, -1.1731 }, "device: {on_resistance_ohm: 30000" },
    { "falcone_arxiv_2025", 8, 90, 0, { 0.01121854, 0.01129027 }, "device: {off_resistance_ohm: 200000" },
    { "legallo_natelectron_2023", 0, 10.35, 1, { 0.15781817, 2.32443916, -2.16310839, 0.68841818 },
      "device: {on_resistance_ohm: 50000" },
    { "wan_nature_2022_cubic", 0, 39.26, 0, { 1.053, 0.2374, -1.167e-2, 1.536e-4 }, "device: {on_resistance_ohm: 20000" },
  };
  size_t i, k;

  (void)state;
  for (i = 0; i < sizeof(fits) / sizeof(fits[0]); i++) {
    rramnas_hw *hw = NULL;
    char text[200];

    assert_int_equal(rramnas_hw_create_preset(fits[i].name, NULL, &hw, NULL), RRAMNAS_OK);
    assert_int_equal(rramnas_hw_warning_count(hw), 0);
    for (k = 0; k <= 4; k++) {
      const double g = fits[i].from_us + (fits[i].to_us - fits[i].from_us) * (double)k / 4;
      const double r = g * 1e-6 * hw->v.device.on_resistance_ohm, x = fits[i].relative ? r : g, *a = fits[i].a;
      const double ours = hw->v.noise.write_c0_us + r * (hw->v.noise.write_c1_us + r * (hw->v.noise.write_c2_us +
                          r * (hw->v.noise.write_c3_us + r * hw->v.noise.write_c4_us)));
      const double stated = a[0] + x * (a[1] + x * (a[2] + x * (a[3] + x * a[4])));

      assert_true(fabs(ours - stated) < 1e-9);
    }
    rramnas_hw_unref(hw);
    snprintf(text, sizeof(text), "%s, preset: %s}\n", fits[i].beyond, fits[i].name);
    hw = hw_good(text, "hw.yaml");
    assert_int_equal(rramnas_hw_warning_count(hw), 1);
    rramnas_hw_unref(hw);
  }
}

static void
slip_in_an_ini(void **state)
{
  char *ini = hw_data("hw/SimConfig.ini"), *at;
  rramnas_hw *plain, *hw;
  size_t n;

  (void)state;
  plain = hw_good(ini, "hw.ini");
  at = strstr(ini, "Write_Latency = 10\n");
  assert_non_null(at);
  memcpy(at, "Write_Latency=10e4\n", 19);
  hw = hw_good(ini, "hw.ini");
  n = rramnas_hw_warning_count(hw);
  assert_int_equal(n, rramnas_hw_warning_count(plain) + 1);
  assert_non_null(strstr(rramnas_hw_warning(hw, n - 1), "is the unit ns?"));
  assert_string_equal(hw_text(plain, "noise.write_model"), "relative");
  assert_true(hw_number(plain, "noise.write_sigma") == 0.01 && hw_number(plain, "noise.stuck_off_fraction") == 0.001);
  rramnas_hw_unref(hw);
  rramnas_hw_unref(plain);
  free(ini);
}

int
main(void)
{
  const struct CMUnitTest tests[] = {
    cmocka_unit_test(each_one_loads_in_every_way),
    cmocka_unit_test(listing),
    cmocka_unit_test(every_value_has_a_source),
    cmocka_unit_test(ranges_are_those_of_the_files),
    cmocka_unit_test(own_values_win),
    cmocka_unit_test(errors),
    cmocka_unit_test(preset_must_not_name_a_chip),
    cmocka_unit_test(rules_see_presets),
    cmocka_unit_test(slips_of_the_unit),
    cmocka_unit_test(fits_are_as_stated),
    cmocka_unit_test(slip_in_an_ini),
  };

  return cmocka_run_group_tests(tests, NULL, NULL);
}
