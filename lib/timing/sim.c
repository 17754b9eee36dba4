/* SPDX-License-Identifier: MIT */
/* Dispatch of the timing models. */
#include "timing/sim.h"

int32_t
rrn_simulate(const rramnas_mapping *m, const rrn_sim_options *options, double *ret_latency_ns, rramnas_error *err)
{
  switch (options->model) {
  case RRAMNAS_TIMING_GRAPH:
    return rrn_sim_graph(m, options, ret_latency_ns, err);
  case RRAMNAS_TIMING_RNC:
    return rrn_sim_rnc(m, options, ret_latency_ns, err);
  default:
    return rrn_fail(err, RRAMNAS_ERR_ARGUMENT, "timing options: there is no model %d", (int)options->model);
  }
}
