/* SPDX-License-Identifier: MIT */
/* A guess at objectives before they are evaluated. */
#ifndef RRN_SEARCH_SCREEN_H
#define RRN_SEARCH_SCREEN_H

#include "search/operators.h"
#include "util/runtime.h"

typedef struct rrn_screen {
  const rrn_rt *rt;
  size_t m, n_features; /* one per value of a discrete gene, then a constant */
  double *weights;      /* [m][n_features] */
  uint32_t *first;      /* [genes]: feature of a gene's smallest value; UINT32_MAX for reals */
} rrn_screen;

/* Genes of more than 4096 values count as real. ERR_MEMORY. */
int32_t rrn_screen_init(rrn_screen *s, const rrn_rt *rt, const rrn_genes *genes, size_t m, rramnas_error *err);
void rrn_screen_release(rrn_screen *s);
/* Takes in the finite objectives f[m] of genome x. */
void rrn_screen_learn(rrn_screen *s, const rrn_genes *genes, const double *x, const double *f);
void rrn_screen_guess(const rrn_screen *s, const rrn_genes *genes, const double *x, double *ret_f);

#endif
