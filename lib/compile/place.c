/* SPDX-License-Identifier: MIT */
/* Pass 4: copies -> boxes in the order that the packers know (by layer, copy, piece), and packed boxes ->
 * placements of the mapping. The packers themselves are in pack_*.c. */
#include "compile/passes.h"
#include "util/ckd.h"

int64_t
rrn_place_count(const rramnas_mapping *m)
{
  int64_t n = 0, of_layer;
  int32_t layer;

  for (layer = 0; layer < m->n_layers; layer++)
    if (ckd_mul(&of_layer, (int64_t)m->copies[layer], (int64_t)rrn_mapping_pieces_of(m, layer)) ||
        ckd_add(&n, n, of_layer))
      return INT64_MAX;
  return n;
}

int32_t
rrn_place_boxes(const rramnas_mapping *m, rrn_arena *arena, rrn_pack_box **ret_boxes, size_t *ret_n,
                rramnas_error *err)
{
  rrn_pack_box *boxes, *b;
  int32_t layer, copy, i, kind;
  const int64_t n = rrn_place_count(m);

  RRN_FAIL_IF(n > RRN_MAX_BOXES, err, RRAMNAS_ERR_LIMIT,
              "the copies of all layers are more than %d boxes: give fewer copies, or crossbars", RRN_MAX_BOXES);
  boxes = rrn_arena_alloc_raw(arena, (size_t)n, sizeof(*boxes));
  if (!boxes)
    return rrn_fail_memory(err);
  b = boxes;
  for (layer = 0; layer < m->n_layers; layer++)
    for (copy = 0; copy < m->copies[layer]; copy++)
      for (i = kind = m->first_piece[layer]; i < m->first_piece[layer + 1]; i++, b++) {
        const rrn_piece *p = &m->pieces[i];

        if (p->rows != m->pieces[kind].rows || p->cols != m->pieces[kind].cols)
          kind = i; /* pieces of a size follow each other */
        *b = (rrn_pack_box){ layer, p->rows, p->cols, kind + 1 };
      }
  *ret_boxes = boxes;
  *ret_n = (size_t)n;
  return RRAMNAS_OK;
}

/* Crossbars that hold at least one box. */
static int32_t
count_used(const rramnas_mapping *m, int32_t opened, rrn_arena *scratch, int32_t *ret_used, rramnas_error *err)
{
  char *used = rrn_arena_alloc(scratch, (size_t)opened + 1, 1);
  int32_t n = 0;
  size_t i;

  if (!used)
    return rrn_fail_memory(err);
  for (i = 0; i < m->n_placements; i++) {
    n += !used[m->placements[i].crossbar];
    used[m->placements[i].crossbar] = 1;
  }
  *ret_used = n;
  return RRAMNAS_OK;
}

int32_t
rrn_place_commit(rramnas_mapping *m, const rrn_pack_result *packed, rramnas_error *err)
{
  const size_t n = packed->n;
  rrn_arena scratch;
  int32_t layer, status;
  size_t i;

  m->first_placement = rrn_arena_alloc(&m->arena, (size_t)m->n_layers + 1, sizeof(*m->first_placement));
  m->placements = rrn_arena_alloc_raw(&m->arena, n, sizeof(*m->placements));
  if (!m->first_placement || !m->placements)
    return rrn_fail_memory(err);
  for (layer = 0; layer < m->n_layers; layer++)
    m->first_placement[layer + 1] =
      m->first_placement[layer] + (int64_t)m->copies[layer] * rrn_mapping_pieces_of(m, layer);
  m->n_placements = n;
  if (packed->opened > m->crossbars_available)
    m->crossbars_available = packed->opened;
  for (i = 0; i < n; i++) {
    m->placements[i].crossbar = packed->spots[i].crossbar;
    m->placements[i].row = packed->spots[i].row;
    m->placements[i].col = packed->spots[i].col;
  }
  rrn_arena_init(&scratch, &m->rt);
  status = count_used(m, packed->opened, &scratch, &m->crossbars_used, err);
  rrn_arena_release(&scratch);
  return status;
}
