/* SPDX-License-Identifier: MIT */
/* Search for plans on a given number of crossbars. */
#ifndef RRN_BEST_SEARCH_H
#define RRN_BEST_SEARCH_H

#include "best/improve.h"

enum { RRN_MOST_KEEPS = 12 };

/* A plan that is so little slower than the soonest of interest ends the search. */
#define RRN_SEARCH_ENOUGH 0.002

/* What a search may spend, in work (rrn_plan_work()). */
typedef struct rrn_allowance {
  double plans;       /* recipes of one group */
  double starts;      /* first moves of plans of several groups */
  double balance;     /* further moves of the best of them */
  double moves;       /* of layers, on the best of all */
  int32_t recipes;    /* at least that many */
  int32_t densities;  /* that groups are cut for */
  int32_t counts;     /* numbers of groups that are tried with each */
  int32_t keeps;      /* plans that are balanced further */
  int32_t last;       /* plans whose layers are moved */
  int32_t few;        /* 1: fewer points of menus (rrn_shape_limits), few builds; 2: one build */
  int32_t stream;     /* of random numbers */
  int32_t apart;      /* 1: the best plan of each way to build one group is kept; 0: the best of all */
} rrn_allowance;

typedef struct rrn_search {
  const rramnas_mapping *m;   /* network and chip; matrices are known */
  int32_t samples, depthwise;
  uint32_t seed;
  rrn_arena *arena;           /* of one search */
  rrn_arena *scratch;         /* of one grouping */
  rramnas_mapping chip;       /* what plans are for */
  rrn_plan plan;
  rrn_keep keeps[RRN_MOST_KEEPS];     /* of different starts */
  int32_t start_of[RRN_MOST_KEEPS];   /* number of the start; 0 or less: one group */
  int32_t n_keeps, most_keeps;
  int32_t *group_of_bar;      /* [crossbars] */
  int32_t tries;              /* plans made so far */
  rramnas_error *err;
} rrn_search;

/* What may be spent on a network of so many layers: fewer need fewer moves; those of many get fewer, as each takes
 * longer. */
rrn_allowance rrn_search_allowance(const rrn_search *s, const rrn_allowance *whole);

/* Leaves the best plans on so many crossbars in keeps [n_keeps], soonest first; none when none fits. Plans sooner than
 * least_ns are passed over, or made slower where builds are few. A plan no later than enough_ns ends the search. */
int32_t rrn_search_plans(rrn_search *s, int32_t crossbars, const rrn_allowance *a, double least_ns, double enough_ns);

/* A mapping without its boxes and its memory. */
rramnas_mapping rrn_search_bare(const rramnas_mapping *m);

#endif
