/* SPDX-License-Identifier: MIT */
/* Empty spaces of one crossbar: rectangles as large as can be, none inside another.
 *
 * In:  spaces, a box that comes or goes.
 * Out: the spaces then; the best one for a box.
 *
 * Idea: a box cuts each space that it meets into up to four, beside, above and below; those inside another are left
 * out. The two coordinates of a corner are side by side, and are compared and subtracted at once.
 *
 * Invariant: spaces are free, and none is inside another. Not handled: not all are maximal after a box has gone (the
 * freed rectangle is widened, then heightened, and the other way round), and at most RRN_FLOOR_SPACES are kept, the
 * largest. Complexity: O(spaces^2) for a box that comes, O(boxes + spaces) for one that goes. */
#include "best/floor_spaces.h"

#include <stddef.h>
#include <string.h>

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

/* Adds a free rectangle when it is inside no other; those before `first` are not inside it. */
static inline int32_t
add_from(rrn_floor_space *spaces, int32_t first, int32_t n_spaces, rrn_floor_space s)
{
  const corners c = corners_of(&s);
  int32_t i, n = first;

  if (s.x1 >= s.x2 || s.y1 >= s.y2)
    return n_spaces;
  for (i = 0; i < n_spaces; i++)
    if (inside(c, corners_of(&spaces[i])))
      return n_spaces;
  for (i = first; i < n_spaces; i++) {
    const rrn_floor_space o = spaces[i];

    spaces[n] = o;
    n += !inside(corners_of(&o), c);
  }
  if (n == RRN_FLOOR_SPACES)
    replace_smallest(spaces, n, &s);
  else
    spaces[n++] = s;
  return n;
}

int32_t
rrn_floor_spaces_add(rrn_floor_space *spaces, int32_t n, rrn_floor_space s)
{
  return add_from(spaces, 0, n, s);
}

/* A space that meets the box leaves one on each side of it. */
static int32_t
add_sides(rrn_floor_space *spaces, int32_t first, int32_t n, rrn_floor_space s, const rrn_floor_space *taken)
{
  n = add_from(spaces, first, n, (rrn_floor_space){ s.x1, s.y1, taken->x1, s.y2 });
  n = add_from(spaces, first, n, (rrn_floor_space){ taken->x2, s.y1, s.x2, s.y2 });
  n = add_from(spaces, first, n, (rrn_floor_space){ s.x1, s.y1, s.x2, taken->y1 });
  return add_from(spaces, first, n, (rrn_floor_space){ s.x1, taken->y2, s.x2, s.y2 });
}

/* Spaces that do not meet the box are inside none of the new ones, as these are parts of others; but new ones may take
 * their places when there are too many. */
int32_t
rrn_floor_spaces_cut(rrn_floor_space *spaces, int32_t n_spaces, const rrn_floor_box *x)
{
  const rrn_floor_space taken = { x->col, x->row, x->col + x->cols, x->row + x->rows };
  const corners c = corners_of(&taken);
  rrn_floor_space cut[RRN_FLOOR_SPACES];
  int32_t i, n = 0, kept = 0, first;

  for (i = 0; i < n_spaces; i++) {
    const rrn_floor_space s = spaces[i];
    const int cuts = meet(corners_of(&s), c);

    cut[n] = spaces[kept] = s;
    n += cuts;
    kept += !cuts;
  }
  first = kept + 4 * n <= RRN_FLOOR_SPACES ? kept : 0;
  for (i = 0; i < n; i++)
    kept = add_sides(spaces, first, kept, cut[i], &taken);
  return kept;
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
grow(const rrn_floor_box *boxes, int32_t n_boxes, uint64_t end, corners s, corners band)
{
  const uint64_t all = ~TOP_BITS;
  corners to = { 0, all ^ end };
  int32_t i;

  for (i = 0; i < n_boxes; i++) {
    const corners x = corners_of_box(&boxes[i]);
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

void
rrn_floor_spaces_left(const rrn_floor_box *boxes, int32_t n_boxes, const rrn_floor_space *all, const rrn_floor_box *x,
                      rrn_floor_space ret_left[2])
{
  const uint64_t end = corners_of(all).far;
  const corners s = corners_of_box(x), first = grow(boxes, n_boxes, end, s, s);
  const corners then = grow(boxes, n_boxes, end, s, first);

  ret_left[0] = cross(first, then);
  ret_left[1] = cross(then, first);
}

int32_t
rrn_floor_spaces_best(const rrn_floor_space *spaces, int32_t n, int32_t rows, int32_t cols, int32_t *ret_space)
{
  const corners box = corners_of(&(rrn_floor_space){ 0, 0, cols, rows });
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
