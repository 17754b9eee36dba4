/* SPDX-License-Identifier: MIT */
/* Cells as integers of 24 bits: what the fast products add up.
 *
 * In:  a programmed layer with its converter.
 * Out: for each tile (an array, or each pass of its rows), plane (slice, or side of a slice) and column its cells in codes
 *      of the converter as three bytes; how far sums of the upper two can be off.
 *
 * Idea: pairs subtracted before the converter are one number. The unit is a code divided by a power of two, so a sum is
 * a code and its fraction without any multiplication; and it is as small as cells in 24 bits and the sums of a
 * column in 32 bits allow. Two bytes are enough for almost every conversion, as words of which four add up to 16 bits; the
 * third settles the rest.
 *
 * Complexity: two passes over the cells; 3 bytes per cell or pair. Not handled: read noise by cell. */
#include "xbar/mvm.h"

#include <string.h>

#include "util/ckd.h"

enum { GROUP = 4, PAIR = 2 * GROUP };
/* Beyond, no product is fast. */
enum { MOST_FRACTION = 16, LEAST_FRACTION = -40 };
/* In units of the upper two bytes, which are rounded to even 4. */
enum { MOST_CELL = 32764 };

/* Rows of a column that are worked on at a time. */
enum { CHUNK = 128 };

void
rrn_xbar_digits_of(const rrn_xbar_layer *l, int32_t plane, size_t col, size_t first, size_t n, double *ret_digits)
{
  const double scale = rrn_xbar_max_digit(l) / (1 - l->spec.g_off);
  const int one = rrn_xbar_pairs_are_one(l);
  const int32_t slice = rrn_xbar_slice_of(l, plane);
  double minus[CHUNK];
  size_t k;

  for (; n > CHUNK; n -= CHUNK, first += CHUNK, ret_digits += CHUNK)
    rrn_xbar_digits_of(l, plane, col, first, CHUNK, ret_digits);
  rrn_xbar_conductances(l, slice, one ? 0 : plane % l->n_sides, col, first, n, ret_digits);
  if (one)
    rrn_xbar_conductances(l, slice, 1, col, first, n, minus);
  for (k = 0; k < n; k++)
    ret_digits[k] = (ret_digits[k] - (one ? minus[k] : l->spec.g_off)) * scale;
}

double
rrn_xbar_codes_per_current(const rrn_xbar_layer *l, int32_t slice)
{
  return (l->adc.codes - 1) / (l->adc.hi[slice] - l->adc.lo[slice]);
}

double
rrn_xbar_codes_per_digit(const rrn_xbar_layer *l, int32_t plane)
{
  return rrn_xbar_codes_per_current(l, rrn_xbar_slice_of(l, plane)) * (1 - l->spec.g_off) /
         ((double)rrn_xbar_max_digit(l) * rrn_xbar_max_step(l));
}

double
rrn_xbar_power_of_2(int32_t exponent)
{
  const uint64_t bits = (uint64_t)(1023 + exponent) << 52;
  double power;

  memcpy(&power, &bits, sizeof(power));
  return power;
}

void
rrn_xbar_digits_at(const rrn_xbar_layer *l, int32_t plane, size_t col, const uint32_t *inputs, size_t n,
                   double *ret_digits)
{
  const double scale = rrn_xbar_max_digit(l) / (1 - l->spec.g_off);
  const int one = rrn_xbar_pairs_are_one(l);
  const int32_t slice = rrn_xbar_slice_of(l, plane);
  double minus[CHUNK];
  size_t k;

  rrn_xbar_conductances_at(l, slice, one ? 0 : plane % l->n_sides, col, inputs, n, ret_digits);
  if (one)
    rrn_xbar_conductances_at(l, slice, 1, col, inputs, n, minus);
  for (k = 0; k < n; k++)
    ret_digits[k] = (ret_digits[k] - (one ? minus[k] : l->spec.g_off)) * scale;
}

static double
magnitude(double x)
{
  return x < 0 ? -x : x;
}

/* What bounds the unit of a plane, in digits. */
typedef struct extremes {
  double cell, group, column; /* greatest magnitude; range of the sums of four rows; sum of magnitudes */
} extremes;

/* Adds the rows of one tile's column; the groups of eight rows are the even and the odd ones. */
static void
extend(extremes *e, const rrn_xbar_layer *l, int32_t plane, size_t col, size_t first, size_t end)
{
  double group[2] = { 0, 0 }, column = 0, digits[CHUNK];
  size_t in;

  for (in = first; in < end; in++) {
    double *g = &group[(in - first) % 2], d;

    if ((in - first) % CHUNK == 0)
      rrn_xbar_digits_of(l, plane, col, in, end - in < CHUNK ? end - in : CHUNK, digits);
    d = magnitude(digits[(in - first) % CHUNK]);
    if ((in - first) % PAIR < 2)
      *g = 0;
    *g += d;
    column += d;
    e->cell = d > e->cell ? d : e->cell;
    e->group = *g > e->group ? *g : e->group;
  }
  e->column = column > e->column ? column : e->column;
}

static int
fits(const extremes *e, double unit, const rrn_xbar_layer *l, size_t rows)
{
  const double room = (0x1p31 / rrn_xbar_max_step(l) - 128.0 * (double)rows) / 256;

  return e->cell * unit <= MOST_CELL && e->column * unit <= room;
}

/* Bits behind the point of a code in the upper two bytes of a cell. */
static int32_t
fraction_of(const extremes *e, double codes_per_digit, const rrn_xbar_layer *l, size_t rows)
{
  int32_t fraction = MOST_FRACTION;

  while (fraction > LEAST_FRACTION && !fits(e, codes_per_digit * rrn_xbar_power_of_2(fraction), l, rows))
    fraction--;
  return fraction;
}

/* How many of them words leave out, so that four fit a table. */
static int32_t
left_out_of(const extremes *e, double unit)
{
  int32_t bits = 0;

  for (; e->group * unit > 65534 - GROUP; bits++)
    unit /= 2;
  return bits;
}

static int32_t
nearest(double x)
{
  return (int32_t)(x < 0 ? x - 0.5 : x + 0.5);
}

/* What tiles read beyond the last cell: columns up to 16, and two lines of the cache. */
static size_t
beyond(const rrn_xbar_cells *c, enum rrn_xbar_cpu cpu)
{
  return cpu == RRN_XBAR_CPU_AMX ? (15 - (c->cols + 15) % 16) * c->rows + 128 : 0;
}

/* Small things first and the bytes in one piece, so that the arena makes room for these and no more. Planes begin with a line
 * of the cache. */
static int32_t
make_room(rrn_arena *arena, const rrn_xbar_layer *l, enum rrn_xbar_cpu cpu, rrn_xbar_cells *c, rramnas_error *err)
{
  const int spreads = l->read_model == RRN_READ_RELATIVE;
  const size_t n_bytes = spreads ? 4 : 3;
  size_t columns, cells, roots, all;
  uint8_t *bytes;

  if (ckd_mul(&columns, l->cols, (size_t)c->n_planes) || ckd_mul(&cells, columns, l->n_in) ||
      ckd_add(&cells, cells, (size_t)63) || ckd_mul(&all, cells = cells / 64 * 64, n_bytes) ||
      ckd_mul(&roots, columns, spreads ? c->tiles * sizeof(*c->spread_roots) : 0) || ckd_add(&all, all, roots) ||
      ckd_add(&all, all, beyond(c, cpu) + 63))
    return rrn_fail_memory(err);
  bytes = rrn_arena_alloc_alone(arena, all, 1);
  if (!bytes)
    return rrn_fail_memory(err);
  bytes += (64 - (uintptr_t)bytes % 64) % 64;
  c->top = (int8_t *)bytes;
  c->middle = bytes + cells;
  c->low = (int8_t *)(bytes + 2 * cells);
  c->spread = spreads ? bytes + 3 * cells : NULL;
  c->spread_roots = spreads ? (float *)(void *)(bytes + 4 * cells) : NULL;
  return RRAMNAS_OK;
}

static void
raise_to(double *greatest, double a, double b)
{
  *greatest = a > *greatest ? a : *greatest;
  *greatest = b > *greatest ? b : *greatest;
}

/* Errors of a column's cells, those above and those below zero. */
typedef struct errors {
  double low[2], rest[2]; /* what words leave out, and all bytes */
} errors;

static void
set_cell(rrn_xbar_cells *c, int32_t left_out, size_t place, double value, errors *e)
{
  const int32_t cell = nearest(value), high = (cell + 128) >> 8, low = cell - 256 * high;
  const int32_t word = rrn_xbar_word_of(cell, left_out), rest = cell - word * (1 << (8 + left_out));

  c->top[place] = (int8_t)(high >> 8);
  c->middle[place] = (uint8_t)(high & 255);
  c->low[place] = (int8_t)low;
  e->low[rest < 0] += rest < 0 ? -rest : rest;
  e->rest[value < cell] += magnitude(value - cell);
}

/* One column of one tile; raises the plane's bounds of rounding. */
static void
fill_column(const rrn_xbar_layer *l, rrn_xbar_cells *c, size_t tile, int32_t plane, size_t col)
{
  const size_t first = rrn_xbar_first_of(c, tile), n = rrn_xbar_rows_of(c, tile);
  const size_t place = rrn_xbar_column(c, first, n, plane, col);
  const double unit = rrn_xbar_power_of_2(c->fraction[plane] + 8), scale = rrn_xbar_codes_per_digit(l, plane) * unit;
  const double steps = rrn_xbar_max_step(l) / unit;
  errors e = { { 0, 0 }, { 0, 0 } };
  double digits[CHUNK];
  size_t k;

  for (k = 0; k < n; k++) {
    if (k % CHUNK == 0)
      rrn_xbar_digits_of(l, plane, col, first + k, n - k < CHUNK ? n - k : CHUNK, digits);
    set_cell(c, c->left_out[plane], place + k, digits[k % CHUNK] * scale, &e);
  }
  raise_to(&c->rounded[plane], e.low[0] * steps, e.low[1] * steps);
  raise_to(&c->unsure[plane], e.rest[0] * steps, e.rest[1] * steps);
}

/* What reads of relative error of n cells, at most CHUNK, add to the variance of a current, in squares of the on
 * conductance and of sigma. */
static void
spreads_of(const rrn_xbar_layer *l, int32_t plane, size_t col, size_t first, size_t n, double *ret_spreads)
{
  const int one = rrn_xbar_pairs_are_one(l);
  const int32_t slice = rrn_xbar_slice_of(l, plane);
  double minus[CHUNK];
  size_t k;

  rrn_xbar_conductances(l, slice, one ? 0 : plane % l->n_sides, col, first, n, ret_spreads);
  if (one)
    rrn_xbar_conductances(l, slice, 1, col, first, n, minus);
  for (k = 0; k < n; k++)
    ret_spreads[k] = ret_spreads[k] * ret_spreads[k] + (one ? minus[k] * minus[k] : 0);
}

/* The greatest of them in one tile's column. */
static double
greatest_spread(const rrn_xbar_layer *l, const rrn_xbar_cells *c, size_t tile, int32_t plane, size_t col)
{
  const size_t first = rrn_xbar_first_of(c, tile), n = rrn_xbar_rows_of(c, tile);
  double spreads[CHUNK], greatest = 0;
  size_t k;

  for (k = 0; k < n; k++) {
    if (k % CHUNK == 0)
      spreads_of(l, plane, col, first + k, n - k < CHUNK ? n - k : CHUNK, spreads);
    raise_to(&greatest, spreads[k % CHUNK], 0);
  }
  return greatest;
}

/* In 63 steps of the greatest, so that four fit a byte. What a cell is rounded by is made up for in the next row, so that the
 * sum over any rows in turn is right but for one step, however small their cells are. */
static void
spread_column(const rrn_xbar_layer *l, rrn_xbar_cells *c, size_t tile, int32_t plane, size_t col)
{
  const size_t first = rrn_xbar_first_of(c, tile), n = rrn_xbar_rows_of(c, tile);
  const size_t place = rrn_xbar_column(c, first, n, plane, col);
  const float root = (float)__builtin_sqrt(greatest_spread(l, c, tile, plane, col) / 63);
  const double unit = (double)root * (double)root;
  double spreads[CHUNK], left = 0;
  size_t k;

  for (k = 0; k < n; k++) {
    if (k % CHUNK == 0)
      spreads_of(l, plane, col, first + k, n - k < CHUNK ? n - k : CHUNK, spreads);
    c->spread[place + k] = rrn_xbar_whole_of(unit > 0 ? spreads[k % CHUNK] / unit : 0, 63, &left);
  }
  c->spread_roots[rrn_xbar_spread_root(c, tile, plane, col)] = root;
  raise_to(&c->spread_unit[plane], unit, 0);
}

static void
fill_spread(const rrn_xbar_layer *l, rrn_xbar_cells *c, int32_t plane)
{
  size_t tile, col;

  c->spread_unit[plane] = 0;
  for (tile = 0; tile < c->tiles; tile++)
    for (col = 0; col < l->cols; col++)
      spread_column(l, c, tile, plane, col);
}

static void
fill_plane(const rrn_xbar_layer *l, rrn_xbar_cells *c, int32_t plane)
{
  extremes e = { 0, 0, 0 };
  size_t tile, col;

  for (tile = 0; tile < c->tiles; tile++)
    for (col = 0; col < l->cols; col++) {
      const size_t first = rrn_xbar_first_of(c, tile);

      extend(&e, l, plane, col, first, first + rrn_xbar_rows_of(c, tile));
    }
  c->fraction[plane] = fraction_of(&e, rrn_xbar_codes_per_digit(l, plane), l, c->rows);
  c->left_out[plane] =
    left_out_of(&e, rrn_xbar_codes_per_digit(l, plane) * rrn_xbar_power_of_2(c->fraction[plane]));
  c->greatest[plane] = e.column * rrn_xbar_codes_per_digit(l, plane) * rrn_xbar_max_step(l);
  for (tile = 0; tile < c->tiles; tile++)
    for (col = 0; col < l->cols; col++)
      fill_column(l, c, tile, plane, col);
  c->spread_unit[plane] = 1 + rrn_xbar_pairs_are_one(l);
  if (c->spread)
    fill_spread(l, c, plane);
}

int32_t
rrn_xbar_cells_fill(rrn_arena *arena, const rrn_xbar_layer *l, enum rrn_xbar_cpu cpu, rrn_xbar_cells *ret_cells,
                    rramnas_error *err)
{
  rrn_xbar_cells c = { .n_in = l->n_in, .rows = rrn_xbar_driven(l), .array_rows = (size_t)l->spec.rows,
                       .cols = l->cols };
  int32_t plane;

  c.passes = (c.array_rows + c.rows - 1) / c.rows;
  c.tiles = l->n_in / c.array_rows * c.passes + (l->n_in % c.array_rows + c.rows - 1) / c.rows;
  c.n_planes = l->n_slices * (rrn_xbar_pairs_are_one(l) ? 1 : l->n_sides);
  RRN_TRY(make_room(arena, l, cpu, &c, err));
  for (plane = 0; plane < c.n_planes; plane++)
    fill_plane(l, &c, plane);
  *ret_cells = c;
  return RRAMNAS_OK;
}
