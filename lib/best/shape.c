/* SPDX-License-Identifier: MIT */
/* Menus: for each layer the tilings and numbers of copies that can be of use.
 *
 * In:  matrices, most boxes of a layer.
 * Out: for each layer a few variants; for each variant the points that no other beats in both cells and time.
 *
 * Dense layers: a variant is a tiling (full tiles and a remainder; even tiles; one cut more in rows, in columns, in
 * both), its points the numbers of copies x that lower ceil(activations / x). Grouped layers have one variant whose
 * points combine x, groups per box and groups per activation. Boxes of a grouped layer are free parallelism: for
 * given x and groups per activation the cells do not depend on how many boxes the groups are dealt to, so only the
 * finest deal that the chip has crossbars for matters, made as coarse as the same time allows.
 *
 * Not handled: copies of a layer with different tilings. Complexity: O(sqrt(activations)) points per dense variant;
 * O(log(crossbars) * groups per activation) per grouped layer. */
#include "best/shape.h"

#include "util/whole.h"

/* --- classes --- */

static void
add_class(const rramnas_mapping *m, const rrn_matrix *x, const rrn_tiling *t, int64_t size[2], int64_t per_copy,
          rrn_box_class *c)
{
  const int64_t group_cols = x->cols / x->groups, groups = rrn_divide_up(size[1], group_cols);
  const int64_t at_once = rrn_least(groups, t->groups_at_once);

  c->rows = (int32_t)(size[0] * at_once);
  c->cols = (int32_t)(size[1] * x->cells);
  c->read_cols = (int32_t)(rrn_least(size[1], at_once * group_cols) * x->cells);
  c->per_copy = (int32_t)rrn_least(per_copy, INT32_MAX); /* more than any chip holds */
  c->activations = rrn_divide_up(groups, at_once) * x->positions;
  c->latency_ns = rrn_matrix_latency_ns(m->hw, x, c->rows, c->read_cols);
}

int
rrn_shape_some_grouped(const rramnas_mapping *m)
{
  int32_t i;

  for (i = 0; i < m->n_layers && m->matrices[i].groups == 1; i++)
    ;
  return i < m->n_layers;
}

int32_t
rrn_shape_classes(const rramnas_mapping *m, int32_t layer, const rrn_tiling *t, rrn_box_class classes[RRN_MOST_CLASSES])
{
  const rrn_matrix *x = &m->matrices[layer];
  const int64_t group_cols = x->cols / x->groups;
  const int cut_groups = x->groups > 1 && t->cols < group_cols;
  const int64_t cols = cut_groups ? group_cols : x->cols, times = cut_groups ? x->groups : 1;
  const int64_t nh = x->rows / t->rows, nw = cols / t->cols, hr = x->rows % t->rows, wr = cols % t->cols;
  int32_t n = 0;

  add_class(m, x, t, (int64_t[2]){ t->rows, t->cols }, nh * nw * times, &classes[n++]);
  if (hr && wr)
    add_class(m, x, t, (int64_t[2]){ hr, wr }, times, &classes[n++]);
  if (hr)
    add_class(m, x, t, (int64_t[2]){ hr, t->cols }, nw * times, &classes[n++]);
  if (wr)
    add_class(m, x, t, (int64_t[2]){ t->rows, wr }, nh * times, &classes[n++]);
  return n;
}

double
rrn_shape_ns(const rrn_box_class *classes, int32_t n, int32_t copies)
{
  const rrn_box_class *longest = &classes[0];
  int32_t i;

  for (i = 1; i < n; i++)
    if (classes[i].latency_ns * (double)classes[i].activations > longest->latency_ns * (double)longest->activations)
      longest = &classes[i];
  return longest->latency_ns * (double)rrn_divide_up(longest->activations, copies);
}

/* --- menus --- */

typedef struct cook {
  const rramnas_mapping *m;
  rrn_arena *arena;
  int32_t layer;
  int32_t most_boxes;
  int64_t group_cols;    /* of a grouped layer: columns of a group */
  int64_t groups_of_bar; /* that have their columns in one crossbar */
  rrn_menu *menu;
  size_t cap;
  rramnas_error *err;
} cook;

static int32_t
add_point(cook *k, rrn_point point)
{
  rrn_point *grown = rrn_arena_grow(k->arena, k->menu->points, (size_t)k->menu->n, &k->cap, sizeof(*grown));

  if (!grown)
    return rrn_fail_memory(k->err);
  k->menu->points = grown;
  grown[k->menu->n++] = point;
  return RRAMNAS_OK;
}

static int32_t
dense_menu(cook *k, const rrn_tiling *t)
{
  rrn_box_class classes[RRN_MOST_CLASSES];
  const int32_t n = rrn_shape_classes(k->m, k->layer, t, classes);
  int64_t pieces = 0, cells = 0, most = 0, x = 1, share, most_copies;
  int32_t i;

  for (i = 0; i < n; i++) {
    pieces += classes[i].per_copy;
    cells += (int64_t)classes[i].per_copy * classes[i].rows * classes[i].cols;
    most = classes[i].activations > most ? classes[i].activations : most;
  }
  most_copies = rrn_least(k->most_boxes / pieces, most);
  for (; x <= most_copies; x = rrn_divide_up(most, share - 1)) {
    RRN_TRY(add_point(k, (rrn_point){ *t, (int32_t)x, (int32_t)(x * pieces), x * cells,
                                      rrn_shape_ns(classes, n, (int32_t)x) }));
    share = rrn_divide_up(most, x);
    if (share == 1)
      break;
  }
  return RRAMNAS_OK;
}

/* Groups dealt to at most `boxes` boxes, k at once; as few boxes as the same time allows. 0 = does not fit. */
static int64_t
groups_per_box(const cook *k, int64_t groups, int64_t boxes, int64_t at_once)
{
  const int64_t even = rrn_divide_up(groups, boxes), share = rrn_least(groups, rrn_divide_up(even, at_once) * at_once);

  if (share <= k->groups_of_bar)
    return share;
  return even <= k->groups_of_bar ? k->groups_of_bar : 0;
}

/* That many copies with the groups dealt to full boxes and a last one, k at once. The last is no slower. */
static int32_t
grouped_point(cook *k, int64_t copies, int64_t at_once, double latency_ns)
{
  const rrn_matrix *x = &k->m->matrices[k->layer];
  const int64_t share = groups_per_box(k, x->groups, k->most_boxes / copies, at_once), cols = k->group_cols;
  const int64_t activations = rrn_divide_up(share, at_once) * x->positions;
  int64_t full, last, blocks;

  if (share < at_once || copies > activations)
    return RRAMNAS_OK;
  full = x->groups / share;
  last = x->groups % share;
  blocks = full * share * at_once + last * rrn_least(last, at_once);
  return add_point(k, (rrn_point){ { x->rows, share * cols, (int32_t)at_once }, (int32_t)copies,
                                   (int32_t)(copies * (full + (last > 0))), copies * blocks * x->rows * cols * x->cells,
                                   latency_ns * (double)rrn_divide_up(activations, copies) });
}

static int
before(const rrn_point *p, const rrn_point *q)
{
  if (p->cells != q->cells)
    return p->cells < q->cells;
  if (p->ns < q->ns || p->ns > q->ns)
    return p->ns < q->ns;
  return p->boxes < q->boxes;
}

/* Two sorted runs -> the points of both that no other beats, sorted; returns how many. */
static int32_t
merge(const rrn_point *a, const rrn_point *a_end, const rrn_point *b, const rrn_point *b_end, rrn_point *to)
{
  int32_t n = 0;

  while (a < a_end || b < b_end) {
    const rrn_point *next = a < a_end && (b == b_end || !before(b, a)) ? a++ : b++;

    if (n == 0 || next->ns < to[n - 1].ns)
      to[n++] = *next;
  }
  return n;
}

/* Points come in runs that are sorted or nearly so: each is merged into what is left of those before. */
static int32_t
keep_undominated(cook *k)
{
  const rrn_point *points = k->menu->points, *run = points, *end = points + k->menu->n;
  rrn_point *kept = rrn_arena_alloc_raw(k->arena, (size_t)k->menu->n, sizeof(*kept));
  rrn_point *merged = rrn_arena_alloc_raw(k->arena, (size_t)k->menu->n, sizeof(*merged)), *old;
  int32_t n = 0;

  if (!kept || !merged)
    return rrn_fail_memory(k->err);
  while (run < end) {
    const rrn_point *next = run + 1;

    while (next < end && !before(next, next - 1))
      next++;
    n = merge(kept, kept + n, run, next, merged);
    old = kept;
    kept = merged;
    merged = old;
    run = next;
  }
  k->menu->points = kept;
  k->menu->n = n;
  return RRAMNAS_OK;
}

static int32_t
grouped_menu(cook *k, rrn_shape_limits limits)
{
  const rramnas_mapping *m = k->m;
  const rrn_matrix *x = &m->matrices[k->layer];
  const int64_t by_rows = m->hw->v.crossbar.rows / x->rows;
  const int64_t most = rrn_least(rrn_least(by_rows, k->groups_of_bar), x->groups);
  const int64_t first = limits.depthwise == RRAMNAS_DEPTHWISE_BLOCK_DIAGONAL ? most : 1;
  const int64_t last = limits.depthwise == RRAMNAS_DEPTHWISE_RNC ? 1 : most;
  int64_t at_once, copies;

  for (at_once = first; at_once <= last; at_once += limits.few ? 1 + at_once / 3 : 1) {
    const double latency_ns =
      rrn_matrix_latency_ns(m->hw, x, x->rows * at_once, at_once * k->group_cols * x->cells);

    for (copies = 1; copies <= k->most_boxes; copies += 1 + copies / (limits.few && last > 1 ? 6 : 24))
      RRN_TRY(grouped_point(k, copies, at_once, latency_ns));
  }
  return k->menu->n > 0 ? keep_undominated(k) : RRAMNAS_OK;
}

/* --- variants --- */

static int
same_tiling(const rrn_tiling *a, const rrn_tiling *b)
{
  return a->rows == b->rows && a->cols == b->cols && a->groups_at_once == b->groups_at_once;
}

static int32_t
add_variant(cook *k, rrn_choice *c, int64_t rows, int64_t cols)
{
  const rrn_tiling t = { rows, cols, 1 };
  int32_t i;

  for (i = 0; i < c->n; i++)
    if (same_tiling(&c->menus[i].points[0].tiling, &t))
      return RRAMNAS_OK;
  k->menu = &c->menus[c->n];
  k->cap = 0;
  RRN_TRY(dense_menu(k, &t));
  c->n += k->menu->n > 0;
  return RRAMNAS_OK;
}

static int32_t
dense_choice(cook *k, rrn_choice *c)
{
  const rrn_matrix *x = &k->m->matrices[k->layer];
  const int64_t most_rows = k->m->hw->v.crossbar.rows, most_cols = rrn_mapping_box_cols(k->m) / x->cells;
  const int64_t cols = x->cols / x->groups, nh = rrn_divide_up(x->rows, most_rows), nw = rrn_divide_up(cols, most_cols);
  int64_t i, j;

  RRN_TRY(add_variant(k, c, rrn_least(x->rows, most_rows), rrn_least(cols, most_cols)));
  for (i = nh; i <= nh + 1 && i <= x->rows; i++)
    for (j = nw; j <= nw + 1 && j <= cols; j++)
      RRN_TRY(add_variant(k, c, rrn_divide_up(x->rows, i), rrn_divide_up(cols, j)));
  if (nh == 1 && nw == 1) {
    RRN_TRY(add_variant(k, c, rrn_divide_up(x->rows, rrn_least(4, x->rows)), cols));
    RRN_TRY(add_variant(k, c, x->rows, rrn_divide_up(cols, rrn_least(4, cols))));
  }
  return RRAMNAS_OK;
}

/* Most boxes of the variants of a grouped layer, in 64ths of what is allowed. */
static const int32_t deals[] = { 64, 56, 48, 36, 24, 12, 4, 1 };

static int32_t
grouped_choice(cook *k, rrn_choice *c, rrn_shape_limits limits)
{
  const rrn_matrix *x = &k->m->matrices[k->layer];
  const int32_t most = k->most_boxes;
  const size_t n = limits.few ? 2 : sizeof(deals) / sizeof(deals[0]);
  size_t i;

  k->group_cols = x->cols / x->groups;
  k->groups_of_bar = rrn_mapping_box_cols(k->m) / x->cells / k->group_cols;
  for (i = 0; i < n; i++) {
    k->most_boxes = (int32_t)((int64_t)most * deals[i] / 64);
    k->menu = &c->menus[c->n];
    k->cap = 0;
    RRN_TRY(grouped_menu(k, limits));
    c->n += k->menu->n > 0;
  }
  return RRAMNAS_OK;
}

int32_t
rrn_shape_choose(const rramnas_mapping *m, int32_t layer, int32_t most_boxes, rrn_shape_limits limits,
                 rrn_arena *arena, rrn_choice *ret_choice, rramnas_error *err)
{
  const rrn_matrix *x = &m->matrices[layer];
  const rrn_hw_values *v = &m->hw->v;
  const int whole_groups = x->cols / x->groups * x->cells <= rrn_mapping_box_cols(m) && x->rows <= v->crossbar.rows;
  rrn_choice choice = { .n = 0 };
  cook k = { .m = m, .arena = arena, .layer = layer, .most_boxes = most_boxes, .menu = &choice.menus[0], .err = err };

  if (x->groups > 1 && whole_groups) {
    RRN_TRY(grouped_choice(&k, &choice, limits));
  } else {
    RRN_TRY(dense_choice(&k, &choice));
  }
  *ret_choice = choice;
  return RRAMNAS_OK;
}
