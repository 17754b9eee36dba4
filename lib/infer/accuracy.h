/* SPDX-License-Identifier: MIT */
/* How many images of a data set a network names rightly. */
#ifndef RRN_INFER_ACCURACY_H
#define RRN_INFER_ACCURACY_H

#include "data/data.h"
#include "infer/infer.h"

/* Right answers among images first .. first + n - 1 of a part: those whose greatest output is at their label. A backend
 * meets image i of the part as number i, counted from its first_image. ERR_SHAPE when images and network do not fit.
 * Memory: some hundred images at a time. */
int32_t rrn_infer_count_right(const rrn_infer_plan *plan, const rrn_infer_backend *backend, const rrn_data *data,
                              rrn_data_part part, size_t first, size_t n, int32_t n_threads, size_t *ret_right,
                              rramnas_error *err);

/* The same among images[n][...] in memory, their outputs some hundred at a time. */
int32_t rrn_infer_count_right_of(const rrn_infer_plan *plan, const rrn_infer_backend *backend, const float *images,
                                 const int32_t *labels, size_t n, int32_t n_threads, size_t *ret_right,
                                 rramnas_error *err);

#endif
