/* SPDX-License-Identifier: MIT */
/* Matrix-vector products on a programmed layer: the reference, cell by cell in double.
 *
 * In:  a layer with its converter, inputs x[batch][in].
 * Out: y[batch][out] in units of weight times input; counts of conversions and clips.
 *
 * Idea: read-out = currents, convert, combine. For each array of `rows` inputs, pass of those that are driven at once,
 * slice and input step a column's current is the sum of g v, v the step over its full scale; differential pairs are
 * subtracted before the converter, or after it when each cell has its own. The result is brought back to digits,
 * (2^cell_bits - 1) / (1 - g_off), and weighted by the places of slice and step. What an offset adds is subtracted at the
 * end.
 * Read noise: a draw per cell, or per column (read_by_column), which has the same distribution because reads are
 * normal and independent.
 *
 * Column by column, so that a column's conductances are made once for all vectors.
 *
 * Complexity: vectors x steps x cells. Source: the arithmetic of CrossSim 3.2 (bit-sliced cores, converter at each
 * input bit); the tests compare numbers. Every other kernel is compared with this one. */
#include "xbar/array.h"

#include "xbar/converter.h"
#include "xbar/noise.h"

/* One read-out: a column in a pass, a step of one vector. */
typedef struct readout {
  const rrn_xbar_layer *l;
  const int32_t *x;
  size_t first, n; /* inputs of the pass */
  int32_t slice, step;
  size_t col;
  rrn_xbar_stream stream;
  rrn_xbar_draws name; /* of the vector */
  uint32_t vector;
  double pedestal;
  const double *v; /* [2^dac_bits]: voltage of a step */
  double *g[2];    /* [n]: of the column's sides */
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

static double
voltage(const readout *r, size_t k)
{
  return r->v[r->x[r->first + k] >> (r->step * r->l->spec.dac_bits) & rrn_xbar_max_step(r->l)];
}

/* Each cell as this read finds it. */
static double
read_cells(const readout *r, int32_t side)
{
  const size_t cell = rrn_xbar_cell(r->l, r->slice, side, r->col, r->first);
  double sum = 0;
  size_t k;

  for (k = 0; k < r->n; k++)
    if (voltage(r, k) != 0)
      sum += rrn_xbar_read(r->l, (uint32_t)(cell + k), r->g[side][k], r->vector, r->step) * voltage(r, k);
  return sum;
}

/* Current of the cells of a side, and its variance. */
static double
sum_cells(const readout *r, int32_t side, double *variance)
{
  const rrn_xbar_layer *l = r->l;
  double sum = 0, squares = 0;
  size_t k;

  for (k = 0; k < r->n; k++) {
    const double v = voltage(r, k), part = r->g[side][k] * v;

    sum += part;
    squares += l->read_model == RRN_READ_RELATIVE ? part * part : v * v;
  }
  *variance += squares * l->read_sigma * l->read_sigma;
  return sum;
}

/* The sum of independent normal numbers is normal, its variance the sum of theirs: one draw per conversion, of a pair's
 * difference where that is what is converted. */
static double
read_sum(const readout *r, int32_t side)
{
  const size_t cell = rrn_xbar_cell(r->l, r->slice, side, r->col, r->first);
  const rrn_xbar_draws d = rrn_xbar_draws_of_column(&r->stream, (uint32_t)cell, r->step);
  const int pair = r->l->n_sides == 2 && !r->l->spec.subtract_digitally;
  double variance = 0, sum = sum_cells(r, side, &variance);

  if (pair)
    sum -= sum_cells(r, 1, &variance);
  return sum + __builtin_sqrt(variance) * rrn_xbar_draw(&d, &r->name, r->step);
}

double
rrn_xbar_current(const rrn_xbar_layer *l, const int32_t *x, size_t first, size_t rows, int32_t step, int32_t slice,
                 int32_t side, size_t col)
{
  enum { CHUNK = 64 };
  const double full = rrn_xbar_max_step(l);
  double sum = 0, g[CHUNK];
  size_t k;

  for (k = 0; k < rows; k++) {
    if (k % CHUNK == 0)
      rrn_xbar_conductances(l, slice, side, col, first + k, rows - k < CHUNK ? rows - k : CHUNK, g);
    sum += g[k % CHUNK] * ((double)(x[first + k] >> (step * l->spec.dac_bits) & rrn_xbar_max_step(l)) / full);
  }
  return sum;
}

static double
current_of(const readout *r, int32_t side)
{
  double sum = 0;
  size_t k;

  if (r->l->read_model != RRN_READ_NONE)
    return read_cells(r, side);
  for (k = 0; k < r->n; k++)
    sum += r->g[side][k] * voltage(r, k);
  return sum;
}

static double
convert(readout *r, int32_t side, double current)
{
  const rrn_xbar_layer *l = r->l;
  const double lo = l->adc.lo[r->slice], nominal = rrn_xbar_convert(&l->adc, r->slice, current, &r->stats);
  const int32_t plane = l->n_sides == 2 && l->spec.subtract_digitally ? 2 * r->slice + side : r->slice;
  double q, in_codes, distance;
  size_t converter;
  int32_t code;

  if (r->visit)
    r->visit(r->user, r->slice, current);
  if (!l->converters)
    return nominal;
  q = (l->adc.codes - 1) / (l->adc.hi[r->slice] - lo);
  converter = rrn_xbar_converter_of(l->converters, r->first / (size_t)l->spec.rows, plane, r->col);
  in_codes = (current - lo) * q;
  rrn_xbar_converter_codes(l->converters, converter, &in_codes, 1, &code, &distance);
  return code / q + lo;
}

/* In digits times steps. */
static double
read_column(readout *r)
{
  const rrn_xbar_layer *l = r->l;
  const double to_digits = rrn_xbar_max_digit(l) / (1 - l->spec.g_off) * rrn_xbar_max_step(l);
  const int by_column = l->read_model != RRN_READ_NONE && l->read_by_column;
  const double a = by_column ? read_sum(r, 0) : current_of(r, 0);
  double b;

  if (by_column && l->n_sides == 2 && !l->spec.subtract_digitally)
    return convert(r, 0, a) * to_digits;
  if (l->n_sides == 1)
    return (convert(r, 0, a) - r->pedestal) * to_digits;
  b = by_column ? read_sum(r, 1) : current_of(r, 1);
  if (l->spec.subtract_digitally)
    return (convert(r, 0, a) - convert(r, 1, b)) * to_digits;
  return convert(r, 0, a - b) * to_digits;
}

/* One column of one slice of a pass, all vectors: adds to y[batch][cols]. */
static void
read_vectors(readout *r, const int32_t *x, size_t batch, uint32_t first_vector, const double *pedestals, double *y)
{
  const rrn_xbar_layer *l = r->l;
  int32_t side;
  size_t b;

  for (side = 0; side < l->n_sides; side++)
    rrn_xbar_conductances(l, r->slice, side, r->col, r->first, r->n, r->g[side]);
  for (b = 0; b < batch; b++) {
    r->x = x + b * l->n_in;
    r->vector = first_vector + (uint32_t)b;
    r->name = rrn_xbar_draws_of_vector(&r->stream, r->vector);
    for (r->step = 0; r->step < l->n_steps; r->step++) {
      r->pedestal = pedestals[b * (size_t)l->n_steps + (size_t)r->step];
      y[b * l->cols + r->col] +=
        read_column(r) * (double)(INT64_C(1) << (r->slice * l->spec.cell_bits + r->step * l->spec.dac_bits));
    }
  }
}

/* Currents of the off conductances of a pass: ret_pedestals[batch][steps]. */
static void
add_pedestals(readout *r, const int32_t *x, size_t batch, double *ret_pedestals)
{
  size_t b, k;

  for (b = 0; b < batch; b++)
    for (r->step = 0; r->step < r->l->n_steps; r->step++, ret_pedestals++) {
      *ret_pedestals = 0;
      r->x = x + b * r->l->n_in;
      for (k = 0; k < r->n; k++)
        *ret_pedestals += r->l->spec.g_off * voltage(r, k);
    }
}

/* Takes off what the offset added. */
static void
finish(const rrn_xbar_layer *l, const int32_t *x, const double *y, double *ret_y)
{
  double offset = 0;
  size_t k;

  for (k = 0; l->spec.sign == RRN_XBAR_OFFSET && k < l->n_in; k++)
    offset += (double)x[k] * (double)(1 << (l->spec.weight_bits - 1));
  for (k = 0; k < l->n_out; k++)
    ret_y[k] = y[k] - (l->spec.sign == RRN_XBAR_UNIT_COLUMN ? y[rrn_xbar_unit_column(l, k)] : offset);
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

/* Voltages of a step, room for two sides of a column, pedestals, results: v, g[2], pedestals, y in one piece. */
static int32_t
make_room(rrn_arena *scratch, readout *r, size_t batch, double **ret_pedestals, double **ret_y, rramnas_error *err)
{
  const rrn_xbar_layer *l = r->l;
  const size_t levels = (size_t)rrn_xbar_max_step(l) + 1;
  double *v = rrn_arena_alloc_raw(scratch, levels + 2 * l->n_in, sizeof(*v));
  size_t k;

  *ret_pedestals = rrn_arena_alloc_raw(scratch, batch * (size_t)l->n_steps, sizeof(**ret_pedestals));
  *ret_y = rrn_arena_alloc(scratch, batch * l->cols, sizeof(**ret_y));
  if (!v || !*ret_pedestals || !*ret_y)
    return rrn_fail_memory(err);
  for (k = 0; k < levels; k++)
    v[k] = (double)k / rrn_xbar_max_step(l);
  r->v = v;
  r->g[0] = v + levels;
  r->g[1] = r->g[0] + l->n_in;
  return RRAMNAS_OK;
}

static int32_t
run(rrn_arena *scratch, readout *r, const int32_t *x, size_t batch, uint32_t first_vector, double *ret_y,
    rramnas_error *err)
{
  const rrn_xbar_layer *l = r->l;
  double *y, *pedestals;
  size_t b;

  if (!rrn_xbar_inputs_valid(l, x, batch, err))
    return RRAMNAS_ERR_ARGUMENT;
  RRN_TRY(make_room(scratch, r, batch, &pedestals, &y, err));
  r->stream = rrn_xbar_stream_of(&l->id);
  for (r->first = 0; r->first < l->n_in; r->first += r->n) {
    r->n = rrn_xbar_pass_end(l, r->first) - r->first;
    add_pedestals(r, x, batch, pedestals);
    for (r->slice = 0; r->slice < l->n_slices; r->slice++)
      for (r->col = 0; r->col < l->cols; r->col++)
        read_vectors(r, x, batch, first_vector, pedestals, y);
  }
  for (b = 0; b < batch && ret_y; b++)
    finish(l, x + b * l->n_in, y + b * l->cols, ret_y + b * l->n_out);
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
