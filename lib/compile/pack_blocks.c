/* SPDX-License-Identifier: MIT */
/* Packing very many boxes, block by block.
 *
 * In:  more boxes than RRN_PACK_BLOCK, rules, options as for rrn_pack_search.
 * Out: a packing.
 *
 * Idea: first fit looks through all open crossbars for each box, so its cost grows with the square of the boxes. Boxes
 * sorted by area are dealt to blocks like cards, so that each block is a small image of the whole, and each block is
 * searched alone. The emptiest crossbars of all blocks, as many as make up a block, are then searched together. A block
 * fills some thousand crossbars and leaves about one of them badly filled.
 *
 * Not handled: the target of the options within a block (it ends at its own bound). When to prefer it: never below
 * RRN_PACK_BLOCK boxes; there rrn_pack_search does not come here.
 *
 * Invariant: deterministic as the search of a block is. A larger budget does not always help here, because the last
 * step then starts from other crossbars.
 *
 * Complexity: linear in the number of blocks but for two sorts; the budget is shared out evenly. */
#include "compile/pack_orders.h"
#include "compile/pack_search.h"

typedef struct whole {
  const rrn_pack_box *boxes;
  size_t n;
  rrn_pack_rules rules;            /* with grow */
  rrn_pack_search_options options; /* of a part */
  rrn_pack_spot *spots;            /* [n] */
  int32_t bins;
  rrn_pack_box *part; /* [RRN_PACK_BLOCK + those of a crossbar] */
  int32_t *number;    /* of the boxes of the part */
  size_t n_part;
} whole;

static void
add_to_part(whole *w, int32_t box)
{
  w->part[w->n_part] = w->boxes[box];
  w->number[w->n_part++] = box;
}

/* Packs the part into new crossbars, from `start` on when there is one. */
static int32_t
pack_part(whole *w, const rrn_pack_result *start, rrn_arena *arena, rramnas_error *err)
{
  rrn_pack_result packed = { 0 };
  size_t i;

  RRN_TRY(rrn_pack_improve(&w->rules, w->part, w->n_part, &w->options, start, arena, &packed, err));
  for (i = 0; i < w->n_part; i++) {
    w->spots[w->number[i]] = packed.spots[i];
    w->spots[w->number[i]].crossbar += w->bins;
  }
  w->bins += packed.opened;
  w->n_part = 0;
  return RRAMNAS_OK;
}

static int32_t
pack_blocks(whole *w, size_t n_blocks, rrn_arena *arena, rramnas_error *err)
{
  int32_t *order = rrn_arena_alloc_raw(arena, w->n, sizeof(*order)), status;
  rrn_arena scratch;
  size_t block, i;

  if (!order)
    return rrn_fail_memory(err);
  RRN_TRY(rrn_pack_order_make(RRN_PACK_AREA, w->boxes, w->n, arena, order, err));
  for (block = 0; block < n_blocks; block++) {
    for (i = block; i < w->n; i += n_blocks)
      add_to_part(w, order[i]);
    rrn_arena_init(&scratch, arena->rt);
    status = pack_part(w, NULL, &scratch, err);
    rrn_arena_release(&scratch);
    if (status < 0)
      return status;
  }
  return RRAMNAS_OK;
}

/* Crossbars by free cells, the emptiest first; major counts their boxes. */
static rrn_pack_keyed *
sort_bins(const whole *w, rrn_arena *arena)
{
  rrn_pack_keyed *bins = rrn_arena_alloc(arena, (size_t)w->bins + 1, sizeof(*bins));
  size_t i;

  if (!bins)
    return NULL;
  for (i = 0; i < (size_t)w->bins; i++)
    bins[i].box = (int32_t)i;
  for (i = 0; i < w->n; i++) {
    rrn_pack_keyed *b = &bins[w->spots[i].crossbar];

    b->key += (int64_t)w->boxes[i].rows * w->boxes[i].cols;
    b->before++;
  }
  rrn_pack_order_sort(bins, (size_t)w->bins);
  return bins;
}

/* Renumbers: crossbars of the part 0, 1, ... into part_of, the others into kept; -1 elsewhere. */
static void
divide(whole *w, const rrn_pack_keyed *bins, int32_t *part_of, int32_t *kept)
{
  size_t boxes = 0;
  int32_t i, n_part = 0, n_kept = 0;

  for (i = 0; i < w->bins; i++) {
    const int taken = boxes + (size_t)bins[i].before <= RRN_PACK_BLOCK;

    boxes += taken ? (size_t)bins[i].before : RRN_PACK_BLOCK;
    part_of[bins[i].box] = taken ? n_part++ : -1;
    kept[bins[i].box] = taken ? -1 : n_kept++;
  }
  w->bins = n_kept;
}

static int32_t
pack_emptiest(whole *w, rrn_arena *arena, rramnas_error *err)
{
  const rrn_pack_keyed *bins = sort_bins(w, arena);
  int32_t *part_of = rrn_arena_alloc_raw(arena, (size_t)w->bins + 1, sizeof(*part_of));
  int32_t *kept = rrn_arena_alloc_raw(arena, (size_t)w->bins + 1, sizeof(*kept));
  rrn_pack_result start = { .spots = rrn_arena_alloc_raw(arena, RRN_PACK_BLOCK, sizeof(*start.spots)) };
  size_t i;

  if (!bins || !part_of || !kept || !start.spots)
    return rrn_fail_memory(err);
  start.opened = w->bins;
  divide(w, bins, part_of, kept);
  for (i = 0; i < w->n; i++) {
    rrn_pack_spot *s = &w->spots[i];

    if (part_of[s->crossbar] >= 0) {
      start.spots[w->n_part] = (rrn_pack_spot){ part_of[s->crossbar], s->row, s->col };
      add_to_part(w, (int32_t)i);
    } else {
      s->crossbar = kept[s->crossbar];
    }
  }
  start.n = w->n_part;
  return pack_part(w, &start, arena, err);
}

static int32_t
pack_whole(whole *w, size_t n_blocks, rrn_arena *scratch, rramnas_error *err)
{
  w->part = rrn_arena_alloc_raw(scratch, RRN_PACK_BLOCK, sizeof(*w->part));
  w->number = rrn_arena_alloc_raw(scratch, RRN_PACK_BLOCK, sizeof(*w->number));
  if (!w->part || !w->number)
    return rrn_fail_memory(err);
  RRN_TRY(pack_blocks(w, n_blocks, scratch, err));
  return pack_emptiest(w, scratch, err);
}

int32_t
rrn_pack_blocks(const rrn_pack_rules *rules, const rrn_pack_box *boxes, size_t n,
                const rrn_pack_search_options *options, rrn_arena *arena, rrn_pack_result *ret_result,
                rramnas_error *err)
{
  const int64_t budget = options->evaluations ? options->evaluations : RRN_PACK_EVALUATIONS;
  const size_t n_blocks = (n + RRN_PACK_BLOCK - 1) / RRN_PACK_BLOCK;
  whole w = { .boxes = boxes, .n = n, .rules = *rules, .options = *options };
  rrn_arena scratch;
  int32_t status;

  w.rules.grow = 1;
  w.options.target = 0;
  w.options.evaluations = budget / (int64_t)(n_blocks + 1) + 1;
  w.spots = rrn_arena_alloc_raw(arena, n, sizeof(*w.spots));
  if (!w.spots)
    return rrn_fail_memory(err);
  rrn_arena_init(&scratch, arena->rt);
  status = pack_whole(&w, n_blocks, &scratch, err);
  rrn_arena_release(&scratch);
  if (status < 0)
    return status;
  *ret_result = (rrn_pack_result){ w.spots, n, w.bins, rules->grow || w.bins <= rules->crossbars };
  return RRAMNAS_OK;
}
