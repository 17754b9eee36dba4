/* SPDX-License-Identifier: MIT */
/* Conversions in doubt, for AVX-512: mvm_settle.c, faster.
 *
 * In:  a block of a kernel: its codes and which of them are in doubt.
 * Out: the codes of the reference, but for a list of places that not even 24 bits of the cells can decide.
 *
 * Idea: a kernel takes a current in doubt to be above the border; where all bits say that it is below, its code is one
 * less. Some hundred are summed, drawn for, 16 at a time, and settled, so that no branch depends on a number and many are
 * under way.
 *
 * Complexity: rows / 64 times three products per doubt. */
#include "xbar/mvm_work.h"

#if defined(__x86_64__)
#include <immintrin.h>

#define TARGET __attribute__((target("avx512f,avx512bw,avx512dq,avx512vl,avx512vnni,avx512vbmi")))
#define INLINE __attribute__((always_inline)) TARGET static inline

enum { CHUNK = 256 };

/* Places that are not empty; those of vectors that are not there hold anything. */
TARGET static size_t
list_doubts(const rrn_xbar_block *b, uint32_t *ret_places)
{
  const size_t n = b->columns * (size_t)b->steps * RRN_XBAR_DOUBTS, parts = (b->vectors + 15) / 16;
  const __mmask16 there = (__mmask16)(0x1111 * ((1 << parts) - 1));
  const __m512i bits = _mm512_set1_epi32(0x55555555);
  __m512i places = _mm512_set_epi32(15, 14, 13, 12, 11, 10, 9, 8, 7, 6, 5, 4, 3, 2, 1, 0);
  size_t place, listed = 0;

  for (place = 0; place < n; place += 16) {
    const __mmask16 end = (__mmask16)(n - place >= 16 ? 0xffff : (1 << (n - place)) - 1);
    const __mmask16 full =
      _mm512_mask_test_epi32_mask(there & end, _mm512_maskz_loadu_epi32(end, b->doubts + place), bits);

    _mm512_storeu_si512(ret_places + listed, _mm512_maskz_compress_epi32(full, places));
    listed += (size_t)__builtin_popcount(full);
    places = _mm512_add_epi32(places, _mm512_set1_epi32(16));
  }
  return listed;
}

/* Sums of the cells of a column whose bits are set, in parts. */
INLINE __m512i
parts_of_cells(const rrn_xbar_cells *c, size_t first, size_t n, const uint64_t *rows)
{
  const __m512i ones = _mm512_set1_epi8(1);
  __m512i top = _mm512_setzero_si512(), middle = top, low = top;
  size_t k;

  for (k = 0; k < n; k += 64) {
    const __mmask64 here = rows[k / 64];

    top = _mm512_dpbusd_epi32(top, ones, _mm512_maskz_loadu_epi8(here, c->top + first + k));
    middle = _mm512_dpbusd_epi32(middle, _mm512_maskz_loadu_epi8(here, c->middle + first + k), ones);
    low = _mm512_dpbusd_epi32(low, ones, _mm512_maskz_loadu_epi8(here, c->low + first + k));
  }
  top = _mm512_add_epi32(_mm512_slli_epi32(top, 8), middle);
  return _mm512_add_epi32(_mm512_slli_epi32(top, 8), low);
}

/* The sums of four columns' parts. */
INLINE __m128i
four_sums(const __m512i p[4])
{
  const __m512i a = _mm512_add_epi32(_mm512_unpacklo_epi32(p[0], p[1]), _mm512_unpackhi_epi32(p[0], p[1]));
  const __m512i b = _mm512_add_epi32(_mm512_unpacklo_epi32(p[2], p[3]), _mm512_unpackhi_epi32(p[2], p[3]));
  const __m512i all = _mm512_add_epi32(_mm512_unpacklo_epi64(a, b), _mm512_unpackhi_epi64(a, b));
  const __m256i half = _mm256_add_epi32(_mm512_castsi512_si256(all), _mm512_extracti64x4_epi64(all, 1));

  return _mm_add_epi32(_mm256_castsi256_si128(half), _mm256_extracti128_si256(half, 1));
}

/* Sums of the spreads of a column whose bits are set, in parts. */
INLINE __m512i
parts_of_spreads(const uint8_t *spread, size_t n, const uint64_t *rows)
{
  __m512i sum = _mm512_setzero_si512();
  size_t k;

  for (k = 0; k < n; k += 64)
    sum = _mm512_dpbusd_epi32(sum, _mm512_maskz_loadu_epi8(rows[k / 64], spread + k), _mm512_set1_epi8(1));
  return sum;
}

/* The same of steps of several bits, times their squares: those of four rows of 16 vectors are beside each other. */
INLINE double
sum_of_squares(const rrn_xbar_block *b, const uint8_t *spread, size_t vector, int32_t step)
{
  const size_t tiles = (b->rows + 63) / 64;
  const uint8_t *squares =
    b->squares + ((vector / 16 * (size_t)b->steps + (size_t)step) * tiles * 16 * 16 + vector % 16) * 4;
  const __m512i fours = _mm512_set_epi32(240, 224, 208, 192, 176, 160, 144, 128, 112, 96, 80, 64, 48, 32, 16, 0);
  __m512i sum = _mm512_setzero_si512();
  size_t row;

  for (row = 0; row < b->rows; row += 64, squares += 1024) {
    const __mmask64 here = b->rows - row < 64 ? (UINT64_C(1) << (b->rows - row)) - 1 : UINT64_MAX;

    sum = _mm512_dpbusd_epi32(sum, _mm512_i32gather_epi32(fours, squares, 4), _mm512_maskz_loadu_epi8(here, spread + row));
  }
  return (double)_mm512_reduce_add_epi32(sum);
}

TARGET int64_t
rrn_xbar_sum_avx512(const rrn_xbar_cells *c, size_t first, size_t n, const uint64_t *rows)
{
  return _mm512_reduce_add_epi32(parts_of_cells(c, first, n, rows));
}

/* Some doubts of a block by their numbers, (lane * steps + step) * table vectors + vector, and where they are. */
typedef struct doubts {
  size_t n;
  uint32_t number[CHUNK], lane[CHUNK], vector[CHUNK];
  int32_t step[CHUNK];
  double codes[CHUNK]; /* the currents from all 24 bits of the cells */
  int32_t code[CHUNK], is_below[CHUNK], is_near[CHUNK]; /* the code above the border; whether the current is below, or near */
} doubts;

/* What read noise adds to them. */
typedef struct noises {
  double spread[CHUNK], noise[CHUNK]; /* of each, and of a spread of 1 in its column */
  uint32_t column[3][CHUNK], vector[3][CHUNK]; /* words that name the draws */
} noises;

/* Place of a doubt's bits in work.bits. */
INLINE size_t
row_of(const rrn_xbar_work *w, const doubts *d, size_t i)
{
  return (d->vector[i] * (size_t)w->block.bits + (size_t)(d->step[i] * w->block.dac_bits)) * w->words;
}

/* Four doubts from the i-th on, of steps of one bit and up to 64 times `words` rows. */
INLINE void
sum_four(const rrn_xbar_kernel *k, const rrn_xbar_work *w, size_t first_cell, size_t words, size_t i, doubts *d)
{
  const rrn_xbar_cells c = k->cells;
  __m512i parts[4];
  double offsets[4];
  size_t j;

#pragma GCC unroll 4
  for (j = 0; j < 4; j++) {
    parts[j] = parts_of_cells(&c, first_cell + d->lane[i + j] * w->rows, words * 64, w->bits + row_of(w, d, i + j));
    offsets[j] = w->offsets[(size_t)d->step[i + j] * RRN_XBAR_TABLE_VECTORS + d->vector[i + j]];
  }
  _mm256_storeu_pd(d->codes + i,
                   _mm256_add_pd(_mm256_mul_pd(_mm256_cvtepi32_pd(four_sums(parts)), _mm256_set1_pd(w->slope)),
                                 _mm256_loadu_pd(offsets)));
}

/* The same of one, of any steps. */
TARGET static double
sum_one(const rrn_xbar_kernel *k, const rrn_xbar_work *w, size_t first_cell, const doubts *d, size_t i)
{
  const uint64_t *rows = w->bits + row_of(w, d, i);
  int64_t sum = 0;
  int32_t bit;

  for (bit = w->block.dac_bits; bit-- > 0;)
    sum = 2 * sum + rrn_xbar_sum_avx512(&k->cells, first_cell + d->lane[i] * w->rows, w->rows,
                                        rows + (size_t)bit * w->words);
  return (double)sum * w->slope + w->offsets[(size_t)d->step[i] * RRN_XBAR_TABLE_VECTORS + d->vector[i]];
}

/* Arrays of 65 to 128 rows have two words, given as a constant. */
TARGET static void
sum_doubts(const rrn_xbar_kernel *k, const rrn_xbar_work *w, size_t first_cell, doubts *d)
{
  const size_t fours = w->block.dac_bits == 1 ? d->n / 4 * 4 : 0;
  size_t i;

  for (i = 0; i < fours; i += 4)
    if (w->words == 2)
      sum_four(k, w, first_cell, 2, i, d);
    else
      sum_four(k, w, first_cell, w->words, i, d);
  for (; i < d->n; i++)
    d->codes[i] = sum_one(k, w, first_cell, d, i);
}

/* Spreads of steps of one bit; those beyond the last doubt are of the last. */
INLINE void
sum_spreads(const rrn_xbar_work *w, const uint8_t *spread, size_t words, const doubts *d, double *ret_spreads)
{
  size_t i, j;

  for (i = 0; i < d->n; i += 4) {
    __m512i parts[4];

#pragma GCC unroll 4
    for (j = 0; j < 4; j++) {
      const size_t at = i + j < d->n ? i + j : d->n - 1;

      parts[j] = parts_of_spreads(spread + d->lane[at] * w->rows, words * 64, w->bits + row_of(w, d, at));
    }
    _mm256_storeu_pd(ret_spreads + i, _mm256_cvtepi32_pd(four_sums(parts)));
  }
}

TARGET static void
fill_spreads(const rrn_xbar_kernel *k, const rrn_xbar_work *w, size_t first_cell, const doubts *d, double *ret_spreads)
{
  const uint8_t *spread = k->cells.spread ? k->cells.spread + first_cell : NULL;
  size_t i;

  if (spread && !w->block.squares && w->words == 2)
    sum_spreads(w, spread, 2, d, ret_spreads);
  else if (spread && !w->block.squares)
    sum_spreads(w, spread, w->words, d, ret_spreads);
  else
    for (i = 0; i < d->n; i++)
      ret_spreads[i] = spread ? sum_of_squares(&w->block, spread + d->lane[i] * w->rows, d->vector[i], d->step[i])
                              : w->squares[(size_t)d->step[i] * RRN_XBAR_TABLE_VECTORS + d->vector[i]];
}

static void
fill_words(const rrn_xbar_block *b, const doubts *d, noises *n)
{
  size_t i, j;

  for (i = 0; i < d->n; i++) {
    const size_t key = rrn_xbar_key(b, d->step[i], d->lane[i]);

#pragma GCC unroll 3
    for (j = 0; j < 3; j++) {
      n->column[j][i] = b->keys[j][key];
      n->vector[j][i] = b->names[j][d->vector[i]];
    }
  }
}

/* 16 deviates as rrn_xbar_deviate() has them; weights and zeros of a step are every fourth of theirs. */
INLINE __m512i
deviates_of(const noises *n, const doubts *d, size_t i)
{
  const __m512i x = _mm512_madd_epi16(
    _mm512_add_epi16(_mm512_loadu_si512(n->column[0] + i), _mm512_loadu_si512(n->vector[0] + i)),
    _mm512_add_epi16(_mm512_loadu_si512(n->column[1] + i), _mm512_loadu_si512(n->vector[1] + i)));
  const __m512i mixed = _mm512_ternarylogic_epi32(x, _mm512_slli_epi32(x, 8), _mm512_loadu_si512(n->vector[2] + i), 0x96);
  const __m512i picks = _mm512_xor_si512(mixed, _mm512_loadu_si512(n->column[2] + i));
  const __m512i step = _mm512_loadu_si512(d->step + i);
  const __m512i weights = _mm512_permutexvar_epi32(
    step, _mm512_broadcast_i32x4(_mm_loadu_si128((const void *)rrn_xbar_weights)));
  const __m512i zeros =
    _mm512_permutexvar_epi32(step, _mm512_broadcast_i32x4(_mm_loadu_si128((const void *)rrn_xbar_zeros)));

  return _mm512_sub_epi32(_mm512_dpbusd_epi32(_mm512_setzero_si512(),
                                              _mm512_permutexvar_epi8(picks, _mm512_loadu_si512(rrn_xbar_deviates)),
                                              weights),
                          zeros);
}

/* As rrn_xbar_noise_in_codes(), of eight. */
INLINE void
add_to_codes(double *codes, const double *spread, __m256i deviates, const double *noise)
{
  const __m512d number = _mm512_mul_pd(_mm512_cvtepi32_pd(deviates), _mm512_set1_pd(RRN_XBAR_DEVIATES_SCALE));
  const __m512d deviation = _mm512_mul_pd(_mm512_loadu_pd(noise), _mm512_sqrt_pd(_mm512_loadu_pd(spread)));

  _mm512_storeu_pd(codes, _mm512_add_pd(_mm512_loadu_pd(codes), _mm512_mul_pd(deviation, number)));
}

TARGET static void
add_noise(const rrn_xbar_kernel *k, const rrn_xbar_work *w, size_t first_cell, doubts *d)
{
  noises n;
  size_t i;

  fill_spreads(k, w, first_cell, d, n.spread);
  fill_words(&w->block, d, &n);
  for (i = 0; i < d->n; i++)
    n.noise[i] = w->column_noise[d->lane[i]];
  /* What is beyond the last one is no number that an operation could take exception to. */
  for (i = d->n; i % 16 != 0; i++)
    d->codes[i] = n.spread[i] = n.noise[i] = 0;
  for (i = 0; i < d->n; i += 16) {
    const __m512i deviates = deviates_of(&n, d, i);

    add_to_codes(d->codes + i, n.spread + i, _mm512_castsi512_si256(deviates), n.noise + i);
    add_to_codes(d->codes + i + 8, n.spread + i + 8, _mm512_extracti64x4_epi64(deviates, 1), n.noise + i + 8);
  }
}

/* Which currents are below the border that they were taken to be above, as the reference rounds them. */
TARGET static void
compare(doubts *d, double unsure)
{
  const double magic = 0x1.8p52;
  size_t i;

  for (i = 0; i < d->n; i++) {
    const double codes = d->codes[i], above = (codes + 0.5 + magic) - magic, beyond = codes - (above - 0.5);
    const int near = (beyond < 0 ? -beyond : beyond) < unsure;

    d->code[i] = (int32_t)above;
    d->is_below[i] = !near & ((codes + magic) - magic < above);
    d->is_near[i] = near;
  }
}

/* Takes one from the codes of currents below the border. Keeps the numbers of those that are too near to it. */
static size_t
settle(rrn_xbar_work *w, const doubts *d, uint32_t *ret_left)
{
  const int32_t last = w->block.last, dac_bits = w->block.dac_bits;
  uint32_t *codes = w->block.codes;
  int64_t low = 0, high = 0;
  size_t i, left = 0;

  for (i = 0; i < d->n; i++) {
    const int32_t code = d->code[i], below = d->is_below[i];

    codes[d->lane[i] * RRN_XBAR_TABLE_VECTORS + d->vector[i]] -= (uint32_t)(below & (code > 0) & (code <= last))
                                                                 << (d->step[i] * dac_bits);
    low += below & (code == 0);
    high += below & (code == last + 1);
    ret_left[left] = d->number[i];
    left += (size_t)d->is_near[i];
  }
  w->stats.clipped_low += low;
  w->stats.clipped_high -= high;
  return left;
}

static void
run(const rrn_xbar_kernel *k, rrn_xbar_work *w, size_t first_cell, doubts *d, size_t *n_left)
{
  sum_doubts(k, w, first_cell, d);
  if (k->head.read_model != RRN_READ_NONE)
    add_noise(k, w, first_cell, d);
  compare(d, k->head.read_model == RRN_READ_NONE ? w->unsure : -1);
  *n_left += settle(w, d, w->left + *n_left);
  d->n = 0;
}

/* Lists the doubts of a place. */
static inline void
list(const rrn_xbar_block *b, uint32_t place, doubts *d)
{
  const uint32_t row = place / RRN_XBAR_DOUBTS, lane = row / (uint32_t)b->steps;
  uint32_t bits = b->doubts[place] & 0x55555555;

  do {
    const uint32_t number = place * 16 + (uint32_t)__builtin_ctz(bits) / 2, vector = number % RRN_XBAR_TABLE_VECTORS;

    d->number[d->n] = number;
    d->lane[d->n] = lane;
    d->step[d->n] = (int32_t)(row - lane * (uint32_t)b->steps);
    d->vector[d->n] = vector;
    d->n += vector < b->vectors;
    bits &= bits - 1;
  } while (bits != 0);
}

size_t
rrn_xbar_settle_avx512(const rrn_xbar_kernel *k, int32_t plane, size_t first, rrn_xbar_work *w)
{
  const rrn_xbar_block *b = &w->block;
  const size_t n = k->cpu == RRN_XBAR_CPU_AMX ? b->n_places : list_doubts(b, w->doubts);
  const size_t first_cell = rrn_xbar_column(&k->cells, w->first, w->rows, plane, first);
  size_t i, n_left = 0;
  doubts d;

  for (i = d.n = 0; i < n; i++) {
    list(b, w->doubts[i], &d);
    if (d.n > CHUNK - 16)
      run(k, w, first_cell, &d, &n_left);
  }
  run(k, w, first_cell, &d, &n_left);
  return n_left;
}
#else
int64_t
rrn_xbar_sum_avx512(const rrn_xbar_cells *c, size_t first, size_t n, const uint64_t *rows)
{
  return rrn_xbar_sum_plain(c, first, n, rows);
}

size_t
rrn_xbar_settle_avx512(const rrn_xbar_kernel *k, int32_t plane, size_t first, rrn_xbar_work *w)
{
  (void)k, (void)plane, (void)first, (void)w;
  return 0;
}
#endif
