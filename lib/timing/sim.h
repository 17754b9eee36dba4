/* SPDX-License-Identifier: MIT */
/* Timing simulation of a mapping: two models behind one call. */
#ifndef RRN_TIMING_SIM_H
#define RRN_TIMING_SIM_H

#include "compile/mapping.h"

/* One crossbar busy with one box for one sample. */
typedef struct rrn_span {
  int32_t sample, layer, copy, piece, crossbar;
  double start_ns, end_ns;
} rrn_span;

typedef struct rrn_sim_options {
  int32_t model;        /* enum rramnas_timing_model */
  int32_t samples;
  int32_t floor_remainder;
  int32_t no_contention; /* every box has a crossbar of its own */
  int32_t sharing;       /* enum rramnas_sharing, 0 = one box; model graph */
  void (*span)(void *user, const rrn_span *span); /* may be NULL; called in order of end */
  void *span_user;
} rrn_sim_options;

/* Time from start to the end of the last sample, in ns. */
int32_t rrn_simulate(const rramnas_mapping *m, const rrn_sim_options *options, double *ret_latency_ns,
                     rramnas_error *err);

/* The models; called by rrn_simulate(). */
int32_t rrn_sim_rnc(const rramnas_mapping *m, const rrn_sim_options *options, double *ret_latency_ns,
                    rramnas_error *err);
int32_t rrn_sim_graph(const rramnas_mapping *m, const rrn_sim_options *options, double *ret_latency_ns,
                      rramnas_error *err);

/* A heap of (time, serial, value), earliest time first, then smallest serial. */
typedef struct rrn_event {
  double time_ns;
  int64_t serial;
  int32_t value;
} rrn_event;

typedef struct rrn_event_queue {
  rrn_arena *arena;
  rrn_event *heap;
  size_t n, cap;
} rrn_event_queue;

/* 0 when out of memory. */
int rrn_event_push(rrn_event_queue *q, rrn_event event);
/* Takes the first; the queue must not be empty. */
rrn_event rrn_event_pop(rrn_event_queue *q);

#endif
