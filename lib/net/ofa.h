/* SPDX-License-Identifier: MIT */
/* The genome of RNC's once-for-all space, between its reader and its generator. */
#ifndef RRN_NET_OFA_H
#define RRN_NET_OFA_H

#include "net/import.h"

enum { RRN_OFA_STAGES = 4, RRN_OFA_BLOCKS = 16, RRN_OFA_MOST_STAGES = 5, RRN_OFA_MOST_BLOCKS = 20 };

/* Channels behind each part. */
typedef struct rrn_ofa_widths {
  int64_t stem, first, stages[RRN_OFA_MOST_STAGES], final, features;
} rrn_ofa_widths;

/* Width i of the n = 4 + stages in this order. */
static inline int64_t *
rrn_ofa_width(rrn_ofa_widths *w, size_t n, size_t i)
{
  if (i < 2)
    return i == 0 ? &w->stem : &w->first;
  return i == n - 2 ? &w->final : i == n - 1 ? &w->features : &w->stages[i - 2];
}

/* Block j of stage s reads entry 4 s + j. */
typedef struct rrn_ofa_genome {
  int32_t kernel_sizes[RRN_OFA_MOST_BLOCKS];
  int32_t expansions[RRN_OFA_MOST_BLOCKS];
  int32_t depths[RRN_OFA_MOST_STAGES];
  int64_t image, classes; /* 0 = those of the family */
  rrn_ofa_widths widths;  /* stem 0 = those of the family */
} rrn_ofa_genome;

/* The supernets: RNC's, of four stages for images of 64 x 64, and once-for-all's own of five for 224 x 224. */
typedef enum rrn_ofa_family { RRN_OFA_SMALL, RRN_OFA_LARGE } rrn_ofa_family;

/* Stages of its networks. */
static inline int32_t
rrn_ofa_stages(rrn_ofa_family family)
{
  return family == RRN_OFA_SMALL ? RRN_OFA_STAGES : RRN_OFA_MOST_STAGES;
}

/* Channels: a multiple of 8, at least 8, and not below nine tenths of the value. */
static inline int64_t
rrn_ofa_round(int64_t value)
{
  int64_t rounded = (value + 4) / 8 * 8;

  if (rounded < 8)
    rounded = 8;
  return rounded * 10 < value * 9 ? rounded + 8 : rounded;
}

/* What each gene may be. */
static const int32_t rrn_ofa_kernel_sizes[3] = { 3, 5, 7 };
static const int32_t rrn_ofa_expansions[3] = { 3, 4, 6 };
static const int32_t rrn_ofa_depths[3] = { 2, 3, 4 };

/* ERR_ARGUMENT for genes outside of the space; those of blocks beyond the depth are not looked at. The network
 * remembers its genome. */
int32_t rrn_net_ofa_named(rrn_ofa_family family, const rrn_ofa_genome *genome, const char *name,
                          const rramnas_runtime *runtime, rramnas_net **ret_net, rramnas_error *err);

/* Under the family's name. */
int32_t rrn_net_ofa_member(rrn_ofa_family family, const rrn_ofa_genome *genome, const rramnas_runtime *runtime,
                           rramnas_net **ret_net, rramnas_error *err);
/* A genome file with its parameters, ofa_genome.c. */
int32_t rrn_ofa_genome_read(const char *data, size_t size, const char *name, const rrn_rt *rt,
                            rrn_ofa_genome *ret_genome, rrn_ofa_family *ret_family, rramnas_error *err);

#endif
