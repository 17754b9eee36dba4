/* SPDX-License-Identifier: MIT */
/* Boxes cut to fit (option split_to_fit).
 *
 * In:  a mapping with pieces and copies, a packing of its boxes, how many crossbars are wanted.
 * Out: placements in no more crossbars than the packing's; the pieces that were cut are replaced by their parts.
 *
 * A cut between columns gives two boxes that are driven with the same inputs. A cut between rows gives two boxes whose
 * sums are partial: each is converted by itself, and one more addition joins them. So a part is a piece like any
 * other, whose activation takes the time of its own rows and columns, and for a column whose rows are in n parts also
 *
 *   ceil(log2 n) levels of adders, each one clock for every pass of the ADCs
 *
 * (the adder tree of the latency model). The groups of a layer take turns, so parts that hold some of them have that
 * many fewer activations.
 *
 * Only layers of one copy are cut: the pieces of all copies are the same, so a cut would pass through all of them.
 * Block-diagonal boxes stay whole. pack_split.c says how cuts are found. Complexity: that, and parts of a box squared.
 * Source: ours; adders as in MNSIM 2.0's processing element (lib/hw/latency.c). */
#include "compile/pack_split.h"
#include "compile/passes.h"

/* Columns of cells between which a piece may be cut; 0 = not at all. */
static int32_t
column_unit(const rramnas_mapping *m, const rrn_piece *p)
{
  if (m->copies[p->layer] > 1 || p->groups_at_once > 1)
    return 0;
  return p->read_cols < p->cols ? p->read_cols : m->matrices[p->layer].cells;
}

/* By box: layers, copies, pieces as in place.c. */
static rrn_pack_cutting *
cutting_of(const rramnas_mapping *m, size_t n, rrn_arena *arena)
{
  rrn_pack_cutting *cutting = rrn_arena_alloc_raw(arena, n, sizeof(*cutting)), *c = cutting;
  int32_t layer, copy, i;

  if (!cutting)
    return NULL;
  for (layer = 0; layer < m->n_layers; layer++)
    for (copy = 0; copy < m->copies[layer]; copy++)
      for (i = m->first_piece[layer]; i < m->first_piece[layer + 1]; i++, c++) {
        const rrn_piece *p = &m->pieces[i];
        const int64_t positions = m->matrices[layer].positions;

        /* Parts with groups of their own drive rows for these only. */
        *c = (rrn_pack_cutting){ column_unit(m, p), positions, p->read_cols < p->cols ? 0 : positions };
      }
  return cutting;
}

/* --- parts as pieces --- */

static int
holds_column(const rrn_pack_part *p, int32_t col)
{
  return p->col0 <= col && col < p->col0 + p->cols;
}

/* Most parts of the box above each other in a column of part p. Their number changes where a part begins. */
static int32_t
row_parts(const rrn_pack_part *p, const rrn_pack_part *parts, size_t n)
{
  int32_t most = 1;
  size_t i, k;

  for (i = 0; i < n; i++) {
    const int32_t col = parts[i].col0 > p->col0 ? parts[i].col0 : p->col0;
    int32_t here = 0;

    if (!holds_column(p, col) || !holds_column(&parts[i], col))
      continue;
    for (k = 0; k < n; k++)
      here += holds_column(&parts[k], col);
    most = here > most ? here : most;
  }
  return most;
}

/* Part k of n of a piece. */
static rrn_piece
piece_of_part(const rramnas_mapping *m, const rrn_piece *whole, const rrn_pack_part *parts, size_t n, size_t k)
{
  const rrn_pack_part *at = &parts[k];
  rrn_piece p = *whole;

  if (n == 1)
    return p;
  p.rows = at->rows;
  p.cols = at->cols;
  p.row0 += at->row0;
  p.col0 += at->col0 / m->matrices[p.layer].cells;
  p.read_cols = p.read_cols < p.cols ? p.read_cols : p.cols;
  p.activations = whole->activations / (whole->cols / whole->read_cols) * (p.cols / p.read_cols);
  p.row_parts = row_parts(at, parts, n);
  p.latency_ns = rrn_piece_latency_ns(m->hw, &m->matrices[p.layer], &p);
  return p;
}

static int64_t
conversions(const rramnas_mapping *m, const rrn_piece *p)
{
  return p->activations * (p->read_cols + m->matrices[p->layer].unit_cells);
}

/* The parts of one box, as pieces of the mapping from `at` on. */
static void
add_pieces(rramnas_mapping *m, const rrn_piece *whole, const rrn_pack_part *parts, size_t n, rrn_piece *at)
{
  size_t k;

  for (k = 0; k < n; k++) {
    at[k] = piece_of_part(m, whole, parts, n, k);
    m->extra_conversions += conversions(m, &at[k]);
  }
  m->extra_conversions -= conversions(m, whole);
  m->boxes_cut += n > 1;
  m->cut_parts += n > 1 ? (int32_t)n : 0;
}

static size_t
parts_of_same_box(const rrn_pack_part *parts, size_t n)
{
  size_t i = 1;

  while (i < n && parts[i].box == parts[0].box)
    i++;
  return i;
}

/* New pieces from the parts of the first copy of each layer; later copies are whole. */
static int32_t
rebuild_pieces(rramnas_mapping *m, const rrn_pack_split_result *split, rramnas_error *err)
{
  rrn_piece *pieces = rrn_arena_alloc_raw(&m->arena, split->n, sizeof(*pieces));
  int32_t *first = rrn_arena_alloc(&m->arena, (size_t)m->n_layers + 1, sizeof(*first));
  size_t at = 0, n_pieces = 0;
  int32_t layer, i;

  if (!pieces || !first)
    return rrn_fail_memory(err);
  for (layer = 0; layer < m->n_layers; layer++) {
    first[layer] = (int32_t)n_pieces;
    for (i = m->first_piece[layer]; i < m->first_piece[layer + 1]; i++) {
      const size_t n = parts_of_same_box(split->parts + at, split->n - at);

      add_pieces(m, &m->pieces[i], split->parts + at, n, pieces + n_pieces);
      n_pieces += n;
      at += n;
    }
    at += (size_t)(m->copies[layer] - 1) * (n_pieces - (size_t)first[layer]);
  }
  first[m->n_layers] = (int32_t)n_pieces;
  m->pieces = pieces;
  m->n_pieces = n_pieces;
  m->first_piece = first;
  return RRAMNAS_OK;
}

/* Parts are in the order of the new pieces, so their spots are those of the placements. */
static int32_t
commit(rramnas_mapping *m, const rrn_pack_split_result *split, rrn_arena *arena, rramnas_error *err)
{
  rrn_pack_result packed = { .n = split->n, .opened = split->opened, .fits = 1 };
  size_t i;

  packed.spots = rrn_arena_alloc_raw(arena, split->n, sizeof(*packed.spots));
  if (!packed.spots)
    return rrn_fail_memory(err);
  for (i = 0; i < split->n; i++)
    packed.spots[i] = split->parts[i].spot;
  RRN_TRY(rebuild_pieces(m, split, err));
  return rrn_place_commit(m, &packed, err);
}

int32_t
rrn_split_to_fit(rramnas_mapping *m, const rrn_pack_rules *rules, const rrn_pack_box *boxes,
                 const rrn_pack_result *packed, const rrn_pack_split_options *options, rrn_arena *arena,
                 int32_t *ret_opened, rramnas_error *err)
{
  const rrn_pack_cutting *cutting = cutting_of(m, packed->n, arena);
  rrn_pack_split_result split = { 0 };

  if (!cutting)
    return rrn_fail_memory(err);
  RRN_TRY(rrn_pack_split(rules, boxes, cutting, packed->n, packed, options, arena, &split, err));
  *ret_opened = split.opened;
  if (!rules->grow && split.opened > rules->crossbars)
    return RRAMNAS_OK;
  return commit(m, &split, arena, err);
}
