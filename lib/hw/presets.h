/* SPDX-License-Identifier: MIT */
/* Published chips and devices by name: the texts of lib/hw/presets/, built into the library. */
#ifndef RRN_HW_PRESETS_H
#define RRN_HW_PRESETS_H

#include "util/error.h"

typedef struct rrn_preset {
  const char *name;
  const char *label; /* how messages call its text */
  const char *title, *source;
  const char *text; /* YAML of schema rramnas.preset/1, zero-terminated */
  size_t size;
  int32_t kind; /* enum rramnas_preset_kind */
} rrn_preset;

/* Smallest and largest value above 0 that presets give a field. */
typedef struct rrn_preset_range {
  const char *field;
  double low, high;
} rrn_preset_range;

/* Made at build time by presets/embed.py. Chips first, each kind by name; ranges by field. */
extern const rrn_preset rrn_presets[];
extern const size_t rrn_n_presets;
extern const rrn_preset_range rrn_preset_ranges[];
extern const size_t rrn_n_preset_ranges;

/* NULL when there is none. */
const rrn_preset *rrn_preset_find(const char *name);

/* Up to three names like `name`, with commas between, "" when none is. kind 0 = any. */
void rrn_preset_suggest(const char *name, int32_t kind, char *text, size_t size);

/* NULL when no preset gives the field a value above 0. */
const rrn_preset_range *rrn_preset_range_find(const char *field);

#endif
