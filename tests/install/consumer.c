/* SPDX-License-Identifier: MIT */
/* A user's program: it knows the installed header and nothing else. */
#include <rramnas/rramnas.h>
#include <stdio.h>

int
main(void)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_compile_options options = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;
  rramnas_timing timing = RRAMNAS_TIMING_INIT;
  rramnas_node conv = RRAMNAS_NODE_INIT, flatten = RRAMNAS_NODE_INIT, gemm = RRAMNAS_NODE_INIT;
  rramnas_hw *hw = NULL;
  rramnas_net *net = NULL;
  rramnas_mapping *mapping = NULL;
  const int64_t shape[4] = { 1, 3, 8, 8 };
  int32_t image, features, flat, classes;
  int status = 1;

  conv.op = RRAMNAS_OP_CONV;
  conv.inputs = &image;
  conv.n_inputs = 1;
  conv.out_channels = 8;
  conv.kernel[0] = conv.kernel[1] = 3;
  flatten.op = RRAMNAS_OP_FLATTEN;
  flatten.inputs = &features;
  flatten.n_inputs = 1;
  flatten.axis = 1;
  gemm.op = RRAMNAS_OP_GEMM;
  gemm.inputs = &flat;
  gemm.n_inputs = 1;
  gemm.out_channels = 10;
  options.crossbars = 8;

  if (rramnas_version_abi() != RRAMNAS_VERSION_ABI)
    fprintf(stderr, "header and library differ\n");
  else if (rramnas_hw_create_default(NULL, &hw, &err) < 0 || rramnas_net_create("tiny", NULL, &net, &err) < 0 ||
           rramnas_net_add_input(net, "image", shape, 4, &image, &err) < 0 ||
           rramnas_net_add_node(net, &conv, &features, &err) < 0 ||
           rramnas_net_add_node(net, &flatten, &flat, &err) < 0 ||
           rramnas_net_add_node(net, &gemm, &classes, &err) < 0 || rramnas_net_finish(net, &err) < 0 ||
           rramnas_compile(hw, net, &options, NULL, &mapping, &err) < 0 ||
           rramnas_mapping_get_info(mapping, &info) < 0 ||
           rramnas_mapping_simulate(mapping, NULL, &timing, &err) < 0)
    fprintf(stderr, "%s: %s\n", rramnas_status_name(err.code), err.message);
  else
    status = printf("librramnas %s: %d of %d crossbars, %.0f ns\n", rramnas_version(), (int)info.crossbars_used,
                    (int)info.crossbars_available, timing.latency_ns) < 0;
  rramnas_mapping_unref(mapping);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
  return status;
}
