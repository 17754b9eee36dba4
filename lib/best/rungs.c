/* SPDX-License-Identifier: MIT */
/* The fast effort's numbers of crossbars, and the times that its plans on them are not below.
 *
 * In:  network, chip, options, crossbars at hand, times of plans on some numbers of crossbars (the anchors).
 * Out: the rungs, which are numbers of crossbars; a floor for each.
 *
 * Idea: f(r), the time of the plan that a search on r crossbars makes, goes up and down with r, as packing is lucky or
 * not. The least f over all rungs up to those at hand never rises; but to make all these plans takes long. So a floor
 * g(r) is set that never rises, and plans sooner than g(r) are made slower, or passed over. Now f(r') >= g(r') >= g(r)
 * for r' < r: once a plan is no later than g(r), no rung from r down has a sooner one. How well g is chosen tells only
 * how many plans are made, and how many lucky ones are lost.
 *
 * Anchors are numbers of crossbars that depend on network, chip and options only, each twice the one before: plans on
 * them are made without a floor. A is the least time on an anchor and all below. No floor of a rung below an anchor is
 * less than A there, and with so many crossbars at hand, A is among the results. So rungs below an anchor that is at
 * hand are of no use: a result takes the anchors up to the next one above, and rungs between two of them, whatever the
 * floors. These follow A from anchor to anchor, as the slope goes: the relaxed time of allocation (ideal.c), and a part
 * that falls with the crossbars, as layers wait for each other less. The first anchor is about twice the
 * crossbars that one copy fills, or that its largest layer needs, or the first number from there on where a plan fits;
 * below it floors follow the slope alone.
 *
 * Mobile networks differ so little that they need no anchors, which would be most of a compilation's time: the excess of
 * their times over that with any number of crossbars is the relaxed time's by a factor, that which those looked at
 * usually have. Where no plan can fit, the floor is that of the fewest crossbars where one can; when none fits on any
 * number tried for the first anchor there is none, and all rungs are looked at.
 *
 * Rungs are one crossbar apart where one copy fills nearly all, and a share of the spare ones beyond: a larger one
 * where there are many times as many, as the relaxed time is far from plans there, and tells little. They end at a few
 * times the crossbars from which it does not fall any more. Rungs that differ in crossbars but hardly in what is
 * expected are thinned: when the best plan is above the floor of one it is above all of theirs, and all these rungs
 * would be looked at. Which are left depends on crossbars and expected times only, so the rungs are still the same
 * whatever is at hand, and the invariant holds.
 *
 * Complexity: a relaxed time per floor. Not handled: numbers of crossbars between the rungs. Deterministic. Source: ours;
 * constants were chosen on the networks of doc/best.md and random ones. Other ones would lose plans or time. */
#include "best/rungs.h"

#include "best/shape.h"

/* Between rungs: a 16th of the spare crossbars, a 128th of those of one copy. Fewer rungs lose plans between them, more
 * are looked at in vain. From four times the crossbars of one copy on, an 8th of those beyond that as well: without, up to
 * thirty rungs are looked at for one result. */
enum { SHARE = 16, FAR = 4, FAR_SHARE = 8, LARGE = 128 };

/* The last rung is the last one of so many times the crossbars from which the relaxed time hardly falls: with fewer rungs
 * what several inferences gain beyond is lost, with more many are looked at in vain. */
enum { BEYOND = 8 };

/* Where floors differ by less than that, rungs are a fifth of the crossbars apart: less, and rungs are looked at in vain;
 * more, and plans between them are lost. */
enum { FLAT_SHARE = 5 };
static const double same_floor = 0.01;

/* Numbers of crossbars, ever larger, that are tried for the first anchor. */
enum { MOST_TRIES = 8 };

/* Shares of the cells that packing leaves empty, by kind: some layer with groups or none; one inference or more. When off,
 * the factor is not the same on few crossbars as on many. */
static const double losses[2][2] = { { 0.1, 0.1 }, { 0.03, 0.06 } };

/* Floors are so much below what is expected: of networks with anchors, which have some layer with groups or none; of
 * mobile ones, for one inference or more. Higher ones lose lucky plans, lower ones have more rungs looked at. */
static const double anchored_slacks[2] = { 0.7, 0.9 }, mobile_slacks[2] = { 0.98, 0.94 };

/* The factor that mobile networks usually have, per inference: one group per activation or more; one inference or
 * more. As with slacks when a network has another: by a tenth at most among those looked at. */
static const double mobile_factors[2][2] = { { 0.945, 0.905 }, { 1.25, 1.155 } };

/* Networks of as many layers, no more than crossbars that one copy fills, a sixth of them or more depthwise, are taken for
 * mobile ones: with a layer on few crossbars many work at a time, and plans are far sooner. */
enum { MOBILE_LAYERS = 20, MOBILE_SHARE = 6 };

/* --- rungs --- */

static int64_t
next_rung(const rrn_rungs *r, int64_t at)
{
  const int64_t first = r->first, far = FAR * first;

  return at + 1 + first / LARGE + (at - first) / SHARE + (at > far ? (at - far) / FAR_SHARE : 0);
}

static void
list_rungs(rrn_rungs *r, int32_t most)
{
  int64_t at = r->first;

  while (at <= most && r->n < RRN_MOST_RUNGS) {
    r->crossbars[r->n++] = (int32_t)at;
    at = next_rung(r, at);
  }
}

/* The lowest rung that more crossbars are of hardly any use to; the number of rungs when there is none. */
static int32_t
find_saturated(const rrn_rungs *r)
{
  const double enough_ns = r->rest_ns * 1.001;
  int32_t low = 0, high = r->n - 1;

  if (rrn_ideal_ns(r->ideal, r->crossbars[high]) > enough_ns)
    return r->n;
  while (low < high) {
    const int32_t middle = (low + high) / 2;

    if (rrn_ideal_ns(r->ideal, r->crossbars[middle]) > enough_ns)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

/* Packing needs more crossbars than that, and several inferences gain from more still; so does a crossbar for each box. */
static void
cut_rungs(rrn_rungs *r)
{
  const int64_t boxes = rrn_ideal_boxes(r->ideal);
  const int32_t saturated = find_saturated(r);
  int64_t most = INT64_MAX;

  if (saturated < r->n)
    most = BEYOND * (boxes > r->crossbars[saturated] ? boxes : r->crossbars[saturated]);
  while (r->crossbars[r->n - 1] > most)
    r->n--;
  r->ends = next_rung(r, r->crossbars[r->n - 1]) > most;
}

/* --- anchors --- */

int32_t
rrn_rungs_next_anchor(rrn_rungs *r)
{
  const int64_t least = r->first > r->fewest ? r->first : r->fewest;
  int64_t at = r->at;

  if (r->factor > 0 || r->n == 0)
    return 0;
  if (r->n_anchors > 0)
    at = r->at >= r->crossbars[r->n - 1] || r->n_anchors == RRN_MOST_ANCHORS ? INT64_MAX : 2 * at;
  else if (r->tried++ < MOST_TRIES)
    at = r->tried == 1 ? 2 * least + 1 : at + at / 2;
  else
    at = INT64_MAX;
  r->at = at > RRN_MAX_BOXES ? 0 : (int32_t)at;
  return r->at;
}

/* Falls with the crossbars, as times of plans do. */
static double
slope_ns(const rrn_rungs *r, int32_t crossbars)
{
  const double excess_ns = rrn_ideal_ns(r->ideal, crossbars) - r->rest_ns;

  return (excess_ns > 0 ? excess_ns : 0) + r->rest_ns * r->first / crossbars;
}

void
rrn_rungs_anchor(rrn_rungs *r, double ns)
{
  const double before_ns = r->n_anchors > 0 ? r->anchors[r->n_anchors - 1].ns : 1e300;

  if (ns >= 1e300 && r->n_anchors == 0)
    return;
  r->anchors[r->n_anchors++] = (rrn_anchor){ r->at, ns < before_ns ? ns : before_ns, slope_ns(r, r->at) };
  if (r->at <= r->most)
    r->bottom = r->at;
}

/* --- floors --- */

/* The way from anchor to anchor. */
static double
between_ns(const rrn_anchor *low, const rrn_anchor *high, double slope_ns)
{
  return high->ns + (low->ns - high->ns) * (slope_ns - high->slope_ns) / (low->slope_ns - high->slope_ns);
}

/* By anchors; sets *ret_least_ns to the time of the next higher one. */
static double
anchored_ns(const rrn_rungs *r, int32_t crossbars, double *ret_least_ns)
{
  const rrn_anchor *high = r->anchors, *end = high + r->n_anchors;

  while (high < end && high->crossbars < crossbars)
    high++;
  *ret_least_ns = high < end ? high->ns : r->least_ns;
  if (high > r->anchors && high < end)
    return between_ns(high - 1, high, slope_ns(r, crossbars));
  high -= high == end;
  return r->least_ns + (high->ns - r->least_ns) * slope_ns(r, crossbars) / high->slope_ns;
}

/* The same for mobile networks. */
static double
usual_ns(const rrn_rungs *r, int32_t crossbars, double *ret_least_ns)
{
  const double excess_ns = rrn_ideal_ns(r->ideal, crossbars) - r->rest_ns;

  *ret_least_ns = r->least_ns;
  return r->least_ns + r->factor * (excess_ns > 0 ? excess_ns : 0);
}

/* The plan's time when it is neither lucky nor unlucky. */
static double
expected_ns(rrn_rungs *r, int32_t rung)
{
  const int32_t at = r->crossbars[rung] > r->fewest ? r->crossbars[rung] : r->fewest;
  double least_ns, ns;

  if (r->expected_ns[rung] <= 0 && (r->factor > 0 || r->n_anchors > 0)) {
    ns = r->factor > 0 ? usual_ns(r, at, &least_ns) : anchored_ns(r, at, &least_ns);
    r->expected_ns[rung] = ns;
    r->floor_ns[rung] = r->slack * ns > least_ns ? r->slack * ns : least_ns;
  }
  return r->expected_ns[rung];
}

double
rrn_rungs_floor_ns(rrn_rungs *r, int32_t rung)
{
  expected_ns(r, rung);
  return r->floor_ns[rung];
}

/* Of rungs with about the same floor every second is left out, or three of four, and so on, as long as these are not many
 * crossbars apart. */
static int
is_of_use(rrn_rungs *r, int32_t rung)
{
  const int32_t crossbars = r->crossbars[rung];
  int32_t step;

  for (step = 1; rung % step == 0 && step <= rung; step *= 2)
    if (expected_ns(r, rung) <= (1 - same_floor) * expected_ns(r, rung - step) ||
        crossbars - r->crossbars[rung - step] >= crossbars / FLAT_SHARE)
      return 1;
  return rung == 0 || (rung == r->n - 1 && r->ends);
}

int32_t
rrn_rungs_below(rrn_rungs *r, int32_t rung)
{
  for (rung--; rung >= 0 && r->crossbars[rung] > r->bottom && !is_of_use(r, rung); rung--)
    ;
  return rung >= 0 && r->crossbars[rung] > r->bottom ? rung : -1;
}

/* --- the whole --- */

static int
looks_mobile(const rrn_rungs *r)
{
  const rramnas_mapping *m = r->m;
  int32_t i, n = 0;

  for (i = 0; i < m->n_layers; i++)
    n += m->matrices[i].groups > 1 && m->matrices[i].cols == m->matrices[i].groups;
  return m->n_layers >= MOBILE_LAYERS && m->n_layers <= r->first && n >= m->n_layers / MOBILE_SHARE;
}

/* The fewest crossbars from the first rung on, on which each layer has room by itself. */
static int32_t
find_fewest(const rrn_rungs *r)
{
  int32_t low = r->first, high = rrn_ideal_ns(r->ideal, r->first) < 1e300 ? r->first : RRN_MAX_BOXES;

  while (low < high) {
    const int32_t middle = low + (high - low) / 2;

    if (rrn_ideal_ns(r->ideal, middle) >= 1e300)
      low = middle + 1;
    else
      high = middle;
  }
  return low;
}

int32_t
rrn_rungs_init(rrn_rungs *r, const rramnas_mapping *m, int32_t samples, int32_t depthwise, int32_t most,
               rrn_arena *arena, rramnas_error *err)
{
  const int dense = !rrn_shape_some_grouped(m), several = samples > 1;

  *r = (rrn_rungs){ .m = m, .most = most, .first = rrn_ideal_fewest(m), .slack = anchored_slacks[dense] };
  if (r->first > most)
    return RRAMNAS_OK;
  RRN_TRY(rrn_ideal_new(m, depthwise, losses[dense][several], arena, &r->ideal, err));
  r->least_ns = rrn_ideal_least_ns(r->ideal, samples);
  r->rest_ns = rrn_ideal_least_ns(r->ideal, 1);
  r->fewest = find_fewest(r);
  list_rungs(r, most);
  cut_rungs(r);
  if (looks_mobile(r) && depthwise != RRAMNAS_DEPTHWISE_BLOCK_DIAGONAL) {
    r->factor = samples * mobile_factors[depthwise != RRAMNAS_DEPTHWISE_RNC][several];
    r->slack = mobile_slacks[several];
  }
  return RRAMNAS_OK;
}
