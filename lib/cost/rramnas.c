/* SPDX-License-Identifier: MIT */
/*
 * Cost model "rramnas". In: a mapping, its wall time. Out: energy and area by layer and component, figures.
 *
 *   dynamic  count of activity * energy of the part, by layer, times samples
 *   static   leakage of all parts of the chip * wall time
 *   area     number of parts * area of the part
 *
 * Area and leakage belong to the whole chip: every crossbar that the compiler was given, used or not, and the tiles
 * around them. A layer's share is that of its cells in the chip's cells; the rest is in the row of no layer.
 *
 * Parts of a crossbar: arrays with a driver per wordline; DACs per set of slices, ADCs per set that is read on its
 * own, no more of them than there are rows or columns; multiplexers where there are fewer; a register per row for its
 * input slice, an accumulator with its register per ADC; an input buffer. Parts of a tile: adders for joint
 * accumulation as MNSIM has them, one per ADC and process element but one; functions, pooling, digital
 * multiply-accumulators; an output buffer; a router.
 *
 * Not modelled: clock tree, control, pads, memory off chip, and the time of digital operators and of data
 * (transfer_ns is a figure). Complexity: O(placements + nodes + layers).
 */
#include "cost/model.h"

#include <math.h>

#include "cost/scale.h"

/* --- layout --- */

static double
smaller(double a, double b)
{
  return a < b ? a : b;
}

static double
levels(double ways)
{
  double n = 0, reached;

  for (reached = 1; reached < ways; reached *= 2)
    n++;
  return n;
}

/* Width of the sum of all conversions of one weight column: slices of inputs and weights are shifted, passes and
 * subarrays added. */
static double
accumulator_bits(const rramnas_hw *hw, const rrn_layout *l)
{
  const rrn_hw_values *v = &hw->v;
  const double passes = ceil(l->rows / (l->dacs * l->subarrays)) * l->subarrays;

  return v->adc.bits + v->dac.bits * (l->input_slices - 1) + v->device.bits_per_cell * (l->slices - 1) + levels(passes);
}

rrn_layout
rrn_layout_for(const rramnas_hw *hw, int32_t weight_bits, int32_t input_bits)
{
  const rrn_hw_values *v = &hw->v;
  const int pairs = v->weight.sign == RRN_SIGNED_DIFFERENTIAL, parallel = v->weight.slicing == RRN_SLICING_PARALLEL;
  rrn_layout l;

  l.rows = v->crossbar.rows;
  l.cols = v->crossbar.cols;
  l.subarray_rows = rrn_hw_subarray_rows(hw);
  l.subarrays = l.rows / l.subarray_rows;
  l.slices = rrn_hw_slices(hw, weight_bits);
  l.sets = parallel ? l.slices : 1;
  l.arrays = parallel && pairs ? 2 * l.sets : l.sets;
  l.adc_sets = v->weight.subtraction == RRN_SUBTRACT_DIGITAL ? l.arrays : l.sets;
  l.dacs = smaller(v->dac.per_subarray, l.subarray_rows);
  l.adcs = smaller(v->adc.per_subarray, l.cols);
  l.input_slices = ceil((double)input_bits / v->dac.bits);
  l.process_elements = parallel ? ceil(l.slices / v->pe.groups) : 1;
  l.accumulator_bits = accumulator_bits(hw, &l);
  return l;
}

rrn_layout
rrn_layout_of(const rramnas_hw *hw)
{
  return rrn_layout_for(hw, hw->v.weight.bits, hw->v.input.bits);
}

/* --- parts of the chip --- */

static void
put(rrn_model *k, int32_t component, double n, rrn_part part)
{
  k->area_um2[component] += n * part.area_um2;
  k->leakage_uw[component] += n * part.leakage_uw;
}

static rrn_part
of_sram(rrn_sram s)
{
  return (rrn_part){ 0, s.area_um2, s.leakage_uw };
}

static void
build_crossbars(const rramnas_hw *hw, rrn_model *k)
{
  const rrn_layout *l = &k->layout;
  const double n = k->crossbars, rows = n * l->arrays * l->rows, converters = l->adcs * l->subarrays * l->adc_sets;
  const double driver_uw = hw->v.crossbar.driver_leakage_nw / 1000 * rrn_scale_temperature(hw->v.chip.temperature_c);
  const double free_cols = (l->cols - l->adcs) * l->subarrays * l->adc_sets;
  const double free_rows = (l->subarray_rows - l->dacs) * l->subarrays * l->sets;

  put(k, RRAMNAS_COMPONENT_CELL, rows * l->cols, (rrn_part){ 0, k->cells.area_um2, k->cells.leakage_uw });
  put(k, RRAMNAS_COMPONENT_DRIVER, rows, (rrn_part){ 0, hw->v.crossbar.driver_area_um2, driver_uw });
  put(k, RRAMNAS_COMPONENT_DAC, n * l->dacs * l->subarrays * l->sets, k->dac);
  put(k, RRAMNAS_COMPONENT_ADC, n * converters, k->adc);
  put(k, RRAMNAS_COMPONENT_MUX, n * (free_cols + free_rows), k->digital.selector);
  put(k, RRAMNAS_COMPONENT_SHIFT_ADD, n * converters * l->accumulator_bits, k->digital.add);
  put(k, RRAMNAS_COMPONENT_REGISTER, n * (l->rows * hw->v.dac.bits + converters * l->accumulator_bits),
      k->digital.reg);
  put(k, RRAMNAS_COMPONENT_BUFFER, n, of_sram(k->input));
}

static void
build_tiles(const rramnas_hw *hw, rrn_model *k)
{
  const rrn_hw_values *v = &hw->v;
  const double tiles = k->mesh.tiles, elements = (double)v->tile.pe_rows * v->tile.pe_cols, bits = v->input.bits;

  put(k, RRAMNAS_COMPONENT_ACCUMULATION, tiles * (elements - 1) * k->layout.adcs * k->layout.accumulator_bits,
      k->digital.add);
  put(k, RRAMNAS_COMPONENT_ACTIVATION, tiles * v->activation.per_tile, k->digital.function);
  put(k, RRAMNAS_COMPONENT_POOL, tiles, k->digital.pool);
  put(k, RRAMNAS_COMPONENT_ARITHMETIC, tiles * v->digital.macs_per_tile * bits * bits, k->digital.multiply);
  put(k, RRAMNAS_COMPONENT_ARITHMETIC, tiles * v->digital.macs_per_tile * k->layout.accumulator_bits, k->digital.add);
  put(k, RRAMNAS_COMPONENT_BUFFER, tiles, of_sram(k->output));
  put(k, RRAMNAS_COMPONENT_INTERCONNECT, tiles, k->router);
}

static rrn_sram
sram(const rramnas_hw *hw, double kib)
{
  rrn_sram s = rrn_sram_of(hw->v.buffer.node_nm, kib, hw->v.buffer.bus_bits);

  s.leakage_uw *= rrn_scale_temperature(hw->v.chip.temperature_c);
  return s;
}

/* Open sizes: inputs as needed, at least two vectors; outputs two vectors of sums for each crossbar of the tile. */
static void
size_buffers(const rramnas_hw *hw, rrn_model *k, double needed_kib)
{
  const rrn_layout *l = &k->layout;
  const double vectors_kib = 2 * l->rows * hw->v.input.bits / 8192;
  const double per_tile = k->mesh.crossbars_per_tile > 1 ? k->mesh.crossbars_per_tile : 1;
  const double cells = rrn_hw_columns_per_weight(hw);

  k->input_kib = hw->v.buffer.input_kb > 0 ? hw->v.buffer.input_kb
               : needed_kib > vectors_kib  ? needed_kib
                                           : vectors_kib;
  k->output_kib = hw->v.buffer.output_kb > 0 ? hw->v.buffer.output_kb
                                             : 2 * l->cols / cells * l->accumulator_bits * per_tile / 8192;
  k->input = sram(hw, k->input_kib);
  k->output = sram(hw, k->output_kib);
}

rrn_model
rrn_model_of(const rramnas_hw *hw, double crossbars, double needed_kib)
{
  rrn_model k = { .crossbars = crossbars };
  int32_t i;

  k.layout = rrn_layout_of(hw);
  k.cells = rrn_cells_of(hw);
  k.dac = rrn_dac_of(hw);
  k.adc = rrn_adc_of(hw);
  k.router = rrn_router_of(hw);
  k.digital = rrn_digital_of(hw);
  k.mesh = rrn_mesh_of(hw, crossbars);
  k.column_levels = levels(ceil(k.layout.cols / k.layout.adcs));
  k.row_levels = levels(ceil(k.layout.subarray_rows / k.layout.dacs));
  k.write_pj = rrn_write_pj(hw);
  k.keep_pj = rrn_keep_pj(hw);
  k.write_row_ns = rrn_write_row_ns(hw);
  size_buffers(hw, &k, needed_kib);
  build_crossbars(hw, &k);
  build_tiles(hw, &k);
  for (i = 0; i < RRAMNAS_COST_COMPONENTS; i++)
    k.chip_area_um2 += k.area_um2[i];
  k.tile_pitch_mm = sqrt(k.chip_area_um2 / k.mesh.tiles) / 1000;
  k.tile_pj = hw->v.chip.wire_energy_fj_per_mm / 1000 * k.tile_pitch_mm / 2;
  k.hop_pj = k.router.energy_pj + hw->v.chip.wire_energy_fj_per_mm / 1000 * k.tile_pitch_mm;
  return k;
}

int32_t
rrn_model_extrapolated(const rramnas_hw *hw, const rrn_model *k)
{
  const rrn_hw_values *v = &hw->v;
  const int logic = rrn_scale_valid(v->digital.node_nm) && rrn_scale_valid(v->crossbar.transistor_node_nm) &&
                    rrn_scale_valid(v->pool.node_nm) && rrn_scale_valid(v->activation.node_nm) &&
                    rrn_scale_valid(v->chip.router_node_nm);
  const int parametric = v->adc.model == RRN_ADC_PARAMETRIC;

  return k->input.extrapolated | k->output.extrapolated | (logic ? 0 : RRAMNAS_EXTRAPOLATED_LOGIC_NODE) |
         (parametric && !rrn_scale_valid(v->adc.node_nm) ? RRAMNAS_EXTRAPOLATED_LOGIC_NODE : 0) |
         (parametric && v->adc.bits > 12 ? RRAMNAS_EXTRAPOLATED_ADC_RANGE : 0);
}

/* --- energy --- */

static void
crossbar_energy(const rrn_model *k, const rrn_layout *l, const rrn_crossbar_activity *c, double *pj)
{
  const rrn_digital *d = &k->digital;
  const double selected = c->adc_conversions * k->column_levels + c->dac_conversions * k->row_levels;

  pj[RRAMNAS_COMPONENT_CELL] = l->arrays * (c->cell_reads * k->cells.read_pj + c->off_reads * k->cells.off_read_pj +
                                       c->half_reads * k->cells.half_read_pj);
  pj[RRAMNAS_COMPONENT_DRIVER] = c->dac_conversions / l->sets * l->arrays * k->cells.wordline_pj;
  pj[RRAMNAS_COMPONENT_DAC] = c->dac_conversions * k->dac.energy_pj;
  pj[RRAMNAS_COMPONENT_ADC] = c->adc_conversions * k->adc.energy_pj;
  pj[RRAMNAS_COMPONENT_MUX] = selected * d->selector.energy_pj;
  pj[RRAMNAS_COMPONENT_SHIFT_ADD] = c->adc_conversions * l->accumulator_bits * d->add.energy_pj;
  pj[RRAMNAS_COMPONENT_REGISTER] = c->register_bits * d->reg.energy_pj;
}

/* Bits times energy of an access; to be divided by the bits of one. */
static double
buffer_energy(const rrn_model *k, const rrn_layer_activity *y)
{
  return y->crossbar.input_bits * k->input.read_pj + y->input_writes * k->input.write_pj +
         y->output_reads * k->output.read_pj + y->output_writes * k->output.write_pj;
}

void
rrn_model_energy(const rramnas_hw *hw, const rrn_model *k, const rrn_layer_activity *y,
                 double ret_pj[RRAMNAS_COST_COMPONENTS])
{
  const rrn_digital *d = &k->digital;
  const double bits = hw->v.input.bits;
  const double added = y->adds * bits * d->add.energy_pj;
  const double multiplied = y->multiplies * bits * bits * d->multiply.energy_pj;

  crossbar_energy(k, y->layout, &y->crossbar, ret_pj);
  ret_pj[RRAMNAS_COMPONENT_ACCUMULATION] = y->partial_adds * y->layout->accumulator_bits * d->add.energy_pj;
  ret_pj[RRAMNAS_COMPONENT_ACTIVATION] = y->functions * d->function.energy_pj;
  ret_pj[RRAMNAS_COMPONENT_POOL] = y->pool_windows * d->pool.energy_pj;
  ret_pj[RRAMNAS_COMPONENT_ARITHMETIC] = added + multiplied;
  ret_pj[RRAMNAS_COMPONENT_BUFFER] = buffer_energy(k, y) / hw->v.buffer.bus_bits;
  ret_pj[RRAMNAS_COMPONENT_INTERCONNECT] = y->hop_bits * k->hop_pj + y->tile_bits * k->tile_pj;
}

/* --- the model --- */

static double
piece_pj(const rrn_model *k, const rrn_layout *l, const rrn_crossbar_activity *c)
{
  double pj[RRN_COST_LAST_IN_CROSSBAR + 1], sum = 0;
  int32_t i;

  crossbar_energy(k, l, c, pj);
  for (i = 0; i <= RRN_COST_LAST_IN_CROSSBAR; i++)
    sum += pj[i];
  return sum;
}

static const rrn_layout *
layout_of_piece(const rramnas_mapping *m, const rrn_activity *a, size_t piece)
{
  return a->layers[m->layer_of[m->pieces[piece].layer]].layout;
}

/* A layer's dynamic energy, and its share of what the whole chip has. */
static void
fill_row(const rrn_cost_input *in, const rrn_model *k, const rrn_layer_activity *y, double share,
         double (*row)[RRN_COST_KINDS])
{
  const double leaked = in->latency_ns / 1000 * share; /* pJ per uW */
  double pj[RRAMNAS_COST_COMPONENTS];
  int32_t i;

  rrn_model_energy(in->m->hw, k, y, pj);
  for (i = 0; i < RRAMNAS_COST_COMPONENTS; i++) {
    row[i][RRN_COST_DYNAMIC] = pj[i] * in->samples;
    row[i][RRN_COST_STATIC] = k->leakage_uw[i] * leaked;
    row[i][RRN_COST_AREA] = k->area_um2[i] * share;
  }
}

static void
fill_figures(const rrn_cost_input *in, const rrn_model *k, const rrn_activity *a, rramnas_cost *f)
{
  const rramnas_hw *hw = in->m->hw;
  const rrn_hw_values *v = &hw->v;
  const rrn_layout *l = &k->layout;
  size_t i;

  for (i = 0; i < in->m->net->n_layers; i++) {
    const rrn_layer_activity *y = &a->layers[i];

    f->macs += y->macs;
    f->cell_utilization += a->cells[i];
    f->transfer_ns += y->hop_bits / v->chip.bandwidth_gbps + y->tile_bits / v->tile.bandwidth_gbps;
  }
  f->write_energy_pj = a->written_cells * k->write_pj + a->kept_cells * k->keep_pj;
  f->write_time_ns = a->written_rows * k->write_row_ns / smaller(v->chip.write_crossbars, k->crossbars);
  f->ir_drop = v->device.kind == RRN_KIND_SRAM ? 0 : rrn_ir_drop(l->subarray_rows, l->cols,
                                                                 v->crossbar.wire_resistance_ohm,
                                                                1 / v->device.on_resistance_ohm);
  f->ir_drop_typical = rrn_ir_drop(l->subarray_rows, l->cols, v->crossbar.wire_resistance_ohm,
                                   k->cells.conductance_s * v->input.activity);
  f->wire_delay_ns = rrn_hw_wire_delay_ns(hw);
  f->crossbars = (int64_t)k->crossbars;
  f->arrays = (int64_t)(k->crossbars * l->arrays);
  f->tiles = (int64_t)k->mesh.tiles;
  f->adc_bits_needed = rrn_hw_adc_bits_needed(hw);
  f->adc_bits = v->adc.bits;
  f->extrapolated = rrn_model_extrapolated(hw, k);
}

int32_t
rrn_model_run(const rrn_cost_input *in, rrn_model *ret_model, rrn_activity *ret_activity, rramnas_error *err)
{
  const double crossbars = in->m->crossbars_available;
  const rrn_layout layout = rrn_layout_of(in->m->hw);
  const rrn_mesh mesh = rrn_mesh_of(in->m->hw, crossbars);

  RRN_TRY(rrn_activity_of(in->m, &layout, &mesh, in->arena, ret_activity, err));
  *ret_model = rrn_model_of(in->m->hw, crossbars, ret_activity->input_kib);
  return RRAMNAS_OK;
}

int32_t
rrn_cost_rramnas(const rrn_cost_input *in, rrn_cost_output *out, rramnas_error *err)
{
  const size_t n = in->m->net->n_layers;
  double rest = 1;
  rrn_activity a;
  rrn_model k;
  size_t i;

  RRN_TRY(rrn_model_run(in, &k, &a, err));
  for (i = 0; i < n; i++) {
    fill_row(in, &k, &a.layers[i], a.cells[i], out->rows[i]);
    out->busy_ns += a.layers[i].busy_ns * in->samples;
    rest -= a.cells[i];
  }
  fill_row(in, &k, &a.layers[n], rest > 0 ? rest : 0, out->rows[n]);
  for (i = 0; i < in->m->n_pieces; i++)
    out->piece_weights[i] = i > 0 && a.kind_of[i] == a.kind_of[i - 1] ? out->piece_weights[i - 1]
                                                                      : piece_pj(&k, layout_of_piece(in->m, &a, i), &a.kinds[a.kind_of[i]]);
  fill_figures(in, &k, &a, &out->figures);
  return RRAMNAS_OK;
}
