/* SPDX-License-Identifier: MIT */
/* An additive model of the objectives over discrete genes.
 *
 * In:  genomes and their objectives, one by one.
 * Out: what the sum of the effects of its genes says about a genome.
 *
 * Idea: each value of each gene that counts has a weight per objective; a guess is their sum. After an evaluation
 * the error is shared equally among the weights that took part, half of it at once (normalised least mean squares),
 * which needs no matrix and follows the search to where it is. Differences between genomes that share most genes are
 * what it is good for.
 *
 * Not handled: effects of genes on each other, reals. Complexity: O(genes m) per genome. Paper: Nagumo, Noda, IEEE
 * Trans. Autom. Control 12(3), 1967. */
#include "search/screen.h"

#include <math.h>

enum { MOST_VALUES = 4096 };

int32_t
rrn_screen_init(rrn_screen *s, const rrn_rt *rt, const rrn_genes *genes, size_t m, rramnas_error *err)
{
  size_t i;

  *s = (rrn_screen){ rt, m, 0, NULL, rrn_alloc(rt, genes->n, sizeof(uint32_t)) };
  for (i = 0; i < genes->n && s->first; i++) {
    const double values = rrn_gene_values(&genes->at[i]);
    const int discrete = genes->at[i].kind != RRN_GENE_REAL && values <= MOST_VALUES;

    s->first[i] = discrete ? (uint32_t)s->n_features : UINT32_MAX;
    s->n_features += discrete ? (size_t)values : 0;
  }
  s->n_features++;
  s->weights = rrn_calloc(rt, s->n_features, m * sizeof(*s->weights));
  return s->first && s->weights ? RRAMNAS_OK : rrn_fail_memory(err);
}

void
rrn_screen_release(rrn_screen *s)
{
  if (s->rt) {
    rrn_free(s->rt, s->weights);
    rrn_free(s->rt, s->first);
  }
  *s = (rrn_screen){ 0 };
}

/* Index of the weight of gene i in genome x; the constant when it has none. */
static size_t
feature(const rrn_screen *s, const rrn_genes *genes, const double *x, size_t i)
{
  if (s->first[i] == UINT32_MAX || (genes->conditional && !rrn_gene_active(genes, x, i)))
    return s->n_features - 1;
  return s->first[i] + (size_t)(x[i] - genes->at[i].low);
}

void
rrn_screen_guess(const rrn_screen *s, const rrn_genes *genes, const double *x, double *ret_f)
{
  const size_t constant = s->n_features - 1;
  size_t i, j, k;

  for (j = 0; j < s->m; j++)
    ret_f[j] = s->weights[j * s->n_features + constant];
  for (i = 0; i < genes->n; i++)
    if ((k = feature(s, genes, x, i)) != constant)
      for (j = 0; j < s->m; j++)
        ret_f[j] += s->weights[j * s->n_features + k];
}

static void
learn_objective(rrn_screen *s, const rrn_genes *genes, const double *x, double f, size_t objective)
{
  double *w = s->weights + objective * s->n_features;
  const size_t constant = s->n_features - 1;
  double sum = w[constant], n = 1, step;
  size_t i, k;

  for (i = 0; i < genes->n; i++)
    if ((k = feature(s, genes, x, i)) != constant) {
      sum += w[k];
      n++;
    }
  step = 0.5 * (f - sum) / n;
  w[constant] += step;
  for (i = 0; i < genes->n; i++)
    if ((k = feature(s, genes, x, i)) != constant)
      w[k] += step;
}

void
rrn_screen_learn(rrn_screen *s, const rrn_genes *genes, const double *x, const double *f)
{
  size_t j;

  for (j = 0; j < s->m && s->n_features > 1; j++)
    if (isfinite(f[j]))
      learn_objective(s, genes, x, f[j], j);
}
