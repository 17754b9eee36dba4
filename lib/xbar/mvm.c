/* SPDX-License-Identifier: MIT */
/* Matrix-vector products on a programmed layer, fast.
 *
 * In:  a layer with its converter, inputs x[batch][in].
 * Out: what the reference gives: the same codes unless a current lies within 1e-4 steps of the border of two.
 *
 * Idea: conductances become digits with an error, (g - g_off) (2^cell_bits - 1) / (1 - g_off), as integers of a unit so
 * small that the largest column still fits 32 bits: exact for ideal cells, else finer than single precision. Pairs
 * subtracted before the converter are one number. Sums are looked up (mvm_lookup.c). Where no conversion changes
 * anything, slices and steps add up to one product: of 16-bit integers when the cells are ideal, else of doubles.
 * A converter changes nothing when cells are ideal, its steps are a whole part of a digit, zero is a level and the
 * greatest sum is in range.
 *
 * Complexity: see mvm_lookup.c; a collapsed product is out * in per vector. Not handled: read noise. */
#include "xbar/mvm.h"

#include <string.h>

#include "util/ckd.h"

static int
pairs_are_one(const rrn_xbar_layer *l)
{
  return l->n_sides == 2 && !l->spec.subtract_digitally;
}

static size_t
tile_rows(const rrn_xbar_layer *l)
{
  return l->n_in < (size_t)l->spec.rows ? l->n_in : (size_t)l->spec.rows;
}

enum rrn_xbar_cpu
rrn_xbar_cpu_best(void)
{
#if defined(__x86_64__)
  if (__builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512dq"))
    return RRN_XBAR_CPU_AVX512;
  if (__builtin_cpu_supports("avx2"))
    return RRN_XBAR_CPU_AVX2;
#endif
  return RRN_XBAR_CPU_PLAIN;
}

/* A cell (or pair) of a plane in digits. */
static double
digit_of(const rrn_xbar_layer *l, int32_t plane, size_t col, size_t in)
{
  const double scale = rrn_xbar_max_digit(l) / (1 - l->spec.g_off);
  const int one = pairs_are_one(l);
  const int32_t slice = one ? plane : plane / l->n_sides, side = one ? 0 : plane % l->n_sides;
  const double g = l->g[rrn_xbar_cell(l, slice, side, col, in)];

  return (one ? g - l->g[rrn_xbar_cell(l, slice, 1, col, in)] : g - l->spec.g_off) * scale;
}

static double
magnitude(double x)
{
  return x < 0 ? -x : x;
}

/* The greatest sum of magnitudes of a column in a tile. */
static double
greatest_sum(const rrn_xbar_kernel *k)
{
  const rrn_xbar_layer *l = k->layer;
  const size_t rows = tile_rows(l);
  double greatest = 0;
  int32_t plane;
  size_t col, in;

  for (plane = 0; plane < k->n_planes; plane++)
    for (col = 0; col < l->cols; col++) {
      double sum = 0;

      for (in = 0; in < l->n_in; in++) {
        sum = (in % rows == 0 ? 0 : sum) + magnitude(digit_of(l, plane, col, in));
        greatest = sum > greatest ? sum : greatest;
      }
    }
  return greatest;
}

/* Half of each row for the rounding of its cells. */
static double
choose_unit(const rrn_xbar_kernel *k, double greatest)
{
  const double steps = rrn_xbar_max_step(k->layer), rows = (double)tile_rows(k->layer);
  double unit = 0x1p24;

  while ((greatest * unit + rows) * steps >= 0x1p31)
    unit *= 0.5;
  return unit;
}

static int32_t
nearest(double x)
{
  return (int32_t)(x < 0 ? x - 0.5 : x + 0.5);
}

static int32_t *
cells_of(const rrn_xbar_kernel *k, size_t tile, int32_t plane, size_t block)
{
  return k->cells + ((tile * (size_t)k->n_planes + (size_t)plane) * k->blocks + block) * 4 * k->groups * RRN_XBAR_LANES;
}

static int32_t
fill_cells(rrn_arena *arena, rrn_xbar_kernel *k, rramnas_error *err)
{
  const rrn_xbar_layer *l = k->layer;
  const size_t rows = tile_rows(l), room = 4 * k->groups * RRN_XBAR_LANES;
  size_t n, col, in;
  int32_t plane;

  if (ckd_mul(&n, k->tiles * (size_t)k->n_planes, k->blocks) || ckd_mul(&n, n, room))
    return rrn_fail_memory(err);
  k->cells = rrn_arena_alloc(arena, n, sizeof(*k->cells));
  if (!k->cells)
    return rrn_fail_memory(err);
  k->unit = choose_unit(k, greatest_sum(k));
  for (plane = 0; plane < k->n_planes; plane++)
    for (col = 0; col < l->cols; col++)
      for (in = 0; in < l->n_in; in++)
        cells_of(k, in / rows, plane, col / RRN_XBAR_LANES)[in % rows * RRN_XBAR_LANES + col % RRN_XBAR_LANES] =
          nearest(digit_of(l, plane, col, in) * k->unit);
  return RRAMNAS_OK;
}

/* The weight that all cells of one output stand for. */
static double
weight_of(const rrn_xbar_kernel *k, size_t col, size_t in)
{
  const rrn_xbar_layer *l = k->layer;
  double sum = 0;
  int32_t plane;

  for (plane = 0; plane < k->n_planes; plane++) {
    const int32_t slice = pairs_are_one(l) ? plane : plane / l->n_sides;
    const double part = digit_of(l, plane, col, in) * (double)(1 << (slice * l->spec.cell_bits));

    sum += l->n_sides == 2 && !pairs_are_one(l) && plane % 2 == 1 ? -part : part;
  }
  return sum;
}

/* What an offset adds to every weight. */
static double
weight_of_offset(const rrn_xbar_kernel *k, size_t in)
{
  const rrn_xbar_layer *l = k->layer;

  return l->spec.sign == RRN_XBAR_UNIT_COLUMN ? weight_of(k, l->n_out, in)
       : l->spec.sign == RRN_XBAR_OFFSET      ? (double)(1 << (l->spec.weight_bits - 1))
                                              : 0;
}

static int
fits_16_bits(const rrn_xbar_layer *l)
{
  const double products =
    (double)l->n_in * (double)(1 << (l->spec.weight_bits - 1)) * (double)(1 << l->spec.input_bits);

  return l->ideal && l->spec.input_bits <= 15 && products < 0x1p31;
}

static int32_t
fill_collapsed(rrn_arena *arena, rrn_xbar_kernel *k, rramnas_error *err)
{
  const rrn_xbar_layer *l = k->layer;
  const int small = fits_16_bits(l);
  size_t col, in;

  k->stride = (l->n_in + 31) / 32 * 32;
  if (small)
    k->integers = rrn_arena_alloc(arena, l->n_out * k->stride, sizeof(*k->integers));
  else
    k->effective = rrn_arena_alloc(arena, l->n_out * k->stride, sizeof(*k->effective));
  if (!k->integers && !k->effective)
    return rrn_fail_memory(err);
  for (in = 0; in < l->n_in; in++) {
    const double offset = weight_of_offset(k, in);

    for (col = 0; col < l->n_out; col++) {
      const double w = weight_of(k, col, in) - offset;
      const size_t place = col * k->stride + in;

      if (small)
        k->integers[place] = (int16_t)nearest(w);
      else
        k->effective[place] = l->ideal ? (double)nearest(w) : w;
    }
  }
  return RRAMNAS_OK;
}

static int
is_whole(double x)
{
  const double magic = 0x1.8p52, near = (x + magic) - magic;

  return magnitude(x - near) <= 1e-9 * (magnitude(x) + 1);
}

/* Does the converter of a slice give every sum of ideal cells as it is? */
static int
is_lossless(const rrn_xbar_layer *l, int32_t slice, double greatest)
{
  const double digit = (1 - l->spec.g_off) / ((double)rrn_xbar_max_digit(l) * rrn_xbar_max_step(l));
  const double lo = l->adc.lo[slice], hi = l->adc.hi[slice], q = (l->adc.codes - 1) / (hi - lo);
  const double most = greatest * rrn_xbar_max_step(l) * digit;
  const int has_pedestal = !pairs_are_one(l) && l->spec.g_off > 0;

  return !has_pedestal && is_whole(digit * q) && is_whole(lo * q) && digit * q > 0.5 && most <= hi * (1 + 1e-12) &&
         (pairs_are_one(l) ? -most >= lo * (1 + 1e-12) : lo <= 0);
}

static int
collapses(const rrn_xbar_kernel *k)
{
  const rrn_xbar_layer *l = k->layer;
  double greatest;
  int32_t slice;

  if (l->adc.codes == 0)
    return 1;
  if (!l->ideal)
    return 0;
  greatest = greatest_sum(k);
  for (slice = 0; slice < l->n_slices; slice++)
    if (!is_lossless(l, slice, greatest))
      return 0;
  return 1;
}

int32_t
rrn_xbar_kernel_create(rrn_arena *arena, const rrn_xbar_layer *l, enum rrn_xbar_cpu cpu, rrn_xbar_kernel *ret_kernel,
                       rramnas_error *err)
{
  rrn_xbar_kernel k = { .layer = l, .cpu = cpu };

  RRN_FAIL_IF(l->read_model != 0, err, RRAMNAS_ERR_UNSUPPORTED, "no kernel but the reference draws read noise");
  k.n_planes = l->n_slices * (pairs_are_one(l) ? 1 : l->n_sides);
  k.blocks = (l->cols + RRN_XBAR_LANES - 1) / RRN_XBAR_LANES;
  k.tiles = (l->n_in + tile_rows(l) - 1) / tile_rows(l);
  k.groups = (tile_rows(l) + 3) / 4;
  k.collapsed = collapses(&k);
  RRN_TRY(k.collapsed ? fill_collapsed(arena, &k, err) : fill_cells(arena, &k, err));
  *ret_kernel = k;
  return RRAMNAS_OK;
}

/* --- collapsed --- */

static int32_t
dot(enum rrn_xbar_cpu cpu, const int16_t *a, const int16_t *b, size_t n)
{
  return cpu == RRN_XBAR_CPU_AVX512 ? rrn_xbar_dot_avx512(a, b, n)
       : cpu == RRN_XBAR_CPU_AVX2   ? rrn_xbar_dot_avx2(a, b, n)
                                    : rrn_xbar_dot_plain(a, b, n);
}

static double
dot_effective(const double *a, const int32_t *x, size_t n)
{
  double sum = 0;
  size_t k;

  for (k = 0; k < n; k++)
    sum += a[k] * x[k];
  return sum;
}

static int32_t
run_collapsed(rrn_arena *scratch, const rrn_xbar_kernel *k, const int32_t *x, size_t batch, double *ret_y,
              rramnas_error *err)
{
  const rrn_xbar_layer *l = k->layer;
  int16_t *row = rrn_arena_alloc(scratch, k->stride, sizeof(*row));
  size_t b, col, in;

  if (!row)
    return rrn_fail_memory(err);
  for (b = 0; b < batch; b++) {
    for (in = 0; k->integers && in < l->n_in; in++)
      row[in] = (int16_t)x[b * l->n_in + in];
    for (col = 0; col < l->n_out; col++)
      ret_y[b * l->n_out + col] =
        k->integers ? (double)dot(k->cpu, k->integers + col * k->stride, row, k->stride)
                    : dot_effective(k->effective + col * k->stride, x + b * l->n_in, l->n_in);
  }
  return RRAMNAS_OK;
}

/* --- by lookup --- */

/* Least room of a table, in groups of four columns: RRN_XBAR_TABLE_GROUPS of all lanes. */
enum { TABLE_FLOOR = RRN_XBAR_TABLE_GROUPS * RRN_XBAR_LANES / 4 };
/* Below, columns in the lanes are faster than vectors. */
enum { FEW_VECTORS = 8 };

/* What a batch needs besides the kernel. */
typedef struct work {
  rrn_xbar_block block;
  uint16_t *index;
  double *pedestals; /* [steps][table vectors]: current of the off conductances */
  double *placed;    /* [table vectors]: what of them is to be subtracted, all steps */
  float *offset;
  double *y; /* [blocks][lanes][table vectors] */
  uint32_t *fours;
} work;

static void *
aligned_64(rrn_arena *scratch, size_t n, size_t size)
{
  size_t bytes;
  char *p;

  if (ckd_mul(&bytes, n, size) || ckd_add(&bytes, bytes, 64) || !(p = rrn_arena_alloc_raw(scratch, bytes, 1)))
    return NULL;
  return p + (64 - (uintptr_t)p % 64) % 64;
}

static int32_t
make_room(rrn_arena *scratch, const rrn_xbar_kernel *k, work *w, rramnas_error *err)
{
  const rrn_xbar_layer *l = k->layer;
  rrn_xbar_block *b = &w->block;
  size_t patterns, sums;

  memset(w, 0, sizeof(*w));
  b->groups = k->groups;
  b->dac_bits = l->spec.dac_bits;
  b->steps = l->n_steps;
  b->bits = (l->n_steps * l->spec.dac_bits + 3) / 4 * 4;
  if (ckd_mul(&sums, k->blocks, (size_t)RRN_XBAR_LANES * RRN_XBAR_TABLE_VECTORS))
    return rrn_fail_memory(err);
  patterns = RRN_XBAR_TABLE_VECTORS * (size_t)b->bits;
  b->table = aligned_64(scratch, k->groups < TABLE_FLOOR ? TABLE_FLOOR : k->groups, 64 * sizeof(*b->table));
  b->codes = aligned_64(scratch, RRN_XBAR_LANES * RRN_XBAR_TABLE_VECTORS, sizeof(*b->codes));
  if (k->cpu == RRN_XBAR_CPU_AVX512) {
    w->fours = rrn_arena_alloc_raw(scratch, k->groups, RRN_XBAR_TABLE_VECTORS * 3 * sizeof(*w->fours));
  } else {
    b->sums = aligned_64(scratch, patterns, RRN_XBAR_LANES * sizeof(*b->sums));
    w->index = rrn_arena_alloc_raw(scratch, k->groups, patterns * sizeof(*w->index));
  }
  w->pedestals = rrn_arena_alloc_raw(scratch, RRN_XBAR_TABLE_VECTORS * (size_t)b->steps, sizeof(*w->pedestals));
  w->placed = rrn_arena_alloc_raw(scratch, RRN_XBAR_TABLE_VECTORS, sizeof(*w->placed));
  w->offset = rrn_arena_alloc_raw(scratch, RRN_XBAR_TABLE_VECTORS * (size_t)b->steps, sizeof(*w->offset));
  w->y = rrn_arena_alloc(scratch, sums, sizeof(*w->y));
  b->index = w->index;
  b->fours = w->fours;
  b->offset = w->offset;
  if (b->codes) /* lanes beyond the batch are added up and dropped */
    memset(b->codes, 0, RRN_XBAR_LANES * RRN_XBAR_TABLE_VECTORS * sizeof(*b->codes));
  return b->table && b->codes && (w->fours || (b->sums && w->index)) && w->pedestals && w->placed && w->offset && w->y
           ? RRAMNAS_OK
           : rrn_fail_memory(err);
}

/* Bits of four inputs of a vector as places in the table. */
static void
fill_group(const rrn_xbar_kernel *k, const int32_t *x, size_t n, uint16_t *index)
{
  const uint32_t row = RRN_XBAR_LANES * sizeof(int32_t);
  uint32_t in[4] = { 0 };
  int32_t bit;
  size_t i;

  for (i = 0; i < n; i++)
    in[i] = (uint32_t)x[i];
  for (bit = 0; bit < k->layer->spec.input_bits; bit++)
    index[(size_t)bit * k->groups] = (uint16_t)(row * ((in[0] >> bit & 1) | (in[1] >> bit & 1) << 1 |
                                                       (in[2] >> bit & 1) << 2 | (in[3] >> bit & 1) << 3));
}

/* Bits of the inputs of one tile; the bits beyond those of an input stay 0. */
static void
fill_index(const rrn_xbar_kernel *k, size_t tile, const int32_t *x, work *w)
{
  const rrn_xbar_layer *l = k->layer;
  const size_t rows = tile_rows(l), first = tile * rows, n = l->n_in - first < rows ? l->n_in - first : rows;
  const size_t per_vector = (size_t)w->block.bits * k->groups;
  size_t vector, in;

  memset(w->index, 0, w->block.vectors * per_vector * sizeof(*w->index));
  for (vector = 0; vector < w->block.vectors; vector++)
    for (in = 0; in < n; in += 4)
      fill_group(k, x + vector * l->n_in + first + in, n - in < 4 ? n - in : 4,
                 w->index + vector * per_vector + in / 4);
}

/* The low eight bits of x, each the lowest of four. */
static uint32_t
spread(uint32_t x)
{
  x &= 0xff;
  x = (x | x << 12) & 0x000f000f;
  x = (x | x << 6) & 0x03030303;
  return (x | x << 3) & 0x11111111;
}

/* The same bits for AVX-512. */
static void
fill_fours(const rrn_xbar_kernel *k, size_t tile, const int32_t *x, work *w)
{
  const rrn_xbar_layer *l = k->layer;
  const size_t rows = tile_rows(l), first = tile * rows, n = l->n_in - first < rows ? l->n_in - first : rows;
  const size_t words = ((size_t)w->block.bits + 7) / 8;
  size_t vector, word, in;

  memset(w->fours, 0, RRN_XBAR_TABLE_VECTORS * words * k->groups * sizeof(*w->fours));
  for (vector = 0; vector < w->block.vectors; vector++)
    for (word = 0; word < words; word++) {
      uint32_t *fours = w->fours + (vector / 16 * words + word) * k->groups * 16 + vector % 16;

      for (in = 0; in < n; in++)
        fours[in / 4 * 16] |= spread((uint32_t)x[vector * l->n_in + first + in] >> (8 * word)) << in % 4;
    }
}

/* Currents of the off conductances of a tile, by step and with the places of all steps; a pair has none. */
static void
fill_pedestals(const rrn_xbar_kernel *k, size_t tile, const int32_t *x, work *w)
{
  const rrn_xbar_layer *l = k->layer;
  const size_t rows = tile_rows(l), first = tile * rows, n = l->n_in - first < rows ? l->n_in - first : rows;
  const double per_digit = l->spec.g_off / rrn_xbar_max_step(l);
  size_t vector, in;
  int32_t step;

  memset(w->pedestals, 0, RRN_XBAR_TABLE_VECTORS * (size_t)l->n_steps * sizeof(*w->pedestals));
  memset(w->placed, 0, RRN_XBAR_TABLE_VECTORS * sizeof(*w->placed));
  for (vector = 0; vector < w->block.vectors && !pairs_are_one(l); vector++)
    for (step = 0; step < l->n_steps; step++) {
      double *pedestal = &w->pedestals[(size_t)step * RRN_XBAR_TABLE_VECTORS + vector];
      int64_t sum = 0;

      for (in = 0; in < n; in++)
        sum += x[vector * l->n_in + first + in] >> (step * l->spec.dac_bits) & rrn_xbar_max_step(l);
      *pedestal = (double)sum * per_digit;
      w->placed[vector] += l->n_sides == 1 ? *pedestal * (double)(1 << (step * l->spec.dac_bits)) : 0;
    }
}

/* Steps of the converter per unit of current of a slice. */
static double
steps_per_current(const rrn_xbar_layer *l, int32_t slice)
{
  return (l->adc.codes - 1) / (l->adc.hi[slice] - l->adc.lo[slice]);
}

static void
set_converter(const rrn_xbar_kernel *k, int32_t slice, work *w)
{
  const rrn_xbar_layer *l = k->layer;
  const double q = steps_per_current(l, slice);
  size_t i;

  w->block.slope = (float)(q * (1 - l->spec.g_off) /
                           ((double)rrn_xbar_max_digit(l) * rrn_xbar_max_step(l) * k->unit));
  w->block.top = (float)(l->adc.codes - 1);
  for (i = 0; i < RRN_XBAR_TABLE_VECTORS * (size_t)l->n_steps; i++)
    w->offset[i] = (float)((w->pedestals[i] - l->adc.lo[slice]) * q);
}

/* Codes to digits times steps, with sign and place. */
static void
add_codes(const rrn_xbar_kernel *k, int32_t plane, size_t block, work *w)
{
  const rrn_xbar_layer *l = k->layer;
  const int apart = l->n_sides == 2 && !pairs_are_one(l);
  const int32_t slice = apart ? plane / 2 : plane;
  const double to_digits = (double)rrn_xbar_max_digit(l) / (1 - l->spec.g_off) * rrn_xbar_max_step(l) *
                           (double)(1 << (slice * l->spec.cell_bits)) * (apart && plane % 2 == 1 ? -1 : 1);
  const double current = to_digits / steps_per_current(l, slice);
  double places = 0, rest[RRN_XBAR_TABLE_VECTORS];
  size_t vector, lane;
  int32_t step;

  for (step = 0; step < l->n_steps; step++)
    places += (double)(1 << (step * l->spec.dac_bits));
  for (vector = 0; vector < RRN_XBAR_TABLE_VECTORS; vector++)
    rest[vector] = (l->adc.lo[slice] * places - w->placed[vector]) * to_digits;
  for (lane = 0; lane < w->block.columns; lane++) {
    const uint32_t *codes = w->block.codes + lane * RRN_XBAR_TABLE_VECTORS;
    double *y = w->y + (block * RRN_XBAR_LANES + lane) * RRN_XBAR_TABLE_VECTORS;

    for (vector = 0; vector < RRN_XBAR_TABLE_VECTORS; vector++)
      y[vector] += ((double)(int32_t)(codes[vector] ^ 0x80000000u) + 0x1p31) * current + rest[vector];
  }
}

static void
begin_block(const rrn_xbar_kernel *k, size_t tile, int32_t plane, size_t block, work *w)
{
  size_t lane;
  const size_t left = k->layer->cols - block * RRN_XBAR_LANES;

  w->block.cells = cells_of(k, tile, plane, block);
  w->block.columns = left < RRN_XBAR_LANES ? left : RRN_XBAR_LANES;
  for (lane = 0; lane < RRN_XBAR_LANES; lane++) {
    w->block.valid[lane] = lane < left ? -1 : 0;
    w->block.low[lane] = w->block.high[lane] = 0;
  }
}

static void
end_block(const rrn_xbar_kernel *k, int32_t plane, size_t block, work *w, rrn_xbar_stats *stats)
{
  size_t lane;

  add_codes(k, plane, block, w);
  for (lane = 0; lane < RRN_XBAR_LANES && stats; lane++) {
    stats->conversions += w->block.valid[lane] ? (int64_t)w->block.vectors * w->block.steps : 0;
    stats->clipped_low -= w->block.low[lane];
    stats->clipped_high -= w->block.high[lane];
  }
}

static void
look_up(const rrn_xbar_kernel *k, rrn_xbar_block *b)
{
  if (k->cpu == RRN_XBAR_CPU_AVX512)
    rrn_xbar_lookup_avx512(b);
  else if (k->cpu == RRN_XBAR_CPU_AVX2)
    rrn_xbar_lookup_avx2(b);
  else
    rrn_xbar_lookup_plain(b);
}

static void
run_tile(const rrn_xbar_kernel *k, size_t tile, const int32_t *x, work *w, rrn_xbar_stats *stats)
{
  const rrn_xbar_layer *l = k->layer;
  int32_t plane;
  size_t block;

  if (w->fours)
    fill_fours(k, tile, x, w);
  else
    fill_index(k, tile, x, w);
  fill_pedestals(k, tile, x, w);
  for (plane = 0; plane < k->n_planes; plane++) {
    set_converter(k, pairs_are_one(l) ? plane : plane / l->n_sides, w);
    for (block = 0; block < k->blocks; block++) {
      begin_block(k, tile, plane, block, w);
      look_up(k, &w->block);
      end_block(k, plane, block, w, stats);
    }
  }
}

static void
finish(const rrn_xbar_kernel *k, const int32_t *x, const work *w, double *ret_y)
{
  const rrn_xbar_layer *l = k->layer;
  size_t vector, i;

  for (vector = 0; vector < w->block.vectors; vector++) {
    const double *y = w->y + vector;
    double offset = l->spec.sign == RRN_XBAR_UNIT_COLUMN ? y[l->n_out * RRN_XBAR_TABLE_VECTORS] : 0;

    for (i = 0; l->spec.sign == RRN_XBAR_OFFSET && i < l->n_in; i++)
      offset += (double)x[vector * l->n_in + i] * (double)(1 << (l->spec.weight_bits - 1));
    for (i = 0; i < l->n_out; i++)
      ret_y[vector * l->n_out + i] = y[i * RRN_XBAR_TABLE_VECTORS] - offset;
  }
}

/* As many vectors as share a table. */
static void
run_part(const rrn_xbar_kernel *k, const int32_t *x, size_t batch, work *w, double *ret_y, rrn_xbar_stats *stats)
{
  size_t tile;

  w->block.vectors = batch;
  memset(w->y, 0, k->blocks * RRN_XBAR_LANES * RRN_XBAR_TABLE_VECTORS * sizeof(*w->y));
  for (tile = 0; tile < k->tiles; tile++)
    run_tile(k, tile, x, w, stats);
  finish(k, x, w, ret_y);
}

int32_t
rrn_xbar_mvm(rrn_arena *scratch, const rrn_xbar_kernel *kernel, const int32_t *x, size_t batch, double *ret_y,
             rrn_xbar_stats *stats, rramnas_error *err)
{
  const rrn_xbar_layer *l = kernel->layer;
  rrn_xbar_kernel few = *kernel;
  const rrn_xbar_kernel *k = batch < FEW_VECTORS ? &few : kernel;
  size_t first, n;
  work w;

  if (!rrn_xbar_inputs_valid(l, x, batch, err))
    return RRAMNAS_ERR_ARGUMENT;
  if (k->collapsed)
    return run_collapsed(scratch, k, x, batch, ret_y, err);
  if (few.cpu == RRN_XBAR_CPU_AVX512)
    few.cpu = RRN_XBAR_CPU_AVX2;
  RRN_TRY(make_room(scratch, k, &w, err));
  for (first = 0; first < batch; first += n) {
    n = batch - first < RRN_XBAR_TABLE_VECTORS ? batch - first : RRN_XBAR_TABLE_VECTORS;
    run_part(k, x + first * l->n_in, n, &w, ret_y + first * l->n_out, stats);
  }
  return RRAMNAS_OK;
}
