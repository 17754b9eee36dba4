/* SPDX-License-Identifier: MIT */
/* Matrix-vector products on a programmed layer, fast.
 *
 * In:  a layer with its converter, inputs x[batch][in].
 * Out: what the reference gives: the same codes.
 *
 * Idea: cells become integers (mvm_cells.c) and their sums are looked up (mvm_lookup.c, mvm_avx512.c) and converted in
 * single precision. A conversion whose current is nearer to the border of two codes than these can be wrong is settled
 * one by one, from all bits of the cells and, nearer still, from the layer as the reference does: so every kernel gives
 * the reference's codes. Where no conversion changes anything, mvm_collapsed.c does it.
 *
 * Complexity: see mvm_lookup.c. Not handled: read noise by cell. Read noise by column of relative error is slow with
 * more than RRN_XBAR_SQUARED_BITS bits per step, as are converters with errors of more than RRN_XBAR_LEVELS codes:
 * conversions are settled one by one. */
#include "xbar/mvm_work.h"

#include <string.h>

#include "util/ckd.h"

/* Codes by which words of 16 bits may be wrong. Twice as much of all conversions would be in doubt. */
#define MOST_ROUNDED 0.03

enum rrn_xbar_cpu
rrn_xbar_cpu_best(void)
{
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512vbmi"))
    return rrn_xbar_amx_usable() ? RRN_XBAR_CPU_AMX : RRN_XBAR_CPU_AVX512;
  if (__builtin_cpu_supports("avx2"))
    return RRN_XBAR_CPU_AVX2;
#endif
  return RRN_XBAR_CPU_PLAIN;
}

/* Whether words of 16 bits leave few enough conversions in doubt to be worth it. */
static int
words_suffice(const rrn_xbar_cells *c)
{
  int32_t plane;

  for (plane = 0; plane < c->n_planes; plane++)
    if (c->rounded[plane] > MOST_ROUNDED || c->fraction[plane] < c->left_out[plane])
      return 0;
  return 1;
}

int32_t
rrn_xbar_kernel_create(rrn_arena *arena, const rrn_xbar_layer *l, enum rrn_xbar_cpu cpu, rrn_xbar_kernel *ret_kernel,
                       rramnas_error *err)
{
  rrn_xbar_kernel k = { .head = *l, .cpu = cpu };

  RRN_FAIL_IF(l->read_model != RRN_READ_NONE && (!l->read_by_column || l->adc.codes == 0), err, RRAMNAS_ERR_UNSUPPORTED,
              "no kernel but the reference draws read noise by cell or without a converter");
  k.collapsed = rrn_xbar_collapses(l);
  RRN_TRY(k.collapsed ? rrn_xbar_collapsed_fill(arena, l, &k, err) : rrn_xbar_cells_fill(arena, l, cpu, &k.cells, err));
  if (cpu == RRN_XBAR_CPU_AVX512 && !k.collapsed && !words_suffice(&k.cells))
    k.cpu = RRN_XBAR_CPU_AVX2;
  *ret_kernel = k;
  return RRAMNAS_OK;
}

/* --- by lookup --- */

void *
rrn_xbar_room(rrn_arena *scratch, size_t n, size_t size)
{
  size_t bytes;
  char *p;

  if (ckd_mul(&bytes, n, size) || ckd_add(&bytes, bytes, 64) || !(p = rrn_arena_alloc_raw(scratch, bytes, 1)))
    return NULL;
  return p + (64 - (uintptr_t)p % 64) % 64;
}

/* Least room of a table, in groups of four columns: RRN_XBAR_TABLE_GROUPS of all lanes. */
enum { TABLE_FLOOR = RRN_XBAR_TABLE_GROUPS * RRN_XBAR_LANES / 4 };
/* Columns that share the inputs of 16 vectors in a first-level cache. */
enum { TILE_COLUMNS = 256 };

/* Lanes beyond the columns are added up and dropped. */
static void *
zeroed_cells(rrn_arena *scratch, size_t groups, size_t size)
{
  void *cells = rrn_xbar_room(scratch, 4 * groups, RRN_XBAR_LANES * size);

  if (cells)
    memset(cells, 0, 4 * groups * RRN_XBAR_LANES * size);
  return cells;
}

/* Squares of steps of several bits, which spreads are multiplied by; those that the kernels do not take are not made. */
static int
make_squares(rrn_arena *scratch, const rrn_xbar_kernel *k, rrn_xbar_work *w)
{
  const size_t steps = (size_t)w->block.steps;
  const int needed = k->cells.spread && w->block.dac_bits > 1 && w->block.dac_bits <= RRN_XBAR_SQUARED_BITS;

  if (needed && k->cpu >= RRN_XBAR_CPU_AVX512)
    w->block.squares = w->step_squares = rrn_xbar_room(scratch, w->words * steps, 64 * RRN_XBAR_TABLE_VECTORS);
  else if (needed)
    w->block.square_pairs = w->square_pairs =
      rrn_arena_alloc_raw(scratch, RRN_XBAR_TABLE_VECTORS * steps, w->block.stride / 2 * sizeof(*w->square_pairs));
  return !needed || w->step_squares || w->square_pairs;
}

/* Room that only one kind of kernel needs. */
static int
make_tables(rrn_arena *scratch, const rrn_xbar_kernel *k, rrn_xbar_work *w)
{
  rrn_xbar_block *b = &w->block;
  const size_t patterns = RRN_XBAR_TABLE_VECTORS * (size_t)b->bits;

  if (!make_squares(scratch, k, w))
    return 0;
  if (k->cpu == RRN_XBAR_CPU_AMX) {
    b->inputs = w->inputs = rrn_xbar_room(scratch, w->words * (size_t)b->steps, 64 * RRN_XBAR_TABLE_VECTORS);
    w->start = rrn_xbar_room(scratch, (size_t)b->steps, RRN_XBAR_TABLE_VECTORS * sizeof(*w->start));
    return w->inputs != NULL && w->start != NULL;
  }
  b->table = rrn_xbar_room(scratch, b->groups < TABLE_FLOOR ? TABLE_FLOOR : b->groups, 64 * sizeof(int32_t));
  if (k->cpu == RRN_XBAR_CPU_AVX512) {
    b->words = rrn_xbar_room(scratch, b->stride + 16, sizeof(*b->words));
    b->base = rrn_xbar_room(scratch, w->width, sizeof(*b->base));
    b->sixteens = w->sixteens = rrn_xbar_room(scratch, b->stride / 16, patterns * sizeof(*w->sixteens));
    b->spreads = rrn_xbar_room(scratch, b->stride, 16 * sizeof(*b->spreads));
    return b->table && b->words && b->base && w->sixteens && b->spreads;
  }
  b->sums = rrn_xbar_room(scratch, patterns, RRN_XBAR_LANES * sizeof(*b->sums));
  if (k->head.read_model != RRN_READ_NONE)
    b->noises = rrn_xbar_room(scratch, patterns, RRN_XBAR_LANES * sizeof(*b->noises));
  b->index = w->index = rrn_arena_alloc_raw(scratch, b->groups, patterns * sizeof(*w->index));
  b->cells = w->cells = zeroed_cells(scratch, b->groups, sizeof(*w->cells));
  if (k->cells.spread)
    b->spread_cells = w->spread_cells = zeroed_cells(scratch, b->groups, sizeof(*w->spread_cells));
  return b->table && b->sums && w->index && w->cells && (k->head.read_model == RRN_READ_NONE || b->noises) &&
         (!k->cells.spread || w->spread_cells);
}

/* The greatest sum of a column's codes is that of the places of the steps times a code. */
static double
places_of(const rrn_xbar_layer *l)
{
  double places = 0;
  int32_t step;

  for (step = 0; step < l->n_steps; step++)
    places += (double)(1 << (step * l->spec.dac_bits));
  return places;
}

/* The tile at hand; the first one is the tallest. */
static void
set_rows(const rrn_xbar_kernel *k, size_t tile, rrn_xbar_work *w)
{
  rrn_xbar_block *b = &w->block;

  w->tile = tile;
  w->array = tile / k->cells.passes;
  w->first = rrn_xbar_first_of(&k->cells, tile);
  w->rows = b->rows = rrn_xbar_rows_of(&k->cells, tile);
  b->stride = (b->rows + 15) / 16 * 16;
  b->groups = b->stride / 4;
  w->words = (b->stride + 63) / 64;
}

static int32_t
make_room(rrn_arena *scratch, const rrn_xbar_kernel *k, rrn_xbar_work *w, rramnas_error *err)
{
  const rrn_xbar_layer *l = &k->head;
  const size_t steps = (size_t)l->n_steps, vectors = RRN_XBAR_TABLE_VECTORS;
  rrn_xbar_block *b = &w->block;
  size_t sums, planes;

  memset(w, 0, sizeof(*w));
  b->dac_bits = l->spec.dac_bits;
  b->steps = l->n_steps;
  b->bits = l->n_steps * l->spec.dac_bits;
  b->bits = k->cpu >= RRN_XBAR_CPU_AVX512 ? b->bits : (b->bits + 3) / 4 * 4;
  set_rows(k, 0, w);
  w->width = k->cpu >= RRN_XBAR_CPU_AVX512 ? TILE_COLUMNS : RRN_XBAR_LANES;
  if (ckd_mul(&sums, l->cols + RRN_XBAR_LANES, vectors) || ckd_mul(&planes, sums, (size_t)k->cells.n_planes))
    return rrn_fail_memory(err);
  w->codes = rrn_xbar_room(scratch, planes, sizeof(*w->codes));
  b->doubts = rrn_xbar_room(scratch, (w->width + 1) * steps, RRN_XBAR_DOUBTS * sizeof(*b->doubts));
  w->doubts = rrn_arena_alloc_raw(scratch, w->width * steps + 4, RRN_XBAR_DOUBTS * sizeof(*w->doubts));
  w->left = rrn_arena_alloc_raw(scratch, w->width * steps + 1, RRN_XBAR_TABLE_VECTORS * sizeof(*w->left));
  w->bits = rrn_arena_alloc_raw(scratch, vectors * (size_t)b->bits, w->words * sizeof(*w->bits));
  w->eight_of = rrn_arena_alloc_raw(scratch, 256, sizeof(*w->eight_of));
  w->pedestals = rrn_arena_alloc_raw(scratch, vectors * steps, 2 * sizeof(*w->pedestals));
  w->placed = rrn_arena_alloc_raw(scratch, vectors, sizeof(*w->placed));
  w->offset = rrn_xbar_room(scratch, vectors * steps, sizeof(*w->offset));
  w->y = rrn_arena_alloc_raw(scratch, sums, sizeof(*w->y));
  b->offset = w->offset;
  b->places = w->doubts;
  if (!make_tables(scratch, k, w) || !rrn_xbar_make_noise_room(scratch, k, w) ||
      !rrn_xbar_make_levels_room(scratch, k, w) || !w->codes || !b->doubts ||
      !w->doubts || !w->left || !w->bits || !w->eight_of || !w->pedestals || !w->placed || !w->offset || !w->y)
    return rrn_fail_memory(err);
  w->offsets = w->pedestals + vectors * steps;
  rrn_xbar_fill_eight_of(w->eight_of);
  return RRAMNAS_OK;
}

/* Currents of the off conductances of a tile, by step, and the steps' sums with their places; a pair has none. */
static void
fill_pedestals(const rrn_xbar_kernel *k, rrn_xbar_work *w)
{
  const rrn_xbar_layer *l = &k->head;
  const double per_digit = l->spec.g_off / rrn_xbar_max_step(l);
  size_t vector;
  int32_t step;

  memset(w->pedestals, 0, RRN_XBAR_TABLE_VECTORS * (size_t)l->n_steps * sizeof(*w->pedestals));
  for (vector = 0; vector < w->block.vectors && !rrn_xbar_pairs_are_one(l); vector++)
    for (step = 0; step < l->n_steps; step++) {
      const int64_t sum = rrn_xbar_sum_of_step(w, vector, step);

      w->pedestals[(size_t)step * RRN_XBAR_TABLE_VECTORS + vector] = (double)sum * per_digit;
      w->placed[vector] += l->n_sides == 1 ? sum << (step * l->spec.dac_bits) : 0;
    }
}

/* --- converters --- */

/* The greatest offset of a plane's sums, in codes. */
static double
greatest_offset(const rrn_xbar_kernel *k, int32_t plane)
{
  const rrn_xbar_layer *l = &k->head;
  const int32_t slice = rrn_xbar_slice_of(l, plane);
  const double q = rrn_xbar_codes_per_current(l, slice), rows = (double)k->cells.rows;

  return rrn_xbar_magnitude(l->adc.lo[slice] * q) + (rrn_xbar_pairs_are_one(l) ? 0 : rows * l->spec.g_off * q);
}

/* The greatest number that the conversion of a plane adds, in codes, with the noise that is set. */
static double
greatest_term(const rrn_xbar_kernel *k, const rrn_xbar_work *w, int32_t plane)
{
  return k->cells.greatest[plane] + greatest_offset(k, plane) + k->head.adc.codes + w->most_noise;
}

/* Whether sums have 16 bits behind the point: in the widest kernels, and for tables of converters with errors. */
static int
has_sixteen(const rrn_xbar_kernel *k)
{
  return k->cpu >= RRN_XBAR_CPU_AVX512 || k->head.converters;
}

/* The others have as many as all bits of the cells if there is room. */
static int32_t
fraction_of(const rrn_xbar_kernel *k, const rrn_xbar_work *w, int32_t plane)
{
  int32_t fraction = k->cells.fraction[plane] + 8;

  if (has_sixteen(k))
    return 16;
  while (fraction > 0 && greatest_term(k, w, plane) * rrn_xbar_power_of_2(fraction) > 0x1p30)
    fraction--;
  return fraction;
}

/* Bits behind the point in what the kernel adds up. */
static int32_t
high_of(const rrn_xbar_kernel *k, int32_t plane)
{
  return k->cells.fraction[plane] - (k->cpu == RRN_XBAR_CPU_AVX512 ? k->cells.left_out[plane] : 0);
}

/* What the sums of a kernel can be wrong by, in codes: rounded cells, and for tiles the bits below the sum's. */
static double
error_of(const rrn_xbar_kernel *k, int32_t plane, const rrn_xbar_block *b)
{
  const rrn_xbar_cells *c = &k->cells;
  const double unit = 1 / rrn_xbar_power_of_2(b->fraction), left_out = c->fraction[plane] + 8 > b->fraction ? unit : 0;

  if (k->cpu == RRN_XBAR_CPU_AMX)
    return left_out;
  if (k->cpu == RRN_XBAR_CPU_AVX512)
    return c->rounded[plane];
  return left_out * (double)c->rows * rrn_xbar_max_step(&k->head);
}

/* Whether the sums of a plane are out of the kernel's reach, so that every conversion is settled by itself. */
static int
is_slow(const rrn_xbar_kernel *k, const rrn_xbar_work *w, int32_t plane, double margin)
{
  const int32_t high = high_of(k, plane), least[] = { -7, -7, 0, 8 };
  const int32_t needed = k->head.converters && k->cpu < RRN_XBAR_CPU_AVX512 ? 8 : least[k->cpu];

  return (k->head.converters && k->head.adc.codes > RRN_XBAR_LEVELS) || margin > 0.1 || high < needed ||
         greatest_term(k, w, plane) * rrn_xbar_power_of_2(has_sixteen(k) ? 16 : 0) > 0x1p30 ||
         (k->cells.spread && k->head.spec.dac_bits > RRN_XBAR_SQUARED_BITS);
}

/* Offsets as the sums of tiles have them, less the width of doubt, where words can hold the sums of single bytes. What
 * the top bytes add comes with 16 bits behind the point. */
static void
set_start(const rrn_xbar_kernel *k, int32_t plane, rrn_xbar_work *w)
{
  rrn_xbar_block *b = &w->block;
  const double greatest = greatest_offset(k, plane) + 2;
  const size_t n = RRN_XBAR_TABLE_VECTORS * (size_t)b->steps;
  const int32_t one = b->high < 8 ? 1 : 1 << (b->high - 8), width = b->width;
  size_t i;

  b->start = NULL;
  if (k->cpu != RRN_XBAR_CPU_AMX || b->stride > 128 || b->dac_bits > 1 || b->high < 10 ||
      greatest * rrn_xbar_power_of_2(b->high + 8) > 0x1p30 || w->most_noise > RRN_XBAR_MOST_WHOLE)
    return;
  for (i = 0; i < n; i++)
    w->start[i] = (w->offset[i] - width) * one;
  b->start = w->start;
}

/* What sums of a plane are to be raised by, in codes and as the block has them, `one` to a code; of pairs the same
 * everywhere. */
static void
set_offsets(const rrn_xbar_kernel *k, int32_t slice, double q, double one, rrn_xbar_work *w)
{
  const size_t n = RRN_XBAR_TABLE_VECTORS * (size_t)w->block.steps;
  const int alike = rrn_xbar_pairs_are_one(&k->head);
  const double low = k->head.adc.lo[slice];
  const uint32_t less = w->block.small ? RRN_XBAR_WHOLE_BITS | UINT32_C(1) << 31 : 0;
  size_t i;

  for (i = 0; i < n; i++)
    w->offsets[i] = (w->pedestals[i] - low) * q;
  for (i = 0; i < n; i++)
    w->offset[i] = w->block.slow    ? 0
                   : i > 0 && alike ? w->offset[0]
                                    : (int32_t)((uint32_t)((int32_t)__builtin_floor((w->offsets[i] + 0.5) * one + 0.5) +
                                                        w->block.width / 2) - less);
}

/* What the block and its doubts need of a plane. */
static void
set_converter(const rrn_xbar_kernel *k, int32_t plane, rrn_xbar_work *w)
{
  const rrn_xbar_layer *l = &k->head;
  const int32_t slice = rrn_xbar_slice_of(l, plane);
  const double q = rrn_xbar_codes_per_current(l, slice);
  rrn_xbar_block *b = &w->block;
  double margin, one;

  w->slope = 1 / rrn_xbar_power_of_2(k->cells.fraction[plane] + 8);
  w->unsure = k->cells.unsure[plane] + 1e-9;
  w->rounding = 1e-9 + 1e-14 * (double)k->cells.rows * k->cells.greatest[plane];
  b->high = high_of(k, plane);
  b->left_out = k->cells.left_out[plane];
  rrn_xbar_set_noise(k, plane, w);
  b->fraction = fraction_of(k, w, plane);
  one = rrn_xbar_power_of_2(b->fraction);
  margin = w->unsure + error_of(k, plane, b) + rrn_xbar_scale_noise(k, one, w) + 1 / one;
  margin += k->head.converters ? 0x1p-14 : 0; /* of tables and of sums rounded for them */
  b->slow = is_slow(k, w, plane, margin);
  b->width = b->slow ? 0 : 2 * (int32_t)(margin * one) + 3;
  b->last = l->adc.codes - 1;
  b->small = k->cpu == RRN_XBAR_CPU_AVX512 && w->near_roots;
  set_offsets(k, slice, q, one, w);
  set_start(k, plane, w);
}

static uint32_t *
codes_of(const rrn_xbar_kernel *k, const rrn_xbar_work *w, int32_t plane, size_t col)
{
  return w->codes + ((size_t)plane * (k->head.cols + RRN_XBAR_LANES) + col) * RRN_XBAR_TABLE_VECTORS;
}

/* As a number with a sign first, which several can be converted from at a time. */
static inline double
number_of(uint32_t codes)
{
  return (double)(int32_t)(codes ^ UINT32_C(0x80000000)) + 0x1p31;
}

/* Codes of a plane to digits times steps, with sign and place. */
static void
add_codes(const rrn_xbar_kernel *k, int32_t plane, size_t batch, const rrn_xbar_work *w)
{
  const rrn_xbar_layer *l = &k->head;
  const int apart = l->n_sides == 2 && !rrn_xbar_pairs_are_one(l);
  const int32_t slice = rrn_xbar_slice_of(l, plane);
  const double to_digits = (double)rrn_xbar_max_digit(l) / (1 - l->spec.g_off) * rrn_xbar_max_step(l) *
                           (double)(1 << (slice * l->spec.cell_bits)) * (apart && plane % 2 == 1 ? -1 : 1);
  const double current = to_digits / rrn_xbar_codes_per_current(l, slice);
  const double lowest = l->adc.lo[slice] * places_of(l) * (double)w->held;
  const double per_digit = l->spec.g_off / rrn_xbar_max_step(l);
  double shift[RRN_XBAR_TABLE_VECTORS];
  size_t vector, col;

  for (vector = 0; vector < batch; vector++)
    shift[vector] = (lowest - (double)w->placed[vector] * per_digit) * to_digits;
  for (col = 0; col < l->cols; col++) {
    const uint32_t *codes = codes_of(k, w, plane, col);
    double *y = w->y + col * RRN_XBAR_TABLE_VECTORS;

    for (vector = 0; vector < batch; vector++)
      y[vector] += number_of(codes[vector]) * current + shift[vector];
  }
}

/* Adds up what the steps of each vector gave, as if they had been vectors. */
static void
fold(const rrn_xbar_kernel *k, size_t batch, rrn_xbar_work *w)
{
  const size_t steps = w->fold;
  const int32_t dac_bits = k->head.spec.dac_bits;
  size_t vector, step, col;
  int32_t plane;

  for (vector = 0; vector < batch; vector++)
    for (step = 0; step < steps; step++)
      w->placed[vector] = (step == 0 ? 0 : w->placed[vector]) +
                          (w->placed[vector * steps + step] << (step * (size_t)dac_bits));
  for (plane = 0; plane < k->cells.n_planes; plane++)
    for (col = 0; col < k->head.cols; col++) {
      uint32_t *codes = codes_of(k, w, plane, col);

      for (vector = 0; vector < batch; vector++) {
        uint32_t sum = 0;

        for (step = steps; step-- > 0;)
          sum = (sum << dac_bits) + codes[vector * steps + step];
        codes[vector] = sum;
      }
    }
}

/* Empties the sums of codes. */
static void
clear(const rrn_xbar_kernel *k, rrn_xbar_work *w)
{
  const size_t sums = (k->head.cols + RRN_XBAR_LANES) * RRN_XBAR_TABLE_VECTORS;

  memset(w->codes, 0, (size_t)k->cells.n_planes * sums * sizeof(*w->codes));
  memset(w->placed, 0, RRN_XBAR_TABLE_VECTORS * sizeof(*w->placed));
  w->held = 0;
}

/* Takes the codes of the tiles so far into the result. */
static void
flush(const rrn_xbar_kernel *k, size_t batch, rrn_xbar_work *w)
{
  int32_t plane;

  if (w->fold > 1)
    fold(k, batch, w);
  for (plane = 0; plane < k->cells.n_planes; plane++)
    add_codes(k, plane, batch, w);
}

/* The cells of a block as the kernels without permutations want them. No input has rows beyond: what they hold does not
 * count. */
static void
fill_cells(rrn_xbar_work *w)
{
  const rrn_xbar_block *b = &w->block;
  const int32_t shift = b->high + 8 - b->fraction;
  const int8_t *top = b->top, *low = b->low;
  const uint8_t *middle = b->middle;
  const size_t rows = b->rows;
  int32_t *cells = w->cells;
  size_t lane, row;

  for (lane = 0; lane < b->columns; lane++, top += rows, middle += rows, low += rows)
    for (row = 0; row < rows; row++)
      cells[row * RRN_XBAR_LANES + lane] = (65536 * top[row] + 256 * middle[row] + low[row]) >> shift;
}

static void
fill_spreads(rrn_xbar_work *w)
{
  const rrn_xbar_block *b = &w->block;
  const uint8_t *spread = b->spread;
  size_t lane, row;

  for (lane = 0; lane < b->columns; lane++, spread += b->rows)
    for (row = 0; row < b->rows; row++)
      w->spread_cells[w->square_pairs ? (row / 2 * RRN_XBAR_LANES + lane) * 2 + row % 2
                                      : row * RRN_XBAR_LANES + lane] = spread[row];
}

static void
look_up(const rrn_xbar_kernel *k, rrn_xbar_block *b)
{
  const int32_t all = b->slow ? 0xff : 0;

  b->n_places = 0;
  if (b->slow || b->levels || k->cpu < RRN_XBAR_CPU_AVX512)
    memset(b->doubts, all, b->columns * (size_t)b->steps * RRN_XBAR_DOUBTS * sizeof(*b->doubts));
  if (b->slow)
    return;
  if (k->cpu == RRN_XBAR_CPU_AMX)
    rrn_xbar_tiles_amx(b);
  else if (k->cpu == RRN_XBAR_CPU_AVX512)
    rrn_xbar_lookup_avx512(b);
  else if (k->cpu == RRN_XBAR_CPU_AVX2)
    rrn_xbar_lookup_avx2(b);
  else
    rrn_xbar_lookup_plain(b);
}

/* Columns from `first` on of one plane of the tile at hand. */
static void
run_block(const rrn_xbar_kernel *k, int32_t plane, size_t first, rrn_xbar_work *w)
{
  const size_t place = rrn_xbar_column(&k->cells, w->first, w->rows, plane, first), left = k->head.cols - first;
  rrn_xbar_block *b = &w->block;

  b->columns = left < w->width ? left : w->width;
  b->top = k->cells.top + place;
  b->middle = k->cells.middle + place;
  b->low = k->cells.low + place;
  b->spread = k->cells.spread ? k->cells.spread + place : NULL;
  b->codes = codes_of(k, w, plane, first);
  if (w->keys) {
    rrn_xbar_fill_keys(k, rrn_xbar_cell_of(k, w, plane, first), w);
    rrn_xbar_fill_column_noise(k, plane, first, w);
  }
  if (b->levels && !b->slow)
    rrn_xbar_fill_levels(k, plane, first, w);
  if (w->cells && !b->slow)
    fill_cells(w);
  if (w->spread_cells && !b->slow)
    fill_spreads(w);
  look_up(k, b);
  rrn_xbar_settle(k, plane, first, w);
}

static void
run_tile(const rrn_xbar_kernel *k, size_t tile, rrn_xbar_work *w)
{
  const rrn_xbar_layer *l = &k->head;
  int32_t plane;
  size_t first;

  set_rows(k, tile, w);
  rrn_xbar_fill_inputs(k, w);
  fill_pedestals(k, w);
  if (w->squares)
    rrn_xbar_fill_squares(k, w);
  for (plane = 0; plane < k->cells.n_planes; plane++) {
    set_converter(k, plane, w);
    for (first = 0; first < l->cols; first += w->width)
      run_block(k, plane, first, w);
  }
}

static void
finish(const rrn_xbar_kernel *k, const int32_t *x, size_t batch, const rrn_xbar_work *w, double *ret_y)
{
  const rrn_xbar_layer *l = &k->head;
  size_t vector, i;

  for (vector = 0; vector < batch; vector++) {
    const double *y = w->y + vector;
    double offset = 0;

    for (i = 0; l->spec.sign == RRN_XBAR_OFFSET && i < l->n_in; i++)
      offset += (double)x[vector * l->n_in + i] * (double)(1 << (l->spec.weight_bits - 1));
    for (i = 0; i < l->n_out; i++)
      ret_y[vector * l->n_out + i] =
        y[i * RRN_XBAR_TABLE_VECTORS] -
        (l->spec.sign == RRN_XBAR_UNIT_COLUMN ? y[rrn_xbar_unit_column(l, i) * RRN_XBAR_TABLE_VECTORS] : offset);
  }
}

/* Each step of each vector as a vector of its own. */
static const int32_t *
take_apart(const rrn_xbar_layer *l, const int32_t *x, size_t batch, const rrn_xbar_work *w)
{
  int32_t *to = w->steps_apart;
  size_t vector, in;
  int32_t step;

  for (vector = 0; vector < batch; vector++)
    for (step = 0; step < l->n_steps; step++)
      for (in = 0; in < l->n_in; in++)
        *to++ = x[vector * l->n_in + in] >> (step * l->spec.dac_bits) & rrn_xbar_max_step(l);
  return w->steps_apart;
}

/* As many vectors as share a table. `of` is the kernel that converts them. */
static void
run_part(const rrn_xbar_kernel *k, const rrn_xbar_kernel *of, const int32_t *x, size_t batch, rrn_xbar_work *w,
         double *ret_y)
{
  const rrn_xbar_layer *l = &k->head;
  size_t tile;

  w->x = w->fold > 1 ? take_apart(l, x, batch, w) : x;
  w->block.vectors = batch * w->fold;
  memset(w->y, 0, l->cols * RRN_XBAR_TABLE_VECTORS * sizeof(*w->y));
  for (tile = 0; tile < k->cells.tiles; tile++) {
    run_tile(of, tile, w);
    if (++w->held == w->room || tile + 1 == k->cells.tiles) {
      flush(k, batch, w);
      clear(k, w);
    }
  }
  w->stats.conversions +=
    (int64_t)(batch * l->cols * k->cells.tiles) * l->n_steps * k->cells.n_planes;
  finish(k, x, batch, w, ret_y);
}

/* A few vectors leave lanes of the wide kernels idle, unless their steps take them: the kernel of a single step. */
static int32_t
make_folded(rrn_arena *scratch, const rrn_xbar_kernel *k, size_t batch, rrn_xbar_kernel *one, rrn_xbar_work *w,
            rramnas_error *err)
{
  const rrn_xbar_layer *l = &k->head;
  const size_t steps = (size_t)l->n_steps;
  const int folds = k->cpu >= RRN_XBAR_CPU_AVX512 && l->read_model == RRN_READ_NONE &&
                    batch * steps <= RRN_XBAR_TABLE_VECTORS;

  *one = *k;
  if (folds) {
    one->head.n_steps = 1;
    one->head.spec.input_bits = l->spec.dac_bits;
  }
  RRN_TRY(make_room(scratch, one, w, err));
  clear(one, w);
  w->fold = folds ? steps : 1;
  w->room = (size_t)(UINT32_MAX / ((double)(l->adc.codes - 1) * places_of(l)));
  w->steps_apart = folds ? rrn_arena_alloc_raw(scratch, batch * steps, l->n_in * sizeof(*w->steps_apart)) : NULL;
  return folds && !w->steps_apart ? rrn_fail_memory(err) : RRAMNAS_OK;
}

int32_t
rrn_xbar_mvm(rrn_arena *scratch, const rrn_xbar_kernel *k, const int32_t *x, size_t batch, uint32_t first_vector,
             double *ret_y, rrn_xbar_stats *stats, rramnas_error *err)
{
  const rrn_xbar_layer *l = &k->head;
  size_t first, n;
  rrn_xbar_stream stream;
  rrn_xbar_kernel one;
  rrn_xbar_work w;

  if (!rrn_xbar_inputs_valid(l, x, batch, err))
    return RRAMNAS_ERR_ARGUMENT;
  if (k->collapsed)
    return rrn_xbar_collapsed_run(scratch, k, x, batch, ret_y, err);
  RRN_TRY(make_folded(scratch, k, batch, &one, &w, err));
  w.block.counted = stats != NULL;
  stream = rrn_xbar_stream_of(&l->id);
  for (first = 0; first < batch; first += n) {
    n = batch - first < RRN_XBAR_TABLE_VECTORS ? batch - first : RRN_XBAR_TABLE_VECTORS;
    w.block.first_vector = first_vector + (uint32_t)first;
    if (w.names)
      rrn_xbar_fill_names(&stream, &w);
    run_part(k, &one, x + first * l->n_in, n, &w, ret_y + first * l->n_out);
  }
  if (stats) {
    stats->conversions += w.stats.conversions;
    stats->clipped_low += w.stats.clipped_low + w.block.clipped_low;
    stats->clipped_high += w.stats.clipped_high + w.block.clipped_high;
  }
  return RRAMNAS_OK;
}
