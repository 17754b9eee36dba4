/* SPDX-License-Identifier: MIT */
/* A relaxation of plans that is soon computed.
 *
 * In:  matrices, crossbars N, how grouped layers may be laid out.
 * Out: a time that never rises with N, in proportion to which the times of plans fall.
 *
 * Idea: let a layer have any share of copies x >= 1, at most as its crossbars and activations allow: time a / x, cells
 * c x. At a price u of cells the least of a / x + u c x is at x = sqrt(a / (u c)). So for every u
 *      sum over layers of min (T + u cells) - u N R C
 * is below the sum of times of any plan (Everett, Operations Research 11, 1963), and so is the greatest of these over a
 * grid of prices. Groups of a layer go to as many boxes as there are crossbars at no cost in cells; k at once cost k times
 * the cells. With more crossbars all layers have more to choose from at each price and the sum is no greater: the result
 * falls. The grid does not depend on N.
 *
 * The other bound is on crossbar-time as in bound_time.c: samples * sum of boxes * T / N.
 *
 * Not handled: whole copies, geometry, waiting, the slowest layer's pace. Only + - * / and square roots: the same on every
 * machine. Complexity: O(layers * groups at once) per price, some 16 prices. */
#include "best/ideal.h"

#include <math.h>

enum { PRICES = 200 };

static double
least(double a, double b)
{
  return a < b ? a : b;
}

static double
up(int64_t a, int64_t b)
{
  return (double)(a / b + (a % b != 0));
}

static rrn_ideal_layer
ideal_layer(const rramnas_mapping *m, const rrn_matrix *x, int32_t depthwise)
{
  const rrn_hw_values *v = &m->hw->v;
  const double latency_ns = rrn_matrix_latency_ns(m->hw, x, 1, 1);
  const int64_t group_cols = x->cols / x->groups * x->cells, rows = v->crossbar.rows, cols = v->crossbar.cols;
  rrn_ideal_layer l = { .work_ns = latency_ns * (double)x->positions, .groups = 1, .first = 1, .last = 1,
                        .most_copies = (double)x->positions };
  int64_t most;

  l.cells = (double)x->rows * (double)x->cols * x->cells;
  l.boxes = up(x->rows, rows) * up(group_cols, cols / x->cells * x->cells) * (double)x->groups;
  if (x->groups == 1 || group_cols > cols || x->rows > rows)
    return l;
  most = rows / x->rows < cols / group_cols ? rows / x->rows : cols / group_cols;
  most = most < x->groups ? most : x->groups;
  l.work_ns *= (double)x->groups;
  l.boxes = up(x->groups, cols / group_cols);
  l.groups = (double)x->groups;
  l.first = depthwise == RRAMNAS_DEPTHWISE_BLOCK_DIAGONAL ? (int32_t)most : 1;
  l.last = depthwise == RRAMNAS_DEPTHWISE_RNC ? 1 : (int32_t)most;
  return l;
}

int32_t
rrn_ideal_init(rrn_ideal *s, const rramnas_mapping *m, int32_t depthwise, int32_t samples, rrn_arena *arena,
               rramnas_error *err)
{
  int32_t i;

  *s = (rrn_ideal){ .n_layers = m->n_layers, .samples = samples };
  s->cells_of_bar = (double)m->hw->v.crossbar.rows * m->hw->v.crossbar.cols;
  s->layers = rrn_arena_alloc(arena, (size_t)m->n_layers, sizeof(*s->layers));
  if (!s->layers)
    return rrn_fail_memory(err);
  for (i = 0; i < m->n_layers; i++) {
    s->layers[i] = ideal_layer(m, &m->matrices[i], depthwise);
    if (s->layers[i].work_ns / s->layers[i].cells > s->dearest)
      s->dearest = s->layers[i].work_ns / s->layers[i].cells;
  }
  return RRAMNAS_OK;
}

/* Weights of what is minimised: time, crossbar-time, cells. */
typedef struct prices {
  double ns, box_ns, cell;
} prices;

/* Least of a / x + b x for 1 <= x <= most. */
static double
share_out(double a, double b, double most)
{
  double x = b > 0 ? sqrt(a / b) : most;

  x = least(x, most);
  x = x > 1 ? x : 1;
  return a / x + b * x;
}

/* Dealt to all crossbars, or copies of one group per box. */
static double
grouped_cost(const rrn_ideal_layer *l, const prices *p, double crossbars)
{
  double best = 1e300;
  int32_t k;

  for (k = l->first; k <= l->last; k++) {
    const double boxes = crossbars * k / l->groups, cells = p->cell * k * l->cells, box_ns = p->box_ns * l->work_ns / k;
    const double ns = p->ns * l->work_ns / l->groups;

    best = least(best, box_ns + (boxes <= 1 ? ns / boxes + cells : share_out(ns, cells, least(boxes, l->most_copies))));
  }
  return best;
}

static double
layer_cost(const rrn_ideal_layer *l, const prices *p, double crossbars)
{
  if (l->groups > 1)
    return grouped_cost(l, p, crossbars);
  return p->box_ns * l->boxes * l->work_ns +
         share_out(p->ns * l->work_ns, p->cell * l->cells, least(l->most_copies, crossbars / l->boxes));
}

static double
relaxed(const rrn_ideal *s, const prices *p, double crossbars)
{
  double sum = 0;
  int32_t i;

  for (i = 0; i < s->n_layers; i++)
    sum += layer_cost(&s->layers[i], p, crossbars);
  return sum - p->cell * crossbars * s->cells_of_bar;
}

/* The greatest over the prices of cells, which is concave: dear to cheap, each 2^(1/4) times the next. */
static double
best_price(const rrn_ideal *s, prices p, double dearest, int32_t crossbars)
{
  const double step = sqrt(sqrt(0.5));
  double cells[PRICES], here, next, best = 0;
  int32_t low = 0, high = PRICES - 1, i;

  for (cells[0] = 2 * dearest, i = 1; i < PRICES; i++)
    cells[i] = cells[i - 1] * step;
  while (low < high) {
    i = (low + high) / 2;
    p.cell = cells[i];
    here = relaxed(s, &p, crossbars);
    p.cell = cells[i + 1];
    next = relaxed(s, &p, crossbars);
    best = here > best ? here : best;
    best = next > best ? next : best;
    if (here < next)
      low = i + 1;
    else
      high = i;
  }
  return best;
}

double
rrn_ideal_ns(const rrn_ideal *s, int32_t crossbars)
{
  return best_price(s, (prices){ 1, 0, 0 }, s->dearest, crossbars);
}

/* Least time of the slowest layer. */
static double
pace(const rrn_ideal *s, double crossbars)
{
  double most = 0, copies, ns;
  int32_t i;

  for (i = 0; i < s->n_layers; i++) {
    const rrn_ideal_layer *l = &s->layers[i];

    copies = l->groups > 1 ? least(crossbars * l->last, l->groups * l->most_copies)
                           : least(l->most_copies, crossbars / l->boxes);
    ns = l->work_ns / (copies > 1 ? copies : 1);
    most = ns > most ? ns : most;
  }
  return most;
}

double
rrn_ideal_least_ns(const rrn_ideal *s, int32_t crossbars)
{
  const double one = rrn_ideal_ns(s, crossbars) + (s->samples - 1) * pace(s, crossbars);
  const double busy = (double)s->samples / crossbars;
  double all;

  if (s->samples == 1)
    return one;
  all = best_price(s, (prices){ 0, busy, 0 }, s->dearest * s->samples, crossbars);
  return one > all ? one : all;
}
