/* SPDX-License-Identifier: MIT */
/*
 * In: a config, a network, a mode. Out: tiles, time, area, power and energy of the whole network and of each layer.
 *
 * Area: a whole tile per tile, pooling layers included (B14). Power: all layers at work at once, each tile like the
 * fullest of its layer (B13). Energy: power of each part times the time that it works, without adders, leakage over
 * time and writing of weights (B10). The accumulator of sums and products enters the parts, but not the totals (B10).
 * O(layers + pixels + grid). Source: MNSIM 2.0, Area_Model, Power_Model, Energy_Model.
 */
#include "mnsim/mnsim.h"

typedef struct model {
  const rrn_mnsim_config *c;
  rrn_mnsim_buffer input, output, global; /* global: all 0 when there is none */
  rrn_mnsim_cost adder;                   /* of the accumulator */
  rrn_mnsim_parts tile_area_um2;
} model;

static int32_t
set_model(model *m, const rrn_mnsim_map *map, rramnas_error *err)
{
  const rrn_mnsim_config *c = m->c;

  RRN_TRY(rrn_mnsim_buffer_of(c, RRN_MNSIM_INPUT_BUFFER, map->input_kb, &m->input, err));
  RRN_TRY(rrn_mnsim_buffer_of(c, RRN_MNSIM_OUTPUT_BUFFER, map->output_kb, &m->output, err));
  if (map->global_kb > 0 || c->input_kb > 0) /* a size for input buffers is that of the accumulator, too */
    RRN_TRY(rrn_mnsim_buffer_of(c, RRN_MNSIM_INPUT_BUFFER, map->global_kb, &m->global, err));
  m->adder = rrn_mnsim_adder(c, map->global_bits);
  return rrn_mnsim_tile_area(c, &m->input, &m->output, &m->tile_area_um2, err);
}

/* Power (W) times time (ns). */
static rrn_mnsim_parts
energy_of(const rrn_mnsim_parts *w, const rrn_mnsim_times *t)
{
  rrn_mnsim_parts e = { 0 };

  e.crossbar = w->crossbar * t->crossbar_ns;
  e.adc = w->adc * t->adc_ns;
  e.dac = w->dac * t->dac_ns;
  e.adder = w->adder * t->adder_ns;
  e.shift_register = w->shift_register * t->shift_register_ns;
  e.input_register = w->input_register * t->input_register_ns;
  e.output_register = w->output_register * t->output_register_ns;
  e.input_demux = w->input_demux * t->input_demux_ns;
  e.output_mux = w->output_mux * t->output_mux_ns;
  e.joint = w->joint * t->joint_ns;
  e.buffer_read = w->buffer_read * t->buffer_read_ns;
  e.buffer_write = w->buffer_write * t->buffer_write_ns;
  e.buffer = e.buffer_read + e.buffer_write;
  e.pooling = w->pooling * t->pooling_ns;
  e.digital = e.shift_register + e.input_register + e.output_register + e.input_demux + e.output_mux + e.joint;
  e.total = e.crossbar + e.adc + e.dac + e.digital + e.buffer + e.pooling;
  return e;
}

static int32_t
cost_layer(const model *m, const rrn_mnsim_node *node, const rrn_mnsim_layer_map *map, rrn_mnsim_layer *layer,
           rramnas_error *err)
{
  rrn_mnsim_parts tile_w;

  RRN_TRY(rrn_mnsim_tile_power(m->c, (enum rrn_mnsim_kind)node->kind, &map->use, &m->input, &m->output, &tile_w, err));
  rrn_mnsim_parts_add(&layer->area_um2, &m->tile_area_um2, (double)map->tiles);
  rrn_mnsim_parts_add(&layer->power_w, &tile_w, (double)map->tiles);
  layer->energy_nj = energy_of(&layer->power_w, &layer->times);
  return RRAMNAS_OK;
}

/* Parts of the accumulator; multipliers and its buffer's energy are nothing (B10). */
static void
add_accumulator(const model *m, rrn_mnsim_result *r)
{
  const double adders = (double)r->map.global_adders;

  r->area_um2.adder += m->adder.area_um2 * adders;
  r->area_um2.digital += m->adder.area_um2 * adders;
  r->area_um2.buffer += m->global.area_um2;
  r->power_w.adder += m->adder.power_w * adders;
  r->power_w.digital += m->adder.power_w * adders;
  r->power_w.buffer_read += m->global.read_mw * 1e-3;
  r->power_w.buffer_write += m->global.write_mw * 1e-3;
  r->power_w.buffer += (m->global.read_mw + m->global.write_mw) * 1e-3;
  r->energy_nj.adder += m->adder.energy_nj * adders;
  r->energy_nj.digital += m->adder.energy_nj * adders;
}

static void
add_layer(rrn_mnsim_result *r, const rrn_mnsim_layer *layer)
{
  rrn_mnsim_parts_add(&r->area_um2, &layer->area_um2, 1);
  rrn_mnsim_parts_add(&r->power_w, &layer->power_w, 1);
  rrn_mnsim_parts_add(&r->energy_nj, &layer->energy_nj, 1);
  rrn_mnsim_times_add(&r->times, &layer->times);
  if (layer->finish_ns > r->latency_ns)
    r->latency_ns = layer->finish_ns;
}

int32_t
rrn_mnsim_network(const rrn_mnsim_config *c, const rramnas_net *net, enum rrn_mnsim_mode mode, rrn_arena *arena,
                  rrn_mnsim_result *ret_result, rramnas_error *err)
{
  rrn_mnsim_result r = { 0 };
  model m = { .c = c };
  size_t i;

  RRN_TRY(rrn_mnsim_nodes(net, c, arena, &r.nodes, &r.n, err));
  RRN_TRY(rrn_mnsim_map_layers(c, r.nodes, r.n, arena, &r.map, err));
  RRN_TRY(rrn_mnsim_place(c, r.nodes, r.n, arena, &r.map, err));
  r.layers = rrn_arena_alloc(arena, r.n, sizeof(*r.layers));
  if (!r.layers)
    return rrn_fail_memory(err);
  RRN_TRY(rrn_mnsim_network_latency(c, r.nodes, r.n, &r.map, mode, arena, r.layers, err));
  RRN_TRY(set_model(&m, &r.map, err));
  for (i = 0; i < r.n; i++) {
    RRN_TRY(cost_layer(&m, &r.nodes[i], &r.map.layers[i], &r.layers[i], err));
    add_layer(&r, &r.layers[i]);
  }
  add_accumulator(&m, &r);
  *ret_result = r;
  return RRAMNAS_OK;
}
