/* SPDX-License-Identifier: MIT */
/* Cutting boxes to fill holes.
 *
 * In:  boxes, where each may be cut, sharing rules, a packing, how many crossbars are wanted.
 * Out: parts of the boxes with their places, in fewer crossbars.
 *
 * Idea: the emptiest crossbar is closed (when many are to be closed, a quarter of them at a time) and its boxes are
 * left out. Ruin and recreate (pack_ruin.c) moves whole boxes until few cells are left out. Then the largest box left
 * out is cut: the part that fills most of a hole goes there, the rest is a box that is left out:
 *
 *   left out  xxxx     aab ccd     a cut between columns counts for more than one between rows,
 *             xxxx     aab cc.     because it costs no conversion
 *             xxxx     aa. ccx
 *
 * A box that is cheaper to cut goes out for it first, if it is as large. And so on, from ruin and recreate on, until
 * nothing is left out: small parts are easily placed, and the holes grow together again between cuts. At each step it
 * is also tried to end by cuts alone. The ending of least cost stands:
 *
 *   cost = 4 * conversions + rows driven, per inference, that the cuts add; among equals the fewest parts
 *
 * Then the next crossbar is closed, until there are `target`, or no ending is found. Parts go into crossbars without
 * their own layer if they can, since parts of a layer work at the same time.
 *
 * Why it is right: a part is cut from a box and put into an empty space of a crossbar that the rules allow, and what
 * is left of the box is up to two rectangles that are treated alike. Without rules, holes as large as the box always
 * take it, because a part may be as small as one row of one unit of columns; so the area bound is then reached.
 *
 * Not handled: cutting boxes that have a place, opening crossbars, joining parts. When to prefer it: when a crossbar
 * less is worth the conversions. Deterministic in the seed; budgets count work.
 *
 * Complexity: for each closing the budget, and up to 64 times parts * spaces of all crossbars; closings are a few more
 * than the logarithm of the crossbars to be closed. Source: ours. The weight of a conversion is the energy of an 8-bit
 * ADC over that of a 1-bit DAC for one of its columns or rows in ISAAC (Shafiee et al., ISCA 2016, table 1). */
#include "compile/pack_split.h"

#include <stdlib.h>
#include <string.h>

#include "compile/pack_ruin.h"

enum {
  LEAST_STEPS = 2, MOST_STEPS = 64, /* when crossbars are closed */
  AT_ONCE = 4,                      /* of the crossbars to be closed one in so many is closed at a time */
  WEIGHT_COLS = 4, WEIGHT_ROWS = 3, WEIGHT_BOTH = 2, /* of the cells of a part by the cut that makes it */
  CONVERSION = 4,                   /* rows driven that cost as much as one */
  LEFT_OUT = -1,
  LATE = 14000,                     /* ruin and recreate begins late in its cycle of 20 000 steps */
};

/* Parts in crossbars 0 .. shared - 1, or left out. Full tiles are alone in crossbars beyond. */
typedef struct filling {
  rrn_pack_part *parts;
  rrn_pack_box *boxes; /* the same as the packing state knows them */
  size_t n, cap_parts, cap_boxes;
  int32_t shared;
  int64_t cost;        /* that cuts have added */
} filling;

typedef struct splitter {
  rrn_pack_rules rules;  /* with grow */
  rrn_pack_rules apart;  /* the same, and boxes of one layer apart */
  const rrn_pack_cutting *cutting;
  const rrn_pack_split_options *options;
  filling now;           /* stands */
  int32_t n_alone;
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
  filling f = *from;

  f.cap_parts = f.cap_boxes = f.n + 16;
  f.parts = rrn_arena_alloc_raw(arena, f.cap_parts, sizeof(*f.parts));
  f.boxes = rrn_arena_alloc_raw(arena, f.cap_boxes, sizeof(*f.boxes));
  if (!f.parts || !f.boxes)
    return rrn_fail_memory(s->err);
  memcpy(f.parts, from->parts, f.n * sizeof(*f.parts));
  memcpy(f.boxes, from->boxes, f.n * sizeof(*f.boxes));
  *to = f;
  return RRAMNAS_OK;
}

/* Leaves `rows` x `cols` of part i and adds the rest of it as parts. With both sides cut, the rows are cut first, so
 * that a side of the rest stays whole. */
static int32_t
cut(splitter *s, filling *f, size_t i, int32_t rows, int32_t cols, rrn_arena *arena)
{
  const rrn_pack_part whole = f->parts[i];
  const rrn_pack_cutting *c = &s->cutting[whole.box];
  const int32_t layer = f->boxes[i].layer;
  rrn_pack_part rest = whole;

  f->parts[i].rows = f->boxes[i].rows = rows;
  f->parts[i].cols = f->boxes[i].cols = cols;
  if (rows < whole.rows) {
    rest.row0 += rows;
    rest.rows -= rows;
    f->cost += CONVERSION * c->conversions * whole.cols;
    RRN_TRY(add_part(s, f, &rest, layer, arena));
    rest = whole;
    rest.rows = rows;
  }
  if (cols == whole.cols)
    return RRAMNAS_OK;
  rest.col0 += cols;
  rest.cols -= cols;
  f->cost += c->drives * rows;
  return add_part(s, f, &rest, layer, arena);
}

static int
is_alone(const splitter *s, const rrn_pack_part *p)
{
  return p->rows == s->rules.rows && p->cols == s->rules.cols;
}

/* --- packing states --- */

/* The shared crossbars of a filling as a state, and what it leaves out. `least`: sides of the smallest hole that is
 * kept track of; 0 = the smallest box. */
static int32_t
load(splitter *s, const filling *f, int32_t least, rrn_arena *arena, rrn_pack_state *t)
{
  int32_t k;
  size_t i;

  RRN_TRY(rrn_pack_state_init(t, &s->rules, NULL, f->boxes, f->n, f->shared, arena, s->err));
  t->n_left_out = 0;
  t->left_out_cells = 0;
  if (least > 0)
    t->least_rows = t->least_cols = least;
  for (k = 0; k < f->shared; k++)
    RRN_TRY(rrn_pack_state_open(t, s->err));
  rrn_pack_state_mark(t);
  for (i = 0; i < f->n; i++) {
    const rrn_pack_spot *at = &f->parts[i].spot;

    if (is_alone(s, &f->parts[i]))
      continue;
    if (at->crossbar != LEFT_OUT) {
      RRN_TRY(rrn_pack_state_place(t, at->crossbar, (rrn_pack_item){ (int32_t)i, at->row, at->col }, s->err));
      continue;
    }
    t->left_out[t->n_left_out++] = (int32_t)i;
    t->left_out_cells += (int64_t)f->parts[i].rows * f->parts[i].cols;
  }
  rrn_pack_state_mark(t);
  t->work = 0;
  return RRAMNAS_OK;
}

/* The places that a state gives. */
static void
take_places(filling *f, const rrn_pack_state *t)
{
  int32_t k;
  size_t i;

  for (k = 0; k < t->n_bins; k++)
    for (i = 0; i < t->bins[k].n_items; i++) {
      const rrn_pack_item *item = &t->bins[k].items[i];

      f->parts[item->box].spot = (rrn_pack_spot){ k, item->row, item->col };
    }
  for (i = 0; i < t->n_left_out; i++)
    f->parts[t->left_out[i]].spot.crossbar = LEFT_OUT;
  f->shared = t->n_bins;
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

/* The largest part left out; f->n when there is none. */
static size_t
largest_left_out(const filling *f)
{
  size_t i, best = f->n;
  int64_t most = 0;

  for (i = 0; i < f->n; i++) {
    const int64_t cells = (int64_t)f->parts[i].rows * f->parts[i].cols;

    if (f->parts[i].spot.crossbar == LEFT_OUT && cells > most) {
      most = cells;
      best = i;
    }
  }
  return best;
}

/* Puts parts into holes, making at most `most_cuts`, until nothing is left out (*ret_done) or no hole takes more. */
static int32_t
fill(splitter *s, filling *f, int32_t most_cuts, rrn_arena *arena, int32_t *ret_done)
{
  rrn_pack_state t;
  size_t part;

  *ret_done = 0;
  RRN_TRY(load(s, f, 1, arena, &t));
  t.rule = RRN_PACK_SHORT_SIDE;
  while ((part = largest_left_out(f)) < f->n) {
    const fit at = find_fit(s, f, part, &t);
    const int is_cut = at.rows < f->boxes[part].rows || at.cols < f->boxes[part].cols;
    const rrn_pack_space *o;

    if (at.crossbar < 0 || (is_cut && most_cuts-- == 0))
      return RRAMNAS_OK;
    RRN_TRY(cut(s, f, part, at.rows, at.cols, arena));
    o = &t.bins[at.crossbar].spaces[at.space];
    f->parts[part].spot = (rrn_pack_spot){ at.crossbar, o->y1, o->x1 };
    t.boxes = f->boxes;
    RRN_TRY(rrn_pack_state_put(&t, at.crossbar, at.space, (int32_t)part, s->err));
  }
  *ret_done = 1;
  return RRAMNAS_OK;
}

/* --- closing crossbars --- */

static int
is_better(const filling *f, const filling *than)
{
  if (than->n == 0)
    return 1;
  return f->cost != than->cost ? f->cost < than->cost : f->n < than->n;
}

/* What stands without its n emptiest crossbars, whose boxes are left out. */
static int32_t
take_emptiest(splitter *s, int32_t n, rrn_arena *arena, filling *ret_filling)
{
  rrn_pack_state t;

  RRN_TRY(copy_filling(s, &s->now, arena, ret_filling));
  RRN_TRY(load(s, ret_filling, 0, arena, &t));
  for (; n > 0 && t.n_bins > 1; n--) {
    const int32_t k = rrn_pack_state_emptiest(&t);

    RRN_TRY(rrn_pack_state_take(&t, k, NULL, s->err));
    rrn_pack_state_drop(&t, k);
  }
  take_places(ret_filling, &t);
  return RRAMNAS_OK;
}

static int32_t
ruin_and_recreate(splitter *s, filling *f, int32_t step, int32_t n_steps, rrn_arena *arena)
{
  rrn_pack_state t;
  rrn_pack_ruin r;

  RRN_TRY(load(s, f, 0, arena, &t));
  RRN_TRY(rrn_pack_ruin_init(&r, &t, s->options->seed + (uint64_t)step, s->err));
  r.step = LATE;
  RRN_TRY(rrn_pack_ruin_run(&r, s->options->evaluations / n_steps, s->err));
  take_places(f, &t);
  return RRAMNAS_OK;
}

/* What cutting a part costs; parts that stay whole cost the most. */
static int64_t
price(const splitter *s, const rrn_pack_part *p)
{
  return s->cutting[p->box].col_unit ? s->cutting[p->box].conversions : INT64_MAX;
}

/* 1 when the rules let part i into the crossbar of part k, in the place of that. */
static int
may_replace(const splitter *s, const filling *f, size_t i, size_t k)
{
  const int32_t threshold = s->apart.layer_threshold;
  size_t j;

  for (j = 0; j < f->n; j++) {
    const int32_t distance = f->boxes[i].layer - f->boxes[j].layer;

    if (j != k && !is_alone(s, &f->parts[j]) && f->parts[j].spot.crossbar == f->parts[k].spot.crossbar &&
        distance <= threshold && distance >= -threshold)
      return 0;
  }
  return 1;
}

/* The part in a crossbar that had better be cut than part i, which can take its place: the cheapest, among these the
 * least; i when there is none. */
static size_t
find_cheaper(const splitter *s, const filling *f, size_t i)
{
  const rrn_pack_part *p = &f->parts[i];
  int64_t best_price = price(s, p), best_cells = 0;
  size_t best = i, k;

  for (k = 0; k < f->n; k++) {
    const rrn_pack_part *q = &f->parts[k];
    const int64_t cells = (int64_t)q->rows * q->cols;

    if (q->spot.crossbar == LEFT_OUT || is_alone(s, q) || q->rows < p->rows || q->cols < p->cols ||
        price(s, q) > best_price || (price(s, q) == best_price && (best == i || cells >= best_cells)) ||
        !may_replace(s, f, i, k))
      continue;
    best = k;
    best_price = price(s, q);
    best_cells = cells;
  }
  return best;
}

/* Parts left out take the places of parts that are cheaper to cut. */
static void
exchange(const splitter *s, filling *f)
{
  size_t i;

  for (i = 0; i < f->n; i++) {
    const size_t k = f->parts[i].spot.crossbar == LEFT_OUT ? find_cheaper(s, f, i) : i;

    if (k == i)
      continue;
    f->parts[i].spot = f->parts[k].spot;
    f->parts[k].spot.crossbar = LEFT_OUT;
  }
}

/* One step: whole boxes are moved, an ending is tried, and a box is cut. The ending goes to *ret_best, whose parts are
 * in the arena of what stands, when it is the best. */
static int32_t
step(splitter *s, filling *f, int32_t number, int32_t n_steps, rrn_arena *arena, filling *ret_best, int32_t *ret_done)
{
  filling end;
  int32_t ended = 0;

  if (number > 0)
    RRN_TRY(ruin_and_recreate(s, f, number, n_steps, arena));
  exchange(s, f);
  RRN_TRY(copy_filling(s, f, arena, &end));
  RRN_TRY(fill(s, &end, INT32_MAX, arena, &ended));
  if (ended && is_better(&end, ret_best))
    RRN_TRY(copy_filling(s, &end, s->arena, ret_best));
  *ret_done = ended && end.cost == f->cost;
  return *ret_done || number == 0 ? RRAMNAS_OK : fill(s, f, 1, arena, &ended);
}

/* As many steps as cost about as much as ruin and recreate does. */
static int32_t
count_steps(const splitter *s)
{
  const int64_t n = s->options->evaluations / (4 * (int64_t)s->now.n + 1);

  return n < LEAST_STEPS ? LEAST_STEPS : n > MOST_STEPS ? MOST_STEPS : (int32_t)n;
}

/* Endings with n crossbars less; the best into *ret_best. None: its n is 0. */
static int32_t
search_endings(splitter *s, int32_t n, rrn_arena arenas[2], filling *ret_best)
{
  const int32_t n_steps = count_steps(s);
  filling f;
  int32_t i, done = 0;

  RRN_TRY(take_emptiest(s, n, &arenas[0], &f));
  for (i = 0; i <= n_steps && !done; i++) {
    rrn_arena *next = &arenas[(i + 1) % 2];

    rrn_arena_reset(next);
    RRN_TRY(copy_filling(s, &f, next, &f));
    RRN_TRY(step(s, &f, i, n_steps, next, ret_best, &done));
    done |= ret_best->n > 0 && f.cost >= ret_best->cost;
  }
  return RRAMNAS_OK;
}

static int32_t
close_some(splitter *s, int32_t n, int32_t *ret_done)
{
  rrn_arena arenas[2];
  filling best = { 0 };
  int32_t status;

  rrn_arena_init(&arenas[0], s->arena->rt);
  rrn_arena_init(&arenas[1], s->arena->rt);
  status = search_endings(s, n, arenas, &best);
  rrn_arena_release(&arenas[0]);
  rrn_arena_release(&arenas[1]);
  *ret_done = best.n > 0;
  if (status >= 0 && best.n > 0)
    s->now = best;
  return status;
}

/* --- the whole --- */

/* The packing as a filling: crossbars that are shared are numbered anew. */
static int32_t
begin(splitter *s, const rrn_pack_box *boxes, size_t n, const rrn_pack_result *start, rrn_arena *scratch)
{
  int32_t *number = rrn_arena_alloc(scratch, (size_t)start->opened + 1, sizeof(*number));
  size_t i;

  if (!number)
    return rrn_fail_memory(s->err);
  for (i = 0; i < n; i++) {
    rrn_pack_part p = { (int32_t)i, 0, 0, boxes[i].rows, boxes[i].cols, start->spots[i] };

    if (is_alone(s, &p)) {
      s->n_alone++;
    } else {
      if (number[p.spot.crossbar] == 0)
        number[p.spot.crossbar] = ++s->now.shared;
      p.spot.crossbar = number[p.spot.crossbar] - 1;
    }
    RRN_TRY(add_part(s, &s->now, &p, boxes[i].layer, s->arena));
  }
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

static void
end(splitter *s)
{
  int32_t alone = 0;
  size_t i;

  for (i = 0; i < s->now.n; i++)
    if (is_alone(s, &s->now.parts[i]))
      s->now.parts[i].spot = (rrn_pack_spot){ s->now.shared + alone++, 0, 0 };
  qsort(s->now.parts, s->now.n, sizeof(*s->now.parts), by_box);
}

static int32_t
run(splitter *s, const rrn_pack_box *boxes, size_t n, const rrn_pack_result *start, rrn_arena *scratch)
{
  int32_t most = INT32_MAX, some, done, excess;

  RRN_TRY(begin(s, boxes, n, start, scratch));
  while (most > 0 && (excess = s->now.shared + s->n_alone - s->options->target) > 0) {
    some = (excess + AT_ONCE - 1) / AT_ONCE;
    some = some < most ? some : most;
    RRN_TRY(close_some(s, some, &done));
    if (!done)
      most = some / 2;
  }
  end(s);
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
  *ret_result = (rrn_pack_split_result){ s.now.parts, s.now.n, s.now.shared + s.n_alone };
  return RRAMNAS_OK;
}
