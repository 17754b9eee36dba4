/* SPDX-License-Identifier: MIT */
/* A mapping's latency next to what it is compared with.
 *
 * In:  a mapping, timing options.
 * Out: latency; the same without contention; the latency of the baseline; the ratio of baseline and latency.
 *
 * The baseline is policy isaac on as many crossbars as it needs, one copy of each layer: same network, chip,
 * model, samples and treatment of remainders. It depends on nothing else, so speed-ups of different mappings of
 * a network compare with each other.
 *
 * Deviation of RNC: there the baseline, unless set, is the contention-free latency of the first network that an
 * evaluator meets. */
#include "timing/baseline.h"

#include "compile/passes.h"
#include "util/options.h"

enum { MOST_SAMPLES = 65536 };

int32_t
rrn_timing_resolve(const rramnas_timing_options *callers, rramnas_timing_options *ret_options, rramnas_error *err)
{
  rramnas_timing_options o;

  RRN_TRY(rrn_options_read(&o, sizeof(o), callers, "rramnas_timing_options", err));
  o.model = o.model ? o.model : RRAMNAS_TIMING_GRAPH;
  o.samples = o.samples ? o.samples : 1;
  RRN_FAIL_IF(o.model != RRAMNAS_TIMING_GRAPH && o.model != RRAMNAS_TIMING_RNC, err, RRAMNAS_ERR_ARGUMENT,
              "timing options: there is no model %d", (int)o.model);
  RRN_FAIL_IF(o.samples < 1 || o.samples > MOST_SAMPLES, err, RRAMNAS_ERR_RANGE,
              "timing options: samples is %d, expected 1..%d", (int)o.samples, MOST_SAMPLES);
  o.sharing = o.sharing ? o.sharing : RRAMNAS_SHARING_ONE_BOX;
  RRN_FAIL_IF(o.sharing != RRAMNAS_SHARING_ONE_BOX && o.sharing != RRAMNAS_SHARING_DISJOINT, err, RRAMNAS_ERR_ARGUMENT,
              "timing options: there is no sharing %d", (int)o.sharing);
  RRN_FAIL_IF(o.sharing != RRAMNAS_SHARING_ONE_BOX && o.model == RRAMNAS_TIMING_RNC, err, RRAMNAS_ERR_ARGUMENT,
              "timing options: model rnc knows crossbars that serve one box at a time only, not sharing disjoint");
  *ret_options = o;
  return RRAMNAS_OK;
}

static int32_t
baseline_latency(const rramnas_mapping *m, const rrn_sim_options *sim, double *ret_latency_ns, rramnas_error *err)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  const rramnas_runtime runtime = rrn_rt_runtime(&m->rt);
  rramnas_mapping *baseline = NULL;
  int32_t status;

  o.policy = RRAMNAS_POLICY_ISAAC;
  o.crossbars = RRAMNAS_CROSSBARS_AUTO;
  o.weight_bits = m->weight_bits;
  o.input_bits = m->input_bits;
  o.n_bits = m->n_bits;
  RRN_TRY(rrn_compile(m->hw, m->net, &o, &runtime, &baseline, err));
  status = rrn_simulate(baseline, sim, ret_latency_ns, err);
  rrn_mapping_unref(baseline);
  return status;
}

int32_t
rrn_timing_all(const rramnas_mapping *m, const rramnas_timing_options *options, rramnas_timing *ret_timing,
               rramnas_error *err)
{
  rrn_sim_options sim = { .model = options->model, .samples = options->samples,
                          .floor_remainder = options->floor_remainder, .sharing = options->sharing };
  rramnas_timing t = RRAMNAS_TIMING_INIT;

  RRN_TRY(rrn_simulate(m, &sim, &t.latency_ns, err));
  if (!options->no_baseline)
    RRN_TRY(baseline_latency(m, &sim, &t.baseline_latency_ns, err));
  sim.no_contention = 1;
  RRN_TRY(rrn_simulate(m, &sim, &t.contention_free_ns, err));
  t.speedup = t.latency_ns > 0 ? t.baseline_latency_ns / t.latency_ns : 0;
  *ret_timing = t;
  return RRAMNAS_OK;
}
