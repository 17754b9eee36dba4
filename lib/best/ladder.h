/* SPDX-License-Identifier: MIT */
/* The fast effort: the best of short searches on numbers of crossbars up to those at hand. */
#ifndef RRN_BEST_LADDER_H
#define RRN_BEST_LADDER_H

#include "best/race.h"

/* Its plan becomes the race's best when it is sooner done. */
int32_t rrn_ladder_run(rrn_race *r);

#endif
