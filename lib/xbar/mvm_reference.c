/* SPDX-License-Identifier: MIT */
/* Matrix-vector products on a programmed layer: the reference, cell by cell in double.
 *
 * In:  a layer with its converter, inputs x[batch][in].
 * Out: y[batch][out] in units of weight times input; counts of conversions and clips.
 *
 * Idea: read-out = currents, convert, combine. For each array of `rows` inputs, slice and input step a column's
 * current is the sum of g v, v the step over its full scale; differential pairs are subtracted before the converter,
 * or after it when each cell has its own. The result is brought back to digits, (2^cell_bits - 1) / (1 - g_off), and
 * weighted by the places of slice and step. What an offset adds is subtracted at the end.
 * Read noise: a draw per cell, or per column (read_by_column), which has the same distribution because reads are
 * normal and independent.
 *
 * Complexity: vectors x steps x cells. Source: the arithmetic of CrossSim 3.2 (bit-sliced cores, converter at each
 * input bit); the tests compare numbers. Every other kernel is compared with this one. */
#include "xbar/array.h"

#include <string.h>

#include "xbar/noise.h"

/* One read-out: an array, a step of one vector. */
typedef struct readout {
  const rrn_xbar_layer *l;
  const int32_t *x;
  size_t first, end; /* inputs of the array */
  int32_t step;
  rrn_xbar_stream stream;
  rrn_xbar_draws name; /* of the vector */
  uint32_t vector;
  double *v; /* [end - first] */
  void (*visit)(void *user, int32_t slice, double current);
  void *user;
  rrn_xbar_stats stats;
} readout;

/* Ties to even without the rounding mode's help: |x| < 2^51. */
static double
round_even(double x)
{
  const double magic = 0x1.8p52;

  return (x + magic) - magic;
}

double
rrn_xbar_convert(const rrn_xbar_adc *adc, int32_t slice, double current, rrn_xbar_stats *stats)
{
  const double lo = adc->lo[slice], hi = adc->hi[slice];
  double q;

  if (adc->codes == 0)
    return current;
  q = (adc->codes - 1) / (hi - lo);
  stats->conversions++;
  stats->clipped_low += (current - lo) * q < -0.5;
  stats->clipped_high += (current - hi) * q > 0.5;
  current = current < lo ? lo : current > hi ? hi : current;
  return round_even((current - lo) * q) / q + lo;
}

/* Each cell as this read finds it. */
static double
read_cells(const readout *r, size_t cell)
{
  const rrn_xbar_layer *l = r->l;
  double sum = 0;
  size_t k;

  for (k = 0; k < r->end - r->first; k++)
    if (r->v[k] != 0)
      sum += rrn_xbar_read(l, (uint32_t)(cell + k), l->g[cell + k], r->vector, r->step) * r->v[k];
  return sum;
}

/* Current of the cells of a side, and its variance. */
static double
sum_cells(const readout *r, size_t cell, double *variance)
{
  const rrn_xbar_layer *l = r->l;
  double sum = 0, squares = 0;
  size_t k;

  for (k = 0; k < r->end - r->first; k++) {
    const double part = l->g[cell + k] * r->v[k];

    sum += part;
    squares += l->read_model == RRN_READ_RELATIVE ? part * part : r->v[k] * r->v[k];
  }
  *variance += squares * l->read_sigma * l->read_sigma;
  return sum;
}

/* The sum of independent normal numbers is normal, its variance the sum of theirs: one draw per conversion, of a pair's
 * difference where that is what is converted. */
static double
read_sum(const readout *r, int32_t slice, int32_t side, size_t col)
{
  const size_t cell = rrn_xbar_cell(r->l, slice, side, col, r->first);
  const rrn_xbar_draws d = rrn_xbar_draws_of_column(&r->stream, (uint32_t)cell, r->step);
  const int pair = r->l->n_sides == 2 && !r->l->spec.subtract_digitally;
  double variance = 0, sum = sum_cells(r, cell, &variance);

  if (pair)
    sum -= sum_cells(r, rrn_xbar_cell(r->l, slice, 1, col, r->first), &variance);
  return sum + __builtin_sqrt(variance) * rrn_xbar_draw(&d, &r->name);
}

double
rrn_xbar_current(const rrn_xbar_layer *l, const int32_t *x, size_t first, size_t rows, int32_t step, int32_t slice,
                 int32_t side, size_t col)
{
  const double *g = l->g + rrn_xbar_cell(l, slice, side, col, first);
  const double full = rrn_xbar_max_step(l);
  double sum = 0;
  size_t k;

  for (k = 0; k < rows; k++)
    sum += g[k] * ((double)(x[first + k] >> (step * l->spec.dac_bits) & rrn_xbar_max_step(l)) / full);
  return sum;
}

static double
current_of(const readout *r, int32_t slice, int32_t side, size_t col)
{
  const rrn_xbar_layer *l = r->l;
  const size_t cell = rrn_xbar_cell(l, slice, side, col, r->first);

  if (l->read_model != RRN_READ_NONE)
    return read_cells(r, cell);
  return rrn_xbar_current(l, r->x, r->first, r->end - r->first, r->step, slice, side, col);
}

static double
convert(readout *r, int32_t slice, double current)
{
  if (r->visit)
    r->visit(r->user, slice, current);
  return rrn_xbar_convert(&r->l->adc, slice, current, &r->stats);
}

/* One column of one slice, in digits times steps. */
static double
read_column(readout *r, int32_t slice, size_t col, double pedestal)
{
  const rrn_xbar_layer *l = r->l;
  const double to_digits = rrn_xbar_max_digit(l) / (1 - l->spec.g_off) * rrn_xbar_max_step(l);
  const int by_column = l->read_model != RRN_READ_NONE && l->read_by_column;
  const double a = by_column ? read_sum(r, slice, 0, col) : current_of(r, slice, 0, col);
  double b;

  if (by_column && l->n_sides == 2 && !l->spec.subtract_digitally)
    return convert(r, slice, a) * to_digits;
  if (l->n_sides == 1)
    return (convert(r, slice, a) - pedestal) * to_digits;
  b = by_column ? read_sum(r, slice, 1, col) : current_of(r, slice, 1, col);
  if (l->spec.subtract_digitally)
    return (convert(r, slice, a) - convert(r, slice, b)) * to_digits;
  return convert(r, slice, a - b) * to_digits;
}

/* Adds one array's read-out of one step to y[cols]. */
static void
read_step(readout *r, double *y)
{
  const rrn_xbar_layer *l = r->l;
  const int32_t shift = r->step * l->spec.dac_bits;
  double pedestal = 0;
  int32_t slice;
  size_t k, col;

  for (k = r->first; k < r->end; k++) {
    r->v[k - r->first] = (double)(r->x[k] >> shift & rrn_xbar_max_step(l)) / rrn_xbar_max_step(l);
    pedestal += l->spec.g_off * r->v[k - r->first];
  }
  for (slice = 0; slice < l->n_slices; slice++)
    for (col = 0; col < l->cols; col++)
      y[col] += read_column(r, slice, col, pedestal) * (double)(INT64_C(1) << (slice * l->spec.cell_bits + shift));
}

/* Takes off what the offset added. */
static void
finish(const rrn_xbar_layer *l, const int32_t *x, const double *y, double *ret_y)
{
  double offset = 0;
  size_t k;

  if (l->spec.sign == RRN_XBAR_UNIT_COLUMN)
    offset = y[l->n_out];
  else if (l->spec.sign == RRN_XBAR_OFFSET)
    for (k = 0; k < l->n_in; k++)
      offset += (double)x[k] * (double)(1 << (l->spec.weight_bits - 1));
  for (k = 0; k < l->n_out; k++)
    ret_y[k] = y[k] - offset;
}

static void
read_vector(readout *r, double *y)
{
  const size_t rows = (size_t)r->l->spec.rows;

  for (r->first = 0; r->first < r->l->n_in; r->first += rows) {
    r->end = r->l->n_in - r->first < rows ? r->l->n_in : r->first + rows;
    for (r->step = 0; r->step < r->l->n_steps; r->step++)
      read_step(r, y);
  }
}

int
rrn_xbar_inputs_valid(const rrn_xbar_layer *l, const int32_t *x, size_t batch, rramnas_error *err)
{
  const int32_t limit = (1 << l->spec.input_bits) - 1;
  int32_t any = 0;
  size_t i;

  for (i = 0; i < batch * l->n_in; i++)
    any |= x[i];
  if ((any & ~limit) == 0)
    return 1;
  for (i = 0; i < batch * l->n_in; i++)
    if (x[i] < 0 || x[i] > limit) {
      rrn_fail(err, RRAMNAS_ERR_ARGUMENT, "input %zu is %d, expected 0..%d", i, x[i], limit);
      break;
    }
  return 0;
}

static int32_t
run(rrn_arena *scratch, readout *r, const int32_t *x, size_t batch, uint32_t first_vector, double *ret_y,
    rramnas_error *err)
{
  const rrn_xbar_layer *l = r->l;
  double *y = rrn_arena_alloc_raw(scratch, l->cols, sizeof(*y));
  size_t b;

  r->stream = rrn_xbar_stream_of(&l->id);
  r->v = rrn_arena_alloc_raw(scratch, l->n_in, sizeof(*r->v));
  if (!y || !r->v)
    return rrn_fail_memory(err);
  if (!rrn_xbar_inputs_valid(l, x, batch, err))
    return RRAMNAS_ERR_ARGUMENT;
  for (b = 0; b < batch; b++) {
    r->x = x + b * l->n_in;
    r->vector = first_vector + (uint32_t)b;
    r->name = rrn_xbar_draws_of_vector(&r->stream, r->vector);
    memset(y, 0, l->cols * sizeof(*y));
    read_vector(r, y);
    if (ret_y)
      finish(l, r->x, y, ret_y + b * l->n_out);
  }
  return RRAMNAS_OK;
}

int32_t
rrn_xbar_mvm_reference(rrn_arena *scratch, const rrn_xbar_layer *l, const int32_t *x, size_t batch,
                       uint32_t first_vector, double *ret_y, rrn_xbar_stats *stats, rramnas_error *err)
{
  readout r = { .l = l };

  RRN_TRY(run(scratch, &r, x, batch, first_vector, ret_y, err));
  if (stats) {
    stats->conversions += r.stats.conversions;
    stats->clipped_low += r.stats.clipped_low;
    stats->clipped_high += r.stats.clipped_high;
  }
  return RRAMNAS_OK;
}

int32_t
rrn_xbar_profile(rrn_arena *scratch, const rrn_xbar_layer *l, const int32_t *x, size_t batch, uint32_t first_vector,
                 void (*visit)(void *user, int32_t slice, double current), void *user, rramnas_error *err)
{
  readout r = { .l = l, .visit = visit, .user = user };

  return run(scratch, &r, x, batch, first_vector, NULL, err);
}
