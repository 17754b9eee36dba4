/* SPDX-License-Identifier: MIT */
/* Ranges of converters. */
#ifndef RRN_XBAR_ADC_H
#define RRN_XBAR_ADC_H

#include "xbar/array.h"

enum rrn_xbar_range {
  RRN_XBAR_RANGE_MAX = 0,      /* all rows that are driven at once at the on conductance */
  RRN_XBAR_RANGE_GRANULAR = 1, /* a step is one digit of a cell at one step of an input */
};

/* 2^bits levels from 0 up, or 2^bits - 1 around 0 where pairs are subtracted before the converter. bits 1..16. */
int32_t rrn_xbar_adc_set(rrn_xbar_layer *layer, int32_t bits, int32_t range, rramnas_error *err);

/* Whether the granular range loses nothing of error-free cells, given bits enough. */
int rrn_xbar_adc_keeps_digits(const rrn_xbar_layer *layer);

/* The range of each slice is the greatest current divided by the largest power of two that leaves the `fraction`
 * (0..1] of the sample's currents within it: ratios of slices are powers of two. */
int32_t rrn_xbar_adc_calibrate(rrn_arena *scratch, rrn_xbar_layer *layer, int32_t bits, const int32_t *x, size_t batch,
                               double fraction, rramnas_error *err);

/* Octaves of a layer's currents below the greatest one; in the last are those that are none. */
enum { RRN_XBAR_OCTAVES = 40 };

/* The ranges of slices as octaves below the greatest current: from the currents themselves. ret_octaves[n_slices] */
int32_t rrn_xbar_octaves_of_currents(rrn_arena *scratch, const rrn_xbar_layer *layer, const int32_t *x, size_t batch,
                                     double fraction, int32_t *ret_octaves, rramnas_error *err);

/* The same from digits, where these decide; *ret_known 0 = they do not. octaves.c */
int32_t rrn_xbar_octaves_of_digits(rrn_arena *scratch, const rrn_xbar_layer *layer, const int32_t *x, size_t batch,
                                   double fraction, int32_t *ret_octaves, int *ret_known, rramnas_error *err);

/* By the loops in plain C, with AVX2, with AVX-512; RRAMNAS_ERR_UNSUPPORTED where the machine does not have them. */
int32_t rrn_xbar_octaves_of_digits_by(int level, rrn_arena *scratch, const rrn_xbar_layer *layer, const int32_t *x,
                                      size_t batch, double fraction, int32_t *ret_octaves, int *ret_known,
                                      rramnas_error *err);

#endif
