/* SPDX-License-Identifier: MIT */
/* Cells of short arrays are made.
 *
 * In:  layers of one array each, their converters.
 * Out: cells of 24 bits for mvm_short.c: integers in units of 2^-shift codes of the converter, shift by column.
 *
 * Idea: neighbouring columns' deviates are neighbours in their stream and are drawn together, whole blocks of them. The
 * finest unit that keeps a column's greatest cell is taken; cells are the nearest integers but for the first ones, whose
 * lowest bit is one of the column's record, its shift and whether it can clip: bit k is in cell k, and where there are fewer
 * cells in the bits above. So nothing is stored besides. What cells are off adds up to the bound of doubts, the same on every
 * machine.
 *
 * Complexity: linear in cells. Memory: 3 bytes per pair of cells; codes of two columns on the way. */
#include <string.h>

#include "util/ckd.h"
#include "xbar/mvm_short.h"
#include "xbar/noise.h"

enum { MOST_SHIFT = 22, MOST_CELL = 0x7fffbe, EIGHT = RRN_XBAR_SHORT_EIGHT, MOST_G = 2 * RRN_XBAR_SHORT_ROWS,
       DEVIATES = 8 * RRN_XBAR_SHORT_ROWS, LINE = 64 };

static double
larger(double a, double b)
{
  return a > b ? a : b;
}

/* A column on its way to be cells. */
typedef struct draft {
  double *codes; /* [plane][stride], of whole lines, 0 beyond the inputs */
  int32_t shift;
  uint32_t record;
} draft;

/* Columns of a group on their way. A column's codes are made before the cells of the one before it: what these wait for is then
 * long done. */
typedef struct maker {
  rrn_xbar_layer l;
  const uint8_t *octaves; /* of its converters; NULL before the first group */
  double first_code[2 * RRN_XBAR_MAX_SLICES]; /* by plane: of no current, with half a code */
  const rrn_xbar_short_loops *loops;
  rrn_xbar_short_writing w;
  rrn_xbar_short_rounding r;
  rrn_xbar_short_bounds bounds;
  draft drafts[2];        /* of even and odd columns */
  int is_plain;           /* cells have write errors only, and no read noise */
  size_t drawn, end;      /* the columns' slices whose deviates are at hand, those of all columns in a row */
  const float *xi;        /* of slice `drawn` on, in room */
  _Alignas(LINE) float room[DEVIATES + 2 * RRN_XBAR_NORMALS];
} maker;

/* What all groups with the same ranges of converters share. */
static void
set_converters(maker *m)
{
  const rrn_xbar_layer *l = &m->l;
  int32_t plane, slice;

  for (slice = 0; slice < l->n_slices; slice++)
    m->w.per_current[slice] = rrn_xbar_codes_per_current(l, slice);
  for (plane = 0; plane < rrn_xbar_n_planes(l); plane++) {
    slice = rrn_xbar_slice_of(l, plane);
    m->first_code[plane] = 0.5 - l->adc.lo[slice] * m->w.per_current[slice];
  }
}

static void
begin_group(maker *m, const rrn_xbar_short *s, size_t group)
{
  const uint8_t *octaves = s->octaves + group * (size_t)s->head.n_slices;

  if (m->octaves && memcmp(m->octaves, octaves, (size_t)s->head.n_slices) == 0) {
    m->l.weights = s->head.weights + group * s->head.n_out * s->head.n_in;
    m->l.id.copy = s->head.id.copy + (uint32_t)group;
  } else {
    m->l = rrn_xbar_short_layer(s, group);
    set_converters(m);
  }
  m->octaves = octaves;
  m->drawn = m->end = 0;
}

/* Variances of a plane's reads in 255 steps of the greatest, each made up for what the one before was rounded by; the sum of a
 * column's read noise is the root of their sum. 0 when it is beyond what conversions hold. `minus`: NULL without pairs that
 * are subtracted. */
static int
store_spreads(const maker *m, int32_t plane, const double *plus, const double *minus, uint8_t *to, float *ret_noise)
{
  const rrn_xbar_layer *l = &m->l;
  const int relative = l->read_model == RRN_READ_RELATIVE;
  const double sigma = l->read_sigma * m->w.per_current[rrn_xbar_slice_of(l, plane)];
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
  const double q = m->w.per_current[rrn_xbar_slice_of(&m->l, plane)];
  double *codes = m->drafts[column % 2].codes + (size_t)plane * m->r.stride;
  size_t k;

  for (k = 0; minus && k < n_in; k++)
    codes[k] = (plus[k] - minus[k]) * q;
  for (k = 0; !minus && k < n_in; k++)
    codes[k] = plus[k] * q;
  for (k = n_in; k < m->r.stride; k++)
    codes[k] = 0;
  return !s->noise || store_spreads(m, plane, plus, minus, s->spreads + place * n_in, &s->noise[place]);
}

/* Deviates of some columns together, or of some slices of a long one. */
static void
draw(maker *m)
{
  const rrn_xbar_layer *l = &m->l;
  const size_t each = (size_t)l->n_sides * l->n_in, n_slices = (size_t)l->n_slices, left = l->cols * n_slices - m->end;
  const size_t fit = DEVIATES / each, some = fit < n_slices ? fit : fit / n_slices * n_slices;
  const size_t n = some < left ? some : left;

  m->drawn = m->end;
  m->end += n;
  m->xi = rrn_xbar_deviates_of_slices(l, m->drawn / n_slices, (int32_t)(m->drawn % n_slices), n, m->room);
}

/* All planes of a column whose cells have write errors only. */
static void
write_codes(maker *m, size_t col, double *codes)
{
  static const int32_t weights_of_unit[RRN_XBAR_SHORT_ROWS];
  const rrn_xbar_layer *l = &m->l;
  const size_t n_slices = (size_t)l->n_slices, per_slice = m->r.n_planes / n_slices, first = col * n_slices;
  size_t at, n;

  m->w.weights = col < l->n_out ? l->weights + col * l->n_in : weights_of_unit;
  for (at = first; at < first + n_slices; at += n) {
    if (at == m->end)
      draw(m);
    n = (m->end < first + n_slices ? m->end : first + n_slices) - at;
    m->w.first = (int32_t)(at - first);
    m->w.end = m->w.first + (int32_t)n;
    m->w.xi = m->xi + (at - m->drawn) * (size_t)l->n_sides * l->n_in;
    m->loops->codes(&m->w, codes + (at - first) * per_slice * m->r.stride);
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

/* The finest unit that keeps a column's cells in 24 bits: its negative exponent. */
static int32_t
shift_of(double greatest)
{
  int32_t shift;
  uint64_t bits;

  memcpy(&bits, &greatest, sizeof(bits));
  shift = MOST_SHIFT - ((int32_t)(bits >> 52) - 1023);
  shift = shift < 0 ? 0 : shift > MOST_SHIFT ? MOST_SHIFT : shift;
  return shift > 0 && greatest * (double)(1 << shift) > MOST_CELL ? shift - 1 : shift;
}

/* Whether a pattern's code can be beyond the converter's, with an eighth of a code to spare for what is rounded. -1 when it is
 * beyond what conversions hold. */
static int
can_clip(const maker *m)
{
  const double margin = 2.0 * RRN_XBAR_SHORT_MOST_DOUBT / RRN_XBAR_ONE;
  double least = RRN_XBAR_SHORT_MOST_CODE, most = 0, range = 0;
  size_t plane;

  for (plane = 0; plane < m->r.n_planes; plane++) {
    const double low = m->bounds.low[plane], high = m->bounds.high[plane], first = m->first_code[plane];

    range = larger(high - low, range);
    least = -larger(-least, -(first + low));
    most = larger(most, first + high);
  }
  return range >= RRN_XBAR_SHORT_MOST_CODE ? -1 : !(least > margin && most < m->l.adc.codes - margin);
}

void
rrn_xbar_short_place_record(rrn_xbar_short_rounding *r)
{
  const size_t all = r->n * r->n_planes;
  size_t p, k;

  r->n_marks = (RRN_XBAR_SHORT_RECORD + r->n - 1) / r->n;
  r->n_marks = r->n_marks < r->n_planes ? r->n_marks : r->n_planes;
  for (p = 0; p < r->n_marks; p++)
    for (k = 0; k < EIGHT; k++)
      r->marks[p].step[k] = r->marks[p].inverse[k] = 1;
  for (k = 0; k < RRN_XBAR_SHORT_RECORD; k++) {
    rrn_xbar_short_mark *mark = &r->marks[k % all / r->n];

    mark->step[k % all % r->n] *= 2;
    mark->inverse[k % all % r->n] *= 0.5;
  }
}

static int32_t
make_room(rrn_arena *arena, rrn_xbar_short *s, rramnas_error *err)
{
  const size_t columns = s->n_groups * s->head.cols;
  size_t n;

  if (ckd_mul(&n, columns, s->head.n_in * 3) || ckd_mul(&n, n, (size_t)s->n_planes))
    return rrn_fail_memory(err);
  s->cells = rrn_arena_alloc_alone_raw(arena, n, 1);
  if (!s->cells)
    return rrn_fail_memory(err);
  if (s->head.read_model == RRN_READ_NONE)
    return RRAMNAS_OK;
  s->noise = rrn_arena_alloc_alone_raw(arena, columns, (size_t)s->n_planes * sizeof(*s->noise));
  s->spreads = rrn_arena_alloc_alone_raw(arena, n / 3, 1);
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

/* Codes of a column. 0 when they are none for these conversions. */
static int
begin_column(rrn_xbar_short *s, maker *m, size_t col, size_t column)
{
  draft *d = &m->drafts[column % 2];
  int clips;

  if (m->is_plain)
    write_codes(m, col, d->codes);
  else if (!make_codes(s, m, col, column))
    return 0;
  d->shift = shift_of(m->loops->bounds(d->codes, m->r.n_planes, m->r.stride, &m->bounds));
  if ((clips = can_clip(m)) < 0)
    return 0;
  d->record = (uint32_t)d->shift | (clips ? RRN_XBAR_CLIPS : 0);
  return 1;
}

/* Its cells. Lowers the least shift. */
static void
end_column(rrn_xbar_short *s, maker *m, size_t column, int32_t *least)
{
  const draft *d = &m->drafts[column % 2];

  m->r.record = d->record;
  m->r.unit = (double)(1 << d->shift);
  s->unsure = larger(s->unsure, m->loops->cells(&m->r, d->codes, s->cells + 3 * column * m->r.n_planes * m->r.n));
  *least = d->shift < *least ? d->shift : *least;
}

/* Makes every column's cells, once. 0 when the arrays are none for these conversions. */
static int
fill(rrn_xbar_short *s, const uint32_t *groups, maker *m)
{
  int32_t least = MOST_SHIFT;
  size_t slot, col, n = 0;

  for (slot = 0; slot < s->n_groups; slot++) {
    begin_group(m, s, groups ? groups[slot] : slot);
    for (col = 0; col < s->head.cols; col++, n++) {
      if (!begin_column(s, m, col, n))
        return 0;
      if (n > 0)
        end_column(s, m, n - 1, &least);
    }
  }
  if (n > 0)
    end_column(s, m, n - 1, &least);
  return rrn_xbar_short_doubt(s, least, rrn_xbar_short_rounded(s)) < RRN_XBAR_SHORT_MOST_DOUBT;
}

/* What all groups share. */
static void
begin(maker *m, const rrn_xbar_short *s, const rrn_xbar_layer *l)
{
  m->octaves = NULL;
  m->is_plain = !s->noise && rrn_xbar_writes_plainly(l);
  m->loops = rrn_xbar_short_loops_of(s->cpu);
  m->r = (rrn_xbar_short_rounding){ .n = l->n_in, .stride = (l->n_in + EIGHT - 1) / EIGHT * EIGHT,
                                    .n_planes = (size_t)s->n_planes };
  rrn_xbar_short_place_record(&m->r);
  m->w = (rrn_xbar_short_writing){ .n = l->n_in, .stride = m->r.stride, .n_sides = l->n_sides,
                                   .paired = rrn_xbar_pairs_are_one(l), .cell_bits = l->spec.cell_bits,
                                   .add = l->n_sides == 2 ? 0 : 1 << (l->spec.weight_bits - 1),
                                   .mask = rrn_xbar_max_digit(l), .g_off = l->spec.g_off, .unit = rrn_xbar_unit_of(l),
                                   .is_relative = l->noise.write_model == RRN_WRITE_RELATIVE,
                                   .sigma = l->noise.write_sigma };
}

int32_t
rrn_xbar_short_create(rrn_arena *arena, const rrn_xbar_layer *layer, const rrn_xbar_groups *groups,
                      const rrn_xbar_short *like, enum rrn_xbar_cpu cpu, rrn_xbar_short *ret_short, int *ret_fits,
                      rramnas_error *err)
{
  rrn_xbar_short s = { .head = *layer, .cpu = cpu, .n_groups = groups->n, .n_planes = rrn_xbar_n_planes(layer),
                       .n_fives = (layer->n_in + RRN_XBAR_FIVE - 1) / RRN_XBAR_FIVE };
  double *room;
  maker m;

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
  begin(&m, &s, layer);
  if (!(room = rrn_alloc(arena->rt, 2 * m.r.n_planes * m.r.stride + EIGHT - 1, sizeof(*room))))
    return rrn_fail_memory(err);
  m.drafts[0].codes = (double *)(((uintptr_t)room + LINE - 1) / LINE * LINE);
  m.drafts[1].codes = m.drafts[0].codes + m.r.n_planes * m.r.stride;
  *ret_fits = fill(&s, groups->groups, &m);
  rrn_free(arena->rt, room);
  *ret_short = s;
  return RRAMNAS_OK;
}
