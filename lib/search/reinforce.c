/* SPDX-License-Identifier: MIT */
/* Policy gradient over categorical genes.
 *
 * In:  results of the last generation.
 * Out: genomes drawn from the policy.
 *
 * Idea: every category and integer gene has a preference per value and draws with the softmax of these; reals are
 * uniform. What a genome is worth is 1 - rank / fronts within its generation, ranks by constrained non-dominated
 * sorting, so the scale of the objectives does not matter. The gradient of the logarithm of its probability, times
 * its worth less a moving average of worths (the baseline), is added to the preferences.
 *
 * Complexity: O(sum of gene values) per genome. Paper: Williams, Machine Learning 8, 1992 (REINFORCE); Jiang et al.
 * (NACIM), IEEE Trans. Comput. 70(4), 2021, use it with a recurrent controller; deviation: independent genes, no
 * controller network, several objectives by rank. */
#include <math.h>
#include <string.h>

#include "util/power.h"
#include "search/sort.h"
#include "search/strategy.h"

/* Softmax of n preferences. */
static void
chances(const double *policy, size_t n, double *ret_chance)
{
  double most = policy[0], sum = 0;
  size_t i;

  for (i = 1; i < n; i++)
    most = policy[i] > most ? policy[i] : most;
  for (i = 0; i < n; i++)
    sum += ret_chance[i] = rrn_power_exp2((policy[i] - most) * 1.4426950408889634);
  for (i = 0; i < n; i++)
    ret_chance[i] /= sum;
}

static size_t
draw(const double *chance, size_t n, rrn_random *r)
{
  double u = rrn_random_unit(r);
  size_t i;

  for (i = 0; i + 1 < n && u >= chance[i]; i++)
    u -= chance[i];
  return i;
}

static size_t
most_values(const rrn_genes *genes)
{
  size_t i, most = 1;

  for (i = 0; i < genes->n; i++)
    if (genes->at[i].kind != RRN_GENE_REAL && rrn_gene_values(&genes->at[i]) > (double)most)
      most = (size_t)rrn_gene_values(&genes->at[i]);
  return most;
}

static void
draw_genome(const rrn_strategy *s, rrn_random *r, double *chance, double *ret_x)
{
  const double *policy = s->policy;
  size_t i;

  rrn_genome_uniform(&s->genes, r, ret_x);
  for (i = 0; i < s->genes.n; i++) {
    const rrn_gene *g = &s->genes.at[i];
    size_t n;

    if (g->kind == RRN_GENE_REAL)
      continue;
    n = (size_t)rrn_gene_values(g);
    chances(policy, n, chance);
    ret_x[i] = g->low + (double)draw(chance, n, r);
    policy += n;
  }
  rrn_genome_canonical(&s->genes, ret_x);
}

int32_t
rrn_reinforce_ask(rrn_strategy *s, size_t wanted, rramnas_error *err)
{
  double *chance;
  size_t i;

  rrn_arena_reset(&s->scratch);
  chance = rrn_arena_alloc_raw(&s->scratch, most_values(&s->genes), sizeof(*chance));
  if (!chance)
    return rrn_fail_memory(err);
  for (i = 0; i < wanted; i++) {
    rrn_random r = rrn_random_start(s->options.seed, s->generation, (uint32_t)i, RRN_RANDOM_POLICY);
    double *x = s->genomes + s->n_asked * s->genes.n;
    int32_t status, tries = 0;

    do
      draw_genome(s, &r, chance, x);
    while (++tries < RRN_MOST_TRIES && rrn_strategy_broken(s, x) > 0);
    status = rrn_strategy_claim(s, &r, x, err);
    if (status < 0)
      return status;
    s->n_asked += (size_t)status;
  }
  return RRAMNAS_OK;
}

/* Adds rate * (indicator of the drawn value - chance) to the preferences of each gene that counts. */
static void
reinforce(rrn_strategy *s, const double *x, double rate, double *chance)
{
  double *policy = s->policy;
  size_t i, k;

  for (i = 0; i < s->genes.n; i++) {
    const rrn_gene *g = &s->genes.at[i];
    size_t n;

    if (g->kind == RRN_GENE_REAL)
      continue;
    n = (size_t)rrn_gene_values(g);
    chances(policy, n, chance);
    for (k = 0; k < n && rrn_gene_active(&s->genes, x, i); k++)
      policy[k] += rate * ((double)(x[i] - g->low == (double)k) - chance[k]);
    policy += n;
  }
}

int32_t
rrn_reinforce_tell(rrn_strategy *s, rramnas_error *err)
{
  uint32_t n_fronts;
  double *chance;
  size_t i;

  rrn_arena_reset(&s->scratch);
  chance = rrn_arena_alloc_raw(&s->scratch, most_values(&s->genes), sizeof(*chance));
  if (!chance)
    return rrn_fail_memory(err);
  RRN_TRY(rrn_sort_fronts(&s->scratch, s->f, s->cv, s->n_asked, s->options.n_objectives, 0, s->rank, &n_fronts, err));
  for (i = 0; i < s->n_asked; i++) {
    const double worth = 1 - (double)s->rank[i] / (double)n_fronts;

    if (s->generation == 0 && i == 0)
      s->baseline = worth;
    reinforce(s, s->genomes + i * s->genes.n, s->options.learning_rate * (worth - s->baseline), chance);
    s->baseline += 0.05 * (worth - s->baseline);
  }
  return RRAMNAS_OK;
}
