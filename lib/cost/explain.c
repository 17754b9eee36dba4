/* SPDX-License-Identifier: MIT */
/*
 * In: a chip, or a mapping and cost options. Out: each derived quantity of cost model rramnas, through a callback:
 * name, value, unit, formula, inputs with their values, source.
 *
 * Nothing is computed here that the model does not use: values come from rrn_model and rrn_activity, and only
 * formulas are words. Names of inputs are fields of the spec or quantities told before. O(quantities), plus the model
 * for a mapping.
 */
#include "cost/explain.h"

#include <stdarg.h>
#include <string.h>

#include "cost/model.h"
#include "cost/scale.h"
#include "util/text.h"

#define DEFINITION "definition"
#define COUNTED "counted, doc/cost.md"
#define OURS "choice of this library"
#define MNSIM "MNSIM 2.0 (Zhu et al., GLSVLSI 2020)"
#define ISAAC "ISAAC (Shafiee et al., ISCA 2016)"
#define CIRCUIT "circuit law"
#define SCALING "C V^2 with supplies of the Predictive Technology Model (Zhao and Cao, 2006)"
#define CACTI "buffer table of MNSIM 2.0, made with CACTI"

typedef struct teller {
  rramnas_derived_fn derived;
  void *user;
  rramnas_error *err;
  int32_t status;
} teller;

/* Words of a quantity. */
typedef struct words {
  const char *name, *unit, *formula, *source;
} words;

static void
append(char *text, size_t size, const char *more)
{
  const size_t used = strlen(text), n = strlen(more);

  if (used + n < size)
    memcpy(text + used, more, n + 1);
}

/* Inputs: pairs of name and double, then NULL. Nothing more is told after a failure. */
static void
tell(teller *t, words w, double value, ...)
{
  rramnas_derived d = { sizeof(d), w.name, w.unit, w.formula, NULL, w.source, value };
  char inputs[768] = "", number[RRN_DOUBLE_TEXT];
  const char *name;
  va_list args;

  if (t->status < 0)
    return;
  va_start(args, value);
  while ((name = va_arg(args, const char *)) != NULL) {
    append(inputs, sizeof(inputs), inputs[0] ? ", " : "");
    append(inputs, sizeof(inputs), name);
    append(inputs, sizeof(inputs), " = ");
    append(inputs, sizeof(inputs), rrn_double_text(va_arg(args, double), number));
  }
  va_end(args);
  d.inputs = inputs;
  if (t->derived(t->user, &d) != 0)
    t->status = rrn_fail(t->err, RRAMNAS_ERR_CALLBACK, "rramnas_explain: the callback ended it at \"%s\"", w.name);
}

/* --- the chip --- */

static void
tell_layout(teller *t, const rrn_hw_values *v, const rrn_layout *l)
{
  tell(t,
       (words){ "layout.slices", "1",
                v->weight.sign == RRN_SIGNED_DIFFERENTIAL
                  ? "ceil((weight.bits - 1) / device.bits_per_cell)"
                  : "ceil(weight.bits / device.bits_per_cell)",
                OURS },
       l->slices, "weight.bits", (double)v->weight.bits, "device.bits_per_cell", (double)v->device.bits_per_cell, NULL);
  tell(t,
       (words){ "layout.arrays_per_crossbar", "1",
                "slices in parallel crossbars, twice for differential pairs; else 1", OURS },
       l->arrays, "layout.slices", l->slices, NULL);
  tell(t, (words){ "layout.adc_sets_per_crossbar", "1", "arrays, halved where pairs are subtracted before the ADC",
                   MNSIM },
       l->adc_sets, "layout.arrays_per_crossbar", l->arrays, NULL);
  tell(t, (words){ "layout.dacs_per_subarray", "1", "min(dac.per_subarray, rows of a subarray)", OURS }, l->dacs,
       "dac.per_subarray", (double)v->dac.per_subarray, "crossbar.subarray_rows", l->subarray_rows, NULL);
  tell(t, (words){ "layout.adcs_per_subarray", "1", "min(adc.per_subarray, crossbar.cols)", OURS }, l->adcs,
       "adc.per_subarray", (double)v->adc.per_subarray, "crossbar.cols", l->cols, NULL);
  tell(t, (words){ "layout.input_slices", "1", "ceil(input.bits / dac.bits)", MNSIM }, l->input_slices, "input.bits",
       (double)v->input.bits, "dac.bits", (double)v->dac.bits, NULL);
  tell(t, (words){ "layout.accumulator_bits", "bit",
                   "adc.bits + dac.bits (input slices - 1) + bits_per_cell (slices - 1) + ceil(log2(row passes))", OURS },
       l->accumulator_bits, "adc.bits", (double)v->adc.bits, "dac.bits", (double)v->dac.bits, "layout.input_slices",
       l->input_slices, "device.bits_per_cell", (double)v->device.bits_per_cell, "layout.slices", l->slices, NULL);
}

static void
tell_cells(teller *t, const rramnas_hw *hw, const rrn_model *k)
{
  const rrn_hw_values *v = &hw->v;
  const rrn_cells *c = &k->cells;

  if (v->device.kind == RRN_KIND_SRAM) {
    tell(t, (words){ "cell.read_energy_pj", "pJ", "read_energy_fj * bits_per_cell / 1000", MNSIM }, c->read_pj,
         "device.read_energy_fj", v->device.read_energy_fj, "device.bits_per_cell", (double)v->device.bits_per_cell,
              NULL);
  } else {
    tell(t, (words){ "cell.square_voltage_v2", "V^2", "activity Vread^2 + (1 - activity) Vlow^2", MNSIM }, c->square_v2,
         "input.activity", v->input.activity, "device.read_voltage_v", v->device.read_voltage_v,
              "device.read_voltage_low_v",
         v->device.read_voltage_low_v, NULL);
    tell(t, (words){ "cell.conductance_s", "S", "on_share / Ron + (1 - on_share) / Roff", MNSIM }, c->conductance_s,
         "weight.on_share", v->weight.on_share, "device.on_resistance_ohm", v->device.on_resistance_ohm,
         "device.off_resistance_ohm", v->device.off_resistance_ohm, NULL);
    tell(t, (words){ "cell.read_energy_pj", "pJ", "square voltage * conductance * read latency * 1000", CIRCUIT },
         c->read_pj,
         "cell.square_voltage_v2", c->square_v2, "cell.conductance_s", c->conductance_s, "device.read_latency_ns",
         v->device.read_latency_ns, NULL);
    tell(t, (words){ "cell.off_read_energy_pj", "pJ", "square voltage / Roff * read latency * 1000", CIRCUIT },
         c->off_read_pj,
         "cell.square_voltage_v2", c->square_v2, "device.off_resistance_ohm", v->device.off_resistance_ohm, NULL);
  }
  tell(t, (words){ "cell.area_um2", "um2", "cell_area_f2 * node^2, or cell_area_um2", OURS }, c->area_um2,
       "device.cell_area_f2", v->device.cell_area_f2, "device.node_nm", v->device.node_nm, "device.cell_area_um2",
       v->device.cell_area_um2, NULL);
  tell(t,
       (words){ "cell.write_energy_pj", "pJ",
                "pulses * V^2 / sqrt(Ron Roff) * write latency; SRAM, FeFET: pulses * write energy",
                   MNSIM " (intended)" },
       k->write_pj, "device.write_pulses", (double)v->device.write_pulses, "device.write_voltage_v",
            v->device.write_voltage_v,
       "device.write_latency_ns", v->device.write_latency_ns, NULL);
  tell(t, (words){ "cell.write_row_ns", "ns", "pulses * write latency, and a read each when there are several", OURS },
       k->write_row_ns, "device.write_pulses", (double)v->device.write_pulses, "device.write_latency_ns",
       v->device.write_latency_ns, NULL);
}

static void
tell_wires(teller *t, const rramnas_hw *hw, const rrn_model *k)
{
  const rrn_hw_values *v = &hw->v;
  const double ohm = v->crossbar.wire_resistance_ohm, on_s = 1 / v->device.on_resistance_ohm;

  tell(t, (words){ "array.wire_delay_ns", "ns", "R C (cols (cols + 1) + rows (rows + 1)) / 2", "Elmore (1948)" },
       rrn_hw_wire_delay_ns(hw), "crossbar.wire_resistance_ohm", ohm, "crossbar.wire_capacitance_ff",
       v->crossbar.wire_capacitance_ff, "crossbar.cols", k->layout.cols, "crossbar.subarray_rows",
            k->layout.subarray_rows, NULL);
  tell(t, (words){ "array.wordline_energy_pj", "pJ", "activity * cols * C * Vread^2 / 1000", CIRCUIT },
       k->cells.wordline_pj,
       "input.activity", v->input.activity, "crossbar.cols", k->layout.cols, "crossbar.wire_capacitance_ff",
       v->crossbar.wire_capacitance_ff, "device.read_voltage_v", v->device.read_voltage_v, NULL);
  tell(t, (words){ "array.ir_drop", "1", "1 - 1 / cosh(cols sqrt(R / Ron)) / cosh(rows sqrt(R / Ron))",
                   CIRCUIT " (ladder)" },
       rrn_ir_drop(k->layout.subarray_rows, k->layout.cols, ohm, on_s), "crossbar.wire_resistance_ohm", ohm,
       "device.on_resistance_ohm", v->device.on_resistance_ohm, NULL);
}

static void
tell_converters(teller *t, const rramnas_hw *hw, const rrn_model *k)
{
  const rrn_hw_values *v = &hw->v;

  tell(t, (words){ "dac.sample_energy_pj", "pJ", "power_uw / rate_gsps / 1000", OURS }, k->dac.energy_pj,
       "dac.power_uw",
       v->dac.power_uw, "dac.rate_gsps", v->dac.rate_gsps, NULL);
  tell(t, (words){ "adc.conversion_ns", "ns", "(bits + 2) / rate (sar), 1 / rate (flash), 2^bits / rate (ramp)",
                   MNSIM },
       rrn_hw_adc_ns(hw), "adc.bits", (double)v->adc.bits, "adc.rate_gsps", v->adc.rate_gsps, NULL);
  tell(t, (words){ "adc.bits_needed", "bit", "bits of rows at once * (2^bits_per_cell - 1) * (2^dac.bits - 1)", ISAAC },
       rrn_hw_adc_bits_needed(hw), "layout.dacs_per_subarray", k->layout.dacs, "device.bits_per_cell",
       (double)v->device.bits_per_cell, "dac.bits", (double)v->dac.bits, NULL);
  if (v->adc.model == RRN_ADC_PARAMETRIC) {
    tell(t, (words){ "adc.sample_energy_pj", "pJ", "step_energy_fj * 2^bits * energy scale 32 nm -> node_nm / 1000",
                     "Walden figure of merit, Murmann's ADC survey; " ISAAC },
         k->adc.energy_pj, "adc.step_energy_fj", v->adc.step_energy_fj, "adc.bits", (double)v->adc.bits, "adc.node_nm",
         v->adc.node_nm, NULL);
    tell(t, (words){ "adc.unit_area_um2", "um2", "step_area_um2 * 2^bits * (node_nm / 32)^2", ISAAC }, k->adc.area_um2,
         "adc.step_area_um2", v->adc.step_area_um2, "adc.bits", (double)v->adc.bits, "adc.node_nm", v->adc.node_nm,
              NULL);
  } else {
    tell(t, (words){ "adc.sample_energy_pj", "pJ", "power_uw / rate_gsps / 1000; ramp: times 2^bits", OURS },
         k->adc.energy_pj,
         "adc.power_uw", v->adc.power_uw, "adc.rate_gsps", v->adc.rate_gsps, NULL);
    tell(t, (words){ "adc.unit_area_um2", "um2", "area_um2", "as given" }, k->adc.area_um2, "adc.area_um2",
         v->adc.area_um2, NULL);
  }
}

static void
tell_digital(teller *t, const rramnas_hw *hw, const rrn_model *k)
{
  const rrn_hw_values *v = &hw->v;
  const rrn_digital *d = &k->digital;
  const double node = v->digital.node_nm, energy = rrn_scale_energy(45, node), area = rrn_scale_area(45, node);

  tell(t, (words){ "digital.energy_scale", "1", "(node / 45) (V(node) / V(45))^2", SCALING }, energy,
       "digital.node_nm", node,
       "V(45)", rrn_scale_supply_v(45), "V(node)", rrn_scale_supply_v(node), NULL);
  tell(t, (words){ "digital.area_scale", "1", "(node / 45)^2", SCALING }, area, "digital.node_nm", node, NULL);
  tell(t, (words){ "digital.add_bit_pj", "pJ", "add_energy_fj * energy scale / 1000", "Horowitz (ISSCC 2014)" },
       d->add.energy_pj,
       "digital.add_energy_fj", v->digital.add_energy_fj, "digital.energy_scale", energy, NULL);
  tell(t, (words){ "digital.multiply_bit_pj", "pJ", "multiply_energy_fj * energy scale / 1000",
                   "Horowitz (ISSCC 2014)" },
       d->multiply.energy_pj, "digital.multiply_energy_fj", v->digital.multiply_energy_fj, "digital.energy_scale",
            energy, NULL);
  tell(t, (words){ "digital.register_bit_pj", "pJ", "register_energy_fj * energy scale / 1000", OURS },
       d->reg.energy_pj,
       "digital.register_energy_fj", v->digital.register_energy_fj, "digital.energy_scale", energy, NULL);
  tell(t, (words){ "mux.level_pj", "pJ", "mux_energy_fj * energy scale 45 nm -> crossbar.transistor_node_nm / 1000",
                   OURS },
       d->selector.energy_pj, "digital.mux_energy_fj", v->digital.mux_energy_fj, "crossbar.transistor_node_nm",
       v->crossbar.transistor_node_nm, NULL);
  tell(t, (words){ "mux.column_levels", "1", "ceil(log2(ceil(cols / ADCs)))", OURS }, k->column_levels, "crossbar.cols",
       k->layout.cols, "layout.adcs_per_subarray", k->layout.adcs, NULL);
  tell(t,
       (words){ "activation.value_pj", "pJ", "energy_fj * energy scale activation.node_nm -> digital.node_nm / 1000",
                ISAAC },
       d->function.energy_pj, "activation.energy_fj", v->activation.energy_fj, "activation.node_nm",
            v->activation.node_nm, NULL);
  tell(t, (words){ "pool.window_pj", "pJ",
                   "power_uw * latency_ns / 64 channels / 1000 * (rows cols / 9) * energy scale 65 nm -> pool.node_nm",
                        MNSIM },
       d->pool.energy_pj, "pool.power_uw", v->pool.power_uw, "pool.latency_ns", v->pool.latency_ns, "pool.node_nm",
       v->pool.node_nm, NULL);
  tell(t, (words){ "pool.unit_area_um2", "um2", "area_um2 * units / 64 * (rows cols / 9) * (node_nm / 65)^2", MNSIM },
       d->pool.area_um2, "pool.area_um2", v->pool.area_um2, "pool.units", (double)v->pool.units, NULL);
}

static void
tell_sram(teller *t, const rrn_hw_values *v, const rrn_sram *s, const char *const names[5], const char *why, double kib)
{
  tell(t, (words){ names[0], "KiB", why, OURS }, kib, NULL);
  tell(t, (words){ names[1], "um2", "log-linear in size, bus, node", CACTI }, s->area_um2, "size_kib", kib,
       "buffer.bus_bits",
       (double)v->buffer.bus_bits, "buffer.node_nm", v->buffer.node_nm, NULL);
  tell(t, (words){ names[2], "uW", "log-linear in size, bus, node", CACTI }, s->leakage_uw, "size_kib", kib,
       "chip.temperature_c", v->chip.temperature_c, NULL);
  tell(t, (words){ names[3], "pJ", "of bus_bits; log-linear in size, bus, node", CACTI }, s->read_pj, "size_kib", kib,
       NULL);
  tell(t, (words){ names[4], "pJ", "of bus_bits; log-linear in size, bus, node", CACTI }, s->write_pj, "size_kib", kib,
       NULL);
}

static void
tell_buffers(teller *t, const rrn_hw_values *v, const rrn_model *k)
{
  static const char *const input[5] = { "buffer.input.size_kib", "buffer.input.area_um2", "buffer.input.leakage_uw",
                                        "buffer.input.read_pj", "buffer.input.write_pj" };
  static const char *const output[5] = { "buffer.output.size_kib", "buffer.output.area_um2", "buffer.output.leakage_uw",
                                         "buffer.output.read_pj", "buffer.output.write_pj" };

  tell_sram(t, v, &k->input, input,
            "buffer.input_kb, or what the layers of the fullest crossbar have under their kernels", k->input_kib);
  tell_sram(t, v, &k->output, output, "buffer.output_kb, or two vectors of sums for each crossbar of a tile",
            k->output_kib);
}

static void
tell_chip(teller *t, const rramnas_hw *hw, const rrn_model *k)
{
  const rrn_hw_values *v = &hw->v;
  double leakage = 0;
  int32_t i;

  for (i = 0; i < RRAMNAS_COST_COMPONENTS; i++)
    leakage += k->leakage_uw[i];
  tell(t,
       (words){ "chip.crossbars_present", "1",
                "crossbars that the compiler was given; of a chip alone: chip.crossbars", OURS },
       k->crossbars, NULL);
  tell(t, (words){ "chip.tiles", "1", "ceil(crossbars * process elements / (pe_rows pe_cols))", OURS }, k->mesh.tiles,
       "process_elements", k->layout.process_elements, "tile.pe_rows", (double)v->tile.pe_rows, "tile.pe_cols",
       (double)v->tile.pe_cols, NULL);
  tell(t, (words){ "chip.area_total_um2", "um2", "sum of all parts", OURS }, k->chip_area_um2, NULL);
  tell(t, (words){ "chip.leakage_total_uw", "uW", "sum of all parts, times 2^((temperature_c - 25) / 10)", OURS },
       leakage,
       "chip.temperature_c", v->chip.temperature_c, NULL);
  tell(t, (words){ "chip.tile_pitch_mm", "mm", "sqrt(area / tiles)", OURS }, k->tile_pitch_mm, "chip.area_total_um2",
       k->chip_area_um2, "chip.tiles", k->mesh.tiles, NULL);
  tell(t, (words){ "chip.hop_bit_pj", "pJ", "router energy + wire energy per mm * tile pitch",
                   "router: " OURS "; wire: Keckler et al. (IEEE Micro 2011)" },
       k->hop_pj, "chip.router_energy_fj", v->chip.router_energy_fj, "chip.wire_energy_fj_per_mm",
       v->chip.wire_energy_fj_per_mm, "chip.tile_pitch_mm", k->tile_pitch_mm, NULL);
}

static void
tell_hw(teller *t, const rramnas_hw *hw, const rrn_model *k)
{
  tell_layout(t, &hw->v, &k->layout);
  tell_cells(t, hw, k);
  tell_wires(t, hw, k);
  tell_converters(t, hw, k);
  tell_digital(t, hw, k);
  tell_buffers(t, &hw->v, k);
  tell_chip(t, hw, k);
}

int32_t
rrn_explain_hw(const rramnas_hw *hw, rramnas_derived_fn derived, void *user, rramnas_error *err)
{
  const rrn_model k = rrn_model_of(hw, hw->v.chip.crossbars ? hw->v.chip.crossbars : 1, 0);
  teller t = { derived, user, err, RRAMNAS_OK };

  tell_hw(&t, hw, &k);
  return t.status;
}

/* --- a mapping --- */

static rrn_layer_activity
sum_of_layers(const rrn_activity *a, size_t n)
{
  rrn_layer_activity sum = a->layers[n];
  size_t i, j;

  for (i = 0; i < n; i++)
    for (j = 0; j < sizeof(sum) / sizeof(double); j++) /* all members are doubles */
      ((double *)&sum)[j] += ((const double *)&a->layers[i])[j];
  return sum;
}

static void
tell_activity(teller *t, const rrn_layer_activity *y)
{
  static const char per[] = "sum over pieces, of one inference";
  const rrn_crossbar_activity *c = &y->crossbar;

  tell(t, (words){ "activity.macs", "1", "multiply-accumulates", COUNTED }, y->macs, NULL);
  tell(t, (words){ "activity.row_drives", "1", per, COUNTED }, c->row_drives, NULL);
  tell(t, (words){ "activity.cell_reads", "1", per, COUNTED }, c->cell_reads, NULL);
  tell(t, (words){ "activity.off_cell_reads", "1", "cells beside the blocks of block-diagonal boxes", COUNTED },
       c->off_reads, NULL);
  tell(t, (words){ "activity.dac_conversions", "1", "row drives * input slices * column passes * sets", MNSIM },
       c->dac_conversions, NULL);
  tell(t, (words){ "activity.adc_conversions", "1", "column reads * input slices * row passes * subarrays * ADC sets",
                   MNSIM },
       c->adc_conversions, NULL);
  tell(t, (words){ "activity.sums", "1", "results that leave crossbars", COUNTED }, c->sums, NULL);
  tell(t, (words){ "activity.joint_additions", "1", "sums that meet others, and biases", COUNTED }, y->partial_adds,
       NULL);
  tell(t, (words){ "activity.additions", "1", "of digital operators", COUNTED }, y->adds, NULL);
  tell(t, (words){ "activity.multiplications", "1", "of digital operators", COUNTED }, y->multiplies, NULL);
  tell(t, (words){ "activity.functions", "1", "values of non-linear functions", COUNTED }, y->functions, NULL);
  tell(t, (words){ "activity.pool_windows", "1", "windows of one channel", COUNTED }, y->pool_windows, NULL);
  tell(t, (words){ "activity.buffer_bits", "bit", "input reads and writes, output reads and writes", COUNTED },
       c->input_bits + y->input_writes + y->output_reads + y->output_writes, "input_reads", c->input_bits,
            "input_writes",
       y->input_writes, "output_reads", y->output_reads, "output_writes", y->output_writes, NULL);
  tell(t, (words){ "activity.hop_bits", "bit", "bits * hops between tiles", COUNTED }, y->hop_bits, NULL);
}

static void
tell_components(teller *t, const rrn_costing *c)
{
  static const char *const dynamic[RRAMNAS_COST_COMPONENTS] = {
    "energy.cell_pj", "energy.driver_pj", "energy.dac_pj", "energy.adc_pj", "energy.mux_pj", "energy.shift_add_pj",
    "energy.register_pj", "energy.accumulation_pj", "energy.activation_pj", "energy.pool_pj", "energy.arithmetic_pj",
    "energy.buffer_pj", "energy.interconnect_pj",
  };
  double parts[RRN_COST_KINDS];
  size_t i;
  int32_t k, kind;

  for (k = 0; k < RRAMNAS_COST_COMPONENTS; k++) {
    memset(parts, 0, sizeof(parts));
    for (i = 0; i <= c->view.net->n_layers; i++)
      for (kind = 0; kind < RRN_COST_KINDS; kind++)
        parts[kind] += c->out.rows[i][k][kind];
    tell(t, (words){ dynamic[k], "pJ", "activity * energy of a use * samples + leakage * latency", DEFINITION },
         parts[RRN_COST_DYNAMIC] + parts[RRN_COST_STATIC], "dynamic_pj", parts[RRN_COST_DYNAMIC], "static_pj",
         parts[RRN_COST_STATIC], "area_um2", parts[RRN_COST_AREA], NULL);
  }
}

static void
tell_totals(teller *t, const rramnas_cost *f)
{
  tell(t, (words){ "latency_ns", "ns", "end of the last inference", "timing model, doc/timing.md" }, f->latency_ns,
       "samples",
       (double)f->samples, NULL);
  tell(t, (words){ "energy_pj", "pJ", "dynamic + static", DEFINITION }, f->energy_pj, "energy_dynamic_pj",
       f->energy_dynamic_pj,
       "energy_static_pj", f->energy_static_pj, NULL);
  tell(t, (words){ "power_mw", "mW", "energy_pj / latency_ns", DEFINITION }, f->power_mw, "energy_pj", f->energy_pj,
       "latency_ns",
       f->latency_ns, NULL);
  tell(t, (words){ "area_um2", "um2", "sum of all parts", DEFINITION }, f->area_um2, NULL);
  tell(t, (words){ "edp_pj_ns", "pJ ns", "(energy_pj / samples) * (latency_ns / samples)", DEFINITION }, f->edp_pj_ns,
       "energy_pj",
       f->energy_pj, "latency_ns", f->latency_ns, "samples", (double)f->samples, NULL);
  tell(t, (words){ "tops", "TOPS", "2 macs * samples / latency_ns / 1000", DEFINITION }, f->tops, "macs", f->macs,
       "latency_ns",
       f->latency_ns, NULL);
  tell(t, (words){ "tops_per_w", "TOPS/W", "tops / power_mw * 1000", DEFINITION }, f->tops_per_w, "tops", f->tops,
       "power_mw",
       f->power_mw, NULL);
  tell(t, (words){ "transfer_ns", "ns", "hop bits / chip.bandwidth_gbps + bits within tiles / tile.bandwidth_gbps",
                   MNSIM },
       f->transfer_ns, NULL);
  tell(t,
       (words){ "write_energy_pj", "pJ",
                "arrays per crossbar * (cells with weights * write energy + the rows' other cells * keeping)", DEFINITION },
       f->write_energy_pj, NULL);
  tell(t, (words){ "write_time_ns", "ns", "rows with weights * time of a row / chip.write_crossbars", DEFINITION },
       f->write_time_ns, NULL);
}

int32_t
rrn_explain_mapping(const rramnas_mapping *m, const rramnas_cost_options *options, rramnas_derived_fn derived,
                    void *user,
                    rramnas_error *err)
{
  teller t = { derived, user, err, RRAMNAS_OK };
  rrn_cost_input in = { 0 };
  rrn_layer_activity sum;
  rrn_activity a;
  rrn_costing c;
  rrn_model k;

  RRN_TRY(rrn_cost_run(m, options, &c, err));
  in = (rrn_cost_input){ &c.view, c.o.samples, c.cost.latency_ns, &c.arena };
  t.status = c.o.model == RRAMNAS_COST_RRAMNAS
               ? rrn_model_run(&in, &k, &a, err)
               : rrn_fail(err, RRAMNAS_ERR_UNSUPPORTED, "rramnas_mapping_explain: only model rramnas explains itself");
  if (t.status == RRAMNAS_OK) {
    sum = sum_of_layers(&a, m->net->n_layers);
    tell_hw(&t, c.view.hw, &k);
    tell_activity(&t, &sum);
    tell_components(&t, &c);
    tell_totals(&t, &c.cost);
  }
  rrn_arena_release(&c.arena);
  return t.status;
}
