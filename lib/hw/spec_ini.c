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

/* Position + 1 is the choice; every DAC samples at 1 GS/s. */
static const char *const dac_bits[] = { "1", "2", "3", "4", "6", "8", "1" };
static const struct { const char *bits, *rate_gsps, *kind; double area_um2; } adcs[] = {
  { "10", "1.5", "sar", 1600 }, { "8", "1.28", "sar", 1200 }, { "8", "1.1", "sar", 1650 },
  { "6", "1", "sar", 580 },     { "8", "1.1", "sar", 1650 },  { "6", "1", "sar", 1650 },
  { "4", "1", "sar", 500 },     { "1", "1", "flash", 1 },     { "8", "6", "ramp", 15899 },
};
enum { N_DACS = sizeof(dac_bits) / sizeof(dac_bits[0]), N_ADCS = sizeof(adcs) / sizeof(adcs[0]) };

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

static int32_t
take_int(import *m, const char *key, int64_t min, int64_t max, int64_t *ret_value)
{
  rrn_yaml node;

  RRN_TRY(take(m, key, &node));
  return rrn_yaml_int(&node, key, min, max, ret_value, m->r->err);
}

static int32_t
take_double(import *m, const char *key, double min, double max, double *ret_value)
{
  rrn_yaml node;

  RRN_TRY(take(m, key, &node));
  return rrn_yaml_double(&node, key, min, max, ret_value, m->r->err);
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
  if (known->use == RRN_INI_UNUSED)
    return rrn_hw_warn(m->r, entry->key_where.line, "%s is not used by this model (%s)", known->key, known->note);
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

  RRN_TRY(take(m, "Device_Type", &type));
  if (strcmp(type.text, "NVM") != 0)
    return rrn_hw_warn(m->r, type.where.line, "Device_Type is not NVM; this model has resistive cells only and reads it as NVM");
  return RRAMNAS_OK;
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
  RRN_TRY(put_item(m, "device.read_voltage_v", "Read_Voltage", -1));
  RRN_TRY(put_item(m, "device.write_voltage_v", "Write_Voltage", -1));
  RRN_TRY(put_item(m, "device.off_resistance_ohm", "Device_Resistance", 0));
  RRN_TRY(put_item(m, "device.on_resistance_ohm", "Device_Resistance", -1));
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

static int32_t
read_crossbar_size(import *m)
{
  rrn_yaml size;

  RRN_TRY(take(m, "Xbar_Size", &size));
  if (count_items(size.text) != 2)
    return rrn_fail_at(m->r->err, RRAMNAS_ERR_RANGE, size.where, "Xbar_Size is \"%.60s\", expected rows,columns", size.text);
  RRN_TRY(put_item(m, "crossbar.rows", "Xbar_Size", 0));
  return put_item(m, "crossbar.cols", "Xbar_Size", 1);
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
    return put_key(m, "dac.rate_gsps", "DAC_Sample_Rate");
  }
  RRN_TRY(warn_overruled(m, "DAC_Precision", "DAC_Choice"));
  RRN_TRY(warn_overruled(m, "DAC_Sample_Rate", "DAC_Choice"));
  RRN_TRY(put_text(m, "dac.bits", "DAC_Choice", dac_bits[choice - 1], where));
  return put_text(m, "dac.rate_gsps", "DAC_Choice", "1", where);
}

static int32_t
read_adc(import *m, int digital_pim, int64_t *ret_choice)
{
  int64_t choice;
  rrn_place where;

  RRN_TRY(take_choice(m, "ADC_Choice", N_ADCS, &choice, &where));
  if (digital_pim && choice != 8) {
    choice = 8;
    RRN_TRY(rrn_hw_warn(m->r, where.line, "ADC_Choice is ignored, PIM_Type 1 takes choice 8"));
  }
  *ret_choice = choice;
  if (choice == -1) {
    RRN_TRY(put_text(m, "adc.kind", "ADC_Choice", "sar", where));
    RRN_TRY(put_key(m, "adc.bits", "ADC_Precision"));
    return put_key(m, "adc.rate_gsps", "ADC_Sample_Rate");
  }
  RRN_TRY(warn_overruled(m, "ADC_Precision", "ADC_Choice"));
  RRN_TRY(warn_overruled(m, "ADC_Sample_Rate", "ADC_Choice"));
  RRN_TRY(put_text(m, "adc.bits", "ADC_Choice", adcs[choice - 1].bits, where));
  RRN_TRY(put_text(m, "adc.rate_gsps", "ADC_Choice", adcs[choice - 1].rate_gsps, where));
  return put_text(m, "adc.kind", "ADC_Choice", adcs[choice - 1].kind, where);
}

/* --- ADC_Num = 0: as many ADCs as fit side by side below a crossbar --- */

/* Cells by area per cell plus row drivers, or by feature size without drivers. */
static int32_t
crossbar_area_um2(import *m, int digital_pim, double *ret_area)
{
  const rrn_hw_values *v = &m->r->hw->v;
  const double rows = v->crossbar.rows, cells = rows * v->crossbar.cols;
  double cell, tech, driver = 1150;
  int64_t method;
  rrn_yaml type;

  RRN_TRY(take_int(m, "Area_Calculation", 0, 1, &method));
  RRN_TRY(take(m, "Device_Type", &type));
  if (method == 1) {
    RRN_TRY(take_double(m, "Device_Tech", 1, 10000, &tech));
    cell = strcmp(type.text, "NVM") != 0 ? 5
         : v->crossbar.cell == RRN_CELL_0T1R ? 4 * tech * tech / 1e6 : 12 * tech * tech / 1e6;
    *ret_area = cells * cell;
    return RRAMNAS_OK;
  }
  RRN_TRY(take_double(m, "Device_Area", 1e-9, 1e9, &cell));
  if (digital_pim) {
    RRN_TRY(take_double(m, "Transistor_Tech", 1, 10000, &tech));
    driver = (7.3 * 2.7 + 9.5 * 3.8) * (tech / 65) * (tech / 65);
  }
  *ret_area = cells * cell + rows * driver;
  return RRAMNAS_OK;
}

/* With the gates of a logic operation beside it. */
static int32_t
adc_area_um2(import *m, int64_t choice, double *ret_area)
{
  int64_t logic;
  double area;

  if (choice == -1)
    RRN_TRY(take_double(m, "ADC_Area", 1e-9, 1e9, &area));
  else
    area = adcs[choice - 1].area_um2;
  RRN_TRY(take_int(m, "Logic_Op", -1, 2, &logic));
  if (logic >= 0)
    area += (logic == 2 ? 19.2 : 17.28) * 0.18;
  *ret_area = area;
  return RRAMNAS_OK;
}

static int32_t
derive_adc_count(import *m, int digital_pim, int64_t choice, int64_t polarity, rrn_place where)
{
  double crossbar, adc, count;
  char text[RRN_DOUBLE_TEXT];
  int64_t digital_subtraction = 0;

  RRN_TRY(crossbar_area_um2(m, digital_pim, &crossbar));
  RRN_TRY(adc_area_um2(m, choice, &adc));
  if (polarity == 2)
    RRN_TRY(take_int(m, "Sub_Position", 0, 1, &digital_subtraction));
  count = (double)(digital_subtraction + 1) * ceil(sqrt(crossbar) * (double)polarity / sqrt(adc));
  if (count > m->r->hw->v.crossbar.cols)
    count = m->r->hw->v.crossbar.cols;
  RRN_TRY(rrn_hw_warn(m->r, where.line, "ADC_Num is 0: %d ADCs per subarray follow from the areas", (int)count));
  return put_text(m, "adc.per_subarray", "ADC_Num", rrn_double_text(count, text), where);
}

static int32_t
read_adc_count(import *m, int digital_pim, int64_t choice, int64_t polarity)
{
  rrn_yaml node;
  int64_t count;

  RRN_TRY(take(m, "ADC_Num", &node));
  if (rrn_int64_parse(node.text, node.length, &count) && count == 0)
    return derive_adc_count(m, digital_pim, choice, polarity, node.where);
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

/* After the crossbar, whose size ADC_Num = 0 needs. */
static int32_t
read_process_element(import *m)
{
  int64_t pim, polarity, adc;
  rrn_yaml node;

  RRN_TRY(take_int(m, "PIM_Type", 0, 1, &pim));
  RRN_TRY(take(m, "Xbar_Polarity", &node));
  RRN_TRY(rrn_yaml_int(&node, "Xbar_Polarity", 1, 2, &polarity, m->r->err));
  RRN_TRY(put_text(m, "weight.sign", "Xbar_Polarity", polarity == 2 ? "differential" : "offset", node.where));
  RRN_TRY(read_dac(m, pim == 1));
  RRN_TRY(read_adc(m, pim == 1, &adc));
  RRN_TRY(read_adc_count(m, pim == 1, adc, polarity));
  return read_groups(m);
}

int32_t
rrn_hw_read_ini(rrn_hw_reading *r, const char *data, size_t size)
{
  import m = { .r = r };

  RRN_TRY(rrn_ini_parse(r->scratch, data, size, r->file, &m.ini, r->err));
  RRN_TRY(note_all(&m));
  RRN_TRY(read_crossbar_size(&m));
  RRN_TRY(read_plain_fields(&m));
  RRN_TRY(read_device(&m));
  RRN_TRY(read_variation(&m));
  return read_process_element(&m);
}
