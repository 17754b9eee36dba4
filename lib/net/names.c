/* SPDX-License-Identifier: MIT */
/* Open addressing with linear probing, at most half full, so that a search always meets an empty slot. */
#include "net/names.h"

#include <string.h>
#include <xxhash.h>

struct rrn_name_slot {
  const char *name; /* NULL = empty */
  int32_t value;
};

enum { FIRST_CAP = 64 };

void
rrn_names_init(rrn_names *names, const rrn_rt *rt)
{
  *names = (rrn_names){ .rt = rt };
}

void
rrn_names_release(rrn_names *names)
{
  if (names->rt)
    rrn_free(names->rt, names->slots);
  names->slots = NULL;
  names->cap = names->n = 0;
}

/* The slot of a name, or the empty one where it belongs. */
static struct rrn_name_slot *
find(struct rrn_name_slot *slots, size_t cap, const char *name)
{
  size_t i = (size_t)XXH3_64bits(name, strlen(name)) & (cap - 1);

  while (slots[i].name && strcmp(slots[i].name, name) != 0)
    i = (i + 1) & (cap - 1);
  return &slots[i];
}

static int32_t
grow(rrn_names *names, rramnas_error *err)
{
  const size_t cap = names->cap ? names->cap * 2 : FIRST_CAP;
  struct rrn_name_slot *slots = rrn_calloc(names->rt, cap, sizeof(*slots));
  size_t i;

  if (!slots)
    return rrn_fail_memory(err);
  for (i = 0; i < names->cap; i++)
    if (names->slots[i].name)
      *find(slots, cap, names->slots[i].name) = names->slots[i];
  rrn_free(names->rt, names->slots);
  names->slots = slots;
  names->cap = cap;
  return RRAMNAS_OK;
}

int32_t
rrn_names_get(const rrn_names *names, const char *name)
{
  const struct rrn_name_slot *slot = names->cap ? find(names->slots, names->cap, name) : NULL;

  return slot && slot->name ? slot->value : -1;
}

int32_t
rrn_names_put(rrn_names *names, const char *name, int32_t value, rramnas_error *err)
{
  struct rrn_name_slot *slot;

  if (2 * (names->n + 1) > names->cap)
    RRN_TRY(grow(names, err));
  slot = find(names->slots, names->cap, name);
  names->n += !slot->name;
  slot->name = name;
  slot->value = value;
  return RRAMNAS_OK;
}
