/* SPDX-License-Identifier: MIT */
/* How the run time of policy best grows: chains of 16 convolutions that get wider, on 1.2 times the crossbars of one
 * copy. The time per box should not grow with the number of boxes. Then a small network of depthwise layers on a large
 * chip, where mappings of policy rnc on thousands of numbers of crossbars have to be ruled out.
 *
 *   bench-best_scale [effort 1..3 [most channels [crossbars of the large chip]]]   default: fast and balanced, 3072, 20000 */
#include "bench.h"
#include "nets.h"

static rramnas_net *
chain(int64_t channels)
{
  const int64_t shape[4] = { 1, 64, 16, 16 };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;
  int32_t x = 0, i, status;

  status = rramnas_net_create("chain", NULL, &net, &err);
  if (status >= 0)
    status = rramnas_net_add_input(net, "image", shape, 4, &x, &err);
  for (i = 0; i < 16 && status >= 0; i++) {
    rramnas_node node = RRAMNAS_NODE_INIT;

    node.op = RRAMNAS_OP_CONV;
    node.inputs = &x;
    node.n_inputs = 1;
    node.out_channels = channels;
    node.groups = 1;
    node.kernel[0] = node.kernel[1] = 3;
    node.stride[0] = node.stride[1] = i == 7 ? 2 : 1;
    node.pad[0] = node.pad[1] = node.pad[2] = node.pad[3] = 1;
    status = rramnas_net_add_node(net, &node, &x, &err);
  }
  if (status >= 0)
    status = rramnas_net_finish(net, &err);
  if (status < 0)
    fprintf(stderr, "%s\n", err.message);
  return status < 0 ? NULL : net;
}

static int
compile(rramnas_hw *hw, rramnas_net *net, const rramnas_compile_options *o, rramnas_mapping_info *ret_info)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = NULL;

  if (rramnas_compile(hw, net, o, NULL, &m, &err) < 0) {
    fprintf(stderr, "%s\n", err.message);
    return 0;
  }
  rramnas_mapping_get_info(m, ret_info);
  rramnas_mapping_unref(m);
  return 1;
}

static int
row(rramnas_hw *hw, int64_t channels, int32_t effort)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;
  rramnas_net *net = chain(channels);
  double start;

  o.crossbars = RRAMNAS_CROSSBARS_AUTO;
  if (!net || !compile(hw, net, &o, &info))
    return 0;
  o.policy = RRAMNAS_POLICY_BEST;
  o.crossbars = info.crossbars_used + info.crossbars_used / 5;
  o.effort = effort;
  start = bench_now_s();
  if (!compile(hw, net, &o, &info))
    return 0;
  start = bench_now_s() - start;
  printf("effort %d  %5d channels %7d crossbars %8lld boxes %9.3f s %9.0f ns per box\n", (int)effort, (int)channels,
         (int)o.crossbars, (long long)info.n_placements, start, 1e9 * start / (double)info.n_placements);
  fflush(stdout);
  rramnas_net_unref(net);
  return 1;
}

static int
large_chip(rramnas_hw *hw, int32_t effort, int32_t crossbars)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;
  rramnas_net *net = test_net("mbv3_small");
  double start = bench_now_s();

  o.policy = RRAMNAS_POLICY_BEST;
  o.effort = effort;
  o.crossbars = crossbars;
  o.samples = 16;
  if (!net || !compile(hw, net, &o, &info))
    return 0;
  printf("effort %d  mbv3_small %7d crossbars %8lld boxes %9.3f s\n", (int)effort, (int)crossbars,
         (long long)info.n_placements, bench_now_s() - start);
  rramnas_net_unref(net);
  return 1;
}

int
main(int argc, char **argv)
{
  const int32_t only = argc > 1 ? atoi(argv[1]) : 0;
  const int64_t most = argc > 2 ? atoi(argv[2]) : 3072;
  const int32_t crossbars = argc > 3 ? atoi(argv[3]) : 20000;
  rramnas_hw *hw = test_hw_rnc(128);
  int64_t channels;
  int32_t effort;

  if (!hw)
    return 1;
  for (effort = only ? only : RRAMNAS_EFFORT_FAST; effort <= (only ? only : RRAMNAS_EFFORT_BALANCED); effort++) {
    for (channels = 96; channels <= most; channels *= 2)
      if (!row(hw, channels, effort))
        return 1;
    if (!large_chip(hw, effort, crossbars))
      return 1;
  }
  rramnas_hw_unref(hw);
  return 0;
}
