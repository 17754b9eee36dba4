/* SPDX-License-Identifier: MIT */
/* Variation of genomes, gene by gene.
 *
 * In:  parents, a random stream.
 * Out: a child within the bounds, in canonical form after rrn_wake().
 *
 * Idea: reals use simulated binary crossover and polynomial mutation in the bounded form of Deb's program (a child
 * never leaves its range, and the chance is not piled up at the bounds). Integers exchange values and mutate as
 * reals do, then round, by one at least. Categories exchange and mutate to any other value alike. A gene that counts
 * in one parent only comes from that parent; one that counts in neither parent starts anew where the child needs it,
 * since a canonical value carries no information. Fixed genes keep their value.
 *
 * No function of libm but sqrt: the powers of the two distributions are products, square roots or power.c, and a power
 * too small to change 2 is not worked out. Draws of a crossover: 16 bits for each gene, four genes a word (15 bits: does
 * it take part, one bit: which child), and a number per gene that takes part and differs. Draws of a mutation: one
 * number tells that no gene mutates, or by its logarithm how many genes are passed over until the next (geometric).
 *
 * Complexity: O(genes). Papers: Deb, Agrawal, Complex Systems 9(2), 1995 (SBX); Deb, Goyal, Comput. Sci. Inform. 26(4),
 * 1996 (polynomial mutation); Storn, Price, J. Global Optim. 11, 1997 (difference vectors). Deviation: one child per
 * crossover, which is either of the two with equal chance, so that children can be made independently. */
#include "search/operators.h"

#include <math.h>
#include <string.h>

#include "util/power.h"

enum { NO_GENE = 1000000000 };

int
rrn_gene_active(const rrn_genes *genes, const double *x, size_t i)
{
  int32_t parent;

  while ((parent = genes->at[i].parent) >= 0) {
    if (!(x[parent] > genes->at[i].above))
      return 0;
    i = (size_t)parent;
  }
  return 1;
}

double
rrn_gene_values(const rrn_gene *gene)
{
  return gene->kind == RRN_GENE_REAL ? (gene->low < gene->high ? INFINITY : 1) : gene->high - gene->low + 1;
}

void
rrn_genome_canonical(const rrn_genes *genes, double *x)
{
  size_t i;

  if (genes->conditional)
    for (i = 0; i < genes->n; i++)
      if (!rrn_gene_active(genes, x, i))
        x[i] = genes->at[i].low;
  for (i = 0; i < genes->n; i++)
    x[i] += 0.0;
}

/* A whole number in [low, high]. */
static double
whole(rrn_random *r, double low, double high)
{
  return low + (double)rrn_random_below(r, (uint32_t)(high - low) + 1);
}

static double
uniform_value(const rrn_gene *g, rrn_random *r)
{
  if (!(g->low < g->high))
    return g->low;
  return g->kind == RRN_GENE_REAL ? g->low + rrn_random_unit(r) * (g->high - g->low) : whole(r, g->low, g->high);
}

void
rrn_genome_uniform(const rrn_genes *genes, rrn_random *r, double *ret_x)
{
  size_t i;

  for (i = 0; i < genes->n; i++)
    ret_x[i] = uniform_value(&genes->at[i], r);
}

static double
within(const rrn_gene *g, double x)
{
  return x < g->low ? g->low : x > g->high ? g->high : x;
}

static rrn_exponent
exponent_of(double n)
{
  rrn_exponent e = { n, n, rrn_power_exp2(-55 / n), 0, n >= 1 && n < 1000 && n == (double)(unsigned)n ? (unsigned)n : 0 };

  for (; e.rest >= 2 && e.rest * 0.5 == (double)(int64_t)(e.rest * 0.5) && e.halvings < 32; e.rest *= 0.5)
    e.halvings++;
  return e;
}

rrn_variation
rrn_variation_of(double gene_probability, double sbx_eta, double mutation_eta)
{
  const rrn_variation v = { gene_probability, exponent_of(sbx_eta + 1), exponent_of(mutation_eta + 1) };

  return v;
}

/* x to the 1 / n. */
static inline double
root(double x, const rrn_exponent *e)
{
  int i;

  for (i = 0; i < e->halvings; i++)
    x = sqrt(x);
  return e->rest == 1 ? x : rrn_power(x, 1 / e->rest);
}

static double
power(double x, const rrn_exponent *e)
{
  return e->whole ? rrn_power_int(x, e->whole) : rrn_power(x, e->n);
}

/* One of the two children of genes a and b, on the side of the smaller (side 0) or the larger. */
static double
sbx(const rrn_gene *g, const rrn_exponent *e, rrn_random *r, int side, double a, double b)
{
  const double low = a < b ? a : b, high = a < b ? b : a, range = high - low;
  const double reach = range + 2 * (side ? g->high - high : low - g->low);
  double beta, u = rrn_random_unit(r);

  if (range < 1e-14)
    return a;
  u *= range <= e->negligible * reach ? 2 : 2 - power(range / reach, e);
  beta = root(u <= 1 ? u : 1 / (2 - u), e);
  return within(g, 0.5 * ((low + high) + (side ? beta : -beta) * range));
}

/* 1 when the value of gene i is settled because it counts in one parent at most. */
static int
settled(const rrn_genes *genes, size_t i, const double *a, const double *b, double *child)
{
  const int in_a = rrn_gene_active(genes, a, i), in_b = rrn_gene_active(genes, b, i);

  if (in_a && in_b)
    return 0;
  *child = in_b ? b[i] : a[i];
  return 1;
}

/* 16 random bits for gene i, taken in order. */
static inline uint32_t
bits_of(rrn_random *r, uint64_t *word, size_t i)
{
  *word = i % 4 == 0 ? rrn_random_u64(r) : *word >> 16;
  return (uint32_t)(*word & 65535);
}

void
rrn_crossover(const rrn_genes *genes, const rrn_variation *v, rrn_random *r, const double *a, const double *b,
              double *ret_child)
{
  const uint32_t threshold = (uint32_t)(v->gene_probability * 32768);
  uint64_t word = 0;
  size_t i;

  memcpy(ret_child, a, genes->n * sizeof(*ret_child));
  for (i = 0; i < genes->n; i++) {
    const rrn_gene *g = &genes->at[i];
    const uint32_t bits = bits_of(r, &word, i);

    if (a[i] == b[i] || (genes->conditional && settled(genes, i, a, b, &ret_child[i])))
      continue;
    if ((bits & 32767) < threshold)
      ret_child[i] = g->kind == RRN_GENE_REAL ? sbx(g, &v->sbx, r, bits >> 15 & 1, a[i], b[i]) : b[i];
  }
}

/* Back from beyond a bound to a place between it and where the gene came from. */
static double
bounced(const rrn_gene *g, rrn_random *r, double from, double x)
{
  if (x < g->low)
    return within(g, g->low + rrn_random_unit(r) * (from - g->low));
  if (x > g->high)
    return within(g, g->high - rrn_random_unit(r) * (g->high - from));
  return x;
}

void
rrn_differential(const rrn_genes *genes, const rrn_variation *v, rrn_random *r, double scale, const double *a,
                 const double *b, const double *c, double *ret_child)
{
  const uint32_t threshold = (uint32_t)(v->gene_probability * 32768);
  uint64_t word = 0;
  size_t i;

  memcpy(ret_child, a, genes->n * sizeof(*ret_child));
  for (i = 0; i < genes->n; i++) {
    const rrn_gene *g = &genes->at[i];
    const uint32_t bits = bits_of(r, &word, i);

    if ((genes->conditional && settled(genes, i, a, b, &ret_child[i])) || b[i] == c[i])
      continue;
    if ((bits & 32767) < threshold)
      ret_child[i] = g->kind == RRN_GENE_REAL ? bounced(g, r, a[i], a[i] + scale * (b[i] - c[i])) : b[i];
  }
}

static double
polynomial(const rrn_gene *g, const rrn_exponent *e, rrn_random *r, double x)
{
  const double range = g->high - g->low, below = (x - g->low) / range, above = (g->high - x) / range;
  const double u = rrn_random_unit(r);

  if (u < 0.5)
    return within(g, x + range * (root(2 * u + (1 - 2 * u) * power(1 - below, e), e) - 1));
  return within(g, x + range * (1 - root(2 * (1 - u) + (2 * u - 1) * power(1 - above, e), e)));
}

static double
other_category(const rrn_gene *g, rrn_random *r, double x)
{
  const double y = whole(r, g->low, g->high - 1);

  return y < x ? y : y + 1;
}

static double
other_integer(const rrn_gene *g, const rrn_exponent *e, rrn_random *r, double x)
{
  const double y = floor(polynomial(g, e, r, x) + 0.5);

  if (y != x)
    return y;
  if (x == g->low || x == g->high)
    return x == g->low ? x + 1 : x - 1;
  return rrn_random_u32(r) & 1 ? x + 1 : x - 1;
}

static double
other_value(const rrn_gene *g, const rrn_variation *v, rrn_random *r, double x)
{
  switch (g->kind) {
    case RRN_GENE_CATEGORY: return other_category(g, r, x);
    case RRN_GENE_INTEGER: return other_integer(g, &v->mutation, r, x);
    default: return polynomial(g, &v->mutation, r, x);
  }
}

static int
may_change(const rrn_genes *genes, const double *x, size_t i)
{
  return genes->at[i].low < genes->at[i].high && (!genes->conditional || rrn_gene_active(genes, x, i));
}

rrn_rate
rrn_rate_of(double rate, size_t n_genes)
{
  const double log_stay = rate < 1 ? rrn_power_log2(1 - rate) : -INFINITY;
  const rrn_rate made = { rate, log_stay, rate > 0 ? rrn_power_exp2(log_stay * (double)n_genes) : 1 };

  return made;
}

/* Genes to pass over until the next that mutates: geometric. */
static size_t
passed_over(rrn_random *r, const rrn_rate *rate)
{
  const double u = 1 - rrn_random_unit(r);
  double n;

  if (u <= rate->none)
    return NO_GENE;
  n = rrn_power_log2(u) / rate->log_stay;
  return n < NO_GENE ? (size_t)n : NO_GENE;
}

size_t
rrn_mutate(const rrn_genes *genes, const rrn_variation *v, rrn_random *r, const rrn_rate *rate, double *x)
{
  size_t i, changed = 0;

  for (i = passed_over(r, rate); i < genes->n; i += 1 + passed_over(r, rate))
    if (may_change(genes, x, i)) {
      x[i] = other_value(&genes->at[i], v, r, x[i]);
      changed++;
    }
  return changed;
}

/* A gene that is free and counts; genes->n when there is none. */
static size_t
draw_free(const rrn_genes *genes, rrn_random *r, const double *x)
{
  uint32_t n = 0, pick;
  size_t i;

  for (i = 0; i < genes->n; i++)
    n += (uint32_t)may_change(genes, x, i);
  if (n == 0)
    return genes->n;
  pick = rrn_random_below(r, n);
  for (i = 0; pick > 0 || !may_change(genes, x, i); i++)
    pick -= (uint32_t)may_change(genes, x, i);
  return i;
}

void
rrn_mutate_one(const rrn_genes *genes, const rrn_variation *v, rrn_random *r, double *x)
{
  const size_t i = draw_free(genes, r, x);

  if (i < genes->n)
    x[i] = other_value(&genes->at[i], v, r, x[i]);
}

void
rrn_redraw_one(const rrn_genes *genes, rrn_random *r, double *x)
{
  const size_t i = draw_free(genes, r, x);

  if (i < genes->n)
    x[i] = uniform_value(&genes->at[i], r);
}

void
rrn_wake(const rrn_genes *genes, rrn_random *r, const double *a, const double *b, double *child)
{
  size_t i;

  if (genes->conditional)
    for (i = 0; i < genes->n; i++)
      if (rrn_gene_active(genes, child, i) && !rrn_gene_active(genes, a, i) && !rrn_gene_active(genes, b, i))
        child[i] = uniform_value(&genes->at[i], r);
  rrn_genome_canonical(genes, child);
}
