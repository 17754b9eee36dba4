/* SPDX-License-Identifier: MIT */
/* Latency over the number of crossbars.
 *
 * In:  network, chip, how to compile, how to measure, which numbers of crossbars.
 * Out: for each number a mapping, its latency, and a bound that no mapping is below.
 *
 * Idea: from few crossbars to many. A mapping onto fewer crossbars is one onto more, so each point keeps the mapping of
 * the point before unless its own is sooner done: the curve never rises. A bound that holds with more crossbars holds
 * with fewer; bounds need no mappings, so they are settled first, from the last point to the first, and a point is final
 * once its mapping is known. The fewest crossbars are searched for once; that mapping is the first candidate, so a point
 * has one even when the policy finds none. What policy best finds out on a number of crossbars serves all points beyond
 * (kept.c): each point is what its own compilation gives.
 *
 * The numbers are powers of one factor, rounded, which is found by bisection: without a logarithm they are the same on
 * any machine.
 *
 * Complexity: a simulation and a bound per point, and what its compilation does on numbers of crossbars that no point before
 * has looked at. Deterministic. Not handled: a plan of one point as the start of the search for the next. Source: ours. */
#include "best/curve.h"

#include <string.h>

#include "best/bound_time.h"
#include "best/kept.h"
#include "compile/bound.h"
#include "timing/sim.h"
#include "util/options.h"

enum { DEFAULT_SPAN = 4 };

typedef struct driver {
  rramnas_hw *hw;
  rramnas_net *net;
  const rramnas_compile_options *given;
  const rramnas_curve_options *options;
  const rramnas_runtime *runtime;
  rrn_rt rt;
  rrn_arena arena;
  rramnas_compile_options resolved;
  rramnas_timing_options timing; /* resolved */
  rrn_kept kept;                 /* of one point for the next */
  rramnas_mapping *fewest;       /* referenced */
  rramnas_mapping *soonest;      /* so far; referenced */
  rramnas_curve_point *points;   /* [n_points] */
  int32_t n_points;
  rramnas_error *err;
} driver;

/* --- numbers of crossbars --- */

static double
power(double factor, int32_t n)
{
  double value = 1;

  for (; n > 0; n--)
    value *= factor;
  return value;
}

/* The n-th root of ratio >= 1. */
static double
root(double ratio, int32_t n)
{
  double low = 1, high = ratio;
  int32_t i;

  for (i = 0; i < 60; i++) {
    const double middle = low + (high - low) / 2;

    if (power(middle, n) < ratio)
      low = middle;
    else
      high = middle;
  }
  return high;
}

int32_t
rrn_curve_ladder(int32_t first, int32_t last, int32_t points, int32_t *ret_numbers)
{
  const double factor = points > 1 ? root((double)last / first, points - 1) : 1;
  double at = first;
  int32_t n = 0, i;

  for (i = 0; i < points; i++, at *= factor) {
    int32_t number = i == points - 1 || at >= last ? last : (int32_t)(at + 0.5);

    if (points == 1)
      number = last;
    if (n == 0 || number > ret_numbers[n - 1])
      ret_numbers[n++] = number;
  }
  return n;
}

/* --- bounds --- */

static int
has_bound(const driver *d)
{
  return d->resolved.policy == RRAMNAS_POLICY_BEST && d->timing.model == RRAMNAS_TIMING_RNC &&
         !d->timing.floor_remainder && d->fewest->objective_samples > 0;
}

/* Of any mapping with that many crossbars. */
static int32_t
bound(const driver *d, int32_t crossbars, double *ret_ns)
{
  const rramnas_mapping chip = { .hw = d->hw, .n_layers = d->fewest->n_layers, .matrices = d->fewest->matrices,
                                 .unit_cols = d->fewest->unit_cols, .crossbars_available = crossbars };
  rrn_arena arena;
  int32_t status;

  rrn_arena_init(&arena, &d->rt);
  status = rrn_bound_time(&chip, d->resolved.depthwise, d->timing.samples, RRN_BOUND_TIME_STEPS, &arena, ret_ns, d->err);
  rrn_arena_release(&arena);
  return status;
}

static int32_t
settle_bounds(driver *d)
{
  int32_t i;

  if (!has_bound(d))
    return RRAMNAS_OK;
  for (i = d->n_points - 1; i >= 0; i--) {
    rramnas_curve_point *p = &d->points[i];

    RRN_TRY(bound(d, p->crossbars, &p->bound_ns));
    if (i + 1 < d->n_points && p[1].bound_ns > p->bound_ns)
      p->bound_ns = p[1].bound_ns;
  }
  return RRAMNAS_OK;
}

/* --- one point --- */

static int32_t
compile(driver *d, int32_t crossbars, rramnas_mapping **ret_mapping)
{
  rramnas_compile_options o = *d->given;

  o.crossbars = crossbars;
  return rrn_compile_kept(d->hw, d->net, &o, d->runtime, &d->kept, ret_mapping, d->err);
}

static int32_t
measure(const driver *d, const rramnas_mapping *m, double *ret_ns)
{
  const rrn_sim_options sim = { .model = d->timing.model, .samples = d->timing.samples,
                                .floor_remainder = d->timing.floor_remainder };

  return rrn_simulate(m, &sim, ret_ns, d->err);
}

/* Takes over a mapping and its reference if it is sooner done than the soonest so far. */
static int32_t
offer(driver *d, rramnas_curve_point *p, rramnas_mapping *m)
{
  double ns = 0;
  int32_t status = measure(d, m, &ns);

  if (status < 0 || (d->soonest && ns >= p->latency_ns)) {
    rrn_mapping_unref(m);
    return status;
  }
  rrn_mapping_unref(d->soonest);
  d->soonest = m;
  p->latency_ns = ns;
  p->made_for = m->crossbars_available;
  p->crossbars_used = m->crossbars_used;
  p->utilization = rrn_mapping_utilization(m);
  return RRAMNAS_OK;
}

/* As the point before: the same mapping, with more crossbars at hand. */
static void
begin_point(rramnas_curve_point *p)
{
  p->latency_ns = p[-1].latency_ns;
  p->made_for = p[-1].made_for;
  p->crossbars_used = p[-1].crossbars_used;
  p->utilization = p[-1].utilization;
}

static int32_t
compute_point(driver *d, int32_t i)
{
  rramnas_curve_point *p = &d->points[i];
  rramnas_mapping *m = NULL;
  int32_t status;

  if (i > 0)
    begin_point(p);
  else
    RRN_TRY(offer(d, p, rramnas_mapping_ref(d->fewest)));
  if (i == 0 && d->resolved.policy == RRAMNAS_POLICY_BEST && p->crossbars == d->fewest->crossbars_available)
    m = rramnas_mapping_ref(d->fewest); /* planned for these crossbars already */
  status = m ? RRAMNAS_OK : compile(d, p->crossbars, &m);
  if (status < 0 && status != RRAMNAS_ERR_DOES_NOT_FIT)
    return status;
  if (status >= 0)
    RRN_TRY(offer(d, p, m));
  p->optimal = p->bound_ns > 0 && p->latency_ns <= p->bound_ns * (1 + RRN_BOUND_TIME_ROUNDING);
  return RRAMNAS_OK;
}

/* --- the whole --- */

static int32_t
compute_points(driver *d, size_t *ret_n)
{
  const rramnas_curve_options *o = d->options;
  int32_t i, stopped = 0;

  for (i = 0; i < d->n_points && !stopped; i++) {
    RRN_TRY(compute_point(d, i));
    rrn_log(&d->rt, RRAMNAS_LOG_DEBUG, "curve: point %d of %d, %d crossbars, %d searches so far that need not be repeated",
            (int)i + 1, (int)d->n_points, (int)d->points[i].crossbars, (int)d->kept.repeated);
    stopped = o->on_point && o->on_point(o->user, &d->points[i], d->soonest, i + 1, d->n_points) != 0;
  }
  *ret_n = (size_t)i;
  return i < d->n_points ? RRAMNAS_STOPPED : RRAMNAS_OK;
}

static int32_t
fewest_bound(const driver *d, int32_t *ret_crossbars)
{
  rrn_bound b = { 0 };
  rrn_arena arena;
  int32_t status;

  rrn_arena_init(&arena, &d->rt);
  status = rrn_bound_mapping(d->fewest, &arena, &b, d->err);
  rrn_arena_release(&arena);
  *ret_crossbars = (int32_t)b.best;
  return status;
}

/* First and last number of crossbars. */
static int32_t
choose_span(const driver *d, int32_t *ret_first, int32_t *ret_last)
{
  const rramnas_curve_options *o = d->options;
  const int32_t fewest = d->fewest->crossbars_used, first = o->first > fewest ? o->first : fewest;
  int32_t last = o->last ? o->last : d->given->crossbars > 0 ? d->given->crossbars : 0;

  if (last == 0)
    last = first <= RRN_MAX_BOXES / DEFAULT_SPAN ? first * DEFAULT_SPAN : RRN_MAX_BOXES;
  RRN_FAIL_IF(last < fewest, d->err, RRAMNAS_ERR_DOES_NOT_FIT,
              "network \"%.100s\" does not fit: the curve ends with %d crossbars, the best packing found takes %d",
              d->net->name, (int)last, (int)fewest);
  RRN_FAIL_IF(last < first, d->err, RRAMNAS_ERR_RANGE, "curve options: last is %d, expected first (%d) or more", (int)last,
              (int)first);
  *ret_first = first;
  *ret_last = last;
  return RRAMNAS_OK;
}

static int32_t
make_points(driver *d, int32_t most)
{
  int32_t *numbers = rrn_arena_alloc(&d->arena, (size_t)most, sizeof(*numbers));
  int32_t first = 0, last = 0, least = 0, i;

  d->points = rrn_arena_alloc(&d->arena, (size_t)most, sizeof(*d->points));
  if (!numbers || !d->points)
    return rrn_fail_memory(d->err);
  RRN_TRY(choose_span(d, &first, &last));
  RRN_TRY(fewest_bound(d, &least));
  d->n_points = rrn_curve_ladder(first, last, most, numbers);
  for (i = 0; i < d->n_points; i++)
    d->points[i] = (rramnas_curve_point){ .size = sizeof(*d->points), .crossbars = numbers[i],
                                          .fewest = d->fewest->crossbars_used, .fewest_bound = least };
  return RRAMNAS_OK;
}

static int32_t
check_options(const rramnas_curve_options *o, rramnas_error *err)
{
  RRN_FAIL_IF(o->first < 0 || o->first > RRN_MAX_BOXES || o->last < 0 || o->last > RRN_MAX_BOXES, err, RRAMNAS_ERR_RANGE,
              "curve options: first is %d and last %d, expected 1..%d", (int)o->first, (int)o->last, RRN_MAX_BOXES);
  return RRAMNAS_OK;
}

static int32_t
run(driver *d, const rramnas_timing_options *timing, size_t capacity, size_t *ret_n)
{
  RRN_TRY(check_options(d->options, d->err));
  RRN_TRY(rrn_compile_resolve(d->given, d->hw, &d->resolved, d->err));
  d->timing = timing ? *timing : (rramnas_timing_options){ .size = sizeof(d->timing), .model = RRAMNAS_TIMING_RNC,
                                                           .samples = d->resolved.samples };
  RRN_TRY(compile(d, RRAMNAS_CROSSBARS_AUTO, &d->fewest));
  RRN_TRY(make_points(d, (int32_t)capacity));
  RRN_TRY(settle_bounds(d));
  return compute_points(d, ret_n);
}

/* To the caller's array, whose elements may be shorter or longer than ours. */
static void
hand_out(const driver *d, size_t n, size_t stride, rramnas_curve_point *ret_points)
{
  char *at = (char *)ret_points;
  size_t i;

  for (i = 0; i < n; i++, at += stride) {
    memcpy(at, &stride, sizeof(stride));
    rrn_result_write(at, &d->points[i], sizeof(d->points[i]), "rramnas_curve_point", NULL); /* size was checked */
  }
}

int32_t
rrn_curve_compute(rramnas_hw *hw, rramnas_net *net, const rramnas_compile_options *compile_options,
                  const rramnas_timing_options *timing, const rramnas_curve_options *options,
                  const rramnas_runtime *runtime, rramnas_curve_point *ret_points, size_t stride, size_t capacity,
                  size_t *ret_n, rramnas_error *err)
{
  driver d = { .hw = hw, .net = net, .given = compile_options, .options = options, .runtime = runtime, .err = err };
  size_t n = 0;
  int32_t status;

  RRN_TRY(rrn_rt_init(&d.rt, runtime, err));
  rrn_arena_init(&d.arena, &d.rt);
  rrn_kept_init(&d.kept, &d.rt);
  status = run(&d, timing, capacity, &n);
  if (status >= 0) {
    hand_out(&d, n, stride, ret_points);
    *ret_n = n;
  }
  rrn_mapping_unref(d.soonest);
  rrn_mapping_unref(d.fewest);
  rrn_kept_release(&d.kept);
  rrn_arena_release(&d.arena);
  return status;
}
