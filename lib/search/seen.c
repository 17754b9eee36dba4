/* SPDX-License-Identifier: MIT */
/* Duplicate elimination over a whole search.
 *
 * In:  fingerprints of genomes.
 * Out: whether one was there before.
 *
 * Idea: 128 bits of XXH3 stand for the genome (a million candidates collide with a chance of 1e-27), 16 bytes each
 * in an open-addressed table of at most two thirds, doubled as it fills. What the table answers does not depend on
 * the order of insertion.
 *
 * Complexity: O(1) per question; memory 24 to 48 bytes per genome. Source: Y. Collet, xxHash. */
#include "search/seen.h"

#include <xxhash.h>

enum { FIRST_SLOTS = 1024 };

void
rrn_seen_init(rrn_seen *seen, const rrn_rt *rt)
{
  *seen = (rrn_seen){ rt, NULL, 0, 0 };
}

void
rrn_seen_release(rrn_seen *seen)
{
  if (seen->rt)
    rrn_free(seen->rt, seen->slots);
  *seen = (rrn_seen){ NULL, NULL, 0, 0 };
}

rrn_fingerprint
rrn_fingerprint_of(const double *genome, size_t n)
{
  const XXH128_hash_t h = XXH3_128bits(genome, n * sizeof(*genome));

  return (rrn_fingerprint){ h.low64 | (h.low64 == 0 && h.high64 == 0), h.high64 };
}

/* Its slot, or the free one where it belongs. */
static rrn_fingerprint *
find(const rrn_seen *seen, rrn_fingerprint f)
{
  size_t i = (size_t)f.low & seen->mask;

  while ((seen->slots[i].low || seen->slots[i].high) && (seen->slots[i].low != f.low || seen->slots[i].high != f.high))
    i = (i + 1) & seen->mask;
  return &seen->slots[i];
}

int
rrn_seen_has(const rrn_seen *seen, rrn_fingerprint f)
{
  const rrn_fingerprint *slot = seen->slots ? find(seen, f) : NULL;

  return slot && (slot->low || slot->high);
}

static int32_t
enlarge(rrn_seen *seen, rramnas_error *err)
{
  const size_t slots = seen->slots ? 2 * (seen->mask + 1) : FIRST_SLOTS;
  rrn_seen larger = { seen->rt, rrn_calloc(seen->rt, slots, sizeof(*seen->slots)), slots - 1, seen->n };
  size_t i;

  if (!larger.slots)
    return rrn_fail_memory(err);
  for (i = 0; seen->slots && i <= seen->mask; i++)
    if (seen->slots[i].low || seen->slots[i].high)
      *find(&larger, seen->slots[i]) = seen->slots[i];
  rrn_free(seen->rt, seen->slots);
  *seen = larger;
  return RRAMNAS_OK;
}

int32_t
rrn_seen_add(rrn_seen *seen, rrn_fingerprint f, rramnas_error *err)
{
  rrn_fingerprint *slot;

  if (!seen->slots || seen->n + 1 > (seen->mask + 1) / 3 * 2)
    RRN_TRY(enlarge(seen, err));
  slot = find(seen, f);
  if (slot->low || slot->high)
    return 0;
  seen->n++;
  *slot = f;
  return 1;
}
