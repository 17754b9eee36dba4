/* SPDX-License-Identifier: MIT */
/* killed CHECKPOINT HISTORY FRONT GENERATIONS: goes on from the checkpoint if there is one, else begins; writes the
 * front as bytes. test_killed.py ends it at random moments. */
#include <stdio.h>
#include <unistd.h>

#include "search_case.h"

static int32_t
begin_or_resume(rramnas_search *s, const char *checkpoint, rramnas_error *err)
{
  rramnas_search_options o = RRAMNAS_SEARCH_OPTIONS_INIT;

  o.seed = 11;
  o.population = 24;
  return access(checkpoint, F_OK) == 0 ? rramnas_search_resume_file(s, checkpoint, err)
                                       : rramnas_search_start(s, &o, err);
}

int
main(int argc, char **argv)
{
  rramnas_run_options run = RRAMNAS_RUN_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = NULL;
  int failed;

  if (argc != 5 || sscanf(argv[4], "%lld", (long long *)&run.generations) != 1)
    return 2;
  run.checkpoint = argv[1];
  failed = case_create(NULL, argv[2], NULL, &s, &err) < 0 || begin_or_resume(s, argv[1], &err) < 0 ||
           rramnas_search_run(s, &run, &err) < 0 || case_write_front(s, argv[3]) != 0;
  if (failed)
    fprintf(stderr, "killed: %s\n", err.message);
  rramnas_search_unref(s);
  return failed;
}
