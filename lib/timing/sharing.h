/* SPDX-License-Identifier: MIT */
/* Which boxes of a crossbar may be active at the same time. */
#ifndef RRN_TIMING_SHARING_H
#define RRN_TIMING_SHARING_H

#include "compile/mapping.h"

/* Crossbars with more boxes serve one at a time. */
enum { RRN_SHARING_MOST_BOXES = 64 };

/* What a box waits for, by placement: its own server, and those of the boxes that may not be active with it. */
typedef struct rrn_sharing_servers {
  int32_t *server;  /* [n_placements] */
  int64_t *first;   /* [n_placements + 1] into others */
  int32_t *others;  /* servers */
  int32_t n_servers;
} rrn_sharing_servers;

/* Boxes whose rows, columns and converters are disjoint get servers of their own. */
int32_t rrn_sharing_disjoint(const rramnas_mapping *m, rrn_arena *arena, rrn_sharing_servers *ret_servers,
                             rramnas_error *err);

#endif
