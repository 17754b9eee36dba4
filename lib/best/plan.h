/* SPDX-License-Identifier: MIT */
/* A mapping while it is made: how each layer is laid out, where its boxes are, how long all takes. */
#ifndef RRN_BEST_PLAN_H
#define RRN_BEST_PLAN_H

#include "best/evaluate.h"
#include "best/shape.h"

/* How a layer is laid out: a point of one of its menus. */
typedef struct rrn_pick {
  int32_t variant, index;
} rrn_pick;

/* A step along the convex hull of a menu. */
typedef struct rrn_segment {
  double rate;    /* time saved per cell */
  int64_t cells;
  int32_t layer, to;
} rrn_segment;

typedef struct rrn_plan {
  const rramnas_mapping *m;
  rrn_arena *arena;
  int32_t n_layers;
  rrn_shape_limits limits;
  rrn_choice *choices;  /* [n_layers] for the group that the layer is in */
  rrn_choice *widest;   /* [n_layers] for all crossbars */
  rrn_pick *picks;      /* [n_layers] */
  int32_t *group;       /* [n_layers] crossbars that it may use; -1 = any */
  uint64_t *allow;      /* [n_layers][words]: layers that may share crossbars; looked at during local search */
  double *weight;       /* [n_layers] of a layer's time, when layers compete for cells */
  int32_t *order;       /* [n_layers] scratch */
  double *key;          /* [n_layers] scratch */
  char *closed;         /* [n_layers] scratch */
  char *urgent;         /* [n_layers] 1: a build places it after large boxes, before all others */
  double *wanted_ns;    /* [n_layers] as the last build's allocation has it */
  rrn_segment *segments; /* [cap_segments] scratch */
  size_t cap_segments;
  rrn_floor floor;
  rrn_evaluator eval;
  double least_ns;      /* plans sooner than that are of no interest */
  double enough_ns;     /* local search ends with a plan as soon as that */
  uint64_t random;
  int64_t work;         /* beside the floor's and the evaluator's */
  rramnas_error *err;
} rrn_plan;

/* How a plan is built up. */
typedef struct rrn_recipe {
  double density;       /* share of the cells that the first allocation spends */
  int32_t variant;      /* variant of dense layers that need more than one crossbar */
  int32_t deal;         /* variant of grouped layers */
  int32_t grouped_first; /* 1: grouped layers are placed before the others; > 1: but after boxes that are longer and
                            wider than so many percent of a crossbar, and dealt to what these leave */
} rrn_recipe;

int32_t rrn_plan_init(rrn_plan *p, const rramnas_mapping *m, rrn_shape_limits limits, int32_t samples, rrn_arena *arena,
                      rramnas_error *err);

static inline const rrn_menu *
rrn_plan_menu(const rrn_plan *p, int32_t layer)
{
  return &p->choices[layer].menus[p->picks[layer].variant];
}

static inline const rrn_point *
rrn_plan_point(const rrn_plan *p, int32_t layer)
{
  return &rrn_plan_menu(p, layer)->points[p->picks[layer].index];
}

/* Work done so far, in rough nanoseconds: counted, so the same on every machine. Budgets are differences of it. */
static inline int64_t
rrn_plan_work(const rrn_plan *p)
{
  return p->floor.work + p->eval.work + p->work;
}

/* Next number of the plan's stream, below n. */
uint32_t rrn_plan_random(rrn_plan *p, uint32_t n);

/* Every layer in group 0 with the menus of all crossbars. */
void rrn_plan_one_group(rrn_plan *p);
/* Cells to layers of group g, a share `density` of what it has, best saving per cell first. */
int32_t rrn_plan_allocate(rrn_plan *p, int32_t g, double density);
/* Lays out a layer anew; all or nothing. */
int rrn_plan_change(rrn_plan *p, int32_t layer, rrn_pick pick);
/* The same from a bare floor, with fewer copies when the wanted ones do not fit. */
int rrn_plan_put(rrn_plan *p, int32_t layer, rrn_pick pick);
/* Spends the cells that are left. */
void rrn_plan_fill(rrn_plan *p);
/* The same by these layers only. */
void rrn_plan_fill_some(rrn_plan *p, const int32_t *layers, int32_t n);
/* Clears the floor and makes a plan; groups of layers and crossbars are given. Returns 0 when it does not fit. */
int32_t rrn_plan_build(rrn_plan *p, const rrn_recipe *recipe, const int32_t *group_of_bar, int32_t *ret_fits);
/* Completion time; `limit_ns` as rrn_evaluate(). */
double rrn_plan_time(rrn_plan *p, double limit_ns);
/* Conflicts of all layers anew. */
void rrn_plan_share_all(rrn_plan *p);

/* plan -> pieces, copies and placements of the mapping. */
int32_t rrn_plan_commit(const rrn_plan *p, rramnas_mapping *m, rramnas_error *err);

#endif
