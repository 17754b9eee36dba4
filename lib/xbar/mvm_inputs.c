/* SPDX-License-Identifier: MIT */
/* Inputs of an array as the kernels want them.
 *
 * In:  inputs of up to 64 vectors.
 * Out: rows whose bit is set, by vector and bit; and the same as places in tables of subsets, or steps as tiles.
 *
 * Idea: a transposition of 8 x 8 bits takes eight inputs apart at once.
 *
 * Complexity: inputs times bits / 8. */
#include <string.h>

#include "xbar/mvm_work.h"

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
                   sizeof(uint16_t));
}

void
rrn_xbar_fill_eight_of(uint32_t *eight_of)
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

/* The places of fill_index() for AVX-512, where 16 vectors lie beside each other. */
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

/* Squares of steps, where spreads are multiplied by them. */
static void
fill_square_pairs(const rrn_xbar_kernel *k, rrn_xbar_work *w)
{
  const int32_t dac_bits = w->block.dac_bits, mask = (1 << dac_bits) - 1;
  uint32_t *to = w->square_pairs;
  size_t vector, row;
  int32_t step;

  memset(to, 0, w->block.vectors * (size_t)w->block.steps * (w->block.stride / 2) * sizeof(*to));
  for (vector = 0; vector < w->block.vectors; vector++) {
    const int32_t *x = w->x + vector * k->head.n_in + w->first;

    for (step = 0; step < w->block.steps; step++, to += w->block.stride / 2)
      for (row = 0; row < w->rows; row++) {
        const uint32_t v = (uint32_t)(x[row] >> (step * dac_bits) & mask);

        to[row / 2] |= v * v << 16 * (row % 2);
      }
  }
}

/* Bytes of the steps of up to 16 vectors. */
typedef void (*bytes_of)(const int32_t *x, size_t x_row, size_t rows, size_t vectors, const rrn_xbar_block *b,
                         uint8_t *ret_bytes);

static void
fill_bytes(const rrn_xbar_kernel *k, rrn_xbar_work *w, bytes_of fill, uint8_t *to)
{
  const size_t n = (size_t)w->block.steps * w->words * 1024, vectors = w->block.vectors;
  size_t vector;

  memset(to, 0, RRN_XBAR_TABLE_VECTORS / 16 * n);
  for (vector = 0; vector < vectors; vector += 16)
    fill(w->x + vector * k->head.n_in + w->first, k->head.n_in, w->rows, vectors - vector < 16 ? vectors - vector : 16,
         &w->block, to + vector / 16 * n);
}

/* The inputs of the array at hand as the kernel wants them. */
void
rrn_xbar_fill_inputs(const rrn_xbar_kernel *k, rrn_xbar_work *w)
{
  fill_bits(k, w);
  if (k->cpu == RRN_XBAR_CPU_AMX)
    fill_bytes(k, w, rrn_xbar_inputs_amx, w->inputs);
  else if (k->cpu == RRN_XBAR_CPU_AVX512)
    fill_sixteens(w);
  else
    fill_index(w);
  if (w->step_squares)
    fill_bytes(k, w, rrn_xbar_squares_avx512, w->step_squares);
  if (w->square_pairs)
    fill_square_pairs(k, w);
}

int64_t
rrn_xbar_sum_of_step(const rrn_xbar_work *w, size_t vector, int32_t step)
{
  const size_t first = vector * (size_t)w->block.bits + (size_t)(step * w->block.dac_bits);
  int64_t sum = 0;
  size_t bit, word;

  for (bit = 0; bit < (size_t)w->block.dac_bits; bit++)
    for (word = 0; word < w->words; word++)
      sum += (int64_t)__builtin_popcountll(w->bits[(first + bit) * w->words + word]) << bit;
  return sum;
}

