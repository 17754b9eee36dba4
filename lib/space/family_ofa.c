/* SPDX-License-Identifier: MIT */
/* Once-for-all's MobileNetV3 spaces.
 *
 * Genes: ks[0..], e[0..] of the blocks, d[0..] of the stages, four blocks a stage; block j of a stage counts while the
 * stage is deeper than j. Small: (9^2 + 9^3 + 9^4)^4 networks. Large: ^5. The networks are lib/net/ofa.c's. */
#include <stdio.h>

#include "net/ofa.h"
#include "space/ready.h"

static int32_t
block_genes(rrn_space *s, const char *name, const char *const words[3], int32_t stages, rramnas_error *err)
{
  char gene[32], parent[32];
  int32_t i;

  for (i = 0; i < 4 * stages; i++) {
    snprintf(gene, sizeof(gene), "%s[%d]", name, (int)i);
    snprintf(parent, sizeof(parent), "d[%d]", (int)i / 4);
    RRN_TRY(rrn_ready_category(s, gene, words, 3, i % 4 < 2 ? NULL : parent, i % 4, err));
  }
  return RRAMNAS_OK;
}

/* Depths first: parents stand before what depends on them. */
static int32_t
add_genes(rrn_space *s, int32_t stages, rramnas_error *err)
{
  static const char *const kernels[] = { "3", "5", "7" }, *const expansions[] = { "3", "4", "6" };
  char name[32];
  int32_t i;

  for (i = 0; i < stages; i++) {
    snprintf(name, sizeof(name), "d[%d]", (int)i);
    RRN_TRY(rrn_ready_integer(s, name, 2, 4, err));
  }
  RRN_TRY(block_genes(s, "ks", kernels, stages, err));
  return block_genes(s, "e", expansions, stages, err);
}

static int32_t
build(rrn_ofa_family family, int32_t stages, const char *name, const rrn_space *s, const double *x,
      const rramnas_runtime *runtime, rramnas_net **ret_net, rramnas_error *err)
{
  const rrn_ready_parameters *p = s->parameters;
  rrn_ofa_genome g = { .image = p->image, .classes = p->classes };
  int32_t i;

  for (i = 0; i < stages; i++)
    g.depths[i] = (int32_t)x[i];
  for (i = 0; i < 4 * stages; i++) {
    g.kernel_sizes[i] = rrn_ofa_kernel_sizes[(size_t)x[stages + i]];
    g.expansions[i] = rrn_ofa_expansions[(size_t)x[5 * stages + i]];
  }
  return rrn_net_ofa_named(family, &g, name, runtime, ret_net, err);
}

int32_t
rrn_ofa_small_genes(rrn_space *s, rramnas_error *err)
{
  return add_genes(s, 4, err);
}

int32_t
rrn_ofa_large_genes(rrn_space *s, rramnas_error *err)
{
  return add_genes(s, 5, err);
}

int32_t
rrn_ofa_small_build(const rrn_space *s, const double *x, const rramnas_runtime *runtime, rramnas_net **ret_net,
                    rramnas_error *err)
{
  return build(RRN_OFA_SMALL, 4, "ofa_mobilenet_v3_small", s, x, runtime, ret_net, err);
}

int32_t
rrn_ofa_large_build(const rrn_space *s, const double *x, const rramnas_runtime *runtime, rramnas_net **ret_net,
                    rramnas_error *err)
{
  return build(RRN_OFA_LARGE, 5, "ofa_mobilenet_v3_large", s, x, runtime, ret_net, err);
}
