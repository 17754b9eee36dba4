/* SPDX-License-Identifier: MIT */
/* What is known about the keys of a SimConfig.ini. */
#ifndef RRN_HW_SPEC_INI_H
#define RRN_HW_SPEC_INI_H

#include <stddef.h>

typedef enum rrn_ini_use {
  RRN_INI_FIELD,   /* is one field of the spec */
  RRN_INI_RULE,    /* enters a field by a rule, see the note */
  RRN_INI_NO_PART, /* accuracy only, or said by another key: nothing that a cost or time needs */
  RRN_INI_IGNORED, /* MNSIM reads it and does nothing with it: warning */
} rrn_ini_use;

typedef struct rrn_ini_key {
  const char *section, *key;
  rrn_ini_use use;
  const char *shipped; /* value in MNSIM's own file, taken when the key is missing; "" where none is needed */
  const char *field;   /* the fields that it enters, "" for none */
  const char *note;
} rrn_ini_key;

extern const rrn_ini_key rrn_ini_keys[];
extern const size_t rrn_ini_n_keys;

#endif
