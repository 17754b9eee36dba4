/* SPDX-License-Identifier: MIT */
/* The search session: problem, strategy, results told so far. Files of this folder share this struct. */
#ifndef RRN_SESSION_SESSION_H
#define RRN_SESSION_SESSION_H

#include <stdatomic.h>

#include "evaluate/evaluate.h"
#include "search/strategy.h"
#include "space/space.h"

/* METRIC <= bound or METRIC >= bound. */
typedef struct rrn_constraint {
  size_t figure;
  double bound;
  int32_t at_least; /* 1: >= */
} rrn_constraint;

struct rramnas_search {
  rrn_rt rt;
  rramnas_runtime runtime; /* the same for calls of the public API */
  atomic_int references;
  atomic_int stop; /* set by rramnas_search_stop() */
  rrn_arena arena; /* texts of figures */
  rrn_space space;
  rrn_evaluator evaluator;

  /* the problem: figures are the objectives, then what only constraints name */
  const char **figures;
  int32_t *maximize; /* [n_objectives] */
  size_t n_figures, n_objectives;
  rrn_constraint *constraints;
  size_t n_constraints;
  rramnas_evaluate_fn evaluate;
  void *evaluate_user;
  rrn_cache *cache;
  const char *history_path;

  /* the course, after start */
  int32_t started;
  rrn_genes genes;
  rrn_strategy strategy;
};

#endif
