/* SPDX-License-Identifier: MIT */
/* The fast effort: the soonest of the plans on all rungs and anchors up to the crossbars at hand. */
#ifndef RRN_BEST_CLIMB_H
#define RRN_BEST_CLIMB_H

#include "best/race.h"
#include "best/rungs.h"

/* The best plan of the race becomes that of the rungs and anchors. Nothing was raced before. */
int32_t rrn_climb(rrn_race *r);
/* The same; the rungs stay, as long as the race does. */
int32_t rrn_climb_with(rrn_race *r, rrn_rungs *rungs);

#endif
