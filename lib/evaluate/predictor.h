/* SPDX-License-Identifier: MIT */
/* A figure learned from a table. */
#ifndef RRN_EVALUATE_PREDICTOR_H
#define RRN_EVALUATE_PREDICTOR_H

#include <xxhash.h>

#include "evaluate/table.h"

/* The predictor of a figure, the last one added first; NULL = none. */
const struct rrn_predictor *rrn_predictors_find(const struct rrn_predictor *predictors, const char *figure);
double rrn_predictor_value(const struct rrn_predictor *predictor, const double *x);
void rrn_predictors_hash(const struct rrn_predictor *predictors, XXH3_state_t *state);

#endif
