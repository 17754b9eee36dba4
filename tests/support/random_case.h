/* SPDX-License-Identifier: MIT */
/* A random network, a random chip and how to compile the one for the other, for property tests; include cmocka first. */
#ifndef RRAMNAS_TESTS_RANDOM_CASE_H
#define RRAMNAS_TESTS_RANDOM_CASE_H

#include "hw/spec.h"
#include "random_hw.h"
#include "random_net.h"

typedef struct random_case {
  rramnas_net *net;
  rramnas_hw *hw;
  rramnas_compile_options o;
} random_case;

/* Options are the defaults. */
static inline void
random_case_begin(test_random *r, random_case *x)
{
  x->net = random_net_create(r);
  x->hw = random_hw_create(r);
  x->o = (rramnas_compile_options)RRAMNAS_COMPILE_OPTIONS_INIT;
  assert_non_null(x->net);
  assert_non_null(x->hw);
}

static inline void
random_case_end(random_case *x)
{
  rramnas_net_unref(x->net);
  rramnas_hw_unref(x->hw);
}

/* A way to lay out grouped layers that the chip has; `any` is one of the three. */
static inline int32_t
random_case_depthwise(const random_case *x, int32_t any)
{
  const int has_units = x->hw->v.weight.sign == RRN_SIGNED_UNIT_COLUMN;

  return has_units && any == RRAMNAS_DEPTHWISE_BLOCK_DIAGONAL ? RRAMNAS_DEPTHWISE_RNC : any;
}

/* A mapping that keeps the invariants. */
static inline rramnas_mapping *
random_case_compile(const random_case *x)
{
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_mapping *m = NULL;

  if (rramnas_compile(x->hw, x->net, &x->o, NULL, &m, &err) < 0 || rramnas_mapping_check(m, &err) < 0)
    fail_msg("seed %u: %s", (unsigned)x->o.seed, err.message);
  return m;
}

#endif
