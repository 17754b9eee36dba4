/* SPDX-License-Identifier: MIT */
/* Policy isaac: every piece has a crossbar of its own, one copy of each layer.
 *
 * The baseline that other policies are measured against; the crossbars it needs are the number of pieces. Source:
 * the layout of ISAAC (Shafiee et al., ISCA 2016) as RNC takes it for its comparison. */
#include "compile/passes.h"

static int32_t
place_alone(rramnas_mapping *m, rramnas_error *err)
{
  rrn_arena scratch;
  rrn_pack_result packed = { .n = m->n_pieces, .opened = (int32_t)m->n_pieces, .fits = 1 };
  int32_t status = RRAMNAS_OK;
  size_t i;

  rrn_arena_init(&scratch, &m->rt);
  packed.spots = rrn_arena_alloc(&scratch, m->n_pieces, sizeof(*packed.spots));
  for (i = 0; packed.spots && i < m->n_pieces; i++)
    packed.spots[i].crossbar = (int32_t)i;
  status = packed.spots ? rrn_place_commit(m, &packed, err) : rrn_fail_memory(err);
  rrn_arena_release(&scratch);
  return status;
}

int32_t
rrn_policy_isaac(rramnas_mapping *m, const rramnas_compile_options *options, rramnas_error *err)
{
  const rrn_partition_options cut = { .depth_split = options->depth_split };
  int32_t i;

  m->sharing = (rrn_sharing){ .layer_threshold = -1, .max_load = 1 };
  RRN_TRY(rrn_matrix_pass(m, 0, err));
  RRN_TRY(rrn_partition_pass(m, &cut, err));
  m->copies = rrn_arena_alloc(&m->arena, (size_t)m->n_layers, sizeof(*m->copies));
  if (!m->copies)
    return rrn_fail_memory(err);
  for (i = 0; i < m->n_layers; i++)
    m->copies[i] = 1;
  if (options->crossbars == RRAMNAS_CROSSBARS_AUTO || (options->find_solution && m->crossbars_available < (int64_t)m->n_pieces))
    m->crossbars_available = (int32_t)m->n_pieces;
  if ((int64_t)m->n_pieces > m->crossbars_available)
    return rrn_fail_does_not_fit(m, (int64_t)m->n_pieces, (int64_t)m->n_pieces, err);
  m->tries = 1;
  return place_alone(m, err);
}
