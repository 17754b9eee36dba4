/* SPDX-License-Identifier: MIT */
/* Latency over the number of crossbars.
 *
 * In:  network, chip, how to compile, how to measure, which numbers of crossbars.
 * Out: for each number a mapping, its latency, and a bound that no mapping is below.
 *
 * Idea: from few crossbars to many. A mapping onto fewer crossbars is one onto more, so each point keeps the mapping of
 * the point before unless its own is sooner done: the curve never rises. A bound that holds with more crossbars holds
 * with fewer, so bounds are passed down from the last point. The fewest crossbars are searched for once; that packing is
 * the first candidate, so a point has a mapping even when the policy finds none.
 *
 * The numbers are powers of one factor, rounded, which is found by bisection: without a logarithm they are the same on
 * any machine.
 *
 * Complexity: a compilation, a simulation and a bound per point. Deterministic. Not handled: a plan of one point as the
 * start of the search for the next. Source: ours. */
#include "best/curve.h"

#include "best/bound_time.h"
#include "compile/bound.h"
#include "timing/sim.h"

enum { DEFAULT_POINTS = 24, MOST_POINTS = 4096, DEFAULT_SPAN = 4 };

typedef struct driver {
  rramnas_curve *c;
  const rramnas_compile_options *given;
  const rramnas_curve_options *options;
  const rramnas_runtime *runtime;
  rramnas_compile_options resolved;
  rramnas_mapping *fewest; /* referenced */
  int32_t *numbers;        /* [n_numbers] */
  int32_t n_numbers;
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

/* --- one point --- */

static int32_t
compile(const driver *d, int32_t crossbars, rramnas_mapping **ret_mapping)
{
  rramnas_compile_options o = *d->given;

  o.crossbars = crossbars;
  return rrn_compile(d->c->hw, d->c->net, &o, d->runtime, ret_mapping, d->err);
}

static int32_t
measure(const driver *d, const rramnas_mapping *m, double *ret_ns)
{
  const rrn_sim_options sim = { .model = d->c->timing.model, .samples = d->c->timing.samples,
                                .floor_remainder = d->c->timing.floor_remainder };

  return rrn_simulate(m, &sim, ret_ns, d->err);
}

static int
has_bound(const driver *d)
{
  return d->resolved.policy == RRAMNAS_POLICY_BEST && d->c->timing.model == RRAMNAS_TIMING_RNC &&
         !d->c->timing.floor_remainder && d->fewest->objective_samples > 0;
}

/* Of any mapping with that many crossbars. */
static int32_t
bound(const driver *d, int32_t crossbars, double *ret_ns)
{
  const rramnas_mapping chip = { .hw = d->c->hw, .n_layers = d->fewest->n_layers, .matrices = d->fewest->matrices,
                                 .crossbars_available = crossbars };
  rrn_arena arena;
  int32_t status;

  rrn_arena_init(&arena, &d->c->rt);
  status = rrn_bound_time(&chip, d->resolved.depthwise, d->c->timing.samples, RRN_BOUND_TIME_STEPS, &arena, ret_ns, d->err);
  rrn_arena_release(&arena);
  return status;
}

/* Takes over a mapping and its reference if it is sooner done than the point's. */
static int32_t
offer(driver *d, size_t i, rramnas_mapping *m)
{
  rramnas_curve_point *p = &d->c->points[i];
  double ns = 0;
  int32_t status = measure(d, m, &ns);

  if (status < 0 || (d->c->mappings[i] && ns >= p->latency_ns)) {
    rrn_mapping_unref(m);
    return status;
  }
  rrn_mapping_unref(d->c->mappings[i]);
  d->c->mappings[i] = m;
  p->latency_ns = ns;
  p->made_for = m->crossbars_available;
  p->crossbars_used = m->crossbars_used;
  p->utilization = rrn_mapping_utilization(m);
  return RRAMNAS_OK;
}

/* Begins as the point before: the same mapping, with more crossbars at hand. */
static void
begin_point(driver *d, size_t i, int32_t crossbars)
{
  rramnas_curve_point *p = &d->c->points[i];

  if (i > 0) {
    *p = p[-1];
    d->c->mappings[i] = rramnas_mapping_ref(d->c->mappings[i - 1]);
  }
  p->size = sizeof(*p);
  p->crossbars = crossbars;
  p->bound_ns = 0;
  d->c->n = i + 1;
}

static int32_t
compute_point(driver *d, size_t i)
{
  rramnas_curve_point *p = &d->c->points[i];
  rramnas_mapping *m = NULL;
  int32_t status;

  begin_point(d, i, d->numbers[i]);
  if (i == 0)
    RRN_TRY(offer(d, 0, rramnas_mapping_ref(d->fewest)));
  status = compile(d, d->numbers[i], &m);
  if (status < 0 && status != RRAMNAS_ERR_DOES_NOT_FIT)
    return status;
  if (status >= 0)
    RRN_TRY(offer(d, i, m));
  return has_bound(d) ? bound(d, d->numbers[i], &p->bound_ns) : RRAMNAS_OK;
}

/* --- the whole --- */

static void
settle_bounds(rramnas_curve *c)
{
  size_t i;

  for (i = c->n; i-- > 0;) {
    rramnas_curve_point *p = &c->points[i];

    if (i + 1 < c->n && p[1].bound_ns > p->bound_ns)
      p->bound_ns = p[1].bound_ns;
    p->optimal = p->bound_ns > 0 && p->latency_ns <= p->bound_ns * (1 + RRN_BOUND_TIME_ROUNDING);
  }
}

static int32_t
compute_points(driver *d)
{
  const rramnas_curve_options *o = d->options;
  int32_t i, stopped = 0;

  for (i = 0; i < d->n_numbers && !stopped; i++) {
    RRN_TRY(compute_point(d, (size_t)i));
    rrn_log(&d->c->rt, RRAMNAS_LOG_DEBUG, "curve: point %d of %d, %d crossbars", (int)i + 1, (int)d->n_numbers,
            (int)d->numbers[i]);
    stopped = o->progress && o->progress(o->progress_user, &d->c->points[i], i + 1, d->n_numbers) != 0;
  }
  settle_bounds(d->c);
  return stopped && i < d->n_numbers ? RRAMNAS_STOPPED : RRAMNAS_OK;
}

static int32_t
find_fewest(driver *d)
{
  rrn_bound b = { 0 };
  rrn_arena arena;
  int32_t status;

  RRN_TRY(compile(d, RRAMNAS_CROSSBARS_AUTO, &d->fewest));
  d->c->fewest = d->fewest->crossbars_used;
  rrn_arena_init(&arena, &d->c->rt);
  status = rrn_bound_mapping(d->fewest, &arena, &b, d->err);
  rrn_arena_release(&arena);
  d->c->fewest_bound = (int32_t)b.best;
  return status;
}

static int32_t
choose_numbers(driver *d)
{
  const rramnas_curve_options *o = d->options;
  const int32_t fewest = d->c->fewest, first = o->first > fewest ? o->first : fewest;
  const int32_t points = o->points ? o->points : DEFAULT_POINTS;
  int32_t last = o->last ? o->last : d->given->crossbars > 0 ? d->given->crossbars : 0;

  if (last == 0)
    last = first <= RRN_MAX_BOXES / DEFAULT_SPAN ? first * DEFAULT_SPAN : RRN_MAX_BOXES;
  RRN_FAIL_IF(last < fewest, d->err, RRAMNAS_ERR_DOES_NOT_FIT,
              "network \"%.100s\" does not fit: the curve ends with %d crossbars, the best packing found takes %d",
              d->c->net->name, (int)last, (int)fewest);
  RRN_FAIL_IF(last < first, d->err, RRAMNAS_ERR_RANGE, "curve options: last is %d, expected first (%d) or more", (int)last,
              (int)first);
  d->numbers = rrn_arena_alloc(&d->c->arena, (size_t)points, sizeof(*d->numbers));
  d->c->points = rrn_arena_alloc(&d->c->arena, (size_t)points, sizeof(*d->c->points));
  d->c->mappings = rrn_arena_alloc(&d->c->arena, (size_t)points, sizeof(*d->c->mappings));
  if (!d->numbers || !d->c->points || !d->c->mappings)
    return rrn_fail_memory(d->err);
  d->n_numbers = rrn_curve_ladder(first, last, points, d->numbers);
  return RRAMNAS_OK;
}

static int32_t
check_options(const rramnas_curve_options *o, rramnas_error *err)
{
  RRN_FAIL_IF(o->first < 0 || o->first > RRN_MAX_BOXES || o->last < 0 || o->last > RRN_MAX_BOXES, err, RRAMNAS_ERR_RANGE,
              "curve options: first is %d and last %d, expected 1..%d", (int)o->first, (int)o->last, RRN_MAX_BOXES);
  RRN_FAIL_IF(o->points < 0 || o->points > MOST_POINTS, err, RRAMNAS_ERR_RANGE,
              "curve options: points is %d, expected 1..%d", (int)o->points, MOST_POINTS);
  return RRAMNAS_OK;
}

static int32_t
run(driver *d, const rramnas_timing_options *timing)
{
  rramnas_curve *c = d->c;

  RRN_TRY(check_options(d->options, d->err));
  RRN_TRY(rrn_compile_resolve(d->given, c->hw, &d->resolved, d->err));
  c->policy = d->resolved.policy;
  c->effort = d->resolved.effort;
  c->timing = timing ? *timing : (rramnas_timing_options){ .size = sizeof(c->timing), .model = RRAMNAS_TIMING_RNC,
                                                           .samples = d->resolved.samples };
  RRN_TRY(find_fewest(d));
  RRN_TRY(choose_numbers(d));
  return compute_points(d);
}

static int32_t
curve_new(rramnas_hw *hw, rramnas_net *net, const rramnas_runtime *runtime, rramnas_curve **ret_curve, rramnas_error *err)
{
  rramnas_curve *c;
  rrn_rt rt;

  RRN_TRY(rrn_rt_init(&rt, runtime, err));
  c = rrn_calloc(&rt, 1, sizeof(*c));
  if (!c)
    return rrn_fail_memory(err);
  atomic_init(&c->references, 1);
  c->rt = rt;
  rrn_arena_init(&c->arena, &c->rt);
  c->hw = rramnas_hw_ref(hw);
  c->net = rramnas_net_ref(net);
  *ret_curve = c;
  return RRAMNAS_OK;
}

int32_t
rrn_curve_compute(rramnas_hw *hw, rramnas_net *net, const rramnas_compile_options *compile_options,
                  const rramnas_timing_options *timing, const rramnas_curve_options *options,
                  const rramnas_runtime *runtime, rramnas_curve **ret_curve, rramnas_error *err)
{
  driver d = { .given = compile_options, .options = options, .runtime = runtime, .err = err };
  int32_t status;

  RRN_TRY(curve_new(hw, net, runtime, &d.c, err));
  status = run(&d, timing);
  rrn_mapping_unref(d.fewest);
  if (status < 0)
    rrn_curve_unref(d.c);
  else
    *ret_curve = d.c;
  return status;
}

void
rrn_curve_unref(rramnas_curve *c)
{
  rrn_rt rt;
  size_t i;

  if (!c || atomic_fetch_sub_explicit(&c->references, 1, memory_order_acq_rel) != 1)
    return;
  for (i = 0; i < c->n; i++)
    rrn_mapping_unref(c->mappings[i]);
  rramnas_net_unref(c->net);
  rramnas_hw_unref(c->hw);
  rrn_arena_release(&c->arena);
  rt = c->rt;
  rrn_free(&rt, c);
}
