/* SPDX-License-Identifier: MIT */
/* Codes of converters with errors, by tables.
 *
 * In:  the columns of a block, whose converters have borders of codes anywhere; sums with 16 bits behind the point.
 * Out: for each converter a table from halves of a code to codes.
 *
 * Idea: a code grows with the current, so half a code of current that holds no border has one code, and one that holds
 * a border has the code below it and the next. An entry is the code above 2^16 less the border's place in the half, so
 * that adding a sum's own place carries into the code where the sum reaches the border; and what is left of the place
 * says, as without errors, how near that was. Halves with several borders, at the ends of the range where clips are counted, or
 * that a border's doubt reaches into are asked to be settled one by one.
 *
 * Complexity: 2 codes per converter of a block; a table is looked up once per conversion. Not handled: more than
 * RRN_XBAR_LEVELS codes. */
#include "xbar/mvm_work.h"

#include <string.h>

#include "xbar/converter.h"

/* Codes beyond the range on each side that a table has; tables of a plane that are kept. */
enum { BEYOND = 8, HALF = 1 << 15, NO_BORDER = 1 << 14, KEPT = 256 };

static size_t
entries_of(int32_t codes)
{
  return 2 * ((size_t)codes + 2 * BEYOND);
}

int
rrn_xbar_make_levels_room(rrn_arena *scratch, const rrn_xbar_kernel *k, rrn_xbar_work *w)
{
  const int32_t codes = k->head.adc.codes;

  if (!k->head.converters || codes > RRN_XBAR_LEVELS)
    return 1;
  w->block.first_half = -2 * BEYOND;
  w->block.last_half = (int32_t)entries_of(codes) - 2 * BEYOND - 1;
  w->level_tables = rrn_xbar_room(scratch, KEPT * entries_of(codes), sizeof(*w->level_tables));
  w->levels = rrn_arena_alloc_raw(scratch, w->width, sizeof(*w->levels));
  w->level_places = rrn_xbar_room(scratch, w->width, sizeof(*w->level_places));
  w->level_owners = rrn_arena_alloc_raw(scratch, KEPT, sizeof(*w->level_owners));
  if (w->level_places) /* lanes without a column look up as well */
    memset(w->level_places, 0, w->width * sizeof(*w->level_places));
  w->block.levels = w->levels;
  w->block.level_tables = w->level_tables;
  w->block.level_places = w->level_places;
  return w->level_tables && w->levels && w->level_places && w->level_owners;
}

/* A border as sums have it, from the table's beginning on; tables end before either limit. */
static int32_t
place_of(double border)
{
  const double place = (border + 0.5 + BEYOND) * 0x1p16 + 0.5, most = 0x1p28;

  return (int32_t)((place < -most ? -most : place > most ? most : place) + most) - (1 << 28);
}

static void
fill(const rrn_xbar_block *b, const double *borders, int32_t *table)
{
  const int32_t last = b->last_half - b->first_half;
  int32_t code, done = 0, reached = -1; /* halves done; the half that a doubt of the one before reaches into */

  for (code = 0; code < b->last; code++) {
    const int32_t place = place_of(borders[code]), half = place >> 15, off = place & (HALF - 1);
    const int32_t at = half < 0 ? 0 : half > last ? last : half;

    for (; done < at; done++)
      table[done] = done == reached ? INT32_MIN : code << 16 | NO_BORDER;
    table[at] = done > at || at == reached || at != half ? INT32_MIN : (code << 16) + 0x10000 - off;
    done = at + 1;
    reached = off + b->width > HALF ? done : reached;
  }
  for (; done <= last; done++)
    table[done] = done == reached ? INT32_MIN : b->last << 16 | NO_BORDER;
  if (b->counted)
    table[2 * BEYOND] = table[2 * (BEYOND + b->last + 1)] = INT32_MIN;
}

/* The table of a converter, which may be there from an earlier block. */
static const int32_t *
table_of(const rrn_xbar_kernel *k, size_t converter, rrn_xbar_work *w)
{
  const size_t entries = entries_of(k->head.adc.codes);
  double borders[RRN_XBAR_LEVELS];
  size_t i;

  for (i = 0; i < w->n_levels && w->level_owners[i] != converter; i++)
    ;
  if (i == w->n_levels) {
    w->level_owners[w->n_levels++] = converter;
    rrn_xbar_converter_borders(k->head.converters, converter, borders);
    fill(&w->block, borders, w->level_tables + i * entries);
  }
  return w->level_tables + i * entries;
}

void
rrn_xbar_fill_levels(const rrn_xbar_kernel *k, int32_t plane, size_t first, rrn_xbar_work *w)
{
  size_t lane;

  if (first == 0 || w->n_levels + w->block.columns > KEPT)
    w->n_levels = 0;
  for (lane = 0; lane < w->block.columns; lane++) {
    w->levels[lane] = table_of(k, rrn_xbar_converter_of(k->head.converters, w->array, plane, first + lane), w);
    w->level_places[lane] = (int32_t)(w->levels[lane] - w->level_tables);
  }
}
