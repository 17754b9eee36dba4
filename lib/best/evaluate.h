/* SPDX-License-Identifier: MIT */
/* Completion time of a plan, as RNC's event simulation has it. */
#ifndef RRN_BEST_EVALUATE_H
#define RRN_BEST_EVALUATE_H

#include "best/floor.h"

typedef struct rrn_evaluator {
  int32_t n_layers, n_words, samples;
  double *ns;           /* [n_layers] time of one sample in a layer */
  double *before;       /* [n_layers] scratch: the same of all layers before it */
  int32_t *copies;      /* [n_layers] */
  uint64_t *conflicts;  /* [n_layers][n_words]: layers that share a crossbar */
  uint64_t *waiters;    /* [n_layers][n_words] */
  uint64_t *active;     /* [n_words]: layers that hold or await crossbars */
  int32_t *holder;      /* [n_layers]: sample that does */
  int32_t *left;        /* [n_layers]: blockers left */
  struct rrn_eval_pool *pools; /* [n_layers] */
  struct rrn_eval_job *jobs;   /* [samples] */
  int32_t *queue;       /* ring of (step, sample) */
  uint32_t queue_head, queue_n, queue_mask;
  struct rrn_eval_end *heap;
  int32_t heap_n;
  int64_t serial;
  double now_ns;
  int64_t work;         /* done so far: rough nanoseconds, counted and not measured */
} rrn_evaluator;

int32_t rrn_evaluator_init(rrn_evaluator *e, rrn_arena *arena, int32_t n_layers, int32_t samples, rramnas_error *err);
/* Brings the conflicts up to date with the floor. */
void rrn_evaluator_share(rrn_evaluator *e, const rrn_floor *f);
/* Completion of all samples, or a number not below `limit_ns` when it is not sooner. */
double rrn_evaluate(rrn_evaluator *e, double limit_ns);
/* Completion is not sooner, as the layers of each crossbar tell. */
double rrn_evaluator_bound(rrn_evaluator *e, const rrn_floor *f);

#endif
