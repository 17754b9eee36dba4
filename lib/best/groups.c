/* SPDX-License-Identifier: MIT */
/* Groups of neighbouring layers with crossbars of their own.
 *
 * In:  menus, number of groups.
 * Out: the group of each layer and of each crossbar.
 *
 * Idea: layers that share crossbars take turns; layers of different groups never wait for each other's crossbars. A
 * sample spends in a group the sum of the times of its layers, and the slowest group sets the pace. For a pace P, the
 * crossbars that layers i .. j need to be done in P are found on a table of prices (a price of time against cells gives
 * each layer a point of its hull); a dynamic program over the cuts finds the fewest crossbars for the whole chain, and
 * bisection the smallest P for which they suffice.
 *
 * Not handled: groups that are not neighbours in the chain; local search moves single layers later. Complexity: per
 * pace O(layers^2 * prices + layers^2 * groups). */
#include "best/groups.h"

#include <math.h>

enum { MOST_SIZES = 64 };

typedef struct reach {
  double pace, density;
  int32_t size; /* index in sizes */
} reach;

struct rrn_grouping {
  int32_t n, n_groups, n_bars;
  double cells_of_bar;
  double *ns, *cells;   /* [n][RRN_PRICES]; price falls with the index */
  int32_t n_sizes, price_step;
  int32_t sizes[MOST_SIZES];      /* numbers of crossbars that are tried for a group */
  double *most_ns, *most_cells;   /* [n][MOST_SIZES]: the point with most boxes that so many crossbars allow; -1 = none */
  int32_t *need;        /* [n][n]: crossbars for layers i .. j at the present pace */
  int32_t *fewest;      /* [n_groups + 1][n + 1] */
  int32_t *cut;         /* [n_groups + 1][n + 1] */
};

/* Variant of a layer's menu when each group has about 1 / n of the crossbars. */
static int32_t
variant_for(const rrn_plan *p, int32_t layer, int32_t n_groups)
{
  const rrn_choice *c = &p->widest[layer];
  int32_t i, last = 0;

  if (p->m->matrices[layer].groups == 1)
    return 0;
  for (i = 0; i < c->n; i++) {
    const rrn_menu *menu = &c->menus[i];

    last = i;
    if ((int64_t)menu->points[menu->n - 1].boxes * n_groups <= p->floor.n_bars)
      break;
  }
  return last;
}

static void
price_layer(const rrn_menu *menu, const double *prices, double *ns, double *cells)
{
  int32_t i, k, best;

  for (k = 0; k < RRN_PRICES; k++) {
    for (best = 0, i = 1; i < menu->n; i++)
      if (menu->points[i].ns + prices[k] * (double)menu->points[i].cells <
          menu->points[best].ns + prices[k] * (double)menu->points[best].cells)
        best = i;
    ns[k] = menu->points[best].ns;
    cells[k] = (double)menu->points[best].cells;
  }
}

/* Geometric, from more than the best saving per cell to less than the least. */
static void
set_prices(const rrn_plan *p, double *prices)
{
  double high = 0, low = 1e300, step;
  int32_t i, k;

  for (i = 0; i < p->n_layers; i++) {
    const rrn_menu *menu = &p->widest[i].menus[0];
    const rrn_point *a = &menu->points[0], *b = &menu->points[menu->n > 1], *y = &menu->points[menu->n - 1],
                    *x = menu->n > 1 ? y - 1 : y;

    if (b->cells > a->cells && (a->ns - b->ns) / (double)(b->cells - a->cells) > high)
      high = (a->ns - b->ns) / (double)(b->cells - a->cells);
    if (y->cells > x->cells && (x->ns - y->ns) / (double)(y->cells - x->cells) < low)
      low = (x->ns - y->ns) / (double)(y->cells - x->cells);
  }
  high = high > 0 ? high : 1;
  low = low < high ? low : high;
  for (step = low / high, k = 1; k < RRN_PRICES - 1; k *= 2)
    step = sqrt(step);
  for (prices[0] = 1.01 * high, k = 1; k < RRN_PRICES; k++)
    prices[k] = prices[k - 1] * step;
}

static void
set_sizes(rrn_grouping *g, int32_t few)
{
  const int32_t step = few ? 4 : 12;
  int32_t size;

  for (size = 1; size < g->n_bars && g->n_sizes < MOST_SIZES - 1; size += 1 + size / step)
    g->sizes[g->n_sizes++] = size;
  g->sizes[g->n_sizes++] = g->n_bars;
}

/* Points of a layer that groups of the sizes allow; all variants of grouped layers count. */
static void
cap_layer(rrn_grouping *g, const rrn_choice *c, int grouped, double *ns, double *cells)
{
  int32_t s, v, i;

  for (s = 0; s < g->n_sizes; s++) {
    ns[s] = cells[s] = -1;
    for (v = 0; v < c->n; v++)
      for (i = 0; i < c->menus[v].n && (v == 0 || grouped); i++) {
        const rrn_point *q = &c->menus[v].points[i];

        if (q->boxes <= g->sizes[s] && (ns[s] < 0 || q->ns < ns[s])) {
          ns[s] = q->ns;
          cells[s] = (double)q->cells;
        }
      }
  }
}

int32_t
rrn_grouping_new(rrn_plan *p, int32_t n_groups, rrn_arena *arena, rrn_grouping **ret_grouping)
{
  const size_t n = (size_t)p->n_layers, table = n * RRN_PRICES, rows = (size_t)n_groups + 1;
  rrn_grouping *g = rrn_arena_alloc(arena, 1, sizeof(*g));
  double prices[RRN_PRICES];
  int32_t i;

  if (!g)
    return rrn_fail_memory(p->err);
  *g = (rrn_grouping){ .n = p->n_layers, .n_groups = n_groups, .n_bars = p->floor.n_bars };
  g->cells_of_bar = (double)p->floor.rows * p->floor.cols;
  g->ns = rrn_arena_alloc_raw(arena, table, sizeof(*g->ns));
  g->cells = rrn_arena_alloc_raw(arena, table, sizeof(*g->cells));
  g->most_ns = rrn_arena_alloc_raw(arena, n * MOST_SIZES, sizeof(*g->most_ns));
  g->most_cells = rrn_arena_alloc_raw(arena, n * MOST_SIZES, sizeof(*g->most_cells));
  g->need = rrn_arena_alloc(arena, n * n, sizeof(*g->need));
  g->fewest = rrn_arena_alloc(arena, rows * (n + 1), sizeof(*g->fewest));
  g->cut = rrn_arena_alloc(arena, rows * (n + 1), sizeof(*g->cut));
  if (!g->ns || !g->cells || !g->most_ns || !g->most_cells || !g->need || !g->fewest || !g->cut)
    return rrn_fail_memory(p->err);
  set_sizes(g, p->limits.few);
  g->price_step = p->limits.few ? 4 : 1;
  set_prices(p, prices);
  for (i = 0; i < p->n_layers; i++) {
    const size_t at = (size_t)i * RRN_PRICES;

    cap_layer(g, &p->widest[i], p->m->matrices[i].groups > 1, g->most_ns + (size_t)i * MOST_SIZES,
              g->most_cells + (size_t)i * MOST_SIZES);
    price_layer(&p->widest[i].menus[variant_for(p, i, n_groups)], prices, g->ns + at, g->cells + at);
  }
  *ret_grouping = g;
  return RRAMNAS_OK;
}

/* Whether layers from `i` on are done in time `pace` on size crossbars at price k: notes it for every j that is. */
static void
try_size(const rrn_grouping *g, const reach *r, int32_t i, int32_t k)
{
  double ns = 0, cells = 0;
  int32_t j;

  for (j = i; j < g->n; j++) {
    const size_t at = (size_t)j * RRN_PRICES + (size_t)k, cap = (size_t)j * MOST_SIZES + (size_t)r->size;

    if (g->most_ns[cap] < 0)
      return;
    ns += g->ns[at] > g->most_ns[cap] ? g->ns[at] : g->most_ns[cap];
    cells += g->cells[at] < g->most_cells[cap] ? g->cells[at] : g->most_cells[cap];
    if (ns > r->pace || cells > r->density * g->cells_of_bar * g->sizes[r->size])
      return;
    if (g->sizes[r->size] < g->need[i * g->n + j])
      g->need[i * g->n + j] = g->sizes[r->size];
  }
}

/* Crossbars for layers i .. j in time `pace`, for all i <= j. */
static void
set_needs(const rrn_grouping *g, double pace, double density)
{
  reach r = { .pace = pace, .density = density };
  int32_t i, k;

  for (i = 0; i < g->n * g->n; i++)
    g->need[i] = g->n_bars + 1;
  for (i = 0; i < g->n; i++)
    for (r.size = 0; r.size < g->n_sizes; r.size++)
      for (k = 0; k < RRN_PRICES; k += g->price_step)
        try_size(g, &r, i, k);
}

/* Fewest crossbars for the chain in exactly n_groups groups. */
static int32_t
solve_cuts(const rrn_grouping *g)
{
  const int32_t n = g->n, w = n + 1, many = g->n_bars + 1;
  int32_t k, i, j, bars;

  for (j = 0; j <= n; j++)
    g->fewest[j] = j == 0 ? 0 : many;
  for (k = 1; k <= g->n_groups; k++)
    for (j = 0; j <= n; j++) {
      g->fewest[k * w + j] = many;
      for (i = k - 1; i < j; i++) {
        bars = g->fewest[(k - 1) * w + i] + g->need[i * n + j - 1];
        if (bars < g->fewest[k * w + j]) {
          g->fewest[k * w + j] = bars;
          g->cut[k * w + j] = i;
        }
      }
    }
  return g->fewest[g->n_groups * w + n];
}

/* Smallest pace for which the crossbars suffice; 0 = none. */
static double
find_pace(const rrn_grouping *g, double density)
{
  double high = 0, low = 0, pace;
  int32_t i;

  for (i = 0; i < g->n; i++)
    high += g->ns[(size_t)i * RRN_PRICES];
  set_needs(g, high, density);
  if (solve_cuts(g) > g->n_bars)
    return 0;
  for (i = 0; i < (g->price_step > 1 ? 7 : 11); i++) {
    pace = 0.5 * (low + high);
    set_needs(g, pace, density);
    if (solve_cuts(g) <= g->n_bars)
      high = pace;
    else
      low = pace;
  }
  set_needs(g, high, density);
  solve_cuts(g);
  return high;
}

/* What is left over goes round, to the group that has least of what it asked for first. */
static void
deal_bars(const rrn_grouping *g, const int32_t *need, int32_t *bars)
{
  int32_t k, left = g->n_bars, least;

  for (k = 0; k < g->n_groups; k++) {
    bars[k] = need[k];
    left -= need[k];
  }
  for (; left > 0; left--) {
    for (least = 0, k = 1; k < g->n_groups; k++)
      if ((int64_t)bars[k] * need[least] < (int64_t)bars[least] * need[k])
        least = k;
    bars[least]++;
  }
}

int32_t
rrn_grouping_apply(rrn_plan *p, const rrn_grouping *g, double density, int32_t *group_of_bar, int32_t *ret_found)
{
  int32_t need[RRN_MOST_GROUPS], bars[RRN_MOST_GROUPS], k, i, first, end = g->n, bar = 0;

  *ret_found = 0;
  if (find_pace(g, density) <= 0)
    return RRAMNAS_OK;
  for (k = g->n_groups; k > 0; k--, end = first) {
    first = g->cut[k * (g->n + 1) + end];
    need[k - 1] = g->need[first * g->n + end - 1];
    for (i = first; i < end; i++)
      p->group[i] = k - 1;
  }
  deal_bars(g, need, bars);
  for (k = 0; k < g->n_groups; k++)
    for (i = 0; i < bars[k]; i++)
      group_of_bar[bar++] = k;
  for (i = 0; i < g->n; i++)
    if (p->m->matrices[i].groups == 1)
      p->choices[i] = p->widest[i];
    else
      RRN_TRY(rrn_shape_choose(p->m, i, bars[p->group[i]], p->limits, p->arena, &p->choices[i], p->err));
  *ret_found = 1;
  return RRAMNAS_OK;
}
