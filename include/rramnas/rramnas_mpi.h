/* SPDX-License-Identifier: MIT */
/**
 * @file
 * A search over the processes of MPI: library rramnas-mpi, beside rramnas. doc/cluster.md.
 */
#ifndef RRAMNAS_RRAMNAS_MPI_H
#define RRAMNAS_RRAMNAS_MPI_H

#include <mpi.h>

#include "rramnas/rramnas.h"

#ifdef __cplusplus
extern "C" {
#endif

/** @defgroup mpi MPI
 * @{ */

/** The rank that leads: the search, its files and its results are this rank's. */
#define RRAMNAS_MPI_LEADER 0

/**
 * rramnas_search_run() over all ranks of a communicator. Collective. Each rank brings a session that was prepared and
 * started alike; the leader's may be resumed, and alone has history, cache file and checkpoint. The leader hands out
 * candidates as ranks become free and judges some itself; figures of the evaluation callback are worked out where the
 * candidate is. The course is that of rramnas_search_run(), at any number of ranks. On the other ranks the session
 * stays as it was.
 * @param search   NULL: this rank could not make one; then all ranks return ERR_ARGUMENT
 * @param comm     left as it is; messages go over a duplicate
 * @param options  of the leader: all but `distribute`; of the others: n_threads. It is also how many candidates a
 *                 rank takes at a time; default 1
 * @return what rramnas_search_run() returns, on all ranks; ERR_ARGUMENT when sessions differ; ERR_IO when MPI fails
 * @note MPI_Init_thread() with MPI_THREAD_FUNNELED or more. A rank that is lost ends the job, as MPI has it: go on from
 * the checkpoint.
 * @since 0.2
 */
RRAMNAS_EXPORT int32_t
rramnas_mpi_run(rramnas_search *search, MPI_Comm comm, const rramnas_run_options *options, rramnas_error *reterr);

/** @} */

#ifdef __cplusplus
}
#endif

#endif
