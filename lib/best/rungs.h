/* SPDX-License-Identifier: MIT */
/* The fast effort's numbers of crossbars, and the times that its plans on them are not below. */
#ifndef RRN_BEST_RUNGS_H
#define RRN_BEST_RUNGS_H

#include "best/ideal.h"
#include "best/kept.h"
#include "best/search.h"

enum { RRN_MOST_RUNGS = 512 };

/* What a search for the plan of a rung may spend. */
extern const rrn_allowance rrn_rungs_allowance;

typedef struct rrn_rungs {
  rrn_search *search;
  rrn_ideal *ideal;
  int32_t crossbars[RRN_MOST_RUNGS]; /* [n], upwards */
  double floor_ns[RRN_MOST_RUNGS];   /* [n], 0 = not yet known */
  int32_t n;
  int32_t ends;    /* 1: the last one stays the last with more crossbars at hand */
  int32_t first;   /* crossbars that the cells of one copy fill */
  int32_t fewest;  /* with which each layer has room by itself */
  int32_t dense;   /* 1: no layer has groups */
  double rest_ns;  /* relaxed time of one inference with any number of crossbars */
  double least_ns; /* of all inferences that never wait, the same */
  double factor;   /* of the relaxed time's excess over rest_ns */
} rrn_rungs;

/* The rungs up to `most` crossbars, maybe none. Matrices are known; mapping, search and arena must live as long. */
int32_t rrn_rungs_init(rrn_rungs *r, const rramnas_mapping *m, rrn_search *search, int32_t most, rrn_arena *arena,
                       rramnas_error *err);
/* No plan of the rung may be sooner. Never rises from rung to rung, to within rounding; depends on
 * nothing but network, chip, options and the rung's crossbars. */
double rrn_rungs_floor_ns(rrn_rungs *r, int32_t rung);
/* The next lower rung that is of use: its floor is lower, or its crossbars many more, than those of rungs below. -1 =
 * there is none. Start with n. */
int32_t rrn_rungs_below(rrn_rungs *r, int32_t rung);

#endif
