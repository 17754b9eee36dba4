/* SPDX-License-Identifier: MIT */
/* Elements of activations, spread to the positions that use them.
 *
 * In:  a layer's inputs as bytes, which element each tap meets at a position.
 * Out: rows of vectors, one for each channel and tap.
 *
 * Idea: vectors of a position lie beside each other, those of all blocks of images where copies take positions. Neighbouring
 * positions mostly meet neighbouring elements by a tap, and so do neighbouring taps at one position: each such run is one copy.
 *
 * Complexity: rows times vectors bytes. */
#include "accuracy/spread.h"

#include <string.h>

/* NULL without memory. */
static const rrn_stretch *
find_stretches(rrn_arena *arena, const rrn_infer_whole *w)
{
  rrn_stretch *all = rrn_arena_alloc_raw(arena, w->n_taps * w->n_positions, sizeof(*all));
  size_t tap, p;

  for (tap = 0; all && tap < w->n_taps; tap++)
    for (p = w->n_positions; p-- > 0;) {
      const int32_t element = w->table[p * w->n_taps + tap];
      rrn_stretch *s = &all[tap * w->n_positions + p];
      const int goes_on = p + 1 < w->n_positions && s[1].element == (element < 0 ? -1 : element + 1);

      *s = (rrn_stretch){ element, goes_on ? s[1].n + 1 : 1 };
    }
  return all;
}

/* Elements in a row, `bytes` in all; -1 = they are outside. */
static void
copy_elements(const rrn_taps *t, const uint8_t *x, int32_t element, size_t each, size_t bytes, uint8_t *to)
{
  if (element < 0)
    memset(to, t->outside, bytes);
  else
    memcpy(to, x + (size_t)element * each, bytes);
}

/* Of one position, by position: neighbouring taps may meet neighbouring elements. */
static void
spread_to_one(const rrn_infer_whole *w, const rrn_taps *t, const uint8_t *x, size_t position, uint8_t *ret_rows)
{
  const int32_t *at = w->table + position * w->n_taps;
  const size_t each = w->n_blocks * RRN_INFER_LANES;
  size_t tap, some;

  for (tap = 0; tap < w->n_taps; tap += some, ret_rows += some * each) {
    for (some = 1; tap + some < w->n_taps && at[tap + some] == (at[tap] < 0 ? -1 : at[tap] + (int32_t)some);)
      some++;
    copy_elements(t, x, at[tap], each, some * each, ret_rows);
  }
}

/* Elements of a channel, in the order of vectors, become the rows of its taps: n positions from `first` on. */
static void
spread_channel(const rrn_infer_whole *w, const rrn_order *o, const rrn_taps *t, const uint8_t *x, size_t first, size_t n,
               uint8_t *ret_rows)
{
  const size_t n_runs = o->by_position ? 1 : o->n_blocks, each = (o->by_position ? o->n_blocks : 1) * RRN_INFER_LANES;
  const rrn_stretch *stretches = t->stretches + first;
  size_t tap, p, k, some;

  for (tap = 0; tap < w->n_taps; tap++, stretches += w->n_positions, ret_rows += n_runs * n * each)
    for (p = 0; p < n; p += some) {
      const rrn_stretch *s = &stretches[p];

      some = s->n < n - p ? s->n : n - p;
      for (k = 0; k < n_runs; k++)
        copy_elements(t, x + k * w->n_elements * each, s->element, each, some * each, ret_rows + (k * n + p) * each);
    }
}

int
rrn_taps_find(rrn_arena *arena, const rrn_infer_whole *w, uint8_t outside, rrn_taps *ret)
{
  *ret = (rrn_taps){ .outside = outside };
  if (!w->table)
    return 1;
  ret->stretches = find_stretches(arena, w);
  ret->rows = rrn_arena_alloc_raw(arena, w->n_in, w->n_positions * w->n_blocks * RRN_INFER_LANES);
  return ret->stretches && ret->rows;
}

void
rrn_spread(const rrn_infer_whole *w, const rrn_order *o, const rrn_taps *t, const uint8_t *x, size_t first, size_t n)
{
  const size_t per_channel = w->n_blocks * w->n_elements * RRN_INFER_LANES;
  const size_t per_rows = w->n_taps * n * w->n_blocks * RRN_INFER_LANES;
  size_t k;

  for (k = 0; k < w->n_channels; k++)
    if (o->by_position && n == 1)
      spread_to_one(w, t, x + k * per_channel, first, t->rows + k * per_rows);
    else
      spread_channel(w, o, t, x + k * per_channel, first, n, t->rows + k * per_rows);
}
