/* SPDX-License-Identifier: MIT */
/* Policy best at effort fast, as a search loop has it: time of one compilation, how often it is slower than with fewer
 * crossbars, and whether it puts networks in the order of balanced.
 *
 *   bench-fast                                      all tables
 *   bench-fast time [network [crossbars [samples [depthwise]]]]    time of one compilation
 *   bench-fast order [crossbars [samples [depthwise]]]    random networks, ordered as balanced has them
 *   bench-fast once [network [crossbars [samples [depthwise]]]]    one compilation, for a profile:
 *   valgrind --tool=callgrind --toggle-collect=rrn_compile --callgrind-out-file=/dev/null bench-fast once mbv3_small 210 8
 */
#include "bench.h"
#include "nets.h"

typedef struct job {
  rramnas_hw *hw;
  rramnas_net *net;
  int32_t crossbars, samples, depthwise, effort;
  double ns;
} job;

static rramnas_mapping *
compile(const job *j)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = NULL;

  o.policy = RRAMNAS_POLICY_BEST;
  o.crossbars = j->crossbars;
  o.effort = j->effort;
  o.depthwise = j->depthwise;
  o.samples = j->samples;
  o.seed = 1;
  bench_must(rramnas_compile(j->hw, j->net, &o, NULL, &m, &err), &err);
  return m;
}

static void
compile_only(void *user)
{
  rramnas_mapping_unref(compile(user));
}

static void
measure(job *j)
{
  rramnas_timing_options how = RRAMNAS_TIMING_OPTIONS_INIT;
  rramnas_timing t = RRAMNAS_TIMING_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = compile(j);

  how.samples = j->samples;
  how.model = RRAMNAS_TIMING_RNC;
  how.no_baseline = 1;
  bench_must(rramnas_mapping_simulate(m, &how, &t, &err), &err);
  rramnas_mapping_unref(m);
  j->ns = t.latency_ns;
}

static void
once(rramnas_hw *hw, int argc, char **argv)
{
  job j = { hw, test_net(argc > 2 ? argv[2] : "mbv3_small"), argc > 3 ? atoi(argv[3]) : 210,
            argc > 4 ? atoi(argv[4]) : 8, argc > 5 ? atoi(argv[5]) : RRAMNAS_DEPTHWISE_AUTO, RRAMNAS_EFFORT_FAST, 0 };

  if (!j.net)
    exit(1);
  measure(&j);
  printf("%.1f us\n", 1e-3 * j.ns);
  rramnas_net_unref(j.net);
}

static void
time_one(rramnas_hw *hw, const char *net, int32_t crossbars, int32_t samples, int32_t depthwise)
{
  job j = { hw, test_net(net), crossbars, samples, depthwise, RRAMNAS_EFFORT_FAST, 0 };
  char name[64];

  snprintf(name, sizeof(name), "%s, %d, %d samples, depthwise %d", net, (int)crossbars, (int)samples, (int)depthwise);
  if (!j.net)
    exit(1);
  bench_run(name, compile_only, &j, 1);
  rramnas_net_unref(j.net);
}

/* How many of the numbers of crossbars are slower than a smaller one, and by how much. */
static void
count_falls(rramnas_hw *hw, const char *net, int32_t first, int32_t last, int32_t samples, int32_t depthwise)
{
  job j = { hw, test_net(net), 0, samples, depthwise, RRAMNAS_EFFORT_FAST, 0 };
  double best = 1e300, worst = 1, sum = 0;
  int slower = 0;

  if (!j.net)
    exit(1);
  for (j.crossbars = first; j.crossbars <= last; j.crossbars++) {
    measure(&j);
    slower += j.ns > best * (1 + 1e-9);
    sum += j.ns > best * (1 + 1e-9) ? j.ns / best - 1 : 0;
    worst = j.ns / best > worst ? j.ns / best : worst;
    best = j.ns < best ? j.ns : best;
  }
  printf("%-11s %d to %d crossbars, %2d samples, depthwise %d: %d slower than with fewer, by %.3f on average, %.3f at most\n",
         net, (int)first, (int)last, (int)samples, (int)depthwise, slower, slower ? sum / slower : 0, worst - 1);
  rramnas_net_unref(j.net);
}

enum { NETWORKS = 24 };

static uint32_t
draw(uint64_t *state, uint32_t n)
{
  *state = *state * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
  return (uint32_t)(*state >> 33) % n;
}

static rramnas_net *
random_net(uint64_t *state)
{
  int32_t ks[20], e[20], d[4], i;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_net *net = NULL;

  for (i = 0; i < 20; i++) {
    ks[i] = 3 + 2 * (int32_t)draw(state, 3);
    e[i] = (int32_t[]){ 3, 4, 6 }[draw(state, 3)];
  }
  for (i = 0; i < 4; i++)
    d[i] = 2 + (int32_t)draw(state, 3);
  bench_must(rramnas_net_create_ofa_mobilenet_v3_small(ks, e, d, NULL, &net, &err), &err);
  return net;
}

/* Pairs of random networks that fast and balanced put in the same order. */
static void
compare_order(rramnas_hw *hw, int32_t crossbars, int32_t samples, int32_t depthwise)
{
  double fast[NETWORKS], balanced[NETWORKS], sum = 0;
  uint64_t state = 1;
  int i, k, alike = 0;

  for (i = 0; i < NETWORKS; i++) {
    job j = { hw, random_net(&state), crossbars, samples, depthwise, RRAMNAS_EFFORT_FAST, 0 };

    measure(&j);
    fast[i] = j.ns;
    j.effort = RRAMNAS_EFFORT_BALANCED;
    measure(&j);
    balanced[i] = j.ns;
    sum += fast[i] / balanced[i];
    rramnas_net_unref(j.net);
    for (k = 0; k < i; k++)
      alike += (fast[i] < fast[k]) == (balanced[i] < balanced[k]);
  }
  printf("%d random networks, %d crossbars, %d samples, depthwise %d: %.1f %% of pairs ordered as balanced has them, time %.3f of its\n",
         NETWORKS, (int)crossbars, (int)samples, (int)depthwise, 200.0 * alike / (NETWORKS * (NETWORKS - 1)), sum / NETWORKS);
}

int
main(int argc, char **argv)
{
  static const int32_t samples[] = { 1, 8, 64 };
  rramnas_hw *hw = test_hw_rnc(128);
  int i, depthwise;

  if (!hw)
    return 1;
  if (argc > 1 && strcmp(argv[1], "order") == 0) {
    compare_order(hw, argc > 2 ? atoi(argv[2]) : 240, argc > 3 ? atoi(argv[3]) : 8, argc > 4 ? atoi(argv[4]) : RRAMNAS_DEPTHWISE_AUTO);
    rramnas_hw_unref(hw);
    return 0;
  }
  if (argc > 1 && strcmp(argv[1], "time") == 0) {
    time_one(hw, argc > 2 ? argv[2] : "mbv3_small", argc > 3 ? atoi(argv[3]) : 210, argc > 4 ? atoi(argv[4]) : 8,
             argc > 5 ? atoi(argv[5]) : RRAMNAS_DEPTHWISE_AUTO);
    rramnas_hw_unref(hw);
    return 0;
  }
  if (argc > 1 && strcmp(argv[1], "once") == 0) {
    once(hw, argc, argv);
    rramnas_hw_unref(hw);
    return 0;
  }
  for (i = 0; i < 3; i++)
    for (depthwise = RRAMNAS_DEPTHWISE_AUTO; depthwise <= RRAMNAS_DEPTHWISE_RNC; depthwise++) {
      time_one(hw, "mbv3_small", 210, samples[i], depthwise);
      count_falls(hw, "mbv3_small", 200, 240, samples[i], depthwise);
    }
  for (i = 0; i < 3; i++) {
    time_one(hw, "squeezenet", 96, samples[i], RRAMNAS_DEPTHWISE_AUTO);
    count_falls(hw, "squeezenet", 80, 110, samples[i], RRAMNAS_DEPTHWISE_AUTO);
  }
  time_one(hw, "resnet18", 838, 8, RRAMNAS_DEPTHWISE_AUTO);
  for (i = 0; i < 2; i++)
    for (depthwise = RRAMNAS_DEPTHWISE_AUTO; depthwise <= RRAMNAS_DEPTHWISE_RNC; depthwise++)
      compare_order(hw, 240, samples[i], depthwise);
  rramnas_hw_unref(hw);
  return 0;
}
