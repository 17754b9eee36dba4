/* SPDX-License-Identifier: MIT */
/* The public header first and alone, twice, and every initialiser complete. Also compiled as C++. */
#include "rramnas/rramnas.h"
#include "rramnas/rramnas.h"

int
main(void)
{
  rramnas_error error = RRAMNAS_ERROR_INIT;
  rramnas_runtime runtime = RRAMNAS_RUNTIME_INIT;
  rramnas_mvm_latency latency = RRAMNAS_MVM_LATENCY_INIT;
  rramnas_net_options net_options = RRAMNAS_NET_OPTIONS_INIT;
  rramnas_node node = RRAMNAS_NODE_INIT;
  rramnas_layer layer = RRAMNAS_LAYER_INIT;
  rramnas_compile_options compile_options = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;
  rramnas_timing_options timing_options = RRAMNAS_TIMING_OPTIONS_INIT;
  rramnas_timing timing = RRAMNAS_TIMING_INIT;

  return !(error.size && runtime.size && latency.size && net_options.size && node.size && layer.size &&
           compile_options.size && info.size && timing_options.size && timing.size);
}
