/* SPDX-License-Identifier: MIT */
/* Crossbars with boxes and maximal empty spaces, changed in steps that can be taken back.
 *
 * In:  boxes of a layer to place or take out.
 * Out: the new state, or the old one when a step is taken back.
 *
 * Idea: all boxes of a layer must be in different crossbars, so those of one size do not compete: one look at every
 * crossbar gives each the space that fits best (least waste on the shorter side), and the best crossbars are taken.
 * Before a crossbar changes for the first time in a step its state is saved; going back restores the saved states in
 * reverse order.
 *
 * Not handled: spaces are not all maximal after a removal (the freed rectangle is widened, then heightened, and the
 * other way round), and at most RRN_FLOOR_SPACES are kept, the largest. Invariant: spaces are free.
 *
 * Complexity: placing any number of boxes of a size looks at each space of each crossbar once. */
#include "best/floor.h"

#include <stddef.h>
#include <string.h>

/* What it costs, in rough nanoseconds. */
enum {
  WORK_LOOK = 1,
  WORK_FIT = 4, /* and 1 for a space */
  WORK_PUT = 24,
  WORK_REMOVE = 20,
  WORK_BOX = 7,
  WORK_SPACE = 4,
  WORK_SAVE = 24,
  WORK_BACK = 24,
};

int32_t
rrn_floor_init(rrn_floor *f, rrn_arena *arena, int32_t rows, int32_t cols, int32_t n_bars, int32_t n_layers,
               rramnas_error *err)
{
  const size_t n = (size_t)n_bars;

  *f = (rrn_floor){ .arena = arena, .rows = rows, .cols = cols, .n_bars = n_bars, .n_layers = n_layers };
  f->n_words = n_bars / 64 + 1;
  f->bars = rrn_arena_alloc(arena, n, sizeof(*f->bars));
  f->room = rrn_arena_alloc(arena, n, sizeof(*f->room));
  f->n_of_score = rrn_arena_alloc(arena, (size_t)rows + (size_t)cols + 1, sizeof(*f->n_of_score));
  f->holds = rrn_arena_alloc(arena, (size_t)n_layers * (size_t)f->n_words, sizeof(*f->holds));
  f->found_bar = rrn_arena_alloc_raw(arena, n, sizeof(*f->found_bar));
  f->found_score = rrn_arena_alloc_raw(arena, n, sizeof(*f->found_score));
  f->found_space = rrn_arena_alloc_raw(arena, n, sizeof(*f->found_space));
  if (!f->bars || !f->room || !f->n_of_score || !f->holds || !f->found_bar || !f->found_score || !f->found_space)
    return rrn_fail_memory(err);
  rrn_floor_clear(f);
  return RRAMNAS_OK;
}

static void
empty_bar(rrn_floor *f, int32_t k)
{
  rrn_floor_bar *b = &f->bars[k];

  f->room[k] = f->rows * f->cols;
  b->n_boxes = 0;
  b->n_spaces = 1;
  b->spaces[0] = (rrn_floor_space){ 0, 0, f->cols, f->rows };
}

void
rrn_floor_clear(rrn_floor *f)
{
  int32_t k;

  memset(f->holds, 0, (size_t)f->n_layers * (size_t)f->n_words * sizeof(*f->holds));
  for (k = 0; k < f->n_bars; k++) {
    empty_bar(f, k);
    f->bars[k].group = 0;
    f->bars[k].stamp = 0;
  }
  f->n_saved = 0;
  f->stamp = 0;
  f->first = 0;
  f->only = NULL;
}

/* --- steps --- */

static void
flip(rrn_floor *f, int32_t layer, int32_t k)
{
  f->holds[(size_t)layer * (size_t)f->n_words + (size_t)(k >> 6)] ^= UINT64_C(1) << (k & 63);
}

static int
reserve_boxes(rrn_floor *f, rrn_floor_box **boxes, int32_t *cap, int32_t n)
{
  rrn_floor_box *grown;
  int32_t more = *cap ? *cap : 8;

  if (n <= *cap)
    return 1;
  while (more < n)
    more *= 2;
  grown = rrn_arena_alloc_raw(f->arena, (size_t)more, sizeof(*grown));
  if (!grown) {
    f->failed = 1;
    return 0;
  }
  if (*cap > 0)
    memcpy(grown, *boxes, (size_t)*cap * sizeof(*grown));
  *boxes = grown;
  *cap = more;
  return 1;
}

static rrn_floor_saved *
next_saved(rrn_floor *f)
{
  rrn_floor_saved *saved = rrn_arena_grow(f->arena, f->saved, f->n_saved, &f->cap_saved, sizeof(*saved));

  if (!saved) {
    f->failed = 1;
    return NULL;
  }
  f->saved = saved;
  while (f->made_saved <= f->n_saved)
    saved[f->made_saved++] = (rrn_floor_saved){ 0 };
  return &saved[f->n_saved];
}

static int
save(rrn_floor *f, int32_t k)
{
  rrn_floor_bar *b = &f->bars[k];
  rrn_floor_saved *s;

  if (f->stamp == 0 || b->stamp == f->stamp)
    return 1;
  s = next_saved(f);
  if (!s || !reserve_boxes(f, &s->boxes, &s->cap_boxes, b->n_boxes))
    return 0;
  s->bar = k;
  s->room = f->room[k];
  memcpy(&s->state, b, offsetof(rrn_floor_bar, spaces) + (size_t)b->n_spaces * sizeof(b->spaces[0]));
  if (b->n_boxes > 0)
    memcpy(s->boxes, b->boxes, (size_t)b->n_boxes * sizeof(*b->boxes));
  b->stamp = f->stamp;
  f->n_saved++;
  f->work += WORK_SAVE;
  return 1;
}

size_t
rrn_floor_mark(rrn_floor *f)
{
  f->stamp++;
  return f->n_saved;
}

static void
restore(rrn_floor *f, const rrn_floor_saved *s)
{
  rrn_floor_bar *b = &f->bars[s->bar];
  rrn_floor_box *boxes = b->boxes;
  const int32_t cap = b->cap_boxes;
  int32_t i;

  for (i = 0; i < b->n_boxes; i++)
    flip(f, b->boxes[i].layer, s->bar);
  memcpy(b, &s->state, offsetof(rrn_floor_bar, spaces) + (size_t)s->state.n_spaces * sizeof(b->spaces[0]));
  b->boxes = boxes;
  b->cap_boxes = cap;
  f->room[s->bar] = s->room;
  if (b->n_boxes > 0)
    memcpy(b->boxes, s->boxes, (size_t)b->n_boxes * sizeof(*boxes));
  for (i = 0; i < b->n_boxes; i++)
    flip(f, b->boxes[i].layer, s->bar);
}

void
rrn_floor_back(rrn_floor *f, size_t mark)
{
  f->work += WORK_BACK * (int64_t)(f->n_saved - mark);
  while (f->n_saved > mark)
    restore(f, &f->saved[--f->n_saved]);
  f->stamp++;
}

void
rrn_floor_keep(rrn_floor *f)
{
  f->n_saved = 0;
  f->stamp++;
}

/* --- spaces --- */

static int
inside(const rrn_floor_space *s, const rrn_floor_space *o)
{
  return o->x1 <= s->x1 && o->y1 <= s->y1 && o->x2 >= s->x2 && o->y2 >= s->y2;
}

static int32_t
area(const rrn_floor_space *s)
{
  return (s->x2 - s->x1) * (s->y2 - s->y1);
}

/* Adds a free rectangle; of too many the smallest goes. */
static void
add_space(rrn_floor_bar *b, rrn_floor_space s)
{
  int32_t i, n = 0, smallest = 0;

  if (s.x1 >= s.x2 || s.y1 >= s.y2)
    return;
  for (i = 0; i < b->n_spaces; i++)
    if (inside(&s, &b->spaces[i]))
      return;
  for (i = 0; i < b->n_spaces; i++)
    if (!inside(&b->spaces[i], &s))
      b->spaces[n++] = b->spaces[i];
  b->n_spaces = n;
  if (n < RRN_FLOOR_SPACES) {
    b->spaces[b->n_spaces++] = s;
    return;
  }
  for (i = 1; i < n; i++)
    if (area(&b->spaces[i]) < area(&b->spaces[smallest]))
      smallest = i;
  if (area(&b->spaces[smallest]) < area(&s))
    b->spaces[smallest] = s;
}

static int
meet(const rrn_floor_space *s, const rrn_floor_box *x)
{
  return x->col < s->x2 && x->col + x->cols > s->x1 && x->row < s->y2 && x->row + x->rows > s->y1;
}

/* The spaces beside the first box of a crossbar, when it is in the corner. */
static void
cut_corner(const rrn_floor *f, rrn_floor_bar *b, const rrn_floor_box *x)
{
  b->n_spaces = 0;
  if (x->cols < f->cols)
    b->spaces[b->n_spaces++] = (rrn_floor_space){ x->cols, 0, f->cols, f->rows };
  if (x->rows < f->rows)
    b->spaces[b->n_spaces++] = (rrn_floor_space){ 0, x->rows, f->cols, f->rows };
}

/* The spaces less the box that came last. */
static void
cut_spaces(const rrn_floor *f, rrn_floor_bar *b, const rrn_floor_box *x)
{
  rrn_floor_space cut[RRN_FLOOR_SPACES];
  const int32_t x2 = x->col + x->cols, y2 = x->row + x->rows;
  int32_t i, n = 0, kept = 0;

  if (b->n_boxes == 1 && x->row == 0 && x->col == 0) {
    cut_corner(f, b, x);
    return;
  }
  for (i = 0; i < b->n_spaces; i++)
    if (meet(&b->spaces[i], x))
      cut[n++] = b->spaces[i];
    else
      b->spaces[kept++] = b->spaces[i];
  b->n_spaces = kept;
  for (i = 0; i < n; i++) {
    const rrn_floor_space s = cut[i];

    add_space(b, (rrn_floor_space){ s.x1, s.y1, x->col, s.y2 });
    add_space(b, (rrn_floor_space){ x2, s.y1, s.x2, s.y2 });
    add_space(b, (rrn_floor_space){ s.x1, s.y1, s.x2, x->row });
    add_space(b, (rrn_floor_space){ s.x1, y2, s.x2, s.y2 });
  }
}

/* How far a free rectangle can grow sideways and up and down. */
static void
widen(const rrn_floor *f, const rrn_floor_bar *b, rrn_floor_space *s)
{
  int32_t i, left = 0, right = f->cols;

  for (i = 0; i < b->n_boxes; i++) {
    const rrn_floor_box *x = &b->boxes[i];

    if (x->row >= s->y2 || x->row + x->rows <= s->y1)
      continue;
    if (x->col + x->cols <= s->x1)
      left = x->col + x->cols > left ? x->col + x->cols : left;
    else if (x->col < right)
      right = x->col;
  }
  s->x1 = left;
  s->x2 = right;
}

static void
heighten(const rrn_floor *f, const rrn_floor_bar *b, rrn_floor_space *s)
{
  int32_t i, low = 0, high = f->rows;

  for (i = 0; i < b->n_boxes; i++) {
    const rrn_floor_box *x = &b->boxes[i];

    if (x->col >= s->x2 || x->col + x->cols <= s->x1)
      continue;
    if (x->row + x->rows <= s->y1)
      low = x->row + x->rows > low ? x->row + x->rows : low;
    else if (x->row < high)
      high = x->row;
  }
  s->y1 = low;
  s->y2 = high;
}

/* --- boxes --- */

void
rrn_floor_remove_box(rrn_floor *f, int32_t k, int32_t box)
{
  rrn_floor_bar *b = &f->bars[k];
  rrn_floor_space wide, high;
  rrn_floor_box x;

  if (!save(f, k))
    return;
  x = b->boxes[box];
  b->boxes[box] = b->boxes[--b->n_boxes];
  flip(f, x.layer, k);
  f->work += WORK_REMOVE + WORK_BOX * b->n_boxes + WORK_SPACE * b->n_spaces;
  if (b->n_boxes == 0) {
    empty_bar(f, k);
    return;
  }
  f->room[k] += x.rows * x.cols;
  wide = high = (rrn_floor_space){ x.col, x.row, x.col + x.cols, x.row + x.rows };
  widen(f, b, &wide);
  heighten(f, b, &wide);
  heighten(f, b, &high);
  widen(f, b, &high);
  add_space(b, wide);
  add_space(b, high);
}

void
rrn_floor_empty(rrn_floor *f, int32_t k)
{
  rrn_floor_bar *b = &f->bars[k];
  int32_t i;

  if (b->n_boxes == 0 || !save(f, k))
    return;
  for (i = 0; i < b->n_boxes; i++)
    flip(f, b->boxes[i].layer, k);
  empty_bar(f, k);
}

static int32_t
box_of(const rrn_floor_bar *b, int32_t layer)
{
  int32_t i;

  for (i = 0; i < b->n_boxes && b->boxes[i].layer != layer; i++)
    ;
  return i;
}

void
rrn_floor_remove(rrn_floor *f, int32_t layer, int32_t rows, int32_t cols, int32_t count)
{
  int32_t j, k, box;
  uint64_t word;

  for (j = f->n_words - 1; j >= 0 && count > 0; j--)
    for (word = f->holds[(size_t)layer * (size_t)f->n_words + (size_t)j]; word && count > 0; word &= word - 1) {
      k = 64 * j + __builtin_ctzll(word);
      box = box_of(&f->bars[k], layer);
      if (rows && (f->bars[k].boxes[box].rows != rows || f->bars[k].boxes[box].cols != cols))
        continue;
      rrn_floor_remove_box(f, k, box);
      count--;
    }
}

static int
put(rrn_floor *f, int32_t k, int32_t space, int32_t layer, int32_t rows, int32_t cols)
{
  rrn_floor_bar *b = &f->bars[k];
  rrn_floor_box x = { layer, 0, 0, rows, cols };

  if (!save(f, k) || !reserve_boxes(f, &b->boxes, &b->cap_boxes, b->n_boxes + 1))
    return 0;
  x.row = b->spaces[space].y1;
  x.col = b->spaces[space].x1;
  b->boxes[b->n_boxes++] = x;
  f->room[k] -= rows * cols;
  f->work += WORK_PUT + WORK_SPACE * b->n_spaces;
  flip(f, layer, k);
  cut_spaces(f, b, &x);
  return 1;
}

/* Best space of a crossbar; its waste, or -1. */
static int32_t
best_space(const rrn_floor_bar *b, int32_t rows, int32_t cols, int32_t *ret_space)
{
  int32_t i, best = INT32_MAX, longer = INT32_MAX;

  for (i = 0; i < b->n_spaces; i++) {
    const rrn_floor_space *s = &b->spaces[i];
    int32_t dx, dy, less, more;

    if (s->x2 - s->x1 < cols || s->y2 - s->y1 < rows)
      continue;
    dx = s->x2 - s->x1 - cols;
    dy = s->y2 - s->y1 - rows;
    less = dx < dy ? dx : dy;
    more = dx < dy ? dy : dx;
    if (less < best || (less == best && more < longer)) {
      best = less;
      longer = more;
      *ret_space = i;
    }
  }
  return best == INT32_MAX ? -1 : best;
}

/* Whether a layer may join the boxes of a crossbar. */
static int
allowed(const rrn_floor_bar *b, const uint64_t *allow)
{
  int32_t i;

  for (i = 0; i < b->n_boxes; i++)
    if (!(allow[b->boxes[i].layer >> 6] >> (b->boxes[i].layer & 63) & 1))
      return 0;
  return 1;
}

/* NULL when the layer may join any other. */
static const uint64_t *
allow_row(const rrn_floor *f, int32_t layer)
{
  const uint64_t *row = f->allow ? f->allow + (size_t)layer * (size_t)f->allow_words : NULL;
  int32_t i, n = 0;

  for (i = 0; row && i < f->allow_words; i++)
    n += __builtin_popcountll(row[i]);
  return n < f->n_layers ? row : NULL;
}

static int32_t
find_spaces(rrn_floor *f, int32_t layer, int32_t rows, int32_t cols, int32_t group)
{
  const uint64_t *allow = allow_row(f, layer), *holds = f->holds + (size_t)layer * (size_t)f->n_words;
  const int32_t *only = f->only, *room = f->room, bars = f->n_bars, first = f->first, most = only ? f->n_only : bars;
  int32_t *found_bar = f->found_bar, *found_score = f->found_score, *found_space = f->found_space;
  int32_t n = 0, fits = 0, i, k, score;

  for (i = 0; i < most; i++) {
    const rrn_floor_bar *b;

    k = only ? only[i] : i + first < bars ? i + first : i + first - bars;
    if (room[k] < rows * cols || (holds[k >> 6] >> (k & 63) & 1))
      continue;
    b = &f->bars[k];
    if ((group >= 0 && b->group != group) || (allow && !allowed(b, allow)))
      continue;
    fits += WORK_FIT + b->n_spaces;
    score = best_space(b, rows, cols, &found_space[n]);
    if (score < 0)
      continue;
    found_bar[n] = k;
    found_score[n++] = score;
  }
  f->work += WORK_LOOK * most + fits;
  return n;
}

int32_t
rrn_floor_count(rrn_floor *f, int32_t layer, int32_t rows, int32_t cols, int32_t group)
{
  return find_spaces(f, layer, rows, cols, group);
}

/* The score of which not all that were found are needed; how many of that score are. */
static int32_t
last_score(rrn_floor *f, int32_t found, int32_t count, int32_t *ret_n)
{
  int32_t i, score;

  for (i = 0; i < found; i++)
    f->n_of_score[f->found_score[i]]++;
  for (score = 0; f->n_of_score[score] < count; score++)
    count -= f->n_of_score[score];
  for (i = 0; i < found; i++)
    f->n_of_score[f->found_score[i]] = 0;
  *ret_n = count;
  return score;
}

int
rrn_floor_place(rrn_floor *f, int32_t layer, int32_t rows, int32_t cols, int32_t count, int32_t group)
{
  const int32_t found = find_spaces(f, layer, rows, cols, group);
  int32_t last, left = 0, i;

  if (found < count)
    return 0;
  if (count == 0)
    return 1;
  last = found == count ? INT32_MAX : last_score(f, found, count, &left);
  for (i = 0; i < found; i++) {
    if (f->found_score[i] > last || (f->found_score[i] == last && left-- <= 0))
      continue;
    if (!put(f, f->found_bar[i], f->found_space[i], layer, rows, cols))
      return 0;
  }
  return !f->failed;
}

void
rrn_floor_restore(rrn_floor *f, int32_t k, const rrn_floor_box *boxes, int32_t n, int32_t spaces)
{
  rrn_floor_bar *b = &f->bars[k];
  int32_t i;

  if (!reserve_boxes(f, &b->boxes, &b->cap_boxes, n))
    return;
  for (i = 0; i < n; i++) {
    b->boxes[b->n_boxes++] = boxes[i];
    f->room[k] -= boxes[i].rows * boxes[i].cols;
    flip(f, boxes[i].layer, k);
    if (spaces)
      cut_spaces(f, b, &boxes[i]);
  }
}

void
rrn_floor_regroup(rrn_floor *f, int32_t bar, int32_t group)
{
  if (save(f, bar))
    f->bars[bar].group = group;
}
