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
 * Many boxes of one size make many crossbars alike. So lists of spaces are numbered: crossbars that came to theirs by
 * the same boxes have the same number, and what is found for one of them (the best space for a size, the spaces that
 * a box there leaves) is noted for the others. Local search, which looks for the same sizes again and again and
 * changes few crossbars in between, finds it noted as well, also after going back.
 *
 * Invariant: crossbars of one list have the same spaces, in the same order. Not handled: the same spaces by other
 * boxes, or by the same in another order, have another number. Crossbars are looked at one by one, as they hold
 * different layers.
 *
 * Complexity: placing boxes of a size looks at each crossbar once, and at the spaces of each list once. */
#include "best/floor.h"

#include <string.h>

/* Pairs of lists and sizes that are noted: as many as a cache holds, or so many sizes for each crossbar. */
enum { ONCE_KNOWN = 1 << 11, AGAIN_KNOWN = 1 << 14, FEW_SIZES = 16 };

/* Number of the list of an empty crossbar. */
enum { EMPTY = 1 };

/* Boxes that a crossbar has room for at first. */
enum { FIRST_BOXES = 16 };

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

static uint32_t
count_known(int32_t n_bars, int32_t again)
{
  uint32_t n = again ? AGAIN_KNOWN : ONCE_KNOWN;

  while (again && n < (int64_t)FEW_SIZES * n_bars)
    n *= 2;
  return n;
}

int32_t
rrn_floor_init(rrn_floor *f, rrn_arena *arena, int32_t rows, int32_t cols, int32_t n_bars, int32_t n_layers,
               int32_t again, rramnas_error *err)
{
  const size_t n = (size_t)n_bars;

  *f = (rrn_floor){ .arena = arena, .rows = rows, .cols = cols, .n_bars = n_bars, .n_layers = n_layers };
  f->n_words = n_bars / 64 + 1;
  f->layer_words = n_layers / 64 + 1;
  f->n_lists = EMPTY;
  f->n_known = count_known(n_bars, again);
  f->bars = rrn_arena_alloc(arena, n, sizeof(*f->bars));
  f->room = rrn_arena_alloc(arena, n, sizeof(*f->room));
  f->spaces = rrn_arena_alloc_raw(arena, n, RRN_FLOOR_SPACES * sizeof(*f->spaces));
  f->known = rrn_arena_alloc(arena, f->n_known, sizeof(*f->known));
  f->held = rrn_arena_alloc(arena, n * (size_t)f->layer_words, sizeof(*f->held));
  f->n_of_score = rrn_arena_alloc(arena, (size_t)rows + (size_t)cols + 1, sizeof(*f->n_of_score));
  f->holds = rrn_arena_alloc(arena, (size_t)n_layers * (size_t)f->n_words, sizeof(*f->holds));
  f->found_bar = rrn_arena_alloc_raw(arena, n, sizeof(*f->found_bar));
  f->found_score = rrn_arena_alloc_raw(arena, n, sizeof(*f->found_score));
  if (!f->bars || !f->room || !f->spaces || !f->known || !f->held || !f->n_of_score || !f->holds || !f->found_bar ||
      !f->found_score)
    return rrn_fail_memory(err);
  rrn_floor_clear(f);
  return RRAMNAS_OK;
}

static rrn_floor_space *
spaces_of(const rrn_floor *f, int32_t k)
{
  return f->spaces + (size_t)k * RRN_FLOOR_SPACES;
}

static uint64_t *
held_by(const rrn_floor *f, int32_t k)
{
  return f->held + (size_t)k * (size_t)f->layer_words;
}

static rrn_floor_space
whole_bar(const rrn_floor *f)
{
  return (rrn_floor_space){ 0, 0, f->cols, f->rows };
}

static void
empty_bar(rrn_floor *f, int32_t k)
{
  rrn_floor_bar *b = &f->bars[k];

  f->room[k] = (int64_t)f->rows * f->cols;
  b->n_boxes = 0;
  b->n_spaces = 1;
  b->list = EMPTY;
  spaces_of(f, k)[0] = whole_bar(f);
}

void
rrn_floor_clear(rrn_floor *f)
{
  int32_t k;

  memset(f->holds, 0, (size_t)f->n_layers * (size_t)f->n_words * sizeof(*f->holds));
  memset(f->held, 0, (size_t)f->n_bars * (size_t)f->layer_words * sizeof(*f->held));
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
  f->held[(size_t)k * (size_t)f->layer_words + (size_t)(layer >> 6)] ^= UINT64_C(1) << (layer & 63);
}

static int
reserve_boxes(rrn_floor *f, rrn_floor_box **boxes, int32_t *cap, int32_t n)
{
  rrn_floor_box *grown;
  int32_t more = *cap ? *cap : FIRST_BOXES;

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

static int
reserve_held(rrn_floor *f, uint64_t **held)
{
  if (!*held)
    *held = rrn_arena_alloc_raw(f->arena, (size_t)f->layer_words, sizeof(**held));
  f->failed |= !*held;
  return *held != NULL;
}

static rrn_floor_saved *
next_saved(rrn_floor *f)
{
  rrn_floor_saved **saved = rrn_arena_grow(f->arena, (void *)f->saved, f->n_saved, &f->cap_saved, sizeof(*saved));

  if (!saved) {
    f->failed = 1;
    return NULL;
  }
  f->saved = saved;
  if (f->made_saved == f->n_saved) {
    saved[f->n_saved] = rrn_arena_alloc(f->arena, 1, sizeof(**saved));
    f->made_saved += saved[f->n_saved] != NULL;
  }
  f->failed |= f->made_saved == f->n_saved;
  return f->failed ? NULL : saved[f->n_saved];
}

static int
save(rrn_floor *f, int32_t k)
{
  rrn_floor_bar *b = &f->bars[k];
  rrn_floor_saved *s;

  if (f->stamp == 0 || b->stamp == f->stamp)
    return 1;
  s = next_saved(f);
  if (!s || !reserve_boxes(f, &s->boxes, &s->cap_boxes, b->n_boxes) || !reserve_held(f, &s->held))
    return 0;
  s->bar = k;
  s->room = f->room[k];
  s->state = *b;
  memcpy(s->held, held_by(f, k), (size_t)f->layer_words * sizeof(*s->held));
  memcpy(s->spaces, spaces_of(f, k), (size_t)b->n_spaces * sizeof(s->spaces[0]));
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
  uint64_t word;
  int32_t i;

  for (i = 0; i < f->layer_words; i++)
    for (word = held_by(f, s->bar)[i] ^ s->held[i]; word; word &= word - 1)
      flip(f, 64 * i + __builtin_ctzll(word), s->bar);
  f->room[s->bar] = s->room;
  *b = s->state;
  b->boxes = boxes;
  b->cap_boxes = cap;
  memcpy(spaces_of(f, s->bar), s->spaces, (size_t)b->n_spaces * sizeof(s->spaces[0]));
  if (b->n_boxes > 0)
    memcpy(b->boxes, s->boxes, (size_t)b->n_boxes * sizeof(*boxes));
}

void
rrn_floor_back(rrn_floor *f, size_t mark)
{
  f->work += WORK_BACK * (int64_t)(f->n_saved - mark);
  while (f->n_saved > mark)
    restore(f, f->saved[--f->n_saved]);
  f->stamp++;
}

void
rrn_floor_keep(rrn_floor *f)
{
  f->n_saved = 0;
  f->stamp++;
}

/* --- boxes --- */

/* Adds the spaces that a box leaves. */
static void
free_spaces(rrn_floor *f, int32_t k, const rrn_floor_box *x)
{
  const rrn_floor_space all = whole_bar(f);
  rrn_floor_bar *b = &f->bars[k];
  rrn_floor_space left[2];

  rrn_floor_spaces_left(b->boxes, b->n_boxes, &all, x, left);
  b->n_spaces = rrn_floor_spaces_add(spaces_of(f, k), b->n_spaces, left[0]);
  b->n_spaces = rrn_floor_spaces_add(spaces_of(f, k), b->n_spaces, left[1]);
  b->list = ++f->n_lists;
}

void
rrn_floor_remove_box(rrn_floor *f, int32_t k, int32_t box)
{
  rrn_floor_bar *b = &f->bars[k];
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
  f->room[k] += (int64_t)x.rows * x.cols;
  free_spaces(f, k, &x);
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

/* --- what is noted --- */

static uint64_t
size_of(int32_t rows, int32_t cols)
{
  return (uint64_t)rows << 32 | (uint64_t)cols;
}

/* Lists are numbered one after the other, and their entries for one size are side by side. */
static inline rrn_floor_known *
entry_of(const rrn_floor *f, uint32_t list, uint64_t size)
{
  return &f->known[(list + (uint32_t)(size * UINT64_C(0x9e3779b97f4a7c15) >> 40)) & (f->n_known - 1)];
}

static void
find_best(const rrn_floor *f, int32_t k, uint64_t size, rrn_floor_known *known)
{
  const rrn_floor_bar *b = &f->bars[k];

  *known = (rrn_floor_known){ .size = size, .list = b->list };
  known->waste =
    rrn_floor_spaces_best(spaces_of(f, k), b->n_spaces, (int32_t)(size >> 32), (int32_t)size, &known->space);
}

/* What is known about a crossbar's list, found now when it is not noted. */
static inline rrn_floor_known *
look_up(const rrn_floor *f, int32_t k, uint64_t size)
{
  rrn_floor_known *known = entry_of(f, f->bars[k].list, size);

  if (known->list != f->bars[k].list || known->size != size)
    find_best(f, k, size, known);
  return known;
}

static void
cut_spaces(rrn_floor *f, int32_t k, const rrn_floor_box *x)
{
  rrn_floor_bar *b = &f->bars[k];

  b->n_spaces = rrn_floor_spaces_cut(spaces_of(f, k), b->n_spaces, x);
  b->list = ++f->n_lists;
}

/* The spaces less a box in the best one: as another crossbar has them if one came to that list, or found now. */
static void
fill_best(rrn_floor *f, int32_t k, const rrn_floor_box *x, rrn_floor_known *known)
{
  const rrn_floor_bar *like = &f->bars[known->like];
  rrn_floor_bar *b = &f->bars[k];
  const uint32_t next = known->next;

  if (next && like->list == next) {
    b->n_spaces = like->n_spaces;
    memcpy(spaces_of(f, k), spaces_of(f, known->like), (size_t)b->n_spaces * sizeof(rrn_floor_space));
  } else {
    cut_spaces(f, k, x);
    known->next = next ? next : b->list;
    known->like = k;
  }
  b->list = known->next;
}

/* Into its best space. */
static int
put(rrn_floor *f, int32_t k, int32_t layer, int32_t rows, int32_t cols)
{
  rrn_floor_known *known = look_up(f, k, size_of(rows, cols));
  const rrn_floor_space *space = &spaces_of(f, k)[known->space];
  const rrn_floor_box x = { layer, space->x1, space->y1, cols, rows };
  rrn_floor_bar *b = &f->bars[k];

  if (!save(f, k) || !reserve_boxes(f, &b->boxes, &b->cap_boxes, b->n_boxes + 1))
    return 0;
  b->boxes[b->n_boxes++] = x;
  f->room[k] -= (int64_t)rows * cols;
  f->work += WORK_PUT + WORK_SPACE * b->n_spaces;
  flip(f, layer, k);
  fill_best(f, k, &x, known);
  return 1;
}

/* --- where boxes may go --- */

/* Whether a layer may join those of a crossbar. */
static inline int
allowed(const uint64_t *held, const uint64_t *allow, int32_t words)
{
  uint64_t others = 0;
  int32_t i;

  for (i = 0; i < words; i++)
    others |= held[i] & ~allow[i];
  return others == 0;
}

/* NULL when the layer may join any other. */
static const uint64_t *
allow_row(const rrn_floor *f, int32_t layer)
{
  const uint64_t *row = f->allow ? f->allow + (size_t)layer * (size_t)f->layer_words : NULL;
  int32_t i, n = 0;

  for (i = 0; row && i < f->layer_words; i++)
    n += __builtin_popcountll(row[i]);
  return n < f->n_layers ? row : NULL;
}

/* Of the crossbars from..to - 1 those with that many free cells that do not hold the layer; returns how many. */
static int32_t
find_room_between(const rrn_floor *f, const uint64_t *holds, int64_t cells, int32_t from, int32_t to,
                  int32_t *restrict bars)
{
  const int64_t *room = f->room;
  int32_t n = 0, k = from;

  while (k < to) {
    const int32_t end = (k | 63) < to ? (k | 63) + 1 : to;
    uint64_t others = ~holds[k >> 6] >> (k & 63);

    for (; k < end; k++, others >>= 1) {
      bars[n] = k;
      n += (room[k] >= cells) & (int32_t)others;
    }
  }
  return n;
}

static int32_t
find_room(const rrn_floor *f, int32_t layer, int64_t cells, int32_t *bars)
{
  const uint64_t *holds = f->holds + (size_t)layer * (size_t)f->n_words;
  int32_t n = 0, i;

  if (!f->only) {
    n = find_room_between(f, holds, cells, f->first, f->n_bars, bars);
    return n + find_room_between(f, holds, cells, 0, f->first, bars + n);
  }
  for (i = 0; i < f->n_only; i++) {
    bars[n] = f->only[i];
    n += (f->room[bars[n]] >= cells) & (int32_t)~(holds[bars[n] >> 6] >> (bars[n] & 63));
  }
  return n;
}

/* Whether a layer may have a box in a crossbar, as far as group and company go. */
static inline int
welcome(const rrn_floor *f, int32_t k, int32_t group, const uint64_t *allow)
{
  return (group < 0 || f->bars[k].group == group) && (!allow || allowed(held_by(f, k), allow, f->layer_words));
}

/* Crossbars with a space for such a box; the search ends when they cannot be as many as wanted. */
static int32_t
find_spaces(rrn_floor *f, int32_t layer, int32_t rows, int32_t cols, int32_t group, int32_t wanted)
{
  const uint64_t size = size_of(rows, cols), *allow = allow_row(f, layer);
  int32_t *restrict bars = f->found_bar, *restrict scores = f->found_score;
  const int32_t most = find_room(f, layer, (int64_t)rows * cols, bars);
  int32_t n = 0, fits = 0, i;

  for (i = 0; i < most && n + most - i >= wanted; i++) {
    const int32_t k = bars[i];

    if (!welcome(f, k, group, allow))
      continue;
    fits += WORK_FIT + f->bars[k].n_spaces;
    bars[n] = k;
    scores[n] = look_up(f, k, size)->waste;
    n += scores[n] >= 0;
  }
  f->work += WORK_LOOK * (f->only ? f->n_only : f->n_bars) + fits;
  return n;
}

/* Whether a crossbar has a space for such a box when that of the layer is gone. */
static int
fits_instead(rrn_floor *f, int32_t k, int32_t layer, int32_t rows, int32_t cols)
{
  rrn_floor_bar *b = &f->bars[k];
  const int32_t last = b->n_boxes - 1, i = box_of(b, layer);
  const rrn_floor_box x = b->boxes[i];
  const rrn_floor_space all = whole_bar(f);
  rrn_floor_space left[2];
  int32_t space;

  if (look_up(f, k, size_of(rows, cols))->waste >= 0)
    return 1;
  b->boxes[i] = b->boxes[last];
  rrn_floor_spaces_left(b->boxes, last, &all, &x, left);
  b->boxes[i] = x;
  return rrn_floor_spaces_best(left, 2, rows, cols, &space) >= 0;
}

int
rrn_floor_may_place(rrn_floor *f, int32_t layer, int32_t rows, int32_t cols, int32_t count, int32_t group)
{
  const uint64_t *holds = f->holds + (size_t)layer * (size_t)f->n_words, *allow = allow_row(f, layer);
  int32_t left = 0, j, k;
  uint64_t word;

  for (j = 0; j < f->n_words; j++)
    left += __builtin_popcountll(holds[j]);
  count -= find_spaces(f, layer, rows, cols, group, count - left);
  for (j = 0; j < f->n_words && count > 0 && left >= count; j++)
    for (word = holds[j]; word && count > 0 && left >= count; word &= word - 1, left--) {
      k = 64 * j + __builtin_ctzll(word);
      f->work += WORK_FIT + 2 * f->bars[k].n_boxes;
      count -= welcome(f, k, group, allow) && fits_instead(f, k, layer, rows, cols);
    }
  return count <= 0;
}

int32_t
rrn_floor_count(rrn_floor *f, int32_t layer, int32_t rows, int32_t cols, int32_t group)
{
  return find_spaces(f, layer, rows, cols, group, 0);
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
  const int32_t found = find_spaces(f, layer, rows, cols, group, count);
  int32_t last, left = 0, i;

  if (found < count)
    return 0;
  if (count == 0)
    return 1;
  last = found == count ? INT32_MAX : last_score(f, found, count, &left);
  for (i = 0; i < found; i++) {
    if (f->found_score[i] > last || (f->found_score[i] == last && left-- <= 0))
      continue;
    if (!put(f, f->found_bar[i], layer, rows, cols))
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
    f->room[k] -= (int64_t)boxes[i].rows * boxes[i].cols;
    flip(f, boxes[i].layer, k);
    if (spaces)
      cut_spaces(f, k, &boxes[i]);
  }
}

void
rrn_floor_regroup(rrn_floor *f, int32_t bar, int32_t group)
{
  if (save(f, bar))
    f->bars[bar].group = group;
}
