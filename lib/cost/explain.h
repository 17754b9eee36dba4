/* SPDX-License-Identifier: MIT */
/* The numbers of cost model rramnas, one by one, with formula, inputs and source. */
#ifndef RRN_COST_EXPLAIN_H
#define RRN_COST_EXPLAIN_H

#include "compile/mapping.h"

int32_t rrn_explain_hw(const rramnas_hw *hw, rramnas_derived_fn derived, void *user, rramnas_error *err);
int32_t rrn_explain_mapping(const rramnas_mapping *m, const rramnas_cost_options *options, rramnas_derived_fn derived,
                            void *user, rramnas_error *err);

#endif
