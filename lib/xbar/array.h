/* SPDX-License-Identifier: MIT */
/* A layer on crossbars as a function: programmed cells, and what their read-out gives.
 * Conductances are in units of the on conductance, currents in on conductance times full input step.
 *
 * A layer keeps no cells: a conductance is a function of the weight and of the cell's name in the random streams, and is
 * computed when somebody asks. */
#ifndef RRN_XBAR_ARRAY_H
#define RRN_XBAR_ARRAY_H

#include "util/arena.h"

enum { RRN_XBAR_MAX_SLICES = 16 };

enum rrn_xbar_sign {
  RRN_XBAR_DIFFERENTIAL = 0, /* positive and negative cell, the unused one off */
  RRN_XBAR_OFFSET = 1,       /* 2^(weight_bits - 1) is added, and subtracted digitally */
  RRN_XBAR_UNIT_COLUMN = 2   /* the same, subtracted as read from one more column of each crossbar that holds the weight 0 */
};

/* How weights become cells and inputs become steps. */
typedef struct rrn_xbar_spec {
  int32_t sign;
  int32_t weight_bits; /* 2..16: -(2^(bits-1) - 1) .. 2^(bits-1) - 1 */
  int32_t cell_bits;   /* 1..8 */
  int32_t input_bits;  /* 1..16, unsigned */
  int32_t dac_bits;    /* 1..8: bits per input step, least significant first */
  int32_t rows;        /* of an array; a taller layer takes several, whose results are added digitally */
  int32_t driven;      /* of these at once, from the first one on: each such pass is converted by itself; 0 = all */
  int32_t subtract_digitally; /* differential: each cell of a pair has its own conversion */
  double g_off;        /* off conductance, 0..1 */
  size_t unit_outputs; /* outputs that have a unit column together; 0 = all */
} rrn_xbar_spec;

/* Converter of every column, by slice: `codes` levels evenly from lo to hi, both included; 0 codes = none. */
typedef struct rrn_xbar_adc {
  int32_t codes;
  double lo[RRN_XBAR_MAX_SLICES], hi[RRN_XBAR_MAX_SLICES];
} rrn_xbar_adc;

/* Names every random number of a layer. copy < 2^22. */
typedef struct rrn_xbar_id {
  uint64_t seed;
  uint32_t layer, copy;
} rrn_xbar_id;

/* What devices do to conductances when they are written and read. All numbers in units of the on conductance. */
typedef struct rrn_xbar_noise {
  int32_t write_model; /* enum rrn_hw_write_model; levels when level_mean is set */
  int32_t read_model;  /* enum rrn_hw_read_model */
  double write_sigma, write_c[5];
  const double *level_mean, *level_sigma; /* [2^cell_bits] or NULL: conductance of each digit as measured, not owned */
  double level_unit;   /* of these numbers */
  double fit_min, fit_max; /* beyond, the polynomial is that of the limit; 0 = no limit */
  double read_sigma;
  double drift_exponent, drift_exponent_sigma, drift_reference_s, time_s;
  int32_t drift_by_state; /* the next six count */
  double drift_exponent_log, drift_exponent_min, drift_exponent_max; /* mean nu: + log * ln target, within min .. max */
  double drift_sigma_log, drift_sigma_min, drift_sigma_max;          /* its sigma likewise */
  double relaxation, relaxation_sigma, relaxation_sigma_log; /* change of g from 1 s on: per ln t; sigma; that per ln t */
  double stuck_off_fraction, stuck_on_fraction;
} rrn_xbar_noise;

typedef struct rrn_xbar_layer {
  rrn_xbar_spec spec;
  rrn_xbar_adc adc;
  rrn_xbar_id id;
  int32_t read_model;     /* enum rrn_hw_read_model */
  double read_sigma;
  int read_by_column;     /* one draw per column current, of the same distribution, instead of one per cell */
  size_t n_in, n_out;
  size_t cols;            /* n_out, then the unit columns */
  int32_t n_slices, n_sides, n_steps;
  const int32_t *weights; /* [n_out][n_in], not owned */
  rrn_xbar_noise noise;
  const double *g;        /* [slice][side][cols][n_in]: conductances as given; NULL = as weights and noise say */
  int ideal;              /* conductances are as the digits say */
  const struct rrn_xbar_converters *converters; /* NULL = without errors of their own */
} rrn_xbar_layer;

/* What the converters did. Clipped: more than half a step beyond the range. */
typedef struct rrn_xbar_stats {
  int64_t conversions, clipped_low, clipped_high;
} rrn_xbar_stats;

/* Checks the ranges of a spec. */
int32_t rrn_xbar_spec_check(const rrn_xbar_spec *spec, rramnas_error *err);

/* A layer of ideal cells for weights[n_out][n_in], which must outlive it; no converter, no read noise. */
int32_t rrn_xbar_layer_create(const rrn_xbar_spec *spec, const int32_t *weights, size_t n_out, size_t n_in,
                              rrn_xbar_id id, rrn_xbar_layer *ret_layer, rramnas_error *err);

/* The digit that a cell is to hold. */
int32_t rrn_xbar_digit(const rrn_xbar_layer *l, int32_t slice, int32_t side, size_t col, size_t in);

/* The digits of n inputs in any order. */
void rrn_xbar_digits(const rrn_xbar_layer *l, int32_t slice, int32_t side, size_t col, const uint32_t *inputs, size_t n,
                     int32_t *ret_digits);

/* Conductances of n cells of a column from input `first` on, as written: write error, drift, faults. */
void rrn_xbar_conductances(const rrn_xbar_layer *l, int32_t slice, int32_t side, size_t col, size_t first, size_t n,
                           double *ret_g);

/* The same of all cells of a column in n slices: ret_g[slice][side][n_in]. */
void rrn_xbar_conductances_of_slices(const rrn_xbar_layer *l, size_t col, int32_t first, int32_t n, double *ret_g);

/* Whether cells have relative or absolute write errors and no others. */
int rrn_xbar_writes_plainly(const rrn_xbar_layer *l);

/* Deviates of these errors of n columns' slices from slice `first` of column `col` on, [col][slice][side][n_in]: where they are
 * in room[], which has space for them and 64 more. */
const float *rrn_xbar_deviates_of_slices(const rrn_xbar_layer *l, size_t col, int32_t first, size_t n, float *room);

/* Conductances of the cells of n inputs in any order. */
void rrn_xbar_conductances_at(const rrn_xbar_layer *l, int32_t slice, int32_t side, size_t col, const uint32_t *inputs,
                              size_t n, double *ret_g);

/* The sums of those of a column's rows[n], in order, of a pair's both sides. */
void rrn_xbar_sums_of_pair(const rrn_xbar_layer *l, int32_t slice, size_t col, const uint8_t *rows, size_t n,
                           double ret_sums[2]);
/* The same of one side. */
double rrn_xbar_sum(const rrn_xbar_layer *l, int32_t slice, int32_t side, size_t col, const uint8_t *rows, size_t n);

/* Place of a cell in g[], and its number in the streams of reads: independent of the array's height. */
static inline size_t
rrn_xbar_cell(const rrn_xbar_layer *l, int32_t slice, int32_t side, size_t col, size_t in)
{
  return (((size_t)slice * (size_t)l->n_sides + (size_t)side) * l->cols + col) * l->n_in + in;
}

/* Rows that one conversion sums at most: those of the first pass. */
static inline size_t
rrn_xbar_driven(const rrn_xbar_layer *l)
{
  const size_t rows = (size_t)l->spec.rows, driven = (size_t)l->spec.driven;
  const size_t most = driven > 0 && driven < rows ? driven : rows;

  return l->n_in < most ? l->n_in : most;
}

/* The end of the pass that begins with the input `first`: no pass has rows of two arrays. */
static inline size_t
rrn_xbar_pass_end(const rrn_xbar_layer *l, size_t first)
{
  const size_t rows = (size_t)l->spec.rows, of_array = (first / rows + 1) * rows, end = first + rrn_xbar_driven(l);
  const size_t inputs = l->n_in < of_array ? l->n_in : of_array;

  return end < inputs ? end : inputs;
}

/* The column that what an output's offset adds is read from. */
static inline size_t
rrn_xbar_unit_column(const rrn_xbar_layer *l, size_t output)
{
  return l->n_out + output / l->spec.unit_outputs;
}

/* Greatest digit of a cell and of an input step. */
static inline int32_t
rrn_xbar_max_digit(const rrn_xbar_layer *l)
{
  return (1 << l->spec.cell_bits) - 1;
}

static inline int32_t
rrn_xbar_max_step(const rrn_xbar_layer *l)
{
  return (1 << l->spec.dac_bits) - 1;
}

/* Conductance of each step of a digit. */
static inline double
rrn_xbar_unit_of(const rrn_xbar_layer *l)
{
  return (1 - l->spec.g_off) / rrn_xbar_max_digit(l);
}

/* The level nearest to the current, ties to the even code; the current itself without a converter. */
double rrn_xbar_convert(const rrn_xbar_adc *adc, int32_t slice, double current, rrn_xbar_stats *stats);

/* Current of a column's cells of one side in the `rows` inputs from `first` on, without read noise. */
double rrn_xbar_current(const rrn_xbar_layer *l, const int32_t *x, size_t first, size_t rows, int32_t step,
                        int32_t slice, int32_t side, size_t col);

/* Reference in double, cell by cell: x[batch][n_in] in 0 .. 2^input_bits - 1 -> ret_y[batch][n_out] in units of weight
 * times input. Vector b has the number first_vector + b in the streams of read noise. stats may be NULL. */
int32_t rrn_xbar_mvm_reference(rrn_arena *scratch, const rrn_xbar_layer *l, const int32_t *x, size_t batch,
                               uint32_t first_vector, double *ret_y, rrn_xbar_stats *stats, rramnas_error *err);

/* Every current that a converter would see, without read noise: n of a slice at a time, in no order. */
typedef void rrn_xbar_visit(void *user, int32_t slice, const double *currents, size_t n);
int32_t rrn_xbar_visit_currents(rrn_arena *scratch, const rrn_xbar_layer *l, const int32_t *x, size_t batch,
                                rrn_xbar_visit *visit, void *user, rramnas_error *err);

/* The same by the loops in plain C, with AVX2, with AVX-512; RRAMNAS_ERR_UNSUPPORTED where the machine does not have it. */
enum { RRN_XBAR_LOOPS_LEVELS = 3 };

int32_t rrn_xbar_visit_currents_by(int level, rrn_arena *scratch, const rrn_xbar_layer *l, const int32_t *x,
                                   size_t batch, rrn_xbar_visit *visit, void *user, rramnas_error *err);

/* The same from the reference, with read noise, one by one: visit(user, slice, current). */
int32_t rrn_xbar_profile(rrn_arena *scratch, const rrn_xbar_layer *l, const int32_t *x, size_t batch,
                         uint32_t first_vector, void (*visit)(void *user, int32_t slice, double current), void *user,
                         rramnas_error *err);

/* 1 when every input is in range. */
int rrn_xbar_inputs_valid(const rrn_xbar_layer *l, const int32_t *x, size_t batch, rramnas_error *err);

#endif
