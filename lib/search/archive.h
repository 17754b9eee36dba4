/* SPDX-License-Identifier: MIT */
/* The non-dominated points of everything seen. */
#ifndef RRN_SEARCH_ARCHIVE_H
#define RRN_SEARCH_ARCHIVE_H

#include <stddef.h>

#include "util/runtime.h"

/* Points ascend in the first objective; equal points are kept once, the first. Each has a row of `width` doubles that
 * travels with it: its objectives (NaN and infinite ones do not enter), then what the caller keeps there. */
typedef struct rrn_archive {
  const rrn_rt *rt;
  size_t m, width, n, cap;
  size_t capacity; /* 0 = unbounded */
  double *f;       /* [cap][m], in order */
  uint32_t *row;   /* [cap]: where the payload of a point lies */
  double *rows;    /* [cap][width] */
  uint32_t *spare; /* rows that are free */
  size_t n_spare;
} rrn_archive;

void rrn_archive_init(rrn_archive *a, const rrn_rt *rt, size_t m, size_t width, size_t capacity);
void rrn_archive_release(rrn_archive *a);
/* 1 = entered (and those it dominates went), 0 = dominated, equal to one or not finite; negative = ERR_MEMORY. */
int32_t rrn_archive_add(rrn_archive *a, const double *f, const double *payload, rramnas_error *err);
/* The payload of point i. */
const double *rrn_archive_payload(const rrn_archive *a, size_t i);

#endif
