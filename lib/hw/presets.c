/* SPDX-License-Identifier: MIT */
/*
 * In: a name. Out: the preset of that name, names like it, the range that presets span in a field.
 *
 * The tables are made at build time from the files in presets/. A few dozen names: everything is a linear scan.
 */
#include "hw/presets.h"

#include <stdio.h>
#include <string.h>

#include "hw/spec_fields.h"

enum { MOST_SUGGESTIONS = 3, NEAR = 4 };

const rrn_preset *
rrn_preset_find(const char *name)
{
  size_t i;

  for (i = 0; i < rrn_n_presets; i++)
    if (strcmp(rrn_presets[i].name, name) == 0)
      return &rrn_presets[i];
  return NULL;
}

/* 0 is part of the other; else edits. */
static size_t
unlikeness(const char *name, const char *preset)
{
  if (strlen(name) >= RRN_HW_MAX_WORD || strlen(preset) >= RRN_HW_MAX_WORD)
    return RRN_HW_MAX_WORD;
  if (strlen(name) >= 2 && (strstr(preset, name) || strstr(name, preset)))
    return 0;
  return rrn_hw_edit_distance(name, preset);
}

void
rrn_preset_suggest(const char *name, int32_t kind, char *text, size_t size)
{
  size_t distance, i, n = 0, used = 0;

  text[0] = '\0';
  for (distance = 0; distance <= NEAR && n < MOST_SUGGESTIONS; distance++)
    for (i = 0; i < rrn_n_presets && n < MOST_SUGGESTIONS && used < size; i++)
      if ((!kind || rrn_presets[i].kind == kind) && unlikeness(name, rrn_presets[i].name) == distance)
        used += (size_t)snprintf(text + used, size - used, "%s%s", n++ ? ", " : "", rrn_presets[i].name);
}

const rrn_preset_range *
rrn_preset_range_find(const char *field)
{
  size_t i;

  for (i = 0; i < rrn_n_preset_ranges; i++)
    if (strcmp(rrn_preset_ranges[i].field, field) == 0)
      return &rrn_preset_ranges[i];
  return NULL;
}
