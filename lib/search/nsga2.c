/* SPDX-License-Identifier: MIT */
/* NSGA-II with an archive and ways of variation that are chosen by their success.
 *
 * In:  members with ranks and distances; results of their children.
 * Out: children; the next members.
 *
 * Idea: parents win a tournament (constrained domination by rank, then crowding distance), children are made by
 * crossover and mutation, and the best of members and children stay (select.c). Three things are not fixed but drawn
 * in proportion to how often each has led to a child that stayed: where parents come from (tournament among the
 * members; any of the archive), how they combine (crossover; a difference vector; not at all) and how many genes
 * mutate on average (a quarter of a gene to four). For discrete spaces a fourth choice is how many children are made
 * of which the most promising alone is evaluated (1, 4, 16, 64), by the additive model of screen.c. Nothing that is
 * in use falls below a share of about 1/8.
 *
 * Where some candidate was infeasible and genes are real, half of the children whose first parent is an end of the first
 * front (infinite distance) are that end with one gene changed: by a step, or by a leap to anywhere in its range. What
 * lies between the members is found by crossing neighbours, but beyond an end there is nobody to cross with, and when
 * the front goes on behind a gap that constraints tear, steps of a few per cent of a range never get there. (OSY: half
 * of all runs stayed without the last piece of the front, where one gene jumps from 1 to 5.)
 *
 * A child that breaks a rule between genes is made anew, from other parents, up to eight times; then strategy.c mends it.
 *
 * Complexity: sorting of 2 n points per generation (sort.c) and O(n^2) at most for thinning. Paper: Deb, Pratap,
 * Agarwal, Meyarivan, IEEE Trans. Evol. Comput. 6(2), 2002; choice of operators: probability matching after
 * Thierens, GECCO 2005. Deviations: thinning (select.c), archive parents, screening, chosen rates, copies of ends, no
 * genome twice; `fixed_rates` with crowding thinning is the algorithm of the paper but for duplicates. */
#include <math.h>
#include <string.h>

#include "search/crowding.h"
#include "search/select.h"
#include "search/sort.h"
#include "search/strategy.h"

enum { BY_CROSSOVER, BY_DIFFERENCE, BY_ITSELF, BY_END };
enum { FROM_MEMBERS, FROM_ARCHIVE };

typedef struct parents {
  const double *a, *b, *c;
  const double *f; /* objectives of a */
  int end;         /* 1: a is an end of the first front */
} parents;

/* A choice, made ready: shares of the arms in use. */
typedef struct arms {
  double share[RRN_ARMS], total;
  uint32_t usable; /* bit k: arm k */
} arms;

/* What the children of one generation have in common. */
typedef struct maker {
  const rrn_strategy *s;
  arms recombine, mutate, source, screening;
  double end_chance; /* that a child of an end is made BY_END */
  double scale[RRN_MOST_OBJECTIVES];
  double *trial; /* a genome */
} maker;

/* --- choices --- */

/* An arm's share: its quality and 0.3 times the sum of all in use. */
static arms
arms_of(const rrn_choice_state *c, uint32_t usable)
{
  arms a = { .usable = usable };
  double sum = 0;
  int i, n = 0;

  for (i = 0; i < RRN_ARMS; i++)
    if (usable >> i & 1) {
      sum += c->quality[i];
      n++;
    }
  for (i = 0; i < RRN_ARMS; i++)
    a.share[i] = usable >> i & 1 ? c->quality[i] + 0.3 * sum : 0;
  a.total = sum + 0.3 * sum * n;
  return a;
}

static int
draw_arm(const arms *a, rrn_random *r)
{
  double u;
  int i, last = 0;

  if ((a->usable & (a->usable - 1)) == 0)
    return __builtin_ctz(a->usable);
  for (u = rrn_random_unit(r) * a->total, i = 0; i < RRN_ARMS && u >= 0; i++)
    if (a->usable >> i & 1) {
      u -= a->share[i];
      last = i;
    }
  return last;
}

static void
learn(rrn_choice_state *c, const uint8_t *ways, const uint8_t *stayed, size_t n, int shift)
{
  double made[RRN_ARMS] = { 0 }, won[RRN_ARMS] = { 0 };
  size_t i;
  int k;

  for (i = 0; i < n; i++) {
    made[ways[i] >> shift & 3]++;
    won[ways[i] >> shift & 3] += stayed[i];
  }
  for (k = 0; k < RRN_ARMS; k++)
    if (made[k] > 0) {
      const double weight = made[k] / (made[k] + 50);

      c->quality[k] += weight * ((won[k] + 0.01) / (made[k] + 0.01) - c->quality[k]);
    }
}

/* --- parents --- */

static size_t
tournament(const rrn_strategy *s, rrn_random *r)
{
  const size_t a = rrn_random_below(r, (uint32_t)s->n), b = rrn_random_below(r, (uint32_t)s->n);

  if (s->rank[a] != s->rank[b])
    return s->rank[a] < s->rank[b] ? a : b;
  return s->crowding[b] > s->crowding[a] ? b : a;
}

static int
is_end(const rrn_strategy *s, size_t i)
{
  return s->rank[i] == 0 && s->crowding[i] == INFINITY;
}

static const double *
member(const rrn_strategy *s, size_t i)
{
  return s->genomes + i * s->genes.n;
}

static parents
draw_parents(const rrn_strategy *s, int source, rrn_random *r)
{
  const size_t n = s->archive.n;
  parents p;
  size_t i;

  if (source == FROM_MEMBERS) {
    i = tournament(s, r);
    p.a = member(s, i);
    p.f = s->f + i * s->options.n_objectives;
    p.end = is_end(s, i);
    p.b = member(s, tournament(s, r));
    p.c = member(s, rrn_random_below(r, (uint32_t)s->n));
    return p;
  }
  i = rrn_random_below(r, (uint32_t)n);
  p.a = rrn_archive_payload(&s->archive, i);
  p.f = s->archive.f + i * s->options.n_objectives;
  p.end = 0;
  p.b = rrn_archive_payload(&s->archive, rrn_random_below(r, (uint32_t)n));
  p.c = rrn_archive_payload(&s->archive, rrn_random_below(r, (uint32_t)n));
  return p;
}

/* --- children --- */

static void
combine(const rrn_strategy *s, const rrn_variation *v, int how, const parents *p, rrn_random *r, double *ret_child)
{
  if (how == BY_CROSSOVER)
    rrn_crossover(&s->genes, v, r, p->a, p->b, ret_child);
  else if (how == BY_DIFFERENCE)
    rrn_differential(&s->genes, v, r, 0.5, p->a, p->b, p->c, ret_child);
  else
    memcpy(ret_child, p->a, s->genes.n * sizeof(*ret_child));
}

static int
has_reals(const rrn_genes *genes)
{
  size_t i;

  for (i = 0; i < genes->n; i++)
    if (genes->at[i].kind == RRN_GENE_REAL && genes->at[i].low < genes->at[i].high)
      return 1;
  return 0;
}

static uint8_t
draw_way(const maker *m, rrn_random *r)
{
  int how, rate, source, tries;

  if (m->s->options.fixed_rates)
    return (uint8_t)((rrn_random_unit(r) < 0.9 ? BY_CROSSOVER : BY_ITSELF) | 1 << 2);
  how = draw_arm(&m->recombine, r);
  rate = draw_arm(&m->mutate, r);
  source = draw_arm(&m->source, r);
  tries = draw_arm(&m->screening, r);
  return (uint8_t)(how | rate << 2 | source << 4 | tries << 6);
}

static void
make_one(const rrn_strategy *s, uint8_t way, const parents *p, rrn_random *r, double *ret_child)
{
  if ((way & 3) == BY_END) {
    memcpy(ret_child, p->a, s->genes.n * sizeof(*ret_child));
    if (rrn_random_unit(r) < 0.5)
      rrn_redraw_one(&s->genes, r, ret_child);
    else
      rrn_mutate_one(&s->genes, &s->variation, r, ret_child);
  } else {
    combine(s, &s->variation, way & 3, p, r, ret_child);
    rrn_mutate(&s->genes, &s->variation, r, &s->rates[way >> 2 & 3], ret_child);
  }
  rrn_wake(&s->genes, r, p->a, p->b, ret_child);
}

/* --- screening --- */

/* 1 / range of the archive in each objective. */
static void
archive_scale(const rrn_strategy *s, double *ret_scale)
{
  const size_t m = s->options.n_objectives;
  size_t i, j;

  for (j = 0; j < m; j++) {
    double low = INFINITY, high = -INFINITY;

    for (i = 0; i < s->archive.n; i++) {
      low = s->archive.f[i * m + j] < low ? s->archive.f[i * m + j] : low;
      high = s->archive.f[i * m + j] > high ? s->archive.f[i * m + j] : high;
    }
    ret_scale[j] = high > low ? 1 / (high - low) : 0;
  }
}

/* How far f lies ahead of the archive: the least, over its points, of the greatest lead in an objective. Negative when
 * some point leads in all. */
static double
lead(const rrn_strategy *s, const double *scale, const double *f)
{
  const size_t m = s->options.n_objectives;
  double least = INFINITY;
  size_t i, j;

  for (i = 0; i < s->archive.n; i++) {
    const double *q = s->archive.f + i * m;
    double most = -INFINITY;

    for (j = 0; j < m; j++) {
      const double d = (q[j] - f[j]) * scale[j];

      most = d > most ? d : most;
    }
    least = most < least ? most : least;
  }
  return least;
}

/* What a child may be worth: its first parent's objectives and the guessed difference. */
static double
promise(const rrn_strategy *s, const double *scale, const parents *p, const double *child)
{
  double guess[RRN_MOST_OBJECTIVES], base[RRN_MOST_OBJECTIVES];
  size_t j;

  rrn_screen_guess(&s->screen, &s->genes, child, guess);
  rrn_screen_guess(&s->screen, &s->genes, p->a, base);
  for (j = 0; j < s->options.n_objectives; j++)
    guess[j] += p->f[j] - base[j];
  return lead(s, scale, guess);
}

/* The most promising of several new children; ret_child stays as it is when none is new. */
static void
screen_children(const maker *m, uint8_t way, int tries, rrn_random *r, double *ret_child)
{
  const rrn_strategy *s = m->s;
  double best = -INFINITY;
  int k;

  for (k = 0; k < tries; k++) {
    const parents p = draw_parents(s, way >> 4 & 3, r);
    double value;

    make_one(s, way, &p, r, m->trial);
    if (rrn_strategy_broken(s, m->trial) > 0 || rrn_seen_has(&s->seen, rrn_fingerprint_of(m->trial, s->genes.n)))
      continue;
    value = promise(s, m->scale, &p, m->trial);
    if (value > best) {
      best = value;
      memcpy(ret_child, m->trial, s->genes.n * sizeof(*ret_child));
    }
  }
}

static int
by_end(const maker *m, const parents *p, rrn_random *r)
{
  return p->end && m->end_chance > 0 && rrn_random_unit(r) < m->end_chance;
}

/* Returns how the child was made. Children of ends are booked under choices that are not in use with real genes. */
static uint8_t
draw_child(const maker *m, rrn_random *r, double *ret_child)
{
  static const int tries_of[RRN_ARMS] = { 1, 4, 16, 64 };
  uint8_t way = draw_way(m, r);
  const parents p = draw_parents(m->s, way >> 4 & 3, r);

  if (by_end(m, &p, r))
    way = BY_END | 3 << 2;
  make_one(m->s, way, &p, r, ret_child);
  if (way >> 6)
    screen_children(m, way, tries_of[way >> 6], r, ret_child);
  return way;
}

static int32_t
make_child(rrn_strategy *s, const maker *m, size_t i, rramnas_error *err)
{
  rrn_random r = rrn_random_start(s->options.seed, s->generation, (uint32_t)i, RRN_RANDOM_VARIATION);
  double *child = s->genomes + (s->n + s->n_asked) * s->genes.n;
  int32_t status, tries = 0;
  uint8_t way;

  do
    way = draw_child(m, &r, child);
  while (++tries < RRN_MOST_TRIES && rrn_strategy_broken(s, child) > 0);
  status = rrn_strategy_claim(s, &r, child, err);
  if (status < 0)
    return status;
  s->ways[s->n + s->n_asked] = way;
  s->n_asked += (size_t)status;
  return RRAMNAS_OK;
}

/* Half of the children of ends, one child of all in sixteen at most: a tournament of two takes one of e ends among n
 * members in 2 e / n of the cases. */
static double
end_chance_of(const rrn_strategy *s)
{
  size_t i, ends = 0;
  double chance;

  for (i = 0; i < s->n; i++)
    ends += (size_t)is_end(s, i);
  chance = ends > 0 ? (double)s->n / (32 * (double)ends) : 0;
  return chance < 0.5 ? chance : 0.5;
}

/* With real genes: members alone are parents (the archive of a continuous problem is large and says little about where
 * to go), small rates, no screening, no copies but of ends. */
static void
prepare(maker *m, const rrn_strategy *s)
{
  const int reals = has_reals(&s->genes);

  m->s = s;
  m->recombine = arms_of(&s->recombine, 1 << BY_CROSSOVER | (reals ? 1 << BY_DIFFERENCE : 1 << BY_ITSELF));
  m->mutate = arms_of(&s->mutate, reals ? 3 : 15);
  m->source = arms_of(&s->source, reals || s->archive.n < 2 ? 1 : 3);
  m->screening = arms_of(&s->screening, reals || s->archive.n < 2 ? 1 : 15);
  m->end_chance = reals && s->torn && !s->options.fixed_rates ? end_chance_of(s) : 0;
  archive_scale(s, m->scale);
}

int32_t
rrn_nsga2_ask(rrn_strategy *s, size_t wanted, rramnas_error *err)
{
  maker m;
  size_t i;

  rrn_arena_reset(&s->scratch);
  m.trial = rrn_arena_alloc_raw(&s->scratch, s->genes.n, sizeof(*m.trial));
  if (!m.trial)
    return rrn_fail_memory(err);
  prepare(&m, s);
  for (i = 0; i < wanted; i++)
    RRN_TRY(make_child(s, &m, i, err));
  return RRAMNAS_OK;
}

/* --- survivors --- */

static void
move_row(rrn_strategy *s, size_t to, size_t from)
{
  const size_t m = s->options.n_objectives, g = s->genes.n;

  if (to == from)
    return;
  memcpy(s->genomes + to * g, s->genomes + from * g, g * sizeof(*s->genomes));
  memcpy(s->f + to * m, s->f + from * m, m * sizeof(*s->f));
  s->cv[to] = s->cv[from];
  s->rank[to] = s->rank[from];
}

/* Distances front by front. */
static int32_t
set_crowding(rrn_strategy *s, rramnas_error *err)
{
  uint32_t *ids = rrn_arena_alloc_raw(&s->scratch, s->n, sizeof(*ids));
  rrn_key *keys = rrn_arena_alloc_raw(&s->scratch, s->n, 2 * sizeof(*keys));
  size_t i, end, k;

  if (!ids || !keys)
    return rrn_fail_memory(err);
  for (i = 0; i < s->n; i++)
    keys[i] = (rrn_key){ s->rank[i], i };
  rrn_order(keys, keys + s->n, s->n);
  for (i = 0; i < s->n; i++)
    ids[i] = (uint32_t)keys[i].index;
  for (i = 0; i < s->n; i = end) {
    for (end = i; end < s->n && s->rank[ids[end]] == s->rank[ids[i]]; end++)
      ;
    k = end - i;
    rrn_crowding(s->f, s->options.n_objectives, ids + i, k, keys, s->crowding);
  }
  return RRAMNAS_OK;
}

int32_t
rrn_nsga2_tell(rrn_strategy *s, rramnas_error *err)
{
  const size_t n = s->n + s->n_asked;
  uint8_t *selected;
  size_t i, to = 0;

  rrn_arena_reset(&s->scratch);
  selected = rrn_arena_alloc_raw(&s->scratch, n, 1);
  if (!selected)
    return rrn_fail_memory(err);
  RRN_TRY(rrn_select(&s->scratch, s->f, s->cv, n, s->options.n_objectives, s->options.population, s->options.thinning,
                     s->rank, selected, err));
  if (s->generation > 0) {
    learn(&s->recombine, s->ways + s->n, selected + s->n, s->n_asked, 0);
    learn(&s->mutate, s->ways + s->n, selected + s->n, s->n_asked, 2);
    learn(&s->source, s->ways + s->n, selected + s->n, s->n_asked, 4);
    learn(&s->screening, s->ways + s->n, selected + s->n, s->n_asked, 6);
  }
  for (i = 0; i < n; i++)
    if (selected[i])
      move_row(s, to++, i);
  s->n = to;
  s->n_asked = 0;
  return set_crowding(s, err);
}
