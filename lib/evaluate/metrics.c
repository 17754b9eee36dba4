/* SPDX-License-Identifier: MIT */
/* The table of built-in figures. A new figure is a function and a line.
 *
 * Figures of time are those of `samples` inferences started together and pipelined; those of energy are per inference. */
#include "evaluate/metrics.h"

#include <string.h>

#include "evaluate/evaluate.h"
#include "util/options.h"

#define FIGURE(name, expression)          \
  static double                           \
  name(const rrn_outcome *o)              \
  {                                       \
    return expression;                    \
  }

FIGURE(layers, o->layers)
FIGURE(macs, o->macs)
FIGURE(weights, o->weights)
FIGURE(crossbars, (double)o->mapping.crossbars_used)
FIGURE(utilization, o->mapping.utilization)
FIGURE(latency_ns, o->latency_ns)
FIGURE(throughput, o->samples / o->latency_ns * 1e9)
FIGURE(speedup, o->baseline_ns / o->latency_ns)
FIGURE(energy_pj, o->cost.energy_per_inference_pj)
FIGURE(energy_dynamic_pj, o->cost.energy_dynamic_pj / o->samples)
FIGURE(area_um2, o->cost.area_um2)
FIGURE(power_mw, o->cost.power_mw)
FIGURE(edp, o->cost.edp_pj_ns)
FIGURE(edap, o->cost.edap_pj_ns_um2)
FIGURE(tops, o->cost.tops)
FIGURE(tops_per_w, o->cost.tops_per_w)
FIGURE(tops_per_mm2, o->cost.tops_per_mm2)
FIGURE(cell_utilization, o->cost.cell_utilization)
FIGURE(busy_share, o->cost.busy_share)
FIGURE(write_energy_pj, o->cost.write_energy_pj)
FIGURE(write_time_ns, o->cost.write_time_ns)
FIGURE(ir_drop, o->cost.ir_drop)
FIGURE(accuracy_mean, o->accuracy.mean)
FIGURE(accuracy_worst, o->accuracy.worst)
FIGURE(accuracy_low, o->accuracy.low)
FIGURE(accuracy_drop, o->accuracy.digital - o->accuracy.mean)
FIGURE(accuracy_digital, o->accuracy.digital)
FIGURE(accuracy_chips, o->accuracy.trials)
FIGURE(accuracy_quantized, o->accuracy.quantized)
FIGURE(accuracy_to_beat, o->to_beat)

#define MIN RRAMNAS_MINIMIZE
#define MAX RRAMNAS_MAXIMIZE

const rrn_metric rrn_metrics[] = {
  { "accuracy", "1", "Images that the network names rightly, as a share, on average over the chips.", MAX,
    RRN_NEEDS_CHIPS, accuracy_mean },
  { "accuracy_chips", "1", "Chips that were tried: fewer where it was clear that they would not do.", MIN,
    RRN_NEEDS_CHIPS, accuracy_chips },
  { "accuracy_digital", "1", "The same in floats, without a chip.", MAX, RRN_NEEDS_DIGITAL, accuracy_digital },
  { "accuracy_drop", "1", "What the chips lose of it on average.", MIN, RRN_NEEDS_DIGITAL | RRN_NEEDS_CHIPS,
    accuracy_drop },
  { "accuracy_low", "1", "The same share, which 5 % of the chips are below.", MAX, RRN_NEEDS_CHIPS, accuracy_low },
  { "accuracy_mean", "1", "Another name for accuracy.", MAX, RRN_NEEDS_CHIPS, accuracy_mean },
  { "accuracy_quantized", "1", "The same in integers, on a chip without errors and converters.", MAX,
    RRN_NEEDS_QUANTIZED, accuracy_quantized },
  { "accuracy_to_beat", "1", "With stop_dominated: the best that the front has at these costs; 0, or a drop of 1: nothing.", MIN,
    RRN_NEEDS_CHIPS, accuracy_to_beat },
  { "accuracy_worst", "1", "The same share, of the worst chip.", MAX, RRN_NEEDS_CHIPS, accuracy_worst },
  { "area_um2", "um2", "Area of the chip.", MIN, RRN_NEEDS_COST, area_um2 },
  { "busy_share", "1", "Time that crossbars compute, as a share of crossbars times wall time.", MAX, RRN_NEEDS_COST,
    busy_share },
  { "cell_utilization", "1", "Cells that hold weights, as a share of the chip's.", MAX, RRN_NEEDS_COST,
    cell_utilization },
  { "crossbars", "1", "Crossbars that hold at least one box.", MIN, RRN_NEEDS_MAPPING, crossbars },
  { "edap", "pJ ns um2", "Energy and time of an inference, and area, multiplied.", MIN, RRN_NEEDS_COST, edap },
  { "edp", "pJ ns", "Energy and time of an inference, multiplied.", MIN, RRN_NEEDS_COST, edp },
  { "energy_dynamic_pj", "pJ", "Energy of an inference without leakage.", MIN, RRN_NEEDS_COST, energy_dynamic_pj },
  { "energy_pj", "pJ", "Energy of an inference.", MIN, RRN_NEEDS_COST, energy_pj },
  { "ir_drop", "1", "Share of the read voltage that a far cell lacks at worst.", MIN, RRN_NEEDS_COST, ir_drop },
  { "latency_ns", "ns", "Time until the last of `samples` inferences is done.", MIN, RRN_NEEDS_LATENCY, latency_ns },
  { "layers", "1", "Layers with weights.", MIN, RRN_NEEDS_NET, layers },
  { "macs", "1", "Multiply-accumulates of an inference.", MIN, RRN_NEEDS_NET, macs },
  { "power_mw", "mW", "Energy over wall time.", MIN, RRN_NEEDS_COST, power_mw },
  { "speedup_vs_isaac", "1", "Times as fast as one tile per crossbar without copies.", MAX, RRN_NEEDS_BASELINE, speedup },
  { "throughput", "1/s", "Inferences per second.", MAX, RRN_NEEDS_LATENCY, throughput },
  { "tops", "TOPS", "Operations per second, two per multiply-accumulate.", MAX, RRN_NEEDS_COST, tops },
  { "tops_per_mm2", "TOPS/mm2", "The same over area.", MAX, RRN_NEEDS_COST, tops_per_mm2 },
  { "tops_per_w", "TOPS/W", "The same over power.", MAX, RRN_NEEDS_COST, tops_per_w },
  { "utilization", "1", "Cells that hold weights, as a share of those of the crossbars in use.", MAX, RRN_NEEDS_MAPPING,
    utilization },
  { "weights", "1", "Weights, without biases.", MIN, RRN_NEEDS_NET, weights },
  { "write_energy_pj", "pJ", "Energy to program all weights once.", MIN, RRN_NEEDS_COST, write_energy_pj },
  { "write_time_ns", "ns", "Time to program all weights once.", MIN, RRN_NEEDS_COST, write_time_ns },
};
const size_t rrn_n_metrics = sizeof(rrn_metrics) / sizeof(rrn_metrics[0]);

size_t
rrn_metric_find(const char *name)
{
  size_t i;

  for (i = 0; i < rrn_n_metrics; i++)
    if (strcmp(rrn_metrics[i].name, name) == 0)
      return i;
  return SIZE_MAX;
}

int32_t
rrn_metric_direction(const char *name)
{
  const size_t i = rrn_metric_find(name);

  if (i != SIZE_MAX)
    return rrn_metrics[i].direction;
  return strncmp(name, "accuracy", 8) == 0 ? RRAMNAS_MAXIMIZE : RRAMNAS_MINIMIZE;
}

size_t
rramnas_metric_count(void)
{
  return rrn_n_metrics;
}

int32_t
rramnas_metric_info(size_t index, rramnas_metric *ret_metric)
{
  rramnas_metric info = RRAMNAS_METRIC_INIT;

  if (!ret_metric || index >= rrn_n_metrics)
    return RRAMNAS_ERR_ARGUMENT;
  info.name = rrn_metrics[index].name;
  info.unit = rrn_metrics[index].unit;
  info.doc = rrn_metrics[index].doc;
  info.direction = rrn_metrics[index].direction;
  return rrn_result_write(ret_metric, &info, sizeof(info), "rramnas_metric", NULL);
}
