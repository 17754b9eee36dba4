/* SPDX-License-Identifier: MIT */
/* Building a plan: allocation of cells to layers, placement, use of what is left.
 *
 * In:  menus of the layers, groups of layers and of crossbars, a recipe.
 * Out: a plan that fits, or "does not fit".
 *
 * Idea: the cells of a group are spent where they save most time per cell. On the lower convex hull of each menu
 * savings per cell fall, so taking hull segments in order of saving per cell solves the relaxation (any share of a
 * segment allowed) exactly; what is lost is less than one segment. Boxes are then placed layer by layer, the largest
 * first. The packer does not fill all cells, so the allocation is for a share `density` of them; after placement,
 * layers take further points of their menus as long as boxes fit somewhere, best saving per cell first.
 *
 * Invariant: boxes of a layer are in different crossbars of the layer's group; every layer is whole at any time
 * except between calls of this file.
 *
 * Complexity: O(points log points) for the allocation, O(layers * crossbars * spaces) for the placement. Source: the
 * allocation is Everett's (Operations Research 11, 1963). */
#include "best/plan.h"

#include <string.h>

int32_t
rrn_plan_init(rrn_plan *p, const rramnas_mapping *m, rrn_shape_limits limits, int32_t samples, rrn_arena *arena,
              rramnas_error *err)
{
  const rrn_hw_values *v = &m->hw->v;
  const size_t n = (size_t)m->n_layers;
  int32_t i;

  *p = (rrn_plan){ .m = m, .arena = arena, .n_layers = m->n_layers, .limits = limits, .err = err };
  p->choices = rrn_arena_alloc(arena, n, sizeof(*p->choices));
  p->widest = rrn_arena_alloc(arena, n, sizeof(*p->widest));
  p->picks = rrn_arena_alloc(arena, n, sizeof(*p->picks));
  p->group = rrn_arena_alloc(arena, n, sizeof(*p->group));
  p->weight = rrn_arena_alloc(arena, n, sizeof(*p->weight));
  p->order = rrn_arena_alloc(arena, n, sizeof(*p->order));
  p->key = rrn_arena_alloc(arena, n, sizeof(*p->key));
  p->heap = rrn_arena_alloc(arena, n, sizeof(*p->heap));
  p->urgent = rrn_arena_alloc(arena, n, 1);
  p->wanted_ns = rrn_arena_alloc(arena, n, sizeof(*p->wanted_ns));
  if (!p->choices || !p->widest || !p->picks || !p->group || !p->weight || !p->order || !p->key || !p->heap ||
      !p->urgent || !p->wanted_ns)
    return rrn_fail_memory(err);
  RRN_TRY(rrn_floor_init(&p->floor, arena, v->crossbar.rows, rrn_mapping_box_cols(m), m->crossbars_available, m->n_layers,
                         !limits.few, err));
  p->allow = rrn_arena_alloc(arena, n * (size_t)p->floor.layer_words, sizeof(*p->allow));
  if (!p->allow)
    return rrn_fail_memory(err);
  RRN_TRY(rrn_evaluator_init(&p->eval, arena, m->n_layers, samples, err));
  for (i = 0; i < m->n_layers; i++) {
    p->weight[i] = 1;
    RRN_TRY(rrn_shape_choose(m, i, m->crossbars_available, limits, arena, &p->widest[i], err));
    p->choices[i] = p->widest[i];
  }
  return RRAMNAS_OK;
}

/* splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */
uint32_t
rrn_plan_random(rrn_plan *p, uint32_t n)
{
  uint64_t z = p->random += UINT64_C(0x9e3779b97f4a7c15);

  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  z ^= z >> 31;
  return (uint32_t)((z >> 32) * n >> 32);
}

void
rrn_plan_one_group(rrn_plan *p)
{
  int32_t i;

  for (i = 0; i < p->n_layers; i++) {
    p->group[i] = 0;
    p->choices[i] = p->widest[i];
    p->weight[i] = 1;
  }
}

/* --- allocation --- */

typedef rrn_segment segment;

/* Whether a comes before b: best saving first. */
static int
better(const segment *a, const segment *b)
{
  if (a->rate > b->rate || a->rate < b->rate)
    return a->rate > b->rate;
  return a->layer < b->layer;
}

static double
rate(const rrn_point *a, const rrn_point *b)
{
  return (a->ns - b->ns) / (double)(b->cells - a->cells);
}

/* Segments of a layer's menu from its first point on, as far as there are crossbars; returns how many. */
static int32_t
hull(const rrn_menu *menu, int32_t layer, double weight, int32_t bars, segment *segments)
{
  const rrn_point *q = menu->points;
  int32_t n = 0, i;

  for (i = 1; i < menu->n && q[i].boxes <= bars; i++) {
    int32_t from = n > 0 ? segments[n - 1].to : 0;

    while (n > 0 && weight * rate(&q[from], &q[i]) >= segments[n - 1].rate) {
      n--;
      from = n > 0 ? segments[n - 1].to : 0;
    }
    segments[n++] = (segment){ weight * rate(&q[from], &q[i]), q[i].cells - q[from].cells, layer, i };
  }
  return n;
}

static int32_t
count_bars(const rrn_plan *p, int32_t g)
{
  int32_t i, n = 0;

  for (i = 0; i < p->floor.n_bars; i++)
    n += p->floor.bars[i].group == g;
  return n;
}

/* The next segments of the layers as a heap of numbers of segments, best first: sinks the one at `at`. */
static void
sink(const segment *segments, int32_t *heap, int32_t n, int32_t at)
{
  const int32_t moved = heap[at];
  int32_t child;

  for (; (child = 2 * at + 1) < n; at = child) {
    child += child + 1 < n && better(&segments[heap[child + 1]], &segments[heap[child]]);
    if (!better(&segments[heap[child]], &segments[moved]))
      break;
    heap[at] = heap[child];
  }
  heap[at] = moved;
}

/* Takes segments, best first, while the budget lasts; each layer's are in that order, and a layer ends with the first that
 * is too dear. */
static void
spend(rrn_plan *p, const segment *segments, int32_t n_segments, double budget)
{
  int32_t *heap = p->heap, n = 0, i;

  for (i = 0; i < n_segments; i++)
    if (i == 0 || segments[i].layer != segments[i - 1].layer)
      heap[n++] = i;
  for (i = n / 2 - 1; i >= 0; i--)
    sink(segments, heap, n, i);
  while (n > 0) {
    const int32_t at = heap[0];
    const segment *s = &segments[at];
    const int goes_on = at + 1 < n_segments && segments[at + 1].layer == s->layer && (double)s->cells <= budget;

    if ((double)s->cells <= budget) {
      budget -= (double)s->cells;
      p->picks[s->layer].index = s->to;
    }
    heap[0] = goes_on ? at + 1 : heap[--n];
    sink(segments, heap, n, 0);
  }
}

int32_t
rrn_plan_allocate(rrn_plan *p, int32_t g, double density)
{
  const int32_t bars = count_bars(p, g);
  double budget = density * bars * p->floor.rows * p->floor.cols;
  size_t most = 1;
  segment *segments;
  int32_t i, n = 0;

  for (i = 0; i < p->n_layers; i++)
    most += p->group[i] == g ? (size_t)rrn_plan_menu(p, i)->n : 0;
  if (most > p->cap_segments) {
    p->segments = rrn_arena_alloc_raw(p->arena, 2 * most, sizeof(*segments));
    if (!p->segments)
      return rrn_fail_memory(p->err);
    p->cap_segments = 2 * most;
  }
  segments = p->segments;
  for (i = 0; i < p->n_layers; i++)
    if (p->group[i] == g) {
      n += hull(rrn_plan_menu(p, i), i, p->weight[i], bars, segments + n);
      budget -= (double)rrn_plan_menu(p, i)->points[0].cells;
      p->picks[i].index = 0;
    }
  p->work += 6 * (int64_t)most + 45 * (int64_t)n;
  spend(p, segments, n, budget);
  return RRAMNAS_OK;
}

/* --- one layer --- */

static int
place_copies(rrn_plan *p, int32_t layer, const rrn_tiling *tiling, int32_t copies)
{
  rrn_box_class classes[RRN_MOST_CLASSES];
  const int32_t n = rrn_shape_classes(p->m, layer, tiling, classes);
  int32_t i;

  for (i = 0; i < n; i++)
    if (!rrn_floor_place(&p->floor, layer, classes[i].rows, classes[i].cols, classes[i].per_copy * copies,
                         p->group[layer]))
      return 0;
  return 1;
}

/* 0: place_copies() would fail even if the layer had no boxes yet. */
static int
may_place_copies(rrn_plan *p, int32_t layer, const rrn_tiling *tiling, int32_t copies)
{
  rrn_box_class classes[RRN_MOST_CLASSES];
  const int32_t n = rrn_shape_classes(p->m, layer, tiling, classes);
  int32_t i;

  for (i = 0; i < n; i++)
    if (!rrn_floor_may_place(&p->floor, layer, classes[i].rows, classes[i].cols, classes[i].per_copy * copies,
                             p->group[layer]))
      return 0;
  return 1;
}

static void
remove_copies(rrn_plan *p, int32_t layer, const rrn_tiling *tiling, int32_t copies)
{
  rrn_box_class classes[RRN_MOST_CLASSES];
  const int32_t n = rrn_shape_classes(p->m, layer, tiling, classes);
  int32_t i;

  for (i = 0; i < n; i++)
    rrn_floor_remove(&p->floor, layer, classes[i].rows, classes[i].cols, classes[i].per_copy * copies);
}

static void
note(rrn_plan *p, int32_t layer, rrn_pick pick)
{
  p->picks[layer] = pick;
  p->eval.ns[layer] = rrn_plan_point(p, layer)->ns;
  p->eval.copies[layer] = rrn_plan_point(p, layer)->copies;
}

static int
same_tiling(const rrn_tiling *a, const rrn_tiling *b)
{
  return a->rows == b->rows && a->cols == b->cols && a->groups_at_once == b->groups_at_once;
}

int
rrn_plan_change(rrn_plan *p, int32_t layer, rrn_pick pick)
{
  const rrn_point *old = rrn_plan_point(p, layer), *want = &p->choices[layer].menus[pick.variant].points[pick.index];
  const size_t mark = rrn_floor_mark(&p->floor);
  const int same = same_tiling(&old->tiling, &want->tiling);
  int done = 1;

  if (same && want->copies >= old->copies) {
    done = place_copies(p, layer, &want->tiling, want->copies - old->copies);
  } else if (same) {
    remove_copies(p, layer, &want->tiling, old->copies - want->copies);
  } else if (may_place_copies(p, layer, &want->tiling, want->copies)) {
    rrn_floor_remove(&p->floor, layer, 0, 0, INT32_MAX);
    done = place_copies(p, layer, &want->tiling, want->copies);
  } else {
    done = 0;
  }
  if (done)
    note(p, layer, pick);
  else
    rrn_floor_back(&p->floor, mark);
  return done;
}

int
rrn_plan_put(rrn_plan *p, int32_t layer, rrn_pick pick)
{
  const rrn_menu *menu = &p->choices[layer].menus[pick.variant];

  for (;; pick.index -= 1 + pick.index / 16) {
    if (place_copies(p, layer, &menu->points[pick.index].tiling, menu->points[pick.index].copies)) {
      note(p, layer, pick);
      return 1;
    }
    rrn_floor_remove(&p->floor, layer, 0, 0, INT32_MAX);
    if (pick.index == 0)
      return 0;
  }
}

/* --- what is left --- */

/* Saving per cell of the next point of a layer; negative when there is none, or it is not worth a fast search's time. */
static double
next_rate(const rrn_plan *p, int32_t layer)
{
  const rrn_menu *menu = rrn_plan_menu(p, layer);
  const int32_t i = p->picks[layer].index;

  if (i + 1 < menu->n && p->limits.few && !same_tiling(&menu->points[i].tiling, &menu->points[i + 1].tiling))
    return -1;
  return i + 1 < menu->n ? p->weight[layer] * rate(&menu->points[i], &menu->points[i + 1]) : -1;
}

void
rrn_plan_fill_some(rrn_plan *p, const int32_t *layers, int32_t n)
{
  int32_t i, best;

  for (i = 0; i < n; i++)
    p->key[layers[i]] = next_rate(p, layers[i]);
  for (; n > 0;) {
    for (best = layers[0], i = 1; i < n; i++)
      best = p->key[layers[i]] > p->key[best] ? layers[i] : best;
    if (p->key[best] <= 0 || p->floor.failed)
      return;
    if (rrn_plan_change(p, best, (rrn_pick){ p->picks[best].variant, p->picks[best].index + 1 }))
      p->key[best] = next_rate(p, best);
    else
      p->key[best] = -1;
  }
}

void
rrn_plan_fill(rrn_plan *p)
{
  int32_t i;

  for (i = 0; i < p->n_layers; i++)
    p->order[i] = i;
  rrn_plan_fill_some(p, p->order, p->n_layers);
}

/* --- the whole --- */

/* The place of a layer: large boxes, urgent layers, grouped layers, the others. */
static double
rank(const rrn_plan *p, int32_t layer, const rrn_box_class *c, int32_t grouped_first)
{
  const int grouped = p->m->matrices[layer].groups > 1;

  if (grouped_first > 1 && !grouped && c->rows > grouped_first * p->floor.rows / 100 &&
      c->cols > grouped_first * p->floor.cols / 100)
    return 3e12;
  return p->urgent[layer] ? 2e12 : grouped && grouped_first ? 1e12 : 0;
}

/* Layers by the size of their largest box, largest first. */
static void
sort_layers(rrn_plan *p, int32_t grouped_first)
{
  int32_t i, k;

  for (i = 0; i < p->n_layers; i++) {
    rrn_box_class c[RRN_MOST_CLASSES];

    rrn_shape_classes(p->m, i, &rrn_plan_point(p, i)->tiling, c);
    p->key[i] = (double)c[0].rows * c[0].cols;
    p->key[i] += rank(p, i, &c[0], grouped_first);
    p->wanted_ns[i] = rrn_plan_point(p, i)->ns;
    for (k = i; k > 0 && p->key[p->order[k - 1]] < p->key[i]; k--)
      p->order[k] = p->order[k - 1];
    p->order[k] = i;
  }
}

static int32_t
pick_variant(const rrn_plan *p, int32_t layer, const rrn_recipe *r)
{
  const rrn_matrix *x = &p->m->matrices[layer];
  const int large = x->rows > p->floor.rows || x->cols / x->groups * x->cells > p->floor.cols;
  const int32_t wanted = x->groups > 1 ? r->deal : large ? r->variant : 0;

  return wanted < p->choices[layer].n ? wanted : p->choices[layer].n - 1;
}

static int32_t
allocate_all(rrn_plan *p, const rrn_recipe *r)
{
  int32_t i, g, groups = 0;

  for (i = 0; i < p->n_layers; i++) {
    p->picks[i] = (rrn_pick){ pick_variant(p, i, r), 0 };
    groups = p->group[i] + 1 > groups ? p->group[i] + 1 : groups;
  }
  for (g = 0; g < groups; g++)
    RRN_TRY(rrn_plan_allocate(p, g, r->density));
  return RRAMNAS_OK;
}

/* A menu of a grouped layer for the crossbars that have room for one of its groups; the point that was wanted, or the
 * next smaller one. */
static int32_t
put_in_gaps(rrn_plan *p, int32_t layer, int32_t *ret_done)
{
  const rrn_matrix *x = &p->m->matrices[layer];
  const rrn_choice before = p->choices[layer];
  const int64_t wanted = rrn_plan_point(p, layer)->cells, cols = (int64_t)(x->cols / x->groups * x->cells);
  rrn_choice choice = { .n = 0 };
  int32_t i = 0, bars;

  *ret_done = 0;
  if (x->rows > p->floor.rows || cols > p->floor.cols)
    return RRAMNAS_OK;
  bars = rrn_floor_count(&p->floor, layer, (int32_t)x->rows, (int32_t)cols, p->group[layer]);
  if (bars > 0)
    RRN_TRY(rrn_shape_choose(p->m, layer, bars, p->limits, p->arena, &choice, p->err));
  if (choice.n == 0)
    return RRAMNAS_OK;
  p->choices[layer] = choice;
  while (i + 1 < choice.menus[0].n && choice.menus[0].points[i + 1].cells <= wanted)
    i++;
  *ret_done = rrn_plan_put(p, layer, (rrn_pick){ 0, i });
  if (!*ret_done)
    p->choices[layer] = before; /* whose points the pick is one of */
  return RRAMNAS_OK;
}

/* As wanted, or else in the gaps. */
static int32_t
put_grouped(rrn_plan *p, int32_t layer, int32_t *ret_done)
{
  const rrn_point *want = rrn_plan_point(p, layer);

  *ret_done = place_copies(p, layer, &want->tiling, want->copies);
  if (*ret_done) {
    note(p, layer, p->picks[layer]);
    return RRAMNAS_OK;
  }
  rrn_floor_remove(&p->floor, layer, 0, 0, INT32_MAX);
  return put_in_gaps(p, layer, ret_done);
}

static int
put_any_variant(rrn_plan *p, int32_t layer)
{
  int32_t variant;

  if (rrn_plan_put(p, layer, p->picks[layer]))
    return 1;
  for (variant = 0; variant < p->choices[layer].n; variant++)
    if (variant != p->picks[layer].variant && rrn_plan_put(p, layer, (rrn_pick){ variant, 0 }))
      return 1;
  return 0;
}

int32_t
rrn_plan_build(rrn_plan *p, const rrn_recipe *recipe, const int32_t *group_of_bar, int32_t *ret_fits)
{
  int32_t i, fits = 1;

  *ret_fits = 0;
  for (i = 0; i < p->n_layers; i++)
    if (p->choices[i].n == 0)
      return RRAMNAS_OK;
  rrn_floor_clear(&p->floor);
  for (i = 0; group_of_bar && i < p->floor.n_bars; i++)
    p->floor.bars[i].group = group_of_bar[i];
  RRN_TRY(allocate_all(p, recipe));
  sort_layers(p, recipe->grouped_first);
  for (i = 0; i < p->n_layers && fits; i++) {
    fits = 0;
    if (recipe->grouped_first > 1 && p->m->matrices[p->order[i]].groups > 1)
      RRN_TRY(put_grouped(p, p->order[i], &fits));
    fits = fits || put_any_variant(p, p->order[i]);
  }
  if (!fits)
    return p->floor.failed ? rrn_fail_memory(p->err) : RRAMNAS_OK;
  rrn_plan_fill(p);
  rrn_floor_keep(&p->floor);
  rrn_plan_share_all(p);
  *ret_fits = 1;
  return p->floor.failed ? rrn_fail_memory(p->err) : RRAMNAS_OK;
}

void
rrn_plan_share_all(rrn_plan *p)
{
  if (p->eval.samples > 1)
    rrn_evaluator_share(&p->eval, &p->floor);
}

double
rrn_plan_time(rrn_plan *p, double limit_ns)
{
  double ns;

  if (p->eval.samples > 1 && limit_ns < 1e300) {
    ns = rrn_evaluator_bound(&p->eval, &p->floor);
    if (ns > limit_ns)
      return ns;
  }
  return rrn_evaluate(&p->eval, limit_ns);
}

/* --- to a mapping --- */

typedef struct writer {
  const rrn_plan *plan;
  rramnas_mapping *m;
  rrn_pack_spot *spots;
  int32_t *next; /* [pieces of a layer]: crossbar from which to look for the next box */
} writer;

static int32_t
find_box(const rrn_plan *p, int32_t layer, const rrn_piece *piece, int32_t from, const rrn_floor_box **ret_box)
{
  int32_t k, i;

  for (k = from; k < p->floor.n_bars; k++) {
    const rrn_floor_bar *b = &p->floor.bars[k];

    if (!rrn_floor_holds(&p->floor, layer, k))
      continue;
    for (i = 0; b->boxes[i].layer != layer; i++)
      ;
    if (b->boxes[i].rows != piece->rows || b->boxes[i].cols != piece->cols)
      continue;
    *ret_box = &b->boxes[i];
    return k;
  }
  return -1;
}

/* Pieces of one size take the boxes of that size in the order of their crossbars. */
static int32_t
write_layer(writer *w, int32_t layer, rrn_pack_spot *spots, rramnas_error *err)
{
  const rramnas_mapping *m = w->m;
  const int32_t first = m->first_piece[layer], n = rrn_mapping_pieces_of(m, layer);
  int32_t i, copy, kind;

  for (i = 0; i < n; i++)
    w->next[i] = 0;
  for (copy = 0; copy < m->copies[layer]; copy++)
    for (i = 0; i < n; i++, spots++) {
      const rrn_piece *piece = &m->pieces[first + i];
      const rrn_floor_box *box = NULL;

      for (kind = 0; m->pieces[first + kind].rows != piece->rows || m->pieces[first + kind].cols != piece->cols; kind++)
        ;
      spots->crossbar = find_box(w->plan, layer, piece, w->next[kind], &box);
      if (!box)
        return rrn_fail(err, RRAMNAS_ERR_SHAPE, "a box of the plan is missing");
      w->next[kind] = spots->crossbar + 1;
      spots->row = box->row;
      spots->col = box->col;
    }
  return RRAMNAS_OK;
}

int32_t
rrn_plan_commit(const rrn_plan *p, rramnas_mapping *m, rramnas_error *err)
{
  rrn_tiling *tilings = rrn_arena_alloc(p->arena, (size_t)p->n_layers, sizeof(*tilings));
  writer w = { .plan = p, .m = m };
  rrn_pack_result packed = { .opened = p->floor.n_bars, .fits = 1 };
  int32_t i, most = 1;

  m->copies = rrn_arena_alloc(&m->arena, (size_t)p->n_layers, sizeof(*m->copies));
  if (!tilings || !m->copies)
    return rrn_fail_memory(err);
  for (i = 0; i < p->n_layers; i++) {
    tilings[i] = rrn_plan_point(p, i)->tiling;
    m->copies[i] = rrn_plan_point(p, i)->copies;
  }
  RRN_TRY(rrn_partition_tiled(m, tilings, err));
  for (i = 0; i < p->n_layers; i++) {
    packed.n += (size_t)rrn_mapping_pieces_of(m, i) * (size_t)m->copies[i];
    most = rrn_mapping_pieces_of(m, i) > most ? rrn_mapping_pieces_of(m, i) : most;
  }
  packed.spots = rrn_arena_alloc(p->arena, packed.n, sizeof(*packed.spots));
  w.next = rrn_arena_alloc(p->arena, (size_t)most, sizeof(*w.next));
  if (!packed.spots || !w.next)
    return rrn_fail_memory(err);
  for (w.spots = packed.spots, i = 0; i < p->n_layers; i++) {
    RRN_TRY(write_layer(&w, i, w.spots, err));
    w.spots += rrn_mapping_pieces_of(m, i) * m->copies[i];
  }
  return rrn_place_commit(m, &packed, err);
}
