/* SPDX-License-Identifier: MIT */
/* A figure learned from a table. */
#ifndef RRN_EVALUATE_PREDICTOR_H
#define RRN_EVALUATE_PREDICTOR_H

#include <xxhash.h>

#include "evaluate/table.h"

/* Adds a predictor of a figure of the table, which is read from `name` and is the evaluator's. */
int32_t rrn_predictor_learn(rrn_evaluation *e, const struct rrn_table *table, const char *name, const char *figure,
                            rramnas_predictor_quality *ret_quality, rramnas_error *err);
/* The predictor of a figure, the last one added first; NULL = none. */
const struct rrn_predictor *rrn_predictors_find(const struct rrn_predictor *predictors, const char *figure);
double rrn_predictor_value(const struct rrn_predictor *predictor, const double *x);
void rrn_predictors_hash(const struct rrn_predictor *predictors, XXH3_state_t *state);

#endif
