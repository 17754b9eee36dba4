/* SPDX-License-Identifier: MIT */
/* The packing that the search changes.
 *
 * In:  boxes, rules, and the moves of pack_search.c: put, take, mark, undo.
 * Out: crossbars whose boxes keep the rules, and the list of boxes left out.
 *
 * Idea: as in pack_ems.c each crossbar keeps its maximal empty spaces. Taking boxes out makes spaces grow, which is
 * not a local matter, so the spaces of that crossbar are cut anew from the boxes that stay; there are few. A mark
 * keeps nothing; the first change of a crossbar after it saves a copy, so that undo costs what was changed.
 *
 * Not handled: full tiles (the search sets them aside), boxes larger than a crossbar. When to prefer it: for
 * packings that change; one pass over an order is faster in pack_ems.c.
 *
 * Invariant: spaces cover the free cells of a crossbar but for parts smaller than any box; left_out and the items
 * of all crossbars together hold each box once.
 *
 * Complexity: put O(spaces^2), take O(boxes of the crossbar * spaces^2), find O(crossbars / 8). */
#include "compile/pack_state.h"

#include <string.h>

enum { LANES = 8, FEW = 8 };

#define HIGH_BITS UINT64_C(0x8080808080808080)
#define LOW_BITS UINT64_C(0x0101010101010101)

static void
set_byte(uint64_t *words, int32_t k, uint64_t value)
{
  const int lane = 8 * (k % LANES);

  words[k / LANES] = (words[k / LANES] & ~(UINT64_C(0xff) << lane)) | value << lane;
}

/* What crossbar k can still take. */
static void
update_bounds(rrn_pack_state *s, int32_t k)
{
  const rrn_pack_bin *b = &s->bins[k];
  int32_t widest = 1, highest = 1;
  size_t i;

  for (i = 0; i < b->n_spaces; i++) {
    const int32_t w = b->spaces[i].x2 - b->spaces[i].x1, h = b->spaces[i].y2 - b->spaces[i].y1;

    widest = w > widest ? w : widest;
    highest = h > highest ? h : highest;
  }
  set_byte(s->open, k, b->n_spaces > 0 && b->n_items < (size_t)s->rules->max_load ? 0x80 : 0);
  set_byte(s->widest, k, (uint64_t)(widest - 1) >> s->shift);
  set_byte(s->highest, k, (uint64_t)(highest - 1) >> s->shift);
}

static int64_t
square(int64_t x)
{
  return x * x;
}

static void
set_free(rrn_pack_state *s, rrn_pack_bin *b, int64_t cells)
{
  s->concentration += square(cells) - square(b->free);
  b->free = cells;
}

static void
leave_out(rrn_pack_state *s, int32_t box)
{
  s->left_out[s->n_left_out++] = box;
  s->left_out_cells += (int64_t)s->boxes[box].rows * s->boxes[box].cols;
}

int32_t
rrn_pack_state_init(rrn_pack_state *s, const rrn_pack_rules *rules, const rrn_pack_conflicts *conflicts,
                    const rrn_pack_box *boxes, size_t n, int32_t most_bins, rrn_arena *arena, rramnas_error *err)
{
  const int32_t side = rules->cols > rules->rows ? rules->cols : rules->rows;
  const size_t words = (size_t)most_bins / LANES + 1;
  size_t i;

  *s = (rrn_pack_state){ .rules = rules, .conflicts = conflicts, .boxes = boxes, .arena = arena };
  s->most_bins = most_bins;
  s->n_boxes = n;
  s->least_rows = rules->rows;
  s->least_cols = rules->cols;
  while ((side - 1) >> s->shift > 127)
    s->shift++;
  s->bins = rrn_arena_alloc(arena, (size_t)most_bins + 1, sizeof(*s->bins));
  s->left_out = rrn_arena_alloc_raw(arena, n + 1, sizeof(*s->left_out));
  s->saved_left_out = rrn_arena_alloc_raw(arena, n + 1, sizeof(*s->saved_left_out));
  s->widest = rrn_arena_alloc(arena, words, sizeof(*s->widest));
  s->highest = rrn_arena_alloc(arena, words, sizeof(*s->highest));
  s->open = rrn_arena_alloc(arena, words, sizeof(*s->open));
  if (!s->bins || !s->left_out || !s->saved_left_out || !s->widest || !s->highest || !s->open)
    return rrn_fail_memory(err);
  for (i = 0; i < n; i++) {
    s->least_rows = boxes[i].rows < s->least_rows ? boxes[i].rows : s->least_rows;
    s->least_cols = boxes[i].cols < s->least_cols ? boxes[i].cols : s->least_cols;
    leave_out(s, (int32_t)i);
  }
  return RRAMNAS_OK;
}

/* Room for one more element of an array of the arena. */
#define ROOM(s, array, n, cap, err)                                                              \
  do {                                                                                           \
    if ((n) >= (cap)) {                                                                          \
      void *grown_ = rrn_arena_grow((s)->arena, (array), (n), &(cap), sizeof(*(array)));         \
                                                                                                 \
      if (!grown_)                                                                               \
        return rrn_fail_memory(err);                                                             \
      (array) = grown_;                                                                          \
    }                                                                                            \
  } while (0)

int32_t
rrn_pack_state_open(rrn_pack_state *s, rramnas_error *err)
{
  rrn_pack_bin *b = &s->bins[s->n_bins];

  ROOM(s, b->spaces, 0, b->cap_spaces, err);
  b->n_items = 0;
  b->n_spaces = 1;
  b->spaces[0] = (rrn_pack_space){ 0, 0, s->rules->cols, s->rules->rows };
  b->free = 0;
  b->saved = 0;
  set_free(s, b, (int64_t)s->rules->cols * s->rules->rows);
  update_bounds(s, s->n_bins++);
  return RRAMNAS_OK;
}

static int
may_join(const rrn_pack_state *s, int32_t a, int32_t b)
{
  const rrn_pack_conflicts *c = s->conflicts;
  const int32_t t = s->rules->layer_threshold, distance = a - b;

  if (t >= 0 && distance <= t && distance >= -t)
    return 0;
  if (!c || a >= c->n_layers || b >= c->n_layers)
    return 1;
  return (c->bits[(size_t)a * (size_t)c->n_words + (size_t)b / 64] >> (b % 64) & 1) == 0;
}

static int
allowed(const rrn_pack_state *s, const rrn_pack_bin *b, int32_t layer)
{
  size_t i;

  if (s->rules->layer_threshold < 0 && !s->conflicts)
    return 1;
  for (i = 0; i < b->n_items; i++)
    if (!may_join(s, layer, s->boxes[b->items[i].box].layer))
      return 0;
  return 1;
}

int
rrn_pack_state_allows(const rrn_pack_state *s, int32_t k, int32_t layer)
{
  return s->bins[k].n_items < (size_t)s->rules->max_load && allowed(s, &s->bins[k], layer);
}

/* Merit of a space for a box; the least is taken. */
static int64_t
merit(const rrn_pack_state *s, const rrn_pack_space *o, const rrn_pack_box *box)
{
  const int32_t w = o->x2 - o->x1 - box->cols, h = o->y2 - o->y1 - box->rows;

  if (s->rule == RRN_PACK_FAR_CORNER)
    return -square((int64_t)s->rules->cols - o->x1 - box->cols) - square((int64_t)s->rules->rows - o->y1 - box->rows);
  if (s->rule == RRN_PACK_SHORT_SIDE)
    return w < h ? ((int64_t)w << 32) + h : ((int64_t)h << 32) + w;
  return ((int64_t)o->y1 << 32) + o->x1;
}

int32_t
rrn_pack_state_space(const rrn_pack_state *s, int32_t k, const rrn_pack_box *box)
{
  const rrn_pack_bin *b = &s->bins[k];
  int64_t best = INT64_MAX;
  int32_t chosen = -1;
  size_t i;

  if (b->n_items >= (size_t)s->rules->max_load)
    return -1;
  for (i = 0; i < b->n_spaces; i++) {
    const rrn_pack_space *o = &b->spaces[i];

    if (box->cols <= o->x2 - o->x1 && box->rows <= o->y2 - o->y1) {
      const int64_t m = merit(s, o, box);

      if (m < best) {
        best = m;
        chosen = (int32_t)i;
      }
    }
  }
  return chosen >= 0 && allowed(s, b, box->layer) ? chosen : -1;
}

/* High bit of each of the eight crossbars of word j whose bounds admit the box; see pack_ems.c. */
static uint64_t
candidates(const rrn_pack_state *s, int32_t j, const rrn_pack_box *box)
{
  const uint64_t cols = ((uint64_t)(box->cols - 1) >> s->shift) * LOW_BITS;
  const uint64_t rows = ((uint64_t)(box->rows - 1) >> s->shift) * LOW_BITS;

  return ((s->widest[j] | HIGH_BITS) - cols) & ((s->highest[j] | HIGH_BITS) - rows) & s->open[j];
}

int32_t
rrn_pack_state_first(const rrn_pack_state *s, const rrn_pack_box *box, int32_t from, int32_t *ret_space)
{
  const int32_t n_words = (s->n_bins + LANES - 1) / LANES;
  int32_t i, j = n_words ? from / LANES % n_words : 0, k;

  for (i = 0; i < n_words; i++, j = j + 1 < n_words ? j + 1 : 0) {
    uint64_t found = candidates(s, j, box);

    for (; found; found &= found - 1) {
      k = j * LANES + __builtin_ctzll(found) / 8;
      *ret_space = rrn_pack_state_space(s, k, box);
      if (*ret_space >= 0)
        return k;
    }
  }
  return -1;
}

int32_t
rrn_pack_state_tightest(const rrn_pack_state *s, const rrn_pack_box *box, int32_t *ret_space)
{
  int32_t j, k, best = -1;

  for (j = 0; j * LANES < s->n_bins; j++) {
    uint64_t found = candidates(s, j, box);

    for (; found; found &= found - 1) {
      int32_t space;

      k = j * LANES + __builtin_ctzll(found) / 8;
      if (best >= 0 && s->bins[k].free >= s->bins[best].free)
        continue;
      space = rrn_pack_state_space(s, k, box);
      if (space >= 0) {
        best = k;
        *ret_space = space;
      }
    }
  }
  return best;
}

static int
inside(const rrn_pack_space *s, const rrn_pack_space *o)
{
  return o->x1 <= s->x1 && o->y1 <= s->y1 && o->x2 >= s->x2 && o->y2 >= s->y2;
}

/* Adds a remainder to parts[0..n) unless it is too small or inside a part; drops parts inside it. Returns the
 * new count. */
static size_t
add_part(const rrn_pack_state *s, size_t n, rrn_pack_space part)
{
  rrn_pack_space *parts = s->parts;
  size_t i, kept = 0;

  if (part.x2 - part.x1 < s->least_cols || part.y2 - part.y1 < s->least_rows)
    return n;
  for (i = 0; i < n; i++)
    if (inside(&part, &parts[i]))
      return n;
  for (i = 0; i < n; i++)
    if (!inside(&parts[i], &part))
      parts[kept++] = parts[i];
  parts[kept++] = part;
  return kept;
}

/* Replaces the spaces that overlap `t` by their remainders. */
static int32_t
cut_spaces(rrn_pack_state *s, rrn_pack_bin *b, const rrn_pack_space *t, rramnas_error *err)
{
  size_t i, j, kept = 0, n = 0;

  ROOM(s, s->parts, 4 * b->n_spaces, s->cap_parts, err);
  for (i = 0; i < b->n_spaces; i++) {
    const rrn_pack_space o = b->spaces[i];

    if (t->x1 >= o.x2 || t->x2 <= o.x1 || t->y1 >= o.y2 || t->y2 <= o.y1) {
      b->spaces[kept++] = o;
      continue;
    }
    n = add_part(s, n, (rrn_pack_space){ o.x1, o.y1, t->x1, o.y2 });
    n = add_part(s, n, (rrn_pack_space){ t->x2, o.y1, o.x2, o.y2 });
    n = add_part(s, n, (rrn_pack_space){ o.x1, o.y1, o.x2, t->y1 });
    n = add_part(s, n, (rrn_pack_space){ o.x1, t->y2, o.x2, o.y2 });
  }
  b->n_spaces = kept;
  for (i = 0; i < n; i++) {
    for (j = 0; j < kept && !inside(&s->parts[i], &b->spaces[j]); j++)
      ;
    if (j < kept)
      continue;
    ROOM(s, b->spaces, b->n_spaces, b->cap_spaces, err);
    b->spaces[b->n_spaces++] = s->parts[i];
  }
  return RRAMNAS_OK;
}

/* Copies crossbar k before its first change after a mark. */
static int32_t
save(rrn_pack_state *s, int32_t k, rramnas_error *err)
{
  rrn_pack_bin *b = &s->bins[k], *copy;

  if (b->saved)
    return RRAMNAS_OK;
  if (s->n_saved == s->n_buffers) {
    ROOM(s, s->saved, s->n_saved, s->cap_saved, err);
    ROOM(s, s->saved_bin, s->n_saved, s->cap_saved_bin, err);
    s->saved[s->n_buffers++] = (rrn_pack_bin){ 0 };
  }
  copy = &s->saved[s->n_saved];
  ROOM(s, copy->items, b->n_items, copy->cap_items, err);
  ROOM(s, copy->spaces, b->n_spaces, copy->cap_spaces, err);
  if (b->n_items)
    memcpy(copy->items, b->items, b->n_items * sizeof(*b->items));
  if (b->n_spaces)
    memcpy(copy->spaces, b->spaces, b->n_spaces * sizeof(*b->spaces));
  copy->n_items = b->n_items;
  copy->n_spaces = b->n_spaces;
  copy->free = b->free;
  s->saved_bin[s->n_saved++] = k;
  b->saved = 1;
  return RRAMNAS_OK;
}

static int32_t
cut_item(rrn_pack_state *s, rrn_pack_bin *b, const rrn_pack_item *item, rramnas_error *err)
{
  const rrn_pack_box *box = &s->boxes[item->box];
  const rrn_pack_space taken = { item->col, item->row, item->col + box->cols, item->row + box->rows };

  return cut_spaces(s, b, &taken, err);
}

int32_t
rrn_pack_state_emptiest(const rrn_pack_state *s)
{
  int32_t k, best = 0;

  for (k = 1; k < s->n_bins; k++)
    if (s->bins[k].free > s->bins[best].free)
      best = k;
  return best;
}

int32_t
rrn_pack_state_put(rrn_pack_state *s, int32_t k, int32_t space, int32_t box, rramnas_error *err)
{
  const rrn_pack_space *o = &s->bins[k].spaces[space];

  return rrn_pack_state_place(s, k, (rrn_pack_item){ box, o->y1, o->x1 }, err);
}

int32_t
rrn_pack_state_place(rrn_pack_state *s, int32_t k, rrn_pack_item item, rramnas_error *err)
{
  rrn_pack_bin *b = &s->bins[k];
  const int32_t box = item.box;

  RRN_TRY(save(s, k, err));
  ROOM(s, b->items, b->n_items, b->cap_items, err);
  b->items[b->n_items++] = item;
  set_free(s, b, b->free - (int64_t)s->boxes[box].rows * s->boxes[box].cols);
  RRN_TRY(cut_item(s, b, &item, err));
  update_bounds(s, k);
  s->work++;
  return RRAMNAS_OK;
}

int32_t
rrn_pack_state_take(rrn_pack_state *s, int32_t k, const uint8_t *keep, rramnas_error *err)
{
  rrn_pack_bin *b = &s->bins[k];
  int64_t cells = b->free;
  size_t i, kept = 0;

  RRN_TRY(save(s, k, err));
  b->n_spaces = 1;
  b->spaces[0] = (rrn_pack_space){ 0, 0, s->rules->cols, s->rules->rows };
  for (i = 0; i < b->n_items; i++) {
    const rrn_pack_item item = b->items[i];

    if (keep && keep[i]) {
      b->items[kept++] = item;
      RRN_TRY(cut_item(s, b, &item, err));
    } else {
      leave_out(s, item.box);
      cells += (int64_t)s->boxes[item.box].rows * s->boxes[item.box].cols;
    }
  }
  b->n_items = kept;
  set_free(s, b, cells);
  update_bounds(s, k);
  return RRAMNAS_OK;
}

void
rrn_pack_state_drop(rrn_pack_state *s, int32_t k)
{
  const int32_t last = s->n_bins - 1;
  rrn_pack_bin dropped;

  rrn_pack_state_mark(s);
  dropped = s->bins[k];
  s->n_bins = last;
  s->concentration -= square(dropped.free);
  s->bins[k] = s->bins[last];
  s->bins[last] = dropped;
  if (k < last)
    update_bounds(s, k);
  set_byte(s->open, last, 0);
}

void
rrn_pack_state_mark(rrn_pack_state *s)
{
  size_t i;

  for (i = 0; i < s->n_saved; i++)
    s->bins[s->saved_bin[i]].saved = 0;
  s->n_saved = 0;
  memcpy(s->saved_left_out, s->left_out, s->n_left_out * sizeof(*s->left_out));
  s->n_saved_left_out = s->n_left_out;
  s->saved_cells = s->left_out_cells;
  s->saved_concentration = s->concentration;
}

void
rrn_pack_state_undo(rrn_pack_state *s)
{
  while (s->n_saved > 0) {
    const int32_t k = s->saved_bin[--s->n_saved];
    const rrn_pack_bin changed = s->bins[k];

    s->bins[k] = s->saved[s->n_saved];
    s->bins[k].saved = 0;
    s->saved[s->n_saved] = changed;
    update_bounds(s, k);
  }
  memcpy(s->left_out, s->saved_left_out, s->n_saved_left_out * sizeof(*s->left_out));
  s->n_left_out = s->n_saved_left_out;
  s->left_out_cells = s->saved_cells;
  s->concentration = s->saved_concentration;
}
