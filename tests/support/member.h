/* SPDX-License-Identifier: MIT */
/* Members of a supernet: read from a list, run with batch normalisation anew. After cmocka.h and infer.h. */
#ifndef RRAMNAS_TESTS_MEMBER_H
#define RRAMNAS_TESTS_MEMBER_H

#include "weights/weights.h"

/* 16 kernel sizes, 16 expansions, 4 depths; 0 at the end of the file. */
static inline int
member_read(FILE *file, rrn_ofa_genome *g)
{
  int32_t *const parts[] = { g->kernel_sizes, g->expansions, g->depths };
  int i, n = 0;

  for (i = 0; i < 36; i++)
    n += fscanf(file, "%d", &parts[i / 16][i % 16]) == 1;
  assert_true(n == 36 || n == 0);
  return n == 36;
}

/* Logits of `n_tests` images after batch normalisation over `n` images as one batch. */
static inline int32_t
member_run(const rrn_safetensors *f, const rrn_ofa_genome *g, const rramnas_runtime *runtime, const float *images,
           size_t n, const float *tests, size_t n_tests, float *logits, rramnas_error *err)
{
  rramnas_net *net = NULL;
  rrn_values *values = NULL;
  rrn_infer_plan *plan = NULL;
  int32_t status = rrn_net_ofa_named(RRN_OFA_SMALL, g, "member", runtime, &net, err);

  if (status >= 0)
    status = rrn_weights_of_supernet(f, NULL, g, net, runtime, &values, err);
  if (status >= 0)
    status = rrn_infer_plan_new(values, runtime, &plan, err);
  if (status >= 0)
    status = rrn_infer_calibrate(plan, NULL, images, n, 2, NULL, NULL, err);
  if (status >= 0)
    status = rrn_infer_run(plan, NULL, tests, n_tests, 2, logits, err);
  rrn_infer_plan_free(plan);
  rrn_values_free(values);
  rramnas_net_unref(net);
  return status;
}

#endif
