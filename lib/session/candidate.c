/* SPDX-License-Identifier: MIT */
/* What a genome means: its canonical form, its network, its chip, bits of its layers, its file.
 *
 * In:  a genome of the session's space, canonical or not; the session's network and chip.
 * Out: things of the caller's. Nothing here depends on the course of the search. Complexity: that of building them. */
#include <string.h>

#include <xxhash.h>

#include "hw/spec.h"
#include "session/session.h"

int32_t
rramnas_search_canonical(const rramnas_search *s, double *genome, rramnas_error *reterr)
{
  rrn_genes genes;

  RRN_FAIL_IF(!s || !genome, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_canonical: search or genome is NULL");
  RRN_TRY(rrn_space_check(&s->space, genome, reterr));
  genes = rrn_space_genes(&s->space);
  rrn_genome_canonical(&genes, genome);
  return RRAMNAS_OK;
}

int32_t
rrn_session_genome(const rramnas_search *s, const double *genome, double **ret_copy, rramnas_error *err)
{
  double *copy;
  int32_t status;

  RRN_FAIL_IF(!s || !genome, err, RRAMNAS_ERR_ARGUMENT, "search or genome is NULL");
  copy = rrn_alloc(&s->rt, s->space.n + 1, sizeof(*copy));
  if (!copy)
    return rrn_fail_memory(err);
  memcpy(copy, genome, s->space.n * sizeof(*copy));
  status = rramnas_search_canonical(s, copy, err);
  if (status < 0)
    rrn_free(&s->rt, copy);
  else
    *ret_copy = copy;
  return status;
}

int32_t
rramnas_search_fingerprint(const rramnas_search *s, const double *genome, uint8_t *ret_digest, rramnas_error *reterr)
{
  rrn_fingerprint f;
  double *x = NULL;
  int i;

  RRN_FAIL_IF(!ret_digest, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_fingerprint: ret_digest is NULL");
  RRN_TRY(rrn_session_genome(s, genome, &x, reterr));
  f = rrn_fingerprint_of(x, s->space.n);
  for (i = 0; i < 8; i++) {
    ret_digest[i] = (uint8_t)(f.high >> (56 - 8 * i));
    ret_digest[8 + i] = (uint8_t)(f.low >> (56 - 8 * i));
  }
  rrn_free(&s->rt, x);
  return RRAMNAS_OK;
}

int32_t
rramnas_search_build_net(const rramnas_search *s, const double *genome, rramnas_net **ret_net, rramnas_error *reterr)
{
  rramnas_runtime runtime;
  double *x = NULL;
  int32_t status;

  RRN_FAIL_IF(!ret_net, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_build_net: ret_net is NULL");
  RRN_TRY(rrn_session_genome(s, genome, &x, reterr));
  runtime = rrn_rt_runtime(&s->rt);
  if (s->evaluator.net) {
    *ret_net = rramnas_net_ref(s->evaluator.net);
    status = RRAMNAS_OK;
  } else
    status = rrn_space_build_net(&s->space, x, &runtime, ret_net, reterr);
  rrn_free(&s->rt, x);
  return status;
}

int32_t
rramnas_search_build_hw(const rramnas_search *s, const double *genome, rramnas_hw **ret_hw, rramnas_error *reterr)
{
  rramnas_hw *base = NULL;
  double *x = NULL;
  int32_t status;

  RRN_FAIL_IF(!ret_hw, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_build_hw: ret_hw is NULL");
  RRN_TRY(rrn_session_genome(s, genome, &x, reterr));
  status = RRAMNAS_OK;
  if (s->evaluator.hw)
    base = rramnas_hw_ref(s->evaluator.hw);
  else
    status = rrn_hw_create_default(&s->rt, &base, reterr);
  if (status >= 0)
    status = rrn_space_build_hw(&s->space, x, base, ret_hw, reterr);
  rramnas_hw_unref(base);
  rrn_free(&s->rt, x);
  return status;
}

int32_t
rramnas_search_build_bits(const rramnas_search *s, const double *genome, size_t n_layers, int32_t *ret_weight_bits,
                          int32_t *ret_input_bits, rramnas_error *reterr)
{
  rramnas_hw *hw = NULL;
  double *x = NULL;
  int32_t status;

  RRN_FAIL_IF(n_layers && (!ret_weight_bits || !ret_input_bits), reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_search_build_bits: an array is NULL");
  RRN_TRY(rramnas_search_build_hw(s, genome, &hw, reterr));
  status = rrn_session_genome(s, genome, &x, reterr);
  if (status >= 0)
    rrn_space_layer_bits(&s->space, x, hw, n_layers, ret_weight_bits, ret_input_bits);
  rrn_free(&s->rt, x);
  rramnas_hw_unref(hw);
  return status;
}

const char *
rramnas_search_supernet(const rramnas_search *s)
{
  return s ? s->space.supernet : NULL;
}

int32_t
rramnas_search_write_candidate(const rramnas_search *s, const double *genome, rramnas_write_fn write, void *user,
                               rramnas_error *reterr)
{
  double *x = NULL;
  int32_t status;

  RRN_FAIL_IF(!write, reterr, RRAMNAS_ERR_ARGUMENT, "rramnas_search_write_candidate: write is NULL");
  RRN_TRY(rrn_session_genome(s, genome, &x, reterr));
  status = rrn_space_write_candidate(&s->space, x, write, user, reterr);
  rrn_free(&s->rt, x);
  return status;
}

int32_t
rramnas_search_read_candidate(const rramnas_search *s, const char *data, size_t size, const char *name,
                              double *ret_genome, rramnas_error *reterr)
{
  RRN_FAIL_IF(!s || !ret_genome || (!data && size), reterr, RRAMNAS_ERR_ARGUMENT,
              "rramnas_search_read_candidate: search, data or ret_genome is NULL");
  return rrn_space_read_candidate(&s->space, data ? data : "", size, name ? name : "candidate", ret_genome, reterr);
}
