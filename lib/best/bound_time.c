/* SPDX-License-Identifier: MIT */
/* Lower bound on the time in which a chip completes B pipelined inferences, over all plans.
 *
 * In:  matrices, crossbars N, B, how grouped layers may be laid out.
 * Out: a number of nanoseconds that no plan is below. A plan: every layer has one tiling and x copies, x at most its
 *      activations; all boxes of a layer are in different crossbars; a job uses all copies; timing model rnc with
 *      remainders rounded up.
 *
 * Proof. Let T_l be the time of one sample in layer l, p_l its boxes, c_l its cells.
 *  (1) A layer works on one sample at a time, for T_l, and the layers of a sample follow each other. The sample that
 *      comes last to the slowest layer finds B - 1 others before it there: time >= sum T_l + (B - 1) max T_l.
 *  (2) A box keeps its crossbar for T_l per sample and nothing else runs there: time >= B sum p_l T_l / N.
 *  (3) Cells do not overlap: sum c_l <= N R C.
 * For any theta in [0, 1] and any price u >= 0 of cells the time is at least
 *      theta (1) + (1 - theta) (2) + u (sum c_l - N R C),
 * and so at least its minimum over all M (for max T_l) and all points (T_l <= M, p_l, c_l) of the layers one by one,
 * because for given M the sum falls into one term per layer (Lagrangian relaxation; Everett, Operations Research 11,
 * 1963). Between two neighbouring values that some T_l can take, the minimum falls with M; so only those values of M
 * matter. The maximum over theta and u is taken on a grid refined around the best: any point of it is valid.
 *
 * Points: a copy of a dense layer has rows * columns cells and at least as many boxes as full tiles and remainders
 * make; time is ceil(activations / x) times the latency of the smallest box. For a grouped layer all numbers of groups
 * per box and per activation. So the bound holds whatever the tiling.
 *
 * Not handled: waiting, geometry. Complexity: O(steps * points log points). */
#include "best/bound_time.h"

#include "util/whole.h"

#include <math.h>
#include <stdlib.h>

typedef struct option {
  double ns, box_ns, cells; /* T, p T, c */
  int32_t layer;
} option;

typedef rrn_time_bounds bound;

struct rrn_time_bounds {
  const rramnas_mapping *m;
  rrn_arena *arena;
  int32_t samples, depthwise;
  option *options; /* [n], by ns */
  size_t n, cap;
  double *least;   /* [n_layers] scratch */
  double longest_ns;
  int32_t crossbars; /* of the present question; at most those of the mapping */
  rramnas_error *err;
};

static int32_t
add_option(bound *b, option o)
{
  option *grown = rrn_arena_grow(b->arena, b->options, b->n, &b->cap, sizeof(*grown));

  if (!grown)
    return rrn_fail_memory(b->err);
  b->options = grown;
  grown[b->n++] = o;
  return RRAMNAS_OK;
}

/* Copies of something with that many boxes, cells and activations; only numbers of copies that lower the time. */
static int32_t
add_copies(bound *b, int32_t layer, int64_t boxes, int64_t cells, int64_t activations, double latency_ns)
{
  const int64_t most = rrn_least(b->m->crossbars_available / boxes, activations);
  int64_t x, share;

  for (x = 1; x <= most; x = rrn_divide_up(activations, share - 1)) {
    share = rrn_divide_up(activations, x);
    RRN_TRY(add_option(b, (option){ latency_ns * (double)share, latency_ns * (double)share * (double)(boxes * x),
                                    (double)(cells * x), layer }));
    if (share == 1)
      break;
  }
  return RRAMNAS_OK;
}

static int32_t
add_grouped(bound *b, int32_t layer, double latency_ns)
{
  const rrn_hw_values *v = &b->m->hw->v;
  const rrn_matrix *x = &b->m->matrices[layer];
  const int64_t group_cols = x->cols / x->groups * x->cells;
  const int64_t most = rrn_least(rrn_least(v->crossbar.rows / x->rows, rrn_mapping_box_cols(b->m) / group_cols), x->groups);
  const int64_t first = b->depthwise == RRAMNAS_DEPTHWISE_BLOCK_DIAGONAL ? most : 1;
  const int64_t last = b->depthwise == RRAMNAS_DEPTHWISE_RNC ? 1 : most;
  const int64_t fit = rrn_least(rrn_mapping_box_cols(b->m) / group_cols, x->groups);
  int64_t at_once, share, boxes, blocks;

  for (at_once = first; at_once <= last; at_once++)
    for (boxes = rrn_divide_up(x->groups, fit); boxes <= rrn_least(b->m->crossbars_available, rrn_divide_up(x->groups, at_once));
         boxes = rrn_divide_up(x->groups, share - 1)) {
      /* Dealt evenly. Boxes of at_once groups may leave fewer on average, the last being small. */
      share = rrn_divide_up(x->groups, boxes);
      /* A last box of r < at_once groups stacks only r: that saves at most at_once^2 / 4 blocks. */
      blocks = at_once * x->groups - (boxes > 1 ? at_once * at_once / 4 : 0);
      RRN_TRY(add_copies(b, layer, boxes, x->rows * group_cols * blocks, rrn_divide_up(share, at_once) * x->positions,
                         latency_ns));
      if (share <= at_once)
        break;
    }
  return RRAMNAS_OK;
}

static int32_t
add_layer(bound *b, int32_t layer)
{
  const rrn_hw_values *v = &b->m->hw->v;
  const rrn_matrix *x = &b->m->matrices[layer];
  const double latency_ns = rrn_matrix_latency_ns(b->m->hw, x, 1, 1);
  const int64_t group_cols = x->cols / x->groups * x->cells;

  if (x->groups > 1 && group_cols <= rrn_mapping_box_cols(b->m) && x->rows <= v->crossbar.rows)
    return add_grouped(b, layer, latency_ns);
  return add_copies(b, layer,
                    rrn_divide_up(x->rows, v->crossbar.rows) *
                      rrn_divide_up(group_cols, rrn_mapping_box_cols(b->m) / x->cells * x->cells) * x->groups,
                    x->rows * x->cols * x->cells, x->positions, latency_ns);
}

static int
by_time(const void *a, const void *b)
{
  const option *p = a, *q = b;

  if (p->ns < q->ns || p->ns > q->ns)
    return p->ns < q->ns ? -1 : 1;
  if (p->layer != q->layer)
    return p->layer < q->layer ? -1 : 1;
  if (p->cells < q->cells || p->cells > q->cells)
    return p->cells < q->cells ? -1 : 1;
  return (p->box_ns > q->box_ns) - (p->box_ns < q->box_ns);
}

/* Leaves out what an option of the same layer beats or equals in all three costs: it is never the minimum, nor is its
 * time the best M. Options are by time. */
static int32_t
keep_undominated(bound *b)
{
  size_t *first = rrn_arena_alloc(b->arena, (size_t)b->m->n_layers, sizeof(*first)); /* 1 + number of a kept option */
  size_t *next = rrn_arena_alloc(b->arena, b->n + 1, sizeof(*next));
  size_t kept = 0, i, k;

  if (!first || !next)
    return rrn_fail_memory(b->err);
  for (k = 0; k < b->n; k++) {
    const option o = b->options[k];

    for (i = first[o.layer]; i > 0; i = next[i - 1])
      if (b->options[i - 1].box_ns <= o.box_ns && b->options[i - 1].cells <= o.cells)
        break;
    if (i > 0)
      continue;
    b->options[kept] = o;
    next[kept] = first[o.layer];
    first[o.layer] = ++kept;
  }
  b->n = kept;
  return RRAMNAS_OK;
}

/* The relaxation at theta and u: its minimum over M, by raising M from option to option. */
static double
relaxed(bound *b, double theta, double u)
{
  const double bars = b->crossbars, per_box = (1 - theta) * b->samples / bars;
  const double budget = u * bars * b->m->hw->v.crossbar.rows * rrn_mapping_box_cols(b->m);
  double sum = 0, best = 1e300, ns;
  int32_t missing = b->m->n_layers, i;
  size_t k;

  for (i = 0; i < b->m->n_layers; i++)
    b->least[i] = 1e300;
  for (k = 0; k < b->n; k++) {
    const option *o = &b->options[k];
    const double cost = theta * o->ns + per_box * o->box_ns + u * o->cells;

    if (cost < b->least[o->layer]) {
      missing -= b->least[o->layer] >= 1e300;
      sum += cost - (b->least[o->layer] < 1e300 ? b->least[o->layer] : 0);
      b->least[o->layer] = cost;
    }
    ns = sum + theta * (b->samples - 1) * o->ns - budget;
    if (missing == 0 && ns < best)
      best = ns;
  }
  /* Large prices nearly cancel: what rounding may have added is given back. */
  return best < 1e300 ? best - 1e-12 * (budget + best) : best;
}

/* Best price for a theta: the relaxation is concave in u, so quarters of a logarithmic range are cut off. */
static double
best_price(bound *b, double theta, double unit, int32_t steps)
{
  double low = 1e-8, high = 1e8, best = relaxed(b, theta, 0), x, y;
  int32_t i;

  for (i = 0; i < steps; i++) {
    const double quarter = sqrt(sqrt(high / low)), p = low * quarter, q = high / quarter;

    x = relaxed(b, theta, p * unit);
    y = relaxed(b, theta, q * unit);
    best = x > best ? x : best;
    best = y > best ? y : best;
    if (x < y)
      low = p;
    else
      high = q;
  }
  return best;
}

static double
search(bound *b, double unit, int32_t steps)
{
  double best = best_price(b, 1, unit, steps), at = 1, step = 0.25, theta, value;
  int32_t i, k;

  for (i = 0; b->samples > 1 && i < 4; i++, step /= 4) {
    const double middle = i ? at : 0.5;

    for (k = -3; k <= 3; k++) {
      theta = middle + k * step;
      if (theta < 0 || theta > 1)
        continue;
      value = best_price(b, theta, unit, steps);
      if (value > best) {
        best = value;
        at = theta;
      }
    }
  }
  return best;
}

int32_t
rrn_bound_time_new(const rramnas_mapping *m, int32_t depthwise, int32_t samples, rrn_arena *arena,
                   rrn_time_bounds **ret_bounds, rramnas_error *err)
{
  bound *b = rrn_arena_alloc(arena, 1, sizeof(*b));
  int32_t i;
  size_t k;

  if (!b)
    return rrn_fail_memory(err);
  *b = (bound){ .m = m, .arena = arena, .samples = samples, .depthwise = depthwise, .err = err };
  b->least = rrn_arena_alloc(arena, (size_t)m->n_layers, sizeof(*b->least));
  if (!b->least)
    return rrn_fail_memory(err);
  for (i = 0; i < m->n_layers; i++)
    RRN_TRY(add_layer(b, i));
  for (k = 0; k < b->n; k++)
    b->longest_ns = b->options[k].ns > b->longest_ns ? b->options[k].ns : b->longest_ns;
  if (b->n > 0)
    qsort(b->options, b->n, sizeof(*b->options), by_time);
  *ret_bounds = b;
  return keep_undominated(b);
}

double
rrn_bound_time_at(rrn_time_bounds *b, int32_t crossbars, int32_t steps)
{
  const rrn_hw_values *v = &b->m->hw->v;
  double ns;

  b->crossbars = crossbars;
  ns = search(b, b->longest_ns * b->samples / ((double)v->crossbar.rows * rrn_mapping_box_cols(b->m) * crossbars), steps);
  return ns > 0 && ns < 1e300 ? ns : 0;
}

int32_t
rrn_bound_time(const rramnas_mapping *m, int32_t depthwise, int32_t samples, int32_t steps, rrn_arena *arena,
               double *ret_ns, rramnas_error *err)
{
  rrn_time_bounds *b = NULL;

  RRN_TRY(rrn_bound_time_new(m, depthwise, samples, arena, &b, err));
  *ret_ns = rrn_bound_time_at(b, m->crossbars_available, steps);
  return RRAMNAS_OK;
}

int32_t
rrn_bound_timing(const rramnas_mapping *m, const rramnas_timing_options *how, double latency_ns, rrn_arena *arena,
                 rrn_time_bound *ret_bound, rramnas_error *err)
{
  rrn_time_bound b = { 0 };

  if (m->objective_samples && how->model == RRAMNAS_TIMING_RNC && !how->floor_remainder)
    RRN_TRY(rrn_bound_time(m, m->objective_depthwise, how->samples, RRN_BOUND_TIME_STEPS, arena, &b.ns, err));
  if (b.ns > 0 && latency_ns > b.ns * (1 + RRN_BOUND_TIME_ROUNDING))
    b.gap = latency_ns / b.ns - 1;
  *ret_bound = b;
  return RRAMNAS_OK;
}
