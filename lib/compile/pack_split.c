/* SPDX-License-Identifier: MIT */
/* Cutting boxes to fill holes.
 *
 * In:  boxes, where each may be cut, sharing rules, a packing, how many crossbars are wanted.
 * Out: parts of the boxes with their places, in fewer crossbars.
 *
 * Idea: the emptiest crossbar is closed; when many are to be closed, a quarter of them. Ruin and recreate
 * (pack_ruin.c) moves whole boxes until few cells are left out, and now and then the boxes left out are cut into the
 * holes that are there:
 *
 *   left out  xxxx     aab ccd     the part that fills most of a hole goes there; the rest is a box again
 *             xxxx     aab cc.     a cut between columns counts for more than one between rows:
 *             xxxx     aa. ccx     it costs no conversion
 *
 * Of these fillings the one that adds fewest conversions stands, among equals that with fewest parts. Then the next is
 * closed, until there are `target`, or no filling is found. Parts go into crossbars without their own layer if they
 * can, since parts of a layer work at the same time.
 *
 * Why it is right: a part is cut from a box and put into an empty space of a crossbar that the rules allow, and what
 * is left of the box is up to two rectangles that are treated alike. Without rules, holes as large as the box always
 * take it, because a part may be as small as one row of one unit of columns; so the area bound is then reached.
 *
 * Not handled: cutting boxes that have their place already, opening crossbars. When to prefer it: when a crossbar
 * less is worth the conversions. Deterministic in the seed; budgets count work.
 *
 * Complexity: for each closing the budget, and up to 64 times parts * spaces of all crossbars; closings are a few more
 * than the logarithm of the crossbars to be closed. Source: ours. */
#include "compile/pack_split.h"

#include <stdlib.h>
#include <string.h>

#include "compile/pack_ruin.h"

enum {
  LEAST_FILLINGS = 2, MOST_FILLINGS = 64, /* tried when crossbars are closed */
  AT_ONCE = 4,                            /* of the crossbars to be closed one in so many is closed at a time */
  WEIGHT_COLS = 4, WEIGHT_ROWS = 3, WEIGHT_BOTH = 2, /* of the cells of a part by the cut that makes it */
};

/* Parts in crossbars; those alone in theirs (full tiles) stand behind the others and are never moved. */
typedef struct filling {
  rrn_pack_part *parts;
  rrn_pack_box *boxes; /* the same as the packing state knows them */
  size_t n, cap_parts, cap_boxes;
  int32_t opened;
  int64_t conversions; /* added by cuts between rows */
} filling;

typedef struct splitter {
  rrn_pack_rules rules;  /* with grow */
  rrn_pack_rules apart;  /* the same, and boxes of one layer apart */
  const rrn_pack_cutting *cutting;
  const rrn_pack_split_options *options;
  filling now;           /* stands */
  rrn_arena *arena;      /* of what stands */
  rramnas_error *err;
} splitter;

/* A way to put a part of a box into a hole. */
typedef struct fit {
  int32_t crossbar, space;
  int32_t rows, cols; /* of the part */
  int64_t merit;
} fit;

/* --- parts --- */

static int32_t
add_part(splitter *s, filling *f, const rrn_pack_part *part, int32_t layer, rrn_arena *arena)
{
  rrn_pack_part *parts = rrn_arena_grow(arena, f->parts, f->n, &f->cap_parts, sizeof(*parts));
  rrn_pack_box *boxes = rrn_arena_grow(arena, f->boxes, f->n, &f->cap_boxes, sizeof(*boxes));

  if (!parts || !boxes)
    return rrn_fail_memory(s->err);
  f->parts = parts;
  f->boxes = boxes;
  parts[f->n] = *part;
  boxes[f->n++] = (rrn_pack_box){ .layer = layer, .rows = part->rows, .cols = part->cols };
  return RRAMNAS_OK;
}

static int32_t
copy_filling(splitter *s, const filling *from, rrn_arena *arena, filling *to)
{
  size_t i;

  *to = (filling){ .opened = from->opened, .conversions = from->conversions };
  for (i = 0; i < from->n; i++)
    RRN_TRY(add_part(s, to, &from->parts[i], from->boxes[i].layer, arena));
  return RRAMNAS_OK;
}

/* Leaves `rows` x `cols` of part i and adds the rest of it as parts. With both sides cut, the rows are cut first, so
 * that a side of the rest stays whole. */
static int32_t
cut(splitter *s, filling *f, size_t i, int32_t rows, int32_t cols, rrn_arena *arena)
{
  const rrn_pack_part whole = f->parts[i];
  const int32_t layer = f->boxes[i].layer;
  rrn_pack_part rest = whole;

  f->parts[i].rows = f->boxes[i].rows = rows;
  f->parts[i].cols = f->boxes[i].cols = cols;
  if (rows < whole.rows) {
    rest.row0 += rows;
    rest.rows -= rows;
    f->conversions += s->cutting[whole.box].conversions * whole.cols;
    RRN_TRY(add_part(s, f, &rest, layer, arena));
    rest = whole;
    rest.rows = rows;
  }
  if (cols == whole.cols)
    return RRAMNAS_OK;
  rest.col0 += cols;
  rest.cols -= cols;
  return add_part(s, f, &rest, layer, arena);
}

/* --- filling holes --- */

/* The most of part i that a space takes; merit 0 when nothing. */
static fit
fit_space(const splitter *s, const filling *f, size_t i, const rrn_pack_space *o)
{
  const rrn_pack_box *b = &f->boxes[i];
  const int32_t unit = s->cutting[f->parts[i].box].col_unit;
  int32_t rows = o->y2 - o->y1, cols = (o->x2 - o->x1) / unit * unit;
  int64_t weight = WEIGHT_BOTH;

  if (rows >= b->rows) {
    rows = b->rows;
    weight = WEIGHT_COLS;
  } else if (cols >= b->cols) {
    weight = WEIGHT_ROWS;
  }
  cols = cols < b->cols ? cols : b->cols;
  return (fit){ .rows = rows, .cols = cols, .merit = weight * rows * cols };
}

static fit
best_fit(const splitter *s, const filling *f, size_t i, const rrn_pack_state *t)
{
  fit best = { .crossbar = -1 };
  int32_t k;
  size_t j;

  for (k = 0; k < t->n_bins; k++) {
    if (!rrn_pack_state_allows(t, k, f->boxes[i].layer))
      continue;
    for (j = 0; j < t->bins[k].n_spaces; j++) {
      fit found = fit_space(s, f, i, &t->bins[k].spaces[j]);

      if (found.merit <= best.merit)
        continue;
      best = found;
      best.crossbar = k;
      best.space = (int32_t)j;
    }
  }
  return best;
}

/* A place for part i: whole if there is one, else for as much of it as one hole takes; crossbar -1 when there is none. */
static fit
find_fit(const splitter *s, const filling *f, size_t i, rrn_pack_state *t)
{
  const rrn_pack_rules *const rules[] = { &s->apart, &s->rules };
  const int32_t n = s->rules.layer_threshold < 0 ? 2 : 1;
  fit found = { .rows = f->boxes[i].rows, .cols = f->boxes[i].cols };
  int32_t r;

  for (r = 0; r < n; r++) {
    t->rules = rules[r];
    found.crossbar = rrn_pack_state_tightest(t, &f->boxes[i], &found.space);
    if (found.crossbar >= 0)
      return found;
  }
  if (s->cutting[f->parts[i].box].col_unit == 0)
    return found;
  for (r = 0; r < n; r++) {
    t->rules = rules[r];
    found = best_fit(s, f, i, t);
    if (found.crossbar >= 0)
      return found;
  }
  return found;
}

/* Takes the largest of the waiting parts off the list. */
static size_t
take_largest(const filling *f, size_t *waiting, size_t *n)
{
  size_t i, best = 0, taken;

  for (i = 1; i < *n; i++)
    if ((int64_t)f->boxes[waiting[i]].rows * f->boxes[waiting[i]].cols >
        (int64_t)f->boxes[waiting[best]].rows * f->boxes[waiting[best]].cols)
      best = i;
  taken = waiting[best];
  waiting[best] = waiting[--*n];
  return taken;
}

static int32_t
fill(splitter *s, filling *f, rrn_pack_state *t, const int32_t *left_out, size_t n, rrn_arena *arena, int32_t *ret_done)
{
  size_t *waiting = NULL, cap = 0, i, k;

  *ret_done = 0;
  for (i = 0; i <= n; i++) {
    waiting = rrn_arena_grow(arena, waiting, i, &cap, sizeof(*waiting));
    if (!waiting)
      return rrn_fail_memory(s->err);
    if (i < n)
      waiting[i] = (size_t)left_out[i];
  }
  while (n > 0) {
    const size_t before = f->n, part = take_largest(f, waiting, &n);
    const fit at = find_fit(s, f, part, t);

    if (at.crossbar < 0)
      return RRAMNAS_OK;
    RRN_TRY(cut(s, f, part, at.rows, at.cols, arena));
    t->boxes = f->boxes;
    RRN_TRY(rrn_pack_state_put(t, at.crossbar, at.space, (int32_t)part, s->err));
    for (k = before; k < f->n; k++) {
      waiting = rrn_arena_grow(arena, waiting, n, &cap, sizeof(*waiting));
      if (!waiting)
        return rrn_fail_memory(s->err);
      waiting[n++] = k;
    }
  }
  *ret_done = 1;
  return RRAMNAS_OK;
}

/* --- packing states --- */

/* All crossbars of a filling that are no full tiles', as a state. `least`: sides of the smallest hole that is kept
 * track of; 0 = the smallest box. */
static int32_t
open_state(splitter *s, const filling *f, int32_t n_bins, int32_t least, rrn_arena *arena, rrn_pack_state *t)
{
  int32_t k;

  RRN_TRY(rrn_pack_state_init(t, &s->rules, NULL, f->boxes, f->n, n_bins, arena, s->err));
  t->n_left_out = 0;
  t->left_out_cells = 0;
  if (least > 0)
    t->least_rows = t->least_cols = least;
  for (k = 0; k < n_bins; k++)
    RRN_TRY(rrn_pack_state_open(t, s->err));
  rrn_pack_state_mark(t);
  return RRAMNAS_OK;
}

static int
is_alone(const splitter *s, const rrn_pack_part *p)
{
  return p->rows == s->rules.rows && p->cols == s->rules.cols;
}

static int32_t
load(splitter *s, const filling *f, rrn_arena *arena, rrn_pack_state *t)
{
  int32_t shared = 0;
  size_t i;

  for (i = 0; i < f->n; i++)
    if (!is_alone(s, &f->parts[i]) && f->parts[i].spot.crossbar >= shared)
      shared = f->parts[i].spot.crossbar + 1;
  RRN_TRY(open_state(s, f, shared, 0, arena, t));
  for (i = 0; i < f->n; i++) {
    const rrn_pack_spot *at = &f->parts[i].spot;

    if (!is_alone(s, &f->parts[i]))
      RRN_TRY(rrn_pack_state_place(t, at->crossbar, (rrn_pack_item){ (int32_t)i, at->row, at->col }, s->err));
  }
  rrn_pack_state_mark(t);
  return RRAMNAS_OK;
}

/* Takes over the places that a state gives; the full tiles follow. */
static void
take_places(const splitter *s, filling *f, const rrn_pack_state *t)
{
  int32_t k;
  size_t i;

  for (k = 0; k < t->n_bins; k++)
    for (i = 0; i < t->bins[k].n_items; i++) {
      const rrn_pack_item *item = &t->bins[k].items[i];

      f->parts[item->box].spot = (rrn_pack_spot){ k, item->row, item->col };
    }
  f->opened = t->n_bins;
  for (i = 0; i < f->n; i++)
    if (is_alone(s, &f->parts[i]))
      f->parts[i].spot = (rrn_pack_spot){ f->opened++, 0, 0 };
}

/* --- closing a crossbar --- */

/* Cuts what state `t` leaves out into its holes; *ret_done 0 when that fails. */
static int32_t
try_filling(splitter *s, const rrn_pack_state *t, rrn_arena *arena, filling *f, int32_t *ret_done)
{
  rrn_pack_state holes;
  int32_t k;
  size_t i;

  RRN_TRY(copy_filling(s, &s->now, arena, f));
  RRN_TRY(open_state(s, f, t->n_bins, 1, arena, &holes));
  holes.rule = RRN_PACK_SHORT_SIDE;
  for (k = 0; k < t->n_bins; k++)
    for (i = 0; i < t->bins[k].n_items; i++)
      RRN_TRY(rrn_pack_state_place(&holes, k, t->bins[k].items[i], s->err));
  RRN_TRY(fill(s, f, &holes, t->left_out, t->n_left_out, arena, ret_done));
  if (*ret_done)
    take_places(s, f, &holes);
  return RRAMNAS_OK;
}

static int
is_better(const filling *f, const filling *than)
{
  if (than->n == 0)
    return 1;
  return f->conversions != than->conversions ? f->conversions < than->conversions : f->n < than->n;
}

static int32_t
emptiest(const rrn_pack_state *t)
{
  int32_t k, best = 0;

  for (k = 1; k < t->n_bins; k++)
    if (t->bins[k].free > t->bins[best].free)
      best = k;
  return best;
}

/* The packing without its n emptiest crossbars, whose boxes are left out. */
static int32_t
take_emptiest(splitter *s, int32_t n, rrn_arena *arena, rrn_pack_state *t)
{
  RRN_TRY(load(s, &s->now, arena, t));
  for (; n > 0 && t->n_bins > 1; n--) {
    const int32_t k = emptiest(t);

    RRN_TRY(rrn_pack_state_take(t, k, NULL, s->err));
    rrn_pack_state_drop(t, k);
  }
  t->work = 0;
  return RRAMNAS_OK;
}

/* As many as cost about half of what ruin and recreate does. */
static int32_t
count_fillings(const splitter *s)
{
  const int64_t n = s->options->evaluations / (2 * (int64_t)s->now.n + 1);

  return n < LEAST_FILLINGS ? LEAST_FILLINGS : n > MOST_FILLINGS ? MOST_FILLINGS : (int32_t)n;
}

/* Fillings of n crossbars less; the best into *ret_best, whose parts are in the arena of what stands. None: its n is 0. */
static int32_t
search_fillings(splitter *s, int32_t n, rrn_arena *scratch, rrn_arena *tries, filling *ret_best)
{
  rrn_pack_state t;
  rrn_pack_ruin r;
  const int32_t n_fillings = count_fillings(s);
  int32_t i, done = 0;

  RRN_TRY(take_emptiest(s, n, scratch, &t));
  RRN_TRY(rrn_pack_ruin_init(&r, &t, s->options->seed, s->err));
  for (i = 0; i <= n_fillings && (i == 0 || t.n_left_out > 0); i++) {
    filling f = { 0 };

    rrn_arena_reset(tries);
    if (i > 0)
      RRN_TRY(rrn_pack_ruin_run(&r, s->options->evaluations / n_fillings * i, s->err));
    RRN_TRY(try_filling(s, &t, tries, &f, &done));
    if (done && is_better(&f, ret_best))
      RRN_TRY(copy_filling(s, &f, s->arena, ret_best));
  }
  return RRAMNAS_OK;
}

static int32_t
close_some(splitter *s, int32_t n, int32_t *ret_done)
{
  rrn_arena scratch, tries;
  filling best = { 0 };
  int32_t status;

  rrn_arena_init(&scratch, s->arena->rt);
  rrn_arena_init(&tries, s->arena->rt);
  status = search_fillings(s, n, &scratch, &tries, &best);
  rrn_arena_release(&tries);
  rrn_arena_release(&scratch);
  *ret_done = best.n > 0;
  if (status >= 0 && best.n > 0)
    s->now = best;
  return status;
}

/* --- the whole --- */

/* The packing as a filling: crossbars that are shared first, numbered anew. */
static int32_t
begin(splitter *s, const rrn_pack_box *boxes, size_t n, const rrn_pack_result *start, rrn_arena *scratch)
{
  int32_t *number = rrn_arena_alloc(scratch, (size_t)start->opened + 1, sizeof(*number)), shared = 0, alone = 0;
  size_t i;

  if (!number)
    return rrn_fail_memory(s->err);
  for (i = 0; i < n; i++) {
    rrn_pack_part p = { (int32_t)i, 0, 0, boxes[i].rows, boxes[i].cols, start->spots[i] };

    if (!is_alone(s, &p) && number[p.spot.crossbar] == 0)
      number[p.spot.crossbar] = ++shared;
    p.spot.crossbar = number[p.spot.crossbar] - 1;
    RRN_TRY(add_part(s, &s->now, &p, boxes[i].layer, s->arena));
  }
  for (i = 0; i < n; i++)
    if (is_alone(s, &s->now.parts[i]))
      s->now.parts[i].spot = (rrn_pack_spot){ shared + alone++, 0, 0 };
  s->now.opened = shared + alone;
  return RRAMNAS_OK;
}

static int
by_box(const void *a, const void *b)
{
  const rrn_pack_part *p = a, *q = b;

  if (p->box != q->box)
    return p->box < q->box ? -1 : 1;
  if (p->row0 != q->row0)
    return p->row0 < q->row0 ? -1 : 1;
  return (p->col0 > q->col0) - (p->col0 < q->col0);
}

static int32_t
run(splitter *s, const rrn_pack_box *boxes, size_t n, const rrn_pack_result *start, rrn_arena *scratch)
{
  int32_t most = INT32_MAX, some, done;

  RRN_TRY(begin(s, boxes, n, start, scratch));
  while (most > 0 && s->now.opened > s->options->target) {
    some = (s->now.opened - s->options->target + AT_ONCE - 1) / AT_ONCE;
    some = some < most ? some : most;
    RRN_TRY(close_some(s, some, &done));
    if (!done)
      most = some / 2;
  }
  qsort(s->now.parts, s->now.n, sizeof(*s->now.parts), by_box);
  return RRAMNAS_OK;
}

int32_t
rrn_pack_split(const rrn_pack_rules *rules, const rrn_pack_box *boxes, const rrn_pack_cutting *cutting, size_t n,
               const rrn_pack_result *start, const rrn_pack_split_options *options, rrn_arena *arena,
               rrn_pack_split_result *ret_result, rramnas_error *err)
{
  splitter s = { .rules = *rules, .cutting = cutting, .options = options, .arena = arena, .err = err };
  rrn_arena scratch;
  int32_t status;

  s.rules.grow = 1;
  s.apart = s.rules;
  s.apart.layer_threshold = rules->layer_threshold < 0 ? 0 : rules->layer_threshold;
  rrn_arena_init(&scratch, arena->rt);
  status = run(&s, boxes, n, start, &scratch);
  rrn_arena_release(&scratch);
  if (status < 0)
    return status;
  *ret_result = (rrn_pack_split_result){ s.now.parts, s.now.n, s.now.opened };
  return RRAMNAS_OK;
}
