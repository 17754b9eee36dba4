/* SPDX-License-Identifier: MIT */
/* callback FRONT GENERATIONS [FAILS]: a search whose figures are all the callback's, over the ranks of an MPI job. Prints,
 * as the leader, how many candidates each rank judged. With FAILS, the callback of the last rank ends the run. */
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include "rramnas/rramnas_mpi.h"
#include "search_case.h"

typedef struct judge {
  int64_t count;
  int fails;
} judge;

/* Long enough that all ranks get some. */
static int32_t
evaluate(void *user, const rramnas_batch *batch)
{
  const struct timespec pause = { .tv_nsec = 1000000 };
  judge *j = user;

  nanosleep(&pause, NULL);
  if (j->fails && j->count > 3)
    return 1;
  return case_evaluate(&j->count, batch);
}

static int
report(const rramnas_search *s, const judge *j, int rank, int n_ranks, const char *path)
{
  long long mine = (long long)j->count, counts[64] = { 0 };
  int i;

  MPI_Gather(&mine, 1, MPI_LONG_LONG, counts, 1, MPI_LONG_LONG, 0, MPI_COMM_WORLD);
  for (i = 0; i < n_ranks && rank == 0; i++)
    printf("%lld\n", counts[i]);
  return rank == 0 ? case_write_front(s, path) : 0;
}

int
main(int argc, char **argv)
{
  rramnas_search_options o = RRAMNAS_SEARCH_OPTIONS_INIT;
  rramnas_run_options run = RRAMNAS_RUN_OPTIONS_INIT;
  rramnas_error err = RRAMNAS_ERROR_INIT;
  rramnas_search *s = NULL;
  judge j = { 0, 0 };
  int rank, n_ranks, failed;

  MPI_Init(&argc, &argv);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  MPI_Comm_size(MPI_COMM_WORLD, &n_ranks);
  j.fails = argc > 3 && rank == n_ranks - 1;
  o.seed = 11;
  o.population = 24;
  run.generations = argc > 2 ? strtoll(argv[2], NULL, 10) : 1;
  failed = case_create(NULL, NULL, NULL, &s, &err) < 0 ||
           rramnas_search_set_evaluate(s, evaluate, &j, &err) < 0 || rramnas_search_start(s, &o, &err) < 0;
  if (failed) {
    rramnas_search_unref(s);
    s = NULL;
  }
  failed = rramnas_mpi_run(s, MPI_COMM_WORLD, &run, &err) < 0 || report(s, &j, rank, n_ranks, argv[1]) != 0;
  if (failed)
    fprintf(stderr, "rank %d of %d: %s\n", rank, n_ranks, err.message);
  rramnas_search_unref(s);
  MPI_Finalize();
  return failed;
}
