/* SPDX-License-Identifier: MIT */
/* Groups of neighbouring layers with crossbars of their own.
 *
 * In:  menus.
 * Out: for each number of groups, the group of each layer and of each crossbar.
 *
 * Idea: layers that share crossbars take turns; layers of different groups never wait for each other's crossbars. A
 * sample spends in a group the sum of the times of its layers, and the slowest group sets the pace. A price of time
 * against cells gives each layer a point of its hull, so for a number of crossbars and a price, times and cells of
 * neighbouring layers are differences of running sums: how far a group that begins at some layer can go within a pace
 * and its cells is found by two pointers. A dynamic program over the cuts then has the fewest crossbars for the
 * chain in 1, 2, ... groups at once. Paces fall geometrically until no number of groups is feasible.
 *
 * Not handled: groups that are not neighbours in the chain; regroup.c moves single layers later. Long chains are cut
 * between blocks of layers. Complexity: per pace O(sizes * prices * blocks + groups * blocks^2). */
#include "best/groups.h"

#include <math.h>

#include "best/fast.h"

enum { RRN_PRICES = 33, MOST_SIZES = 64, MOST_BLOCKS = 192, FEW_BLOCKS = 20 };

struct rrn_grouping {
  int32_t n, n_bars, most_groups;
  int32_t n_blocks;
  int32_t *first;       /* [n_blocks + 1]: first layer of a block */
  double cells_of_bar, density, for_ever_ns;
  int32_t n_prices, n_sizes;
  int32_t sizes[MOST_SIZES];      /* numbers of crossbars that are tried for a group */
  double *ns, *cells;   /* [n_sizes][n_prices][n_blocks + 1]: running sums; price falls with the index */
  int32_t *need;        /* [n_blocks][n_blocks]: crossbars for blocks i .. j at the present pace */
  int32_t *fewest;      /* [most_groups + 1][n_blocks + 1] */
  int32_t *cut;         /* [most_groups + 1][n_blocks + 1] */
  double pace[RRN_MOST_GROUPS + 1];                    /* least by number of groups; 0 = none */
  int32_t ends[RRN_MOST_GROUPS + 1][RRN_MOST_GROUPS];  /* last layer + 1 of each group */
  int32_t needs[RRN_MOST_GROUPS + 1][RRN_MOST_GROUPS]; /* crossbars of each group */
};

static void
price_layer(const rrn_menu *menu, const double *prices, int32_t n, double *ns, double *cells)
{
  int32_t i, k, best;

  for (k = 0; k < n; k++) {
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
set_prices(const rrn_plan *p, double *prices, int32_t n)
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
  for (step = low / high, k = 1; k < n - 1; k *= 2)
    step = sqrt(step);
  for (prices[0] = 1.01 * high, k = 1; k < n; k++)
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

/* Longer than any pace, and short enough for differences of running sums to be exact to many digits. */
static double
for_ever(const rrn_plan *p)
{
  double ns = 1;
  int32_t i;

  for (i = 0; i < p->n_layers; i++)
    ns += 2 * p->widest[i].menus[0].points[0].ns;
  return ns;
}

/* Running sums for a layer of a block; a layer that the crossbars do not allow takes for ever. */
static void
add_layer(rrn_grouping *g, const rrn_choice *c, int grouped, const double *prices, int32_t block)
{
  double ns[RRN_PRICES], cells[RRN_PRICES], most_ns[MOST_SIZES], most_cells[MOST_SIZES];
  int32_t s, k;

  cap_layer(g, c, grouped, most_ns, most_cells);
  price_layer(&c->menus[0], prices, g->n_prices, ns, cells);
  for (s = 0; s < g->n_sizes; s++)
    for (k = 0; k < g->n_prices; k++) {
      const size_t at = ((size_t)s * (size_t)g->n_prices + (size_t)k) * (size_t)(g->n_blocks + 1) + (size_t)block + 1;

      g->ns[at] += most_ns[s] < 0 ? g->for_ever_ns : ns[k] > most_ns[s] ? ns[k] : most_ns[s];
      g->cells[at] += cells[k] < most_cells[s] ? cells[k] : most_cells[s];
    }
}

static void
sum_up(rrn_grouping *g)
{
  const size_t n = (size_t)g->n_sizes * (size_t)g->n_prices, w = (size_t)g->n_blocks + 1;
  size_t row, i;

  for (row = 0; row < n; row++)
    for (i = 1; i < w; i++) {
      g->ns[row * w + i] += g->ns[row * w + i - 1];
      g->cells[row * w + i] += g->cells[row * w + i - 1];
    }
}

static int32_t
allocate(rrn_grouping *g, rrn_arena *arena, rramnas_error *err)
{
  const size_t b = (size_t)g->n_blocks, table = (size_t)g->n_sizes * (size_t)g->n_prices * (b + 1);
  const size_t rows = (size_t)g->most_groups + 1;

  g->first = rrn_arena_alloc(arena, b + 1, sizeof(*g->first));
  g->ns = rrn_arena_alloc(arena, table, sizeof(*g->ns));
  g->cells = rrn_arena_alloc(arena, table, sizeof(*g->cells));
  g->need = rrn_arena_alloc(arena, b * b, sizeof(*g->need));
  g->fewest = rrn_arena_alloc(arena, rows * (b + 1), sizeof(*g->fewest));
  g->cut = rrn_arena_alloc(arena, rows * (b + 1), sizeof(*g->cut));
  return g->first && g->ns && g->cells && g->need && g->fewest && g->cut ? RRAMNAS_OK : rrn_fail_memory(err);
}

/* Notes for blocks i .. j the crossbars of size s when price k makes them fast and small enough. */
static void
sweep(const rrn_grouping *g, double pace, int32_t s, int32_t k)
{
  const size_t at = ((size_t)s * (size_t)g->n_prices + (size_t)k) * (size_t)(g->n_blocks + 1);
  const double *ns = g->ns + at, *cells = g->cells + at, most = g->density * g->cells_of_bar * g->sizes[s];
  int32_t i, j = 0;

  for (i = 0; i < g->n_blocks; i++) {
    j = j > i ? j : i;
    while (j < g->n_blocks && ns[j + 1] - ns[i] <= pace && cells[j + 1] - cells[i] <= most)
      j++;
    if (j > i && g->sizes[s] < g->need[i * g->n_blocks + j - 1])
      g->need[i * g->n_blocks + j - 1] = g->sizes[s];
  }
}

/* Crossbars for blocks i .. j in time `pace`, for all i <= j: what suffices for more blocks suffices for fewer. */
static void
set_needs(const rrn_grouping *g, double pace)
{
  const int32_t n = g->n_blocks;
  int32_t i, j, k, s;

  for (i = 0; i < n * n; i++)
    g->need[i] = g->n_bars + 1;
  for (s = 0; s < g->n_sizes; s++)
    for (k = 0; k < g->n_prices; k++)
      sweep(g, pace, s, k);
  for (i = 0; i < n; i++)
    for (j = n - 2; j >= i; j--)
      if (g->need[i * n + j + 1] < g->need[i * n + j])
        g->need[i * n + j] = g->need[i * n + j + 1];
}

/* Fewest crossbars for the chain in exactly k groups, for all k. */
static void
solve_cuts(const rrn_grouping *g)
{
  const int32_t n = g->n_blocks, w = n + 1, many = g->n_bars + 1;
  int32_t k, i, j, bars;

  for (j = 0; j <= n; j++)
    g->fewest[j] = j == 0 ? 0 : many;
  for (k = 1; k <= g->most_groups; k++)
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
}

/* Keeps the cuts of each number of groups that is feasible at this pace; returns how many there are. */
static int32_t
note_cuts(rrn_grouping *g, double pace)
{
  const int32_t n = g->n_blocks, w = n + 1;
  int32_t k, i, end, first, feasible = 0;

  for (k = 2; k <= g->most_groups; k++) {
    if (g->fewest[k * w + n] > g->n_bars)
      continue;
    feasible++;
    g->pace[k] = pace;
    for (end = n, i = k; i > 0; i--, end = first) {
      first = g->cut[i * w + end];
      g->ends[k][i - 1] = g->first[end];
      g->needs[k][i - 1] = g->need[first * n + end - 1];
    }
  }
  return feasible;
}

static void
find_paces(rrn_grouping *g, double most, double ratio)
{
  double pace = g->ns[(size_t)g->n_sizes * (size_t)g->n_prices * (size_t)(g->n_blocks + 1) - (size_t)g->n_prices *
                      (size_t)(g->n_blocks + 1) + (size_t)g->n_blocks];
  int32_t i;

  /* From the whole chain at the highest price, or what is wanted, down. */
  pace = most < pace ? most : pace;
  for (i = 0; i < 200; i++, pace *= ratio) {
    set_needs(g, pace);
    solve_cuts(g);
    if (note_cuts(g, pace) == 0)
      return;
  }
}

int32_t
rrn_grouping_new(rrn_plan *p, double density, double most_ns, rrn_arena *arena, rrn_grouping **ret_grouping)
{
  const int32_t few = p->limits.few && !rrn_fast_moves_pay(p), most = few ? FEW_BLOCKS : MOST_BLOCKS;
  rrn_grouping *g = rrn_arena_alloc(arena, 1, sizeof(*g));
  double prices[RRN_PRICES];
  int32_t i, block = 0;

  if (!g)
    return rrn_fail_memory(p->err);
  *g = (rrn_grouping){ .n = p->n_layers, .n_bars = p->floor.n_bars, .density = density, .n_prices = few ? 9 : 17,
                        .for_ever_ns = for_ever(p) };
  g->n_blocks = g->n < most ? g->n : most;
  g->most_groups = few ? 12 : RRN_MOST_GROUPS;
  g->most_groups = g->n_blocks < g->most_groups ? g->n_blocks : g->most_groups;
  g->most_groups = g->n_bars < g->most_groups ? g->n_bars : g->most_groups;
  g->cells_of_bar = (double)p->floor.rows * p->floor.cols;
  set_sizes(g, few);
  RRN_TRY(allocate(g, arena, p->err));
  set_prices(p, prices, g->n_prices);
  for (i = 0; i < g->n; i++) {
    block = (int32_t)((int64_t)i * g->n_blocks / g->n);
    add_layer(g, &p->widest[i], p->m->matrices[i].groups > 1, prices, block);
    g->first[block + 1] = i + 1;
  }
  sum_up(g);
  find_paces(g, most_ns / (p->eval.samples + 1), few ? 0.85 : 0.92);
  *ret_grouping = g;
  return RRAMNAS_OK;
}

double
rrn_grouping_ns(const rrn_grouping *g, int32_t n_groups, int32_t samples)
{
  return n_groups <= g->most_groups ? g->pace[n_groups] * (samples - 1 + n_groups) : 0;
}

/* What is left over goes round, to the group that has least of what it asked for first. */
static void
deal_bars(const rrn_grouping *g, int32_t n_groups, const int32_t *need, int32_t *bars)
{
  int32_t k, left = g->n_bars, least;

  for (k = 0; k < n_groups; k++) {
    bars[k] = need[k];
    left -= need[k];
  }
  for (; left > 0; left--) {
    for (least = 0, k = 1; k < n_groups; k++)
      if ((int64_t)bars[k] * need[least] < (int64_t)bars[least] * need[k])
        least = k;
    bars[least]++;
  }
}

int32_t
rrn_grouping_apply(rrn_plan *p, const rrn_grouping *g, int32_t n_groups, int32_t *group_of_bar)
{
  int32_t bars[RRN_MOST_GROUPS], k, i = 0, bar = 0;

  deal_bars(g, n_groups, g->needs[n_groups], bars);
  for (k = 0; k < n_groups; k++) {
    for (; i < g->ends[n_groups][k]; i++)
      p->group[i] = k;
    for (; bars[k] > 0; bars[k]--)
      group_of_bar[bar++] = k;
  }
  deal_bars(g, n_groups, g->needs[n_groups], bars);
  for (i = 0; i < g->n; i++)
    if (p->m->matrices[i].groups == 1)
      p->choices[i] = p->widest[i];
    else
      RRN_TRY(rrn_shape_choose(p->m, i, bars[p->group[i]], p->limits, p->arena, &p->choices[i], p->err));
  return RRAMNAS_OK;
}
