/* SPDX-License-Identifier: MIT */
/* RNC's packer as published, for repeating its runs.
 *
 * In:  boxes, an order, rules.
 * Out: a spot for each box, or "does not fit".
 *
 * Idea: each open crossbar keeps a list of empty spaces. A box goes to the first crossbar whose rules allow it,
 * into the space that leaves it farthest from the opposite corner (DFTRC-2, Goncalves and Resende 2013); then the
 * spaces it cuts are replaced by what is left of them, if any box still to come could use that.
 *
 * Not handled, on purpose (prefer pack_ems.c for anything but repeating): in a space, x holds columns but is
 * bounded by the crossbar's rows, and y the other way round; the distance mixes x with rows and y with columns;
 * only the parts above and right of the box are kept of a cut space; a box in a new crossbar is not checked to
 * fit; crossbar 0 counts as opened even when it stays empty.
 *
 * Complexity: O((kinds * opened + n) * spaces): spaces only shrink and rules only tighten, so a crossbar refused to a
 * box stays refused to its kind, and skipping it changes nothing. Every step, order and tie as published: doc/compile.md. */
#include <string.h>

#include "compile/pack.h"

typedef struct space {
  int32_t x1, y1, x2, y2;
} space;

typedef struct bin {
  space *spaces;
  size_t n, cap;
  int32_t *layers; /* of the boxes in it */
  size_t n_boxes, cap_boxes;
} bin;

typedef struct packer {
  const rrn_pack_rules *rules;
  rrn_arena *arena;
  bin *bins;
  size_t cap_bins;
  int32_t opened;
  int32_t *tried; /* [kinds + 1] crossbars that no box of the kind fits any more */
  space *snapshot;
  size_t cap_snapshot;
} packer;

/* Smallest side and area of the boxes still to be placed after step i. */
typedef struct floor_size {
  int32_t side;
  int64_t area;
} floor_size;

static floor_size *
floor_sizes(const rrn_pack_box *boxes, const int32_t *order, size_t n, rrn_arena *arena)
{
  floor_size *sizes = rrn_arena_alloc(arena, n + 1, sizeof(*sizes)), least = { 9999, 999999999 };
  size_t i;

  if (!sizes)
    return NULL;
  for (i = n; i-- > 1;) {
    const rrn_pack_box *b = &boxes[order[i]];
    const int32_t side = b->rows < b->cols ? b->rows : b->cols;
    const int64_t area = (int64_t)b->rows * b->cols;

    least.side = side < least.side ? side : least.side;
    least.area = area < least.area ? area : least.area;
    sizes[i - 1] = least; /* nothing is left after the last: 0, 0 */
  }
  return sizes;
}

static int
open_bin(packer *p)
{
  bin *grown = rrn_arena_grow(p->arena, p->bins, (size_t)p->opened, &p->cap_bins, sizeof(*grown)), *b;

  if (!grown)
    return 0;
  p->bins = grown;
  b = &p->bins[p->opened];
  memset(b, 0, sizeof(*b));
  b->spaces = rrn_arena_grow(p->arena, NULL, 0, &b->cap, sizeof(*b->spaces));
  if (!b->spaces)
    return 0;
  b->spaces[0] = (space){ 0, 0, p->rules->rows, p->rules->cols };
  b->n = 1;
  p->opened++;
  return 1;
}

static int
allowed(const packer *p, const bin *b, int32_t layer)
{
  size_t i;

  if (p->rules->layer_threshold >= 0)
    for (i = 0; i < b->n_boxes; i++) {
      const int32_t distance = layer < b->layers[i] ? b->layers[i] - layer : layer - b->layers[i];

      if (distance <= p->rules->layer_threshold)
        return 0;
    }
  return b->n_boxes < (size_t)p->rules->max_load;
}

static int64_t
square(int64_t x)
{
  return x * x;
}

/* Index of the space for a w x h box, -1 when none holds it. */
static int
choose_space(const packer *p, const bin *b, int32_t w, int32_t h)
{
  int64_t best = -1, distance;
  int chosen = -1;
  size_t i;

  for (i = 0; i < b->n; i++) {
    const space *s = &b->spaces[i];

    if (w > s->x2 - s->x1 || h > s->y2 - s->y1)
      continue;
    distance = square((int64_t)p->rules->cols - s->x1 - h) + square((int64_t)p->rules->rows - s->y1 - w);
    if (distance > best) {
      best = distance;
      chosen = (int)i;
    }
  }
  return chosen;
}

static int
contained(const bin *b, const space *s)
{
  size_t i;

  for (i = 0; i < b->n; i++) {
    const space *o = &b->spaces[i];

    if (o->x1 <= s->x1 && o->y1 <= s->y1 && o->x2 >= s->x2 && o->y2 >= s->y2)
      return 1;
  }
  return 0;
}

static int
keep_space(packer *p, bin *b, space s, floor_size least)
{
  const int32_t dx = s.x2 - s.x1, dy = s.y2 - s.y1;
  space *grown;

  if (contained(b, &s) || (dx < dy ? dx : dy) < least.side || (int64_t)dx * dy < least.area)
    return 1;
  grown = rrn_arena_grow(p->arena, b->spaces, b->n, &b->cap, sizeof(*grown));
  if (!grown)
    return 0;
  b->spaces = grown;
  b->spaces[b->n++] = s;
  return 1;
}

static void
remove_space(bin *b, const space *s)
{
  size_t i;

  for (i = 0; i < b->n; i++)
    if (memcmp(&b->spaces[i], s, sizeof(*s)) == 0) {
      memmove(&b->spaces[i], &b->spaces[i + 1], (b->n - i - 1) * sizeof(*s));
      b->n--;
      return;
    }
}

/* Replaces every space that overlaps `box` by its parts to the right of and above the box. */
static int
cut_spaces(packer *p, bin *b, const space *box, floor_size least)
{
  const size_t n = b->n;
  space *snapshot;
  size_t i;

  snapshot = rrn_arena_grow(p->arena, p->snapshot, n, &p->cap_snapshot, sizeof(*snapshot));
  if (!snapshot)
    return 0;
  p->snapshot = snapshot;
  memcpy(snapshot, b->spaces, n * sizeof(*snapshot));
  for (i = 0; i < n; i++) {
    const space s = snapshot[i];

    if (box->x1 >= s.x2 || box->x2 <= s.x1 || box->y1 >= s.y2 || box->y2 <= s.y1)
      continue;
    remove_space(b, &s);
    if (!keep_space(p, b, (space){ box->x2, s.y1, s.x2, s.y2 }, least) ||
        !keep_space(p, b, (space){ s.x1, box->y2, s.x2, s.y2 }, least))
      return 0;
  }
  return 1;
}

static int
put(packer *p, int32_t k, int chosen, const rrn_pack_box *box, floor_size least, rrn_pack_spot *ret_spot)
{
  bin *b = &p->bins[k];
  const int32_t x = b->spaces[chosen].x1, y = b->spaces[chosen].y1;
  const space taken = { x, y, x + box->cols, y + box->rows };
  int32_t *grown = rrn_arena_grow(p->arena, b->layers, b->n_boxes, &b->cap_boxes, sizeof(*grown));

  if (!grown)
    return 0;
  b->layers = grown;
  b->layers[b->n_boxes++] = box->layer;
  ret_spot->crossbar = k;
  ret_spot->row = y;
  ret_spot->col = x;
  return cut_spaces(p, b, &taken, least);
}

/* Crossbar and space for a box: first fit, else a new crossbar. 1 found, 0 does not fit, -1 out of memory. */
static int
find(packer *p, const rrn_pack_box *box, int32_t *ret_bin, int *ret_space)
{
  int32_t k;

  for (k = box->kind ? p->tried[box->kind] : 0; k < p->opened; k++) {
    const int chosen = choose_space(p, &p->bins[k], box->cols, box->rows);

    if (chosen >= 0 && allowed(p, &p->bins[k], box->layer)) {
      *ret_bin = p->tried[box->kind] = k;
      *ret_space = chosen;
      return 1;
    }
  }
  if (p->opened + 1 > p->rules->crossbars && !p->rules->grow)
    return 0;
  *ret_bin = p->tried[box->kind] = p->opened;
  *ret_space = 0;
  return open_bin(p) ? 1 : -1;
}

static int32_t *
kinds_tried(const rrn_pack_box *boxes, size_t n, rrn_arena *arena)
{
  int32_t kinds = 0;
  size_t i;

  for (i = 0; i < n; i++)
    kinds = boxes[i].kind > kinds ? boxes[i].kind : kinds;
  return rrn_arena_alloc(arena, (size_t)kinds + 1, sizeof(int32_t));
}

int32_t
rrn_pack_published(const rrn_pack_rules *rules, const rrn_pack_box *boxes, const int32_t *order, size_t n,
                   rrn_arena *arena, rrn_pack_result *ret_result, rramnas_error *err)
{
  packer p = { .rules = rules, .arena = arena };
  rrn_pack_spot *spots = rrn_arena_alloc(arena, n, sizeof(*spots));
  floor_size *least = floor_sizes(boxes, order, n, arena);
  int found = 1;
  size_t i;

  p.tried = kinds_tried(boxes, n, arena);
  if (!spots || !least || !p.tried || !open_bin(&p))
    return rrn_fail_memory(err);
  for (i = 0; i < n && found > 0; i++) {
    const rrn_pack_box *box = &boxes[order[i]];
    int32_t k = 0;
    int chosen = 0;

    found = find(&p, box, &k, &chosen);
    if (found < 0 || (found > 0 && !put(&p, k, chosen, box, least[i], &spots[order[i]])))
      return rrn_fail_memory(err);
  }
  ret_result->spots = spots;
  ret_result->opened = p.opened;
  ret_result->fits = found > 0;
  return RRAMNAS_OK;
}
