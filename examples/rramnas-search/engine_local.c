/* SPDX-License-Identifier: MIT */
/* One process: threads do the work. */
#include "engine.h"

int
engine_begin(int *argc, char ***argv)
{
  (void)argc;
  (void)argv;
  return 1;
}

int
engine_agree(int code)
{
  return code;
}

int32_t
engine_run(rramnas_search *search, const rramnas_run_options *options, rramnas_error *reterr)
{
  return rramnas_search_run(search, options, reterr);
}

void
engine_end(void)
{
}
