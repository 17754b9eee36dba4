/* SPDX-License-Identifier: MIT */
/* Converters with errors of their own. */
#ifndef RRN_XBAR_CONVERTER_H
#define RRN_XBAR_CONVERTER_H

#include "xbar/layout.h"

/* What a chip's converters are. */
typedef struct rrn_xbar_converter_spec {
  int32_t kind;          /* enum rrn_hw_adc_kind */
  int32_t split;         /* sar: capacitors in two halves */
  double unit_sigma;     /* of a unit capacitor or of a step of the ramp or ladder, relative */
  double offset_sigma;   /* of a comparator, share of the range */
  int32_t per_crossbar;  /* converters of a crossbar */
  int32_t block;         /* 1: each has neighbouring columns; 0: column k has converter k modulo per_crossbar */
  rrn_xbar_layout layout;
} rrn_xbar_converter_spec;

/* The converters of a layer, each drawn for itself. */
typedef struct rrn_xbar_converters {
  rrn_xbar_converter_spec spec;
  int32_t codes, bits;     /* codes 0 .. codes - 1 */
  size_t n_planes;         /* conversions of a column and step */
  size_t crossbars;        /* of a tile */
  size_t per_crossbar;     /* in use */
  size_t n_out, outputs;   /* of the layer, and how many a crossbar has */
  size_t weights;          /* side by side in a crossbar; the last one is the unit column */
  const double *units;     /* sar: [converters][bits] what each bit adds, in codes, lowest first; ramp:
                            * [tiles][crossbars][codes - 1], flash: [converters][codes - 1] lowest current of codes 1,
                            * 2 ... */
  const double *offset;    /* [converters] of comparators, in codes; flash: none */
} rrn_xbar_converters;

rrn_xbar_converter_spec rrn_xbar_converter_spec_of(const rramnas_hw *hw);

/* Draws the converters of a layer whose ranges are set, into the arena; NULL in the layer when they have no errors. The
 * layer's name names them. */
int32_t rrn_xbar_converters_draw(rrn_arena *arena, rrn_xbar_layer *layer, const rrn_xbar_converter_spec *spec,
                                 rramnas_error *err);

/* Converter of a plane (slice, or side of a slice) of a column in an array. */
size_t rrn_xbar_converter_of(const rrn_xbar_converters *c, size_t tile, int32_t plane, size_t col);

/* Its codes for n currents in codes, 0 at the low end of the range; they grow with the current, in steps of any height.
 * A current less than ret_distance away has the same code. */
void rrn_xbar_converter_codes(const rrn_xbar_converters *c, size_t converter, const double *current, size_t n,
                              int32_t *ret_code, double *ret_distance);

/* The lowest currents of codes 1, 2 ..., to rounding; room for 2^bits numbers. */
void rrn_xbar_converter_borders(const rrn_xbar_converters *c, size_t converter, double *ret_borders);

#endif
