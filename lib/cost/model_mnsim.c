/* SPDX-License-Identifier: MIT */
/*
 * Cost model "mnsim". In: a mapping. Out: what MNSIM 2.0 would print for its network on its chip, in the terms of the
 * driver (../mnsim, doc/mnsim.md).
 *
 * MNSIM maps and places networks in its own way: boxes, copies and places of the mapping do not enter, nor does the
 * timing model; the wall time is MNSIM's, of one inference. Energies and areas are those of its totals, so the
 * accumulator of sums and the energy of adders are not among them (B10). There is no static energy, no router.
 * Pooling and sums count to the layer before them. Rows of crossbars share a layer's energy by the cells of the
 * mapping's boxes. O(layers + pixels + grid).
 */
#include "cost/cost.h"
#include "mnsim/mnsim.h"

#define PJ_PER_NJ 1000

static void
add_energy(const rrn_mnsim_parts *nj, rrn_cost_row row)
{
  row[RRAMNAS_COMPONENT_CELL][RRN_COST_DYNAMIC] += nj->crossbar * PJ_PER_NJ;
  row[RRAMNAS_COMPONENT_DAC][RRN_COST_DYNAMIC] += nj->dac * PJ_PER_NJ;
  row[RRAMNAS_COMPONENT_ADC][RRN_COST_DYNAMIC] += nj->adc * PJ_PER_NJ;
  row[RRAMNAS_COMPONENT_MUX][RRN_COST_DYNAMIC] += (nj->input_demux + nj->output_mux) * PJ_PER_NJ;
  row[RRAMNAS_COMPONENT_SHIFT_ADD][RRN_COST_DYNAMIC] += nj->shift_register * PJ_PER_NJ;
  row[RRAMNAS_COMPONENT_REGISTER][RRN_COST_DYNAMIC] += (nj->input_register + nj->output_register) * PJ_PER_NJ;
  row[RRAMNAS_COMPONENT_ACCUMULATION][RRN_COST_DYNAMIC] += nj->joint * PJ_PER_NJ;
  row[RRAMNAS_COMPONENT_POOL][RRN_COST_DYNAMIC] += nj->pooling * PJ_PER_NJ;
  row[RRAMNAS_COMPONENT_BUFFER][RRN_COST_DYNAMIC] += nj->buffer * PJ_PER_NJ;
}

static void
add_area(const rrn_mnsim_parts *um2, rrn_cost_row row)
{
  row[RRAMNAS_COMPONENT_CELL][RRN_COST_AREA] += um2->crossbar; /* with its drivers */
  row[RRAMNAS_COMPONENT_DAC][RRN_COST_AREA] += um2->dac;
  row[RRAMNAS_COMPONENT_ADC][RRN_COST_AREA] += um2->adc;
  row[RRAMNAS_COMPONENT_MUX][RRN_COST_AREA] += um2->input_demux + um2->output_mux;
  row[RRAMNAS_COMPONENT_SHIFT_ADD][RRN_COST_AREA] += um2->shift_register + um2->adder;
  row[RRAMNAS_COMPONENT_REGISTER][RRN_COST_AREA] += um2->input_register + um2->output_register;
  row[RRAMNAS_COMPONENT_ACCUMULATION][RRN_COST_AREA] += um2->joint;
  row[RRAMNAS_COMPONENT_POOL][RRN_COST_AREA] += um2->pooling;
  row[RRAMNAS_COMPONENT_BUFFER][RRN_COST_AREA] += um2->buffer;
}

/* Crossbars of a layer times the time that they work. */
static double
busy_ns(const rrn_mnsim_result *r, size_t i)
{
  const rrn_mnsim_layer *l = &r->layers[i];
  const rrn_mnsim_layer_map *m = &r->map.layers[i];

  return l->occupancy * (l->finish_ns - l->begin_ns) * (double)m->pes * m->use.groups;
}

static void
fill_rows(const rrn_cost_input *in, const rrn_mnsim_result *r, rrn_cost_output *out)
{
  const size_t of_no_layer = in->m->net->n_layers;
  size_t i;

  for (i = 0; i < r->n; i++) {
    rrn_cost_row *row = &out->rows[r->nodes[i].layer >= 0 ? (size_t)r->nodes[i].layer : of_no_layer];

    add_energy(&r->layers[i].energy_nj, *row);
    add_area(&r->layers[i].area_um2, *row);
    out->busy_ns += busy_ns(r, i);
  }
}

static void
fill_figures(const rrn_cost_input *in, const rrn_mnsim_config *c, const rrn_mnsim_result *r, rramnas_cost *f)
{
  const rramnas_net *net = in->m->net;
  const int32_t bits = c->polarity == 2 ? c->weight_bits - 1 : c->weight_bits;
  double weights = 0;
  size_t i;

  for (i = 0; i < net->n_layers; i++) {
    f->macs += (double)net->layers[i].macs;
    weights += (double)net->layers[i].weights;
  }
  f->latency_ns = r->latency_ns;
  f->tiles = r->map.tiles;
  f->crossbars = r->map.tiles * c->pe_per_tile * c->groups;
  f->arrays = f->crossbars * c->polarity;
  f->cell_utilization = weights * bits / ((double)f->crossbars * c->rows * c->cols);
  f->adc_bits_needed = rrn_hw_adc_bits_needed(in->m->hw);
  f->adc_bits = c->adc_bits;
}

int32_t
rrn_cost_mnsim(const rrn_cost_input *in, rrn_cost_output *out, rramnas_error *err)
{
  const rrn_mnsim_config c = rrn_mnsim_config_from_hw(in->m->hw);
  rrn_mnsim_result r;
  size_t i;

  RRN_FAIL_IF(in->samples != 1, err, RRAMNAS_ERR_UNSUPPORTED,
              "cost options: samples is %d, cost model mnsim knows one inference", (int)in->samples);
  RRN_FAIL_IF(in->m->n_bits != 0, err, RRAMNAS_ERR_UNSUPPORTED,
              "cost options: layers have bits of their own, which cost model mnsim does not know");
  RRN_FAIL_IF(in->m->unit_cols != 0, err, RRAMNAS_ERR_UNSUPPORTED,
              "cost options: weight.sign is unit_column, which cost model mnsim does not know");
  RRN_TRY(rrn_mnsim_network(&c, in->m->net, RRN_MNSIM_MODE_WINDOW, in->arena, &r, err));
  fill_rows(in, &r, out);
  for (i = 0; i < in->m->n_pieces; i++)
    out->piece_weights[i] = (double)in->m->pieces[i].rows * (double)in->m->pieces[i].read_cols;
  fill_figures(in, &c, &r, &out->figures);
  return RRAMNAS_OK;
}
