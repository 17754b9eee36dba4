#include "best/ladder.h"

#include "best/ideal.h"
#include <stdlib.h>
#include <stdio.h>

enum { MOST_RUNGS = 1024, SECTIONS = 28, SPREAD = 6, FINEST = 24 };

static double margin = 0.02;

typedef struct ladder {
  rrn_race *r;
  rrn_ideal ideal;
  int32_t rungs[MOST_RUNGS], n;  /* numbers of crossbars, upwards */
  int32_t ends[SECTIONS];        /* of sections: first number of crossbars beyond */
  double slack[SECTIONS];        /* time over the ideal at the end; < 0 = not known yet, 0 = none fits there */
} ladder;

static void
list_rungs(ladder *l)
{
  const int32_t first = rrn_race_fewest_by_area(l->r->m), most = l->r->m->crossbars_available;
  int64_t at = first, spare, finest = FINEST;
  int32_t k;
  if (getenv("FFINE")) finest = atoi(getenv("FFINE"));
  if (getenv("FMARGIN")) margin = atof(getenv("FMARGIN"));

  while (at <= most && l->n < MOST_RUNGS) {
    l->rungs[l->n++] = (int32_t)at;
    spare = (at - first) / SPREAD;
    at += 1 + (spare < at / finest ? spare : at / finest);
  }
  for (at = (int64_t)first + first / 4 + 1, k = 0; k < SECTIONS; k++, at *= 2) {
    l->ends[k] = at < INT32_MAX / 2 ? (int32_t)at : INT32_MAX / 2;
    l->slack[k] = -1;
  }
}

static int32_t
find_slack(ladder *l, int32_t section)
{
  rrn_race *r = l->r;
  double ns = 0;

  if (l->slack[section] >= 0)
    return RRAMNAS_OK;
  RRN_TRY(rrn_race_probe(r, l->ends[section], &ns));
  l->slack[section] = ns < 1e300 ? ns / rrn_ideal_ns(&l->ideal, l->ends[section]) : 0;
  if (getenv("FDBG")) fprintf(stderr, "anchor %d %.0f slack %.3f\n", l->ends[section], ns, l->slack[section]);
  return RRAMNAS_OK;
}

static int32_t
climb_down(ladder *l)
{
  rrn_race *r = l->r;
  double least_ns, promise_ns, ideal;
  int32_t i, k = SECTIONS - 1;

  for (i = l->n - 1; i >= 0; i--) {
    const int32_t n = l->rungs[i];

    least_ns = rrn_ideal_least_ns(&l->ideal, n);
    if (getenv("FDBG")) fprintf(stderr, "rung %d least %.0f best %.0f\n", n, least_ns, r->best_ns);
    if (least_ns >= r->best_ns)
      return RRAMNAS_OK;
    while (k > 0 && n < l->ends[k - 1])
      k--;
    RRN_TRY(find_slack(l, k));
    ideal = rrn_ideal_ns(&l->ideal, n);
    promise_ns = (1 - margin) * l->slack[k] * ideal;
    if (getenv("FDBG")) fprintf(stderr, "  promise %.0f\n", promise_ns);
    if (promise_ns >= r->best_ns) {
      while (i > 0 && (k > 0 && l->rungs[i - 1] >= l->ends[k - 1]))
        i--;
      if (k == 0) return RRAMNAS_OK;
      continue;
    }
    rrn_racer x = { .crossbars = n, .bound_ns = -1, .own_bound_ns = -1, .ns = 1e300 };
    RRN_TRY(rrn_race_short(r, &x, promise_ns > least_ns ? promise_ns : least_ns));
    if (getenv("FDBG")) fprintf(stderr, "   got %.0f x ideal %.3f\n", x.ns, x.ns / ideal);
  }
  return RRAMNAS_OK;
}

int32_t
rrn_ladder_run(rrn_race *r)
{
  ladder l = { .r = r };

  RRN_TRY(rrn_ideal_init(&l.ideal, r->m, r->search.depthwise, r->search.samples, &r->bound_arena, r->err));
  list_rungs(&l);
  return climb_down(&l);
}
