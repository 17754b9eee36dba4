/* SPDX-License-Identifier: MIT */
/* The cost model mnsim: all components of one configuration, and whole networks, the largest of 224 x 224 pixels. */
#include "bench.h"

#include "mnsim/mnsim.h"

typedef struct job {
  rrn_rt rt;
  rrn_arena arena;
  rramnas_hw *hw;
  rramnas_net *net;
  rrn_mnsim_config c;
  double sum; /* so that nothing is left out */
} job;

static int32_t
check(int32_t status, const rramnas_error *err)
{
  if (status < 0) {
    fprintf(stderr, "%s\n", err->message);
    exit(1);
  }
  return status;
}

static void
components(void *user)
{
  job *j = user;
  const rrn_mnsim_config c = rrn_mnsim_config_from_hw(j->hw);
  const rrn_mnsim_use use = { 128, 128, 1, 4 };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_mnsim_buffer in, out;
  rrn_mnsim_parts area, power;
  rrn_mnsim_latency latency;

  check(rrn_mnsim_buffer_of(&c, RRN_MNSIM_INPUT_BUFFER, 16, &in, &err), &err);
  check(rrn_mnsim_buffer_of(&c, RRN_MNSIM_OUTPUT_BUFFER, 4, &out, &err), &err);
  check(rrn_mnsim_tile_area(&c, &in, &out, &area, &err), &err);
  check(rrn_mnsim_tile_power(&c, RRN_MNSIM_CONV, &use, &in, &out, &power, &err), &err);
  check(rrn_mnsim_tile_latency(&c, &use, 8, &in, &out, 100, 100, &latency, &err), &err);
  j->sum += area.total + power.total + latency.total_ns;
}

static void
network(void *user)
{
  job *j = user;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rrn_mnsim_result r;

  check(rrn_mnsim_network(&j->c, j->net, RRN_MNSIM_MODE_WINDOW, &j->arena, &r, &err), &err);
  j->sum += r.energy_nj.total;
  rrn_arena_reset(&j->arena);
}

static void
run_network(job *j, const char *file)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char path[4096];

  snprintf(path, sizeof(path), "%s/%s", getenv("RRAMNAS_TEST_DATA"), file);
  check(rramnas_net_load_file(path, NULL, NULL, &j->net, &err), &err);
  bench_run(file, network, j, 1);
  rramnas_net_unref(j->net);
  j->net = NULL;
}

int
main(void)
{
  static const char *const files[] = { "mnsim/nets/lenet.yaml", "mnsim/nets/vgg8.yaml", "mnsim/nets/resnet18.yaml",
                                       "mnsim/nets/vgg16.yaml", "onnx/resnet18.onnx" };
  rramnas_error err = RRAMNAS_ERROR_INIT;
  job j = { 0 };
  size_t i;

  check(rrn_rt_init(&j.rt, NULL, &err), &err);
  check(rramnas_hw_create_default(NULL, &j.hw, &err), &err);
  rrn_arena_init(&j.arena, &j.rt);
  j.c = rrn_mnsim_config_from_hw(j.hw);
  bench_run("components of a configuration", components, &j, 1);
  for (i = 0; i < sizeof(files) / sizeof(files[0]); i++)
    run_network(&j, files[i]);
  rrn_arena_release(&j.arena);
  rramnas_hw_unref(j.hw);
  return j.sum > 0 ? 0 : 1;
}
