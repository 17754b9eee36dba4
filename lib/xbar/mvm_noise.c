/* SPDX-License-Identifier: MIT */
/* Read noise by column, as the kernels draw it.
 *
 * In:  a batch's vectors, an array's inputs, a block's columns.
 * Out: the words that name draws, and the standard deviations.
 *
 * Idea: words of columns and of vectors are mixed once; a deviate takes a few operations on one of each (noise.h). Where
 * reads have an absolute error, all columns of a vector have the same deviation, from the squares of its steps.
 *
 * Complexity: linear in vectors and in columns, each times steps. */
#include <string.h>

#include "xbar/mvm_work.h"

/* Four halves beside each other add up without a carry. */
static void
fill_mixes(uint64_t *mixes)
{
  size_t pick, deviate, step;

  for (pick = 0; pick < 4; pick++)
    for (deviate = 0; deviate < 64; deviate++)
      for (step = 0, mixes[pick * 64 + deviate] = 0; step < RRN_XBAR_DRAW_STEPS; step++) {
        const int32_t mix =
          rrn_xbar_weights[step][pick] * rrn_xbar_deviates[deviate] - rrn_xbar_least_mix(step, pick);

        mixes[pick * 64 + deviate] |= (uint64_t)mix << 16 * step;
      }
}

int
rrn_xbar_make_noise_room(rrn_arena *scratch, const rrn_xbar_kernel *k, rrn_xbar_work *w)
{
  const size_t steps = (size_t)k->head.n_steps, vectors = RRN_XBAR_TABLE_VECTORS;
  const size_t draws = (steps + RRN_XBAR_DRAW_STEPS - 1) / RRN_XBAR_DRAW_STEPS;
  size_t i;

  if (k->head.read_model == RRN_READ_NONE)
    return 1;
  if (!k->cells.spread) {
    w->squares = rrn_arena_alloc_raw(scratch, steps * vectors, sizeof(*w->squares));
    w->deviation = rrn_xbar_room(scratch, steps * vectors, sizeof(*w->deviation));
  }
  w->names = rrn_xbar_room(scratch, 3 * vectors, sizeof(*w->names));
  w->keys = rrn_xbar_room(scratch, 3 * draws, w->width * sizeof(*w->keys));
  w->column_noise = rrn_xbar_room(scratch, w->width, sizeof(*w->column_noise));
  w->block.noise = w->scaled_noise = rrn_xbar_room(scratch, w->width, sizeof(*w->scaled_noise));
  w->mixes = k->cpu == RRN_XBAR_CPU_PLAIN ? rrn_xbar_room(scratch, 4 * 64, sizeof(*w->mixes)) : NULL;
  if (w->keys) /* columns that a block does not have are drawn for as well, and left out afterwards */
    memset(w->keys, 0, 3 * draws * w->width * sizeof(*w->keys));
  if (w->scaled_noise)
    memset(w->scaled_noise, 0, w->width * sizeof(*w->scaled_noise));
  w->block.mixes = w->mixes;
  if (w->mixes)
    fill_mixes(w->mixes);
  w->block.width_keys = w->width;
  for (i = 0; i < 3 && w->names && w->keys; i++) {
    w->block.names[i] = w->names + i * vectors;
    w->block.keys[i] = w->keys + i * draws * w->width;
  }
  return (k->cells.spread || (w->squares && w->deviation)) && w->names && w->keys && w->column_noise &&
         w->scaled_noise && (w->mixes || k->cpu != RRN_XBAR_CPU_PLAIN);
}

static double
sum_of_squares(const rrn_xbar_kernel *k, const rrn_xbar_work *w, size_t vector, int32_t step)
{
  const rrn_xbar_layer *l = &k->head;
  const int32_t *x = w->x + vector * l->n_in + w->first;
  int64_t sum = 0;
  size_t row;

  if (l->spec.dac_bits == 1)
    return (double)rrn_xbar_sum_of_step(w, vector, step);
  for (row = 0; row < w->rows; row++) {
    const int32_t v = x[row] >> (step * l->spec.dac_bits) & rrn_xbar_max_step(l);

    sum += (int64_t)v * v;
  }
  return (double)sum;
}

void
rrn_xbar_fill_squares(const rrn_xbar_kernel *k, rrn_xbar_work *w)
{
  size_t vector;
  int32_t step;

  memset(w->squares, 0, RRN_XBAR_TABLE_VECTORS * (size_t)k->head.n_steps * sizeof(*w->squares));
  for (step = 0; step < k->head.n_steps; step++)
    for (vector = 0; vector < w->block.vectors; vector++)
      w->squares[(size_t)step * RRN_XBAR_TABLE_VECTORS + vector] = sum_of_squares(k, w, vector, step);
}

void
rrn_xbar_fill_names(const rrn_xbar_stream *stream, rrn_xbar_work *w)
{
  size_t vector, i;

  for (vector = 0; vector < RRN_XBAR_TABLE_VECTORS; vector++) {
    const rrn_xbar_draws d = rrn_xbar_draws_of_vector(stream, w->block.first_vector + (uint32_t)vector);

    for (i = 0; i < 3; i++)
      w->names[i * RRN_XBAR_TABLE_VECTORS + vector] = d.word[i];
  }
}

void
rrn_xbar_fill_keys(const rrn_xbar_kernel *k, uint32_t cell, rrn_xbar_work *w)
{
  const rrn_xbar_stream stream = rrn_xbar_stream_of(&k->head.id);
  const size_t per_word = (size_t)(w->block.keys[1] - w->block.keys[0]);
  uint32_t *const keys[3] = { w->keys, w->keys + per_word, w->keys + 2 * per_word };
  size_t col, i;
  int32_t step;

  for (step = 0; step < w->block.steps; step += RRN_XBAR_DRAW_STEPS)
    for (col = 0; col < w->block.columns; col++) {
      const size_t key = rrn_xbar_key(&w->block, step, col);
      const rrn_xbar_draws d = rrn_xbar_draws_of_column(&stream, cell + (uint32_t)(col * k->head.n_in), step);

      for (i = 0; i < 3; i++)
        keys[i][key] = d.word[i];
    }
}

/* Without the last two bits, so that its product with RRN_XBAR_WHOLE is exact. */
static float
of_few_bits(float x)
{
  uint32_t bits;

  memcpy(&bits, &x, sizeof(bits));
  bits &= ~UINT32_C(3);
  memcpy(&x, &bits, sizeof(x));
  return x;
}

void
rrn_xbar_set_noise(const rrn_xbar_kernel *k, int32_t plane, rrn_xbar_work *w)
{
  const rrn_xbar_layer *l = &k->head;
  const double squares = (double)k->cells.rows * rrn_xbar_max_step(l) * rrn_xbar_max_step(l);
  const double most = RRN_XBAR_GREATEST_DRAW * __builtin_sqrt(k->cells.spread ? 63 * squares : squares);
  const double root = __builtin_sqrt(k->cells.spread_unit[plane]);

  w->noise = w->most_noise = 0;
  w->near_roots = 0;
  if (l->read_model == RRN_READ_NONE)
    return;
  w->noise = l->read_sigma * (k->cells.spread ? 1 : root) *
             rrn_xbar_codes_per_current(l, rrn_xbar_slice_of(l, plane)) / rrn_xbar_max_step(l);
  w->most_noise = w->noise * (k->cells.spread ? root : 1) * most;
  w->near_roots = k->cpu >= RRN_XBAR_CPU_AVX512 && k->cells.spread && w->most_noise <= RRN_XBAR_MOST_WHOLE;
}

void
rrn_xbar_fill_column_noise(const rrn_xbar_kernel *k, int32_t plane, size_t first, rrn_xbar_work *w)
{
  const float *roots =
    k->cells.spread ? k->cells.spread_roots + rrn_xbar_spread_root(&k->cells, w->tile, plane, first) : NULL;
  size_t col;

  for (col = 0; col < w->block.columns; col++) {
    w->column_noise[col] = w->noise * (roots ? (double)roots[col] : 1);
    w->scaled_noise[col] = of_few_bits((float)(w->column_noise[col] * w->noise_scale));
  }
}

double
rrn_xbar_scale_noise(const rrn_xbar_kernel *k, double one, rrn_xbar_work *w)
{
  const rrn_xbar_layer *l = &k->head;
  const double scale = one * RRN_XBAR_DEVIATES_SCALE;
  size_t i;

  if (l->read_model == RRN_READ_NONE)
    return 0;
  w->noise_scale = scale;
  for (i = 0; !k->cells.spread && i < RRN_XBAR_TABLE_VECTORS * (size_t)l->n_steps; i++)
    w->deviation[i] = of_few_bits((float)(w->noise * scale * __builtin_sqrt(w->squares[i])));
  w->block.deviation = k->cells.spread ? NULL : w->deviation;
  return w->most_noise * (w->near_roots ? 0x1p-14 + 0x1p-20 : 0x1p-20) + 1 / one;
}
