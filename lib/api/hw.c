/* SPDX-License-Identifier: MIT */
/* The public functions of group hw: arguments are checked here, the work is in lib/hw. */
#include <string.h>

#include "hw/presets.h"
#include "hw/spec.h"
#include "hw/spec_fields.h"
#include "util/file.h"
#include "util/options.h"
#include "util/text.h"

/* Largest box: far beyond any layer, and small enough for exact integers all through the model. */
#define MAX_BOX ((int64_t)1 << 40)

int32_t
rramnas_hw_create_default(const rramnas_runtime *runtime, rramnas_hw **ret_hw, rramnas_error *reterr)
{
  rrn_rt rt;

  RRN_FAIL_IF(!ret_hw, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_hw_create_default: ret_hw is NULL");
  RRN_TRY(rrn_rt_init(&rt, runtime, reterr));
  return rrn_hw_create_default(&rt, ret_hw, reterr);
}

static int32_t
check_format(int32_t format, const char *who, rramnas_error *err)
{
  RRN_FAIL_IF(format < RRAMNAS_HW_FORMAT_AUTO || format > RRAMNAS_HW_FORMAT_MNSIM_INI, err, RRAMNAS_ERR_ARGUMENT,
              "%s: format is %d, expected enum rramnas_hw_format", who, (int)format);
  return RRAMNAS_OK;
}

static int32_t
resolve_format(int32_t format, const char *name)
{
  if (format != RRAMNAS_HW_FORMAT_AUTO)
    return format;
  return rrn_equal_nocase(rrn_path_extension(name), ".ini") ? RRAMNAS_HW_FORMAT_MNSIM_INI : RRAMNAS_HW_FORMAT_YAML;
}

int32_t
rramnas_hw_load_file(const char *path, int32_t format, const rramnas_runtime *runtime, rramnas_hw **ret_hw,
                     rramnas_error *reterr)
{
  rrn_rt rt;
  rrn_file file;
  int32_t status;

  RRN_FAIL_IF(!path || !ret_hw, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_hw_load_file: %s is NULL",
              path ? "ret_hw" : "path");
  RRN_TRY(check_format(format, "rramnas_hw_load_file", reterr));
  RRN_TRY(rrn_rt_init(&rt, runtime, reterr));
  RRN_TRY(rrn_file_open(&file, path, RRN_HW_MAX_BYTES, reterr));
  status = rrn_hw_load(file.data, file.size, path, resolve_format(format, path), &rt, ret_hw, reterr);
  rrn_file_close(&file);
  return status;
}

int32_t
rramnas_hw_load_buffer(const char *data, size_t size, const char *name, int32_t format, const rramnas_runtime *runtime,
                       rramnas_hw **ret_hw, rramnas_error *reterr)
{
  rrn_rt rt;

  RRN_FAIL_IF((!data && size) || !ret_hw, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_hw_load_buffer: %s is NULL",
              ret_hw ? "data" : "ret_hw");
  RRN_TRY(check_format(format, "rramnas_hw_load_buffer", reterr));
  RRN_TRY(rrn_rt_init(&rt, runtime, reterr));
  if (!name)
    name = "hardware";
  return rrn_hw_load(data ? data : "", size, name, resolve_format(format, name), &rt, ret_hw, reterr);
}

size_t
rramnas_preset_count(void)
{
  return rrn_n_presets;
}

int32_t
rramnas_preset_info(size_t index, rramnas_preset *ret_preset)
{
  const rrn_preset *row;
  rramnas_preset info;

  if (index >= rrn_n_presets)
    return RRAMNAS_ERR_ARGUMENT;
  row = &rrn_presets[index];
  memset(&info, 0, sizeof(info));
  info.name = row->name;
  info.title = row->title;
  info.source = row->source;
  info.yaml = row->text;
  info.kind = row->kind;
  return rrn_result_write(ret_preset, &info, sizeof(info), "rramnas_preset", NULL);
}

int32_t
rramnas_hw_create_preset(const char *name, const rramnas_runtime *runtime, rramnas_hw **ret_hw, rramnas_error *reterr)
{
  rrn_rt rt;

  RRN_FAIL_IF(!name || !ret_hw, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_hw_create_preset: %s is NULL",
              name ? "ret_hw" : "name");
  RRN_TRY(rrn_rt_init(&rt, runtime, reterr));
  return rrn_hw_create_preset(name, &rt, ret_hw, reterr);
}

int32_t
rramnas_hw_with_value(const rramnas_hw *hw, const char *field, const char *value, rramnas_hw **ret_hw,
                      rramnas_error *reterr)
{
  RRN_FAIL_IF(!hw || !field || !value || !ret_hw, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_hw_with_value: %s is NULL",
              !hw ? "hw" : !field ? "field" : !value ? "value" : "ret_hw");
  return rrn_hw_with_value(hw, field, value, ret_hw, reterr);
}

rramnas_hw *
rramnas_hw_ref(rramnas_hw *hw)
{
  if (hw)
    atomic_fetch_add_explicit(&hw->references, 1, memory_order_relaxed);
  return hw;
}

void
rramnas_hw_unref(rramnas_hw *hw)
{
  if (hw && atomic_fetch_sub_explicit(&hw->references, 1, memory_order_acq_rel) == 1)
    rrn_hw_free(hw);
}

size_t
rramnas_hw_field_count(void)
{
  return rrn_hw_n_fields;
}

int32_t
rramnas_hw_field_info(size_t index, rramnas_hw_field *ret_field)
{
  const rrn_hw_field *row;
  rramnas_hw_field info;

  if (index >= rrn_hw_n_fields)
    return RRAMNAS_ERR_ARGUMENT;
  row = &rrn_hw_fields[index];
  memset(&info, 0, sizeof(info));
  info.name = row->name;
  info.unit = row->unit;
  info.default_text = row->default_text;
  info.choices = row->choices;
  info.doc = row->doc;
  info.source = row->source;
  info.since = row->since;
  info.min = row->min;
  info.max = row->max;
  info.type = row->type;
  return rrn_result_write(ret_field, &info, sizeof(info), "rramnas_hw_field", NULL);
}

int32_t
rramnas_hw_get_number(const rramnas_hw *hw, const char *field, double *ret_value)
{
  const rrn_hw_field *row;

  if (!hw || !field || !ret_value)
    return RRAMNAS_ERR_ARGUMENT;
  row = rrn_hw_field_find(field);
  if (!row || (row->type != RRAMNAS_FIELD_INTEGER && row->type != RRAMNAS_FIELD_REAL))
    return RRAMNAS_ERR_NOT_FOUND;
  *ret_value = rrn_hw_field_number(row, hw);
  return RRAMNAS_OK;
}

int32_t
rramnas_hw_get_text(const rramnas_hw *hw, const char *field, const char **ret_value)
{
  const rrn_hw_field *row;

  if (!hw || !field || !ret_value)
    return RRAMNAS_ERR_ARGUMENT;
  row = rrn_hw_field_find(field);
  if (!row || (row->type != RRAMNAS_FIELD_CHOICE && row->type != RRAMNAS_FIELD_TEXT))
    return RRAMNAS_ERR_NOT_FOUND;
  *ret_value = rrn_hw_field_text(row, hw);
  return RRAMNAS_OK;
}

int32_t
rramnas_hw_write_yaml(const rramnas_hw *hw, rramnas_write_fn write, void *user, rramnas_error *reterr)
{
  rrn_writer w;

  RRN_FAIL_IF(!hw || !write, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_hw_write_yaml: %s is NULL", hw ? "write" : "hw");
  rrn_writer_init(&w, write, user);
  rrn_hw_write(hw, 1, &w);
  return rrn_writer_finish(&w, reterr);
}

void
rramnas_hw_fingerprint(const rramnas_hw *hw, uint8_t *ret_digest)
{
  if (hw && ret_digest)
    memcpy(ret_digest, hw->fingerprint, sizeof(hw->fingerprint));
}

size_t
rramnas_hw_warning_count(const rramnas_hw *hw)
{
  return hw ? hw->n_warnings : 0;
}

const char *
rramnas_hw_warning(const rramnas_hw *hw, size_t index)
{
  return hw && index < hw->n_warnings ? hw->warnings[index] : NULL;
}

int32_t
rramnas_hw_mvm_latency(const rramnas_hw *hw, int64_t rows, int64_t cols, int32_t input_bits,
                       rramnas_mvm_latency *ret_latency, rramnas_error *reterr)
{
  rramnas_mvm_latency parts = RRAMNAS_MVM_LATENCY_INIT;

  RRN_FAIL_IF(!hw || !ret_latency, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_hw_mvm_latency: %s is NULL",
              hw ? "ret_latency" : "hw");
  RRN_FAIL_IF(rows < 1 || rows > MAX_BOX, reterr, RRAMNAS_ERR_RANGE,
              "rramnas_hw_mvm_latency: rows is %lld, expected 1..2^40", (long long)rows);
  RRN_FAIL_IF(cols < 1 || cols > MAX_BOX, reterr, RRAMNAS_ERR_RANGE,
              "rramnas_hw_mvm_latency: cols is %lld, expected 1..2^40", (long long)cols);
  RRN_FAIL_IF(input_bits < 0 || input_bits > 64, reterr, RRAMNAS_ERR_RANGE,
              "rramnas_hw_mvm_latency: input_bits is %d, expected 1..64, or 0 for input.bits", (int)input_bits);
  rrn_hw_mvm_latency_ns(hw, rows, cols, input_bits ? input_bits : hw->v.input.bits, &parts);
  return rrn_result_write(ret_latency, &parts, sizeof(parts), "rramnas_mvm_latency", reterr);
}
