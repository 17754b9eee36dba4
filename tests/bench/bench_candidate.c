/* SPDX-License-Identifier: MIT */
/* One whole candidate of a search: network from its genome or file, partition, duplication, packing, timing of 8
 * samples. The published programs take 8 to 12 s for this (RNC, 168 crossbars, without accuracy; two EPYC cores). */
#include "bench.h"
#include "nets.h"

typedef struct candidate {
  const char *net;
  rramnas_hw *hw;
  int32_t policy, crossbars, model;
  rramnas_net *fixed; /* compiled again and again; NULL = made anew each time */
  double latency_ns;
} candidate;

static void
die(const char *what, const rramnas_error *err)
{
  fprintf(stderr, "%s: %s\n", what, err->message);
  exit(1);
}

static void
evaluate(void *user)
{
  candidate *c = user;
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_timing_options how = RRAMNAS_TIMING_OPTIONS_INIT;
  rramnas_timing t = RRAMNAS_TIMING_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = NULL;
  rramnas_net *net = c->fixed ? rramnas_net_ref(c->fixed) : NULL;
  static const int32_t ks[20] = { 3, 5, 3, 7, 5, 3, 5, 7, 3, 5, 7, 3, 5, 3, 7, 5 };
  static const int32_t e[20] = { 4, 6, 3, 4, 6, 3, 4, 6, 3, 4, 6, 3, 4, 6, 3, 4 };
  static const int32_t d[4] = { 3, 3, 3, 3 };

  if (!net && rramnas_net_create_ofa_mobilenet_v3_small(ks, e, d, NULL, &net, &err) < 0)
    die("network", &err);
  o.policy = c->policy;
  o.crossbars = c->crossbars;
  o.seed = 1;
  how.model = c->model;
  how.samples = 8;
  how.no_baseline = 1;
  if (rramnas_compile(c->hw, net, &o, NULL, &m, &err) < 0 || rramnas_mapping_simulate(m, &how, &t, &err) < 0)
    die(c->net, &err);
  c->latency_ns = t.latency_ns;
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
}

static void
make_net(void *user)
{
  candidate *c = user;
  rramnas_net *net = test_net(c->net);

  rramnas_net_unref(net);
}

static void
run(const char *name, candidate c)
{
  bench_run(name, evaluate, &c, 1);
  printf("%-40s %.1f us for 8 samples\n", "", 1e-3 * c.latency_ns);
}

int
main(void)
{
  rramnas_hw *hw = test_hw_rnc(128);
  rramnas_net *mobile = test_net("mbv3_small"), *resnet = test_net("resnet18");
  candidate file = { .net = "mbv3_small" };

  if (!hw || !mobile || !resnet)
    return 1;
  run("genome, rnc, 210 crossbars, graph", (candidate){ "genome", hw, RRAMNAS_POLICY_RNC, 210, RRAMNAS_TIMING_GRAPH, NULL, 0 });
  run("genome, rnc, 210 crossbars, rnc timing", (candidate){ "genome", hw, RRAMNAS_POLICY_RNC, 210, RRAMNAS_TIMING_RNC, NULL, 0 });
  run("mobilenet_v3_small, rnc, 210, graph", (candidate){ "mobilenet", hw, RRAMNAS_POLICY_RNC, 210, RRAMNAS_TIMING_GRAPH, mobile, 0 });
  run("mobilenet_v3_small, rnc, 210, rnc timing", (candidate){ "mobilenet", hw, RRAMNAS_POLICY_RNC, 210, RRAMNAS_TIMING_RNC, mobile, 0 });
  run("mobilenet_v3_small, published, 210, rnc", (candidate){ "mobilenet", hw, RRAMNAS_POLICY_RNC_PUBLISHED, 210, RRAMNAS_TIMING_RNC, mobile, 0 });
  run("mobilenet_v3_small, isaac, graph", (candidate){ "mobilenet", hw, RRAMNAS_POLICY_ISAAC, 210, RRAMNAS_TIMING_GRAPH, mobile, 0 });
  run("resnet18, rnc, 838 crossbars, graph", (candidate){ "resnet18", hw, RRAMNAS_POLICY_RNC, 838, RRAMNAS_TIMING_GRAPH, resnet, 0 });
  bench_run("mobilenet_v3_small from YAML", make_net, &file, 1);
  rramnas_net_unref(mobile);
  rramnas_net_unref(resnet);
  rramnas_hw_unref(hw);
  return 0;
}
