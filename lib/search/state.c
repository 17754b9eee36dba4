/* SPDX-License-Identifier: MIT */
/* A strategy's state as bytes.
 *
 * In:  a strategy; or bytes and a strategy freshly made with the same genes and options.
 * Out: bytes; or a strategy that goes on as the saved one would have.
 *
 * The walk visits what tell() and ask() change: members and the generation that is out, choices, the screening model, the
 * policy, where an enumeration stands, the set of genomes that were seen, the archive. What follows from genes and options is made anew. Counts are
 * checked against what there is room for, genomes against the genes' ranges. */
#include <math.h>
#include <string.h>

#include "search/state.h"

static void
walk_choice(rrn_bytes *b, rrn_choice_state *c)
{
  rrn_bytes_doubles(b, c->quality, RRN_ARMS);
}

/* Categories index tables: a value must be one of its gene's. */
static void
check_genomes(rrn_bytes *b, const rrn_genes *genes, const double *genomes, size_t n)
{
  size_t i;

  for (i = 0; i < n * genes->n && !b->failed; i++) {
    const rrn_gene *g = &genes->at[i % genes->n];

    if (!(genomes[i] >= g->low && genomes[i] <= g->high) || (g->kind != RRN_GENE_REAL && genomes[i] != floor(genomes[i])))
      b->failed = 1;
  }
}

static void
walk_rows(rrn_bytes *b, rrn_strategy *s)
{
  const size_t rows = s->n + s->n_asked;

  rrn_bytes_doubles(b, s->genomes, rows * s->genes.n);
  rrn_bytes_doubles(b, s->f, s->n * s->options.n_objectives);
  rrn_bytes_doubles(b, s->cv, s->n);
  rrn_bytes_u32s(b, s->rank, s->n);
  rrn_bytes_doubles(b, s->crowding, s->n);
  rrn_bytes_u8s(b, s->ways, rows);
  if (!b->saving)
    check_genomes(b, &s->genes, s->genomes, rows);
}

static size_t
policy_size(const rrn_strategy *s)
{
  size_t i, n = 0;

  for (i = 0; s->policy && i < s->genes.n; i++)
    if (s->genes.at[i].kind != RRN_GENE_REAL)
      n += (size_t)rrn_gene_values(&s->genes.at[i]);
  return n;
}

/* Behind the last genome the first gene is one above its range. */
static void
walk_cursor(rrn_bytes *b, rrn_strategy *s)
{
  size_t i;

  rrn_bytes_doubles(b, s->cursor, s->cursor ? s->genes.n : 0);
  for (i = 0; s->cursor && i < s->genes.n && !b->saving; i++) {
    const rrn_gene *g = &s->genes.at[i];

    b->failed |= !(s->cursor[i] >= g->low && s->cursor[i] <= g->high + (i == 0)) || s->cursor[i] != floor(s->cursor[i]);
  }
}

/* The table as it lies: what it answers is the same in any order, but bytes are to be equal as well. */
static int32_t
walk_seen(rrn_bytes *b, rrn_seen *seen, rramnas_error *err)
{
  size_t n = seen->slots ? seen->mask + 1 : 0;

  rrn_bytes_count(b, &n, rrn_bytes_room(b, sizeof(rrn_fingerprint)) | (b->saving ? SIZE_MAX : 0));
  rrn_bytes_count(b, &seen->n, n);
  if (!b->saving && n > 0) {
    rrn_fingerprint *slots;

    b->failed |= (n & (n - 1)) != 0 || seen->n >= n;
    if (b->failed)
      return RRAMNAS_OK;
    slots = rrn_alloc(seen->rt, n, sizeof(*slots));
    if (!slots)
      return rrn_fail_memory(err);
    rrn_free(seen->rt, seen->slots);
    seen->slots = slots;
    seen->mask = n - 1;
  }
  if (n > 0)
    rrn_bytes_u64s(b, &seen->slots[0].low, 2 * n);
  return RRAMNAS_OK;
}

/* Loading counts what is there: a table without a free slot would be searched for ever. */
static void
check_seen(rrn_bytes *b, const rrn_seen *seen)
{
  size_t i, n = 0;

  for (i = 0; seen->slots && i <= seen->mask; i++)
    n += seen->slots[i].low != 0 || seen->slots[i].high != 0;
  b->failed |= seen->slots && n != seen->n;
}

int32_t
rrn_state_archive(rrn_bytes *b, rrn_archive *a, rramnas_error *err)
{
  size_t i, n = a->n;
  int32_t status = RRAMNAS_OK;

  rrn_bytes_count(b, &n, b->saving ? SIZE_MAX : rrn_bytes_room(b, (a->m + a->width) * sizeof(double)));
  if (b->saving) {
    rrn_bytes_doubles(b, a->f, n * a->m);
    for (i = 0; i < n; i++)
      rrn_bytes_doubles(b, a->rows + a->row[i] * a->width, a->width);
    return RRAMNAS_OK;
  }
  {
    double *f = rrn_alloc(a->rt, n * a->m + 1, sizeof(*f)), *row = rrn_alloc(a->rt, a->width + 1, sizeof(*row));

    if (!f || !row)
      status = rrn_fail_memory(err);
    else
      rrn_bytes_doubles(b, f, n * a->m);
    for (i = 0; i < n && status >= 0 && !b->failed; i++) {
      rrn_bytes_doubles(b, row, a->width);
      status = rrn_archive_add(a, f + i * a->m, row, err);
    }
    rrn_free(a->rt, f);
    rrn_free(a->rt, row);
  }
  b->failed |= status >= 0 && a->n != n;
  return status < 0 ? status : RRAMNAS_OK;
}

int32_t
rrn_state_strategy(rrn_bytes *b, rrn_strategy *s, rramnas_error *err)
{
  uint64_t generation = s->generation;

  rrn_bytes_u64s(b, &generation, 1);
  s->generation = (uint32_t)generation;
  rrn_bytes_flag(b, &s->asked);
  rrn_bytes_count(b, &s->n, s->cap);
  rrn_bytes_count(b, &s->n_asked, s->cap - s->n);
  rrn_bytes_count(b, &s->n_planted, s->cap);
  walk_rows(b, s);
  walk_choice(b, &s->recombine);
  walk_choice(b, &s->mutate);
  walk_choice(b, &s->source);
  walk_choice(b, &s->screening);
  rrn_bytes_doubles(b, s->screen.weights, s->screen.m * s->screen.n_features);
  rrn_bytes_doubles(b, s->policy, policy_size(s));
  rrn_bytes_doubles(b, &s->baseline, 1);
  walk_cursor(b, s);
  RRN_TRY(walk_seen(b, &s->seen, err));
  if (!b->saving)
    check_seen(b, &s->seen);
  return rrn_state_archive(b, &s->archive, err);
}
