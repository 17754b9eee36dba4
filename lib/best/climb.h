/* SPDX-License-Identifier: MIT */
/* The fast effort: the soonest of the plans on all rungs up to the crossbars at hand. */
#ifndef RRN_BEST_CLIMB_H
#define RRN_BEST_CLIMB_H

#include "best/race.h"

/* The best plan of the race becomes that of the rungs, when it is sooner. */
int32_t rrn_climb(rrn_race *r);

#endif
