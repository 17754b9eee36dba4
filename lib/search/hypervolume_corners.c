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

#define NONE UINT32_MAX
enum { BLOCK = 512, BATCH = 1 << 16 };

#define INLINE static inline __attribute__((always_inline))

/* Points of a block, as bits; in pairs of words, because two fit a register. */
typedef struct pair {
  uint64_t word[2];
} pair;

/* Corners as their owners, d each: where the rows of these points begin. */
typedef struct corners {
  uint32_t *owners;
  size_t n, cap;
} corners;

typedef struct sweep {
  rrn_arena *arena;
  size_t d, n, n_blocks;
  double *points;  /* rows of m coordinates and the volume gained; see row_size() */
  corners *blocks; /* [n_blocks]: corners that come to a block */

  /* Of one block: */
  size_t pairs, room, first, size;
  rrn_key *keys;      /* [2 room] */
  uint64_t *sorted;   /* [d][room]: coordinates as keys, ascending */
  pair *below;        /* [d][room + 1][pairs]: the first k points of that order */
  const pair **under; /* [room][d]: those with a smaller coordinate than the point's */

  /* Corners under way: the set of points below, the owners. */
  pair *stack, *top;
  uint32_t *heads, free, used;
} sweep;

/* Row: coordinates, the volume gained. */
INLINE size_t
row_size(size_t d)
{
  return d + 2;
}

/* Size of a corner under way. */
INLINE size_t
corner_size(size_t d, size_t pairs)
{
  return pairs + (d + 3) / 4;
}

INLINE uint32_t *
owners_of(pair *corner, size_t pairs)
{
  return (uint32_t *)(void *)(corner + pairs);
}

INLINE const uint32_t *
owners_in(const pair *corner, size_t pairs)
{
  return (const uint32_t *)(const void *)(corner + pairs);
}

/* --- sets --- */

INLINE unsigned
lowest(uint64_t bits)
{
  return (unsigned)__builtin_ctzll(bits);
}

/* What is in both; 0 when nothing is. */
INLINE int
meet(const pair *a, const pair *b, size_t n, pair *ret)
{
  uint64_t any = 0;
  size_t k;

  for (k = 0; k < n; k++) {
    const pair both = { { a[k].word[0] & b[k].word[0], a[k].word[1] & b[k].word[1] } };

    any |= both.word[0] | both.word[1];
    ret[k] = both;
  }
  return any != 0;
}

/* The first point in a set; BLOCK when there is none. */
INLINE size_t
first_of(const pair *set, size_t n)
{
  size_t k = 0;
  uint64_t word;

  for (; k + 1 < n && (set[k].word[0] | set[k].word[1]) == 0; k++)
    ;
  word = set[k].word[0] ? set[k].word[0] : set[k].word[1];
  return word == 0 ? BLOCK : 128 * k + (set[k].word[0] ? 0 : 64) + lowest(word);
}

/* --- a block of points --- */

/* The sets of the first 0, 1, ... n points in the order of `keys`, and for each point the set of those with a smaller
 * key. */
static void
chain(const rrn_key *keys, size_t n, size_t d, size_t pairs, pair *below, const pair **ret_under)
{
  const pair *under = below;
  size_t i, k;

  memset(below, 0, pairs * sizeof(*below));
  for (i = 0; i < n; i++, below += pairs) {
    under = i > 0 && keys[i - 1].key == keys[i].key ? under : below;
    ret_under[keys[i].index * d] = under;
    for (k = 0; k < pairs; k++)
      below[pairs + k] = below[k];
    below[pairs + keys[i].index / 128].word[keys[i].index / 64 % 2] |= UINT64_C(1) << keys[i].index % 64;
  }
}

/* The same for sets of one pair, which stays in registers. */
static void
chain_short(const rrn_key *keys, size_t n, size_t d, pair *below, const pair **ret_under)
{
  const pair *under = below;
  uint64_t low = 0, high = 0, last = 0;
  size_t i;

  for (i = 0; i < n; i++, below++) {
    const uint64_t key = keys[i].key, at = keys[i].index, bit = UINT64_C(1) << at % 64;

    under = i > 0 && last == key ? under : below;
    ret_under[at * d] = under;
    *below = (pair){ { low, high } };
    low |= at < 64 ? bit : 0;
    high |= at < 64 ? 0 : bit;
    last = key;
  }
  *below = (pair){ { low, high } };
}

/* Orders the block's points by one objective; makes the sets of points below each. */
static void
prepare_objective(sweep *s, size_t j)
{
  const size_t d = s->d, n = s->size, stride = row_size(d);
  const double *p = s->points + (d + s->first) * stride + j;
  pair *below = s->below + j * (s->room + 1) * s->pairs;
  rrn_key *keys = s->keys;
  size_t i;

  for (i = 0; i < n; i++, p += stride)
    keys[i] = (rrn_key){ rrn_key_of(*p), i };
  rrn_order(keys, keys + n, n);
  if (s->pairs == 1)
    chain_short(keys, n, d, below, s->under + j);
  else
    chain(keys, n, d, s->pairs, below, s->under + j);
  if (s->n_blocks > 1)
    for (i = 0; i < n; i++)
      s->sorted[j * s->room + i] = keys[i].key;
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
enter(sweep *s, const uint32_t *owners, pair *set)
{
  size_t j;

  memcpy(owners_of(set, s->pairs), owners, s->d * sizeof(*owners));
  memset(set, 0xff, s->pairs * sizeof(*set));
  for (j = 0; j < s->d; j++) {
    const double x = s->points[owners[j] + j];
    const size_t rank = s->first == 0 ? s->size : rank_of(s->sorted + j * s->room, s->size, rrn_key_of(x));

    meet(set, s->below + (j * (s->room + 1) + rank) * s->pairs, s->pairs, set);
  }
}

/* --- corners --- */

/* Point p is below a corner: the volume it gains in the corner's box, and the objectives whose replacement is kept, as
 * bits. */
INLINE uint64_t
cut(const double *points, const uint32_t *owners, const double *p, size_t d, double *gain)
{
  double volume = 1;
  uint64_t kept = 0;
  size_t j, k;

#pragma GCC unroll 8
  for (j = 0; j < d; j++) {
    double start = p[j], most;

#pragma GCC unroll 8
    for (k = 0; k < j; k++)
      start = points[owners[k] + j] > start ? points[owners[k] + j] : start;
    most = start;
#pragma GCC unroll 8
    for (k = j + 1; k < d; k++)
      most = points[owners[k] + j] > most ? points[owners[k] + j] : most;
    volume *= points[owners[j] + j] - start;
    kept |= (uint64_t)(most <= p[j]) << j;
  }
  *gain += volume;
  return kept;
}

/* The corner `own` with owner p in objective j. 0 when no point is below. */
INLINE int
replace(const pair *own, size_t j, uint32_t p, const pair *under, size_t d, size_t pairs, pair *ret)
{
  const uint32_t *owners = owners_in(own, pairs);
  uint32_t *ret_owners = owners_of(ret, pairs);
  size_t k;

#pragma GCC unroll 8
  for (k = 0; k < d; k++)
    ret_owners[k] = owners[k];
  ret_owners[j] = p;
  return meet(own, under, pairs, ret);
}

INLINE void
follow_in(sweep *s, size_t d, size_t pairs, corners *next)
{
  const size_t step = corner_size(d, pairs), first = (d + s->first) * row_size(d);
  double *points = s->points;
  pair *top = s->top, *own;

  while (top > s->stack) {
    const size_t i = first_of(top - step, pairs);
    const pair **under = s->under + i * d;
    uint32_t p;
    uint64_t kept;

    own = top - step;
    if (i == BLOCK) {
      top = own;
      if (next) {
        memcpy(next->owners + next->n++ * d, owners_of(own, pairs), d * sizeof(*next->owners));
        if (next->n == next->cap)
          break;
      }
      continue;
    }
    p = (uint32_t)(first + i * row_size(d));
    kept = cut(points, owners_of(own, pairs), points + p, d, points + p + d + 1);
    if (kept == 0) {
      top = own;
      continue;
    }
    for (; kept & (kept - 1); kept &= kept - 1) {
      const size_t j = lowest(kept);

      top += replace(own, j, p, under[j], d, pairs, top) | (next != NULL) ? step : 0;
    }
    replace(own, lowest(kept), p, under[lowest(kept)], d, pairs, own);
  }
  s->top = top;
}

/* Until no corner is left or `next` is full. */
static void
follow(sweep *s, corners *next)
{
  switch (s->d) {
  case 4:
    if (s->pairs == 1)
      follow_in(s, 4, 1, NULL);
    else
      follow_in(s, 4, s->pairs, next);
    break;
  case 5:
    follow_in(s, 5, s->pairs, next);
    break;
  case 6:
    follow_in(s, 6, s->pairs, next);
    break;
  case 7:
    follow_in(s, 7, s->pairs, next);
    break;
  default:
    follow_in(s, s->d, s->pairs, next);
  }
}

/* --- four objectives: point by point --- */

INLINE void
put(pair *all, uint32_t *heads, uint32_t at, size_t pairs)
{
  pair *own = all + at * corner_size(3, pairs);
  const size_t first = first_of(own, pairs);

  owners_of(own, pairs)[3] = heads[first];
  heads[first] = at;
}

INLINE uint32_t
take(sweep *s, size_t pairs)
{
  const uint32_t at = s->free;

  if (at == NONE)
    return s->used++;
  s->free = owners_of(s->stack + at * corner_size(3, pairs), pairs)[3];
  return at;
}

INLINE void
follow_points_in(sweep *s, size_t pairs)
{
  const size_t first = (3 + s->first) * row_size(3), step = corner_size(3, pairs);
  pair *all = s->stack;
  uint32_t *heads = s->heads, at, next, other;
  size_t i;

  for (i = 0; i < s->size; i++) {
    const pair **under = s->under + 3 * i;
    const uint32_t p = (uint32_t)(first + i * row_size(3));
    double gain = 0;

    for (at = heads[i]; at != NONE; at = next) {
      pair *own = all + at * step;
      uint64_t kept = cut(s->points, owners_of(own, pairs), s->points + p, 3, &gain);

      next = owners_of(own, pairs)[3];
      if (kept == 0) {
        owners_of(own, pairs)[3] = s->free;
        s->free = at;
        continue;
      }
      for (; kept & (kept - 1); kept &= kept - 1) {
        other = take(s, pairs);
        replace(own, lowest(kept), p, under[lowest(kept)], 3, pairs, all + other * step);
        put(all, heads, other, pairs);
      }
      replace(own, lowest(kept), p, under[lowest(kept)], 3, pairs, own);
      put(all, heads, at, pairs);
    }
    s->points[p + 4] = gain;
  }
}

static int32_t
sweep_points(sweep *s)
{
  const size_t step = corner_size(3, s->pairs);
  corners in = s->blocks[0], out;
  size_t block, i;
  uint32_t at;

  for (block = 0; block < s->n_blocks; block++) {
    const size_t most = 2 * in.n + 4 * s->room + 4;

    prepare(s, block);
    s->stack = rrn_arena_alloc_raw(s->arena, most, step * sizeof(*s->stack));
    if (!s->stack)
      return RRAMNAS_ERR_MEMORY;
    memset(s->heads, 0xff, (BLOCK + 1) * sizeof(*s->heads));
    s->free = NONE;
    s->used = 0;
    for (i = 0; i < in.n; i++) {
      enter(s, in.owners + 3 * i, s->stack + i * step);
      put(s->stack, s->heads, s->used++, s->pairs);
    }
    if (s->pairs == 1)
      follow_points_in(s, 1);
    else
      follow_points_in(s, s->pairs);
    if (block + 1 == s->n_blocks)
      break;
    out = (corners){ rrn_arena_alloc_raw(s->arena, s->used, 3 * sizeof(*out.owners)), 0, 0 };
    if (!out.owners)
      return RRAMNAS_ERR_MEMORY;
    for (at = s->heads[BLOCK]; at != NONE; at = owners_of(s->stack + at * step, s->pairs)[3])
      memcpy(out.owners + 3 * out.n++, owners_of(s->stack + at * step, s->pairs), 3 * sizeof(*out.owners));
    in = out;
  }
  return RRAMNAS_OK;
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
    enter(s, in->owners + i * s->d, s->stack);
    s->top = s->stack + corner_size(s->d, s->pairs);
    do {
      if (next && (status = hand_on(s, block, next)) < 0)
        return status;
      follow(s, next);
    } while (s->top > s->stack);
  }
  in->n = 0;
  return next && next->n > 0 ? sweep_block(s, block + 1) : RRAMNAS_OK;
}

static void
place_points(sweep *s, const double *p, const double *reference, rrn_key *keys)
{
  const size_t m = s->d + 1, stride = row_size(s->d);
  double *row = s->points;
  size_t i, j;

  for (i = 0; i < s->n; i++)
    keys[i] = (rrn_key){ rrn_key_of(p[i * m + s->d]), i };
  rrn_order(keys, keys + s->n, s->n);
  for (i = 0; i < s->d; i++, row += stride)
    for (j = 0; j < m; j++)
      row[j] = i == j ? reference[j] : -__builtin_inf();
  for (i = 0; i < s->n; i++, row += stride) {
    const double *from = p + keys[i].index * m;

#pragma GCC unroll 4
    for (j = 0; j < m; j++)
      row[j] = from[j];
    row[m] = 0;
  }
}

int32_t
rrn_hv_corners(rrn_arena *arena, const double *p, size_t n, size_t m, const double *reference, rrn_key *keys,
           double *ret_volume, rramnas_error *err)
{
  const size_t d = m - 1, n_blocks = (n + BLOCK - 1) / BLOCK, size = (n + n_blocks - 1) / n_blocks, pairs = (size + 127) / 128;
  sweep s = { .arena = arena, .d = d, .n = n, .n_blocks = n_blocks, .room = size, .pairs = pairs };
  double sum = 0;
  size_t i;

  s.points = rrn_arena_alloc_raw(arena, n + d, row_size(d) * sizeof(*s.points));
  s.blocks = rrn_arena_alloc(arena, n_blocks, sizeof(*s.blocks));
  s.keys = rrn_arena_alloc_raw(arena, size, 2 * sizeof(*s.keys));
  s.sorted = rrn_arena_alloc_raw(arena, size, d * sizeof(*s.sorted));
  s.under = rrn_arena_alloc_raw(arena, size, d * sizeof(*s.under));
  s.below = rrn_arena_alloc_raw(arena, (size + 1) * pairs, d * sizeof(*s.below));
  s.stack = rrn_arena_alloc_raw(arena, d * size + 2, corner_size(d, pairs) * sizeof(*s.stack));
  if (!s.points || !s.blocks || !s.keys || !s.sorted || !s.under || !s.below || !s.stack)
    return rrn_fail_memory(err);
  place_points(&s, p, reference, keys);
  uint32_t *root = rrn_arena_alloc_raw(arena, d, 4);
  for (i = 0; i < d; i++)
    root[i] = (uint32_t)(i * row_size(d));
  s.blocks[0] = (corners){ root, 1, 1 };
  s.heads = rrn_arena_alloc_raw(arena, BLOCK + 1, 4); 
  if ((d == 3 ? sweep_points(&s) : sweep_block(&s, 0)) < 0)
    return rrn_fail_memory(err);
  for (i = 0; i < n; i++)
    sum += s.points[(d + i) * row_size(d) + m] * (reference[d] - s.points[(d + i) * row_size(d) + d]);
  *ret_volume = sum;
  return RRAMNAS_OK;
}
