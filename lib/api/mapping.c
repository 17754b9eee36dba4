/* SPDX-License-Identifier: MIT */
/* Groups compile, timing and report of the public API: checks arguments, calls the modules. */
#include <string.h>

#include "best/bound_time.h"
#include "compile/bound.h"
#include "compile/passes.h"
#include "report/report.h"
#include "util/options.h"

const char *
rramnas_policy_name(int32_t policy)
{
  const rrn_policy *found = rrn_policy_find(policy);

  return found ? found->name : NULL;
}

int32_t
rramnas_policy_from_name(const char *name, int32_t *ret_policy)
{
  const rrn_policy *found;

  if (!name || !ret_policy)
    return RRAMNAS_ERR_ARGUMENT;
  found = rrn_policy_named(name);
  if (!found)
    return RRAMNAS_ERR_NOT_FOUND;
  *ret_policy = found->number;
  return RRAMNAS_OK;
}

int32_t
rramnas_compile(rramnas_hw *hw, rramnas_net *net, const rramnas_compile_options *options,
                const rramnas_runtime *runtime, rramnas_mapping **ret_mapping, rramnas_error *reterr)
{
  rramnas_compile_options o;

  RRN_FAIL_IF(!hw || !net || !ret_mapping, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_compile: hw, net or ret_mapping is NULL");
  RRN_FAIL_IF(!net->finished, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_compile: network \"%.200s\" is not finished", net->name);
  RRN_TRY(rrn_options_read(&o, sizeof(o), options, "rramnas_compile_options", reterr));
  return rrn_compile(hw, net, &o, runtime, ret_mapping, reterr);
}

rramnas_mapping *
rramnas_mapping_ref(rramnas_mapping *mapping)
{
  if (mapping)
    atomic_fetch_add_explicit(&mapping->references, 1, memory_order_relaxed);
  return mapping;
}

void
rramnas_mapping_unref(rramnas_mapping *mapping)
{
  rrn_mapping_unref(mapping);
}

static int32_t
count(int64_t n)
{
  return n < INT32_MAX ? (int32_t)n : INT32_MAX;
}

static int32_t
bounds_of(const rramnas_mapping *m, rramnas_mapping_info *info)
{
  rrn_bound bound = { 0 };
  rrn_arena scratch;
  int32_t status;

  rrn_arena_init(&scratch, &m->rt);
  status = rrn_bound_mapping(m, &scratch, &bound, NULL);
  rrn_arena_release(&scratch);
  info->crossbars_bound = count(bound.best);
  info->bound_area = count(bound.area);
  info->bound_dual = count(bound.dual);
  info->bound_strip = count(bound.strip);
  info->bound_clique = count(bound.clique);
  info->bound_cardinality = count(bound.cardinality);
  info->crossbars_optimal = bound.best == m->crossbars_used;
  return status;
}

static int
has_copies(const rramnas_mapping *m)
{
  int32_t layer;

  for (layer = 0; layer < m->n_layers; layer++)
    if (m->copies[layer] > 1)
      return 1;
  return 0;
}

int32_t
rramnas_mapping_get_info(const rramnas_mapping *mapping, rramnas_mapping_info *ret_info)
{
  rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;

  if (!mapping || !ret_info)
    return RRAMNAS_ERR_ARGUMENT;
  RRN_TRY(bounds_of(mapping, &info));
  info.policy = mapping->policy;
  info.crossbars_available = mapping->crossbars_available;
  info.crossbars_used = mapping->crossbars_used;
  info.tries = mapping->tries;
  info.duplicated = has_copies(mapping);
  info.n_pieces = (int64_t)mapping->n_pieces;
  info.n_placements = (int64_t)mapping->n_placements;
  info.utilization = rrn_mapping_utilization(mapping);
  info.margin = mapping->margin;
  info.boxes_cut = mapping->boxes_cut;
  info.cut_parts = mapping->cut_parts;
  info.extra_conversions = mapping->extra_conversions;
  info.occupied = rrn_mapping_occupied(mapping);
  info.unit_columns = mapping->unit_cols;
  return rrn_result_write(ret_info, &info, sizeof(info), "rramnas_mapping_info", NULL);
}

int32_t
rramnas_mapping_get_pieces(const rramnas_mapping *mapping, int64_t *ret_rows, size_t capacity)
{
  size_t i;

  if (!mapping || !ret_rows || capacity < mapping->n_pieces)
    return RRAMNAS_ERR_ARGUMENT;
  for (i = 0; i < mapping->n_pieces; i++, ret_rows += 6) {
    const rrn_piece *p = &mapping->pieces[i];

    ret_rows[0] = mapping->layer_of[p->layer];
    ret_rows[1] = p->rows;
    ret_rows[2] = p->cols;
    ret_rows[3] = p->activations;
    ret_rows[4] = p->row0;
    ret_rows[5] = p->col0;
  }
  return RRAMNAS_OK;
}

static void
placement_row(const rramnas_mapping *m, int32_t layer, int32_t copy, int32_t piece, int32_t *ret_row)
{
  const rrn_placement *at = rrn_mapping_placement(m, layer, copy, piece);
  const rrn_piece *p = &m->pieces[m->first_piece[layer] + piece];

  ret_row[0] = m->layer_of[layer];
  ret_row[1] = piece;
  ret_row[2] = copy;
  ret_row[3] = at->crossbar;
  ret_row[4] = at->row;
  ret_row[5] = at->col;
  ret_row[6] = p->rows;
  ret_row[7] = p->cols;
}

int32_t
rramnas_mapping_get_placements(const rramnas_mapping *mapping, int32_t *ret_rows, size_t capacity)
{
  int32_t layer, copy, piece;

  if (!mapping || !ret_rows || capacity < mapping->n_placements)
    return RRAMNAS_ERR_ARGUMENT;
  for (layer = 0; layer < mapping->n_layers; layer++)
    for (copy = 0; copy < mapping->copies[layer]; copy++)
      for (piece = 0; piece < rrn_mapping_pieces_of(mapping, layer); piece++, ret_rows += 8)
        placement_row(mapping, layer, copy, piece, ret_rows);
  return RRAMNAS_OK;
}

int32_t
rramnas_mapping_get_copies(const rramnas_mapping *mapping, int32_t *ret_copies, size_t capacity)
{
  int32_t layer;

  if (!mapping || !ret_copies || capacity < mapping->net->n_layers)
    return RRAMNAS_ERR_ARGUMENT;
  memset(ret_copies, 0, mapping->net->n_layers * sizeof(*ret_copies));
  for (layer = 0; layer < mapping->n_layers; layer++)
    ret_copies[mapping->layer_of[layer]] = mapping->copies[layer];
  return RRAMNAS_OK;
}

int32_t
rramnas_mapping_check(const rramnas_mapping *mapping, rramnas_error *reterr)
{
  RRN_FAIL_IF(!mapping, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_mapping_check: mapping is NULL");
  return rrn_mapping_check(mapping, reterr);
}

static int32_t
bound_timing(const rramnas_mapping *m, const rramnas_timing_options *how, rramnas_timing *t, rramnas_error *err)
{
  rrn_time_bound bound = { 0 };
  rrn_arena scratch;
  int32_t status;

  rrn_arena_init(&scratch, &m->rt);
  status = rrn_bound_timing(m, how, t->latency_ns, &scratch, &bound, err);
  rrn_arena_release(&scratch);
  t->bound_ns = bound.ns;
  t->gap = bound.gap;
  return status;
}

int32_t
rramnas_mapping_simulate(const rramnas_mapping *mapping, const rramnas_timing_options *options,
                         rramnas_timing *ret_timing, rramnas_error *reterr)
{
  rramnas_timing_options o;
  rramnas_timing t;

  RRN_FAIL_IF(!mapping || !ret_timing, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_mapping_simulate: mapping or ret_timing is NULL");
  RRN_TRY(rrn_timing_resolve(options, &o, reterr));
  RRN_TRY(rrn_timing_all(mapping, &o, &t, reterr));
  if (o.with_bound)
    RRN_TRY(bound_timing(mapping, &o, &t, reterr));
  return rrn_result_write(ret_timing, &t, sizeof(t), "rramnas_timing", reterr);
}

/* Costs of the JSON report: by the default model, with the same timing. */
static int32_t
write_json(const rramnas_mapping *m, const rramnas_timing_options *timing, rramnas_write_fn write, void *user,
           rramnas_error *err)
{
  rramnas_cost_options cost = RRAMNAS_COST_OPTIONS_INIT;

  cost.timing_model = timing->model;
  cost.samples = timing->samples;
  cost.floor_remainder = timing->floor_remainder;
  cost.sharing = timing->sharing;
  return rrn_report_json(m, timing, &cost, NULL, write, user, err);
}

int32_t
rramnas_mapping_write(const rramnas_mapping *mapping, int32_t report, const rramnas_timing_options *timing,
                      rramnas_write_fn write, void *user, rramnas_error *reterr)
{
  rramnas_timing_options o;

  RRN_FAIL_IF(!mapping || !write, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_mapping_write: mapping or write is NULL");
  RRN_TRY(rrn_timing_resolve(timing, &o, reterr));
  switch (report) {
  case RRAMNAS_REPORT_JSON:
    return write_json(mapping, &o, write, user, reterr);
  case RRAMNAS_REPORT_SVG:
    return rrn_report_svg(mapping, &o, write, user, reterr);
  case RRAMNAS_REPORT_TRACE:
    return rrn_report_trace(mapping, &o, write, user, reterr);
  default:
    return rrn_fail(reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_mapping_write: there is no report %d", (int)report);
  }
}
