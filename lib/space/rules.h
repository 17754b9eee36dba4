/* SPDX-License-Identifier: MIT */
/* A rule between genes, parsed. */
#ifndef RRN_SPACE_RULES_H
#define RRN_SPACE_RULES_H

#include "space/space.h"

enum rrn_rule_relation { RRN_RULE_LESS, RRN_RULE_AT_MOST, RRN_RULE_EQUAL, RRN_RULE_DIFFERENT };

/* sum of factors[i] * gene at[i], and the constant, compared with 0. */
typedef struct rrn_space_rule {
  const char *text;
  size_t *at;      /* [n] */
  double *factors; /* [n] */
  size_t n, cap;
  double constant;
  int32_t relation;
} rrn_space_rule;

/* 0 = kept, else by how much it is not. */
double rrn_rule_violation(const rrn_space *s, const rrn_space_rule *rule, const double *x);

#endif
