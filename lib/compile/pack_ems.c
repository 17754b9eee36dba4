/* SPDX-License-Identifier: MIT */
/* First-fit packing with maximal empty spaces.
 *
 * In:  boxes, an order, rules.
 * Out: a spot for each box, or "does not fit".
 *
 * Idea: each open crossbar keeps its maximal empty spaces: the free rectangles that lie in no larger one. A box
 * goes to the first crossbar whose rules allow it, into the space whose low corner leaves the box farthest from
 * the opposite corner (DFTRC-2, Goncalves and Resende, Int. J. Production Economics 145, 2013). Every space that
 * the box cuts is replaced by its up to four remainders; remainders inside another space, or smaller than any box
 * still to come, are dropped.
 *
 * When to prefer it: always, but for repeating a published RNC run (pack_published.c). Not handled: rotation
 * (wordlines are not bitlines), cutting boxes.
 *
 * Invariant: the spaces of a crossbar cover its free cells but for parts that no box to come fits into; so "no
 * space holds the box" is final. Order of boxes, crossbars and spaces decides ties: deterministic.
 *
 * Complexity: O(kinds * opened / 8 + n * spaces^2). A crossbar only fills up, so one that was refused to a box is
 * refused to all boxes of its kind from then on, and their scans go on where the last one ended. A scan tests eight
 * crossbars at a time: per crossbar one byte bounds the widest space and one the highest, and comparing eight bytes
 * is one subtraction. */
#include <string.h>

#include "compile/pack.h"

enum { LANES = 8, FEW = 8 };
/* Larger tables of layers against crossbars are not kept; the boxes of a crossbar are then looked through. */
enum { MOST_TABLE_BYTES = 1 << 24 };

#define HIGH_BITS UINT64_C(0x8080808080808080)
#define LOW_BITS UINT64_C(0x0101010101010101)

typedef struct space {
  int32_t x1, y1, x2, y2; /* x: columns, y: rows */
} space;

typedef struct bin {
  space *spaces;
  size_t n, cap;
  int32_t n_boxes;
  int32_t last_box; /* head of the list of its boxes */
  int64_t free;     /* cells */
} bin;

typedef struct packer {
  const rrn_pack_rules *rules;
  const rrn_pack_box *boxes;
  rrn_arena *arena;
  bin *bins;          /* [most_bins] */
  int32_t most_bins, opened;
  int32_t n_words;    /* of eight crossbars */
  int32_t *tried;     /* [kinds + 1] words that hold no crossbar for boxes of the kind any more */
  int32_t shift;      /* bounds are kept as (side - 1) >> shift, so that they take seven bits */
  uint64_t *widest, *highest; /* [n_words] bounds over the spaces of each crossbar */
  uint64_t *open;     /* [n_words] high bit of each crossbar that may take another box */
  uint64_t *blocked;  /* [layers][n_words] high bit of crossbars that hold a layer too close; NULL = no table */
  int32_t n_layers;
  int64_t slack;      /* cells that may stay empty if all boxes are to fit */
  int32_t *next_box;  /* [n]: list of the boxes in a crossbar, -1 ends it */
  space *parts;       /* scratch of cut_spaces */
  size_t cap_parts;
} packer;

/* Smallest sides of the boxes still to come. */
typedef struct least_sides {
  int32_t cols, rows;
} least_sides;

static least_sides *
sides_to_come(const rrn_pack_box *boxes, const int32_t *order, size_t n, rrn_arena *arena)
{
  least_sides *sides = rrn_arena_alloc_raw(arena, n + 1, sizeof(*sides)), least = { INT32_MAX, INT32_MAX };
  size_t i;

  if (!sides)
    return NULL;
  for (i = n; i-- > 0;) {
    const rrn_pack_box *b = &boxes[order[i]];

    sides[i] = least;
    least.cols = b->cols < least.cols ? b->cols : least.cols;
    least.rows = b->rows < least.rows ? b->rows : least.rows;
  }
  return sides;
}

static void
set_byte(uint64_t *words, int32_t k, uint64_t value)
{
  const int lane = 8 * (k % LANES);

  words[k / LANES] = (words[k / LANES] & ~(UINT64_C(0xff) << lane)) | value << lane;
}

/* What crossbar k can still take; closes it when that is nothing. */
static void
update_bounds(packer *p, int32_t k)
{
  const bin *b = &p->bins[k];
  int32_t widest = 0, highest = 0;
  size_t i;

  for (i = 0; i < b->n; i++) {
    const int32_t w = b->spaces[i].x2 - b->spaces[i].x1, h = b->spaces[i].y2 - b->spaces[i].y1;

    widest = w > widest ? w : widest;
    highest = h > highest ? h : highest;
  }
  if (b->n == 0 || b->n_boxes >= p->rules->max_load) {
    set_byte(p->open, k, 0);
    p->slack -= b->free; /* nothing more will come */
    return;
  }
  set_byte(p->widest, k, (uint64_t)(widest - 1) >> p->shift);
  set_byte(p->highest, k, (uint64_t)(highest - 1) >> p->shift);
}

static int
open_bin(packer *p)
{
  bin *b = &p->bins[p->opened];

  b->cap = FEW;
  b->spaces = rrn_arena_alloc_raw(p->arena, FEW, sizeof(*b->spaces));
  if (!b->spaces)
    return 0;
  b->spaces[0] = (space){ 0, 0, p->rules->cols, p->rules->rows };
  b->n = 1;
  b->n_boxes = 0;
  b->last_box = -1;
  b->free = (int64_t)p->rules->cols * p->rules->rows;
  set_byte(p->open, p->opened, 0x80);
  update_bounds(p, p->opened++);
  return 1;
}

/* Marks crossbar k for the layers that may not join `layer`. */
static void
block_layers(packer *p, int32_t k, int32_t layer)
{
  const int32_t t = p->rules->layer_threshold;
  const int32_t first = t < layer ? layer - t : 0, last = t < p->n_layers - layer ? layer + t : p->n_layers - 1;
  int32_t l;

  for (l = first; l <= last; l++)
    p->blocked[(size_t)l * (size_t)p->n_words + (size_t)(k / LANES)] |= UINT64_C(0x80) << 8 * (k % LANES);
}

/* Without a table: looks through the boxes of the crossbar. */
static int
allowed(const packer *p, const bin *b, int32_t layer)
{
  const int32_t threshold = p->rules->layer_threshold;
  int32_t i;

  if (threshold < 0 || p->blocked)
    return 1;
  for (i = b->last_box; i >= 0; i = p->next_box[i]) {
    const int32_t distance = layer - p->boxes[i].layer;

    if (distance <= threshold && distance >= -threshold)
      return 0;
  }
  return 1;
}

static int64_t
square(int64_t x)
{
  return x * x;
}

static int
choose_space(const packer *p, const bin *b, const rrn_pack_box *box)
{
  int64_t best = -1, distance;
  int chosen = -1;
  size_t i;

  for (i = 0; i < b->n; i++) {
    const space *s = &b->spaces[i];

    if (box->cols > s->x2 - s->x1 || box->rows > s->y2 - s->y1)
      continue;
    distance = square((int64_t)p->rules->cols - s->x1 - box->cols) + square((int64_t)p->rules->rows - s->y1 - box->rows);
    if (distance > best) {
      best = distance;
      chosen = (int)i;
    }
  }
  return chosen;
}

/* High bit of each of the eight crossbars of word j that might take the box. Bytes are below 128, so that with its
 * high bit set a byte minus another never borrows, and keeps the bit when it was not the smaller one. */
static uint64_t
candidates(const packer *p, int32_t j, uint64_t cols, uint64_t rows, const uint64_t *blocked)
{
  const uint64_t fit = ((p->widest[j] | HIGH_BITS) - cols) & ((p->highest[j] | HIGH_BITS) - rows) & p->open[j];

  return blocked ? fit & ~blocked[j] : fit;
}

/* First open crossbar that takes the box; -1 when none does. */
static int32_t
first_fit(packer *p, const rrn_pack_box *box, int *ret_space)
{
  const uint64_t cols = ((uint64_t)(box->cols - 1) >> p->shift) * LOW_BITS;
  const uint64_t rows = ((uint64_t)(box->rows - 1) >> p->shift) * LOW_BITS;
  const uint64_t *blocked = p->blocked ? p->blocked + (size_t)box->layer * (size_t)p->n_words : NULL;
  int32_t j, k;

  for (j = box->kind ? p->tried[box->kind] : 0; j * LANES < p->opened; j++) {
    uint64_t found = candidates(p, j, cols, rows, blocked);

    for (; found; found &= found - 1) {
      k = j * LANES + __builtin_ctzll(found) / 8;
      if (!allowed(p, &p->bins[k], box->layer))
        continue;
      *ret_space = choose_space(p, &p->bins[k], box);
      if (*ret_space >= 0) {
        p->tried[box->kind] = j;
        return k;
      }
    }
  }
  p->tried[box->kind] = p->opened / LANES;
  return -1;
}

static int
inside(const space *s, const space *o)
{
  return o->x1 <= s->x1 && o->y1 <= s->y1 && o->x2 >= s->x2 && o->y2 >= s->y2;
}

/* Adds a remainder to parts[0..n) unless it is too small or inside a part; drops parts inside it. Returns the
 * new count. */
static size_t
add_part(space *parts, size_t n, space s, least_sides least)
{
  size_t i, kept = 0;

  if (s.x2 - s.x1 < least.cols || s.y2 - s.y1 < least.rows)
    return n;
  for (i = 0; i < n; i++)
    if (inside(&s, &parts[i]))
      return n;
  for (i = 0; i < n; i++)
    if (!inside(&parts[i], &s))
      parts[kept++] = parts[i];
  parts[kept++] = s;
  return kept;
}

/* Replaces the spaces that overlap `box` by their remainders. */
static int
cut_spaces(packer *p, bin *b, const space *box, least_sides least)
{
  size_t i, j, kept = 0, n = 0;
  space *parts = rrn_arena_grow(p->arena, p->parts, 4 * b->n, &p->cap_parts, sizeof(*parts));

  if (!parts)
    return 0;
  p->parts = parts;
  for (i = 0; i < b->n; i++) {
    const space s = b->spaces[i];

    if (box->x1 >= s.x2 || box->x2 <= s.x1 || box->y1 >= s.y2 || box->y2 <= s.y1) {
      b->spaces[kept++] = s;
      continue;
    }
    n = add_part(parts, n, (space){ s.x1, s.y1, box->x1, s.y2 }, least);
    n = add_part(parts, n, (space){ box->x2, s.y1, s.x2, s.y2 }, least);
    n = add_part(parts, n, (space){ s.x1, s.y1, s.x2, box->y1 }, least);
    n = add_part(parts, n, (space){ s.x1, box->y2, s.x2, s.y2 }, least);
  }
  b->n = kept;
  for (i = 0; i < n; i++) {
    for (j = 0; j < kept && !inside(&parts[i], &b->spaces[j]); j++)
      ;
    if (j < kept)
      continue;
    if (b->n == b->cap) {
      space *grown = rrn_arena_grow(p->arena, b->spaces, b->n, &b->cap, sizeof(*grown));

      if (!grown)
        return 0;
      b->spaces = grown;
    }
    b->spaces[b->n++] = parts[i];
  }
  return 1;
}

static int
put(packer *p, int32_t k, int chosen, int32_t item, least_sides least, rrn_pack_spot *ret_spot)
{
  bin *b = &p->bins[k];
  const rrn_pack_box *box = &p->boxes[item];
  const int32_t x = b->spaces[chosen].x1, y = b->spaces[chosen].y1;
  const space taken = { x, y, x + box->cols, y + box->rows };

  p->next_box[item] = b->last_box;
  b->last_box = item;
  b->n_boxes++;
  b->free -= (int64_t)box->cols * box->rows;
  ret_spot->crossbar = k;
  ret_spot->row = y;
  ret_spot->col = x;
  if (!cut_spaces(p, b, &taken, least))
    return 0;
  if (p->blocked)
    block_layers(p, k, box->layer);
  update_bounds(p, k);
  return 1;
}

/* The crossbar for a box: 1 found, 0 does not fit, -1 out of memory. */
static int
find(packer *p, const rrn_pack_box *box, int32_t *ret_bin, int *ret_space)
{
  int32_t k;

  /* The cells lost in closed crossbars tell early that the boxes to come cannot all fit. */
  if (p->slack < 0)
    return 0;
  k = first_fit(p, box, ret_space);
  if (k >= 0) {
    *ret_bin = k;
    return 1;
  }
  if (p->opened >= p->most_bins || box->cols > p->rules->cols || box->rows > p->rules->rows)
    return 0;
  *ret_bin = p->opened;
  *ret_space = 0;
  return open_bin(p) ? 1 : -1;
}

static int32_t
prepare(packer *p, size_t n, rramnas_error *err)
{
  const int32_t side = p->rules->cols > p->rules->rows ? p->rules->cols : p->rules->rows;
  int32_t kinds = 0;
  size_t words, i;

  /* No packing opens more crossbars than there are boxes. */
  p->most_bins = p->rules->grow || p->rules->crossbars > (int32_t)n ? (int32_t)n : p->rules->crossbars;
  p->n_words = p->most_bins / LANES + 1;
  words = (size_t)p->n_words;
  p->slack = (int64_t)p->rules->cols * p->rules->rows * p->most_bins;
  while ((side - 1) >> p->shift > 127)
    p->shift++;
  for (i = 0; i < n; i++) {
    p->slack -= (int64_t)p->boxes[i].cols * p->boxes[i].rows;
    p->n_layers = p->boxes[i].layer >= p->n_layers ? p->boxes[i].layer + 1 : p->n_layers;
    kinds = p->boxes[i].kind > kinds ? p->boxes[i].kind : kinds;
  }
  p->tried = rrn_arena_alloc(p->arena, (size_t)kinds + 1, sizeof(*p->tried));
  p->bins = rrn_arena_alloc_raw(p->arena, (size_t)p->most_bins, sizeof(*p->bins));
  p->widest = rrn_arena_alloc(p->arena, words, sizeof(*p->widest));
  p->highest = rrn_arena_alloc(p->arena, words, sizeof(*p->highest));
  p->open = rrn_arena_alloc(p->arena, words, sizeof(*p->open));
  p->next_box = rrn_arena_alloc_raw(p->arena, n, sizeof(*p->next_box));
  if (!p->tried || !p->bins || !p->widest || !p->highest || !p->open || !p->next_box)
    return rrn_fail_memory(err);
  if (p->rules->layer_threshold >= 0 && words <= MOST_TABLE_BYTES / 8 / (size_t)p->n_layers) {
    p->blocked = rrn_arena_alloc(p->arena, words * (size_t)p->n_layers, sizeof(*p->blocked));
    if (!p->blocked)
      return rrn_fail_memory(err);
  }
  return RRAMNAS_OK;
}

int32_t
rrn_pack_ems(const rrn_pack_rules *rules, const rrn_pack_box *boxes, const int32_t *order, size_t n,
             rrn_arena *arena, rrn_pack_result *ret_result, rramnas_error *err)
{
  packer p = { .rules = rules, .boxes = boxes, .arena = arena };
  rrn_pack_spot *spots = rrn_arena_alloc_raw(arena, n, sizeof(*spots));
  least_sides *least = sides_to_come(boxes, order, n, arena);
  int found = 1;
  size_t i;

  if (!spots || !least)
    return rrn_fail_memory(err);
  RRN_TRY(prepare(&p, n, err));
  for (i = 0; i < n && found > 0; i++) {
    int32_t k = 0;
    int chosen = 0;

    found = find(&p, &boxes[order[i]], &k, &chosen);
    if (found < 0 || (found > 0 && !put(&p, k, chosen, order[i], least[i], &spots[order[i]])))
      return rrn_fail_memory(err);
  }
  ret_result->spots = spots;
  ret_result->opened = p.opened;
  ret_result->fits = found > 0;
  return RRAMNAS_OK;
}
