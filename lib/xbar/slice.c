/* SPDX-License-Identifier: MIT */
/* Slicing: signed weights as digits of cells, and the conductances that they stand for.
 *
 * In:  weights[out][in] as integers, a spec.
 * Out: the digit of each cell by slice, side, column and input, slice 0 least significant.
 *
 * Idea: a differential pair holds the magnitude in one cell and 0 in the other; with an offset one cell holds
 * w + 2^(bits - 1). A unit column is one more output whose weight is 0: what it gives is exactly what the offset and
 * the off conductance add to the others. Each crossbar that a layer's outputs lie in has its own. A digit d conducts g_off + (1 - g_off) d / (2^cell_bits - 1).
 *
 * Complexity: constant per cell; nothing is stored. Source: differential pairs, offset and bit slices as in ISAAC (Shafiee et al., ISCA
 * 2016) and CrossSim. Deviation: the unit column holds the digits of the weight 0 instead of half the range, so that
 * nothing remains to be corrected. */
#include "xbar/array.h"

#include "hw/spec.h"
#include "util/ckd.h"

static int
within(int32_t value, int32_t low, int32_t high)
{
  return value >= low && value <= high;
}

int32_t
rrn_xbar_spec_check(const rrn_xbar_spec *s, rramnas_error *err)
{
  RRN_FAIL_IF(!within(s->sign, RRN_XBAR_DIFFERENTIAL, RRN_XBAR_UNIT_COLUMN), err, RRAMNAS_ERR_ARGUMENT,
              "sign is %d, expected 0..2", s->sign);
  RRN_FAIL_IF(!within(s->weight_bits, 2, 16), err, RRAMNAS_ERR_ARGUMENT, "weight bits are %d, expected 2..16",
              s->weight_bits);
  RRN_FAIL_IF(!within(s->cell_bits, 1, 8), err, RRAMNAS_ERR_ARGUMENT, "cell bits are %d, expected 1..8", s->cell_bits);
  RRN_FAIL_IF(!within(s->input_bits, 1, 16), err, RRAMNAS_ERR_ARGUMENT, "input bits are %d, expected 1..16",
              s->input_bits);
  RRN_FAIL_IF(!within(s->dac_bits, 1, 8), err, RRAMNAS_ERR_ARGUMENT, "DAC bits are %d, expected 1..8", s->dac_bits);
  RRN_FAIL_IF(s->rows < 1, err, RRAMNAS_ERR_ARGUMENT, "an array has %d rows, expected at least 1", s->rows);
  RRN_FAIL_IF(s->driven < 0, err, RRAMNAS_ERR_ARGUMENT, "%d rows are driven at once, expected at least 0", s->driven);
  RRN_FAIL_IF(!(s->g_off >= 0 && s->g_off < 1), err, RRAMNAS_ERR_ARGUMENT,
              "the off conductance is not within 0..1 of the on conductance");
  return RRAMNAS_OK;
}

/* What the cell of one side holds of a weight, all slices together. */
static int32_t
held(const rrn_xbar_spec *s, int32_t side, int32_t weight)
{
  if (s->sign != RRN_XBAR_DIFFERENTIAL)
    return weight + (1 << (s->weight_bits - 1));
  return side == 0 ? (weight > 0 ? weight : 0) : (weight < 0 ? -weight : 0);
}

int32_t
rrn_xbar_digit(const rrn_xbar_layer *l, int32_t slice, int32_t side, size_t col, size_t in)
{
  const int32_t weight = col < l->n_out ? l->weights[col * l->n_in + in] : 0;

  return held(&l->spec, side, weight) >> (slice * l->spec.cell_bits) & rrn_xbar_max_digit(l);
}

void
rrn_xbar_digits(const rrn_xbar_layer *l, int32_t slice, int32_t side, size_t col, const uint32_t *inputs, size_t n,
                int32_t *ret_digits)
{
  const int32_t *weights = col < l->n_out ? l->weights + col * l->n_in : NULL;
  const int32_t shift = slice * l->spec.cell_bits, mask = rrn_xbar_max_digit(l);
  size_t k;

  for (k = 0; k < n; k++)
    ret_digits[k] = held(&l->spec, side, weights ? weights[inputs[k]] : 0) >> shift & mask;
}

static int32_t
check_weights(const rrn_xbar_spec *s, const int32_t *weights, size_t n, rramnas_error *err)
{
  const int32_t limit = (1 << (s->weight_bits - 1)) - 1;
  size_t i;

  for (i = 0; i < n; i++)
    RRN_FAIL_IF(!within(weights[i], -limit, limit), err, RRAMNAS_ERR_ARGUMENT, "weight %zu is %d, expected %d..%d", i,
                weights[i], -limit, limit);
  return RRAMNAS_OK;
}

/* Numbers of cells in the random streams have 32 bits. */
static int32_t
check_size(const rrn_xbar_layer *l, rramnas_error *err)
{
  size_t cells;

  RRN_FAIL_IF(ckd_mul(&cells, l->cols, l->n_in) ||
                ckd_mul(&cells, cells, (size_t)l->n_slices * (size_t)l->n_sides) || cells > UINT32_MAX,
              err, RRAMNAS_ERR_ARGUMENT, "a layer of %zu x %zu weights has too many cells", l->n_out, l->n_in);
  return RRAMNAS_OK;
}

int32_t
rrn_xbar_layer_create(const rrn_xbar_spec *spec, const int32_t *weights, size_t n_out, size_t n_in, rrn_xbar_id id,
                      rrn_xbar_layer *ret_layer, rramnas_error *err)
{
  const int differential = spec->sign == RRN_XBAR_DIFFERENTIAL;
  rrn_xbar_layer l = { .spec = *spec, .id = id, .n_in = n_in, .n_out = n_out, .weights = weights, .ideal = 1 };

  RRN_TRY(rrn_xbar_spec_check(spec, err));
  RRN_FAIL_IF(n_out == 0 || n_in == 0 || n_out > UINT32_MAX || id.copy >> 22 != 0, err, RRAMNAS_ERR_ARGUMENT,
              "a layer of %zu x %zu weights, copy %u", n_out, n_in, (unsigned)id.copy);
  if (spec->unit_outputs == 0)
    l.spec.unit_outputs = n_out;
  l.cols = n_out + (spec->sign == RRN_XBAR_UNIT_COLUMN ? (n_out + l.spec.unit_outputs - 1) / l.spec.unit_outputs : 0);
  l.n_sides = differential ? 2 : 1;
  l.n_slices = rrn_slices(spec->weight_bits, spec->cell_bits, differential);
  l.n_steps = (spec->input_bits + spec->dac_bits - 1) / spec->dac_bits;
  RRN_TRY(check_size(&l, err));
  RRN_TRY(check_weights(spec, weights, n_out * n_in, err));
  *ret_layer = l;
  return RRAMNAS_OK;
}
