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
 * Complexity: see mvm_lookup.c. Not handled: read noise by
 * cell. Read noise by column is fast with AMX only and one bit per step. */
#include "xbar/mvm.h"

#include <string.h>

#include "util/ckd.h"
#include "xbar/converter.h"

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

int32_t
rrn_xbar_kernel_create(rrn_arena *arena, const rrn_xbar_layer *l, enum rrn_xbar_cpu cpu, rrn_xbar_kernel *ret_kernel,
                       rramnas_error *err)
{
  rrn_xbar_kernel k = { .head = *l, .cpu = cpu };

  RRN_FAIL_IF(l->read_model != RRN_READ_NONE && (!l->read_by_column || l->adc.codes == 0), err, RRAMNAS_ERR_UNSUPPORTED,
              "no kernel but the reference draws read noise by cell or without a converter");
  k.collapsed = rrn_xbar_collapses(l);
  RRN_TRY(k.collapsed ? rrn_xbar_collapsed_fill(arena, l, &k, err) : rrn_xbar_cells_fill(arena, l, &k.cells, err));
  *ret_kernel = k;
  return RRAMNAS_OK;
}

/* --- by lookup --- */

/* Least room of a table, in groups of four columns: RRN_XBAR_TABLE_GROUPS of all lanes. */
enum { TABLE_FLOOR = RRN_XBAR_TABLE_GROUPS * RRN_XBAR_LANES / 4 };
/* Columns that share the inputs of 16 vectors in a first-level cache. */
enum { TILE_COLUMNS = 256 };
/* Beyond, currents in codes do not fit the fast conversions. */
enum { MOST_CODES = 1 << 18 };

/* What a batch needs besides the kernel. */
typedef struct work {
  rrn_xbar_block block;
  const int32_t *x;
  size_t tile, first, rows; /* the array at hand: its first input and their number */
  size_t words, width; /* words of a row of bits; columns of a block */
  uint64_t *bits;    /* [table vectors][bits][words]: rows whose bit is set */
  uint8_t *inputs;
  uint32_t *pairs, *pair_of; /* pair_of[256]: eight bits as places in two tables of 16, as block.pairs wants them */
  uint16_t *index;
  int32_t *cells;
  double *pedestals; /* [steps][table vectors]: current of the off conductances */
  double *placed;    /* [table vectors]: what of them is to be subtracted, all steps */
  float *offset;
  double *y;       /* [columns][table vectors] */
  uint32_t *codes; /* [planes][columns][table vectors]: sums over arrays */
  size_t held, room; /* arrays in these sums, and how many may be */
  /* Of the plane at hand: codes per unit of the sums and at none; how far a sum of all bits may be off, in codes. */
  double slope, *offsets, unsure;
  double noise; /* standard deviation in codes of a spread of 1 at the lowest input */
  rrn_xbar_stats stats;
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

/* Room that only one kind of kernel needs. */
static int
make_tables(rrn_arena *scratch, const rrn_xbar_kernel *k, work *w)
{
  rrn_xbar_block *b = &w->block;
  const size_t patterns = RRN_XBAR_TABLE_VECTORS * (size_t)b->bits;

  if (k->cpu == RRN_XBAR_CPU_AMX) {
    b->inputs = w->inputs = aligned_64(scratch, w->words * (size_t)b->steps, 64 * RRN_XBAR_TABLE_VECTORS);
    return w->inputs != NULL;
  }
  b->table = aligned_64(scratch, b->groups < TABLE_FLOOR ? TABLE_FLOOR : b->groups, 64 * sizeof(int32_t));
  if (k->cpu == RRN_XBAR_CPU_AVX512) {
    b->pairs = w->pairs = aligned_64(scratch, b->groups / 2, patterns * sizeof(*w->pairs));
    b->words = aligned_64(scratch, b->stride + 16, sizeof(*b->words));
    return b->table && w->pairs && b->words;
  }
  b->sums = aligned_64(scratch, patterns, RRN_XBAR_LANES * sizeof(*b->sums));
  b->index = w->index = rrn_arena_alloc_raw(scratch, b->groups, patterns * sizeof(*w->index));
  b->cells = w->cells = aligned_64(scratch, 4 * b->groups, RRN_XBAR_LANES * sizeof(*w->cells));
  if (w->cells) /* lanes beyond the columns are added up and dropped */
    memset(w->cells, 0, 4 * b->groups * RRN_XBAR_LANES * sizeof(*w->cells));
  return b->table && b->sums && w->index && w->cells;
}

/* Eight rows, those of even number in one table and those of odd number in the next. */
static void
fill_pair_of(uint32_t *pair_of)
{
  uint32_t rows, k;

  for (rows = 0; rows < 256; rows++) {
    uint32_t even = 0, odd = 0;

    for (k = 0; k < 4; k++) {
      even |= (rows >> (2 * k) & 1) << k;
      odd |= (rows >> (2 * k + 1) & 1) << k;
    }
    pair_of[rows] = 2 * even | (2 * odd + 1) << 16;
  }
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

static int32_t
make_room(rrn_arena *scratch, const rrn_xbar_kernel *k, work *w, rramnas_error *err)
{
  const rrn_xbar_layer *l = &k->head;
  const size_t steps = (size_t)l->n_steps, vectors = RRN_XBAR_TABLE_VECTORS;
  rrn_xbar_block *b = &w->block;
  size_t sums, planes;

  memset(w, 0, sizeof(*w));
  b->stride = k->cells.stride;
  b->groups = b->stride / 4;
  b->dac_bits = l->spec.dac_bits;
  b->steps = l->n_steps;
  b->bits = (l->n_steps * l->spec.dac_bits + 3) / 4 * 4;
  w->words = (b->stride + 63) / 64;
  w->width = k->cpu == RRN_XBAR_CPU_AMX ? TILE_COLUMNS : RRN_XBAR_LANES;
  w->room = (size_t)(UINT32_MAX / ((double)(l->adc.codes - 1) * places_of(l)));
  if (ckd_mul(&sums, l->cols + RRN_XBAR_LANES, vectors) || ckd_mul(&planes, sums, (size_t)k->cells.n_planes))
    return rrn_fail_memory(err);
  w->codes = aligned_64(scratch, planes, sizeof(*w->codes));
  b->doubts = rrn_arena_alloc_raw(scratch, w->width * steps, sizeof(*b->doubts));
  w->bits = rrn_arena_alloc_raw(scratch, vectors * (size_t)b->bits, w->words * sizeof(*w->bits));
  w->pair_of = rrn_arena_alloc_raw(scratch, 256, sizeof(*w->pair_of));
  w->pedestals = rrn_arena_alloc_raw(scratch, vectors * steps, 2 * sizeof(*w->pedestals));
  w->placed = rrn_arena_alloc_raw(scratch, vectors, sizeof(*w->placed));
  w->offset = rrn_arena_alloc_raw(scratch, vectors * steps, sizeof(*w->offset));
  w->y = rrn_arena_alloc_raw(scratch, sums, sizeof(*w->y));
  b->offset = w->offset;
  if (!make_tables(scratch, k, w) || !w->codes || !b->doubts || !w->bits || !w->pair_of || !w->pedestals ||
      !w->placed || !w->offset || !w->y)
    return rrn_fail_memory(err);
  w->offsets = w->pedestals + vectors * steps;
  fill_pair_of(w->pair_of);
  return RRAMNAS_OK;
}

/* Byte i of the result holds bit i of every byte of x, the first byte's lowest. */
static uint64_t
transpose(uint64_t x)
{
  uint64_t t = (x ^ x >> 7) & UINT64_C(0x00aa00aa00aa00aa);

  x ^= t ^ t << 7;
  t = (x ^ x >> 14) & UINT64_C(0x0000cccc0000cccc);
  x ^= t ^ t << 14;
  t = (x ^ x >> 28) & UINT64_C(0x00000000f0f0f0f0);
  return x ^ t ^ t << 28;
}

/* The low bytes, `shift` bits up, of up to eight inputs. */
static uint64_t
gather(const int32_t *x, size_t n, int32_t shift)
{
  uint64_t bytes = 0;
  size_t k;

  for (k = 0; k < n; k++)
    bytes |= (uint64_t)(x[k] >> shift & 0xff) << 8 * k;
  return bytes;
}

/* Bits of the inputs of one vector, rows of a bit beside each other: [bits][words], zero before. */
static void
split_bits(const int32_t *x, size_t rows, int32_t bits, size_t words, uint64_t *ret_bits)
{
  size_t row, bit;
  int32_t shift;

  for (row = 0; row < rows; row += 8)
    for (shift = 0; shift < bits; shift += 8) {
      uint64_t *to = ret_bits + (size_t)shift * words + row / 64;
      const uint64_t planes = transpose(gather(x + row, rows - row < 8 ? rows - row : 8, shift));

      for (bit = 0; bit < 8 && shift + (int32_t)bit < bits; bit++)
        to[bit * words] |= (planes >> 8 * bit & 0xff) << row % 64;
    }
}

/* Rows whose bit is set, by vector and bit; bits beyond those of an input stay 0. */
static void
fill_bits(const rrn_xbar_kernel *k, work *w)
{
  const size_t per_vector = (size_t)w->block.bits * w->words;
  size_t vector;

  memset(w->bits, 0, RRN_XBAR_TABLE_VECTORS * per_vector * sizeof(*w->bits));
  for (vector = 0; vector < w->block.vectors; vector++) {
    const int32_t *x = w->x + vector * k->head.n_in + w->first;

    if (k->cpu >= RRN_XBAR_CPU_AVX512)
      rrn_xbar_bits_avx512(x, w->rows, k->head.spec.input_bits, w->words, w->bits + vector * per_vector);
    else
      split_bits(x, w->rows, w->block.bits, w->words, w->bits + vector * per_vector);
  }
}

/* The same bits as places in tables of four rows. */
static void
fill_index(work *w)
{
  const size_t groups = w->block.groups, patterns = w->block.vectors * (size_t)w->block.bits;
  size_t pattern, group;

  for (pattern = 0; pattern < patterns; pattern++)
    for (group = 0; group < groups; group++)
      w->index[pattern * groups + group] =
        (uint16_t)((w->bits[pattern * w->words + group / 16] >> 4 * (group % 16) & 15) * RRN_XBAR_LANES *
                   sizeof(int32_t));
}

/* The same for AVX-512, where 16 vectors lie beside each other. */
static void
fill_pairs(work *w)
{
  const size_t n = w->block.groups / 2, bits = (size_t)w->block.bits;
  size_t vector, bit, pair;

  for (vector = 0; vector < (w->block.vectors + 15) / 16 * 16; vector++)
    for (bit = 0; bit < bits; bit++) {
      uint32_t *to = w->pairs + (vector / 16 * bits + bit) * n * 16 + vector % 16;
      const uint64_t *from = w->bits + (vector * bits + bit) * w->words;

      for (pair = 0; pair < n; pair++)
        to[pair * 16] = w->pair_of[from[pair / 8] >> 8 * (pair % 8) & 0xff];
    }
}

static void
fill_inputs(const rrn_xbar_kernel *k, work *w)
{
  const size_t n = (size_t)w->block.steps * w->words * 1024;
  size_t vector;

  memset(w->inputs, 0, RRN_XBAR_TABLE_VECTORS / 16 * n);
  for (vector = 0; vector < w->block.vectors; vector++)
    rrn_xbar_inputs_amx(w->x + vector * k->head.n_in + w->first, w->rows, &w->block, vector % 16,
                        w->inputs + vector / 16 * n);
}

/* The inputs as the kernel wants them. */
static void
fill_patterns(const rrn_xbar_kernel *k, work *w)
{
  if (k->cpu == RRN_XBAR_CPU_AMX)
    fill_inputs(k, w);
  else if (k->cpu == RRN_XBAR_CPU_AVX512)
    fill_pairs(w);
  else
    fill_index(w);
}

/* Currents of the off conductances of a tile, by step and with the places of all steps; a pair has none. */
static void
fill_pedestals(const rrn_xbar_kernel *k, work *w)
{
  const rrn_xbar_layer *l = &k->head;
  const double per_digit = l->spec.g_off / rrn_xbar_max_step(l);
  size_t vector, in;
  int32_t step;

  memset(w->pedestals, 0, RRN_XBAR_TABLE_VECTORS * (size_t)l->n_steps * sizeof(*w->pedestals));
  for (vector = 0; vector < w->block.vectors && !rrn_xbar_pairs_are_one(l); vector++)
    for (step = 0; step < l->n_steps; step++) {
      const int32_t *x = w->x + vector * l->n_in + w->first;
      double *pedestal = &w->pedestals[(size_t)step * RRN_XBAR_TABLE_VECTORS + vector];
      int64_t sum = 0;

      for (in = 0; in < w->rows; in++)
        sum += x[in] >> (step * l->spec.dac_bits) & rrn_xbar_max_step(l);
      *pedestal = (double)sum * per_digit;
      w->placed[vector] += l->n_sides == 1 ? *pedestal * (double)(1 << (step * l->spec.dac_bits)) : 0;
    }
}

/* Codes per unit of current of a slice. */
static double
codes_per_current(const rrn_xbar_layer *l, int32_t slice)
{
  return (l->adc.codes - 1) / (l->adc.hi[slice] - l->adc.lo[slice]);
}

/* The greatest number that the conversion of a plane adds or multiplies, in codes. */
static double
greatest_term(const rrn_xbar_kernel *k, int32_t plane, double codes_per_digit)
{
  const rrn_xbar_layer *l = &k->head;
  const int32_t slice = rrn_xbar_slice_of(l, plane);
  const double q = codes_per_current(l, slice), rows = (double)k->cells.rows;

  return k->cells.greatest[plane] * rrn_xbar_max_step(l) * codes_per_digit + rrn_xbar_magnitude(l->adc.lo[slice] * q) +
         (rrn_xbar_pairs_are_one(l) ? 0 : rows * l->spec.g_off * q) + l->adc.codes;
}

/* Read noise of a plane; five roundings to 24 bits. */
static void
set_noise(const rrn_xbar_kernel *k, int32_t plane, double codes_per_current_of_plane, work *w)
{
  const rrn_xbar_layer *l = &k->head;
  const double most = 255.0 * (double)k->cells.rows * rrn_xbar_max_step(l) * rrn_xbar_max_step(l);

  if (!k->cells.spread)
    return;
  w->noise = l->read_sigma * __builtin_sqrt(k->cells.spread_unit[plane]) * codes_per_current_of_plane /
             rrn_xbar_max_step(l);
  w->block.noise = (float)w->noise;
  w->block.margin += (float)(5 * 0x1p-24 * 5.4 * w->noise * __builtin_sqrt(most));
}

/* How far the borders of a plane's codes may be off in the array at hand. */
static double
greatest_border_error(const rrn_xbar_kernel *k, int32_t plane, const work *w)
{
  const rrn_xbar_converters *c = k->head.converters;
  double greatest = 0;
  size_t col;

  for (col = 0; c && col < k->head.cols; col++) {
    const double error = c->error[rrn_xbar_converter_of(c, w->tile, plane, col)];

    greatest = error > greatest ? error : greatest;
  }
  return greatest;
}

/* What the block and its doubts need of a plane. The fast kernels round cells, AVX-512 to their high bits, and each of
 * four operations to 24 bits. */
static void
set_converter(const rrn_xbar_kernel *k, int32_t plane, work *w)
{
  const rrn_xbar_layer *l = &k->head;
  const int32_t slice = rrn_xbar_slice_of(l, plane);
  const double q = codes_per_current(l, slice), steps = rrn_xbar_max_step(l), unit = k->cells.unit[plane];
  const double codes_per_digit = q * (1 - l->spec.g_off) / ((double)rrn_xbar_max_digit(l) * steps);
  const double greatest = greatest_term(k, plane, codes_per_digit);
  const double borders = greatest_border_error(k, plane, w);
  const int high = k->cpu == RRN_XBAR_CPU_AVX512;
  size_t i;

  w->slope = codes_per_digit / (256 * unit);
  w->unsure = k->cells.unsure[plane] * steps * codes_per_digit + 1e-9;
  w->block.margin = (float)(w->unsure + (high ? k->cells.rounded[plane] * steps * codes_per_digit : 0) +
                            4 * 0x1p-24 * greatest);
  set_noise(k, plane, q, w);
  w->block.slow = w->block.margin > 0.1f;
  w->block.margin += (float)(borders * (1 + 0x1p-20));
  w->block.slow |= w->block.margin > 0.45f || greatest > MOST_CODES ||
                  (k->cells.spread && (k->cpu != RRN_XBAR_CPU_AMX || l->spec.dac_bits > 1));
  w->block.slope = (float)(high ? 256 * w->slope : w->slope);
  w->block.last = (float)(l->adc.codes - 1);
  for (i = 0; i < RRN_XBAR_TABLE_VECTORS * (size_t)l->n_steps; i++) {
    w->offsets[i] = (w->pedestals[i] - l->adc.lo[slice]) * q;
    w->offset[i] = (float)w->offsets[i];
  }
}

/* --- doubts --- */

/* Sum of a column's cells of 24 bits in a step of a vector. */
static int64_t
exact_sum(const rrn_xbar_kernel *k, const work *w, size_t column, size_t vector, int32_t step)
{
  const int32_t dac_bits = k->head.spec.dac_bits;
  int64_t sum = 0;
  int32_t bit;

  for (bit = dac_bits; bit-- > 0;) {
    const uint64_t *rows = w->bits + (vector * (size_t)w->block.bits + (size_t)(step * dac_bits + bit)) * w->words;

    sum = 2 * sum + (k->cpu >= RRN_XBAR_CPU_AVX512 ? rrn_xbar_sum_avx512(&k->cells, column, rows)
                                                   : rrn_xbar_sum_plain(&k->cells, column, rows));
  }
  return sum;
}

/* The current in codes as the reference has it. */
static double
reference_codes(const rrn_xbar_kernel *k, const work *w, int32_t plane, size_t col, size_t vector, int32_t step)
{
  const rrn_xbar_layer *l = &k->head;
  const int32_t *x = w->x + vector * l->n_in;
  const int32_t slice = rrn_xbar_slice_of(l, plane);
  const int one = rrn_xbar_pairs_are_one(l);
  double current = rrn_xbar_current(l, x, w->first, w->rows, step, slice, one ? 0 : plane % l->n_sides, col);

  if (one)
    current -= rrn_xbar_current(l, x, w->first, w->rows, step, slice, 1, col);
  return (current - l->adc.lo[slice]) * codes_per_current(l, slice);
}

static double
round_even(double x)
{
  const double magic = 0x1.8p52;

  return (x + magic) - magic;
}

/* Read noise of a conversion, in codes. */
static double
noise_of(const rrn_xbar_kernel *k, const work *w, size_t column, uint32_t cell, size_t vector, int32_t step)
{
  const rrn_xbar_layer *l = &k->head;
  const uint8_t *spread = k->cells.spread + column * k->cells.stride;
  const int32_t *x = w->x + vector * l->n_in + w->first;
  const rrn_xbar_draws d = rrn_xbar_draws_of(&w->block.stream, cell, step);
  int64_t sum = 0;
  size_t row;

  for (row = 0; row < w->rows; row++) {
    const int32_t v = x[row] >> (step * l->spec.dac_bits) & rrn_xbar_max_step(l);

    sum += (int64_t)spread[row] * v * v;
  }
  return w->noise * __builtin_sqrt((double)sum) * rrn_xbar_draw(d, w->block.first_vector + (uint32_t)vector);
}

/* The number of a column's first cell in the streams. */
static uint32_t
cell_of(const rrn_xbar_kernel *k, const work *w, int32_t plane, size_t col)
{
  const int one = rrn_xbar_pairs_are_one(&k->head);

  return (uint32_t)rrn_xbar_cell(&k->head, rrn_xbar_slice_of(&k->head, plane), one ? 0 : plane % k->head.n_sides, col,
                                 w->first);
}

/* The current of a conversion in codes, from all bits. */
static double
current_of(const rrn_xbar_kernel *k, const work *w, int32_t plane, size_t col, size_t vector, int32_t step)
{
  const size_t column = rrn_xbar_column(&k->cells, k->head.cols, w->tile, plane, col);
  const double current = (double)exact_sum(k, w, column, vector, step) * w->slope +
                         w->offsets[(size_t)step * RRN_XBAR_TABLE_VECTORS + vector];

  return k->cells.spread ? current + noise_of(k, w, column, cell_of(k, w, plane, col), vector, step) : current;
}

static void
count_clips(double current, double top, work *w)
{
  w->stats.clipped_low += current < -0.5;
  w->stats.clipped_high += current > top + 0.5;
}

/* The code that a doubtful conversion gives. */
static uint32_t
settle(const rrn_xbar_kernel *k, work *w, int32_t plane, size_t col, size_t vector, int32_t step)
{
  const double top = k->head.adc.codes - 1;
  double code = current_of(k, w, plane, col, vector, step);

  if (!k->cells.spread && rrn_xbar_magnitude(code - round_even(code)) > 0.5 - w->unsure)
    code = reference_codes(k, w, plane, col, vector, step);
  count_clips(code, top, w);
  code = code < 0 ? 0 : code > top ? top : code;
  return (uint32_t)round_even(code);
}

/* Whether a current within `unsure` of this one might count as a clip, or not. */
static int
is_near_end(double current, double top, double unsure)
{
  return rrn_xbar_magnitude(current + 0.5) < unsure || rrn_xbar_magnitude(current - top - 0.5) < unsure;
}

/* The same of several vectors, by a converter with errors: adds to b->codes of the column. */
static void
settle_with_errors(const rrn_xbar_kernel *k, work *w, int32_t plane, size_t col, int32_t step, uint64_t left,
                   uint32_t *codes_of_column)
{
  const size_t q = rrn_xbar_converter_of(k->head.converters, w->tile, plane, col);
  double current[RRN_XBAR_TABLE_VECTORS], distance[RRN_XBAR_TABLE_VECTORS];
  size_t vector[RRN_XBAR_TABLE_VECTORS], n = 0, i;
  const double top = k->head.adc.codes - 1;
  int32_t code[RRN_XBAR_TABLE_VECTORS];

  for (; left != 0; left &= left - 1, n++) {
    vector[n] = (size_t)__builtin_ctzll(left);
    current[n] = current_of(k, w, plane, col, vector[n], step);
  }
  rrn_xbar_converter_codes(k->head.converters, q, current, n, code, distance);
  for (i = 0; i < n; i++) {
    if (!k->cells.spread && (distance[i] < w->unsure || is_near_end(current[i], top, w->unsure))) {
      current[i] = reference_codes(k, w, plane, col, vector[i], step);
      rrn_xbar_converter_codes(k->head.converters, q, &current[i], 1, &code[i], &distance[i]);
    }
    count_clips(current[i], top, w);
    codes_of_column[vector[i]] += (uint32_t)code[i] << (step * w->block.dac_bits);
  }
}

static void
settle_block(const rrn_xbar_kernel *k, int32_t plane, size_t first, work *w)
{
  rrn_xbar_block *b = &w->block;
  size_t lane;
  int32_t step;

  for (lane = 0; lane < b->columns; lane++)
    for (step = 0; step < b->steps; step++) {
      uint64_t left = b->doubts[lane * (size_t)b->steps + (size_t)step];
      uint32_t *codes = b->codes + lane * RRN_XBAR_TABLE_VECTORS;

      if (k->head.converters) {
        settle_with_errors(k, w, plane, first + lane, step, left, codes);
        continue;
      }
      for (; left != 0; left &= left - 1) {
        const size_t vector = (size_t)__builtin_ctzll(left);

        codes[vector] += settle(k, w, plane, first + lane, vector, step) << (step * b->dac_bits);
      }
    }
}

static uint32_t *
codes_of(const rrn_xbar_kernel *k, const work *w, int32_t plane, size_t col)
{
  return w->codes + ((size_t)plane * (k->head.cols + RRN_XBAR_LANES) + col) * RRN_XBAR_TABLE_VECTORS;
}

/* Codes of a plane to digits times steps, with sign and place. */
static void
add_codes(const rrn_xbar_kernel *k, int32_t plane, const work *w)
{
  const rrn_xbar_layer *l = &k->head;
  const int apart = l->n_sides == 2 && !rrn_xbar_pairs_are_one(l);
  const int32_t slice = rrn_xbar_slice_of(l, plane);
  const double to_digits = (double)rrn_xbar_max_digit(l) / (1 - l->spec.g_off) * rrn_xbar_max_step(l) *
                           (double)(1 << (slice * l->spec.cell_bits)) * (apart && plane % 2 == 1 ? -1 : 1);
  const double current = to_digits / codes_per_current(l, slice);
  const double lowest = l->adc.lo[slice] * places_of(l) * (double)w->held;
  size_t vector, col;

  for (col = 0; col < l->cols; col++) {
    const uint32_t *codes = codes_of(k, w, plane, col);
    double *y = w->y + col * RRN_XBAR_TABLE_VECTORS;

    for (vector = 0; vector < w->block.vectors; vector++)
      y[vector] += (double)codes[vector] * current + (lowest - w->placed[vector]) * to_digits;
  }
}

/* Takes the codes of the arrays so far into the result. */
static void
flush(const rrn_xbar_kernel *k, work *w)
{
  const size_t sums = (k->head.cols + RRN_XBAR_LANES) * RRN_XBAR_TABLE_VECTORS;
  int32_t plane;

  for (plane = 0; plane < k->cells.n_planes; plane++)
    add_codes(k, plane, w);
  memset(w->codes, 0, (size_t)k->cells.n_planes * sums * sizeof(*w->codes));
  memset(w->placed, 0, RRN_XBAR_TABLE_VECTORS * sizeof(*w->placed));
  w->held = 0;
}

/* The cells of a block as the kernels without permutations want them. */
static void
fill_cells(const rrn_xbar_kernel *k, size_t column, work *w)
{
  const size_t stride = k->cells.stride, first = column * stride;
  const int8_t *top = k->cells.top + first, *low = k->cells.low + first;
  const uint8_t *middle = k->cells.middle + first;
  size_t lane, row;

  for (row = 0; row < stride; row++)
    for (lane = 0; lane < w->block.columns; lane++) {
      const size_t cell = lane * stride + row;

      w->cells[row * RRN_XBAR_LANES + lane] = 65536 * top[cell] + 256 * middle[cell] + low[cell];
    }
}

/* Every conversion is in doubt. */
static void
doubt_all(rrn_xbar_block *b)
{
  const uint64_t all = b->vectors == 64 ? ~UINT64_C(0) : (UINT64_C(1) << b->vectors) - 1;
  size_t k;

  for (k = 0; k < b->columns * (size_t)b->steps; k++)
    b->doubts[k] = all;
}

static void
look_up(const rrn_xbar_kernel *k, rrn_xbar_block *b)
{
  memset(b->doubts, 0, b->columns * (size_t)b->steps * sizeof(*b->doubts));
  if (b->slow)
    doubt_all(b);
  else if (k->cpu == RRN_XBAR_CPU_AMX)
    rrn_xbar_tiles_amx(b);
  else if (k->cpu == RRN_XBAR_CPU_AVX512)
    rrn_xbar_lookup_avx512(b);
  else if (k->cpu == RRN_XBAR_CPU_AVX2)
    rrn_xbar_lookup_avx2(b);
  else
    rrn_xbar_lookup_plain(b);
}

/* Columns from `first` on of one plane of the array at hand. */
static void
run_block(const rrn_xbar_kernel *k, int32_t plane, size_t first, work *w)
{
  const size_t column = rrn_xbar_column(&k->cells, k->head.cols, w->tile, plane, first);
  const size_t left = k->head.cols - first;
  rrn_xbar_block *b = &w->block;

  b->columns = left < w->width ? left : w->width;
  b->top = k->cells.top + column * k->cells.stride;
  b->middle = k->cells.middle + column * k->cells.stride;
  b->low = k->cells.low + column * k->cells.stride;
  b->base = k->cells.base + column;
  b->spread = k->cells.spread ? k->cells.spread + column * k->cells.stride : NULL;
  b->cell = cell_of(k, w, plane, first);
  b->codes = codes_of(k, w, plane, first);
  if (w->cells && !b->slow)
    fill_cells(k, column, w);
  look_up(k, b);
  settle_block(k, plane, first, w);
}

static void
run_tile(const rrn_xbar_kernel *k, size_t tile, work *w)
{
  const rrn_xbar_layer *l = &k->head;
  int32_t plane;
  size_t first;

  w->tile = tile;
  w->first = tile * k->cells.rows;
  w->rows = l->n_in - w->first < k->cells.rows ? l->n_in - w->first : k->cells.rows;
  fill_bits(k, w);
  fill_patterns(k, w);
  fill_pedestals(k, w);
  for (plane = 0; plane < k->cells.n_planes; plane++) {
    set_converter(k, plane, w);
    for (first = 0; first < l->cols; first += w->width)
      run_block(k, plane, first, w);
  }
  if (++w->held == w->room)
    flush(k, w);
}

static void
finish(const rrn_xbar_kernel *k, const work *w, double *ret_y)
{
  const rrn_xbar_layer *l = &k->head;
  size_t vector, i;

  for (vector = 0; vector < w->block.vectors; vector++) {
    const double *y = w->y + vector;
    double offset = l->spec.sign == RRN_XBAR_UNIT_COLUMN ? y[l->n_out * RRN_XBAR_TABLE_VECTORS] : 0;

    for (i = 0; l->spec.sign == RRN_XBAR_OFFSET && i < l->n_in; i++)
      offset += (double)w->x[vector * l->n_in + i] * (double)(1 << (l->spec.weight_bits - 1));
    for (i = 0; i < l->n_out; i++)
      ret_y[vector * l->n_out + i] = y[i * RRN_XBAR_TABLE_VECTORS] - offset;
  }
}

/* As many vectors as share a table. */
static void
run_part(const rrn_xbar_kernel *k, const int32_t *x, size_t batch, work *w, double *ret_y)
{
  const rrn_xbar_layer *l = &k->head;
  size_t tile;

  w->x = x;
  w->block.vectors = batch;
  memset(w->codes, 0, (size_t)k->cells.n_planes * (l->cols + RRN_XBAR_LANES) * RRN_XBAR_TABLE_VECTORS *
                        sizeof(*w->codes));
  memset(w->placed, 0, RRN_XBAR_TABLE_VECTORS * sizeof(*w->placed));
  memset(w->y, 0, l->cols * RRN_XBAR_TABLE_VECTORS * sizeof(*w->y));
  for (tile = 0; tile < k->cells.tiles; tile++)
    run_tile(k, tile, w);
  flush(k, w);
  w->stats.conversions +=
    (int64_t)(batch * l->cols * k->cells.tiles) * l->n_steps * k->cells.n_planes;
  finish(k, w, ret_y);
}

int32_t
rrn_xbar_mvm(rrn_arena *scratch, const rrn_xbar_kernel *k, const int32_t *x, size_t batch, uint32_t first_vector,
             double *ret_y, rrn_xbar_stats *stats, rramnas_error *err)
{
  const rrn_xbar_layer *l = &k->head;
  size_t first, n;
  work w;

  if (!rrn_xbar_inputs_valid(l, x, batch, err))
    return RRAMNAS_ERR_ARGUMENT;
  if (k->collapsed)
    return rrn_xbar_collapsed_run(scratch, k, x, batch, ret_y, err);
  RRN_TRY(make_room(scratch, k, &w, err));
  w.block.counted = stats != NULL;
  w.block.stream = rrn_xbar_stream_of(&l->id);
  w.block.cell_stride = (uint32_t)l->n_in;
  for (first = 0; first < batch; first += n) {
    n = batch - first < RRN_XBAR_TABLE_VECTORS ? batch - first : RRN_XBAR_TABLE_VECTORS;
    w.block.first_vector = first_vector + (uint32_t)first;
    run_part(k, x + first * l->n_in, n, &w, ret_y + first * l->n_out);
  }
  if (stats) {
    stats->conversions += w.stats.conversions;
    stats->clipped_low += w.stats.clipped_low + w.block.clipped_low;
    stats->clipped_high += w.stats.clipped_high + w.block.clipped_high;
  }
  return RRAMNAS_OK;
}
