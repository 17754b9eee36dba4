/* SPDX-License-Identifier: MIT */
/* Octaves of a layer's currents from whole numbers: what adc.c finds from the currents themselves, sooner.
 *
 * In:  a layer of pairs that are subtracted before the converter, whose cells conduct exactly as their digits say;
 *      inputs x[batch][in]; the fraction of currents that a range is to hold.
 * Out: each slice's range in octaves below the greatest current; or that nothing is known.
 *
 * Idea: a pair's off conductances cancel, so a current is the sum of differences of digits times steps, a whole number,
 * times the current of one digit. Sums of 32 vectors stand in words of 16 bits. The currents themselves are rounded
 * sums: how far they may be off is bounded, and a number too near to the border of an octave is counted on both sides of
 * it. Where both give one range, that is the range. As soon as more than are allowed lie beyond some range, smaller ones
 * are no longer counted for, and hardly any block of sums has a number that is: the others are looked at once.
 *
 * Complexity: vectors x steps x cells. Room: the sample's steps in words of 16 bits; digits of four columns.
 * Not handled, and said so: other layers; sums beyond 16 bits; ranges that the rounding of sums decides. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "xbar/adc.h"

enum { LANES = 32, COLUMNS = 4, LAST = RRN_XBAR_OCTAVES - 1 };

typedef int16_t lanes __attribute__((vector_size(64), aligned(2), may_alias));
typedef uint16_t words __attribute__((vector_size(64), aligned(2), may_alias));
typedef uint64_t eight __attribute__((vector_size(64), may_alias));

#define INLINE static inline __attribute__((always_inline))

/* Currents of a slice beyond each octave, those that surely are and those that may be: of the first `open` octaves. Surely
 * more than allowed are beyond octave `open`. */
typedef struct tally {
  int64_t n, surely[LAST], perhaps[LAST];
  double allowed;
  int32_t open;
} tally;

typedef struct job {
  const rrn_xbar_layer *l;
  const int32_t *x;
  size_t batch, tiles;
  size_t first, n;     /* rows of the pass */
  size_t col, n_cols;
  uint32_t *inputs;    /* [n]: their numbers */
  int32_t *digits;     /* [2][n]: of a column */
  lanes *steps;        /* [tiles][n_steps][n]: steps of a tile's vectors, 0 where there is none */
  int16_t *cells;      /* [n_slices][n][COLUMNS]: digits, those of the other side below zero */
  int16_t surely[LAST], perhaps[LAST]; /* what has a greater magnitude is, or may be, beyond the octave */
  tally slices[RRN_XBAR_MAX_SLICES];
} job;

/* --- borders --- */

/* With n rows: a product of rounded factors is off by less than 6 units of 2^-53, a sum of n of them by n^2 + 6 n, a
 * difference of two by twice that and n, which is below 2^-49 n^2. */
static int
find_borders(job *j)
{
  const double n = (double)rrn_xbar_driven(j->l), one = rrn_xbar_unit_of(j->l) / rrn_xbar_max_step(j->l);
  int k;

  for (k = 0; k < LAST; k++) {
    const double border = ldexp(n / one, -(k + 1)), off = (n * n / one + border) * 0x1p-49;

    j->surely[k] = border + off < INT16_MAX ? (int16_t)(border + off) : INT16_MAX;
    j->perhaps[k] = border - off < INT16_MAX ? (int16_t)(border - off) : INT16_MAX;
    if (border < off)
      return 0; /* no current at all could be one */
  }
  return 1;
}

static int
suits(const rrn_xbar_layer *l)
{
  const double greatest = (double)rrn_xbar_driven(l) * rrn_xbar_max_digit(l) * rrn_xbar_max_step(l);

  return l->ideal && !l->g && l->n_sides == 2 && !l->spec.subtract_digitally && greatest <= INT16_MAX;
}

/* --- counting --- */

static void
count(const job *j, tally *t, const int16_t *sums, size_t n)
{
  size_t i;

  for (i = 0; i < n; i++) {
    const int magnitude = abs(sums[i]);
    int32_t k;

    for (k = t->open - 1; k >= 0 && magnitude > j->perhaps[k]; k--) {
      t->perhaps[k]++;
      t->surely[k] += magnitude > j->surely[k];
    }
  }
  while (t->open > 0 && (double)t->surely[t->open - 1] > t->allowed)
    t->open--;
}

/* Whether one has a magnitude above the border, which leaves a number below 0. Not by comparing: gcc does that lane by
 * lane. */
INLINE int
some_exceed(const lanes *sums, int n, int16_t border)
{
  const uint64_t signs = UINT64_C(0x8000800080008000);
  lanes found = { 0 };
  eight all;
  int c;

  for (c = 0; c < n; c++) {
    const lanes below = sums[c] >> 15; /* -1 or 0 */

    found |= border - ((sums[c] ^ below) - below);
  }
  all = (eight)found;
  return ((all[0] | all[1] | all[2] | all[3] | all[4] | all[5] | all[6] | all[7]) & signs) != 0;
}

/* --- sums --- */

INLINE void
sum_columns(const lanes *steps, const int16_t *cells, size_t n, int n_cols, lanes *ret_sums)
{
  lanes sums[COLUMNS] = { { 0 } };
  size_t k;
  int c;

  for (k = 0; k < n; k++)
    for (c = 0; c < n_cols; c++)
      sums[c] += steps[k] * cells[k * COLUMNS + (size_t)c];
  for (c = 0; c < n_cols; c++)
    ret_sums[c] = sums[c];
}

/* n_cols 1 or COLUMNS: columns that are not there have sums of 0, which are never counted. */
INLINE void
visit_columns(job *j, int n_cols)
{
  const size_t n_planes = j->tiles * (size_t)j->l->n_steps;
  lanes sums[COLUMNS];
  int32_t slice;
  size_t p;

  for (p = 0; p < n_planes; p++)
    for (slice = 0; slice < j->l->n_slices; slice++) {
      tally *t = &j->slices[slice];

      sum_columns(j->steps + p * j->n, j->cells + (size_t)slice * j->n * COLUMNS, j->n, n_cols, sums);
      if (t->open > 0 && some_exceed(sums, n_cols, j->perhaps[t->open - 1]))
        count(j, t, (const int16_t *)sums, (size_t)n_cols * LANES);
    }
}

/* --- by processor --- */

typedef void visitor(job *j);

#define VISITOR(name, target) \
  target static void \
  visit_##name(job *j) \
  { \
    if (j->n_cols == 1) \
      visit_columns(j, 1); \
    else \
      visit_columns(j, COLUMNS); \
  }

VISITOR(plain, )
#if defined(__x86_64__)
VISITOR(avx2, __attribute__((target("avx2"))))
VISITOR(avx512, __attribute__((target("avx512bw"))))
#endif

/* NULL where the machine does not have it. */
static visitor *
visitor_of(int level)
{
#if defined(__x86_64__)
  if (level == 2)
    return __builtin_cpu_supports("avx512bw") ? visit_avx512 : NULL;
  if (level == 1)
    return __builtin_cpu_supports("avx2") ? visit_avx2 : NULL;
#endif
  return level == 0 ? visit_plain : NULL;
}

/* --- steps and cells --- */

/* Of a tile's vectors, row by row. */
static void
load_tile(job *j, size_t tile)
{
  const rrn_xbar_layer *l = j->l;
  const size_t begin = tile * LANES, n = j->batch - begin < LANES ? j->batch - begin : LANES;
  const int16_t mask = (int16_t)rrn_xbar_max_step(l);
  lanes *to = j->steps + tile * (size_t)l->n_steps * j->n;
  int32_t step;
  size_t k, i;

  for (k = 0; k < j->n; k++) {
    const int32_t *x = j->x + begin * l->n_in + j->first + k;
    uint16_t row[LANES] = { 0 };

    for (i = 0; i < n; i++)
      row[i] = (uint16_t)x[i * l->n_in];
    for (step = 0; step < l->n_steps; step++)
      to[(size_t)step * j->n + k] = (lanes)(*(const words *)row >> (uint16_t)(step * l->spec.dac_bits)) & mask;
  }
}

static void
load_steps(job *j)
{
  size_t tile, k;

  for (k = 0; k < j->n; k++)
    j->inputs[k] = (uint32_t)(j->first + k);
  for (tile = 0; tile < j->tiles; tile++)
    load_tile(j, tile);
}

static void
load_cells(job *j)
{
  int32_t slice;
  size_t c, k;

  memset(j->cells, 0, (size_t)j->l->n_slices * j->n * COLUMNS * sizeof(*j->cells));
  for (slice = 0; slice < j->l->n_slices; slice++)
    for (c = 0; c < j->n_cols; c++) {
      rrn_xbar_digits(j->l, slice, 0, j->col + c, j->inputs, j->n, j->digits);
      rrn_xbar_digits(j->l, slice, 1, j->col + c, j->inputs, j->n, j->digits + j->n);
      for (k = 0; k < j->n; k++)
        j->cells[((size_t)slice * j->n + k) * COLUMNS + c] = (int16_t)(j->digits[k] - j->digits[j->n + k]);
    }
}

static int32_t
make_room(rrn_arena *scratch, job *j, rramnas_error *err)
{
  const size_t n = rrn_xbar_driven(j->l);

  j->inputs = rrn_arena_alloc_raw(scratch, n, sizeof(*j->inputs));
  j->digits = rrn_arena_alloc_raw(scratch, 2 * n, sizeof(*j->digits));
  j->steps = rrn_arena_alloc_raw(scratch, j->tiles * (size_t)j->l->n_steps * n, sizeof(*j->steps));
  j->cells = rrn_arena_alloc_raw(scratch, (size_t)j->l->n_slices * n * COLUMNS, sizeof(*j->cells));
  return j->inputs && j->digits && j->steps && j->cells ? RRAMNAS_OK : rrn_fail_memory(err);
}

/* --- the range --- */

/* In octaves; -1 when what may be beyond makes it another one. */
static int32_t
range_of(const tally *t, double fraction)
{
  const double some = (double)t->surely[LAST - 1];
  double allowed = t->allowed;
  int32_t k = t->open;

  if (k == LAST) { /* hardly any current is one: of these, see adc.c */
    if (t->perhaps[LAST - 1] != t->surely[LAST - 1])
      return -1;
    allowed = (1 - fraction) * some;
    for (k = 0; k < LAST && (double)t->surely[k] <= allowed; k++)
      ;
    if (k == LAST)
      return 0;
  }
  return k > 0 && (double)t->perhaps[k - 1] > allowed ? -1 : k;
}

static void
begin_tallies(job *j, double fraction)
{
  int32_t slice;
  size_t first;

  for (slice = 0; slice < j->l->n_slices; slice++) {
    tally *t = &j->slices[slice];

    memset(t, 0, sizeof(*t));
    for (first = 0; first < j->l->n_in; first = rrn_xbar_pass_end(j->l, first))
      t->n += (int64_t)(j->batch * (size_t)j->l->n_steps * j->l->cols);
    t->allowed = (1 - fraction) * (double)t->n;
    t->open = LAST;
  }
}

static void
visit_layer(job *j, visitor *visit)
{
  const rrn_xbar_layer *l = j->l;

  for (j->first = 0; j->first < l->n_in; j->first += j->n) {
    j->n = rrn_xbar_pass_end(l, j->first) - j->first;
    load_steps(j);
    for (j->col = 0; j->col < l->cols; j->col += j->n_cols) {
      j->n_cols = l->cols - j->col < COLUMNS ? l->cols - j->col : COLUMNS;
      load_cells(j);
      visit(j);
    }
  }
}

int32_t
rrn_xbar_octaves_of_digits_by(int level, rrn_arena *scratch, const rrn_xbar_layer *l, const int32_t *x, size_t batch,
                              double fraction, int32_t *ret_octaves, int *ret_known, rramnas_error *err)
{
  visitor *visit = visitor_of(level);
  job j = { .l = l, .x = x, .batch = batch, .tiles = (batch + LANES - 1) / LANES };
  int32_t slice;

  RRN_FAIL_IF(!visit, err, RRAMNAS_ERR_UNSUPPORTED, "loops that this machine does not have");
  *ret_known = 0;
  if (!suits(l) || !find_borders(&j))
    return RRAMNAS_OK;
  if (!rrn_xbar_inputs_valid(l, x, batch, err))
    return RRAMNAS_ERR_ARGUMENT;
  RRN_TRY(make_room(scratch, &j, err));
  begin_tallies(&j, fraction);
  visit_layer(&j, visit);
  *ret_known = 1;
  for (slice = 0; slice < l->n_slices; slice++) {
    ret_octaves[slice] = range_of(&j.slices[slice], fraction);
    *ret_known &= ret_octaves[slice] >= 0;
  }
  return RRAMNAS_OK;
}

int32_t
rrn_xbar_octaves_of_digits(rrn_arena *scratch, const rrn_xbar_layer *l, const int32_t *x, size_t batch, double fraction,
                           int32_t *ret_octaves, int *ret_known, rramnas_error *err)
{
  int level = RRN_XBAR_LOOPS_LEVELS - 1;

  while (!visitor_of(level))
    level--;
  return rrn_xbar_octaves_of_digits_by(level, scratch, l, x, batch, fraction, ret_octaves, ret_known, err);
}
