/* SPDX-License-Identifier: MIT */
/* cached CACHE SEED GENERATIONS FRONT: a search whose figures are kept in a file ("" = none); writes the front as bytes
 * and prints evaluations, those from the file and those asked of the callback. test_cache.py lets several run at the same
 * time and ends them at random moments. */
#include <stdio.h>

#include "search_case.h"

static int
write_front(const rramnas_search *s, const char *path)
{
  FILE *file = fopen(path, "wb");
  size_t i;

  for (i = 0; file && i < rramnas_search_front_count(s); i++) {
    double row[CASE_GENES + CASE_FIGURES];

    rramnas_search_front(s, i, row, row + CASE_GENES);
    fwrite(row, sizeof(row), 1, file);
  }
  return file ? fclose(file) : -1;
}

static int32_t
start(rramnas_search *s, const char *cache, uint64_t seed, rramnas_error *err)
{
  rramnas_search_options o = RRAMNAS_SEARCH_OPTIONS_INIT;
  int32_t status = *cache ? rramnas_search_set_cache_file(s, cache, err) : RRAMNAS_OK;

  o.seed = seed;
  o.population = 24;
  return status < 0 ? status : rramnas_search_start(s, &o, err);
}

int
main(int argc, char **argv)
{
  rramnas_run_options run = RRAMNAS_RUN_OPTIONS_INIT;
  rramnas_progress p = RRAMNAS_PROGRESS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = NULL;
  long long seed, generations;
  int64_t asked = 0;
  int32_t status;

  if (argc != 5 || sscanf(argv[2], "%lld", &seed) != 1 || sscanf(argv[3], "%lld", &generations) != 1)
    return 2;
  run.generations = generations;
  if ((status = case_create(NULL, NULL, &asked, &s, &err)) >= 0 &&
      (status = start(s, argv[1], (uint64_t)seed, &err)) >= 0)
    status = rramnas_search_run(s, &run, &err);
  if (status < 0)
    fprintf(stderr, "%s\n", err.message);
  else if (rramnas_search_progress(s, &p) < 0 || write_front(s, argv[4]) != 0)
    status = RRAMNAS_ERR_IO;
  else
    printf("%lld %lld %lld\n", (long long)p.evaluations, (long long)p.cached, (long long)asked);
  rramnas_search_unref(s);
  return status < 0 ? status == RRAMNAS_ERR_UNSUPPORTED ? 77 : 1 : 0;
}
