/* SPDX-License-Identifier: MIT */
/* Costs as comma-separated values (doc/report.md).
 *
 * In:  a costing.
 * Out: a header and a row per layer and component that has anything; what belongs to no layer has an empty layer.
 *      Numbers read back as the same value, and columns add up to the totals to the bit. */
#include "report/cost.h"

/* In quotes, which are doubled; line breaks, which line tools would take for a row, become blanks. */
static void
write_quoted(rrn_writer *w, const char *text)
{
  rrn_write_text(w, "\"");
  for (; *text; text++) {
    const char c = *text == '\n' || *text == '\r' ? ' ' : *text;

    if (c == '"')
      rrn_write_text(w, "\"");
    rrn_write(w, &c, 1);
  }
  rrn_write_text(w, "\"");
}

static void
write_row(rrn_writer *w, const rrn_costing *c, size_t layer, int32_t component)
{
  const rramnas_net *net = c->view.net;
  const double *entry = c->out.rows[layer][component];
  int kind;

  if (!(entry[RRN_COST_DYNAMIC] > 0 || entry[RRN_COST_STATIC] > 0 || entry[RRN_COST_AREA] > 0))
    return;
  if (layer < net->n_layers) {
    rrn_write_format(w, "%zu,", layer);
    write_quoted(w, net->layers[layer].name);
    rrn_write_format(w, ",%s", rramnas_op_name(net->layers[layer].op));
  } else {
    rrn_write_text(w, ",,");
  }
  rrn_write_format(w, ",%s", rramnas_cost_component_name(component));
  for (kind = 0; kind < RRN_COST_KINDS; kind++) {
    rrn_write_text(w, ",");
    rrn_write_double(w, entry[kind]);
  }
  rrn_write_text(w, "\n");
}

int32_t
rrn_report_cost_csv(const rrn_costing *c, rramnas_write_fn write, void *user, rramnas_error *err)
{
  rrn_writer w;
  size_t i;
  int32_t k;

  rrn_writer_init(&w, write, user);
  rrn_write_text(&w, "layer,name,op,component,energy_dynamic_pj,energy_static_pj,area_um2\n");
  for (i = 0; i <= c->view.net->n_layers; i++)
    for (k = 0; k < RRAMNAS_COST_COMPONENTS; k++)
      write_row(&w, c, i, k);
  return rrn_writer_finish(&w, err);
}
