/* SPDX-License-Identifier: MIT */
/* Bit-serial sums by tiles of bytes, for processors with AMX.
 *
 * In:  as mvm_avx512.c, the inputs as one byte per row, step and vector.
 * Out: the same codes, and where they are in doubt.
 *
 * Idea: a tile instruction multiplies 16 columns of 64 rows with 16 vectors. Cells have three bytes, so three products
 * of bytes make a sum of all 24 bits; a step's sums are converted beside the products of the next. A code lies above
 * its fraction, so a dot product weighs and adds it where it lies, in a register for each of 16 columns. Sums are too
 * low by the width of doubt: then doubts have the highest fractions, and the greatest upper and lower half of 256 sums
 * say whether any is in doubt or to be clipped; only then they are looked through. A step is a byte, so DACs of up to
 * eight bits cost the same. Read noise: a fourth product gives the variance, of steps of several bits with their squares.
 * A deviate comes as a float whose lowest bits are the number, and so does the noise, so that neither is converted.
 *
 * Complexity: 3 rows / 64 tile products per step and 16 x 16 conversions, 5 operations per 16 conversions. Source:
 * Intel 64 and IA-32 Architectures Software Developer's Manual, volume 1, chapter 18. Not handled: fewer than 16 vectors leave
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

/* Sixteen rows of a vector in their tile. */
INLINE void
spread(__m512i rows, uint8_t *tile, size_t vector)
{
  const __m128i bytes = _mm512_cvtepi32_epi8(rows);
  uint32_t *to = (uint32_t *)(void *)tile + vector;

  to[0] = (uint32_t)_mm_extract_epi32(bytes, 0);
  to[SIDE] = (uint32_t)_mm_extract_epi32(bytes, 1);
  to[2 * SIDE] = (uint32_t)_mm_extract_epi32(bytes, 2);
  to[3 * SIDE] = (uint32_t)_mm_extract_epi32(bytes, 3);
}

/* Steps of inputs whose bytes are in the tiles of the first one. */
INLINE void
split_bytes(const rrn_xbar_block *b, uint8_t *inputs)
{
  const size_t per_step = (b->stride + 63) / 64 * TILE;
  size_t k;
  int32_t step;

  for (step = b->steps; step-- > 0;) {
    const int32_t first = step * b->dac_bits, bits = 8 - first < b->dac_bits ? 8 - first : b->dac_bits;
    const __m512i mask = _mm512_set1_epi8((char)((1 << bits) - 1));
    const __m128i down = _mm_cvtsi32_si128(first);

    for (k = 0; k < per_step; k += 64)
      _mm512_store_si512(inputs + (size_t)step * per_step + k,
                         _mm512_and_si512(_mm512_srl_epi32(_mm512_load_si512(inputs + k), down), mask));
  }
}

TARGET void
rrn_xbar_inputs_amx(const int32_t *x, size_t x_row, size_t rows, size_t vectors, const rrn_xbar_block *b,
                    uint8_t *ret_inputs)
{
  const size_t per_step = (b->stride + 63) / 64 * TILE;
  const int whole = b->bits <= 8 || b->steps == 1;
  const __m512i mask = _mm512_set1_epi32((1 << (whole ? b->bits : b->dac_bits)) - 1);
  size_t row, vector;
  int32_t step;

  for (vector = 0; vector < vectors; vector++, x += x_row)
    for (row = 0; row < rows; row += SIDE) {
      const __mmask16 here = (__mmask16)(rows - row >= SIDE ? 0xffff : (1u << (rows - row)) - 1);
      const __m512i v = _mm512_maskz_loadu_epi32(here, x + row);

      for (step = 0; step < (whole ? 1 : b->steps); step++)
        spread(_mm512_and_si512(_mm512_srl_epi32(v, _mm_cvtsi32_si128(step * b->dac_bits)), mask),
               ret_inputs + (size_t)step * per_step + row * SIDE, vector);
    }
  if (whole)
    split_bytes(b, ret_inputs);
}

/* Sums of 16 columns and 16 vectors in one step: ret_sums[byte][16][16]. */
INLINE void
sum(const rrn_xbar_block *b, size_t column, const uint8_t *inputs, int32_t *ret_sums)
{
  const size_t first = column * b->rows;
  size_t row;

  _tile_zero(0);
  _tile_zero(1);
  _tile_zero(2);
  for (row = 0; row < b->stride; row += 64, inputs += TILE) {
    _tile_loadd(3, inputs, 64);
    _tile_loadd(4, b->top + first + row, b->rows);
    _tile_loadd(5, b->middle + first + row, b->rows);
    _tile_loadd(6, b->low + first + row, b->rows);
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
  const size_t first = column * b->rows;

  _tile_loadd(2, b->top + first, b->rows);
  _tile_loadd(3, b->middle + first, b->rows);
  _tile_loadd(4, b->low + first, b->rows);
  _tile_loadd(5, b->top + first + 64, b->rows);
  _tile_loadd(6, b->middle + first + 64, b->rows);
  _tile_loadd(7, b->low + first + 64, b->rows);
}

/* Asks for the cells of the 16 columns after these. */
INLINE void
fetch(const rrn_xbar_block *b, size_t column)
{
  const size_t first = (column + SIDE) * b->rows;
  size_t k;

  for (k = 0; k < SIDE * b->rows; k += 64) {
    _mm_prefetch((const char *)b->top + first + k, _MM_HINT_T0);
    _mm_prefetch((const char *)b->middle + first + k, _MM_HINT_T0);
    _mm_prefetch((const char *)b->low + first + k, _MM_HINT_T0);
  }
}

/* Sums of the spreads of 16 columns and 16 vectors in a step, in tile 0. Takes tiles 1 and 2. */
INLINE void
multiply_spreads(const rrn_xbar_block *b, size_t column, const uint8_t *inputs)
{
  const uint8_t *spread = b->spread + column * b->rows;
  size_t row;

  if (b->squares)
    inputs = b->squares + (inputs - b->inputs);
  _tile_zero(0);
  for (row = 0; row < b->stride; row += 64, inputs += TILE) {
    _tile_loadd(1, inputs, 64);
    _tile_loadd(2, spread + row, b->rows);
    _tile_dpbuud(0, 2, 1);
  }
}

/* A step of 16 columns and 16 vectors. */
typedef struct readout {
  size_t column, vector;
  int32_t step;
} readout;

static inline const uint8_t *
inputs_of(const rrn_xbar_block *b, const readout *r)
{
  const size_t per_step = (b->stride + 63) / 64 * TILE;

  return b->inputs + (r->vector / SIDE * (size_t)b->steps + (size_t)r->step) * per_step;
}

/* What a block keeps at hand while it converts. */
typedef struct converter {
  __m512i down, top_weight; /* bits of a sum beyond 16 behind the point; what that leaves of the top byte's place */
  __m512i greatest;         /* halves of the greatest code that is not to be clipped and of a fraction beyond doubt */
  __m512i width, last;
  const int32_t *lift;      /* what sums of top bytes start at where noise is lifted: see lift_of() */
} converter;

/* Sums of top bytes start at HALF, so that none is below 0, and above it at a word whose product with LIFT takes away HALF
 * again, in the top byte's place, and the bits of -RRN_XBAR_WHOLE. */
enum { HALF = 1 << 14, LIFT = -(1 << 15) };

static inline int32_t
lift_of(const rrn_xbar_block *b)
{
  const uint32_t too_much = ((uint32_t)RRN_XBAR_WHOLE_BITS | UINT32_C(1) << 31) + ((uint32_t)HALF << (24 - b->high));

  return (int32_t)((too_much >> 15) << 16 | HALF);
}

/* With room for `lift`, [16]. */
INLINE converter
converter_of(const rrn_xbar_block *b, int lifted, int32_t *lift)
{
  const uint32_t by = lifted ? (uint32_t)LIFT << 16 : 0;

  _mm512_store_si512(lift, _mm512_set1_epi32(lifted ? lift_of(b) : 0));
  return (converter){ _mm512_set1_epi32(b->high - 8), _mm512_set1_epi32((int32_t)(by | 1u << (24 - b->high))),
                      _mm512_set1_epi32(b->last << 16 | (0xffff - b->width)), _mm512_set1_epi32(b->width),
                      _mm512_set1_epi32(b->last), lift };
}

/* A read-out that is converted. */
typedef struct conversion {
  readout at;
  const int32_t *sums;    /* [byte][16][16] */
  const int32_t *spreads; /* [16][16]: their sums */
  __m512i offset;         /* of words: in the sums */
  __m512i worth;          /* the step's place for the upper halves, over that of `all` */
  __m512 deviation;       /* where it is the same in all columns */
  const float *noise;     /* [16]: of a spread of 1 */
  rrn_wide_mix mix;
  const int32_t *deviates; /* [16][16] */
} conversion;

/* Sums are too low by the width of doubt: so a doubt has the highest fractions, and one maximum of halves notices
 * doubts and clips. */
INLINE conversion
conversion_of(const rrn_xbar_block *b, const readout *r, const int32_t *sums, const int32_t *spreads,
              const int32_t *deviates, int32_t first_place, rrn_wide_noise noise)
{
  const size_t place = (size_t)r->step * RRN_XBAR_TABLE_VECTORS + r->vector;
  const __m512 deviation = noise == RRN_WIDE_SAME ? _mm512_load_ps(b->deviation + place) : _mm512_setzero_ps();
  const float *of_spreads = noise == RRN_WIDE_SUMMED ? b->noise + r->column : NULL;

  return (conversion){ *r, sums, spreads,
                       _mm512_sub_epi32(_mm512_load_si512(b->offset + place), _mm512_set1_epi32(b->width)),
                       _mm512_set1_epi32(b->levels ? 0 : 1 << (16 + r->step * b->dac_bits - first_place)),
                       deviation, of_spreads,
                       rrn_wide_mix_of(r->step), deviates };
}

/* The sum of three bytes, with 16 bits behind the point. Where words can hold the sums of top and middle, products of
 * words place them, as they have more units than shifts; there noise by sums comes with the bits of a float, which what
 * the top bytes start from takes away: see lift_of(). */
INLINE __m512i
join(const converter *v, const conversion *c, const int32_t *sums, __m512i noise, int words)
{
  const __m512i top = _mm512_load_si512(sums), middle = _mm512_load_si512(sums + PRODUCT),
                low = _mm512_load_si512(sums + 2 * PRODUCT);

  if (words)
    return _mm512_dpwssd_epi32(
      _mm512_add_epi32(_mm512_srav_epi32(_mm512_dpwssd_epi32(low, middle, _mm512_set1_epi32(256)), v->down), noise),
      top, v->top_weight);
  return _mm512_add_epi32(
    _mm512_srav_epi32(
      _mm512_add_epi32(_mm512_slli_epi32(_mm512_add_epi32(_mm512_slli_epi32(top, 8), middle), 8), low), v->down),
    _mm512_add_epi32(c->offset, noise));
}

/* Deviates of columns, which four steps share. */
INLINE void
draw(const rrn_xbar_block *b, const readout *r, int32_t *ret_deviates)
{
  const rrn_wide_names names = rrn_wide_names_of(b, r->vector, RRN_WIDE_SAME);
  const size_t key = rrn_xbar_key(b, r->step, r->column);
  size_t col;

#pragma GCC unroll 4
  for (col = 0; col < SIDE; col++)
    _mm512_store_si512(ret_deviates + col * SIDE, rrn_wide_deviates_of(b, &names, key + col));
}

/* Read noise of a column's sums as join() wants it. */
INLINE __m512i
noise_of(const conversion *c, size_t col, rrn_wide_noise noise, int words)
{
  const __m512i deviates = _mm512_load_si512(c->deviates + col * SIDE);
  __m512 of_spreads;

  if (noise == RRN_WIDE_SAME)
    return rrn_wide_noise_of(&c->mix, deviates, c->deviation);
  of_spreads = _mm512_set1_ps(c->noise[col]);
  if (words)
    return rrn_wide_small_noise_of(&c->mix, deviates, of_spreads, _mm512_load_si512(c->spreads + col * SIDE));
  return rrn_wide_summed_noise_of(&c->mix, deviates, of_spreads, _mm512_load_si512(c->spreads + col * SIDE));
}

/* A column's sums with read noise. */
INLINE __m512i
total_of(const converter *v, const conversion *c, size_t col, rrn_wide_noise noise, int words)
{
  return join(v, c, c->sums + col * SIDE,
              noise == RRN_WIDE_QUIET ? _mm512_setzero_si512() : noise_of(c, col, noise, words), words);
}

/* What columns add up to: codes by place, and the greatest halves of their sums. */
typedef struct totals {
  __m512i all[SIDE], greatest;
} totals;

/* For columns one by one, as loops would keep the totals in memory. */
#define FOUR(of, first) of(first), of(first + 1), of(first + 2), of(first + 3)
#define SIXTEEN(of) FOUR(of, 0), FOUR(of, 4), FOUR(of, 8), FOUR(of, 12)

/* Adds the codes of a column, where they lie in their sums and not clipped. */
INLINE void
convert(const converter *v, const conversion *c, size_t col, rrn_wide_noise noise, int words, totals *t)
{
  const __m512i total = total_of(v, c, col, noise, words);

  t->greatest = _mm512_max_epu16(t->greatest, total);
  t->all[col] = _mm512_dpwssd_epi32(t->all[col], total, c->worth);
}

/* Lists doubts of a read-out, whose currents are taken to be above the border, clips codes and counts these. */
INLINE void
correct(rrn_xbar_block *b, const converter *v, const conversion *c, rrn_wide_noise noise, int words)
{
  const size_t left = b->columns - c->at.column, n = left < SIDE ? left : SIDE;
  const uint32_t valid = rrn_wide_valid(b, c->at.vector);
  const __m128i place = _mm_cvtsi32_si128(c->at.step * b->dac_bits);
  size_t col;

#pragma GCC unroll 1
  for (col = 0; col < n; col++) {
    const __m512i total = total_of(v, c, col, noise, words), above = _mm512_add_epi32(total, v->width);
    const __m512i code = _mm512_srai_epi32(above, 16);
    const __m512i clipped = _mm512_min_epi32(_mm512_max_epi32(code, _mm512_setzero_si512()), v->last);
    const __m512i wrong = _mm512_sub_epi32(clipped, _mm512_srai_epi32(total, 16));
    const uint32_t doubts = _mm512_mask_cmplt_epu16_mask(valid, above, v->width);
    uint32_t *codes = b->codes + (c->at.column + col) * RRN_XBAR_TABLE_VECTORS + c->at.vector;
    const uint32_t where = (uint32_t)(((c->at.column + col) * (size_t)b->steps + (size_t)c->at.step) * RRN_XBAR_DOUBTS +
                                      c->at.vector / SIDE);

    if (_mm512_cmpgt_epu16_mask(total, v->greatest) == 0)
      continue;
    b->clipped_low += __builtin_popcount(_mm512_movepi16_mask(code) & valid);
    b->clipped_high += __builtin_popcount(_mm512_cmpgt_epi16_mask(code, v->last) & valid);
    _mm512_store_si512(codes, _mm512_add_epi32(_mm512_load_si512(codes), _mm512_sll_epi32(wrong, place)));
    b->doubts[where] = doubts;
    b->places[b->n_places] = where;
    b->n_places += doubts != 0;
  }
}

INLINE void
clear(totals *t)
{
#define CLEAR(col) t->all[col] = _mm512_setzero_si512()
  SIXTEEN(CLEAR);
#undef CLEAR
}

/* Codes of a read-out whose converters have errors. */
INLINE void
convert_by_levels(rrn_xbar_block *b, const converter *v, const conversion *c, rrn_wide_noise noise, int words)
{
  const size_t left = b->columns - c->at.column, n = left < SIDE ? left : SIDE;
  const uint32_t valid = rrn_wide_valid(b, c->at.vector);
  size_t col;

#pragma GCC unroll 1
  for (col = 0; col < n; col++) {
    const size_t column = c->at.column + col;
    const __m512i sums = _mm512_add_epi32(total_of(v, c, col, noise, words), v->width);
    uint32_t *to = b->codes + column * RRN_XBAR_TABLE_VECTORS + c->at.vector;
    const size_t row = column * (size_t)b->steps + (size_t)c->at.step;
    uint32_t *doubts = b->doubts + row * RRN_XBAR_DOUBTS + c->at.vector / SIDE;

    _mm512_store_si512(to, _mm512_add_epi32(_mm512_load_si512(to), rrn_wide_codes_by_levels(
                                              b, b->levels[column], sums, c->at.step, valid, doubts)));
  }
}

/* Adds what a block's steps came to. */
INLINE void
flush(const rrn_xbar_block *b, const readout *r, int32_t first_place, totals *t)
{
  uint32_t *codes = b->codes + r->column * RRN_XBAR_TABLE_VECTORS + r->vector;
  const __m128i place = _mm_cvtsi32_si128(first_place);

#define FLUSH(col)                                              \
  _mm512_store_si512(codes + (col) * RRN_XBAR_TABLE_VECTORS,    \
                     _mm512_add_epi32(_mm512_load_si512(codes + (col) * RRN_XBAR_TABLE_VECTORS), \
                                      _mm512_sll_epi32(t->all[col], place)))
  SIXTEEN(FLUSH);
#undef FLUSH
  clear(t);
}

/* Prepares the tiles for the steps of 16 columns and vectors. */
INLINE void
start(const rrn_xbar_block *b, const readout *r, int words)
{
  if (words || b->stride <= 128) {
    hold(b, r->column);
    if (r->vector == 0)
      fetch(b, r->column);
  }
}

/* One byte's sum of the cells that are held. */
#define MULTIPLY(product, first, second, inputs) \
  do {                                           \
    _tile_loadd(1, inputs, 64);                  \
    product(0, first, 1);                        \
    if (b->stride > 64) {                        \
      _tile_loadd(1, (inputs) + TILE, 64);       \
      product(0, second, 1);                     \
    }                                            \
  } while (0)

enum { TOP = 0, MIDDLE = 1, LOW = 2 };

/* One byte's sum of a read-out, in tile 0. */
INLINE void
multiply(const rrn_xbar_block *b, const readout *r, int byte, rrn_wide_noise noise, int words)
{
  const uint8_t *inputs = inputs_of(b, r);

  if (!words && b->stride > 128)
    return;
  if (byte == LOW && words) /* starts at the offset, the same in each column */
    _tile_loadd(0, b->start + (size_t)r->step * RRN_XBAR_TABLE_VECTORS + r->vector, 0);
  else
    _tile_zero(0);
  if (byte == TOP && noise == RRN_WIDE_SUMMED)
    _tile_loadd(2, b->top + r->column * b->rows, b->rows);
  if (byte == TOP)
    MULTIPLY(_tile_dpbsud, 2, 5, inputs);
  else if (byte == MIDDLE)
    MULTIPLY(_tile_dpbuud, 3, 6, inputs);
  else
    MULTIPLY(_tile_dpbsud, 4, 7, inputs);
}

/* With spreads the inputs of 64 rows are loaded for two bytes at a time: low and middle bytes' sums in tiles 0 and 1. */
#define MULTIPLY_LOWER(first_low, first_middle, inputs) \
  do {                                                  \
    _tile_loadd(2, inputs, 64);                         \
    _tile_dpbsud(0, first_low, 2);                      \
    _tile_dpbuud(1, first_middle, 2);                   \
  } while (0)

/* Top bytes' sums and those of spreads in the same tiles. */
INLINE void
multiply_upper(const rrn_xbar_block *b, const readout *r, size_t row)
{
  const size_t place = r->column * b->rows + row;

  _tile_loadd(2, inputs_of(b, r) + row / 64 * TILE, 64);
  _tile_loadd(5, b->top + place, b->rows);
  _tile_dpbsud(0, 5, 2);
  _tile_loadd(5, b->spread + place, b->rows);
  _tile_dpbuud(1, 5, 2);
}

/* Takes a byte's sum out of tile 0; those of tall arrays are all made here. */
INLINE void
keep(const rrn_xbar_block *b, const readout *r, int byte, int words, int32_t *ret_sums)
{
  if (words || b->stride <= 128)
    _tile_stored(0, ret_sums + byte * PRODUCT, 64);
  else if (byte == LOW)
    sum(b, r->column, inputs_of(b, r), ret_sums);
}

/* The read-out after this one, which may be beyond the last. */
static inline readout
next_of(const rrn_xbar_block *b, readout r)
{
  if (++r.step == b->steps) {
    r.step = 0;
    r.column += SIDE;
  }
  if (r.column >= b->columns) {
    r.column = 0;
    r.vector += SIDE;
  }
  return r;
}

/* A conversion before the first read-out, which adds nothing. */
INLINE conversion
no_conversion(const rrn_xbar_block *b, int32_t *sums, int32_t *spreads, int32_t *deviates, rrn_wide_noise noise)
{
  const readout r = { 0, 0, 0 };
  conversion c = conversion_of(b, &r, sums, spreads, deviates, 0, noise);

  memset(sums, 0, BYTES * sizeof(*sums));
  memset(spreads, 0, PRODUCT * sizeof(*spreads));
  memset(deviates, 0, PRODUCT * sizeof(*deviates));
  c.offset = _mm512_setzero_si512();
  c.deviation = _mm512_setzero_ps();
  c.worth = _mm512_setzero_si512();
  c.at.step = -1;
  return c;
}

/* Steps whose places fit words beside each other are added before they are placed. */
enum { MOST_PLACE = 14 };

/* What is left to do when a read-out's columns are converted. */
INLINE void
finish(rrn_xbar_block *b, const converter *v, const conversion *c, rrn_wide_noise noise, int words,
       int32_t *first_place, totals *t)
{
  const int32_t next = (c->at.step + 1) * b->dac_bits;

  if (b->levels)
    convert_by_levels(b, v, c, noise, words);
  else if (__builtin_expect(_mm512_cmpgt_epu16_mask(t->greatest, v->greatest) != 0, 0) ||
      b->columns - c->at.column < SIDE)
    correct(b, v, c, noise, words);
  t->greatest = _mm512_setzero_si512();
  if (c->at.step + 1 == b->steps || next - *first_place > MOST_PLACE) {
    flush(b, &c->at, *first_place, t);
    *first_place = c->at.step + 1 == b->steps ? 0 : next;
  }
}

/* Sums of a read-out beside the conversions of the one before, near enough for the processor to do both at once. */
typedef struct pair {
  readout next;
  conversion last;
  int32_t *sums, *spreads; /* of the next */
} pair;

#define CONVERT(col) convert(v, &p->last, col, noise, words, t)

INLINE void
take_bytes(const rrn_xbar_block *b, const converter *v, const pair *p, rrn_wide_noise noise, int words, totals *t)
{
  if (noise == RRN_WIDE_SUMMED) {
    multiply_spreads(b, p->next.column, inputs_of(b, &p->next));
    FOUR(CONVERT, 0);
    _tile_stored(0, p->spreads, 64);
  }
  multiply(b, &p->next, LOW, noise, words);
  if (noise != RRN_WIDE_SUMMED)
    FOUR(CONVERT, 0);
  FOUR(CONVERT, 4);
  keep(b, &p->next, LOW, words, p->sums);
  multiply(b, &p->next, MIDDLE, noise, words);
  FOUR(CONVERT, 8);
  keep(b, &p->next, MIDDLE, words, p->sums);
  multiply(b, &p->next, TOP, noise, words);
  FOUR(CONVERT, 12);
  keep(b, &p->next, TOP, words, p->sums);
}

/* The same of words with spreads, which takes three loads of tiles less. */
INLINE void
take_bytes_and_spreads(const rrn_xbar_block *b, const converter *v, const pair *p, rrn_wide_noise noise, int words,
                       totals *t)
{
  const uint8_t *inputs = inputs_of(b, &p->next);

  _tile_loadd(0, b->start + (size_t)p->next.step * RRN_XBAR_TABLE_VECTORS + p->next.vector, 0);
  _tile_zero(1);
  MULTIPLY_LOWER(4, 3, inputs);
  FOUR(CONVERT, 0);
  if (b->stride > 64)
    MULTIPLY_LOWER(7, 6, inputs + TILE);
  _tile_stored(0, p->sums + LOW * PRODUCT, 64);
  FOUR(CONVERT, 4);
  _tile_stored(1, p->sums + MIDDLE * PRODUCT, 64);
  _tile_loadd(0, v->lift, 0);
  _tile_zero(1);
  multiply_upper(b, &p->next, 0);
  FOUR(CONVERT, 8);
  if (b->stride > 64)
    multiply_upper(b, &p->next, 64);
  _tile_stored(0, p->sums + TOP * PRODUCT, 64);
  FOUR(CONVERT, 12);
  _tile_stored(1, p->spreads, 64);
}

INLINE void
read_out(rrn_xbar_block *block, rrn_wide_noise noise, int words)
{
  rrn_xbar_block b = *block; /* which no store changes */
  _Alignas(64) int32_t sums[2][BYTES], spreads[2][PRODUCT], deviates[PRODUCT], lift[SIDE];
  const int lifted = noise == RRN_WIDE_SUMMED && words;
  const converter c = converter_of(&b, lifted, lift), *v = &c;
  pair both = { { 0, 0, 0 }, no_conversion(&b, sums[1], spreads[1], deviates, noise), sums[0], spreads[0] }, *p = &both;
  int32_t first_place = 0;
  totals all, *t = &all;
  size_t k;

  t->greatest = _mm512_setzero_si512();
  clear(t);
  for (k = 0; p->next.vector < b.vectors; p->next = next_of(&b, p->next)) {
    if (p->next.step == 0)
      start(&b, &p->next, words);
    if (lifted)
      take_bytes_and_spreads(&b, v, p, noise, words, t);
    else
      take_bytes(&b, v, p, noise, words, t);
    if (p->last.at.step >= 0)
      finish(&b, v, &p->last, noise, words, &first_place, t);
    else
      t->greatest = _mm512_setzero_si512();
    if (noise != RRN_WIDE_QUIET && p->next.step % RRN_XBAR_DRAW_STEPS == 0)
      draw(&b, &p->next, deviates);
    p->last = conversion_of(&b, &p->next, p->sums, p->spreads, deviates, first_place, noise);
    k ^= 1;
    p->sums = sums[k];
    p->spreads = spreads[k];
  }
  SIXTEEN(CONVERT);
  finish(&b, v, &p->last, noise, words, &first_place, t);
  block->clipped_low = b.clipped_low;
  block->clipped_high = b.clipped_high;
  block->n_places = b.n_places;
}
#undef CONVERT

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
rrn_xbar_inputs_amx(const int32_t *x, size_t x_row, size_t rows, size_t vectors, const rrn_xbar_block *b,
                    uint8_t *ret_inputs)
{
  (void)x, (void)x_row, (void)rows, (void)vectors, (void)b, (void)ret_inputs;
}

void
rrn_xbar_tiles_amx(rrn_xbar_block *b)
{
  rrn_xbar_lookup_plain(b);
}
#endif
