/* SPDX-License-Identifier: MIT */
/* Search for plans on a given number of crossbars.
 *
 * In:  chip, number of crossbars, what may be spent, a time that need not be beaten.
 * Out: the best plans met.
 *
 * Idea: plans of one group are built from recipes (allocation of cells, placement, use of what is left); plans of
 * several groups begin with cuts of the chain that promise most. The best few are balanced (moves on groups), the
 * better half going on after each round; then layers are moved (improve.c).
 *
 * Not handled: plans sooner than the given time are passed over; who asks for it has reasons (race.c). Deterministic:
 * budgets are work that is counted, random numbers come from the seed and the stream. Complexity: the budget. */
#include "best/search.h"

#include "best/fast.h"
#include "best/groups.h"
#include "best/regroup.h"
#include "best/slow.h"

#include <string.h>

/* Plans of groups that are so much slower than the best of all at first are not balanced. */
static const double hopeless = 1.25;

enum { EXTRA_RECIPES = 19, MOST_WAYS = 8, DENSITIES = 14 };

/* --- recipes --- */

typedef struct way {
  int8_t variant, grouped_first, deal;
} way;

/* Ways to build, each with all densities: without grouped layers; with them, one group per activation; several groups
 * per activation. Where grouped layers come first, dealt to many crossbars, plans are mostly soonest done: two such ways
 * come twice as often in the last. */
static const struct {
  int32_t n; /* odd: n, even: n + 1 is prime to the number of densities */
  way ways[MOST_WAYS];
  double densities[DENSITIES];
} cookbook[3] = {
  { 5, { { 4, 0, 0 }, { 0, 0, 0 }, { 1, 0, 0 }, { 2, 0, 0 }, { 3, 0, 0 } },
    { 0.88, 0.80, 0.94, 0.84, 0.76, 0.91, 0.98, 0.72, 0.86, 0.82, 0.96, 0.78, 0.90, 0.93 } },
  { 8, { { 1, 1, 0 }, { 2, 1, 0 }, { 1, 1, 1 }, { 3, 1, 0 }, { 4, 1, 0 }, { 2, 1, 1 }, { 0, 0, 0 }, { 3, 1, 1 } },
    { 0.82, 0.76, 0.88, 0.80, 0.72, 0.91, 0.84, 0.94, 0.78, 0.86, 0.96, 0.90, 0.98, 0.93 } },
  { 8, { { 1, 1, 1 }, { 4, 1, 1 }, { 2, 1, 1 }, { 4, 1, 2 }, { 3, 1, 1 }, { 1, 1, 1 }, { 0, 0, 0 }, { 2, 1, 1 } },
    { 0.82, 0.76, 0.80, 0.72, 0.78, 0.84, 0.88, 0.74, 0.86, 0.91, 0.70, 0.94, 0.90, 0.98 } },
};

static int32_t
cookbook_of(const rrn_search *s)
{
  return !rrn_shape_some_grouped(s->m) ? 0 : s->depthwise == RRAMNAS_DEPTHWISE_RNC ? 1 : 2;
}

/* Recipe number i of a sequence of which every beginning is spread over the whole. */
static rrn_recipe
recipe(int32_t book, int32_t i)
{
  const int32_t n = cookbook[book].n;
  const way w = cookbook[book].ways[i % n];

  return (rrn_recipe){ cookbook[book].densities[(i + (n % 2 == 0) * (i / n)) % DENSITIES], w.variant, w.deal,
                       w.grouped_first };
}

/* --- plans that are kept --- */

/* Where a plan of that start and time belongs; -1 = nowhere. The entry is empty or its predecessor. */
static int32_t
keep_index(const rrn_search *s, int32_t start, double ns)
{
  int32_t i, worst = 0;

  for (i = 0; i < s->n_keeps; i++)
    if (s->start_of[i] == start)
      return ns < s->keeps[i].ns ? i : -1;
  if (s->n_keeps < s->most_keeps)
    return s->n_keeps;
  for (i = 1; i < s->n_keeps; i++)
    worst = s->keeps[i].ns > s->keeps[worst].ns ? i : worst;
  return ns < s->keeps[worst].ns ? worst : -1;
}

static int32_t
offer(rrn_search *s, int32_t start)
{
  double ns = rrn_plan_time(&s->plan, 1e300);
  int32_t i;

  if (ns < s->plan.least_ns && s->plan.limits.few)
    ns = rrn_plan_slow_down(&s->plan, ns);
  if (s->plan.floor.failed)
    return rrn_fail_memory(s->err);
  i = keep_index(s, start, ns);
  if (i < 0 || ns < s->plan.least_ns)
    return RRAMNAS_OK;
  rrn_plan_allow_groups(&s->plan);
  if (!s->keeps[i].picks)
    RRN_TRY(rrn_keep_init(&s->keeps[i], &s->plan, s->err));
  s->n_keeps += i == s->n_keeps;
  s->start_of[i] = start;
  return rrn_keep_save(&s->keeps[i], &s->plan, ns);
}

static int32_t
try_recipe(rrn_search *s, const rrn_recipe *r, int32_t start)
{
  int32_t fits = 0;

  RRN_TRY(rrn_plan_build(&s->plan, r, NULL, &fits));
  s->tries++;
  return fits ? offer(s, start) : RRAMNAS_OK;
}

static int
some_plan_is_enough(const rrn_search *s)
{
  int32_t i;

  for (i = 0; i < s->n_keeps && s->keeps[i].ns > s->plan.enough_ns; i++)
    ;
  return i < s->n_keeps;
}

static int32_t
try_fast(rrn_search *s, int32_t only_one)
{
  rrn_fast f;
  int32_t fits = 0;

  for (rrn_fast_begin(&f, &s->plan); !f.over; s->tries++) {
    RRN_TRY(rrn_fast_build(&f, &fits));
    if (fits)
      RRN_TRY(offer(s, 0));
    f.over |= (only_one && fits) || some_plan_is_enough(s);
  }
  return RRAMNAS_OK;
}

static int32_t
try_one_group(rrn_search *s, const rrn_allowance *a)
{
  const int64_t start = rrn_plan_work(&s->plan);
  const int32_t book = cookbook_of(s), ways = cookbook[book].n, most = DENSITIES * ways;
  int32_t i;

  rrn_plan_one_group(&s->plan);
  /* Until some plan fits, more recipes than can be paid for. */
  for (i = 0; i < a->recipes || (i < most && (double)(rrn_plan_work(&s->plan) - start) < a->plans) ||
              (i < EXTRA_RECIPES && s->n_keeps == 0); i++) {
    const rrn_recipe r = recipe(book, i);

    RRN_TRY(try_recipe(s, &r, a->apart ? -(i % ways) : 0));
  }
  return RRAMNAS_OK;
}

/* How slow a plan of local search may be, relative to the one before. */
static double
tolerance(const rrn_search *s)
{
  return s->samples == 1 ? 0.002 : s->samples < 32 ? 0.01 : 0.015;
}

static int32_t
try_groups(rrn_search *s, int32_t start, const rrn_grouping *grouping, int32_t n_groups, double spend)
{
  int32_t fits;

  RRN_TRY(rrn_grouping_apply(&s->plan, grouping, n_groups, s->group_of_bar));
  RRN_TRY(rrn_plan_build_groups(&s->plan, s->group_of_bar, &fits));
  if (!fits)
    return RRAMNAS_OK;
  s->tries++;
  RRN_TRY(rrn_plan_balance(&s->plan, (int64_t)spend, 0.01));
  return offer(s, start);
}

/* The most promising number of groups that is not yet tried, or 0. */
static int32_t
next_count(const rrn_search *s, const rrn_grouping *g, const char *tried)
{
  int32_t k, best = 0;

  for (k = 2; k <= RRN_MOST_GROUPS; k++)
    if (!tried[k] && rrn_grouping_ns(g, k, s->samples) > 0 &&
        (best == 0 || rrn_grouping_ns(g, k, s->samples) < rrn_grouping_ns(g, best, s->samples)))
      best = k;
  return best;
}

/* Plans of several groups, `counts` of them. */
static int32_t
try_counts(rrn_search *s, double density, int32_t start, int32_t counts, double spend)
{
  char tried[RRN_MOST_GROUPS + 1] = { 0 };
  const double most_ns = s->n_keeps == 0 ? 1e300 : s->keeps[0].ns;
  rrn_grouping *grouping = NULL;
  int32_t i, k;

  rrn_plan_one_group(&s->plan);
  rrn_arena_reset(s->scratch);
  RRN_TRY(rrn_grouping_new(&s->plan, density, most_ns, s->scratch, &grouping));
  for (i = 0; i < counts; i++) {
    k = next_count(s, grouping, tried);
    if (k == 0)
      return RRAMNAS_OK;
    tried[k] = 1;
    RRN_TRY(try_groups(s, start + i, grouping, k, spend / counts));
  }
  return RRAMNAS_OK;
}

/* A layer that needs more crossbars than there are has no way to be laid out. */
static int
some_layer_has_no_choice(const rrn_search *s)
{
  int32_t i;

  for (i = 0; i < s->plan.n_layers; i++)
    if (s->plan.widest[i].n == 0)
      return 1;
  return 0;
}

/* The soonest plan so far that is of one group or of several; huge = there is none. */
static double
soonest(const rrn_search *s, int one_group)
{
  double ns = 1e300;
  int32_t i;

  for (i = 0; i < s->n_keeps; i++)
    if ((s->start_of[i] <= 0) == one_group && s->keeps[i].ns < ns)
      ns = s->keeps[i].ns;
  return ns;
}

/* Groups of other densities are not tried when those of one are far behind plans of one group. */
static int
groups_pay(const rrn_search *s)
{
  const double ns = soonest(s, 0);

  return ns >= 1e300 || ns <= hopeless * soonest(s, 1);
}

static int32_t
build_plans(rrn_search *s, const rrn_allowance *a)
{
  static const double densities[] = { 0.95, 0.85, 0.75, 1.0 };
  static const rrn_recipe one_copy = { 0, 0, 0, 0 }; /* of each layer, before any gets more */
  int32_t k;

  if (some_layer_has_no_choice(s))
    return RRAMNAS_OK;
  if (a->few)
    RRN_TRY(try_fast(s, a->few > 1));
  if (s->n_keeps == 0)
    RRN_TRY(try_one_group(s, a));
  if (a->few && s->n_keeps == 0)
    RRN_TRY(try_recipe(s, &one_copy, 0));
  if (a->few && s->n_keeps == 0)
    return RRAMNAS_OK; /* what does not fit on all crossbars will not on parts of them */
  for (k = 0; s->samples > 1 && k < a->densities && (k == 0 || groups_pay(s)) && !some_plan_is_enough(s); k++)
    RRN_TRY(try_counts(s, densities[k], 1 + k * RRN_MOST_GROUPS, a->counts, a->starts / a->densities));
  return RRAMNAS_OK;
}

/* --- rounds of local search --- */

static void
sort_keeps(rrn_search *s)
{
  int32_t i, k;

  for (i = 1; i < s->n_keeps; i++)
    for (k = i; k > 0 && s->keeps[k].ns < s->keeps[k - 1].ns; k--) {
      const rrn_keep keep = s->keeps[k];
      const int32_t start = s->start_of[k];

      s->keeps[k] = s->keeps[k - 1];
      s->start_of[k] = s->start_of[k - 1];
      s->keeps[k - 1] = keep;
      s->start_of[k - 1] = start;
    }
}

static int32_t
improve_keep(rrn_search *s, rrn_keep *keep, int64_t budget, double threshold)
{
  double ns = keep->ns;

  RRN_TRY(rrn_keep_load(keep, &s->plan));
  RRN_TRY(rrn_plan_improve(&s->plan, budget, threshold, &ns));
  return rrn_keep_save(keep, &s->plan, ns);
}

static int32_t
count_rounds(int32_t n)
{
  int32_t rounds = 1;

  for (; n > 1; n = (n + 1) / 2)
    rounds++;
  return rounds;
}

static int32_t
balance_keep(rrn_search *s, rrn_keep *keep, double spend, double threshold)
{
  double ns;
  int32_t i;

  for (i = 0; i < s->plan.n_layers && keep->group[i] == 0; i++)
    ;
  if (i == s->plan.n_layers)
    return RRAMNAS_OK;
  RRN_TRY(rrn_keep_load(keep, &s->plan));
  RRN_TRY(rrn_plan_balance(&s->plan, (int64_t)spend, threshold));
  ns = rrn_plan_time(&s->plan, keep->ns);
  return ns < keep->ns && ns >= s->plan.least_ns ? rrn_keep_save(keep, &s->plan, ns) : RRAMNAS_OK;
}

/* Plans far behind the best do not catch up. */
static void
drop_hopeless(rrn_search *s)
{
  while (s->n_keeps > 1 && s->keeps[s->n_keeps - 1].ns > hopeless * s->keeps[0].ns)
    s->n_keeps--;
}

/* Rounds of moves on the groups; the better half goes on, as long as more than `last` are left. */
static int32_t
balance_plans(rrn_search *s, double spend, int32_t last)
{
  double threshold = 0.008;
  int32_t rounds, i;

  sort_keeps(s);
  drop_hopeless(s);
  if (s->n_keeps == 1)
    return RRAMNAS_OK;
  for (rounds = count_rounds(s->n_keeps);; threshold *= 0.7) {
    sort_keeps(s);
    for (i = 0; i < s->n_keeps && !some_plan_is_enough(s); i++)
      RRN_TRY(balance_keep(s, &s->keeps[i], spend / rounds / s->n_keeps, threshold));
    if (s->n_keeps <= last)
      return RRAMNAS_OK;
    sort_keeps(s);
    s->n_keeps = (s->n_keeps + 1) / 2;
  }
}

static int32_t
improve_plans(rrn_search *s, double spend)
{
  const int32_t rounds = count_rounds(s->n_keeps);
  double threshold = tolerance(s);
  int32_t i;

  for (;; threshold *= 0.6) {
    sort_keeps(s);
    for (i = 0; i < s->n_keeps && !some_plan_is_enough(s); i++)
      RRN_TRY(improve_keep(s, &s->keeps[i], (int64_t)(spend / rounds / s->n_keeps), threshold));
    if (s->n_keeps == 1 || some_plan_is_enough(s))
      return RRAMNAS_OK;
    s->n_keeps = (s->n_keeps + 1) / 2;
  }
}

/* --- the whole --- */

static int32_t
begin(rrn_search *s, int32_t crossbars, const rrn_allowance *a)
{
  const rrn_shape_limits limits = { s->depthwise, a->few > 0 };

  rrn_arena_reset(s->arena);
  memset(s->keeps, 0, sizeof(s->keeps));
  s->n_keeps = 0;
  s->most_keeps = a->keeps;
  s->chip = rrn_search_bare(s->m);
  s->chip.crossbars_available = crossbars;
  RRN_TRY(rrn_plan_init(&s->plan, &s->chip, limits, s->samples, s->arena, s->err));
  s->plan.random = (uint64_t)s->seed << 8 | (uint64_t)a->stream;
  s->group_of_bar = rrn_arena_alloc(s->arena, (size_t)crossbars, sizeof(*s->group_of_bar));
  return s->group_of_bar ? RRAMNAS_OK : rrn_fail_memory(s->err);
}

rramnas_mapping
rrn_search_bare(const rramnas_mapping *m)
{
  return (rramnas_mapping){ .rt = m->rt, .hw = m->hw, .net = m->net, .n_layers = m->n_layers, .layer_of = m->layer_of,
                            .matrices = m->matrices, .unit_cols = m->unit_cols, .sharing = m->sharing,
                            .crossbars_available = m->crossbars_available };
}

rrn_allowance
rrn_search_allowance(const rrn_search *s, const rrn_allowance *whole)
{
  const double layers = s->m->n_layers;
  const double share = layers < 20 ? layers * layers / 400 : layers < 40 ? 1 : 40 / layers;
  rrn_allowance a = *whole;

  a.plans *= share;
  a.starts *= share;
  a.balance *= share;
  a.moves *= share;
  return a;
}

int32_t
rrn_search_plans(rrn_search *s, int32_t crossbars, const rrn_allowance *a, double least_ns, double enough_ns)
{
  /* One inference needs no groups. */
  const double moves = s->samples > 1 ? a->moves : a->moves + (a->balance + a->starts) / 2;

  RRN_TRY(begin(s, crossbars, a));
  s->plan.least_ns = least_ns;
  s->plan.enough_ns = enough_ns;
  RRN_TRY(build_plans(s, a));
  if (a->balance > 0 && s->n_keeps > 1)
    RRN_TRY(balance_plans(s, a->balance, a->last));
  if (moves > 0 && a->moves > 0 && s->n_keeps > 0 && (!a->few || rrn_fast_moves_pay(&s->plan)))
    RRN_TRY(improve_plans(s, moves));
  sort_keeps(s);
  s->n_keeps = s->n_keeps < a->last ? s->n_keeps : a->last;
  /* Without memory no plan fits, which must not be taken for an answer. */
  return s->plan.floor.failed ? rrn_fail_memory(s->err) : RRAMNAS_OK;
}
