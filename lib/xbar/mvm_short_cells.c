/* SPDX-License-Identifier: MIT */
/* Cells of short arrays are made.
 *
 * In:  layers of one array each, their converters.
 * Out: cells of 24 bits for mvm_short.c: integers in units of 2^-shift codes of the converter, shift by column.
 *
 * Idea: a column's conductances are drawn together, which makes whole blocks of deviates. The finest unit that keeps its greatest
 * cell is taken; cells are the nearest integers but for the first ones, whose lowest bit is one of the column's record, its
 * shift and whether it can clip: bit k is in cell k, and where there are fewer cells in the bits above. So nothing is stored
 * besides. What cells are off adds up to the bound of doubts, the same on every machine.
 *
 * Complexity: linear in cells. Memory: 3 bytes per pair of cells; codes of one column on the way. */
#include <string.h>

#include "util/ckd.h"
#include "xbar/mvm_short.h"

enum { MOST_SHIFT = 22, MOST_CELL = 0x7fffbe, EIGHT = RRN_XBAR_SHORT_EIGHT, MOST_G = 2 * RRN_XBAR_SHORT_ROWS };

static double
larger(double a, double b)
{
  return a > b ? a : b;
}

/* Columns of a group on their way to be cells. */
typedef struct maker {
  rrn_xbar_layer l;
  double per_current[2 * RRN_XBAR_MAX_SLICES]; /* codes, by plane */
  double first_code[2 * RRN_XBAR_MAX_SLICES];  /* of no current, with half a code */
  const rrn_xbar_short_loops *loops;
  int32_t weights[RRN_XBAR_SHORT_ROWS]; /* of a column, 0 beyond the inputs */
  size_t stride; /* inputs, up to a multiple of eight */
  double *codes; /* [plane][stride], 0 beyond the inputs */
  rrn_xbar_short_bounds bounds[2 * RRN_XBAR_MAX_SLICES]; /* by plane */
  int32_t cells[RRN_XBAR_SHORT_ROWS]; /* of a plane */
  int is_plain;    /* cells have write errors only, and no read noise */
  double down, up; /* what these are above and below codes */
} maker;

static void
begin_group(maker *m, const rrn_xbar_short *s, size_t group)
{
  int32_t plane;

  m->l = rrn_xbar_short_layer(s, group);
  for (plane = 0; plane < s->n_planes; plane++) {
    const int32_t slice = rrn_xbar_slice_of(&m->l, plane);

    m->per_current[plane] = rrn_xbar_codes_per_current(&m->l, slice);
    m->first_code[plane] = 0.5 - m->l.adc.lo[slice] * m->per_current[plane];
  }
}

/* Variances of a plane's reads in 255 steps of the greatest, each made up for what the one before was rounded by; the sum of a
 * column's read noise is the root of their sum. 0 when it is beyond what conversions hold. `minus`: NULL without pairs that
 * are subtracted. */
static int
store_spreads(const maker *m, int32_t plane, const double *plus, const double *minus, uint8_t *to, float *ret_noise)
{
  const rrn_xbar_layer *l = &m->l;
  const int relative = l->read_model == RRN_READ_RELATIVE;
  const double sigma = l->read_sigma * m->per_current[plane];
  double squares[RRN_XBAR_SHORT_ROWS], greatest = 0, left = 0;
  size_t k;

  for (k = 0; k < l->n_in; k++) {
    squares[k] = relative ? plus[k] * plus[k] + (minus ? minus[k] * minus[k] : 0) : minus ? 2 : 1;
    greatest = squares[k] > greatest ? squares[k] : greatest;
  }
  for (k = 0; k < l->n_in; k++)
    to[k] = rrn_xbar_whole_of(greatest > 0 ? squares[k] / greatest * 255 : 0, 255, &left);
  *ret_noise = (float)(sigma * __builtin_sqrt(greatest / 255) * RRN_XBAR_DEVIATES_SCALE * RRN_XBAR_ONE);
  return sigma * __builtin_sqrt(greatest * (double)l->n_in) * RRN_XBAR_GREATEST_DRAW < RRN_XBAR_SHORT_MOST_CODE / 2;
}

/* A plane's cells in codes, and what their reads spread. */
static int
make_plane(const rrn_xbar_short *s, maker *m, int32_t plane, size_t column, const double *plus, const double *minus)
{
  const size_t n_in = m->l.n_in, place = column * (size_t)s->n_planes + (size_t)plane;
  const double q = m->per_current[plane];
  double *codes = m->codes + (size_t)plane * m->stride;
  size_t k;

  for (k = 0; minus && k < n_in; k++)
    codes[k] = (plus[k] - minus[k]) * q;
  for (k = 0; !minus && k < n_in; k++)
    codes[k] = plus[k] * q;
  return !s->noise || store_spreads(m, plane, plus, minus, s->spreads + place * n_in, &s->noise[place]);
}

/* How cells of a plane hold weights. */
static rrn_xbar_short_writing
writing_of(const maker *m, int32_t plane)
{
  const rrn_xbar_layer *l = &m->l;

  return (rrn_xbar_short_writing){ .weights = m->weights, .n = l->n_in,
                                   .sign = l->n_sides == 2 && !rrn_xbar_pairs_are_one(l) && plane % 2 == 1 ? -1 : 1,
                                   .add = l->n_sides == 2 ? 0 : 1 << (l->spec.weight_bits - 1),
                                   .shift = rrn_xbar_slice_of(l, plane) * l->spec.cell_bits, .mask = rrn_xbar_max_digit(l),
                                   .is_relative = l->noise.write_model == RRN_WRITE_RELATIVE, .g_off = l->spec.g_off,
                                   .unit = rrn_xbar_unit_of(l), .sigma = l->noise.write_sigma,
                                   .per_current = m->per_current[plane] };
}

/* All planes of a column whose cells have write errors only; of its deviates some slices at a time. */
static void
write_codes(maker *m, size_t col)
{
  const rrn_xbar_layer *l = &m->l;
  const size_t each = (size_t)l->n_sides * l->n_in;
  const int one = rrn_xbar_pairs_are_one(l);
  const int32_t some = (int32_t)(MOST_G / each), per_slice = one ? 1 : l->n_sides;
  double room[MOST_G + EIGHT], *xi;
  int32_t slice, plane, k, n;

  memcpy(m->weights, l->weights + col * l->n_in, l->n_in * sizeof(*m->weights));
  for (slice = plane = 0; slice < l->n_slices; slice += n) {
    n = l->n_slices - slice < some ? l->n_slices - slice : some;
    rrn_xbar_deviates_of_slices(l, col, slice, n, room);
    memset(room + (size_t)n * each, 0, EIGHT * sizeof(*room));
    for (k = 0, xi = room; k < n * per_slice; k++, plane++, xi += one ? each : l->n_in) {
      rrn_xbar_short_writing w = writing_of(m, plane);

      w.plus = xi;
      w.minus = one ? xi + l->n_in : NULL;
      m->loops->codes(&w, m->codes + (size_t)plane * m->stride);
    }
  }
}

/* All planes of a column; of its conductances some slices at a time. 0 when read noise is beyond what conversions hold. */
static int
make_codes(const rrn_xbar_short *s, maker *m, size_t col, size_t column)
{
  const rrn_xbar_layer *l = &m->l;
  const size_t each = (size_t)l->n_sides * l->n_in;
  const int one = rrn_xbar_pairs_are_one(l);
  const int32_t some = (int32_t)(MOST_G / each), per_slice = one ? 1 : l->n_sides;
  double room[MOST_G], *g;
  int32_t slice, plane, k, n;

  for (slice = plane = 0; slice < l->n_slices; slice += n) {
    n = l->n_slices - slice < some ? l->n_slices - slice : some;
    rrn_xbar_conductances_of_slices(l, col, slice, n, room);
    for (k = 0, g = room; k < n * per_slice; k++, plane++, g += one ? each : l->n_in)
      if (!make_plane(s, m, plane, column, g, one ? g + l->n_in : NULL))
        return 0;
  }
  return 1;
}

/* Sums of a column's codes; the greatest of them. */
static double
bound_codes(maker *m)
{
  double most = 0;
  int32_t plane;

  for (plane = 0; plane < rrn_xbar_n_planes(&m->l); plane++) {
    m->loops->bounds(m->codes + (size_t)plane * m->stride, m->stride, &m->bounds[plane]);
    most = larger(m->bounds[plane].greatest, most);
  }
  return most;
}

/* The finest unit that keeps a column's cells in 24 bits: its negative exponent. */
static int32_t
shift_of(double greatest)
{
  int32_t shift = MOST_SHIFT;

  for (; shift > 0 && greatest * (double)(1 << shift) > MOST_CELL; shift--)
    ;
  return shift;
}

/* Whether a pattern's code can be beyond the converter's, with an eighth of a code to spare for what is rounded. */
static int
can_clip(const maker *m)
{
  const double margin = 2.0 * RRN_XBAR_SHORT_MOST_DOUBT / RRN_XBAR_ONE;
  int32_t plane;

  for (plane = 0; plane < rrn_xbar_n_planes(&m->l); plane++)
    if (!(m->first_code[plane] + m->bounds[plane].low > margin &&
          m->first_code[plane] + m->bounds[plane].high < m->l.adc.codes - margin))
      return 1;
  return 0;
}

/* The nearest cell of a plane whose lowest bits are given: a multiple of `step` above them. */
static void
move_cell(maker *m, size_t in, double value, double bits, double step)
{
  const double magic = 0x1.8p52, before = value - m->cells[in];
  const double nearest = bits + step * ((((value - bits) / step) + magic) - magic), after = value - nearest;

  m->up += (after > 0 ? after : 0) - (before > 0 ? before : 0);
  m->down += (after < 0 ? -after : 0) - (before < 0 ? -before : 0);
  m->cells[in] = (int32_t)nearest;
}

/* Writes what is in a plane of a column's record into its cells. */
static void
hide_record(maker *m, int32_t plane, double unit, uint32_t record)
{
  const size_t n_in = m->l.n_in, n = n_in * (size_t)rrn_xbar_n_planes(&m->l), first = (size_t)plane * n_in;
  size_t c, k;

  for (c = first; c < first + n_in && c < RRN_XBAR_SHORT_RECORD; c++) {
    uint32_t bits = 0, step = 1;

    for (k = c; k < RRN_XBAR_SHORT_RECORD; k += n, step *= 2)
      bits += (record >> k & 1) * step;
    move_cell(m, c - first, m->codes[(size_t)plane * m->stride + c - first] * unit, bits, step);
  }
}

static int32_t
make_room(rrn_arena *arena, rrn_xbar_short *s, rramnas_error *err)
{
  const size_t columns = s->n_groups * s->head.cols;
  size_t n;

  if (ckd_mul(&n, columns, s->head.n_in * 3) || ckd_mul(&n, n, (size_t)s->n_planes))
    return rrn_fail_memory(err);
  s->cells = rrn_arena_alloc_alone(arena, n, 1);
  if (!s->cells)
    return rrn_fail_memory(err);
  if (s->head.read_model == RRN_READ_NONE)
    return RRAMNAS_OK;
  s->noise = rrn_arena_alloc_alone(arena, columns, (size_t)s->n_planes * sizeof(*s->noise));
  s->spreads = rrn_arena_alloc_alone(arena, n / 3, 1);
  return s->noise && s->spreads ? RRAMNAS_OK : rrn_fail_memory(err);
}

static int32_t
set_octaves(rrn_arena *arena, rrn_xbar_short *s, const rrn_xbar_groups *groups, rramnas_error *err)
{
  const size_t n_slices = (size_t)s->head.n_slices, n = groups->all * n_slices;
  uint8_t *octaves = rrn_arena_alloc_alone(arena, n, 1);
  size_t i;

  if (!octaves)
    return rrn_fail_memory(err);
  for (i = 0; i < n; i++)
    octaves[i] = (uint8_t)rrn_xbar_short_octave(&groups->adcs[0], &groups->adcs[i / n_slices], (int32_t)(i % n_slices));
  s->octaves = octaves;
  return RRAMNAS_OK;
}

/* One column. Lowers the least shift; 0 when it is none for these conversions. */
static int
fill_column(rrn_xbar_short *s, maker *m, size_t col, size_t column, int32_t *least)
{
  const size_t planes = (size_t)s->n_planes, n_in = s->head.n_in;
  int32_t shift, plane;
  uint32_t record;

  if (m->is_plain)
    write_codes(m, col);
  else if (!make_codes(s, m, col, column))
    return 0;
  shift = shift_of(bound_codes(m));
  record = (uint32_t)shift | (can_clip(m) ? RRN_XBAR_CLIPS : 0);
  *least = shift < *least ? shift : *least;
  for (plane = 0; plane < s->n_planes; plane++) {
    if (m->bounds[plane].high - m->bounds[plane].low >= RRN_XBAR_SHORT_MOST_CODE)
      return 0;
    m->loops->cells(m->codes + (size_t)plane * m->stride, m->stride, (double)(1 << shift), m->cells, &m->down, &m->up);
    hide_record(m, plane, (double)(1 << shift), record);
    s->unsure = larger(s->unsure, larger(m->up, m->down));
    m->loops->store(m->cells, n_in, s->cells + 3 * (column * planes + (size_t)plane) * n_in);
  }
  return 1;
}

/* Makes every column's cells, once. 0 when the arrays are none for these conversions. */
static int
fill(rrn_xbar_short *s, const uint32_t *groups, maker *m)
{
  int32_t least = MOST_SHIFT;
  size_t slot, col;

  for (slot = 0; slot < s->n_groups; slot++) {
    begin_group(m, s, groups ? groups[slot] : slot);
    for (col = 0; col < s->head.cols; col++)
      if (!fill_column(s, m, col, slot * s->head.cols + col, &least))
        return 0;
  }
  return rrn_xbar_short_doubt(s, least, rrn_xbar_short_rounded(s)) < RRN_XBAR_SHORT_MOST_DOUBT;
}

int32_t
rrn_xbar_short_create(rrn_arena *arena, const rrn_xbar_layer *layer, const rrn_xbar_groups *groups,
                      const rrn_xbar_short *like, enum rrn_xbar_cpu cpu, rrn_xbar_short *ret_short, int *ret_fits,
                      rramnas_error *err)
{
  rrn_xbar_short s = { .head = *layer, .cpu = cpu, .n_groups = groups->n, .n_planes = rrn_xbar_n_planes(layer),
                       .n_fives = (layer->n_in + RRN_XBAR_FIVE - 1) / RRN_XBAR_FIVE };
  maker m = { .stride = (layer->n_in + EIGHT - 1) / EIGHT * EIGHT };

  s.head.adc = groups->adcs[0];
  /* Asking the processor takes long in virtual machines. */
  if (like)
    s.cpu = like->cpu;
  else if (cpu >= RRN_XBAR_CPU_AVX512 && !rrn_xbar_short_has_avx512())
    s.cpu = RRN_XBAR_CPU_PLAIN;
  RRN_TRY(make_room(arena, &s, err));
  if (like)
    s.octaves = like->octaves;
  else
    RRN_TRY(set_octaves(arena, &s, groups, err));
  m.is_plain = !s.noise && rrn_xbar_writes_plainly(layer);
  m.loops = rrn_xbar_short_loops_of(s.cpu);
  if (!(m.codes = rrn_calloc(arena->rt, (size_t)s.n_planes * m.stride, sizeof(*m.codes))))
    return rrn_fail_memory(err);
  *ret_fits = fill(&s, groups->groups, &m);
  rrn_free(arena->rt, m.codes);
  *ret_short = s;
  return RRAMNAS_OK;
}
