// SPDX-License-Identifier: MIT
// A user's program in C++: handles in smart pointers, statuses as exceptions.
#include <rramnas/rramnas.h>

#include <cstdio>
#include <memory>
#include <stdexcept>

namespace {

struct Unref {
  void operator()(rramnas_hw *hw) const { rramnas_hw_unref(hw); }
  void operator()(rramnas_net *net) const { rramnas_net_unref(net); }
  void operator()(rramnas_mapping *mapping) const { rramnas_mapping_unref(mapping); }
};

template <typename Handle> using Owned = std::unique_ptr<Handle, Unref>;

rramnas_error err = RRAMNAS_ERROR_INIT;

void
check(int32_t status)
{
  if (status < 0)
    throw std::runtime_error(err.message);
}

int32_t
add(rramnas_net *net, int32_t op, int32_t input, int64_t out_channels)
{
  rramnas_node node = RRAMNAS_NODE_INIT;
  int32_t output = -1;

  node.op = op;
  node.inputs = &input;
  node.n_inputs = 1;
  node.out_channels = out_channels;
  if (op == RRAMNAS_OP_CONV)
    node.kernel[0] = node.kernel[1] = 3;
  if (op == RRAMNAS_OP_FLATTEN)
    node.axis = 1;
  check(rramnas_net_add_node(net, &node, &output, &err));
  return output;
}

void
run()
{
  const int64_t shape[4] = { 1, 3, 8, 8 };
  rramnas_compile_options options = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_mapping_info info = RRAMNAS_MAPPING_INFO_INIT;
  rramnas_timing timing = RRAMNAS_TIMING_INIT;
  rramnas_hw *hw = nullptr;
  rramnas_net *net = nullptr;
  rramnas_mapping *mapping = nullptr;
  int32_t tensor = -1;

  check(rramnas_hw_create_default(nullptr, &hw, &err));
  Owned<rramnas_hw> own_hw(hw);
  check(rramnas_net_create("tiny", nullptr, &net, &err));
  Owned<rramnas_net> own_net(net);
  check(rramnas_net_add_input(net, "image", shape, 4, &tensor, &err));
  tensor = add(net, RRAMNAS_OP_CONV, tensor, 8);
  tensor = add(net, RRAMNAS_OP_FLATTEN, tensor, 0);
  add(net, RRAMNAS_OP_GEMM, tensor, 10);
  check(rramnas_net_finish(net, &err));
  options.crossbars = 8;
  check(rramnas_compile(hw, net, &options, nullptr, &mapping, &err));
  Owned<rramnas_mapping> own_mapping(mapping);
  check(rramnas_mapping_get_info(mapping, &info));
  check(rramnas_mapping_simulate(mapping, nullptr, &timing, &err));
  std::printf("librramnas %s: %d of %d crossbars, %.0f ns\n", rramnas_version(),
              static_cast<int>(info.crossbars_used), static_cast<int>(info.crossbars_available), timing.latency_ns);
}

} // namespace

int
main()
{
  try {
    run();
    return 0;
  } catch (const std::exception &e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}
