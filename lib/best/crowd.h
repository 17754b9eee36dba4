/* SPDX-License-Identifier: MIT */
/* How long a packing in random order must take, told by its first boxes. */
#ifndef RRN_BEST_CROWD_H
#define RRN_BEST_CROWD_H

#include "compile/mapping.h"
#include "compile/numpy.h"
#include "compile/pack.h"

/* Numbers of a random stream that are small, in the order in which they come. */
typedef struct rrn_crowd {
  rrn_mt19937 rng;
  uint32_t seed;
  int32_t boxes;   /* that are packed, about */
  double most;     /* below that a number is kept; 0 = none is yet */
  size_t drawn;    /* numbers drawn so far */
  size_t *at;      /* [n] which number of the stream it is */
  double *keys;    /* [n] */
  size_t n, cap_at, cap_keys;
  rrn_arena *arena;
} rrn_crowd;

void rrn_crowd_init(rrn_crowd *c, uint32_t seed, int32_t boxes, rrn_arena *arena);
/* Of timing RRAMNAS_TIMING_RNC, where all crossbars of a job are held until its longest box is done: completion that the
 * mapping is not below when its copies are packed first fit, in the order of the stream's numbers from number `from` on;
 * 0 when nothing can be said. Pieces and copies of the mapping are known. */
int32_t rrn_crowd_bound(rrn_crowd *c, const rramnas_mapping *m, const rrn_pack_rules *rules, size_t from,
                        int32_t samples, rrn_arena *scratch, double *ret_ns, rramnas_error *err);

#endif
