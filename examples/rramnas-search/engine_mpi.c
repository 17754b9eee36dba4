/* SPDX-License-Identifier: MIT */
/* All processes of an MPI job. Those that do not lead print nothing, and keep what they complain of until it is known
 * whose complaint is to be shown: one slip in the options would be shown by each. */
#include <stdio.h>

#include "../common/text.h"
#include "engine.h"
#include "rramnas/rramnas_mpi.h"

static int rank;

int
engine_begin(int *argc, char ***argv)
{
  int provided;

  MPI_Init_thread(argc, argv, MPI_THREAD_FUNNELED, &provided);
  MPI_Comm_rank(MPI_COMM_WORLD, &rank);
  if (rank != RRAMNAS_MPI_LEADER) {
    hold_complaints();
    if (!freopen("/dev/null", "w", stdout))
      complain("/dev/null: cannot write");
  }
  return rank == RRAMNAS_MPI_LEADER;
}

int
engine_agree(int code)
{
  const int mine[2] = { code, rank };
  int worst[2];

  MPI_Allreduce(mine, worst, 1, MPI_2INT, MPI_MAXLOC, MPI_COMM_WORLD);
  if (worst[0] != 0 && worst[1] == rank)
    show_complaints();
  return worst[0];
}

int32_t
engine_run(rramnas_search *search, const rramnas_run_options *options, rramnas_error *reterr)
{
  rramnas_run_options o = *options;

  if (o.n_threads == 0)
    o.n_threads = 1; /* a process per core is what MPI begins with */
  return rramnas_mpi_run(search, MPI_COMM_WORLD, &o, reterr);
}

void
engine_end(void)
{
  MPI_Finalize();
}
