/* SPDX-License-Identifier: MIT */
/* Exact hypervolume of four and more objectives.
 *
 * In:  points inside the reference box.
 * Out: the volume they dominate.
 *
 * Idea: in the order of the last objective each point adds its distance to the reference point there, times the volume
 * that it gains in the other d objectives. What the points so far leave free there is all that lies below one of its
 * corners (the reference point at first). Each corner has d owners: the points that give it its coordinates. A point
 * below a corner in all d objectives replaces it by at most d others, each with one coordinate of its own. Every corner
 * stands for one box, and these boxes, which share nothing, fill the free space; so the volume gained is that of the
 * boxes of the corners replaced, cut to what lies behind the point.
 *   Nothing has to be searched for: each corner carries the set of the later points below it, as bits. A corner's set
 *   is its parent's, less the points that are not below the one coordinate that changed: one row of bits, ready for
 *   each point and objective. Corners are followed in depth, so few exist at a time. Points come in blocks, so that
 *   sets are short: what corners a block leaves over are handed on to the next, in batches.
 *
 * Equal coordinates: of two points the one that comes later counts as larger by a trifle. Corners on equal coordinates
 * then have empty boxes or are never made, and points that are dominated or repeated are below no corner.
 *
 * Complexity: O(k (d^2 + w)) for k corners and sets of w <= BLOCK_WORDS words, and O(d log BLOCK) for each corner and
 * block that it meets; k is O(n) for four objectives and O(n^(m / 2)) at worst (about 9, 50, 300 per point with 4, 5, 6
 * objectives and 1,000 points on a sphere). Memory O(n m) and RRN_BATCH corners per block.
 * Papers: Lacour, Klamroth, Fonseca, Comput. Oper. Res. 79, 2017 (boxes of corners, "local upper bounds"; owners and
 * the rule which replacements to keep: Klamroth, Lacour, Vanderpooten, Eur. J. Oper. Res. 245(3), 2015). Deviations:
 * sets of points below and order by depth, where theirs keeps all corners and compares each with each new point. */
#include "search/hypervolume.h"

enum { BLOCK_WORDS = 8, BLOCK = 64 * BLOCK_WORDS, BATCH = 1 << 16 };

#define INLINE static inline __attribute__((always_inline))

/* Owners of corners, d each: places of points in `points`. */
typedef struct corners {
  uint32_t *owners;
  size_t n, cap;
} corners;

typedef struct sweep {
  rrn_arena *arena;
  size_t d, n, n_blocks;
  const double *reference;
  double *points; /* rows of d + 1: first d that stand for the reference point, then n by the last objective */
  double *gain;   /* [n]: volume each gains in d objectives */
  corners *blocks; /* [n_blocks]: corners that come to a block */

  /* Of one block: */
  size_t words, first, size;
  rrn_key *keys;    /* [2 BLOCK] */
  uint64_t *sorted; /* [d][BLOCK]: coordinates as keys, ascending */
  uint16_t *rank;   /* [BLOCK][d]: number of points with a smaller coordinate */
  uint64_t *below;  /* [d][BLOCK + 1][words]: those points */

  /* Corners under way: */
  size_t depth, cap;
  uint32_t *owners; /* [cap][d] */
  uint64_t *sets;   /* [cap][words] */
} sweep;

/* --- a block of points --- */

/* Ranks of the block's points in one objective, and the sets of points below each rank. */
static void
prepare_objective(sweep *s, size_t j)
{
  uint64_t *sorted = s->sorted + j * BLOCK, *below = s->below + j * (BLOCK + 1) * s->words;
  const double *p = s->points + (s->d + s->first) * (s->d + 1) + j;
  size_t i, k, rank = 0;

  for (i = 0; i < s->size; i++)
    s->keys[i] = (rrn_key){ rrn_key_of(p[i * (s->d + 1)]), i };
  rrn_order(s->keys, s->keys + s->size, s->size);
  memset(below, 0, s->words * sizeof(*below));
  for (i = 0; i < s->size; i++) {
    const rrn_key own = s->keys[i];
    uint64_t *next = below + s->words;

    sorted[i] = own.key;
    rank = i > 0 && sorted[i - 1] == own.key ? rank : i;
    s->rank[own.index * s->d + j] = (uint16_t)rank;
    for (k = 0; k < s->words; k++)
      next[k] = below[k];
    next[own.index / 64] |= UINT64_C(1) << own.index % 64;
    below = next;
  }
}

static void
prepare(sweep *s, size_t block)
{
  size_t j;

  s->first = s->n * block / s->n_blocks;
  s->size = s->n * (block + 1) / s->n_blocks - s->first;
  for (j = 0; j < s->d; j++)
    prepare_objective(s, j);
}

/* Number of keys[n] smaller than `key`. */
static size_t
rank_of(const uint64_t *keys, size_t n, uint64_t key)
{
  const uint64_t *low = keys;
  size_t half;

  for (; n > 1; n -= half) {
    half = n / 2;
    low += low[half - 1] < key ? half : 0;
  }
  return (size_t)(low - keys) + (n > 0 && *low < key);
}

/* A corner comes to the block: the points below it. */
static void
enter(sweep *s, const uint32_t *owners)
{
  uint64_t *set = s->sets;
  size_t j, k;

  memcpy(s->owners, owners, s->d * sizeof(*owners));
  memset(set, 0xff, s->words * sizeof(*set));
  for (j = 0; j < s->d; j++) {
    const uint64_t key = rrn_key_of(s->points[owners[j] * (s->d + 1) + j]);
    const size_t rank = rank_of(s->sorted + j * BLOCK, s->size, key);
    const uint64_t *below = s->below + (j * (BLOCK + 1) + rank) * s->words;

    for (k = 0; k < s->words; k++)
      set[k] &= below[k];
  }
  s->depth = 1;
}

/* --- corners --- */

/* Point p is below a corner: adds the volume it gains in the corner's box, returns the objectives whose replacement
 * is kept, as bits. */
INLINE unsigned
cut(const double *points, const uint32_t *owners, const double *p, double *gain, size_t d)
{
  const double *own[32];
  double volume = 1;
  unsigned kept = 0;
  size_t j, k;

  for (k = 0; k < d; k++)
    own[k] = points + owners[k] * (d + 1);
  for (j = 0; j < d; j++) {
    double before = p[j];
    int ok;

    for (k = 0; k < j; k++)
      before = own[k][j] > before ? own[k][j] : before;
    ok = before <= p[j];
    for (k = j + 1; k < d; k++)
      ok &= own[k][j] <= p[j];
    volume *= own[j][j] - before;
    kept |= (unsigned)ok << j;
  }
  *gain += volume;
  return kept;
}

/* The replacement by p in objective j of a corner. */
INLINE void
replace(const sweep *s, const uint32_t *owners, const uint64_t *set, size_t j, size_t p, uint32_t *ret_owners,
        uint64_t *ret_set, size_t d)
{
  const uint64_t *below = s->below + (j * (BLOCK + 1) + s->rank[p * d + j]) * s->words;
  size_t k;

  for (k = 0; k < d; k++)
    ret_owners[k] = owners[k];
  ret_owners[j] = (uint32_t)(d + s->first + p);
  for (k = 0; k < s->words; k++)
    ret_set[k] = set[k] & below[k];
}

INLINE size_t
take_first(uint64_t *set, size_t words)
{
  size_t k;

  for (k = 0; k < words; k++)
    if (set[k]) {
      const int bit = __builtin_ctzll(set[k]);

      set[k] &= set[k] - 1;
      return 64 * k + (size_t)bit;
    }
  return BLOCK;
}

INLINE void
follow_in(sweep *s, size_t d, corners *next)
{
  while (s->depth > 0) {
    uint32_t *owners = s->owners + (s->depth - 1) * d;
    uint64_t *set = s->sets + (s->depth - 1) * s->words;
    const size_t p = take_first(set, s->words);
    unsigned kept;

    if (p == BLOCK) {
      s->depth--;
      if (next) {
        memcpy(next->owners + next->n++ * d, owners, d * sizeof(*owners));
        if (next->n == next->cap)
          return;
      }
      continue;
    }
    kept = cut(s->points, owners, s->points + (d + s->first + p) * (d + 1), &s->gain[s->first + p], d);
    if (kept == 0) {
      s->depth--;
      continue;
    }
    for (; kept & (kept - 1); kept &= kept - 1) {
      replace(s, owners, set, (size_t)__builtin_ctz(kept), p, s->owners + s->depth * d, s->sets + s->depth * s->words, d);
      s->depth++;
    }
    replace(s, owners, set, (size_t)__builtin_ctz(kept), p, owners, set, d);
  }
}

/* Until no corner is left or `next` is full. */
static void
follow(sweep *s, corners *next)
{
  switch (s->d) {
  case 3:
    follow_in(s, 3, next);
    break;
  case 4:
    follow_in(s, 4, next);
    break;
  case 5:
    follow_in(s, 5, next);
    break;
  case 6:
    follow_in(s, 6, next);
    break;
  case 7:
    follow_in(s, 7, next);
    break;
  default:
    follow_in(s, s->d, next);
  }
}

static int32_t sweep_block(sweep *s, size_t block);

/* Makes room in the batch for the next block: more memory, or the batch is swept. */
static int32_t
hand_on(sweep *s, size_t block, corners *next)
{
  uint32_t *grown;

  (void)block;
  if (next->n < next->cap)
    return RRAMNAS_OK;
  grown = rrn_arena_grow(s->arena, next->owners, next->n, &next->cap, s->d * sizeof(*next->owners));
  if (!grown)
    return RRAMNAS_ERR_MEMORY;
  next->owners = grown;
  return RRAMNAS_OK;
}

static int32_t
sweep_block(sweep *s, size_t block)
{
  corners *in = &s->blocks[block], *next = block + 1 < s->n_blocks ? in + 1 : NULL;
  size_t i;
  int32_t status;

  prepare(s, block);
  for (i = 0; i < in->n; i++) {
    enter(s, in->owners + i * s->d);
    do {
      if (next && (status = hand_on(s, block, next)) < 0)
        return status;
      follow(s, next);
    } while (s->depth > 0);
  }
  in->n = 0;
  return next && next->n > 0 ? sweep_block(s, block + 1) : RRAMNAS_OK;
}

static void
place_points(sweep *s, const double *p, rrn_key *keys)
{
  const size_t m = s->d + 1;
  double *row = s->points;
  size_t i, j;

  for (i = 0; i < s->n; i++)
    keys[i] = (rrn_key){ rrn_key_of(p[i * m + s->d]), i };
  rrn_order(keys, keys + s->n, s->n);
  for (i = 0; i < s->d; i++, row += m)
    for (j = 0; j < m; j++)
      row[j] = i == j ? s->reference[j] : -__builtin_inf();
  for (i = 0; i < s->n; i++, row += m)
    memcpy(row, p + keys[i].index * m, m * sizeof(*row));
}

int32_t
rrn_hv_corners(rrn_arena *arena, const double *p, size_t n, size_t m, const double *reference, rrn_key *keys,
           double *ret_volume, rramnas_error *err)
{
  const size_t d = m - 1, n_blocks = (n + BLOCK - 1) / BLOCK, size = n < BLOCK ? n : BLOCK, words = (size + 63) / 64;
  sweep s = { .arena = arena, .d = d, .n = n, .n_blocks = n_blocks, .reference = reference, .words = words };
  double sum = 0;
  size_t i;

  s.points = rrn_arena_alloc_raw(arena, n + d, m * sizeof(*s.points));
  s.gain = rrn_arena_alloc(arena, n, sizeof(*s.gain));
  s.blocks = rrn_arena_alloc(arena, n_blocks, sizeof(*s.blocks));
  s.keys = rrn_arena_alloc_raw(arena, size, 2 * sizeof(*s.keys));
  s.sorted = rrn_arena_alloc_raw(arena, BLOCK, d * sizeof(*s.sorted));
  s.rank = rrn_arena_alloc_raw(arena, size, d * sizeof(*s.rank));
  s.below = rrn_arena_alloc_raw(arena, (BLOCK + 1) * words, d * sizeof(*s.below));
  s.cap = d * size + 2;
  s.owners = rrn_arena_alloc_raw(arena, s.cap, d * sizeof(*s.owners));
  s.sets = rrn_arena_alloc_raw(arena, s.cap, words * sizeof(*s.sets));
  if (!s.points || !s.gain || !s.blocks || !s.sorted || !s.rank || !s.below || !s.owners || !s.sets)
    return rrn_fail_memory(err);
  place_points(&s, p, keys);
  uint32_t *root = rrn_arena_alloc_raw(arena, d, 4);
  for (i = 0; i < d; i++)
    root[i] = (uint32_t)i;
  s.blocks[0] = (corners){ root, 1, 1 };
  if (sweep_block(&s, 0) < 0)
    return rrn_fail_memory(err);
  for (i = 0; i < n; i++)
    sum += s.gain[i] * (reference[d] - s.points[(d + i) * m + d]);
  *ret_volume = sum;
  return RRAMNAS_OK;
}
