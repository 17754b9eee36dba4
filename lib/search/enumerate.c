/* SPDX-License-Identifier: MIT */
/* Every candidate once.
 *
 * In:  the genome to go on from.
 * Out: the next canonical genomes in lexicographic order, the last gene fastest.
 *
 * Idea: an odometer whose wheels are the genes that count. The last of these that is not at its highest value goes up by
 * one, and what stands behind it goes back to its lowest. Parents stand before their children, so what wakes or falls
 * asleep is behind the gene that moved, at its lowest value: the genome is canonical again, and none is left out. Genomes
 * that were planted are not given twice. Behind the last one the first gene is one above its highest value.
 *
 * Not for real genes. Complexity: O(genes), times the depth of parents, per genome. */
#include <string.h>

#include "search/strategy.h"

static int
is_done(const rrn_strategy *s)
{
  return s->cursor[0] > s->genes.at[0].high;
}

static void
advance(rrn_strategy *s)
{
  const rrn_gene *genes = s->genes.at;
  size_t i = s->genes.n, j;

  while (i > 0 && (s->cursor[i - 1] >= genes[i - 1].high || !rrn_gene_active(&s->genes, s->cursor, i - 1)))
    i--;
  for (j = i; j < s->genes.n; j++)
    s->cursor[j] = genes[j].low;
  if (i > 0)
    s->cursor[i - 1]++;
  else
    s->cursor[0] = genes[0].high + 1;
}

void
rrn_enumerate_start(rrn_strategy *s)
{
  size_t i;

  for (i = 0; i < s->genes.n; i++)
    s->cursor[i] = s->genes.at[i].low;
}

void
rrn_enumerate_ask(rrn_strategy *s, size_t wanted)
{
  const size_t end = s->n_asked + wanted;

  while (s->n_asked < end && !is_done(s)) {
    double *x = s->genomes + s->n_asked * s->genes.n;

    memcpy(x, s->cursor, s->genes.n * sizeof(*x));
    rrn_genome_canonical(&s->genes, x);
    s->n_asked += !rrn_seen_has(&s->seen, rrn_fingerprint_of(x, s->genes.n));
    advance(s);
  }
}
