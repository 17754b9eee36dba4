/* SPDX-License-Identifier: MIT */
/* Products on short arrays, with vectors in the lanes.
 *
 * In:  layers of one array each, as the groups of a convolution have them; inputs of many vectors, one bit per step.
 * Out: the codes that the reference gives, weighted by slice and step and added up.
 *
 * Idea: where an array has few columns, lanes that hold columns are idle; images and positions there are always many. A step
 * of a vector is a pattern of bits. Five rows are one of 32 sums, so two registers tabulate them and an instruction looks up
 * 16 patterns. Sums have 16 bits behind the code's point, so a dot product weighs the upper half of each, the code, and
 * adds it. Sums too near to the border of two codes, or beyond the converter's range, are rare: a block of 8 vectors tells
 * that it has some, and these are settled one by one, from 24 bits per cell and then from the cells as the reference does.
 * Patterns of a few vectors at a time stay in the nearest cache while all columns use them.
 *
 * Ranges of converters that are powers of two apart leave whole numbers to add, so a result is one product and a sum of
 * floating-point numbers, the same on every machine.
 *
 * Complexity: rows / 5 lookups and additions and three operations for 16 conversions. 3 bytes per pair of cells. Source:
 * Arlazarov et al., 1970, as mvm_lookup.c. With read noise by column as many lookups again give the variance. Arrays whose
 * rows and columns fill tiles go to mvm_short_amx.c, others of many columns to mvm_short_abreast_avx512.c, and those of few rows
 * and many vectors to mvm_short_listed_avx512.c. Not handled: several bits per step, inputs of more than 8 bits. */
#include "xbar/mvm_short_run.h"

#include <string.h>

#include "util/ckd.h"

enum { MOST_PLACE = 1 << 14, STEPS = RRN_XBAR_SHORT_STEPS, PATTERN_BYTES = 20 << 10, TABLE_BYTES = 1 << 18,
       LEAST_BUNDLE = 4, MOST_BUNDLE = 8, NEAR_ENTRIES = 256, MOST_ENTRIES = 1024 };

/* --- converters --- */

int32_t
rrn_xbar_short_octave(const rrn_xbar_adc *first, const rrn_xbar_adc *adc, int32_t slice)
{
  const double lo = adc->lo[slice], hi = adc->hi[slice];
  int32_t octave;

  for (octave = 0; octave < 128; octave++)
    if (hi * rrn_xbar_power_of_2(octave - 64) == first->hi[slice] && lo * rrn_xbar_power_of_2(octave - 64) == first->lo[slice])
      return octave;
  return -1;
}

/* What a code of each slice is worth, in units of the least of them: whole numbers, 0 when they are not. */
static int
weigh(const rrn_xbar_layer *l, int32_t *ret_places, double *ret_unit)
{
  double least = 0, worth[RRN_XBAR_MAX_SLICES];
  int32_t slice;

  for (slice = 0; slice < l->n_slices; slice++) {
    worth[slice] = (double)(1 << (slice * l->spec.cell_bits)) / rrn_xbar_codes_per_current(l, slice);
    least = slice == 0 || worth[slice] < least ? worth[slice] : least;
  }
  for (slice = 0; slice < l->n_slices; slice++) {
    const double place = worth[slice] / least;

    if (!(place <= MOST_PLACE) || place != (double)(int32_t)place)
      return 0;
    ret_places[slice] = (int32_t)place;
  }
  *ret_unit = least;
  return 1;
}

/* The greatest sum of all codes fits 31 bits. */
static int
sums_fit(const rrn_xbar_layer *l, const int32_t *places)
{
  double sum = 0;
  int32_t slice;

  for (slice = 0; slice < l->n_slices; slice++)
    sum += places[slice];
  return sum * (l->adc.codes - 1) * (double)((1 << l->n_steps) - 1) < 0x1p31;
}

static int
has_plain_range(const rrn_xbar_layer *l)
{
  int32_t slice;

  for (slice = 0; slice < l->n_slices; slice++)
    if (rrn_xbar_pairs_are_one(l) ? l->adc.lo[slice] != -l->adc.hi[slice] : l->adc.lo[slice] != 0)
      return 0;
  return 1;
}

int
rrn_xbar_is_short(const rrn_xbar_layer *layer, const rrn_xbar_adc *adcs, size_t n_groups)
{
  int32_t places[RRN_XBAR_MAX_SLICES], slice;
  rrn_xbar_layer l = *layer;
  double unit;
  size_t g;

  if (l.n_in > RRN_XBAR_SHORT_ROWS || l.n_in > rrn_xbar_driven(&l) || l.spec.dac_bits != 1 || l.n_steps > STEPS ||
      l.adc.codes == 0 || l.adc.codes > RRN_XBAR_SHORT_MOST_CODE || (l.read_model != RRN_READ_NONE && !l.read_by_column) ||
      rrn_xbar_collapses(layer))
    return 0;
  for (g = 0; g < n_groups; g++) {
    l.adc = adcs[g];
    if (!has_plain_range(&l) || !weigh(&l, places, &unit) || !sums_fit(&l, places))
      return 0;
    for (slice = 0; slice < l.n_slices; slice++)
      if (rrn_xbar_short_octave(&adcs[0], &adcs[g], slice) < 0)
        return 0;
  }
  return 1;
}

rrn_xbar_layer
rrn_xbar_short_layer(const rrn_xbar_short *s, size_t group)
{
  rrn_xbar_layer l = s->head;
  int32_t slice;

  l.weights += group * l.n_out * l.n_in;
  l.id.copy += (uint32_t)group;
  for (slice = 0; slice < l.n_slices; slice++) {
    const double factor = rrn_xbar_power_of_2(64 - s->octaves[group * (size_t)l.n_slices + (size_t)slice]);

    l.adc.hi[slice] *= factor;
    l.adc.lo[slice] *= factor;
  }
  return l;
}

/* Places of all steps together. */
static double
all_steps(const rrn_xbar_layer *l)
{
  return (double)((1 << l->n_steps) - 1);
}

void
rrn_xbar_short_scale(const rrn_xbar_short *s, size_t group, double *ret_scale, double *ret_base, double *ret_input_scale)
{
  const rrn_xbar_layer l = rrn_xbar_short_layer(s, group);
  const double to_digits = rrn_xbar_max_digit(&l) / (1 - l.spec.g_off);
  int32_t places[RRN_XBAR_MAX_SLICES], slice;
  double unit = 0, lowest = 0, digits = 0;

  weigh(&l, places, &unit);
  for (slice = 0; slice < l.n_slices; slice++) {
    lowest += l.adc.lo[slice] * (double)(1 << (slice * l.spec.cell_bits));
    digits += (double)(1 << (slice * l.spec.cell_bits));
  }
  *ret_scale = to_digits * unit;
  *ret_base = rrn_xbar_pairs_are_one(&l) ? to_digits * lowest * all_steps(&l) : 0;
  *ret_input_scale =
    l.spec.sign == RRN_XBAR_OFFSET ? -to_digits * l.spec.g_off * digits - (double)(1 << (l.spec.weight_bits - 1)) : 0;
}

void
rrn_xbar_short_begin(const rrn_xbar_short *s, size_t group, rrn_xbar_short_group *ret)
{
  const rrn_xbar_layer *l = &ret->layer;
  int32_t by_slice[RRN_XBAR_MAX_SLICES], plane;
  double unit;

  ret->group = group;
  ret->layer = rrn_xbar_short_layer(s, group);
  weigh(l, by_slice, &unit);
  ret->halves = 1;
  for (plane = 0; plane < s->n_planes; plane++) {
    const int32_t slice = rrn_xbar_slice_of(l, plane), place = by_slice[slice];

    ret->lowest[plane] = (int32_t)(-l->adc.lo[slice] * rrn_xbar_codes_per_current(l, slice) * RRN_XBAR_ONE + 0.5);
    ret->places[plane] = l->n_sides == 2 && !rrn_xbar_pairs_are_one(l) && plane % 2 == 1 ? -place : place;
    ret->halves = ret->halves && place << (l->n_steps - 1) < 0x8000;
  }
}

typedef rrn_xbar_short_running running;
typedef rrn_xbar_short_at_hand column;

/* --- columns --- */

/* What a column's first cells say of it in their lowest bits: its shift, and whether it can clip (mvm_short_cells.c). */
static uint32_t
record_of(const uint8_t *cells, size_t n)
{
  uint32_t record = 0, bit = 0;
  size_t k, c;

  for (k = c = 0; k < RRN_XBAR_SHORT_RECORD; k++, c++) {
    if (c == n) {
      c = 0;
      bit++;
    }
    record |= (uint32_t)(cells[3 * c] >> bit & 1) << k;
  }
  return record;
}

/* --- the whole --- */

static void *
aligned(rrn_arena *scratch, size_t n, size_t size)
{
  size_t bytes;
  char *p;

  if (ckd_mul(&bytes, n, size) || ckd_add(&bytes, bytes, 64) || !(p = rrn_arena_alloc_raw(scratch, bytes, 1)))
    return NULL;
  return p + (64 - (uintptr_t)p % 64) % 64;
}

/* Half a code and the doubt, on top of what the range begins with. */
static int32_t
base_of(const running *run, int32_t plane, uint32_t doubt)
{
  return run->g->lowest[plane] + (int32_t)(doubt / 2) + RRN_XBAR_ONE / 2;
}

/* Five by five; also where a unit is more than an entry's. */
static void
fill_plane(const column *c, int32_t plane, int32_t base, int32_t *table)
{
  const size_t n_in = c->run->s->head.n_in;
  const uint8_t *bytes = c->cells + (size_t)plane * n_in * 3;
  size_t row, k;

  for (row = 0; row < n_in; row += RRN_XBAR_FIVE, table += 32) {
    int32_t cells[RRN_XBAR_FIVE] = { 0 };

    for (k = 0; k < RRN_XBAR_FIVE && row + k < n_in; k++)
      cells[k] = rrn_xbar_short_cell(bytes + 3 * (row + k));
    rrn_xbar_short_table_plain(cells, c->shift - 16, row == 0 ? base : 0, table);
  }
}

static void
fill_spreads(const column *c, int32_t plane, int32_t *table)
{
  const size_t n_in = c->run->s->head.n_in;
  size_t row, k;

  for (row = 0; row < n_in; row += RRN_XBAR_FIVE, table += 32) {
    int32_t squares[RRN_XBAR_FIVE] = { 0 };

    for (k = 0; k < RRN_XBAR_FIVE && row + k < n_in; k++)
      squares[k] = c->spreads[(size_t)plane * n_in + row + k];
    rrn_xbar_short_table_plain(squares, 0, 0, table);
  }
}

static void
fill_tables(const column *c, uint32_t doubt, int32_t *table, int32_t *spreads)
{
  const rrn_xbar_short *s = c->run->s;
  const size_t n_in = s->head.n_in;
  int32_t plane;

  for (plane = 0; plane < s->n_planes; plane++, table += s->n_fives * 32) {
    const int32_t base = base_of(c->run, plane, doubt);

    if (s->cpu >= RRN_XBAR_CPU_AVX512 && c->shift >= 16)
      rrn_xbar_short_tables_avx512(c->cells + (size_t)plane * n_in * 3, n_in, c->shift - 16, base, table);
    else
      fill_plane(c, plane, base, table);
    if (spreads)
      fill_spreads(c, plane, spreads + (size_t)plane * s->n_fives * 32);
  }
}

/* What names the draws of a column's conversions, by plane and step. */
static void
fill_keys(const column *c, rrn_xbar_draws *ret_keys)
{
  const rrn_xbar_layer *l = &c->run->g->layer;
  const rrn_xbar_stream stream = rrn_xbar_stream_of(&l->id);
  const int one = rrn_xbar_pairs_are_one(l);
  int32_t plane, step;

  for (plane = 0; plane < c->run->s->n_planes; plane++)
    for (step = 0; step < STEPS; step += RRN_XBAR_DRAW_STEPS) {
      const size_t cell = rrn_xbar_cell(l, rrn_xbar_slice_of(l, plane), one ? 0 : plane % l->n_sides, c->col, 0);

      ret_keys[plane * RRN_XBAR_SHORT_DRAWS + step / RRN_XBAR_DRAW_STEPS] = rrn_xbar_draws_of_column(&stream, (uint32_t)cell, step);
    }
}

/* The names of the vectors in the streams of read noise. */
static int32_t
name_vectors(rrn_arena *scratch, const running *run, const uint32_t *numbers, size_t n_vectors,
             const rrn_xbar_draws **ret_names, rramnas_error *err)
{
  const rrn_xbar_stream stream = rrn_xbar_stream_of(&run->g->layer.id);
  rrn_xbar_draws *names = aligned(scratch, n_vectors, sizeof(*names));
  size_t v;

  if (!names)
    return rrn_fail_memory(err);
  for (v = 0; v < n_vectors; v++)
    names[v] = rrn_xbar_draws_of_vector(&stream, numbers[v]);
  *ret_names = names;
  return RRAMNAS_OK;
}

/* Room for a column's tables. */
static int32_t
make_column(rrn_arena *scratch, const running *run, const rrn_xbar_short_column *common, column *c, rramnas_error *err)
{
  const size_t n = common->n_planes * common->n_fives;

  *c = (column){ .run = run, .job = *common };
  c->job.user = c;
  c->job.table = aligned(scratch, n, 32 * sizeof(*c->job.table));
  if (!c->job.table)
    return rrn_fail_memory(err);
  if (!run->s->spreads)
    return RRAMNAS_OK;
  c->job.spreads = aligned(scratch, n, 32 * sizeof(*c->job.spreads));
  c->job.keys = rrn_arena_alloc(scratch, common->n_planes * RRN_XBAR_SHORT_DRAWS, sizeof(*c->job.keys));
  c->job.noise = rrn_arena_alloc(scratch, common->n_planes, sizeof(*c->job.noise));
  return c->job.spreads && c->job.keys && c->job.noise ? RRAMNAS_OK : rrn_fail_memory(err);
}

/* Where a column's cells are. */
static size_t
place_column(column *c, const running *run, size_t col)
{
  const rrn_xbar_short *s = run->s;
  const size_t number = run->slot * s->head.cols + col, place = number * (size_t)s->n_planes;

  c->run = run;
  c->col = col;
  c->cells = s->cells + place * s->head.n_in * 3;
  c->record = record_of(c->cells, s->head.n_in * (size_t)s->n_planes);
  c->shift = (int32_t)(c->record & (RRN_XBAR_CLIPS - 1));
  c->spreads = s->spreads ? s->spreads + place * s->head.n_in : NULL;
  return number;
}

/* Tables of the next column. */
static void
begin_column(column *c, size_t col, int32_t *sums)
{
  const rrn_xbar_short *s = c->run->s;
  const size_t number = place_column(c, c->run, col);
  rrn_xbar_short_column *job = &c->job;

  job->sums = sums;
  job->doubt = rrn_xbar_short_doubt(s, c->shift, rrn_xbar_short_rounded(s));
  job->clips = s->spreads || (c->record & RRN_XBAR_CLIPS) != 0;
  if (s->spreads) {
    memcpy(job->noise, s->noise + number * (size_t)s->n_planes, (size_t)s->n_planes * sizeof(*s->noise));
    fill_keys(c, job->keys);
  }
  fill_tables(c, job->doubt, job->table, job->spreads);
}

/* Some columns: of the vectors so many at a time as have their patterns in the nearest cache. */
static void
run_columns(column *columns, size_t n, size_t n_blocks)
{
  const size_t lanes = columns[0].run->s->cpu >= RRN_XBAR_CPU_AVX512 ? 16 : 64;
  const size_t all = columns[0].job.n_fives * lanes * sizeof(*columns[0].job.patterns);
  const size_t some = all > PATTERN_BYTES / 2 ? 2 : PATTERN_BYTES / all;
  size_t block, k;

  for (block = 0; block < n_blocks; block += some)
    for (k = 0; k < n; k++) {
      columns[k].job.first_block = block;
      columns[k].job.end_block = n_blocks - block < some ? n_blocks : block + some;
      (columns[k].run->s->cpu >= RRN_XBAR_CPU_AVX512 ? rrn_xbar_short_column_avx512 : rrn_xbar_short_column_plain)(
        &columns[k].job);
    }
}

/* All columns, so many at a time as have their tables in the next cache. */
static int32_t
run_all(rrn_arena *scratch, const running *run, const rrn_xbar_short_column *common, size_t n_blocks, int32_t *sums,
        rramnas_error *err)
{
  const size_t cols = run->s->head.cols, each = common->n_planes * common->n_fives * 32 * sizeof(*common->table);
  const size_t fit = TABLE_BYTES / each + 1, most = fit < cols ? fit : cols;
  column *columns = rrn_arena_alloc_raw(scratch, most, sizeof(*columns));
  size_t first, k, n;

  if (!columns)
    return rrn_fail_memory(err);
  for (k = 0; k < most; k++)
    RRN_TRY(make_column(scratch, run, common, &columns[k], err));
  for (first = 0; first < cols; first += n) {
    n = cols - first < most ? cols - first : most;
    for (k = 0; k < n; k++)
      begin_column(&columns[k], first + k, sums + (first + k) * n_blocks * RRN_XBAR_SHORT_VECTORS);
    run_columns(columns, n, n_blocks);
  }
  return RRAMNAS_OK;
}

/* --- by tiles --- */

/* Tiles are for arrays whose rows and columns fill them. */
static int
suits_tiles(const rrn_xbar_short *s, const rrn_xbar_short_column *common)
{
  return s->cpu == RRN_XBAR_CPU_AMX && common->halves && !s->spreads && s->n_fives > 5 &&
         s->head.cols >= RRN_XBAR_SHORT_SIDE / 2;
}

/* Cells of the columns from `first` on as digits; 0 when tiles cannot hold them. */
static int
fill_part(const running *run, const rrn_xbar_short_tiles *t, size_t first, int8_t *digits, int32_t *base, column *columns,
          rrn_xbar_short_part *ret)
{
  const rrn_xbar_short *s = run->s;
  const size_t left = s->head.cols - first, per_plane = t->n_chunks * 2 * RRN_XBAR_SHORT_SIDE * 64;
  uint32_t rounding;
  int32_t plane;
  size_t k;

  *ret = (rrn_xbar_short_part){ .digits = digits, .base = base,
                                .n_cols = left < RRN_XBAR_SHORT_SIDE ? left : RRN_XBAR_SHORT_SIDE };
  for (k = 0; k < ret->n_cols; k++) {
    place_column(&columns[k], run, first + k);
    ret->users[k] = &columns[k];
    for (plane = 0; plane < s->n_planes; plane++) {
      if (columns[k].shift < 16 ||
          !rrn_xbar_short_digits_amx(columns[k].cells + (size_t)plane * s->head.n_in * 3, s->head.n_in, columns[k].shift,
                                     digits + (size_t)plane * per_plane + k * 64, &rounding))
        return 0;
      rounding = rrn_xbar_short_doubt(s, columns[k].shift, rounding + 0.5);
      ret->doubt = rounding > ret->doubt ? rounding : ret->doubt;
    }
  }
  for (k = 0; k < (size_t)s->n_planes * RRN_XBAR_SHORT_SIDE; k++)
    base[k] = base_of(run, (int32_t)(k / RRN_XBAR_SHORT_SIDE), ret->doubt);
  return ret->doubt < RRN_XBAR_SHORT_MOST_DOUBT;
}

/* ret_done 0: these are no arrays for tiles. */
static int32_t
run_tiles(rrn_arena *scratch, const running *run, const rrn_xbar_short_column *common, size_t n_vectors, int32_t *sums,
          int *ret_done, rramnas_error *err)
{
  const rrn_xbar_short *s = run->s;
  const size_t side = RRN_XBAR_SHORT_SIDE, n_parts = (s->head.cols + side - 1) / side, planes = (size_t)s->n_planes;
  rrn_xbar_short_tiles t = { .x = run->x, .n_in = s->head.n_in, .n_chunks = (s->head.n_in + 31) / 32, .x_row = run->x_row,
                             .n_vectors = n_vectors, .lanes = run->lanes, .n_planes = s->n_planes,
                             .n_steps = s->head.n_steps, .last = common->last, .stats = run->stats, .settle = rrn_xbar_short_settle };
  const size_t per_part = planes * t.n_chunks * 2 * side * 64;
  int8_t *digits = aligned(scratch, n_parts, per_part);
  int32_t *base = aligned(scratch, n_parts * planes, side * sizeof(*base));
  column *columns = rrn_arena_alloc(scratch, n_parts * side, sizeof(*columns));
  rrn_xbar_short_part *parts = rrn_arena_alloc(scratch, n_parts, sizeof(*parts));
  size_t k;

  t.bits = aligned(scratch, STEPS * t.n_chunks, side * 64);
  if (!digits || !base || !columns || !parts || !t.bits)
    return rrn_fail_memory(err);
  memset(digits, 0, n_parts * per_part);
  memset(t.bits, 0, STEPS * t.n_chunks * side * 64);
  memcpy(t.places, common->places, sizeof(t.places));
  for (k = 0; k < n_parts; k++) {
    if (!fill_part(run, &t, k * side, digits + k * per_part, base + k * planes * side, columns + k * side, &parts[k]))
      return RRAMNAS_OK;
    parts[k].sums = sums + k * side * n_vectors;
  }
  rrn_xbar_short_tiles_amx(&t, parts, n_parts);
  *ret_done = 1;
  return RRAMNAS_OK;
}

/* --- columns abreast --- */

/* Where as many columns as fill most of a register have the same inputs. */
static int
suits_abreast(const rrn_xbar_short *s, const rrn_xbar_short_column *common)
{
  return s->cpu >= RRN_XBAR_CPU_AVX512 && common->halves && !s->spreads && s->head.cols >= RRN_XBAR_SHORT_SIDE / 2;
}

/* Rows that share a table: what is least work, in quarters of a cycle. A bundle takes a load for each step of a vector, which
 * costs more where tables of two planes are beyond the nearest cache, and an entry of its table is filled and stored. */
static size_t
rows_of_bundle(size_t n_in, size_t n_vectors)
{
  size_t rows, best = LEAST_BUNDLE, least = SIZE_MAX;

  for (rows = LEAST_BUNDLE; rows <= MOST_BUNDLE; rows++) {
    const size_t n = (n_in + rows - 1) / rows, fair = (n_in + n - 1) / n, even = fair < LEAST_BUNDLE ? LEAST_BUNDLE : fair;
    const size_t entries = n << even, load = entries <= NEAR_ENTRIES ? 5 : entries <= 2 * NEAR_ENTRIES ? 6 : 8;
    const size_t work = n * n_vectors * STEPS * load + 8 * entries;

    if (entries <= MOST_ENTRIES && work < least) {
      best = even;
      least = work;
    }
  }
  return best;
}

/* All columns; 0 when their units are too coarse. */
static int
bound_abreast(const running *run, column *columns, rrn_xbar_short_abreast *a)
{
  const double rounded = 0.5 * (double)(a->n_bundles + 1);
  size_t col;

  for (col = 0; col < run->s->head.cols; col++) {
    uint32_t doubt;

    place_column(&columns[col], run, col);
    doubt = rrn_xbar_short_doubt(run->s, columns[col].shift, rounded);
    if (columns[col].shift < 16 || doubt >= RRN_XBAR_SHORT_MOST_DOUBT)
      return 0;
    a->doubt = doubt > a->doubt ? doubt : a->doubt;
  }
  return 1;
}

/* Cells of up to 16 columns. */
static void
fill_abreast(const rrn_xbar_short *s, column *columns, rrn_xbar_short_abreast *a)
{
  size_t col;

  for (col = 0; col < a->n_cols; col++) {
    a->users[col] = &columns[col];
    a->shifts[col] = columns[col].shift - 16;
  }
  rrn_xbar_short_turn_cells_avx512(columns->cells, s->head.n_in * (size_t)s->n_planes, a->n_cols, a->cells);
}

/* Room of an array's products. */
static int32_t
make_abreast(rrn_arena *scratch, const running *run, rrn_xbar_short_abreast *a, rramnas_error *err)
{
  const size_t side = RRN_XBAR_SHORT_SIDE, n = (size_t)a->n_planes * a->n_in;
  uint16_t *patterns = aligned(scratch, a->n_bundles * a->n_vectors, STEPS * sizeof(*patterns));

  a->cells = aligned(scratch, n, side * sizeof(*a->cells));
  a->shifts = aligned(scratch, side, sizeof(*a->shifts));
  a->table = aligned(scratch, a->n_bundles << a->n_bundle, 2 * side * sizeof(*a->table));
  a->wide = aligned(scratch, a->n_vectors, side * sizeof(*a->wide));
  if (!patterns || !a->cells || !a->shifts || !a->table || !a->wide)
    return rrn_fail_memory(err);
  memset(a->shifts, 0, side * sizeof(*a->shifts));
  rrn_xbar_short_bundles_avx512(run->x, run->x_row, a->n_in, a->n_bundle, a->n_vectors, patterns);
  a->patterns = patterns;
  return RRAMNAS_OK;
}

/* ret_done 0: units are too coarse. */
static int32_t
run_abreast(rrn_arena *scratch, const running *run, const rrn_xbar_short_column *common, size_t n_vectors, int32_t *sums,
            int *ret_done, rramnas_error *err)
{
  const rrn_xbar_short *s = run->s;
  const size_t n_in = s->head.n_in, rows = rows_of_bundle(n_in, n_vectors);
  rrn_xbar_short_abreast a = { .n_in = n_in, .n_bundle = rows, .n_bundles = (n_in + rows - 1) / rows, .n_vectors = n_vectors,
                               .lanes = run->lanes, .n_planes = s->n_planes, .n_steps = s->head.n_steps,
                               .last = common->last, .stats = run->stats, .convert = rrn_xbar_short_convert_sum,
                               .settle = rrn_xbar_short_settle };
  column *columns = rrn_arena_alloc_raw(scratch, s->head.cols, sizeof(*columns));
  int32_t plane;
  size_t first;

  if (!columns)
    return rrn_fail_memory(err);
  if (!(*ret_done = bound_abreast(run, columns, &a)))
    return RRAMNAS_OK;
  RRN_TRY(make_abreast(scratch, run, &a, err));
  memcpy(a.places, common->places, sizeof(a.places));
  for (plane = 0; plane < s->n_planes; plane++)
    a.base[plane] = base_of(run, plane, a.doubt);
  for (first = 0; first < s->head.cols; first += RRN_XBAR_SHORT_SIDE) {
    a.n_cols = s->head.cols - first < RRN_XBAR_SHORT_SIDE ? s->head.cols - first : RRN_XBAR_SHORT_SIDE;
    a.sums = sums + first * n_vectors;
    fill_abreast(s, columns + first, &a);
    rrn_xbar_short_abreast_avx512(&a);
  }
  return RRAMNAS_OK;
}

/* --- patterns listed --- */

/* Sums of codes of all planes: the least one, and how far above it the greatest is. */
static int64_t
range_of(const rrn_xbar_short_column *common, int32_t *ret_lowest)
{
  int64_t lowest = 0, all = 0;
  size_t plane;

  for (plane = 0; plane < common->n_planes; plane++) {
    const int64_t most = (int64_t)common->places[plane] * common->last;

    lowest += most < 0 ? most : 0;
    all += most < 0 ? -most : most;
  }
  *ret_lowest = (int32_t)lowest;
  return all;
}

/* Few rows, and so many vectors that a list of all patterns is less work. */
static int
suits_list(const rrn_xbar_short *s, const rrn_xbar_short_column *common, size_t n_vectors)
{
  int32_t lowest;

  return s->cpu >= RRN_XBAR_CPU_AVX512 && !s->spreads && s->head.n_in <= RRN_XBAR_SHORT_LISTED_ROWS &&
         n_vectors * 4 >> s->head.n_in >= 1 && s->n_planes <= RRN_XBAR_SHORT_LISTED_PLANES && range_of(common, &lowest) < 1 << 16;
}

/* What a column is. */
static void
list_column(const running *run, size_t col, column *c, rrn_xbar_short_listed *l)
{
  int32_t plane;

  place_column(c, run, col);
  l->user = c;
  l->shift = c->shift - 16;
  l->doubt = rrn_xbar_short_doubt(run->s, c->shift, 1);
  for (plane = 0; plane < l->n_planes; plane++)
    l->base[plane] = base_of(run, plane, l->doubt);
  l->cells = c->cells;
}

/* 0: units are too coarse. */
static int
run_listed(const running *run, const rrn_xbar_short_column *common, size_t n_vectors, int32_t *sums)
{
  const rrn_xbar_short *s = run->s;
  rrn_xbar_short_listed l = { .x = run->x, .x_row = run->x_row, .n_in = s->head.n_in, .n_vectors = n_vectors,
                              .lanes = run->lanes, .n_planes = s->n_planes, .n_steps = s->head.n_steps,
                              .last = common->last, .stats = run->stats,
                              .convert = rrn_xbar_short_convert_sum, .settle = rrn_xbar_short_convert_one };
  size_t col;
  column c;

  for (col = 0; col < s->head.cols; col++) {
    place_column(&c, run, col);
    if (c.shift < 16)
      return 0;
  }
  memcpy(l.places, common->places, sizeof(l.places));
  range_of(common, &l.lowest);
  for (col = 0; col < s->head.cols; col++) {
    list_column(run, col, &c, &l);
    l.sums = sums + col * n_vectors;
    rrn_xbar_short_listed_avx512(&l);
  }
  return 1;
}

static size_t
count_in_use(const uint8_t *lanes, size_t n_vectors)
{
  size_t k, n = 0;

  for (k = 0; k < n_vectors / RRN_XBAR_SHORT_LANES; k++)
    n += lanes[k];
  return n;
}

/* What the unit columns give is subtracted: sums of codes that are not negative. */
static void
subtract_units(const rrn_xbar_layer *l, size_t n_vectors, int32_t *sums)
{
  size_t k, v;

  for (k = 0; k < l->n_out; k++) {
    const int32_t *unit = sums + rrn_xbar_unit_column(l, k) * n_vectors;
    int32_t *output = sums + k * n_vectors;

    for (v = 0; v < n_vectors; v++)
      output[v] -= unit[v];
  }
}

/* Column by column: any array. */
static int32_t
run_looked_up(rrn_arena *scratch, const running *run, rrn_xbar_short_column *common, size_t n_vectors,
              const uint32_t *numbers, int32_t *sums, rramnas_error *err)
{
  const rrn_xbar_short *s = run->s;
  const size_t blocks = n_vectors / RRN_XBAR_SHORT_VECTORS;
  const int fast = s->cpu >= RRN_XBAR_CPU_AVX512;
  uint32_t *patterns = aligned(scratch, blocks * s->n_fives, 64 * sizeof(*patterns));

  common->patterns = patterns;
  common->worths = aligned(scratch, common->n_planes, 64 * sizeof(*common->worths));
  if (!patterns || !common->worths)
    return rrn_fail_memory(err);
  if (s->spreads)
    RRN_TRY(name_vectors(scratch, run, numbers, n_vectors, &common->names, err));
  if (fast)
    rrn_xbar_short_worths_avx512(common, common->worths);
  (fast ? rrn_xbar_short_patterns_avx512 : rrn_xbar_short_patterns_plain)(run->x, run->x_row, s->head.n_in, blocks, patterns);
  return run_all(scratch, run, common, blocks, sums, err);
}

/* Sums of all columns, by the form that suits the array. */
static int32_t
run_suited(rrn_arena *scratch, const running *run, rrn_xbar_short_column *common, size_t n_vectors,
           const uint32_t *numbers, int32_t *sums, rramnas_error *err)
{
  int done = 0;

  if (suits_tiles(run->s, common))
    RRN_TRY(run_tiles(scratch, run, common, n_vectors, sums, &done, err));
  else if (suits_list(run->s, common, n_vectors))
    done = run_listed(run, common, n_vectors, sums);
  else if (suits_abreast(run->s, common))
    RRN_TRY(run_abreast(scratch, run, common, n_vectors, sums, &done, err));
  return done ? RRAMNAS_OK : run_looked_up(scratch, run, common, n_vectors, numbers, sums, err);
}

int32_t
rrn_xbar_short_run(rrn_arena *scratch, const rrn_xbar_short *s, size_t slot, rrn_xbar_short_group *g, const uint8_t *x,
                   size_t x_row, size_t n_vectors, const uint8_t *lanes, const uint32_t *numbers, int32_t *ret_sums,
                   rrn_xbar_stats *stats, rramnas_error *err)
{
  const running run = { .s = s, .g = g, .x = x, .x_row = x_row, .lanes = lanes, .slot = slot, .stats = stats };
  rrn_xbar_short_column common = { .n_planes = (size_t)s->n_planes, .n_fives = s->n_fives,
                                   .last = s->head.adc.codes - 1, .n_steps = s->head.n_steps, .lanes = lanes, .halves = g->halves,
                                   .stats = stats, .settle = rrn_xbar_short_settle };

  stats->conversions += (int64_t)(count_in_use(lanes, n_vectors) * s->head.cols) * s->head.n_steps * s->n_planes;
  memcpy(common.places, g->places, (size_t)s->n_planes * sizeof(*g->places));
  g->layer.id = s->head.id;
  g->layer.id.copy += (uint32_t)g->group;
  RRN_TRY(run_suited(scratch, &run, &common, n_vectors, numbers, ret_sums, err));
  if (s->head.spec.sign == RRN_XBAR_UNIT_COLUMN)
    subtract_units(&s->head, n_vectors, ret_sums);
  return RRAMNAS_OK;
}
