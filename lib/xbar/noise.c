/* SPDX-License-Identifier: MIT */
/* Errors of devices, drawn per cell.
 *
 * In:  a layer of ideal conductances, the parameters of a device, the name of its random numbers.
 * Out: conductances as written, drifted and stuck; at each read, conductances as read.
 *
 * Idea: a random number is a function of its name (seed, slot, layer, copy, cell, read): a keyed bijection of a counter
 * gives 53 bits, the inverse of the normal distribution the number. Nothing depends on batches, order or threads, and
 * the same cell keeps its deviate when a parameter changes. Order: write error, not below 0, drift, faults.
 *
 *   relative    g (1 + s xi)                 absolute   g + s xi
 *   lognormal   g exp(s xi), median g        polynomial g + xi max(c0 + c1 g + ... + c4 g^4, 0)
 *   levels      mean[digit] + sigma[digit] xi
 *   drift       g (t / t0)^-(nu + s xi) after t0
 *
 * Complexity: linear in cells; about 100 operations per normal number. Papers: Salmon et al., SC 2011 (Philox);
 * Wichura, Algorithm AS 241, Applied Statistics 37, 1988 (inverse normal distribution). Deviation: its logarithm is our
 * own, the same bits everywhere. Not handled: reads that disturb, drift between the steps of one input. */
#include "xbar/noise.h"

#include "util/power.h"
#include "util/random.h"

static void
block_of(const rrn_xbar_id *id, enum rrn_xbar_slot slot, uint32_t cell, uint32_t vector, int32_t step,
         uint32_t ret_block[4])
{
  const uint32_t key[2] = { (uint32_t)id->seed, (uint32_t)(id->seed >> 32) };
  const uint32_t counter[4] = { cell, vector, id->layer, (uint32_t)slot << 30 | (uint32_t)step << 22 | id->copy };

  rrn_philox(key, counter, ret_block);
}

/* An odd multiple of 2^-53 in (0, 1). */
static double
uniform(const uint32_t block[4])
{
  return (double)(((uint64_t)block[1] << 32 | block[0]) >> 12 << 1 | 1) * 0x1p-53;
}

static double
polynomial(const double *c, int degree, double x)
{
  double sum = c[degree];

  while (degree-- > 0)
    sum = sum * x + c[degree];
  return sum;
}

static double
quantile_of_tail(double p)
{
  static const double c[] = { 1.42343711074968357734e0, 4.63033784615654529590e0, 5.76949722146069140550e0,
    3.64784832476320460504e0, 1.27045825245236838258e0, 2.41780725177450611770e-1, 2.27238449892691845833e-2,
    7.74545014278341407640e-4 }, d[] = { 1, 2.05319162663775882187e0, 1.67638483018380384940e0,
    6.89767334985100004550e-1, 1.48103976427480074590e-1, 1.51986665636164571966e-2, 5.47593808499534494600e-4,
    1.05075007164441684324e-9 }, e[] = { 6.65790464350110377720e0, 5.46378491116411436990e0, 1.78482653991729133580e0,
    2.96560571828504891230e-1, 2.65321895265761230930e-2, 1.24266094738807843860e-3, 2.71155556874348757815e-5,
    2.01033439929228813265e-7 }, f[] = { 1, 5.99832206555887937690e-1, 1.36929880922735805310e-1,
    1.48753612908506148525e-2, 7.86869131145613259100e-4, 1.84631831751005468180e-5, 1.42151175831644588870e-7,
    2.04426310338993978564e-15 };
  const double r = __builtin_sqrt(-rrn_power_log2(p) * 0.69314718055994530942);

  return r <= 5 ? polynomial(c, 7, r - 1.6) / polynomial(d, 7, r - 1.6)
                : polynomial(e, 7, r - 5) / polynomial(f, 7, r - 5);
}

double
rrn_xbar_normal_quantile(double p)
{
  static const double a[] = { 3.3871328727963666080e0, 1.3314166789178437745e+2, 1.9715909503065514427e+3,
    1.3731693765509461125e+4, 4.5921953931549871457e+4, 6.7265770927008700853e+4, 3.3430575583588128105e+4,
    2.5090809287301226727e+3 }, b[] = { 1, 4.2313330701600911252e+1, 6.8718700749205790830e+2,
    5.3941960214247511077e+3, 2.1213794301586595867e+4, 3.9307895800092710610e+4, 2.8729085735721942674e+4,
    5.2264952788528545610e+3 };
  const double q = p - 0.5;

  if (q >= -0.425 && q <= 0.425)
    return q * polynomial(a, 7, 0.180625 - q * q) / polynomial(b, 7, 0.180625 - q * q);
  return q < 0 ? -quantile_of_tail(p) : quantile_of_tail(1 - p);
}

double
rrn_xbar_normal(const rrn_xbar_id *id, enum rrn_xbar_slot slot, uint32_t cell, uint32_t vector, int32_t step)
{
  uint32_t block[4];

  block_of(id, slot, cell, vector, step, block);
  return rrn_xbar_normal_quantile(uniform(block));
}

/* The 64 equally likely deviates have the moments of the normal distribution up to the seventh within 1e-3; so has a
 * weighted sum of four, whose distribution is within 2e-4 of the normal one and ends at 5.3 standard deviations. */
const uint8_t rrn_xbar_deviates[64] = {
  21, 52, 62, 68, 72, 76, 79, 81, 84, 86, 88, 90, 93, 95, 97, 98, 100, 102, 104, 106, 108, 110, 111, 113, 115, 117,
  118, 120, 122, 124, 125, 127, 129, 131, 132, 134, 136, 138, 139, 141, 143, 145, 146, 148, 150, 152, 154, 156, 158,
  159, 161, 163, 166, 168, 170, 172, 175, 177, 180, 184, 188, 194, 204, 235
};
const int8_t rrn_xbar_weights[4] = { 61, 59, 53, 47 };

rrn_xbar_stream
rrn_xbar_stream_of(const rrn_xbar_id *id)
{
  uint32_t block[4];

  block_of(id, RRN_XBAR_READ, UINT32_MAX, UINT32_MAX, 0, block);
  return (rrn_xbar_stream){ (uint64_t)block[1] << 32 | block[0], (uint64_t)block[3] << 32 | block[2] };
}

double
rrn_xbar_draw(const rrn_xbar_draws *column, const rrn_xbar_draws *vector)
{
  const uint32_t x = rrn_xbar_pick(column, vector);
  int32_t sum = -RRN_XBAR_DEVIATES_ZERO, k;

  for (k = 0; k < 4; k++)
    sum += rrn_xbar_weights[k] * rrn_xbar_deviates[x >> 8 * k & 63];
  return sum * RRN_XBAR_DEVIATES_SCALE;
}

static double
written(const rrn_xbar_noise *n, double g, int32_t digit, double xi)
{
  double sigma;

  if (n->level_mean)
    return n->level_mean[digit] + n->level_sigma[digit] * xi;
  switch (n->write_model) {
  case RRN_WRITE_RELATIVE:
    return g * (1 + n->write_sigma * xi);
  case RRN_WRITE_ABSOLUTE:
    return g + n->write_sigma * xi;
  case RRN_WRITE_LOGNORMAL:
    return g * rrn_power_exp2(n->write_sigma * xi * 1.4426950408889634074);
  case RRN_WRITE_POLYNOMIAL:
    sigma = polynomial(n->write_c, 4, g);
    return sigma > 0 ? g + sigma * xi : g;
  default:
    return g;
  }
}

static int
writes_exactly(const rrn_xbar_noise *n)
{
  return !n->level_mean && n->write_model == RRN_WRITE_NONE;
}

static int
drifts(const rrn_xbar_noise *n)
{
  return (n->drift_exponent != 0 || n->drift_exponent_sigma != 0) && n->time_s > n->drift_reference_s;
}

/* 0 none, 1 stuck off, 2 stuck on */
static int
fault_of(const rrn_xbar_id *id, const rrn_xbar_noise *n, uint32_t cell)
{
  uint32_t block[4];
  double u;

  block_of(id, RRN_XBAR_FAULT, cell, 0, 0, block);
  u = uniform(block);
  return u < n->stuck_off_fraction ? 1 : u > 1 - n->stuck_on_fraction ? 2 : 0;
}

void
rrn_xbar_program(rrn_xbar_layer *l, const rrn_xbar_noise *n)
{
  const size_t cells = rrn_xbar_n_cells(l);
  const int exact = writes_exactly(n), drifting = drifts(n), faulty = n->stuck_off_fraction + n->stuck_on_fraction > 0;
  const double log2_age = drifting ? rrn_power_log2(n->time_s / n->drift_reference_s) : 0;
  size_t c;

  l->read_model = n->read_sigma > 0 ? n->read_model : RRN_READ_NONE;
  l->read_sigma = n->read_sigma;
  l->ideal = l->ideal && exact && !drifting && !faulty;
  for (c = 0; c < cells && !l->ideal; c++) {
    const uint32_t cell = (uint32_t)c;
    const int fault = faulty ? fault_of(&l->id, n, cell) : 0;
    double g = exact ? l->g[c] : written(n, l->g[c], l->digits[c], rrn_xbar_normal(&l->id, RRN_XBAR_WRITE, cell, 0, 0));

    g = g > 0 ? g : 0;
    if (drifting)
      g *= rrn_power_exp2(-log2_age * (n->drift_exponent + n->drift_exponent_sigma *
                                       rrn_xbar_normal(&l->id, RRN_XBAR_DRIFT, cell, 0, 0)));
    l->g[c] = fault == 0 ? g : fault == 1 ? l->spec.g_off : 1;
  }
}

void
rrn_xbar_disturb(rrn_xbar_layer *l, const double *errors, const uint8_t *masks)
{
  const size_t cells = rrn_xbar_n_cells(l);
  size_t c;

  l->ideal = l->ideal && !errors && !masks;
  for (c = 0; c < cells; c++) {
    if (errors)
      l->g[c] = l->g[c] + errors[c] > 0 ? l->g[c] + errors[c] : 0;
    if (masks && masks[c] != 0)
      l->g[c] = masks[c] == 1 ? l->spec.g_off : 1;
  }
}

double
rrn_xbar_read(const rrn_xbar_layer *l, uint32_t cell, double g, uint32_t vector, int32_t step)
{
  const double xi = rrn_xbar_normal(&l->id, RRN_XBAR_READ, cell, vector, step);

  return l->read_model == RRN_READ_RELATIVE ? g * (1 + l->read_sigma * xi) : g + l->read_sigma * xi;
}

rrn_xbar_noise
rrn_xbar_noise_of(const rramnas_hw *hw, double time_s)
{
  /* Micro-siemens to units of the on conductance. */
  const double scale = hw->v.device.on_resistance_ohm * 1e-6;
  const rrn_xbar_noise n = {
    .write_model = hw->v.noise.write_model, .read_model = hw->v.noise.read_model,
    .write_sigma = hw->v.noise.write_sigma,
    .write_c = { hw->v.noise.write_c0_us * scale, hw->v.noise.write_c1_us * scale, hw->v.noise.write_c2_us * scale,
                 hw->v.noise.write_c3_us * scale, hw->v.noise.write_c4_us * scale },
    .read_sigma = hw->v.noise.read_sigma, .drift_exponent = hw->v.noise.drift_exponent,
    .drift_exponent_sigma = hw->v.noise.drift_exponent_sigma, .drift_reference_s = hw->v.noise.drift_reference_s,
    .time_s = time_s, .stuck_off_fraction = hw->v.noise.stuck_off_fraction,
    .stuck_on_fraction = hw->v.noise.stuck_on_fraction,
  };

  return n;
}

rrn_xbar_spec
rrn_xbar_spec_of(const rramnas_hw *hw)
{
  const rrn_xbar_spec s = {
    .sign = hw->v.weight.sign == RRN_SIGNED_DIFFERENTIAL ? RRN_XBAR_DIFFERENTIAL : RRN_XBAR_OFFSET,
    .weight_bits = hw->v.weight.bits, .cell_bits = hw->v.device.bits_per_cell, .input_bits = hw->v.input.bits,
    .dac_bits = hw->v.dac.bits, .rows = rrn_hw_subarray_rows(hw),
    .subtract_digitally = hw->v.weight.subtraction == RRN_SUBTRACT_DIGITAL,
    .g_off = hw->v.device.on_resistance_ohm / hw->v.device.off_resistance_ohm,
  };

  return s;
}
