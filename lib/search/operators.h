/* SPDX-License-Identifier: MIT */
/* Genomes and what changes them. A genome is one double per gene; categories and integers are whole numbers. */
#ifndef RRN_SEARCH_OPERATORS_H
#define RRN_SEARCH_OPERATORS_H

#include <stddef.h>

#include "util/random.h"

/* What a random stream is for, the fourth part of its name. Values are part of checkpoints. */
enum rrn_random_purpose {
  RRN_RANDOM_INITIAL = 1,
  RRN_RANDOM_VARIATION = 2,
  RRN_RANDOM_SAMPLE = 3,
  RRN_RANDOM_POLICY = 4,
  RRN_RANDOM_NICHE = 5
};

/* Values are part of checkpoints. */
enum rrn_gene_kind { RRN_GENE_CATEGORY = 0, RRN_GENE_INTEGER = 1, RRN_GENE_REAL = 2 };

/* low == high: fixed. With a parent gene the gene counts only while the parent counts and its value is greater than
 * `above`; elsewhere it holds `low`: the canonical form, the same for all genomes that mean the same. Chains of parents
 * end. */
typedef struct rrn_gene {
  int32_t kind;
  int32_t parent; /* -1 = none */
  double low, high, above;
} rrn_gene;

typedef struct rrn_genes {
  const rrn_gene *at;
  size_t n;
  int32_t conditional; /* 1: some gene has a parent */
} rrn_genes;

/* The power n of a distribution of index n - 1, made ready. */
typedef struct rrn_exponent {
  double n, rest; /* n = rest 2^halvings */
  double negligible; /* a number up to this, to the n, is nothing beside 1 */
  int halvings;
  unsigned whole; /* n; 0 when it is not whole, or large */
} rrn_exponent;

typedef struct rrn_variation {
  double gene_probability; /* a gene takes part in a crossover */
  rrn_exponent sbx, mutation;
} rrn_variation;

/* How many genes mutate, made ready. */
typedef struct rrn_rate {
  double rate;     /* of a gene */
  double log_stay; /* log2(1 - rate) */
  double none;     /* chance that no gene of a genome mutates */
} rrn_rate;

/* Indices of the distributions: 0 = flat, the greater the nearer. */
rrn_variation rrn_variation_of(double gene_probability, double sbx_eta, double mutation_eta);
rrn_rate rrn_rate_of(double rate, size_t n_genes);

/* 1 when the gene counts in genome x. */
int rrn_gene_active(const rrn_genes *genes, const double *x, size_t i);
/* Number of distinct values of a gene; infinite for reals. */
double rrn_gene_values(const rrn_gene *gene);
/* Inactive genes to `low`, -0.0 to 0.0. */
void rrn_genome_canonical(const rrn_genes *genes, double *x);
/* Every gene uniform in its range. */
void rrn_genome_uniform(const rrn_genes *genes, rrn_random *r, double *ret_x);

/* A child of a and b: simulated binary crossover for reals, exchange for categories and integers. */
void rrn_crossover(const rrn_genes *genes, const rrn_variation *v, rrn_random *r, const double *a, const double *b,
                   double *ret_child);
/* A child a + scale (b - c) in the reals, an exchange with b where b and c differ in the others. */
void rrn_differential(const rrn_genes *genes, const rrn_variation *v, rrn_random *r, double scale, const double *a,
                      const double *b, const double *c, double *ret_child);
/* Changes each active gene with the probability of `rate`: polynomial for reals and integers, another value for categories.
 * Returns the number of changed genes. */
size_t rrn_mutate(const rrn_genes *genes, const rrn_variation *v, rrn_random *r, const rrn_rate *rate, double *x);
/* Changes one gene that is free and counts, when there is one. */
void rrn_mutate_one(const rrn_genes *genes, const rrn_variation *v, rrn_random *r, double *x);
/* Draws one gene that is free and counts, when there is one, uniform from all of its range. */
void rrn_redraw_one(const rrn_genes *genes, rrn_random *r, double *x);
/* Genes that count in the child but in neither parent get a uniform value; then the canonical form. */
void rrn_wake(const rrn_genes *genes, rrn_random *r, const double *a, const double *b, double *child);

#endif
