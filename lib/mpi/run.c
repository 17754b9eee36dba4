/* SPDX-License-Identifier: MIT */
/* A run over all ranks.
 *
 * In:  on each rank a session of the same problem.
 * Out: on the leader the session, further on; on all ranks what the run came to.
 *
 * Why the course is the same at any number of ranks: the leader's session decides it alone, by rramnas_search_run(); a
 * candidate's figures depend on nothing but its genome and the problem; and they land at the candidate's place whoever
 * worked them out. Ranks first agree that they have the same problem, so that none waits for one that has given up. */
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "mpi/job.h"

/* --- errors and memory --- */

int32_t
rrn_mpi_fail(rramnas_error *err, int32_t status, const char *format, ...)
{
  rramnas_error ours = RRAMNAS_ERROR_INIT;
  va_list args;

  if (!err || err->size < sizeof(err->size))
    return status;
  va_start(args, format);
  vsnprintf(ours.message, sizeof(ours.message), format, args);
  va_end(args);
  ours.code = status;
  ours.size = err->size;
  memcpy(err, &ours, err->size < sizeof(ours) ? err->size : sizeof(ours));
  return status;
}

int32_t
rrn_mpi_status(int result, rramnas_error *err)
{
  char text[MPI_MAX_ERROR_STRING] = "";
  int length = 0;

  if (result == MPI_SUCCESS)
    return RRAMNAS_OK;
  MPI_Error_string(result, text, &length);
  return rrn_mpi_fail(err, RRAMNAS_ERR_IO, "MPI: %s", text);
}

void *
rrn_mpi_alloc(size_t n, size_t size)
{
  void *memory = NULL;

  if (size && n > (size_t)PTRDIFF_MAX / size)
    return NULL;
  return MPI_Alloc_mem((MPI_Aint)(n * size + 1), MPI_INFO_NULL, &memory) == MPI_SUCCESS ? memory : NULL;
}

void
rrn_mpi_free(void *memory)
{
  if (memory)
    MPI_Free_mem(memory);
}

/* --- options --- */

/* The caller's struct may be shorter than ours, or longer when the rest is 0. */
static int32_t
read_options(const rramnas_run_options *options, rramnas_run_options *ret, rramnas_error *err)
{
  const rramnas_run_options defaults = RRAMNAS_RUN_OPTIONS_INIT;
  size_t i;

  *ret = defaults;
  if (!options) {
    ret->n_threads = 1;
    return RRAMNAS_OK;
  }
  if (options->size < sizeof(options->size) || options->size > 4096)
    return rrn_mpi_fail(err, RRAMNAS_ERR_ARGUMENT, "rramnas_run_options: size %zu cannot be", options->size);
  for (i = sizeof(*ret); i < options->size; i++)
    if (((const char *)options)[i])
      return rrn_mpi_fail(err, RRAMNAS_ERR_ARGUMENT, "rramnas_run_options: a field that this version does not know is set");
  memcpy(ret, options, options->size < sizeof(*ret) ? options->size : sizeof(*ret));
  ret->size = sizeof(*ret);
  if (ret->distribute)
    return rrn_mpi_fail(err, RRAMNAS_ERR_ARGUMENT, "rramnas_mpi_run: distribute is set, and MPI distributes");
  if (ret->n_threads < 0)
    return rrn_mpi_fail(err, RRAMNAS_ERR_RANGE, "rramnas_run_options: %d threads", (int)ret->n_threads);
  ret->n_threads = ret->n_threads == 0                      ? 1
                 : ret->n_threads > RRN_MPI_MOST_AT_A_TIME ? RRN_MPI_MOST_AT_A_TIME
                                                           : ret->n_threads;
  return RRAMNAS_OK;
}

/* --- agreement --- */

enum complaint { AGREED = 0, OTHER_PROBLEM = 1, NOT_STARTED = 2, BAD_OPTIONS = 3, NO_SESSION = 4 };

static int32_t
complain(int complaint, int rank, rramnas_error *err)
{
  static const char *const texts[] = {
    "", "its problem is not the leader's: space, figures, chip, network, tables or options differ",
    "its session has not been started", "its options cannot be", "it has no session",
  };

  return rrn_mpi_fail(err, RRAMNAS_ERR_ARGUMENT, "rramnas_mpi_run: rank %d: %s", rank, texts[complaint]);
}

/* The gravest complaint of all, of the lowest rank that has it, on every rank. */
static int32_t
share(int complaint, int rank, MPI_Comm comm, rramnas_error *err)
{
  const int mine[2] = { complaint, rank };
  int worst[2] = { 0, 0 };

  RRN_MPI_TRY(rrn_mpi_status(MPI_Allreduce(mine, worst, 1, MPI_2INT, MPI_MAXLOC, comm), err));
  return worst[0] == AGREED ? RRAMNAS_OK : complain(worst[0], worst[1], err);
}

static int32_t
agree(const rramnas_search *search, int options_are_good, int rank, MPI_Comm comm, rramnas_error *err)
{
  uint8_t mine[16] = { 0 }, leaders[16];
  const int started = search && rramnas_search_digest(search, mine, NULL) >= 0;
  const int complaint = !search ? NO_SESSION : !options_are_good ? BAD_OPTIONS : !started ? NOT_STARTED : AGREED;

  RRN_MPI_TRY(share(complaint, rank, comm, err));
  memcpy(leaders, mine, sizeof(mine));
  RRN_MPI_TRY(rrn_mpi_status(MPI_Bcast(leaders, sizeof(leaders), MPI_BYTE, RRAMNAS_MPI_LEADER, comm), err));
  return share(memcmp(mine, leaders, sizeof(mine)) ? OTHER_PROBLEM : AGREED, rank, comm, err);
}

static int32_t
run(rramnas_search *search, MPI_Comm comm, const rramnas_run_options *options, rramnas_error *err)
{
  rramnas_error why = RRAMNAS_ERROR_INIT;
  rramnas_run_options o;
  int32_t status, agreed;
  int rank = 0;

  RRN_MPI_TRY(rrn_mpi_status(MPI_Comm_set_errhandler(comm, MPI_ERRORS_RETURN), err));
  RRN_MPI_TRY(rrn_mpi_status(MPI_Comm_rank(comm, &rank), err));
  status = read_options(options, &o, &why);
  agreed = agree(search, status >= 0, rank, comm, err);
  if (status < 0)
    return rrn_mpi_fail(err, status, "%s", why.message);
  RRN_MPI_TRY(agreed);
  return rank == RRAMNAS_MPI_LEADER ? rrn_mpi_lead(search, comm, &o, err) : rrn_mpi_work(search, comm, o.n_threads, err);
}

int32_t
rramnas_mpi_run(rramnas_search *search, MPI_Comm comm, const rramnas_run_options *options, rramnas_error *reterr)
{
  MPI_Comm ours;
  int32_t status;

  RRN_MPI_TRY(rrn_mpi_status(MPI_Comm_dup(comm, &ours), reterr));
  status = run(search, ours, options, reterr);
  MPI_Comm_free(&ours);
  return status;
}
