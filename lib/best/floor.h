/* SPDX-License-Identifier: MIT */
/* The floor plan while it is searched: boxes come and go, steps can be taken back. */
#ifndef RRN_BEST_FLOOR_H
#define RRN_BEST_FLOOR_H

#include "best/floor_spaces.h"
#include "util/arena.h"

/* Free cells and empty spaces are elsewhere, so that what a search looks at is close together. */
typedef struct rrn_floor_bar {
  rrn_floor_box *boxes;
  int32_t n_boxes, cap_boxes;
  int32_t n_spaces;
  int32_t group;
  int32_t stamp;     /* of the last step that saved it */
  uint32_t list;     /* number of its list of spaces: with the same number, the same spaces in the same order */
} rrn_floor_bar;

typedef struct rrn_floor_saved {
  int32_t bar, cap_boxes;
  int64_t room;
  rrn_floor_bar state;
  rrn_floor_box *boxes;
  uint64_t *held;    /* [layer_words] */
  rrn_floor_space spaces[RRN_FLOOR_SPACES];
} rrn_floor_saved;

/* About a list of spaces and boxes of a size. */
typedef struct rrn_floor_known {
  uint64_t size;    /* rows and columns */
  uint32_t list;    /* 0 = nothing is known */
  int32_t waste;    /* of the best space, on the shorter side; -1 = none fits */
  int32_t space;    /* the best */
  uint32_t next;    /* list with such a box there; 0 = none was put there */
  int32_t like;     /* a crossbar that came to that list */
} rrn_floor_known;

typedef struct rrn_floor {
  rrn_arena *arena;
  int32_t rows, cols, n_bars, n_layers, n_words;
  rrn_floor_bar *bars;      /* [n_bars] */
  int64_t *room;            /* [n_bars]: free cells */
  rrn_floor_space *spaces;  /* [n_bars][RRN_FLOOR_SPACES] */
  uint64_t *holds;          /* [n_layers][n_words]: crossbars that hold a box of the layer */
  uint64_t *held;           /* [n_bars][layer_words]: the same by crossbars */
  rrn_floor_saved **saved;
  size_t n_saved, cap_saved, made_saved;
  int32_t stamp;
  uint32_t n_lists;         /* numbered so far */
  rrn_floor_known *known;   /* [n_known], by list and size */
  uint32_t n_known;         /* a power of two */
  int32_t layer_words;
  const uint64_t *allow;    /* [n_layers][layer_words]: layers that may share a crossbar; NULL = all */
  int32_t first;            /* crossbar at which searches start */
  const int32_t *only;      /* [n_only]: searches look at these crossbars; NULL = at all */
  int32_t n_only;
  int32_t failed;           /* out of memory */
  int64_t work;             /* done so far: rough nanoseconds, counted and not measured */
  int32_t *found_bar, *found_score; /* [n_bars] scratch */
  int32_t *n_of_score;      /* [rows + cols + 1] scratch, zero */
} rrn_floor;

/* again = 1: more is noted, for searches that look for the same sizes again and again. */
int32_t rrn_floor_init(rrn_floor *f, rrn_arena *arena, int32_t rows, int32_t cols, int32_t n_bars, int32_t n_layers,
                       int32_t again, rramnas_error *err);
/* Removes all boxes; every crossbar joins group 0. Ends all steps. */
void rrn_floor_clear(rrn_floor *f);

/* Puts `count` boxes into as many crossbars of the group that hold no box of the layer; all or none. Returns 1 when
 * done. group < 0: any crossbar. */
int rrn_floor_place(rrn_floor *f, int32_t layer, int32_t rows, int32_t cols, int32_t count, int32_t group);
/* Crossbars of the group where one such box could be put. */
int32_t rrn_floor_count(rrn_floor *f, int32_t layer, int32_t rows, int32_t cols, int32_t group);
/* 0: rrn_floor_place() would fail even if all boxes of the layer were taken out first. */
int rrn_floor_may_place(rrn_floor *f, int32_t layer, int32_t rows, int32_t cols, int32_t count, int32_t group);
/* Takes out up to `count` boxes of that size (rows 0: any size). */
void rrn_floor_remove(rrn_floor *f, int32_t layer, int32_t rows, int32_t cols, int32_t count);
/* Moves a crossbar to another group; can be taken back as boxes can. */
void rrn_floor_regroup(rrn_floor *f, int32_t bar, int32_t group);
/* Fills an empty crossbar with boxes at their places. `spaces` 0: boxes are looked at, and not changed, until the
 * floor is cleared. */
void rrn_floor_restore(rrn_floor *f, int32_t bar, const rrn_floor_box *boxes, int32_t n, int32_t spaces);
void rrn_floor_remove_box(rrn_floor *f, int32_t bar, int32_t box);
void rrn_floor_empty(rrn_floor *f, int32_t bar);

/* Steps nest: a mark is taken, later everything since is taken back, or nothing is. */
size_t rrn_floor_mark(rrn_floor *f);
void rrn_floor_back(rrn_floor *f, size_t mark);
void rrn_floor_keep(rrn_floor *f); /* ends all steps */

static inline int
rrn_floor_holds(const rrn_floor *f, int32_t layer, int32_t bar)
{
  return (int)(f->holds[(size_t)layer * (size_t)f->n_words + (size_t)(bar >> 6)] >> (bar & 63) & 1);
}

#endif
