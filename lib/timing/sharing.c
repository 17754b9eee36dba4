/* SPDX-License-Identifier: MIT */
/* Boxes of a crossbar that may be active at the same time (sharing "disjoint").
 *
 * In:  a mapping.
 * Out: for each box the boxes of its crossbar that may not be active with it.
 *
 * Two boxes a and b may be active together when their currents do not meet:
 *
 *      columns of a   columns of b
 *     +--------------+--------------+
 *     |      a       |      1       |  rows of a     neither rows nor columns in common, and
 *     +--------------+--------------+                no weights at 1 and 2: there the inputs of one box
 *     |      2       |      b       |  rows of b     meet the columns that the other reads
 *     +--------------+--------------+
 *
 * Cells that no box has are in the high-resistance state: they add leakage, not weights. Unit columns are columns of every
 * box, so where there are any, one box of a crossbar is active at a time. And the two may not need the same converters.
 * ADCs: with as many as columns each has its own. With fewer, adc.mux says which a box takes: `block`, those of its columns;
 * `any`, as many as it has columns to read, dealt to the boxes of a crossbar in turn when the chip is programmed. DACs and
 * rows alike, with subarrays counted together.
 *
 * Why it is right: a set of boxes that are pairwise free of each other is free of each other, as rows, columns and
 * converters are dealt once and for all. Not handled: converters of several subarrays told apart (a box waits more
 * than it must); crossbars of very many boxes, which serve one at a time.
 *
 * Complexity: crossbars * boxes^3 of a crossbar, at most 64. Source: doc/physics.md. */
#include "timing/sharing.h"

/* Converters along one side: `length` of `n` from `first` on, in a ring. */
typedef struct ring {
  int32_t first, length;
} ring;

typedef struct box {
  int32_t row, col, rows, cols;
  ring dacs, adcs;
} box;

typedef struct builder {
  const rramnas_mapping *m;
  rrn_sharing_servers s;
  box *boxes;          /* [n_placements] */
  int64_t *first;      /* [crossbars_available + 1] */
  int32_t *sorted;     /* [n_placements] placements by crossbar */
  int32_t n_dacs, n_adcs;
  int64_t n_others;
  size_t cap_others;
  rrn_arena *arena;
  rramnas_error *err;
} builder;

static int
ranges_meet(int32_t a, int32_t a_length, int32_t b, int32_t b_length)
{
  return a < b + b_length && b < a + a_length;
}

static int
rings_meet(const ring *a, const ring *b, int32_t n)
{
  const int32_t ahead = b->first - a->first;

  return (ahead < 0 ? ahead + n : ahead) < a->length || (ahead > 0 ? n - ahead : -ahead) < b->length;
}

/* 1 when box c has cells in the rows of a and the columns of b. */
static int
lies_at(const box *c, const box *a, const box *b)
{
  return ranges_meet(c->row, c->rows, a->row, a->rows) && ranges_meet(c->col, c->cols, b->col, b->cols);
}

static int
conflict(const builder *b, const int32_t *in_bar, int32_t n, const box *p, const box *q)
{
  int32_t i;

  if (b->m->unit_cols > 0 || ranges_meet(p->row, p->rows, q->row, q->rows) || ranges_meet(p->col, p->cols, q->col, q->cols) ||
      rings_meet(&p->dacs, &q->dacs, b->n_dacs) || rings_meet(&p->adcs, &q->adcs, b->n_adcs))
    return 1;
  for (i = 0; i < n; i++)
    if (lies_at(&b->boxes[in_bar[i]], p, q) || lies_at(&b->boxes[in_bar[i]], q, p))
      return 1;
  return 0;
}

/* Converters of lines [at, at + lines) of `all`, of which `used` are needed at a time. Fewer converters than lines: in
 * blocks of neighbouring lines, or dealt in turn. */
static ring
converters(int32_t at, int32_t lines, int32_t used, int32_t all, int32_t n, int by_block, int32_t *turn)
{
  const int32_t block = (all + n - 1) / n;
  ring r = { at / block, (at + lines - 1) / block - at / block + 1 };

  if (block == 1 || by_block)
    return r;
  r = (ring){ *turn, used < n ? used : n };
  *turn = (int32_t)(((int64_t)*turn + r.length) % n);
  return r;
}

static int32_t
least(int64_t a, int64_t b)
{
  return (int32_t)(a < b ? a : b);
}

static void
deal_converters(builder *b, const int32_t *in_bar, int32_t n)
{
  const rrn_hw_values *v = &b->m->hw->v;
  int32_t dac_turn = 0, adc_turn = 0, i;

  for (i = 0; i < n; i++) {
    box *x = &b->boxes[in_bar[i]];
    const int32_t read = x->adcs.length; /* until now: columns that an activation reads */

    x->dacs = converters(x->row, x->rows, x->rows, v->crossbar.rows, b->n_dacs, 0, &dac_turn);
    x->adcs = converters(x->col, x->cols, read, v->crossbar.cols, b->n_adcs, v->adc.mux == RRN_ADC_MUX_BLOCK, &adc_turn);
  }
}

static int32_t
add_other(builder *b, int32_t server)
{
  int32_t *others = rrn_arena_grow(b->arena, b->s.others, (size_t)b->n_others, &b->cap_others, sizeof(*others));

  if (!others)
    return rrn_fail_memory(b->err);
  b->s.others = others;
  others[b->n_others++] = server;
  return RRAMNAS_OK;
}

/* Boxes by crossbar; placements are by layer, so the order in a crossbar is that of the layers. */
static int32_t
sort_boxes(builder *b)
{
  const rramnas_mapping *m = b->m;
  int32_t layer, k;
  int64_t i;

  b->boxes = rrn_arena_alloc_raw(b->arena, m->n_placements, sizeof(*b->boxes));
  b->sorted = rrn_arena_alloc_raw(b->arena, m->n_placements, sizeof(*b->sorted));
  b->first = rrn_arena_alloc(b->arena, (size_t)m->crossbars_available + 2, sizeof(*b->first));
  if (!b->boxes || !b->sorted || !b->first)
    return rrn_fail_memory(b->err);
  for (layer = 0; layer < m->n_layers; layer++)
    for (i = m->first_placement[layer]; i < m->first_placement[layer + 1]; i++) {
      const rrn_placement *at = &m->placements[i];
      const rrn_piece *p =
        &m->pieces[m->first_piece[layer] + (i - m->first_placement[layer]) % rrn_mapping_pieces_of(m, layer)];

      b->boxes[i] = (box){ at->row, at->col, p->rows, p->cols, { 0, 0 }, { 0, p->read_cols } };
      b->first[at->crossbar + 2]++;
    }
  for (k = 0; k < m->crossbars_available; k++)
    b->first[k + 2] += b->first[k + 1];
  for (i = 0; i < (int64_t)m->n_placements; i++)
    b->sorted[b->first[m->placements[i].crossbar + 1]++] = (int32_t)i;
  return RRAMNAS_OK;
}

/* A server for each box, or one for all of a very full crossbar. */
static void
set_servers(builder *b, const int32_t *in_bar, int32_t n)
{
  int32_t i;

  for (i = 0; i < n; i++)
    b->s.server[in_bar[i]] = n > RRN_SHARING_MOST_BOXES ? b->s.n_servers : b->s.n_servers + i;
  b->s.n_servers += n > RRN_SHARING_MOST_BOXES ? 1 : n;
  if (n <= RRN_SHARING_MOST_BOXES)
    deal_converters(b, in_bar, n);
}

static int32_t
add_conflicts(builder *b, int32_t placement)
{
  const int32_t bar = b->m->placements[placement].crossbar, n = (int32_t)(b->first[bar + 1] - b->first[bar]);
  const int32_t *in_bar = b->sorted + b->first[bar];
  int32_t i;

  for (i = 0; n <= RRN_SHARING_MOST_BOXES && i < n; i++)
    if (in_bar[i] != placement && conflict(b, in_bar, n, &b->boxes[placement], &b->boxes[in_bar[i]]))
      RRN_TRY(add_other(b, b->s.server[in_bar[i]]));
  return RRAMNAS_OK;
}

int32_t
rrn_sharing_disjoint(const rramnas_mapping *m, rrn_arena *arena, rrn_sharing_servers *ret_servers, rramnas_error *err)
{
  const rrn_hw_values *v = &m->hw->v;
  const int64_t subarrays = v->crossbar.rows / rrn_hw_subarray_rows(m->hw);
  builder b = { .m = m, .arena = arena, .err = err };
  int32_t bar;
  size_t i;

  b.n_dacs = least(v->dac.per_subarray * subarrays, v->crossbar.rows);
  b.n_adcs = least(v->adc.per_subarray, v->crossbar.cols);
  RRN_TRY(sort_boxes(&b));
  b.s.server = rrn_arena_alloc_raw(arena, m->n_placements, sizeof(*b.s.server));
  b.s.first = rrn_arena_alloc_raw(arena, m->n_placements + 1, sizeof(*b.s.first));
  if (!b.s.server || !b.s.first)
    return rrn_fail_memory(err);
  for (bar = 0; bar < m->crossbars_available; bar++)
    set_servers(&b, b.sorted + b.first[bar], (int32_t)(b.first[bar + 1] - b.first[bar]));
  for (i = 0; i < m->n_placements; i++) {
    b.s.first[i] = b.n_others;
    RRN_TRY(add_conflicts(&b, (int32_t)i));
  }
  b.s.first[m->n_placements] = b.n_others;
  *ret_servers = b.s;
  return RRAMNAS_OK;
}
