/* SPDX-License-Identifier: MIT */
/* A search as a machine: ask for a generation of genomes, tell what they are worth. Whoever evaluates, in whatever
 * order and on however many threads, the state after tell() is the same. */
#ifndef RRN_SEARCH_STRATEGY_H
#define RRN_SEARCH_STRATEGY_H

#include "search/archive.h"
#include "search/operators.h"
#include "search/screen.h"
#include "search/seen.h"
#include "util/arena.h"

enum { RRN_MOST_OBJECTIVES = 64 };

/* Values are part of checkpoints. */
enum rrn_strategy_kind {
  RRN_STRATEGY_NSGA2 = 0,
  RRN_STRATEGY_RANDOM = 1,
  RRN_STRATEGY_REINFORCE = 2,
  RRN_STRATEGY_ENUMERATE = 3
};

/* Zero = the default in brackets. */
typedef struct rrn_strategy_options {
  uint64_t seed;
  int32_t kind;            /* enum rrn_strategy_kind */
  int32_t thinning;        /* enum rrn_thinning */
  size_t n_objectives;     /* minimised, at least 1 */
  size_t population;       /* [100] */
  size_t offspring;        /* genomes per generation after the first [population] */
  size_t archive_capacity; /* [unbounded] */
  double gene_probability; /* [0.5] */
  double sbx_eta;          /* [15] */
  double mutation_eta;     /* [20] */
  double learning_rate;    /* reinforce [0.1] */
  int32_t fixed_rates;     /* 1: crossover 0.9 and mutation 1 / genes throughout, parents by tournament */
} rrn_strategy_options;

/* A choice between ways to make a child, by how often each has led to a survivor. */
enum { RRN_ARMS = 4 };

typedef struct rrn_choice_state {
  double quality[RRN_ARMS];
} rrn_choice_state;

typedef struct rrn_strategy {
  const rrn_rt *rt;
  rrn_strategy_options options;
  rrn_genes genes;
  size_t n_free;       /* genes that can change */
  uint32_t generation; /* number of tells */
  int32_t asked;       /* 1: a generation is out */

  /* Members, then the generation that is out: rows 0 .. n, n .. n + n_asked. */
  size_t n, n_asked, n_planted, cap;
  double *genomes; /* [cap][genes.n] */
  double *f;       /* [cap][n_objectives] */
  double *cv;      /* [cap]; infinite = the evaluation failed */
  uint32_t *rank;  /* [cap] */
  double *crowding; /* [cap] */
  uint8_t *ways;   /* [cap]: how a child was made, two bits per choice */

  rrn_choice_state recombine, mutate, source, screening;
  rrn_screen screen;
  double *policy;  /* reinforce: [sum of gene values], preferences */
  double baseline; /* reinforce */
  double *cursor;  /* enumerate: [genes.n], the genome to come; the first gene is above its range when there is none */
  rrn_seen seen;
  rrn_archive archive; /* payload: the genome */
  rrn_arena scratch;
} rrn_strategy;

/* Keeps `rt` and `genes` (which the caller keeps alive). ERR_ARGUMENT names what is wrong with a gene or an option. */
int32_t rrn_strategy_create(rrn_strategy *ret_s, const rrn_rt *rt, const rrn_genes *genes,
                            const rrn_strategy_options *options, rramnas_error *err);
void rrn_strategy_release(rrn_strategy *s);

/* Before the first ask: canonical genomes that the first generation begins with; one that is there already is left out. */
int32_t rrn_strategy_plant(rrn_strategy *s, const double *genomes, size_t n, rramnas_error *err);
/* The next generation, genomes in canonical form, none of which was asked for before. Asking again before tell()
 * gives the same. *ret_n = 0: nothing new is to be found. After ERR_MEMORY of ask or tell the strategy can only be
 * released. */
int32_t rrn_strategy_ask(rrn_strategy *s, const double **ret_genomes, size_t *ret_n, rramnas_error *err);
/* f[n][n_objectives] and cv[n] (NULL = all feasible) of what was asked, in its order. A NaN marks a failed
 * evaluation. */
int32_t rrn_strategy_tell(rrn_strategy *s, const double *f, const double *cv, rramnas_error *err);

/* --- the strategies: make s->n_asked children behind the members; take the told generation in --- */

int32_t rrn_nsga2_ask(rrn_strategy *s, size_t wanted, rramnas_error *err);
int32_t rrn_nsga2_tell(rrn_strategy *s, rramnas_error *err);
int32_t rrn_random_ask(rrn_strategy *s, size_t wanted, rramnas_error *err);
int32_t rrn_reinforce_ask(rrn_strategy *s, size_t wanted, rramnas_error *err);
int32_t rrn_reinforce_tell(rrn_strategy *s, rramnas_error *err);
void rrn_enumerate_start(rrn_strategy *s);
void rrn_enumerate_ask(rrn_strategy *s, size_t wanted);

/* Makes the canonical genome x new: changes a gene at a time while it was seen before, at last any new genome. 1 =
 * new and remembered, 0 = none was found, negative = ERR_MEMORY. */
int32_t rrn_strategy_claim(rrn_strategy *s, rrn_random *r, double *x, rramnas_error *err);

#endif
