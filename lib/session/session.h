/* SPDX-License-Identifier: MIT */
/* The search session: problem, strategy, results told so far. The files of this folder share this struct. */
#ifndef RRN_SESSION_SESSION_H
#define RRN_SESSION_SESSION_H

#include <stdatomic.h>

#include "evaluate/evaluate.h"
#include "search/strategy.h"
#include "space/space.h"
#include "util/bytes.h"

/* METRIC <= bound or METRIC >= bound. */
typedef struct rrn_constraint {
  size_t figure;
  double bound;
  int32_t at_least; /* 1: >= */
} rrn_constraint;

/* Where a candidate of the generation that is out stands. Values are part of checkpoints. */
enum rrn_candidate_state {
  RRN_CANDIDATE_WAITS = 0, /* not given out yet */
  RRN_CANDIDATE_OUT = 1,   /* given out */
  RRN_CANDIDATE_TOLD = 2   /* its figures are known; or it breaks a rule and is never given out */
};

/* Of enum rramnas_fate: what became of a candidate, as the history has it in words. */
enum { RRN_N_FATES = RRAMNAS_FATE_FAILED + 1 };

/* Figures that tell of the chips that were tried. */
enum { RRN_N_OF_CHIPS = 2 };

typedef struct rrn_history rrn_history;

struct rramnas_search {
  rrn_rt rt;
  atomic_int references;
  atomic_int stop; /* set by rramnas_search_stop() */
  rrn_arena arena; /* texts of figures */
  rrn_space space;
  rrn_evaluation evaluator;

  /* the problem: figures are the objectives, then what only constraints name */
  const char **figures;  /* [n_figures] */
  int32_t *maximize;     /* [n_objectives] */
  size_t n_figures, cap_figures, n_objectives;
  int32_t ours[RRN_N_OF_CHIPS]; /* 1 = a figure of chips that stop_dominated brought */
  rrn_constraint *constraints;
  size_t n_constraints, cap_constraints;
  rramnas_evaluate_fn evaluate;
  void *evaluate_user;
  rrn_cache *cache;
  const char *history_path;

  /* the course, after start */
  int32_t started;
  rrn_fingerprint settings; /* of the evaluator */
  rrn_strategy_options options;
  rrn_genes genes;
  rrn_strategy strategy;
  rrn_history *history;
  double *reference;      /* [n_objectives], of the hypervolume, objectives as minimised; NULL until known */
  int32_t reference_given;
  rrn_archive front;      /* payload: genome, then figures; in the sense of the caller */

  /* the generation that is out, by place in it; rules broken and figures told */
  const double *genomes;  /* the strategy's, [n_out][genes] */
  size_t n_out, cap_out;
  uint8_t *state;         /* enum rrn_candidate_state */
  uint8_t *broke;         /* [n_out]: 1 = it breaks a rule */
  double *values;         /* [n_out][n_figures] */
  double *shortfall;      /* [n_out]: rules broken, crossbars short; 0 = none */
  double *f, *cv;         /* for the strategy */
  size_t n_settled;       /* the first so many are in the front, the history and the counts */
  size_t n_next;          /* where to look for one that waits */
  int64_t first_id;       /* of place 0 */

  /* counts; what of the generation is settled included */
  int64_t evaluations, failed, infeasible, cached, stagnant;
  double *first[RRN_N_FATES]; /* the first that became so since the session began or was resumed; NULL = none yet */
  double hypervolume;
  int32_t exhausted;
  int32_t idle; /* generations, up to this one, of which all broke rules */
  int32_t lost; /* 1: a generation failed halfway; results can be read, no more */
  double seconds, rate, seconds_left; /* of runs */
};

/* --- ask_tell.c --- */

/* By how much a constraint is broken, relative to its bound; 0 = not, or the figure is NaN. */
double rrn_session_broken(const rrn_constraint *c, const double *values);

/* ERR_ARGUMENT unless the search has begun and can go on. */
int32_t rrn_session_check(const rramnas_search *s, const char *who, rramnas_error *err);
/* Sees to it that a generation is out, of which all may break rules: s->exhausted = 1 when there is none. */
int32_t rrn_session_generation(rramnas_search *s, rramnas_error *err);
/* Settles what is known up to the first that is not; the generation ends with its last candidate. */
int32_t rrn_session_settle(rramnas_search *s, rramnas_error *err);
/* Figures of the candidate at that place; settles what can be. */
int32_t rrn_session_tell(rramnas_search *s, size_t place, const double *values, double shortfall, rramnas_error *err);
/* Candidates whose figures are known: the settled ones, and those that wait for one before them. */
int64_t rrn_session_known(const rramnas_search *s);
/* Room for the generation; after loading a checkpoint, too. */
int32_t rrn_session_reserve(rramnas_search *s, rramnas_error *err);

/* --- explain.c --- */

/* Remembers the first of each. */
int32_t rrn_session_note(rramnas_search *s, int32_t fate, const double *genome, rramnas_error *err);

/* --- rivals.c --- */

/* When a generation begins: the front by which its candidates' chips may end. */
int32_t rrn_session_keep_front(rramnas_search *s, rramnas_error *err);
/* The same in a checkpoint, of a session that ends chips by it. */
int32_t rrn_session_walk_front(rrn_bytes *b, rramnas_search *s, rramnas_error *err);

/* --- figures.c --- */

/* Threads for built-in figures: as wanted, 0 = the runtime's or all cores. */
int32_t rrn_session_threads(const rramnas_search *s, int32_t wanted);
/* Whether somebody supplies each figure. */
int32_t rrn_session_supplied(const rramnas_search *s, rramnas_error *err);
/* The caller's figures of canonical genomes; nothing when there are none. */
int32_t rrn_session_ask_caller(const rramnas_search *s, const double *genomes, size_t n, double *values,
                               rramnas_error *err);

/* --- candidate.c --- */

/* A canonical copy that the caller frees. */
int32_t rrn_session_genome(const rramnas_search *s, const double *genome, double **ret_copy, rramnas_error *err);

/* --- problem.c --- */

/* What start and resume have in common: the evaluator, the cache and all sizes; nothing random. */
int32_t rrn_session_prepare(rramnas_search *s, const rramnas_search_options *options, rramnas_error *err);

/* --- history.c --- */

/* Opens the history for what comes: offset 0 = a new file with its first line, else the file is cut to this length. */
int32_t rrn_history_open(rrn_history **ret_history, const rramnas_search *s, uint64_t offset, rramnas_error *err);
void rrn_history_close(rrn_history *h);
/* A row for the candidate at `place` of the generation. */
int32_t rrn_history_add(rrn_history *h, const rramnas_search *s, size_t place, int32_t fate, double violation,
                        rramnas_error *err);
/* Everything to the file; its length. */
int32_t rrn_history_flush(rrn_history *h, uint64_t *ret_offset, rramnas_error *err);

/* --- checkpoint.c --- */

int32_t rrn_checkpoint_save(rramnas_search *s, const char *path, rramnas_error *err);
/* From the bytes of a file called `name`. */
int32_t rrn_checkpoint_read(rramnas_search *s, const uint8_t *data, size_t size, const char *name, rramnas_error *err);
int32_t rrn_checkpoint_load(rramnas_search *s, const char *path, rramnas_error *err);

#endif
