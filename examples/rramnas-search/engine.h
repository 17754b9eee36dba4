/* SPDX-License-Identifier: MIT */
/* What works out the figures: this process (engine_local.c), or all processes of an MPI job (engine_mpi.c), of which one
 * leads: it alone writes files and prints. */
#ifndef ENGINE_H
#define ENGINE_H

#include "rramnas/rramnas.h"

/* Not 0: this process leads. */
int engine_begin(int *argc, char ***argv);
/* Exit codes of all processes so far in, the worst out on each. What the first of these had to complain of is shown. */
int engine_agree(int code);
/* rramnas_search_run(); on processes that do not lead, until the leader's has ended. */
int32_t engine_run(rramnas_search *search, const rramnas_run_options *options, rramnas_error *reterr);
void engine_end(void);

#endif
