/* SPDX-License-Identifier: MIT */
/* What a candidate is worth: figures by name from the compiler and the cost model, from tables and predictors. */
#ifndef RRN_EVALUATE_EVALUATE_H
#define RRN_EVALUATE_EVALUATE_H

#include "accuracy/judge.h"
#include "search/seen.h"
#include "space/space.h"

/* Of the models and algorithms that figures come from: one more whenever a figure moves for the same input. Part of
 * the fingerprint, so that caches, checkpoints and ranks of another revision are not believed. golden-figures fails if
 * its figures move and this does not. */
enum { RRN_FIGURES_REVISION = 12 };

/* Where a figure comes from. */
enum rrn_figure_source {
  RRN_FIGURE_CALLER = 0, /* the caller's callback, or tell */
  RRN_FIGURE_BUILT_IN = 1,
  RRN_FIGURE_TABLE = 2,
  RRN_FIGURE_PREDICTOR = 3
};

/* How few chips tell of an objective. */
enum rrn_test { RRN_TEST_NONE = 0, RRN_TEST_MEAN = 1, RRN_TEST_DROP = 2, RRN_TEST_WORST = 3 };

/* Points that end a candidate's chips when it is clear that one of them dominates it. */
typedef struct rrn_rivals {
  size_t m;                /* objectives, the first figures; 0 = chips do not end by them, and there are none */
  size_t on_chips;         /* objective that is measured on chips; */
  int32_t test;            /* enum rrn_test */
  size_t chips, to_beat;   /* figures of that name */
  const int32_t *maximize; /* [m] */
  double *f;               /* [n][m], as minimised */
  size_t n, cap;
} rrn_rivals;

struct rrn_table;
struct rrn_predictor;

typedef struct rrn_evaluation {
  const rrn_rt *rt;
  rrn_space *space;
  rrn_arena arena;      /* texts, tables */
  rramnas_hw *hw;       /* a reference; NULL = the default chip, made by prepare() */
  rramnas_net *net;     /* a reference; for spaces without network genes */
  rramnas_compile_options compile;
  rramnas_cost_options cost;
  rrn_judge *judge;     /* ours; NULL = accuracy is not known here */
  struct rrn_table *tables; /* list, the last one added first */
  struct rrn_predictor *predictors; /* likewise */

  /* after prepare(): figure j of [n_figures] */
  size_t n_figures;
  int32_t *source;  /* enum rrn_figure_source */
  int32_t *built_in; /* number of the metric */
  const struct rrn_table **from; /* table, */
  size_t *column;    /* and its column */
  const struct rrn_predictor **learned;
  int32_t needs;     /* what built-in figures need, bits of the metric table */
  rrn_rivals rivals;
} rrn_evaluation;

void rrn_evaluation_init(rrn_evaluation *e, const rrn_rt *rt, rrn_space *space);
void rrn_evaluation_release(rrn_evaluation *e);

int32_t rrn_evaluation_set_hardware(rrn_evaluation *e, rramnas_hw *hw, rramnas_error *err);
int32_t rrn_evaluation_set_net(rrn_evaluation *e, rramnas_net *net, rramnas_error *err);
int32_t rrn_evaluation_set_compile(rrn_evaluation *e, const rramnas_compile_options *compile,
                                  const rramnas_cost_options *cost, rramnas_error *err);
/* Reads the files. With a supernet, the space's networks become its members. */
int32_t rrn_evaluation_set_accuracy(rrn_evaluation *e, const rramnas_accuracy_options *options, rramnas_error *err);
int32_t rrn_evaluation_add_table(rrn_evaluation *e, const char *path, const rramnas_table_options *options,
                                rramnas_error *err);
int32_t rrn_evaluation_add_predictor(rrn_evaluation *e, const char *path, const char *figure,
                                     const rramnas_table_options *options, rramnas_predictor_quality *ret_quality,
                                     rramnas_error *err);

/* Decides where each figure comes from: a table that has it, the last one added first, then a predictor,
 * then built-in, then the caller. `names` outlive the evaluator. */
int32_t rrn_evaluation_prepare(rrn_evaluation *e, const char *const *names, size_t n, rramnas_error *err);
/* Everything besides the genome that figures depend on, so that equal digests mean equal figures. After prepare(). */
int32_t rrn_evaluation_fingerprint(const rrn_evaluation *e, rrn_fingerprint *ret_fingerprint, rramnas_error *err);

/* Figures of one canonical genome into ret_values [n_figures]: NaN for the caller's and for failed ones. ret_shortfall: 0,
 * or above 0 when the network does not fit: crossbars needed at least / crossbars - 1. Thread-safe after prepare(); uses
 * one thread. A candidate that cannot be judged (no such chip, no row) is RRAMNAS_OK with NaN; ERR_MEMORY only. */
int32_t rrn_evaluation_run(const rrn_evaluation *e, const double *x, double *ret_values, double *ret_shortfall,
                          rramnas_error *err);

/* The same once more, to say why figures that are not the caller's are missing: the error of the step that failed.
 * `names` are those of prepare(). */
int32_t rrn_evaluation_explain(const rrn_evaluation *e, const char *const *names, const double *x, double *ret_values,
                               rramnas_error *err);

/* --- whom a candidate has to beat, rivals.c --- */

/* After rrn_evaluation_prepare() with these names, of which the first m are objectives; `maximize` outlives the evaluator. ERR_ARGUMENT
 * when chips are to end by the front and cannot. */
int32_t rrn_rivals_prepare(rrn_evaluation *e, const char *const *names, const int32_t *maximize, size_t m,
                           rramnas_error *err);
/* From now on these, f [n][m] as minimised; nothing when chips do not end by them. Nobody evaluates meanwhile. */
int32_t rrn_rivals_set(rrn_evaluation *e, const double *f, size_t n, rramnas_error *err);
/* The best that those have on chips who are as good in the other objectives; nobody: 0, or 1 of accuracy_drop. */
double rrn_rivals_to_beat(const rrn_rivals *r, const double *values);
/* 1 = one is as good in all. */
int rrn_rivals_dominate(const rrn_rivals *r, const double *values);
/* Makes the rule of a candidate with that accuracy in floats stricter. */
void rrn_rivals_raise(const rrn_rivals *r, double to_beat, double digital, rrn_stop_rule *rule);
/* 1 = figures that were worked out in another generation or search become those that would be worked out now; 0 = they
 * cannot. */
int rrn_rivals_reuse(const rrn_evaluation *e, double *values);

/* --- built-in metrics, metrics.c --- */

/* SIZE_MAX when there is none of that name. */
size_t rrn_metric_find(const char *name);
/* Minimise or maximise, by the metric's own direction or by name where it is not known. */
int32_t rrn_metric_direction(const char *name);

/* --- figures on disk, cache.c --- */

typedef struct rrn_cache rrn_cache;

/* ERR_UNSUPPORTED without libsqlite3. */
int32_t rrn_cache_open(rrn_cache **ret_cache, const rrn_rt *rt, const char *path, rramnas_error *err);
void rrn_cache_close(rrn_cache *cache);
/* Names the figures and settings that get and put are about; once, before them. */
int32_t rrn_cache_prepare(rrn_cache *cache, rrn_fingerprint settings, const char *const *names, size_t n,
                          rramnas_error *err);
/* 1 and values [n], shortfall when all are there; 0; negative. One thread at a time. */
int32_t rrn_cache_get(rrn_cache *cache, rrn_fingerprint candidate, double *ret_values, double *ret_shortfall,
                      rramnas_error *err);
/* n candidates in one transaction. genome text: rrn_space_write_candidate(). */
int32_t rrn_cache_put(rrn_cache *cache, const rrn_space *space, const double *genomes, const double *values,
                      const double *shortfalls, size_t n, rramnas_error *err);

#endif
