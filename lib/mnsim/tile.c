/* SPDX-License-Identifier: MIT */
/*
 * In: a config, what a layer uses, the buffers. Out: area, power and time of a tile, which is a grid of processing
 * elements, joint modules that sum their outputs, a pooling unit and an output buffer.
 *
 * The number of joint modules counts odd levels of the tree twice over. Power of a layer is that of its fullest
 * tile and element (B13). Time: the element's, log2(elements) joint sums, the tree's wires, the output buffer, in
 * sequence. O(log elements). Source: MNSIM 2.0, Hardware_Model/Tile, Latency_Model (Tile_latency, Pooling_latency).
 */
#include <math.h>

#include "mnsim/mnsim.h"

static double
ceil_log2(double n)
{
  double levels = 0, reach = 1;

  for (; reach < n; reach *= 2)
    levels++;
  return levels;
}

double
rrn_mnsim_tile_joints(const rrn_mnsim_config *c)
{
  int32_t left = c->pe_per_tile;
  double joints = 0;

  for (; left >= 2; left /= 2)
    joints += left / 2 + left % 2;
  return joints * rrn_mnsim_pe_counts(c).adcs;
}

static double
digital_of(const rrn_mnsim_parts *p)
{
  return p->adder + p->shift_register + p->input_demux + p->output_mux + p->joint + p->input_register +
         p->output_register;
}

static double
total_of(const rrn_mnsim_parts *p)
{
  return p->crossbar + p->adc + p->dac + p->digital + p->pooling + p->buffer;
}

int32_t
rrn_mnsim_tile_area(const rrn_mnsim_config *c, const rrn_mnsim_buffer *input, const rrn_mnsim_buffer *output,
                    rrn_mnsim_parts *ret_area_um2, rramnas_error *err)
{
  const rrn_mnsim_parts pe = rrn_mnsim_pe_area(c, input);
  rrn_mnsim_parts p = { 0 };
  double pool_w;

  rrn_mnsim_parts_add(&p, &pe, c->pe_per_tile);
  RRN_TRY(rrn_mnsim_pool(c, &p.pooling, &pool_w, err));
  p.joint = rrn_mnsim_tile_joints(c) * rrn_mnsim_joint(c, RRN_MNSIM_WIDTH).area_um2;
  p.buffer += output->area_um2;
  p.digital = digital_of(&p);
  p.total = total_of(&p);
  *ret_area_um2 = p;
  return RRAMNAS_OK;
}

static double
joint_power_w(const rrn_mnsim_config *c, const rrn_mnsim_use *use)
{
  const double columns = ceil(use->cols / rrn_mnsim_pe_counts(c).output_mux);

  return (use->pes - 1) * columns * rrn_mnsim_joint(c, RRN_MNSIM_WIDTH).power_w;
}

int32_t
rrn_mnsim_tile_power(const rrn_mnsim_config *c, enum rrn_mnsim_kind kind, const rrn_mnsim_use *use,
                     const rrn_mnsim_buffer *input, const rrn_mnsim_buffer *output, rrn_mnsim_parts *ret_power_w,
                     rramnas_error *err)
{
  rrn_mnsim_parts p = { 0 };
  double ignored;

  if (kind == RRN_MNSIM_CONV || kind == RRN_MNSIM_FC) {
    const rrn_mnsim_parts pe = rrn_mnsim_pe_power(c, use, input);

    if (c->estimation)
      RRN_TRY(rrn_mnsim_estimate_read_w(c, NULL, NULL, 0, 0, &ignored, err));
    rrn_mnsim_parts_add(&p, &pe, use->pes);
    p.joint = joint_power_w(c, use);
  } else if (kind == RRN_MNSIM_POOLING) {
    RRN_TRY(rrn_mnsim_pool(c, &ignored, &p.pooling, err));
  }
  p.buffer_read += output->read_mw * 1e-3;
  p.buffer_write += output->write_mw * 1e-3;
  p.buffer = p.buffer_read + p.buffer_write;
  p.digital = digital_of(&p);
  p.total = total_of(&p);
  *ret_power_w = p;
  return RRAMNAS_OK;
}

int32_t
rrn_mnsim_tile_latency(const rrn_mnsim_config *c, const rrn_mnsim_use *use, int32_t input_bits,
                       const rrn_mnsim_buffer *input, const rrn_mnsim_buffer *output, double in_bytes,
                       double read_bytes, rrn_mnsim_latency *ret_latency, rramnas_error *err)
{
  const double merges = ceil_log2(use->pes), levels = ceil_log2(c->pe_per_tile), bits = c->adc_bits + merges;
  rrn_mnsim_latency l;

  RRN_FAIL_IF(use->pes > c->pe_per_tile, err, RRAMNAS_ERR_UNSUPPORTED,
              "mnsim: %d processing elements in a tile of %d", (int)use->pes, (int)c->pe_per_tile);
  l = rrn_mnsim_pe_latency(c, use, input_bits, input, in_bytes, read_bytes);
  l.joint_ns = merges * l.clock_ns;
  l.transfer_ns = (levels * bits - merges * (merges + 1) / 2) * use->cols / c->intra_gbps;
  l.output_write_ns = rrn_mnsim_buffer_ns(output, bits * use->cols * use->pes / 8);
  l.total_ns += l.joint_ns + l.transfer_ns + l.output_write_ns;
  *ret_latency = l;
  return RRAMNAS_OK;
}

rrn_mnsim_pooling_latency
rrn_mnsim_tile_pooling(const rrn_mnsim_config *c, double channels, double window, int32_t output_bits,
                       const rrn_mnsim_buffer *input, const rrn_mnsim_buffer *output, double in_bytes,
                       double read_bytes)
{
  rrn_mnsim_pooling_latency l;

  l.input_write_ns = rrn_mnsim_buffer_ns(input, in_bytes);
  l.input_read_ns = rrn_mnsim_buffer_ns(input, read_bytes);
  l.pooling_ns = rrn_mnsim_pool_ns(c, channels, window);
  l.output_write_ns = rrn_mnsim_buffer_ns(output, channels * output_bits / 8);
  l.total_ns = l.input_write_ns + l.input_read_ns + l.pooling_ns + l.output_write_ns;
  return l;
}

const char *
rrn_mnsim_kind_name(int32_t kind)
{
  static const char *const names[] = { "conv", "fc", "pooling", "element_sum", "element_multiply" };

  return kind >= 0 && kind < (int32_t)(sizeof(names) / sizeof(names[0])) ? names[kind] : "unknown";
}
