/* SPDX-License-Identifier: MIT */
/* The table of all fields of a hardware spec, and the rules between fields. */
#ifndef RRN_HW_SPEC_FIELDS_H
#define RRN_HW_SPEC_FIELDS_H

#include "hw/spec.h"
#include "util/yaml.h"

typedef struct rrn_hw_field {
  const char *name; /* "section.field"; without a section for the texts at the top */
  int32_t type;     /* enum rramnas_field_type */
  const char *unit;
  double min, max;
  const char *default_text;
  const char *choices;  /* "a|b|c", "" when it is no choice */
  const char *words[7]; /* the same one by one, NULL at the end */
  size_t offset; /* in rramnas_hw: int32_t (integer, choice), double (real), const char * (text), rrn_hw_list (list) */
  const char *since;
  const char *doc;
  const char *source;
} rrn_hw_field;

/* A condition on two fields. */
typedef struct rrn_hw_rule {
  const char *fields[2];
  int (*holds)(const rramnas_hw *hw);
  const char *reason; /* a whole sentence */
} rrn_hw_rule;

extern const rrn_hw_field rrn_hw_fields[];
extern const size_t rrn_hw_n_fields;
extern const rrn_hw_rule rrn_hw_rules[];
extern const size_t rrn_hw_n_rules;

/* NULL when there is none. */
const rrn_hw_field *rrn_hw_field_find(const char *name);

/* Known name closest to a misspelt one, NULL when none is close. */
const char *rrn_hw_field_suggest(const char *name);

/* Edits (insert, delete, replace) that turn one name into the other; both shorter than RRN_HW_MAX_WORD. */
enum { RRN_HW_MAX_WORD = 64 };
size_t rrn_hw_edit_distance(const char *a, const char *b);

/* Bytes of the section in a dotted name, 0 without one. */
size_t rrn_hw_section_length(const char *name);

/* Reads the scalar into the handle; failures say `what`. */
int32_t rrn_hw_field_assign(const rrn_hw_field *field, const char *what, const rrn_yaml *node, rramnas_hw *hw,
                            rramnas_error *err);

double rrn_hw_field_number(const rrn_hw_field *field, const rramnas_hw *hw);
/* The numbers of a list. */
const rrn_hw_list *rrn_hw_field_list(const rrn_hw_field *field, const rramnas_hw *hw);
/* Word of a choice (static) or the text (the handle's). */
const char *rrn_hw_field_text(const rrn_hw_field *field, const rramnas_hw *hw);

#endif
