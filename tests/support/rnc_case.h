/* SPDX-License-Identifier: MIT */
/* The cases of tests/data/best/rnc.csv: RNC's completion times, and how policy best is compiled beside them. */
#ifndef RRAMNAS_TESTS_RNC_CASE_H
#define RRAMNAS_TESTS_RNC_CASE_H

#include "nets.h"

typedef struct rnc_case {
  char net[32];
  int crossbars, samples;
  double us, bound_us; /* the better of RNC's two settings; a lower bound */
} rnc_case;

/* 0 = there are no more. */
static inline int
rnc_read(FILE *f, rnc_case *r)
{
  double split1_us, split5_us;
  char line[256];

  while (fgets(line, sizeof(line), f))
    if (sscanf(line, "%31[^,],%d,%d,%lf,%lf,%lf", r->net, &r->crossbars, &r->samples, &split1_us, &split5_us,
               &r->bound_us) == 6) {
      r->us = split5_us > 0 && split5_us < split1_us ? split5_us : split1_us;
      return 1;
    }
  return 0;
}

static inline int32_t
rnc_compile(rramnas_hw *hw, rramnas_net *net, const rnc_case *r, int effort, int depthwise,
            rramnas_mapping **ret_mapping, rramnas_error *err)
{
  rramnas_compile_options o = RRAMNAS_COMPILE_OPTIONS_INIT;

  o.policy = RRAMNAS_POLICY_BEST;
  o.effort = effort;
  o.depthwise = depthwise;
  o.crossbars = r->crossbars;
  o.samples = r->samples;
  o.seed = 1;
  return rramnas_compile(hw, net, &o, NULL, ret_mapping, err);
}

/* Also checks the mapping. */
static inline int32_t
rnc_simulate(const rramnas_mapping *m, const rnc_case *r, double *ret_us, rramnas_error *err)
{
  rramnas_timing_options how = RRAMNAS_TIMING_OPTIONS_INIT;
  rramnas_timing t = RRAMNAS_TIMING_INIT;
  int32_t status = rramnas_mapping_check(m, err);

  how.model = RRAMNAS_TIMING_RNC;
  how.no_baseline = 1;
  how.samples = r->samples;
  if (status >= 0)
    status = rramnas_mapping_simulate(m, &how, &t, err);
  *ret_us = 1e-3 * t.latency_ns;
  return status;
}

#endif
