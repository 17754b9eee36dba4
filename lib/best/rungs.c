/* SPDX-License-Identifier: MIT */
/* The fast effort's numbers of crossbars, and the times that its plans on them are not below.
 *
 * In:  network, chip, options, crossbars at hand.
 * Out: the rungs, which are numbers of crossbars; a floor for each.
 *
 * Idea: f(r), the time of the plan that a search on r crossbars makes, goes up and down with r, as packing is lucky or
 * not. The least f over all rungs up to those at hand never rises; but to make all these plans takes long. So a floor
 * g(r) is set that never rises, and plans sooner than g(r) are made slower, or passed over. Now f(r') >= g(r') >= g(r)
 * for r' < r: once a plan is no later than g(r), no rung from r down has a sooner one. The result is the least f over
 * all rungs, for any g; how well g is chosen tells only how many plans are made, and how many lucky ones are lost.
 *
 * The floor follows a relaxed time of allocation (ideal.c): the time of inferences that never wait, with any number of
 * crossbars, plus the relaxed time's excess over the same, by a factor. The factor is that of one build on about one
 * and a half times the crossbars that one copy fills, or that its largest layer needs, whatever the crossbars at hand.
 * Mobile networks differ so little in it that they need no build, which is a third of a compilation's time: it is what
 * those looked at usually have. Where no plan can fit, the floor is that of the fewest crossbars where one can; when no
 * build fits there is none, and all rungs are looked at.
 *
 * Rungs are one crossbar apart where one copy fills nearly all, and a share of the spare ones beyond: a larger one
 * where there are many times as many, as the relaxed time is far from plans there, and tells little. They end at a few
 * times the crossbars from which it does not fall any more. Rungs that differ in crossbars but hardly in their floors
 * are thinned: when the best plan is above one of the floors it is above all of them, and all these rungs would be
 * looked at. Which are left depends on crossbars and floors only, so the rungs are still the same whatever is at hand,
 * and the invariant holds.
 *
 * Complexity: a build, and a relaxed time per floor. Not handled: numbers of crossbars between the rungs.
 * Deterministic. Source: ours; constants were chosen on the networks of doc/best.md and random ones of the mobile
 * space. Other ones would lose plans or time. */
#include "best/rungs.h"

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

/* Builds for the factor, on ever more crossbars, until one fits. */
enum { MOST_REFERENCES = 8 };

const rrn_allowance rrn_rungs_allowance = { 0, 2e6, 1e6, 3e6, 1, 1, 4, 2, 1, 1, 1, 0 };

/* By kind: some layer with groups or none; one inference or more. Shares of the cells that packing leaves empty: when off,
 * the factor is not the same on few crossbars as on many. */
static const double losses[2][2] = { { 0.1, 0.1 }, { 0.03, 0.06 } };

/* Floors are so much below what is expected. Higher ones lose lucky plans, lower ones have more rungs looked at. */
static const double slacks[2][2] = { { 0.98, 0.94 }, { 0.96, 0.9 } };

/* The factor that mobile networks usually have, per inference: one group per activation or more; one inference or
 * more. As with slacks when a network has another: by a tenth at most among those looked at. */
static const double mobile_factors[2][2] = { { 0.945, 0.905 }, { 1.25, 1.155 } };

/* Networks of as many layers, no more than crossbars that one copy fills, a sixth of them or more depthwise, are taken for
 * mobile ones: with a layer on few crossbars many work at a time, and plans are far sooner. */
enum { MOBILE_LAYERS = 20, MOBILE_SHARE = 6 };

/* Where the relaxed time is nearly that with any number of crossbars, a build tells nothing about the factor. */
static const double least_excess = 0.05;

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

/* --- floors --- */

/* The plan's time when it is neither lucky nor unlucky; huge when some layer does not fit. */
static double
expected_ns(const rrn_rungs *r, int32_t crossbars, double factor)
{
  const double ideal_ns = rrn_ideal_ns(r->ideal, crossbars), excess_ns = ideal_ns - r->rest_ns;

  if (ideal_ns >= 1e300)
    return 1e300;
  return r->least_ns + factor * (excess_ns > 0 ? excess_ns : 0);
}

double
rrn_rungs_floor_ns(rrn_rungs *r, int32_t rung)
{
  const int32_t at = r->crossbars[rung] > r->fewest ? r->crossbars[rung] : r->fewest;

  if (r->floor_ns[rung] <= 0) {
    r->floor_ns[rung] = slacks[r->dense][r->search->samples > 1] * expected_ns(r, at, r->factor);
    if (r->floor_ns[rung] < r->least_ns)
      r->floor_ns[rung] = r->least_ns;
  }
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
    if (rrn_rungs_floor_ns(r, rung) <= (1 - same_floor) * rrn_rungs_floor_ns(r, rung - step) ||
        crossbars - r->crossbars[rung - step] >= crossbars / FLAT_SHARE)
      return 1;
  return rung == 0 || (rung == r->n - 1 && r->ends);
}

int32_t
rrn_rungs_below(rrn_rungs *r, int32_t rung)
{
  for (rung--; rung >= 0 && !is_of_use(r, rung); rung--)
    ;
  return rung;
}

/* Completion of the plan that a first build on so many crossbars makes, with cuts into groups; huge when none fits. */
static int32_t
refer(const rrn_rungs *r, int32_t crossbars, double *ret_ns)
{
  rrn_allowance a = rrn_search_allowance(r->search, &rrn_rungs_allowance);

  a.moves = 0;
  a.balance = 0;
  a.densities = 1;
  a.few = 2;
  RRN_TRY(rrn_search_plans(r->search, crossbars, &a, 0, 0));
  *ret_ns = r->search->n_keeps > 0 ? r->search->keeps[0].ns : 1e300;
  return RRAMNAS_OK;
}

/* The factor with which that plan is as expected; stays when it tells nothing. 0 when none
 * fits. */
static int32_t
find_build_factor(const rrn_rungs *r, double *ret_factor)
{
  double ns = 1e300, excess_ns;
  const int64_t least = r->first > r->fewest ? r->first : r->fewest;
  int64_t at = least + least / 2;
  int32_t i;

  for (i = 0; i < MOST_REFERENCES && ns >= 1e300; i++) {
    at += i == 0 ? 1 : at / 2;
    if (at > RRN_MAX_BOXES)
      return RRAMNAS_OK;
    RRN_TRY(refer(r, (int32_t)at, &ns));
  }
  if (ns >= 1e300) {
    *ret_factor = 0;
    return RRAMNAS_OK;
  }
  excess_ns = expected_ns(r, (int32_t)at, 1) - r->least_ns;
  if (ns > r->least_ns && excess_ns > least_excess * r->rest_ns)
    *ret_factor = (ns - r->least_ns) / excess_ns;
  return RRAMNAS_OK;
}

static int
looks_mobile(const rrn_rungs *r)
{
  const rramnas_mapping *m = r->search->m;
  int32_t i, n = 0;

  for (i = 0; i < m->n_layers; i++)
    n += m->matrices[i].groups > 1 && m->matrices[i].cols == m->matrices[i].groups;
  return m->n_layers >= MOBILE_LAYERS && m->n_layers <= r->first && n >= m->n_layers / MOBILE_SHARE;
}

static int32_t
find_factor(rrn_rungs *r)
{
  const int32_t depthwise = r->search->depthwise, samples = r->search->samples;

  r->factor = samples * mobile_factors[depthwise != RRAMNAS_DEPTHWISE_RNC][samples > 1];
  if (looks_mobile(r) && depthwise != RRAMNAS_DEPTHWISE_BLOCK_DIAGONAL)
    return RRAMNAS_OK;
  return find_build_factor(r, &r->factor);
}

/* That of another compilation, or found now. */
static int32_t
recall_factor(rrn_rungs *r, rrn_kept *k)
{
  const int32_t tries = r->search->tries;

  if (k && k->rung_factor > 0) {
    r->factor = k->rung_factor;
    r->search->tries += k->rung_tries;
    return RRAMNAS_OK;
  }
  RRN_TRY(find_factor(r));
  if (k) {
    k->rung_factor = r->factor;
    k->rung_tries = r->search->tries - tries;
  }
  return RRAMNAS_OK;
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

/* --- the whole --- */

int32_t
rrn_rungs_init(rrn_rungs *r, const rramnas_mapping *m, rrn_search *search, int32_t most, rrn_arena *arena,
               rramnas_error *err)
{
  *r = (rrn_rungs){ .search = search, .first = rrn_ideal_fewest(m) };
  if (r->first > most)
    return RRAMNAS_OK;
  r->dense = !rrn_shape_some_grouped(m);
  RRN_TRY(rrn_ideal_new(m, search->depthwise, losses[r->dense][search->samples > 1], arena, &r->ideal, err));
  r->least_ns = rrn_ideal_least_ns(r->ideal, search->samples);
  r->rest_ns = rrn_ideal_least_ns(r->ideal, 1);
  r->fewest = find_fewest(r);
  list_rungs(r, most);
  cut_rungs(r);
  RRN_TRY(recall_factor(r, m->kept));
  /* No plan is known: any time may come, and all rungs are looked at. */
  if (r->factor <= 0)
    r->least_ns = 0;
  return RRAMNAS_OK;
}
