/* SPDX-License-Identifier: MIT */
/* Compensation of drift: results times what a reference read-out has lost.
 *
 * In:  a layer as it was written and as it is now, reference inputs.
 * Out: a factor for the layer, or for each of its outputs; products with these factors.
 *
 * Idea: conductances of a technology drift alike, so a factor restores most. It is what the magnitudes of the reference
 * results summed up to when fresh, over what they sum up to now; a layer's factor takes all outputs together. Results
 * are those that the converters give, with their clips, rounding and errors and with read noise: what a chip can
 * measure itself. The factor is digital and acts on what was read, before anything known is subtracted (the offset of
 * weights and the currents of the off conductances), so these come back in first.
 *
 * Inputs are the caller's; they should be such as the layer meets. A single row driven would, with arrays of a hundred
 * rows, give currents below one code.
 *
 * Complexity: two products of the reference inputs. Source: Joshi et al., Nature Communications 11, 2020 (one factor);
 * AIHWKIT 1.1, GlobalDriftCompensation and PerColumnDriftCompensation. Deviation: theirs read one row at a time,
 * ideally. Not handled: an output whose reference results are nothing keeps the factor 1; factors are not rounded. */
#include "xbar/compensate.h"

#include "xbar/mvm.h"

/* Numbers of vectors, in the streams of read noise, that no image has. */
enum { FIRST_VECTOR = INT32_MAX };

static double
known_of(const rrn_xbar_layer *l)
{
  const double off = l->spec.g_off * rrn_xbar_max_digit(l) / (1 - l->spec.g_off);
  double known = (double)(1 << (l->spec.weight_bits - 1));
  int32_t slice;

  if (l->spec.sign != RRN_XBAR_OFFSET)
    return 0;
  for (slice = 0; slice < l->n_slices; slice++)
    known += off * (double)(1 << (slice * l->spec.cell_bits));
  return known;
}

static double
sum_of(const int32_t *x, size_t n)
{
  int64_t sum = 0;
  size_t k;

  for (k = 0; k < n; k++)
    sum += x[k];
  return (double)sum;
}

/* Adds the magnitudes of an output's reference results as they were read to ret_sums[n_out]. */
static int32_t
read_out(rrn_arena *scratch, const rrn_xbar_layer *l, const int32_t *x, size_t batch, double *ret_sums,
         rramnas_error *err)
{
  double *y = rrn_arena_alloc_raw(scratch, batch * l->n_out, sizeof(*y));
  rrn_xbar_kernel kernel;
  size_t b, k;

  if (!y)
    return rrn_fail_memory(err);
  RRN_TRY(rrn_xbar_kernel_create(scratch, l, rrn_xbar_cpu_best(), &kernel, err));
  RRN_TRY(rrn_xbar_mvm(scratch, &kernel, x, batch, FIRST_VECTOR, y, NULL, err));
  for (b = 0; b < batch; b++) {
    const double known = known_of(l) * sum_of(x + b * l->n_in, l->n_in);

    for (k = 0; k < l->n_out; k++)
      ret_sums[k] += rrn_xbar_magnitude(y[b * l->n_out + k] + known);
  }
  return RRAMNAS_OK;
}

static double
ratio(double fresh, double aged)
{
  return fresh > 0 && aged > 0 ? fresh / aged : 1;
}

static void
set_gains(const double *fresh, const double *aged, size_t n, int32_t mode, double *ret_gain)
{
  double all_fresh = 0, all_aged = 0;
  size_t k;

  for (k = 0; k < n; k++) {
    all_fresh += fresh[k];
    all_aged += aged[k];
  }
  for (k = 0; k < n; k++)
    ret_gain[k] = mode == RRN_COMPENSATE_COLUMN ? ratio(fresh[k], aged[k]) : ratio(all_fresh, all_aged);
}

int32_t
rrn_xbar_compensate(rrn_arena *arena, const rrn_xbar_layer *fresh, const rrn_xbar_layer *aged, int32_t mode,
                    const int32_t *x, size_t batch, rrn_xbar_compensation *ret, rramnas_error *err)
{
  const size_t n = aged->n_out;
  double *gain = rrn_arena_alloc(arena, n, sizeof(*gain)), *sums;
  int32_t status = RRAMNAS_OK;
  rrn_arena scratch;

  rrn_arena_init(&scratch, arena->rt);
  sums = rrn_arena_alloc(&scratch, n, 2 * sizeof(*sums));
  if (!gain || !sums)
    status = rrn_fail_memory(err);
  if (status >= 0)
    status = read_out(&scratch, fresh, x, batch, sums, err);
  if (status >= 0)
    status = read_out(&scratch, aged, x, batch, sums + n, err);
  if (status >= 0) {
    set_gains(sums, sums + n, n, mode, gain);
    *ret = (rrn_xbar_compensation){ gain, known_of(aged) };
  }
  rrn_arena_release(&scratch);
  return status;
}

void
rrn_xbar_compensated(const rrn_xbar_compensation *c, const rrn_xbar_layer *l, const int32_t *x, size_t batch, double *y)
{
  size_t b, k;

  for (b = 0; c->gain && b < batch; b++) {
    const double known = c->known * sum_of(x + b * l->n_in, l->n_in);

    for (k = 0; k < l->n_out; k++)
      y[b * l->n_out + k] = c->gain[k] * (y[b * l->n_out + k] + known) - known;
  }
}
