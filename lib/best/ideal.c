/* SPDX-License-Identifier: MIT */
/* A relaxed time of one inference: what allocation alone makes of so many crossbars.
 *
 * In:  matrices, chip, a number of crossbars.
 * Out: the time of all layers one after the other, when copies may be any share and cells are all that matters.
 *
 * Idea: a dense layer with x copies takes W / x, for x times its cells; a layer with groups, k of them at once and x
 * copies, what its busiest box takes when the groups are dealt to all crossbars. By price p per cell each layer
 * chooses what makes time + p * cells least; the sum of these, less p times the cells that there are, is the dual
 * function of the allocation. The relaxed time is its greatest value over a list of prices: no plans are made, no
 * menus, a few microseconds. Of the cells beyond those of one copy, packing is taken to leave a share of all empty,
 * where there are many, and nearly all where there are few: spare^2 / (spare + loss * all).
 *
 * Invariant: never rises with the crossbars. The prices and what a layer may be depend on the network and the chip
 * only, but for limits that go up with the crossbars; a choice takes no longer with more of them, for the same cells;
 * and the cells that there are go up. So each price's value falls, and so does the greatest (Everett, Operations
 * Research 11, 1963, for the dual). Rounding may lift it by parts in 10^12.
 *
 * Not handled: it is no bound: other cuts of a layer may be sooner done, and packing may leave less. bound_time.c is
 * one. Complexity: O(layers * choices * log prices). */
#include "best/ideal.h"

#include "best/shape.h"
#include "util/whole.h"

#include <math.h>

/* Prices fall by a constant factor, from one at which all layers have one copy; copies of grouped layers rise by a sixth
 * at a time. With coarser ones the relaxed time is farther from what allocation makes; with finer ones it takes longer. */
enum { N_PRICES = 112, MOST_COPIES = 24 };
static const double price_step = 7.0 / 8;

typedef struct dense_layer {
  double work_ns;  /* of one copy */
  double cells;    /* of one copy */
  double root;     /* of work per cell: copies at price 1 */
  int64_t pieces, most_copies;
} dense_layer;

/* A number of groups at once. */
typedef struct grouped_way {
  int64_t at_once;
  double latency_ns;
} grouped_way;

typedef struct grouped_layer {
  const rrn_matrix *matrix;
  const grouped_way *ways; /* [n_ways] */
  int32_t n_ways;
  int64_t most_in_box;     /* groups */
  double cells;            /* of one copy with one group at once */
  size_t first, end;       /* its choices */
} grouped_layer;

typedef struct choice {
  double ns, cells;
} choice;

struct rrn_ideal {
  const rramnas_mapping *m;
  dense_layer *dense;     /* [n_dense] */
  grouped_layer *grouped; /* [n_grouped] */
  choice *choices;        /* on the present crossbars */
  double *most;           /* [n_dense] copies on the present crossbars */
  double prices[N_PRICES], roots[N_PRICES];
  double one_copy;        /* cells */
  double cells_of_bar, loss;
  int32_t n_dense, n_grouped;
};

int32_t
rrn_ideal_fewest(const rramnas_mapping *m)
{
  const double crossbar = (double)m->hw->v.crossbar.rows * rrn_mapping_box_cols(m);
  double cells = 0;
  int32_t i;

  for (i = 0; i < m->n_layers; i++)
    cells += (double)m->matrices[i].rows * (double)m->matrices[i].cols * m->matrices[i].cells;
  return cells < crossbar ? 1 : cells / crossbar < 1e9 ? (int32_t)(cells / crossbar) : 1000000000;
}

/* --- layers --- */

static int
has_whole_groups(const rramnas_mapping *m, const rrn_matrix *x)
{
  const rrn_hw_values *v = &m->hw->v;

  return x->groups > 1 && x->cols / x->groups * x->cells <= rrn_mapping_box_cols(m) && x->rows <= v->crossbar.rows;
}

/* In full tiles and a remainder. */
static dense_layer
look_at_dense(const rramnas_mapping *m, int32_t layer)
{
  const rrn_matrix *x = &m->matrices[layer];
  const rrn_tiling full = { rrn_least(x->rows, m->hw->v.crossbar.rows),
                            rrn_least(x->cols / x->groups, rrn_mapping_box_cols(m) / x->cells), 1 };
  rrn_box_class classes[RRN_MOST_CLASSES];
  const int32_t n = rrn_shape_classes(m, layer, &full, classes);
  dense_layer d = { .work_ns = rrn_shape_ns(classes, n, 1) };
  int32_t i;

  for (i = 0; i < n; i++) {
    d.pieces += classes[i].per_copy;
    d.cells += (double)classes[i].per_copy * classes[i].rows * classes[i].cols;
    d.most_copies = classes[i].activations > d.most_copies ? classes[i].activations : d.most_copies;
  }
  d.root = sqrt(d.work_ns / d.cells);
  return d;
}

static int32_t
look_at_grouped(const rramnas_mapping *m, const rrn_matrix *x, int32_t depthwise, rrn_arena *arena, grouped_layer *g,
                rramnas_error *err)
{
  const int64_t by_rows = m->hw->v.crossbar.rows / x->rows, cols = x->cols / x->groups;
  const int64_t by_cols = rrn_mapping_box_cols(m) / x->cells / cols;
  const int64_t most = rrn_least(rrn_least(by_rows, by_cols), x->groups);
  const int64_t first = depthwise == RRAMNAS_DEPTHWISE_BLOCK_DIAGONAL ? most : 1;
  const int64_t last = depthwise == RRAMNAS_DEPTHWISE_RNC ? 1 : most;
  grouped_way *ways;
  int64_t at_once;
  int32_t n = 0;

  for (at_once = first; at_once <= last; at_once += 1 + at_once / 3)
    n++;
  ways = rrn_arena_alloc(arena, (size_t)n, sizeof(*ways));
  if (!ways)
    return rrn_fail_memory(err);
  for (n = 0, at_once = first; at_once <= last; at_once += 1 + at_once / 3)
    ways[n++] = (grouped_way){ at_once, rrn_matrix_latency_ns(m->hw, x, x->rows * at_once, at_once * cols * x->cells) };
  *g = (grouped_layer){ .matrix = x, .ways = ways, .n_ways = n, .most_in_box = by_cols,
                        .cells = (double)x->rows * (double)x->cols * x->cells };
  return RRAMNAS_OK;
}

/* What the groups of a layer can be on so many crossbars; the first choice is the one of fewest cells. Copies beyond
 * those that there are boxes for are of no use. */
static size_t
list_choices(const grouped_layer *g, int32_t crossbars, choice *to)
{
  const rrn_matrix *x = g->matrix;
  size_t n = 0;
  int32_t i, k;

  for (i = 0; i < g->n_ways; i++) {
    const grouped_way *way = &g->ways[i];
    int64_t copies = 1, in_box;

    for (k = 0; k < MOST_COPIES && copies <= crossbars; k++, copies += 1 + copies / 6) {
      in_box = rrn_divide_up(x->groups, crossbars / copies);
      if (in_box <= g->most_in_box)
        to[n++] = (choice){ way->latency_ns * (double)rrn_divide_up(rrn_divide_up(in_box, way->at_once) * x->positions, copies),
                            (double)(copies * way->at_once) * g->cells };
      if (copies > 1 && copies * x->groups > crossbars * way->at_once)
        break;
    }
  }
  return n;
}

/* --- prices --- */

static double
highest_price(const rrn_ideal *d)
{
  double price = 0, p;
  int32_t i;

  for (i = 0; i < d->n_dense; i++) {
    p = d->dense[i].work_ns / d->dense[i].cells;
    price = p > price ? p : price;
  }
  for (i = 0; i < d->n_grouped; i++) {
    const grouped_layer *g = &d->grouped[i];

    p = g->ways[0].latency_ns * (double)g->matrix->groups * (double)g->matrix->positions / g->cells;
    price = p > price ? p : price;
  }
  return price;
}

static void
set_prices(rrn_ideal *d)
{
  double price = highest_price(d);
  int32_t i;

  for (i = 0; i < N_PRICES; i++, price *= price_step) {
    d->prices[i] = i < N_PRICES - 1 ? price : 0;
    d->roots[i] = sqrt(price);
  }
}

/* Time and price of what all layers choose. */
static double
price_all(const rrn_ideal *d, int32_t at)
{
  const double price = d->prices[at];
  double sum = 0;
  int32_t i;
  size_t k;

  for (i = 0; i < d->n_dense; i++) {
    const dense_layer *x = &d->dense[i];
    double copies = price > 0 ? x->root / d->roots[at] : d->most[i];

    copies = copies < 1 ? 1 : copies > d->most[i] ? d->most[i] : copies;
    sum += x->work_ns / copies + price * x->cells * copies;
  }
  for (i = 0; i < d->n_grouped; i++) {
    double lowest = 1e300, cost;

    for (k = d->grouped[i].first; k < d->grouped[i].end; k++) {
      cost = d->choices[k].ns + price * d->choices[k].cells;
      lowest = cost < lowest ? cost : lowest;
    }
    sum += lowest;
  }
  return sum;
}

/* --- the whole --- */

/* What layers can be on so many crossbars; 0 when one can be nothing. */
static int
set_crossbars(rrn_ideal *d, int32_t crossbars)
{
  size_t n = 0;
  int32_t i;

  for (i = 0; i < d->n_dense; i++) {
    d->most[i] = (double)rrn_least(crossbars / d->dense[i].pieces, d->dense[i].most_copies);
    if (d->most[i] < 1)
      return 0;
  }
  for (i = 0; i < d->n_grouped; i++) {
    d->grouped[i].first = n;
    n += list_choices(&d->grouped[i], crossbars, d->choices + n);
    d->grouped[i].end = n;
    if (n == d->grouped[i].first)
      return 0;
  }
  return 1;
}

static double
cells_to_spend(const rrn_ideal *d, int32_t crossbars)
{
  const double all = d->cells_of_bar * crossbars, spare = all - d->one_copy;

  return d->one_copy + (spare > 0 ? spare * spare / (spare + d->loss * all) : 0);
}

/* The dual function is concave in the price, so of two prices in a row that with the higher value is on the side of the
 * best. */
double
rrn_ideal_ns(rrn_ideal *d, int32_t crossbars)
{
  const double cells = cells_to_spend(d, crossbars);
  int32_t low = 0, high = N_PRICES - 1;

  if (!set_crossbars(d, crossbars))
    return 1e300;
  while (low < high) {
    const int32_t at = (low + high) / 2;

    if (price_all(d, at) - d->prices[at] * cells < price_all(d, at + 1) - d->prices[at + 1] * cells)
      low = at + 1;
    else
      high = at;
  }
  return price_all(d, low) - d->prices[low] * cells;
}

int64_t
rrn_ideal_boxes(const rrn_ideal *d)
{
  int64_t n = 0;
  int32_t i;

  for (i = 0; i < d->n_dense; i++)
    n += d->dense[i].pieces;
  return n;
}

double
rrn_ideal_least_ns(rrn_ideal *d, int32_t samples)
{
  double sum = 0, longest = 0, ns;
  int32_t i;
  size_t k;

  if (!set_crossbars(d, INT32_MAX))
    return 0;
  for (i = 0; i < d->n_dense; i++) {
    ns = d->dense[i].work_ns / d->most[i];
    sum += ns;
    longest = ns > longest ? ns : longest;
  }
  for (i = 0; i < d->n_grouped; i++) {
    for (ns = 1e300, k = d->grouped[i].first; k < d->grouped[i].end; k++)
      ns = d->choices[k].ns < ns ? d->choices[k].ns : ns;
    sum += ns;
    longest = ns > longest ? ns : longest;
  }
  return sum + (samples - 1) * longest;
}

static int32_t
look_at_layers(rrn_ideal *d, int32_t depthwise, rrn_arena *arena, rramnas_error *err)
{
  const rramnas_mapping *m = d->m;
  size_t n_choices = 1;
  int32_t i;

  for (i = 0; i < m->n_layers; i++)
    if (has_whole_groups(m, &m->matrices[i])) {
      grouped_layer *g = &d->grouped[d->n_grouped++];

      RRN_TRY(look_at_grouped(m, &m->matrices[i], depthwise, arena, g, err));
      n_choices += (size_t)g->n_ways * MOST_COPIES;
      d->one_copy += (double)g->ways[0].at_once * g->cells;
    } else {
      d->dense[d->n_dense] = look_at_dense(m, i);
      d->one_copy += d->dense[d->n_dense++].cells;
    }
  d->choices = rrn_arena_alloc_raw(arena, n_choices, sizeof(*d->choices));
  return d->choices ? RRAMNAS_OK : rrn_fail_memory(err);
}

int32_t
rrn_ideal_new(const rramnas_mapping *m, int32_t depthwise, double loss, rrn_arena *arena, rrn_ideal **ret_ideal,
              rramnas_error *err)
{
  const size_t n = (size_t)m->n_layers;
  rrn_ideal *d = rrn_arena_alloc(arena, 1, sizeof(*d));

  if (!d)
    return rrn_fail_memory(err);
  *d = (rrn_ideal){ .m = m, .loss = loss };
  d->cells_of_bar = (double)m->hw->v.crossbar.rows * rrn_mapping_box_cols(m);
  d->dense = rrn_arena_alloc(arena, n, sizeof(*d->dense));
  d->grouped = rrn_arena_alloc(arena, n, sizeof(*d->grouped));
  d->most = rrn_arena_alloc(arena, n, sizeof(*d->most));
  if (!d->dense || !d->grouped || !d->most)
    return rrn_fail_memory(err);
  RRN_TRY(look_at_layers(d, depthwise, arena, err));
  set_prices(d);
  *ret_ideal = d;
  return RRAMNAS_OK;
}
