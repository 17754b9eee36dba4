/* SPDX-License-Identifier: MIT */
/* Matrix-vector products on a programmed layer, fast.
 *
 * In:  a layer with its converter, inputs x[batch][in].
 * Out: what the reference gives: the same codes. Without the layer a code may be the next one where a current lies
 *      nearer to the border of two than 24 bits per cell can tell.
 *
 * Idea: cells become integers (mvm_cells.c) and their sums are looked up (mvm_lookup.c, mvm_avx512.c) and converted in
 * single precision. A conversion whose current is nearer to the border of two codes than these can be wrong is settled
 * one by one, from all bits of the cells and, nearer still, from the layer as the reference does: so every kernel gives
 * the reference's codes. Where no conversion changes anything, mvm_collapsed.c does it.
 *
 * Complexity: see mvm_lookup.c. Not handled: read noise by
 * cell. Read noise by column is fast with AMX only and one bit per step. */
#include "xbar/mvm_work.h"

#include <string.h>

#include "util/ckd.h"

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

void
rrn_xbar_kernel_detach(rrn_xbar_kernel *k)
{
  k->head.digits = NULL;
  k->head.g = NULL;
}

/* --- by lookup --- */

/* Least room of a table, in groups of four columns: RRN_XBAR_TABLE_GROUPS of all lanes. */
enum { TABLE_FLOOR = RRN_XBAR_TABLE_GROUPS * RRN_XBAR_LANES / 4 };
/* Columns that share the inputs of 16 vectors in a first-level cache. */
enum { TILE_COLUMNS = 256 };

static void *
aligned_64(rrn_arena *scratch, size_t n, size_t size)
{
  size_t bytes;
  char *p;

  if (ckd_mul(&bytes, n, size) || ckd_add(&bytes, bytes, 64) || !(p = rrn_arena_alloc_raw(scratch, bytes, 1)))
    return NULL;
  return p + (64 - (uintptr_t)p % 64) % 64;
}

/* Lanes beyond the columns are added up and dropped. */
static int32_t *
zeroed_cells(rrn_arena *scratch, size_t groups)
{
  int32_t *cells = aligned_64(scratch, 4 * groups, RRN_XBAR_LANES * sizeof(*cells));

  if (cells)
    memset(cells, 0, 4 * groups * RRN_XBAR_LANES * sizeof(*cells));
  return cells;
}

/* Room that only one kind of kernel needs. */
static int
make_tables(rrn_arena *scratch, const rrn_xbar_kernel *k, rrn_xbar_work *w)
{
  rrn_xbar_block *b = &w->block;
  const size_t patterns = RRN_XBAR_TABLE_VECTORS * (size_t)b->bits;

  if (k->cpu == RRN_XBAR_CPU_AMX) {
    b->inputs = w->inputs = aligned_64(scratch, w->words * (size_t)b->steps, 64 * RRN_XBAR_TABLE_VECTORS);
    w->start = aligned_64(scratch, (size_t)b->steps, RRN_XBAR_TABLE_VECTORS * sizeof(*w->start));
    return w->inputs != NULL && w->start != NULL;
  }
  b->table = aligned_64(scratch, b->groups < TABLE_FLOOR ? TABLE_FLOOR : b->groups, 64 * sizeof(int32_t));
  if (k->cpu == RRN_XBAR_CPU_AVX512) {
    b->words = aligned_64(scratch, b->stride + 16, sizeof(*b->words));
    b->sixteens = w->sixteens = aligned_64(scratch, b->stride / 16, patterns * sizeof(*w->sixteens));
    b->spreads = aligned_64(scratch, b->stride, 16 * sizeof(*b->spreads));
    return b->table && b->words && w->sixteens && b->spreads;
  }
  b->sums = aligned_64(scratch, patterns, RRN_XBAR_LANES * sizeof(*b->sums));
  b->index = w->index = rrn_arena_alloc_raw(scratch, b->groups, patterns * sizeof(*w->index));
  b->cells = w->cells = zeroed_cells(scratch, b->groups);
  if (k->cells.spread) {
    b->spread_sums = aligned_64(scratch, patterns, RRN_XBAR_LANES * sizeof(*b->spread_sums));
    b->spread_cells = w->spread_cells = zeroed_cells(scratch, b->groups);
  }
  return b->table && b->sums && w->index && w->cells && (!k->cells.spread || (b->spread_sums && w->spread_cells));
}

/* Eight rows, those of even number in one table of mvm_avx512.c and those of odd number in another. */
static void
fill_eight_of(uint32_t *eight_of)
{
  uint32_t rows, k;

  for (rows = 0; rows < 256; rows++) {
    uint32_t even = 0, odd = 0;

    for (k = 0; k < 4; k++) {
      even |= (rows >> (2 * k) & 1) << (1 + k + k / 2);
      odd |= (rows >> (2 * k + 1) & 1) << (1 + k + k / 2);
    }
    eight_of[rows] = even | (odd | 1) << 8;
  }
}

static int
make_noise(rrn_arena *scratch, const rrn_xbar_kernel *k, rrn_xbar_work *w)
{
  const size_t steps = (size_t)k->head.n_steps, vectors = RRN_XBAR_TABLE_VECTORS;
  size_t i;

  if (k->head.read_model == RRN_READ_NONE)
    return 1;
  w->squares = rrn_arena_alloc_raw(scratch, steps * vectors, sizeof(*w->squares));
  w->deviation = aligned_64(scratch, steps * vectors, sizeof(*w->deviation));
  w->names = aligned_64(scratch, 3 * vectors, sizeof(*w->names));
  w->keys = aligned_64(scratch, 3 * steps, w->width * sizeof(*w->keys));
  w->block.width_keys = w->width;
  for (i = 0; i < 3 && w->names && w->keys; i++) {
    w->block.names[i] = w->names + i * vectors;
    w->block.keys[i] = w->keys + i * steps * w->width;
  }
  return w->squares && w->deviation && w->names && w->keys;
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
make_room(rrn_arena *scratch, const rrn_xbar_kernel *k, rrn_xbar_work *w, rramnas_error *err)
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
  w->width = k->cpu >= RRN_XBAR_CPU_AVX512 ? TILE_COLUMNS : RRN_XBAR_LANES;
  w->room = (size_t)(UINT32_MAX / ((double)(l->adc.codes - 1) * places_of(l)));
  if (ckd_mul(&sums, l->cols + RRN_XBAR_LANES, vectors) || ckd_mul(&planes, sums, (size_t)k->cells.n_planes))
    return rrn_fail_memory(err);
  w->codes = aligned_64(scratch, planes, sizeof(*w->codes));
  b->doubts = aligned_64(scratch, (w->width + 1) * steps, RRN_XBAR_DOUBTS * sizeof(*b->doubts));
  w->doubts = rrn_arena_alloc_raw(scratch, w->width * steps + 4, RRN_XBAR_DOUBTS * sizeof(*w->doubts));
  w->left = rrn_arena_alloc_raw(scratch, w->width * steps + 1, RRN_XBAR_TABLE_VECTORS * sizeof(*w->left));
  w->bits = rrn_arena_alloc_raw(scratch, vectors * (size_t)b->bits, w->words * sizeof(*w->bits));
  w->eight_of = rrn_arena_alloc_raw(scratch, 256, sizeof(*w->eight_of));
  w->pedestals = rrn_arena_alloc_raw(scratch, vectors * steps, 2 * sizeof(*w->pedestals));
  w->placed = rrn_arena_alloc_raw(scratch, vectors, sizeof(*w->placed));
  w->offset = aligned_64(scratch, vectors * steps, sizeof(*w->offset));
  w->y = rrn_arena_alloc_raw(scratch, sums, sizeof(*w->y));
  b->offset = w->offset;
  if (!make_tables(scratch, k, w) || !make_noise(scratch, k, w) || !w->codes || !b->doubts || !w->doubts || !w->left || !w->bits || !w->eight_of || !w->pedestals ||
      !w->placed || !w->offset || !w->y)
    return rrn_fail_memory(err);
  w->offsets = w->pedestals + vectors * steps;
  fill_eight_of(w->eight_of);
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
fill_bits(const rrn_xbar_kernel *k, rrn_xbar_work *w)
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
fill_index(rrn_xbar_work *w)
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
fill_sixteens(rrn_xbar_work *w)
{
  const size_t n = w->block.stride / 16, bits = (size_t)w->block.bits;
  size_t vector, bit, sixteen;

  for (vector = 0; vector < (w->block.vectors + 15) / 16 * 16; vector++)
    for (bit = 0; bit < bits; bit++) {
      uint32_t *to = w->sixteens + (vector / 16 * bits + bit) * n * 16 + vector % 16;
      const uint64_t *from = w->bits + (vector * bits + bit) * w->words;

      for (sixteen = 0; sixteen < n; sixteen++) {
        const uint64_t rows = from[sixteen / 4] >> 16 * (sixteen % 4);

        to[sixteen * 16] = w->eight_of[rows & 0xff] | (w->eight_of[rows >> 8 & 0xff] | 0x0808) << 16;
      }
    }
}

static void
fill_inputs(const rrn_xbar_kernel *k, rrn_xbar_work *w)
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
fill_patterns(const rrn_xbar_kernel *k, rrn_xbar_work *w)
{
  if (k->cpu == RRN_XBAR_CPU_AMX)
    fill_inputs(k, w);
  else if (k->cpu == RRN_XBAR_CPU_AVX512)
    fill_sixteens(w);
  else
    fill_index(w);
}

/* Sum of a step's inputs of a vector. */
static int64_t
sum_of_step(const rrn_xbar_work *w, size_t vector, int32_t step)
{
  const size_t first = vector * (size_t)w->block.bits + (size_t)(step * w->block.dac_bits);
  int64_t sum = 0;
  size_t bit, word;

  for (bit = 0; bit < (size_t)w->block.dac_bits; bit++)
    for (word = 0; word < w->words; word++)
      sum += (int64_t)__builtin_popcountll(w->bits[(first + bit) * w->words + word]) << bit;
  return sum;
}

/* Currents of the off conductances of a tile, by step and with the places of all steps; a pair has none. */
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
      double *pedestal = &w->pedestals[(size_t)step * RRN_XBAR_TABLE_VECTORS + vector];

      *pedestal = (double)sum_of_step(w, vector, step) * per_digit;
      w->placed[vector] += l->n_sides == 1 ? *pedestal * (double)(1 << (step * l->spec.dac_bits)) : 0;
    }
}

/* --- read noise --- */

static double
sum_of_squares(const rrn_xbar_kernel *k, const rrn_xbar_work *w, size_t vector, int32_t step)
{
  const rrn_xbar_layer *l = &k->head;
  const int32_t *x = w->x + vector * l->n_in + w->first;
  int64_t sum = 0;
  size_t row;

  if (l->spec.dac_bits == 1)
    return (double)sum_of_step(w, vector, step);
  for (row = 0; row < w->rows; row++) {
    const int32_t v = x[row] >> (step * l->spec.dac_bits) & rrn_xbar_max_step(l);

    sum += (int64_t)v * v;
  }
  return (double)sum;
}

static void
fill_squares(const rrn_xbar_kernel *k, rrn_xbar_work *w)
{
  size_t vector;
  int32_t step;

  memset(w->squares, 0, RRN_XBAR_TABLE_VECTORS * (size_t)k->head.n_steps * sizeof(*w->squares));
  for (step = 0; step < k->head.n_steps; step++)
    for (vector = 0; vector < w->block.vectors; vector++)
      w->squares[(size_t)step * RRN_XBAR_TABLE_VECTORS + vector] = sum_of_squares(k, w, vector, step);
}

/* Words of the vectors of a batch. */
static void
fill_names(const rrn_xbar_stream *stream, rrn_xbar_work *w)
{
  size_t vector, i;

  for (vector = 0; vector < RRN_XBAR_TABLE_VECTORS; vector++) {
    const rrn_xbar_draws d = rrn_xbar_draws_of_vector(stream, w->block.first_vector + (uint32_t)vector);

    for (i = 0; i < 3; i++)
      w->names[i * RRN_XBAR_TABLE_VECTORS + vector] = d.word[i];
  }
}

/* Words of the columns of a block; `cell` is the first one's first. */
static void
fill_keys(const rrn_xbar_kernel *k, uint32_t cell, rrn_xbar_work *w)
{
  const rrn_xbar_stream stream = rrn_xbar_stream_of(&k->head.id);
  const size_t per_word = (size_t)w->block.steps * w->width;
  size_t col, i;
  int32_t step;

  for (step = 0; step < w->block.steps; step++)
    for (col = 0; col < w->block.columns; col++) {
      const rrn_xbar_draws d = rrn_xbar_draws_of_column(&stream, cell + (uint32_t)(col * k->head.n_in), step);

      for (i = 0; i < 3; i++)
        w->keys[i * per_word + (size_t)step * w->width + col] = d.word[i];
    }
}

/* Read noise of a plane as its sums have it, `one` to a code; what it can be wrong by, in codes. */
static double
set_noise(const rrn_xbar_kernel *k, int32_t plane, double one, rrn_xbar_work *w)
{
  const rrn_xbar_layer *l = &k->head;
  const double squares = (double)k->cells.rows * rrn_xbar_max_step(l) * rrn_xbar_max_step(l);
  const double most = RRN_XBAR_GREATEST_DRAW * __builtin_sqrt(k->cells.spread ? 63 * squares : squares);
  const double scale = one * RRN_XBAR_DEVIATES_SCALE;
  size_t i;

  if (l->read_model == RRN_READ_NONE)
    return 0;
  w->noise = l->read_sigma * __builtin_sqrt(k->cells.spread_unit[plane]) *
             rrn_xbar_codes_per_current(l, rrn_xbar_slice_of(l, plane)) / rrn_xbar_max_step(l);
  w->block.noise = (float)(w->noise * scale);
  for (i = 0; !k->cells.spread && i < RRN_XBAR_TABLE_VECTORS * (size_t)l->n_steps; i++)
    w->deviation[i] = (float)(w->noise * scale * __builtin_sqrt(w->squares[i]));
  w->block.deviation = k->cells.spread ? NULL : w->deviation;
  return w->noise * most * (k->cpu >= RRN_XBAR_CPU_AVX512 ? 0x1.04p-14 : 0x1p-21) + 1 / one;
}

/* --- converters --- */

/* The greatest number that the conversion of a plane adds, in codes. */
static double
greatest_term(const rrn_xbar_kernel *k, int32_t plane)
{
  const rrn_xbar_layer *l = &k->head;
  const int32_t slice = rrn_xbar_slice_of(l, plane);
  const double q = rrn_xbar_codes_per_current(l, slice), rows = (double)k->cells.rows;

  return k->cells.greatest[plane] + rrn_xbar_magnitude(l->adc.lo[slice] * q) +
         (rrn_xbar_pairs_are_one(l) ? 0 : rows * l->spec.g_off * q) + l->adc.codes;
}

/* Sums of the widest kernels have 16 bits behind the point, the others as many as all bits of the cells if there is room. */
static int32_t
fraction_of(const rrn_xbar_kernel *k, int32_t plane)
{
  int32_t fraction = k->cells.fraction[plane] + 8;

  if (k->cpu >= RRN_XBAR_CPU_AVX512)
    return 16;
  while (fraction > 0 && greatest_term(k, plane) * rrn_xbar_power_of_2(fraction) > 0x1p30)
    fraction--;
  return fraction;
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
is_slow(const rrn_xbar_kernel *k, int32_t plane, double margin)
{
  const int32_t high = k->cells.fraction[plane], least[] = { -7, -7, 0, 8 };

  return margin > 0.1 || high < least[k->cpu] ||
         greatest_term(k, plane) * rrn_xbar_power_of_2(k->cpu >= RRN_XBAR_CPU_AVX512 ? 16 : 0) > 0x1p30 ||
         (k->cells.spread && k->head.spec.dac_bits > 1);
}

/* Offsets as the sums of tiles have them, where words can hold the sums of single bytes. */
static void
set_start(const rrn_xbar_kernel *k, int32_t plane, rrn_xbar_work *w)
{
  rrn_xbar_block *b = &w->block;
  const double greatest = greatest_term(k, plane) * rrn_xbar_power_of_2(b->high + 8);
  size_t i;

  b->start = NULL;
  if (k->cpu != RRN_XBAR_CPU_AMX || b->stride > 128 || b->dac_bits > 1 || b->high < 10 || greatest > 0x1p30)
    return;
  for (i = 0; i < RRN_XBAR_TABLE_VECTORS * (size_t)b->steps; i++)
    w->start[i] = w->offset[i] * (1 << (b->high - 8));
  b->start = w->start;
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
  size_t i;

  w->slope = 1 / rrn_xbar_power_of_2(k->cells.fraction[plane] + 8);
  w->unsure = k->cells.unsure[plane] + 1e-9;
  b->high = k->cells.fraction[plane];
  b->fraction = fraction_of(k, plane);
  one = rrn_xbar_power_of_2(b->fraction);
  margin = w->unsure + error_of(k, plane, b) + set_noise(k, plane, one, w) + 1 / one;
  b->slow = is_slow(k, plane, margin);
  b->width = b->slow ? 0 : 2 * (int32_t)(margin * one) + 3;
  b->last = l->adc.codes - 1;
  for (i = 0; i < RRN_XBAR_TABLE_VECTORS * (size_t)l->n_steps; i++) {
    w->offsets[i] = (w->pedestals[i] - l->adc.lo[slice]) * q;
    w->offset[i] = b->slow ? 0 : (int32_t)__builtin_floor((w->offsets[i] + 0.5) * one + 0.5) + b->width / 2;
  }
  set_start(k, plane, w);
}

static uint32_t *
codes_of(const rrn_xbar_kernel *k, const rrn_xbar_work *w, int32_t plane, size_t col)
{
  return w->codes + ((size_t)plane * (k->head.cols + RRN_XBAR_LANES) + col) * RRN_XBAR_TABLE_VECTORS;
}

/* Codes of a plane to digits times steps, with sign and place. */
static void
add_codes(const rrn_xbar_kernel *k, int32_t plane, const rrn_xbar_work *w)
{
  const rrn_xbar_layer *l = &k->head;
  const int apart = l->n_sides == 2 && !rrn_xbar_pairs_are_one(l);
  const int32_t slice = rrn_xbar_slice_of(l, plane);
  const double to_digits = (double)rrn_xbar_max_digit(l) / (1 - l->spec.g_off) * rrn_xbar_max_step(l) *
                           (double)(1 << (slice * l->spec.cell_bits)) * (apart && plane % 2 == 1 ? -1 : 1);
  const double current = to_digits / rrn_xbar_codes_per_current(l, slice);
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
flush(const rrn_xbar_kernel *k, rrn_xbar_work *w)
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
fill_cells(const rrn_xbar_kernel *k, size_t column, rrn_xbar_work *w)
{
  const size_t stride = k->cells.stride, first = column * stride;
  const int8_t *top = k->cells.top + first, *low = k->cells.low + first;
  const uint8_t *middle = k->cells.middle + first;
  const int32_t shift = w->block.high + 8 - w->block.fraction;
  size_t lane, row;

  for (row = 0; row < stride; row++)
    for (lane = 0; lane < w->block.columns; lane++) {
      const size_t cell = lane * stride + row;

      w->cells[row * RRN_XBAR_LANES + lane] = (65536 * top[cell] + 256 * middle[cell] + low[cell]) >> shift;
      if (w->spread_cells)
        w->spread_cells[row * RRN_XBAR_LANES + lane] = k->cells.spread[first + cell];
    }
}

static void
look_up(const rrn_xbar_kernel *k, rrn_xbar_block *b)
{
  const int32_t all = b->slow ? 0xff : 0;

  if (b->slow || k->cpu < RRN_XBAR_CPU_AVX512)
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

/* Columns from `first` on of one plane of the array at hand. */
static void
run_block(const rrn_xbar_kernel *k, int32_t plane, size_t first, rrn_xbar_work *w)
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
  b->codes = codes_of(k, w, plane, first);
  if (w->keys)
    fill_keys(k, rrn_xbar_cell_of(k, w, plane, first), w);
  if (w->cells && !b->slow)
    fill_cells(k, column, w);
  look_up(k, b);
  rrn_xbar_settle(k, plane, first, w);
}

static void
run_tile(const rrn_xbar_kernel *k, size_t tile, rrn_xbar_work *w)
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
  if (w->squares)
    fill_squares(k, w);
  for (plane = 0; plane < k->cells.n_planes; plane++) {
    set_converter(k, plane, w);
    for (first = 0; first < l->cols; first += w->width)
      run_block(k, plane, first, w);
  }
  if (++w->held == w->room)
    flush(k, w);
}

static void
finish(const rrn_xbar_kernel *k, const rrn_xbar_work *w, double *ret_y)
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
run_part(const rrn_xbar_kernel *k, const int32_t *x, size_t batch, rrn_xbar_work *w, double *ret_y)
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
  rrn_xbar_stream stream;
  rrn_xbar_work w;

  if (!rrn_xbar_inputs_valid(l, x, batch, err))
    return RRAMNAS_ERR_ARGUMENT;
  if (k->collapsed)
    return rrn_xbar_collapsed_run(scratch, k, x, batch, ret_y, err);
  RRN_TRY(make_room(scratch, k, &w, err));
  w.block.counted = stats != NULL;
  stream = rrn_xbar_stream_of(&l->id);
  for (first = 0; first < batch; first += n) {
    n = batch - first < RRN_XBAR_TABLE_VECTORS ? batch - first : RRN_XBAR_TABLE_VECTORS;
    w.block.first_vector = first_vector + (uint32_t)first;
    if (w.names)
      fill_names(&stream, &w);
    run_part(k, x + first * l->n_in, n, &w, ret_y + first * l->n_out);
  }
  if (stats) {
    stats->conversions += w.stats.conversions;
    stats->clipped_low += w.stats.clipped_low + w.block.clipped_low;
    stats->clipped_high += w.stats.clipped_high + w.block.clipped_high;
  }
  return RRAMNAS_OK;
}
