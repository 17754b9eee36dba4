/* SPDX-License-Identifier: MIT */
/* What a cost costs: one candidate whose time is known, and a sweep of hardware points, timed afresh at each. */
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "bench.h"
#include "cost/cost.h"
#include "rramnas/rramnas.h"

enum { SWEEP = 10000 };

typedef struct job {
  const rramnas_mapping *mapping;
  rramnas_cost_options options;
  double checksum;
} job;

static rramnas_mapping *
compile(const char *network, int32_t policy, int32_t crossbars)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_hw *hw = NULL;
  rramnas_net *net = NULL;
  rramnas_mapping *m = NULL;
  char path[1024];

  snprintf(path, sizeof(path), "%s/networks/%s", getenv("RRAMNAS_EXAMPLES"), network);
  o.policy = policy;
  o.effort = RRAMNAS_EFFORT_FAST;
  o.crossbars = crossbars;
  bench_must(rramnas_hw_create_default(NULL, &hw, &err), &err);
  bench_must(rramnas_net_load_file(path, NULL, NULL, &net, &err), &err);
  bench_must(rramnas_compile(hw, net, &o, NULL, &m, &err), &err);
  rramnas_net_unref(net);
  rramnas_hw_unref(hw);
  return m;
}

static void
cost_once(void *user)
{
  job *j = user;
  rramnas_cost cost = RRAMNAS_COST_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;

  bench_must(rramnas_mapping_get_cost(j->mapping, &j->options, &cost, &err), &err);
  j->checksum += cost.energy_pj;
}

/* Points: ADC bits and rate, cell bits, node, voltage: each a chip of its own, made and timed. */
static void
sweep(void *user)
{
  job *j = user;
  rramnas_hw *base = NULL;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  char value[32];
  int i;

  bench_must(rramnas_hw_create_default(NULL, &base, &err), &err);
  for (i = 0; i < SWEEP; i++) {
    rramnas_hw *a = NULL, *b = NULL;

    snprintf(value, sizeof(value), "%d", 4 + i % 10);
    bench_must(rramnas_hw_with_value(base, "adc.bits", value, &a, &err), &err);
    snprintf(value, sizeof(value), "%d", 20 + i / 10 % 100);
    bench_must(rramnas_hw_with_value(a, "digital.node_nm", value, &b, &err), &err);
    j->options.hw = b;
    cost_once(j);
    rramnas_hw_unref(a);
    rramnas_hw_unref(b);
  }
  j->options.hw = NULL;
  rramnas_hw_unref(base);
}

static void
simulate(void *user)
{
  job *j = user;
  const rrn_sim_options sim = { .model = RRAMNAS_TIMING_GRAPH, .samples = 1 };

  bench_must(rrn_simulate(j->mapping, &sim, &j->options.latency_ns, NULL), &(rramnas_error)RRAMNAS_ERROR_INIT);
}

static void
bench_network(const char *network, int32_t policy, int32_t crossbars)
{
  rramnas_mapping *m = compile(network, policy, crossbars);
  job j = { .mapping = m, .options = RRAMNAS_COST_OPTIONS_INIT };
  char name[80];

  snprintf(name, sizeof(name), "%.20s %s: timing alone", network, rramnas_policy_name(policy));
  bench_run(name, simulate, &j, 1);
  snprintf(name, sizeof(name), "%.20s %s: cost, time known", network, rramnas_policy_name(policy));
  bench_run(name, cost_once, &j, 1);
  rramnas_mapping_unref(m);
}

int
main(void)
{
  job j = { .options = RRAMNAS_COST_OPTIONS_INIT };
  rramnas_mapping *m;

  bench_network("mobilenet_v3_small_rnc.yaml", RRAMNAS_POLICY_RNC, 210);
  bench_network("mobilenet_v3_small_rnc.yaml", RRAMNAS_POLICY_BEST, 210);
  bench_network("squeezenet1_1.yaml", RRAMNAS_POLICY_BEST, 1024);
  bench_network("resnet18_cifar.yaml", RRAMNAS_POLICY_BEST, 1024);
  m = compile("mobilenet_v3_small_rnc.yaml", RRAMNAS_POLICY_BEST, 210);
  j.mapping = m;
  bench_run("mobilenet_v3_small_rnc: sweep of 10,000 chips", sweep, &j, SWEEP);
  rramnas_mapping_unref(m);
  return j.checksum > 0 ? 0 : 1;
}
