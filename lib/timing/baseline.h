/* SPDX-License-Identifier: MIT */
/* The figures of a timing result: contended, contention-free, baseline. */
#ifndef RRN_TIMING_BASELINE_H
#define RRN_TIMING_BASELINE_H

#include "timing/sim.h"

/* Reads the caller's options (NULL = defaults), fills in the defaults and checks the ranges. */
int32_t rrn_timing_resolve(const rramnas_timing_options *callers, rramnas_timing_options *ret_options,
                           rramnas_error *err);

/* All figures of a mapping. `options` is resolved. */
int32_t rrn_timing_all(const rramnas_mapping *m, const rramnas_timing_options *options, rramnas_timing *ret_timing,
                       rramnas_error *err);

#endif
