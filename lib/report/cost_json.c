/* SPDX-License-Identifier: MIT */
/* The object "cost" of the JSON report (doc/report.md).
 *
 * In:  a costing.
 * Out: every field of rramnas_cost, then the same energy and area by component, by layer and by crossbar.
 *
 * Numbers read back as the same doubles, and sums of them are exact: a reader who adds up the entries of any of the
 * three breakdowns gets the totals to the bit. Complexity: layers * components + crossbars, and one simulation. */
#include <inttypes.h>
#include <math.h>

#include "report/cost.h"

/* Beyond, by_crossbar is null: its file would be hundreds of megabytes. */
enum { MOST_CROSSBARS = 1000000 };

typedef struct figure {
  const char *name;
  size_t offset; /* in rramnas_cost */
} figure;

#define FIGURE(field) { #field, offsetof(rramnas_cost, field) }
static const figure numbers[] = {
  FIGURE(latency_ns), FIGURE(energy_pj), FIGURE(energy_dynamic_pj), FIGURE(energy_static_pj),
  FIGURE(energy_per_inference_pj), FIGURE(energy_per_mac_pj), FIGURE(area_um2), FIGURE(power_mw), FIGURE(leakage_mw),
  FIGURE(edp_pj_ns), FIGURE(edap_pj_ns_um2), FIGURE(tops), FIGURE(tops_per_w), FIGURE(tops_per_mm2),
  FIGURE(inferences_per_s), FIGURE(cell_utilization), FIGURE(busy_share), FIGURE(write_energy_pj),
  FIGURE(write_time_ns), FIGURE(ir_drop), FIGURE(ir_drop_typical), FIGURE(wire_delay_ns), FIGURE(transfer_ns),
  FIGURE(macs),
};
#undef FIGURE

static void
write_figures(rrn_writer *w, const rramnas_cost *cost)
{
  size_t i;

  for (i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
    rrn_write_format(w, "%s\"%s\": ", i % 6 ? ", " : ",\n    ", numbers[i].name);
    rrn_write_json_number(w, *(const double *)(const void *)((const char *)cost + numbers[i].offset));
  }
  rrn_write_format(w, ",\n    \"crossbars\": %" PRId64 ", \"arrays\": %" PRId64 ", \"tiles\": %" PRId64,
                   cost->crossbars, cost->arrays, cost->tiles);
  rrn_write_format(w, ", \"adc_bits_needed\": %d, \"adc_bits\": %d", (int)cost->adc_bits_needed, (int)cost->adc_bits);
}

static void
write_extrapolated(rrn_writer *w, int32_t bits)
{
  static const char *const names[] = { "buffer_size", "buffer_bus", "buffer_node", "logic_node", "adc_range" };
  int i, first = 1;

  rrn_write_text(w, ", \"extrapolated\": [");
  for (i = 0; i < 5; i++)
    if (bits >> i & 1) {
      rrn_write_format(w, "%s\"%s\"", first ? "" : ", ", names[i]);
      first = 0;
    }
  rrn_write_text(w, "]");
}

static void
write_energy_and_area(rrn_writer *w, const double entry[RRN_COST_KINDS])
{
  rrn_write_text(w, "\"energy_dynamic_pj\": ");
  rrn_write_json_number(w, entry[RRN_COST_DYNAMIC]);
  rrn_write_text(w, ", \"energy_static_pj\": ");
  rrn_write_json_number(w, entry[RRN_COST_STATIC]);
  rrn_write_text(w, ", \"area_um2\": ");
  rrn_write_json_number(w, entry[RRN_COST_AREA]);
}

static void
write_list(rrn_writer *w, const double *values, int n)
{
  int i;

  for (i = 0; i < n; i++) {
    rrn_write_text(w, i ? ", " : "[");
    rrn_write_json_number(w, values[i]);
  }
  rrn_write_text(w, "]");
}

static void
write_components(rrn_writer *w, const rrn_costing *c)
{
  int32_t k;

  rrn_write_text(w, ",\n    \"by_component\": [");
  for (k = 0; k < RRAMNAS_COST_COMPONENTS; k++) {
    double sum[RRN_COST_KINDS];

    rrn_report_cost_component(c, k, sum);
    rrn_write_format(w, "%s\n      {\"component\": \"%s\", ", k ? "," : "", rramnas_cost_component_name(k));
    write_energy_and_area(w, sum);
    rrn_write_text(w, "}");
  }
  rrn_write_text(w, "\n    ]");
}

/* Components without anything are left out. */
static void
write_layer(rrn_writer *w, const rrn_costing *c, size_t layer)
{
  double sum[RRN_COST_KINDS];
  int first = 1;
  int32_t k;

  rrn_report_cost_layer(c, layer, sum);
  if (layer < c->view.net->n_layers)
    rrn_write_format(w, "\n      {\"layer\": %zu, ", layer);
  else
    rrn_write_text(w, "\n      {\"layer\": null, ");
  write_energy_and_area(w, sum);
  rrn_write_text(w, ", \"by_component\": {");
  for (k = 0; k < RRAMNAS_COST_COMPONENTS; k++) {
    const double *entry = c->out.rows[layer][k];

    if (!(entry[RRN_COST_DYNAMIC] > 0 || entry[RRN_COST_STATIC] > 0 || entry[RRN_COST_AREA] > 0))
      continue;
    rrn_write_format(w, "%s\"%s\": ", first ? "" : ", ", rramnas_cost_component_name(k));
    write_list(w, entry, RRN_COST_KINDS);
    first = 0;
  }
  rrn_write_text(w, "}}");
}

static void
write_crossbars(rrn_writer *w, const rrn_costing *c, double (*rows)[5])
{
  int32_t i;

  rrn_write_text(w, ",\n    \"by_crossbar\": ");
  if (!rows) {
    rrn_write_text(w, "null");
    return;
  }
  for (i = 0; i <= c->view.crossbars_available; i++) {
    rrn_write_text(w, i ? ",\n      " : "[\n      ");
    write_list(w, rows[i], 5);
  }
  rrn_write_text(w, "\n    ]");
}

int32_t
rrn_report_cost_rows(rrn_costing *c, double (**ret_rows)[5], rramnas_error *err)
{
  double (*rows)[5];

  *ret_rows = NULL;
  if (c->view.crossbars_available > MOST_CROSSBARS)
    return RRAMNAS_OK;
  rows = rrn_arena_alloc_raw(&c->arena, (size_t)c->view.crossbars_available + 1, sizeof(*rows));
  if (!rows)
    return rrn_fail_memory(err);
  RRN_TRY(rrn_cost_crossbars(c, rows, err));
  *ret_rows = rows;
  return RRAMNAS_OK;
}

void
rrn_report_cost_json(rrn_writer *w, const rrn_costing *c, double (*crossbars)[5])
{
  uint8_t digest[16];
  size_t i;

  rramnas_hw_fingerprint(c->view.hw, digest);
  rrn_write_format(w, "  \"cost\": {\"model\": \"%s\", \"timing_model\": \"%s\", \"samples\": %d", c->model->name,
                   rrn_report_model_name(c->o.timing_model), (int)c->o.samples);
  rrn_write_text(w, ", \"fingerprint\": \"");
  for (i = 0; i < 16; i++)
    rrn_write_format(w, "%02x", digest[i]);
  rrn_write_text(w, "\"");
  write_figures(w, &c->cost);
  write_extrapolated(w, c->cost.extrapolated);
  write_components(w, c);
  rrn_write_text(w, ",\n    \"by_layer\": [");
  for (i = 0; i <= c->view.net->n_layers; i++) {
    rrn_write_text(w, i ? "," : "");
    write_layer(w, c, i);
  }
  rrn_write_text(w, "\n    ]");
  write_crossbars(w, c, crossbars);
  rrn_write_text(w, "}\n");
}
