/* SPDX-License-Identifier: MIT */
/* Group cost of the public API: checks arguments, calls the module. */
#include "cost/cost.h"

#include <string.h>

#include "cost/explain.h"
#include "report/accuracy.h"
#include "report/cost.h"
#include "util/options.h"

const char *
rramnas_cost_model_name(int32_t model)
{
  const rrn_cost_model *found = rrn_cost_find(model);

  return found ? found->name : NULL;
}

int32_t
rramnas_cost_model_from_name(const char *name, int32_t *ret_model)
{
  const rrn_cost_model *found;

  if (!name || !ret_model)
    return RRAMNAS_ERR_ARGUMENT;
  found = rrn_cost_named(name);
  if (!found)
    return RRAMNAS_ERR_NOT_FOUND;
  *ret_model = found->number;
  return RRAMNAS_OK;
}

const char *
rramnas_cost_component_name(int32_t component)
{
  static const char *const names[RRAMNAS_COST_COMPONENTS] = {
    "cell", "driver", "dac", "adc", "mux", "shift_add", "register", "accumulation", "activation", "pool", "arithmetic",
    "buffer", "interconnect",
  };

  return component >= 0 && component < RRAMNAS_COST_COMPONENTS ? names[component] : NULL;
}

int32_t
rramnas_mapping_get_cost(const rramnas_mapping *mapping, const rramnas_cost_options *options, rramnas_cost *ret_cost,
                         rramnas_error *reterr)
{
  rrn_costing c;

  RRN_FAIL_IF(!mapping || !ret_cost, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_mapping_get_cost: mapping or ret_cost is NULL");
  RRN_TRY(rrn_cost_run(mapping, options, &c, reterr));
  rrn_arena_release(&c.arena);
  return rrn_result_write(ret_cost, &c.cost, sizeof(c.cost), "rramnas_cost", reterr);
}

int32_t
rramnas_mapping_get_cost_layers(const rramnas_mapping *mapping, const rramnas_cost_options *options, double *ret_rows,
                                size_t capacity, rramnas_error *reterr)
{
  static const char who[] = "rramnas_mapping_get_cost_layers";
  rrn_costing c;
  size_t n;

  RRN_FAIL_IF(!mapping || !ret_rows, reterr, RRAMNAS_ERR_ARGUMENT, "%s: mapping or ret_rows is NULL", who);
  n = mapping->net->n_layers + 1;
  RRN_FAIL_IF(capacity < n, reterr, RRAMNAS_ERR_ARGUMENT, "%s: room for %zu rows, expected %zu", who, capacity, n);
  RRN_TRY(rrn_cost_run(mapping, options, &c, reterr));
  memcpy(ret_rows, c.out.rows, n * sizeof(*c.out.rows));
  rrn_arena_release(&c.arena);
  return RRAMNAS_OK;
}

int32_t
rramnas_mapping_get_cost_crossbars(const rramnas_mapping *mapping, const rramnas_cost_options *options,
                                   double *ret_rows,
                                   size_t capacity, rramnas_error *reterr)
{
  static const char who[] = "rramnas_mapping_get_cost_crossbars";
  double (*rows)[5];
  rrn_costing c;
  int32_t status;
  size_t n;

  RRN_FAIL_IF(!mapping || !ret_rows, reterr, RRAMNAS_ERR_ARGUMENT, "%s: mapping or ret_rows is NULL", who);
  n = (size_t)mapping->crossbars_available + 1;
  RRN_FAIL_IF(capacity < n, reterr, RRAMNAS_ERR_ARGUMENT, "%s: room for %zu rows, expected %zu", who, capacity, n);
  RRN_TRY(rrn_cost_run(mapping, options, &c, reterr));
  rows = rrn_arena_alloc_raw(&c.arena, n, sizeof(*rows)); /* a failing simulation leaves ret_rows alone */
  status = rows ? rrn_cost_crossbars(&c, rows, reterr) : rrn_fail_memory(reterr);
  if (status >= 0)
    memcpy(ret_rows, rows, n * sizeof(*rows));
  rrn_arena_release(&c.arena);
  return status;
}

int32_t
rramnas_hw_explain(const rramnas_hw *hw, rramnas_derived_fn derived, void *user, rramnas_error *reterr)
{
  RRN_FAIL_IF(!hw || !derived, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_hw_explain: hw or derived is NULL");
  return rrn_explain_hw(hw, derived, user, reterr);
}

int32_t
rramnas_mapping_explain(const rramnas_mapping *mapping, const rramnas_cost_options *options, rramnas_derived_fn derived,
                        void *user, rramnas_error *reterr)
{
  RRN_FAIL_IF(!mapping || !derived, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_mapping_explain: mapping or derived is NULL");
  return rrn_explain_mapping(mapping, options, derived, user, reterr);
}

static int32_t
write_json(const rramnas_mapping *m, const rramnas_cost_options *callers, const rrn_accuracy_section *accuracy,
           rramnas_write_fn write, void *user, rramnas_error *err)
{
  rramnas_timing_options timing = RRAMNAS_TIMING_OPTIONS_INIT;
  rramnas_cost_options o;

  RRN_TRY(rrn_options_read(&o, sizeof(o), callers, "rramnas_cost_options", err));
  timing.model = o.timing_model;
  timing.samples = o.samples;
  timing.floor_remainder = o.floor_remainder;
  timing.sharing = o.sharing;
  RRN_TRY(rrn_timing_resolve(&timing, &timing, err));
  return rrn_report_json(m, &timing, &o, accuracy, write, user, err);
}

int32_t
rramnas_mapping_write_cost(const rramnas_mapping *mapping, int32_t report, const rramnas_cost_options *options,
                           rramnas_write_fn write, void *user, rramnas_error *reterr)
{
  rrn_costing c;
  int32_t status;

  RRN_FAIL_IF(!mapping || !write, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_mapping_write_cost: mapping or write is NULL");
  if (report == RRAMNAS_REPORT_JSON)
    return write_json(mapping, options, NULL, write, user, reterr);
  RRN_FAIL_IF(report != RRAMNAS_REPORT_SVG && report != RRAMNAS_REPORT_CSV, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_mapping_write_cost: there is no report %d of costs", (int)report);
  RRN_TRY(rrn_cost_run(mapping, options, &c, reterr));
  status = report == RRAMNAS_REPORT_SVG ? rrn_report_cost_svg(&c, write, user, reterr)
                                        : rrn_report_cost_csv(&c, write, user, reterr);
  rrn_arena_release(&c.arena);
  return status;
}

int32_t
rramnas_mapping_write_accuracy(const rramnas_mapping *mapping, const rramnas_cost_options *options,
                               const rramnas_accuracy *accuracy, const rramnas_accuracy_layer *layers, size_t n_layers,
                               rramnas_write_fn write, void *user, rramnas_error *reterr)
{
  rrn_accuracy_section section = { .layers = layers, .n_layers = n_layers };
  rramnas_accuracy a;

  RRN_FAIL_IF(!mapping || !accuracy || !layers || !write || n_layers != mapping->net->n_layers, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_mapping_write_accuracy: mapping, accuracy, layers or write is NULL, or n_layers is not the network's");
  RRN_TRY(rrn_options_read(&a, sizeof(a), accuracy, "rramnas_accuracy", reterr));
  RRN_TRY(rrn_struct_size(layers, "rramnas_accuracy_layer", &section.stride, reterr));
  section.accuracy = &a;
  return write_json(mapping, options, &section, write, user, reterr);
}
