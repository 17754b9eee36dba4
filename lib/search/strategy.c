/* SPDX-License-Identifier: MIT */
/* What all strategies share: ask, tell, no genome twice.
 *
 * In:  genes, options; objectives and violations of what was asked.
 * Out: generations of new genomes; the archive of non-dominated points.
 *
 * Idea: the state is plain data (arrays and numbers), changed by tell() and by remembering what ask() gave out.
 * Every random number comes from the stream (seed, generation, index of the child, purpose), so the state alone
 * decides how a search goes on. A failed evaluation (a NaN among objectives or violation) is an infeasible point
 * with infinite violation: behind all others, never in the archive.
 *
 * A genome that was seen before is changed gene by gene; when that finds nothing new a uniform one is drawn; spaces
 * of up to 65,536 genomes are at last searched for what is left, so that small spaces are exhausted exactly.
 *
 * Complexity: O(genes) per genome beside the strategy's own work. */
#include "search/strategy.h"

#include <math.h>
#include <string.h>

enum { CHANGES = 40, DRAWS = 40, SMALL_SPACE = 65536, MAX_GENES = 1 << 20 };

/* --- creation --- */

static double
or_default(double value, double otherwise)
{
  return value > 0 ? value : otherwise;
}

static rrn_strategy_options
complete(const rrn_strategy_options *given)
{
  rrn_strategy_options o = *given;

  o.population = o.population ? o.population : 100;
  o.offspring = o.offspring ? o.offspring : o.population;
  o.gene_probability = or_default(o.gene_probability, 0.5);
  o.sbx_eta = or_default(o.sbx_eta, 15);
  o.mutation_eta = or_default(o.mutation_eta, 20);
  o.learning_rate = or_default(o.learning_rate, 0.1);
  return o;
}

static int32_t
check_gene(const rrn_genes *genes, size_t i, rramnas_error *err)
{
  const rrn_gene *g = &genes->at[i];
  size_t steps = 0;
  int32_t parent;

  RRN_FAIL_IF(!isfinite(g->low) || !isfinite(g->high) || g->low > g->high, err, RRAMNAS_ERR_ARGUMENT,
              "gene %zu has no finite range from low to high", i);
  RRN_FAIL_IF(g->kind != RRN_GENE_REAL && (g->low != floor(g->low) || g->high != floor(g->high) ||
                                           g->high - g->low >= 0x1p31),
              err, RRAMNAS_ERR_ARGUMENT, "gene %zu is not real, expected whole bounds less than 2^31 apart", i);
  for (parent = g->parent; parent >= 0; parent = genes->at[parent].parent)
    RRN_FAIL_IF((size_t)parent >= genes->n || ++steps > genes->n, err, RRAMNAS_ERR_ARGUMENT,
                "gene %zu has a chain of parents without an end", i);
  return RRAMNAS_OK;
}

static int32_t
check_countable(const rrn_genes *genes, size_t i, rramnas_error *err)
{
  const rrn_gene *g = &genes->at[i];

  RRN_FAIL_IF(g->kind == RRN_GENE_REAL && g->low < g->high, err, RRAMNAS_ERR_ARGUMENT,
              "gene %zu is real: its values cannot be enumerated", i);
  RRN_FAIL_IF(g->parent >= (int32_t)i, err, RRAMNAS_ERR_ARGUMENT,
              "gene %zu stands before its parent and cannot be enumerated", i);
  return RRAMNAS_OK;
}

static int32_t
check(const rrn_genes *genes, const rrn_strategy_options *o, rramnas_error *err)
{
  size_t i;

  RRN_FAIL_IF(o->n_objectives < 1 || o->n_objectives > RRN_MOST_OBJECTIVES, err, RRAMNAS_ERR_ARGUMENT,
              "%zu objectives, expected 1..%d", o->n_objectives, (int)RRN_MOST_OBJECTIVES);
  RRN_FAIL_IF(genes->n < 1 || genes->n > MAX_GENES, err, RRAMNAS_ERR_ARGUMENT, "%zu genes, expected 1..%d", genes->n,
              (int)MAX_GENES);
  RRN_FAIL_IF(o->population > INT32_MAX / 2 || o->offspring > INT32_MAX / 2, err, RRAMNAS_ERR_ARGUMENT,
              "population %zu and offspring %zu, expected at most %d", o->population, o->offspring, INT32_MAX / 2);
  RRN_FAIL_IF(o->kind < RRN_STRATEGY_NSGA2 || o->kind > RRN_STRATEGY_ENUMERATE, err, RRAMNAS_ERR_ARGUMENT,
              "strategy %d, expected 0..3", (int)o->kind);
  for (i = 0; i < genes->n; i++)
    RRN_TRY(check_gene(genes, i, err));
  for (i = 0; o->kind == RRN_STRATEGY_ENUMERATE && i < genes->n; i++)
    RRN_TRY(check_countable(genes, i, err));
  return RRAMNAS_OK;
}

static int32_t
allocate(rrn_strategy *s, rramnas_error *err)
{
  size_t i, n_values = 0;

  s->cap = s->options.population + (s->options.offspring > s->options.population ? s->options.offspring
                                                                               : s->options.population);
  for (i = 0; i < s->genes.n; i++)
    if (s->genes.at[i].kind != RRN_GENE_REAL)
      n_values += (size_t)rrn_gene_values(&s->genes.at[i]);
  s->genomes = rrn_calloc(s->rt, s->cap, s->genes.n * sizeof(*s->genomes));
  s->f = rrn_calloc(s->rt, s->cap, s->options.n_objectives * sizeof(*s->f));
  s->cv = rrn_calloc(s->rt, s->cap, sizeof(*s->cv));
  s->rank = rrn_calloc(s->rt, s->cap, sizeof(*s->rank));
  s->crowding = rrn_calloc(s->rt, s->cap, sizeof(*s->crowding));
  s->ways = rrn_calloc(s->rt, s->cap, sizeof(*s->ways));
  s->policy = s->options.kind == RRN_STRATEGY_REINFORCE ? rrn_calloc(s->rt, n_values, sizeof(*s->policy)) : NULL;
  s->cursor = s->options.kind == RRN_STRATEGY_ENUMERATE ? rrn_calloc(s->rt, s->genes.n, sizeof(*s->cursor)) : NULL;
  if (!s->genomes || !s->f || !s->cv || !s->rank || !s->crowding || !s->ways ||
      (s->options.kind == RRN_STRATEGY_REINFORCE && !s->policy) ||
      (s->options.kind == RRN_STRATEGY_ENUMERATE && !s->cursor))
    return rrn_fail_memory(err);
  if (s->cursor)
    rrn_enumerate_start(s);
  return RRAMNAS_OK;
}

int32_t
rrn_strategy_create(rrn_strategy *ret_s, const rrn_rt *rt, const rrn_genes *genes, const rrn_strategy_options *options,
                    rramnas_error *err)
{
  rrn_strategy s = { .rt = rt, .options = complete(options), .genes = *genes };
  size_t i;
  int32_t status;

  RRN_TRY(check(genes, &s.options, err));
  for (s.genes.conditional = 0, i = 0; i < genes->n; i++) {
    s.genes.conditional |= genes->at[i].parent >= 0;
    s.n_free += genes->at[i].low < genes->at[i].high;
  }
  for (i = 0; i < RRN_ARMS; i++)
    s.recombine.quality[i] = s.mutate.quality[i] = s.source.quality[i] = s.screening.quality[i] = 0.5;
  rrn_seen_init(&s.seen, rt);
  rrn_archive_init(&s.archive, rt, s.options.n_objectives, genes->n, s.options.archive_capacity);
  rrn_arena_init(&s.scratch, rt);
  status = rrn_screen_init(&s.screen, rt, genes, s.options.n_objectives, err);
  if (status >= 0)
    status = allocate(&s, err);
  if (status < 0)
    rrn_strategy_release(&s);
  else
    *ret_s = s;
  return status;
}

void
rrn_strategy_release(rrn_strategy *s)
{
  if (s->rt) {
    rrn_free(s->rt, s->genomes);
    rrn_free(s->rt, s->f);
    rrn_free(s->rt, s->cv);
    rrn_free(s->rt, s->rank);
    rrn_free(s->rt, s->crowding);
    rrn_free(s->rt, s->ways);
    rrn_free(s->rt, s->policy);
    rrn_free(s->rt, s->cursor);
    rrn_screen_release(&s->screen);
    rrn_seen_release(&s->seen);
    rrn_archive_release(&s->archive);
    rrn_arena_release(&s->scratch);
  }
  memset(s, 0, sizeof(*s));
}

/* --- nothing twice --- */

static int32_t
claim_as_is(rrn_strategy *s, const double *x, rramnas_error *err)
{
  const rrn_fingerprint f = rrn_fingerprint_of(x, s->genes.n);

  if (rrn_seen_has(&s->seen, f))
    return 0;
  RRN_TRY(rrn_seen_add(&s->seen, f, err));
  return 1;
}

/* Genomes of the whole space, canonical or not; infinite with a real gene. */
static double
space_size(const rrn_genes *genes)
{
  double size = 1;
  size_t i;

  for (i = 0; i < genes->n; i++)
    size *= rrn_gene_values(&genes->at[i]);
  return size;
}

static void
genome_number(const rrn_genes *genes, uint32_t number, double *ret_x)
{
  size_t i;

  for (i = 0; i < genes->n; i++) {
    const uint32_t values = (uint32_t)rrn_gene_values(&genes->at[i]);

    ret_x[i] = genes->at[i].low + (double)(number % values);
    number /= values;
  }
}

/* All genomes of a small space from a random one on. */
static int32_t
claim_any(rrn_strategy *s, rrn_random *r, double *x, rramnas_error *err)
{
  const double size = space_size(&s->genes);
  uint32_t i, start;
  int32_t status = 0;

  if (size > SMALL_SPACE)
    return 0;
  start = rrn_random_below(r, (uint32_t)size);
  for (i = 0; i < (uint32_t)size && status == 0; i++) {
    genome_number(&s->genes, (start + i) % (uint32_t)size, x);
    rrn_genome_canonical(&s->genes, x);
    status = claim_as_is(s, x, err);
  }
  return status;
}

int32_t
rrn_strategy_claim(rrn_strategy *s, rrn_random *r, double *x, rramnas_error *err)
{
  const rrn_variation v = { s->options.gene_probability, s->options.sbx_eta, s->options.mutation_eta };
  int32_t status, i;

  status = claim_as_is(s, x, err);
  for (i = 0; i < CHANGES && status == 0; i++) {
    rrn_mutate_one(&s->genes, &v, r, x);
    rrn_genome_canonical(&s->genes, x);
    status = claim_as_is(s, x, err);
  }
  for (i = 0; i < DRAWS && status == 0; i++) {
    rrn_genome_uniform(&s->genes, r, x);
    rrn_genome_canonical(&s->genes, x);
    status = claim_as_is(s, x, err);
  }
  return status != 0 ? status : claim_any(s, r, x, err);
}

/* --- ask and tell --- */

int32_t
rrn_random_ask(rrn_strategy *s, size_t wanted, rramnas_error *err)
{
  size_t i;

  for (i = 0; i < wanted; i++) {
    rrn_random r = rrn_random_start(s->options.seed, s->generation, (uint32_t)i, RRN_RANDOM_INITIAL);
    double *x = s->genomes + (s->n + s->n_asked) * s->genes.n;
    int32_t status;

    rrn_genome_uniform(&s->genes, &r, x);
    rrn_genome_canonical(&s->genes, x);
    status = rrn_strategy_claim(s, &r, x, err);
    if (status < 0)
      return status;
    s->n_asked += (size_t)status;
  }
  return RRAMNAS_OK;
}

int32_t
rrn_strategy_ask(rrn_strategy *s, const double **ret_genomes, size_t *ret_n, rramnas_error *err)
{
  int32_t status = RRAMNAS_OK;

  if (!s->asked) {
    s->n_asked = s->generation == 0 ? s->n_planted : 0;
    if (s->options.kind == RRN_STRATEGY_ENUMERATE)
      rrn_enumerate_ask(s, s->generation == 0 ? s->options.population - s->n_asked : s->options.offspring);
    else if (s->options.kind == RRN_STRATEGY_REINFORCE)
      status = rrn_reinforce_ask(s, s->options.offspring - s->n_asked, err);
    else if (s->options.kind == RRN_STRATEGY_RANDOM || s->generation == 0 || s->n == 0)
      status = rrn_random_ask(s, s->generation == 0 ? s->options.population - s->n_asked : s->options.offspring, err);
    else
      status = rrn_nsga2_ask(s, s->options.offspring, err);
    if (status < 0)
      return status;
    s->asked = 1;
  }
  *ret_genomes = s->genomes + s->n * s->genes.n;
  *ret_n = s->n_asked;
  return RRAMNAS_OK;
}

int32_t
rrn_strategy_plant(rrn_strategy *s, const double *genomes, size_t n, rramnas_error *err)
{
  const size_t most = s->options.kind == RRN_STRATEGY_REINFORCE && s->options.offspring < s->options.population
                        ? s->options.offspring
                        : s->options.population;
  int32_t status = RRAMNAS_OK;
  size_t i;

  for (i = 0; i < n && s->n_planted < most; i++) {
    memcpy(s->genomes + s->n_planted * s->genes.n, genomes + i * s->genes.n, s->genes.n * sizeof(*genomes));
    status = claim_as_is(s, s->genomes + s->n_planted * s->genes.n, err);
    if (status < 0)
      return status;
    s->n_planted += (size_t)status;
  }
  return RRAMNAS_OK;
}

/* Copies a result behind the members; a failed one counts as infinitely infeasible. */
static void
take(rrn_strategy *s, size_t i, const double *f, double cv)
{
  const size_t m = s->options.n_objectives;
  size_t j;

  memcpy(s->f + (s->n + i) * m, f, m * sizeof(*f));
  for (j = 0; j < m; j++)
    if (isnan(f[j]))
      cv = INFINITY;
  s->cv[s->n + i] = isnan(cv) ? INFINITY : cv > 0 ? cv : 0;
}

int32_t
rrn_strategy_tell(rrn_strategy *s, const double *f, const double *cv, rramnas_error *err)
{
  const size_t m = s->options.n_objectives;
  size_t i;

  RRN_FAIL_IF(!s->asked, err, RRAMNAS_ERR_ARGUMENT, "results for a generation that was not asked for");
  for (i = 0; i < s->n_asked; i++) {
    take(s, i, f + i * m, cv ? cv[i] : 0);
    rrn_screen_learn(&s->screen, &s->genes, s->genomes + (s->n + i) * s->genes.n, s->f + (s->n + i) * m);
    if (s->cv[s->n + i] <= 0)
      RRN_TRY(rrn_archive_add(&s->archive, s->f + (s->n + i) * m, s->genomes + (s->n + i) * s->genes.n, err));
  }
  if (s->options.kind == RRN_STRATEGY_NSGA2)
    RRN_TRY(rrn_nsga2_tell(s, err));
  else if (s->options.kind == RRN_STRATEGY_REINFORCE)
    RRN_TRY(rrn_reinforce_tell(s, err));
  s->generation++;
  s->asked = 0;
  return RRAMNAS_OK;
}
