/* SPDX-License-Identifier: MIT */
/* Relations between genes: comparisons of linear sums. */
#ifndef RRN_SPACE_RULES_H
#define RRN_SPACE_RULES_H

#include "space/space.h"

typedef struct rrn_rule_term {
  size_t gene;
  double factor;
} rrn_rule_term;

enum rrn_rule_relation { RRN_RULE_LT, RRN_RULE_LE, RRN_RULE_EQ, RRN_RULE_NE, RRN_RULE_GE, RRN_RULE_GT };

/* Sum of the terms + constant, compared with 0. Every gene once. */
typedef struct rrn_space_rule {
  const char *text; /* as it was given, without blanks around it */
  rrn_rule_term *terms;
  size_t n_terms;
  double constant;
  int32_t relation;
} rrn_space_rule;

/* rrn_space_add_rule() for a text that begins at `where`. */
int32_t rrn_rule_add(rrn_space *s, const char *text, rrn_place where, rramnas_error *err);

/* What is missing, 0 = kept. */
double rrn_rule_violation(const rrn_space *s, const rrn_space_rule *rule, const double *x);

#endif
