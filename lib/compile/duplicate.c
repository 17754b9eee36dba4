/* SPDX-License-Identifier: MIT */
/* Pass 3: how many copies of each layer.
 *
 * In:  matrices, pieces, a budget of cells.
 * Out: copies per layer.
 *
 * Problem (RNC): the rate of a pipeline is that of its slowest layer; x copies of a layer work x times as fast.
 * Maximise the rate of the bottleneck b subject to: every other layer is at least as fast, and all copies fit the
 * budget. With x_b chosen, layer i needs x_i >= x_b * demand_i / supply_i, and nothing is gained by more, so
 *
 *     cells(x_b) = sum_i area_i * max(1, ceil(x_b * demand_i / supply_i))
 *
 * Why it is right: cells() never falls as x_b grows, so the largest x_b within the budget is found by bisection,
 * and the copies at that x_b are the cheapest of all optimal solutions. No solver is needed; the tests compare
 * with an exhaustive one. demand and supply are integers, so the ceiling is exact. O(n log x).
 *
 * Mended form: the rate of a layer is 1 / (latency of one activation * activations of its largest piece), what
 * the simulation will see; the bottleneck is the layer with the smallest, so one copy of each is always feasible;
 * no layer gets more copies than it has activations.
 * Published form: rates by activations alone, rounded to 8 decimals; the bottleneck by another figure (latency of
 * the uncut matrix times activations, also rounded), so the program can be infeasible although the network fits;
 * no limit on copies. */
#include <math.h>
#include <stdio.h>

#include "compile/numpy.h"
#include "compile/passes.h"
#include "util/ckd.h"

/* Python's round(value, 8) as an integer number of 1e-8: correctly rounded from the exact binary value, ties to
 * even. printf does the rounding; the digits are read back without the decimal point. */
static uint64_t
round_8_decimals(double value)
{
  char text[400];
  uint64_t digits = 0;
  const char *c;

  snprintf(text, sizeof(text), "%.8f", value);
  for (c = text; *c; c++)
    if (*c >= '0' && *c <= '9')
      digits = digits * 10 + (uint64_t)(*c - '0');
  return digits;
}

static int32_t
published_model(const rramnas_mapping *m, rrn_arena *arena, rrn_duplication *d, rramnas_error *err)
{
  double *latency_rate = rrn_arena_alloc(arena, (size_t)d->n, sizeof(*latency_rate));
  int32_t *order = rrn_arena_alloc(arena, (size_t)d->n, sizeof(*order));
  uint64_t *rate = rrn_arena_alloc(arena, (size_t)d->n, sizeof(*rate));
  int32_t i;

  if (!latency_rate || !order || !rate)
    return rrn_fail_memory(err);
  for (i = 0; i < d->n; i++) {
    const rrn_matrix *x = &m->matrices[i];
    const double latency_ns = rrn_matrix_latency_ns(m->hw, x, x->rows, x->cols * x->cells);

    rate[i] = round_8_decimals(1.0 / (double)x->activations);
    latency_rate[i] = (double)round_8_decimals(1.0 / (latency_ns * (double)x->activations));
    d->useful[i] = INT32_MAX;
  }
  rrn_numpy_argsort(latency_rate, order, (size_t)d->n);
  d->bottleneck = order[0];
  for (i = 0; i < d->n; i++) {
    d->demand[i] = rate[d->bottleneck];
    d->supply[i] = rate[i];
  }
  return RRAMNAS_OK;
}

/* The piece that takes longest in a copy of a layer, and the copies that can help the layer. */
static const rrn_piece *
slowest_piece(const rramnas_mapping *m, int32_t layer, int64_t *ret_useful)
{
  const rrn_piece *slowest = &m->pieces[m->first_piece[layer]];
  int32_t i;

  *ret_useful = 1;
  for (i = m->first_piece[layer]; i < m->first_piece[layer + 1]; i++) {
    const rrn_piece *p = &m->pieces[i];

    if (p->latency_ns * (double)p->activations > slowest->latency_ns * (double)slowest->activations)
      slowest = p;
    if (p->activations > *ret_useful)
      *ret_useful = p->activations;
  }
  return slowest;
}

/* Times become integers: activations times the latency in units of 2^-shift ns, the longest just below 2^48.
 * Layers of equal latency are then in the exact ratio of their activations. */
static int32_t
mended_model(const rramnas_mapping *m, rrn_arena *arena, rrn_duplication *d, rramnas_error *err)
{
  const rrn_piece **slowest = rrn_arena_alloc(arena, (size_t)d->n, sizeof(*slowest));
  double longest_ns = 0, most = 0;
  int bits_time = 0, i;

  if (!slowest)
    return rrn_fail_memory(err);
  for (i = 0; i < d->n; i++) {
    slowest[i] = slowest_piece(m, i, &d->useful[i]);
    if (slowest[i]->latency_ns > longest_ns)
      longest_ns = slowest[i]->latency_ns;
    if ((double)slowest[i]->activations > most)
      most = (double)slowest[i]->activations;
  }
  frexp(longest_ns * most, &bits_time);
  for (i = 0; i < d->n; i++) {
    const double unit = floor(ldexp(slowest[i]->latency_ns, 48 - bits_time));

    d->demand[i] = (uint64_t)slowest[i]->activations * (unit >= 1 ? (uint64_t)unit : 1);
    if (d->demand[i] > d->demand[d->bottleneck])
      d->bottleneck = i;
  }
  for (i = 0; i < d->n; i++)
    d->supply[i] = d->demand[d->bottleneck];
  return RRAMNAS_OK;
}

int32_t
rrn_duplication_model(const rramnas_mapping *m, int published, rrn_arena *arena, rrn_duplication *ret_model,
                      rramnas_error *err)
{
  const size_t n = (size_t)m->n_layers;
  rrn_duplication d = { .n = m->n_layers };
  int32_t i;

  d.demand = rrn_arena_alloc(arena, n, sizeof(*d.demand));
  d.supply = rrn_arena_alloc(arena, n, sizeof(*d.supply));
  d.area = rrn_arena_alloc(arena, n, sizeof(*d.area));
  d.useful = rrn_arena_alloc(arena, n, sizeof(*d.useful));
  if (!d.demand || !d.supply || !d.area || !d.useful)
    return rrn_fail_memory(err);
  for (i = 0; i < d.n; i++)
    d.area[i] = m->matrices[i].rows * m->matrices[i].cols * m->matrices[i].cells;
  RRN_TRY(published ? published_model(m, arena, &d, err) : mended_model(m, arena, &d, err));
  *ret_model = d;
  return RRAMNAS_OK;
}

__extension__ typedef unsigned __int128 uint128;

/* ceil(demand * x / supply), at most 2^64 - 1. */
static uint64_t
scaled_up(uint64_t demand, int64_t x, uint64_t supply)
{
  uint64_t product;
  uint128 wide;

  if (!ckd_mul(&product, demand, (uint64_t)x))
    return product / supply + (product % supply != 0);
  wide = ((uint128)demand * (uint128)x + supply - 1) / supply;
  return wide < UINT64_MAX ? (uint64_t)wide : UINT64_MAX;
}

/* Copies of layer i when the bottleneck has x; INT32_MAX + 1 stands for more than can be. */
static int64_t
copies_needed(const rrn_duplication *d, int32_t i, int64_t x)
{
  const int64_t none = (int64_t)INT32_MAX + 1;
  uint64_t need;

  if (i == d->bottleneck)
    return x;
  if (d->supply[i] == 0)
    return d->demand[i] == 0 ? 1 : none;
  need = scaled_up(d->demand[i], x, d->supply[i]);
  if (need > (uint64_t)d->useful[i])
    need = (uint64_t)d->useful[i];
  return need < 1 ? 1 : need > INT32_MAX ? none : (int64_t)need;
}

/* 1 when the cheapest solution with x copies of the bottleneck is within the budget. */
static int
affordable(const rrn_duplication *d, int64_t x, double budget)
{
  uint128 cells = 0;
  int32_t i;

  for (i = 0; i < d->n; i++) {
    const int64_t copies = copies_needed(d, i, x);

    if (copies > INT32_MAX)
      return 0;
    cells += (uint128)copies * (uint128)d->area[i];
    if (cells > (uint128)INT64_MAX)
      return 0;
  }
  return (double)(int64_t)cells <= budget;
}

int64_t
rrn_duplication_solve(const rrn_duplication *d, double budget, int32_t *ret_copies)
{
  const int64_t most = d->useful[d->bottleneck] < INT32_MAX ? d->useful[d->bottleneck] : INT32_MAX;
  int64_t low = 1, high = 2;
  int32_t i;

  if (!affordable(d, 1, budget))
    return 0;
  while (high <= most && affordable(d, high, budget)) {
    low = high;
    high *= 2;
  }
  if (high > most + 1)
    high = most + 1;
  while (high - low > 1) { /* low is affordable, high is not */
    const int64_t middle = low + (high - low) / 2;

    if (affordable(d, middle, budget))
      low = middle;
    else
      high = middle;
  }
  for (i = 0; i < d->n; i++)
    ret_copies[i] = (int32_t)copies_needed(d, i, low);
  return low;
}
