/* SPDX-License-Identifier: MIT */
/* A figure learned from a table: ridge regression on the values of genes.
 *
 * In:  rows of genome and figure.
 * Out: the figure of any genome; how well unseen rows are ranked.
 *
 * Features: for every gene of few values an indicator of each, for others the value and its square, scaled to [-1, 1];
 * nothing for genes that do not count. Where there are rows enough (four for each feature), products of indicators of two
 * genes as well. The weights minimise squared errors plus lambda times their squares; the mean is not shrunk. Lambda is
 * the one of six powers of ten that is best in 10-fold cross-validation (row i is in fold i mod 10), and quality is that of
 * these predictions of left-out rows. No figure beyond those of the rows is predicted.
 *
 * Complexity: rows * (features that are on)^2 + 60 features^3 / 6. Sums run in the order of rows, with + - * / and sqrt
 * only: the same bytes everywhere. Not for: figures that depend on three genes at once; tables of thousands of features.
 * Source: Hoerl and Kennard, Technometrics 12, 1970. */
#include "evaluate/predictor.h"

#include <math.h>
#include <string.h>

#include "search/order.h"

enum { FOLDS = 10, LAMBDAS = 6, FEWEST_ROWS = 20, MOST_FEATURES = 640, MOST_VALUES = 64, MOST_RANKED = 20000 };

static const double lambdas[LAMBDAS] = { 0.001, 0.01, 0.1, 1, 10, 100 };

struct rrn_predictor {
  struct rrn_predictor *next;
  const char *figure;
  const rrn_gene *core; /* the space's */
  const size_t *genes;  /* [n_genes] of the key */
  size_t n_genes;
  uint8_t *in_key;      /* [genes of the space] */
  size_t *first;        /* [n_genes]: feature of the lowest value, or of the value */
  size_t *n_values;     /* [n_genes]; 0 = scaled value and square */
  size_t *pairs;        /* [n_genes][n_genes]: first feature of the products; SIZE_MAX = none */
  size_t n_features;
  double *weights;      /* [n_features] */
  double mean;
  double least, most;   /* figures that were seen: none beyond is predicted */
};

typedef struct trainer {
  struct rrn_predictor *p;
  const struct rrn_table *t;
  size_t column;
  size_t *rows;      /* [n]: with a number */
  size_t n;
  double *x;         /* [genes of the space] */
  size_t *on;        /* [n_features]: features of a row, and */
  double *amount;    /* [n_features]: by how much */
  size_t n_on;
  double *all, *some, *factor; /* [d][d] */
  double *all_b, *some_b, *w;  /* [d] */
  double *guesses;   /* [LAMBDAS][n] */
} trainer;

/* --- features --- */

/* Parents that the key does not have are taken to let the gene count. */
static int
counts(const struct rrn_predictor *p, const double *x, size_t gene)
{
  int32_t parent;

  for (; (parent = p->core[gene].parent) >= 0; gene = (size_t)parent)
    if (p->in_key[parent] && !(x[parent] > p->core[gene].above))
      return 0;
  return 1;
}

static void
turn_on(size_t *on, double *amount, size_t *n, size_t feature, double by)
{
  on[*n] = feature;
  amount[(*n)++] = by;
}

/* The features of a genome that are not 0; returns how many. */
static size_t
features_of(const struct rrn_predictor *p, const double *x, size_t *on, double *amount)
{
  size_t n = 0, i, k;

  for (i = 0; i < p->n_genes; i++) {
    const size_t gene = p->genes[i];
    const rrn_gene *g = &p->core[gene];
    const double range = g->high > g->low ? g->high - g->low : 1, scaled = 2 * (x[gene] - g->low) / range - 1;

    if (!counts(p, x, gene))
      continue;
    if (p->n_values[i] == 0) {
      turn_on(on, amount, &n, p->first[i], scaled);
      turn_on(on, amount, &n, p->first[i] + 1, scaled * scaled);
      continue;
    }
    turn_on(on, amount, &n, p->first[i] + (size_t)(x[gene] - g->low), 1);
    for (k = 0; k < i; k++)
      if (p->pairs[k * p->n_genes + i] != SIZE_MAX && counts(p, x, p->genes[k]))
        turn_on(on, amount, &n,
                p->pairs[k * p->n_genes + i] +
                  (size_t)(x[p->genes[k]] - p->core[p->genes[k]].low) * p->n_values[i] + (size_t)(x[gene] - g->low), 1);
  }
  return n;
}

static size_t
number_genes(struct rrn_predictor *p)
{
  size_t i, n = 0;

  for (i = 0; i < p->n_genes; i++) {
    const double values = rrn_gene_values(&p->core[p->genes[i]]);

    p->n_values[i] = p->core[p->genes[i]].kind == RRN_GENE_REAL || values > MOST_VALUES ? 0 : (size_t)values;
    p->first[i] = n;
    n += p->n_values[i] ? p->n_values[i] : 2;
  }
  return n;
}

/* Products of two genes, as far as rows are enough for all of them. */
static void
number_pairs(struct rrn_predictor *p, size_t rows)
{
  size_t i, k, n = p->n_features, end;

  for (i = 0; i < p->n_genes * p->n_genes; i++)
    p->pairs[i] = SIZE_MAX;
  for (i = 0, end = n; i < p->n_genes; i++)
    for (k = 0; k < i; k++)
      end += p->n_values[k] * p->n_values[i];
  if (end > MOST_FEATURES || 4 * end > rows)
    return;
  for (i = 0; i < p->n_genes; i++)
    for (k = 0; k < i; k++)
      if (p->n_values[k] > 0 && p->n_values[i] > 0) {
        p->pairs[k * p->n_genes + i] = n;
        n += p->n_values[k] * p->n_values[i];
      }
  p->n_features = n;
}

/* --- normal equations --- */

static void
load_row(trainer *t, size_t row)
{
  size_t i;

  for (i = 0; i < t->p->n_genes; i++)
    t->x[t->p->genes[i]] = t->t->inputs[row * t->p->n_genes + i];
  t->n_on = features_of(t->p, t->x, t->on, t->amount);
}

static double
target(const trainer *t, size_t i)
{
  return t->t->values[t->rows[i] * t->t->n_figures + t->column];
}

/* Adds the rows of one fold, or of all (-1), to a matrix (lower half) and a right side. */
static void
accumulate(trainer *t, int fold, double mean, double *matrix, double *side)
{
  const size_t d = t->p->n_features;
  size_t i, a, b;

  memset(matrix, 0, d * d * sizeof(*matrix));
  memset(side, 0, d * sizeof(*side));
  for (i = 0; i < t->n; i++) {
    if (fold >= 0 && i % FOLDS != (size_t)fold)
      continue;
    load_row(t, t->rows[i]);
    for (a = 0; a < t->n_on; a++) {
      side[t->on[a]] += t->amount[a] * (target(t, i) - mean);
      for (b = 0; b <= a; b++) {
        const size_t high = t->on[a] > t->on[b] ? t->on[a] : t->on[b], low = t->on[a] + t->on[b] - high;

        matrix[high * d + low] += t->amount[a] * t->amount[b];
      }
    }
  }
}

/* Cholesky's factor of matrix + lambda, then two triangular systems. */
static void
solve(trainer *t, const double *matrix, const double *side, double lambda)
{
  const size_t d = t->p->n_features;
  double *l = t->factor, *w = t->w;
  size_t i, j, k;

  for (i = 0; i < d; i++)
    for (j = 0; j <= i; j++) {
      double sum = matrix[i * d + j] + (i == j ? lambda : 0);

      for (k = 0; k < j; k++)
        sum -= l[i * d + k] * l[j * d + k];
      l[i * d + j] = i == j ? sqrt(sum > lambda * 1e-9 ? sum : lambda * 1e-9) : sum / l[j * d + j];
    }
  for (i = 0; i < d; i++) {
    w[i] = side[i];
    for (k = 0; k < i; k++)
      w[i] -= l[i * d + k] * w[k];
    w[i] /= l[i * d + i];
  }
  for (i = d; i-- > 0;) {
    for (k = i + 1; k < d; k++)
      w[i] -= l[k * d + i] * w[k];
    w[i] /= l[i * d + i];
  }
}

static double
guess(const double *weights, double mean, const size_t *on, const double *amount, size_t n)
{
  double sum = mean;
  size_t i;

  for (i = 0; i < n; i++)
    sum += weights[on[i]] * amount[i];
  return sum;
}

static double
mean_of(const trainer *t, int fold)
{
  double sum = 0;
  size_t i, n = 0;

  for (i = 0; i < t->n; i++)
    if (fold < 0 || i % FOLDS != (size_t)fold) {
      sum += target(t, i);
      n++;
    }
  return n ? sum / (double)n : 0;
}

/* Guesses of the fold's rows by weights that have not seen them, for each lambda. */
static void
cross_validate(trainer *t, int fold)
{
  const size_t d = t->p->n_features;
  const double mean = mean_of(t, fold);
  size_t i;
  int l;

  accumulate(t, -1, mean, t->all, t->all_b);
  accumulate(t, fold, mean, t->some, t->some_b);
  for (i = 0; i < d * d; i++)
    t->all[i] -= t->some[i];
  for (i = 0; i < d; i++)
    t->all_b[i] -= t->some_b[i];
  for (l = 0; l < LAMBDAS; l++) {
    solve(t, t->all, t->all_b, lambdas[l]);
    for (i = (size_t)fold; i < t->n; i += FOLDS) {
      load_row(t, t->rows[i]);
      t->guesses[(size_t)l * t->n + i] = guess(t->w, mean, t->on, t->amount, t->n_on);
    }
  }
}

static double
rmse(const trainer *t, int l)
{
  double sum = 0;
  size_t i;

  for (i = 0; i < t->n; i++) {
    const double error = t->guesses[(size_t)l * t->n + i] - target(t, i);

    sum += error * error;
  }
  return sqrt(sum / (double)t->n);
}

static void
set_range(trainer *t)
{
  size_t i;

  t->p->least = t->p->most = target(t, 0);
  for (i = 1; i < t->n; i++) {
    const double y = target(t, i);

    t->p->least = y < t->p->least ? y : t->p->least;
    t->p->most = y > t->p->most ? y : t->p->most;
  }
}

/* --- quality --- */

static int
sign_of(double x)
{
  return (x > 0) - (x < 0);
}

/* Kendall's tau-b: pairs in the same order less those in the other, over the geometric mean of pairs without a tie. */
static double
kendall(const trainer *t, const double *guesses)
{
  const size_t n = t->n < MOST_RANKED ? t->n : MOST_RANKED;
  int64_t agree = 0, in_guesses = 0, in_targets = 0;
  size_t i, k;

  for (i = 0; i < n; i++)
    for (k = 0; k < i; k++) {
      const int a = sign_of(guesses[i] - guesses[k]), b = sign_of(target(t, i) - target(t, k));

      agree += a * b;
      in_guesses += a != 0;
      in_targets += b != 0;
    }
  return in_guesses && in_targets ? (double)agree / (sqrt((double)in_guesses) * sqrt((double)in_targets)) : 0;
}

/* Ranks, equal values sharing the mean of theirs. */
static void
rank(rrn_key *keys, rrn_key *scratch, size_t n, double *ret_ranks)
{
  size_t i, k, end;

  rrn_order(keys, scratch, n);
  for (i = 0; i < n; i = end) {
    for (end = i + 1; end < n && keys[end].key == keys[i].key; end++)
      ;
    for (k = i; k < end; k++)
      ret_ranks[keys[k].index] = (double)(i + end - 1) / 2;
  }
}

/* Spearman's rho: correlation of ranks. */
static double
spearman(const trainer *t, const double *guesses, rrn_key *keys, double *ranks)
{
  const double middle = ((double)t->n - 1) / 2;
  double ab = 0, aa = 0, bb = 0;
  size_t i;

  for (i = 0; i < t->n; i++)
    keys[i] = (rrn_key){ rrn_key_of(guesses[i]), i };
  rank(keys, keys + t->n, t->n, ranks);
  for (i = 0; i < t->n; i++)
    keys[i] = (rrn_key){ rrn_key_of(target(t, i)), i };
  rank(keys, keys + t->n, t->n, ranks + t->n);
  for (i = 0; i < t->n; i++) {
    const double a = ranks[i] - middle, b = ranks[t->n + i] - middle;

    ab += a * b;
    aa += a * a;
    bb += b * b;
  }
  return aa > 0 && bb > 0 ? ab / sqrt(aa) / sqrt(bb) : 0;
}

/* --- training --- */

static int32_t
choose_rows(trainer *t, rrn_arena *arena, const char *path, rramnas_error *err)
{
  size_t i;

  t->rows = rrn_arena_alloc(arena, t->t->n_rows + 1, sizeof(*t->rows));
  if (!t->rows)
    return rrn_fail_memory(err);
  for (i = 0; i < t->t->n_rows; i++)
    if (isfinite(t->t->values[i * t->t->n_figures + t->column]))
      t->rows[t->n++] = i;
  RRN_FAIL_IF(t->n < FEWEST_ROWS, err, RRAMNAS_ERR_RANGE, "%.300s: has %zu rows with a number, expected %d or more", path,
              t->n, (int)FEWEST_ROWS);
  return RRAMNAS_OK;
}

static int32_t
set_features(trainer *t, const rrn_space *space, rrn_arena *arena, rramnas_error *err)
{
  struct rrn_predictor *p = t->p;
  size_t i;

  p->core = space->core;
  p->genes = t->t->genes;
  p->n_genes = t->t->n_genes;
  p->in_key = rrn_arena_alloc(arena, space->n + 1, 1);
  p->first = rrn_arena_alloc(arena, p->n_genes, sizeof(*p->first));
  p->n_values = rrn_arena_alloc(arena, p->n_genes, sizeof(*p->n_values));
  p->pairs = rrn_arena_alloc(arena, p->n_genes * p->n_genes, sizeof(*p->pairs));
  if (!p->in_key || !p->first || !p->n_values || !p->pairs)
    return rrn_fail_memory(err);
  for (i = 0; i < p->n_genes; i++)
    p->in_key[p->genes[i]] = 1;
  p->n_features = number_genes(p);
  RRN_FAIL_IF(p->n_features > MOST_FEATURES, err, RRAMNAS_ERR_LIMIT, "the genes have %zu values in all, a predictor takes %d",
              p->n_features, (int)MOST_FEATURES);
  number_pairs(p, t->n);
  p->weights = rrn_arena_alloc(arena, p->n_features, sizeof(*p->weights));
  return p->weights ? RRAMNAS_OK : rrn_fail_memory(err);
}

static int32_t
reserve(trainer *t, const rrn_space *space, rrn_arena *scratch, rramnas_error *err)
{
  const size_t d = t->p->n_features, most_on = t->p->n_genes * (t->p->n_genes + 1) + 2;

  t->x = rrn_arena_alloc(scratch, space->n + 1, sizeof(*t->x));
  t->on = rrn_arena_alloc(scratch, most_on, sizeof(*t->on));
  t->amount = rrn_arena_alloc(scratch, most_on, sizeof(*t->amount));
  t->all = rrn_arena_alloc(scratch, d * d, sizeof(*t->all));
  t->some = rrn_arena_alloc(scratch, d * d, sizeof(*t->some));
  t->factor = rrn_arena_alloc(scratch, d * d, sizeof(*t->factor));
  t->all_b = rrn_arena_alloc(scratch, d, sizeof(*t->all_b));
  t->some_b = rrn_arena_alloc(scratch, d, sizeof(*t->some_b));
  t->w = rrn_arena_alloc(scratch, d, sizeof(*t->w));
  t->guesses = rrn_arena_alloc(scratch, LAMBDAS * t->n, sizeof(*t->guesses));
  return t->x && t->on && t->amount && t->all && t->some && t->factor && t->all_b && t->some_b && t->w && t->guesses
           ? RRAMNAS_OK
           : rrn_fail_memory(err);
}

static int32_t
measure(trainer *t, int best, rrn_arena *scratch, rramnas_predictor_quality *ret_quality, rramnas_error *err)
{
  const double *guesses = t->guesses + (size_t)best * t->n;
  rrn_key *keys = rrn_arena_alloc(scratch, 2 * t->n, sizeof(*keys));
  double *ranks = rrn_arena_alloc(scratch, 2 * t->n, sizeof(*ranks));

  if (!keys || !ranks)
    return rrn_fail_memory(err);
  ret_quality->rows = (int64_t)t->n;
  ret_quality->rank_correlation = kendall(t, guesses);
  ret_quality->spearman = spearman(t, guesses, keys, ranks);
  ret_quality->rmse = rmse(t, best);
  return RRAMNAS_OK;
}

static int32_t
train(trainer *t, const rrn_space *space, rrn_arena *scratch, rramnas_predictor_quality *ret_quality, rramnas_error *err)
{
  int fold, l, best = 0;

  RRN_TRY(reserve(t, space, scratch, err));
  for (fold = 0; fold < FOLDS; fold++)
    cross_validate(t, fold);
  for (l = 1; l < LAMBDAS; l++)
    best = rmse(t, l) < rmse(t, best) ? l : best;
  RRN_TRY(measure(t, best, scratch, ret_quality, err));
  t->p->mean = mean_of(t, -1);
  set_range(t);
  accumulate(t, -1, t->p->mean, t->all, t->all_b);
  solve(t, t->all, t->all_b, lambdas[best]);
  memcpy(t->p->weights, t->w, t->p->n_features * sizeof(*t->w));
  return RRAMNAS_OK;
}

int32_t
rrn_predictor_learn(rrn_evaluation *e, const struct rrn_table *table, const char *name, const char *figure,
                    rramnas_predictor_quality *ret_quality, rramnas_error *err)
{
  struct rrn_predictor *p = rrn_arena_alloc(&e->arena, 1, sizeof(*p));
  trainer t = { .p = p, .t = table };
  rramnas_predictor_quality quality = RRAMNAS_PREDICTOR_QUALITY_INIT;
  const struct rrn_table *found = NULL;
  rrn_arena scratch;
  int32_t status;

  if (!p)
    return rrn_fail_memory(err);
  RRN_FAIL_IF(!rrn_tables_find(table, figure, &found, &t.column), err, RRAMNAS_ERR_NOT_FOUND,
              "%.300s: has no figure \"%.60s\"", name, figure);
  p->figure = table->names[t.column];
  RRN_TRY(choose_rows(&t, &e->arena, name, err));
  RRN_TRY(set_features(&t, e->space, &e->arena, err));
  rrn_arena_init(&scratch, e->rt);
  status = train(&t, e->space, &scratch, &quality, err);
  rrn_arena_release(&scratch);
  RRN_TRY(status);
  RRN_FAIL_IF(!isfinite(quality.rmse), err, RRAMNAS_ERR_RANGE,
              "%.300s: \"%.60s\" has numbers that are too large to learn from", name, figure);
  *ret_quality = quality;
  p->next = e->predictors;
  e->predictors = p;
  return RRAMNAS_OK;
}

int32_t
rrn_evaluation_add_predictor(rrn_evaluation *e, const char *path, const char *figure,
                             const rramnas_table_options *options, rramnas_predictor_quality *ret_quality,
                             rramnas_error *err)
{
  struct rrn_table *table = NULL;

  RRN_TRY(rrn_table_read(e, path, options, &table, err));
  return rrn_predictor_learn(e, table, path, figure, ret_quality, err);
}

/* --- use --- */

const struct rrn_predictor *
rrn_predictors_find(const struct rrn_predictor *predictors, const char *figure)
{
  for (; predictors && strcmp(predictors->figure, figure) != 0; predictors = predictors->next)
    ;
  return predictors;
}

/* A gene at a time: no room is needed for the features that are on. */
double
rrn_predictor_value(const struct rrn_predictor *p, const double *x)
{
  double sum = p->mean;
  size_t i, k;

  for (i = 0; i < p->n_genes; i++) {
    const size_t gene = p->genes[i];
    const rrn_gene *g = &p->core[gene];
    const double range = g->high > g->low ? g->high - g->low : 1, scaled = 2 * (x[gene] - g->low) / range - 1;

    if (!counts(p, x, gene))
      continue;
    if (p->n_values[i] == 0) {
      sum += p->weights[p->first[i]] * scaled + p->weights[p->first[i] + 1] * (scaled * scaled);
      continue;
    }
    sum += p->weights[p->first[i] + (size_t)(x[gene] - g->low)];
    for (k = 0; k < i; k++)
      if (p->pairs[k * p->n_genes + i] != SIZE_MAX && counts(p, x, p->genes[k]))
        sum += p->weights[p->pairs[k * p->n_genes + i] +
                          (size_t)(x[p->genes[k]] - p->core[p->genes[k]].low) * p->n_values[i] + (size_t)(x[gene] - g->low)];
  }
  return sum < p->least ? p->least : sum > p->most ? p->most : sum;
}

void
rrn_predictors_hash(const struct rrn_predictor *predictors, XXH3_state_t *state)
{
  const struct rrn_predictor *p;

  for (p = predictors; p; p = p->next) {
    const uint64_t sizes[] = { p->n_genes, p->n_features };

    XXH3_128bits_update(state, sizes, sizeof(sizes));
    XXH3_128bits_update(state, p->genes, p->n_genes * sizeof(*p->genes));
    XXH3_128bits_update(state, p->figure, strlen(p->figure) + 1);
    XXH3_128bits_update(state, p->weights, p->n_features * sizeof(*p->weights));
    XXH3_128bits_update(state, &p->mean, sizeof(p->mean));
    XXH3_128bits_update(state, &p->least, sizeof(p->least));
    XXH3_128bits_update(state, &p->most, sizeof(p->most));
  }
}
