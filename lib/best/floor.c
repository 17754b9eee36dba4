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
 * Local search looks for the same sizes again and again, and changes few crossbars in between: the best space of a
 * crossbar for a size is noted until its spaces change, and known again after going back.
 *
 * Not handled: spaces are not all maximal after a removal (the freed rectangle is widened, then heightened, and the
 * other way round), and at most RRN_FLOOR_SPACES are kept, the largest. Invariant: spaces are free.
 *
 * Complexity: placing any number of boxes of a size looks at each space of each crossbar once. */
#include "best/floor.h"

#include <stddef.h>
#include <string.h>

/* Best spaces that are noted, as many as a cache holds; crossbars of few spaces are soon looked at. */
enum { MOST_SIZES = 128, FEW_SIZES = 16, MOST_KNOWN = 1 << 15, FEW_SPACES = 3 };

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
  f->layer_words = n_layers / 64 + 1;
  f->bars = rrn_arena_alloc(arena, n, sizeof(*f->bars));
  f->room = rrn_arena_alloc(arena, n, sizeof(*f->room));
  f->spaces = rrn_arena_alloc_raw(arena, n, RRN_FLOOR_SPACES * sizeof(*f->spaces));
  f->held = rrn_arena_alloc(arena, n * (size_t)f->layer_words, sizeof(*f->held));
  f->n_of_score = rrn_arena_alloc(arena, (size_t)rows + (size_t)cols + 1, sizeof(*f->n_of_score));
  f->holds = rrn_arena_alloc(arena, (size_t)n_layers * (size_t)f->n_words, sizeof(*f->holds));
  f->found_bar = rrn_arena_alloc_raw(arena, n, sizeof(*f->found_bar));
  f->found_score = rrn_arena_alloc_raw(arena, n, sizeof(*f->found_score));
  f->found_space = rrn_arena_alloc_raw(arena, n, sizeof(*f->found_space));
  if (!f->bars || !f->room || !f->spaces || !f->held || !f->n_of_score || !f->holds || !f->found_bar ||
      !f->found_score || !f->found_space)
    return rrn_fail_memory(err);
  rrn_floor_clear(f);
  return RRAMNAS_OK;
}

int32_t
rrn_floor_note_spaces(rrn_floor *f, rramnas_error *err)
{
  int32_t n = MOST_SIZES;

  while (n > FEW_SIZES && (int64_t)n * f->n_bars > MOST_KNOWN)
    n /= 2;
  f->sizes = rrn_arena_alloc(f->arena, (size_t)n, sizeof(*f->sizes));
  f->known = rrn_arena_alloc(f->arena, (size_t)n * (size_t)f->n_bars, sizeof(*f->known));
  f->n_sizes = n;
  return f->sizes && f->known ? RRAMNAS_OK : rrn_fail_memory(err);
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

static void
empty_bar(rrn_floor *f, int32_t k)
{
  rrn_floor_bar *b = &f->bars[k];

  f->room[k] = (int64_t)f->rows * f->cols;
  b->n_boxes = 0;
  b->n_spaces = 1;
  b->version = 0;
  spaces_of(f, k)[0] = (rrn_floor_space){ 0, 0, f->cols, f->rows };
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

/* Two corners' coordinates side by side: no coordinate reaches 2^31, so the top bit of each half tells how a
 * comparison of both at once went. */
typedef struct corners {
  uint64_t near, far;
} corners;

#define TOP_BITS UINT64_C(0x8000000080000000)
#define BOTH_ONE UINT64_C(0x0000000100000001)

static inline corners
corners_of(const rrn_floor_space *s)
{
  corners c;

  memcpy(&c.near, (const char *)s + offsetof(rrn_floor_space, x1), sizeof(c.near));
  memcpy(&c.far, (const char *)s + offsetof(rrn_floor_space, x2), sizeof(c.far));
  return c;
}

static inline corners
corners_of_box(const rrn_floor_box *x)
{
  corners c;

  memcpy(&c.near, (const char *)x + offsetof(rrn_floor_box, col), sizeof(c.near));
  memcpy(&c.far, (const char *)x + offsetof(rrn_floor_box, cols), sizeof(c.far));
  c.far += c.near;
  return c;
}

/* Top bits where the first is not below the second. */
static inline uint64_t
not_below(uint64_t a, uint64_t b)
{
  return (a | TOP_BITS) - b;
}

static inline int
inside(corners s, corners o)
{
  return (~(not_below(s.near, o.near) & not_below(o.far, s.far)) & TOP_BITS) == 0;
}

static inline int
meet(corners s, corners x)
{
  return (~(not_below(s.far, x.near + BOTH_ONE) & not_below(x.far, s.near + BOTH_ONE)) & TOP_BITS) == 0;
}

static int64_t
area(const rrn_floor_space *s)
{
  return (int64_t)(s->x2 - s->x1) * (s->y2 - s->y1);
}

/* Of too many spaces the smallest goes. */
static void
replace_smallest(rrn_floor_space *spaces, int32_t n, const rrn_floor_space *s)
{
  int32_t i, smallest = 0;

  for (i = 1; i < n; i++)
    if (area(&spaces[i]) < area(&spaces[smallest]))
      smallest = i;
  if (area(&spaces[smallest]) < area(s))
    spaces[smallest] = *s;
}

/* Adds a free rectangle; returns how many spaces there are then. None is inside another, so when it takes the place of
 * some it is not inside any. */
static int32_t
add_space(rrn_floor_space *spaces, int32_t n_spaces, rrn_floor_space s)
{
  const corners c = corners_of(&s);
  int32_t i, n = 0;

  if (s.x1 >= s.x2 || s.y1 >= s.y2)
    return n_spaces;
  for (i = 0; i < n_spaces; i++) {
    const rrn_floor_space o = spaces[i];
    const corners oc = corners_of(&o);

    if (inside(c, oc))
      return n_spaces;
    spaces[n] = o;
    n += !inside(oc, c);
  }
  if (n == RRN_FLOOR_SPACES)
    replace_smallest(spaces, n, &s);
  else
    spaces[n++] = s;
  return n;
}

/* The spaces beside the first box of a crossbar, when it is in the corner. */
static int32_t
cut_corner(const rrn_floor *f, rrn_floor_space *spaces, const rrn_floor_box *x)
{
  int32_t n = 0;

  if (x->cols < f->cols)
    spaces[n++] = (rrn_floor_space){ x->cols, 0, f->cols, f->rows };
  if (x->rows < f->rows)
    spaces[n++] = (rrn_floor_space){ 0, x->rows, f->cols, f->rows };
  return n;
}

/* The spaces less the box that came last. */
static void
cut_spaces(rrn_floor *f, int32_t k, const rrn_floor_box *x)
{
  rrn_floor_bar *b = &f->bars[k];
  rrn_floor_space *spaces = spaces_of(f, k), cut[RRN_FLOOR_SPACES];
  const rrn_floor_space taken = { x->col, x->row, x->col + x->cols, x->row + x->rows };
  const corners c = corners_of(&taken);
  int32_t i, n = 0, kept = 0;

  b->version = 0;
  if (b->n_boxes == 1 && x->row == 0 && x->col == 0) {
    b->n_spaces = cut_corner(f, spaces, x);
    return;
  }
  for (i = 0; i < b->n_spaces; i++) {
    const rrn_floor_space s = spaces[i];
    const int cuts = meet(corners_of(&s), c);

    cut[n] = spaces[kept] = s;
    n += cuts;
    kept += !cuts;
  }
  for (i = 0; i < n; i++) {
    const rrn_floor_space s = cut[i];

    kept = add_space(spaces, kept, (rrn_floor_space){ s.x1, s.y1, taken.x1, s.y2 });
    kept = add_space(spaces, kept, (rrn_floor_space){ taken.x2, s.y1, s.x2, s.y2 });
    kept = add_space(spaces, kept, (rrn_floor_space){ s.x1, s.y1, s.x2, taken.y1 });
    kept = add_space(spaces, kept, (rrn_floor_space){ s.x1, taken.y2, s.x2, s.y2 });
  }
  b->n_spaces = kept;
}

/* The larger of each half, which have no top bit. */
static inline uint64_t
larger(uint64_t a, uint64_t b)
{
  const uint64_t top = not_below(a, b) & TOP_BITS, mask = top - (top >> 31);

  return b ^ ((a ^ b) & mask);
}

/* How far a free rectangle can grow: sideways in the rows of the band, up and down in its columns. A box that meets the
 * band's rows is left or right of the rectangle, and so on. */
static corners
grow(const rrn_floor *f, const rrn_floor_bar *b, corners s, corners band)
{
  const uint64_t all = ~TOP_BITS;
  corners to = { 0, all ^ corners_of(&(rrn_floor_space){ 0, 0, f->cols, f->rows }).far };
  int32_t i;

  for (i = 0; i < b->n_boxes; i++) {
    const corners x = corners_of_box(&b->boxes[i]);
    const uint64_t meets = not_below(band.far, x.near + BOTH_ONE) & not_below(x.far, band.near + BOTH_ONE);
    const uint64_t before = not_below(s.near, x.far) & TOP_BITS, across = (meets << 32 | meets >> 32) & TOP_BITS;
    const uint64_t low = across & before, high = across & ~before;

    to.near = larger(x.far & (low - (low >> 31)), to.near);
    to.far = larger((all ^ x.near) & (high - (high >> 31)), to.far);
  }
  to.far ^= all;
  return to;
}

/* Columns of one, rows of the other. */
static rrn_floor_space
cross(corners cols, corners rows)
{
  rrn_floor_space a, b;

  memcpy((char *)&a + offsetof(rrn_floor_space, x1), &cols.near, sizeof(cols.near));
  memcpy((char *)&a + offsetof(rrn_floor_space, x2), &cols.far, sizeof(cols.far));
  memcpy((char *)&b + offsetof(rrn_floor_space, x1), &rows.near, sizeof(rows.near));
  memcpy((char *)&b + offsetof(rrn_floor_space, x2), &rows.far, sizeof(rows.far));
  return (rrn_floor_space){ a.x1, b.y1, a.x2, b.y2 };
}

/* Adds the space that a removed box leaves: as wide as can be and then as high, and the other way round. */
static void
free_space(rrn_floor *f, int32_t k, const rrn_floor_box *x)
{
  rrn_floor_bar *b = &f->bars[k];
  rrn_floor_space *spaces = spaces_of(f, k);
  const corners s = corners_of_box(x), first = grow(f, b, s, s), then = grow(f, b, s, first);

  b->version = 0;
  b->n_spaces = add_space(spaces, b->n_spaces, cross(first, then));
  b->n_spaces = add_space(spaces, b->n_spaces, cross(then, first));
}

/* --- boxes --- */

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
  free_space(f, k, &x);
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
  rrn_floor_box x = { .layer = layer, .rows = rows, .cols = cols };

  if (!save(f, k) || !reserve_boxes(f, &b->boxes, &b->cap_boxes, b->n_boxes + 1))
    return 0;
  x.row = spaces_of(f, k)[space].y1;
  x.col = spaces_of(f, k)[space].x1;
  b->boxes[b->n_boxes++] = x;
  f->room[k] -= (int64_t)rows * cols;
  f->work += WORK_PUT + WORK_SPACE * b->n_spaces;
  flip(f, layer, k);
  cut_spaces(f, k, &x);
  return 1;
}

/* Best space of a crossbar: least waste on the shorter side, then on the longer; the shorter, or -1. */
static int32_t
best_space(const rrn_floor_space *spaces, int32_t n, corners box, int32_t *ret_space)
{
  uint64_t best = UINT64_MAX;
  int32_t i, best_i = -1;

  for (i = 0; i < n; i++) {
    const corners s = corners_of(&spaces[i]);
    const uint64_t waste = not_below(s.far - s.near, box.far);
    const uint64_t a = waste & 0x7fffffff, b = waste >> 32 & 0x7fffffff, less = a < b ? a : b;
    const uint64_t score = less << 32 | (a + b - less);

    if ((~waste & TOP_BITS) != 0 || score >= best)
      continue;
    best = score;
    best_i = i;
  }
  *ret_space = best_i;
  return best_i < 0 ? -1 : (int32_t)(best >> 32);
}

/* Where best spaces for boxes of that size are noted. */
static int32_t
size_index(rrn_floor *f, int32_t rows, int32_t cols)
{
  const uint32_t hash = (uint32_t)rows * UINT32_C(0x9e3779b1) + (uint32_t)cols * UINT32_C(0x85ebca77);
  const int32_t i = (int32_t)((hash ^ hash >> 15) & (uint32_t)(f->n_sizes - 1));

  if (f->sizes[i].rows != rows || f->sizes[i].cols != cols)
    f->sizes[i] = (rrn_floor_size){ rows, cols, ++f->clock };
  return i;
}

/* The best space of a crossbar, as noted or found anew when its spaces or the size have changed. */
static inline int32_t
look_up(rrn_floor *f, int32_t k, corners box, int32_t size, int32_t *ret_space)
{
  rrn_floor_bar *b = &f->bars[k];
  rrn_floor_known *known = f->known + (size_t)size * (size_t)f->n_bars + (size_t)k;

  if (b->version == 0)
    b->version = ++f->clock;
  if (known->version != b->version || known->when < f->sizes[size].since) {
    known->version = b->version;
    known->when = f->clock;
    known->waste = best_space(spaces_of(f, k), b->n_spaces, box, &known->space);
  }
  *ret_space = known->space;
  return known->waste;
}

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
find_room_between(const rrn_floor *f, const uint64_t *holds, int64_t cells, int32_t from, int32_t to, int32_t *bars)
{
  const int64_t *room = f->room;
  int32_t n = 0, k;

  for (k = from; k < to; k++) {
    bars[n] = k;
    n += (room[k] >= cells) & (int32_t)~(holds[k >> 6] >> (k & 63));
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

/* The best space of a crossbar for boxes of a size, or -1. */
static inline int32_t
space_for(rrn_floor *f, int32_t k, corners box, int32_t size, int32_t *ret_space)
{
  const int32_t n_spaces = f->bars[k].n_spaces;

  if (n_spaces <= FEW_SPACES || !f->known)
    return best_space(spaces_of(f, k), n_spaces, box, ret_space);
  return look_up(f, k, box, size, ret_space);
}

/* Crossbars with a space for such a box; the search ends when they cannot be as many as wanted. */
static int32_t
find_spaces(rrn_floor *f, int32_t layer, int32_t rows, int32_t cols, int32_t group, int32_t wanted)
{
  const uint64_t *allow = allow_row(f, layer);
  const corners box = corners_of(&(rrn_floor_space){ 0, 0, cols, rows });
  const int32_t most = find_room(f, layer, (int64_t)rows * cols, f->found_bar);
  const int32_t size = f->known ? size_index(f, rows, cols) : 0;
  int32_t n = 0, fits = 0, i;

  for (i = 0; i < most && n + most - i >= wanted; i++) {
    const int32_t k = f->found_bar[i];
    int32_t score;

    if (!welcome(f, k, group, allow))
      continue;
    fits += WORK_FIT + f->bars[k].n_spaces;
    score = space_for(f, k, box, size, &f->found_space[n]);
    f->found_bar[n] = k;
    f->found_score[n] = score;
    n += score >= 0;
  }
  f->work += WORK_LOOK * (f->only ? f->n_only : f->n_bars) + fits;
  return n;
}

/* Whether a crossbar has a space for such a box when that of the layer is gone. */
static int
fits_instead(rrn_floor *f, int32_t k, int32_t layer, corners box, int32_t size)
{
  rrn_floor_bar *b = &f->bars[k];
  const int32_t last = b->n_boxes - 1, i = box_of(b, layer);
  const rrn_floor_box x = b->boxes[i];
  corners s, first, then;
  int32_t space;

  if (space_for(f, k, box, size, &space) >= 0)
    return 1;
  s = corners_of_box(&x);
  b->boxes[i] = b->boxes[last];
  b->n_boxes = last;
  first = grow(f, b, s, s);
  then = grow(f, b, s, first);
  b->n_boxes = last + 1;
  b->boxes[i] = x;
  return best_space((rrn_floor_space[]){ cross(first, then), cross(then, first) }, 2, box, &space) >= 0;
}

int
rrn_floor_may_place(rrn_floor *f, int32_t layer, int32_t rows, int32_t cols, int32_t count, int32_t group)
{
  const uint64_t *holds = f->holds + (size_t)layer * (size_t)f->n_words, *allow = allow_row(f, layer);
  const corners box = corners_of(&(rrn_floor_space){ 0, 0, cols, rows });
  int32_t left = 0, j, k, size;
  uint64_t word;

  for (j = 0; j < f->n_words; j++)
    left += __builtin_popcountll(holds[j]);
  count -= find_spaces(f, layer, rows, cols, group, count - left);
  size = f->known ? size_index(f, rows, cols) : 0;
  for (j = 0; j < f->n_words && count > 0 && left >= count; j++)
    for (word = holds[j]; word && count > 0 && left >= count; word &= word - 1, left--) {
      k = 64 * j + __builtin_ctzll(word);
      f->work += WORK_FIT + 2 * f->bars[k].n_boxes;
      count -= welcome(f, k, group, allow) && fits_instead(f, k, layer, box, size);
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
