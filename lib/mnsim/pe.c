/* SPDX-License-Identifier: MIT */
/*
 * In: a config, what a layer uses, the input buffer. Out: counts, area, power and time of a processing element, which
 * is groups of one or two crossbars that share converters.
 *
 * Power is MNSIM's "fast" path, the only one that works (B4): columns are read in as many turns as the output
 * multiplexer has ways, so 1 / ways of the columns' converters and crossbars work at a time; rows likewise. Subarrays
 * count twice in the adders (O1). The time is that of one activation (hw/latency.c) and of moving its bytes, one
 * after the other. O(1). Source: MNSIM 2.0, Hardware_Model/PE and Latency_Model/PE_latency.
 */
#include <math.h>

#include "mnsim/mnsim.h"

void
rrn_mnsim_parts_add(rrn_mnsim_parts *sum, const rrn_mnsim_parts *p, double scale)
{
  sum->total += scale * p->total;
  sum->crossbar += scale * p->crossbar;
  sum->adc += scale * p->adc;
  sum->dac += scale * p->dac;
  sum->digital += scale * p->digital;
  sum->adder += scale * p->adder;
  sum->shift_register += scale * p->shift_register;
  sum->input_register += scale * p->input_register;
  sum->output_register += scale * p->output_register;
  sum->input_demux += scale * p->input_demux;
  sum->output_mux += scale * p->output_mux;
  sum->joint += scale * p->joint;
  sum->pooling += scale * p->pooling;
  sum->buffer += scale * p->buffer;
  sum->buffer_read += scale * p->buffer_read;
  sum->buffer_write += scale * p->buffer_write;
}

/* Additions of a halving tree over the groups, once per subarray. */
static double
tree_adders(const rrn_mnsim_config *c)
{
  int32_t left = c->groups, adders = 0;

  while (left >= 2) {
    adders += left / 2;
    left = left / 2 + left % 2;
  }
  return (double)adders * c->subarrays;
}

rrn_mnsim_pe
rrn_mnsim_pe_counts(const rrn_mnsim_config *c)
{
  rrn_mnsim_pe pe;

  pe.crossbars = c->groups * c->polarity;
  pe.group_adcs = (double)c->adcs_per_subarray * c->subarrays;
  pe.group_dacs = (double)c->dacs_per_subarray * c->subarrays;
  pe.adcs = pe.group_adcs * c->groups;
  pe.dacs = pe.group_dacs * c->groups;
  pe.output_mux = ceil((double)c->cols * (c->digital_subtraction + 1) / c->adcs_per_subarray);
  pe.input_demux = ceil((double)c->subarray_rows / c->dacs_per_subarray);
  pe.adders = tree_adders(c);
  return pe;
}

static void
sum_up(rrn_mnsim_parts *p)
{
  p->digital = p->adder + p->shift_register + p->input_demux + p->output_mux + p->input_register + p->output_register;
  p->total = p->crossbar + p->adc + p->dac + p->digital + p->buffer;
}

rrn_mnsim_parts
rrn_mnsim_pe_area(const rrn_mnsim_config *c, const rrn_mnsim_buffer *input)
{
  const rrn_mnsim_pe pe = rrn_mnsim_pe_counts(c);
  const double register_um2 = rrn_mnsim_register(c).area_um2;
  rrn_mnsim_parts p = { 0 };

  p.crossbar = pe.crossbars * rrn_mnsim_crossbar_area_um2(c);
  p.adc = pe.adcs * c->adc_area_um2;
  p.dac = pe.dacs * c->dac_area_um2;
  p.adder = pe.group_adcs * pe.adders * rrn_mnsim_adder(c, RRN_MNSIM_WIDTH).area_um2;
  p.shift_register = pe.adcs * rrn_mnsim_shift_register(c).area_um2;
  p.input_register = pe.dacs * register_um2;
  p.output_register = pe.adcs * register_um2;
  p.input_demux = pe.dacs * rrn_mnsim_mux_area_um2(c, pe.input_demux);
  p.output_mux = pe.adcs * rrn_mnsim_mux_area_um2(c, pe.output_mux);
  p.buffer = input->area_um2;
  sum_up(&p);
  return p;
}

/* Estimation level: the whole crossbar, whatever is used of it. */
static double
crossbar_w(const rrn_mnsim_config *c, const rrn_mnsim_use *use)
{
  double power = 0;

  if (!c->estimation)
    return rrn_mnsim_crossbar_read_w(c, use->rows, use->cols);
  (void)rrn_mnsim_estimate_read_w(c, NULL, NULL, 0, 0, &power, NULL);
  return power;
}

rrn_mnsim_parts
rrn_mnsim_pe_power(const rrn_mnsim_config *c, const rrn_mnsim_use *use, const rrn_mnsim_buffer *input)
{
  const rrn_mnsim_pe pe = rrn_mnsim_pe_counts(c);
  const double subarrays = c->digital_pim ? c->subarrays : 1, register_w = rrn_mnsim_register(c).power_w;
  const double columns = use->groups * ceil(use->cols / pe.output_mux) * subarrays;
  const double rows = use->groups * ceil(use->rows / pe.input_demux);
  rrn_mnsim_parts p = { 0 };

  p.crossbar = c->polarity * use->groups * crossbar_w(c, use) / pe.input_demux / pe.output_mux;
  p.dac = rows * c->dac_power_w;
  p.adc = columns * c->adc_power_w;
  if (use->groups > 1)
    p.adder = columns / use->groups * (use->groups - 1) * rrn_mnsim_adder(c, RRN_MNSIM_WIDTH).power_w;
  p.shift_register = columns * rrn_mnsim_shift_register(c).power_w;
  p.input_register = rows * register_w;
  p.output_register = columns * register_w;
  p.input_demux = rows * rrn_mnsim_mux_power_w(pe.input_demux);
  p.output_mux = columns * rrn_mnsim_mux_power_w(pe.output_mux);
  p.buffer_read = input->read_mw * 1e-3;
  p.buffer_write = input->write_mw * 1e-3;
  p.buffer = p.buffer_read + p.buffer_write;
  sum_up(&p);
  return p;
}

rrn_mnsim_latency
rrn_mnsim_pe_latency(const rrn_mnsim_config *c, const rrn_mnsim_use *use, int32_t input_bits,
                     const rrn_mnsim_buffer *input, double in_bytes, double read_bytes)
{
  const rrn_mnsim_pe pe = rrn_mnsim_pe_counts(c);
  const double passes = ceil((double)input_bits / c->dac_bits) * ceil(use->rows / pe.group_dacs) *
                        ceil(use->cols / c->adcs_per_subarray);
  rramnas_mvm_latency mvm = RRAMNAS_MVM_LATENCY_INIT;
  rrn_mnsim_latency l = { 0 };

  rrn_hw_mvm_latency_ns(c->hw, (int64_t)use->rows, (int64_t)use->cols, input_bits, &mvm);
  l.clock_ns = 1 / c->clock_mhz * 1e3;
  l.buffer_write_ns = rrn_mnsim_buffer_ns(input, in_bytes);
  l.buffer_read_ns = rrn_mnsim_buffer_ns(input, read_bytes);
  l.crossbar_ns = passes * rrn_mnsim_crossbar_read_ns(c);
  l.dac_ns = mvm.dac_ns;
  l.adc_ns = mvm.adc_ns;
  l.computing_ns = l.dac_ns + l.crossbar_ns + l.adc_ns;
  l.input_register_ns = mvm.input_register_ns;
  l.shift_register_ns = mvm.shift_register_ns;
  l.input_demux_ns = mvm.input_demux_ns;
  l.adder_ns = mvm.adder_tree_ns;
  l.output_mux_ns = mvm.output_mux_ns;
  l.output_register_ns = mvm.output_register_ns;
  l.digital_ns = l.input_register_ns + l.shift_register_ns + l.input_demux_ns + l.adder_ns + l.output_mux_ns +
                 l.output_register_ns;
  l.demux_step_ns = passes > 0 ? l.input_demux_ns / passes : 0;
  l.mux_step_ns = passes > 0 ? l.output_mux_ns / passes : 0;
  l.total_ns = l.buffer_write_ns + l.buffer_read_ns + l.computing_ns + l.digital_ns;
  return l;
}

void
rrn_mnsim_pe_efficiency(const rrn_mnsim_config *c, const rrn_mnsim_buffer *input, double *ret_gops,
                        double *ret_gops_per_w)
{
  const rrn_mnsim_pe pe = rrn_mnsim_pe_counts(c);
  const rrn_mnsim_use all = { c->rows, c->cols, c->groups, 1 };
  const rrn_mnsim_use pass = { pe.group_dacs, c->adcs_per_subarray, c->groups, 1 };
  const rrn_mnsim_parts w = rrn_mnsim_pe_power(c, &all, input);
  const rrn_mnsim_latency l = rrn_mnsim_pe_latency(c, &pass, 8, input, 0, 0);
  const double ops = 2 * pe.group_dacs * pe.group_adcs;
  const double energy_nj = w.crossbar * l.crossbar_ns + w.dac * l.dac_ns + w.adc * l.adc_ns +
                           w.input_register * l.input_register_ns + w.shift_register * l.shift_register_ns +
                           w.input_demux * l.input_demux_ns + w.adder * l.adder_ns + w.output_mux * l.output_mux_ns +
                           w.output_register * l.output_register_ns;

  *ret_gops = ops / l.total_ns;
  *ret_gops_per_w = ops / energy_nj;
}
