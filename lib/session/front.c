/* SPDX-License-Identifier: MIT */
/* Tools for any front: the public face of lib/search's sorting, crowding, hypervolume and indicators. */
#include "search/crowding.h"
#include "search/hypervolume.h"
#include "search/indicators.h"
#include "search/sort.h"

static int32_t
check(const char *who, const double *values, size_t n, size_t m, const void *ret, rramnas_error *err)
{
  RRN_FAIL_IF((!values && n) || !ret, err, RRAMNAS_ERR_ARGUMENT, "%s: an argument is NULL", who);
  RRN_FAIL_IF(m < 1 || m > 64, err, RRAMNAS_ERR_ARGUMENT, "%s: %zu objectives, expected 1..64", who, m);
  RRN_FAIL_IF(n >= (size_t)1 << 31, err, RRAMNAS_ERR_LIMIT, "%s: %zu points, the limit is 2^31 - 1", who, n);
  return RRAMNAS_OK;
}

static int32_t
begin(rrn_rt *rt, rrn_arena *arena, rramnas_error *err)
{
  RRN_TRY(rrn_rt_init(rt, NULL, err));
  rrn_arena_init(arena, rt);
  return RRAMNAS_OK;
}

int32_t
rramnas_front_ranks(const double *values, const double *violations, size_t n, size_t m, int32_t *ret_ranks,
                    rramnas_error *reterr)
{
  rrn_arena arena;
  rrn_rt rt;
  uint32_t *ranks, n_fronts = 0;
  int32_t status;
  size_t i;

  RRN_TRY(check("rramnas_front_ranks", values, n, m, ret_ranks, reterr));
  RRN_TRY(begin(&rt, &arena, reterr));
  ranks = rrn_alloc(&rt, n + 1, sizeof(*ranks));
  status = ranks ? rrn_sort_fronts(&arena, values, violations, n, m, 0, ranks, &n_fronts, reterr)
                 : rrn_fail_memory(reterr);
  for (i = 0; status >= 0 && i < n; i++)
    ret_ranks[i] = (int32_t)ranks[i];
  rrn_free(&rt, ranks);
  rrn_arena_release(&arena);
  return status < 0 ? status : RRAMNAS_OK;
}

int32_t
rramnas_front_crowding(const double *values, size_t n, size_t m, double *ret_distances, rramnas_error *reterr)
{
  rrn_arena arena;
  rrn_rt rt;
  rrn_key *keys;
  uint32_t *ids;
  size_t i;

  RRN_TRY(check("rramnas_front_crowding", values, n, m, ret_distances, reterr));
  RRN_TRY(begin(&rt, &arena, reterr));
  keys = rrn_arena_alloc(&arena, 2 * n + 1, sizeof(*keys));
  ids = rrn_arena_alloc(&arena, n + 1, sizeof(*ids));
  for (i = 0; ids && i < n; i++)
    ids[i] = (uint32_t)i;
  if (keys && ids)
    rrn_crowding(values, m, ids, n, keys, ret_distances);
  rrn_arena_release(&arena);
  return keys && ids ? RRAMNAS_OK : rrn_fail_memory(reterr);
}

int32_t
rramnas_front_hypervolume(const double *values, size_t n, size_t m, const double *reference, double *ret_volume,
                          rramnas_error *reterr)
{
  rrn_arena arena;
  rrn_rt rt;
  int32_t status;

  RRN_TRY(check("rramnas_front_hypervolume", values, n, m, ret_volume, reterr));
  RRN_FAIL_IF(!reference, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_front_hypervolume: reference is NULL");
  RRN_TRY(begin(&rt, &arena, reterr));
  status = rrn_hypervolume(&arena, values, n, m, reference, ret_volume, reterr);
  rrn_arena_release(&arena);
  return status;
}

int32_t
rramnas_front_igd_plus(const double *values, size_t n, size_t m, const double *reference, size_t n_reference,
                       double *ret_distance, rramnas_error *reterr)
{
  RRN_TRY(check("rramnas_front_igd_plus", values, n, m, ret_distance, reterr));
  RRN_FAIL_IF(!reference || n == 0 || n_reference == 0, reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_front_igd_plus: a front is empty");
  *ret_distance = rrn_igd_plus(values, n, reference, n_reference, m);
  return RRAMNAS_OK;
}

int32_t
rramnas_front_knee(const double *values, size_t n, size_t m, size_t *ret_index, rramnas_error *reterr)
{
  RRN_TRY(check("rramnas_front_knee", values, n, m, ret_index, reterr));
  RRN_FAIL_IF(n == 0, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_front_knee: the front is empty");
  *ret_index = rrn_knee(values, n, m);
  return RRAMNAS_OK;
}

int32_t
rramnas_front_choose(const double *values, size_t n, size_t m, const double *weights, size_t *ret_index,
                     rramnas_error *reterr)
{
  size_t j;

  RRN_TRY(check("rramnas_front_choose", values, n, m, ret_index, reterr));
  RRN_FAIL_IF(n == 0 || !weights, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_front_choose: the front or weights are missing");
  for (j = 0; j < m; j++)
    RRN_FAIL_IF(!(weights[j] >= 0 && weights[j] < 1e300), reterr, RRAMNAS_ERR_RANGE,
                "rramnas_front_choose: weights[%zu] is negative or not finite", j);
  *ret_index = rrn_choose_weighted(values, n, m, weights);
  return RRAMNAS_OK;
}
