/* SPDX-License-Identifier: MIT */
/* Errors of devices, drawn per cell.
 *
 * In:  a layer's digits, the parameters of a device, the name of its random numbers.
 * Out: conductances as written, drifted and stuck, for as many cells as are asked for; at each read, as read.
 *
 * Idea: a random number is a function of its name (seed, slot, layer, copy, cell, read), normal.c; a column's cells are neighbours. Nothing depends on
 * batches, order or threads, and the same cell keeps its deviate when a parameter changes. Order: write error, relaxation,
 * drift, faults.
 *
 *   relative    g (1 + s xi)                 absolute   g + s xi
 *   lognormal   g exp(s xi), median g        polynomial g + xi max(c0 + c1 g + ... + c4 g^4, 0)
 *   levels      mean[digit] + sigma[digit] xi
 *   relaxation  g + a ln t + (s + b ln t) xi from 1 s on, not below 0
 *   drift       g (t / t0)^-(nu + s xi) after t0; nu and s may grow with the logarithm of the target conductance
 *
 * Complexity: linear in cells. Not handled: reads that disturb, drift between the steps of one input. */
#include "xbar/noise.h"

#include <string.h>

#include "util/power.h"

static double
polynomial(const double c[5], double x)
{
  return (((c[4] * x + c[3]) * x + c[2]) * x + c[1]) * x + c[0];
}

/* The 64 equally likely deviates have the moments of the normal distribution up to the seventh within 1e-3; so has a
 * weighted sum of four, whose distribution is within 2e-4 of the normal one and ends at 5.3 standard deviations. */
const uint8_t rrn_xbar_deviates[64] = {
  21, 52, 62, 68, 72, 76, 79, 81, 84, 86, 88, 90, 93, 95, 97, 98, 100, 102, 104, 106, 108, 110, 111, 113, 115, 117,
  118, 120, 122, 124, 125, 127, 129, 131, 132, 134, 136, 138, 139, 141, 143, 145, 146, 148, 150, 152, 154, 156, 158,
  159, 161, 163, 166, 168, 170, 172, 175, 177, 180, 184, 188, 194, 204, 235
};
const int8_t rrn_xbar_weights[RRN_XBAR_DRAW_STEPS][4] = {
  { 61, 59, 53, 47 }, { -59, 61, -47, 53 }, { -53, 47, 61, -59 }, { -47, -53, 59, 61 }
};
const int32_t rrn_xbar_zeros[RRN_XBAR_DRAW_STEPS] = { 128 * 220, 128 * 8, 128 * -4, 128 * 20 };
const int32_t rrn_xbar_wholes[RRN_XBAR_DRAW_STEPS] = { RRN_XBAR_WHOLE_BITS - 128 * 220, RRN_XBAR_WHOLE_BITS - 128 * 8,
                                                       RRN_XBAR_WHOLE_BITS + 128 * 4, RRN_XBAR_WHOLE_BITS - 128 * 20 };

rrn_xbar_stream
rrn_xbar_stream_of(const rrn_xbar_id *id)
{
  uint32_t block[4];

  rrn_xbar_random(id, RRN_XBAR_READ, UINT32_MAX, UINT32_MAX, 0, block);
  return (rrn_xbar_stream){ (uint64_t)block[1] << 32 | block[0], (uint64_t)block[3] << 32 | block[2] };
}

/* Within the range of the fit. */
static double
fitted(const rrn_xbar_noise *n, double g)
{
  return n->fit_max > 0 && g > n->fit_max ? n->fit_max : g < n->fit_min ? n->fit_min : g;
}

/* Deviates of n cells become what is written. */
static void
write_deviates(const rrn_xbar_noise *n, const double *target, size_t count, double *xi)
{
  size_t k;

  switch (n->write_model) {
  case RRN_WRITE_RELATIVE:
    for (k = 0; k < count; k++)
      xi[k] = target[k] * (1 + n->write_sigma * xi[k]);
    break;
  case RRN_WRITE_ABSOLUTE:
    for (k = 0; k < count; k++)
      xi[k] = target[k] + n->write_sigma * xi[k];
    break;
  case RRN_WRITE_LOGNORMAL:
    for (k = 0; k < count; k++)
      xi[k] = target[k] * rrn_power_exp2(n->write_sigma * xi[k] * 1.4426950408889634074);
    break;
  default: /* RRN_WRITE_POLYNOMIAL */
    for (k = 0; k < count; k++) {
      const double sigma = polynomial(n->write_c, fitted(n, target[k]));

      xi[k] = sigma > 0 ? target[k] + sigma * xi[k] : target[k];
    }
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
  return (n->drift_exponent != 0 || n->drift_exponent_sigma != 0 || n->drift_by_state) &&
         n->time_s > n->drift_reference_s;
}

static int
relaxes(const rrn_xbar_noise *n)
{
  return (n->relaxation != 0 || n->relaxation_sigma != 0 || n->relaxation_sigma_log != 0) && n->time_s >= 1;
}

static int
is_faulty(const rrn_xbar_noise *n)
{
  return n->stuck_off_fraction + n->stuck_on_fraction > 0;
}

int
rrn_xbar_draws_cells(const rrn_xbar_noise *n)
{
  const int drift_differs = n->drift_exponent_sigma != 0 || n->drift_by_state;
  const int relaxation_differs = n->relaxation_sigma != 0 || n->relaxation_sigma_log != 0;

  return !writes_exactly(n) || (drifts(n) && drift_differs) || (relaxes(n) && relaxation_differs) || is_faulty(n);
}

/* 0 none, 1 stuck off, 2 stuck on */
static int
fault_of(const rrn_xbar_id *id, const rrn_xbar_noise *n, uint32_t cell)
{
  const double u = ((double)rrn_xbar_word(id, RRN_XBAR_FAULT, cell, 0, 0) + 0.5) * 0x1p-32;

  return u < n->stuck_off_fraction ? 1 : u > 1 - n->stuck_on_fraction ? 2 : 0;
}

void
rrn_xbar_program(rrn_xbar_layer *l, const rrn_xbar_noise *n)
{
  l->noise = *n;
  l->read_model = n->read_sigma > 0 ? n->read_model : RRN_READ_NONE;
  l->read_sigma = n->read_sigma;
  l->ideal = writes_exactly(n) && !relaxes(n) && !drifts(n) && !is_faulty(n);
}

/* Cells that are made at a time. */
enum { CHUNK = 64 };

/* Some cells of a column: their inputs, digits, and their numbers in the random streams. */
typedef struct cells {
  int32_t slice, side;
  size_t col, n;
  int in_row;       /* neighbours */
  const double *xi; /* of slot WRITE; NULL = to be drawn */
  uint32_t input[CHUNK], number[CHUNK];
  int32_t digit[CHUNK];
} cells;

/* All cells of a column are neighbours in the random streams. */
static uint32_t
number_of(const rrn_xbar_layer *l, int32_t slice, int32_t side, size_t col)
{
  return (uint32_t)(((col * (size_t)l->n_slices + (size_t)slice) * (size_t)l->n_sides + (size_t)side) * l->n_in);
}

static void
name_cells(const rrn_xbar_layer *l, cells *c)
{
  const uint32_t first = number_of(l, c->slice, c->side, c->col);
  size_t k;

  for (k = 0; k < c->n; k++)
    c->number[k] = first + c->input[k];
  rrn_xbar_digits(l, c->slice, c->side, c->col, c->input, c->n, c->digit);
}

static void
draw_cells(const rrn_xbar_layer *l, const cells *c, enum rrn_xbar_slot slot, int32_t step, double *ret_xi)
{
  if (c->in_row)
    rrn_xbar_normals(&l->id, slot, step, c->number[0], c->n, ret_xi);
  else
    rrn_xbar_normals_at(&l->id, slot, step, c->number, c->n, ret_xi);
}

/* As written. */
static void
write_cells(const rrn_xbar_layer *l, const cells *c, double *ret_g)
{
  const rrn_xbar_noise *d = &l->noise;
  const double unit = rrn_xbar_unit_of(l);
  double target[CHUNK];
  size_t k;

  for (k = 0; k < c->n; k++)
    target[k] = l->spec.g_off + unit * c->digit[k];
  if (writes_exactly(d)) {
    memcpy(ret_g, target, c->n * sizeof(*ret_g));
    return;
  }
  if (c->xi)
    memcpy(ret_g, c->xi, c->n * sizeof(*ret_g));
  else
    draw_cells(l, c, RRN_XBAR_WRITE, 0, ret_g);
  for (k = 0; d->level_mean && k < c->n; k++)
    ret_g[k] = (d->level_mean[c->digit[k]] + d->level_sigma[c->digit[k]] * ret_g[k]) * d->level_unit;
  if (!d->level_mean)
    write_deviates(d, target, c->n, ret_g);
  for (k = 0; k < c->n; k++)
    ret_g[k] = ret_g[k] > 0 ? ret_g[k] : 0;
}

/* Streams of slot DRIFT besides that of the exponents: `step` of their name. */
enum { OF_RELAXATION = 1 };

#define LN_2 0.69314718055994530942

static void
relax_cells(const rrn_xbar_layer *l, const cells *c, double *g)
{
  const rrn_xbar_noise *d = &l->noise;
  const double ln_time = rrn_power_log2(d->time_s) * LN_2;
  const double mean = d->relaxation * ln_time, sigma = d->relaxation_sigma + d->relaxation_sigma_log * ln_time;
  double xi[CHUNK];
  size_t k;

  draw_cells(l, c, RRN_XBAR_DRIFT, OF_RELAXATION, xi);
  for (k = 0; k < c->n; k++) {
    g[k] += mean + sigma * xi[k];
    g[k] = g[k] > 0 ? g[k] : 0;
  }
}

static double
within(double x, double low, double high)
{
  return x < low ? low : x > high ? high : x;
}

/* Exponent of a cell that was to hold a digit, by the logarithm of its conductance. */
static double
exponent_by_state(const rrn_xbar_layer *l, int32_t digit, double xi)
{
  const rrn_xbar_noise *d = &l->noise;
  const double target = d->level_mean ? d->level_mean[digit] * d->level_unit : l->spec.g_off + rrn_xbar_unit_of(l) * digit;
  const double ln = rrn_power_log2(target > 1e-9 ? target : 1e-9) * LN_2;

  return within(d->drift_exponent + d->drift_exponent_log * ln, d->drift_exponent_min, d->drift_exponent_max) +
         within(d->drift_exponent_sigma + d->drift_sigma_log * ln, d->drift_sigma_min, d->drift_sigma_max) * xi;
}

/* Power law. */
static void
age_cells(const rrn_xbar_layer *l, const cells *c, double *g)
{
  const rrn_xbar_noise *d = &l->noise;
  const double log2_age = rrn_power_log2(d->time_s / d->drift_reference_s);
  double xi[CHUNK];
  size_t k;

  draw_cells(l, c, RRN_XBAR_DRIFT, 0, xi);
  for (k = 0; k < c->n; k++)
    g[k] *= rrn_power_exp2(-log2_age * (d->drift_by_state ? exponent_by_state(l, c->digit[k], xi[k])
                                                          : d->drift_exponent + d->drift_exponent_sigma * xi[k]));
}

static void
break_cells(const rrn_xbar_layer *l, const cells *c, double *g)
{
  size_t k;

  for (k = 0; k < c->n; k++) {
    const int fault = fault_of(&l->id, &l->noise, c->number[k]);

    g[k] = fault == 0 ? g[k] : fault == 1 ? l->spec.g_off : 1;
  }
}

static void
make_cells(const rrn_xbar_layer *l, cells *c, double *ret_g)
{
  name_cells(l, c);
  write_cells(l, c, ret_g);
  if (relaxes(&l->noise))
    relax_cells(l, c, ret_g);
  if (drifts(&l->noise))
    age_cells(l, c, ret_g);
  if (is_faulty(&l->noise))
    break_cells(l, c, ret_g);
}

/* Neighbours; `xi` may lie where the conductances go. */
static void
make_row(const rrn_xbar_layer *l, int32_t slice, int32_t side, size_t col, size_t first, size_t n, const double *xi,
         double *ret_g)
{
  size_t k, i;
  cells c;

  c.slice = slice;
  c.side = side;
  c.col = col;
  c.in_row = 1;
  for (k = 0; k < n; k += c.n) {
    c.n = n - k < CHUNK ? n - k : CHUNK;
    c.xi = xi ? xi + k : NULL;
    for (i = 0; i < c.n; i++)
      c.input[i] = (uint32_t)(first + k + i);
    make_cells(l, &c, ret_g + k);
  }
}

void
rrn_xbar_conductances(const rrn_xbar_layer *l, int32_t slice, int32_t side, size_t col, size_t first, size_t n,
                      double *ret_g)
{
  if (l->g)
    memcpy(ret_g, l->g + rrn_xbar_cell(l, slice, side, col, first), n * sizeof(*ret_g));
  else
    make_row(l, slice, side, col, first, n, NULL, ret_g);
}

int
rrn_xbar_writes_plainly(const rrn_xbar_layer *l)
{
  const rrn_xbar_noise *n = &l->noise;

  return !l->g && !n->level_mean && (n->write_model == RRN_WRITE_RELATIVE || n->write_model == RRN_WRITE_ABSOLUTE) &&
         !relaxes(n) && !drifts(n) && !is_faulty(n);
}

const float *
rrn_xbar_deviates_of_slices(const rrn_xbar_layer *l, size_t col, int32_t first, size_t n, float *room)
{
  return rrn_xbar_normals_in(&l->id, RRN_XBAR_WRITE, 0, number_of(l, first, 0, col), n * (size_t)l->n_sides * l->n_in, room);
}

void
rrn_xbar_conductances_of_slices(const rrn_xbar_layer *l, size_t col, int32_t first, int32_t n, double *ret_g)
{
  const int drawn = !l->g && !writes_exactly(&l->noise);
  int32_t slice, side;

  if (drawn)
    rrn_xbar_normals(&l->id, RRN_XBAR_WRITE, 0, number_of(l, first, 0, col), (size_t)(n * l->n_sides) * l->n_in, ret_g);
  for (slice = first; slice < first + n; slice++)
    for (side = 0; side < l->n_sides; side++, ret_g += l->n_in)
      if (l->g)
        rrn_xbar_conductances(l, slice, side, col, 0, l->n_in, ret_g);
      else
        make_row(l, slice, side, col, 0, l->n_in, drawn ? ret_g : NULL, ret_g);
}

void
rrn_xbar_conductances_at(const rrn_xbar_layer *l, int32_t slice, int32_t side, size_t col, const uint32_t *inputs,
                         size_t n, double *ret_g)
{
  cells c = { .slice = slice, .side = side, .col = col };
  size_t k;

  for (k = 0; l->g && k < n; k++)
    ret_g[k] = l->g[rrn_xbar_cell(l, slice, side, col, inputs[k])];
  for (k = 0; !l->g && k < n; k += c.n) {
    c.n = n - k < CHUNK ? n - k : CHUNK;
    memcpy(c.input, inputs + k, c.n * sizeof(*inputs));
    make_cells(l, &c, ret_g + k);
  }
}

/* `xi` [inputs]: deviates of slot WRITE of the side, or NULL. */
static double
sum_rows(const rrn_xbar_layer *l, int32_t slice, int32_t side, size_t col, const uint8_t *rows, size_t n, const double *xi)
{
  double g[CHUNK], own[CHUNK], sum = 0;
  size_t k, i;
  cells c;

  c.slice = slice;
  c.side = side;
  c.col = col;
  c.in_row = 0;
  c.xi = xi ? own : NULL;
  for (k = 0; k < n; k += c.n) {
    c.n = n - k < CHUNK ? n - k : CHUNK;
    for (i = 0; i < c.n; i++) {
      c.input[i] = rows[k + i];
      own[i] = xi ? xi[rows[k + i]] : 0;
    }
    make_cells(l, &c, g);
    for (i = 0; i < c.n; i++)
      sum += g[i];
  }
  return sum;
}

static double
sum_given(const rrn_xbar_layer *l, int32_t slice, int32_t side, size_t col, const uint8_t *rows, size_t n)
{
  const double *g = l->g + rrn_xbar_cell(l, slice, side, col, 0);
  double sum = 0;
  size_t k;

  for (k = 0; k < n; k++)
    sum += g[rows[k]];
  return sum;
}

double
rrn_xbar_sum(const rrn_xbar_layer *l, int32_t slice, int32_t side, size_t col, const uint8_t *rows, size_t n)
{
  return l->g ? sum_given(l, slice, side, col, rows, n) : sum_rows(l, slice, side, col, rows, n, NULL);
}

/* Both sides of a column are neighbours in the random streams. */
void
rrn_xbar_sums_of_pair(const rrn_xbar_layer *l, int32_t slice, size_t col, const uint8_t *rows, size_t n,
                      double ret_sums[2])
{
  enum { MOST = 128 };
  double xi[2 * MOST];
  const int together = !l->g && !writes_exactly(&l->noise) && l->n_in <= MOST;
  int32_t side;

  if (together)
    rrn_xbar_normals(&l->id, RRN_XBAR_WRITE, 0, number_of(l, slice, 0, col), 2 * l->n_in, xi);
  for (side = 0; side < 2; side++)
    ret_sums[side] = together ? sum_rows(l, slice, side, col, rows, n, xi + (size_t)side * l->n_in)
                              : rrn_xbar_sum(l, slice, side, col, rows, n);
}

double *
rrn_xbar_all_conductances(rrn_arena *arena, const rrn_xbar_layer *l)
{
  const size_t columns = (size_t)l->n_slices * (size_t)l->n_sides * l->cols;
  double *g = rrn_arena_alloc_raw(arena, columns * l->n_in, sizeof(*g));
  size_t c;

  for (c = 0; g && c < columns; c++)
    rrn_xbar_conductances(l, (int32_t)(c / l->cols / (size_t)l->n_sides), (int32_t)(c / l->cols % (size_t)l->n_sides),
                          c % l->cols, 0, l->n_in, g + c * l->n_in);
  return g;
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
  const int32_t has_levels = hw->v.noise.write_model == RRN_WRITE_LEVELS;
  const rrn_xbar_noise n = {
    .level_mean = has_levels ? hw->v.noise.level_mean_us.v : NULL,
    .level_sigma = has_levels ? hw->v.noise.level_sigma_us.v : NULL, .level_unit = scale,
    /* Rounding of a preset's resistance is no difference. */
    .fit_min = hw->v.noise.fit_min_us * scale * (1 - 1e-9), .fit_max = hw->v.noise.fit_max_us * scale * (1 + 1e-9),
    .drift_by_state = hw->v.noise.drift_exponent_log != 0 || hw->v.noise.drift_sigma_log != 0,
    .drift_exponent_log = hw->v.noise.drift_exponent_log, .drift_exponent_min = hw->v.noise.drift_exponent_min,
    .drift_exponent_max = hw->v.noise.drift_exponent_max, .drift_sigma_log = hw->v.noise.drift_sigma_log,
    .drift_sigma_min = hw->v.noise.drift_sigma_min, .drift_sigma_max = hw->v.noise.drift_sigma_max,
    .relaxation = hw->v.noise.relaxation_us * scale, .relaxation_sigma = hw->v.noise.relaxation_sigma_us * scale,
    .relaxation_sigma_log = hw->v.noise.relaxation_sigma_log_us * scale,
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

static int32_t
sign_of(const rramnas_hw *hw)
{
  static const int32_t signs[] = { [RRN_SIGNED_DIFFERENTIAL] = RRN_XBAR_DIFFERENTIAL, [RRN_SIGNED_OFFSET] = RRN_XBAR_OFFSET,
                                   [RRN_SIGNED_UNIT_COLUMN] = RRN_XBAR_UNIT_COLUMN };

  return signs[hw->v.weight.sign];
}

rrn_xbar_spec
rrn_xbar_spec_of(const rramnas_hw *hw)
{
  const rrn_xbar_spec s = {
    .sign = sign_of(hw),
    .weight_bits = hw->v.weight.bits, .cell_bits = hw->v.device.bits_per_cell, .input_bits = hw->v.input.bits,
    .dac_bits = hw->v.dac.bits, .rows = rrn_hw_subarray_rows(hw), .driven = hw->v.dac.per_subarray,
    .subtract_digitally = hw->v.weight.subtraction == RRN_SUBTRACT_DIGITAL,
    .g_off = hw->v.device.on_resistance_ohm / hw->v.device.off_resistance_ohm,
  };

  return s;
}
