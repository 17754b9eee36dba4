/* SPDX-License-Identifier: MIT */
/* What leader and workers share. This library has the public API of rramnas and nothing else of it. */
#ifndef RRN_MPI_JOB_H
#define RRN_MPI_JOB_H

#include "rramnas/rramnas_mpi.h"

/* What is said, always with the leader: worker r to leader READY once, then DONE or FAILED for each WORK, in its order;
 * leader to worker FRONT before the first WORK of a batch whose chips end by it, WORK as long as there is some, then END. */
enum rrn_mpi_tag {
  RRN_MPI_READY = 1,  /* int: candidates taken at a time; 0 = out of memory */
  RRN_MPI_WORK = 2,   /* double [n][genes] */
  RRN_MPI_DONE = 3,   /* double [n][figures + 1]: figures, shortfall */
  RRN_MPI_FAILED = 4, /* rrn_mpi_text, as bytes */
  RRN_MPI_END = 5,    /* likewise: what the run came to */
  RRN_MPI_FRONT = 6   /* double [n] of rramnas_search_generation_front() */
};

enum { RRN_MPI_MOST_AT_A_TIME = 256 };

/* A status and its reason; all machines of a job have the same integers. */
typedef struct rrn_mpi_text {
  int32_t status;
  char message[1024];
} rrn_mpi_text;

/* Fills `err` (may be NULL) and returns the status. */
int32_t rrn_mpi_fail(rramnas_error *err, int32_t status, const char *format, ...) __attribute__((format(printf, 3, 4)));
/* What a call of MPI returned, as a status. */
int32_t rrn_mpi_status(int result, rramnas_error *err);
/* Memory by MPI's allocator; NULL when there is none. */
void *rrn_mpi_alloc(size_t n, size_t size);
void rrn_mpi_free(void *memory);

/* Hands `o` to rramnas_search_run() with the workers behind it, then lets them go. */
int32_t rrn_mpi_lead(rramnas_search *search, MPI_Comm comm, const rramnas_run_options *o, rramnas_error *err);
/* Judges what the leader sends until it says END; returns what the run came to. */
int32_t rrn_mpi_work(rramnas_search *search, MPI_Comm comm, int32_t n_threads, rramnas_error *err);

#define RRN_MPI_TRY(status)          \
  do {                               \
    const int32_t status_ = (status); \
    if (status_ < 0)                 \
      return status_;                \
  } while (0)

#endif
