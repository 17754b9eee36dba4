/* SPDX-License-Identifier: MIT */
/* Non-dominated sorting for many objectives.
 *
 * In:  n points with m objectives.
 * Out: ranks, as in sort.c.
 *
 * Idea: every objective is replaced by its rank (equal values share one) and the distinct points stand in lexicographic
 * order, so that only earlier points dominate. They are handled in blocks of 512. The members of a block that dominate
 * one of them are a set of bits, the intersection over the objectives of "no worse in this one"; going through a block
 * in the order of each objective gives these sets 64 members a word. When the ranks of a block are known, its members
 * are renumbered by falling rank, and per objective a table holds for each 256th of the range of ranks the members that
 * are no worse: the rank of a later point rises at least to one more than that of the first member in the intersection
 * of m - 1 rows. A row may hold members of the point's own 256th that are worse; so a member counts when comparing the
 * ranks themselves confirms it. Blocks that have no member of the point's rank or higher are passed over.
 *
 * Complexity: O(m n^2 / 512) words in the worst case, O(n m) memory. Paper: Burlacu, Rank-based non-dominated sorting,
 * arXiv 2203.13654, 2022 (bit sets per objective); deviations: blocks instead of n^2 / 64 words, members by falling
 * rank, coarse tables with confirmation. */
#include "search/sort.h"

enum { WORDS = 8, BLOCK = 64 * WORDS, ROWS = 256 };

typedef struct word_row {
  uint64_t w[WORDS];
} word_row;

typedef struct many {
  size_t n, m;           /* distinct points; objectives without the first */
  uint32_t *value;       /* [n][m]: rank of the point in an objective */
  uint8_t *coarse;       /* [n][m]: row of the tables */
  uint32_t *rank;        /* [n]: front */
  word_row *sets;        /* [BLOCK]: members that dominate a member */
  word_row *rows;        /* [m][ROWS] */
  rrn_key *keys;         /* [2 BLOCK] */
  uint32_t member[BLOCK]; /* of the present block by falling front */
} many;

static void
and_row(word_row *a, const word_row *b)
{
  int i;

  for (i = 0; i < WORDS; i++)
    a->w[i] &= b->w[i];
}

/* --- ranks instead of values, lexicographic order, equal points once --- */

static uint32_t
rank_values(rrn_key *keys, rrn_key *scratch, const double *f, const uint32_t *ids, size_t n, size_t stride,
            uint32_t *values)
{
  uint32_t value = 0;
  size_t i;

  for (i = 0; i < n; i++)
    keys[i] = (rrn_key){ rrn_key_of(f[ids[i] * stride]), i };
  rrn_order(keys, scratch, n);
  for (i = 0; i < n; i++) {
    value += i > 0 && keys[i].key != keys[i - 1].key;
    values[keys[i].index] = value;
  }
  return value + 1;
}

/* Runs of equal keys are put in the order of the next objective; `all` is [m][n]. */
static void
order_ties(rrn_key *keys, rrn_key *scratch, size_t n_run, const uint32_t *all, size_t n, size_t m, size_t objective)
{
  size_t i, k, end;

  for (i = 0; i + 1 < n_run; i = end) {
    const uint64_t tie = keys[i].key;

    for (end = i + 1; end < n_run && keys[end].key == tie; end++)
      ;
    if (end - i == 1)
      continue;
    for (k = i; k < end; k++)
      keys[k].key = all[objective * n + keys[k].index];
    rrn_order(keys + i, scratch, end - i);
    if (objective + 1 < m)
      order_ties(keys + i, scratch, end - i, all, n, m, objective + 1);
    for (k = i; k < end; k++)
      keys[k].key = tie;
  }
}

static int
equal_points(const uint32_t *all, size_t n, size_t m, size_t a, size_t b)
{
  size_t j;

  for (j = 0; j < m; j++)
    if (all[j * n + a] != all[j * n + b])
      return 0;
  return 1;
}

/* Rows of the distinct points in order; `to` says which distinct point each point is. */
static void
gather(many *s, const rrn_key *keys, size_t n, const uint32_t *all, const uint32_t *n_values, uint32_t *to)
{
  size_t i, j;

  s->n = 0;
  for (i = 0; i < n; i++) {
    const size_t p = keys[i].index;

    if (i == 0 || !equal_points(all, n, s->m + 1, p, keys[i - 1].index)) {
      for (j = 0; j < s->m; j++) {
        const uint32_t value = all[(j + 1) * n + p];

        s->value[s->n * s->m + j] = value;
        s->coarse[s->n * s->m + j] = (uint8_t)((uint64_t)value * ROWS / n_values[j + 1]);
      }
      s->rank[s->n++] = 0;
    }
    to[p] = (uint32_t)(s->n - 1);
  }
}

/* --- inside a block --- */

/* Narrows the sets of the block's members to those that are no worse in an objective. */
static void
narrow(many *s, size_t first, size_t n, size_t objective)
{
  rrn_key *keys = s->keys;
  word_row seen = { { 0 } };
  size_t i, k, end;

  for (i = 0; i < n; i++)
    keys[i] = (rrn_key){ s->value[(first + i) * s->m + objective], i };
  rrn_order(keys, keys + BLOCK, n);
  for (i = 0; i < n; i = end) {
    for (end = i; end < n && keys[end].key == keys[i].key; end++)
      seen.w[keys[end].index / 64] |= UINT64_C(1) << keys[end].index % 64;
    for (k = i; k < end; k++)
      and_row(&s->sets[keys[k].index], &seen);
  }
}

/* All members before this one. */
static word_row
earlier(size_t i)
{
  word_row row;
  size_t w;

  for (w = 0; w < WORDS; w++)
    row.w[w] = w < i / 64 ? UINT64_MAX : w > i / 64 ? 0 : (UINT64_C(1) << i % 64) - 1;
  return row;
}

/* Highest of the ranks in a set, plus one; at least `rank`. top[w] bounds the ranks of word w. */
static uint32_t
above(const word_row *set, const uint32_t *ranks, const uint32_t *top, size_t words, uint32_t rank)
{
  size_t w;

  for (w = words; w-- > 0;) {
    uint64_t bits = top[w] >= rank ? set->w[w] : 0;

    while (bits) {
      const int b = 63 - __builtin_clzll(bits);

      if (ranks[w * 64 + (size_t)b] >= rank)
        rank = ranks[w * 64 + (size_t)b] + 1;
      bits ^= UINT64_C(1) << b;
    }
  }
  return rank;
}

static void
rank_block(many *s, size_t first, size_t n)
{
  uint32_t top[WORDS] = { 0 };
  size_t i, j;

  for (i = 0; i < n; i++)
    s->sets[i] = earlier(i);
  for (j = 0; j < s->m; j++)
    narrow(s, first, n, j);
  for (i = 0; i < n; i++) {
    const uint32_t rank = above(&s->sets[i], s->rank + first, top, i / 64 + 1, s->rank[first + i]);

    s->rank[first + i] = rank;
    if (rank > top[i / 64])
      top[i / 64] = rank;
  }
}

/* --- from a block to the points behind it --- */

static void
fill_rows(many *s, size_t first, size_t n)
{
  size_t i, j;
  int r, w;

  for (i = 0; i < n; i++)
    s->keys[i] = (rrn_key){ UINT32_MAX - s->rank[first + i], first + i };
  rrn_order(s->keys, s->keys + BLOCK, n);
  memset(s->rows, 0, s->m * ROWS * sizeof(*s->rows));
  for (i = 0; i < n; i++) {
    s->member[i] = (uint32_t)s->keys[i].index;
    for (j = 0; j < s->m; j++)
      s->rows[j * ROWS + s->coarse[s->member[i] * s->m + j]].w[i / 64] |= UINT64_C(1) << i % 64;
  }
  for (j = 0; j < s->m; j++)
    for (r = 1; r < ROWS; r++)
      for (w = 0; w < WORDS; w++)
        s->rows[j * ROWS + (size_t)r].w[w] |= s->rows[j * ROWS + (size_t)r - 1].w[w];
}

static int
no_worse(const uint32_t *a, const uint32_t *b, size_t m)
{
  size_t j;

  for (j = 0; j < m; j++)
    if (a[j] > b[j])
      return 0;
  return 1;
}

/* Rank of the first member in the set that really dominates point p, plus one; `rank` when there is none above. */
static uint32_t
raise(const many *s, const word_row *set, size_t p, uint32_t rank)
{
  int w;

  for (w = 0; w < WORDS; w++) {
    uint64_t bits = set->w[w];

    for (; bits; bits &= bits - 1) {
      const size_t q = s->member[w * 64 + __builtin_ctzll(bits)];

      if (s->rank[q] < rank)
        return rank;
      if (no_worse(s->value + q * s->m, s->value + p * s->m, s->m))
        return s->rank[q] + 1;
    }
  }
  return rank;
}

static void
push(many *s, size_t from)
{
  const uint32_t highest = s->rank[s->member[0]];
  size_t p, j;

  for (p = from; p < s->n; p++) {
    const uint8_t *row = s->coarse + p * s->m;
    word_row set;

    if (s->rank[p] > highest)
      continue;
    set = s->rows[row[0]];
    for (j = 1; j < s->m; j++)
      and_row(&set, &s->rows[j * ROWS + row[j]]);
    s->rank[p] = raise(s, &set, p, s->rank[p]);
  }
}

static int32_t
many_alloc(rrn_arena *arena, many *s, size_t n, rramnas_error *err)
{
  s->value = rrn_arena_alloc_raw(arena, n, s->m * sizeof(*s->value));
  s->coarse = rrn_arena_alloc_raw(arena, n, s->m);
  s->rank = rrn_arena_alloc_raw(arena, n, sizeof(*s->rank));
  s->sets = rrn_arena_alloc_raw(arena, BLOCK, sizeof(*s->sets));
  s->keys = rrn_arena_alloc_raw(arena, 2 * (size_t)BLOCK, sizeof(*s->keys));
  s->rows = n > BLOCK ? rrn_arena_alloc_raw(arena, s->m * ROWS, sizeof(*s->rows)) : NULL;
  return s->value && s->coarse && s->rank && s->sets && s->keys && (s->rows || n <= BLOCK) ? RRAMNAS_OK
                                                                                           : rrn_fail_memory(err);
}

/* Ranks per objective and the order of the points, then the distinct points. */
static int32_t
prepare(rrn_arena *arena, many *s, const double *f, const uint32_t *ids, size_t n, uint32_t *to, rramnas_error *err)
{
  const size_t m = s->m + 1;
  uint32_t *all = rrn_arena_alloc_raw(arena, n, m * sizeof(*all));
  uint32_t *n_values = rrn_arena_alloc_raw(arena, m, sizeof(*n_values));
  rrn_key *keys = rrn_arena_alloc_raw(arena, n, 2 * sizeof(*keys));
  size_t j;

  if (!all || !n_values || !keys)
    return rrn_fail_memory(err);
  for (j = m; j-- > 0;)
    n_values[j] = rank_values(keys, keys + n, f + j, ids, n, m, all + j * n);
  order_ties(keys, keys + n, n, all, n, m, 1);
  gather(s, keys, n, all, n_values, to);
  return RRAMNAS_OK;
}

int32_t
rrn_sort_many(rrn_arena *arena, const double *f, const uint32_t *ids, size_t n, size_t m, uint32_t *ret_ranks,
              rramnas_error *err)
{
  many *s = rrn_arena_alloc(arena, 1, sizeof(*s));
  uint32_t *to = rrn_arena_alloc_raw(arena, n, sizeof(*to));
  size_t i, first, block;

  if (!s || !to)
    return rrn_fail_memory(err);
  s->m = m - 1;
  RRN_TRY(many_alloc(arena, s, n, err));
  if (n == 0)
    return RRAMNAS_OK;
  RRN_TRY(prepare(arena, s, f, ids, n, to, err));
  for (first = 0; first < s->n; first += block) {
    block = s->n - first < BLOCK ? s->n - first : BLOCK;
    rank_block(s, first, block);
    if (first + block < s->n) {
      fill_rows(s, first, block);
      push(s, first + block);
    }
  }
  for (i = 0; i < n; i++)
    ret_ranks[ids[i]] = s->rank[to[i]];
  return RRAMNAS_OK;
}
