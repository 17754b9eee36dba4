/* SPDX-License-Identifier: MIT */
/* Ini files in the dialect of Python's configparser, which is what MNSIM reads its SimConfig.ini with. */
#ifndef RRN_HW_INI_H
#define RRN_HW_INI_H

#include "util/yaml.h"

enum { RRN_INI_MAX_KEYS = 1024, RRN_INI_MAX_SECTIONS = 64, RRN_INI_MAX_NAME = 100 };

typedef struct rrn_ini_entry {
  const char *section;  /* the name in its section's list: equal sections share the pointer */
  const char *key;      /* as written */
  rrn_place key_where;
  rrn_yaml value;       /* a scalar with its place */
} rrn_ini_entry;

typedef struct rrn_ini_section {
  const char *name;
  rrn_place where;
} rrn_ini_section;

typedef struct rrn_ini {
  rrn_ini_entry *entries; /* in file order */
  size_t n_entries, cap_entries;
  rrn_ini_section *sections;
  size_t n_sections, cap_sections;
} rrn_ini;

/* Everything lives in the arena; `name` must live as long. ERR_PARSE, ERR_LIMIT, ERR_MEMORY with places. */
int32_t rrn_ini_parse(rrn_arena *arena, const char *data, size_t size, const char *name, rrn_ini *ret_ini,
                      rramnas_error *err);

#endif
