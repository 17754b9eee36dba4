/* SPDX-License-Identifier: MIT */
/* Exact hypervolume of four and more objectives.
 *
 * In:  points inside the reference box.
 * Out: the volume they dominate.
 *
 * Idea: in the order of the last objective each point adds its distance to the reference point there, times the volume
 * that it gains in the other d objectives. What the points so far leave free there is all that lies below one of the
 * corners (the reference point at first). Each corner has d owners: the points that give it its coordinates. A point
 * below a corner in all d objectives replaces it by at most d others, each with one coordinate of its own. Every corner
 * stands for one box, and these boxes, which share nothing, fill the free space; so the volume gained is that of
 * the boxes of the corners replaced, cut to what lies behind the point.
 *   Nothing has to be searched for: a corner carries the set of the later points below it, as bits. The set of a
 * replacement is that of the corner without the points that are not below the coordinate that changed: one row of bits,
 * ready for each point and objective. Points come in blocks, so that sets are short; corners that a block leaves over
 * go on to the next.
 *   With d = 3 there are few corners: they wait in lists, each at the first point below it, and points are done one by
 * one. With more they are followed in depth, so that few exist at a time, and handed on in batches.
 *
 * Equal coordinates: of two points the one that comes later counts as larger by a trifle. Points that are dominated or
 * repeated are then below no corner, and a corner between equals has an empty box.
 *
 * Complexity: O(d^2 + w) per corner, w <= BLOCK / 64 words of a set, and O(d (w + log BLOCK)) per corner and block that
 * it comes to. Corners: at most 2 n + 1 at a time with d = 3, O(n^(d / 2)) beyond; in all about 9, 50, 300 per point
 * with 4, 5, 6 objectives and 1,000 points on a sphere. Memory O(n d), and beyond d = 3 BATCH corners and a stack per
 * block.
 * Papers: Klamroth, Lacour, Vanderpooten, Eur. J. Oper. Res. 245(3), 2015 (corners as "local upper bounds", owners,
 * which replacements are kept); Lacour, Klamroth, Fonseca, Comput. Oper. Res. 79, 2017 (their boxes, the sweep).
 * Deviation: sets of the points below; theirs compares every corner with every new point. */
#include "search/hypervolume.h"

#include <math.h>

#define INLINE static inline __attribute__((always_inline))
#define NONE UINT32_MAX

enum { BLOCK = 512, BATCH = 1 << 15 };

/* Points of a block, as bits; words in pairs, because two fit a register. */
typedef struct pair {
  uint64_t word[2];
} pair;

/* What comes to a block. */
typedef struct corners {
  uint32_t *owners; /* [cap][d]: where the rows of these points begin */
  size_t n, cap;
  pair *stack, *top; /* under way in the block: see corner_size(); d > 3 */
} corners;

typedef struct sweep {
  rrn_arena *arena;
  rramnas_error *err;
  size_t d, n, n_blocks;
  double *points;  /* rows: d that stand for the reference point, then n by the last objective; see row_size() */
  corners *blocks; /* [n_blocks] */

  /* Of one block: */
  size_t first, size;
  size_t room, pairs; /* most points, and what their sets take */
  rrn_key *keys;      /* [2 room] */
  uint64_t *sorted;   /* [d][room]: coordinates as keys, ascending */
  pair *below;        /* [d][room + 1][pairs]: the first k points of that order */
  const pair **under; /* [room][d]: those with a smaller coordinate than the point's */
} sweep;

/* Row: coordinates, the volume gained. */
INLINE size_t
row_size(size_t d)
{
  return d + 2;
}

/* Corner under way: the set of points below it, its owners. */
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

/* A corner comes to the block: the points below it. At first there is one, and all are. */
static void
enter(const sweep *s, const uint32_t *owners, pair *ret_corner)
{
  size_t j;

  memcpy(owners_of(ret_corner, s->pairs), owners, s->d * sizeof(*owners));
  memset(ret_corner, 0xff, s->pairs * sizeof(*ret_corner));
  for (j = 0; j < s->d; j++) {
    const uint64_t key = rrn_key_of(s->points[owners[j] + j]);
    const size_t rank = s->first == 0 ? s->size : rank_of(s->sorted + j * s->room, s->size, key);

    meet(ret_corner, s->below + (j * (s->room + 1) + rank) * s->pairs, s->pairs, ret_corner);
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
replace(pair *own, size_t j, uint32_t p, const pair *under, size_t d, size_t pairs, pair *ret)
{
  const uint32_t *owners = owners_of(own, pairs);
  uint32_t *ret_owners = owners_of(ret, pairs);
  size_t k;

#pragma GCC unroll 8
  for (k = 0; k < d; k++)
    ret_owners[k] = owners[k];
  ret_owners[j] = p;
  return meet(own, under, pairs, ret);
}

/* --- four objectives: point by point --- */

/* Corners in lists by the first point below them. */
typedef struct waiting {
  pair *corners;        /* [used]: as if of four owners, the last being the next corner in the list */
  uint32_t used, spare; /* list of those given back */
  uint32_t heads[BLOCK + 1];
} waiting;

INLINE pair *
corner(const waiting *w, uint32_t at, size_t pairs)
{
  return w->corners + at * corner_size(3, pairs);
}

INLINE uint32_t *
next_of(pair *own, size_t pairs)
{
  return &owners_of(own, pairs)[3];
}

INLINE uint32_t
take(waiting *w, size_t pairs)
{
  const uint32_t at = w->spare;

  if (at == NONE)
    return w->used++;
  w->spare = *next_of(corner(w, at, pairs), pairs);
  return at;
}

INLINE void
wait_in(waiting *w, uint32_t at, pair *own, size_t pairs)
{
  uint32_t *head = &w->heads[first_of(own, pairs)];

  *next_of(own, pairs) = *head;
  *head = at;
}

/* Point p, whose rows of bits are `under`, replaces the corners of a list; returns the volume it gains. */
INLINE double
add_point(const double *points, waiting *w, uint32_t list, uint32_t p, const pair *const *under, size_t pairs)
{
  double gain = 0;
  uint32_t at, next;

  for (at = list; at != NONE; at = next) {
    pair *own = corner(w, at, pairs);
    uint64_t kept = cut(points, owners_of(own, pairs), points + p, 3, &gain);

    next = *next_of(own, pairs);
    if (kept == 0) {
      *next_of(own, pairs) = w->spare;
      w->spare = at;
      continue;
    }
    for (; kept & (kept - 1); kept &= kept - 1) {
      const uint32_t other = take(w, pairs);

      replace(own, lowest(kept), p, under[lowest(kept)], 3, pairs, corner(w, other, pairs));
      wait_in(w, other, corner(w, other, pairs), pairs);
    }
    replace(own, lowest(kept), p, under[lowest(kept)], 3, pairs, own);
    wait_in(w, at, own, pairs);
  }
  return gain;
}

INLINE void
add_points(sweep *s, waiting *w, size_t pairs)
{
  const pair *const *under = s->under;
  double *points = s->points;
  uint32_t p = (uint32_t)((3 + s->first) * row_size(3));
  size_t i;

  for (i = 0; i < s->size; i++, p += (uint32_t)row_size(3), under += 3)
    points[p + 4] = add_point(points, w, w->heads[i], p, under, pairs);
}

/* What waits for no point of the block goes on to the next. */
static int32_t
leave(sweep *s, const waiting *w, corners *next)
{
  uint32_t at;

  next->owners = rrn_arena_alloc_raw(s->arena, w->used, 3 * sizeof(*next->owners));
  if (!next->owners)
    return rrn_fail_memory(s->err);
  for (at = w->heads[BLOCK]; at != NONE; at = *next_of(corner(w, at, s->pairs), s->pairs))
    memcpy(next->owners + 3 * next->n++, owners_of(corner(w, at, s->pairs), s->pairs), 3 * sizeof(*next->owners));
  return RRAMNAS_OK;
}

/* A point leaves at most two corners more than it found, and takes at most as many more at a time as it replaces. */
static int32_t
sweep_points(sweep *s, size_t block)
{
  const corners *in = &s->blocks[block];
  waiting w = { .spare = NONE };
  size_t i;

  w.corners = rrn_arena_alloc_raw(s->arena, 2 * (in->n + 2 * s->room), corner_size(3, s->pairs) * sizeof(*w.corners));
  if (!w.corners)
    return rrn_fail_memory(s->err);
  memset(w.heads, 0xff, sizeof(w.heads));
  prepare(s, block);
  for (i = 0; i < in->n; i++) {
    const uint32_t at = take(&w, s->pairs);

    enter(s, in->owners + 3 * i, corner(&w, at, s->pairs));
    wait_in(&w, at, corner(&w, at, s->pairs), s->pairs);
  }
  if (s->pairs == 1)
    add_points(s, &w, 1);
  else
    add_points(s, &w, s->pairs);
  return block + 1 < s->n_blocks ? leave(s, &w, &s->blocks[block + 1]) : RRAMNAS_OK;
}

/* --- more objectives: corner by corner --- */

INLINE void
follow_to_end(sweep *s, corners *in, corners *next, size_t d)
{
  const size_t pairs = s->pairs, step = corner_size(d, pairs), first = (d + s->first) * row_size(d);

  while (in->top > in->stack && (!next || next->n < next->cap)) {
    pair *own = in->top - step;
    uint32_t *owners = owners_of(own, pairs), p;
    const size_t i = first_of(own, pairs);
    uint64_t kept = 0;

    if (i < BLOCK) {
      p = (uint32_t)(first + i * row_size(d));
      kept = cut(s->points, owners, s->points + p, d, &s->points[p + d + 1]);
    } else if (next) {
      memcpy(next->owners + next->n++ * d, owners, d * sizeof(*owners));
    }
    if (kept == 0) {
      in->top = own;
      continue;
    }
    for (; kept & (kept - 1); kept &= kept - 1)
      if (replace(own, lowest(kept), p, s->under[i * d + lowest(kept)], d, pairs, in->top) || next)
        in->top += step;
    replace(own, lowest(kept), p, s->under[i * d + lowest(kept)], d, pairs, own);
  }
}

/* Until no corner is under way or the batch for the next block is full. */
static void
follow(sweep *s, corners *in, corners *next)
{
  switch (s->d) {
  case 4:
    follow_to_end(s, in, next, 4);
    break;
  case 5:
    follow_to_end(s, in, next, 5);
    break;
  case 6:
    follow_to_end(s, in, next, 6);
    break;
  case 7:
    follow_to_end(s, in, next, 7);
    break;
  default:
    follow_to_end(s, in, next, s->d);
  }
}

static int32_t sweep_corners(sweep *s, size_t block);

/* Room for one more corner to the next block: a full batch is swept first. */
static int32_t
make_room(sweep *s, size_t block)
{
  corners *next = &s->blocks[block + 1];

  if (next->n < next->cap)
    return RRAMNAS_OK;
  if (next->cap < BATCH) {
    next->owners = rrn_arena_grow(s->arena, next->owners, next->n, &next->cap, s->d * sizeof(*next->owners));
    return next->owners ? RRAMNAS_OK : rrn_fail_memory(s->err);
  }
  RRN_TRY(sweep_corners(s, block + 1));
  prepare(s, block);
  return RRAMNAS_OK;
}

/* Corners that come to a block, through this and all that follow. */
static int32_t
sweep_corners(sweep *s, size_t block)
{
  corners *in = &s->blocks[block], *next = block + 1 < s->n_blocks ? in + 1 : NULL;
  const size_t step = corner_size(s->d, s->pairs);

  if (!in->stack)
    in->stack = rrn_arena_alloc_raw(s->arena, (s->d - 1) * s->room + 2, step * sizeof(*in->stack));
  if (!in->stack)
    return rrn_fail_memory(s->err);
  prepare(s, block);
  while (in->n > 0) {
    enter(s, in->owners + --in->n * s->d, in->stack);
    for (in->top = in->stack + step; in->top > in->stack; follow(s, in, next))
      if (next)
        RRN_TRY(make_room(s, block));
  }
  return next && next->n > 0 ? sweep_corners(s, block + 1) : RRAMNAS_OK;
}

/* --- the whole --- */

static int32_t
allocate(sweep *s)
{
  const size_t d = s->d, room = s->room;

  s->points = rrn_arena_alloc_raw(s->arena, s->n + d, row_size(d) * sizeof(*s->points));
  s->blocks = rrn_arena_alloc(s->arena, s->n_blocks, sizeof(*s->blocks));
  s->keys = rrn_arena_alloc_raw(s->arena, room, 2 * sizeof(*s->keys));
  s->sorted = rrn_arena_alloc_raw(s->arena, room, d * sizeof(*s->sorted));
  s->under = rrn_arena_alloc_raw(s->arena, room, d * sizeof(*s->under));
  s->below = rrn_arena_alloc_raw(s->arena, (room + 1) * s->pairs, d * sizeof(*s->below));
  if (!s->points || !s->blocks || !s->keys || !s->sorted || !s->under || !s->below)
    return rrn_fail_memory(s->err);
  s->blocks[0].owners = rrn_arena_alloc_raw(s->arena, d, sizeof(uint32_t));
  return s->blocks[0].owners ? RRAMNAS_OK : rrn_fail_memory(s->err);
}

/* The points in the order of the last objective; the first corner, owned by the reference point. */
static void
place_points(sweep *s, const double *p, const double *reference, rrn_key *keys)
{
  const size_t d = s->d, m = d + 1;
  double *row = s->points;
  size_t i, j;

  for (i = 0; i < s->n; i++)
    keys[i] = (rrn_key){ rrn_key_of(p[i * m + d]), i };
  rrn_order(keys, keys + s->n, s->n);
  for (i = 0; i < d; i++, row += row_size(d)) {
    for (j = 0; j < m; j++)
      row[j] = i == j ? reference[j] : -INFINITY;
    s->blocks[0].owners[i] = (uint32_t)(i * row_size(d));
  }
  s->blocks[0].n = 1;
  for (i = 0; i < s->n; i++, row += row_size(d)) {
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
  sweep s = { .arena = arena, .err = err, .d = m - 1, .n = n, .n_blocks = (n + BLOCK - 1) / BLOCK };
  const double *row;
  double sum = 0;
  size_t i;

  RRN_FAIL_IF(n > UINT32_MAX / row_size(m) - m, err, RRAMNAS_ERR_LIMIT,
              "hypervolume of %zu points of %zu objectives, expected at most %zu", n, m, UINT32_MAX / row_size(m) - m);
  s.room = (n + s.n_blocks - 1) / s.n_blocks;
  s.pairs = (s.room + 127) / 128;
  RRN_TRY(allocate(&s));
  place_points(&s, p, reference, keys);
  if (s.d > 3)
    RRN_TRY(sweep_corners(&s, 0));
  else
    for (i = 0; i < s.n_blocks; i++)
      RRN_TRY(sweep_points(&s, i));
  row = s.points + s.d * row_size(s.d);
  for (i = 0; i < n; i++, row += row_size(s.d))
    sum += row[m] * (reference[s.d] - row[s.d]);
  *ret_volume = isfinite(sum) ? sum : INFINITY; /* NaN: an empty box with an infinite side */
  return RRAMNAS_OK;
}
