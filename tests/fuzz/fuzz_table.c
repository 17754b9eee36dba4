/* SPDX-License-Identifier: MIT */
/* Any bytes as a table of figures, by gene, by genome and by numbers that stand for words: an error that explains itself,
 * or a table in which the last row is found again. Small tables teach a predictor, which foretells nothing beyond what
 * it has seen. */
#include <math.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "evaluate/predictor.h"
#include "space/ready.h"

enum { MOST_LEARNED = 400, MOST_FIGURES = 8 };

static const char gene_space[] = "schema: rramnas.space/1\nname: p\ngenes:\n"
                                 "  - {name: a, values: [u, v, w]}\n"
                                 "  - {name: b, integer: [-1, 4]}\n"
                                 "  - {name: c, real: [0, 2]}\n"
                                 "  - {name: d, values: [x, y], parent: b, above: 2}\n"
                                 "  - {name: e, integer: [0, 1000000]}\n";

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static int
is_explained(int32_t status, const rramnas_error *err)
{
  if (status < 0 && (err->code != status || err->message[0] == '\0'))
    abort();
  return status >= 0;
}

static int
same(double a, double b)
{
  return a == b || (isnan(a) && isnan(b));
}

static void
check_row(const struct rrn_table *t, const rrn_space *space, size_t row, double *x)
{
  size_t j;

  for (j = 0; j < t->n_genes; j++)
    x[t->genes[j]] = t->inputs[row * t->n_genes + j];
  if (rrn_space_check(space, x, NULL) < 0)
    abort();
  for (j = 0; j < t->n_figures; j++)
    if (!same(rrn_table_value(t, space, x, j), t->values[row * t->n_figures + j]))
      abort();
}

static int
is_between(const struct rrn_table *t, size_t column, double value)
{
  int below = 0, above = 0;
  size_t i;

  for (i = 0; i < t->n_rows; i++) {
    below |= t->values[i * t->n_figures + column] <= value;
    above |= t->values[i * t->n_figures + column] >= value;
  }
  return below && above;
}

static void
learn(rrn_evaluation *e, const struct rrn_table *t, size_t column, const double *x)
{
  rramnas_predictor_quality q = RRAMNAS_PREDICTOR_QUALITY_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  const struct rrn_table *from = NULL;
  size_t found = 0;

  if (!rrn_tables_find(t, t->names[column], &from, &found) || from != t)
    abort();
  if (!is_explained(rrn_predictor_learn(e, t, "fuzz.csv", t->names[column], &q, &err), &err))
    return;
  if (!(q.rank_correlation >= -1.000001 && q.rank_correlation <= 1.000001) ||
      !(q.spearman >= -1.000001 && q.spearman <= 1.000001) || !(q.rmse >= 0) || !isfinite(q.rmse) ||
      !is_between(t, found, rrn_predictor_value(rrn_predictors_find(e->predictors, t->names[column]), x)))
    abort();
}

static void
try_table(const rrn_rt *rt, rrn_space *space, const char *key, const char *order, const char *columns,
          const char *data, size_t size)
{
  rramnas_table_options o = RRAMNAS_TABLE_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  struct rrn_table *t = NULL;
  double x[RRN_SPACE_MOST_GENES];
  rrn_evaluation e;
  size_t i;

  o.key = key;
  o.order = order;
  o.columns = columns;
  rrn_evaluation_init(&e, rt, space);
  if (is_explained(rrn_table_parse(&e, data, size, "fuzz.csv", &o, &t, &err), &err)) {
    for (i = 0; i < space->n; i++)
      x[i] = space->core[i].low;
    if (t->n_rows > 0)
      check_row(t, space, t->n_rows - 1, x);
    for (i = 0; i < t->n_figures && i < MOST_FIGURES && t->n_rows <= MOST_LEARNED; i++)
      learn(&e, t, i, x);
  }
  rrn_evaluation_release(&e);
}

/* Both spaces live as long as the process. */
static void
make_spaces(const rrn_rt *rt, rrn_space *genes, rrn_space *cells)
{
  rrn_space_init(genes, rt);
  rrn_space_init(cells, rt);
  if (rrn_space_read(genes, gene_space, sizeof(gene_space) - 1, "space.yaml", NULL) < 0 ||
      rrn_space_ready(cells, "nas-bench-201", NULL) < 0)
    abort();
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
  static rrn_space genes, cells;
  static rrn_rt rt;
  const char *text = (const char *)data;

  if (genes.n == 0) {
    if (rrn_rt_init(&rt, NULL, NULL) < 0)
      abort();
    make_spaces(&rt, &genes, &cells);
  }
  try_table(&rt, &genes, NULL, NULL, NULL, text, size);
  try_table(&rt, &genes, NULL, NULL, "accuracy=score,loss=c", text, size);
  try_table(&rt, &genes, "genome", "e,b,a", NULL, text, size);
  try_table(&rt, &cells, NULL, NULL, NULL, text, size);
  try_table(&rt, &cells, "architecture:skip_connect,none,nor_conv_3x3,nor_conv_1x1,avg_pool_3x3", NULL, NULL, text, size);
  return 0;
}
