/* SPDX-License-Identifier: MIT */
/* Products on short arrays in plain C: the loops of mvm_short.c, which says what they compute.
 *
 * In:  one column's tables, the patterns of blocks.
 * Out: sums of codes.
 *
 * Idea: conversion by conversion, in the order of the patterns.
 *
 * Complexity: rows / 5 lookups for a conversion. */
#include "xbar/mvm_short.h"

#include <string.h>

void
rrn_xbar_short_patterns_plain(const uint8_t *x, size_t x_row, size_t n_in, size_t n_blocks, uint32_t *ret_patterns)
{
  const size_t n_fives = (n_in + RRN_XBAR_FIVE - 1) / RRN_XBAR_FIVE;
  size_t block, five, r, lane, k;

  for (block = 0; block < n_blocks; block++)
    for (five = 0; five < n_fives; five++)
      for (r = 0; r < 4; r++)
        for (lane = 0; lane < 16; lane++, ret_patterns++) {
          const uint8_t *from = x + five * RRN_XBAR_FIVE * x_row + block * RRN_XBAR_SHORT_VECTORS + lane / 2;
          const size_t n = n_in - five * RRN_XBAR_FIVE < RRN_XBAR_FIVE ? n_in - five * RRN_XBAR_FIVE : RRN_XBAR_FIVE;

          *ret_patterns = 0;
          for (k = 0; k < n; k++)
            *ret_patterns |= (uint32_t)(from[k * x_row] >> (r + 4 * (lane % 2)) & 1) << k;
        }
}

void
rrn_xbar_short_table_plain(const int32_t cells[RRN_XBAR_FIVE], int32_t shift, int32_t base, int32_t *ret_table)
{
  const int32_t half = shift > 0 ? 1 << (shift - 1) : 0;
  int32_t sums[32] = { 0 };
  size_t subset, cell;

  for (subset = 0; subset < 32; subset++) {
    for (cell = 0; cell < RRN_XBAR_FIVE; cell++)
      sums[subset] += subset >> cell & 1 ? cells[cell] : 0;
    ret_table[subset] = (shift >= 0 ? (sums[subset] + half) >> shift : sums[subset] * (1 << -shift)) + base;
  }
}

static int32_t
noise_in(const rrn_xbar_short_column *c, size_t plane, size_t vector, int32_t step, const uint32_t *patterns)
{
  const int32_t *spreads = c->spreads + plane * c->n_fives * 32;
  int32_t spread = 0;
  size_t five;

  for (five = 0; five < c->n_fives; five++)
    spread += spreads[five * 32 + patterns[five * 64]];
  return rrn_xbar_short_noise(c->noise[plane], spread,
                              &c->keys[plane * RRN_XBAR_SHORT_DRAWS + (size_t)step / RRN_XBAR_DRAW_STEPS], &c->names[vector], step);
}

/* One lane of a register: all planes of one step of a vector. */
static int32_t
convert(const rrn_xbar_short_column *c, size_t block, size_t r, size_t lane)
{
  const uint32_t *patterns = c->patterns + ((block * c->n_fives * 4) + r) * 16 + lane;
  const int valid = rrn_xbar_short_is_valid(c, block, lane);
  const int32_t step = (int32_t)(r + 4 * (lane % 2));
  int32_t sum = 0;
  size_t plane, five;

  for (plane = 0; plane < c->n_planes; plane++) {
    const int32_t *table = c->table + plane * c->n_fives * 32;
    int32_t t = 0, code;

    for (five = 0; five < c->n_fives; five++)
      t += table[five * 32 + patterns[five * 64]];
    if (c->spreads)
      t += noise_in(c, plane, block * RRN_XBAR_SHORT_VECTORS + lane / 2, step, patterns);
    code = t >> 16;
    if ((uint32_t)(t & 0xffff) <= c->doubt) {
      code = c->settle(c->user, (int32_t)plane, block * RRN_XBAR_SHORT_VECTORS + lane / 2, step);
    } else {
      c->stats->clipped_low += valid && code < 0;
      c->stats->clipped_high += valid && code > c->last;
    }
    sum += c->places[plane] * (code < 0 ? 0 : code > c->last ? c->last : code);
  }
  return sum * (1 << step);
}

void
rrn_xbar_short_column_plain(const rrn_xbar_short_column *c)
{
  size_t block, r, lane;

  for (block = c->first_block; block < c->end_block; block++) {
    int32_t *sums = c->sums + block * RRN_XBAR_SHORT_VECTORS;

    memset(sums, 0, RRN_XBAR_SHORT_VECTORS * sizeof(*sums));
    for (r = 0; r < 4; r++)
      for (lane = 0; lane < 16; lane++)
        if ((int32_t)(r + 4 * (lane % 2)) < c->n_steps)
          sums[lane / 2] += convert(c, block, r, lane);
  }
}
