/* SPDX-License-Identifier: MIT */
/*
 * In: a chip, the driven rows and read columns of a box, the bits of its input. Out: the time of one
 * matrix-vector multiplication and its parts.
 *
 * The model: rows are driven in A passes (as many as there are DACs at a time), columns are read in B passes
 * (as many as there are ADCs), each input slice of dac.bits needs all of them, nothing overlaps:
 *
 *   n = ceil(input bits / dac.bits) * A * B
 *   latency = n * (DAC + array + ADC)                       analog
 *           + (A * B + n) * T + n * T + n * demux           input register, shift register, input demux
 *           + B * ceil(log2(groups)) * T + n * mux + B * T  adder tree, output mux, output register
 *
 * with T the digital clock period. With adc.mux "block" an ADC reads ceil(columns / ADCs) neighbouring columns only,
 * and B is as many, or the columns of the box if these are fewer: the worst place of the box. O(1). Source: the processing-element model of MNSIM 2.0 (Zhu et al.,
 * GLSVLSI 2020) as RNC uses it, with no bytes moved through buffers. The sums run in the reference's order so
 * that results are equal to the bit. Counts are formed in double: exact below 2^53 and without overflow for
 * any box. Demux and mux delays are those of 65 nm whatever the technology, as in the reference.
 */
#include "hw/spec.h"

#define DEMUX_LEVEL_NS 0.27933
#define MUX_LEVEL_NS 0.032744

static int64_t
ceil_div(int64_t a, int64_t b)
{
  return a / b + (a % b != 0);
}

/* Levels of an 8-way selector tree as the reference counts them: 2 for 1..7 ways, 3 for 8..63. */
static double
selector_levels(int64_t ways)
{
  double levels = 1;

  for (; ways > 0; ways /= 8)
    levels++;
  return levels;
}

static double
adder_levels(int32_t groups)
{
  double levels = 0;
  int64_t sums = 1;

  for (; sums < groups; sums *= 2)
    levels++;
  return levels;
}

double
rrn_hw_wire_delay_ns(const rramnas_hw *hw)
{
  const rrn_hw_values *v = &hw->v;
  const double rc_ns = v->crossbar.wire_resistance_ohm * v->crossbar.wire_capacitance_ff * 1e-6;
  const double cols = v->crossbar.cols, rows = rrn_hw_subarray_rows(hw);

  return rc_ns * (cols * (cols + 1) + rows * (rows + 1)) / 2;
}

/* One read of the array; the term of the reference grows with the size in KB (8192 cells). */
static double
array_read_ns(const rramnas_hw *hw)
{
  const rrn_hw_values *v = &hw->v;
  double k = (double)((int64_t)v->crossbar.rows * v->crossbar.cols) / 8192.0;
  double wire_ps = 0.0002 * (k * k) + 5e-6 * k + 4e-14;
  double ns = v->device.read_latency_ns + 0.001 * wire_ps;

  return v->crossbar.wire_delay == RRN_WIRES_ELMORE ? ns + rrn_hw_wire_delay_ns(hw) : ns;
}

double
rrn_hw_dac_ns(const rramnas_hw *hw)
{
  return (hw->v.dac.bits + 2) / hw->v.dac.rate_gsps;
}

/* A single comparator has no search to do, whatever its kind. */
double
rrn_hw_adc_ns(const rramnas_hw *hw)
{
  const rrn_hw_values *v = &hw->v;
  double samples = v->adc.bits == 1 || v->adc.kind == RRN_ADC_FLASH ? 1
                 : v->adc.kind == RRN_ADC_RAMP                      ? (double)((int64_t)1 << v->adc.bits)
                                                                    : v->adc.bits + 2;

  return samples / v->adc.rate_gsps;
}

/* Blocks: all the columns may be one ADC's. */
double
rrn_hw_column_passes(const rramnas_hw *hw, int64_t cols)
{
  const rrn_hw_values *v = &hw->v;
  const int64_t n = v->adc.per_subarray, all = v->crossbar.cols, block = ceil_div(all, n), rest = cols % all;

  if (v->adc.mux == RRN_ADC_MUX_ANY)
    return (double)ceil_div(cols, n);
  return (double)(cols / all * block + (rest < block ? rest : block));
}

double
rrn_hw_mvm_latency_ns(const rramnas_hw *hw, int64_t rows, int64_t cols, int32_t input_bits,
                      rramnas_mvm_latency *ret_parts)
{
  const rrn_hw_values *v = &hw->v;
  const int64_t subarray = rrn_hw_subarray_rows(hw), subarrays = v->crossbar.rows / subarray;
  const double row_passes = (double)ceil_div(rows, v->dac.per_subarray * subarrays);
  const double col_passes = rrn_hw_column_passes(hw, cols);
  const double passes = (double)ceil_div(input_bits, v->dac.bits) * row_passes * col_passes;
  const double clock_ns = 1000.0 / v->digital.frequency_mhz;
  rramnas_mvm_latency p = RRAMNAS_MVM_LATENCY_INIT;
  double analog, digital;

  p.crossbar_ns = passes * array_read_ns(hw);
  p.dac_ns = passes * rrn_hw_dac_ns(hw);
  p.adc_ns = passes * rrn_hw_adc_ns(hw);
  p.input_register_ns = row_passes * col_passes * clock_ns + passes * clock_ns;
  p.shift_register_ns = passes * clock_ns;
  p.input_demux_ns = passes * (selector_levels(ceil_div(subarray, v->dac.per_subarray)) * DEMUX_LEVEL_NS);
  p.adder_tree_ns = col_passes * adder_levels(v->pe.groups) * clock_ns;
  p.output_mux_ns = passes * (selector_levels(ceil_div(v->crossbar.cols, v->adc.per_subarray)) * MUX_LEVEL_NS);
  p.output_register_ns = col_passes * clock_ns;
  analog = p.dac_ns + p.crossbar_ns + p.adc_ns;
  digital = p.input_register_ns + p.shift_register_ns + p.input_demux_ns + p.adder_tree_ns + p.output_mux_ns +
            p.output_register_ns;
  p.total_ns = analog + digital;
  if (ret_parts) {
    p.size = ret_parts->size;
    *ret_parts = p;
  }
  return p.total_ns;
}

double
rrn_hw_sum_latency_ns(const rramnas_hw *hw, int64_t cols, int32_t n_sums)
{
  return rrn_hw_column_passes(hw, cols) * adder_levels(n_sums) * (1000.0 / hw->v.digital.frequency_mhz);
}
