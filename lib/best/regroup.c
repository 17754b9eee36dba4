/* SPDX-License-Identifier: MIT */
/* Local search on groups of layers with crossbars of their own.
 *
 * In:  a group for each layer and each crossbar.
 * Out: a plan, balanced.
 *
 * Idea: layers of different groups never meet, so a group is laid out by itself, and what counts of it is the sum of
 * the times of its layers: a sample passes all groups, and the slowest group sets the pace of the others. The
 * completion time is close to sum + (samples - 1) * largest, which needs no simulation and only the groups that
 * changed. A move gives the slowest group a crossbar of another, takes a layer from it, or neither; then it lays out
 * anew a few layers of the groups concerned, or all, with other tilings and weights. A group that does not fit at first
 * joins the one that has most room. Threshold accepting as in improve.c.
 *
 * Not handled: layers that share crossbars with layers of several groups; improve.c goes on with that. Deterministic:
 * randomness from the plan's stream. Complexity per move: O(layers * crossbars * spaces) of the groups touched. */
#include "best/regroup.h"

#include <math.h>
#include <string.h>

typedef struct regroup {
  rrn_plan *p;
  int32_t n_groups;
  double *sum;           /* [n_groups]: time of a sample; negative = does not fit */
  double *old_sum;
  int32_t *bars;         /* [n_bars] scratch: crossbars of a group */
  rrn_pick *old_picks;   /* [n_layers] */
  int32_t *old_group;
  double *old_ns;
  int32_t *old_copies;
  char *marked;          /* [n_layers]: to be laid out anew */
  int32_t n_marked;
  rrn_keep best;
  double ns;             /* of the present plan */
} regroup;

static int32_t
regroup_init(regroup *s, rrn_plan *p)
{
  const size_t n = (size_t)p->n_layers;
  int32_t i;

  *s = (regroup){ .p = p };
  for (i = 0; i < p->n_layers; i++)
    s->n_groups = p->group[i] >= s->n_groups ? p->group[i] + 1 : s->n_groups;
  s->sum = rrn_arena_alloc(p->arena, (size_t)s->n_groups, sizeof(*s->sum));
  s->old_sum = rrn_arena_alloc(p->arena, (size_t)s->n_groups, sizeof(*s->old_sum));
  s->bars = rrn_arena_alloc(p->arena, (size_t)p->floor.n_bars, sizeof(*s->bars));
  s->marked = rrn_arena_alloc(p->arena, n, 1);
  s->old_picks = rrn_arena_alloc(p->arena, n, sizeof(*s->old_picks));
  s->old_group = rrn_arena_alloc(p->arena, n, sizeof(*s->old_group));
  s->old_ns = rrn_arena_alloc(p->arena, n, sizeof(*s->old_ns));
  s->old_copies = rrn_arena_alloc(p->arena, n, sizeof(*s->old_copies));
  if (!s->sum || !s->marked || !s->old_sum || !s->bars || !s->old_picks || !s->old_group || !s->old_ns ||
      !s->old_copies)
    return rrn_fail_memory(p->err);
  return RRAMNAS_OK;
}

/* --- one group --- */

static int32_t
use_bars(regroup *s, int32_t g)
{
  rrn_floor *f = &s->p->floor;
  int32_t k;

  f->n_only = 0;
  f->only = s->bars;
  for (k = 0; k < f->n_bars; k++)
    if (f->bars[k].group == g)
      s->bars[f->n_only++] = k;
  return f->n_only;
}

static int32_t
layers_of(const regroup *s, int32_t g)
{
  int32_t i, n = 0;

  for (i = 0; i < s->p->n_layers; i++)
    if (s->p->group[i] == g)
      s->p->order[n++] = i;
  return n;
}

static void
sort_by_box(rrn_plan *p, int32_t n)
{
  rrn_box_class c[RRN_MOST_CLASSES];
  int32_t i, k, layer;

  for (i = 0; i < n; i++) {
    layer = p->order[i];
    rrn_shape_classes(p->m, layer, &rrn_plan_point(p, layer)->tiling, c);
    p->key[layer] = (double)c[0].rows * c[0].cols;
    for (k = i; k > 0 && p->key[p->order[k - 1]] < p->key[layer]; k--)
      p->order[k] = p->order[k - 1];
    p->order[k] = layer;
  }
}

/* Lays out the layers of a group on its crossbars with the variants that they have. */
static int32_t
lay_out(regroup *s, int32_t g, double density, int *ret_fits)
{
  rrn_plan *p = s->p;
  int32_t i, n;

  *ret_fits = 0;
  s->sum[g] = -1;
  use_bars(s, g);
  for (i = 0; i < p->floor.n_only; i++)
    rrn_floor_empty(&p->floor, s->bars[i]);
  n = layers_of(s, g);
  if (n > 0 && p->floor.n_only == 0)
    return RRAMNAS_OK;
  RRN_TRY(rrn_plan_allocate(p, g, density));
  sort_by_box(p, n);
  for (i = 0; i < n; i++)
    if (!rrn_plan_put(p, p->order[i], p->picks[p->order[i]]))
      return RRAMNAS_OK;
  rrn_plan_fill_some(p, p->order, n);
  for (s->sum[g] = 0, i = 0; i < n; i++)
    s->sum[g] += p->eval.ns[p->order[i]];
  *ret_fits = 1;
  return RRAMNAS_OK;
}

static int
is_large(const rrn_plan *p, int32_t layer)
{
  const rrn_matrix *x = &p->m->matrices[layer];

  return x->rows > p->floor.rows || x->cols / x->groups * x->cells > p->floor.cols;
}

static void
set_variants(regroup *s, int32_t g, int32_t variant)
{
  rrn_plan *p = s->p;
  int32_t i;

  for (i = 0; i < p->n_layers; i++)
    if (p->group[i] == g) {
      const int32_t want = is_large(p, i) ? variant : 0;

      p->picks[i] = (rrn_pick){ want < p->choices[i].n ? want : p->choices[i].n - 1, 0 };
      p->weight[i] = 1;
    }
}

static const double first_densities[] = { 1.0, 0.93, 0.86, 0.78, 0.68, 0.5, 0 };
enum { N_DENSITIES = sizeof(first_densities) / sizeof(first_densities[0]), N_VARIANTS = 3 };

/* The best of a few layouts of a group. */
static int32_t
build_group(regroup *s, int32_t g)
{
  static const int32_t variants[N_VARIANTS] = { 4, 0, 1 };
  rrn_floor *f = &s->p->floor;
  double best = -1;
  int32_t i, k, best_i = 0, best_k = 0, fits;

  for (i = 0; i < N_VARIANTS; i++)
    for (k = 0; k < N_DENSITIES; k++) {
      set_variants(s, g, variants[i]);
      RRN_TRY(lay_out(s, g, first_densities[k], &fits));
      if (fits && (best < 0 || s->sum[g] < best)) {
        best = s->sum[g];
        best_i = i;
        best_k = k;
      }
      if (fits)
        break;
    }
  if (best < 0)
    return f->failed ? rrn_fail_memory(s->p->err) : RRAMNAS_OK;
  set_variants(s, g, variants[best_i]);
  return lay_out(s, g, first_densities[best_k], &fits);
}

/* Group a becomes part of group b; the last group takes its number. */
static void
merge(regroup *s, int32_t a, int32_t b)
{
  rrn_plan *p = s->p;
  const int32_t last = --s->n_groups;
  int32_t i;

  for (i = 0; i < p->n_layers; i++)
    p->group[i] = p->group[i] == a ? b : p->group[i];
  for (i = 0; i < p->n_layers; i++)
    p->group[i] = p->group[i] == last ? a : p->group[i];
  for (i = 0; i < p->floor.n_bars; i++)
    p->floor.bars[i].group = p->floor.bars[i].group == a ? b : p->floor.bars[i].group;
  for (i = 0; i < p->floor.n_bars; i++)
    p->floor.bars[i].group = p->floor.bars[i].group == last ? a : p->floor.bars[i].group;
  s->sum[a] = s->sum[last];
}

/* The group, other than this, that has most crossbars per layer. */
static int32_t
roomiest(const regroup *s, int32_t g)
{
  const rrn_plan *p = s->p;
  double most = -1, room;
  int32_t k, i, bars, layers, best = 0;

  for (k = 0; k < s->n_groups; k++) {
    for (bars = 0, i = 0; i < p->floor.n_bars; i++)
      bars += p->floor.bars[i].group == k;
    for (layers = 0, i = 0; i < p->n_layers; i++)
      layers += p->group[i] == k;
    room = (double)bars / (layers + 1);
    if (k != g && room > most) {
      most = room;
      best = k;
    }
  }
  return best;
}

int32_t
rrn_plan_build_groups(rrn_plan *p, const int32_t *group_of_bar, int32_t *ret_fits)
{
  regroup s;
  int32_t i, to;

  *ret_fits = 0;
  RRN_TRY(regroup_init(&s, p));
  rrn_floor_clear(&p->floor);
  for (i = 0; i < p->floor.n_bars; i++)
    p->floor.bars[i].group = group_of_bar[i];
  for (i = 0; i < s.n_groups; i++)
    RRN_TRY(build_group(&s, i));
  for (i = 0; i < s.n_groups;) {
    if (s.sum[i] >= 0) {
      i++;
      continue;
    }
    if (s.n_groups == 1)
      return p->floor.failed ? rrn_fail_memory(p->err) : RRAMNAS_OK;
    to = roomiest(&s, i);
    merge(&s, i, to);
    to = to == s.n_groups ? i : to;
    RRN_TRY(build_group(&s, to));
    i = 0;
  }
  p->floor.only = NULL;
  rrn_floor_keep(&p->floor);
  rrn_plan_share_all(p);
  *ret_fits = 1;
  return p->floor.failed ? rrn_fail_memory(p->err) : RRAMNAS_OK;
}

/* --- moves --- */

static void
remember(regroup *s)
{
  const rrn_plan *p = s->p;
  const size_t n = (size_t)p->n_layers;

  memcpy(s->old_picks, p->picks, n * sizeof(*s->old_picks));
  memcpy(s->old_group, p->group, n * sizeof(*s->old_group));
  memcpy(s->old_ns, p->eval.ns, n * sizeof(*s->old_ns));
  memcpy(s->old_copies, p->eval.copies, n * sizeof(*s->old_copies));
  memcpy(s->old_sum, s->sum, (size_t)s->n_groups * sizeof(*s->sum));
}

static void
recall(regroup *s)
{
  rrn_plan *p = s->p;
  const size_t n = (size_t)p->n_layers;

  memcpy(p->picks, s->old_picks, n * sizeof(*s->old_picks));
  memcpy(p->group, s->old_group, n * sizeof(*s->old_group));
  memcpy(p->eval.ns, s->old_ns, n * sizeof(*s->old_ns));
  memcpy(p->eval.copies, s->old_copies, n * sizeof(*s->old_copies));
  memcpy(s->sum, s->old_sum, (size_t)s->n_groups * sizeof(*s->sum));
}

/* Close to the completion time: groups wait for nothing but the pace of the slowest. For that the 8-norm is taken, so
 * that others near it count too. */
static double
estimate(const regroup *s)
{
  double sum = 0, most = 0, norm = 0, x;
  int32_t g;

  for (g = 0; g < s->n_groups; g++) {
    sum += s->sum[g];
    most = s->sum[g] > most ? s->sum[g] : most;
  }
  for (g = 0; g < s->n_groups && most > 0; g++) {
    x = s->sum[g] / most;
    x *= x;
    x *= x;
    norm += x * x;
  }
  return sum + (s->p->eval.samples - 1) * most * sqrt(sqrt(sqrt(norm)));
}

static int32_t
slowest(const regroup *s)
{
  int32_t g, best = 0;

  for (g = 1; g < s->n_groups; g++)
    best = s->sum[g] > s->sum[best] ? g : best;
  return best;
}

/* Lays out a group anew, with some tilings and all weights changed. */
static int32_t
shuffle(regroup *s, int32_t g, int *ret_fits)
{
  rrn_plan *p = s->p;
  const double density = 1.02 - 0.35 * (rrn_plan_random(p, 1024) / 1024.0) * (rrn_plan_random(p, 1024) / 1024.0);
  int32_t i;

  for (i = 0; i < p->n_layers; i++)
    if (p->group[i] == g) {
      if (p->choices[i].n > 1 && rrn_plan_random(p, 4) == 0)
        p->picks[i].variant = (int32_t)rrn_plan_random(p, (uint32_t)p->choices[i].n);
      p->weight[i] = 0.7 + 0.6 * (rrn_plan_random(p, 1024) / 1024.0);
    }
  return lay_out(s, g, density, ret_fits);
}

/* Lays out anew only the layers of a group that are marked, and a few more; then the group spends what is left. */
static int32_t
touch(regroup *s, int32_t g, int *ret_fits)
{
  rrn_plan *p = s->p;
  const int32_t n = layers_of(s, g), bars = use_bars(s, g);
  int32_t more = (int32_t)rrn_plan_random(p, 3) + !s->n_marked, i, k = 0;

  *ret_fits = 0;
  s->sum[g] = -1;
  if (n > 0 && bars == 0)
    return RRAMNAS_OK;
  for (; more > 0 && n > 0; more--)
    s->marked[p->order[rrn_plan_random(p, (uint32_t)n)]] = 1;
  for (i = 0; i < n; i++)
    if (s->marked[p->order[i]])
      rrn_floor_remove(&p->floor, p->order[i], 0, 0, INT32_MAX);
  /* In a random rotation. */
  for (i = 0, k = n > 0 ? (int32_t)rrn_plan_random(p, (uint32_t)n) : 0; i < n; i++, k++) {
    const int32_t layer = p->order[k < n ? k : k - n];

    p->weight[layer] = 0.7 + 0.6 * (rrn_plan_random(p, 1024) / 1024.0);
    if (s->marked[layer] && !rrn_plan_put(p, layer, rrn_plan_near_pick(p, layer)))
      return RRAMNAS_OK;
  }
  rrn_plan_fill_some(p, p->order, n);
  for (s->sum[g] = 0, i = 0; i < n; i++)
    s->sum[g] += p->eval.ns[p->order[i]];
  *ret_fits = 1;
  return RRAMNAS_OK;
}

static void
mark(regroup *s, int32_t layer)
{
  s->marked[layer] = 1;
  s->n_marked++;
}

/* A layer of the group. */
static int32_t
some_layer(regroup *s, int32_t g)
{
  const int32_t n = layers_of(s, g);

  return n > 1 ? s->p->order[rrn_plan_random(s->p, (uint32_t)n)] : -1;
}

static void
hand_over_bar(regroup *s, int32_t from, int32_t to)
{
  const int32_t n = use_bars(s, from), bar = n > 1 ? s->bars[rrn_plan_random(s->p, (uint32_t)n)] : -1;
  rrn_floor *f = &s->p->floor;
  int32_t i;

  if (bar < 0)
    return;
  for (i = 0; i < f->bars[bar].n_boxes; i++)
    mark(s, f->bars[bar].boxes[i].layer);
  for (i = 0; i < s->p->n_layers; i++)
    if (s->marked[i])
      rrn_floor_remove(f, i, 0, 0, INT32_MAX);
  rrn_floor_regroup(f, bar, to);
}

static void
hand_over_layer(regroup *s, int32_t from, int32_t to)
{
  const int32_t layer = some_layer(s, from);

  if (layer < 0)
    return;
  rrn_floor_remove(&s->p->floor, layer, 0, 0, INT32_MAX);
  mark(s, layer);
  s->p->group[layer] = to;
}

/* Changes who is in which group; returns the other group that this concerns, or -1. */
static int32_t
trade(regroup *s, int32_t g)
{
  rrn_plan *p = s->p;
  const int32_t other = (int32_t)rrn_plan_random(p, (uint32_t)s->n_groups);
  const uint32_t way = rrn_plan_random(p, 8);

  if (other == g)
    return -1;
  if (way < 5)
    hand_over_bar(s, other, g);
  if (way >= 4)
    hand_over_layer(s, g, other);
  if (way == 7)
    hand_over_layer(s, other, g);
  return other;
}

static int32_t
move(regroup *s, int *ret_fits)
{
  rrn_plan *p = s->p;
  const int32_t g = rrn_plan_random(p, 4) > 0 ? slowest(s) : (int32_t)rrn_plan_random(p, (uint32_t)s->n_groups);
  const int gentle = rrn_plan_random(p, 4) > 0;
  int32_t other = -1;

  memset(s->marked, 0, (size_t)p->n_layers);
  s->n_marked = 0;
  if (rrn_plan_random(p, 3) > 0)
    other = trade(s, g);
  RRN_TRY((gentle ? touch : shuffle)(s, g, ret_fits));
  if (*ret_fits && other >= 0)
    RRN_TRY((gentle ? touch : shuffle)(s, other, ret_fits));
  return RRAMNAS_OK;
}

static int32_t
step(regroup *s, double threshold)
{
  rrn_plan *p = s->p;
  const double limit = s->ns * (1 + threshold);
  size_t mark;
  double ns;
  int fits;

  p->work += 40 * p->n_layers + 2 * p->floor.n_bars;
  remember(s);
  rrn_floor_keep(&p->floor);
  mark = rrn_floor_mark(&p->floor);
  RRN_TRY(move(s, &fits));
  ns = fits ? estimate(s) : 1e300;
  if (ns < limit || ns <= s->ns) {
    s->ns = ns;
    return ns < s->best.ns ? rrn_keep_save(&s->best, p, ns) : RRAMNAS_OK;
  }
  rrn_floor_back(&p->floor, mark);
  recall(s);
  return p->floor.failed ? rrn_fail_memory(p->err) : RRAMNAS_OK;
}

static void
set_sums(regroup *s)
{
  int32_t i;

  for (i = 0; i < s->p->n_layers; i++)
    s->sum[s->p->group[i]] += s->p->eval.ns[i];
}

int32_t
rrn_plan_balance(rrn_plan *p, int64_t budget, double threshold)
{
  const int64_t start = rrn_plan_work(p);
  int64_t spent;
  regroup s;

  RRN_TRY(regroup_init(&s, p));
  if (s.n_groups < 2)
    return RRAMNAS_OK;
  RRN_TRY(rrn_keep_init(&s.best, p, p->err));
  set_sums(&s);
  s.ns = estimate(&s);
  RRN_TRY(rrn_keep_save(&s.best, p, s.ns));
  while ((spent = rrn_plan_work(p) - start) < budget)
    RRN_TRY(step(&s, threshold * (1 - (double)spent / (double)budget)));
  p->floor.only = NULL;
  RRN_TRY(rrn_keep_load(&s.best, p));
  rrn_plan_allow_groups(p);
  return RRAMNAS_OK;
}
