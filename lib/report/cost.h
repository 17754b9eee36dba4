/* SPDX-License-Identifier: MIT */
/* Reports of what a mapping costs, and sums that they share. */
#ifndef RRN_REPORT_COST_H
#define RRN_REPORT_COST_H

#include "cost/cost.h"
#include "report/report.h"

/* cost_csv.c: a row per layer and component. */
int32_t rrn_report_cost_csv(const rrn_costing *c, rramnas_write_fn write, void *user, rramnas_error *err);
/* cost_svg.c: a picture of where energy and area go. */
int32_t rrn_report_cost_svg(rrn_costing *c, rramnas_write_fn write, void *user, rramnas_error *err);

/* cost_json.c: the object "cost" of the JSON report. The rows lie in the costing's arena; NULL for too many
 * crossbars. */
int32_t rrn_report_cost_rows(rrn_costing *c, double (**ret_rows)[5], rramnas_error *err);
void rrn_report_cost_json(rrn_writer *w, const rrn_costing *c, double (*crossbars)[5]);

/* Exact sums over layers and over components. */
static inline void
rrn_report_cost_component(const rrn_costing *c, int32_t component, double ret_sum[RRN_COST_KINDS])
{
  size_t i;
  int kind;

  for (kind = 0; kind < RRN_COST_KINDS; kind++)
    ret_sum[kind] = 0;
  for (i = 0; i <= c->view.net->n_layers; i++)
    for (kind = 0; kind < RRN_COST_KINDS; kind++)
      ret_sum[kind] += c->out.rows[i][component][kind];
}

static inline void
rrn_report_cost_layer(const rrn_costing *c, size_t layer, double ret_sum[RRN_COST_KINDS])
{
  int32_t k;
  int kind;

  for (kind = 0; kind < RRN_COST_KINDS; kind++)
    ret_sum[kind] = 0;
  for (k = 0; k < RRAMNAS_COST_COMPONENTS; k++)
    for (kind = 0; kind < RRN_COST_KINDS; kind++)
      ret_sum[kind] += c->out.rows[layer][k][kind];
}

#endif
