/* SPDX-License-Identifier: MIT */
/* Conversions whose current is too near to the border of two codes for a kernel to tell.
 *
 * In:  a block of a kernel: its codes and which of them are in doubt.
 * Out: the codes of the reference.
 *
 * Idea: the places in doubt are listed first, then looked at one after the other with all 24 bits of the cells. Nearer
 * still to a border, what these bits lack is computed from the layer, some cells at a time until it can no longer decide. If
 * it does to the end, the reference's own order of operations decides. Of a kernel of AVX-512 only the last two kinds
 * arrive here, the others are settled in mvm_settle_avx512.c.
 *
 * Complexity: rows per doubt, and a comparison per 16 conversions; some 40 deviates for a conversion that 24 bits cannot
 * settle. */
#include "xbar/mvm_work.h"

#include "xbar/converter.h"

/* Cells that are made at a time: at most so many, and a multiple of the least. */
enum { SOME = 64, FEW = 8 };

typedef struct conversion {
  int32_t plane, step;
  size_t lane, col, vector; /* the column in its block and in the layer */
} conversion;

/* Sum of a column's cells of 24 bits in a step of a vector. */
static int64_t
exact_sum(const rrn_xbar_kernel *k, const rrn_xbar_work *w, size_t first, size_t vector, int32_t step)
{
  const int32_t dac_bits = k->head.spec.dac_bits;
  int64_t sum = 0;
  int32_t bit;

  for (bit = dac_bits; bit-- > 0;) {
    const uint64_t *rows = w->bits + (vector * (size_t)w->block.bits + (size_t)(step * dac_bits + bit)) * w->words;

    sum = 2 * sum + (k->cpu >= RRN_XBAR_CPU_AVX512 ? rrn_xbar_sum_avx512(&k->cells, first, w->rows, rows)
                                                   : rrn_xbar_sum_plain(&k->cells, first, w->rows, rows));
  }
  return sum;
}

/* The current in codes as the reference has it. */
static double
reference_codes(const rrn_xbar_kernel *k, const rrn_xbar_work *w, int32_t plane, size_t col, size_t vector, int32_t step)
{
  const rrn_xbar_layer *l = &k->head;
  const int32_t *x = w->x + vector * l->n_in;
  const int32_t slice = rrn_xbar_slice_of(l, plane);
  const int one = rrn_xbar_pairs_are_one(l);
  double current = rrn_xbar_current(l, x, w->first, w->rows, step, slice, one ? 0 : plane % l->n_sides, col);

  if (one)
    current -= rrn_xbar_current(l, x, w->first, w->rows, step, slice, 1, col);
  return (current - l->adc.lo[slice]) * rrn_xbar_codes_per_current(l, slice);
}

static double
round_even(double x)
{
  const double magic = 0x1.8p52;

  return (x + magic) - magic;
}

/* Sum of the spreads of a column, each times the square of its step. */
static double
sum_of_spreads(const rrn_xbar_kernel *k, const rrn_xbar_work *w, size_t first, size_t vector, int32_t step)
{
  const rrn_xbar_layer *l = &k->head;
  const uint8_t *spread = k->cells.spread + first;
  const int32_t *x = w->x + vector * l->n_in + w->first;
  int64_t sum = 0;
  size_t row;

  for (row = 0; row < w->rows; row++) {
    const int32_t v = x[row] >> (step * l->spec.dac_bits) & rrn_xbar_max_step(l);

    sum += (int64_t)spread[row] * v * v;
  }
  return (double)sum;
}

/* Read noise of a conversion, in codes. */
static double
noise_of(const rrn_xbar_kernel *k, const rrn_xbar_work *w, size_t first, const conversion *c)
{
  const double spread = k->cells.spread ? sum_of_spreads(k, w, first, c->vector, c->step)
                                        : w->squares[(size_t)c->step * RRN_XBAR_TABLE_VECTORS + c->vector];

  return rrn_xbar_noise_in_codes(w, c->lane, c->step, c->vector, spread);
}

/* The number of a column's first cell in the streams. */
uint32_t
rrn_xbar_cell_of(const rrn_xbar_kernel *k, const rrn_xbar_work *w, int32_t plane, size_t col)
{
  const int one = rrn_xbar_pairs_are_one(&k->head);

  return (uint32_t)rrn_xbar_cell(&k->head, rrn_xbar_slice_of(&k->head, plane), one ? 0 : plane % k->head.n_sides, col,
                                 w->first);
}

/* The current of a conversion in codes, as near as 24 bits per cell tell. */
static double
codes_of(const rrn_xbar_kernel *k, const rrn_xbar_work *w, const conversion *c)
{
  const size_t first = rrn_xbar_column(&k->cells, w->first, w->rows, c->plane, c->col);
  const double codes = (double)exact_sum(k, w, first, c->vector, c->step) * w->slope +
                       w->offsets[(size_t)c->step * RRN_XBAR_TABLE_VECTORS + c->vector];

  return k->head.read_model != RRN_READ_NONE ? codes + noise_of(k, w, first, c) : codes;
}

/* How far a current is from the border of two codes. */
static double
distance_of(double codes)
{
  return 0.5 - rrn_xbar_magnitude(codes - round_even(codes));
}

/* Cells that a current of a step flows through: their inputs, and the step's value there. */
typedef struct cells_on {
  size_t n;
  uint32_t input[SOME];
  int32_t step[SOME];
} cells_on;

/* The next of them, at most `most`, from `row` on; gives the row after these. */
static size_t
next_cells(const rrn_xbar_kernel *k, const rrn_xbar_work *w, const conversion *c, size_t row, size_t most, cells_on *on)
{
  const rrn_xbar_layer *l = &k->head;
  const int32_t *x = w->x + c->vector * l->n_in + w->first;

  for (on->n = 0; row < w->rows && on->n < most; row++) {
    const int32_t v = x[row] >> (c->step * l->spec.dac_bits) & rrn_xbar_max_step(l);

    on->input[on->n] = (uint32_t)(w->first + row);
    on->step[on->n] = v;
    on->n += v != 0;
  }
  return row;
}

/* What 24 bits of some cells lack, times their steps, in units of the cells. */
static double
lacking(const rrn_xbar_kernel *k, const rrn_xbar_work *w, const conversion *c, const cells_on *on)
{
  const rrn_xbar_cells *cells = &k->cells;
  const size_t first = rrn_xbar_column(cells, w->first, w->rows, c->plane, c->col);
  const double scale = rrn_xbar_codes_per_digit(&k->head, c->plane) / w->slope;
  double digits[SOME], sum = 0;
  size_t i;

  rrn_xbar_digits_at(&k->head, c->plane, c->col, on->input, on->n, digits);
  for (i = 0; i < on->n; i++) {
    const size_t cell = first + on->input[i] - w->first;

    sum += on->step[i] *
           (digits[i] * scale - (65536 * cells->top[cell] + 256 * cells->middle[cell] + cells->low[cell]));
  }
  return sum;
}

/* Cells that have to be known, as a rule, before what the others lack cannot decide the code. */
static size_t
cells_needed(const rrn_xbar_kernel *k, const rrn_xbar_work *w, double undecided)
{
  const double cells = undecided / (0.5 * w->slope * rrn_xbar_max_step(&k->head));

  return cells < SOME - 2 * FEW ? ((size_t)cells / FEW + 2) * FEW : SOME;
}

/* The current of a conversion in codes, as near as it decides the code. A cell lacks at most half a unit. */
static double
exact_codes(const rrn_xbar_kernel *k, const rrn_xbar_work *w, const conversion *c)
{
  double codes = codes_of(k, w, c), left;
  size_t row = 0, i;
  cells_on on;

  if (k->head.read_model != RRN_READ_NONE || distance_of(codes) >= w->unsure)
    return codes;
  left = 0.5 * (double)rrn_xbar_sum_of_step(w, c->vector, c->step) * w->slope + w->rounding;
  while (row < w->rows && distance_of(codes) < left) {
    row = next_cells(k, w, c, row, cells_needed(k, w, left - distance_of(codes)), &on);
    codes += lacking(k, w, c, &on) * w->slope;
    for (i = 0; i < on.n; i++)
      left -= 0.5 * on.step[i] * w->slope;
  }
  return distance_of(codes) < left ? reference_codes(k, w, c->plane, c->col, c->vector, c->step) : codes;
}

static double
clipped(double code, double top)
{
  return code < 0 ? 0 : code > top ? top : code;
}

/* What is to be added to the codes: the kernel took the current to be above the border that it is near to. */
static uint32_t
settle(const rrn_xbar_kernel *k, rrn_xbar_work *w, const conversion *c)
{
  const double top = k->head.adc.codes - 1, codes = exact_codes(k, w, c), above = round_even(codes + 0.5);
  const int fast = !w->block.slow, counted = fast && w->block.counted;

  w->stats.clipped_low += (codes < -0.5) - (counted && above < 0);
  w->stats.clipped_high += (codes > top + 0.5) - (counted && above > top);
  return (uint32_t)(int32_t)(round_even(clipped(codes, top)) - (fast ? clipped(above, top) : 0))
         << (c->step * w->block.dac_bits);
}

/* Lists the conversions in doubt. */
static size_t
list_doubts(rrn_xbar_work *w)
{
  const rrn_xbar_block *b = &w->block;
  const size_t rows = b->columns * (size_t)b->steps;
  size_t n = 0, place;

  for (place = 0; place < rows * RRN_XBAR_DOUBTS; place++) {
    uint32_t bits = b->doubts[place] & 0x55555555;

    for (; bits != 0; bits &= bits - 1) {
      w->left[n] = (uint32_t)(place * 16 + (size_t)__builtin_ctz(bits) / 2);
      n += w->left[n] % RRN_XBAR_TABLE_VECTORS < b->vectors;
    }
  }
  return n;
}

/* --- converters with errors --- */

/* Whether a current within `unsure` of this one might count as a clip, or not. */
static int
is_near_end(double codes, double top, double unsure)
{
  return rrn_xbar_magnitude(codes + 0.5) < unsure || rrn_xbar_magnitude(codes - top - 0.5) < unsure;
}

/* The weighted code of one conversion, to which its kernel added nothing. */
static uint32_t
settle_with_errors(const rrn_xbar_kernel *k, rrn_xbar_work *w, const conversion *c)
{
  const size_t q = rrn_xbar_converter_of(k->head.converters, w->array, c->plane, c->col);
  const double top = k->head.adc.codes - 1;
  double current = codes_of(k, w, c), distance;
  int32_t code;

  rrn_xbar_converter_codes(k->head.converters, q, &current, 1, &code, &distance);
  if (k->head.read_model == RRN_READ_NONE && (distance < w->unsure || is_near_end(current, top, w->unsure))) {
    current = reference_codes(k, w, c->plane, c->col, c->vector, c->step);
    rrn_xbar_converter_codes(k->head.converters, q, &current, 1, &code, &distance);
  }
  w->stats.clipped_low += current < -0.5;
  w->stats.clipped_high += current > top + 0.5;
  return (uint32_t)code << (c->step * w->block.dac_bits);
}

/* All vectors of a column in a step. */
static void
convert_with_errors(const rrn_xbar_kernel *k, rrn_xbar_work *w, conversion c, uint32_t *codes)
{
  const size_t q = rrn_xbar_converter_of(k->head.converters, w->array, c.plane, c.col), n = w->block.vectors;
  double current[RRN_XBAR_TABLE_VECTORS], distance[RRN_XBAR_TABLE_VECTORS];
  const int exact = k->head.read_model == RRN_READ_NONE;
  const double top = k->head.adc.codes - 1;
  int32_t code[RRN_XBAR_TABLE_VECTORS];

  for (c.vector = 0; c.vector < n; c.vector++)
    current[c.vector] = codes_of(k, w, &c);
  rrn_xbar_converter_codes(k->head.converters, q, current, n, code, distance);
  for (c.vector = 0; c.vector < n; c.vector++) {
    double *at = &current[c.vector];

    if (exact && (distance[c.vector] < w->unsure || is_near_end(*at, top, w->unsure))) {
      *at = reference_codes(k, w, c.plane, c.col, c.vector, c.step);
      rrn_xbar_converter_codes(k->head.converters, q, at, 1, &code[c.vector], &distance[c.vector]);
    }
    w->stats.clipped_low += *at < -0.5;
    w->stats.clipped_high += *at > top + 0.5;
    codes[c.vector] += (uint32_t)code[c.vector] << (c.step * w->block.dac_bits);
  }
}

static void
convert_block(const rrn_xbar_kernel *k, int32_t plane, size_t first, rrn_xbar_work *w)
{
  size_t lane;
  int32_t step;

  for (lane = 0; lane < w->block.columns; lane++)
    for (step = 0; step < w->block.steps; step++)
      convert_with_errors(k, w, (conversion){ .plane = plane, .step = step, .lane = lane, .col = first + lane },
                          w->block.codes + lane * RRN_XBAR_TABLE_VECTORS);
}

/* --- */

void
rrn_xbar_settle(const rrn_xbar_kernel *k, int32_t plane, size_t first, rrn_xbar_work *w)
{
  const rrn_xbar_block *b = &w->block;
  const int errors = k->head.converters != NULL, wide = k->cpu >= RRN_XBAR_CPU_AVX512 && !b->slow && !errors;
  const size_t steps = (size_t)b->steps, n = errors && b->slow ? 0
                                           : wide              ? rrn_xbar_settle_avx512(k, plane, first, w)
                                                               : list_doubts(w);
  size_t i;

  if (errors && b->slow)
    convert_block(k, plane, first, w);
  for (i = 0; i < n; i++) {
    const size_t vector = w->left[i] % RRN_XBAR_TABLE_VECTORS, row = w->left[i] / RRN_XBAR_TABLE_VECTORS;
    const conversion c = { plane, (int32_t)(row % steps), row / steps, first + row / steps, vector };

    b->codes[c.lane * RRN_XBAR_TABLE_VECTORS + vector] += errors ? settle_with_errors(k, w, &c) : settle(k, w, &c);
  }
}
