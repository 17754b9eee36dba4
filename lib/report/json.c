/* SPDX-License-Identifier: MIT */
/* The JSON report, schema "rramnas.report/1" (doc/report.md).
 *
 * In:  a mapping, timing options, cost options.
 * Out: one JSON object: network, hardware, options, partition, duplication, packing, timing, cost (cost_json.c).
 *
 * One line per layer, piece and placement, so that line tools and diffs work on it. "layer" is always the number
 * of the layer in the network. Numbers are the shortest text that reads back as the same value; what is not a
 * number is null. Fields are only ever added; a change of meaning changes the schema's number. */
#include <inttypes.h>
#include <math.h>

#include "best/bound_time.h"
#include "compile/bound.h"
#include "compile/passes.h"
#include "report/accuracy.h"
#include "report/cost.h"

static void
list(rrn_writer *w, const char *key, const int64_t *values, int32_t n)
{
  int32_t i;

  rrn_write_format(w, ", \"%s\": [", key);
  for (i = 0; i < n; i++)
    rrn_write_format(w, "%s%" PRId64, i ? ", " : "", values[i]);
  rrn_write_text(w, "]");
}

/* Begins a row of an array that has one row per line. */
static void
row(rrn_writer *w, int *first)
{
  rrn_write_text(w, *first ? "\n" : ",\n");
  *first = 0;
}

/* --- network --- */

static void
write_layer(rrn_writer *w, const rramnas_layer *l)
{
  rrn_write_format(w, "    {\"index\": %d, \"name\": ", (int)l->index);
  rrn_write_json_string(w, l->name);
  rrn_write_format(w, ", \"op\": \"%s\"", rramnas_op_name(l->op));
  list(w, "in_shape", l->in_shape, l->in_rank);
  list(w, "out_shape", l->out_shape, l->out_rank);
  list(w, "kernel", l->kernel, l->n_spatial);
  list(w, "stride", l->stride, l->n_spatial);
  list(w, "padding", l->pad, 2 * l->n_spatial);
  list(w, "dilation", l->dilation, l->n_spatial);
  rrn_write_format(w, ", \"groups\": %d, \"macs\": %" PRId64 ", \"weights\": %" PRId64, (int)l->groups, l->macs,
                   l->weights);
  rrn_write_format(w, ", \"bias\": %s, \"mapped\": %s", l->has_bias ? "true" : "false", l->mapped ? "true" : "false");
  if (l->mapped)
    rrn_write_format(w, ", \"matrix_rows\": %" PRId64 ", \"matrix_cols\": %" PRId64 ", \"positions\": %" PRId64,
                     l->matrix_rows, l->matrix_cols, l->positions);
  rrn_write_text(w, "}");
}

static void
write_network(rrn_writer *w, const rramnas_net *net)
{
  int64_t macs = 0, weights = 0;
  int first = 1;
  size_t i;

  for (i = 0; i < net->n_layers; i++) {
    macs += net->layers[i].macs;
    weights += net->layers[i].weights;
  }
  rrn_write_text(w, "  \"network\": {\"name\": ");
  rrn_write_json_string(w, net->name);
  rrn_write_format(w, ", \"macs\": %" PRId64 ", \"weights\": %" PRId64 ", \"layers\": [", macs, weights);
  for (i = 0; i < net->n_layers; i++) {
    row(w, &first);
    write_layer(w, &net->layers[i]);
  }
  rrn_write_text(w, "\n  ]},\n");
}

/* --- hardware and options --- */

static void
write_hardware(rrn_writer *w, const rramnas_mapping *m)
{
  const rramnas_hw *hw = m->hw;
  uint8_t digest[16];
  int i;

  rramnas_hw_fingerprint(hw, digest);
  rrn_write_text(w, "  \"hardware\": {\"name\": ");
  rrn_write_json_string(w, hw->name ? hw->name : "");
  rrn_write_text(w, ", \"fingerprint\": \"");
  for (i = 0; i < 16; i++)
    rrn_write_format(w, "%02x", digest[i]);
  rrn_write_format(w, "\", \"crossbar_rows\": %d, \"crossbar_cols\": %d, \"crossbars_available\": %d",
                   (int)hw->v.crossbar.rows, (int)hw->v.crossbar.cols, (int)m->crossbars_available);
  rrn_write_format(w, ", \"weight_bits\": %d, \"input_bits\": %d, \"columns_per_weight\": %d, \"unit_columns\": %d},\n",
                   (int)hw->v.weight.bits, (int)hw->v.input.bits, (int)rrn_hw_columns_per_weight(hw), (int)m->unit_cols);
}

static void
write_options(rrn_writer *w, const rramnas_mapping *m)
{
  rrn_write_format(w, "  \"options\": {\"policy\": \"%s\", \"seed\": %" PRIu32, rrn_policy_find(m->policy)->name, m->seed);
  if (m->sharing.layer_threshold >= 0)
    rrn_write_format(w, ", \"layer_threshold\": %d", (int)m->sharing.layer_threshold);
  else
    rrn_write_text(w, ", \"layer_threshold\": null");
  if (m->sharing.max_load < INT32_MAX)
    rrn_write_format(w, ", \"max_load\": %d},\n", (int)m->sharing.max_load);
  else
    rrn_write_text(w, ", \"max_load\": null},\n");
}

/* --- mapping --- */

static void
write_partition(rrn_writer *w, const rramnas_mapping *m)
{
  int first = 1;
  size_t i;

  rrn_write_text(w, "  \"partition\": [");
  for (i = 0; i < m->n_pieces; i++) {
    const rrn_piece *p = &m->pieces[i];

    row(w, &first);
    rrn_write_format(w, "    {\"layer\": %d, \"piece\": %d, \"rows\": %d, \"cols\": %d, \"activations\": %" PRId64,
                     (int)m->layer_of[p->layer], (int)((int32_t)i - m->first_piece[p->layer]), (int)p->rows,
                     (int)p->cols, p->activations);
    rrn_write_format(w, ", \"groups_at_once\": %d, \"row_parts\": %d", (int)p->groups_at_once, (int)p->row_parts);
    rrn_write_format(w, ", \"row0\": %" PRId64 ", \"col0\": %" PRId64 ", \"latency_ns\": ", p->row0, p->col0);
    rrn_write_json_number(w, p->latency_ns);
    rrn_write_text(w, "}");
  }
  rrn_write_text(w, "\n  ],\n");
}

static void
write_duplication(rrn_writer *w, const rramnas_mapping *m)
{
  int first = 1;
  int32_t layer;

  rrn_write_text(w, "  \"duplication\": [");
  for (layer = 0; layer < m->n_layers; layer++) {
    row(w, &first);
    rrn_write_format(w, "    {\"layer\": %d, \"copies\": %d", (int)m->layer_of[layer], (int)m->copies[layer]);
    if (m->n_bits)
      rrn_write_format(w, ", \"weight_bits\": %d, \"input_bits\": %d",
                       (int)rrn_matrix_weight_bits(m->hw, &m->matrices[layer]),
                       (int)rrn_matrix_input_bits(m->hw, &m->matrices[layer]));
    rrn_write_text(w, "}");
  }
  rrn_write_text(w, "\n  ],\n");
}

static void
write_placements(rrn_writer *w, const rramnas_mapping *m)
{
  int32_t layer, copy, piece;
  int first = 1;

  for (layer = 0; layer < m->n_layers; layer++)
    for (copy = 0; copy < m->copies[layer]; copy++)
      for (piece = 0; piece < rrn_mapping_pieces_of(m, layer); piece++) {
        const rrn_placement *at = rrn_mapping_placement(m, layer, copy, piece);
        const rrn_piece *p = &m->pieces[m->first_piece[layer] + piece];

        row(w, &first);
        rrn_write_format(w, "    {\"layer\": %d, \"piece\": %d, \"copy\": %d, \"crossbar\": %d, \"row\": %d, "
                         "\"col\": %d, \"rows\": %d, \"cols\": %d}", (int)m->layer_of[layer], (int)piece, (int)copy,
                         (int)at->crossbar, (int)at->row, (int)at->col, (int)p->rows, (int)p->cols);
      }
}

/* 0 = the rule that it is about is off. */
static void
write_bound(rrn_writer *w, const char *name, int64_t bound, const char *after)
{
  rrn_write_format(w, "\"%s\": ", name);
  if (bound)
    rrn_write_format(w, "%" PRId64 "%s", bound, after);
  else
    rrn_write_format(w, "null%s", after);
}

static void
write_packing(rrn_writer *w, const rramnas_mapping *m, const rrn_bound *bound)
{
  rrn_write_format(w, "  \"packing\": {\"crossbars\": %d, \"available\": %d, \"lower_bound\": %" PRId64 ", \"bounds\": {",
                   (int)m->crossbars_used, (int)m->crossbars_available, bound->best);
  write_bound(w, "area", bound->area, ", ");
  write_bound(w, "dual", bound->dual, ", ");
  write_bound(w, "strip", bound->strip, ", ");
  write_bound(w, "clique", bound->clique, ", ");
  write_bound(w, "cardinality", bound->cardinality, "}");
  rrn_write_format(w, ", \"optimal\": %s, \"utilization\": ", bound->best == m->crossbars_used ? "true" : "false");
  rrn_write_json_number(w, rrn_mapping_utilization(m));
  rrn_write_text(w, ", \"occupied\": ");
  rrn_write_json_number(w, rrn_mapping_occupied(m));
  rrn_write_format(w, ", \"boxes_cut\": %d, \"cut_parts\": %d, \"extra_conversions\": %" PRId64, (int)m->boxes_cut,
                   (int)m->cut_parts, m->extra_conversions);
  rrn_write_format(w, ", \"tries\": %d, \"margin\": ", (int)m->tries);
  rrn_write_json_number(w, m->margin);
  rrn_write_text(w, ", \"placements\": [");
  write_placements(w, m);
  rrn_write_text(w, "\n  ]},\n");
}

static void
write_timing(rrn_writer *w, const rramnas_timing_options *how, const rramnas_timing *t, const rrn_time_bound *bound)
{
  rrn_write_format(w, "  \"timing\": {\"model\": \"%s\", \"samples\": %d, \"latency_ns\": ",
                   rrn_report_model_name(how->model), (int)how->samples);
  rrn_write_json_number(w, t->latency_ns);
  rrn_write_text(w, ", \"lower_bound_ns\": ");
  rrn_write_json_number(w, bound->ns > 0 ? bound->ns : NAN);
  rrn_write_text(w, ", \"gap\": ");
  rrn_write_json_number(w, bound->ns > 0 ? bound->gap : NAN);
  rrn_write_format(w, ", \"optimal\": %s", bound->ns > 0 && bound->gap <= 0 ? "true" : "false");
  rrn_write_text(w, ", \"contention_free_ns\": ");
  rrn_write_json_number(w, t->contention_free_ns);
  rrn_write_text(w, ", \"baseline_latency_ns\": ");
  rrn_write_json_number(w, how->no_baseline ? NAN : t->baseline_latency_ns);
  rrn_write_text(w, ", \"speedup\": ");
  rrn_write_json_number(w, how->no_baseline || !(t->latency_ns > 0) ? NAN : t->speedup);
  rrn_write_format(w, ", \"floor_remainder\": %s, \"sharing\": \"%s\"},\n", how->floor_remainder ? "true" : "false",
                   how->sharing == RRAMNAS_SHARING_DISJOINT ? "disjoint" : "one-box");
}

static int32_t
bounds_of(const rramnas_mapping *m, const rramnas_timing_options *how, double latency_ns, rrn_bound *ret_bars,
          rrn_time_bound *ret_time, rramnas_error *err)
{
  rrn_arena scratch;
  int32_t status;

  rrn_arena_init(&scratch, &m->rt);
  status = rrn_bound_mapping(m, &scratch, ret_bars, err);
  if (status == RRAMNAS_OK)
    status = rrn_bound_timing(m, how, latency_ns, &scratch, ret_time, err);
  rrn_arena_release(&scratch);
  return status;
}

/* The time is known when it is that of the same chip. */
static int32_t
run_cost(const rramnas_mapping *m, const rramnas_cost_options *options, const rramnas_timing *t, rrn_costing *ret_c,
         double (**ret_crossbars)[5], rramnas_error *err)
{
  rramnas_cost_options o = *options;
  int32_t status;

  if (o.latency_ns == 0 && (!o.hw || o.hw == m->hw))
    o.latency_ns = t->latency_ns;
  RRN_TRY(rrn_cost_run(m, &o, ret_c, err));
  status = rrn_report_cost_rows(ret_c, ret_crossbars, err);
  if (status < 0)
    rrn_arena_release(&ret_c->arena);
  return status;
}

int32_t
rrn_report_json(const rramnas_mapping *m, const rramnas_timing_options *timing, const rramnas_cost_options *cost,
                const rrn_accuracy_section *accuracy, rramnas_write_fn write, void *user, rramnas_error *err)
{
  rramnas_timing t;
  rrn_writer w;
  rrn_bound bound = { 0 };
  rrn_time_bound time_bound = { 0 };
  double (*crossbars)[5] = NULL;
  rrn_costing c;

  RRN_TRY(rrn_timing_all(m, timing, &t, err));
  RRN_TRY(bounds_of(m, timing, t.latency_ns, &bound, &time_bound, err));
  RRN_TRY(run_cost(m, cost, &t, &c, &crossbars, err));
  rrn_writer_init(&w, write, user);
  rrn_write_format(&w, "{\n  \"schema\": \"rramnas.report/1\",\n  \"library\": \"%s\",\n", rramnas_version());
  write_network(&w, m->net);
  write_hardware(&w, m);
  write_options(&w, m);
  write_partition(&w, m);
  write_duplication(&w, m);
  write_packing(&w, m, &bound);
  write_timing(&w, timing, &t, &time_bound);
  if (accuracy)
    rrn_report_accuracy_section(&w, accuracy);
  rrn_report_cost_json(&w, &c, crossbars);
  rrn_write_text(&w, "}\n");
  rrn_arena_release(&c.arena);
  return rrn_writer_finish(&w, err);
}
