/* SPDX-License-Identifier: MIT */
/* Ruin and recreate.
 *
 * In:  a packing with boxes left out, a budget.
 * Out: the same crossbars, fewer boxes left out; none when it succeeds.
 *
 * Idea: a step empties one to three crossbars, or takes about half of their boxes, and puts everything back together
 * with the boxes left out, large ones first or those left out first. What finds no room is left out. The step stands
 * when the cost is not higher than before by more than a random amount:
 *
 *   cost = 2 * cells left out - sum over crossbars of (free cells)^2 / cells of a crossbar
 *
 * The second term gathers the free cells: one crossbar half empty takes a large box, ten with a twentieth free do not.
 *
 *   before            ruin 2, 3          recreate           (x: left out)
 *   aab ccd eef  x    aab ... eef  x     aab xxc eef
 *   aab ccd ee.       aab ... ee.        aab xxc eed        one crossbar fewer when nothing is left out
 *
 * The random amount is exponential with a mean that sinks to 0 over a cycle of steps and starts anew: annealing whose
 * schedule does not depend on the budget, so that a larger budget repeats the work of a smaller one and goes on.
 *
 * Invariant: at each mark, no box left out fits any crossbar as it is; so boxes that were left out before the step are
 * tried in the ruined crossbars only. The first step after a change from outside tries them everywhere.
 *
 * Not handled: opening or closing crossbars (pack_search.c). When to prefer it: always, after first fit.
 *
 * Complexity: a step costs the boxes it moves * (crossbars / 8 + spaces^2), whatever the number of boxes.
 *
 * Sources: ruin and recreate: Schrimpf et al., J. Computational Physics 159 (2000). Emptying one bin into the others
 * as the goal: Lodi, Martello, Vigo, INFORMS J. Computing 11 (1999). Everything is in integers: the exponential is
 * from the leading zeros of a random number. */
#include "compile/pack_ruin.h"

enum {
  MOST_RUINED = 3,
  WEIGHT_LEFT_OUT = 2,
  START_PER_MILLE = 20, /* mean of the random amount at the start of a cycle, of a crossbar's cells */
  CYCLE_STEPS = 20000,
  BINS_PER_WORK = 256, /* crossbars looked through that count as a box put */
  ORDER_KINDS = 8
};

/* splitmix64 (Steele, Lea, Flood, OOPSLA 2014). */
static uint64_t
next_random(rrn_pack_ruin *r)
{
  uint64_t z = r->random += UINT64_C(0x9e3779b97f4a7c15);

  z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
  return z ^ (z >> 31);
}

/* In [0, n), n > 0 and below 2^31. */
static int32_t
below(rrn_pack_ruin *r, int32_t n)
{
  return (int32_t)((next_random(r) >> 32) * (uint64_t)n >> 32);
}

/* -log2 of a random number in (0, 1], in 1/256: exponential, mean 256 / ln 2. */
static int64_t
exponential(rrn_pack_ruin *r)
{
  const uint64_t z = next_random(r) | 1;
  const int zeros = __builtin_clzll(z);
  const uint64_t mantissa = z << zeros << 1 >> 56;

  return 256 * (int64_t)zeros + 255 - (int64_t)mantissa;
}

int32_t
rrn_pack_ruin_init(rrn_pack_ruin *r, rrn_pack_state *state, uint64_t seed, rramnas_error *err)
{
  *r = (rrn_pack_ruin){ .state = state, .random = seed };
  r->keyed = rrn_arena_alloc_raw(state->arena, state->n_boxes + 1, sizeof(*r->keyed));
  r->keep = rrn_arena_alloc_raw(state->arena, state->n_boxes + 1, sizeof(*r->keep));
  return r->keyed && r->keep ? RRAMNAS_OK : rrn_fail_memory(err);
}

/* A crossbar; of two every other time the emptier one. */
static int32_t
choose_bin(rrn_pack_ruin *r)
{
  const rrn_pack_bin *bins = r->state->bins;
  const int32_t a = below(r, r->state->n_bins);
  int32_t b;

  if (below(r, 2))
    return a;
  b = below(r, r->state->n_bins);
  return bins[b].free > bins[a].free ? b : a;
}

/* Takes all boxes of crossbar k, or every other time about half of them. */
static int32_t
ruin_bin(rrn_pack_ruin *r, int32_t k, rramnas_error *err)
{
  const size_t n = r->state->bins[k].n_items;
  size_t i;

  if (below(r, 2))
    return rrn_pack_state_take(r->state, k, NULL, err);
  for (i = 0; i < n; i++)
    r->keep[i] = (uint8_t)below(r, 2);
  return rrn_pack_state_take(r->state, k, r->keep, err);
}

static int32_t
ruin(rrn_pack_ruin *r, int32_t *ruined, int32_t *ret_n, rramnas_error *err)
{
  const int32_t wanted = 1 + below(r, MOST_RUINED);
  int32_t n = 0, i;

  for (i = 0; i < wanted; i++) {
    const int32_t k = choose_bin(r);

    if (r->state->bins[k].saved)
      continue;
    RRN_TRY(ruin_bin(r, k, err));
    ruined[n++] = k;
  }
  *ret_n = n;
  return RRAMNAS_OK;
}

static rrn_pack_order
choose_order(rrn_pack_ruin *r)
{
  static const rrn_pack_order kinds[ORDER_KINDS] = {
    RRN_PACK_AREA, RRN_PACK_AREA, RRN_PACK_AREA, RRN_PACK_AREA,
    RRN_PACK_ROWS, RRN_PACK_PERIMETER, RRN_PACK_COLS, RRN_PACK_LONG_SIDE,
  };

  return kinds[below(r, ORDER_KINDS)];
}

/* Boxes in the order in which they go back: by size, every other time blurred, every other time those left out before
 * the step first. */
static void
sort_left_out(rrn_pack_ruin *r)
{
  const rrn_pack_state *s = r->state;
  const rrn_pack_order kind = choose_order(r);
  const int blurred = below(r, 2), first = below(r, 2);
  size_t i;

  for (i = 0; i < s->n_left_out; i++) {
    rrn_pack_keyed *x = &r->keyed[i];

    x->before = i < s->n_saved_left_out;
    x->major = first && !x->before;
    x->box = s->left_out[i];
    x->key = rrn_pack_order_key(kind, &s->boxes[x->box]);
    if (blurred)
      x->key = x->key / 16 * (16 - below(r, 12));
  }
  rrn_pack_order_sort(r->keyed, s->n_left_out);
}

/* The first of the ruined crossbars that takes the box. */
static int32_t
first_ruined(const rrn_pack_state *s, const rrn_pack_box *box, const int32_t *ruined, int32_t n, int32_t *ret_space)
{
  int32_t i;

  for (i = 0; i < n; i++) {
    *ret_space = rrn_pack_state_space(s, ruined[i], box);
    if (*ret_space >= 0)
      return ruined[i];
  }
  return -1;
}

static int32_t
find_bin(rrn_pack_ruin *r, const rrn_pack_box *box, const int32_t *ruined, int32_t n, int tightest, int32_t *ret_space)
{
  int32_t k;

  if (tightest) {
    r->state->work += r->state->n_bins / BINS_PER_WORK;
    return rrn_pack_state_tightest(r->state, box, ret_space);
  }
  k = first_ruined(r->state, box, ruined, n, ret_space);
  r->state->work += k < 0 ? r->state->n_bins / BINS_PER_WORK : 0;
  return k >= 0 ? k : rrn_pack_state_first(r->state, box, below(r, r->state->n_bins), ret_space);
}

static int32_t
recreate(rrn_pack_ruin *r, const int32_t *ruined, int32_t n_ruined, int fresh, rramnas_error *err)
{
  rrn_pack_state *s = r->state;
  const size_t n = s->n_left_out;
  const int tightest = below(r, 4) == 0;
  size_t i, left = 0;

  s->rule = (rrn_pack_rule)below(r, RRN_PACK_RULES);
  sort_left_out(r);
  for (i = 0; i < n; i++) {
    const int32_t b = r->keyed[i].box;
    const rrn_pack_box *box = &s->boxes[b];
    int32_t space = -1, k;

    k = r->keyed[i].before && !fresh ? first_ruined(s, box, ruined, n_ruined, &space)
                                         : find_bin(r, box, ruined, n_ruined, tightest, &space);
    if (k < 0) {
      s->left_out[left++] = b;
      continue;
    }
    s->left_out_cells -= (int64_t)box->rows * box->cols;
    RRN_TRY(rrn_pack_state_put(s, k, space, b, err));
  }
  s->n_left_out = left;
  return RRAMNAS_OK;
}

static int64_t
cost(const rrn_pack_state *s)
{
  return s->left_out_cells * WEIGHT_LEFT_OUT - s->concentration / ((int64_t)s->rules->rows * s->rules->cols);
}

/* Mean of the amount by which the cost may rise now, times 256. */
static int64_t
heat(const rrn_pack_ruin *r)
{
  const int64_t cells = (int64_t)r->state->rules->rows * r->state->rules->cols;

  return cells * START_PER_MILLE / 1000 * (CYCLE_STEPS - r->step % CYCLE_STEPS) / CYCLE_STEPS;
}

int32_t
rrn_pack_ruin_run(rrn_pack_ruin *r, int64_t budget, rramnas_error *err)
{
  rrn_pack_state *s = r->state;
  int64_t current = cost(s), now;
  int fresh = 1;

  while (s->n_left_out > 0 && s->work < budget) {
    int32_t ruined[MOST_RUINED], n = 0;

    rrn_pack_state_mark(s);
    RRN_TRY(ruin(r, ruined, &n, err));
    RRN_TRY(recreate(r, ruined, n, fresh, err));
    now = cost(s);
    if (now <= current + heat(r) * exponential(r) / 256) {
      current = now;
      fresh = 0;
    } else {
      rrn_pack_state_undo(s);
    }
    r->step++;
    s->work++;
  }
  rrn_pack_state_mark(s);
  return RRAMNAS_OK;
}
