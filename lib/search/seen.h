/* SPDX-License-Identifier: MIT */
/* The set of all genomes that were ever asked for. */
#ifndef RRN_SEARCH_SEEN_H
#define RRN_SEARCH_SEEN_H

#include "util/runtime.h"

typedef struct rrn_fingerprint {
  uint64_t low, high;
} rrn_fingerprint;

typedef struct rrn_seen {
  const rrn_rt *rt;
  rrn_fingerprint *slots; /* 0, 0 = free */
  size_t mask, n;
} rrn_seen;

void rrn_seen_init(rrn_seen *seen, const rrn_rt *rt);
void rrn_seen_release(rrn_seen *seen);
/* XXH3-128 of a canonical genome; never 0, 0. */
rrn_fingerprint rrn_fingerprint_of(const double *genome, size_t n);
int rrn_seen_has(const rrn_seen *seen, rrn_fingerprint f);
/* 1 = added, 0 = it was there before; ERR_MEMORY. */
int32_t rrn_seen_add(rrn_seen *seen, rrn_fingerprint f, rramnas_error *err);

#endif
