/* SPDX-License-Identifier: MIT */
/* Figures from CSV files, by canonical genome. */
#ifndef RRN_EVALUATE_TABLE_H
#define RRN_EVALUATE_TABLE_H

#include <xxhash.h>

#include "evaluate/evaluate.h"

struct rrn_table {
  struct rrn_table *next;
  size_t *genes;       /* [n_genes] of the key */
  size_t n_genes;
  const char **names;  /* [n_figures] */
  size_t *columns;     /* [n_figures] */
  uint8_t *deviation;  /* [n_figures]: 1 = the number behind the sign */
  size_t n_figures;
  double *values;      /* [n_rows][n_figures] */
  double *inputs;      /* [n_rows][n_genes]: canonical values of the key's genes */
  size_t n_rows;
  rrn_fingerprint *keys; /* [mask + 1] */
  uint32_t *rows;        /* [mask + 1] */
  size_t mask;
};

/* Reads a file into the evaluator's arena. */
int32_t rrn_table_read(rrn_evaluation *e, const char *path, const rramnas_table_options *options,
                       struct rrn_table **ret_table, rramnas_error *err);
/* The same from the text of a file called `name`. */
int32_t rrn_table_parse(rrn_evaluation *e, const char *data, size_t size, const char *name,
                        const rramnas_table_options *options, struct rrn_table **ret_table, rramnas_error *err);
/* The table that has a figure of this name, the last one added first, and its column; 0 = none. */
int rrn_tables_find(const struct rrn_table *tables, const char *figure, const struct rrn_table **ret_table,
                    size_t *ret_column);
/* NaN without a row or a number. */
double rrn_table_value(const struct rrn_table *table, const rrn_space *space, const double *x, size_t column);
/* All that the values depend on. */
void rrn_tables_hash(const struct rrn_table *tables, XXH3_state_t *state);

#endif
