/* SPDX-License-Identifier: MIT */
/* The currents that a sample of inputs makes in a layer's columns, without read noise.
 *
 * In:  a layer as written, inputs x[batch][in].
 * Out: each current that a converter would see, some at a time.
 *
 * Idea: a column's current is the sum of g v in the order of its rows, and a row that is not driven adds nothing. Sums stay
 * in registers: those of sixteen columns in one step, where rows that are not driven are passed over, or, in layers of
 * few columns, those of a column in eight steps. The numbers are those of the reference (mvm_reference.c),
 * to the last bit.
 *
 * Complexity: vectors x steps x cells. Room: the conductances of sixteen columns in a pass. */
#include "xbar/array.h"

enum { LANES = 8, COLUMNS = 16, FEW = 4 };

typedef double eight __attribute__((vector_size(64), aligned(8), may_alias));

#define INLINE static inline __attribute__((always_inline))

/* Columns of a slice in a pass. */
typedef struct block {
  const rrn_xbar_layer *l;
  size_t first, n;       /* rows of the pass */
  size_t col, n_cols;
  int32_t slice;
  const double *v;       /* [2^dac_bits]: voltage of a step */
  double *column;        /* [n]: room */
  double *g[2];          /* by side: [n][COLUMNS], or [FEW][n] */
  double *steps;         /* [n][LANES]: voltages of a vector in eight steps */
  rrn_xbar_visit *visit;
  void *user;
  const struct loops *loops;
} block;

/* --- sixteen columns --- */

static void
load_columns(block *b, int32_t side)
{
  double *g = b->g[side];
  size_t c, k;

  for (k = 0; k < b->n * COLUMNS; k++)
    g[k] = 0;
  for (c = 0; c < b->n_cols; c++) {
    rrn_xbar_conductances(b->l, b->slice, side, b->col + c, b->first, b->n, b->column);
    for (k = 0; k < b->n; k++)
      g[k * COLUMNS + c] = b->column[k];
  }
}

INLINE void
sum_columns(const block *b, int32_t side, const int32_t *x, int32_t step, double *ret_currents)
{
  const int32_t shift = step * b->l->spec.dac_bits, mask = rrn_xbar_max_step(b->l);
  eight low = { 0 }, high = { 0 };
  size_t k;

  for (k = 0; k < b->n; k++) {
    const int32_t level = x[b->first + k] >> shift & mask;
    const eight *g = (const eight *)(b->g[side] + k * COLUMNS);

    if (level != 0) {
      low += g[0] * b->v[level];
      high += g[1] * b->v[level];
    }
  }
  ((eight *)ret_currents)[0] = low;
  ((eight *)ret_currents)[1] = high;
}

/* --- eight steps --- */

static void
load_steps(block *b, const int32_t *x, int32_t step)
{
  const int32_t mask = rrn_xbar_max_step(b->l);
  size_t c, k;

  for (k = 0; k < b->n; k++)
    for (c = 0; c < LANES; c++) {
      const int32_t s = step + (int32_t)c;

      b->steps[k * LANES + c] = s < b->l->n_steps ? b->v[x[b->first + k] >> s * b->l->spec.dac_bits & mask] : 0;
    }
}

INLINE void
sum_steps(const block *b, int32_t side, size_t col, double *ret_currents)
{
  const double *g = b->g[side] + col * b->n;
  eight sums = { 0 };
  size_t k;

  for (k = 0; k < b->n; k++)
    sums += g[k] * *(const eight *)(b->steps + k * LANES);
  *(eight *)ret_currents = sums;
}

/* --- by processor --- */

/* Each product and sum is rounded, so all have the same numbers. */
typedef struct loops {
  void (*columns)(const block *b, int32_t side, const int32_t *x, int32_t step, double *ret_currents);
  void (*steps)(const block *b, int32_t side, size_t col, double *ret_currents);
} loops;

#define LOOPS(name, target) \
  target static void \
  columns_##name(const block *b, int32_t side, const int32_t *x, int32_t step, double *ret_currents) \
  { \
    sum_columns(b, side, x, step, ret_currents); \
  } \
\
  target static void \
  steps_##name(const block *b, int32_t side, size_t col, double *ret_currents) \
  { \
    sum_steps(b, side, col, ret_currents); \
  } \
\
  static const loops loops_##name = { columns_##name, steps_##name };

LOOPS(plain, )
#if defined(__x86_64__)
LOOPS(avx2, __attribute__((target("avx2"))))
LOOPS(avx512, __attribute__((target("avx512f"))))
#endif

/* NULL where the machine does not have them. */
static const loops *
loops_of(int level)
{
#if defined(__x86_64__)
  if (level == 2)
    return __builtin_cpu_supports("avx512f") ? &loops_avx512 : NULL;
  if (level == 1)
    return __builtin_cpu_supports("avx2") ? &loops_avx2 : NULL;
#endif
  return level == 0 ? &loops_plain : NULL;
}

/* --- both --- */

/* What converters see: the difference of a pair, or each side. */
static void
show(const block *b, double *plus, const double *minus, size_t n)
{
  size_t c;

  if (b->l->n_sides == 2 && b->l->spec.subtract_digitally)
    b->visit(b->user, b->slice, minus, n);
  else if (b->l->n_sides == 2)
    for (c = 0; c < n; c++)
      plus[c] -= minus[c];
  b->visit(b->user, b->slice, plus, n);
}

static void
visit_columns(block *b, const int32_t *x, size_t batch)
{
  double sums[2][COLUMNS];
  int32_t side, step;
  size_t i;

  for (side = 0; side < b->l->n_sides; side++)
    load_columns(b, side);
  for (i = 0; i < batch; i++)
    for (step = 0; step < b->l->n_steps; step++) {
      for (side = 0; side < b->l->n_sides; side++)
        b->loops->columns(b, side, x + i * b->l->n_in, step, sums[side]);
      show(b, sums[0], sums[1], b->n_cols);
    }
}

static void
visit_steps(block *b, const int32_t *x, size_t batch)
{
  double sums[2][LANES];
  int32_t side, step;
  size_t i, c;

  for (side = 0; side < b->l->n_sides; side++)
    for (c = 0; c < b->n_cols; c++)
      rrn_xbar_conductances(b->l, b->slice, side, b->col + c, b->first, b->n, b->g[side] + c * b->n);
  for (i = 0; i < batch; i++)
    for (step = 0; step < b->l->n_steps; step += LANES) {
      load_steps(b, x + i * b->l->n_in, step);
      for (c = 0; c < b->n_cols; c++) {
        for (side = 0; side < b->l->n_sides; side++)
          b->loops->steps(b, side, c, sums[side]);
        show(b, sums[0], sums[1], b->l->n_steps - step < LANES ? (size_t)(b->l->n_steps - step) : LANES);
      }
    }
}

/* Voltages, a column, two sides, a vector's steps: in one piece. */
static int32_t
make_room(rrn_arena *scratch, block *b, rramnas_error *err)
{
  const rrn_xbar_layer *l = b->l;
  const size_t levels = (size_t)rrn_xbar_max_step(l) + 1;
  const size_t rows = rrn_xbar_driven(l);
  double *v = rrn_arena_alloc_raw(scratch, levels + rows * (1 + LANES + 2 * COLUMNS), sizeof(*v));
  size_t k;

  if (!v)
    return rrn_fail_memory(err);
  for (k = 0; k < levels; k++)
    v[k] = (double)k / rrn_xbar_max_step(l);
  b->v = v;
  b->column = v + levels;
  b->g[0] = b->column + rows;
  b->g[1] = b->g[0] + rows * COLUMNS;
  b->steps = b->g[1] + rows * COLUMNS;
  return RRAMNAS_OK;
}

int32_t
rrn_xbar_visit_currents_by(int level, rrn_arena *scratch, const rrn_xbar_layer *l, const int32_t *x, size_t batch,
                           rrn_xbar_visit *visit, void *user, rramnas_error *err)
{
  block b = { .l = l, .visit = visit, .user = user, .loops = loops_of(level) };

  RRN_FAIL_IF(!b.loops, err, RRAMNAS_ERR_UNSUPPORTED, "loops that this machine does not have");
  if (!rrn_xbar_inputs_valid(l, x, batch, err))
    return RRAMNAS_ERR_ARGUMENT;
  RRN_TRY(make_room(scratch, &b, err));
  for (b.first = 0; b.first < l->n_in; b.first += b.n) {
    b.n = rrn_xbar_pass_end(l, b.first) - b.first;
    for (b.slice = 0; b.slice < l->n_slices; b.slice++)
      for (b.col = 0; b.col < l->cols; b.col += b.n_cols) {
        b.n_cols = l->cols - b.col < COLUMNS ? l->cols - b.col : COLUMNS;
        if (b.n_cols <= FEW)
          visit_steps(&b, x, batch);
        else
          visit_columns(&b, x, batch);
      }
  }
  return RRAMNAS_OK;
}

int32_t
rrn_xbar_visit_currents(rrn_arena *scratch, const rrn_xbar_layer *l, const int32_t *x, size_t batch,
                        rrn_xbar_visit *visit, void *user, rramnas_error *err)
{
  int level = RRN_XBAR_LOOPS_LEVELS - 1;

  while (!loops_of(level))
    level--;
  return rrn_xbar_visit_currents_by(level, scratch, l, x, batch, visit, user, err);
}
