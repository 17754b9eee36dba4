/* SPDX-License-Identifier: MIT */
/* Policy best against RNC: completion time per network, budget and number of samples, geometric means by family, run
 * time. RNC's figures are in tests/data/best/rnc.csv.
 *
 *   bench-best [effort 1..3 [depthwise 1..3 [network [samples [crossbars]]]]]
 *
 * Default: balanced, one group per activation, all. */
#include <math.h>

#include "bench.h"
#include "rnc_case.h"

typedef struct family {
  const char *name;
  double gain, over_bound; /* sums of logarithms */
  int n;
} family;

static double
completion_us(const rnc_case *r, rramnas_hw *hw, int effort, int depthwise, double *ret_seconds)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = NULL;
  rramnas_net *net = test_net(r->net);
  double us = 0, start = bench_now_s();

  if (!net || rnc_compile(hw, net, r, effort, depthwise, &m, &err) < 0)
    fprintf(stderr, "%s: %s\n", r->net, err.message);
  *ret_seconds = bench_now_s() - start;
  if (m && rnc_simulate(m, r, &us, &err) < 0)
    fprintf(stderr, "%s: %s\n", r->net, err.message);
  rramnas_mapping_unref(m);
  rramnas_net_unref(net);
  return us;
}

static family *
family_of(const rnc_case *r, family *families)
{
  return &families[strcmp(r->net, "squeezenet") == 0 ? 1 : strcmp(r->net, "resnet18") == 0 ? 2 : 0];
}

static void
run(FILE *f, rramnas_hw *hw, int samples, int effort, int depthwise, const char *net, int crossbars)
{
  family families[3] = { { "mobile", 0, 0, 0 }, { "squeezenet", 0, 0, 0 }, { "resnet18", 0, 0, 0 } };
  rnc_case r;
  int i;

  rewind(f);
  while (rnc_read(f, &r)) {
    double us, seconds;
    family *of;

    if (r.samples != samples || (crossbars > 0 && r.crossbars != crossbars) || strncmp(r.net, net, strlen(net)) != 0)
      continue;
    us = completion_us(&r, hw, effort, depthwise, &seconds);
    of = family_of(&r, families);
    of->gain += log(r.us / us);
    of->over_bound += log(us / r.bound_us);
    of->n++;
    printf("%-11s %5d crossbars %3d samples %10.1f us  RNC %10.1f us  gain %6.2f  %7.3f s\n", r.net, r.crossbars,
           samples, us, r.us, r.us / us, seconds);
    fflush(stdout);
  }
  for (i = 0; i < 3; i++)
    if (families[i].n)
      printf("== %-11s %3d samples: gain %6.3f, time / bound %6.3f\n", families[i].name, samples,
             exp(families[i].gain / families[i].n), exp(families[i].over_bound / families[i].n));
}

int
main(int argc, char **argv)
{
  const int effort = argc > 1 ? atoi(argv[1]) : RRAMNAS_EFFORT_BALANCED;
  const int depthwise = argc > 2 ? atoi(argv[2]) : RRAMNAS_DEPTHWISE_RNC;
  const int only = argc > 4 ? atoi(argv[4]) : 0, samples[] = { 1, 8, 64 };
  FILE *f = test_data_open("best/rnc.csv");
  rramnas_hw *hw = test_hw_rnc(128);
  int i;

  if (!f || !hw)
    return 1;
  for (i = 0; i < 3; i++)
    if (only == 0 || only == samples[i])
      run(f, hw, samples[i], effort, depthwise, argc > 3 ? argv[3] : "", argc > 5 ? atoi(argv[5]) : 0);
  fclose(f);
  rramnas_hw_unref(hw);
  return 0;
}
