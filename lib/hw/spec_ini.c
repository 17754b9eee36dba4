/* SPDX-License-Identifier: MIT */
/*
 * In: the text of a MNSIM 2.0 SimConfig.ini. Out: the values in the handle, with the place of each, and
 * warnings for all that was not taken as it stands.
 *
 * Keys that are one field go through the key table; the others have a rule each, below. Fields that the file
 * does not hold (bits of weights and inputs, slicing, number of crossbars) keep their defaults. Converter
 * choices and the areas behind ADC_Num = 0 are MNSIM's numbers. Nothing is taken in silence: a missing key
 * that matters, a key without effect and a derived number each give a warning.
 */
#include "hw/spec_ini.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "hw/ini.h"
#include "hw/spec_fields.h"
#include "util/text.h"

typedef struct import {
  rrn_hw_reading *r;
  rrn_ini ini;
} import;

/* Position + 1 is the choice; every DAC samples at 1 GS/s. The power of DAC 6, a thousand times too high, is MNSIM's. */
static const struct { const char *bits, *area_um2, *power_uw; } dacs[] = {
  { "1", "0.166", "3.9" },   { "2", "0.332", "7.8" },    { "3", "0.664", "15.6" },  { "4", "1.328", "31.2" },
  { "6", "5.312", "124.8" }, { "8", "21.248", "499200" }, { "1", "0.166", "3.9" },
};
static const struct { const char *bits, *rate_gsps, *kind, *area_um2, *power_uw; } adcs[] = {
  { "10", "1.5", "sar", "1600", "6920" }, { "8", "1.28", "sar", "1200", "2000" }, { "8", "1.1", "sar", "1650", "4000" },
  { "6", "1", "sar", "580", "1260" },     { "8", "1.1", "sar", "1650", "4000" },  { "6", "1", "sar", "1650", "1260" },
  { "4", "1", "sar", "500", "700" },      { "1", "1", "flash", "1", "1.629" },    { "8", "6", "ramp", "15899", "58.4" },
};
enum { N_DACS = sizeof(dacs) / sizeof(dacs[0]), N_ADCS = sizeof(adcs) / sizeof(adcs[0]) };

static const rrn_ini_key *
known_key(const char *section, const char *key)
{
  size_t i;

  for (i = 0; i < rrn_ini_n_keys; i++)
    if ((!section || strcmp(rrn_ini_keys[i].section, section) == 0) && rrn_equal_nocase(rrn_ini_keys[i].key, key))
      return &rrn_ini_keys[i];
  return NULL;
}

static const rrn_ini_entry *
find(const import *m, const rrn_ini_key *key)
{
  size_t i;

  for (i = 0; i < m->ini.n_entries; i++)
    if (strcmp(m->ini.entries[i].section, key->section) == 0 && rrn_equal_nocase(m->ini.entries[i].key, key->key))
      return &m->ini.entries[i];
  return NULL;
}

/* The key's value; that of MNSIM's own file, with a warning, when it is missing. */
static int32_t
take(import *m, const char *key, rrn_yaml *ret_node)
{
  const rrn_ini_key *known = known_key(NULL, key);
  const rrn_ini_entry *entry = find(m, known);
  rrn_yaml node = { .kind = RRN_YAML_SCALAR, .text = known->shipped, .where = { m->r->file, 0, 0, -1 } };

  if (entry) {
    *ret_node = entry->value;
    return RRAMNAS_OK;
  }
  node.length = strlen(node.text);
  *ret_node = node;
  return rrn_hw_warn(m->r, 0, "%s is missing from [%s], %s is taken", known->key, known->section, known->shipped);
}

/* Sets a field from a node of key `key`. */
static int32_t
put(import *m, const char *field, const char *key, const rrn_yaml *node)
{
  const rrn_hw_field *row = rrn_hw_field_find(field);
  char what[160];

  snprintf(what, sizeof(what), "%s (%s)", key, field);
  RRN_TRY(rrn_hw_field_assign(row, what, node, m->r->hw, m->r->err));
  m->r->places[row - rrn_hw_fields] = node->where;
  return RRAMNAS_OK;
}

/* Sets a field to a text of ours, at the place of the key that caused it. */
static int32_t
put_text(import *m, const char *field, const char *key, const char *text, rrn_place where)
{
  rrn_yaml node = { .kind = RRN_YAML_SCALAR, .text = text, .length = strlen(text), .where = where };

  return put(m, field, key, &node);
}

static int32_t
put_key(import *m, const char *field, const char *key)
{
  rrn_yaml node;

  RRN_TRY(take(m, key, &node));
  return put(m, field, key, &node);
}

/* Item `index` of a list "a,b,c"; -1 is the last one. */
static int32_t
list_item(import *m, const rrn_yaml *list, int index, rrn_yaml *ret_item)
{
  const char *start = list->text, *comma;
  const char *p;
  size_t length;

  while ((comma = strchr(start, ',')) && index != 0) {
    start = comma + 1;
    index--;
  }
  length = comma ? (size_t)(comma - start) : strlen(start);
  while (length && *start == ' ')
    start++, length--;
  while (length && start[length - 1] == ' ')
    length--;
  *ret_item = *list;
  for (p = list->text; p < start && list->where.line; p++)
    ret_item->where.column += ((unsigned char)*p & 0xc0) != 0x80;
  ret_item->length = length;
  ret_item->text = rrn_arena_strndup(m->r->scratch, start, length);
  return ret_item->text ? RRAMNAS_OK : rrn_fail_memory(m->r->err);
}

static int32_t
put_item(import *m, const char *field, const char *key, int index)
{
  rrn_yaml list, item;

  RRN_TRY(take(m, key, &list));
  RRN_TRY(list_item(m, &list, index, &item));
  return put(m, field, key, &item);
}

/* The key's number moved by that many decimal places, as text: exact, where a product could be rounded. */
static int32_t
put_scaled(import *m, const char *field, const char *key, int places)
{
  char text[96];
  double checked;
  int64_t exponent = 0;
  rrn_yaml node;
  size_t n;

  RRN_TRY(take(m, key, &node));
  RRN_TRY(rrn_yaml_double(&node, key, 0, 1e12, &checked, m->r->err));
  n = strcspn(node.text, "eE");
  if (n < node.length && !rrn_int64_parse(node.text + n + 1, node.length - n - 1, &exponent))
    exponent = 0;
  if (n > 60 || exponent > 999 || exponent < -999)
    return rrn_fail_at(m->r->err, RRAMNAS_ERR_RANGE, node.where, "%s has more than 60 digits", key);
  snprintf(text, sizeof(text), "%.*se%d", (int)n, node.text, (int)exponent + places);
  return put_text(m, field, key, text, node.where);
}

/* One of `words`, counted from `first`. */
static int32_t
put_choice(import *m, const char *field, const char *key, int64_t first, const char *const *words, int64_t n)
{
  int64_t value;
  rrn_yaml node;

  RRN_TRY(take(m, key, &node));
  RRN_TRY(rrn_yaml_int(&node, key, first, first + n - 1, &value, m->r->err));
  return put_text(m, field, key, words[value - first], node.where);
}

/* The key's number, or `instead` when it is below zero, and when it is zero unless that counts. */
static int32_t
put_or(import *m, const char *field, const char *key, int zero_counts, const char *instead)
{
  rrn_yaml node;
  double value;

  RRN_TRY(take(m, key, &node));
  RRN_TRY(rrn_yaml_double(&node, key, -1e12, 1e12, &value, m->r->err));
  if (value > 0 || (zero_counts && value == 0))
    return put(m, field, key, &node);
  return put_text(m, field, key, instead, node.where);
}

static size_t
count_items(const char *list)
{
  size_t n = 1;

  for (; *list; list++)
    n += *list == ',';
  return n;
}

/* --- one key of the file --- */

static int32_t
warn_unknown(import *m, const rrn_ini_entry *entry)
{
  const rrn_ini_key *elsewhere = known_key(NULL, entry->key);

  if (elsewhere)
    return rrn_hw_warn(m->r, entry->key_where.line, "%s is ignored in [%s], MNSIM reads it from [%s]", elsewhere->key,
                       entry->section, elsewhere->section);
  return rrn_hw_warn(m->r, entry->key_where.line, "%s is not a key that MNSIM reads from [%s], ignored", entry->key,
                     entry->section);
}

static int32_t
note_key(import *m, const rrn_ini_entry *entry)
{
  const rrn_ini_key *known = known_key(entry->section, entry->key);

  if (!known)
    return warn_unknown(m, entry);
  if (known->use == RRN_INI_IGNORED)
    return rrn_hw_warn(m->r, entry->key_where.line, "%s has no effect in MNSIM, ignored", known->key);
  return RRAMNAS_OK;
}

static int
is_known_section(const char *name)
{
  size_t i;

  for (i = 0; i < rrn_ini_n_keys; i++)
    if (strcmp(rrn_ini_keys[i].section, name) == 0)
      return 1;
  return 0;
}

/* Warns about what has no effect, line by line. A file without any section of MNSIM's is another kind of ini. */
static int32_t
note_all(import *m)
{
  size_t i, known = 0;

  for (i = 0; i < m->ini.n_sections; i++) {
    const rrn_ini_section *s = &m->ini.sections[i];

    if (is_known_section(s->name))
      known++;
    else
      RRN_TRY(rrn_hw_warn(m->r, s->where.line, "[%s] is not a section of MNSIM, ignored", s->name));
  }
  RRN_FAIL_IF(!known, m->r->err, RRAMNAS_ERR_PARSE,
              "%s: no section of a MNSIM 2.0 SimConfig.ini, such as [Device level]", m->r->file);
  for (i = 0; i < m->ini.n_entries; i++)
    if (is_known_section(m->ini.entries[i].section))
      RRN_TRY(note_key(m, &m->ini.entries[i]));
  return RRAMNAS_OK;
}

/* --- the rules --- */

/* Keys that are one field. Files from before subarrays lack Subarray_Size: all rows, the field's default. */
static int32_t
read_plain_fields(import *m)
{
  size_t i;

  for (i = 0; i < rrn_ini_n_keys; i++) {
    const rrn_ini_key *key = &rrn_ini_keys[i];

    if (key->use != RRN_INI_FIELD)
      continue;
    if (strcmp(key->key, "Subarray_Size") == 0 && !find(m, key))
      RRN_TRY(rrn_hw_warn(m->r, 0, "Subarray_Size is missing from [%s], all rows are taken", key->section));
    else
      RRN_TRY(put_key(m, key->field, key->key));
  }
  return RRAMNAS_OK;
}

static int32_t
read_device_type(import *m)
{
  rrn_yaml type;
  int nvm, sram;

  RRN_TRY(take(m, "Device_Type", &type));
  nvm = strcmp(type.text, "NVM") == 0;
  sram = strcmp(type.text, "SRAM") == 0;
  if (!nvm && !sram)
    RRN_TRY(rrn_hw_warn(m->r, type.where.line, "Device_Type is neither NVM nor SRAM and is read as SRAM, as MNSIM does"));
  return put_text(m, "device.kind", "Device_Type", nvm ? "rram" : "sram", type.where);
}

static int32_t
read_device_level(import *m)
{
  char text[RRN_DOUBLE_TEXT];
  int64_t levels, bits = 0;
  rrn_yaml node;

  RRN_TRY(take(m, "Device_Level", &node));
  RRN_TRY(rrn_yaml_int(&node, "Device_Level", 2, 256, &levels, m->r->err));
  while (levels >> (bits + 1))
    bits++;
  if (levels != (int64_t)1 << bits)
    RRN_TRY(rrn_hw_warn(m->r, node.where.line, "Device_Level %d is not a power of two: %d bits per cell are used",
                        (int)levels, (int)bits));
  return put_text(m, "device.bits_per_cell", "Device_Level", rrn_double_text((double)bits, text), node.where);
}

static int32_t
read_device(import *m)
{
  RRN_TRY(read_device_type(m));
  RRN_TRY(put_item(m, "device.read_voltage_low_v", "Read_Voltage", 0));
  RRN_TRY(put_item(m, "device.read_voltage_v", "Read_Voltage", -1));
  RRN_TRY(put_item(m, "device.write_voltage_low_v", "Write_Voltage", 0));
  RRN_TRY(put_item(m, "device.write_voltage_v", "Write_Voltage", -1));
  RRN_TRY(put_item(m, "device.off_resistance_ohm", "Device_Resistance", 0));
  RRN_TRY(put_item(m, "device.on_resistance_ohm", "Device_Resistance", -1));
  RRN_TRY(put_scaled(m, "device.read_energy_fj", "Read_Energy", 15));
  RRN_TRY(put_scaled(m, "device.write_energy_fj", "Write_Energy", 15));
  return read_device_level(m);
}

/* Sets a fraction from a percentage. */
static int32_t
put_percent(import *m, const char *field, const char *key, const rrn_yaml *node)
{
  char text[RRN_DOUBLE_TEXT];
  double percent;

  RRN_TRY(rrn_yaml_double(node, key, 0, 100, &percent, m->r->err));
  return put_text(m, field, key, rrn_double_text(percent / 100, text), node->where);
}

/* Percentages that MNSIM's hardware model does not need: files without them, or with 0, have no variation. */
static int32_t
read_variation(import *m)
{
  const rrn_ini_entry *sigma = find(m, known_key(NULL, "Device_Variation"));
  const rrn_ini_entry *stuck = find(m, known_key(NULL, "Device_SAF"));
  rrn_yaml off, on;

  if (sigma)
    RRN_TRY(put_percent(m, "noise.write_sigma", "Device_Variation", &sigma->value));
  if (sigma && m->r->hw->v.noise.write_sigma > 0)
    RRN_TRY(put_text(m, "noise.write_model", "Device_Variation", "relative", sigma->value.where));
  if (!stuck)
    return RRAMNAS_OK;
  RRN_TRY(list_item(m, &stuck->value, 0, &off));
  RRN_TRY(list_item(m, &stuck->value, -1, &on));
  RRN_TRY(put_percent(m, "noise.stuck_off_fraction", "Device_SAF", &off));
  return put_percent(m, "noise.stuck_on_fraction", "Device_SAF", &on);
}

/* "rows,columns"; a pair that begins with zero stands for `instead` twice, when there is one. */
static int32_t
read_pair(import *m, const char *key, const char *rows_field, const char *cols_field, const char *instead)
{
  rrn_yaml pair, first;
  int64_t value;

  RRN_TRY(take(m, key, &pair));
  if (count_items(pair.text) != 2)
    return rrn_fail_at(m->r->err, RRAMNAS_ERR_RANGE, pair.where, "%s is \"%.60s\", expected rows,columns", key, pair.text);
  RRN_TRY(list_item(m, &pair, 0, &first));
  if (instead && rrn_int64_parse(first.text, first.length, &value) && value == 0) {
    RRN_TRY(put_text(m, rows_field, key, instead, pair.where));
    return put_text(m, cols_field, key, instead, pair.where);
  }
  RRN_TRY(put_item(m, rows_field, key, 0));
  return put_item(m, cols_field, key, 1);
}

static int32_t
read_crossbar(import *m)
{
  static const char *const methods[] = { "cell", "feature" };
  int64_t minus_one;
  rrn_yaml load;

  RRN_TRY(put_or(m, "crossbar.wire_resistance_ohm", "Wire_Resistance", 1, "2.82"));
  RRN_TRY(put_or(m, "crossbar.wire_capacitance_ff", "Wire_Capacity", 1, "1"));
  RRN_TRY(put_choice(m, "mnsim.area_method", "Area_Calculation", 0, methods, 2));
  RRN_TRY(take(m, "Load_Resistance", &load));
  if (rrn_int64_parse(load.text, load.length, &minus_one) && minus_one == -1)
    return put_text(m, "mnsim.load_resistance_ohm", "Load_Resistance", "0", load.where);
  return put(m, "mnsim.load_resistance_ohm", "Load_Resistance", &load);
}

/* -1 or a position of the table; 0 is no choice. */
static int32_t
take_choice(import *m, const char *key, int64_t n, int64_t *ret_choice, rrn_place *ret_where)
{
  rrn_yaml node;

  RRN_TRY(take(m, key, &node));
  *ret_where = node.where;
  RRN_TRY(rrn_yaml_int(&node, key, -1, n, ret_choice, m->r->err));
  if (*ret_choice == 0)
    return rrn_fail_at(m->r->err, RRAMNAS_ERR_RANGE, node.where, "%s is \"0\", expected -1 or 1..%d", key, (int)n);
  return RRAMNAS_OK;
}

/* Keys that count only with choice -1 and are set all the same. */
static int32_t
warn_overruled(import *m, const char *key, const char *choice)
{
  const rrn_ini_entry *entry = find(m, known_key(NULL, key));
  double value = 0;

  if (!entry || (rrn_double_parse(entry->value.text, entry->value.length, &value) && value == 0))
    return RRAMNAS_OK;
  return rrn_hw_warn(m->r, entry->key_where.line, "%s counts only with %s = -1, ignored", key, choice);
}

/* `converter` is DAC or ADC. */
static int32_t
warn_all_overruled(import *m, const char *converter)
{
  static const char *const keys[] = { "Area", "Precision", "Power", "Sample_Rate" };
  char key[32], choice[16];
  size_t i;

  snprintf(choice, sizeof(choice), "%s_Choice", converter);
  for (i = 0; i < sizeof(keys) / sizeof(keys[0]); i++) {
    snprintf(key, sizeof(key), "%s_%s", converter, keys[i]);
    RRN_TRY(warn_overruled(m, key, choice));
  }
  return RRAMNAS_OK;
}

static int32_t
read_dac(import *m, int digital_pim)
{
  int64_t choice;
  rrn_place where;

  RRN_TRY(take_choice(m, "DAC_Choice", N_DACS, &choice, &where));
  if (digital_pim && choice != 1) {
    choice = 1;
    RRN_TRY(rrn_hw_warn(m->r, where.line, "DAC_Choice is ignored, PIM_Type 1 takes choice 1"));
  }
  if (choice == -1) {
    RRN_TRY(put_key(m, "dac.bits", "DAC_Precision"));
    RRN_TRY(put_key(m, "dac.area_um2", "DAC_Area"));
    RRN_TRY(put_scaled(m, "dac.power_uw", "DAC_Power", 6));
    return put_key(m, "dac.rate_gsps", "DAC_Sample_Rate");
  }
  RRN_TRY(warn_all_overruled(m, "DAC"));
  RRN_TRY(put_text(m, "dac.bits", "DAC_Choice", dacs[choice - 1].bits, where));
  RRN_TRY(put_text(m, "dac.area_um2", "DAC_Choice", dacs[choice - 1].area_um2, where));
  RRN_TRY(put_text(m, "dac.power_uw", "DAC_Choice", dacs[choice - 1].power_uw, where));
  return put_text(m, "dac.rate_gsps", "DAC_Choice", "1", where);
}

static int32_t
read_adc(import *m, int digital_pim)
{
  int64_t choice;
  rrn_place where;

  RRN_TRY(take_choice(m, "ADC_Choice", N_ADCS, &choice, &where));
  if (digital_pim && choice != 8) {
    choice = 8;
    RRN_TRY(rrn_hw_warn(m->r, where.line, "ADC_Choice is ignored, PIM_Type 1 takes choice 8"));
  }
  if (choice == -1) {
    RRN_TRY(put_text(m, "adc.kind", "ADC_Choice", "sar", where));
    RRN_TRY(put_key(m, "adc.bits", "ADC_Precision"));
    RRN_TRY(put_key(m, "adc.area_um2", "ADC_Area"));
    RRN_TRY(put_scaled(m, "adc.power_uw", "ADC_Power", 6));
    return put_key(m, "adc.rate_gsps", "ADC_Sample_Rate");
  }
  RRN_TRY(warn_all_overruled(m, "ADC"));
  RRN_TRY(put_text(m, "adc.area_um2", "ADC_Choice", adcs[choice - 1].area_um2, where));
  RRN_TRY(put_text(m, "adc.power_uw", "ADC_Choice", adcs[choice - 1].power_uw, where));
  RRN_TRY(put_text(m, "adc.bits", "ADC_Choice", adcs[choice - 1].bits, where));
  RRN_TRY(put_text(m, "adc.rate_gsps", "ADC_Choice", adcs[choice - 1].rate_gsps, where));
  return put_text(m, "adc.kind", "ADC_Choice", adcs[choice - 1].kind, where);
}

/* --- ADC_Num = 0: as many ADCs as fit side by side below a crossbar --- */

/* Cells by area per cell plus row drivers, or by feature size without drivers. */
static double
crossbar_area_um2(const rrn_hw_values *v)
{
  const double rows = v->crossbar.rows, cells = rows * v->crossbar.cols;
  const double f2_um2 = v->device.node_nm * v->device.node_nm / 1e6, scale = v->crossbar.transistor_node_nm / 65;
  double driver = v->crossbar.driver_area_um2;

  if (v->mnsim.area_method == RRN_AREA_BY_FEATURE)
    return cells * (v->device.kind == RRN_KIND_SRAM ? 5 : v->crossbar.cell == RRN_CELL_0T1R ? 4 * f2_um2 : 12 * f2_um2);
  if (v->mnsim.pim == RRN_PIM_DIGITAL)
    driver = (7.3 * 2.7 + 9.5 * 3.8) * scale * scale;
  return cells * v->device.cell_area_um2 + rows * driver;
}

/* With the gates of a logic operation beside it. */
static double
adc_area_um2(const rrn_hw_values *v)
{
  return v->adc.area_um2 + (v->mnsim.logic == RRN_LOGIC_XOR    ? 19.2 * 0.18
                            : v->mnsim.logic != RRN_LOGIC_NONE ? 17.28 * 0.18
                                                               : 0);
}

static int32_t
derive_adc_count(import *m, rrn_place where)
{
  const rrn_hw_values *v = &m->r->hw->v;
  const double pair = v->weight.sign == RRN_SIGNED_DIFFERENTIAL ? 2 : 1;
  const double converted = pair == 2 && v->weight.subtraction == RRN_SUBTRACT_DIGITAL ? 2 : 1;
  double count = converted * ceil(sqrt(crossbar_area_um2(v)) * pair / sqrt(adc_area_um2(v)));
  char text[RRN_DOUBLE_TEXT];

  if (!(count <= v->crossbar.cols))
    count = v->crossbar.cols;
  RRN_TRY(rrn_hw_warn(m->r, where.line, "ADC_Num is 0: %d ADCs per subarray follow from the areas", (int)count));
  return put_text(m, "adc.per_subarray", "ADC_Num", rrn_double_text(count, text), where);
}

static int32_t
read_adc_count(import *m)
{
  rrn_yaml node;
  int64_t count;

  RRN_TRY(take(m, "ADC_Num", &node));
  if (rrn_int64_parse(node.text, node.length, &count) && count == 0)
    return derive_adc_count(m, node.where);
  return put(m, "adc.per_subarray", "ADC_Num", &node);
}

static int32_t
read_groups(import *m)
{
  rrn_yaml node;
  int64_t groups;

  RRN_TRY(take(m, "Group_Num", &node));
  if (!rrn_int64_parse(node.text, node.length, &groups) || groups != 0)
    return put(m, "pe.groups", "Group_Num", &node);
  RRN_TRY(rrn_hw_warn(m->r, node.where.line, "Group_Num is 0: 1 group is taken, as MNSIM does"));
  return put_text(m, "pe.groups", "Group_Num", "1", node.where);
}

/* Thresholds could be given one by one; here they always follow from the cells. */
static int32_t
read_thresholds(import *m)
{
  rrn_yaml node;

  RRN_TRY(take(m, "ADC_Interval_Thres", &node));
  if (strcmp(node.text, "-1") == 0)
    return RRAMNAS_OK;
  return rrn_hw_warn(m->r, node.where.line, "ADC_Interval_Thres is ignored, thresholds follow from the cells");
}

/* After the crossbar, whose size ADC_Num = 0 needs. */
static int32_t
read_process_element(import *m)
{
  static const char *const kinds[] = { "analog", "digital" };
  static const char *const signs[] = { "offset", "differential" };
  static const char *const gates[] = { "none", "and", "or", "xor" };
  int digital;

  RRN_TRY(put_choice(m, "mnsim.pim", "PIM_Type", 0, kinds, 2));
  RRN_TRY(put_choice(m, "weight.sign", "Xbar_Polarity", 1, signs, 2));
  RRN_TRY(put_choice(m, "weight.subtraction", "Sub_Position", 0, kinds, 2));
  RRN_TRY(put_choice(m, "mnsim.logic", "Logic_Op", -1, gates, 4));
  digital = m->r->hw->v.mnsim.pim == RRN_PIM_DIGITAL;
  RRN_TRY(read_dac(m, digital));
  RRN_TRY(read_adc(m, digital));
  RRN_TRY(read_adc_count(m));
  RRN_TRY(read_thresholds(m));
  return read_groups(m);
}

/* Nodes of nothing or less are those of MNSIM's tables. */
static int32_t
read_blocks(import *m)
{
  static const struct { const char *key, *field, *instead; } blocks[] = {
    { "Adder", "adder", "28" },      { "Multiplier", "multiplier", "28" }, { "ShiftReg", "shift_register", "65" },
    { "Reg", "register", "65" },     { "JointModule", "joint", "65" },
  };
  char key[32], field[48];
  size_t i;

  for (i = 0; i < sizeof(blocks) / sizeof(blocks[0]); i++) {
    snprintf(key, sizeof(key), "%s_Tech", blocks[i].key);
    snprintf(field, sizeof(field), "mnsim.%s_node_nm", blocks[i].field);
    RRN_TRY(put_or(m, field, key, 0, blocks[i].instead));
    snprintf(key, sizeof(key), "%s_Power", blocks[i].key);
    snprintf(field, sizeof(field), "mnsim.%s_power_uw", blocks[i].field);
    RRN_TRY(put_scaled(m, field, key, 6));
  }
  return put_or(m, "digital.node_nm", "Adder_Tech", 0, "28");
}

static int32_t
read_pooling(import *m)
{
  rrn_yaml shape, item;
  int64_t side[2] = { 1, 1 };
  int i;

  RRN_TRY(take(m, "Pooling_shape", &shape));
  for (i = 0; i < 2; i++) {
    RRN_TRY(list_item(m, &shape, i, &item));
    if (!rrn_int64_parse(item.text, item.length, &side[i]))
      side[i] = 1;
  }
  if (count_items(shape.text) == 2 && (side[0] == 0 || side[1] == 0)) {
    RRN_TRY(put_text(m, "pool.rows", "Pooling_shape", "3", shape.where));
    RRN_TRY(put_text(m, "pool.cols", "Pooling_shape", "3", shape.where));
  } else {
    RRN_TRY(read_pair(m, "Pooling_shape", "pool.rows", "pool.cols", NULL));
  }
  RRN_TRY(put_or(m, "pool.units", "Pooling_unit_num", 0, "64"));
  return put_or(m, "pool.node_nm", "Pooling_Tech", 0, "65");
}

static int32_t
read_chip(import *m)
{
  static const char *const orders[] = { "row", "snake", "shell", "zigzag" };
  static const char *const levels[] = { "behavior", "estimation" };
  int64_t noc;
  rrn_yaml node;

  RRN_TRY(read_pair(m, "PE_Num", "tile.pe_rows", "tile.pe_cols", "4"));
  RRN_TRY(read_pair(m, "Tile_Num", "chip.tile_rows", "chip.tile_cols", "8"));
  RRN_TRY(put_choice(m, "mnsim.tile_order", "Tile_Connection", 0, orders, 4));
  RRN_TRY(put_or(m, "buffer.bus_bits", "Buffer_Bitwidth", 0, "256"));
  RRN_TRY(put_choice(m, "mnsim.simulation", "Simulation_Level", 0, levels, 2));
  RRN_TRY(take(m, "NoC_enable", &node));
  RRN_TRY(rrn_yaml_int(&node, "NoC_enable", 0, 1, &noc, m->r->err));
  return noc ? rrn_hw_warn(m->r, node.where.line, "NoC_enable is ignored, there is no network on chip") : RRAMNAS_OK;
}

int32_t
rrn_hw_read_ini(rrn_hw_reading *r, const char *data, size_t size)
{
  import m = { .r = r };

  RRN_TRY(rrn_ini_parse(r->scratch, data, size, r->file, &m.ini, r->err));
  RRN_TRY(note_all(&m));
  RRN_TRY(read_pair(&m, "Xbar_Size", "crossbar.rows", "crossbar.cols", NULL));
  RRN_TRY(read_plain_fields(&m));
  RRN_TRY(read_device(&m));
  RRN_TRY(read_variation(&m));
  RRN_TRY(read_crossbar(&m));
  RRN_TRY(read_process_element(&m));
  RRN_TRY(read_blocks(&m));
  RRN_TRY(read_pooling(&m));
  return read_chip(&m);
}
