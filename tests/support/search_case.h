/* SPDX-License-Identifier: MIT */
/* A small search whose figures anyone can work out: genes of every kind, one that does not always count, a rule, a
 * constraint, candidates that fail. Two objectives that pull against each other, one of them maximised. */
#ifndef RRAMNAS_TESTS_SEARCH_CASE_H
#define RRAMNAS_TESTS_SEARCH_CASE_H

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "rramnas/rramnas.h"

enum { CASE_GENES = 6, CASE_FIGURES = 3 };

static inline int32_t
case_add_genes(rramnas_search *s, rramnas_error *err)
{
  static const char *const names[CASE_GENES] = { "depth", "width", "kernel", "scale", "extra", "shape" };
  static const char *const labels[] = { "plain", "wide", "deep" };
  static const double high[CASE_GENES] = { 9, 15, 7, 1, 5, 0 };
  int32_t status = RRAMNAS_OK;
  size_t i;

  for (i = 0; i < CASE_GENES && status >= 0; i++) {
    rramnas_gene g = RRAMNAS_GENE_INIT;

    g.name = names[i];
    g.high = high[i];
    g.kind = i == 3 ? RRAMNAS_GENE_REAL : i == 5 ? RRAMNAS_GENE_CATEGORY : RRAMNAS_GENE_INTEGER;
    if (i == 4) {
      g.parent = "depth";
      g.above = 4;
    }
    if (i == 5) {
      g.labels = labels;
      g.n_labels = 3;
    }
    status = rramnas_search_add_gene(s, &g, err);
  }
  return status;
}

/* One whose gene "kernel" is 3 beside a plain shape fails. */
static inline void
case_figures(const double *x, double *values)
{
  const double gain = x[0] * 3 + x[1] + x[3] + x[5], price = x[0] * x[0] + x[1] * x[2] + x[4] + 2 * x[3] * x[3];

  values[0] = gain - 0.25 * x[2];
  values[1] = price + 1;
  values[2] = x[1] + x[2];
  if (x[2] == 3 && x[5] == 0)
    values[0] = NAN;
}

static inline int32_t
case_evaluate(void *user, const rramnas_batch *batch)
{
  size_t i;

  if (user)
    *(int64_t *)user += (int64_t)batch->n;
  for (i = 0; i < batch->n; i++)
    case_figures(batch->genomes + i * CASE_GENES, batch->values + i * CASE_FIGURES);
  return 0;
}

/* A session that is ready to start; `history` and `count` may be NULL. */
static inline int32_t
case_create(const rramnas_runtime *runtime, const char *history, int64_t *count, rramnas_search **ret_search,
            rramnas_error *err)
{
  rramnas_search *s = NULL;
  int32_t status;

  if ((status = rramnas_search_create(runtime, &s, err)) < 0 || (status = case_add_genes(s, err)) < 0 ||
      (status = rramnas_search_add_rule(s, "depth + width <= 18", err)) < 0 ||
      (status = rramnas_search_add_objective(s, "gain", RRAMNAS_MAXIMIZE, err)) < 0 ||
      (status = rramnas_search_add_objective(s, "price", RRAMNAS_MINIMIZE, err)) < 0 ||
      (status = rramnas_search_add_constraint(s, "sum <= 18", err)) < 0 ||
      (status = rramnas_search_set_evaluate(s, case_evaluate, count, err)) < 0 ||
      (history && (status = rramnas_search_set_history_file(s, history, err)) < 0)) {
    rramnas_search_unref(s);
    return status;
  }
  *ret_search = s;
  return RRAMNAS_OK;
}

/* Genomes and figures of the front as bytes; not 0 = failed. */
static inline int
case_write_front(const rramnas_search *s, const char *path)
{
  FILE *file = fopen(path, "wb");
  size_t i;

  for (i = 0; file && i < rramnas_search_front_count(s); i++) {
    double row[CASE_GENES + CASE_FIGURES];

    rramnas_search_front(s, i, row, row + CASE_GENES);
    fwrite(row, sizeof(row), 1, file);
  }
  return file ? fclose(file) : -1;
}

#endif
