/* SPDX-License-Identifier: MIT */
/* Bit-serial sums by tiles of bytes, for processors with AMX.
 *
 * In:  as mvm_avx512.c, the inputs as one byte per row, step and vector.
 * Out: the same codes, and where they are in doubt.
 *
 * Idea: a tile instruction multiplies 16 columns of 64 rows with 16 vectors. Cells have three bytes, so three products
 * of bytes make a sum of all 24 bits; a read-out's sums are converted beside the products of the next. A step is a byte,
 * so DACs of up to eight bits cost the same. Read noise: a fourth product gives the variance.
 *
 * Complexity: 3 rows / 64 tile products per step and 16 x 16 conversions, 15 operations per 16 conversions. Source: Intel
 * 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapter 18. Not handled: fewer than 16 vectors leave
 * lanes idle. */
#define _GNU_SOURCE /* syscall() */
#include "xbar/mvm_wide.h"

#if defined(__x86_64__) && defined(__linux__)
#include <cpuid.h>
#include <immintrin.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define TARGET __attribute__((target("amx-tile,amx-int8,avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")))
#define INLINE __attribute__((always_inline)) TARGET static inline
enum { SIDE = 16, TILE = 1024, PRODUCT = SIDE * SIDE, BYTES = 3 * PRODUCT };

/* The palette as the processor reads it. */
typedef struct shape {
  uint8_t palette, start_row, reserved[14];
  uint16_t row_bytes[16];
  uint8_t rows[16];
} shape;

/* Only with the host's leave: asking the system for tiles makes signal stacks larger for the whole process, which is not a
 * library's to decide. examples/common/tiles.h asks. */
int
rrn_xbar_amx_usable(void)
{
  enum { GET_PERMISSION = 0x1022, TILE_DATA = 18, HAS_TILES = 1 << 24, HAS_BYTES = 1 << 25 };
  unsigned long permitted = 0;
  unsigned a, b, c, d;

  if (!__get_cpuid_count(7, 0, &a, &b, &c, &d) || (d & HAS_TILES) == 0 || (d & HAS_BYTES) == 0)
    return 0;
  return syscall(SYS_arch_prctl, GET_PERMISSION, &permitted) == 0 && (permitted >> TILE_DATA & 1);
}

TARGET void
rrn_xbar_inputs_amx(const int32_t *x, size_t rows, const rrn_xbar_block *b, size_t vector, uint8_t *ret_inputs)
{
  const size_t per_step = (b->stride + 63) / 64 * TILE;
  const __m512i mask = _mm512_set1_epi32((1 << b->dac_bits) - 1);
  size_t row;
  int32_t step;

  for (row = 0; row < rows; row += SIDE) {
    const __mmask16 here = (__mmask16)(rows - row >= SIDE ? 0xffff : (1u << (rows - row)) - 1);
    const __m512i v = _mm512_maskz_loadu_epi32(here, x + row);
    uint32_t *to = (uint32_t *)(void *)(ret_inputs + row * SIDE) + vector;

    for (step = 0; step < b->steps; step++, to += per_step / 4) {
      const __m512i s = _mm512_and_si512(_mm512_srl_epi32(v, _mm_cvtsi32_si128(step * b->dac_bits)), mask);
      const __m128i bytes = _mm512_cvtepi32_epi8(s);

      to[0] = (uint32_t)_mm_extract_epi32(bytes, 0);
      to[SIDE] = (uint32_t)_mm_extract_epi32(bytes, 1);
      to[2 * SIDE] = (uint32_t)_mm_extract_epi32(bytes, 2);
      to[3 * SIDE] = (uint32_t)_mm_extract_epi32(bytes, 3);
    }
  }
}

/* Sums of 16 columns and 16 vectors in one step: ret_sums[byte][16][16]. */
INLINE void
sum(const rrn_xbar_block *b, size_t column, const uint8_t *inputs, int32_t *ret_sums)
{
  const size_t first = column * b->stride;
  size_t row;

  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  for (row = 0; row < b->stride; row += 64, inputs += TILE) {
    _tile_loadd(3, inputs, 64);
    _tile_loadd(4, b->top + first + row, b->stride);
    _tile_loadd(5, b->middle + first + row, b->stride);
    _tile_loadd(6, b->low + first + row, b->stride);
    _tile_dpbsud(0, 4, 3);
    _tile_dpbuud(1, 5, 3);
    _tile_dpbsud(2, 6, 3);
  }
  _tile_stored(0, ret_sums, 64);
  _tile_stored(1, ret_sums + 256, 64);
  _tile_stored(2, ret_sums + 512, 64);
}

/* The cells of 16 columns of an array of at most 128 rows, for several steps. */
INLINE void
hold(const rrn_xbar_block *b, size_t column)
{
  const size_t first = column * b->stride;

  _tile_loadd(2, b->top + first, b->stride);
  _tile_loadd(3, b->middle + first, b->stride);
  _tile_loadd(4, b->low + first, b->stride);
  _tile_loadd(5, b->top + first + 64, b->stride);
  _tile_loadd(6, b->middle + first + 64, b->stride);
  _tile_loadd(7, b->low + first + 64, b->stride);
}

/* Asks for the cells of the 16 columns after these. */
INLINE void
fetch(const rrn_xbar_block *b, size_t column)
{
  const size_t first = (column + SIDE) * b->stride;
  size_t k;

  for (k = 0; k < SIDE * b->stride; k += 64) {
    _mm_prefetch((const char *)b->top + first + k, _MM_HINT_T0);
    _mm_prefetch((const char *)b->middle + first + k, _MM_HINT_T0);
    _mm_prefetch((const char *)b->low + first + k, _MM_HINT_T0);
  }
}

/* Sums of the spreads of 16 columns and 16 vectors in a step: ret_sums[16][16]. Takes tiles 0 to 2. */
INLINE void
sum_spreads(const rrn_xbar_block *b, size_t column, const uint8_t *inputs, int32_t *ret_sums)
{
  const uint8_t *spread = b->spread + column * b->stride;
  size_t row;

  _tile_zero(0);
  for (row = 0; row < b->stride; row += 64, inputs += TILE) {
    _tile_loadd(1, inputs, 64);
    _tile_loadd(2, spread + row, b->stride);
    _tile_dpbuud(0, 2, 1);
  }
  _tile_stored(0, ret_sums, 64);
}

/* Two steps of 16 columns and 16 vectors; the second is missing after the last of an odd number. */
typedef struct readout {
  size_t column, vector;
  int32_t step, steps;
} readout;

/* Inputs of a step of a read-out. */
static inline const uint8_t *
inputs_of(const rrn_xbar_block *b, const readout *r, int32_t step)
{
  const size_t per_step = (b->stride + 63) / 64 * TILE;

  return b->inputs + (r->vector / SIDE * (size_t)b->steps + (size_t)(r->step + step)) * per_step;
}

/* What of a step all columns share. */
typedef struct step_parts {
  __m512i offset;
  __m512 deviation;
  rrn_wide_mix mix;
} step_parts;

INLINE step_parts
parts_of(const rrn_xbar_block *b, const readout *r, int32_t step, rrn_wide_noise noise)
{
  const size_t place = (size_t)(r->step + step) * RRN_XBAR_TABLE_VECTORS + r->vector;

  return (step_parts){ _mm512_load_si512(b->offset + place),
                       noise == RRN_WIDE_SAME ? _mm512_load_ps(b->deviation + place) : _mm512_setzero_ps(),
                       rrn_wide_mix_of(r->step + step) };
}

/* A read-out that is converted. */
typedef struct conversion {
  const int32_t *sums;      /* [steps][byte][16][16] */
  const int32_t *spreads;   /* [steps][16][16]: their sums */
  __m512i down, top_weight; /* bits of a sum beyond 16 behind the point; what that leaves of the top byte's place */
  step_parts parts[2];
  rrn_wide_names names;
  rrn_wide_weights weights;
  uint32_t *codes, *doubts;
  size_t row;               /* of doubts */
  size_t key;               /* of the first column */
  size_t columns;           /* that are there; the others are converted as well */
  int second;
  int drawn;                /* the deviates are those of the steps before */
  uint32_t valid;
} conversion;

INLINE conversion
conversion_of(const rrn_xbar_block *b, const readout *r, const int32_t *sums, const int32_t *spreads,
              rrn_wide_noise noise)
{
  const size_t row = (size_t)b->steps * RRN_XBAR_DOUBTS;

  return (conversion){ sums, spreads, _mm512_set1_epi32(b->high - 8),
                       _mm512_set1_epi32(1 << (24 - b->high)),
                       { parts_of(b, r, 0, noise), parts_of(b, r, r->steps - 1, noise) },
                       rrn_wide_names_of(b, r->vector, noise), rrn_wide_weights_of(b, r->step, r->steps),
                       b->codes + r->column * RRN_XBAR_TABLE_VECTORS + r->vector,
                       b->doubts + r->column * row + (size_t)r->step * RRN_XBAR_DOUBTS + r->vector / SIDE, row,
                       rrn_xbar_key(b, r->step, r->column), b->columns - r->column, r->steps == 2,
                       r->step % RRN_XBAR_DRAW_STEPS != 0, rrn_wide_valid(b, r->vector) };
}

/* The sum of three bytes, with 16 bits behind the point. Where words can hold the sums of top and middle, products of
 * words place them, as they have more units than shifts. */
INLINE __m512i
join(const conversion *c, const int32_t *sums, const step_parts *p, int words)
{
  const __m512i top = _mm512_load_si512(sums), middle = _mm512_load_si512(sums + PRODUCT),
                low = _mm512_load_si512(sums + 2 * PRODUCT);

  if (words)
    return _mm512_dpwssd_epi32(
      _mm512_srav_epi32(_mm512_dpwssd_epi32(low, middle, _mm512_set1_epi32(256)), c->down), top, c->top_weight);
  return _mm512_add_epi32(
    _mm512_srav_epi32(
      _mm512_add_epi32(_mm512_slli_epi32(_mm512_add_epi32(_mm512_slli_epi32(top, 8), middle), 8), low), c->down),
    p->offset);
}

/* A step's sums of a column with read noise. */
INLINE __m512i
total_of(const rrn_xbar_block *b, const conversion *c, size_t col, int step, __m512i deviates, rrn_wide_noise noise,
         int words)
{
  const step_parts *p = &c->parts[step];
  const __m512i sum = join(c, c->sums + step * BYTES + col * SIDE, p, words);

  if (noise == RRN_WIDE_QUIET)
    return sum;
  return _mm512_add_epi32(
    sum, rrn_wide_noise_of(&p->mix, deviates,
                           noise == RRN_WIDE_SAME
                             ? p->deviation
                             : rrn_wide_deviation(b, _mm512_load_si512(c->spreads + step * PRODUCT + col * SIDE))));
}

/* Four steps share the deviates of a column, kept in between. */
INLINE __m512i
deviates_of(const rrn_xbar_block *b, const conversion *c, size_t col, rrn_wide_noise noise, int32_t *kept)
{
  if (noise == RRN_WIDE_QUIET)
    return _mm512_setzero_si512();
  if (!c->drawn)
    _mm512_store_si512(kept + col * SIDE, rrn_wide_deviates_of(b, &c->names, c->key + col));
  return _mm512_load_si512(kept + col * SIDE);
}

/* Adds the codes of the columns from `first` to `end`. */
INLINE void
convert(rrn_xbar_block *b, const rrn_wide_converter *v, const conversion *c, size_t first, size_t end,
        rrn_wide_noise noise, int words, int32_t *kept)
{
  size_t col;

#pragma GCC unroll 1
  for (col = first; col < end; col++) {
    const uint32_t valid = col < c->columns ? c->valid : 0;
    const __m512i deviates = deviates_of(b, c, col, noise, kept);
    const __m512i one = total_of(b, c, col, 0, deviates, noise, words);
    uint32_t *doubts = c->doubts + col * c->row;

    rrn_wide_add_codes(c->codes + col * RRN_XBAR_TABLE_VECTORS, &c->weights,
                       c->second ? rrn_wide_two_codes(b, v, one, total_of(b, c, col, 1, deviates, noise, words), valid,
                                                      doubts)
                                 : rrn_wide_one_code(b, v, one, valid, doubts));
  }
}

/* Prepares the tiles for the steps of 16 columns and vectors. */
INLINE void
start(const rrn_xbar_block *b, const readout *r, int words)
{
  if (words || b->stride <= 128) {
    hold(b, r->column);
    fetch(b, r->column);
  }
}

/* One byte's sum of the cells that are held. */
#define SUM_HELD(product, first, second, inputs, to) \
  do {                                               \
    _tile_loadd(1, inputs, 64);                      \
    product(0, first, 1);                            \
    if (b->stride > 64) {                            \
      _tile_loadd(1, (inputs) + TILE, 64);           \
      product(0, second, 1);                         \
    }                                                \
    _tile_stored(0, to, 64);                         \
  } while (0)

/* One byte's sum of a read-out: the sixths are the bytes of the first step and of the second. Spreads come with the first. */
INLINE void
sum_sixth(const rrn_xbar_block *b, const readout *r, int sixth, rrn_wide_noise noise, int words, int32_t *ret_sums,
          int32_t *ret_spreads)
{
  const int32_t step = sixth / 3;
  const uint8_t *inputs = inputs_of(b, r, step);
  int32_t *sums = ret_sums + sixth * PRODUCT;

  if (step == r->steps)
    return;
  if (noise == RRN_WIDE_SUMMED && sixth % 3 == 0) {
    sum_spreads(b, r->column, inputs, ret_spreads + step * PRODUCT);
    if (words || b->stride <= 128)
      _tile_loadd(2, b->top + r->column * b->stride, b->stride);
  }
  if (!words && b->stride > 128) {
    if (sixth % 3 == 0)
      sum(b, r->column, inputs, sums);
    return;
  }
  if (sixth % 3 == 2 && words) /* starts at the offset, the same in each column */
    _tile_loadd(0, b->start + (size_t)(r->step + step) * RRN_XBAR_TABLE_VECTORS + r->vector, 0);
  else
    _tile_zero(0);
  if (sixth % 3 == 0)
    SUM_HELD(_tile_dpbsud, 2, 5, inputs, sums);
  else if (sixth % 3 == 1)
    SUM_HELD(_tile_dpbuud, 3, 6, inputs, sums);
  else
    SUM_HELD(_tile_dpbsud, 4, 7, inputs, sums);
}

/* The read-out after this one, which may be beyond the last. */
static inline readout
next_of(const rrn_xbar_block *b, readout r)
{
  r.step += 2;
  if (r.step >= b->steps) {
    r.step = 0;
    r.column += SIDE;
  }
  if (r.column >= b->columns) {
    r.column = 0;
    r.vector += SIDE;
  }
  r.steps = b->steps - r.step < 2 ? 1 : 2;
  return r;
}

/* A conversion before the first read-out, which adds nothing. */
INLINE conversion
no_conversion(const rrn_xbar_block *b, const readout *r, int32_t *sums, int32_t *spreads, rrn_wide_noise noise)
{
  conversion c = conversion_of(b, r, sums, spreads, noise);

  memset(sums, 0, 2 * BYTES * sizeof(*sums));
  memset(spreads, 0, 2 * PRODUCT * sizeof(*spreads));
  c.weights.words = _mm512_setzero_si512();
  c.columns = 0;
  return c;
}

/* Sums of a read-out beside the conversions of the one before, by sixths, near enough for the processor to do both at
 * once. */
INLINE void
read_out(rrn_xbar_block *block, rrn_wide_noise noise, int words)
{
  rrn_xbar_block b = *block; /* which no store changes */
  const rrn_wide_converter v = rrn_wide_converter_of(&b);
  _Alignas(64) int32_t sums[2][2 * BYTES], spreads[2][2 * PRODUCT], kept[PRODUCT];
  readout r = { 0, 0, 0, b.steps < 2 ? 1 : 2 };
  conversion c = no_conversion(&b, &r, sums[1], spreads[1], noise);
  size_t k;
  int sixth;

  for (k = 0; r.vector < b.vectors; k ^= 1, r = next_of(&b, r)) {
    if (r.step == 0)
      start(&b, &r, words);
#pragma GCC unroll 6
    for (sixth = 0; sixth < 6; sixth++) {
      sum_sixth(&b, &r, sixth, noise, words, sums[k], spreads[k]);
      convert(&b, &v, &c, (size_t)sixth * SIDE / 6, (size_t)(sixth + 1) * SIDE / 6, noise, words, kept);
    }
    c = conversion_of(&b, &r, sums[k], spreads[k], noise);
  }
  convert(&b, &v, &c, 0, SIDE, noise, words, kept);
  block->clipped_low = b.clipped_low;
  block->clipped_high = b.clipped_high;
}

TARGET void
rrn_xbar_tiles_amx(rrn_xbar_block *b)
{
  shape all;
  size_t k;

  memset(&all, 0, sizeof(all));
  all.palette = 1;
  for (k = 0; k < 8; k++) {
    all.row_bytes[k] = 64;
    all.rows[k] = SIDE;
  }
  _tile_loadconfig(&all);
  if (b->spread && b->start)
    read_out(b, RRN_WIDE_SUMMED, 1);
  else if (b->spread)
    read_out(b, RRN_WIDE_SUMMED, 0);
  else if (b->deviation && b->start)
    read_out(b, RRN_WIDE_SAME, 1);
  else if (b->deviation)
    read_out(b, RRN_WIDE_SAME, 0);
  else if (b->start)
    read_out(b, RRN_WIDE_QUIET, 1);
  else
    read_out(b, RRN_WIDE_QUIET, 0);
  _tile_release();
}
#else
int
rrn_xbar_amx_usable(void)
{
  return 0;
}

void
rrn_xbar_inputs_amx(const int32_t *x, size_t rows, const rrn_xbar_block *b, size_t vector, uint8_t *ret_inputs)
{
  (void)x, (void)rows, (void)b, (void)vector, (void)ret_inputs;
}

void
rrn_xbar_tiles_amx(rrn_xbar_block *b)
{
  rrn_xbar_lookup_plain(b);
}
#endif
