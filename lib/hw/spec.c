/* SPDX-License-Identifier: MIT */
/*
 * In: nothing, the bytes of a file, the name of a preset, or a chip and one new value.
 * Out: a validated, immutable handle.
 *
 * Every way to a handle is the same three steps: all fields at their defaults, some fields set through the
 * table, then the rules between fields and the fingerprint. Nothing reaches the caller before the last step.
 */
#include "hw/spec.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <xxhash.h>

#include "hw/presets.h"
#include "hw/spec_fields.h"
#include "util/text.h"

/* A number this many times beyond what presets have is more likely a slip of the unit than a chip. */
#define FAR 500.0

void
rrn_hw_free(rramnas_hw *hw)
{
  rrn_rt rt;

  if (!hw)
    return;
  rt = hw->rt;
  rrn_arena_release(&hw->arena);
  rrn_free(&rt, hw);
}

int32_t
rrn_slices(int32_t weight_bits, int32_t bits_per_cell, int pairs)
{
  const int32_t magnitude = weight_bits - (pairs && weight_bits > 1);

  return (magnitude + bits_per_cell - 1) / bits_per_cell;
}

int32_t
rrn_hw_slices(const rramnas_hw *hw, int32_t weight_bits)
{
  return rrn_slices(weight_bits, hw->v.device.bits_per_cell, hw->v.weight.sign == RRN_SIGNED_DIFFERENTIAL);
}

int32_t
rrn_hw_columns_of(const rramnas_hw *hw, int32_t weight_bits)
{
  if (hw->v.weight.slicing == RRN_SLICING_PARALLEL)
    return 1;
  return (hw->v.weight.sign == RRN_SIGNED_DIFFERENTIAL ? 2 : 1) * rrn_hw_slices(hw, weight_bits);
}

int32_t
rrn_hw_unit_columns_of(const rramnas_hw *hw, int32_t weight_bits)
{
  return hw->v.weight.sign == RRN_SIGNED_UNIT_COLUMN ? rrn_hw_columns_of(hw, weight_bits) : 0;
}

int32_t
rrn_hw_columns_per_weight(const rramnas_hw *hw)
{
  return rrn_hw_columns_of(hw, hw->v.weight.bits);
}

int32_t
rrn_hw_adc_bits_needed(const rramnas_hw *hw)
{
  const rrn_hw_values *v = &hw->v;
  const int32_t subarray = rrn_hw_subarray_rows(hw);
  const int64_t rows = v->dac.per_subarray < subarray ? v->dac.per_subarray : subarray;
  const int64_t most = rows * ((INT64_C(1) << v->device.bits_per_cell) - 1) * ((INT64_C(1) << v->dac.bits) - 1);
  int32_t bits = 0;

  for (; most >> bits; bits++)
    ;
  return bits;
}

int32_t
rrn_hw_subarray_rows(const rramnas_hw *hw)
{
  return hw->v.crossbar.subarray_rows ? hw->v.crossbar.subarray_rows : hw->v.crossbar.rows;
}

/* A scalar as a file would give it. */
static rrn_yaml
scalar(const char *text, const char *file)
{
  rrn_yaml node = { .kind = RRN_YAML_SCALAR, .text = text, .length = strlen(text), .where = { file, 0, 0, -1 } };

  return node;
}

static int32_t
set_defaults(rramnas_hw *hw, rramnas_error *err)
{
  size_t i;

  for (i = 0; i < rrn_hw_n_fields; i++) {
    rrn_yaml node = scalar(rrn_hw_fields[i].default_text, "default");

    RRN_TRY(rrn_hw_field_assign(&rrn_hw_fields[i], rrn_hw_fields[i].name, &node, hw, err));
  }
  return RRAMNAS_OK;
}

static int32_t
hw_new(const rrn_rt *rt, rramnas_hw **ret_hw, rramnas_error *err)
{
  rramnas_hw *hw = rrn_calloc(rt, 1, sizeof(*hw));
  int32_t status;

  if (!hw)
    return rrn_fail_memory(err);
  atomic_init(&hw->references, 1);
  hw->rt = *rt;
  rrn_arena_init(&hw->arena, &hw->rt);
  status = set_defaults(hw, err);
  if (status < 0)
    rrn_hw_free(hw);
  else
    *ret_hw = hw;
  return status;
}

static const char *
value_text(const rrn_hw_field *field, const rramnas_hw *hw, char text[RRN_DOUBLE_TEXT])
{
  if (field->type == RRAMNAS_FIELD_REAL || field->type == RRAMNAS_FIELD_INTEGER)
    return rrn_double_text(rrn_hw_field_number(field, hw), text);
  if (field->type == RRAMNAS_FIELD_LIST) {
    snprintf(text, RRN_DOUBLE_TEXT, "%d numbers", (int)rrn_hw_field_list(field, hw)->n);
    return text;
  }
  return rrn_hw_field_text(field, hw);
}

/* Blames the rule's first field that the file gave; the other one is then a default or given too. */
static int32_t
fail_rule(const rrn_hw_reading *r, const rrn_hw_rule *rule)
{
  const rrn_hw_field *a = rrn_hw_field_find(rule->fields[0]), *b = rrn_hw_field_find(rule->fields[1]);
  const rrn_place *at_a = &r->places[a - rrn_hw_fields], *at_b = &r->places[b - rrn_hw_fields];
  char text_a[RRN_DOUBLE_TEXT], text_b[RRN_DOUBLE_TEXT];
  rrn_place where = at_a->line > 0 ? *at_a : *at_b;

  if (where.line == 0) {
    where.file = r->file;
    where.offset = -1;
  }
  return rrn_fail_at(r->err, RRAMNAS_ERR_RANGE, where, "%s is %s and %s is %s. %s", a->name,
                     value_text(a, r->hw, text_a), b->name, value_text(b, r->hw, text_b), rule->reason);
}

/* Collects text in memory of the handle's runtime. */
typedef struct collector {
  const rrn_rt *rt;
  char *text;
  size_t length;
} collector;

static int32_t
collect(void *user, const char *data, size_t length)
{
  collector *c = user;
  char *bigger = rrn_realloc(c->rt, c->text, c->length + length, 1);

  if (!bigger)
    return 1;
  memcpy(bigger + c->length, data, length);
  c->text = bigger;
  c->length += length;
  return 0;
}

/* Hashed once, at creation, so that asking for it cannot fail. */
static int32_t
set_fingerprint(rramnas_hw *hw, rramnas_error *err)
{
  collector c = { &hw->rt, NULL, 0 };
  XXH128_canonical_t digest;
  rrn_writer w;
  int32_t status;

  rrn_writer_init(&w, collect, &c);
  rrn_hw_write(hw, 0, &w);
  status = rrn_writer_finish(&w, NULL) < 0 ? rrn_fail_memory(err) : RRAMNAS_OK;
  if (status == RRAMNAS_OK) {
    XXH128_canonicalFromHash(&digest, XXH3_128bits(c.text, c.length));
    memcpy(hw->fingerprint, digest.digest, sizeof(hw->fingerprint));
  }
  rrn_free(&hw->rt, c.text);
  return status;
}

/* First line of the fields that decide on the sums of a column; 0 when the file has none of them. */
static int32_t
line_of_resolution(const rrn_hw_reading *r)
{
  static const char *const fields[] = { "adc.bits", "dac.bits", "device.bits_per_cell", "crossbar.rows",
                                        "crossbar.subarray_rows", "dac.per_subarray" };
  size_t i;

  for (i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
    const int32_t line = r->places[rrn_hw_field_find(fields[i]) - rrn_hw_fields].line;

    if (line > 0)
      return line;
  }
  return 0;
}

static int32_t
warn_of_resolution(rrn_hw_reading *r)
{
  const int32_t needed = rrn_hw_adc_bits_needed(r->hw), line = line_of_resolution(r);
  const int said = r->places[rrn_hw_field_find("adc.below_resolution") - rrn_hw_fields].line > 0;

  if (line == 0 || r->as_published || r->hw->v.adc.bits >= needed ||
      (said && r->hw->v.adc.below_resolution == RRN_BELOW_RESOLUTION_ACCEPT))
    return RRAMNAS_OK;
  return rrn_hw_warn(r, line, "adc.bits is %d, but telling all sums of a column apart takes %d; "
                     "adc.below_resolution: accept says that this is meant", (int)r->hw->v.adc.bits, (int)needed);
}

/* Text of the factor between two numbers, rounded to a power of ten: "1000". */
static const char *
power_of_ten(double factor, char text[RRN_DOUBLE_TEXT])
{
  double power = 1;

  while (power * 10 <= factor * 2 && power < 1e30)
    power *= 10;
  return rrn_double_text(power, text);
}

static int32_t
warn_if_far(rrn_hw_reading *r, const rrn_hw_field *field, rrn_place where)
{
  const rrn_preset_range *range = rrn_preset_range_find(field->name);
  const double value = rrn_hw_field_number(field, r->hw);
  char a[RRN_DOUBLE_TEXT], b[RRN_DOUBLE_TEXT], c[RRN_DOUBLE_TEXT], d[RRN_DOUBLE_TEXT];
  int above;

  if (!range || value <= 0 || (value < range->high * FAR && value > range->low / FAR))
    return RRAMNAS_OK;
  above = value > range->high;
  return rrn_hw_warn_at(r, where, "%s is %s, %s times %s any preset (%s .. %s): is the unit %s?", field->name,
                        rrn_double_text(value, a), power_of_ten(above ? value / range->high : range->low / value, b),
                        above ? "above" : "below", rrn_double_text(range->low, c), rrn_double_text(range->high, d),
                        field->unit);
}

/* Only values of the text itself, and only numbers with a unit: defaults and presets span the range. */
static int32_t
warn_of_units(rrn_hw_reading *r)
{
  size_t i;

  for (i = 0; i < rrn_hw_n_fields; i++) {
    const rrn_hw_field *field = &rrn_hw_fields[i];

    if (r->places[i].line > 0 && field->type == RRAMNAS_FIELD_REAL && strcmp(field->unit, "1") != 0)
      RRN_TRY(warn_if_far(r, field, r->places[i]));
  }
  return RRAMNAS_OK;
}

/* A conductance of the cells beyond those that the write error was fitted for; where: the first of the two fields that
 * the file gave. */
static int32_t
warn_of_state(rrn_hw_reading *r, const char *state, const char *limit, int is_above, double state_us, double limit_us)
{
  const rrn_place *at_state = &r->places[rrn_hw_field_find(state) - rrn_hw_fields];
  const rrn_place *at_limit = &r->places[rrn_hw_field_find(limit) - rrn_hw_fields];
  char a[RRN_DOUBLE_TEXT], b[RRN_DOUBLE_TEXT];

  return rrn_hw_warn(r, at_state->line > 0 ? at_state->line : at_limit->line,
                     "%s means %s uS, but the write error was fitted %s to %s, %s uS: beyond it the error is that at the "
                     "limit", state, rrn_double_text(state_us, a), is_above ? "up" : "down", limit,
                     rrn_double_text(limit_us, b));
}

/* Rounding of a preset's resistance is no difference. */
static int32_t
warn_of_fit(rrn_hw_reading *r)
{
  const double on_us = 1e6 / r->hw->v.device.on_resistance_ohm, off_us = 1e6 / r->hw->v.device.off_resistance_ohm;
  const double min_us = r->hw->v.noise.fit_min_us, max_us = r->hw->v.noise.fit_max_us;

  if (r->hw->v.noise.write_model != RRN_WRITE_POLYNOMIAL)
    return RRAMNAS_OK;
  if (max_us > 0 && on_us > max_us * (1 + 1e-9))
    RRN_TRY(warn_of_state(r, "device.on_resistance_ohm", "noise.fit_max_us", 1, on_us, max_us));
  if (min_us > 0 && off_us < min_us * (1 - 1e-9))
    RRN_TRY(warn_of_state(r, "device.off_resistance_ohm", "noise.fit_min_us", 0, off_us, min_us));
  return RRAMNAS_OK;
}

static int32_t
finish(rrn_hw_reading *r)
{
  size_t i;

  for (i = 0; i < rrn_hw_n_rules; i++)
    if (!rrn_hw_rules[i].holds(r->hw))
      return fail_rule(r, &rrn_hw_rules[i]);
  RRN_TRY(warn_of_resolution(r));
  RRN_TRY(warn_of_units(r));
  RRN_TRY(warn_of_fit(r));
  return set_fingerprint(r->hw, r->err);
}

/* Ends a reading: hands the handle over or frees it. */
static int32_t
conclude(rrn_hw_reading *r, int32_t status, rramnas_hw **ret_hw)
{
  if (status >= 0)
    status = finish(r);
  if (status < 0)
    rrn_hw_free(r->hw);
  else
    *ret_hw = r->hw;
  rrn_arena_release(r->scratch);
  return status;
}

/* A handle of defaults and the room to read into it. `scratch` is the caller's and is released on failure. */
static int32_t
begin(rrn_hw_reading *r, const rrn_rt *rt, rrn_arena *scratch, const char *file, rramnas_error *err)
{
  rrn_hw_reading fresh = { .scratch = scratch, .file = file, .err = err };

  rrn_arena_init(scratch, rt);
  RRN_TRY(hw_new(rt, &fresh.hw, err));
  fresh.places = rrn_arena_alloc(scratch, rrn_hw_n_fields, sizeof(*fresh.places));
  if (!fresh.places) {
    rrn_hw_free(fresh.hw);
    return rrn_fail_memory(err);
  }
  *r = fresh;
  return RRAMNAS_OK;
}

int32_t
rrn_hw_create_default(const rrn_rt *rt, rramnas_hw **ret_hw, rramnas_error *err)
{
  rrn_hw_reading r;
  rrn_arena scratch;

  RRN_TRY(begin(&r, rt, &scratch, "default", err));
  return conclude(&r, RRAMNAS_OK, ret_hw);
}

int32_t
rrn_hw_load(const char *data, size_t size, const char *name, int32_t format, const rrn_rt *rt, rramnas_hw **ret_hw,
            rramnas_error *err)
{
  rrn_hw_reading r;
  rrn_arena scratch;
  int32_t status;

  RRN_FAIL_IF(size > RRN_HW_MAX_BYTES, err, RRAMNAS_ERR_LIMIT, "%s: has %zu bytes, the limit is %d", name, size,
              RRN_HW_MAX_BYTES);
  RRN_TRY(begin(&r, rt, &scratch, name, err));
  status = format == RRAMNAS_HW_FORMAT_MNSIM_INI ? rrn_hw_read_ini(&r, data, size) : rrn_hw_read_yaml(&r, data, size);
  return conclude(&r, status, ret_hw);
}

int32_t
rrn_hw_create_preset(const char *name, const rrn_rt *rt, rramnas_hw **ret_hw, rramnas_error *err)
{
  static const char who[] = "rramnas_hw_create_preset";
  const rrn_preset *preset = rrn_preset_find(name);
  rrn_hw_reading r;
  rrn_arena scratch;
  char near[240];

  if (!preset) {
    rrn_preset_suggest(name, 0, near, sizeof(near));
    return rrn_fail(err, RRAMNAS_ERR_NOT_FOUND, "%s: no preset \"%.60s\"%s%s", who, name, *near ? "; like it: " : "",
                    near);
  }
  RRN_TRY(begin(&r, rt, &scratch, preset->label, err));
  return conclude(&r, rrn_hw_read_preset(&r, preset), ret_hw);
}

static int32_t
assign_device(rrn_hw_reading *r, const char *who, const char *device)
{
  const rrn_preset *preset = rrn_preset_find(device);
  const char *name = r->hw->name;

  RRN_FAIL_IF(!preset || preset->kind != RRAMNAS_PRESET_DEVICE, r->err, RRAMNAS_ERR_NOT_FOUND,
              "%s: no preset \"%.60s\" of a device", who, device);
  RRN_TRY(rrn_hw_read_preset(r, preset));
  r->hw->name = name;
  return RRAMNAS_OK;
}

static int32_t
assign_change(rrn_hw_reading *r, const char *who, const rrn_hw_change *change)
{
  const rrn_hw_field *row = rrn_hw_field_find(change->field);
  const char *near = row ? NULL : rrn_hw_field_suggest(change->field);
  const rrn_yaml node = scalar(change->value, who);

  if (strcmp(change->field, RRN_HW_DEVICE_PRESET) == 0)
    return assign_device(r, who, change->value);
  RRN_FAIL_IF(!row && near, r->err, RRAMNAS_ERR_NOT_FOUND, "%s: no field \"%.100s\", did you mean \"%s\"?", who,
              change->field, near);
  RRN_FAIL_IF(!row, r->err, RRAMNAS_ERR_NOT_FOUND, "%s: no field \"%.100s\"", who, change->field);
  return rrn_hw_field_assign(row, change->field, &node, r->hw, r->err);
}

int32_t
rrn_hw_with_values(const rramnas_hw *old, const rrn_hw_change *changes, size_t n, rramnas_hw **ret_hw,
                   rramnas_error *err)
{
  static const char who[] = "rramnas_hw_with_value";
  rrn_hw_reading r;
  rrn_arena scratch;
  int32_t status;
  size_t i;

  RRN_TRY(begin(&r, &old->rt, &scratch, who, err));
  r.hw->v = old->v;
  r.hw->name = rrn_arena_strndup(&r.hw->arena, old->name, strlen(old->name));
  status = r.hw->name ? RRAMNAS_OK : rrn_fail_memory(err);
  for (i = 0; i < n && status >= 0; i++)
    status = assign_change(&r, who, &changes[i]);
  return conclude(&r, status, ret_hw);
}

int32_t
rrn_hw_with_value(const rramnas_hw *old, const char *field, const char *value, rramnas_hw **ret_hw, rramnas_error *err)
{
  const rrn_hw_change change = { field, value };

  return rrn_hw_with_values(old, &change, 1, ret_hw, err);
}

/* Appends a finished text to the handle's warnings. */
static int32_t
keep_warning(rrn_hw_reading *r, const char *text)
{
  rramnas_hw *hw = r->hw;
  const char **bigger, *copy;

  bigger = rrn_arena_grow(&hw->arena, hw->warnings, hw->n_warnings, &hw->cap_warnings, sizeof(*bigger));
  copy = bigger ? rrn_arena_strndup(&hw->arena, text, strlen(text)) : NULL;
  if (!copy)
    return rrn_fail_memory(r->err);
  hw->warnings = bigger;
  hw->warnings[hw->n_warnings++] = copy;
  rrn_log(&hw->rt, RRAMNAS_LOG_WARNING, "%s", copy);
  return RRAMNAS_OK;
}

int32_t
rrn_hw_warn(rrn_hw_reading *r, int32_t line, const char *format, ...)
{
  rramnas_error text = RRAMNAS_ERROR_INIT; /* borrows its message: cut between characters, never within one */
  char body[768];
  va_list args;

  va_start(args, format);
  vsnprintf(body, sizeof(body), format, args);
  va_end(args);
  if (line > 0)
    rrn_fail(&text, 0, "%.200s:%d: %s", r->file, (int)line, body);
  else
    rrn_fail(&text, 0, "%.200s: %s", r->file, body);
  return keep_warning(r, text.message);
}

int32_t
rrn_hw_warn_at(rrn_hw_reading *r, rrn_place where, const char *format, ...)
{
  rramnas_error text = RRAMNAS_ERROR_INIT;
  char body[768];
  va_list args;

  va_start(args, format);
  vsnprintf(body, sizeof(body), format, args);
  va_end(args);
  rrn_fail_at(&text, 0, where, "%s", body);
  return keep_warning(r, text.message);
}
