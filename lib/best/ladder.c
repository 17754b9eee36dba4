/* SPDX-License-Identifier: MIT */
/* The fast effort: a few short searches on fixed numbers of crossbars, the rungs of a ladder.
 *
 * In:  network, chip, crossbars at hand.
 * Out: the best plan of all rungs up to those at hand; so with more crossbars it is never slower.
 *
 * Idea: rungs depend on network and chip only, and so does the search on each. Where a search ends is not known before,
 * but about where is: a multiple of the ideal time (ideal.c), which is about the same for neighbouring rungs. So the ladder
 * is cut into sections; at the end of each, beyond its last rung, one probe says what multiple, the slack. A plan that is
 * sooner than `lucky` times the slack times the ideal time is passed over. From the highest rung down, then, a section is
 * done with when no plan can be sooner than the best so far: as a rule after one or two rungs.
 *
 * The sections below are ruled out without probes of their own: a plan is passed over too when it is sooner than `halved`
 * times what the slack of the next section allows, `halved` squared times that of the one after it, and so on. No slack
 * counts for more than `most_slack`, so all but the first few of these rule out nothing that the own slack does not.
 *
 * Invariant: what is passed over on a rung does not depend on the crossbars at hand, nor on the order of probes. The ideal
 * time never rises with the crossbars, nor does the bound. Complexity: a probe and one to four searches as a rule; at most a
 * probe per section and a search per rung. Not handled: crossbars beyond the highest rung, at most a fortieth of all.
 * Deterministic. */
#include "best/ladder.h"

#include "best/fast.h"
#include "best/ideal.h"

enum { MOST_RUNGS = 1024, SECTIONS = 28, SPREAD = 6, FINEST = 40, FINEST_DENSE = 96 };

static const double lucky[] = { 0.98, 0.95 }, halved = 0.6;

typedef struct ladder {
  rrn_race *r;
  rrn_ideal ideal;
  int32_t rungs[MOST_RUNGS], n; /* numbers of crossbars, upwards */
  int32_t ends[SECTIONS];       /* number of crossbars where the section's probe is made */
  double slack[SECTIONS];       /* time over the ideal there; < 0 = not known yet, 0 = none fits */
} ladder;

/* Rungs are close where few crossbars are to spare; sections double. */
static void
list_rungs(ladder *l, int32_t most)
{
  const int32_t first = rrn_race_fewest_by_area(l->r->m), finest = l->r->grouped ? FINEST : FINEST_DENSE;
  int64_t at, spare;
  int32_t k;

  for (at = first; at <= most && l->n < MOST_RUNGS;) {
    l->rungs[l->n++] = (int32_t)at;
    spare = (at - first) / SPREAD;
    at += 1 + (spare < at / finest ? spare : at / finest);
  }
  for (at = (int64_t)first + first / 4 + 1, k = 0; k < SECTIONS; k++, at *= 2) {
    l->ends[k] = at < INT32_MAX ? (int32_t)at : INT32_MAX;
    l->slack[k] = -1;
  }
}

/* Where the ideal has all copies that are of use plans do no better with more than twice as many crossbars. */
static void
drop_useless(ladder *l)
{
  const double end_ns = 1.01 * rrn_ideal_ns(&l->ideal, INT32_MAX);
  int32_t low = 0, high = l->n - 1, i;

  if (l->n == 0 || rrn_ideal_ns(&l->ideal, l->rungs[high]) > end_ns)
    return;
  while (low < high) {
    i = (low + high) / 2;
    if (rrn_ideal_ns(&l->ideal, l->rungs[i]) > end_ns)
      low = i + 1;
    else
      high = i;
  }
  while (l->n > 1 && l->rungs[l->n - 1] / 2 > l->rungs[low])
    l->n--;
}

/* --- what is passed over --- */

/* One build, where groups of layers are not worth while. */
static int32_t
build_once(rrn_search *s, int32_t crossbars, double *ret_ns)
{
  const rrn_allowance a = { .keeps = 1, .few = 1, .stream = 1 };
  rrn_fast f;
  int32_t fits = 0;

  RRN_TRY(rrn_search_begin(s, crossbars, &a));
  if (rrn_search_has_no_choice(s))
    return RRAMNAS_OK;
  for (rrn_fast_begin(&f, &s->plan); !fits && !f.over; s->tries++)
    RRN_TRY(rrn_fast_build(&f, &fits));
  if (fits)
    *ret_ns = rrn_plan_time(&s->plan, 1e300);
  return RRAMNAS_OK;
}

static double
most_slack(const ladder *l)
{
  return 1.5 + (l->r->grouped ? 1.25 : 0.4) * (l->r->search.samples - 1);
}

static int32_t
find_slack(ladder *l, int32_t section)
{
  const int32_t crossbars = l->ends[section];
  double ns = 1e300, slack;

  if (l->slack[section] >= 0)
    return RRAMNAS_OK;
  if (l->r->grouped || l->r->search.samples == 1)
    RRN_TRY(build_once(&l->r->search, crossbars, &ns));
  else
    RRN_TRY(rrn_race_probe(l->r, crossbars, &ns));
  slack = ns < 1e300 ? ns / rrn_ideal_ns(&l->ideal, crossbars) : 0;
  l->slack[section] = slack < most_slack(l) ? slack : most_slack(l);
  return RRAMNAS_OK;
}

/* Times the ideal, below which plans of a section are passed over, as far as slacks are known. */
static double
known_share(const ladder *l, int32_t section)
{
  double share = 0, weight = lucky[!l->r->grouped && l->r->search.samples > 1];
  int32_t k;

  for (k = section; k < SECTIONS; k++) {
    share = weight * l->slack[k] > share ? weight * l->slack[k] : share;
    weight = k == section ? halved : weight * halved;
  }
  return share;
}

/* Makes the share known: later slacks are too small to matter. */
static int32_t
find_slacks(ladder *l, int32_t section)
{
  double most = most_slack(l);
  int32_t k;

  for (k = section; k < SECTIONS && (k == section || most > known_share(l, section)); k++) {
    RRN_TRY(find_slack(l, k));
    most *= halved;
  }
  return RRAMNAS_OK;
}

/* --- the walk --- */

static double
larger(double a, double b)
{
  return a > b ? a : b;
}

/* Nothing on a rung counts that is sooner than both. */
typedef struct floor_ns {
  double bound, ideal;
} floor_ns;

static int
is_ruled_out(const ladder *l, const floor_ns *f, int32_t section)
{
  const double best_ns = l->r->best_ns;

  return f->bound * (1 + RRN_BOUND_TIME_ROUNDING) >= best_ns || known_share(l, section) * f->ideal >= best_ns;
}

/* The search on a rung, unless it cannot end sooner than the best so far. */
static int32_t
try_rung(ladder *l, int32_t crossbars, int32_t section, int *ret_ruled_out)
{
  const floor_ns f = { rrn_ideal_least_ns(&l->ideal, crossbars), rrn_ideal_ns(&l->ideal, crossbars) };

  *ret_ruled_out = is_ruled_out(l, &f, section);
  if (*ret_ruled_out)
    return RRAMNAS_OK;
  RRN_TRY(find_slacks(l, section));
  *ret_ruled_out = is_ruled_out(l, &f, section);
  if (*ret_ruled_out)
    return RRAMNAS_OK;
  return rrn_race_short(l->r, crossbars, larger(f.bound * (1 - RRN_BOUND_TIME_ROUNDING), known_share(l, section) * f.ideal));
}

int32_t
rrn_ladder_run(rrn_race *r)
{
  ladder l = { .r = r };
  int32_t i, section = SECTIONS - 1;
  int ruled_out = 0;

  RRN_TRY(rrn_ideal_init(&l.ideal, r->m, r->search.depthwise, r->search.samples, &r->bound_arena, r->err));
  list_rungs(&l, r->m->crossbars_available);
  drop_useless(&l);
  for (i = l.n - 1; i >= 0; i--) {
    const int same = section > 0 ? l.rungs[i] >= l.ends[section - 1] : 1;

    if (ruled_out && same)
      continue;
    while (section > 0 && l.rungs[i] < l.ends[section - 1])
      section--;
    RRN_TRY(try_rung(&l, l.rungs[i], section, &ruled_out));
  }
  return RRAMNAS_OK;
}
