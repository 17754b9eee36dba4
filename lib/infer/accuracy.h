/* SPDX-License-Identifier: MIT */
/* How many images a network names rightly. */
#ifndef RRN_INFER_ACCURACY_H
#define RRN_INFER_ACCURACY_H

#include "infer/infer.h"

/* Right answers among images[n][...]: those whose greatest output is at their label. A backend meets image i as number i,
 * counted from its first_image. Memory: outputs of some hundred images at a time.
 * ERR_RANGE names the first image whose outputs are not all finite. */
int32_t rrn_infer_count_right_of(const rrn_infer_plan *plan, const rrn_infer_backend *backend, const float *images,
                                 const int32_t *labels, size_t n, int32_t n_threads, size_t *ret_right,
                                 rramnas_error *err);

#endif
