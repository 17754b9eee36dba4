/* SPDX-License-Identifier: MIT */
/* The fast effort's numbers of crossbars, and the times that its plans on them are not below. */
#ifndef RRN_BEST_RUNGS_H
#define RRN_BEST_RUNGS_H

#include "best/ideal.h"

enum { RRN_MOST_RUNGS = 512, RRN_MOST_ANCHORS = 32 };

/* The least time of plans, made without a floor, on these crossbars and on all anchors below. */
typedef struct rrn_anchor {
  int32_t crossbars;
  double ns;
  double slope_ns; /* where it is on the slope that times between anchors follow */
} rrn_anchor;

typedef struct rrn_rungs {
  const rramnas_mapping *m;
  rrn_ideal *ideal;
  int32_t crossbars[RRN_MOST_RUNGS]; /* [n], upwards */
  double expected_ns[RRN_MOST_RUNGS], floor_ns[RRN_MOST_RUNGS]; /* [n], 0 = not yet known */
  int32_t n;
  int32_t ends;     /* 1: the last one stays the last with more crossbars at hand */
  int32_t most;     /* crossbars at hand */
  int32_t first;    /* crossbars that the cells of one copy fill */
  int32_t fewest;   /* with which each layer has room by itself */
  double rest_ns;   /* relaxed time of one inference with any number of crossbars */
  double least_ns;  /* of all inferences that never wait, the same */
  double slack;     /* floors are so much below what is expected */
  double factor;    /* of mobile networks, which need no anchors: of the relaxed time's excess over rest_ns; 0 = another */
  rrn_anchor anchors[RRN_MOST_ANCHORS]; /* [n_anchors], upwards */
  int32_t n_anchors, tried; /* numbers of crossbars tried for the first of them */
  int32_t at;       /* crossbars tried last */
  int32_t bottom;   /* the last anchor up to the crossbars at hand, 0 = none: rungs below are of no use */
} rrn_rungs;

/* The rungs up to `most` crossbars, maybe none. Matrices are known; mapping and arena must live as long. */
int32_t rrn_rungs_init(rrn_rungs *r, const rramnas_mapping *m, int32_t samples, int32_t depthwise, int32_t most,
                       rrn_arena *arena, rramnas_error *err);
/* Crossbars on which a plan is to be made as an anchor, before floors are asked for; 0 = no more. */
int32_t rrn_rungs_next_anchor(rrn_rungs *r);
/* That plan's time; huge = none fits. */
void rrn_rungs_anchor(rrn_rungs *r, double ns);
/* No plan of the rung may be sooner. Never rises from rung to rung, to within rounding; depends on nothing but network,
 * chip, options and the rung's crossbars. */
double rrn_rungs_floor_ns(rrn_rungs *r, int32_t rung);
/* The next lower rung that is of use: above the last anchor, its floor lower, or its crossbars many more, than those of
 * rungs below. -1 = there is none. Start with n. */
int32_t rrn_rungs_below(rrn_rungs *r, int32_t rung);

#endif
